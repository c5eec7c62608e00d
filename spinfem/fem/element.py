"""The reference element of one degree, and what is left of it when its inside is eliminated."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.polynomial import legendre
from skfem import Basis, MeshLine

from .._checks import FloatArray
from ..numerics.layers import Modes, relax
from . import forms
from .mesh import line_element


class ReferenceElement(NamedTuple):
    r"""The element of one degree on [0, 1], with its inner functions diagonalized.

    The inner functions (bubbles) are combined into modes in which stiffness and mass are both
    diagonal, ``(lambda_k + eta)`` with ``eta = (h/l)^2``; so elements of any width are condensed by
    whole-array arithmetic. The two hat functions do not couple to bubbles by stiffness.
    """

    mass: FloatArray  # (2, 2) of the hats
    eigenvalues: FloatArray  # (k,) lambda_k
    coupling: FloatArray  # (k, 2) mass between modes and hats
    modes: FloatArray  # (degree - 1, k) modes in terms of scikit-fem's bubbles
    legendre: FloatArray  # (degree + 1, degree + 1) scikit-fem's functions in Legendre polynomials


@lru_cache(maxsize=32)
def reference_element(degree: int) -> ReferenceElement:
    """Assemble the reference element of `degree` with scikit-fem."""
    element = line_element(degree)
    basis = Basis(MeshLine(np.array([0.0, 1.0])), element, intorder=2 * degree)
    order = np.concatenate([basis.nodal_dofs.ravel(), basis.interior_dofs.ravel()])
    select = np.ix_(order, order)
    K = forms.conduction.assemble(basis, conductance=1.0).toarray()[select]
    M = forms.relaxation.assemble(basis, relaxation=1.0).toarray()[select]
    scale = 1 / np.sqrt(np.diag(K)[2:])  # the bubbles' stiffness is diagonal
    mass_values, vectors = np.linalg.eigh(scale[:, None] * M[2:, 2:] * scale)
    modes = scale[:, None] * vectors / np.sqrt(mass_values)
    y, weights = legendre.leggauss(degree + 1)
    values = np.array([element.lbasis((y[None] + 1) / 2, i)[0] for i in range(degree + 1)])
    norms = (2 * np.arange(degree + 1) + 1) / 2
    to_legendre = (values * weights) @ legendre.legvander(y, degree) * norms
    return ReferenceElement(M[:2, :2], 1 / mass_values, modes.T @ M[2:, :2], modes, to_legendre)


def condense_element(eta: FloatArray, degree: int) -> tuple[FloatArray, FloatArray]:
    """Return conductance and shunt, in units of D/(2 h), of elements with ``(h/l)^2 = eta``."""
    added, shunt = relax(np.asarray(eta), modes_of(degree))
    return 1 + added, shunt


@lru_cache(maxsize=32)
def modes_of(degree: int) -> Modes:
    """Return what elements of a degree are condensed with."""
    e = reference_element(degree)
    left, right = np.ascontiguousarray(e.coupling.T)
    return Modes(float(e.mass[0, 0]), float(e.mass[0, 1]), e.eigenvalues, left, right)


def bubbles(eta: FloatArray, left: FloatArray, right: FloatArray, degree: int) -> FloatArray:
    """Return coefficients of the inner functions, shape (..., degree - 1), from values at nodes."""
    e = reference_element(degree)
    nodal = np.stack([left, right], axis=-1) @ e.coupling.T
    x = np.asarray(eta)[..., None]
    return -(x / (e.eigenvalues + x) * nodal) @ e.modes.T
