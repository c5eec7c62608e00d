"""Results of a sweep as an xarray.Dataset, and that as a netCDF file."""

from __future__ import annotations

import importlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._checks import FloatArray
from .._version import __version__
from ..constants import EQUATION_OF_MOTION, TORQUE_PER_SPIN_CURRENT
from .blocks import Plan
from .builders import axis_name

if TYPE_CHECKING:
    import xarray

MAGNETS = ("ferromagnet", "component")
VARIABLES = {
    "torque": (MAGNETS, "spin-transfer torque on the magnetization", "J/m2"),
    "absorbed_spin_current": (MAGNETS, "spin current absorbed by the magnetization", "A/m2"),
    "efficiency": (("spacer", "side"), "efficiency factor g of the torque, eq. (1)", "1"),
    "spin_resistance": ((), "spin resistance dr, times area", "Ohm m2"),
    "resistance": ((), "resistance times area", "Ohm m2"),
}
"""Axes after those of the sweep, long names and units in SI."""


def check_xarray(*more: str) -> None:
    """Raise ImportError, saying what to install, unless xarray and more can be imported."""
    for name in ("xarray", *more):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise ImportError(
                f"a sweep needs {name}: pip install xarray h5netcdf h5py ({error})"
            ) from None


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
    labels = {
        "ferromagnet": plan.ferromagnets,
        "component": ("x", "y", "z"),
        "spacer": [f"{left}|{right}" for left, right in plan.spacers],
        "side": ("left", "right"),
    }
    coordinates = {
        **{
            axis: (axis, plan.coordinates[name], {"long_name": name}) for axis, name in axes.items()
        },
        **{name: (name, np.array(names, dtype=str)) for name, names in labels.items()},
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
