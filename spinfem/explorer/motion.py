"""Magnets that move: where the state next to them becomes unstable, and their way from here on.

Both take some tenths of a second, and are found when sliders rest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._checks import FloatArray
from ..dynamics.describing import described, largest_speed
from ..dynamics.dynamics import Dynamics
from ..dynamics.thresholds import Threshold, thresholds_without_current
from ..dynamics.trajectory import Trajectory
from ..numerics import kernels
from ..plot.labels import plain
from ..plot.motion import colors_of, great_circles
from ..plot.style import COLORS, broken
from .pictures import Columns, Note, Picture, line
from .seen import Seen

TURNS, FEW = 40, 10
"""Of the precession without current: how many a run takes, and how many without numba, which takes
a third of a second for each."""
PER_TURN = 25
"""How often it is seen."""
LONGEST, FARTHEST = 20e-9, 2000.0
"""Seconds of a run at most, and radians that magnets may move in it, about."""
LAST = 2
"""Turns at its end that are drawn boldly."""
VIEW = np.radians([-60.0, 30.0])
"""Azimuth and elevation from which the sphere is seen, as in `spinfem.plot.motion`."""
NAMES, OUTSIDE = 1.07, 1.16
"""Where names of axes stand, and the ends of the picture; the sphere ends at 1."""


class Motion(NamedTuple):
    """What magnets do."""

    state: str
    """The steady state without current that is next to them; empty if there is none."""
    thresholds: list[Threshold]
    """Currents at which that becomes unstable, or stable, smallest first."""
    run: Trajectory | None
    """From where they stand, in the current."""
    wrong: tuple[str, ...]
    """Why something is not there."""


def motion_of(seen: Seen) -> Motion:
    """Return what the magnets of a stack do that move."""
    state, run = "", None
    thresholds: list[Threshold] = []
    wrong: list[str] = []
    with np.errstate(all="ignore"):  # numbers out of range are found in the results
        try:
            system = seen.system
            assert system is not None
        except ValueError as error:
            return Motion("", [], None, (str(error),))
        try:
            state, thresholds = _thresholds(seen, system)
        except ValueError as error:
            wrong.append(f"critical currents: {error}")
        try:
            run = system.run(times=_times(system, seen.j0), j0=seen.j0)
        except ValueError as error:
            wrong.append(f"motion: {error}")
    return Motion(state, thresholds, run, tuple(wrong))


def what_moves(seen: Seen) -> tuple[object, ...]:
    """Return all that the motion depends on."""
    return id(seen.base), tuple(sorted(seen.values.items()))


def _thresholds(seen: Seen, system: Dynamics) -> tuple[str, list[Threshold]]:
    """Return the name of the state next to m, and its thresholds as far as the slider goes."""
    m = system.steady_near()
    if np.isnan(m).any():
        raise ValueError(
            "m must be within 30 degrees of a state that is steady without current, got one from "
            "which none is found"
        )
    found = thresholds_without_current(system, m, None)
    if found is None:
        slider = next(one for one in seen.base.sliders.all if one.quantity == "j0")
        ends = max(abs(slider.low), abs(slider.high), abs(seen.j0))
        found = thresholds_without_current(system, m, ends)
    changes = [one for one in found or () if one.changes_stability]
    return described(system, m), sorted(changes, key=lambda one: abs(one.j0))


def _times(system: Dynamics, j0: float) -> FloatArray:
    """Return when a run is seen, s: some turns of the precession next to m, without current."""
    speed = largest_speed(system, j0)
    turning = np.abs(system.growth().imag).max()  # nan where no state is near
    rate = turning if turning > 0 else speed
    tiny = np.finfo(float).tiny
    turns = FEW if kernels.compiled() is None else TURNS
    end = min(2 * np.pi * turns / max(rate, tiny), FARTHEST / max(speed, tiny), LONGEST)
    return np.linspace(0.0, end, PER_TURN * turns + 1)


# --- the picture --------------------------------------------------------------------------------


def orbit(motion: Motion) -> Picture | Note:
    """Return the picture of the orbits on the sphere, as it is seen from above on one side."""
    run = motion.run
    if run is None:
        return Note("\n".join(motion.wrong))
    circles, poles = great_circles(), _seen(np.eye(3))
    ends = poles / np.linalg.norm(poles, axis=1, keepdims=True)
    axes = [np.stack(two) for two in zip(poles, ends, strict=True)]
    outline = circles[0][:, :2]
    sources: dict[str, Columns] = {
        "sphere": line(broken([outline, *map(_seen, circles), *axes])),
        "names": {**line(NAMES * ends), "text": ["x, normal", "y", "z"]},
    }
    period = float(run.frequency)
    late = run.times >= run.times[-1] - (LAST / period if period else 0.0)
    words: dict[str, str] = {}
    for name, color in zip(run.names, colors_of(run.names), strict=True):
        i, way = COLORS.index(color), _seen(run.m[name])
        for glyph, points in (("way", way), ("orbit", way[late]), ("end", way[-1:])):
            sources[f"{glyph} {i}"] = _after(sources.get(f"{glyph} {i}"), points)
        words[magnet(i)] = ", ".join(filter(None, (words.get(magnet(i), ""), plain(name))))
    return Picture(sources, (-OUTSIDE, OUTSIDE), (-OUTSIDE, OUTSIDE), ("", ""), True, words)


def magnet(number: int) -> str:
    """Return what stands in the legend in the place of a name."""
    return f"magnet {number + 1}"


def _after(columns: Columns | None, points: FloatArray) -> Columns:
    """Return the columns of a line, after another one of the same colour."""
    if columns is None:
        return line(points)
    return line(broken([np.stack([columns["x"], columns["y"]], axis=1), points]))


def _seen(points: FloatArray) -> FloatArray:
    """Return where points (n, 3) are in the picture, (n, 2)."""
    around, up = VIEW
    right = np.array([-np.sin(around), np.cos(around), 0.0])
    above = np.array([-np.sin(up) * np.cos(around), -np.sin(up) * np.sin(around), np.cos(up)])
    return np.asarray(points @ np.stack([right, above], axis=1))
