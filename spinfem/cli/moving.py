"""What commands for magnets that move have in common: reading them, and their states."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..dynamics.dynamics import Dynamics
    from ..dynamics.steady import SteadyState
    from ..io.stackfile import StackFile


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
