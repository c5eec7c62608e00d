r"""The condensed path for any stack: resistive interfaces, exchange lengths, graded layers.

The rings of the network are balanced (`rings`), and what happens at faces and inside layers
is read off them. Stacks of nothing but transparent faces, uniform metals and strong ferromagnets
take `spinfem.solvers.condensed`, where every ring has one amplitude.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .._checks import FloatArray
from ..fem import element, graded, mesh, twoport
from ..fem.fields import ElementField, LayerField, element_field
from ..numerics import chain
from ..physics.contact import contact_absorption
from .condensed import Conductances, element_counts, two_ports, uniform_field
from .elements import Elements
from .faces import Faces
from .network import (
    Network,
    absorption,
    across_mesh,
    apply,
    blocks,
    condense_layers,
    cut,
    network,
    share_of_exchange,
)
from .rings import Balance, Rings, Shift, spring_matrix
from .transport import Field, Jump, Transport

BLOCK = 1024
"""Points of a batch that are solved together."""


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
        self.degree, self._count = degree, count
        self._layers = condense_layers(elements, degree, count)
        self._network = network(elements, self.counts, degree, self._layers)
        (self.at_faces,) = self._balanced([None])

    @property
    def faces(self) -> Faces:
        """mu_s and j_s on both sides of all faces."""
        return self.at_faces.faces

    @cached_property
    def two_ports(self) -> tuple[Conductances, Conductances]:
        """Uniform layers as two-ports along m, and their derivatives; see `condensed.two_ports`."""
        return two_ports(self.elements, self.counts, self.degree)

    def graded_layer(self, k: int) -> graded.GradedLayer:
        """Return what element k, graded, is condensed to."""
        return self._layers.graded[k]

    def across(self, k: int) -> tuple[twoport.LayerChain, FloatArray]:
        """Return what element k, with exchange lengths, is across m, and its elements' widths."""
        z, n = across_mesh(self.elements, k, self._count)
        return self._layers.across[k], mesh.widths(z, n, self.elements.nodes.get(k))

    def dual(self, jumps: Sequence[Jump]) -> list[Field]:
        """Return the fields in balance with some jumps, all that precesses turning the other way.

        See `spinfem.results.duals`.
        """
        return self._balanced(jumps, transposed=True)

    def reversed(self) -> Field:
        """Return mu_s if all that precesses turned the other way round."""
        if not self.precesses:
            return self.at_faces
        (found,) = self._balanced([None], transposed=True)
        return found

    @property
    def precesses(self) -> bool:
        """Whether spins precess anywhere: about m, by lambda_J or an imaginary mixing."""
        e = self.elements
        exchange = any(np.isfinite(lambda_J).any() for lambda_J, _ in e.lengths.values())
        return exchange or any(np.imag(s.G).any() for s in self._network.springs.values())

    def _balanced(self, jumps: Sequence[Jump | None], transposed: bool = False) -> list[Field]:
        """Balance all rings: by j0 = 1, or by jumps and no current."""
        found: list[list[Field]] = [[] for _ in jumps]
        for points in _parts(self.elements.points):
            balance = Balance(self._network, points, transposed)
            for parts, jump in zip(found, jumps, strict=True):
                parts.append(self._at_faces(balance.solve(self._shift(jump, points)), jump, points))
        return [join(parts) for parts in found]

    def _shift(self, jump: Jump | None, points: slice) -> Shift | None:
        """Return how the two-ports see a jump."""
        if jump is None:
            return None
        net = self._network
        shift = Shift(*np.zeros((2, len(net.segments), points.stop - points.start, 3)))
        for face, value in jump.left.items():
            shift.right[net.last[face]] = cut(value, points)
        for face, value in jump.right.items():
            shift.left[net.first[face + 1]] = cut(value, points)
        return shift

    def _at_faces(self, rings: Rings, jump: Jump | None, points: slice) -> Field:
        """Read a field off the rings."""
        e, net = self.elements, self._network
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
                shares = contact_absorption(m_a, m_b, j_a, j_b)
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
        potential_left, potential_right = u[net.left], u[net.right]
        for face in np.flatnonzero(net.left == net.right).tolist():
            if net.left[face] in net.springs:  # one ring, off the rod: mu_s across m jumps
                on_left = bool(e.magnetic[face])
                m = cut(e.m[face if on_left else face + 1], points)
                inside = potential_left if on_left else potential_right
                inside[face] = np.einsum("...i,...i->...", inside[face], m)[..., None] * m
        if jump is not None:
            for side, values in zip((potential_left, potential_right), jump, strict=True):
                for face, value in values.items():
                    side[face] += cut(value, points)
        faces = Faces(
            potential_left,
            potential_right,
            current_left,
            current_right,
            absorbed_left,
            absorbed_right,
        )
        inner = {}
        for k in self._layers.graded:
            inner[k] = u[net.first[k] : net.last[k] + 2].copy()
            inner[k][0], inner[k][-1] = potential_right[k - 1], potential_left[k]
        return Field(faces, inner)

    @cached_property
    def volume(self) -> FloatArray | None:
        """What ferromagnets with exchange lengths absorb inside, (n + 2, N, 3)."""
        e, net, faces = self.elements, self._network, self.faces
        if not e.lengths:
            return None
        total = np.zeros((e.magnetic.size, e.points, 3))
        for k in e.lengths:
            share, m = share_of_exchange(e, k), e.m[k]
            _, left, right = net.segments[int(net.first[k])].across
            for shunt, face, side in (
                (left, k - 1, faces.potential_right),
                (right, k, faces.potential_left),
            ):
                if 0 <= face < len(side):
                    taken = share * shunt
                    total[k] += apply(blocks(np.zeros(taken.shape), taken, m), side[face])
        return total

    def _taken(self, net: Network, rings: Rings, face: int, points: slice) -> FloatArray:
        """What the rods at a face take up of the spin current, shape (N, 3)."""
        total = np.zeros(rings.potential.shape[1:])
        for node in {int(net.left[face]), int(net.right[face])}:
            if node in net.held:
                continue
            if node in net.springs:
                total += apply(spring_matrix(net.springs[node], points), rings.potential[node])
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
        return self.inside(layer, self.at_faces)

    def inside(
        self, layer: int, at: Field, *, driven: bool = True, turned: bool = False
    ) -> LayerField:
        """Recover a field inside one layer from its faces.

        Parameters
        ----------
        layer : int
            Number of the layer.
        at : Field
            The field at the faces.
        driven : bool
            Whether a current drives it.
        turned : bool
            Whether all that precesses turns the other way round.
        """
        e, k = self.elements, layer + 1
        inflow = at.faces.current_right[layer]
        if k in self._layers.graded:
            part = self._layers.graded[k]
            potential = graded.recover(part, at.inner[k], e.m[k] if driven else np.zeros((1, 3)))
            return graded.graded_field(
                e.graded[k], part.nodes, potential, e.thickness[layer], e.m[k], inflow
            )
        field = uniform_field(e, at.faces, layer, int(self.counts[layer]), self.degree)
        if k not in self._layers.across:
            return field
        m = np.broadcast_to(e.m[k], inflow.shape)
        along = m[:, :, None] * m[:, None, :]
        return SumField(
            field._replace(potential=along @ field.potential, current=along @ field.current),
            self._across_field(k, m, at.faces, turned),
        )

    def _across_field(self, k: int, m: FloatArray, faces: Faces, turned: bool) -> ElementField:
        """Field across m with exchange lengths: one complex amplitude."""
        e, layer, condensed = self.elements, k - 1, self._layers.across[k]
        first, second = _axes(m)
        frame = np.stack([first, -second if turned else second], axis=1)
        left, right = (
            np.einsum("pij,pj->ip", frame, v)
            for v in (faces.potential_right[layer], faces.potential_left[k])
        )
        z, n = across_mesh(e, k, self._count)
        u = np.zeros((len(condensed.eta) + 1, len(m)), dtype=complex)
        u[0], u[-1] = left[0] + 1j * left[1], right[0] + 1j * right[1]
        chain.recover(condensed.elements, u)
        inner = element.bubbles(condensed.eta, u[:-1], u[1:], self.degree)
        pairs = np.stack([u.real, u.imag], axis=2), np.stack([inner.real, inner.imag], axis=2)
        values = np.einsum("epi,pij->epj", pairs[0], frame)
        bubbles = np.einsum("epib,pij->epjb", pairs[1], frame)
        own, other = (np.broadcast_to(e.thickness[layer] * x, len(m)) for x in absorption(e, k))
        inflow = faces.current_right[layer]
        inflow = inflow - np.einsum("pi,pi->p", inflow, m)[:, None] * m
        nodes = mesh.layer_nodes(z, n, e.nodes.get(k))
        lost = blocks(own, other.conj() if turned else other, m)
        return element_field(nodes, values, bubbles, lost, inflow)


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


def join(parts: list[Field]) -> Field:
    """Put the points of a batch together again."""
    if len(parts) == 1:
        return parts[0]
    faces = zip(*(part.faces for part in parts), strict=True)
    return Field(
        Faces(*(np.concatenate(a, axis=1) for a in faces)),
        {k: np.concatenate([part.inner[k] for part in parts], axis=1) for k in parts[0].inner},
    )


def _parts(points: int) -> list[slice]:
    return [slice(i, min(i + BLOCK, points)) for i in range(0, points, BLOCK)]
