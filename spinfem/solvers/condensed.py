r"""The condensed path: layers as two-ports, rods and rings in balance.

Every element and interface is a two-port (`ports`), they stand in a row (`plan`), and the
amplitudes at the rods and the rings of runs are solved for (`balance`). Efficiencies, torques and
resistances follow from them; the spin currents at the faces, the multipliers of the saddle-point
system, follow on demand as in (A1), what the rods take up as in (10), and fields inside layers from
their faces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import numpy as np

from .._checks import BoolArray, FloatArray
from ..fem.fields import LayerField
from ..numerics import chain
from ..numerics.doubled import pick
from ..numerics.links import NO_AXIS, OWN, RUN, SPACER, add_pull
from ..numerics.rings import ALL, AT_ROD, ENTERING, FAR, FLOW, INSIDE, LEAVING, NEAR, PLACE, RISE
from ..physics import bulk, interfaces
from ..physics.contact import contact_absorption
from ..physics.directions import across, axial, cross, dot
from .balance import Balance, Rods
from .elements import Elements, inwards
from .faces import Faces
from .plan import Bars
from .ports import Bulk, Row, make_row, shares_of_exchange
from .runs import Push
from .transport import NODES, Field, Given, Jump, Transport

NONE = np.zeros((1, 3))
NOTHING: Mapping[int, float] = MappingProxyType({})
Injected = Mapping[tuple[int, int], tuple[FloatArray, FloatArray]]
"""Currents through both ends of parts of runs, by run and part, (N or 1, 3)."""
NOTHING_INJECTED: Injected = MappingProxyType({})
Shifts = tuple[dict[int, FloatArray], dict[int, FloatArray]]
"""By what two-ports see the rings at their left and right ends shifted, (N or 1, 3) each."""
FEW = 100
"""Points up to which all of a chain is found at once: finding it later would take longer."""
NARROW = 1e-6
"""Sine of an angle from which on parts across m have lost few of the digits of the whole."""
NEARLY = 0.999
"""Polarization from which on a spin current has lost digits of what it misses of p j0."""


class Load(NamedTuple):
    """All that lies behind a rod, seen from there: a driving force and a stiffness.

    ``j_s . m = P j0 -/+ S mu`` towards a load on the left/right.
    """

    P: float
    S: float  # S/m2


class Behind(NamedTuple):
    """What lies between two magnets, and behind their faces towards each other."""

    left: Load
    right: Load
    coupling: float  # B, S/m2
    shunt: tuple[float, float]  # at either face, S/m2


class Ends(NamedTuple):
    """What happens at the ends of all two-ports of a row."""

    before: FloatArray  # (q + 1, N, 3) places of the rings as the two-ports on their left have them
    behind: FloatArray  # (q + 1, N, 3) and those on their right; mixing conductances part them
    entering: FloatArray  # (q, N, 3) current through the left ends
    leaving: FloatArray  # (q, N, 3) and through the right ends
    pull_left: FloatArray  # (links, N, 3) what the rod on the left of a link takes up of it
    pull_right: FloatArray  # (links, N, 3) and the rod on its right


class Condensed(Transport):
    """A stack solved on the condensed path, per unit j0.

    Parameters
    ----------
    elements : Elements
        The stack's numbers.
    bulk : Bulk
        Its layers: finite elements, or closed forms.
    threads : int
        Number of threads that a batch may take.
    """

    opening = 1e-13  # what is across m has its own digits; peaks are wider than 1e-8

    def __init__(self, elements: Elements, bulk: Bulk, threads: int = 1) -> None:
        self.elements, self.magnets, self.bulk = elements, elements.magnets, cast(Any, bulk)
        rows, key = elements.rows, bulk.key  # remembered, also while magnetizations turn
        if key not in rows:
            rows[key] = make_row(elements, bulk.along(), bulk)
        self.row: Row = rows[key]
        self.plan = self.row.plan
        self.balance = Balance(elements, self.row, threads)
        self.rods = self.balance.rods or self.balance.solve(whole=elements.points <= FEW)

    # --- torques and resistances from amplitudes ------------------------------------------------

    @cached_property
    def amplitudes(self) -> tuple[FloatArray, FloatArray]:
        """m.mu_s at the left and the right of every magnet, (f, N or 1); 0 far away in leads."""
        plan, mu = self.plan, self.rods.amplitude
        if not self.elements.strong[self.magnets].all():
            pairs = [self._at_ends(i) for i in range(self.magnets.size)]
            points = max(value.size for pair in pairs for value in pair)
            left, right = (
                np.array([np.broadcast_to(pair[side], points) for pair in pairs]) for side in (0, 1)
            )
            return left, right
        left = plan.left_rod
        sign = self.balance.links.sign[left][:, None]
        found = mu[left] * sign
        for i, link in enumerate(left.tolist()):
            if link in self.balance.changed:
                found[i] = mu[link] * self._sign(link)
        return found, mu[plan.right_rod]

    def _at_ends(self, magnet: int) -> tuple[FloatArray, FloatArray]:
        """Return m.mu_s at the left and the right of a magnet, (N or 1,); 0 far away in leads."""
        e, k = self.elements, int(self.magnets[magnet])
        if e.strong[k]:
            return self._at_rods(self.rods, magnet)
        r, part = self.plan.part_of[k]
        left, right = (
            self._along(ring[PLACE : PLACE + 3], k) for ring in self.rods.rings[r][part : part + 2]
        )
        return left, right

    def _along(self, v: FloatArray, k: int) -> FloatArray:
        """Return the part along m of element k of vectors (3, N or 1), (N or 1,)."""
        part = sum(x * self.elements.flat(y[k]) for x, y in zip(v, self.balance.ways, strict=True))
        return cast(FloatArray, part)

    def _at_rods(self, rods: Rods, magnet: int) -> tuple[FloatArray, FloatArray]:
        """Return amplitudes at the left and the right of a strong magnet, (N or 1,)."""
        left, right = int(self.plan.left_rod[magnet]), int(self.plan.right_rod[magnet])
        return rods.amplitude[left] * self._sign(left), rods.amplitude[right]

    @cached_property
    def spin_voltage(self) -> FloatArray:
        """``(1/2) int beta_D m.mu_s' dx`` of every magnet, (f, N or 1), Ohm m2."""
        return self._spin_drops(self.rises)

    @property
    def spin_part(self) -> FloatArray:
        """What spin adds to the resistance, (N or 1,), Ohm m2: half of the heat.

        No term of it is negative, so that no digits are lost where polarizations are nearly the
        same. Graded layers, and a beta_D that is not p, have what they drop in place of it.
        """
        e = self.elements
        return self.rods.heat / 2 if e.is_reciprocal and not e.graded else super().spin_part

    @cached_property
    def rises(self) -> FloatArray:
        """By what m.mu_s rises from the left to the right of every magnet, (f, N or 1).

        See `_risen`; of leads, and what is graded, it is the difference.
        """
        bars, which, others = self.plan.bars
        found = self.zeros(self.magnets.size, self.rods.amplitude.shape[1])
        if which.size:
            found[which] = self._rises_of(bars)
        for magnet in others.tolist():
            left, right = self._at_ends(magnet)
            found[magnet] = right - left
        return found

    def _is_thin(self, layer: int) -> BoolArray:
        """Whether a layer is thinner than l, with p near 1: ``p j0 - m.j_s`` may be tiny there."""
        e, k = self.elements, layer + 1
        found: BoolArray = (e.thickness[layer] <= np.abs(e.l[k])) & (np.abs(e.p[k]) > NEARLY)
        return found

    def _missing_ahead(self, layer: int, xi: FloatArray) -> FloatArray:
        """Return the mean of ``p j0 - m.j_s`` from xi to the right face of a thin layer, (q, N).

        Where p is nearly 1, currents have lost the digits of it. Its mean over the layer follows
        from `rises`, ``D/2d`` times that, and the rest from what relaxes, ``kappa m.mu_s``.
        """
        e, k, thin = self.elements, layer + 1, self._is_thin(layer)
        by_currents = 0.0 if thin.all() else super()._missing_ahead(layer, xi)
        if not thin.any():
            return np.asarray(by_currents)
        d, D, l = e.thickness[layer], e.D[k], e.l[k]
        (magnet,) = np.flatnonzero(self.magnets == k)
        whole = self.rises[magnet] * D / (2 * d)
        relaxed = self.zeros(len(xi), e.points)
        for at, weight in zip(*NODES, strict=True):
            for begin, sign in ((np.zeros_like(xi), 1.0), (xi, -1.0)):
                mu, _ = self.field(layer).evaluate(begin + (1 - begin) * at)
                relaxed += sign * weight * (1 - begin) * at * (mu * e.m[k]).sum(axis=-1)
        return np.asarray(np.where(thin, whole + bulk.relaxation(D, l) * d * relaxed, by_currents))

    def _rises_of(self, bars: Bars) -> FloatArray:
        """Return by what m.mu_s rises across two-ports along magnets, (b, N or 1); see `_risen`.

        Runs have found it with their own digits.
        """
        if self.elements.shape:
            pairs = zip(bars.ports.tolist(), bars.elements.tolist(), strict=True)
            found = self.zeros(bars.ports.size, self.rods.amplitude.shape[1])
            for own, pair in zip(found, pairs, strict=True):
                own[:] = self._rise(*pair)
            return found
        rods, links = self.rods, bars.links
        B, S_left, _, s_left, _ = self.row.table[:, bars.ports]
        sign, free = self.balance.links.sign[links], self.balance.links.free[links]
        amplitude, flow = rods.amplitude[:, 0], rods.flow[:, 0]
        u, j, end = sign * amplitude[links], sign * flow[links], amplitude[links + 1]
        rise = _risen((B, S_left, s_left), u, j, end, free)
        for r, which, part in bars.in_runs:
            rise[which] = rods.rings[r][part, RISE, 0]
        return rise[:, None]

    def _rise(self, port: int, k: int) -> FloatArray:
        """Return by what m.mu_s rises across a two-port along magnet k, (N or 1,); see `_risen`."""
        plan, row = self.plan, self.row
        link = int(np.searchsorted(plan.start, port, side="right")) - 1
        if plan.kind[link] != OWN:
            r = int(plan.run_of_link[link])
            rise: FloatArray = self.rods.rings[r][plan.runs[r].begins.index(port), RISE]
            return rise
        B, S_left, _, s_left, _ = row.varying.get(port) or row.table[:, port]
        sign, free = self._sign(link), self.balance.free_of(link)
        u, j = sign * self.rods.amplitude[link], sign * self.rods.flow[link]
        return _risen((B, S_left, s_left), u, j, self.rods.amplitude[link + 1], free)

    def absorbed(self, magnet: int) -> FloatArray:
        """Return the spin current that a magnet absorbs, shape (N or 1, 3)."""
        k, plan, runs = int(self.magnets[magnet]), self.plan, self.rods.rings
        total, pulled = np.zeros((1, 3)), self.balance.pulled
        if not self.elements.strong[k]:
            total = self._taken(k)
        if pulled is not None:
            total = pulled[k : k + 1]
            if not plan.contact.size:
                return total
        for link, on_right in plan.beside[magnet]:
            if plan.kind[link] == RUN:
                ring = runs[plan.run_of_link[link]][0 if on_right else -1]
                total = total + ring[AT_ROD : AT_ROD + 3].T
            elif plan.kind[link] == SPACER:
                total = total if pulled is not None else total + self._pulled(link, on_right)
            else:
                shares = self._contact(link if on_right else link + 1)
                total = total + shares[0 if on_right else 1]
        return total

    def all_absorbed(self) -> FloatArray:
        """Return what every magnet absorbs, shape (f, N or 1, 3)."""
        if self.balance.pulled is not None and not self.plan.contact.size:
            return self.balance.pulled[self.magnets, None]
        parts = [self.absorbed(i) for i in range(self.magnets.size)]
        points = max((part.shape[0] for part in parts), default=1)
        found = self.zeros(len(parts), points, 3)
        for own, part in zip(found, parts, strict=True):
            own[:] = part
        return found

    def _pulled(self, link: int, on_right: bool) -> FloatArray:
        """Return what the rod at one end of a spacer takes up: the other rod's mu_s pulls at it.

        ``B mu`` across the rod, (10); no currents are subtracted.
        """
        here, there = (link, link + 1) if on_right else (link + 1, link)
        own, other = int(self.plan.axis[here]), int(self.plan.axis[there])
        B, sign = self.balance.coupling(link)
        shape, strength = self.elements.shape, B * self.rods.amplitude[there]
        strength = np.reshape(strength, shape) if np.size(strength) > 1 else strength
        sign = np.reshape(sign, shape) if np.size(sign) > 1 else sign
        x, y, z = pulled = {own: 0.0}, {own: 0.0}, {own: 0.0}
        add_pull(self.balance.ways, other, own, sign, strength, pulled)
        return np.stack(np.broadcast_arrays(x[own], y[own], z[own]), axis=-1).reshape(-1, 3)

    def _contact(self, rod: int) -> tuple[FloatArray, FloatArray]:
        """Return what the two magnets in contact at a rod absorb."""
        e, plan = self.elements, self.plan
        m_a, m_b = (e.flat(e.columns["m"].of(int(plan.own_axis[k])), 1) for k in (rod - 1, rod))
        mu, sources = self.rods.amplitude, _dense_sources(self.balance, self.elements.points)
        # where they cross mu_s = 0 there, and the currents are those of the far ends
        left, right = mu[rod - 1] * self._sign(rod - 1), mu[rod + 1]
        j_a = sources[1][rod - 1] + self.balance.unturned.of(rod - 1)[0] * left
        j_b = sources[0][rod] - self.balance.unturned.of(rod)[0] * right
        return contact_absorption(m_a, m_b, j_a, j_b)

    def _sign(self, link: int) -> Any:
        return self.balance.sign_of(link)

    def _taken(self, k: int) -> FloatArray:
        """Return what a ferromagnet with exchange lengths absorbs inside, (N or 1, 3).

        A share of what is lost across m in the shunts of its two-port.
        """
        e = self.elements
        if not e.shape:
            return self._all_taken[k]
        return _shared(shares_of_exchange(e, k), self._lost(k), e.m[k])

    def _lost(self, k: int) -> FloatArray:
        """Return what is lost across m in the shunts of a two-port, (N or 1, 3)."""
        r, part = self.plan.part_of[k]
        found: FloatArray = self.rods.rings[r][part, INSIDE : INSIDE + 3]
        return found.T

    @cached_property
    def _all_taken(self) -> dict[int, FloatArray]:
        """What all ferromagnets with exchange lengths absorb inside, in a single stack, (1, 3)."""
        m, which, places = self.elements.columns["m"].fixed, self.plan.weak, self.plan.part_of
        lost = np.concatenate([self._lost(k) for k in places])
        found = _shared(tuple(self.row.share[:, which]), lost, m.take(which, axis=0))
        return dict(zip(places, found[:, None], strict=True))

    @cached_property
    def volume(self) -> FloatArray | None:
        """What ferromagnets with exchange lengths absorb inside, (n + 2, N, 3)."""
        e = self.elements
        if not e.lengths:
            return None
        total = self.zeros(e.magnetic.size, e.points, 3)
        for k in self.plan.part_of:
            total[k] = self._taken(k)
        return total

    @cached_property
    def of_ends(self) -> Transport | None:
        """What mu_s and spin currents given at the ends drive, in V and A/m2; None if none are.

        A reservoir's mu_s is one by which the two-port beside it sees the ground shifted, a spin
        current one that the two-port of the end pushes into the ring on its other side.
        """
        e = self.elements
        if not e.drives:
            return None
        rods, at = self._driven_by_ends, self.at_ends
        make = partial(self.bulk.field, at=at, driven=False)
        volume = self.zeros(e.magnetic.size, e.points, 3)
        for k, (r, part) in self.plan.part_of.items():
            lost = rods.rings[r][part, INSIDE : INSIDE + 3].T
            volume[k] = _shared(shares_of_exchange(e, k), lost, e.m[k])
        return Given(e, at.faces, make, volume, j0=0.0)

    @cached_property
    def _driven_by_ends(self) -> Rods:
        return self.balance.solve(self._push(*self._end_shifts, self._injected()))

    @cached_property
    def at_ends(self) -> Field:
        """mu_s and j_s at the faces that what is given at the ends drives."""
        return self._field(self._driven_by_ends, None, of_ends=True)

    @cached_property
    def _end_shifts(self) -> Shifts:
        """The mu_s of reservoirs, by the two-ports beside them."""
        e, ends = self.elements, (0, len(self.plan.ports) - 1)
        left, right = (
            {port: e.drive(face)} if e.reservoir[side] and face in e.drives else {}
            for side, (face, port) in enumerate(zip((0, len(e.joints) - 1), ends, strict=True))
        )
        return left, right

    def _injected(self) -> Injected:
        """Return the spin currents given at ends as pushes of the two-ports there."""
        e, runs, found = self.elements, self.plan.runs, {}
        last = len(e.joints) - 1
        if 0 in e.drives and not e.reservoir[0]:
            found[0, 0] = NONE, e.drive(0)
        if last in e.drives and not e.reservoir[1]:
            found[len(runs) - 1, len(runs[-1].parts) - 1] = e.drive(last), NONE
        return found

    def efficiencies(self, magnet: int) -> tuple[FloatArray, FloatArray]:
        """Return g of a magnet and the next one, (N or 1,) each; nan where they are collinear.

        ``g1 = -B mu2``, ``g2 = B mu1`` with nothing but rods in between; else from the parts of
        the spin currents across m.
        """
        plan, link = self.plan, self._between(magnet)
        if plan.kind[link] == SPACER:
            B, mu = self.balance.unturned.of(link)[0], self.rods.amplitude
            return -B * mu[link + 1], B * mu[link]
        left, right = self.magnets[magnet : magnet + 2].tolist()
        m, ways = self.balance.ways, cast(Any, ({}, {}, {}))  # of either what is across the other
        sign = pick(sum(x[left] * x[right] for x in m) < 0, -1.0, 1.0)  # of their cosine
        for own, other in ((left, right), (right, left)):
            for component in ways:
                component[own] = 0.0
            add_pull(m, other, own, sign, 1.0, ways)
        size = self.elements.flat(sum(component[left] ** 2 for component in ways))  # of both
        is_open = size > 0
        narrow = bool((is_open & (size < NARROW**2)).any())
        size = np.where(is_open, size, np.nan)
        g1, g2 = (
            sum(x * self.elements.flat(y[k]) for x, y in zip(current, ways, strict=True)) / size
            for k, current in (
                (left, self._across(link, left, True, narrow)),
                (right, self._across(link, right, False, narrow)),
            )
        )
        return -g1, g2

    def is_spacer(self, magnet: int) -> bool:
        """Whether all between a magnet and the next is on rods, coupled by one B."""
        return bool(self.plan.kind[self._between(magnet)] == SPACER)

    def behind(self, magnet: int) -> Behind:
        """Return what lies between and behind a magnet and the next, in a single stack."""
        link = self._between(magnet)
        loads, (stiffness, force) = self.balance.loads, self.balance.load_from_right(link + 1)
        B, S_left, S_right = (float(x) for x in self.balance.unturned.fixed[:, link])
        near = Load(float(loads.force[link] + loads.rest[link]), float(loads.stiffness[link]))
        return Behind(near, Load(force, stiffness), B, (S_left, S_right))

    def _between(self, magnet: int) -> int:
        """Return the link in which a magnet and the next face each other."""
        plan = self.plan
        k = int(self.magnets[magnet])
        port = plan.element_ports[k].stop  # an interface of its own may stand there
        link = int(np.searchsorted(plan.start, port, side="right")) - 1
        own = plan.kind[link] == OWN and plan.own_axis[link] == k
        return link + 1 if own else link

    def _across(self, link: int, k: int, on_right: bool, narrow: bool) -> FloatArray:
        """Return what comes out of a run towards a magnet beside or in it, (3, N or 1).

        It is to be taken across m; at narrow angles it is the part across m, with its own digits.
        """
        plan, r = self.plan, self.plan.run_of_link[link]
        if k not in plan.runs[r].axes:  # strong, or behind a mixing conductance
            taken: FloatArray = self.rods.rings[r][0 if on_right else -1][AT_ROD : AT_ROD + 3]
            return taken
        run, rods = plan.runs[r], self._whole if narrow else self.rods
        own = [i for i, axis in enumerate(run.axes) if axis == k]
        part = own[-1] if on_right else own[0]
        if on_right:  # what leaves it to the right, taken back
            at, place = (part, LEAVING) if narrow else (part + 1, FLOW)
            return cast(FloatArray, -rods.rings[r][at, place : place + 3])
        place = ENTERING if narrow else FLOW
        enters: FloatArray = rods.rings[r][part, place : place + 3]
        return enters

    @cached_property
    def joint_spin_voltage(self) -> FloatArray:
        """``(gamma/2) m.[mu_s]`` at every face, (n + 1, N or 1), Ohm m2."""
        e = self.elements
        bars, faces = self.plan.interface_bars, [face for _, face, _ in self.plan.interfaces]
        found = self.zeros(len(e.joints), self.rods.amplitude.shape[1])
        if faces:
            rises = self._rises_of(bars)
            for face, rise in zip(faces, rises, strict=True):
                found[face] = interfaces.spin_drop(e.flat(e.resistive[face].gamma), rise)
        return found

    # --- faces ----------------------------------------------------------------------------------

    @cached_property
    def at_faces(self) -> Field:
        """mu_s and j_s at the faces."""
        return self._field(self._whole, None)

    @cached_property
    def _whole(self) -> Rods:
        """The solved chain with all that is found of rings in batches."""
        whole = not self.plan.runs or self.rods.rings[0].shape[1] == ALL
        return self.rods if whole else self.balance.solve()

    @property
    def faces(self) -> Faces:
        """mu_s and j_s on both sides of all faces."""
        return self.at_faces.faces

    def _field(
        self,
        rods: Rods,
        jump: Jump | None,
        pushed: Mapping[int, float] = NOTHING,
        of_ends: bool = False,
    ) -> Field:
        """Read what is at the faces off a solved chain.

        `pushed` are currents at the right ends of links that reach the rods there from outside;
        `of_ends` tells that what is given at the ends drives it.
        """
        e, plan, points = self.elements, self.plan, self.elements.points
        shift_left, shift_right = self._end_shifts if of_ends else self._shifts(jump)
        sources = _dense_sources(self.balance, points)
        if jump is not None or of_ends:
            sources = self._sources(shift_left, shift_right)
        ends = self._ends(rods, shift_left, shift_right, sources, pushed, of_ends)
        n = len(plan.left)
        potential_left, potential_right = ends.before[plan.left], ends.behind[plan.right]
        current_left, current_right = self.zeros(2, n, points, 3)
        absorbed_left, absorbed_right = self.zeros(2, n, points, 3)
        for magnet in np.flatnonzero(e.strong[self.magnets]).tolist():
            # of a ring that has left the rod, the part along it alone, with its own digits
            k, (at_left, at_right) = int(self.magnets[magnet]), self._at_rods(rods, magnet)
            if k > 0:
                potential_right[k - 1] = at_left[:, None] * e.m[k]
            if k < n:
                potential_left[k] = at_right[:, None] * e.m[k]
        for face in range(n):
            before, behind = plan.element_ports[face], plan.element_ports[face + 1]
            if before.stop > before.start:
                current_left[face] = ends.leaving[before.stop - 1]
            if behind.stop > behind.start:
                current_right[face] = ends.entering[behind.start]
        for end, beyond, within, behind in (
            (0, current_left, current_right, ends.entering),
            (-1, current_right, current_left, ends.leaving),
        ):
            if e.reservoir[end]:  # takes up all that an interface, or the metal, lets pass
                beyond[end] = behind[end]
            elif not e.columns["D"].fixed[end]:  # no spin passes
                beyond[end] = within[end] = 0.0
        face_of_right = {int(ring): face for face, ring in enumerate(plan.right.tolist())}
        face_of_left = {int(ring): face for face, ring in enumerate(plan.left.tolist())}
        for link in np.flatnonzero(plan.kind != OWN).tolist():
            first, stop = int(plan.start[link]), int(plan.start[link + 1])
            if plan.axis[link] != NO_AXIS and first in face_of_right:
                absorbed_left[face_of_right[first]] = ends.pull_left[link]
            if plan.axis[link + 1] != NO_AXIS and stop in face_of_left:
                absorbed_right[face_of_left[stop]] = ends.pull_right[link]
        if of_ends:
            self._put_drives(
                (potential_left, potential_right),
                (current_left, current_right),
                (absorbed_left, absorbed_right),
            )
        for rod in plan.contact.tolist():
            face = face_of_left.get(int(plan.start[rod]), -1)
            if face < 0 or plan.left[face] != plan.right[face]:
                continue
            m_a, m_b = e.m[face], e.m[face + 1]
            j_a, j_b = dot(current_left[face], m_a), dot(current_right[face], m_b)
            shares = contact_absorption(m_a, m_b, j_a, j_b)
            absorbed_left[face], absorbed_right[face] = shares
        rings = potential_left, potential_right
        if jump is not None:
            potential_left, potential_right = (ring.copy() for ring in rings)
            for side, values in zip((potential_left, potential_right), jump, strict=True):
                for face, value in values.items():
                    side[face] += value
        inner = {}
        for k in e.graded:
            ports = plan.element_ports[k]
            inner[k] = ends.behind[ports.start : ports.stop + 1].copy()
            inner[k][0], inner[k][-1] = potential_right[k - 1], potential_left[k]
        across_m = self._across_faces(rods)
        faces = Faces(
            potential_left,
            potential_right,
            current_left,
            current_right,
            absorbed_left,
            absorbed_right,
        )
        return Field(faces, inner, across_m, rings)

    def _put_drives(
        self,
        potentials: tuple[FloatArray, FloatArray],
        currents: tuple[FloatArray, FloatArray],
        absorbed: tuple[FloatArray, FloatArray],
    ) -> None:
        """Put what is given at the ends into what is at the faces, left and right of each."""
        e = self.elements
        for face in e.drives:
            outside, way = inwards(face)
            inside, drive = 1 - outside, e.drive(face)
            if not e.reservoir[outside]:
                currents[outside][face] = drive
                k = face + inside
                m = e.m[k]
                currents[inside][face] = _along(drive, m) if e.strong[k] else drive
                continue
            potentials[outside][face] = drive
            if self._is_clear(face):
                k = face + inside
                potentials[inside][face] += _along(drive, e.m[k]) if e.strong[k] else drive
            if face in e.mixing:  # the reservoir is the normal metal there
                k = e.mixing[face]
                m, mixing = e.m[k], e.flat(e.resistive[face].mixing)  # type: ignore[arg-type]
                perpendicular = drive - _along(drive, m)
                taken = axial(np.zeros(1), mixing, m) @ perpendicular[..., None]
                absorbed[inside][face] += taken[..., 0]
                currents[outside][face] += way * taken[..., 0]

    def _is_clear(self, face: int) -> bool:
        """Whether a face has no two-port."""
        return bool(self.plan.left[face] == self.plan.right[face])

    def _across_faces(self, rods: Rods) -> dict[int, FloatArray]:
        """Return what is across m at the faces of elements with exchange lengths; see `Field`."""
        found = {}
        for k, (r, part) in self.plan.part_of.items():
            ring = rods.rings[r][part].T  # (N, ALL)
            found[k] = np.array([ring[:, i : i + 3] for i in (NEAR, FAR, ENTERING)])
        return found

    def _shifts(self, jump: Jump | None) -> Shifts:
        """Return by what two-ports see the rings at their left and right ends shifted."""
        if jump is None:
            return {}, {}
        ports = self.plan.element_ports
        return (
            {ports[face + 1].start: value for face, value in jump.right.items()},
            {ports[face].stop - 1: value for face, value in jump.left.items()},
        )

    def _ends(
        self,
        rods: Rods,
        shift_left: dict[int, FloatArray],
        shift_right: dict[int, FloatArray],
        sources: tuple[Any, Any],
        pushed: Mapping[int, float],
        of_ends: bool,
    ) -> Ends:
        """Return what happens at the ends of all two-ports, of which links are driven like that."""
        e, plan, points = self.elements, self.plan, self.elements.points
        q = len(plan.ports)
        before, behind = self.zeros(2, q + 1, points, 3)
        entering, leaving = self.zeros(2, q, points, 3)
        pull_left, pull_right = self.zeros(2, plan.links, points, 3)
        way = np.zeros((plan.links + 1, points, 3))  # of the rods
        known = plan.axis != NO_AXIS
        way[known] = e.m[plan.axis[known]]
        mu, flow = rods.amplitude, rods.flow
        before[plan.start] = behind[plan.start] = mu[..., None] * way
        B, S_left, S_right = self.balance.unturned.dense(points)
        free = self._free
        s_left, s_right = sources
        for link in range(plan.links):
            first, stop = int(plan.start[link]), int(plan.start[link + 1])
            arriving = flow[link + 1] - pushed.get(link, 0.0)
            if plan.kind[link] == RUN:
                run = plan.runs[plan.run_of_link[link]]
                found = np.moveaxis(rods.rings[plan.run_of_link[link]], -1, 1)  # (n + 1, N, FOUND)
                begins = [begin for begin, _ in run.parts]
                behind[begins] = found[:-1, :, PLACE : PLACE + 3]
                before[[*begins[1:], stop]] = found[1:, :, PLACE : PLACE + 3]
                entering[begins] = found[:-1, :, FLOW : FLOW + 3]
                leaving[[end - 1 for _, end in run.parts]] = found[1:, :, FLOW : FLOW + 3]
                pull_left[link] = found[0, :, AT_ROD : AT_ROD + 3]
                pull_right[link] = found[-1, :, AT_ROD : AT_ROD + 3]
                continue
            if plan.kind[link] == OWN:
                m = e.m[plan.own_axis[link]]
                sign = self._sign(link)
                left, right = sign * mu[link], mu[link + 1]
                j_left = np.where(
                    free[link] != 0, sign * flow[link], s_left[link] - B[link] * right
                )
                j_right = np.where(free[link + 1] != 0, arriving, s_right[link] + B[link] * left)
                entering[first], leaving[first] = j_left[:, None] * m, j_right[:, None] * m
                continue
            # the ground has no way, and takes up all that comes
            a, b = way[link], way[link + 1]
            stiff_left, stiff_right = B[link] + S_left[link], B[link] + S_right[link]
            w_left, w_right = shift_left.get(first, NONE), shift_right.get(stop - 1, NONE)
            pull_left[link] = _pull(
                B[link], mu[link + 1], way[link + 1], w_right, stiff_left, w_left, way[link]
            )
            pull_right[link] = _pull(
                B[link], mu[link], way[link], w_left, stiff_right, w_right, way[link + 1]
            )
            shifted = w_left is not NONE or w_right is not NONE
            for at, rod, ring, pull, stiff, other in (
                (first, a, behind, pull_left, stiff_left, pull_right),
                (stop, b, before, pull_right, stiff_right, pull_left),
            ):
                if shifted and at in self._sprung and rod.any():
                    way_off = self._give_way(self._sprung[at], pull[link], stiff, of_ends)
                    pull[link] -= stiff[:, None] * way_off
                    other[link] += B[link][:, None] * way_off  # of the ground
                    ring[at] += way_off
            along_left = np.where(
                free[link] != 0, flow[link], s_left[link] - B[link] * mu[link + 1]
            )
            along_right = np.where(
                free[link + 1] != 0, arriving, s_right[link] + B[link] * mu[link]
            )
            entering[first] = along_left[:, None] * a - pull_left[link]
            leaving[stop - 1] = along_right[:, None] * b + pull_right[link]
        if plan.inside.size:
            self._fill(before, behind, entering, leaving, shift_left, shift_right)
        return Ends(before, behind, entering, leaving, pull_left, pull_right)

    @cached_property
    def _sprung(self) -> dict[int, int]:
        """The rings that mixing conductances pull at, and the faces of these."""
        plan, mixing = self.plan, self.elements.mixing
        return {
            int((plan.right if k == face else plan.left)[face]): face for face, k in mixing.items()
        }

    def _give_way(
        self, face: int, force: FloatArray, stiff: FloatArray, of_ends: bool
    ) -> FloatArray:
        """Return by what a force across m moves a ring off its rod, (N, 3).

        Beside the ground nothing but shifts does that, of a dual field or by what drives at the
        ends, so that this ring was held by its rod.
        """
        e = self.elements
        mixing = e.flat(e.resistive[face].mixing)  # type: ignore[arg-type]
        mixing = mixing if of_ends else np.conj(mixing)
        m = e.m[e.mixing[face]]
        stiff, turning = (stiff + mixing.real)[:, None], mixing.imag[:, None]
        against = stiff * force - turning * np.cross(m, force)
        return np.asarray(against / (stiff**2 + turning**2))

    @cached_property
    def _free(self) -> FloatArray:
        """1 of rods that are not held, (links + 1, N or 1)."""
        free = np.append(self.balance.links.free, 0.0)[:, None]
        varying = self.balance.changed
        if varying:
            free = np.repeat(free, self.elements.points, axis=1)
            for link, values in varying.items():
                free[link] = values.free
        return free

    def _fill(
        self,
        before: FloatArray,
        behind: FloatArray,
        entering: FloatArray,
        leaving: FloatArray,
        shift_left: dict[int, FloatArray],
        shift_right: dict[int, FloatArray],
    ) -> None:
        """Fill in what is between the layers of rows of normal metals."""
        plan, ports = self.plan, self._dense_ports
        normal = np.array([port.axis == NO_AXIS for port in plan.ports])
        u, J = behind.copy(), np.zeros_like(entering)
        u[1:][normal] = before[1:][normal]
        u[:-1][normal] = behind[:-1][normal]
        joined = self._joined
        for port, shift in shift_left.items():
            if normal[port]:
                u[port] += shift
        for port, shift in shift_right.items():
            if normal[port]:
                u[port + 1] += shift
        J[...] = entering - joined.S_left[..., None] * u[:-1]
        chain.recover(joined, u, J)
        inside = plan.inside
        before[inside] = behind[inside] = u[inside]
        _, S_left, S_right = ports
        entering[inside] = (J + S_left[..., None] * u[:-1])[inside]
        leaving[inside - 1] = (J - S_right[..., None] * u[1:])[inside - 1]

    @cached_property
    def _dense_ports(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """B, S_left and S_right of all two-ports along m, (q, N or 1) each."""
        columns = [np.asarray(column)[:, None] for column in self.row.ports[:3]]
        if self.row.varying:
            columns = [np.repeat(column, self.elements.points, axis=1) for column in columns]
            for port, values in self.row.varying.items():
                for column, value in zip(columns, values, strict=False):
                    column[port] = value
        return columns[0], columns[1], columns[2]

    @cached_property
    def _joined(self) -> chain.Elimination:
        """All two-ports, rows of normal metals joined."""
        inside = np.zeros(len(self.plan.ports) + 1, dtype=bool)
        inside[self.plan.inside] = True
        return chain.eliminate(*self._dense_ports, inside)

    # --- dual fields ----------------------------------------------------------------------------

    @property
    def precesses(self) -> bool:
        """Whether spins precess anywhere: about m, by lambda_J or an imaginary mixing."""
        exchange = any(
            np.isfinite(lambda_J).any() for lambda_J, _ in self.elements.lengths.values()
        )
        return exchange or bool(self.row.springs.imag.any())

    @cached_property
    def adjoint(self) -> Condensed:
        """The stack with beta_D for p and p for beta_D, on the same meshes; this one if it is that.

        Of finite elements only.
        """
        if self.elements.is_reciprocal:
            return self
        e = self.elements.adjoint
        return Condensed(e, self.bulk.on(e))

    @property
    def is_own_dual(self) -> bool:
        """Whether mu_s is dual to dr: nothing precesses, and beta_D is p."""
        return self.elements.is_reciprocal and not self.precesses

    def reversed(self) -> Field:
        """Return the field dual to dr: mu_s driven by beta_D, all precession the other way round.

        It belongs to the `adjoint`.
        """
        dual = self.adjoint
        if not dual.precesses:
            return dual.at_faces
        return dual._field(dual.balance.solve(transposed=True), None)

    def dual(self, jumps: Sequence[Jump]) -> list[Field]:
        """Return the fields in balance with some jumps, all that precesses turning the other way.

        See `spinfem.results.duals`.
        """
        found = []
        for jump in jumps:
            rods = self.balance.solve(self._push(*self._shifts(jump)), transposed=True)
            found.append(self._field(rods, jump))
        return found

    def _push(
        self,
        shift_left: dict[int, FloatArray],
        shift_right: dict[int, FloatArray],
        injected: Injected = NOTHING_INJECTED,
    ) -> Push:
        """Return what drives the two-ports: shifts of their rings, and currents from outside."""
        plan = self.plan
        s_left, s_right = self._sources(shift_left, shift_right)
        links: dict[int, tuple[Any, Any]] = {}
        parts = {place: (NONE, NONE, *currents) for place, currents in injected.items()}
        for port in {*shift_left, *shift_right}:
            link = int(np.searchsorted(plan.start, port, side="right")) - 1
            if plan.kind[link] != RUN:
                left = s_left[link] * (self._sign(link) if plan.kind[link] == SPACER else 1.0)
                links[link] = left, s_right[link]
                continue
            r = int(plan.run_of_link[link])
            part, (first, stop) = next(
                (i, ends) for i, ends in enumerate(plan.runs[r].parts) if ends[0] <= port < ends[1]
            )
            near, far = shift_left.get(first, NONE), shift_right.get(stop - 1, NONE)
            parts[r, part] = near, far, *injected.get((r, part), (NONE, NONE))
        return Push(links, parts)

    def _sources(
        self, shift_left: dict[int, FloatArray], shift_right: dict[int, FloatArray]
    ) -> tuple[Any, Any]:
        """Return by what shifts drive links that are no runs at both ends, along the rods there."""
        plan, e, points = self.plan, self.elements, self.elements.points
        s_left, s_right = self.zeros(2, plan.links, points)
        unturned = self.balance.unturned
        for port in {*shift_left, *shift_right}:
            link = int(np.searchsorted(plan.start, port, side="right")) - 1
            if plan.kind[link] == RUN:
                continue
            first, stop = int(plan.start[link]), int(plan.start[link + 1])
            w_left, w_right = shift_left.get(first, NONE), shift_right.get(stop - 1, NONE)
            B, S_left, S_right = unturned.of(link)
            ways = plan.axis[link], plan.axis[link + 1]
            if plan.kind[link] == OWN:
                ways = plan.own_axis[link], plan.own_axis[link]
            a, b = (NONE if k == NO_AXIS else e.m[k] for k in ways)
            s_left[link] = (B + S_left) * dot(a, w_left) - B * dot(a, w_right)
            s_right[link] = B * dot(b, w_left) - (B + S_right) * dot(b, w_right)
        return s_left, s_right

    def dual_to_spacer(self, magnet: int, at_right: bool) -> Field:
        """Return the field that is dual to the amplitude at one end of the spacer behind a magnet.

        Its left end is on the rod of the magnet, its right end on that of the next one.
        """
        rod = self._between(magnet) + at_right
        none = np.zeros(self.elements.points)
        push = Push({rod - 1: (none, none - 1.0)}, {})
        rods = self.balance.solve(push, transposed=True)
        return self._field(rods, Jump({}, {}), {rod - 1: -1.0})

    def across_spacer(self, magnet: int) -> tuple[Field, Field]:
        """Return the fields, along x, of unit values at either end of the spacer behind a magnet.

        They vanish outside of the spacer.
        """
        plan, link, points = self.plan, self._between(magnet), self.elements.points
        first, stop = int(plan.start[link]), int(plan.start[link + 1])
        B = np.broadcast_to(self.coupling(magnet), points)
        within = np.zeros((len(plan.ports), 1, 1))
        within[first:stop] = 1.0
        _, S_left, S_right = (x[..., None] for x in self._dense_ports)
        joined, found = self._joined, []
        for ring, sign in ((first, 1.0), (stop, -1.0)):
            u = self.zeros(len(plan.ports) + 1, points, 3)
            J = self.zeros(len(plan.ports), points, 3)
            u[ring, :, 0], J[first, :, 0] = 1.0, sign * B
            chain.recover(joined, u, J)
            entering, leaving = within * (J + S_left * u[:-1]), within * (J - S_right * u[1:])
            found.append(self._unit_field(u, entering, leaving, first, stop))
        return found[0], found[1]

    def interfaces_in_spacer(self, magnet: int) -> set[int]:
        """Return the faces of the interfaces that the spacer behind a magnet has in it."""
        plan, link = self.plan, self._between(magnet)
        first, stop = int(plan.start[link]), int(plan.start[link + 1])
        ports = ((face, int(plan.left[face])) for face in self.elements.resistive)
        return {face for face, port in ports if first <= port < stop}

    def _unit_field(
        self, u: FloatArray, entering: FloatArray, leaving: FloatArray, first: int, stop: int
    ) -> Field:
        """Return what is at the faces of the two-ports from `first` to before `stop`."""
        plan = self.plan
        left, right = u[plan.left], u[plan.right]
        left[(plan.left <= first) | (plan.left > stop)] = 0.0
        right[(plan.right < first) | (plan.right >= stop)] = 0.0
        at_left, at_right = np.zeros((2, *left.shape), dtype=left.dtype)
        for face in range(len(plan.left)):
            before, behind = plan.element_ports[face], plan.element_ports[face + 1]
            if before.stop > before.start:
                at_left[face] = leaving[before.stop - 1]
            if behind.stop > behind.start:
                at_right[face] = entering[behind.start]
        inner = {}
        for k in self.elements.graded:
            ports = plan.element_ports[k]
            inner[k] = u[ports.start : ports.stop + 1].copy()
            inner[k][0], inner[k][-1] = right[k - 1], left[k]
        none = np.zeros_like(left)
        faces = Faces(left, right, at_left, at_right, none, none)
        return Field(faces, inner, {}, (left, right))

    def at_spacer(self, magnet: int) -> tuple[FloatArray, FloatArray]:
        """Return the amplitudes at both ends of the spacer behind a magnet, (N or 1,) each."""
        link, mu = self._between(magnet), self.rods.amplitude
        return mu[link], mu[link + 1]

    def coupling(self, magnet: int) -> FloatArray:
        """Return B of the spacer behind a magnet, (N or 1,), S/m2."""
        B: FloatArray = np.atleast_1d(self.balance.unturned.of(self._between(magnet))[0])
        return B

    # --- fields ---------------------------------------------------------------------------------

    def make_field(self, layer: int) -> LayerField:
        """Recover the field inside one layer from its faces."""
        field: LayerField = self.bulk.field(layer, self.at_faces)
        return field


def _risen(
    left: tuple[FloatArray, FloatArray, FloatArray],
    u: FloatArray,
    j: FloatArray,
    end: FloatArray,
    free: FloatArray,
) -> FloatArray:
    """Return by what an amplitude rises from u across a two-port to its end.

    As a difference, or from the current that enters, ``(s + S u - j)/B``, whichever has lost less
    digits: of a thin layer that is the second. The current means nothing where u is held.
    """
    B, S_left, s_left = left
    largest = np.abs(s_left) + np.abs(j) + np.abs(S_left * u)
    by_current = (largest < np.abs(B) * (np.abs(u) + np.abs(end))) & (free != 0)
    rise = (s_left + S_left * u - j) / np.where(by_current, B, 1.0)
    return np.asarray(np.where(by_current, rise, end - u))


def _dense_sources(balance: Balance, points: int) -> tuple[FloatArray, FloatArray]:
    left, right = (np.asarray(x)[:, None] for x in (balance.links.s_left, balance.links.s_right))
    if balance.changed:
        left, right = (np.repeat(x, points, axis=1) for x in (left, right))
        for link, values in balance.changed.items():
            left[link], right[link] = values.s_left, values.s_right
    return left, right


def _shared(share: tuple[Any, Any], lost: FloatArray, m: FloatArray) -> FloatArray:
    """Return a share of what is across m, and another one that turns about it."""
    kept, turned = share
    found: FloatArray = kept[:, None] * lost + turned[:, None] * cross(m, lost)
    return found


def _along(v: FloatArray, m: FloatArray) -> FloatArray:
    return dot(v, m)[..., None] * m


def _pull(
    B: FloatArray,
    mu: FloatArray,
    other: FloatArray,
    shift: FloatArray,
    stiff: FloatArray,
    own_shift: FloatArray,
    rod: FloatArray,
) -> FloatArray:
    """Return what a rod takes up: the parts across it of ``B (mu other + shift) - stiff own``."""
    found = (B * mu)[..., None] * across(other, rod)
    for strength, value in ((B, shift), (-stiff, own_shift)):
        if value is not NONE:
            found = found + strength[..., None] * (value - _along(value, rod))
    return np.asarray(found)
