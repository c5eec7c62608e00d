"""Sourced materials: every number has a source, and arrives in the metal as it should."""

import dataclasses
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

import spinfem as sf
from spinfem import cli
from spinfem.sample.library import SHIPPED
from spinfem.sample.libraryfile import SYMBOLS, Entry

LAST_BIT = 4e-16
"""Two roundings: a value in the file's unit, and its conversion."""

ALL = [
    (group, name, variant, entry)
    for group, entries in (("material", SHIPPED.materials), ("interface", SHIPPED.interfaces))
    for name, variants in entries.items()
    for variant, entry in variants.items()
]


# --- the file ---------------------------------------------------------------------------------


def test_every_number_has_a_source():
    """A DOI, an arXiv number, or a citation with its year; and nothing but such numbers."""
    source = re.compile(r"doi:10\.\d{4,}/\S+|arXiv:(\d{4}\.\d{4}|cond-mat/\d{7})|\b(19|20)\d\d\b")
    for *_, entry in ALL:
        assert entry.quantities
        for number in entry.quantities.values():
            assert source.search(number.source), number.source
        fields = [getattr(entry, key) for key in type(entry).model_fields]
        assert not any(type(field) in (float, int) for field in fields)  # no number without a table


NUMBERS = """
Co Boris: sigma_S_m 1.7e7, beta 0.42, l_nm 42, lambda_phi_nm 4.2
Co 2008: lambda_phi_nm 1.7
Py law: sigma_S_m 6.7e6, beta 0.40, l_rho_fOhm_m2 0.91 0.04, lambda_phi_nm 1.9
Py 4.2 K: beta 0.65 0.1 at 4.2, l_nm 5.5 1 at 4.2
Py 2020: l_nm 7.0
Py 2008: lambda_phi_nm 3.7
Fe Boris: sigma_S_m 1.0e7, beta 0.45, l_nm 9.5, lambda_phi_nm 4.4
Ni 4.2 K: sigma_S_m 1.4e7, beta 0.44, l_nm 21 2 at 4.2, lambda_phi_nm 5.7
Co90Fe10 Boris: sigma_S_m 4.0e6, beta 0.34, l_nm 13
Co90Fe10 4.2 K: beta 0.65 0.05 at 4.2, l_nm 12 1 at 4.2
CoFe 2008: lambda_phi_nm 2.5
CoFeB Boris: sigma_S_m 1.0e6, beta 0.6
CoFeB 2008: lambda_phi_nm 12.0
PdNi 2.8 nm: l_nm 2.8 0.5
PdNi 5.4 nm: l_nm 5.4 0.6
PdFe 1.3 % Fe: l_nm 9.6 2
Cu 293 K: resistivity_ohm_m 1.678e-8 at 293, l_nm >=110
Cu 10 K: l_nm 200 20 at 10
Ag 293 K: resistivity_ohm_m 1.587e-8 at 293, l_nm 449 30
Ag epitaxial: l_nm 823 59
Au 293 K: resistivity_ohm_m 2.214e-8 at 293
Au 10 K: l_nm 63 15 at 10
Al 293 K: resistivity_ohm_m 2.65e-8 at 293, l_nm 350 50
Al cold: l_nm 400 50
Al 2002: l_nm 500
Nb normal: resistivity_ohm_m 1.52e-7, l_nm 30
Cr bulk: resistivity_ohm_m 1.25e-7
Ir 2020: resistivity_ohm_m 2.5e-7, l_nm 1.3
Pt Boris: sigma_S_m 7.0e6, l_nm 1.4
Pt 2014: l_nm 3.4 0.4
Ru Boris: sigma_S_m 1.5e6, l_nm 4.0
Ta Boris: sigma_S_m 5.0e5, l_nm 1.9
Ta 2014: l_nm 1.5 0.5
CuGe 2 % Ge: l_nm 117 6 10
AgSn 4 % Sn: l_nm 39 3
IrMn 2010: l_nm <=1
IrMn 2014: l_nm 1
FeMn 2010: l_nm <=1
FeMn 2014: l_nm 1
PtMn 2016: l_nm 2.3
PtMn 2014: l_nm 1
CoFe/Cu 2010: two_AR_fOhm_m2 1.1 0.2, gamma 0.8 0.1, delta 0.19 0.04
Ni/Ru 2010: two_AR_fOhm_m2 1.7 0.3 0.4, gamma 0.15 0.03
Py/Cu 4.2 K: gamma 0.76 0.1 at 4.2
Co/Pt 4.2 K: AR_fOhm_m2 0.74 0.15 at 4.2, gamma 0.58 0.12 at 4.2, delta 0.9 0.2 0.5 at 4.2
Co/Ni 2010: AR_fOhm_m2 0.2575, gamma 0.942, delta 0.35 0.05
Co/Ru 2011: delta 0.34 0.02 0.04
Nb/Cu 1999: delta 0.22 0.06 0.07
Ni/Nb normal: AR_fOhm_m2 1.5 0.4
Ni/Nb supercond: AR_fOhm_m2 4.2 0.2
Ag/Cu 1996: AR_fOhm_m2 0.044 0.003
Ag/Au 1996: AR_fOhm_m2 0.05 0.004
Au/Cu 1996: AR_fOhm_m2 0.149 0.006
"""
"""Name and variant: key, bound and value, its uncertainty or both of them, temperature, ..."""


def written(key, number):
    """A number as a line of NUMBERS has it, all as floats."""
    sign = {"lower": ">=", "upper": "<=", None: ""}[number.bound]
    down, up = number.uncertainty or (None, None)
    return key, sign, number.value, down, up, number.temperature_K


def read(text):
    numbers, _, temperature = text.partition(" at ")
    key, value, *given = numbers.split()
    sign = re.match("[<>]?=?", value)[0]
    down, up = map(float, given * (2 if len(given) == 1 else 1)) if given else (None, None)
    T = float(temperature) if temperature else None
    return key, sign, float(value[len(sign) :]), down, up, T


def test_the_library_holds_these_numbers():
    """What was read, number by number."""
    found = {
        f"{name} {variant}": {written(key, number) for key, number in entry.quantities.items()}
        for _, name, variant, entry in ALL
    }
    lines = [line.partition(": ") for line in NUMBERS.strip().splitlines()]
    assert found == {name: set(map(read, rest.split(", "))) for name, _, rest in lines}


def test_derived_numbers():
    """Those that a source has in other terms."""
    ni = SHIPPED.interfaces["Co/Ni"]["2010"]
    up, down = 0.03, 1.00
    assert ni.AR_fOhm_m2.value == pytest.approx((up + down) / 4)
    assert ni.gamma.value == pytest.approx((down - up) / (down + up), abs=5e-4)
    delta = SHIPPED.interfaces["Nb/Cu"]["1999"].delta
    low, middle, high = (-np.log(1 - loss) for loss in (0.15, 0.20, 0.25))
    expected = [middle, middle - low, high - middle]
    assert [delta.value, *delta.uncertainty] == pytest.approx(expected, abs=6e-3)


def test_defaults_are_explicit():
    for entries in (SHIPPED.materials, SHIPPED.interfaces):
        for variants in entries.values():
            assert sum(entry.default for entry in variants.values()) == 1


# --- metals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Co", "Fe", "Co90Fe10", "Pt", "Ru", "Ta"])
def test_conversions(name):
    """sigma is the total conductivity: D = sigma (1 - beta^2), and rho* = 1/D."""
    entry, metal = SHIPPED.materials[name]["Boris"], sf.material(name)
    sigma, found = entry.sigma_S_m.value, metal.D
    assert metal.l == entry.l_nm.value / 1e9
    assert metal.name == name
    assert metal.total_conductivity == pytest.approx(sigma, rel=LAST_BIT)
    if isinstance(metal, sf.NormalMetal):
        assert found == sigma
        return
    beta = entry.beta.value
    assert metal.p == beta
    assert found == pytest.approx(sigma * (1 - beta**2), rel=LAST_BIT)
    again = sf.Ferromagnet.from_valet_fert(1 / (sigma * (1 - beta**2)), beta=beta, l=metal.l)
    assert found == pytest.approx(again.D, rel=2 * LAST_BIT)
    assert metal.is_strong


def test_source_names_every_number():
    """And what is to be known of it."""
    Co = sf.material("Co")
    assert Co.source == (
        "sigma = 1.7e+07 S/m: doi:10.1017/CBO9780511845000; "
        "beta = 0.42: doi:10.1126/science.282.5386.85 (of a contact, by Andreev reflection: not "
        "Valet and Fert's beta of the bulk); "
        "l = 42 nm: doi:10.1007/s100510050398 (not found in the source, which could not be read); "
        "these as listed in the materials database of Boris micromagnetics"
    )
    assert "lambda_phi" not in Co.source
    phi = sf.material("Co", exchange=True).source
    assert "lambda_phi = 4.2 nm: doi:10.1103/PhysRevLett.109.117204 (depths measured" in phi
    given = sf.material("Co", l=60e-9).source
    assert "l = 42" not in given
    assert given.endswith("; l: given by the user")
    cold = sf.material("Py", variant="4.2 K", sigma=1e7).source
    assert cold.startswith("beta = 0.65 +- 0.1 at 4.2 K: Giant magnetoresistance of copper/perm")
    assert "; l = 5.5 +- 1 nm at 4.2 K: Perpendicular-current transport in exchange-" in cold
    assert cold.endswith("; sigma: given by the user")
    assert "; l >= 110 nm: Ji et al." in sf.material("Cu").source
    assert sf.material("Py").source.endswith("; l rho = 0.91 +- 0.04 fOhm m2: arXiv:1904.01921")


@pytest.mark.parametrize("name", ["Cu", "Ag", "Al", "Nb", "Ir", "Pt", "Ru", "Ta"])
def test_normal_metals_that_are_complete(name):
    metal = sf.material(name)
    assert isinstance(metal, sf.NormalMetal)
    assert metal.source
    assert metal.is_graded is False


def test_law_of_the_diffusion_length():
    """l = (l rho)/rho, with the resistivity for charge, whoever gives it."""
    law = 0.91e-15
    own = sf.material("Py")
    assert own.l == pytest.approx(law * 6.7e6, rel=LAST_BIT)
    assert own.l == pytest.approx(6.1e-9, abs=0.3e-9)
    several = sf.material("Py", sigma=[1e7, 2e7])
    np.testing.assert_allclose(several.l, law * np.array([1e7, 2e7]), rtol=2 * LAST_BIT)
    star = sf.material("Py", rho_star=291e-9, p=0.76)
    assert star.l == pytest.approx(law / (291e-9 * (1 - 0.76**2)), rel=4 * LAST_BIT)
    graded = sf.material("Py", sigma=sf.sampled([1e7, 2e7]))
    np.testing.assert_allclose(graded.l(np.array([0.0, 1.0])), [law * 1e7, law * 2e7], rtol=1e-15)
    given = sf.material("Py", l=7e-9)
    assert given.l == 7e-9
    assert "l rho" not in given.source


def test_exchange_lengths():
    """Only on demand, and only the sourced one; the other is the user's."""
    assert sf.material("Fe").is_strong
    Fe = sf.material("Fe", exchange=True)
    assert (Fe.lambda_J, Fe.lambda_phi) == (None, 4.4 / 1e9)
    both = sf.material("Fe", exchange=True, lambda_J=2e-9)
    assert (both.lambda_J, both.lambda_phi) == (2e-9, 4.4 / 1e9)
    alone = sf.material("Fe", lambda_J=2e-9)
    assert (alone.lambda_J, alone.lambda_phi) == (2e-9, None)


def test_variants():
    assert sf.material("Py", variant="2020", sigma=1e7, p=0.4).l == 7e-9
    cold = sf.material("Py", temperature=4.2, sigma=1e7)
    assert (cold.l, cold.p) == (5.5e-9, 0.65)
    assert cold.total_conductivity == pytest.approx(1e7, rel=LAST_BIT)
    same = sf.material("Py", variant="4.2 K", temperature=4.2, sigma=1e7)
    assert (same.D, same.l, same.p) == (cold.D, cold.l, cold.p)
    assert sf.material("Ni").l == sf.material("Ni", temperature=4.2).l == 21e-9
    assert sf.material("Cu", temperature=10, sigma=1e8).l == 200e-9


def test_numbers_of_the_user_take_the_place_of_the_librarys():
    rho = sf.material("Py", rho_star=291e-9, p=0.76)
    assert rho.D == 1 / 291e-9
    assert rho.p == 0.76
    CuGe = sf.material("CuGe", sigma=[1e7, 2e7], name="alloy")
    assert np.array_equal(CuGe.D, [1e7, 2e7])
    assert (CuGe.l, CuGe.name) == (117e-9, "alloy")
    graded = sf.material("Pt", l=sf.sampled([1e-9, 2e-9]))
    assert graded.is_graded
    assert sf.material("Pt", l=np.inf).l == np.inf


def test_a_sourced_metal_makes_a_layer_that_can_be_pickled():
    layer = sf.material("Co")(8e-9, m=(0, 0, 1))
    assert pickle.loads(pickle.dumps(layer)).material.source == layer.material.source


# --- interfaces -------------------------------------------------------------------------------


def test_interfaces():
    """The table has 2AR*, the interface has AR*."""
    CoFe = sf.interface("CoFe/Cu")
    assert CoFe.resistance == pytest.approx(0.55e-15, rel=LAST_BIT)
    assert (CoFe.gamma, CoFe.mixing, CoFe.name) == (0.8, None, None)
    assert CoFe.source.startswith("2AR* = 1.1 +- 0.2 fOhm m2: Kim et al., IEEE Trans. Magn. ")
    Ni = sf.interface("Ru/Ni", mixing=5e14 + 1e13j, name="face")  # in any order
    assert Ni.resistance == pytest.approx(0.85e-15, rel=LAST_BIT)
    assert (Ni.gamma, Ni.mixing, Ni.name) == (0.15, 5e14 + 1e13j, "face")
    assert "mixing: given by the user" in Ni.source
    Py = sf.interface("Py/Cu", resistance=0.5e-15)
    assert (Py.resistance, Py.gamma) == (0.5e-15, 0.76)
    assert "gamma = 0.76 +- 0.1 at 4.2 K" in Py.source
    assert sf.interface("Pt/Co").resistance == pytest.approx(0.74e-15, rel=LAST_BIT)


def test_spin_memory_loss():
    """delta reaches the interface where that has it, and its source says so there alone."""
    face = sf.interface("Co/Pt")
    known = "delta" in {field.name for field in dataclasses.fields(sf.Interface)}
    assert ("delta = 0.9 (+0.5 -0.2) at 4.2 K: arXiv:1310.4364" in face.source) == known
    assert getattr(face, "delta", 0.9) == 0.9


def test_interfaces_stand_in_a_stack_more_than_once():
    Co, CuGe = sf.material("Co"), sf.material("CuGe", sigma=1e7)
    stack = (
        sf.Lead(CuGe)
        | sf.interface("CoFe/Cu")
        | Co(5e-9, m=(0, 0, 1))
        | sf.interface("CoFe/Cu")
        | sf.Lead(CuGe)
    )
    assert [joint.gamma for joint in stack.joints] == [0.8, 0.8]


# --- wrong use --------------------------------------------------------------------------------

# fmt: off
ERRORS = [
    (lambda: sf.material("Co90Fe"), "name of the material must be one of Co, Py, ", "got 'Co90Fe'"),
    (lambda: sf.material("Cq"),
     "name of the material must be one of Co, Py, Fe, ", "got 'Cq'"),
    (lambda: sf.material("co90fe10"), "got 'co90fe10'; did you mean 'Co90Fe10'?"),
    (lambda: sf.material("Py", variant="4.2K"),
     "variant of 'Py' must be one of law, 4.2 K, 2020, 2008, got '4.2K'; did you mean '4.2 K'?"),
    (lambda: sf.material("Py", temperature=300),
     "temperature of 'Py' must be one that is stated (4.2 K in '4.2 K'), got 300"),
    (lambda: sf.material("Co", temperature=4.2),
     "temperature of 'Co' must be one that is stated (there is none), got 4.2"),
    (lambda: sf.material("Py", variant="law", temperature=4.2),
     "(4.2 K in '4.2 K'), got 4.2 for variant 'law'"),
    (lambda: sf.material("PdNi"),
     "sigma and p of 'PdNi' (2.8 nm) must be given, the library has none: "
     "material('PdNi', variant='2.8 nm', sigma=..., p=...)"),
    (lambda: sf.material("CoFe"), "sigma and p and l of 'CoFe' (2008) must be given, the"),
    (lambda: sf.material("Au"), "l of 'Au' (293 K) must be given, the library has none: "),
    (lambda: sf.material("IrMn"), "sigma of 'IrMn' (2010) must be given, the library has none: "),
    (lambda: sf.material("CuGe"),
     "sigma of 'CuGe' (2 % Ge) must be given, the library has none: "
     "material('CuGe', variant='2 % Ge', sigma=...)"),
    (lambda: sf.material("Co90Fe10", exchange=True),
     "lambda_J or lambda_phi of 'Co90Fe10' (Boris) must be given, the library has none"),
    (lambda: sf.material("Co", sigma=1e7, rho_star=1e-7),
     "one of sigma and rho_star of 'Co' must be given, got both"),
    (lambda: sf.material("Pt", p=0.1), "p of 'Pt' must be left out in a normal metal, got 0.1"),
    (lambda: sf.material("Pt", rho_star=1e-7), "rho_star of 'Pt' must be left out in a normal"),
    (lambda: sf.material("Pt", exchange=True),
     "exchange of 'Pt' must be left out in a normal metal, got True"),
    (lambda: sf.material("Co", l=-1e-9),
     "l (spin diffusion length) must be positive (inf is allowed), got -1e-09"),
    (lambda: sf.interface("Co/Cu"),
     "name of the interface must be one of CoFe/Cu, Ni/Ru, Py/Cu, Co/Pt, ", "got 'Co/Cu'"),
    (lambda: sf.interface("Py/Cu"),
     "resistance of 'Py/Cu' (4.2 K) must be given, the library has none: "
     "interface('Py/Cu', variant='4.2 K', resistance=...)"),
]
# fmt: on


@pytest.mark.parametrize(
    ("do", "parts"), [pytest.param(do, parts, id=parts[0]) for do, *parts in ERRORS]
)
def test_errors(do, parts):
    with pytest.raises(ValueError, match=re.escape(parts[0])) as caught:
        do()
    for part in parts[1:]:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_is_a_string():
    with pytest.raises(TypeError, match=r"name of the material must be a string, got \['Co'\]"):
        sf.material(["Co"])
    with pytest.raises(TypeError, match="name of the interface must be a string, got 3"):
        sf.interface(3)


# --- files of the user ------------------------------------------------------------------------

OWN = """
title = "Our sputtered films"
[materials.Co.ours]
kind = "ferromagnet"
rho_star_ohm_m = { value = 75e-9, uncertainty = 5e-9, source = "our lab, 2024" }
beta = { value = 0.46, source = "our lab, 2024" }
l_nm = { value = 60, temperature_K = 77, method = "CPP", source = "our lab, 2024" }
lambda_J_nm = { value = 1, source = "our lab, 2024" }
lambda_phi_nm = { value = 2, source = "our lab, 2024" }
tau_ps = { value = 0.9, source = "our lab, 2024" }
[materials.Cu.thin]
kind = "normal"
default = true
resistivity_ohm_m = { value = 6e-9, source = "our lab, 2024" }
l_nm = { value = 450, source = "our lab, 2024" }
[materials.Cu.thick]
kind = "normal"
l_nm = { value = inf, source = "our lab, 2024" }
[interfaces."Co/Cu".ours]
AR_fOhm_m2 = { value = 0.5, source = "our lab, 2024" }
mixing_S_m2 = { value = [5e14, 1e13], source = "our lab, 2024" }
"""


@pytest.fixture
def own(tmp_path):
    def own(text=OWN):
        path = tmp_path / "own.toml"
        path.write_text(text, encoding="utf-8")
        return sf.load_materials(path)

    return own


def test_a_library_of_the_user(own):
    library = own()
    Co = library.material("Co")
    assert (Co.D, Co.p, Co.l) == (1 / 75e-9, 0.46, 60e-9)
    assert Co.is_strong
    assert Co.tau == 0.9e-12
    assert "tau = 0.9 ps: our lab, 2024" in Co.source
    assert library.material("Co", tau=2e-12).tau == 2e-12
    soft = library.material("Co", exchange=True)
    assert (soft.lambda_J, soft.lambda_phi) == (1e-9, 2e-9)
    assert Co.source.startswith("rho* = 7.5e-08 +- 5e-09 Ohm m: our lab, 2024; beta = 0.46: ")
    assert library.material("Co", temperature=77).D == Co.D
    # a conductivity takes the place of a resistivity
    assert library.material("Co", sigma=1e7).total_conductivity == pytest.approx(1e7, rel=LAST_BIT)
    assert library.material("Cu").D == 1 / 6e-9
    assert library.material("Cu", variant="thick", sigma=1e8).l == np.inf
    face = library.interface("Co/Cu")
    assert face.resistance == pytest.approx(0.5e-15, rel=LAST_BIT)
    assert (face.gamma, face.mixing) == (0.0, 5e14 + 1e13j)
    assert "(G_r, G_i) = (5e+14, 1e+13) S/m2: our lab, 2024" in face.source
    number = library.materials["Co"]["ours"].rho_star_ohm_m
    assert (number.value, number.uncertainty) == (75e-9, (5e-9, 5e-9))


def test_the_temperature_of_several_variants_is_not_enough(own):
    cold = OWN.replace("value = 450,", "value = 450, temperature_K = 4.2,")
    library = own(cold.replace("value = inf,", "value = inf, temperature_K = 4.2,"))
    with pytest.raises(ValueError, match=r"variant of 'Cu' must be given, .* 4.2 K: thin, thick"):
        library.material("Cu", temperature=4.2)
    assert library.material("Cu", temperature=4.2, variant="thin").l == 450e-9


# what is replaced in OWN, by what, and the message behind the name of the file
# fmt: off
EDITS = [
    ('value = 0.46, source = "our lab, 2024"', "value = 0.46",
     "materials.Co.ours.beta.source: required key is missing"),
    ('value = 0.46, source = "our lab, 2024"', 'value = 0.46, source = " "',
     "materials.Co.ours.beta.source: must be a nonempty string, got ' '"),
    ('{ value = 0.46, source = "our lab, 2024" }', "0.46",
     "materials.Co.ours.beta: must be a table, got 0.46"),
    ("value = 0.46", "value = 1.46",
     "materials.Co.ours.beta.value: must be between -1 and 1, both excluded, got 1.46"),
    ("value = 0.46", "vlaue = 0.46",
     "materials.Co.ours.beta.vlaue: unknown key; did you mean 'value'?"),
    ("value = 60", "value = -60",
     "materials.Co.ours.l_nm.value: must be positive (inf is allowed), got -60"),
    ("uncertainty = 5e-9", "uncertainty = 0",
     "materials.Co.ours.rho_star_ohm_m.uncertainty: must be a positive number, or two [down, up], "
     "got 0"),
    ("uncertainty = 5e-9", "uncertainty = [1, 2, 3]",
     "materials.Co.ours.rho_star_ohm_m.uncertainty: must be a positive number, or two [down, up], "
     "got [1, 2, 3]"),
    ("temperature_K = 77", 'temperature_K = "room"',
     "materials.Co.ours.l_nm.temperature_K: must be a number, got 'room'"),
    ("value = 1,", "value = 1, temperature_K = 4,",
     "materials.Co.ours.lambda_J_nm.temperature_K: must be that of the variant's other numbers, "
     "77, got 4"),
    ("rho_star_ohm_m", "rho_ohm_m",
     "materials.Co.ours.rho_ohm_m: unknown key; rho_star_ohm_m is rho/(1 - beta^2) of the "
     "measured rho, in Ohm m"),
    ("beta =", 'sigma_S_m = { value = 1, source = "x" }\nbeta =',
     "materials.Co.ours: one of sigma_S_m and rho_star_ohm_m must be given, got both"),
    ("beta =", 'l_rho_fOhm_m2 = { value = 1, source = "x" }\nbeta =',
     "materials.Co.ours: one of l_nm and l_rho_fOhm_m2 must be given, got both"),
    ("value = 60,", 'value = 60, bound = "most",',
     "materials.Co.ours.l_nm.bound: must be 'lower' or 'upper', got 'most'"),
    ("mixing_S_m2", 'delta = { value = -0.1, source = "x" }\nmixing_S_m2',
     "interfaces.'Co/Cu'.ours.delta.value: must be zero or positive, and finite, got -0.1"),
    ('"ferromagnet"', '"feromagnet"',
     "materials.Co.ours.kind: must be 'normal' or 'ferromagnet', got 'feromagnet'; did you mean "
     "'ferromagnet'?"),
    ("[materials.Co.ours]", "[materials.Co]",
     "materials.Co: must be a table of variants, each with its own keys: [materials.NAME.VARIANT], "
     "got a table"),
    ("default = true", "default = 1", "materials.Cu.thin.default: must be true or false, got 1"),
    ("default = true", "", "materials.Cu: one variant must have default = true, got 0 of 2"),
    ('l_nm = { value = inf, source = "our lab, 2024" }', "",
     "materials.Cu.thick: at least one number must be given (sigma_S_m, resistivity_ohm_m, l_nm, "
     "l_rho_fOhm_m2, tau_ps), got none"),
    ("AR_fOhm_m2 = { value = 0.5", "AR_fOhm_m2 = { value = -0.5",
     "interfaces.'Co/Cu'.ours.AR_fOhm_m2.value: must be zero or positive, and finite, got -0.5"),
    ("[5e14, 1e13]", "[-5e14, 1e13]",
     "interfaces.'Co/Cu'.ours.mixing_S_m2.value: must be two finite numbers [G_r, G_i] with G_r "
     "positive, got [-500000000000000.0, 10000000000000.0]"),
    ("[interfaces", "[interface", "interface: unknown key; did you mean 'interfaces'?"),
    ("[materials.Cu.thin]", "[materials.Cu.thin",
     "must be valid TOML: Expected ']' at the end of a table declaration (at line 11, column 19)"),
]
# fmt: on


@pytest.mark.parametrize(
    ("old", "new", "expected"), [pytest.param(*case, id=case[2]) for case in EDITS]
)
def test_errors_in_a_file(own, tmp_path, old, new, expected):
    assert old in OWN
    with pytest.raises(ValueError, match=re.escape(expected)) as caught:
        own(OWN.replace(old, new, 1))
    assert str(caught.value) == f"{tmp_path / 'own.toml'}: {expected}"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.toml: cannot be read: No such file"):
        sf.load_materials(tmp_path / "none.toml")


# --- the command ------------------------------------------------------------------------------


@pytest.fixture
def run(capfd):
    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            cli.main(["materials", *arguments])
        return stop.value.code, *capfd.readouterr()

    return run


def test_command_lists_every_entry(run):
    status, out, err = run()
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in out
    for _, name, variant, entry in ALL:
        (line,) = (s for s in lines if re.match(rf"{name} +{re.escape(variant)}(  |$| \*)", s))
        for key, number in entry.quantities.items():
            half = key == "two_AR_fOhm_m2"
            assert f" {number.value / 2:g} " in line if half else f" {number.shown()}" in line
        several = len({**SHIPPED.materials, **SHIPPED.interfaces}[name]) > 1
        assert (f" {variant} *" in line) == (entry.default and several)
    assert "* what is taken of several variants unless one is asked for" in lines


@pytest.mark.parametrize("name", [*SHIPPED.materials, *SHIPPED.interfaces])
def test_command_shows_every_source(run, name):
    status, out, err = run(name)
    assert (status, err) == (0, "")
    for _, other, variant, entry in ALL:
        if other != name:
            continue
        assert f"{name}, {variant} (" in out
        for key, number in entry.quantities.items():
            symbol, unit = SYMBOLS[key]
            (line,) = (
                s
                for s in out.splitlines()
                if s.startswith(symbol) and number.source in s and f" {number.shown()} " in s
            )
            assert unit in line
            T = number.temperature_K
            assert T is None or f" {T:g} K " in line
            assert (number.method or "") in line
            assert (number.note or "") in line


def test_command_does_not_know_a_name(run):
    status, out, err = run("co90fe10")
    assert (status, out) == (2, "")
    assert err.startswith(
        "error: name must be that of a metal or interface in the library (Co, Py,"
    )
    assert err.endswith(", got 'co90fe10'; did you mean 'Co90Fe10'?\n")


def test_data_are_in_the_package():
    """Beside the modules, where the wheel takes them from."""
    assert SHIPPED.path == Path(sf.__file__).parent / "sample" / "data" / "materials.toml"
    assert all(isinstance(entry, Entry) for *_, entry in ALL)
