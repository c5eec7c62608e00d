"""``spinfem examples``: what comes with spinfem, to begin from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import say


def copy_examples(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to; made if there is none.")
    ] = Path("examples"),
    only_list: Annotated[
        bool, typer.Option("--list", help="Print what there is, and copy nothing.")
    ] = False,
) -> None:
    """Copy the examples into DIR: scripts, stack files, data and meshes.

    Run one as python DIR/co_cu_py.py, or spinfem solve DIR/co_cu_py.toml. Nothing is overwritten:
    if one of the files is there already, none is copied. Every file is printed as soon as it is
    there.
    """
    from ..files.shipped import copy_shipped, shipped_files

    if only_list:
        for file in shipped_files():
            say(f"{file.name}  {file.description}".rstrip())
        return
    for path, file in copy_shipped(directory):
        say(f"{path}  {file.description}".rstrip())
