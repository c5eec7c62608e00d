"""Torques as Lagrange multipliers: the mixed form on broken meshes, assembled anew.

Every region has fields of its own; the densities of charge and spin current through an interface
are multipliers of ``[mu_0] = 0`` and of ``nu_N = nu_F m``. What of the latter is across m is the
torque, with no residual in it.
"""

import numpy as np
import pytest
import scipy.sparse as sp
import skfem
from scipy.sparse.linalg import splu
from skfem import BilinearForm, ElementTriP1, ElementTriP2
from skfem.helpers import dot, grad
from wires import TILTED, branched, twisted

import spinfem as sf
from spinfem.constants import TORQUE_PER_SPIN_CURRENT
from spinfem.devices.grid import Grid

ELEMENTS = {1: ElementTriP1, 2: ElementTriP2}
VOLTS = {"left": 1e-3, "right": -2e-3, "top": 5e-4}


@BilinearForm
def gradients(u, v, w):
    return dot(grad(u), grad(v))


@BilinearForm
def products(u, v, w):
    return u * v


class Mixed:
    """The saddle point of a device without interfaces of their own, between given potentials."""

    def __init__(self, device, degree):
        mesh = device.grid.mesh.scaled(device.grid.unit)
        element = ELEMENTS[degree]()
        whole = skfem.Basis(mesh, element)
        self.points = whole.doflocs
        self.dofs, self.m, self.first = {}, {}, {}
        blocks, size = [], 0
        for name, cells in device.grid.regions.items():
            region = device.regions[name]
            basis = skfem.Basis(mesh, element, elements=cells)
            own = self.dofs[name] = np.unique(basis.element_dofs)
            K, M = (form.assemble(basis).tocsr()[own][:, own] for form in (gradients, products))
            metal, p = region.metal, getattr(region.metal, "p", 0.0)
            D, loss = metal.D / (1 - p**2), metal.D / metal.l**2
            outside = 0 * M
            m = region.at(self.points[:, own].T) if region.is_magnet else None
            for surface, electrode in device.electrodes.items():
                facets = mesh.boundaries[surface]
                facets = facets[np.isin(mesh.f2t[0, facets], cells)]
                if not len(facets):
                    continue
                at = skfem.FacetBasis(mesh, element, facets=facets)
                G = electrode.end.material.D / electrode.end.material.l
                F = G * products.assemble(at).tocsr()[own][:, own]
                # a lead of normal metal has the components of nu m
                ways = [] if m is None else [sp.diags_array(x) for x in m.T]
                outside = outside + (sum(x @ F @ x for x in ways) if ways else F)
            spins = D * K + loss * M + outside
            if region.is_magnet:
                self.m[name] = m
                blocks.append(sp.block_array([[D * K, D * p * K], [D * p * K, spins]]))
            else:
                blocks.append(sp.block_diag([D * K, spins, spins, spins]))
            self.first[name] = size
            size += blocks[-1].shape[0]
        A, constraints = sp.block_diag(blocks, format="csr"), []
        self.faces = {}
        count = 0
        for (one, other), facets in device.grid.interfaces.items():
            magnet, normal = (one, other) if device.regions[one].is_magnet else (other, one)
            basis = skfem.InteriorFacetBasis(mesh, element, facets=facets)
            on = np.unique(whole.get_dofs(facets).flatten())
            mass = products.assemble(basis).tocsr()[on][:, on]
            a, b = (np.searchsorted(self.dofs[name], on) for name in (normal, magnet))
            m = self.m[magnet][b]
            row = np.arange(len(on))
            pick = lambda at, values: sp.csr_array((values, (row, at)), (len(row), size))  # noqa: B023, E731
            one_each = np.ones(len(on))
            start_N, start_F = self.first[normal], self.first[magnet]
            n, k = len(self.dofs[normal]), len(self.dofs[magnet])
            rows = [pick(start_N + a, one_each) - pick(start_F + b, one_each)]
            rows += [
                pick(start_N + (1 + i) * n + a, one_each) - pick(start_F + k + b, m[:, i])
                for i in range(3)
            ]
            constraints += [mass @ x for x in rows]
            self.faces[magnet, normal] = on, m, mass, count
            count += 4 * len(on)
        C = sp.vstack(constraints, format="csr")
        weight = abs(A).max() / abs(C).max()
        saddle = sp.block_array([[A, weight * C.T], [weight * C, None]], format="csr")
        given = np.zeros(saddle.shape[0])
        held = np.zeros(saddle.shape[0], dtype=bool)
        for surface in device.electrodes:
            on = np.unique(whole.get_dofs(mesh.boundaries[surface]).flatten())
            for name, own in self.dofs.items():
                at = self.first[name] + np.flatnonzero(np.isin(own, on))
                held[at], given[at] = True, VOLTS[surface]
        free = ~held
        x = given.copy()
        load = -(saddle @ given)[free]
        factors = splu(saddle[free][:, free].tocsc())
        x[free] = factors.solve(load)
        x[free] += factors.solve(load - saddle[free][:, free] @ x[free])
        self.x, self.multipliers = x, weight * x[size:]

    def mu_0(self, name):
        first = self.first[name]
        return self.x[first : first + len(self.dofs[name])]

    def mu_s(self, name):
        n, first = len(self.dofs[name]), self.first[name]
        if name in self.m:
            return 2 * self.x[first + n : first + 2 * n, None] * self.m[name]
        return 2 * self.x[first + n : first + 4 * n].reshape(3, n).T

    def torques(self, magnet, normal):
        """What flows out of the normal metal and is not along m: at nodes, J, and its density.

        ``A u + C^T lambda = 0``, and A u are minus the currents that flow out, ``D grad nu . n``.
        """
        on, m, mass, start = self.faces[magnet, normal]
        flow = self.multipliers[start : start + 4 * len(on)].reshape(4, -1)[1:].T
        currents = mass @ flow
        taken = currents - np.einsum("ni,ni->n", currents, m)[:, None] * m
        density = splu(mass.tocsc()).solve(taken)
        return TORQUE_PER_SPIN_CURRENT * taken, TORQUE_PER_SPIN_CURRENT * density


def uneven(device):
    """The same device with inner nodes moved."""
    mesh = device.grid.mesh
    p = mesh.p.copy()
    between = np.concatenate([*device.grid.interfaces.values()])
    inner = np.setdiff1d(mesh.interior_nodes(), mesh.facets[:, between])
    p[:, inner] += np.random.default_rng(3).uniform(-0.15, 0.15, (2, len(inner)))
    moved = skfem.MeshTri1(p, mesh.t).with_subdomains(mesh.subdomains)
    grid = Grid(moved.with_boundaries(mesh.boundaries))
    return sf.Device(grid, device.regions, device.electrodes)


@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("free", [TILTED, twisted], ids=["uniform", "texture"])
def test_the_torque_is_the_multiplier(degree, free):
    """And mu_0 and mu_s are those of the mixed form."""
    device = uneven(branched().replace(free=free))
    electrodes = {
        name: sf.Electrode(potential=VOLTS[name], end=own.end)
        for name, own in device.electrodes.items()
    }
    device = sf.Device(device.grid, device.regions, electrodes)
    found, mixed = sf.solve(device, degree=degree), Mixed(device, degree)
    size = max(np.abs(mixed.mu_s(name)).max() for name in device.regions)
    for name in device.regions:
        points, mu_0, mu_s = found.field(name)
        np.testing.assert_allclose(points, mixed.points[:, mixed.dofs[name]].T, atol=1e-17)
        np.testing.assert_allclose(mu_0, mixed.mu_0(name), rtol=0, atol=1e-13)
        np.testing.assert_allclose(mu_s, mixed.mu_s(name), rtol=0, atol=1e-10 * size)
    for magnet in found.magnets:
        nodal, density = mixed.torques(magnet, "spacer")
        ours = found.nodal_torque(magnet, "spacer")[1], found.torque_density(magnet, "spacer")[1]
        for one, other in zip(ours, (nodal, density), strict=True):
            atol = 1e-10 * np.abs(other).max()
            np.testing.assert_allclose(one, other, rtol=0, atol=atol)
        total = nodal.sum(axis=0)
        np.testing.assert_allclose(
            found.torque(magnet, "spacer"), total, rtol=0, atol=1e-10 * np.abs(total).max()
        )
