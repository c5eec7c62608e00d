"""``spinfem materials``: the sourced metals and interfaces."""

from __future__ import annotations

from typing import Annotated

import typer


def _names() -> list[str]:
    from ..sample.library import SHIPPED

    return [*SHIPPED.materials, *SHIPPED.interfaces]


def list_sourced(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="A metal or interface of the list.", autocompletion=_names
        ),
    ] = None,
) -> str:
    """List the sourced materials and interfaces, or one of them with its sources.

    In Python: spinfem.material(NAME), spinfem.interface(NAME).
    """
    from ..sample.library import SHIPPED
    from .librarytext import details, listing

    return listing(SHIPPED) if name is None else details(SHIPPED, name)
