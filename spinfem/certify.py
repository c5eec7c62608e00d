r"""Certified bounds: how far a finite-element solution can be from the exact one.

The spin current of a finite-element solution, ``j_s = j_s(left) - kappa int mu_h dx``, balances the
relaxation of mu_h to the letter and meets the rods as the exact one does: it is in equilibrium,
only with the wrong mu_s. After Prager and Synge (doi:10.1090/qam/25902) what it misses of
eqs. (2), (3),

.. math::

    \eta^2 = \sum \int \frac{2}{D} \Big| p j_0 m - j_s - \frac{D}{2} \mu_h' \Big|^2 dx ,

bounds the energy of the error, ``a(e, e) <= eta^2`` with ``e = mu - mu_h``, without a constant:
``a(e, e) = int (p j0 m - j_s - (D/2) mu_h') . e' dx``, and Cauchy-Schwarz.

- ``2 j0^2 dr = a(mu, mu)``, and e is orthogonal to mu_h: dr lies between that of the solution and
  ``eta^2/(2 j0^2)`` more.
- A component of a torque along a unit vector w across m is ``a(mu, phi) - f(phi)`` with phi any
  field that lifts the rings of m by w off its rods. With the phi of least energy, and phi_h its
  finite-element solution, the error is ``a(e, phi_h - phi)``: at most ``eta eta_phi``.

Proved for exact arithmetic; all integrals are of polynomials and exact. Rounding, some 1e-13 of the
largest values, comes on top. It covers uniform metals and strong ferromagnets with transparent
interfaces; torques of ferromagnets in contact have no bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ._checks import FloatArray, IntArray, Number
from .condensed import element_counts, uniform_field
from .elements import Elements
from .fields import ElementField
from .general import balance
from .interfaces import Faces
from .network import Layers, Network, network
from .solution import TORQUE_PER_SPIN_CURRENT, Solution


@dataclass(frozen=True)
class Bounds:
    """Where the exact values lie, whatever the mesh; `Solution.bounds` of a certified solution.

    Attributes
    ----------
    spin_resistance : (low, high)
        Of dr, Ohm m2, shape (...) each.
    torques : (low, high)
        Of `Solution.torques`, J/m2, shape (..., f, 3) each; infinite for ferromagnets in contact.
    """

    spin_resistance: tuple[Number, Number]
    torques: tuple[FloatArray, FloatArray]


def bounds_of(solution: Solution, degree: int, count: int | None) -> Bounds:
    """Return the certified bounds of a solution by elements of a degree, so many in every layer."""
    e = solution._transport.elements
    fields = [
        field
        for i in range(len(solution.stack.layers))
        if isinstance(field := solution._transport.field(i), ElementField)  # uniform layers: all
    ]
    found = defect(e, fields, degree, count)
    low = solution.spin_resistance
    room = solution._shaped(found.energy / 2)
    first = int(e.magnetic[0] and solution.ferromagnets[:1] != solution.stack.element_names[:1])
    named = slice(first, first + len(solution.ferromagnets))
    width = TORQUE_PER_SPIN_CURRENT * np.abs(solution._scaled(found.torque[named], 1))
    torques = solution.torques
    return Bounds((low, low + room), (torques - width, torques + width))


class Defect(NamedTuple):
    """What bounds are made of, per unit j0, at all points of a batch."""

    energy: FloatArray  # (N,) eta^2 of mu_s, Ohm m2
    torque: FloatArray  # (f, N, 3) of the components of what magnets absorb; inf in contact


def defect(e: Elements, fields: list[ElementField], degree: int, count: int | None) -> Defect:
    """Measure how far a solution is from equilibrium.

    Parameters
    ----------
    e : Elements
        The stack's numbers; plain.
    fields : list of ElementField
        The solution inside the layers.
    degree : int
        Degree of the elements.
    count : int or None
        Their number in every layer.
    """
    counts = element_counts(e, count)
    net = network(e, counts, degree, Layers({}, {}))
    energy = sum_of_defects(e, fields, driven=True)
    magnets = np.flatnonzero(e.magnetic)
    torque = np.zeros((magnets.size, e.points, 3))
    for i, k in enumerate(magnets.tolist()):
        if (e.magnetic[k - 1] if k > 0 else False) or (
            e.magnetic[k + 1] if k < e.magnetic.size - 1 else False
        ):
            torque[i] = np.inf
            continue
        m = np.broadcast_to(e.m[k], (e.points, 3))
        for way in _across(m):
            lifted = _lifted(e, net, k, way, counts, degree)
            bound = np.sqrt(energy * sum_of_defects(e, lifted, driven=False))
            torque[i] += np.abs(way) * bound[:, None]
    return Defect(energy, torque)


def sum_of_defects(e: Elements, fields: list[ElementField], driven: bool) -> FloatArray:
    """Return eta^2 of fields in all layers, (N,)."""
    total = np.zeros(e.points)
    for layer, field in enumerate(fields):
        k, d = layer + 1, e.thickness[layer]
        source = e.p[k][:, None] * e.m[k] if driven else np.zeros((1, 3))
        widths = np.diff(field.nodes, axis=0)[..., None, None]
        unit = (e.D[k] / (2 * d))[:, None, None]
        missing = -field.current
        missing[..., 0] += source
        slope = np.polynomial.legendre.legder(field.potential, axis=-1) * 2 / widths
        missing[..., : slope.shape[-1]] -= unit * slope
        squares = missing**2 / (2 * np.arange(missing.shape[-1]) + 1)  # norms on [-1, 1], halved
        total += 2 * d / e.D[k] * (widths[..., 0] * squares.sum(axis=-1)).sum(axis=(0, 2))
    return total


def _across(m: FloatArray) -> tuple[FloatArray, FloatArray]:
    least = np.eye(3)[np.abs(m).argmin(axis=1)]
    first = np.cross(m, least)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return first, np.cross(m, first)


def _lifted(
    e: Elements, net: Network, k: int, way: FloatArray, counts: IntArray, degree: int
) -> list[ElementField]:
    """Fields of least energy, without current, in which the rings of one magnet are lifted."""
    faces = [face for face in (k - 1, k) if 0 <= face < len(e.joints)]
    lift = {int(net.left[face]): way for face in faces if int(net.left[face]) not in net.held}
    rings = balance(net, slice(0, e.points), lift)
    u = rings.potential
    left, right = u[net.left].copy(), u[net.right].copy()
    for face in faces:  # inside the magnet mu_s stays along m
        inside = right if face == k - 1 else left
        inside[face] -= way if int(net.left[face]) in lift else 0.0
    inflow = rings.flow_left[net.first][1:-1]
    none = np.zeros_like(left)
    at = Faces(left, right, none, np.concatenate([inflow, none[:1]]), none, none)
    return [uniform_field(e, at, i, int(counts[i]), degree) for i in range(len(counts))]
