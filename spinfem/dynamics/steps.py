"""What makes steps in time of all points of a batch, each of its own length."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from .._checks import FloatArray


class Driven(NamedTuple):
    """What drives magnets in pieces of time, each a polynomial of u from -1 to 1."""

    shape: tuple[int, ...]  # of the batch, of N points
    edges: FloatArray  # (d + 1,) s
    currents: FloatArray  # (d, c, N or 1) j0
    fields: FloatArray  # (d, c, 3) what comes to the fields of the system, A/m
    tolerance: float  # error of a step, radians
    most: int  # steps that may be tried from one time to the next


class State(NamedTuple):
    """Where a batch is, and all that it takes to go on."""

    y: FloatArray  # (3 f, N) unit vectors
    clock: FloatArray  # (5, N) as of `spinfem.numerics.motion.advance`


class Steps(ABC):
    """Steps of order 8 whose length follows the error, and of the rule of Heun in noise.

    Attributes
    ----------
    numbers : tuple
        All that determines them, but for `Driven.edges` and the accuracy.
    """

    numbers: tuple[Any, ...]

    @abstractmethod
    def advance(self, times: FloatArray, state: State, samples: FloatArray) -> None:
        """Move to all of some times (t,), s; the state is changed, samples (t, 3 f, N) filled.

        Raises
        ------
        ValueError
            If it takes more steps from one time to the next than may be tried.
        """

    @abstractmethod
    def shake(self, y: FloatArray, noise: FloatArray, step: float) -> None:
        """Change y (3 f, N) in steps of one length, s, in gamma_0 times fields (steps, 3 f, N)."""


def stuck(state: State, point: int, most: int) -> ValueError:
    """Return the error of a point of a batch that takes too many steps."""
    clock = state.clock
    return ValueError(
        f"motion must be possible in {most} steps from one time to the next, got stuck at "
        f"{clock[0, point]:g} s" + (f" at point {point} of the batch" if clock.shape[1] > 1 else "")
    )
