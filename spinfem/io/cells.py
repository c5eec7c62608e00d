"""Cells of a stack file: parts of a sample that are written once and repeated.

They are put in the place of where they stand before anything is made of the tables, so that all
else knows plain layers and interfaces. Copies are counted through the whole file: the layer "free"
of a cell is "free1", "free2" and so on, from left to right, and so are its groups and interfaces.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .._spelling import near_match, stem
from ..files.tables import MOST_TABLES, Location, PlacedError, all_of, key_path, noted, shown

NAMES = ("name", "group")
"""Keys whose values are numbered in copies."""


Copies = Mapping[str, Mapping[str, tuple[int, ...]]]
"""For "name" and "group": what is so called in a cell, and where its copies are in ``layers``."""


@dataclass(frozen=True)
class Plain:
    """Tables of a file without cells.

    Attributes
    ----------
    tables : dict
        Those of the file, its cells in the place of where they stand in ``layers``.
    origins : list of tuple
        Where each of the layers is written, keys and indices from the top.
    numbers : list of int
        Which copy of its cell each of the layers is of; 0 if it is in none.
    copies : mapping
        `Copies`.
    """

    tables: dict[str, Any]
    origins: list[Location]
    numbers: list[int]
    copies: Copies = field(default_factory=lambda: {key: {} for key in NAMES})

    def written(self, where: Location) -> Location:
        """Return where in the file as it is written something stands."""
        if where[0] == "layers" and len(where) > 1:
            return (*self.origins[int(where[1])], *where[2:])
        return where

    @contextmanager
    def as_written(self) -> Iterator[None]:
        """Say of errors in copies where in the file they come from, once, and if in some alone."""
        try:
            yield
        except PlacedError as error:
            found: dict[tuple[Location, str], list[int]] = {}
            for problem in error.all:
                where, number = problem.where, 0
                if where[0] == "layers" and len(where) > 1:
                    number = self.numbers[int(where[1])]
                found.setdefault((self.written(where), str(problem)), []).append(number)
            raise all_of(
                [
                    PlacedError(text + self._in_copies(where, numbers), where)
                    for (where, text), numbers in found.items()
                ]
            ) from None

    def _in_copies(self, where: Location, numbers: list[int]) -> str:
        """Say in which copy something is wrong, if it is right in others."""
        if where[0] != "cells" or len(numbers) == self.origins.count(where[:4]):
            return ""
        return f" (in copy {numbers[0]})"


def without_cells(data: dict[str, Any]) -> Plain:
    """Put cells in the place of where they stand.

    Parameters
    ----------
    data : dict
        The tables of a file, each right by itself.

    Raises
    ------
    PlacedError
        If there is no such cell, there are too many copies, or names would be given twice.
    """
    cells, given = data.get("cells", {}), data.get("layers", [])
    if "cells" not in data and not any("cell" in table for table in given):
        return Plain(data, [("layers", i) for i in range(len(given))], [0] * len(given))
    _check(cells, given)
    origins: list[Location] = []
    numbers: list[int] = []
    layers: list[dict[str, Any]] = []
    copies: dict[str, dict[str, list[int]]] = {key: {} for key in NAMES}
    counts: Counter[str] = Counter()
    for i, table in enumerate(given):
        if "cell" not in table:
            layers.append(table)
            origins.append(("layers", i))
            numbers.append(0)
            continue
        cell = table["cell"]
        for _ in range(table.get("repeat", 1)):
            counts[cell] += 1
            for j, inner in enumerate(cells[cell]["layers"]):
                names = {key: inner[key] for key in NAMES if key in inner}
                for key, name in names.items():
                    copies[key].setdefault(name, []).append(len(layers))
                layers.append(
                    inner | {key: f"{stem(name)}{counts[cell]}" for key, name in names.items()}
                )
                origins.append(("cells", cell, "layers", j))
                numbers.append(counts[cell])
    _check_names(data, counts)
    tables = {key: value for key, value in data.items() if key != "cells"} | {"layers": layers}
    every = {key: {n: tuple(places) for n, places in of.items()} for key, of in copies.items()}
    return Plain(tables, origins, numbers, every)


def _check(cells: Mapping[str, Any], given: list[dict[str, Any]]) -> None:
    """Raise PlacedError unless cells have layers and are there, and copies are not too many."""
    problems: list[PlacedError] = []
    for name, cell in cells.items():
        if not cell["layers"]:
            text = "at least one layer must be given, got none"
            problems.append(PlacedError(text, ("cells", name, "layers")))
    total = 0
    for i, table in enumerate(given):
        cell = table.get("cell")
        if cell is not None and cell not in cells:
            known = ", ".join(cells) or "none in this file"
            text = f"must be one of the cells ({known}), got {shown(cell)}"
            problems.append(PlacedError(text + near_match(cell, cells), ("layers", i, "cell")))
            continue
        copies = 1 if cell is None else table.get("repeat", 1)
        total += copies * (1 if cell is None else len(cells[cell]["layers"]))
        if total > MOST_TABLES:
            text = f"all layers, copies too, must be at most {MOST_TABLES}, got {total} up to here"
            problems.append(PlacedError(text, ("layers", i, "repeat")))
            break
    if problems:
        raise all_of(problems)


def _check_names(data: dict[str, Any], counts: Mapping[str, int]) -> None:
    """Raise PlacedError if a name of a cell, or one of its copies, is given elsewhere too."""
    owners: dict[str, Location] = {}
    for where, table in [
        *(((side,), data[side]) for side in ("left", "right") if side in data),
        *((("layers", i), table) for i, table in enumerate(data.get("layers", []))),
    ]:
        for key in NAMES:
            if key in table:
                owners.setdefault(table[key], (*where, key))
    problems: list[PlacedError] = []
    for cell, count in counts.items():
        mine: dict[str, Location] = {}
        for j, table in enumerate(data["cells"][cell]["layers"]):
            for key in NAMES:
                if (name := table.get(key)) is None:
                    continue
                where = ("cells", cell, "layers", j, key)
                first = mine.setdefault(name, where)
                if first is not where and not key == first[-1] == "group":
                    text = f"must differ from {key_path(first, data)}, got {name!r}"
                    problems.append(PlacedError(text, where))
        for base, where in mine.items():
            with noted(problems):  # once, however many copies
                for name in (base, *(f"{stem(base)}{n}" for n in range(1, count + 1))):
                    _take(name, base, where, owners, data)
    if problems:
        raise all_of(problems)


def _take(
    name: str, base: str, where: Location, owners: dict[str, Location], data: dict[str, Any]
) -> None:
    """Note who has a name; PlacedError if it is another one."""
    if name in owners:
        copies = f"{base!r} and its copies {base!r} with a number"
        raise PlacedError(
            f"{copies} must differ from all other names, got {name!r} in "
            f"{key_path(owners[name], data)} too",
            where,
        )
    owners[name] = where
