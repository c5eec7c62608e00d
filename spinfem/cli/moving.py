"""What commands for magnets that move have in common: reading them, and their states."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .._checks import FloatArray

if TYPE_CHECKING:
    from ..dynamics.dynamics import Dynamics
    from ..dynamics.steady import SteadyState
    from ..io.stackfile import StackFile

COLLINEAR = 1e-9
"""By what the cosine of the angle of two collinear magnetizations may miss 1."""


def moving_magnets(path: Path) -> tuple[StackFile, Dynamics]:
    """Read a stack file and its magnets that move; errors as of `Dynamics.from_file`."""
    from ..dynamics.dynamics import Dynamics
    from ..dynamics.fromfile import made_of
    from ..io.stackfile import read_into

    return read_into(path, lambda file: (file, made_of(Dynamics, file)))


def states_without_current(path: Path, system: Dynamics) -> list[SteadyState]:
    """Return the states that are stable without current, that nearest to the file's m first.

    Raises
    ------
    ValueError
        If there are none.
    """
    found = [state for state in system.steady_states() if state.stable]
    if not found:
        raise ValueError(
            f"{path}: a state must be stable without current, got none: magnets may turn freely "
            "without demag, K_J_m3 or a field in [dynamics]"
        )
    own = system.directions()
    return sorted(found, key=lambda state: -float((state.directions * own).sum()))


def described(system: Dynamics, m: FloatArray) -> str:
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
    written = f"{polar:.4g}"
    return f"{written}/{azimuth:.4g}" if written not in ("0", "180") else written
