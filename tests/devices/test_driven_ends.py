"""mu_s or a spin current given at an electrode: spin batteries, spin pumping, superconductors."""

import dataclasses

import numpy as np
import pytest
from wires import (
    BATTERY,
    DRIVEN,
    J0,
    KINDS,
    LEAD,
    NAMES,
    SOURCE,
    SPIN_CURRENT,
    SPIN_POTENTIAL,
    TILTED,
    UP,
    Co,
    Cu,
    Joint,
    Py,
    Weak,
    branched,
    inwards,
    stack,
    wire,
)

import spinfem as sf
from spinfem.constants import TORQUE_PER_SPIN_CURRENT
from spinfem.devices import linear

R = 50e-9


def driven(device, **currents):
    """The device with other currents into it."""
    electrodes = {
        name: sf.Electrode(current=currents[name], end=own.end) if name in currents else own
        for name, own in device.electrodes.items()
    }
    return sf.Device(device.grid, device.regions, electrodes, device.interfaces)


@pytest.mark.some(10)
@pytest.mark.parametrize("j0", [J0, 0.0])
@pytest.mark.parametrize("shape", ["quad", "pillar"])
@pytest.mark.parametrize("sample", DRIVEN)
def test_a_wire_is_its_stack(sample, shape, j0):
    """Torques and the voltage, with a current and without; dr is that of the current alone.

    Between nodes mu_s is of order 5, where torques are of order 8.
    """
    given = DRIVEN[sample]
    exact = sf.solve(stack(**given), j0)
    if shape == "pillar":
        A = np.pi * R**2
        device = sf.Device.pillar(stack(**given), radius=R, current=j0 * A, elements=6)
    else:
        A = KINDS[shape]
        device = driven(wire(shape, 6, **inwards(given)), left=j0 * A)
    found = sf.solve(device, degree=4)
    magnets = [name for name in NAMES if name in found.magnets]
    size = max(np.abs(exact.torque(name)).max() for name in magnets)
    for name in magnets:
        np.testing.assert_allclose(
            found.torque(name) / A, exact.torque(name), rtol=0, atol=1e-9 * size
        )
    at = np.linspace(0.5e-9, 21.5e-9, 7)
    points = np.stack([at, np.full(7, 1e-8)], axis=1)
    mu_s = exact.spin_potential(at)
    np.testing.assert_allclose(
        found.spin_potential(points[:, ::-1] if shape == "pillar" else points),
        mu_s,
        rtol=0,
        atol=1e-6 * np.abs(mu_s).max(),
    )
    size = max(abs(exact.voltage), np.abs(mu_s).max())
    voltage = found.potential("left") - found.potential("right")
    assert voltage == pytest.approx(exact.voltage, abs=1e-9 * size)
    if j0:
        assert found.resistance("left", "right") * A == pytest.approx(exact.resistance, rel=1e-9)
        assert found.spin_resistance * A == pytest.approx(exact.spin_resistance, rel=1e-8)


def test_a_pillar_of_one_normal_metal_in_closed_form():
    """mu_s that the left end gives, and a spin current that is positive towards +x at the right."""
    L, l = 20e-9, 15e-9
    metal = sf.NormalMetal(D=Cu.D, l=l)
    own = metal.D / (2 * l)

    def mu_s(x):
        given = np.multiply.outer(np.cosh((L - x) / l), SPIN_POTENTIAL)
        driven = np.multiply.outer(np.sinh(x / l), SPIN_CURRENT) / own
        return (given - driven) / np.cosh(L / l)

    device = sf.Device.pillar(
        sf.Stack([BATTERY, metal(L, name="N"), SOURCE]), radius=R, current=0.0, elements=6
    )
    found, x = sf.solve(device, degree=4), np.linspace(1e-9, 19e-9, 7)
    size = np.abs(SPIN_POTENTIAL).max()
    np.testing.assert_allclose(
        found.spin_potential(np.stack([0 * x + 1e-8, x], axis=1)), mu_s(x), atol=1e-7 * size
    )
    entering = own * np.tanh(L / l) * SPIN_POTENTIAL + SPIN_CURRENT / np.cosh(L / l)
    power = (entering @ SPIN_POTENTIAL - SPIN_CURRENT @ mu_s(L)) / 2
    assert found.power == pytest.approx(np.pi * R**2 * power, rel=1e-9)


@pytest.mark.parametrize("law", [None, sf.Interface(mixing=4e14 + 1e14j)])
def test_a_lead_with_exchange_lengths_takes_its_share_of_what_comes(law):
    """Behind a metal without relaxation; all, behind a mixing conductance alone."""
    m, metal = np.array([0.0, 0.6, 0.8]), sf.NormalMetal(D=Cu.D, l=np.inf)
    chain = [SOURCE, metal(20e-9, name="N"), *([law] if law else []), sf.Lead(Weak, m=m)]
    found = sf.solve(sf.Device.pillar(sf.Stack(chain), radius=R, current=0.0, elements=2))
    across = SPIN_CURRENT - (SPIN_CURRENT @ m) * m
    own = 1 / Weak.lambda_phi**2 - 1j / Weak.lambda_J**2
    share = own / (own + (1 - Weak.p**2) / Weak.l**2) if law is None else 1.0
    taken = np.real(share) * across + np.imag(share) * np.cross(m, across)
    np.testing.assert_allclose(
        found.torque("right") / TORQUE_PER_SPIN_CURRENT,
        np.pi * R**2 * taken,
        atol=1e-9 * np.pi * R**2 * np.abs(taken).max(),
    )


def test_sources_at_a_magnet_and_at_a_battery_are_those_of_a_stack():
    """What is across m is taken up at once; and no resistance knows of what is driven."""
    at_magnet = {"free": (Py, TILTED), "ends": (SOURCE, SOURCE)}
    normal = {"fixed": (Cu, None), "ends": (BATTERY, SOURCE)}
    for given in (at_magnet, normal):
        exact = sf.solve(stack(**given), J0)
        found = sf.solve(wire("line", 4, **inwards(given)), degree=4)
        size = np.abs(exact.torque("free")).max()
        for name in {*NAMES} & {*found.magnets}:
            np.testing.assert_allclose(
                found.torque(name), exact.torque(name), rtol=0, atol=1e-8 * size
            )
        assert found.resistance("left", "right") == pytest.approx(exact.resistance, rel=1e-9)
        assert found.spin_resistance == pytest.approx(exact.spin_resistance, rel=1e-8)


def test_a_reservoir_beside_a_lead_of_two_polarizations():
    """All over the lead's face ``mu_0 + beta_D m.mu_s/2`` is one, with a given mu_s at its edge."""
    lead = sf.Lead(dataclasses.replace(Co, beta_D=0.8), m=UP)
    device = wire("tri", 2, fixed=(Cu, None), ends=(lead, LEAD))
    mesh = device.grid.mesh
    below = mesh.facets_satisfying(lambda x: (x[1] < 1e-6) & (x[0] < 8), boundaries_only=True)
    grid = type(device.grid)(mesh.with_boundaries(mesh.boundaries | {"below": below}))
    mu_s = 1e-4 * UP
    electrodes = {
        "left": sf.Electrode(potential=2e-4, end=lead),
        "right": sf.Electrode(potential=0.0, end=LEAD),
        "below": sf.Electrode(j0=0.0, end=sf.Reservoir(mu_s)),
    }
    found = sf.solve(sf.Device(grid, device.regions, electrodes), degree=2)
    points = np.stack([np.zeros(4), [0.0, 4e-9, 11e-9, 30e-9]], axis=1)
    nu = found.spin_potential(points) @ UP / 2
    assert nu[0] == pytest.approx(5e-5, rel=1e-12)
    assert found.potential(points) + 0.8 * nu == pytest.approx(np.full(4, 2e-4), rel=1e-10)


JOINTS = {("spacer", "free"): Joint(3e-16, gamma=0.4, mixing=4e14)}


def probed(left, top, right=LEAD, current=0.0):
    """A valve with a third branch of these ends, solved."""
    device = branched(joints=JOINTS)
    electrodes = {
        "left": sf.Electrode(current=current, end=left),
        "right": sf.Electrode(potential=0.0, end=right),
        "top": sf.Electrode(current=0.0, end=top),
    }
    return sf.solve(sf.Device(device.grid, device.regions, electrodes, JOINTS), degree=2)


@pytest.mark.long
def test_what_currents_and_ends_drive_adds_up():
    ends = [sf.SpinSource(SPIN_CURRENT), sf.Reservoir(1e-4 * TILTED)]
    none = [sf.SpinSource(np.zeros(3)), sf.Reservoir()]
    parts = [
        probed(LEAD, none[0], none[1], current=1.0),
        probed(LEAD, ends[0], none[1]),
        probed(LEAD, none[0], ends[1]),
    ]
    whole = probed(LEAD, *ends, current=1.0)
    for name in NAMES:
        total = sum(part.torque(name) for part in parts)
        np.testing.assert_allclose(whole.torque(name), total, rtol=1e-9)
    for name in whole.device.electrodes:
        total = sum(part.potential(name) for part in parts)
        assert whole.potential(name) == pytest.approx(total, rel=1e-10)
    for at in (("left", "right"), ("left", "top")):
        assert whole.resistance(*at) == pytest.approx(parts[0].resistance(*at), rel=1e-12)
    assert whole.spin_resistance == pytest.approx(parts[0].spin_resistance, rel=1e-12)
    with pytest.raises(ValueError, match="current of electrode 'left' must not be 0 for a resist"):
        parts[1].resistance("left", "right")


@pytest.mark.parametrize("axis", np.eye(3), ids="xyz")
def test_a_spin_source_and_a_current_may_change_places(axis):
    """Onsager: the voltage per spin current is half of mu_s per current, without precession."""
    width = 6e-9
    x = np.array([10, 11.5, 13, 14.5, 16]) * 1e-9
    points = np.stack([x, np.full(5, 14e-9)], axis=1)
    mu_s = probed(LEAD, sf.SpinBlocking(), current=1.0).spin_potential(points)
    mean = np.array([1, 4, 2, 4, 1]) @ mu_s / 12  # Simpson's rule, exact for elements of degree 2
    driven = probed(LEAD, sf.SpinSource(axis / width))
    assert driven.potential("left") == pytest.approx(mean @ axis / 2, rel=1e-9)


@pytest.mark.long
@pytest.mark.parametrize("sample", ["battery behind mixing alone", "source at a ferromagnet"])
def test_other_directions_are_those_of_the_device_solved_anew(sample):
    device = wire("tri", 2, **inwards(DRIVEN[sample]))
    way = sf.direction(130, 200)
    turned = sf.solve(device, degree=2).turned(fixed=way)
    anew = sf.solve(device.replace(fixed=way), degree=2)
    size = np.abs(anew.torque("free")).max()
    for name in NAMES:
        np.testing.assert_allclose(turned.torque(name), anew.torque(name), atol=1e-10 * size)
    for what in ("power", "spin_resistance"):
        assert getattr(turned, what) == pytest.approx(getattr(anew, what), rel=1e-9)


@pytest.mark.long
@pytest.mark.parametrize("sample", ["source and battery", "battery behind a mixing conductance"])
def test_iterations_find_what_factors_do(sample, monkeypatch):
    """In three dimensions, where nu is counted in frames of magnets."""
    pytest.importorskip("pyamg")
    device = wire("tet", 2, **inwards(DRIVEN[sample]))
    exact = sf.solve(device, degree=1)
    monkeypatch.setattr(linear, "DIRECT", 10)
    found = sf.solve(device, degree=1)
    assert (exact.report.method, found.report.iterations > 0) == ("factors", True)
    size = np.abs(exact.torque("free")).max()
    for name in found.magnets:
        np.testing.assert_allclose(found.torque(name), exact.torque(name), rtol=0, atol=1e-8 * size)
    assert found.power == pytest.approx(exact.power, rel=1e-9)


@pytest.mark.long
@pytest.mark.parametrize("AR", [0.0, 3e-16])
def test_a_superconductor_is_an_interface_and_a_reservoir(AR):
    ends = sf.Superconductor(AR), sf.Superconductor(2 * AR)
    exact = sf.solve(stack(ends=ends), J0)
    for device, A in (
        (wire("quad", 6, ends=ends), KINDS["quad"]),
        (sf.Device.pillar(stack(ends=ends), radius=R, current=J0 * np.pi * R**2), np.pi * R**2),
    ):
        assert isinstance(device.electrodes["left"].end, sf.Reservoir)
        assert device.interfaces[frozenset({"free", "right"})].resistance == 2 * AR
        found = sf.solve(device, degree=4)
        assert found.resistance("left", "right") * A == pytest.approx(exact.resistance, rel=1e-9)
        size = np.abs(exact.torque("free")).max()
        for name in NAMES:
            np.testing.assert_allclose(
                found.torque(name) / A, exact.torque(name), rtol=0, atol=1e-9 * size
            )


def test_a_source_behind_a_disc_goes_into_the_device():
    """Above a pillar too, where that of a stack is positive along +x."""
    inner = LEAD | Co(8e-9, m=UP, name="fixed") | Cu(10e-9) | Py(4e-9, m=TILTED, name="free")
    source = sf.SpinSource(SPIN_CURRENT)
    cap = sf.Slab(Cu, 5e-9, R, end=source)
    device = sf.Device.pillar(inner | LEAD, radius=R, current=0.0, leads=(None, cap))
    exact = sf.solve(inner | Cu(5e-9) | sf.SpinSource(-SPIN_CURRENT), 0.0)
    found, A = sf.solve(device, degree=4), np.pi * R**2
    size = np.abs(exact.torque("free")).max()
    for name in NAMES:
        np.testing.assert_allclose(found.torque(name) / A, exact.torque(name), atol=1e-9 * size)


def test_ends_that_drive_are_printed():
    text = str(wire("tri", 1, **DRIVEN["battery"]))
    assert "Reservoir mu_s = (3e-05, -2e-05, 5e-05) V" in text


def reservoirs_that_touch():
    device = branched()
    mesh = device.grid.mesh
    upper = {"upper": lambda x: (x[0] < 1e-6) & (x[1] > 3), "lower": lambda x: x[0] < 1e-6}
    mesh = mesh.with_boundaries(mesh.boundaries | upper)
    facets = np.setdiff1d(mesh.boundaries["lower"], mesh.boundaries["upper"])
    mesh = mesh.with_boundaries(mesh.boundaries | {"lower": facets})
    electrodes = {
        "upper": sf.Electrode(j0=1e10),
        "lower": sf.Electrode(j0=1e10, end=sf.Reservoir(UP)),
        "right": device.electrodes["right"],
    }
    return sf.Device(type(device.grid)(mesh), device.regions, electrodes)


AR = Joint(1e-15)
ACROSS = "spin_potential of a reservoir must be along m of a strong ferromagnet at it"


@pytest.mark.parametrize(
    ("work", "error"),
    [
        (lambda d: sf.solve(wire("tri", 1, ends=(sf.Reservoir(TILTED), LEAD))), ACROSS),
        (
            lambda d: sf.solve(
                wire("tri", 1, ends=(sf.Reservoir(TILTED), LEAD), joints={("left", "fixed"): AR})
            ),
            ACROSS,
        ),
        (lambda d: sf.solve(reservoirs_that_touch()), "of reservoirs that touch must be the same"),
        (
            lambda d: wire(
                "tri", 1, ends=(sf.SpinSource(UP), LEAD), joints={("left", "fixed"): AR}
            ),
            "an interface must not be at a spin source, got one between 'fixed' and 'left'",
        ),
        (
            lambda d: wire(
                "tri", 1, ends=(sf.Superconductor(1e-15), LEAD), joints={("left", "fixed"): AR}
            ),
            "interfaces must be left out before a Superconductor, which has its own, got one betw",
        ),
        (lambda d: wire("tri", 1, ends=(sf.Superconductor([1e-15] * 2), LEAD)), "single numbers"),
        (
            lambda d: sf.Electrode(j0=0.0, end=sf.SpinSource(np.ones((2, 3)))),
            "uniform and no batch",
        ),
        (
            lambda d: sf.solve(d, certify=True),
            "bounds must be of what currents drive alone, got a spin_current that is given at 'le",
        ),
        (lambda d: sf.solve(d, tol=1e-3), "bounds must be of what currents drive alone, got a spi"),
        (
            lambda d: sf.solve(d).angular_modes("fixed", "free"),
            "angular modes must be of what currents drive alone, got a spin_current",
        ),
        (
            lambda d: sf.TorqueFunction(d),
            "a torque function must be of what currents drive alone, got a spin_current that is g",
        ),
        (
            lambda d: sf.Dynamics(d, {"free": sf.Magnet(Ms=8e5)}),
            "a torque function must be of what currents drive alone, got a spin_current",
        ),
    ],
)
def test_errors(work, error):
    with pytest.raises(ValueError, match=error):
        work(wire("tri", 1, ends=(sf.SpinSource(SPIN_CURRENT), LEAD)))
