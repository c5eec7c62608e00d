"""Pictures that move: directions as arrows; profiles and the mechanical analogy in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .._checks import FloatArray
from ..files.disk import check_target, replacing
from ..paper.analogy import Mechanism
from ..results.solved import SolvedStack
from .analogy import common_view, draw_analogy
from .labels import plain
from .motion import NANO, PICO, Motion, check_single, colors_of, draw_sphere
from .profile import common_spans, draw_profiles
from .style import SI_UNITS, VECTORS, Units, add_legend, amount, check, fitting_columns

PER_SECOND = 20
"""Frames."""


Draw = Callable[[int], float]
"""Draws a frame, and returns the height of the layers' names in it, inches."""
Start = Callable[[Any], Draw]
"""Takes a figure, and returns what draws on it."""


class SolvedMotion(Motion, Protocol):
    """A trajectory, of which the stack is solved too."""

    @property
    def solution(self) -> SolvedStack:
        """The solved stack at all times."""


class InTime(Protocol):
    """States at some times; see `spinfem.timedomain.transient.Transient`."""

    times: FloatArray
    shape: tuple[int, ...]

    def __getitem__(self, index: Any) -> SolvedStack:
        """Return the state at a time."""


def animate(
    trajectory: SolvedMotion, path: str | PathLike[str] | None, what: str, frames: int
) -> Any:
    """Do what ``Trajectory.animate`` describes."""
    check_single(trajectory)
    place, shown = _checked(path, what, ("arrows", "analogy"), frames, len(trajectory.times))
    captions = [f"{time * NANO:.3f} ns" for time in trajectory.times[shown]]
    if what == "arrows":
        return _moving(place, captions, _arrows(trajectory, shown))
    solution = trajectory.solution
    return _moving(place, captions, _analogy([solution[i] for i in shown], True))


def animate_transient(
    transient: InTime,
    path: str | PathLike[str] | None,
    what: str,
    frames: int,
    units: Units | None,
) -> Any:
    """Do what ``Transient.animate`` describes."""
    if not transient.shape:
        raise ValueError("a picture that moves needs several times, got one")
    place, shown = _checked(path, what, ("profile", "analogy"), frames, len(transient.times))
    states = [transient[i] for i in shown]
    _, si = check(states[0], None, VECTORS, units)
    factor, unit = (PICO, " ps") if si else (1.0, "")
    captions = [f"t = {time * factor:.4g}{unit}" for time in transient.times[shown]]
    start = _profile if what == "profile" else _analogy
    return _moving(place, captions, start(states, si))


def _checked(
    path: str | PathLike[str] | None, what: str, allowed: tuple[str, ...], frames: int, count: int
) -> tuple[Path | None, list[int]]:
    """Return where an animation goes, and which of some times it shows."""
    if what not in allowed:
        raise ValueError(f"what must be one of {', '.join(map(repr, allowed))}, got {what!r}")
    if isinstance(frames, bool) or not isinstance(frames, int | np.integer):
        raise TypeError(f"frames must be a whole number, got {frames!r}")
    if frames < 2:
        raise ValueError(f"frames must be a whole number at least 2, got {frames!r}")
    place = None if path is None else Path(path)
    if place is not None:
        check_target(place, ".gif")
    shown = np.unique(np.linspace(0, count - 1, min(frames, count)).round().astype(int))
    return place, shown.tolist()


def _moving(place: Path | None, captions: Sequence[str], start: Start) -> Any:
    """Return an animation on a new pyplot figure, or write it: a frame for every caption."""
    from matplotlib import pyplot as plt
    from matplotlib.animation import FuncAnimation, PillowWriter

    figure = plt.figure(figsize=(3.5, 4.3), layout="constrained")
    draw = start(figure)

    def draw_frame(number: int) -> list[Any]:
        draw(number)
        figure.suptitle(captions[number], fontsize="small")
        return []

    draw_frame(0)
    figure.canvas.draw()
    figure.set_figheight(figure.get_figheight() + draw(0))  # names have their place now
    figure.canvas.draw()
    figure.set_layout_engine("none")  # else axes would jump
    animation = FuncAnimation(
        figure, draw_frame, frames=len(captions), interval=1000 / PER_SECOND, cache_frame_data=False
    )
    if place is not None:
        with replacing(place) as temporary:
            animation.save(temporary, writer=PillowWriter(fps=PER_SECOND))
        plt.close(figure)
    return animation


def _arrows(trajectory: SolvedMotion, shown: list[int]) -> Start:
    """Return what draws all directions, and where they were."""

    def start(figure: Any) -> Draw:
        ax = figure.add_subplot(projection="3d")
        draw_sphere(ax)
        colors = colors_of(trajectory.names)
        traces = [
            ax.plot([], [], [], color=color, linewidth=1.0, label=plain(name))[0]
            for name, color in zip(trajectory.names, colors, strict=True)
        ]
        add_legend(figure, [ax], ncols=3)
        arrows: list[Any] = []

        def draw(number: int) -> float:
            while arrows:
                arrows.pop().remove()
            for name, color, trace in zip(trajectory.names, colors, traces, strict=True):
                ways = trajectory.m[name][: shown[number] + 1]
                trace.set_data_3d(*ways.T)
                arrows.append(ax.quiver(0, 0, 0, *ways[-1], color=color, arrow_length_ratio=0.15))
            return 0.0

        return draw

    return start


def _analogy(states: Sequence[SolvedStack], si: bool) -> Start:
    """Return what draws rods, rings, cords and forces, on one scale at all times."""
    mechanisms = [Mechanism(state) for state in states]
    view = common_view(mechanisms, si)
    largest = amount(view.largest, SI_UNITS["spin_current"] if si else "")
    title = f"longest arrow: {largest}" if view.largest else None

    def start(figure: Any) -> Draw:
        ax = figure.add_subplot()

        def draw(number: int) -> float:
            ax.clear()
            names = draw_analogy(ax, mechanisms[number], si, view)
            for legend in [*figure.legends]:
                legend.remove()
            add_legend(figure, [ax], fitting_columns(figure), title)
            return names

        return draw

    return start


def _profile(states: Sequence[SolvedStack], si: bool) -> Start:
    """Return what draws mu_s above j_s over x, on one scale at all times."""
    spans = common_spans(states, VECTORS, si)

    def start(figure: Any) -> Draw:
        axes = figure.subplots(2, 1, sharex=True)

        def draw(number: int) -> float:
            for ax in axes:
                ax.clear()
            names = draw_profiles(axes, states[number], VECTORS, si, spans)
            for ax, span in zip(axes, spans, strict=True):
                ax.set_ylim(span.low, span.high)
            axes[0].label_outer()
            if not figure.legends:
                add_legend(figure, axes, ncols=3)
            return names

        return draw

    return start
