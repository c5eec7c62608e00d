"""Fields of a solution for ParaView: a .vtu file, or a .pvd file with one .vtu for every point."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .._checks import finite
from ..files.collection import check_collection, write_collection
from ..files.disk import check_target, replacing
from ..files.vtkwriter import write_vtu
from ..sample.pieces import in_SI
from ..sample.units import THICKNESS, notice
from .vtkmesh import Fields, Units, check_diameter, fields_of, line_mesh, wire_mesh

if TYPE_CHECKING:
    from ..results.solved import SolvedStack


def write(
    solution: SolvedStack,
    path: str | PathLike[str],
    *,
    diameter: float | None = None,
    times: ArrayLike | None = None,
    units: Units | None = None,
    progress: bool | None = None,
) -> None:
    """Write the fields of a solution to a .vtu file, or of a batch to a .pvd file and its folder.

    The stack lies along x; every layer has points of its own, so that there are two at an
    interface and fields may jump there. What the arrays are is said in `Solution.save`. meshio
    reads no texts in field data: an array "unit of torque_density: J/m3" has the unit in its name
    and its size in the SI as its value, and "layer: free" has the number of that layer.

    Parameters
    ----------
    solution : Solution
        A single one for a .vtu file.
    path : str or path
        The file, ending in .vtu or .pvd; with a .pvd file, x.pvd, comes a folder x. All appears
        whole or not at all.
    diameter : float, optional
        Of a round wire, in the unit of the stack's lengths; default: a line, y = z = 0.
    times : array, optional
        Times of the points of a batch, broadcasting to its shape; default: 0, 1, ... in C order.
    units : "SI" or "plain", optional
        Of the stack; default: SI if all of it is thinner than 1 mm.
    progress : bool, optional
        Whether to draw a progress bar for a .pvd file, as in `spinfem.sweep`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.
    OSError
        If a file cannot be written, or the folder holds something else.
    """
    path = Path(path)
    check_target(path, ".vtu", ".pvd")
    series = path.suffix.lower() == ".pvd"
    if solution.shape and not series:
        raise ValueError(
            f"a .vtu file needs a single solution, got a batch of shape {solution.shape}: a .pvd "
            "file takes one"
        )
    if times is not None and not series:
        raise ValueError(f"times must be left out for a .vtu file, got {times!r}")
    if diameter is not None:
        check_diameter(diameter)
        if any(map(in_SI, solution.stack.elements)):
            notice(THICKNESS, "diameter of the wire", float(diameter))
    steps = _timesteps(solution, times) if series else []
    if series:
        check_collection(path)
    fields = fields_of(solution, units)
    field_data = _field_data(fields)

    def write_point(point: int, place: Path) -> list[Path]:
        mesh = line_mesh(fields, point) if diameter is None else wire_mesh(fields, diameter, point)
        write_vtu(place, mesh, field_data)
        return [place]

    if series:
        write_collection(path, steps, write_point, progress)
        return
    with replacing(path) as temporary:
        write_point(0, temporary)


def _field_data(fields: Fields) -> dict[str, float]:
    """Return sizes of units, and numbers of layers: meshio cannot read files that hold texts."""
    sizes = {f"unit of {name}: {unit}": size for name, (unit, size) in fields.units.items()}
    return sizes | {f"layer: {name}": i for i, name in enumerate(fields.names)}


def _timesteps(solution: SolvedStack, times: ArrayLike | None) -> list[float]:
    """Return the times of all points."""
    count = int(np.prod(solution.shape))
    if not count:
        raise ValueError(f"a .pvd file needs a point, got a batch of shape {solution.shape}")
    if times is None:
        return list(range(count))
    given = np.asarray(finite("times", times))
    try:
        values = np.broadcast_to(given, solution.shape).ravel()
    except ValueError:
        raise ValueError(
            f"shape of times must broadcast to the batch's {solution.shape}, got {given.shape}"
        ) from None
    if len(np.unique(values)) < count:
        raise ValueError(
            "times must differ from point to point, since a time shows one file, got "
            f"{len(np.unique(values))} for {count} points"
        )
    return [float(value) for value in values]
