r"""mu_s and j_s inside a layer, from a finite-element solution.

On every element mu_s is a polynomial. The spin current is not differentiated from it but follows
from spin balance, the integral of eq. (4): ``j_s(x) = j_s(left) - kappa int mu_s dx``. So it meets
the currents at both faces, keeps its digits in thin layers, where -(D/2) mu_s' has none, and
converges one order faster than mu_s instead of one slower.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.polynomial import legendre

from .._checks import FloatArray
from .element import reference_element

SAMPLES = 24
"""Intervals per element at which a layer is sampled for tables and pictures."""


class LayerField(Protocol):
    """Spin potential and spin current in one layer, per unit particle current."""

    def samples(self) -> FloatArray:
        """Return positions at which the field is well represented, shape (q, N or 1), 0 to 1."""
        ...

    def evaluate(self, xi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mu_s/j0 and j_s/j0, each (q, N, 3), at positions xi, shape (q, N or 1), 0 to 1."""
        ...


class ElementField(NamedTuple):
    """A layer's field as polynomials on its elements; a `LayerField`."""

    widths: FloatArray  # (n, N or 1) of the elements; they sum to 1
    potential: FloatArray  # (n, N, 3, degree + 1) Legendre coefficients
    current: FloatArray  # (n, N, 3, degree + 2) Legendre coefficients

    @property
    def nodes(self) -> FloatArray:
        """Nodes, from 0 to 1, (n + 1, N or 1)."""
        return nodes_of(self.widths)

    def samples(self) -> FloatArray:
        """Return the nodes and equally spaced points between them."""
        t = np.arange(SAMPLES)[:, None] / SAMPLES
        inner = self.nodes[:-1, None] + self.widths[:, None] * t
        return np.concatenate([inner.reshape(-1, self.widths.shape[1]), self.nodes[-1:]])

    def evaluate(self, xi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mu_s/j0 and j_s/j0 at positions xi."""
        mu, j = piecewise(self.widths, xi, self.potential, self.current)
        return mu, j


def nodes_of(widths: FloatArray) -> FloatArray:
    """Return where elements meet, from 0 to 1, (n + 1, N or 1)."""
    inner = np.cumsum(widths, axis=0)[:-1]
    ends = np.zeros((1, widths.shape[1]))
    return np.concatenate([ends, inner, ends + 1])


def piecewise(widths: FloatArray, xi: FloatArray, *coefficients: FloatArray) -> list[FloatArray]:
    """Evaluate piecewise polynomials.

    Places in the right half are measured from the right end: elements there may be far narrower
    than roundings of their places from the left.

    Parameters
    ----------
    widths : array, shape (n, N or 1)
        Of the pieces; they sum to 1.
    xi : array, shape (q, N or 1)
        Positions, from 0 to 1.
    *coefficients : array, shape (n, N, ..., k)
        Of Legendre polynomials on every piece.

    Returns
    -------
    list of array, shape (q, N, ...)
    """
    near, back = xi <= 0.5, 1 - xi
    stop = np.cumsum(widths, axis=0)
    behind = np.zeros_like(widths)
    behind[:-1] = np.cumsum(widths[:0:-1], axis=0)[::-1]
    element = np.empty(np.broadcast_shapes(xi.shape, (1, widths.shape[1])), dtype=np.intp)
    for p, column in enumerate(widths.T):  # searched in, so that no place is held against all
        points = slice(None) if widths.shape[1] == 1 else slice(p, p + 1)
        places = points if xi.shape[1] > 1 else slice(None)
        passed = np.searchsorted(stop[:-1, p], xi[:, places], side="right")
        ahead = np.searchsorted(behind[-2::-1, p], back[:, places])
        element[:, points] = np.where(near[:, places], passed, column.size - 1 - ahead)
    width, before, after = (
        np.take_along_axis(values, element, axis=0)
        for values in (widths, np.concatenate([0 * stop[:1], stop[:-1]]), behind)
    )
    y = np.where(near, 2 * (xi - before) / width - 1, 1 - 2 * (back - after) / width)
    y = np.clip(y, -1, 1)
    found = []
    for c in coefficients:
        point = np.arange(c.shape[1])
        powers = legendre.legvander(y, c.shape[-1] - 1)
        found.append(np.einsum("qp...k,qpk->qp...", c[element, point], powers))
    return found


def element_field(
    widths: FloatArray,
    values: FloatArray,
    inner: FloatArray,
    absorption: FloatArray,
    inflow: FloatArray,
) -> ElementField:
    """Make a layer's field from its degrees of freedom.

    Parameters
    ----------
    widths : array, shape (n, N or 1)
        Widths of the elements; they sum to 1.
    values : array, shape (n + 1, N, 3)
        mu_s/j0 at the nodes.
    inner : array, shape (n, N, 3, degree - 1)
        Coefficients of scikit-fem's inner functions.
    absorption : array, shape (N or 1,) or (N, 3, 3)
        kappa d, S/m2; a matrix where it is not the same in all directions.
    inflow : array, shape (N, 3)
        j_s/j0 at the left face.
    """
    degree = inner.shape[-1] + 1
    dofs = np.concatenate([values[:-1, ..., None], values[1:, ..., None], inner], axis=-1)
    potential = dofs @ reference_element(degree).legendre
    # d xi = (h/2) dy on an element of width h
    lost = (widths / 2)[..., None, None] * legendre.legint(potential, lbnd=-1, axis=-1)
    lost = absorption @ lost if absorption.ndim == 3 else absorption[:, None, None] * lost
    total = lost.sum(axis=-1)  # every Legendre polynomial is 1 at the right end
    current = -lost
    before = np.cumsum(total, axis=0) - total
    current[..., 0] += inflow - before
    return ElementField(widths, potential, current)


class SumField(NamedTuple):
    """The sum of two fields on meshes of their own; a `fields.LayerField`."""

    along: ElementField
    across: ElementField

    def samples(self) -> FloatArray:
        """Return positions at which both are well represented."""
        one, two = self.along.samples(), self.across.samples()
        points = max(one.shape[1], two.shape[1])
        both = [np.broadcast_to(a, (len(a), points)) for a in (one, two[1:-1])]
        return np.sort(np.concatenate(both), axis=0)

    def evaluate(self, xi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mu_s/j0 and j_s/j0 at positions xi."""
        one, two = self.along.evaluate(xi), self.across.evaluate(xi)
        return one[0] + two[0], one[1] + two[1]
