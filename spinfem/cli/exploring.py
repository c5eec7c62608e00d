"""``spinfem explore``: a stack with sliders, in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import say

LOCAL = "127.0.0.1"


def explore_file(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Stack file (TOML).")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where to listen; 0: any free port.")
    ] = 5006,
    address: Annotated[
        str,
        typer.Option(
            help="Address of this machine to listen on; others than this let others connect."
        ),
    ] = LOCAL,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address and open nothing.")
    ] = False,
) -> None:
    """Turn and stretch the stack in FILE in a browser, and see rods, rings and cords follow.

    Sliders are there for all of its angles, thicknesses and numbers; without FILE those of the
    paper's Fig. 5. Where FILE gives magnets an M_s, their critical currents and orbits are seen,
    too, and where it gives all metals a tau, amplitudes over the frequency. The address in the
    browser holds what is seen. It can be saved as a picture, as a stack file and as Python. It is
    read from FILE once, and no other file is; nothing is fetched from elsewhere. Ctrl-C ends it.
    """
    from ..explorer import entry
    from ..explorer.seen import read_base

    try:
        entry.check()
    except ImportError as error:
        raise ValueError(str(error)) from None
    base = None
    if file is not None:
        base = read_base(file)
    entry.serve(base, port, address, not no_browser, lambda url: say(f"{url}  Ctrl-C ends it"))
