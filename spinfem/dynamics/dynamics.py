"""What users hold: a stack or a device whose magnets move."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import Any, Self, cast

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, finite, positive
from ..devices.device import Device
from ..solver import whole
from . import motion
from .linearized import LinearizedSystem
from .pieces import Pieces, constant, pieces_of
from .record import folder_of
from .system import Directions
from .trajectory import Trajectory

SAMPLES = 1001
"""Times of a run that is not told at which."""
TOLERANCE, FINEST = 1e-8, 1e-14
"""Error of a step, and the least that roundings leave room for."""


class Dynamics(LinearizedSystem):
    """Magnets of a stack or a device that move in its torques, fields and pumped spins.

    x is the film normal, along the stack; in mumax3 and OOMMF that is z. Arguments and what they
    raise are those of `spinfem.dynamics.system.MagnetSystem`.

    In a device, every magnet is a macrospin with the torque of all of it, and j0 is no current
    density but a multiple of the currents and potentials of its electrodes, 1 where it is left out.

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

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Self:
        """Return the magnets of a stack file.

        A layer with Ms_A_m or mu0_Ms_T moves, unless it is held; see ``[[couplings]]`` and
        ``[dynamics]`` there. The current of the file is that of its stack, ``.stack.j0``; time_ns,
        rtol and temperature_K are of the command ``spinfem run`` alone.

        Parameters
        ----------
        path : str or path
            The file, in SI.

        Raises
        ------
        ValueError
            If the file is not a valid stack file, or nothing moves in it. The message is one line
            and names the file and the key, what is required and what was given.
        OSError
            If the file cannot be read.

        Warns
        -----
        UnitWarning
            If no sample has a number in the file, in the unit of its key.

        Examples
        --------
        >>> import spinfem as sf
        >>> system = sf.Dynamics.from_file("examples/oscillator.toml")
        >>> system.names, f"{system.stack.j0:.3g} A/m2"
        (('free',), '3e+11 A/m2')
        """
        from ..io.stackfile import read_into
        from .fromfile import made_of

        return read_into(path, lambda file: made_of(cls, file))

    def run(
        self,
        time: float | None = None,
        j0: ArrayLike | Callable[[FloatArray], Any] | None = None,
        *,
        m: Directions | None = None,
        times: ArrayLike | None = None,
        field: Callable[[FloatArray], Any] | None = None,
        rtol: float = TOLERANCE,
        temperature: float | None = None,
        area: float | None = None,
        step: float = 1e-13,
        seed: int = 0,
        store: str | PathLike[str] | None = None,
        progress: bool | None = None,
    ) -> Trajectory:
        """Let the magnets move.

        By steps of Dormand and Prince of order 8, compiled for a stack and of SciPy for a device.
        Their length follows the error, of every point of a batch by itself, and they end at all
        `times`, but in a device, whose steps are slow: there what is between is interpolated.
        Results do not depend on the rest of a batch, nor on threads, to the bit. After every step m
        is put back on the sphere. For events, or other methods, there is `velocity`.

        Parameters
        ----------
        time : float
            How long, s, from 0 on; results are at 1001 times. Or give `times`.
        j0 : float, array or callable, optional
            Particle current, A/m2, positive when electrons flow towards +x; an array is a batch. Or
            a function of times (q,), s, to currents (q,): it may jump. Default: none. Of a device
            all these are multiples of its currents and potentials. Default: 1.
        m : mapping or array, optional
            Directions at the beginning, as of `directions`. Default: those of the sample.
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
            Area of a stack, m2, on which the fields of a temperature depend. A device has volumes
            in three dimensions, and where it is axisymmetric; others have no temperature.
        step : float
            Longest step in thermal fields, s.
        seed : int
            Of their random numbers, which differ from point to point of a batch.
        store : str or path, optional
            A folder, made if need be, in which a run that is broken off, or killed, is taken up
            again by the same call, with the same result to the bit. What is done is written there
            every few seconds, up to the last of `times`. Deleting it is up to you.
        progress : bool, optional
            As of `spinfem.sweep`.

        Returns
        -------
        Trajectory

        Raises
        ------
        TypeError, ValueError
            If an argument is not as above, the motion does not come to its end, or the store is
            of another run.
        OSError
            If the store cannot be read or written.
        """
        when = _times(time, times)
        ways = self.directions(m)
        tolerance = _one("rtol (error of a step)", rtol)
        if tolerance < FINEST:
            raise ValueError(f"rtol (error of a step) must be at least {FINEST:g}, got {rtol!r}")
        current, at_times = _current(self.drive() if j0 is None else j0, when)
        batch = at_times.shape[:-1]
        try:
            shape = np.broadcast_shapes(ways.shape[:-2], batch, self.shape)
        except ValueError:
            raise ValueError(
                f"batches of m, j0 and the system must broadcast, got shapes {ways.shape[:-2]}, "
                f"{batch} and {self.shape}"
            ) from None
        if current.numbers.shape[-1] > 1:
            spread = np.broadcast_to(current.numbers.reshape(1, 1, *batch), (1, 1, *shape))
            current = current._replace(numbers=spread.reshape(1, 1, -1))
        extra = constant(np.zeros(3), when[0], when[-1])
        if field is not None:
            if not callable(field):
                raise TypeError(
                    "field must be a function of times (q,), s, to fields (q, 3), A/m (what does "
                    f"not change is a field of the system), got {field!r}"
                )
            extra = pieces_of("field", field, when[0], when[-1], 3)
        changes = callable(j0) or field is not None
        thermal = self._thermal(temperature, area, step, seed, changes)
        drive = motion.Drive(current, extra)
        run = motion.Run(self, shape, drive, when, tolerance, thermal)
        with folder_of(store) as folder:
            record = motion.move(run, ways, folder, progress)
        directions = record.ways.reshape(*shape, len(when), len(self.names), 3)
        steps = record.clock[2].astype(int).reshape(shape)[()]
        return Trajectory(self, self.sample, when, directions, at_times, steps)

    def _thermal(
        self,
        temperature: float | None,
        area: float | None,
        step: float,
        seed: int,
        changes: bool,
    ) -> motion.Thermal | None:
        """Check what a temperature needs."""
        if temperature is None:
            if area is not None:
                raise ValueError(f"area must be left out without a temperature, got {area!r}")
            return None
        kelvin = _one("temperature", temperature)
        if self.pumping:
            raise ValueError(
                "temperature must be with pumping=False: thermal fields are those of alpha (give "
                "alpha the value of damping())"
            )
        if changes:
            raise ValueError("temperature must be with a current and a field that do not change")
        is_device = isinstance(self.sample, Device)
        if isinstance(self.sample, Device) and not self.sample.grid.has_volumes:
            raise ValueError(
                "temperature must be of magnets with volumes: of a device in three dimensions, or "
                "axisymmetric, got one in fewer"
            )
        if is_device and area is not None:
            raise ValueError(f"area must be left out for a device, which has volumes, got {area!r}")
        if area is None and not is_device:
            raise ValueError("area of the sample must be given with a temperature, m2")
        size, longest = _one("area", 1.0 if area is None else area), _one("step", step)
        return motion.Thermal(kelvin, size, longest, whole("seed", seed, least=0))


def _one(quantity: str, value: float) -> float:
    """Check one positive number."""
    found = positive(quantity, value)
    if np.ndim(found):
        raise ValueError(f"{quantity} must be one number, got shape {np.shape(found)}")
    return float(found)


def _times(time: float | None, times: ArrayLike | None) -> FloatArray:
    """Return when results are wanted."""
    if (time is None) == (times is None):
        raise ValueError(f"one of time and times must be given, got {time!r} and {times!r}")
    if times is None:
        return np.linspace(0.0, _one("time", cast(float, time)), SAMPLES)
    when = np.atleast_1d(np.asarray(finite("times", times)))
    if when.ndim != 1 or len(when) < 2 or not (np.diff(when) > 0).all():
        raise ValueError(f"times must be increasing numbers, two at least, got {times!r}")
    return when


def _current(
    j0: ArrayLike | Callable[[FloatArray], Any], times: FloatArray
) -> tuple[Pieces, FloatArray]:
    """Return the current in pieces, and at all times, (..., T)."""
    if callable(j0):
        pieces = pieces_of("j0", j0, times[0], times[-1], 1)
        return pieces, np.asarray(j0(times), dtype=float).reshape(times.shape)
    value = np.asarray(finite("j0", j0))
    return constant(value.reshape(-1), times[0], times[-1]), value[..., None]
