"""Smoothed aggregation: a hierarchy of ever smaller systems that preconditions a large one.

As of Vanek, Mandel, Brezina (1996), doi:10.1007/BF02238511, unknown by unknown: an aggregate is of
unknowns of one kind, of which a constant is what relaxation leaves. What couples kinds is in the
systems of all levels, and neither in aggregates nor in prolongations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.sparse import csr_array, csr_matrix
from scipy.sparse.linalg import SuperLU, splu

from .._checks import BoolArray, FloatArray, IntArray

Matrix = Any
"""A sparse matrix; scipy has no types. pyamg 5.2 takes no csr_array for a csr_matrix."""
COARSEST = 1000
"""Unknowns of a system that is solved directly: some ms."""
MOST_LEVELS = 20
LEAST_GAIN = 0.8
"""A level is not worth it that has more than this part of the unknowns of the one before."""
THETA = 0.05
"""Unknowns i and j of one kind are coupled strongly, and may be in one aggregate, if ``A_ij`` is at
least theta (A_ii A_jj)^1/2 in magnitude.

Larger ones leave what is coupled all round in small aggregates, which takes four times as many
iterations at 0.25; with none, flat cells take hundreds. Of degree 2 in flat cells 0.25 is better.
"""
DAMPING = 4 / 3
"""Of the Jacobi step that smooths prolongations, with sums of magnitudes as its diagonal."""


class Advance(Protocol):
    """What moves a progress bar on."""

    def __call__(self, n: int, /) -> None:
        """Move it by n."""


@dataclass(frozen=True, eq=False)
class Level:
    """A system, and what makes a function of it of one of the next."""

    A: Matrix
    P: Matrix


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Levels from the finest, and the factors of the coarsest system."""

    levels: tuple[Level, ...]
    coarsest: SuperLU

    def cycle(self, b: FloatArray) -> FloatArray:
        """Return about A^-1 b, as a symmetric positive definite operator: one V-cycle."""
        return self._cycle(0, np.ascontiguousarray(b, dtype=float))

    def _cycle(self, k: int, b: FloatArray) -> FloatArray:
        if k == len(self.levels):
            return np.asarray(self.coarsest.solve(b))
        from pyamg.relaxation.relaxation import gauss_seidel

        A, P = self.levels[k].A, self.levels[k].P
        x = np.zeros_like(b)
        gauss_seidel(A, x, b, sweep="symmetric")
        x += P @ self._cycle(k + 1, P.T @ (b - A @ x))
        gauss_seidel(A, x, b, sweep="symmetric")
        return x


def hierarchy(A: Matrix, kinds: IntArray, constant: FloatArray, advance: Advance) -> Hierarchy:
    """Return the hierarchy of a symmetric positive definite matrix.

    Parameters
    ----------
    A : sparse (n, n)
        The matrix.
    kinds : (n,)
        Kinds of unknowns.
    constant : (n,)
        What a constant is in these unknowns, of every kind; positive.
    advance : callable
        Is called with 0 after every level.
    """
    A = _by_rows(A)
    levels: list[Level] = []
    while A.shape[0] > COARSEST and len(levels) < MOST_LEVELS:
        aggregates, count = _aggregated(A, kinds)
        if not 0 < count <= LEAST_GAIN * A.shape[0]:
            break
        P = _prolongation(A, kinds, constant, aggregates, count)
        levels.append(Level(A, P))
        new = np.empty(count, dtype=kinds.dtype)
        new[aggregates[aggregates >= 0]] = kinds[aggregates >= 0]
        kinds, constant = new, np.ones(count)
        A = _by_rows(P.T @ (A @ P))
        advance(0)
    return Hierarchy(tuple(levels), splu(A.tocsc()))


def _by_rows(A: Matrix) -> Matrix:
    """Return A by rows, with short indices where these do: pyamg before 5.4 takes no others."""
    A = csr_matrix(A)
    index = np.int32 if max(A.nnz, *A.shape) < 2**31 else np.int64
    return csr_matrix((A.data, A.indices.astype(index), A.indptr.astype(index)), A.shape)


def _rows(A: Matrix) -> IntArray:
    """Return the row of every entry."""
    return np.repeat(np.arange(A.shape[0], dtype=A.indices.dtype), np.diff(A.indptr))


def _strong(A: Matrix, kinds: IntArray) -> tuple[BoolArray, BoolArray]:
    """Return which entries are within a kind, and which of these are strong; diagonals are."""
    rows, columns = _rows(A), A.indices
    root = np.sqrt(THETA * A.diagonal())
    own = kinds[rows] == kinds[columns]
    strong = own & (np.abs(A.data) >= root[rows] * root[columns]) & (A.data != 0)
    return own, strong | (rows == columns)


def _kept(A: Matrix, entries: BoolArray, values: FloatArray) -> Matrix:
    """Return a matrix with some entries of A only."""
    ends = np.concatenate(([0], np.cumsum(entries, dtype=A.indptr.dtype)))[A.indptr]
    return csr_matrix((values[entries], A.indices[entries], ends.astype(A.indptr.dtype)), A.shape)


def _aggregated(A: Matrix, kinds: IntArray) -> tuple[IntArray, int]:
    """Return the aggregate of every unknown, -1 where nothing is coupled, and how many."""
    from pyamg.aggregation.aggregate import standard_aggregation

    _, strong = _strong(A, kinds)
    table, roots = standard_aggregation(_kept(A, strong, np.ones(A.nnz)))
    found = np.full(A.shape[0], -1)
    table = csr_array(table)
    found[np.diff(table.indptr) > 0] = table.indices
    return found, len(roots)


def _prolongation(
    A: Matrix,
    kinds: IntArray,
    constant: FloatArray,
    aggregates: IntArray,
    count: int,
) -> Matrix:
    """Return the constants of all aggregates, smoothed by a Jacobi step with the filtered matrix.

    That has weak entries of the unknown's kind added to the diagonal, so that it does the same to
    a constant, and none of other kinds.
    """
    rows = _rows(A)
    own, strong = _strong(A, kinds)
    weak = own & ~strong
    F = _kept(A, strong, A.data)
    lumped = (
        np.bincount(rows[weak], A.data[weak] * constant[A.indices[weak]], A.shape[0]) / constant
    )
    F.setdiag(F.diagonal() + lumped)
    members = aggregates >= 0
    T = csr_matrix(
        (constant[members], (np.flatnonzero(members), aggregates[members])),
        (A.shape[0], count),
    )
    sums = abs(F) @ constant  # zero for what nothing is coupled to
    weights = np.divide(DAMPING * constant, sums, out=np.zeros_like(sums), where=sums > 0)
    step = F @ T
    step.data *= np.repeat(weights, np.diff(step.indptr))
    return csr_matrix(T - step)
