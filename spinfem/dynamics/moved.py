"""What magnets did, in numbers: directions, resistance and voltage in time, what they are made of.

`spinfem.dynamics.trajectory` adds files and pictures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, Self, cast

import numpy as np

from .._checks import FloatArray, Number, listed
from ..devices.device import Device
from ..devices.turning import TurningDevice
from ..sample.stack import Stack
from ..solution import Solution
from ..solver import solve
from .spectra import Spectrum, spectrum_of
from .system import MagnetSystem

STILL = 1e-3
"""Radians that a direction may still move by in the last fifth of a run that has settled."""
TAIL = 0.2
AT_ONCE = 2**17
"""Points that are solved at once, for a resistance."""


class Moved:
    """Directions of magnets at some times; every result has the batch's shape in front.

    Parameters
    ----------
    system : MagnetSystem
        What moved.
    sample : Stack or Device
        Its sample, of shape (...) or broadcasting to it.
    times : array, shape (T,)
        s.
    directions : array, shape (..., T, f, 3)
        Unit vectors of all that moved.
    j0 : array, broadcasting to shape (..., T)
        Particle current, A/m2; of a device a multiple of its currents and potentials.
    steps : int or array, shape (...)
        Steps that were taken.
    """

    def __init__(
        self,
        system: MagnetSystem,
        sample: Stack | Device,
        times: FloatArray,
        directions: FloatArray,
        j0: FloatArray,
        steps: Any,
    ) -> None:
        self.system, self.sample, self.times = system, sample, times
        self.directions, self.steps = directions, steps
        self.names, self.shape = system.names, directions.shape[:-3]
        self.j0 = np.broadcast_to(j0, directions.shape[:-2])

    def __getitem__(self, index: Any) -> Self:
        """Return the trajectory of a point or a part of a batch: ``run[3]``, ``run[:, 0]``.

        Raises
        ------
        IndexError
            If the batch has no such index.
        """
        sample = self.sample
        if not isinstance(sample, Device):
            sample = sample.part(self.shape, index)
        which = np.arange(math.prod(self.shape)).reshape(self.shape)[index]

        def part(values: FloatArray) -> Any:
            return values.reshape(-1, *values.shape[len(self.shape) :])[which]

        directions, j0, steps = map(part, (self.directions, self.j0, np.asarray(self.steps)))
        return type(self)(self.system, sample, self.times, directions, j0, steps)

    __iter__ = None  # a batch is indexed, not iterated over

    @cached_property
    def m(self) -> Mapping[str, FloatArray]:
        """Directions by name, shape (..., T, 3)."""
        return MappingProxyType(
            {name: self.directions[..., i, :] for i, name in enumerate(self.names)}
        )

    @cached_property
    def solution(self) -> Solution:
        """The solved stack at all times, a batch of shape (T, ...): torques, profiles, fields.

        Of a device there is one solution a time: ``spinfem.solve(run.device_at(-1))``.
        """
        return self.solved(slice(None))

    def solved(self, times: slice) -> Solution:
        """Return the solved stack at some of the times, a batch of shape (t, ...).

        Raises
        ------
        TypeError
            If it is a device.
        """
        turning, stack = self.system.turning, self.sample
        if isinstance(turning, TurningDevice) or isinstance(stack, Device):
            raise TypeError(
                "a batch of solutions must be of a stack, got a device: "
                "spinfem.solve(run.device_at(i)) is that of one time"
            )
        for name, ways in self.m.items():
            stack = stack.replace(name, m=np.moveaxis(ways[..., times, :], -2, 0))
        degree, elements = turning.accuracy
        j0 = np.moveaxis(self.j0[..., times], -1, 0)
        return solve(stack, j0, degree=degree, elements=elements, threads=turning.threads)

    def device_at(self, time: int) -> Device:
        """Return the device at one of the times: its directions, and j0 times all that drives it.

        Parameters
        ----------
        time : int
            Number of the time in `times`.

        Raises
        ------
        TypeError
            If it is a stack.
        ValueError
            If this is a batch.
        """
        if not isinstance(self.sample, Device):
            raise TypeError("a device at a time must be of a run of a device, got a stack")
        if self.shape:
            raise ValueError(
                f"a device at a time must be of a single trajectory, got a batch of shape "
                f"{self.shape}: give a point of it, run[0]"
            )
        turned = self.sample.replace(**{name: ways[time] for name, ways in self.m.items()})
        return turned.driven(float(self.j0[time]))

    @cached_property
    def resistance(self) -> FloatArray:
        """Resistance times area between the ends of the stack, Ohm m2, shape (..., T).

        Of a device as of ``spinfem.TorqueFunction.resistance``, Ohm; see `unit`.

        Raises
        ------
        ValueError
            If several potentials are given in a device, or no current.
        """
        if isinstance(self.sample, Device):
            return self.system.resistance(self.directions)
        count = max(1, AT_ONCE // max(1, math.prod(self.shape)))
        parts = [
            np.asarray(self.solved(slice(first, first + count)).resistance)
            for first in range(0, len(self.times), count)
        ]
        return np.moveaxis(np.concatenate(parts), 0, -1)

    @cached_property
    def voltage(self) -> FloatArray:
        """Current times `resistance`, V, shape (..., T)."""
        return np.asarray(self.system.turning.current * self.j0 * self.resistance)

    @property
    def has_resistance(self) -> bool:
        """Whether there is one: in a device a current and one potential must be given."""
        return self.system.turning.is_driven_by_currents

    def spectrum(self, what: str, begin: float | None = None) -> Spectrum:
        """Return the spectrum of a quantity, less its mean.

        Parameters
        ----------
        what : str
            "resistance", "voltage" (see `unit`), or a magnet with a component, "free.x".
        begin : float, optional
            Time from which on, s: what comes before is left out. Default: of all.

        Raises
        ------
        ValueError
            If there is no such quantity, or times are too few or not evenly spaced.
        """
        late = self.times >= (self.times[0] if begin is None else begin)
        return spectrum_of(self.times[late], self.quantity(what)[..., late])

    @property
    def frequency(self) -> Number:
        """Frequency of the largest line in the second half of the run, Hz, shape (...).

        Of all directions together; 0 where they have settled. A line between the frequencies of
        `spectrum` is told to much less than their distance, see
        `spinfem.dynamics.spectra.Spectrum.line`.
        """
        middle = (self.times[0] + self.times[-1]) / 2
        lines = [self.spectrum(f"{name}.{axis}", middle) for name in self.names for axis in "xyz"]
        together = np.sqrt(sum(line.amplitudes**2 for line in lines))
        found = Spectrum(lines[0].frequencies, together).line.frequency
        return cast(Number, np.where(self.settled, 0.0, found)[()])

    @property
    def settled(self) -> Number:
        """Whether all directions moved by less than 1e-3 radians in the last fifth, shape (...).

        Raises
        ------
        ValueError
            If there are fewer than three times in that.
        """
        late = self.times >= self.times[-1] - TAIL * np.ptp(self.times)
        if late.sum() < 3:
            raise ValueError(
                "whether a run has settled must be told by three times at least in its last "
                f"fifth, got {late.sum()}"
            )
        ways = self.directions[..., late, :, :]
        moved = np.linalg.norm(ways - ways[..., -1:, :, :], axis=-1)
        return cast(Number, (moved.max(axis=(-2, -1)) < STILL)[()])

    def switched(self, name: str) -> Number:
        """Whether a magnet ended more than 90 degrees from where it began, shape (...).

        Raises
        ------
        ValueError
            If nothing of that name moved.
        """
        if name not in self.names:
            raise ValueError(f"name must be one of {listed(self.names)}, got {name!r}")
        ways = self.m[name]
        return cast(Number, ((ways[..., 0, :] * ways[..., -1, :]).sum(axis=-1) < 0)[()])

    def unit(self, what: str) -> str:
        """Return the unit of a quantity, "1" of a component of a direction, or of j0.

        Of a stack "Ohm m2", "V" and "A/m2"; of a device "Ohm", "V" and "1", but "Ohm m" of a planar
        one, and "Ohm m2" in one dimension.
        """
        return self.system.fields.among.units.get(what, "1")

    def quantity(self, what: str) -> FloatArray:
        """Return values by name, as of `spectrum`, shape (..., T); ValueError if there are none."""
        if what in ("resistance", "voltage"):
            return np.asarray(getattr(self, what))
        name, _, axis = str(what).rpartition(".")
        if name in self.names and axis in ("x", "y", "z"):
            return self.m[name][..., "xyz".index(axis)]
        known = [f"{one}.{axis}" for one in self.names for axis in "xyz"]
        raise ValueError(
            f"what must be one of {listed(['resistance', 'voltage', *known])}, got {what!r}"
        )
