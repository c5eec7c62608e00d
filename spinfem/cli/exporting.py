"""``spinfem export``: the torque of one spacer for a micromagnetic code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ..files.disk import check_target, replacing
from ..handoff.texts import TARGETS, Target
from ..solver import solve


def export(
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
