"""Which numbers of a stack can be moved, and what of the stack each of them belongs to.

They are those of `Gradient.parameters`. Those of a metal belong to all that is made of it, and
those of copies in a repeated cell, or of layers in a group, to all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray
from ..results.gradient import Place, places_of
from ..sample.changes import METAL
from ..sample.materials import Metal
from ..sample.pieces import Interface, Layer, Lead
from ..sample.stack import Stack
from ..texts.numbers import ANGLES
from .slider import ROLES, decimal

MOST = 60
"""Numbers of a stack; where there would be more, pieces that are the same share theirs."""


KNOWN = {"D", *ROLES}


class Found(NamedTuple):
    """A number of some pieces of a stack, under the name of the first."""

    owner: str
    quantity: str
    value: float
    pieces: tuple[int, ...]


def numbers_of(stack: Stack) -> list[Found]:
    """Return all numbers of a stack, each once."""
    return _shared(_Owners(stack).numbers(places_of(stack)), stack)


def metal_of(piece: Any) -> Metal | None:
    """Return the metal of a layer or lead."""
    return piece.material if isinstance(piece, Layer | Lead) else None


class _Owners:
    """Who has the numbers of a stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.element = {k: i for i, k in enumerate(stack.ordinals) if k is not None}
        self.face: dict[int, int] = {}
        faces = 0
        for i, piece in enumerate(stack.pieces):
            if isinstance(piece, Interface):
                self.face[faces] = i
            faces += isinstance(piece, Layer)
        self.metals: dict[int, list[int]] = {}
        for i, piece in enumerate(stack.pieces):
            if (metal := metal_of(piece)) is not None:
                self.metals.setdefault(id(metal), []).append(i)
        self.metal_names: dict[int, str] = {}

    def numbers(self, places: Mapping[str, Place]) -> Iterator[Found]:
        """Yield every number once, with all pieces that have it."""
        seen: set[tuple[str, tuple[int, ...]]] = set()
        for name, place in places.items():
            if place.quantity not in KNOWN:
                continue
            owner = name.rpartition(".")[0]
            at_face = place.quantity in ("resistance", "gamma", "delta", "G_r", "G_i")
            i = self.face[place.k] if at_face else self.element[place.k]
            value = float(place.value)
            if place.quantity in METAL:
                owner, pieces = self._of_metal(i, owner)
            elif place.quantity in ANGLES:
                if getattr(self.stack.pieces[i], "group", None):
                    owner, pieces = self._together(i, owner, self._group(i), "group")
                else:
                    owner, pieces = self._together(i, *self._body(i, owner), "name")
                m = getattr(self.stack.pieces[i], "m")  # noqa: B009 - of a ferromagnet
                value = signed_angles(m)[place.quantity == "azimuth"]
            else:
                owner, pieces = self._together(i, owner, (i,), "name")
            if (place.quantity, pieces) not in seen:
                seen.add((place.quantity, pieces))
                yield Found(owner, place.quantity, value, pieces)

    def _of_metal(self, i: int, owner: str) -> tuple[str, tuple[int, ...]]:
        metal = metal_of(self.stack.pieces[i])
        if id(metal) not in self.metal_names:
            wanted, n = (metal.name if metal else None) or owner, 1
            name = wanted
            while name in self.metal_names.values():
                n += 1
                name = f"{wanted}_{n}"
            self.metal_names[id(metal)] = name
        return self.metal_names[id(metal)], tuple(self.metals[id(metal)])

    def _group(self, i: int) -> tuple[int, ...]:
        group = getattr(self.stack.pieces[i], "group", None)
        return tuple(self.element[k] for k in self.stack.groups[str(group)])

    def _body(self, i: int, owner: str) -> tuple[str, tuple[int, ...]]:
        """Return all that makes one ferromagnet with a piece, as a lead does with a layer of it.

        That is of one metal, in contact, and parallel. It is called after the first layer.
        """
        pieces: Any = self.stack.pieces
        first = last = i

        def is_same(k: int) -> bool:
            other: Any = pieces[k] if 0 <= k < len(pieces) else None
            metal = metal_of(other)
            return metal is metal_of(pieces[i]) and np.array_equal(other.m, pieces[i].m)

        while is_same(first - 1):
            first -= 1
        while is_same(last + 1):
            last += 1
        own = tuple(range(first, last + 1))
        if len(own) == 1:
            return owner, own
        k = next((k for k in own if isinstance(pieces[k], Layer)), i)
        return self.stack.element_names[self.stack.ordinals[k] or 0], own

    def _together(
        self, i: int, owner: str, own: tuple[int, ...], key: str
    ) -> tuple[str, tuple[int, ...]]:
        """Return all copies of a piece, or group, in a repeated cell, under its name there."""
        for known, name in getattr(self.stack.pieces[i], "copy_of", ()):
            if known == key:
                return name, self.stack.copies[key, name]
        return owner, own


def signed_angles(m: FloatArray) -> tuple[float, float]:
    """Return polar angle and azimuth of a direction, degrees; the azimuth is within -90 to 90.

    The polar angle has a sign: so m goes on through the pole as it grows or falls.
    """
    x, y, z = m.tolist()
    polar, azimuth = math.degrees(math.atan2(math.hypot(x, y), z)), 0.0
    if x or y:
        azimuth = math.degrees(math.atan2(y, x))
    if not -90 < azimuth <= 90:
        polar, azimuth = -polar, azimuth - math.copysign(180, azimuth)
    return decimal(polar), decimal(azimuth)


def _shared(numbers: Iterable[Found], stack: Stack) -> list[Found]:
    """Put numbers together that are the same in pieces that are, if there are too many."""
    every = list(numbers)
    if len(every) <= MOST:
        return every
    found: dict[tuple[Any, ...], list[Found]] = {}
    together = _together_in(stack)
    for number in every:
        place = number.pieces[0]
        beside = stack.pieces[max(place - 1, 0) : place + 2]
        kinds = frozenset(id(metal_of(piece)) for piece in beside if metal_of(piece) is not None)
        metal = metal_of(stack.pieces[place])
        own_name = number.owner if number.owner in together else None
        key = number.quantity, number.value, id(metal) if metal is not None else kinds, own_name
        found.setdefault(key, []).append(number)
    return [
        many[0]._replace(pieces=tuple(i for number in many for i in number.pieces))
        for many in found.values()
    ]


def is_tied(number: Found, stack: Stack) -> bool:
    """Whether pieces share a number that have no name together."""
    pieces = [stack.pieces[i] for i in number.pieces]
    of_one = number.quantity in (*METAL, *ANGLES)
    return len(pieces) > 1 and not of_one and number.owner not in _together_in(stack)


def _together_in(stack: Stack) -> set[str]:
    """Return the names that several pieces have together."""
    return {*stack.groups, *(name for _, name in stack.copies)}
