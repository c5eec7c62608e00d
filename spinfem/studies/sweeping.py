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

The grid is solved in blocks (`blocks`), and as many blocks as take a second are a chunk:
what an executor gets at a time, and what is stored.
"""

from __future__ import annotations

import hashlib
import math
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray
from .._progress import progress_bar
from .._version import __version__
from ..fem.mesh import DEGREE
from ..files.chunkstore import ChunkStore
from ..sample.stack import Stack, check_current
from .blocks import Plan, make_plan, solve_blocks
from .builders import Builder, build_one, numbers_of, probes
from .dataset import check_xarray, to_dataset

if TYPE_CHECKING:
    import xarray

CHUNK_SECONDS = 1.0
"""What a chunk should take: half of it is enough to hide the cost of handing it over."""

Chunk = tuple[int, int, int]  # its number, its first block and the one after its last


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
        Values of the builder's arguments, in the order of the dataset's axes.
    j0 : float, optional
        Particle current times |e|, A/m2, positive when electrons flow towards +x; default 1.
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
        whatever, goes on where it was if it is started again with the same store. What the builder
        does is compared at the first, middle and last point only.
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
        arrays, the layers are not the same at all points, or the store is of another sweep.
    OSError
        If the store cannot be written.
    """
    check_xarray()
    current = _single_current(j0, current_density)
    plan = make_plan(
        builder, arguments, current, pointwise, {"degree": degree, "elements": elements}
    )
    if isinstance(executor, ProcessPoolExecutor):
        _check_picklable(builder)
    chunks = None if store is None else ChunkStore(store, _identity(plan))
    with progress_bar("sweep", math.prod(plan.shape), progress) as advance:
        results = _run(plan, executor, chunks, advance)
    return to_dataset(plan, results)


def _single_current(j0: float | None, current_density: float | None) -> Callable[[Stack], float]:
    def current(stack: Stack) -> float:
        value = check_current(stack, j0, current_density)
        if not isinstance(value, float):
            raise TypeError(f"current of a sweep must be one number, got {value!r}")
        return value

    return current


def _check_picklable(builder: Builder) -> None:
    try:
        pickle.dumps(builder)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(
            "builder must be a function at the top of a module for a process pool, "
            f"got {builder!r} ({error})"
        ) from None


def _identity(plan: Plan) -> dict[str, Any]:
    """Return what determines the results, ready for JSON."""

    def digest(arrays: list[FloatArray]) -> str:
        return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()

    stacks = [build_one(plan.builder, place) for place in probes(plan.coordinates)]
    return {
        "version of spinfem": __version__,
        "arguments": list(plan.coordinates),
        "values": [digest([values]) for values in plan.coordinates.values()],
        "current": plan.j0.hex(),
        "accuracy": plan.accuracy,
        "layers": [list(element) for element in plan.topology],
        "stack": [digest(numbers_of(stack)) for stack in stacks],
        "blocks": [plan.pointwise, *plan.block],
    }


def _run(
    plan: Plan, executor: Executor | None, store: ChunkStore | None, advance: Callable[[int], None]
) -> dict[str, FloatArray]:
    """Solve, or load, all chunks; results have the flattened grid on their first axis."""
    shapes, points = plan.variables, math.prod(plan.shape)
    results = {name: np.empty((points, *rest)) for name, rest in shapes.items()}

    def keep(chunk: Chunk, found: dict[str, FloatArray]) -> None:
        start, stop = plan.start(chunk[1]), plan.start(chunk[2])
        for name, values in found.items():
            results[name][start:stop] = values
        advance(stop - start)

    size = store.blocks_per_chunk() if store else None
    first: dict[str, FloatArray] | None = None
    if size is None:
        began = time.perf_counter()
        first = solve_blocks(plan, 0, 1)
        size = math.ceil(CHUNK_SECONDS / (time.perf_counter() - began))
        size = max(size, 1)
        if store:
            store.begin(size)
    # the block that was timed is the first chunk
    edges = [0, *range(1, plan.blocks, size), plan.blocks]
    missing: list[Chunk] = []
    for number in range(len(edges) - 1):
        chunk = (number, edges[number], edges[number + 1])
        n = plan.start(chunk[2]) - plan.start(chunk[1])
        wanted = {name: (n, *rest) for name, rest in shapes.items()}
        found = store.load(number, wanted) if store and first is None else None
        if found is not None:
            keep(chunk, found)
        else:
            missing.append(chunk)
    if first is not None:
        if store:
            store.save(0, first)
        keep(missing.pop(0), first)
    for chunk, found in _solved(plan, missing, executor):
        if store:
            store.save(chunk[0], found)
        keep(chunk, found)
    return results


def _solved(
    plan: Plan, chunks: list[Chunk], executor: Executor | None
) -> Iterator[tuple[Chunk, dict[str, FloatArray]]]:
    """Yield chunks with their results, in the order in which they are finished."""
    if executor is None:
        for chunk in chunks:
            yield chunk, solve_blocks(plan, *chunk[1:])
        return
    futures = {executor.submit(solve_blocks, plan, *chunk[1:]): chunk for chunk in chunks}
    try:
        for future in as_completed(list(futures)):
            yield futures.pop(future), future.result()
    finally:
        for future in futures:
            future.cancel()
