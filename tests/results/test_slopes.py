"""Derivatives of single stacks: compiled against numpy, and links against closed forms."""

import itertools

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernels import solve_with_numpy
from strategies import contact_amplification, has_sink, stacks

import spinfem as sf
from spinfem.results import sensitivity
from spinfem.solvers.elements import elements_of

FLOOR = 1e-3  # numpy takes torques from currents, of the order of 1, and loses a tiny one
N1, N2 = sf.NormalMetal(D=4.0, l=2.0), sf.NormalMetal(D=0.5, l=1.0)
F1, F2 = sf.Ferromagnet(D=1.0, l=1.0, p=0.5), sf.Ferromagnet(D=2.0, l=0.5, p=-0.3)
ENDS = {
    "reservoir": lambda m: sf.Reservoir(),
    "blocking": lambda m: sf.SpinBlocking(),
    "normal": lambda m: sf.Lead(N1),
    "magnetic": lambda m: sf.Lead(F2, m=m),
}


def of_everything(t):
    """Derivatives of dr, of all torques and of all efficiencies, by what they are of."""
    yield "dr", sensitivity.of_spin_resistance(t)
    for k in t.magnets.tolist():
        yield from ((f"torque of {k}", one) for one in sensitivity.of_absorbed(t, [k]))
    for i, (a, b) in enumerate(itertools.pairwise(t.magnets.tolist())):
        if b > a + 1:
            yield from ((f"g between {a} and {b}", x) for x in sensitivity.of_efficiencies(t, i))


def relative(e, found):
    """Derivatives with respect to the logarithms of D, l and d, to p, and to turns of m."""
    thickness = np.pad(e.thickness, ((1, 1), (0, 0)))
    l = np.where(np.isfinite(e.l), e.l, 0.0)
    along = (found.m * e.m).sum(axis=-1, keepdims=True) * e.m
    strong = e.magnetic[:, None]
    return {
        "thickness": thickness * found.thickness,
        "D": e.D * found.D,
        "l": l * found.l,
        "p": strong * found.p,
        "m": strong[..., None] * (found.m - along),
    }


def check(stack, tolerance=1e-12, **mesh):
    """Compare all derivatives, relative to the largest of each result."""
    e = elements_of(stack)
    compiled, plain = (f(stack, **mesh).transport for f in (sf.solve, solve_with_numpy))
    for (what, a), (_, b) in zip(of_everything(compiled), of_everything(plain), strict=True):
        found, expected = relative(e, a), relative(e, b)
        size = max(np.nanmax(np.abs(x), initial=FLOOR) for x in expected.values())
        for key, values in expected.items():
            assert found[key].shape == values.shape
            np.testing.assert_allclose(
                found[key], values, rtol=0, atol=tolerance * size, err_msg=f"{what} by {key}"
            )


@pytest.mark.long
@given(
    stacks().filter(has_sink),
    st.sampled_from([{}, {"degree": 3}, {"elements": 3}, {"degree": 5, "elements": 16}]),
)
def test_random_stacks(stack, mesh):
    # numpy subtracts currents, or mu_s at the two faces of a thin layer
    check(stack, 1e-10 * contact_amplification(stack), **mesh)


@pytest.mark.some(20)
@pytest.mark.parametrize("left", ENDS)
@pytest.mark.parametrize("right", ENDS)
@pytest.mark.parametrize(
    "angle",
    [
        0.0,
        pytest.param(1e-3, marks=pytest.mark.long),
        70.0,
        pytest.param(180.0, marks=pytest.mark.long),
    ],
)
def test_ends_runs_and_contacts(left, right, angle):
    a, b, c = sf.direction(20, 10), sf.direction(20 + angle, 10), sf.direction(100, 50)
    first, last = ENDS[left](c), ENDS[right](a)
    amplified = 1e-13 / max(np.radians(angle), 1e-3)
    check(first | F1(1.0, m=a) | F2(0.5, m=b) | N1(0.3) | N2(0.1) | F1(2.0, m=c) | last, amplified)
    check(first | N1(0.2) | F1(1.0, m=a) | N2(0.3) | F2(0.5, m=b) | N1(0.3) | N2(2) | last)
    check(first | F1(1.0, m=c) | F1(1.0, m=a) | F2(0.5, m=b) | last, amplified)


@pytest.mark.parametrize("angle", [0.0, 180.0])
def test_turning_a_collinear_contact_has_no_derivative(angle):
    stack = F1(1.0, m=(0, 0, 1)) | F2(1.0, m=sf.direction(angle)) | N1(1.0) | F1(1, m=(1, 0, 0))
    gradient = sf.solve(stack).gradient("torque", "F2")
    assert np.isnan(gradient["F1.polar"]).all()
    assert np.isnan(gradient["F2.azimuth"]).all()
    assert np.isfinite(gradient["F3.polar"]).all()
    assert np.isfinite(gradient["F2.thickness"]).all()


@pytest.mark.parametrize("elements", range(1, 17))
@pytest.mark.parametrize("degree", [1, 2, 12])
def test_meshes(elements, degree):
    stack = F1(1.0, m=(0, 0, 1)) | N1(5.0) | N2(20.0) | F2(8.0, m=(0, 0.6, 0.8)) | sf.Lead(N1)
    check(stack, degree=degree, elements=elements)


@pytest.mark.parametrize("z", [1e-12, 1e-6, 1e-2, 1.0, 40.0, 1e3, 1e6])
@pytest.mark.parametrize("l", [1.0, np.inf])
def test_thin_and_thick_layers(z, l):
    spacer, magnet = sf.NormalMetal(D=2.0, l=l), sf.Ferromagnet(D=1.0, l=l, p=0.4)
    m, n = sf.direction(0), sf.direction(40, 70)
    # between faces that differ by 1e-12, numpy has lost four digits of what a derivative is made of
    tolerance = max(1e-11, 1e-16 / z)
    check(F1(1.0, m=m) | spacer(z) | F2(1.0, m=n), tolerance)
    check(F1(1.0, m=m) | N1(1.0) | spacer(z) | N2(1.0) | magnet(z, m=n) | sf.Lead(N2), tolerance)


@pytest.mark.parametrize("z", [1e-12, 1e-3, 0.5, 3.0, 40.0])
def test_two_ports_of_layers_change_as_in_closed_form(z):
    """To nearly all digits, also of what a layer does that is 1e-12 of what it passes on."""
    layer = sf.NormalMetal(D=2.0, l=3.0)(3 * z)
    solution = sf.solve(F1(1.0, m=(0, 0, 1)) | layer | F1(1.0, m=(0, 0, 1)))
    values, slopes = solution.transport.bulk.two_ports
    with mp.workdps(60):

        def closed(square):
            """B and S of (d/l)^2."""
            root = mp.sqrt(square)
            unit = mp.mpf(2) / (2 * mp.mpf(layer.thickness))
            return unit * root / mp.sinh(root), unit * root * mp.tanh(root / 2)

        square = (mp.mpf(layer.thickness) / 3) ** 2
        step = square * mp.mpf(10) ** -15
        both = zip(closed(square), closed(square + step), closed(square - step), strict=True)
        for part, (value, after, before) in enumerate(both):
            slope = square * (after - before) / (2 * step)
            assert values[part].ravel()[1] == pytest.approx(float(value), rel=1e-11)
            assert slopes[part].ravel()[1] == pytest.approx(float(slope), rel=1e-11)
