"""``spinfem converge``: how the errors of a stack file fall."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..files.disk import check_target
from .output import Dpi, Plot, check_picture, write_picture
from .swinging import Frequency, check_times


def study(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Stack file (TOML).")],
    degree: Annotated[int, typer.Option(help="Degree of the elements; with --p the highest.")] = 2,
    refinements: Annotated[
        int, typer.Option(help="Number of meshes: elements in 1, 2, 3, 4, 6, ... parts.")
    ] = 8,
    uniform: Annotated[
        bool, typer.Option("--uniform", help="Make all elements of a layer equally wide.")
    ] = False,
    by_degree: Annotated[
        bool, typer.Option("--p", help="Raise the degree on one mesh instead of refining it.")
    ] = False,
    frequency: Frequency = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="OUT.csv", help="Write the table.")
    ] = None,
    picture: Plot = None,
    dpi: Dpi = None,
) -> str:
    """Study how the errors of the stack in FILE fall as its mesh is refined.

    Layers from a mesh file are refined from its nodes on. Errors are relative, against the exact
    stack or, with graded layers, an over-resolved solve. Rates are exponents of h, fitted to the
    errors with a star; where there is none, a line says why, and what to do.
    """
    from ..io.stackfile import read
    from ..studies.convergence import converge

    if output is not None:
        check_target(output, ".csv")
    check_picture(picture, dpi)
    description = read(file)
    if frequency is not None:
        check_times(description)
    study = converge(
        description.stack,
        description.j0,
        degree=degree,
        refinements=refinements,
        refine="p" if by_degree else "h",
        grading=not uniform,
        frequency=frequency,
    )
    if output is not None:
        study.save(output)
    if picture is not None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(4.6, 3.6), layout="constrained")
        study.plot(figure.add_subplot())
        write_picture(picture, dpi, figure)
    return str(study)
