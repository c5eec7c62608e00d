r"""A layer seen from its two faces.

Condensed to its faces, a uniform layer is a conductance B between them and a shunt S at each. It is
made from the matrices of scikit-fem's reference element: each element is condensed to its two
nodes, and the elements are joined node by node (`spinfem.numerics.chain`). For exact elements
``B = G/sinh(d/l)`` and ``B + S = G coth(d/l)``, the paper's coupling and G~ of (A1).

B and S are kept apart: S is what relaxation takes up, kappa times an integral, and never the
difference of B + S and B, which has no digits left at d/l = 1e-12.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray
from ..numerics import chain, kernels
from ..numerics.links import Port
from .element import condense_element, modes_of, reference_element
from .mesh import half_widths, widths


class LayerChain(NamedTuple):
    """Layers of the same number of elements, condensed.

    Conductances are in units of D/(2 d).
    """

    B: FloatArray  # (k,) between the faces
    S: FloatArray  # (k,) at each face, or the left one
    S_right: FloatArray  # (k,) at the right face; that of nodes of the layer's own may differ
    eta: FloatArray  # (n, k) (h/l)^2 of every element
    elements: chain.Elimination


def condense(
    thickness: FloatArray,
    n: int,
    degree: int,
    square: Any | None = None,
    own: FloatArray | None = None,
) -> LayerChain:
    """Condense layers of n elements each to their faces.

    Parameters
    ----------
    thickness : array, shape (k,)
        d/l of every layer; 0 without relaxation.
    n : int
        Number of elements.
    degree : int
        Degree of the elements.
    square : array, shape (k,), optional
        (d/l)^2, if that is not the square of `thickness`, which then only grades the mesh; complex
        for what precesses.
    own : array, optional
        Nodes that the layers come with, from 0 to 1, instead of n elements.
    """
    h = widths(thickness, n, own)
    eta = (h * thickness) ** 2 if square is None else h**2 * square
    b, s = condense_element(eta, degree)
    drop = np.ones(len(h) + 1, dtype=bool)
    drop[[0, -1]] = False
    elements = chain.eliminate(b / h, s / h, s / h, drop)
    # uniform layer, symmetric mesh: the right shunt is the left one but for rounding
    S = elements.S_left[0]
    return LayerChain(elements.B[0], S, S if own is None else elements.S_right[0], eta, elements)


def condense_to_faces(thickness: FloatArray, n: int, degree: int, square: FloatArray) -> Port:
    """Return B, S and S_right alone of layers that are their own mirror images.

    Parameters are those of `condense`.
    """
    h, modes = half_widths(thickness, n), modes_of(degree)
    B, S = kernels.condense_halves(h, n, np.asarray(square, dtype=complex), modes)
    return B, S, S


class Slopes(NamedTuple):
    """Derivatives of a `LayerChain` with respect to ``(d/l)^2``, the mesh being fixed."""

    B: FloatArray  # (k,)
    S: FloatArray
    S_right: FloatArray


def slopes(layer: LayerChain, h: FloatArray, degree: int) -> Slopes:
    """Return how two-ports change with ``(d/l)^2``.

    Elements change by their own, and rings in between are in balance: with the fields r_0, r_1 of
    unit values at the left and at the right face, ``dB = -da(r_0, r_1)``, ``dS = da(r_i, r_0 +
    r_1)``.

    Parameters
    ----------
    layer : LayerChain
        The layers.
    h : array, shape (n, k) or (n, 1)
        Widths of their elements, in units of d.
    degree : int
        Degree of the elements.
    """
    e = reference_element(degree)
    x = layer.eta[..., None]
    rising = x * (2 * e.eigenvalues + x) / (e.eigenvalues + x) ** 2 * e.coupling[:, 0]
    b = h * (rising @ e.coupling[:, 1] - e.mass[0, 1])  # h^2 from eta, 1/h from the unit
    s = h * (e.mass[0].sum() - rising @ e.coupling.sum(axis=1))
    unit = np.zeros((len(layer.eta) + 1, *layer.eta.shape[1:], 2), dtype=layer.eta.dtype)
    unit[0, ..., 0] = unit[-1, ..., 1] = 1.0
    chain.recover(layer.elements, unit)
    r = (unit[..., 0], unit[..., 1], unit.sum(axis=-1))
    drop = tuple(u[:-1] - u[1:] for u in r)

    def change(i: int, j: int) -> FloatArray:
        both = r[i][:-1] * r[j][:-1] + r[i][1:] * r[j][1:]
        found: FloatArray = (b * drop[i] * drop[j] + s * both).sum(axis=0)
        return found

    return Slopes(-change(0, 1), change(0, 2), change(1, 2))
