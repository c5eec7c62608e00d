"""``spinfem sweep``: a stack file over ranges of its numbers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..files.disk import check_target, room_for
from .output import Dpi, Plot, check_picture, write_picture

if TYPE_CHECKING:
    import xarray

DRAWN = 4 * 10**6
"""Points of a picture, which has fewer dots."""


def sweep_over(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Stack file (TOML).")],
    vary: Annotated[
        list[str],
        typer.Option(
            metavar="LAYER.KEY=START:STOP:N",
            help="What varies; once for each axis, the first one first.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT.nc", help="Write the results (netCDF).")
    ],
    picture: Plot = None,
    dpi: Dpi = None,
    workers: Annotated[int, typer.Option(min=1, max=1024, help="Number of processes.")] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Solve on a dask cluster that runs, by the address of its scheduler: "
            "tcp://HOST:8786. Its workers must see the folder of OUT.nc.",
        ),
    ] = None,
) -> str:
    """Solve the stack in FILE over ranges of its numbers.

    LAYER is the name of a layer, a group, an interface, a material or a lead in FILE, or left or
    right for its leads; where a layer and a material share a name, that which has KEY is meant. KEY
    is any of its numbers, such as thickness_nm, polar_deg, AR_fOhm_m2, l_nm or beta. The name of a
    layer in a cell is that of all its copies. For the current it is j0_A_m2=START:STOP:N or
    current_density_A_m2=..., without LAYER, and for the frequency of a current that swings
    frequency_Hz=...; in the paper's units j0 and frequency, per unit of tau. N values are
    evenly spaced, both START and STOP included; START:STOP:N:log spaces them evenly in the
    logarithm. More than one --vary make the outer product. In OUT.nc the axis has the name of the
    key, with | for each / in it: Co/Cu.AR_fOhm_m2 is Co|Cu.AR_fOhm_m2.

    OUT.nc holds torque, absorbed_spin_current, efficiency, spin_resistance, resistance and voltage,
    with units; no torque in the paper's units. Over a frequency each is two, torque_modulus and
    torque_phase, in degrees, negative if it lags behind the current. If the command is stopped, by
    whatever, OUT.nc is as it was before, and the same command goes on where it was; a directory
    .OUT.nc.parts keeps what is done until then, as large as OUT.nc. A second command with the same
    OUT.nc waits for the first.

    OUT.png shows RA, dr, torques (T) and efficiencies (g); where an axis is an angle, MR too: RA
    over the least one along that axis, less 1. Over a frequency it is a Bode plot: modulus and
    phase of RA, dr, T and g. For a table, in Python:
    xarray.open_dataset("OUT.nc").resistance.to_series().to_csv("OUT.csv").
    """
    from ..io.stackfile import read
    from ..io.vary import check_size, parse
    from ..studies.builders import axis_name
    from ..studies.dataset import check_xarray
    from .sweepfile import parts_of, sweep_file

    check_target(output, ".nc")
    check_picture(picture, dpi)
    description = read(file)
    variations = [parse(text, description) for text in vary]
    names = [variation.name for variation in variations]
    axes = [axis_name(name) for name in names]
    places = [where for variation in variations for where in variation.where]
    currents = sum(variation.currents is not None for variation in variations)
    if len({*places}) < len(places) or currents > 1:
        raise ValueError(f"--vary must name each key once, got {', '.join(names)}")
    check_size(variations, description, room_for(output.parent, parts_of(output)))
    if scheduler is not None and workers > 1:
        raise ValueError("--scheduler must come without --workers: its cluster has its own")
    if picture:
        from ..plot.sweeps import check_axes

        check_axes(names)
    try:
        check_xarray("zarr", "dask.array", "h5netcdf", "h5py")
        if scheduler is not None:
            check_xarray("distributed")
    except ImportError as error:
        raise ValueError(str(error)) from None

    def draw(dataset: xarray.Dataset) -> None:
        if picture:
            from ..plot.sweeps import sweep_overview

            write_picture(picture, dpi, sweep_overview(_thinned(dataset, axes).compute()))

    sweep_file(description, variations, output, workers, scheduler, draw)
    points = math.prod(variation.values.size for variation in variations)
    sizes = " x ".join(
        f"{axis} ({variation.values.size})"
        for axis, variation in zip(axes, variations, strict=True)
    )
    return f"{output}: {points} points, {sizes}"


def _thinned(dataset: xarray.Dataset, axes: list[str]) -> xarray.Dataset:
    """Take every second, third ... value along each axis, so that no more than `DRAWN` are left."""
    step = 1
    while math.prod(-(-dataset.sizes[axis] // step) for axis in axes) > DRAWN:
        step += 1
    return dataset.isel({axis: slice(None, None, step) for axis in axes})
