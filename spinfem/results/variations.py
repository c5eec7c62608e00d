"""What the numbers of a stack do to ``a(mu, phi) - f(phi)``: its derivatives, both fields held.

From two-ports and values at faces: of layers and leads the energy of their conductances, of
interfaces their flows, of rods that turn the forces across. See `spinfem.results.sensitivity`.
At a frequency all of it is complex, both senses of turning about m have their own two-ports, and l
is ``l/sqrt(1 + i omega tau)`` until `follow_times` has the derivatives with l and tau.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray, Number
from ..fem import graded
from ..physics import bulk, exchange, interfaces
from ..physics.directions import angle, dot
from ..sample.materials import reduced
from ..solvers.condensed import Condensed
from ..solvers.elements import Elements, inwards, remembered
from ..solvers.ports import (
    ComplexArray,
    about_axis,
    across_conductance,
    exchange_rate,
    over_senses,
)
from ..solvers.transport import Field

ROUNDINGS = 16 * float(np.finfo(float).eps)
"""Of a difference, relative to what is subtracted."""
OF_ALL = 0
"""What `Derivatives` have with respect to the frequency stands with the first element."""


class Derivatives:
    """Derivatives of one number, per unit j0, with respect to all numbers of a stack.

    Of what a stack does not have they mean nothing.

    Attributes
    ----------
    elements : Elements
        The stack's numbers.
    thickness, D, l, p : array, shape (n + 2, N)
        By element.
    m : array, shape (n + 2, N, 3)
        By magnetization; to be taken across m. nan where a contact is collinear: it would open.
        In a group each is the share of an element in what turning all of them does.
    other : dict of array, shape (N,)
        By element and "beta_D", "lambda_J", "lambda_phi" or "tau"; by face and "resistance",
        "gamma", "delta", "G_r" or "G_i", or the components of what is given at an end, as
        `drive_names` has them; by `OF_ALL` and "frequency".
    """

    def __init__(self, e: Elements) -> None:
        self.elements = e
        self.thickness, self.D, self.l, self.p = np.zeros((4, e.magnetic.size, e.points), e.dtype)
        self.m = np.zeros((e.magnetic.size, e.points, 3), e.dtype)
        self._own = {*e.diffusion}
        places = [(k, "beta_D") for k in e.diffusion]
        places += [(face, name) for face in e.drives for name in drive_names(e, face)]
        self.other: dict[tuple[int, str], FloatArray] = {
            place: np.zeros(e.points, e.dtype) for place in places
        }

    def add(self, k: int, name: str, value: FloatArray) -> None:
        """Add to the derivative with respect to one number of element, or face, k."""
        if name in ("thickness", "D", "l", "p", "m"):
            getattr(self, name)[k] += value
        else:
            self.other[k, name] = self.other.get((k, name), 0.0) + value

    def add_polarizations(self, k: int, by_p: FloatArray, by_beta_D: FloatArray) -> None:
        """Add to the derivatives with p and with beta_D, which is p if k has none of its own."""
        self.add(k, "p", by_p)
        self.add(k, "beta_D" if k in self._own else "p", by_beta_D)

    def of(self, k: int, name: str) -> FloatArray:
        """Return the derivative with respect to one number of element, or face, k."""
        if name in ("thickness", "D", "l", "p", "m"):
            found: FloatArray = getattr(self, name)[k]
            return found
        return self.other[k, name]

    def __imul__(self, factor: float | FloatArray) -> Derivatives:
        for values in (self.thickness, self.D, self.l, self.p, *self.other.values()):
            values *= factor
        self.m *= np.asarray(factor)[..., None]
        return self

    def __iadd__(self, other: Derivatives) -> Derivatives:
        for name in ("thickness", "D", "l", "p", "m"):
            getattr(self, name)[...] += getattr(other, name)
        for place, value in other.other.items():
            self.add(*place, value)
        return self


def drive_names(e: Elements, face: int) -> tuple[str, str, str]:
    """Return what the components of what is given at an end are called."""
    kind = e.drive_kind(face)
    return f"{kind}_x", f"{kind}_y", f"{kind}_z"


Solved = Condensed
"""What has dual fields."""


class Pair(NamedTuple):
    """mu_s, and the field that is dual to a number.

    That of dr, minus `Condensed.reversed`, is driven, by beta_D in the place of p.
    """

    mu: Field
    phi: Field
    driven: bool  # whether f(mu) is part of the number
    j0: float = 1.0  # the current that drives mu_s; 0 of what the ends drive

    def rising(self, mu: FloatArray, phi: FloatArray) -> FloatArray:
        """Return the values whose rise, times p, f is: of phi, and of mu_s if it counts."""
        return self.j0 * (phi - mu if self.driven else phi)

    def at(self, k: int, side: int) -> tuple[FloatArray, FloatArray]:
        """Return mu_s and phi in element k at its left (0) or right (1) face."""
        mu, phi = self.mu.faces, self.phi.faces
        if side == 0:
            return mu.potential_right[k - 1], phi.potential_right[k - 1]
        return mu.potential_left[k], phi.potential_left[k]


def rate_changes(e: Elements, k: int, sense: int) -> dict[str, tuple[ComplexArray, ComplexArray]]:
    """Return the derivatives of 1/l_perp^2, and of what is taken up of it, for either sense."""
    p, beta_D, l = e.p[k], e.beta_D[k], e.l[k]
    none = np.zeros(1)
    by_p, by_beta_D = -beta_D / l**2, -p / l**2
    found: dict[str, tuple[ComplexArray, ComplexArray]] = {
        "p": (by_p, none),
        "l": (-2 * reduced(1.0, p, beta_D) / l**3, none),
    }
    if k in e.diffusion:
        found["beta_D"] = by_beta_D, none
    else:
        found["p"] = by_p + by_beta_D, none
    changes = exchange.taken_slopes(*(e.flat(length) for length in e.lengths[k]), sense=sense)
    for name, change, length in zip(("lambda_J", "lambda_phi"), changes, e.lengths[k], strict=True):
        if np.isfinite(length).all():
            found[name] = (change, change)
    return found


def freely(t: Solved, pair: Pair) -> Derivatives:
    """Return ``da(mu, phi) - df(phi)``, and ``+ df(mu)``, with respect to all numbers."""
    e, total = t.elements, Derivatives(t.elements)
    along = _along_layers(t, pair)
    _add_inside(total, t, pair, along)
    _add_leads(total, t, pair)
    for k in e.lengths:
        if 0 < k < e.magnetic.size - 1:
            _add_across(total, t, pair, along, k)
        else:
            _add_lead_across(total, t, pair, k)
    _add_rods(total, t, pair)
    return total


def inside(t: Solved, pair: Pair, faces: Collection[int] | None = None) -> Derivatives:
    """Return what layers along m, or normal ones, and interfaces, all or some, do to it."""
    total = Derivatives(t.elements)
    _add_inside(total, t, pair, _along_layers(t, pair), faces)
    return total


class _Along(NamedTuple):
    """mu_s and phi at both ends of all layers, and by what they fall between, (n, N, 3) each.

    Along m alone in layers with exchange lengths.
    """

    mu: tuple[FloatArray, FloatArray, FloatArray]  # falls, left, right
    phi: tuple[FloatArray, FloatArray, FloatArray]


def _along_layers(t: Solved, pair: Pair) -> _Along:
    """Return fields along layers."""
    p, beta_D = t.elements.p, t.elements.beta_D
    driven = -beta_D if pair.driven else np.zeros((len(p), 1))
    return _Along(_in_layers(t, pair.mu, pair.j0 * p), _in_layers(t, pair.phi, driven))


def _add_inside(
    total: Derivatives, t: Solved, pair: Pair, along: _Along, faces: Collection[int] | None = None
) -> None:
    """Add what `inside` says."""
    e = t.elements
    _add_layers(total, t, pair, along)
    for k in e.graded:
        _add_graded(total, t, pair, k)
    for face, joint in enumerate(e.joints):
        if joint is not None and (faces is None or face in faces):
            _add_joint(total, t, pair, face)


def _add_layers(total: Derivatives, t: Solved, pair: Pair, along: _Along) -> None:
    """Add what uniform layers do, apart from what exchange lengths do across m."""
    e, inner = t.elements, slice(1, -1)
    ports, slopes = t.bulk.two_ports
    (mu_falls, mu_left, mu_right), (phi_falls, phi_left, phi_right) = along

    def energy(B: FloatArray, S_left: FloatArray, S_right: FloatArray) -> FloatArray:
        shunts: FloatArray = S_left * dot(phi_left, mu_left) + S_right * dot(phi_right, mu_right)
        return B * dot(phi_falls, mu_falls) + shunts

    whole, change = energy(*ports), energy(*slopes)
    rising = -pair.rising(mu_falls, phi_falls)
    for k in e.diffusion if pair.driven else ():
        if 0 < k <= len(whole) and k not in e.graded:
            rising[k - 1] = -pair.j0 * phi_falls[k - 1]
            total.add(k, "beta_D", -pair.j0 * dot(mu_falls[k - 1], e.m[k]))
    uniform = np.ones((len(whole), 1))
    uniform[[k - 1 for k in e.graded]] = 0.0
    total.D[inner] += uniform * whole / e.D[inner]
    total.thickness[inner] += uniform * (2 * change - whole) / e.thickness
    total.l[inner] -= uniform * 2 * change / e.l[inner]
    total.p[inner] -= uniform * dot(rising, e.m[inner])


def _in_layers(
    t: Solved, field: Field, drives: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return by what a field falls in all layers, and what it is at their left and right.

    `drives` is p j0 of all elements. It falls by the difference, or by ``(j_s - p j0 m - S u)/B``,
    which in a thin layer has lost less digits.
    """
    e, faces = t.elements, field.faces
    ends = [faces.potential_right[:-1], faces.potential_left[1:], faces.current_right[:-1]]
    for k in e.lengths:
        if 0 < k < e.magnetic.size - 1:
            ends = [_along(u, k, e) for u in ends]
    left, right, current = ends
    B, S, _ = (x[..., None] for x in t.bulk.two_ports[0])
    terms = current, -drives[1:-1, :, None] * e.m[1:-1], -S * left
    flow = terms[0] + terms[1] + terms[2]
    return _fall(B, left, right, flow, *terms), left, right


def _along(u: FloatArray, k: int, e: Elements) -> FloatArray:
    """Keep of the values in all layers what is along m in element k."""
    u = u.copy()
    u[k - 1] = _part(u[k - 1], e.m[k])
    return u


def _add_leads(total: Derivatives, t: Solved, pair: Pair) -> None:
    e = t.elements
    for k, side, way in ((0, 1, 1.0), (e.magnetic.size - 1, 0, -1.0)):
        if not e.D[k].any():
            continue
        mu, phi = pair.at(k, side)
        by_phi, by_mu = (-way * pair.j0 * dot(e.m[k], u) for u in (phi, -mu * pair.driven))
        if k in e.lengths:
            mu = _part(mu, e.m[k])
        energy = e.D[k] / (2 * e.l[k]) * dot(phi, mu)
        total.add(k, "D", energy / e.D[k])
        total.add(k, "l", -energy / e.l[k])
        total.add_polarizations(k, by_phi, by_mu)


def _add_lead_across(total: Derivatives, t: Solved, pair: Pair, k: int) -> None:
    """Add what a lead with exchange lengths does across m, and as m turns."""
    e = t.elements
    m, D = e.m[k], e.D[k]
    side, way = (1, 1.0) if k == 0 else (0, -1.0)
    mu, phi = pair.at(k, side)
    own_mu, own_phi = (field.across[k][side] for field in (pair.mu, pair.phi))

    def slow(sense: int) -> ComplexArray:
        found: ComplexArray = across_conductance(e, k) * np.sqrt(exchange_rate(e, k, sense))
        return found

    def changes(sense: int) -> dict[str, ComplexArray]:
        weight = slow(sense) * weight_of(m, own_phi, own_mu, sense)
        rate = exchange_rate(e, k, sense)
        by_rate = weight / np.where(rate != 0, 2 * rate, 1.0)  # without any, none changes it
        found = {name: by_rate * by for name, (by, _) in rate_changes(e, k, sense).items()}
        return {"whole": weight, **found}

    _add_conducting(total, e, k, over_senses(e, changes))
    values = (dot(phi, m), own_phi), (dot(mu, m), own_mu)
    turn = turned_apart(m, D / (2 * e.l[k]), *about_axis(e, slow), *values)
    total.add(k, "m", turn - way * _driving(e, k, pair, mu, phi))


def _add_conducting(
    total: Derivatives, e: Elements, k: int, changes: dict[str, ComplexArray]
) -> None:
    """Add changes by the numbers of a metal, and the "whole", which goes with D_tot, by its."""
    whole = changes.pop("whole")
    total.add(k, "D", whole / e.D[k])
    by_p, by_beta_D = bulk.total_slopes(e.p[k], e.beta_D[k])
    total.add_polarizations(k, whole * by_p, whole * by_beta_D)
    for name, change in changes.items():
        total.add(k, name, change)


def _add_across(total: Derivatives, t: Solved, pair: Pair, along: _Along, k: int) -> None:
    """Add what a layer with exchange lengths does across m, and as m turns."""
    e = t.elements
    m, d = e.m[k], e.thickness[k - 1]
    found_across = t.bulk.two_ports_across
    ports_across = [*zip(*about_axis(e, lambda sense: found_across[k, sense][0]), strict=True)]
    phi_falls, mu_falls = (
        _fall_across(m, ports_across, field.across[k], way)
        for field, way in ((pair.phi, -1.0), (pair.mu, 1.0))
    )
    phi, mu = pair.phi.across[k], pair.mu.across[k]
    off_axis = [(phi_falls, mu_falls), (phi[0], mu[0]), (phi[1], mu[1])]

    def changes(sense: int) -> dict[str, ComplexArray]:
        weights = np.array([weight_of(m, phi, mu, sense) for phi, mu in off_axis])
        ports, slopes = found_across[k, sense]
        whole = (ports * weights).sum(axis=0)
        by_rate = d**2 * (slopes * weights).sum(axis=0)
        found = {name: by_rate * by for name, (by, _) in rate_changes(e, k, sense).items()}
        found["thickness"] = (2 * exchange_rate(e, k, sense) * by_rate - whole) / d
        return {"whole": whole, **found}

    _add_conducting(total, e, k, over_senses(e, changes))
    (mu_left, phi_left), (mu_right, phi_right) = pair.at(k, 0), pair.at(k, 1)
    turn = -_driving(e, k, pair, mu_right - mu_left, phi_right - phi_left)
    own, _ = t.bulk.two_ports
    for own_along, both, on_phi, on_mu, (off_phi, off_mu) in zip(
        own, ports_across, along.phi, along.mu, off_axis, strict=True
    ):
        parts = (dot(on_phi[k - 1], m), off_phi), (dot(on_mu[k - 1], m), off_mu)
        turn = turn + turned_apart(m, own_along[k - 1], *both, *parts)
    total.add(k, "m", turn)


def _fall_across(m: FloatArray, ports: Any, values: FloatArray, way: float) -> FloatArray:
    """Return by what a field falls across m from the left to the right of a layer; as `_fall`.

    With two-ports as (across, turning), and `way` -1 where the field turns the other way round.
    """
    near, far, current = values
    (B, turning), (S, turning_S), _ = ([x[:, None] for x in both] for both in ports)
    shunt = S * near + way * turning_S * np.cross(m, near)
    flow = current - shunt
    size = np.abs(B) + np.abs(turning)
    unit = np.where(size > 0, size, 1.0)
    b, t = B / unit, way * turning / unit
    square = b**2 + t**2
    lets = np.abs(square) > 0.01  # else nothing that turns in one sense passes
    size, square = np.where(lets, size, 0.0), np.where(lets, square, 1.0)
    return _fall(size, near, far, (b * flow - t * np.cross(m, flow)) / square, current, -shunt)


def _driving(e: Elements, k: int, pair: Pair, mu: FloatArray, phi: FloatArray) -> FloatArray:
    """Return the derivative with respect to m of ``f(phi)``, and of ``- f(mu)``, by their rises."""
    found: FloatArray = e.p[k][:, None] * phi
    return pair.j0 * (found - e.beta_D[k][:, None] * mu if pair.driven else found)


def _add_graded(total: Derivatives, t: Solved, pair: Pair, k: int) -> None:
    """Add what a graded layer does."""
    e = t.elements
    d, m = e.thickness[k - 1], e.m[k]
    mu, phi = pair.mu.inner[k], pair.phi.inner[k]
    part, dual = t.bulk.graded[k], t.adjoint.bulk.graded[k]
    slopes, slopes_of_dual = (
        graded.slopes(one, other, d * e.absorbing(k)) for one, other in ((part, dual), (dual, part))
    )

    def energy(B: FloatArray, S_left: FloatArray, S_right: FloatArray) -> FloatArray:
        parts = B * dot(phi[:-1] - phi[1:], mu[:-1] - mu[1:])
        parts = parts + S_left * dot(phi[:-1], mu[:-1]) + S_right * dot(phi[1:], mu[1:])
        return np.asarray(parts.sum(axis=0))

    whole = energy(part.B, part.S_left, part.S_right)
    absorbing = energy(slopes.B, slopes.S_left, slopes.S_right)

    def driven(v: FloatArray, by: graded.GradedSlopes) -> FloatArray:
        left, right = by.source_left * dot(v[:-1], m), by.source_right * dot(v[1:], m)
        return pair.j0 * np.asarray((left - right).sum(axis=0))

    absorbing = absorbing + driven(phi, slopes)
    if pair.driven:  # a p that varies drives inner functions too, and they f(mu)
        absorbing = absorbing - driven(mu, slopes_of_dual) + slopes.work.sum(axis=0)
        whole = whole - part.work.sum(axis=0)
    # conduction goes with 1/d, absorption with d; what drives depends on their ratio
    total.add(k, "thickness", (2 * absorbing - whole) / d)
    total.add(k, "D", whole / e.D[k])
    total.add(k, "l", -2 * absorbing / e.l[k])
    by_mu = pair.j0 * dot(mu[-1] - mu[0], m) * pair.driven
    total.add_polarizations(k, -pair.j0 * dot(phi[-1] - phi[0], m), by_mu)


class _Law(NamedTuple):
    """What an interface is as a two-port, all (N or 1,)."""

    AR: FloatArray
    gamma: FloatArray
    loses: bool  # whether there is a delta
    B: FloatArray
    S: FloatArray
    by_delta: tuple[FloatArray, FloatArray]  # derivatives of B and S


@remembered
def _laws(e: Elements) -> dict[int, _Law]:
    """Return the interfaces of a stack by their faces; B and S mean nothing without an AR*."""
    found = {}
    for face, joint in e.resistive.items():
        AR, gamma, delta = (e.flat(x) for x in (joint.resistance, joint.gamma, joint.delta))
        numbers = np.where(AR > 0, AR, 1.0), delta
        B, S = interfaces.two_port(*numbers)
        by_delta = interfaces.two_port_slopes(*numbers)
        found[face] = _Law(AR, gamma, bool(delta.any()), B, S, by_delta)
    return found


def _add_joint(total: Derivatives, t: Solved, pair: Pair, face: int) -> None:
    """Add what an interface does."""
    e, law = t.elements, _laws(t.elements)[face]
    joint = e.resistive[face]
    magnets = [k for k in (face, face + 1) if e.magnetic[k]]
    m = e.m[magnets[0]] if magnets else np.zeros((1, 3))
    source, none = law.gamma[:, None] * m, np.zeros((1, 3))
    on_left = magnets == [face]  # in a strong ferromagnet there is nothing across m
    whole = not magnets or e.lets_across(magnets[0], face)  # whether what is across m passes
    currents = [
        (field.faces.current_left if on_left else field.faces.current_right)[face]
        for field in (pair.mu, pair.phi)
    ]
    rings = [u for side in (True, False) for u in _ring(pair, face, side)]
    if not whole:
        currents, rings = ([_part(u, m) for u in values] for values in (currents, rings))
    mu_left, phi_left, mu_right, phi_right = rings
    driven = -source if pair.driven else none
    _, drop = _through(law, currents[0], pair.j0 * source, on_left, mu_left, mu_right)
    back, fall = _through(law, currents[1], driven, on_left, phi_left, phi_right)
    if law.loses:
        shunted = dot(mu_left, phi_left) + dot(mu_right, phi_right)
        by_B, by_S = law.by_delta
        total.add(face, "resistance", -law.S / law.AR * shunted)
        total.add(face, "delta", by_B * law.AR**2 * dot(fall, drop) + by_S * shunted)
    total.add(face, "resistance", -dot(back, drop))
    falling = law.AR[:, None] * pair.rising(drop, fall)
    if magnets:
        total.add(face, "gamma", dot(m, falling))
    if magnets and whole:
        total.add(magnets[0], "m", law.gamma[:, None] * falling)
    if joint.mixing is not None:
        # what is across m, with its own digits: what is taken up, divided by the conductance
        mixing = e.flat(joint.mixing)[:, None]
        size, (taken, back) = np.abs(mixing), _taken(pair, face, on_left)
        way = mixing / size
        ring = (way.real * taken - way.imag * np.cross(m, taken)) / size
        dual = (way.real * back + way.imag * np.cross(m, back)) / size
        add_mixing(total, face, m, dual, ring)


def _through(
    law: _Law,
    current: FloatArray,
    source: FloatArray,
    on_left: bool,
    left: FloatArray,
    right: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return ``-B [mu_s]`` and ``-[mu_s]/AR*``, (N, 3) each.

    From the current at one side of an interface, less what drives it, or from mu_s at both,
    whichever has lost less digits.
    """
    AR, B, S = (x[:, None] for x in (law.AR, law.B, law.S))
    shunt = S * left if on_left else -S * right
    flow = current - source - shunt
    falls = np.where(AR > 0, _fall(B, left, right, flow, current, source, shunt), flow / B)
    return B * falls, falls / np.where(AR > 0, AR, 1.0)


def _fall(
    B: FloatArray, left: FloatArray, right: FloatArray, flow: FloatArray, *terms: FloatArray
) -> FloatArray:
    """Return ``left - right`` as a difference, or from ``flow = B (left - right)``.

    Whichever has lost less digits. The flow is a sum of terms, and these may have lost some before:
    then both differ by more than the difference is rounded by.
    """
    fall, size = left - right, np.abs(B) * _largest(left, right)
    has_lost = _largest(flow - B * fall) > ROUNDINGS * size
    as_difference = (size <= _largest(*terms)) | has_lost
    return np.where(as_difference, fall, flow / np.where(as_difference, 1.0, B))


def _largest(*terms: FloatArray) -> FloatArray:
    """Return the largest component of the sum of the sizes of vectors, (..., 1)."""
    sizes: FloatArray = np.asarray(sum(map(np.abs, terms), np.zeros(1)))
    return np.asarray(sizes.max(axis=-1, keepdims=True))


def _part(u: FloatArray, m: FloatArray) -> FloatArray:
    return dot(u, m)[:, None] * m


def _ring(pair: Pair, face: int, on_left: bool) -> tuple[FloatArray, FloatArray]:
    """Return where the ring on the left or the right side of a face is, apart from a jump."""
    side = 0 if on_left else 1
    return pair.mu.rings[side][face], pair.phi.rings[side][face]


def _add_rods(total: Derivatives, t: Solved, pair: Pair) -> None:
    """Add what the rods of strong ferromagnets do as they turn."""
    e = t.elements
    mu, phi = pair.mu.faces, pair.phi.faces
    strong = np.flatnonzero(e.strong)
    springs = list(e.mixing)
    for faces, taken, back, on_left in (
        (strong - 1, mu.absorbed_right, phi.absorbed_right, True),
        (strong, mu.absorbed_left, phi.absorbed_left, False),
    ):
        held = (faces >= 0) & (faces < len(e.joints)) & ~np.isin(faces, springs)
        k, f = strong[held], faces[held]
        side = 0 if on_left else 1
        ring, dual = (dot(field.rings[side][f], e.m[k])[..., None] for field in (pair.mu, pair.phi))
        total.m[k] -= ring * back[f] + dual * taken[f]
    for face in springs:
        _add_spring(total, t, pair, face)
    for k in strong[:-1][np.diff(strong) == 1].tolist():  # a contact that is collinear would open
        if k + 1 in e.body_of(k):
            continue  # but in a group, which turns as one
        opening = np.where(angle(e.m[k], e.m[k + 1]).collinear, np.nan, 0.0)[:, None]
        total.add(k, "m", opening)
        total.add(k + 1, "m", opening)


def _add_spring(total: Derivatives, t: Solved, pair: Pair, face: int) -> None:
    """Add what a mixing conductance does as the ferromagnet turns: as of a rod, and what flows.

    With exchange lengths the ring on its own side is not held by the rod either.
    """
    e, k = t.elements, t.elements.mixing[face]
    m, outside = e.m[k], k > face  # whether the normal metal is on the left
    for on_left in (outside, not outside) if k in e.lengths else (outside,):
        ring, dual = _ring(pair, face, on_left)
        through, back = (  # what goes on along m
            dot((f.faces.current_left if on_left else f.faces.current_right)[face], m)[:, None]
            for f in (pair.mu, pair.phi)
        )
        total.add(k, "m", (1.0 if on_left else -1.0) * (back * ring + through * dual))
    ring, dual = (dot(u, m)[:, None] for u in _ring(pair, face, outside))
    taken, back = _taken(pair, face, not outside)
    total.add(k, "m", -ring * back - dual * taken)


def _taken(pair: Pair, face: int, on_left: bool) -> tuple[FloatArray, FloatArray]:
    """Return what the magnet on the left or the right of a face takes up there, (N, 3) each."""
    mu, phi = pair.mu.faces, pair.phi.faces
    if on_left:
        return mu.absorbed_left[face], phi.absorbed_left[face]
    return mu.absorbed_right[face], phi.absorbed_right[face]


def add_mixing(
    total: Derivatives, face: int, m: FloatArray, dual: FloatArray, ring: FloatArray
) -> None:
    """Add what ``dual . (G_r (1 - m m^T) + G_i [m x]) ring`` changes by with a mixing conductance.

    Its i turns about m; at a frequency, too, G_r and G_i are real.
    """
    across_m, turning = crossed(m, dual, ring)
    total.add(face, "G_r", across_m)
    total.add(face, "G_i", turning)


def follow_times(total: Derivatives, times: Mapping[int, Number], frequency: Number) -> None:
    """Turn derivatives with the l of a frequency into those with l, tau and the frequency.

    Of ``l_w = l/sqrt(F)`` with ``F = 1 + i omega tau``, and D and l at a given tau:
    ``d/dl = (d/dl_w)/sqrt(F)`` and ``d/dF = -(l_w/2F) d/dl_w``.

    Parameters
    ----------
    total : Derivatives
        They are changed in place.
    times : dict of float or array
        tau of every metal, by element.
    frequency : float or array
        ``omega/2 pi``.
    """
    e = total.elements
    omega = 2 * np.pi * e.flat(frequency)
    for k, tau in times.items():
        factor = e.absorbing(k)
        by_factor = -e.l[k] / (2 * factor) * total.l[k]
        total.l[k] /= np.sqrt(factor)
        total.add(k, "tau", 1j * omega * by_factor)
        total.add(OF_ALL, "frequency", 2j * np.pi * e.flat(tau) * by_factor)


def add_drives(total: Derivatives, t: Solved, phi: Field) -> None:
    """Add what is given at the ends, of which the number is a linear function.

    ``F = a(mu, phi) - l(phi)`` with what drives at the ends: mu_s of a reservoir goes with the
    current of phi that enters there, a spin current, by l, with -phi.
    """
    e, faces = t.elements, phi.faces
    for face in e.drives:
        side, way = inwards(face)
        if e.reservoir[side]:
            slope = way * (faces.current_left, faces.current_right)[side][face]
        else:
            slope = -way * (faces.potential_left, faces.potential_right)[side][face]
        for name, component in zip(drive_names(e, face), slope.T, strict=True):
            total.add(face, name, component)


def crossed(m: FloatArray, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ``a . (1 - m m^T) b`` and ``a . (m x b)``."""
    return dot(a, b) - dot(a, m) * dot(b, m), dot(a, np.cross(m, b))


def weight_of(m: FloatArray, a: FloatArray, b: FloatArray, sense: int) -> ComplexArray:
    """Return w of z, the number of either sense of turning, by `over_senses` of ``z w``.

    That is ``a . (X (1 - m m^T) + Y [m x]) b`` with X, Y of z as in `about_axis`.
    """
    across_m, turning = crossed(m, a, b)
    found: ComplexArray = across_m - 1j * sense * turning
    return found


def turned(
    m: FloatArray, along: Any, across_m: Any, turning: Any, a: FloatArray, b: FloatArray
) -> FloatArray:
    """Return the derivative with respect to m of ``a . tensor(along, across_m, turning, m) b``.

    Its part across m, which alone counts, (N, 3).
    """
    parts = ((on := dot(v, m), v - on[..., None] * m) for v in np.broadcast_arrays(a, b))
    return turned_apart(m, along, across_m, turning, *parts)


def turned_apart(
    m: FloatArray,
    along: Any,
    across_m: Any,
    turning: Any,
    a: tuple[FloatArray, FloatArray],
    b: tuple[FloatArray, FloatArray],
) -> FloatArray:
    """Return the same of vectors given by their parts along m, (N,), and across it, (N, 3)."""
    (a_on, a_off), (b_on, b_off) = ((x[:, None], y) for x, y in (a, b))
    stretched = (along - across_m)[:, None] * (a_off * b_on + b_off * a_on)
    found: FloatArray = stretched + turning[:, None] * np.cross(m, b_on * a_off - a_on * b_off)
    return found
