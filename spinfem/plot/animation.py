"""Pictures that move: directions as arrows, and the mechanical analogy in time."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..files.disk import check_target, replacing
from ..paper.analogy import Mechanism
from ..results.solved import SolvedStack
from .analogy import common_view, draw_analogy
from .labels import plain
from .motion import NANO, Motion, check_single, colors_of, draw_sphere
from .style import SI_UNITS, add_legend, amount, fitting_columns

PER_SECOND = 20
"""Frames."""


class SolvedMotion(Motion, Protocol):
    """A trajectory, of which the stack is solved too."""

    @property
    def solution(self) -> SolvedStack:
        """The solved stack at all times."""


def animate(
    trajectory: SolvedMotion, path: str | PathLike[str] | None, what: str, frames: int
) -> Any:
    """Do what ``Trajectory.animate`` describes."""
    from matplotlib import pyplot as plt
    from matplotlib.animation import FuncAnimation, PillowWriter

    check_single(trajectory)
    if what not in DRAWN:
        raise ValueError(f"what must be one of {', '.join(map(repr, DRAWN))}, got {what!r}")
    if isinstance(frames, bool) or not isinstance(frames, int | np.integer):
        raise TypeError(f"frames must be a whole number, got {frames!r}")
    if frames < 2:
        raise ValueError(f"frames must be a whole number at least 2, got {frames!r}")
    place = None if path is None else Path(path)
    if place is not None:
        check_target(place, ".gif")
    count = len(trajectory.times)
    shown = np.unique(np.linspace(0, count - 1, min(frames, count)).round().astype(int))
    if what == "analogy":
        _ = trajectory.solution  # raises, before there is a figure
    figure = plt.figure(figsize=(3.5, 4.3), layout="constrained")
    draw = DRAWN[what](trajectory, figure, shown.tolist())

    def draw_frame(number: int) -> list[Any]:
        draw(number)
        time = trajectory.times[shown[number]] * NANO
        figure.axes[0].set_title(f"{time:.3f} ns", fontsize="small")
        return []

    draw_frame(0)
    figure.canvas.draw()
    figure.set_layout_engine("none")  # else axes would jump
    animation = FuncAnimation(
        figure, draw_frame, frames=len(shown), interval=1000 / PER_SECOND, cache_frame_data=False
    )
    if place is not None:
        with replacing(place) as temporary:
            animation.save(temporary, writer=PillowWriter(fps=PER_SECOND))
        plt.close(figure)
    return animation


Draw = Callable[[int], None]


def _arrows(trajectory: SolvedMotion, figure: Any, shown: list[int]) -> Draw:
    """Return what draws all directions, and where they were."""
    ax = figure.add_subplot(projection="3d")
    draw_sphere(ax)
    colors = colors_of(trajectory.names)
    traces = [
        ax.plot([], [], [], color=color, linewidth=1.0, label=plain(name))[0]
        for name, color in zip(trajectory.names, colors, strict=True)
    ]
    add_legend(figure, [ax], ncols=3)
    arrows: list[Any] = []

    def draw(number: int) -> None:
        while arrows:
            arrows.pop().remove()
        for name, color, trace in zip(trajectory.names, colors, traces, strict=True):
            ways = trajectory.m[name][: shown[number] + 1]
            trace.set_data_3d(*ways.T)
            arrows.append(ax.quiver(0, 0, 0, *ways[-1], color=color, arrow_length_ratio=0.15))

    return draw


def _analogy(trajectory: SolvedMotion, figure: Any, shown: list[int]) -> Draw:
    """Return what draws rods, rings, cords and forces, on one scale at all times."""
    solution = trajectory.solution
    mechanisms = [Mechanism(solution[i]) for i in shown]
    view = common_view(mechanisms, True)
    ax = figure.add_subplot()

    def draw(number: int) -> None:
        ax.clear()
        draw_analogy(ax, mechanisms[number], True, view)
        for legend in [*figure.legends]:
            legend.remove()
        title = f"longest arrow: {amount(view.largest, SI_UNITS['spin_current'])}"
        columns = fitting_columns(figure)
        add_legend(figure, [ax], columns, title if view.largest else None)

    return draw


DRAWN: dict[str, Callable[[SolvedMotion, Any, list[int]], Draw]] = {
    "arrows": _arrows,
    "analogy": _analogy,
}
