"""Runs that are broken off and taken up again, and what `run` refuses."""

import re
import signal
import subprocess
import sys
import time
from unittest.mock import patch

import numpy as np
import pytest
from moving import BOTH, FREE, pair, tilted

import spinfem as sf
from spinfem.dynamics import motion, record
from spinfem.numerics import kernels

TIMES = np.linspace(0, 2e-10, 41)
# fmt: off
RUNS = {
    "plain": ({}, {"j0": 3e11}),
    "batch": ({}, {"j0": np.linspace(1e11, 1e12, 5)}),
    "in time": ({}, {"j0": lambda t: np.where(t < 1.1e-10, 1e12, 0.0),
                     "field": lambda t: np.stack([0 * t, 1e5 * np.sin(1e11 * t), 0 * t], -1)}),
    "thermal": ({"pumping": False}, {"j0": np.zeros(2), "temperature": 300.0, "area": 1e-15}),
}
# fmt: on


@pytest.fixture
def kept_at_once(monkeypatch):
    """Every part has four times or so, and is written at once."""
    monkeypatch.setattr(record, "KEPT_AFTER", 0.0)
    monkeypatch.setattr(motion, "FIRST_PART", 4)
    monkeypatch.setattr(motion, "PART_SECONDS", 0.0)


class Stop(Exception):
    """Breaks a run off."""


def break_off(monkeypatch, samples):
    """Let runs break off when so many samples are there."""
    take = record.Record.take

    def stop(self, taken):
        take(self, taken)
        if self.count >= samples:
            raise Stop

    monkeypatch.setattr(record.Record, "take", stop)


@pytest.mark.long
@pytest.mark.parametrize("name", RUNS)
@pytest.mark.usefixtures("kept_at_once")
def test_a_run_that_was_broken_off_goes_on(name, tmp_path):
    options, call = RUNS[name]
    call = {"times": TIMES, **call}
    whole = pair(**options).run(**call)
    store = tmp_path / "store"
    for samples in (1, 9, 20):
        with pytest.MonkeyPatch.context() as patched:
            break_off(patched, samples)
            with pytest.raises(Stop):
                pair(**options).run(**call, store=store)
    kept = {path.name: path.read_bytes() for path in store.iterdir()}
    assert len(kept) > 3
    again = pair(**options, threads=2).run(**call, store=store)
    np.testing.assert_array_equal(whole.directions, again.directions)
    np.testing.assert_array_equal(whole.steps, again.steps)
    assert {path.name: path.read_bytes() for path in store.iterdir()}.items() >= kept.items()
    with pytest.MonkeyPatch.context() as patched:  # nothing is left to be done
        break_off(patched, 0)
        read = pair(**options).run(**call, store=store)
    np.testing.assert_array_equal(whole.directions, read.directions)
    np.testing.assert_array_equal(whole.steps, read.steps)


@pytest.mark.usefixtures("kept_at_once")
def test_layers_may_be_condensed_without_numba(tmp_path):
    """As they are where it is not yet loaded: to the same bits, so that its store is known."""
    call = {"times": TIMES, "j0": 3e11}
    with patch.object(kernels, "kernels", lambda *work, **like: None):
        first = pair()
        assert first.turning.skeleton is not None
    with pytest.MonkeyPatch.context() as patched:
        break_off(patched, 9)
        with pytest.raises(Stop):
            first.run(**call, store=tmp_path)
    again, whole = pair().run(**call, store=tmp_path), pair().run(**call)
    np.testing.assert_array_equal(again.directions, whole.directions)


@pytest.mark.long
@pytest.mark.parametrize("harm", ["cut", "flipped", "empty", "gone", "text"])
@pytest.mark.usefixtures("kept_at_once")
def test_what_is_broken_is_made_anew(harm, tmp_path):
    call = {"times": TIMES, "j0": 3e11, "store": tmp_path}
    whole = pair().run(**call)
    path = sorted(tmp_path.glob("part_*.npz"))[1]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    changed = {"cut": content[:-40], "flipped": content, "empty": b"", "text": b"part"}
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(changed[harm])
    again = pair().run(**call)
    np.testing.assert_array_equal(whole.directions, again.directions)
    assert path.stat().st_size > 100


# fmt: off
OTHERS = {
    "current": lambda store: pair().run(times=TIMES, j0=2e11, store=store),
    "times": lambda store: pair().run(times=2 * TIMES, j0=3e11, store=store),
    "rtol": lambda store: pair().run(times=TIMES, j0=3e11, rtol=1e-9, store=store),
    "start": lambda store: pair().run(times=TIMES, j0=3e11, m={"free": (1, 0, 0)}, store=store),
    "field": lambda store: pair(field=(0, 0, 1.0)).run(times=TIMES, j0=3e11, store=store),
    "magnet": lambda store: pair({**BOTH, "free": sf.Magnet(8e5, alpha=0.02)}).run(
        times=TIMES, j0=3e11, store=store),
    "held": lambda store: pair({"free": FREE}).run(times=TIMES, j0=3e11, store=store),
    "stack": lambda store: sf.Dynamics(tilted().replace("free", thickness=5e-9), BOTH).run(
        times=TIMES, j0=3e11, store=store),
    "pumping": lambda store: pair(pumping=False).run(times=TIMES, j0=3e11, store=store),
    "temperature": lambda store: pair(pumping=False).run(
        times=TIMES, j0=3e11, temperature=300.0, area=1e-15, store=store),
}
# fmt: on


@pytest.mark.long
@pytest.mark.parametrize("name", OTHERS)
def test_a_store_of_another_run_is_refused(name, tmp_path):
    pair().run(times=TIMES, j0=3e11, store=tmp_path)
    expected = f"{tmp_path}: store must be empty or that of this run, got that of another; delete"
    with pytest.raises(ValueError, match=re.escape(expected)):
        OTHERS[name](tmp_path)


@pytest.mark.long
def test_seeds_have_stores_of_their_own(tmp_path):
    call = {"times": TIMES, "temperature": 300.0, "area": 1e-15, "store": tmp_path}
    pair(pumping=False).run(**call, seed=1)
    with pytest.raises(ValueError, match="got that of another"):
        pair(pumping=False).run(**call, seed=2)


def test_another_version_has_a_store_of_its_own(tmp_path, monkeypatch):
    pair().run(times=TIMES, store=tmp_path)
    monkeypatch.setattr(motion, "versions", lambda: {"numpy": "0.0"})
    with pytest.raises(ValueError, match="got that of another"):
        pair().run(times=TIMES, store=tmp_path)


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ValueError, match=r"got other files \(thesis.tex\)"):
        pair().run(times=TIMES, store=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_errors_of_a_store_are_clear(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError, match=r"file: cannot be made: "):
        pair().run(times=TIMES, store=tmp_path / "file")
    with pytest.raises(FileNotFoundError, match=r"cannot be written: no directory "):
        pair().run(times=TIMES, store=tmp_path / "none" / "store")


@pytest.mark.long
@pytest.mark.usefixtures("kept_at_once")
def test_left_over_temporary_files_go(tmp_path):
    (tmp_path / ".0123.tmp.npz").touch()
    pair().run(times=TIMES, store=tmp_path)
    assert {path.name[:5] for path in tmp_path.iterdir()} == {"part_"}


LONG_RUN = """
import sys
from pathlib import Path
import numpy as np
sys.path.insert(0, sys.argv[2])
from moving import pair
from spinfem.dynamics import motion, record
from spinfem.numerics import kernels
record.KEPT_AFTER, motion.PART_SECONDS = 0.02, 0.01
thermal = {"temperature": 300.0, "area": 1e-15} if sys.argv[3] == "thermal" else {}
run = pair(pumping=not thermal).run(
    times=np.linspace(0, 20e-9, 2001), j0=np.linspace(1e11, 5e11, 6), store=sys.argv[1], **thermal
)
(Path(sys.argv[1]).parent / "result").write_bytes(run.directions.tobytes() + run.steps.tobytes())
"""


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("kind", ["plain", "thermal"])
def test_a_run_that_was_killed_goes_on(kind, tmp_path):
    """By SIGKILL, again and again, at moments of no one's choice."""
    store, tests = tmp_path / "store", record.Path(__file__).parents[1]

    def start(place):
        return subprocess.Popen([sys.executable, "-c", LONG_RUN, place, tests, kind])

    (tmp_path / "calm").mkdir()
    assert start(tmp_path / "calm" / "store").wait() == 0
    expected, killed = (tmp_path / "calm" / "result").read_bytes(), 0
    rng = np.random.default_rng(5)
    for _ in range(4):
        process, before = start(store), len(list(store.glob("part_*")))
        while process.poll() is None and len(list(store.glob("part_*"))) < before + 2:
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.05))
        process.kill()
        killed += process.wait() == -signal.SIGKILL
    assert killed >= 1
    assert start(store).wait() == 0
    assert (tmp_path / "result").read_bytes() == expected


# what is wrong, and what must be said about it
# fmt: off
BAD = [
    (lambda: pair().run(), ValueError, "one of time and times must be given, got None and None"),
    (lambda: pair().run(1e-9, times=[0, 1]),
     ValueError, "one of time and times must be given, got 1e-09"),
    (lambda: pair().run(0.0), ValueError, "time must be positive and finite, got 0"),
    (lambda: pair().run([1e-9, 2e-9]), ValueError, "time must be one number, got shape (2,)"),
    (lambda: pair().run("1 ns"), TypeError, "time must be a real number"),
    (lambda: pair().run(times=[0.0]),
     ValueError, "times must be increasing numbers, two at least, got [0.0]"),
    (lambda: pair().run(times=[0, 1e-9, 1e-9]), ValueError, "times must be increasing numbers"),
    (lambda: pair().run(times=[0, np.nan]), ValueError, "times must be finite, got nan"),
    (lambda: pair().run(times=[[0, 1e-9]]), ValueError, "times must be increasing numbers"),
    (lambda: pair().run(1e-9, np.inf), ValueError, "j0 must be finite, got inf"),
    (lambda: pair().run(1e-9, "1e11"), TypeError, "j0 must be a real number"),
    (lambda: pair().run(1e-9, lambda t: 1e11), ValueError,
     "j0 as a function of time must give finite numbers of shape (q,) for times (q,), got s"),
    (lambda: pair().run(1e-9, lambda t: np.full_like(t, np.nan)), ValueError,
     "j0 as a function of time must give finite numbers of shape (q,) for times (q,), got n"),
    (lambda: pair().run(1e-9, lambda t: np.random.default_rng(1).normal(size=t.shape)),
     ValueError, "j0 as a function of time must be smooth in all but some places"),
    (lambda: pair().run(1e-9, m={"spacer": (0, 0, 1)}), ValueError,
     "m must be of fixed, free, which move, got 'spacer'"),
    (lambda: pair().run(1e-9, m={"free": (0, 0, 0)}),
     ValueError, "m of free must be a nonzero vector"),
    (lambda: pair().run(1e-9, m=np.eye(3)), ValueError, "m must have shape (..., 2, 3)"),
    (lambda: pair().run(1e-9, np.zeros(2), m={"free": np.eye(3)}), ValueError,
     "batches of m, j0 and the system must broadcast, got shapes (3,), (2,) and ()"),
    (lambda: pair().run(1e-9, field=(0, 0, 1e4)), TypeError,
     "field must be a function of times (q,), s, to fields (q, 3), A/m"),
    (lambda: pair().run(1e-9, field=lambda t: t), ValueError,
     "field as a function of time must give finite numbers of shape (q, 3) for times (q,), "),
    (lambda: pair().run(1e-9, rtol=0),
     ValueError, "rtol (error of a step) must be positive and finite, got 0"),
    (lambda: pair().run(1e-9, rtol=1e-20),
     ValueError, "rtol (error of a step) must be at least 1e-14, got 1e-20"),
    (lambda: pair().run(1e-9, temperature=300.0, area=1e-15), ValueError,
     "temperature must be with pumping=False"),
    (lambda: pair(pumping=False).run(1e-9, temperature=300.0), ValueError,
     "area of the sample must be given with a temperature, m2"),
    (lambda: pair(pumping=False).run(1e-9, area=1e-15), ValueError,
     "area must be left out without a temperature, got 1e-15"),
    (lambda: pair(pumping=False).run(1e-9, lambda t: t, temperature=300.0, area=1e-15),
     ValueError, "temperature must be with a current and a field that do not change"),
    (lambda: pair(pumping=False).run(1e-9, temperature=-1.0, area=1e-15), ValueError,
     "temperature must be positive and finite, got -1"),
    (lambda: pair(pumping=False).run(1e-9, temperature=300.0, area=0.0), ValueError,
     "area must be positive and finite, got 0"),
    (lambda: pair(pumping=False).run(1e-9, temperature=300.0, area=1e-15, step=[1e-13]),
     ValueError, "step must be one number, got shape (1,)"),
    (lambda: pair(pumping=False).run(1e-9, temperature=300.0, area=1e-15, seed=1.5), TypeError,
     "seed must be a whole number, got 1.5"),
    (lambda: pair(pumping=False).run(1e-9, temperature=300.0, area=1e-15, seed=-1), ValueError,
     "seed must be a whole number at least 0, got -1"),
]
# fmt: on


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input_of_a_run(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_that_cannot_end_says_so(monkeypatch):
    monkeypatch.setattr(motion, "MOST_STEPS", 3)
    expected = "motion must be possible in 3 steps from one time to the next, got stuck at "
    with pytest.raises(ValueError, match=expected):
        pair().run(times=[0, 1e-9], j0=3e11)


@pytest.mark.long
def test_progress_is_told(capsys):
    pair().run(times=TIMES, j0=3e11, progress=True)
    shown = capsys.readouterr().err
    assert "run" in shown
    assert "100%" in shown
    pair().run(times=TIMES, j0=3e11, progress=False)
    assert capsys.readouterr().err == ""
