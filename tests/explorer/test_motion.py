"""Magnets that move, in the explorer: critical currents, orbits, files."""

import html
import re

import numpy as np
import pytest

import spinfem as sf
from spinfem.explorer.address import query_of, read_query
from spinfem.explorer.exports import is_written, python_of, toml_of
from spinfem.explorer.motion import motion_of, orbit
from spinfem.explorer.pictures import Note
from spinfem.explorer.presets import preset
from spinfem.explorer.readout import motion_readout
from spinfem.explorer.seen import Seen, base_of

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")
MAGNET = sf.Magnet(8e5, alpha=0.01, demag=(0.94, 0.04, 0.02))


def valve(polar=0.0, last=None):
    fixed, free = Co(8e-9, m=(0, 0, 1), name="fixed"), Py(4e-9, m=sf.direction(polar), name="free")
    return sf.Lead(Cu) | fixed | Cu(10e-9) | free | (last or sf.Lead(Cu))


def moving(polar=0.0, field=(0, 0, 0), **more):
    return Seen(base_of(sf.Dynamics(valve(polar), {"free": MAGNET}, field=field, **more)))


def cells(motion, j0=1e11):
    """Texts by their keys, and what stands before them."""
    text = motion_readout(motion, j0)
    rows = re.findall(r"<td>(.*?)</td><td><b(.*?) data-name=\"(.*?)\">(.*?)</b>", text)
    return {key: (html.unescape(name), text, "minus" in style) for name, style, key, text in rows}


# --- what moves ---------------------------------------------------------------------------------


def test_magnets_move_where_the_file_has_their_magnetization():
    names = ("oscillator", "co_cu_py", "fig5")
    moves = {name: "motion" in Seen(preset(name)).panels for name in names}
    assert moves == {"oscillator": True, "co_cu_py": False, "fig5": False}
    assert "motion" in moving().panels
    assert "motion" not in Seen(base_of(valve())).panels


@pytest.mark.long
def test_critical_currents_are_those_of_the_state_next_to_m():
    """5 degrees from the parallel state, in which the example begins."""
    motion = motion_of(Seen(preset("oscillator")))
    system = sf.Dynamics.from_file("examples/oscillator.toml")
    (expected,) = system.critical_currents({"free": sf.direction(0)})
    assert motion.state == "parallel"
    assert [(one.j0, one.kind) for one in motion.thresholds] == [
        (pytest.approx(expected.j0, rel=1e-12), "oscillation")
    ]
    name, text, is_minus = cells(motion)["critical 0"]
    assert name == f"parallel: unstable above (oscillation, {expected.frequency / 1e9:.4g} GHz)"
    assert (text, is_minus) == ("2.27 × 10¹¹ A/m²", False)


@pytest.mark.long
def test_critical_currents_follow_the_sliders():
    motion = motion_of(Seen(preset("oscillator")).with_value("free.thickness_nm", 6.0))
    stack = preset("oscillator").stack.replace("free", thickness=6e-9, m=(0, 0, 1))
    system = sf.Dynamics(stack, {"free": preset("oscillator").motion["magnets"]["free"]})
    (expected,) = system.critical_currents()
    assert motion.thresholds[0].j0 == pytest.approx(expected.j0, rel=1e-12)


@pytest.mark.long
def test_a_negative_critical_current_is_told_with_its_sign():
    """With the free layer first, electrons must flow the other way."""
    free, fixed = Py(4e-9, m=(0, 0, 1), name="free"), Co(8e-9, m=(0, 0, 1), name="fixed")
    stack = sf.Lead(Cu) | free | Cu(10e-9) | fixed | sf.Lead(Cu)
    motion = motion_of(Seen(base_of(sf.Dynamics(stack, {"free": MAGNET}))))
    name, text, is_minus = cells(motion)["critical 0"]
    assert motion.thresholds[0].j0 < 0
    assert name.startswith("parallel: unstable below (oscillation")
    assert (text[0], is_minus) == ("−", True)


@pytest.mark.long
def test_a_state_that_turns_with_the_current_is_followed_as_far_as_its_slider_goes():
    seen = moving(field=(0, 2e3, 0)).with_value("j0_A_m2", 4e11)
    motion, system = motion_of(seen), seen.system
    start = system.steady_near()
    found = [
        one.j0
        for end in (4e11, -4e11)
        for one in system.critical_currents(start, within=(0.0, end))
        if one.changes_stability
    ]
    assert found
    assert [one.j0 for one in motion.thresholds] == pytest.approx(sorted(found, key=abs), rel=1e-9)


@pytest.mark.long
def test_the_run_is_from_where_m_stands_in_the_current():
    seen = Seen(preset("oscillator"), {"free.polar_deg": 40.0, "j0_A_m2": -2e11})
    run = motion_of(seen).run
    assert np.array_equal(run.m["free"][0], sf.direction(40.0))
    assert set(run.j0) == {-2e11}
    again = seen.system.run(times=run.times, j0=-2e11)
    assert np.array_equal(run.directions, again.directions)
    rate = seen.system.resonances({"free": sf.direction(0)}).frequency[0]
    assert 5 < run.times[-1] * rate < 100


FREE = {"free": sf.Magnet(8e5, alpha=0.0, demag=(0.94, 0.04, 0.02))}
TOLD = {
    "none: it begins in a steady state": moving(0.0),
    "settles": moving(20.0, field=(0, 0, 4e5)),
    "goes round at ": Seen(base_of(sf.Dynamics(valve(2.0), FREE, pumping=False))),
}
"""What comes without current: nothing, with damping, and without."""


@pytest.mark.long
@pytest.mark.parametrize("text", TOLD)
def test_it_is_told_what_a_motion_comes_to(text):
    motion = motion_of(TOLD[text].with_value("j0_A_m2", 0.0))
    assert cells(motion, 0.0)["motion"][1].startswith(text)
    assert "switched" not in cells(motion, 0.0)


@pytest.mark.long
def test_what_has_switched_is_told():
    motion = motion_of(moving(20.0, field=(0, 0, -4e5)).with_value("j0_A_m2", 0.0))
    assert cells(motion, 0.0)["switched"][1] == "free"


@pytest.mark.long
def test_where_no_state_is_near_it_is_said_and_the_run_is_there():
    motion = motion_of(Seen(preset("oscillator")).with_value("free.polar_deg", 45.0))
    assert motion.thresholds == []
    assert (
        "m must be within 30 degrees of a state that is steady without current" in motion.wrong[0]
    )
    assert f'<p class="wrong">{motion.wrong[0]}' in motion_readout(motion, 1e11)
    assert motion.run is not None


@pytest.mark.long
def test_what_is_refused_is_a_message():
    """A reservoir at a magnet would take up all spins that it pumps."""
    base = base_of(valve(), motion=moving().base.motion)
    assert motion_of(Seen(base)).wrong == ()
    refused = motion_of(Seen(base_of(valve(last=sf.Reservoir()), motion=base.motion)))
    assert refused.run is None
    assert "reservoir" in refused.wrong[0]
    assert isinstance(orbit(refused), Note)


def test_magnets_of_a_batch_are_refused():
    magnet = sf.Magnet([8e5, 9e5], demag=(1, 0, 0))
    with pytest.raises(ValueError, match=r"single numbers, got a batch of shape \(2,\)"):
        base_of(sf.Dynamics(valve(), {"free": magnet}))


@pytest.mark.long
@pytest.mark.parametrize("j0", [1e15, -1e15])
def test_enormous_currents_take_no_longer(j0):
    run = motion_of(moving(30.0).with_value("j0_A_m2", 1e11)).run
    fast = motion_of(moving(30.0).with_value("j0_A_m2", j0)).run
    assert fast.times[-1] < 0.1 * run.times[-1]
    assert fast.steps < 20 * run.steps


# --- the picture --------------------------------------------------------------------------------


@pytest.mark.long
def test_the_orbit_is_seen_on_the_sphere():
    motion = motion_of(moving(30.0).with_value("j0_A_m2", 2e11))
    picture = orbit(motion)
    way = np.stack([picture.sources["way 0"][x] for x in "xy"], axis=1)
    assert np.hypot(*way.T).max() <= 1 + 1e-9
    assert len(way) == len(motion.run.times)
    last = np.stack([picture.sources["orbit 0"][x] for x in "xy"], axis=1)
    assert np.array_equal(last, way[-len(last) :])
    assert 0 < len(last) < len(way)
    assert picture.words["magnet 1"] == "free"
    m = motion.run.m["free"]
    axes = np.linalg.lstsq(m, way, rcond=None)[0]
    assert np.allclose(m @ axes, way)
    assert np.allclose(axes.T @ axes, np.eye(2))  # no matter from where it is seen
    names = np.stack([picture.sources["names"][x] for x in "xy"], axis=1)
    assert np.allclose(names[:, 0] * axes[:, 1], names[:, 1] * axes[:, 0])
    assert ((names * axes).sum(axis=1) > 0).all()


@pytest.mark.long
def test_magnets_beyond_the_last_colour_share_those_of_the_first():
    stack = sf.Lead(Cu)
    for i in range(9):
        stack = stack | Co(4e-9, m=sf.direction(10.0 * (i + 1)), name=f"m{i}") | Cu(6e-9)
    system = sf.Dynamics(stack | sf.Lead(Cu), {f"m{i}": MAGNET for i in range(9)})
    picture = orbit(motion_of(Seen(base_of(system))))
    assert picture.words["magnet 1"] == "m0, m7"
    assert len(picture.sources["end 0"]["x"]) == 3  # two, and nan between them


# --- address and files --------------------------------------------------------------------------


def test_what_is_hidden_is_in_the_address():
    seen = Seen(preset("oscillator"), hidden=frozenset({"profiles", "forces"}))
    assert query_of(seen) == "preset=oscillator&hide=forces,profiles"
    found, left_out = read_query(query_of(seen), None, preset, "fig5")
    assert (found.hidden, left_out) == (seen.hidden, [])
    found, left_out = read_query("hide=profiles,<b>", None, preset, "fig5")
    assert found.hidden == {"profiles"}
    assert left_out == [
        "address: hide: must be of forces, torques, frequency, motion, hodographs, profiles, "
        "got '<b>'"
    ]


def two():
    """Two magnets that move, a group and one by itself, and one that is held."""
    fixed, a = (Co(3e-9, m=sf.direction(10), name=name) for name in ("fixed", "a"))
    b, c = (Py(3e-9, m=sf.direction(40), name=name, group="free") for name in ("b", "c"))
    stack = sf.Lead(Cu) | fixed | Cu(5e-9) | a | Cu(3e-9) | b | Cu(1e-9) | c | sf.Lead(Cu)
    magnets = {
        "fixed": sf.Magnet(1.4e6, held=True),
        "a": sf.Magnet(1.4e6, alpha=0.02, demag=(0.9, 0.06, 0.04), K=1e4, axis=(0, 1, 1)),
        "free": sf.Magnet(8e5, alpha=0.01, demag=np.diag([0.94, 0.04, 0.02])),
    }
    couplings = [
        sf.Coupling("fixed", "a", dipolar=(-0.1, 0.04, 0.06)),
        sf.Coupling("a", "free", exchange=-1e-4, biquadratic=-1e-5),
    ]
    return sf.Dynamics(stack, magnets, couplings=couplings, field=(0, 1e3, 2e4), pumping=False)


@pytest.mark.parametrize("make", [two, lambda: sf.Dynamics.from_file("examples/oscillator.toml")])
def test_files_have_what_moves(make, tmp_path):
    seen = Seen(base_of(make()))
    path = tmp_path / "stack.toml"
    path.write_text(toml_of(seen), encoding="utf-8")
    written = {"__name__": "written"}
    exec(compile(python_of(seen), "stack.py", "exec"), written)
    ways = np.random.default_rng(1).normal(size=(len(seen.system.names), 3))
    expected = seen.system.velocity(ways, 1e11)
    for system in (sf.Dynamics.from_file(path), written["system"]):
        assert system.names == seen.system.names
        found = system.velocity(ways, 1e11)
        assert np.abs(found - expected).max() <= 1e-12 * np.abs(expected).max()


def test_a_tensor_along_other_axes_is_in_no_file():
    N = np.array([[0.9, 0.01, 0], [0.01, 0.05, 0], [0, 0, 0.05]])
    seen = Seen(base_of(sf.Dynamics(valve(), {"free": sf.Magnet(8e5, demag=N)})))
    with pytest.raises(ValueError, match="demag of magnet 'free' must have axes x, y and z"):
        toml_of(seen)
    assert not is_written(seen)
