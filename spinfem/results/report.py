"""A solution as a text to read: the current, torques, efficiencies and resistances."""

from __future__ import annotations

from typing import cast

import numpy as np

from .._checks import FloatArray
from ..physics.directions import degrees_between
from ..sample.pieces import Layer, Lead
from ..sample.stack import Stack
from ..texts.numbers import batch_note, measure, scientific, seven, span, unit_of
from ..texts.tables import Column, Part, Table
from .amplitudes import SUMS, amplitudes_of
from .solved import SolvedStack


def magnet_direction(stack: Stack, name: str) -> FloatArray:
    """Return the m of a ferromagnet or group, shape (..., 3)."""
    return np.asarray(cast(Layer | Lead, stack.elements[stack.members(name)[0]]).m)


def report_of(solution: SolvedStack) -> list[Part]:
    """Return lines and tables: in SI if the metals are, else in the paper's units.

    Of a batch every number is a span, from the lowest to the highest.
    """
    si = solution.stack.units == "SI"
    unit = "A/m2" if si else "(paper's units)"
    current = f"j0 = {span(solution.j0, seven)} {unit}; positive: electrons flow towards +x"
    parts: list[Part] = [*filter(None, [batch_note(solution.shape)]), current]
    if solution.frequency is not None:
        per = "Hz" if si else "per unit of tau"
        swings = f"frequency = {span(solution.frequency, seven)} {per}"
        return [*parts, swings, *amplitudes_of(solution, si)]
    tables = _torques(solution, si), _efficiencies(solution)
    return [*parts, *(table for table in tables if table.things), _sums(solution, si)]


def _torques(solution: SolvedStack, si: bool) -> Table:
    title = "Torque, J/m2" if si else "Absorbed spin current (paper's units)"
    result = solution.torque if si else solution.absorbed_spin_current

    def cells(name: str) -> list[str]:
        vector = result(name)
        numbers = [*np.moveaxis(vector, -1, 0), np.hypot.reduce(vector, axis=-1)]
        return [name, *(span(x, scientific) for x in numbers)]

    columns = [Column("", is_text=True), *map(Column, ("x", "y", "z", "magnitude"))]
    return Table(columns, solution.ferromagnets, cells, title)


def _efficiencies(solution: SolvedStack) -> Table:
    def cells(names: tuple[str, str]) -> list[str]:
        angle = degrees_between(*(magnet_direction(solution.stack, name) for name in names))
        return [*names, *(span(x, seven) for x in (angle, *solution.efficiency(*names)))]

    texts = (Column(side, is_text=True) for side in ("left", "right"))
    columns = [*texts, *map(Column, ("angle (deg)", "g left", "g right"))]
    return Table(columns, solution.spacers, cells, "Efficiencies g, eq. (1)")


def _sums(solution: SolvedStack, si: bool) -> Table:
    def cells(row: tuple[str, str, str]) -> list[str]:
        name, quantity, unit = row
        value = getattr(solution, quantity)
        if not si:
            return [name, span(value, scientific)]
        shown = unit_of(quantity, "SI")
        same = f"  = {shown.after(measure(value, shown, seven))}" if shown.name else ""
        return [name, f"{span(value, scientific)}  {unit}{same}"]

    return Table([Column("", is_text=True)] * 2, SUMS, cells)
