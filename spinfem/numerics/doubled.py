"""Arithmetic in twice the digits of a double.

A number is a pair ``(high, low)``, their sum, with ``|low|`` at most half a unit in the last place
of `high`; relative errors are some 1e-31. Dekker, doi:10.1007/BF01397083; Knuth, TAOCP 4.2.2.

All functions are elementwise: they take floats, or arrays of one shape, and compiled code has them
as they stand, for floats and for several side by side (`spinfem.numerics.compiled`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

SPLITTER = 134217729.0
"""``2^27 + 1``: its products cut a double into two halves of 26 bits."""

Number = Any
"""A float, or an array of them."""
Doubled = tuple[Number, Number]
Vector = tuple[Doubled, Doubled, Doubled]
Matrix = tuple[Vector, Vector, Vector]


def pick(condition: Any, a: Number, b: Number) -> Number:
    """Return a where a condition holds, else b."""
    if isinstance(condition, np.ndarray | np.bool_):
        return np.where(condition, a, b)
    return a if condition else b


def some(condition: Any) -> bool:
    """Tell whether a condition holds anywhere."""
    return bool(np.any(condition))


def square_root(x: Number) -> Number:
    """Return the square root of what is not negative."""
    return x**0.5


def two_sum(a: Number, b: Number) -> Doubled:
    """Return ``a + b`` exactly."""
    total = a + b
    of_b = total - a
    return total, (a - (total - of_b)) + (b - of_b)


def is_complex(x: Number) -> bool:
    """Tell whether a number, or an array of them, is complex: at a frequency."""
    return isinstance(x, complex) or (isinstance(x, np.ndarray) and x.dtype.kind == "c")


def two_product(a: Number, b: Number) -> Doubled:
    """Return ``a b`` exactly; of complex numbers to as many digits."""
    product = a * b
    if is_complex(product):
        return complex_product(a, b)
    cut_a, cut_b = SPLITTER * a, SPLITTER * b
    high_a, high_b = cut_a - (cut_a - a), cut_b - (cut_b - b)
    low_a, low_b = a - high_a, b - high_b
    rest = ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b
    return product, rest


def complex_product(a: Number, b: Number) -> Doubled:
    """Return ``a b`` of numbers of which one is complex, or both."""
    if not is_complex(b):
        return product_with_real(a, b)
    return product_of_complex(a, b) if is_complex(a) else product_with_real(b, a)


def product_with_real(a: Number, b: Number) -> Doubled:
    """Return ``a b`` of a complex number and a real one."""
    real, imaginary = two_product(a.real, b), two_product(a.imag, b)
    return complex_of(real[0], imaginary[0]), complex_of(real[1], imaginary[1])


def product_of_complex(a: Number, b: Number) -> Doubled:
    """Return ``a b`` of complex numbers: real and imaginary part are sums of two products."""
    real = two_doubles(a.real, b.real, -a.imag, b.imag)
    imaginary = two_doubles(a.real, b.imag, a.imag, b.real)
    return complex_of(real[0], imaginary[0]), complex_of(real[1], imaginary[1])


def two_doubles(a: Number, b: Number, c: Number, d: Number) -> Doubled:
    """Return ``a b + c d`` of doubles."""
    p, rest_p = two_product(a, b)
    q, rest_q = two_product(c, d)
    total, rest = two_sum(p, q)
    return normal(total, rest + (rest_p + rest_q))


def complex_of(real: Number, imaginary: Number) -> Number:
    """Return a complex number from its parts."""
    if not isinstance(real, np.ndarray):
        return complex(real, imaginary)
    made = np.empty(real.shape, dtype=complex)
    made.real, made.imag = real, imaginary
    return made


def normal(high: Number, low: Number) -> Doubled:
    """Return ``high + low``, of which `high` is the larger, as a pair."""
    total = high + low
    return total, low - (total - high)


def double(x: Number) -> Doubled:
    """Return a double as a pair."""
    return x, 0.0 * x


def add(a: Doubled, b: Doubled) -> Doubled:
    """Return ``a + b``."""
    total, rest = two_sum(a[0], b[0])
    return normal(total, rest + (a[1] + b[1]))


def negative(a: Doubled) -> Doubled:
    """Return ``-a``."""
    return -a[0], -a[1]


def subtract(a: Doubled, b: Doubled) -> Doubled:
    """Return ``a - b``."""
    total, rest = two_sum(a[0], -b[0])
    return normal(total, rest + (a[1] - b[1]))


def multiply(a: Doubled, b: Doubled) -> Doubled:
    """Return ``a b``."""
    product, rest = two_product(a[0], b[0])
    return normal(product, rest + (a[0] * b[1] + a[1] * b[0]))


def two_products(a: Doubled, b: Doubled, c: Doubled, d: Doubled) -> Doubled:
    """Return ``a b + c d``, brought into its form once."""
    p, rest_p = two_product(a[0], b[0])
    q, rest_q = two_product(c[0], d[0])
    total, rest = two_sum(p, q)
    low_p, low_q = a[0] * b[1] + a[1] * b[0], c[0] * d[1] + c[1] * d[0]
    return normal(total, rest + ((rest_p + low_p) + (rest_q + low_q)))


def divide(a: Doubled, b: Doubled) -> Doubled:
    """Return ``a/b``."""
    first = a[0] / b[0]
    rest = subtract(a, multiply(double(first), b))
    return normal(first, rest[0] / b[0])


def root(a: Doubled) -> Doubled:
    """Return the square root of a positive number, a float."""
    first = square_root(a[0])
    rest = subtract(a, two_product(first, first))
    return normal(first, rest[0] / (2 * first))


# --- three components -------------------------------------------------------------------------


def vector(x: Number, y: Number, z: Number) -> Vector:
    """Return a vector of doubles."""
    return double(x), double(y), double(z)


def dot(a: Vector, b: Vector) -> Doubled:
    """Return ``a . b``, brought into its form once."""
    (a_x, low_ax), (a_y, low_ay), (a_z, low_az) = a
    (b_x, low_bx), (b_y, low_by), (b_z, low_bz) = b
    p, rest_p = two_product(a_x, b_x)
    q, rest_q = two_product(a_y, b_y)
    r, rest_r = two_product(a_z, b_z)
    both, rest_both = two_sum(p, q)
    total, rest = two_sum(both, r)
    low_p, low_q = a_x * low_bx + low_ax * b_x, a_y * low_by + low_ay * b_y
    low_r = a_z * low_bz + low_az * b_z
    low = ((rest_p + low_p) + (rest_q + low_q)) + (rest_r + low_r)
    return normal(total, (rest + rest_both) + low)


def scaled(a: Vector, factor: Doubled) -> Vector:
    """Return a vector times a number."""
    return multiply(a[0], factor), multiply(a[1], factor), multiply(a[2], factor)


def plus(a: Vector, b: Vector) -> Vector:
    """Return ``a + b``."""
    return add(a[0], b[0]), add(a[1], b[1]), add(a[2], b[2])


def minus(a: Vector, b: Vector) -> Vector:
    """Return ``a - b``."""
    return subtract(a[0], b[0]), subtract(a[1], b[1]), subtract(a[2], b[2])


def cross(a: Vector, b: Vector) -> Vector:
    """Return ``a x b``."""
    return (
        subtract(multiply(a[1], b[2]), multiply(a[2], b[1])),
        subtract(multiply(a[2], b[0]), multiply(a[0], b[2])),
        subtract(multiply(a[0], b[1]), multiply(a[1], b[0])),
    )


def times(A: Matrix, v: Vector) -> Vector:
    """Return ``A v``."""
    return dot(A[0], v), dot(A[1], v), dot(A[2], v)


def transposed(A: Matrix) -> Matrix:
    """Return the transpose of A."""
    return (
        (A[0][0], A[1][0], A[2][0]),
        (A[0][1], A[1][1], A[2][1]),
        (A[0][2], A[1][2], A[2][2]),
    )


def product(A: Matrix, B: Matrix) -> Matrix:
    """Return ``A B``."""
    columns = transposed(B)
    return times(columns, A[0]), times(columns, A[1]), times(columns, A[2])


def inverse(A: Matrix) -> Matrix:
    """Return the inverse of a matrix of positive symmetric part.

    The first component is eliminated, and what is left, two by two, inverted by cofactors: these
    keep their digits where an antisymmetric part, precession about the first axis, is the largest.
    """
    (a, b, c), (d, e, f), (g, h, i) = A
    up = divide(double(1.0 + 0.0 * a[0]), a)
    of_b, of_c = multiply(up, b), multiply(up, c)
    e, f = subtract(e, multiply(d, of_b)), subtract(f, multiply(d, of_c))
    h, i = subtract(h, multiply(g, of_b)), subtract(i, multiply(g, of_c))
    scale = divide(double(1.0 + 0.0 * a[0]), two_products(e, i, negative(f), h))
    e, i = multiply(i, scale), multiply(e, scale)
    f, h = negative(multiply(f, scale)), negative(multiply(h, scale))
    d, g = multiply(d, up), multiply(g, up)
    left_d, left_g = two_products(e, d, f, g), two_products(h, d, i, g)
    return (
        (
            add(up, two_products(of_b, left_d, of_c, left_g)),
            negative(two_products(of_b, e, of_c, h)),
            negative(two_products(of_b, f, of_c, i)),
        ),
        (negative(left_d), e, f),
        (negative(left_g), h, i),
    )
