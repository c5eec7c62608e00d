r"""The weak form of a device, whatever its dimension.

Unknowns are mu_0 and ``nu = mu_s/2``, V. With v_0 and w, tests of both,

.. math::

    \int D_{tot} [\nabla\mu_0 \cdot \nabla v_0 + \beta_D \nabla\nu \cdot \nabla v_0
    + p \nabla\mu_0 \cdot \nabla w + \nabla\nu \cdot \nabla w] + 2\kappa\, \nu w
    = \sum_e I_e v_0(e) + \int j_s \cdot w ,

with the nu along m in a ferromagnet, and j_s of spin sources at electrodes; eqs. (2), (3) and (4)
with mu_0 as an unknown. It is a sum of terms, two scalar matrices a region and one a contact; m is
in nothing but the rows that read nu of all that is joined. Across an interface what jumps drives
currents, `spinfem.sample.pieces`.

Currents are particle currents times \|e\|, A, those into the device positive.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from .._checks import FloatArray, IntArray
from ..physics import interfaces
from ..sample.pieces import Interface, Lead, SpinSource
from .bodies import LeadConductances, Parts, lead_conductances
from .device import Device
from .fluxes import Fluxes
from .functions import Functions
from .linear import is_factorized
from .regions import (
    Classes,
    Contact,
    Places,
    classes_of,
    in_frames,
    is_ferromagnetic,
    is_magnet,
    is_strong,
    places_of,
)

NO_ONE = -1
"""What is lost to the lattice, or passed on."""
ROUNDING = 1e-13
"""What an energy may be off by, of the sum of its parts."""
MU_0, ALONG = 0, 4
"""Kinds of unknowns; nu where it is free has one for each of its components, 1 to 3."""


class Row(NamedTuple):
    """A scalar at some places: mu_0, or a combination of the components of nu."""

    places: IntArray
    weights: FloatArray | None  # (3, n), None for mu_0
    axis: int | None = None  # which component of nu it is, if it is one


class Term(NamedTuple):
    """``coefficient v.K u`` of a scalar u and a test v."""

    coefficient: float
    test: Row
    matrix: Any
    of: Row
    absorber: int = NO_ONE  # region that takes up the spins


class Unknowns(NamedTuple):
    """How values at places are made of unknowns."""

    potential: Any  # (n, N) mu_0, counted from `Device.zero`
    tested: Any  # (n, N) v_0: as mu_0, but for a beta_D of leads that is not p
    given: FloatArray  # (n,) what is added to it, V
    spin: Any  # (3 n, N) nu
    held: FloatArray  # (n, 3) what is added to it, of reservoirs, V
    kinds: IntArray  # (N,)
    electrode: IntArray  # (c,) whose potential a class has, else -1
    column: IntArray  # (c,) the unknown that is its mu_0, or is in it; -1 where it is given

    @property
    def of_tests(self) -> Unknowns:
        """How tests at places are made."""
        return self._replace(potential=self.tested)


class Inflow(NamedTuple):
    """Spin currents that a source drives into places, A."""

    places: IntArray  # of the electrode
    current: FloatArray  # (n, 3) what goes on
    magnet: int  # strong ferromagnet at them, or `NO_ONE`
    taken: FloatArray  # (n, 3) what that takes up at once, all across its m


class Tap(NamedTuple):
    """The potential of an electrode as a sum over places; what a current there drives, too."""

    places: IntArray  # of the electrode
    weights: FloatArray  # (n,) whose sum is 1
    along: FloatArray  # (n, 3) ``beta_D m`` of a ferromagnetic lead, or ``p m``, else 0

    def potential(self, mu_0: FloatArray, nu: FloatArray) -> FloatArray:
        """Return the potential, V, of mu_0 (n, ...) and nu (n, 3, ...) at all places."""
        found: FloatArray = np.einsum("n,n...->...", self.weights, mu_0[self.places])
        return found + self.of_spins(nu)

    def of_spins(self, nu: FloatArray) -> FloatArray:
        """Return what of it is because of nu."""
        found: FloatArray = np.einsum("n,ni,ni...->...", self.weights, self.along, nu[self.places])
        return found


class Conductances(NamedTuple):
    """Of a resistive interface, S/m2: for charge, with gamma; B and S of ``nu = mu_s/2``."""

    charge: float
    gamma: float
    B: float
    S: float


class System(NamedTuple):
    """A device, assembled."""

    parts: Parts
    places: Places
    classes: Classes
    unknowns: Unknowns
    terms: list[Term]
    matrix: Any
    load: FloatArray

    @property
    def fields(self) -> IntArray:
        """Kinds of unknowns for iterations: nu along m is one field, in magnets and beside them."""
        kinds = self.unknowns.kinds
        return np.where(kinds == 1, ALONG, kinds) if self.classes.has_frames else kinds

    @property
    def functions(self) -> Any:
        """Functions on the mesh, or on facets (`Fluxes`)."""
        return self.parts.functions

    @property
    def contacts(self) -> list[Contact]:
        """All contacts."""
        return self.parts.contacts


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # found in the matrix
def assemble(device: Device, parts: Parts) -> System:
    """Assemble the weak form of a device, of its parts, condensed or not.

    Parameters
    ----------
    device : Device
        What is to be solved.
    parts : Parts
        Of it: what magnetizations have no part in.

    Raises
    ------
    ValueError
        As `classes_of`; or if two electrodes touch, a number of a device is not there yet, or its
        numbers overflow.
    """
    functions = parts.functions
    _check_known(device, functions)
    places = places_of(device, functions, parts.dofs, parts.contacts)
    classes = classes_of(device, places, parts.contacts)
    count = len(classes.rank) + int(classes.rank.sum())
    if not parts.is_condensed and not is_factorized(count, device.grid.dimension):
        classes = in_frames(classes, places, parts.contacts)
    unknowns = unknowns_of(device, functions, places, classes)
    terms = terms_of(device, parts, places)
    matrix = matrix_of(terms, unknowns, parts.is_condensed)
    load = load_of(device, parts, places, unknowns, terms)
    if not (
        np.isfinite(matrix if parts.is_condensed else matrix.data).all() and np.isfinite(load).all()
    ):
        raise ValueError(
            "conductances of a device must be finite, got an overflow of double precision: numbers "
            "of its metals, interfaces or electrodes are too large or too small"
        )
    return System(parts, places, classes, unknowns, terms, matrix, load)


def terms_of(device: Device, parts: Parts, places: Places) -> list[Term]:
    """Return all terms of the weak form."""
    return [
        *(term for name in device.regions for term in of_region(device, parts, places, name)),
        *(term for contact in parts.contacts for term in of_contact(device, places, contact)),
    ]


def matrix_of(terms: list[Term], unknowns: Unknowns, is_full: bool) -> Any:
    """Return the sum of terms, in unknowns."""
    size = len(unknowns.kinds)
    matrix: Any = sp.csr_array((size, size))
    full = np.zeros((size, size) if is_full else (0, 0))
    for term in terms:
        test, of = read(unknowns.of_tests, term.test), read(unknowns, term.of)
        if isinstance(term.matrix, np.ndarray):
            _add_full(full, term, test, of)
        else:
            matrix = matrix + term.coefficient * (test.T @ (term.matrix @ of))
    return full + matrix if is_full else matrix


def load_of(
    device: Device, parts: Parts, places: Places, unknowns: Unknowns, terms: list[Term]
) -> FloatArray:
    """Return what enters, in unknowns: currents, and what given potentials drive."""
    load = np.zeros(len(unknowns.kinds))
    for term in terms if unknowns.given.any() or unknowns.held.any() else ():
        if (given := given_of(unknowns, term.of)).any():
            flow = term.matrix @ given
            load -= term.coefficient * (read(unknowns.of_tests, term.test).T @ flow)
    for inflow in inflows_of(device, parts, places):
        driven = np.zeros_like(unknowns.held)
        driven[inflow.places] = inflow.current
        load += unknowns.spin.T @ driven.ravel()
    for name in device.electrodes:
        if current := current_into(device, parts, places, name):
            tap = tap_of(device, parts, places, name, "p")
            load += current * entering(tap, unknowns.of_tests)
    return load


def taps_of(device: Device, parts: Parts, places: Places, unknowns: Unknowns) -> FloatArray:
    """Return what makes of unknowns the sum of given currents times potentials behind them, A."""
    found = np.zeros(len(unknowns.kinds))
    for name in device.electrodes:
        if current := current_into(device, parts, places, name):
            found += current * entering(tap_of(device, parts, places, name), unknowns)
    return found


def current_into(device: Device, parts: Parts, places: Places, name: str) -> float:
    """Return the current that is given at an electrode, A; 0 if its potential is."""
    given = device.electrodes[name]
    if given.j0 is None:
        return given.current or 0.0
    one = parts.functions.one[places.dofs[places.of(name)]]
    return float(given.j0 * (parts.areas(name) @ one))


def tap_of(
    device: Device,
    parts: Parts,
    places: Places,
    name: str,
    polarization: str = "diffusion_polarization",
) -> Tap:
    """Return how the potential of an electrode is read: where j0 is given, the mean of it.

    With the polarization "p": what a current drives there.
    """
    own, given = places.of(name), device.electrodes[name]
    one = parts.functions.one[places.dofs[own]]
    if given.j0 is None:
        weights = (np.arange(len(own)) == np.argmax(one > 0)).astype(float)
    else:
        weights = parts.areas(name)
        weights = weights / (weights @ one)
    metal = getattr(given.end, "material", None)
    return Tap(own, weights, getattr(metal, polarization, 0.0) * places.m[own])


def entering(tap: Tap, unknowns: Unknowns) -> FloatArray:
    """Return what a current of 1 A brings where it enters, in unknowns."""
    load: FloatArray = unknowns.potential[tap.places].T @ tap.weights
    if tap.along.any():  # it brings spins
        load = load + read(unknowns, Row(tap.places, tap.along.T)).T @ tap.weights
    return load


def brought(tap: Tap, of_place: IntArray, charge: Any) -> FloatArray:
    """Return the spins that currents into classes (c,) bring at places of an electrode, (n, 3), A.

    Of a tap of "p". A class has a place of the electrode beside each of its regions there.
    """
    at = of_place[tap.places]
    found: FloatArray = (charge[at] / np.bincount(at)[at])[:, None] * tap.along
    return found


def inflows_of(device: Device, parts: Parts, places: Places) -> list[Inflow]:
    """Return what spin sources drive into a device."""
    found = []
    for contact in parts.contacts:
        region, name = contact.names
        end = getattr(device.electrodes.get(name), "end", None)
        if not isinstance(end, SpinSource):
            continue
        inside, own = places.sides(contact)
        area = contact.mass @ parts.functions.one[contact.dofs]
        current, taken, magnet = area[:, None] * end.spin_current, np.zeros((len(own), 3)), NO_ONE
        if is_strong(device, region):
            m, magnet = places.m[inside], places.names.index(region)
            taken = current - np.einsum("ni,ni->n", m, current)[:, None] * m
        found.append(Inflow(own, current - taken, magnet, taken))
    return found


def _add_full(total: FloatArray, term: Term, test: Any, of: Any) -> None:
    """Add a term whose matrix is full; mostly every place reads a single unknown of its own."""
    sides = []
    for reading in (test, of):
        count = np.diff(reading.indptr)
        if count.max(initial=0) > 1 or len(np.unique(reading.indices)) < len(reading.indices):
            total += term.coefficient * (test.T @ (term.matrix @ of))
            return
        sides.append((np.flatnonzero(count), reading.indices, reading.data))
    (rows, to, left), (columns, at, right) = sides
    block = term.matrix[np.ix_(rows, columns)] * (term.coefficient * left[:, None] * right)
    total[np.ix_(to, at)] += block


def _check_known(device: Device, functions: Functions | Fluxes) -> None:
    for name, region in device.regions.items():
        if callable(region.m) and not functions.is_nodal:
            raise ValueError(
                f"m of {name!r} as a function of points needs elements with values at points, got "
                f"those of degree {functions.degree}: at most 1 on lines, 2 on quadrilaterals"
            )


def read(unknowns: Unknowns, row: Row) -> Any:
    """Return the matrix that makes a scalar at places of the unknowns."""
    if row.weights is None:
        return unknowns.potential[row.places]
    parts: Any = sp.csr_array((len(row.places), unknowns.spin.shape[1]))
    for i, weight in enumerate(row.weights):
        if weight.any():
            parts = parts + sp.diags_array(weight) @ unknowns.spin[3 * row.places + i]
    return parts


def given_of(unknowns: Unknowns, row: Row) -> FloatArray:
    """Return what given potentials add to a scalar at places, V."""
    if row.weights is None:
        return unknowns.given[row.places]
    return np.asarray(np.einsum("in,ni->n", row.weights, unknowns.held[row.places]))


def unknowns_of(
    device: Device, functions: Functions | Fluxes, places: Places, classes: Classes
) -> Unknowns:
    """Number the unknowns: mu_0 of classes, potentials of electrodes, then nu of classes."""
    count = len(classes.rank)
    electrode = np.full(count, -1)
    has_potential = np.isin(np.arange(count), classes.of_place)
    for k, (name, given) in enumerate(device.electrodes.items()):
        if given.j0 is not None:
            continue
        own = np.unique(classes.of_place[places.of(name)])
        others = electrode[own]
        if (others >= 0).any():
            raise ValueError(
                f"electrodes must not touch, got {[*device.electrodes][int(others.max())]!r} and "
                f"{name!r}"
            )
        electrode[own] = k
    is_free = has_potential & (electrode < 0)
    column = np.full(count, -1)
    column[is_free] = np.arange(is_free.sum())
    size, given_there = int(is_free.sum()), np.zeros(count)
    for k, given in enumerate(device.electrodes.values()):
        if given.potential is not None:
            given_there[electrode == k] = given.potential - device.zero
        elif given.current is not None:
            column[electrode == k] = size
            size += 1
    offset = size + np.concatenate([[0], np.cumsum(classes.rank)[:-1]])
    total = size + int(classes.rank.sum())
    kinds = np.zeros(total, dtype=np.intp)
    for i in range(3):
        kinds[offset[classes.rank == 3] + i] = 1 + i
    for i in range(2):  # across m
        kinds[offset[classes.rank == 2] + i] = 2 + i
    kinds[offset[classes.rank == 1]] = ALONG

    n, here = len(places.dofs), classes.of_place
    one = np.where(is_free[here], 1.0, functions.one[places.dofs])
    rows = np.flatnonzero(column[here] >= 0)
    potential: Any = sp.coo_array((one[rows], (rows, column[here[rows]])), shape=(n, total))
    apart, everywhere = classes.apart, np.arange(n)
    ways, beside = classes.space[here], classes.across[apart]
    m = classes.line[beside]
    ways[apart] = m[:, :, None] * np.einsum("ni,nij->nj", m, ways[apart])[:, None]
    parts: list[tuple[FloatArray, IntArray, IntArray]] = []
    for at, of, columns in ((everywhere, here, ways), (apart, beside, classes.space[beside])):
        for j in range(3):
            for i in range(3):
                kept = np.flatnonzero(columns[:, i, j])
                parts.append((columns[kept, i, j], 3 * at[kept] + i, offset[of[kept]] + j))
    values, rows, to = (np.concatenate(x) for x in zip(*parts, strict=True))
    spin: Any = sp.csr_array(sp.coo_array((values, (rows, to)), shape=(3 * n, total)))
    held = functions.one[places.dofs][:, None] * classes.held[here]
    potential, given_here = sp.csr_array(potential), one * given_there[here]
    found = Unknowns(potential, potential, given_here, spin, held, kinds, electrode, column)
    for k, (name, given) in enumerate(device.electrodes.items()):
        if given.j0 is None and is_ferromagnetic(given.end):
            # mu_0 + beta_D nu is what the lead has far away, and p of its current are spins
            tied, metal = np.flatnonzero(electrode[here] == k), given.end.material  # type: ignore[union-attr]
            m, beta_D = places.m[places.of(name)[0]], metal.diffusion_polarization  # type: ignore[union-attr]
            along = Row(tied, np.repeat(m[:, None], len(tied), axis=1))
            spread = sp.csr_array(
                (np.ones(len(tied)), (tied, np.arange(len(tied)))), shape=(n, len(tied))
            )
            less = spread @ read(found, along)
            found = found._replace(
                potential=sp.csr_array(found.potential - beta_D * less),
                tested=sp.csr_array(found.tested - metal.p * less),  # type: ignore[union-attr]
                given=found.given - beta_D * (spread @ given_of(found, along)),
            )
    return found


def check_spin_sink(system: System) -> None:
    """Check that spins are absorbed somewhere wherever they go.

    Else the weak form has a kernel, mu_s that is the same all over what spins can reach: there
    ``c.A c = 0`` for one of its three directions, or the one that its first m allows.

    Raises
    ------
    ValueError
        If a part has no sink, or one that roundings hide.
    """
    unknowns = system.unknowns
    own = np.flatnonzero(unknowns.kinds != MU_0)
    matrix = system.matrix[own][:, own]
    count, part = connected_components(matrix, directed=False)
    reading, m = unknowns.spin.tocoo(), system.classes.directions
    first = np.full(count, -1)
    lines = np.flatnonzero(unknowns.kinds[own] == ALONG)
    first[part[lines[::-1]]] = lines[::-1]
    for axis in np.eye(3):
        way = np.where(first[:, None] >= 0, m[first], axis)
        constant = np.einsum("ni,ni->n", m, way[part])
        size = np.abs(constant)
        lost = np.bincount(part, constant * (matrix @ constant), count)
        of = np.bincount(part, size * (abs(matrix) @ size), count)
        if (bad := (of > 0) & (lost <= ROUNDING * of)).any():
            where = own[np.flatnonzero(part == np.argmax(bad))[0]]
            place = reading.coords[0][reading.coords[1] == where][0] // 3
            name = system.places.names[system.places.owner[place]]
            raise ValueError(
                "no spin sink: a device must absorb spin wherever it goes (a finite l, a "
                "Reservoir, a Lead with finite l) or have magnetizations that are not collinear, "
                f"got none around {name!r}, or one too weak for doubles"
            )


def components(places: IntArray) -> list[Row]:
    """Return the three components of nu."""
    return [
        Row(places, np.repeat(way[:, None], len(places), axis=1), i)
        for i, way in enumerate(np.eye(3))
    ]


def _along(own: IntArray, m: FloatArray) -> Row:
    """Return nu along m (n, 3)."""
    return Row(own, m.T)


def across(own: IntArray, m: FloatArray) -> list[Row]:
    """Return the components of nu across m (n, 3)."""
    return [Row(own, (np.eye(3)[i] - m[:, i, None] * m).T) for i in range(3)]


def _turning(own: IntArray, m: FloatArray) -> list[Row]:
    """Return the components of ``m x nu``."""
    return [Row(own, np.cross(np.eye(3)[i], m).T) for i in range(3)]


def of_region(device: Device, parts: Parts, places: Places, name: str) -> list[Term]:
    """Return conduction and relaxation in a region."""
    body, own = parts.bodies[name], places.of(name)
    potential = Row(own, None)
    terms = [Term(1.0, potential, body.charge, potential)]
    if body.drawn is None:
        return [*terms, *(Term(1.0, row, body.along, row) for row in components(own))]
    m = places.m[own]
    along = _along(own, m)
    terms += [
        Term(1.0, potential, body.drawn, along),
        Term(1.0, along, body.polarized, potential),
        Term(1.0, along, body.along, along),
    ]
    if body.across is None:
        return terms
    k = places.names.index(name)
    for row, turned in zip(across(own, m), _turning(own, m), strict=True):
        for matrix, absorber in ((body.across, NO_ONE), (body.taken, k)):
            if matrix is None:
                continue
            terms.append(Term(1.0, row, matrix.real, row, absorber))
            if device.regions[name].metal.lambda_J is not None:
                terms.append(Term(1.0, row, matrix.imag, turned, absorber))
    return terms


def of_contact(device: Device, places: Places, contact: Contact) -> list[Term]:
    """Return what passes a contact that is not transparent, and leaves into a lead behind it."""
    law, terms = contact.law, list[Term]()
    end = getattr(device.electrodes.get(contact.names[1]), "end", None)
    if isinstance(end, Lead):
        terms += leaving(places, contact, lead_conductances(end))
    if np.any(law.resistance):
        terms += through(device, places, contact, conductances_of(law))
    if law.mixing is not None:
        terms += taken_at(device, places, contact, complex(np.asarray(law.mixing)))
    return terms


def leaving(places: Places, contact: Contact, given: LeadConductances) -> list[Term]:
    """Return what leaves into a lead, with its conductances."""
    own, F = places.sides(contact)[1], contact.mass
    m, magnet = places.m[own], places.names.index(contact.names[1])
    if not m.any():
        return [Term(given.along, row, F, row) for row in components(own)]
    along = _along(own, m)
    terms = [Term(given.along, along, F, along)]
    for row, turned in zip(across(own, m), _turning(own, m), strict=True):
        for G, absorber in ((given.passed, NO_ONE), (given.taken, magnet)):
            for part, of in ((G.real, row), (G.imag, turned)):
                if part:
                    terms.append(Term(part, row, F, of, absorber))
    return terms


def conductances_of(law: Interface) -> Conductances:
    """Return the conductances of an interface with a resistance."""
    resistance, gamma, delta = (np.asarray(x) for x in (law.resistance, law.gamma, law.delta))
    B, S = interfaces.two_port(resistance, delta)
    charge = 1 / interfaces.ohmic(resistance, gamma)
    return Conductances(float(charge), float(gamma), 2 * float(B), 2 * float(S))


def conductance_slopes(law: Interface) -> dict[str, list[Conductances]]:
    """Return their derivatives with AR*, gamma and delta, as the sum of several.

    Terms are quadratic in gamma for a given conductance for charge: differences are exact.
    """
    AR: Any = law.resistance
    charge, gamma, B, S = conductances_of(law)
    _, by_gamma = (-(charge**2) * float(x) for x in interfaces.ohmic_slopes(AR, np.asarray(gamma)))
    by_delta = (2 * float(x) for x in interfaces.two_port_slopes(AR, np.asarray(law.delta)))
    return {
        "resistance": [Conductances(-charge / AR, gamma, -B / AR, -S / AR)],
        "delta": [Conductances(0.0, gamma, *by_delta)],
        "gamma": [
            Conductances(by_gamma, gamma, 0.0, 0.0),
            Conductances(charge / 2, gamma + 1, 0.0, 0.0),
            Conductances(-charge / 2, gamma - 1, 0.0, 0.0),
        ],
    }


def through(device: Device, places: Places, contact: Contact, given: Conductances) -> list[Term]:
    """Return what passes an interface with a resistance."""
    sides, F = places.sides(contact), contact.mass
    strong = [is_strong(device, name) for name in contact.names]
    potentials = [Row(own, None) for own in sides]
    jumps = [(-1.0, potentials[0]), (1.0, potentials[1])]
    m, _ = _magnet_at(device, places, contact)
    if m is None:
        spins = list(zip(*map(components, sides), strict=True))
    else:
        spins = [tuple(_along(own, m) for own in sides)]
        jumps += [(-given.gamma, spins[0][0]), (given.gamma, spins[0][1])]
        if not any(strong) and contact.law.mixing is None:
            spins += zip(*(across(own, m) for own in sides), strict=True)
    terms, (charge, _, B, S) = list[Term](), given
    for one, v in jumps:
        terms += [Term(charge * one * other, v, F, u) for other, u in jumps if one * other]
    for a, b in spins:
        terms += [Term(B + S, a, F, a), Term(B + S, b, F, b)]
        terms += [Term(-B, a, F, b), Term(-B, b, F, a)]
    return terms


def taken_at(device: Device, places: Places, contact: Contact, mixing: complex) -> list[Term]:
    """Return what a mixing conductance takes up on the side of a normal metal."""
    m, side = _magnet_at(device, places, contact)
    normal, magnet = places.sides(contact)[1 - side], places.names.index(contact.names[side])
    F, terms = contact.mass, list[Term]()
    for row, turned in zip(across(normal, m), _turning(normal, m), strict=True):
        terms.append(Term(2 * mixing.real, row, F, row, magnet))
        if mixing.imag:  # in two halves, so that it does no work where m varies either
            terms.append(Term(mixing.imag, row, F, turned, magnet))
            terms.append(Term(-mixing.imag, turned, F, row, magnet))
    return terms


def _magnet_at(device: Device, places: Places, contact: Contact) -> tuple[Any, int]:
    """Return m of a ferromagnet of a contact, a strong one first, and its side; None without."""
    strong, magnets = ([tell(device, x) for x in contact.names] for tell in (is_strong, is_magnet))
    if not any(magnets):
        return None, 0
    side = (strong if any(strong) else magnets).index(True)
    return places.m[places.sides(contact)[side]], side
