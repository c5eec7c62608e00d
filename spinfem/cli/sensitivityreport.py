"""What results depend on: relative changes with every number of a stack, to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from .._progress import progress_bar
from ..results.gradient import ANGLES, Gradient, places_of, several_of
from ..solution import Solution

FOREMOST = 5
"""Numbers that a chart of bars shows in the report."""
MOST = 200_000
"""Rates of change, one for each result and number: what takes some ten seconds."""
LONGEST = 40
"""Characters of the longest bar."""


class Output(StrEnum):
    """What can be asked for, as in `Solution.gradient`."""

    SPIN_RESISTANCE = "spin_resistance"
    RESISTANCE = "resistance"
    TORQUE = "torque"
    EFFICIENCY = "efficiency"


class Rates(NamedTuple):
    """Relative changes of one result."""

    label: tuple[str, ...]  # "dr", "RA", "T" or "g", and of which ferromagnets
    by: dict[str, float]  # d ln(result)/d ln(number), by name; of angles per degree
    together: dict[str, float]  # of several numbers at once, by one name: `Gradient.several`
    copies: dict[str, tuple[str, ...]]  # those of copies among them, and what they stand for


def is_angle(name: str) -> bool:
    """Whether a number of a gradient is an angle of m."""
    return name.rpartition(".")[2] in ANGLES


def rates_of(solution: Solution, outputs: Iterable[Output] = Output) -> list[Rates]:
    """Collect ``d ln(result)/d ln(number)``, as in `Gradient.logarithmic`.

    Parameters
    ----------
    solution : Solution
        Of a single stack.
    outputs : iterable of Output
        Which results: the torque is the size of that on every ferromagnet with a name, the
        efficiency g of both sides of every spacer.

    Raises
    ------
    ValueError
        If a result is not finite, the stack has none of those asked for, or there are too many.
    """
    of: dict[Output, Sequence[tuple[str, ...]]] = {
        Output.TORQUE: [(name,) for name in solution.ferromagnets],
        Output.EFFICIENCY: solution.spacers,
    }
    wanted = [(output, names) for output in outputs for names in of.get(output, [()])]
    _check_size(solution, wanted)
    if not wanted:
        raise ValueError(
            "results asked for must be there, got a stack without such a ferromagnet or spacer"
        )
    found, several = [], several_of(solution.stack, places_of(solution.stack))
    copied = {name for _, name in solution.stack.copies}
    copies = {one: of for one, of in several.items() if one.rpartition(".")[0] in copied}
    with progress_bar("sensitivity", len(wanted)) as advance:
        for output, names in wanted:
            gradient = solution.gradient(output, *names)
            for side, label in enumerate(_labels(output, names)):
                by = _rates(gradient, side)
                together = {one: sum(by[name] for name in of) for one, of in several.items()}
                found.append(Rates(label, by, together, copies))
            advance(1)
    return found


def _check_size(solution: Solution, wanted: Sequence[tuple[Output, tuple[str, ...]]]) -> None:
    counts = {output: sum(one == output for one, _ in wanted) for output in Output}
    torques, efficiencies = counts[Output.TORQUE], 2 * counts[Output.EFFICIENCY]
    results = len(wanted) + counts[Output.EFFICIENCY]
    numbers = len(places_of(solution.stack))
    if results * numbers > MOST:
        raise ValueError(
            f"results times numbers of the stack must be at most {MOST}, got {results} ({torques} "
            f"torques and {efficiencies} efficiencies among all) times {numbers}: ask for less, as "
            "by --of spin_resistance"
        )


def _labels(output: Output, names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return what the components of a gradient are of."""
    if output == Output.EFFICIENCY:
        left, right = names
        return [("g", left, f"by {right}"), ("g", right, f"by {left}")]
    symbols = {Output.SPIN_RESISTANCE: "dr", Output.RESISTANCE: "RA", Output.TORQUE: "T"}
    return [(symbols[output], *names)]


def _rates(gradient: Gradient, component: int = 0) -> dict[str, float]:
    if not np.isfinite(gradient.value).all():
        raise ValueError(
            "results must be finite, got an overflow of double precision: numbers in the file are "
            "too large or too small"
        )
    return {name: float(np.ravel(x)[component]) for name, x in gradient.logarithmic.items()}


def sensitivity_report(rates: list[Rates]) -> str:
    """Write a table of all numbers in the order of the stack, and bars of those that matter."""
    singly, together = [one.by for one in rates], [one.together for one in rates]
    lines = [
        "d ln(result)/d ln(number): by how many % a result changes for 1 % of a number",
        "dr: spin resistance; RA: resistance; T: size of the torque; g: eq. (1)",
        "",
        *_table(rates, singly, angles=False),
    ]
    if any(is_angle(name) for name in rates[0].by):
        lines += ["", "d ln(result)/d(angle), per degree", "", *_table(rates, singly, angles=True)]
    for angles, rows in ((False, "for 1 % of each"), (True, "per degree of each")):
        if any(is_angle(name) is angles for name in rates[0].together):
            head = f"all copies of a layer, or all that is of a metal, together, {rows}"
            lines += ["", head, "", *_table(rates, together, angles=angles)]
    if not all(np.isfinite(list(one.by.values())).all() for one in rates):
        lines += ["", "-: none, since the result is zero or turning m would open a contact"]
    for one in rates:
        lines += _bars(one)
    return "\n".join(line.rstrip() for line in lines)


def _table(rates: list[Rates], by: list[dict[str, float]], *, angles: bool) -> Iterator[str]:
    names = [name for name in by[0] if is_angle(name) is angles]
    depth = max(len(one.label) for one in rates)
    columns = [[""] * depth + names]
    for one, own in zip(rates, by, strict=True):
        missing = [""] * (depth - len(one.label))
        columns.append([*one.label, *missing, *(_number(own[name]) for name in names)])
    first, *others = (max(map(len, column)) for column in columns)
    for name, *cells in zip(*columns, strict=True):
        right = (cell.rjust(width) for cell, width in zip(cells, others, strict=True))
        yield "  ".join([name.ljust(first), *right])


def foremost(rates: Rates, count: int) -> dict[str, float]:
    """Return the numbers that matter most with their rates, the first one most; no angles.

    Those of copies are one number.
    """
    of_copies = {name for several in rates.copies.values() for name in several}
    by = {name: x for name, x in rates.by.items() if name not in of_copies}
    by |= {name: rates.together[name] for name in rates.copies}
    known = [name for name, x in by.items() if not is_angle(name) and np.isfinite(x) and x != 0]
    return {name: by[name] for name in sorted(known, key=lambda name: -abs(by[name]))[:count]}


def _bars(rates: Rates) -> Iterator[str]:
    by = foremost(rates, FOREMOST)
    if not by:
        return
    largest, width = max(map(abs, by.values())), max(map(len, by))
    yield ""
    yield f"{' '.join(rates.label)}: what matters most"
    for name, value in by.items():
        bar = ("+" if value > 0 else "-") * max(1, round(LONGEST * abs(value) / largest))
        yield f"  {name:<{width}}  {_number(value):>7}  {bar}"


def _number(x: float) -> str:
    """Write a rate with its sign; - if there is none."""
    if not np.isfinite(x):
        return "-"
    if abs(x) < 5e-5:
        return "0"
    return f"{x:+.4f}" if abs(x) < 1000 else f"{x:+.2e}"
