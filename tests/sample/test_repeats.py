"""Repeated cells: what their copies are called, and how to take all of them."""

import pickle

import numpy as np
import pytest

import spinfem as sf

N = sf.NormalMetal(D=2.0, l=3.0, name="Cu")
F = sf.Ferromagnet(D=1.0, l=2.0, p=0.5, name="Co90Fe10")
Z, X = (0, 0, 1), (1, 0, 0)
FACE = sf.Interface(0.3, gamma=0.4, name="face")


def cell():
    return F(1.0, m=Z, name="free", group="magnet") | FACE | N(0.5)


def names(stack):
    return list(stack.element_names[1:-1])


def test_copies_are_numbered():
    stack = sf.Lead(N) | cell() * 3 | sf.Lead(N)
    assert names(stack) == ["free1", "Cu1", "free2", "Cu2", "free3", "Cu3"]
    assert [joint.name for joint in stack.joints if joint] == ["face1", "face2", "face3"]
    assert list(stack.groups) == ["magnet1", "magnet2", "magnet3"]


@pytest.mark.parametrize(
    "made",
    [
        lambda: (F(1.0, m=Z) | N(0.5)) * 2,
        lambda: sf.Stack([F(1.0, m=Z) | N(0.5)] * 2),
        lambda: sf.Stack([F(1.0, m=Z), N(0.5)] * 2),
    ],
)
def test_without_names_they_are_called_after_their_metals(made):
    assert names(made()) == ["Co90Fe10_1", "Cu1", "Co90Fe10_2", "Cu2"]


def test_one_layer_and_cells_in_cells():
    assert names(N(1.0, name="a") * 2 | F(1.0, m=Z)) == ["a1", "a2", "Co90Fe10_1"]
    inner = N(1.0, name="a") * 2 | F(1.0, m=Z, name="b")
    nested = inner * 2
    assert names(nested) == ["a1_1", "a2_1", "b1", "a1_2", "a2_2", "b2"]
    for name, thick in (
        ("a", [2, 2, 1, 2, 2, 1]),
        ("a1", [2, 1, 1, 2, 1, 1]),
        ("b", [1, 1, 2] * 2),
    ):
        changed = nested.replace(name, thickness=2.0)
        np.testing.assert_array_equal(changed.thickness, thick)


def test_stacks_in_a_stack_stand_for_their_pieces():
    a, b = N(1.0) | F(1.0, m=Z), N(2.0, name="spacer")
    stack = sf.Stack([sf.Lead(N), a, b, F(1.0, m=X), sf.Lead(N)])
    assert names(stack) == ["Cu1", "Co90Fe10_1", "spacer", "Co90Fe10_2"]


def test_replace_takes_one_or_all():
    stack = sf.Lead(N) | cell() * 3 | sf.Lead(N)
    one = stack.replace("free2", thickness=7.0)
    assert [layer.thickness for layer in one.layers] == [1, 0.5, 7, 0.5, 1, 0.5]
    every = stack.replace("free", thickness=7.0)
    assert [layer.thickness for layer in every.layers] == [7, 0.5] * 3
    turned = stack.replace("magnet", m=X)
    assert all((layer.m == X).all() for layer in turned.layers if layer.m is not None)
    faces = stack.replace("face", resistance=0.9)
    assert {joint.resistance for joint in faces.joints if joint} == {0.9}
    again = pickle.loads(pickle.dumps(every)).replace("free", thickness=1.0)
    assert sf.solve(again).resistance == sf.solve(stack).resistance


def test_replace_takes_a_metal():
    silver = sf.NormalMetal(D=4.0, l=5.0, name="Ag")
    stack = (sf.Lead(N) | cell() * 2).replace("Cu", material=silver)
    assert names(stack) == ["free1", "Cu1", "free2", "Cu2"]  # layers keep their names
    assert [stack.left.material, stack.layers[1].material] == [silver, silver]
    with pytest.raises(
        TypeError, match="a change of 'Ag', a metal, must be one of material, got 'thickness'"
    ):
        stack.replace("Ag", thickness=1.0)


@pytest.mark.parametrize("key", ["thickness", "l", "D", "resistance", "gamma", "polar"])
def test_derivatives_of_all_copies(key):
    """Against differences of results in which all copies change."""
    owner = {"resistance": "face", "gamma": "face", "polar": "magnet"}.get(key, "free")
    stack = sf.Lead(N) | cell() * 3 | F(1.0, m=sf.direction(60), name="top") | sf.Lead(N)

    def dr(by):
        change = {key: getattr(FACE if owner == "face" else F(1.0, m=Z), key, 0) + by}
        if key in ("l", "D"):
            change = {"material": sf.Ferromagnet(**{**F.numbers, key: getattr(F, key) + by})}
        if key == "polar":
            change = {"m": sf.direction(by)}
        return sf.solve(stack.replace(owner, **change)).spin_resistance

    h = 1e-3
    slope = (8 * (dr(h) - dr(-h)) - (dr(2 * h) - dr(-2 * h))) / (12 * h)
    gradient = sf.solve(stack).gradient("spin_resistance")
    assert gradient[f"{owner}.{key}"] == pytest.approx(slope, rel=1e-8, abs=1e-12)
    assert f"{owner}.{key}" not in list(gradient)


def test_derivatives_of_a_metal():
    stack = sf.Lead(N) | cell() * 2 | N(1.0) | F(1.0, m=X) | sf.Lead(N)
    gradient = sf.solve(stack).gradient("resistance")
    whole = sum(gradient[f"{name}.l"] for name in ("left", "Cu1", "Cu2", "Cu3", "right"))
    assert gradient["Cu.l"] == pytest.approx(whole, rel=1e-14)
    with pytest.raises(KeyError, match=r"no number of the stack is called 'Cu\.thickness'"):
        gradient["Cu.thickness"]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: cell() * 0, ValueError, "repeats of a cell must be positive, got 0"),
        (lambda: cell() * 2.0, TypeError, "repeats of a cell must be an integer, got 2.0"),
        (lambda: N(1.0) * True, TypeError, "repeats of a cell must be an integer, got True"),
        (lambda: sf.Lead(N) * 2, ValueError, r"must have no ends, got Lead\(Cu\) in it"),
        (lambda: (sf.Superconductor(1.0) | N(1.0)) * 2, ValueError, r"got Reservoir\(\) in it"),
        (lambda: cell() * 2 | N(1.0, name="free"), ValueError, "got 'free' for both"),
        (lambda: N(1.0, name="face") | cell() * 2, ValueError, "got 'face' for both"),
        (lambda: cell() * 2 | N(1.0, name="free1"), ValueError, "got 'free1' twice"),
    ],
)
def test_what_cannot_be_repeated(make, error, message):
    with pytest.raises(error, match=message):
        make()


# --- superconducting ends ------------------------------------------------------------------------


def test_a_superconductor_is_an_interface_and_a_reservoir():
    a, b = sf.Interface(0.7), sf.Interface(0.9)
    inner = F(1.0, m=Z) | N(0.3) | F(1.0, m=X)
    expected = sf.solve(sf.Reservoir() | a | inner | b | sf.Reservoir())
    for stack in (
        sf.Superconductor(0.7) | inner | sf.Superconductor(0.9),
        sf.Stack([sf.Superconductor(0.7), *inner.pieces, sf.Superconductor(0.9)]),
        sf.Superconductor(0.7) | (inner | sf.Superconductor(0.9)),
    ):
        assert sf.solve(stack).resistance == expected.resistance
    named = sf.Superconductor(0.7, name="Nb/Co") | inner
    assert named.replace("Nb/Co", resistance=1.4).joints[0].resistance == 1.4


def test_a_superconductor_is_an_end():
    with pytest.raises(ValueError, match="an end must be the first or last piece"):
        N(1.0) | sf.Superconductor(1.0) | N(1.0)
    with pytest.raises(ValueError, match=r"resistance \(AR\*\) of an interface must be"):
        sf.Superconductor(-1.0)
    with pytest.raises(TypeError, match="pieces of a stack must be"):
        sf.Stack([N(1.0), sf.Superconductor(1.0), N(1.0)])


def test_series_resistors_between_superconductors():
    """AR = 2 AR_SF + sum of rho* d + AR* with all parallel and no relaxation (Lee et al. 1993)."""
    free = sf.Ferromagnet(D=1.0, l=1e6, p=0.0)
    stack = sf.Superconductor(3.0) | (free(2.0, m=Z) | N(1.0)) * 5 | sf.Superconductor(3.0)
    assert sf.solve(stack).resistance == pytest.approx(2 * 3.0 + 5 * (2.0 + 0.5), rel=1e-12)


def test_measured_resistivity_of_a_ferromagnet():
    metal = sf.Ferromagnet.from_resistivity(1e-7, beta=0.5, l=1e-8, name="X")
    same = sf.Ferromagnet.from_valet_fert(1e-7 / 0.75, beta=0.5, l=1e-8)
    assert (metal.D, metal.p, metal.l, metal.units) == (pytest.approx(same.D), 0.5, 1e-8, "SI")
    assert metal.total_conductivity == pytest.approx(1e7)
    with pytest.raises(ValueError, match=r"rho \(measured resistivity\) must be positive"):
        sf.Ferromagnet.from_resistivity(0.0, beta=0.5, l=1e-8, name="X")
