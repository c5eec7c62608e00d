"""gamma and gamma_0: the same numbers everywhere, each with what it goes with."""

import re
from pathlib import Path

import numpy as np
import pytest
import scipy.constants

import spinfem as sf
from spinfem.constants import EQUATION_OF_MOTION, GAMMA, GAMMA_0
from spinfem.handoff.texts import TARGETS

ROOT = Path(__file__).parents[1]
FOLDERS = ("spinfem", "examples", "benchmarks", "meshes")
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs").glob("[a-z]*/*.md")]
TEXTS = {
    path: " ".join(path.read_text(encoding="utf-8").split())
    for path in [*PAGES, *(f for name in FOLDERS for f in (ROOT / name).rglob("*.py"))]
}
SPELLINGS = {"γ": "gamma", "μ": "mu_", "× 10¹¹": "e11", "× 10⁵": "e5", "**": "", "mu_0γ": "mu_0 γ"}
VALVE = ROOT / "examples" / "co_cu_py.toml"


def plain(text):
    """README's letters as those of the code."""
    for special, ascii_ in SPELLINGS.items():
        text = text.replace(special, ascii_)
    return re.sub(r"gamma0\b", "gamma_0", re.sub(r"(\d) (e\d)", r"\1\2", text))


def of_texts(pattern):
    return [
        (path.name, match)
        for path, text in TEXTS.items()
        for match in re.findall(pattern, plain(text))
    ]


def test_constants_are_those_of_codata():
    gamma = scipy.constants.value("electron gyromag. ratio")
    assert pytest.approx(gamma, rel=2e-9) == GAMMA
    assert pytest.approx(scipy.constants.mu_0 * gamma, rel=2e-9) == GAMMA_0
    assert f"gamma = {GAMMA:.9e} rad/(s T)".replace("e+", "e") in EQUATION_OF_MOTION
    assert f"gamma_0 = mu_0 gamma = {GAMMA_0:.4e} m/(A s)".replace("e+0", "e") in EQUATION_OF_MOTION


def test_every_number_is_the_same():
    assert {number for _, number in of_texts(r"gamma = (1\.\d+e11) rad/\(s T\)")} == {
        "1.760859628e11"
    }
    assert {number for _, number in of_texts(r"\b(1\.76\d*e11)")} == {"1.760859628e11"}
    found = of_texts(r"gamma_0 = mu_0 gamma(.{19})")
    assert {rest for name, rest in found if name != "constants.py"} == {" = 2.2128e5 m/(A s)"}


def test_a_torque_goes_with_gamma():
    """T in J/m2 over M_s t is in T; whatever stands before it is gamma."""
    before = of_texts(r"(\S+) T/\(M_?s t\)")
    assert {name for name, _ in before} >= {"README.md", "solved.py", "torques.py", "constants.py"}
    assert {factor for _, factor in before} == {"gamma"}


@pytest.mark.parametrize("target", TARGETS)
def test_texts_for_codes_say_it(target):
    torque = sf.slonczewski(sf.solve(sf.load(VALVE)), "fixed", "free")
    if target in ("mumax3", "ubermag"):  # which take no sign change
        torque = sf.slonczewski(sf.solve(sf.load(VALVE)), "free", "fixed")
    text = re.sub(r"\n(#|//) ", " ", TARGETS[target].write(torque, "z", True, "block"))
    assert (EQUATION_OF_MOTION in text) == (target != "csv")


def test_a_dataset_says_it():
    stack = sf.load(VALVE).stack
    data = sf.sweep(lambda d: stack.replace("spacer", thickness=d), {"d": [1e-9, 2e-9]})
    assert data["torque"].attrs["comment"] == EQUATION_OF_MOTION


def test_rates_from_a_torque_and_from_a_code_are_the_same():
    """OOMMF: dm/dt = gamma_0 beta epsilon m x (mp x m), beta = hbar J/(mu_0 e t M_s) in A/m."""
    stack, j0 = sf.load(VALVE)
    solution, M_s = sf.solve(stack, j0), 8e5
    torque = sf.slonczewski(solution, "fixed", "free")
    m, mp = (stack.layers[stack.position(name) - 1].m for name in ("free", "fixed"))
    t = float(stack.layers[stack.position("free") - 1].thickness)
    beta = scipy.constants.hbar * j0 / (scipy.constants.mu_0 * scipy.constants.e * t * M_s)
    theirs = GAMMA_0 * beta * torque.epsilon(60.0) * np.cross(m, np.cross(mp, m))
    ours = GAMMA * solution.torque("free") / (M_s * t)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9 * np.abs(theirs).max())
    assert 1e7 < np.linalg.norm(ours) < 1e11  # rad/s
