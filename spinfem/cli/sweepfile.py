"""The sweep of a stack file into a .nc file: what ``spinfem sweep`` does.

Finished chunks wait in a directory beside the .nc file, which is made there as well and then moved
into place: whenever the process is killed, what stands under the file's name is whole or what was
there before, and the next run goes on. A second one at the same time waits for the first.
"""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from .._checks import note
from ..files.chunkstore import ChunkStore, OtherSweepError, chunk_store
from ..files.disk import explained
from ..io.stackfile import StackFile
from ..io.vary import FileBuilder, Variation
from ..results.numbers import VARIABLES
from ..studies.blocks import Plan
from ..studies.builders import axis_name
from ..studies.dataset import write_netcdf
from ..studies.sweeping import identity, plan_sweep, run

if TYPE_CHECKING:
    import xarray


def sweep_file(
    file: StackFile, variations: Sequence[Variation], output: Path, workers: int
) -> xarray.Dataset:
    """Sweep a stack file and write the results.

    Chunks of another sweep to the same place, or of the same before the stack file changed, are
    deleted, and one line on stderr says so.

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

    Returns
    -------
    xarray.Dataset
        What was written: as of `spinfem.sweep`; in the paper's units without torque and units.

    Raises
    ------
    ValueError
        If the sweep is refused.
    OSError
        If something cannot be written, or a worker process dies.
    """
    others = [v for v in variations if v.currents is None]
    builder = FileBuilder(file.tables, {v.name: v.where for v in others})
    j0 = file.j0 if others == [*variations] else 1.0
    plan = plan_sweep(builder, {v.name: v.values for v in others}, j0)
    target = Path(os.path.realpath(output))
    with chunk_store(target.with_name(f".{target.name}.parts")) as store:
        try:
            store.begin(identity(plan))
        except OtherSweepError as error:
            note(f"starting afresh: {error}")
            store.clear()
            store.begin(identity(plan))
        dataset = _with_currents(_solved(plan, workers, store, output), variations)
        dataset = _labelled(dataset, file, variations)
        whole = store.directory / f"whole-{secrets.token_hex(8)}.nc"
        try:
            write_netcdf(dataset, whole)
            os.replace(whole, target)
        except OSError as error:
            whole.unlink(missing_ok=True)
            raise explained("cannot be written", output, error) from None
        store.remove()
    return dataset


def _solved(plan: Plan, workers: int, store: ChunkStore, output: Path) -> xarray.Dataset:
    with _pool(workers) as executor:
        try:
            return run(plan, executor, store, None)
        except BrokenExecutor:
            raise ChildProcessError(
                f"{output}: cannot be written: a worker process died, perhaps for lack of memory; "
                "the same command goes on from here"
            ) from None


def _with_currents(dataset: xarray.Dataset, variations: Sequence[Variation]) -> xarray.Dataset:
    """Return results at some currents, of those at a current of 1: all are linear, or constant."""
    for variation in variations:
        if variation.currents is None:
            continue
        axis = axis_name(variation.name)
        dataset = dataset.expand_dims({axis: variation.values}).copy(deep=True)
        for name in ("torque", "absorbed_spin_current"):
            values = dataset[name].values
            values *= variation.currents.reshape(-1, *[1] * (values.ndim - 1))
            values += 0.0  # turns -0.0 into 0.0
        del dataset.attrs["j0"]
    return dataset.transpose(*(axis_name(v.name) for v in variations), ...)


def _labelled(
    dataset: xarray.Dataset, file: StackFile, variations: Sequence[Variation]
) -> xarray.Dataset:
    """Say what the axes are and where the dataset is from; no units where they are the paper's."""
    for variation in variations:
        dataset[axis_name(variation.name)].attrs = variation.attributes
    dataset.attrs |= {"title": file.title or "", "source": str(file.path), "units": file.units}
    if file.units == "paper":
        dataset = dataset.drop_vars("torque")
        for name in set(VARIABLES) - {"torque"}:
            del dataset[name].attrs["units"]
    return dataset


@contextmanager
def _pool(workers: int) -> Iterator[Executor | None]:
    with (
        ProcessPoolExecutor(workers, initializer=_end_with_parent) if workers > 1 else nullcontext()
    ) as executor:
        yield executor


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
