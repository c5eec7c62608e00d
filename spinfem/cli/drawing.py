"""``spinfem figures``: the paper's figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import say


def draw_figures(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to write; made if there is none.")
    ] = Path("figures"),
) -> None:
    """Compute and draw the paper's Figs. 2 to 7 and three more.

    Each is written as PNG and SVG, or GIF, with the numbers behind it as CSV. All of them are
    solved, none comes from a closed form. Every file is printed as soon as it is there.
    """
    from ..figures import make

    make(directory, lambda file: say(f"{file.path}  {file.description}"))
