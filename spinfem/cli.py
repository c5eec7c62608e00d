"""The `spinfem` command.

Bad input is one line ``error: ...`` on stderr and exit status 2, without a traceback. Files that
are written appear whole or not at all. The keys of ``--json`` are in ``spinfem solve --help``.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import numpy as np
import typer

from . import __version__
from ._checks import FloatArray
from .io.files import check_target, replacing
from .solver import solve
from .stack import Layer, Lead

if TYPE_CHECKING:
    from rich.table import Table

    from .io.stackfile import StackFile, Units
    from .solution import Solution

PICTURES = (".png", ".svg", ".pdf")
TOP = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    context_settings=TOP,
    pretty_exceptions_enable=False,
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``spinfem``; by default that of the process.

    Raises
    ------
    SystemExit
        Always, with the status: 0; 1 if nobody reads the output; 2 after bad input; 130 if
        interrupted.
    """
    sys.exit(_status(arguments))


def _status(arguments: Sequence[str] | None) -> int:
    """Run the command line; no exception of a user's making leaves it."""
    try:
        result = app(args=arguments, prog_name="spinfem", standalone_mode=False)
        if isinstance(result, str):
            _print(result)
        print(end="", flush=True)  # so that errors of writing come here
        return result if isinstance(result, int) else 0
    except typer.TyperException as error:
        return _fail(f"{error.format_message().rstrip('.')}; try 'spinfem --help'")
    except BrokenPipeError:
        # the interpreter flushes stdout once more when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130


def _fail(message: str) -> int:
    print("error:", " ".join(message.splitlines()), file=sys.stderr)
    return 2


def _print(text: str) -> None:
    """Print a text, with escapes for what the terminal cannot show."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"  # stdout is None where closed
    print(text.encode(encoding, "backslashreplace").decode(encoding))


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spinfem {__version__}")
        raise typer.Exit


@app.callback()
def _spinfem(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Diffusive spin transport in layered metals."""


@app.command("solve")
def _solve(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Stack file (TOML).")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all results as one JSON object.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT.vtu", help="Write the fields for ParaView."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--plot", metavar="OUT.png", help="Draw an overview; or .svg, .pdf."),
    ] = None,
) -> str:
    """Solve the stack in FILE and print the results.

    Printed are torques, efficiencies and resistances; in SI or in the paper's units, whichever
    FILE uses. Positive currents: electrons flow towards +x.

    \b
    With --json, one JSON object:
      title                    null if there is none
      file, units              "SI" or "paper"
      j0                       A/m2
      layers                   from left to right, of each:
        name, material
        kind                   "normal" or "ferromagnet"
        x_left, x_right        m; 0 is the left face of the stack
        m                      unit vector; null in a normal metal
      ferromagnets             of each, named magnetic leads included:
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
        spin_potential         vector, V
        spin_current_left      vector just left of the interface, A/m2
        spin_current_right     vector just right of it
      spin_resistance          Ohm m2
      resistance               Ohm m2, of the whole stack
      voltage                  V, j0 times resistance
      spinfem_version
    """  # noqa: D301 - a real backspace tells typer to keep the lines
    from .io.stackfile import read

    if output:
        check_target(output, ".vtu")
    if picture:
        check_target(picture, *PICTURES)
    description = read(file)
    with np.errstate(all="ignore"):  # numbers out of range are found in the results
        try:
            solution = solve(description.stack, description.j0)
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None
        results = _results(description, solution)
        text = _json(results)
        _write(solution, description.units, output, picture)
    return text if as_json else _report(results)


def _json(results: dict[str, Any]) -> str:
    try:
        return json.dumps(results, indent=2, allow_nan=False)
    except ValueError:
        raise ValueError(
            f"{results['file']}: results must be finite, got an overflow of double precision: "
            "numbers in the file are too large or too small"
        ) from None


def _write(solution: Solution, units: Units, output: Path | None, picture: Path | None) -> None:
    """Write both files or, as far as errors come before the end, neither."""
    with ExitStack() as pending:
        if picture:
            from .plot import overview

            temporary = pending.enter_context(replacing(picture))
            figure = overview(solution, units="SI" if units == "SI" else "plain")
            figure.savefig(temporary)
        if output:
            solution.save(output)


# --- results ----------------------------------------------------------------------------------


def _results(file: StackFile, solution: Solution) -> dict[str, Any]:
    """Collect what ``--json`` prints, as described there."""
    stack = file.stack
    magnets = {
        e.name: e.m
        for e in stack.elements
        if isinstance(e, Layer | Lead) and e.name and e.m is not None
    }
    return {
        "title": file.title,
        "file": str(file.path),
        "units": file.units,
        "j0": file.j0,
        "layers": [
            {
                "name": layer.name,
                "kind": "ferromagnet" if layer.is_ferromagnet else "normal",
                "material": layer.material.name,
                "x_left": float(stack.x[i]),
                "x_right": float(stack.x[i + 1]),
                "m": None if layer.m is None else _list(layer.m),
            }
            for i, layer in enumerate(stack.layers)
        ],
        "ferromagnets": [
            {
                "name": name,
                "m": _list(m),
                "absorbed_spin_current": _list(solution.absorbed_spin_current(name)),
                "torque": _list(solution.torque(name)) if file.units == "SI" else None,
            }
            for name, m in magnets.items()
        ],
        "spacers": [
            {
                "left": left,
                "right": right,
                "angle_deg": _angle(magnets[left], magnets[right]),
                "efficiency_left": float(solution.efficiency(left, right)[0]),
                "efficiency_right": float(solution.efficiency(left, right)[1]),
            }
            for left, right in solution.spacers
        ],
        "interfaces": [
            {
                "x": float(face.x),
                "spin_potential": _list(face.spin_potential),
                "spin_current_left": _list(face.spin_current_left),
                "spin_current_right": _list(face.spin_current_right),
            }
            for face in solution.interfaces
        ],
        "spin_resistance": float(solution.spin_resistance),
        "resistance": float(solution.resistance),
        "voltage": float(solution.voltage),
        "spinfem_version": __version__,
    }


def _list(vector: FloatArray) -> list[float]:
    return [float(x) + 0.0 for x in vector]  # + 0.0 turns -0.0 into 0.0


def _angle(a: FloatArray, b: FloatArray) -> float:
    """Angle between unit vectors, degrees; an arccosine would lose small ones."""
    return math.degrees(2 * math.atan2(math.hypot(*(a - b)), math.hypot(*(a + b))))


# --- report -----------------------------------------------------------------------------------


def _report(results: dict[str, Any]) -> str:
    """Write the main results for reading, plain if stdout is not a terminal."""
    from rich.console import Console

    si = results["units"] == "SI"
    # wide, so that long names make long lines and shorten no numbers; no markup in names
    console = Console(width=10_000, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        for line in (results["title"], results["file"]):
            if line:
                console.print(line)
        unit = "A/m2" if si else "(paper's units)"
        console.print(f"j0 = {results['j0']:.7g} {unit}; positive: electrons flow towards +x")
        for table in (_magnets(results, si), _spacers(results), _sums(results, si)):
            if table.rows:
                console.print()
                console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def _magnets(results: dict[str, Any], si: bool) -> Table:
    title = "Torque, J/m2" if si else "Absorbed spin current (paper's units)"
    table = _table(title, [""], ["x", "y", "z", "magnitude"])
    for row in results["ferromagnets"]:
        vector = row["torque"] if si else row["absorbed_spin_current"]
        numbers = (*vector, math.hypot(*vector))
        table.add_row(row["name"], *(_number(x) for x in numbers))
    return table


def _spacers(results: dict[str, Any]) -> Table:
    columns = ["angle (deg)", "g left", "g right"]
    table = _table("Efficiencies g, eq. (1)", ["left", "right"], columns)
    for row in results["spacers"]:
        numbers = (row["angle_deg"], row["efficiency_left"], row["efficiency_right"])
        table.add_row(row["left"], row["right"], *(f"{x:.7g}" for x in numbers))
    return table


def _sums(results: dict[str, Any], si: bool) -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for key, name in (("spin_resistance", "spin resistance dr"), ("resistance", "resistance RA")):
        femto = f"Ohm m2  = {results[key] * 1e15:.7g} fOhm m2" if si else ""
        table.add_row(name, _number(results[key]), femto)
    table.add_row("voltage", _number(results["voltage"]), "V" if si else "")
    return table


def _table(title: str, names: list[str], numbers: list[str]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in names:
        table.add_column(column)
    for column in numbers:
        table.add_column(column, justify="right")
    return table


def _number(x: float) -> str:
    return f"{x:.6e}" if x else "0"
