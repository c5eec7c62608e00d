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

The grid is solved in chunks (`blocks`): what an executor gets at a time, and what is stored. They
are cut when their turn comes, and only so many are handed out at once: with a store, a sweep of any
size needs the memory of a few of them.
"""

from __future__ import annotations

import hashlib
import math
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, ProcessPoolExecutor, wait
from contextlib import nullcontext
from functools import partial
from itertools import islice
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, nonnegative
from .._progress import progress_bar
from ..devices.device import Device
from ..files.gridstore import Chunk, GridStore, grid_store
from ..files.versions import versions
from ..sample.stack import check_current, check_stack
from ..sample.units import in_silence, once
from .blocks import Plan, built, make_plan, solve_grid
from .builders import Builder, Sample, build_sample, probes
from .dataset import blank_dataset, check_xarray, to_dataset
from .definitions import definition
from .fingerprints import fingerprint

if TYPE_CHECKING:
    import xarray

WAITING = 512
"""Chunks that an executor has at most: enough for the workers of a cluster, few in memory."""


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
    frequency: ArrayLike | None = None,
    degree: int | None = None,
    elements: int | None = None,
) -> xarray.Dataset:
    """Solve a stack, or a device, at all points of the outer product of its arguments.

    Results are the same to the last bit whether or not there is an executor or a store. Without a
    store the whole dataset is in memory: with two ferromagnets, 140 bytes for every point, twice as
    many at frequencies. With one it is on disk, and its variables are dask arrays that read what is
    asked of them.

    Parameters
    ----------
    builder : callable
        Returns the stack; called with keyword arguments, arrays that broadcast against each other:
        each has an axis of its own. What does not vary along an axis is computed once. Or, point
        by point, it returns a `Device`.
    arguments : mapping of str to array, shape (n,)
        Values of the builder's arguments, in the order of the dataset's axes. These have the names
        of the arguments, with ``|`` for each ``/`` in them, which netCDF does not allow.
    j0 : float, optional
        Particle current times |e|, A/m2, positive when electrons flow towards +x; default as of
        `spinfem.solve`. Devices have currents of their own.
    current_density : float, optional
        The same in the conventional sign, ``J = -j0``, A/m2; give one of the two.
    pointwise : bool
        Call the builder with plain numbers, once for every point: slow, but it may use ``if``, or
        return devices, which are no batches. Names and kinds of layers, or of regions and
        electrodes, must still be the same at all points.
    executor : concurrent.futures.Executor, optional
        Where chunks of the sweep are solved: a ``ProcessPoolExecutor`` (the builder is then a
        function at the top of a module), or ``get_executor()`` of a ``dask.distributed.Client``.
        It is left open. Default: this process.
    store : str or path, optional
        A directory, ``"x.zarr"``, made if need be, that keeps results as a zarr group: also what
        ``xarray.open_zarr`` opens, with NaN for what is not done yet. A run that was stopped, by
        whatever, goes on where it was if it is started again with the same store. Chunks are
        computed again if they are broken, or the builder makes other stacks now. Called point by
        point it may take its time; then its text is compared instead, with all functions, classes
        and values that it refers to in modules that are not installed, and its stacks at the first,
        middle and last point. What it reads from files is not: use another store when these change.
        One process at a time has a store; others say on stderr that they wait. Workers of an
        executor write to it themselves, under the same path. An axis whose name some system does
        not take for a file, as one with ``|``, is called ``axis_0``, by its place, in the store.
    progress : bool, optional
        Whether to draw a progress bar on stderr. Default: if that is a terminal, or in a notebook,
        and it takes more than a second.
    frequency : array, shape (n,), optional
        Frequencies of a current ``j0 cos(2 pi f t)``, as in `spinfem.solve`: results are amplitudes
        then, with a last axis `frequency`, and there may be no arguments. Of stacks alone.
    degree, elements : int, optional
        As in `spinfem.solve`, with its defaults; of devices the degree alone.

    Returns
    -------
    xarray.Dataset
        Axes as the arguments, then `ferromagnet` (names), `component` (x, y, z), `spacer`
        ("fixed|free") and `side` (left, right). Variables: `torque` (..., ferromagnet, component),
        J/m2; `absorbed_spin_current` (..., ferromagnet, component), A/m2; `efficiency` (...,
        spacer, side), of the ferromagnet on that side; `spin_resistance` and `resistance` (...),
        Ohm m2; `voltage` (...), V, as of `Solution.voltage`. Of devices, with the axis `electrode`:
        `torque` (..., ferromagnet, component), J; `potential` and `current` (..., electrode), V and
        A; `power` (...), W; all but the potential per metre of depth if they are planar. In memory,
        or of a store in dask arrays with its chunks.

        At frequencies every variable, say `torque`, is two, the curves of a Bode plot:
        `torque_modulus`, in its unit, and `torque_phase`, in degrees from -180 to 180, negative if
        it lags behind the current; 0 where the modulus is 0. So ``torque_modulus * exp(1j *
        radians(torque_phase))`` is the amplitude that `spinfem.solve` has, which netCDF cannot.

    Raises
    ------
    ImportError
        If xarray, or for a store zarr or dask, is not installed.
    TypeError, ValueError
        If an argument is not as above, a value is out of its range, the builder cannot take
        arrays, an argument changes no stack of the sweep or no result, the layers are not the same
        at all points, a metal has no tau though there are frequencies, the workers have other
        versions of spinfem or of what it computes with, or the store is of another sweep: one with
        other numbers, or of other versions.
    OSError
        If the store cannot be written.

    Warns
    -----
    RuntimeWarning
        As `spinfem.solve`, of cells of the first device.
    """
    check_xarray(*(() if store is None else ("zarr", "dask.array")))
    _check_executor(executor, builder)
    if isinstance(arguments, Mapping) and not arguments and frequency is None:
        raise TypeError(f"arguments must map at least one name to values, got {arguments!r}")
    plan = plan_sweep(
        builder,
        arguments,
        j0,
        current_density,
        pointwise,
        frequency=frequency,
        degree=degree,
        elements=elements,
    )
    with nullcontext() if store is None else grid_store(store) as kept:
        if kept:
            begin(kept, plan)
        return run(plan, executor, kept, progress)


def plan_sweep(
    builder: Builder,
    arguments: Mapping[str, ArrayLike],
    j0: float | None = None,
    current_density: float | None = None,
    pointwise: bool = False,
    *,
    frequency: ArrayLike | None = None,
    degree: int | None = None,
    elements: int | None = None,
) -> Plan:
    """Check the arguments of `sweep`, which may be none, and cut its grid into blocks.

    Errors are as there.
    """
    current = _single_current(j0, current_density, frequency)
    accuracy = {"degree": degree, "elements": elements}
    frequencies = None if frequency is None else _frequencies(frequency)
    with once():
        return make_plan(builder, arguments, current, pointwise, accuracy, frequencies)


def _frequencies(frequency: ArrayLike) -> FloatArray:
    array = np.asarray(nonnegative("frequency", frequency))
    if array.ndim != 1:
        raise ValueError(
            f"frequency of a sweep must be a one-dimensional array, got shape {array.shape}"
        )
    return array


def _single_current(
    j0: float | None, current_density: float | None, frequency: ArrayLike | None
) -> Callable[[Sample], float | None]:
    of_stacks = {"j0": j0, "current_density": current_density, "frequency": frequency}

    def current(stack: Sample) -> float | None:
        if isinstance(stack, Device):
            for name, given in of_stacks.items():
                if given is not None:
                    raise ValueError(f"{name} must be left out for devices, got {given!r}")
            return None
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
    digest = {name: hashlib.sha256(x.tobytes()).hexdigest() for name, x in plan.axes.items()}
    stacks = [build_sample(plan.builder, place) for place in probes(plan.coordinates)]
    return {
        "versions": versions(),
        "arguments": list(plan.coordinates),
        "values": digest,  # of frequencies, too
        "current": None if plan.j0 is None else plan.j0.hex(),
        "accuracy": plan.accuracy,
        "layers": [list(element) for element in plan.topology],
        "stack": [fingerprint(stack, plan.accuracy) for stack in stacks],
        "builder": definition(plan.builder) if plan.pointwise else "compared by its stacks",
        "blocks": [plan.pointwise, *plan.block],
    }


def begin(store: GridStore, plan: Plan) -> None:
    """Say what is stored; errors as of `GridStore.begin`."""
    store.begin(identity(plan), blank_dataset(plan), plan.chunk)


def run(
    plan: Plan, executor: Executor | None, store: GridStore | None, progress: bool | None
) -> xarray.Dataset:
    """Solve a sweep, as far as it is not stored.

    Parameters
    ----------
    plan : Plan
        The sweep.
    executor, progress
        As of `sweep`.
    store : GridStore, optional
        Where results are kept; it has begun this sweep.
    """
    with progress_bar("sweep", math.prod(plan.shape), progress) as advance:
        if store:
            _fill(plan, executor, store, advance)
            return store.dataset()
        results = {name: np.empty((*plan.shape, *rest)) for name, rest in plan.variables.items()}
        task = partial(_solve, versions(), None)
        for chunk, found in _done(executor, task, _parts(plan, plan.chunk)):
            for name, values in found.items():
                results[name][chunk] = values
            advance(_points(chunk))
    return to_dataset(plan, plan.results.whole(results))


def _fill(
    plan: Plan, executor: Executor | None, store: GridStore, advance: Callable[[int], None]
) -> None:
    """Solve what is not stored, or is not what would be computed."""

    def missing() -> Iterator[tuple[Chunk, Plan]]:
        for chunk, part in _parts(plan, store.chunk):
            if store.has(chunk, partial(_source, part)):
                advance(_points(chunk))
            else:
                store.check_writable()
                yield chunk, part

    task = partial(_solve, versions(), store.writer)
    for chunk, seal in _done(executor, task, missing()):
        store.accept(chunk, seal)
        advance(_points(chunk))


def _source(part: Plan) -> list[str]:
    """Return what the results of a part are made from, as far as the manifest does not say it."""
    return [] if part.pointwise else built(part)


def _parts(plan: Plan, size: tuple[int, ...]) -> Iterator[tuple[Chunk, Plan]]:
    return ((chunk, plan.part(chunk)) for chunk in plan.cut(size))


def _points(chunk: Chunk) -> int:
    return math.prod(part.stop - part.start for part in chunk)


def _solve(
    expected: dict[str, str], write: Callable[..., bytes] | None, chunk: Chunk, part: Plan
) -> Any:
    """Solve a chunk, wherever that is; return its results, or if they are written their seal."""
    differ = [name for name, version in versions().items() if expected.get(name) != version]
    if differ:
        raise ValueError(
            "workers must have the same versions as who starts a sweep, got another of "
            f"{', '.join(differ)}"
        )
    found, source = solve_grid(part, told=write is not None and not part.pointwise)
    return found if write is None else write(chunk, source, part.results.whole(found))


def _done(
    executor: Executor | None,
    task: Callable[[Chunk, Plan], Any],
    parts: Iterable[tuple[Chunk, Plan]],
) -> Iterator[tuple[Chunk, Any]]:
    """Yield chunks with what the task returns, in the order in which they are ready."""
    if executor is None:
        for chunk, part in parts:
            yield chunk, task(chunk, part)
        return
    parts = iter(parts)
    waiting: dict[Any, Chunk] = {}
    try:
        while True:
            for chunk, part in islice(parts, WAITING - len(waiting)):
                waiting[executor.submit(task, chunk, part)] = chunk
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()
    finally:
        for future in waiting:
            future.cancel()
