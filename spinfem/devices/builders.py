"""Grids of devices that are easily described: pillars between wider discs, films cut to plans."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from skfem import MeshQuad1

from .._checks import FloatArray, is_seen, listed, positive
from ..fem.mesh import layer_nodes
from .grid import Grid

UNIT = 1e-9
"""m, of the coordinates of all meshes that are made here."""
LEAST_ELEMENTS, MOST_ELEMENTS = 4, 1000
"""Finite elements across a layer, unless their number is given."""
LARGEST_FIRST = 0.5
"""Spin diffusion lengths that an element at an interface may be thick."""
SMALLEST = 2e-4
"""Of the radius: cells at a re-entrant rim; 0.01 nm in a pillar of 50 nm."""
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
        Finite elements across every layer; without it at least 4, and as many as make those at
        interfaces at most half a spin diffusion length thick.
    smallest : float, optional
        Size of the cells at a re-entrant rim, m; 2e-4 of the radius without it.
    growth : float
        By what cells may grow per distance from a rim, and in a disc from the pillar; from 0.01.
    planar : bool
        Whether these are walls, of twice `radius` and of any depth, instead of discs. The grid is
        that of one half, and 0 is the plane of symmetry.

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
        If a length is not positive, a name is there twice, or a disc is narrower than the pillar.
    """
    R = _one("radius of a pillar", radius)
    fine = SMALLEST * R if smallest is None else _one("smallest cell of a pillar", smallest)
    slope = _one("growth of the cells of a pillar", growth)
    if slope < LEAST_GROWTH:
        raise ValueError(
            f"growth of the cells of a pillar must be at least {LEAST_GROWTH:g}, got {slope:g}"
        )
    below, above = leads
    rows = [
        *([] if below is None else [_disc(below, R)]),
        *(_layer(layer, R, elements) for layer in layers),
        *([] if above is None else [_disc(above, R)]),
    ]
    names = [row.name for row in rows]
    if not layers:
        raise ValueError("a pillar must have layers, got none")
    if len({*names}) < len(names):
        raise ValueError(f"names of regions must be unique, got {listed(names)}")

    heights = np.cumsum([0.0, *(row.nodes[-1] for row in rows)])
    contacts = {}  # of the discs with the pillar
    if below is not None:
        heights -= heights[1]
        contacts[0] = heights[1]
    if above is not None:
        contacts[len(rows) - 1] = heights[-2]
    rims = [x for k, x in contacts.items() if rows[k].radius > R]
    along = [
        _graded(x + row.nodes, [contacts[k]] if k in contacts else rims, fine, slope)
        for k, (row, x) in enumerate(zip(rows, heights[:-1], strict=True))
    ]
    edges = np.unique([0.0, *(row.radius for row in rows)])
    across = [_graded(np.array(two), [R] * bool(rims), fine, slope) for two in pairwise(edges)]
    return _tensor_grid(rows, along, across, is_axisymmetric=not planar)


class _Row(NamedTuple):
    """A region between two heights."""

    name: str
    nodes: FloatArray  # m, across it, from 0 to its thickness
    radius: float  # m


def _one(quantity: str, value: float, *, infinite: bool = False) -> float:
    """Return a positive number; ValueError if it is a batch."""
    x = positive(quantity, value, infinite=infinite)
    if not isinstance(x, float):
        raise ValueError(f"{quantity} must be one number, got an array of shape {x.shape}")
    return x


def _name(name: object) -> str:
    if not is_seen(name):
        raise TypeError(f"name of a region must be a nonempty string, got {name!r}")
    return str(name)


def _layer(layer: Layer, radius: float, elements: int | None) -> _Row:
    name = _name(layer[0])
    d = _one(f"thickness of {name!r}", layer[1])
    l = _one(f"spin diffusion length of {name!r}", layer[2], infinite=True)
    return _Row(name, d * _across(d / l, elements), radius)


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
    return _Row(name, np.array([0.0, d]), wide)


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
    return np.concatenate([parts[0][:1], *(part[1:] for part in parts)]) / UNIT


def _tensor_grid(
    rows: Sequence[_Row],
    along: Sequence[FloatArray],
    across: Sequence[FloatArray],
    *,
    is_axisymmetric: bool,
) -> Grid:
    """Return the grid of rectangles up to the radius of each row."""
    r, x = _joined(across), _joined(along)
    middle = (r[1:] + r[:-1]) / 2
    row_of = np.repeat(np.arange(len(rows)), [len(nodes) - 1 for nodes in along])
    there = middle < np.array([row.radius for row in rows])[row_of, None] / UNIT
    j, i = np.nonzero(there)
    corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
    used, t = np.unique([a * len(x) + b for a, b in corners], return_inverse=True)
    mesh = MeshQuad1(np.array([r[used // len(x)], x[used % len(x)]]), t.reshape(4, -1))
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
