"""Random stacks from the ends of what is legal, of every model, against exponentials in 60 digits.

The table in the README is `tests/extremes.py` as a script; these are other stacks.
"""

import dataclasses
import itertools

import extremes
import numpy as np
import pytest
import reference
from kernels import solve_with_numpy

import spinfem as sf

SEED = 20
SOME, MORE, MANY = range(5), range(40, 160), range(5, 440)
TOO_FAR_APART = ("exchange", 240)


def check(model, numbers):
    missed = {}
    for i, solver in itertools.product(numbers, ("solve", "analytic")):
        stack = extremes.extreme(np.random.default_rng([SEED, i]), model)
        with np.errstate(all="ignore"):
            found = extremes.errors(extremes.SOLVERS[solver](stack), reference.solve(stack))
        for name, value in found.items():
            if not value < extremes.LIMIT:
                missed[i, solver, name] = value
    assert not missed


@pytest.mark.parametrize("model", extremes.MODELS)
def test_extremes(model):
    check(model, SOME)


@pytest.mark.long
@pytest.mark.parametrize("model", extremes.MODELS)
def test_many_extremes(model):
    check(model, [i for i in MANY if (model, i) != TOO_FAR_APART])


@pytest.mark.long
@pytest.mark.xfail(reason="stiffnesses of 1e24 and 1 in one ring, whose axes differ: 2e-10")
def test_what_twice_the_digits_are_not_enough_for():
    """1 - p = 2e-11 and lambda = 1e-11 l: a frame of the stiffer neighbour would do."""
    model, number = TOO_FAR_APART
    check(model, [number])


@pytest.mark.parametrize("solver", ["solve", "analytic"])
def test_heat_where_a_current_is_what_is_left_of_forces_eight_decades_as_large(solver):
    """A thin ferromagnet at a reservoir, and much heat behind it: dr was off by 7e-10."""
    stack = extremes.extreme(np.random.default_rng([77, 678]), "plain")
    with np.errstate(all="ignore"):
        found = extremes.errors(extremes.SOLVERS[solver](stack), reference.solve(stack))
    assert found["dr"] < 1e-14


@pytest.mark.long
@pytest.mark.parametrize("model", extremes.MODELS)
def test_both_ways_to_run_the_text_agree(model):
    """To 1e-14 of the largest: numpy's products have a rest by halves, numba's by one operation."""
    for i in MORE:
        stack = extremes.extreme(np.random.default_rng([SEED, i]), model)
        with np.errstate(all="ignore"):
            one, other = sf.solve(stack), solve_with_numpy(stack)
        for name in ("spin_potential_left", "spin_current_left"):
            a, b = (np.array([getattr(f, name) for f in x.interfaces]) for x in (one, other))
            assert np.abs(a - b).max() <= 1e-14 * np.abs(a).max()
        assert other.spin_resistance == pytest.approx(one.spin_resistance, rel=1e-14)


def driving(stack):
    """The largest polarization that drives a stack, with j0 = 1."""
    metals = [getattr(e, "material", None) for e in stack.elements]
    return max(
        *(abs(getattr(metal, "p", 0.0)) for metal in metals),
        *(abs(joint.gamma) for joint in stack.joints if joint),
        0.0,
    )


def turned(stack, turn):
    """The stack turned; None if that rounds an m, whose last digit may be an angle here."""
    pieces = []
    for joint, e in zip((None, *stack.joints), stack.elements, strict=True):
        if getattr(e, "m", None) is not None:
            m = turn @ e.m
            e = dataclasses.replace(e, m=m)
            if (e.m != m).any():
                return None
        pieces += [e] if joint is None else [joint, e]
    return sf.Stack(pieces)


@pytest.mark.long
@pytest.mark.parametrize("model", extremes.MODELS)
def test_nothing_depends_on_how_a_sample_lies(model):
    turns = [np.eye(3)[[1, 2, 0]], np.diag([-1.0, -1.0, 1.0]), np.eye(3)[[1, 0, 2]] * [1, 1, -1]]
    counted = 0
    for i, turn in itertools.product(MORE, turns):
        stack = extremes.extreme(np.random.default_rng([SEED, i]), model)
        other = turned(stack, turn)
        if other is None:
            continue
        counted += 1
        with np.errstate(all="ignore"):
            solutions = sf.solve(stack), sf.solve(other)
        for name, least in (("spin_potential_left", 0.0), ("spin_current_left", driving(stack))):
            a, b = (np.array([getattr(f, name) for f in x.interfaces]) for x in solutions)
            assert np.abs(a @ turn.T - b).max() <= 1e-13 * max(np.abs(a).max(), least)
        one, other = (solution.spin_resistance for solution in solutions)
        assert other == pytest.approx(one, rel=1e-13)
    assert counted > 100
