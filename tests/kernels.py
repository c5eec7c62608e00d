"""Both kernels of `chain.solve`: sf.solve uses the compiled one, since numba is in the tests."""

from unittest.mock import patch

import spinfem as sf
from spinfem import chain


def solve_with_numpy(stack, *args, **kwargs):
    """Like sf.solve where there is no numba."""
    with patch.object(chain, "_kernel", lambda: None):
        return sf.solve(stack, *args, **kwargs)


def routes(stack):
    """Solutions that are good to all digits: compiled, in numpy, and the exact stack."""
    assert chain._kernel() is not None
    return sf.solve(stack), solve_with_numpy(stack), sf.analytic.solve(stack)
