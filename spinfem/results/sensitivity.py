r"""Derivatives of a solution's numbers with respect to every number of its stack.

Any of them is ``F = a(mu, phi) - f(phi)`` with a dual field phi of `duals`, in balance; and
``2 dr = f(mu)`` with ``phi = -z``, z the field driven alike in which all precession is reversed,
mu_s itself without it. (Where a ferromagnet has a beta_D that is not p, ``2 dr = f_D(mu)``, with
beta_D in its place, and z is driven by f_D.) F does not change to first order when mu_s or the
rings of phi move freely. So, for any number q of the stack,

.. math::

    \frac{dF}{dq} = \frac{da}{dq}(\mu, \phi) - \frac{df}{dq}(\phi)
    \qquad \Big(\text{and}\; + \frac{df}{dq}(\mu) \;\text{for}\; 2\,\delta r\Big) ,

from the two-ports and the values at faces alone: one solve with the transposed system per number.
At a frequency F and the fields are complex, and a is bilinear: the transposed system has the same
omega, and what precesses turns the other way round about m. Nothing is conjugated.

Rods turn with the magnetization, and take rings along. Turning m by dm moves a ring at mu_f m
by mu_f dm, against the forces across: ``dF = -(mu_f T_phi + phi_f T) . dm`` at every face, with T
what is absorbed there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._checks import BoolArray, FloatArray
from ..physics.contact import contact_slopes
from ..physics.directions import across, apply, axial, dot
from ..solvers.condensed import Condensed
from ..solvers.faces import Faces
from ..solvers.ports import (
    ComplexArray,
    exchange_rate,
    over_senses,
    share_of_exchange,
    shares_of_exchange,
)
from ..solvers.transport import Field, Jump
from .duals import AXES, is_held, torque_jumps
from .variations import (
    Derivatives,
    Pair,
    Solved,
    add_drives,
    add_mixing,
    drive_names,
    freely,
    inside,
    rate_changes,
    turned,
    weight_of,
)


def of_spin_resistance(t: Solved) -> Derivatives:
    """Return the derivatives of dr."""
    z = t.reversed()
    inner, across_m = ({k: -x for k, x in of.items()} for of in (z.inner, z.across))
    left, right = (-ring for ring in z.rings)
    phi = Field(Faces(*(-values for values in z.faces)), inner, across_m, (left, right))
    total = freely(t, Pair(t.at_faces, phi, True))
    total *= 0.5
    return total


def of_absorbed(t: Solved, body: Sequence[int]) -> list[Derivatives]:
    """Return the derivatives of the components of what elements, ferromagnets, absorb together."""
    jumps = torque_jumps(t.elements, body)
    return [
        _of_absorbed(t, Pair(t.at_faces, phi, False), body, axis)
        for axis, phi in zip(AXES, t.dual(jumps), strict=True)
    ]


def of_absorbed_from_ends(t: Solved, body: Sequence[int]) -> list[Derivatives]:
    """Return those of what is absorbed of what the ends drive, without a current."""
    jumps = torque_jumps(t.elements, body)
    found = []
    for axis, phi in zip(AXES, t.dual(jumps), strict=True):
        total = _of_absorbed(t, Pair(t.at_ends, phi, False, 0.0), body, axis)
        add_drives(total, t, phi)
        for k in body:
            _add_beside_reservoirs(total, t, k, axis)
        found.append(total)
    return found


def _of_absorbed(t: Solved, pair: Pair, body: Sequence[int], axis: FloatArray) -> Derivatives:
    total = freely(t, pair)
    for k in body:
        if k in t.elements.lengths:
            _add_share(total, t, pair.mu.faces, k, axis)
        _add_lift(total, t, pair.mu.faces, k, axis)
    return total


def _add_beside_reservoirs(total: Derivatives, t: Solved, k: int, axis: FloatArray) -> None:
    """Add how a mixing conductance takes up mu_s of a reservoir beside it, which no phi sees."""
    e, m = t.elements, t.elements.m[k]
    for face in e.drives:
        if e.mixing.get(face) != k or not is_held(e, face):
            continue
        drive, along = e.drive(face), np.broadcast_to(axis, (1, 3))
        mixing = e.flat(e.resistive[face].mixing)  # type: ignore[arg-type]
        add_mixing(total, face, m, along, drive)
        total.add(k, "m", turned(m, np.zeros(1), mixing.real, mixing.imag, along, drive))
        slope = apply(axial(np.zeros(1), np.conj(mixing), m), along)
        for name, component in zip(drive_names(e, face), slope.T, strict=True):
            total.add(face, name, component)


def of_efficiencies(t: Solved, magnet: int) -> list[Derivatives]:
    """Return the derivatives of g of a magnet and the next one.

    Of ``g1 = -B mu2``, ``g2 = B mu1`` where all between them is on rods; else from the spin
    currents across m, nan where they are collinear.
    """
    if t.is_spacer(magnet):
        return [_of_ring(t, magnet, at_right, sign) for at_right, sign in ((True, -1), (False, 1))]
    e, faces = t.elements, t.faces
    left, right = t.magnets[magnet : magnet + 2].tolist()
    way1, turns1 = _pull(e.m[left], e.m[right], faces.current_right[left])
    way2, turns2 = _pull(e.m[right], e.m[left], faces.current_left[right - 1])
    jumps = [Jump({}, {left: way1}), Jump({right - 1: -way2}, {})]
    found = []
    for phi, own, other, turns in zip(
        t.dual(jumps), (left, right), (right, left), (turns1, turns2), strict=True
    ):
        total = freely(t, Pair(t.at_faces, phi, False))
        total.add(own, "m", turns[0])
        total.add(other, "m", turns[1])
        total *= np.where(_is_open(e.m[own], e.m[other]), 1.0, np.nan)
        found.append(total)
    return found


def _is_open(m: FloatArray, q: FloatArray) -> BoolArray:
    """Whether two directions make an angle of which g is taken as it is, not as a limit."""
    way = across(q, m)
    found: BoolArray = dot(way, way) > 0
    return found


def _of_ring(t: Condensed, magnet: int, at_right: bool, sign: float) -> Derivatives:
    """Return the derivatives of ``B mu``, mu that at one end of the spacer behind a magnet.

    ``dB = -da`` of the fields of unit values at either end of the spacer.
    """
    total = freely(t, Pair(t.at_faces, t.dual_to_spacer(magnet, at_right), False))
    total *= sign * t.coupling(magnet)
    pair = Pair(*t.across_spacer(magnet), False)
    change = inside(t, pair, t.interfaces_in_spacer(magnet))
    change *= -sign * t.at_spacer(magnet)[1 if at_right else 0]
    total += change
    return total


def _pull(
    m: FloatArray, q: FloatArray, j: FloatArray
) -> tuple[FloatArray, tuple[FloatArray, FloatArray]]:
    """Return w of ``g = w.j``, ``v/v^2`` with v the part of q across m; and dg/dm, dg/dq."""
    way = across(q, m)
    square = np.where(_is_open(m, q), dot(way, way), 1.0)[:, None]
    w = way / square
    by_way = j / square - 2 * w * dot(w, j)[:, None]
    along, cosine = dot(m, by_way)[:, None], dot(m, q)[:, None]
    return w, (-q * along - cosine * by_way, by_way - along * m)


def _add_lift(total: Derivatives, t: Solved, faces: Faces, k: int, axis: FloatArray) -> None:
    """Add how the jumps of a torque's dual field change as magnetizations turn."""
    e = t.elements
    m, component = e.m[k], int(axis.argmax())
    outside = np.zeros((1, 3))
    for face, other, way in ((k - 1, k - 1, 1.0), (k, k + 1, -1.0)):
        if not 0 <= face < len(e.joints) or is_held(e, face) or e.lets_across(k, face):
            continue
        sides = (faces.current_left[face], faces.current_right[face])
        if not e.strong[other]:
            outside = outside + way * sides[0 if other < k else 1]
        elif e.joints[face] is None:
            own, its = sides if other > k else sides[::-1]
            turns = contact_slopes(m, e.m[other], component, own, its)
            total.add(k, "m", way * turns[0])
            total.add(other, "m", way * turns[1])
    turn = -axis * dot(m, outside)[:, None] - m[:, [component]] * outside
    total.add(k, "m", turn)


def _add_share(total: Derivatives, t: Solved, faces: Faces, k: int, axis: FloatArray) -> None:
    """Add how the share that a ferromagnet with exchange lengths absorbs changes."""
    e, m = t.elements, t.elements.m[k]
    taken = np.zeros((1, 3))
    if k > 0 and e.lets_across(k, k - 1):
        taken = taken + faces.current_right[k - 1]
    if k < e.magnetic.size - 1 and e.lets_across(k, k):
        taken = taken - faces.current_left[k]
    along = np.broadcast_to(axis, (1, 3))

    def changes(sense: int) -> dict[str, ComplexArray]:
        share, rate = share_of_exchange(e, k, sense), exchange_rate(e, k, sense)
        weight = weight_of(m, along, taken, sense) / np.where(rate == 0, 1.0, rate)
        by = rate_changes(e, k, sense).items()
        return {name: (own - share * whole) * weight for name, (whole, own) in by}

    for name, change in over_senses(e, changes).items():
        total.add(k, name, change)
    total.add(k, "m", turned(m, np.zeros(1), *shares_of_exchange(e, k), along, taken))
