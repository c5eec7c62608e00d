"""``spinfem sensitivity``: which numbers of a stack file matter most."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from .._checks import visible
from ..solver import solve
from .output import Dpi, Plot, check_picture, write_picture
from .sensitivityreport import Output, foremost, rates_of, sensitivity_report

BARS = 10
"""Numbers that the picture shows of each result."""


def rank(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Stack file (TOML).")],
    of: Annotated[
        list[Output] | None,
        typer.Option("--of", help="Which results; once for each. Default: all."),
    ] = None,
    picture: Plot = None,
    dpi: Dpi = None,
) -> str:
    """Tell on which numbers of the stack in FILE its results depend most.

    Printed is d ln(result)/d ln(number): by how many percent a result changes if a number does by
    one percent, and for the angles of m by what part for one degree. Results are those of what is
    stationary, which no tau matters to. Below, the numbers that matter
    most for every result, with bars of + or -.

    \b
    Results:
      spin_resistance  dr
      resistance       RA, of the whole stack
      torque           T, the size of that on each ferromagnet
      efficiency       g of eq. (1), of both sides of each spacer

    \b
    Numbers, of each layer by itself, then of all copies of a layer in a repeated
    cell together, and of all that is of a metal:
      thickness, l, lambda_J, lambda_phi
      D                1/rho, 1/rho* of Valet and Fert
      p                beta
      beta_D           of metals that have one; p moves both if not
      polar, azimuth   angles of m
      resistance       of an interface, AR*; and its gamma and delta
      G_r, G_i         the mixing conductance
    """  # noqa: D301 - a real backspace tells typer to keep the lines
    from ..io.stackfile import read

    check_picture(picture, dpi)
    description = read(file)
    with np.errstate(all="ignore"):  # numbers out of range are found in the results
        try:
            rates = rates_of(solve(description.stack, 1.0), of or Output)
            text = sensitivity_report(rates)
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from None
    if picture:
        from ..plot.sensitivity import sensitivity_figure

        figure = sensitivity_figure([(" ".join(one.label), foremost(one, BARS)) for one in rates])
        write_picture(picture, dpi, figure)
    heads = map(visible, filter(None, [description.title, str(file)]))
    return "\n".join([*heads, text])
