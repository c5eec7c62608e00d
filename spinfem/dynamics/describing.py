"""What can be said in short of magnets that move: states by name, and what a run has come to."""

from __future__ import annotations

import numpy as np

from .._checks import FloatArray
from .moved import Moved
from .system import MagnetSystem

COLLINEAR = 1e-9
"""By what the cosine of the angle of two collinear magnetizations may miss 1."""
REGULAR = 0.02
"""By what the size of a motion may change from its third quarter to its last one."""
STEADY = 1e-6
"""Radians: what has moved by less since the beginning has not moved."""


def described(system: MagnetSystem, m: FloatArray) -> str:
    """Write directions (f, 3) of what moves as a name of the state."""
    whole, _ = system.whole(m)
    if len(whole) == 2 and abs(whole[0] @ whole[1]) > 1 - COLLINEAR:
        return "parallel" if whole[0] @ whole[1] > 0 else "antiparallel"
    return ", ".join(f"{name} {angles(m[i])}" for i, name in enumerate(system.names))


def angles(m: FloatArray) -> str:
    """Write a direction (3,) as its polar angle and, where that matters, its azimuth, degrees."""
    x, y, z = m.tolist()
    across = float(np.hypot(x, y))
    polar, azimuth = np.degrees(np.arctan2(across, z)), np.degrees(np.arctan2(y, x))
    azimuth = round(float(azimuth), 9) + 0.0  # without rounding, nor a minus of zero
    written = f"{polar:.4g}"
    return f"{written}/{azimuth:.4g}" if written not in ("0", "180") else written


def largest_speed(system: MagnetSystem, j0: float) -> float:
    """Return the largest ``|dm/dt|``, 1/s, at the beginning and along all axes.

    Parameters
    ----------
    system : MagnetSystem
        A single one.
    j0 : float
        Particle current, A/m2.
    """
    ways = np.repeat([*np.eye(3), *-np.eye(3)], len(system.names), axis=0)
    around = np.concatenate([system.directions()[None], ways.reshape(6, -1, 3)])
    return float(np.linalg.norm(system.velocity(around, j0), axis=-1).max())


def has_stayed(run: Moved) -> bool:
    """Tell whether nothing has moved in a single run: it began in a steady state."""
    return bool(np.abs(run.directions - run.directions[0]).max() < STEADY)


def is_regular(run: Moved) -> bool:
    """Tell whether the motion of a single run is as large in the last quarter as before."""
    _, _, third, last = np.array_split(run.directions, 4)
    sizes = [float(np.sqrt(part.var(axis=0).sum())) for part in (third, last)]
    return abs(sizes[1] - sizes[0]) <= REGULAR * max(sizes)
