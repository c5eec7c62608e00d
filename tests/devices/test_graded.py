"""Graded metals in devices: those of a straight wire as those of its stack."""

import dataclasses

import numpy as np
import pytest
from wires import (
    ACROSS,
    DIRECTIONS,
    GRADED,
    J0,
    JOINTS,
    KINDS,
    LEAD,
    NAMES,
    RECIPROCAL,
    SPACER,
    TILTED,
    UP,
    Co,
    Cu,
    Joint,
    Py,
    graded,
    layers,
    wire,
)

import spinfem as sf
from spinfem.devices.builders import pillar_grid
from spinfem.devices.device import Region
from spinfem.studies.fingerprints import fingerprint

R = 50e-9
M = np.array([sf.direction(20, 70), sf.direction(100, -30)])


def errors(found, exact, A):
    """Of torques, in the largest one, of the resistance and of dr."""
    size = max(np.abs(exact.torque(name)).max() for name in NAMES)
    torques = [np.abs(found.torque(name) / A - exact.torque(name)).max() for name in NAMES]
    ends = found.resistance("left", "right") * A / exact.resistance - 1
    dr = found.spin_resistance * A / exact.spin_resistance - 1
    return np.array([max(torques) / size, abs(ends), abs(dr)])


@pytest.mark.long
@pytest.mark.some(5)
@pytest.mark.parametrize(
    ("kind", "degree"),
    [*(("line", k) for k in (1, 2, 3, 4)), *((x, k) for x in ("quad", "tri") for k in (2, 3))],
)
def test_a_wire_converges_to_its_stack_with_twice_the_degree(kind, degree):
    exact = sf.solve(layers(), J0)
    found = [
        errors(sf.solve(graded(kind, n), degree=degree), exact, KINDS[kind]) for n in (4, 8, 16)
    ]
    rates = np.log2(np.array(found[:-1]) / found[1:])
    assert (rates[-1] > 2 * degree - 0.1).all() or found[-1].max() < 1e-11
    assert found[-1].max() < {1: 1e-3, 2: 2e-6, 3: 1e-9, 4: 1e-11}[degree]


@pytest.mark.some(3)
@pytest.mark.parametrize("kind", ["line", "quad", "tri", "hex", "tet"])
def test_functions_that_are_constant_are_numbers(kind):
    def constant(x):
        return lambda xi: x + 0 * xi

    metals = {
        name: dataclasses.replace(
            metal, **{key: constant(x) for key, x in metal.numbers.items() if key != "tau"}
        )
        for name, metal in (("fixed", Co), ("spacer", Cu), ("free", Py))
    }
    found = sf.solve(graded(kind, 2, metals), degree=2)
    exact = sf.solve(wire(kind, 2, joints=JOINTS), degree=2)
    size = np.abs(exact.torque("free")).max()
    for name in NAMES:
        np.testing.assert_allclose(
            found.torque(name), exact.torque(name), rtol=0, atol=1e-10 * size
        )
    assert found.power == pytest.approx(exact.power, rel=1e-11)


def test_a_wire_of_two_polarizations_that_vary_is_its_stack():
    """And the current in it is the same all over, of order 4."""
    exact, found = sf.solve(layers(), J0), sf.solve(graded("line", 6), degree=4)
    assert errors(found, exact, 1.0).max() < 1e-7
    x = np.array([[1e-9], [5e-9], [9e-9], [16e-9], [19e-9], [21e-9]])
    assert found.charge_current(x)[:, 0] == pytest.approx(np.full(6, J0), rel=1e-4)


@pytest.mark.long
def test_a_metal_may_be_graded_the_other_way():
    """From the end of a region to its beginning: that of the mirrored function."""
    device = graded("quad", 2)
    regions = dict(device.regions)
    for name, metal in GRADED.items():
        turned = {
            key: (lambda xi, own=x: own(1 - xi)) if callable(x) else x
            for key, x in metal.numbers.items()
        }
        mirrored = dataclasses.replace(metal, **turned)
        regions[name] = Region(mirrored, DIRECTIONS[name], (0, *ACROSS[name][::-1]))
    other = sf.Device(device.grid, regions, device.electrodes, device.interfaces)
    one, two = (sf.solve(x, degree=2) for x in (device, other))
    for name in NAMES:
        np.testing.assert_allclose(one.torque(name), two.torque(name), rtol=1e-10)


@pytest.mark.parametrize("width", [1e-13, 1e-9, 1e-3, 0.5])
@pytest.mark.parametrize("discs", [False, True])
def test_a_pillar_is_its_stack(width, discs):
    """Of metals that have diffused into each other, also where that is a jump; breaks are nodes.

    Discs as wide as the pillar are layers of a stack.
    """
    mixed = sf.interdiffused(Co, Py, width=width)
    pieces = (
        Co(8e-9, m=UP, name="fixed") | Cu(10e-9, name="spacer") | mixed(4e-9, m=TILTED, name="free")
    )
    A = np.pi * R**2
    if discs:
        disc = sf.Slab(Cu, 20e-9, R, end=LEAD)
        exact = sf.solve(LEAD | Cu(20e-9) | pieces | Cu(20e-9) | LEAD, J0)
        device = sf.Device.pillar(
            LEAD | pieces | LEAD, radius=R, current=J0 * A, leads=(disc, disc)
        )
    else:
        exact = sf.solve(LEAD | pieces | LEAD, J0)
        device = sf.Device.pillar(LEAD | pieces | LEAD, radius=R, current=J0 * A)
    assert errors(sf.solve(device, degree=4), exact, A).max() < 1e-8


def test_breaks_are_nodes_beside_wider_discs():
    """Where cells are made smaller towards the rims."""
    breaks = np.array([0.3, 0.301, 0.9])
    wide = ("lead", 50e-9, 100e-9)
    grid = pillar_grid(
        [("a", 8e-9, 5e-9), ("b", 4e-9, 5e-9)], R, (wide, None), breaks={"b": breaks}
    )
    heights = np.unique(grid.mesh.p[1])
    for x in 8 + 4 * breaks:
        assert np.abs(heights - x).min() < 1e-12


@pytest.mark.long
def test_in_other_directions_a_wire_is_its_stack():
    device, A = graded("quad", 4), KINDS["quad"]
    of_stack = sf.TorqueFunction(layers())
    found = sf.TorqueFunction(device, degree=6)
    turned = sf.solve(device, degree=6).turned(fixed=M[0], free=M[1])
    for one, other in (
        ([turned.torque(name) for name in NAMES], J0 * A * of_stack(M)),
        (found(M), J0 * A * of_stack(M)),
        (found.jacobian(M), J0 * A * of_stack.jacobian(M)),
        (found.resistance(M), of_stack.resistance(M) / A),
    ):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-9 * np.abs(other).max())


@pytest.mark.long
def test_angular_modes_are_those_of_the_device_turned():
    device = graded("quad", 2, RECIPROCAL, {SPACER[1]: Joint(3e-16, gamma=0.4)})
    solution = sf.solve(device, degree=3)
    modes = solution.angular_modes("fixed", "free")
    turned = solution.turned(fixed=UP, free=sf.direction(70))
    assert modes.resistance_at(70.0) == pytest.approx(turned.resistance("left", "right"), rel=1e-10)
    size = np.abs(turned.torque("free")).max()
    assert modes.torques_at(70.0)[1] == pytest.approx(
        -turned.torque("free") @ sf.direction(160), abs=1e-10 * size
    )


@pytest.mark.long
def test_magnets_move_as_those_of_the_stack():
    A = KINDS["line"]
    magnets = {"free": sf.Magnet(8e5, alpha=0.02), "fixed": sf.Magnet(1.4e6, alpha=0.05, K=2e4)}
    wired = sf.Dynamics(graded("line", 4), magnets, degree=6)
    layered = sf.Dynamics(layers(), magnets)
    for one, other in (
        (wired.pumped(M), A * layered.pumped(M)),
        (wired.velocity(M, 3.0), layered.velocity(M, 3 * J0)),
    ):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-8 * np.abs(other).max())


@pytest.mark.long
def test_fields_inside_are_those_of_the_stack():
    """Derivatives are of order 5."""
    exact, found = sf.solve(layers(), J0), sf.solve(graded("quad", 8), degree=5)
    x = np.array([1e-9, 5e-9, 9e-9, 16e-9, 19e-9, 21e-9])
    points = np.stack([x, 0 * x + 1e-8], axis=1)
    for one, other in (
        (found.charge_current(points)[:, 0], np.full(len(x), J0)),
        (found.spin_current(points)[:, 0], exact.spin_current(x)),
        (found.spin_potential(points), exact.spin_potential(x)),
    ):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * np.abs(other).max())


def test_where_a_metal_is_graded_is_a_number_of_a_sweep():
    """Results that are stored are of a device with the same ones."""
    places = (0, 18e-9, 22e-9), (0, 22e-9, 18e-9), (0, 18e-9, 22e-9)
    found = [fingerprint(with_free(place), {}) for place in places]
    assert found[0] == found[2] != found[1]


DEVICE = wire("tri", 1)


def with_free(across, metal=GRADED["free"]):
    region = Region(metal, TILTED, across)
    return sf.Device(DEVICE.grid, {**DEVICE.regions, "free": region}, DEVICE.electrodes)


@pytest.mark.parametrize(
    ("work", "error"),
    [
        (lambda: with_free(None), "of a graded metal must be the number of a coordinate, and whe"),
        (lambda: with_free((0, 1e-9)), "must be the number of a coordinate, and where xi is 0 and"),
        (lambda: with_free((-1, 18e-9, 22e-9)), r"must be the number of a coord.*, got \(-1, 1"),
        (lambda: with_free((0, 18e-9, 18e-9)), "across of a region must have two ends that differ"),
        (lambda: with_free((2, 0.0, 1e-9)), "across of 'free' must have a coordinate below 2, got"),
        (
            lambda: with_free((0, 18e-9, 20e-9)),
            "'free' must be between the ends of its graded metal, 1.8e-08 and 2e-08 m, got 1.8e-08",
        ),
        (lambda: with_free((0, 18e-9, 22e-9), Py), "across of a region must be left out for a uni"),
        (
            lambda: sf.solve(with_free((0, 18e-9, 22e-9)), certify=True),
            "metal of 'free' must be uniform to be certified, got a graded one",
        ),
        (lambda: sf.Slab(GRADED["spacer"], 1e-8, 1e-7), "metal of a slab must be uniform, got fun"),
    ],
)
def test_errors(work, error):
    with pytest.raises(ValueError, match=error):
        work()
