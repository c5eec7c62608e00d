"""Single stacks: compiled two-ports and links against those of numpy."""

import numpy as np
import pytest

import spinfem as sf
from spinfem.solvers import condensed, rods, single
from spinfem.solvers.elements import elements_of

RANGE = [1e-12, 1e-6, 1e-2, 0.5, 1.0, 1.99, 2.01, 3.9, 4.1, 7.9, 8.1, 15.9, 16.1, 40.0, 1e3, 1e6]


@pytest.mark.parametrize("degree", [1, 2, 5, 12, 20])
@pytest.mark.parametrize("n", [None, 1, 2, 3, 4, 5, 16, 17])
def test_compiled_layers_are_those_of_numpy(degree, n):
    """Both take the same formulas on the same meshes; n = None counts as elements_for says."""
    normal, magnet = sf.NormalMetal(D=2.0, l=1.0), sf.Ferromagnet(D=1.0, l=3.0, p=0.3)
    layers = [normal(RANGE[0])]
    for z in RANGE:
        layers += [magnet(3 * z, m=(0, 0, 1)), normal(z), normal(2 * z), normal(z / 2)]
    e = elements_of(sf.Lead(normal) | sf.Stack(layers) | sf.SpinBlocking())
    at, counts = rods.layout(e), condensed.element_counts(e, n)
    ports = condensed.condense(e, counts, degree)
    links = rods.join_runs(at, ports)
    found = single.solve(e, at, counts, degree)
    # a thick layer passes next to nothing, and its B has lost the digits of what it takes up
    thin = e.thickness[:, 0] < 2.1 * e.l[1:-1, 0]
    for both, whole in (((ports, found.ports), True), ((links, found.links), False)):
        B, S_left, S_right = (np.array([one.fixed, two.fixed]) for one, two in zip(*both))
        for a, b in (B, S_left, S_right):
            np.testing.assert_array_less(np.abs(a - b), 1e-12 * (B + S_left)[0] + 1e-300)
            if whole:
                np.testing.assert_allclose(b[1:-1][thin], a[1:-1][thin], rtol=1e-12)
