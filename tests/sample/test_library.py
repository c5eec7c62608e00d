"""Sourced materials: every number has a source, and arrives in the metal as it should."""

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
    source = re.compile(
        r"doi:10\.\d{4,}/\S+|arXiv:\d{4}\.\d{4}"
        r"|GMR of copper/permalloy multilayers, 1998"
        r"|Perpendicular-current transport in exchange-biased spin-valves, 1997"
        r"|Appl\. Phys\. Lett\. 90, 012101|IEEE Trans\. Magn\. 2010, p\. 1374"
    )
    for *_, entry in ALL:
        assert entry.quantities
        for number in entry.quantities.values():
            assert source.fullmatch(number.source), number.source
        fields = [getattr(entry, key) for key in type(entry).model_fields]
        assert not any(type(field) in (float, int) for field in fields)  # no number without a table


def test_the_library_holds_these_numbers():
    """The table that the library was made from, number by number."""
    found = {
        (name, variant, key): (number.value, number.uncertainty, number.temperature_K)
        for _, name, variant, entry in ALL
        for key, number in entry.quantities.items()
    }
    columns = ("sigma_S_m", "beta", "l_nm", "lambda_phi_nm")
    rows = {
        "Co": (1.7e7, 0.42, 42, 4.2),
        "Py": (6.7e6, 0.40, 6.5, 1.9),
        "Fe": (1.0e7, 0.45, 9.5, 4.4),
        "Ni": (1.4e7, 0.44, 23, 5.7),
        "Co90Fe10": (4.0e6, 0.34, 13, None),
        "Pt": (7.0e6, None, 1.4, None),
        "Ru": (1.5e6, None, 4.0, None),
        "Ta": (5.0e5, None, 1.9, None),
    }
    expected = {
        (name, "Boris", key): (value, None, None)
        for name, row in rows.items()
        for key, value in zip(columns, row)
        if value is not None
    }
    expected |= {
        ("Py", "4.2 K", "l_nm"): (5.5, (1, 1), 4.2),
        ("Py", "4.2 K", "beta"): (0.65, (0.1, 0.1), 4.2),
        ("Py/Cu", "4.2 K", "gamma"): (0.76, (0.1, 0.1), 4.2),
        ("Ni", "4.2 K", "l_nm"): (21, (2, 2), 4.2),
        ("CuGe", "2 % Ge", "l_nm"): (117, (6, 10), None),
        ("AgSn", "4 % Sn", "l_nm"): (39, (3, 3), None),
        ("CoFe/Cu", "2010", "two_AR_fOhm_m2"): (1.1, (0.2, 0.2), None),
        ("CoFe/Cu", "2010", "gamma"): (0.8, (0.1, 0.1), None),
        ("Ni/Ru", "2010", "two_AR_fOhm_m2"): (1.7, (0.3, 0.4), None),
        ("Ni/Ru", "2010", "gamma"): (0.15, (0.03, 0.03), None),
    }
    assert found == expected


def test_defaults_are_explicit():
    for entries in (SHIPPED.materials, SHIPPED.interfaces):
        for variants in entries.values():
            assert sum(entry.default for entry in variants.values()) == 1


# --- metals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n, v in SHIPPED.materials.items() if "Boris" in v])
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
    Co = sf.material("Co")
    assert Co.source == (
        "sigma = 1.7e+07 S/m: doi:10.1017/CBO9780511845000; "
        "beta = 0.42: doi:10.1126/science.282.5386.85; "
        "l = 42 nm: doi:10.1007/s100510050398; "
        "these as listed in the materials database of Boris micromagnetics"
    )
    assert "lambda_phi" not in Co.source
    phi = sf.material("Co", exchange=True).source
    assert "lambda_phi = 4.2 nm: doi:10.1103/PhysRevLett.109.117204" in phi
    given = sf.material("Co", l=60e-9).source
    assert "l = 42" not in given
    assert given.endswith("; l: given by the user")
    assert sf.material("Py", variant="4.2 K", sigma=1e7).source == (
        "beta = 0.65 +- 0.1 at 4.2 K: GMR of copper/permalloy multilayers, 1998; l = 5.5 +- 1 nm "
        "at 4.2 K: Perpendicular-current transport in exchange-biased spin-valves, 1997; "
        "sigma: given by the user"
    )


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
    assert sf.material("Py").l == 6.5e-9
    cold = sf.material("Py", temperature=4.2, sigma=1e7)
    assert (cold.l, cold.p) == (5.5e-9, 0.65)
    assert cold.total_conductivity == pytest.approx(1e7, rel=LAST_BIT)
    same = sf.material("Py", variant="4.2 K", temperature=4.2, sigma=1e7)
    assert (same.D, same.l, same.p) == (cold.D, cold.l, cold.p)
    assert sf.material("Ni").l == 23e-9
    assert sf.material("Ni", variant="4.2 K", sigma=1e7, p=0.1).l == 21e-9


def test_numbers_of_the_user_take_the_place_of_the_librarys():
    rho = sf.material("Py", rho_star=291e-9, p=0.76)
    assert rho.D == 1 / 291e-9
    assert (rho.p, rho.l) == (0.76, 6.5e-9)
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
    assert CoFe.source.startswith("2AR* = 1.1 +- 0.2 fOhm m2: IEEE Trans. Magn. 2010, p. 1374; ")
    Ni = sf.interface("Ru/Ni", mixing=5e14 + 1e13j, name="face")  # in any order
    assert Ni.resistance == pytest.approx(0.85e-15, rel=LAST_BIT)
    assert (Ni.gamma, Ni.mixing, Ni.name) == (0.15, 5e14 + 1e13j, "face")
    assert "mixing: given by the user" in Ni.source
    Py = sf.interface("Py/Cu", resistance=0.5e-15)
    assert (Py.resistance, Py.gamma) == (0.5e-15, 0.76)
    assert "gamma = 0.76 +- 0.1 at 4.2 K" in Py.source


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
     "variant of 'Py' must be one of Boris, 4.2 K, got '4.2K'; did you mean '4.2 K'?"),
    (lambda: sf.material("Py", temperature=300),
     "temperature of 'Py' must be one that is stated (4.2 K in '4.2 K'), got 300"),
    (lambda: sf.material("Co", temperature=4.2),
     "temperature of 'Co' must be one that is stated (there is none), got 4.2"),
    (lambda: sf.material("Py", variant="Boris", temperature=4.2),
     "(4.2 K in '4.2 K'), got 4.2 for variant 'Boris'"),
    (lambda: sf.material("Ni", temperature=4.2),
     "sigma and p of 'Ni' (4.2 K) must be given, the library has none: "
     "material('Ni', variant='4.2 K', sigma=..., p=...)"),
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
     "name of the interface must be one of CoFe/Cu, Ni/Ru, Py/Cu, got 'Co/Cu'"),
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
    ('"ferromagnet"', '"feromagnet"',
     "materials.Co.ours.kind: must be 'normal' or 'ferromagnet', got 'feromagnet'; did you mean "
     "'ferromagnet'?"),
    ("[materials.Co.ours]", "[materials.Co]",
     "materials.Co: must be a table of variants, each with its own keys: [materials.NAME.VARIANT], "
     "got a table"),
    ("default = true", "default = 1", "materials.Cu.thin.default: must be true or false, got 1"),
    ("default = true", "", "materials.Cu: one variant must have default = true, got 0 of 2"),
    ('l_nm = { value = inf, source = "our lab, 2024" }', "",
     "materials.Cu.thick: at least one number must be given (sigma_S_m, resistivity_ohm_m, l_nm), "
     "got none"),
    ("AR_fOhm_m2 = { value = 0.5", "AR_fOhm_m2 = { value = -0.5",
     "interfaces.'Co/Cu'.ours.AR_fOhm_m2.value: must be zero or positive, and finite, got -0.5"),
    ("[5e14, 1e13]", "[-5e14, 1e13]",
     "interfaces.'Co/Cu'.ours.mixing_S_m2.value: must be two finite numbers [G_r, G_i] with G_r "
     "positive, got [-500000000000000.0, 10000000000000.0]"),
    ("[interfaces", "[interface", "interface: unknown key; did you mean 'interfaces'?"),
    ("[materials.Cu.thin]", "[materials.Cu.thin",
     "must be valid TOML: Expected ']' at the end of a table declaration (at line 10, column 19)"),
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
        (line,) = (s for s in lines if re.match(rf"{name} +{re.escape(variant)}( |$)", s))
        for number in entry.quantities.values():
            assert f" {number.shown()}" in line
    assert "Default where there are several variants: Py: Boris, Ni: Boris" in lines


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
            assert (f" {number.temperature_K} K " in line) == (number.temperature_K is not None)
            assert (number.method or "") in line


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
