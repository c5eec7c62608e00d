r"""The paper's closed forms, written as there.

- `contact`: one F/N or N/F interface of half-infinite layers, eqs. (7), (8);
- `valve`: F1/N/F2 between reservoirs, eqs. (A1), (A2), (9), (10), and the efficiencies of (1)
  with the signs of (B1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, number
from ..physics.directions import across, angle


def contact(p: ArrayLike, G_F: ArrayLike, G_N: ArrayLike, order: str = "F/N") -> FloatArray:
    """Return mu(0)/j0 at the contact of a half-infinite ferromagnet and normal metal.

    ``p j0 = (G_F + G_N) mu(0)`` at F/N, eq. (7); ``-p j0 = (G_F + G_N) mu(0)`` at N/F, eq. (8);
    with electrons flowing from the left to the right for positive j0.

    Parameters
    ----------
    p : float or array
        Polarization of the ferromagnet.
    G_F, G_N : float or array
        Stiffnesses ``D/(2 l)``, S/m2.
    order : "F/N" or "N/F"
        What is on the left and on the right.

    Returns
    -------
    float or array
        Spin potential along m per unit particle current, Ohm m2.
    """
    if order not in ("F/N", "N/F"):
        raise ValueError(f"order of a contact must be 'F/N' or 'N/F', got {order!r}")
    sign = 1.0 if order == "F/N" else -1.0
    numbers = (("p", p), ("G_F", G_F), ("G_N", G_N))
    p, G_F, G_N = (np.asarray(number(name, value)) for name, value in numbers)
    mu: FloatArray = sign * p / (G_F + G_N)
    return mu


@dataclass(frozen=True)
class Valve:
    """F1/N/F2 between reservoirs, Appendices A and B, per unit particle current.

    Signs, (B1), with c the cosine of the angle and for p of any sign: ``p1 g2 < 0`` where ``(p2/p1)
    B c > A2``, and ``p2 g1 < 0`` where ``B c (p1/p2) > A1``; never both, and only if p1 p2 c > 0.

    Attributes
    ----------
    A1, A2, B : float or array
        ``A_i = G_i coth(d_i/l_i) + G_N coth(d_N/l_N)``, ``B = G_N/sinh(d_N/l_N)``, S/m2.
    mu1, mu2 : float or array
        Spin potential at the faces of the spacer, along m1 and m2, Ohm m2; (A2).
    g1, g2 : float or array
        Efficiencies of (1): ``g1 = -B mu2/j0``, ``g2 = B mu1/j0``.
    spin_resistance : float or array
        ``(p1 mu1 - p2 mu2)/(2 j0)``, Ohm m2.
    face_currents : array, shape (..., 4, 3)
        j_s/j0 of (A1) at F1, N1, N2 and F2: the two sides of both faces of the spacer.
    """

    A1: FloatArray
    A2: FloatArray
    B: FloatArray
    mu1: FloatArray
    mu2: FloatArray
    g1: FloatArray
    g2: FloatArray
    spin_resistance: FloatArray
    face_currents: FloatArray


def valve(
    G: tuple[float, float, float],
    thickness: tuple[ArrayLike, ArrayLike, ArrayLike],
    p: tuple[ArrayLike, ArrayLike],
    m1: ArrayLike,
    m2: ArrayLike,
) -> Valve:
    """Return the closed form of a spin valve between reservoirs, (A1), (A2), (1).

    Written in ``o_i = A_i - B``, so that nothing cancels where d_N/l_N is tiny: ``A1 A2 - B^2 c^2 =
    o1 o2 + B (o1 + o2) + B^2 s^2`` and ``A2 p1 - B c p2 = o2 p1 + B (p1 - c p2)``, with ``1 - |c|``
    from ``|m2 -/+ m1|``.

    Parameters
    ----------
    G : (G1, G_N, G2)
        Stiffnesses ``D/(2 l)`` of F1, N and F2, S/m2.
    thickness : (d1/l1, d_N/l_N, d2/l2)
        Thicknesses in spin diffusion lengths.
    p : (p1, p2)
        Polarizations.
    m1, m2 : array, shape (..., 3)
        Unit magnetizations.
    """
    z1, zN, z2 = (np.asarray(number("thickness", z)) for z in thickness)
    G1, GN, G2 = (np.asarray(number("G", g)) for g in G)
    p1, p2 = (np.asarray(number("p", x)) for x in p)
    m1, m2 = np.asarray(number("m1", m1)), np.asarray(number("m2", m2))
    Gt1, Gt2 = G1 / np.tanh(z1), G2 / np.tanh(z2)
    B = -2 * GN * np.exp(-zN) / np.expm1(-2 * zN)  # G_N/sinh, which does not overflow
    shunt = GN * np.tanh(zN / 2)  # G~_N - B
    o1, o2 = Gt1 + shunt, Gt2 + shunt
    sign, cosine, rest = angle(m1, m2)
    det = o1 * o2 + B * (o1 + o2) + B**2 * rest * (1 + cosine)
    same = sign * p2
    apart = np.where(rest < 0.5, (p1 - same) + rest * same, p1 - cosine * same)  # p1 - c p2
    back = np.where(rest < 0.5, (same - p1) + rest * p1, same - cosine * p1)  # +-(p2 - c p1)
    mu1 = (o2 * p1 + B * apart) / det
    mu2 = -(o1 * p2 + B * sign * back) / det
    # p1 mu1 - p2 mu2, and mu1 -/+ mu2 at small angles
    both = np.where(
        rest < 0.5, (p1 - same) ** 2 + 2 * rest * p1 * same, p1**2 + p2**2 - 2 * cosine * p1 * same
    )
    work = (o2 * p1**2 + o1 * p2**2 + B * both) / det
    between = (o2 * p1 + o1 * same + B * rest * (p1 + same)) / det
    u1, u2 = mu1[..., None] * m1, mu2[..., None] * m2
    # u1 - u2 along and across m1
    length = np.where(rest < 0.5, between + mu2 * sign * rest, mu1 - mu2 * sign * cosine)
    drop = length[..., None] * m1 - mu2[..., None] * across(m2, m1)
    along = [np.asarray(a)[..., None] for a in (p1 - Gt1 * mu1, p2 + Gt2 * mu2)]
    loss, pull = shunt[..., None], B[..., None] * drop
    currents = np.broadcast_arrays(along[0] * m1, loss * u1 + pull, pull - loss * u2, along[1] * m2)
    return Valve(o1 + B, o2 + B, B, mu1, mu2, -B * mu2, B * mu1, work / 2, np.stack(currents, -2))
