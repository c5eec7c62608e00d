"""The weak form of devices on a line, against the saddle point with the same elements."""

import itertools

import numpy as np
import pytest
import skfem
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import contact_amplification, drifting, driven_samples, samples
from wires import inwards

import spinfem as sf
from spinfem.constants import TORQUE_PER_SPIN_CURRENT
from spinfem.devices.grid import Grid

DEGREE = 4
SIDES = ("left", "right")


def line_of(stack):
    """The device that a stack is, of one element a layer and a cross section of 1 m2."""
    names = [layer.name for layer in stack.layers]
    mesh = skfem.MeshLine1.init_tensor(stack.x).with_subdomains(
        {name: np.array([k]) for k, name in enumerate(names)}
    )
    last = len(names)
    mesh = mesh.with_boundaries({"left": np.array([0]), "right": np.array([last])})
    left, right = inwards({"ends": (stack.left, stack.right)})["ends"]
    chain = ["left", *names, "right"]
    joints = zip(itertools.pairwise(chain), stack.joints, strict=True)
    return sf.Device(
        Grid(mesh, unit=1.0),
        {layer.name: (layer.material, layer.m) for layer in stack.layers},
        {
            "left": sf.Electrode(current=1.0, end=left),
            "right": sf.Electrode(potential=0.0, end=right),
        },
        {pair: joint for pair, joint in joints if joint is not None},
    )


def check(stack):
    found = sf.solve(line_of(stack), degree=DEGREE)
    exact = sf.solve(stack, method="saddle", degree=DEGREE, elements=1)
    # a rounding is left of what flows to and fro in the stiffest element
    rounding = 4 * np.finfo(float).eps * np.abs(found.system.matrix).max()
    off = 1e-10 + rounding * exact.resistance
    assert found.resistance("left", "right") == pytest.approx(exact.resistance, rel=off)
    currents = [(face.spin_current_left, face.spin_current_right) for face in exact.interfaces]
    error = 1e-10 * max(1.0, np.abs(currents).max()) + rounding * np.abs(found._nu).max()
    for name in found.magnets:
        torque = found.torque(name) / TORQUE_PER_SPIN_CURRENT
        absorbed = exact.absorbed_spin_current(getattr(stack, name).name if name in SIDES else name)
        np.testing.assert_allclose(
            torque, absorbed, rtol=0, atol=error * contact_amplification(stack)
        )


@pytest.mark.filterwarnings("ignore:cells at interfaces:RuntimeWarning")
@pytest.mark.parametrize("kind", [samples, drifting, driven_samples])
@settings(max_examples=200)
@given(data=st.data())
def test_a_line_is_its_stack(kind, data):
    """Two weak forms of one problem: mu_0 an unknown and m in what is joined, or multipliers."""
    check(data.draw(kind()))
