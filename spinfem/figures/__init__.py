"""The paper's figures, computed and drawn: ``spinfem figures``.

``make("figures")`` solves every system behind Figs. 2 to 7, and three of ours, and writes each
figure as PNG and SVG, or GIF, with its data as CSV. `systems` has the stacks, `data` what is
computed, `draw` and `ours` how it is drawn, `files` how it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .._progress import progress_bar
from ..files.disk import check_target, make_directory
from . import data, draw, ours
from .data import Data
from .files import write_animation, write_picture, write_table
from .ours import Animation

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Entry(NamedTuple):
    """A figure: what is computed for it, and how that is drawn."""

    name: str
    description: str
    compute: Callable[[], Data]
    draw: Callable[[Data], Figure | Animation]
    pictures: tuple[str, ...] = (".png", ".svg")


class Written(NamedTuple):
    """A file, and what is in it."""

    path: Path
    description: str


FIGURES = (
    Entry("fig2", "F/N contact: spin current, spin potential, forces", data.fig2, draw.fig2),
    Entry("fig3", "collinear F/N/F and N/F/N, with forces", data.fig3, draw.fig3),
    Entry("fig4", "hodographs of a valve, with forces on ring 1", data.fig4, draw.fig4),
    Entry("fig5", "hodographs of a valve with g2 < 0 < g1", data.fig5, draw.fig5),
    Entry("fig6", "spin resistance over spacer thickness", data.fig6, draw.fig6),
    Entry("fig7", "rods, rings and cords as the spacer vanishes", data.fig7, draw.fig7),
    Entry("efficiencies", "g1, g2 and dr over the angle", data.efficiencies, ours.efficiencies),
    Entry("folded", "folded hodographs of four ferromagnets", data.folded, ours.folded),
    Entry("turning", "rings and cords while m2 turns", data.turning, ours.turning, (".gif",)),
)


def make(
    directory: str | PathLike[str] = "figures",
    report: Callable[[Written], None] | None = None,
    progress: bool | None = None,
) -> list[Written]:
    """Compute, draw and write all figures.

    Matplotlib's settings are its defaults, so that the figures look the same everywhere.

    Parameters
    ----------
    directory : path
        Where to write; it is made if there is none. Files of the same names are replaced.
    report : callable, optional
        Called with every file as soon as it is there.
    progress : bool, optional
        Whether to draw a progress bar, as in `spinfem.sweep`.

    Returns
    -------
    list of Written
        Path and description of every file.

    Raises
    ------
    OSError
        If the directory cannot be made, or a file cannot be written in it.
    """
    from matplotlib import rc_context, style

    target = Path(directory)
    make_directory(target)
    for entry in FIGURES:
        for suffix in (*entry.pictures, ".csv"):
            check_target(target / f"{entry.name}{suffix}", suffix)
    written = []
    with (
        style.context("default"),
        rc_context({"svg.hashsalt": "spinfem"}),
        progress_bar("figures", len(FIGURES), progress) as advance,
    ):
        for entry in FIGURES:
            for file in _make(entry, target):
                written.append(file)
                if report:
                    report(file)
            advance(1)
    return written


def _make(entry: Entry, target: Path) -> Iterator[Written]:
    computed = entry.compute()
    drawn = entry.draw(computed)
    for suffix in entry.pictures:
        path = target / f"{entry.name}{suffix}"
        if isinstance(drawn, Animation):
            write_animation(path, drawn)
        else:
            write_picture(path, drawn)
        yield Written(path, entry.description)
    for what, table in computed.tables.items():
        path = target / f"{entry.name}{what}.csv"
        write_table(path, table)
        kind = what.strip("_").replace("_", " ")
        yield Written(path, f"{entry.description}: {kind or 'data'}")
