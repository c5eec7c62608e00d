r"""Free rings: the three components of mu_s between two rods, where nothing keeps it on them.

Where spins live across the magnetizations, at a finite mixing conductance or in a ferromagnet with
exchange lengths, a ring moves in all of space. A two-port then has a part along its axis m, one
across it, and one that turns about it: ``X = along m m^T + across (1 - m m^T) + turning [m x]``.
The load on a ring is ``j = P - T u`` with a vector P and a matrix T (`spinfem.numerics.loads`), and
with ``H = T + S_left``, ``A = H + B``

    T' = S_right + B A^-1 H,    P' = s_right + B v,    u = v + W u',
    v = A^-1 (P - s_left),    W = A^-1 B .

Stiffnesses of very different sizes meet in these matrices: what clamps mu_s to a rod, and what
relaxes along it. So they are in twice the digits of a double, and every ring counts in its own
frame: m of the two-port on its right, a direction in the plane of m and the first rod, and one
across both. There a two-port is three numbers, and what is huge is not mixed with what is tiny. In
the axes of the laboratory dr would be off by 1e-8 beside a spring that is 1e25 times as stiff as
the rest. From one frame to the next T and P are turned, by exact ones and zeros where two m are the
same or opposite. A run of two directions is *flat*: its frames are turned in their plane alone.

Where what is on the right may be far softer than T, *soft*, the ring counts in the frame of the
stiffer of both (`into_frame`), and the two-port acts in its own: turned into that of the soft one,
a T of 1e24 across its axis and 1e-3 along it would be off by 1e-8 in all that is there.

A run goes from ring 0 to ring n through n two-ports. Its first and its last ring are *held* at
zero, on a *rod*, or *sprung*: a spring, the mixing conductance, pulls back what leaves the rod.
Along their rods they have the amplitudes of the chain of `spinfem.numerics.loads`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .doubled import (
    Doubled,
    Matrix,
    Number,
    Vector,
    add,
    cross,
    divide,
    dot,
    double,
    inverse,
    minus,
    multiply,
    negative,
    pick,
    plus,
    product,
    root,
    scaled,
    square_root,
    subtract,
    times,
    transposed,
    two_product,
    two_products,
    vector,
)
from .loads import Load, Numbers

HELD, ROD, SPRUNG, SOFTLY_SPRUNG = 0, 1, 2, 3
"""What the first or the last ring of a run is. Of the last one the spring may be far softer, at any
point of a batch, than what is on its left.
"""
NORMAL, MAGNETIC, SOFT = 0, 1, 2
"""What a two-port is: the same in all directions; or not; or not and far softer, at any point of a
batch, than what is on its left, which has another axis. The first of a run is not soft.
"""
CLOSED = 1e-280
"""Conductance between rings below which none is left; its inverse would overflow."""

Three = tuple[Doubled, Doubled, Doubled]
"""What acts along an axis, across it, and turning about it."""


class Runs(NamedTuple):
    """All runs of a chain, one behind the other; sequences of numbers of the shapes in brackets.

    Vectors are in the axes of the laboratory.
    """

    m: Numbers  # (q, 3) axis; of no use of a two-port that is the same in all directions
    B: Numbers  # (q, 3) along, across, turning
    S_left: Numbers  # (q, 3)
    S_right: Numbers  # (q, 3)
    s_left: Numbers  # (q,) sources along the axes
    s_right: Numbers  # (q,)
    push: Any  # what else drives the two-ports, (q, 12): by what they see the rings at their left
    # and right ends shifted, and currents through these ends; or (0, 12), or None, of which
    # compiled code makes another, faster function
    ends: Numbers  # (r, 2, 5) of the first and the last ring: rod, spring across and turning
    plane: Numbers  # (r, 2, 3) the first rod, or the first axis, and another direction
    still: Numbers  # (r,) two-ports at the beginning that are the same at all points of a batch
    start: Numbers  # (r + 1,) int, the first two-port of each run
    kinds: Numbers  # (2 q + 4 r,) int: of a run of n two-ports 2 n + 4, what the first and the last
    # ring are, whether the run is flat, what the two-ports are, and of a flat run the direction, 1
    # or 2, whose frame each ring counts in
    of_link: Numbers  # (links,) int: the run that a link is, or -1


class Port(NamedTuple):
    """A two-port in its own frame."""

    B: Three
    S_left: Three
    S_right: Three
    s_left: Vector
    s_right: Vector


FRAME, TURN, FORCE, STIFFNESS, RESPONSE, AT_REST = 0, 9, 27, 33, 51, 69
STAYS, PUSH, SIZE = 75, 76, 100
"""Where of a ring is kept: the frame of what is on its right, the turn into that from what is on
its left, P, T, W and v, and whether, if what is on its right is soft, it stays in the frame of what
is on its left; what else drives the two-port on its right; and how much there is.
"""
STILL_FRAME, ANGLE, AXES, STILL_T, STILL_P = TURN, FORCE, STIFFNESS, RESPONSE, AT_REST
"""Where of a run is kept, in a row behind those of its rings: its axes; cosine and sine of its
second direction; T, P and the frame behind what is the same at all points of a batch.
"""
PLACE, FLOW, INSIDE, AT_ROD, RISE, FOUND = 0, 3, 6, 9, 12, 13
"""Where `recover` puts what it finds for a ring, and how much there is."""
ENTERING, LEAVING, NEAR, FAR, ALL = 13, 16, 19, 22, 25
"""And what else, if there is room for it."""


# --- directions and frames --------------------------------------------------------------------


def axes_of(plane: Numbers) -> Matrix:
    """Return the axes of a run, as rows: along a, in the plane of a and b, and across both."""
    a = vector(plane[0][0], plane[0][1], plane[0][2])
    b = vector(plane[1][0], plane[1][1], plane[1][2])
    first = unit(a)
    normal = cross(a, b)
    is_open = dot(normal, normal)[0] > 1e-60
    x = pick(abs(first[0][0]) < 0.6, 1.0, 0.0)
    third = unit(chosen(is_open, normal, cross(a, vector(x, 1.0 - x, 0.0 * x))))
    return first, cross(third, first), third


def flat_axes(plane: Numbers) -> tuple[Matrix, Doubled, Doubled]:
    """Return the same in doubles, enough for results, and cosine and sine of b.

    The sine is from ``(b -/+ a) x a``, as in `links.turn_of`.
    """
    a, b = plane[0], plane[1]
    dot_ = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    sign = pick(dot_ < 0, -1.0, 1.0)
    x, y, z = b[0] - sign * a[0], b[1] - sign * a[1], b[2] - sign * a[2]
    p, q, r = a[1] * z - a[2] * y, a[2] * x - a[0] * z, a[0] * y - a[1] * x
    size = square_root(p * p + q * q + r * r)
    is_open = size > 0
    small = pick(abs(a[0]) < 0.6, 1.0, 0.0)
    p, q, r = (
        pick(is_open, p, -a[2] * (1.0 - small)),
        pick(is_open, q, a[2] * small),
        pick(is_open, r, a[0] * (1.0 - small) - a[1] * small),
    )
    length = square_root(p * p + q * q + r * r)
    p, q, r = p / length, q / length, r / length
    second = q * a[2] - r * a[1], r * a[0] - p * a[2], p * a[1] - q * a[0]
    axes = vector(a[0], a[1], a[2]), vector(second[0], second[1], second[2]), vector(p, q, r)
    # of the smaller of both the other one follows, to all digits
    one = double(1.0 + 0.0 * size)
    low = abs(dot_) < size
    given = pick(low, dot_, size)
    other = root(subtract(one, two_product(given, given)))
    cosine = pick(low, given, sign * other[0]), pick(low, 0.0 * given, sign * other[1])
    sine = pick(low, other[0], given), pick(low, other[1], 0.0 * given)
    return axes, cosine, sine


def unit(v: Vector) -> Vector:
    """Return the unit vector along a vector that is not zero."""
    return scaled(v, divide(double(1.0 + 0.0 * v[0][0]), root(dot(v, v))))


def chosen(condition: Any, a: Vector, b: Vector) -> Vector:
    """Return the vector a where a condition holds, else b."""
    return (
        (pick(condition, a[0][0], b[0][0]), pick(condition, a[0][1], b[0][1])),
        (pick(condition, a[1][0], b[1][0]), pick(condition, a[1][1], b[1][1])),
        (pick(condition, a[2][0], b[2][0]), pick(condition, a[2][1], b[2][1])),
    )


def in_axes(axes: Matrix, plane: Numbers, m: Numbers) -> Vector:
    """Return a direction in the axes of a run, exact where it is one of its plane."""
    x, y, z = times(axes, unit(vector(m[0], m[1], m[2])))
    first, second = lines(plane[0], m), lines(plane[1], m)
    none = 0.0 * x[0]
    x = pick(first != 0, first, x[0]), pick(first != 0, none, x[1])
    y = pick(first != 0, none, y[0]), pick(first != 0, none, y[1])
    flat = (first != 0) | (second != 0)
    z = pick(flat, none, z[0]), pick(flat, none, z[1])
    return x, y, z


def either(condition: Any, A: Matrix, B: Matrix) -> Matrix:
    """Return the matrix A where a condition holds, else B."""
    return (
        chosen(condition, A[0], B[0]),
        chosen(condition, A[1], B[1]),
        chosen(condition, A[2], B[2]),
    )


def lines(a: Numbers, m: Numbers) -> Number:
    """Return 1 where m is a, -1 where it is -a, to the last bit; else 0."""
    same = (a[0] == m[0]) & (a[1] == m[1]) & (a[2] == m[2])
    opposite = (a[0] == -m[0]) & (a[1] == -m[1]) & (a[2] == -m[2])
    return pick(same, 1.0, pick(opposite, -1.0, 0.0))


def identity(like: Number) -> Matrix:
    """Return the unit matrix."""
    one, none = double(1.0 + 0.0 * like), double(0.0 * like)
    return (one, none, none), (none, one, none), (none, none, one)


def frame_of(m: Vector) -> Matrix:
    """Return a frame, as rows: m, in the plane of m and the first axis, and across both.

    That of -m has the same second axis, the others reversed, as `turn_into` says.
    """
    none = double(0.0 * m[0][0])
    # the first axis times m
    normal = none, negative(m[2]), m[1]
    is_open = dot(normal, normal)[0] > 0
    # of opposite m the second direction is the same
    third = unit(chosen(is_open, normal, (none, none, m[0])))
    return m, cross(third, m), third


def turn_into(frame: Matrix, old: Matrix, flat: bool) -> Matrix:
    """Return what turns vectors from one frame into another.

    Exact where both first axes are the same or opposite. In a flat run, where opposite frames are
    turned in their plane, cosine and sine are exact then; else they are as `frame_of` has them.
    """
    turn = product(frame, transposed(old))
    if flat:
        return turn
    same = equal(frame[0], old[0])
    opposite = equal(frame[0], scaled(old[0], double(-1.0 + 0.0 * same)))
    sign = pick(same > 0, 1.0, -1.0)
    one, none = double(1.0 + 0.0 * sign), double(0.0 * sign)
    exact = (double(sign), none, none), (none, one, none), (none, none, double(sign))
    return either((same > 0) | (opposite > 0), exact, turn)


def equal(a: Vector, b: Vector) -> Number:
    """Return 1 where two vectors are the same to the last bit, else 0."""
    rest = minus(a, b)
    return pick(size_of(rest) == 0, 1.0, 0.0)


def turned_flat(v: Vector, cosine: Doubled, sine: Doubled) -> Vector:
    """Return a vector in a frame that is turned in the plane of its first axes."""
    x, y, z = v
    return (
        two_products(cosine, x, sine, y),
        two_products(cosine, y, negative(sine), x),
        z,
    )


def matrix_turned_flat(T: Matrix, cosine: Doubled, sine: Doubled) -> Matrix:
    """Return a matrix in a frame that is turned in the plane of its first axes."""
    a, b, c = T
    top = combined(a, cosine, b, sine)
    middle = combined(b, cosine, a, negative(sine))
    return (
        turned_flat(top, cosine, sine),
        turned_flat(middle, cosine, sine),
        turned_flat(c, cosine, sine),
    )


def flat_frame(number: int, cosine: Doubled, sine: Doubled) -> Matrix:
    """Return the frame of the first or the second direction of a flat run."""
    none = double(0.0 * cosine[0])
    one = double(1.0 + none[0])
    if number == 1:
        return (one, none, none), (none, one, none), (none, none, one)
    return (cosine, sine, none), (negative(sine), cosine, none), (none, none, one)


def turned_along(
    T: Matrix, P: Vector, number: int, cosine: Doubled, sine: Doubled
) -> tuple[Matrix, Vector]:
    """Return T and P in the frame of the first or the second direction, from that of the other."""
    way = multiply(sine, double(2.0 * number - 3.0 + 0.0 * sine[0]))
    return matrix_turned_flat(T, cosine, way), turned_flat(P, cosine, way)


def into_frame(
    turn: Matrix, T: Matrix, P: Vector, largest: Number, is_soft: bool, row: Numbers
) -> tuple[Matrix, Vector]:
    """Return T and P in the frame of the two-port, or spring, they meet; the turn is kept.

    If that is soft, T may be larger than the largest it meets, and then they stay as they are: what
    is huge along some axes of T would hide, by its roundings, what is tiny along another.
    """
    keep_matrix(row, TURN, turn)
    if is_soft:
        size = size_of(T[0]) + size_of(T[1]) + size_of(T[2])
        row[STAYS] = pick(size > largest, 1.0, 0.0 * size)
        turn, _ = turns_of(row)
    return turned(turn, T), times(turn, P)


def turns_of(row: Numbers) -> tuple[Matrix, Matrix]:
    """Return the turn into the frame of a ring before what is soft, and that from it onwards."""
    turn, stays = kept_turn(row, TURN), row[STAYS] != 0
    same = identity(turn[0][0][0])
    return either(stays, same, turn), either(stays, turn, same)


def turned(turn: Matrix, T: Matrix) -> Matrix:
    """Return a matrix in a frame that is turned."""
    return product(product(turn, T), transposed(turn))


def both_turned(turn: Matrix, u: Vector, flow: Vector) -> tuple[Vector, Vector]:
    """Return place and current of a ring in a frame that is turned."""
    return times(turn, u), times(turn, flow)


# --- two-ports in their frames ----------------------------------------------------------------


def three_of(numbers: Numbers) -> Three:
    """Return three numbers of a two-port."""
    return double(numbers[0]), double(numbers[1]), double(numbers[2])


def sum_of_sizes(numbers: Numbers) -> Number:
    """Return the sum of the sizes of three numbers."""
    return abs(numbers[0]) + abs(numbers[1]) + abs(numbers[2])


def act(x: Three, v: Vector) -> Vector:
    """Return what acts along, across and turning about the first axis, applied to a vector."""
    along, across, turning = x
    return (
        multiply(along, v[0]),
        two_products(across, v[1], negative(turning), v[2]),
        two_products(turning, v[1], across, v[2]),
    )


def combined(a: Vector, p: Doubled, b: Vector, q: Doubled) -> Vector:
    """Return ``p a + q b``."""
    return (
        two_products(a[0], p, b[0], q),
        two_products(a[1], p, b[1], q),
        two_products(a[2], p, b[2], q),
    )


def act_on(x: Three, A: Matrix) -> Matrix:
    """Return the same applied to a matrix, ``X A``."""
    along, across, turning = x
    return (
        scaled(A[0], along),
        combined(A[1], across, A[2], negative(turning)),
        combined(A[1], turning, A[2], across),
    )


def acted_on(A: Matrix, x: Three) -> Matrix:
    """Return ``A X``."""
    along, across, turning = x
    return (
        row_acted_on(A[0], along, across, turning),
        row_acted_on(A[1], along, across, turning),
        row_acted_on(A[2], along, across, turning),
    )


def row_acted_on(a: Vector, along: Doubled, across: Doubled, turning: Doubled) -> Vector:
    """Return a row of ``A X``."""
    return (
        multiply(a[0], along),
        two_products(a[1], across, a[2], turning),
        two_products(a[2], across, negative(a[1]), turning),
    )


def joined_by(A: Matrix, x: Three) -> Matrix:
    """Return ``A + X``."""
    along, across, turning = x
    return (
        (add(A[0][0], along), A[0][1], A[0][2]),
        (A[1][0], add(A[1][1], across), subtract(A[1][2], turning)),
        (A[2][0], add(A[2][1], turning), add(A[2][2], across)),
    )


def port_of(runs: Runs, k: int, row: Numbers) -> Port:
    """Return two-port k in its frame, with what else drives it."""
    none = double(0.0 * runs.s_left[k])
    port = Port(
        three_of(runs.B[k]),
        three_of(runs.S_left[k]),
        three_of(runs.S_right[k]),
        (double(runs.s_left[k]), none, none),
        (double(runs.s_right[k]), none, none),
    )
    return pushed(port, runs.push, row)


def keep_push(row: Numbers, push: Any, k: int, axes: Matrix, frame: Matrix) -> None:
    """Keep what else drives two-port k, in its frame.

    There a shift becomes a force: what is stiff across the axis, 1e19, would else pull along it,
    too, at rings that are soft there.
    """
    if push is None:
        return
    if len(push) == 0:
        return
    more = push[k]
    for i in range(4):
        v = vector(more[3 * i], more[3 * i + 1], more[3 * i + 2])
        keep(row, PUSH + 6 * i, times(frame, times(axes, v)))


def pushed(port: Port, push: Any, row: Numbers) -> Port:
    """Return a two-port with what else drives it, as it was kept."""
    if push is None:
        return port
    if len(push) == 0:
        return port
    near, far, left, right = push_of(row)
    through = act(port.B, minus(near, far))
    left = plus(left, plus(through, act(port.S_left, near)))
    right = plus(right, minus(through, act(port.S_right, far)))
    return Port(
        port.B,
        port.S_left,
        port.S_right,
        plus(port.s_left, left),
        plus(port.s_right, right),
    )


def push_of(row: Numbers) -> tuple[Vector, Vector, Vector, Vector]:
    """Return shifts and currents at both ends that were kept."""
    return kept(row, PUSH), kept(row, PUSH + 6), kept(row, PUSH + 12), kept(row, PUSH + 18)


def seen(u: Vector, behind: Vector, push: Any, row: Numbers) -> tuple[Vector, Vector]:
    """Return where a two-port sees the rings at its left and right ends."""
    if push is None:
        return u, behind
    if len(push) == 0:
        return u, behind
    near, far, _, _ = push_of(row)
    return plus(u, near), plus(behind, far)


def through_free(T: Matrix, P: Vector, port: Port) -> tuple[Matrix, Vector, Matrix, Vector]:
    """Return T' and P' behind a two-port, and W and v, from T and P on the free ring before it."""
    held = joined_by(T, port.S_left)
    response = inverse(joined_by(held, port.B))
    v = times(response, minus(P, port.s_left))
    T_behind = joined_by(act_on(port.B, product(response, held)), port.S_right)
    # the force is s_right + B v or, the same, P - s_left + s_right - H v: the larger loses digits
    through, taken = act(port.B, v), times(held, v)
    whole = plus(minus(P, port.s_left), port.s_right)
    small = size_of(through) < size_of(taken)
    P_behind = chosen(small, plus(port.s_right, through), minus(whole, taken))
    return T_behind, P_behind, acted_on(response, port.B), v


def through_soft(
    T: Matrix, P: Vector, port: Port, turn: Matrix
) -> tuple[Matrix, Vector, Matrix, Vector]:
    """Return the same where the ring does not count in the frame of the two-port.

    The turn is from its frame to that; T, P and v, and u = v + W u', are in that of the ring, and
    what is behind the two-port in its own. With R the turn and ``H = T + R^T S_left R``,
    ``A = H + R^T B R`` the load is ``T' = S_right + B R (A^-1 H) R^T``: A^-1 H is of order 1.
    """
    back = transposed(turn)
    held = sum_of(T, product(back, act_on(port.S_left, turn)))
    response = inverse(sum_of(held, product(back, act_on(port.B, turn))))
    driven = minus(P, times(back, port.s_left))
    v = times(response, driven)
    T_behind = joined_by(act_on(port.B, turned(turn, product(response, held))), port.S_right)
    through, taken = act(port.B, times(turn, v)), times(turn, times(held, v))
    whole = plus(times(turn, driven), port.s_right)
    small = size_of(through) < size_of(taken)
    P_behind = chosen(small, plus(port.s_right, through), minus(whole, taken))
    return T_behind, P_behind, acted_on(product(response, back), port.B), v


def sum_of(A: Matrix, B: Matrix) -> Matrix:
    """Return ``A + B``."""
    return plus(A[0], B[0]), plus(A[1], B[1]), plus(A[2], B[2])


def heat_of(x: Three, v: Vector) -> Number:
    """Return ``v . X v``, rounded; what turns about the axis adds nothing."""
    (p, _), (q, _), (r, _) = v
    return x[0][0] * (p * p) + x[1][0] * (q * q + r * r)


def risen(port: Port, u: Vector, behind: Vector, j: Vector) -> Number:
    """Return by what u rises across a two-port along its axis, rounded.

    As a difference, or from the current that enters, ``(s + S u - j)/B``: whichever has lost less
    digits.
    """
    (B, _, _), (S, _, _) = port.B, port.S_left
    lost, source = multiply(S, u[0]), port.s_left[0]
    largest = abs(source[0]) + abs(j[0][0]) + abs(lost[0])
    by_current = largest < abs(B[0]) * (abs(u[0][0]) + abs(behind[0][0]))
    driven = subtract(add(source, lost), j[0])
    return pick(by_current, driven[0] / pick(by_current, B[0], 1.0), subtract(behind[0], u[0])[0])


def size_of(v: Vector) -> Number:
    """Return a norm of a vector."""
    return abs(v[0][0]) + abs(v[1][0]) + abs(v[2][0])


def through_rod(load: Load, rod: Vector, port: Port) -> tuple[Matrix, Vector, Matrix, Vector]:
    """Return the same from a ring on a rod, which is in the plane of the first two axes.

    With r the rod, ``beta = r^T B r`` and ``alpha = T + r^T S_left r + beta``

    ``T' = S_right + B - B r r^T B/beta + B r r^T B (1/beta - 1/alpha)``,

    where what stands before the last term has no part along the rod. It is formed from positive
    parts: with ``r = (c, s, 0)`` and ``B = (b, x, t)``, c^2 b x/beta in the plane, x + s^2 t^2/beta
    across it and so on. A thick layer may let nothing of the rod through; c b, s x and s t are 0
    then, and so is beta, and c^2 and s^2 do for their shares of it.
    """
    stiffness, P = load
    (b, x, t), (c, s, _) = port.B, rod
    none = double(0.0 * b[0])
    cc, ss = multiply(c, c), multiply(s, s)
    bc, xs = multiply(b, cc), multiply(x, ss)
    beta = add(bc, xs)
    S_along, S_across, _ = port.S_left
    own = add(double(stiffness), add(multiply(S_along, cc), multiply(S_across, ss)))
    alpha = add(own, beta)
    one = double(1.0 + none[0])
    bc, xs, beta = chosen(abs(beta[0]) < CLOSED, (cc, ss, one), (bc, xs, beta))
    per_beta, share = divide(one, beta), divide(one, alpha)
    v_along = multiply(subtract(P, dot(rod, port.s_left)), share)
    column = act(port.B, rod)
    row = multiply(b, c), multiply(x, s), negative(multiply(t, s))
    bcs = multiply(multiply(b, c), multiply(s, per_beta))
    in_plane = multiply(bc, per_beta)
    clamped = (
        (
            multiply(multiply(b, xs), per_beta),
            negative(multiply(bcs, x)),
            multiply(bcs, t),
        ),
        (
            negative(multiply(bcs, x)),
            multiply(in_plane, x),
            negative(multiply(in_plane, t)),
        ),
        (
            negative(multiply(bcs, t)),
            multiply(in_plane, t),
            add(x, multiply(multiply(t, t), multiply(ss, per_beta))),
        ),
    )
    along = multiply(multiply(own, share), per_beta)
    T_behind = (
        plus(clamped[0], scaled(row, multiply(column[0], along))),
        plus(clamped[1], scaled(row, multiply(column[1], along))),
        plus(clamped[2], scaled(row, multiply(column[2], along))),
    )
    W = scaled(row, multiply(c, share)), scaled(row, multiply(s, share)), (none, none, none)
    P_behind = plus(scaled(column, v_along), port.s_right)
    return joined_by(T_behind, port.S_right), P_behind, W, scaled(rod, v_along)


def through_held(port: Port) -> tuple[Matrix, Vector, Matrix, Vector]:
    """Return the same from a ring that is held at zero."""
    none = double(0.0 * port.B[0][0])
    zeros = none, none, none
    nothing = zeros, zeros, zeros
    return joined_by(joined_by(nothing, port.B), port.S_right), port.s_right, nothing, zeros


# --- runs -------------------------------------------------------------------------------------


def eliminate(runs: Runs | None, r: int, load: Load, memory: Numbers, again: bool) -> Load:
    """Return the load along the rod behind a run from that along the rod before it.

    Parameters
    ----------
    runs, r : Runs or None, int
        All runs, and the number of the run; of a chain that has none, which compiled code is told,
        the load stays.
    load : Load
        From the left, along the first rod; nothing if it is held.
    memory : (q + 2 r, SIZE)
        Of all runs; filled with what `recover` needs.
    again : bool
        Whether `memory` is that of another point of a batch, and what is the same there still
        holds: the load and the first two-ports. Loads there turn about the first axis, so that it
        does not matter how the others lie.
    """
    if runs is None:
        return load
    start, count = runs.start[r], runs.start[r + 1] - runs.start[r]
    rows, of, kinds = start + 2 * r, 2 * start + 4 * r, runs.kinds
    first, last, flat = kinds[of], kinds[of + 1], kinds[of + 2] == 1
    plane, still = runs.plane[r], runs.still[r]
    begin = still if again else 0
    axes, cosine, sine = flat_axes(plane)
    if not flat:
        axes = axes_of(plane)
    none = double(0.0 * load[0])
    zeros = none, none, none
    frame = identity(cosine[0])
    T, P = ((double(load[0]), none, none), zeros, zeros), (load[1], none, none)
    if first == SPRUNG:
        T = joined_by(T, (none, double(runs.ends[r][0][3]), double(runs.ends[r][0][4])))
    elif first == HELD:
        T, P = (zeros, zeros, zeros), zeros
    number = 1
    if begin > 0:
        row = memory[rows + count + 1]
        T, P, frame = kept_matrix(row, STILL_T), kept(row, STILL_P), kept_turn(row, STILL_FRAME)
        number = kinds[of + count + 2 + begin]
    for k in range(begin, count):
        row, kind, old = memory[rows + k], kinds[of + k + 3], frame
        if k == still and not again:
            keep_state(memory[rows + count + 1], T, P, frame)
        if flat:
            old_number, number = number, kinds[of + count + 3 + k]
            frame = flat_frame(number, cosine, sine)
            if number != old_number and kind != SOFT:
                T, P = turned_along(T, P, number, cosine, sine)
        elif kind != NORMAL:
            frame = frame_of(in_axes(axes, plane, runs.m[start + k]))
        if kind == SOFT or (kind == MAGNETIC and not flat):
            largest = sum_of_sizes(runs.B[start + k]) + sum_of_sizes(runs.S_left[start + k])
            T, P = into_frame(turn_into(frame, old, flat), T, P, largest, kind == SOFT, row)
        keep_load(row, frame, T, P)
        keep_push(row, runs.push, start + k, axes, frame)
        port = port_of(runs, start + k, row)
        if first == HELD and k == 0:
            T, P, W, v = through_held(port)
        elif first == ROD and k == 0:
            T, P, W, v = through_rod(load, (frame[0][0], frame[1][0], none), port)
        elif kind == SOFT:
            T, P, W, v = through_soft(T, P, port, turns_of(row)[1])
        else:
            T, P, W, v = through_free(T, P, port)
        keep_matrix(row, RESPONSE, W)
        keep(row, AT_REST, v)
    row, old = memory[rows + count], frame
    spring = none, double(runs.ends[r][1][3]), double(runs.ends[r][1][4])
    if still == count and not again:
        keep_state(memory[rows + count + 1], T, P, frame)
    if flat:
        old_number, number = number, kinds[of + 2 * count + 3]
        frame = flat_frame(number, cosine, sine)
        if number != old_number and last != SOFTLY_SPRUNG:
            T, P = turned_along(T, P, number, cosine, sine)
    elif last != HELD:
        frame = frame_of(in_axes(axes, plane, runs.ends[r][1]))
    if last == SOFTLY_SPRUNG or (last != HELD and not flat):
        largest = abs(spring[1][0]) + abs(spring[2][0])
        T, P = into_frame(turn_into(frame, old, flat), T, P, largest, last == SOFTLY_SPRUNG, row)
    keep_load(row, frame, T, P)
    keep_matrix(memory[rows + count + 1], AXES, axes)
    keep(memory[rows + count + 1], ANGLE, (cosine, sine, none))
    if last == HELD:
        return load[0], none
    if last == ROD:
        return T[0][0][0], P[0]
    if last == SOFTLY_SPRUNG:
        return at_soft_spring(T, P, spring, row)
    yielding = spring_response(T, runs.ends[r][1])
    keep_matrix(row, RESPONSE, yielding)
    # what is across the rod gives way
    away = times(yielding, P)
    follows = times(yielding, (none, T[1][0], T[2][0]))
    stiffness = subtract(T[0][0], dot(T[0], follows))
    return stiffness[0], subtract(P[0], dot(T[0], away))


def spring_response(T: Matrix, end: Numbers) -> Matrix:
    """Return the inverse of T and a spring across the first axis; nothing where both are nothing.

    Then nothing drives the ring across this axis.
    """
    none = double(0.0 * T[0][0][0])
    spring, turning = double(end[3]), double(end[4])
    e, f = add(T[1][1], spring), subtract(T[1][2], turning)
    h, i = add(T[2][1], turning), add(T[2][2], spring)
    size = two_products(e, i, negative(f), h)
    is_open = size[0] != 0
    size = pick(is_open, size[0], 1.0), pick(is_open, size[1], 0.0 * size[1])
    scale = divide(double(1.0 + none[0]), size)
    return (
        (none, none, none),
        (none, multiply(i, scale), negative(multiply(f, scale))),
        (none, negative(multiply(h, scale)), multiply(e, scale)),
    )


def at_soft_spring(T: Matrix, P: Vector, spring: Three, row: Numbers) -> Load:
    """Return the load along a rod r from T and P on a ring that a spring G pulls back to it.

    The ring does not count in the frame of the rod. With ``A = T + G`` and ``reach = r adj(A) r``

        T' = det(A)/reach,    P' = r adj(A) P/reach,
        u = v + w u',    w = adj(A) r/reach,    v = r x (A^T (P x r))/reach .

    Nothing is divided by det(A), which may be zero; reach is at least that of the spring alone.
    """
    _, turn = turns_of(row)
    rod = turn[0]
    A = sum_of(T, product(transposed(turn), act_on(spring, turn)))
    first = cross(A[1], A[2])
    adjugate = transposed((first, cross(A[2], A[0]), cross(A[0], A[1])))
    along = times(adjugate, rod)
    share = divide(double(1.0 + 0.0 * P[0][0]), dot(rod, along))
    keep(row, RESPONSE, scaled(along, share))
    keep(row, AT_REST, scaled(cross(rod, times(transposed(A), cross(P, rod))), share))
    stiffness = multiply(dot(A[0], first), share)
    return stiffness[0], multiply(dot(rod, times(adjugate, P)), share)


def recover(
    runs: Runs | None, r: int, right: Number, memory: Numbers, found: Numbers
) -> tuple[Number, Number, Number, Number]:
    """Find a run, and the amplitude along the rod before it, from that along the rod behind it.

    Parameters
    ----------
    runs, r, memory
        As in `eliminate`, which has filled `memory`.
    right : number
        Amplitude along the last rod; of no use if that is held.
    found : (q + r, FOUND) or (q + r, ALL)
        Of all runs; filled, in the axes of the laboratory: of every ring its place u, the current
        that reaches it from the left (of the first ring, that which leaves it to the right), and of
        the two-port on its right, if that has an axis, what its shunts take up across the axis, and
        by what u rises along the axis; of the first and the last ring, what the rod takes up. If
        there is room, of the two-port on its right the parts across its axis of the currents
        through both its ends, and of the places there: with their own digits, however small they
        are.

    Returns
    -------
    amplitude : number
    missed, size, heat : number
        Sums of what the balances of the two-ports miss, of the sizes of what they balance, and of
        the heat.
    """
    if runs is None:
        return right, abs(0.0 * right), abs(0.0 * right), 0.0 * right
    start, count = runs.start[r], runs.start[r + 1] - runs.start[r]
    rows, of, kinds = start + 2 * r, 2 * start + 4 * r, runs.kinds
    first, last, flat = kinds[of], kinds[of + 1], kinds[of + 2] == 1
    places = start + r
    axes = kept_turn(memory[rows + count + 1], AXES)
    cosine, sine, _ = kept_direction(memory[rows + count + 1], ANGLE)
    row = memory[rows + count]
    T, P = kept_matrix(row, STIFFNESS), kept(row, FORCE)
    none = double(0.0 * P[0][0])
    zeros = none, none, none
    u, flow, at_rod = zeros, P, zeros
    own_u, own_flow = zeros, zeros  # in the frame of a ring before what is soft
    missed, size, heat = abs(none[0]), abs(none[0]), none[0]
    if last != HELD:
        end = runs.ends[r][1]
        spring = none, double(end[3]), double(end[4])
        u = double(right), none, none
        if last == SPRUNG:
            driven = minus(P, scaled((none, T[1][0], T[2][0]), u[0]))
            u = plus(u, times(kept_matrix(row, RESPONSE), driven))
        elif last == SOFTLY_SPRUNG:
            u = plus(kept(row, AT_REST), scaled(kept(row, RESPONSE), u[0]))
        flow = minus(P, times(T, u))
        if last == SOFTLY_SPRUNG:
            own_u, own_flow = u, flow
            u, flow = both_turned(turns_of(row)[1], u, flow)
        if last == ROD:
            at_rod = none, flow[1], flow[2]
        else:
            at_rod, heat = act(spring, u), heat_of(spring, u)
    put(found[places + count], PLACE, axes, row, u)
    put(found[places + count], FLOW, axes, row, flow)
    put(found[places + count], AT_ROD, axes, row, at_rod)
    whole = len(found[places]) > FOUND
    if whole:
        for place in (ENTERING, LEAVING, NEAR, FAR):
            put(found[places + count], place, axes, row, zeros)
    is_turned, is_soft = last != HELD, last == SOFTLY_SPRUNG
    for k in range(count - 1, -1, -1):
        behind, leaving = u, flow
        if is_soft:
            into, _ = turns_of(memory[rows + k + 1])
            behind, leaving = both_turned(transposed(into), own_u, own_flow)
        elif flat:
            number, old_number = kinds[of + count + 4 + k], kinds[of + count + 3 + k]
            if number != old_number:
                way = multiply(sine, double(2.0 * old_number - 3.0 + none[0]))
                behind, leaving = turned_flat(u, cosine, way), turned_flat(flow, cosine, way)
        elif is_turned:
            back = transposed(kept_turn(memory[rows + k + 1], TURN))
            behind, leaving = both_turned(back, u, flow)
        row, to = memory[rows + k], found[places + k]
        is_soft = kinds[of + k + 3] == SOFT
        is_turned = is_soft or kinds[of + k + 3] == MAGNETIC
        u = plus(kept(row, AT_REST), times(kept_matrix(row, RESPONSE), behind))
        flow = minus(kept(row, FORCE), times(kept_matrix(row, STIFFNESS), u))
        if is_soft:
            own_u, own_flow = u, flow
            u, flow = both_turned(turns_of(row)[1], u, flow)
        # what comes out at the other end, and what is lost: B (u - u') has lost its digits
        port = port_of(runs, start + k, row)
        lost = plus(act(port.S_left, u), act(port.S_right, behind))
        balanced = plus(plus(leaving, minus(port.s_left, port.s_right)), lost)
        rest = minus(flow, balanced)
        if k == 0 and first == ROD:
            own = kept_frame(row)
            rest = dot((own[0][0], own[1][0], own[2][0]), rest), none, none
        heat = heat + heat_of(port.S_left, u) + heat_of(port.S_right, behind)
        heat = heat + heat_of(port.B, minus(u, behind))
        size = size + size_of(balanced) + size_of(leaving) + size_of(lost)
        size = size + size_of(port.s_left) + size_of(port.s_right)
        if k > 0 or first != HELD:
            missed = missed + size_of(rest)
        if k == 0 and first != SPRUNG:
            flow = balanced
        put(to, PLACE, axes, row, u)
        put(to, FLOW, axes, row, flow)
        near, far = seen(u, behind, runs.push, row)
        if is_turned:
            taken = plus(act(port.S_left, near), act(port.S_right, far))
            put(to, INSIDE, axes, row, (none, taken[1], taken[2]))
            to[RISE] = risen(port, u, behind, flow)
        if whole:
            put(to, ENTERING, axes, row, (none, flow[1], flow[2]))
            put(to, LEAVING, axes, row, (none, leaving[1], leaving[2]))
            put(to, NEAR, axes, row, (none, near[1], near[2]))
            put(to, FAR, axes, row, (none, far[1], far[2]))
    row = memory[rows]
    if first == HELD:
        put(found[places], AT_ROD, axes, row, zeros)
        return none[0], missed, size, heat
    own = kept_frame(row)
    rod = own[0][0], own[1][0], own[2][0]
    amplitude = dot(rod, u)
    if first == SPRUNG:
        end = runs.ends[r][0]
        away = minus(u, scaled(rod, amplitude))
        at_rod = plus(scaled(away, double(end[3])), scaled(cross(rod, away), double(end[4])))
        heat = heat + end[3] * dot(away, away)[0]
    else:
        along = dot(rod, flow)
        at_rod = minus(scaled(rod, along), flow)
    put(found[places], AT_ROD, axes, row, at_rod)
    return amplitude[0] + amplitude[1], missed, size, heat


# --- memory -----------------------------------------------------------------------------------


def keep(row: Numbers, place: int, v: Vector) -> None:
    """Keep a vector."""
    row[place], row[place + 1] = v[0][0], v[0][1]
    row[place + 2], row[place + 3] = v[1][0], v[1][1]
    row[place + 4], row[place + 5] = v[2][0], v[2][1]


def keep_matrix(row: Numbers, place: int, A: Matrix) -> None:
    """Keep a matrix."""
    keep(row, place, A[0])
    keep(row, place + 6, A[1])
    keep(row, place + 12, A[2])


def keep_load(row: Numbers, frame: Matrix, T: Matrix, P: Vector) -> None:
    """Keep the frame of a ring, and the load on it."""
    keep_frame(row, frame)
    keep(row, FORCE, P)
    keep_matrix(row, STIFFNESS, T)


def keep_state(row: Numbers, T: Matrix, P: Vector, frame: Matrix) -> None:
    """Keep what another point of a batch begins with."""
    keep_matrix(row, STILL_T, T)
    keep(row, STILL_P, P)
    keep_matrix(row, STILL_FRAME, frame)


def keep_frame(row: Numbers, frame: Matrix) -> None:
    """Keep a frame, in doubles: it turns results into the axes of the laboratory."""
    for i in range(3):
        for j in range(3):
            row[FRAME + 3 * i + j] = frame[i][j][0]


def kept(row: Numbers, place: int) -> Vector:
    """Return a vector that was kept."""
    return (
        (row[place], row[place + 1]),
        (row[place + 2], row[place + 3]),
        (row[place + 4], row[place + 5]),
    )


def kept_matrix(row: Numbers, place: int) -> Matrix:
    """Return a matrix that was kept."""
    return kept(row, place), kept(row, place + 6), kept(row, place + 12)


def kept_direction(row: Numbers, place: int) -> Vector:
    """Return a vector that was kept and is real, whatever else the row has."""
    (x, low_x), (y, low_y), (z, low_z) = kept(row, place)
    return (x.real, low_x.real), (y.real, low_y.real), (z.real, low_z.real)


def kept_turn(row: Numbers, place: int) -> Matrix:
    """Return a matrix that was kept and is real."""
    return (
        kept_direction(row, place),
        kept_direction(row, place + 6),
        kept_direction(row, place + 12),
    )


def kept_frame(row: Numbers) -> Matrix:
    """Return a frame that was kept."""
    return (
        vector(row[FRAME].real, row[FRAME + 1].real, row[FRAME + 2].real),
        vector(row[FRAME + 3].real, row[FRAME + 4].real, row[FRAME + 5].real),
        vector(row[FRAME + 6].real, row[FRAME + 7].real, row[FRAME + 8].real),
    )


def put(to: Numbers, place: int, axes: Matrix, row: Numbers, v: Vector) -> None:
    """Put a vector, given in the frame kept in a row, into a place.

    It is rounded, and in the axes of the laboratory.
    """
    p, q, r = v[0][0] + v[0][1], v[1][0] + v[1][1], v[2][0] + v[2][1]
    x = row[FRAME].real * p + row[FRAME + 3].real * q + row[FRAME + 6].real * r
    y = row[FRAME + 1].real * p + row[FRAME + 4].real * q + row[FRAME + 7].real * r
    z = row[FRAME + 2].real * p + row[FRAME + 5].real * q + row[FRAME + 8].real * r
    for i in range(3):
        to[place + i] = axes[0][i][0] * x + axes[1][i][0] * y + axes[2][i][0] * z
