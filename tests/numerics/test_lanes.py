"""Numbers of several points side by side: in every lane what a double would be, to the bit."""

import operator

import numba
import numpy as np
import pytest

from spinfem.numerics import doubled, kernels, lanes

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


def in_lanes(function):
    """A function of numbers as one of arrays, a row of lanes after the other."""
    function = numba.njit(error_model="numpy")(function)

    @numba.njit(error_model="numpy")
    def run(a, b, out):
        a, b, out = lanes.points_of((a, b, out))
        for k in range(len(a)):
            out[k] = function(a[k], b[k])

    out = np.empty(A.shape)
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


def test_what_a_product_leaves_over():
    product = doubled.two_product
    found = in_lanes(lambda a, b: product(a, b)[1])[2:]
    np.testing.assert_array_equal(found, doubled.two_product(A[2:], B[2:])[1])


@numba.njit
def copied(a, out, i):
    """Copy the points from i on, each row from its end."""
    a, out = lanes.moved(lanes.points_of(a), i), lanes.moved(lanes.points_of(out), i)
    for k in range(len(a)):
        for x in range(len(a[k])):
            out[k][x] = lanes.from_behind(a[k])[x]


@pytest.mark.parametrize("is_for_all", [False, True])
def test_numbers_from_a_point_on(is_for_all):
    """Rows of arrays, of many points or of as many as there are lanes, for all."""
    many = 2 * lanes.WIDTH + 3
    a = RNG.normal(size=(3, 2, lanes.WIDTH if is_for_all else many))
    out = np.zeros((3, 2, many))
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
    where, a = lanes.floats_of((where, a))
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
    with pytest.raises(numba.TypingError, match="numbers must be doubles, or integers, got array"):
        doubled_where(np.array([0]), np.zeros((2, 2), dtype=complex))
