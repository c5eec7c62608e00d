"""A stack as a table to read: what `print` shows of it, and notebooks do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray
from ..texts.numbers import batch_note, measure, span, unit_of
from ..texts.tables import Column, Part, Table
from .pieces import METALLIC, End, Interface, Layer, Reservoir, drive_of


class Shown(NamedTuple):
    """A number of a piece that the table shows."""

    symbol: str
    quantity: str  # what its unit is known by
    kind: type
    value: Callable[[Any], Any]  # of a piece of that kind; None if it has none


def _part(name: str) -> Callable[[Interface], Any]:
    return lambda joint: None if joint.mixing is None else getattr(joint.mixing, name)


NUMBERS = (
    Shown("thickness", "thickness", Layer, lambda layer: layer.thickness),
    Shown("AR*", "resistance", Interface, lambda joint: joint.resistance),
    Shown("gamma", "gamma", Interface, lambda joint: joint.gamma),
    Shown("delta", "delta", Interface, lambda joint: joint.delta if np.any(joint.delta) else None),
    Shown("mixing G_r", "G_r", Interface, _part("real")),
    Shown("mixing G_i", "G_i", Interface, _part("imag")),
)
"""Columns of numbers. A column is left out where no piece has one."""


def listing(
    elements: Sequence[Layer | End],
    names: Sequence[str],
    joints: Sequence[Interface | None],
    shape: tuple[int, ...],
    units: str | None,
) -> list[Part]:
    """Return a line about a stack, and the table of its pieces from left to right.

    Parameters
    ----------
    elements, names, joints, shape, units
        `elements`, `element_names`, `joints`, `shape` and `units` of the `Stack`.
    """
    rows: list[tuple[str, Layer | End | Interface]] = []
    for k, (name, element) in enumerate(zip(names, elements, strict=True)):
        rows.append((name, element))
        if k < len(joints) and (joint := joints[k]) is not None:
            rows.append((joint.name or "", joint))
    layers = elements[1:-1]
    length = unit_of("thickness", units)
    total = sum(layer.thickness for layer in layers if isinstance(layer, Layer))
    count = f"Stack of {len(layers)} layer{'s' if len(layers) > 1 else ''}"
    thick = f"{length.after(measure(total, length))} thick"
    columns = [
        *(Column(head, is_text=True) for head in ("", "metal", "m", "group")),
        *(Column(unit_of(one.quantity, units).head(one.symbol)) for one in NUMBERS),
    ]

    def cells(row: tuple[str, Any]) -> list[str]:
        name, piece = row
        texts = [name, made_of(piece, units), _m(piece), getattr(piece, "group", None) or ""]
        return texts + [_number(one, piece, units) for one in NUMBERS]

    return [", ".join(filter(None, [count, thick, batch_note(shape)])), Table(columns, rows, cells)]


def _number(one: Shown, piece: Any, units: str | None) -> str:
    value = one.value(piece) if isinstance(piece, one.kind) else None
    return "" if value is None else measure(value, unit_of(one.quantity, units))


def made_of(piece: Any, units: str | None) -> str:
    """Return of what a piece is: its metal, or what it drives; "" of other ends."""
    if (drive := drive_of(piece)) is not None:
        is_potential = isinstance(piece, Reservoir)
        unit = unit_of("spin_potential_x" if is_potential else "spin_current_x", units)
        shown = ", ".join(span(x, _component) for x in np.moveaxis(drive, -1, 0))
        return unit.after(f"{'mu_s' if is_potential else 'j_s'} = ({shown})")
    if not isinstance(piece, METALLIC):
        return "interface" if isinstance(piece, Interface) else ""
    metal = piece.material
    kind = "normal metal" if piece.m is None else "ferromagnet"
    return (metal.name or kind) + (", graded" if metal.is_graded else "")


def _m(piece: Any) -> str:
    m: FloatArray | None = getattr(piece, "m", None)
    if m is None:
        return ""
    return f"({', '.join(span(x, _component) for x in np.moveaxis(m, -1, 0))})"


def _component(x: float) -> str:
    return f"{x:.4g}"
