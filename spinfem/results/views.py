"""Layers and faces of a solution: their fields, scaled by the current."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .._checks import FloatArray, read_only
from .scaling import Scaled


@dataclass(frozen=True)
class LayerSolution:
    """Fields inside one layer, on points dense enough to draw them; both faces included."""

    solution: Scaled
    index: int

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self.solution.stack.layers[self.index].name or ""

    @cached_property
    def _samples(self) -> FloatArray:
        return self.solution.transport.field(self.index).samples()

    @cached_property
    def _vectors(self) -> tuple[FloatArray, FloatArray]:
        mu, j = self.solution.transport.field(self.index).evaluate(self._samples)
        return read_only(self.solution.scaled(mu, 1)), read_only(self.solution.scaled(j, 1))

    @cached_property
    def _potential(self) -> FloatArray:
        found = self.solution.transport.evaluate(self.index, self._samples)
        return read_only(self.solution.scaled(found.potential, 1))

    @cached_property
    def x(self) -> FloatArray:
        """Positions, m, shape (n,); (..., n) if they vary over the batch."""
        stack, xi = self.solution.stack, self._samples.T
        start, stop = stack.x[..., self.index, None], stack.x[..., self.index + 1, None]
        xi = xi[0] if xi.shape[0] == 1 else xi.reshape(*stack.shape, -1)
        return read_only(np.where(xi == 1, stop, start + (stop - start) * xi))

    @property
    def spin_potential(self) -> FloatArray:
        """mu_s, V, shape (..., n, 3)."""
        return self._vectors[0]

    @property
    def spin_current(self) -> FloatArray:
        """j_s, A/m2, positive towards +x, shape (..., n, 3)."""
        return self._vectors[1]

    @property
    def potential(self) -> FloatArray:
        """Electrochemical potential mu_0, V, 0 at the right end of the stack, shape (..., n)."""
        return self._potential

    @cached_property
    def dissipation(self) -> FloatArray:
        """Heat per volume and time, W/m3, shape (..., n).

        ``j0^2/D_tot + |j_s - p j0 m|^2/D + (kappa/2) mu_s^2``: Joule heat of both spin channels,
        and what spin relaxation sets free. With exchange lengths the parts across m have D_tot for
        D, and
        ``D_tot/(2 lambda_phi^2)`` adds to kappa. Resistive interfaces and leads dissipate besides.
        """
        solution = self.solution
        per_current = solution.transport.dissipation(self.index, self._samples)
        j0 = np.asarray(solution.j0)
        return read_only(solution.scaled(per_current, 1) * j0.reshape(*j0.shape, 1))


@dataclass(frozen=True)
class Face:
    """Both sides of one face of a stack.

    Outside of an end, the spin current is that in the lead; a reservoir takes up what reaches it.
    """

    solution: Scaled
    index: int

    @property
    def x(self) -> FloatArray:
        """Position, m."""
        return self.solution.stack.x[..., self.index]

    @property
    def spin_potential(self) -> FloatArray:
        """mu_s, V, shape (..., 3), where it is continuous, at a transparent interface, eq. (5).

        Raises
        ------
        ValueError
            At a resistive interface, where mu_s jumps.
        """
        joint = self.solution.stack.joints[self.index]
        if joint is not None and (np.any(joint.resistance) or joint.mixing is not None):
            raise ValueError(
                "spin_potential must be continuous at the face, got a resistive interface: take "
                "spin_potential_left or spin_potential_right"
            )
        return self.spin_potential_left

    @property
    def spin_potential_left(self) -> FloatArray:
        """mu_s just left of the face, V, shape (..., 3)."""
        return self.solution.scaled(self.solution.transport.faces.potential_left[self.index])

    @property
    def spin_potential_right(self) -> FloatArray:
        """mu_s just right of the face, V, shape (..., 3)."""
        return self.solution.scaled(self.solution.transport.faces.potential_right[self.index])

    @property
    def potential_left(self) -> FloatArray:
        """Electrochemical potential mu_0 just left of the face, V, shape (...)."""
        return self._potential(0)

    @property
    def potential_right(self) -> FloatArray:
        """mu_0 just right of the face, V, shape (...); 0 at the last face."""
        return self._potential(1)

    def _potential(self, side: int) -> FloatArray:
        values = self.solution.transport.face_potentials[side]
        return self.solution.scaled(values[self.index])

    @property
    def spin_current_left(self) -> FloatArray:
        """j_s just left of the face, A/m2, positive towards +x, shape (..., 3)."""
        return self.solution.scaled(self.solution.transport.faces.current_left[self.index])

    @property
    def spin_current_right(self) -> FloatArray:
        """j_s just right of the face, A/m2, positive towards +x, shape (..., 3)."""
        return self.solution.scaled(self.solution.transport.faces.current_right[self.index])

    @property
    def absorbed(self) -> FloatArray:
        """Spin current taken up by the magnetizations here, A/m2, shape (..., 3); eq. (10).

        It is the current on the left less that on the right, formed without that difference.
        """
        faces = self.solution.transport.faces
        return self.solution.scaled(
            faces.absorbed_left[self.index] + faces.absorbed_right[self.index]
        )
