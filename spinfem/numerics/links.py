r"""Two-ports joined to links, and links turned from one rod to the next.

A row of normal metals of conductance B and shunts S between rods along a and b couples their
amplitudes by ``B a.b``; what is left of its conductance, ``B (1 - |a.b|)``, is a shunt at either
rod. Functions are elementwise, as in `spinfem.numerics.doubled`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .doubled import Number, pick
from .loads import Links, Numbers

Port = tuple[Number, Number, Number]
"""Conductance B, and shunts on the left and on the right."""
Turn = tuple[Number, Number, Number]
"""Sign and size of the cosine of an angle, and what its size lacks of 1."""

OWN, SPACER, RUN = 0, 1, 2
"""What a link is: a two-port along an axis, a row of normal metals, a run of free rings."""
NO_AXIS = -1
"""In place of a magnet: of the ground, and of what is the same in all directions."""


class Ports(NamedTuple):
    """Two-ports of a chain, in a row, and their sources along their axes."""

    B: Numbers
    S_left: Numbers
    S_right: Numbers
    s_left: Numbers
    s_right: Numbers


class Shape(NamedTuple):
    """Where the links of a chain are, as in `solvers.plan.Plan`."""

    kind: Numbers
    start: Numbers
    axis: Numbers
    own_axis: Numbers


def join(one: Port, two: Port) -> Port:
    """Join two two-ports: eliminate the ring between them, without a subtraction."""
    shunt = one[2] + two[1]
    total = one[0] + two[0] + shunt
    total = pick(total != 0, total, 1.0)
    to_ground = shunt / total
    return one[0] * (two[0] / total), one[1] + one[0] * to_ground, two[2] + two[0] * to_ground


def joined(ports: Ports, first: int, stop: int) -> Port:
    """Join the two-ports from `first` to before `stop`."""
    port = ports.B[first], ports.S_left[first], ports.S_right[first]
    for k in range(first + 1, stop):
        port = join(port, (ports.B[k], ports.S_left[k], ports.S_right[k]))
    return port


def turn_of(a: Numbers, b: Numbers) -> Turn:
    """Return the angle between the lines along two unit vectors.

    ``1 - |cos| = sin^2/(1 + |cos|)`` with the sine from ``(b -/+ a) x a``: 1 - |cos| from the
    cosine has lost all digits below angles of 1e-8, and ``|b -/+ a|^2/2`` below 1e-12, since the
    lengths of a and b are rounded.
    """
    cosine = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    sign = pick(cosine < 0, -1.0, 1.0)
    x, y, z = b[0] - sign * a[0], b[1] - sign * a[1], b[2] - sign * a[2]
    p, q, r = y * a[2] - z * a[1], z * a[0] - x * a[2], x * a[1] - y * a[0]
    size = abs(cosine)
    near = size > 0.5
    rest = pick(near, (p * p + q * q + r * r) / (1 + size), 1 - size)
    return sign, pick(near, 1 - rest, size), rest


def turn_between(m: Numbers, a: int, b: int) -> Turn:
    """Return the angle between two of many unit vectors; m has a sequence for every component."""
    x, y, z = m
    return turn_of((x[a], y[a], z[a]), (x[b], y[b], z[b]))


def turn_at(k: int, shape: Shape, m: Numbers, collinear: float) -> tuple[Turn, Number]:
    """Return how link k stands to the rods at its ends, and whether that on its left is free.

    Where rods that are not collinear are in contact, up to a size of ``1 - |cos|``, none is.
    """
    kind, a, b = shape.kind[k], shape.axis[k], shape.axis[k + 1]
    turn, free = (1.0, 1.0, 0.0), 1.0
    if a == NO_AXIS:
        free = 0.0
    elif kind == OWN:
        own = shape.own_axis[k]
        if a != own:  # a contact
            sign, _, rest = turn_between(m, a, own)
            turn, free = (sign, 1.0, 0.0), pick(rest <= collinear, 1.0, 0.0)
    elif kind == SPACER and b != NO_AXIS:
        turn = turn_between(m, a, b)
    return turn, free


def put_link(k: int, links: Links, port: Port, sources: Any, turn: Turn, free: Number) -> None:
    """Store link k, turned."""
    sign, cosine, rest = turn
    links.B[k] = port[0] * cosine
    links.S_left[k], links.S_right[k] = port[1] + port[0] * rest, port[2] + port[0] * rest
    links.s_left[k], links.s_right[k] = sources
    links.sign[k], links.free[k] = sign, free


def pull(
    shape: Shape, m: Numbers, B: Numbers, sign: Numbers, amplitude: Numbers, pulled: Numbers
) -> None:
    """Add up what every magnet takes up at spacers: the other rod's mu_s pulls at its own.

    ``B mu`` across the rod, (10), the other direction's part across it from ``b -/+ a``; no
    currents are subtracted.

    Parameters
    ----------
    shape : Shape
        Where the links are.
    m : (3, n + 2)
        Magnetizations of all elements, a sequence for every component.
    B, sign : sequences over the links
        Conductances before they are turned, and signs of cosines, as from `assemble`.
    amplitude : (links + 1,)
        Of the rods.
    pulled : (3, n + 2)
        Added to.
    """
    for k in range(len(amplitude) - 1):
        a, b = shape.axis[k], shape.axis[k + 1]
        if shape.kind[k] == SPACER and a != NO_AXIS and b != NO_AXIS:
            add_pull(m, b, a, sign[k], B[k] * amplitude[k + 1], pulled)
            add_pull(m, a, b, sign[k], B[k] * amplitude[k], pulled)


def add_pull(
    m: Numbers, other: int, own: int, sign: Number, strength: Number, pulled: Numbers
) -> None:
    """Add a strength times what of a direction is across another; the sign is their cosine's."""
    x, y, z = m
    p, q, r = x[own], y[own], z[own]
    u, v, w = x[other] - sign * p, y[other] - sign * q, z[other] - sign * r
    along = u * p + v * q + w * r
    pulled[0][own] += strength * (u - along * p)
    pulled[1][own] += strength * (v - along * q)
    pulled[2][own] += strength * (w - along * r)


def assemble(
    ports: Ports, shape: Shape, m: Numbers, collinear: float, links: Links, unturned: Port
) -> None:
    """Make all links that are no runs.

    Parameters
    ----------
    ports : Ports
        All two-ports.
    shape : Shape
        Where the links are.
    m : (3, n + 2)
        Magnetizations of all elements, a sequence for every component.
    collinear : float
        Largest ``1 - |cos|`` of collinear rods in contact.
    links : Links
        Filled.
    unturned : (B, S_left, S_right), sequences over the links
        Filled with the links before they are turned.
    """
    for k in range(len(links.B)):
        first, stop = shape.start[k], shape.start[k + 1]
        turn, free = turn_at(k, shape, m, collinear)
        port, sources = (0.0, 0.0, 0.0), (0.0, 0.0)
        if shape.kind[k] == OWN:
            sources = ports.s_left[first], ports.s_right[first]
        if shape.kind[k] != RUN:
            port = joined(ports, first, stop)
        put_link(k, links, port, sources, turn, free)
        unturned[0][k], unturned[1][k], unturned[2][k] = port
