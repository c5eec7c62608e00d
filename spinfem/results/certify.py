r"""Certified bounds: how far a finite-element solution can be from the exact one.

The spin current of a finite-element solution, ``j_s = j_s(left) - int kappa mu_h dx``, balances
what is absorbed and meets the faces as the exact one does: it is in equilibrium, only with the
wrong mu_s. After Prager and Synge (doi:10.1090/qam/25902) what it misses of eqs. (2), (3),

.. math::

    q = p j_0 m - j_s - \frac{D}{2} \mu_h' , \qquad
    \eta^2 = \sum \int \frac{2}{D} |q|^2 dx ,

bounds the energy of the error, ``a(e, e) <= eta^2`` with ``e = mu - mu_h``, without a constant:
``a(e, v) = r(v) = int q . v' dx``, and Cauchy-Schwarz. Across m, D_tot stands for D where a
ferromagnet has exchange lengths.

- ``2 j0^2 dr = f(mu) = f(mu_h) + r(z_h) + a(e, z - z_h)``, with z the field driven alike in which
  all precession is reversed: the last is at most ``eta eta_z``. Without precession z = mu, it is
  ``a(e, e)``, not negative, and dr lies between that of the solution and ``eta^2/(2 j0^2)`` more.
  With a beta_D that is not p, f has it in the place of p, and drives z.
- A component of a torque is ``F = a(mu, phi) - f(phi)`` with the dual field phi of `duals`:
  ``F = F_h - r(phi_h) + a(e, phi_h - phi)``, and the last is at most ``eta eta_phi``.

In uniform layers the integrals are of polynomials and exact, and r(z_h) = r(phi_h) = 0. In graded
layers kappa mu_h is no polynomial, and elements absorb what their quadrature says. There j_s has
the right values at nodes and what the element does not absorb between them, ``s = -kappa mu_h -
j_s'``, is spread as kappa is; it enters too: ``r(v) = int q . v' + s . v dx`` and ``eta^2`` has
the integral of ``|s|^2/kappa`` besides, as has the difference at the right face, divided among the
layer. These integrals are by Gauss quadrature on parts of the elements on which polynomials of the
default degree are the profile (`graded.nodes_for`), however coarse the elements are. What that does
not resolve is missed: a feature narrower than 1/4096 of the layer that none of its points meets,
and some of the part, 1e-12 of the layer wide, in which a profile jumps.

Proved for exact arithmetic and, in graded layers, exact quadrature. Rounding, some 1e-13 of the
largest values, comes on top; of torques at a contact of ferromagnets that cross, 1/sin of their
angle times as much.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.polynomial import legendre

from .._checks import FloatArray, Number
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..fem.fields import ElementField, LayerField, SumField
from ..fem.graded import GradedField, nodes_for, profiles
from ..fem.mesh import DEGREE
from ..physics.bulk import total_conductivity
from ..solvers.condensed import Condensed
from ..solvers.elements import Elements
from ..solvers.faces import Faces
from ..solvers.transport import Field
from .duals import torque_jumps
from .solved import SolvedStack, named_bodies

EXTRA_POINTS = 8
"""Gauss points in a part of a graded layer beyond the degrees of its field and of its profile."""


@dataclass(frozen=True)
class Bounds:
    """Where the exact values lie, whatever the mesh; ``Solution.bounds`` of a certified solution.

    Attributes
    ----------
    spin_resistance : (low, high)
        Of dr, Ohm m2, shape (...) each.
    torques : (low, high)
        Of `spinfem.Solution.torques`, J/m2, shape (..., f, 3) each.
    """

    spin_resistance: tuple[Number, Number]
    torques: tuple[FloatArray, FloatArray]


class Certificate(NamedTuple):
    """What bounds are made of, per unit j0: middles and half widths at all points of a batch.

    Those of torques also of what is given at the ends, if something is.
    """

    resistance: FloatArray  # (N,) Ohm m2
    resistance_room: FloatArray  # (N,)
    torque: FloatArray  # (f, N, 3) spin current absorbed by each of the bodies
    torque_room: FloatArray  # (f, N, 3)
    shares: list[FloatArray]  # of every layer, (n, 1 + 3 f, N): of these rooms by its elements
    of_ends: tuple[FloatArray, FloatArray] | None  # torque and torque_room without a current


def bounds_of(solution: SolvedStack, found: Certificate) -> Bounds:
    """Return the certified bounds of a solution."""
    low, high = (solution.shaped(found.resistance + way * found.resistance_room) for way in (-1, 1))
    named = named_bodies(solution.stack)
    middle = solution.multiplied(found.torque[named], solution.j0, 1)
    room = solution.multiplied(found.torque_room[named], np.abs(solution.j0), 1)
    if found.of_ends is not None:
        more = [solution.multiplied(values[named], 1.0, 1) for values in found.of_ends]
        middle, room = middle + more[0], room + more[1]
    middle, room = TORQUE_PER_SPIN_CURRENT * middle, TORQUE_PER_SPIN_CURRENT * room
    return Bounds((low, high), (middle - room, middle + room))


def certificate(transport: Condensed) -> Certificate:
    """Bound dr and all torques of a solution."""
    e = transport.elements
    layers = range(e.magnetic.size - 2)

    def measured(at: Field, driven: bool, of: Condensed = transport) -> list[_Miss]:
        fields = [of.bulk.field(i, at, driven=driven, turned=True) for i in layers]
        return [
            _miss(of.elements, i, field, at.faces, driven, resolved)
            for i, field in enumerate(fields)
        ]

    resolved = {
        k: nodes_for(metal, float(e.thickness[k - 1].max()), DEGREE, None)
        for k, metal in e.graded.items()
    }
    own = [
        _miss(e, i, transport.field(i), transport.faces, driven=True, resolved=resolved)
        for i in layers
    ]
    energy = _total(own)
    ends, of_ends = transport.of_ends, []
    if ends is not None:
        of_ends = [
            _miss(e, i, ends.field(i), ends.faces, driven=False, resolved=resolved) for i in layers
        ]
    # dr, from the field driven alike in which precession is reversed: mu_s itself without it
    alike = own
    if not transport.is_own_dual:
        alike = measured(transport.reversed(), driven=True, of=transport.adjoint)
    room = np.sqrt(energy * _total(alike))
    middle = _work(own, alike) + sum(miss.uncounted for miss in own)
    if transport.is_own_dual:
        middle, room = middle + room / 2, room / 2  # the rest is not negative
    dr = transport.spin_part
    shares = [_halves(own, alike)]

    # torques, from a dual field for each component
    fields = transport.dual([jump for body in e.bodies for jump in torque_jumps(e, body)])
    works, rooms = [], []
    works_of_ends, rooms_of_ends = [], []
    for at in [_join(fields)] if fields and e.points == 1 else fields:
        dual = measured(at, driven=False)
        rooms.append(np.sqrt(energy * _total(dual)))
        works.append(_work(own, dual) + np.zeros_like(rooms[-1]))
        shares.append(_halves(own, dual))
        if ends is not None:
            rooms_of_ends.append(np.sqrt(_total(of_ends) * _total(dual)))
            works_of_ends.append(_work(of_ends, dual) + np.zeros_like(rooms_of_ends[-1]))
            shares[-1] = [a + b for a, b in zip(shares[-1], _halves(of_ends, dual), strict=True)]

    def by_body(values: list[FloatArray]) -> FloatArray:
        return np.array(values).reshape(len(e.bodies), 3, e.points).swapaxes(1, 2)

    shared = [
        np.concatenate([part.reshape(len(part), -1, e.points) for part in parts], axis=1)
        for parts in zip(*shares, strict=True)
    ]
    torque_of_ends = None
    if ends is not None:
        middles = e.summed(ends.all_absorbed()) - by_body(works_of_ends)
        torque_of_ends = middles, by_body(rooms_of_ends)
    return Certificate(
        dr + middle / 2,
        room / 2,
        e.summed(transport.all_absorbed()) - by_body(works),
        by_body(rooms),
        shared,
        torque_of_ends,
    )


class _Miss:
    """By what a field in one layer misses eqs. (2), (3), at all points."""

    squares: FloatArray  # (n, N) eta^2 of every element
    uncounted: FloatArray | float = 0.0  # what exact integrals add to f(mu_h)

    def work(self, other: _Miss) -> FloatArray | float:
        """Return r(v) with v the other field, (N,)."""
        return 0.0  # of polynomials: orthogonal to all of them


def _miss(
    e: Elements,
    layer: int,
    field: LayerField,
    faces: Faces,
    driven: bool,
    resolved: dict[int, FloatArray],
) -> _Miss:
    k = layer + 1
    D, p = e.D[k], e.p[k]
    source = p[:, None] * e.m[k] if driven else np.zeros((1, 3))
    d = e.thickness[layer]
    if isinstance(field, GradedField):
        return _GradedMiss(e, k, field, faces.current_left[k], driven, resolved[k])
    if isinstance(field, SumField):
        total = total_conductivity(D, p, e.beta_D[k])
        along, across = field
        return _UniformMiss(
            [_polynomial_squares(along, D, d, source), _polynomial_squares(across, total, d, None)]
        )
    assert isinstance(field, ElementField)
    return _UniformMiss([_polynomial_squares(field, D, d, source)])


def _polynomial_squares(
    field: ElementField, D: FloatArray, d: FloatArray, source: FloatArray | None
) -> FloatArray:
    """Return eta^2 of every element, exactly, (n, N)."""
    widths = field.widths
    slope = legendre.legder(field.potential, axis=-1) * 2 / widths[..., None, None]
    missing = -field.current
    if source is not None:
        missing[..., 0] += source
    missing[..., : slope.shape[-1]] -= (D / (2 * d))[:, None, None] * slope
    norms = 1 / (2 * np.arange(missing.shape[-1]) + 1)  # on [-1, 1], halved
    squares: FloatArray = 2 * d / D * widths * (missing**2 @ norms).sum(axis=-1)
    return squares


class _UniformMiss(_Miss):
    def __init__(self, parts: list[FloatArray]) -> None:
        same = len({len(part) for part in parts}) == 1
        # along and across m, on one mesh or on two
        self.squares = np.sum(parts, axis=0) if same else np.concatenate(parts)


class _GradedMiss(_Miss):
    """The same of a graded layer, by quadrature on parts of its elements."""

    def __init__(
        self,
        e: Elements,
        k: int,
        field: GradedField,
        outflow: FloatArray,
        driven: bool,
        resolved: FloatArray,
    ) -> None:
        metal, d = e.graded[k], e.thickness[k - 1]
        y, weights = legendre.leggauss(field.potential.shape[-1] + DEGREE + EXTRA_POINTS)
        nodes, widths = field.nodes[:, 0], np.diff(field.nodes, axis=0)
        ends = np.union1d(nodes, resolved)
        owner = np.searchsorted(nodes, ends[:-1], side="right") - 1
        first = np.searchsorted(owner, np.arange(len(widths)))
        half = np.diff(ends)[:, None] / 2
        xi = ends[:-1, None] + half * (1 + y)
        local = 2 * (xi - nodes[owner, None]) / widths[owner] - 1  # in the elements, (s, q)
        D, l, p, beta_D = (f(xi)[:, None] for f in profiles(metal))  # (s, 1, q)
        self._weights = (half * weights)[:, None]
        loss = D / (2 * l**2) * d[:, None]  # kappa d
        up_to = _up_to(y, weights)

        def at_points(c: FloatArray, order: int = 0) -> FloatArray:
            c = legendre.legder(c, order, axis=-1) * (2 / widths[..., None, None]) ** order
            powers = legendre.legvander(local, c.shape[-1] - 1)
            return np.asarray(np.einsum("spck,sqk->spcq", c[owner], powers))

        def collected(rate: FloatArray) -> tuple[FloatArray, FloatArray]:
            """Integrals from the left node of an element to all points, and over elements."""
            length = half.reshape(-1, *(1,) * (rate.ndim - 1))
            own = length[..., 0] * (rate @ weights)
            before = np.cumsum(own, axis=0) - own
            before = before - before[first][owner]
            return before[..., None] + length * (rate @ up_to), np.add.reduceat(own, first, axis=0)

        self._mu, self._slope = at_points(field.potential), at_points(field.potential, 1)
        m = np.broadcast_to(e.m[k], outflow.shape)
        source = p[:, :, None] * m[..., None] if driven else 0.0
        unit = (D / (2 * d[:, None]))[:, :, None]
        absorbed_at, absorbed = collected(loss[:, :, None] * self._mu)
        loss_at, total = collected(loss)
        # j_s is right at the nodes of the field; what is not absorbed between is spread as kappa is
        signs = (-1.0) ** np.arange(field.current.shape[-1])
        entering, leaving = field.current @ signs, field.current.sum(axis=-1)
        left_over, per_loss = absorbed - (entering - leaving), total[..., None]
        spread = np.divide(
            left_over, per_loss, out=np.zeros_like(left_over), where=np.asarray(per_loss > 0)
        )
        current = entering[owner, ..., None] - absorbed_at
        current += spread[owner, ..., None] * loss_at[:, :, None]
        self._q = source - current - unit * self._slope
        self._s = -spread[owner, ..., None] * loss[:, :, None]
        self._end = outflow - leaving[-1]
        self._right = field.potential[-1].sum(axis=-1)  # every Legendre polynomial is 1 there
        compliance = 2 * d[:, None] / D
        squares = (self._weights * compliance * (self._q**2).sum(axis=2)).sum(axis=-1)
        own = np.add.reduceat(squares, first, axis=0) + (left_over * spread).sum(axis=-1)
        # what is left at the right face, divided as kappa is
        absorbs = total.sum(axis=0)
        room = (self._weights * compliance).sum(axis=(0, 2))
        room = room + np.divide(1, absorbs, out=np.zeros_like(absorbs), where=absorbs > 0)
        rest = np.sqrt(room) * np.linalg.norm(self._end, axis=-1)
        known = np.sqrt(own.sum(axis=0))
        grown = np.divide(known + rest, known, out=np.ones_like(rest), where=known > 0) ** 2
        self.squares = own * grown + np.where(known > 0, 0.0, rest**2 / len(own))
        if driven:  # f(mu_h): 2 of what spin adds to the voltage
            along = (m[..., None] * self._slope).sum(axis=2)
            spin = (self._weights * beta_D * along).sum(axis=(0, 2))
            self.uncounted = spin - 2 * field.totals[1]

    def work(self, other: _Miss) -> FloatArray | float:
        assert isinstance(other, _GradedMiss)
        inside = (self._q * other._slope + self._s * other._mu).sum(axis=2)
        found: FloatArray = (self._weights * inside).sum(axis=(0, 2))
        found -= (self._end * other._right).sum(axis=-1)
        return found


def _up_to(y: FloatArray, weights: FloatArray) -> FloatArray:
    """Return what integrates from -1 up to every Gauss point, (q, q)."""
    order = np.arange(y.size)
    to_legendre = weights[:, None] * legendre.legvander(y, y.size - 1) * (2 * order + 1) / 2
    integrals = legendre.legint(to_legendre, lbnd=-1, axis=-1)
    return np.asarray(integrals @ legendre.legvander(y, y.size).T)


def _total(misses: Sequence[_Miss]) -> FloatArray:
    """eta^2, (N,)."""
    total: FloatArray = np.sum([miss.squares.sum(axis=0) for miss in misses], axis=0)
    return total


def _work(own: Sequence[_Miss], other: Sequence[_Miss]) -> FloatArray | float:
    """r(v), (N,)."""
    return sum(a.work(b) for a, b in zip(own, other, strict=True))


def _halves(own: Sequence[_Miss], other: Sequence[_Miss]) -> list[FloatArray]:
    """Shares of every element in ``eta eta_other``, half by either; they sum to 1, or to 0."""

    def shares(misses: Sequence[_Miss]) -> list[FloatArray]:
        total = _total(misses)
        safe = np.where(total > 0, total, 1.0)
        return [miss.squares / safe for miss in misses]

    return [(a + b) / 2 for a, b in zip(shares(own), shares(other), strict=True)]


def _join(parts: list[Field]) -> Field:
    """Put fields together as points of a batch."""

    def side_by_side(arrays: Iterable[FloatArray]) -> FloatArray:
        return np.concatenate([*arrays], axis=1)

    def joined(dicts: list[dict[int, FloatArray]]) -> dict[int, FloatArray]:
        return {k: side_by_side(values[k] for values in dicts) for k in dicts[0]}

    faces = zip(*(part.faces for part in parts), strict=True)
    left, right = zip(*(part.rings for part in parts), strict=True)
    return Field(
        Faces(*map(side_by_side, faces)),
        joined([part.inner for part in parts]),
        joined([part.across for part in parts]),
        (side_by_side(left), side_by_side(right)),
    )
