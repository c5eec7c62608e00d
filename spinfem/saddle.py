r"""The saddle-point path: the reference, short and readable.

.. math::

    \begin{pmatrix} K & C^T \\ C & 0 \end{pmatrix}
    \begin{pmatrix} \mu \\ \lambda \end{pmatrix} = \begin{pmatrix} f \\ 0 \end{pmatrix}

K and f are the weak form of `spinfem.forms`, assembled at once for all layers on one broken mesh;
C mu = 0 are the interface conditions (5) and mu_s || m of `spinfem.interfaces`. The multipliers
lambda are the spin currents through the interfaces: along m they are (6), across m the torque.
"""

from __future__ import annotations

import itertools
from functools import partial
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu
from skfem import Basis, ElementLinePp

from . import forms, mesh
from ._checks import FloatArray, IntArray
from .condensed import condense, element_counts
from .elements import Column, Elements
from .fields import ElementField, element_field
from .interfaces import Faces, contact_absorption, rows
from .rods import join
from .stack import Stack
from .transport import Given


class System(NamedTuple):
    """The assembled weak form: scalar functions, and the vectors they may carry.

    Function number i belongs to element ``owner[i]`` of the stack. The last two functions are the
    values of the leads at the stack, where a lead is a spring of stiffness G.
    """

    basis: Basis
    owner: IntArray
    K: sp.csr_array  # in units of `unit`
    f: FloatArray
    unit: float  # S/m2, the largest conductance, so that K is near 1 like the entries of C


def solve(stack: Stack, e: Elements, degree: int, count: int | None) -> Given:
    """Solve a stack for j0 = 1, point by point.

    Parameters
    ----------
    stack : Stack
        For the names of the layers.
    e : Elements
        Its numbers.
    degree : int
        Degree of the elements.
    count : int or None
        Number of elements of every layer; None for what the default accuracy takes.
    """
    layers = element_counts(e, count)
    points = [_solve_point(stack, e.point(i), layers, degree) for i in range(e.points)]
    faces = zip(*(faces for faces, _ in points), strict=True)

    # B belongs to the stack, not to the solution: it is that of the condensed layers
    B, S = condense(e, layers, degree)
    return Given(
        e,
        Faces(*(np.concatenate(a, axis=1) for a in faces)),
        partial(_field, [fields for _, fields in points]),
        partial(_coupling, e, B, S),
    )


def _field(points: list[list[ElementField]], layer: int) -> ElementField:
    """Join the fields of a layer at all points."""
    parts = zip(*(fields[layer] for fields in points), strict=True)
    return ElementField(*(np.concatenate(a, axis=1) for a in parts))


def _coupling(e: Elements, B: Column, S: Column, first: int, stop: int) -> FloatArray:
    return e.flat(join(B, S, first, stop).B[0])


def _solve_point(
    stack: Stack, e: Elements, counts: IntArray, degree: int
) -> tuple[Faces, list[ElementField]]:
    """Assemble and solve one point."""
    z = (e.thickness / e.l[1:-1])[:, 0]
    system = _assemble(stack, e, z, counts, degree)
    basis, owner = system.basis, system.owner

    # mu_s || m: in element k, mu_s is a combination of the columns of spaces[k]
    spaces = [_space(e, k) for k in range(e.magnetic.size)]
    R = sp.csr_array(sp.block_diag([spaces[k] for k in owner]))
    A = R.T @ sp.kron(system.K, sp.eye_array(3)) @ R
    load = R.T @ (system.f[:, None] * e.m[owner, 0]).ravel()

    # (5): rows of C, face by face, from the functions that live on either side of it
    last = np.cumsum(counts + 1) - 1  # the node at the right of every layer
    first = last - counts
    on_left = np.append(basis.N, basis.nodal_dofs[0, last])
    on_right = np.append(basis.nodal_dofs[0, first], basis.N + 1)
    weights = _weights(e, spaces)
    C = sp.vstack(
        [
            sp.csr_array(W_a) @ R[3 * a : 3 * a + 3] - sp.csr_array(W_b) @ R[3 * b : 3 * b + 3]
            for (W_a, W_b), a, b in zip(weights, on_left, on_right, strict=True)
        ]
    )
    matrix = sp.block_array([[A, C.T], [C, None]], format="csc")
    unknowns = splu(matrix).solve(np.concatenate([load, np.zeros(C.shape[0])]))
    mu = (R @ unknowns[: A.shape[0]]).reshape(-1, 3) / system.unit
    ends = np.cumsum([W.shape[0] for W, _ in weights])[:-1]
    multipliers = np.split(unknowns[A.shape[0] :], ends)

    potential = mu[np.append(on_right[:-1], on_left[-1])]
    faces = _faces(e, spaces, weights, multipliers, potential)
    fields = []
    for i, n in enumerate(counts.tolist()):
        cells = slice(first[i] - i, last[i] - i)
        fields.append(
            element_field(
                mesh.layer_nodes(z[[i]], n),
                mu[basis.nodal_dofs[0, first[i] : last[i] + 1], None],
                mu[basis.interior_dofs[:, cells]].transpose(1, 2, 0)[:, None],
                z[[i]] * e.D[i + 1] / (2 * e.l[i + 1]),
                faces.current_right[i],
            )
        )
    return faces, fields


def _assemble(stack: Stack, e: Elements, z: FloatArray, counts: IntArray, degree: int) -> System:
    """Assemble the weak form of all layers at once, and add the leads."""
    grid = mesh.stack_mesh(stack, counts, z)
    basis = Basis(grid, ElementLinePp(degree), intorder=2 * degree)
    conductance = e.D[1:-1, 0] / (2 * e.thickness[:, 0])
    unit = max(conductance.max(), e.lead_stiffness.max())

    def cellwise(values: FloatArray) -> FloatArray:
        return np.repeat(values, counts)[:, None]

    K = forms.conduction.assemble(basis, conductance=cellwise(conductance / unit))
    K += forms.relaxation.assemble(basis, relaxation=cellwise(conductance * z**2 / unit))
    f = forms.driving.assemble(basis, polarized_current=cellwise(e.p[1:-1, 0]))
    ends = [0, e.magnetic.size - 1]
    owner = np.empty(basis.N, dtype=np.intp)
    owner[basis.element_dofs] = np.repeat(1 + np.arange(len(counts)), counts)
    return System(
        basis,
        np.append(owner, ends),
        sp.block_diag([K, sp.diags_array(e.lead_stiffness[:, 0] / unit)], format="csr"),
        np.concatenate([f, e.p[ends, 0] * [1, -1]]),
        unit,
    )


def _space(e: Elements, k: int) -> FloatArray:
    """Basis of what mu_s can be in element k, shape (3, 3, 1 or 0)."""
    if e.magnetic[k]:
        return e.m[k, 0, :, None]
    return np.eye(3) if e.D[k, 0] > 0 else np.zeros((3, 0))


def _weights(e: Elements, spaces: list[FloatArray]) -> list[tuple[FloatArray, FloatArray]]:
    """Constraint rows of every face; none where an end blocks spin."""
    weights = [rows(a, b) for a, b in itertools.pairwise(spaces)]
    for face, end, reservoir in ((0, 0, e.reservoir[0]), (-1, -1, e.reservoir[1])):
        if e.D[end, 0] == 0 and not reservoir:
            weights[face] = (np.zeros((0, 3)), np.zeros((0, 3)))
    return weights


def _faces(
    e: Elements,
    spaces: list[FloatArray],
    weights: list[tuple[FloatArray, FloatArray]],
    multipliers: list[FloatArray],
    potential: FloatArray,
) -> Faces:
    """Read spin currents and what the magnetizations absorb off the multipliers."""
    current_left, current_right, absorbed_left, absorbed_right = np.zeros((4, *potential.shape))
    for face, ((W_a, W_b), value) in enumerate(zip(weights, multipliers, strict=True)):
        a, b = spaces[face], spaces[face + 1]
        j_a, j_b = a @ a.T @ W_a.T @ value, b @ b.T @ W_b.T @ value
        if e.magnetic[face] and e.magnetic[face + 1]:
            m_a, m_b = a[:, 0], b[:, 0]
            shares = contact_absorption(m_a, m_b, m_a @ j_a, m_b @ j_b)
            absorbed_left[face], absorbed_right[face] = shares
        elif e.magnetic[face] and b.size:
            absorbed_left[face] = j_a - j_b
        elif e.magnetic[face + 1] and a.size:
            absorbed_right[face] = j_a - j_b
        # an end that is no lead takes up whatever reaches it
        current_left[face] = j_a if a.size else j_b
        current_right[face] = j_b if b.size else j_a
    found = (potential, current_left, current_right, absorbed_left, absorbed_right)
    return Faces(*(values[:, None] for values in found))
