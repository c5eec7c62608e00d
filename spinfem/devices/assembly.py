r"""The weak form of a device, whatever its dimension.

Unknowns are mu_0 and ``nu = mu_s/2``, V. With v_0 and w, tests of both,

.. math::

    \int D_{tot} [\nabla\mu_0 \cdot \nabla v_0 + p (\nabla\mu_0 \cdot \nabla w
    + \nabla\nu \cdot \nabla v_0) + \nabla\nu \cdot \nabla w] + 2\kappa\, \nu w
    = \sum_e I_e v_0(e) ,

with the nu along m in a ferromagnet; eqs. (2), (3) and (4) with mu_0 as an unknown. It is a sum of
terms, two scalar matrices a region and one a contact; m is in nothing but the rows that read nu of
all that is joined. Across an interface what jumps drives currents, `spinfem.sample.pieces`.

Currents are particle currents times \|e\|, A, those into the device positive.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from .._checks import FloatArray, IntArray
from ..physics import exchange, interfaces
from ..physics.bulk import relaxation, total_conductivity
from ..sample.pieces import Lead
from .device import Device
from .fluxes import Fluxes
from .functions import Functions
from .regions import (
    Classes,
    Contact,
    Places,
    classes_of,
    contacts_of,
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


class Term(NamedTuple):
    """``coefficient v.K u`` of a scalar u and a test v."""

    coefficient: float
    test: Row
    matrix: Any
    of: Row
    absorber: int = NO_ONE  # region that takes up the spins


class Unknowns(NamedTuple):
    """How values at places are made of unknowns."""

    potential: Any  # (n, N) mu_0
    given: FloatArray  # (n,) what is added to it, V
    spin: Any  # (3 n, N) nu
    kinds: IntArray  # (N,)
    electrode: IntArray  # (c,) whose potential a class has, else -1
    column: IntArray  # (c,) the unknown that is its mu_0, or is in it; -1 where it is given


class System(NamedTuple):
    """A device, assembled."""

    functions: Any  # Functions or Fluxes
    places: Places
    contacts: list[Contact]
    classes: Classes
    unknowns: Unknowns
    terms: list[Term]
    matrix: Any
    load: FloatArray


def assemble(
    device: Device,
    functions: Any,
    of_region: Callable[[Device, Any, Places, str], list[Term]] | None = None,
) -> System:
    """Assemble the weak form of a device.

    Parameters
    ----------
    device : Device
        What is to be solved.
    functions : Functions or Fluxes
        Whose places are joined.
    of_region : callable, optional
        What returns the terms of a region; those of continuous functions without it.

    Raises
    ------
    ValueError
        As `classes_of`; or if two electrodes touch, or a number of a device is not there yet.
    """
    _check_known(device, functions)
    places = places_of(device, functions)
    contacts = contacts_of(device, functions)
    classes = classes_of(device, places, contacts)
    unknowns = _unknowns(device, functions, places, classes)
    terms = [
        *(
            term
            for name in device.regions
            for term in (of_region or _of_region)(device, functions, places, name)
        ),
        *(term for name in device.electrodes for term in of_lead(device, functions, places, name)),
        *(term for contact in contacts for term in of_contact(device, functions, places, contact)),
    ]
    size = len(unknowns.kinds)
    load = np.zeros(size)
    matrix: Any = sp.csr_array((size, size))
    for term in terms:
        test = read(unknowns, term.test)
        matrix = matrix + term.coefficient * (test.T @ (term.matrix @ read(unknowns, term.of)))
        if term.of.weights is None and unknowns.given.any():
            load -= term.coefficient * (test.T @ (term.matrix @ unknowns.given[term.of.places]))
    for k, (name, electrode) in enumerate(device.electrodes.items()):
        if electrode.current:
            own_class = np.argmax(unknowns.electrode == k)
            load[unknowns.column[own_class]] += electrode.current
        if electrode.current_density:
            own = places.of(name)
            entering = _local(functions.facet_mass(device.grid.surfaces[name]), places.dofs[own])
            flow = electrode.current_density * (entering @ functions.one[places.dofs[own]])
            load += unknowns.potential[own].T @ flow
    return System(functions, places, contacts, classes, unknowns, terms, sp.csr_array(matrix), load)


def _check_known(device: Device, functions: Functions | Fluxes) -> None:
    for name, region in device.regions.items():
        if region.is_magnet:
            metal: Any = region.metal
            if metal.beta_D is not None and metal.beta_D != metal.p:
                raise ValueError(
                    f"beta_D of {name!r} must be p in a device, got {metal.beta_D} for {metal.p}"
                )
        if callable(region.m) and not functions.is_nodal:
            raise ValueError(
                f"m of {name!r} as a function of points needs elements with values at points, got "
                f"those of degree {functions.degree} on quadrilaterals, which have none beyond 2"
            )
    for pair, law in device.interfaces.items():
        weak = [name for name in pair if is_magnet(device, name) and not is_strong(device, name)]
        if weak and law.mixing is not None and not np.any(law.resistance):
            names = " and ".join(map(repr, sorted(pair)))
            raise ValueError(
                f"resistance (AR*) of the interface between {names} must be positive, got 0 with a "
                f"mixing conductance, and {weak[0]!r} has exchange lengths"
            )


def read(unknowns: Unknowns, row: Row) -> Any:
    """Return the matrix that makes a scalar at places of the unknowns."""
    if row.weights is None:
        return unknowns.potential[row.places]
    parts: Any = 0
    for i, weight in enumerate(row.weights):
        if weight.any():
            parts = parts + sp.diags_array(weight) @ unknowns.spin[3 * row.places + i]
    return parts if row.weights.any() else sp.csr_array((len(row.places), unknowns.spin.shape[1]))


def _unknowns(
    device: Device, functions: Functions | Fluxes, places: Places, classes: Classes
) -> Unknowns:
    """Number the unknowns: mu_0 of classes, potentials of electrodes, then nu of classes."""
    count = len(classes.rank)
    electrode = np.full(count, -1)
    for k, (name, given) in enumerate(device.electrodes.items()):
        if given.current_density is not None:
            continue
        own = np.unique(classes.of_place[places.of(name)])
        others = electrode[own]
        if (others >= 0).any():
            raise ValueError(
                f"electrodes must not touch, got {[*device.electrodes][int(others.max())]!r} and "
                f"{name!r}"
            )
        electrode[own] = k
    is_free = electrode < 0
    column = np.full(count, -1)
    column[is_free] = np.arange(is_free.sum())
    size, given_there = int(is_free.sum()), np.zeros(count)
    for k, given in enumerate(device.electrodes.values()):
        if given.potential is not None:
            given_there[electrode == k] = given.potential
        elif given.current is not None:
            column[electrode == k] = size
            size += 1
    offset = size + np.concatenate([[0], np.cumsum(classes.rank)[:-1]])
    total = size + int(classes.rank.sum())
    kinds = np.zeros(total, dtype=np.intp)
    for i in range(3):
        kinds[offset[classes.rank == 3] + i] = 1 + i
    kinds[offset[classes.rank == 1]] = ALONG

    n, here = len(places.dofs), classes.of_place
    one = np.where(is_free[here], 1.0, functions.one[places.dofs])
    rows = np.flatnonzero(column[here] >= 0)
    potential: Any = sp.coo_array((one[rows], (rows, column[here[rows]])), shape=(n, total))
    parts: list[tuple[FloatArray, IntArray, IntArray]] = []
    for rank in (1, 3):
        own = np.flatnonzero(classes.rank[here] == rank)
        for j in range(rank):
            for i in range(3):
                value = classes.space[here[own], i, j]
                kept = value != 0
                parts.append((value[kept], 3 * own[kept] + i, offset[here[own[kept]]] + j))
    values, at, to = (np.concatenate(x) for x in zip(*parts, strict=True))
    spin: Any = sp.csr_array(sp.coo_array((values, (at, to)), shape=(3 * n, total)))
    potential = sp.csr_array(potential)
    for k, (name, given) in enumerate(device.electrodes.items()):
        if given.current_density is None and is_ferromagnetic(given.end):
            # mu_0 + p nu is what the lead has far away
            tied = np.flatnonzero(electrode[here] == k)
            m, p = places.m[places.of(name)[0]], given.end.material.p  # type: ignore[union-attr]
            along = Row(tied, np.repeat(m[:, None], len(tied), axis=1))
            less = p * read(Unknowns(potential, given_there, spin, kinds, electrode, column), along)
            spread = sp.csr_array(
                (np.ones(len(tied)), (tied, np.arange(len(tied)))), shape=(n, len(tied))
            )
            potential = sp.csr_array(potential - spread @ less)
    return Unknowns(potential, one * given_there[here], spin, kinds, electrode, column)


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
    is_line, row = unknowns.kinds[own] == ALONG, np.full(len(unknowns.kinds), -1)
    row[own] = np.arange(len(own))
    reading = unknowns.spin.tocoo()
    m = np.zeros((len(own), 3))  # the direction that every unknown is along
    m[row[reading.coords[1]], reading.coords[0] % 3] = reading.data
    first = np.full(count, -1)
    lines = np.flatnonzero(is_line)
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


def _local(matrix: Any, dofs: IntArray) -> Any:
    """Return a matrix of the functions that something has."""
    return matrix[dofs][:, dofs]


def components(places: IntArray) -> list[Row]:
    """Return the three components of nu."""
    return [Row(places, np.repeat(axis[:, None], len(places), axis=1)) for axis in np.eye(3)]


def _along(places: Places, own: IntArray, m: FloatArray) -> Row:
    """Return nu along m (n, 3)."""
    return Row(own, m.T)


def across(own: IntArray, m: FloatArray) -> list[Row]:
    """Return the components of nu across m (n, 3)."""
    return [Row(own, (np.eye(3)[i] - m[:, i, None] * m).T) for i in range(3)]


def _turning(own: IntArray, m: FloatArray) -> list[Row]:
    """Return the components of ``m x nu``."""
    return [Row(own, np.cross(np.eye(3)[i], m).T) for i in range(3)]


def _of_region(device: Device, functions: Functions, places: Places, name: str) -> list[Term]:
    """Return conduction and relaxation in a region."""
    region, own = device.regions[name], places.of(name)
    metal: Any = region.metal
    cells = device.grid.regions[name]
    K = _local(functions.stiffness(cells), places.dofs[own])
    M = _local(functions.mass(cells), places.dofs[own])
    potential, lost = Row(own, None), 2 * float(relaxation(metal.D, metal.l))
    if not region.is_magnet:
        D = float(metal.D)
        terms = [Term(D, potential, K, potential)]
        for row in components(own):
            terms += [Term(D, row, K, row), Term(lost, row, M, row)]
        return terms
    p, m = float(metal.p), places.m[own]
    D = float(total_conductivity(metal.D, metal.p, metal.p))
    along = _along(places, own, m)
    terms = [
        Term(D, potential, K, potential),
        Term(D * p, potential, K, along),
        Term(D * p, along, K, potential),
        Term(D, along, K, along),
        Term(lost, along, M, along),
    ]
    if region.is_strong:
        return terms
    k = places.names.index(name)
    lengths = (np.asarray(np.inf if x is None else x) for x in (metal.lambda_J, metal.lambda_phi))
    taken = D * exchange.taken_rate(*lengths)
    for row, turned in zip(across(own, m), _turning(own, m), strict=True):
        terms += [Term(D, row, K, row), Term(lost, row, M, row)]
        terms.append(Term(float(taken.real), row, M, row, k))
        if taken.imag:
            terms.append(Term(float(taken.imag), row, M, turned, k))
    return terms


def of_lead(device: Device, functions: Functions | Fluxes, places: Places, name: str) -> list[Term]:
    """Return how spins leave into the lead of an electrode."""
    end, own = device.electrodes[name].end, places.of(name)
    if not isinstance(end, Lead):
        return []
    F = _local(functions.facet_mass(device.grid.surfaces[name]), places.dofs[own])
    G = 2 * float(end.material.stiffness)
    rows = [_along(places, own, places.m[own])] if is_ferromagnetic(end) else components(own)
    return [Term(G, row, F, row) for row in rows]


def of_contact(
    device: Device, functions: Functions | Fluxes, places: Places, contact: Contact
) -> list[Term]:
    """Return what passes a contact that is not transparent."""
    law, sides = contact.law, [places.at(name, contact.dofs) for name in contact.names]
    magnets = [is_magnet(device, name) for name in contact.names]
    strong = [is_strong(device, name) for name in contact.names]
    if law.mixing is None and not np.any(law.resistance):
        return []
    F = _local(functions.facet_mass(contact.facets), contact.dofs)
    terms: list[Term] = []
    m = places.m[sides[magnets.index(True)]] if any(magnets) else None
    if np.any(law.resistance):
        gamma = float(np.asarray(law.gamma)) if m is not None else 0.0
        charge = 1 / float(interfaces.ohmic(np.asarray(law.resistance), np.asarray(gamma)))
        B, S = (
            2 * float(x)
            for x in interfaces.two_port(np.asarray(law.resistance), np.asarray(law.delta))
        )
        potentials = [Row(own, None) for own in sides]
        jumps = [(-1.0, potentials[0]), (1.0, potentials[1])]
        if m is None:
            spins = list(zip(*map(components, sides), strict=True))
        else:
            spins = [tuple(_along(places, own, m) for own in sides)]
            jumps += [(-gamma, spins[0][0]), (gamma, spins[0][1])]
            if not any(strong) and law.mixing is None:
                spins += zip(*(across(own, m) for own in sides), strict=True)
        for one, v in jumps:
            terms += [Term(charge * one * other, v, F, u) for other, u in jumps if one * other]
        for a, b in spins:
            terms += [Term(B + S, a, F, a), Term(B + S, b, F, b)]
            terms += [Term(-B, a, F, b), Term(-B, b, F, a)]
    if law.mixing is not None and m is not None and not all(magnets):
        k, mixing = magnets.index(True), complex(np.asarray(law.mixing))
        normal, magnet = sides[1 - k], places.names.index(contact.names[k])
        for row, turned in zip(across(normal, m), _turning(normal, m), strict=True):
            terms.append(Term(2 * mixing.real, row, F, row, magnet))
            if mixing.imag:
                terms.append(Term(2 * mixing.imag, row, F, turned, magnet))
    return terms
