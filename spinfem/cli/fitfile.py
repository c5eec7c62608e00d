"""The fit of a stack file to a table: what ``spinfem fit`` does."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import lmfit
import numpy as np

from .._checks import FloatArray, note
from .._spelling import near_match
from ..files.tables import Location
from ..io.columns import Columns, Unit, unit_at_end
from ..io.stackfile import StackFile
from ..io.vary import CURRENTS, FileBuilder, check_values, find_key, limits_of
from ..sample.pieces import direction
from ..studies.fitting import Fit, fit
from ..studies.outputs import Output

PILLAR = "pillar"
"""Owner of the keys of the device."""
DEVICE = {"area": "m2", "contact": "Ohm m2", "series": "Ohm"}
"""These keys, as in `Output.on_pillar`, and their SI units."""
INSIDE = 1e-9
"""Of a bound, or of the start, by which a fit keeps off the bound: most are excluded themselves."""
COMPARISONS = {
    "change": Output.change,
    "relative": Output.relative_change,
    "ratio": Output.ratio,
}
"""What is made of both states."""


@dataclass(frozen=True)
class Request:
    """What was asked for.

    Attributes
    ----------
    result, on, by, component : str or None
        As of `Output`.
    turned, comparison : sequence of str, str
        ``NAME=POLAR:AZIMUTH``, and which of `COMPARISONS`.
    column, uncertainty : str or None
        Columns of the table.
    free, given, priors : sequence of str
        ``NAME=START:LOWER:UPPER``, ``NAME=VALUE`` and ``NAME=MEAN:SIGMA``.
    confidence : float or None
        Probability of intervals.
    """

    result: str
    on: str | None
    by: str | None
    component: str | None
    turned: Sequence[str]
    comparison: str
    column: str | None
    uncertainty: str | None
    free: Sequence[str]
    given: Sequence[str]
    priors: Sequence[str]
    confidence: float | None


class Key(NamedTuple):
    """A number of the stack file, or of the device."""

    name: str  # as it was given
    places: tuple[Location, ...] = ()  # in the file; none of the device
    device: str = ""  # "area", "contact", "series" or "current"
    size: float = 1.0  # one of its unit, in that of the fit
    lowest: float = -math.inf  # ends of what it may be
    highest: float = math.inf

    @property
    def identifier(self) -> str:
        """What it is called in lmfit, where names have no dots."""
        return "p_" + re.sub(r"\W", lambda found: f"_{ord(found[0]):x}_", self.name)


class Parameter(NamedTuple):
    """A number that is fitted, or given in place of the file's; in the unit of its key."""

    key: Key
    start: float
    lower: float = -math.inf
    upper: float = math.inf
    vary: bool = True


@dataclass(frozen=True)
class FileFit:
    """A fit of a stack file.

    Attributes
    ----------
    fit : Fit
        In the units of keys, those of the device in the SI; parameters by their identifiers.
    parameters : list of Parameter
        Those that were fitted, then those that were given.
    column : str
        The column that was measured.
    columns : dict of str to array
        Columns that it was measured at, as in the table.
    intervals : dict of str to (float, float)
        As of `Fit.confidence`, if that was asked for.
    """

    fit: Fit
    parameters: list[Parameter]
    column: str
    columns: dict[str, FloatArray]
    intervals: dict[str, tuple[float, float]]

    @property
    def unit(self) -> Unit:
        """Unit of the column."""
        return unit_at_end(self.column)


def fit_file(file: StackFile, table: Columns, request: Request) -> FileFit:
    """Fit numbers of a stack file to a column of a table; warnings are lines on stderr.

    Raises
    ------
    ValueError
        If what was asked for is not there, or the fit is refused.
    """
    parameters = [
        *(_parameter("--free", text, file) for text in request.free),
        *(_parameter("--set", text, file) for text in request.given),
    ]
    priors = dict(_prior(text, parameters) for text in request.priors)
    measured_at = _measured_at(file, table, request)
    _check_once([*(one.key for one in parameters), *measured_at])
    column = _column(table, request, measured_at)
    if file.units == "paper":
        for name in filter(None, (column, request.uncertainty)):
            if unit_at_end(name).base:
                raise ValueError(
                    f"{table.source}: column {name!r} must have no unit, as {file.path} is in the "
                    "paper's units"
                )
    columns = {key.name: table.numbers(key.name) for key in measured_at}
    for key in measured_at:
        _check_values(f"{table.source}: column {key.name!r}", key, columns[key.name], file)
    if not measured_at and set(table.names) - {column, request.uncertainty}:
        note(f"warning: {table.source}: all points are of one sample: no column is a key of it")
    names = {one.key.identifier: one.key for one in parameters}
    names |= {key.name: key for key in measured_at}
    builder = FileBuilder(file.tables, {n: key.places for n, key in names.items() if key.places})
    output = _output(request, names, file)
    with _in_own_words(parameters, file, table):
        found = fit(
            builder,
            table,
            {one.key.identifier: _for_lmfit(one) for one in parameters},
            coordinates={key.name: columns[key.name] * key.size for key in measured_at},
            uncertainty=request.uncertainty,
            priors=priors,
            output=output,
            column=column,
        )
        likely = {} if request.confidence is None else found.confidence(request.confidence)
    return FileFit(found, parameters, column, columns, likely)


@contextmanager
def _in_own_words(
    parameters: Sequence[Parameter], file: StackFile, table: Columns
) -> Iterator[None]:
    """Print warnings as lines, and let them and errors call parameters by their names."""

    def with_names(message: object) -> str:
        text = str(message)
        for one in parameters:
            text = text.replace(one.key.identifier, one.key.name)
        return text if text.startswith(f"{table.source}: ") else f"{file.path}: {text}"

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            yield
        except ValueError as error:
            raise ValueError(with_names(error)) from None
    for warning in said:
        note(f"warning: {with_names(warning.message)}")


# --- parameters -------------------------------------------------------------------------------


def _parameter(option: str, text: str, file: StackFile) -> Parameter:
    """Read ``NAME=START:LOWER:UPPER`` of a free parameter, ``NAME=VALUE`` of one that is given."""
    vary = option == "--free"
    form = "NAME=START or NAME=START:LOWER:UPPER" if vary else "NAME=VALUE"
    name, numbers = _split(option, text, form)
    if len(numbers) not in ((1, 3) if vary else (1,)) or math.isnan(numbers[0]):
        raise ValueError(f"{option} must be {form}, got {text!r}")
    try:
        key = _key(name, file)
    except ValueError as error:
        raise ValueError(f"{option} {name}: {error}") from None
    ends = [key.lowest, key.highest]
    for i, end in enumerate(numbers[1:]):
        if not math.isnan(end):
            ends[i] = end
    if vary and not ends[0] < numbers[0] < ends[1]:
        raise ValueError(
            f"{option} {name}: START must lie between its bounds {ends[0]:g} and {ends[1]:g}, "
            f"got {numbers[0]:g}"
        )
    _check_values(f"{option} {name}", key, np.array(numbers[:1]), file)
    return Parameter(key, numbers[0], ends[0], ends[1], vary)


def _prior(text: str, parameters: Sequence[Parameter]) -> tuple[str, tuple[float, float]]:
    form = "NAME=MEAN:SIGMA, with a positive SIGMA"
    name, numbers = _split("--prior", text, form)
    known = {one.key.name: one.key for one in parameters if one.vary}
    if name not in known:
        raise ValueError(
            f"--prior must be of one of --free ({', '.join(known)}), "
            f"got {name!r}{near_match(name, known)}"
        )
    if len(numbers) != 2 or math.isnan(sum(numbers)) or not numbers[1] > 0:
        raise ValueError(f"--prior must be {form}, got {text!r}")
    size = known[name].size
    return known[name].identifier, (numbers[0] * size, numbers[1] * size)


def _split(option: str, text: str, form: str) -> tuple[str, list[float]]:
    """Return the name and the numbers after it, nan for one that is left out."""
    name, _, given = text.rpartition("=")
    try:
        numbers = [float(part) if part else math.nan for part in given.split(":")]
    except ValueError:
        numbers = []
    if not name or not numbers or any(math.isinf(x) for x in numbers):
        raise ValueError(f"{option} must be {form}, got {text!r}")
    return name, numbers


def _key(name: str, file: StackFile) -> Key:
    """Find a key: ``LAYER.KEY``, of several ``A.KEY=B.KEY`` with one value, or of the device."""
    if name in CURRENTS and name in type(file.tables).model_fields:
        return Key(name, device="current", size=CURRENTS[name])
    owner, _, rest = name.partition(".")
    if owner == PILLAR:
        unit = unit_at_end(rest)
        if unit.base not in (None, DEVICE.get(unit.plain)) or unit.plain not in DEVICE:
            known = ", ".join(f"{key} in {base}" for key, base in DEVICE.items())
            raise ValueError(
                f"key of {PILLAR} must be one of {known}, or such a unit at its end, got {rest!r}"
            )
        lowest = 0.0 if unit.plain == "area" else -math.inf
        return Key(name, device=unit.plain, size=unit.size, lowest=lowest)
    each = [one.strip() for one in name.split("=")]
    places = tuple(where for one in each for where in find_key(one, file))
    limits = [limits_of(one, file) for one in each]
    lowest, highest = max(low for low, _ in limits), min(high for _, high in limits)
    return Key(name, places, lowest=lowest, highest=highest)


def _check_values(what: str, key: Key, values: FloatArray, file: StackFile) -> None:
    if not key.places:
        return
    try:
        check_values(key.name, key.places, values, file)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def _for_lmfit(one: Parameter) -> Any:
    size = one.key.size
    inside = INSIDE * abs(one.start)
    low = one.lower + max(inside, INSIDE * abs(one.lower)) if one.lower > -math.inf else one.lower
    high = one.upper - max(inside, INSIDE * abs(one.upper)) if one.upper < math.inf else one.upper
    ends = sorted((low * size, high * size))  # of a current that is against j0
    return lmfit.Parameter(
        one.key.identifier, one.start * size, vary=one.vary, min=ends[0], max=ends[1]
    )


# --- columns ----------------------------------------------------------------------------------


def _measured_at(file: StackFile, table: Columns, request: Request) -> list[Key]:
    """Return the columns that are keys."""
    found = []
    for name in table.names:
        if name in (request.column, request.uncertainty):
            continue
        if "." in name or name in CURRENTS:
            try:
                found.append(_key(name, file))
            except ValueError as error:
                raise ValueError(f"{table.source}: column {name!r}: {error}") from None
    return found


def _column(table: Columns, request: Request, measured_at: Sequence[Key]) -> str:
    """Return the column that was measured."""
    for option, name in (("--data", request.column), ("--uncertainty", request.uncertainty)):
        if name is not None:
            table.check(name, option)
    if request.column is not None:
        return request.column
    taken = {request.uncertainty, *(key.name for key in measured_at)}
    left = [name for name in table.names if name not in taken]
    if len(left) != 1:
        raise ValueError(
            f"{table.source}: --data must say which column was measured "
            f"({', '.join(left or table.names)}), got none"
        )
    return left[0]


def _check_once(keys: Sequence[Key]) -> None:
    """Raise ValueError if a number is given twice."""
    seen: set[Any] = set()
    for key in keys:
        for place in key.places or (key.device,):
            if place in seen:
                raise ValueError(
                    f"{key.name}: must be given once, as --free, --set or a column, got it twice"
                )
            seen.add(place)


# --- what was measured ------------------------------------------------------------------------


def _output(request: Request, names: dict[str, Key], file: StackFile) -> Output:
    """Return the output, given by the names of what belongs to the device."""
    device = {key.device: name for name, key in names.items() if key.device}
    current = device.pop("current", None)
    if request.result != "torque" and current is not None:
        raise ValueError(
            f"{names[current].name} must be left out for an output of {request.result}, which "
            "does not depend on it"
        )
    given: Any = (file.j0 if current is None else current) if request.result == "torque" else None
    output = Output(
        request.result, on=request.on, by=request.by, component=request.component, current=given
    )
    if device and "area" not in device:
        raise ValueError(f"{PILLAR}.area must be given with {PILLAR}.{next(iter(device))}")
    if device:
        output = output.on_pillar(**device)
    if request.turned:
        turned = dict(_turned(text) for text in request.turned)
        output = COMPARISONS[request.comparison](output, turned)
    return output


def _turned(text: str) -> tuple[str, FloatArray]:
    form = "NAME=POLAR or NAME=POLAR:AZIMUTH, in degrees"
    name, numbers = _split("--turn", text, form)
    if len(numbers) > 2 or math.isnan(sum(numbers)):
        raise ValueError(f"--turn must be {form}, got {text!r}")
    return name, direction(*numbers)
