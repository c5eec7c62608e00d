"""Balances of devices: where spins go, where power goes, integrated anew from the fields alone."""

import dataclasses
from typing import NamedTuple

import numpy as np
import pytest
import skfem
from skfem import ElementTriP1, ElementTriP2, Functional, LinearForm
from skfem.helpers import dot, grad
from wires import DRIFTING, DRIVEN, LEAD, SAMPLES, WIDE, Cu, Py, inwards, twisted, wire

import spinfem as sf
from spinfem.constants import TORQUE_PER_SPIN_CURRENT
from spinfem.devices.device import Region
from spinfem.devices.grid import Grid
from spinfem.fem.graded import profiles
from spinfem.sample.pieces import Lead, Reservoir, SpinSource

ELEMENTS = {1: ElementTriP1, 2: ElementTriP2}


class Parts(NamedTuple):
    """What spins do, three components each, A; and what is dissipated, W: by where it is."""

    spins: dict[str, np.ndarray]
    heat: dict[str, float]


@Functional
def whole(w):
    return w.f


@LinearForm
def flow(v, w):
    """What a region gives to the functions v: ``-int j_s . grad v + int 2 kappa nu v``."""
    return w.D * (w.p * dot(grad(w.mu_0), grad(v)) + dot(grad(w.nu), grad(v))) + w.kappa * w.nu * v


class Fields:
    """The fields of a solved device of triangles on its mesh in metres."""

    def __init__(self, solution):
        self.solution, self.device = solution, solution.device
        grid = self.device.grid
        self.mesh = grid.mesh.scaled(grid.unit)
        self.element = ELEMENTS[solution.system.functions.degree]()
        self.dofs = {k: solution.system.functions.in_cells(v) for k, v in grid.regions.items()}

    def bases(self, name):
        return skfem.Basis(
            self.mesh, self.element, elements=self.device.grid.regions[name], intorder=6
        )

    def facets(self, own):
        kind = skfem.InteriorFacetBasis if self.mesh.f2t[1, own[0]] >= 0 else skfem.FacetBasis
        return kind(self.mesh, self.element, facets=own, intorder=6)

    def of(self, name):
        """mu_0, nu, m of a region or electrode at the degrees of freedom of the whole mesh."""
        count, places = self.solution.system.functions.count, self.solution.system.places
        mu_0, nu, m = np.zeros(count), np.zeros((3, count)), np.zeros((3, count))
        if name in self.device.regions:
            points, at, mu_s = self.solution.field(name)
            mu_0[self.dofs[name]], nu[:, self.dofs[name]] = at, mu_s.T / 2
            if self.device.regions[name].is_magnet:
                m[:, self.dofs[name]] = self.device.regions[name].at(points).T
        else:
            own, end = places.of(name), self.device.electrodes[name].end
            dofs = places.dofs[own]
            nu[:, dofs] = self.solution._nu[own].T
            mu_0[dofs] = self.solution.potential(name)
            if is_magnetic(end):
                m[:, dofs] = np.asarray(end.m)[:, None]
                if end.material.is_strong:
                    nu[:, dofs] = m[:, dofs] * np.einsum("in,in->n", m[:, dofs], nu[:, dofs])
                mu_0[dofs] -= end.material.diffusion_polarization * np.einsum(
                    "in,in->n", m[:, dofs], nu[:, dofs]
                )
        return mu_0, nu, m


def is_magnetic(end):
    return isinstance(end, Lead) and end.m is not None


def integral(basis, f):
    return float(whole.assemble(basis, f=f))


def along(nu, m):
    return np.einsum("in,in->n", nu, m)


def numbers_at(region, basis):
    """D_tot, p, beta_D and 2 kappa at the points of a basis."""
    xi = region.xi(np.moveaxis(np.asarray(basis.global_coordinates()), 0, -1))
    D, l, p, q = (number(xi) for number in profiles(region.metal))
    return D / (1 - p * q), p, q, D / l**2


def of_region(fields, name):
    """What a region loses to the lattice, what a texture takes inside it, and its heat."""
    region, basis = fields.device.regions[name], fields.bases(name)
    metal, (mu_0, nu, m) = region.metal, fields.of(name)
    D, p, q, kappa = numbers_at(region, basis)
    at = [basis.interpolate(x) for x in nu]
    if not region.is_magnet:
        heat = D * dot(grad(basis.interpolate(mu_0)), grad(basis.interpolate(mu_0)))
        heat = heat + sum(D * dot(grad(x), grad(x)) + kappa * x**2 for x in at)
        return [integral(basis, kappa * x) for x in at], np.zeros(3), integral(basis, heat)
    one, ways = basis.interpolate(along(nu, m)), [basis.interpolate(x) for x in m]
    g, h = grad(basis.interpolate(mu_0)), grad(one)
    heat = D * (dot(g, g) + (p + q) * dot(g, h) + dot(h, h)) + kappa * one**2
    lost = np.array([integral(basis, kappa * one * way) for way in ways])
    turned = np.array([integral(basis, D * dot(p * g + h, grad(way))) for way in ways])
    if not region.is_strong:
        across = [basis.interpolate(x) for x in nu - along(nu, m) * m]
        rate = kappa + D / metal.lambda_phi**2
        heat = heat + sum(D * dot(grad(x), grad(x)) + rate * x**2 for x in across)
        lost += [integral(basis, kappa * x) for x in across]
    return lost, turned, integral(basis, heat)


def of_contact(fields, contact):
    """What an interface loses to the lattice, and its heat."""
    law, basis = contact.law, fields.facets(contact.facets)
    (mu_a, nu_a, m_a), (mu_b, nu_b, m_b) = (fields.of(name) for name in contact.names)
    m = np.where(m_a.any(axis=0), m_a, m_b)
    square = lambda x: integral(basis, basis.interpolate(x) ** 2)  # noqa: E731
    spins, heat = np.zeros(3), 0.0
    is_normal = [not x.any() for x in (m_a, m_b)]
    is_weak = any(
        name in fields.device.regions
        and fields.device.regions[name].is_magnet
        and not fields.device.regions[name].is_strong
        for name in contact.names
    )
    if law.resistance:
        AR, gamma, delta = law.resistance, law.gamma, law.delta
        B = (delta / np.sinh(delta) if delta else 1.0) / AR  # for nu = mu_s/2
        S = delta * np.tanh(delta / 2) / AR
        a, b = along(nu_a, m), along(nu_b, m)
        heat += square(mu_b - mu_a + gamma * (b - a)) / (AR * (1 - gamma**2))
        heat += B * square(b - a) + S * (square(a) + square(b))
        ways = [basis.interpolate(x) for x in m]
        both = basis.interpolate(a + b)
        spins += [S * integral(basis, both * way) for way in ways]
        if all(is_normal) or (is_weak and law.mixing is None):
            a, b = nu_a - a * m, nu_b - b * m
            heat += sum(B * square(y - x) + S * (square(x) + square(y)) for x, y in zip(a, b))
            spins += [S * integral(basis, basis.interpolate(x)) for x in a + b]
    if law.mixing is not None:
        nu = nu_a if is_normal[0] else nu_b
        heat += 2 * np.real(law.mixing) * sum(square(x) for x in nu - along(nu, m) * m)
    return spins, heat


def taken_by_mixing(fields, contact):
    """What a mixing conductance takes of mu_s of a reservoir."""
    basis, (_, _, m), (_, nu, _) = (
        fields.facets(contact.facets),
        *(fields.of(name) for name in contact.names),
    )
    at = np.array([integral(basis, basis.interpolate(x)) for x in nu - along(nu, m) * m])
    m = fields.device.regions[contact.names[0]].m
    mixing = contact.law.mixing
    return 2 * (np.real(mixing) * at + np.imag(mixing) * np.cross(m, at))


def taken_by_reservoir(fields, contact):
    """What passes an interface to it; or minus what the region in front gives to functions there.

    Besides what a mixing conductance takes.
    """
    name, law = contact.names[0], contact.law
    if law.resistance:
        basis = fields.facets(contact.facets)
        (mu_a, nu_a, m), (mu_b, nu_b, _) = (fields.of(one) for one in contact.names)
        B = (law.delta / np.sinh(law.delta) if law.delta else 1.0) / law.resistance
        S = law.delta * np.tanh(law.delta / 2) / law.resistance
        if not m.any():
            passing = B * (nu_a - nu_b) - S * nu_b
            return np.array([integral(basis, basis.interpolate(x)) for x in passing])
        a, b = along(nu_a, m), along(nu_b, m)
        j = (mu_a - mu_b + law.gamma * (a - b)) / (law.resistance * (1 - law.gamma**2))
        passing = law.gamma * j + B * (a - b) - S * b
        return np.array([integral(basis, basis.interpolate(passing * way)) for way in m])
    region, basis, (mu_0, nu, m) = fields.device.regions[name], fields.bases(name), fields.of(name)
    metal, (D, p, _, kappa) = region.metal, numbers_at(region, basis)
    given = {"D": D, "p": p, "kappa": kappa, "mu_0": basis.interpolate(mu_0)}

    def back(nu, **other):
        return -flow.assemble(basis, nu=basis.interpolate(nu), **given | other)[contact.dofs]

    if not region.is_magnet:
        return np.array([back(x).sum() for x in nu])
    found = m[:, contact.dofs] @ back(along(nu, m))
    if not region.is_strong:
        rest = nu - along(nu, m) * m
        rate = kappa + D / metal.lambda_phi**2
        found = found + [back(x, p=0 * p, kappa=rate).sum() for x in rest]
        turned, rate = np.cross(rest, m, axis=0), D / metal.lambda_J**2
        found = found + [back(x, D=0 * D, kappa=rate).sum() for x in turned]
    return found


def basis_sums(basis, rows):
    return np.array([integral(basis, basis.interpolate(x)) for x in rows])


def sum_of_squares(basis, rows):
    return integral(basis, sum(basis.interpolate(x) ** 2 for x in rows))


def lead_across(metal):
    """What ``nu_1 + i nu_2`` across m drives into a lead, S/m2, and what the lattice has of it."""
    total = metal.D / (1 - metal.p * metal.diffusion_polarization)
    lattice = metal.D / metal.l**2 / total
    rate = lattice + 1 / metal.lambda_phi**2 - 1j / metal.lambda_J**2
    return total * np.sqrt(rate), total * np.sqrt(rate) * lattice / rate


def balance(solution):
    """All that takes up spins or power. Ferromagnetic leads and sources bring spins."""
    fields, spins, heat = Fields(solution), {}, {}
    for name in solution.device.regions:
        spins[f"lattice of {name}"], spins[f"texture of {name}"], heat[name] = of_region(
            fields, name
        )
    for contact in solution.system.contacts:
        pair = " and ".join(contact.names)
        spins[pair], heat[pair] = of_contact(fields, contact)
        electrode = solution.device.electrodes.get(contact.names[1])
        if electrode and isinstance(electrode.end, Reservoir):
            spins[f"reservoir {pair}"] = taken_by_reservoir(fields, contact)
            if contact.law.mixing is not None:
                spins[f"reservoir {pair}"] -= taken_by_mixing(fields, contact)
    for name, electrode in solution.device.electrodes.items():
        if isinstance(electrode.end, SpinSource):
            basis = fields.facets(solution.device.grid.surfaces[name])
            area = integral(basis, basis.interpolate(np.ones(basis.N)))
            spins[f"from {name}"] = -area * electrode.end.spin_current
        if not isinstance(electrode.end, Lead):
            continue
        basis, (_, nu, _) = fields.facets(solution.device.grid.surfaces[name]), fields.of(name)
        G = electrode.end.material.D / electrode.end.material.l  # 2 G
        if is_magnetic(electrode.end) and not electrode.end.material.is_strong:
            m = np.broadcast_to(electrode.end.m, nu.T.shape).T
            along = (nu * m).sum(axis=0)
            across, turned = nu - along * m, np.cross(m, nu, axis=0)
            rate, lost = lead_across(electrode.end.material)
            on_lattice = basis_sums(basis, [*(lost.real * across + lost.imag * turned)])
            spins[f"lattice of {name}"] = on_lattice
            heat[f"across {name}"] = rate.real * sum_of_squares(basis, across)
            nu = along * m
        spins[f"into {name}"] = G * basis_sums(basis, nu)
        heat[f"of {name}"] = G * sum_of_squares(basis, nu)
        if is_magnetic(electrode.end):
            current = solution.current(name)
            spins[f"from {name}"] = -electrode.end.material.p * current * electrode.end.m
    for name in solution.magnets:
        spins[f"torque of {name}"] = solution.torque(name) / TORQUE_PER_SPIN_CURRENT
    return Parts({k: np.asarray(v) for k, v in spins.items()}, heat)


@pytest.mark.some(14)
@pytest.mark.long
@pytest.mark.parametrize("degree", [1, 2])
@pytest.mark.parametrize("texture", [False, True])
@pytest.mark.parametrize("sample", SAMPLES)
def test_power_and_spins_balance(sample, texture, degree):
    """Spins enter with the current of ferromagnetic leads alone, and all are found again."""
    device = wire("tri", 2, **SAMPLES[sample])
    if texture:
        strong = [k for k, r in device.regions.items() if r.is_magnet and r.is_strong]
        device = device.replace(**dict.fromkeys(strong, twisted))
    solution = sf.solve(device, degree=degree)
    spins, heat = balance(solution)
    assert sum(heat.values()) == pytest.approx(solution.power, rel=1e-11)
    assert min(heat.values()) >= 0
    largest = max(np.abs(x).max() for x in spins.values())
    np.testing.assert_allclose(sum(spins.values()), 0, rtol=0, atol=1e-11 * largest)
    currents = [solution.current(name) for name in ("left", "right")]
    assert abs(sum(currents)) < 1e-11 * abs(currents[0])


def test_mixing_that_turns_spins_does_no_work_where_m_varies():
    device = wire("tri", 1, **SAMPLES["mixing alone"]).replace(fixed=twisted)
    solution = sf.solve(device, degree=1)
    _, heat = balance(solution)
    assert sum(heat.values()) == pytest.approx(solution.power, rel=1e-11)


@pytest.mark.parametrize("end", [LEAD, sf.SpinBlocking()], ids=["lead", "blocking"])
@pytest.mark.parametrize("degree", [1, 2])
def test_a_node_that_magnet_normal_metal_and_electrode_share(degree, end):
    """What goes into the electrode there is not the magnet's."""
    device = wire("tri", 2)
    mesh, spacer = device.grid.mesh, [*device.regions].index("spacer")
    over = mesh.facets_satisfying(lambda x: x[1] > WIDE - 1e-6, boundaries_only=True)
    over = over[device.grid.region_of_cell[mesh.f2t[0, over]] == spacer]
    top = {"top": sf.Electrode(current=2.0, end=end)}
    grid = Grid(mesh.with_boundaries(mesh.boundaries | {"top": over}))
    solution = sf.solve(sf.Device(grid, device.regions, device.electrodes | top), degree=degree)
    spins, heat = balance(solution)
    assert sum(heat.values()) == pytest.approx(solution.power, rel=1e-11)
    largest = max(np.abs(x).max() for x in spins.values())
    np.testing.assert_allclose(sum(spins.values()), 0, rtol=0, atol=1e-11 * largest)


@pytest.mark.parametrize("sample", ["transparent", "exchange lengths, mixing"])
def test_power_and_spins_balance_with_two_polarizations(sample):
    found = sf.solve(wire("tri", 2, **DRIFTING[sample]), degree=2)
    spins, heat = balance(found)
    assert sum(heat.values()) == pytest.approx(found.power, rel=1e-11)
    largest = max(np.abs(x).max() for x in spins.values())
    np.testing.assert_allclose(sum(spins.values()), 0, rtol=0, atol=1e-11 * largest)


def test_power_and_spins_balance_in_graded_metals():
    """D is linear, so that both quadratures are exact."""
    ends = sf.Reservoir(), sf.Reservoir()
    device = wire("tri", 2, ends=ends, joints=SAMPLES["resistive"]["joints"])
    metals = {
        "spacer": dataclasses.replace(Cu, D=lambda xi: Cu.D * (1 - 0.5 * xi)),
        "free": dataclasses.replace(Py, D=lambda xi: Py.D * (1 + xi)),
    }
    places = {"spacer": (0, 8e-9, 18e-9), "free": (0, 18e-9, 22e-9)}
    regions = {
        name: Region(metal, device.regions[name].m, places[name]) for name, metal in metals.items()
    }
    regions = {**device.regions, **regions}
    found = sf.solve(
        sf.Device(device.grid, regions, device.electrodes, device.interfaces), degree=2
    )
    spins, heat = balance(found)
    assert sum(heat.values()) == pytest.approx(found.power, rel=1e-11)
    largest = max(np.abs(x).max() for x in spins.values())
    np.testing.assert_allclose(sum(spins.values()), 0, rtol=0, atol=1e-11 * largest)


@pytest.mark.some(10)
@pytest.mark.parametrize("sample", DRIVEN)
def test_power_and_spins_balance_where_ends_drive(sample):
    """What enters at electrodes is found again in torques, lattices and reservoirs."""
    found = sf.solve(wire("tri", 2, **inwards(DRIVEN[sample])), degree=2)
    spins, heat = balance(found)
    assert sum(heat.values()) == pytest.approx(found.power, rel=1e-11)
    largest = max(np.abs(x).max() for x in spins.values())
    np.testing.assert_allclose(sum(spins.values()), 0, rtol=0, atol=1e-11 * largest)


def test_where_potentials_are_is_of_no_account():
    """To all digits of their difference; and twice of it is four times the power."""
    device = wire("tri", 2)
    left, right = (device.electrodes[name].end for name in ("left", "right"))

    def power(voltage, offset):
        electrodes = {
            "left": sf.Electrode(potential=offset + voltage, end=left),
            "right": sf.Electrode(potential=offset, end=right),
        }
        given = sf.Device(device.grid, device.regions, electrodes)
        return sf.solve(given, degree=2).power

    one = power(2.0**-20, 0.0)
    assert one > 0
    assert power(2.0**-20, 2.0**20) == pytest.approx(one, rel=1e-12)
    assert power(2.0**-19, 0.0) == pytest.approx(4 * one, rel=1e-12)
