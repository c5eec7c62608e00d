"""``spinfem phase``: which states of a stack file are stable, over ranges of its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
import typer

from .._checks import BoolArray, FloatArray, check_installed, listed
from .._version import __version__
from ..files.disk import check_target, replacing
from ..sample.units import in_silence
from .moving import moving_magnets, states_without_current
from .output import DPI, Dpi, Plot, check_picture

if TYPE_CHECKING:
    import xarray

    from ..dynamics.dynamics import Dynamics
    from ..dynamics.stability import ComplexArray
    from ..io.stackfile import StackFile
    from ..io.vary import Variation
    from ..texts.tables import Part

MOST = 2**22
"""Points of a diagram."""
NEAR = np.cos(np.radians(30))
"""Cosine of the angle up to which two states are one that turns."""
SAME = 1e-6
"""Distance up to which two steady states are one."""
SEARCHED, STARTS = (0.5, 1.0), 20
"""Where among points without a stable state others are sought, and random starts there."""
ANGLES = ("polar_deg", "azimuth_deg")
"""Keys of directions, from which magnets that move turn away."""


class Candidate(NamedTuple):
    """A state that may be stable somewhere."""

    name: str
    m: FloatArray  # (f, 3)


class Diagram(NamedTuple):
    """What becomes of small deviations from the candidates."""

    candidates: list[Candidate]
    growth: FloatArray  # (*axes, states) of the leading deviation, 1/s; nan: there is no such state
    frequency: FloatArray  # likewise, Hz

    @property
    def stable(self) -> BoolArray:
        """Whether all deviations decay."""
        return np.asarray(self.growth < 0)


def phase(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Stack file (TOML), in SI units.")],
    vary: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=START:STOP:N",
            help="What varies; once for each axis, the first one first.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT.nc", help="Write the results (netCDF)."),
    ] = None,
    picture: Plot = None,
    dpi: Dpi = None,
) -> str:
    """Tell which states of the magnets in FILE are stable, over ranges of its numbers.

    By eigenvalues, of all points at once; nothing is integrated. States are those that are stable
    without current in the field of FILE, as parallel and antiparallel; where none of them is, two
    points are searched for others. Each may turn by up to 30 degrees. Where none of all is stable,
    magnets oscillate, or rest elsewhere: spinfem run tells.

    KEY is j0_A_m2 or current_density_A_m2, a component of the field, such as field_z_A_m or
    flux_density_x_mT, or LAYER.KEY as of spinfem sweep: thickness_nm, Ms_A_m, alpha, K_J_m3 and any
    other of its numbers, but for angles of magnets that move. START:STOP:N:log spaces values evenly
    in the logarithm.

    OUT.nc holds of every state the growth rate of the fastest deviation, its frequency, and whether
    it is stable; OUT.png shows a map over two axes, the second one to the right, or growth rates
    over one.
    """
    from ..io.vary import parse

    if output is not None:
        check_target(output, ".nc")
    check_picture(picture, dpi)
    description, system = moving_magnets(file)
    variations = [parse(text, description, moving=True) for text in vary]
    _check(variations, system, picture)
    if output or picture:
        modules = ["xarray", *["dask", "h5netcdf", "h5py"] * bool(output)]
        try:
            check_installed("a diagram", "pip install xarray dask h5netcdf h5py", *modules)
        except ImportError as error:
            raise ValueError(str(error)) from None
    with np.errstate(all="ignore"):  # numbers out of range are found in the results
        try:
            diagram = _diagram(description, system, variations)
        except ValueError as error:
            text = str(error)
            raise ValueError(text if text.startswith(f"{file}: ") else f"{file}: {text}") from None
        if output or picture:
            dataset = _dataset(description, system, variations, diagram)
            _write(dataset, output, picture, dpi)
    from ..texts.tables import as_text

    return as_text([*filter(None, [description.title, str(file)]), *_parts(diagram)])


def _check(variations: Sequence[Variation], system: Dynamics, picture: Path | None) -> None:
    """Raise ValueError if what varies does not go together."""
    names = [variation.name for variation in variations]
    places = [where for variation in variations for where in variation.where]
    components = [found[0] for one in variations if (found := one.field) is not None]
    currents = sum(variation.currents is not None for variation in variations)
    twice = len({*places}) < len(places) or len({*components}) < len(components)
    if twice or currents > 1:
        raise ValueError(f"--vary must name each key once, got {', '.join(names)}")
    for name in names:
        magnet, _, key = name.rpartition(".")
        if magnet in system.names and key in ANGLES:
            raise ValueError(f"--vary {name}: must be of a magnet that is held, got one that moves")
    points = math.prod(variation.values.size for variation in variations)
    if points > MOST:
        raise ValueError(f"--vary must make at most {MOST} points, got {points}")
    if picture and len(variations) > 2:
        raise ValueError(
            f"--plot must come with one or two --vary, got {len(variations)}: {', '.join(names)}"
        )


# --- numbers ------------------------------------------------------------------------------------


def _diagram(file: StackFile, system: Dynamics, variations: Sequence[Variation]) -> Diagram:
    """Find the candidates, and what becomes of deviations from each of them."""
    shape = tuple(one.values.size for one in variations)
    whole, j0 = _system_at(file, variations, np.ix_(*(one.values for one in variations)))
    if whole.names != system.names:
        raise ValueError(
            f"--vary must be of magnets that move in the file, {listed(system.names)}, got M_s of "
            f"one that does not: {listed(set(whole.names) - set(system.names))}"
        )

    def leading(m: FloatArray) -> ComplexArray:
        return np.broadcast_to(whole.growth(m, j0)[..., 0], shape)

    found = [state.directions for state in states_without_current(file.path, system)]
    rates, known = [leading(m) for m in found], len(found)
    for share in SEARCHED:
        (empty,) = np.nonzero(~np.any([rate.real < 0 for rate in rates], axis=0).ravel())
        if not empty.size:
            break
        place = np.unravel_index(empty[int(share * (empty.size - 1))], shape)
        values = [one.values[i] for one, i in zip(variations, place, strict=True)]
        others = _stable_at(file, variations, values)
        new = [m for m in others if not any(((m * one).sum(axis=-1) > NEAR).all() for one in found)]
        found, rates = found + new, rates + [leading(m) for m in new]
    if len(found) > known:
        ways = [whole.steady_near(m, j0) for m in found]
        for i in range(known, len(found)):
            same = [
                np.linalg.norm(ways[i] - ways[k], axis=-1).max(axis=-1) < SAME for k in range(i)
            ]
            rates[i] = np.where(np.any(same, axis=0), np.nan, rates[i])
    growth = np.stack(rates, axis=-1)
    from ..dynamics.describing import described

    candidates = [Candidate(described(system, m), m) for m in found]
    return Diagram(candidates, growth.real, np.abs(growth.imag) / (2 * np.pi))


def _stable_at(
    file: StackFile, variations: Sequence[Variation], values: Sequence[float]
) -> list[FloatArray]:
    """Return the directions of all states that are stable at one point."""
    system, j0 = _system_at(file, variations, values)
    states = system.steady_states(float(j0), starts=STARTS)
    return [state.directions for state in states if state.stable]


def _system_at(
    file: StackFile, variations: Sequence[Variation], values: Sequence[Any]
) -> tuple[Dynamics, Any]:
    """Return the magnets and the current with values in the place of the file's."""
    from ..dynamics.dynamics import Dynamics
    from ..dynamics.fromfile import arguments_of, motion_table
    from ..io.stackfile import stack_of
    from ..io.vary import CURRENTS, FIELDS, FileBuilder

    tables, stack, j0 = file.tables, file.stack, file.j0
    field = motion_table(tables).field.tolist()
    changes, places = {}, {}
    for one, value in zip(variations, values, strict=True):
        if one.name in CURRENTS:
            j0 = CURRENTS[one.name] * value
        elif one.name in FIELDS:
            component, size = FIELDS[one.name]
            field[component] = size * value
        else:
            changes[one.name], places[one.name] = value, one.where
    if changes:
        tables = FileBuilder(tables, places).changed(**changes)
        stack = stack_of(tables)
    applied = np.stack(np.broadcast_arrays(*field), axis=-1)
    with in_silence():
        return Dynamics(stack, **arguments_of(tables, stack, applied)), j0


# --- results ------------------------------------------------------------------------------------


def _dataset(
    file: StackFile, system: Dynamics, variations: Sequence[Variation], diagram: Diagram
) -> xarray.Dataset:
    """Return the diagram with names and units."""
    import xarray

    from ..studies.builders import axis_name

    over = (*(axis_name(variation.name) for variation in variations), "state")

    def about(long_name: str, units: str) -> dict[str, str]:
        return {"long_name": long_name, "units": units}

    variables = {
        "growth_rate": (over, diagram.growth, about("growth rate of the fastest deviation", "1/s")),
        "frequency": (over, diagram.frequency, about("frequency of that deviation", "Hz")),
        "stable": (over, diagram.stable, {"long_name": "whether all deviations decay"}),
    }
    coordinates: dict[str, Any] = {
        axis_name(one.name): (axis_name(one.name), one.values, one.attributes) for one in variations
    }
    coordinates |= {
        "state": [candidate.name for candidate in diagram.candidates],
        "magnet": [*system.names],
        "component": [*"xyz"],
        "m": (
            ("state", "magnet", "component"),
            np.array([candidate.m for candidate in diagram.candidates]),
            about("directions of the state, from which it may turn", "1"),
        ),
    }
    about_all = {
        "title": file.title or "",
        "source": str(file.path),
        "spinfem_version": __version__,
    }
    return xarray.Dataset(variables, coordinates, about_all)


def _write(
    dataset: xarray.Dataset, output: Path | None, picture: Path | None, dpi: int | None
) -> None:
    """Write both files or, as far as errors come before the end, neither."""
    with ExitStack() as pending:
        if picture:
            from ..plot.phases import phase_diagram

            temporary = pending.enter_context(replacing(picture))
            phase_diagram(dataset).savefig(temporary, dpi=dpi or DPI)
        if output:
            from ..files.netcdf import write_netcdf

            write_netcdf(dataset, pending.enter_context(replacing(output)))


def _parts(diagram: Diagram) -> list[Part]:
    """Return what is printed."""
    from ..plot.phases import NONE
    from ..texts.tables import Column, Table

    stable = diagram.stable
    names = [candidate.name for candidate in diagram.candidates]
    rows = [(name, stable[..., i]) for i, name in enumerate(names)]
    count = np.asarray(stable.sum(axis=-1))
    rows += [("more than one of these", count > 1), (NONE, count == 0)]

    def cells(row: tuple[str, BoolArray]) -> list[str]:
        name, where = row
        return [name, f"{where.sum()}", f"{100 * where.mean():.3g}"]

    columns = [Column("state", is_text=True), Column("points"), Column("%")]
    return [f"{stable[..., 0].size} points", Table(columns, rows, cells, "Stable")]
