r"""Derivatives of what follows from the rods of a single stack, by compiled code.

A result F depends on the amplitudes u of the rods, in balance ``K u = f``, and besides on B of
links and on magnetizations. With the dual amplitudes w, ``K w = dF/du``,

.. math::

    dF = \partial F + w \cdot (df - dK\, u) ,

all of it scalars: K is made of ``B cos``, ``B (1 - cos)`` and the shunts of links, f of p. It is
what `results.sensitivity` does with fields at faces, for a stack of which the links are all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._checks import FloatArray
from ..numerics.chain import TIED
from ..physics.directions import COLLINEAR_REST, across, angle
from .single import Solved


class Slopes(NamedTuple):
    """Derivatives of c results, per unit j0."""

    number: FloatArray  # (c, 4, n + 2) by thickness, D, l and p of every element
    m: FloatArray  # (c, n + 2, 3)


def of_spin_resistance(s: Solved) -> Slopes:
    """Return the derivatives of dr; of ``2 dr = f.u``, to which u itself is dual."""
    found = _Partial(s, 1).total(s.balance.amplitude)
    found.number[:, :3] /= 2  # p is also in f
    found.m[:] /= 2
    return found


def of_absorbed(s: Solved, magnet: int) -> Slopes:
    """Return the derivatives of the components of what a magnet absorbs at both faces."""
    by = _Partial(s, 3)
    for other in (magnet - 1, magnet + 1):
        if 0 <= other < s.at.magnets.size:
            touches = s.at.contact[min(magnet, other)]
            (_add_contact if touches else _add_spacer)(by, s, magnet, other)
    return by.total(by.dual())


def of_efficiencies(s: Solved, magnet: int) -> Slopes:
    """Return the derivatives of ``-B mu2`` and ``B mu1`` of a magnet and the next one."""
    link = int(s.at.spacer[magnet])
    B, (mu1, mu2) = s.links.B.fixed[link], s.balance.amplitude[link : link + 2, 0]
    by = _Partial(s, 2)
    by.amplitude[link + 1, 0], by.amplitude[link, 1] = -B, B
    by.B[link] = -mu2, mu1
    return by.total(by.dual())


class _Partial:
    """Derivatives of c results with respect to what they depend on by themselves."""

    def __init__(self, s: Solved, c: int) -> None:
        at, self._s = s.at, s
        where = (at.pinned, at.magnets, at.own, at.contact)
        self.turns = s.kernels.turns(s.m, *where, COLLINEAR_REST)
        self.amplitude = np.zeros((at.face.size, c))
        self.B = np.zeros((at.links, c))
        self.number = np.zeros((c, 4, len(s.m)))
        self.m = np.zeros((c, len(s.m), 3))

    def dual(self) -> FloatArray:
        """Return the dual amplitudes w, (r + 1, c)."""
        s, (free, _, angles) = self._s, self.turns
        force = free[:, None] * self.amplitude
        return s.kernels.respond(s.two_ports[1], angles, force, TIED)[0]

    def total(self, w: FloatArray) -> Slopes:
        """Return the derivatives with respect to everything, from the dual amplitudes."""
        s, at, (ports, links) = self._s, self._s.at, self._s.two_ports
        slopes = s.kernels.slopes(*s.layers, ports)
        where = (at.face, at.magnets, at.own, at.contact)
        fields = (s.balance.amplitude, w)
        found = Slopes(self.number, self.m)
        s.kernels.differentiate(s.m, *where, links, *self.turns, slopes, *fields, self.B, *found)
        return found


def _add_spacer(by: _Partial, s: Solved, magnet: int, other: int) -> None:
    """Add what a magnet absorbs at a spacer: ``B u`` of the other rod, its part across m."""
    link = int(s.at.spacer[min(magnet, other)])
    rod = link + (other > magnet)
    u, B = s.balance.amplitude[rod, 0], s.links.B.fixed[link]
    k, its = int(s.at.magnets[magnet]), int(s.at.magnets[other])
    m, q = s.m[k], s.m[its]
    pull, lift = across(q, m), np.eye(3) - m[:, None] * m
    by.amplitude[rod] += B * pull
    by.B[link] += u * pull
    by.m[:, its] += B * u * lift
    by.m[:, k] -= B * u * (m[:, None] * pull + (q @ m) * lift)


def _add_contact(by: _Partial, s: Solved, magnet: int, other: int) -> None:
    """Add what a magnet absorbs at a contact: `interfaces.contact_absorption`.

    ``(q - c m) (j_q - c j_m)/(1 - c^2)``, c the cosine, of currents ``p +- B u`` along both, u at
    their far faces; 0 where they are collinear.
    """
    k, its = int(s.at.magnets[magnet]), int(s.at.magnets[other])
    m, q = s.m[k], s.m[its]
    relation = angle(m, q)
    if relation.collinear:
        return
    c, square = m @ q, relation.rest * (1 + relation.cosine)
    on_left = magnet < other
    way = -1.0 if on_left else 1.0
    pull = way * across(q, m) / square
    current = []
    for i, element, first, share in ((magnet, k, on_left, -c), (other, its, not on_left, 1.0)):
        link = int(s.at.own[i])
        rod, facing = (link, by.turns[1][link]) if first else (link + 1, -1.0)
        u, B = facing * s.balance.amplitude[rod, 0], s.links.B.fixed[link]
        by.amplitude[rod] += share * B * facing * pull
        by.B[link] += share * u * pull
        by.number[:, 3, element] += share * pull
        current.append(s.p[element] + B * u)
    rest = current[1] - c * current[0]
    by_c = ((2 * c * rest / square - current[0]) * pull)[:, None]
    rest *= way / square
    by.m[:, k] += by_c * q - rest * (m[:, None] * q + c * np.eye(3))
    by.m[:, its] += by_c * m + rest * (np.eye(3) - m[:, None] * m)
