"""Results at a frequency, complex amplitudes, as tables to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..texts.numbers import unit_of
from ..texts.tables import Column, Part, Table, as_text
from .report import OVERFLOW

if TYPE_CHECKING:
    from ..io.stackfile import StackFile
    from ..solution import Solution

COMPONENTS = "xyz"


def swinging_report(file: StackFile, solution: Solution) -> str:
    """Write the main results at a frequency for reading, each by its modulus and phase.

    Raises
    ------
    ValueError
        If a result is not finite.
    """
    si = file.units == "SI"
    result = solution.torque if si else solution.absorbed_spin_current
    vectors = {name: result(name) for name in solution.ferromagnets}
    sums = [
        ("spin resistance dr", "spin_resistance", "Ohm m2"),
        ("resistance RA", "resistance", "Ohm m2"),
        ("voltage", "voltage", "V"),
    ]
    numbers = {key: complex(getattr(solution, key)) for _, key, _ in sums}
    if not np.isfinite([*numbers.values(), *np.ravel([*vectors.values()])]).all():
        raise ValueError(OVERFLOW)

    def of_magnet(row: tuple[str, int]) -> list[str]:
        name, i = row
        return [name, COMPONENTS[i], *_polar(complex(vectors[name][i]))]

    def of_stack(row: tuple[str, str, str]) -> list[str]:
        name, key, unit = row
        modulus, phase = _polar(numbers[key])
        shown = unit_of(key, "SI" if si else None)
        same = shown.after(f"{abs(numbers[key]) / shown.size:.7g}") if shown.name else ""
        return [name, modulus, phase, unit if si else "", f"= {same}" if same else ""]

    title = "Torque, J/m2" if si else "Absorbed spin current (paper's units)"
    heads = Column("modulus"), Column("phase (deg)")
    magnets = [(name, i) for name in vectors for i in range(len(COMPONENTS))]
    columns = [Column("", is_text=True), Column("", is_text=True), *heads]
    tables = [
        Table(columns, magnets, of_magnet, title),
        Table([columns[0], *heads, *columns[:1] * 2], sums, of_stack, "Of the stack"),
    ]
    parts: list[Part] = [*filter(None, [file.title, str(file.path)]), *_heading(file, solution, si)]
    return as_text([*parts, *(table for table in tables if table.things)])


def _heading(file: StackFile, solution: Solution, si: bool) -> list[str]:
    """Say what swings, how fast, and what the numbers are."""
    unit, per = (" A/m2", "Hz") if si else (" (paper's units)", "per unit of tau")
    swings = f"j0 = {file.j0:.7g}{unit}, at {solution.frequency:.7g} {per}"
    return [
        f"{swings}; positive: electrons flow towards +x",
        "amplitudes A of what is Re A exp(2 pi i f t), as j0 cos(2 pi f t)",
    ]


def _polar(amplitude: complex) -> tuple[str, str]:
    """Write the modulus of an amplitude, and its phase, of which zero has none."""
    if not amplitude:
        return "0", ""
    return f"{abs(amplitude):.6e}", f"{np.degrees(np.angle(amplitude)):.5g}"
