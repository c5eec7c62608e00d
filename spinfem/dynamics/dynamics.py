"""What users hold: a stack whose magnets move."""

from __future__ import annotations

from .linearized import LinearizedSystem


class Dynamics(LinearizedSystem):
    """Magnets of a stack that move in its torques, fields and pumped spins.

    x is the film normal, along the stack; in mumax3 and OOMMF that is z. Arguments and what they
    raise are those of `spinfem.dynamics.system.MagnetSystem`.
    """
