"""A solved stack as an xarray.Dataset: profiles, both sides of every face, torques, resistances."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .._checks import check_installed
from .._version import __version__
from ..constants import EQUATION_OF_MOTION, TORQUE_PER_SPIN_CURRENT
from .numbers import VARIABLES, labels_of, numbers_of
from .profiles import FIELDS, Profiles, profiles_of
from .solved import SolvedStack

if TYPE_CHECKING:
    import xarray

SIDED = ("spin_potential", "spin_current", "potential")
"""Fields that may jump at a face."""
POSITION = {"long_name": "position, 0 at the left face of the stack", "units": "m"}
CURRENT = {"long_name": "particle current, positive: electrons flow towards +x", "units": "A/m2"}
Variables = dict[str, tuple[tuple[str, ...], Any, dict[str, str]]]
"""Axes, values, attributes; units in SI."""


def dataset_of(solution: SolvedStack) -> xarray.Dataset:
    """Return what `Solution.to_dataset` describes."""
    ferromagnets, spacers = solution.ferromagnets, solution.spacers
    axes = tuple(f"batch_{i}" for i in range(len(solution.shape)))
    values = numbers_of(solution, solution.shape, ferromagnets, spacers)
    labels = labels_of(ferromagnets, spacers)
    return put_together(solution, axes, values, VARIABLES, labels)


def put_together(
    solution: SolvedStack,
    axes: tuple[str, ...],
    values: Mapping[str, Any],
    about: Mapping[str, tuple[tuple[str, ...], str, str]],
    coordinates: Mapping[str, Any],
) -> xarray.Dataset:
    """Return a dataset of the fields of a solved stack and of numbers.

    Parameters
    ----------
    solution : SolvedStack
        The stack.
    axes : tuple of str
        Of its results, in front.
    values : dict
        The numbers; torques follow from what is absorbed.
    about : dict
        Of numbers and torques, axes besides, long name and unit, as `VARIABLES`.
    coordinates : dict
        Besides those of fields.
    """
    check_installed("a dataset", "pip install xarray", "xarray")
    import xarray

    profiles = profiles_of(solution)
    along = "x" if profiles.x.ndim == 1 else "point"
    names = solution.stack.element_names
    torque = TORQUE_PER_SPIN_CURRENT * values["absorbed_spin_current"]
    dataset = xarray.Dataset(
        {
            **_fields(profiles, axes, along),
            **_faces(solution, axes),
            **_numbers({**values, "torque": torque}, about, axes),
        },
        {
            "x": ((*axes, along) if profiles.x.ndim > 1 else (along,), profiles.x, POSITION),
            **_face_places(solution, axes),
            "j0": _current(solution, axes),
            "layer": (along, profiles.layers),
            "face": [f"{a}|{b}" for a, b in itertools.pairwise(names)],
            **coordinates,
        },
        {"spinfem_version": __version__},
    )
    if solution.stack.units != "SI":
        for name in dataset.variables:
            dataset[name].attrs.pop("units", None)
    return dataset


def _fields(profiles: Profiles, axes: tuple[str, ...], along: str) -> Variables:
    found: Variables = {}
    for name, (long_name, units) in FIELDS.items():
        values = profiles.fields[name]
        vector = ("component",) * (values.ndim - len(axes) - 1)
        found[name] = (*axes, along, *vector), values, {"long_name": long_name, "units": units}
    return found


def _faces(solution: SolvedStack, axes: tuple[str, ...]) -> Variables:
    found: Variables = {}
    for name in SIDED:
        sides = [
            [getattr(face, f"{name}_{side}") for side in ("left", "right")]
            for face in solution.interfaces
        ]
        n = len(axes)
        values = np.moveaxis(np.array(sides), (0, 1), (n, n + 1))
        vector = ("component",) * (values.ndim - n - 2)
        long_name, units = FIELDS[name]
        attributes = {"long_name": f"{long_name}, on both sides of a face", "units": units}
        found[f"face_{name}"] = (*axes, "face", "side", *vector), values, attributes
    return found


def _numbers(
    values: Mapping[str, Any],
    about: Mapping[str, tuple[tuple[str, ...], str, str]],
    axes: tuple[str, ...],
) -> Variables:
    found: Variables = {
        name: ((*axes, *inner), values[name], {"long_name": long_name, "units": units})
        for name, (inner, long_name, units) in about.items()
    }
    found["torque"][2]["comment"] = EQUATION_OF_MOTION
    return found


def _face_places(solution: SolvedStack, axes: tuple[str, ...]) -> Variables:
    x = solution.stack.x
    if x.ndim == 1:
        return {"face_x": (("face",), x, POSITION)}
    x = np.broadcast_to(x, (*solution.shape, x.shape[-1]))
    return {"face_x": ((*axes, "face"), x, POSITION)}


def _current(solution: SolvedStack, axes: tuple[str, ...]) -> Any:
    if np.ndim(solution.j0) == 0:
        return (), solution.j0, CURRENT
    return axes, np.broadcast_to(solution.j0, solution.shape), CURRENT
