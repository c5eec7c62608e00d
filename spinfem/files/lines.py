"""What a mesh file says of line cells, and its numbers: as many as there are, and no more."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

from .._checks import FloatArray, IntArray

LARGEST_WHOLE = 2**53
"""From here on doubles are not all whole numbers."""
MOST_CELLS = 200_000
"""Cells that are read one by one."""
MOST_GROUPS = 50_000
"""Groups, and what files have for a layer each: parts of a section, curves."""
MOST_NUMBERS = 2_000_000
"""Numbers that are written out, of nodes, of elements, or of an array."""


class Lines(NamedTuple):
    """What a file holds of line cells."""

    points: FloatArray  # (n, 1 to 3)
    cells: IntArray  # (k, 2) numbers of points
    groups: dict[str, IntArray]  # numbers of the cells of every group


class MalformedError(ValueError):
    """Why a file is not of its format."""


def numbers_in(text: bytes | str, what: str, most: int = MOST_NUMBERS) -> FloatArray:
    """Return the numbers of a text with space between them, shape (n,).

    Raises
    ------
    MalformedError
        If there is something else in it.
    ValueError
        If they are too many.
    """
    letters = np.frombuffer(text if isinstance(text, bytes) else text.encode(), np.uint8)
    changes = np.count_nonzero(np.diff(letters > ord(" "), prepend=False))
    bounded((1 + int(changes)) // 2, f"numbers of {what}", most)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # numpy's name for what is no number
        try:
            return np.fromstring(text, dtype=float, sep=" ")
        except (ValueError, DeprecationWarning):
            raise MalformedError(f"{what} must be numbers, got something else") from None


def whole(numbers: FloatArray, what: str) -> IntArray:
    """Return numbers of any type as integers.

    Raises
    ------
    MalformedError
        If one is none, or too large to number anything.
    """
    with np.errstate(invalid="ignore"):  # nan is no whole number
        wrong = ~((np.abs(numbers) < LARGEST_WHOLE) & (numbers == np.trunc(numbers)))
    if wrong.any():
        given = numbers[wrong].flat[0]
        raise MalformedError(f"{what} must be whole numbers below 2**53, got {given:.17g}")
    return numbers.astype(np.intp)


def number_of(text: str | bytes, what: str) -> int:
    """Return a number of things that is written out; MalformedError unless it is one."""
    text = text.strip()
    if not (0 < len(text) <= 15 and text.isascii() and text.isdigit()):  # a digit too is "²"
        shown = text[:20] if isinstance(text, str) else text[:20].decode(errors="replace")
        raise MalformedError(f"{what} must be a whole number below 1e15, got {shown!r}")
    return int(text)


def bounded(count: int, what: str, most: int = MOST_GROUPS) -> int:
    """Return a number of things of which each one takes its time; ValueError if they are many."""
    if count > most:
        raise ValueError(f"there must be at most {most} {what}, got {count}")
    return count


def refuse_cells(count: int, kind: str) -> None:
    """Raise ValueError: these cells are no lines of two nodes."""
    raise ValueError(f"cells must be lines of two nodes, got {count} of type {kind}")


def by_tag(tags: IntArray) -> dict[int, IntArray]:
    """Return which places of an array have every one of its numbers; ValueError if too many."""
    order = np.argsort(tags, kind="stable")
    present, starts = np.unique(tags[order], return_index=True)
    bounded(present.size, "groups")
    return dict(zip(present.tolist(), np.split(order, starts[1:]), strict=False))


def rows_of(wanted: IntArray, tags: IntArray) -> IntArray:
    """Return in which rows the tags of nodes are.

    Raises
    ------
    ValueError
        If one is not there.
    MalformedError
        If one is there twice.
    """
    order = np.argsort(tags, kind="stable")
    known = tags[order]
    twice = np.flatnonzero(known[1:] == known[:-1])
    if twice.size:
        raise MalformedError(f"nodes must have a number each, got {known[twice[0]]} twice")
    place = np.searchsorted(known, wanted)
    there = place < known.size
    there[there] = known[place[there]] == wanted[there]
    if not there.all():
        raise ValueError(
            f"cells must join nodes of the file, got one with node {wanted[~there].flat[0]}"
        )
    return order[place]
