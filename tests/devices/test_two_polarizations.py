"""Ferromagnets whose diffusion polarization beta_D is not that of conduction, in devices."""

import dataclasses

import numpy as np
import pytest
from wires import (
    DRIFTING,
    J0,
    KINDS,
    NAMES,
    TILTED,
    UP,
    Co,
    Cu,
    Py,
    branched,
    drifting,
    stack,
    wire,
)

import spinfem as sf
from spinfem.devices import linear

R = 50e-9
WAY = sf.direction(110, 50)
M = np.array([sf.direction(20, 70), sf.direction(100, -30)])


@pytest.mark.some(7)
@pytest.mark.parametrize("given", ["current", "j0"])
@pytest.mark.parametrize("shape", ["line", "quad", "pillar"])
@pytest.mark.parametrize("sample", DRIFTING)
def test_a_wire_is_its_stack(sample, shape, given):
    """Torques, the resistance, dr, potentials behind leads and currents inside."""
    exact = sf.solve(stack(**DRIFTING[sample]), J0)
    if shape == "pillar":
        A = np.pi * R**2
        device = sf.Device.pillar(stack(**DRIFTING[sample]), radius=R, current=J0 * A, elements=6)
    else:
        device, A = wire(shape, 6, **DRIFTING[sample]), KINDS[shape]
    value = {"current": J0 * A, "j0": J0}[given]
    left = sf.Electrode(**{given: value}, end=device.electrodes["left"].end)
    electrodes = {**device.electrodes, "left": left}
    found = sf.solve(
        sf.Device(device.grid, device.regions, electrodes, device.interfaces), degree=4
    )
    size = max(np.abs(exact.torque(name)).max() for name in NAMES if name in found.magnets)
    for name in {*NAMES} & {*found.magnets}:
        np.testing.assert_allclose(
            found.torque(name) / A, exact.torque(name), rtol=0, atol=1e-10 * size
        )
    assert found.resistance("left", "right") * A == pytest.approx(exact.resistance, rel=1e-10)
    assert found.spin_resistance * A == pytest.approx(exact.spin_resistance, rel=1e-9)
    x = np.array([3e-9, 12e-9, 19e-9])
    points = {"line": x[:, None], "pillar": np.stack([0 * x + 1e-8, x], axis=1)}.get(
        shape, np.stack([x, 0 * x + 1e-8], axis=1)
    )
    way = 1 if shape == "pillar" else 0
    assert found.charge_current(points)[:, way] == pytest.approx(np.full(3, J0), rel=1e-5)
    spins = exact.spin_current(x)
    np.testing.assert_allclose(
        found.spin_current(points)[:, way], spins, rtol=0, atol=1e-5 * np.abs(spins).max()
    )


@pytest.mark.long
@pytest.mark.parametrize("sample", ["transparent", "exchange lengths, mixing"])
def test_in_other_directions_a_wire_is_its_stack(sample):
    given = DRIFTING[sample]
    device, layers, A = wire("quad", 4, **given), stack(**given), KINDS["quad"]
    exact = sf.solve(layers.replace("free", m=WAY), J0)
    turned = sf.solve(device, degree=6).turned(free=WAY)
    assert turned.spin_resistance * A == pytest.approx(exact.spin_resistance, rel=1e-9)
    found, of_stack = sf.TorqueFunction(device, degree=6), sf.TorqueFunction(layers)
    for one, other in (
        (turned.torque("free"), A * exact.torque("free")),
        (found(M), J0 * A * of_stack(M)),
        (found.jacobian(M), J0 * A * of_stack.jacobian(M)),
        (found.resistance(M), of_stack.resistance(M) / A),
    ):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-9 * np.abs(other).max())


def test_magnets_move_as_those_of_the_stack():
    given, A = DRIFTING["transparent"], KINDS["line"]
    magnets = {"free": sf.Magnet(8e5, alpha=0.02, demag=(0.94, 0.04, 0.02)),
               "fixed": sf.Magnet(1.4e6, alpha=0.05, K=2e4)}  # fmt: skip
    wired = sf.Dynamics(wire("line", 4, **given), magnets, degree=5)
    layered = sf.Dynamics(stack(**given), magnets)
    for one, other in (
        (wired.pumped(M), A * layered.pumped(M)),
        (wired.velocity(M, 3.0), layered.velocity(M, 3 * J0)),
        (wired.resistance_slope(M), layered.resistance_slope(M) / A),
    ):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-9 * np.abs(other).max())


@pytest.mark.parametrize("given", ["current", "j0"])
@pytest.mark.parametrize("is_magnetic", [False, True])
def test_the_transposed_device_has_both_polarizations_exchanged(is_magnetic, given):
    """A current and a probe may change places if p and beta_D do, in leads too."""

    def found(source, probe, exchanged):
        def metal(ferromagnet, beta_D):
            made = drifting(ferromagnet, beta_D)
            if not exchanged:
                return made
            # D_tot and D stay as they are
            return dataclasses.replace(made, p=made.beta_D, beta_D=made.p)

        leads = [sf.Lead(metal(Co, 0.8), m=UP), sf.Lead(metal(Py, -0.2), m=TILTED)]
        if not is_magnetic:
            leads = [sf.Lead(Cu)] * 2
        device = branched(*leads)
        metals = {
            "fixed": (metal(Co, -0.3), UP),
            "spacer": Cu,
            "free": (metal(Py, 0.4), TILTED),
        }
        ends = {name: own.end for name, own in device.electrodes.items()}
        value = {"current": 1.0, "j0": 1 / 6e-9}[given]
        electrodes = {
            source: sf.Electrode(**{given: value}, end=ends[source]),
            probe: sf.Electrode(**{given: 0.0}, end=ends[probe]),
            "right": sf.Electrode(potential=0.0, end=ends["right"]),
        }
        solution = sf.solve(sf.Device(device.grid, metals, electrodes), degree=2)
        return solution.potential(probe)

    one = found("left", "top", exchanged=False)
    assert found("top", "left", exchanged=True) == pytest.approx(one, rel=1e-10)
    assert abs(found("top", "left", exchanged=False) / one - 1) > 1e-6


@pytest.mark.interop
def test_iterations_find_what_factors_do(monkeypatch):
    pytest.importorskip("pyamg")
    device = wire("tet", 2, **DRIFTING["transparent"])
    exact = sf.solve(device, degree=2)
    monkeypatch.setattr(linear, "DIRECT", 10)
    found = sf.solve(device, degree=2)
    assert (exact.report.method, found.report.method) == ("factors", "GMRES")
    size = np.abs(exact.torque("free")).max()
    for name in NAMES:
        np.testing.assert_allclose(found.torque(name), exact.torque(name), rtol=0, atol=1e-9 * size)
    assert found.resistance("left", "right") == pytest.approx(
        exact.resistance("left", "right"), rel=1e-9
    )


def test_a_density_through_a_ferromagnetic_lead_has_the_same_dr():
    """Also if both polarizations are one."""
    given = {"fixed": (Cu, None), "ends": (sf.Lead(Co, m=UP), sf.Lead(Cu))}
    device, A = wire("quad", 6, **given), KINDS["quad"]
    left = sf.Electrode(j0=J0, end=device.electrodes["left"].end)
    device = sf.Device(device.grid, device.regions, {**device.electrodes, "left": left})
    exact = sf.solve(stack(**given), J0)
    assert sf.solve(device, degree=4).spin_resistance * A == pytest.approx(
        exact.spin_resistance, rel=1e-10
    )
