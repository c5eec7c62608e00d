"""Demagnetizing factors and dipolar coupling: closed forms in 60 digits, limits and laws."""

import itertools

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spinfem as sf

extents = st.floats(-12, 3).map(lambda power: 10.0**power)


# --- closed forms ---------------------------------------------------------------------------------


def newell_f(x, y, z):
    """f of Newell, Williams, Dunlop, their eq. (27): its second differences are N_xx."""
    R = mp.sqrt(x**2 + y**2 + z**2)
    total = (2 * x**2 - y**2 - z**2) * R / 6
    if y:
        total += y * (z**2 - x**2) / 2 * mp.asinh(y / mp.sqrt(x**2 + z**2)) if x or z else 0
    if z:
        total += z * (y**2 - x**2) / 2 * mp.asinh(z / mp.sqrt(x**2 + y**2)) if x or y else 0
    if x and y and z:
        total -= x * y * z * mp.atan(y * z / (x * R))
    return total


def between_faces(b, c, h):
    """Integral of (b - u)(c - v)/r over u and v: two faces of b by c at the distance h."""
    return newell_f(h, b, c) - newell_f(h, b, 0) - newell_f(h, 0, c) + newell_f(h, 0, 0)


def box(*size):
    """Aharoni's factors of a box, by its pairs of faces."""
    size = [mp.mpf(x) for x in size]
    factors = []
    for i, h in enumerate(size):
        b, c = size[:i] + size[i + 1 :]
        faces = between_faces(b, c, 0) - between_faces(b, c, h)
        factors.append(2 * faces / (mp.pi * size[0] * size[1] * size[2]))
    return factors


def coupled(a, b, spacing, y, z):
    """Newell's tensor of boxes in a row along x, by pieces of one long box."""
    a, b, s, y, z = (mp.mpf(x) for x in (a, b, spacing, y, z))

    def own(thickness):
        return [thickness * N / 2 for N in box(thickness, y, z)] if thickness else [0, 0, 0]

    pieces = zip(own(s + a + b), own(s + a), own(s + b), own(s), strict=True)
    return [(all_of_it - left - right + gap) / a for all_of_it, left, right, gap in pieces]


@pytest.mark.long
@given(extents, extents, extents)
def test_boxes_are_those_of_the_closed_form(t, y, z):
    """To rounding, relative to each factor, from needles to films of 1e-15."""
    with mp.workdps(120):
        exact = np.array(box(t, y, z), dtype=float)
    np.testing.assert_allclose(sf.demagnetizing_factors(t, y, z, "box"), exact, rtol=4e-15)


thin = st.floats(-3, 2).map(lambda power: 10.0**power)


@given(thin, thin, thin | st.just(0.0), thin, thin)
def test_coupling_is_that_of_the_closed_form(a, b, spacing, y, z):
    with mp.workdps(60):
        exact = np.array(coupled(a, b, spacing, y, z), dtype=float)
    np.testing.assert_allclose(sf.dipolar_tensor(a, b, spacing, y, z), exact, rtol=4e-15)


@pytest.mark.parametrize("ratio", [1.1, 2.0, 30.0])
def test_spheroids(ratio):
    """Osborn's closed forms; with c = 1/ratio and a = ratio of the other axes."""
    with mp.workdps(40):
        x = mp.sqrt(mp.mpf(ratio) ** 2 - 1)
        long = float((ratio / x * mp.log(ratio + x) - 1) / x**2)
        flat = float((1 + 1 / x**2) * (1 - mp.asin(x / ratio) / x))
    np.testing.assert_allclose(
        sf.demagnetizing_factors(ratio, 1, 1), [long, (1 - long) / 2, (1 - long) / 2], rtol=1e-13
    )
    np.testing.assert_allclose(
        sf.demagnetizing_factors(1, ratio, ratio),
        [flat, (1 - flat) / 2, (1 - flat) / 2],
        rtol=1e-13,
    )


def integrated(a, b, spacing, y, z, points):
    """Average of the dipoles' field of b over a, by Gauss's rule in all six coordinates."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    nodes, weights = (1 + nodes) / 2, weights / 2
    x = (a + spacing + b * nodes)[None, :] - (a * nodes)[:, None]
    r = np.meshgrid(
        x.ravel(),
        (y * (nodes[:, None] - nodes)).ravel(),
        (z * (nodes[:, None] - nodes)).ravel(),
        indexing="ij",
    )
    pairs = np.outer(weights, weights).ravel()
    share = np.einsum("i,j,k->ijk", pairs, pairs, pairs)
    r2 = sum(component**2 for component in r)
    kernel = [(r2 - 3 * component**2) / (4 * np.pi * r2**2.5) for component in r]
    return [b * y * z * (share * one).sum() for one in kernel]


@pytest.mark.parametrize("size", [(1.0, 0.5, 1.0, 1.2, 0.8), (0.3, 1.0, 0.9, 0.5, 1.0)])
def test_coupling_is_the_sum_of_dipoles(size):
    np.testing.assert_allclose(sf.dipolar_tensor(*size), integrated(*size, points=7), rtol=1e-6)


# --- limits ---------------------------------------------------------------------------------------

LIMITS = {
    "sphere or cube": ((1, 1, 1), (1 / 3, 1 / 3, 1 / 3)),
    "film": ((1e-14, 1, 1), (1, 0, 0)),
    "wire along z": ((1, 1, 1e14), (1 / 2, 1 / 2, 0)),
    "wire along the normal": ((1e14, 1, 1), (0, 1 / 2, 1 / 2)),
    "strip on its side": ((1, 1e-14, 1e14), (0, 1, 0)),
    "thinner than squares are": ((1e-300, 1, 1), (1, 0, 0)),
}


@pytest.mark.parametrize("shape", ["ellipse", "box"])
@pytest.mark.parametrize("name", LIMITS)
def test_limits(name, shape):
    """A film of 1e-14 leaves 1e-14 times a logarithm to the others."""
    size, limit = LIMITS[name]
    np.testing.assert_allclose(sf.demagnetizing_factors(*size, shape), limit, atol=1e-12)


def test_distant_boxes_are_dipoles():
    """Up to the square of size over distance: twice as far, a quarter of the error."""
    far = np.array([40.0, 80.0, 160.0, 1e6])
    a, b, y, z = 1.0, 2.0, 0.5, 3.0
    N = sf.dipolar_tensor(a, b, far - (a + b) / 2, y, z)
    dipoles = b * y * z / (4 * np.pi * far**3)[:, None] * [-2, 1, 1]
    error = np.abs(N / dipoles - 1)
    np.testing.assert_allclose(error[:2] / error[1:3], 4, rtol=0.02)
    assert error[3].max() < 1e-11


# --- laws -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["ellipse", "box"])
@given(extents, extents, extents)
def test_factors_are_shares_of_one(shape, t, y, z):
    N = sf.demagnetizing_factors(t, y, z, shape)
    assert N.sum() == pytest.approx(1, abs=1e-15)
    assert np.all((N >= 0) & (N <= 1))
    for order in itertools.permutations(range(3)):
        turned = sf.demagnetizing_factors(*np.array([t, y, z])[[*order]], shape)
        np.testing.assert_allclose(turned, N[[*order]], rtol=1e-14)
    assert np.all(np.diff(N[np.argsort([t, y, z])]) <= 1e-15)  # the shorter, the more


@given(thin, thin, thin, thin, thin)
def test_coupling_has_no_trace_and_is_reciprocal(a, b, spacing, y, z):
    N = sf.dipolar_tensor(a, b, spacing, y, z)
    assert abs(N.sum()) <= 4e-16 * np.abs(N).max()  # rounding of three numbers
    assert N[0] < 0 < min(N[1:])
    np.testing.assert_allclose(sf.dipolar_tensor(b, a, spacing, y, z), N * a / b, rtol=1e-14)


@given(thin, thin, thin, thin, thin)
def test_a_box_is_the_sum_of_its_pieces(a, b, spacing, y, z):
    whole = sf.dipolar_tensor(a, 2 * b, spacing, y, z)
    pieces = [sf.dipolar_tensor(a, b, gap, y, z) for gap in (spacing, spacing + b)]
    np.testing.assert_allclose(sum(pieces), whole, rtol=1e-14)
    halves = sf.demagnetizing_factors(a, y, z, "box") + sf.dipolar_tensor(a, a, 0.0, y, z)
    np.testing.assert_allclose(sf.demagnetizing_factors(2 * a, y, z, "box"), halves, atol=1e-15)


def test_batches():
    thickness, length = np.array([1e-9, 4e-9, 1e-6]), np.array([[5e-8], [2e-7]])
    for shape in ("ellipse", "box"):
        N = sf.demagnetizing_factors(thickness, length, 6e-8, shape)
        assert N.shape == (2, 3, 3)
        alone = sf.demagnetizing_factors(1e-6, 2e-7, 6e-8, shape)
        np.testing.assert_allclose(N[1, 2], alone, rtol=1e-15)
    N = sf.dipolar_tensor(thickness, 4e-9, [0.0, 1e-9, 1e-8], length, 6e-8)
    assert N.shape == (2, 3, 3)
    alone = sf.dipolar_tensor(1e-6, 4e-9, 1e-8, 2e-7, 6e-8)
    np.testing.assert_allclose(N[1, 2], alone, rtol=1e-14)


# fmt: off
ERRORS = [
    (lambda: sf.demagnetizing_factors(0, 1, 1), ValueError,
     "thickness (extent along x) must be positive and finite, got 0"),
    (lambda: sf.demagnetizing_factors(1, np.inf, 1), ValueError,
     "length (extent along y) must be positive and finite, got inf"),
    (lambda: sf.demagnetizing_factors(1, 1, [1, -2]), ValueError,
     "width (extent along z) must be positive and finite, got -2 at index 1"),
    (lambda: sf.demagnetizing_factors(1, 1, "1"), TypeError,
     "width (extent along z) must be a real number or an array of real numbers, got '1'"),
    (lambda: sf.demagnetizing_factors(1, [1, 2], [1, 2, 3]), ValueError,
     "shapes of extents must broadcast, got length: (2,); width: (3,)"),
    (lambda: sf.demagnetizing_factors(1, 1, 1, "elipse"), ValueError,
     "shape must be 'ellipse' or 'box', got 'elipse'; did you mean 'ellipse'?"),
    (lambda: sf.demagnetizing_factors(1, 1, 1, shape=None), ValueError,
     "shape must be 'ellipse' or 'box', got None"),
    (lambda: sf.dipolar_tensor(1, 1, -1, 1, 1), ValueError,
     "spacing (distance of the faces) must be zero or positive, got -1"),
    (lambda: sf.dipolar_tensor(1, 0, 1, 1, 1), ValueError,
     "thickness_b (extent along x) must be positive and finite, got 0"),
]
# fmt: on


@pytest.mark.parametrize(("wrong", "kind", "message"), ERRORS)
def test_errors(wrong, kind, message):
    with pytest.raises(kind) as error:
        wrong()
    assert str(error.value) == message
