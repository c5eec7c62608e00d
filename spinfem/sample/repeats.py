"""Chains of pieces: stacks in stacks, repeated cells, and what their copies are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from .._spelling import stem
from .order import ENDS
from .pieces import Interface, Joinable, Layer, Superconductor, short


def flattened(pieces: Iterable[Any]) -> tuple[Any, ...]:
    """Return pieces one by one: those of stacks among them, and those that superconductors are.

    A stack that is there several times is a repeated cell.
    """
    given, chain = tuple(pieces), Joinable.stack_type
    if not any(isinstance(piece, chain | Superconductor) for piece in given):
        return given
    times = Counter(id(piece) for piece in given if isinstance(piece, chain))
    seen: Counter[int] = Counter()
    found: list[Any] = []
    for i, piece in enumerate(given):
        if isinstance(piece, chain):
            seen[id(piece)] += 1
            own: tuple[Any, ...] = piece.pieces
            found += copies(own, [seen[id(piece)]]) if times[id(piece)] > 1 else own
        elif isinstance(piece, Superconductor) and i in (0, len(given) - 1):
            found += piece.at_end(i == 0)
        else:
            found.append(piece)
    return tuple(found)


def repeated(cell: tuple[Any, ...], repeats: int) -> tuple[Any, ...]:
    """Return the pieces of a cell so many times, with numbered names.

    Raises
    ------
    TypeError, ValueError
        If the number of repeats is no positive integer, or an end is in the cell.
    """
    if isinstance(repeats, bool) or not hasattr(repeats, "__index__"):
        raise TypeError(f"repeats of a cell must be an integer, got {repeats!r}")
    if repeats < 1:
        raise ValueError(f"repeats of a cell must be positive, got {repeats!r}")
    for piece in cell:
        if isinstance(piece, (*ENDS, Superconductor)):
            raise ValueError(f"a cell that is repeated must have no ends, got {short(piece)} in it")
    if not any(_called(piece) for piece in cell):
        return cell * repeats
    return tuple(copies(cell, range(1, repeats + 1)))


def copies(cell: Iterable[Any], numbers: Iterable[int]) -> Iterator[Any]:
    """Yield the pieces of copies of a cell, all that has a name under a numbered one."""
    parts = []
    for piece in cell:
        called = _called(piece)
        stems = {key: stem(name) for key, name in called.items()}
        own = {**vars(piece), "copy_of": (*piece.copy_of, *called.items())} if called else {}
        parts.append((piece, own, stems))
    for number in numbers:
        for piece, own, stems in parts:
            if not stems:
                yield piece
                continue
            new = object.__new__(type(piece))
            named = {key: f"{before}{number}" for key, before in stems.items()}
            vars(new).update(own, **named)
            yield new


def _called(piece: Any) -> dict[str, str]:
    """Return the name and the group of a layer or interface, as far as it has them."""
    if not isinstance(piece, Layer | Interface):
        return {}
    found = {key: getattr(piece, key, None) for key in ("name", "group")}
    return {key: name for key, name in found.items() if name}
