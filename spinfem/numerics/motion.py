r"""Magnetizations in motion: the equation of Landau, Lifshitz and Gilbert, and steps in time.

Of every magnet i that moves, with H in A/m, T from `spinfem.numerics.turning` and the spins that it
pumps included (`spinfem.dynamics.motion` has units and sources),

    dm_i/dt = -gamma_0 m_i x H_i + alpha_i m_i x dm_i/dt + c_i (j0 T_i + sum_j K_ij dm_j/dt),

which is linear in all dm/dt and solved as it stands, in a frame e_1, e_2 = m x e_1 across every m.
Directions are those of vectors: what a step makes of their lengths means nothing.

Steps are those of Dormand and Prince of order 8 with errors of orders 5 and 3 (Hairer, Norsett and
Wanner, Solving Ordinary Differential Equations I, II.5 and II.10), their table as `steps` has it.
Every point of a batch has a time and a step of its own. Functions are elementwise, as in
`spinfem.numerics.doubled`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .doubled import pick, some, square_root
from .loads import Numbers
from .turning import Skeleton, Work, take_up, turn

STAGES = 12
"""Of a step, and the slope at its end."""
LARGEST, SMALLEST, SAFETY, HOPELESS = 5.0, 0.2, 0.85, 1e300
"""By what a step may grow and shrink, and by what it is shorter than the error would let it be;
and an error of what is no number."""


class Magnets(NamedTuple):
    """Magnets that move in a chain, b of them."""

    skeleton: Skeleton
    held: Numbers  # (3, n) directions of all elements, of which those that move are of no use
    places: Numbers  # (e, 2) int: elements that move, and of which magnet
    alpha: Numbers  # (b,)
    per_current: Numbers  # (b,) c_i, 1/s per A/m2
    matrix: Numbers  # (3 b, 3 b) gamma_0 Q of ``H_i = h_i + sum_j Q_ij m_j``, 1/s
    bilinear: Numbers  # (b, b) gamma_0 q of ``q (m_i.m_j) m_j`` in H_i, 1/s
    pumping: Numbers  # (1,) hbar/|e| of spins that are pumped, V s; () without
    currents: Numbers  # (d, c) j0 in every piece of time, as a polynomial of u from -1 to 1, A/m2
    fields: Numbers  # (d, c, 3 b) gamma_0 h likewise, 1/s


class Room(NamedTuple):
    """Room to work in, of as many points as are at work."""

    turning: Work
    m: Numbers  # (3, n)
    taken: Numbers  # (3, n)
    lift: Numbers  # (3, n)
    frames: Numbers  # (6 b,) e_1 and e_2 of every magnet
    ways: Numbers  # (3 b,) unit vectors
    system: Numbers  # (2 b, 2 b + 1)
    forces: Numbers  # (3 b,) ``-gamma_0 m x H + c j0 T``, 1/s
    y: Numbers  # (3 b,) where a stage is
    slopes: Numbers  # (STAGES + 1, 3 b)
    noise: Numbers  # (3 b,) gamma_0 times a field that is the same in a step, 1/s


class Table(NamedTuple):
    """Numbers of a method of steps; see `scipy.integrate.DOP853`."""

    A: Numbers  # (STAGES, STAGES)
    C: Numbers  # (STAGES,)
    B: Numbers  # (STAGES,)
    E3: Numbers  # (STAGES + 1,)
    E5: Numbers  # (STAGES + 1,)


class Legs(NamedTuple):
    """Times at which motion halts: where it is sampled, or a piece of currents and fields ends."""

    ends: Numbers  # (l,) s
    pieces: Numbers  # (l,) int: of currents and fields
    middles: Numbers  # (l,) s: when the middle of that is
    rates: Numbers  # (l,) 1/s: two over how long that is
    samples: Numbers  # (l,) int: where it is sampled to, or -1


# --- slopes -------------------------------------------------------------------------------------


def velocity(
    magnets: Magnets, room: Room, y: Numbers, piece: int, u: Any, collinear: float, slope: Numbers
) -> None:
    """Find dm/dt.

    Parameters
    ----------
    magnets, room
        What moves, and room to work in.
    y : (3 b,)
        Vectors along m.
    piece, u : int, number
        Which piece of currents and fields, and where in it, from -1 to 1.
    collinear : float
        As of `turning.turn`.
    slope : (3 b,)
        Filled, 1/s.
    """
    m, count = room.m, len(magnets.alpha)
    for i in range(count):
        put_frame(room, i, y[3 * i], y[3 * i + 1], y[3 * i + 2])
    for i in range(len(magnets.places)):
        k, j = magnets.places[i][0], magnets.places[i][1]
        for a in range(3):
            m[a][k] = room.ways[3 * j + a]
    turn(magnets.skeleton, room.turning, m, collinear)
    columns = 2 * count * len(magnets.pumping)
    for column in range(-1, columns):  # of the current, and of motion along every direction
        if column >= 0:
            lift_along(magnets, room, column)
        take_up(magnets.skeleton, room.turning, m, room.lift, column >= 0, room.taken)
        if column < 0:
            make_forces(magnets, room, piece, u)
            begin_system(magnets, room)
        else:
            pump(magnets, room, column)
    system, frames = room.system, room.frames
    eliminated(system, 2 * count)
    for i in range(count):
        e, one, two = 6 * i, system[2 * i][2 * count], system[2 * i + 1][2 * count]
        for a in range(3):
            slope[3 * i + a] = one * frames[e + a] + two * frames[e + 3 + a]


def put_frame(room: Room, i: int, x: Any, y: Any, z: Any) -> None:
    """Store the direction of a vector, and two directions across it."""
    per = 1.0 / square_root(x * x + y * y + z * z)
    x, y, z = per * x, per * y, per * z
    room.ways[3 * i], room.ways[3 * i + 1], room.ways[3 * i + 2] = x, y, z
    # across it, and across the axis it is farthest from
    first, second = abs(x) <= abs(y), abs(y) <= abs(x)
    p = pick(first & (abs(x) <= abs(z)), 0.0 * x, pick(second & (abs(y) <= abs(z)), z, -y))
    q = pick(first & (abs(x) <= abs(z)), -z, pick(second & (abs(y) <= abs(z)), 0.0 * x, x))
    r = pick(first & (abs(x) <= abs(z)), y, pick(second & (abs(y) <= abs(z)), -x, 0.0 * x))
    per = 1.0 / square_root(p * p + q * q + r * r)
    p, q, r = per * p, per * q, per * r
    frames = room.frames
    frames[6 * i], frames[6 * i + 1], frames[6 * i + 2] = p, q, r
    frames[6 * i + 3] = y * r - z * q
    frames[6 * i + 4] = z * p - x * r
    frames[6 * i + 5] = x * q - y * p


def make_forces(magnets: Magnets, room: Room, piece: int, u: Any) -> None:
    """Store ``-gamma_0 m x H + c j0 T`` of all magnets in `room.forces`."""
    m, count = room.ways, len(magnets.alpha)
    current = polynomial(magnets.currents[piece], u)
    out = room.forces
    for i in range(count):
        x, y, z = (
            field_at(magnets.fields[piece], 3 * i, u) + room.noise[3 * i],
            field_at(magnets.fields[piece], 3 * i + 1, u) + room.noise[3 * i + 1],
            field_at(magnets.fields[piece], 3 * i + 2, u) + room.noise[3 * i + 2],
        )
        for j in range(3 * count):
            x = x + magnets.matrix[3 * i][j] * m[j]
            y = y + magnets.matrix[3 * i + 1][j] * m[j]
            z = z + magnets.matrix[3 * i + 2][j] * m[j]
        for j in range(len(magnets.bilinear)):
            u, v, w = m[3 * j], m[3 * j + 1], m[3 * j + 2]
            dot = m[3 * i] * u + m[3 * i + 1] * v + m[3 * i + 2] * w
            more = magnets.bilinear[i][j] * dot
            x, y, z = x + more * u, y + more * v, z + more * w
        p, q, r = m[3 * i], m[3 * i + 1], m[3 * i + 2]
        out[3 * i], out[3 * i + 1], out[3 * i + 2] = r * y - q * z, p * z - r * x, q * x - p * y
    for i in range(len(magnets.places)):
        k, j = magnets.places[i][0], magnets.places[i][1]
        strength = magnets.per_current[j] * current
        for a in range(3):
            out[3 * j + a] += strength * room.taken[a][k]


def polynomial(numbers: Numbers, u: Any) -> Any:
    """Return the sum of all ``numbers[i] u^i``."""
    last = len(numbers) - 1
    total = numbers[last] + 0.0 * u
    for i in range(last - 1, -1, -1):
        total = numbers[i] + u * total
    return total


def field_at(fields: Numbers, k: int, u: Any) -> Any:
    """Return one of the fields, the sum of all ``fields[i][k] u^i``."""
    last = len(fields) - 1
    total = fields[last][k] + 0.0 * u
    for i in range(last - 1, -1, -1):
        total = fields[i][k] + u * total
    return total


def begin_system(magnets: Magnets, room: Room) -> None:
    """Store ``1 - alpha m x`` and what it shall be, in frames across all m."""
    system, frames, count = room.system, room.frames, len(magnets.alpha)
    none = 0.0 * frames[0]
    for i in range(2 * count):
        for j in range(2 * count):
            system[i][j] = none
    for i in range(count):
        f = room.forces
        p, q, r = f[3 * i], f[3 * i + 1], f[3 * i + 2]
        for a in range(2):
            e = 6 * i + 3 * a
            system[2 * i + a][2 * count] = frames[e] * p + frames[e + 1] * q + frames[e + 2] * r
            system[2 * i + a][2 * i + a] = none + 1.0
        system[2 * i][2 * i + 1] = none + magnets.alpha[i]
        system[2 * i + 1][2 * i] = none - magnets.alpha[i]


def lift_along(magnets: Magnets, room: Room, column: int) -> None:
    """Lift the rods of a magnet that moves along one of its frame, by ``-hbar/|e| m x dm/dt``."""
    frames, lift, strength = room.frames, room.lift, magnets.pumping[0]
    for a in range(3):
        for k in range(len(lift[a])):
            lift[a][k] = 0.0 * frames[0]
    for i in range(len(magnets.places)):
        k, j = magnets.places[i][0], magnets.places[i][1]
        if 2 * j == column:  # m x e_1 = e_2
            for a in range(3):
                lift[a][k] = -strength * frames[6 * j + 3 + a]
        if 2 * j + 1 == column:  # m x e_2 = -e_1
            for a in range(3):
                lift[a][k] = strength * frames[6 * j + a]


def pump(magnets: Magnets, room: Room, column: int) -> None:
    """Add ``-c K`` of motion along one direction."""
    system, frames = room.system, room.frames
    for i in range(len(magnets.places)):
        k, own = magnets.places[i][0], magnets.places[i][1]
        x, y, z = room.taken[0][k], room.taken[1][k], room.taken[2][k]
        for a in range(2):
            e = 6 * own + 3 * a
            part = frames[e] * x + frames[e + 1] * y + frames[e + 2] * z
            system[2 * own + a][column] += -magnets.per_current[own] * part


def eliminated(system: Numbers, size: int) -> None:
    """Solve a system whose symmetric part is positive; the solution is in its last column."""
    for k in range(size):
        per = 1.0 / system[k][k]
        for j in range(k + 1, size + 1):
            system[k][j] = system[k][j] * per
        for i in range(size):
            if i != k:
                factor = system[i][k]
                for j in range(k + 1, size + 1):
                    system[i][j] += -factor * system[k][j]


# --- steps --------------------------------------------------------------------------------------


def advance(
    magnets: Magnets,
    room: Room,
    table: Table,
    y: Numbers,
    clock: Numbers,
    piece: int,
    middle: float,
    rate: float,
    end: float,
    tolerance: float,
    collinear: float,
    most: int,
) -> None:
    """Move to a time, in steps whose errors are small enough.

    Parameters
    ----------
    magnets, room, table
        What moves, room to work in, and the method.
    y : (3 b,)
        Unit vectors; changed.
    clock : (5,)
        Time, the next step, how many were taken and tried, and whether the last was not taken;
        changed.
    piece, middle, rate, end : int, float, float, float
        Which piece of currents and fields, when its middle is, two over how long it is, and until
        when to move. Points that are beyond stay.
    tolerance : float
        Error of a step, in radians.
    collinear : float
        As of `turning.turn`.
    most : int
        Steps that may be tried, lest what cannot be done takes for ever.
    """
    slopes, size = room.slopes, len(y)
    first, tries = 0, 0
    while some(clock[0] < end) and tries < most:
        tries += 1
        left = end - clock[0]
        is_last = clock[1] >= left
        h = pick(left > 0, pick(is_last, left, clock[1]), 0.0)
        for s in range(first, STAGES + 1):  # the slope at the beginning is known behind a step
            for i in range(size):
                total = 0.0 * y[i]
                for j in range(s):
                    weight = table.B[j] if s == STAGES else table.A[s][j]
                    if weight != 0.0:
                        total = total + weight * slopes[j][i]
                room.y[i] = y[i] + h * total
            share = 1.0 if s == STAGES else table.C[s]
            u = (clock[0] + share * h - middle) * rate
            velocity(magnets, room, room.y, piece, u, collinear, slopes[s])
        first = 1
        error = h * error_of(room, table, size) / tolerance
        taken = (error <= 1.0) & (left > 0)
        root = square_root(square_root(square_root(pick(error > 1e-12, error, 1e-12))))
        factor = SAFETY / root
        most_now = pick(clock[4] > 0, 1.0, LARGEST)  # not again right after it was too long
        factor = pick(factor < most_now, factor, most_now)
        factor = pick((factor > SMALLEST) & (error < HOPELESS), factor, SMALLEST)
        for i in range(len(magnets.alpha)):
            x, v, w = room.y[3 * i], room.y[3 * i + 1], room.y[3 * i + 2]
            length = square_root(x * x + v * v + w * w)
            for a in range(3 * i, 3 * i + 3):
                y[a] = pick(taken, room.y[a] / length, y[a])
                slopes[0][a] = pick(taken, slopes[STAGES][a], slopes[0][a])
        arrived = taken & is_last
        clock[0] = pick(arrived, end, pick(taken, clock[0] + h, clock[0]))
        clock[2] = clock[2] + pick(taken, 1.0, 0.0)
        clock[3] = clock[3] + pick(left > 0, 1.0, 0.0)
        clock[4] = pick(left > 0, pick(taken, 0.0, 1.0), clock[4])
        # the last step of a leg says little of the next one
        longer = pick(factor * h > clock[1], factor * h, clock[1])
        clock[1] = pick(arrived, longer, pick(left > 0, factor * h, clock[1]))


def error_of(room: Room, table: Table, size: int) -> Any:
    """Return the error of a step per its length."""
    fifth, third = 0.0 * room.y[0], 0.0 * room.y[0]
    for i in range(size):
        one, other = 0.0 * room.y[0], 0.0 * room.y[0]
        for s in range(STAGES + 1):
            one = one + table.E5[s] * room.slopes[s][i]
            other = other + table.E3[s] * room.slopes[s][i]
        fifth, third = fifth + one * one, third + other * other
    whole = fifth + 0.01 * third
    return fifth / square_root(pick(whole > 0, whole, 1.0) * size)


def run(
    magnets: Magnets,
    room: Room,
    table: Table,
    legs: Legs,
    y: Numbers,
    clock: Numbers,
    samples: Numbers,
    tolerance: float,
    collinear: float,
    most: int,
) -> None:
    """Move through legs of time.

    Parameters
    ----------
    magnets, room, table
        What moves, room to work in, and the method.
    legs : Legs
        When to be where.
    y, clock, tolerance, collinear, most
        As of `advance`.
    samples : (times, 3 b)
        Filled.
    """
    for a in range(3):
        for k in range(len(room.m[a])):
            room.m[a][k] = 0.0 * y[0] + magnets.held[a][k]
    for i in range(len(legs.ends)):
        piece, middle, rate = legs.pieces[i], legs.middles[i], legs.rates[i]
        end = legs.ends[i]
        advance(
            magnets, room, table, y, clock, piece, middle, rate, end, tolerance, collinear, most
        )
        if legs.samples[i] >= 0:
            for j in range(len(y)):
                samples[legs.samples[i]][j] = y[j]


def shaken(
    magnets: Magnets,
    room: Room,
    y: Numbers,
    step: float,
    noise: Numbers,
    collinear: float,
) -> None:
    """Move in steps of one length in fields that are other ones in each, by the rule of Heun.

    Its limit is Stratonovich's (Garcia-Palacios and Lazaro, doi:10.1103/PhysRevB.58.14937).

    Parameters
    ----------
    magnets, room, collinear
        As of `run`; currents and fields do not change.
    y : (3 b,)
        Unit vectors; changed.
    step : float
        s.
    noise : (steps, 3 b)
        gamma_0 times the fields, 1/s.
    """
    slopes, size = room.slopes, len(y)
    for a in range(3):
        for k in range(len(room.m[a])):
            room.m[a][k] = 0.0 * y[0] + magnets.held[a][k]
    for i in range(len(noise)):
        for k in range(size):
            room.noise[k] = noise[i][k]
        for end in range(2):
            for k in range(size):
                room.y[k] = y[k] + end * step * slopes[0][k]
            velocity(magnets, room, room.y, 0, 0.0 * y[0], collinear, slopes[end])
        for j in range(len(magnets.alpha)):
            for k in range(3 * j, 3 * j + 3):
                room.y[k] = y[k] + 0.5 * step * (slopes[0][k] + slopes[1][k])
            p, q, r = room.y[3 * j], room.y[3 * j + 1], room.y[3 * j + 2]
            length = square_root(p * p + q * q + r * r)
            y[3 * j], y[3 * j + 1], y[3 * j + 2] = p / length, q / length, r / length
