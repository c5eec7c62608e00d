"""Sliders: what has one, what they read, and the stack of what they say."""

import math
from pathlib import Path

import numpy as np
import pytest

import spinfem as sf
from spinfem.explorer.movable import MOST, signed_angles
from spinfem.explorer.presets import preset, presets
from spinfem.explorer.seen import Base, Seen, base_of
from spinfem.io.stackfile import read
from spinfem.io.vary import parse
from spinfem.solver import solve

EXAMPLES = Path(__file__).parents[2] / "examples"
Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")


def valve(theta=60.0):
    fixed, free = Co(8e-9, m=sf.direction(0), name="fixed"), Co(4e-9, m=sf.direction(theta))
    return sf.Lead(Cu) | fixed | Cu(10e-9, name="spacer") | free | sf.Lead(Cu)


def keys(base):
    return {slider.key for slider in base.sliders.all}


def test_every_number_has_a_slider():
    assert keys(base_of(valve())) == {
        *(f"{name}.{key}" for name in ("fixed", "Co2") for key in ("polar_deg", "azimuth_deg")),
        *(f"{name}.thickness_nm" for name in ("fixed", "spacer", "Co2")),
        *("Cu.resistivity_ohm_m", "Cu.l_nm", "Co.rho_star_ohm_m", "Co.beta", "Co.l_nm"),
        *("j0_A_m2", "degree", "elements"),
    }


@pytest.mark.parametrize("name", presets())
def test_every_number_of_a_preset_is_moved_by_one_slider(name):
    """Those of a metal, a group or of copies by one for all."""
    base = preset(name)
    moved = [(s.quantity, i) for s in base.sliders.all for i in s.pieces]
    assert len(moved) == len(set(moved))
    parameters = Seen(base).solution.gradient("spin_resistance").parameters
    quantities = [key.rpartition(".")[2] for key in parameters]
    assert {quantity for quantity, _ in moved} == set(quantities)
    assert len(base.sliders.all) <= MOST + 3


def test_keys_are_those_of_a_sweep():
    file = read(EXAMPLES / "exchange_biased_valve.toml")
    for slider in base_of(file.stack).sliders.all:
        if slider.owner and not slider.key.endswith(("G_r_S_m2", "G_i_S_m2", "resistivity_ohm_m")):
            given = "library" in (EXAMPLES / "exchange_biased_valve.toml").read_text()
            assert given
            key = slider.key.rpartition(".")[2]
            if key in ("polar_deg", "thickness_nm", "AR_fOhm_m2", "gamma"):
                low, high = slider.value_at(slider.steps // 2), slider.high
                assert parse(f"{slider.key}={low!r}:{high!r}:3", file).name == slider.key


MOVES = {
    "fixed.thickness_nm": (7.3, lambda s: s.replace("fixed", thickness=7.3 / 1e9)),
    "Co2.polar_deg": (31.5, lambda s: s.replace("Co2", m=sf.direction(31.5))),
    "Co2.azimuth_deg": (20.0, lambda s: s.replace("Co2", m=sf.direction(60.0, 20.0))),
    "Cu.l_nm": (
        math.inf,
        lambda s: s.replace("Cu", material=sf.NormalMetal(D=Cu.D, l=np.inf, name="Cu")),
    ),
    "Co.beta": (
        -0.2,
        lambda s: s.replace(
            "Co", material=sf.Ferromagnet.from_valet_fert(75e-9, beta=-0.2, l=60e-9)
        ),
    ),
    "Co.rho_star_ohm_m": (
        5e-8,
        lambda s: s.replace(
            "Co", material=sf.Ferromagnet.from_valet_fert(5e-8, beta=0.46, l=60e-9)
        ),
    ),
}


@pytest.mark.parametrize("key", MOVES)
def test_moved_numbers_are_in_the_stack(key):
    value, change = MOVES[key]
    seen = Seen(base_of(valve())).with_value(key, value)
    assert np.array_equal(seen.solution.torques, solve(change(valve())).torques)


def test_numbers_of_interfaces_are_moved():
    joint = sf.Interface(1e-15, gamma=0.5, mixing=5e14 + 1e13j, name="I")
    stack = sf.Lead(Cu) | Co(4e-9, m=(0, 0, 1)) | joint | Cu(3e-9) | Co(2e-9, m=(1, 0, 0))
    seen = Seen(base_of(stack))
    moves = {"I.AR_fOhm_m2": 0.7, "I.gamma": 0.2, "I.G_r_S_m2": 4e14, "I.G_i_S_m2": -1e13}
    for key, value in moves.items():
        seen = seen.with_value(key, value)
    (found,) = filter(None, seen.stack.joints)
    assert (found.resistance, found.gamma, found.mixing) == (0.7 / 1e15, 0.2, 4e14 - 1e13j)


SHOWN = {
    "first.polar_deg": (25, "°"),
    "first.azimuth_deg": (70, "°"),
    "second.polar_deg": (110, "°"),
    "second.azimuth_deg": (-35, "°"),
    "first.thickness_nm": (3, "nm"),
    "spacer.thickness_nm": (7, "nm"),
    "second.thickness_nm": (2, "nm"),
    "Cu.resistivity_ohm_m": (60, "nΩ m"),
    "Cu.l_nm": (450, "nm"),
    "S.rho_star_ohm_m": (50, "nΩ m"),
    "S.beta": (0.6, ""),
    "S.l_nm": (40, "nm"),
    "W.rho_star_ohm_m": (100, "nΩ m"),
    "W.beta": (0.3, ""),
    "W.beta_D": (0.7, ""),
    "W.l_nm": (5, "nm"),
    "W.lambda_J_nm": (2, "nm"),
    "W.lambda_phi_nm": (4, "nm"),
    "I.AR_fOhm_m2": (2, "fΩ m²"),
    "I.gamma": (0.5, ""),
    "I.delta": (0.3, ""),
    "I.G_r_S_m2": (4e14, "S/m²"),
    "I.G_i_S_m2": (-1e13, "S/m²"),
    "j0_A_m2": (3e10, "A/m²"),
}


def of_shown(numbers):
    """The stack of such numbers, written by hand."""

    def at(owner, key):
        return numbers[f"{owner}.{key}"]

    beta, rho, l = at("S", "beta"), at("S", "rho_star_ohm_m") * 1e-9, at("S", "l_nm") * 1e-9
    strong = sf.Ferromagnet.from_valet_fert(rho, beta=beta, l=l, name="S")
    share = 1 - at("W", "beta") * at("W", "beta_D")  # of the conductivity for charge
    weak = sf.Ferromagnet.from_drift_diffusion(
        1e9 / at("W", "rho_star_ohm_m") / share,
        beta=at("W", "beta"),
        beta_D=at("W", "beta_D"),
        l_sf=at("W", "l_nm") * 1e-9 / np.sqrt(share),
        lambda_J=at("W", "lambda_J_nm") * 1e-9,
        lambda_phi=at("W", "lambda_phi_nm") * 1e-9,
        name="W",
    )
    l = at("Cu", "l_nm") * 1e-9
    metal = sf.NormalMetal.from_resistivity(at("Cu", "resistivity_ohm_m") * 1e-9, l=l, name="Cu")
    mixing = complex(at("I", "G_r_S_m2"), at("I", "G_i_S_m2"))
    given = {key: at("I", key) for key in ("gamma", "delta")}
    joint = sf.Interface(at("I", "AR_fOhm_m2") * 1e-15, **given, mixing=mixing, name="I")

    def layer(of, name):
        thickness = at(name, "thickness_nm") * 1e-9
        if of is metal:
            return of(thickness, name=name)
        angles = at(name, "polar_deg"), at(name, "azimuth_deg")
        return of(thickness, m=sf.direction(*angles), name=name)

    stack = layer(strong, "first") | joint | layer(metal, "spacer") | layer(weak, "second")
    return sf.Lead(metal) | stack | sf.Lead(metal)


def test_numbers_are_shown_and_moved_in_their_units():
    numbers = {key: number for key, (number, _) in SHOWN.items()}
    seen = Seen(Base(None, "", of_shown(numbers), 3e10))
    found = {s.key: (float(s.shown(s.value)), s.unit.name) for s in seen.base.sliders.all}
    assert {key: found[key] for key in SHOWN} == {
        key: (pytest.approx(number, rel=1e-9), unit) for key, (number, unit) in SHOWN.items()
    }
    assert set(found) - set(SHOWN) == {"degree", "elements"}
    before = seen.solution.torques
    for key, number in numbers.items():
        new = 1.1 * number
        moved = seen.with_value(key, seen.base.sliders.by_key[key].typed(f"{new:.9g}")).solution
        current = new if key == "j0_A_m2" else 3e10
        expected = sf.solve(of_shown({**numbers, key: new}), current).torques
        size = np.abs(expected).max()
        np.testing.assert_allclose(moved.torques, expected, rtol=0, atol=1e-9 * size)
        assert np.abs(moved.torques - before).max() > 1e-7 * size


def test_what_is_not_moved_stays_to_the_bit():
    odd = sf.direction(np.degrees(1.0), np.degrees(0.5))
    stack = valve().replace("fixed", m=odd, thickness=np.nextafter(8e-9, 1))
    new = Seen(base_of(stack)).with_value("spacer.thickness_nm", 9.0).stack
    for before, after in zip(stack.layers, new.layers):
        if before.name != "spacer":
            assert before.thickness == after.thickness
            assert before.m is None or np.array_equal(before.m, after.m)
            assert before.material is after.material


def test_moving_back_leaves_nothing_moved():
    seen = Seen(base_of(valve()))
    assert not seen.with_value("Co2.polar_deg", 1.0).with_value("Co2.polar_deg", 60.0).values


def test_copies_of_a_layer_move_together():
    seen = Seen(preset("multilayer")).with_value("down.polar_deg", 90.0)
    m = {layer.name: layer.m for layer in seen.stack.layers if layer.is_ferromagnet}
    assert all(np.array_equal(m[f"down{n}"], [1, 0, 0]) for n in range(1, 31))
    assert all(np.array_equal(m[f"up{n}"], [0, 0, 1]) for n in range(1, 31))


def test_groups_turn_together():
    a, b = (Co(2e-9, m=(0, 0, 1), name=name, group="free") for name in "ab")
    base = base_of(sf.Lead(Cu) | Co(8e-9, m=(1, 0, 0)) | Cu(3e-9) | a | Cu(1e-9) | b | sf.Lead(Cu))
    stack = Seen(base).with_value("free.polar_deg", 40.0).stack
    assert all(np.array_equal(stack.layers[i].m, sf.direction(40.0)) for i in (2, 4))


def test_a_lead_turns_with_a_layer_of_the_same_metal():
    stack = Seen(preset("fig3-fnf")).with_value("F2.polar_deg", 40.0).stack
    assert np.array_equal(stack.right.m, sf.direction(40.0))
    assert np.array_equal(stack.left.m, [0, 0, 1])


@pytest.mark.parametrize("polar", range(-165, 180, 30))
@pytest.mark.parametrize("azimuth", [-90 + 1e-6, -40, 0, 33, 90])
def test_angles_go_on_through_the_pole(polar, azimuth):
    assert signed_angles(sf.direction(polar, azimuth)) == pytest.approx((polar, azimuth), abs=1e-9)


@pytest.mark.parametrize("name", ["co_cu_py", "exchange_biased_valve", "fig5"])
def test_positions_and_values_belong_together(name):
    for slider in preset(name).sliders.all:
        for position in (0, 1, slider.steps // 3, slider.steps):
            value = slider.value_at(position)
            assert slider.position_of(value) == position
            assert slider.typed(slider.shown(value)) == pytest.approx(value, rel=1e-6, abs=1e-12)
        assert slider.position_of(slider.most) == slider.steps


WRONG = [
    (
        "fixed.thickness_nm",
        "-1",
        "fixed: thickness must be a number from 0.001 to 1e+06 nm, got '-1'",
    ),
    ("fixed.thickness_nm", "8 nm", "got '8 nm'"),
    ("Co.beta", "1", "Co: beta must be a number from -0.999 to 0.999, got '1'"),
    ("Co2.polar_deg", "nan", "Co2: polar angle must be a number from -360 to 360 °, got 'nan'"),
    ("Co2.polar_deg", "", "got ''"),
    ("Co.rho_star_ohm_m", "inf", "Co: rho* must be a number from 0.1 to 1e+07 nΩ m, got 'inf'"),
    ("Cu.l_nm", "0", "must be a number from 0.001 to 1e+07 nm (inf is allowed), got '0'"),
    ("degree", "2.5", "degree of the elements must be a whole number from 1 to 20, got '2.5'"),
    ("Co2.polar_deg", "1" * 100, f"got '{'1' * 40}'"),
    ("Co2.polar_deg", "__import__('os')", "must be a number"),
]


@pytest.mark.parametrize(("key", "text", "message"), WRONG)
def test_wrong_numbers_are_refused_in_one_line(key, text, message):
    slider = base_of(valve()).sliders.by_key[key]
    with pytest.raises(ValueError, match="must be") as error:
        slider.typed(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("l", [np.inf, 1e-20, 1e3])
def test_a_number_is_on_its_slider_whatever_it_is(l):
    metal = sf.NormalMetal(D=1e8, l=1.0, name="X", units=None)
    metal = sf.NormalMetal.from_resistivity(1e-8, l=l, name="X") if np.isinf(l) else metal
    stack = sf.Lead(metal) | sf.Ferromagnet(D=1e-7, l=l, p=0.999999)(3e-13, m=(0, 0, 1))
    for slider in base_of(stack).sliders.all:
        assert slider.low < slider.high
        assert slider.least <= slider.low
        assert slider.high <= slider.most
        assert 0 <= slider.position_of(slider.value) <= slider.steps


def test_stacks_that_cannot_be_solved_are_refused():
    N, F = sf.NormalMetal(D=1.0, l=np.inf), sf.Ferromagnet(D=1.0, l=np.inf, p=0.5)
    with pytest.raises(ValueError, match="spin"):
        base_of(sf.SpinBlocking() | F(1.0, m=(0, 0, 1)) | N(1.0) | sf.SpinBlocking())


def test_batches_are_refused():
    with pytest.raises(ValueError, match=r"single stack, got a batch of shape \(3,\)"):
        base_of(valve(np.zeros(3)))
    with pytest.raises(TypeError, match="stack must be a Stack"):
        base_of("valve.toml")


def test_what_a_stack_cannot_be_is_told_when_it_is_made():
    joint = sf.Interface(1e-15, delta=0.5, name="I")
    seen = Seen(base_of(sf.Lead(Cu) | Co(4e-9, m=(0, 0, 1)) | joint | sf.Lead(Cu)))
    with pytest.raises(ValueError, match="must be 0 without a resistance"):
        seen.with_value("I.AR_fOhm_m2", 0.0).stack.layers  # noqa: B018
