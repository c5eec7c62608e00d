"""Runs of a stack's chain with their numbers, for `spinfem.numerics.rings`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .._checks import BoolArray, FloatArray, IntArray
from ..numerics.links import NO_AXIS, joined
from ..numerics.rings import SOFT, SOFTLY_SPRUNG, Runs
from .elements import Elements
from .plan import RunPlan, RunSet
from .ports import Row

NO_PUSH = np.zeros((0, 12))
ANY_PLANE = np.eye(3)[:2]
"""Where there is no magnetization."""
DIFFERENT = 1e-12
"""Sine of directions that span the plane of a run; of less, others are looked for."""
FAR_APART = 1e6
"""Ratio of stiffnesses K and K' from which on it matters in whose frame a ring counts.

In the frame of K', what is left of K along the axis of K, at an angle s to its own, is off by
``1e-32 K s``. What is found is at least ``K' s^2`` or a sink of size k: the relative error is at
most ``1e-32 sqrt(K/k K/K')``, 1e-13 for K/k = 1e32.
"""


THREE = ("B", "S_left", "S_right")
POINTWISE = ("m", *THREE, "s_left", "s_right", "push", "ends", "plane")
"""Numbers of runs that may vary from point to point."""


class Push(NamedTuple):
    """What drives a chain in place of j0.

    Of links that are no runs, currents along the rods at both their ends, (N or 1,) each; of parts
    of runs, by run and part, by what they see the rings at both their ends shifted, and currents
    through both, vectors (N or 1, 3).
    """

    links: Mapping[int, tuple[FloatArray, FloatArray]]
    parts: Mapping[tuple[int, int], tuple[FloatArray, FloatArray, FloatArray, FloatArray]]


class RunNumbers(NamedTuple):
    """What of the runs of a single stack does not depend on directions; see `rings.Runs`."""

    three: tuple[FloatArray, FloatArray, FloatArray]  # B, S_left, S_right
    sources: FloatArray  # (2, q)
    springs: FloatArray  # (r, 2, 2) across and turning
    kinds: IntArray  # as of `rings.Runs`


def numbers_of(row: Row, those: RunSet, transposed: bool) -> RunNumbers:
    """Return what does not depend on directions; remembered with the two-ports."""
    key = id(those), transposed
    if key not in row.runs:
        row.runs[key] = _numbers(row, those, transposed)
    found: RunNumbers = row.runs[key]
    return found


def _numbers(row: Row, those: RunSet, transposed: bool) -> RunNumbers:
    table = row.table[:, those.begins]
    for i in those.joined:
        table[:3, i] = joined(row.ports, *those.parts[i])
    three = np.zeros((3, len(those.parts), 3), dtype=table.dtype)  # along, across, turning
    three[:, :, 0] = three[:, :, 1] = table[:3]
    turning = -1.0 if transposed else 1.0
    across, turns = row.across[:, :, those.axes[those.weak]]
    three[:, those.weak, 1], three[:, those.weak, 2] = across, turning * turns
    springs = np.where(those.springs >= 0, row.springs[those.springs], 0.0)
    both = np.stack([springs.real, turning * springs.imag], axis=-1)
    sources = table[3:].copy()  # of one layout: numba compiles for every one anew
    B, S_left, S_right = three
    return RunNumbers((B, S_left, S_right), sources, both, _kinds(those, B, S_left, S_right, both))


def _kinds(
    those: RunSet, B: FloatArray, S_left: FloatArray, S_right: FloatArray, springs: FloatArray
) -> IntArray:
    """Return kinds with what is soft marked, by numbers as of `rings.Runs`, and springs of ends.

    The load behind a two-port is at most B + S_right.
    """
    if not len(those.turned) and not len(those.turned_springs):
        return those.kinds
    kinds, stiffest = those.kinds.copy(), np.abs(B).max(axis=1) + np.abs(S_right).max(axis=1)
    parts, places = those.turned.T
    own = np.abs(B[parts]).max(axis=1) + np.abs(S_left[parts]).max(axis=1)
    kinds[places[_any(stiffest[parts - 1] > FAR_APART * own)]] = SOFT
    runs, parts, places = those.turned_springs.T
    own = np.abs(springs[runs, 1]).max(axis=1)
    kinds[places[_any(stiffest[parts] > FAR_APART * own)]] = SOFTLY_SPRUNG
    return kinds


def _any(truths: BoolArray) -> BoolArray:
    """Return where something holds at any point."""
    return np.array([each.any() for each in truths], dtype=bool)


def runs_of(e: Elements, row: Row, those: RunSet, push: Push | None, transposed: bool) -> Runs:
    """Return runs of a single stack, or of the first point of a batch.

    Parameters
    ----------
    e, row, those
        The stack, its two-ports, and which runs.
    push : Push, optional
        What drives them in place of j0.
    transposed : bool
        Whether everything that precesses turns the other way round.
    """
    m, numbers = e.columns["m"].fixed, numbers_of(row, those, transposed)
    ends = np.empty((len(those.runs), 2, 5))
    ends[:, :, :3], ends[:, :, 3:] = m.take(those.rods, axis=0), numbers.springs
    plane = m.take(those.pair, axis=0)
    if those.bare.size:
        plane[those.bare] = ANY_PLANE
    if not those.flat:
        for own, (_, run) in zip(plane, those.runs, strict=True):
            own[:] = _plane(run, _Ways(m, {}))
    sources, pushes = numbers.sources, NO_PUSH
    if push is not None:
        sources = np.zeros_like(sources)
        pushes = np.zeros((len(those.parts), 12), dtype=e.dtype)
        for i, value in _pushes(those, push):
            pushes[i] = value[0]
    return Runs(
        m.take(those.axes, axis=0),
        *numbers.three,
        sources[0],
        sources[1],
        pushes,
        ends,
        plane,
        those.still,
        those.start,
        numbers.kinds,
        those.of_link,
    )


def runs_at_points(
    e: Elements, row: Row, those: RunSet, push: Push | None, transposed: bool, first: int
) -> Runs:
    """Return the same with all points of a batch on the last axis.

    Those of a window that begins with link `first`; the load on this link does not vary.
    """
    one = runs_of(e, row, those, push, transposed)
    m, ways, ports = e.columns["m"], varying_ways(e), row.at_points()
    sign = -1.0 if transposed else 1.0
    changed: dict[str, list[tuple[Any, Any]]] = {name: [] for name in POINTWISE}  # and where
    for i, ((begin, end), k) in enumerate(zip(those.parts, those.axes.tolist(), strict=True)):
        if any(port in row.varying for port in range(begin, end)):
            for name, value in zip(THREE, joined(ports, begin, end), strict=True):
                changed[name] += ((i, 0), value), ((i, 1), value)
            if push is None and k != NO_AXIS:
                changed["s_left"].append((i, ports.s_left[begin]))
                changed["s_right"].append((i, ports.s_right[begin]))
        if i in those.weak and (k in row.across_varying or begin in row.varying):
            for name, across, turns in zip(THREE, *row.across_of(k), strict=True):
                changed[name] += ((i, 1), across), ((i, 2), sign * turns)
        if k in m.varying and not those.flat:  # flat ones have a plane in place of axes
            changed["m"].append((i, ways[k]))
    for i, (_, run) in enumerate(those.runs):
        for side, (rod, face) in enumerate(zip(run.rods, run.springs, strict=True)):
            if rod in m.varying and not those.flat:
                changed["ends"].append(((i, side, slice(3)), ways[rod]))
            if face in row.springs_varying:
                G = row.springs_varying[face]
                changed["ends"] += ((i, side, 3), G.real), ((i, side, 4), sign * G.imag)
        if any(k in m.varying for k in _magnets(run)):
            changed["plane"].append((i, _plane(run, ways)))
    if push is not None:
        changed["push"] = [(i, value.T) for i, value in _pushes(those, push)]
        still = those.still
    else:
        still = np.array([_still(e, row, run, first) for _, run in those.runs], dtype=np.intp)
    pointwise = {
        name: None if values is NO_PUSH else _at_points(values, changed[name], e.points)
        for name, values in zip(one._fields, one, strict=True)
        if name in changed
    }
    runs = one._replace(still=still, **pointwise)
    kinds = _kinds(those, runs.B, runs.S_left, runs.S_right, runs.ends[:, :, 3:])
    return runs._replace(kinds=kinds)


def _at_points(first: FloatArray, changed: list[tuple[Any, Any]], points: int) -> FloatArray:
    """Return numbers with the points on a last axis, which is 1 long if none varies."""
    if not changed:
        return first[..., None]
    found = np.repeat(first[..., None], points, axis=-1)
    for place, value in changed:
        found[place] = value
    return found


def part_varies(e: Elements, row: Row, part: tuple[int, int], axis: int) -> bool:
    """Whether a part of a run is not the same at all points."""
    return (
        any(port in row.varying for port in range(*part))
        or axis in e.columns["m"].varying
        or axis in row.across_varying
    )


def varying_ways(e: Elements) -> Any:
    """Return magnetizations as rows of three numbers, or of arrays (3, N) where they vary."""
    m = e.columns["m"]
    return _Ways(m.fixed, {k: e.flat(v, 1).T for k, v in m.varying.items()})


class _Ways:
    """Rows of numbers, of which some vary over the batch."""

    def __init__(self, fixed: FloatArray, varying: Mapping[int, FloatArray]) -> None:
        self.fixed, self.varying = fixed, varying

    def __getitem__(self, row: int) -> Any:
        return self.varying[row] if row in self.varying else self.fixed[row]


def _pushes(those: RunSet, push: Push) -> list[tuple[int, FloatArray]]:
    """Return what drives parts of runs, by part, (N or 1, 12)."""
    places = [(r, q) for r, run in those.runs for q in range(len(run.parts))]
    return [
        (i, np.concatenate(np.broadcast_arrays(*push.parts[place]), axis=-1))
        for i, place in enumerate(places)
        if place in push.parts
    ]


def _magnets(run: RunPlan) -> list[int]:
    """Return the elements whose magnetizations a run has, none of them twice."""
    rods = run.rods
    return list(dict.fromkeys(k for k in (rods[0], *run.axes, rods[1]) if k != NO_AXIS))


def _plane(run: RunPlan, ways: _Ways) -> FloatArray:
    """Return two directions of a run, the first rod if it has one, that differ if any do."""
    found = [np.asarray(ways[k]) for k in _magnets(run)] or [*ANY_PLANE]
    if any(way.ndim > 1 for way in found):
        found = [way if way.ndim > 1 else way[:, None] for way in found]
    first, second = found[0], found[min(1, len(found) - 1)]
    for way in found[2:]:
        first, second, way = np.broadcast_arrays(first, second, way)
        closed = (np.cross(first, second, axis=0) ** 2).sum(axis=0) < DIFFERENT**2
        if not closed.any():
            break
        second = np.where(closed, way, second)
    return np.array(np.broadcast_arrays(first, second))


def _still(e: Elements, row: Row, run: RunPlan, first: int) -> int:
    """Return how many parts at the beginning of a run are the same at all points.

    None if the load on it is not, or the frames of these parts depend on what varies.
    """
    m, found = e.columns["m"], 0
    if run.link != first or run.springs[0] in row.springs_varying or run.rods[0] in m.varying:
        return 0
    axes = [k for k in (run.rods[0], *run.axes) if k != NO_AXIS]
    for part, k in zip(run.parts, run.axes, strict=True):
        if part_varies(e, row, part, k):
            break
        if k != NO_AXIS and not _collinear(m.fixed[k], m.fixed[axes[0]]):
            break
        found += 1
    return found


def _collinear(a: FloatArray, b: FloatArray) -> bool:
    """Whether two directions are the same or opposite to the last bit."""
    return bool((a == b).all() or (a == -b).all())
