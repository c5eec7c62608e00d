"""Rods and rings in balance: the chain of a stack set up and solved.

Of a batch, the links that vary are in a window of the chain; what is beside it is the same for all
points and swept once (`spinfem.numerics.ladder`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray
from ..numerics import kernels
from ..numerics.ladder import Chain, mirrored
from ..numerics.links import NO_AXIS, OWN, RUN, SPACER, Ports, joined, put_link, turn_at
from ..numerics.loads import Links
from ..numerics.rings import Runs
from ..physics.directions import COLLINEAR_REST
from .elements import Elements
from .plan import UNIFORM, RunPlan
from .ports import Row

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


class Push(NamedTuple):
    """What drives a chain in place of j0: currents through both ends of its two-ports.

    Of links that are no runs, along the rods at their ends, (N or 1,) each; of parts of runs, by
    run and part, vectors (N or 1, 3).
    """

    links: Mapping[int, tuple[FloatArray, FloatArray]]
    parts: Mapping[tuple[int, int], tuple[FloatArray, FloatArray]]


class _Rows:
    """Rows of numbers, of which some vary over the batch."""

    def __init__(self, fixed: FloatArray, varying: Mapping[int, FloatArray]) -> None:
        self.fixed, self.varying = fixed, varying

    def __getitem__(self, row: int) -> Any:
        return self.varying[row] if row in self.varying else self.fixed[row]


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
        plan = row.plan
        self.links = Links(*np.empty((7, plan.links)))
        fixed = np.empty((6, plan.links))
        m = e.columns["m"].fixed
        kernels.assemble(
            plan.links, row.ports, plan.shape, m, COLLINEAR_REST, self.links, tuple(fixed)
        )
        self.turns = Turns(fixed, {})
        self.changed: dict[int, Links] = {}
        self._window = self._vary() if e.shape else None

    # --- what varies ----------------------------------------------------------------------------

    @cached_property
    def _m(self) -> _Rows:
        """Magnetizations of all elements, three numbers or arrays (N,) each."""
        m = self.e.columns["m"]
        return _Rows(m.fixed, {k: np.moveaxis(self.e.flat(v, 1), -1, 0) for k, v in m.varying.items()})

    @cached_property
    def _ports(self) -> Ports:
        row = self.row
        return Ports(
            *(
                _Rows(column, {i: values[q] for i, values in row.varying.items()})
                for q, column in enumerate(row.ports)
            )
        )

    def _vary(self) -> tuple[int, int] | None:
        """Make the links that vary over the batch, and return the first and the end of them."""
        plan, ports = self.row.plan, self._ports
        changing = [k for k in range(plan.links) if self._varies(k)]
        for k in changing:
            if plan.kind[k] == RUN:
                continue
            first, stop = int(plan.start[k]), int(plan.start[k + 1])
            turn, free = turn_at(k, plan.shape, self._m, COLLINEAR_REST)
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
            or any(self._spring_varies(face) for face in run.springs)
            or any(self._part_varies(*part) for part in zip(run.parts, run.axes, strict=True))
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
        if push is not None and self.e.points > 1:
            window = 0, plan.links
        if window is not None:
            return self._solve_points(window, push, transposed, whole)
        chain = self._part(0, plan.links, push, transposed)
        amplitude, flow = np.empty((2, plan.links + 1))
        found = kernels.found_of(chain.runs)
        kernels.solve(self._work, chain, amplitude, flow, found)
        if push is None:
            self.loads = chain.loads
        return Rods(amplitude[:, None], flow[:, None], self._split(found, 0, plan.links, ()))

    @property
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
        stiffness, force, rest = (float(x[-1]) for x in chain.loads)
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
        found = [kernels.found_of(chain.runs, (points,), whole) for chain in (left, middle)]
        parts = (
            (amplitude[: first + 1], flow[: first + 1], found[0]),
            (amplitude[first : stop + 1], flow[first : stop + 1], found[1]),
            (amplitude[stop:][::-1], flow[stop:][::-1], None),
        )
        edge = float(sign[0]), float(free)
        kernels.solve_points(self._work, (left, middle, right), edge, parts, self.threads)
        amplitude[stop:] *= sign[:, None]
        flow[stop:] *= -sign[:, None]
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
        sizes = [len(run.parts) + 1 for run in self.row.plan.runs if first <= run.link < stop]
        shaped = found if points else found[:, :, None]
        return tuple(np.split(shaped, np.cumsum(sizes)[:-1]))

    # --- parts of the chain ---------------------------------------------------------------------

    def _part(
        self, first: int, stop: int, push: Push | None, transposed: bool, points: int | None = None
    ) -> Chain:
        """Return a part of the chain; with the points of a batch on the last axis, if asked."""
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
                    values = (left, right) if points is not None else (left[0], right[0])
                    links.s_left[k - first], links.s_right[k - first] = values
        runs = self._runs(first, stop, push, transposed, points)
        shape = () if points is None else (0,)
        return Chain(
            links,
            runs,
            kernels.blank_loads(stop - first + 1, shape),
            kernels.memory_of(runs, shape),
        )

    def _runs(
        self, first: int, stop: int, push: Push | None, transposed: bool, points: int | None
    ) -> Runs | None:
        """Return the runs among some links, None for none."""
        plan = self.row.plan
        those = [(r, run) for r, run in enumerate(plan.runs) if first <= run.link < stop]
        if not those:
            return None
        parts = [part for _, run in those for part in run.parts]
        axes = np.array([axis for _, run in those for axis in run.axes])
        shape = () if points is None else (points,)
        begins = np.array([begin for begin, _ in parts])
        table = np.array([column[begins] for column in self.row.ports])
        table[3:, axes == NO_AXIS] = 0.0
        table = np.broadcast_to(table.reshape(*table.shape, *(1,) * len(shape)), (*table.shape, *shape)).copy()
        self._join(table, parts, points is not None)
        three = np.empty((3, len(parts), 3, *shape))  # B, S_left, S_right; along, across, turning
        three[:, :, 0] = three[:, :, 1] = table[:3]
        three[:, :, 2] = 0.0
        self._put_across(three, parts, axes, transposed, points is not None)
        m = np.zeros((len(parts), 3, *shape))
        for i, axis in enumerate(axes.tolist()):
            if axis != NO_AXIS:
                m[i] = self._way(axis, shape)
        ends = np.zeros((len(those), 2, 5, *shape))
        plane = np.empty((len(those), 2, 3, *shape))
        for i, (_, run) in enumerate(those):
            self._put_ends(ends[i], run, transposed, shape)
            plane[i] = self._plane(run, shape)
        kinds = [kind for _, run in those for kind in run.kinds]
        pushes = None
        if push is not None:
            table[3:] = 0.0
            pushes = np.zeros((len(parts), 6, *shape))
            places = [(r, q) for r, run in those for q in range(len(run.parts))]
            for i, place in enumerate(places):
                if place in push.parts:
                    for side, value in enumerate(push.parts[place]):
                        own = value.T if points is not None else value[0]
                        pushes[i, 3 * side : 3 * side + 3] = own
        of_link = np.full(stop - first, -1, dtype=np.intp)
        for i, (_, run) in enumerate(those):
            of_link[run.link - first] = i
        varies = np.ones(len(parts), dtype=np.intp)
        if points is not None and push is None:
            varies = np.array(
                [self._part_varies(part, k) for part, k in zip(parts, axes.tolist(), strict=True)],
                dtype=np.intp,
            )
        start = np.cumsum([0, *(len(run.parts) for _, run in those)])
        still = [0 if push is not None or points is None else self._still(run, first) for _, run in those]
        return Runs(
            m,
            *three,
            table[3],
            table[4],
            pushes,
            ends,
            plane,
            np.array(still),
            varies,
            start,
            np.array(kinds),
            of_link,
        )

    def _still(self, run: RunPlan, first: int) -> int:
        """Return how many parts at the beginning of a run are the same at all points.

        None if the load on it is not, or the frames of these parts depend on what varies.
        """
        m = self.e.columns["m"]
        if run.link != first or self._spring_varies(run.springs[0]) or run.rods[0] in m.varying:
            return 0
        axes = [k for k in (run.rods[0], *run.axes) if k != NO_AXIS]
        found = 0
        for (begin, end), k in zip(run.parts, run.axes, strict=True):
            if self._part_varies((begin, end), k):
                return found
            if k != NO_AXIS and not _collinear(m.fixed[k], m.fixed[axes[0]]):
                return found
            found += 1
        return found

    def _part_varies(self, part: tuple[int, int], axis: int) -> bool:
        return (
            any(port in self.row.varying for port in range(*part))
            or axis in self.e.columns["m"].varying
            or (axis in self.row.across and any(np.size(x) > 1 for x in self.row.across[axis]))
        )

    def _spring_varies(self, face: int) -> bool:
        return face >= 0 and self.row.springs[face].size > 1

    def _join(self, table: FloatArray, parts: list[tuple[int, int]], batch: bool) -> None:
        """Put joined two-ports, and those that vary, into a table of parts."""
        ports: Any = self._ports if batch else self.row.ports
        for i, (begin, end) in enumerate(parts):
            if end > begin + 1:
                for q, value in enumerate(joined(ports, begin, end)):
                    table[q, i] = value
            elif batch and begin in self.row.varying:
                for q, value in enumerate(self.row.varying[begin]):
                    table[q, i] = value

    def _put_across(
        self,
        three: FloatArray,
        parts: list[tuple[int, int]],
        axes: NDArray[np.intp],
        transposed: bool,
        batch: bool,
    ) -> None:
        ports, sign = self.row.plan.ports, -1.0 if transposed else 1.0
        for i, axis in enumerate(axes.tolist()):
            if axis in self.row.across and ports[parts[i][0]].piece == UNIFORM:
                for q, value in enumerate(self.row.across[axis]):
                    own = value if batch else value[0]
                    three[q, i, 1], three[q, i, 2] = own.real, sign * own.imag

    def _put_ends(
        self, ends: FloatArray, run: RunPlan, transposed: bool, shape: tuple[int, ...]
    ) -> None:
        for side, (rod, face) in enumerate(zip(run.rods, run.springs, strict=True)):
            if rod != NO_AXIS:
                ends[side, :3] = self._way(rod, shape)
            if face >= 0:
                G = self.row.springs[face] if shape else self.row.springs[face][0]
                ends[side, 3], ends[side, 4] = G.real, -G.imag if transposed else G.imag

    def _way(self, magnet: int, shape: tuple[int, ...]) -> FloatArray:
        """Return a magnetization, (3, *shape)."""
        if not shape:
            return np.asarray(self.e.columns["m"].fixed[magnet])
        way = np.asarray(self._m[magnet])
        return way if way.ndim > 1 else way[:, None]

    def _plane(self, run: RunPlan, shape: tuple[int, ...]) -> FloatArray:
        """Return two directions of a run, the first rod if it has one, that differ if any do."""
        magnets = [k for k in (run.rods[0], *run.axes, run.rods[1]) if k != NO_AXIS]
        first = np.broadcast_to(self._way(magnets[0], shape), (3, *shape))
        second = first
        for k in dict.fromkeys(magnets[1:]):
            closed = (np.cross(first, second, axis=0) ** 2).sum(axis=0) < DIFFERENT**2
            if not closed.any():
                break
            second = np.where(closed, self._way(k, shape), second)
        return np.array([first, second])


def _collinear(a: FloatArray, b: FloatArray) -> bool:
    """Whether two directions are the same or opposite to the last bit."""
    return bool((a == b).all() or (a == -b).all())


DIFFERENT = 1e-12
"""Sine of directions that span the plane of a run; of less, others are looked for."""
