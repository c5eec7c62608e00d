"""Random stacks from the ends of what is legal, of every model, against exponentials in 60 digits.

The table in the README is `tests/extremes.py` as a script; these are other stacks.
"""

import dataclasses
import itertools
from functools import partial

import extremes
import numpy as np
import pytest
import reference
from kernels import solve_with_numpy

import spinfem as sf

SEED = 20
SOME, MORE = range(5), range(40, 160)
MANY = [range(5, 40), range(40, 80), range(80, 120), range(120, 160)]


def check(draw, numbers):
    missed = {}
    for i in numbers:
        stack = draw(np.random.default_rng([SEED, i]))
        exact = reference.solve(stack)
        for solver in ("solve", "analytic"):
            with np.errstate(all="ignore"):
                found = extremes.errors(extremes.SOLVERS[solver](stack), exact)
            for name, value in found.items():
                if not value < extremes.LIMIT:
                    missed[i, solver, name] = value
    assert not missed


@pytest.mark.long
@pytest.mark.parametrize("model", extremes.MODELS)
def test_extremes(model):
    check(partial(extremes.extreme, model=model), SOME)


@pytest.mark.some(2)
@pytest.mark.long
@pytest.mark.parametrize("numbers", MANY)
@pytest.mark.parametrize("model", extremes.MODELS)
def test_many_extremes(model, numbers):
    check(partial(extremes.extreme, model=model), numbers)


def test_stiffnesses_far_apart_about_different_axes():
    """A ring counts in the frame of its stiffer neighbour: else mu_s of one is off by 3e-8."""
    check(extremes.far_apart, [93, 171])


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("numbers", MANY)
def test_many_stiffnesses_far_apart_about_different_axes(numbers):
    check(extremes.far_apart, numbers)


@pytest.mark.parametrize("solver", ["solve", "analytic"])
def test_potential_in_a_thin_layer_of_almost_one_spin(solver):
    """It falls by 1e-10 of what it would without spin: mu_0 was off by 3e-7."""
    stack = extremes.far_apart(np.random.default_rng([1, 2260]))
    with np.errstate(all="ignore"):
        found = extremes.errors(extremes.SOLVERS[solver](stack), reference.solve(stack))
    assert found["mu_0"] < 1e-14


@pytest.mark.long
@pytest.mark.parametrize("solve", [sf.solve, solve_with_numpy, sf.analytic.solve])
@pytest.mark.parametrize("turned", ["stiff", "soft"])
def test_points_of_a_batch_of_which_some_are_far_apart(solve, turned):
    """Every point has the frame of its own stiffer neighbour, and is as exact as alone."""
    scale = 10.0 ** np.linspace(-12, 6, 11)
    angle = np.array([60.0, 120.0, 1e-4, 30.0, 0.0, 90.0, 1e-9, 180.0, 179.0, 10.0, 100.0])

    def stack(x, theta):
        stiff = sf.Ferromagnet(D=200.0, l=0.7, p=1 - 1e-12, lambda_J=0.7 * x, lambda_phi=x)
        soft = sf.Ferromagnet(D=1e-3, l=5.0, p=0.8, lambda_J=0.4)
        ways = {"stiff": sf.direction(0.0), "soft": sf.direction(0.0)}
        ways[turned] = sf.direction(theta, 20.0)
        return sf.Stack(
            [
                sf.Lead(sf.NormalMetal(D=1.0, l=2.0)),
                stiff(1e-5, m=ways["stiff"]),
                soft(0.3, m=ways["soft"]),
                sf.NormalMetal(D=1.0, l=1.0)(1e-9),
                sf.Interface(0.5, mixing=1e-3 + 2e-3j),
                sf.Lead(sf.Ferromagnet(D=1.0, l=1.0, p=0.4), m=(1, 0, 0)),
            ]
        )

    batch = solve(stack(scale, angle))
    for i, point in enumerate(zip(scale, angle, strict=True)):
        exact = reference.solve(stack(*point))
        assert batch.spin_resistance[i] == pytest.approx(float(exact.spin_resistance), rel=1e-11)
        for name in ("spin_potential", "spin_current"):
            found, right = (
                np.array([[getattr(f, f"{name}_{side}") for side in ("left", "right")] for f in x])
                for x in (batch.interfaces, exact.faces)
            )
            right = right.astype(float)
            assert np.abs(found[:, :, i] - right).max() <= 1e-11 * np.abs(right).max()


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
