"""Both ways to run the one text: compiled by numba, and as it stands."""

from unittest.mock import patch

import numba  # noqa: F401  # what is loaded is used, however small the work

import spinfem as sf
from spinfem.numerics import kernels


def solve_with_numpy(stack, *args, **kwargs):
    """Like sf.solve where there is no numba."""
    with patch.object(kernels, "kernels", lambda *work: None):
        return sf.solve(stack, *args, **kwargs)


def routes(stack):
    """Solutions that are good to all digits: compiled, as it stands, and the exact stack."""
    assert kernels.kernels(1) is not None
    return sf.solve(stack), solve_with_numpy(stack), sf.analytic.solve(stack)
