"""Certified bounds of devices: they hold the exact values, and narrow as fast as they can."""

import itertools

import numpy as np
import pytest
import skfem
from test_devices import DEEP, J0, KINDS, LEAD, NAMES, SAMPLES, SPACER, TILTED, UP, WIDE
from test_devices import Co, Cu, Joint, Py, stack, wire

import spinfem as sf
from spinfem.devices import adaptive, bounds
from spinfem.devices.assembly import assemble
from spinfem.devices.builders import pillar_grid
from spinfem.devices.fluxes import Cells, Fluxes
from spinfem.devices.functions import Functions
from spinfem.devices.grid import Grid
from spinfem.devices.solution import solve_assembled

Soft = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, lambda_phi=3e-9, name="Soft")
"""Takes up spins inside, and does not turn them."""
BALANCED = {
    **SAMPLES,
    "mixing": {
        "joints": {
            SPACER[0]: Joint(5e-16, gamma=0.7, mixing=5e14),
            SPACER[1]: Joint(3e-16, gamma=0.4, mixing=4e14),
        }
    },
    "mixing alone": {"joints": {SPACER[0]: Joint(mixing=5e14), SPACER[1]: Joint(mixing=4e14)}},
    "exchange lengths": {"free": (Soft, TILTED)},
    "exchange lengths, resistive": {
        "free": (Soft, TILTED),
        "joints": {SPACER[1]: Joint(3e-16, gamma=0.4, delta=0.2)},
    },
    "exchange lengths, mixing": {
        "free": (Soft, TILTED),
        "joints": {SPACER[1]: Joint(3e-16, gamma=0.4, mixing=4e14)},
    },
}
del BALANCED["crossing lead"]
ROUNDING = 1e-10
"""Of the values, for bounds narrower than that."""


def enclosed(found, exact, area):
    """Check that the values of a stack are between bounds; return the widths, relative to these."""
    widths = []
    torques = exact.torques * area
    pairs = [
        (found.bounds.resistance, exact.resistance / area, exact.resistance / area),
        (found.bounds.spin_resistance, exact.spin_resistance / area, exact.resistance / area),
        ([t[-2:] for t in found.bounds.torques], torques, np.abs(torques).max()),
    ]
    for (low, high), value, size in pairs:
        assert (low <= value + ROUNDING * size).all()
        assert (value <= high + ROUNDING * size).all()
        widths.append(np.max(high - low) / size)
    return np.array(widths)


@pytest.mark.parametrize(("kind", "degree"), [("line", 1), ("tri", 1), ("tri", 2), ("tet", 1)])
@pytest.mark.parametrize("sample", BALANCED)
def test_bounds_hold_what_a_stack_is(sample, kind, degree):
    given = BALANCED[sample]
    device, exact = wire(kind, 2, **given), sf.solve(stack(**given), J0)
    found = sf.solve(device, degree=degree, certify=True)
    found.bounds.torques[0].shape == (len(found.magnets), 3)
    last = [list(found.magnets).index(name) for name in NAMES]
    torques = [t[last] for t in found.bounds.torques]
    found.bounds = bounds.DeviceBounds(
        found.bounds.resistance, found.bounds.spin_resistance, tuple(torques)
    )
    assert (enclosed(found, exact, KINDS[kind]) < [0.01, 0.02, 0.3]).all()
