"""Tables of measurements: columns of a CSV file, or of anything that has columns by their names.

Units are at the end of a column's name, as in keys of stack files: ``thickness_nm``,
``AdR_fOhm_m2``, ``MR_percent``. Without one, numbers are as they stand.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray, finite, is_seen, read_only
from .._names import UNITS, shown_unit
from .._spelling import near_match
from ..files.disk import content_of, replacing

LARGEST = 64 << 20
"""Bytes of a file."""
DELIMITERS = ",;\t"
"""What may be between columns: whichever is first in the line of their names."""
COMMA = re.compile(r"[-+]?\d*,\d+([eE][-+]?\d+)?")
"""A number with a decimal comma."""
POINT = "; decimals have a point, not a comma"
ENDS: dict[str, tuple[str, float]] = UNITS | {
    "Ohm": ("Ohm", 1.0),
    "mOhm": ("Ohm", 1e-3),
    "kOhm": ("Ohm", 1e3),
    "m2": ("m2", 1.0),
    "um2": ("m2", 1e-12),
    "nm2": ("m2", 1e-18),
    "J_m2": ("J/m2", 1.0),
    "mJ_m2": ("J/m2", 1e-3),
    "uJ_m2": ("J/m2", 1e-6),
    "J_A": ("J/A", 1.0),
    "percent": ("", 0.01),
}
"""Ends of names: the unit in SI, or degrees, and how many of that they are."""


class Unit(NamedTuple):
    """The unit at the end of a name."""

    plain: str  # the name without it
    base: str | None  # that of the SI; None if there is none
    size: float
    written: str = ""  # as people write it: fOhm m2


def unit_at_end(name: str) -> Unit:
    """Split a name into what it is and its unit.

    >>> unit_at_end("AdR_fOhm_m2")
    Unit(plain='AdR', base='Ohm m2', size=1e-15, written='fOhm m2')
    """
    for i, letter in enumerate(name):  # the longest one first: fOhm_m2 is no m2
        end = name[i + 1 :].replace("ohm", "Ohm")
        if letter == "_" and i > 0 and end in ENDS:
            return Unit(name[:i], *ENDS[end], shown_unit(end))
    return Unit(name, None, 1.0)


class Columns:
    """A table.

    Attributes
    ----------
    names : tuple of str
        Of its columns.
    source : str
        What it is called in messages: the path of its file.
    """

    def __init__(
        self, source: str, columns: Mapping[str, Any], lines: Sequence[int] | None = None
    ) -> None:
        self.source, self.names = source, tuple(columns)
        self._columns, self._lines = columns, lines

    def check(self, name: str, what: str) -> None:
        """Raise ValueError if there is no such column."""
        if name not in self.names:
            raise ValueError(
                f"{self.source}: {what} must be one of its columns ({', '.join(self.names)}), "
                f"got {name!r}{near_match(name, self.names)}"
            )

    def numbers(self, name: str) -> FloatArray:
        """Return a column, shape (n,), as it stands; ValueError if it has anything but numbers."""
        column = self._columns[name]
        if self._lines is not None:
            rows = zip(self._lines, column, strict=True)
            return read_only(np.array([self._number(name, line, text) for line, text in rows]))
        try:
            values = np.array(column, dtype=float)
        except (TypeError, ValueError):
            raise ValueError(
                f"{self.source}: column {name!r} must have numbers, got {column!r:.80}"
            ) from None
        if values.ndim != 1 or not values.size:
            raise ValueError(
                f"{self.source}: column {name!r} must be a row of numbers, got shape {values.shape}"
            )
        return np.asarray(finite(f"{self.source}: column {name!r}", values))

    def _number(self, name: str, line: int, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            comma = COMMA.fullmatch(text.strip())
            raise ValueError(
                f"{self.source}: line {line}, column {name!r}: must be a finite number, "
                f"got {text.strip()!r}{POINT if comma else ''}"
            )
        return value

    def in_SI(self, name: str) -> FloatArray:
        """Return a column in the SI unit that its name ends in; as it stands without one."""
        return read_only(self.numbers(name) * unit_at_end(name).size)


def is_table(data: object) -> bool:
    """Tell whether data are a file, a mapping of columns or a data frame."""
    if isinstance(data, str | PathLike | Columns):
        return True
    if hasattr(data, "data_vars"):  # of xarray
        return False
    return isinstance(data, Mapping) or (hasattr(data, "columns") and hasattr(data, "__getitem__"))


def columns_of(data: Any) -> Columns:
    """Return the columns of data that are a table.

    Raises
    ------
    ValueError
        If they are not a table with names and numbers; of a file, the message names it.
    OSError
        If a file cannot be read.
    """
    if isinstance(data, Columns):
        return data
    if isinstance(data, str | PathLike):
        return read_columns(Path(data))
    names = data.keys() if isinstance(data, Mapping) else data.columns
    return Columns("data", {str(name): data[name] for name in names})


def read_columns(path: Path) -> Columns:
    """Read a CSV file: names of the columns in its first line, then rows of numbers.

    Columns are parted by commas, semicolons or tabs. Empty lines, and those that begin with #, are
    left out; columns that nobody asks for may hold anything.
    """

    def refusal(text: str) -> ValueError:
        return ValueError(f"{path}: {text}")

    try:
        text = content_of(path, LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refusal(
            f"must be text in UTF-8, got another byte at {error.start}; save it in that encoding"
        ) from None
    except ValueError as error:
        raise refusal(str(error)) from None
    used = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if len(used) < 2:
        raise refusal("must have a line of names and rows of numbers, got none")
    delimiter = next((letter for letter in used[0][1] if letter in DELIMITERS), ",")
    rows = []
    for number, line in used:
        try:
            (row,) = csv.reader([line], delimiter=delimiter, strict=True)
        except csv.Error as error:
            raise refusal(f"line {number}: must be cells in one line: {error}") from None
        rows.append([cell.strip() for cell in row])
    names = rows[0]
    for name in names:
        if not is_seen(name) or names.count(name) > 1:
            raise refusal(f"names of columns must be given and different, got {name!r}")
    for (number, _), row in zip(used, rows, strict=True):
        if len(row) != len(names):
            commas = delimiter == "," and len(row) > len(names)
            raise refusal(
                f"line {number}: must have {len(names)} columns, got {len(row)}"
                f"{POINT if commas else ''}"
            )
    columns = zip(*rows[1:], strict=True)
    return Columns(
        str(path), dict(zip(names, columns, strict=True)), [number for number, _ in used[1:]]
    )


def write_columns(path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write a CSV file of columns by their names; it appears whole or not at all."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(columns)
        rows.writerows(zip(*columns.values(), strict=True))
