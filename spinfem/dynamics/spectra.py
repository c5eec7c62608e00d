"""Spectra of what is known at evenly spaced times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np

from .._checks import FloatArray, Number


class Line(NamedTuple):
    """A line of a spectrum."""

    frequency: Number  # Hz, shape (...)
    amplitude: Number  # shape (...)


@dataclass(frozen=True)
class Spectrum:
    """Amplitudes of a quantity over frequency.

    Attributes
    ----------
    frequencies : array, shape (q,)
        Hz.
    amplitudes : array, shape (..., q)
        Of ``sum of a cos(2 pi f t + phase)``, in the unit of the quantity; of directions without
        one. Of a Hann window over the times, scaled so that a line at one of the frequencies has
        its own amplitude there; between two of them it has up to 15 % less, see `line`.
    """

    frequencies: FloatArray
    amplitudes: FloatArray

    @property
    def line(self) -> Line:
        """The largest line, its place between the frequencies included.

        Of a single cosine in a Hann window the largest two amplitudes, next to each other, have
        the ratio r = (1 + x)/(2 - x) at x spacings from the larger one (T. Grandke,
        doi:10.1109/TIM.1983.4315077): exact but for what other lines add.
        """
        values, last = self.amplitudes, len(self.frequencies) - 1
        place = np.clip(values[..., 1:].argmax(axis=-1) + 1, 1, max(last - 1, 1))

        def at(index: FloatArray) -> FloatArray:
            return np.take_along_axis(values, np.minimum(index, last)[..., None], -1)[..., 0]

        left, here, right = at(place - 1), at(place), at(place + 1)
        side = np.where(right >= left, 1.0, -1.0)
        ratio = np.maximum(left, right) / np.where(here > 0, here, 1.0)
        shift = np.clip((2 * ratio - 1) / (ratio + 1), 0.0, 0.5) * (here > 0)
        frequency = (place + side * shift) * self.frequencies[1]
        amplitude = here * (1 - shift**2) / np.sinc(shift)
        return Line(cast(Number, frequency[()]), cast(Number, amplitude[()]))


def spectrum_of(times: FloatArray, values: FloatArray) -> Spectrum:
    """Return the spectrum of values, less their mean.

    Parameters
    ----------
    times : array, shape (T,)
        s; evenly spaced.
    values : array, shape (..., T)
        The quantity.

    Raises
    ------
    ValueError
        If the times are too few, or not evenly spaced.
    """
    spacing = np.diff(times)
    if len(spacing) < 3 or np.ptp(spacing) > 1e-6 * spacing.mean():
        raise ValueError(
            f"a spectrum must be of evenly spaced times, four at least, got {len(times)}"
            + (f" with spacings {spacing.min():g} to {spacing.max():g} s" if len(spacing) else "")
        )
    window = np.hanning(len(times) + 1)[:-1]
    rest = values - (values * window).sum(axis=-1, keepdims=True) / window.sum()
    amplitudes = 2 * np.abs(np.fft.rfft(rest * window)) / window.sum()
    return Spectrum(np.fft.rfftfreq(len(times), spacing.mean()), amplitudes)
