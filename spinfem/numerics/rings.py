r"""Free rings: the three components of mu_s between two rods, where nothing keeps it on them.

Where spins live across the magnetizations, at a finite mixing conductance or in a ferromagnet with
exchange lengths, a ring moves in all of space. A two-port then has a part along its axis m, one
across it, and one that turns about it: ``X = along m m^T + across (1 - m m^T) + turning [m x]``.
The load on a ring is ``j = P - T u`` with a vector P and a matrix T (`spinfem.numerics.loads`), and
with ``H = T + S_left``, ``A = H + B``

    T' = S_right + B A^-1 H,    P' = s_right + B v,    u = v + W u',
    v = A^-1 (P - s_left),    W = A^-1 B .

Stiffnesses of very different sizes meet in these matrices: what clamps mu_s to a rod, and what
relaxes along it. So they are in twice the digits of a double, in axes of the run: the first along
the rod on its left, the second in the plane of this and the next direction that differs. In these
axes directions that are nearly or exactly collinear stay so to all digits.

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
    matrix_sum,
    minus,
    multiply,
    negative,
    outer,
    pick,
    plus,
    product,
    root,
    scaled,
    subtract,
    times,
    vector,
)
from .loads import Load

HELD, ROD, SPRUNG = 0, 1, 2
"""What the first or the last ring of a run is."""
NORMAL, MAGNETIC = 0, 1
"""What a two-port is: the same in all directions, or not."""

Numbers = Any


class Run(NamedTuple):
    """The n two-ports of a run and its ends; sequences of numbers of the shapes in brackets.

    Vectors are in the axes of the laboratory. `push` is None, or what else drives the two-ports:
    currents through their left and their right ends.
    """

    m: Numbers  # (n, 3) axis; zero of a two-port that is the same in all directions
    B: Numbers  # (n, 3) along, across, turning
    S_left: Numbers  # (n, 3)
    S_right: Numbers  # (n, 3)
    s_left: Numbers  # (n,) sources along the axes
    s_right: Numbers  # (n,)
    push: Any  # (n, 6) or None
    ends: Numbers  # (2, 5) of the first and the last ring: its rod, its spring across and turning
    plane: Numbers  # (2, 3) what the axes of the run are made of: two directions


class Port(NamedTuple):
    """A two-port in the axes of its run."""

    B: Matrix
    S_left: Matrix
    S_right: Matrix
    s_left: Vector
    s_right: Vector


AXIS, FORCE, STIFFNESS, RESPONSE, AT_REST, SIZE = 0, 6, 12, 30, 48, 54
"""Where m of the two-port on the right, P, T, W and v of a ring are kept, and how much there is."""
PLACE, FLOW, INSIDE, AT_ROD, ENTERING, LEAVING, NEAR, FAR, FOUND = 0, 3, 6, 9, 12, 15, 18, 21, 24
"""Where `recover` puts what it finds for a ring, and how much there is."""


def axes_of(plane: Numbers) -> Matrix:
    """Return the axes of a run, as rows: along a, in the plane of a and b, and across both."""
    a = vector(plane[0][0], plane[0][1], plane[0][2])
    b = vector(plane[1][0], plane[1][1], plane[1][2])
    one = double(1.0 + 0.0 * a[0][0])
    first = scaled(a, divide(one, root(dot(a, a))))
    normal = cross(a, b)
    is_open = dot(normal, normal)[0] > 1e-60
    x = pick(abs(first[0][0]) < 0.6, 1.0, 0.0)
    any_normal = cross(a, vector(x, 1.0 - x, 0.0 * x))
    normal = chosen(is_open, normal, any_normal)
    third = scaled(normal, divide(one, root(dot(normal, normal))))
    return first, cross(third, first), third


def chosen(condition: Any, a: Vector, b: Vector) -> Vector:
    """Return the vector a where a condition holds, else b."""
    return (
        (pick(condition, a[0][0], b[0][0]), pick(condition, a[0][1], b[0][1])),
        (pick(condition, a[1][0], b[1][0]), pick(condition, a[1][1], b[1][1])),
        (pick(condition, a[2][0], b[2][0]), pick(condition, a[2][1], b[2][1])),
    )


def in_axes(axes: Matrix, plane: Numbers, m: Numbers) -> Vector:
    """Return a direction in the axes of a run, exact where it is one of its plane; zero of zero."""
    size = dot(vector(m[0], m[1], m[2]), vector(m[0], m[1], m[2]))
    known = size[0] > 0
    size = pick(known, size[0], 1.0), pick(known, size[1], 0.0)
    unit = scaled(vector(m[0], m[1], m[2]), divide(double(1.0 + 0.0 * size[0]), root(size)))
    x, y, z = times(axes, unit)
    first, second = lines(plane[0], m), lines(plane[1], m)
    none = 0.0 * x[0]
    x = pick(first != 0, first, x[0]), pick(first != 0, none, x[1])
    y = pick(first != 0, none, y[0]), pick(first != 0, none, y[1])
    flat = (first != 0) | (second != 0)
    z = pick(flat, none, z[0]), pick(flat, none, z[1])
    return x, y, z


def lines(a: Numbers, m: Numbers) -> Number:
    """Return 1 where m is a, -1 where it is -a, to the last bit; else 0."""
    same = (a[0] == m[0]) & (a[1] == m[1]) & (a[2] == m[2])
    opposite = (a[0] == -m[0]) & (a[1] == -m[1]) & (a[2] == -m[2])
    return pick(same, 1.0, pick(opposite, -1.0, 0.0))


def axial(m: Vector, along: Number, across: Number, turning: Number) -> Matrix:
    """Return ``along m m^T + across (1 - m m^T) + turning [m x]``."""
    stiffer = subtract(double(along), double(across))
    rest, turn = double(across), double(turning)
    x, y, z = scaled(m, turn)
    own = outer(m, scaled(m, stiffer))
    return (
        (add(own[0][0], rest), subtract(own[0][1], z), add(own[0][2], y)),
        (add(own[1][0], z), add(own[1][1], rest), subtract(own[1][2], x)),
        (subtract(own[2][0], y), add(own[2][1], x), add(own[2][2], rest)),
    )


def port_of(run: Run, k: int, axes: Matrix, m: Vector) -> Port:
    """Return two-port k in the axes of its run."""
    B, left, right = run.B[k], run.S_left[k], run.S_right[k]
    return Port(
        axial(m, B[0], B[1], B[2]),
        axial(m, left[0], left[1], left[2]),
        axial(m, right[0], right[1], right[2]),
        pushed(scaled(m, double(run.s_left[k])), run.push, k, 0, axes),
        pushed(scaled(m, double(run.s_right[k])), run.push, k, 3, axes),
    )


def pushed(source: Vector, push: Any, k: int, place: int, axes: Matrix) -> Vector:
    """Return a source of two-port k with what else drives it."""
    if push is None:
        return source
    more = push[k]
    return plus(source, times(axes, vector(more[place], more[place + 1], more[place + 2])))


def through_free(T: Matrix, P: Vector, port: Port) -> tuple[Matrix, Vector, Matrix, Vector]:
    """Return T' and P' behind a two-port, and W and v, from T and P on the free ring before it."""
    held = matrix_sum(T, port.S_left)
    response = inverse(matrix_sum(held, port.B))
    W = product(response, port.B)
    v = times(response, minus(P, port.s_left))
    T_behind = matrix_sum(port.S_right, product(port.B, product(response, held)))
    return T_behind, passed(P, port.s_left, port.s_right, times(port.B, v), times(held, v)), W, v


def passed(
    P: Vector, s_left: Vector, s_right: Vector, through: Vector, taken: Vector
) -> Vector:
    """Return the force behind a two-port: ``s_right + B v``, or ``P - s_left + s_right - H v``.

    They are the same; the larger of what is added loses more digits.
    """
    whole = plus(minus(P, s_left), s_right)
    small = size_of(through) < size_of(taken)
    return chosen(small, plus(s_right, through), minus(whole, taken))


def size_of(v: Vector) -> Number:
    """Return a norm of a vector."""
    return abs(v[0][0]) + abs(v[1][0]) + abs(v[2][0])


def through_normal(T: Matrix, k: int, run: Run) -> tuple[Matrix, Matrix, Matrix]:
    """Return T', ``A^-1`` and H of a two-port that is the same in all directions."""
    B, S_left, S_right = double(run.B[k][0]), double(run.S_left[k][0]), double(run.S_right[k][0])
    held = with_diagonal(T, S_left)
    response = inverse(with_diagonal(held, B))
    share = product(response, held)
    T_behind = with_diagonal(
        (scaled(share[0], B), scaled(share[1], B), scaled(share[2], B)), S_right
    )
    return T_behind, response, held


def with_diagonal(A: Matrix, x: Doubled) -> Matrix:
    """Return ``A + x 1``."""
    return (
        (add(A[0][0], x), A[0][1], A[0][2]),
        (A[1][0], add(A[1][1], x), A[1][2]),
        (A[2][0], A[2][1], add(A[2][2], x)),
    )


def through_first(load: Load, sprung: bool, run: Run) -> tuple[Matrix, Matrix]:
    """Return the same behind the first ring, whose rod is the first axis: all turns about it."""
    B, S_left, S_right = double(run.B[0][0]), double(run.S_left[0][0]), double(run.S_right[0][0])
    none = double(0.0 * load[0])
    one = double(1.0 + none[0])
    own = add(double(load[0]), S_left)
    along = divide(one, add(own, B))
    T_along = add(S_right, multiply(B, multiply(along, own)))
    T_across, T_turning, across, turning = add(S_right, B), none, none, none
    if sprung:
        # 1/(z + B) and B z/(z + B) of z = spring + S_left, a complex number about the rod
        z, turn = add(double(run.ends[0][3]), S_left), double(run.ends[0][4])
        total = add(z, B)
        square = divide(one, add(multiply(total, total), multiply(turn, turn)))
        across, turning = multiply(total, square), negative(multiply(turn, square))
        kept_part = add(multiply(z, across), negative(multiply(turn, turning)))
        T_across = add(S_right, multiply(B, kept_part))
        T_turning = multiply(multiply(B, B), negative(turning))
    zeros = none, none
    T_behind = (
        (T_along, *zeros),
        (none, T_across, negative(T_turning)),
        (none, T_turning, T_across),
    )
    response = (along, *zeros), (none, across, negative(turning)), (none, turning, across)
    return T_behind, response


def through_rod(load: Load, port: Port) -> tuple[Matrix, Vector, Matrix, Vector]:
    """Return the same from a ring on a rod along the first axis.

    ``T' = S_right + C + B r r^T B (T + S_rr)/(alpha B_rr)``, ``alpha = T + S_rr + B_rr``, where
    ``C = B - B r r^T B/B_rr`` has no part along the rod.
    """
    stiffness, P = load
    B = port.B
    own = add(double(stiffness), port.S_left[0][0])
    alpha = add(own, B[0][0])
    column = B[0][0], B[1][0], B[2][0]
    v_along = divide(subtract(P, port.s_left[0]), alpha)
    share = divide(double(1.0 + 0.0 * alpha[0]), alpha)
    W_along = scaled(B[0], share)
    per_B = divide(double(1.0 + 0.0 * alpha[0]), B[0][0])
    none = double(0.0 * alpha[0])
    clamped = (
        (none, none, none),
        (
            none,
            subtract(B[1][1], multiply(multiply(B[1][0], B[0][1]), per_B)),
            subtract(B[1][2], multiply(multiply(B[1][0], B[0][2]), per_B)),
        ),
        (
            none,
            subtract(B[2][1], multiply(multiply(B[2][0], B[0][1]), per_B)),
            subtract(B[2][2], multiply(multiply(B[2][0], B[0][2]), per_B)),
        ),
    )
    along = outer(scaled(column, multiply(multiply(own, share), per_B)), B[0])
    T_behind = matrix_sum(port.S_right, matrix_sum(clamped, along))
    zeros = none, none, none
    W, v = (W_along, zeros, zeros), (v_along, none, none)
    return T_behind, plus(scaled(column, v_along), port.s_right), W, v


def through_held(port: Port) -> tuple[Matrix, Vector, Matrix, Vector]:
    """Return the same from a ring that is held at zero."""
    none = double(0.0 * port.B[0][0][0])
    zeros = none, none, none
    return matrix_sum(port.S_right, port.B), port.s_right, (zeros, zeros, zeros), zeros


STIFFEST = 1e17
"""Of the stiffness of all else: a spring that is stiffer holds a ring no closer to its rod.

Without this limit, with a spring 1e25 times as stiff, dr would be off by 1e-8.
"""


def spring_of(end: Numbers, r: Vector, T: Matrix) -> Matrix:
    """Return what pulls the first or the last ring back to its rod, beside a stiffness T."""
    most = STIFFEST * (size_of(T[0]) + size_of(T[1]) + size_of(T[2]))
    size = abs(end[3]) + abs(end[4])
    part = pick((size > most) & (most > 0), most / pick(size > 0, size, 1.0), 1.0)
    return axial(r, 0.0 * end[3], part * end[3], part * end[4])


def eliminate(run: Run, kinds: Numbers, load: Load, memory: Numbers) -> Load:
    """Return the load along the rod behind a run from that along the rod before it.

    Parameters
    ----------
    run : Run
        The two-ports.
    kinds : (n + 2,) int
        What the first and the last ring are, and what the two-ports are; normal ones have no
        sources.
    load : Load
        From the left, along the first rod; nothing if it is held.
    memory : (n + 2, SIZE)
        Filled with what `recover` needs.
    """
    first, last, count = kinds[0], kinds[1], len(kinds) - 2
    plane = run.plane
    axes = axes_of(plane)
    none = double(0.0 * load[0])
    zeros = none, none, none
    rod = double(1.0 + none[0]), none, none
    T, P = ((double(load[0]), none, none), zeros, zeros), (load[1], none, none)
    if first == SPRUNG:
        T = matrix_sum(T, axial(rod, none[0], run.ends[0][3], run.ends[0][4]))
    elif first == HELD:
        T, P = (zeros, zeros, zeros), zeros
    for k in range(count):
        row = memory[k]
        keep(row, FORCE, P)
        keep_matrix(row, STIFFNESS, T)
        keep(row, AXIS, zeros)
        if kinds[k + 2] == NORMAL and first != HELD:
            B = double(run.B[k][0])
            if k == 0:
                held = with_diagonal(T, double(run.S_left[k][0]))
                T, W = through_first(load, first == SPRUNG, run)
            else:
                T, W, held = through_normal(T, k, run)
            v = times(W, P)
            P = passed(P, zeros, zeros, scaled(v, B), times(held, v))
            W = scaled(W[0], B), scaled(W[1], B), scaled(W[2], B)
        else:
            m = in_axes(axes, plane, run.m[k])
            keep(row, AXIS, m)
            port = port_of(run, k, axes, m)
            if first == HELD and k == 0:
                T, P, W, v = through_held(port)
            elif first == ROD and k == 0:
                T, P, W, v = through_rod(load, port)
            else:
                T, P, W, v = through_free(T, P, port)
        keep_matrix(row, RESPONSE, W)
        keep(row, AT_REST, v)
    keep(memory[count], FORCE, P)
    keep_matrix(memory[count], STIFFNESS, T)
    keep_matrix(memory[count + 1], STIFFNESS, axes)
    if last == HELD:
        return load[0], none
    r = in_axes(axes, plane, run.ends[1])
    keep(memory[count], AXIS, r)
    if last == ROD:
        return dot(r, times(T, r))[0], dot(r, P)
    response = inverse(matrix_sum(T, spring_of(run.ends[1], r, T)))
    along, v = times(response, r), times(response, P)
    yielding = dot(r, along)
    keep(memory[count], RESPONSE, along)
    keep(memory[count], AT_REST, v)
    # the force is what would come through, were the ring held along the rod
    held = minus(v, scaled(along, divide(dot(r, v), yielding)))
    force = dot(r, minus(P, times(T, held)))
    return divide(double(1.0 + none[0]), yielding)[0], force


def recover(run: Run, kinds: Numbers, right: Number, memory: Numbers, found: Numbers) -> Number:
    """Return the amplitude along the rod before a run from that along the rod behind it.

    Parameters
    ----------
    run, kinds, memory
        As in `eliminate`, which has filled `memory`.
    right : number
        Amplitude along the last rod; of no use if that is held.
    found : (n + 1, FOUND)
        Filled, in the axes of the laboratory: of every ring its place u, the current that reaches
        it from the left (of the first ring, that which leaves it to the right), of the two-port on
        its right what its shunts take up across its axis and the parts across it of the currents
        through both its ends and of the places there, and of the first and the last ring what the rod takes up.
    """
    first, last, count = kinds[0], kinds[1], len(kinds) - 2
    axes = kept_matrix(memory[count + 1], STIFFNESS)
    T, P = kept_matrix(memory[count], STIFFNESS), kept(memory[count], FORCE)
    none = double(0.0 * P[0][0])
    zeros = none, none, none
    u, flow, at_rod = zeros, P, zeros
    if last != HELD:
        r = kept(memory[count], AXIS)
        if last == ROD:
            u = scaled(r, double(right))
        else:
            along, v = kept(memory[count], RESPONSE), kept(memory[count], AT_REST)
            missing = divide(subtract(double(right), dot(r, v)), dot(r, along))
            u = plus(v, scaled(along, missing))
        flow = minus(P, times(T, u))
        if last == ROD:
            at_rod = minus(flow, scaled(r, dot(r, flow)))
        else:
            at_rod = times(spring_of(run.ends[1], r, T), u)
    put(found[count], PLACE, axes, u)
    put(found[count], FLOW, axes, flow)
    put(found[count], INSIDE, axes, zeros)
    put(found[count], ENTERING, axes, zeros)
    put(found[count], LEAVING, axes, zeros)
    put(found[count], NEAR, axes, zeros)
    put(found[count], FAR, axes, zeros)
    put(found[count], AT_ROD, axes, at_rod)
    for k in range(count - 1, -1, -1):
        behind, leaving = u, flow
        u = plus(kept(memory[k], AT_REST), times(kept_matrix(memory[k], RESPONSE), behind))
        inside = zeros
        if kinds[k + 2] == MAGNETIC:
            m, left, beyond = kept(memory[k], AXIS), run.S_left[k], run.S_right[k]
            inside = plus(
                times(axial(m, 0.0 * left[0], left[1], left[2]), u),
                times(axial(m, 0.0 * left[0], beyond[1], beyond[2]), behind),
            )
        if k > 0 or first == SPRUNG:
            T, P = kept_matrix(memory[k], STIFFNESS), kept(memory[k], FORCE)
            flow = minus(P, times(T, u))
        elif kinds[2] == MAGNETIC or first == HELD:
            port = port_of(run, 0, axes, in_axes(axes, run.plane, run.m[0]))
            between = times(port.B, minus(u, behind))
            flow = plus(port.s_left, plus(times(port.S_left, u), between))
        else:
            B, left = double(run.B[0][0]), double(run.S_left[0][0])
            flow = plus(scaled(u, left), scaled(minus(u, behind), B))
        put(found[k], PLACE, axes, u)
        put(found[k], FLOW, axes, flow)
        m = kept(memory[k], AXIS)
        put(found[k], INSIDE, axes, inside)
        put(found[k], ENTERING, axes, across(flow, m))
        put(found[k], LEAVING, axes, across(leaving, m))
        put(found[k], NEAR, axes, across(u, m))
        put(found[k], FAR, axes, across(behind, m))
        put(found[k], AT_ROD, axes, zeros)
    if first == SPRUNG:
        rod = vector(1.0 + none[0], none[0], none[0])
        spring = axial(rod, none[0], run.ends[0][3], run.ends[0][4])
        put(found[0], AT_ROD, axes, times(spring, u))
    elif first == ROD:
        put(found[0], AT_ROD, axes, (none, negative(flow[1]), negative(flow[2])))
    return u[0][0] + u[0][1]


def across(v: Vector, m: Vector) -> Vector:
    """Return the part of a vector across an axis."""
    return minus(v, scaled(m, dot(m, v)))


# --- memory -----------------------------------------------------------------------------------


def keep(row: Numbers, place: int, v: Vector) -> None:
    """Keep a vector."""
    for i in range(3):
        row[place + 2 * i], row[place + 2 * i + 1] = v[i][0], v[i][1]


def keep_matrix(row: Numbers, place: int, A: Matrix) -> None:
    """Keep a matrix."""
    for i in range(3):
        keep(row, place + 6 * i, A[i])


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


def put(row: Numbers, place: int, axes: Matrix, v: Vector) -> None:
    """Put a vector, given in the axes of a run, into a row: rounded, in those of the laboratory."""
    x, y, z = v[0][0] + v[0][1], v[1][0] + v[1][1], v[2][0] + v[2][1]
    for i in range(3):
        row[place + i] = axes[0][i][0] * x + axes[1][i][0] * y + axes[2][i][0] * z
