"""Numbers of several points side by side: in every lane what a double would be, to the bit."""

import operator
from fractions import Fraction

import numba
import numpy as np
import pytest

from spinfem.numerics import doubled, kernels, lanes, sequences

pytestmark = pytest.mark.long  # numba compiles
RNG = np.random.default_rng(3)
VALUES = np.array([0.0, -0.0, 1.0, -1.5, 1e300, -1e-300, np.inf, np.nan])
A, B = (
    np.concatenate([values, RNG.normal(size=9 * lanes.WIDTH - len(values))])
    for values in (VALUES, VALUES[::-1])
)
A, B = (x.reshape(-1, lanes.WIDTH) for x in (A, B))


@pytest.fixture(autouse=True, scope="module")
def functions_are_known():
    """Numba is taught them when all are made."""
    kernels.compiled()


def in_lanes(function, A=A, B=B, kind=float):
    """A function of numbers as one of arrays, a row of lanes after the other."""
    function = numba.njit(error_model="numpy")(function)

    @numba.njit(error_model="numpy")
    def run(a, b, out):
        a, b, out = sequences.points_of((a, b, out))
        for k in range(len(a)):
            out[k] = function(a[k], b[k])

    out = np.empty(A.shape, dtype=kind)
    run(A, B, out)
    return out


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv"])
def test_arithmetic(name):
    function = getattr(operator, name)
    with np.errstate(all="ignore"):
        expected = function(A, B), function(2.0, B), function(A, 3)
    np.testing.assert_array_equal(in_lanes(lambda a, b: function(a, b)), expected[0])
    np.testing.assert_array_equal(in_lanes(lambda _a, b: function(2.0, b)), expected[1])
    np.testing.assert_array_equal(in_lanes(lambda a, _b: function(a, 3)), expected[2])


@pytest.mark.parametrize("name", ["lt", "le", "gt", "ge", "eq", "ne"])
def test_choices(name):
    function, pick = getattr(operator, name), doubled.pick
    found = in_lanes(lambda a, b: pick(function(a, b), a, 7.0))
    np.testing.assert_array_equal(found, np.where(function(A, B), A, 7.0))
    found = in_lanes(lambda a, b: pick(function(a, b) & (a > 0) | (b < -1), a, b))
    np.testing.assert_array_equal(found, np.where(function(A, B) & (A > 0) | (B < -1), A, B))


def test_one_number():
    np.testing.assert_array_equal(in_lanes(lambda a, _b: -a), -A)
    np.testing.assert_array_equal(in_lanes(lambda a, _b: abs(a)), np.abs(A))
    root = doubled.square_root
    np.testing.assert_array_equal(in_lanes(lambda a, _b: root(abs(a))), np.sqrt(np.abs(A)))


SIZES = 10.0 ** RNG.uniform(-300, 300, (9, lanes.WIDTH))
C, D = SIZES * np.exp(2j * np.pi * RNG.uniform(size=(2, *SIZES.shape)))
D = D[::-1, ::-1] / SIZES[::-1, ::-1] * 10.0 ** RNG.uniform(-5, 5, SIZES.shape)
REAL = D.real.copy()
C[0, :4] = 0.0, 1.0, 2j, -3.0


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv"])
def test_complex_arithmetic(name):
    """Moduli from 1e-300 to 1e300; real numbers beside complex ones, in lanes and by themselves."""
    function = getattr(operator, name)
    for a, b in (C, D), (C, REAL), (REAL, D), (D, C[1:2] + 0 * D):
        found = in_lanes(lambda a, b: function(a, b), a, b, complex)
        np.testing.assert_allclose(found, function(a, b), rtol=1e-15)
    found = in_lanes(lambda a, _b: function(a, 3) + function(2.0, a), D, D, complex)
    np.testing.assert_allclose(found, function(D, 3) + function(2.0, D), rtol=1e-15)


def test_one_complex_number():
    np.testing.assert_array_equal(in_lanes(lambda a, _b: -a, C, D, complex), -C)
    np.testing.assert_allclose(in_lanes(lambda a, _b: abs(a), C, D), np.abs(C), rtol=1e-15)
    np.testing.assert_array_equal(
        in_lanes(lambda a, _b: a.real - 2 * a.imag, C, D), C.real - 2 * C.imag
    )
    np.testing.assert_array_equal(in_lanes(lambda a, _b: a.real, A, B), A)


def test_complex_choices():
    pick = doubled.pick
    found = in_lanes(lambda a, b: pick(a != 0, pick(a == 1, 5.0, a), b), C, D, complex)
    np.testing.assert_array_equal(found, np.where(C != 0, np.where(C == 1, 5.0, C), D))
    found = in_lanes(lambda a, b: pick(abs(b) > 1, a.real, b), D, REAL + 0j, complex)
    np.testing.assert_array_equal(found, np.where(np.abs(REAL) > 1, D.real, REAL))


def test_complex_products_in_twice_the_digits():
    product = doubled.two_product
    for a, b in (D, D[::-1].copy()), (D, REAL), (REAL, D):
        high, low = (in_lanes(lambda a, b, i=i: product(a, b)[i], a, b, complex) for i in (0, 1))
        for p, q, x, y in zip(*(z.ravel() for z in (a, b, high, low)), strict=True):
            real, imag = (Fraction(float(z)) for z in (p.real, p.imag))
            other, turned = (Fraction(float(z)) for z in (q.real, q.imag))
            exact = real * other - imag * turned, real * turned + imag * other
            found = (Fraction(x.real) + Fraction(y.real), Fraction(x.imag) + Fraction(y.imag))
            size = abs(complex(p)) * abs(complex(q))
            assert all(abs(m - n) <= 2**-100 * size for m, n in zip(exact, found, strict=True))


def test_what_a_product_leaves_over():
    product = doubled.two_product
    found = in_lanes(lambda a, b: product(a, b)[1])[2:]
    np.testing.assert_array_equal(found, doubled.two_product(A[2:], B[2:])[1])


@numba.njit
def copied(a, out, i):
    """Copy the points from i on, each row from its end."""
    a, out = (
        sequences.moved(sequences.points_of(a), i),
        sequences.moved(sequences.points_of(out), i),
    )
    for k in range(len(a)):
        for x in range(len(a[k])):
            out[k][x] = sequences.from_behind(a[k])[x]


@pytest.mark.parametrize("unit", [1.0, 1j])
@pytest.mark.parametrize("is_for_all", [False, True])
def test_numbers_from_a_point_on(is_for_all, unit):
    """Rows of arrays, of many points or of as many as there are lanes, for all."""
    many = 2 * lanes.WIDTH + 3
    a = RNG.normal(size=(3, 2, lanes.WIDTH if is_for_all else many)) * unit
    out = np.zeros((3, 2, many), dtype=a.dtype)
    copied(a, out, 5)
    own = slice(5, 5 + lanes.WIDTH)
    expected = a[:, ::-1, slice(None) if is_for_all else own]
    np.testing.assert_array_equal(out[:, :, own], expected)
    out[:, :, own] = 0.0
    assert not out.any()


def test_points_that_are_not_side_by_side_are_refused():
    with pytest.raises(numba.TypingError, match="points must be side by side in memory, got array"):
        copied(np.zeros((3, 2, 22))[:, :, ::2], np.zeros((3, 2, 11)), 0)


@numba.njit
def doubled_where(where, a):
    """Double numbers at some places; return the last of these."""
    where, a = sequences.floats_of((where, a))
    for i in range(len(where)):
        a[1][where[i]] = 2.0 * a[1][where[i]]
    return where[len(where) - 1]


def test_floats_and_integers():
    """Of arrays of any layout."""
    a = np.arange(12.0).reshape(2, 6)
    assert doubled_where(np.array([2, 0]), a[:, ::2]) == 0
    np.testing.assert_array_equal(a[0], np.arange(6.0))
    np.testing.assert_array_equal(a[1], [12.0, 7.0, 8.0, 9.0, 20.0, 11.0])


def test_numbers_that_are_neither_are_refused():
    with pytest.raises(numba.TypingError, match="numbers must be doubles, complex or integers"):
        doubled_where(np.array([0]), np.zeros((2, 2), dtype=np.float32))
