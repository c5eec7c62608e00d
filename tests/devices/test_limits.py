"""What limits devices, measured: thin layers, rims, units, and what must not change."""

import dataclasses

import numpy as np
import pytest
import skfem
from wires import J0, KINDS, LEAD, NAMES, TILTED, UP, WIDE, Co, Cu, Py, wire

import spinfem as sf
from spinfem.devices.assembly import ALONG
from spinfem.devices.builders import pillar_grid
from spinfem.devices.device import Region
from spinfem.devices.grid import Grid

R = 50e-9


def thin(d):
    """A valve with a free layer of d, nm, in rectangles, and its stack."""
    x = np.concatenate(
        [np.linspace(0, 8, 7), np.linspace(8, 18, 4)[1:], 18 + d * np.array([0.5, 1])]
    )
    mesh = skfem.MeshQuad1.init_tensor(x, np.linspace(0, WIDE, 3))
    middle = mesh.p[0][mesh.t].mean(axis=0)
    regions = {
        "fixed": np.flatnonzero(middle < 8),
        "spacer": np.flatnonzero((middle > 8) & (middle < 18)),
        "free": np.flatnonzero(middle > 18),
    }
    mesh = mesh.with_subdomains(regions).with_boundaries(
        {"left": lambda x: x[0] == 0, "right": lambda x: x[0] == x[0].max()}
    )
    device = sf.Device(
        Grid(mesh),
        {"fixed": (Co, UP), "spacer": Cu, "free": (Py, TILTED)},
        {
            "left": sf.Electrode(current=J0 * KINDS["quad"], end=LEAD),
            "right": sf.Electrode(potential=0.0, end=LEAD),
        },
    )
    inner = Co(8e-9, m=UP, name="fixed") | Cu(10e-9) | Py(d * 1e-9, m=TILTED, name="free")
    return device, LEAD | inner | LEAD


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::spinfem.UnitWarning")  # thinner than any
@pytest.mark.parametrize("d", [1e-1, 1e-3, 1e-4, 1e-6])
def test_layers_may_be_thin_but_not_of_nothing(d):
    """Doubles lose a digit of the torque per digit that a layer is thinner than the others: 1.5e-14
    of it at 0.1 nm, 3e-13 at 1e-3 nm, 4e-13 at 1e-4 nm, 3e-10 at 1e-6 nm. The stack loses none."""
    device, layers = thin(d)
    found, exact = sf.solve(device, degree=4), sf.solve(layers, J0)
    size = max(np.abs(exact.torque(name)).max() for name in NAMES)
    for name in NAMES:
        off = found.torque(name) / KINDS["quad"] - exact.torque(name)
        assert np.abs(off).max() < 10 * np.finfo(float).eps * (10 / d) * size


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e6])
def test_the_unit_of_a_mesh_is_no_matter(scale):
    device = wire("tri", 2)
    mesh = device.grid.mesh
    scaled = type(mesh)(mesh.p * scale, mesh.t).with_subdomains(mesh.subdomains)
    grid = Grid(scaled.with_boundaries(mesh.boundaries), 1e-9 / scale)
    found = sf.solve(sf.Device(grid, device.regions, device.electrodes), degree=2)
    exact = sf.solve(device, degree=2)
    for name in NAMES:
        np.testing.assert_allclose(found.torque(name), exact.torque(name), rtol=1e-9, atol=1e-24)
        for one, other in zip(found.nodal_torque(name), exact.nodal_torque(name), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-24)
    for one, other in zip(found.field("free"), exact.field("free"), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-18)
    points, density = found.torque_density("free", "spacer")
    assert points[:, 0] == pytest.approx(18e-9)
    np.testing.assert_allclose(
        density, exact.torque_density("free", "spacer")[1], rtol=1e-8, atol=1e-20
    )


@pytest.mark.long
def test_cells_that_shrink_towards_a_rim_pay():
    """The current density has no bound at the rim of a pillar below a wider disc. With cells of
    1e-4 of the radius there elements of degree 2 are right to 1e-4, with a tenth of the radius not
    to 1e-3."""
    discs = (("below", 20e-9, 100e-9), ("above", 20e-9, 100e-9))
    layers = [("fixed", 8e-9, 60e-9), ("Cu", 10e-9, 450e-9), ("free", 4e-9, 5.5e-9)]
    metals = {"fixed": (Co, UP), "Cu": Cu, "free": (Py, sf.direction(90)), "below": Cu, "above": Cu}
    electrodes = {"left": sf.Electrode(current=1e-3), "right": sf.Electrode(potential=0.0)}

    def torque(smallest, growth=0.25):
        grid = pillar_grid(layers, R, discs, smallest=smallest, growth=growth)
        return sf.solve(sf.Device(grid, metals, electrodes), degree=2).torque("free")[2]

    finest = torque(1e-6 * R)
    assert abs(torque(2e-4 * R) / finest - 1) < 1e-4
    assert abs(torque(0.1 * R, growth=10.0) / finest - 1) > 1e-3


def test_devices_do_not_change():
    given = np.array([0.0, 0.6, 0.8])
    device = wire("tri", 1, free=(Py, given))
    before = sf.solve(device).torque("free")
    given[:] = 1.0, 0.0, 0.0
    assert np.array_equal(sf.solve(device).torque("free"), before)
    for thing, key in (
        (device, "regions"),
        (device.grid, "unit"),
        (device.regions["free"], "m"),
        (device.electrodes["left"], "current"),
        (Region(Cu), "metal"),
    ):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, key, None)
    with pytest.raises(ValueError, match="read-only"):
        device.regions["free"].m[0] = 1.0


def test_one_cell_between_two_electrodes():
    """A potential that is given and a current that enters meet in one matrix element."""
    mesh = skfem.MeshQuad1().scaled(10.0).with_subdomains({"N": [0]})
    mesh = mesh.with_boundaries({"left": lambda x: x[0] == 0, "right": lambda x: x[0] == 10})
    electrodes = {"left": sf.Electrode(current=J0 * 10e-9), "right": sf.Electrode(potential=1e-3)}
    found = sf.solve(sf.Device(Grid(mesh), {"N": Cu}, electrodes), degree=1)
    assert found.potential("left") == pytest.approx(1e-3 + J0 * 10e-9 / Cu.D, rel=1e-12)


@pytest.mark.parametrize(("kind", "degree"), [("line", 2), ("quad", 3)])
def test_elements_without_values_at_points(kind, degree):
    where = "at most 1 on lines(,| and) 2 on quadrilaterals"
    with pytest.raises(ValueError, match=where):
        sf.solve(wire(kind, 2), degree=degree).field("free")
    with pytest.raises(ValueError, match=where):
        sf.solve(wire(kind, 2, free=(Py, lambda x: np.tile(TILTED, (len(x), 1)))), degree=degree)


def test_every_unknown_is_of_one_kind():
    """By which the iterative solver takes them apart."""
    unknowns = sf.solve(wire("tri", 2), degree=2).system.unknowns
    of_charge, reading = abs(unknowns.potential).sum(axis=0) > 0, unknowns.spin.tocoo()
    components = np.zeros((3, len(unknowns.kinds)), dtype=bool)
    components[reading.coords[0] % 3, reading.coords[1]] = True
    for kind, wanted in enumerate([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]):
        own = unknowns.kinds == kind
        assert own.any()
        assert (of_charge[own] == (kind == 0)).all()
        assert (wanted == components[:, own].T).all()
    along = unknowns.kinds == ALONG
    assert along.any()
    assert not of_charge[along].any()
    assert unknowns.kinds.max() == ALONG
