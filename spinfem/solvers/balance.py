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
from ..numerics.links import NO_AXIS, OWN, RUN, SPACER, Shape, assemble
from ..numerics.loads import Links, Loads
from ..numerics.rings import Runs
from ..physics.directions import COLLINEAR_REST
from .elements import Elements
from .ports import Row
from .runs import Push, part_varies, runs_at_points, runs_of

ALL, SOURCES = range(len(Links._fields)), slice(3, 5)
"""Which of the numbers of links: all of them, the sources at both ends."""


class Unturned(NamedTuple):
    """B, S_left and S_right of links before they are turned."""

    fixed: FloatArray  # (3, links) of the first point
    varying: dict[int, tuple[Any, ...]]  # of links: numbers or arrays (N,)

    def of(self, link: int) -> tuple[Any, ...]:
        """Return the numbers of a link; (N,) where they vary."""
        return self.varying.get(link) or tuple(self.fixed[:, link])

    def dense(self, points: int) -> FloatArray:
        """Return those of all links, (3, links, N or 1)."""
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
    heat: FloatArray  # (N or 1,) of all two-ports, as `ladder.settled`, and of springs


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
        made, fixed = (np.empty((q, plan.links), dtype=row.table.dtype) for q in (7, 3))
        self._made, self.links, self.unturned = made, Links(*made), Unturned(fixed, {})
        self.changed: dict[int, Links] = {}
        self.rods: Rods | None = None  # of a single chain without runs
        self.pulled: FloatArray | None = None
        self._window = self._vary() if e.shape else None
        given = row.table, plan.shape_table, m, COLLINEAR_REST, made, fixed
        if e.shape or plan.runs:
            kernels.assemble(plan.links, *given)
            return
        kind = row.table.dtype
        loads, rods = (np.zeros((q, plan.links + 1), dtype=kind) for q in (5, 2))
        pulled = np.zeros(m.shape, dtype=kind)
        missed, heat = kernels.solve_plain(plan.links, *given, loads, rods, pulled)
        if not missed <= MISSED:
            raise unbalanced(np.array([missed]))
        self.pulled = pulled.T
        self.loads = Loads(*loads)
        self.rods = Rods(rods[0, :, None], rods[1, :, None], (), np.array([heat]))

    # --- what varies ----------------------------------------------------------------------------

    def _vary(self) -> tuple[int, int] | None:
        """Make the links that vary over the batch, and return the first and the end of them."""
        plan = self.row.plan
        changing = [k for k in range(plan.links) if self._varies(k)]
        if not changing:
            return None
        e, ports = self.e, self.row.at_points(self.e.shape)  # what varies along few axes is short
        kind, start, axis, own_axis = plan.shape
        first, last = changing[0], changing[-1] + 1
        if any(run.link >= last for run in plan.runs):  # a mirror has no runs
            last = plan.links
        table = np.empty((len(changing), 10, 1), dtype=object)  # numbers or arrays
        for k, made in zip(changing, table, strict=True):
            own, ends = slice(k, k + 1), slice(k, k + 2)
            shape = Shape(kind[own], start[ends], axis[ends], own_axis[own])
            unturned = made[7], made[8], made[9]
            assemble(ports, shape, self.ways, COLLINEAR_REST, Links(*made[:7]), unturned)
            if plan.kind[k] != RUN:
                flat = made[:, 0]
                for q, x in enumerate(flat):
                    if isinstance(x, np.ndarray):
                        whole = x if x.shape == e.shape else np.broadcast_to(x, e.shape)
                        flat[q] = whole.reshape(-1)
                self.changed[k], self.unturned.varying[k] = Links(*flat[:7]), tuple(flat[7:])
        return first, last

    @cached_property
    def ways(self) -> tuple[Any, Any, Any]:
        """The components of m of all elements, as `elements.Elements.components`."""
        return self.e.components()

    def free_of(self, link: int) -> Any:
        """Return 1 if the rod on the left of a link is free, or 0; (N,) where it varies."""
        return self.changed[link].free if link in self.changed else self.links.free[link]

    def sign_of(self, link: int) -> Any:
        """Return the sign of the cosine between the rods at the ends of a link, likewise."""
        return self.changed[link].sign if link in self.changed else self.links.sign[link]

    def coupling(self, link: int) -> tuple[Any, Any]:
        """Return B of a link before it is turned, and the sign of its cosine; likewise."""
        if link in self.changed:
            return self.unturned.varying[link][0], self.changed[link].sign
        return self.unturned.fixed[0, link], self.links.sign[link]

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
        links = self.links if push is None else self._links(0, plan.links, push)
        (chain,) = _chains(Part(links, self._runs(0, plan.links, push, transposed)))
        amplitude, flow = np.empty((2, plan.links + 1), dtype=links.B.dtype)
        found = kernels.found_of(chain.runs)
        missed, heat = kernels.solve(plan.work, chain, amplitude, flow, found)
        if not missed <= MISSED:
            raise unbalanced(np.array([missed]))
        if push is None:
            self.loads = chain.loads
        rings = self._split(found, 0, plan.links, ())
        return Rods(amplitude[:, None], flow[:, None], rings, np.array([heat]))

    def load_from_right(self, rod: int) -> tuple[float, float]:
        """Return T and P of all on the right of a rod, ``j = P + T u`` along its axis.

        Of a single stack, if there is no run.
        """
        links = self._links(rod, self.row.plan.links, None)
        (chain,) = _chains(Part(links, in_mirror=True))
        kernels.sweep(self.row.plan.work, chain)
        stiffness, force, rest = (float(x[-1]) for x in chain.loads[:3])
        sign = self.links.sign[rod] if rod < self.row.plan.links else 1.0
        return stiffness, float(-sign * (force + rest))

    def _solve_points(
        self, window: tuple[int, int], push: Push | None, transposed: bool, whole: bool
    ) -> Rods:
        plan, points = self.row.plan, self.e.points
        first, stop = window
        before = self._runs(0, first, push, transposed)
        within = self._runs(first, stop, push, transposed, at_points=True)
        right, left, middle = _chains(
            Part(self._links(stop, plan.links, push), in_mirror=True),
            Part(self._links(0, first, push), before),
            Part(self._links(first, stop, push, points), within, shape=(0,)),
        )
        for chain in (left, right):
            kernels.sweep(plan.work, chain)
        sign = np.append(self.links.sign, 1.0)[stop:]
        free = self.links.free[stop] if stop < plan.links else 0.0
        amplitude, flow = np.empty((2, plan.links + 1, points), dtype=self.row.table.dtype)
        found = (
            kernels.found_of(before, (points,), whole),
            kernels.found_of(within, (points,), whole),
        )
        parts = (
            (amplitude[: first + 1], flow[: first + 1], found[0]),
            (amplitude[first : stop + 1], flow[first : stop + 1], found[1]),
            (amplitude[stop:], flow[stop:], None),
        )
        edge = np.array([sign[0], free])
        sums = kernels.solve_points(plan.work, (left, middle, right), edge, parts, self.threads)
        missed, heat = sums[0].real, sums[1]
        if not (missed <= MISSED).all():
            raise unbalanced(missed)
        amplitude[stop:] *= sign[:, None]
        flow[stop:] *= -sign[:, None]
        if not plan.runs:
            return Rods(amplitude, flow, (), heat)
        rings = (
            *self._split(found[0], 0, first, (points,)),
            *self._split(found[1], first, stop, (points,)),
        )
        return Rods(amplitude, flow, rings, heat)

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

    @property
    def links_at_points(self) -> Links:
        """All links, their numbers (links, N), or (links, 1) where they do not vary."""
        return self._links(0, self.row.plan.links, None, self.e.points)

    def _links(self, first: int, stop: int, push: Push | None, points: int | None = None) -> Links:
        """Return some links; with the points of a batch on the last axes, if asked.

        Where nothing varies these are 1 long.
        """
        values, links = self._made[:, first:stop], range(first, stop)
        inside = {k - first: made for k, made in self.changed.items() if k in links}
        if push is None and not inside:
            return Links(*(values if points is None else values[..., None]))
        values = values.copy()
        changed = [{i: made[q] for i, made in inside.items()} for q in ALL]
        if push is not None:
            values[SOURCES] = 0.0
            pushed = {k - first: both for k, both in push.links.items() if k in links}
            changed[SOURCES] = [{i: both[side] for i, both in pushed.items()} for side in (0, 1)]
        columns = [_column(*pair, points) for pair in zip(values, changed, strict=True)]
        return Links(*(column if points is not None else column[:, 0] for column in columns))

    def _runs(
        self, first: int, stop: int, push: Push | None, transposed: bool, at_points: bool = False
    ) -> Runs | None:
        """Return the runs among some links, if the chain has any; at all points, if asked."""
        plan = self.row.plan
        if not plan.runs:
            return None
        those = plan.runs_between(first, stop)
        if at_points:
            return runs_at_points(self.e, self.row, those, push, transposed, first)
        return runs_of(self.e, self.row, those, push, transposed)


def _column(first: FloatArray, changed: dict[int, Any], points: int | None) -> FloatArray:
    """Return a number of some links, (links, N), or (links, 1) if it varies in none of them."""
    if points is None or all(np.size(value) == 1 for value in changed.values()):
        column = first[:, None]
    elif len(first) == 1:
        # numba compiles for others anew
        return np.require(changed[0], first.dtype, ["C", "W"])[None]
    else:
        column = np.repeat(first[:, None], points, axis=1)
    for i, value in changed.items():
        column[i] = value
    return column


class Part(NamedTuple):
    """A part of a chain."""

    links: Links
    runs: Runs | None = None
    in_mirror: bool = False  # whether it is to be swept from the right; without runs
    shape: tuple[int, ...] = ()  # of what a sweep finds: (0,) where every thread makes its own


def _chains(*parts: Part) -> list[Chain]:
    """Return parts of a chain with room for what sweeps find."""
    return [
        Chain(
            mirrored(part.links) if part.in_mirror else part.links,
            part.runs,
            kernels.blank_loads(part.links, part.shape),
            kernels.memory_of(part.runs, part.shape),
        )
        for part in parts
    ]


MISSED = 1e-9
"""Largest sum of what balances may miss of what they balance: roundings are far below it."""


def unbalanced(missed: FloatArray) -> ValueError:
    """Return what is wrong where spin currents do not balance, at one or more points."""
    if not np.isfinite(missed).all():
        return ValueError("results must be finite, got an overflow of double precision")
    point = int(np.argmin(missed <= MISSED))
    where = "" if missed.size == 1 else f" at point {point} of the batch"
    return ValueError(
        f"spin currents must balance at all faces, got a rest of {missed[point]:.1e} of their "
        f"size{where}: the numbers of the stack are too far apart for doubles"
    )
