"""Torques as a function of the directions of all magnetizations."""

from __future__ import annotations

import math
from functools import cached_property, partial

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, Number, unit_vector
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..fem.mesh import DEGREE
from ..numerics import kernels
from ..numerics.turning import Skeleton
from ..physics.directions import COLLINEAR_REST
from ..results.sensitivity import of_absorbed
from ..results.solved import body_name, named_bodies
from ..sample.stack import LoadedStack, Stack, check_stack
from ..solution import Solution
from ..solver import MAX_DEGREE, solve, threads_of, whole
from ..solvers.balance import MISSED, unbalanced
from ..solvers.condensed import Condensed
from ..solvers.elements import check_spin_sink, check_undriven, elements_of
from ..solvers.meshed import Meshed
from ..solvers.turning import room_for, skeleton_of


class TorqueFunction:
    """The torques of all magnetizations of a stack as a function of their directions.

    Layers are condensed once, and what is left is compiled: of one spacer a torque takes less than
    half a microsecond, with interfaces and mixing conductances less than one, where many are asked
    for at once. Numbers are those of `spinfem.solve`, of any model.

    Parameters
    ----------
    stack : Stack
        The sample; a batch has a function for every point. Its magnetizations are of no use, but of
        leads without a name.
    degree, elements, threads
        As of `spinfem.solve`.

    Attributes
    ----------
    stack : Stack
        The sample.
    names : tuple of str
        The ferromagnets, from left to right, groups as one: the order of `m` and of torques.
    shape : tuple of int
        Shape of the batch.

    Raises
    ------
    TypeError, ValueError
        As from `spinfem.solve`; ValueError also if something is given at an end of the stack, or it
        has no ferromagnet with a name.

    Examples
    --------
    >>> import numpy as np
    >>> import spinfem as sf
    >>> N, F = sf.NormalMetal(D=8.0, l=1.0), sf.Ferromagnet(D=2.0, l=1.0, p=0.5)
    >>> stack = F(1.0, m=(0, 0, 1), name="fixed") | N(0.1) | F(1.0, m=(1, 0, 0), name="free")
    >>> torque = sf.TorqueFunction(stack)
    >>> m = np.array([(0, 0, 1), sf.direction(60)])
    >>> bool(np.allclose(torque(m), sf.solve(stack.replace("free", m=m[1])).torques))
    True
    """

    def __init__(
        self,
        stack: Stack | LoadedStack,
        *,
        degree: int = DEGREE,
        elements: int | None = None,
        threads: int | None = None,
    ) -> None:
        self.stack = check_stack(stack)
        self._threads = threads_of(threads)
        if elements is not None:
            elements = whole("elements", elements)
        self._accuracy = whole("degree", degree, most=MAX_DEGREE), elements
        e = elements_of(self.stack)
        check_undriven("a torque function", self.stack)
        self.shape, named = self.stack.shape, e.bodies[named_bodies(self.stack)]
        self._bodies = named
        self.names = tuple(str(body_name(self.stack, body)) for body in named)
        if not named:
            raise ValueError("a torque function must be of a stack with a ferromagnet, got none")
        self._elements = np.concatenate(named)
        self._of_body = np.repeat(np.arange(len(named)), [len(body) for body in named])
        self._firsts = np.searchsorted(self._of_body, np.arange(len(named)))

    def __call__(self, m: ArrayLike) -> FloatArray:
        """Return the torques of a particle current of 1 A/m2 in some directions.

        Parameters
        ----------
        m : array, shape (..., f, 3)
            Directions of the `names`; normalized. Their other axes broadcast with `shape`.

        Returns
        -------
        array, shape (..., f, 3)
            J/m2 per A/m2: times j0, positive when electrons flow towards +x, they are torques as of
            `Solution.torque`, which enter ``dm/dt = gamma T/(M_s t)``.

        Raises
        ------
        TypeError, ValueError
            If m is not numbers of that shape, or a direction is zero or not finite. ValueError
            also where there is no spin sink, or spin currents do not balance.
        """
        directions, shape = self._directions(m)
        if self._solved.plan.contact.size:
            return np.asarray(self._solution(directions).torques)
        if not self._always_sinks:
            check_spin_sink(elements_of(self.at(directions)))
        table = self._table(directions, shape)
        skeleton, none = self._skeleton(shape), np.empty((0, *table.shape))
        room = partial(room_for, self._still)
        taken, _, missed = kernels.turn_points(
            skeleton, room, table, COLLINEAR_REST, none, self._threads
        )
        if not (missed <= MISSED).all():
            raise unbalanced(missed[0])
        found = np.add.reduceat(taken[:, self._elements], self._firsts, axis=1)
        return TORQUE_PER_SPIN_CURRENT * found.T.reshape(*shape, -1, 3)

    def jacobian(self, m: ArrayLike) -> FloatArray:
        """Return the derivatives of the torques with respect to all directions.

        Exact, by dual fields (`spinfem.results.sensitivity`).

        Parameters
        ----------
        m : array, shape (..., f, 3)
            As of a call.

        Returns
        -------
        array, shape (..., f, 3, f, 3)
            ``dT_i,a / dm_j,b``, J/m2 per A/m2; m is normalized, so that nothing changes along it.
        """
        directions, shape = self._directions(m)
        e = elements_of(self.at(directions))
        check_spin_sink(e)
        solved = Condensed(e, Meshed(e, *self._accuracy), self._threads)
        count = len(self._bodies)
        found = np.zeros((count, 3, count, 3, *shape))
        across = np.eye(3) - directions[..., :, None] * directions[..., None, :]
        for i, body in enumerate(self._bodies):
            for a, derivatives in enumerate(of_absorbed(solved, body)):
                for j, other in enumerate(self._bodies):
                    slope = derivatives.m[list(other)].sum(axis=0)
                    slope = np.broadcast_to(slope.reshape(*e.shape, 3), (*shape, 3))
                    turning = np.einsum("...b,...bc->...c", slope, across[..., j, :, :])
                    found[i, a, j] = np.moveaxis(turning, -1, 0)
        return TORQUE_PER_SPIN_CURRENT * np.moveaxis(found, (0, 1, 2, 3), (-4, -3, -2, -1))

    def resistance(self, m: ArrayLike) -> Number:
        """Return the resistance times area between the ends of the stack, Ohm m2.

        Parameters
        ----------
        m : array, shape (..., f, 3)
            As of a call.
        """
        directions, _ = self._directions(m)
        return self._solution(directions).resistance

    def at(self, m: ArrayLike) -> Stack:
        """Return the stack with other directions, (..., f, 3)."""
        directions, _ = self._directions(m)
        stack = self.stack
        for i, name in enumerate(self.names):
            stack = stack.replace(name, m=directions[..., i, :])
        return stack

    # --- the chain ------------------------------------------------------------------------------

    def _directions(self, m: ArrayLike) -> tuple[FloatArray, tuple[int, ...]]:
        """Check directions; return them, and the shape of what is found there."""
        directions = unit_vector("m", m)
        count = len(self.names)
        if directions.shape[-2:] != (count, 3):
            raise ValueError(
                f"m must have shape (..., {count}, 3), a direction of {', '.join(self.names)}, got "
                f"{directions.shape}"
            )
        try:
            shape = np.broadcast_shapes(directions.shape[:-2], self.shape)
        except ValueError:
            raise ValueError(
                f"m must broadcast with the stack's batch {self.shape} on all but its last two "
                f"axes, got shape {directions.shape}"
            ) from None
        return directions, shape

    def _table(self, directions: FloatArray, shape: tuple[int, ...]) -> FloatArray:
        """Return magnetizations of all elements, (3, n + 2, N)."""
        if directions.shape[:-2] != shape:
            directions = np.broadcast_to(directions, (*shape, *directions.shape[-2:]))
        table = self._over(self._solved.elements.m.T.swapaxes(1, 2), shape)
        if table.shape[-1] == 1:
            table = np.repeat(table, math.prod(shape), axis=-1)
        ways = directions.reshape(-1, len(self.names), 3).T
        table[:, self._elements] = ways[:, self._of_body]
        return table

    @cached_property
    def _solved(self) -> Condensed:
        """The stack with directions that any stack may have."""
        e = elements_of(self.at(self._any_directions))
        return Condensed(e, Meshed(e, *self._accuracy))

    def _solution(self, directions: FloatArray) -> Solution:
        degree, elements = self._accuracy
        stack = self.at(directions)
        return solve(stack, degree=degree, elements=elements, threads=self._threads)

    @property
    def _any_directions(self) -> FloatArray:
        """Directions of which no two are collinear: there is a spin sink, if there ever is."""
        angles = np.arange(1.0, 1.0 + len(self.names))
        return np.stack([np.cos(angles), np.sin(angles), np.sin(angles) ** 2 + 0.1], axis=-1)

    @cached_property
    def _always_sinks(self) -> bool:
        """Whether there is a spin sink in all directions."""
        try:
            check_spin_sink(elements_of(self.at(np.tile([0.0, 0.0, 1.0], (len(self.names), 1)))))
        except ValueError:
            return False
        return True

    @cached_property
    def _still(self) -> Skeleton:
        return skeleton_of(self._solved, ())

    def _skeleton(self, shape: tuple[int, ...]) -> Skeleton:
        """Return the chain at all points of a batch."""
        if shape == self.shape or not self.shape:
            return self._still
        found: Skeleton = kernels.changed(partial(self._over, shape=shape), self._still)
        return found

    def _over(self, numbers: FloatArray, shape: tuple[int, ...]) -> FloatArray:
        """Return numbers of the stack's points, on their last axis, at those of a larger batch."""
        own, rest = self.shape, numbers.shape[:-1]
        if numbers.dtype != float or numbers.shape[-1] == 1:
            return numbers
        shaped = numbers.reshape(*rest, *(1,) * (len(shape) - len(own)), *own)
        return np.broadcast_to(shaped, (*rest, *shape)).reshape(*rest, -1)
