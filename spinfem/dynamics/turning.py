"""The chain of a stack in many directions of its magnetizations at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial

import numpy as np

from .._checks import FloatArray, Number
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..fem.mesh import DEGREE
from ..numerics import kernels
from ..numerics.turning import Skeleton, Work
from ..physics.directions import COLLINEAR_REST, axes_across
from ..results.sensitivity import of_absorbed, of_spin_resistance
from ..results.solved import body_name, named_bodies
from ..results.variations import Derivatives
from ..sample.stack import Stack
from ..solution import Solution
from ..solver import MAX_DEGREE, solve, whole
from ..solvers.balance import MISSED, unbalanced
from ..solvers.condensed import Condensed
from ..solvers.elements import check_spin_sink, check_undriven, elements_of
from ..solvers.meshed import Meshed
from ..solvers.turning import room_for, skeleton_of

Body = tuple[int, ...]
LOST = 1e-9
"""Share of what lifts drive that pumped spins must exceed, to be right to seven digits."""


class TurningStack:
    """A stack whose magnets turn; what does not depend on that is found once.

    Parameters
    ----------
    stack : Stack
        The sample. Its magnetizations are of no use, but of leads without a name.
    degree, elements : int, int or None
        As of `spinfem.solve`.
    threads : int
        Threads that a batch may take.
    moving : iterable of tuple of int
        Magnets whose rods are lifted when they move, as in `Elements.bodies`.

    Attributes
    ----------
    bodies : tuple of tuple of int
        Elements of every magnet that has a name, from left to right.
    names : tuple of str
        Their names.
    shape : tuple of int
        Shape of the batch.
    current, strength : float
        The current of which torques are, A/m2, also as a measure of how large they may be.
    is_driven_by_currents : bool
        Whether there is one.
    """

    current = strength = 1.0
    is_driven_by_currents = True

    def __init__(
        self,
        stack: Stack,
        degree: int = DEGREE,
        elements: int | None = None,
        threads: int = 1,
        moving: Iterable[Body] = (),
    ) -> None:
        self.stack, self.shape, self.threads = stack, stack.shape, threads
        if elements is not None:
            elements = whole("elements", elements)
        self.accuracy = whole("degree", degree, most=MAX_DEGREE), elements
        check_undriven("a torque function", stack)
        self.bodies: tuple[Body, ...] = elements_of(stack).bodies[named_bodies(stack)]
        self.names = tuple(str(body_name(stack, body)) for body in self.bodies)
        if not self.names:
            raise ValueError("a torque function must be of a stack with a ferromagnet, got none")
        self._check_joints()
        self.moving = tuple(moving)
        self._elements = np.concatenate(self.bodies)
        numbers, counts = np.arange(len(self.bodies)), [len(body) for body in self.bodies]
        self._of_body = np.repeat(numbers, counts)
        self._firsts = np.searchsorted(self._of_body, numbers)

    def _check_joints(self) -> None:
        """Raise ValueError for interfaces of ferromagnets, which are collinear, that turn apart."""
        e, names = elements_of(self.stack), self.stack.element_names
        for face, joint in enumerate(e.joints):
            between = joint is not None and e.magnetic[face] and e.magnetic[face + 1]
            if between and e.body_of(face) != e.body_of(face + 1):
                raise ValueError(
                    "ferromagnets with an interface between them must be collinear, and turn as "
                    f"one: give {names[face]} and {names[face + 1]} one group"
                )

    def check_moving(self, directions: FloatArray) -> None:
        """Raise ValueError if spins that moving magnets pump cannot be found.

        If they meet no resistance, or are what is left of currents so large that doubles lose them:
        lifts drive runs of free rings by ``(S + B) V`` of what is beside them.

        Parameters
        ----------
        directions : array, shape (..., f, 3)
            Unit vectors of all magnets.
        """
        own = self.skeleton
        if not len(own.parts):
            return
        shape = self.shape_at(directions)
        places = [self.bodies.index(body) for body in self.moving]
        lifts = np.zeros((2, len(places), *shape, len(self.names), 3))
        for way, lift in zip(axes_across(directions), lifts, strict=True):
            for i, place in enumerate(places):
                lift[i, ..., place, :] = way[..., place, :]
        _, found = self.absorbed(directions, shape, lifts.reshape(-1, *lifts.shape[2:]))
        sizes = np.linalg.norm(found, axis=-1).reshape(2, len(places), -1, len(self.names))
        for i, (place, body) in enumerate(zip(places, self.moving, strict=True)):
            part, side, _ = own.parts[np.isin(own.parts[:, 2], body)].T
            stiff = np.abs(own.runs.B[part]).max(axis=1)
            shunts = np.stack([own.runs.S_left[part], own.runs.S_right[part]], axis=1)
            stiff = stiff + np.abs(shunts).max(axis=2)[np.arange(len(part)), side]
            if stiff.size and (LOST * stiff.max(axis=0) > sizes[:, i, :, place].min()).any():
                raise ValueError(
                    f"spins that {self.names[place]!r} pumps must not be lost in rounding, got "
                    "numbers of the stack that are too far apart for doubles: leave them out by "
                    "pumping=False"
                )

    @property
    def has_contacts(self) -> bool:
        """Whether strong ferromagnets touch, so that they take up spins of each other there."""
        return bool(self.solved.plan.contact.size)

    def at(self, directions: FloatArray) -> Stack:
        """Return the stack in directions (..., f, 3)."""
        stack = self.stack
        for i, name in enumerate(self.names):
            stack = stack.replace(name, m=directions[..., i, :])
        return stack

    def solved_at(self, directions: FloatArray) -> Condensed:
        """Return the solved stack in directions (..., f, 3)."""
        e = elements_of(self.at(directions))
        check_spin_sink(e)
        return Condensed(e, Meshed(e, *self.accuracy), self.threads)

    def solution_at(self, directions: FloatArray) -> Solution:
        """Return the solution of the stack in directions (..., f, 3)."""
        degree, elements = self.accuracy
        return solve(self.at(directions), degree=degree, elements=elements, threads=self.threads)

    def shape_at(self, directions: FloatArray) -> tuple[int, ...]:
        """Return the shape of what is found in directions; ValueError if there is none."""
        try:
            return np.broadcast_shapes(directions.shape[:-2], self.shape)
        except ValueError:
            raise ValueError(
                f"m must broadcast with the stack's batch {self.shape} on all but its last two "
                f"axes, got shape {directions.shape}"
            ) from None

    def absorbed(
        self, directions: FloatArray, shape: tuple[int, ...], lifts: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Return the spin currents that magnets absorb: of a current of 1, and of lifts.

        Parameters
        ----------
        directions : array, shape (..., f, 3)
            Unit vectors.
        shape : tuple of int
            From `shape_at`.
        lifts : array, shape (c, *shape, f, 3), optional
            By what rods are lifted across m, V, one after the other; of those that move alone.

        Returns
        -------
        absorbed : array, shape (*shape, f, 3)
            Per current.
        responses : array, shape (c, *shape, f, 3)
            A/m2.

        Raises
        ------
        ValueError
            If there is no spin sink, or spin currents do not balance.
        """
        if not self._always_sinks:
            check_spin_sink(elements_of(self.at(directions)))
        table = self._table(directions, shape)
        lifted = np.zeros((0 if lifts is None else len(lifts), *table.shape))
        if lifts is not None:
            ways = np.moveaxis(lifts.reshape(len(lifts), -1, len(self.names), 3), 1, -1)
            lifted[:, :, self._elements] = ways.swapaxes(1, 2)[:, :, self._of_body]
        taken, responses, missed = kernels.turn_points(
            self.skeleton_at(shape), self.room, table, COLLINEAR_REST, lifted, self.threads
        )
        if not (missed <= MISSED).all():
            raise unbalanced(missed[0])
        one = np.add.reduceat(taken[:, self._elements], self._firsts, axis=1).T
        more = np.add.reduceat(responses[:, :, self._elements], self._firsts, axis=2)
        return one.reshape(*shape, -1, 3), more.transpose(0, 3, 2, 1).reshape(
            -1, *shape, *one.shape[1:]
        )

    def torques(self, directions: FloatArray, shape: tuple[int, ...]) -> FloatArray:
        """Return the torques of a current of 1, J/m2 per A/m2, shape (*shape, f, 3)."""
        if self.has_contacts:
            return np.asarray(self.solution_at(directions).torques)
        return TORQUE_PER_SPIN_CURRENT * self.absorbed(directions, shape)[0]

    def torque_slopes(self, directions: FloatArray, shape: tuple[int, ...]) -> FloatArray:
        """Return the derivatives of `torques` with all directions, shape (*shape, f, 3, f, 3)."""
        return TORQUE_PER_SPIN_CURRENT * self.slopes(directions, shape)

    def resistances(self, directions: FloatArray, shape: tuple[int, ...]) -> Number:
        """Return resistances times area, Ohm m2."""
        return self.solution_at(directions).resistance

    def slopes(
        self,
        directions: FloatArray,
        shape: tuple[int, ...],
        bodies: Sequence[Body] | None = None,
    ) -> FloatArray:
        """Return the derivatives of what magnets absorb, per current, with all their directions.

        By dual fields (`spinfem.results.sensitivity`). As of
        `spinfem.devices.turning.TurningDevice.slopes`; nan where ferromagnets in contact are
        collinear.
        """
        solved, given = self.solved_at(directions), self.bodies if bodies is None else bodies
        found = np.zeros((len(given), 3, len(given), 3, *shape))
        across = np.eye(3) - directions[..., :, None] * directions[..., None, :]
        for i, body in enumerate(given):
            for a, derivatives in enumerate(of_absorbed(solved, body)):
                for j, other in enumerate(given):
                    slope = self._turns(derivatives, other, solved)
                    own = across[..., self.bodies.index(other), :, :]
                    turning = np.einsum("...b,...bc->...c", slope, own)
                    found[i, a, j] = np.moveaxis(np.broadcast_to(turning, (*shape, 3)), -1, 0)
        return np.moveaxis(found, (0, 1, 2, 3), (-4, -3, -2, -1))

    def resistance_slopes(self, directions: FloatArray, bodies: Sequence[Body]) -> FloatArray:
        """Return the derivatives of the resistance with directions, Ohm m2, shape (..., b, 3).

        Parameters
        ----------
        directions : array, shape (..., f, 3)
            Unit vectors.
        bodies : sequence of tuple of int
            Magnets with respect to which.
        """
        solved = self.solved_at(directions)
        derivatives = of_spin_resistance(solved)
        found = []
        for body in bodies:
            m = directions[..., self.bodies.index(body), :]
            turn = self._turns(derivatives, body, solved)
            found.append(turn - np.sum(turn * m, axis=-1, keepdims=True) * m)
        return np.stack(np.broadcast_arrays(*found), axis=-2)

    @staticmethod
    def _turns(derivatives: Derivatives, body: Body, solved: Condensed) -> FloatArray:
        """Return a derivative with respect to m of a magnet, shape (..., 3)."""
        turn = derivatives.m[list(body)].sum(axis=0)
        return np.asarray(turn.reshape(*solved.elements.shape, 3))

    # --- the chain ------------------------------------------------------------------------------

    @cached_property
    def solved(self) -> Condensed:
        """The stack in directions that any stack may have: no two are collinear."""
        angles = np.arange(1.0, 1.0 + len(self.names))
        ways = np.cos(angles), np.sin(angles), np.sin(angles) ** 2 + 0.1
        e = elements_of(self.at(np.stack(ways, axis=-1)))
        return Condensed(e, Meshed(e, *self.accuracy))

    @cached_property
    def skeleton(self) -> Skeleton:
        """What does not depend on directions."""
        return skeleton_of(self.solved, [k for body in self.moving for k in body])

    @property
    def room(self) -> Callable[[int], Work]:
        """What makes room to work in at some points."""
        return partial(room_for, self.skeleton)

    @cached_property
    def _always_sinks(self) -> bool:
        """Whether there is a spin sink in all directions."""
        try:
            check_spin_sink(elements_of(self.at(np.tile([0.0, 0.0, 1.0], (len(self.names), 1)))))
        except ValueError:
            return False
        return True

    @cached_property
    def held(self) -> FloatArray:
        """Magnetizations of all elements as the stack has them, (3, n + 2, N or 1)."""
        return elements_of(self.stack).m.T.swapaxes(1, 2)

    def _table(self, directions: FloatArray, shape: tuple[int, ...]) -> FloatArray:
        """Return magnetizations of all elements, (3, n + 2, N)."""
        if directions.shape[:-2] != shape:
            directions = np.broadcast_to(directions, (*shape, *directions.shape[-2:]))
        table = self.over(self.held, shape)
        if table.shape[-1] != math.prod(shape):
            table = np.repeat(table, math.prod(shape), axis=-1)
        table = np.require(table, float, ["C", "W", "O"])
        ways = directions.reshape(-1, len(self.names), 3).T
        table[:, self._elements] = ways[:, self._of_body]
        return table

    def skeleton_at(self, shape: tuple[int, ...]) -> Skeleton:
        """Return what does not depend on directions at all points of a batch."""
        if shape == self.shape or not self.shape:
            return self.skeleton
        found: Skeleton = kernels.changed(partial(self.over, shape=shape), self.skeleton)
        return found

    def over(self, numbers: FloatArray, shape: tuple[int, ...]) -> FloatArray:
        """Return numbers of the stack's points, on their last axis, at those of a larger batch."""
        own, rest = self.shape, numbers.shape[:-1]
        if numbers.dtype != float or numbers.shape[-1] == 1:
            return numbers
        shaped = numbers.reshape(*rest, *(1,) * (len(shape) - len(own)), *own)
        return np.broadcast_to(shaped, (*rest, *shape)).reshape(*rest, -1)
