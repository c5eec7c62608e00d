"""Constraint rows at faces."""

import numpy as np

from spinfem.solvers import faces


def test_no_redundant_constraint_rows():
    normal, none = np.eye(3), np.zeros((3, 0))
    m, n = (np.array(v, dtype=float)[:, None] for v in ((0, 0, 1), (0, 1, 0)))
    expected = [
        (normal, normal, 3),
        (normal, m, 3),
        (m, normal, 3),
        (m, m, 1),
        (m, -m, 1),
        (m, n, 2),
        (none, m, 1),
        (normal, none, 3),
    ]
    for a, b, count in expected:
        W_a, W_b = faces.rows(a, b)
        C = np.concatenate([W_a @ a, -W_b @ b], axis=1)
        assert C.shape[0] == count == np.linalg.matrix_rank(C)
        # the null space is continuity within what both sides admit
        values = np.linalg.svd(C)[2][count:]
        for v in values:
            np.testing.assert_allclose(a @ v[: a.shape[1]], b @ v[a.shape[1] :], atol=1e-15)
