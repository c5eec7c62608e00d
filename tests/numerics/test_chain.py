"""Chains against dense matrices, and what is done without a compiler."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

import spinfem as sf
from spinfem.numerics import chain, kernels


def random_chain(rng, n, points):
    B, S_left, S_right = 10 ** rng.uniform(-3, 3, (3, n, points))
    return B, S_left, S_right, rng.normal(size=(n + 1, points))


def dense(B, S_left, S_right):
    n = B.size
    A = np.zeros((n + 1, n + 1))
    for k in range(n):
        A[k : k + 2, k : k + 2] += B[k] * np.array([[1, -1], [-1, 1]])
        A[k, k] += S_left[k]
        A[k + 1, k + 1] += S_right[k]
    return A


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 8, 31])
def test_chain_against_a_dense_solve(n):
    rng = np.random.default_rng(n)
    B, S_left, S_right, ends = random_chain(rng, n, 3)
    inner = np.ones(n + 1, dtype=bool)
    inner[[0, -1]] = False
    eliminated = chain.eliminate(B, S_left, S_right, inner)
    u, J = np.zeros((n + 1, 3)), np.zeros((n, 3))
    u[[0, -1]] = ends[[0, -1]]
    J[0] = eliminated.B[0] * (u[0] - u[-1])
    chain.recover(eliminated, u, J)
    for p in range(3):
        A = dense(B[:, p], S_left[:, p], S_right[:, p])
        held = A[1:-1, [0, -1]] @ u[[0, -1], p]
        np.testing.assert_allclose(u[1:-1, p], np.linalg.solve(A[1:-1, 1:-1], -held), rtol=1e-9)
        np.testing.assert_allclose(J[:, p], -B[:, p] * np.diff(u[:, p]), rtol=1e-6, atol=1e-6)
    # what is left between the ends is the Schur complement
    A = dense(B[:, 0], S_left[:, 0], S_right[:, 0])
    ends, rest = [0, n], list(range(1, n))
    schur = A[np.ix_(ends, ends)] - A[np.ix_(ends, rest)] @ np.linalg.solve(
        A[np.ix_(rest, rest)], A[np.ix_(rest, ends)]
    )
    assert eliminated.B[0, 0] == pytest.approx(-schur[0, 1], rel=1e-8)
    assert eliminated.S_left[0, 0] == pytest.approx(schur[0].sum(), rel=1e-8)
    assert eliminated.S_right[0, 0] == pytest.approx(schur[1].sum(), rel=1e-8)


def test_chain_keeps_marked_nodes():
    rng = np.random.default_rng(0)
    B, S_left, S_right, _ = random_chain(rng, 9, 1)
    drop = np.array([False, True, True, True, False, True, False, False, True, False])
    part = chain.eliminate(B, S_left, S_right, drop)
    kept = np.flatnonzero(~drop)
    A = dense(B[:, 0], S_left[:, 0], S_right[:, 0])
    gone = np.flatnonzero(drop)
    schur = A[np.ix_(kept, kept)] - A[np.ix_(kept, gone)] @ np.linalg.solve(
        A[np.ix_(gone, gone)], A[np.ix_(gone, kept)]
    )
    again = dense(part.B[kept[:-1], 0], part.S_left[kept[:-1], 0], part.S_right[kept[:-1], 0])
    np.testing.assert_allclose(again, schur, rtol=1e-10, atol=1e-12)


@pytest.mark.long
@pytest.mark.parametrize("error", [ImportError, OSError, ValueError, KeyError, SystemError])
def test_a_numba_that_does_not_work_is_done_without(monkeypatch, error):
    """Whatever it raises on import."""

    def find_spec(name, path=None, target=None):
        if name == "numba":
            raise error("broken")

    stack = sf.Ferromagnet(D=1.0, l=1.0, p=0.5)(1.0, m=(0, 0, 1)) | sf.NormalMetal(D=1, l=1)(1.0)
    expected = sf.solve(stack).spin_resistance
    monkeypatch.setattr(sys, "meta_path", [SimpleNamespace(find_spec=find_spec), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    monkeypatch.delitem(sys.modules, "spinfem.numerics.compiled", raising=False)
    monkeypatch.delattr("spinfem.numerics.compiled", raising=False)
    monkeypatch.setattr(kernels, "WORTH", 0.0)
    kernels.compiled.cache_clear()
    try:
        assert kernels.kernels(1) is None
        assert sf.solve(stack).spin_resistance == pytest.approx(expected, rel=1e-14)
    finally:
        kernels.compiled.cache_clear()
