"""Electrodes: currents, potentials and current densities, alone and together."""

import numpy as np
import pytest
from wires import (
    J0,
    KINDS,
    LEAD,
    NAMES,
    SAMPLES,
    TILTED,
    Co,
    Cu,
    Joint,
    Py,
    branched,
    stack,
    wire,
)

import spinfem as sf

R = 50e-9
FAR = 0.37e-3
"""V, a potential that is not zero."""


def driven(device, **given):
    """A device with other currents, potentials and densities at its electrodes."""
    electrodes = {
        name: sf.Electrode(**given.get(name, {"current": 0.0}), end=own.end)
        for name, own in device.electrodes.items()
    }
    return sf.Device(device.grid, device.regions, electrodes, device.interfaces)


def pillar(**given):
    return sf.Device.pillar(stack(**given), radius=R, current=1e-3)


DRIVES = {
    "current": lambda A, V: ({"current": J0 * A}, {"potential": FAR}),
    "current behind": lambda A, V: ({"potential": FAR + V}, {"current": -J0 * A}),
    "potentials": lambda A, V: ({"potential": FAR + V}, {"potential": FAR}),
    "density": lambda A, V: ({"j0": J0}, {"potential": FAR}),
    "density behind": lambda A, V: ({"potential": FAR + V}, {"j0": -J0}),
}


@pytest.mark.some(15)
@pytest.mark.parametrize("shape", ["planar", "axisymmetric"])
@pytest.mark.parametrize("sample", [*SAMPLES, "two ferromagnetic leads, resistive"])
@pytest.mark.parametrize("drive", DRIVES)
def test_a_wire_is_its_stack_however_it_is_driven(drive, sample, shape):
    """1e-9 of the voltage and 1e-10 of the torque are elements of degree 4, six a layer."""
    leads = sf.Lead(Co, m=(1, 0, 0)), sf.Lead(Py, m=TILTED)
    given = SAMPLES.get(
        sample, {"ends": leads, "joints": {("spacer", "free"): Joint(3e-16, gamma=0.4)}}
    )
    exact = sf.solve(stack(**given), J0)
    device, A = (
        (wire("quad", 6, **given), KINDS["quad"])
        if shape == "planar"
        else (pillar(**given), np.pi * R**2)
    )
    V = J0 * exact.resistance
    one, other = DRIVES[drive](A, V)
    found = sf.solve(driven(device, left=one, right=other), degree=4)
    assert found.current("left") == pytest.approx(J0 * A, rel=1e-9)
    assert found.current("right") == pytest.approx(-J0 * A, rel=1e-9)
    assert found.potential("left") == pytest.approx(FAR + V, rel=1e-9)
    assert found.potential("right") == pytest.approx(FAR, rel=1e-9)
    assert found.resistance("left", "right") * A == pytest.approx(exact.resistance, rel=1e-9)
    assert found.power == pytest.approx(J0**2 * exact.resistance * A, rel=1e-9)
    size = max(np.abs(exact.torque(name)).max() for name in NAMES)
    for name in NAMES:
        np.testing.assert_allclose(
            found.torque(name) / A, exact.torque(name), rtol=0, atol=1e-9 * size
        )


def test_a_density_brings_the_spins_of_its_lead():
    """As a current does, where both are the same all over."""
    device = wire("line", 2, **SAMPLES["ferromagnetic lead"])
    exact = sf.solve(device, degree=2)
    found = sf.solve(driven(device, left={"j0": J0}, right={"potential": 0.0}), degree=2)
    assert found.potential("left") == pytest.approx(exact.potential("left"), rel=1e-11)
    size = np.abs(exact.torque("free")).max()
    np.testing.assert_allclose(found.torque("free"), exact.torque("free"), atol=1e-11 * size)


JOINTS = {("spacer", "free"): Joint(3e-16, gamma=0.4)}
LEADS = [(LEAD, LEAD), (sf.Lead(Co, m=(1, 0, 0)), sf.Lead(Py, m=-TILTED))]
THREE = "left", "right", "top"


@pytest.mark.long
@pytest.mark.parametrize("leads", LEADS, ids=["normal", "ferromagnetic"])
def test_any_drive_of_three_electrodes_gives_the_same(leads):
    """Currents that two potentials and a probe let in, put in, give these potentials; and sums."""
    device = branched(*leads, JOINTS)
    probed = sf.solve(driven(device, left={"potential": 2.0}, right={"potential": 0.7}), degree=2)
    assert probed.current("top") == pytest.approx(0, abs=1e-11 * probed.current("left"))
    assert 0.7 < probed.potential("top") < 2.0
    currents = {name: {"current": probed.current(name)} for name in THREE}
    tied = {"potential": probed.potential("top")}
    others = [
        driven(device, **currents | {"right": {"potential": 0.7}}),
        driven(device, **currents | {"left": {"potential": 2.0}}),
        driven(device, **currents | {"top": tied}),
        driven(device, left={"potential": 2.0}, right={"potential": 0.7}, top=tied),
    ]
    for found in (sf.solve(other, degree=2) for other in others):
        for name in THREE:
            assert found.potential(name) == pytest.approx(probed.potential(name), rel=1e-10)
            assert found.current(name) == pytest.approx(
                probed.current(name), rel=1e-10, abs=1e-10 * probed.current("left")
            )
        for name in found.magnets:
            np.testing.assert_allclose(found.torque(name), probed.torque(name), rtol=1e-8)
    drives = [{"left": {"current": 3.0}}, {"top": {"current": -5.0}}]
    one, other, both = (
        sf.solve(driven(device, right={"potential": 0.0}, **given), degree=2)
        for given in (*drives, drives[0] | drives[1])
    )
    for name in THREE:
        total = one.potential(name) + other.potential(name)
        assert both.potential(name) == pytest.approx(total, rel=1e-10)
        assert both.current(name) == pytest.approx(
            one.current(name) + other.current(name), rel=1e-10
        )
    for name in both.magnets:
        np.testing.assert_allclose(
            both.torque(name), one.torque(name) + other.torque(name), rtol=1e-8
        )


@pytest.mark.long
@pytest.mark.parametrize("leads", LEADS, ids=["normal", "ferromagnetic"])
@pytest.mark.parametrize("given", [{"current": 1.0}, {"j0": 1 / 6e-9}], ids=["current", "density"])
def test_a_current_and_a_probe_may_change_places(leads, given):
    """Without precession a device is reciprocal: so are means over densities, with their leads."""
    device = branched(*leads, JOINTS)
    found = []
    for source, other in (("left", "top"), ("top", "left")):
        zero = dict.fromkeys(given, 0.0)
        drives = {source: given, other: zero, "right": {"potential": 0.0}}
        solution = sf.solve(driven(device, **drives), degree=2)
        assert solution.current(source) == pytest.approx(1.0, rel=1e-12)
        assert solution.current("right") == pytest.approx(-1.0, rel=1e-10)
        found.append(solution.resistance(source, "right") - solution.resistance(source, other))
    assert found[0] == pytest.approx(found[1], rel=1e-10)
    assert found[0] > 0


@pytest.mark.long
@pytest.mark.parametrize("is_left", [True, False])
def test_a_density_goes_with_the_mean_potential(is_left):
    """Over the area of a disc that is wider than the pillar, where the potential varies; also a
    disc that is not as wide as the other one."""
    discs = (sf.Slab(Cu, 20e-9, 100e-9, end=LEAD), sf.Slab(Cu, 10e-9, 80e-9))
    device = sf.Device.pillar(stack(), radius=R, current=1.0, leads=discs)
    name, other = ("left", "right") if is_left else ("right", "left")
    density = 2e11 if is_left else -2e11
    given = {name: {"j0": density}, other: {"potential": FAR}}
    found = sf.solve(driven(device, **given), degree=2)
    area = np.pi * (100e-9 if is_left else 80e-9) ** 2
    assert found.current(name) == pytest.approx(density * area, rel=1e-11)
    assert found.current(other) == pytest.approx(-density * area, rel=1e-9)
    points, mu_0, _ = found.field(f"{name} lead")
    end = points[:, 1].min() if is_left else points[:, 1].max()
    at = np.flatnonzero(points[:, 1] == end)
    at = at[np.argsort(points[at, 0])]
    r, values = points[at, 0], mu_0[at]
    whole = sum(  # Simpson's rule, of what is a cubic on an edge
        (r[2:][::2] - r[:-2][::2]) / 6 * weight * 2 * np.pi * (r * values)[k : len(r) - 2 + k : 2]
        for k, weight in enumerate((1, 4, 1))
    ).sum()
    mean = whole / area
    assert found.potential(name) == pytest.approx(mean, rel=1e-12)
    assert np.ptp(values) > 1e-3 * abs(mean - FAR)
    assert found.power == pytest.approx(density * area * (mean - FAR), rel=1e-9)
