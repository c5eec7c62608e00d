"""The current of a file: it stays with the stack that was loaded."""

import pickle
from pathlib import Path

import numpy as np
import pytest

import spinfem as sf
from spinfem.io.stackfile import read
from spinfem.io.vary import FileBuilder

VALVE = Path(__file__).parents[2] / "examples" / "co_cu_py.toml"
TURNED = sf.direction(25.0)


def turned(stack):
    return stack.replace("free", m=TURNED)


@pytest.mark.parametrize(
    "take",
    [
        lambda path: sf.load(path),
        lambda path: sf.load(path).stack,
        lambda path: sf.load(path)[0],
        lambda path: read(path).stack,
        lambda path: pickle.loads(pickle.dumps(sf.load(path).stack)),
        lambda path: sf.load(path).stack.replace("free", m=sf.direction([60.0, 90.0]))[0],
        lambda path: turned(sf.load(path).stack).replace("free", m=sf.direction(60.0)),
        lambda path: sf.load(path).stack.replace("free", name="f").replace("f", name="free"),
    ],
)
@pytest.mark.parametrize("solve", [sf.solve, sf.analytic.solve])
def test_what_was_loaded_is_solved_with_its_own_current(take, solve):
    stack, j0 = sf.load(VALVE)
    assert j0 == stack.j0 == 1e11
    expected = solve(stack, j0).torque("free")
    found = solve(take(VALVE))
    assert found.j0 == 1e11
    np.testing.assert_allclose(found.torque("free"), expected, rtol=1e-12)
    assert solve(take(VALVE), 2.0).j0 == 2.0
    assert solve(take(VALVE), current_density=3.0).j0 == -3.0


def test_it_is_taken_wherever_a_stack_is():
    loaded = sf.load(VALVE)
    stack, j0 = loaded
    assert sf.sweep(lambda d: stack.replace("spacer", thickness=d), {"d": [1e-9]}).j0 == j0
    assert sf.converge(loaded, refinements=2, grading=False).stack is stack
    assert sf.magnetoresistance(loaded, loaded).change == 0.0
    assert sf.magnetoresistance(loaded, {"free": TURNED}).before > 0
    text = sf.slonczewski(sf.solve(loaded), "fixed", "free").oommf()
    assert "  J 1e11" in text.replace("1.e11", "1e11").replace("e+11", "e11")
    file = read(VALVE)
    where = {"d": (("layers", 1, "thickness_nm"),)}
    assert FileBuilder(file.tables, where)(d=np.array([1.0, 2.0])).j0 == j0


@pytest.mark.parametrize("name", ["co_cu_py", "dual_valve", "exchange_biased_valve"])
def test_torques_for_codes_do_not_depend_on_where_the_current_is_from(name):
    """What is solved on the way is per current, whatever the file's is."""
    stack, j0 = sf.load(VALVE.with_name(f"{name}.toml"))
    plain = sf.Stack(stack.pieces)
    assert plain.j0 is None
    loaded, given = sf.solve(stack), sf.solve(plain, j0)
    for pair in loaded.spacers:
        for fixed, free in (pair, pair[::-1]):
            one, other = (sf.slonczewski(found, fixed, free) for found in (loaded, given))
            assert (one.j0, one.current, one.notes) == (other.j0, other.current, other.notes)
            for key in ("P_fixed", "P_free", "Lambda", "error"):  # right to roundings
                assert getattr(one, key) == pytest.approx(getattr(other, key), rel=1e-8, abs=1e-15)
            angles = np.array([10.0, 80.0, 170.0])
            np.testing.assert_allclose(one.epsilon(angles), other.epsilon(angles), rtol=1e-10)


def test_studies_do_not_depend_on_where_the_current_is_from():
    stack = sf.load(VALVE).stack
    plain = sf.Stack(stack.pieces)

    def numbers(sample):
        def valve(theta):
            return sample.replace("free", m=sf.direction(theta))

        def film(d):
            return sample.replace("free", thickness=d)

        signs = sf.sign_changes(valve, 0, 180, "fixed", "free", points=7)
        d, RA = np.array([3e-9, 5e-9]), [1e-15, 2e-15]
        found = sf.fit(lambda f, d: film(f * d), RA, {"f": (1.0, 0.1, 9)}, coordinates={"d": d})
        ratio = sf.magnetoresistance(sample, {"free": TURNED}).ratio
        rates = sf.converge(sample, degree=1, refinements=3).columns["torque"]
        return [*signs[1], found.values["f"], found.best_fit, ratio, rates]

    for one, other in zip(numbers(stack), numbers(plain), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_a_stack_that_was_not_loaded_has_none():
    stack = sf.Reservoir() | sf.NormalMetal(D=1.0, l=1.0)(1.0)
    assert stack.j0 is None
    assert sf.solve(stack).j0 == 1.0
    assert turned(sf.load(VALVE).stack).j0 == 1e11
    with pytest.raises(TypeError, match=r"stack must be a Stack, .* a file holds both"):
        sf.solve((stack, 1.0))
