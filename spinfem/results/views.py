"""Layers and faces of a solution: their fields, scaled by the current."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .._checks import FloatArray, read_only
from ..solvers.transport import Transport
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
        fields = (t.field(self.index).evaluate(self._samples) for t in self.solution.transports)
        mu, j = (self.solution.scaled(values, 1) for values in zip(*fields, strict=True))
        return read_only(mu), read_only(j)

    @cached_property
    def _potential(self) -> FloatArray:
        found = [t.evaluate(self.index, self._samples) for t in self.solution.transports]
        return read_only(self.solution.scaled([values.potential for values in found], 1))

    @cached_property
    def x(self) -> FloatArray:
        """Positions, m, shape (n,); (..., n) if they vary over the batch."""
        stack, xi = self.solution.stack, self._samples.T
        start, stop = stack.x[..., self.index, None], stack.x[..., self.index + 1, None]
        xi = xi[0] if xi.shape[0] == 1 else xi.reshape(*self.solution.transport.elements.shape, -1)
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
        D, and ``D_tot/(2 lambda_phi^2)`` adds to kappa. Where a ferromagnet has a beta_D, ``(p -
        beta_D) j0 m.(j_s - p j0 m)/D`` adds to it. Resistive interfaces and leads dissipate
        besides.
        """
        solution, xi, transport = self.solution, self._samples, self.solution.transport
        solution.check_real("heat")
        j0 = np.asarray(solution.factor)  # whose square may be inf, where that of a float raises
        heat = solution.multiplied(transport.dissipation(self.index, xi), j0 * j0, 1)
        for of_ends in solution.transports[1:]:
            both = transport.dissipation(self.index, xi, of_ends)
            heat = heat + solution.multiplied(both, 2 * j0, 1)
            heat = heat + solution.multiplied(of_ends.dissipation(self.index, xi), 1.0, 1)
        return read_only(heat)


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
        return self.solution.scaled(
            [t.faces.potential_left[self.index] for t in self.solution.transports]
        )

    @property
    def spin_potential_right(self) -> FloatArray:
        """mu_s just right of the face, V, shape (..., 3)."""
        return self.solution.scaled(
            [t.faces.potential_right[self.index] for t in self.solution.transports]
        )

    @property
    def potential_left(self) -> FloatArray:
        """Electrochemical potential mu_0 just left of the face, V, shape (...)."""
        return self._potential(0)

    @property
    def potential_right(self) -> FloatArray:
        """mu_0 just right of the face, V, shape (...); 0 at the last face."""
        return self._potential(1)

    def _potential(self, side: int) -> FloatArray:
        return self.solution.scaled(
            [t.face_potentials[side][self.index] for t in self.solution.transports]
        )

    @property
    def spin_current_left(self) -> FloatArray:
        """j_s just left of the face, A/m2, positive towards +x, shape (..., 3)."""
        return self.solution.scaled(
            [t.faces.current_left[self.index] for t in self.solution.transports]
        )

    @property
    def spin_current_right(self) -> FloatArray:
        """j_s just right of the face, A/m2, positive towards +x, shape (..., 3)."""
        return self.solution.scaled(
            [t.faces.current_right[self.index] for t in self.solution.transports]
        )

    @property
    def absorbed(self) -> FloatArray:
        """Spin current taken up by the magnetizations here, A/m2, shape (..., 3); eq. (10).

        It is the current on the left less that on the right, formed without that difference.
        """

        def absorbed(transport: Transport) -> FloatArray:
            faces = transport.faces
            total: FloatArray = faces.absorbed_left[self.index] + faces.absorbed_right[self.index]
            return total

        return self.solution.scaled([absorbed(t) for t in self.solution.transports])
