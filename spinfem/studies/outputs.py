"""What is measured on a sample: numbers of its solution, and what is made of them.

Each formula is written once, for numbers and for `firstorder.FirstOrder`, so that every output has
the exact derivatives of the chain rule.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, finite, positive, unit_vector
from .._spelling import near_match
from ..physics.directions import across, angle
from ..results.gradient import OUTPUTS
from ..results.solved import SolvedStack
from ..sample.stack import Stack
from .comparison import notice_opened, turned_by_name

AXES = ("x", "y", "z")
PARTS = ("damping-like", "field-like")
COMPONENTS = (*AXES, *PARTS)
"""Of a torque."""
COMPARISONS: dict[str | None, Callable[..., Any]] = {
    None: lambda value: value,
    "change": lambda before, after: after - before,
    "relative change": lambda before, after: (after - before) / before,
    "ratio": lambda before, after: after / before,
}
"""What is made of the values in the given state and in the one with magnets turned."""
NEEDED = {"torque": ("on", "component"), "efficiency": ("on", "by")}
"""What a result must be given with."""
ALLOWED = {"torque": ("on", "by", "component", "current"), "efficiency": ("on", "by")}


@dataclass(frozen=True, eq=False)
class Output:
    """What was measured, for `spinfem.fit`.

    =================================================  ===========================================
    ``Output("resistance")``                           resistance-area product RA, Ohm m2
    ``Output("resistance").change(turned)``            A dR, Ohm m2, as magnets turn
    ``Output("resistance").relative_change(turned)``   magnetoresistance ratio
    ``Output("resistance").on_pillar(area=2e-14)``     resistance of a pillar with contacts, Ohm
    ``Output("torque", on="free", component="x")``     torque over j0, J/A
    ``Output("efficiency", on="free", by="pinned")``   g of eq. (1) on the first of them
    ``Output("efficiency", ...).ratio(turned)``        what critical currents without a field are
                                                       inversely as
    =================================================  ===========================================

    In place of any `float` here the name of a parameter or of a coordinate of the fit may stand, as
    in ``on_pillar(area="area", series="R_lead")``; the builder of the samples need not take it.

    Parameters
    ----------
    result : "resistance", "spin_resistance", "torque" or "efficiency"
        Of `Solution`.
    on : str, optional
        The ferromagnet, or group, of a torque or an efficiency.
    by : str, optional
        The other ferromagnet of an efficiency; and of parts of a torque, where there are more than
        two (`Solution.torque_parts`).
    component : "x", "y", "z", "damping-like" or "field-like", optional
        Of a torque. The last two are along ``m x (q x m)`` and ``m x q``, unit vectors for m of
        `on` and q of `by`; they need an angle between these.
    current : float or str, optional
        Particle current j0 of a torque, A/m2, positive when electrons flow towards +x. Default: the
        torque is that per current, J/A.

    Attributes
    ----------
    area, contact, series : float or str, or None
        Of a pillar, as in `on_pillar`.
    turned : mapping or None
        Magnetizations in the state that is compared with the given one.
    comparison : "change", "relative change", "ratio" or None
        What is made of both.

    Raises
    ------
    TypeError, ValueError
        If there is no such result, or what belongs to it is missing, not of it, or no such number.
    """

    result: str
    on: str | None = None
    by: str | None = None
    component: str | None = None
    current: float | str | None = None
    area: float | str | None = dataclasses.field(default=None, init=False)
    contact: float | str = dataclasses.field(default=0.0, init=False)
    series: float | str = dataclasses.field(default=0.0, init=False)
    turned: Mapping[str, FloatArray] | None = dataclasses.field(default=None, init=False)
    comparison: str | None = dataclasses.field(default=None, init=False)

    def __post_init__(self) -> None:
        _check_word("output", self.result, tuple(OUTPUTS))
        for key in ("on", "by", "component", "current"):
            value = getattr(self, key)
            if value is None and key in NEEDED.get(self.result, ()):
                raise ValueError(f"{key} must be given for an output of {self.result}, got none")
            if value is not None and key not in ALLOWED.get(self.result, ()):
                raise ValueError(
                    f"{key} must be left out for an output of {self.result}, got {value!r}"
                )
        if self.component is not None:
            _check_word("component", self.component, COMPONENTS)
        if self.by is not None and self.component in AXES:
            raise ValueError(
                f"by must be left out for the {self.component} component of a torque, "
                f"got {self.by!r}"
            )
        if self.current is not None:
            _check_number("current", self.current, finite)

    # --- what is made of it -------------------------------------------------------------------

    def on_pillar(
        self, *, area: float | str, contact: float | str = 0.0, series: float | str = 0.0
    ) -> Self:
        """Return the resistance of a pillar, Ohm: ``(RA + contact)/area + series``.

        Parameters
        ----------
        area : float or str
            Of the pillar, m2.
        contact : float or str
            Resistance-area product of what is in the pillar beside the stack, Ohm m2, as of its
            contacts.
        series : float or str
            Resistance of the leads, Ohm.

        Raises
        ------
        TypeError, ValueError
            If the output is no resistance, or a number is not as above.
        """
        if self.result != "resistance":
            raise ValueError(f"on_pillar must be of a resistance, got {self.title}")
        _check_number("area", area, positive)
        _check_number("contact", contact, finite)
        _check_number("series", series, finite)
        return self._with(area=area, contact=contact, series=series)

    def change(self, turned: Mapping[str, ArrayLike]) -> Self:
        """Return the change as magnets turn, of the output's unit; of RA it is A dR.

        Parameters
        ----------
        turned : mapping of str to array, shape (3,)
            The state that is compared with the one that the builder describes: new magnetizations
            by the names of layers, leads and groups, as in `spinfem.magnetoresistance`. The change
            is positive where the output is larger then.

        Raises
        ------
        TypeError, ValueError
            If a direction is not valid, or the output is of two states already.
        """
        return self._compared("change", turned)

    def relative_change(self, turned: Mapping[str, ArrayLike]) -> Self:
        """Return the change over the value in the given state, as `change`; of RA it is MR."""
        return self._compared("relative change", turned)

    def ratio(self, turned: Mapping[str, ArrayLike]) -> Self:
        """Return the value with magnets turned over that in the given state; as `change`.

        Without a field a layer along or against its neighbour becomes unstable at a current that is
        inversely as its g. So that of efficiencies is the critical current of the given state over
        that of the other one.
        """
        return self._compared("ratio", turned)

    def _compared(self, comparison: str, turned: Mapping[str, ArrayLike]) -> Self:
        if self.turned is not None:
            raise ValueError(f"an output must be of two states at most, got {self.title}")
        if not isinstance(turned, Mapping) or not turned:
            raise TypeError(f"turned must map names to magnetizations, got {turned!r}")
        ways = {name: unit_vector(f"m of {name!r}", m) for name, m in turned.items()}
        for name, m in ways.items():
            if m.shape != (3,):
                raise ValueError(f"m of {name!r} must be one direction, got shape {m.shape}")
        return self._with(turned=ways, comparison=comparison)

    def _with(self, **changes: Any) -> Self:
        kept = dataclasses.replace(self)
        for name in ("area", "contact", "series", "turned", "comparison"):
            object.__setattr__(kept, name, changes.get(name, getattr(self, name)))
        return kept

    # --- what it is called --------------------------------------------------------------------

    @property
    def numbers(self) -> dict[str, str]:
        """What is given by the name of a parameter or coordinate: these names by what they are."""
        given = {key: getattr(self, key) for key in ("current", "area", "contact", "series")}
        return {key: value for key, value in given.items() if isinstance(value, str)}

    @property
    def unit(self) -> str:
        """SI unit; empty for pure numbers."""
        if self.comparison in ("relative change", "ratio") or self.result == "efficiency":
            return ""
        if self.result == "torque":
            return "J/A" if self.current is None else "J/m2"
        return "Ohm m2" if self.area is None else "Ohm"

    @property
    def title(self) -> str:
        """What it is, in words."""
        words = self.result.replace("_", " ")
        if self.component in AXES:
            words = f"{self.component} component of the {words}"
        elif self.component:
            words = f"{self.component} {words}"
        if self.on is not None:
            words += f" on {self.on}"
        return words if self.comparison is None else f"{self.comparison} of the {words}"

    def __repr__(self) -> str:
        return f"<Output: {self.title}>"

    # --- its value ----------------------------------------------------------------------------

    @property
    def solved_as(self) -> tuple[str, ...]:
        """Result and names of the gradient that it takes."""
        if self.result == "resistance" and self.comparison == "change":
            return ("spin_resistance",)  # all that changes, with the digits of dr
        if self.result == "efficiency":
            return (self.result, str(self.on), str(self.by))
        return (self.result,) if self.on is None else (self.result, self.on)

    @property
    def components(self) -> tuple[int, ...]:
        """Which components of that gradient it takes."""
        if self.component in PARTS:
            return (0, 1, 2)
        return (AXES.index(self.component),) if self.component else (0,)

    def states(self, stack: Stack) -> Stack:
        """Return a stack of all states: of two with a first axis that tells them apart.

        Raises
        ------
        ValueError
            If a name in `turned` is that of no ferromagnet, or nothing turns.
        """
        if self.turned is None:
            return stack
        after, shape = turned_by_name(stack, self.turned), stack.shape
        ways = {}
        for k, elements in enumerate(zip(stack.elements, after.elements, strict=True)):
            one, other = (getattr(element, "m", None) for element in elements)
            if one is not None and other is not None and not np.array_equal(one, other):
                ways[k] = np.stack([np.broadcast_to(m, (*shape, 3)) for m in (one, other)])
        if not ways:
            raise ValueError(
                f"turned must turn a magnetization, got the given state: {', '.join(self.turned)}"
            )
        return stack.turned(ways)

    def notice_states(self, stack: Stack) -> None:
        """Warn, a line that calls the caller, as `spinfem.magnetoresistance` of opened contacts."""
        if self.turned is not None:
            notice_opened(stack, turned_by_name(stack, self.turned), level=4)

    def solved(self, solution: SolvedStack) -> list[FloatArray]:
        """Return what it takes of the solution of all states at a current of 1."""
        result, *names = self.solved_as
        if result == "torque":
            vector = solution.torque(*names)
            return [vector[..., i] for i in self.components]
        if result == "efficiency":
            return [np.asarray(solution.efficiency(*names)[0])]
        return [np.asarray(getattr(solution, result))]

    def directions(self, solution: SolvedStack) -> Callable[[Stack], list[FloatArray]]:
        """Return what gives components of the direction along which a torque is taken, if any.

        It takes stacks of all states with the pieces of the solution's; ValueError if both
        magnetizations are collinear.
        """
        if self.component not in PARTS:
            return lambda stack: []
        places = solution.facing(str(self.on), self.by)

        def found(stack: Stack) -> list[FloatArray]:
            m, q = (
                np.broadcast_to(np.asarray(stack.elements[k].m), (*stack.shape, 3))  # type: ignore[union-attr]
                for k in places
            )
            if angle(m, q).collinear.any():
                raise ValueError(
                    f"the {self.component} part of a torque must be of magnetizations with an "
                    "angle between them, got collinear ones: its x, y and z components are "
                    "defined there"
                )
            way = across(q, m) if self.component == "damping-like" else np.cross(m, q)
            return [*np.moveaxis(way / np.linalg.norm(way, axis=-1, keepdims=True), -1, 0)]

        return found

    def value(
        self, solved: Sequence[Any], directions: Sequence[Any], numbers: Mapping[str, Any]
    ) -> Any:
        """Return the output.

        Parameters
        ----------
        solved, directions : sequence of array or FirstOrder
            As of `solved` and `directions`.
        numbers : mapping of str to float, array or FirstOrder
            Parameters and coordinates that it is given by, by their names.
        """
        amount = solved[0]
        if directions:
            amount = sum(a * b for a, b in zip(solved, directions, strict=True))
        states = [amount] if self.turned is None else [amount[0], amount[1]]
        return COMPARISONS[self.comparison](*self._in_each(states, numbers))

    def _in_each(self, states: list[Any], numbers: Mapping[str, Any]) -> Iterator[Any]:
        def number(given: float | str) -> Any:
            return numbers[given] if isinstance(given, str) else given

        for amount in states:
            if self.current is not None:
                yield amount * number(self.current)
            elif self.area is not None:
                yield (amount + number(self.contact)) / number(self.area) + number(self.series)
            else:
                yield amount


def _check_word(what: str, given: object, known: Sequence[str]) -> None:
    if not isinstance(given, str) or given not in known:
        raise ValueError(
            f"{what} must be one of {', '.join(known)}, got {given!r}"
            f"{near_match(str(given), known)}"
        )


def _check_number(what: str, given: Any, check: Callable[[str, Any], Any]) -> None:
    if not isinstance(given, str) and np.ndim(check(what, given)):
        raise TypeError(
            f"{what} must be one number, or the name of a parameter or coordinate, got an array of "
            f"shape {np.shape(given)}"
        )
