"""Grids of devices that are easily described: pillars between wider discs, films cut to plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from skfem import Mesh, MeshQuad1, MeshTet1

from .._checks import BoolArray, FloatArray, IntArray, finite, is_seen, listed, positive
from ..fem.mesh import layer_nodes
from .grid import TOLERANCE, Grid, renumbered
from .plans import Plan, polygon, triangulated

UNIT = 1e-9
"""m, of the coordinates of all meshes that are made here."""
LEAST_ELEMENTS, MOST_ELEMENTS = 4, 1000
"""Finite elements across a layer, unless their number is given."""
LARGEST_FIRST = 0.5
"""Spin diffusion lengths that an element at an interface may be thick."""
SMALLEST = 2e-4
"""Of the radius: cells at a re-entrant rim; 0.01 nm in a pillar of 50 nm."""
FINEST = 1e-9
"""Of the longest side of a pillar with discs: cells at a rim, whose nodes must differ."""
NARROWEST = 1e-7
"""Of a layer: breaks that are nearer to each other are one; roundings would show in such cells."""
GROWTH, LEAST_GROWTH = 0.25, 0.01
"""By what cells may grow per distance from a re-entrant rim."""

Layer = tuple[str, float, float]
"""Name, thickness and spin diffusion length, both in m, of a layer of a pillar."""
Disc = tuple[str, float, float]
"""Name, thickness and radius, both in m, of a disc below or above a pillar."""


def pillar_grid(
    layers: Sequence[Layer],
    radius: float,
    leads: tuple[Disc | None, Disc | None] = (None, None),
    *,
    elements: int | None = None,
    smallest: float | None = None,
    growth: float = GROWTH,
    planar: bool = False,
    breaks: Mapping[str, FloatArray] = MappingProxyType({}),
) -> Grid:
    """Return the grid of a round pillar of layers, between discs that may be wider.

    Cells are rectangles. Nodes across a layer are those of a stack's mesh with as many elements
    (`spinfem.fem.mesh.layer_nodes`); where a wider disc meets the pillar, cells are graded towards
    the rim besides, since the current density has no bound there.

    Parameters
    ----------
    layers : sequence of (str, float, float)
        Name of the region, thickness and spin diffusion length, m, of every layer, from below. The
        length may be inf.
    radius : float
        That of the pillar, m.
    leads : pair of (str, float, float) or None
        Name of the region, thickness and radius, m, of the discs below and above; the radius is
        that of the pillar or larger.
    elements : int, optional
        Finite elements across every layer, and between its breaks; without it at least 4, and as
        many as make those at interfaces at most half a spin diffusion length thick.
    smallest : float, optional
        Size of the cells at a re-entrant rim, m; 2e-4 of the radius without it.
    growth : float
        By what cells may grow per distance from a rim, and in a disc from the pillar; from 0.01.
    planar : bool
        Whether these are walls, of twice `radius` and of any depth, instead of discs. The grid is
        that of one half, and 0 is the plane of symmetry.
    breaks : mapping
        Positions across layers, by their names, that must be nodes, rising between 0 and 1.

    Returns
    -------
    Grid
        Axisymmetric unless it is planar. The first coordinate is the distance from the middle, the
        second x, both in nm; x is 0 where the layers begin. Surfaces are "left", the whole of the
        lowest end, and "right", that of the uppermost.

    Raises
    ------
    TypeError
        If a name is no nonempty string, or elements are no whole number.
    ValueError
        If a length is not positive, a name is there twice, a disc is narrower than the pillar, or
        cells at a rim would be smaller than 1e-9 of the height or the largest radius.
    """
    R = _one("radius of a pillar", radius)
    fine = SMALLEST * R if smallest is None else _one("smallest cell of a pillar", smallest)
    slope = _growth(growth)
    below, above = leads
    rows = [
        *([] if below is None else [_disc(below, R)]),
        *(_layer(layer, R, elements, breaks.get(layer[0], np.zeros(0))) for layer in layers),
        *([] if above is None else [_disc(above, R)]),
    ]
    names = [row.name for row in rows]
    if not layers:
        raise ValueError("a pillar must have layers, got none")
    if len({*names}) < len(names):
        raise ValueError(f"names of regions must be unique, got {listed(names)}")

    heights = np.cumsum([0.0, *(row.parts[-1][-1] for row in rows)])
    contacts = {}  # of the discs with the pillar
    if below is not None:
        heights -= heights[1]
        contacts[0] = heights[1]
    if above is not None:
        contacts[len(rows) - 1] = heights[-2]
    rims = [x for k, x in contacts.items() if rows[k].radius > R]
    longest = max(heights[-1] - heights[0], *(row.radius for row in rows), R)
    if rims and fine < FINEST * longest:
        raise ValueError(
            f"smallest cell of a pillar must be at least {FINEST:g} of its longest side, "
            f"{longest:g} m, got {fine:g} m; without one it is {SMALLEST:g} of the radius"
        )
    along = [
        _joined(
            [
                _graded(x + nodes, [contacts[k]] if k in contacts else rims, fine, slope)
                for nodes in row.parts
            ]
        )
        for k, (row, x) in enumerate(zip(rows, heights[:-1], strict=True))
    ]
    edges = np.unique([0.0, *(row.radius for row in rows)])
    across = [_graded(np.array(two), [R] * bool(rims), fine, slope) for two in pairwise(edges)]
    return _tensor_grid(rows, along, across, is_axisymmetric=not planar)


class _Row(NamedTuple):
    """A region between two heights."""

    name: str
    parts: Sequence[FloatArray]  # nodes, m, across it, from 0 to its thickness, between breaks
    radius: float  # m


def _one(quantity: str, value: float, *, infinite: bool = False) -> float:
    """Return a positive number; ValueError if it is a batch."""
    x = positive(quantity, value, infinite=infinite)
    if not isinstance(x, float):
        raise ValueError(f"{quantity} must be one number, got an array of shape {x.shape}")
    return x


def _growth(growth: float) -> float:
    slope = _one("growth of cells", growth)
    if slope < LEAST_GROWTH:
        raise ValueError(f"growth of cells must be at least {LEAST_GROWTH:g}, got {slope:g}")
    return slope


def _name(name: object) -> str:
    if not is_seen(name):
        raise TypeError(f"name of a region must be a nonempty string, got {name!r}")
    return str(name)


def _layer(layer: Layer, radius: float, elements: int | None, breaks: FloatArray) -> _Row:
    name = _name(layer[0])
    d = _one(f"thickness of {name!r}", layer[1])
    l = _one(f"spin diffusion length of {name!r}", layer[2], infinite=True)
    edges = np.concatenate([[0.0], _apart(breaks), [1.0]])
    parts = [d * (a + (b - a) * _across((b - a) * d / l, elements)) for a, b in pairwise(edges)]
    return _Row(name, parts, radius)


def _apart(breaks: FloatArray) -> FloatArray:
    """Return breaks with those that are as good as one put together, and none at the faces."""
    inside = breaks[(breaks > NARROWEST) & (breaks < 1 - NARROWEST)]
    groups = np.split(inside, np.flatnonzero(np.diff(inside) > NARROWEST) + 1)
    return np.array([group.mean() for group in groups if group.size])


def _across(thickness: float, elements: int | None) -> FloatArray:
    """Return nodes from 0 to 1 of a layer of this many spin diffusion lengths."""
    z = np.array([thickness])
    if elements is not None:
        return layer_nodes(z, whole("elements across a layer", elements))[:, 0]
    for n in range(LEAST_ELEMENTS, MOST_ELEMENTS):
        nodes: FloatArray = layer_nodes(z, n)[:, 0]
        if thickness * nodes[1] <= LARGEST_FIRST:
            return nodes
    return nodes


def whole(quantity: str, value: int) -> int:
    """Return a whole number; ValueError unless it is from 1 to 1000."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{quantity} must be a whole number, got {value!r}")
    if not 1 <= value <= MOST_ELEMENTS:
        raise ValueError(f"{quantity} must be from 1 to {MOST_ELEMENTS}, got {value}")
    return int(value)


def _disc(disc: Disc, radius: float) -> _Row:
    name = _name(disc[0])
    d = _one(f"thickness of {name!r}", disc[1])
    wide = _one(f"radius of {name!r}", disc[2])
    if wide < radius:
        raise ValueError(
            f"radius of {name!r} must be at least that of the pillar, {radius:g} m, got {wide:g}"
        )
    return _Row(name, [np.array([0.0, d])], wide)


def _graded(nodes: FloatArray, places: Sequence[float], fine: float, slope: float) -> FloatArray:
    """Return nodes in place of others, so that cells get smaller towards some places.

    A cell at a distance x from the nearest place is at most about ``fine + slope * x`` long, and
    not longer than the one that was there. Without places the nodes stay.
    """
    if not len(places):
        return nodes
    start, stop = nodes[[0, -1]]
    most = np.log1p(slope * (stop - start) / fine) / slope  # cells on a side of a place
    steps = fine * np.expm1(slope * np.arange(0, most, 1 / 16)) / slope
    samples = np.concatenate(
        [nodes, *(place + sign * steps for place in places for sign in (-1, 1))]
    )
    samples = np.unique(samples[(samples >= start) & (samples <= stop)])
    middle = (samples[1:] + samples[:-1]) / 2
    given = np.diff(nodes)[np.searchsorted(nodes, middle) - 1]
    near = np.min([np.abs(middle - place) for place in places], axis=0)
    size = np.minimum(given, fine + slope * near)
    count = np.concatenate([[0.0], np.cumsum(np.diff(samples) / size)])
    wanted = np.linspace(0, count[-1], int(np.ceil(count[-1] - 1e-6)) + 1)
    found: FloatArray = np.interp(wanted, count, samples)
    found[[0, -1]] = start, stop
    return found


def _joined(parts: Sequence[FloatArray]) -> FloatArray:
    """Return the nodes of parts that follow one another, those where they meet once."""
    return np.concatenate([parts[0][:1], *(part[1:] for part in parts)])


def _tensor_grid(
    rows: Sequence[_Row],
    along: Sequence[FloatArray],
    across: Sequence[FloatArray],
    *,
    is_axisymmetric: bool,
) -> Grid:
    """Return the grid of rectangles up to the radius of each row."""
    r, x = _joined(across) / UNIT, _joined(along) / UNIT
    middle = (r[1:] + r[:-1]) / 2
    row_of = np.repeat(np.arange(len(rows)), [len(nodes) - 1 for nodes in along])
    there = middle < np.array([row.radius for row in rows])[row_of, None] / UNIT
    j, i = np.nonzero(there)
    corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
    used, t = renumbered(np.array([a * len(x) + b for a, b in corners]))
    mesh = MeshQuad1(np.array([r[used // len(x)], x[used % len(x)]]), t)
    heights = mesh.p[1, mesh.facets]
    return Grid(
        mesh.with_subdomains(
            {row.name: np.flatnonzero(row_of[j] == k) for k, row in enumerate(rows)}
        ).with_boundaries(
            {
                name: np.flatnonzero((heights == end).all(axis=0))
                for name, end in (("left", x[0]), ("right", x[-1]))
            }
        ),
        UNIT,
        is_axisymmetric,
    )


# --- films ------------------------------------------------------------------------------------

Film = tuple[float, Mapping[str, str | None]]
"""Thickness, m, of a layer, and the region that is in every polygon of it; None is a hole."""


def extruded_grid(
    plan: Mapping[str, ArrayLike],
    layers: Sequence[Film],
    *,
    size: float,
    edge: float | None = None,
    growth: float = GROWTH,
    elements: int = 2,
    walls: Mapping[str, tuple[str, Sequence[int] | None]] | None = None,
) -> Grid:
    """Return the grid of thin films that are cut to polygons.

    The plane is meshed once by gmsh, with the edges of all polygons as edges of triangles, and goes
    through all layers as prisms, which are cut into tetrahedra.

    Parameters
    ----------
    plan : mapping
        Corners of every polygon by its name, shape (n, 2), m. Polygons may overlap.
    layers : sequence of (float, mapping)
        Thickness of every layer, m, from below, and which region is in which polygon. A polygon
        inside another one is cut out of it; None makes a hole, and where none of the layer's
        polygons is there is nothing.
    size : float
        Largest size of the triangles, m.
    edge : float, optional
        Their size at the edges of the polygons, and the thickness of elements at both faces of a
        layer, m; that of all others without it.
    growth : float
        By what they may grow per distance from there; from 0.01.
    elements : int
        Least number of elements across a layer.
    walls : mapping, optional
        Surfaces at the sides by their name: the name of a polygon, and the numbers of its edges,
        from 0, edge k from corner k to the next one; or None, which means all edges.

    Returns
    -------
    Grid
        In nm; the layers begin at z = 0. Surfaces are "left", all of the lowest face, "right", all
        of the uppermost, and the walls.

    Raises
    ------
    TypeError
        If a name is no nonempty string, or elements are no whole number.
    ValueError
        If a length is not positive, a polygon crosses itself or is unknown, two polygons of a layer
        overlap and none is inside the other, or a wall is inside or nowhere.
    ImportError
        If gmsh is not installed.
    """
    polygons = {name: polygon(_name(name), corners) / UNIT for name, corners in plan.items()}
    largest = _one("size of triangles", size)
    fine = largest if edge is None else min(largest, _one("size of triangles at edges", edge))
    slope = _growth(growth)
    least = whole("elements across a layer", elements)
    thicknesses = [_one(f"thickness of layer {k}", d) for k, (d, _) in enumerate(layers)]
    for k, (_, regions) in enumerate(layers):
        for name, region in regions.items():
            if name not in polygons:
                raise ValueError(
                    f"polygon of layer {k} must be one of the plan ({listed(polygons) or 'none'}), "
                    f"got {name!r}"
                )
            if region is not None:
                _name(region)
    if not any(region is not None for _, own in layers for region in own.values()):
        raise ValueError("films must have layers with a region in a polygon, got none")
    nodes = []
    for d in thicknesses:
        even = np.linspace(0.0, d, max(least, int(np.ceil(d / largest - 1e-9))) + 1)
        nodes.append(_graded(even, [0.0, d], fine, slope) / UNIT)
    meshed = triangulated(polygons, largest / UNIT, fine / UNIT, slope)
    grid = extruded(meshed, [(z, own) for z, (_, own) in zip(nodes, layers, strict=True)])
    return _with_walls(grid, polygons, walls) if walls else grid


def extruded(plan: Plan, layers: Sequence[tuple[FloatArray, Mapping[str, str | None]]]) -> Grid:
    """Return the grid of a plan that goes through layers.

    Parameters
    ----------
    plan : Plan
        Triangles, in nm.
    layers : sequence of (array, mapping)
        Nodes across every layer, nm, from 0; and which region is in which polygon.

    Raises
    ------
    ValueError
        If two polygons of a layer overlap and none is inside the other.
    """
    names = list(dict.fromkeys(x for _, own in layers for x in own.values() if x is not None))
    count, triangles = len(plan.points), np.sort(plan.triangles, axis=1)
    prisms, numbers, level = [], [], 0
    for k, (nodes, own) in enumerate(layers):
        region = _regions(k, plan, own, names)
        there = np.flatnonzero(region >= 0)
        for _ in nodes[1:]:
            prisms.append(triangles[there] + count * level)
            numbers.append(region[there])
            level += 1
    a, b, c = np.concatenate(prisms).T
    up = count  # a wall's diagonal rises from its lower number, on both of its sides
    tets = [(a, b, c, c + up), (a, b, b + up, c + up), (a, a + up, b + up, c + up)]
    used, t = renumbered(np.concatenate(tets, axis=1))
    region = np.tile(np.concatenate(numbers), len(tets))
    tops = np.cumsum([0.0, *(nodes[-1] for nodes, _ in layers)])
    z = np.concatenate([[0.0], *(low + n[1:] for low, (n, _) in zip(tops, layers, strict=False))])
    points = np.ascontiguousarray(np.vstack([plan.points[used % count].T, z[used // count]]))
    mesh = MeshTet1(points, t).with_boundaries({})
    mesh = mesh.with_subdomains({name: np.flatnonzero(region == k) for k, name in enumerate(names)})
    heights = mesh.p[2, mesh.facets]
    ends = {"left": mesh.p[2].min(), "right": mesh.p[2].max()}
    for name, end in ends.items():  # another mesh would number its facets again
        mesh.boundaries[name] = np.flatnonzero((heights == end).all(axis=0))
    return Grid(mesh, UNIT)


def _regions(layer: int, plan: Plan, own: Mapping[str, str | None], names: list[str]) -> IntArray:
    """Return the number of the region of every triangle in a layer, -1 where there is none."""
    found = np.full(len(plan.triangles), -1)
    order = sorted(own, key=lambda name: -plan.inside[name].sum())  # what is inside comes later
    for name, other in combinations(order, 2):
        around, cells = plan.inside[name], plan.inside[other]
        shared = (around & cells).sum()
        if shared and (shared < cells.sum() or shared == around.sum()):
            raise ValueError(
                f"polygons of layer {layer} must be apart or one inside the other, got {name!r} "
                f"and {other!r}, which overlap"
            )
    for name in order:
        region = own[name]
        found[plan.inside[name]] = -1 if region is None else names.index(region)
    return found


def _with_walls(
    grid: Grid,
    polygons: Mapping[str, FloatArray],
    walls: Mapping[str, tuple[str, Sequence[int] | None]],
) -> Grid:
    """Return a grid with surfaces at the sides besides."""
    mesh, found = grid.mesh, {}
    outer = mesh.boundary_facets()
    upright = outer[np.ptp(mesh.p[2, mesh.facets[:, outer]], axis=0) > 0]
    for name, (owner, edges) in walls.items():
        if owner not in polygons:
            raise ValueError(
                f"wall {name!r} must be of a polygon of the plan ({listed(polygons)}), "
                f"got {owner!r}"
            )
        if name in grid.surfaces:
            raise ValueError(f"name of a wall must not be left or right, got {name!r}")
        corners = polygons[owner]
        numbers = range(len(corners)) if edges is None else edges
        parts = [upright[:0]]
        for k in numbers:
            if k not in range(len(corners)):
                raise ValueError(
                    f"edges of wall {name!r} must be from 0 to {len(corners) - 1}, got {k}"
                )
            is_on = _on_edge(mesh, corners[k], corners[(k + 1) % len(corners)])
            parts.append(upright[is_on[mesh.facets[:, upright]].all(axis=0)])
        found[name] = np.unique(np.concatenate(parts))
        if not found[name].size:
            raise ValueError(f"wall {name!r} must be a side of something, got one of nothing")
    return Grid(mesh.with_boundaries({**grid.surfaces, **found}), grid.unit)


def _on_edge(mesh: Mesh, start: FloatArray, stop: FloatArray) -> BoolArray:
    """Return which nodes are above an edge of the plan."""
    length = np.linalg.norm(stop - start)
    along = (stop - start) / length
    x, y = mesh.p[:2] - start[:, None]
    position, beside = x * along[0] + y * along[1], x * along[1] - y * along[0]
    allowed = TOLERANCE * length
    on: BoolArray = (
        (np.abs(beside) <= allowed) & (position >= -allowed) & (position <= length + allowed)
    )
    return on


def disc(radius: float, edges: int = 32, centre: tuple[float, float] = (0.0, 0.0)) -> FloatArray:
    """Return a regular polygon that has just the area of a disc, shape (edges, 2).

    Corners lie on a circle that is a little wider; one inside it would leave out area, and with
    edges of a third of the radius resistances and torques would be off by half a percent.

    Parameters
    ----------
    radius : float
        That of the disc, m.
    edges : int
        Number of edges, at least 3.
    centre : pair of float
        m.

    Raises
    ------
    ValueError
        If the radius is not positive, the centre not finite, or there are fewer edges.
    """
    R = _one("radius of a disc", radius)
    n = whole("edges of a disc", edges)
    if n < 3:
        raise ValueError(f"edges of a disc must be at least 3, got {n}")
    angle = 2 * np.pi * np.arange(n) / n
    wide = R * np.sqrt(2 * np.pi / (n * np.sin(2 * np.pi / n)))
    circle = wide * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    corners: FloatArray = circle + finite("centre of a disc", centre)
    return corners
