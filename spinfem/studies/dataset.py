"""Results of a sweep as an xarray.Dataset, and that as a netCDF file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._checks import check_installed
from .._version import __version__
from ..constants import EQUATION_OF_MOTION, TORQUE_PER_SPIN_CURRENT
from ..results.numbers import VARIABLES, labels_of
from .blocks import Plan
from .builders import axis_name

if TYPE_CHECKING:
    import xarray


def check_xarray(*more: str) -> None:
    """Raise ImportError, saying what to install, unless xarray and more can be imported."""
    check_installed("a sweep", "pip install xarray zarr dask h5netcdf h5py", "xarray", *more)


def with_torque(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of a sweep with the torque, which follows from what is absorbed."""
    return {"torque": TORQUE_PER_SPIN_CURRENT * results["absorbed_spin_current"], **results}


def blank_dataset(plan: Plan) -> xarray.Dataset:
    """Return the dataset of a sweep without results, which takes no memory."""
    import dask.array

    shapes = plan.variables.items()
    blank = {name: dask.array.zeros((*plan.shape, *rest), chunks=-1) for name, rest in shapes}
    return to_dataset(plan, with_torque(blank))


def to_dataset(plan: Plan, results: Mapping[str, Any]) -> xarray.Dataset:
    """Return the dataset that `spinfem.sweep` describes.

    Parameters
    ----------
    plan : Plan
        The sweep.
    results : dict of str to array, shape (*grid, ...)
        All variables, of numpy or dask.
    """
    import xarray

    axes = {axis_name(name): name for name in plan.coordinates}
    variables = {}
    for name, (inner, long_name, units) in VARIABLES.items():
        attributes = {"long_name": long_name, "units": units}
        variables[name] = ([*axes, *inner], results[name], attributes)
    variables["torque"][2]["comment"] = EQUATION_OF_MOTION
    coordinates = {
        **{
            axis: (axis, plan.coordinates[name], {"long_name": name}) for axis, name in axes.items()
        },
        **labels_of(plan.ferromagnets, plan.spacers),
    }
    about = {"j0": plan.j0, "spinfem_version": __version__}
    return xarray.Dataset(variables, coordinates, about)


def write_netcdf(dataset: xarray.Dataset, path: Path) -> None:
    """Write a dataset to a netCDF file, chunk by chunk; OSError if that fails."""
    import dask

    # one thread: HDF5 has a lock, and with more of them chunks would wait for it in memory
    with dask.config.set(scheduler="synchronous"), _Steadfast(path, "w+b") as file:
        dataset.to_netcdf(file, engine="h5netcdf")
        if file.failure:
            raise file.failure


class _Steadfast(io.FileIO):
    """A file that tells HDF5 that all went well, and everyone else what did not.

    Where writing fails, on a full disk, HDF5 crashes the process (h5py 3, in h5netcdf's second
    attempt to close the file).
    """

    failure: OSError | None = None

    def write(self, content: Any) -> int:
        size = memoryview(content).nbytes
        try:
            while self.failure is None and content:
                content = memoryview(content)[super().write(content) :]
        except OSError as error:
            self.failure = error
        return size

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.failure = self.failure or error
            return size or 0
