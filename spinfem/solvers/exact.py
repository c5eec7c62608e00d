r"""Exact two-ports of uniform layers, for the same chain, and the exact fields inside them.

Along m and in normal metals ``B = G/sinh(d/l)`` and ``S = G tanh(d/2l)``, the paper's coupling and
what its G~ of (A1) has besides; across m of a ferromagnet with exchange lengths the same with D_tot
and the complex l_perp. Nothing here uses finite elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray
from ..fem.fields import LayerField, SumField
from ..fem.graded import GradedLayer
from ..fem.mesh import layer_nodes
from ..physics.bulk import stiffness
from ..physics.directions import axes_across
from ..physics.uniform import two_port, two_port_of_square
from .elements import Column, Elements
from .ports import Columns, Three, absorption, across_conductance, exchange_rate
from .transport import Field

ComplexArray = NDArray[Any]


class Exact:
    """The layers of a stack in closed form; a `ports.Bulk`.

    Parameters
    ----------
    elements : Elements
        The stack's numbers; no graded layers.
    """

    def __init__(self, elements: Elements) -> None:
        self.e = elements
        self.graded: dict[int, GradedLayer] = {}
        self.key = "exact"

    def along(self) -> Columns:
        """Return the two-ports of all elements along m."""
        D, l, d = (self.e.columns[name] for name in ("D", "l", "thickness"))
        ends = (0, D.fixed.size - 1)
        B, S = two_port(d.fixed / l.fixed, D.fixed / (2 * d.fixed))
        for k in ends:
            B[k], S[k] = stiffness(D.fixed[k], l.fixed[k]), 0.0
        B_varying, S_varying = {}, {}
        for k in {*D.varying, *l.varying, *d.varying}:
            values = tuple(np.asarray(column.of(k)) for column in (D, l, d))
            if k in ends:
                B_varying[k], S_varying[k] = stiffness(values[0], values[1]), np.zeros(())
            else:
                z, unit = values[2] / values[1], values[0] / (2 * values[2])
                B_varying[k], S_varying[k] = two_port(z, unit)
        shunt = Column(S, S_varying)
        return Columns(Column(B, B_varying), shunt, shunt)

    def across(self, elements: Sequence[int], sense: int = 1) -> list[Three]:
        """Return the two-ports of layers across m, complex, shape (N or 1,) each."""
        found = []
        for k in elements:
            d = self.e.flat(self.e.columns["thickness"].of(k))
            square, unit = d**2 * exchange_rate(self.e, k, sense), across_conductance(self.e, k) / d
            thin, thick = two_port_of_square(square, unit), two_port(np.sqrt(square), unit)
            B, S = (np.where(np.abs(square) < 1, a, b) for a, b in zip(thin, thick, strict=True))
            found.append((B, S, S))
        return found

    def field(self, layer: int, at: Field, *, driven: bool = True) -> LayerField:
        """Return the field inside one layer from its faces, whether j0 drives it or the ends."""
        e, k = self.e, layer + 1
        d, faces = e.thickness[layer], at.faces
        left, right = faces.potential_right[layer], faces.potential_left[k]
        inflow, z = faces.current_right[layer], d / e.l[k]
        along = ExactField(z, d * absorption(e, k)[0], left, right, inflow)
        if k not in e.lengths:
            return along
        m = np.broadcast_to(e.m[k], inflow.shape)
        line = m[:, :, None] * m[:, None, :]
        first, second = axes_across(m)
        planes = []
        for sense in e.senses:
            way = first + 1j * sense * second
            values = [np.einsum("pi,pi->p", way, v)[:, None] for v in at.across[k]]
            slow = d * np.sqrt(exchange_rate(e, k, sense)), d * absorption(e, k, sense)[1]
            planes.append((ExactField(*slow, *values), way))
        own = [np.einsum("pij,pj->pi", line, v) for v in (left, right, inflow)]
        parts: Any = (
            along._replace(left=own[0], right=own[1], inflow=own[2]),
            Across(planes),
        )
        return SumField(*parts)


class ExactField(NamedTuple):
    """mu_s and j_s in a uniform layer, as in Appendix A; a `fields.LayerField`.

    Across m of a ferromagnet with exchange lengths it is one complex component.
    """

    z: ComplexArray  # (N or 1,) thickness in diffusion lengths
    loss: ComplexArray  # (N or 1,) kappa d, S/m2
    left: ComplexArray  # (N, c) mu_s at the left face
    right: ComplexArray  # (N, c) and at the right face
    inflow: ComplexArray  # (N, c) j_s at the left face

    def samples(self) -> FloatArray:
        """Return points that are denser towards the faces of a thick layer."""
        return layer_nodes(self.z.real, 96)

    def evaluate(self, xi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mu_s/j0 and j_s/j0 at positions xi.

        ``j_s = j_s(left) - kappa int mu_s dx``, with ``cosh z - cosh(z - y) = 2 sinh(z - y/2)
        sinh(y/2)`` so that thin layers keep their digits.
        """
        thick = self.z != 0
        z = np.where(thick, self.z, 1.0)
        y, w = xi * z, (1 - xi) * z
        falling = np.where(thick, _ratio(w, y, z), 1 - xi)[..., None]
        rising = np.where(thick, _ratio(y, w, z), xi)[..., None]
        full = -np.expm1(-2 * z) * z
        from_left = np.expm1(-(z + w)) * np.expm1(-y) / full
        from_right = np.exp(-w) * np.expm1(-y) ** 2 / full
        mu = falling * self.left + rising * self.right
        lost = from_left[..., None] * self.left + from_right[..., None] * self.right
        return mu, self.inflow - np.where(thick, self.loss, 0.0)[..., None] * lost


class Across(NamedTuple):
    """A field across m as vectors; a `fields.LayerField`.

    Of what turns about m in both senses at a frequency; without it one is the other's conjugate.
    """

    planes: list[tuple[ExactField, ComplexArray]]
    # and (N, 3) the first axis across m, and i or -i times the second

    def samples(self) -> FloatArray:
        """Return points that are denser towards the faces of a thick layer."""
        return self.planes[0][0].samples()

    def evaluate(self, xi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mu_s/j0 and j_s/j0 at positions xi."""
        found = [[c * way.conj() for c in plane.evaluate(xi)] for plane, way in self.planes]
        if len(found) == 1:
            return found[0][0].real, found[0][1].real
        return (found[0][0] + found[1][0]) / 2, (found[0][1] + found[1][1]) / 2


def _ratio(a: ComplexArray, rest: ComplexArray, z: ComplexArray) -> ComplexArray:
    """sinh(a)/sinh(z), z being a and the rest, without overflow."""
    ratio: ComplexArray = np.exp(-rest) * np.expm1(-2 * a) / np.expm1(-2 * z)
    return ratio
