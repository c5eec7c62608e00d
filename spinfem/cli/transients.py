"""``spinfem transient``: how the spins of a stack file follow a current that is switched."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from .._checks import FloatArray, positive, visible
from ..files.disk import check_target, replacing
from .output import DPI, Dpi, Plot, check_picture
from .report import OVERFLOW

if TYPE_CHECKING:
    from ..io.stackfile import StackFile
    from ..texts.tables import Part
    from ..timedomain.transient import Transient

RTOL = 1e-4
"""Error of what is followed, relative to the largest of its kind, unless another is asked for."""
POINTS, FEWEST, MOST = 201, 2, 1001
"""Times, unless others are asked for; and at least and at most."""
PICO = 1e12
"""Picoseconds in a second; 1e-12 is no double."""
SHOWN = 11
"""Times that are printed."""
NARROWEST = 1000
"""Widths of a pulse in the whole time, at most."""


def follow_current(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Stack file (TOML), whose metals all have a tau."),
    ],
    time_ps: Annotated[
        float | None, typer.Option(metavar="T", help="How long, ps, of a FILE in SI.")
    ] = None,
    time: Annotated[
        float | None, typer.Option(metavar="T", help="The same in the unit of tau, of any other.")
    ] = None,
    points: Annotated[
        int,
        typer.Option(metavar="N", min=FEWEST, max=MOST, help="How many times."),
    ] = POINTS,
    step: Annotated[
        bool, typer.Option("--step", help="Switch the current on at t = 0: the default.")
    ] = False,
    pulse_ps: Annotated[
        float | None,
        typer.Option(metavar="WIDTH", help="Switch it off again after so long, ps, in SI."),
    ] = None,
    pulse: Annotated[
        float | None, typer.Option(metavar="WIDTH", help="The same in the unit of tau.")
    ] = None,
    rtol: Annotated[
        float, typer.Option(help="Largest error, relative to the largest result of its kind.")
    ] = RTOL,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="Write all times: .csv, or .pvd with the fields, for ParaView.",
        ),
    ] = None,
    picture: Plot = None,
    dpi: Dpi = None,
) -> str:
    """Follow torques and voltage in time after the current in FILE is switched on.

    There is no current before t = 0, then that of FILE: a step, or a pulse that ends after its
    WIDTH. Magnetizations stand still; the spins follow within about tau_ps (tau in the paper's
    units), the spin relaxation time, which every metal in FILE must have. The voltage has its
    ohmic part at once.

    Printed are torques, in the paper's units absorbed spin currents, and voltages at some of the
    times; OUT.csv has all of them, and the current. OUT.png shows torques and the part of the
    voltage that is due to spin.
    """
    from ..io.stackfile import read
    from ..timedomain.transient import transient

    if output:
        check_target(output, ".csv", ".pvd")
    check_picture(picture, dpi)
    positive("--rtol", rtol)
    description = read(file)
    si = description.units == "SI"
    end = _given(si, {"--time-ps": time_ps, "--time": time})
    if end is None:
        key = "--time-ps" if si else "--time"
        raise ValueError(f"{key} (how long to follow the current) must be given, got none")
    width = _given(si, {"--pulse-ps": pulse_ps, "--pulse": pulse})
    if width is not None:
        _check_width("--pulse-ps" if si else "--pulse", width, end, step)
    times = np.linspace(0.0, end, points)
    if si:
        times, width = times / PICO, None if width is None else width / PICO
    with np.errstate(all="ignore"):  # numbers out of range are found in the results
        try:
            found = transient(description.stack, Pulse(description.j0, width), times, rtol=rtol)
            columns = columns_of(found, si)
            if not all(np.isfinite(column).all() for column in columns.values()):
                raise ValueError(OVERFLOW)
            _write(found, columns, output, (picture, dpi), si)
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None
    from ..texts.tables import as_text

    return as_text(
        [*filter(None, [description.title, str(file)]), *_parts(description, found, width)]
    )


@dataclass(frozen=True)
class Pulse:
    """A current from t = 0 on.

    Attributes
    ----------
    height : float
        Particle current, A/m2.
    width : float or None
        When it ends; None if it does not.
    """

    height: float
    width: float | None

    def __call__(self, times: FloatArray) -> FloatArray:
        """Return the current at some times."""
        return np.where(times < (np.inf if self.width is None else self.width), self.height, 0.0)

    @property
    def breaks(self) -> list[float]:
        """Where it jumps."""
        return [0.0 if self.width is None else self.width]


def _given(si: bool, options: dict[str, float | None]) -> float | None:
    """Return what is given of an option in SI and the same in plain units, in this order."""
    right, wrong = options if si else [*options][::-1]
    if (stray := options[wrong]) is not None:
        units = "SI" if si else "the paper's units"
        raise ValueError(
            f"{wrong} must be left out for a file in {units}, which has {right}, got {stray:g}"
        )
    if (value := options[right]) is not None:
        positive(right, value)
    return value


def _check_width(key: str, width: float, end: float, step: bool) -> None:
    """Raise ValueError unless a pulse has this width."""
    if step:
        raise ValueError(f"one of --step and {key} must be given, got both")
    if not end / NARROWEST <= width < end:
        raise ValueError(
            f"{key} must be shorter than {key.replace('pulse', 'time')} ({end:g}), by a factor of "
            f"at most {NARROWEST}, got {width:g}"
        )


def columns_of(found: Transient, si: bool) -> dict[str, FloatArray]:
    """Return all results by the names of the columns of a file."""
    times = {"time_ps": found.times * PICO} if si else {"time": found.times}
    columns: dict[str, Any] = {**times, "j0_A_m2" if si else "j0": found.j0}
    for name in found.ferromagnets:
        vectors = found.torque(name) if si else found.absorbed_spin_current(name)
        for component, values in zip("xyz", vectors.T, strict=True):
            key = f"torque_{component}_J_m2" if si else f"absorbed_spin_current_{component}"
            columns[f"{visible(name)}.{key}"] = values
    columns["voltage_V" if si else "voltage"] = found.voltage
    columns["spin_voltage_V" if si else "spin_voltage"] = found.spin_voltage
    return columns


def _write(
    found: Transient,
    columns: dict[str, FloatArray],
    output: Path | None,
    picture: tuple[Path | None, int | None],
    si: bool,
) -> None:
    """Write both files or, as far as errors come before the end, neither."""
    place, dpi = picture
    with ExitStack() as pending:
        if place:
            from ..plot.transients import transient_overview

            temporary = pending.enter_context(replacing(place))
            transient_overview(found, si=si).savefig(temporary, dpi=dpi or DPI)
        if output and output.suffix.lower() == ".csv":
            from ..io.columns import write_columns

            write_columns(output, {key: values.tolist() for key, values in columns.items()})
        elif output:
            found.save(output, units="SI" if si else "plain")


def _parts(file: StackFile, found: Transient, width: float | None) -> list[Part]:
    """Return what is printed."""
    from ..texts.numbers import short
    from ..texts.tables import Column, Table

    si = file.units == "SI"
    scale, clock, unit = (PICO, " ps", " A/m2") if si else (1.0, "", " (paper's units)")
    for_long = "" if width is None else f" to {short(width * scale)}{clock}"
    parts: list[Part] = [
        f"j0 = {file.j0:.7g}{unit} from t = 0{for_long}; positive: electrons flow towards +x"
    ]
    rows = np.unique(np.linspace(0, found.times.size - 1, SHOWN).round().astype(int)).tolist()
    head = Column("time (ps)" if si else "time")

    def table(title: str, heads: tuple[str, ...], values: FloatArray) -> Table:
        def cells(row: int) -> list[str]:
            return [short(found.times[row] * scale), *map(_full, values[row])]

        return Table([head, *map(Column, heads)], rows, cells, title)

    what = "Torque on {}, J/m2" if si else "Absorbed spin current of {} (paper's units)"
    for name in found.ferromagnets:
        vectors = found.torque(name) if si else found.absorbed_spin_current(name)
        vectors = np.column_stack([vectors, np.hypot.reduce(vectors, axis=-1)])
        parts.append(table(what.format(name), ("x", "y", "z", "magnitude"), vectors))
    voltages = np.column_stack([found.voltage, found.spin_voltage])
    title = "Voltage, V" if si else "Voltage (paper's units)"
    return [*parts, table(title, ("all", "due to spin"), voltages)]


def _full(x: float) -> str:
    return f"{x:.4e}" if x else "0"
