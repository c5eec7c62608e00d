r"""Convergence in time: how errors of a transient fall as its steps get shorter.

The method, Radau IIA of three stages, is of order 5 where steps are shorter than all that relaxes,
and of order 3 to 4 where something relaxes faster: spins of a real ferromagnet do within 0.1 ps,
those at the faces of half-infinite leads without any least time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks import BoolArray, FloatArray
from .._progress import progress_bar
from ..sample.stack import LoadedStack, Stack
from ..solver import whole
from ..texts.numbers import unit_of
from ..texts.tables import Column, Part, Readable, Table, as_text
from ..timedomain.transient import MOST, Course, Current, Transient
from .convergence import finest, rate_of, save_columns

QUANTITIES = ("torque", "spin voltage", "mu_s")
"""What the errors are of, relative to the largest of all times."""
COLUMNS = ("steps", "step", "time", *QUANTITIES)
LEAST = 8
"""Steps of the coarsest division, at least."""
BETTER = 4
"""By so much more steps than the most that are studied has what errors are against."""
FLOOR = 1e-11
"""Errors below are roundings, and not fitted."""


@dataclass(frozen=True)
class StepStudy(Readable):
    """Errors over the steps that a transient is taken in; `print` shows them, and notebooks do.

    Attributes
    ----------
    stack : Stack
        The sample.
    columns : dict of array
        One value per division: the number of `steps`, the length of a `step` (s, or the unit of
        tau), `time` (s), and the errors "torque", "spin voltage" and "mu_s", at the times given,
        relative to the largest of all times and magnets; nan where there is nothing.
    used : dict of array of bool
        Which divisions the rate of each error was fitted to: the finest four, above roundings.
    rates : dict of float
        Exponents of the step; nan where fewer than two divisions could be used.
    """

    stack: Stack
    columns: dict[str, FloatArray]
    used: dict[str, BoolArray]
    rates: dict[str, float]

    @property
    def table(self) -> str:
        """The study as lines of text: a row per division, and the rates."""
        return as_text([self._table])

    @property
    def _table(self) -> Table:
        rows = [self._row(i) for i in range(self.columns["steps"].size)]
        rows.append(("rate", "", "", *(f"{self.rates[name]:.2f}" for name in QUANTITIES)))
        return Table([Column(name) for name in COLUMNS], rows, list)

    def _parts(self) -> list[Part]:
        steps = "s" if self.stack.units == "SI" else "the unit of tau"
        return [
            self._table,
            f"step in {steps}, time in s",
            f"against: {BETTER} times the most steps",
        ]

    def _row(self, i: int) -> tuple[str, ...]:
        steps, *lengths = (self.columns[name][i] for name in COLUMNS[:3])
        marks = ("*" if self.used[name][i] else "" for name in QUANTITIES)
        errors = (self.columns[name][i] for name in QUANTITIES)
        shown = (f"{error:.2e}{mark}" for error, mark in zip(errors, marks, strict=True))
        return str(int(steps)), *(f"{x:.3g}" for x in lengths), *shown

    def save(self, path: str | PathLike[str]) -> None:
        """Write the study to a .csv file, all digits."""
        save_columns(self.columns, path)

    def plot(self, ax: Any = None) -> Any:
        """Draw the errors over the length of the steps, ps in SI; return axes."""
        from ..plot.convergence import draw_errors

        unit = unit_of("tau", self.stack.units)
        columns = {**self.columns, "step": self.columns["step"] / unit.size}
        return draw_errors(ax, "step", columns, self.used, self.rates, unit.name)


def converge_in_time(
    stack: Stack | LoadedStack,
    j0: ArrayLike | Current,
    times: ArrayLike,
    *,
    before: float = 0.0,
    m: Mapping[str, ArrayLike | Current] | None = None,
    refinements: int = 5,
    threads: int | None = None,
    progress: bool | None = None,
) -> StepStudy:
    """Study how the errors of a transient fall as its steps get shorter.

    It is followed again and again: in eight steps, or so many more that `breaks` of j0 and of m,
    and times, are ends of steps; in twice, four times as many and so on. Errors are against four
    times the most. Where something jumps they fall with a lower rate.

    Parameters
    ----------
    stack, j0, times, before, m, threads
        As of `spinfem.transient`.
    refinements : int
        Number of divisions, at least 2.
    progress : bool, optional
        Whether to draw a progress bar, as in `spinfem.sweep`.

    Returns
    -------
    StepStudy

    Raises
    ------
    TypeError, ValueError
        As of `spinfem.transient`, or if what errors are against would take more than 4,096 steps.
    """
    course = Course("a study of steps", stack, j0, times, before, m, threads)
    refinements = whole("refinements", refinements, least=2)
    first = course.first_step(LEAST)
    fewest = round((course.times[-1] - course.times[0]) / first)
    allowed = 1 + int(np.log2(MOST / BETTER / fewest))
    if refinements > allowed:
        raise ValueError(
            f"refinements must be at most {allowed} for these times, got {refinements}: the finest "
            f"division would have {fewest * 2.0 ** (refinements - 1):,.0f} steps"
        )
    lengths = [first / 2**i for i in range(refinements)]
    lengths.append(lengths[-1] / BETTER)
    found, rows = [], []
    with progress_bar("converge", sum(first / step for step in lengths), progress) as advance:
        for step in lengths:
            start = time.perf_counter()
            followed = course.followed(step, FLOOR)
            found.append(_results(followed))
            rows.append((followed.steps, step, time.perf_counter() - start))
            advance(first / step)
    errors = [_errors(one, found[-1]) for one in found[:-1]]
    rows = [(*row, *error) for row, error in zip(rows[:-1], errors, strict=True)]
    columns = dict(zip(COLUMNS, np.array(rows, dtype=float).T, strict=True))
    used = {name: finest(columns[name] > FLOOR) for name in QUANTITIES}
    rates = {
        name: rate_of(columns["steps"][used[name]], columns[name][used[name]])
        for name in QUANTITIES
    }
    return StepStudy(course.stack, columns, used, rates)


def _results(found: Transient) -> list[FloatArray]:
    """Return torques, the voltage by spin and mu_s, at all times, at faces and in between."""
    x = found.stack.x
    places = np.sort(np.append(x, (x[:-1] + x[1:]) / 2))
    values = found.torques, found.spin_voltage, found.spin_potential(places)
    return [np.asarray(value) for value in values]


def _errors(some: list[FloatArray], better: list[FloatArray]) -> list[float]:
    """Return errors relative to the largest."""
    sizes = [np.abs(value).max(initial=0.0) for value in better]
    return [
        float(np.abs(a - b).max(initial=0.0) / size) if size > 0 else float("nan")
        for a, b, size in zip(some, better, sizes, strict=True)
    ]
