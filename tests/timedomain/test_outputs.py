"""What is made of transients: fields in leads, heat where the current jumps."""

import numpy as np
import pytest

import spinfem as sf
from spinfem.results.leads import lead_solution

N = sf.NormalMetal(D=8.0, l=1.0, tau=1.5)
F = sf.Ferromagnet(D=2.0, l=0.6, p=0.5, tau=0.4)
TWICE = sf.Ferromagnet(D=2.0, l=0.6, p=0.5, beta_D=-0.3, tau=0.4)
WEAK = sf.Ferromagnet(D=3.0, l=0.8, p=0.4, lambda_J=0.6, lambda_phi=0.5, tau=0.7)
TILTED = sf.direction(70.0, 20.0)
VALVE = (
    sf.Lead(N)
    | F(1.0, m=(0, 0, 1), name="fixed")
    | sf.Interface(0.1, gamma=0.2)
    | N(0.4, name="spacer")
    | WEAK(0.7, m=sf.direction(60.0), name="free")
    | sf.Lead(TWICE, m=TILTED)
)
TIMES = np.linspace(0.0, 0.5, 6)


def step(t):
    return np.full_like(t, 2.0)


def pulse(t):
    return np.where(t < TIMES[-1], 2.0, 0.0)


pulse.breaks = TIMES[-1:]


def assert_near(found, expected, limit):
    assert np.abs(found - expected).max() <= limit * np.abs(expected).max()


@pytest.mark.long
@pytest.mark.parametrize("metal", [N, F, TWICE, WEAK])
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_lead_has_the_fields_of_a_layer_in_its_place(side, metal):
    lead = sf.Lead(metal, m=None if metal is N else TILTED)
    inside = metal(0.8, m=lead.m, name="inside")
    core = [F(0.5, m=(0, 0, 1)), N(0.3), F(0.4, m=sf.direction(50.0, 50.0)), N(0.2)]
    if side == "left":
        pieces, longer = [lead, N(0.1), *core], [lead, inside, N(0.1), *core]
    else:
        pieces, longer = [*core, lead], [*core, inside, lead]
    one, other = (
        sf.transient(sf.Stack(own), step, [0.0, 0.1, 0.5], rtol=1e-7) for own in (pieces, longer)
    )
    for i in range(3):
        layer = other[i].layer("inside")
        depth = np.abs(layer.x - layer.x[-1 if side == "left" else 0])
        beside = lead_solution(one[i], side, np.sort(depth))
        shift = 0.8 if side == "left" else 0.0
        np.testing.assert_allclose(beside.x + shift, layer.x, atol=1e-14)
        largest = np.abs(one[i].spin_potential(one.stack.x)).max()
        assert np.abs(beside.spin_potential - layer.spin_potential).max() <= 1e-6 * largest
        assert np.abs(beside.spin_current - layer.spin_current).max() < 1e-6
        rises = [values - values[0] for values in (beside.potential, layer.potential)]
        assert np.abs(rises[0] - rises[1]).max() < 1e-6


def test_at_a_jump_spins_are_as_before_and_charge_as_behind_it():
    """So are mu_0 and heat, which are made of both; also in a layer that is thin."""
    stack = VALVE.replace("free", thickness=1e-9)
    on, off = (sf.transient(stack, j0, TIMES, rtol=1e-4) for j0 in (step, pulse))
    assert on.steps == off.steps
    x = np.linspace(0.0, float(stack.x[-1]), 7)
    assert off.j0[-1] == 0.0
    assert_near(off.spin_potential(x)[-1], on.spin_potential(x)[-1], 1e-11)
    # at the beginning mu_s = 0: all that there is is ohmic
    potential = on.potential(x)
    assert_near(off.potential(x)[-1], potential[-1] - potential[0], 1e-10)
    for layer, ended in zip(on.layers, off.layers, strict=True):
        metal = stack.layers[layer.index].material
        joule = 4 / getattr(metal, "total_conductivity", metal.D)
        np.testing.assert_allclose(layer.dissipation[0], joule, rtol=1e-12)
        assert_near(ended.dissipation[-1], layer.dissipation[-1] - joule, 1e-10)
