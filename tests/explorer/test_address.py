"""What is seen, in an address and in files."""

import numpy as np
import pytest

import spinfem as sf
from spinfem.explorer.address import LONGEST, query_of, read_query
from spinfem.explorer.exports import png_of, python_of, toml_of
from spinfem.explorer.presets import preset, presets
from spinfem.explorer.seen import Seen, base_of

FIRST = "fig5"
NAMES = [
    pytest.param(name, marks=pytest.mark.long) if name == "multilayer" else name
    for name in presets()
]


def read(query, given=None):
    return read_query(query, given, preset, FIRST)


def moved(name):
    """A preset of which every third number was moved."""
    seen = Seen(preset(name))
    for slider in seen.base.sliders.all[::3]:
        seen = seen.with_value(
            slider.key, slider.value_at(slider.steps // 2 + 7 * (not slider.whole))
        )
    return seen


@pytest.mark.parametrize("name", NAMES)
def test_an_address_says_what_is_seen(name):
    seen = moved(name)
    found, left_out = read("?" + query_of(seen))
    assert left_out == []
    assert (found.base.preset, found.values) == (name, seen.values)
    assert np.array_equal(found.solution.torques, seen.solution.torques)


def test_what_is_drawn_over_is_in_the_address():
    seen = Seen(preset("dual_valve"), {}, "top", 1)
    assert query_of(seen) == "preset=dual_valve&turn=top&spacer=1"
    found, _ = read(query_of(seen))
    assert (found.turning.owner, found.spacer) == ("top", ("free", "top"))


def test_without_a_query_it_is_what_was_given_or_the_first_preset():
    given = base_of(sf.Stack(preset("fig4").stack.pieces))
    assert read("", given)[0].base is given
    assert read("")[0].base is preset(FIRST)
    assert query_of(Seen(given)) == ""


LEFT_OUT = {
    "F2.polar_deg=1e9": "F2: polar angle must be a number from -360 to 360 °, got '1e9'",
    "F2.polar_deg=nan": "got 'nan'",
    "F2.p=1": "got '1'",
    "F3.polar_deg=1": "address: 'F3.polar_deg' is no number of this stack",
    "F2.polar-deg=1": "is no number",
    "__class__=1": "is no number",
    "preset=/etc/passwd": "preset: there is none called '/etc/passwd'",
    "preset=../examples/co_cu_py": "there is none called",
    "turn=N": "turn: nothing that turns is called 'N'",
    "spacer=-1": "spacer: must be the number of a spacer, got '-1'",
    "a=1&" * 400: "at most 300 numbers",
    "F2.polar_deg=" + "1" * LONGEST: "at most 300 numbers",
    "F2.polar_deg=%1b[31m": r"got '\x1b[31m'",
}


@pytest.mark.parametrize("query", LEFT_OUT)
def test_what_an_address_must_not_say_is_left_out_and_told(query):
    seen, left_out = read(query)
    assert (seen.base.preset, seen.values, seen.turned, seen.pair) == (FIRST, {}, None, None)
    assert any(LEFT_OUT[query] in text for text in left_out)
    assert all(text.isprintable() and len(text) < 300 for text in left_out)


def test_a_number_of_a_spacer_beyond_the_last_is_the_usual_one():
    assert read("spacer=7")[0].spacer == ("F1", "F2")


# --- files --------------------------------------------------------------------------------------


def run(text):
    found = {"__name__": "written"}
    exec(compile(text, "stack.py", "exec"), found)
    return found["solution"]


@pytest.mark.parametrize("name", NAMES)
def test_python_reproduces_what_is_seen_to_the_bit(name):
    seen = moved(name)
    solution = run(python_of(seen))
    assert np.array_equal(solution.torques, seen.solution.torques)
    assert solution.spin_resistance == seen.solution.spin_resistance
    assert solution.stack.element_names == seen.stack.element_names


@pytest.mark.parametrize("name", NAMES)
def test_toml_reproduces_what_is_seen(name, tmp_path):
    seen = moved(name)
    path = tmp_path / "stack.toml"
    path.write_text(toml_of(seen), encoding="utf-8")
    stack, j0 = sf.load(path)
    solution = sf.solve(stack, j0, frequency=seen.frequency, **seen.mesh)
    largest = np.abs(seen.solution.torques).max()
    assert np.abs(solution.torques - seen.solution.torques).max() <= 1e-13 * largest
    assert solution.spin_resistance == pytest.approx(seen.solution.spin_resistance, rel=1e-13)
    assert ("# seen with" in path.read_text()) == bool(seen.mesh)


def test_names_are_only_names_in_python():
    """Whatever they are called, and whether or not Python could call something so."""
    N = sf.NormalMetal(D=1.0, l=1.0, name="import")
    used = [sf.NormalMetal(D=1.0, l=np.inf, name=name) for name in ("float", "print")]
    F = sf.Ferromagnet(D=1.0, l=1.0, p=0.5, name='"); raise SystemExit(1) #')
    stack = (
        sf.Lead(N)
        | F(1.0, m=(1, 2, 3), name='it\'s a "layer"')
        | N(1.0, name="\\n")
        | used[0](1.0)
        | used[1](1.0)
        | F(0.5, m=(0, 1, 0), name="sf", group="stack")
    )
    seen = Seen(base_of(stack))
    assert run(python_of(seen)).spin_resistance == seen.solution.spin_resistance


def test_graded_layers_are_refused():
    N = sf.NormalMetal(D=lambda xi: 1 + xi, l=1.0)
    seen = Seen(base_of(N(1.0) | sf.Ferromagnet(D=1.0, l=1.0, p=0.5)(1.0, m=(0, 0, 1))))
    for write in (python_of, toml_of):
        with pytest.raises(ValueError, match="must be uniform"):
            write(seen)


@pytest.mark.long
@pytest.mark.parametrize("name", ["fig5", "exchange_biased_valve"])
def test_a_picture_is_written(name):
    assert png_of(Seen(preset(name))).startswith(b"\x89PNG")


def test_what_ends_give_and_two_polarizations_are_written(tmp_path):
    """beta_D has its slider; what is given at an end has none, and stays as it is."""
    N = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
    F = sf.Ferromagnet.from_drift_diffusion(1.4e7, beta=0.4, beta_D=0.5, l_sf=10e-9, name="F")
    stack = sf.Reservoir(spin_potential=(1e-6, 0, 0)) | N(5e-9) | F(3e-9, m=(0, 0, 1), name="a")
    stack = stack | N(2e-9) | F(2e-9, m=(1, 0, 1), name="b") | N(1e-9)
    seen = Seen(base_of(stack | sf.SpinSource(spin_current=(0, 1e9, 0))))
    assert any(slider.key == "F.beta_D" for slider in seen.base.sliders.all)
    path = tmp_path / "stack.toml"
    path.write_text(toml_of(seen), encoding="utf-8")
    for solution in (run(python_of(seen)), sf.solve(*sf.load(path))):
        largest = np.abs(seen.solution.torques).max()
        assert np.abs(solution.torques - seen.solution.torques).max() <= 1e-13 * largest
        assert solution.voltage == pytest.approx(seen.solution.voltage, rel=1e-12)
