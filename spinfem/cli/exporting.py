"""``spinfem export``: the torques on a free layer for a micromagnetic code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from .._checks import listed, note
from ..files.disk import check_target, replacing
from ..handoff.texts import Normal, Target
from ..solver import solve


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Stack file (TOML), in SI units.")],
    target: Annotated[Target, typer.Option("--to", help="What to write.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="Write the text.")],
    fixed: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="The ferromagnet that polarizes; once or twice."),
    ] = None,
    free: Annotated[
        str | None, typer.Option(metavar="NAME", help="The layer that the torque acts on.")
    ] = None,
    normal: Annotated[
        Normal, typer.Option(help="The code's axis along the stack's x, the normal of its films.")
    ] = "z",
    allow_error: Annotated[
        bool,
        typer.Option("--allow-error", help="Write forms that are off by more than 5 %, too."),
    ] = False,
) -> str:
    """Hand over the torques on a layer in FILE to a micromagnetic code.

    \b
    oommf         Oxs_SpinXferEvolve with P and Lambda of both layers, eps_prime
    mumax3        Pol, Lambda, EpsilonPrime, if g keeps its sign; for mumax+ too
    mumax3-field  a custom field for mumax3, any g and field-like torque
    ubermag       micromagneticmodel.Slonczewski, if g keeps its sign
    csv           theta (degrees), g, epsilon = g/2 and, towards m of the fixed
                  layer, torque over j0 (J/A); h, epsilon' and torque across

    How exact it is stands in OUT and is printed, on stderr as well if it is not exact. A form whose
    damping-like or field-like part is off by more than 5 % of the torque's maximum is refused, with
    the names of those that are better, unless there is --allow-error. OUT also says which way the
    current is positive and where the numbers come from.

    In a stack with one spacer the fixed layer is by default that on its left. Of a free layer
    between two fixed ones both spacers are exported, each as a block with its name and, where both
    magnetizations are collinear, their sum; mumax3 takes the sum, and mumax3-field adds up any two.
    Torques over the directions of two layers are a sweep of them:
    spinfem sweep FILE --vary A.polar_deg=0:180:19 --vary B.polar_deg=0:180:19 ... -o OUT.nc
    """  # noqa: D301 - a real backspace tells typer to keep the lines
    from ..handoff.several import exported
    from ..io.stackfile import read

    check_target(output)
    description = read(file)
    if description.units != "SI":
        raise ValueError(f"{file}: units must be SI for a hand-off, got the paper's")
    with np.errstate(all="ignore"):  # numbers out of range are found in the results
        try:
            solution = solve(description.stack, description.j0)
            polarizers, layer = _chosen(solution.spacers, fixed or [], free)
            made = exported(
                solution, polarizers, layer, target, normal=normal, allow_error=allow_error
            )
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None
    with replacing(output) as temporary:
        temporary.write_text(made.text, encoding="utf-8")
    for warning in made.warnings:
        note(f"warning: {output}: {warning}")
    return "\n".join(f"{output}: {block}" for block in made.blocks)


def _chosen(
    spacers: Sequence[tuple[str, str]], fixed: list[str], free: str | None
) -> tuple[list[str], str]:
    """Choose the fixed layers and the free one, as far as they are not given."""
    if fixed and free is not None:
        return fixed, free
    if not fixed and free is None:
        found = list(spacers)
    else:
        both = [pair for one in spacers for pair in (one, one[::-1])]
        found = [pair for pair in both if pair[0] in (fixed or pair) and free in (None, pair[1])]
    layers = {layer for _, layer in found}
    if len(layers) != 1 or len(found) != (len(fixed) or len(found)):
        known = listed([f"{left!r} and {right!r}" for left, right in spacers]) or "none"
        given = " and ".join(fixed) or None
        raise ValueError(
            "--fixed and --free must name ferromagnets with a spacer between them "
            f"({known}), got --fixed {given}, --free {free}"
        )
    return [name for name, _ in found], layers.pop()
