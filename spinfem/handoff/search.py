"""The largest errors of forms, as the free layer turns any way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
TOGETHER = 1024
"""Directions that are solved at a time, between two looks of a progress bar."""
MARGIN = 1.01
"""By what the largest error that is found is raised, for what the search leaves."""

Misfit = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
"""Of angles theta, (n,), and the exact ``epsilon sin(theta)`` and ``epsilon' sin(theta)``."""


def largest_errors(
    misfits: Sequence[Misfit],
    place: Place,
    stack: Stack,
    axis: FloatArray,
    advance: Callable[[int], None],
) -> list[float]:
    """Return the largest values of misfits as the free layer turns any way about the polarizer.

    From directions all over the sphere, or in one plane if all planes are the same, pattern
    searches go on around the largest errors, of all misfits at once.

    Parameters
    ----------
    misfits : sequence of callable
        What is to be largest.
    place : Place
        Of the free layer.
    stack : Stack
        The sample.
    axis : array, shape (3,)
        The polarizer.
    advance : callable
        Told of how many directions were solved.
    """
    e = elements_of(stack)
    others = [body[0] for body in e.bodies if body[0] not in place.along]
    free = e.m[place.free[0], 0]

    def errors(m: FloatArray) -> FloatArray:
        """Return errors of directions m, (misfits, n); where g is that of a limit, none."""
        sine, cosine = np.linalg.norm(np.cross(m, axis), axis=-1), m @ axis
        known = np.flatnonzero(place.plain | (sine > np.sin(np.radians(CLOSED))))
        error = np.zeros((len(misfits), len(m)))
        for part in np.split(known, range(TOGETHER, known.size, TOGETHER)):
            exact = place.strengths(solve(place.pointing(stack, m[part]), 1.0), m[part], axis)
            theta = np.degrees(np.arctan2(sine[part], cosine[part]))
            error[:, part] = [misfit(theta, *exact) for misfit in misfits]
            advance(part.size)
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
    all_found = errors(m)
    which, starts = [], []
    for i, found in enumerate(all_found):
        chosen = _apart(m, step, found, 2 if place.symmetric else CANDIDATES)
        which += [i] * len(chosen)
        starts += chosen
    m, step, found = m[starts], step[starts], all_found[which, starts]
    angles = np.arange(0.0, 360.0, 45.0)
    for _ in range(ROUNDS):
        # two rings of 8 around each
        around = np.array(
            [
                rotation(center, way, np.degrees([width, width / 2]), angles).reshape(-1, 3)
                for center, width in zip(m, step, strict=True)
            ]
        )
        tried = errors(around.reshape(-1, 3)).reshape(len(misfits), len(m), -1)
        tried = tried[which, np.arange(len(m))]
        largest = tried.argmax(axis=1)[:, None]
        new = np.take_along_axis(tried, largest, axis=1)[:, 0]
        better = new > found
        moved = np.take_along_axis(around, largest[..., None], axis=1)[:, 0]
        m, found = np.where(better[:, None], moved, m), np.maximum(new, found)
        step = np.where(better, step, step / 4)
    margin = 1.0 if place.symmetric else MARGIN
    return [margin * float(found[np.equal(which, i)].max()) for i in range(len(misfits))]


def _apart(m: FloatArray, step: FloatArray, found: FloatArray, most: int) -> list[int]:
    """Return where the largest errors are, so many at most, each a search of its own."""
    chosen: list[int] = []
    for i in np.argsort(found)[::-1].tolist():
        if len(chosen) == most:
            break
        if all(np.linalg.norm(m[i] - m[k]) > 2 * max(step[i], step[k]) for k in chosen):
            chosen.append(i)
    return chosen
