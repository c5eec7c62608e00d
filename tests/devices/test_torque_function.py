"""Torques of a device as a function of all directions."""

import dataclasses
import re

import numpy as np
import pytest
import skfem
from wires import (
    J0,
    KINDS,
    LEAD,
    SAMPLES,
    TILTED,
    UP,
    Co,
    Cu,
    Joint,
    Py,
    Weak,
    branched,
    stack,
    twisted,
    wire,
)

import spinfem as sf
from spinfem.constants import TORQUE_PER_SPIN_CURRENT
from spinfem.devices.grid import Grid

DEGREES = {"line": 5, "quad": 3, "tri": 2, "tet": 2, "hex": 1}
TOUCHING = [name for name in SAMPLES if name.endswith("lead")]
APART = [name for name in SAMPLES if name not in TOUCHING]
BEHIND = {"fixed": Cu, "ends": (sf.Lead(Co, m=UP), LEAD)}
"""A lead that polarizes, and is held."""


def some(count, *shape):
    m = np.random.default_rng(5).normal(size=(*shape, count, 3))
    return m / np.linalg.norm(m, axis=-1, keepdims=True)


def turned(m, omega):
    """Turned by an angle |omega|."""
    angle = np.linalg.norm(omega)
    axis = omega / angle
    along = (m @ axis)[..., None] * axis
    return along + np.cos(angle) * (m - along) + np.sin(angle) * np.cross(axis, m)


@pytest.mark.some(4)
@pytest.mark.long
@pytest.mark.parametrize("kind", DEGREES)
@pytest.mark.parametrize("sample", [*APART, "held lead"])
def test_it_is_the_device_solved_in_these_directions(sample, kind):
    given = BEHIND if sample == "held lead" else SAMPLES[sample]
    device = wire(kind, 2, **given)
    function = sf.TorqueFunction(device, degree=DEGREES[kind])
    assert function.names == (("free",) if sample == "held lead" else ("fixed", "free"))
    assert function.shape == ()
    solution = sf.solve(device, degree=DEGREES[kind])
    m = some(len(function.names), 3)
    torques, resistances = function(m), function.resistance(m)
    assert torques.shape == m.shape
    assert resistances.shape == (3,)
    for one, torque, resistance in zip(m, torques, resistances, strict=True):
        exact = solution.turned(**dict(zip(function.names, one, strict=True)))
        expected = [exact.torque(name) for name in function.names]
        np.testing.assert_allclose(torque, expected, atol=1e-11 * np.abs(expected).max())
        assert np.isclose(resistance, exact.resistance("left", "right"), rtol=1e-11)


def test_a_magnet_behind_mixing_alone_is_its_device_too():
    """And a lead with exchange lengths, in every run."""
    given = SAMPLES["exchange lengths, mixing alone"] | {"fixed": (Cu, None)}
    lead = sf.Lead(Weak, m=sf.direction(110, 30))
    device = wire("tri", 2, **given | {"ends": (lead, LEAD)})
    function, solution = sf.TorqueFunction(device, degree=2), sf.solve(device, degree=2)
    for m in some(1, 3):
        exact = solution.turned(free=m[0]).torque("free")
        np.testing.assert_allclose(function(m)[0], exact, atol=1e-11 * np.abs(exact).max())


@pytest.mark.some(6)
@pytest.mark.parametrize("kind", ["line", "tri", "tet"])
@pytest.mark.parametrize("sample", [*APART, "held lead"])
def test_derivatives(sample, kind):
    """By differences, of which errors are of second order; and nothing changes along m."""
    given = BEHIND if sample == "held lead" else SAMPLES[sample]
    function = sf.TorqueFunction(wire(kind, 2, **given), degree=DEGREES[kind])
    m = some(len(function.names))
    found = function.jacobian(m)
    size = np.abs(found).max()
    np.testing.assert_allclose(np.einsum("iajb,jb->iaj", found, m), 0, atol=1e-12 * size)
    change = np.random.default_rng(2).normal(size=m.shape)
    errors = []
    for step in (2e-4, 1e-4):
        ends = function(np.stack([m + step * change, m - step * change]))
        expected = (ends[0] - ends[1]) / (2 * step)
        errors.append(np.abs(np.einsum("iajb,jb->ia", found, change) - expected).max() / size)
    assert errors[0] < 1e-4
    assert 3.9 < errors[0] / errors[1] < 4.1


@pytest.mark.long
@pytest.mark.parametrize("sample", APART)
def test_all_turned_alike_torques_turn_with_them(sample):
    """Nothing in a device has a direction but its magnets."""
    function = sf.TorqueFunction(wire("tri", 2, **SAMPLES[sample]), degree=2)
    m, omega = some(2), np.array([0.3, -0.7, 0.4])
    torques, slopes = function(m), function.jacobian(m)
    size = np.abs(torques).max()
    np.testing.assert_allclose(
        function(turned(m, omega)), turned(torques, omega), atol=1e-12 * size
    )
    changes = np.einsum("iajb,jb->ia", slopes, np.cross(omega, m))
    np.testing.assert_allclose(changes, np.cross(omega, torques), atol=1e-11 * size)


@pytest.mark.some(3)
@pytest.mark.long
@pytest.mark.parametrize("sample", APART)
def test_a_straight_wire_is_its_stack(sample):
    m = some(2, 2, 2)
    device, layers = wire("quad", 4, **SAMPLES[sample]), stack(**SAMPLES[sample])
    found, of_stack = sf.TorqueFunction(device, degree=6), sf.TorqueFunction(layers)
    expected = J0 * KINDS["quad"] * of_stack(m)
    np.testing.assert_allclose(found(m), expected, atol=1e-9 * np.abs(expected).max())
    slopes = J0 * KINDS["quad"] * of_stack.jacobian(m)
    np.testing.assert_allclose(found.jacobian(m), slopes, atol=1e-9 * np.abs(slopes).max())
    resistance = of_stack.resistance(m) / KINDS["quad"]
    np.testing.assert_allclose(found.resistance(m), resistance, rtol=1e-9)


@pytest.mark.long
def test_potentials_drive_it_too():
    device = wire("tri", 2)
    left, right = device.electrodes["left"], device.electrodes["right"]

    def driven(left, right):
        return sf.Device(device.grid, device.regions, {"left": left, "right": right})

    given = driven(
        sf.Electrode(potential=3e-4, end=left.end), sf.Electrode(potential=1e-4, end=right.end)
    )
    m = some(2)
    function = sf.TorqueFunction(given, degree=2)
    exact = sf.solve(given.replace(fixed=m[0], free=m[1]), degree=2)
    expected = [exact.torque(name) for name in function.names]
    np.testing.assert_allclose(function(m), expected, atol=1e-11 * np.abs(expected).max())
    with pytest.raises(ValueError, match="potential"):
        function.resistance(m)
    # where a potential is, is of no account
    lifted = driven(left, sf.Electrode(potential=0.2, end=right.end))
    one, other = (sf.TorqueFunction(x, degree=2).resistance(m) for x in (device, lifted))
    assert np.isclose(one, other, rtol=1e-12)


@pytest.mark.long
def test_a_pillar_of_three_magnets_wider_below():
    """No frames but at magnets, and corners; and its directions of the modes."""
    spacer = Cu(6e-9)
    layers = Co(8e-9, m=UP, name="a") | spacer | Py(4e-9, m=TILTED, name="b") | spacer
    layers = LEAD | layers | Co(3e-9, m=(1, 0, 0), name="c") | LEAD
    slab = sf.Slab(Cu, 20e-9, 60e-9, end=LEAD)
    device = sf.Device.pillar(layers, radius=20e-9, current=1e-4, leads=(slab, None))
    function, m = sf.TorqueFunction(device, degree=2), some(3)
    exact = sf.solve(device, degree=2).turned(**dict(zip("abc", m, strict=True)))
    expected = [exact.torque(name) for name in "abc"]
    np.testing.assert_allclose(function(m), expected, atol=1e-11 * np.abs(expected).max())


@pytest.mark.long
def test_it_is_the_sum_of_modes():
    solution = sf.solve(sf.load("meshes/crossing.toml"), degree=1)
    function = sf.TorqueFunction(solution.device, degree=1)
    modes = solution.angular_modes(*function.names)
    for theta in (20.0, 110.0):
        m = np.array([sf.direction(0), sf.direction(theta)])
        torques = function(m)
        ways = np.array([[1.0, 0, 0], [-np.cos(np.radians(theta)), 0, np.sin(np.radians(theta))]])
        expected = list(modes.torques_at(theta))
        np.testing.assert_allclose(np.einsum("ia,ia->i", torques, ways), expected, rtol=1e-8)
        assert np.isclose(function.resistance(m), modes.resistance_at(theta), rtol=1e-11)


def test_a_spin_sink_is_needed_in_all_directions():
    lossless = (sf.Ferromagnet(D=x.D, l=np.inf, p=x.p) for x in (Co, Py))
    magnets = dict(zip(("fixed", "free"), lossless, strict=True))
    device = wire("tri", 1, ends=(sf.SpinBlocking(),) * 2)
    regions = {name: (magnet, UP) for name, magnet in magnets.items()}
    spacer = sf.NormalMetal(D=1e8, l=np.inf)
    device = sf.Device(device.grid, {**regions, "spacer": spacer}, device.electrodes)
    function = sf.TorqueFunction(device, degree=1)
    assert np.isfinite(function([UP, TILTED])).all()
    for way in (UP, -UP):
        with pytest.raises(ValueError, match="no spin sink"):
            function([UP, way])


BAD = {
    "no magnet": (
        lambda: {"device": wire("tri", 1, Cu, Cu)},
        "device with a ferromagnet, got none",
    ),
    "a texture": (
        lambda: {"device": wire("tri", 1, free=(Py, twisted))},
        "m of 'free' must be one direction where magnets turn, got a function",
    ),
    "elements": (
        lambda: {"device": wire("tri", 1), "elements": 3},
        "elements must be left out for a device, got 3",
    ),
    "threads": (
        lambda: {"device": wire("tri", 1), "threads": 2},
        "threads must be left out for a device, got 2",
    ),
    **{
        name: (
            lambda name=name: {"device": wire("tri", 1, **SAMPLES[name])},
            "magnets that turn must not touch, nor a normal metal at one place, got "
            "'fixed' and 'left': take spinfem.solve(device).turned()",
        )
        for name in TOUCHING
    },
}


@pytest.mark.parametrize("kind", BAD)
def test_what_it_refuses(kind):
    make, message = BAD[kind]
    given = make()
    with pytest.raises(ValueError, match=re.escape(message)):
        sf.TorqueFunction(given.pop("device"), **given)


@pytest.mark.parametrize("m", [[UP], [[UP, TILTED, UP]], UP])
def test_directions_are_of_all_magnets(m):
    function = sf.TorqueFunction(wire("tri", 1), degree=1)
    for ask in (function, function.jacobian, function.resistance):
        with pytest.raises(ValueError, match=r"m must have shape \(\.\.\., 2, 3\), .* of fixed, f"):
            ask(m)


def test_coarse_cells_are_said_where_it_is_made():
    coarse = sf.Ferromagnet(D=1e7, l=1e-9, p=0.3)
    with pytest.warns(RuntimeWarning, match="shorter than the spin diffusion .* fixed") as caught:
        sf.TorqueFunction(wire("tri", 1, fixed=(coarse, UP)), degree=1)
    assert caught[0].filename == __file__
    with pytest.warns(RuntimeWarning, match="shorter than the spin diffusion .* fixed") as caught:
        sf.Dynamics(wire("tri", 1, fixed=(coarse, UP)), {"free": sf.Magnet(8e5)}, degree=1)
    assert caught[0].filename == __file__


def test_held_leads_are_sinks_of_what_crosses_them_alone():
    """Leads of no relaxation: spins that are along all m go nowhere."""
    lossless = [sf.Ferromagnet(D=x.D, l=np.inf, p=x.p) for x in (Co, Py)]
    spacer = sf.NormalMetal(D=1e8, l=np.inf)
    ends = sf.SpinBlocking(), sf.Lead(lossless[0], m=(1, 0, 0))
    device = wire("tri", 1, (lossless[1], UP), spacer, ends)
    device = sf.Device(device.grid, {**device.regions, "spacer": spacer}, device.electrodes)
    function = sf.TorqueFunction(device, degree=1)
    assert np.isfinite(function([TILTED])).all()
    with pytest.raises(ValueError, match="nearly singular"):
        function([(-1, 0, 0)])


@pytest.mark.long
def test_what_no_solution_has_digits_of_is_refused():
    """Charge that does not get through a resistance next to none."""
    joint = {("spacer", "free"): Joint(1e-4, gamma=0.3)}
    device = wire("quad", 2, joints=joint)
    for make in (sf.TorqueFunction, sf.solve):
        with pytest.raises(ValueError, match="the relative residual of a solution must be below"):
            make(device, degree=5)


@pytest.mark.long
@pytest.mark.parametrize("ways", [(UP, UP), (UP, -UP)])
@pytest.mark.parametrize("sample", ["transparent", "mixing", "exchange lengths"])
def test_derivatives_where_all_are_collinear(sample, ways):
    function, m = sf.TorqueFunction(wire("tri", 2, **SAMPLES[sample]), degree=2), np.array(ways)
    change = np.array([[0.3, -0.2, 0.0], [0.5, 0.4, 0.0]])
    ends = function(np.stack([m + 1e-4 * change, m - 1e-4 * change]))
    found = np.einsum("iajb,jb->ia", function.jacobian(m), change)
    expected = (ends[0] - ends[1]) / 2e-4
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(found).max())


@pytest.mark.long
@pytest.mark.parametrize("left", [sf.Lead(Co, m=TILTED), sf.Reservoir(), LEAD])
def test_devices_with_a_third_electrode(left):
    """Which has a density given; and a lead that is held, behind a normal metal."""
    device = branched()
    metals = {**device.regions, "fixed": Cu}
    electrodes = {
        **device.electrodes,
        "left": sf.Electrode(current=1.0, end=left),
        "top": sf.Electrode(j0=-3e7, end=LEAD),
    }
    device = sf.Device(device.grid, metals, electrodes, {("top", "spacer"): Joint(1e-16)})
    function, (m,) = sf.TorqueFunction(device, degree=2), some(1)
    solution = sf.solve(device.replace(free=m), degree=2)
    current = sum(x for x in map(solution.current, device.electrodes) if x > 0)
    rounding = 1e-11 * TORQUE_PER_SPIN_CURRENT * current  # without a polarizer there is no torque
    np.testing.assert_allclose(function([m])[0], solution.torque("free"), atol=rounding)
    assert np.isclose(function.resistance([m]), solution.power / current**2, rtol=1e-10)


def test_nothing_is_left_of_mu_0_where_all_of_it_is_given():
    """A magnet alone between two potentials, in one dimension."""
    mesh = skfem.MeshLine1.init_tensor(np.linspace(0, 8, 5)).with_subdomains({"free": np.arange(4)})
    mesh = mesh.with_boundaries({"a": lambda x: x[0] < 1, "b": lambda x: x[0] > 7})
    ends = {"a": sf.Electrode(potential=1e-3), "b": sf.Electrode(potential=0.0)}
    ends = {name: dataclasses.replace(end, end=LEAD) for name, end in ends.items()}
    function = sf.TorqueFunction(sf.Device(Grid(mesh), {"free": (Co, UP)}, ends), degree=2)
    np.testing.assert_allclose(function([TILTED]), 0, atol=1e-30)
