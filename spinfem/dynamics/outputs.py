"""Trajectories as xarray.Dataset, and as files."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from .._checks import check_installed
from .._version import __version__
from ..devices.bodies import parts_of
from ..devices.device import Device
from ..devices.solution import solve_parts
from ..devices.turning import TurningDevice
from ..devices.vtk import write_frame
from ..files.collection import check_collection, write_collection
from ..files.disk import check_target, replacing
from ..files.netcdf import write_netcdf
from ..io.vtk import write
from ..results.dataset import CURRENT
from ..results.numbers import VARIABLES
from .moved import Moved

if TYPE_CHECKING:
    import xarray


def dataset_of(trajectory: Moved) -> xarray.Dataset:
    """Return what ``Trajectory.to_dataset`` describes."""
    check_installed("a dataset", "pip install xarray", "xarray")
    import xarray

    batch = tuple(f"batch_{i}" for i in range(len(trajectory.shape)))
    over_time = (*batch, "time")

    def about(long_name: str, units: str) -> dict[str, str]:
        return {"long_name": long_name, "units": units}

    resistance, current = VARIABLES["resistance"][1:], dict(CURRENT)
    if isinstance(trajectory.sample, Device):
        resistance = "power over the square of the current", trajectory.unit("resistance")
        current = about("multiple of the currents and potentials of the device", "1")
    variables = {
        "m": (
            (*over_time, "magnet", "component"),
            trajectory.directions,
            about("direction of the magnetization", "1"),
        ),
        "steps": (batch, trajectory.steps, about("steps of the integration", "1")),
    }
    if trajectory.has_resistance:
        variables["resistance"] = (over_time, trajectory.resistance, about(*resistance))
        volts = about("current times resistance", "V")
        variables["voltage"] = (over_time, trajectory.voltage, volts)
    coordinates = {
        "time": ("time", trajectory.times, about("time", "s")),
        "magnet": [*trajectory.names],
        "component": [*"xyz"],
        "j0": (over_time, trajectory.j0, current),
    }
    return xarray.Dataset(variables, coordinates, {"spinfem_version": __version__})


def check_savable(place: Path) -> None:
    """Check that a trajectory can be written to a file, before the work that makes it.

    Parameters
    ----------
    place : Path
        Where the file shall be.

    Raises
    ------
    ValueError, OSError, ImportError
        If its name does not end in .nc or .pvd, it cannot be there, or a package is missing.
    """
    check_target(place, ".nc", ".pvd")
    if place.suffix.lower() == ".nc":
        command = "pip install xarray dask h5netcdf h5py"
        check_installed("a .nc file", command, "xarray", "dask", "h5netcdf", "h5py")


def save(trajectory: Moved, path: str | PathLike[str], progress: bool | None) -> None:
    """Write what ``Trajectory.save`` describes."""
    place = Path(path)
    check_savable(place)
    if place.suffix.lower() == ".pvd":
        if trajectory.shape:
            raise ValueError(
                "a .pvd file needs a single trajectory, got a batch of shape "
                f"{trajectory.shape}: give a point of it, run[0]"
            )
        if isinstance(trajectory.system.turning, TurningDevice):
            _save_device(trajectory, trajectory.system.turning.degree, place, progress)
        else:
            write(trajectory.solution, place, times=trajectory.times, progress=progress)
        return
    dataset = dataset_of(trajectory)
    with replacing(place) as temporary:
        write_netcdf(dataset, temporary)


def _save_device(trajectory: Moved, degree: int, place: Path, progress: bool | None) -> None:
    """Write the fields in a device at all times; what is the same at these is assembled once."""
    check_collection(place)
    parts = parts_of(trajectory.device_at(0), degree)

    def write_time(time: int, file: Path) -> list[Path]:
        return write_frame(solve_parts(trajectory.device_at(time), parts, False), file)

    write_collection(place, trajectory.times.tolist(), write_time, progress)
