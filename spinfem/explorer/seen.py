"""What is seen: a stack, the numbers that were moved, and the solution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from typing import Any

from ..dynamics.dynamics import Dynamics
from ..dynamics.fromfile import anything_moves, arguments_of
from ..fem.mesh import DEGREE
from ..io.stackfile import StackFile, read_into
from ..paper.analogy import Mechanism
from ..paper.folding import Folded, fold
from ..sample.stack import LoadedStack, Stack, check_stack
from ..solution import Solution
from ..solver import solve
from .slider import Slider
from .sliders import Sliders

PANELS = ("forces", "torques", "frequency", "motion", "hodographs", "profiles")
"""Names of groups of pictures, in the order in which they stand."""
SWINGING = ("torques", "frequency")
"""Those that there are of a current that swings."""
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
    motion : mapping or None
        Arguments of `spinfem.Dynamics` besides the stack, if magnets move.
    """

    preset: str | None
    title: str
    stack: Stack
    j0: float
    motion: Mapping[str, Any] | None = None

    @cached_property
    def sliders(self) -> Sliders:
        """All that can be moved."""
        return Sliders(self.stack, self.j0)

    @cached_property
    def turnable(self) -> dict[str, Slider]:
        """Polar angles by whose they are, from left to right."""
        return {one.owner: one for one in self.sliders.all if one.quantity == "polar"}


def base_of(
    given: Stack | LoadedStack | Dynamics,
    title: str | None = None,
    preset: str | None = None,
    motion: Mapping[str, Any] | None = None,
) -> Base:
    """Return what is seen of a stack, or of one whose magnets move, at first.

    Raises
    ------
    TypeError, ValueError
        If it is no stack, a batch, or cannot be solved.
    """
    if isinstance(given, Dynamics) and not isinstance(given.sample, Stack):
        raise TypeError("what is explored must be a stack, got magnets of a device")
    stack = given.stack if isinstance(given, Dynamics) else check_stack(given)
    if isinstance(given, Dynamics):
        if given.shape:
            raise ValueError(
                "magnets to explore must be those of a single stack, with single numbers, got a "
                f"batch of shape {given.shape}"
            )
        motion = given.arguments
    j0 = 1.0 if stack.j0 is None else stack.j0
    base = Base(preset, title or repr(stack), stack, j0, motion)
    _ = base.sliders, Seen(base).solution  # raise
    return base


def read_base(
    path: str | PathLike[str], title: str | None = None, preset: str | None = None
) -> Base:
    """Return what is seen of a stack file at first; errors as of `spinfem.load` and `base_of`."""

    def made(file: StackFile) -> tuple[StackFile, Mapping[str, Any] | None]:
        moves = anything_moves(file.tables, file.stack)
        return file, arguments_of(file.tables, file.stack) if moves else None

    file, motion = read_into(path, made)
    return base_of(file.stack, title or file.title or file.path.name, preset, motion)


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
    hidden : frozenset of str
        Which of `PANELS` are not seen.
    """

    base: Base
    values: Mapping[str, float] = field(default_factory=dict)
    turned: str | None = None
    pair: int | None = None
    hidden: frozenset[str] = frozenset()

    def with_value(self, key: str, value: float) -> Seen:
        """Return it with one number moved."""
        values = {**self.values, key: value}
        if value == self.base.sliders.by_key[key].value:
            del values[key]
        return replace(self, values=values)

    def value(self, quantity: str) -> float:
        """Return a number of the whole stack: "j0", "degree" or "elements"."""
        slider = next(s for s in self.base.sliders.all if s.quantity == quantity)
        return self.values.get(slider.key, slider.value)

    @property
    def panels(self) -> tuple[str, ...]:
        """Groups of pictures that there are, hidden or not."""
        known = {"motion": self.base.motion, "frequency": self.base.sliders.frequency}
        return tuple(name for name in PANELS if name not in known or known[name] is not None)

    def shows(self, panel: str) -> bool:
        """Whether a group of pictures is seen."""
        there = self.panels if self.frequency is None else SWINGING
        return panel in there and panel not in self.hidden

    @cached_property
    def stack(self) -> Stack:
        """The stack with the moved numbers; ValueError if they do not fit together."""
        return self.base.sliders.stack_of(self.values)

    @cached_property
    def j0(self) -> float:
        """The particle current: to the bit, unless it was moved."""
        key = next(s.key for s in self.base.sliders.all if s.quantity == "j0")
        return self.values.get(key, self.base.j0)

    @cached_property
    def frequency(self) -> float | None:
        """Of a current that swings, Hz or per unit of tau; None of a stationary one."""
        slider = self.base.sliders.frequency
        return None if slider is None else self.values.get(slider.key)

    @property
    def mesh(self) -> dict[str, Any]:
        """What is not as usual of the arguments `degree` and `elements` of `spinfem.solve`."""
        degree, elements = int(self.value("degree")), int(self.value("elements"))
        found: dict[str, Any] = {} if degree == DEGREE else {"degree": degree}
        return found | ({"elements": elements} if elements else {})

    @property
    def certified(self) -> bool:
        """Whether bounds are found: where the mesh lets them be seen, and they are found soon."""
        few = len(self.stack.layers) <= MOST_CERTIFIED
        return bool(self.mesh) and few and self.frequency is None

    @cached_property
    def solution(self) -> Solution:
        """The solution, with bounds if it is `certified`; ValueError as of `solve`."""
        return solve(
            self.stack, self.j0, frequency=self.frequency, certify=self.certified, **self.mesh
        )

    @cached_property
    def system(self) -> Dynamics | None:
        """What moves, in this stack; ValueError as of `spinfem.Dynamics`."""
        if self.base.motion is None:
            return None
        return Dynamics(self.stack, **self.base.motion, **self.mesh)

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
        """Rods, rings and cords; None of a stack that has none, and at a frequency."""
        try:
            mechanism = Mechanism(self.solution)
        except ValueError:
            return None
        return mechanism if mechanism.rings else None

    @cached_property
    def folded(self) -> Folded:
        """The hodographs in one plane; ValueError as of `spinfem.paper.folding.fold`."""
        return fold(self.solution)

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
