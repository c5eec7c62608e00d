r"""Signs of the efficiency factors, (B1), for any spacer of any stack.

All that lies behind a face of a spacer is one scalar relation there: ``j_s . m1 = P1 j0 - S1 mu1``
on its left and ``j_s . m2 = P2 j0 + S2 mu2`` on its right, with an effective driving force P_i and
a stiffness S_i. So the formulas of Appendices A and B hold for every spacer, with P_i for p_i and
S_i for G~_i. What does not carry over is what they say for p_i > 0: P_i has either sign, since it
carries the forces of all magnetizations behind, and it changes when m_i turns against these. With
three ferromagnets both efficiencies of a spacer can be negative, though all p are positive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray


class Slonczewski(NamedTuple):
    """Coefficients of ``g = q_plus/(a + B cos(theta)) + q_minus/(a - B cos(theta))``.

    Slonczewski's form with two asymmetric terms; exact as long as P_i and S_i stay what they are.
    """

    q_plus: float  # S/m2
    q_minus: float  # S/m2
    a: float  # sqrt(A1 A2), S/m2
    B: float  # S/m2

    def __call__(self, theta: ArrayLike) -> FloatArray:
        """Return g at angles in degrees."""
        c = self.B * np.cos(np.radians(np.asarray(theta, dtype=float)))
        g: FloatArray = self.q_plus / (self.a + c) + self.q_minus / (self.a - c)
        return g


@dataclass(frozen=True)
class Spacer:
    r"""A spacer between two ferromagnets, 1 left of 2, and what lies behind its faces.

    It is the valve of Appendices A and B with effective driving forces and stiffnesses. Signs, for
    any sign of P1 and P2, with c the cosine of the angle: ``P1 g2 < 0`` where ``(P2/P1) B c >
    A2``, and ``P2 g1 < 0`` where ``(P1/P2) B c > A1``; never both, and only if ``P1 P2 c > 0``;
    (B1).

    Attributes
    ----------
    names : (str, str)
        The two ferromagnets; an unnamed lead is "left lead" or "right lead".
    P : (float, float)
        Effective driving forces per j0: what a spin sink (mu_s = 0) in place of the spacer would
        draw along m1, and supply along m2. For the paper's valve p1, p2.
    S : (float, float)
        Stiffnesses of what lies behind the faces, S/m2; for the paper's valve G~1, G~2.
    shunt : (float, float)
        Of the spacer at its two faces, ``G~_N - B = G_N tanh(d_N/2l_N)``, S/m2; the same but where
        it is made of several metals.
    coupling : float
        B of the spacer, ``G_N/sinh(d_N/l_N)``, S/m2.
    cosine : float
        m1 . m2.
    """

    names: tuple[str, str]
    P: tuple[float, float]
    S: tuple[float, float]
    shunt: tuple[float, float]
    coupling: float
    cosine: float

    @property
    def stiffness(self) -> tuple[float, float]:
        """Of the spacer at its two faces, G~_N, S/m2."""
        return self.coupling + self.shunt[0], self.coupling + self.shunt[1]

    @property
    def A(self) -> tuple[float, float]:
        """``A_i = S_i + G~_N``, S/m2."""
        return self.S[0] + self.stiffness[0], self.S[1] + self.stiffness[1]

    def potentials(self, cosine: float | None = None) -> tuple[float, float]:
        """Return mu1/j0 and mu2/j0 at the faces, Ohm m2; (A2).

        Parameters
        ----------
        cosine : float, optional
            Of another angle between m1 and m2, if all behind either face turns along with it.
        """
        (A1, A2), (P1, P2) = self.A, self.P
        Bc = self.coupling * (self.cosine if cosine is None else cosine)
        determinant = A1 * A2 - Bc**2
        return (A2 * P1 - Bc * P2) / determinant, (Bc * P1 - A1 * P2) / determinant

    def efficiencies(self, cosine: float | None = None) -> tuple[float, float]:
        """Return (g1, g2) of eq. (1): ``g1 = -B mu2/j0``, ``g2 = B mu1/j0``; as in `potentials`."""
        mu1, mu2 = self.potentials(cosine)
        return -self.coupling * mu2, self.coupling * mu1

    @property
    def slonczewski(self) -> tuple[Slonczewski, Slonczewski]:
        """g1 and g2 over the angle: ``q+- = (B/2)(A2 P1/a +- P2)`` of g2, with 1 <-> 2 of g1."""
        (A1, A2), (P1, P2), B = self.A, self.P, self.coupling
        a = float(np.sqrt(A1 * A2))

        def form(driven: float, other: float) -> Slonczewski:
            return Slonczewski(B / 2 * (driven + other), B / 2 * (driven - other), a, B)

        return form(A1 * P2 / a, P1), form(A2 * P1 / a, P2)

    @property
    def Lambda(self) -> float:
        """Slonczewski's ``Lambda = sqrt((a + B)/(a - B))``, formed without the difference."""
        (A1, A2), B = self.A, self.coupling
        own1, own2 = self.S[0] + self.shunt[0], self.S[1] + self.shunt[1]  # A_i - B
        determinant = own1 * own2 + B * (own1 + own2)  # A1 A2 - B^2
        return float((np.sqrt(A1 * A2) + B) / np.sqrt(determinant))

    @property
    def sign_changes(self) -> tuple[float, float]:
        """Angles, degrees, at which g1 and g2 change sign; nan for one that does not.

        From (B1), if all behind either face turns along with it: ``cos = A1 P2/(B P1)`` for g1,
        ``A2 P1/(B P2)`` for g2. For other rotations see `sign_changes`.
        """
        (A1, A2), (P1, P2), B = self.A, self.P, self.coupling

        def angle(A: float, own: float, other: float) -> float:
            inside = other != 0.0 and abs(A * own) < abs(B * other)
            return float(np.degrees(np.arccos(A * own / (B * other)))) if inside else np.nan

        return angle(A1, P2, P1), angle(A2, P1, P2)

    @property
    def resistance_slope(self) -> float:
        """``d(dr)/d(theta) = g1 g2 sin(theta)/B``, Ohm m2 per radian, as theta opens.

        If all behind either face turns along with it. For one magnetization that turns alone see
        `Analogy.resistance_slope`.
        """
        g1, g2 = self.efficiencies()
        sine = np.sqrt(max(0.0, (1 - self.cosine) * (1 + self.cosine)))
        return float(g1 * g2 * sine / self.coupling)
