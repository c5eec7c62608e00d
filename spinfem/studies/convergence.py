r"""Convergence studies: how errors fall as elements get smaller, or their degree higher.

With elements of degree k and size h, torques and the spin resistance converge with h^2k, mu_s in
L2 with h^(k+1) and in H1 with h^k. The torque is the multiplier of the interface conditions;
differentiated from mu_s it would converge with h^k only, which the study shows for comparison.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from .. import analytic
from .._checks import BoolArray, FloatArray, Number, nonnegative
from .._progress import progress_bar
from ..fem.mesh import DEGREE
from ..sample.stack import LoadedStack, Stack, check_current, check_stack
from ..solution import Solution
from ..solver import MAX_DEGREE, solve, whole
from ..solvers.condensed import Condensed
from ..solvers.elements import Elements, at_frequency, check_spin_sink, elements_of
from ..solvers.meshed import Meshed
from ..texts.tables import Column, Part, Readable, Table, as_text
from .errors import errors_of
from .meshes import Meshes, coarsest

QUANTITIES = ("torque", "differentiated torque", "dr", "L2", "H1", "spin current")
"""What the errors are of; all are relative."""
COLUMNS = ("elements", "degree", "unknowns", "h", "time", *QUANTITIES)
FLOOR = 1e-11
"""Errors below are not fitted: they are near those of an over-resolved reference, or rounding."""
FLOORS = {"torque": 1e-13, "dr": 1e-13}
"""The same where the reference is better; with degree 4 one mesh or none is left above 1e-11."""
FLOORS_BY_H = {"H1": 1e-13, "differentiated torque": 1e-13}
"""And the same times h: roundings of a polynomial grow by 1/h when it is differentiated."""
COARSEST = 0.5
"""h/l of the largest element, above which a mesh is not fitted: it is not yet asymptotic."""
FITTED = 4
"""To so many meshes rates are fitted: the finest that are left."""
AWAY = 0.3
"""From the rate of theory: what is farther is not asymptotic."""
MOST = 100_000
"""Elements in a stack that are not exceeded: errors are rounding long before."""


@dataclass(frozen=True)
class Study(Readable):
    """Errors over a sequence of meshes, or of degrees; `print` shows them, and notebooks do.

    Attributes
    ----------
    stack : Stack
        The sample.
    refine : "h" or "p"
        Whether the elements get smaller, or their degree higher.
    reference : str
        What the errors are against: "exact stack", or "over-resolved solve".
    meshes : str
        What is refined: meshes "graded towards the faces", "equally wide in every layer", or "those
        that layers come with, divided".
    columns : dict of array
        One value per mesh: `elements` of the layer that has most, `degree`, `unknowns`, `h` (the
        largest element in decay lengths, see below), `time` (s), and the relative errors "torque",
        "differentiated torque", "dr", "L2" and "H1" of mu_s, and "spin current" (L2). Where there
        is no torque, but for rounding, those of torques are nan.
    used : dict of array of bool
        Which meshes the rate of each error was fitted to.
    rates : dict of float
        Exponents of h; nan where fewer than two meshes could be used, and for "p".

    Notes
    -----
    Decay lengths are l, and those across m of a ferromagnet with exchange lengths. What decays is
    resolved where it is large: an element at a distance of x decay lengths from the nearer face
    counts as exp(-x/14.5) of its size in `h`, as meshes of `spinfem.solve` are graded, and beyond
    30 of them not at all.
    """

    stack: Stack
    refine: Literal["h", "p"]
    reference: str
    meshes: str
    columns: dict[str, FloatArray]
    used: dict[str, BoolArray]
    rates: dict[str, float]

    @property
    def remarks(self) -> tuple[str, ...]:
        """Why there are errors without a rate, or with another than of theory, and what to do."""
        if self.refine == "p":
            return ()
        reasons: dict[str, list[str]] = {}
        for name in QUANTITIES:
            if not np.isfinite(self.rates[name]):
                reasons.setdefault(self._missing(name), []).append(name)
        missing = (f"no rate of {', '.join(names)}: {why}" for why, names in reasons.items())
        degree = int(self.columns["degree"][0])
        odd = (
            f"rate of {name} is {self.rates[name]:.2f}, where {law[0]} is that of degree {degree}: "
            "errors that fall otherwise still outweigh it, and more refinements bring it nearer"
            for name, law in expected_rates(degree).items()
            if min(abs(self.rates[name] - rate) for rate in law) > AWAY
        )
        return (*missing, *odd)

    def _missing(self, name: str) -> str:
        """Say why there is no rate."""
        h = self.columns["h"]
        if np.isnan(self.columns[name]).all():
            if np.isnan(self.columns["torque"]).all():
                return "no magnetization has one, but for rounding"
            return "only in stacks of uniform metals and strong ferromagnets, without interfaces"
        if np.sum(h <= COARSEST) < 2:
            needed = 2
            while divisor(needed - 2) < h[0] / COARSEST:
                needed += 1
            return (
                f"two meshes must have h of at most {COARSEST}, got {h[-1]:.2g} of the finest: "
                f"take refinements={needed} or more"
            )
        lower = ": take a lower degree" if self.columns["degree"][0] > 1 else ""
        return f"errors are rounding where h is at most {COARSEST}{lower}"

    @property
    def table(self) -> str:
        """The study as lines of text: a row per mesh, and the rates; `print` says more."""
        return as_text([self._table])

    @property
    def _table(self) -> Table:
        rows = [self._row(i) for i in range(self.columns["h"].size)]
        if self.refine == "h":
            fitted = ("rate" if name == "elements" else "" for name in COLUMNS[: -len(QUANTITIES)])
            rows.append((*fitted, *(f"{self.rates[name]:.2f}" for name in QUANTITIES)))
        return Table([Column(name) for name in COLUMNS], rows, list)

    def _parts(self) -> list[Part]:
        about = f"against: {self.reference}", f"meshes: {self.meshes}"
        return [self._table, *about, *self.remarks]

    def _row(self, i: int) -> tuple[str, ...]:
        def shown(name: str) -> str:
            value = self.columns[name][i]
            if name in ("elements", "degree", "unknowns"):
                return str(int(value))
            mark = "*" if name in self.used and self.used[name][i] else ""
            return f"{value:.3g}{mark}" if name in ("h", "time") else f"{value:.2e}{mark}"

        return tuple(map(shown, COLUMNS))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the study to a .csv file, all digits; times are in s."""
        save_columns(self.columns, path)

    def plot(self, ax: Any = None) -> Any:
        """Draw the errors over h, with triangles of the slopes, or over the degree; return axes."""
        from ..plot.convergence import draw_errors

        x = "h" if self.refine == "h" else "degree"
        return draw_errors(ax, x, self.columns, self.used, self.rates)


def converge(
    stack: Stack | LoadedStack,
    j0: ArrayLike | None = None,
    *,
    degree: int = 2,
    refinements: int = 5,
    refine: Literal["h", "p"] = "h",
    grading: bool = True,
    frequency: float | None = None,
    progress: bool | None = None,
) -> Study:
    """Study how the errors of a single stack fall.

    It is solved again and again: on a coarsest mesh and with each of its elements divided into 2,
    3, 4, 6, 8, 12, ..., or with degrees from 1 up to `degree` on one of these meshes. The coarsest
    mesh has 1, 2, 4, ... elements in a layer, none wider than 2 l, and on the fourth, at h = l/2,
    errors fall as they are to. Layers that come with the nodes of a mesh lie on these first, as
    coarse as they are, and their elements are divided.

    Parameters
    ----------
    stack : Stack
        A single stack, or what `spinfem.load` returned.
    j0 : float, optional
        Particle current, as in `spinfem.solve`; errors are relative and do not depend on it.
    degree : int
        Degree of the elements, 1 to 20; with ``refine="p"`` the highest.
    refinements : int
        Number of meshes, at least 2; with ``refine="p"`` which of them is used, 1 being the
        coarsest.
    refine : "h" or "p"
        What to refine.
    grading : bool
        Whether elements are those of `spinfem.solve`, graded towards the faces of layers that are
        thicker than some l, or all of a layer equally wide, also where it comes with nodes.
    frequency : float, optional
        Of amplitudes, Hz, as in `spinfem.solve`: l is ``l/Re sqrt(1 + i omega tau)`` then.
    progress : bool, optional
        Whether to draw a progress bar, as in `spinfem.sweep`.

    Returns
    -------
    Study

    Raises
    ------
    TypeError
        If `degree` or `refinements` is not a whole number.
    ValueError
        If the stack or j0 is a batch, an argument is out of range, there is no spin sink, a metal
        has no tau at a frequency, or the finest mesh would have more than 100,000 elements: the
        message says how many, and what memory they would take.
    """
    stack = check_stack(stack)
    if stack.shape:
        raise ValueError(f"a study needs a single stack, got a batch of shape {stack.shape}")
    current = check_current(stack, j0, None)
    if np.ndim(current):
        raise ValueError(f"a study needs a single j0, got an array of shape {np.shape(current)}")
    if refine not in ("h", "p"):
        raise ValueError(f"refine must be 'h' or 'p', got {refine!r}")
    degree = whole("degree", degree, most=MAX_DEGREE)
    least = 2 if refine == "h" else 1
    refinements = whole("refinements", refinements, least=least)
    e = elements_of(stack)
    if frequency is not None:
        frequency = float(nonnegative("frequency", frequency))
        e = at_frequency(stack, e, frequency)
    meshes, free = coarsest(e, grading), coarsest(e.on_nodes({}), True)
    _check_size(meshes, refinements, least, degree)
    reference, what = _reference(stack, current, e, frequency)
    resolved = free.resolving()
    if refine == "h":
        runs = [(divisor(i), degree) for i in range(refinements)]
    else:
        runs = [(divisor(refinements - 1), k) for k in range(1, degree + 1)]
    rows = []
    with progress_bar("converge", sum(n * k for n, k in runs), progress) as advance:
        for n, k in runs:
            rows.append(_measured(meshes, n, k, reference, resolved))
            advance(n * k)  # what it takes is about proportional to the unknowns
    columns = {name: np.array([row[name] for row in rows]) for name in COLUMNS}
    fine = (columns["h"] <= COARSEST) & (refine == "h")
    used = {
        name: finest(fine & (columns[name] > _floor(name, columns["h"]))) for name in QUANTITIES
    }
    rates = {
        name: rate_of(columns["elements"][used[name]], columns[name][used[name]])
        for name in QUANTITIES
    }
    return Study(stack, refine, what, meshes.what, columns, used, rates)


def save_columns(columns: Mapping[str, FloatArray], path: str | PathLike[str]) -> None:
    """Write columns of numbers with their names to a .csv file, all digits."""
    from ..files.disk import check_target, replacing

    target = Path(path)
    check_target(target, ".csv")
    values = np.stack([*columns.values()], axis=1)
    with replacing(target) as temporary:
        np.savetxt(temporary, values, "%.17g", ",", header=",".join(columns), comments="")


def expected_rates(degree: int) -> dict[str, tuple[int, ...]]:
    """Return the exponents of h of all errors, for elements of a degree, and where they are better.

    A derivative at the end of a layer may gain an order with odd degrees. Spin currents are those
    of differentiated polynomials that have been put into balance.
    """
    k = degree
    better = (k + 1,) if k % 2 else ()
    return {
        "torque": (2 * k,),
        "differentiated torque": (k, *better),
        "dr": (2 * k,),
        "L2": (k + 1,),
        "H1": (k,),
        "spin current": (min(2 * k, k + 2),),
    }


def divisor(i: int) -> int:
    """Return into how many parts mesh number i divides elements: 1, 2, 3, 4, 6, 8, 12, ..."""
    if i == 0:
        return 1
    half = i // 2
    return 2 << half if i % 2 else 3 << (half - 1)


def _check_size(meshes: Meshes, refinements: int, least: int, degree: int) -> None:
    """Raise ValueError if the finest mesh has too many elements."""
    coarse = sum(meshes.counts)
    allowed = 0
    while coarse * divisor(allowed) <= MOST:
        allowed += 1
    if refinements <= allowed:
        return
    finest = divisor(min(refinements, 200) - 1)  # what is more needs no digits
    what = (
        f"its finest mesh, {meshes.what}, would have {coarse * finest:.3g} elements, of which "
        f"{MOST:,} are allowed, and take up to {meshes.memory(finest, degree) / 1e9:.2g} GB"
    )
    if allowed < least:
        needed = "a coarser mesh" if meshes.elements.nodes else "fewer or thinner layers"
        raise ValueError(f"a study needs {needed}: {what}")
    raise ValueError(
        f"refinements must be at most {allowed} for this stack, got {refinements}: {what}"
    )


def _reference(
    stack: Stack, current: Number, e: Elements, frequency: float | None
) -> tuple[Solution, str]:
    """Return what errors are against: it does not lie on nodes that layers come with."""
    if not e.graded:
        return analytic.solve(stack, current, frequency=frequency), "exact stack"
    check_spin_sink(e)
    e = e.on_nodes({})
    transport = Condensed(e, Meshed(e, DEGREE, None))
    return Solution(stack, current, transport, solve, frequency), "over-resolved solve"


def _floor(name: str, h: FloatArray) -> FloatArray:
    """Return what errors must exceed to be fitted."""
    return np.maximum(FLOORS.get(name, FLOOR), FLOORS_BY_H.get(name, 0.0) / h)


def finest(usable: BoolArray) -> BoolArray:
    """Keep the last `FITTED` of what is usable."""
    return usable & (np.cumsum(usable[::-1])[::-1] <= FITTED)


def rate_of(count: FloatArray, error: FloatArray) -> float:
    """Return the exponent of the size of elements, or steps, of which there are so many."""
    if error.size < 2:
        return float("nan")
    return -float(np.polyfit(np.log(count), np.log(error), 1)[0])


def _measured(
    meshes: Meshes,
    n: int,
    degree: int,
    reference: Solution,
    resolved: list[FloatArray],
) -> dict[str, float]:
    """Solve once and measure."""
    e, counts = meshes.divided(n)
    start = time.perf_counter()
    transport = Condensed(e, Meshed(e, degree, counts))
    again = partial(solve, degree=degree)
    solution = Solution(reference.stack, reference.j0, transport, again, reference.frequency)
    solution.torques  # noqa: B018
    passed = time.perf_counter() - start
    amplitudes = np.where(e.strong[1:-1], 1, 3)
    return {
        "elements": max(counts),
        "degree": degree,
        "unknowns": int(amplitudes @ (degree * np.array(counts) + 1)),
        "h": meshes.size(n),
        "time": passed,
        **errors_of(solution, reference, resolved),
    }
