"""Progress bars: when they are drawn, where, and that they say how far it is."""

import sys
import types
from contextlib import redirect_stderr

import numpy as np
import pytest

import spinfem as sf
from spinfem import _progress, figures
from spinfem._progress import progress_bar
from spinfem.handoff import several

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)


def valve(theta):
    return (
        sf.Lead(Cu)
        | Co(8e-9, m=sf.direction(0), name="fixed")
        | Cu(10e-9)
        | Co(4e-9, m=sf.direction(theta), name="free")
        | sf.Lead(Cu)
    )


def fit(progress):
    def sample(l, d):
        F = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=l)
        return sf.Lead(Cu) | F(d, m=sf.direction(0)) | Cu(10e-9) | F(d, m=sf.direction(90))

    d = np.array([2e-9, 8e-9, 32e-9])
    RA = sf.solve(sample(60e-9, d)).resistance
    sf.fit(sample, RA, {"l": (40e-9, 0, None)}, coordinates={"d": d}, progress=progress)


def weak():
    """A valve with an interface and a third magnet: its form has errors."""
    third = Co(4e-9, m=(1, 0, 0), name="third")
    stack = valve(60.0)
    pieces = [*stack.elements[:-1], Cu(5e-9), third, stack.right]
    return sf.solve(sf.Stack(pieces), 1e11)


def export(progress):
    with pytest.MonkeyPatch.context() as patch:
        real = several.progress_bar
        patch.setattr(several, "progress_bar", lambda *what: real(*what, progress))
        several.exported(weak(), ["fixed"], "free", "oommf", allow_error=True)


def timed():
    metal = sf.Ferromagnet(D=1.0, l=1.0, p=0.5, tau=1.0)
    return sf.Reservoir() | metal(1.0, m=(0, 0, 1)) | sf.Reservoir()


def make_figures(folder, progress):
    with pytest.MonkeyPatch.context() as patch:
        few = [one._replace(pictures=(), draw=lambda _: None) for one in figures.FIGURES[:1]]
        patch.setattr(figures, "FIGURES", few)
        figures.make(folder, progress=progress)


WORK = {
    "sweep": lambda folder, p: sf.sweep(valve, {"theta": [0.0, 90.0, 180.0]}, progress=p),
    "converge": lambda folder, p: sf.converge(valve(60.0), refinements=2, progress=p),
    "converge in time": lambda folder, p: sf.converge_in_time(
        timed(), [1, 1], [0, 1], refinements=2, progress=p
    ),
    "fit": lambda folder, p: fit(p),
    "figures": make_figures,
    "torque": lambda folder, p: sf.slonczewski(weak(), "fixed", "free", progress=p),
    "export": lambda folder, p: export(p),
    "solve": lambda folder, p: sf.solve(valve(60.0), degree=2, tol=1e-8, progress=p),
    "save": lambda folder, p: sf.solve(valve(np.arange(3.0))).save(folder / "a.pvd", progress=p),
    "save wire": lambda folder, p: sf.solve(valve(np.arange(3.0))).save_wire(
        folder / "b.pvd", diameter=2e-8, progress=p
    ),
}
UNKNOWN = ("fit", "torque", "export", "solve")
"""What ends nobody knows when."""
NEEDS = {"sweep": "xarray", "fit": "lmfit"}


@pytest.mark.parametrize("name", WORK)
def test_what_may_take_long_has_a_bar(name, capfd, tmp_path):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    WORK[name](tmp_path, None)  # not a terminal
    assert capfd.readouterr() == ("", "")
    WORK[name](tmp_path, True)
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(name.split()[0])
    assert ("steps" if name in UNKNOWN else "100%") in err


class Terminal:
    """A stream that says it is a terminal, and keeps what it gets."""

    def __init__(self):
        self.text = ""
        self.encoding = "utf-8"

    def write(self, text):
        self.text += text

    def flush(self):
        pass

    def isatty(self):
        return True


@pytest.fixture
def passed(monkeypatch):
    """Moves the clock."""
    now = [0.0]
    monkeypatch.setattr(_progress.time, "monotonic", lambda: now[0])

    def wait(seconds):
        now[0] += seconds

    return wait


@pytest.fixture
def drawn(monkeypatch, passed):
    """Run a bar on a terminal; return what is drawn there before every step, and at last."""
    monkeypatch.setenv("TERM", "xterm")

    def drawn(total, steps, wanted=None):
        terminal, found = Terminal(), []
        with redirect_stderr(terminal), progress_bar("work", total, wanted) as advance:
            for seconds, amount in steps:
                found.append(terminal.text)
                passed(seconds)
                advance(amount)
        return [*found, terminal.text]

    return drawn


def test_on_a_terminal_a_bar_appears_after_a_moment(drawn):
    none, early, half, whole = drawn(10, [(0.9, 2), (0.2, 3), (1.0, 5)])
    assert none == early == ""
    assert "work" in half
    assert " 50%" in half
    assert "100%" not in half
    assert "100%" in whole


def test_what_is_over_in_a_moment_has_no_bar(drawn):
    assert drawn(10, [(0.5, 5), (0.4, 5)])[-1] == ""


def test_bars_can_be_silenced(drawn):
    assert drawn(10, [(5.0, 5), (5.0, 5)], wanted=False)[-1] == ""


def test_what_ends_nobody_knows_when_is_counted(drawn):
    assert "7 steps" in drawn(None, [(2.0, 3), (2.0, 4)])[-1]


def test_a_bar_within_a_bar_is_not_drawn(capfd):
    with progress_bar("outer", 10, True) as advance:
        with progress_bar("inner", 10, True) as inner:
            inner(10)
        advance(10)
    _, err = capfd.readouterr()
    assert "outer" in err
    assert "inner" not in err


def test_a_bar_ends_with_its_work(drawn):
    with pytest.raises(TypeError):
        drawn(10, [(2.0, 1), (2.0, "no number")])
    text = drawn(10, [(2.0, 1)])[-1]  # there may be another one
    assert "work" in text
    assert text.endswith("\x1b[?25h")  # the cursor is there again


def test_in_a_notebook_a_bar_is_an_output_of_the_cell(monkeypatch, passed):
    shown = []

    class Output:
        def update(self, what):
            shown.append(what)

    def display(what, display_id):
        shown.append(what)
        return Output()

    shell = types.SimpleNamespace(kernel=object())
    IPython = types.SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", IPython)
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=display))
    with progress_bar("work", 10) as advance:
        advance(1)
        assert not shown
        for _ in range(3):
            passed(1.0)
            advance(3)
    assert len(shown) == 4
    html = shown[-1]._repr_mimebundle_((), ())["text/html"]
    assert "work" in html
    assert "100%" in html
