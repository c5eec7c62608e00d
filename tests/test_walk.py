"""A short random walk over what may be wrong; `walk.py` takes long ones."""

import itertools

import pytest
import walk


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "steps"), [("stacks", 60), ("devices", 60), ("meshes", 50), ("vary", 25)]
)
def test_every_step_ends_well(kind, steps):
    ends, slowest, faults = walk.walk(kind, steps, seed=0)
    assert faults == []
    assert ends[0] > 0
    assert ends[2] > 0
    assert sum(ends.values()) == steps
    assert slowest < walk.SECONDS


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "steps"), [("stacks", 500), ("devices", 200), ("meshes", 200), ("vary", 100)]
)
def test_long_walks(kind, steps):
    assert walk.walk(kind, steps, seed=7)[2] == []


def test_the_walk_sees_what_is_wrong(monkeypatch):
    """Tracebacks, warnings, controls, several lines, and what takes too long."""
    fine = walk.Ended(2, "", "error: x\n", 0.1)
    assert walk.fault(fine) is None
    assert walk.fault(walk.Ended(0, '{"resistance": 1, "spin_resistance": 0}', "", 0.1)) is None
    for changes in (
        {"status": 1},
        {"err": "error: x\ny\n"},
        {"err": "x\n"},
        {"err": "error: \x1b[2J\n"},
        {"out": "x"},
        {"seconds": 11.0},
        {"trace": "Traceback"},
        {"warned": ["overflow"]},
        {"err": "error: memory must hold all results\n"},
        {"status": 0, "err": "note\n"},
        {"status": 0, "err": "", "out": '{"resistance": -1, "spin_resistance": 0}'},
    ):
        assert walk.fault(walk.Ended(**{**vars(fine), **changes})), changes
    monkeypatch.setattr(walk, "SECONDS", 0.05)
    monkeypatch.setattr(
        walk.cli, "main", lambda arguments: next(x for x in itertools.count() if x < 0)
    )
    assert "TooSlowError" in walk.fault(walk.run([]))
