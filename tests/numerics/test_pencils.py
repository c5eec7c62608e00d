"""Where modes become marginal: eigenvalues of sums, roots that are known."""

from itertools import combinations

import numpy as np
import pytest

from spinfem.numerics.pencils import bialternate_sum, real_roots


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_bialternate_sum_has_the_sums_of_pairs(n):
    J = np.random.default_rng(n).normal(size=(n, n))
    sums = [a + b for a, b in combinations(np.linalg.eigvals(J), 2)]
    found = np.linalg.eigvals(bialternate_sum(J))
    assert len(found) == len(sums)
    for one in sums:  # 1e-13: eigenvalues of well-conditioned matrices of size 1
        assert np.abs(found - one).min() < 1e-13


def test_bialternate_sum_acts_as_it_says():
    rng = np.random.default_rng(0)
    J, X = rng.normal(size=(2, 4, 4))
    X = X - X.T
    upper = np.triu_indices(4, 1)
    assert np.allclose(bialternate_sum(J) @ X[upper], (J @ X + X @ J.T)[upper], rtol=0, atol=1e-14)


@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e12])
def test_real_roots(scale):
    """Of ``S (D + j E) T``: -d/e; complex ones, and those at infinity, are left out."""
    rng = np.random.default_rng(3)
    S, T = rng.normal(size=(2, 5, 5))
    D, E = np.diag([1.0, -6.0, 2.0, 1.0, 1.0]), np.diag([1.0, 2.0, 0.0, 0.0, 0.0])
    E[3:, 3:] = [[0, -1], [1, 0]]  # roots +-i
    found = real_roots(S @ D @ T, scale * S @ E @ T)
    assert found * scale == pytest.approx([-1, 3], rel=1e-12)


def test_nothing_changes_without_a_slope():
    assert real_roots(np.eye(2), np.zeros((2, 2))).size == 0
    assert real_roots(np.zeros((2, 2)), np.eye(2)).tolist() == [0.0]
