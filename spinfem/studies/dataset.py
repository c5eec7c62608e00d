"""Results of a sweep as an xarray.Dataset, and that as a netCDF file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from .._checks import FloatArray, check_installed
from .._version import __version__
from ..constants import EQUATION_OF_MOTION, TORQUE_PER_SPIN_CURRENT
from ..results.numbers import VARIABLES, labels_of
from .blocks import Plan
from .builders import axis_name

if TYPE_CHECKING:
    import xarray


def check_xarray(*more: str) -> None:
    """Raise ImportError, saying what to install, unless xarray and more can be imported."""
    check_installed("a sweep", "pip install xarray h5netcdf h5py", "xarray", *more)


def to_dataset(plan: Plan, results: dict[str, FloatArray]) -> xarray.Dataset:
    """Return the dataset that `spinfem.sweep` describes.

    Parameters
    ----------
    plan : Plan
        The sweep.
    results : dict of str to array, shape (points, ...)
        The plan's variables over the flattened grid.
    """
    import xarray

    results = {
        "torque": TORQUE_PER_SPIN_CURRENT * results["absorbed_spin_current"],
        **results,
    }
    axes = {axis_name(name): name for name in plan.coordinates}
    variables = {}
    for name, (inner, long_name, units) in VARIABLES.items():
        values = results[name].reshape(plan.shape + results[name].shape[1:])
        attributes = {"long_name": long_name, "units": units}
        variables[name] = ([*axes, *inner], values, attributes)
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
    """Write a dataset to a netCDF file; OSError if that fails.

    HDF5 fills memory, not the file: where writing fails, on a full disk, it crashes the process
    (h5py 3, in h5netcdf's second attempt to close the file).
    """
    content = io.BytesIO()
    dataset.to_netcdf(content, engine="h5netcdf")
    with path.open("wb") as file:
        file.write(content.getbuffer())
