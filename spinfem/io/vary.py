"""What ``spinfem sweep --vary`` says: which key of a stack file takes which values."""

from __future__ import annotations

from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import numpy as np
from pydantic import BaseModel

from .._checks import FloatArray, near_match
from ..stack import Stack
from .schema import Location, PaperFile, SIFile
from .stackfile import StackFile, read, stack_of

UNITS = {"_nm": "nm", "_deg": "degree", "_ohm_m": "Ohm m", "_S_m": "S/m", "_fOhm_m2": "fOhm m2"}
"""Units by the end of a key; keys without one are in the paper's units."""
MOST = 10**9


@dataclass(frozen=True)
class Variation:
    """One ``--vary``.

    Attributes
    ----------
    name : str
        ``LAYER.KEY`` as given.
    where : tuple
        Where the key stands in the file.
    values : array, shape (n,)
        Its values, in the unit of the key.
    log : bool
        Whether they are evenly spaced in the logarithm.
    """

    name: str
    where: Location
    values: FloatArray
    log: bool

    @property
    def attributes(self) -> dict[str, str]:
        """Attributes of the axis in the dataset."""
        name, _, key = self.name.rpartition(".")
        found = {"long_name": f"{key} of {name}", "spacing": "log" if self.log else "linear"}
        for end, unit in UNITS.items():
            if key.endswith(end):
                found["units"] = unit
        return found


def parse(text: str, file: StackFile) -> Variation:
    """Read ``LAYER.KEY=START:STOP:N`` or ``...:log``, and try both ends in the stack file.

    What a key requires is an interval, so that all values are right if the first and the last are.

    Parameters
    ----------
    text : str
        What was given after ``--vary``.
    file : StackFile
        The stack file; LAYER is the name of a layer, a lead or a material in it, "left" or
        "right". One that has KEY is meant.

    Raises
    ------
    ValueError
        If the text is not of this form, nothing has that name and key, or a value is not allowed.
    """
    name, equals, given = text.rpartition("=")
    if not equals or "." not in name.strip("."):
        raise ValueError(f"--vary must be LAYER.KEY=START:STOP:N, got {text!r}")
    if "/" in name:
        raise ValueError(f"--vary {name}: name of an axis of a .nc file must be without '/'")
    where = _locate(name, file)
    values, log = _range(name, given)
    for end in (values[0], values[-1]):
        read(file.path, {where: float(end)})
    return Variation(name, where, values, log)


def _range(name: str, given: str) -> tuple[FloatArray, bool]:
    def refusal(requirement: str, got: str = given) -> ValueError:
        return ValueError(f"--vary {name}: {requirement}, got {got!r}")

    parts = given.split(":")
    log = len(parts) == 4 and parts[3] == "log"
    if not log and len(parts) != 3:
        raise refusal("range must be START:STOP:N or START:STOP:N:log")
    try:
        start, stop = float(parts[0]), float(parts[1])
    except ValueError:
        raise refusal("START and STOP must be numbers") from None
    if not (np.isfinite([start, stop]).all() and start != stop):
        raise refusal("START and STOP must be finite and different")
    if not (parts[2].isdecimal() and 2 <= int(parts[2][:12]) <= MOST):
        raise refusal("N must be a whole number from 2 to 1e9", parts[2])
    if log and not (start > 0 and stop > 0):
        raise refusal("START and STOP must be positive for log spacing")
    spaced = np.geomspace if log else np.linspace
    return spaced(start, stop, int(parts[2])), log


def _locate(name: str, file: StackFile) -> Location:
    """Find the key; where a layer and a material share a name, that which has the key."""
    owner, _, key = name.rpartition(".")
    places = _places(file)
    if owner not in {place for place, _, _ in places}:
        known = list(dict.fromkeys(place for place, _, _ in places))
        raise ValueError(
            f"--vary {name}: name must be that of a layer, a material or a lead "
            f"({', '.join(known)}), got {owner!r}{near_match(owner, known)}"
        )
    keys: list[str] = []
    for place, where, table in places:
        numeric = _numeric_keys(table) if place == owner else []
        if key in numeric:
            return (*where, key)
        keys += numeric
    raise ValueError(
        f"--vary {name}: key must be a numeric one of {owner!r} ({', '.join(keys) or 'none'}), "
        f"got {key!r}{near_match(key, keys)}"
    )


def _places(file: StackFile) -> list[tuple[str, Location, BaseModel]]:
    """Return name, place in the file and table of all that may vary; layers come first."""
    tables = file.tables
    found: list[tuple[str, Location, BaseModel]] = [
        (layer.name or "", ("layers", i), table)
        for i, (layer, table) in enumerate(zip(file.stack.layers, tables.layers, strict=True))
    ]
    for side in ("left", "right"):
        table = getattr(tables, side)
        if table is not None and table.lead is not None:
            found += [(n, (side,), table) for n in (table.name, side) if n is not None]
    return [*found, *((name, ("materials", name), t) for name, t in tables.materials.items())]


def _numeric_keys(table: BaseModel) -> list[str]:
    fields = type(table).model_fields
    return [key for key, field in fields.items() if _is_number(field.annotation)]


def _is_number(annotation: Any) -> bool:
    if get_origin(annotation) in (Annotated, Union, UnionType):
        return any(_is_number(part) for part in get_args(annotation))
    return annotation is float


@dataclass(frozen=True)
class FileBuilder:
    """Makes the stack of a file with arrays in place of the keys that vary; it can be pickled."""

    tables: SIFile | PaperFile
    places: dict[str, Location]

    def __call__(self, **values: FloatArray) -> Stack:
        """Return the stack for values of ``LAYER.KEY``, in the unit of the key."""
        tables = self.tables
        for name, value in values.items():
            tables = _changed(tables, self.places[name], value)
        return stack_of(tables)


def _changed(node: Any, where: Location, value: Any) -> Any:
    """Return a copy of nested tables in which one value is another."""
    if not where:
        return value
    first, rest = where[0], where[1:]
    if isinstance(node, BaseModel):
        new = _changed(getattr(node, str(first)), rest, value)
        return node.model_copy(update={str(first): new})
    copy = node.copy()
    copy[first] = _changed(node[first], rest, value)
    return copy
