"""What a fit minimizes: residuals of measured points and priors, and their exact Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray
from ..results.gradient import Change, differential
from ..sample.pieces import Layer, Lead
from ..sample.stack import Stack
from ..sample.units import in_silence
from ..solution import Solution
from ..solver import solve
from ..solvers.elements import check_undriven
from .builders import (
    PLACES,
    SCALARS_ONLY,
    Builder,
    build,
    build_one,
    identical,
    same_stacks,
    where,
)
from .firstorder import FirstOrder
from .fitdata import Measured, Priors, Unknown, broadcasts, check_numbers
from .outputs import Output

Values = dict[str, float]
"""Parameters by name."""

STEP = float(np.finfo(float).eps ** (1 / 3))
"""Of a parameter relative to itself: differences of smooth functions are best then, to 1e-10."""
SMALL = 0.1
"""Below this part of its start a parameter's step does not shrink any more, so that an angle near
zero still moves m by more than rounding."""
NOISE = 1e-8
"""A derivative is zero if its parts, of all numbers that a parameter moves, cancel to this: they
are right to some 1e-10 each, for `STEP`."""
UNSEEN = 1e-13
"""Or if, times the parameter's scale, it is this part of the result: rounding."""
DEPENDENT = 1e-8
"""Singular value of the Jacobian, with columns of length 1, below which these are dependent."""
SHARE = 1e-6
"""Part of a parameter in what leaves the fit as it is, squared, that is not rounding."""


class Slopes(NamedTuple):
    """The derivatives at some values."""

    values: Values
    columns: dict[str, FloatArray]  # of the residuals, (n,), by parameter
    unfelt: frozenset[str]  # parameters that change no output, to rounding


class Problem:
    """Residuals and their Jacobian, by the values of all parameters in their own units.

    Parameters
    ----------
    builder : callable
        Of the stacks.
    measured : Measured
        The data.
    unknowns : dict of str to Unknown
        The parameters.
    priors : dict
        What else is known of them.
    output : Output
        What was measured.
    advance : callable
        Is told of each solve and each gradient.
    """

    def __init__(
        self,
        builder: Builder,
        measured: Measured,
        unknowns: dict[str, Unknown],
        priors: Priors,
        output: Output,
        advance: Callable[[int], object],
    ) -> None:
        self.builder = builder
        self.measured = measured
        self.unknowns = unknowns
        self.priors = priors
        self.output = output
        self.advance: Callable[[int], object] = advance
        self.solves = self.gradients = 0
        names = [*unknowns, *measured.coordinates]
        self._built_of, self._output_of = check_numbers(builder, output, names)
        # of the values last asked for: lmfit asks several times
        self._solved: tuple[Values, Solution] | None = None
        self._differentiated: Slopes | None = None

    @property
    def start(self) -> Values:
        """Where the parameters start."""
        return {name: u.start for name, u in self.unknowns.items()}

    @property
    def varying(self) -> list[str]:
        """Names of those that vary."""
        return [name for name, u in self.unknowns.items() if u.vary]

    # --- checks -------------------------------------------------------------------------------

    def check_build(self) -> Stack:
        """Check that the builder makes of arrays of coordinates what it makes of their numbers.

        And that, if a torque was measured, nothing but the current drives them. Return the stacks
        of all points, where the parameters start.
        """
        shape, coordinates = self.measured.values.shape, self.measured.coordinates

        def refusal(got: str) -> ValueError:
            return ValueError(
                "builder must take arrays of coordinates that broadcast to the data's shape "
                f"{shape}, with numpy's functions and np.where for if, got {got}"
            )

        places = [np.unravel_index(i, shape) for i in (0, self.measured.values.size - 1)]
        numbers = [
            {name: float(np.broadcast_to(c, shape)[at]) for name, c in coordinates.items()}
            for at in places
        ]
        own = [self._for_builder({**self.start, **place}) for place in numbers]
        stacks = [build_one(self.builder, values) for values in own]
        try:
            batch = build(self.builder, self._for_builder({**self.start, **coordinates}))
        except (TypeError, ValueError) as error:
            if isinstance(error, ValueError) and not SCALARS_ONLY.search(str(error)):
                raise  # a value out of its range
            raise refusal(f"{type(error).__name__}: {error}") from None
        if not broadcasts(batch.shape, shape):
            raise refusal(f"a stack of shape {batch.shape}")
        for at, place, stack in zip(places, numbers, stacks, strict=True):
            if not same_stacks(batch.part(shape, at), stack):
                raise refusal(f"another stack from arrays than from numbers at {where(place)}")
        if self.output.result == "torque":  # which is taken to be in proportion to the current
            check_undriven(f"a fit of the {self.output.title}", batch)
        return batch

    def check_effects(self) -> None:
        """Raise ValueError if a parameter, where it starts, or a coordinate changes no stack."""
        given = {**self.start, **self.measured.coordinates}
        stack = build(self.builder, self._for_builder(given))

        def is_idle(name: str, value: Any) -> bool:
            if name in self._output_of:
                return False
            other = build(self.builder, self._for_builder({**given, name: value}))
            return identical(other, stack)

        for name, u in self.unknowns.items():
            h = self._step(name, u.start)
            beside = max(u.start - h, u.lower), min(u.start + h, u.upper)
            if u.vary and all(is_idle(name, value) for value in beside):
                raise ValueError(
                    f"parameter {name!r} must change the stack, got the same one at its start "
                    f"{u.start:.9g} and beside it, at {beside[0]:.9g} and {beside[1]:.9g}"
                )
        for name, values in self.measured.coordinates.items():
            if values.min() < values.max() and is_idle(name, np.full_like(values, values.flat[0])):
                raise ValueError(
                    f"coordinate {name!r} must change the stack, got the same one for all of its "
                    "values"
                )

    def check_derivatives(self) -> None:
        """Raise ValueError if a parameter without a prior, where it starts, changes no output."""
        start = self.start
        unfelt = self.slopes(start, self.varying).unfelt
        for name, u in self.unknowns.items():
            if name not in unfelt or name in self.priors:
                continue
            elsewhere = u.start + SMALL * u.scale
            if elsewhere > u.upper:
                elsewhere = max(u.start - SMALL * u.scale, u.lower)
            advice = "it may be left out, or fixed"
            try:
                if name not in self._slopes({**start, name: elsewhere}, self.varying).unfelt:
                    advice = (
                        "that is so there alone, as where an angle is 0 and the sample symmetric: "
                        f"start elsewhere, as at {elsewhere:.6g}"
                    )
            except ValueError:  # not allowed there
                pass
            raise ValueError(
                f"parameter {name!r} must change the {self.output.title}, got a "
                f"derivative of zero at its start {u.start:.9g}: {advice}"
            )

    def dependent(self, values: Values) -> set[str]:
        """Return parameters that leave the residuals as they are, some of them together."""
        try:
            _, columns, unfelt = self.slopes(values, self.varying)
        except ValueError:  # the best value is at the end of what the builder takes
            return set()
        found = {name for name in unfelt if name not in self.priors}
        names = [name for name in columns if name not in found]
        if not names:
            return found
        jacobian = np.stack([columns[name] * self.unknowns[name].scale for name in names], axis=-1)
        jacobian = jacobian / np.linalg.norm(jacobian, axis=0)
        if not np.isfinite(jacobian).all():
            return found
        _, singular, ways = np.linalg.svd(jacobian, full_matrices=True)
        small = np.ones(len(names), dtype=bool)
        small[: singular.size] = singular <= DEPENDENT * singular[0]
        shares = (ways[small] ** 2).sum(axis=0)
        return found | {name for name, share in zip(names, shares, strict=True) if share > SHARE}

    # --- the model ----------------------------------------------------------------------------

    def _for_builder(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name in self._built_of}

    def _stack(self, values: Values, coordinates: dict[str, FloatArray]) -> Stack:
        """Return the stacks of some points, in all states of the output."""
        try:
            stack = build(self.builder, self._for_builder({**values, **coordinates}))
        except (TypeError, ValueError) as error:
            raise ValueError(
                "builder must take all values of the parameters within their bounds, "
                f"got at {where(values)}: {error}"
            ) from error
        return self.output.states(stack)

    def solution(self, values: Values) -> Solution:
        """Return the solution of all points, in all states of the output, at a current of 1."""
        if self._solved is None or self._solved[0] != values:
            self._solved = values, solve(self._stack(values, self.measured.coordinates), 1.0)
            self.solves += 1
            self.advance(1)
        return self._solved[1]

    def in_given_state(self, values: Values) -> Solution:
        """Return the solution of all points, in the state that the builder describes."""
        solution = self.solution(values)
        return solution if self.output.turned is None else solution[0]

    def _value(
        self, solution: Solution, values: Values, coordinates: dict[str, FloatArray]
    ) -> FloatArray:
        output = self.output
        directions = output.directions(solution)(solution.stack)
        return np.asarray(
            output.value(output.solved(solution), directions, {**values, **coordinates})
        )

    def model(self, values: Values) -> FloatArray:
        """Return what should have been measured, of the data's shape."""
        found = self._value(self.solution(values), values, self.measured.coordinates)
        return np.broadcast_to(found, self.measured.values.shape)

    def model_at(
        self, values: Values, coordinates: dict[str, FloatArray], shape: tuple[int, ...]
    ) -> FloatArray:
        """Return what would be measured at other points."""
        with in_silence():
            solution = solve(self._stack(values, coordinates), 1.0)
        return np.broadcast_to(self._value(solution, values, coordinates), shape)

    # --- what is minimized --------------------------------------------------------------------

    def residuals(self, values: Values) -> FloatArray:
        """Return the residuals of points, then of priors, shape (n,)."""
        measured = self.measured
        with in_silence(), np.errstate(all="ignore"):
            own = (self.model(values) - measured.values) / measured.uncertainty
        known = [(values[name] - mean) / sigma for name, (mean, sigma) in self.priors.items()]
        return np.append(own, known)

    def jacobian(self, values: Values, names: Sequence[str]) -> FloatArray:
        """Return the derivatives of the residuals by some parameters, shape (n, len(names))."""
        columns = self.slopes(values, names).columns
        return np.stack([columns[name] for name in names], axis=-1)

    def slopes(self, values: Values, names: Sequence[str]) -> Slopes:
        """Return the derivatives at some values, and which parameters have no effect there."""
        known = self._differentiated
        if known is None or known.values != values or not known.columns.keys() >= {*names}:
            with in_silence(), np.errstate(all="ignore"):
                known = self._differentiated = self._slopes(values, names)
        return known

    def _slopes(self, values: Values, wanted: Sequence[str]) -> Slopes:
        solution, measured, output = self.solution(values), self.measured, self.output
        result, *names = output.solved_as
        change = differential(solution, result, *names)
        self.gradients += 1
        self.advance(1)
        solved, directions = output.solved(solution), output.directions(solution)
        found = [*solved, *directions(solution.stack)]

        def moves(first: Stack, second: Stack) -> list[Change]:
            """Return how what the output is made of differs between two stacks."""
            every, ways = change(first, second), (directions(stack) for stack in (first, second))
            turns = [after - before for before, after in zip(*ways, strict=True)]
            return [
                *(every[i] for i in output.components),
                *(Change(turn, np.abs(turn)) for turn in turns),
            ]

        largest = UNSEEN * np.abs(self.model(values)).max()
        columns, unfelt = {}, set()
        for name in wanted:
            u = self.unknowns[name]
            rates = [Change(np.zeros(()), np.zeros(()))] * len(found)
            if name in self._built_of:
                rates = self._rates(values, name, solution.stack, moves)
            parts = [
                FirstOrder(*np.broadcast_arrays(value, *rate))
                for value, rate in zip(found, rates, strict=True)
            ]
            numbers: dict[str, Any] = {**values, **measured.coordinates}
            if name in self._output_of:
                numbers[name] = FirstOrder(values[name], 1.0, 1.0)
            n = len(solved)
            made = output.value(parts[:n], parts[n:], numbers)
            slope = np.broadcast_to(made.slope, measured.values.shape)
            if np.isnan(slope).any():
                raise ValueError(self._why_not(name, values))
            felt = (np.abs(slope) > NOISE * made.size) & (u.scale * np.abs(slope) > largest)
            if not felt.any():
                unfelt.add(name)
            known = [(other == name) / sigma for other, (_, sigma) in self.priors.items()]
            columns[name] = np.append(slope / measured.uncertainty, known)
        return Slopes(values, columns, frozenset(unfelt))

    def _why_not(self, name: str, values: Values) -> str:
        """Say why an output has no derivative."""
        if self.output.result == "efficiency":
            return (
                f"the {self.output.title} must have derivatives, got none, of collinear magnets "
                "with a mixing conductance or exchange lengths: turn one of them by a degree"
            )
        return (
            f"{name!r} must not turn a magnetization that is in collinear contact with "
            f"another ferromagnet, got one at {where(values)}"
        )

    def _step(self, name: str, value: float) -> float:
        """Return the step by which a parameter is moved for its derivatives."""
        return STEP * max(abs(value), SMALL * self.unknowns[name].scale)

    def _rates(
        self,
        values: Values,
        name: str,
        stack: Stack,
        moves: Callable[[Stack, Stack], list[Change]],
    ) -> list[Change]:
        """Return the derivatives of what the output is made of by one parameter."""
        u, value = self.unknowns[name], values[name]
        h = self._step(name, value)

        def moved(steps: int) -> Stack:
            other = self._stack({**values, name: value + steps * h}, self.measured.coordinates)
            _check_profiles(name, stack, other)
            return other

        if u.lower <= value - h and value + h <= u.upper:
            return [Change(c.total / (2 * h), c.size / (2 * h)) for c in moves(moved(-1), moved(1))]
        way = 1 if value - h < u.lower else -1  # away from the bound, to the same order
        pairs = zip(moves(stack, moved(way)), moves(stack, moved(2 * way)), strict=True)
        return [
            Change(
                way * (4 * one.total - two.total) / (2 * h),
                (4 * one.size + two.size) / (2 * h),
            )
            for one, two in pairs
        ]


def _check_profiles(name: str, stack: Stack, moved: Stack) -> None:
    """Raise ValueError if a parameter changes a function of xi: it has no derivative."""
    for one, other in zip(_profiles(stack), _profiles(moved), strict=True):
        if not np.array_equal(one, other):
            raise ValueError(
                f"{name!r} must not change a number that is a function of xi, got a graded layer "
                "that depends on it"
            )


def _profiles(stack: Stack) -> list[FloatArray]:
    metals = [e.material for e in stack.elements if isinstance(e, Layer | Lead)]
    numbers: list[Any] = [x for metal in metals for x in metal.numbers.values()]
    return [np.asarray(x(PLACES)) for x in numbers if callable(x)]
