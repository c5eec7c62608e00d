"""Slips of units: what is warned of and with which words, how often, and what never is."""

import pickle
import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import spinfem as sf
from spinfem.io.stackfile import read
from spinfem.io.vary import parse
from spinfem.sample.units import (
    CONDUCTIVITY,
    INTERFACE_RESISTANCE,
    LENGTH,
    MIXING,
    RESISTIVITY,
    THICKNESS,
)

EXAMPLES = Path(__file__).parents[2] / "examples"
MESHES = Path(__file__).parents[2] / "meshes"
Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
UP, ACROSS = sf.direction(0), sf.direction(90)


def valve(d=1e-9, AR=0.5e-15, mixing=None, N=Cu):
    side = sf.Interface(AR, gamma=0.7, mixing=mixing, name="left"), sf.Interface(AR, gamma=0.7)
    fixed, free = Co(8 * d, m=UP, name="fixed"), Co(4 * d, m=ACROSS, name="free")
    return sf.Lead(Cu) | fixed | side[0] | N(10 * d) | side[1] | free | sf.Lead(Cu)


def sigma(xi):
    return 0.2 + 0.3 * xi


SLIPS = [
    (lambda: Co(8, m=UP), "thickness of a layer", "8 m", "8e-9 m (8 nm)"),
    (lambda: Cu(8.0, name="free"), "thickness of layer 'free'", "8 m", "8e-9 m (8 nm)"),
    (lambda: sf.Layer(Cu, 450), "thickness of a layer", "450 m", "4.5e-7 m (450 nm)"),
    (lambda: Cu(0.05), "thickness of a layer", "0.05 m", "5e-8 m (0.05 um)"),
    (
        lambda: Cu(0.5),
        "thickness of a layer",
        "0.5 m",
        "5e-10 m (0.5 nm) or 5e-7 m (0.5 um)",
    ),
    (lambda: Cu(8e-18), "thickness of a layer", "8e-18 m", None),
    (lambda: Cu([4e-9, 8, 9]), "thickness of a layer", "8 m", "8e-9 m (8 nm)"),
    (
        lambda: sf.NormalMetal.from_resistivity(0.6, l=450e-9, name="Cu"),
        "rho (resistivity) of 'Cu'",
        "0.6 Ohm m",
        "6e-9 Ohm m (0.6 uOhm cm)",
    ),
    (
        lambda: sf.NormalMetal.from_resistivity(60, l=450e-9),
        "rho (resistivity)",
        "60 Ohm m",
        "6e-7 Ohm m (60 uOhm cm) or 6e-8 Ohm m (60 nOhm m)",
    ),
    (
        lambda: sf.NormalMetal.from_resistivity(1.6e8, l=450e-9),
        "rho (resistivity)",
        "1.6e8 Ohm m",
        "6.25e-9 Ohm m (1.6e8 S/m)",
    ),
    (
        lambda: sf.NormalMetal.from_conductivity(6.25e-9, l=450e-9),
        "conductivity",
        "6.25e-9 S/m",
        "1.6e8 S/m (6.25e-9 Ohm m)",
    ),
    (
        lambda: sf.NormalMetal.from_conductivity(sigma, l=450e-9),
        "conductivity",
        "0.2 S/m",
        "2e7 S/m (0.2 1/(uOhm cm))",
    ),
    (
        lambda: sf.NormalMetal(D=58.0, l=450e-9, units="SI"),
        "conductivity",
        "58 S/m",
        "5.8e7 S/m (58 MS/m)",
    ),
    (
        lambda: sf.NormalMetal.from_resistivity(6e-9, l=450, name="Cu"),
        "l (spin diffusion length) of 'Cu'",
        "450 m",
        "4.5e-7 m (450 nm)",
    ),
    (
        lambda: sf.Ferromagnet.from_valet_fert(29.1, beta=0.76, l=5.5e-9),
        "rho_star (resistivity rho*)",
        "29.1 Ohm m",
        "2.91e-7 Ohm m (29.1 uOhm cm) or 2.91e-8 Ohm m (29.1 nOhm m)",
    ),
    (
        lambda: sf.Ferromagnet.from_conductivity(17.0, p=0.4, l=38e-9),
        "conductivity",
        "17 S/m",
        "1.7e7 S/m (17 MS/m)",
    ),
    (
        lambda: sf.Ferromagnet.from_valet_fert(3e-7, beta=0.76, l=5.5e-9, lambda_phi=2.0),
        "lambda_phi (length of dephasing)",
        "2 m",
        "2e-9 m (2 nm)",
    ),
    (
        lambda: sf.NormalMetal.from_resistivity(6e-9, l=450e-9, tau=22.0, name="Cu"),
        "tau (spin relaxation time) of 'Cu'",
        "22 s",
        "2.2e-11 s (22 ps) or 2.2e-14 s (22 fs)",
    ),
    (
        lambda: sf.material("Cu", tau=1e-5),
        "tau (spin relaxation time) of 'Cu'",
        "1e-5 s",
        None,
    ),
    (
        lambda: sf.material("Ni", temperature=4.2, sigma=1.4e7, p=0.44, l=21),
        "l (spin diffusion length) of 'Ni'",
        "21 m",
        "2.1e-8 m (21 nm)",
    ),
    (
        lambda: sf.Reservoir() | Co(1e-9, m=UP) | sf.Interface(0.5),
        "resistance (AR*) of an interface",
        "0.5 Ohm m2",
        "5e-16 Ohm m2 (0.5 fOhm m2)",
    ),
    (
        lambda: sf.Interface(0.5e-3, name="i") | Co(1e-9, m=UP),
        "resistance (AR*) of interface 'i'",
        "0.0005 Ohm m2",
        "5e-16 Ohm m2 (0.0005 Ohm um2)",
    ),
    (
        lambda: sf.Stack([sf.Lead(Cu), sf.Interface(0.5), Co(1e-9, m=UP)]),
        "resistance (AR*) of an interface",
        "0.5 Ohm m2",
        "5e-16 Ohm m2 (0.5 fOhm m2)",
    ),
    (
        lambda: sf.Lead(Cu) | (sf.Interface(0.5) | sf.NormalMetal(D=1e8, l=1e-7)(1e-9)),
        "resistance (AR*) of an interface",
        "0.5 Ohm m2",
        "5e-16 Ohm m2 (0.5 fOhm m2)",
    ),
    (
        lambda: valve(mixing=[0.5 + 0.1j, 1e15]),
        "mixing (conductance) of interface 'left'",
        "0.5 S/m2",
        "5e14 S/m2 (0.5 1/(fOhm m2)) or 1.93702e13 S/m2 (0.5 1/nm2)",
    ),
    (
        lambda: valve(mixing=39),  # Cu on Co, 39 of e^2/h per nm2
        "mixing (conductance) of interface 'left'",
        "39 S/m2",
        "1.51088e15 S/m2 (39 1/nm2) or 3.9e13 S/m2 (39 S/um2)",
    ),
    (
        lambda: valve(mixing=3.9e19),
        "mixing (conductance) of interface 'left'",
        "3.9e19 S/m2",
        "1.51088e15 S/m2 (3.9e19 1/m2)",
    ),
    (
        lambda: valve(mixing=3.9e15 + 1e14j).replace("left", mixing=1e40),
        "mixing (conductance) of interface 'left'",
        "1e40 S/m2",
        None,
    ),
    (lambda: valve().replace("free", thickness=4), "thickness of layer 'free'", "4 m", None),
    (
        lambda: valve().replace("left", resistance=0.5),
        "resistance (AR*) of interface 'left'",
        "0.5 Ohm m2",
        None,
    ),
    (
        lambda: (
            sf.NormalMetal(D=1.0, l=1.0)(3.0, name="a")
            .__or__(sf.Reservoir())
            .replace("a", material=Cu)
        ),
        "thickness of layer 'a'",
        "3 m",
        None,
    ),
    (
        lambda: sf.Stack.from_mesh(
            MESHES / "valve.msh", {"fixed": (Co, UP), "spacer": Cu, "free": (Co, ACROSS)}
        ),
        "thickness of layer 'fixed'",
        "8 m",
        "8e-9 m (8 nm)",
    ),
    (
        lambda: sf.interdiffused(Co, Co, width=0.2)(8, m=UP),
        "thickness of a layer",
        "8 m",
        "8e-9 m (8 nm)",
    ),
]


@pytest.mark.parametrize(("make", "what", "given", "meant"), SLIPS, ids=lambda x: None)
def test_slips_are_named_once_with_what_is_meant(make, what, given, meant):
    with pytest.warns(sf.UnitWarning) as found:
        make()
    (warning,) = found
    text = str(warning.message)
    assert text.startswith(f"{what} should be from ")
    assert f", got {given}" in text
    if meant:
        assert text.endswith(f", got {given}: {meant} is meant?")
    assert warning.filename == __file__  # where the user wrote it


def dimensionless():
    N, F = sf.NormalMetal(D=1.0, l=1.0), sf.Ferromagnet(D=0.6, l=0.5, p=0.9, lambda_J=0.1)
    strong = sf.Ferromagnet.from_channels(1.0, 0.5, 2.0, 1.0)
    stack = sf.Lead(N) | strong(8.0, m=UP) | sf.Interface(0.5, gamma=0.7, mixing=3.0) | N(450.0)
    return stack | F(1e-15, m=UP) | sf.Lead(N)


def limits():
    metal = sf.NormalMetal.from_resistivity(6e-9, l=np.inf)
    F = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, lambda_J=np.inf)
    sf.NormalMetal.from_resistivity(6e-9, l=1e9)
    valve(AR=1e-32, mixing=[1e18, 1e15])
    return sf.Lead(Cu) | metal(1e-9) | sf.Interface(0.0) | F(1e-9, m=UP) | sf.Interface([0.0, 0.0])


@pytest.mark.parametrize(
    "make",
    [
        dimensionless,
        limits,
        valve,
        lambda: valve(d=1e-12),
        lambda: sf.load(EXAMPLES / "paper_valve.toml"),
        lambda: sf.material("Co", exchange=True)(4e-9, m=UP),
        lambda: sf.NormalMetal(D=1.7e8, l=450e-9)(8.0),  # of no stated unit
    ],
)
def test_what_samples_and_the_papers_units_have_is_never_warned_of(make):
    make()  # warnings are errors


def test_a_number_is_named_once_whatever_is_done_with_it():
    def slipped():
        side = sf.Interface(0.5, gamma=0.7, name="side")
        free = side | Co(4, m=ACROSS, name="free")
        batch = Cu(10.0 * np.array([1, 2]), name="spacer")
        return sf.Lead(Cu) | Co(8, m=UP, name="fixed") | batch | free | sf.Lead(Cu)

    with pytest.warns(sf.UnitWarning) as found:
        stack = slipped()
    assert [str(w.message).partition(" should")[0] for w in found] == [
        "thickness of layer 'free'",
        "resistance (AR*) of interface 'side'",
        "thickness of layer 'spacer'",
        "thickness of layer 'fixed'",
    ]
    # warnings are errors from here on
    stack = pickle.loads(pickle.dumps(stack))
    solution = sf.solve(stack, j0=1e11)
    solution[0].torque("free")
    solution.gradient("torque", "free")
    stack.replace("free", m=UP).replace("fixed", name="first").replace("side", gamma=0.1)
    sf.magnetoresistance(stack, {"free": UP})
    sf.solve(stack[0], certify=True, degree=2, elements=2)
    with pytest.raises(ValueError, match="a study needs fewer or thinner layers"):
        sf.converge(stack[1], refinements=2, grading=False)
    sf.slonczewski(solution[0], "fixed", "free")


def build(d):
    return sf.Lead(Cu) | Co(4e-9, m=UP) | Cu(d, name="spacer") | Co(4e-9, m=ACROSS)


@pytest.mark.parametrize("pointwise", [False, True])
def test_a_sweep_warns_once(pointwise):
    with ThreadPoolExecutor(2) as executor, pytest.warns(sf.UnitWarning) as found:
        sf.sweep(build, {"d": np.linspace(2, 20, 10)}, pointwise=pointwise, executor=executor)
    (warning,) = found
    assert "'spacer' should" in str(warning.message)


@pytest.mark.long
def test_a_stored_sweep_warns_once(tmp_path):
    for _ in range(2):
        with pytest.warns(sf.UnitWarning) as found:
            sf.sweep(build, {"d": np.linspace(2, 20, 10)}, store=tmp_path / "store")
        assert len(found) == 1


def test_a_fit_warns_once():
    d = np.linspace(2, 20, 10)
    with pytest.warns(sf.UnitWarning):
        RA = sf.solve(build(d)).resistance
    with pytest.warns(sf.UnitWarning) as found:
        sf.fit(lambda factor, d: build(factor * d), RA, {"factor": 1.1}, coordinates={"d": d})
    assert [str(one.message).split()[0] for one in found] == ["thickness", "data"]


FERROMAGNET = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)


def series(l, d):
    F = replace(FERROMAGNET, l=l)
    return F(8e-9, m=UP) | Cu(10e-9) | F(d, m=sf.direction(180))


@pytest.mark.parametrize(
    ("data", "uncertainty", "message"),
    [
        (1.0, None, r"data should be .* Ohm m2: 7\S+e-16 Ohm m2 \(\S+ fOhm m2\)"),
        (1e-15, 0.03, "uncertainty of the data should be .* got 0.03 Ohm m2: 3e-17 Ohm m2"),
        ("RA", None, "data: column 'RA' should be from 0 to 1e-9 Ohm m2"),
        ("RA_fOhm_m2", "error", "data: column 'error' should be from 0 to 1e-9 Ohm m2, got 0.03"),
    ],
)
def test_a_fit_of_resistances_without_their_unit(data, uncertainty, message):
    """The same numbers in fOhm m2, as a column says, or in SI are nothing to warn of."""
    pytest.importorskip("lmfit")
    d = np.array([2.0, 4.0, 8.0, 16.0, 32.0])
    RA = sf.solve(series(60e-9, d * 1e-9)).resistance
    begin = {"l": (50e-9, 1e-9, 1e-6)}
    given = {"coordinates": {"d": d * 1e-9}, "uncertainty": uncertainty}
    if isinstance(data, str):
        given["column"] = data
        data = {data: RA * 1e15, "error": [0.03] * 5}
    else:
        data = RA * 1e15 * data
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")  # and what such data lead to is said as well
        sf.fit(series, data, begin, **given)
    (text,) = (str(one.message) for one in found if one.category is sf.UnitWarning)
    assert re.match(message, text)
    table = {"RA_fOhm_m2": RA * 1e15, "error_fOhm_m2": [0.03] * 5}
    sf.fit(
        series, table, begin, **{**given, "column": "RA_fOhm_m2", "uncertainty": "error_fOhm_m2"}
    )


@pytest.mark.parametrize("angle", [np.pi / 2, 3.1416, -6.28319, np.linspace(0, np.pi, 5)])
@pytest.mark.parametrize("name", ["polar", "azimuth"])
def test_radians(name, angle):
    with pytest.warns(sf.UnitWarning, match=rf"{name} .* degrees: \d+ degrees \(.* rad\) is meant"):
        sf.direction(**{"polar": 10.0, name: angle})


@pytest.mark.parametrize("angle", [0.0, 1.57, 3.14, 3.0, 90.0, 180.0, np.linspace(0, 180, 181)])
def test_degrees(angle):
    sf.direction(angle, angle)


def test_units_of_a_metal_stay_with_it():
    assert Cu.units == Co.units == sf.material("Co").units == "SI"
    assert replace(Cu, l=1e-7).units == sf.interdiffused(Co, Cu, width=1.0).units == "SI"
    plain = sf.NormalMetal(D=1.0, l=1.0)
    assert plain.units is sf.interdiffused(Co, plain, width=1.0).units is None
    batch = sf.Lead(Cu) | sf.NormalMetal.from_resistivity([6e-9, 7e-9], l=1e-7)(1e-9)
    assert batch[1].layers[0].material.units == "SI"
    with pytest.raises(ValueError, match="units of a material must be 'SI' or None, got 'nm'"):
        sf.NormalMetal(D=1.0, l=1.0, units="nm")


def test_warnings_can_be_errors_and_be_left_out():
    with pytest.raises(sf.UnitWarning):
        Co(8, m=UP)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sf.UnitWarning)
        assert Co(8, m=UP).thickness == 8.0
    assert issubclass(sf.UnitWarning, UserWarning)


@pytest.mark.parametrize(
    "quantity", [THICKNESS, LENGTH, RESISTIVITY, CONDUCTIVITY, INTERFACE_RESISTANCE, MIXING]
)
def test_what_is_usual_is_within_what_is_possible(quantity):
    low, high = quantity.usual
    assert quantity.lowest < low < high < quantity.highest
    assert quantity.odd(quantity.lowest) is quantity.odd(quantity.highest) is None
    assert quantity.odd(quantity.lowest * 0.99)
    assert quantity.odd(np.array([quantity.highest * 1.01]))


# --- stack files ------------------------------------------------------------------------------

FILE = """\
[left]
lead = "Cu"
[materials.Cu]
kind = "normal"
resistivity_ohm_m = 6e-9
l_nm = 450
tau_ps = 22
[materials.Co]
kind = "ferromagnet"
rho_star_ohm_m = 75e-9
beta = 0.46
l_nm = 60
lambda_phi_nm = 2
[[layers]]
material = "Co"
name = "fixed"
thickness_nm = 8
polar_deg = 0
[[layers]]
interface = true
AR_fOhm_m2 = 0.5
[[layers]]
material = "Cu"
thickness_nm = 10
[[layers]]
interface = true
mixing_S_m2 = [5e14, 1e13]
[[layers]]
material = "Fe"
thickness_nm = 4
polar_deg = 90
[materials.Fe]
kind = "ferromagnet"
sigma_S_m = 1e7
beta = 0.4
l_nm = 9
"""


@pytest.mark.parametrize(
    ("old", "new", "where", "given", "meant"),
    [
        ("l_nm = 450", "l_nm = 450e-9", "materials.Cu.l_nm", "4.5e-7 nm", "450 nm (4.5e-7 m)"),
        ("= 8", "= 8e-9", "layers[0].thickness_nm (layer 'fixed')", "8e-9 nm", "8 nm (8e-9 m)"),
        ("= 22", "= 22e-12", "materials.Cu.tau_ps", "2.2e-11 ps", "22 ps (2.2e-11 s)"),
        ("= 10", "= 10000000", "layers[2].thickness_nm", "1e7 nm", None),
        ("= 2\n", "= 2e-9\n", "materials.Co.lambda_phi_nm", "2e-9 nm", "2 nm (2e-9 m)"),
        (
            "= 0.5",
            "= 0.5e-15",
            "layers[1].AR_fOhm_m2",
            "5e-16 fOhm m2",
            "0.5 fOhm m2 (5e-16 Ohm m2)",
        ),
        (
            "= 6e-9",
            "= 0.6",
            "materials.Cu.resistivity_ohm_m",
            "0.6 Ohm m",
            "6e-9 Ohm m (0.6 uOhm cm)",
        ),
        (
            "= 75e-9",
            "= 7.5",
            "materials.Co.rho_star_ohm_m",
            "7.5 Ohm m",
            "7.5e-8 Ohm m (7.5 uOhm cm) or 7.5e-9 Ohm m (7.5 nOhm m)",
        ),
        ("= 1e7", "= 10", "materials.Fe.sigma_S_m", "10 S/m", "1e7 S/m (10 MS/m)"),
        (
            "5e14, 1e13",
            "0.5, 1e-2",
            "layers[3].mixing_S_m2",
            "0.5 S/m2",
            "5e14 S/m2 (0.5 1/(fOhm m2)) or 1.93702e13 S/m2 (0.5 1/nm2)",
        ),
    ],
)
def test_slips_in_a_file_are_named_with_file_and_key(tmp_path, old, new, where, given, meant):
    path = tmp_path / "valve.toml"
    path.write_text(FILE)
    sf.load(path)  # warnings are errors
    path.write_text(FILE.replace(old, new))
    with pytest.warns(sf.UnitWarning) as found:
        sf.load(path)
    (warning,) = found
    text = str(warning.message)
    assert text.startswith(f"{path}: {where} should be from ")
    assert text.endswith(f", got {given}" + (f": {meant} is meant?" if meant else ""))
    assert warning.filename == __file__


@pytest.mark.parametrize("key", ["polar_deg", "azimuth_deg"])
def test_radians_in_a_file(tmp_path, key):
    path = tmp_path / "valve.toml"
    old = "polar_deg = 90"
    new = "polar_deg = 3.14159" if key == "polar_deg" else f"{old}\nazimuth_deg = 1.5708"
    path.write_text(FILE.replace(old, new))
    with pytest.warns(sf.UnitWarning, match=rf"layers\[4\].{key} should be in degrees") as found:
        sf.load(path)
    assert len(found) == 1


def test_a_file_warns_once_of_each_kind(tmp_path):
    path = tmp_path / "valve.toml"
    path.write_text(re.sub(r"(thickness_nm|l_nm) = (\d+)", r"\1 = \2e-9", FILE))
    with pytest.warns(sf.UnitWarning) as found:
        stack, _ = sf.load(path)
    assert [re.findall(r"\w+_nm", str(w.message)) for w in found] == [["l_nm"], ["thickness_nm"]]
    stack.replace("fixed", m=UP)
    with pytest.warns(sf.UnitWarning, match="thickness of layer 'fixed' .* 9 m"):
        stack.replace("fixed", thickness=9)


def test_values_to_vary_are_looked_at_too():
    file = read(EXAMPLES / "co_cu_py.toml")
    with pytest.warns(sf.UnitWarning, match=r"free'\) should be .* 2 nm \(2e-9 m\) is meant") as w:
        parse("free.thickness_nm=2e-9:20e-9:10", file)
    assert len(w) == 1


def test_a_mesh_of_another_unit(tmp_path):
    text = (MESHES / "valve.toml").read_text().replace("scale_nm = 1", "scale_nm = 1e-9")
    path = tmp_path / "valve.toml"
    path.write_text(text.replace('"valve.msh"', f"'{MESHES / 'valve.msh'}'"))
    with pytest.warns(sf.UnitWarning, match="by mesh.scale_nm .*: 8 nm .8e-9 m. is meant") as w:
        sf.load(path)
    assert len(w) == 1
