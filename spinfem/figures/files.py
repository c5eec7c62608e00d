"""How figures and their data are written: each file appears whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..files.disk import replacing
from .data import Table
from .ours import Animation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 200
"""Of pictures, dots per inch."""
FRAME_DPI = 100
FRAMES_PER_SECOND = 12


def write_table(path: Path, table: Table) -> None:
    """Write columns as CSV, their names in the first line, with all digits."""
    with replacing(path) as temporary:
        np.savetxt(
            temporary,
            np.stack(list(table.values()), axis=1),
            fmt="%.17g",
            delimiter=",",
            header=",".join(table),
            comments="",
            encoding="utf-8",
        )


def write_picture(path: Path, figure: Figure) -> None:
    """Write a figure as what the suffix says; the same figure gives the same file."""
    options = {"metadata": {"Date": None}} if path.suffix == ".svg" else {"dpi": DPI}
    with replacing(path) as temporary:
        figure.savefig(temporary, **options)


def write_animation(path: Path, animation: Animation) -> None:
    """Write all frames as a GIF that repeats."""
    from matplotlib.animation import PillowWriter

    writer = PillowWriter(fps=FRAMES_PER_SECOND)
    with (
        replacing(path) as temporary,
        writer.saving(animation.figure, temporary, FRAME_DPI),
    ):
        for i in range(animation.frames):
            animation.show(i)
            writer.grab_frame()
