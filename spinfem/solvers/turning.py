"""A stack's chain for magnetizations that turn, for `spinfem.numerics.turning`.

Where a moving magnetization shifts what two-ports see, and which spins leave it straight to the
ground, is found once; so are the two-ports.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .._checks import FloatArray, IntArray
from ..numerics.kernels import blank_loads
from ..numerics.ladder import Chain, mirrored, sweep
from ..numerics.links import NO_AXIS, OWN, RUN, SPACER
from ..numerics.loads import Links
from ..numerics.rings import AT_ROD, FOUND, INSIDE, SIZE, Runs
from ..numerics.turning import LEFT, RIGHT, Skeleton, Work
from .condensed import Condensed
from .plan import Plan
from .ports import share_of_exchange
from .runs import runs_at_points

ALL_OF_IT = np.array([[1.0], [0.0]])
"""A share, and the part of it that turns about m."""


def skeleton_of(solved: Condensed, moving: Iterable[int]) -> Skeleton:
    """Return what of a solved stack's chain does not depend on magnetizations.

    Parameters
    ----------
    solved : Condensed
        The stack; whatever its magnetizations, they are of no use.
    moving : iterable of int
        Elements whose rods are lifted when they move.

    Raises
    ------
    ValueError
        If spins that a moving magnetization pumps meet no resistance: it is in contact with a
        reservoir, or with another ferromagnet.
    """
    e, row = solved.elements, solved.row
    plan = row.plan
    first, stop, turning = _window(plan)
    those = plan.runs_between(first, stop)
    places: list[tuple[int, int, int]] = []
    shares: list[FloatArray] = []
    runs = _no_runs(stop - first)
    if plan.runs:
        runs = runs_at_points(e, row, those, None, False, 0)
        runs = runs._replace(still=np.full_like(runs.still, -1))
        for i, k in enumerate(plan.magnets.tolist()):
            for link, on_right in plan.beside[i]:
                if plan.kind[link] == RUN:
                    begin, end = those.ring_ends[plan.run_of_link[link]]
                    places.append((begin if on_right else end - 1, AT_ROD, k))
                    shares.append(ALL_OF_IT)
        for k, (r, part) in plan.part_of.items():
            places.append((those.ring_ends[r][0] + part, INSIDE, k))
            shares.append(_two(share_of_exchange(e, k)))
    seats, parts, shifts, grounded, lost = _seats(solved, moving)
    links, left, right, edge = _fixed(solved, first, stop)
    return Skeleton(
        links,
        np.ascontiguousarray(solved.balance.unturned.dense(e.points)[:, first:stop]),
        np.ascontiguousarray(plan.shape_table[:, first : stop + 1]),
        turning - first,
        left,
        right,
        edge,
        runs,
        those.axes,
        those.rods,
        those.pair,
        _table(places, 3),
        _numbers(shares),
        _table(seats, 3),
        _table(parts, 3),
        _numbers(shifts),
        np.array(grounded, dtype=np.intp),
        _numbers(lost),
    )


def room_for(skeleton: Skeleton, points: int) -> Work:
    """Return room to work in at some points at once."""
    links = skeleton.shape.shape[1] - 1

    def blank(*shape: int) -> FloatArray:
        return np.zeros((*shape, points))

    q, r = len(skeleton.axes), len(skeleton.rods)
    return Work(
        (blank(q, 3), blank(r, 2, 5), blank(r, 2, 3)),
        blank(2, q),
        blank(q, 12),
        blank(7, links),
        blank(5, links + 1),
        blank(q + 2 * r, SIZE),
        blank(2, links + 1),
        blank(q + r, FOUND),
    )


def _no_runs(links: int) -> Runs:
    """Return the runs of a chain that has none, of as many numbers as one that has some."""
    three, one, none = np.zeros((0, 3, 1)), np.zeros((0, 1)), np.zeros(0, dtype=np.intp)
    ends, plane = np.zeros((0, 2, 5, 1)), np.zeros((0, 2, 3, 1))
    of_link = np.full(links, -1, dtype=np.intp)
    start = np.zeros(1, dtype=np.intp)
    return Runs(three, three, three, three, one, one, None, ends, plane, none, start, none, of_link)


def _window(plan: Plan) -> tuple[int, int, IntArray]:
    """Return the first link that turns, the end of them, and those that are no runs."""
    rods = (plan.axis[:-1] != NO_AXIS) & (plan.axis[1:] != NO_AXIS)
    contacts = (plan.kind == OWN) & (plan.axis[:-1] != plan.own_axis)
    single = (rods & (plan.kind == SPACER)) | ((plan.axis[:-1] != NO_AXIS) & contacts)
    turning = np.flatnonzero(single | (plan.kind == RUN))
    if not turning.size:
        return 0, 0, turning
    return int(turning[0]), int(turning[-1]) + 1, np.flatnonzero(single)


def _fixed(
    solved: Condensed, first: int, stop: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the links of the window, and the loads of what is on both sides of it."""
    balance, plan = solved.balance, solved.row.plan
    links = Links(*np.broadcast_arrays(*balance.links_at_points))
    found, driving = [], np.zeros_like(links.sign[0])
    for side in (Links(*(x[:first] for x in links)), mirrored(Links(*(x[stop:] for x in links)))):
        driving = driving + np.abs(side.s_left).sum(axis=0) + np.abs(side.s_right).sum(axis=0)
        loads = blank_loads(side, side.B.shape[1:])
        sweep(Chain(side, None, loads, None), 0, len(side.B))
        found.append(np.array([x[-1] for x in loads[:3]]))
    one = np.ones_like(driving)
    last = [links.sign[stop], links.free[stop]] if stop < plan.links else [one, 0.0 * one]
    return np.array([x[first:stop] for x in links]), found[0], found[1], np.array([*last, driving])


def _seats(solved: Condensed, moving: Iterable[int]) -> Any:
    """Return which two-ports see the lifts of moving elements.

    Of links, of parts of runs with their shifts, and to the ground with what is lost there; as the
    jumps of torques' dual fields (`spinfem.results.duals`).
    """
    e, plan = solved.elements, solved.row.plan
    seats: list[tuple[int, int, int]] = []
    parts: list[tuple[int, int, int]] = []
    shifts: list[FloatArray] = []
    grounded: list[int] = []
    lost: list[FloatArray] = []
    first, _, _ = _window(plan)
    last = len(e.joints) - 1
    for k in moving:
        for face, other in ((k - 1, k - 1), (k, k + 1)):
            held = e.reservoir[0 if face == 0 else 1] and face in (0, last)
            joint = e.joints[face]
            if e.lets_across(k, face):
                if held and joint is None:
                    raise unresisted("a reservoir")
                port = _port_of(plan, k, other > k)
                shift = -share_of_exchange(e, k)
            elif held:
                if joint is None or joint.mixing is None:
                    raise unresisted("a reservoir")
                grounded.append(k)
                lost.append(_two(e.flat(joint.mixing)))
                continue
            elif e.strong[other]:
                if joint is None and e.body_of(k) != e.body_of(other):
                    raise unresisted("another ferromagnet")
                continue
            else:
                port, shift = _port_of(plan, other, other < k), np.ones(1, dtype=complex)
            if port < 0:
                continue
            side = LEFT if (other > k) != e.lets_across(k, face) else RIGHT
            link = int(np.searchsorted(plan.start, port, side="right")) - 1
            if plan.kind[link] == RUN:
                r = int(plan.run_of_link[link])
                run = plan.runs[r]
                part = next(i for i, (a, b) in enumerate(run.parts) if a <= port < b)
                own = sum(len(one.parts) for one in plan.runs[:r]) + part
                parts.append((own, side, k))
                shifts.append(_two(shift))
            elif plan.axis[link + 1 - side] == NO_AXIS:
                B, S_left, S_right = solved.balance.unturned.of(link)
                stiff = np.asarray(B + (S_left, S_right)[side], dtype=complex)
                if face in e.mixing:
                    mixing = e.flat(joint.mixing)  # type: ignore[union-attr, arg-type]
                    stiff = stiff * mixing / (stiff + mixing)
                grounded.append(k)
                lost.append(_two(np.atleast_1d(stiff)))
            else:
                seats.append((link - first, side, k))
    return seats, parts, shifts, grounded, lost


def _port_of(plan: Any, k: int, last: bool) -> int:
    """Return the first or the last two-port of an element, or -1 if it has none."""
    own = plan.element_ports[k]
    if own.stop == own.start:
        return -1
    return int(own.stop - 1 if last else own.start)


def unresisted(what: str) -> ValueError:
    """Return the error of a magnetization that moves in contact with what takes up all spins."""
    return ValueError(
        "a magnetization that moves must be separated, by normal metal or a mixing conductance, "
        f"from what takes up all spins it pumps, got one in contact with {what}"
    )


def _two(values: Any) -> FloatArray:
    """Return complex numbers, (N or 1,), as two rows."""
    return np.array([values.real, values.imag])


def _table(rows: list[Any], columns: int) -> IntArray:
    return np.array(rows, dtype=np.intp).reshape(-1, columns)


def _numbers(rows: list[FloatArray]) -> FloatArray:
    """Return rows of two numbers each, (t, 2, N or 1)."""
    if not rows:
        return np.zeros((0, 2, 1))
    points = max(row.shape[-1] for row in rows)
    return np.array([np.broadcast_to(row, (2, points)) for row in rows])
