"""Motion in time: magnets of a stack integrated from given directions on."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray
from ..constants import GAMMA_0, TORQUE_PER_SPIN_CURRENT
from ..numerics import kernels
from ..numerics.motion import STAGES, Legs, Magnets, Room, Table
from ..physics.directions import COLLINEAR_REST
from ..solvers.turning import room_for
from .system import LIFT, MagnetSystem

FIRST_STEP = 1e-3
"""Radians of the first step: short, and soon longer."""
MOST_STEPS = 10_000_000
"""Steps that a leg may take."""


@cache
def table() -> Table:
    """Return the method's numbers, from SciPy."""
    from scipy.integrate import DOP853

    A, C, B, E3, E5 = (np.asarray(getattr(DOP853, name)) for name in ("A", "C", "B", "E3", "E5"))
    return Table(*(np.ascontiguousarray(x, float) for x in (A, C, B, E3, E5)))


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
    currents : array, shape (d, 4, N or 1)
        j0 in every piece of time, as a cubic of the time since its beginning, A/m2 per s^i.
    fields : array, shape (d, 4, 3 f, N or 1)
        What comes to the fields of `system` likewise, A/m per s^i.
    """
    own, turning = system.fields, system.turning
    f = len(system.names)

    def flat(values: FloatArray, *rest: int) -> FloatArray:
        """Return numbers (..., *components) as (*rest, N or 1)."""
        batch = values.shape[: values.ndim - len(rest)]
        if math.prod(batch) != 1:
            values = np.broadcast_to(values, (*shape, *values.shape[len(batch) :]))
        return np.ascontiguousarray(values.reshape(-1, math.prod(rest)).T.reshape(*rest, -1))

    h = GAMMA_0 * flat(own.h.reshape(*own.h.shape[:-2], 3 * f), 3 * f)
    fields = GAMMA_0 * fields
    fields = (
        np.concatenate([fields[:, :1] + h, np.repeat(fields[:, 1:], 1, axis=0)], axis=1)
        if (fields.shape[-1] == h.shape[-1])
        else _added(fields, h)
    )
    J2, no_pairs = own.J2, not own.J2.any()
    biquadratic = 2 * GAMMA_0 * J2 / own.moments[..., None]
    return Magnets(
        turning.skeleton_at(shape),
        np.ascontiguousarray(turning.over(turning.held, shape)),
        np.array([(k, i) for i, body in enumerate(own.bodies) for k in body], dtype=np.intp),
        flat(own.alpha, f),
        flat(TORQUE_PER_SPIN_CURRENT * system.per_torque, f),
        GAMMA_0 * flat(own.Q.reshape(*own.Q.shape[:-4], 3 * f, 3 * f), 3 * f, 3 * f),
        np.zeros((0, f, 1)) if no_pairs else flat(biquadratic, f, f),
        np.full((int(system.pumping), 1), LIFT),
        currents,
        fields,
    )


def _added(fields: FloatArray, h: FloatArray) -> FloatArray:
    """Add what is constant to cubics, of which one has more points."""
    points = max(fields.shape[-1], h.shape[-1])
    fields = np.array(np.broadcast_to(fields, (*fields.shape[:-1], points)))
    fields[:, 0] += h
    return fields


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
    )


def integrate(
    system: MagnetSystem,
    m: FloatArray,
    j0: ArrayLike,
    times: FloatArray,
    tolerance: float,
) -> Any:
    """Integrate from the first of some times on.

    Parameters
    ----------
    system : MagnetSystem
        What moves.
    m : array, shape (..., f, 3)
        Unit vectors at the first time.
    j0 : float or array
        Particle current, A/m2.
    times : array, shape (T,)
        s; increasing.
    tolerance : float
        Error of a step, radians.

    Returns
    -------
    array, shape (..., T, f, 3)
        Unit vectors at all times.
    """
    f = len(system.names)
    shape = np.broadcast_shapes(m.shape[:-2], np.shape(j0), system.shape)
    points = math.prod(shape)
    current = np.broadcast_to(np.asarray(j0, dtype=float), shape if np.ndim(j0) else ()).reshape(-1)
    currents = np.zeros((1, 4, current.size))
    currents[0, 0] = current
    magnets = magnets_of(system, shape, currents, np.zeros((1, 4, 3 * f, 1)))
    y = np.array(np.broadcast_to(m, (*shape, f, 3)).reshape(points, 3 * f).T, order="C")
    samples = np.empty((len(times), 3 * f, points))
    speed = np.abs(system.velocity(np.moveaxis(y.T.reshape(*shape, f, 3), 0, 0), j0))
    fastest = speed.reshape(points, -1).max(axis=-1)
    clock = np.zeros((4, points))
    clock[0], clock[1] = times[0], FIRST_STEP / np.maximum(fastest, 1e6)
    legs = Legs(
        np.asarray(times, dtype=float),
        np.zeros(len(times), dtype=np.intp),
        np.full(len(times), times[0]),
        np.arange(len(times)),
    )
    limits = tolerance, COLLINEAR_REST, MOST_STEPS
    kernels.run_points(
        magnets,
        lambda points: room_to_move(system, points),
        table(),
        legs,
        (y, clock, samples),
        limits,
        system.turning.threads,
    )
    if not (clock[0] >= times[-1]).all():
        raise ValueError("motion must come to its end")
    return samples.transpose(2, 0, 1).reshape(*shape, len(times), f, 3), clock
