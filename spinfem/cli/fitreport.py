"""Results of ``spinfem fit``: as a table, as JSON and as a file of points."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .._checks import FloatArray, listed
from .._version import __version__
from ..io.columns import Columns, unit_at_end, write_columns
from ..io.stackfile import StackFile
from ..texts.numbers import short
from ..texts.tables import Column, Part, Table, as_text
from .fitfile import FileFit, Parameter

TELLING = 0.5
"""Correlations are shown from this on, as a rule of what matters."""


def results_of_fit(file: StackFile, table: Columns, found: FileFit) -> dict[str, Any]:
    """Collect what ``--json`` prints, as described there."""
    fit = found.fit
    names = {one.key.identifier: one.key.name for one in found.parameters if one.vary}
    pairs = [(a, b) for i, a in enumerate(names) for b in [*names][:i]]
    return {
        "title": file.title,
        "file": str(file.path),
        "data": table.source,
        "column": found.column,
        "output": fit.output.title,
        "points": fit.best_fit.size,
        "parameters": [
            {
                "name": one.key.name,
                "value": _of_key(one, fit.values[one.key.identifier]),
                "uncertainty": _known(_deviation(found, one)),
                "interval": [_known(x) for x in _interval(found, one)] or None,
                "start": one.start,
                "lower": _known(one.lower),
                "upper": _known(one.upper),
                "fitted": one.vary,
                "determined": one.key.identifier not in fit.undetermined,
                "at_bound": one.key.identifier in fit.at_bounds,
            }
            for one in found.parameters
        ],
        "correlations": [
            {"names": [names[b], names[a]], "value": _known(fit.correlation[a, b])}
            for a, b in pairs
        ],
        "chi_square": float(fit.result.chisqr) if _is_known(found) else None,
        "scatter": _scatter(found),
        "degrees_of_freedom": int(fit.result.nfree),
        "best_fit": _of_column(found, fit.best_fit).tolist(),
        "spinfem_version": __version__,
    }


def fit_to_json(results: dict[str, Any]) -> str:
    """Return strict JSON."""
    return json.dumps(results, indent=2, allow_nan=False)


def fit_report(
    file: StackFile,
    table: Columns,
    found: FileFit,
    probability: float | None,
    uncertainty: str | None,
) -> str:
    """Write what was found for reading."""
    fit = found.fit
    head = f"{table.source}: {fit.best_fit.size} points of {found.column}, {fit.output.title}"
    likely = "" if probability is None else f"{100 * probability:g} %"
    columns = [
        Column("", is_text=True),
        Column("value"),
        Column("uncertainty"),
        Column(likely and f"{likely} from"),
        Column("to"),
        Column("", is_text=True),
        Column("start"),
        Column("", is_text=True),
    ]

    def cells(one: Parameter) -> list[str]:
        ends = [short(x) for x in _interval(found, one)] or ["", ""]
        sigma = _deviation(found, one)
        return [
            one.key.name,
            short(_of_key(one, fit.values[one.key.identifier])),
            f"{sigma:.2g}" if math.isfinite(sigma) else "",
            *ends,
            unit_at_end(one.key.name).written,
            short(one.start) if one.vary else "",
            _remark(found, one),
        ]

    freedom = f"{fit.result.nfree} degree{'s' * (fit.result.nfree != 1)} of freedom"
    unit = f" {found.unit.written}" if found.unit.written else ""
    scatter = _scatter(found)
    quality = "no scatter" if scatter is None else f"scatter about the fit {scatter:.3g}{unit}"
    if _is_known(found):
        quality = f"chi-square {fit.result.chisqr:.4g}"
    parts: list[Part] = [
        *filter(None, [file.title, str(file.path)]),
        head,
        *_left_alone(table, found, uncertainty),
        Table(columns, found.parameters, cells),
        "",
        f"{quality} for {freedom}, {fit.solves} solves",
    ]
    return as_text([*parts, *_correlations(found)])


def write_points(found: FileFit, table: Columns, uncertainty: str | None, path: Path) -> None:
    """Write what was measured at, what was measured, the fit and its residuals."""
    unit = found.unit
    end = found.column[len(unit.plain) :]
    columns: dict[str, Sequence[Any]] = {
        name: values.tolist() for name, values in found.columns.items()
    }
    columns[found.column] = table.numbers(found.column).tolist()
    if uncertainty is not None:
        columns[uncertainty] = table.numbers(uncertainty).tolist()
    columns[f"{unit.plain}_fit{end}"] = _of_column(found, found.fit.best_fit).tolist()
    columns[f"{unit.plain}_residual{'' if uncertainty else end}"] = (
        found.fit.residuals if uncertainty else _of_column(found, found.fit.residuals)
    ).tolist()
    write_columns(path, columns)


def _left_alone(table: Columns, found: FileFit, uncertainty: str | None) -> list[str]:
    """Name the columns that were not used."""
    used = {found.column, uncertainty, *found.columns}
    left = [name for name in table.names if name not in used]
    return [f"columns left alone: {listed(left)}"] if left else []


def _correlations(found: FileFit) -> list[Part]:
    """Return the pairs of parameters that go together, the strongest first."""
    fit = found.fit
    free = [one.key for one in found.parameters if one.vary]
    pairs = [
        (first.name, second.name, fit.correlation[first.identifier, second.identifier])
        for i, first in enumerate(free)
        for second in free[i + 1 :]
    ]
    telling = sorted((p for p in pairs if abs(p[2]) >= TELLING), key=lambda pair: -abs(pair[2]))
    return [f"correlation of {a} and {b}: {value:.2f}" for a, b, value in telling]


def _remark(found: FileFit, one: Parameter) -> str:
    if not one.vary:
        return "given"
    if one.key.identifier in found.fit.undetermined:
        return "undetermined"
    return "at a bound" if one.key.identifier in found.fit.at_bounds else ""


def _is_known(found: FileFit) -> bool:
    """Tell whether the uncertainty of the data is known."""
    return not found.fit.minimizer.scale_covar


def _of_key(one: Parameter, value: float) -> float:
    return one.start if not one.vary else value / one.key.size


def _of_column(found: FileFit, values: FloatArray) -> FloatArray:
    return np.asarray(values / found.unit.size)


def _deviation(found: FileFit, one: Parameter) -> float:
    if not one.vary:
        return math.nan
    return found.fit.uncertainties[one.key.identifier] / abs(one.key.size)


def _interval(found: FileFit, one: Parameter) -> list[float]:
    ends = found.intervals.get(one.key.identifier, ())
    return sorted(end / one.key.size for end in ends)


def _scatter(found: FileFit) -> float | None:
    """Return the root mean square of the residuals per degree of freedom, in the column's unit.

    None without such a degree: the curve goes through all points.
    """
    fit = found.fit
    if not fit.result.nfree:
        return None
    square = ((fit.best_fit - fit.measured.values) ** 2).sum() / fit.result.nfree
    return float(_of_column(found, np.sqrt(square)))


def _known(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
