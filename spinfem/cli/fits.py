"""``spinfem fit``: numbers of a stack file from measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer

from .._checks import check_installed
from ..files.disk import check_target
from .output import Dpi, Plot, check_picture, write_picture
from .sensitivityreport import Output

Component = Literal["x", "y", "z", "damping-like", "field-like"]
Comparison = Literal["change", "relative", "ratio"]


def fit_numbers(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Stack file (TOML).")],
    data: Annotated[Path, typer.Argument(metavar="DATA.csv", help="What was measured.")],
    free: Annotated[
        list[str],
        typer.Option(
            metavar="LAYER.KEY=START[:LOWER:UPPER]",
            help="What is fitted, from where on, and bounds; once for each.",
        ),
    ],
    of: Annotated[Output, typer.Option("--of", help="What was measured.")] = Output.RESISTANCE,
    turn: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=POLAR[:AZIMUTH]",
            help="Compare FILE's state to that with m of NAME turned to these degrees.",
        ),
    ] = None,
    compare: Annotated[
        Comparison, typer.Option(help="What is made of both, with --turn.")
    ] = "change",
    on: Annotated[
        str | None, typer.Option(metavar="NAME", help="The ferromagnet on which a torque or g is.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="The ferromagnet by which it is.")
    ] = None,
    component: Annotated[Component | None, typer.Option(help="Of a torque.")] = None,
    column: Annotated[
        str | None, typer.Option("--data", metavar="COLUMN", help="The column that was measured.")
    ] = None,
    uncertainty: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column of its standard deviations.")
    ] = None,
    prior: Annotated[
        list[str] | None,
        typer.Option(metavar="LAYER.KEY=MEAN:SIGMA", help="What else is known of one of --free."),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="LAYER.KEY=VALUE", help="A number in place of FILE's."),
    ] = None,
    confidence: Annotated[
        float | None,
        typer.Option(
            metavar="PROBABILITY", help="Print intervals of that probability, such as 0.95."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all results as one JSON object.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT.csv", help="Write data, fit and residuals."),
    ] = None,
    picture: Plot = None,
    dpi: Dpi = None,
) -> str:
    """Fit numbers of the stack in FILE to measurements, by least squares.

    DATA.csv has names of columns in its first line. Those with a dot are what was measured at, keys
    of FILE as in spinfem sweep --vary, such as free.thickness_nm; A.KEY=B.KEY gives both one value,
    and so does --free. The column that was measured has its unit at its end, such as
    AdR_fOhm_m2, RA_Ohm_um2, R_Ohm, MR_percent or T_uJ_m2; without a unit it is in SI, or in that of
    FILE. Other columns are left alone, and named.

    \b
    Measured are
      A dR                --of resistance --turn free=180
      magnetoresistance   --of resistance --turn free=180 --compare relative
      torque at j0        --of torque --on free --component x; over currents with
                          a column j0_A_m2
      g of eq. (1)        --of efficiency --on free --by fixed
      ratio of critical currents without a field, of FILE's state to the other
                          --of efficiency --on free --by fixed --turn free=180
                          --compare ratio
    A resistance in Ohm is (RA + contact)/area + series of a pillar, whose numbers
    are columns, --free or --set: pillar.area_um2, pillar.contact_fOhm_m2 and
    pillar.series_Ohm.

    Without --uncertainty the scatter about the fit says how uncertain all is.
    LOWER and UPPER, each of which may be empty, are by default the ends of what the key may be.

    \b
    With --json, one JSON object:
      title, file, data, column, output
      points              number of them
      parameters          of each of --free and --set, in the unit of its key:
        name, value, start
        uncertainty       standard deviation; null if given or undetermined
        interval          with --confidence, else null
        lower, upper      null for none
        fitted            false of --set
        determined        false if the data do not tell it
        at_bound          true if it ended at its lower or upper
      correlations        of each pair: names, value
      chi_square          null without --uncertainty
      scatter             about the fit, in the unit of the column
      degrees_of_freedom
      best_fit            of each point, in the unit of the column
      spinfem_version
    """  # noqa: D301 - a real backspace tells typer to keep the lines
    from ..io.columns import read_columns
    from ..io.stackfile import read

    if output is not None:
        check_target(output, ".csv")
    check_picture(picture, dpi)
    if compare != "change" and not turn:
        raise ValueError("--compare must come with --turn, which says what is compared")
    try:
        check_installed("a fit", "pip install lmfit", "lmfit")
    except ImportError as error:
        raise ValueError(str(error)) from None
    from .fitfile import Request, fit_file
    from .fitreport import fit_report, fit_to_json, results_of_fit, write_points

    description, table = read(file), read_columns(data)
    request = Request(
        of.value,
        on,
        by,
        component,
        turn or [],
        compare,
        column,
        uncertainty,
        free,
        given or [],
        prior or [],
        confidence,
    )
    with np.errstate(all="ignore"):
        found = fit_file(description, table, request)
    if output is not None:
        write_points(found, table, uncertainty, output)
    if picture is not None:
        from matplotlib.figure import Figure

        from ..plot.fits import fit_panels

        figure = Figure(figsize=(4.6, 4.2), layout="constrained")
        found.fit.plot(axes=fit_panels(figure))
        write_picture(picture, dpi, figure)
    if as_json:
        return fit_to_json(results_of_fit(description, table, found))
    return fit_report(description, table, found, confidence, uncertainty)
