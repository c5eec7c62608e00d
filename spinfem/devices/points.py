"""Where points are in a mesh: their cells, and places in these.

scikit-fem's finder looks at the cells whose middles are near, which are not those of a point where
cells are much longer than wide, and then at all cells for all points at once; and it takes no
point that roundings put outside. So this one looks at boxes around cells.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from skfem import Mesh, MeshLine1, MeshTet1, MeshTri1

from .._checks import FloatArray, IntArray

AT_ONCE = 1 << 16
"""Pairs of points and cells that are compared together."""
TOLERANCE = 1e-9
"""Of the size of a cell: points that are nearer to it than that are in it."""
STEPS = {True: 2, False: 30}
"""Of Newton's method at most: in simplices, whose maps are affine (a second for roundings), or not.
"""


def cells_at(mesh: Mesh, points: FloatArray, cells: IntArray) -> IntArray:
    """Return the cell that every point is in, the first one in their order; -1 where there is none.

    Parameters
    ----------
    mesh : skfem.Mesh
        The mesh.
    points : array, shape (n, dimension)
        In its unit.
    cells : array of int
        Those that are looked at.
    """
    corners = np.atleast_2d(mesh.p)[:, mesh.t[:, cells]]  # (dimension, corners, cells)
    low, high = corners.min(axis=1).T, corners.max(axis=1).T
    near = TOLERANCE * (high - low).max(axis=1) + 4 * np.finfo(float).eps * np.abs(mesh.p).max()
    first = np.full(len(points), len(cells))
    for at, k in _pairs(points, low - near[:, None], high + near[:, None]):
        _, distance = local(mesh, points[at], cells[k])
        is_in = distance <= near[k]
        np.minimum.at(first, at[is_in], k[is_in])
    found: IntArray = np.append(cells, -1)[first]
    return found


def _pairs(
    points: FloatArray, low: FloatArray, high: FloatArray
) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield numbers of points and of the boxes that these are in, some of them at a time."""
    left = [(np.arange(len(points)), np.arange(len(low)))]
    while left:
        at, boxes = left.pop()
        x = points[at]
        if len(at) == 1 or len(at) * len(boxes) <= AT_ONCE:
            is_in = (x[:, None] >= low[boxes]) & (x[:, None] <= high[boxes])
            i, k = np.nonzero(is_in.all(axis=2))
            yield at[i], boxes[k]
            continue
        order = at[np.argsort(x[:, np.ptp(x, axis=0).argmax()], kind="stable")]
        for half in np.array_split(order, 2):
            start, stop = points[half].min(axis=0), points[half].max(axis=0)
            reach = (low[boxes] <= stop).all(axis=1) & (high[boxes] >= start).all(axis=1)
            left.append((half, boxes[reach]))


def local(mesh: Mesh, points: FloatArray, cells: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the places of points in the reference cell, and how far these are from the points.

    Places are those in the cell: of a point beside it, one on its boundary.

    Parameters
    ----------
    mesh : skfem.Mesh
        The mesh.
    points : array, shape (n, dimension)
        In its unit.
    cells : array of int, shape (n,)
        The cell of every point.

    Returns
    -------
    places : array, shape (dimension, n)
        Coordinates in the reference cell.
    distance : array, shape (n,)
        The largest of the components, in the unit of the mesh.
    """
    mapping, x = mesh.mapping(), points.T[:, :, None]
    is_simplex = isinstance(mesh, MeshTri1 | MeshTet1 | MeshLine1)
    X = np.full(x.shape, 1 / (len(x) + 1) if is_simplex else 0.5)
    for _ in range(STEPS[is_simplex]):
        step = np.einsum("ijkl,jkl->ikl", mapping.invDF(X, cells), x - mapping.F(X, cells))
        before = X
        X = np.clip(X + step, 0.0, 1.0)
        if is_simplex:
            X = X / np.maximum(1.0, X.sum(axis=0))
        if np.abs(X - before).max(initial=0.0) < TOLERANCE:  # its square is rounding
            break
    distance = np.abs(x - mapping.F(X, cells)).max(axis=0)
    return X[:, :, 0], distance[:, 0]
