"""Rods and rings in balance: the chain of a stack set up and solved.

Of a batch, the links that vary are in a window of the chain; what is beside it is the same for all
points and swept once (`spinfem.numerics.ladder`).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray
from ..numerics import kernels
from ..numerics.ladder import Chain, mirrored
from ..numerics.links import NO_AXIS, OWN, RUN, SPACER, joined, put_link, turn_at
from ..numerics.loads import Links, Loads
from ..physics.directions import COLLINEAR_REST
from .elements import Elements
from .ports import Row
from .runs import Push, part_varies, runs_at_points, runs_of, varying_components, varying_ports

RUN_WORK = 50
"""What a two-port of a run takes, in links."""


class Turns(NamedTuple):
    """Links before they are turned, and how they turn.

    Six numbers of each: B, S_left, S_right, the sign and the size of the cosine between the rods at
    its ends, and what its size lacks of 1.
    """

    fixed: FloatArray  # (6, links) of the first point
    varying: dict[int, tuple[Any, ...]]  # of links: numbers or arrays (N,)

    def of(self, link: int) -> tuple[Any, ...]:
        """Return the six numbers of a link; (N,) where they vary."""
        return self.varying.get(link) or tuple(self.fixed[:, link])

    def dense(self, points: int) -> FloatArray:
        """Return those of all links, (6, links, N or 1)."""
        if not self.varying:
            return self.fixed[:, :, None]
        found = np.repeat(self.fixed[:, :, None], points, axis=2)
        for link, values in self.varying.items():
            for q, value in enumerate(values):
                found[q, link] = value
        return found


class Rods(NamedTuple):
    """A solved chain; columns are points, or one for all.

    Amplitudes and currents count along the rods; where a rod is held, its current means nothing.
    """

    amplitude: FloatArray  # (links + 1, N or 1)
    flow: FloatArray  # (links + 1, N or 1)
    rings: tuple[FloatArray, ...]  # of every run: (n + 1, FOUND, N or 1), see `rings.recover`


class Balance:
    """The chain of a stack.

    Parameters
    ----------
    e : Elements
        The stack's numbers.
    row : Row
        Its two-ports.
    threads : int
        Number of threads that a batch may take.
    """

    def __init__(self, e: Elements, row: Row, threads: int = 1) -> None:
        self.e, self.row, self.threads = e, row, threads
        plan, m = row.plan, np.ascontiguousarray(e.columns["m"].fixed.T)
        made, fixed = np.empty((7, plan.links)), np.empty((6, plan.links))
        self.links, self.turns = Links(*made), Turns(fixed, {})
        self.changed: dict[int, Links] = {}
        self.rods: Rods | None = None  # of a single chain without runs
        self._window, self.pulled = None, None
        given = row.table, plan.shape_table, m, COLLINEAR_REST, made, fixed
        if e.shape or plan.runs:
            kernels.assemble(plan.links, *given)
            self._window = self._vary() if e.shape else None
        else:
            loads, rods = np.zeros((5, plan.links + 1)), np.empty((2, plan.links + 1))
            pulled = np.zeros_like(m)
            missed = kernels.solve_plain(plan.links, *given, loads, rods, pulled)
            _check(np.array([missed]))
            self.pulled = pulled.T
            self.loads = Loads(*loads)
            self.rods = Rods(rods[0, :, None], rods[1, :, None], ())

    # --- what varies ----------------------------------------------------------------------------

    def _vary(self) -> tuple[int, int] | None:
        """Make the links that vary over the batch, and return the first and the end of them."""
        plan, ports, ways = self.row.plan, varying_ports(self.row), varying_components(self.e)
        changing = [k for k in range(plan.links) if self._varies(k)]
        for k in changing:
            if plan.kind[k] == RUN:
                continue
            first, stop = int(plan.start[k]), int(plan.start[k + 1])
            turn, free = turn_at(k, plan.shape, ways, COLLINEAR_REST)
            port = joined(ports, first, stop)
            sources: Any = (0.0, 0.0)
            if plan.kind[k] == OWN:
                sources = ports.s_left[first], ports.s_right[first]
            made = Links(*([None] for _ in Links._fields))
            put_link(0, made, port, sources, turn, free)
            self.changed[k] = Links(*(values[0] for values in made))
            self.turns.varying[k] = (*port, *turn)
        if not changing:
            return None
        # a mirror has no runs
        runs = [run.link for run in plan.runs]
        last = plan.links if any(link > changing[-1] for link in runs) else changing[-1] + 1
        return changing[0], last

    def _varies(self, k: int) -> bool:
        plan, m = self.row.plan, self.e.columns["m"].varying
        if any(port in self.row.varying for port in range(plan.start[k], plan.start[k + 1])):
            return True
        left, right, own = int(plan.axis[k]), int(plan.axis[k + 1]), int(plan.own_axis[k])
        if plan.kind[k] == OWN:
            return left not in (NO_AXIS, own) and (left in m or own in m)
        if plan.kind[k] == SPACER:
            return NO_AXIS not in (left, right) and (left in m or right in m)
        run = plan.runs[plan.run_of_link[k]]
        return (
            any(j in m for j in run.rods)
            or any(face in self.row.springs_varying for face in run.springs)
            or any(
                part_varies(self.e, self.row, *part)
                for part in zip(run.parts, run.axes, strict=True)
            )
        )

    # --- solving --------------------------------------------------------------------------------

    def solve(
        self, push: Push | None = None, *, transposed: bool = False, whole: bool = True
    ) -> Rods:
        """Solve the chain: driven by j0 = 1, or by a push and no current.

        Parameters
        ----------
        push : Push, optional
            What drives it in place of j0.
        transposed : bool
            Whether everything that precesses turns the other way round.
        whole : bool
            Whether all is wanted that `rings.recover` can find.
        """
        plan, window = self.row.plan, self._window
        if push is None and self.rods is not None:
            return self.rods
        if push is not None and self.e.points > 1:
            window = 0, plan.links
        if window is not None:
            return self._solve_points(window, push, transposed, whole)
        chain = self._part(0, plan.links, push, transposed)
        amplitude, flow = np.empty((2, plan.links + 1))
        found = kernels.found_of(chain.runs)
        _check(np.array([kernels.solve(self._work, chain, amplitude, flow, found)]))
        if push is None:
            self.loads = chain.loads
        return Rods(amplitude[:, None], flow[:, None], self._split(found, 0, plan.links, ()))

    @cached_property
    def _work(self) -> int:
        plan = self.row.plan
        return plan.links + RUN_WORK * sum(len(run.parts) for run in plan.runs)

    def load_from_right(self, rod: int) -> tuple[float, float]:
        """Return T and P of all on the right of a rod, ``j = P + T u`` along its axis.

        Of a single stack, if there is no run.
        """
        chain = self._part(rod, self.row.plan.links, None, False)
        chain = chain._replace(links=mirrored(chain.links))
        kernels.sweep(self._work, chain)
        stiffness, force, rest = (float(x[-1]) for x in chain.loads[:3])
        sign = self.links.sign[rod] if rod < self.row.plan.links else 1.0
        return stiffness, float(-sign * (force + rest))

    def _solve_points(
        self, window: tuple[int, int], push: Push | None, transposed: bool, whole: bool
    ) -> Rods:
        plan, points = self.row.plan, self.e.points
        first, stop = window
        left = self._part(0, first, push, transposed)
        middle = self._part(first, stop, push, transposed, points)
        right = self._part(stop, plan.links, push, transposed)
        right = right._replace(links=mirrored(right.links))
        for chain in (left, right):
            kernels.sweep(self._work, chain)
        sign = np.append(self.links.sign, 1.0)[stop:]
        free = self.links.free[stop] if stop < plan.links else 0.0
        amplitude, flow = np.empty((2, plan.links + 1, points))
        # as seen in the mirror: an array of its own, since numba compiles for every layout anew
        beyond = np.empty((2, plan.links + 1 - stop, points))
        found = [kernels.found_of(chain.runs, (points,), whole) for chain in (left, middle)]
        parts = (
            (amplitude[: first + 1], flow[: first + 1], found[0]),
            (amplitude[first : stop + 1], flow[first : stop + 1], found[1]),
            (beyond[0], beyond[1], None),
        )
        edge = np.array([sign[0], free])
        chains = left, middle, right
        _check(kernels.solve_points(self._work, chains, edge, parts, self.threads))
        np.multiply(beyond[0, ::-1], sign[:, None], out=amplitude[stop:])
        np.multiply(beyond[1, ::-1], -sign[:, None], out=flow[stop:])
        rings = (
            *self._split(found[0], 0, first, (points,)),
            *self._split(found[1], first, stop, (points,)),
        )
        return Rods(amplitude, flow, rings)

    def _split(
        self, found: FloatArray | None, first: int, stop: int, points: tuple[int, ...]
    ) -> tuple[FloatArray, ...]:
        """Return what was found for every run among some links."""
        if found is None:
            return ()
        ends = self.row.plan.runs_between(first, stop).ring_ends
        shaped = found if points else found[:, :, None]
        return tuple(shaped[begin:end] for begin, end in ends)

    # --- parts of the chain ---------------------------------------------------------------------

    def _part(
        self, first: int, stop: int, push: Push | None, transposed: bool, points: int | None = None
    ) -> Chain:
        """Return a part of the chain; with the points of a batch on the last axis, if asked."""
        plan = self.row.plan
        values = [column[first:stop].copy() for column in self.links]
        if points is not None:
            values = [np.repeat(column[:, None], points, axis=1) for column in values]
            for k, changed in self.changed.items():
                for column, value in zip(values, changed, strict=True):
                    column[k - first] = value
        links = Links(*values)
        if push is not None:
            links.s_left[:], links.s_right[:] = 0.0, 0.0
            for k, (left, right) in push.links.items():
                if first <= k < stop:
                    whole = (left, right) if points is not None else (left[0], right[0])
                    links.s_left[k - first], links.s_right[k - first] = whole
        those, runs = plan.runs_between(first, stop), None
        if those.runs and points is None:
            runs = runs_of(self.e, self.row, those, push, transposed)
        elif those.runs:
            runs = runs_at_points(self.e, self.row, those, push, transposed, first)
        shape = () if points is None else (0,)
        return Chain(
            links,
            runs,
            kernels.blank_loads(stop - first + 1, shape),
            kernels.memory_of(runs, shape),
        )


MISSED = 1e-9
"""Largest sum of what balances may miss of what they balance: roundings are far below it."""


def _check(missed: FloatArray) -> None:
    """Raise ValueError unless spin currents balance, at every point of a batch."""
    if (missed <= MISSED).all():
        return
    if not np.isfinite(missed).all():
        raise ValueError("results must be finite, got an overflow of double precision")
    point = int(np.argmin(missed <= MISSED))
    where = "" if missed.size == 1 else f" at point {point} of the batch"
    raise ValueError(
        f"spin currents must balance at all faces, got a rest of {missed[point]:.1e} of their "
        f"size{where}: the numbers of the stack are too far apart for doubles"
    )
