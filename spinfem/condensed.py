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
from ._checks import BoolArray, FloatArray
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


def solve(e: Elements, layers: Layers) -> Faces:
    """Find mu_s and j_s at every face of a stack, for j0 = 1.

    Nodes are the ground on the left, the n + 1 faces and the ground on the right; element k is the
    two-port from node k to node k + 1.
    """
    points, last = e.points, e.magnetic.size  # last: the node of the ground on the right
    left_magnetic, right_magnetic = e.magnetic[:-1], e.magnetic[1:]  # of faces
    drop, S, runs = _join_runs(e, layers)

    # rods: the direction that each node leaves free; zero for the ground, at a reservoir and where
    # two ferromagnets cross, and a zero vector couples to nothing
    rod = np.zeros((last + 1, points, 3))
    rod[1:-1] = np.where(left_magnetic[:, None, None], e.m[:-1], e.m[1:])
    rod[[1, -2]] *= ~np.array(e.reservoir)[:, None, None]
    contact = np.flatnonzero(left_magnetic & right_magnetic)
    turned = interfaces.angle(e.m[contact], e.m[contact + 1])
    rod[contact + 1] *= (turned.rest == 0)[..., None]

    alive = np.flatnonzero(~drop)
    start, stop = alive[:-1], alive[1:]
    between = interfaces.angle(rod[start], rod[stop])
    # amplitudes are counted along +rod or -rod, so that all couplings are positive
    sense = np.concatenate([np.ones((1, points)), np.cumprod(between.sign, axis=0)])
    B = runs.B[start]
    turn = B * between.rest
    S_left, S_right = runs.S_left[start] + turn, runs.S_right[start] + turn
    inner = np.ones(alive.size, dtype=bool)
    inner[[0, -1]] = False
    rods = chain.eliminate(B * between.cosine, S_left, S_right, inner)

    # driving forces, (7) and (8): + p j0 on the right face of a ferromagnet, - p j0 on its left;
    # a rod is the direction of the ferromagnet on its left, if there is one
    force = np.zeros((last + 1, points))
    force[1:-1] = e.p[:-1] - e.p[1:]
    force[contact + 1] = e.p[contact] - turned.sign * e.p[contact + 1]
    pushes, through = chain.drive(rods, sense * force[alive])

    amplitude = np.zeros((alive.size, points))
    current = np.zeros((alive.size - 1, points))
    current[0] = through
    chain.recover(rods, amplitude, current, pushes)

    # back to vectors: spin currents (A1) along and across the rods at both ends of every run
    from_left = sense[:-1] * (current + S_left * amplitude[:-1])
    from_right = sense[1:] * (current - S_right * amplitude[1:])
    amplitude = sense * amplitude
    pull_left = (B * amplitude[1:])[..., None] * interfaces.across(rod[stop], rod[start])
    pull_right = (B * amplitude[:-1])[..., None] * interfaces.across(rod[start], rod[stop])
    j_left = from_left[..., None] * rod[start] - pull_left
    j_right = from_right[..., None] * rod[stop] + pull_right

    u = np.zeros((last + 1, points, 3))
    J = np.zeros((last, points, 3))
    u[alive] = amplitude[..., None] * rod[alive]
    J[start] = j_left - runs.S_left[start][..., None] * u[start]
    chain.recover(runs, u, J)
    inflow = J + S[..., None] * u[:-1]
    outflow = J - S[..., None] * u[1:]
    inflow[start], outflow[stop - 1] = j_left, j_right
    driven = e.p[..., None] * e.m
    inflow, outflow = inflow + driven, outflow + driven

    # what the rods take up across m, eq. (10): where a run of normal metals meets a ferromagnet
    absorbed_left = np.zeros((last + 1, points, 3))
    absorbed_right = np.zeros((last + 1, points, 3))
    run = ~e.magnetic[start]
    after = run & np.append(False, left_magnetic)[start]
    before = run & np.append(right_magnetic, False)[stop - 1]
    absorbed_left[start[after]] = pull_left[after]
    absorbed_right[stop[before]] = pull_right[before]
    absorbed_left[contact + 1], absorbed_right[contact + 1] = interfaces.contact_absorption(
        e.m[contact],
        e.m[contact + 1],
        np.einsum("...i,...i->...", outflow[contact], e.m[contact]),
        np.einsum("...i,...i->...", inflow[contact + 1], e.m[contact + 1]),
    )
    faces = slice(1, -1)
    return Faces(
        u[faces],
        *_seen_from_outside(e, outflow[:-1], inflow[1:]),
        absorbed_left[faces],
        absorbed_right[faces],
    )


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


def _join_runs(e: Elements, layers: Layers) -> tuple[BoolArray, FloatArray, chain.Elimination]:
    """Join runs of normal metals to one two-port each.

    Returns which nodes that eliminates, the shunts of all elements, and what is left.
    """
    last = e.magnetic.size
    B, S = np.zeros((2, last, e.points))
    B[1:-1], S[1:-1] = layers.B, layers.S
    B[[0, -1]] = e.lead_stiffness  # a lead is a spring to the ground
    drop = np.zeros(last + 1, dtype=bool)
    drop[1:-1] = ~(e.magnetic[:-1] | e.magnetic[1:])
    drop[[1, -2]] &= ~np.array(e.reservoir)
    return drop, S, chain.eliminate(B, S, S, drop)


def _seen_from_outside(
    e: Elements, outflow: FloatArray, inflow: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """A reservoir takes up whatever reaches it."""
    if e.reservoir[0]:
        outflow[0] = inflow[0]
    if e.reservoir[1]:
        inflow[-1] = outflow[-1]
    return outflow, inflow
