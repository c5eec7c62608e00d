"""``spinfem solve``: results of the file of a stack or a device, and its fields."""

from __future__ import annotations

import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import typer

from .._checks import nonnegative, note, positive
from ..files.disk import check_target, replacing
from ..solver import solve
from .output import DPI, Dpi, Plot, check_picture
from .report import OVERFLOW, report, results_of, to_json
from .swinging import Frequency, swinging_report

if TYPE_CHECKING:
    from ..io.devicefile import DeviceFile
    from ..io.keys import Units
    from ..solution import Solution


def solve_file(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Stack file (TOML), or one of a device.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all results as one JSON object.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="OUT", help="Write the fields: .vtu, for ParaView, or .csv."
        ),
    ] = None,
    wire: Annotated[
        float | None,
        typer.Option(
            metavar="DIAMETER",
            help="In OUT.vtu draw a round wire, not a line; nm, or FILE's unit of length.",
        ),
    ] = None,
    degree: Annotated[
        int | None,
        typer.Option(
            help="Degree of the elements; by default 12 in a stack, in a device 3 on triangles "
            "and 2 on other cells."
        ),
    ] = None,
    frequency: Frequency = None,
    picture: Plot = None,
    dpi: Dpi = None,
) -> str:
    """Solve the stack or the device in FILE and print the results.

    Printed are torques, efficiencies and resistances; in SI or in the paper's units, whichever
    FILE uses. Positive currents: electrons flow towards +x. Of a device (FILE has electrodes, or a
    pillar) torques are printed, and currents and potentials of electrodes; OUT.vtu has its fields,
    and OUT_interfaces.vtu torques per area.

    With --frequency j0 is the amplitude of a current j0 cos(2 pi F t), and modulus and phase of
    torques, resistances and the voltage are printed. All metals in FILE must have a tau_ps, in the
    paper's units a tau.

    \b
    With --json, of a stack, one JSON object:
      title                    null if there is none
      file, units              "SI" or "paper"
      j0                       A/m2
      layers                   from left to right, of each:
        name, material
        group                  magnet that it is a part of, or null
        kind                   "normal" or "ferromagnet"
        x_left, x_right        m; 0 is the left face of the stack
        m                      unit vector; null in a normal metal
      ferromagnets             of each, and named magnetic leads; a group is one:
        name, m
        absorbed_spin_current  vector, A/m2
        torque                 vector, J/m2; null in the paper's units
      spacers                  of each normal metal between ferromagnets:
        left, right            names of the ferromagnets
        angle_deg              between their m
        efficiency_left        g of the torque on the left one
        efficiency_right       g of the torque on the right one
      interfaces               from left to right, both ends included, of each:
        x                      m
        spin_potential         vector, V; null where it jumps
        spin_potential_left    vector just left of the interface, V
        spin_potential_right   vector just right of it
        spin_current_left      vector just left of the interface, A/m2
        spin_current_right     vector just right of it
      spin_resistance          Ohm m2
      resistance               Ohm m2, of the whole stack
      voltage                  V, j0 times resistance, and what is given at the
                               ends drives
      spinfem_version
    """  # noqa: D301 - a real backspace tells typer to keep the lines
    from ..io.loading import read_any
    from ..io.stackfile import StackFile

    if output:
        check_target(output, ".vtu", ".csv")
    if wire is not None:
        positive("--wire (diameter)", wire)
        if not output or output.suffix.lower() != ".vtu":
            raise ValueError("--wire must come with -o OUT.vtu, where the wire is drawn")
    check_picture(picture, dpi)
    if frequency is not None:
        nonnegative("--frequency", frequency)
        real = {"--json": as_json, "-o": output, "--plot": picture}
        _check_swinging([key for key in real if real[key]])
    description = read_any(file)
    if not isinstance(description, StackFile):
        stray = {"--json": as_json, "--wire": wire, "--plot": picture}
        stray["--frequency"] = frequency is not None
        return _solve_device(description, output, degree, [key for key in stray if stray[key]])
    with np.errstate(all="ignore"):  # numbers out of range are found in the results
        try:
            solution = solve(description.stack, description.j0, degree=degree, frequency=frequency)
            if frequency is not None:
                return swinging_report(description, solution)
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None
        text = to_json(results_of(description, solution))
        try:
            _write(solution, description.units, output, wire, picture, dpi)
        except ValueError as error:  # a field that overflows
            raise ValueError(f"{file}: {error}") from None
    return text if as_json else report(description, solution)


def _check_swinging(stray: list[str]) -> None:
    """Raise ValueError if there are options for results that are real numbers."""
    if stray:
        raise ValueError(
            f"{stray[0]} must be left out with --frequency, whose results are complex amplitudes, "
            "got both"
        )


def _solve_device(
    file: DeviceFile, output: Path | None, degree: int | None, stray: list[str]
) -> str:
    """Solve a device, write its fields and return what is printed.

    Raises
    ------
    ValueError
        If it cannot be solved, or there are options that devices do not have.
    """
    if stray:
        raise ValueError(f"{stray[0]} must be left out for a device, got it with {file.path}")
    if output and output.suffix.lower() != ".vtu":
        raise ValueError(f"-o must end in .vtu for a device, got {output.name!r}")
    electrodes = file.device.electrodes
    with np.errstate(all="ignore"), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", RuntimeWarning)
        try:
            solution = solve(file.device, degree=degree)
        except (ValueError, ImportError) as error:
            raise ValueError(f"{file.path}: {error}") from None
    numbers = [f(name) for f in (solution.potential, solution.current) for name in electrodes]
    if not np.isfinite([*numbers, *np.ravel([*map(solution.torque, solution.magnets)])]).all():
        raise ValueError(f"{file.path}: {OVERFLOW}")
    for warning in said:
        note(f"warning: {file.path}: {warning.message}")
    if output:
        solution.save(output)
    return "\n".join([*filter(None, [file.title, str(file.path)]), str(solution)])


def _write(
    solution: Solution,
    units: Units,
    output: Path | None,
    wire: float | None,
    picture: Path | None,
    dpi: int | None,
) -> None:
    """Write both files or, as far as errors come before the end, neither."""
    si = units == "SI"
    drawn: Literal["SI", "plain"] = "SI" if si else "plain"
    with ExitStack() as pending:
        if picture:
            from ..plot.pictures import overview

            temporary = pending.enter_context(replacing(picture))
            figure = overview(solution, units=drawn)
            figure.savefig(temporary, dpi=dpi or DPI)
        if output and wire is not None:
            diameter = wire * 1e-9 if si else wire
            solution.save_wire(output, diameter=diameter, units=drawn)
        elif output and output.suffix.lower() == ".csv":
            solution.to_csv(output)
        elif output:
            solution.save(output, units=drawn)
