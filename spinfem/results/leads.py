"""Fields in half-infinite leads: mu_s dies away from the stack, j_s goes to ``p j0 m``."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from .._checks import FloatArray
from ..physics.bulk import spin_drop, total_conductivity
from ..sample.pieces import Lead
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

    mu_s and j_s as `spinfem.solvers.transport.Transport.in_lead` has them, and ``mu_0' = -j0/D_tot
    - beta_D m.mu_s'/2``.

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
    end: Literal[0, -1] = 0 if left else -1
    e, lead = solution.transport.elements, dict(leads_of(solution))[side]
    face, j0 = solution.interfaces[end], float(np.asarray(solution.j0))
    mu = face.spin_potential_left if left else face.spin_potential_right
    phi = face.potential_left if left else face.potential_right
    D, p, beta_D, m = (values[end, 0] for values in (e.D, e.p, e.beta_D, e.m))
    spins = zip(*(t.in_lead(end, depth) for t in solution.transports), strict=True)
    spin_potential, spin_current = (solution.scaled(values, 1) for values in spins)
    outwards = -1.0 if left else 1.0
    ohmic = outwards * j0 * depth / total_conductivity(D, p, beta_D)
    potential = phi - ohmic - spin_drop(beta_D, (spin_potential - mu) @ m)
    order = slice(None, None, -1 if left else 1)
    x = float(solution.stack.x[end]) + outwards * depth
    return LeadSolution(
        lead, side, x[order], spin_potential[order], spin_current[order], potential[order]
    )


def whole_lead(solution: SolvedStack, side: Literal["left", "right"]) -> LeadSolution:
    """Return the fields in a lead of a single stack to where nothing is left of mu_s."""
    l = float(np.asarray(dict(leads_of(solution))[side].material.l))
    thickness = float(solution.stack.x[-1])
    longest = l if np.isfinite(l) else thickness
    depth = np.geomspace(1e-3 * min(longest, thickness), 40 * longest, 200)
    return lead_solution(solution, side, np.append(0.0, depth))
