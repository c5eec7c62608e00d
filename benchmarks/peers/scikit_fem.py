r"""scikit-fem as one uses it at first: a mesh, a basis and matrices for every layer.

In every layer

.. math::

    \int (D/2)\,\mu' v' + \kappa\,\mu v \,dx = \int p\,v' \,dx - [j_s\,v]

with P2 elements, for the three components of mu_s in a normal metal and for mu in a ferromagnet.
Interface conditions ``mu_N - mu_F m = 0`` have Lagrange multipliers, three each; a multiplier is
the spin current from the normal metal into the ferromagnet, and its part across m is absorbed.
Leads add G to the diagonal. One sparse matrix, `scipy.sparse.linalg.spsolve`.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import spsolve
from skfem import Basis, BilinearForm, ElementLineP2, LinearForm, MeshLine
from skfem.helpers import dot, grad

from ..cases import Array, Sample

ACCURACIES = (2, 4, 8, 16, 32, 64)


@BilinearForm
def diffusion(u, v, w):
    """Return ``(D/2) u' v' + kappa u v``."""
    return w.D / 2 * dot(grad(u), grad(v)) + w.kappa * u * v


@LinearForm
def driving(v, w):
    """Return ``p v'``."""
    return w.p * grad(v)[0]


def describe(elements: int) -> str:
    """Name a setting in a table."""
    return f"P2, {elements} elements a layer"


def torques(sample: Sample, elements: int) -> Array:
    """Return what all ferromagnets absorb, shape (f, 3)."""
    layers = len(sample.magnetic)
    blocks, loads, first, faces = [], [], [0], []
    for i, magnetic in enumerate(sample.magnetic):
        mesh = MeshLine(np.linspace(0, sample.thickness[i], elements + 1))
        basis = Basis(mesh, ElementLineP2())
        kappa = sample.D[i] / (2 * sample.l[i] ** 2)
        K = diffusion.assemble(basis, D=sample.D[i], kappa=kappa).tolil()
        left, right = basis.nodal_dofs[0, [0, -1]]
        if i == 0:
            K[left, left] += sample.lead[0]
        if i == layers - 1:
            K[right, right] += sample.lead[1]
        if magnetic:
            blocks.append(K)
            loads.append(driving.assemble(basis, p=sample.p[i]))
        else:
            blocks.append(sp.block_diag([K, K, K]))
            loads.append(np.zeros(3 * basis.N))
        faces.append((left, right, basis.N))
        first.append(first[-1] + blocks[-1].shape[0])

    C = sp.lil_matrix((3 * (layers - 1), first[-1]))
    for face in range(layers - 1):
        if sample.magnetic[face]:
            f, n, f_dof, n_dof = face, face + 1, faces[face][1], faces[face + 1][0]
        else:
            f, n, f_dof, n_dof = face + 1, face, faces[face + 1][0], faces[face][1]
        for k in range(3):
            C[3 * face + k, first[n] + k * faces[n][2] + n_dof] = 1.0
            C[3 * face + k, first[f] + f_dof] = -sample.m[f, k]

    matrix = sp.bmat([[sp.block_diag(blocks), C.T], [C, None]], format="csc")
    load = np.concatenate([*loads, np.zeros(3 * (layers - 1))])
    multipliers = spsolve(matrix, load)[first[-1] :].reshape(-1, 3)

    absorbed = []
    for i in np.flatnonzero(sample.magnetic).tolist():
        into = multipliers[max(i - 1, 0) : i + 1].sum(axis=0)
        absorbed.append(into - (into @ sample.m[i]) * sample.m[i])
    return np.array(absorbed)
