r"""Layers in time: finite elements, condensed to their faces at the stages of a step.

Inside a layer mu_s is ``sum_a h_a r_a + sum_k phi_k y_k``: r_a is what it is at the two faces, h_a
conducts without loss, and the modes phi_k make stiffness and mass diagonal. The equation is the
paper's before (4), ``kappa tau dmu_s/dt + j_s' = -kappa mu_s``; in a ferromagnet with exchange
lengths relaxation is a matrix that turns with m, and so is D.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from skfem import Basis, MeshLine

from .._checks import FloatArray
from ..fem import forms
from ..fem.graded import profiles
from ..fem.mesh import line_element
from ..sample.materials import Metal


class Inside(NamedTuple):
    """A layer on its mesh, scalars, per area; what is lost per mu_s is ``kappa d`` of mass."""

    degree: int
    nodes: FloatArray  # (n + 1,) from 0 to 1
    functions: FloatArray  # (2 + k, q) h_a, then modes, in scikit-fem's functions
    dofs: tuple[NDArray[np.intp], NDArray[np.intp]]  # at nodes (n + 1,), inner ones (n, degree - 1)
    stiffness: FloatArray  # (2, 2) S/m2
    mass: FloatArray  # (2, 2) of h_a, S/m2
    coupling: FloatArray  # (k, 2) mass between modes and h_a
    eigenvalues: FloatArray  # (k,) stiffness of modes, whose mass is 1
    load: FloatArray  # (2 + k,) what p drives: the integral of p and their slopes

    @classmethod
    def of(cls, metal: Metal, thickness: float, nodes: FloatArray, degree: int) -> Inside:
        """Assemble a layer with scikit-fem.

        Parameters
        ----------
        metal : NormalMetal or Ferromagnet
            What it is made of; graded or not.
        thickness : float
            Its thickness, m.
        nodes : array, shape (n + 1,)
            Nodes of its mesh, from 0 to 1.
        degree : int
            Degree of the elements.
        """
        cells = np.arange(nodes.size - 1)
        mesh = MeshLine(nodes[None], np.stack([cells, cells + 1]))
        intorder = (3 if metal.is_graded else 2) * degree
        basis = Basis(mesh, line_element(degree), intorder=intorder)
        D, l, p, _ = (f(basis.mapping.F(basis.X)[0]) for f in profiles(metal))
        conductance, relaxation = D / (2 * thickness), thickness * D / (2 * l**2)
        K = forms.conduction.assemble(basis, conductance=conductance).toarray()
        M = forms.relaxation.assemble(basis, relaxation=relaxation).toarray()
        f = forms.driving.assemble(basis, polarized_current=p)
        ends = basis.nodal_dofs[0, [0, -1]]
        inner = np.setdiff1d(np.arange(basis.N), ends)
        functions = np.zeros((2 + inner.size, basis.N))
        functions[[0, 1], ends] = 1.0
        response = np.linalg.solve(K[np.ix_(inner, inner)], K[np.ix_(inner, ends)])
        functions[:2, inner] = -response.T
        eigenvalues, vectors = eigh(K[np.ix_(inner, inner)], M[np.ix_(inner, inner)])
        functions[2:, inner] = vectors.T
        mass, load = functions @ M @ functions.T, functions @ f
        resistance = 1 / (functions[0] @ K @ functions[0])
        stiffness = np.array([[1.0, -1.0], [-1.0, 1.0]]) / resistance
        return cls(
            degree,
            nodes,
            functions,
            (basis.nodal_dofs[0], basis.interior_dofs.T),
            stiffness,
            mass[:2, :2],
            mass[2:, :2],
            eigenvalues,
            load,
        )

    def weighed(self, values: FloatArray) -> FloatArray:
        """Return the mass of all functions with what has values (2 + k, c)."""
        ends, modes = values[:2], values[2:]
        at_ends = self.mass @ ends + self.coupling.T @ modes
        return np.concatenate([at_ends, self.coupling @ ends + modes])

    @property
    def total(self) -> FloatArray:
        """The mass of all functions with 1, which h_a add up to, (2 + k,)."""
        return np.concatenate([self.mass.sum(axis=1), self.coupling.sum(axis=1)])


class Condensed(NamedTuple):
    """A layer in a step: what flows in at its faces is ``stiff @ r`` and what the past drives.

    Stages and components of mu_s are on one axis of s: stages of a scalar, or of three components
    that act on each other.
    """

    stiff: FloatArray  # (2, 2, s, s)
    solve: FloatArray  # (k, s, s) of modes
    swing: FloatArray  # (s, s) what relaxation and time make of mass

    def past(self, inside: Inside, held: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what flows in at faces, (2, s, c), and modes, (k, s, c), while r = 0.

        Parameters
        ----------
        inside : Inside
            The layer.
        held : array, shape (2 + k, s, c)
            What drives the faces and the modes.
        """
        modes = self.solve @ held[2:]
        back = np.einsum("ka,ksc->asc", inside.coupling, modes)
        return np.asarray(self.swing @ back - held[:2]), modes

    def modes(self, inside: Inside, r: FloatArray, driven: FloatArray) -> FloatArray:
        """Return modes (k, s, c) of what is at the faces, r (2, s, c), and of what drives them."""
        mixed = np.einsum("ka,asc->ksc", inside.coupling, self.swing @ r)
        return np.asarray(driven - self.solve @ mixed)


def condense(inside: Inside, swing: FloatArray, conducting: FloatArray | None = None) -> Condensed:
    """Condense a layer to its faces.

    Parameters
    ----------
    inside : Inside
        The layer.
    swing : array, shape (s, s)
        What relaxation and time make of mass.
    conducting : array, shape (s, s), optional
        By what stiffness is multiplied. Default: 1.
    """
    unit: FloatArray = np.eye(len(swing)) if conducting is None else conducting
    solve = np.asarray(np.linalg.inv(inside.eigenvalues[:, None, None] * unit + swing), float)
    between = np.einsum("ka,kb,kst->abst", inside.coupling, inside.coupling, solve)
    stiff = inside.stiffness[..., None, None] * unit + inside.mass[..., None, None] * swing
    return Condensed(np.asarray(stiff - swing @ between @ swing), solve, swing)
