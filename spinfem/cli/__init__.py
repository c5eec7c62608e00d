"""The `spinfem` command.

Bad input is one line ``error: ...`` on stderr and exit status 2, without a traceback. Files that
are written appear whole or not at all. The keys of ``--json`` are in ``spinfem solve --help``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import numpy as np
import typer

from .._checks import positive
from .._version import __version__
from ..files.disk import check_target, replacing
from ..handoff.texts import TARGETS, Target
from ..solver import solve
from .report import report, results_of, to_json
from .sensitivityreport import Output, is_angle, rates_of, sensitivity_report

if TYPE_CHECKING:
    from ..io.schema import Units
    from ..solution import Solution

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
    except MemoryError as error:
        return _fail(f"memory must hold all results: {error}")
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
    wire: Annotated[
        float | None,
        typer.Option(
            metavar="DIAMETER",
            help="In OUT.vtu draw a round wire, not a line; nm, or FILE's unit of length.",
        ),
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
        spin_potential         vector, V; null where it jumps
        spin_potential_left    vector just left of the interface, V
        spin_potential_right   vector just right of it
        spin_current_left      vector just left of the interface, A/m2
        spin_current_right     vector just right of it
      spin_resistance          Ohm m2
      resistance               Ohm m2, of the whole stack
      voltage                  V, j0 times resistance
      spinfem_version
    """  # noqa: D301 - a real backspace tells typer to keep the lines
    from ..io.stackfile import read

    if output:
        check_target(output, ".vtu")
    if wire is not None:
        positive("--wire (diameter)", wire)
        if not output:
            raise ValueError("--wire must come with -o OUT.vtu, where the wire is drawn")
    if picture:
        check_target(picture, *PICTURES)
    description = read(file)
    with np.errstate(all="ignore"):  # numbers out of range are found in the results
        try:
            solution = solve(description.stack, description.j0)
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None
        results = results_of(description, solution)
        text = to_json(results)
        _write(solution, description.units, output, wire, picture)
    return text if as_json else report(results)


def _write(
    solution: Solution,
    units: Units,
    output: Path | None,
    wire: float | None,
    picture: Path | None,
) -> None:
    """Write both files or, as far as errors come before the end, neither."""
    si = units == "SI"
    drawn: Literal["SI", "plain"] = "SI" if si else "plain"
    with ExitStack() as pending:
        if picture:
            from ..plot.pictures import overview

            temporary = pending.enter_context(replacing(picture))
            figure = overview(solution, units=drawn)
            figure.savefig(temporary)
        if output and wire is not None:
            diameter = wire * 1e-9 if si else wire
            solution.save_wire(output, diameter=diameter, units=drawn)
        elif output:
            solution.save(output, units=drawn)


@app.command("sweep")
def _sweep(
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
    picture: Annotated[
        Path | None,
        typer.Option("--plot", metavar="OUT.png", help="Draw g and dr over one or two axes."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=1024, help="Number of processes.")] = 1,
) -> str:
    """Solve the stack in FILE over ranges of its numbers.

    LAYER is the name of a layer, an interface, a material or a lead in FILE, or left or right for
    its leads; where a layer and a material share a name, that which has KEY is meant. KEY is any
    of its numbers, such as thickness_nm, polar_deg, AR_fOhm_m2, l_nm or beta. N values are evenly
    spaced, both START and STOP included; START:STOP:N:log spaces them evenly in the logarithm. More
    than one --vary make the outer product.

    OUT.nc holds torque, absorbed_spin_current, efficiency, spin_resistance and resistance, with
    units; no torque in the paper's units. If the command is stopped, by whatever, OUT.nc is as it
    was before, and the same command goes on where it was; a directory .OUT.nc.parts keeps what is
    done until then.
    """
    from ..io.stackfile import read
    from ..io.vary import parse
    from ..studies.dataset import check_xarray

    check_target(output, ".nc")
    if picture:
        check_target(picture, *PICTURES)
    description = read(file)
    variations = [parse(text, description) for text in vary]
    names = [variation.name for variation in variations]
    if len({variation.where for variation in variations}) < len(names):
        raise ValueError(f"--vary must name each key once, got {', '.join(names)}")
    if picture:
        from ..plot.sweeps import check_axes

        check_axes(names)
    try:
        check_xarray("h5netcdf", "h5py")
    except ImportError as error:
        raise ValueError(str(error)) from None
    from .sweepfile import sweep_file

    dataset = sweep_file(description, variations, output, workers)
    if picture:
        from ..plot.sweeps import sweep_overview

        with replacing(picture) as temporary:
            sweep_overview(dataset).savefig(temporary)
    sizes = " x ".join(
        f"{name} ({variation.values.size})"
        for name, variation in zip(names, variations, strict=True)
    )
    return f"{output}: {dataset['spin_resistance'].size} points, {sizes}"


@app.command("export")
def _export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Stack file (TOML), in SI units.")],
    target: Annotated[Target, typer.Option("--to", help="What to write.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="Write the text.")],
    fixed: Annotated[
        str | None, typer.Option(metavar="NAME", help="The ferromagnet that polarizes.")
    ] = None,
    free: Annotated[
        str | None, typer.Option(metavar="NAME", help="The layer that the torque acts on.")
    ] = None,
) -> str:
    """Hand over the torque of one spacer in FILE to a micromagnetic code.

    \b
    oommf         Oxs_SpinXferEvolve with P and Lambda of both layers
    mumax3        Pol and Lambda, if g keeps its sign; for mumax+ as well
    mumax3-field  a custom field for mumax3, any g
    ubermag       micromagneticmodel.Slonczewski, if g keeps its sign
    csv           theta (degrees), g, epsilon = g/2 and, towards m of the fixed
                  layer, torque over j0 (J/A)

    OUT says how exact it is, which way the current is positive and where the numbers come from. In
    a stack with one spacer the fixed layer is by default that on its left. With more of them, every
    spacer is one export; torques over the directions of two layers are a sweep of them:
    spinfem sweep FILE --vary A.polar_deg=0:180:19 --vary B.polar_deg=0:180:19 ... -o OUT.nc
    """  # noqa: D301 - a real backspace tells typer to keep the lines
    from ..handoff.torques import slonczewski
    from ..io.stackfile import read

    check_target(output)
    description = read(file)
    if description.units != "SI":
        raise ValueError(f"{file}: units must be SI for a hand-off, got the paper's")
    with np.errstate(all="ignore"):  # numbers out of range are found in the results
        try:
            solution = solve(description.stack, description.j0)
            pair = _pair(solution.spacers, fixed, free)
            torque = slonczewski(solution, *pair)
            text = TARGETS[target](torque)
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None
    with replacing(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return f"{output}: torque on {torque.free!r} from {torque.fixed!r}"


def _pair(
    spacers: Sequence[tuple[str, str]], fixed: str | None, free: str | None
) -> tuple[str, str]:
    """Choose the fixed and the free layer, as far as they are not given."""
    if fixed is not None and free is not None:
        return fixed, free
    if fixed is None and free is None:
        found = list(spacers)
    else:
        both = [pair for one in spacers for pair in (one, one[::-1])]
        found = [pair for pair in both if fixed in (None, pair[0]) and free in (None, pair[1])]
    if len(found) != 1:
        known = ", ".join(f"{left!r} and {right!r}" for left, right in spacers) or "none"
        raise ValueError(
            "--fixed and --free must name two ferromagnets with a spacer between them "
            f"({known}), got --fixed {fixed}, --free {free}"
        )
    return found[0]


@app.command("sensitivity")
def _sensitivity(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Stack file (TOML).")],
    of: Annotated[
        list[Output] | None,
        typer.Option("--of", help="Which results; once for each. Default: all."),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--plot", metavar="OUT.png", help="Draw bars; or .svg, .pdf."),
    ] = None,
) -> str:
    """Tell on which numbers of the stack in FILE its results depend most.

    Printed is d ln(result)/d ln(number): by how many percent a result changes if a number does by
    one percent, and for the angles of m by what part for one degree. Below, the numbers that matter
    most for every result, with bars of + or -.

    \b
    Results:
      spin_resistance  dr
      resistance       RA, of the whole stack
      torque           T, the size of that on each ferromagnet
      efficiency       g of eq. (1), of both sides of each spacer

    \b
    Numbers, of each layer by itself:
      thickness, l, lambda_J, lambda_phi
      D                1/rho, 1/rho* of Valet and Fert
      p                beta
      polar, azimuth   angles of m
      resistance       of an interface, AR*; and its gamma
      G_r, G_i         the mixing conductance
    """  # noqa: D301 - a real backspace tells typer to keep the lines
    from ..io.stackfile import read

    if picture:
        check_target(picture, *PICTURES)
    description = read(file)
    with np.errstate(all="ignore"):  # numbers out of range are found in the results
        try:
            rates = rates_of(solve(description.stack), of or Output)
            text = sensitivity_report(rates)
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None
    if picture:
        from ..plot.sensitivity import sensitivity_figure

        bars = [
            (" ".join(one.label), {n: x for n, x in one.by.items() if not is_angle(n)})
            for one in rates
        ]
        with replacing(picture) as temporary:
            sensitivity_figure(bars).savefig(temporary, dpi=200)
    return "\n".join([*filter(None, [description.title, str(file)]), text])


@app.command("materials")
def _materials(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A metal or interface of the list.")
    ] = None,
) -> str:
    """List the sourced materials and interfaces, or one of them with its sources.

    In Python: spinfem.material(NAME), spinfem.interface(NAME).
    """
    from ..sample.library import SHIPPED
    from .librarytext import details, listing

    return listing(SHIPPED) if name is None else details(SHIPPED, name)


@app.command("converge")
def _converge(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Stack file (TOML).")],
    degree: Annotated[int, typer.Option(help="Degree of the elements; with --p the highest.")] = 2,
    refinements: Annotated[int, typer.Option(help="Number of meshes: 1, 2, 3, 4, 6, 8, ...")] = 8,
    uniform: Annotated[
        bool, typer.Option("--uniform", help="Make all elements of a layer equally wide.")
    ] = False,
    by_degree: Annotated[
        bool, typer.Option("--p", help="Raise the degree on one mesh instead of refining it.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT.csv", help="Write the table.")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option("--plot", metavar="OUT.png", help="Draw the errors; or .svg, .pdf."),
    ] = None,
) -> str:
    """Study how the errors of the stack in FILE fall as its mesh is refined.

    Errors are relative, against the exact stack or, with interfaces, exchange lengths or graded
    layers, an over-resolved solve. Rates are exponents of h, fitted to the errors with a star.
    """
    from ..io.stackfile import load
    from ..studies.convergence import converge

    if output is not None:
        check_target(output, ".csv")
    if picture is not None:
        check_target(picture, *PICTURES)
    stack, j0 = load(file)
    study = converge(
        stack,
        j0,
        degree=degree,
        refinements=refinements,
        refine="p" if by_degree else "h",
        grading=not uniform,
    )
    if output is not None:
        study.save(output)
    if picture is not None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(4.6, 3.6), layout="constrained")
        study.plot(figure.add_subplot())
        with replacing(picture) as temporary:
            figure.savefig(temporary, dpi=200)
    return f"{study.table}\nagainst: {study.reference}"


@app.command("figures")
def _figures(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to write; made if there is none.")
    ] = Path("figures"),
) -> None:
    """Compute and draw the paper's Figs. 2 to 7 and three more.

    Each is written as PNG and SVG, or GIF, with the numbers behind it as CSV. All of them are
    solved, none comes from a closed form. Every file is printed as soon as it is there.
    """
    from ..figures import make

    make(directory, lambda file: _print(f"{file.path}  {file.description}"))
