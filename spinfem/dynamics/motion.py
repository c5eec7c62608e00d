"""Motion in time: magnets integrated from given directions on."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._checks import FloatArray
from .._progress import progress_bar
from ..constants import GAMMA_0, MU_0
from ..devices.turning import TurningDevice
from ..files.versions import versions
from .chains import ChainSteps
from .pieces import Pieces, at_all_edges
from .record import Record, digest_of
from .steps import Driven, State, Steps
from .system import MagnetSystem
from .velocities import VelocitySteps

FIRST_STEP = 1e-3
"""Radians of the first step: short, and soon longer."""
MOST_STEPS = 10_000_000
"""Steps that may be tried from one time to the next."""
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
    area: float  # m2; 1 of a device, whose volumes are no thicknesses
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


# --- motion -------------------------------------------------------------------------------------


def begin(run: Run, m: FloatArray) -> State:
    """Return where a run begins.

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
    return State(np.array(ways.reshape(points, 3 * f).T, order="C"), clock)


def steps_of(run: Run) -> tuple[FloatArray, Steps]:
    """Return the edges of all pieces of time, and what makes steps in these."""
    edges, (currents, fields) = at_all_edges(run.drive.current, run.drive.field)
    count = max(currents.shape[1], fields.shape[1])
    currents, fields = (
        np.concatenate([x, np.zeros((len(x), count - x.shape[1], x.shape[2]))], axis=1)
        for x in (currents, fields)
    )
    driven = Driven(run.shape, edges, currents, fields, run.tolerance, MOST_STEPS)
    is_device = isinstance(run.system.turning, TurningDevice)
    return edges, (VelocitySteps if is_device else ChainSteps)(run.system, driven)


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
    state, (edges, steps) = begin(run, m), steps_of(run)
    digest = ""
    if folder is not None:
        accuracy = run.tolerance, run.thermal
        digest = digest_of(*versions().items(), edges, steps.numbers, run.times, *state, *accuracy)
    record = Record(*state, len(run.times), folder, digest)
    with progress_bar("run", len(run.times), progress) as done:
        record.tell(done)
        if run.thermal is None:
            advance(run, steps, record)
        else:
            shake(run, run.thermal, steps, record)
    return record


def advance(run: Run, steps: Steps, record: Record) -> None:
    """Move from where a record is to the last of the times."""
    size, points = record.y.shape
    for chosen in _parts(run.times[record.count :], max(1, AT_ONCE // (size * points))):
        samples = np.empty((len(chosen), size, points))
        steps.advance(chosen, State(record.y, record.clock), samples)
        record.take(samples)


def _parts(times: FloatArray, most: int) -> Iterator[FloatArray]:
    """Return times part by part, so many that each takes a while, and at most some at once."""
    first, part = 0, FIRST_PART
    while first < len(times):
        began, chosen = time.monotonic(), times[first : first + min(part, most)]
        yield chosen
        first += len(chosen)
        part = max(1, 2 * part if time.monotonic() - began < PART_SECONDS else part // 2)


def shake(run: Run, thermal: Thermal, steps: Steps, record: Record) -> None:
    """Move likewise in the fields of a temperature; current and field do not change.

    ``<H H> = 2 alpha k T/(gamma_0 mu_0 M_s V dt)`` of every component in a step dt, W. F. Brown,
    doi:10.1103/PhysRev.130.1677. Random numbers from one time to the next are of their own: they
    depend on the seed and on how many times were before, so that a run may be taken up at any.
    """
    size, points = record.y.shape
    own = run.system.fields
    volume = thermal.area * own.volume
    strength = 2 * own.alpha * BOLTZMANN * thermal.temperature
    strength = strength / (GAMMA_0 * MU_0 * own.Ms * volume)
    per_root = np.broadcast_to(np.sqrt(strength), (*run.shape, strength.shape[-1]))
    spread = GAMMA_0 * np.repeat(per_root.reshape(points, -1).T, 3, axis=0)
    part = max(1, AT_ONCE // (size * points))
    for number in range(record.count, len(run.times)):
        now, then = float(record.clock[0, 0]), float(run.times[number])
        random = np.random.default_rng(np.random.SeedSequence(thermal.seed, spawn_key=(number,)))
        count = math.ceil((then - now) / thermal.step * (1 - 1e-12))
        for first in range(0, count, part):
            step = (then - now) / count
            noise = random.standard_normal((min(part, count - first), size, points))
            noise *= spread / math.sqrt(step)
            steps.shake(record.y, noise, step)
        record.clock[0], record.clock[2] = then, record.clock[2] + count
        record.take(record.y[None].copy())
