"""Tables and lines to read, as plain text and as HTML for notebooks.

What is shown is a list of parts, lines and tables; both ways of writing take the same ones. Names
are a user's: control characters become escapes, and in HTML nothing in them is markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

import numpy as np

from .._checks import visible

MOST = 40
"""Rows of a table that are shown where nobody asked for all of them."""


class Column(NamedTuple):
    """A column of a table."""

    head: str
    is_text: bool = False  # set to the left; numbers are set to the right


class Rows(NamedTuple):
    """What is shown of a table."""

    columns: list[Column]
    first: list[list[str]]
    hidden: int  # rows between them
    last: list[list[str]]


@dataclass(frozen=True)
class Table:
    """A table, whose cells are written when it is shown, and of those rows alone.

    Attributes
    ----------
    columns : sequence of Column
        A column without anything in its rows is left out; heads are, if all are empty.
    things : sequence
        What the rows are about.
    cells : callable
        Takes one of the things, returns the cells of its row.
    title : str
        A line above the table.
    """

    columns: Sequence[Column]
    things: Sequence[Any]
    cells: Callable[[Any], Sequence[str]]
    title: str = ""

    def rows(self, most: int | None) -> Rows:
        """Return what is shown if so many rows are: of more those in the middle are left out."""
        n = len(self.things)
        head, tail = (n, n) if most is None or n <= most else (most - most // 2, n - most // 2)
        both = [
            [[visible(cell) for cell in self.cells(thing)] for thing in things]
            for things in (self.things[:head], self.things[tail:])
        ]
        used = [any(row[i] for rows in both for row in rows) for i in range(len(self.columns))]
        first, last = ([_only(row, used) for row in rows] for rows in both)
        return Rows(_only(self.columns, used), first, tail - head, last)


Part = str | Table


class Readable:
    """What prints as text, and shows itself as HTML in notebooks; `repr` stays short."""

    def _parts(self) -> list[Part]:
        """Return the lines and tables to show."""
        raise NotImplementedError

    def __str__(self) -> str:
        return as_text(self._parts(), MOST)

    def _repr_html_(self) -> str:
        return as_html(self._parts(), MOST)


def as_text(parts: Iterable[Part], most: int | None = None) -> str:
    """Write lines and tables as plain text, a blank line above a table.

    Parameters
    ----------
    parts : iterable of str or Table
        What to write.
    most : int, optional
        Rows of a table that are shown; default: all.
    """
    lines: list[str] = []
    with np.errstate(all="ignore"):  # numbers out of range are seen
        for part in parts:
            if isinstance(part, str):
                lines.append(visible(part))
                continue
            lines += [""] * bool(lines)
            lines += [visible(part.title)] * bool(part.title)
            lines += _lines(part.rows(most))
    return "\n".join(line.rstrip() for line in lines)


def _lines(rows: Rows) -> Iterator[str]:
    from rich.cells import cell_len  # some letters take two places of a terminal, some none

    heads = [column.head for column in rows.columns]
    shown = [heads] * any(heads) + rows.first + rows.last
    widths = [max(map(cell_len, column)) for column in zip(*shown, strict=True)]

    def line(row: list[str]) -> str:
        cells = []
        for column, cell, width in zip(rows.columns, row, widths, strict=True):
            room = " " * (width - cell_len(cell))
            cells.append(cell + room if column.is_text else room + cell)
        return "  ".join(cells)

    for row in shown[: len(shown) - len(rows.last)]:
        yield line(row)
    if rows.hidden:
        yield _left_out(rows)
    for row in rows.last:
        yield line(row)


def as_html(parts: Iterable[Part], most: int | None = None) -> str:
    """Write lines and tables as HTML; parameters as of `as_text`."""
    with np.errstate(all="ignore"):
        return "\n".join(
            f"<div>{escape(visible(part))}</div>"
            if isinstance(part, str)
            else _html(part.title, part.rows(most))
            for part in parts
        )


def _html(title: str, rows: Rows) -> str:
    def line(row: Sequence[str], tag: str) -> str:
        cells = (
            f'<{tag} style="text-align: {"left" if column.is_text else "right"}">'
            f"{escape(cell)}</{tag}>"
            for column, cell in zip(rows.columns, row, strict=True)
        )
        return f"<tr>{''.join(cells)}</tr>"

    heads = [column.head for column in rows.columns]
    gap = f'<tr><td colspan="{len(heads)}">{_left_out(rows)}</td></tr>'
    lines = [
        "<table>",
        *[f'<caption style="text-align: left">{escape(visible(title))}</caption>'] * bool(title),
        *[f"<thead>{line(heads, 'th')}</thead>"] * any(heads),
        "<tbody>",
        *(line(row, "td") for row in rows.first),
        *[gap] * bool(rows.hidden),
        *(line(row, "td") for row in rows.last),
        "</tbody></table>",
    ]
    return "\n".join(lines)


def _left_out(rows: Rows) -> str:
    return f"... {rows.hidden} more ..."


def _only(row: Sequence[Any], used: Sequence[bool]) -> list[Any]:
    return [cell for cell, is_used in zip(row, used, strict=True) if is_used]
