"""What is seen: a stack, the numbers that were moved, and the solution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..fem.mesh import DEGREE
from ..paper.analogy import Mechanism
from ..sample.stack import LoadedStack, Stack, check_stack
from ..solution import Solution
from ..solver import solve
from .slider import Slider
from .sliders import Sliders

MOST_CERTIFIED = 20
"""Layers of a stack up to which bounds follow the sliders."""


@dataclass(frozen=True)
class Base:
    """What is seen at first.

    Attributes
    ----------
    preset : str or None
        Name of the preset; None of a stack that was given.
    title : str
        What stands above it.
    stack : Stack
        A single one.
    j0 : float
        Its particle current.
    """

    preset: str | None
    title: str
    stack: Stack
    j0: float

    @cached_property
    def sliders(self) -> Sliders:
        """All that can be moved."""
        return Sliders(self.stack, self.j0)

    @cached_property
    def turnable(self) -> dict[str, Slider]:
        """Polar angles by whose they are, from left to right."""
        return {one.owner: one for one in self.sliders.all if one.quantity == "polar"}


def base_of(
    given: Stack | LoadedStack, title: str | None = None, preset: str | None = None
) -> Base:
    """Return what is seen of a stack at first.

    Raises
    ------
    TypeError, ValueError
        If it is no stack, a batch, or cannot be solved.
    """
    stack = check_stack(given)
    base = Base(preset, title or repr(stack), stack, 1.0 if stack.j0 is None else stack.j0)
    _ = base.sliders, Seen(base).solution  # raise
    return base


@dataclass(frozen=True)
class Seen:
    """A stack with some of its numbers moved.

    Attributes
    ----------
    base : Base
        What it was at first.
    values : mapping
        Numbers that are not as they were, by the keys of their sliders.
    turned : str or None
        Whose polar angle efficiencies are drawn over; one of `Base.turnable`.
    pair : int or None
        Of which spacer, by its number.
    """

    base: Base
    values: Mapping[str, float] = field(default_factory=dict)
    turned: str | None = None
    pair: int | None = None

    def with_value(self, key: str, value: float) -> Seen:
        """Return it with one number moved."""
        values = {**self.values, key: value}
        if value == self.base.sliders.by_key[key].value:
            del values[key]
        return Seen(self.base, values, self.turned, self.pair)

    def value(self, quantity: str) -> float:
        """Return a number of the whole stack: "j0", "degree" or "elements"."""
        slider = next(s for s in self.base.sliders.all if s.quantity == quantity)
        return self.values.get(slider.key, slider.value)

    @cached_property
    def stack(self) -> Stack:
        """The stack with the moved numbers; ValueError if they do not fit together."""
        return self.base.sliders.stack_of(self.values)

    @cached_property
    def j0(self) -> float:
        """The particle current: to the bit, unless it was moved."""
        key = next(s.key for s in self.base.sliders.all if s.quantity == "j0")
        return self.values.get(key, self.base.j0)

    @property
    def mesh(self) -> dict[str, Any]:
        """What is not as usual of the arguments `degree` and `elements` of `spinfem.solve`."""
        degree, elements = int(self.value("degree")), int(self.value("elements"))
        found: dict[str, Any] = {} if degree == DEGREE else {"degree": degree}
        return found | ({"elements": elements} if elements else {})

    @property
    def certified(self) -> bool:
        """Whether bounds are found: where the mesh lets them be seen, and they are found soon."""
        return bool(self.mesh) and len(self.stack.layers) <= MOST_CERTIFIED

    @cached_property
    def solution(self) -> Solution:
        """The solution, with bounds if it is `certified`; ValueError as of `solve`."""
        return solve(self.stack, self.j0, certify=self.certified, **self.mesh)

    @property
    def si(self) -> bool:
        """Whether its numbers are in SI; the paper's units otherwise."""
        return self.base.stack.units == "SI"

    @property
    def azimuth(self) -> float:
        """Azimuth of what turns, degrees."""
        if self.turning is None:
            return 0.0
        sliders, piece = self.base.sliders, self.turning.pieces[0]
        return sliders.value(sliders.of_piece("azimuth", piece).key, self.values)

    @cached_property
    def mechanism(self) -> Mechanism | None:
        """Rods, rings and cords; None of a stack that has none."""
        try:
            mechanism = Mechanism(self.solution)
        except ValueError:
            return None
        return mechanism if mechanism.rings else None

    @cached_property
    def turning(self) -> Slider | None:
        """The polar angle that pictures are drawn over; None without a ferromagnet.

        By default that of the layer "free", or else the last one.
        """
        known = self.base.turnable
        if self.turned in known:
            return known[str(self.turned)]
        return known.get("free") or next(reversed(known.values()), None)

    @cached_property
    def spacer(self) -> tuple[str, str] | None:
        """The neighbours whose efficiencies are drawn; None where there are none.

        By default the first ones of which one turns.
        """
        pairs = self.solution.spacers
        if self.pair is not None and self.pair < len(pairs):
            return pairs[self.pair]
        turning = self.turning_bodies
        own = [pair for pair in pairs if turning & {*pair}]
        return next(iter([*own, *pairs]), None)

    @cached_property
    def turning_bodies(self) -> set[str]:
        """Names of the ferromagnets, and groups, that turn."""
        if self.turning is None:
            return set()
        places = [self.stack.pieces[i] for i in self.turning.pieces]
        names = {getattr(piece, "group", None) or getattr(piece, "name", None) for piece in places}
        numbered = {self.stack.ordinals[i] for i in self.turning.pieces}
        names |= {self.stack.element_names[k] for k in numbered if k is not None}
        return {str(name) for name in names if name}
