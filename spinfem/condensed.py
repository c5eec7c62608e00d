r"""The condensed path: a chain of two-ports between rods.

Layers are condensed to their faces (`spinfem.twoport`), runs of normal layers are joined, and what
is left is one amplitude per rod, eqs. (9): between rods along e_a and e_b, a run of conductance
B and shunts S couples the amplitudes by ``B e_a.e_b``; what is left of its conductance, ``B (1 -
|e_a.e_b|)``, is a shunt at either rod. The driving forces p j0 of (7) and (8) stand at the rods.
Spin currents at the faces, the multipliers of the saddle-point system, follow as in (A1), and what
the rods take up as in (10).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import chain, interfaces, mesh, twoport
from ._checks import BoolArray, FloatArray, IntArray
from .elements import Elements
from .fields import ElementField, element_field
from .interfaces import Faces


class Layers(NamedTuple):
    """All layers condensed: conductances and shunts in S/m2, and how many elements each took."""

    B: FloatArray  # (n, N or 1)
    S: FloatArray  # (n, N or 1)
    counts: list[int]


def condense(e: Elements, degree: int, elements: int | None) -> Layers:
    """Condense every layer of a stack to its faces.

    Parameters
    ----------
    e : Elements
        The stack's numbers.
    degree : int
        Degree of the elements.
    elements : int or None
        Number of elements of every layer; None for what the default accuracy takes.
    """
    z = e.thickness / e.l[1:-1]
    if elements is None:
        counts = [mesh.elements_for(largest) for largest in z.max(axis=1).tolist()]
    else:
        counts = [elements] * z.shape[0]
    B, S = np.empty_like(z), np.empty_like(z)
    for n in set(counts):
        which = np.flatnonzero(np.array(counts) == n)
        layers = twoport.condense(z[which].ravel(), n, degree)
        B[which] = layers.B.reshape(-1, z.shape[1])
        S[which] = layers.S.reshape(-1, z.shape[1])
    unit = e.D[1:-1] / (2 * e.thickness)
    return Layers(unit * B, unit * S, counts)


class Rods(NamedTuple):
    """The rods of a stack and what is between neighbouring ones; all per unit j0.

    Nodes are the ground on the left, the n + 1 faces and the ground on the right; element k is the
    two-port from node k to node k + 1. Link i connects nodes ``start[i]`` and ``stop[i]``.
    """

    start: IntArray  # (r,) nodes
    stop: IntArray  # (r,)
    left: FloatArray  # (r, N, 3) directions at both ends of every link, zero vectors where
    right: FloatArray  # (r, N, 3) mu_s = 0
    B: FloatArray  # (r, N) conductances
    amplitude_left: FloatArray  # (r, N) mu_s at both ends, along the directions
    amplitude_right: FloatArray  # (r, N)
    along_left: FloatArray  # (r, N) j_s at both ends along the directions, less p m
    along_right: FloatArray  # (r, N)


def solve(e: Elements, layers: Layers) -> Faces:
    """Find mu_s and j_s at every face of a stack, for j0 = 1."""
    runs = _join_runs(e, layers)
    return _faces(e, runs, _solve_rods(e, runs))


class Runs(NamedTuple):
    """The chain of all elements in which runs of normal metal have become one two-port each."""

    drop: BoolArray  # (n + 3,) nodes that this has eliminated
    S: FloatArray  # (n + 2, N) shunts of the elements
    chain: chain.Elimination


def _join_runs(e: Elements, layers: Layers) -> Runs:
    last = e.magnetic.size
    B, S = np.zeros((2, last, e.points))
    B[1:-1], S[1:-1] = layers.B, layers.S
    B[[0, -1]] = e.lead_stiffness  # a lead is a spring to the ground
    drop = np.zeros(last + 1, dtype=bool)
    drop[1:-1] = ~(e.magnetic[:-1] | e.magnetic[1:])
    drop[[1, -2]] &= ~np.array(e.reservoir)
    return Runs(drop, S, chain.eliminate(B, S, S, drop))


def _solve_rods(e: Elements, runs: Runs) -> Rods:
    """Balance the forces on every rod, eqs. (9)."""
    nodes = runs.drop.size
    # the direction that each node leaves free; zero for the ground, at a reservoir and where two
    # ferromagnets cross: a zero vector couples to nothing
    rod = np.zeros((nodes, e.points, 3))
    rod[1:-1] = np.where(e.magnetic[:-1, None, None], e.m[:-1], e.m[1:])
    rod[[1, -2]] *= ~np.array(e.reservoir)[:, None, None]
    contact = np.flatnonzero(e.magnetic[:-1] & e.magnetic[1:])
    turned = interfaces.angle(e.m[contact], e.m[contact + 1])
    rod[contact + 1] *= (turned.rest == 0)[..., None]
    # driving forces, (7) and (8): + p j0 on the right face of a ferromagnet, - p j0 on its left;
    # a rod is the direction of the ferromagnet on its left, if there is one
    force = np.zeros((nodes, e.points))
    force[1:-1] = e.p[:-1] - e.p[1:]
    force[contact + 1] = e.p[contact] - turned.sign * e.p[contact + 1]

    kept = np.flatnonzero(~runs.drop)
    start, stop = kept[:-1], kept[1:]
    between = interfaces.angle(rod[start], rod[stop])
    # amplitudes are counted along +rod or -rod, so that all couplings are positive
    sense = np.concatenate([np.ones((1, e.points)), np.cumprod(between.sign, axis=0)])
    B = runs.chain.B[start]
    S_left = runs.chain.S_left[start] + B * between.rest
    S_right = runs.chain.S_right[start] + B * between.rest
    inner = np.ones(kept.size, dtype=bool)
    inner[[0, -1]] = False
    rods = chain.eliminate(B * between.cosine, S_left, S_right, inner)
    pushes, through = chain.drive(rods, sense * force[kept])
    amplitude, current = np.zeros((kept.size, e.points)), np.zeros((start.size, e.points))
    current[0] = through
    chain.recover(rods, amplitude, current, pushes)
    return Rods(
        start,
        stop,
        rod[start],
        rod[stop],
        B,
        sense[:-1] * amplitude[:-1],
        sense[1:] * amplitude[1:],
        sense[:-1] * (current + S_left * amplitude[:-1]),
        sense[1:] * (current - S_right * amplitude[1:]),
    )


def _faces(e: Elements, runs: Runs, rods: Rods) -> Faces:
    """Turn amplitudes into vectors: spin currents (A1), what the rods take up (10)."""
    start, stop = rods.start, rods.stop
    # the other rod's mu_s pulls across this one; no difference of currents is formed
    pull_left = rods.B * rods.amplitude_right
    pull_left = pull_left[..., None] * interfaces.across(rods.right, rods.left)
    pull_right = rods.B * rods.amplitude_left
    pull_right = pull_right[..., None] * interfaces.across(rods.left, rods.right)
    j_left = rods.along_left[..., None] * rods.left - pull_left
    j_right = rods.along_right[..., None] * rods.right + pull_right

    u = np.zeros((runs.drop.size, e.points, 3))
    J = np.zeros((runs.drop.size - 1, e.points, 3))
    u[start] = rods.amplitude_left[..., None] * rods.left
    J[start] = j_left - runs.chain.S_left[start][..., None] * u[start]
    chain.recover(runs.chain, u, J)
    S = runs.S[..., None]
    inflow, outflow = J + S * u[:-1], J - S * u[1:]
    inflow[start], outflow[stop - 1] = j_left, j_right
    driven = e.p[..., None] * e.m
    inflow, outflow = inflow + driven, outflow + driven
    # a reservoir takes up whatever reaches it
    if e.reservoir[0]:
        outflow[0] = inflow[1]
    if e.reservoir[1]:
        inflow[-1] = outflow[-2]

    absorbed_left, absorbed_right = np.zeros((2, *u.shape))
    normal = ~e.magnetic[start]
    after = normal & np.append(False, e.magnetic)[start]
    before = normal & np.append(e.magnetic, False)[stop]
    absorbed_left[start[after]] = pull_left[after]
    absorbed_right[stop[before]] = pull_right[before]
    contact = np.flatnonzero(e.magnetic[:-1] & e.magnetic[1:])
    m_a, m_b = e.m[contact], e.m[contact + 1]
    absorbed_left[contact + 1], absorbed_right[contact + 1] = interfaces.contact_absorption(
        m_a, m_b, (outflow[contact] * m_a).sum(axis=-1), (inflow[contact + 1] * m_b).sum(axis=-1)
    )
    faces = slice(1, -1)
    return Faces(u[faces], outflow[:-1], inflow[1:], absorbed_left[faces], absorbed_right[faces])


def coupling(e: Elements, layers: Layers, first: int, stop: int) -> FloatArray:
    """Return B between the two ends of elements first to stop - 1, normal metals, shape (N,)."""
    ends = np.zeros(stop - first + 1, dtype=bool)
    ends[[0, -1]] = True
    B, S = layers.B[first - 1 : stop - 1], layers.S[first - 1 : stop - 1]
    run: FloatArray = chain.eliminate(B, S, S, ~ends).B[0]
    return run


def layer_field(e: Elements, faces: Faces, layers: Layers, layer: int, degree: int) -> ElementField:
    """Recover the field inside one layer from its faces."""
    n, z = layers.counts[layer], e.thickness[layer] / e.l[layer + 1]
    condensed = twoport.condense(z, n, degree)
    u = np.zeros((n + 1, e.points, 3))
    u[0], u[-1] = faces.potential[layer], faces.potential[layer + 1]
    # only potentials are needed; the currents of the elements follow from spin balance
    chain.recover(condensed.elements, u, np.zeros((n, e.points, 3)))
    inner = twoport.bubbles(condensed.eta[..., None], u[:-1], u[1:], degree)
    kappa_d = z * e.D[layer + 1] / (2 * e.l[layer + 1])
    nodes = mesh.layer_nodes(z, n)
    return element_field(nodes, u, inner, kappa_d, faces.current_right[layer])
