"""What magnets did: directions, resistance and voltage in time, and what they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import cast

import numpy as np

from .._checks import FloatArray, Number, listed
from ..solution import Solution
from ..solver import solve
from .system import MagnetSystem

STILL = 1e-3
"""Radians that a direction may still move by in the last fifth of a run that has settled."""
TAIL = 0.2
SMALL = 1e-6
"""Relative amplitude below which a line of a spectrum is rounding."""


@dataclass(frozen=True)
class Spectrum:
    """Amplitudes of a quantity over frequency.

    Attributes
    ----------
    frequencies : array, shape (q,)
        Hz.
    amplitudes : array, shape (..., q)
        Of ``sum of a cos(2 pi f t + phase)``, in the unit of the quantity; of directions without
        one. Of a Hann window over the run, scaled so that a line has its own amplitude.
    """

    frequencies: FloatArray
    amplitudes: FloatArray


class Trajectory:
    """A run of magnets; every result has the batch's shape in front.

    Attributes
    ----------
    system : MagnetSystem
        What moved.
    times : array, shape (T,)
        s.
    directions : array, shape (..., T, f, 3)
        Unit vectors of all that moved, in the order of `names`.
    j0 : array, shape (..., T)
        Particle current, A/m2, positive when electrons flow towards +x.
    steps : array, shape (...)
        Steps that were taken.
    names : tuple of str
        What moved.
    shape : tuple of int
        Shape of the batch.
    """

    def __init__(
        self,
        system: MagnetSystem,
        times: FloatArray,
        directions: FloatArray,
        j0: FloatArray,
        steps: Number,
    ) -> None:
        self.system, self.times, self.directions, self.steps = system, times, directions, steps
        self.names, self.shape = system.names, directions.shape[:-3]
        self.j0 = np.broadcast_to(j0, directions.shape[:-2])

    @cached_property
    def m(self) -> Mapping[str, FloatArray]:
        """Directions by name, shape (..., T, 3)."""
        return MappingProxyType(
            {name: self.directions[..., i, :] for i, name in enumerate(self.names)}
        )

    @cached_property
    def solution(self) -> Solution:
        """The solved stack at all times, a batch of shape (T, ...): torques, profiles, fields."""
        turning = self.system.turning
        whole, _ = self.system.whole(np.moveaxis(self.directions, -3, 0))
        degree, elements = turning.accuracy
        stack, j0 = turning.at(whole), np.moveaxis(self.j0, -1, 0)
        return solve(stack, j0, degree=degree, elements=elements, threads=turning.threads)

    @cached_property
    def resistance(self) -> FloatArray:
        """Resistance times area between the ends of the stack, Ohm m2, shape (..., T)."""
        return np.moveaxis(np.asarray(self.solution.resistance), 0, -1)

    @cached_property
    def voltage(self) -> FloatArray:
        """j0 times `resistance`, V, shape (..., T)."""
        return np.asarray(self.j0 * self.resistance)

    def spectrum(self, what: str) -> Spectrum:
        """Return the spectrum of a quantity, less its mean.

        Parameters
        ----------
        what : str
            "resistance" (Ohm m2), "voltage" (V), or a magnet with a component, "free.x".

        Raises
        ------
        ValueError
            If there is no such quantity, or the times are not evenly spaced.
        """
        values = self._quantity(what)
        spacing = np.diff(self.times)
        if len(spacing) < 2 or np.ptp(spacing) > 1e-6 * spacing.mean():
            raise ValueError(
                "a spectrum must be of evenly spaced times, three at least, got "
                f"{len(self.times)} with spacings {spacing.min(initial=0):g} to "
                f"{spacing.max(initial=0):g} s"
            )
        window = np.hanning(len(self.times) + 1)[:-1]
        rest = values - (values * window).sum(axis=-1, keepdims=True) / window.sum()
        amplitudes = 2 * np.abs(np.fft.rfft(rest * window)) / window.sum()
        return Spectrum(np.fft.rfftfreq(len(self.times), spacing.mean()), amplitudes)

    @property
    def frequency(self) -> Number:
        """Frequency of the largest line of all directions, Hz, shape (...); 0 if they have settled.

        Between the frequencies of `spectrum` a parabola through the logarithms of the largest three
        tells the place.
        """
        lines = [self.spectrum(f"{name}.{axis}") for name in self.names for axis in "xyz"]
        f = lines[0].frequencies
        power = np.sum([line.amplitudes**2 for line in lines], axis=0)
        place = np.clip(power[..., 1:].argmax(axis=-1) + 1, 1, len(f) - 2)
        left, middle, right = (
            np.log(np.take_along_axis(power, (place + i)[..., None], -1)[..., 0] + 1e-300)
            for i in (-1, 0, 1)
        )
        curvature = left - 2 * middle + right
        shift = np.where(
            curvature < 0, 0.5 * (left - right) / np.where(curvature < 0, curvature, 1), 0
        )
        found = (place + np.clip(shift, -0.5, 0.5)) * f[1]
        none = self.settled
        return cast(Number, np.where(none, 0.0, found)[()])

    @property
    def settled(self) -> Number:
        """Whether all directions moved by less than 1e-3 radians in the last fifth, shape (...)."""
        late = self.directions[..., self.times >= self.times[-1] - TAIL * np.ptp(self.times), :, :]
        moved = np.linalg.norm(late - late[..., -1:, :, :], axis=-1)
        return cast(Number, (moved.max(axis=(-2, -1)) < STILL)[()])

    def switched(self, name: str) -> Number:
        """Whether a magnet ended in the other half than it began in, shape (...).

        Raises
        ------
        ValueError
            If nothing of that name moved.
        """
        ways = self.m[self._checked(name)]
        return cast(Number, ((ways[..., 0, :] * ways[..., -1, :]).sum(axis=-1) < 0)[()])

    def _checked(self, name: str) -> str:
        if name not in self.names:
            raise ValueError(f"name must be one of {listed(self.names)}, got {name!r}")
        return name

    def _quantity(self, what: str) -> FloatArray:
        if what in ("resistance", "voltage"):
            return np.asarray(getattr(self, what))
        name, _, axis = str(what).rpartition(".")
        if name in self.names and axis in ("x", "y", "z"):
            return self.m[name][..., "xyz".index(axis)]
        known = [f"{one}.{axis}" for one in self.names for axis in "xyz"]
        raise ValueError(
            f"what must be one of {listed(['resistance', 'voltage', *known])}, got {what!r}"
        )
