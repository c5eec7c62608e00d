"""Results of a sweep as an xarray.Dataset."""

from __future__ import annotations

from collections.abc import Mapping
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
