"""The stacks that are timed, as a user of spinfem writes them, and as plain numbers for peers.

Materials are illustrative, of the size of Co, Permalloy and Cu at low temperature. In every stack
normal metals and ferromagnets alternate, so that a peer needs one kind of interface only. Real
samples have an interface with a mixing conductance at every face of a ferromagnet, or ferromagnets
with exchange lengths.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

import spinfem as sf
from spinfem.constants import TORQUE_PER_SPIN_CURRENT

Array = NDArray[np.float64]

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")

LENGTHS = {"lambda_J": 1e-9, "lambda_phi": 1.5e-9}
WEAK = replace(Co, **LENGTHS), replace(Py, **LENGTHS | {"lambda_phi": 2e-9})
"""Co and Py with exchange lengths, m."""
CONTACT = sf.Interface(0.5e-15, gamma=0.75, mixing=5e14 + 5e13j)

TAU = {"Cu": 10e-12, "Co": 1e-12, "Py": 0.03e-12}
"""Spin relaxation times, s."""

MODELS = {
    "plain": "plain",
    "interfaces": "interfaces, mixing",
    "exchange": "exchange lengths",
}
ROTATING = "Py3"
"""The ferromagnet that rotates in the sweep of 25 layers."""


def valve(theta: ArrayLike = 60.0, spacer: ArrayLike = 10e-9, model: str = "plain") -> sf.Stack:
    """Return case A, Co/Cu/Py between Cu leads.

    Parameters
    ----------
    theta : float or array
        Angle, degrees.
    spacer : float or array
        Thickness, m.
    model : str
        One of `MODELS`.
    """
    fixed, free = WEAK if model == "exchange" else (Co, Py)
    layers = (
        fixed(8e-9, m=sf.direction(0), name="fixed"),
        Cu(spacer, name="spacer"),
        free(4e-9, m=sf.direction(theta), name="free"),
    )
    if model == "interfaces":
        left, middle, right = layers
        layers = (CONTACT, left, CONTACT, middle, CONTACT, right, CONTACT)
    return sf.Stack([sf.Lead(Cu), *layers, sf.Lead(Cu)])


def spread(stack: sf.Stack, factor: ArrayLike = 1.0) -> sf.Stack:
    """Return a stack with a spin relaxation time in every metal, and every l times a factor."""
    changed: dict[sf.NormalMetal | sf.Ferromagnet, sf.NormalMetal | sf.Ferromagnet] = {}
    pieces = []
    for piece in stack.pieces:
        if isinstance(piece, sf.Layer | sf.Lead):
            metal = piece.material
            if metal not in changed:
                changed[metal] = replace(metal, l=metal.l * factor, tau=TAU[metal.name])
            piece = replace(piece, material=changed[metal])
        pieces.append(piece)
    return sf.Stack(pieces)


@lru_cache
def numbers(layers: int) -> tuple[Array, Array]:
    """Draw thicknesses (nm) and directions of a stack of N/F/N/.../N, always the same ones."""
    random = np.random.default_rng(2006)
    directions = random.normal(size=(layers // 2, 3))
    return (
        random.uniform(2, 12, size=layers),
        directions / np.linalg.norm(directions, axis=1, keepdims=True),
    )


def multilayer(layers: int, theta: ArrayLike | None = None, model: str = "plain") -> sf.Stack:
    """Return a stack of Cu with Co and Py in turn, of non-coplanar directions, between Cu leads.

    Parameters
    ----------
    layers : int
        Number of layers, odd: the first and the last are Cu.
    theta : float or array, optional
        Polar angle, degrees, of the ferromagnet `ROTATING`; without it, a fixed direction.
    model : "plain" or "exchange"
        Whether Co and Py have exchange lengths.
    """
    thickness, directions = numbers(layers)
    metals = WEAK if model == "exchange" else (Co, Py)
    pieces = [sf.Lead(Cu)]
    for i, d in enumerate((1e-9 * thickness).tolist()):
        if i % 2 == 0:
            pieces.append(Cu(d))
        else:
            pieces.append(metals[i // 2 % 2](d, m=directions[i // 2]))
    stack = sf.Stack([*pieces, sf.Lead(Cu)])
    return stack if theta is None else stack.replace(ROTATING, m=sf.direction(theta))


def build(layers: int) -> sf.Stack:
    """Return the stack of that many layers: 3 is the valve, case A; 25 is case B."""
    return valve() if layers == 3 else multilayer(layers)


def torques(solution: sf.Solution) -> Array:
    """Return the torques on all ferromagnets, shape (f, ..., 3), per unit of hbar/2|e|."""
    return np.moveaxis(solution.torques, -2, 0) / TORQUE_PER_SPIN_CURRENT


def error(found: Array, exact: Array) -> float:
    """Return the largest error of the torques, relative to the largest torque of the stack.

    Parameters
    ----------
    found, exact : array, shape (f, ..., 3)
        Torques on all ferromagnets. In a batch, each point is relative to itself.
    """
    difference = np.linalg.norm(found - exact, axis=-1).max(axis=0)
    return float(np.max(difference / np.linalg.norm(exact, axis=-1).max(axis=0)))


@dataclass(frozen=True)
class Sample:
    """A stack as plain numbers near 1, for j0 = 1: lengths in nm, resistance-areas in fOhm m2.

    The equations of a layer are ``j_s = p j0 m - (D/2) mu_s'`` and ``j_s' = -kappa mu_s`` with
    ``kappa = D/(2 l^2)``; in a ferromagnet ``mu_s = mu m``. At an interface mu_s and ``j_s . m``
    are continuous, unless there is a resistance: with m of the ferromagnet beside it ``m . [mu_s] =
    -2 AR (j_s . m - gamma)``, and ``G_r mu_s + G_i m x mu_s`` of the mu_s across m flows from the
    normal metal into the ferromagnet. At the left end ``j_s = -G mu_s``, at the right end
    ``j_s = G mu_s``.
    """

    magnetic: list[bool]
    thickness: list[float]
    D: list[float]
    l: list[float]
    p: list[float]
    m: Array  # (n, 3), 0 in normal layers
    lead: tuple[float, float]  # G at the left and the right end
    resistance: list[float]  # AR of n + 1 faces, 0 where they are transparent
    gamma: list[float]
    mixing: list[complex]  # G_r + i G_i; 0 where they are transparent

    @property
    def faces(self) -> Array:
        """Positions of the n + 1 faces."""
        return np.concatenate([[0.0], np.cumsum(self.thickness)])


def sample_of(stack: sf.Stack) -> Sample:
    """Return the plain numbers of a single stack between leads."""
    metals = [layer.material for layer in stack.layers]
    if any(isinstance(metal, sf.Ferromagnet) and not metal.is_strong for metal in metals):
        raise ValueError(f"peers must have strong ferromagnets, got {stack!r}")
    joints = [joint or sf.Interface(0.0) for joint in stack.joints]
    return Sample(
        [layer.is_ferromagnet for layer in stack.layers],
        [layer.thickness * 1e9 for layer in stack.layers],
        [metal.D * 1e-6 for metal in metals],
        [metal.l * 1e9 for metal in metals],
        [getattr(metal, "p", 0.0) for metal in metals],
        np.array([np.zeros(3) if layer.m is None else layer.m for layer in stack.layers]),
        (stack.left.material.stiffness * 1e-15, stack.right.material.stiffness * 1e-15),
        [joint.resistance * 1e15 for joint in joints],
        [joint.gamma for joint in joints],
        [(joint.mixing or 0.0) * 1e-15 for joint in joints],
    )


@dataclass(frozen=True)
class ClosedForm:
    """Appendix A of the paper in plain numpy, with F ends in leads; the bar for sweeps.

    A ferromagnet of ``Gt = G coth(d/l)``, ``b = G/sinh(d/l)`` that ends in a lead G_L is seen from
    the spacer as a stiffness ``S = Gt - b^2/(Gt + G_L)`` and a force ``P = p (1 - b/(Gt + G_L))``;
    (A2) holds with these, and ``dr = (P1 mu1 - P2 mu2)/2`` gains ``p^2/(2 (Gt + G_L))`` from each.
    """

    S1: float
    P1: float
    S2: float
    P2: float
    own: float
    G: float
    l: float

    def __call__(self, theta: Array, spacer: ArrayLike) -> tuple[Array, Array, Array]:
        """Return g1, g2 and dr (Ohm m2) at angles in degrees and spacer thicknesses in m."""
        c = np.cos(np.radians(theta))
        z = np.asarray(spacer) / self.l
        Gt, B = self.G / np.tanh(z), self.G / np.sinh(z)
        A1, A2, Bc = self.S1 + Gt, self.S2 + Gt, B * c
        det = A1 * A2 - Bc**2
        mu1 = (A2 * self.P1 - Bc * self.P2) / det
        mu2 = (Bc * self.P1 - A1 * self.P2) / det
        return -B * mu2, B * mu1, (self.P1 * mu1 - self.P2 * mu2) / 2 + self.own


def closed_form() -> ClosedForm:
    """Return the closed form of `valve`; it is checked against `sf.analytic` before it is timed."""
    stack = valve()
    S, P, own = [], [], 0.0
    for name in ("fixed", "free"):
        layer = stack.layers[stack.position(name) - 1]
        metal, z = layer.material, layer.thickness / layer.material.l
        Gt, b = metal.stiffness / np.tanh(z), metal.stiffness / np.sinh(z)
        total = Gt + Cu.stiffness
        S.append(float(Gt - b**2 / total))
        P.append(float(metal.p * (1 - b / total)))
        own += float(metal.p**2 / (2 * total))
    return ClosedForm(S[0], P[0], S[1], P[1], own, float(Cu.stiffness), float(Cu.l))
