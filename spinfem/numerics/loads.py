r"""Loads: a chain of two-ports between rods, eliminated from one end without a subtraction.

All that lies on the left of a rod is one load there, a force P and a stiffness T, the paper's
effective driving force and stiffness: the current from the left is ``j = P - T u`` with u the
amplitude at the rod. A two-port is a conductance B between its ends, shunts S_left and S_right, and
sources s_left and s_right:

    j_left = s_left + S_left u_left + B (u_left - u_right),
    j_right = s_right - S_right u_right + B (u_left - u_right).

It turns the load on its left into that on its right, with ``q = T + S_left``, ``total = q + B``,

    T' = S_right + B q/total,    P' = s_right + (B/total)(P - s_left),

and ``u_left = (P - s_left + B u_right)/total``. All stiffnesses are sums of positive parts, so that
T is right to all digits whatever their sizes. P is kept in twice the digits, and what a two-port
takes from it is added as such: of two forces that are nearly equal, behind a thin layer, the
difference is right to all digits (mu_s of a symmetric valve with d_N/l_N = 1e-12 would have a
relative error of 1e-4 otherwise).

From the right it is the same with ends exchanged and currents reversed (`mirrored`).

Functions are elementwise, as in `spinfem.numerics.doubled`; the numbers of a chain are sequences
over its links, of floats or of arrays.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .doubled import Doubled, Number, add, double, pick

Numbers = Any
"""A sequence of numbers: a list, or an array whose first axis is meant."""
Load = tuple[Number, Doubled]
"""Stiffness T and force P."""


class Links(NamedTuple):
    """Two-ports of a chain, from rod k to rod k + 1; the first and the last rod are the ground.

    `sign` is that of a link's axis at its left end against the axis of the rod there; `free` is 1,
    or 0 where the rod on the left of the link is held at zero.
    """

    B: Numbers
    S_left: Numbers
    S_right: Numbers
    s_left: Numbers
    s_right: Numbers
    sign: Numbers
    free: Numbers


class Loads(NamedTuple):
    """Loads on the rods of a chain, as sequences over them, and what links make of amplitudes.

    The amplitude on the left of a link is `at_rest` and a `share` of that on its right.
    """

    stiffness: Numbers
    force: Numbers
    rest: Numbers  # of the force, beyond a double
    share: Numbers
    at_rest: Numbers


def through(load: Load, k: int, links: Links, loads: Loads) -> Load:
    """Return the load on the right of link k from that on its left; share and at_rest are kept."""
    stiffness, force = load
    own = stiffness + links.S_left[k]
    total = own + links.B[k]
    total = pick(total != 0, total, 1.0)  # 0: nothing holds what is behind a blocking end
    free, sign, s_left = links.free[k], links.sign[k], links.s_left[k]
    per_total = free / total
    share = links.B[k] * per_total
    taken = 1.0 - free + own * per_total
    force = sign * force[0], sign * force[1]
    net = add(force, double(-s_left))
    driven = net[0] + net[1]
    loads.share[k], loads.at_rest[k] = sign * share, sign * (driven * per_total)
    most = abs(share) > 0.5
    whole = add(net, double(links.s_right[k]))
    base = pick(most, whole[0], links.s_right[k]), pick(most, whole[1], 0.0 * whole[1])
    change = pick(most, -taken * driven, share * driven)
    return links.S_right[k] + links.B[k] * taken, add(base, double(change))


def current(load: Load, amplitude: Number) -> Number:
    """Return the current from a load, ``P - T u``."""
    stiffness, force = load
    flow = add(force, double(-stiffness * amplitude))
    return flow[0] + flow[1]


def at(loads: Loads, k: int) -> Load:
    """Return the load on rod k."""
    return loads.stiffness[k], (loads.force[k], loads.rest[k])


def put(loads: Loads, k: int, load: Load) -> None:
    """Store the load on rod k."""
    loads.stiffness[k], loads.force[k], loads.rest[k] = load[0], load[1][0], load[1][1]
