"""Curves of a fit between its points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._checks import BoolArray, FloatArray
from .._spelling import near_match
from .fitdata import Measured
from .fitproblem import Problem, Values

POINTS = 201
"""Of a curve, beside those that were measured."""
POINT = "point"
"""What data without coordinates are drawn over: their number."""


class Curve(NamedTuple):
    """Points that are drawn in one colour, and the model's curve through them."""

    label: str
    points: BoolArray  # which of all, in C order
    x: FloatArray  # of the curve
    model: FloatArray


def curves_of(problem: Problem, values: Values, x: str | None) -> tuple[str, list[Curve]]:
    """Return over what data are drawn, and the curves.

    Points that differ in that coordinate alone belong to one curve. If there are no such points, as
    where all thicknesses of a series change together, all coordinates go in straight lines from
    point to point.

    Parameters
    ----------
    problem : Problem
        The fit.
    values : dict
        The parameters.
    x : str, optional
        The coordinate; by default that of most values.

    Raises
    ------
    ValueError
        If it is none of the coordinates.
    """
    coordinates = _flat(problem.measured)
    varying = {name: np.unique(at).size for name, at in coordinates.items()}
    if x is not None and x not in varying:
        raise ValueError(
            f"x must be one of the coordinates ({', '.join(varying) or 'none'}), "
            f"got {x!r}{near_match(str(x), varying)}"
        )
    if not varying:
        every = np.ones(problem.measured.values.size, dtype=bool)
        places = np.arange(1.0, every.size + 1)
        return POINT, [Curve("", every, places, problem.model(values).ravel())]
    over = x or max(varying, key=lambda name: varying[name])
    others = [name for name, count in varying.items() if name != over and count > 1]
    groups = _groups(coordinates, others)
    if all(np.unique(coordinates[over][points]).size == 1 for points in groups.values()):
        groups = {(): np.ones(problem.measured.values.size, dtype=bool)}
    ways = [_between(coordinates, over, points) for points in groups.values()]
    joined = {name: np.concatenate([way[name] for way in ways]) for name in coordinates}
    model = problem.model_at(values, joined, joined[over].shape)
    ends = np.cumsum([way[over].size for way in ways])[:-1]
    labels = (
        ", ".join(f"{name} = {value:.6g}" for name, value in zip(others, key, strict=False))
        for key in groups
    )
    parts = zip(
        labels, groups.values(), np.split(joined[over], ends), np.split(model, ends), strict=True
    )
    return over, [Curve(*part) for part in parts]


def over(measured: Measured, name: str) -> FloatArray:
    """Return where points are drawn, shape (n,)."""
    if name not in measured.coordinates:
        return np.arange(1.0, measured.values.size + 1)
    return _flat(measured)[name]


def _flat(measured: Measured) -> dict[str, FloatArray]:
    shape = measured.values.shape
    return {name: np.broadcast_to(at, shape).ravel() for name, at in measured.coordinates.items()}


def _groups(
    coordinates: dict[str, FloatArray], others: list[str]
) -> dict[tuple[float, ...], BoolArray]:
    """Return the points of all combinations of other coordinates."""
    keys = list(zip(*(coordinates[name].tolist() for name in others), strict=True))
    if not keys:
        return {(): np.ones(next(iter(coordinates.values())).size, dtype=bool)}
    return {key: np.array([one == key for one in keys]) for key in dict.fromkeys(keys)}


def _between(
    coordinates: dict[str, FloatArray], over: str, points: BoolArray
) -> dict[str, FloatArray]:
    """Return coordinates along a curve through some points."""
    at, first = np.unique(coordinates[over][points], return_index=True)
    along = np.union1d(np.linspace(at[0], at[-1], POINTS), at)
    along = along[(along >= at[0]) & (along <= at[-1])]
    own = {name: values[points][first] for name, values in coordinates.items()}
    return {name: np.interp(along, at, values) for name, values in own.items()}
