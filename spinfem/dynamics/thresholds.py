"""Currents at which steady states become unstable, or stable.

States that are steady at any current, as collinear ones, have ``J = M^-1 (A + j0 C)``, linear in
the current: all thresholds are roots of two eigenproblems, and between two neighbouring ones the
number of deviations that grow is the same, which tells what happens at each. Other states are
followed while the current changes, through a point in which they cease to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .._checks import FloatArray
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..numerics.pencils import bialternate_sum, real_roots
from .stability import (
    ComplexArray,
    Forces,
    forces,
    growth_of,
    moved,
    near,
    rates,
    resisting,
    solved,
)
from .steady import MARGINAL, SteadyState, states_at
from .system import MagnetSystem

TOGETHER = 1e-7
"""Relative difference up to which two thresholds of one kind are one: those of twins are."""
STILL = 1e-12
"""Of a force, relative to its derivative: less is none."""
LONGEST, SHORTEST = 0.04, 1e-9
"""Steps along a branch of states, where its range of currents and a radian count alike."""
FLAT = 1e-6
"""Of a frequency, relative to the largest growth rate: less is that of a turn along a line."""
MOST = 5000
"""Of these steps."""


@dataclass(frozen=True, eq=False)
class Threshold:
    """A current at which a steady state gains or loses a deviation that grows.

    Attributes
    ----------
    j0 : float
        Particle current, A/m2, positive when electrons flow towards +x. Of a device a multiple of
        its currents and potentials.
    kind : "oscillation" or "saddle"
        Whether it is a precession that neither grows nor decays there, or a turn along a line.
    frequency : float
        Of the precession, Hz; 0 of a saddle.
    state : SteadyState
        The state there.
    below, above : int or None
        How many independent deviations grow at a j0 just below and just above, those of a
        precession counting as two; None where there is no such state any more.
    """

    j0: float
    kind: str
    frequency: float
    state: SteadyState
    below: int | None
    above: int | None

    @property
    def unstable(self) -> str:
        """Where the state is unstable, or is no more: "below", "above" or "both".

        Below means at smaller j0, also where that is negative. It is "both" where something else
        grows already.
        """
        sides = [name for name in ("below", "above") if getattr(self, name) != 0]
        return sides[0] if len(sides) == 1 else "both"

    @property
    def changes_stability(self) -> bool:
        """Whether the state is stable on one side."""
        return self.unstable != "both"


def critical(
    system: MagnetSystem, m: FloatArray, within: tuple[float, float] | None
) -> list[Threshold]:
    """Return the thresholds of a state, smallest magnitude first.

    Parameters
    ----------
    system : MagnetSystem
        A single one, no batch.
    m : array, shape (f, 3)
        Unit vectors.
    within : tuple of float, optional
        Currents, A/m2, between which; m is the state, or near it, at the first.

    Raises
    ------
    ValueError
        If m is not steady at every current, and no currents are given; or not steady, or near a
        steady state, at the first.
    """
    given = forces(system, m)
    # of all spins that electrons have
    whole = TORQUE_PER_SPIN_CURRENT * system.turning.strength * system.per_torque.max()
    steady = all(
        np.linalg.norm(force) <= STILL * np.linalg.norm(slope)
        for force, slope in ((given.field, given.A), (given.torque, given.C))
    )
    if np.linalg.norm(given.C) <= STILL * whole:
        return []  # rounding: there are no torques
    if steady:
        found = _of_pencils(system, m, given)
    elif within is None:
        in_unit = f" in{system.unit}" if system.unit else " as multiples"
        raise ValueError(
            f"within=(first, last), j0{in_unit}, must be given for a state that is not steady "
            f"at every current, got m = {np.round(m, 6).tolist()}"
        )
    else:
        found = critical_on_branch(system, m, within)
    if within is not None:
        low, high = sorted(within)
        found = [one for one in found if low <= one.j0 <= high]
    return sorted(found, key=lambda one: abs(one.j0))


def thresholds_without_current(
    system: MagnetSystem, m: FloatArray, up_to: float | None
) -> list[Threshold] | None:
    """Return the thresholds of a state that is steady without current.

    Parameters
    ----------
    system : MagnetSystem
        A single one, no batch.
    m : array, shape (f, 3)
        Unit vectors.
    up_to : float, optional
        Largest current, A/m2, of either sign; a state that turns with the current needs it.

    Returns
    -------
    list of Threshold or None
        None if it turns with the current, and is not followed.

    Raises
    ------
    ValueError
        As of `critical`.
    """
    if up_to is not None:
        both = [critical(system, m, (0.0, end)) for end in (up_to, -up_to)]
        return [one for side in both for one in side]
    torque, slope = system.torque(m), system.torque_slope(m)
    turns = np.linalg.norm(torque) > STILL * np.linalg.norm(slope)
    return None if turns else critical(system, m, None)


# --- states that are steady at any current ------------------------------------------------------


def _of_pencils(system: MagnetSystem, m: FloatArray, given: Forces) -> list[Threshold]:
    M = resisting(system, m, given.frames)
    A, C = (np.asarray(np.linalg.solve(M, slope)) for slope in (given.A, given.C))
    roots = [("saddle", j) for j in _apart(real_roots(A, C))]
    sums = (bialternate_sum(A), bialternate_sum(C))
    roots += [("oscillation", j) for j in _apart(real_roots(*sums))]
    roots.sort(key=lambda root: root[1])
    if not roots:
        return []
    currents = np.array([j for _, j in roots])
    first, last = (abs(j) or np.linalg.norm(A) / np.linalg.norm(C) for j in currents[[0, -1]])
    ends = [currents[0] - first], (currents[1:] + currents[:-1]) / 2, [currents[-1] + last]
    between = np.concatenate(ends)
    counts = _growing(growth_of(A + between[:, None, None] * C)).tolist()
    found = []
    for (kind, j), below, above in zip(roots, counts[:-1], counts[1:], strict=True):
        if below != above:
            (state,) = states_at(system, m[None], j)
            found.append(Threshold(j, kind, _marginal(state.growth, kind), state, below, above))
    return found


def _apart(roots: FloatArray) -> list[float]:
    """Return roots, ascending, without those that are the one before to rounding."""
    found: list[float] = []
    for root in roots.tolist():
        if not found or abs(root - found[-1]) > TOGETHER * abs(root):
            found.append(root)
    return found


def _growing(growth: ComplexArray) -> FloatArray:
    """Return how many deviations grow, shape (...)."""
    real, size = growth.real, np.abs(growth).max(axis=-1, keepdims=True)
    return np.asarray((real > MARGINAL * size).sum(axis=-1))


def _marginal(growth: ComplexArray, kind: str) -> float:
    """Return the frequency of the precession that neither grows nor decays, Hz."""
    if kind == "saddle":
        return 0.0
    turning = growth[growth.imag > 0]
    return float(turning[np.abs(turning.real).argmin()].imag / (2 * np.pi)) if turning.size else 0.0


# --- states that turn with the current ----------------------------------------------------------


class _Point(NamedTuple):
    """A steady state on a branch."""

    m: FloatArray  # (f, 3)
    j0: float
    frames: FloatArray  # (f, 2, 3)
    way: FloatArray  # (2 f + 1,) along the branch: in the frames, and of the current in its range
    growth: ComplexArray

    @property
    def growing(self) -> int:
        """How many deviations grow."""
        return int(_growing(self.growth))

    @property
    def turns_back(self) -> bool:
        """Whether the current gets back to where it came from, further along the branch."""
        return bool(self.way[-1] <= 0)


class _Branch:
    """Steady states over the current.

    Steps are taken along it, and back to it by the shortest way (Moore and Penrose), so that it may
    turn.
    """

    def __init__(self, system: MagnetSystem, m: FloatArray, within: tuple[float, float]) -> None:
        self.system, self.first, self.range = system, within[0], within[1] - within[0]
        start = near(system, m, np.asarray(self.first))
        if np.isnan(start).any():
            raise ValueError(
                f"m must be a steady state, or near one, at j0 = {self.first:g}{system.unit}, the "
                f"first of within, got {np.round(m, 6).tolist()}"
            )
        self.start = self._point(start, self.first, None)

    def share(self, point: _Point) -> float:
        """Return which part of the range of currents lies behind."""
        return (point.j0 - self.first) / self.range

    def after(self, point: _Point, length: float) -> _Point | None:
        """Return the state a length further on; None if steps do not lead back to the branch."""
        step = length * point.way
        m, j0 = moved(point.m, point.frames, step[:-1]), point.j0 + self.range * step[-1]
        for _ in range(12):
            given = forces(self.system, m, exact=False)
            current = np.asarray(j0)
            force, size = given.at(current), given.size(current)
            x = -solved(self._whole(given, current), force)
            m, j0 = moved(m, given.frames, x[:-1]), j0 + self.range * x[-1]
            if np.linalg.norm(force) <= 1e-11 * size:
                return self._point(m, j0, point)
            if np.linalg.norm(x) > length:
                return None
        return None

    def _whole(self, given: Forces, j0: FloatArray) -> FloatArray:
        """Return the derivatives of the force with a step along the branch, (2 f, 2 f + 1)."""
        return np.column_stack([given.slope(j0), self.range * given.torque])

    def _point(self, m: FloatArray, j0: float, before: _Point | None) -> _Point:
        current = np.asarray(j0)
        given = forces(self.system, m, exact=False)
        way = np.linalg.svd(self._whole(given, current))[2][-1]
        if before is None:
            along = way[-1]
        else:
            turns = np.einsum("ia,iab->ib", before.way[:-1].reshape(-1, 2), before.frames)
            old = np.append(np.einsum("iab,ib->ia", given.frames, turns), before.way[-1])
            along = way @ old
        growth = growth_of(rates(self.system, m, current))
        return _Point(m, float(j0), given.frames, way if along > 0 else -way, growth)


def critical_on_branch(
    system: MagnetSystem, m: FloatArray, within: tuple[float, float]
) -> list[Threshold]:
    """Return the thresholds on the branch of a state, up to where it turns back."""
    branch = _Branch(system, m, within)
    point, length = branch.start, LONGEST
    found: list[Threshold] = []
    for _ in range(MOST):
        further = branch.after(point, length)
        between = further and _thresholds(branch, point, further, length)
        if further is None or between is None:
            length /= 2
            if length < SHORTEST:
                raise ValueError(
                    f"the state must be one that can be followed, got one lost at j0 = "
                    f"{point.j0:g}{system.unit}, m = {np.round(point.m, 6).tolist()}"
                )
            continue
        found += between
        if further.turns_back or not 0 <= branch.share(further) < 1:
            break
        point, length = further, min(LONGEST, 1.5 * length)
    return found


def _thresholds(
    branch: _Branch, point: _Point, further: _Point, length: float
) -> list[Threshold] | None:
    """Return the thresholds between two points of a branch, in the last of which it may turn back.

    None if the points are too far apart to tell: where it turns back there must be a saddle alone.
    """
    from scipy.optimize import brentq

    before, behind = point.growing, further.growing
    if np.linalg.norm(further.m - point.m, axis=-1).max() > 5 * LONGEST:
        return None
    if further.turns_back and abs(behind - before) != 1:
        return None

    def at(step: float) -> _Point:
        found = branch.after(point, step) if 0 < step < length else None
        return found or (further if step else point)

    def rate(step: float, mode: int) -> float:
        return float(at(step).growth.real[mode])

    modes = range(min(before, behind), max(before, behind))
    tolerances = {"xtol": 1e-12 * length, "rtol": 1e-12}
    steps = sorted(brentq(rate, 0.0, length, args=(k,), **tolerances) for k in modes)
    apart = [
        step
        for last, step in zip([-length, *steps], steps, strict=False)
        if step - last > TOGETHER * length  # else the other one of a pair
    ]
    found, growing, way = [], before, 1 if behind > before else -1
    for here in map(at, apart):
        mode = np.abs(here.growth.real).argmin()
        turning = abs(here.growth[mode].imag) > FLAT * np.abs(here.growth).max()
        kind = "oscillation" if turning else "saddle"
        after = growing + way * (2 if turning else 1)
        sides: list[int | None] = [growing, None if further.turns_back else after]
        if branch.range < 0:
            sides.reverse()
        (state,) = states_at(branch.system, here.m[None], here.j0)
        found.append(Threshold(here.j0, kind, _marginal(here.growth, kind), state, *sides))
        growing = after
    return found if growing == behind else None
