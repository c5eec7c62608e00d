"""What tables of a file refer to: metals by their names, and magnetizations; their units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import ArrayLike

from .._names import kind_hint, same_thing
from ..files.tables import Location, PlacedError, Table, at, noted, one_of, shown
from ..sample.materials import Metal, NormalMetal
from ..sample.pieces import direction
from ..sample.units import notice, notice_radians
from .keys import MEASURED, MEASURED_IN_DEVICES
from .magnettables import MAGNET_KEYS
from .schema import DirectedTable


class _Material(Protocol):
    """One of the tables ``[materials.X]``."""

    def metal(self, name: str) -> Metal:
        """Return the metal."""
        ...


def metals_of(tables: Mapping[str, _Material], problems: list[PlacedError]) -> dict[str, Metal]:
    """Return the metals of ``[materials]`` that are right; of others note what is wrong."""
    metals: dict[str, Metal] = {}
    for name, table in tables.items():
        with noted(problems), at("materials", name):
            metals[name] = table.metal(name)
    return metals


def metal_named(name: str, metals: Mapping[str, Metal], where: Location) -> Metal:
    """Return the metal that a table asks for; PlacedError, with a hint, if there is none."""
    if name not in metals:
        known = ", ".join(metals) or "none in this file"
        hint = _material_hint(name, metals)
        raise PlacedError(f"must be one of the materials ({known}), got {shown(name)}{hint}", where)
    return metals[name]


def _material_hint(name: str, metals: Mapping[str, Metal]) -> str:
    if same := same_thing(name, metals):
        return f"; did you mean {same!r}?"
    from ..sample.library import SHIPPED  # reads its file, which a right stack file does not need

    if name in SHIPPED.materials:
        numbers = (
            f'in [materials.{name}] library = "{name}" takes numbers with sources, which '
            f"`spinfem materials {name}` prints"
        )
        return f"{kind_hint(name, (), in_file=True)}; {numbers}"
    return kind_hint(name, metals, in_file=True)


ANGLES = ("polar_deg", "azimuth_deg")
MAGNETIC = ("m", "polar_deg", "azimuth_deg", "group")
"""Keys that have a meaning in ferromagnets alone."""


def direction_of(table: DirectedTable, metal: Metal, where: Location) -> ArrayLike | None:
    """Return m of a ferromagnet, and None for a normal metal."""
    if isinstance(metal, NormalMetal):
        check_left_out(table, (*MAGNETIC, *MAGNET_KEYS), "in a normal metal", where)
        return None
    if table.polar_deg is None:
        check_left_out(table, ("azimuth_deg",), "without polar_deg", where)
    with at(*where):
        key, value = one_of(table, "m", "polar_deg")
    azimuth = 0.0 if table.azimuth_deg is None else table.azimuth_deg
    return value if key == "m" else direction(value, azimuth)


def check_left_out(table: Table, keys: tuple[str, ...], circumstance: str, where: Location) -> None:
    """Raise PlacedError if one of the keys is given where it has no meaning."""
    for key in keys:
        if (value := getattr(table, key, None)) is not None:
            text = f"must be left out {circumstance}, got {shown(value)}"
            raise PlacedError(text, (*where, key))


def notice_units(path: Path, values: Iterable[tuple[str, str, Any]]) -> None:
    """Warn of numbers of a file in SI that no sample has.

    Parameters
    ----------
    path : Path
        The file.
    values : iterable of (str, str, object)
        Where each of its numbers stands, in words; its key; the number, or an array of them.
    """
    measured = MEASURED | MEASURED_IN_DEVICES
    for place, key, value in values:
        if key in measured:
            quantity, unit = measured[key]
            first = value[0] if isinstance(value, list) else value
            notice(quantity, f"{path}: {place}", first * quantity.sizes[unit], unit)
        elif key in ANGLES:
            notice_radians(f"{path}: {place}", float(value))
