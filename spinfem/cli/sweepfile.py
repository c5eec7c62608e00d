"""The sweep of a stack file into a .nc file: what ``spinfem sweep`` does.

What is finished waits in a store beside the .nc file, which is made there as well and then moved
into place: whenever the process is killed, what stands under the file's name is whole or what was
there before, and the next run goes on. A second one at the same time waits for the first.
"""

from __future__ import annotations

import importlib
import logging
import multiprocessing
import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._checks import note
from ..files.disk import explained
from ..files.gridstore import OtherSweepError, grid_store
from ..files.netcdf import write_netcdf
from ..io.stackfile import StackFile
from ..io.vary import FREQUENCIES, FileBuilder, Variation
from ..solvers.elements import check_undriven
from ..studies.builders import axis_name
from ..studies.resultkinds import FREQUENCY, polar_names
from ..studies.sweeping import begin, plan_sweep, run

if TYPE_CHECKING:
    import xarray

CONNECTING = 10
"""Seconds in which a scheduler must answer."""


def parts_of(output: Path) -> Path:
    """Return the store of what is finished of a .nc file."""
    target = Path(os.path.realpath(output))
    return target.with_name(f".{target.name}.parts")


def sweep_file(
    file: StackFile,
    variations: Sequence[Variation],
    output: Path,
    workers: int,
    scheduler: str | None,
    use: Callable[[xarray.Dataset], None],
) -> None:
    """Sweep a stack file and write the results.

    What is stored of another sweep to the same place, or of the same before the stack file changed,
    is deleted, and one line on stderr says so.

    Parameters
    ----------
    file : StackFile
        The stack.
    variations : sequence of Variation
        What varies; their order is that of the axes.
    output : Path
        The .nc file.
    workers : int
        Number of processes; 1 is this one.
    scheduler : str, optional
        Address of the scheduler of a dask cluster that is used instead.
    use : callable
        Gets what was written, before it is gone from the store: as of `spinfem.sweep`; in the
        paper's units without torque and units.

    Raises
    ------
    ValueError
        If the sweep is refused.
    OSError
        If something cannot be written, a worker process dies or the scheduler does not answer.
    """
    frequency = next((v.frequencies for v in variations if v.frequencies is not None), None)
    others = [v for v in variations if v.currents is None and v.frequencies is None]
    builder = FileBuilder(file.tables, {v.name: v.where for v in others})
    j0 = file.j0
    if any(v.currents is not None for v in variations):
        check_undriven("a sweep over the current", file.stack)  # else torques are no multiples
        j0 = 1.0
    plan = plan_sweep(builder, {v.name: v.values for v in others}, j0, frequency=frequency)
    with grid_store(parts_of(output)) as store:
        try:
            begin(store, plan)
        except OtherSweepError as error:
            note(f"starting afresh: {error}")
            store.clear()
            begin(store, plan)
        with _executor(workers, scheduler, output) as executor:
            dataset = run(plan, executor, store, None)
        if frequency is not None:
            dataset = dataset.rename({FREQUENCY: FREQUENCIES[file.units]})
        dataset = _labelled(_with_currents(dataset, variations), file, variations)
        whole = store.directory / f"whole-{secrets.token_hex(8)}.nc"
        try:
            write_netcdf(dataset, whole)
            os.replace(whole, os.path.realpath(output))
        except OSError as error:
            whole.unlink(missing_ok=True)
            raise explained("cannot be written", output, error) from None
        use(dataset)
        store.remove()


def _with_currents(dataset: xarray.Dataset, variations: Sequence[Variation]) -> xarray.Dataset:
    """Return results at some currents, of those at 1: in proportion, or the same at each."""
    import xarray

    for variation in variations:
        if variation.currents is None:
            continue
        axis = axis_name(variation.name)
        dataset = dataset.expand_dims({axis: variation.values}).chunk({axis: "auto"})
        currents = xarray.DataArray(variation.currents, dims=axis)
        for name in ("torque", "absorbed_spin_current", "voltage"):
            if name in dataset:
                values = {name: dataset[name] * currents + 0.0}  # turns -0.0 into 0.0
            else:
                modulus, phase = polar_names(name)
                values = {modulus: dataset[modulus] * abs(currents)}
                values[phase] = _driven(dataset[phase], currents, values[modulus])
            for key, found in values.items():
                dataset[key] = found.assign_attrs(dataset[key].attrs)
        del dataset.attrs["j0"]
    return dataset.transpose(*(axis_name(v.name) for v in variations), ...)


def _driven(
    phase: xarray.DataArray, currents: xarray.DataArray, modulus: xarray.DataArray
) -> xarray.DataArray:
    """Return phases at some currents, of those at 1: the opposite where they are negative."""
    opposite = phase.where(phase <= 0, phase - 360) + 180
    return phase.where(currents > 0, opposite).where(modulus > 0, 0.0)


def _labelled(
    dataset: xarray.Dataset, file: StackFile, variations: Sequence[Variation]
) -> xarray.Dataset:
    """Say what the axes are and where the dataset is from; no units where they are the paper's."""
    for variation in variations:
        dataset[axis_name(variation.name)].attrs = variation.attributes
    dataset.attrs |= {"title": file.title or "", "source": str(file.path), "units": file.units}
    if file.units == "paper":
        of_torques = {"torque", *polar_names("torque")}
        dataset = dataset.drop_vars(of_torques & {*dataset})
        for values in dataset.values():
            if values.attrs["units"] != "degree":
                del values.attrs["units"]
    return dataset


@contextmanager
def _executor(workers: int, scheduler: str | None, output: Path) -> Iterator[Executor | None]:
    """Open what solves chunks: this process, others, or a cluster."""
    try:
        if scheduler is not None:
            with _cluster(scheduler, output) as executor:
                yield executor
        elif workers > 1:
            with ProcessPoolExecutor(workers, initializer=_end_with_parent) as executor:
                yield executor
        else:
            yield None
    except BrokenExecutor:
        raise _stopped(output, "a worker process died, perhaps for lack of memory") from None


def _stopped(output: Path, reason: str) -> ChildProcessError:
    return ChildProcessError(
        f"{output}: cannot be written: {reason}; the same command goes on from here"
    )


@contextmanager
def _cluster(scheduler: str, output: Path) -> Iterator[Executor]:
    distributed: Any = importlib.import_module("distributed")
    for chatter in ("distributed.client", "tornado.application"):  # errors are raised as well
        logging.getLogger(chatter).setLevel(logging.CRITICAL)
    try:
        client = distributed.Client(scheduler, timeout=CONNECTING, set_as_default=False)
    except (OSError, ValueError) as error:
        said = str(error).partition("\n")[0]
        raise type(error)(f"--scheduler {scheduler}: no scheduler answers ({said})") from None
    with client, client.get_executor() as executor:
        if not client.scheduler_info()["workers"]:
            note(f"--scheduler {scheduler}: waiting for a worker")
        try:
            yield executor
        except CancelledError:
            raise _stopped(output, f"the scheduler at {scheduler} is gone") from None
        except distributed.KilledWorker:
            reason = f"workers of {scheduler} died over one chunk, perhaps for lack of memory"
            raise _stopped(output, reason) from None
        except (ImportError, RuntimeError) as error:  # they cannot read what is sent
            said = str(error).partition("\n")[0]
            reason = f"{scheduler} has another environment ({type(error).__name__}: {said})"
            raise _stopped(output, reason) from None


def _end_with_parent() -> None:
    """End this worker when the parent is killed: else it would wait for work for ever.

    An interrupt from the keyboard, which reaches all processes, is left to the parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
