"""Steps in time of magnets of a stack, by the compiled chain."""

from __future__ import annotations

import math
from functools import cache, partial

import numpy as np

from .._checks import FloatArray
from ..constants import GAMMA_0, PUMPED_POTENTIAL, TORQUE_PER_SPIN_CURRENT
from ..numerics import kernels
from ..numerics.motion import STAGES, Legs, Magnets, Room, Table
from ..physics.directions import COLLINEAR_REST
from ..solvers.turning import room_for
from .steps import Driven, State, Steps, stuck
from .system import MagnetSystem
from .turning import TurningStack


class ChainSteps(Steps):
    """Steps of magnets of a stack, which end at all times."""

    def __init__(self, system: MagnetSystem, driven: Driven) -> None:
        self.numbers = self._magnets = magnets_of(system, driven)
        self._driven, self._room = driven, partial(room_to_move, system)
        self._threads = chain_of(system).threads

    def advance(self, times: FloatArray, state: State, samples: FloatArray) -> None:
        """Move to all of some times."""
        clock = state.clock
        legs = legs_of(self._driven.edges, float(clock[0].min()), times)
        accuracy = self._driven.tolerance, COLLINEAR_REST, self._driven.most
        changed = *state, samples
        kernels.run_points(
            self._magnets, self._room, table(), legs, changed, accuracy, self._threads
        )
        if not (clock[0] >= times[-1]).all():
            raise stuck(state, int(np.argmin(clock[0] >= times[-1])), self._driven.most)

    def shake(self, y: FloatArray, noise: FloatArray, step: float) -> None:
        """Move in noise."""
        changed = y, noise
        kernels.shake_points(
            self._magnets, self._room, changed, step, COLLINEAR_REST, self._threads
        )


def chain_of(system: MagnetSystem) -> TurningStack:
    """Return what turns, of a stack."""
    assert isinstance(system.turning, TurningStack)
    return system.turning


@cache
def table() -> Table:
    """Return the method's numbers, from SciPy."""
    from scipy.integrate import DOP853

    return Table(*(np.ascontiguousarray(getattr(DOP853, name), float) for name in Table._fields))


def magnets_of(system: MagnetSystem, driven: Driven) -> Magnets:
    """Return what moves, at all points of a batch."""
    shape, fields = driven.shape, driven.fields
    own, turning = system.fields, chain_of(system)
    f = len(system.names)

    def flat(values: FloatArray, *rest: int) -> FloatArray:
        """Return numbers (..., *components) as (*rest, N or 1)."""
        numbers = np.asarray(values)
        batch = numbers.shape[: numbers.ndim - len(rest)]
        if math.prod(batch) != 1:
            numbers = np.broadcast_to(numbers, (*shape, *numbers.shape[len(batch) :]))
        table = np.array(numbers.reshape(-1, math.prod(rest)).T, order="C")  # not read-only
        return table.reshape(*rest, -1)

    h = GAMMA_0 * flat(own.h.reshape(*own.h.shape[:-2], 3 * f), 3 * f)
    all_fields = np.zeros((*fields.shape[:2], *h.shape))
    all_fields += GAMMA_0 * np.tile(fields, f)[..., None]
    all_fields[:, 0] += h
    pairs = np.zeros((0, f, 1))
    if own.J2.any():
        pairs = 2 * GAMMA_0 * flat(own.J2 / own.moments[..., None], f, f)
    matrix = own.Q.reshape(*own.Q.shape[:-4], 3 * f, 3 * f)
    places = [(k, i) for i, body in enumerate(own.bodies) for k in body]
    return Magnets(
        turning.skeleton_at(shape),
        np.ascontiguousarray(turning.over(turning.held, shape)),
        np.array(places, dtype=np.intp),
        flat(own.alpha, f),
        flat(TORQUE_PER_SPIN_CURRENT * system.per_torque, f),
        GAMMA_0 * flat(matrix, 3 * f, 3 * f),
        pairs,
        np.full((int(system.pumping), 1), PUMPED_POTENTIAL),
        np.ascontiguousarray(driven.currents),
        all_fields,
    )


def room_to_move(system: MagnetSystem, points: int) -> Room:
    """Return room to work in at some points at once."""
    turning = chain_of(system)
    skeleton, n = turning.skeleton, turning.held.shape[1]
    b = len(system.names)

    def blank(*shape: int) -> FloatArray:
        return np.zeros((*shape, points))

    return Room(
        room_for(skeleton, points),
        blank(3, n),
        blank(3, n),
        blank(3, n),
        blank(6 * b),
        blank(3 * b),
        blank(2 * b, 2 * b + 1),
        blank(3 * b),
        blank(3 * b),
        blank(STAGES + 1, 3 * b),
        blank(3 * b),
    )


def legs_of(edges: FloatArray, now: float, times: FloatArray) -> Legs:
    """Return the halts from now to the last of some times, where pieces end too."""
    inner = edges[1:-1]
    ends = np.unique(np.concatenate([inner[(inner > now) & (inner < times[-1])], times]))
    pieces = np.clip(np.searchsorted(edges, ends, side="left") - 1, 0, len(edges) - 2)
    places = np.searchsorted(times, ends)
    sampled = np.where(times[places] == ends, places, -1)
    return Legs(
        ends,
        pieces.astype(np.intp),
        (edges[pieces] + edges[pieces + 1]) / 2,
        2 / np.diff(edges)[pieces],
        sampled.astype(np.intp),
    )
