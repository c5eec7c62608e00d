r"""Uniform layers condensed to their faces, element by element.

The inner functions of an element are modes in which stiffness and mass are both diagonal,
``lambda_k + eta`` with ``eta = (h/l)^2`` (`spinfem.fem.element.ReferenceElement`); eta is complex
where mu_s precesses. Conductances of an element of width h are in units of D/(2 h).

Functions are elementwise, as in `spinfem.numerics.doubled`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .doubled import Number, pick
from .links import Port, join
from .loads import Numbers

GRADING = 14.5
"""Diffusion lengths in which the density of nodes falls off from a face by a factor of e."""


class Modes(NamedTuple):
    """What an element is condensed with."""

    own: float  # mass of a hat with itself
    other: float  # and with the other one
    eigenvalues: Numbers  # (k,) lambda_k
    to_left: Numbers  # (k,) mass between modes and the hats
    to_right: Numbers  # (k,)


def relax(eta: Number, modes: Modes) -> tuple[Number, Number]:
    """Return what relaxation adds to the conductance of an element, and its shunt."""
    to_constant = to_right = 0.0 * eta
    for k in range(len(modes.eigenvalues)):
        left, right = modes.to_left[k], modes.to_right[k]
        response = eta * (left / (modes.eigenvalues[k] + eta))
        to_constant = to_constant + response * (left + right)
        to_right = to_right + response * right
    return eta * (to_right - modes.other), eta * (modes.own + modes.other - to_constant)


def distance(i: int, n: int, half: Number) -> Number:
    """Return how far node i of n + 1 is from the nearer face, in units of d/2.

    ``asinh(t sinh(half))/half`` from the middle, t = 1 at the faces, but written from the face: so
    it neither overflows nor loses small distances.
    """
    t = abs(2 * i - n) / n
    if t == 0.0 or t == 1.0:
        return (1.0 - t) + 0.0 * half
    decay = np.exp(-2 * half)
    u = t * (1 - decay) / 2
    return -np.log(u + np.sqrt(u * u + decay)) / half


def width(i: int, n: int, start: Number, stop: Number) -> Number:
    """Return the width of element i of n, in units of d, from the `distance` of its ends."""
    if n <= 2:
        return 1 / n + 0.0 * start
    if 2 * i + 1 == n:  # it holds the middle
        return 1 - start
    return abs(stop - start) / 2


def half_of(z: Number) -> Number:
    """Return what grades a layer of d/l = z; less is as good as uniform."""
    half = z / (2 * GRADING)
    return pick(half > 1e-3, half, 1e-3)


def element(h: Number, square: Number, modes: Modes) -> Port:
    """Return an element of width h of a layer with ``(d/l)^2 = square``, in units of D/(2 d)."""
    b, s = relax(h * h * square, modes)
    return (1 + b) / h, s / h, s / h


def condense_layer(z: Number, square: Number, n: int, modes: Modes) -> Port:
    """Condense a layer of n elements, in units of D/(2 d).

    It has ``(d/l)^2 = square``, and is graded for a decay over z.
    """
    half = half_of(z)
    layer = (0.0 * square, 0.0 * square, 0.0 * square)
    start = distance(0, n, half)
    for i in range(n):
        stop = distance(i + 1, n, half)
        own = element(width(i, n, start, stop), square, modes)
        layer = join(layer, own) if i > 0 else own
        start = stop
    return layer


def condense_halves(widths: Numbers, n: int, square: Number, modes: Modes) -> Port:
    """Condense a layer of n elements that is its own mirror image, in units of D/(2 d).

    Parameters
    ----------
    widths : sequence
        Of the elements on the left of the middle, and of one that holds it.
    n, square, modes
        As in `condense_layer`.
    """
    layer = element(widths[0], square, modes)
    if n == 1:
        return layer
    for i in range(1, n // 2):
        layer = join(layer, element(widths[i], square, modes))
    mirrored = layer[0], layer[2], layer[1]
    if n % 2:
        layer = join(layer, element(widths[n // 2], square, modes))
    return join(layer, mirrored)


def condense(metals: Numbers, counts: Numbers, modes: Modes, made: Numbers) -> None:
    """Condense all layers of a stack; leads are springs to the ground.

    Parameters
    ----------
    metals : (4, n + 2)
        D, l, thickness and p of all elements.
    counts : (n,) int
        Number of finite elements of every layer.
    modes : Modes
        What an element is condensed with.
    made : (5, n + 2)
        Filled with B, S_left, S_right, S/m2, and the sources p, of all elements.
    """
    last = len(counts) + 1
    for k in range(last + 1):
        D, l, d, p = metals[0][k], metals[1][k], metals[2][k], metals[3][k]
        made[3][k], made[4][k] = p, p
        if k == 0 or k == last:
            made[0][k], made[1][k], made[2][k] = D / (2 * l), 0.0, 0.0
        else:
            z = d / l
            layer = condense_layer(z, z * z, counts[k - 1], modes)
            unit = D / (2 * d)
            # uniform layer, symmetric mesh: the right shunt is the left one but for rounding
            made[0][k], made[1][k], made[2][k] = unit * layer[0], unit * layer[1], unit * layer[1]


def condense_across(
    decays: Numbers, squares: Numbers, counts: Numbers, modes: Modes, made: Numbers
) -> None:
    """Condense layers across m, in units of D_tot/(2 d).

    Parameters
    ----------
    decays, squares, counts : (k,)
        Of every layer, as in `condense_layer`; the squares are complex.
    modes : Modes
        What an element is condensed with.
    made : (2, k)
        Filled with B and S.
    """
    for k in range(len(decays)):
        layer = condense_layer(decays[k], squares[k], counts[k], modes)
        made[0][k], made[1][k] = layer[0], layer[1]
