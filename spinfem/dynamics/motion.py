"""Motion in time: magnets of a stack integrated from given directions on."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._checks import FloatArray
from .._progress import progress_bar
from ..constants import GAMMA_0, MU_0, TORQUE_PER_SPIN_CURRENT
from ..files.versions import versions
from ..numerics import kernels
from ..numerics.motion import STAGES, Legs, Magnets, Room, Table
from ..physics.directions import COLLINEAR_REST
from ..solvers.turning import room_for
from .pieces import Pieces, at_all_edges
from .record import Record, digest_of
from .system import LIFT, MagnetSystem

FIRST_STEP = 1e-3
"""Radians of the first step: short, and soon longer."""
MOST_STEPS = 10_000_000
"""Steps that may be tried from one halt to the next."""
BOLTZMANN = 1.380649e-23
"""J/K, exact in the SI."""
AT_ONCE = 2**22
"""Numbers of samples, or of noise, that are made at once."""
FIRST_PART, PART_SECONDS = 16, 0.2
"""Times of a run until it is first said how far it is, and seconds until it is said again."""


class Drive(NamedTuple):
    """What drives magnets in time."""

    current: Pieces  # j0, A/m2, of all points of a batch, or of one for all
    field: Pieces  # what comes to the fields of the system, A/m, of three components


class Thermal(NamedTuple):
    """Fields of a temperature."""

    temperature: float  # K
    area: float  # m2
    step: float  # s; the longest
    seed: int


class Run(NamedTuple):
    """What is to be done, but for where it begins."""

    system: MagnetSystem
    shape: tuple[int, ...]  # of the batch
    drive: Drive
    times: FloatArray  # (T,) s; increasing, the first is the beginning
    tolerance: float  # error of a step, radians
    thermal: Thermal | None


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


def begin(run: Run, m: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return y and clock of `numerics.motion.advance` at the beginning.

    Parameters
    ----------
    run : Run
        What is to be done.
    m : array, shape (..., f, 3)
        Unit vectors.
    """
    f, points = len(run.system.names), math.prod(run.shape)
    ways = np.broadcast_to(m, (*run.shape, f, 3))
    current = run.drive.current.numbers[0, 0]
    j0 = current.reshape(run.shape) if current.size > 1 else current[0]
    speed = np.abs(run.system.velocity(ways, j0)).reshape(points, -1).max(axis=-1)
    clock = np.zeros((5, points))
    clock[0] = run.times[0]
    # a power of two: roundings of the velocity do not depend on the batch, but almost
    clock[1] = 2.0 ** np.floor(np.log2(FIRST_STEP / np.maximum(speed, 1.0)))
    return np.array(ways.reshape(points, 3 * f).T, order="C"), clock


def driven(run: Run) -> tuple[FloatArray, Magnets]:
    """Return the edges of all pieces of time, and what moves in these."""
    edges, (currents, fields) = at_all_edges(run.drive.current, run.drive.field)
    count = max(currents.shape[1], fields.shape[1])
    currents, fields = (
        np.concatenate([x, np.zeros((len(x), count - x.shape[1], x.shape[2]))], axis=1)
        for x in (currents, fields)
    )
    return edges, magnets_of(run.system, run.shape, currents, fields)


def move(run: Run, m: FloatArray, folder: Path | None, progress: bool | None) -> Record:
    """Do it, or what is left of it.

    Parameters
    ----------
    run : Run
        What is to be done.
    m : array, shape (..., f, 3)
        Unit vectors, where it begins.
    folder : Path, optional
        Where parts of it are kept.
    progress : bool, optional
        As of `spinfem.sweep`.

    Raises
    ------
    ValueError
        If steps become too many: torques or fields are not finite; or the folder holds something
        else.
    OSError
        If it cannot be read or written.
    """
    state, (edges, magnets) = begin(run, m), driven(run)
    digest = ""
    if folder is not None:
        accuracy = run.tolerance, run.thermal
        digest = digest_of(*versions().items(), edges, magnets, run.times, *state, *accuracy)
    record = Record(*state, len(run.times), folder, digest)
    with progress_bar("run", len(run.times), progress) as done:
        record.tell(done)
        if run.thermal is None:
            advance(run, edges, magnets, record)
        else:
            shake(run, run.thermal, magnets, record)
    return record


def advance(run: Run, edges: FloatArray, magnets: Magnets, record: Record) -> None:
    """Move from where a record is to the last of the times."""
    size, points = record.y.shape
    for chosen in _parts(run.times[record.count :], max(1, AT_ONCE // (size * points))):
        samples = np.empty((len(chosen), size, points))
        kernels.run_points(
            magnets,
            partial(room_to_move, run.system),
            table(),
            legs_of(edges, float(record.clock[0].min()), chosen),
            (record.y, record.clock, samples),
            (run.tolerance, COLLINEAR_REST, MOST_STEPS),
            run.system.turning.threads,
        )
        if not (record.clock[0] >= chosen[-1]).all():
            late = int(np.argmin(record.clock[0] >= chosen[-1]))
            raise ValueError(
                f"motion must be possible in {MOST_STEPS} steps from one time to the next, got "
                f"stuck at {record.clock[0, late]:g} s"
                + (f" at point {late} of the batch" if points > 1 else "")
            )
        record.take(samples)


def _parts(times: FloatArray, most: int) -> Iterator[FloatArray]:
    """Return times part by part, so many that each takes a while, and at most some at once."""
    first, part = 0, FIRST_PART
    while first < len(times):
        began, chosen = time.monotonic(), times[first : first + min(part, most)]
        yield chosen
        first += len(chosen)
        part = max(1, 2 * part if time.monotonic() - began < PART_SECONDS else part // 2)


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


def shake(run: Run, thermal: Thermal, magnets: Magnets, record: Record) -> None:
    """Move likewise in the fields of a temperature; current and field do not change.

    ``<H H> = 2 alpha k T/(gamma_0 mu_0 M_s V dt)`` of every component in a step dt, W. F. Brown,
    doi:10.1103/PhysRev.130.1677. Random numbers from one time to the next are of their own: they
    depend on the seed and on how many times were before, so that a run may be taken up at any.
    """
    size, points = record.y.shape
    own = run.system.fields
    volume = thermal.area * own.thickness
    strength = 2 * own.alpha * BOLTZMANN * thermal.temperature
    strength = strength / (GAMMA_0 * MU_0 * own.Ms * volume)
    per_root = np.broadcast_to(np.sqrt(strength), (*run.shape, strength.shape[-1]))
    spread = GAMMA_0 * np.repeat(per_root.reshape(points, -1).T, 3, axis=0)
    part = max(1, AT_ONCE // (size * points))
    for number in range(record.count, len(run.times)):
        now, then = float(record.clock[0, 0]), float(run.times[number])
        random = np.random.default_rng(np.random.SeedSequence(thermal.seed, spawn_key=(number,)))
        steps = math.ceil((then - now) / thermal.step * (1 - 1e-12))
        for first in range(0, steps, part):
            step = (then - now) / steps
            noise = random.standard_normal((min(part, steps - first), size, points))
            noise *= spread / math.sqrt(step)
            kernels.shake_points(
                magnets,
                partial(room_to_move, run.system),
                (record.y, noise),
                step,
                COLLINEAR_REST,
                run.system.turning.threads,
            )
        record.clock[0], record.clock[2] = then, record.clock[2] + steps
        record.take(record.y[None].copy())
