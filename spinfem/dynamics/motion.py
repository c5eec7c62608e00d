"""Motion in time: magnets of a stack integrated from given directions on."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray
from .._progress import progress_bar
from ..constants import GAMMA_0, MU_0, TORQUE_PER_SPIN_CURRENT
from ..numerics import kernels
from ..numerics.motion import STAGES, Legs, Magnets, Room, Table
from ..physics.directions import COLLINEAR_REST
from ..solvers.turning import room_for
from .pieces import Pieces, at_all_edges
from .system import LIFT, MagnetSystem

FIRST_STEP = 1e-3
"""Radians of the first step: short, and soon longer."""
MOST_STEPS = 10_000_000
"""Steps that may be tried from one halt to the next."""
BOLTZMANN = 1.380649e-23
"""J/K, exact in the SI."""
AT_ONCE = 2**22
"""Numbers of samples, or of noise, that are made at once."""


class Drive(NamedTuple):
    """What drives magnets in time."""

    current: Pieces  # j0, A/m2, of all points of a batch, or of one for all
    field: Pieces  # what comes to the fields of the system, A/m, of three components


class State(NamedTuple):
    """Where motion is: all that it takes to go on."""

    y: FloatArray  # (3 f, N) unit vectors
    clock: FloatArray  # (5, N), see `numerics.motion.advance`


class Thermal(NamedTuple):
    """Fields of a temperature."""

    temperature: float  # K
    area: float  # m2
    step: float  # s; the longest
    seed: int


# --- numbers ------------------------------------------------------------------------------------


@cache
def table() -> Table:
    """Return the method's numbers, from SciPy."""
    from scipy.integrate import DOP853

    return Table(*(np.ascontiguousarray(getattr(DOP853, name), float) for name in Table._fields))


def magnets_of(
    system: MagnetSystem, shape: tuple[int, ...], currents: FloatArray, fields: FloatArray
) -> Magnets:
    """Return what moves, at all points of a batch.

    Parameters
    ----------
    system : MagnetSystem
        What moves.
    shape : tuple of int
        Shape of the batch.
    currents : array, shape (d, c, N or 1)
        As of `numerics.motion.Magnets`.
    fields : array, shape (d, c, 3)
        What comes to the fields of `system`, A/m, likewise.
    """
    own, turning = system.fields, system.turning
    f = len(system.names)

    def flat(values: FloatArray, *rest: int) -> FloatArray:
        """Return numbers (..., *components) as (*rest, N or 1)."""
        numbers = np.asarray(values)
        batch = numbers.shape[: numbers.ndim - len(rest)]
        if math.prod(batch) != 1:
            numbers = np.broadcast_to(numbers, (*shape, *numbers.shape[len(batch) :]))
        return np.ascontiguousarray(numbers.reshape(-1, math.prod(rest)).T).reshape(*rest, -1)

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
        np.full((int(system.pumping), 1), LIFT),
        np.ascontiguousarray(currents),
        all_fields,
    )


def room_to_move(system: MagnetSystem, points: int) -> Room:
    """Return room to work in at some points at once."""
    skeleton, n = system.turning.skeleton, system.turning.held.shape[1]
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


# --- motion -------------------------------------------------------------------------------------


def begin(system: MagnetSystem, m: FloatArray, shape: tuple[int, ...], drive: Drive) -> State:
    """Return the state at the beginning.

    Parameters
    ----------
    system, drive
        What moves, and what drives it.
    m : array, shape (..., f, 3)
        Unit vectors.
    shape : tuple of int
        Shape of the batch.
    """
    f, points = len(system.names), math.prod(shape)
    ways = np.broadcast_to(m, (*shape, f, 3))
    current = drive.current.numbers[0, 0]
    j0 = current.reshape(shape) if current.size > 1 else current[0]
    speed = np.abs(system.velocity(ways, j0)).reshape(points, -1).max(axis=-1)
    clock = np.zeros((5, points))
    clock[0] = drive.current.edges[0]
    clock[1] = FIRST_STEP / np.maximum(speed, 1.0)
    return State(np.array(ways.reshape(points, 3 * f).T, order="C"), clock)


def advance(
    system: MagnetSystem,
    shape: tuple[int, ...],
    drive: Drive,
    state: State,
    times: FloatArray,
    tolerance: float,
    use: Callable[[FloatArray], None],
    progress: bool | None,
) -> None:
    """Move through some times, from where the state is.

    Parameters
    ----------
    system, shape, drive
        As of `begin`.
    state : State
        Changed.
    times : array, shape (T,)
        s; increasing, none before the state's.
    tolerance : float
        Error of a step, radians.
    use : callable
        Takes unit vectors at some times, (t, 3 f, N), one part after the other; the state is then
        that at the last of them.
    progress : bool, optional
        As of `spinfem.sweep`.

    Raises
    ------
    ValueError
        If steps become too many: torques or fields are not finite.
    """
    edges, (currents, fields) = at_all_edges(drive.current, drive.field)
    count = max(currents.shape[1], fields.shape[1])
    currents, fields = (
        np.concatenate([x, np.zeros((len(x), count - x.shape[1], x.shape[2]))], axis=1)
        for x in (currents, fields)
    )
    magnets = magnets_of(system, shape, currents, fields)
    size, points = state.y.shape
    part = max(1, AT_ONCE // (size * points))
    with progress_bar("run", len(times), progress) as done:
        for first in range(0, len(times), part):
            chosen = times[first : first + part]
            samples = np.empty((len(chosen), size, points))
            kernels.run_points(
                magnets,
                partial(room_to_move, system),
                table(),
                legs_of(edges, float(state.clock[0].min()), chosen),
                (state.y, state.clock, samples),
                (tolerance, COLLINEAR_REST, MOST_STEPS),
                system.turning.threads,
            )
            if not (state.clock[0] >= chosen[-1]).all():
                late = int(np.argmin(state.clock[0] >= chosen[-1]))
                raise ValueError(
                    f"motion must be possible in {MOST_STEPS} steps from one time to the next, got "
                    f"stuck at {state.clock[0, late]:g} s"
                    + (f" at point {late} of the batch" if points > 1 else "")
                )
            use(samples)
            done(len(chosen))


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


def shake(
    system: MagnetSystem,
    shape: tuple[int, ...],
    drive: Drive,
    state: State,
    times: FloatArray,
    thermal: Thermal,
    use: Callable[[FloatArray], None],
    progress: bool | None,
) -> None:
    """Move through some times in the fields of a temperature.

    ``<H H> = 2 alpha k T/(gamma_0 mu_0 M_s V dt)`` of every component in a step dt, W. F. Brown,
    doi:10.1103/PhysRev.130.1677. Parameters as of `advance`; current and field do not change.
    """
    size, points = state.y.shape
    magnets = magnets_of(system, shape, drive.current.numbers, drive.field.numbers)
    own = system.fields
    volume = thermal.area * own.thickness
    strength = 2 * own.alpha * BOLTZMANN * thermal.temperature
    strength = strength / (GAMMA_0 * MU_0 * own.Ms * volume)
    per_root = np.broadcast_to(np.sqrt(strength), (*shape, strength.shape[-1]))
    spread = GAMMA_0 * np.repeat(per_root.reshape(points, -1).T, 3, axis=0)
    random = np.random.default_rng(thermal.seed)
    part = max(1, AT_ONCE // (size * points))
    with progress_bar("run", len(times), progress) as done:
        for time in times.tolist():
            now = float(state.clock[0, 0])
            steps = math.ceil((time - now) / thermal.step * (1 - 1e-12))
            for first in range(0, steps, part):
                step = (time - now) / steps
                noise = random.standard_normal((min(part, steps - first), size, points))
                noise *= spread / math.sqrt(step)
                kernels.shake_points(
                    magnets,
                    partial(room_to_move, system),
                    (state.y, noise),
                    step,
                    COLLINEAR_REST,
                    system.turning.threads,
                )
            state.clock[0], state.clock[2] = time, state.clock[2] + steps
            use(state.y[None].copy())
            done(1)


def as_directions(samples: Any, shape: tuple[int, ...], f: int) -> FloatArray:
    """Return unit vectors (T, 3 f, N) as (*shape, T, f, 3)."""
    found = np.concatenate(samples) if isinstance(samples, list) else samples
    return np.ascontiguousarray(found.transpose(2, 0, 1)).reshape(*shape, len(found), f, 3)
