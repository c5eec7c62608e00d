"""``spinfem run``: magnets of a stack file in motion."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from .._checks import FloatArray, positive
from .._version import __version__
from ..files.disk import replacing
from ..files.tables import metres
from .moving import moving_magnets
from .output import DPI, Dpi, Plot, check_picture
from .report import to_json

if TYPE_CHECKING:
    from ..dynamics.dynamics import Dynamics
    from ..dynamics.trajectory import Trajectory
    from ..io.stackfile import StackFile
    from ..texts.tables import Part

SPACING, FEWEST, MOST = 5e-12, 1001, 20_001
"""Seconds from one sample to the next, and how many there are at least and at most."""
FARTHEST = 1e8
"""Radians that magnets may move in a run, as far as the beginning tells: a few minutes."""


def run_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Stack file (TOML), in SI units.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="Write the run: .nc (netCDF), or .pvd with the fields, for ParaView.",
        ),
    ] = None,
    time: Annotated[
        float | None,
        typer.Option(
            metavar="NS", help="How long, ns, in place of time_ns in FILE; 20 if neither."
        ),
    ] = None,
    picture: Plot = None,
    dpi: Dpi = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all results as one JSON object.")
    ] = False,
) -> str:
    """Let the magnets in FILE move, from m in FILE on and with its j0, and tell what happens.

    Layers with Ms_A_m or mu0_Ms_T in FILE move, unless they are held, all in the torques of the
    moment, with spin pumping; in a field, at a temperature and for how long [dynamics] says. What
    begins in a steady state stays there, stable or not: turn m by some degrees.

    Told is whether all has settled, or with which frequency it goes on in the second half, which
    magnets have switched (ended more than 90 degrees from where they began), and the resistance,
    its mean and its swing in the second half.

    OUT.nc holds m, resistance and voltage, with units, at times 5 ps apart, 1001 at least and 20001
    at most; OUT.png shows them, of m that goes round for long the last periods, and the spectrum of
    the resistance in the second half.

    \b
    With --json, one JSON object:
      title, file
      j0                 A/m2, positive when electrons flow towards +x
      current_density    A/m2, conventional, minus that
      field              A/m, vector
      temperature        K, or null
      time               s
      magnets            of each that moves:
        name
        begin, end       unit vectors
        switched
      settled            whether it moved by less than 1e-3 rad in the last fifth
      regular            whether its motion is as large in the last quarter as in
                         the one before
      frequency          Hz, of the largest line; 0 if settled
      resistance         Ohm m2, mean of the second half
      resistance_swing   Ohm m2, largest less least there
      spinfem_version
    """  # noqa: D301 - a real backspace tells typer to keep the lines
    from ..dynamics.fromfile import motion_table
    from ..dynamics.outputs import check_savable

    if output:
        try:
            check_savable(output)
        except ImportError as error:
            raise ValueError(str(error)) from None
    if time is not None:
        positive("--time (of the run, ns)", time)
    check_picture(picture, dpi)
    description, system = moving_magnets(file)
    motion = motion_table(description.tables)
    options: dict[str, Any] = {"temperature": motion.temperature_K}
    if motion.area_nm2 is not None:
        options["area"] = motion.area_nm2 / 1e18
    if motion.rtol is not None:
        options["rtol"] = motion.rtol
    with np.errstate(all="ignore"):  # numbers out of range are found in the results
        try:
            times = _times(metres(motion.time_ns if time is None else time))
            _check_distance(system, description.j0, times[-1])
            run = system.run(j0=description.j0, times=times, **options)
            results = _results(description, run, motion.temperature_K)
            text = to_json(results)
            _write(run, output, picture, dpi)
        except (ValueError, ImportError) as error:
            raise ValueError(f"{file}: {error}") from None
    if as_json:
        return text
    from ..texts.tables import as_text

    return as_text([*filter(None, [description.title, str(file)]), *_parts(run, results)])


def _times(end: float) -> FloatArray:
    """Return when the run is sampled, s."""
    return np.linspace(0.0, end, min(max(round(end / SPACING) + 1, FEWEST), MOST))


def _check_distance(system: Dynamics, j0: float, end: float) -> None:
    """Raise ValueError if magnets move too fast for a run that comes to its end."""
    from ..dynamics.describing import largest_speed

    distance = largest_speed(system, j0) * end
    if not distance <= FARTHEST:
        raise ValueError(
            f"magnets must move by at most {FARTHEST:g} radians, got {distance:.3g} in "
            f"{end * 1e9:g} ns: torques or fields are too large, or the time is too long"
        )


def _write(run: Trajectory, output: Path | None, picture: Path | None, dpi: int | None) -> None:
    """Write both files or, as far as errors come before the end, neither."""
    with ExitStack() as pending:
        if picture:
            from ..plot.runs import run_overview

            temporary = pending.enter_context(replacing(picture))
            run_overview(run).savefig(temporary, dpi=dpi or DPI)
        if output:
            run.save(output)


def _results(file: StackFile, run: Trajectory, temperature: float | None) -> dict[str, Any]:
    """Collect what ``--json`` prints, as described there."""
    from ..dynamics.describing import is_regular

    late = run.resistance[run.times >= run.times[-1] / 2]
    return {
        "title": file.title,
        "file": str(file.path),
        "j0": file.j0,
        "current_density": -file.j0,
        "field": run.system.fields.applied.tolist(),
        "temperature": temperature,
        "time": float(run.times[-1]),
        "magnets": [
            {
                "name": name,
                "begin": m[0].tolist(),
                "end": m[-1].tolist(),
                "switched": bool(run.switched(name)),
            }
            for name, m in run.m.items()
        ],
        "settled": bool(run.settled),
        "regular": is_regular(run),
        "frequency": float(run.frequency),
        "resistance": float(late.mean()),
        "resistance_swing": float(np.ptp(late)),
        "spinfem_version": __version__,
    }


def _parts(run: Trajectory, results: dict[str, Any]) -> list[Part]:
    """Return what is printed."""
    from ..dynamics.describing import angles
    from ..texts.numbers import short
    from ..texts.tables import Column, Table

    shaken = "" if results["temperature"] is None else f", at {short(results['temperature'])} K"
    field = ", ".join(map(short, results["field"]))
    parts: list[Part] = [
        f"{short(results['time'] * 1e9)} ns at j0 = {short(results['j0'])} A/m2 (conventional "
        f"{short(results['current_density'])} A/m2), field [{field}] A/m{shaken}"
    ]

    def magnet(row: dict[str, Any]) -> list[str]:
        ways: list[FloatArray] = [np.array(row[key]) for key in ("begin", "end")]
        return [row["name"], *map(angles, ways), "yes" if row["switched"] else "no"]

    columns = [
        Column("", is_text=True),
        Column("begins (deg)"),
        Column("ends (deg)"),
        Column("switched"),
    ]
    parts.append(Table(columns, results["magnets"], magnet, "Polar angle / azimuth"))
    mean, swing = results["resistance"], results["resistance_swing"]
    sums = [
        ("motion", _told(run, results)),
        ("resistance RA, mean", f"{mean:.6e}  Ohm m2  = {short(mean * 1e15)} fOhm m2"),
        ("its swing", f"{swing:.3e}  Ohm m2  = {100 * swing / mean:.3g} %"),
    ]
    return [*parts, Table([Column("", is_text=True)] * 2, sums, list)]


def _told(run: Trajectory, results: dict[str, Any]) -> str:
    """Say what the motion has come to."""
    from ..dynamics.describing import has_stayed

    line = f"{results['frequency'] / 1e9:.4g} GHz"
    if has_stayed(run):
        return "none: it began in a steady state; turn m by some degrees (polar_deg)"
    if results["settled"]:
        return "settled"
    if results["temperature"] is not None:
        return f"thermal; largest line at {line}"
    if results["regular"]:
        return f"oscillates at {line}"
    return f"still changes; largest line at {line}: a longer --time tells what becomes of it"
