"""Steps in time of magnets of a device, by their velocity; one of these takes milliseconds.

So steps do not halt where they are sampled. A state is that at the beginning of the step in which
the last sample is, and all that is beyond follows from it, to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.integrate import DOP853

from .._checks import FloatArray
from ..constants import GAMMA_0
from ..devices.turning import TurningDevice
from ..numerics.motion import STAGES
from .stability import normalized
from .steps import Driven, State, Steps, stuck
from .system import MagnetSystem

FINEST = 100 * np.finfo(float).eps
"""The least relative error that SciPy takes; lengths are 1, so that the absolute one counts."""

Velocity = Callable[[float, FloatArray], FloatArray]


class Step(NamedTuple):
    """A step that was taken."""

    between: Callable[[float], FloatArray]  # y at times in it
    end: float  # s
    y: FloatArray  # (3 f,) unit vectors, at the end
    next: float  # s; how long the next may be
    tried: int


class VelocitySteps(Steps):
    """Steps of magnets of a device, as SciPy has them."""

    def __init__(self, system: MagnetSystem, driven: Driven) -> None:
        points = range(math.prod(driven.shape))
        self._systems = [system.at(driven.shape, point) for point in points]
        self._driven = driven
        self._steps: dict[int, Step] = {}  # of points, those that they are in
        own, turning = system.fields, system.turning
        assert isinstance(turning, TurningDevice)
        moved = own.Ms, own.alpha, own.volume, own.h, own.Q, np.array(system.pumping)
        held = system.whole(system.directions())[0]
        self.numbers = (*turning.numbers, held, *moved, driven.currents, driven.fields)

    def advance(self, times: FloatArray, state: State, samples: FloatArray) -> None:
        """Move to all of some times."""
        for point in range(len(self._systems)):
            y = state.y[:, point]
            for sample, time in zip(samples[:, :, point], times, strict=True):
                self._reach(point, time, state)
                at_rest = time == state.clock[0, point]
                sample[:] = y if at_rest else _unit(self._steps[point].between(time))

    def _reach(self, point: int, time: float, state: State) -> None:
        """Go to the step that a time is in; the state becomes that at its beginning."""
        y, clock = state.y[:, point], state.clock[:, point]
        for _ in range(self._driven.most):
            step = self._steps.get(point)
            if step is None:  # at the beginning, or in the step in which a run was broken off
                if time == clock[0]:
                    return
                clock[2] = max(clock[2], 1)
            elif time <= step.end:
                return
            else:
                y[:], clock[0], clock[1] = step.y, step.end, step.next
                clock[2], clock[3] = clock[2] + 1, clock[3] + step.tried
            taken = self._step(point, y, float(clock[0]), float(clock[1]))
            if taken is None:
                break
            self._steps[point] = taken
        raise stuck(state, point, self._driven.most)

    def _step(self, point: int, y: FloatArray, now: float, length: float) -> Step | None:
        """Take a step, none longer than a piece of time; None if there is no taking it."""
        edges = self._driven.edges
        piece = int(np.searchsorted(edges[1:-1], now, side="right"))
        end = edges[piece + 1]
        solver = DOP853(
            self._velocity(point, piece),
            now,
            y,
            end,
            first_step=min(length, end - now),
            rtol=FINEST,
            atol=self._driven.tolerance,
        )
        solver.step()
        if solver.status == "failed":
            return None
        # what is cut short by the end of a piece says little of the next one
        longest = max(length, solver.h_abs) if solver.t == end else solver.h_abs
        tried = (solver.nfev - 1) // STAGES
        return Step(solver.dense_output(), solver.t, _unit(solver.y), longest, tried)

    def _velocity(self, point: int, piece: int) -> Velocity:
        """Return dm/dt of a point as a function of time, in a piece of it."""
        system = self._systems[point]
        current, field = self._current(piece, point), self._driven.fields[piece]
        begin, end = self._driven.edges[piece : piece + 2]

        def velocity(time: float, y: FloatArray) -> FloatArray:
            powers = ((2 * time - begin - end) / (end - begin)) ** np.arange(len(current))
            now = system.velocity(y.reshape(-1, 3), powers @ current, powers @ field)
            return np.asarray(now.ravel())

        return velocity

    def _current(self, piece: int, point: int) -> FloatArray:
        """Return the numbers of j0 of a point in a piece of time, (c,)."""
        currents = self._driven.currents[piece]
        return np.asarray(currents[:, point % currents.shape[1]])

    def shake(self, y: FloatArray, noise: FloatArray, step: float) -> None:
        """Move in noise."""
        for point, system in enumerate(self._systems):
            current = self._current(0, point)[0]
            own = y[:, point].reshape(-1, 3)
            for kick in noise[:, :, point] / GAMMA_0:
                field = kick.reshape(-1, 3)
                begin = system.velocity(own, current, field)
                end = system.velocity(own + step * begin, current, field)
                own = normalized(own + step / 2 * (begin + end))
            y[:, point] = own.ravel()


def _unit(y: FloatArray) -> FloatArray:
    """Return the directions of vectors (3 f,)."""
    return normalized(y.reshape(-1, 3)).ravel()
