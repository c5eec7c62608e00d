r"""Any stack as a chain of two-ports between rings that may leave their rods.

A two-port acts on the part of mu_s along an axis m and on the part across it: ``J = (B_a m m^T +
Re B_x (1 - m m^T) + Im B_x [m x]) (u_left - u_right)``, and its shunts alike. In a normal metal
both parts are the same. In a strong ferromagnet there is none across m; with exchange lengths it is
complex, since mu_s precesses, with D_tot for D and ``1/l_perp^2 = 2 kappa/D_tot + 1/lambda_phi^2 -
i/lambda_J^2`` for 1/l^2. A resistive interface is a two-port without shunts, ``B_a = 1/(2
AR*)``; it drives gamma j0 m.

A ring is free in space between normal metals, on its rod at a strong ferromagnet, and at the origin
at a reservoir or where two rods cross. With a finite mixing conductance it may leave its rod: a
shunt ``G_r + i G_i`` across m pulls it back, and what this takes up is the torque.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import BoolArray, FloatArray, IntArray
from ..fem import graded, twoport
from ..fem.mesh import elements_for
from ..physics.directions import angle
from ..sample.pieces import Interface
from .condensed import condense
from .elements import Elements

ComplexArray = NDArray[Any]


def blocks(along: FloatArray, across: ComplexArray, m: FloatArray) -> FloatArray:
    """Return ``a m m^T + Re x (1 - m m^T) + Im x [m x]``, shape (..., 3, 3)."""
    real = across.real[..., None, None]
    matrix: FloatArray = (along[..., None, None] - real) * (m[..., :, None] * m[..., None, :])
    matrix = matrix + real * np.eye(3)
    if np.any(across.imag):
        turn = np.zeros(matrix.shape)
        for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
            turn[..., j, i], turn[..., i, j] = m[..., k], -m[..., k]
        matrix = matrix + across.imag[..., None, None] * turn
    return matrix


def apply(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    """Return matrix times vector, shapes (..., 3, 3) and (..., 3)."""
    return np.asarray(np.einsum("...ij,...j->...i", matrix, vector))


class Segment(NamedTuple):
    """A two-port at all points; arrays of shape (N or 1,), in S/m2."""

    m: FloatArray  # (N or 1, 3) axis; zero in a normal metal
    strong: bool  # along m alone
    along: tuple[FloatArray, FloatArray, FloatArray]  # B, S_left, S_right
    across: tuple[ComplexArray, ComplexArray, ComplexArray]
    source: tuple[FloatArray, FloatArray]  # j_s/j0 along m driven through the left, the right end


class Spring(NamedTuple):
    """A mixing conductance that pulls a ring back to the rod along m."""

    G: ComplexArray  # (N or 1,) S/m2
    m: FloatArray  # (N or 1, 3)


class Network(NamedTuple):
    """Two-ports from end to end; port k is between nodes k and k + 1, and the ends are ground."""

    segments: list[Segment]
    springs: dict[int, Spring]  # of nodes
    held: set[int]  # nodes at reservoirs
    left: IntArray  # (n + 1,) node on the left of every face
    right: IntArray  # and on its right; the same where there is but one
    first: IntArray  # (n + 2,) first port of every element
    last: IntArray  # and its last one


class Layers(NamedTuple):
    """What layers with exchange lengths and graded layers are condensed to, by element."""

    across: dict[int, twoport.LayerChain]
    graded: dict[int, graded.GradedLayer]


def exchange_rate(e: Elements, k: int) -> ComplexArray:
    """Return 1/l_perp^2 of a ferromagnet with exchange lengths, shape (N or 1,), 1/m2."""
    p, l = e.p[k], e.l[k]
    found: ComplexArray = (1 - p) * (1 + p) / l**2 + taken_rate(e, k)
    return found


def taken_rate(e: Elements, k: int) -> ComplexArray:
    """Return what the magnetization takes up of 1/l_perp^2, shape (N or 1,), 1/m2."""
    lambda_J, lambda_phi = (e.flat(x) for x in e.lengths[k])
    found: ComplexArray = 1 / lambda_phi**2 - 1j / lambda_J**2
    return found


def share_of_exchange(e: Elements, k: int) -> ComplexArray:
    """Return which share of what is lost across m the magnetization takes up."""
    rate = exchange_rate(e, k)
    found: ComplexArray = taken_rate(e, k) / np.where(rate == 0, 1.0, rate)
    return found


def absorption(e: Elements, k: int) -> tuple[FloatArray, ComplexArray]:
    """Return what is lost per mu_s and length in an element along and across m, S/m3.

    ``kappa``, and with exchange lengths ``D_tot/(2 l_perp^2)``; shape (N or 1,) each.
    """
    D, p = e.D[k] / 2, e.p[k]
    along: FloatArray = D / e.l[k] ** 2
    if k not in e.lengths:
        return along, along
    across: ComplexArray = D / ((1 - p) * (1 + p)) * exchange_rate(e, k)
    return along, across


def condense_layers(e: Elements, degree: int, count: int | None) -> Layers:
    """Condense what `condensed.condense` does not: the parts across m, and graded layers."""
    layers = Layers({}, {})
    for k in e.lengths:
        if 1 <= k < e.magnetic.size - 1:
            z, n = across_mesh(e, k, count)
            square = np.broadcast_to(e.thickness[k - 1] ** 2 * exchange_rate(e, k), z.shape)
            layers.across[k] = twoport.condense(z, n, degree, square, e.nodes.get(k))
    for k, metal in e.graded.items():
        d = e.thickness[k - 1]
        nodes = e.nodes.get(k)
        if nodes is None:
            nodes = graded.nodes_for(metal, float(d.max()), degree, count)
        layers.graded[k] = graded.condense(metal, d, nodes, degree)
    return layers


def across_mesh(e: Elements, k: int, count: int | None) -> tuple[FloatArray, int]:
    """Return the thickness in decay lengths of what is across m, (N or 1,), and elements for it."""
    z: FloatArray = np.atleast_1d(e.thickness[k - 1] * np.sqrt(exchange_rate(e, k)).real)
    return z, int(elements_for(z.max())) if count is None else count


def network(e: Elements, counts: IntArray, degree: int, layers: Layers) -> Network:
    """Set up the network of a stack; uniform layers have so many elements."""
    ports = tuple(column.dense(e.shape) for column in condense(e, counts, degree))
    segments: list[Segment] = []
    springs: dict[int, Spring] = {}
    held: set[int] = set()
    left, right = [], []
    first, last = [0], [0]
    n = e.magnetic.size - 2
    segments.append(_end(e, 0))
    for face in range(n + 1):
        node, joint = len(segments), e.joints[face]
        left.append(node)
        if joint is not None and np.any(joint.resistance):
            segments.append(_joint(e, face, joint))
        right.append(len(segments))
        if joint is not None and joint.mixing is not None:
            # the ring on the side of the normal metal leaves the rod
            magnetic_left = bool(e.magnetic[face])
            own = right[-1] if magnetic_left else left[-1]
            m = e.m[face] if magnetic_left else e.m[face + 1]
            springs[own] = Spring(e.flat(joint.mixing), m)
        k = face + 1
        first.append(len(segments))
        if k <= n:
            B, S_left, S_right = (port[k] for port in ports)
            segments += _segments(e, layers, k, (B, S_left, S_right))
        else:
            segments.append(_end(e, k))
        last.append(len(segments) - 1)
    if e.reservoir[0]:
        held.add(left[0])
    if e.reservoir[1]:
        held.add(right[-1])
    numbers = (np.array(a) for a in (left, right, first, last))
    return Network(segments, springs, held, *numbers)


_NONE = np.zeros(1)
_NOTHING = (_NONE, _NONE, _NONE)


def _segments(
    e: Elements, layers: Layers, k: int, own: tuple[FloatArray, FloatArray, FloatArray]
) -> list[Segment]:
    """Return the two-ports of a layer: one, or those of the elements of a graded layer."""
    m, p, strong = e.m[k], e.p[k], bool(e.strong[k])
    if k in layers.graded:
        g = layers.graded[k]
        ports = zip(g.B, g.S_left, g.S_right, strict=True)
        sources = zip(g.source_left, g.source_right, strict=True)
        return [
            Segment(m, strong, port, _NOTHING if strong else port, source)
            for port, source in zip(ports, sources, strict=True)
        ]
    if k in layers.across:
        unit, x = e.D[k] / (2 * e.thickness[k - 1] * (1 - p) * (1 + p)), layers.across[k]
        return [Segment(m, False, own, (unit * x.B, unit * x.S, unit * x.S_right), (p, p))]
    return [Segment(m, strong, own, _NOTHING if strong else own, (p, p))]


def _end(e: Elements, k: int) -> Segment:
    """Return an end as a two-port to the ground: shunts alone."""
    G, p, strong = e.D[k] / (2 * e.l[k]), e.p[k], bool(e.strong[k])
    along, across = (_NONE, G, G), (_NONE, G, G)
    if k in e.lengths:
        slow = e.D[k] / (2 * (1 - p) * (1 + p)) * np.sqrt(exchange_rate(e, k))
        across = (_NONE, slow, slow)
    return Segment(e.m[k], strong, along, _NOTHING if strong else across, (p, p))


def _joint(e: Elements, face: int, joint: Interface) -> Segment:
    """Return a resistive interface as a two-port; along m alone at strong ferromagnets."""
    B = 1 / (2 * e.flat(joint.resistance))
    magnets = [k for k in (face, face + 1) if e.magnetic[k]]
    m, strong = np.zeros((1, 3)), False
    if magnets:
        m, strong = e.m[magnets[0]], bool(e.strong[magnets[0]])
    gamma, port = e.flat(joint.gamma), (B, _NONE, _NONE)
    return Segment(m, strong, port, _NOTHING if strong else port, (gamma, gamma))


def projectors(net: Network, points: slice) -> FloatArray:
    """Return what the rings of the inner nodes are free to do, shape (k, N, 3, 3)."""
    width = points.stop - points.start
    found = []
    for node in range(1, len(net.segments)):
        a, b = net.segments[node - 1], net.segments[node]
        P = np.broadcast_to(np.eye(3), (width, 3, 3))
        rods = [cut(segment.m, points) for segment in (a, b) if segment.strong]
        if node in net.held:
            P = np.zeros((width, 3, 3))
        elif rods and node not in net.springs:
            P = rods[0][:, :, None] * rods[0][:, None, :]
            if len(rods) == 2:
                P = P * crossing(rods[0], rods[1])[:, None, None]
            P = np.broadcast_to(P, (width, 3, 3))
        found.append(P)
    return np.array(found)


def crossing(a: FloatArray, b: FloatArray) -> BoolArray:
    """Return whether two rods share a direction, in which a ring can move."""
    return angle(a, b).collinear


def cut(values: NDArray[Any], points: slice) -> NDArray[Any]:
    """Return some points of an array whose first axis has N or 1 of them."""
    return values[points] if values.shape[0] > 1 else values
