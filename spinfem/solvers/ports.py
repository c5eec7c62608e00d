r"""Layers, interfaces and leads as two-ports, for the chain of a stack (`spinfem.solvers.plan`).

A two-port acts on the part of mu_s along an axis m and on the part across it. In a normal metal
both are the same. In a strong ferromagnet there is none across m; with exchange lengths it is
complex, since mu_s precesses, its imaginary part turning about m: D_tot stands for D and
``1/l_perp^2 = 2 kappa/D_tot + 1/lambda_phi^2 - i/lambda_J^2`` for 1/l^2. A resistive interface is a
two-port that drives gamma j0 m, without shunts if it has no delta.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray
from ..fem import graded
from ..fem.fields import LayerField
from ..numerics.links import Ports
from ..physics import exchange, interfaces
from ..physics.bulk import relaxation, total_conductivity
from .elements import Column, Elements
from .plan import INTERFACE, Kind, Plan, make_plan

ComplexArray = NDArray[Any]

Three = tuple[Any, Any, Any]
"""B, S_left and S_right, S/m2."""


def exchange_rate(e: Elements, k: int, sense: int = 1) -> ComplexArray:
    """Return 1/l_perp^2 of a ferromagnet with exchange lengths, shape (N or 1,), 1/m2.

    Of what turns one way about m, or the other: without frequency they are conjugates.
    """
    return exchange.across_rate(*_of_exchange(e, k), sense=sense)


def taken_rate(e: Elements, k: int) -> ComplexArray:
    """Return what the magnetization takes up of 1/l_perp^2, shape (N or 1,), 1/m2."""
    return exchange.taken_rate(*(e.flat(x) for x in e.lengths[k]))


def share_of_exchange(e: Elements, k: int, sense: int = 1) -> ComplexArray:
    """Return which share of what is lost across m the magnetization takes up."""
    return exchange.share_taken(*_of_exchange(e, k), sense=sense)


def shares_of_exchange(e: Elements, k: int) -> tuple[Any, Any]:
    """Return which share of what is lost across m the magnetization takes up, and turns about m."""
    return about_axis(e, partial(share_of_exchange, e, k))


def over_senses(
    e: Elements, find: Callable[[int], dict[str, ComplexArray]]
) -> dict[str, ComplexArray]:
    """Return the mean of some numbers over both senses of turning, by name.

    Without frequency those of one are the conjugates of those of the other.
    """
    one = find(1)
    if not e.retarded:
        return {name: value.real for name, value in one.items()}
    other = find(-1)
    return {name: (value + other[name]) / 2 for name, value in one.items()}


def about_axis(e: Elements, find: Callable[[int], ComplexArray]) -> tuple[Any, Any]:
    """Return what acts across m and what turns about it, of a number for either sense."""
    one = find(1)
    return exchange.about_axis(one, find(-1)) if e.retarded else (one.real, one.imag)


def _of_exchange(e: Elements, k: int) -> Any:
    """Return l, both polarizations and the exchange lengths, shape (N or 1,) each."""
    columns = e.columns["l"], e.columns["p"], e.diffusion_column
    return [e.flat(x) for x in (*(column.of(k) for column in columns), *e.lengths[k])]


def across_conductance(e: Elements, k: int) -> FloatArray:
    """Return ``D_tot/2`` of a ferromagnet with exchange lengths, shape (N or 1,), S/m."""
    columns = e.columns["D"], e.columns["p"], e.diffusion_column
    return np.asarray(total_conductivity(*(e.flat(column.of(k)) for column in columns)) / 2)


def absorption(e: Elements, k: int, sense: int = 1) -> tuple[FloatArray, ComplexArray]:
    """Return what is lost per mu_s and length in an element along and across m, S/m3.

    ``kappa``, and with exchange lengths ``D_tot/(2 l_perp^2)``; shape (N or 1,) each.
    """
    along = relaxation(e.flat(e.columns["D"].of(k)), e.flat(e.columns["l"].of(k)))
    if k not in e.lengths:
        return along, along
    return along, across_conductance(e, k) * exchange_rate(e, k, sense)


class Bulk(Protocol):
    """Where layers get their two-ports from: finite elements (`meshed`), or closed forms."""

    @property
    def graded(self) -> dict[int, graded.GradedLayer]:
        """The graded layers."""
        ...

    @property
    def key(self) -> Any:
        """Of equal value for what makes the same two-ports of the same elements."""
        ...

    def along(self) -> Columns:
        """Return the two-ports of all elements along m; those of leads have no shunts."""
        ...

    def across(self, elements: Sequence[int], sense: int = 1) -> list[Three]:
        """Return the two-ports of layers across m, complex, shape (N or 1,) each.

        Of what turns one way about m, or the other: without frequency they are conjugates.
        """
        ...

    def field(self, layer: int, at: Any, *, driven: bool = True) -> LayerField:
        """Return the field inside one layer from what is at its faces, whether j0 drives it."""
        ...


class Columns(NamedTuple):
    """Two-ports of all elements along m, S/m2."""

    B: Column
    S_left: Column
    S_right: Column


class Row(NamedTuple):
    """All two-ports of a stack in a row, per unit j0: of the first point, and of what varies."""

    plan: Plan
    table: FloatArray  # (5, q) B, S_left, S_right, and sources at both ends
    varying: dict[int, tuple[FloatArray, ...]]  # of two-ports: the same, (N,) each
    across: ComplexArray  # (2, 3, n + 2) of elements with exchange lengths: across m, turning
    across_varying: dict[int, ComplexArray]  # (2, 3, N) each
    springs: ComplexArray  # (n + 1,) mixing conductances at faces
    springs_varying: dict[int, ComplexArray]  # (N,)
    share: ComplexArray  # (2, n + 2) of what is lost across m, what the magnetization takes up
    runs: dict[Any, Any]  # numbers of runs, as `runs.numbers_of` finds them

    @property
    def ports(self) -> Ports:
        """The two-ports of the first point."""
        return Ports(*self.table)

    def at_points(self, shape: tuple[int, ...] = (-1,)) -> Ports:
        """Return two-ports as rows of numbers, or of arrays where they vary, (N,) or of a shape."""
        columns: list[list[Any]] = self.table.tolist()
        for i, values in self.varying.items():
            for column, value in zip(columns, values, strict=True):
                column[i] = value.reshape(shape)
        return Ports(*columns)

    def across_of(self, k: int) -> ComplexArray:
        """Return the two-port of an element across m, and turning about it, (2, 3, N or 1)."""
        return self.across_varying.get(k, self.across[:, :, k, None])


def make_row(e: Elements, along: Columns, bulk: Bulk) -> Row:
    """Put the two-ports of a stack in a row: of all elements along m, and the rest of them."""
    plan, p = make_plan(_kind(e, bulk)), e.columns["p"]
    values = np.array([along.B.fixed, along.S_left.fixed, along.S_right.fixed, p.fixed, p.fixed])
    varying: dict[int, tuple[FloatArray, ...]] = {}
    values = values.astype(e.dtype, copy=False)
    changing = {*along.B.varying, *along.S_left.varying, *p.varying}
    for k in changing - set(e.graded):
        columns = (along.B, along.S_left, along.S_right, p, p)
        for i in range(*plan.element_ports[k].indices(len(plan.ports))):
            varying[i] = tuple(e.full(np.asarray(column.of(k))) for column in columns)
    if plan.simple is None:
        table: FloatArray = np.zeros((5, len(plan.ports)), dtype=e.dtype)
        places, elements = plan.uniform
        table[:, places] = values[:, elements]
        for i, port in plan.special:
            numbers = _interface(e, port.element) if port.piece == INTERFACE else _piece(bulk, port)
            table[:, i] = [x if isinstance(x, float) else np.ravel(x)[0] for x in numbers]
            if e.shape and any(np.size(x) > 1 for x in numbers):
                varying[i] = tuple(np.broadcast_to(x, e.points) for x in numbers)
    else:
        table = np.ascontiguousarray(values[:, plan.simple])
    return Row(plan, table, varying, *_across(e, bulk), *_springs(e), _shares(e), {})


def _kind(e: Elements, bulk: Bulk) -> Kind:
    """Return what matters for the plan, of which a graded layer is as many two-ports as it has."""
    resistive = tuple(
        f
        for f, joint in e.resistive.items()
        if (joint.resistance if isinstance(joint.resistance, float) else joint.resistance.any())
    )
    parts = tuple((k, len(bulk.graded[k].B)) for k in sorted(e.graded))
    left, right = (
        face in e.drives and not e.reservoir[side]
        for side, face in enumerate((0, len(e.joints) - 1))
    )
    return Kind(
        e.magnetic.tobytes(),
        e.strong.tobytes(),
        e.reservoir,
        resistive,
        tuple(e.mixing),
        parts,
        (left, right),
    )


def _across(e: Elements, bulk: Bulk) -> tuple[ComplexArray, dict[int, ComplexArray]]:
    """Return the two-ports of elements with exchange lengths across m."""
    fixed: ComplexArray = np.zeros((2, 3, e.magnetic.size), dtype=e.dtype)
    varying: dict[int, ComplexArray] = {}
    if not e.lengths:
        return fixed, varying
    found = {sense: _across_turning(e, bulk, sense) for sense in e.senses}

    def three(sense: int, k: int) -> ComplexArray:
        return np.array(np.broadcast_arrays(*found[sense][k]))

    for k in e.lengths:
        both = np.array(about_axis(e, partial(three, k=k)))
        fixed[..., k] = both[..., 0]
        if e.shape and both.shape[-1] > 1:
            varying[k] = both
    return fixed, varying


def _across_turning(e: Elements, bulk: Bulk, sense: int) -> dict[int, Three]:
    """Return the two-ports of elements across m for what turns about m in one sense."""
    inner = [k for k in e.lengths if 0 < k < e.magnetic.size - 1]
    found = dict(zip(inner, bulk.across(inner, sense), strict=True)) if inner else {}
    for k in set(e.lengths) - set(inner):
        slow = across_conductance(e, k) * np.sqrt(exchange_rate(e, k, sense))
        found[k] = (np.zeros(1), slow, slow)
    return found


def _shares(e: Elements) -> ComplexArray:
    """Return what magnetizations take up of what is lost across m, at the first point."""
    found: ComplexArray = np.zeros((2, e.magnetic.size), dtype=e.dtype)
    if e.lengths:
        which = list(e.lengths)
        lengths = np.array([[np.ravel(x)[0] for x in e.lengths[k]] for k in which])
        columns = e.columns["l"], e.columns["p"], e.diffusion_column
        numbers = [column.fixed[which] for column in columns]
        found[:, which] = about_axis(
            e, lambda sense: exchange.share_taken(*numbers, *lengths.T, sense=sense)
        )
    return found


def _springs(e: Elements) -> tuple[ComplexArray, dict[int, ComplexArray]]:
    """Return the mixing conductances at faces."""
    fixed, varying = np.zeros(len(e.joints), dtype=complex), {}
    for face, joint in e.resistive.items():
        if joint.mixing is not None:
            values = e.flat(joint.mixing)
            fixed[face] = values[0]
            if values.size > 1:
                varying[face] = values
    return fixed, varying


def _interface(e: Elements, face: int) -> tuple[Any, ...]:
    joint = e.resistive[face]
    resistance, delta, gamma = (
        np.asarray(x if isinstance(x, float) else e.full(x))
        for x in (joint.resistance, joint.delta, joint.gamma)
    )
    B, S = interfaces.two_port(resistance, delta)
    return B, S, S, gamma, gamma


def _piece(bulk: Bulk, port: Any) -> tuple[FloatArray, ...]:
    layer = bulk.graded[port.element]
    parts = (layer.B, layer.S_left, layer.S_right, layer.source_left, layer.source_right)
    return tuple(part[port.piece] for part in parts)
