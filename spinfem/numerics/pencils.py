"""Where the modes of ``dx/dt = (A + j B) x`` become marginal: eigenproblems in j.

A mode that neither grows nor decays is either real, ``det(A + j B) = 0``, or one of a pair of sum
zero: ``J x I + I x J`` on antisymmetric matrices, the bialternate sum, is singular for a ``J = A +
j B`` with two eigenvalues of sum zero. Both are linear in j.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from .._checks import FloatArray

REAL = 1e-6
"""Imaginary part of a root, of its magnitude, up to which it is real: a double one has that."""
FARTHEST = 1e8
"""Of ``|A|/|B|``: roots beyond are at infinity."""


def bialternate_sum(J: FloatArray) -> FloatArray:
    """Return the matrix whose eigenvalues are the sums of two eigenvalues of J.

    It acts on antisymmetric X as ``J X + X J^T``.

    Parameters
    ----------
    J : array, shape (n, n)
        Any matrix.

    Returns
    -------
    array, shape (n (n - 1)/2, n (n - 1)/2)
    """
    n = len(J)
    rows, columns = np.array([*combinations(range(n), 2)], dtype=int).reshape(-1, 2).T
    unit = np.eye(n)
    made = np.zeros((rows.size, rows.size))
    for first, second, sign in ((rows, columns, 1.0), (columns, rows, -1.0)):
        # X = e_p e_q^T - e_q e_p^T has (J X)_ab = J_ap d_bq - ..., and (X J^T)_ab = d_ap J_bq - ...
        made += sign * J[np.ix_(rows, first)] * unit[np.ix_(columns, second)]
        made += sign * unit[np.ix_(rows, first)] * J[np.ix_(columns, second)]
    return made


def real_roots(A: FloatArray, B: FloatArray) -> FloatArray:
    """Return the real j, ascending, at which ``A + j B`` is singular; none if it always is.

    Parameters
    ----------
    A, B : array, shape (n, n)
        Any matrices.
    """
    import scipy.linalg

    size_A, size_B = np.linalg.norm(A), np.linalg.norm(B)
    if not size_B or not size_A:  # nothing changes, or only at 0
        return np.zeros(1 if size_B else 0)
    # (alpha, beta) with det(beta A/|A| - alpha (-B/|B|)) = 0
    alpha, beta = scipy.linalg.eigvals(A / size_A, -B / size_B, homogeneous_eigvals=True)
    finite = FARTHEST * np.abs(beta) > np.abs(alpha)
    j = size_A / size_B * (alpha[finite] / beta[finite])
    return np.sort(j.real[np.abs(j.imag) <= REAL * np.abs(j)])
