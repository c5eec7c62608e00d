r"""Fluxes in equilibrium: Raviart-Thomas elements, hybridized.

In every cell a scalar u and its flux obey

.. math::

    \sigma = -\nabla u , \qquad \nabla\cdot\sigma = -q\,u , \qquad u = \lambda \text{ on facets},

with sigma in RT_k and u in P_k, weakly the first, exactly the second, and lambda in P_k on every
facet for itself. Cell by cell both are eliminated (Arnold and Brezzi,
doi:10.1051/m2an/1985190100071); what is left is a matrix S of the lambda alone, with ``lambda . S
lambda`` the energy ``int |sigma|^2 + q u^2``. Normal fluxes are in P_k on facets, so that what
lambda makes balance there balances everywhere: sigma is a flux in equilibrium. The places of a
device (`regions`) may then be those of the lambda as well as those of continuous functions.

In a section of what is rotated about an axis, r from it, the same holds of what flows all around:
``s = 2 pi r sigma`` is in RT_k, what is lost, ``w = 2 pi r u`` per q, in P_k, and

.. math::

    \nabla\cdot s = -q\,w , \qquad \int \frac{|s|^2 + q\,w^2}{2\pi r} \text{ the energy.}

Where that is to be finite s is 0 on the axis, and so is w along an edge there. Of RT_k this leaves
``s = (r^2 a, r b)`` in a triangle with such an edge, with w in r P_{k-1}, and normal fluxes in
r P_{k-1} on all facets that begin at the axis; u and lambda are in P_{k-1} there. Masses with 1/r
are not exact: fluxes are then not the best ones, but in equilibrium.
"""

from __future__ import annotations

from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse as sp
import skfem
from scipy.linalg import null_space
from skfem.quadrature import get_quadrature

from .._checks import BoolArray, FloatArray, IntArray
from .grid import Grid
from .simplices import REFERENCE

SIMPLICES = (skfem.MeshLine1, skfem.MeshTri1, skfem.MeshTet1)
EDGE = 2
"""Vertices on the axis of a triangle that has an edge there."""
RATIONAL = 10
"""By what the order of a quadrature is larger where the distance from an axis divides."""


class Polynomials:
    """Monomials of some degree about the centroid of the reference simplex.

    Parameters
    ----------
    dim, degree : int
        Of the simplex, and the largest of the monomials.
    """

    def __init__(self, dim: int, degree: int) -> None:
        self.centroid = np.full(dim, 1 / (dim + 1))
        powers = [e for e in product(range(degree + 1), repeat=dim) if sum(e) <= degree]
        self.powers = np.array(sorted(powers, key=sum)).reshape(len(powers), dim)

    def values(self, points: FloatArray) -> FloatArray:
        """Return their values at points (d, ...), shape (n, ...)."""
        return self._at(points, self.powers)

    def slopes(self, points: FloatArray) -> FloatArray:
        """Return their derivatives at points (d, ...), shape (n, d, ...)."""
        found = []
        for i in range(len(self.centroid)):
            lower = self.powers.copy()
            lower[:, i] = np.maximum(lower[:, i] - 1, 0)
            times = self.powers[:, i].reshape(-1, *(1,) * (points.ndim - 1))
            found.append(times * self._at(points, lower))
        return np.stack(found, axis=1) if found else np.zeros((1, 0, *points.shape[1:]))

    def _at(self, points: FloatArray, powers: IntArray) -> FloatArray:
        away = points - self.centroid.reshape(-1, *(1,) * (points.ndim - 1))
        result: FloatArray = np.ones((len(powers), *points.shape[1:]))
        for i in range(len(self.centroid)):
            result = result * away[i] ** powers[:, i].reshape(-1, *(1,) * (points.ndim - 1))
        return result


class Reference:
    """RT_k on the reference simplex, P_k inside and on its facets.

    Facet i is opposite vertex i; its functions are orthonormal, of a measure of 1, and the first
    of them is 1. At an axis there are fewer of all, as said above.

    Parameters
    ----------
    dim, degree : int
        Of the simplex, and k.
    on_axis : int, optional
        How many of its vertices, the first ones, are on an axis; None where there is no axis.
    """

    def __init__(self, dim: int, degree: int, on_axis: int | None = None) -> None:
        self.dim, self.degree, self.on_axis = dim, degree, on_axis
        self.has_edge = on_axis == EDGE
        self._all = Polynomials(dim, degree)
        self._top = np.flatnonzero(self._all.powers.sum(axis=1) == degree)
        self.inside = Polynomials(dim, degree - self.has_edge)
        self._basis = np.eye(self.dim * len(self._all.powers) + len(self._top))
        if on_axis:
            self._basis = self._vanishing()
        self.points, weights = self.quadrature(2 * degree + 2 + RATIONAL * (on_axis is not None))
        values, slopes = self.values(self.points), self.divergences(self.points)
        scalars = self.inside.values(self.points)
        self.masses = np.einsum("aiq,bjq,q->ijqab", values, values, weights)  # at all points
        self.scalar_masses = np.einsum("pq,rq,q->qpr", scalars, scalars, weights)
        self.divergence = np.einsum("pq,bq,q->pb", scalars, slopes, weights)
        self.one = np.eye(len(scalars))[0]
        on_facet, weights = self.facet_quadrature(2 * degree + 1)
        corners = np.vstack([np.zeros(dim), np.eye(dim)])
        gradients = np.vstack([-np.ones(dim), np.eye(dim)])  # of barycentric coordinates
        outward = -gradients / np.prod(np.arange(1, dim))  # times the size of the facet
        self.facet_functions = self._orthonormal(on_facet, weights)
        rows = []
        for i in range(dim + 1):
            first, *others = np.delete(corners, i, axis=0)
            edges = np.array(others).reshape(dim - 1, dim) - first
            at = first[:, None] + edges.T @ on_facet
            flow = np.einsum("biq,i->bq", self.values(at), outward[i])
            rows.append(np.einsum("aq,bq,q->ab", self.on_facet(on_facet), flow, weights))
        count = on_axis or 0
        self.is_there = np.concatenate(
            [self.functions_of(count - (i < count)) for i in range(dim + 1)]
        )
        self.trace = np.concatenate(rows)[self.is_there]

    @property
    def per_facet(self) -> int:
        """How many functions a facet has."""
        return len(self.facet_functions)

    def functions_of(self, on_axis: int) -> BoolArray:
        """Tell which functions a facet has, with so many of its vertices on an axis."""
        count = {0: self.per_facet, 1: self.per_facet - 1, EDGE: 0}[on_axis]
        return np.arange(self.per_facet) < count

    def quadrature(self, order: int) -> tuple[FloatArray, FloatArray]:
        """Return points (d, n) of the simplex, and weights, for polynomials of an order.

        In triangles a product of Gauss's rules, for ``(s, t)`` at the barycentric coordinates
        ``(1 - s, s (1 - t), s t)``: in s and in t each they may be of that order.
        """
        if self.dim != 2:
            points, weights = get_quadrature(REFERENCE[self.dim], order)
            return points, weights
        x, weights = np.polynomial.legendre.leggauss((order + 3) // 2)
        x, weights = (x + 1) / 2, weights / 2
        away, beside = (both.ravel() for both in np.meshgrid(x, x, indexing="ij"))
        return np.stack([away * (1 - beside), away * beside]), np.outer(
            x * weights, weights
        ).ravel()

    def values(self, points: FloatArray) -> FloatArray:
        """Return the fluxes at points (d, ...), shape (n, d, ...)."""
        scalars = self._all.values(points)
        eye = np.eye(self.dim).reshape(self.dim, self.dim, *(1,) * (points.ndim - 1))
        plain = (scalars[:, None, None] * eye).reshape(-1, self.dim, *points.shape[1:])
        away = points - self._all.centroid.reshape(-1, *(1,) * (points.ndim - 1))
        found: FloatArray = np.tensordot(
            self._basis, np.concatenate([plain, scalars[self._top][:, None] * away]), axes=1
        )
        return found

    def divergences(self, points: FloatArray) -> FloatArray:
        """Return their divergences, shape (n, ...)."""
        scalars, slopes = self._all.values(points), self._all.slopes(points)
        plain = slopes.reshape(-1, *points.shape[1:])
        found: FloatArray = np.tensordot(
            self._basis, np.concatenate([plain, (self.dim + self.degree) * scalars[self._top]]), 1
        )
        return found

    def _vanishing(self) -> FloatArray:
        """Return the fluxes that are 0 at the first vertex, or, as div sigma, on the edge there."""
        points = np.zeros((self.dim, self.degree + 2 if self.has_edge else 1))
        points[0] = np.linspace(0, 1, points.shape[1])
        held = [*self.values(points).transpose(1, 2, 0)]
        if self.has_edge:
            held.append(self.divergences(points).T)
        found: FloatArray = null_space(np.concatenate(held)).T
        return found

    def facet_quadrature(self, order: int) -> tuple[FloatArray, FloatArray]:
        """Return points (d - 1, n) of a facet, and weights that sum up to 1."""
        if self.dim == 1:
            return np.zeros((0, 1)), np.ones(1)
        points, weights = get_quadrature(REFERENCE[self.dim - 1], order)
        return points, weights / weights.sum()

    def on_facet(self, points: FloatArray) -> FloatArray:
        """Return the functions of a facet at points (d - 1, ...) of it, shape (n, ...)."""
        monomials = Polynomials(self.dim - 1, self.degree).values(points)
        return np.tensordot(self.facet_functions, monomials[: self._facet_count], axes=1)

    @cached_property
    def _facet_count(self) -> int:
        return len(Polynomials(self.dim - 1, self.degree).powers)

    def _orthonormal(self, points: FloatArray, weights: FloatArray) -> FloatArray:
        monomials = Polynomials(self.dim - 1, self.degree).values(points)
        gram = np.einsum("aq,bq,q->ab", monomials, monomials, weights)
        return np.linalg.inv(np.linalg.cholesky(gram))


class Fluxes:
    """The lambda on all facets of a mesh; what `Functions` is for continuous functions.

    Parameters
    ----------
    grid : Grid
        A mesh of lines, triangles or tetrahedra.
    degree : int
        That of the polynomials on facets, from 0; from 1 with an axis.
    """

    is_nodal = False

    def __init__(self, grid: Grid, degree: int) -> None:
        self.grid, self.degree = grid, degree
        counts = (0, 1, EDGE) if grid.is_axisymmetric else (None,)
        self.references = [Reference(grid.dimension, degree, count) for count in counts]
        self.reference = self.references[0]
        mesh, each = grid.mesh, self.reference.per_facet
        self.count = mesh.nfacets * each
        self.one: FloatArray = np.tile(np.arange(each) == 0, mesh.nfacets).astype(float)
        self.order = np.tile(np.arange(each), mesh.nfacets)  # of the functions on their facets
        self.corners = mesh.p.copy()
        self.corners[0, grid.on_axis] = 0.0
        middles = mesh.p[:, mesh.facets].mean(axis=1) if mesh.dim() > 1 else mesh.p
        self.points: FloatArray = np.repeat(middles.T, each, axis=0)
        # vertices are in the same order in all cells, which so see the same functions on a facet;
        # those on an axis come first
        order = np.lexsort([np.arange(mesh.nvertices), self.corners[0]])
        self._place = np.argsort(order)
        rank = np.argsort(np.argsort(self._place[mesh.t], axis=0), axis=0)
        self.vertices: IntArray = self._in_order(mesh.t)
        self.facets = np.empty_like(mesh.t2f)
        for facet, corners in enumerate(np.array(mesh.refdom.facets)):
            (opposite,) = set(range(mesh.dim() + 1)) - {*corners}
            self.facets[rank[opposite], np.arange(mesh.nelements)] = mesh.t2f[facet]
        ends = self._ends(np.arange(mesh.nfacets))
        self._on_axis = grid.on_axis[ends].sum(axis=0)  # vertices of all facets
        self._is_there = np.concatenate([self.reference.functions_of(n) for n in self._on_axis])

    def _in_order(self, vertices: IntArray) -> IntArray:
        by_place = np.argsort(self._place[vertices], axis=0)
        found: IntArray = np.take_along_axis(vertices, by_place, axis=0)
        return found

    def _ends(self, facets: IntArray) -> IntArray:
        """Return the vertices of facets, (d, n)."""
        mesh = self.grid.mesh
        return self._in_order(facets[None] if mesh.dim() == 1 else mesh.facets[:, facets])

    def _edges(self, facets: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the first corners of facets, (n, d), and the ways to the others, (n, d, d - 1)."""
        corners = self.corners[:, self._ends(facets)]
        return corners[:, 0].T, (corners[:, 1:] - corners[:, :1]).transpose(2, 0, 1)

    def _dofs(self, facets: IntArray) -> IntArray:
        """Return the functions of facets (...), shape (..., functions of a facet)."""
        each = self.reference.per_facet
        found: IntArray = facets[..., None] * each + np.arange(each)
        return found

    def in_cells(self, cells: IntArray) -> IntArray:
        """Return the functions on the facets of some cells, in order."""
        return self.on_facets(np.unique(self.facets[:, cells]))

    def on_facets(self, facets: IntArray) -> IntArray:
        """Return the functions on some facets, in order."""
        every = self._dofs(np.unique(facets)).ravel()
        found: IntArray = every[self._is_there[every]]
        return found

    def sizes(self, facets: IntArray) -> FloatArray:
        """Return the sizes of facets, in units of the mesh to the power of d - 1."""
        _, edges = self._edges(facets)
        gram = edges.transpose(0, 2, 1) @ edges
        found: FloatArray = np.sqrt(np.linalg.det(gram)) / np.prod(
            np.arange(1, self.grid.dimension)
        )
        return found

    def _flows(self, facets: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return `_around` of all lambda, on facets of a size of 1."""
        points, weights = self.reference.facet_quadrature(2 * self.degree + 2 + RATIONAL)
        values = self.reference.on_facet(points)
        first, edges = self._edges(facets)
        way = self.grid.way_around((first[..., None] + edges @ points).transpose(1, 0, 2))
        products = np.einsum("aq,bq,q->qab", values, values, weights)
        return _around(way, self._on_axis[facets] > 0, products)

    def facet_mass(self, facets: IntArray) -> Any:
        """Return what flows of lambda, with a conductance of 1 per area, m^(d - 1)."""
        flows = self._flows(facets)[0] * self.sizes(facets)[:, None, None] * self.grid.units(-1)
        return self._sparse(flows, self._dofs(facets))

    def _sparse(self, matrices: FloatArray, dofs: IntArray) -> Any:
        rows = np.broadcast_to(dofs[:, :, None], matrices.shape)
        columns = np.broadcast_to(dofs[:, None], matrices.shape)
        return sp.csr_array(
            (matrices.ravel(), (rows.ravel(), columns.ravel())), shape=(self.count,) * 2
        )

    def at_points(self, facets: IntArray, points: FloatArray) -> tuple[Any, FloatArray]:
        """Return what flows of lambda at points on facets, per way around.

        Parameters
        ----------
        facets : array of int
            n facets.
        points : array, shape (d, n, q)
            In units of the mesh.

        Returns
        -------
        matrix : sparse array, shape (n q, functions)
            That makes jumps of lambda, facet by facet.
        larger : array, shape (n, q)
            `majorant` there.
        """
        first, edges = self._edges(facets)
        away = points.transpose(1, 0, 2) - first[..., None]
        local = (np.linalg.pinv(edges) @ away).transpose(1, 0, 2)
        way = self.grid.way_around(points)
        per_way = np.where(self._on_axis[facets, None], 1.0, 1 / way)
        functions, coefficients = self.reference.on_facet(local), self._flows(facets)[1]
        values = per_way * np.einsum("anq,nab->bnq", functions, coefficients)
        columns = np.broadcast_to(self._dofs(facets).T[:, :, None], values.shape)
        rows = np.broadcast_to(np.arange(values[0].size).reshape(values[0].shape), values.shape)
        shape = (values[0].size, self.count)
        matrix = sp.csr_array((values.ravel(), (rows.ravel(), columns.ravel())), shape=shape)
        if not self.grid.is_axisymmetric:
            return matrix, np.ones_like(way)
        return matrix, majorant(self.corners[0, self._ends(facets)].T, local)


def _around(
    way: FloatArray, is_divided: BoolArray, products: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return what flows around an axis at a rate of 1, of potentials u.

    It is the w in the space of the functions, or of these times the way, that makes
    ``int u w - w^2/(2 way)`` largest; the way times u, as far as the space has it.

    Parameters
    ----------
    way : array, shape (n, q)
        Around the axis, at points.
    is_divided : array of bool, shape (n,)
        Whether the way divides w.
    products : array, shape (q, p, p)
        Of the functions, with weights of the points.

    Returns
    -------
    flows, coefficients : arrays, shape (n, p, p)
        ``int v w`` for all functions v, and the coefficients of w.
    """
    part = np.where(is_divided[:, None], way, 1.0)
    gram, energy = (np.tensordot(x, products, axes=1) for x in (part, part**2 / way))
    coefficients = np.linalg.solve(energy, gram)
    return gram @ coefficients, coefficients


def majorant(corners: FloatArray, points: FloatArray) -> FloatArray:
    r"""Return how much larger than 1/r a polynomial over r is, their quotient.

    Between the distances a and b from an axis

    .. math::

        \frac1r \le \frac1r \Bigl[ 1 + \Bigl(\frac ra - 1\Bigr)
        \Bigl(1 - \frac{4 r}{a + 3 b}\Bigr)^2 \Bigr] ,

    of degree 2, since the bracket is 0 at r = 0. What it has beyond 1 is Chebyshev's third
    polynomial plus 1, scaled, and ``(b - a)^3/[a (a + 3 b)^2]`` at most. In a simplex with vertices
    on the axis r is per barycentric coordinates of the others, by which `Reference.quadrature` need
    not divide.

    Parameters
    ----------
    corners : array, shape (n, c)
        r of the vertices, rising.
    points : array, shape (c - 1, n or 1, q)
        Places in the reference simplex.

    Returns
    -------
    array, shape (n, q)
    """
    inside = np.concatenate([1 - points.sum(axis=0, keepdims=True), points])
    is_off = corners > 0
    r, beside = (np.einsum("nc,cnq->nq", x, inside) for x in (corners, is_off.astype(float)))
    a, b = (x[:, None] for x in (np.where(is_off, corners, np.inf).min(axis=1), corners[:, -1]))
    r = r / beside
    found: FloatArray = 1 + (r / a - 1) * (1 - 4 * r / (a + 3 * b)) ** 2
    return found


class Cells:
    """Some cells with their fluxes, condensed to facets.

    Parameters
    ----------
    fluxes : Fluxes
        On the whole mesh.
    cells : array
        Numbers of the cells, with as many vertices on an axis.
    on_axis : int
        How many these are.
    """

    def __init__(self, fluxes: Fluxes, cells: IntArray, on_axis: int = 0) -> None:
        self.fluxes, self.reference = fluxes, fluxes.references[on_axis]
        self.cells, reference = cells, self.reference
        self._corners = fluxes.corners[:, fluxes.vertices[:, cells]]  # (d, d + 1, n)
        self.jacobian = (self._corners[:, 1:] - self._corners[:, :1]).transpose(2, 0, 1)
        self.size = np.abs(np.linalg.det(self.jacobian))
        metric = self.jacobian.transpose(0, 2, 1) @ self.jacobian / self.size[:, None, None]
        way = fluxes.grid.way_around(self._points(slice(None), reference.points))
        mass = sum(
            metric[:, i, j, None, None] * np.tensordot(1 / way, reference.masses[i, j], axes=1)
            for i, j in np.ndindex(metric.shape[1:])
        )
        is_divided = np.full(len(cells), reference.has_edge)
        flows, self._coefficients = _around(way, is_divided, reference.scalar_masses)
        self._scalar_mass = self.size[:, None, None] * flows
        B, T = reference.divergence, reference.trace
        solved = np.linalg.solve(
            mass, np.broadcast_to(np.vstack([B, T]).T, (len(cells), *np.vstack([B, T]).T.shape))
        )
        self._inside, self._trace = solved[..., : len(B)], solved[..., len(B) :]
        self._H, self._G, self._S = B @ self._inside, B @ self._trace, T @ self._trace
        dofs = fluxes._dofs(fluxes.facets[:, cells].T).reshape(len(cells), -1)
        self.dofs = dofs[:, reference.is_there]

    def _points(self, own: slice, local: FloatArray) -> FloatArray:
        """Return points (d, n, q) of cells at local ones (d, q)."""
        first = self._corners[:, 0, own, None]
        found: FloatArray = first + (self.jacobian[own] @ local).transpose(1, 0, 2)
        return found

    def _lost(self, rate: float) -> FloatArray:
        """Return what is lost at a rate q, of all u and weighted with all, in every cell."""
        found: FloatArray = rate * self.fluxes.grid.unit**2 * self._scalar_mass
        return found

    def stiffness(self, rate: float) -> Any:
        """Return S of a rate q, 1/m2, in m^(d - 2)."""
        G = self._G
        S = self._S - G.transpose(0, 2, 1) @ np.linalg.solve(self._H + self._lost(rate), G)
        S = (S + S.transpose(0, 2, 1)) / 2 * self.fluxes.grid.units(-2)
        return self.fluxes._sparse(S, self.dofs)

    def from_source(self, rate: float, taken: float) -> FloatArray:
        """Return u, (n, functions), where ``div sigma = -q u + q_t`` and no lambda, in 1/m2."""
        source = self._lost(taken) @ self.reference.one
        return np.asarray(np.linalg.solve(self._H + self._lost(rate), source[..., None])[..., 0])

    def leaving(self, u: FloatArray) -> FloatArray:
        """Return what flows out at facets because of u, for all lambda, m^(d - 2)."""
        flows = np.zeros(self.fluxes.count)
        np.add.at(flows, self.dofs, np.einsum("npt,np->nt", self._G, u))
        return flows * self.fluxes.grid.units(-2)

    def recovered(self, rate: float, values: FloatArray, u: FloatArray) -> tuple[FloatArray, ...]:
        """Return u and sigma, (n, functions, fields), of lambda (count, fields) and of a source."""
        here = values[self.dofs]
        u = u + np.linalg.solve(self._H + self._lost(rate), self._G @ here)
        return u, self._inside @ u - self._trace @ here

    def at_points(
        self, own: slice, order: int, u: FloatArray, sigma: FloatArray
    ) -> tuple[FloatArray, ...]:
        """Return what is `recovered` at points that integrate polynomials of an order.

        Returns
        -------
        points : array, shape (d, n, q)
            In units of the mesh.
        weights : array, shape (n, q)
            With `majorant`, m^d.
        u, sigma : arrays, shapes (n, q, fields) and (d, n, q, fields)
            What is lost, per q and way around, and flows per way around.
        """
        reference, grid = self.reference, self.fluxes.grid
        local, weights = reference.quadrature(order)
        points, scale = self._points(own, local), self.size[own]
        way = grid.way_around(points)
        lost = reference.inside.values(local).T @ (self._coefficients[own] @ u[own])
        flows = np.tensordot(reference.values(local), sigma[own], axes=(0, 1))
        flows = np.einsum("nij,jqnf->inqf", self.jacobian[own] / scale[:, None, None], flows)
        weights = way * weights * scale[:, None] * grid.units(0)
        if grid.is_axisymmetric:
            weights = weights * majorant(self._corners[0, :, own].T, local[:, None])
        per_way = 1 / way[..., None]
        return points, weights, lost if reference.has_edge else lost * per_way, flows * per_way


def cells_of(fluxes: Fluxes, inside: IntArray) -> list[Cells]:
    """Return cells by how many of their vertices are on an axis."""
    on_axis = fluxes.grid.on_axis[fluxes.grid.mesh.t[:, inside]].sum(axis=0)
    return [Cells(fluxes, inside[on_axis == n], n) for n in np.unique(on_axis).tolist()]
