r"""Layers, interfaces and leads as two-ports, for the chain of a stack (`spinfem.solvers.plan`).

A two-port acts on the part of mu_s along an axis m and on the part across it. In a normal metal
both are the same. In a strong ferromagnet there is none across m; with exchange lengths it is
complex, since mu_s precesses, its imaginary part turning about m: D_tot stands for D and
``1/l_perp^2 = 2 kappa/D_tot + 1/lambda_phi^2 - i/lambda_J^2`` for 1/l^2. A resistive interface is a
two-port without shunts, ``B = 1/(2 AR*)``, and drives gamma j0 m.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray
from ..fem import graded
from ..numerics.links import Ports
from ..physics.bulk import relaxation, total_conductivity
from ..physics.interfaces import conductance as interface_conductance
from .elements import Column, Elements
from .plan import INTERFACE, Plan, plan_of

ComplexArray = NDArray[Any]

Three = tuple[Any, Any, Any]
"""B, S_left and S_right, S/m2."""


def exchange_rate(e: Elements, k: int) -> ComplexArray:
    """Return 1/l_perp^2 of a ferromagnet with exchange lengths, shape (N or 1,), 1/m2."""
    p, l = e.flat(e.columns["p"].of(k)), e.flat(e.columns["l"].of(k))
    found: ComplexArray = (1 - p) * (1 + p) / l**2 + taken_rate(e, k)
    return found


def taken_rate(e: Elements, k: int) -> ComplexArray:
    """Return what the magnetization takes up of 1/l_perp^2, shape (N or 1,), 1/m2."""
    lambda_J, lambda_phi = (e.flat(x) for x in e.lengths[k])
    found: ComplexArray = 1 / lambda_phi**2 - 1j / lambda_J**2
    return found


def share_of_exchange(e: Elements, k: int) -> ComplexArray:
    """Return which share of what is lost across m the magnetization takes up."""
    rate = exchange_rate(e, k)
    found: ComplexArray = taken_rate(e, k) / np.where(rate == 0, 1.0, rate)
    return found


def across_conductance(e: Elements, k: int) -> FloatArray:
    """Return ``D_tot/2`` of a ferromagnet with exchange lengths, shape (N or 1,), S/m."""
    D, p = e.flat(e.columns["D"].of(k)), e.flat(e.columns["p"].of(k))
    return np.asarray(total_conductivity(D, p) / 2)


def absorption(e: Elements, k: int) -> tuple[FloatArray, ComplexArray]:
    """Return what is lost per mu_s and length in an element along and across m, S/m3.

    ``kappa``, and with exchange lengths ``D_tot/(2 l_perp^2)``; shape (N or 1,) each.
    """
    along = relaxation(e.flat(e.columns["D"].of(k)), e.flat(e.columns["l"].of(k)))
    if k not in e.lengths:
        return along, along
    return along, across_conductance(e, k) * exchange_rate(e, k)


class Bulk(Protocol):
    """Where layers get their two-ports from: finite elements (`meshed`), or closed forms."""

    graded: dict[int, graded.GradedLayer]

    def along(self) -> Columns:
        """Return the two-ports of all elements along m; those of leads have no shunts."""
        ...

    def across(self, elements: Sequence[int]) -> list[Three]:
        """Return the two-ports of layers across m, complex, shape (N or 1,) each."""
        ...


class Columns(NamedTuple):
    """Two-ports of all elements along m, S/m2."""

    B: Column
    S_left: Column
    S_right: Column


class Row(NamedTuple):
    """All two-ports of a stack in a row, per unit j0.

    `ports` has the first value of what varies, `varying` those of all points, (N,) each.
    """

    plan: Plan
    ports: Ports  # (q,) each
    varying: dict[int, tuple[FloatArray, ...]]
    across: dict[int, Three]  # of elements with exchange lengths, (N or 1,) each
    springs: dict[int, ComplexArray]  # of faces: mixing conductances, (N or 1,)


def row_of(e: Elements, bulk: Bulk) -> Row:
    """Put the two-ports of a stack in a row."""
    plan = plan_of(e, {k: len(layer.B) for k, layer in bulk.graded.items()})
    along, p = bulk.along(), e.columns["p"]
    values = np.array([along.B.fixed, along.S_left.fixed, along.S_right.fixed, p.fixed, p.fixed])
    varying = {}
    changing = {*along.B.varying, *along.S_left.varying, *p.varying}
    for k in changing - set(bulk.graded):
        for port in range(*plan.element_ports[k].indices(len(plan.ports))):
            numbers = (along.B, along.S_left, along.S_right, p, p)
            varying[port] = tuple(e.full(np.asarray(column.of(k))) for column in numbers)
    if plan.simple is None:
        table = np.zeros((5, len(plan.ports)))
        uniform = plan.uniform
        table[:, uniform[0]] = values[:, uniform[1]]
        for i, port in plan.special:
            numbers = _interface(e, port.element) if port.piece == INTERFACE else _piece(bulk, port)
            table[:, i] = [np.ravel(x)[0] for x in numbers]
            if any(np.size(x) > 1 for x in numbers):
                varying[i] = tuple(np.broadcast_to(x, e.points) for x in numbers)
        values = table
    else:
        values = values[:, plan.simple]
    inner = [k for k in e.lengths if 0 < k < e.magnetic.size - 1]
    across = dict(zip(inner, bulk.across(inner), strict=True)) if inner else {}
    for k in set(e.lengths) - set(inner):
        slow, none = across_conductance(e, k) * np.sqrt(exchange_rate(e, k)), np.zeros(1)
        across[k] = (none, slow, slow)
    springs = {
        face: e.flat(joint.mixing)
        for face, joint in e.resistive.items()
        if joint.mixing is not None
    }
    return Row(plan, Ports(*values), varying, across, springs)


def _interface(e: Elements, face: int) -> tuple[FloatArray, ...]:
    joint = e.resistive[face]
    B, none = interface_conductance(e.flat(joint.resistance)), np.zeros(1)
    gamma = e.flat(joint.gamma)
    return B, none, none, gamma, gamma


def _piece(bulk: Bulk, port: Any) -> tuple[FloatArray, ...]:
    layer = bulk.graded[port.element]
    parts = (layer.B, layer.S_left, layer.S_right, layer.source_left, layer.source_right)
    return tuple(part[port.piece] for part in parts)
