r"""The condensed path: layers as two-ports, rods in balance.

Every layer is condensed to its faces (`fem.twoport`), and the amplitudes at the rods are solved
for (`rods`). Efficiencies, torques and resistances follow from them; the spin currents at
the faces, the multipliers of the saddle-point system, follow on demand as in (A1), what the rods
take up as in (10), and fields inside layers from their faces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .._checks import FloatArray, IntArray
from ..fem import element, mesh, twoport
from ..fem.fields import ElementField, element_field
from ..numerics import chain
from ..physics.contact import contact_absorption
from ..physics.directions import across
from . import rods, single
from .elements import Column, Elements, remembered
from .faces import Faces
from .transport import Field, Jump, Transport


class Behind(NamedTuple):
    """What lies between two magnets, and behind their faces towards each other."""

    left: rods.Load
    right: rods.Load
    coupling: float  # B, S/m2
    shunt: tuple[float, float]  # at either face, S/m2


class Condensed(Transport):
    """A stack solved on the condensed path, per unit j0.

    Parameters
    ----------
    elements : Elements
        The stack's numbers.
    degree : int
        Degree of the elements.
    count : int or None
        Number of elements of every layer; None for what the default accuracy takes.

    Attributes
    ----------
    single : single.Solved or None
        What compiled code found, if this is a single stack.
    """

    def __init__(self, elements: Elements, degree: int, count: int | None) -> None:
        super().__init__(elements)
        self.degree, self.count = degree, count
        self.counts = element_counts(elements, count)
        self._at = rods.layout(elements)
        self.single = found = single.solve(elements, self._at, self.counts, degree)
        if found is not None:
            self._ports, self._links, self._balance, self.amplitudes, self._pulled = found[:5]
            return
        self._ports = condense(elements, self.counts, degree)
        self._links = rods.join_runs(self._at, self._ports)
        self._balance = rods.balance(elements, self._at, self._links, self._turns)

    @cached_property
    def _turns(self) -> rods.Turns:
        return rods.turns(self.elements, self._at)

    @cached_property
    def amplitudes(self) -> tuple[FloatArray, FloatArray]:
        """m.mu_s at the left and the right of every magnet, (f, N or 1); 0 far away in leads."""
        own, mu, facing = self._at.own, self._balance.amplitude, self._turns.facing
        left = mu[own] * facing.fixed[own, None]
        for i, rod in enumerate(own.tolist()):
            if rod in facing.varying:
                left[i] = mu[rod] * self.elements.flat(facing.varying[rod])
        return left, mu[own + 1]

    def absorbed(self, magnet: int) -> FloatArray:
        """Return the spin current that a magnet absorbs at both faces, shape (N or 1, 3)."""
        at, magnets = self._at, self.magnets
        if at.contact[max(magnet - 1, 0) : magnet + 1].any():
            return super().absorbed(magnet)
        if not self._pull_varies:
            pulled: FloatArray = self._pulled[magnet]
            return pulled
        total = np.zeros((1, 3))
        m, own = self.elements.columns["m"], int(at.own[magnet])
        for other, link, rod in ((magnet - 1, own - 1, own - 1), (magnet + 1, own + 1, own + 2)):
            if 0 <= other < magnets.size:
                # the other rod's mu_s pulls across this one, (10); no currents are subtracted
                pull = across(m.of(int(magnets[other])), m.of(int(magnets[magnet])))
                strength = self._link_conductance(link) * self._balance.amplitude[rod]
                total = total + strength[:, None] * self.elements.flat(pull, 1)
        return total

    def all_absorbed(self) -> FloatArray:
        """Return what every magnet absorbs at both faces, shape (f, N or 1, 3)."""
        if not (self._pull_varies or self._at.contact.any()):
            return self._pulled
        parts = [self.absorbed(i) for i in range(self.magnets.size)]
        points = max((part.shape[0] for part in parts), default=1)
        return np.array([np.broadcast_to(part, (points, 3)) for part in parts])

    @property
    def _pull_varies(self) -> bool:
        """Whether directions or links vary over the batch."""
        return bool(self._links.B.varying or self.elements.columns["m"].varying)

    @cached_property
    def _pulled(self) -> FloatArray:
        """What every magnet takes up, (f, N or 1, 3), as in `absorbed`; unless it is in contact."""
        e, at, mu = self.elements, self._at, self._balance.amplitude
        m, B = e.columns["m"].fixed[self.magnets], self._links.B.fixed[at.spacer]
        pull = across(np.stack([m[1:], m[:-1]]), np.stack([m[:-1], m[1:]]))
        strength = B[:, None] * np.stack([mu[at.spacer + 1], mu[at.spacer]])
        on_left, on_right = strength[..., None] * pull[:, :, None]
        total = np.zeros((self.magnets.size, mu.shape[1], 3))
        total[:-1] = on_left
        total[1:] += on_right
        return total

    def efficiencies(self, magnet: int) -> tuple[FloatArray, FloatArray]:
        """Return g of a magnet and the next one, (N or 1,) each, from B of what is between them."""
        return self.coupled(magnet, self.coupling(magnet))

    def behind(self, magnet: int) -> Behind:
        """Return what lies between and behind a magnet and the next, in a single stack."""
        link = int(self._at.spacer[magnet])
        near, far = rods.loads(self.elements, self._at, self._links, self._turns, link)
        B, S_left, S_right = (float(column.of(link)) for column in self._links)
        return Behind(near, far, B, (S_left, S_right))

    def _link_conductance(self, link: int) -> FloatArray:
        return self.elements.flat(self._links.B.of(link))

    @cached_property
    def faces(self) -> Faces:
        """mu_s and j_s on both sides of all faces."""
        e, at, found = self.elements, self._at, self._balance
        points = (e.points,)
        relation = [
            Column(fixed, {k: angle[i] for k, angle in self._turns.varying.items()})
            for i, fixed in enumerate(self._turns.fixed)
        ]
        B, S_left, S_right = (column.dense(e.shape) for column in self._links)
        rod = self._rods
        left, right = rod[:-1].copy(), rod[1:]
        # the rod of a contact is along the magnet on its left, up to rounding along this one
        facing = self._turns.free.dense(e.shape) * self._turns.facing.dense(e.shape)
        left[at.own] = facing[at.own, ..., None] * e.m[self.magnets]
        mu_left, mu_right = found.amplitude[:-1], found.amplitude[1:]
        pull_left = (B * mu_right)[..., None] * across(right, left)
        pull_right = (B * mu_left)[..., None] * across(left, right)
        turned = B * relation[2].dense(e.shape)
        along_left = found.current_left + (S_left + turned) * mu_left
        along_right = found.current_right - (S_right + turned) * mu_right
        j_left = along_left[..., None] * left - pull_left
        j_right = along_right[..., None] * right + pull_right

        # between the layers of a run
        start, stop = at.face[:-1], at.face[1:]
        s_left, s_right = (column.dense(e.shape) for column in self._ports[1:])
        u = np.zeros((at.inside.size, *points, 3))
        J = np.zeros((at.inside.size - 1, *points, 3))
        u[at.face] = found.amplitude[..., None] * rod
        J[start] = j_left - S_left[..., None] * u[start]
        chain.recover(self._runs, u, J)
        inflow, outflow = J + s_left[..., None] * u[:-1], J - s_right[..., None] * u[1:]
        inflow[start], outflow[stop - 1] = j_left, j_right
        driven = e.p[..., None] * e.m
        inflow, outflow = inflow + driven, outflow + driven
        # a reservoir takes up whatever reaches it
        if e.reservoir[0]:
            outflow[0] = inflow[1]
        if e.reservoir[1]:
            inflow[-1] = outflow[-2]

        absorbed_left, absorbed_right = self._absorbed(pull_left, pull_right)
        k = self.magnets[:-1][at.contact]
        m_a, m_b = e.m[k], e.m[k + 1]
        absorbed_left[k + 1], absorbed_right[k + 1] = contact_absorption(
            m_a, m_b, (outflow[k] * m_a).sum(axis=-1), (inflow[k + 1] * m_b).sum(axis=-1)
        )
        return Faces(
            u[1:-1], u[1:-1], outflow[:-1], inflow[1:], absorbed_left[1:-1], absorbed_right[1:-1]
        )

    @cached_property
    def _rods(self) -> FloatArray:
        """Directions of the rods, (r + 1, N, 3); zero where mu_s = 0."""
        e, at = self.elements, self._at
        face = at.face[1:-1]
        rod = np.zeros((at.face.size, e.points, 3))
        rod[1:-1] = np.where(e.magnetic[face - 1, None, None], e.m[face - 1], e.m[face])
        rod *= self._turns.free.dense(e.shape)[..., None]
        return rod

    @cached_property
    def _runs(self) -> chain.Elimination:
        """All elements, without the faces between normal metals."""
        b, left, right = (column.dense(self.elements.shape) for column in self._ports)
        b, left, right = np.broadcast_arrays(b, left, right)
        return chain.eliminate(b, left, right, self._at.inside)

    def _absorbed(self, left: FloatArray, right: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Spread what the rods at the ends of links take up over all faces, (n + 3, N, 3)."""
        e, start, stop = self.elements, self._at.face[:-1], self._at.face[1:]
        absorbed_left, absorbed_right = np.zeros((2, self._at.inside.size, *left.shape[1:]))
        normal = ~e.magnetic[start]
        after = normal & np.append(False, e.magnetic)[start]
        before = normal & np.append(e.magnetic, False)[stop]
        absorbed_left[start[after]] = left[after]
        absorbed_right[stop[before]] = right[before]
        return absorbed_left, absorbed_right

    # --- dual fields ----------------------------------------------------------------------------

    precesses = False

    @property
    def at_faces(self) -> Field:
        """mu_s and j_s at the faces."""
        return Field(self.faces, {})

    def reversed(self) -> Field:
        """Return mu_s if all that precesses turned the other way round: the same."""
        return self.at_faces

    @cached_property
    def two_ports(self) -> tuple[Conductances, Conductances]:
        """Layers as two-ports, and their derivatives; see `two_ports`."""
        return two_ports(self.elements, self.counts, self.degree)

    def dual(self, jumps: Sequence[Jump]) -> list[Field]:
        """Return the fields in balance with some jumps; see `spinfem.results.duals`.

        Normal metals may see shifts across the rod at their face, ferromagnets along it. Currents
        are not formed.
        """
        return [self._balanced(jump) for jump in jumps]

    def dual_to_ring(self, magnet: int, on_right: bool) -> Field:
        """Return the field that is dual to m.mu_s at the left or the right face of a magnet."""
        force = np.zeros((self._at.face.size, self.elements.points))
        force[self._at.own[magnet] + on_right] = -1.0
        return self._responding(force, Jump({}, {}))

    def across_spacer(self, magnet: int) -> tuple[Field, Field]:
        """Return the fields, along x, of unit values at either face behind a magnet.

        They vanish outside of the spacer to the next magnet.
        """
        at, link = self._at, int(self._at.spacer[magnet])
        found = []
        for rod in (link, link + 1):
            u = np.zeros((at.inside.size, self.elements.points, 3))
            u[at.face[rod], :, 0] = 1.0
            chain.recover(self._runs, u)
            run = slice(int(at.face[link]), int(at.face[link + 1]) + 1)
            left, right = np.zeros((2, *u.shape))
            left[run.start + 1 : run.stop], right[run.start : run.stop - 1] = (
                u[run.start + 1 : run.stop],
                u[run.start : run.stop - 1],
            )
            none = np.broadcast_to(np.nan, left[1:-1].shape)
            found.append(Field(Faces(left[1:-1], right[1:-1], none, none, none, none), {}))
        return found[0], found[1]

    def coupling(self, magnet: int) -> FloatArray:
        """Return B of the spacer behind a magnet, (N or 1,), S/m2."""
        return self._link_conductance(int(self._at.spacer[magnet]))

    def _balanced(self, jump: Jump) -> Field:
        e, at, rod = self.elements, self._at, self._rods
        B = self._links.B.dense(e.shape)
        force = np.zeros((at.face.size, e.points))
        for face, shift in jump.right.items():
            link = int(np.searchsorted(at.face, face + 1))
            force[link + 1] += B[link] * (rod[link + 1] * shift).sum(axis=-1)
        for face, shift in jump.left.items():
            link = int(np.searchsorted(at.face, face + 1)) - 1
            force[link] += B[link] * (rod[link] * shift).sum(axis=-1)
        return self._responding(force, jump)

    def _responding(self, force: FloatArray, jump: Jump) -> Field:
        """Return the field under forces on the rods, and with jumps."""
        e, at, rod = self.elements, self._at, self._rods
        _, S_left, S_right = self._links
        amplitude = rods.respond(self._links, self._turns, e.shape, force)
        rings = np.zeros((at.inside.size, e.points, 3))
        rings[at.face] = amplitude[..., None] * rod
        u, own = rings.copy(), []
        for on_left, side in enumerate((jump.right, jump.left)):
            for face, shift in side.items():
                magnetic = e.magnetic[face if on_left else face + 1]
                if magnetic:
                    own.append((on_left, face, shift))
                else:
                    u[face + 1] += shift
        chain.recover(self._runs, u)
        magnetic = e.magnetic[:, None, None]
        left = np.where(magnetic[:-1], rings[1:-1], u[1:-1])
        right = np.where(magnetic[1:], rings[1:-1], u[1:-1])
        for on_left, face, shift in own:
            (left if on_left else right)[face] += shift
        start, stop = at.face[:-1], at.face[1:]
        B = self._links.B.dense(e.shape)
        stiff_left, stiff_right = (B + S.dense(e.shape) for S in (S_left, S_right))
        pulls = [
            B[..., None] * u[stop] - stiff_left[..., None] * (u - rings)[start],
            B[..., None] * u[start] - stiff_right[..., None] * (u - rings)[stop],
        ]
        pulls = [
            v - (v * m).sum(axis=-1)[..., None] * m
            for v, m in zip(pulls, (rod[:-1], rod[1:]), strict=True)
        ]
        absorbed = self._absorbed(*pulls)
        none = np.broadcast_to(np.nan, left.shape)
        return Field(Faces(left, right, none, none, absorbed[0][1:-1], absorbed[1][1:-1]), {})

    # --- fields ---------------------------------------------------------------------------------

    def make_field(self, layer: int) -> ElementField:
        """Recover the field inside one layer from its faces."""
        count = int(self.counts[layer])
        return uniform_field(self.elements, self.faces, layer, count, self.degree)


def uniform_field(e: Elements, faces: Faces, layer: int, n: int, degree: int) -> ElementField:
    """Recover the field inside a uniform layer of n elements from its faces."""
    k = layer + 1
    z = e.thickness[layer] / e.l[k]
    own = e.nodes.get(k)
    condensed = twoport.condense(z, n, degree, own=own)
    u = np.zeros((len(condensed.eta) + 1, *faces.potential_right.shape[1:]))
    u[0], u[-1] = faces.potential_right[layer], faces.potential_left[layer + 1]
    chain.recover(condensed.elements, u)
    inner = element.bubbles(condensed.eta[..., None], u[:-1], u[1:], degree)
    kappa_d = z * e.D[k] / (2 * e.l[k])
    nodes = mesh.layer_nodes(z, n, own)
    return element_field(nodes, u, inner, kappa_d, faces.current_right[layer])


def element_counts(e: Elements, count: int | None) -> IntArray:
    """Return the number of elements of every layer, shape (n,): `count`, or what it needs.

    That of a layer with nodes of its own means nothing.
    """
    return _counts_needed(e) if count is None else np.full(e.magnetic.size - 2, count)


@remembered
def _counts_needed(e: Elements) -> IntArray:
    z = _thickness(e)
    largest = z.fixed[1:-1].copy()
    for k, values in z.varying.items():
        largest[k - 1] = values.max()
    return mesh.elements_for(largest)


def _blocks(counts: IntArray) -> Iterator[IntArray]:
    """Yield numbers of elements whose layers are condensed together, and stay in the cache."""
    for n in np.unique(counts):
        which = 1 + np.flatnonzero(counts == n)
        yield from np.array_split(which, -(-which.size // rods.BLOCK))


def _thickness(e: Elements) -> Column:
    """d/l of every element; that of the ends means nothing."""
    d, l = e.columns["thickness"], e.columns["l"]
    changing = {*d.varying, *l.varying} - {0, e.magnetic.size - 1}
    return Column(d.fixed / l.fixed, {k: np.asarray(d.of(k) / l.of(k)) for k in changing})


def condense(e: Elements, counts: IntArray, degree: int) -> rods.Links:
    """Condense every layer to its faces; a lead is a spring to the ground. In S/m2."""
    D, l, d, z = e.columns["D"], e.columns["l"], e.columns["thickness"], _thickness(e)
    B, S = Column(D.fixed / (2 * d.fixed), {}), Column(np.zeros_like(D.fixed), {})
    for which in _blocks(counts):
        n = int(counts[which[0] - 1])
        layers = twoport.condense(z.fixed[which], n, degree)
        S.fixed[which] = B.fixed[which] * layers.S
        B.fixed[which] *= layers.B
    for k in {*D.varying, *z.varying} - {0, e.magnetic.size - 1}:
        values = np.asarray(z.of(k))
        layer = twoport.condense(values.ravel(), int(counts[k - 1]), degree)
        unit = D.of(k) / (2 * d.of(k))
        B.varying[k] = unit * layer.B.reshape(values.shape)
        S.varying[k] = unit * layer.S.reshape(values.shape)
    for k in (0, e.magnetic.size - 1):
        B.fixed[k] = D.fixed[k] / (2 * l.fixed[k])
        if k in D.varying or k in l.varying:
            B.varying[k] = D.of(k) / (2 * l.of(k))
            S.varying[k] = np.zeros(())
    ports = rods.Links(B, S, S)
    return _with_own_nodes(ports, e, z, degree) if e.nodes else ports


Conductances = tuple[FloatArray, FloatArray, FloatArray]
"""B, S_left and S_right of all layers, (n, N or 1), S/m2."""


def two_ports(e: Elements, counts: IntArray, degree: int) -> tuple[Conductances, Conductances]:
    """Return uniform layers as two-ports, and their derivatives with ``ln (d/l)^2``."""
    unit = e.D[1:-1] / (2 * e.thickness)
    z = e.thickness / e.l[1:-1]
    found = np.empty((6, *z.shape))
    own = np.isin(np.arange(len(z)) + 1, list(e.nodes))
    groups: list[tuple[int, IntArray, FloatArray | None]] = [
        (int(n), np.flatnonzero((counts == n) & ~own), None) for n in np.unique(counts[~own])
    ]
    groups += [(0, np.array([k - 1]), nodes) for k, nodes in e.nodes.items()]
    for n, which, nodes in groups:
        part = z[which].ravel()
        layers = twoport.condense(part, n, degree, own=nodes)
        slopes = twoport.slopes(layers, mesh.widths(part, n, nodes), degree)
        values = (layers.B, layers.S, layers.S_right, *(part**2 * x for x in slopes))
        found[:, which] = np.reshape(values, (6, *z[which].shape))
    found = found * unit
    return (found[0], found[1], found[2]), (found[3], found[4], found[5])


def _with_own_nodes(ports: rods.Links, e: Elements, z: Column, degree: int) -> rods.Links:
    """Replace layers that come with nodes, on which the shunts at the two faces may differ."""
    D, d = e.columns["D"], e.columns["thickness"]
    B, S_left, S_right = (Column(c.fixed.copy(), dict(c.varying)) for c in ports)
    for k, nodes in e.nodes.items():
        values = np.asarray(z.of(k))
        layer = twoport.condense(values.ravel(), 0, degree, own=nodes)
        unit = D.of(k) / (2 * d.of(k))
        for column, part in ((B, layer.B), (S_left, layer.S), (S_right, layer.S_right)):
            found = unit * part.reshape(values.shape)
            column.fixed[k] = found.flat[0]
            if k in column.varying:
                column.varying[k] = found
    return rods.Links(B, S_left, S_right)
