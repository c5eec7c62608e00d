r"""Certified bounds of a device: how far a finite-element solution can be from the exact one.

As for stacks (`spinfem.results.certify`), after Prager and Synge (doi:10.1090/qam/25902): beside
the admissible potentials u_h there are fluxes in equilibrium, here those of a second solution, by
Raviart-Thomas elements (`fluxes`), with the same places joined. What these have and the potentials
have not, gradients, potentials where spins are lost, jumps at interfaces, is d, with

.. math::

    a(e, e) \le \lVert d\rVert^2 = \eta^2 , \qquad
    e = \tfrac12 d + r , \quad \lVert r\rVert = \tfrac12\lVert d\rVert .

- The power at given currents is ``f(u) = f(u_h) + a(e, e)``, with mu_s or with mu_s = 0 all over;
  dr is the difference of these two.
- A component of a torque is ``F_h + a(e, e_z)`` with the dual field z, that jumps by 1 where the
  magnetization takes up spins: within ``(d . d_z -/+ eta eta_z)/2`` of F_h.

Proved for exact arithmetic, if a is symmetric: nothing may precess, and beta_D must be p.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray, IntArray, listed
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..physics.directions import angle
from ..sample.pieces import Reservoir
from .assembly import (
    ALONG,
    MU_0,
    NO_ONE,
    Row,
    System,
    across,
    assemble,
    components,
    current_into,
    of_contact,
    read,
)
from .bodies import Body, Rates, body_of, local, put_together, rates_of
from .device import Device, check_reciprocal, check_undriven, metals_of
from .duals import lifted
from .fluxes import EDGE, SIMPLICES, Cells, Fluxes, cells_of
from .functions import Functions
from .grid import AXIS, are_parallelograms, in_triangles
from .linear import solve_system
from .regions import Places, is_magnet, is_strong

EXTRA = {1: 0, 2: 0, 3: -1}
"""Degree of fluxes beyond that of potentials, for every dimension; one more with an axis.

With 0 bounds of the resistance are 1.1 to 1.6 times as wide as the error; with -1, on triangles of
degree 3, 26 times as wide as with 0 in a straight wire, 1.6 times at corners. In space 0 would take
two to three times as many unknowns. What flows around an axis is a gradient times r: with 1 bounds
are 1.0 to 1.4 times as wide as the error; with 0, 1.1 to 1.6 times at corners, and 20 to 370 times
in flat cells at the axis.
"""
AT_ONCE = 1000
"""Cells that are integrated over together."""
AXES = np.eye(3)
FIELDS = ALONG + 1
"""Of unknowns."""


@dataclass(frozen=True)
class DeviceBounds:
    """Where the exact values lie, whatever the mesh; ``DeviceSolution.bounds`` if certified.

    Attributes
    ----------
    resistance : (low, high)
        Power at the given currents over the square of the current through the device, Ohm (Ohm m
        of a metre of depth in a planar one). With two electrodes it is that between them.
    spin_resistance : (low, high)
        What of it is because of spins, dr: without mu_s it would be so much less.
    torques : (low, high)
        Of `spinfem.DeviceSolution.torque` of all `spinfem.DeviceSolution.magnets`, J (J/m), shape
        (f, 3) each.
    """

    resistance: tuple[float, float]
    spin_resistance: tuple[float, float]
    torques: tuple[FloatArray, FloatArray]


class Certificate(NamedTuple):
    """Bounds, and what adds to their widths in every cell."""

    bounds: DeviceBounds
    spin_resistance: float  # as found, Ohm
    current: float  # A
    squares: FloatArray  # (cells, 1 + 3 f) eta^2 of the solution and of the dual fields
    of_charge: FloatArray  # (cells,) eta^2 with mu_s = 0


class Lift(NamedTuple):
    """By what a dual field jumps, for a component of the torque on a magnet."""

    magnet: int
    axis: FloatArray  # (3,)
    at_places: FloatArray  # (n, 3) nu that is added there


@dataclass(frozen=True, eq=False)
class Fields:
    """Fields in a system, the first without a jump."""

    system: System
    values: FloatArray  # (N, 1 + lifts) of its unknowns
    lifts: Sequence[Lift]

    @cached_property
    def _mu_0(self) -> FloatArray:
        return np.asarray(self.system.unknowns.potential @ self.values)

    @cached_property
    def _nu(self) -> FloatArray:
        found = np.asarray(self.system.unknowns.spin @ self.values)
        return found.reshape(-1, 3, self.values.shape[1])

    def at(self, row: Row, absorber: int = NO_ONE) -> FloatArray:
        """Return a scalar at its places; as an absorber sees it, if there is one."""
        if row.weights is None:
            return self._mu_0[row.places]
        found: FloatArray = np.einsum("in,nif->nf", row.weights, self._nu[row.places])
        one = self.system.functions.one[self.system.places.dofs[row.places]]
        for j, lift in enumerate(self.lifts, start=1):
            jump = lift.at_places[row.places] - (lift.axis if absorber == lift.magnet else 0.0)
            found[:, j] += one * (row.weights.T * jump).sum(axis=1)
        return found


class Channel(NamedTuple):
    """A scalar in a region whose flux does not mix with others."""

    rates: Rates
    parts: list[tuple[float, Row]]  # the scalar, as a sum of rows

    def of(self, fields: Fields) -> FloatArray:
        """Return the scalar of all fields at its functions, and 0 at those of other regions."""
        places, (_, first) = fields.system.places, self.parts[0]
        found = np.zeros((fields.system.functions.count, fields.values.shape[1]))
        found[places.dofs[first.places]] = sum(part * fields.at(row) for part, row in self.parts)
        return found


def check_certifiable(device: Device) -> None:
    """Check that bounds of a device are known.

    Raises
    ------
    ValueError
        If they are not: what it must be is in the message.
    """
    grid = device.grid
    check_undriven("bounds", device)
    check_reciprocal("bounds", device)
    is_known = type(grid.mesh) in SIMPLICES or are_parallelograms(grid.mesh)
    if not np.all(is_known):
        raise ValueError(
            "cells of a device to be certified must be lines, triangles, tetrahedra or "
            f"parallelograms, got {np.sum(~np.asarray(is_known))} others in a "
            f"{type(grid.mesh).__name__}"
        )
    on_axis = grid.on_axis[grid.mesh.t].sum(axis=0)
    if on_axis.max() > EDGE:
        raise ValueError(
            f"cells must reach farther from the axis than {AXIS:g} of the largest distance to be "
            f"certified, got {(on_axis > EDGE).sum()} that do not"
        )
    for name, region in device.regions.items():
        if region.metal.is_graded:
            raise ValueError(f"metal of {name!r} must be uniform to be certified, got a graded one")
        if callable(region.m):
            raise ValueError(f"m of {name!r} must be one vector to be certified, got a function")
    for name, metal in metals_of(device).items():
        length = getattr(metal, "lambda_J", None)
        if length is not None and np.isfinite(length):
            raise ValueError(
                f"lambda_J of {name!r} must be infinite to be certified (spins must not precess), "
                f"got {length:g}"
            )
    for pair, law in device.interfaces.items():
        if law.mixing is not None and np.imag(law.mixing):
            names = " and ".join(map(repr, sorted(pair)))
            raise ValueError(
                f"mixing conductance between {names} must be real to be certified (spins must not "
                f"precess), got {complex(np.asarray(law.mixing)):g}"
            )
    check_one_potential(device)


def certificate(
    device: Device, system: System, unknowns: FloatArray, progress: bool | None = None
) -> Certificate:
    """Bound the resistance, dr and all torques of a solution.

    Raises
    ------
    ValueError
        If bounds are not known: as `check_certifiable`, or because of edges where three meet.
    """
    check_certifiable(device)
    load = system.matrix @ unknowns
    _check_edges(device, system)
    magnets = [k for k, name in enumerate(system.places.names) if is_magnet(device, name)]

    def lifts_of(one: System) -> list[Lift]:
        return [lift for k in magnets for lift in _lifts(one, k)]

    cut = replace(device, grid=in_triangles(device.grid))
    extra = EXTRA[cut.grid.dimension] + cut.grid.is_axisymmetric
    fluxes = Fluxes(cut.grid, system.functions.degree + extra)
    cells = {name: cells_of(fluxes, inside) for name, inside in cut.grid.regions.items()}
    dual = assemble(cut, put_together(cut, fluxes, _bodies(cut, cells)))
    lifts, dual_lifts = lifts_of(system), lifts_of(dual)
    jumps = loads(system, lifts)
    fields, of_charge = _solved(device, system, load, jumps, progress)
    more = loads(dual, dual_lifts) + _sources(device, dual, cells, dual_lifts)
    balanced, balanced_charge = _solved(device, dual, dual.load, more, progress)
    fields[:, 0] = unknowns

    squares, products = _misfits(
        device, Fields(system, fields, lifts), Fields(dual, balanced, dual_lifts), cells
    )
    without, _ = _misfits(
        device, Fields(system, of_charge, []), Fields(dual, balanced_charge, []), cells
    )
    current = current_through(device, system)
    low = float(unknowns @ load)
    low_charge = float(of_charge[:, 0] @ load)
    room, room_charge = float(squares[:, 0].sum()), float(without[:, 0].sum())
    middle = jumps.T @ unknowns + products.sum(axis=0)[1:] / 2
    width = np.sqrt(room * squares.sum(axis=0)[1:]) / 2
    torques = [
        TORQUE_PER_SPIN_CURRENT * (middle + way * width).reshape(-1, 3) for way in (-1.0, 1.0)
    ]
    per = 1 / current**2
    return Certificate(
        DeviceBounds(
            (per * low, per * (low + room)),
            (per * (low - low_charge - room_charge), per * (low + room - low_charge)),
            (torques[0], torques[1]),
        ),
        per * (low - low_charge),
        current,
        squares,
        without[:, 0],
    )


def check_one_potential(device: Device) -> None:
    """Check that one potential is given, and currents at all other electrodes.

    Raises
    ------
    ValueError
        If there are several.
    """
    given = {x.potential for x in device.electrodes.values() if x.potential is not None}
    if len(given) > 1:
        raise ValueError(
            "potentials of electrodes must be one, with currents at the others, for bounds and "
            f"resistances of the whole device, got {listed([repr(x) for x in sorted(given)])}"
        )


def current_through(device: Device, system: System) -> float:
    """Return the current through a device: what enters or what leaves, whichever is more, A.

    Raises
    ------
    ValueError
        If none is given.
    """
    flows = [current_into(device, system.parts, system.places, name) for name in device.electrodes]
    current = max(sum(x for x in flows if x > 0), -sum(x for x in flows if x < 0))
    if current == 0:
        raise ValueError(
            "a current must be given at an electrode for bounds and resistances of the whole "
            "device, got none"
        )
    return current


def _check_edges(device: Device, system: System) -> None:
    """Check that torques have a definite place where a normal metal touches a magnet.

    At an edge that it shares with another magnet, or a reservoir, mu_s would have to jump.
    """
    places, classes = system.places, system.classes
    crossing = {places.names[k] for k in {*classes.crossing} - {NO_ONE}}
    crossing |= {places.names[k] for k in {*classes.absorber[classes.crossing >= 0]}}
    for name in device.electrodes:
        own = places.of(name)
        m, line = places.m[own], classes.line[classes.of_place[own]]
        meet = m.any(axis=1) & line.any(axis=1)
        if (meet & ~angle(m, line).collinear).any():
            crossing.add(name)
    if ends := crossing & {*device.electrodes}:
        raise ValueError(
            "a ferromagnetic lead must be collinear with what it touches to be certified, got "
            f"another m at {min(ends)!r}"
        )
    for contact in system.contacts:
        law = contact.law
        for name, other in (contact.names, contact.names[::-1]):
            if other in device.regions and not is_strong(device, other):
                continue
            if name in device.electrodes or is_strong(device, name) or law.mixing is not None:
                continue
            given = device.electrodes.get(other)
            is_held = given is not None and isinstance(given.end, Reservoir)
            if given is not None and not (is_strong(device, other) or is_held):
                continue
            if is_held and np.any(law.resistance):
                continue
            absorber = classes.absorber[classes.of_place[places.at(name, contact.dofs)]]
            allowed = NO_ONE if is_held else places.names.index(other)
            if (bad := absorber[absorber != allowed]).size:
                raise ValueError(
                    "a region where mu_s has all directions must not touch two magnets, or a "
                    f"magnet and a reservoir, at one edge to be certified, got {name!r} "
                    f"beside {other!r} and {places.names[bad[0]]!r}"
                )


# --- fields -----------------------------------------------------------------------------------


def _lifts(system: System, magnet: int) -> list[Lift]:
    """Return by what the dual fields jump for what a magnet absorbs."""
    at_places = lifted(system, magnet)
    return [Lift(magnet, axis, at_places @ axis) for axis in AXES]


def loads(system: System, lifts: Sequence[Lift]) -> FloatArray:
    """Return what makes dual fields jump, (N, fields)."""
    size = len(system.unknowns.kinds)
    found = np.zeros((size, len(lifts)))
    jumps = Fields(system, np.zeros((size, 1 + len(lifts))), lifts)
    for term in system.terms:
        jump = jumps.at(term.test, term.absorber)[:, 1:]
        if jump.any():
            force = term.coefficient * (term.matrix.T @ jump)
            found -= read(system.unknowns, term.of).T @ force
    return found


def _solved(
    device: Device, system: System, load: FloatArray, more: FloatArray, progress: bool | None
) -> tuple[FloatArray, FloatArray]:
    """Return the solutions of several loads, and that of the first one where mu_s is 0."""
    unknowns, functions = system.unknowns, system.functions
    kinds = fields = system.fields
    if isinstance(functions, Fluxes):  # functions of one order on facets are of a kind
        order = functions.order[system.places.dofs]
        kinds = fields.copy()
        for matrix, every in ((unknowns.potential, 1), (unknowns.spin, 3)):
            at, column = matrix.tocoo().coords
            kinds[column] = fields[column] + FIELDS * order[at // every]
    dim = device.grid.dimension
    sides = np.column_stack([load, more])
    found, _ = solve_system(system.matrix, sides, kinds, dim, progress)
    charge = np.flatnonzero(unknowns.kinds == MU_0)
    of_charge = np.zeros((len(load), 1))
    if charge.size:
        matrix = system.matrix[charge][:, charge]
        of_charge[charge, 0], _ = solve_system(
            matrix, load[charge], kinds[charge], dim, progress=False
        )
    return found, of_charge


# --- equilibrium ------------------------------------------------------------------------------


def _channels(device: Device, places: Places, name: str) -> list[Channel]:
    """Return the scalars of a region; along m of a ferromagnet ``mu_0 + p nu`` and nu."""
    region, own = device.regions[name], places.of(name)
    charge, spin, *more = rates_of(region)
    potential = Row(own, None)
    if not region.is_magnet:
        spins = [Channel(spin, [(1.0, row)]) for row in components(own)]
        return [Channel(charge, [(1.0, potential)]), *spins]
    m = places.m[own]
    along = Row(own, m.T)
    found = [
        Channel(charge, [(1.0, potential), (float(region.metal.p), along)]),
        Channel(spin, [(1.0, along)]),
    ]
    return found + [Channel(one, [(1.0, row)]) for one in more for row in across(own, m)]


def _bodies(device: Device, cells: dict[str, list[Cells]]) -> Callable[[str, IntArray], Body]:
    """Return what makes the matrices of regions, of fluxes condensed to facets."""

    def body(name: str, dofs: IntArray) -> Body:
        def matrix(rates: Rates) -> Any:
            whole = sum(own.stiffness(rates.whole) for own in cells[name])
            return rates.coefficient * local(whole, dofs)

        return body_of(device.regions[name], matrix)

    return body


def _source(channel: Channel, lifts: Sequence[Lift], magnet: int) -> FloatArray:
    """Return by what a magnetization sees nu less, for all fields: in a region with m uniform."""
    found = np.zeros(1 + len(lifts))
    (_, row), *_ = channel.parts
    if channel.rates.taken.real and row.weights is not None:
        for j, lift in enumerate(lifts, start=1):
            if lift.magnet == magnet:
                found[j] = row.weights[:, 0] @ lift.axis
    return found


def _sources(
    device: Device, system: System, cells: dict[str, list[Cells]], lifts: Sequence[Lift]
) -> FloatArray:
    """Return the loads of dual fields in ferromagnets with exchange lengths, (N, fields)."""
    found = np.zeros((len(system.unknowns.kinds), len(lifts)))
    for k, name in enumerate(device.regions):
        dofs = system.places.dofs[system.places.of(name)]
        for channel in _channels(device, system.places, name):
            source = _source(channel, lifts, k)[1:]
            for own in cells[name] if source.any() else ():
                u = own.from_source(channel.rates.whole, channel.rates.taken.real)
                flow = channel.rates.coefficient * own.leaving(u)[dofs]
                ((_, row),) = channel.parts
                found += np.outer(read(system.unknowns, row).T @ flow, source)
    return found


# --- what they miss ---------------------------------------------------------------------------


def _misfits(
    device: Device,
    primal: Fields,
    dual: Fields,
    cells: dict[str, list[Cells]],
) -> tuple[FloatArray, FloatArray]:
    """Return ``d . d`` of every field and ``d . d_0``, with the first, in every cell."""
    count = primal.values.shape[1]
    functions, fluxes = primal.system.functions, dual.system.functions
    order = _order(functions, fluxes)
    squares, products = np.zeros((2, device.grid.mesh.nelements, count))
    for k, name in enumerate(device.regions):
        both = (_channels(device, one.system.places, name) for one in (primal, dual))
        for channel, balanced in zip(*both, strict=True):
            source = _source(channel, primal.lifts, k)
            u, traces = channel.of(primal), balanced.of(dual)
            for part in cells[name]:
                given = channel, u, traces, source, order
                for own, weight, d in _in_cells(functions, part, *given):
                    np.add.at(squares, own, (weight * d * d).sum(axis=1))
                    np.add.at(products, own, (weight * d * d[..., :1]).sum(axis=1))
    for (facets, in_dual), pairs in _surfaces(device, (primal.system, dual.system)):
        matrix, points, weights = functions.at_facets(facets, order)
        balanced, larger = fluxes.at_points(in_dual, points)
        at_points, weights = (matrix, balanced), weights * larger
        cell = device.grid.mesh.f2t[0, facets]
        for terms in pairs:
            test, of = (
                _at_points(primal, at_points[0], rows[0]) - _at_points(dual, at_points[1], rows[1])
                for rows in zip(*((term.test, term.of) for term in terms), strict=True)
            )
            test, of = (x.reshape(*weights.shape, count) for x in (test, of))
            weight = terms[0].coefficient * weights[..., None]
            np.add.at(squares, cell, (weight * test * of).sum(axis=1))
            np.add.at(products, cell, (weight * test * of[..., :1]).sum(axis=1))
    return squares, products


def _order(functions: Functions, fluxes: Fluxes) -> int:
    """Return the degree of d . d: of fluxes, a degree more than on facets, and of potentials."""
    more = functions.grid.is_axisymmetric  # the way around, and twice `majorant`
    return 2 * (max(functions.largest_degree + more, fluxes.degree + 1) + more)


def _at_points(fields: Fields, matrix: Any, row: Row) -> FloatArray:
    """Return a scalar of all fields at points of facets."""
    values: FloatArray = matrix[:, fields.system.places.dofs[row.places]] @ fields.at(row)
    return values


def _in_cells(
    functions: Functions,
    cells: Cells,
    channel: Channel,
    u: FloatArray,
    traces: FloatArray,
    source: FloatArray,
    order: int,
) -> Any:
    """Yield cells, weights (n, q, 1) of their points and a part of d there, (n, q, fields)."""
    recovered = cells.recovered(
        channel.rates.whole,
        traces,
        cells.from_source(channel.rates.whole, channel.rates.taken.real)[..., None] * source,
    )
    unit, count = functions.grid.unit, functions.grid.mesh.nelements
    for begin in range(0, len(cells.cells), AT_ONCE):
        own = slice(begin, begin + AT_ONCE)
        points, weights, lost, flux = cells.at_points(own, order, *recovered)
        inside = cells.cells[own] % count  # triangles of a parallelogram are count apart
        value, slope = functions.values_at(inside, points, u)
        parts = [*(-flux - slope) / unit]
        if channel.rates.whole:
            parts.append(np.sqrt(channel.rates.whole) * (lost - value))
        for part in parts:
            yield inside, channel.rates.coefficient * weights[..., None], part


def _surfaces(device: Device, systems: tuple[System, System]) -> Any:
    """Yield facets of contacts, and their terms, in both systems."""
    for given in zip(*(system.contacts for system in systems), strict=True):
        terms = [
            of_contact(device, system.places, contact)
            for system, contact in zip(systems, given, strict=True)
        ]
        if terms[0]:
            yield [x.facets for x in given], list(zip(*terms, strict=True))
