r"""scikit-fem as one uses it at first: a mesh, a basis and matrices for every layer.

In every layer

.. math::

    \int (D/2)\,\mu' v' + \kappa\,\mu v \,dx = \int p\,v' \,dx - [j_s\,v]

with P2 elements, for the three components of mu_s in a normal metal and for mu in a ferromagnet.
Interface conditions ``mu_N - mu_F m = 0`` have Lagrange multipliers, three each; a multiplier is
the spin current from the normal metal into the ferromagnet, and its part across m is absorbed. At
a resistive interface ``mu_N - mu_F m = Z lambda + h``, with ``2 AR`` along m and the inverse of the
mixing conductance across it. Leads add G to the diagonal, in series with an interface before them.
One sparse matrix, `scipy.sparse.linalg.spsolve`.
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


def compliances(sample: Sample) -> tuple[sp.spmatrix | None, Array]:
    """Return -Z of all faces inside, if any is not transparent, and h."""
    faces = range(1, len(sample.magnetic))
    blocks, h = [], np.zeros((len(faces), 3))
    for face in faces:
        forward = sample.magnetic[face]  # the ferromagnet is on the right
        m = sample.m[face if forward else face - 1]
        Z = 2 * sample.resistance[face] * np.outer(m, m)
        if G := sample.mixing[face]:
            turn = np.cross(m, np.eye(3)).T  # turn @ v is m x v
            Z = Z + (1 / G).real * (np.eye(3) - np.outer(m, m)) + (1 / G).imag * turn
        blocks.append(-Z)
        sign = -1 if forward else 1
        h[face - 1] = sign * 2 * sample.resistance[face] * sample.gamma[face] * m
    return (sp.block_diag(blocks) if np.any(blocks) else None), h.ravel()


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
        load = driving.assemble(basis, p=sample.p[i]) if magnetic else None
        for end, node, sign in ((0, left, 1), (-1, right, -1)):
            if i == (0 if end == 0 else layers - 1):
                jump = 2 * sample.resistance[end]
                G = sample.lead[end] / (1 + jump * sample.lead[end])
                K[node, node] += G
                if magnetic:
                    load[node] += sign * G * jump * sample.gamma[end]
        if magnetic:
            blocks.append(K)
            loads.append(load)
        else:
            blocks.append(sp.block_diag([K, K, K]))
            loads.append(np.zeros(3 * basis.N))
        faces.append((left, right, basis.N))
        first.append(first[-1] + blocks[-1].shape[0])

    C = sp.lil_matrix((3 * (layers - 1), first[-1]))
    Z, h = compliances(sample)
    for face in range(layers - 1):
        if sample.magnetic[face]:
            f, n, f_dof, n_dof = face, face + 1, faces[face][1], faces[face + 1][0]
        else:
            f, n, f_dof, n_dof = face + 1, face, faces[face + 1][0], faces[face][1]
        for k in range(3):
            C[3 * face + k, first[n] + k * faces[n][2] + n_dof] = 1.0
            C[3 * face + k, first[f] + f_dof] = -sample.m[f, k]

    matrix = sp.bmat([[sp.block_diag(blocks), C.T], [C, Z]], format="csc")
    load = np.concatenate([*loads, h])
    multipliers = spsolve(matrix, load)[first[-1] :].reshape(-1, 3)

    absorbed = []
    for i in np.flatnonzero(sample.magnetic).tolist():
        into = multipliers[max(i - 1, 0) : i + 1].sum(axis=0)
        absorbed.append(into - (into @ sample.m[i]) * sample.m[i])
    return np.array(absorbed)
