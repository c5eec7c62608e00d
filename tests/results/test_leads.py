"""Fields in leads: those of a layer of the same metal in their place."""

import numpy as np
import pytest

import spinfem as sf
from spinfem.results.leads import lead_solution, leads_of

N = sf.NormalMetal(D=5.0, l=1.5)
F = sf.Ferromagnet(D=2.0, l=0.8, p=0.6)
WEAK = sf.Ferromagnet(D=2.0, l=0.8, p=0.6, lambda_J=0.3, lambda_phi=0.5)
TWICE = sf.Ferromagnet(D=2.0, l=0.8, p=0.6, beta_D=-0.3, lambda_phi=0.5)
TILTED = sf.direction(70, 20)
INSIDE = F(0.5, m=(0, 0, 1)) | N(0.3) | F(0.4, m=sf.direction(50, 50)) | N(0.2)
ENDS = {
    "normal": (N, None),
    "strong ferromagnet": (F, TILTED),
    "exchange lengths": (WEAK, TILTED),
    "two polarizations": (TWICE, TILTED),
}
DEPTH = 1.2
"""Of what of a lead is a layer instead."""


@pytest.mark.parametrize("joint", [None, sf.Interface(0.4)])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_lead_has_the_fields_of_a_layer_in_its_place(side, end, joint):
    metal, m = ENDS[end]
    layer = metal(DEPTH, m=m, name="instead")
    lead, far = sf.Lead(metal, m=m), sf.Lead(N)
    between = [] if joint is None else [joint]
    if side == "left":
        core = [*between, *(N(0.1) | INSIDE).pieces, far]
        stacks = [lead, *core], [lead, layer, *core]
    else:
        core = [far, *(INSIDE | N(0.1)).pieces, *between]
        stacks = [*core, lead], [*core, layer, lead]
    one, other = (sf.analytic.solve(sf.Stack(pieces), j0=2.0) for pieces in stacks)
    inside = other.layer("instead")
    depth = inside.x[::-1] if side == "left" else inside.x
    depth = np.abs(depth - depth[0])
    found = lead_solution(one, side, depth)
    shift = DEPTH if side == "left" else 0.0
    np.testing.assert_allclose(found.x + shift, inside.x, rtol=0, atol=1e-14)
    size = np.abs(one.layers[0].spin_potential).max()
    np.testing.assert_allclose(
        found.spin_potential, inside.spin_potential, rtol=0, atol=1e-13 * size
    )
    np.testing.assert_allclose(found.spin_current, inside.spin_current, rtol=0, atol=1e-13)
    # mu_0 is counted from the right end of the stack, which is another one with the layer
    first = 0 if side == "right" else -1
    shift = inside.potential[first] - found.potential[first]
    np.testing.assert_allclose(found.potential + shift, inside.potential, rtol=0, atol=1e-13)
    face = one.interfaces[0 if side == "left" else -1]
    expected = face.potential_left if side == "left" else face.potential_right
    assert found.potential[first] == pytest.approx(float(expected), abs=1e-15)  # roundings


def test_reservoirs_are_no_leads():
    assert [side for side, _ in leads_of(sf.solve(INSIDE))] == []
    solution = sf.solve(sf.Lead(N, name="cap") | INSIDE)
    ((side, lead),) = leads_of(solution)
    assert (side, lead.name) == ("left", "cap")
    assert lead_solution(solution, "left", np.zeros(1)).name == "cap"
