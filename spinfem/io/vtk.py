"""Fields of a solution for ParaView: a .vtu file, or a .pvd file with one .vtu for every point."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .._checks import finite
from .._progress import progress_bar
from ..files.disk import check_target, explained, replacing
from ..files.vtkwriter import NOT_IN_XML, write_pvd, write_vtu
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
        if NOT_IN_XML.search(path.name):
            raise ValueError(
                f"{path}: name of a .pvd file must be of characters that XML allows, "
                f"got {path.name!r}"
            )
        _check_folder(_folder(path), path)
    fields = fields_of(solution, units)
    field_data = _field_data(fields)

    def write_point(point: int, place: Path) -> None:
        mesh = line_mesh(fields, point) if diameter is None else wire_mesh(fields, diameter, point)
        write_vtu(place, mesh, field_data)

    if series:
        with progress_bar("save", len(steps), progress) as advance:
            _write_series(path, steps, write_point, advance)
        return
    with replacing(path) as temporary:
        write_point(0, temporary)


def _field_data(fields: Fields) -> dict[str, float]:
    """Return sizes of units, and numbers of layers: meshio cannot read files that hold texts."""
    sizes = {f"unit of {name}: {unit}": size for name, (unit, size) in fields.units.items()}
    return sizes | {f"layer: {name}": i for i, name in enumerate(fields.names)}


# --- collections ------------------------------------------------------------------------------


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


def _write_series(
    path: Path,
    steps: list[float],
    write_point: Callable[[int, Path], None],
    advance: Callable[[int], None],
) -> None:
    """Write a collection: all of it, or nothing."""
    folder = _folder(path)
    digits = max(4, len(str(len(steps) - 1)))
    names = [f"{folder.name}_{i:0{digits}}.vtu" for i in range(len(steps))]
    with _replacing_both(path, folder) as (index, place):
        for i, name in enumerate(names):
            write_point(i, place / name)
            advance(1)
        files = (f"{folder.name}/{name}" for name in names)
        write_pvd(index, zip(steps, files, strict=True))


def _folder(path: Path) -> Path:
    """Where the files of a collection are: beside the .pvd file, and named as it is."""
    return Path(os.path.realpath(path)).with_suffix("")


def _check_folder(folder: Path, path: Path) -> None:
    """Raise an OSError if a folder may not be replaced: what is in it must be of a collection."""
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise FileExistsError(f"{path}: cannot be written: {folder} must be a folder")
    own = re.compile(re.escape(folder.name) + r"_\d+\.vtu")
    for entry in folder.iterdir():
        if not (own.fullmatch(entry.name) and entry.is_file() and not entry.is_symlink()):
            raise FileExistsError(
                f"{path}: cannot be written: {folder} must hold nothing but files of an earlier "
                f"collection, got {entry.name!r}"
            )


@contextmanager
def _replacing_both(path: Path, folder: Path) -> Iterator[tuple[Path, Path]]:
    """Give temporary places of a .pvd file and its folder; move both there if all goes well.

    The .pvd file is taken away before the folder is exchanged and put there after it: at no time
    does it name files of another collection than its own.
    """
    target = Path(os.path.realpath(path))
    token = secrets.token_hex(8)
    new, old, index, old_index = (
        target.with_name(f".{token}.{what}")
        for what in ("new.tmp", "old.tmp", "new.tmp.pvd", "old.tmp.pvd")
    )
    try:
        try:
            new.mkdir()
            yield index, new
            _check_folder(folder, path)
            with ExitStack() as undo:
                for there, aside in ((target, old_index), (folder, old)):
                    if there.exists():
                        os.rename(there, aside)
                        undo.callback(os.rename, aside, there)
                os.rename(new, folder)
                undo.callback(os.rename, folder, new)
                os.rename(index, target)
                undo.pop_all()
            old_index.unlink(missing_ok=True)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            index.unlink(missing_ok=True)
            shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        if error.strerror is None:  # already clear
            raise
        raise explained("cannot be written", path, error) from None
