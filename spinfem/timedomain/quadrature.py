r"""Convolution quadrature: from the response at complex frequencies to that in time.

A linear response with the transfer function K(s), s being ``2 pi i`` times the frequency, is
stepped in time by a Runge-Kutta method without ever being written as equations in time: with
Butcher's A, b, steps h and :math:`\Delta(\zeta) = (A + \tfrac{\zeta}{1 - \zeta} 1 b^T)^{-1}`, the
weights of the stages are the coefficients of :math:`K(\Delta(\zeta)/h)` in powers of zeta, found by
a Fourier transform on a circle. Lubich and Ostermann, doi:10.1090/S0025-5718-1993-1153166-0. The
method is Radau IIA of three stages, of order 5 and L-stable. What it gives is what that method
would give for the equations that K belongs to, leads to infinity included.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray

ComplexArray = NDArray[Any]

_ROOT = np.sqrt(6.0)
A = np.array(
    [
        [(88 - 7 * _ROOT) / 360, (296 - 169 * _ROOT) / 1800, (-2 + 3 * _ROOT) / 225],
        [(296 + 169 * _ROOT) / 1800, (88 + 7 * _ROOT) / 360, (-2 - 3 * _ROOT) / 225],
        [(16 - _ROOT) / 36, (16 + _ROOT) / 36, 1 / 9],
    ]
)
"""Coefficients of Radau IIA; b is their last row."""
NODES = A.sum(axis=1)
"""Where the stages of a step are; the last one is its end."""
LEFT = 1e-12
"""Of a step: so much before its end what may jump there is looked at."""
OVERSAMPLED = 4
"""Points on the circle for every step: of rounding, eps^(3/4) is left."""


class Weights(NamedTuple):
    """How the response in time is put together of that at complex frequencies.

    It is the real part of ``matrix @ K(rates)``.
    """

    rates: ComplexArray  # (q,) s, 1/s; their real parts are positive
    matrix: ComplexArray  # (len(times), q)


def weights(driving: FloatArray, step: float, times: FloatArray) -> Weights:
    """Return the weights of a response that begins with nothing.

    Parameters
    ----------
    driving : array, shape (n, 3)
        What drives it at the stages of n steps.
    step : float
        Length of the steps.
    times : array
        Times from the beginning, up to n steps, at which the response is wanted. Within a step it
        is the polynomial through its stages and its beginning.
    """
    n = len(driving)
    count, radius, angle = _circle(n)
    half = angle.size
    scaled = radius ** np.arange(n)[:, None] * driving
    transformed = np.fft.ifft(scaled, count, axis=0)[:half] * count
    values, vectors = _symbol(radius * np.exp(1j * angle))
    amplitudes = np.linalg.solve(vectors, transformed[..., None])[..., 0]
    # conjugate points count twice, the real ones once
    share = np.full(half, 2.0 / count)
    share[0] = 1.0 / count
    if count % 2 == 0:
        share[-1] = 1.0 / count
    parts = vectors * (amplitudes * share[:, None])[:, None, :]  # (half, stage, k)
    at, mix = within(np.asarray(times) / step, n)
    matrix = np.zeros((len(at), half, 3), dtype=complex)
    for offset, own in ((0, mix[:, 1:]), (-1, mix[:, :1])):  # of the step, and the end of the last
        number = at + offset
        turned = np.exp(-1j * np.outer(number, angle)) * radius ** -number.astype(float)[:, None]
        turned[number < 0] = 0.0  # nothing before the beginning
        stages = parts if offset == 0 else parts[:, -1:]
        matrix += np.einsum("tl,ts,lsk->tlk", turned, own, stages)
    return Weights(values.ravel() / step, matrix.reshape(len(at), -1))


def responses(transfer: Callable[[Any], ComplexArray], step: float, n: int) -> FloatArray:
    """Return what every step adds to the response at later ones, (n, 3, 3), by stages.

    Parameters
    ----------
    transfer : callable
        K(s) of an array of s, 1/s.
    step, n
        Length and number of the steps.
    """
    count, radius, angle = _circle(n)
    values, vectors = _symbol(radius * np.exp(1j * angle))
    whole = (vectors * transfer(values / step)[:, None]) @ np.linalg.inv(vectors)
    found = np.fft.irfft(whole.conj(), count, axis=0)[:n]
    return np.asarray(found * radius ** -np.arange(n)[:, None, None].astype(float))


def _circle(n: int) -> tuple[int, float, FloatArray]:
    """Return how many points n steps take on a circle, its radius, and the angles of one half.

    What belongs to the others are conjugates.
    """
    count = OVERSAMPLED * n
    return (
        count,
        float(np.finfo(float).eps ** (1 / count)),
        2 * np.pi * np.arange(count // 2 + 1) / count,
    )


def _symbol(zeta: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
    """Return eigenvalues and eigenvectors of Delta at points zeta, (q, 3) and (q, 3, 3)."""
    ones = np.ones((3, 1)) * A[-1]
    symbol = np.linalg.inv(A + (zeta / (1 - zeta))[:, None, None] * ones)
    values, vectors = np.linalg.eig(symbol)
    return values, vectors


def within(steps: FloatArray, n: int) -> tuple[NDArray[np.intp], FloatArray]:
    """Return in which step times are, and factors of its beginning and its stages there."""
    at = np.clip(np.ceil(steps - 1e-9).astype(np.intp) - 1, 0, n - 1)
    x = np.clip(steps - at, 0.0, 1.0)[:, None]
    places = np.concatenate([[0.0], NODES])
    mix = np.ones((len(at), 4))
    for i, own in enumerate(places):
        for j, other in enumerate(places):
            if i != j:
                mix[:, i] *= (x[:, 0] - other) / (own - other)
    return at, mix
