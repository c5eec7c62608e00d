"""Results of a sweep as an xarray.Dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._checks import check_installed
from .._version import __version__
from ..results.amplitudes import MEANING
from .blocks import Plan
from .builders import axis_name
from .resultkinds import FREQUENCY

if TYPE_CHECKING:
    import xarray


def check_xarray(*more: str) -> None:
    """Raise ImportError, saying what to install, unless xarray and more can be imported."""
    check_installed("a sweep", "pip install xarray zarr dask h5netcdf h5py", "xarray", *more)


def blank_dataset(plan: Plan) -> xarray.Dataset:
    """Return the dataset of a sweep without results, which takes no memory."""
    import dask.array

    shapes = plan.variables.items()
    blank = {name: dask.array.zeros((*plan.shape, *rest), chunks=-1) for name, rest in shapes}
    return to_dataset(plan, plan.results.whole(blank))


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

    axes = {axis_name(name): name for name in plan.axes}
    variables = {}
    for name, (inner, long_name, units) in plan.results.variables.items():
        attributes = {"long_name": long_name, "units": units}
        variables[name] = ([*axes, *inner], results[name], attributes)
        if name.partition("_")[0] == "torque":
            attributes["comment"] = plan.results.comment
    coordinates = {
        **{axis: (axis, plan.axes[name], {"long_name": name}) for axis, name in axes.items()},
        **plan.results.labels,
    }
    about: dict[str, Any] = {"spinfem_version": __version__}
    if plan.frequency is not None:
        coordinates[FREQUENCY] = FREQUENCY, plan.frequency, {"long_name": FREQUENCY, "units": "Hz"}
        about["amplitudes"] = MEANING
    if plan.j0 is not None:
        about["j0"] = plan.j0
    return xarray.Dataset(variables, coordinates, about)
