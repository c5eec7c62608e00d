"""A solution as an xarray.Dataset: profiles, both sides of every face, torques, resistances."""

from __future__ import annotations

import itertools
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
    check_installed("a dataset", "pip install xarray", "xarray")
    import xarray

    batch = tuple(f"batch_{i}" for i in range(len(solution.shape)))
    profiles = profiles_of(solution)
    along = "x" if profiles.x.ndim == 1 else "point"
    variables = {
        **_fields(profiles, batch, along),
        **_faces(solution, batch),
        **_numbers(solution, batch),
    }
    places = {
        "x": ((*batch, along) if profiles.x.ndim > 1 else (along,), profiles.x, dict(POSITION)),
        **_face_places(solution, batch),
        "j0": _current(solution, batch),
    }
    if solution.stack.units != "SI":
        for _, _, attributes in [*variables.values(), *places.values()]:
            attributes.pop("units", None)
    names = solution.stack.element_names
    coordinates = {
        **places,
        "layer": (along, profiles.layers),
        "face": [f"{a}|{b}" for a, b in itertools.pairwise(names)],
        **labels_of(solution.ferromagnets, solution.spacers),
    }
    return xarray.Dataset(variables, coordinates, {"spinfem_version": __version__})


def _fields(profiles: Profiles, batch: tuple[str, ...], along: str) -> Variables:
    found: Variables = {}
    for name, (long_name, units) in FIELDS.items():
        values = profiles.fields[name]
        vector = ("component",) * (values.ndim - len(batch) - 1)
        found[name] = (*batch, along, *vector), values, {"long_name": long_name, "units": units}
    return found


def _faces(solution: SolvedStack, batch: tuple[str, ...]) -> Variables:
    found: Variables = {}
    for name in SIDED:
        sides = [
            [getattr(face, f"{name}_{side}") for side in ("left", "right")]
            for face in solution.interfaces
        ]
        n = len(batch)
        values = np.moveaxis(np.array(sides), (0, 1), (n, n + 1))
        vector = ("component",) * (values.ndim - n - 2)
        long_name, units = FIELDS[name]
        attributes = {"long_name": f"{long_name}, on both sides of a face", "units": units}
        found[f"face_{name}"] = (*batch, "face", "side", *vector), values, attributes
    return found


def _numbers(solution: SolvedStack, batch: tuple[str, ...]) -> Variables:
    values = numbers_of(solution, solution.shape, solution.ferromagnets, solution.spacers)
    values["torque"] = TORQUE_PER_SPIN_CURRENT * values["absorbed_spin_current"]
    found: Variables = {
        name: ((*batch, *inner), values[name], {"long_name": long_name, "units": units})
        for name, (inner, long_name, units) in VARIABLES.items()
    }
    found["torque"][2]["comment"] = EQUATION_OF_MOTION
    return found


def _face_places(solution: SolvedStack, batch: tuple[str, ...]) -> Variables:
    x = solution.stack.x
    if x.ndim == 1:
        return {"face_x": (("face",), x, dict(POSITION))}
    x = np.broadcast_to(x, (*solution.shape, x.shape[-1]))
    return {"face_x": ((*batch, "face"), x, dict(POSITION))}


def _current(solution: SolvedStack, batch: tuple[str, ...]) -> Any:
    if np.ndim(solution.j0) == 0:
        return (), solution.j0, dict(CURRENT)
    return batch, np.broadcast_to(solution.j0, solution.shape), dict(CURRENT)
