"""Magnets that move, couplings and fields in stack files."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import spinfem as sf
from spinfem.constants import MU_0

OSCILLATOR = Path(__file__).parents[2] / "examples" / "oscillator.toml"
METALS = """
j0_A_m2 = 1e11
[left]
lead = "Cu"
[right]
lead = "Cu"
[materials.Cu]
kind = "normal"
resistivity_ohm_m = 6e-9
l_nm = 450
[materials.Co]
kind = "ferromagnet"
rho_star_ohm_m = 75e-9
beta = 0.46
l_nm = 60
"""


def layer(name, thickness, *lines, material="Co"):
    angle = [] if material == "Cu" else ["polar_deg = 0"]
    head = ["[[layers]]", f'material = "{material}"', f'name = "{name}"']
    return "\n".join([*head, f"thickness_nm = {thickness}", *angle, *lines, ""])


FIXED = layer("fixed", 8, "Ms_A_m = 1.4e6", "held = true")
FREE = layer("free", 4, "mu0_Ms_T = 1", "alpha = 0.02", "demag = [0.9, 0.07, 0.03]", "K_J_m3 = 5e3")
VALVE = METALS + FIXED + layer("spacer", 10, material="Cu") + FREE


@pytest.fixture
def system_of(tmp_path):
    def system_of(text):
        path = tmp_path / "a.toml"
        path.write_text(text)
        return sf.Dynamics.from_file(path)

    return system_of


def test_a_file_says_what_python_does(system_of):
    text = """
    [[couplings]]
    between = ["fixed", "free"]
    exchange_J_m2 = -1e-4
    biquadratic_J_m2 = -2e-5
    [[couplings]]
    between = ["free", "fixed"]
    dipolar = [-0.03, 0.01, 0.02]
    [dynamics]
    flux_density_mT = [1, 0, 20]
    pumping = false
    """
    found = system_of(VALVE.replace("K_J_m3 = 5e3", "K_J_m3 = 5e3\neasy_axis = [0, 3, 0]") + text)
    free = sf.Magnet.from_mu0_Ms(1.0, alpha=0.02, demag=(0.9, 0.07, 0.03), K=5e3, axis=(0, 1, 0))
    couplings = [
        sf.Coupling("fixed", "free", exchange=-1e-4, biquadratic=-2e-5),
        sf.Coupling("free", "fixed", dipolar=(-0.03, 0.01, 0.02)),
    ]
    expected = sf.Dynamics(
        found.stack,
        {"free": free, "fixed": sf.Magnet(1.4e6, held=True)},
        flux_density=(1e-3, 0, 20e-3),
        couplings=couplings,
        pumping=False,
    )
    assert found.names == expected.names == ("free",)
    assert not found.pumping
    for key in ("Ms", "alpha", "volume", "h", "Q", "J2"):
        one, other = getattr(found.fields, key), getattr(expected.fields, key)
        np.testing.assert_allclose(one, other, rtol=1e-14, atol=0)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("", (0, 0, 0)),
        ("field_A_m = [1, -2, 3e4]", (1, -2, 3e4)),
        ("flux_density_mT = [0, 0, 20]", (0, 0, 20e-3 / MU_0)),
    ],
)
def test_field(system_of, line, field):
    found = system_of(f"{VALVE}[dynamics]\n{line}\n")
    np.testing.assert_allclose(found.fields.applied, field, rtol=1e-15)
    assert found.pumping
    assert found.stack.j0 == 1e11


@pytest.mark.parametrize("places", [(0,), (1,), (0, 1)])
def test_keys_of_a_group_stand_once_or_agree(system_of, places):
    keys = ["Ms_A_m = 8e5", "demag = [0.9, 0.07, 0.03]"]
    layers = [
        layer(name, 2, 'group = "free"', *keys * (i in places)) for i, name in enumerate("ab")
    ]
    spacer = layer("thin", 1, material="Cu")
    text = METALS + FIXED + layer("spacer", 10, material="Cu") + layers[0] + spacer + layers[1]
    found = system_of(text)
    assert found.names == ("free",)
    assert found.fields.Ms == 8e5
    assert found.fields.volume == pytest.approx(4e-9, rel=1e-14)


def test_layers_of_a_repeated_cell_move_by_themselves(system_of):
    cell = (layer("m", 3, "Ms_A_m = 8e5") + layer("n", 5, material="Cu")).replace(
        "[[layers]]", "[[cells.pair.layers]]"
    )
    found = system_of(f'{METALS}{cell}[[layers]]\ncell = "pair"\nrepeat = 3\n')
    assert found.names == ("m1", "m2", "m3")


def test_without_magnets_the_stack_is_what_it_was(tmp_path):
    (tmp_path / "a.toml").write_text(VALVE)
    stack, j0 = sf.load(tmp_path / "a.toml")
    assert j0 == 1e11
    (tmp_path / "b.toml").write_text(stack.to_toml())
    again, _ = sf.load(tmp_path / "b.toml")
    assert again.to_toml() == stack.to_toml()
    torques = [sf.solve(one).torque("free") for one in (stack, again)]
    assert np.array_equal(*torques)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mu0_Ms_T = 8e5", "from 0.00125664 to 6.28319 T, got 800000 T: 1.00531 T (800000 A/m) is"),
        ("Ms_A_m = 800", "from 1000 to 5e6 A/m, got 800 A/m: 800000 A/m (800 kA/m) is meant?"),
        ("Ms_A_m = 1", "795775 A/m (1 T) is meant?"),
    ],
)
def test_magnetizations_that_no_sample_has(system_of, line, expected):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        system_of(VALVE.replace("mu0_Ms_T = 1", line))
    assert [expected in str(one.message) for one in told] == [True]
    assert f"layers[2].{line.split()[0]} (layer 'free')" in str(told[0].message)


COUPLING = '[[couplings]]\nbetween = ["fixed", "free"]\nexchange_J_m2 = 1e-4\n'
FREE_KEY = "layers[2].{} (layer 'free'): "
# what is written in the place of what, and the message
# fmt: off
BAD = [
    ("mu0_Ms_T = 1", "mu0_Ms_T = 0",
     FREE_KEY.format("mu0_Ms_T") + "must be positive and finite, got 0"),
    ("mu0_Ms_T = 1", "mu0_Ms_T = 1\nMs_A_m = 8e5",
     FREE_KEY.format("mu0_Ms_T") + "one of Ms_A_m and mu0_Ms_T must be given, got both"),
    ("mu0_Ms_T = 1\n", "",
     "3 errors: (1) layers[2].alpha (layer 'free'): must be left out without Ms_A_m or mu0_Ms_T"),
    ("alpha = 0.02", "alpha = -1",
     FREE_KEY.format("alpha") + "must be zero or positive, and finite"),
    ("demag = [0.9, 0.07, 0.03]", "demag = 1",
     FREE_KEY.format("demag") + "must be three finite numbers [x, y, z], got 1"),
    ("K_J_m3 = 5e3", "K_J_m3 = inf", FREE_KEY.format("K_J_m3") + "must be finite, got inf"),
    ("K_J_m3 = 5e3", "easy_axis = [0, 0, 1]",
     FREE_KEY.format("easy_axis") + "must be left out without K_J_m3, got [0.0, 0.0, 1.0]"),
    ("K_J_m3 = 5e3", "K_J_m3 = 5e3\neasy_axis = [0, 0, 0]",
     FREE_KEY.format("easy_axis") + "must be three finite numbers, not all zero"),
    ("K_J_m3 = 5e3", 'held = "yes"', FREE_KEY.format("held") + "must be true or false, got 'yes'"),
    ("K_J_m3 = 5e3", "held = true",
     "layers: at least one magnet must move: give a layer Ms_A_m or mu0_Ms_T (and alpha, demag)"),
    ("thickness_nm = 10", "thickness_nm = 10\nMs_A_m = 8e5",
     "layers[1].Ms_A_m (layer 'spacer'): must be left out in a normal metal, got 800000.0"),
    ("thickness_nm = 10", "thickness_nm = 10\nheld = true",
     "layers[1].held (layer 'spacer'): must be left out in a normal metal, got true"),
    # couplings
    ("", '[[couplings]]\nexchange_J_m2 = 1\n', "couplings[0].between: required key is missing"),
    ("", COUPLING.replace("exchange_J_m2 = 1e-4", ""),
     "couplings[0]: one of exchange_J_m2, biquadratic_J_m2, dipolar must be given, got none"),
    ("", COUPLING.replace("fixed", "fixd"),
     "couplings[0].between: name must be that of a layer or lead (fixed, spacer, free), got "
     "'fixd'; did you mean 'fixed'?"),
    ("", COUPLING.replace("fixed", "spacer"),
     "couplings[0].between: must be the names of two magnets, got 'spacer', a normal metal"),
    ("", COUPLING.replace("fixed", "free"),
     "couplings[0].between: must be the names of two different magnets, got ['free', 'free']"),
    ("", COUPLING.replace('"fixed", ', ""),
     "couplings[0].between: must be the names of two magnets, got ['free']"),
    ("", COUPLING.replace("1e-4", "[1]"), "couplings[0].exchange_J_m2: must be a number, got [1]"),
    ("", COUPLING.replace("[[couplings]]", "[couplings]"),
     "couplings: must be an array of tables, [[couplings]], got a table"),
    # dynamics
    ("", "[dynamics]\nfield_A_m = 3\n",
     "dynamics.field_A_m: must be three finite numbers [x, y, z]"),
    ("", "[dynamics]\nfield_A_m = [0, 0, 1]\nflux_density_mT = [0, 0, 1]\n",
     "dynamics: one of field_A_m and flux_density_mT must be given, got both"),
    ("", "[dynamics]\npumping = 1\n", "dynamics.pumping: must be true or false, got 1"),
    ("", "[dynamics]\ntemperature_K = 300\n",
     "dynamics.temperature_K: must be left out unless pumping = false, as thermal fields are those "
     "of alpha, got 300.0"),
    ("", "[dynamics]\ntemperature_K = 300\npumping = false\n",
     "dynamics.area_nm2: must be given with temperature_K, as thermal fields depend on it"),
    ("", "[dynamics]\narea_nm2 = 1e4\n",
     "dynamics.area_nm2: must be left out without temperature_K, got 10000.0"),
    ("", "[dynamics]\ntime_ns = -1\n", "dynamics.time_ns: must be positive and finite, got -1"),
    ("", "[dynamics]\nrtol = 0\n", "dynamics.rtol: must be positive and finite, got 0"),
    ("", "[dynamics]\nsteps = 3\n", "dynamics.steps: unknown key; must be one of field_A_m, "),
    ("", "dynamics = 3\n", "dynamics: must be a table, got 3"),
]
# fmt: on


@pytest.mark.parametrize(("old", "new", "expected"), BAD, ids=[new or old for old, new, _ in BAD])
def test_bad_input(system_of, tmp_path, old, new, expected):
    assert old in VALVE
    if old:
        text = VALVE.replace(old, new)
    else:
        text = new + VALVE if new.startswith("dynamics") else VALVE + new
    start = re.escape(f"{tmp_path / 'a.toml'}: {expected}")
    with pytest.raises(ValueError, match=f"^{start}") as caught:
        system_of(text)
    assert str(caught.value).isprintable()


def test_couplings_need_what_moves_and_an_Ms(system_of):
    without = VALVE.replace("Ms_A_m = 1.4e6\nheld = true\n", "")
    dipolar = COUPLING.replace("exchange_J_m2 = 1e-4", "dipolar = [-0.03, 0.01, 0.02]")
    with pytest.raises(
        ValueError, match=r"couplings\[0\].dipolar: must be left out where .* 'fixed'"
    ):
        system_of(without + dipolar)
    assert system_of(VALVE + dipolar).names == ("free",)
    other = layer("n", 5, material="Cu") + layer("third", 3)
    with pytest.raises(
        ValueError, match=r"between: must be left out where neither magnet moves, got 'fixed' and"
    ):
        system_of(VALVE + other + COUPLING.replace("free", "third"))


def test_layers_of_a_group_must_agree(system_of):
    layers = [layer(x, 2, 'group = "free"', f"Ms_A_m = {Ms}") for x, Ms in (("a", 8e5), ("b", 9e5))]
    spacer = layer("thin", 1, material="Cu")
    text = METALS + layers[0] + spacer + layers[1]
    message = (
        r"layers\[2\].Ms_A_m \(layer 'b'\): must be one value in all layers of group 'free', which "
        "are one magnet, got 900000.0 and 800000.0"
    )
    with pytest.raises(ValueError, match=message):
        system_of(text)
    with pytest.raises(ValueError, match="got 'a', a layer of group 'free'"):
        system_of(text.replace("9", "8") + COUPLING.replace("fixed", "a"))


def test_files_in_the_papers_units_have_no_magnets_that_move(system_of):
    text = (OSCILLATOR.parent / "paper_valve.toml").read_text()
    with pytest.raises(ValueError, match="layers: magnets must be in SI to move, got numbers in"):
        system_of(text)
    with pytest.raises(ValueError, match="SI and the paper's units must not mix"):
        system_of(text + "\n[dynamics]\nfield_A_m = [0, 0, 1]\n")


def test_contacts_that_cannot_move_are_told_with_their_file(system_of):
    text = METALS + layer("a", 2, "Ms_A_m = 8e5") + layer("b", 2)
    with pytest.raises(ValueError, match=r"a.toml: layers: ferromagnets in direct contact must"):
        system_of(text)
