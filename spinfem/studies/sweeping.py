r"""Sweeps: a stack over the outer product of its arguments, as a dataset with named axes.

>>> import numpy as np
>>> import spinfem as sf
>>> Cu = sf.NormalMetal(D=8.0, l=1.0)
>>> Co = sf.Ferromagnet(D=2.0, l=1.0, p=0.5)
>>> def valve(theta, d_N):
...     return Co(1.0, m=sf.direction(0)) | Cu(d_N) | Co(1.0, m=sf.direction(theta))
>>> data = sf.sweep(valve, {"theta": np.linspace(0, 180, 7), "d_N": [0.1, 0.5]})
>>> data["torque"].dims
('theta', 'd_N', 'ferromagnet', 'component')
>>> float(data["spin_resistance"].sel(theta=180, d_N=0.5)) > 0
True

The grid is solved in blocks (`blocks`), which follow from it and the stack alone. As many blocks as
take a second are a chunk: what an executor gets at a time, and what is stored.
"""

from __future__ import annotations

import hashlib
import math
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import nullcontext
from itertools import pairwise
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._progress import progress_bar
from ..fem.mesh import DEGREE
from ..files.chunkstore import Chunk, ChunkStore, chunk_store
from ..sample.stack import Stack, check_current, check_stack
from ..sample.units import in_silence, once
from .blocks import BUILT, Plan, built, make_plan, solve_blocks
from .builders import Builder, build_one, probes
from .dataset import check_xarray, to_dataset
from .definitions import definition
from .fingerprints import fingerprint, versions

if TYPE_CHECKING:
    import xarray

CHUNK_SECONDS = 1.0
"""What a chunk should take: half of it is enough to hide the cost of handing it over."""
CHUNKS = 64
"""How many there are at least, as far as blocks allow, for all workers to be busy to the end."""


def sweep(
    builder: Builder,
    arguments: Mapping[str, ArrayLike],
    j0: float | None = None,
    *,
    current_density: float | None = None,
    pointwise: bool = False,
    executor: Executor | None = None,
    store: str | PathLike[str] | None = None,
    progress: bool | None = None,
    degree: int = DEGREE,
    elements: int | None = None,
) -> xarray.Dataset:
    """Solve a stack at all points of the outer product of its arguments.

    Results are the same to the last bit whether or not there is an executor or a store. The whole
    dataset is in memory: with two ferromagnets, 130 bytes for every point, and about three times
    that while a file is written.

    Parameters
    ----------
    builder : callable
        Returns the stack; called with keyword arguments, arrays that broadcast against each other:
        each has an axis of its own. What does not vary along an axis is computed once.
    arguments : mapping of str to array, shape (n,)
        Values of the builder's arguments, in the order of the dataset's axes. These have the names
        of the arguments, with ``|`` for each ``/`` in them, which netCDF does not allow.
    j0 : float, optional
        Particle current times |e|, A/m2, positive when electrons flow towards +x; default as of
        `spinfem.solve`.
    current_density : float, optional
        The same in the conventional sign, ``J = -j0``, A/m2; give one of the two.
    pointwise : bool
        Call the builder with plain numbers, once for every point: slow, but it may use ``if``.
        Names and kinds of its layers must still be the same at all points.
    executor : concurrent.futures.Executor, optional
        Where chunks of the sweep are solved: a ``ProcessPoolExecutor`` (the builder is then a
        function at the top of a module), or ``get_executor()`` of a ``dask.distributed.Client``.
        It is left open. Default: this process.
    store : str or path, optional
        A directory, made if need be, that keeps finished chunks; a run that was stopped, by
        whatever, goes on where it was if it is started again with the same store. Chunks are
        computed again if they are broken, or the builder makes other stacks now. Called point by
        point it may take its time; then its text is compared instead, with all functions, classes
        and values that it refers to in modules that are not installed, and its stacks at the first,
        middle and last point. What it reads from files is not: use another store when these change.
        One process at a time writes to a store; others say on stderr that they wait.
    progress : bool, optional
        Whether to draw a progress bar on stderr. Default: if that is a terminal, or in a notebook,
        and it takes more than a second.
    degree, elements : int, optional
        As in `spinfem.solve`.

    Returns
    -------
    xarray.Dataset
        Axes as the arguments, then `ferromagnet` (names), `component` (x, y, z), `spacer`
        ("fixed|free") and `side` (left, right). Variables: `torque` (..., ferromagnet, component),
        J/m2; `absorbed_spin_current` (..., ferromagnet, component), A/m2; `efficiency` (...,
        spacer, side), of the ferromagnet on that side; `spin_resistance` and `resistance` (...),
        Ohm m2.

    Raises
    ------
    ImportError
        If xarray is not installed.
    TypeError, ValueError
        If an argument is not as above, a value is out of its range, the builder cannot take
        arrays, an argument changes no stack of the sweep or no result, the layers are not the same
        at all points, or the store is of another sweep: one with other numbers, or of another
        version of spinfem or of what it computes with.
    OSError
        If the store cannot be written.
    """
    check_xarray()
    _check_executor(executor, builder)
    if isinstance(arguments, Mapping) and not arguments:
        raise TypeError(f"arguments must map at least one name to values, got {arguments!r}")
    plan = plan_sweep(
        builder, arguments, j0, current_density, pointwise, degree=degree, elements=elements
    )
    with nullcontext() if store is None else chunk_store(store) as chunks:
        if chunks:
            chunks.begin(identity(plan))
        return run(plan, executor, chunks, progress)


def plan_sweep(
    builder: Builder,
    arguments: Mapping[str, ArrayLike],
    j0: float | None = None,
    current_density: float | None = None,
    pointwise: bool = False,
    *,
    degree: int = DEGREE,
    elements: int | None = None,
) -> Plan:
    """Check the arguments of `sweep`, which may be none, and cut its grid into blocks.

    Errors are as there.
    """
    current = _single_current(j0, current_density)
    accuracy = {"degree": degree, "elements": elements}
    with once():
        return make_plan(builder, arguments, current, pointwise, accuracy)


def _single_current(j0: float | None, current_density: float | None) -> Callable[[Stack], float]:
    def current(stack: Stack) -> float:
        value = check_current(check_stack(stack), j0, current_density)
        if not isinstance(value, float):
            raise TypeError(f"current of a sweep must be one number, got {value!r}")
        return value

    return current


def _check_executor(executor: object, builder: Builder) -> None:
    if executor is None:
        return
    if not isinstance(executor, Executor):
        raise TypeError(
            "executor must be a concurrent.futures.Executor (of a dask Client its get_executor()), "
            f"got {executor!r}"
        )
    if isinstance(executor, ProcessPoolExecutor):
        try:
            pickle.dumps(builder)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise TypeError(
                "builder must be a function at the top of a module for a process pool, "
                f"got {builder!r} ({error})"
            ) from None
    try:
        executor.submit(_nothing)
    except RuntimeError as error:
        raise ValueError(f"executor must be open, got {executor!r} ({error})") from None


def _nothing() -> None:
    """Show that an executor takes tasks."""


@in_silence()
def identity(plan: Plan) -> dict[str, Any]:
    """Return what determines the results, ready for JSON."""
    digest = {name: hashlib.sha256(x.tobytes()).hexdigest() for name, x in plan.coordinates.items()}
    stacks = [build_one(plan.builder, place) for place in probes(plan.coordinates)]
    return {
        "versions": versions(),
        "arguments": list(plan.coordinates),
        "values": digest,
        "current": plan.j0.hex(),
        "accuracy": plan.accuracy,
        "layers": [list(element) for element in plan.topology],
        "stack": [fingerprint(stack, plan.accuracy) for stack in stacks],
        "builder": definition(plan.builder) if plan.pointwise else "compared by its stacks",
        "blocks": [plan.pointwise, *plan.block],
    }


def run(
    plan: Plan, executor: Executor | None, store: ChunkStore | None, progress: bool | None
) -> xarray.Dataset:
    """Solve a sweep, or load what is stored of it.

    Parameters
    ----------
    plan : Plan
        The sweep.
    executor, progress
        As of `sweep`.
    store : ChunkStore, optional
        Where chunks are kept; it has begun this sweep.
    """
    shapes, points = plan.variables, math.prod(plan.shape)
    results = {name: np.empty((points, *rest)) for name, rest in shapes.items()}
    told = store is not None and not plan.pointwise

    with progress_bar("sweep", points, progress) as advance:

        def keep(chunk: Chunk, found: Mapping[str, NDArray[Any]]) -> None:
            start, stop = map(plan.start, chunk)
            for name, values in results.items():
                values[start:stop] = found[name]
            advance(stop - start)

        missing = []
        begin = 0
        for chunk, found in _stored(plan, store):
            keep(chunk, found)
            missing.append((begin, chunk[0]))
            begin = chunk[1]
        missing.append((begin, plan.blocks))
        for chunk, found in _solved(plan, missing, executor, told):
            if store:
                store.save(chunk, found)
            keep(chunk, found)
    return to_dataset(plan, results)


def _stored(
    plan: Plan, store: ChunkStore | None
) -> Iterator[tuple[Chunk, dict[str, NDArray[Any]]]]:
    """Yield chunks that are stored, and are what would be computed, in order."""
    begin = 0
    for chunk in store.chunks() if store else ():
        first, stop = chunk
        found = store.load(chunk) if store and begin <= first < stop <= plan.blocks else None
        if found is None:
            continue
        if plan.pointwise or np.array_equal(found[BUILT], built(plan, *chunk)):
            yield chunk, found
            begin = stop


def _solved(
    plan: Plan, missing: list[Chunk], executor: Executor | None, told: bool
) -> Iterator[tuple[Chunk, dict[str, NDArray[Any]]]]:
    """Yield chunks of what is missing with their results, in the order in which they are ready."""
    seconds = plan.seconds
    gaps = [gap for gap in missing if gap[0] < gap[1]]
    if gaps and seconds is None:
        first, stop = gaps[0]
        began = time.perf_counter()
        found = solve_blocks(plan, first, first + 1, told)
        seconds = time.perf_counter() - began
        yield (first, first + 1), found
        gaps[0] = (first + 1, stop)
    chunks = [chunk for gap in gaps for chunk in _cut(gap, seconds or 0.0, plan.blocks)]
    if executor is None:
        for chunk in chunks:
            yield chunk, solve_blocks(plan, *chunk, told)
        return
    futures = {executor.submit(solve_blocks, plan, *chunk, told): chunk for chunk in chunks}
    try:
        for future in as_completed(list(futures)):
            yield futures.pop(future), future.result()
    finally:
        for future in futures:
            future.cancel()


def _cut(gap: Chunk, seconds: float, blocks: int) -> list[Chunk]:
    """Cut blocks into chunks that take a second, or less where that would leave few of them."""
    size = min(CHUNK_SECONDS / max(seconds, 1e-9), blocks / CHUNKS)
    edges = [*range(*gap, max(int(size), 1)), gap[1]]
    return list(pairwise(edges))
