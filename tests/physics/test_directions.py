"""Angles and parts of directions, down to zero vectors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinfem.physics import directions


def unit(draw_values):
    v = np.array(draw_values)
    return v / np.linalg.norm(v)


vectors = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: 0.1 < np.linalg.norm(v) < 2).map(unit)


@given(vectors, vectors)
def test_angles(a, b):
    relation = directions.angle(a, b)
    assert relation.sign * relation.cosine == pytest.approx(a @ b, abs=1e-15)
    assert relation.cosine + relation.rest == pytest.approx(1, abs=1e-15)
    part = directions.across(a, b)
    np.testing.assert_allclose(part, np.cross(b, np.cross(a, b)), atol=3e-16)


def test_angles_of_zero_vectors_couple_nothing():
    zero, m = np.zeros(3), np.array([0.0, 0.6, 0.8])
    for a, b in ((zero, m), (m, zero), (zero, zero)):
        relation = directions.angle(a, b)
        assert (relation.cosine, relation.rest) == (0, 1)
    np.testing.assert_array_equal(directions.across(m, zero), m)
    np.testing.assert_array_equal(directions.across(zero, m), zero)
