r"""NGSolve as one writes it at first: a material and a space for every layer, forms layer by layer.

One 1D mesh, one element of order k a layer. On its own layer each function lives, and nowhere else:
three components of mu_N on a normal layer, one amplitude mu_F on a ferromagnet; every interface has
a multiplier lambda of three numbers. The bilinear form gets, one after another with the numbers of
that layer, end or interface,

.. math::

    \int (D/2)\,\mu' \cdot v' + \kappa\,\mu \cdot v ; \qquad
    G\,\mu \cdot v ; \qquad
    \lambda \cdot (v_N - v_F m) + \eta \cdot (\mu_N - \mu_F m) ,

and the linear form :math:`\int p\,v_F'`. One sparse matrix, one direct inverse.

Of the ways to write it this was the fastest: `NumberSpace` for the multipliers rather than an H1
space on a point, no static condensation, and spaces not compressed. Most of the time goes into
making spaces and forms, and in long stacks into assembly, where every element asks every space.
"""

from __future__ import annotations

import ngsolve as ngs
import numpy as np

from ..cases import Array, Sample
from .ngsolve_fem import ACCURACIES, absorbed, describe, mesh_of, solved

__all__ = ["ACCURACIES", "describe", "torques"]


def torques(sample: Sample, order: int) -> Array:
    """Return what all ferromagnets absorb, shape (f, 3)."""
    layers = len(sample.magnetic)
    metals = [f"layer{i}" for i in range(layers)]
    points = [f"face{i}" for i in range(layers + 1)]
    mesh = mesh_of(sample.faces, metals, points)
    layer = [mesh.Materials(name) for name in metals]
    face = [mesh.Boundaries(name) for name in points]

    spaces = []
    for i, magnetic in enumerate(sample.magnetic):
        space = ngs.H1(mesh, order=order, definedon=layer[i])
        spaces.append(space if magnetic else space**3)
    spaces += [ngs.NumberSpace(mesh, definedon=point) ** 3 for point in face[1:-1]]
    space = ngs.FESpace(spaces)
    trial, test = space.TnT()

    a = ngs.BilinearForm(space, symmetric=True)
    load = ngs.LinearForm(space)
    for i, magnetic in enumerate(sample.magnetic):
        u, v, D = trial[i], test[i], sample.D[i]
        kappa = D / (2 * sample.l[i] ** 2)
        a += (D / 2 * ngs.InnerProduct(ngs.grad(u), ngs.grad(v)) + kappa * u * v) * ngs.dx(layer[i])
        if magnetic:
            load += sample.p[i] * ngs.grad(v)[0] * ngs.dx(layer[i])
    for end, G, i in ((0, sample.lead[0], 0), (-1, sample.lead[1], layers - 1)):
        a += G * trial[i] * test[i] * ngs.ds(face[end])
    for i in range(1, layers):
        N, F = (i, i - 1) if sample.magnetic[i - 1] else (i - 1, i)
        q, r, m = trial[layers + i - 1], test[layers + i - 1], ngs.CF(tuple(sample.m[F]))
        a += (q * (test[N] - test[F] * m) + r * (trial[N] - trial[F] * m)) * ngs.ds(face[i])

    solution = solved(a, load)
    into = [solution.vec[space.Range(i)].FV().NumPy() for i in range(layers, 2 * layers - 1)]
    return absorbed(sample, np.array(into))
