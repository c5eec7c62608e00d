"""The largest error of a form, as the free layer turns any way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .._checks import FloatArray
from ..sample.stack import Stack
from ..solver import solve
from ..solvers.elements import elements_of
from .epsilon import THETA
from .place import CLOSED, Place, rotation

GRID = np.linspace(0.0, 180.0, 61)[1:-1], np.arange(0.0, 360.0, 15.0)
"""Angles to the polarizer and around it at which errors are looked for, degrees."""
RINGS = np.geomspace(1e-5, 30.0, 18), np.arange(0.0, 360.0, 60.0)
"""The same around m of every ferromagnet, where peaks are as narrow as sqrt(d_N/l_N)."""
CANDIDATES, ROUNDS = 6, 9
"""Largest errors from which a search goes on, and how often its steps get smaller."""
MARGIN = 1.01
"""By what the largest error that is found is raised, for what the search leaves."""

Misfit = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""Of angles theta, (n,), and the exact ``epsilon sin(theta)`` and ``epsilon' sin(theta)``."""


def largest_error(misfit: Misfit, place: Place, stack: Stack, axis: FloatArray) -> float:
    """Return the largest misfit as the free layer turns any way about the polarizer's axis.

    From directions all over the sphere, or in one plane if all planes are the same, pattern
    searches go on around the largest errors.
    """
    e = elements_of(stack)
    others = [body[0] for body in e.bodies if body[0] not in place.along]
    free = e.m[place.free[0], 0]

    def errors(m: FloatArray) -> FloatArray:
        """Return errors of directions m, (n,); where g is that of a limit, none."""
        sine, cosine = np.linalg.norm(np.cross(m, axis), axis=-1), m @ axis
        known = place.plain | (sine > np.sin(np.radians(CLOSED)))
        m, sine, cosine = m[known], sine[known], cosine[known]
        error = np.zeros(known.size)
        if known.any():
            exact = place.strengths(solve(place.pointing(stack, m), 1.0), m, axis)
            error[known] = misfit(np.degrees(np.arctan2(sine, cosine)), *exact)
        return error

    way = free if place.symmetric else e.m[others[-1 if place.step > 0 else 0], 0]
    polar, around = GRID if not place.symmetric else (THETA[1:-1], np.zeros(1))
    parts = [rotation(axis, way, polar, around).reshape(-1, 3)]
    steps = [np.full(len(parts[0]), np.radians(np.diff(polar[:2])[0]))]
    radii, around = RINGS if not place.symmetric else (RINGS[0], np.zeros(1))
    for k in others if not place.symmetric else [others[0]]:
        center = axis if place.symmetric else e.m[k, 0]
        ring = rotation(center, way, radii, around)
        for sign in (1, -1):
            parts.append(sign * ring.reshape(-1, 3))
            steps.append(np.tile(np.radians(radii) / 2, len(around)))
    m, step = np.concatenate(parts), np.concatenate(steps)
    found = errors(m)
    best = np.argsort(found)[::-1]
    chosen: list[int] = []
    for i in best.tolist():
        if len(chosen) == (2 if place.symmetric else CANDIDATES):
            break
        if all(np.linalg.norm(m[i] - m[k]) > 2 * max(step[i], step[k]) for k in chosen):
            chosen.append(i)
    m, step, found = m[chosen], step[chosen], found[chosen]
    angles = np.arange(0.0, 360.0, 45.0)
    for _ in range(ROUNDS):
        # two rings of 8 around each
        around = np.array(
            [
                rotation(center, way, np.degrees([width, width / 2]), angles).reshape(-1, 3)
                for center, width in zip(m, step, strict=True)
            ]
        )
        tried = errors(around.reshape(-1, 3)).reshape(len(m), -1)
        largest = tried.argmax(axis=1)[:, None]
        new = np.take_along_axis(tried, largest, axis=1)[:, 0]
        better = new > found
        moved = np.take_along_axis(around, largest[..., None], axis=1)[:, 0]
        m, found = np.where(better[:, None], moved, m), np.maximum(new, found)
        step = np.where(better, step, step / 4)
    return float(found.max()) * (1.0 if place.symmetric else MARGIN)
