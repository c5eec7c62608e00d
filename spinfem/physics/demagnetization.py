r"""Demagnetizing factors of uniformly magnetized bodies, and their dipolar coupling.

The field of a body in itself is ``H = -Ms N m``, and that of a body b in a body a is ``H_a = -Ms_b
N_ab m_b``, averaged over a, A/m. x is the film normal, along the stack; y is along the length, z
along the width. (In mumax3, OOMMF and most others the normal is z: their z is x here, and their x
and y are y and z.)

All of it for boxes comes from one formula, that of two rectangular sheets at a distance (`sheets`),
integrated over the distances between the sheets of the bodies. Nothing cancels there, while the
closed forms of the same integrals lose more digits than the aspect ratio or the distance has: A.
Aharoni, J. Appl. Phys. 83, 3432 (1998), doi:10.1063/1.367113; A. J. Newell, W. Williams, D. J.
Dunlop, J. Geophys. Res. 98, 9551 (1993), doi:10.1029/93JB00694.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, nonnegative, positive
from .._spelling import near_match

SHAPES = ("ellipse", "box")
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_POINTS, _WEIGHTS = (1 + _POINTS) / 2, _WEIGHTS / 2
"""Gauss's rule on [0, 1]: 1e-16 where no singularity is nearer than the interval is long."""
_THINNEST = 1e-100
"""Aspect ratio that thinner bodies are taken to have: no factor changes by 1e-97, and no square
underflows."""
_NEAREST = 2.0**-30
"""Where the distance of bodies counts as zero, in their least extent: it matters by its square."""


def demagnetizing_factors(
    thickness: ArrayLike, length: ArrayLike, width: ArrayLike, shape: str = "ellipse"
) -> FloatArray:
    """Return the demagnetizing factors of a uniformly magnetized body.

    x, the first, is the film normal, along the stack; in mumax3 and OOMMF that is z. Of an
    ellipsoid of the axes a, b, c ``N_a = (a b c/24) R_D(b^2/4, c^2/4, a^2/4)``, with Carlson's
    integral R_D: J. A. Osborn, Phys. Rev. 67, 351 (1945), doi:10.1103/PhysRev.67.351. Of a box the
    average over its volume, A. Aharoni, J. Appl. Phys. 83, 3432 (1998), doi:10.1063/1.367113, in a
    form that keeps all digits of thin films (``spinfem.physics.demagnetization``).

    Parameters
    ----------
    thickness, length, width : float or array
        Extents along x, y and z, m (only ratios matter); positive and finite. They broadcast.
    shape : "ellipse" or "box"
        Ellipsoid with these as its axes from end to end, as magnets of an elliptic outline are
        commonly taken for, or rectangular box.

    Returns
    -------
    array, shape (..., 3)
        N_x, N_y, N_z, each from 0 to 1, with the sum 1: `demag` of a `Magnet`.

    Raises
    ------
    TypeError, ValueError
        If an extent is no such number, the shapes do not broadcast, or there is no such shape.

    Examples
    --------
    >>> import spinfem as sf
    >>> sf.demagnetizing_factors(4e-9, 130e-9, 60e-9).round(3)
    array([0.926, 0.018, 0.056])
    """
    if shape not in SHAPES:
        hint = near_match(shape, SHAPES) if isinstance(shape, str) else ""
        raise ValueError(f"shape must be 'ellipse' or 'box', got {shape!r}{hint}")
    extents = _together(
        thickness=positive("thickness (extent along x)", thickness),
        length=positive("length (extent along y)", length),
        width=positive("width (extent along z)", width),
    )
    size = np.stack(extents, axis=-1)
    size = np.maximum(size / size.max(axis=-1, keepdims=True), _THINNEST)
    return _ellipsoid(size) if shape == "ellipse" else _box(size)


def dipolar_tensor(
    thickness_a: ArrayLike,
    thickness_b: ArrayLike,
    spacing: ArrayLike,
    length: ArrayLike,
    width: ArrayLike,
) -> FloatArray:
    """Return the dipolar coupling of two boxes of one outline, one above the other in a pillar.

    The field of b, averaged over a, is ``H_a = -Ms_b N_ab m_b``. N_ab is diagonal, ``N_x = -(N_y +
    N_z) < 0``: m along the pillar are held parallel, m across it antiparallel. The other way round,
    ``N_ba = N_ab thickness_a/thickness_b``. x is the film normal, along the stack; in mumax3 and
    OOMMF that is z. The integrals are those of A. J. Newell, W. Williams, D. J. Dunlop, J. Geophys.
    Res. 98, 9551 (1993), doi:10.1029/93JB00694, in a form that keeps all digits at any distance
    (``spinfem.physics.demagnetization``).

    Parameters
    ----------
    thickness_a, thickness_b : float or array
        Extents of both along x, m.
    spacing : float or array
        Distance of their faces, m; zero or positive.
    length, width : float or array
        Extents of both along y and along z, m.

    Returns
    -------
    array, shape (..., 3)
        Diagonal of N_ab: `dipolar` of ``Coupling("a", "b", dipolar=...)``.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such number, or the shapes do not broadcast.

    Examples
    --------
    >>> import spinfem as sf
    >>> sf.dipolar_tensor(8e-9, 4e-9, 10e-9, length=130e-9, width=60e-9).round(4)
    array([-0.0329,  0.0103,  0.0226])
    """
    a, b, s, y, z = _together(
        thickness_a=positive("thickness_a (extent along x)", thickness_a),
        thickness_b=positive("thickness_b (extent along x)", thickness_b),
        spacing=nonnegative("spacing (distance of the faces)", spacing),
        length=positive("length (extent along y)", length),
        width=positive("width (extent along z)", width),
    )
    along_y, along_z = np.zeros(a.shape), np.zeros(a.shape)
    lower, upper = np.minimum(a, b), np.maximum(a, b)
    nearest = _NEAREST * np.minimum(lower, np.minimum(y, z))
    # the weight of a distance, how much of both bodies has it, is linear between these
    for start, stop in ((0 * a, lower), (lower, upper), (upper, a + b)):
        nodes, weights = _graded(s, start, stop, nearest)
        weights = weights * np.minimum.reduce(
            np.broadcast_arrays(nodes, (a + b)[..., None] - nodes, lower[..., None])
        )
        distance = s[..., None] + nodes
        along_y += (weights * sheets(y[..., None], z[..., None], distance)).sum(axis=-1)
        along_z += (weights * sheets(z[..., None], y[..., None], distance)).sum(axis=-1)
    inside = a * y * z
    factors = np.stack([-(along_y + along_z), along_y, along_z], axis=-1)
    return factors / inside[..., None]


def sheets(along: FloatArray, across: FloatArray, distance: FloatArray) -> FloatArray:
    r"""Return what two equal rectangular sheets have for ``V_a N_ab``, per thickness of both, m.

    Magnetized along one of their edges, of length b; the other is c, their distance is r. Their
    poles are lines of length c: ``(1/pi) [g(r) - g(sqrt(r^2 + b^2))]`` with ``g(r) = integral from
    0 to c of (c - v)/sqrt(r^2 + v^2) dv = c arsinh(c/r) - c^2/(r + sqrt(r^2 + c^2))``. The
    difference is formed so that it keeps its digits at any distance. For m across both sheets it is
    less the sum of those for both edges.

    Parameters
    ----------
    along, across, distance : array
        b, c and r, m.
    """
    b, c, near = along, across, distance
    far = np.hypot(near, b)
    corner, opposite = np.hypot(near, c), np.hypot(far, c)
    # opposite - corner = b^2/(opposite + corner), far - near = b^2/(far + near)
    logarithm = np.arcsinh((c / near) * (b / far) * (b / (corner + opposite)))
    rest = (c / (corner + near)) * (b / (opposite + far))
    rest = rest * (b / (corner + opposite) + b / (far + near))
    found: FloatArray = (c * logarithm - c * rest) / math.pi
    return found


def _ellipsoid(size: FloatArray) -> FloatArray:
    """Return ``(a b c/3) R_D(b^2, c^2, a^2)`` of half axes a, b, c, for all three."""
    from scipy.special import elliprd

    squares, volume = size**2, size.prod(axis=-1)
    own = (squares[..., [1, 2, 0]], squares[..., [2, 0, 1]], squares)
    found: FloatArray = volume[..., None] / 3 * elliprd(*own)
    return found


def _box(size: FloatArray) -> FloatArray:
    """Return the factors of boxes, of which the longest edge is 1.

    The sheets are those across the shortest edge q, which takes what the others leave of 1: ``N =
    (2/V) integral from 0 to q of (q - r) sheets(r) dr``, less what makes sheets singular, ``-(c/pi)
    ln(r/q)``, of which the integral is ``3 c q^2/(4 pi)``.
    """
    order = np.argsort(size, axis=-1)
    q, p, longest = np.moveaxis(np.take_along_axis(size, order, axis=-1), -1, 0)
    found = []
    for b, c in ((p, longest), (longest, p)):
        smooth = sheets(b[..., None], c[..., None], q[..., None] * _POINTS)
        smooth = smooth + c[..., None] / math.pi * np.log(_POINTS)
        integral = (smooth * ((1 - _POINTS) * _WEIGHTS)).sum(axis=-1) + 3 * c / (4 * math.pi)
        found.append(2 * (q / (b * c)) * integral)
    by_length = np.stack([1 - (found[0] + found[1]), *found], axis=-1)
    factors = np.empty(size.shape)
    np.put_along_axis(factors, order, by_length, axis=-1)
    return factors


def _graded(
    spacing: FloatArray, start: FloatArray, stop: FloatArray, nearest: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return Gauss's points from start to stop, and their weights, both (..., points).

    In panels, along each of which the distance ``spacing + point`` doubles at most; what is below
    `nearest` is part of the first.
    """
    last = spacing + stop
    first = np.maximum(spacing + start, nearest)
    ratio = np.maximum(last / first, 1.0)
    count = max(1, math.ceil(float(np.log2(ratio.max()))))
    between = first[..., None] * ratio[..., None] ** (np.arange(1, count) / count)
    inner = np.clip(between - spacing[..., None], start[..., None], stop[..., None])
    edges = np.concatenate([start[..., None], inner, stop[..., None]], axis=-1)
    width = np.diff(edges)[..., None]
    points, weights = edges[..., :-1, None] + width * _POINTS, width * _WEIGHTS
    flat = (*start.shape, -1)
    return points.reshape(flat), weights.reshape(flat)


def _together(**extents: ArrayLike) -> list[FloatArray]:
    """Broadcast extents; ValueError, with all shapes, if they do not."""
    arrays = {name: np.asarray(extent, dtype=float) for name, extent in extents.items()}
    try:
        return [*np.broadcast_arrays(*arrays.values())]
    except ValueError:
        given = "; ".join(f"{name}: {array.shape}" for name, array in arrays.items() if array.ndim)
        raise ValueError(f"shapes of extents must broadcast, got {given}") from None
