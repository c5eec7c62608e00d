r"""The condensed path for any stack: resistive interfaces, exchange lengths, graded layers.

The chain of `spinfem.network` is solved for the rings, eqs. (9) with blocks of 3 by 3; the
residual of the balance is then formed from differences of neighbouring potentials, and what it
asks for is added in twice the digits of a double. Stacks of nothing but transparent faces, uniform
metals and strong ferromagnets take `spinfem.condensed`, where every ring has one amplitude.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import chain, graded, interfaces, mesh, twoport, vectorchain
from ._checks import FloatArray
from .condensed import element_counts, uniform_field
from .elements import Elements
from .fields import ElementField, LayerField, element_field
from .interfaces import Faces
from .network import (
    Network,
    Spring,
    absorption,
    across_mesh,
    apply,
    blocks,
    condense_layers,
    cut,
    network,
    projectors,
    share_of_exchange,
)
from .transport import Transport

BLOCK = 1024
"""Points of a batch that are solved together."""
REFINEMENTS = 1


class Ports(NamedTuple):
    """All two-ports of a network at some points, as matrices of shape (k, N, 3, 3)."""

    B: FloatArray
    S_left: FloatArray
    S_right: FloatArray
    drive_left: FloatArray  # (k, N, 3) j_s/j0 through the left end, without mu_s
    drive_right: FloatArray


class Rings(NamedTuple):
    """A solved network at some points."""

    potential: FloatArray  # (k + 1, N, 3) of all nodes
    flow_left: FloatArray  # (k, N, 3) j_s through the left end of every two-port
    flow_right: FloatArray


def balance(net: Network, points: slice, lift: dict[int, FloatArray] | None = None) -> Rings:
    """Balance the forces on all rings, per unit j0.

    Parameters
    ----------
    net : Network
        The stack.
    points : slice
        Which points of the batch.
    lift : dict, optional
        Nodes that are lifted off their rods by so much, (N, 3), without a current j0.
    """
    width = points.stop - points.start
    ports = _ports(net, points, width)
    P = projectors(net, points)
    springs = {
        node: np.broadcast_to(_pull(s, points), (width, 3, 3)) for node, s in net.springs.items()
    }
    B = ports.B
    diagonal = ports.S_right[:-1] + B[:-1] + ports.S_left[1:] + B[1:]
    for node, pull in springs.items():
        diagonal[node - 1] += pull
    hold = np.eye(3) - P
    lower, upper = P[1:] @ -B[1:-1] @ P[:-1], P[:-1] @ -B[1:-1] @ P[1:]
    factors = vectorchain.factor(P @ diagonal @ P + hold * _scale(diagonal), lower, upper)

    whole = np.zeros((len(net.segments) + 1, width, 3))
    if lift is not None:
        ports = ports._replace(drive_left=0 * ports.drive_left, drive_right=0 * ports.drive_right)
        for node, way in lift.items():
            whole[node] = way
    rest = np.zeros_like(whole)
    flows = _flows(ports, whole, rest)
    for step in range(1 + REFINEMENTS):
        residual = flows[1][:-1] - flows[0][1:]
        for node, pull in springs.items():
            residual[node - 1] -= apply(pull, whole[node] + rest[node])
        found = vectorchain.solve(factors, apply(P, residual))
        (whole if step == 0 else rest)[1:-1] += found
        flows = _flows(ports, whole, rest)
    return Rings(whole + rest, *flows)


def _scale(diagonal: FloatArray) -> FloatArray:
    """A number of the size of every block, shape (k, N, 1, 1), so that no inverse overflows."""
    size = np.abs(diagonal).max(axis=(-2, -1), keepdims=True)
    return np.where(size > 0, size, 1.0)


def _pull(spring: Spring, points: slice) -> FloatArray:
    G, m = cut(spring.G, points), cut(spring.m, points)
    return blocks(np.zeros(G.shape), G, m)


def _ports(net: Network, points: slice, width: int) -> Ports:
    def gather(columns: Iterable[NDArray[Any]]) -> NDArray[Any]:
        values = [cut(column, points) for column in columns]
        if width == 1:
            return np.array(values)
        return np.array([np.broadcast_to(v, (width, *v.shape[1:])) for v in values])

    segments = net.segments
    m = gather(s.m for s in segments)
    parts = [
        blocks(gather(s.along[i] for s in segments), gather(s.across[i] for s in segments), m)
        for i in range(3)
    ]
    drives = [gather(s.source[i] for s in segments)[..., None] * m for i in range(2)]
    return Ports(*parts, *drives)


def _flows(ports: Ports, whole: FloatArray, rest: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the spin currents through both ends of every two-port."""
    u = whole + rest
    drop = (whole[:-1] - whole[1:]) + (rest[:-1] - rest[1:])
    through = apply(ports.B, drop)
    left = ports.drive_left + through + apply(ports.S_left, u[:-1])
    right = ports.drive_right + through - apply(ports.S_right, u[1:])
    return left, right


class General(Transport):
    """Any stack solved on the condensed path, per unit j0.

    Parameters
    ----------
    elements : Elements
        The stack's numbers.
    degree : int
        Degree of the elements.
    count : int or None
        Number of elements of every layer; None for what the default accuracy takes.
    """

    def __init__(self, elements: Elements, degree: int, count: int | None) -> None:
        super().__init__(elements)
        self.counts = element_counts(elements, count)
        self._degree, self._count = degree, count
        self._layers = condense_layers(elements, degree, count)
        self._network = network(elements, self.counts, degree, self._layers)
        found = [self._solve(block) for block in _parts(elements.points)]
        self._faces = Faces(
            *(np.concatenate(a, axis=1) for a in zip(*(f for f, _, _ in found), strict=True))
        )
        self._volume = np.concatenate([volume for _, volume, _ in found], axis=1)
        self._inner = {
            k: np.concatenate([inner[k] for _, _, inner in found], axis=1)
            for k in self._layers.graded
        }

    @property
    def faces(self) -> Faces:
        """mu_s and j_s on both sides of all faces."""
        return self._faces

    def _solve(self, points: slice) -> tuple[Faces, FloatArray, dict[int, FloatArray]]:
        """Solve some points: faces, what magnets absorb inside, nodes of graded layers."""
        e, net = self.elements, self._network
        rings = balance(net, points)
        u, inflow, outflow = rings.potential, rings.flow_left, rings.flow_right
        # of every element: j_s through its left and its right face
        entering, leaving = inflow[net.first], outflow[net.last]
        current_left, current_right = leaving[:-1].copy(), entering[1:].copy()
        absorbed_left, absorbed_right = np.zeros((2, *current_left.shape))
        for face in range(len(current_left)):
            magnets = [k for k in (face, face + 1) if e.strong[k]]
            taken = self._taken(net, rings, face, points)
            if len(magnets) == 2 and e.joints[face] is None:
                m_a, m_b = (cut(e.m[k], points) for k in magnets)
                j_a = np.einsum("...i,...i->...", current_left[face], m_a)
                j_b = np.einsum("...i,...i->...", current_right[face], m_b)
                shares = interfaces.contact_absorption(m_a, m_b, j_a, j_b)
                absorbed_left[face], absorbed_right[face] = shares
            elif magnets == [face]:
                absorbed_left[face] = taken
            elif magnets == [face + 1]:
                absorbed_right[face] = taken
        for end, beyond, inside in (
            (0, current_left, current_right),
            (-1, current_right, current_left),
        ):
            if e.reservoir[end]:
                beyond[end] = inside[end]
                absorbed_left[end] = absorbed_right[end] = 0.0
        volume = np.zeros((e.magnetic.size, u.shape[1], 3))
        for k in e.lengths:
            port = int(net.first[k])
            m = cut(e.m[k], points)
            share = cut(share_of_exchange(e, k), points)
            for shunt, node in zip(net.segments[port].across[1:], (port, port + 1), strict=True):
                taken = share * cut(shunt, points)
                volume[k] += apply(blocks(np.zeros(taken.shape), taken, m), u[node])
        graded_nodes = {k: u[net.first[k] : net.last[k] + 2] for k in self._layers.graded}
        potential_left, potential_right = u[net.left], u[net.right]
        for face in np.flatnonzero(net.left == net.right).tolist():
            if net.left[face] in net.springs:  # one ring, off the rod: mu_s across m jumps
                on_left = bool(e.magnetic[face])
                m = cut(e.m[face if on_left else face + 1], points)
                inside = potential_left if on_left else potential_right
                inside[face] = np.einsum("...i,...i->...", inside[face], m)[..., None] * m
        faces = Faces(
            potential_left,
            potential_right,
            current_left,
            current_right,
            absorbed_left,
            absorbed_right,
        )
        return faces, volume, graded_nodes

    def _taken(self, net: Network, rings: Rings, face: int, points: slice) -> FloatArray:
        """What the rods at a face take up of the spin current, shape (N, 3)."""
        total = np.zeros(rings.potential.shape[1:])
        for node in {int(net.left[face]), int(net.right[face])}:
            if node in net.held:
                continue
            if node in net.springs:
                total += apply(_pull(net.springs[node], points), rings.potential[node])
                continue
            rods = [net.segments[k].m for k in (node - 1, node) if net.segments[k].strong]
            if rods:
                m = cut(rods[0], points)
                jump = rings.flow_right[node - 1] - rings.flow_left[node]
                total += jump - np.einsum("...i,...i->...", jump, m)[..., None] * m
        return total

    # --- fields ---------------------------------------------------------------------------------

    def make_field(self, layer: int) -> LayerField:
        """Recover the field inside one layer."""
        k = layer + 1
        if k in self._layers.graded:
            e, part = self.elements, self._layers.graded[k]
            inflow = self.faces.current_right[layer]
            potential = graded.recover(part, self._inner[k], e.m[k])
            return graded.graded_field(
                e.graded[k], part.nodes, potential, e.thickness[layer], e.m[k], inflow
            )
        count = int(self.counts[layer])
        field = uniform_field(self.elements, self.faces, layer, count, self._degree)
        if k not in self._layers.across:
            return field
        m = np.broadcast_to(self.elements.m[k], (self.elements.points, 3))
        along = m[:, :, None] * m[:, None, :]
        return SumField(
            field._replace(potential=along @ field.potential, current=along @ field.current),
            self._across_field(k, m),
        )

    def _across_field(self, k: int, m: FloatArray) -> ElementField:
        """Field across m with exchange lengths: one complex amplitude."""
        e, faces, layer, condensed = self.elements, self.faces, k - 1, self._layers.across[k]
        frame = np.stack(_axes(m), axis=1)
        left, right = (
            np.einsum("pij,pj->ip", frame, v)
            for v in (faces.potential_right[layer], faces.potential_left[k])
        )
        z, n = across_mesh(e, k, self._count)
        u = np.zeros((len(condensed.eta) + 1, e.points), dtype=complex)
        u[0], u[-1] = left[0] + 1j * left[1], right[0] + 1j * right[1]
        chain.recover(condensed.elements, u)
        inner = twoport.bubbles(condensed.eta, u[:-1], u[1:], self._degree)
        pairs = np.stack([u.real, u.imag], axis=2), np.stack([inner.real, inner.imag], axis=2)
        values = np.einsum("epi,pij->epj", pairs[0], frame)
        bubbles = np.einsum("epib,pij->epjb", pairs[1], frame)
        own, other = (np.broadcast_to(e.thickness[layer] * x, e.points) for x in absorption(e, k))
        inflow = faces.current_right[layer]
        inflow = inflow - np.einsum("pi,pi->p", inflow, m)[:, None] * m
        nodes = mesh.layer_nodes(z, n, e.nodes.get(k))
        return element_field(nodes, values, bubbles, blocks(own, other, m), inflow)


class SumField(NamedTuple):
    """The sum of two fields on meshes of their own; a `fields.LayerField`."""

    along: ElementField
    across: ElementField

    def samples(self) -> FloatArray:
        """Return positions at which both are well represented."""
        one, two = self.along.samples(), self.across.samples()
        points = max(one.shape[1], two.shape[1])
        both = [np.broadcast_to(a, (len(a), points)) for a in (one, two[1:-1])]
        return np.sort(np.concatenate(both), axis=0)

    def evaluate(self, xi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mu_s/j0 and j_s/j0 at positions xi."""
        one, two = self.along.evaluate(xi), self.across.evaluate(xi)
        return one[0] + two[0], one[1] + two[1]


def _axes(m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return two unit vectors across m, shape (N, 3), that make a right-handed frame with it."""
    least = np.eye(3)[np.abs(m).argmin(axis=1)]
    first = np.cross(m, least)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    return first, np.cross(m, first)


def _parts(points: int) -> list[slice]:
    return [slice(i, min(i + BLOCK, points)) for i in range(0, points, BLOCK)]
