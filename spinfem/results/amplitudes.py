"""Results at a frequency: every amplitude by its modulus and its phase, as tables to read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray
from ..texts.numbers import scientific, seven, span, unit_of
from ..texts.tables import Column, Part, Table
from .solved import SolvedStack

COMPONENTS = "xyz"
MEANING = "amplitudes A of what is Re A exp(2 pi i f t), as j0 cos(2 pi f t)"
SUMS = (
    ("spin resistance dr", "spin_resistance", "Ohm m2"),
    ("resistance RA", "resistance", "Ohm m2"),
    ("voltage", "voltage", "V"),
)


def polar(amplitude: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return modulus and phase of amplitudes, the phase in degrees, from -180 to 180.

    That of 0, which has none, is 0, so that ``modulus exp(i phase)`` is always the amplitude.
    """
    z = np.asarray(amplitude) + 0.0  # turns -0.0 into 0.0, whose phase is 0, not 180
    return np.abs(z), np.degrees(np.angle(z))


def amplitudes_of(solution: SolvedStack, si: bool) -> list[Part]:
    """Return what the amplitudes are, and tables of them: in SI, or in the paper's units.

    Of a batch every number is a span, from the lowest to the highest.
    """
    result = solution.torque if si else solution.absorbed_spin_current
    title = "Torque, J/m2" if si else "Absorbed spin current (paper's units)"
    magnets = [(name, i) for name in solution.ferromagnets for i in range(len(COMPONENTS))]

    def of_magnet(row: tuple[str, int]) -> list[str]:
        name, i = row
        return [name, COMPONENTS[i], *polar_text(result(name)[..., i])]

    def of_stack(row: tuple[str, str, str]) -> list[str]:
        name, key, unit = row
        value = np.asarray(getattr(solution, key))
        shown = unit_of(key, "SI" if si else None)
        same = ""
        if shown.name and not value.ndim:
            same = f"= {shown.after(seven(abs(value.item()) / shown.size))}"
        return [name, *polar_text(value), unit if si else "", same]

    heads = Column("modulus"), Column("phase (deg)")
    columns = [Column("", is_text=True), Column("", is_text=True), *heads]
    tables = [
        Table(columns, magnets, of_magnet, title),
        Table([columns[0], *heads, *columns[:1] * 2], SUMS, of_stack, "Of the stack"),
    ]
    return [MEANING, *(table for table in tables if table.things)]


def polar_text(amplitude: Any, write: Callable[[float], str] = scientific) -> tuple[str, str]:
    """Write the modulus of an amplitude, and its phase in degrees, of which zero has none."""
    modulus, phase = polar(amplitude)
    if not np.any(modulus):
        return "0", ""
    return span(modulus, write), span(phase, _five)


def _five(value: float) -> str:
    return f"{value:.5g}"
