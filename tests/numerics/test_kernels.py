"""One text, run on floats, on arrays, compiled, and by several threads."""

import extremes
import numpy as np
import pytest
from kernels import MODELS, RAMP, VARIED, driven, in_time, solve_with_numpy, stack_of

import spinfem as sf
from spinfem.numerics.lanes import WIDTH

NAMES = ("spin_potential_left", "spin_current_left", "spin_current_right", "absorbed")


def results(solution):
    """Everything at faces, and what magnets absorb, with what its roundings are relative to."""
    faces = {name: np.array([getattr(f, name) for f in solution.interfaces]) for name in NAMES}
    found = [(faces.pop("spin_potential_left"), None), *((x, 1.0) for x in faces.values())]
    found += [(solution.absorbed_spin_current(name), 1.0) for name in solution.ferromagnets]
    return [(x, np.abs(x).max() if size is None else size) for x, size in found]


def assert_same(one, other, limit=1e-14):
    for (a, size), (b, _) in zip(results(one), results(other), strict=True):
        assert np.abs(a - b).max() <= limit * size
    np.testing.assert_allclose(one.spin_resistance, other.spin_resistance, rtol=10 * limit)


@pytest.mark.parametrize("model", MODELS)
def test_floats_and_compiled_text(model):
    stack = stack_of(model)
    assert_same(sf.solve(stack), solve_with_numpy(stack))


@pytest.mark.parametrize("varied", VARIED)
@pytest.mark.parametrize("model", MODELS)
def test_arrays_and_compiled_text(model, varied):
    stack = VARIED[varied](stack_of(model), RAMP)
    assert_same(sf.solve(stack), solve_with_numpy(stack))


@pytest.mark.parametrize("solve", [sf.solve, solve_with_numpy])
@pytest.mark.parametrize("varied", VARIED)
@pytest.mark.parametrize("model", MODELS)
def test_batches_and_single_stacks(model, varied, solve):
    """Whatever part of the chain varies: the rest of it is swept once, from both ends."""
    base = stack_of(model)
    batch = solve(VARIED[varied](base, RAMP))
    for i in (0, 1, 18, 36):
        one = solve(VARIED[varied](base, float(RAMP[i])))
        for (a, size), (b, _) in zip(results(batch[i]), results(one), strict=True):
            assert np.abs(a - b).max() <= 1e-13 * size
        for name in NAMES:
            for whole, own in zip(batch.interfaces, one.interfaces, strict=True):
                a, b = getattr(whole, name)[i], getattr(own, name)
                assert np.abs(a - b).max() <= 1e-13 * max(1.0, np.abs(b).max())


@pytest.mark.parametrize(
    "points", [1, 2, WIDTH - 1, WIDTH, WIDTH + 1, 2 * WIDTH - 1, 2 * WIDTH, 2 * WIDTH + 3]
)
@pytest.mark.parametrize("model", ["plain", "both"])
def test_any_number_of_points(model, points):
    """As many as there are lanes are solved at once."""
    base = stack_of(model)
    batch = sf.solve(VARIED["much"](base, RAMP[:points]))
    for i in range(points):
        one = sf.solve(VARIED["much"](base, float(RAMP[i])))
        for (a, size), (b, _) in zip(results(batch[i]), results(one), strict=True):
            assert np.abs(a - b).max() <= 1e-13 * size


@pytest.mark.parametrize("threads", [2, 3, 64])
@pytest.mark.parametrize("varied", ["angle", "much"])
@pytest.mark.parametrize("model", MODELS)
def test_threads_change_no_bit(model, varied, threads):
    stack = VARIED[varied](stack_of(model), RAMP)
    one, many = sf.solve(stack, threads=1), sf.solve(stack, threads=threads)
    for (a, _), (b, _) in zip(results(one), results(many), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(one.spin_resistance, many.spin_resistance)


FREQUENCY = np.geomspace(1e-3, 1e3, 37)


def assert_same_at_frequencies(stack, limit=1e-14):
    """Compiled for several points and as it stands for arrays: amplitudes to the last digits."""
    one, other = (solve(stack, frequency=FREQUENCY) for solve in (sf.solve, solve_with_numpy))
    for (a, size), (b, _) in zip(results(one), results(other), strict=True):
        assert np.abs(a - b).max() <= limit * size
    np.testing.assert_allclose(one.spin_resistance, other.spin_resistance, rtol=10 * limit)


@pytest.mark.parametrize("model", MODELS)
def test_complex_points(model):
    assert_same_at_frequencies(in_time(stack_of(model)))


@pytest.mark.parametrize("varied", VARIED)
@pytest.mark.parametrize("model", ["plain", "contact", "both"])
def test_complex_points_of_which_more_varies(model, varied):
    assert_same_at_frequencies(VARIED[varied](in_time(stack_of(model)), RAMP))


def test_complex_points_that_an_end_drives():
    assert_same_at_frequencies(in_time(driven((0.3, 0.1, 1.0))))


@pytest.mark.parametrize("model", extremes.MODELS)
def test_complex_points_of_random_stacks(model):
    """To a tenth of what amplitudes are held to there, of the largest mu_s and of all currents."""
    for i in range(12):
        rng = np.random.default_rng([2006, i])
        stack, highest = extremes.with_times(rng, extremes.extreme(rng, model))
        with np.errstate(all="ignore"):
            one, other = (
                solve(stack, frequency=highest * np.geomspace(1e-3, 1.0, 19))
                for solve in (sf.solve, solve_with_numpy)
            )
        (mu, largest), *currents = results(one)
        (other_mu, _), *other_currents = results(other)
        assert np.abs(mu - other_mu).max() <= 1e-13 * largest
        size = max([1.0, *(np.abs(x).max() for x, _ in currents)])
        for (a, _), (b, _) in zip(currents, other_currents, strict=True):
            assert np.abs(a - b).max() <= 1e-13 * size
        np.testing.assert_allclose(one.spin_resistance, other.spin_resistance, rtol=1e-13)


@pytest.mark.parametrize("points", [1, WIDTH - 1, WIDTH, WIDTH + 1, 2 * WIDTH + 3])
@pytest.mark.parametrize("model", ["plain", "both"])
def test_any_number_of_complex_points(model, points):
    stack = in_time(stack_of(model))
    batch = sf.solve(stack, frequency=FREQUENCY[:points])
    for i in range(points):
        one = sf.solve(stack, frequency=FREQUENCY[i])
        for (a, size), (b, _) in zip(results(batch[i]), results(one), strict=True):
            assert np.abs(a - b).max() <= 1e-13 * size


@pytest.mark.parametrize("model", MODELS)
def test_threads_change_no_bit_of_amplitudes(model):
    stack = in_time(stack_of(model))
    one, many = (sf.solve(stack, frequency=FREQUENCY, threads=x) for x in (1, 2))
    np.testing.assert_array_equal(one.torques, many.torques)
    np.testing.assert_array_equal(one.spin_resistance, many.spin_resistance)
