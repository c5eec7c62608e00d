"""``spinfem new``, ``check`` and ``schema``: stack files before they are solved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .._checks import note
from ..files.disk import check_target, explained

if TYPE_CHECKING:
    from ..io.stackfile import StackFile


def begin(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to write; must not be there yet.")
    ] = Path("stack.toml"),
) -> str:
    """Write a stack file to begin with, which explains every key.

    It is a spin valve that can be solved. What it does not need, such as interfaces, repeated cells
    or numbers of the library, is commented out.
    """
    from ..io.template import template

    check_target(file, ".toml")
    try:
        with file.open("x", encoding="utf-8", newline="\n") as new:
            new.write(template())
    except FileExistsError:
        raise ValueError(f"{file}: must not be there yet: it would be overwritten") from None
    except OSError as error:
        raise explained("cannot be written", file, error) from None
    return f"{file}: spinfem check {file}, spinfem solve {file}"


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Stack file (TOML).")],
) -> str | int:
    """Check FILE: tell all that is wrong in it, one error a line, or what it is.

    Below is what the library says of its metals in FILE, such as a bound that is taken as a number.
    The exit status is 0 if it is right, and 2 if not.
    """
    from ..files.tables import FileError
    from ..io.stackfile import read_into

    try:
        found, moving = read_into(file, lambda found: (found, _moving(found)))
    except FileError as error:
        for line in error.lines:
            note(f"error: {line}")
        return 2
    return "\n".join([f"{file}: {_described(found, moving)}", *_remarks(found)])


def _moving(file: StackFile) -> int:
    """Return how many magnets move; PlacedError if they cannot."""
    from ..io.magnettables import magnets_in

    if not any(magnet.moves for magnet in magnets_in(file.tables.layers, file.stack).values()):
        return 0
    from ..dynamics.dynamics import Dynamics
    from ..dynamics.fromfile import made_of

    return len(made_of(Dynamics, file).names)


def _remarks(file: StackFile) -> Iterator[str]:
    """Tell what the library says of its metals in a file, and which numbers are only bounds."""
    from ..io.metaltables import LibraryMetal
    from ..sample.library import SHIPPED
    from ..sample.libraryfile import SYMBOLS

    for name, table in file.tables.materials.items():
        if not isinstance(table, LibraryMetal):
            continue
        metal, variant, entry = SHIPPED.entry("material", table.library, **table.choice)
        said = [entry.description] if entry.description else []
        for key, number in entry.quantities.items():
            if number.bound and getattr(table, key, None) is None:
                symbol, unit = SYMBOLS[key]
                said.append(f"{symbol} {number.shown()} {unit}: that bound is taken")
        if said:
            yield f"materials.{name}: {metal}, {variant}: {'; '.join(said)}"


def _described(file: StackFile, moving: int) -> str:
    """Write in one line what a stack file describes."""
    layers, joints = file.stack.layers, file.stack.joints
    length, current = ("nm", " A/m2") if file.units == "SI" else ("thick", "")
    thickness = float(file.stack.x[-1]) * (1e9 if file.units == "SI" else 1)
    counts = [
        (len(layers), "layer"),
        (sum(layer.is_ferromagnet for layer in layers), "ferromagnet"),
        (sum(joint is not None for joint in joints), "interface"),
        *[(moving, "moving magnet")] * (moving > 0),
    ]
    units = "SI" if file.units == "SI" else "the paper's units"
    said = [f"{n} {name}{'s' * (n != 1)}" for n, name in counts]
    said += [f"{thickness:.6g} {length}", f"j0 = {file.j0:g}{current}", f"in {units}"]
    return ", ".join([*filter(None, [file.title]), *said])


def print_schema() -> str:
    """Print the JSON schema of stack files, for completion in editors.

    Beside a stack file as spinfem.schema.json it is what the first line that spinfem new writes
    points to.
    """
    from ..io.jsonschema import json_schema

    return json.dumps(json_schema(), indent=2)
