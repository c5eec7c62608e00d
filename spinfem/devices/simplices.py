"""Simplices cut by planes, and what is integrated over the pieces."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from skfem.quadrature import get_quadrature
from skfem.refdom import RefLine, RefTet, RefTri

from .._checks import FloatArray, IntArray

REFERENCE = {1: RefLine, 2: RefTri, 3: RefTet}


def of_corners(corners: FloatArray, dimension: int) -> tuple[FloatArray, IntArray]:
    """Return lines, triangles and tetrahedra that make up cells or facets.

    Parameters
    ----------
    corners : array, shape (n, c, d)
        Of each: of a quadrilateral one after the other around it, of a hexahedron in the order of
        scikit-fem.
    dimension : int
        Of the cells or facets, 1, 2 or 3.

    Returns
    -------
    simplices : array, shape (m, dimension + 1, d)
        Their corners.
    parent : array of int, shape (m,)
        Which of the cells each is of.
    """
    count = corners.shape[1]
    parts: list[list[int]] = [list(range(count))]
    if dimension == 2 and count == 4:
        parts = [[0, 1, 2], [0, 2, 3]]
    elif dimension == 3 and count == 8:  # 0 at the origin, then x, y, z, xy, xz, yz, xyz
        number = {(): 0, (0,): 1, (1,): 2, (2,): 3, (0, 1): 4, (0, 2): 5, (1, 2): 6, (0, 1, 2): 7}
        parts = [
            [number[tuple(sorted(axes[:k]))] for k in range(4)]
            for axes in itertools.permutations(range(3))
        ]
    found = np.concatenate([corners[:, part] for part in parts])
    return found, np.tile(np.arange(len(corners)), len(parts))


def swept(simplices: FloatArray, moved: FloatArray) -> FloatArray:
    """Return the simplices, (n (k + 1), k + 2, d), between n simplices and where they move to."""
    parts = [
        np.concatenate([simplices[:, : i + 1], moved[:, i:]], axis=1)
        for i in range(simplices.shape[1])
    ]
    return np.concatenate(parts)


def cut(
    simplices: FloatArray, planes: Sequence[FloatArray], near: FloatArray
) -> tuple[FloatArray, IntArray]:
    """Return pieces of simplices, none of which is on both sides of a plane.

    Parameters
    ----------
    simplices : array, shape (n, k + 1, d)
        Coordinates of corners, and what else depends on these linearly, in columns behind them.
    planes : sequence of arrays
        For every coordinate its rising values on planes.
    near : array
        For every coordinate, how far beyond a plane a simplex may reach.

    Returns
    -------
    pieces : array, shape (m, k + 1, d)
        Simplices.
    parent : array of int, shape (m,)
        What each is a piece of.
    """
    pieces, parent = simplices, np.arange(len(simplices))
    for axis, at in enumerate(planes):
        while True:
            x = pieces[:, :, axis]
            begin = np.searchsorted(at, x.min(axis=1) + near[axis])
            stop = np.searchsorted(at, x.max(axis=1) - near[axis])
            rows = np.flatnonzero(stop > begin)
            if not rows.size:
                break
            own, plane = pieces[rows], at[(begin[rows] + stop[rows]) // 2]
            each = np.arange(len(rows))
            low, high = x[rows].argmin(axis=1), x[rows].argmax(axis=1)
            start, end = own[each, low], own[each, high]
            share = (plane - start[:, axis]) / (end[:, axis] - start[:, axis])
            middle = start + share[:, None] * (end - start)
            middle[:, axis] = plane
            below, above = own.copy(), own
            below[each, high], above[each, low] = middle, middle
            pieces = np.concatenate([np.delete(pieces, rows, axis=0), below, above])
            parent = np.concatenate([np.delete(parent, rows), parent[rows], parent[rows]])
    return pieces, parent


def measure(simplices: FloatArray) -> FloatArray:
    """Return lengths, areas or volumes of simplices (n, k + 1, 3)."""
    edges = (simplices[:, 1:] - simplices[:, :1]).transpose(1, 0, 2)
    if len(edges) == 3:
        found = np.abs(np.einsum("ni,ni->n", np.cross(edges[0], edges[1]), edges[2])) / 6
    elif len(edges) == 2:
        found = np.linalg.norm(np.cross(edges[0], edges[1]), axis=1) / 2
    else:
        found = np.linalg.norm(edges[0], axis=1)
    return np.asarray(found)


def quadrature(dimension: int, order: int) -> tuple[FloatArray, FloatArray]:
    """Return barycentric coordinates (q, k + 1) and weights (q,), whose sum is 1."""
    X, w = get_quadrature(REFERENCE[dimension], order)
    return np.column_stack([1 - X.sum(axis=0), X.T]), w / w.sum()
