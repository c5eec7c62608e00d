"""Devices in two and three dimensions: one run in a process, whose CPU time and peak are measured.

``python -m benchmarks.devices CASE`` makes the mesh of a case, solves it and prints one line of
JSON; ``python -m benchmarks.devices mesh FILE [ACROSS]`` writes `SMALL`, or one with fewer cells,
for peers, with all numbers, and ``python -m benchmarks.devices FILE`` solves it.
`benchmarks.__main__` starts them.

All are a valve, Co/Cu/Py, between strips of Cu: in three dimensions these cross, in two they are
wider than the pillar. A voltage drives the current, spins are lost at both ends.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from dataclasses import replace
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import skfem

import spinfem as sf
from spinfem.constants import TORQUE_PER_SPIN_CURRENT
from spinfem.devices.grid import Grid

from .cases import Co, Cu, Py
from .timing import peak_memory

VOLTAGE = 1e-3
FREE = "free"
M = {"fixed": sf.direction(0), FREE: sf.direction(60, 20)}


class Case(NamedTuple):
    """A device, its mesh and its elements.

    Parameters
    ----------
    degree : int
        Of the elements.
    dimension : int
        2 or 3.
    across : int
        Cells across the pillar, and across a strip.
    width : float
        Of the pillar, nm; strips are three times as long.
    heights : tuple of float
        Of a strip, of the three layers and of the other strip, nm.
    cells : tuple of int
        Across each of them.
    spacer : float
        Conductivity of the spacer in that of Cu.
    """

    degree: int
    dimension: int
    across: int
    width: float
    heights: tuple[float, ...]
    cells: tuple[int, ...]
    spacer: float = 1.0


FLAT = 2000 / 50 / 100
"""Thickness of cells a hundredth of their width, nm."""
CASES = {
    "plane": Case(2, 2, 98, 50.0, (40.0, 8.0, 10.0, 4.0, 40.0), (98, 24, 30, 24, 98)),
    "flat": Case(
        1,
        3,
        50,
        2000.0,
        tuple(FLAT * n for n in (12, 10, 12, 10, 12)),
        (12, 10, 12, 10, 12),
        1e-4,
    ),
    "small": Case(2, 3, 9, 50.0, (40.0, 8.0, 10.0, 4.0, 40.0), (5, 3, 4, 3, 5)),
}
SMALL = "small"


class Geometry(NamedTuple):
    """A mesh in plain numbers; coordinates in nm."""

    points: Any  # (dimension, n)
    cells: Any  # (corners, c)
    region: Any  # (c,) 0 to 4, from below


def geometry(case: Case) -> Geometry:
    """Return the mesh of a case: rectangles or bricks, cut into triangles or tetrahedra."""
    z = np.concatenate(
        [
            [0.0],
            *(
                low + np.linspace(0.0, d, n + 1)[1:]
                for low, d, n in zip(
                    np.cumsum([0.0, *case.heights]), case.heights, case.cells, strict=False
                )
            ),
        ]
    )
    x = np.linspace(-1.5, 1.5, 3 * case.across + 1) * case.width
    axes = (*(x,) * (case.dimension - 1), z)
    middle = np.meshgrid(*((a[1:] + a[:-1]) / 2 for a in axes), indexing="ij")
    region = np.searchsorted(np.cumsum(case.heights), middle[-1])
    is_narrow = np.abs(middle[:-1]) < case.width / 2
    is_strip = region % 4 == 0
    if case.dimension == 2:
        there = is_narrow[0] | is_strip
    else:  # the lower strip along x, the upper one along y
        there = is_narrow.all(axis=0) | (
            is_strip & np.where(region == 0, is_narrow[1], is_narrow[0])
        )
    bricks = np.flatnonzero(there)
    count = tuple(len(a) for a in axes)
    step = np.array([np.prod(count[k + 1 :], dtype=int) for k in range(case.dimension)])
    first = step @ np.nonzero(there)
    cells = np.concatenate(  # from one corner to the opposite one, along edges in any order
        [
            [first, *(first + way for way in np.cumsum(step[list(order)]))]
            for order in permutations(range(case.dimension))
        ],
        axis=1,
    )
    region = np.tile(region.ravel()[bricks], math.factorial(case.dimension))
    used, cells = np.unique(cells, return_inverse=True)
    places = np.unravel_index(used, count)
    points = np.array([a[k] for a, k in zip(axes, places, strict=True)])
    return Geometry(points, cells.reshape(case.dimension + 1, -1), region)


NAMES = ("below", "fixed", "spacer", FREE, "above")


def device(case: Case, made: Geometry) -> sf.Device:
    """Return a case's device: one end of the lower strip at a voltage, one of the upper at 0."""
    kind = skfem.MeshTri1 if case.dimension == 2 else skfem.MeshTet1
    mesh = kind(np.ascontiguousarray(made.points), np.ascontiguousarray(made.cells))
    mesh = mesh.with_subdomains(
        {name: np.flatnonzero(made.region == k) for k, name in enumerate(NAMES)}
    ).with_boundaries({})
    outer = mesh.boundary_facets()
    corners = mesh.p[:, mesh.facets[:, outer]]
    half, last = sum(case.heights) / 2, case.dimension - 2
    is_low = corners[-1].mean(axis=0) < half
    near = corners[0] < -1.5 * case.width * (1 - 1e-9)
    far = corners[last] > 1.5 * case.width * (1 - 1e-9)
    mesh.boundaries["in"] = outer[near.all(axis=0) & is_low]
    mesh.boundaries["out"] = outer[far.all(axis=0) & ~is_low]
    poor = replace(Cu, D=case.spacer * Cu.D)
    regions = {
        "below": Cu,
        "fixed": (Co, M["fixed"]),
        "spacer": poor,
        FREE: (Py, M[FREE]),
        "above": Cu,
    }
    ends = {"in": sf.Electrode(potential=VOLTAGE), "out": sf.Electrode(potential=0.0)}
    return sf.Device(Grid(mesh), regions, ends)


def solved(case: Case, made: Geometry) -> dict[str, Any]:
    """Solve a case; its torque is in hbar/2|e| times the current."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        solution = sf.solve(device(case, made), degree=case.degree, progress=False)
    current = solution.current("in")
    return {
        "torque": (solution.torque(FREE) / TORQUE_PER_SPIN_CURRENT / current).tolist(),
        "unknowns": solution.report.unknowns,
        "iterations": solution.report.iterations,
        "memory": peak_memory(),
    }


def write(path: str, across: int) -> None:
    """Write the mesh of `SMALL` and its numbers for peers: all that they read."""
    case = CASES[SMALL]._replace(across=across)
    made = geometry(case)
    whole = device(case, made)
    mesh = whole.grid.mesh
    names = [*whole.regions]
    faces = {"_".join(pair): mesh.facets[:, own] for pair, own in whole.grid.interfaces.items()}
    faces |= {name: mesh.facets[:, own] for name, own in whole.grid.surfaces.items()}
    metals = [whole.regions[name].metal for name in names]
    np.savez(
        path,
        points=made.points,
        cells=made.cells,
        region=made.region,
        names=names,
        magnetic=[whole.regions[name].is_magnet for name in names],
        m=[M.get(name, np.zeros(3)) for name in names],
        D=[float(metal.D) for metal in metals],
        l=[float(metal.l) for metal in metals],
        p=[float(getattr(metal, "p", 0.0)) for metal in metals],
        degree=case.degree,
        voltage=VOLTAGE,
        **{f"face_{name}": face for name, face in faces.items()},
    )


def main() -> None:
    """Do what the command line says."""
    what = sys.argv[1]
    if what == "mesh":
        write(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else CASES[SMALL].across)
        return
    if what in CASES:
        found = solved(CASES[what], geometry(CASES[what]))
    else:
        with np.load(what) as read:
            made = Geometry(*(read[key] for key in Geometry._fields))
        found = solved(CASES[SMALL], made)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
