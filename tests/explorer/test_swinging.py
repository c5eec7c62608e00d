"""A current that swings, in the explorer: its slider, what is shown of amplitudes, and files."""

import html
import re

import numpy as np
import pytest

import spinfem as sf
from spinfem.explorer.exports import python_of, toml_of
from spinfem.explorer.presets import preset
from spinfem.explorer.readout import readout
from spinfem.explorer.seen import PANELS, Seen, base_of
from spinfem.explorer.swinging import all_but_the_frequency, frequency_pictures, response_of
from spinfem.explorer.turning import point_of, rotation_of, turning_pictures

N = sf.NormalMetal(D=8.0, l=1.0, tau=1.5)
F = sf.Ferromagnet(D=2.0, l=0.6, p=0.5, tau=0.4)


def plain(theta=60.0):
    fixed, free = F(1.0, m=(0, 0, 1), name="fixed"), F(0.7, m=sf.direction(theta), name="free")
    return sf.Lead(N) | fixed | N(0.4) | free | sf.Lead(N)


@pytest.fixture(params=["SI", "paper"])
def seen(request):
    """A stack at a frequency, in either units."""
    base = preset("pulsed_valve") if request.param == "SI" else base_of(plain())
    key, f = ("frequency_Hz", 2e11) if request.param == "SI" else ("frequency", 0.3)
    return Seen(base).with_value(key, f)


def test_a_slider_where_all_metals_have_a_time():
    assert preset("co_cu_py").sliders.frequency is None
    some = base_of(plain().replace("right", material=sf.NormalMetal(D=8.0, l=1.0)))
    assert some.sliders.frequency is None
    assert "frequency" not in Seen(some).panels
    keys = [slider.key for slider in base_of(plain()).sliders.all]
    assert keys[-4:] == ["j0", "frequency", "degree", "elements"]


def test_its_first_step_is_off():
    slider = preset("pulsed_valve").sliders.frequency
    assert (slider.value, slider.value_at(0), slider.position_of(0.0)) == (0.0, 0.0, 0)
    assert slider.position_of(slider.low) == slider.position_of(1.0) == 1
    assert slider.value_at(slider.steps) == slider.high
    # omega tau from 0.01 of the slowest spins to 10 of the fastest, to half a decade
    for end, product, tau in ((slider.low, 0.01, 5e-12), (slider.high, 10.0, 0.15e-12)):
        assert abs(np.log10(2 * np.pi * end * tau / product)) <= 0.5 + 1e-9
    assert slider.typed("0") == 0.0
    assert slider.typed("12.5") == 12.5e9
    with pytest.raises(ValueError, match=r"frequency of the current .0: stationary. must be a num"):
        slider.typed("-1")


def test_off_is_stationary(seen):
    slider = seen.base.sliders.frequency
    off = seen.with_value(slider.key, 0.0)
    assert off == Seen(seen.base)
    assert off.frequency is None
    assert off.solution.frequency is None
    assert [name for name in PANELS if off.shows(name)] == [*off.panels]


def test_what_is_seen_is_the_solution_at_the_frequency(seen):
    expected = sf.solve(seen.stack, seen.j0, frequency=seen.frequency)
    assert np.array_equal(seen.solution.torques, expected.torques)
    assert seen.mechanism is None
    assert not seen.with_value("degree", 3.0).certified
    assert [name for name in PANELS if seen.shows(name)] == ["torques", "frequency"]


def test_curves_over_the_frequency(seen):
    """Moduli and phases are those that are solved there; dots are on them."""
    slider, curve = seen.base.sliders.frequency, response_of(seen)
    pictures = frequency_pictures(seen, curve, {})
    unit, factor, shown = (1e9, 1e15, "fΩ m²") if seen.si else (1.0, 1e2, "10⁻²")
    assert pictures["dr over f"].labels[1] == f"|δr| ({shown})"
    found = {key: picture.sources for key, picture in pictures.items()}
    for i in (0, 17, 60, "now"):
        f = seen.frequency if i == "now" else curve.frequencies[i]
        solution = sf.solve(seen.stack, frequency=f)
        g = solution.efficiency("fixed", "free")
        dot, k = (" now", 0) if i == "now" else ("", i)
        for name, z in (*zip(("left", "right"), g, strict=True), ("dr", solution.spin_resistance)):
            phase = found["phase over f"][f"{name}{dot}"]
            assert phase["x"][k] == pytest.approx(f / unit, rel=1e-14)
            turned = np.exp(1j * np.radians(phase["y"][k]))
            assert abs(turned - z / abs(z)) < 1e-10
            if name != "dr":
                size = found["g over f"][f"{name}{dot}"]["y"][k]
                assert size == pytest.approx(abs(z), rel=1e-10)
        size = found["dr over f"]["now" if dot else "dr"]["y"][k]
        assert size == pytest.approx(factor * abs(solution.spin_resistance), rel=1e-10)
    for name in ("left", "right", "dr"):
        own = found["phase over f"]
        assert abs(np.diff(own[name]["y"])).max() < 60
        near = np.interp(seen.frequency / unit, own[name]["x"], own[name]["y"])
        assert abs(own[f"{name} now"]["y"][0] - near) < 5
    assert pictures["phase over f"].x == (slider.low / unit, slider.high / unit)
    label = "frequency (GHz)" if seen.si else "frequency"
    assert {picture.labels[0] for picture in pictures.values()} == {label}
    assert pictures["g over f"].words == {"left": "g of fixed", "right": "g of free"}


def test_curves_do_not_depend_on_the_frequency_of_the_dots(seen):
    slider = seen.base.sliders.frequency
    off = seen.with_value(slider.key, 0.0)
    assert all_but_the_frequency(seen) == all_but_the_frequency(off)
    pictures = frequency_pictures(off, response_of(off), {})
    assert not any("now" in name for picture in pictures.values() for name in picture.sources)
    beyond = seen.with_value(slider.key, 3 * slider.high)
    pictures = frequency_pictures(beyond, response_of(beyond), {})
    assert not any("now" in name for picture in pictures.values() for name in picture.sources)


def test_without_a_spacer_there_is_dr_alone():
    seen = Seen(base_of(sf.Lead(N) | F(1.0, m=(0, 0, 1)) | sf.Lead(N)))
    pictures = frequency_pictures(seen, response_of(seen), {})
    assert "need two named ferromagnets" in pictures["g over f"].text
    assert {*pictures["phase over f"].sources} == {"dr", "zero"}


def test_over_the_angle_there_are_moduli(seen):
    curve, now = rotation_of(seen), point_of(seen)
    pictures = turning_pictures(seen, curve, now, {})
    assert [pictures[name].labels[1][0] for name in ("g", "dr", "torque")] == ["|"] * 3
    for i in (30, 100):
        stack = seen.stack.replace("free", m=sf.direction(float(curve.angles[i])))
        solution = sf.solve(stack, seen.j0, frequency=seen.frequency)
        for over, g in zip(curve.efficiencies, solution.efficiency("fixed", "free"), strict=True):
            assert over[i] == pytest.approx(abs(g), rel=1e-9)
        assert curve.resistance[i] == pytest.approx(abs(solution.spin_resistance), rel=1e-9)
        vector = solution.torque("free") if seen.si else solution.absorbed_spin_current("free")
        assert np.abs(curve.torque[i] - np.abs(vector)).max() < 1e-9 * np.abs(vector).max()
    g = seen.solution.efficiency("fixed", "free")
    assert np.allclose(np.ravel(now.efficiencies), np.abs(g), rtol=1e-14)


def test_numbers_above_the_pictures_have_a_phase(seen):
    text = readout(seen)
    cells = re.findall(r"data-name=\"(.*?)\">(.*?)</b>", text)
    shown = {key: html.unescape(value).replace("−", "-") for key, value in cells}
    solution, to = seen.solution, 1e15 if seen.si else 1.0
    g = solution.efficiency("fixed", "free")
    amplitudes = {"g left": g[0], "g right": g[1]}
    amplitudes |= {"dr": solution.spin_resistance * to, "RA": solution.resistance * to}
    for key, z in amplitudes.items():
        size, phase = shown[key].split("∠")
        assert float(size.split()[0]) == pytest.approx(abs(z), rel=6e-4)
        assert float(phase.rstrip("°")) == pytest.approx(np.degrees(np.angle(z)), rel=6e-4)
    assert not {"bounds", "arrow", "zero left", "zero right"} & {*shown}
    assert 'class="minus"' not in text
    assert "At a frequency: amplitudes A of what is Re A exp(2 pi i f t)" in text


def test_python_and_toml_say_the_frequency(seen, tmp_path):
    names = {"__name__": "written"}
    exec(compile(python_of(seen), "stack.py", "exec"), names)
    assert np.array_equal(names["solution"].torques, seen.solution.torques)
    assert "plot" not in python_of(seen)
    path = tmp_path / "a.toml"
    path.write_text(toml_of(seen), encoding="utf-8")
    assert toml_of(seen).startswith(f"# seen with spinfem.solve(..., frequency={seen.frequency})\n")
    stack, j0 = sf.load(path)
    found = sf.solve(stack, j0, frequency=seen.frequency)
    difference = np.abs(found.torques - seen.solution.torques).max()
    assert difference < 1e-12 * np.abs(found.torques).max()
