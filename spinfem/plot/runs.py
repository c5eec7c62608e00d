"""The picture of a run of magnets: directions and resistance in time, and their spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .motion import NANO, Motion, TrajectoryPlots, check_single

if TYPE_CHECKING:
    from matplotlib.figure import Figure


PERIODS, MANY = 10, 40
"""How many periods of directions are drawn, if there are more than that many."""


def run_overview(motion: Motion) -> Figure:
    """Return a figure of a single trajectory.

    Directions of all magnets and the resistance over time, and the spectrum of the resistance in
    the second half. Of directions that go round and round for long, the last periods. It is not a
    pyplot figure: nothing keeps it but its owner.

    Parameters
    ----------
    motion : Motion
        The trajectory.

    Raises
    ------
    ValueError
        If it is a batch, or has too few times.
    """
    from matplotlib.figure import Figure

    check_single(motion)
    rows = len(motion.names)
    figure = Figure(figsize=(7.2, max(3.8, 0.9 + 1.3 * rows)), layout="constrained")
    halves: Any = figure.subfigures(1, 2)
    left, right = halves
    plots = TrajectoryPlots(motion)
    panels = left.subplots(rows, 1, squeeze=False, sharex=True).ravel()
    plots.m(panels)
    rate, end = float(motion.frequency), float(motion.times[-1])
    if rate * (end - float(motion.times[0])) > MANY:  # else it is a block of ink
        panels[0].set_xlim((end - PERIODS / rate) * NANO, end * NANO)
    upper, lower = right.subplots(2, 1)
    plots.resistance(upper)
    middle = (motion.times[0] + motion.times[-1]) / 2
    plots.spectrum("resistance", lower, begin=float(middle))
    return figure
