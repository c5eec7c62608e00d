r"""A chain whose rods turn: what magnets take up in any directions of theirs.

Two-ports do not change while magnetizations turn; cosines of spacers and the frames of free rings
do. `turn` sets directions, and `take_up` finds what every magnet takes up then, of a current.

A magnetization that moves carries its rod to a place `lift` off the line (the potential that spin
pumping adds, ``-(hbar/|e|) m x dm/dt``, for spins that turn with it): the two-ports that see mu_s
across it are shifted by that, and drive a chain without a current.

Functions are elementwise, as in `spinfem.numerics.doubled`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .ladder import Chain, meet, relative, settle, sweep
from .links import NO_AXIS, Shape, pull, put_link, turn_at
from .loads import Links, Loads, Numbers, at, put
from .loads import current as current_of
from .rings import Runs

LEFT, RIGHT = 0, 1
"""Ends of a two-port."""
Three = tuple[Any, Any, Any]
"""A vector."""


class Skeleton(NamedTuple):
    """What of a chain stays while magnetizations turn.

    Elements are those that m is given for; what is 0 long is not there.
    """

    links: Numbers  # (7, w) `loads.Links` of a window, those that turn of no use
    unturned: Numbers  # (3, w) B, S_left and S_right before they are turned
    shape: Numbers  # (4, w + 1) int, as `links.Shape`
    turning: Numbers  # (v,) int: links that turn, but for runs
    left: Numbers  # (3,) stiffness, force and its rest on the left rod of the window
    right: Numbers  # (3,) the same on its right rod, as seen in a mirror
    edge: Numbers  # (3,) two as of `ladder.solve_between`, and sizes of what drives outside
    runs: Any  # `rings.Runs`, whose m, ends, plane and push are of no use
    axes: Numbers  # (q_r,) int: element whose m a part of a run counts along, or NO_AXIS
    rods: Numbers  # (r, 2) int: those of its first and its last ring
    pair: Numbers  # (r, 2) int: those whose directions are the plane of a run
    rings: (
        Numbers  # (t, 3) int: a ring, where of it is what is taken up there, and by which element
    )
    share: Numbers  # (t, 2) of that, what is taken up; the second part turns about m
    seats: Numbers  # (w, 3) int: the link that a lift shifts, which of its ends, of which element
    parts: Numbers  # (v, 3) int: the same of parts of runs
    shift: Numbers  # (v, 2) of the lift, the shift of a part; the second part turns about m
    grounded: Numbers  # (g,) int: elements from which spins leave to the ground
    lost: Numbers  # (g, 2) conductance across m to there, S/m2; the second part turns about m


class Work(NamedTuple):
    """Room for what changes, of as many points as are at work."""

    turned: Any  # m (q_r, 3), ends (r, 2, 5) and plane (r, 2, 3) of runs
    sources: Numbers  # (2, q_r) of runs
    push: Numbers  # (q_r, 12)
    links: Numbers  # (7, w)
    loads: Numbers  # (5, w + 1)
    memory: Numbers  # (q_r + 2 r, rings.SIZE)
    rods: Numbers  # (2, w + 1) amplitudes and currents
    found: Numbers  # (q_r + r, rings.FOUND)


def take_up(
    skeleton: Skeleton, work: Work, m: Numbers, lift: Numbers, is_lifted: bool, taken: Numbers
) -> Any:
    """Find what all elements take up, in directions that `turn` has set.

    Parameters
    ----------
    skeleton, work
        The chain, and room to work in.
    m : (3, n)
        Magnetizations of the elements.
    lift : (3, n)
        By what rods are lifted, across m, V.
    is_lifted : bool
        Whether it is that which drives; else a current of 1.
    taken : (3, n)
        Filled: spin currents.

    Returns
    -------
    missed : number
        What balances miss relative to all that they balance.
    """
    current = 0.0 if is_lifted else 1.0
    set_sources(skeleton, work, m, current)
    if is_lifted:
        push(skeleton, work, m, lift)
    missed = solved(skeleton, work, m, current, taken)
    if is_lifted:
        take_from_lifts(skeleton, work, m, lift, taken)
    return missed


def turn(skeleton: Skeleton, work: Work, m: Numbers, collinear: float) -> None:
    """Set directions.

    Parameters
    ----------
    skeleton, work, m
        As of `take_up`.
    collinear : float
        Largest ``1 - |cos|`` of collinear rods in contact.
    """
    shape, ways = shape_of(skeleton), (m[0], m[1], m[2])
    links, none = links_of(work), 0.0 * m[0][0]
    for k in range(len(work.links[0])):
        for q in range(7):
            work.links[q][k] = skeleton.links[q][k] + none
    for i in range(len(skeleton.turning)):
        k = skeleton.turning[i]
        angle, free = turn_at(k, shape, ways, collinear)
        port = skeleton.unturned[0][k], skeleton.unturned[1][k], skeleton.unturned[2][k]
        put_link(k, links, port, (none, none), angle, free)
    axes, ends, plane = work.turned
    runs = skeleton.runs
    for i in range(len(skeleton.axes)):
        if skeleton.axes[i] != NO_AXIS:
            put_way(axes[i], m, skeleton.axes[i])
    for r in range(len(skeleton.rods)):
        for side in range(2):
            k, own = skeleton.rods[r][side], ends[r][side]
            if k != NO_AXIS:
                put_way(own, m, k)
            own[3], own[4] = runs.ends[r][side][3] + none, runs.ends[r][side][4] + none
            k = skeleton.pair[r][side]
            if k != NO_AXIS:
                put_way(plane[r][side], m, k)
            else:
                for i in range(3):
                    plane[r][side][i] = runs.plane[r][side][i] + none


def shape_of(skeleton: Skeleton) -> Shape:
    """Return where the links are."""
    shape = skeleton.shape
    return Shape(shape[0], shape[1], shape[2], shape[3])


def links_of(work: Work) -> Links:
    """Return the links of the window."""
    made = work.links
    return Links(made[0], made[1], made[2], made[3], made[4], made[5], made[6])


def runs_of(skeleton: Skeleton, work: Work) -> Runs:
    """Return runs in their directions, with what drives them."""
    runs = skeleton.runs
    axes, ends, plane = work.turned
    return Runs(
        axes,
        runs.B,
        runs.S_left,
        runs.S_right,
        work.sources[0],
        work.sources[1],
        work.push,
        ends,
        plane,
        runs.still,
        runs.start,
        runs.kinds,
        runs.of_link,
    )


def put_way(row: Numbers, m: Numbers, k: int) -> None:
    """Store the direction of an element."""
    row[0], row[1], row[2] = m[0][k], m[1][k], m[2][k]


def set_sources(skeleton: Skeleton, work: Work, m: Numbers, current: float) -> None:
    """Set what a current drives, alone."""
    runs, made, none = skeleton.runs, work.links, 0.0 * m[0][0]
    for k in range(len(made[3])):
        made[3][k] = current * skeleton.links[3][k] + none
        made[4][k] = current * skeleton.links[4][k] + none
    for i in range(len(skeleton.axes)):
        work.sources[0][i] = current * runs.s_left[i] + none
        work.sources[1][i] = current * runs.s_right[i] + none
        for j in range(12):
            work.push[i][j] = none


def solved(skeleton: Skeleton, work: Work, m: Numbers, current: float, taken: Numbers) -> Any:
    """Solve the window, and add up what all elements take up; `current` is 1, or 0 of lifts."""
    runs = runs_of(skeleton, work)
    links, loads, found = links_of(work), work.loads, work.found
    chain = Chain(links, runs, Loads(loads[0], loads[1], loads[2], loads[3], loads[4]), work.memory)
    last, left, right = len(links.B), skeleton.left, skeleton.right
    load = left[0] + 0.0 * m[0][0], (current * left[1], current * left[2])
    put(chain.loads, 0, load)
    sweep(chain, 0, last)
    amplitude, flow = work.rods[0], work.rods[1]
    sign = current * skeleton.edge[0]
    beyond = right[0] + 0.0 * m[0][0], (sign * right[1], sign * right[2])
    own = at(chain.loads, last)
    amplitude[last] = skeleton.edge[1] * meet(own, beyond)
    flow[last] = current_of(own, amplitude[last])
    missed, size, _ = settle(chain, 0, last, amplitude, flow, found)
    for i in range(3):
        for k in range(len(taken[i])):
            taken[i][k] = 0.0 * missed
    ways, pulled = (m[0], m[1], m[2]), (taken[0], taken[1], taken[2])
    pull(shape_of(skeleton), ways, skeleton.unturned[0], links.sign, amplitude, pulled)
    take_at_rings(skeleton, found, m, taken)
    return relative(missed, size + current * skeleton.edge[2])


def take_at_rings(skeleton: Skeleton, found: Numbers, m: Numbers, taken: Numbers) -> None:
    """Add what is taken up at the rings of runs."""
    for i in range(len(skeleton.rings)):
        ring, place, k = skeleton.rings[i][0], skeleton.rings[i][1], skeleton.rings[i][2]
        row = found[ring]
        take(taken, m, k, (row[place], row[place + 1], row[place + 2]), skeleton.share[i])


def take(taken: Numbers, m: Numbers, k: int, v: Three, share: Numbers) -> None:
    """Add a share of a vector, the second part of it turned about m."""
    x, y, z = v
    p, q, r = m[0][k], m[1][k], m[2][k]
    one, other = share[0], share[1]
    taken[0][k] += one * x + other * (q * z - r * y)
    taken[1][k] += one * y + other * (r * x - p * z)
    taken[2][k] += one * z + other * (p * y - q * x)


def push(skeleton: Skeleton, work: Work, m: Numbers, lift: Numbers) -> None:
    """Add what lifts drive."""
    made, axis = work.links, skeleton.shape[2]
    for i in range(len(skeleton.seats)):
        link, side, k = skeleton.seats[i][0], skeleton.seats[i][1], skeleton.seats[i][2]
        other = axis[link + 1 - side]
        along = m[0][other] * lift[0][k] + m[1][other] * lift[1][k] + m[2][other] * lift[2][k]
        pulled = skeleton.unturned[0][link] * along
        if side == LEFT:
            made[4][link] += pulled
        else:
            made[3][link] += -made[5][link] * pulled
    for i in range(len(skeleton.parts)):
        part, side, k = skeleton.parts[i][0], skeleton.parts[i][1], skeleton.parts[i][2]
        row, shift = work.push[part], shifted(m, lift, k, skeleton.shift[i])
        for j in range(3):
            row[3 * side + j] += shift[j]


def take_from_lifts(
    skeleton: Skeleton, work: Work, m: Numbers, lift: Numbers, taken: Numbers
) -> None:
    """Add what elements take up besides of what is lifted."""
    axis = skeleton.shape[2]
    for i in range(len(skeleton.seats)):
        link, side, k = skeleton.seats[i][0], skeleton.seats[i][1], skeleton.seats[i][2]
        B = skeleton.unturned[0][link]
        stiff = B + skeleton.unturned[1 + side][link]
        x, y, z = lift[0][k], lift[1][k], lift[2][k]
        taken[0][k] += -stiff * x
        taken[1][k] += -stiff * y
        taken[2][k] += -stiff * z
        x, y, z = across((B * x, B * y, B * z), m, axis[link + 1 - side])
        other = axis[link + 1 - side]
        taken[0][other] += x
        taken[1][other] += y
        taken[2][other] += z
    for i in range(len(skeleton.grounded)):
        k = skeleton.grounded[i]
        take(taken, m, k, (-lift[0][k], -lift[1][k], -lift[2][k]), skeleton.lost[i])


def shifted(m: Numbers, lift: Numbers, k: int, shift: Numbers) -> Three:
    """Return the shift that a lift of element k is."""
    x, y, z = lift[0][k], lift[1][k], lift[2][k]
    p, q, r = m[0][k], m[1][k], m[2][k]
    one, other = shift[0], shift[1]
    return (
        one * x + other * (q * z - r * y),
        one * y + other * (r * x - p * z),
        one * z + other * (p * y - q * x),
    )


def across(v: Three, m: Numbers, k: int) -> Three:
    """Return what of a vector is across the direction of element k."""
    x, y, z = v
    p, q, r = m[0][k], m[1][k], m[2][k]
    along = p * x + q * y + r * z
    return x - along * p, y - along * q, z - along * r
