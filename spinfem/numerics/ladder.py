"""Chains of rods: links that are two-ports, and runs of free rings, eliminated from the left.

A chain is swept once: the load on every rod, from the left to the right (`sweep`), and then the
amplitudes back again (`settle`). Of a batch, what stands on the left of all that varies is swept
once for all points, what stands on its right once from the right (`mirrored`), and only what is
between, point by point.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .doubled import add, pick
from .links import Ports, Shape, assemble, pull
from .loads import Links, Load, Loads, Numbers, at, current, put, through
from .rings import eliminate, recover

SMALLEST = 1e-200
"""Size of currents of which some are too small to have all digits."""


class Chain(NamedTuple):
    """A chain, or a part of one, and what a sweep finds.

    The link numbered k is from rod k to rod k + 1. `runs` and `memory` are None if there is no run.
    """

    links: Links
    runs: Any
    loads: Loads
    memory: Any  # (q + 2 r, rings.SIZE) of q two-ports in r runs


def run_of(runs: Any, k: int) -> int:
    """Return which run link k is, or -1."""
    return -1 if runs is None else runs.of_link[k]


def settled(k: int, links: Links, loads: Loads, amplitude: Numbers, flow: Numbers) -> Any:
    """Find the rod on the left of a two-port k from that on its right.

    Returned are by what the currents at both its ends miss each other, and the size of what is
    balanced, ``j_left - s_left - S_left u_left = j_right - s_right + S_right u_right``; nothing is
    missed where the rod on the left is held. And the heat, ``B (u_left - u_right)^2 + S_left
    u_left^2 + S_right u_right^2``, of B from the difference or from the current through it,
    whichever has lost less digits.
    """
    own = loads.at_rest[k] + loads.share[k] * amplitude[k + 1]
    amplitude[k], flow[k] = own, current(at(loads, k), own)
    sign = links.sign[k]
    enters, leaves = sign * flow[k] - links.s_left[k], flow[k + 1] - links.s_right[k]
    lost_left = links.S_left[k] * sign * own
    lost_right = links.S_right[k] * amplitude[k + 1]
    size = abs(flow[k]) + abs(flow[k + 1]) + abs(links.s_left[k]) + abs(links.s_right[k])
    size = size + abs(lost_left) + abs(lost_right)
    through = enters - lost_left
    rest = abs(through - (leaves + lost_right))
    B, free, right = links.B[k], links.free[k], amplitude[k + 1]
    pulled = abs(loads.force[k]) + abs(loads.stiffness[k] * own)  # what flow[k] is the rest of
    largest = pulled + abs(links.s_left[k]) + abs(lost_left)
    by_current = (largest < abs(B) * (abs(own) + abs(right))) & (free != 0)
    fallen = sign * own - right
    fallen = pick(by_current, through / pick(by_current, B, 1.0), fallen)
    heat = B * fallen * fallen + lost_left * sign * own + lost_right * right
    return abs(free) * rest, size, heat


def sweep(chain: Chain, first: int, stop: int, again: bool = False) -> None:
    """Carry the load on rod `first`, which is known, to rod `stop`; `again` as in `eliminate`."""
    load = at(chain.loads, first)
    for k in range(first, stop):
        r = run_of(chain.runs, k)
        if r < 0:
            load = through(load, k, chain.links, chain.loads)
        else:
            load = eliminate(chain.runs, r, load, chain.memory, again)
        put(chain.loads, k + 1, load)


def settle(
    chain: Chain, first: int, stop: int, amplitude: Numbers, flow: Numbers, found: Any
) -> Any:
    """Find the rods before rod `stop`, whose amplitude is known, back to rod `first`.

    Parameters
    ----------
    chain : Chain
        After `sweep`.
    first, stop : int
        Rods.
    amplitude : (rods,)
        Filled from `stop - 1` down to `first`.
    flow : (rods,)
        Filled likewise with the current from the left along each rod.
    found : (q + r, rings.FOUND) or None
        Filled with what the rings of runs do.

    Returns
    -------
    missed, size, heat : number
        Sums of what the balances of the links miss, of the sizes of what they balance, and of the
        heat.
    """
    heat = 0.0 * amplitude[stop]
    missed, size = abs(heat), abs(heat)
    for k in range(stop - 1, first - 1, -1):
        r = run_of(chain.runs, k)
        if r < 0:
            rest, own, warmed = settled(k, chain.links, chain.loads, amplitude, flow)
        else:
            right = amplitude[k + 1]
            amplitude[k], rest, own, warmed = recover(chain.runs, r, right, chain.memory, found)
            flow[k] = current(at(chain.loads, k), amplitude[k])
        missed, size, heat = missed + rest, size + own, heat + warmed
    return missed, size, heat


def meet(left: Load, right: Load) -> Any:
    """Return the amplitude of a rod between two loads, that on the right seen in a mirror."""
    whole = add(left[1], right[1])
    total = left[0] + right[0]
    total = pick(total != 0, total, 1.0)
    return (whole[0] + whole[1]) / total


def solve(chain: Chain, amplitude: Numbers, flow: Numbers, found: Any) -> Any:
    """Solve a whole chain, from ground to ground; parameters as in `settle`.

    The results are what all balances miss relative to all that they balance, and the heat.
    """
    last = len(chain.links.B)
    sweep(chain, 0, last)
    amplitude[last] = 0.0 * chain.loads.stiffness[last]
    flow[last] = current(at(chain.loads, last), amplitude[last])
    missed, size, heat = settle(chain, 0, last, amplitude, flow, found)
    return relative(missed, size), heat


def relative(missed: Any, size: Any) -> Any:
    """Return what balances miss relative to the size of what they balance."""
    return missed / pick(size > SMALLEST, size, 1.0)


def solve_between(
    left: Chain, window: Chain, right: Chain, edge: Any, parts: tuple[Any, Any, Any], again: bool
) -> Any:
    """Solve a chain of which a window alone varies.

    Parameters
    ----------
    left : Chain
        What is on the left of the window, after `sweep`.
    window : Chain
        The window.
    right : Chain
        What is on its right, as seen in a mirror, after `sweep`.
    edge : (2,)
        Sign of the axis of the link on the right of the window, at the rod between; whether that
        rod is free.
    parts : three times (amplitude, flow, found)
        As in `settle`, of the three chains; filled. Those on the right are as seen in the mirror.
    again : bool
        Whether the memory of the window is that of another point, as in `rings.eliminate`.

    Returns
    -------
    missed, heat : number
        What all balances miss relative to all that they balance, and the heat, in all three.
    """
    first, count, last = len(left.links.B), len(window.links.B), len(right.links.B)
    put(window.loads, 0, at(left.loads, first))
    sweep(window, 0, count, again)
    stiffness, force = other = at(right.loads, last)
    amplitude, flow, found = parts[1]
    own = at(window.loads, count)
    turned = edge[0] * force[0], edge[0] * force[1]
    amplitude[count] = edge[1] * meet(own, (stiffness, turned))
    flow[count] = current(own, amplitude[count])
    missed, size, heat = settle(window, 0, count, amplitude, flow, found)
    beyond, beyond_flow, beyond_found = parts[2]
    beyond[last] = edge[0] * amplitude[count]
    held = current(other, beyond[last])  # beyond a rod that is held there is another current
    beyond_flow[last] = pick(edge[1] != 0, -edge[0] * flow[count], held)
    rest, own_size, warmed = settle(right, 0, last, beyond, beyond_flow, beyond_found)
    missed, size, heat = missed + rest, size + own_size, heat + warmed
    before, before_flow, before_found = parts[0]
    before[first] = amplitude[0]
    before_flow[first] = flow[0]
    rest, own_size, warmed = settle(left, 0, first, before, before_flow, before_found)
    return relative(missed + rest, size + own_size), heat + warmed


def mirrored(links: Links) -> Links:
    """Return links as seen in a mirror: from the right, with currents reversed.

    There a rod has the axis of the link on its right, the first in the mirror that of the ground.
    Arrays are copied: numba compiles for every layout anew.
    """
    one = np.ones_like(links.sign[:1])
    return Links(
        links.B[::-1].copy(),
        links.S_right[::-1].copy(),
        links.S_left[::-1].copy(),
        -links.s_right[::-1],
        -links.s_left[::-1],
        np.concatenate([one, links.sign[:0:-1]]),
        np.concatenate([0.0 * one, links.free[:0:-1]]),
    )


# --- tables of numbers ------------------------------------------------------------------------


def assemble_tables(
    ports: Numbers, shape: Numbers, m: Numbers, collinear: float, made: Numbers, unturned: Numbers
) -> None:
    """Make all links that are no runs, `links.assemble`, from and in tables."""
    assemble(
        Ports(ports[0], ports[1], ports[2], ports[3], ports[4]),
        Shape(shape[0], shape[1], shape[2], shape[3]),
        (m[0], m[1], m[2]),
        collinear,
        Links(made[0], made[1], made[2], made[3], made[4], made[5], made[6]),
        (unturned[0], unturned[1], unturned[2]),
    )


def solve_plain(
    ports: Numbers,
    shape: Numbers,
    m: Numbers,
    collinear: float,
    made: Numbers,
    unturned: Numbers,
    loads: Numbers,
    rods: Numbers,
    pulled: Numbers,
) -> Any:
    """Make and solve a chain without runs, and add up what its magnets take up at spacers.

    The results are those of `solve`.
    """
    assemble_tables(ports, shape, m, collinear, made, unturned)
    links = Links(made[0], made[1], made[2], made[3], made[4], made[5], made[6])
    chain = Chain(links, None, Loads(loads[0], loads[1], loads[2], loads[3], loads[4]), None)
    missed, heat = solve(chain, rods[0], rods[1], None)
    where = Shape(shape[0], shape[1], shape[2], shape[3])
    magnetized, taken_up = (m[0], m[1], m[2]), (pulled[0], pulled[1], pulled[2])
    pull(where, magnetized, unturned[0], links.sign, rods[0], taken_up)
    return missed, heat
