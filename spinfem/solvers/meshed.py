"""The layers of a stack by finite elements: their two-ports, and the fields inside them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, IntArray
from ..fem import element, graded, mesh, twoport
from ..fem.fields import ElementField, LayerField, SumField, element_field
from ..numerics import chain, kernels
from ..numerics.links import Port
from ..physics.bulk import stiffness, total_conductivity
from ..physics.directions import axes_across, tensor
from ..physics.exchange import across_rate
from .elements import Column, Elements
from .ports import (
    Columns,
    ComplexArray,
    Three,
    about_axis,
    absorption,
    across_conductance,
    exchange_rate,
)
from .transport import Field

# A layer of at most so many diffusion lengths takes 1, 2, 4, 8 elements, beyond 16: the best
# polynomial of degree 12 on an element of h diffusion lengths misses exp(-x/l) by 2 (h/4)^13/13!
# = 4e-14 at h = 2. The grading keeps that up to any thickness, with 8 elements a side.
_LIMITS = np.array([2.0, 4.0, 8.0, 16.0])

BLOCK = 4096
"""Layers that are condensed together, so that their arrays stay in the cache."""


Conductances = tuple[FloatArray, FloatArray, FloatArray]
"""B, S_left and S_right of all layers, (n, N or 1), S/m2."""
Count = int | tuple[int, ...] | None
"""Numbers of finite elements: one for all layers, one for each, or what they need."""


@dataclass(frozen=True, eq=False)
class Meshed:
    """The layers of a stack on meshes; a `ports.Bulk`.

    Parameters
    ----------
    e : Elements
        The stack's numbers.
    degree : int
        Degree of the finite elements.
    count : int, tuple of int, or None
        Number of finite elements of every layer, or of each; None for what the default accuracy
        takes.
    """

    e: Elements
    degree: int
    count: Count

    @property
    def key(self) -> Any:
        """Of equal value for what makes the same two-ports of the same elements."""
        return self.degree, self.count

    @cached_property
    def graded(self) -> dict[int, graded.GradedLayer]:
        """The graded layers."""
        e, found = self.e, {}
        for k, metal in e.graded.items():
            d, nodes = e.flat(e.columns["thickness"].of(k)), e.nodes.get(k)
            if nodes is None:
                count = count_of(self.count, k)
                steepest = float(np.max(d * np.sqrt(e.absorbing(k)).real))
                nodes = graded.nodes_for(metal, steepest, self.degree, count)
            found[k] = graded.condense(metal, d, nodes, self.degree, e.absorbing(k))
        return found

    @cached_property
    def counts(self) -> IntArray:
        """Number of finite elements of every layer, (n,)."""
        return element_counts(self.e, self.count)

    def along(self) -> Columns:
        """Return the two-ports of all elements along m."""
        columns, counts = self.e.columns, self.counts
        if not self.e.nodes and not any(columns[name].varying for name in ("D", "l", "thickness")):
            metals = np.array([columns[name].fixed for name in ("D", "l", "thickness", "p")])
            fast = kernels.kernels(10 * counts.size, like=metals)
            if fast is not None:
                made = np.empty((5, counts.size + 2))
                fast.condense(metals, counts, element.modes_of(self.degree), made)
                shunt = Column(made[1], {})
                return Columns(Column(made[0], {}), shunt, shunt)
        return condense(self.e, counts, self.degree)

    @cached_property
    def two_ports(self) -> tuple[Conductances, Conductances]:
        """Return uniform layers as two-ports, and their derivatives with ``ln (d/l)^2``."""
        e, counts, degree = self.e, self.counts, self.degree
        unit = e.D[1:-1] / (2 * e.thickness)
        z = e.thickness / e.l[1:-1]
        found = np.empty((6, *z.shape), dtype=e.dtype)
        own = np.isin(np.arange(len(z)) + 1, list(e.nodes))
        groups: list[tuple[int, IntArray, FloatArray | None]] = [
            (int(n), np.flatnonzero((counts == n) & ~own), None) for n in np.unique(counts[~own])
        ]
        groups += [(0, np.array([k - 1]), nodes) for k, nodes in e.nodes.items()]
        for n, which, nodes in groups:
            part = z[which].ravel()
            layers = twoport.condense(part.real, n, degree, part**2, nodes)
            slopes = twoport.slopes(layers, mesh.widths(part.real, n, nodes), degree)
            values = (layers.B, layers.S, layers.S_right, *(part**2 * x for x in slopes))
            found[:, which] = np.reshape(values, (6, *z[which].shape))
        found = found * unit
        return (found[0], found[1], found[2]), (found[3], found[4], found[5])

    @cached_property
    def two_ports_across(self) -> dict[tuple[int, int], tuple[ComplexArray, ComplexArray]]:
        """Return layers with exchange lengths as two-ports across m, by element and sense.

        B, S_left and S_right, S/m2, and their derivatives with ``(d/l_perp)^2``, (3, N or 1) each.
        """
        e, found = self.e, {}
        inner = (k for k in e.lengths if 0 < k < e.magnetic.size - 1)
        for k, sense in itertools.product(inner, e.senses):
            layer, widths = self.across_layer(k, sense)
            unit = across_conductance(e, k) / e.flat(e.columns["thickness"].of(k))
            ports = np.array([layer.B, layer.S, layer.S_right])
            slopes = np.array(twoport.slopes(layer, widths, self.degree))
            found[k, sense] = unit * ports, unit * slopes
        return found

    def across(self, elements: Sequence[int], sense: int = 1) -> list[Three]:
        """Return the two-ports of layers across m, complex, shape (N or 1,) each.

        Layers of the same number of finite elements are condensed together.
        """
        e = self.e
        fast = kernels.kernels(20 * len(elements), like=e.columns["l"].fixed)
        if fast is not None and not e.nodes and not (e.shape and self._varies(elements)):
            return self._across_at_once(elements, fast)
        found: dict[int, Three] = {}
        groups: dict[int, list[int]] = {}
        meshes = {k: across_mesh(e, k, self.count) for k in elements}
        for k, (_, n) in meshes.items():
            groups.setdefault(-k if k in e.nodes else n, []).append(k)
        for group in groups.values():
            n, own = meshes[group[0]][1], e.nodes.get(group[0])
            z: list[FloatArray] = []
            square: list[FloatArray] = []
            unit: list[FloatArray] = []
            for k in group:
                d = e.flat(e.columns["thickness"].of(k))
                rate = exchange_rate(e, k, sense)
                values = (meshes[k][0], d**2 * rate, across_conductance(e, k) / d)
                same = np.broadcast_arrays(*values)
                for target, value in zip((z, square, unit), same, strict=True):
                    target.append(value)
            sizes = np.cumsum([len(part) for part in z])[:-1]
            ports = _faces(e, np.concatenate(z), n, self.degree, np.concatenate(square), own)
            scale = np.concatenate(unit)
            parts = (np.split(scale * x, sizes) for x in ports)
            found.update(zip(group, zip(*parts, strict=True), strict=True))
        return [found[k] for k in elements]

    def on(self, e: Elements) -> Meshed:
        """Return the layers of another stack, meshed as these."""
        return replace(self, e=e)

    def _numbers_across(self) -> tuple[Column, ...]:
        """D, l, p, beta_D and thicknesses."""
        D, l, p, d = (self.e.columns[name] for name in ("D", "l", "p", "thickness"))
        return D, l, p, self.e.diffusion_column, d

    def _varies(self, elements: Sequence[int]) -> bool:
        columns = self._numbers_across()
        return any(k in column.varying for column in columns for k in elements) or any(
            np.ndim(length) for k in elements for length in self.e.lengths[k]
        )

    def _across_at_once(self, elements: Sequence[int], fast: Any) -> list[Three]:
        """Condense layers that do not vary in one compiled call."""
        which = list(elements)
        D, l, p, beta_D, d = (column.fixed[which] for column in self._numbers_across())
        lengths = np.array([self.e.lengths[k] for k in which]).T
        rate = across_rate(l, p, beta_D, *lengths)
        z = d * np.sqrt(rate).real
        counts = elements_for(z) if self.count is None else self.counts[np.array(which) - 1]
        made = np.empty((2, len(which)), dtype=complex)
        fast.condense_across(z, d**2 * rate, counts, element.modes_of(self.degree), made)
        made *= total_conductivity(D, p, beta_D) / (2 * d)
        return [(B, S, S) for B, S in zip(*made[:, :, None], strict=True)]

    def across_layer(self, k: int, sense: int = 1) -> tuple[twoport.LayerChain, FloatArray]:
        """Return what a layer with exchange lengths is across m, and its elements' widths."""
        e = self.e
        z, n = across_mesh(e, k, self.count)
        d = e.flat(e.columns["thickness"].of(k))
        square = np.broadcast_to(d**2 * exchange_rate(e, k, sense), z.shape)
        own = e.nodes.get(k)
        return twoport.condense(z, n, self.degree, square, own), mesh.widths(z, n, own)

    def field(
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
        e, k = self.e, layer + 1
        inflow = at.faces.current_right[layer]
        if k in self.graded:
            part = self.graded[k]
            potential = graded.recover(part, at.inner[k], e.m[k] if driven else np.zeros((1, 3)))
            return graded.graded_field(
                e.graded[k],
                part.nodes,
                potential,
                e.thickness[layer],
                e.m[k],
                inflow,
                float(driven),
                e.absorbing(k),
            )
        field = self._uniform_field(layer, at)
        if k not in e.lengths:
            return field
        m = np.broadcast_to(e.m[k], inflow.shape)
        line = m[:, :, None] * m[:, None, :]
        return SumField(
            field._replace(potential=line @ field.potential, current=line @ field.current),
            self._across_field(k, m, at, turned),
        )

    def _uniform_field(self, layer: int, at: Field) -> ElementField:
        e, k, n = self.e, layer + 1, int(self.counts[layer])
        z, own = e.thickness[layer] / e.l[k], e.nodes.get(k)
        condensed = twoport.condense(z.real, n, self.degree, z**2, own)
        left, right = at.faces.potential_right[layer], at.faces.potential_left[k]
        u = np.zeros((len(condensed.eta) + 1, *left.shape), dtype=left.dtype)
        u[0], u[-1] = left, right
        chain.recover(condensed.elements, u)
        inner = element.bubbles(condensed.eta[..., None], u[:-1], u[1:], self.degree)
        kappa_d = z * stiffness(e.D[k], e.l[k])
        return element_field(
            mesh.widths(z.real, n, own), u, inner, kappa_d, at.faces.current_right[layer]
        )

    def _across_field(self, k: int, m: FloatArray, at: Field, turned: bool) -> ElementField:
        """Field across m with exchange lengths: a complex amplitude for either sense of turning.

        Without frequency one is the conjugate of the other.
        """
        e, layer = self.e, k - 1
        first, second = axes_across(m)
        if turned:
            second = -second
        values: Any = 0.0
        inner: Any = 0.0
        for sense in e.senses:
            condensed, widths = self.across_layer(k, sense)
            way = first + 1j * sense * second
            u = np.zeros((len(condensed.eta) + 1, len(m)), dtype=complex)
            u[0], u[-1] = (np.einsum("pj,pj->p", way, v) for v in at.across[k][:2])
            chain.recover(condensed.elements, u)
            own = element.bubbles(condensed.eta, u[:-1], u[1:], self.degree)
            values = values + u[..., None] * way.conj()
            inner = inner + own[:, :, None] * way.conj()[..., None]
        values, inner = (values / 2, inner / 2) if e.retarded else (values.real, inner.real)
        d = e.thickness[layer]
        across, turning = about_axis(e, lambda sense: d * absorption(e, k, sense)[1])
        lost = tensor(across, across, -turning if turned else turning, m)
        # what it acts on is across m; so nothing is to be subtracted along it
        return element_field(widths, values, inner, lost, at.across[k][2])


def count_of(count: Count, k: int) -> int | None:
    """Return the number of finite elements of one layer, where it is given."""
    return count[k - 1] if isinstance(count, tuple) else count


def across_mesh(e: Elements, k: int, count: Count) -> tuple[FloatArray, int]:
    """Return the thickness in decay lengths of what is across m, (N or 1,), and elements for it."""
    d = e.flat(e.columns["thickness"].of(k))
    rates = [np.sqrt(exchange_rate(e, k, sense)).real for sense in e.senses]
    z: FloatArray = np.atleast_1d(d * np.max(rates, axis=0))
    own = count_of(count, k)
    return z, int(elements_for(z.max())) if own is None else own


def elements_for(thickness: ArrayLike) -> IntArray:
    """Return how many elements of the default degree layers need for 1e-12.

    Parameters
    ----------
    thickness : array
        d/l of every layer, the largest of a batch.
    """
    return 1 << np.searchsorted(_LIMITS, thickness)


def element_counts(e: Elements, count: Count) -> IntArray:
    """Return the number of elements of every layer, shape (n,): `count`, or what it needs.

    That of a layer with nodes of its own means nothing.
    """
    if count is not None:
        return np.full(e.magnetic.size - 2, count)
    z = _thickness(e)
    largest = np.abs(z.fixed[1:-1])  # where z is complex mu_s swings in space, too
    for k, values in z.varying.items():
        largest[k - 1] = np.abs(values).max()
    return elements_for(largest)


def _blocks(counts: IntArray) -> Iterator[IntArray]:
    """Yield numbers of elements whose layers are condensed together, and stay in the cache."""
    for n in np.unique(counts):
        which = 1 + np.flatnonzero(counts == n)
        yield from np.array_split(which, -(-which.size // BLOCK))


def _thickness(e: Elements) -> Column:
    """d/l of every element; that of the ends means nothing."""
    d, l = e.columns["thickness"], e.columns["l"]
    changing = {*d.varying, *l.varying} - {0, e.magnetic.size - 1}
    return Column(d.fixed / l.fixed, {k: np.asarray(d.of(k) / l.of(k)) for k in changing})


def _faces(
    e: Elements,
    thickness: FloatArray,
    n: int,
    degree: int,
    square: FloatArray,
    own: FloatArray | None = None,
) -> Port:
    """Return B, S_left and S_right of layers; parameters are those of `twoport.condense`."""
    if e.retarded and own is None:
        return twoport.condense_to_faces(thickness, n, degree, square)
    layers = twoport.condense(thickness, n, degree, square, own)
    return layers.B, layers.S, layers.S_right


def condense(e: Elements, counts: IntArray, degree: int) -> Columns:
    """Condense every layer to its faces; a lead is a spring to the ground. In S/m2."""
    D, l, d, z = e.columns["D"], e.columns["l"], e.columns["thickness"], _thickness(e)
    units: FloatArray = (D.fixed / (2 * d.fixed)).astype(e.dtype, copy=False)
    B, S = Column(units, {}), Column(np.zeros_like(units), {})
    for which in _blocks(counts):
        n = int(counts[which[0] - 1])
        layers = twoport.condense(z.fixed[which].real, n, degree, z.fixed[which] ** 2)
        S.fixed[which] = B.fixed[which] * layers.S
        B.fixed[which] *= layers.B
    for k in {*D.varying, *z.varying} - {0, e.magnetic.size - 1}:
        values = np.asarray(z.of(k))
        flat = values.ravel()
        between, shunt, _ = _faces(e, flat.real, int(counts[k - 1]), degree, flat**2)
        unit = D.of(k) / (2 * d.of(k))
        B.varying[k] = unit * between.reshape(values.shape)
        S.varying[k] = unit * shunt.reshape(values.shape)
    for k in (0, e.magnetic.size - 1):
        B.fixed[k] = stiffness(D.fixed[k], l.fixed[k])
        if k in D.varying or k in l.varying:
            B.varying[k] = stiffness(D.of(k), l.of(k))
            S.varying[k] = np.zeros(())
    ports = Columns(B, S, S)
    return _with_own_nodes(ports, e, z, degree) if e.nodes else ports


def _with_own_nodes(ports: Columns, e: Elements, z: Column, degree: int) -> Columns:
    """Replace layers that come with nodes, on which the shunts at the two faces may differ."""
    D, d = e.columns["D"], e.columns["thickness"]
    B, S_left, S_right = (Column(c.fixed.copy(), dict(c.varying)) for c in ports)
    for k, nodes in e.nodes.items():
        values = np.asarray(z.of(k))
        flat = values.ravel()
        layer = twoport.condense(flat.real, 0, degree, flat**2, nodes)
        unit = D.of(k) / (2 * d.of(k))
        for column, part in ((B, layer.B), (S_left, layer.S), (S_right, layer.S_right)):
            found = unit * part.reshape(values.shape)
            column.fixed[k] = found.flat[0]
            if k in column.varying:
                column.varying[k] = found
    return Columns(B, S_left, S_right)
