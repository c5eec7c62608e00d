r"""Dual fields of a device's results, and what a change of the device does to these.

With the sum of all terms of the weak form a(u, v), of potentials u and tests v, and that of all
currents L(v), a result is

.. math::

    F = \sum_e w_e V_e(u) - a(u, \phi) + L(\phi) ,

with a field phi that jumps where F is a residual: where the magnetization of a torque takes up
spins, or at an electrode whose potential is given and whose current is asked for. But for its jump
phi is a solution of the transposed system: F does not change when u moves admissibly; nor when phi
does, u being in balance. So of all that a number of the device changes there count coefficients of
terms, the rows that read nu along m and across it, the jump, and what admissible means: nu on the
line of m, and in front of a ferromagnetic lead one ``mu_0 + beta_D nu``; of tests ``v_0 + p w``.

The power at given currents has w_e = I_e, and u is its own dual field where nothing precesses and
beta_D is p. dr is the power with spins less that with mu_s = 0 all over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray, IntArray
from ..physics.contact import contact_absorption, contact_slopes
from .assembly import (
    NO_ONE,
    Inflow,
    Row,
    System,
    Tap,
    Term,
    brought,
    current_into,
    entering,
    inflows_of,
    tap_of,
)
from .device import Device
from .regions import Classes, Crossing, crossings_of, is_ferromagnetic

AXES = np.eye(3)


class Values(NamedTuple):
    """mu_0 and nu of k fields at all places, V; or forces on these, A."""

    potential: FloatArray  # (n, k)
    nu: FloatArray  # (n, 3, k)

    @classmethod
    def zeros(cls, places: int, count: int) -> Values:
        """Return fields that vanish."""
        return cls(np.zeros((places, count)), np.zeros((places, 3, count)))

    def at(self, row: Row) -> FloatArray:
        """Return a scalar at its places, (m, k)."""
        if row.weights is None:
            return self.potential[row.places]
        found: FloatArray = np.einsum("in,nik->nk", row.weights, self.nu[row.places])
        return found

    def push(self, row: Row, forces: FloatArray) -> None:
        """Add forces (m, k) on a scalar."""
        if row.weights is None:
            self.potential[row.places] += forces
        else:
            self.nu[row.places] += row.weights.T[:, :, None] * forces[:, None, :]

    def plus(self, other: Values) -> Values:
        """Return the sum."""
        return Values(self.potential + other.potential, self.nu + other.nu)

    def work(self, forces: Values) -> FloatArray:
        """Return the products with forces, (k,)."""
        on_nu = (self.nu * forces.nu).sum(axis=(0, 1))
        return np.asarray((self.potential * forces.potential).sum(axis=0) + on_nu)


class Turn(NamedTuple):
    """A magnetization that turns."""

    magnet: int  # number of the region or electrode
    way: FloatArray  # (3,) dm, across m


class Polarized(NamedTuple):
    """What polarizes at a ferromagnetic lead, (3,) each."""

    beta_D: FloatArray  # ``beta_D m``: mu_0 + beta_D nu is one
    p: FloatArray  # ``p m``: of the charge that it takes p are spins


class Change(NamedTuple):
    """What a number changes, per unit."""

    terms: Iterable[Term] = ()
    turn: Turn | None = None
    leads: Mapping[str, Polarized] = {}
    given: Values | None = None  # mu_0 and nu that electrodes give
    currents: Mapping[str, float] = {}  # given ones, A
    inflows: Sequence[Inflow] = ()


class Jump(NamedTuple):
    """By what dual fields are not admissible."""

    values: Values
    magnet: int = NO_ONE  # of a torque, to whose components the fields are dual
    counts: FloatArray | None = None  # (n,) `Functions.one` at places that count for it, else 0
    face: int | None = None  # to what these belong, if not all count

    def test(self, phi: Values, term: Term) -> FloatArray:
        """Return what a term tests with, (m, k): what takes up spins sees nu less by 1."""
        found = phi.at(term.test)
        if term.absorber == self.magnet and self.counts is not None:
            weights: Any = term.test.weights
            found = found - self.counts[term.test.places][:, None] * weights.T
        return found


def bound_to(classes: Classes, magnet: int) -> IntArray:
    """Return the places whose nu is on the line of a magnet."""
    here = classes.of_place
    return np.flatnonzero((classes.absorber[here] == magnet) & (classes.crossing[here] < 0))


def lifted(system: System, magnet: int, face: int | None = None) -> FloatArray:
    """Return by what nu of fields that are dual to what a magnet absorbs jumps, of a jump of 1.

    Parameters
    ----------
    system : System
        The weak form.
    magnet, face : int
        Numbers of the region or electrode, and of that where the spins are from; default: any.

    Returns
    -------
    array, shape (n, 3, 3)
        Components of nu, at all places, of the fields for all components of what is absorbed.
    """
    places, classes = system.places, system.classes
    found, own = np.zeros((len(places.dofs), 3, 3)), bound_to(classes, magnet)
    if face is not None:
        own = own[places.owner[own] == face]
    m = classes.line[classes.of_place[own]]
    found[own] = AXES - m[:, :, None] * m[:, None, :]
    for k, crossing in _crossings(system, magnet, face):  # what flows along either m counts
        for sign, at, of_class, flows in zip(
            (1, -1), crossing.places, crossing.classes, AXES[:2, :2, None], strict=True
        ):
            share = contact_absorption(*crossing.ways, *flows)[k][of_class]
            found[at] += sign * places.m[at][:, :, None] * share[:, None, :]
    return found


def _crossings(system: System, magnet: int, face: int | None) -> Iterator[tuple[int, Crossing]]:
    """Yield where a magnet crosses others, and which of both it is there."""
    for crossing in crossings_of(system.places, system.classes):
        if magnet in crossing.magnets:
            k = crossing.magnets.index(magnet)
            if face in (None, crossing.magnets[1 - k]):
                yield k, crossing


@dataclass(frozen=True, eq=False)
class Potentials:
    """The potentials of a solved device, and other fields in it.

    Attributes
    ----------
    device : Device
        What was solved.
    system : System
        Its weak form.
    unknowns : array (N,)
        Its solution, V.
    """

    device: Device
    system: System
    unknowns: FloatArray

    @cached_property
    def u(self) -> Values:
        """The potentials."""
        own = self.system.unknowns
        given = Values(own.given[:, None], own.held[:, :, None])
        return self.of(self.unknowns[:, None]).plus(given)

    @cached_property
    def taps(self) -> dict[str, Tap]:
        """How potentials of electrodes are read."""
        parts, places = self.system.parts, self.system.places
        return {x: tap_of(self.device, parts, places, x) for x in self.device.electrodes}

    @cached_property
    def inlets(self) -> dict[str, Tap]:
        """What currents at electrodes drive."""
        parts, places = self.system.parts, self.system.places
        return {x: tap_of(self.device, parts, places, x, "p") for x in self.device.electrodes}

    @cached_property
    def inflows(self) -> list[Inflow]:
        """What spin sources drive."""
        return inflows_of(self.device, self.system.parts, self.system.places)

    @cached_property
    def currents(self) -> dict[str, float]:
        """Given ones, A."""
        parts, places = self.system.parts, self.system.places
        return {x: current_into(self.device, parts, places, x) for x in self.device.electrodes}

    @cached_property
    def tied(self) -> dict[str, IntArray]:
        """Places where ``mu_0 + p nu`` is one, by ferromagnetic leads behind them."""
        return {
            name: self.beside(name)
            for name, electrode in self.device.electrodes.items()
            if electrode.j0 is None and is_ferromagnetic(electrode.end)
        }

    def per_given(self, electrode: str) -> float:
        """Return the current of a unit of what is given, 1 or an area; 0 of a potential."""
        given = self.device.electrodes[electrode]
        if given.j0 is None:
            return 0.0 if given.current is None else 1.0
        one = self.system.functions.one[self.system.places.dofs[self.taps[electrode].places]]
        return float(self.system.parts.areas(electrode) @ one)

    def beside(self, electrode: str) -> IntArray:
        """Return the places that have the potential of an electrode."""
        k = [*self.device.electrodes].index(electrode)
        return np.flatnonzero(self.system.unknowns.electrode[self.system.classes.of_place] == k)

    def of(self, unknowns: FloatArray, *, tested: bool = False) -> Values:
        """Return the potentials of unknowns (N, k), without given ones; or the dual fields."""
        own, count = self.system.unknowns, unknowns.shape[1]
        potential = own.tested if tested else own.potential
        return Values(potential @ unknowns, (own.spin @ unknowns).reshape(-1, 3, count))

    def on_unknowns(self, forces: Values) -> FloatArray:
        """Return forces on potentials as such on unknowns, (N, k)."""
        own, count = self.system.unknowns, forces.potential.shape[1]
        of_spins = own.spin.T @ forces.nu.reshape(-1, count)
        return np.asarray(own.potential.T @ forces.potential + of_spins)

    def forces(self, u: Values) -> Values:
        """Return the forces of potentials on tests."""
        total = Values.zeros(*u.potential.shape)
        for term in self.system.terms:
            total.push(term.test, term.coefficient * (term.matrix @ u.at(term.of)))
        return total

    def reaction(self, phi: Values, jump: Jump) -> Values:
        """Return the forces of dual fields on potentials."""
        total = Values.zeros(*phi.potential.shape)
        for term in self.system.terms:
            test = jump.test(phi, term)
            if test.any():
                total.push(term.of, term.coefficient * (term.matrix.T @ test))
        return total

    def moved(self, u: Values, change: Change) -> Values:
        """Return what potentials change by."""
        along = {name: polarized.beta_D for name, polarized in change.leads.items()}
        return self._moved(u, change.turn, self.taps, along, change.given)

    def moved_tests(self, phi: Values, change: Change) -> Values:
        """Return what admissible dual fields change by."""
        along = {name: polarized.p for name, polarized in change.leads.items()}
        return self._moved(phi, change.turn, self.inlets, along, None)

    def _moved(
        self,
        values: Values,
        turn: Turn | None,
        taps: Mapping[str, Tap],
        along: Mapping[str, FloatArray],
        given: Values | None,
    ) -> Values:
        total = Values.zeros(*values.potential.shape)
        if given is not None:
            total = total.plus(given)
        if turn is not None:
            total = total.plus(self._turned(values, turn))
        for name, places in self.tied.items():
            less = np.einsum("i,nik->nk", taps[name].along[0], total.nu[places])
            if name in along:
                less += np.einsum("i,nik->nk", along[name], values.nu[places])
            total.potential[places] -= less
        return total

    def _turned(self, values: Values, turn: Turn) -> Values:
        """Return what nu changes by on the line of a magnet, and behind mixing conductances alone.

        There it has along m what its class has along it, and nothing along m of what is across.
        """
        classes = self.system.classes
        apart, is_whole = classes.apart, classes.across == classes.of_place
        total = Values.zeros(*values.potential.shape)
        own = bound_to(classes, turn.magnet)
        own = own[is_whole[own]]
        size = np.einsum("ni,nik->nk", classes.line[classes.of_place[own]], values.nu[own])
        total.nu[own] = turn.way[:, None] * size[:, None, :]
        beside = np.zeros(len(classes.rank), dtype=np.intp)
        beside[classes.of_place[is_whole]] = np.flatnonzero(is_whole)
        near, across = beside[classes.of_place[apart]], classes.across[apart]
        size = np.einsum("ni,nik->nk", classes.line[across], total.nu[near])
        turns = classes.absorber[across] == turn.magnet
        less = values.nu[near] - values.nu[apart]
        size[turns] += np.einsum("i,nik->nk", turn.way, less[turns])
        total.nu[apart] = classes.line[across][:, :, None] * size[:, None, :]
        return total

    def tie(self, name: str, along: FloatArray, nu: FloatArray) -> Values:
        """Return what jumps of nu (n, 3, k) at a ferromagnetic lead are in mu_0, of ``p m``."""
        here, lead, places = self.system.classes.of_place, self.taps[name].places, self.tied[name]
        total = np.zeros((len(self.system.classes.rank), nu.shape[2]))
        np.add.at(total, here[lead], np.einsum("i,nik->nk", along, nu[lead]))
        found = Values.zeros(len(here), nu.shape[2])
        found.potential[places] = -total[here[places]]
        return found

    # --- jumps ----------------------------------------------------------------------------------

    @property
    def no_jump(self) -> Jump:
        """That of an admissible field."""
        return Jump(Values.zeros(len(self.system.places.dofs), 1))

    def current_jump(self, electrode: str) -> Jump:
        """Return by what the field dual to a current jumps, where the potential is given."""
        jump, own = self.no_jump, self.beside(electrode)
        jump.values.potential[own] = -self.system.functions.one[self.system.places.dofs[own], None]
        return jump

    def torque_jump(self, magnet: int, face: int | None) -> Jump:
        """Return by what the fields dual to a torque over hbar/2|e| jump."""
        places = self.system.places
        one = self.system.functions.one[places.dofs]
        counts = one if face is None else np.where(places.owner == face, one, 0.0)
        values = Values.zeros(len(one), 3)
        values.nu[:] = one[:, None, None] * lifted(self.system, magnet, face)
        for name in self.tied:
            values = values.plus(self.tie(name, self.inlets[name].along[0], values.nu))
        return Jump(values, magnet, counts, face)

    def moved_jump(self, jump: Jump, change: Change) -> Values:
        """Return what a jump changes by, but for `turned_contacts`."""
        total = Values.zeros(*jump.values.potential.shape)
        if change.turn is not None and change.turn.magnet == jump.magnet:
            own, way = bound_to(self.system.classes, jump.magnet), change.turn.way
            counts: Any = jump.counts
            m = self.system.classes.line[self.system.classes.of_place[own]]
            both = m[:, :, None] * way + way[:, None] * m[:, None, :]
            total.nu[own] = -counts[own, None, None] * both
        for name in self.tied:
            total = total.plus(self.tie(name, self.inlets[name].along[0], total.nu))
            if name in change.leads:
                total = total.plus(self.tie(name, change.leads[name].p, jump.values.nu))
        return total

    def turned_contacts(self, jump: Jump, turn: Turn, forces: Values) -> FloatArray:
        """Return what a torque changes by as magnets cross in another angle, with these forces."""
        found = np.zeros(jump.values.potential.shape[1])
        here, spin = self.system.classes.of_place, forces.nu[:, :, 0].copy()
        charge = np.bincount(here, forces.potential[:, 0])
        for tap in self.inlets.values():  # of the charge that a lead takes p are spins
            spin[tap.places] -= brought(tap, here, charge)
        for k, crossing in _crossings(self.system, jump.magnet, jump.face):
            if turn.magnet not in crossing.magnets:
                continue
            flows = [
                x[:, None] * m for x, m in zip(crossing.flows(spin), crossing.ways, strict=True)
            ]
            ways = crossing.ways[k], crossing.ways[1 - k]
            one = (-1, 1)[k] * self.system.functions.one[crossing.dofs]
            for i in range(len(found)):
                slopes = contact_slopes(*ways, i, flows[k], flows[1 - k])
                by_m = slopes[0 if turn.magnet == jump.magnet else 1]
                found[i] += one @ (by_m @ turn.way)
        return found


@dataclass(frozen=True, eq=False)
class Dual:
    """Potentials, and fields dual to some results of these.

    Attributes
    ----------
    potentials : Potentials
        Of the device.
    u : Values
        Potentials, one field.
    free : Values
        Dual fields less their jump, k of them.
    jump : Jump
        That.
    weights, currents : dict of float
        w_e, and the currents of L, by electrodes.
    is_power : bool
        Whether w_e are given currents.
    """

    potentials: Potentials
    u: Values
    free: Values
    jump: Jump
    weights: Mapping[str, float]
    currents: Mapping[str, float]
    is_power: bool = False

    @cached_property
    def phi(self) -> Values:
        """The dual fields."""
        return self.free.plus(self.jump.values)

    @cached_property
    def forces(self) -> Values:
        """Those of u on tests."""
        return self.potentials.forces(self.u)

    @cached_property
    def reaction(self) -> Values:
        """Those of the dual fields on potentials."""
        return self.potentials.reaction(self.phi, self.jump)

    def slope(self, change: Change) -> FloatArray:
        """Return the derivatives of the results with respect to a number, (k,)."""
        found = np.zeros(self.phi.potential.shape[1])
        for term in change.terms:
            flow = term.coefficient * (term.matrix @ self.u.at(term.of))
            found -= self.jump.test(self.phi, term).T @ flow[:, 0]
        for name, current in change.currents.items():
            if name in self.currents:
                found += current * self.potentials.inlets[name].potential(*self.phi)
            if self.is_power:
                found += current * self.potentials.taps[name].potential(*self.u)
        for inflow in change.inflows:
            found += self._driven(inflow, self.phi)
            if inflow.magnet == self.jump.magnet != NO_ONE:
                counts: Any = self.jump.counts
                found += counts[inflow.places] @ inflow.taken
        if change.turn is not None or change.leads or change.given is not None:
            found += self._as_they_move(change)
        return found

    def _driven(self, inflow: Inflow, phi: Values) -> FloatArray:
        return np.asarray(np.einsum("ni,nik->k", inflow.current, phi.nu[inflow.places]))

    def _as_they_move(self, change: Change) -> FloatArray:
        """Return what results change by as admissible fields, and jumps, change."""
        own = self.potentials
        u, phi = own.moved(self.u, change), own.moved_tests(self.free, change)
        phi = phi.plus(own.moved_jump(self.jump, change))
        found = -u.work(self.reaction) - phi.work(self.forces)
        if change.turn is not None:
            found += own.turned_contacts(self.jump, change.turn, self.forces)
        if self.currents:
            found += sum(self._driven(inflow, phi) for inflow in own.inflows)
        for name in own.taps:
            tap, inlet = own.taps[name], own.inlets[name]
            weight, current = self.weights.get(name, 0.0), self.currents.get(name, 0.0)
            found += weight * tap.potential(*u) + current * inlet.potential(*phi)
            if name in change.leads:
                of_u, of_phi = (
                    one._replace(along=np.broadcast_to(way, one.along.shape))
                    for one, way in zip((tap, inlet), change.leads[name], strict=True)
                )
                found += weight * of_u.of_spins(self.u.nu) + current * of_phi.of_spins(self.phi.nu)
        return found


class Adjoint(NamedTuple):
    """What finds dual fields of a solution."""

    potentials: Potentials
    solve: Callable[[FloatArray], FloatArray]  # the transposed system, of loads (N, k)
    by_spins: Callable[[], FloatArray]  # what the unknowns are more than without spins, (N,)
    dual_by_spins: Callable[[FloatArray], FloatArray]  # likewise of dual ones, (N,)
    is_self_dual: bool  # whether u is dual to the power

    def dual(self, weights: Mapping[str, float], jump: Jump) -> Dual:
        """Return fields dual to ``sum w_e V_e``, and to what they jump for."""
        own = self.potentials
        free = own.of(self._unknowns(weights, jump), tested=True)
        return Dual(own, own.u, free, jump, weights, own.currents)

    def _unknowns(self, weights: Mapping[str, float], jump: Jump) -> FloatArray:
        own = self.potentials
        load = -own.on_unknowns(own.reaction(jump.values, jump))
        for name, weight in weights.items():
            load += weight * entering(own.taps[name], own.system.unknowns)[:, None]
        return self.solve(load)

    def of_torque(self, names: tuple[str, ...]) -> Dual:
        """Return the fields dual to what a magnet takes up."""
        magnet, *face = (self.potentials.system.places.names.index(name) for name in names)
        return self.dual({}, self.potentials.torque_jump(magnet, face[0] if face else None))

    def of_potentials(self, weights: Mapping[str, float]) -> Dual:
        """Return the field dual to a sum of potentials."""
        return self.dual(weights, self.potentials.no_jump)

    def of_current(self, electrode: str) -> list[Dual]:
        """Return the field dual to a current, if it is not given."""
        if self.potentials.device.electrodes[electrode].potential is None:
            return []
        return [self.dual({}, self.potentials.current_jump(electrode))]

    def of_power(self) -> list[Dual]:
        """Return fields dual to what the power has more than without spins, whose sum counts.

        ``a(u, phi) - a(u', phi') = a(u - u', phi) + a(u', phi - phi')`` of u' and phi' without
        spins: nothing large is subtracted.
        """
        own, currents = self.potentials, self.potentials.currents
        x, more_x = own.unknowns, self.by_spins()
        y, more_y = x, more_x
        if not self.is_self_dual:
            y = self._unknowns(currents, own.no_jump)[:, 0]
            more_y = self.dual_by_spins(y)
        more_u, u = (own.of(v[:, None]) for v in (more_x, x - more_x))
        phi, more_phi = (own.of(v[:, None], tested=True) for v in (y, more_y))
        return [
            Dual(own, more_u, phi, own.no_jump, currents, {}, is_power=True),
            Dual(own, u, more_phi, own.no_jump, {}, currents),
        ]
