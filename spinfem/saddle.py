r"""The saddle-point path: the reference, short and readable.

.. math::

    \begin{pmatrix} K & C^T \\ C & 0 \end{pmatrix}
    \begin{pmatrix} \mu \\ \lambda \end{pmatrix} = \begin{pmatrix} f \\ 0 \end{pmatrix}

K and f are the weak form of `spinfem.forms`, assembled at once for all layers on one broken mesh;
C u = 0 are the interface conditions (5) and mu_s || m of `spinfem.interfaces`. The multipliers
lambda are the spin currents through the interfaces: along m they are (6), across m the torque.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu
from skfem import Basis, ElementLinePp

from . import forms, mesh
from ._checks import FloatArray, IntArray
from .elements import Elements
from .fields import ElementField, element_field
from .interfaces import Faces, contact_absorption, rows
from .stack import Stack


class Saddle(NamedTuple):
    """Solution of one point of a batch, for j0 = 1."""

    faces: Faces
    fields: list[ElementField]


def solve(stack: Stack, e: Elements, counts: list[int], degree: int) -> Saddle:
    """Solve one point of a stack for j0 = 1.

    Parameters
    ----------
    stack : Stack
        For the names of the layers.
    e : Elements
        Its numbers, a single point.
    counts : list of int
        Number of elements of every layer.
    degree : int
        Degree of the elements.
    """
    z = (e.thickness / e.l[1:-1])[:, 0]
    grid = mesh.stack_mesh(stack, counts, z)
    basis = Basis(grid, ElementLinePp(degree), intorder=2 * degree)

    # in units of the largest conductance, so that K is near 1, like the entries of C
    conductance = e.D[1:-1, 0] / (2 * e.thickness[:, 0])
    unit = max(conductance.max(), e.lead_stiffness.max())

    def cellwise(values: FloatArray) -> FloatArray:
        return np.repeat(values, counts)[:, None]

    K = forms.conduction.assemble(basis, conductance=cellwise(conductance / unit))
    K += forms.relaxation.assemble(basis, relaxation=cellwise(conductance * z**2 / unit))
    f = forms.driving.assemble(basis, polarized_current=cellwise(e.p[1:-1, 0]))

    # one more function for each end: the value of a lead at the stack, where it is a spring G
    ends = [0, e.magnetic.size - 1]
    K = sp.block_diag([K, sp.diags_array(e.lead_stiffness[:, 0] / unit)])
    f = np.concatenate([f, e.p[ends, 0] * [1, -1]])
    owner = np.empty(basis.N, dtype=int)  # the element that each function belongs to
    owner[basis.element_dofs] = np.repeat(1 + np.arange(len(counts)), counts)
    owner = np.append(owner, ends)

    # mu_s of element k is a combination of the columns of spaces[k]: mu_s || m in a ferromagnet
    spaces = [_space(e, k) for k in range(e.magnetic.size)]
    R = sp.csr_array(sp.block_diag([spaces[k] for k in owner]))
    A = R.T @ sp.kron(K, sp.eye_array(3)) @ R
    load = R.T @ (f[:, None] * e.m[owner, 0]).ravel()

    # rows of C, face by face, from the functions that live on either side of it
    last = np.cumsum([n + 1 for n in counts]) - 1
    on_left = np.append(basis.N, basis.nodal_dofs[0, last])
    on_right = np.append(basis.nodal_dofs[0, last - np.array(counts)], basis.N + 1)
    blocked = [e.D[k, 0] == 0 and not e.reservoir[min(k, 1)] for k in ends]
    weights = [rows(a, b) for a, b in zip(spaces[:-1], spaces[1:], strict=True)]
    for face, is_blocked in zip((0, -1), blocked, strict=True):
        if is_blocked:
            weights[face] = (np.zeros((0, 3)), np.zeros((0, 3)))
    C = sp.vstack(
        [
            sp.csr_array(W_a) @ R[3 * i : 3 * i + 3] - sp.csr_array(W_b) @ R[3 * k : 3 * k + 3]
            for (W_a, W_b), i, k in zip(weights, on_left, on_right, strict=True)
        ]
    )
    system = sp.block_array([[A, C.T], [C, None]], format="csc")
    solution = splu(system).solve(np.concatenate([load, np.zeros(C.shape[0])]))
    mu = (R @ solution[: A.shape[0]]).reshape(-1, 3) / unit
    multipliers = np.split(solution[A.shape[0] :], np.cumsum([W.shape[0] for W, _ in weights])[:-1])

    faces = _faces(e, mu, on_left, on_right, weights, multipliers, spaces)
    fields = []
    for i, n in enumerate(counts):
        cells = slice(last[i] - i - n, last[i] - i)
        values = mu[basis.nodal_dofs[0, last[i] - n : last[i] + 1]]
        inner = mu[basis.interior_dofs[:, cells]].transpose(1, 2, 0)
        nodes = mesh.layer_nodes(z[[i]], n)
        fields.append(
            element_field(
                nodes,
                values[:, None],
                inner[:, None],
                z[[i]] * e.D[i + 1] / (2 * e.l[i + 1]),
                faces.current_right[i],
            )
        )
    return Saddle(faces, fields)


def _space(e: Elements, k: int) -> FloatArray:
    """Basis of what mu_s can be in element k, shape (3, 3, 1 or 0)."""
    if e.magnetic[k]:
        return e.m[k, 0][:, None]
    return np.eye(3) if e.D[k, 0] > 0 else np.empty((3, 0))


def _faces(
    e: Elements,
    mu: FloatArray,
    on_left: IntArray,
    on_right: IntArray,
    weights: list[tuple[FloatArray, FloatArray]],
    multipliers: list[FloatArray],
    spaces: list[FloatArray],
) -> Faces:
    """Read spin currents and what the magnetizations absorb off the multipliers."""
    n = len(weights)
    current_left, current_right, absorbed_left, absorbed_right = np.zeros((4, n, 3))
    for face, ((W_a, W_b), value) in enumerate(zip(weights, multipliers, strict=True)):
        a, b = spaces[face], spaces[face + 1]
        j_a, j_b = a @ a.T @ W_a.T @ value, b @ b.T @ W_b.T @ value
        if e.magnetic[face] and e.magnetic[face + 1]:
            m_a, m_b = a[:, 0], b[:, 0]
            absorbed_left[face], absorbed_right[face] = contact_absorption(
                m_a, m_b, np.asarray(m_a @ j_a), np.asarray(m_b @ j_b)
            )
        elif e.magnetic[face] and b.shape[1]:
            absorbed_left[face] = j_a - j_b
        elif e.magnetic[face + 1] and a.shape[1]:
            absorbed_right[face] = j_a - j_b
        current_left[face] = j_a if a.shape[1] else j_b
        current_right[face] = j_b if b.shape[1] else j_a
    potential = mu[np.append(on_right[:-1], on_left[-1])]
    found = (potential, current_left, current_right, absorbed_left, absorbed_right)
    return Faces(*(x[:, None] for x in found))
