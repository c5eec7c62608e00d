r"""Rods: one amplitude of mu_s for every face of a ferromagnet, eqs. (9).

Between two neighbouring rods is a link: a ferromagnet, or a run of normal metals. A run of
conductance B and shunts S between rods along e_a and e_b couples their amplitudes by ``B e_a.e_b``;
what is left of its conductance, ``B (1 - |e_a.e_b|)``, is a shunt at either rod. The driving forces
p j0 of (7) and (8) stand at the rods. So all that is left of a stack is a chain of scalars
(`spinfem.numerics.chain`), whatever the directions.

In a batch few links vary. A rod between links that do not is eliminated once for all points.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .._checks import BoolArray, FloatArray, IntArray
from ..numerics import chain
from ..physics.directions import Angle, angle
from .elements import Column, Elements

BLOCK = 4096
"""Points of a batch that are eliminated together, so that their arrays stay in the cache."""


class Layout(NamedTuple):
    """Which rods and links a stack has, whatever its numbers.

    Faces are numbered from 1 to n + 1, so that element k is between faces k and k + 1; faces 0 and
    n + 2 are the ground behind the ends. Rod i stands at face ``face[i]``, the first and the last
    at the ground, and link i goes from rod i to rod i + 1.
    """

    face: IntArray  # (r + 1,)
    inside: BoolArray  # (n + 3,) faces between normal metals, which have no rod
    pinned: BoolArray  # (r + 1,) rods where mu_s = 0: the ground, a reservoir
    magnets: IntArray  # (f,) elements
    own: IntArray  # (f,) the link that each magnet is
    contact: BoolArray  # (f - 1,) whether a magnet touches the next one
    spacer: IntArray  # (f - 1,) the link between a magnet and the next; of no use in contact

    @property
    def links(self) -> int:
        """Number of links."""
        return self.face.size - 1


def layout(e: Elements) -> Layout:
    """Return which rods and links a stack has."""
    return _layout(e.magnetic.tobytes(), e.reservoir)


@lru_cache(maxsize=64)
def _layout(magnetic: bytes, reservoir: tuple[bool, bool]) -> Layout:
    is_magnet = np.frombuffer(magnetic, dtype=bool)
    inside = np.zeros(is_magnet.size + 1, dtype=bool)
    inside[1:-1] = ~(is_magnet[:-1] | is_magnet[1:])
    inside[[1, -2]] &= ~np.array(reservoir)
    pinned = np.zeros(inside.size, dtype=bool)
    pinned[[0, -1]] = True
    pinned[[1, -2]] |= np.array(reservoir)
    face = np.flatnonzero(~inside)
    magnets = np.flatnonzero(is_magnet)
    own = np.searchsorted(face, magnets)
    return Layout(face, inside, pinned[face], magnets, own, np.diff(magnets) == 1, own[:-1] + 1)


class Links(NamedTuple):
    """Conductance and shunts of every link, or element, S/m2; per point where they vary."""

    B: Column
    S_left: Column
    S_right: Column


def join(ports: Links, first: int, stop: int) -> chain.Elimination:
    """Join elements first to stop - 1, normal metals, to one two-port; shape as given."""
    shape = np.broadcast_shapes(*(np.shape(ports.B.of(k)) for k in range(first, stop)))
    B, S_left, S_right = (
        np.stack([np.broadcast_to(a.of(k), shape) for k in range(first, stop)]) for a in ports
    )
    inner = np.ones(stop - first + 1, dtype=bool)
    inner[[0, -1]] = False
    return chain.eliminate(B, S_left, S_right, inner)


def join_runs(at: Layout, ports: Links) -> Links:
    """Join runs of normal metals to one two-port each; `ports` are the elements."""
    first, (B, S_left, S_right) = at.face[:-1], (column.fixed for column in ports)
    fixed = (B[first], S_left[first], S_right[first])
    if at.inside.any():
        runs = chain.eliminate(B[:, None], S_left[:, None], S_right[:, None], at.inside)
        fixed = (runs.B[first, 0], runs.S_left[first, 0], runs.S_right[first, 0])
    varying: tuple[dict[int, FloatArray], ...] = ({}, {}, {})
    for link in sorted(
        {int(np.searchsorted(at.face, k, side="right")) - 1 for k in ports.B.varying}
    ):
        joined = join(ports, int(at.face[link]), int(at.face[link + 1]))
        parts = (joined.B[0], joined.S_left[0], joined.S_right[0])
        for values, part in zip(varying, parts, strict=True):
            values[link] = part
    return Links(*(Column(a, v) for a, v in zip(fixed, varying, strict=True)))


class Turns(NamedTuple):
    """How the two rods of every link stand to each other, and which rods are free."""

    free: Column  # (r + 1,) 1, or 0 where mu_s = 0
    facing: Column  # (r + 1,) at a contact, the sign of m_left.m_right; else 1
    fixed: Angle  # (r,) of every link
    varying: dict[int, Angle]  # of those that vary, as given


def turns(e: Elements, at: Layout) -> Turns:
    """Return how the two rods of every link stand to each other.

    The rod of two magnets in contact is along the left one; there is none where they cross. A link
    to where mu_s = 0 couples to nothing, as if that rod were perpendicular.
    """
    m = e.columns["m"]
    rods = m.fixed[at.magnets]
    fixed = angle(rods[:-1], rods[1:])
    varying = {
        i: angle(m.of(a), m.of(b))
        for i, (a, b) in enumerate(pairwise(at.magnets.tolist()) if m.varying else ())
        if a in m.varying or b in m.varying
    }
    meeting = at.own[1:][at.contact]  # rods
    free = Column((~at.pinned).astype(float), {})
    facing = Column(np.ones(at.face.size), {})
    free.fixed[meeting] = fixed.collinear[at.contact]
    facing.fixed[meeting] = fixed.sign[at.contact]
    for i, relation in varying.items():
        if at.contact[i]:
            rod = int(at.own[i + 1])
            free.varying[rod] = relation.collinear.astype(float)
            facing.varying[rod] = relation.sign

    cosine = free.fixed[:-1] * free.fixed[1:]
    links = Angle(facing.fixed[:-1].copy(), cosine, 1 - cosine)
    spacers = at.spacer[~at.contact]
    for target, values in zip(links, fixed, strict=True):
        target[spacers] = values[~at.contact]
    changed = {int(at.spacer[i]): a for i, a in varying.items() if not at.contact[i]}
    for link in {rod - side for rod in free.varying for side in (0, 1)}:
        meets = free.of(link) * free.of(link + 1)
        changed[link] = Angle(facing.of(link), meets, 1 - meets)
    return Turns(free, facing, links, changed)


def _forces(e: Elements, at: Layout, turned: Turns) -> Column:
    """Driving forces of (7) and (8) on every rod, per unit j0: p on the right face of a
    ferromagnet, -p on its left.
    """
    p, free, facing = e.columns["p"], turned.free, turned.facing

    def force(rod: int) -> FloatArray:
        left, right = p.of(int(at.face[rod]) - 1), p.of(int(at.face[rod]))
        return free.of(rod) * (left - facing.of(rod) * right)

    inner = at.face[1:-1]
    fixed = np.zeros(at.face.size)
    fixed[1:-1] = free.fixed[1:-1] * (p.fixed[inner - 1] - facing.fixed[1:-1] * p.fixed[inner])
    rods = np.searchsorted(at.face, sorted({k + side for k in p.varying for side in (0, 1)}))
    inside = {*rods.tolist(), *free.varying} - {0, at.links}
    return Column(fixed, {rod: force(rod) for rod in sorted(inside)})


class Balance(NamedTuple):
    """Amplitudes and currents of the rods, per unit j0; columns are points, or one for all.

    The current in the middle of a link, without what its shunts take up and without p m, is counted
    along the rod at either side.
    """

    amplitude: FloatArray  # (r + 1, N or 1) mu_s along the rods
    current_left: FloatArray  # (r, N or 1) along the rod on the left
    current_right: FloatArray  # (r, N or 1) along the rod on the right


class _Moving(NamedTuple):
    """What varies over the batch, flattened: two-ports between rods, and forces."""

    links: dict[int, tuple[FloatArray, ...]]  # B, S_left, S_right, sign
    forces: dict[int, FloatArray]


def balance(e: Elements, at: Layout, links: Links, turned: Turns) -> Balance:
    """Balance the forces on all rods."""
    forces = _forces(e, at, turned)
    moving = _Moving(
        {
            link: tuple(map(e.full, (*_two_port(links, turned, link), _turn(turned, link).sign)))
            for link in sorted({*links.B.varying, *turned.varying})
        },
        {rod: e.full(force) for rod, force in forces.varying.items()},
    )
    rods = _chain(links, turned, forces, moving)
    if not (moving.links or moving.forces):
        u, J = chain.solve(rods.B, rods.S_left, rods.S_right, chain.Forces.at(rods.force))
        return Balance(rods.sense * u, rods.sense[:-1] * J, rods.sense[1:] * J)
    kept = np.array(
        sorted({*moving.links, *(i + 1 for i in moving.links), *moving.forces, 0, at.links})
    )
    drop = np.ones(at.face.size, dtype=bool)
    drop[kept] = False
    driving = chain.Forces.at(rods.force)
    eliminated = chain.eliminate(rods.B, rods.S_left, rods.S_right, drop)
    still = _Still(kept, rods.sense, eliminated, driving, chain.drive(eliminated, driving))
    found = Balance(*(np.empty((n, e.points)) for n in (at.face.size, at.links, at.links)))
    for first in range(0, e.points, BLOCK):
        block = slice(first, min(first + BLOCK, e.points))
        for target, values in zip(found, _balance_block(still, moving, block), strict=True):
            target[:, block] = values
    return found


class _Rods(NamedTuple):
    """All rods as a chain, as far as nothing varies; amplitudes count along +rod or -rod.

    So all couplings are positive.
    """

    sense: FloatArray  # (r + 1, 1) 1 or -1
    B: FloatArray  # (r, 1)
    S_left: FloatArray
    S_right: FloatArray
    force: FloatArray  # (r + 1, 1)


def _chain(links: Links, turned: Turns, forces: Column, moving: _Moving) -> _Rods:
    sign = turned.fixed.sign.copy()
    sign[list(moving.links)] = 1.0
    sense = np.append(1.0, np.cumprod(sign))
    force = sense * forces.fixed
    force[list(moving.forces)] = 0.0
    across = links.B.fixed * turned.fixed.rest
    coupled = links.B.fixed * turned.fixed.cosine
    columns = (sense, coupled, links.S_left.fixed + across, links.S_right.fixed + across, force)
    return _Rods(*(column[:, None] for column in columns))


def respond(links: Links, turned: Turns, shape: tuple[int, ...], force: FloatArray) -> FloatArray:
    """Return the amplitudes of all rods under other forces, (r + 1, N).

    Parameters
    ----------
    links : Links
        What is between the rods.
    turned : Turns
        How the rods stand.
    shape : tuple of int
        Shape of the batch, of N points.
    force : array, shape (r + 1, N)
        Currents into the rods; where mu_s = 0 they go to the ground.
    """
    B, S_left, S_right = (column.dense(shape) for column in links)
    varying = turned.varying.items()
    sign, cosine, rest = (
        Column(fixed, {link: relation[i] for link, relation in varying}).dense(shape)
        for i, fixed in enumerate(turned.fixed)
    )
    sense = np.concatenate([np.ones_like(sign[:1]), np.cumprod(sign, axis=0)])
    every = np.ones((len(B), force.shape[1]))
    coupled, left, right = (every * x for x in (B * cosine, S_left + B * rest, S_right + B * rest))
    forces = chain.Forces.at(sense * turned.free.dense(shape) * force)
    u, _ = chain.solve(coupled, left, right, forces)
    return np.asarray(sense * u)


class Load(NamedTuple):
    """All that lies behind a rod, seen from there: a driving force and a stiffness.

    ``j_s . m = P j0 -/+ S mu`` towards a load on the left/right.
    """

    P: float
    S: float  # S/m2


def loads(e: Elements, at: Layout, links: Links, turned: Turns, link: int) -> tuple[Load, Load]:
    """Return what lies behind the two rods of a link, in a single stack."""
    rods = _chain(links, turned, _forces(e, at, turned), _Moving({}, {}))
    found = []
    # the chain from the ground to the rod on the left, and from the rod on the right to the ground
    for nodes, near in ((slice(link + 1), -1), (slice(link + 1, None), 0)):
        sense, force = rods.sense[nodes], rods.force[nodes]
        ports = slice(nodes.start, link if near else None)
        inner = np.ones(len(sense), dtype=bool)
        inner[[0, -1]] = False
        part = chain.eliminate(rods.B[ports], rods.S_left[ports], rods.S_right[ports], inner)
        driving = chain.Forces.at(force)
        chain.drive(part, driving)
        current = (driving.whole + driving.rest)[near]
        dipole = driving.dipole[0]
        P = current + dipole if near else dipole - current
        S = part.B[0] + (part.S_right if near else part.S_left)[0]
        found.append(Load(float((sense[near] * P)[0]), float(S[0])))
    return found[0], found[1]


def _turn(turned: Turns, link: int) -> Angle:
    return turned.varying.get(link) or Angle(*(a[link] for a in turned.fixed))


def _two_port(links: Links, turned: Turns, link: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Coupling and shunts of the amplitudes at both ends of a link."""
    B, relation = links.B.of(link), _turn(turned, link)
    across = B * relation.rest
    return B * relation.cosine, links.S_left.of(link) + across, links.S_right.of(link) + across


class _Still(NamedTuple):
    """What does not vary over the batch: rods that are eliminated once, and what that leaves."""

    kept: IntArray  # (k,) rods next to what varies, and the ground
    sense: FloatArray  # (r + 1, 1) 1 or -1: amplitudes count along the rod or against it
    chain: chain.Elimination
    driving: chain.Forces
    pushes: list[chain.Push]


def _balance_block(still: _Still, moving: _Moving, block: slice) -> Balance:
    """Balance the forces on all rods for some points."""
    kept, width = still.kept, block.stop - block.start
    row = {rod: i for i, rod in enumerate(kept.tolist())}
    B, S_left, S_right = (np.repeat(a[kept[:-1]], width, axis=1) for a in still.chain[:3])
    sign = np.ones_like(B)
    for link, values in moving.links.items():
        for target, value in zip((B, S_left, S_right, sign), values, strict=True):
            target[row[link]] = value[block]
    own_sense = np.concatenate([np.ones((1, width)), np.cumprod(sign, axis=0)])
    forces = chain.Forces(*(own_sense * a[kept] for a in still.driving))
    for rod, force in moving.forces.items():
        i = np.array([row[rod]])
        forces.inject(i, still.sense[rod] * own_sense[i] * force[block])
    own_u, own_J = chain.solve(B, S_left, S_right, forces)
    u, J = np.zeros((still.sense.size, width)), np.zeros((still.sense.size - 1, width))
    u[kept], J[kept[:-1]] = own_sense * own_u, own_sense[:-1] * own_J
    chain.recover(still.chain, u, J, still.pushes)
    right = still.sense[1:] * J
    for link, (*_, turn) in moving.links.items():
        right[link] *= turn[block]
    return Balance(still.sense * u, still.sense[:-1] * J, right)
