"""Constraint rows at faces."""

import numpy as np
import pytest

import spinfem as sf
from spinfem.solvers import faces
from spinfem.solvers.elements import check_spin_sink, elements_of


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


# --- spin sinks ---------------------------------------------------------------------------------

Z, X = (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)
SINKLESS = {"D": 1.0, "l": np.inf, "p": 0.4}


def without_relaxation(*magnets):
    """Ferromagnets between normal layers and spin-blocking ends: nothing relaxes."""
    spacer = sf.NormalMetal(D=1.0, l=np.inf)(1.0)
    stack = sf.SpinBlocking() | spacer
    for lengths, m in magnets:
        stack = stack | sf.Ferromagnet(**SINKLESS, **lengths)(1.0, m=m) | spacer
    return stack | sf.SpinBlocking()


STRONG, NO_LENGTH = {}, {"lambda_J": np.inf, "lambda_phi": np.inf}


@pytest.mark.parametrize("solve", [sf.solve, sf.analytic.solve])
@pytest.mark.parametrize("weak", [{"lambda_J": np.inf}, {"lambda_phi": np.inf}, NO_LENGTH])
def test_infinite_exchange_lengths_confine_nothing(solve, weak):
    """What does not take up mu_s across m leaves a uniform one all its directions."""
    for magnets in (
        [(STRONG, Z), (weak, X)],
        [(weak, Z), (weak, X)],
        [(STRONG, Z), (weak, X), (STRONG, Z)],
        [(STRONG, Z), (weak, X), (STRONG, (0.0, 0.0, -1.0))],
    ):
        with pytest.raises(ValueError, match="no spin sink"):
            solve(without_relaxation(*magnets))


@pytest.mark.parametrize("weak", [{"lambda_J": 1.0}, {"lambda_J": np.inf, "lambda_phi": 1.0}])
def test_one_finite_exchange_length_confines(weak):
    for magnets in ([(STRONG, Z), (weak, X)], [(weak, Z), (weak, X)]):
        check_spin_sink(elements_of(without_relaxation(*magnets)))
    # not neighbours, but the only two that confine
    between = [(STRONG, Z), (NO_LENGTH, Z), (weak, X)]
    check_spin_sink(elements_of(without_relaxation(*between)))


def test_spin_sinks_are_looked_for_again_as_a_magnetization_turns():
    stack = without_relaxation((STRONG, Z), (STRONG, X))
    check_spin_sink(elements_of(stack))
    check_spin_sink(elements_of(stack.replace("F2", m=(1.0, 0.0, 1.0))))
    for m in (Z, [X, Z]):
        with pytest.raises(ValueError, match="no spin sink"):
            check_spin_sink(elements_of(stack.replace("F2", m=m)))


def test_spin_sinks_of_every_point():
    """An exchange length may be infinite at some points of a batch alone."""
    weak = {"lambda_J": np.array([1.0, 2.0, np.inf])}
    with pytest.raises(ValueError, match=r"no spin sink.*at point 2 of the batch"):
        sf.solve(without_relaxation((STRONG, Z), (weak, X)))
    turned = sf.direction([0.0, 90.0, 90.0])
    with pytest.raises(ValueError, match=r"no spin sink.*at point 0 of the batch"):
        sf.solve(without_relaxation((STRONG, Z), (STRONG, turned)))
