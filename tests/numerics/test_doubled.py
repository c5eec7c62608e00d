"""Arithmetic in twice the digits of a double, against fractions and against mpmath."""

from fractions import Fraction

import hypothesis.strategies as st
import mpmath as mp
import numpy as np
import pytest
from hypothesis import assume, given

from spinfem.numerics import doubled

DIGITS = 1e-30
"""Relative error of one operation."""

numbers = st.floats(1e-60, 1e60).flatmap(lambda x: st.sampled_from([x, -x]))
pairs = st.tuples(numbers, st.floats(-1.0, 1.0)).map(
    lambda given: doubled.two_sum(given[0], given[0] * given[1] * 2.0**-54)
)


def exact(a):
    return Fraction(float(a[0])) + Fraction(float(a[1]))


def close(a, expected, size=None):
    return abs(exact(a) - expected) <= Fraction(DIGITS) * abs(expected if size is None else size)


@given(numbers, numbers)
def test_sums_and_products_of_doubles_are_exact(a, b):
    assert exact(doubled.two_sum(a, b)) == Fraction(a) + Fraction(b)
    assert exact(doubled.two_product(a, b)) == Fraction(a) * Fraction(b)


@given(pairs, pairs)
def test_operations(a, b):
    x, y = exact(a), exact(b)
    size = abs(x) + abs(y)
    assert close(doubled.add(a, b), x + y, size)
    assert close(doubled.subtract(a, b), x - y, size)
    assert close(doubled.multiply(a, b), x * y)
    assert close(doubled.divide(a, b), x / y)
    assert close(doubled.negative(a), -x)


@given(pairs)
def test_root(a):
    assume(a[0] > 0)
    found = exact(doubled.root(a))
    assert abs(found**2 - exact(a)) <= 3 * Fraction(DIGITS) * exact(a)


@given(pairs, pairs)
def test_arrays_are_taken_as_numbers_are(a, b):
    """To the last bit: what is done to a batch is what is done to its points."""
    arrays = [tuple(np.array([part, part]) for part in pair) for pair in (a, b)]
    for operation in (doubled.add, doubled.multiply, doubled.divide):
        for one, many in zip(operation(a, b), operation(*arrays), strict=True):
            assert (many == one).all()


@pytest.mark.parametrize("turning", [0.0, 1.0, 1e15])
@pytest.mark.parametrize("seed", range(4))
def test_inverse(seed, turning):
    """Of matrices of positive symmetric part, precession of any size among it."""
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(3, 3))
    spin = np.array([[0, 0, 0], [0, 0, -1], [0, 1, 0]])
    A = half @ half.T + np.diag(10.0 ** rng.uniform(-6, 6, 3)) + turning * spin
    found = doubled.inverse(tuple(doubled.vector(*map(float, row)) for row in A))
    with mp.workdps(60):
        ones = mp.matrix(A.tolist()) * mp.matrix(
            [[mp.mpf(x[0]) + mp.mpf(x[1]) for x in row] for row in found]
        )
        sizes = np.abs(A) @ np.abs([[x[0] for x in row] for row in found])
        for i in range(3):
            for j in range(3):
                assert abs(ones[i, j] - (i == j)) < 1e-28 * sizes[i, j]
