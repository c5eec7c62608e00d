r"""Graded layers: elements whose D, l and p vary inside, condensed to their two nodes.

The weak form of `forms` gives every element a matrix K + M and a load f, with coefficients
at the quadrature points of scikit-fem. Condensed to its nodes an element is a two-port: a coupling
B, minus the entry off the diagonal; shunts S at its nodes, the condensed ``M 1``, what relaxation
takes up and never a difference of entries; and the currents that p drives through its nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import legendre
from skfem import Basis, MeshLine

from .._checks import FloatArray, Number, breaks_of
from ..numerics.layers import GRADING
from ..sample.materials import Metal, reduced
from .element import reference_element
from .fields import ElementField, piecewise
from .mesh import layer_nodes, line_element

RESOLVED = 1e-10
"""Of the largest value: by what polynomials on the elements may miss a profile."""
ROUNDED = 4 * np.finfo(float).eps
"""Of xi: what it is rounded by, and so are values of a steep profile by that times the slope."""
NARROWEST = 1e-12
"""Elements that are not split any more: a profile that jumps is resolved by none."""
GAUSS = 24
"""Points in an element, for integrals of profiles that polynomials of degree 12 represent."""
MOST = 4096
"""Elements in a layer that are not split any more."""


class GradedLayer(NamedTuple):
    """The elements of a layer, condensed, at N or 1 thicknesses; conductances in S/m2."""

    nodes: FloatArray  # (n + 1,) from 0 to 1
    B: FloatArray  # (n, N)
    S_left: FloatArray  # (n, N)
    S_right: FloatArray
    source_left: FloatArray  # (n, N) j_s/j0 along m through the left node, driven by p
    source_right: FloatArray
    to_bubbles: FloatArray  # (n, N, degree - 1, 2) inner functions from the values at the nodes
    driven: FloatArray  # (n, N, degree - 1) and from p
    work: FloatArray  # (n, N) f(mu_s) of p alone, mu_s = 0 at the nodes, f with beta_D, m2/S
    mass: FloatArray  # (n, degree + 1, degree + 1) M of a layer of d = 1, S/m3


Function = Callable[[FloatArray], FloatArray]


def profile(value: Any) -> Function:
    """Return a number, or a function of xi, as a function of xi."""

    def evaluate(xi: FloatArray) -> FloatArray:
        found = value(xi.ravel()) if callable(value) else value
        return np.broadcast_to(np.asarray(found, dtype=float), xi.size).reshape(xi.shape)

    return evaluate


def profiles(metal: Metal) -> tuple[Function, Function, Function, Function]:
    """Return D, l, p and beta_D of a metal as functions of xi; p = 0 in a normal one."""
    p = getattr(metal, "p", 0.0)
    beta_D = getattr(metal, "diffusion_polarization", 0.0)
    return profile(metal.D), profile(metal.l), profile(p), profile(beta_D)


def nodes_for(metal: Metal, thickness: float, degree: int, count: int | None) -> FloatArray:
    """Return nodes of the mesh of a graded layer, from 0 to 1.

    Without a count the elements between the breaks of D, l, p and beta_D are halved until
    polynomials of the degree represent D, 1/D, 1/l^2 and both polarizations on each, also between
    the points that make them, and until none is wider than about 2 of its own l, or more in the
    depth of the layer, as in `mesh.widths`.
    """
    D, l, p, beta_D = profiles(metal)
    polarizations = (p, beta_D) if "beta_D" in metal.numbers else (p,)
    dense = np.linspace(0, 1, 4097)
    if count is not None:
        return layer_nodes(np.array([thickness / l(dense).min()]), count)[:, 0]

    def quantities(xi: FloatArray) -> list[FloatArray]:
        return [D(xi), 1 / D(xi), l(xi) ** -2.0, *(f(xi) for f in polarizations)]

    y = legendre.leggauss(degree + 1)[0]
    to_legendre = np.linalg.inv(legendre.legvander(y, degree)).T
    breaks = breaks_of(*metal.numbers.values())
    between, at_break = quantities(dense), np.isin(dense, breaks)  # there it may jump
    rates = thickness / l(dense)  # per xi
    steps = (rates[1:] + rates[:-1]) / 2 * np.diff(dense)
    depth = np.concatenate([[0.0], np.cumsum(steps)])
    nodes = np.concatenate([[0.0], breaks[breaks < 1 - NARROWEST]])
    nodes = np.append(nodes[np.diff(nodes, prepend=-1.0) > NARROWEST], 1.0)
    while True:
        widths = np.diff(nodes)
        xi = nodes[:-1, None] + widths[:, None] * (1 + y) / 2
        owner = np.clip(np.searchsorted(nodes, dense, side="right") - 1, 0, widths.size - 1)
        powers = legendre.legvander(2 * (dense - nodes[owner]) / widths[owner] - 1, degree)
        missed = np.zeros(widths.size)
        for at_points, at_dense in zip(quantities(xi), between, strict=True):
            coefficients = at_points @ to_legendre
            largest = max(np.abs(at_dense).max(), np.abs(at_points).max(), 1e-300)
            rounding = ROUNDED * np.ptp(at_points, axis=1) / widths
            scale = np.maximum(RESOLVED * largest, rounding)
            error = np.abs(np.einsum("qk,qk->q", powers, coefficients[owner]) - at_dense)
            np.maximum.at(missed, owner, np.where(at_break, 0.0, error / scale[owner]))
            missed = np.maximum(missed, np.abs(coefficients[:, -2:]).max(axis=1) / scale)
        steepest = (thickness / l(xi)).max(axis=1)
        np.maximum.at(steepest, owner, rates)
        start, stop = np.interp(nodes[:-1], dense, depth), np.interp(nodes[1:], dense, depth)
        from_face = np.maximum(np.minimum(start, depth[-1] - stop), 0.0)
        wide = widths * steepest > 2 * np.exp(np.minimum(from_face / GRADING, 50.0))
        split = ((missed > 1) | wide) & (widths > NARROWEST)
        if not split.any() or widths.size >= MOST:
            return nodes
        nodes = np.sort(np.concatenate([nodes, nodes[:-1][split] + widths[split] / 2]))


def condense(
    metal: Metal,
    thickness: FloatArray,
    nodes: FloatArray,
    degree: int,
    absorbing: Any = 1.0,
) -> GradedLayer:
    """Assemble and condense the elements of a graded layer.

    Parameters
    ----------
    metal : NormalMetal or Ferromagnet
        What it is made of.
    thickness : array, shape (N,)
        Thicknesses.
    nodes : array, shape (n + 1,)
        Nodes of its mesh, from 0 to 1.
    degree : int
        Degree of the elements.
    absorbing : float or complex, or an array (N or 1,) of them
        Factor on kappa, that of a frequency.
    """
    mesh = MeshLine(nodes[None], np.stack([np.arange(nodes.size - 1), np.arange(1, nodes.size)]))
    element = line_element(degree)
    basis = Basis(mesh, element, intorder=3 * degree)
    xi, weights = basis.mapping.F(basis.X)[0], basis.dx
    D, l, p, beta_D = (f(xi) for f in profiles(metal))
    value = np.array([np.broadcast_to(np.asarray(f[0]), xi.shape) for f in basis.basis])
    slope = np.array([np.broadcast_to(f[0].grad[0], xi.shape) for f in basis.basis])
    K = np.einsum("ieq,jeq,eq->eij", slope, slope, D / 2 * weights)
    M = np.einsum("ieq,jeq,eq->eij", value, value, D / (2 * l**2) * weights)
    absorbed = np.einsum("ieq,eq->ei", value, D / (2 * l**2) * weights)  # M 1: hats sum to 1
    f, f_D = (np.einsum("ieq,eq->ei", slope, x * weights) for x in (p, beta_D))

    d, absorbing = thickness[None, :, None, None], np.atleast_1d(absorbing)
    A = K[:, None] / d + absorbing[:, None, None] * M[:, None] * d
    load = np.broadcast_to(f[:, None], (*A.shape[:2], f.shape[1]))
    loss = (absorbing * thickness)[:, None] * absorbed[:, None]
    hats, inner = slice(2), slice(2, None)
    response = np.linalg.solve(A[..., inner, inner], A[..., inner, hats])
    by_load = np.linalg.solve(A[..., inner, inner], load[..., inner, None])[..., 0]
    B = -(A[..., 0, 1] - np.einsum("...i,...i->...", A[..., 0, inner], response[..., 1]))
    S = loss[..., hats] - np.einsum("...ik,...i->...k", response, loss[..., inner])
    driven = load[..., hats] - np.einsum("...ik,...i->...k", response, load[..., inner])
    sources = (-driven[..., 0], driven[..., 1])
    work = np.einsum("eni,ei->en", by_load, f_D[:, inner])
    return GradedLayer(nodes, B, S[..., 0], S[..., 1], *sources, -response, by_load, work, M)


class GradedSlopes(NamedTuple):
    """Derivatives of a `GradedLayer` with respect to the logarithm of kappa, (n, N) each."""

    B: FloatArray
    S_left: FloatArray
    S_right: FloatArray
    source_left: FloatArray
    source_right: FloatArray
    work: FloatArray


def slopes(g: GradedLayer, dual: GradedLayer, relaxing: Any) -> GradedSlopes:
    """Return how the elements of a layer change with ``ln kappa``.

    As in `twoport.slopes`, inner functions are in balance: with the fields r_0, r_1 of unit values
    at the nodes, and w of what p drives while mu_s is 0 there, ``dB = -r_0 dM r_1``, ``dS_i = r_i
    dM (r_0 + r_1)``, ``d(source_i) = +- w dM r_i`` and ``d(work) = -w_D dM w``.

    Parameters
    ----------
    g : GradedLayer
        The layer.
    dual : GradedLayer
        The same with beta_D for p.
    relaxing : array, shape (N or 1,)
        Its thickness times the factor on kappa that it has been condensed with.
    """
    ends = np.broadcast_to(np.eye(2), (*g.to_bubbles.shape[:2], 2, 2))
    unit = np.concatenate([ends, g.to_bubbles], axis=2)
    r = unit[..., 0], unit[..., 1], unit.sum(axis=-1)
    w, w_D = (np.concatenate([np.zeros_like(ends[..., 0]), x.driven], axis=2) for x in (g, dual))

    def change(a: FloatArray, b: FloatArray) -> FloatArray:
        found: FloatArray = relaxing * np.einsum("eni,eij,enj->en", a, g.mass, b, optimize=True)
        return found

    return GradedSlopes(
        -change(r[0], r[1]),
        change(r[0], r[2]),
        change(r[1], r[2]),
        change(w, r[0]),
        -change(w, r[1]),
        -change(w_D, w),
    )


def ohmic_slopes(metal: Metal, nodes: FloatArray, thickness: FloatArray) -> tuple[Any, Any]:
    """Return the derivatives of ``int dx/D_tot`` with p and beta_D, if they are numbers, (N,)."""
    y, weights = legendre.leggauss(GAUSS)
    half = np.diff(nodes)[:, None] / 2
    D, _, p, beta_D = (f(nodes[:-1, None] + half * (1 + y)) for f in profiles(metal))
    by_p, by_beta_D = (-thickness * (half * weights * x / D).sum() for x in (beta_D, p))
    return by_p, by_beta_D


class GradedField(NamedTuple):
    """A graded layer's field as polynomials on its elements; a `fields.LayerField`."""

    nodes: FloatArray  # (n + 1, 1)
    potential: FloatArray  # (n, N, 3, degree + 1)
    current: FloatArray  # (n, N, 3, k)
    charge: FloatArray  # (n, N, k) by what mu_0/j0 has dropped from the left face
    totals: FloatArray  # (2, N) of the layer: ohmic drop, and what spin adds

    def samples(self) -> FloatArray:
        """Return the nodes and equally spaced points between them."""
        return ElementField(np.diff(self.nodes, axis=0), self.potential, self.current).samples()

    def evaluate(self, xi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mu_s/j0 and j_s/j0 at positions xi."""
        mu, j = piecewise(np.diff(self.nodes, axis=0), xi, self.potential, self.current)
        return mu, j

    def dropped(self, xi: FloatArray) -> FloatArray:
        """Return by what mu_0/j0 has dropped from the left face, (q, N), Ohm m2."""
        (drop,) = piecewise(np.diff(self.nodes, axis=0), xi, self.charge)
        return drop


def recover(g: GradedLayer, values: FloatArray, m: FloatArray) -> FloatArray:
    """Return mu_s/j0 of a condensed layer as Legendre coefficients, (n, N, 3, degree + 1).

    Parameters
    ----------
    g : GradedLayer
        The layer.
    values : array, shape (n + 1, N, 3)
        mu_s/j0 at its nodes.
    m : array, shape (N or 1, 3)
        Magnetization, along which p drives; zero in a normal metal.
    """
    inner = np.einsum("epbh,ephc->epcb", g.to_bubbles, np.stack([values[:-1], values[1:]], axis=2))
    inner = inner + np.einsum("epb,pc->epcb", g.driven, np.broadcast_to(m, values.shape[1:]))
    degree = inner.shape[-1] + 1
    dofs = np.concatenate([values[:-1, ..., None], values[1:, ..., None], inner], axis=-1)
    coefficients: FloatArray = dofs @ reference_element(degree).legendre
    return coefficients


def graded_field(
    metal: Metal,
    nodes: FloatArray,
    potential: FloatArray,
    thickness: FloatArray,
    m: FloatArray,
    inflow: FloatArray,
    j0: Number = 1.0,
    absorbing: Any = 1.0,
) -> GradedField:
    """Make the field of a graded layer from mu_s/j0, as from `recover`, and j_s/j0 at its left.

    kappa is multiplied by `absorbing`, as in `condense`. With j0 = 0 it is that of mu_s and j_s
    themselves, which something else drives; with currents, (N, 1), that of them.
    """
    degree = potential.shape[-1] - 1
    points = potential.shape[1]
    # everything else from values at Gauss points, enough for twice the degree
    y, weights = legendre.leggauss(2 * degree + 2)
    top = y.size - 1
    to_legendre = (weights[:, None] * legendre.legvander(y, top)) * (2 * np.arange(top + 1) + 1) / 2
    half = np.diff(nodes)[:, None] / 2
    xi = nodes[:-1, None] + half * (1 + y)
    D, l, p, beta_D = (f(xi) for f in profiles(metal))
    mu = potential @ legendre.legvander(y, degree).T
    slope = legendre.legder(potential, axis=-1) @ legendre.legvander(y, degree - 1).T

    def passed(integrand: FloatArray) -> FloatArray:
        """Coefficients of the integral over xi from the left face."""
        pieces = half.reshape(-1, *(1,) * (integrand.ndim - 1)) * legendre.legint(
            integrand @ to_legendre, lbnd=-1, axis=-1
        )
        total = pieces.sum(axis=-1)  # every Legendre polynomial is 1 at the right end
        pieces[..., 0] += np.cumsum(total, axis=0) - total
        return np.asarray(pieces)

    kappa = (D / (2 * l**2))[:, None, None] * (thickness * absorbing)[:, None, None]
    current = -passed(kappa * mu)
    current[..., 0] += inflow
    ohmic = j0 * passed((reduced(1.0, p, beta_D) / D)[:, None] * thickness[:, None])
    along = np.einsum("epcq,pc->epq", slope, np.broadcast_to(m, (points, 3)))
    spin = passed(beta_D[:, None] / 2 * along / half[:, None])
    totals = np.array([np.broadcast_to(a[-1].sum(axis=-1), points) for a in (ohmic, spin)])
    return GradedField(nodes[:, None], potential, current, ohmic + spin, totals)
