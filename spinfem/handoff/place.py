"""Where a free layer stands in its stack, how it turns there, and what torque counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .._checks import FloatArray
from ..physics.directions import angle
from ..results.solved import body_name
from ..sample.pieces import direction
from ..sample.stack import Stack
from ..solution import Solution
from ..solvers.elements import elements_of
from .epsilon import THETA

CLOSED = 0.01
"""Angle, degrees, at which a table takes g for that at 0: its error is of the order of 1e-8."""
EQUAL = 1e-12
"""Relative difference of P_fixed and P_free, or of g and 0, that counts as rounding."""


class Place(NamedTuple):
    """Where the free layer stands."""

    fixed: tuple[int, ...]  # of the polarizers one element each; of more, torques are summed
    step: int  # to the elements behind it: 1 if the (first) fixed layer is on its left
    free: tuple[int, ...]  # its element, or those of its group, from left to right
    along: dict[int, float]  # all elements that turn with it, 1 or -1 for m along or against its m
    beyond: tuple[str, ...]  # ferromagnets behind these, the next one first; not counted
    partner: str  # the next one of these if its torque can be summed in, as it is collinear, or ""
    behind_fixed: tuple[str, ...]  # ferromagnets behind the fixed layers
    plain: bool  # whether one spacer between strong ferromagnets in a transparent stack counts
    weak: bool  # whether any of it has exchange lengths
    symmetric: bool  # whether all that counts is its angle to the fixed layer

    @classmethod
    def of(cls, stack: Stack, fixed: Sequence[int], free: int) -> Place:
        """Look at a free layer and at the next ferromagnet on one of its sides, or on both.

        Of groups `fixed` and `free` are any elements.
        """
        e, step = elements_of(stack), 1 if fixed[0] < free else -1
        own = body = e.body_of(free)
        along = dict.fromkeys(own, 1.0)
        while 0 <= (k := body[-1] + 1 if step > 0 else body[0] - 1) < e.magnetic.size:
            relation = angle(e.m[free, 0], e.m[k, 0])
            if not (e.magnetic[k] and relation.collinear):
                break
            body = e.body_of(k)
            along.update(dict.fromkeys(body, float(relation.sign)))
        bodies = [body for body in e.bodies if body[0] not in along]
        polarizers = [e.body_of(i) for i in fixed]
        outside = {
            polarizer: [
                body for body in bodies if (body[0] - polarizer[0]) * (polarizer[0] - free) > 0
            ]
            for polarizer in polarizers
        }
        behind = {body for found in outside.values() for body in found}
        beyond = [body for body in bodies if body not in behind and body not in polarizers]
        beyond.sort(key=lambda body: abs(body[0] - free))
        names = {body: body_name(stack, body) or stack.element_names[body[0]] for body in bodies}
        partner = ""
        if beyond and len(along) == len(own) and not _touch(own, beyond[0]):
            collinear = angle(e.m[fixed[0], 0], e.m[beyond[0][0], 0]).collinear
            partner = names[beyond[0]] if collinear else ""
        # a strong fixed layer lets nothing pass that is not along its own m
        symmetric = not beyond and all(
            e.strong[[*polarizer]].any() or not found for polarizer, found in outside.items()
        )
        return cls(
            tuple(fixed),
            step,
            own,
            along,
            tuple(names[body] for body in beyond),
            partner,
            tuple(names[body] for body in sorted(behind)),
            len(fixed) == 1 and e.is_plain,
            not e.strong[[*own]].all(),
            symmetric,
        )

    def turned(self, stack: Stack, polarizer: FloatArray) -> Stack:
        """Return the batch, (1, n), in which the free layer turns about the polarizer.

        It has the angles of `THETA` to it, in the plane of both.
        """
        free = elements_of(stack).m[self.free[0], 0]
        # but for g from B, take no limit at 0 and 180 degrees: it turns one magnetization alone
        theta = THETA if self.plain else np.clip(THETA, CLOSED, 180 - CLOSED)
        return self.pointing(stack, rotation(polarizer, free, theta, np.zeros(1)))

    def pointing(self, stack: Stack, m: FloatArray) -> Stack:
        """Return the batch in which the free layer has directions m, shape (..., 3)."""
        return stack.turned({k: sign * m for k, sign in self.along.items()})

    def strengths(
        self,
        solution: Solution,
        m: FloatArray,
        polarizer: FloatArray,
        normal: FloatArray | None = None,
    ) -> tuple[FloatArray, FloatArray]:
        """Return ``epsilon sin(theta)`` and ``epsilon' sin(theta)`` of the free layer.

        Half of what it takes up per J, along ``m x (mp x m)`` and along ``mp x m``: through the
        spacer that counts, or as a whole, if nothing else adds to it or all spacers count.

        Parameters
        ----------
        solution : Solution
            At j0 = 1 of a batch (...) of `pointing`.
        m : array, shape (..., 3)
            Its directions, not collinear with the polarizer unless the place is plain or there is
            a normal.
        polarizer : array, shape (3,)
            m of the (first) fixed layer.
        normal : array, shape (3,), optional
            Direction of ``mp x m``; where both are collinear that of the way there.
        """
        across = np.cross(polarizer, m)
        sine = np.linalg.norm(across, axis=-1)
        if self.plain:
            stack = solution.stack
            bodies = elements_of(stack).body_of(self.fixed[0]), self.free
            fixed, free = (str(body_name(stack, body)) for body in bodies)
            g = solution.efficiency(fixed, free)[1]
            return g / 2 * sine, np.zeros_like(sine)
        across = across / sine[..., None] if normal is None else np.broadcast_to(normal, m.shape)
        taken = self._taken(solution) * (self.step / 2)
        along = np.cross(m, across)
        return (taken * along).sum(axis=-1), (taken * across).sum(axis=-1)

    def is_whole(self, stack: Stack) -> bool:
        """Whether all counts that the free layer, and what turns with it, absorbs.

        Else it is what enters from the spacer, as where ferromagnets beyond add to the rest.
        """
        elements = stack.elements
        return not self.beyond and all(getattr(elements[k], "name", None) for k in self.along)

    def _taken(self, solution: Solution) -> FloatArray:
        """Return the spin current across m that counts, A/m2, shape (..., 3)."""
        if not self.is_whole(solution.stack):
            return self.entering(solution, self.step)
        names = solution.stack.element_names
        taken: FloatArray = np.zeros(3)
        for k in self.along:
            taken = taken + solution.absorbed_spin_current(names[k])
        return taken

    def entering(self, solution: Solution, step: int) -> FloatArray:
        """Return what enters across m on its left (step 1) or right (-1), A/m2, (..., 3)."""
        k = self.free[0 if step > 0 else -1]
        face = solution.interfaces[k - 1 if step > 0 else k]
        if elements_of(solution.stack).strong[k]:
            return face.absorbed
        return face.spin_current_left if step > 0 else -face.spin_current_right


def _touch(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return one[-1] + 1 == other[0] or other[-1] + 1 == one[0]


def rotation(
    start: FloatArray, through: FloatArray, theta: FloatArray, around: FloatArray
) -> FloatArray:
    """Return directions at angles from one, in planes at angles to that of both, (k, n, 3)."""
    way = through - (start @ through) * start
    if way @ way <= EQUAL**2:  # collinear: any way does
        way = np.eye(3)[np.abs(start).argmin()]
        way = way - (start @ way) * start
    way = way / np.linalg.norm(way)
    m: FloatArray = direction(theta, around[:, None]) @ np.stack([way, np.cross(start, way), start])
    return m
