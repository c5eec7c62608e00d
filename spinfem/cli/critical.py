"""``spinfem critical``: the currents at which states of a stack file become unstable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
import typer

from .._checks import positive
from .._version import __version__
from .moving import moving_magnets, states_without_current
from .report import to_json

if TYPE_CHECKING:
    from ..dynamics.dynamics import Dynamics
    from ..dynamics.steady import SteadyState
    from ..dynamics.thresholds import Threshold
    from ..io.stackfile import StackFile
    from ..texts.tables import Part


class Found(NamedTuple):
    """A state that is stable without current, and where it ceases to be."""

    name: str
    state: SteadyState
    damping: dict[str, list[list[float]]]  # by magnet
    thresholds: list[Threshold] | None  # None: it turns with the current, and was not followed


def critical_of(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Stack file (TOML), in SI units.")],
    up_to: Annotated[
        float | None,
        typer.Option(
            metavar="J0",
            help="Largest current, A/m2, of either sign; states that turn with the current need "
            "it.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all results as one JSON object.")
    ] = False,
) -> str:
    """Find the currents at which the magnets in FILE begin to switch or to oscillate.

    Layers with Ms_A_m or mu0_Ms_T in FILE move, unless they are held. States are all those that are
    stable without current in the field of FILE, as parallel and antiparallel; m in FILE only tells
    which comes first, and j0 is of no account. Of each the damping is printed, with that by spin
    pumping, and every current at which it becomes unstable, or stable again, by eigenvalues. Above
    means at larger j0.

    An oscillation begins with a precession of the frequency f that grows; what comes of it,
    spinfem run tells. At a saddle the state is left along a line. A state that turns with the
    current, as in a field across the easy axis, is followed if --up-to says how far.

    \b
    With --json, one JSON object:
      title, file
      field                A/m, vector
      states               of each:
        state              as it is printed
        m                  unit vectors by magnet
        damping            2 x 2 by magnet: in place of alpha, with pumping
        thresholds         null if it turns with the current; else of each:
          j0               A/m2, positive when electrons flow towards +x
          current_density  A/m2, conventional, minus that
          kind             "oscillation" or "saddle"
          frequency        Hz
          unstable         "above", "below" or "both"
      spinfem_version
    """  # noqa: D301 - a real backspace tells typer to keep the lines
    if up_to is not None:
        positive("--up-to (largest current)", up_to)
    description, system = moving_magnets(file)
    with np.errstate(all="ignore"):  # numbers out of range are found in the results
        states = states_without_current(file, system)
        found = [_found(file, system, state, up_to) for state in states]
    if as_json:
        return to_json(_results(description, system, found))
    from ..texts.tables import as_text

    return as_text([*filter(None, [description.title, str(file)]), *_parts(system, found)])


def _found(path: Path, system: Dynamics, state: SteadyState, up_to: float | None) -> Found:
    """Find the thresholds of a state, on both sides of no current."""
    from ..dynamics.describing import described
    from ..dynamics.thresholds import thresholds_without_current

    name, m = described(system, state.directions), state.directions
    damping = {one: system.damping(one, m).tolist() for one in system.names}
    try:
        thresholds = thresholds_without_current(system, m, up_to)
    except ValueError as error:
        raise ValueError(f"{path}: state {name}: {error}") from None
    return Found(name, state, damping, thresholds)


def _results(file: StackFile, system: Dynamics, found: list[Found]) -> dict[str, Any]:
    return {
        "title": file.title,
        "file": str(file.path),
        "field": system.fields.applied.tolist(),
        "states": [
            {
                "state": one.name,
                "m": {name: m.tolist() for name, m in one.state.m.items()},
                "damping": one.damping,
                "thresholds": one.thresholds
                and [
                    {
                        "j0": threshold.j0,
                        "current_density": -threshold.j0,
                        "kind": threshold.kind,
                        "frequency": threshold.frequency,
                        "unstable": threshold.unstable,
                    }
                    for threshold in one.thresholds
                ],
            }
            for one in found
        ],
        "spinfem_version": __version__,
    }


def _parts(system: Dynamics, found: list[Found]) -> list[Part]:
    """Return what is printed."""
    from ..texts.tables import Column, Table

    alphas = dict(zip(system.names, system.fields.alpha.tolist(), strict=True))

    def damping(row: tuple[Found, str]) -> list[str]:
        one, name = row
        total = np.trace(one.damping[name]) / 2
        return [one.name, name, f"{alphas[name]:.6g}", f"{total:.6g}"]

    def threshold(row: tuple[Found, Threshold]) -> list[str]:
        one, found = row
        precession = f"{found.frequency / 1e9:.4g}" if found.frequency else ""
        currents = f"{found.j0:.6g}", f"{-found.j0:.6g}"
        return [one.name, *currents, found.unstable, found.kind, precession]

    states = [(one, name) for one in found for name in system.names]
    changes = [
        (one, threshold)
        for one in found
        for threshold in one.thresholds or ()
        if threshold.changes_stability
    ]
    texts = Column("state", is_text=True), Column("magnet", is_text=True)
    parts: list[Part] = [
        "j0 is positive when electrons flow towards +x; conventional is minus that",
        Table([*texts, Column("alpha"), Column("with pumping")], states, damping, "Damping"),
    ]
    columns = [
        texts[0],
        *map(Column, ("j0 (A/m2)", "conventional (A/m2)")),
        Column("unstable", is_text=True),
        Column("by", is_text=True),
        Column("f (GHz)"),
    ]
    if changes:
        parts.append(Table(columns, changes, threshold, "Critical currents"))
    lines = []
    for one in found:
        if one.thresholds is None:
            lines.append(f"{one.name}: turns with the current; --up-to J0 (A/m2) follows it")
        elif not any(threshold.changes_stability for threshold in one.thresholds):
            lines.append(f"{one.name}: stable at all currents that were looked at")
    return [*parts, *[""] * bool(lines), *lines]
