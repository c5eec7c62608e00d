"""Both kernels: sf.solve uses the compiled ones, since numba is in the tests."""

from unittest.mock import patch

import spinfem as sf
from spinfem.numerics import fast


def solve_with_numpy(stack, *args, **kwargs):
    """Like sf.solve where there is no numba."""
    with patch.object(fast, "kernels", lambda: None):
        return sf.solve(stack, *args, **kwargs)


def routes(stack):
    """Solutions that are good to all digits: compiled, in numpy, and the exact stack."""
    assert fast.kernels() is not None
    return sf.solve(stack), solve_with_numpy(stack), sf.analytic.solve(stack)
