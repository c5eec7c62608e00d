"""The text of a stack file made from a stack: it loads to the same stack."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spinfem as sf
from tests.strategies import drifting, samples

ULP = 2**-52


def loaded(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "written.toml"
    path.write_text(text, encoding="utf-8")
    return sf.load(path).stack


def assert_same(found, expected, off=0.0):
    """Two stacks of the same pieces; numbers to the last bit, or off by so much."""
    assert found.j0 == (1.0 if expected.j0 is None else expected.j0)
    assert found.element_names == expected.element_names
    assert found.groups == expected.groups
    for one, other in zip(found.elements, expected.elements, strict=True):
        assert type(one) is type(other)
        if not hasattr(one, "material"):
            continue
        assert np.array_equal(one.m, other.m)
        assert one.material.units == (expected.units if expected.units else None)
        pairs = [(one.material.numbers, other.material.numbers)]
        pairs += [({"d": getattr(e, "thickness", 0.0)} for e in (one, other))]
        for a, b in pairs:
            assert a.keys() == b.keys()
            np.testing.assert_allclose([*a.values()], [*b.values()], rtol=off, atol=0)
    for one, other in zip(found.joints, expected.joints, strict=True):
        assert (one is None) is (other is None)
        for key in ("name", "gamma", "delta", "mixing"):
            assert getattr(one, key, None) == getattr(other, key, None)
        if one is not None:
            np.testing.assert_allclose(one.resistance, other.resistance, rtol=off, atol=0)


@pytest.mark.long
@given(samples() | drifting())
def test_any_sample_in_plain_units(tmp_path_factory, stack):
    assert_same(loaded(tmp_path_factory, stack.to_toml()), stack)


def in_SI(stack):
    """The sample with lengths in nm, conductivities in MS/m, and so in fOhm m2."""

    def metal(material):
        lengths = {
            key: None if (value := getattr(material, key)) is None else value * 1e-9
            for key in ("l", "lambda_J", "lambda_phi")
            if hasattr(material, key)
        }
        return dataclasses.replace(material, D=material.D * 1e6, **lengths, units="SI")

    def piece(one):
        if isinstance(one, sf.Interface):
            mixing = None if one.mixing is None else one.mixing * 1e15
            return dataclasses.replace(one, resistance=one.resistance * 1e-15, mixing=mixing)
        if not hasattr(one, "material"):
            return one
        more = {"thickness": one.thickness * 1e-9} if isinstance(one, sf.Layer) else {}
        return dataclasses.replace(one, material=metal(one.material), **more)

    return sf.Stack([piece(one) for one in stack.pieces])


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::spinfem.UnitWarning")
@given(samples() | drifting())
def test_any_sample_in_SI(tmp_path_factory, stack):
    """Nanometres are coarser than metres by 7 % of the doubles, so that some cannot be hit."""
    expected = in_SI(stack)
    assert_same(loaded(tmp_path_factory, expected.to_toml()), expected, off=ULP)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::spinfem.UnitWarning")
@given(samples())
def test_what_was_loaded_stays_what_it_is(tmp_path_factory, stack):
    """What comes from a file has numbers that a file can have: all of them to the last bit."""
    once = loaded(tmp_path_factory, in_SI(stack).to_toml())
    assert_same(loaded(tmp_path_factory, once.to_toml()), once)


@given(st.floats(1e-3, 1e4).map(lambda x: float(f"{x:.6g}")))
def test_numbers_as_people_write_them(tmp_path_factory, nm):
    """Up to roundings of 1 in 1e16 that no file can have; what a file says itself is kept."""
    Cu = sf.NormalMetal.from_resistivity(6e-9, l=nm / 1e9, name="Cu")
    text = sf.Stack([Cu(nm / 1e9)]).to_toml()
    assert f"thickness_nm = {nm!r}\n" in text
    assert f"l_nm = {nm!r}\n" in text
    assert "resistivity_ohm_m = 6e-09\n" in text


@pytest.mark.filterwarnings("ignore::spinfem.UnitWarning")
@given(st.floats(-6, 6).map(lambda e: 10.0**e), st.booleans())
def test_spin_relaxation_times(tmp_path_factory, tau, si):
    """Plain ones to the last bit; picoseconds are coarser than seconds by a few doubles."""
    scale, units = (1e-12, "SI") if si else (1.0, None)
    N = sf.NormalMetal(D=1.0, l=1.0, tau=tau * scale, units=units, name="N")
    F = sf.Ferromagnet(D=1.0, l=1.0, p=0.5, tau=2 * tau * scale, units=units, name="F")
    stack = sf.Lead(N) | F(1.0, m=sf.direction(0)) | N(1.0)
    once = loaded(tmp_path_factory, stack.to_toml())
    assert_same(once, stack, off=ULP if si else 0.0)
    assert_same(loaded(tmp_path_factory, once.to_toml()), once)


@given(st.floats(1e-3, 1e4).map(lambda x: float(f"{x:.6g}")))
def test_times_as_people_write_them(tmp_path_factory, ps):
    Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, tau=ps / 1e12, name="Cu")
    assert f"tau_ps = {ps!r}\n" in sf.Stack([Cu(1e-9)]).to_toml()


def valve(**names):
    Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
    Co = sf.Ferromagnet.from_conductivity(1.7e7, p=0.42, l=42e-9, name="Co")
    contact = sf.interface("Co/Pt")
    return (
        sf.Lead(Cu)
        | Co(8e-9, m=sf.direction(0), group="thick")
        | Co(1e-9, m=sf.direction(0), group="thick")
        | contact
        | sf.material("Pt")(5e-9)
        | Co(2e-9, m=sf.direction(60, -90), **names)
        | sf.SpinBlocking()
    )


def test_a_valve(tmp_path_factory):
    stack = valve(name="free")
    text = stack.to_toml()
    assert_same(loaded(tmp_path_factory, text), stack)
    for line in ("polar_deg = 60.0", "azimuth_deg = -90.0", "beta = 0.42", 'group = "thick"'):
        assert f"{line}\n" in text
    assert f"# {stack.layers[3 - 1].material.source}\n" in text
    assert text.count("[materials.") == 3


def test_the_current_is_kept(tmp_path_factory):
    text = 'current_density_A_m2 = 2e10\n[materials.N]\nkind = "normal"\nsigma_S_m = 1e7\n'
    text += 'l_nm = inf\n[[layers]]\nmaterial = "N"\nthickness_nm = 1\n'
    stack = loaded(tmp_path_factory, text)
    assert stack.j0 == -2e10
    assert_same(loaded(tmp_path_factory, stack.to_toml()), stack)


@pytest.mark.parametrize("name", ['a "b" \\c', "µ'", "[x]", "a = 1 # b", "Co.l"])
def test_names_are_quoted(tmp_path_factory, name):
    metal = sf.NormalMetal(D=1.0, l=1.0, name=name)
    stack = sf.Stack([sf.Lead(metal, name=f"{name}2"), metal(1.0, name=name)])
    found = loaded(tmp_path_factory, stack.to_toml())
    assert found.layers[0].material.name == found.layers[0].name == name


def test_materials_of_one_name(tmp_path_factory):
    a, b = (sf.NormalMetal(D=D, l=1.0, name="Cu") for D in (1.0, 2.0))
    found = loaded(tmp_path_factory, sf.Stack([a(1.0), b(1.0), a(2.0)]).to_toml())
    assert [layer.material.name for layer in found.layers] == ["Cu", "Cu_2", "Cu"]


N = sf.NormalMetal(D=1.0, l=1.0)
GRADED = sf.NormalMetal(D=lambda xi: 1 + xi, l=1.0)
HUGE = sf.NormalMetal.from_conductivity(1e7, l=1e-9)


@pytest.mark.filterwarnings("ignore::spinfem.UnitWarning")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sf.Stack([N([1.0, 2.0])]), r"holds one stack, got a batch of shape \(2,\)"),
        (lambda: sf.Stack([GRADED(1.0, name="g")]), "material of layer 'g' must be uniform to be"),
        (lambda: sf.Stack([sf.Layer(N, 1.0, nodes=[0, 1])]), "nodes of layer 'N1' must not be"),
        (lambda: sf.Stack([N(1.0, name="a\x1b[0m")]), "no control characters, got 'a.x1b"),
        (lambda: sf.Stack([N(1.0, name=1001 * "a")]), "at most 1000 characters"),
        (lambda: sf.Stack([HUGE(1e300)]), "thickness of layer 'N1' must be neither too large nor"),
        (lambda: sf.Stack([N(1.0), sf.Interface(1.0)]), "must not end in an interface"),
    ],
)
def test_what_cannot_be_written(make, message):
    with pytest.raises(ValueError, match=message):
        make().to_toml()
