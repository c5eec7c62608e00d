"""Derivatives of a device's results with respect to all its numbers, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from .._checks import FloatArray, IntArray, Number
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..physics.directions import Angle, angle
from ..results.gradient import ANGLES, Gradient, Place, hint_of, places_at, places_in, ways_of
from ..sample.materials import Metal
from ..sample.pieces import Lead, Reservoir, SpinSource, drive_of
from ..texts.numbers import Unit
from .assembly import (
    Inflow,
    Term,
    conductance_slopes,
    inflows_of,
    leaving,
    of_contact,
    of_region,
    taken_at,
    through,
)
from .bodies import LeadConductances, body_slopes, graded_slope, lead_slopes, local, rates_of
from .device import Device
from .duals import AXES, Adjoint, Change, Dual, Polarized, Potentials, Turn, Values
from .regions import Contact, Places, is_magnet, is_strong

OUTPUTS = {
    "torque": (1, 2),
    "resistance": (2,),
    "spin_resistance": (0,),
    "potential": (1,),
    "current": (1,),
}
"""What has a gradient, and how many names it takes."""


class Numbers:
    """All numbers of a device, and what they change.

    Attributes
    ----------
    places : dict of Place
        By name; `k` is the number of the region or electrode, or of the contact.
    alike : dict of list
        Owners of numbers that are found by another name: that of a metal, of several interfaces,
        or of the neighbours of an interface in the other order.
    """

    def __init__(self, potentials: Potentials) -> None:
        self._potentials = potentials
        self._device, self._system = potentials.device, potentials.system
        self.places: dict[str, Place] = {}
        self.alike: dict[str, list[str]] = {}
        self._changes: dict[str, Callable[[Place], Change]] = {}
        self._unit_matrices: dict[str, tuple[Any, Any]] = {}
        first = len(self._device.regions)
        for k, (name, region) in enumerate(self._device.regions.items()):
            self._put_metal(k, name, region.metal, region.m, self._in_region)
        for k, (name, electrode) in enumerate(self._device.electrodes.items(), first):
            end = electrode.end
            if isinstance(end, Lead):
                self._put_metal(k, name, end.material, end.m, self._in_lead)
            for key in ("current", "potential", "j0"):
                if (value := getattr(electrode, key)) is not None:
                    self._put(name, Place(k, key, value), self._at_electrode)
            if (drive := drive_of(end)) is not None:
                kind = "spin_potential" if isinstance(end, Reservoir) else "spin_current"
                for component, value in zip("xyz", drive, strict=True):
                    self._put(name, Place(k, f"{kind}_{component}", value), self._of_drive)
        for k, contact in enumerate(self._system.contacts):
            (one, other), law = contact.names, contact.law
            magnets = [is_magnet(self._device, name) for name in contact.names]
            between = self._between(contact)
            is_parallel = bool((between.collinear & (between.sign > 0)).all())
            for place in places_at(law, k, any(magnets) and (is_parallel or not all(magnets))):
                if np.any(law.resistance) or place.quantity in ("G_r", "G_i"):
                    self._put(f"{one}|{other}", place, self._at_interface)
            self.alike[f"{other}|{one}"] = [f"{one}|{other}"]
            if law.name:
                self.alike.setdefault(law.name, []).append(f"{one}|{other}")

    def _put_metal(
        self, k: int, name: str, metal: Metal, m: Any, change: Callable[[Place], Change]
    ) -> None:
        for place in places_in(k, metal, None if callable(m) else m):
            if place.quantity in ANGLES:
                self._put(name, place, self._turning)
            elif place.quantity != "tau":
                self._put(name, place, change)
        if metal.name:
            self.alike.setdefault(metal.name, []).append(name)

    def _put(self, owner: str, place: Place, change: Callable[[Place], Change]) -> None:
        name = f"{owner}.{place.quantity}"
        self.places[name], self._changes[name] = place, change

    def change(self, name: str) -> Change:
        """Return what a number changes."""
        return self._changes[name](self.places[name])

    # --- of metals and interfaces ---------------------------------------------------------------

    def _in_region(self, place: Place) -> Change:
        name, own = self._system.places.names[place.k], self._system
        region, cells = self._device.regions[name], self._device.grid.regions[name]
        if region.metal.is_graded:
            dofs = own.parts.dofs[name]
            body = graded_slope(region, place.quantity, own.functions, cells, dofs)
        else:
            body = body_slopes(region)[place.quantity]
        parts = own.parts._replace(bodies={name: body})
        terms = of_region(self._device, parts, own.places, name)
        if not region.metal.is_graded:
            terms = [
                term._replace(coefficient=factor, matrix=matrix)
                for term in terms
                for factor, matrix in zip(term.matrix, self._matrices(name), strict=True)
                if factor
            ]
        return Change(terms)

    def _matrices(self, name: str) -> tuple[Any, Any]:
        """Return ``int grad u.grad v`` and ``int u v`` of the functions of a region."""
        if name not in self._unit_matrices:  # numbers of a region come one after the other
            mass = self._system.functions.mass(self._device.grid.regions[name])
            charge, *_ = rates_of(self._device.regions[name])
            body, dofs = self._system.parts.bodies[name], self._system.parts.dofs[name]
            self._unit_matrices = {name: (body.charge / charge.coefficient, local(mass, dofs))}
        return self._unit_matrices[name]

    def _in_lead(self, place: Place) -> Change:
        name, leads = self._system.places.names[place.k], {}
        end: Any = self._device.electrodes[name].end
        if place.quantity in ("p", "beta_D"):
            m, by_p = self._m(name), float(place.quantity == "p")
            by_beta_D = float(place.quantity == "beta_D" or end.material.beta_D is None)
            leads[name] = Polarized(by_beta_D * m, by_p * m)
        slope = lead_slopes(end).get(place.quantity, LeadConductances(0.0))
        contacts = (contact for contact in self._system.contacts if contact.names[1] == name)
        terms = [term for x in contacts for term in leaving(self._system.places, x, slope)]
        return Change(terms, leads=leads)

    def _at_interface(self, place: Place) -> Change:
        device, places = self._device, self._system.places
        contact = self._system.contacts[place.k]
        if place.quantity in ("G_r", "G_i"):
            unit = 1.0 if place.quantity == "G_r" else 1j
            return Change(taken_at(device, places, contact, unit))
        slopes = conductance_slopes(contact.law)[place.quantity]
        return Change([x for one in slopes for x in through(device, places, contact, one)])

    # --- of magnetizations and electrodes -------------------------------------------------------

    def _turning(self, place: Place) -> Change:
        name = self._system.places.names[place.k]
        way = ways_of(self._m(name))[ANGLES.index(place.quantity)]
        leads = {}
        if name in self._device.electrodes:
            metal = self._metal(name)
            leads[name] = Polarized(metal.diffusion_polarization * way, metal.p * way)
        places = self._around(place.k, way)
        inflows = (inflows_of(self._device, self._system.parts, x) for x in places[1:])
        slopes = [_half(*pair) for pair in zip(*inflows, strict=True)]
        terms = self._turned(place.k, places)
        return Change(terms, Turn(place.k, way), leads, inflows=slopes)

    def _around(self, magnet: int, way: FloatArray) -> list[Places]:
        """Return places as they are, and with m of a magnet moved ahead and back.

        Rows, and what sources drive, are at most quadratic in m, so their differences are exact.
        """
        places = self._system.places
        step = np.where(places.owner == magnet, 1.0, 0.0)[:, None] * way
        return [places._replace(m=places.m + sign * step) for sign in (0, 1, -1)]

    def _m(self, name: str) -> FloatArray:
        m: FloatArray = self._system.places.m[self._system.places.of(name)[0]]
        return m

    def _metal(self, name: str) -> Any:
        return self._device.electrodes[name].end.material  # type: ignore[union-attr]

    def _turned(self, magnet: int, ways: list[Places]) -> list[Term]:
        """Return what terms change by."""
        found = []
        for term, *both in zip(*(self._terms_of(magnet, x) for x in ways), strict=True):
            for side in ("test", "of"):
                ahead, behind = (getattr(x, side) for x in both)
                if ahead.weights is not None and (ahead.weights != behind.weights).any():
                    slope = ahead._replace(weights=(ahead.weights - behind.weights) / 2)
                    found.append(term._replace(**{side: slope}))
        return found

    def _terms_of(self, magnet: int, places: Places) -> list[Term]:
        """Return the terms that the m of a magnet is in."""
        name, device, parts = places.names[magnet], self._device, self._system.parts
        own = of_region(device, parts, places, name) if name in device.regions else []
        contacts = (contact for contact in parts.contacts if name in contact.names)
        return own + [term for contact in contacts for term in of_contact(device, places, contact)]

    def opens(self, name: str) -> bool:
        """Tell whether a number turns one of two ferromagnets in contact that stay collinear.

        Strong ones, or with an asymmetric interface between them, or behind a mixing conductance
        alone.
        """
        if self.places[name].quantity not in ANGLES:
            return False
        classes, owner = self._system.classes, self._system.places.owner
        apart = classes.apart[self._system.places.m[classes.apart].any(axis=1)]
        is_own = owner[apart] == self.places[name].k
        if np.isin(classes.across[apart[~is_own]], classes.across[apart[is_own]]).any():
            return True
        magnet = self._system.places.names[self.places[name].k]
        for contact in self._system.contacts:
            if magnet in contact.names and self._between(contact).collinear.any():
                are_strong = all(is_strong(self._device, x) for x in contact.names)
                are_magnets = all(is_magnet(self._device, x) for x in contact.names)
                if are_strong or (are_magnets and np.any(contact.law.gamma)):
                    return True
        return False

    def _between(self, contact: Contact) -> Angle:
        """Return the angle between both m of a contact."""
        one, other = (self._system.places.m[own] for own in self._system.places.sides(contact))
        return angle(one, other)

    def _at_electrode(self, place: Place) -> Change:
        name = self._system.places.names[place.k]
        if place.quantity == "potential":
            own = self._potentials.beside(name)
            given = self._none()
            given.potential[own] = self._one(own)[:, None]
            return Change(given=given)
        return Change(currents={name: self._potentials.per_given(name)})

    def _of_drive(self, place: Place) -> Change:
        """Return what a component of a given mu_s or spin current changes."""
        name, axis = self._system.places.names[place.k], AXES["xyz".index(place.quantity[-1])]
        if place.quantity.startswith("spin_current"):
            electrode = replace(self._device.electrodes[name], end=SpinSource(axis))
            alone = self._device.undriven
            device = replace(alone, electrodes={**alone.electrodes, name: electrode})
            return Change(inflows=inflows_of(device, self._system.parts, self._system.places))
        given, here = self._none(), self._system.classes.of_place
        own = np.flatnonzero(np.isin(here, here[self._system.places.of(name)]))
        given.nu[own] = self._one(own)[:, None, None] * axis[None, :, None] / 2
        return Change(given=given)

    def _none(self) -> Values:
        return Values.zeros(len(self._system.places.dofs), 1)

    def _one(self, places: IntArray) -> FloatArray:
        found: FloatArray = self._system.functions.one[self._system.places.dofs[places]]
        return found


def _half(ahead: Inflow, behind: Inflow) -> Inflow:
    """Return half the difference of what a source drives."""
    current, taken = ahead.current - behind.current, ahead.taken - behind.taken
    return ahead._replace(current=current / 2, taken=taken / 2)


class DeviceGradient(Gradient):
    """Derivatives of one result of a device."""

    kind = "device"

    def __init__(
        self,
        device: Device,
        output: str,
        value: Number,
        numbers: Numbers,
        slopes: Mapping[str, FloatArray],
    ) -> None:
        metals = [region.metal for region in device.regions.values()]
        units = "SI" if all(metal.units == "SI" for metal in metals) else None
        super().__init__(output, value, {x: numbers.places[x] for x in slopes}, units)
        self._grid, self._alike, self._slopes = device.grid, numbers.alike, slopes

    def _slope(self, name: str) -> FloatArray:
        return self._slopes[name]

    def _standing_for(self, name: str) -> list[str]:
        owner, _, quantity = name.rpartition(".")
        if quantity in ANGLES:
            return []
        names = (f"{one}.{quantity}" for one in self._alike.get(owner, ()))
        return [one for one in names if one in self._places]

    def _together(self) -> dict[str, tuple[str, ...]]:
        quantities = dict.fromkeys(place.quantity for place in self._places.values())
        names = (f"{owner}.{quantity}" for owner in self._alike for quantity in quantities)
        found = {x: tuple(self._standing_for(x)) for x in names if x not in self._places}
        return {name: several for name, several in found.items() if len(several) > 1}

    def _hint(self, name: str) -> str:
        return hint_of(name, self._places)

    def _unit(self, result: str) -> Unit:
        unit = {"torque": "J", "current": "A", "potential": "V"}.get(result, "Ohm")
        if result == "potential" or self._grid.has_volumes:
            return Unit(unit)
        size = "m" if self._grid.is_planar else "m2"
        return Unit(f"{unit} {size}" if unit == "Ohm" else f"{unit}/{size}")

    def _unit_of(self, quantity: str) -> Unit:
        return self._unit("current") if quantity == "current" else super()._unit_of(quantity)


def gradient_of(
    adjoint: Adjoint, output: str, names: tuple[str, ...], value: Any, current: float
) -> DeviceGradient:
    """Return the gradient of a result; see `DeviceSolution.gradient`.

    Parameters
    ----------
    adjoint : Adjoint
        Of the solution.
    output, names, value
        The result.
    current : float
        That of a resistance, A.
    """
    parts: list[tuple[float, Dual]]
    by_current: dict[str, float] = {}  # what does not act by fields
    if output == "torque":
        parts = [(TORQUE_PER_SPIN_CURRENT, adjoint.of_torque(names))]
    elif output == "potential":
        parts = [(1.0, adjoint.of_potentials({names[0]: 1.0}))]
    elif output == "current":
        parts = [(1.0, dual) for dual in adjoint.of_current(names[0])]
        by_current[names[0]] = 1.0
    elif output == "resistance":
        weights = dict.fromkeys(names, 0.0)
        for name, sign in zip(names, (1.0, -1.0), strict=True):
            weights[name] += sign
        parts = [(1 / current, adjoint.of_potentials(weights))]
        parts += [(-value / current, dual) for dual in adjoint.of_current(names[0])]
        by_current[names[0]] = -value / current
    else:
        parts = [(1 / current**2, dual) for dual in adjoint.of_power()]
        by_current = {
            name: -2 * value / current * sign
            for name, sign in sides_of(adjoint.potentials.currents).items()
        }
    numbers, slopes = Numbers(adjoint.potentials), {}
    for name, place in numbers.places.items():
        if not _has_part(place.quantity, output):
            continue
        change = numbers.change(name)
        total = sum((scale * dual.slope(change) for scale, dual in parts), np.zeros(1))
        total = total + sum(by_current.get(x, 0.0) * y for x, y in change.currents.items())
        if numbers.opens(name):
            total = np.full_like(total, np.nan)
        slopes[name] = total if output == "torque" else np.asarray(total[0])
    title = " and ".join(names) if output == "resistance" else " at ".join(names)
    title = " of ".join(filter(None, [output.replace("_", " "), title]))
    return DeviceGradient(adjoint.potentials.device, title, value, numbers, slopes)


def _has_part(quantity: str, output: str) -> bool:
    """Tell whether a number can have a part in a result: dr is of given currents.

    Resistances, too, are without spins that are driven at electrodes.
    """
    if output == "spin_resistance" and quantity == "potential":
        return False
    return not (output.endswith("resistance") and quantity.startswith("spin_"))


def sides_of(currents: Mapping[str, float]) -> dict[str, float]:
    """Return how the current through a device changes with those at electrodes.

    It is what enters or what leaves, whichever is more; nan where it has no derivative.
    """
    flows = np.array([*currents.values()])
    way = 1.0 if flows[flows > 0].sum() >= -flows[flows < 0].sum() else -1.0
    return {
        name: np.nan if flow == 0 else max(way * np.sign(flow), 0.0) * way
        for name, flow in currents.items()
    }
