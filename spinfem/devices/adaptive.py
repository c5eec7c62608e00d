"""Adaptive refinement of devices, steered by the certified bounds of `bounds`.

Triangles that hold half of what is still too wide are refined, again and again (Doerfler,
doi:10.1137/0733054). They end up small at corners and rims, and at interfaces.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from skfem import MeshTri1

from .._checks import FloatArray, IntArray
from .._progress import progress_bar
from ..constants import TORQUE_PER_SPIN_CURRENT
from .assembly import assemble
from .bodies import parts_of
from .bounds import Certificate, certificate, check_certifiable
from .device import Device
from .grid import Grid, in_triangles
from .solution import DeviceSolution, solve_assembled

MARKED = 0.5
"""Of what is too wide: in cells that are refined."""
MOST = 300_000
"""Unknowns that are not exceeded."""
FLOOR = 1e-5
"""Of the resistance: a smaller dr is judged against that."""


def solve_within(
    device: Device, degree: int | None, tol: float, progress: bool | None
) -> DeviceSolution:
    """Solve a device on a mesh that is fine enough for a tolerance.

    Parameters
    ----------
    device : Device
        On triangles, or parallelograms, which are cut into such.
    degree : int or None
        Of the elements.
    tol : float
        Largest distance from what is found to its farther bound: of dr relative to itself, of
        torques relative to ``hbar/2|e|`` times the largest ``|p|`` and the current.
    progress : bool or None
        Whether to draw a progress bar.

    Raises
    ------
    ValueError
        If the tolerance cannot be met, or the device not be certified.
    """
    check_certifiable(device)
    device = replace(device, grid=in_triangles(device.grid))
    if type(device.grid.mesh) is not MeshTri1:
        raise ValueError(
            "mesh of a device must be of triangles or parallelograms for tol, got a "
            f"{type(device.grid.mesh).__name__}"
        )
    with progress_bar("solve", None, progress) as advance:
        size, error = 0, np.inf
        while True:
            system = assemble(device, parts_of(device, degree))
            if (more := len(system.unknowns.kinds)) > MOST and size:
                raise ValueError(
                    f"tol must be reachable, got {tol:g}: with {size:,} unknowns what bounds leave "
                    f"open is {error:.1e}, and there must not be more than {MOST:,}"
                )
            size = more
            unknowns, report = solve_assembled(device, system, False)
            solution = DeviceSolution(device, system, unknowns, report)
            found = certificate(device, system, unknowns, False)
            advance(1)
            errors = _errors(solution, found)
            error = float(errors.max())
            if error <= tol:
                solution.bounds = found.bounds
                return solution
            needed = np.where(errors > tol, errors, 0.0)
            cells = _marked(_shares(found) @ needed)
            device = replace(device, grid=refined(device.grid, cells))


def _errors(solution: DeviceSolution, found: Certificate) -> FloatArray:
    """Return what bounds leave open, relative as for `tol`, (1 + 3 f,)."""
    low, high = found.bounds.spin_resistance
    dr, floor = found.spin_resistance, FLOOR * found.bounds.resistance[0]
    off = max(high - dr, dr - low) / max(dr, floor)
    magnets = [solution.torque(name) for name in solution.magnets]
    torques = np.array(magnets).reshape(-1, 3)
    low_torques, high_torques = found.bounds.torques
    scale = TORQUE_PER_SPIN_CURRENT * found.current * _largest_polarization(solution.device)
    rooms = np.maximum(high_torques - torques, torques - low_torques).ravel()
    return np.append(off, rooms / scale if scale else rooms)


def _largest_polarization(device: Device) -> float:
    metals = [region.metal for region in device.regions.values()]
    metals += [
        metal for x in device.electrodes.values() if (metal := getattr(x.end, "material", None))
    ]
    return max(abs(float(getattr(metal, "p", 0.0))) for metal in metals)


def _shares(found: Certificate) -> FloatArray:
    """Return the share of every cell in what is open, of dr and of every torque, (n, 1 + 3 f)."""

    def normal(squares: FloatArray) -> FloatArray:
        total = squares.sum(axis=0)
        return np.asarray(squares / np.where(total > 0, total, 1.0))

    own = normal(found.squares)
    dr = normal(found.squares[:, 0] + found.of_charge)
    return np.column_stack([dr, (own[:, :1] + own[:, 1:]) / 2])


def _marked(adds: FloatArray) -> IntArray:
    """Return the fewest cells that hold the part `MARKED` of the sum."""
    order = np.argsort(-adds, kind="stable")
    up_to = np.cumsum(adds[order])
    return np.sort(order[: np.searchsorted(up_to, MARKED * up_to[-1]) + 1])


def refined(grid: Grid, cells: IntArray) -> Grid:
    """Return a grid of triangles some of which are divided, and others that this makes necessary.

    scikit-fem keeps the regions of cells, and loses surfaces; these are found by the corners of
    facets, the middles of old ones being new corners.
    """
    old = grid.mesh
    mesh = MeshTri1(old.p, old.t).with_subdomains(grid.regions).refined(cells)
    outer = mesh.boundary_facets()
    first, last = np.sort(mesh.facets[:, outer], axis=0).astype(np.int64)
    parent = first * old.nvertices + last
    new = np.flatnonzero(last >= old.nvertices)
    halves = new[np.lexsort((first[new], last[new]))].reshape(-1, 2)
    parent[halves] = (first[halves[:, 0]] * old.nvertices + first[halves[:, 1]])[:, None]
    ends = np.sort(old.facets, axis=0).astype(np.int64)
    surfaces = {
        name: outer[np.isin(parent, ends[0, own] * old.nvertices + ends[1, own])]
        for name, own in grid.surfaces.items()
    }
    return Grid(mesh.with_boundaries(surfaces), grid.unit, grid.is_axisymmetric)
