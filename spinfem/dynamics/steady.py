"""Steady states of magnets that move: found from many starts, each with how it is left.

From every start an overdamped run is followed, with steps that grow as the force falls until they
are Newton's (implicit Euler; pseudo-transient continuation). Damping of either sign is tried, by
magnet: of ``+1`` runs end where energies are least, of ``-1`` where they are largest, and torques
can hold magnetizations there. Newton's method from the same starts adds saddles.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from .._checks import FloatArray
from .stability import (
    ComplexArray,
    forces,
    growth_of,
    limited,
    moved,
    newton,
    normalized,
    rates,
    solved,
)
from .system import MagnetSystem

SAME = 1e-6
"""Angle, rad, up to which two steady states are one."""
MARGINAL = 1e-10
"""Of a growth rate, relative to the largest one: less is rounding."""
STEPS = 60
"""Of a run from a start."""
CLOSE = 1e-4
"""Of a force, relative to what it is a sum of, from which on Newton's method does the rest."""
QUICKER = 3.0
"""By what steps of a run grow at most."""


@dataclass(frozen=True, eq=False)
class SteadyState:
    """Directions in which magnets stay, and what becomes of small deviations.

    Attributes
    ----------
    names : tuple of str
        What moves, from left to right.
    directions : array, shape (f, 3)
        Unit vectors, in the order of the names.
    j0 : float
        Particle current, A/m2, positive when electrons flow towards +x. Of a device a multiple of
        its currents and potentials.
    growth : array of complex, shape (2 f,)
        Growth rates, 1/s, largest real part first: deviations are sums of ``exp(growth t)``. An
        imaginary part is an angular frequency; those that precess come in pairs.
    energy : float
        Energy per area of fields, J/m2, of a device the energy, J, as of
        `spinfem.dynamics.fields.Fields.energy`. Torques have none.
    """

    names: tuple[str, ...]
    directions: FloatArray
    j0: float
    growth: ComplexArray
    energy: float

    @property
    def m(self) -> dict[str, FloatArray]:
        """Unit vectors by name, shape (3,) each."""
        return dict(zip(self.names, self.directions, strict=True))

    @property
    def stable(self) -> bool:
        """Whether all small deviations decay."""
        return self.kind == "stable"

    @property
    def kind(self) -> str:
        """How it is left.

        - "stable": not at all; all deviations decay.
        - "oscillation": in a precession that grows.
        - "saddle": along a line, while other deviations decay.
        - "unstable": along a line, and no other deviation decays.
        - "marginal": what decays last neither grows nor decays, to rounding, as without any
          damping, or where a whole line of directions is steady.
        """
        real, rounding = self.growth.real, MARGINAL * np.abs(self.growth).max()
        if abs(real[0]) <= rounding:
            return "marginal"
        if real[0] < 0:
            return "stable"
        if self.growth[0].imag:
            return "oscillation"
        return "saddle" if real[-1] < -rounding else "unstable"

    @property
    def frequency(self) -> float:
        """Frequency of the deviation that grows fastest, or decays last, Hz; 0 if it has none."""
        return float(abs(self.growth[0].imag) / (2 * np.pi))


def states_at(system: MagnetSystem, m: FloatArray, j0: float) -> list[SteadyState]:
    """Return what is known of steady states, m of shape (N, f, 3)."""
    growth = growth_of(rates(system, m, np.asarray(j0)))
    energies = system.fields.energy(m)
    return [
        SteadyState(system.names, *one)
        for one in zip(m, [float(j0)] * len(m), growth, energies.tolist(), strict=True)
    ]


def find(system: MagnetSystem, j0: float, count: int, seed: Any) -> list[SteadyState]:
    """Return the steady states that are found, those that are left fastest last.

    Parameters
    ----------
    system : MagnetSystem
        A single one, no batch.
    j0 : float
        Particle current, A/m2.
    count : int
        Starts at random, besides those along axes.
    seed : int or numpy.random.Generator
        Of these.
    """
    rng = np.random.default_rng(seed)
    given = starts(system, count, rng)
    signs = rng.choice([-1.0, 1.0], given.shape[:2])
    damping = np.concatenate([np.ones(signs.shape), signs])
    ends = run(system, np.concatenate([given, given]), j0, damping)
    candidates = np.concatenate([given, ends])
    found, steady = newton(system, candidates, np.full(len(candidates), j0), STEPS)
    states = states_at(system, _distinct(found[steady] + 0.0), j0)
    return sorted(_merged(states), key=lambda state: (state.growth[0].real, state.energy))


def starts(system: MagnetSystem, count: int, rng: np.random.Generator) -> FloatArray:
    """Return directions to start from, (N, f, 3).

    Those of the stack; all along the same axis, or that of a held magnet; corners, all magnets
    along axes of their own, as many as there are or `count` of them; and as many at random.
    """
    f, whole = len(system.names), system.whole(system.directions())[0]
    axes = np.concatenate([np.eye(3), -np.eye(3), whole, -whole])
    axes = _distinct(axes[:, None])[:, 0]
    if len(axes) ** f <= count:
        corners = np.array([*product(range(len(axes)), repeat=f)])
    else:
        corners = rng.integers(len(axes), size=(count, f))
        corners = np.concatenate([np.repeat(np.arange(len(axes)), f).reshape(-1, f), corners])
    free = normalized(rng.normal(size=(count, f, 3)))
    return np.concatenate([system.directions()[None], axes[corners], free])


def run(system: MagnetSystem, m: FloatArray, j0: float, damping: FloatArray) -> FloatArray:
    """Return where overdamped runs end, at a steady state or after some steps, (N, f, 3).

    Parameters
    ----------
    system : MagnetSystem
        A single one.
    m : array, shape (N, f, 3)
        Unit vectors.
    j0 : float
        Particle current, A/m2.
    damping : array, shape (N, f)
        In the place of alpha.
    """
    f, turn = m.shape[1], np.array([[0.0, -1.0], [1.0, 0.0]])  # of m x, in the frame
    own = np.eye(2) - damping[..., None, None] * turn
    resists = np.einsum("niab,ij->niajb", own, np.eye(f)).reshape(-1, 2 * f, 2 * f)
    ends, left = m.copy(), np.arange(len(m))
    current, last, step = np.asarray(j0), np.zeros(len(m)), np.zeros(len(m))
    for _ in range(STEPS):
        given = forces(system, ends[left], exact=False)
        force, size = given.at(current), given.size(current)
        strength = np.linalg.norm(force, axis=-1)
        ratio = last[left] / np.maximum(strength, np.finfo(float).tiny)
        step[left] = np.clip(step[left] * np.clip(ratio, 1 / QUICKER, QUICKER), 1 / size, np.inf)
        last[left] = strength
        slope = resists[left] / step[left, None, None] - given.slope(current)
        ends[left] = moved(ends[left], given.frames, limited(solved(slope, force)))
        left = left[strength > CLOSE * size]
        if not left.size:
            break
    return ends


def _distinct(m: FloatArray) -> FloatArray:
    """Return directions (N, f, 3) without those that have been before."""
    kept = np.empty((0, *m.shape[1:]))
    for one in m:
        if not (np.abs(kept - one).max(axis=(1, 2)) <= SAME).any():
            kept = np.concatenate([kept, one[None]])
    return kept


def _merged(states: list[SteadyState]) -> list[SteadyState]:
    """Return states; of a line of them, along which nothing drives and energy is one, the first."""
    scale = max((abs(state.energy) for state in states), default=0.0)
    kept: list[SteadyState] = []
    energies: list[float] = []
    for state in states:
        if _is_of_a_line(state):
            if any(abs(state.energy - energy) <= SAME * scale for energy in energies):
                continue
            energies.append(state.energy)
        kept.append(state)
    return kept


def _is_of_a_line(state: SteadyState) -> bool:
    sizes = np.abs(state.growth)
    return bool(sizes.min() <= SAME * sizes.max())
