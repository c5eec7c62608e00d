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


def mesh_of(positions: Array, metals: list[str], points: list[str]) -> ngs.Mesh:
    """Return the mesh: an element a layer.

    Parameters
    ----------
    positions : array, shape (n + 1,)
        Where the faces are.
    metals : list of str, length n
        The material of every layer.
    points : list of str, length n + 1
        The boundary that every face belongs to.
    """
    mesh = ng.Mesh(dim=1)
    vertices = [mesh.Add(ng.MeshPoint(ng.Pnt(float(x), 0, 0))) for x in positions]
    metal = {name: mesh.AddRegion(name, dim=1) for name in dict.fromkeys(metals)}
    point = {name: mesh.AddRegion(name, dim=0) for name in dict.fromkeys(points)}
    for i, name in enumerate(metals):
        mesh.Add(ng.Element1D(vertices[i : i + 2], index=metal[name]))
    for vertex, name in zip(vertices, points, strict=True):
        mesh.Add(ng.Element0D(vertex, index=point[name]))
    return ngs.Mesh(mesh)


def solved(a: ngs.BilinearForm, load: ngs.LinearForm) -> ngs.GridFunction:
    """Assemble both forms and return the solution."""
    a.Assemble()
    load.Assemble()
    solution = ngs.GridFunction(a.space)
    inverse = a.mat.Inverse(a.space.FreeDofs(), inverse=INVERSE)
    solution.vec.data = inverse * load.vec
    return solution


def absorbed(sample: Sample, into: Array) -> Array:
    """Return what all ferromagnets absorb, shape (f, 3).

    Parameters
    ----------
    sample : Sample
        The stack.
    into : array, shape (n - 1, 3)
        The spin current through every interface, from the normal metal into the ferromagnet.
    """
    at_faces = np.zeros((len(into) + 2, 3))  # nothing is absorbed at the ends
    at_faces[1:-1] = into
    total = (at_faces[:-1] + at_faces[1:])[sample.magnetic]
    m = sample.m[sample.magnetic]
    return total - (total * m).sum(axis=1, keepdims=True) * m


def function(space: ngs.FESpace, values: Array) -> ngs.GridFunction:
    """Return a function of given coefficients."""
    made = ngs.GridFunction(space)
    made.vec.FV().NumPy()[:] = np.asarray(values).ravel()
    return made


def torques(sample: Sample, order: int) -> Array:
    """Return what all ferromagnets absorb, shape (f, 3)."""
    magnetic, inner = np.array(sample.magnetic), len(sample.magnetic) - 1
    metals = ["NF"[layer] for layer in sample.magnetic]
    mesh = mesh_of(sample.faces, metals, ["left", *inner * ["interface"], "right"])
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

    q = [part.vec.FV().NumPy() for part in solved(a, load).components[2].components]
    return absorbed(sample, np.array(q).T[1 : inner + 1])
