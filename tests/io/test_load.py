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


def test_a_stack_that_was_not_loaded_has_none():
    stack = sf.Reservoir() | sf.NormalMetal(D=1.0, l=1.0)(1.0)
    assert stack.j0 is None
    assert sf.solve(stack).j0 == 1.0
    assert turned(sf.load(VALVE).stack).j0 == 1e11
    with pytest.raises(TypeError, match=r"stack must be a Stack, .* a file holds both"):
        sf.solve((stack, 1.0))
