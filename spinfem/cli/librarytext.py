"""Sourced materials as tables to read: what ``spinfem materials`` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._names import kind_hint, same_thing
from ..sample.library import Library
from ..sample.libraryfile import SYMBOLS, Entry, FerromagnetEntry, InterfaceEntry, NormalEntry

if TYPE_CHECKING:
    from rich.table import Table

HALVED = "two_AR_fOhm_m2"
"""What the listing has no column for: it stands as AR*, half of it."""
DEFAULTS = "* what is taken of several variants unless one is asked for"


def listing(library: Library) -> str:
    """Write all entries with their numbers, one line each, plain if stdout is not a terminal."""
    everything = [
        (name, f"{variant} *" if entry.default and len(variants) > 1 else variant, entry)
        for group in (library.materials, library.interfaces)
        for name, variants in group.items()
        for variant, entry in variants.items()
    ]
    titles = {
        FerromagnetEntry: "Ferromagnets",
        NormalEntry: "Normal metals",
        InterfaceEntry: "Interfaces",
    }
    tables = []
    for kind, title in titles.items():
        rows = [row for row in everything if isinstance(row[2], kind)]
        if not rows:
            continue
        given = [key for key in SYMBOLS if any(_cell(entry, key) for _, _, entry in rows)]
        given = [key for key in given if key != HALVED]
        heads = ("\n".join(SYMBOLS[key]) for key in given)
        cells = [
            [name, variant, *(_cell(entry, key) for key in given)] for name, variant, entry in rows
        ]
        tables.append(_table(title, ["", "variant", *heads], cells))
    several = [DEFAULTS] if any(variant.endswith(" *") for _, variant, _ in everything) else []
    return _printed(*tables, "", *several, "Sources of all numbers: spinfem materials NAME")


def details(library: Library, name: str) -> str:
    """Write all that is known of one metal or interface: every number and its source.

    Raises
    ------
    ValueError
        If the library has no such entry.
    """
    both: dict[str, Mapping[str, Entry]] = {**library.materials, **library.interfaces}
    name = name if name in both else same_thing(name, both) or name
    if name not in both:
        raise ValueError(
            f"name must be that of a metal or interface in the library ({', '.join(both)}), "
            f"got {name!r}{kind_hint(name, both, in_file=True)}"
        )
    tables: list[Any] = []
    for variant, entry in both[name].items():
        kind = getattr(entry, "kind", "interface")
        more = [kind, *filter(None, [entry.description])]
        more += ["default"] if entry.default and len(both[name]) > 1 else []
        rows = [
            [
                SYMBOLS[key][0],
                number.shown(),
                SYMBOLS[key][1],
                "" if number.temperature_K is None else f"{number.temperature_K:g} K",
                number.method or "",
                number.source,
                number.note or "",
            ]
            for key, number in entry.quantities.items()
        ]
        heads = ["", "value", "unit", "at", "method", "source", "note"]
        used = [i for i in range(len(heads)) if any(row[i] for row in rows)]
        rows = [[row[i] for i in used] for row in rows]
        title = f"{name}, {variant} ({', '.join(more)})"
        tables.append(_table(title, [heads[i] for i in used], rows))
        if entry.via:
            tables.append(f"as listed in {entry.via}")
    return _printed(*tables)


def _cell(entry: Entry, key: str) -> str:
    number = entry.quantities.get(key)
    if key == "AR_fOhm_m2" and (twice := entry.quantities.get(HALVED)):
        parts = twice.uncertainty and tuple(x / 2 for x in twice.uncertainty)
        number = twice.model_copy(update={"value": twice.value / 2, "uncertainty": parts})
    return "" if number is None else number.shown()


def _table(title: str, heads: list[str], rows: list[list[str]]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for head in heads:
        table.add_column(head)
    for row in rows:
        table.add_row(*row)
    return table


def _printed(*parts: Table | str) -> str:
    from rich.console import Console

    # wide, so that long sources are not broken; no markup in names
    console = Console(width=10_000, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        for i, part in enumerate(parts):
            if i and not isinstance(part, str):
                console.print()
            console.print(part)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
