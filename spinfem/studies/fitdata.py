"""What a fit is given: measured points, parameters to vary, and what else is known of these."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Hashable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._checks import FloatArray, Number, finite, positive
from .._spelling import near_match
from ..io.columns import Columns, columns_of, is_table, unit_at_end
from .builders import Builder, check_names, keywords, takes
from .outputs import Output

if TYPE_CHECKING:
    import xarray

NEAR = 1e-6
"""Of the scale of a parameter, by which a fit that goes to a bound may keep off it."""
Priors = dict[str, tuple[float, float]]
"""Mean and standard deviation by parameter."""


class Measured(NamedTuple):
    """Points that were measured."""

    values: FloatArray
    uncertainty: FloatArray  # broadcasts to the values; 1 if it is not known
    coordinates: dict[str, FloatArray]  # broadcast to the values
    titles: tuple[str, str] = ("data", "uncertainty of the data")  # in messages


class Unknown(NamedTuple):
    """A parameter: where it starts, and its bounds."""

    start: float
    lower: float
    upper: float
    vary: bool
    scale: float  # its unit in a fit, and of its steps

    def is_bound(self, value: float) -> bool:
        """Tell whether a value is one of the bounds, as near as a fit comes to them."""
        return any(abs(value - end) <= NEAR * self.scale for end in (self.lower, self.upper))

    def clipped(self, value: float) -> float:
        """Return a value within the bounds to the last bit."""
        return min(max(value, self.lower), self.upper)


def check_data(
    builder: Builder,
    data: Any,
    coordinates: Mapping[str, Any] | None,
    uncertainty: Any,
    output: Output,
    column: str | None = None,
) -> Measured:
    """Check the data and what belongs to them; arguments as of `spinfem.fit`."""
    if coordinates is not None and not isinstance(coordinates, Mapping):
        raise TypeError(f"coordinates must map names to arrays, got {coordinates!r}")
    titles = Measured._field_defaults["titles"]
    if is_table(data):
        table, sigma_title = columns_of(data), titles[1]
        if isinstance(uncertainty, str):
            sigma_title = f"{table.source}: column {uncertainty!r}"
        data, coordinates, uncertainty, column = _of_table(
            builder, table, coordinates, uncertainty, output, column
        )
        titles = f"{table.source}: column {column!r}", sigma_title
    elif column is not None:
        raise ValueError(f"column must be left out unless the data are a table, got {column!r}")
    elif _is_labelled(data):
        if coordinates is not None:
            raise ValueError(
                "coordinates must be left out with a DataArray, which has its own, "
                f"got {', '.join(map(str, coordinates))}"
            )
        own = {str(key): value for key, value in data.coords.items()}
        taken = [n for n in own if takes(builder, n) or n in output.numbers.values()]
        coordinates = {name: _spread(own[name], data.dims) for name in taken}
        if _is_labelled(uncertainty):
            uncertainty = _spread(uncertainty, data.dims)
        data = data.values
    values = np.asarray(finite("data", data))
    given = {
        name: _of_points(f"coordinate {name!r}", finite(f"coordinate {name!r}", value), values)
        for name, value in (coordinates or {}).items()
    }
    sigma = 1.0 if uncertainty is None else positive("uncertainty of the data", uncertainty)
    return Measured(values, _of_points("uncertainty of the data", sigma, values), given, titles)


def _of_table(
    builder: Builder,
    table: Columns,
    coordinates: Mapping[str, Any] | None,
    uncertainty: Any,
    output: Output,
    column: str | None,
) -> tuple[FloatArray, dict[str, Any], Any, str]:
    """Return data, coordinates and uncertainty from the columns of a table, and which has data."""
    given = dict(coordinates or {})
    taken = {value for value in (column, uncertainty) if isinstance(value, str)}
    for name, value in given.items():
        if isinstance(value, str):
            table.check(value, f"coordinate {name!r}")
            as_it_stands = unit_at_end(name).base is not None
            given[name] = table.numbers(value) if as_it_stands else table.in_SI(value)
            taken.add(value)
    known = {*keywords(builder), *output.numbers.values()} - given.keys()
    sources: dict[str, str] = {}
    for head in table.names:
        plain = unit_at_end(head).plain
        name = head if head in known else plain
        if head in taken or name not in known:
            continue
        if (other := sources.setdefault(name, head)) != head:
            raise ValueError(
                f"{table.source}: {name!r} must have one column, got {other!r} and {head!r}"
            )
        given[name] = table.numbers(head) if head in known else table.in_SI(head)
    left = [head for head in table.names if head not in taken and head not in sources.values()]
    if column is None:
        if len(left) != 1:
            raise ValueError(
                f"{table.source}: column must say which one was measured "
                f"({', '.join(left or table.names)}), got none"
            )
        (column,) = left
    data = _measured(table, column, "column", output)
    if isinstance(uncertainty, str):
        uncertainty = _measured(table, uncertainty, "uncertainty", output)
        if not (uncertainty > 0).all():
            raise ValueError(
                f"{table.source}: uncertainty of the data must be positive, "
                f"got {uncertainty.min():g} at index {int(uncertainty.argmin())}"
            )
    return data, given, uncertainty, column


def _measured(table: Columns, name: str, what: str, output: Output) -> FloatArray:
    """Return a column in the unit of the output."""
    table.check(name, what)
    unit = unit_at_end(name)
    if unit.base is not None and unit.base != output.unit:
        required = f"in {output.unit}" if output.unit else "a pure number"
        raise ValueError(
            f"{table.source}: column {name!r} must be {required}, as the {output.title} is, "
            f"got {unit.base or 'a pure number'}"
        )
    return table.in_SI(name)


def _is_labelled(data: object) -> bool:
    xarray = sys.modules.get("xarray")
    return xarray is not None and isinstance(data, xarray.DataArray)


def _spread(array: xarray.DataArray, dims: tuple[Hashable, ...]) -> FloatArray:
    """Return an array of some of the dimensions so that it broadcasts to all of them."""
    own = array.transpose(*(name for name in dims if name in array.dims))
    values: FloatArray = own.values.reshape([own.sizes.get(name, 1) for name in dims])
    return values


def broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Tell whether an array of a shape broadcasts to another shape."""
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


def _of_points(quantity: str, value: Number, data: FloatArray) -> FloatArray:
    array = np.asarray(value)
    if not broadcasts(array.shape, data.shape):
        raise ValueError(
            f"{quantity} must broadcast to the data's shape {data.shape}, got shape {array.shape}"
        )
    return array


def _scalar(quantity: str, value: Any) -> float:
    found = finite(quantity, value)
    if not isinstance(found, float):
        raise TypeError(f"{quantity} must be one number, got {value!r}")
    return found


def check_parameters(parameters: Mapping[str, Any]) -> dict[str, Unknown]:
    """Check the parameters."""
    if not isinstance(parameters, Mapping):
        raise TypeError(f"parameters must map names to where they start, got {parameters!r}")
    found = {name: _unknown(name, given) for name, given in parameters.items()}
    if not any(u.vary for u in found.values()):
        raise ValueError(f"parameters must have at least one that varies, got {parameters!r}")
    return found


def _unknown(name: str, given: Any) -> Unknown:
    from lmfit import Parameter

    what = f"parameter {name!r}"
    if isinstance(given, Parameter):
        if given.expr is not None:
            raise ValueError(
                f"{what} must be a number, and what follows from others be left to the builder, "
                f"got the expression {given.expr!r}"
            )
        start, lower, upper, vary = given.value, given.min, given.max, given.vary
    elif isinstance(given, tuple | list):
        if len(given) != 3:
            raise ValueError(f"{what} must be a number or (start, lower, upper), got {given!r}")
        (start, lower, upper), vary = given, True
    else:
        start, lower, upper, vary = given, None, None, True
    start = _scalar(f"start of {what}", start)
    low = -math.inf if lower is None else float(lower)
    high = math.inf if upper is None else float(upper)
    if vary and not low < start < high:
        raise ValueError(
            f"start of {what} must lie between its bounds {low:g} and {high:g}, got {start:g}"
        )
    if vary and start == 0 and math.isinf(high - low):
        raise ValueError(f"{what} must have both bounds if it starts at 0, got {given!r}")
    scale = abs(start) or (high - low if math.isfinite(high - low) else 1.0)
    return Unknown(start, low, high, bool(vary), scale)


def check_priors(
    priors: Mapping[str, tuple[float, float]] | None,
    unknowns: dict[str, Unknown],
    uncertainty: object,
) -> Priors:
    """Check the priors."""
    if not priors:
        return {}
    if uncertainty is None:
        raise ValueError(
            "uncertainty of the data must be given with priors, which are weighed against it, "
            "got none"
        )
    varying = [name for name, u in unknowns.items() if u.vary]
    found = {}
    for name, given in priors.items():
        if name not in varying:
            raise ValueError(
                f"priors must be of parameters that vary ({', '.join(varying)}), "
                f"got {name!r}{near_match(str(name), varying)}"
            )
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise TypeError(f"prior of {name!r} must be (mean, sigma), got {given!r}")
        mean = _scalar(f"mean of the prior of {name!r}", given[0])
        sigma = _scalar(f"sigma of the prior of {name!r}", given[1])
        positive(f"sigma of the prior of {name!r}", sigma)
        found[name] = (mean, sigma)
    return found


def check_numbers(
    builder: Builder, output: Output, names: Collection[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Check what is given by names; return which of these the builder, and which the output takes.

    Raises
    ------
    ValueError
        If the output is given by a name that is none of a parameter or coordinate, or the builder
        does not take, or lacks, one of them.
    """
    for what, name in output.numbers.items():
        if name not in names:
            raise ValueError(
                f"{what} must be a number, or the name of a parameter or coordinate "
                f"({', '.join(names)}), got {name!r}{near_match(name, names)}"
            )
    measured = frozenset(output.numbers.values())
    own = [name for name in names if name not in measured or name in keywords(builder)]
    check_names(builder, own)
    return frozenset(own), measured


def check_count(measured: Measured, unknowns: dict[str, Unknown], priors: Priors) -> None:
    """Raise ValueError if there is less known than to be found."""
    n, wanted = measured.values.size + len(priors), sum(u.vary for u in unknowns.values())
    if n < wanted:
        raise ValueError(
            f"data and priors must be at least as many as the {wanted} parameters that vary, "
            f"got {n}"
        )
