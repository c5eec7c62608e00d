"""Blocks of a sweep: parts of its grid small enough to be built and solved at once.

A block is a run of points in the grid's order, last axis fastest: whole along the last axes, a part
of one, and a single value of the axes before. Where blocks begin follows from the grid and the
stack alone, so that results do not depend, not in the last bit, on who solves which block when.

Some blocks, so many along an axis, are a chunk: what an executor gets at a time, and what is
stored. As a part of the sweep it is a sweep of its own, with the values along its edges alone.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Number
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from .._checks import CheckedProfile, FloatArray
from ..devices.device import Device, notice_coarse
from ..sample.materials import Metal
from ..sample.pieces import Interface
from ..sample.stack import Stack
from ..sample.units import in_silence
from .builders import (
    Builder,
    Coordinates,
    Sample,
    Topology,
    build,
    build_sample,
    check_arguments,
    check_arrays,
    check_topology,
    open_grid,
    pieces_of,
    probes,
    topology,
    where,
)
from .effects import check_effects
from .fingerprints import fingerprint
from .resultkinds import FREQUENCY, DeviceResults, StackResults, kind_of

Index = tuple[slice, ...]
Part = tuple[Sample, FloatArray | None, tuple[int, ...]]
"""Stacks of a block that are solved together, at which frequencies, and the shape of the points."""

NUMBERS = 2**18
"""Points of a block times elements of the stack: some 100 MB at work, and little overhead."""
POINTWISE_BLOCKS, POINTWISE_POINTS = 32, 64
"""Where every point, at all frequencies, is a call of the builder, which may take any time: blocks
of a grid, at least, and points of a block, at most. Of fewer points the solver would take longer
than most builders."""
CHUNK_SECONDS = 1.0
"""What a chunk of such blocks should take: half of it is enough to hide the cost of handing it
over. A block of an array takes a good part of that, and is a chunk."""
CHUNKS = 64
"""How many there are at least, as far as blocks allow, for all workers to be busy to the end."""


@dataclass(frozen=True)
class Plan:
    """A sweep, checked and cut into blocks; it can be pickled if the builder can.

    Attributes
    ----------
    builder : callable
        Makes a stack, or a device, from the arguments.
    coordinates : dict of str to array, shape (n,)
        Values of each argument.
    pointwise : bool
        Whether the builder is called with numbers, point by point.
    j0 : float or None
        Particle current, A/m2; of devices none.
    accuracy : dict
        `degree` and `elements` of `spinfem.solve`.
    topology : tuple
        Classes and names of the parts of all samples.
    results : StackResults or DeviceResults
        What is collected.
    block, chunk : tuple of int
        Shape of a block, and of a chunk of whole blocks; less at the end of an axis.
    frequency : array, shape (n,), or None
        Of what swings, along the last axis; results are amplitudes then.
    """

    builder: Builder
    coordinates: Coordinates
    pointwise: bool
    j0: float | None
    accuracy: dict[str, Any]
    topology: Topology
    results: StackResults | DeviceResults
    block: tuple[int, ...]
    chunk: tuple[int, ...]
    frequency: FloatArray | None = None

    @property
    def axes(self) -> Coordinates:
        """Values along the axes of the grid: of the arguments, then the frequencies."""
        if self.frequency is None:
            return self.coordinates
        return {**self.coordinates, FREQUENCY: self.frequency}

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the grid."""
        return tuple(values.size for values in self.axes.values())

    @property
    def variables(self) -> dict[str, tuple[int, ...]]:
        """Results, and their shape at one point."""
        return self.results.shapes

    def cut(self, size: tuple[int, ...]) -> Iterator[Index]:
        """Yield parts of the grid of a shape, less at the end of an axis, in order."""
        for place in np.ndindex(*_counts(self.shape, size)):
            sizes = zip(place, size, self.shape, strict=True)
            yield tuple(slice(k * b, min((k + 1) * b, n)) for k, b, n in sizes)

    def part(self, index: Index) -> Plan:
        """Return the sweep of a part of the grid."""
        coordinates, frequency = self.split(self.within(index))
        return dataclasses.replace(self, coordinates=coordinates, frequency=frequency)

    def within(self, index: Index) -> Coordinates:
        """Return the values along the axes in a part of the grid."""
        axes = zip(self.axes.items(), index, strict=True)
        return {name: x[part] for (name, x), part in axes}

    def split(self, axes: Coordinates) -> tuple[Coordinates, FloatArray | None]:
        """Tell arguments of the builder from frequencies."""
        frequency = None if self.frequency is None else axes[FREQUENCY]
        return {name: axes[name] for name in self.coordinates}, frequency


def make_plan(
    builder: Builder,
    arguments: Mapping[str, ArrayLike],
    current: Callable[[Sample], float | None],
    pointwise: bool,
    accuracy: dict[str, Any],
    frequency: FloatArray | None,
) -> Plan:
    """Check a sweep at a few points and cut it into blocks; errors as in `spinfem.sweep`."""
    coordinates = check_arguments(builder, arguments)
    places = probes(coordinates)
    stacks, taken = [], []
    for place in places:
        began = time.perf_counter()
        stacks.append(build_sample(builder, place))
        taken.append(time.perf_counter() - began)
    parts = topology(stacks[0])
    for stack, place in zip(stacks, places, strict=True):
        check_topology(parts, stack, place)
    kind: Any = kind_of(stacks[0], frequency)
    for name in coordinates:
        if name in kind.reserved:
            raise ValueError(f"an argument must not be called like a result, got {name!r}")
    j0 = current(stacks[0])
    if accuracy["degree"] is None:
        accuracy = {**accuracy, "degree": kind.degree}
    if kind is DeviceResults:
        if not pointwise:
            raise ValueError("pointwise must be True for a builder of devices, got False")
        notice_coarse(cast(Device, stacks[0]), 5)
    elif not pointwise:
        check_arrays(builder, coordinates, cast(list[Stack], stacks))
    check_effects(builder, coordinates, stacks, kind, pointwise, accuracy, frequency)
    began = time.perf_counter()
    with np.errstate(all="ignore"):
        first = None if frequency is None else frequency[:1]
        results = kind.of(kind.solve(stacks[0], j0, accuracy, first))
    solving = time.perf_counter() - began
    shape = [values.size for values in coordinates.values()]
    calls, frequencies = math.prod(shape), 1  # of the builder point by point, of each
    if frequency is not None:
        frequencies = frequency.size
        shape.append(frequencies)
    if kind is DeviceResults:  # of which every point is solved by itself
        room = 1
    elif pointwise:
        calls = max(min(calls // POINTWISE_BLOCKS, POINTWISE_POINTS), 1)
        room = min(NUMBERS // len(parts), calls * frequencies)
    else:
        room = NUMBERS // len(parts)
    block = chunk = _block_shape(shape, room)
    if pointwise:  # a builder's first call may do what others need not
        seconds = math.prod(block[: len(coordinates)]) * statistics.median(taken) + solving
        chunk = _chunk_shape(shape, block, seconds)
    return Plan(
        builder,
        coordinates,
        pointwise,
        j0,
        accuracy,
        parts,
        results,
        block,
        chunk,
        frequency,
    )


def _block_shape(shape: Sequence[int], room: int) -> tuple[int, ...]:
    """Return the shape of blocks of at most so many points (at least one), evenly cut."""
    block, room = [1] * len(shape), max(room, 1)
    for axis in reversed(range(len(shape))):
        pieces = -(-shape[axis] // room)
        block[axis] = -(-shape[axis] // pieces)
        if pieces > 1:
            break
        room //= shape[axis]
    return tuple(block)


def _chunk_shape(shape: Sequence[int], block: tuple[int, ...], seconds: float) -> tuple[int, ...]:
    """Return the shape of chunks that take a second, or less where that leaves few of them."""
    counts = _counts(shape, block)
    chunk = [*block]
    room = int(min(CHUNK_SECONDS / max(seconds, 1e-9), math.prod(counts) / CHUNKS))
    for axis in reversed(range(len(shape))):
        chunk[axis] = min(max(room, 1) * block[axis], shape[axis])
        room //= counts[axis]
    return tuple(chunk)


def _counts(shape: Sequence[int], size: Sequence[int]) -> list[int]:
    return [-(-n // one) for n, one in zip(shape, size, strict=True)]


# --- solving ----------------------------------------------------------------------------------


@in_silence()
def solve_grid(plan: Plan, told: bool = False) -> tuple[dict[str, FloatArray], list[str]]:
    """Return the results of all points, shape (*grid, ...) each, block by block.

    With `told` there is also what `built` returns, else nothing.

    Raises
    ------
    ValueError
        If the builder or the solver refuse a point, the topology changes or a result overflows.
    """
    parts: list[tuple[Index, dict[str, FloatArray]]] = []
    prints: list[str] = []
    for index in plan.cut(plan.block):
        with np.errstate(all="ignore"):  # numbers out of range are found in the results
            stacks = [*_stacks(plan, index)]
            parts.append((index, _solved(plan, index, stacks)))
        if told:
            prints += [fingerprint(stack, plan.accuracy) for stack, _, _ in stacks]
    shapes = {name: (*plan.shape, *rest) for name, rest in plan.variables.items()}
    if len(parts) == 1:
        return {name: parts[0][1][name].reshape(shape) for name, shape in shapes.items()}, prints
    found = {name: np.empty(shape) for name, shape in shapes.items()}
    for index, part in parts:
        for name, values in found.items():
            values[index] = part[name].reshape(values[index].shape)
    return found, prints


@in_silence()
def built(plan: Plan) -> list[str]:
    """Return digests of what the builder makes of all points, without solving them."""
    with np.errstate(all="ignore"):
        return [
            fingerprint(stack, plan.accuracy)
            for index in plan.cut(plan.block)
            for stack, _, _ in _stacks(plan, index)
        ]


def _solved(plan: Plan, index: Index, stacks: list[Part]) -> dict[str, FloatArray]:
    solve: Callable[..., Any] = plan.results.solve
    parts = [
        _results(plan, solve(stack, plan.j0, plan.accuracy, frequency), shape)
        for stack, frequency, shape in stacks
    ]
    found = parts[0] if len(parts) == 1 else _joined(parts)
    for values in found.values():
        if not np.isfinite(values).all():
            bad = int(np.argwhere(~np.isfinite(values))[0, 0])
            place = where([*_places(plan.within(index))][bad])
            raise ValueError(
                f"results must be finite, got an overflow of double precision at {place}"
            )
    return found


def _joined(parts: list[dict[str, FloatArray]]) -> dict[str, FloatArray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _results(plan: Plan, solution: Any, shape: tuple[int, ...]) -> dict[str, FloatArray]:
    """Collect results at all points of a shape, flattened."""
    found = plan.results.numbers(solution, shape)
    n = math.prod(shape)
    return {name: found[name].reshape(n, *rest) for name, rest in plan.variables.items()}


def _stacks(plan: Plan, index: Index) -> Iterator[Part]:
    """Yield the stacks of a block with their frequencies and points; in array mode just one."""
    axes = plan.within(index)
    if not plan.pointwise:
        arguments, frequency = plan.split(open_grid(axes))
        stack = build(plan.builder, arguments)
        check_topology(plan.topology, stack, next(_places(axes)))
        yield stack, frequency, tuple(values.size for values in axes.values())
        return
    arguments, frequency = plan.split(axes)
    stacks: list[Any] = []
    for place in _places(arguments):
        stacks.append(build_sample(plan.builder, place))
        check_topology(plan.topology, stacks[-1], place)
    if isinstance(plan.results, DeviceResults):
        yield from ((device, None, (1,)) for device in stacks)
        return
    for _, group in itertools.groupby(stacks, _kind):
        same = list(group)
        pieces = zip(*map(pieces_of, same), strict=True)
        with in_silence():
            stack = Stack([_merged(list(these)) for these in pieces])
        yield stack, frequency, (len(same), 1 if frequency is None else frequency.size)


def _places(coordinates: Coordinates) -> Iterator[dict[str, float]]:
    """Yield every point of a grid, as numbers."""
    for place in np.ndindex(*(values.size for values in coordinates.values())):
        numbers = (float(x[i]) for x, i in zip(coordinates.values(), place, strict=True))
        yield dict(zip(coordinates, numbers, strict=True))


def _kind(thing: Any) -> Any:
    """Return what stacks must share to be points of one batch: all but their numbers.

    That is what is given and what is not (exchange lengths, mixing), whether an interface has a
    resistance at all, and the functions of graded layers.
    """
    if isinstance(thing, Stack):
        return [_kind(piece) for piece in pieces_of(thing)]
    if isinstance(thing, CheckedProfile):
        return _kind(thing.function)
    if callable(thing) and not isinstance(thing, Metal):
        return _exactly(thing)
    if dataclasses.is_dataclass(thing):
        resists = isinstance(thing, Interface) and bool(np.any(thing.resistance))
        names = [field.name for field in dataclasses.fields(thing)]
        return type(thing), resists, [_kind(getattr(thing, name)) for name in names]
    return "number" if isinstance(thing, Number | np.ndarray) else thing


def _exactly(thing: Any) -> Any:
    """Return what functions of xi share only if they are the same: of dataclasses all fields."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        names = [field.name for field in dataclasses.fields(thing)]
        return type(thing), [_exactly(getattr(thing, name)) for name in names]
    if isinstance(thing, list | tuple):
        return [_exactly(part) for part in thing]
    return (thing.shape, thing.tobytes()) if isinstance(thing, np.ndarray) else thing


def _merged(things: list[Any]) -> Any:
    """Make one piece whose numbers are arrays from pieces of one kind with single numbers.

    An axis of 1 after that of the pieces is for frequencies.
    """
    first = things[0]
    if callable(first) and not isinstance(first, Metal):
        return first
    if dataclasses.is_dataclass(first) and not isinstance(first, type):
        names = [field.name for field in dataclasses.fields(first)]
        changes = {name: _merged([getattr(thing, name) for thing in things]) for name in names}
        return dataclasses.replace(first, **changes)
    if isinstance(first, Number | np.ndarray):
        values = np.stack(things)[:, None]
        return first if (values == first).all() else values
    return first
