r"""Torques and efficiencies as jumps of a dual field.

Any spin current at a face is ``F = a(mu, phi) - f(phi)`` with a field phi that jumps there: the
element on the right of a face sees phi shifted by w for ``F = w . j_s(x+)``, that on the left by -w
for ``w . j_s(x-)``. With the phi that is in balance, ``a(v, phi) = 0`` for all admissible v, F is
stationary with respect to mu and to the rings of phi. So phi gives all derivatives of F
(`sensitivity`) and the error of F (`certify`). Where something precesses, a is not
symmetric and phi turns the other way round.

The torque on a strong ferromagnet is what its faces absorb; the metals on the other side see phi
shifted by -w. So they do at a mixing conductance. What a ferromagnet with exchange lengths absorbs
besides is a share of what it takes in. At
a contact of ferromagnets that cross, the rings stay in one point where the lifted rods meet.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._checks import FloatArray
from ..physics.directions import across, angle, apply, tensor
from ..solvers.elements import Elements
from ..solvers.ports import shares_of_exchange
from ..solvers.transport import Jump

AXES = np.eye(3)
NONE = np.zeros((1, 3))


def torque_jumps(e: Elements, body: Sequence[int]) -> list[Jump]:
    """Return the jumps for the components of what elements, ferromagnets, absorb together."""
    return [_together([_torque_jump(e, k, axis) for k in body]) for axis in AXES]


def _together(jumps: list[Jump]) -> Jump:
    total, *more = jumps
    for jump in more:
        for own, other in zip(total, jump, strict=True):
            for face, value in other.items():
                own[face] = own[face] + value if face in own else value
    return total


def _torque_jump(e: Elements, k: int, axis: FloatArray) -> Jump:
    m = e.m[k]
    jump = Jump({}, {})
    own = NONE
    if k in e.lengths:
        kept, turned = shares_of_exchange(e, k)
        own = apply(tensor(np.zeros(1), kept, -turned, m), axis)
    lift = axis - m[:, [int(axis.argmax())]] * m
    for face, other in ((k - 1, k - 1), (k, k + 1)):
        if not 0 <= face < len(e.joints):
            continue
        if e.lets_across(k, face):
            (jump.right if other < k else jump.left)[face] = own
        elif is_held(e, face):
            continue
        elif not e.strong[other]:
            (jump.left if other < k else jump.right)[face] = -lift
        elif e.joints[face] is None:
            meeting = crossing_jump(m, e.m[other], axis, k < other)
            jump.left[face], jump.right[face] = meeting
    return jump


def is_held(e: Elements, face: int) -> bool:
    """Whether a face is at a reservoir."""
    return (face == 0 and e.reservoir[0]) or (face == len(e.joints) - 1 and e.reservoir[1])


def crossing_jump(
    own: FloatArray, other: FloatArray, axis: FloatArray, on_left: bool
) -> tuple[FloatArray, FloatArray]:
    """Return the jumps on the left and the right of a contact, for what one of the two absorbs.

    Its rod is lifted by the part of the axis across it, and the rings move to where it meets the
    other rod; none of that where they are collinear.
    """
    relation = angle(own, other)
    crossing = ~relation.collinear
    sine2 = np.where(crossing, relation.rest * (1 + relation.cosine), 1.0)
    reach = np.where(crossing, across(other, own) @ axis / sine2, 0.0)[:, None]
    cosine = (relation.sign * relation.cosine)[:, None]
    to_own, to_other = -cosine * reach * own, -reach * other
    return (to_own, to_other) if on_left else (to_other, to_own)
