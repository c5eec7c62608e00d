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
"""

from __future__ import annotations

from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse as sp
import skfem
from skfem.quadrature import get_quadrature

from .._checks import FloatArray, IntArray
from .grid import Grid
from .simplices import REFERENCE

SIMPLICES = (skfem.MeshLine1, skfem.MeshTri1, skfem.MeshTet1)


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
    of them is 1.
    """

    def __init__(self, dim: int, degree: int) -> None:
        self.dim, self.degree = dim, degree
        self.inside = Polynomials(dim, degree)
        self._top = np.flatnonzero(self.inside.powers.sum(axis=1) == degree)
        points, weights = get_quadrature(REFERENCE[dim], 2 * degree + 2)
        values, slopes = self.values(points), self.divergences(points)
        scalars = self.inside.values(points)
        self.mass = np.einsum("aiq,bjq,q->ijab", values, values, weights)  # of the fluxes
        self.divergence = np.einsum("pq,bq,q->pb", scalars, slopes, weights)
        self.scalar_mass = np.einsum("pq,rq,q->pr", scalars, scalars, weights)
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
        self.trace = np.concatenate(rows)

    @property
    def per_facet(self) -> int:
        """How many functions a facet has."""
        return len(self.facet_functions)

    def values(self, points: FloatArray) -> FloatArray:
        """Return the fluxes at points (d, ...), shape (n, d, ...)."""
        scalars = self.inside.values(points)
        eye = np.eye(self.dim).reshape(self.dim, self.dim, *(1,) * (points.ndim - 1))
        plain = (scalars[:, None, None] * eye).reshape(-1, self.dim, *points.shape[1:])
        away = points - self.inside.centroid.reshape(-1, *(1,) * (points.ndim - 1))
        return np.concatenate([plain, scalars[self._top][:, None] * away])

    def divergences(self, points: FloatArray) -> FloatArray:
        """Return their divergences, shape (n, ...)."""
        scalars, slopes = self.inside.values(points), self.inside.slopes(points)
        plain = slopes.reshape(-1, *points.shape[1:])
        return np.concatenate([plain, (self.dim + self.degree) * scalars[self._top]])

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
        That of the polynomials on facets, from 0.
    """

    is_nodal = False

    def __init__(self, grid: Grid, degree: int) -> None:
        self.grid, self.degree = grid, degree
        self.reference = Reference(grid.dimension, degree)
        mesh, each = grid.mesh, self.reference.per_facet
        self.count = mesh.nfacets * each
        self.one: FloatArray = np.tile(np.arange(each) == 0, mesh.nfacets).astype(float)
        self.order = np.tile(np.arange(each), mesh.nfacets)  # of the functions on their facets
        middles = mesh.p[:, mesh.facets].mean(axis=1) if mesh.dim() > 1 else mesh.p
        self.points: FloatArray = np.repeat(middles.T, each, axis=0)
        # vertices rise in every cell, so that all cells see the same functions on a facet
        self.vertices: IntArray = np.sort(mesh.t, axis=0)
        rank = np.argsort(np.argsort(mesh.t, axis=0), axis=0)
        local = np.array(mesh.refdom.facets)
        self.facets = np.empty_like(mesh.t2f)
        for facet, corners in enumerate(local):
            (opposite,) = set(range(mesh.dim() + 1)) - {*corners}
            self.facets[rank[opposite], np.arange(mesh.nelements)] = mesh.t2f[facet]

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
        found: IntArray = self._dofs(np.unique(facets)).ravel()
        return found

    def sizes(self, facets: IntArray) -> FloatArray:
        """Return the sizes of facets, in units of the mesh to the power of d - 1."""
        mesh = self.grid.mesh
        if mesh.dim() == 1:
            return np.ones(len(facets))
        corners = mesh.p[:, np.sort(mesh.facets[:, facets], axis=0)]
        edges = (corners[:, 1:] - corners[:, :1]).transpose(2, 0, 1)
        gram = edges.transpose(0, 2, 1) @ edges
        found: FloatArray = np.sqrt(np.linalg.det(gram)) / np.prod(np.arange(1, mesh.dim()))
        return found

    def facet_mass(self, facets: IntArray) -> Any:
        """Return ``int u v`` over facets, m^(d - 1)."""
        diagonal = np.zeros(self.count)
        size = self.sizes(facets) * self.grid.unit ** (self.grid.dimension - 1)
        diagonal[self._dofs(facets)] = size[:, None]
        return sp.csr_array(sp.diags_array(diagonal))

    def at_points(self, facets: IntArray, points: FloatArray) -> Any:
        """Return the matrix of values at points (d, facets, n) on facets, facet by facet."""
        mesh = self.grid.mesh
        if mesh.dim() == 1:
            local = np.zeros((0, len(facets), 1))
        else:
            corners = mesh.p[:, np.sort(mesh.facets[:, facets], axis=0)]
            edges = (corners[:, 1:] - corners[:, :1]).transpose(2, 0, 1)  # (facets, d, d - 1)
            away = (points - corners[:, 0][:, :, None]).transpose(1, 0, 2)
            local = (np.linalg.pinv(edges) @ away).transpose(1, 0, 2)
        values = self.reference.on_facet(local)  # (functions, facets, n)
        columns = np.broadcast_to(self._dofs(facets).T[:, :, None], values.shape)
        rows = np.broadcast_to(np.arange(values[0].size).reshape(values[0].shape), values.shape)
        shape = (values[0].size, self.count)
        return sp.csr_array((values.ravel(), (rows.ravel(), columns.ravel())), shape=shape)


class Cells:
    """Some cells with their fluxes, condensed to facets.

    Parameters
    ----------
    fluxes : Fluxes
        On the whole mesh.
    cells : array
        Numbers of the cells.
    """

    def __init__(self, fluxes: Fluxes, cells: IntArray) -> None:
        self.fluxes, reference = fluxes, fluxes.reference
        mesh, self.dim = fluxes.grid.mesh, reference.dim
        self.cells = cells
        corners = mesh.p[:, fluxes.vertices[:, cells]]  # (d, d + 1, n)
        self.origin = corners[:, 0].T
        self.jacobian = (corners[:, 1:] - corners[:, :1]).transpose(2, 0, 1)
        self.size = np.abs(np.linalg.det(self.jacobian))
        metric = self.jacobian.transpose(0, 2, 1) @ self.jacobian / self.size[:, None, None]
        mass = np.einsum("nij,ijab->nab", metric, reference.mass)
        B, T = reference.divergence, reference.trace
        solved = np.linalg.solve(
            mass, np.broadcast_to(np.vstack([B, T]).T, (len(cells), *np.vstack([B, T]).T.shape))
        )
        self._inside, self._trace = solved[..., : len(B)], solved[..., len(B) :]
        self._H, self._G, self._S = B @ self._inside, B @ self._trace, T @ self._trace
        self.dofs = fluxes._dofs(fluxes.facets[:, cells].T).reshape(len(cells), -1)

    def _lost(self, rate: float) -> FloatArray:
        """Return q times the mass of P_k in every cell."""
        q = rate * self.fluxes.grid.unit**2
        found: FloatArray = q * self.size[:, None, None] * self.fluxes.reference.scalar_mass
        return found

    def stiffness(self, rate: float) -> Any:
        """Return S of a rate q, 1/m2, in m^(d - 2)."""
        G = self._G
        S = self._S - G.transpose(0, 2, 1) @ np.linalg.solve(self._H + self._lost(rate), G)
        S = (S + S.transpose(0, 2, 1)) / 2 * self.fluxes.grid.unit ** (self.dim - 2)
        rows = np.broadcast_to(self.dofs[:, :, None], S.shape)
        columns = np.broadcast_to(self.dofs[:, None], S.shape)
        shape = (self.fluxes.count,) * 2
        return sp.csr_array((S.ravel(), (rows.ravel(), columns.ravel())), shape=shape)

    def from_source(self, rate: float, taken: float) -> FloatArray:
        """Return u, (n, functions), where ``div sigma = -q u + q_t`` and no lambda, in 1/m2."""
        source = self._lost(taken) @ self.fluxes.reference.one
        return np.asarray(np.linalg.solve(self._H + self._lost(rate), source[..., None])[..., 0])

    def leaving(self, u: FloatArray) -> FloatArray:
        """Return what flows out at facets because of u, for all lambda, m^(d - 2)."""
        flows = np.zeros(self.fluxes.count)
        np.add.at(flows, self.dofs, np.einsum("npt,np->nt", self._G, u))
        return flows * self.fluxes.grid.unit ** (self.dim - 2)

    def recovered(self, rate: float, values: FloatArray, u: FloatArray) -> tuple[FloatArray, ...]:
        """Return u and sigma, (n, functions, fields), of lambda (count, fields) and of a source."""
        here = values[self.dofs]
        u = u + np.linalg.solve(self._H + self._lost(rate), self._G @ here)
        return u, self._inside @ u - self._trace @ here

    def at_points(self, own: slice, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the functions of u (p, n, q), and the fluxes (b, d, n, q), at points (d, n, q)."""
        jacobian = self.jacobian[own]
        away = points.transpose(1, 0, 2) - self.origin[own][..., None]
        local = np.linalg.solve(jacobian, away).transpose(1, 0, 2)
        reference = self.fluxes.reference
        fluxes = np.einsum(
            "nij,bjnq->binq", jacobian / self.size[own][:, None, None], reference.values(local)
        )
        return reference.inside.values(local), fluxes
