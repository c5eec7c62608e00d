"""The spin resistance of devices."""

import numpy as np
import pytest
from wires import J0, KINDS, SAMPLES, branched, stack, wire

import spinfem as sf


@pytest.mark.some(8)
@pytest.mark.long
@pytest.mark.parametrize("kind", ["line", "quad", "tri"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_of_a_straight_wire_it_is_that_of_its_stack(sample, kind):
    exact = sf.solve(stack(**SAMPLES[sample]), J0).spin_resistance
    found = sf.solve(wire(kind, 6, **SAMPLES[sample]), degree=4 if kind == "tri" else 5)
    assert np.isclose(found.spin_resistance * KINDS[kind], exact, rtol=1e-9)


@pytest.mark.long
@pytest.mark.parametrize("potential", [0.0, 0.3])
def test_it_is_what_goes_without_spins(potential):
    """Beside a device in which no spins are: of normal metals with the ferromagnets' D_tot."""
    device = branched()
    electrodes = {**device.electrodes, "right": sf.Electrode(potential=potential)}
    found = sf.solve(sf.Device(device.grid, device.regions, electrodes), degree=2)
    plain = {}
    for name, region in device.regions.items():
        p = getattr(region.metal, "p", 0.0)
        plain[name] = sf.NormalMetal(D=region.metal.D / (1 - p**2), l=1e-8)
    less = sf.solve(sf.Device(device.grid, plain, electrodes), degree=2)
    change = found.resistance("left", "right") - less.resistance("left", "right")
    assert np.isclose(found.spin_resistance, change, rtol=1e-9)


def test_currents_must_be_given():
    device = wire("tri", 1)
    ends = {"left": sf.Electrode(potential=1.0), "right": sf.Electrode(potential=0.0)}
    solution = sf.solve(sf.Device(device.grid, device.regions, ends))
    with pytest.raises(ValueError, match=r"potentials of electrodes must be one, .* got 0.0, 1.0"):
        _ = solution.spin_resistance
    ends = {"left": sf.Electrode(current=0.0), "right": sf.Electrode(potential=0.0)}
    solution = sf.solve(sf.Device(device.grid, device.regions, ends))
    with pytest.raises(ValueError, match="a current must be given at an electrode"):
        _ = solution.spin_resistance
