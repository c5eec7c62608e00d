r"""NGSolve: one 1D mesh, an H1 space on each kind of metal, multipliers on the interface points.

With one element a layer and order k, three components of mu_N on the normal layers, one amplitude
mu_F on the ferromagnets, and lambda on the interface points

.. math::

    \int_N (D/2)\,\mu_N' \cdot v_N' + \kappa\,\mu_N \cdot v_N
    + \int_F (D/2)\,\mu_F' v_F' + \kappa\,\mu_F v_F
    + \sum_{ends} G \mu v
    + \sum_{faces} \lambda \cdot (v_N - v_F m) + \eta \cdot (\mu_N - \mu_F m) = \int_F p\,v_F' .

lambda is the spin current from the normal metal into the ferromagnet, which absorbs its part
across m. Numbers of layers are element-wise constants, so that the forms have a fixed number of
terms and any number of layers is assembled at once.
"""

from __future__ import annotations

import netgen.meshing as ng
import ngsolve as ngs
import numpy as np

from ..cases import Array, Sample

ACCURACIES = (2, 3, 4, 5, 6, 8)
INVERSE = "umfpack"


def describe(order: int) -> str:
    """Name a setting in a table."""
    return f"order {order}"


def mesh_of(sample: Sample) -> ngs.Mesh:
    """Return the mesh: an element a layer of material N or F, a point for every face."""
    mesh = ng.Mesh(dim=1)
    points = [mesh.Add(ng.MeshPoint(ng.Pnt(float(x), 0, 0))) for x in sample.faces]
    metal = {magnetic: mesh.AddRegion("NF"[magnetic], dim=1) for magnetic in (False, True)}
    left, face, right = (mesh.AddRegion(name, dim=0) for name in ("left", "interface", "right"))
    for i, magnetic in enumerate(sample.magnetic):
        mesh.Add(ng.Element1D([points[i], points[i + 1]], index=metal[magnetic]))
    for i, point in enumerate(points):
        where = left if i == 0 else right if i == len(points) - 1 else face
        mesh.Add(ng.Element0D(point, index=where))
    return ngs.Mesh(mesh)


def function(space: ngs.FESpace, values: Array) -> ngs.GridFunction:
    """Return a function of given coefficients."""
    made = ngs.GridFunction(space)
    made.vec.FV().NumPy()[:] = np.asarray(values).ravel()
    return made


def torques(sample: Sample, order: int) -> Array:
    """Return what all ferromagnets absorb, shape (f, 3)."""
    mesh, magnetic = mesh_of(sample), np.array(sample.magnetic)
    thickness, l = np.array(sample.thickness), np.array(sample.l)

    constants, nodal = ngs.L2(mesh, order=0), ngs.H1(mesh, order=1)
    D = function(constants, sample.D)
    kappa = function(constants, np.array(sample.D) / (2 * l**2))
    p = function(constants, sample.p)
    of_face = np.zeros((thickness.size + 1, 3))  # m of the ferromagnet at every face
    of_face[:-1][magnetic] = of_face[1:][magnetic] = sample.m[magnetic]
    m = ngs.CF(tuple(function(nodal, column) for column in of_face.T))

    normal = ngs.H1(mesh, order=order, definedon=mesh.Materials("N"))
    magnet = ngs.H1(mesh, order=order, definedon=mesh.Materials("F"))
    points = ngs.H1(mesh, order=1, definedon=mesh.Boundaries("interface"))
    space = normal**3 * magnet * points**3
    (u, f, q), (v, g, r) = space.TnT()

    a = ngs.BilinearForm(space, symmetric=True)
    on_n, on_f = ngs.dx(mesh.Materials("N")), ngs.dx(mesh.Materials("F"))
    a += (D / 2 * ngs.InnerProduct(ngs.grad(u), ngs.grad(v)) + kappa * u * v) * on_n
    a += (D / 2 * ngs.grad(f) * ngs.grad(g) + kappa * f * g) * on_f
    for end, G, layer in (("left", sample.lead[0], 0), ("right", sample.lead[1], -1)):
        a += G * (f * g if magnetic[layer] else u * v) * ngs.ds(end)
    a += (q * (v - g * m) + r * (u - f * m)) * ngs.ds("interface")
    load = ngs.LinearForm(space)
    load += p * ngs.grad(g)[0] * on_f
    a.Assemble()
    load.Assemble()

    solution = ngs.GridFunction(space)
    inverse = a.mat.Inverse(space.FreeDofs(), inverse=INVERSE)
    solution.vec.data = inverse * load.vec
    q = [component.vec.FV().NumPy() for component in solution.components[2].components]
    into = np.array(q).T[: thickness.size + 1].copy()
    into[[0, -1]] = 0.0  # no multiplier at the ends
    total = (into[:-1] + into[1:])[magnetic]
    directions = sample.m[magnetic]
    return total - (total * directions).sum(axis=1, keepdims=True) * directions
