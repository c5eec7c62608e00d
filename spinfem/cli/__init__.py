"""The `spinfem` command.

Bad input is one line ``error: ...`` on stderr and exit status 2, without a traceback; numbers that
no sample has are used, and named in lines ``warning: ...`` there. Files that are written appear
whole or not at all. The keys of ``--json`` are in ``spinfem solve --help``.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Annotated, Any, NoReturn

import typer

from .._checks import note
from .._version import __version__
from ..sample.units import UnitWarning
from .converging import study
from .copying import copy_examples
from .critical import critical_of
from .drawing import draw_figures
from .exploring import explore_file
from .exporting import export
from .files import begin, check, print_schema
from .fits import fit_numbers
from .output import quiet_drawing, say
from .phases import phase
from .running import run_file
from .sensitivities import rank
from .solving import solve_file
from .sourced import list_sourced
from .sweeping import sweep_over
from .transients import follow_current

TOP = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    rich_markup_mode=None,
    context_settings=TOP,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    epilog="spinfem COMMAND --help says more about each command, with an example.",
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
    """Run the command line and say of its warnings; none of a user's making leaves it."""
    with warnings.catch_warnings():
        warnings.simplefilter("default", UnitWarning)
        warnings.showwarning = partial(_warn, warnings.showwarning)
        return _run(arguments)


def _warn(
    others: Callable[..., None], message: Warning | str, category: type[Warning], *where: Any
) -> None:
    """Print what is said of units as one line; leave other warnings to others."""
    if issubclass(category, UnitWarning):
        note(f"warning: {message}")
    else:
        others(message, category, *where)


def _run(arguments: Sequence[str] | None) -> int:
    """Run the command line; no exception of a user's making leaves it."""
    try:
        with quiet_drawing():
            result = _command()(args=arguments, prog_name="spinfem", standalone_mode=False)
        if isinstance(result, str):
            say(result)
        print(end="", flush=True)  # so that errors of writing come here
        return result if isinstance(result, int) else 0
    except typer.TyperException as error:
        return _fail(f"{error.format_message().rstrip('.')}; try '{_help_of(arguments)}'")
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


@cache
def _command() -> Any:
    """Return the command with all of its own, which take longer to make than a solution."""
    return typer.main.get_command(app)


def _help_of(arguments: Sequence[str] | None) -> str:
    """Return what prints the help of the command that was given, if there was one."""
    given = sys.argv[1:] if arguments is None else arguments
    command = next((argument for argument in given if not argument.startswith("-")), None)
    known = command in {info.name for info in app.registered_commands}
    return f"spinfem {command} --help" if known else "spinfem --help"


def _fail(message: str) -> int:
    note(f"error: {message}")
    return 2


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spinfem {__version__}")
        raise typer.Exit


@app.callback()
def _spinfem(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Diffusive spin transport in layered metals."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


# in the order in which --help lists them
COMMANDS: tuple[tuple[str, Callable[..., object], str], ...] = (
    ("new", begin, "valve.toml"),
    ("check", check, "examples/co_cu_py.toml"),
    ("solve", solve_file, "examples/co_cu_py.toml -o valve.vtu --plot valve.png"),
    (
        "sweep",
        sweep_over,
        "examples/co_cu_py.toml --vary free.polar_deg=0:180:181 \\\n      -o g.nc --plot g.png",
    ),
    (
        "fit",
        fit_numbers,
        "examples/fit_exchange_biased_valve.toml \\\n"
        "      examples/fit_exchange_biased_valve.csv --turn free=180 \\\n"
        "      --free Py.beta=0.5:0:1 --free Py.l_nm=10 \\\n"
        "      --data AdR_fOhm_m2 --uncertainty error_fOhm_m2 --plot fit.png",
    ),
    ("export", export, "examples/co_cu_py.toml --to oommf -o torque.mif"),
    ("sensitivity", rank, "examples/co_cu_py.toml --of torque --plot bars.png"),
    ("critical", critical_of, "examples/oscillator.toml"),
    ("run", run_file, "examples/oscillator.toml -o run.nc --plot run.png"),
    (
        "phase",
        phase,
        "examples/oscillator.toml --vary j0_A_m2=-4e11:4e11:141 \\\n"
        "      --vary field_z_A_m=-8e4:8e4:141 -o phase.nc --plot phase.png",
    ),
    (
        "transient",
        follow_current,
        "examples/pulsed_valve.toml --time-ps 10 --pulse-ps 4 \\\n"
        "      -o pulse.csv --plot pulse.png",
    ),
    ("materials", list_sourced, "Py"),
    ("converge", study, "examples/co_cu_py.toml -o errors.csv --plot errors.png"),
    ("figures", draw_figures, "my_figures"),
    ("examples", copy_examples, "my_examples"),
    ("explore", explore_file, "examples/co_cu_py.toml"),
    ("schema", print_schema, "> spinfem.schema.json"),
)
"""Name, function and an example of each command."""

for name, function, example in COMMANDS:
    summary = str(function.__doc__).partition("\n")[0]  # all of it, where typer would cut it
    shown = f"\b\nExample:\n  spinfem {name} {example}"  # a real backspace: lines are kept
    app.command(name, short_help=summary, epilog=shown)(function)
