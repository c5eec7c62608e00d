"""The stacks behind the figures, in plain units.

Lengths are in spin diffusion lengths of the spacer, stiffnesses in that of F1, ``G_1 = D_1/(2 l_1)
= 1``, and j0 = 1. Where the paper gives parameters, Fig. 6, they are its own; else they are chosen
so that what the figure is about is well seen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..sample.materials import Ferromagnet, NormalMetal
from ..sample.pieces import Lead, direction
from ..sample.stack import Stack

UP = direction(0.0)
IN_PLANE = np.eye(3)[:, [0, 2]]
"""What projects vectors onto the xz plane, in which all valves have their rods."""


def ferromagnet(G: float, p: float, l: float = 1.0) -> Ferromagnet:
    """Return a ferromagnet of stiffness G."""
    return Ferromagnet(D=2 * G * l, l=l, p=p)


def normal(G: float) -> NormalMetal:
    """Return the metal of the spacers, whose l is the unit of length."""
    return NormalMetal(D=2 * G, l=1.0)


# --- Figs. 2 and 3: collinear, half-infinite ----------------------------------------------------

L_F = 0.6
F, N = ferromagnet(1.0, p=0.6, l=L_F), normal(0.8)


def contact() -> Stack:
    """F/N contact of half-infinite layers, Fig. 2.

    The parts next to the interface are layers, so that there are fields in them; leads of the same
    metals go on from there.
    """
    return Lead(F, m=UP) | F(3 * L_F, m=UP, name="F") | N(3.0, name="N") | Lead(N)


def collinear_fnf() -> Stack:
    """F/N/F with half-infinite ferromagnets, parallel; Fig. 3."""
    left, right = F(2.0, m=UP, name="F1"), F(2.0, m=UP, name="F2")
    return Lead(F, m=UP) | left | N(1.5, name="N") | right | Lead(F, m=UP)


def collinear_nfn() -> Stack:
    """N/F/N with half-infinite normal metals; Fig. 3."""
    return Lead(N) | N(2.2, name="N1") | F(1.1, m=UP, name="F") | N(2.2, name="N2") | Lead(N)


# --- the valve of Appendix A --------------------------------------------------------------------


def valve(
    theta: ArrayLike,
    p: tuple[float, float],
    *,
    G_N: float = 4.0,
    d_N: ArrayLike = 0.5,
    d_F: float = 1.5,
    G_F: tuple[float, float] = (1.0, 1.0),
    fixed: bool = False,
) -> Stack:
    """N/F1/N/F2/N with vanishing l in the outer normal metals: F1/N/F2 between reservoirs.

    Parameters
    ----------
    theta : float or array
        Angle between m1 and m2, degrees, in the xz plane: m1 is to the right of z by half of it
        and m2 to the left, as in Figs. 4, 5 and 7.
    p : (p1, p2)
        Polarizations.
    G_N : float
        Stiffness of the spacer.
    d_N, d_F : float or array
        Thickness of the spacer and of either ferromagnet.
    G_F : (G1, G2)
        Stiffnesses of the ferromagnets.
    fixed : bool
        Whether m1 stays along z instead, and m2 turns to the right.
    """
    half = np.asarray(theta, dtype=float) / 2
    m1, m2 = (UP, direction(2 * half)) if fixed else (direction(half), direction(-half))
    F1, F2 = (ferromagnet(G, polarization) for G, polarization in zip(G_F, p, strict=True))
    return F1(d_F, m=m1, name="F1") | normal(G_N)(d_N, name="N") | F2(d_F, m=m2, name="F2")


FIG4 = valve(70.0, (0.7, 0.7), G_N=1.5, d_N=2.0)
FIG5 = valve(45.0, (0.1, 0.9), G_N=12.0, d_N=1.0, G_F=(1.0, 1.5))


# --- Fig. 6: the paper's parameters -------------------------------------------------------------

FIG6_ANGLES = ((0.0, 5.0, 15.0, 30.0, 50.0, 90.0), (90.0, 120.0, 140.0, 160.0, 170.0, 180.0))
"""Angles of the two panels, degrees."""
_THICK_1, _THICK_2, _SPACER = ferromagnet(1.0, p=0.1), ferromagnet(1.0, p=0.9), normal(4.0)


def thick_valve(theta: ArrayLike, d_N: ArrayLike) -> Stack:
    """F1/N/F2 with d_i/l_i >> 1, which are exactly half-infinite ferromagnets."""
    return (
        Lead(_THICK_1, m=UP, name="F1")
        | _SPACER(d_N, name="N")
        | Lead(_THICK_2, m=direction(theta), name="F2")
    )


def thick_contact(theta: ArrayLike) -> Stack:
    """The same with d_N = 0: F1 and F2 touch."""
    m2 = direction(theta)
    F1, F2 = _THICK_1(1.0, m=UP, name="F1"), _THICK_2(1.0, m=m2, name="F2")
    return Lead(_THICK_1, m=UP) | F1 | F2 | Lead(_THICK_2, m=m2)


def thick_halves() -> tuple[Stack, Stack]:
    """The same with d_N = inf: F1/N and N/F2, each on its own."""
    return (
        Lead(_THICK_1, m=UP, name="F1") | _SPACER(1.0) | Lead(_SPACER),
        Lead(_SPACER) | _SPACER(1.0) | Lead(_THICK_2, m=UP, name="F2"),
    )


# --- Fig. 7: rods, rings and cords where d_N -> 0 -----------------------------------------------

FIG7 = {"A": 70.0, "B": 0.0, "C": 180.0}
"""Angle of each case, degrees."""
FIG7_THICKNESS = 0.4
FIG7_P = (0.55, 0.85)


def singular(theta: float, d_N: float) -> Stack:
    """The valve of Fig. 7; at d_N = 0 the ferromagnets touch."""
    upright = theta in (0.0, 180.0)
    F1, spacer, F2 = valve(theta, FIG7_P, d_N=d_N or 1.0, G_N=2.0, fixed=upright).layers
    return F1 | spacer | F2 if d_N else F1 | F2


# --- ours ---------------------------------------------------------------------------------------

EFFICIENCIES = {"symmetric": (0.6, 0.6), "asymmetric": (0.2, 0.9)}
"""p1 and p2 of the two valves."""


def turned_valve(theta: ArrayLike, p: tuple[float, float] = EFFICIENCIES["asymmetric"]) -> Stack:
    """A valve of which m2 turns; the asymmetric one has g2 < 0 at small angles."""
    return valve(theta, p, G_N=1.5, d_N=1.0, fixed=True)


def four_ferromagnets() -> Stack:
    """Four ferromagnets that do not lie in one plane, between leads."""
    F, N = ferromagnet(1.0, p=0.6), normal(1.0)
    return (
        Lead(N)
        | F(1.0, m=UP, name="A")
        | N(0.7)
        | F(0.5, m=direction(60.0), name="B")
        | N(1.0)
        | F(0.8, m=direction(80.0, 70.0), name="C")
        | N(0.5)
        | F(1.2, m=direction(120.0, -40.0), name="D")
        | Lead(N)
    )
