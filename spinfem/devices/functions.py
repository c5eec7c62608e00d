"""Scalar functions on the mesh of a device, and the matrices of the weak form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from functools import cached_property, partial
from typing import Any

import numpy as np
import scipy.sparse as sp
import skfem
from skfem import Basis, FacetBasis, InteriorFacetBasis
from skfem.mapping import MappingIsoparametric

from .._checks import FloatArray, IntArray
from ..fem import forms
from ..fem.mesh import line_element
from .grid import Grid, edge_lengths

ELEMENTS: dict[type, dict[int, Any]] = {
    skfem.MeshTri1: {
        1: skfem.ElementTriP1,
        2: skfem.ElementTriP2,
        3: skfem.ElementTriP3,
        4: skfem.ElementTriP4,
    },
    skfem.MeshQuad1: {1: skfem.ElementQuad1, 2: skfem.ElementQuad2},
    skfem.MeshTet1: {1: skfem.ElementTetP1, 2: skfem.ElementTetP2},
    skfem.MeshHex1: {1: skfem.ElementHex1, 2: skfem.ElementHex2},
}
DEGREES = {skfem.MeshLine1: 4, skfem.MeshTri1: 3}
OTHERWISE = 2
"""Degree of elements where none is given."""
Factor = Callable[[FloatArray], FloatArray]
"""Of points (..., dimension), m, to numbers there."""
AT_ONCE = 50_000
"""Cells that are assembled together."""
MOST = 6
"""Largest degree on lines and quads."""
STEP, NEWTON = 1e-12, 16
"""Of a cell, what Newton's last step may be; and in roundings of the largest coordinate."""


def element_of(kind: type[skfem.Mesh], degree: int) -> Any:
    """Return a new element; hierarchical ones remember their values at the last points.

    On lines they take any points for the last ones that are as many.
    """
    if kind is skfem.MeshLine1:
        return line_element(degree)
    table = ELEMENTS[kind]
    return table[degree]() if degree in table else skfem.ElementQuadP(degree)


class Functions:
    """Continuous functions of one degree on a whole mesh.

    Parameters
    ----------
    grid : Grid
        The mesh.
    degree : int or None
        Degree of the elements; None for 4 on lines, 3 on triangles and 2 otherwise.

    Raises
    ------
    ValueError
        If there are no elements of that degree.
    """

    def __init__(self, grid: Grid, degree: int | None) -> None:
        kind = type(grid.mesh)
        degree = DEGREES.get(kind, OTHERWISE) if degree is None else degree
        self.grid, self.degree = grid, degree
        table = ELEMENTS.get(kind, {})
        most = MOST if kind in (skfem.MeshLine1, skfem.MeshQuad1) else max(table)
        if not isinstance(degree, int) or not 1 <= degree <= most:
            raise ValueError(
                f"degree of elements must be 1 to {most} on a {kind.__name__}, got {degree!r}"
            )
        self.element = element_of(kind, degree)
        is_curved = grid.is_axisymmetric + (kind in (skfem.MeshQuad1, skfem.MeshHex1))
        self.order = 2 * degree + is_curved
        # of one cell: its values at quadrature points are not needed, and take room
        first = np.zeros(1, dtype=np.intp)
        self.basis = Basis(grid.mesh, self.element, elements=first, intorder=self.order)
        self.count = int(self.basis.N)
        self.points: FloatArray = self.basis.doflocs.T

    @property
    def largest_degree(self) -> int:
        """Of polynomials in a cell, in all coordinates together."""
        is_product = isinstance(self.grid.mesh, skfem.MeshQuad1 | skfem.MeshHex1)
        return self.degree * (self.grid.dimension if is_product else 1)

    @cached_property
    def is_nodal(self) -> bool:
        """Whether coefficients are values at points."""
        kinds = skfem.ElementQuadP | skfem.ElementLinePp
        return self.degree == 1 or not isinstance(self.element, kinds)

    @cached_property
    def one(self) -> FloatArray:
        """Coefficients of the function that is 1."""
        if self.is_nodal:
            return np.ones(self.count)
        found = np.zeros(self.count)
        found[self.basis.nodal_dofs.ravel()] = 1.0
        return found

    def in_cells(self, cells: IntArray) -> IntArray:
        """Return the functions that are not zero in some cells, in order."""
        found: IntArray = np.unique(self.basis.dofs.element_dofs[:, cells])
        return found

    def on_facets(self, facets: IntArray) -> IntArray:
        """Return the functions that are not zero on some facets, in order."""
        if self.degree > 1:
            found = self.basis.get_dofs(facets).flatten()
        else:  # for these, too, it would number the edges of all facets
            found = self.basis.nodal_dofs[0, self.grid.mesh.facets[:, facets]]
        return np.asarray(np.unique(found))

    def stiffness(self, cells: IntArray, factor: Factor | None = None) -> Any:
        """Return ``int f grad u . grad v`` over cells, m^(d - 2) in d dimensions.

        The factor f, 1 without one, is a function of points (..., dimension), m.
        """
        return self.grid.units(-2) * sum(
            sp.csr_array(forms.conduction.assemble(basis, conductance=self._weight(basis, factor)))
            for basis in self._bases(cells, factor)
        )

    def mass(self, cells: IntArray, factor: Factor | None = None) -> Any:
        """Return ``int f u v`` over cells, m^d, with a factor f as of `stiffness`."""
        return self.grid.units(0) * sum(
            self._mass(basis, factor) for basis in self._bases(cells, factor)
        )

    def _bases(self, cells: IntArray, factor: Factor | None) -> Iterator[Basis]:
        """Return the functions in cells, some of these at a time: quadrature points take room.

        They integrate a factor as if it were a polynomial of the functions' degree.
        """
        order = self.order + (0 if factor is None else self.degree)
        mesh, dofs = self.grid.mesh, self.basis.dofs  # which are those of the whole mesh
        for own in np.array_split(cells, -(-len(cells) // AT_ONCE)):
            yield Basis(
                mesh,
                self.element,
                self._mapping,
                elements=own,
                intorder=order,
                dofs=dofs,
                disable_doflocs=True,
            )

    def values_at(
        self, cells: IntArray, points: FloatArray, u: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return fields and their gradients at points in cells.

        Parameters
        ----------
        cells : array of int
            n cells.
        points : array, shape (d, n, q)
            q in each, in units of the mesh.
        u : array, shape (functions, fields)
            Coefficients.

        Returns
        -------
        values, slopes : arrays, shapes (n, q, fields) and (d, n, q, fields)
        """
        local, dofs = self._mapping.invF(points, tind=cells), self.basis.dofs.element_dofs[:, cells]
        element = element_of(type(self.grid.mesh), self.degree)
        every = [element.gbasis(self._mapping, local, i, tind=cells)[0] for i in range(len(dofs))]
        here = u[dofs].transpose(1, 0, 2)
        values = np.stack([np.asarray(one) for one in every], axis=-1) @ here
        return values, np.stack([one.grad for one in every], axis=-1) @ here

    def facet_mass(self, facets: IntArray) -> Any:
        """Return ``int u v`` over facets, m^(d - 1)."""
        if self.grid.dimension == 1:  # points; scikit-fem finds nothing at the last of a line
            found = np.zeros(self.count)
            found[self.basis.nodal_dofs[0, facets]] = 1.0
            return sp.csr_array(sp.diags_array(found))
        return self._mass(self._on_facets(facets, self.order)) * self.grid.units(-1)

    def at_facets(self, facets: IntArray, order: int) -> tuple[Any, FloatArray, FloatArray]:
        """Return values at points of facets that integrate polynomials of an order.

        Returns
        -------
        matrix : sparse array, shape (n q, functions)
            That makes values at the q points of n facets, facet by facet, of coefficients.
        points : array, shape (dimension, n, q)
            In units of the mesh.
        weights : array, shape (n, q)
            With which they are integrated, m^(d - 1).
        """
        if self.grid.dimension == 1:
            dofs, values = self.basis.nodal_dofs[:, facets], np.ones((1, len(facets), 1))
            points, weights = self.grid.mesh.p[:, facets, None], np.ones((len(facets), 1))
        else:
            basis = self._on_facets(facets, order)
            dofs = basis.element_dofs
            values = np.array([np.asarray(functions[0]) for functions in basis.basis])
            points = np.asarray(basis.global_coordinates())
            weights = basis.dx * self._weight(basis) * self.grid.units(-1)
        rows = np.arange(values[0].size).reshape(values[0].shape)
        at = (np.broadcast_to(x, values.shape).ravel() for x in (rows, dofs[:, :, None]))
        shape = (rows.size, self.count)
        return sp.csr_array((values.ravel(), tuple(at)), shape=shape), points, weights

    def _on_facets(self, facets: IntArray, order: int) -> Any:
        is_inner = bool(self.grid.mesh.f2t[1, facets[0]] >= 0)
        kind = InteriorFacetBasis if is_inner else FacetBasis
        return kind(self.grid.mesh, self.element, self._mapping, facets=facets, intorder=order)

    @cached_property
    def _mapping(self) -> Any:
        """How points are in cells: as scikit-fem has it, but for what it asks of Newton's steps.

        1e-12 of a cell is less than a coordinate's rounding where cells are small and far off 0.
        """
        mesh = self.grid.mesh
        mapping = copy(mesh.mapping())
        if isinstance(mapping, MappingIsoparametric):
            shortest = min(lengths.min() for lengths in edge_lengths(mesh))
            tolerance = max(STEP, NEWTON * np.finfo(float).eps * abs(mesh.p).max() / shortest)
            mapping.invF = partial(mapping.invF, newton_tol=tolerance)
        return mapping

    def _mass(self, basis: Any, factor: Factor | None = None) -> Any:
        weight = self._weight(basis, factor)
        return sp.csr_array(forms.relaxation.assemble(basis, relaxation=weight))

    def _weight(self, basis: Any, factor: Factor | None = None) -> FloatArray:
        """Return f, times how long the way of a point is that is rotated about the axis."""
        weight: FloatArray = np.ones_like(basis.dx)
        if not self.grid.is_axisymmetric and factor is None:  # points take room
            return weight
        x = np.asarray(basis.global_coordinates())
        if self.grid.is_axisymmetric:
            weight = self.grid.way_around(x)
        if factor is not None:
            weight = weight * factor(np.moveaxis(x, 0, -1) * self.grid.unit)
        return weight


def volume_of(grid: Grid, region: str) -> float:
    """Return the volume of a region, m3; m2 in a planar device, m in one dimension."""
    functions = Functions(grid, 1)
    return float(functions.one @ (functions.mass(grid.regions[region]) @ functions.one))
