"""Builders of a sweep: what they are called with, and what they must return."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import zip_longest
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks import CheckedProfile, FloatArray, finite
from .._spelling import near_match
from ..devices.device import Device, Electrode
from ..devices.grid import Grid
from ..sample.materials import Metal
from ..sample.pieces import End, Interface, Layer
from ..sample.stack import Stack

Sample = Stack | Device
Builder = Callable[..., Sample]
Coordinates = dict[str, FloatArray]
"""Values of each argument, shape (n,)."""
Topology = tuple[tuple[str, str, str | None, str | None], ...]
"""Class, class of the material, name and group of every piece of a stack; or of every region and
electrode of a device, in place of the group what is given at it."""

SCALARS_ONLY = re.compile(
    "truth value|inhomogeneous|scalar|3 components|broadcast|throughout|one number per xi"
)
"""What errors say where numbers were expected and arrays came."""
PLACES = np.linspace(0.0, 1.0, 4097)
"""Where functions of xi are compared: what is narrower, no solver finds without `breaks`."""


def axis_name(argument: str) -> str:
    """Return what the axis of an argument is called: netCDF has no "/" in names.

    >>> axis_name("Co/Cu.AR_fOhm_m2")
    'Co|Cu.AR_fOhm_m2'
    """
    return argument.replace("/", "|")


def check_arguments(builder: Builder, arguments: Mapping[str, ArrayLike]) -> Coordinates:
    """Check names and values of the arguments; errors as in `spinfem.sweep`."""
    check_callable(builder)
    if not isinstance(arguments, Mapping):
        raise TypeError(f"arguments must map at least one name to values, got {arguments!r}")
    check_names(builder, arguments)
    axes: dict[str, str] = {}
    for name in arguments:
        if (other := axes.setdefault(axis_name(name), name)) != name:
            raise ValueError(f"arguments must differ in more than '/', got {other!r} and {name!r}")
    return {name: _values(name, values) for name, values in arguments.items()}


def check_callable(builder: object) -> None:
    """Raise TypeError unless a builder is a function."""
    if not callable(builder):
        raise TypeError(f"builder must be a function that returns a Stack, got {builder!r}")


def takes(builder: Builder, name: str) -> bool:
    """Tell whether a builder has an argument of that name."""
    parameters = inspect.signature(builder).parameters
    any_name = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return name in keywords(builder) or (any_name and isinstance(name, str))


def check_names(builder: Builder, given: Iterable[str]) -> None:
    """Check that arguments are those of the builder, and none is missing; errors as in `sweep`."""
    known, names = keywords(builder), list(given)
    for name in names:
        if not takes(builder, name):
            raise ValueError(
                f"arguments must be those of the builder ({', '.join(known)}), "
                f"got {name!r}{near_match(str(name), known)}"
            )
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in names:
            raise ValueError(f"argument {name!r} of the builder must be given, got none")


def keywords(builder: Builder) -> dict[str, inspect.Parameter]:
    """Return what the builder can be given by name."""
    parameters = inspect.signature(builder).parameters
    return {
        name: p
        for name, p in parameters.items()
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    }


def _values(name: str, values: ArrayLike) -> FloatArray:
    array = np.asarray(finite(f"argument {name!r}", values))
    if array.ndim != 1:
        raise ValueError(
            f"argument {name!r} must be a one-dimensional array, got shape {array.shape}"
        )
    return array


def open_grid(coordinates: Mapping[str, FloatArray]) -> Coordinates:
    """Give each array an axis of its own, so that they broadcast to the grid."""
    return dict(zip(coordinates, np.ix_(*coordinates.values()), strict=True))


def probes(coordinates: Coordinates) -> list[dict[str, float]]:
    """Return the first, a middle and the last point of the grid."""
    at = {name: some_of(values) for name, values in coordinates.items()}
    return [{name: float(values[i]) for name, values in at.items()} for i in range(3)]


def some_of(values: FloatArray) -> FloatArray:
    """Return the first, a middle and the last value, shape (3,)."""
    return values[[0, values.size // 2, -1]]


def where(place: Mapping[str, float]) -> str:
    """Write a point of the grid for a message."""
    return ", ".join(f"{name} = {value:g}" for name, value in place.items())


def build(builder: Builder, values: Mapping[str, Any]) -> Stack:
    """Call a builder; TypeError unless it returns a stack."""
    return _stack(builder(**values))


def build_one(builder: Builder, place: Mapping[str, float]) -> Stack:
    """Call a builder with numbers; TypeError unless it returns a single stack."""
    return _single(build(builder, place), place)


def build_sample(builder: Builder, place: Mapping[str, float]) -> Sample:
    """Call a builder with numbers; TypeError unless it returns a single stack or a device."""
    sample = builder(**place)
    if not isinstance(sample, Stack | Device):
        raise TypeError(f"builder must return a Stack or a Device, got {sample!r}")
    return sample if isinstance(sample, Device) else _single(sample, place)


def _stack(sample: object) -> Stack:
    if not isinstance(sample, Stack):
        raise TypeError(f"builder must return a Stack, got {sample!r}")
    return sample


def _single(stack: Stack, place: Mapping[str, float]) -> Stack:
    if stack.shape:
        raise TypeError(
            f"builder must return a single stack for numbers, got a batch of shape {stack.shape} "
            f"at {where(place)}"
        )
    return stack


def pieces_of(stack: Stack) -> list[Layer | Interface | End]:
    """Return elements and interfaces from left to right, with all names."""
    pieces: list[Layer | Interface | End] = [stack.left]
    for joint, element in zip(stack.joints, stack.elements[1:], strict=True):
        pieces += [element] if joint is None else [joint, element]
    return pieces


def topology(stack: Sample) -> Topology:
    """Return what must be the same at all points of a sweep."""
    if isinstance(stack, Device):
        shape = "axisymmetric" if stack.grid.is_axisymmetric else f"{stack.grid.dimension}D"
        regions = [(type(x.metal).__name__, name) for name, x in stack.regions.items()]
        return (
            ("Device", shape, None, None),
            *(("Region", metal, name, None) for metal, name in regions),
            *(
                ("Electrode", type(x.end).__name__, name, _given(x))
                for name, x in stack.electrodes.items()
            ),
        )
    return tuple(
        (
            type(e).__name__,
            type(getattr(e, "material", None)).__name__,
            getattr(e, "name", None),
            getattr(e, "group", None),
        )
        for e in pieces_of(stack)
    )


def _given(electrode: Electrode) -> str:
    keys = ("current", "potential", "j0")
    return next(key for key in keys if getattr(electrode, key) is not None)


def check_topology(expected: Topology, sample: Sample, place: Mapping[str, float]) -> None:
    """Raise ValueError unless the sample of a point has the expected parts."""
    found = topology(sample)
    if found == expected:
        return
    if isinstance(sample, Device) or expected[0][0] == "Device":
        unlike = (pair for pair in zip_longest(expected, found) if pair[0] != pair[1])
        one, other = (" ".join(filter(None, part)) if part else "nothing" for part in next(unlike))
        raise ValueError(
            "samples of a sweep must have the same regions and electrodes, of the same kinds, at "
            f"all points, got {one} and, at {where(place)}, {other}"
        )
    names = " | ".join(name or kind for kind, _, name, _ in expected)
    raise ValueError(
        "layers of a sweep must have the same names, groups and kinds at all points, "
        f"got {names} and, at {where(place)}, {sample!r}"
    )


def numbers_of(thing: Any, name: str = "") -> dict[str, FloatArray]:
    """Return all numbers of a stack, or of a part of it, by what they are called.

    That is the place of a piece and the names of its fields, ``"2.material.lambda_J"``; what is not
    given is not there. Of a function of xi the values at some places.
    """
    if isinstance(thing, Stack):
        parts = {str(i): piece for i, piece in enumerate(pieces_of(thing))}
    elif isinstance(thing, Device):
        parts = parts_of_device(thing)
    elif isinstance(thing, CheckedProfile):
        return numbers_of(thing.function, name)
    elif callable(thing) and not isinstance(thing, Metal):
        return {name: np.asarray(thing(PLACES), dtype=float) + 0 * PLACES}
    elif dataclasses.is_dataclass(thing):
        parts = {field.name: getattr(thing, field.name) for field in dataclasses.fields(thing)}
    else:
        numeric = isinstance(thing, Number | np.ndarray)
        return {name: np.atleast_1d(np.asarray(thing))} if numeric else {}
    named = ((f"{name}.{key}" if name else key, part) for key, part in parts.items())
    return {key: number for one, part in named for key, number in numbers_of(part, one).items()}


def parts_of_device(device: Device) -> dict[str, Any]:
    """Return what a device is made of: its grid, metals, directions, electrodes and interfaces.

    Of an m that is a function the values at corners of its region's cells, and midway between them.
    """
    grid: Grid = device.grid
    points, corners = grid.mesh.p, grid.mesh.t
    parts: dict[str, Any] = {"grid.p": points, "grid.t": corners, "grid.unit": grid.unit}
    parts["grid.is_axisymmetric"] = grid.is_axisymmetric
    for name, cells in grid.regions.items():
        parts[f"region {name!r}"] = cells
    for name, facets in grid.surfaces.items():
        parts[f"surface {name!r}"] = grid.mesh.facets[:, facets]
    for name, region in device.regions.items():
        parts[f"metal of {name!r}"] = region.metal
        parts[f"place of {name!r}"] = np.array(region.across or ())
        if region.is_magnet:
            own = corners[:, grid.regions[name]]
            pairs = [(own[i], own[j]) for i in range(len(own)) for j in range(i, len(own))]
            midway = np.hstack([(points[:, a] + points[:, b]) / 2 for a, b in pairs])
            parts[f"m of {name!r}"] = region.at(np.unique(midway, axis=1).T * grid.unit)
    for name, electrode in device.electrodes.items():
        parts[f"electrode {name!r}"] = electrode
    for pair, law in device.interfaces.items():
        parts[f"interface {sorted(pair)!r}"] = law
    return parts


def check_arrays(builder: Builder, coordinates: Coordinates, stacks: list[Stack]) -> None:
    """Check that a builder takes arrays and makes of them what it makes of their numbers.

    Parameters
    ----------
    builder : callable
        The builder.
    coordinates : dict of str to array, shape (n,)
        Values of the arguments.
    stacks : list of Stack
        What it made at the `probes`, called with numbers.

    Raises
    ------
    TypeError, ValueError
        If it does not, or refuses a value.
    """

    def refusal(got: str) -> ValueError:
        return ValueError(
            "builder must take arrays that broadcast against each other, or be called point by "
            f"point with pointwise=True, got {got}"
        )

    places = probes(coordinates)
    grid = open_grid({name: np.array([p[name] for p in places]) for name in coordinates})
    shape = (len(places),) * len(coordinates)

    def tried(values: Mapping[str, Any]) -> Stack:
        try:
            return build(builder, values)
        except (TypeError, ValueError) as error:
            if isinstance(error, ValueError) and not SCALARS_ONLY.search(str(error)):
                raise  # a value out of its range
            raise refusal(f"{type(error).__name__}: {error}") from None

    batch = tried(grid)
    sizes = zip(reversed(batch.shape), reversed(shape), strict=False)
    if len(batch.shape) > len(shape) or any(size not in (1, n) for size, n in sizes):
        raise refusal(f"a stack of shape {batch.shape} from arrays that broadcast to {shape}")
    for i, (place, stack) in enumerate(zip(places, stacks, strict=True)):
        if not same_stacks(batch.part(shape, (i,) * len(shape)), stack):
            raise refusal(f"another stack from arrays than from numbers at {where(place)}")
    # every value once, so that one out of its range is noticed before hours of work
    for name, values in coordinates.items():
        tried({**places[0], name: values})


def identical(a: Sample, b: Sample) -> bool:
    """Tell whether stacks are equal to the bit in all numbers, names and kinds."""
    first, second = numbers_of(a), numbers_of(b)
    same = topology(a) == topology(b) and first.keys() == second.keys()
    return same and all(np.array_equal(first[name], second[name]) for name in first)


def same_stacks(a: Stack, b: Stack) -> bool:
    """Tell whether stacks are equal up to rounding: functions of arrays may round otherwise."""
    if topology(a) != topology(b):
        return False
    first, second = numbers_of(a), numbers_of(b)
    if first.keys() != second.keys():  # a mixing conductance or an exchange length in one of them
        return False
    return all(_same_numbers(first[name], second[name]) for name in first)


def _same_numbers(a: FloatArray, b: FloatArray) -> bool:
    # a component of a vector, or of a profile one value, may be rounding of zero
    scale = np.abs(b[np.isfinite(b)]).max(initial=0.0)
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-10, atol=1e-14 * scale)
