"""Stack files: a sample and its current in TOML.

Numbers carry their unit in the key (`thickness_nm`); keys without a unit are the paper's
(`thickness`, `D`, `l`, `p`, `j0`). One file uses one kind. With ``[mesh]`` the layers are groups of
cells in a mesh file, sought relative to the stack file (`files.meshfile`). A file is checked in
steps: its units (`spinfem.io.keys`); its tables, each by itself (`spinfem.io.schema`); its cells,
put in their places (`spinfem.io.cells`); what all say together (`stack_of`). An error is one line:
file, key, what is required and what was given.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from .._checks import FloatArray
from .._spelling import nearest
from ..files.tables import (
    Location,
    PlacedError,
    all_of,
    at,
    key_path,
    made_of,
    noted,
    one_of,
)
from ..sample.materials import Ferromagnet, Metal
from ..sample.pieces import (
    End,
    Interface,
    Layer,
    Lead,
    Reservoir,
    SpinBlocking,
    SpinSource,
    drive_of,
    freeze,
)
from ..sample.stack import Stack
from ..sample.units import THICKNESS, in_silence, notice, once
from .cells import Copies, Plain, without_cells
from .deviceschema import EndKeys
from .keys import Units, find_units, is_of_device, values_of
from .magnettables import check_motion
from .references import (
    MAGNETIC,
    check_left_out,
    direction_of,
    metal_named,
    metals_of,
    notice_units,
)
from .schema import (
    AnyFile,
    CellUse,
    EndTable,
    InterfaceTable,
    LayerTable,
    MeshTable,
    SIFile,
    SIMeshFile,
    validated,
)

Made = TypeVar("Made")
DrivingTable = EndTable | EndKeys
"""What may say what an end drives."""


@dataclass(frozen=True)
class StackFile:
    """What a stack file says.

    Attributes
    ----------
    stack : Stack
        The sample; in m and S/m if the units are SI.
    j0 : float
        Particle current, A/m2, positive when electrons flow towards +x; 1 if not given.
    title : str or None
        The title, if there is one.
    units : "SI" or "paper"
        Units of all numbers.
    path : Path
        Where it was read.
    tables : AnyFile
        All of it, checked, with its cells in the place of where they stand.
    copies : dict of str to dict
        As of `spinfem.io.cells.Plain`.
    """

    stack: Stack
    j0: float
    title: str | None
    units: Units
    path: Path
    tables: AnyFile
    copies: Copies


def read(path: str | PathLike[str], changes: Mapping[Location, float] | None = None) -> StackFile:
    """Read a stack file with all that it says; errors and warnings as of `spinfem.load`.

    Parameters
    ----------
    path : str or path
        The file.
    changes : mapping, optional
        Numbers that take the place of the file's, by their keys and indices from the top, cells
        being in the place of where they stand.
    """
    return read_into(path, lambda file: file, changes)


def read_into(
    path: str | PathLike[str],
    make: Callable[[StackFile], Made],
    changes: Mapping[Location, float] | None = None,
) -> Made:
    """Return what is made of a stack file; its PlacedErrors are put into words, as the file's.

    Parameters
    ----------
    path, changes
        As of `read`.
    make : callable
        Makes it; the places in its errors are those in `StackFile.tables`.
    """
    path = Path(path)
    return made_of(path, lambda data: made_of_tables(path, data, make, changes))


def made_of_tables(
    path: Path,
    data: dict[str, Any],
    make: Callable[[StackFile], Made],
    changes: Mapping[Location, float] | None = None,
) -> Made:
    """Return what is made of the tables of a stack file; parameters as of `read_into`.

    Raises
    ------
    PlacedError, ValueError
        If they are not right, or those of a device.
    """
    if is_of_device(data):
        raise ValueError(
            "must be the file of a stack, got that of a device, which spinfem solve and "
            "spinfem.load take"
        )
    units = find_units(data)
    _check_tables(data, units)
    plain = without_cells(data)
    for where, value in (changes or {}).items():
        table: Any = plain.tables
        for part in where[:-1]:
            table = table[part]
        table[where[-1]] = value
    with plain.as_written():
        file = validated(plain.tables, units)
        if file.mesh is not None:
            _read_mesh(path.parent, file.mesh, file)
        stack = stack_of(file, plain.copies)
        if isinstance(file, SIFile | SIMeshFile):
            check_motion(file.layers, file.couplings, file.dynamics, stack)
    if units == "SI":
        _notice_units(path, data, plain, file.mesh)
    found = StackFile(stack, file.current, file.title, units, path, file, plain.copies)
    with plain.as_written():
        return make(found)


def _check_tables(data: dict[str, Any], units: Units) -> None:
    """Check the tables as they are written; PlacedError with all that is wrong.

    If a table is not right by itself, those that are right are still tried together.
    """
    problems: list[PlacedError] = []
    sound: dict[str, Any] = {
        key: value.copy() if isinstance(value, dict | list) else value
        for key, value in data.items()
    }
    while True:  # an unknown key hides what else is wrong in its table
        try:
            validated(sound, units)
            break
        except PlacedError as error:
            problems += error.all
            if not all(_left_out_of(sound, problem.where) for problem in error.all):
                raise all_of(problems) from None
    if problems:
        if "mesh" not in data:  # whose layers are not read
            with noted(problems):
                plain = without_cells(sound)
                with plain.as_written():
                    _elements(validated(plain.tables, units), {*data.get("materials", {})})
        raise all_of(problems)


BLANK = {"interface": True}
"""What may stand in the place of any of ``[[layers]]`` that is not right."""
FOUNDATIONS = ("mesh", "layers", "cells", "materials")
"""Tables without which, or with whose names misspelt, others have another meaning."""


def _left_out_of(tables: dict[str, Any], where: Location) -> bool:
    """Take what is not right out of the tables, and tell if what is left has a meaning."""
    match where:
        case ("layers", int(i), *_):
            tables["layers"][i] = BLANK
        case ("cells", str(name), *_):
            tables["cells"][name] = {"layers": [BLANK]}
        case ("materials", str(name), *_):
            tables["materials"].pop(name, None)
        case (key, *_):
            tables.pop(str(key), None)
            return nearest(str(key), FOUNDATIONS) is None
    return True


def _notice_units(path: Path, data: dict[str, Any], plain: Plain, mesh: MeshTable | None) -> None:
    """Warn of numbers of a file in SI that no sample has, once of each kind."""
    with once():
        places = ((plain.written(where), value) for where, value in values_of(plain.tables))
        notice_units(
            path, ((key_path(where, data), str(where[-1]), value) for where, value in places)
        )
        if mesh is not None:
            for layer in mesh.layers:
                what = f"{path}: thickness of layer {layer.name!r} by mesh.scale_nm"
                notice(THICKNESS, what, mesh.length_in_units(layer.length), "nm")


def _read_mesh(folder: Path, mesh: MeshTable, file: AnyFile) -> None:
    """Read the layers of a mesh; PlacedError unless they are those of the file, in its order."""
    tables = [(i, str(t.name)) for i, t in enumerate(file.layers) if isinstance(t, LayerTable)]
    names = [name for _, name in tables]
    seen: set[str] = set()
    for i, name in tables:
        if name in seen:
            raise PlacedError(f"must be unique, got {name!r} twice", ("layers", i, "name"))
        seen.add(name)
    with at("mesh"):
        try:
            found = [layer.name for layer in mesh.read(folder, names)]
        except OSError as error:
            raise PlacedError(str(error), ("file",)) from None
    for (i, name), there in zip(tables, found, strict=True):
        if name != there:
            raise PlacedError(
                f"must be in the order of x in {mesh.file} ({', '.join(found)}), "
                f"got {name!r} for {there!r}",
                ("layers", i, "name"),
            )


@in_silence()
def stack_of(file: AnyFile, copies: Copies | None = None) -> Stack:
    """Make the stack that a file describes; PlacedError if its tables do not fit together.

    Numbers in the tables may be arrays. Of their units `read` warns, which knows the keys. `copies`
    are those of cells, as in `spinfem.io.cells.Plain`.
    """
    if not any(isinstance(table, LayerTable) for table in file.layers):
        raise PlacedError("at least one layer must be given, got none", ("layers",))
    elements = _elements(file)
    for key, names in (copies or {}).items():
        for name, places in names.items():
            for copy in (elements[1 + i] for i in places):
                freeze(copy, copy_of=(*copy.copy_of, (key, name)))  # type: ignore[union-attr]
    # names and shapes, so that below only an interface can be wrong; what is given at an end may
    # need the interface that is beside it
    bare = [x for x in elements if not isinstance(x, Interface) and drive_of(x) is None]
    with at("layers"):
        Stack(bare)
    problems: list[PlacedError] = []
    for i, piece in enumerate(file.layers):
        if isinstance(piece, InterfaceTable):
            with noted(problems):
                _check_interface(i, piece, elements[i : i + 3])
    if problems:
        raise all_of(problems)
    with at("layers"):
        stack = Stack(elements)
    freeze(stack, j0=file.current)
    return stack


def _elements(file: AnyFile, known: Collection[str] = ()) -> list[Layer | Interface | End]:
    """Return what stands in the stack, each piece right by itself; PlacedError with all problems.

    What is made of a material that is not right, or `known` and not there, is left out.
    """
    problems: list[PlacedError] = []
    with noted(problems), at("current_density_A_m2"):
        _ = file.current
    metals = metals_of(file.materials, problems)
    unknown = {*file.materials, *known} - {*metals}
    elements: list[Layer | Interface | End] = []
    if file.left is None or file.left.lead not in unknown:
        with noted(problems):
            elements.append(_end("left", file.left, metals))
    for i, piece in enumerate(file.layers):
        if isinstance(piece, CellUse) or getattr(piece, "material", None) in unknown:
            continue
        with noted(problems):
            elements.append(_piece(i, piece, metals, file.mesh))
    if file.right is None or file.right.lead not in unknown:
        with noted(problems):
            elements.append(_end("right", file.right, metals))
    if problems:
        raise all_of(problems)
    return elements


def _piece(
    index: int,
    table: LayerTable | InterfaceTable,
    metals: dict[str, Metal],
    mesh: MeshTable | None,
) -> Layer | Interface:
    where = ("layers", index)
    if isinstance(table, InterfaceTable):
        with at(*where):
            return table.piece(table.name)
    metal = metal_named(table.material, metals, (*where, "material"))
    m = direction_of(table, metal, where)
    with at(*where):
        names: dict[str, Any] = {"name": table.name, "group": table.group}
        if mesh is None:
            return Layer(metal, table.thickness_in_units(), m=m, **names)
        thickness, nodes = mesh.layer(str(table.name))
        return Layer(metal, thickness, m=m, nodes=nodes, **names)


def _check_interface(
    index: int, table: InterfaceTable, three: list[Layer | Interface | End]
) -> None:
    """Check an interface, the middle one of three pieces, with what stands on its sides."""
    where = ("layers", index)
    if isinstance(three[0], Interface):
        return  # of the second of two the first one speaks
    metals = [piece.material for piece in three if isinstance(piece, Layer | Lead)]
    magnets = [metal for metal in metals if isinstance(metal, Ferromagnet)]
    if isinstance(three[2], Interface):
        text = "at most one interface must be between two layers, got a second one"
        raise PlacedError(text, ("layers", index + 1))
    if not magnets:
        if table.gamma is not None and np.any(table.gamma):
            check_left_out(table, ("gamma",), "between normal metals", where)
        check_left_out(table, (table.mixing_key,), "between normal metals", where)
    with at(*where):
        Stack(three)  # what else it must not be there


def _end(side: str, table: EndTable | None, metals: dict[str, Metal]) -> End:
    if table is None:
        return Reservoir()
    with at(side):
        key, value = one_of(table, "lead", "end")
    potential, current = table.drive_keys
    if key == "end":
        check_left_out(table, ("name", *MAGNETIC), "without a lead", (side,))
        return driving(value, table, (side,))
    check_left_out(table, (potential, current), "with a lead", (side,))
    metal = metal_named(value, metals, (side, "lead"))
    m = direction_of(table, metal, (side,))
    with at(side):
        return Lead(metal, m=m, name=table.name, group=table.group)


def driving(end: str, table: DrivingTable, where: Location) -> End:
    """Return an end that is no lead, with what is given there.

    Raises
    ------
    PlacedError
        If what is given has no meaning there, or is missing.
    """
    potential, current = table.drive_keys
    unwanted = {"reservoir": (current,), "spin-source": (potential,)}
    check_left_out(table, unwanted.get(end, table.drive_keys), f"at a {end} end", where)
    given = [getattr(table, key) for key in table.drive_keys]
    with at(*where):
        vectors = [None if v is None else _vector(v) for v in given]
        if end == "spin-source":
            if vectors[1] is None:
                raise PlacedError("required key is missing", (current,))
            return SpinSource(vectors[1])
        return SpinBlocking() if end == "spin-blocking" else Reservoir(vectors[0])


def _vector(components: list[Any]) -> FloatArray:
    """Return a vector, whose components are arrays where they vary in a sweep."""
    return np.stack(np.broadcast_arrays(*components), axis=-1)
