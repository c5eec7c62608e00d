"""Fields in half-infinite leads: mu_s dies away from the stack, j_s goes to ``p j0 m``."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from .._checks import FloatArray
from ..physics.bulk import spin_drop, total_conductivity
from ..physics.directions import axes_across
from ..sample.pieces import Lead
from ..solvers.elements import Elements
from ..solvers.ports import exchange_rate
from .solved import SolvedStack


class LeadSolution(NamedTuple):
    """Fields in a lead, from left to right, as those of a `LayerSolution`."""

    lead: Lead
    side: Literal["left", "right"]
    x: FloatArray  # (n,) m
    spin_potential: FloatArray  # (n, 3) V
    spin_current: FloatArray  # (n, 3) A/m2
    potential: FloatArray  # (n,) V

    @property
    def magnetic(self) -> bool:
        """Whether it is a ferromagnet."""
        return self.lead.is_ferromagnet

    @property
    def name(self) -> str:
        """Name of the lead; where it has none, which one it is."""
        return self.lead.name or f"{self.side} lead"


def leads_of(solution: SolvedStack) -> list[tuple[Literal["left", "right"], Lead]]:
    """Return the ends of a stack that are leads."""
    ends: tuple[tuple[Literal["left", "right"], object], ...] = (
        ("left", solution.stack.left),
        ("right", solution.stack.right),
    )
    return [(side, end) for side, end in ends if isinstance(end, Lead)]


def lead_solution(
    solution: SolvedStack, side: Literal["left", "right"], depth: FloatArray
) -> LeadSolution:
    """Return the fields in a lead of a single stack.

    From eqs. (2) to (4), with s the depth: ``mu_s = mu_s(0) exp(-s/l)``, and with exchange lengths
    ``exp(-s/l_perp)`` for what is across m; ``j_s - p j0 m`` likewise; ``mu_0' = -j0/D_tot -
    beta_D m.mu_s'/2``.

    Parameters
    ----------
    solution : SolvedStack
        Of a single stack; that end of it is a lead.
    side : "left" or "right"
        Which of the leads.
    depth : array, shape (n,)
        Distances from the stack, m, increasing.
    """
    left = side == "left"
    e, k, end = solution.transport.elements, 0 if left else -1, 0 if left else -1
    lead = dict(leads_of(solution))[side]
    face, j0 = solution.interfaces[end], float(np.asarray(solution.j0))
    mu = face.spin_potential_left if left else face.spin_potential_right
    current = face.spin_current_left if left else face.spin_current_right
    phi = face.potential_left if left else face.potential_right
    D, p, beta_D, m = (values[k, 0] for values in (e.D, e.p, e.beta_D, e.m))
    driving = p * j0 * m
    spin_potential = _decayed(e, k, mu, depth)
    spin_current = driving + _decayed(e, k, current - driving, depth)
    outwards = -1.0 if left else 1.0
    ohmic = outwards * j0 * depth / total_conductivity(D, p, beta_D)
    potential = phi - ohmic - spin_drop(beta_D, (spin_potential - mu) @ m)
    order = slice(None, None, -1 if left else 1)
    x = float(solution.stack.x[end]) + outwards * depth
    return LeadSolution(
        lead, side, x[order], spin_potential[order], spin_current[order], potential[order]
    )


def _decayed(e: Elements, k: int, vector: FloatArray, depth: FloatArray) -> FloatArray:
    """Return what is left of a vector at every depth, (n, 3)."""
    k %= e.magnetic.size
    slow = np.exp(-depth / e.l[k, 0])[:, None]
    if k not in e.lengths:
        return np.asarray(slow * vector)
    m = e.m[k, 0]
    along = (vector @ m) * m
    first, second = (axis[0] for axis in axes_across(m[None]))
    wave = np.exp(-depth * np.sqrt(exchange_rate(e, k)[0])) * (vector @ (first + 1j * second))
    return np.asarray(slow * along + np.outer(wave, first - 1j * second).real)
