"""Results at a frequency, complex amplitudes, as tables to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from ..results.amplitudes import SUMS, amplitudes_of
from ..solvers.elements import at_frequency, elements_of
from ..texts.tables import Part, as_text
from .report import OVERFLOW

if TYPE_CHECKING:
    from ..io.stackfile import StackFile
    from ..solution import Solution


Frequency = Annotated[
    float | None,
    typer.Option(
        metavar="F", help="Of a current that swings, Hz; in the paper's units per unit of tau."
    ),
]


def check_times(file: StackFile) -> None:
    """Raise ValueError, which names the file, if a metal in it has no tau, or an infinite l."""
    try:
        at_frequency(file.stack, elements_of(file.stack), 0.0)
    except ValueError as error:
        raise ValueError(f"{file.path}: {error}") from None


def swinging_report(file: StackFile, solution: Solution) -> str:
    """Write the main results at a frequency for reading, each by its modulus and phase.

    Raises
    ------
    ValueError
        If a result is not finite.
    """
    si = file.units == "SI"
    result = solution.torque if si else solution.absorbed_spin_current
    numbers = [complex(getattr(solution, key)) for _, key, _ in SUMS]
    if not np.isfinite([*numbers, *np.ravel([*map(result, solution.ferromagnets)])]).all():
        raise ValueError(OVERFLOW)
    unit, per = (" A/m2", "Hz") if si else (" (paper's units)", "per unit of tau")
    swings = f"j0 = {file.j0:.7g}{unit}, at {solution.frequency:.7g} {per}"
    parts: list[Part] = [*filter(None, [file.title, str(file.path)])]
    parts.append(f"{swings}; positive: electrons flow towards +x")
    return as_text([*parts, *amplitudes_of(solution, si)])
