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

from .._checks import FloatArray, number
from ..sample.pieces import sine_and_cosine


class Slonczewski(NamedTuple):
    """Coefficients of ``g = q_plus/(a + B cos(theta)) + q_minus/(a - B cos(theta))``.

    Slonczewski's form with two asymmetric terms; exact as long as P_i and S_i stay what they are.
    """

    q_plus: float  # S/m2
    q_minus: float  # S/m2
    a: float  # sqrt(A1 A2), S/m2
    B: float  # S/m2
    gap: float  # a - B, S/m2, which B has no digits of where d_N/l_N is tiny

    def __call__(self, theta: ArrayLike) -> FloatArray:
        """Return g at angles in degrees."""
        sine, cosine = sine_and_cosine(number("theta (angle in degrees)", theta) / 2)
        far, near = 2 * self.B * sine**2, 2 * self.B * cosine**2
        g: FloatArray = self.q_plus / (self.gap + near) + self.q_minus / (self.gap + far)
        return g


@dataclass(frozen=True)
class Spacer:
    r"""A spacer between two ferromagnets, 1 left of 2, and what lies behind its faces.

    It is the valve of Appendices A and B with effective driving forces and stiffnesses. Signs, for
    any sign of P1 and P2, with c the cosine of the angle: ``P1 g2 < 0`` where ``(P2/P1) B c >
    A2``, and ``P2 g1 < 0`` where ``(P1/P2) B c > A1``; never both, and only if ``P1 P2 c > 0``;
    (B1).

    Where d_N/l_N is tiny, ``A_i = o_i + B`` with ``o_i = S_i + shunt_i`` is B but for a few
    digits, and formulas are written in o_i: ``A1 A2 - B^2 c^2 = o1 o2 + B (o1 + o2) + B^2 s^2``,
    ``A2 P1 - B c P2 = o2 P1 + B (P1 - c P2)``. They are as exact as P_i, S_i and the angle are;
    P1 - P2, all that counts of them in nearly parallel spacers of d_N/l_N -> 0, has an error of
    their rounding. `spinfem.Solution.efficiency`, which does not form P_i, is better there.

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
    rest : float, optional
        ``1 - |m1 . m2|``, which the cosine has no digits of at small angles: from ``|m2 -/+ m1|``.
    is_reciprocal : bool
        Whether no ferromagnet of the stack has a beta_D that is not p.
    """

    names: tuple[str, str]
    P: tuple[float, float]
    S: tuple[float, float]
    shunt: tuple[float, float]
    coupling: float
    cosine: float
    rest: float = np.nan
    is_reciprocal: bool = True

    def __post_init__(self) -> None:
        if np.isnan(self.rest):
            object.__setattr__(self, "rest", 1 - abs(self.cosine))  # the dataclass is frozen

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
        c, rest = self.cosine, self.rest
        if cosine is not None:
            c, rest = cosine, 1 - abs(cosine)
        (o1, o2), (P1, P2), B = self._own, self.P, self.coupling
        determinant = o1 * o2 + B * (o1 + o2) + B**2 * rest * (1 + abs(c))
        along1, along2 = o2 * P1 + B * _less(P1, P2, c, rest), o1 * P2 + B * _less(P2, P1, c, rest)
        return along1 / determinant, -along2 / determinant

    @property
    def _own(self) -> tuple[float, float]:
        """A_i - B."""
        return self.S[0] + self.shunt[0], self.S[1] + self.shunt[1]

    def efficiencies(self, cosine: float | None = None) -> tuple[float, float]:
        """Return (g1, g2) of eq. (1): ``g1 = -B mu2/j0``, ``g2 = B mu1/j0``; as in `potentials`."""
        mu1, mu2 = self.potentials(cosine)
        return -self.coupling * mu2, self.coupling * mu1

    @property
    def slonczewski(self) -> tuple[Slonczewski, Slonczewski]:
        """g1 and g2 over the angle: ``q+- = (B/2)(A2 P1/a +- P2)`` of g2, with 1 <-> 2 of g1."""
        (A1, A2), (o1, o2) = self.A, self._own
        (P1, P2), B = self.P, self.coupling
        a = float(np.sqrt(A1) * np.sqrt(A2))
        gap = (o1 * o2 + B * (o1 + o2)) / (a + B)

        def form(A: float, off: float, driven: float, other: float) -> Slonczewski:
            """Form g from ``(A/a) P_driven +- P_other``; A/a - 1 = off/(a (a/A_other + 1))."""
            ratio = A / a
            plus, minus = ratio * driven + other, ratio * driven - other
            if 0.5 < ratio < 2:  # here off, a difference of own stiffnesses, keeps more digits
                more = off / (a + a / ratio) * driven
                plus, minus = (driven + other) + more, (driven - other) + more
            return Slonczewski(B / 2 * plus, B / 2 * minus, a, B, gap)

        return form(A1, o1 - o2, P2, P1), form(A2, o2 - o1, P1, P2)

    @property
    def Lambda(self) -> float:
        """Slonczewski's ``Lambda = sqrt((a + B)/(a - B))``, formed without the difference."""
        (A1, A2), (o1, o2), B = self.A, self._own, self.coupling
        determinant = o1 * o2 + B * (o1 + o2)  # A1 A2 - B^2
        return float((np.sqrt(A1) * np.sqrt(A2) + B) / np.sqrt(determinant))

    @property
    def sign_changes(self) -> tuple[float, float]:
        """Angles, degrees, at which g1 and g2 change sign; nan for one that does not.

        From (B1), if all behind either face turns along with it: ``cos = A1 P2/(B P1)`` for g1,
        ``A2 P1/(B P2)`` for g2. For other rotations see `sign_changes`.
        """
        (o1, o2), (P1, P2), B = self._own, self.P, self.coupling

        def angle(own: float, driven: float, other: float) -> float:
            # 1 - |cos| of it, times B |other|
            rest = B * (abs(other) - abs(driven)) - own * abs(driven)
            if other == 0.0 or rest <= 0:
                return np.nan
            half = np.degrees(np.arcsin(min(1.0, np.sqrt(rest / B / abs(other) / 2))))
            return float(2 * half if driven * other >= 0 else 180 - 2 * half)

        return angle(o1, P2, P1), angle(o2, P1, P2)

    @property
    def resistance_slope(self) -> float:
        """``d(dr)/d(theta) = g1 g2 sin(theta)/B``, Ohm m2 per radian, as theta opens.

        If all behind either face turns along with it. For one magnetization that turns alone see
        `spinfem.Analogy.resistance_slope`.

        Raises
        ------
        ValueError
            If a ferromagnet has a beta_D that is not p.
        """
        check_reciprocal("g1 g2 sin(theta)/B", self.is_reciprocal)
        g1, g2 = self.efficiencies()
        sine = np.sqrt(self.rest * (1 + abs(self.cosine)))
        return float(g1 * g2 * sine / self.coupling)


def check_reciprocal(what: str, is_reciprocal: bool) -> None:
    """Raise ValueError if the slope of dr is not what it is for two channels."""
    if not is_reciprocal:
        raise ValueError(
            f"beta_D of all ferromagnets must be their p for {what} to be the slope of dr, got "
            "others; Solution.gradient('spin_resistance') has it"
        )


def _less(P1: float, P2: float, c: float, rest: float) -> float:
    """Return ``P1 - c P2`` with ``rest = 1 - |c|`` apart, so that P1 - P2 is formed first."""
    if rest > 0.5:
        return P1 - c * P2
    sign = -1.0 if c < 0 else 1.0
    return (P1 - sign * P2) + sign * rest * P2
