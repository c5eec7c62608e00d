r"""The saddle-point path: the reference, short and readable, for any stack.

.. math::

    \begin{pmatrix} K & C^T \\ C & -Z \end{pmatrix}
    \begin{pmatrix} \mu \\ \lambda \end{pmatrix} = \begin{pmatrix} f \\ h \end{pmatrix}

K and f are the weak form of `fem.forms`, assembled at once for all layers on one broken mesh;
C mu = 0 are the interface conditions (5) and mu_s || m of `spinfem.solvers.faces`. The multipliers
lambda are the spin currents through the interfaces: along m they are (6), across m the torque. A
resistive interface has a compliance Z, ``1/B`` along m and ``1/(G_r + i G_i)`` across, and a source
``h = -Z gamma m``; transparent ones have none. With delta it has shunts in K at both sides besides,
and its multiplier is what passes between them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu
from skfem import Basis

from .._checks import FloatArray, IntArray, Number
from ..fem import forms, graded, mesh
from ..fem.fields import LayerField, element_field
from ..physics.bulk import total_conductivity
from ..physics.contact import contact_absorption
from ..physics.directions import axes_across, axial, tensor
from ..sample.pieces import Interface
from ..sample.stack import Stack
from .elements import Elements, at_frequency, elements_of, inwards
from .faces import Faces, rows
from .meshed import across_mesh, element_counts
from .ports import about_axis, absorption, share_of_exchange
from .transport import Given, Transport

Share = Callable[[Elements, int, int], Any]
"""Of what is lost across m of an element, for a sense of turning, some share."""
ALL_LOST = 460.0
"""delta from which on what passes, 1e-200 of what is lost, is as good as nothing."""


class System(NamedTuple):
    """The assembled weak form: scalar functions, and the vectors they may carry.

    Function number i belongs to element ``owner[i]`` of the stack. The last two functions are the
    values of the leads at the stack, where a lead is a spring of stiffness G.
    """

    basis: Basis
    owner: IntArray
    along: sp.csr_array  # in units of `unit`
    across: sp.csr_array  # the same across m, where a ferromagnet is not strong
    turning: sp.csr_array  # what precession adds there, to be applied with m x
    f: FloatArray
    unit: float  # S/m2, the largest conductance, so that K is near 1 like the entries of C


class Law(NamedTuple):
    """An interface in axes of its own, the first of them along m."""

    axes: FloatArray  # (3, 3), a row each
    compliance: FloatArray  # (3, 3) Z, Ohm m2
    source: FloatArray  # (3,) h
    shunt: FloatArray  # (3,) S, S/m2, at either side


class Point(NamedTuple):
    """One point of the batch, solved."""

    faces: Faces
    fields: list[LayerField]
    volume: FloatArray  # (n + 2, 1, 3) what exchange ferromagnets absorb inside


def solve(
    stack: Stack, e: Elements, degree: int, count: int | None, frequency: Number | None = None
) -> Given:
    """Solve a stack for j0 = 1, point by point.

    Parameters
    ----------
    stack : Stack
        The sample.
    e : Elements
        Its numbers.
    degree : int
        Degree of the elements.
    count : int or None
        Number of elements of every layer; None for what the default accuracy takes.
    frequency : float or array, optional
        That of the stack's numbers, if they are those of amplitudes.
    """
    counts = element_counts(e, count)
    nodes = [_nodes(e, k, int(n), degree, count) for k, n in enumerate(counts, start=1)]
    points = []
    for i, where in enumerate(np.ndindex(e.shape)):
        part = stack.part(e.shape, where) if e.shape else stack
        own = elements_of(part)
        if frequency is not None:
            own = at_frequency(part, own, float(np.broadcast_to(frequency, e.shape)[where]))
        at = [column[:, i if column.shape[1] > 1 else 0] for column in nodes]
        points.append(_solve_point(part, own, at, degree))
    of_current, *of_ends = zip(*points, strict=True)
    driven = _together(e, of_ends[0], 0.0, None) if of_ends else None
    return _together(e, of_current, 1.0, driven)


def _together(e: Elements, points: Sequence[Point], j0: float, of_ends: Transport | None) -> Given:
    """Put points together to a batch."""
    faces = zip(*(point.faces for point in points), strict=True)
    return Given(
        e,
        Faces(*(np.concatenate(a, axis=1) for a in faces)),
        partial(_field, [point.fields for point in points]),
        np.concatenate([point.volume for point in points], axis=1),
        j0,
        of_ends,
    )


def _nodes(e: Elements, k: int, n: int, degree: int, count: int | None) -> FloatArray:
    """Return the nodes of a layer, shape (n + 1, N or 1), from 0 to 1."""
    if k in e.nodes:
        return e.nodes[k][:, None]
    d = e.thickness[k - 1]
    if k in e.graded:
        steepest = float(np.max(d * np.sqrt(e.absorbing(k)).real))
        return graded.nodes_for(e.graded[k], steepest, degree, count)[:, None]
    own = mesh.layer_nodes((d / e.l[k]).real, n)
    if k not in e.lengths or count is not None:
        return own
    # graded for what is across m, and fine enough for what is along it
    coarse = mesh.layer_nodes(*across_mesh(e, k, None))
    widths = np.diff(coarse, axis=0)
    pieces = int(np.ceil((widths * d / e.l[k]).real.max() / 2)) or 1
    inner = coarse[:-1, None] + widths[:, None] * (np.arange(pieces) / pieces)[:, None]
    return np.concatenate([inner.reshape(-1, coarse.shape[1]), coarse[-1:]])


def _field(points: list[list[LayerField]], layer: int) -> LayerField:
    """Join the fields of a layer at all points."""
    fields = [fields[layer] for fields in points]
    parts: list[FloatArray] = []
    for name, values in zip(fields[0]._fields, zip(*fields, strict=True), strict=True):  # type: ignore[attr-defined]
        whole = name == "nodes" and isinstance(fields[0], graded.GradedField)
        parts.append(values[0] if whole else np.concatenate(values, axis=1))
    return type(fields[0])(*parts)


def _solve_point(stack: Stack, e: Elements, nodes: list[FloatArray], degree: int) -> list[Point]:
    """Assemble and solve one point: driven by j0 = 1, and by what is given at ends, if that is."""
    system = _assemble(stack, e, nodes, degree)
    basis, owner = system.basis, system.owner
    counts = np.array([len(column) - 1 for column in nodes])

    # mu_s || m: in element k, mu_s is a combination of the columns of spaces[k]
    spaces = [_space(e, k) for k in range(e.magnetic.size)]
    R = _diagonal([spaces[k] for k in owner])
    A = R.T @ _vectorial(system, e) @ R
    load = R.T @ (system.f[:, None] * e.m[owner, 0]).ravel()

    # (5): rows of C, face by face, from the functions that live on either side of it
    last = np.cumsum(counts + 1) - 1  # the node at the right of every layer
    first = last - counts
    on_left = np.append(basis.N, basis.nodal_dofs[0, last])
    on_right = np.append(basis.nodal_dofs[0, first], basis.N + 1)
    laws = [_law(e, face, joint) for face, joint in enumerate(e.joints)]
    weights = _weights(e, spaces, laws)
    C = sp.vstack(
        [
            sp.csr_array(W_a) @ R[3 * a : 3 * a + 3] - sp.csr_array(W_b) @ R[3 * b : 3 * b + 3]
            for (W_a, W_b), a, b in zip(weights, on_left, on_right, strict=True)
        ]
    )
    counted = [len(W) for W, _ in weights]
    Z = _diagonal([law.compliance[:n, :n] for n, law in zip(counted, laws, strict=True)])
    h = np.concatenate([law.source[:n] for n, law in zip(counted, laws, strict=True)])
    lossy = [(law, i) for law, *ends in zip(laws, on_left, on_right, strict=True) for i in ends]
    lossy = [(law, i) for law, i in lossy if law.shunt.any()]
    if lossy:
        own = sp.vstack([sp.csr_array(law.axes) @ R[3 * i : 3 * i + 3] for law, i in lossy])
        shunts = np.concatenate([law.shunt for law, _ in lossy])
        A = A + own.T @ sp.diags_array(shunts / system.unit) @ own
    # else a compliance of 1e12, where delta lets nothing pass, leaves its roundings in mu_s
    scale = sp.diags_array(1 / np.sqrt(np.maximum(system.unit * np.abs(Z.diagonal()), 1.0)))
    compliance = -system.unit * scale @ Z @ scale
    matrix = sp.block_array([[A, C.T @ scale], [scale @ C, compliance]], format="csc")
    counts_of = A.shape[0], np.cumsum(counted)[:-1]
    drives = [(1.0, load, np.split(h, counts_of[1]))]
    if e.drives:
        given = np.zeros((basis.N + 2, 3))
        shifts = [np.zeros(n) for n in counted]
        for face, vector in e.drives.items():
            side, way = inwards(face)
            drive = e.flat(vector, 1)[0]
            if e.reservoir[side]:  # it has no functions, and no part in C
                shifts[face] = -way * weights[face][side] @ drive
            else:
                given[on_right[0] if side == 0 else on_left[-1]] = way * drive
        drives.append((0.0, R.T @ given.ravel(), shifts))
    factors = splu(matrix)
    found = []
    for j0, forces, sources in drives:
        driving = np.concatenate([forces, system.unit * scale @ np.concatenate(sources)])
        unknowns = factors.solve(driving.astype(matrix.dtype, copy=False))
        mu = (R @ unknowns[: counts_of[0]]).reshape(-1, 3) / system.unit
        multipliers = np.split(scale @ unknowns[counts_of[0] :], counts_of[1])
        sides = mu[on_left], mu[on_right]
        faces = _faces(e, spaces, weights, multipliers, sides, laws, j0)
        found.append(_point(e, system, nodes, mu, faces, j0))
    return found


def _point(
    e: Elements,
    system: System,
    nodes: list[FloatArray],
    mu: FloatArray,
    faces: Faces,
    j0: float,
) -> Point:
    """Make the fields in all layers of mu_s on their functions, and what is absorbed there."""
    basis = system.basis
    counts = np.array([len(column) - 1 for column in nodes])
    last = np.cumsum(counts + 1) - 1
    first = last - counts
    volume: FloatArray = np.zeros((e.magnetic.size, 1, 3), dtype=e.dtype)
    fields: list[LayerField] = []
    for i in range(len(nodes)):
        k, d, cells = i + 1, e.thickness[i], slice(first[i] - i, last[i] - i)
        own = d * absorption(e, k)[0]
        field = element_field(
            np.diff(nodes[i])[:, None],
            mu[basis.nodal_dofs[0, first[i] : last[i] + 1], None],
            mu[basis.interior_dofs[:, cells]].transpose(1, 2, 0)[:, None],
            tensor(own, *_lost(e, k, d), e.m[k]) if k in e.lengths else own,
            faces.current_right[i],
        )
        if k in e.graded:
            inflow, factor = faces.current_right[i], e.absorbing(k)
            numbers = nodes[i], field.potential, d, e.m[k], inflow, j0, factor
            fields.append(graded.graded_field(e.graded[k], *numbers))
            continue
        fields.append(field)
        if k in e.lengths:
            integral = np.einsum("e,epc->pc", np.diff(nodes[i]), field.potential[..., 0])
            taken = tensor(np.zeros(1), *_lost(e, k, d, share_of_exchange), e.m[k])
            volume[k] = (taken @ integral[..., None])[..., 0]
    for k, dof in ((0, basis.N), (e.magnetic.size - 1, basis.N + 1)):
        if k in e.lengths:
            slow = _lead_across(e, k, share_of_exchange)
            volume[k] = tensor(np.zeros(1), *slow, e.m[k])[0] @ mu[dof]
    return Point(faces, fields, volume)


def _assemble(stack: Stack, e: Elements, nodes: list[FloatArray], degree: int) -> System:
    """Assemble the weak form of all layers at once, and add the leads."""
    grid = mesh.stack_mesh(stack, nodes)
    is_graded = bool(e.graded)
    basis = Basis(grid, mesh.line_element(degree), intorder=(3 if is_graded else 2) * degree)
    counts = np.array([len(column) - 1 for column in nodes])
    layer = np.repeat(np.arange(len(counts)), counts)
    xi = basis.mapping.F(basis.X)[0] - layer[:, None]

    def values(name: str) -> FloatArray:
        found: FloatArray = np.repeat(e.columns[name].fixed[1:-1], counts)[:, None] + 0.0 * xi
        for k, metal in e.graded.items():
            own = layer == k - 1
            found[own] = graded.profile(metal.numbers.get(name, 0.0))(xi[own])
            if name == "l":
                found[own] /= np.sqrt(e.absorbing(k))
        return found

    D, l, p = (values(name) for name in ("D", "l", "p"))
    d = e.thickness[layer]
    conductance, relaxation = D / (2 * d), d * D / (2 * l**2)
    unit = max(conductance.max(), np.abs(e.lead_stiffness).max())
    total = np.zeros_like(D)
    lost, turned = np.zeros_like(l), np.zeros_like(l)
    for k in e.lengths:
        own = layer == k - 1
        total[own] = total_conductivity(conductance[own], p[own], e.beta_D[k, 0])
        lost[own], turned[own] = _lost(e, k, d[own])

    def assembled(conducts: FloatArray, relaxes: FloatArray, leads: list[float]) -> sp.csr_array:
        K = forms.conduction.assemble(basis, conductance=conducts / unit)
        K = K + forms.relaxation.assemble(basis, relaxation=relaxes.real / unit)
        if e.retarded:
            K = K + 1j * forms.relaxation.assemble(basis, relaxation=relaxes.imag / unit)
        return _diagonal([K, np.diag(leads) / unit])

    ends = [0, e.magnetic.size - 1]
    across = [[x.item() for x in _lead_across(e, k)] for k in ends]
    owner = np.empty(basis.N, dtype=np.intp)
    owner[basis.element_dofs] = np.repeat(1 + np.arange(len(counts)), counts)
    f = forms.driving.assemble(basis, polarized_current=p)
    return System(
        basis,
        np.append(owner, ends),
        assembled(conductance, relaxation, e.lead_stiffness[:, 0].tolist()),
        assembled(total, lost, [x for x, _ in across]),
        assembled(np.zeros_like(D), turned, [x for _, x in across]),
        np.concatenate([f, e.p[ends, 0] * [1, -1]]),
        unit,
    )


def _whole(_e: Elements, _k: int, _sense: int) -> float:
    return 1.0


def _lost(e: Elements, k: int, d: FloatArray, share: Share = _whole) -> tuple[Any, Any]:
    """What a layer of thickness d loses of mu_s across m, and turns about it, S/m2; or a share."""
    return about_axis(e, lambda sense: d * share(e, k, sense) * absorption(e, k, sense)[1])


def _lead_across(e: Elements, k: int, share: Share = _whole) -> tuple[Any, Any]:
    """Stiffness across m of a lead with exchange lengths, S/m2, and what turns; else 0."""
    if k not in e.lengths:
        return np.zeros(1), np.zeros(1)
    total = total_conductivity(e.D[k], e.p[k], e.beta_D[k]) / 2

    return about_axis(
        e, lambda sense: share(e, k, sense) * np.sqrt(total * absorption(e, k, sense)[1])
    )


def _diagonal(blocks: Sequence[Any]) -> sp.csr_array:
    """Return blocks, dense or sparse, along the diagonal."""
    first, *others = blocks
    # scipy tells by any one of them whether it shall be an array or, as of old, a matrix
    return sp.csr_array(sp.block_diag([sp.coo_array(first), *others]))


def _vectorial(system: System, e: Elements) -> sp.csr_array:
    """Return the weak form for vectors: along m, across it, and what turns about it."""
    along, across, turning = [], [], []
    for k in range(e.magnetic.size):
        m = e.m[k]
        weak = k in e.lengths
        along.append(axial(np.ones(1), np.zeros(1), m)[0] if weak else np.eye(3))
        across.append(axial(np.zeros(1), np.full(1, float(weak)), m)[0])
        turning.append(axial(np.zeros(1), np.full(1, 1j * weak), m)[0])
    total = 0
    for K, parts in (
        (system.along, along),
        (system.across, across),
        (system.turning, turning),
    ):
        W = _diagonal([parts[k] for k in system.owner])
        total = total + sp.kron(K, sp.eye_array(3)) @ W
    return sp.csr_array(total)


def _law(e: Elements, face: int, joint: Interface | None) -> Law:
    """Return the law of a face."""
    if joint is None:
        return Law(np.eye(3), np.zeros((3, 3)), np.zeros(3), np.zeros(3))
    AR, gamma, delta = (float(e.flat(x)[0]) for x in (joint.resistance, joint.gamma, joint.delta))
    along, lost = 2 * AR, 0.0
    if delta:  # Z = 2 AR* sinh(delta)/delta, S = delta tanh(delta/2)/(2 AR*)
        along *= math.sinh(min(delta, ALL_LOST)) / delta
        lost = delta * math.tanh(delta / 2) / (2 * AR)
    across, lost_across, axes = complex(along), lost, np.eye(3)
    if magnets := [k for k in (face, face + 1) if e.magnetic[k]]:
        m = e.m[magnets[0]]
        axes = np.stack([m, *axes_across(m)], axis=1)[0]
        if not e.lets_across(magnets[0], face):
            across, lost_across = 0j, 0.0
            if joint.mixing is not None:
                across = 1 / complex(e.flat(joint.mixing)[0])
    compliance = np.array(
        [[along, 0, 0], [0, across.real, -across.imag], [0, across.imag, across.real]]
    )
    shunt = np.array([lost, lost_across, lost_across])
    return Law(axes, compliance, np.array([-along * gamma, 0, 0]), shunt)


def _add_drive(
    e: Elements,
    face: int,
    law: Law,
    drive: FloatArray,
    currents: tuple[FloatArray, FloatArray],
    absorbed: FloatArray,
) -> None:
    """Add what is given at an end to the currents there, and to what a ferromagnet absorbs."""
    side, way = inwards(face)
    outside, inside = currents[side], currents[1 - side]
    k = face + 1 - side
    m = e.m[k, 0]
    if not e.reservoir[side]:
        outside[face] = drive
        inside[face] = (m @ drive) * m if e.strong[k] else drive
    elif face in e.mixing and e.strong[k]:  # a line has no multipliers across m
        axes = law.axes[1:]
        outside[face] += way * axes.T @ np.linalg.solve(law.compliance[1:, 1:], axes @ drive)
    if e.strong[k] or face in e.mixing:
        taken = way * (outside[face] - inside[face])
        absorbed[1 - side, face] = taken - (m @ taken) * m


def _space(e: Elements, k: int) -> FloatArray:
    """Basis of what mu_s can be in element k, shape (3, 3, 1 or 0)."""
    if e.strong[k]:
        return e.m[k, 0, :, None]
    return np.eye(3) if e.D[k, 0] > 0 else np.zeros((3, 0))


def _weights(
    e: Elements, spaces: list[FloatArray], laws: list[Law]
) -> list[tuple[FloatArray, FloatArray]]:
    """Constraint rows of every face; none where an end blocks spin."""
    weights = [rows(a, b) for a, b in itertools.pairwise(spaces)]
    weights = [
        (law.axes, law.axes) if len(pair[0]) == 3 else pair
        for pair, law in zip(weights, laws, strict=True)
    ]
    for face, k in e.mixing.items():
        if k in e.lengths:  # what is across m stays on either side
            pair, closed = list(weights[face]), np.zeros((3, 3))
            closed[0] = laws[face].axes[0]
            pair[k - face] = closed
            weights[face] = (pair[0], pair[1])
    for face, end, reservoir in ((0, 0, e.reservoir[0]), (-1, -1, e.reservoir[1])):
        if e.D[end, 0] == 0 and not reservoir:
            weights[face] = (np.zeros((0, 3)), np.zeros((0, 3)))
    return weights


def _faces(
    e: Elements,
    spaces: list[FloatArray],
    weights: list[tuple[FloatArray, FloatArray]],
    multipliers: list[FloatArray],
    sides: tuple[FloatArray, FloatArray],
    laws: list[Law],
    j0: float,
) -> Faces:
    """Read spin currents and what the magnetizations absorb off the multipliers."""
    blank = np.zeros((2, *sides[0].shape), dtype=e.dtype)
    current_left, current_right = blank.copy()
    absorbed = blank  # by what is on the left, on the right of every face
    left, right = (side.copy() for side in sides)
    drives = {} if j0 else {face: e.flat(drive, 1)[0] for face, drive in e.drives.items()}
    for face, drive in drives.items():
        side, _ = inwards(face)
        if e.reservoir[side]:
            (left, right)[side][face] = drive
    for face, ((W_a, W_b), value) in enumerate(zip(weights, multipliers, strict=True)):
        a, b = spaces[face], spaces[face + 1]
        j_a, j_b = a @ a.T @ W_a.T @ value, b @ b.T @ W_b.T @ value
        takes = [e.strong[k] or e.mixing.get(face) == k for k in (face, face + 1)]
        if e.strong[face] and e.strong[face + 1]:
            m_a, m_b = a[:, 0], b[:, 0]
            shares = contact_absorption(m_a, m_b, m_a @ j_a, m_b @ j_b)
            absorbed[:, face] = shares
        elif takes[0] and b.size:
            absorbed[0, face] = j_a - j_b
        elif takes[1] and a.size:
            absorbed[1, face] = j_a - j_b
        # an end that is no lead takes up, or gives, whatever reaches it
        axes, shunt = laws[face].axes, laws[face].shunt
        lost_a, lost_b = (axes.T @ (shunt * (axes @ side[face])) for side in (left, right))
        current_left[face] = (j_a if a.size else W_a.T @ value) + lost_a
        current_right[face] = (j_b if b.size else W_b.T @ value) - lost_b
        if face in drives:
            currents = current_left, current_right
            _add_drive(e, face, laws[face], drives[face], currents, absorbed)
    # the same up to rounding where there is no interface
    clear = np.array([joint is None for joint in e.joints])
    left[:-1][clear[:-1]] = right[:-1][clear[:-1]]
    right[-1:][clear[-1:]] = left[-1:][clear[-1:]]
    # behind a spin-blocking end mu_s is that inside; at a reservoir it is 0
    if e.D[0, 0] == 0:
        left[0] = drives.get(0, 0.0) if e.reservoir[0] else right[0]
    if e.D[-1, 0] == 0:
        right[-1] = drives.get(len(right) - 1, 0.0) if e.reservoir[1] else left[-1]
    found = (left, right, current_left, current_right, *absorbed)
    return Faces(*(values[:, None] for values in found))
