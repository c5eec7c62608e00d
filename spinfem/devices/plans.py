"""Plans of thin films: polygons in the plane, meshed together by gmsh (the extra `meshes`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._checks import BoolArray, FloatArray, IntArray, check_installed, finite, one_line

SAMPLES = (20, 2000)
"""Fewest and most points of an edge from which distances are measured."""
OPTIONS = {
    "General.Terminal": 0,
    "Mesh.MeshSizeFromPoints": 0,
    "Mesh.MeshSizeExtendFromBoundary": 0,
    "Mesh.MeshSizeFromCurvature": 0,
    "Mesh.MeshSizeFactor": 1,
    "Mesh.ElementOrder": 1,
    "Mesh.RecombineAll": 0,
    "Mesh.Algorithm": 6,
}
"""Those of gmsh that matter here; triangles by frontal Delaunay."""
MOST_CORNERS = 1000
AREA = 1e-9
"""A polygon of less, in units of its extent squared, has none."""


class Plan(NamedTuple):
    """Polygons in one conforming mesh of triangles."""

    points: FloatArray  # (n, 2)
    triangles: IntArray  # (m, 3)
    inside: dict[str, BoolArray]  # (m,) by polygon


def polygon(name: str, corners: ArrayLike) -> FloatArray:
    """Return the corners of a polygon, shape (n, 2).

    Raises
    ------
    ValueError
        If there are fewer than three, or they enclose no area.
    """
    given = np.asarray(finite(f"corners of polygon {name!r}", corners))
    if given.ndim != 2 or given.shape[1:] != (2,) or len(given) < 3:
        raise ValueError(
            f"corners of polygon {name!r} must have shape (n, 2), n at least 3, got {given.shape}"
        )
    if (given[0] == given[-1]).all():
        raise ValueError(f"corners of polygon {name!r} must be there once, got the first one twice")
    if abs(area(given)) <= AREA * np.ptp(given, axis=0).max() ** 2:
        raise ValueError(f"corners of polygon {name!r} must enclose an area, got {area(given):g}")
    if len(given) > MOST_CORNERS:
        raise ValueError(
            f"polygon {name!r} must have at most {MOST_CORNERS} corners, got {len(given)}"
        )
    crossing = _crossing(given)
    if crossing is not None:
        raise ValueError(
            f"polygon {name!r} must not cross or touch itself, got edges {crossing[0]} and "
            f"{crossing[1]} that do"
        )
    return given


def _crossing(corners: FloatArray) -> tuple[int, int] | None:
    """Return two edges of a polygon that meet elsewhere than at a corner they share."""
    start, stop = corners, np.roll(corners, -1, axis=0)

    def side(points: FloatArray) -> FloatArray:
        """On which side of every edge (first axis) every point (second axis) lies."""
        (ux, uy), (vx, vy) = (stop - start).T, (points[None] - start[:, None]).transpose(2, 0, 1)
        signs: FloatArray = np.sign(ux[:, None] * vy - uy[:, None] * vx)
        return signs

    apart = side(start) * side(stop) > 0  # [i, j]: edge j lies on one side of edge i
    low, high = np.minimum(start, stop), np.maximum(start, stop)
    far = ((low[:, None] > high[None]) | (high[:, None] < low[None])).any(axis=2)
    meets = ~(apart | apart.T | far)
    n = np.arange(len(corners))
    steps = (n[None] - n[:, None]) % len(n)
    found = np.argwhere(meets & (steps > 1) & (steps < len(n) - 1))
    if len(found):
        return int(found[0, 0]), int(found[0, 1])
    edges, after = stop - start, np.roll(stop - start, -1, axis=0)
    turn = edges[:, 0] * after[:, 1] - edges[:, 1] * after[:, 0]
    for k in np.flatnonzero((turn == 0) & ((edges * after).sum(axis=1) <= 0))[:1].tolist():
        return k, (k + 1) % len(n)
    return None


def area(corners: FloatArray) -> float:
    """Return the area of a polygon, positive if its corners go round against the clock."""
    x, y = (corners - corners[0]).T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2)


def triangulated(
    polygons: Mapping[str, FloatArray], size: float, edge: float, growth: float
) -> Plan:
    """Mesh polygons, which may overlap: all of their edges are edges of triangles.

    Parameters
    ----------
    polygons : mapping
        Corners of every polygon, shape (n, 2), in a unit in which they are near 1 to 1e5.
    size, edge : float
        Size of the triangles, and at the polygons' edges.
    growth : float
        By what triangles may grow per distance from an edge.

    Raises
    ------
    ImportError
        If gmsh is not installed.
    ValueError
        If gmsh cannot mesh them.
    """
    check_installed("a plan", "pip install gmsh", "gmsh")
    with _model() as model:
        try:
            return _meshed(model, polygons, size, edge, growth)
        except Exception as error:  # gmsh's are of no other class
            raise ValueError(
                one_line(f"polygons must be such that gmsh can mesh them, got {error}")
            ) from None


@contextmanager
def _model() -> Iterator[Any]:
    """Yield an empty model of gmsh, in a session of its own if there is none."""
    import gmsh

    is_ours = not gmsh.isInitialized()
    if is_ours:
        gmsh.initialize(readConfigFiles=False, interruptible=False)
    before = {} if is_ours else {name: gmsh.option.getNumber(name) for name in OPTIONS}
    try:
        for name, value in OPTIONS.items():
            gmsh.option.setNumber(name, value)
        current = "" if is_ours else gmsh.model.getCurrent()
        gmsh.model.add("spinfem")
        yield gmsh.model
        gmsh.model.remove()
        if current:
            gmsh.model.setCurrent(current)
    finally:
        for name, value in before.items():
            gmsh.option.setNumber(name, value)
        if is_ours:
            gmsh.finalize()


def _meshed(
    model: Any, polygons: Mapping[str, FloatArray], size: float, edge: float, growth: float
) -> Plan:
    occ = model.occ
    faces = [(2, _face(occ, corners)) for corners in polygons.values()]
    parts = occ.fragment(faces[:1], faces[1:])[1] if len(faces) > 1 else [faces]
    occ.synchronize()
    _set_sizes(model, size, edge, growth)
    model.mesh.generate(2)
    tags, places, _ = model.mesh.getNodes()
    triangles, owner = [], []
    for _, face in model.getEntities(2):
        nodes = model.mesh.getElementsByType(2, face)[1].reshape(-1, 3)
        triangles.append(nodes)
        owner.append(np.full(len(nodes), face))
    used, t = np.unique(np.concatenate(triangles), return_inverse=True)
    order = np.argsort(tags)
    points = places.reshape(-1, 3)[order[np.searchsorted(tags[order], used)], :2]
    own = np.concatenate(owner)
    inside = {
        name: np.isin(own, [face for _, face in part])
        for name, part in zip(polygons, parts, strict=True)
    }
    return Plan(points, t.reshape(-1, 3), inside)


def _face(occ: Any, corners: FloatArray) -> int:
    points = [occ.addPoint(x, y, 0.0) for x, y in corners.tolist()]
    following = [*points[1:], points[0]]
    lines = [occ.addLine(a, b) for a, b in zip(points, following, strict=True)]
    return int(occ.addPlaneSurface([occ.addCurveLoop(lines)]))


def _set_sizes(model: Any, size: float, edge: float, growth: float) -> None:
    """Let triangles grow from the edges of all polygons up to their size."""
    field, curves = model.mesh.field, [tag for _, tag in model.getEntities(1)]
    longest = max(model.occ.getMass(1, tag) for tag in curves)
    field.add("Distance", 1)
    field.setNumbers(1, "CurvesList", curves)
    field.setNumber(1, "Sampling", int(np.clip(longest / edge, *SAMPLES)))
    field.add("MathEval", 2)
    field.setString(2, "F", f"min({size!r}, {edge!r} + {growth!r} * F1)")
    field.setAsBackgroundMesh(2)
