"""Arguments of a sweep that change nothing: they are refused by name.

What is varied and has no effect is misspelled, forgotten in the builder, or means nothing where it
stands, as an azimuth along z or gamma of an interface without resistance. In a dataset it would
look like a finding.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .._checks import FloatArray
from ..sample.units import in_silence
from .builders import Builder, Coordinates, Sample, build, build_sample, identical, probes, some_of
from .resultkinds import Compared, DeviceResults, StackResults

TRIES = 200
"""Points of a grid at which an argument may prove that it has an effect; smaller grids are looked
at as a whole."""
THINNED = 1024
"""Values of an argument that are looked at before all of them are."""
SAME = 1e-11
"""Relative difference of results that is rounding."""

Place = dict[str, float]


@in_silence()
def check_effects(
    builder: Builder,
    coordinates: Coordinates,
    stacks: list[Sample],
    kind: type[StackResults] | type[DeviceResults],
    pointwise: bool,
    accuracy: Mapping[str, Any],
    frequency: FloatArray | None,
) -> None:
    """Raise ValueError if an argument changes no stack of a sweep, or none of its results.

    It is looked for where an argument changes alone, first at the `probes` and then all over the
    grid, since an azimuth, say, has no effect along z. Results are those of solving, torques and
    efficiencies too, and not their derivatives, which vanish where an angle is 0 and more changes
    later. An argument of one value must change the stack beside that.

    Parameters
    ----------
    builder : callable
        The builder.
    coordinates : dict of str to array, shape (n,)
        Values of the arguments.
    stacks : list of Stack or Device
        What it made at the `probes`.
    kind : type
        Of results.
    pointwise : bool
        Whether the builder takes numbers only; else all values of an argument are compared at once.
    accuracy : mapping
        `degree` and `elements` of `spinfem.solve`.
    frequency : array, shape (n,), optional
        Frequencies; the first, a middle and the last one are looked at.
    """
    if frequency is not None:
        frequency = some_of(frequency)
    first = probes(coordinates)
    known = {tuple(place.values()): stack for place, stack in zip(first, stacks, strict=True)}

    def made(place: Place) -> Sample:
        key = tuple(place.values())
        if key not in known:
            known[key] = build_sample(builder, place)
        return known[key]

    compared: dict[int, Compared] = {}

    def results(sample: Any) -> Compared:
        if id(sample) not in compared:  # all that are made are known, and stay
            compared[id(sample)] = kind.compared(sample, accuracy, frequency)
        return compared[id(sample)]

    for name, values in coordinates.items():
        if values.min() == values.max():
            if not _is_used(made, name, first[0]):
                raise _without_effect(name)
            continue
        both = ((made(a), made(b)) for a, b in _pairs(coordinates, name))
        differing = (pair for pair in both if not identical(*pair))
        some = list(itertools.islice(differing, 1))
        if not some and (pointwise or not _varies(builder, name, coordinates)):
            raise _without_effect(name)
        with np.errstate(all="ignore"):
            pairs = itertools.chain(some, differing)
            tried = itertools.islice(pairs, kind.tries)
            changes = any(_differ(*map(results, pair)) for pair in tried)
            if some and not changes and next(pairs, None) is None:  # else it may, elsewhere
                raise ValueError(
                    f"argument {name!r} must change a result, got the same {kind.words} "
                    "for all of its values; it may be left out"
                )


def _pairs(coordinates: Coordinates, name: str) -> Iterator[tuple[Place, Place]]:
    """Yield places that differ in one argument: of the `probes`, then of the grid."""
    for a, b in itertools.permutations(probes(coordinates), 2):
        yield a, {**a, name: b[name]}
    if math.prod(values.size for values in coordinates.values()) <= TRIES:
        for place in itertools.product(*(values.tolist() for values in coordinates.values())):
            a = dict(zip(coordinates, place, strict=True))
            yield a, {**a, name: float(coordinates[name][0])}
        return
    draw = np.random.default_rng(0)
    for _ in range(TRIES):
        a = {other: float(draw.choice(values)) for other, values in coordinates.items()}
        yield a, {**a, name: float(draw.choice(coordinates[name]))}


def _varies(builder: Builder, name: str, coordinates: Coordinates) -> bool:
    """Tell whether stacks that are built from an array of values differ anywhere in it."""
    values = coordinates[name]
    step = -(-values.size // THINNED)
    for some in (values[::step], values) if step > 1 else (values,):
        same = np.full_like(some, values[0])
        for place, _ in _pairs(coordinates, name):
            one, other = (build(builder, {**place, name: array}) for array in (some, same))
            if not identical(one, other):
                return True
    return False


def _is_used(made: Callable[[Place], Sample], name: str, place: Place) -> bool:
    """Tell whether an argument changes the stack beside the values of a place.

    The others are moved as well: along z an azimuth has no effect. To refuse a value is one.
    """
    for base in (place, {other: _beside(value)[0] for other, value in place.items()}):
        try:
            stack = made({**base, name: place[name]})
        except Exception:
            continue
        for value in _beside(place[name]):
            try:
                if not identical(made({**base, name: value}), stack):
                    return True
            except Exception:
                return True
    return False


def _beside(value: float) -> tuple[float, ...]:
    return (1.1 * value, 0.9 * value, 2 * value) if value else (0.1, 1.0, -1.0)


def _differ(one: Compared, other: Compared) -> bool:
    return any(
        not (abs(x - y) <= SAME * np.maximum(least, abs(x))).all()
        for (x, least), (y, _) in zip(one, other, strict=True)
    )


def _without_effect(name: str) -> ValueError:
    return ValueError(
        f"argument {name!r} must change the stack, got the same one for all of its values; it may "
        "be left out (a current is given as j0=)"
    )
