"""What users hold: a stack whose magnets move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, finite, number, positive
from . import motion
from .linearized import LinearizedSystem
from .pieces import Pieces, constant, pieces_of
from .system import Directions
from .trajectory import Trajectory

SAMPLES = 1001
"""Times of a run that is not told at which."""
TOLERANCE = 1e-8


class Dynamics(LinearizedSystem):
    """Magnets of a stack that move in its torques, fields and pumped spins.

    x is the film normal, along the stack; in mumax3 and OOMMF that is z. Arguments and what they
    raise are those of `spinfem.dynamics.system.MagnetSystem`.

    Examples
    --------
    >>> import spinfem as sf
    >>> Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
    >>> Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
    >>> stack = (sf.Lead(Cu) | Co(8e-9, m=sf.direction(0), name="fixed") | Cu(10e-9)
    ...          | Co(4e-9, m=sf.direction(5), name="free") | sf.Lead(Cu))
    >>> free = sf.Magnet(Ms=1.4e6, alpha=0.01, demag=(0.94, 0.04, 0.02))
    >>> run = sf.Dynamics(stack, {"free": free}).run(1e-9)
    >>> run.m["free"].shape
    (1001, 3)
    """

    def run(
        self,
        time: float | None = None,
        j0: ArrayLike | Callable[[FloatArray], Any] = 0.0,
        *,
        m: Directions | None = None,
        times: ArrayLike | None = None,
        field: Callable[[FloatArray], Any] | None = None,
        rtol: float = TOLERANCE,
        temperature: float | None = None,
        area: float | None = None,
        step: float = 1e-13,
        seed: int = 0,
        progress: bool | None = None,
    ) -> Trajectory:
        """Let the magnets move.

        By steps of Dormand and Prince of order 8 whose length follows the error, of every point of
        a batch by itself: results do not depend on the rest of a batch, on threads, or on `times`.

        Parameters
        ----------
        time : float
            How long, s, from 0 on; results are at 1001 times. Or give `times`.
        j0 : float, array or callable
            Particle current, A/m2, positive when electrons flow towards +x; an array is a batch. Or
            a function of times (q,), s, to currents (q,): it may jump.
        m : mapping or array, optional
            Directions at the beginning, as of `directions`. Default: those of the stack.
        times : array, shape (T,), optional
            When results are wanted, s; increasing. The first is the beginning.
        field : callable, optional
            Field that comes to that of the system, A/m: a function of times (q,), s, to (q, 3).
        rtol : float
            Error of a step, radians.
        temperature : float, optional
            K: thermal fields, of the magnets' own damping (`pumping=False`), in steps by the rule
            of Heun; j0 is then no function.
        area : float
            Area of the sample, m2, of which the fields of a temperature depend.
        step : float
            Longest step in thermal fields, s.
        seed : int
            Of their random numbers.
        progress : bool, optional
            As of `spinfem.sweep`.

        Returns
        -------
        Trajectory

        Raises
        ------
        TypeError, ValueError
            If an argument is not as above, or the motion does not come to its end.
        """
        when = _times(time, times)
        ways = self.directions(m)
        tolerance = float(positive("rtol (error of a step)", rtol))
        current, at_times = _current(j0, when)
        batch = at_times.shape[:-1]
        shape = np.broadcast_shapes(ways.shape[:-2], batch, self.shape)
        if current.numbers.shape[-1] > 1:
            spread = np.broadcast_to(current.numbers.reshape(1, 1, *batch), (1, 1, *shape))
            current = current._replace(numbers=spread.reshape(1, 1, -1))
        extra = constant(np.zeros(3), when[0], when[-1])
        if field is not None:
            extra = pieces_of("field", field, when[0], when[-1], 3)
        drive = motion.Drive(current, extra)
        state = motion.begin(self, ways, shape, drive)
        found: list[FloatArray] = []
        if temperature is None:
            motion.advance(self, shape, drive, state, when, tolerance, found.append, progress)
        else:
            thermal = self._thermal(
                temperature, area, step, seed, callable(j0) or field is not None
            )
            motion.shake(self, shape, drive, state, when, thermal, found.append, progress)
        directions = motion.as_directions(found, shape, len(self.names))
        steps = state.clock[2].astype(int).reshape(shape)[()]
        return Trajectory(self, when, directions, at_times, steps)

    def _thermal(
        self, temperature: float, area: float | None, step: float, seed: int, changes: bool
    ) -> motion.Thermal:
        """Check what a temperature needs."""
        if self.pumping:
            raise ValueError(
                "temperature must be with pumping=False: thermal fields are those of alpha (give "
                "alpha the value of damping())"
            )
        if changes:
            raise ValueError("temperature must be with a current and a field that do not change")
        if area is None:
            raise ValueError("area of the sample must be given with a temperature, m2")
        return motion.Thermal(
            float(positive("temperature", temperature)),
            float(positive("area", area)),
            float(positive("step", step)),
            seed,
        )


def _times(time: float | None, times: ArrayLike | None) -> FloatArray:
    """Return when results are wanted."""
    if (time is None) == (times is None):
        raise ValueError(f"one of time and times must be given, got {time!r} and {times!r}")
    if times is None:
        return np.linspace(0.0, float(positive("time", cast(float, time))), SAMPLES)
    when = np.atleast_1d(np.asarray(number("times", times)))
    if when.ndim != 1 or len(when) < 2 or not (np.diff(when) > 0).all():
        raise ValueError(f"times must be increasing numbers, two at least, got {times!r}")
    return when


def _current(
    j0: ArrayLike | Callable[[FloatArray], Any], times: FloatArray
) -> tuple[Pieces, FloatArray]:
    """Return the current in pieces, and at all times, (..., T)."""
    if callable(j0):
        return pieces_of("j0", j0, times[0], times[-1], 1), np.asarray(j0(times), dtype=float)
    value = np.asarray(finite("j0", j0))
    return constant(value.reshape(-1), times[0], times[-1]), value[..., None]
