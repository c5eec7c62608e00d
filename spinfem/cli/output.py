"""What commands have in common: pictures that they write, and printing."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .._checks import visible
from ..files.disk import check_target, replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES = (".png", ".svg", ".pdf")
"""Endings of pictures."""
DPI = 200
"""Dots per inch of pictures, unless asked for otherwise."""

Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="OUT.png", help="Draw the results; or .svg, .pdf."),
]
"""The option that asks for a picture."""
Dpi = Annotated[
    int | None,
    typer.Option("--dpi", min=20, max=1200, help=f"Dots per inch of OUT.png; {DPI} by default."),
]
"""The option that says how fine it is."""


def check_picture(picture: Path | None, dpi: int | None) -> None:
    """Check where a picture is asked for, before the work behind it.

    Raises
    ------
    ValueError
        If its name does not end as that of a picture, or only its resolution is given.
    OSError
        If it cannot be written there.
    """
    if picture is not None:
        check_target(picture, *PICTURES)
    elif dpi is not None:
        raise ValueError("--dpi must come with --plot OUT.png, whose dots it counts")


def write_picture(picture: Path, dpi: int | None, figure: Figure) -> None:
    """Write a figure: whole or not at all."""
    with replacing(picture) as temporary:
        figure.savefig(temporary, dpi=dpi or DPI)


@contextmanager
def quiet_drawing() -> Iterator[None]:
    """Let matplotlib draw boxes for what its font lacks, without a warning for each of them."""
    log = logging.getLogger("matplotlib.mathtext")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from")
            yield
    finally:
        log.setLevel(level)


def say(text: str) -> None:
    """Print a text, with escapes for what the terminal cannot show, or would obey."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"  # stdout is None where closed
    lines = "\n".join(map(visible, text.split("\n")))
    print(lines.encode(encoding, "backslashreplace").decode(encoding))
