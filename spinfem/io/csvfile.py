"""Profiles of a solution as a table of comma-separated values."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from .._checks import visible
from ..files.disk import check_target
from ..results.profiles import FIELDS, profiles_of
from ..results.solved import SolvedStack
from ..texts.numbers import unit_of
from .columns import write_columns

COMPONENTS = ("x", "y", "z")


def write_csv(solution: SolvedStack, path: str | PathLike[str]) -> None:
    """Write the profiles of a single solution, as `Solution.to_csv` describes."""
    path = Path(path)
    check_target(path, ".csv")
    if solution.shape:
        raise ValueError(
            f"a .csv file needs a single solution, got a batch of shape {solution.shape}: take a "
            "point of it, solution[...], or solution.to_dataset()"
        )
    si = solution.stack.units == "SI"
    length = unit_of("thickness", solution.stack.units)
    profiles = profiles_of(solution)
    columns: dict[str, Any] = {
        "layer": [visible(name) for name in profiles.layers.tolist()],
        _head("x", length.name): (profiles.x / length.size).tolist(),
    }
    for name, (_, unit) in FIELDS.items():
        unit, values = unit if si else "", profiles.fields[name]
        if values.ndim == 1:
            columns[_head(name, unit)] = values.tolist()
            continue
        for component, part in zip(COMPONENTS, np.moveaxis(values, -1, 0), strict=True):
            columns[_head(f"{name}_{component}", unit)] = part.tolist()
    write_columns(path, columns)


def _head(name: str, unit: str) -> str:
    """Name a column, with the unit as keys of stack files have it: ``spin_current_x_A_m2``."""
    return "_".join(filter(None, [name, unit.replace("/", "_")]))
