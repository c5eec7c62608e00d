"""Stack files say the same as Python, to the last bit."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spinfem as sf
from spinfem.io.stackfile import read
from spinfem.io.vary import FileBuilder, parse

EXAMPLES = Path(__file__).parents[2] / "examples"

SI = """
[materials.N]
kind = "normal"
resistivity_ohm_m = 6e-9
l_nm = 450
[materials.F]
kind = "ferromagnet"
rho_star_ohm_m = 75e-9
beta = 0.46
l_nm = 60
[[layers]]
material = "F"
thickness_nm = 8
m = [0, 0, 2]
[[layers]]
material = "N"
thickness_nm = 10
"""


@pytest.fixture
def written(tmp_path):
    """Write a stack file and return its path."""

    def write(text):
        path = tmp_path / "stack.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def valve():
    """The example of the package's documentation, in Python."""
    Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
    Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")
    return (
        sf.Lead(Cu)
        | Co(8e-9, m=sf.direction(0), name="fixed")
        | Cu(10e-9, name="spacer")
        | Py(4e-9, m=sf.direction(60), name="free")
        | sf.Lead(Cu)
    )


def assert_same(a, b):
    """Two stacks of the same pieces, numbers equal to the last bit."""
    assert len(a.elements) == len(b.elements)
    for one, other in zip(a.elements, b.elements, strict=True):
        assert type(one) is type(other)
        if isinstance(one, sf.Reservoir | sf.SpinBlocking):
            continue
        assert type(one.material) is type(other.material)
        assert one.name == other.name
        assert np.array_equal(one.m, other.m)
        for key in ("name", "D", "l", "p", "beta_D", "lambda_J", "lambda_phi", "tau"):
            assert getattr(one.material, key, None) == getattr(other.material, key, None)
        assert getattr(one, "thickness", None) == getattr(other, "thickness", None)
    for one, other in zip(a.joints, b.joints, strict=True):
        for key in ("name", "resistance", "gamma", "mixing"):
            assert getattr(one, key, None) == getattr(other, key, None)


def test_the_example_is_the_documented_valve():
    stack, j0 = sf.load(EXAMPLES / "co_cu_py.toml")
    assert_same(stack, valve())
    assert j0 == 1e11


def test_read_returns_all_that_the_file_says():
    path = EXAMPLES / "co_cu_py.toml"
    file = read(str(path))
    assert (file.title, file.units, file.path, file.j0) == (
        "Co/Cu/Py spin valve",
        "SI",
        path,
        1e11,
    )
    assert read(EXAMPLES / "paper_valve.toml").units == "paper"


def test_dual_valve_is_not_coplanar():
    stack, _ = sf.load(EXAMPLES / "dual_valve.toml")
    m = [layer.m for layer in stack.layers if layer.is_ferromagnet]
    assert len(m) == 3
    assert abs(np.linalg.det(m)) > 0.1


def test_paper_valve_is_the_closed_form():
    """The paper's units go through unchanged: G1 = G2, G_N = 4 G1, p = 0.1 and 0.9."""
    solution = sf.solve(*sf.load(EXAMPLES / "paper_valve.toml"))
    exact = sf.analytic.valve(
        (1.0, 4.0, 1.0), (20.0, 0.5, 20.0), (0.1, 0.9), sf.direction(0), sf.direction(30)
    )
    g = solution.efficiency("F1", "F2")
    # 1e-10 is what the solver promises for uniform layers
    np.testing.assert_allclose(g, (exact.g1, exact.g2), rtol=1e-10)
    assert solution.spin_resistance == pytest.approx(exact.spin_resistance, rel=1e-10)
    assert g[1] < 0 < g[0]  # the comment in the file


def test_what_is_left_out(written):
    stack, j0 = sf.load(written(SI))
    assert j0 == 1.0
    assert stack.left == stack.right == sf.Reservoir()
    assert [layer.name for layer in stack.layers] == ["F1", "N1"]
    assert read(written(SI)).title is None


def test_directions(written):
    def m(text):
        return sf.load(written(SI.replace("m = [0, 0, 2]", text)))[0].layers[0].m

    assert np.array_equal(m("m = [0, 3, 4.0]"), [0, 0.6, 0.8])
    assert np.array_equal(m("polar_deg = 90"), [1, 0, 0])
    assert np.array_equal(m("polar_deg = 90\nazimuth_deg = -90"), [0, -1, 0])


def test_conductivities(written):
    """sigma = 1/rho in a normal metal, D = sigma (1 - beta^2) in a ferromagnet."""
    text = SI.replace("resistivity_ohm_m = 6e-9", "sigma_S_m = 2e7")
    text = text.replace("rho_star_ohm_m = 75e-9", "sigma_S_m = 1.7e7")
    F, N = sf.load(written(text))[0].layers
    assert N.material.D == 2e7
    np.testing.assert_allclose(F.material.D, 1.7e7 * (1 - 0.46**2), rtol=1e-15)
    assert F.material.total_conductivity == pytest.approx(1.7e7, rel=1e-15)


def test_two_polarizations(written):
    """Of the total conductivity, as in codes that have two; l is that along m."""
    text = SI.replace("rho_star_ohm_m = 75e-9", "sigma_S_m = 1.7e7")
    F = sf.load(written(text.replace("beta = 0.46", "beta = 0.46\nbeta_D = -0.3")))[0].layers[0]
    code = sf.Ferromagnet.from_drift_diffusion(
        1.7e7, beta=0.46, beta_D=-0.3, l_sf=60e-9 / np.sqrt(1 + 0.46 * 0.3)
    )
    assert (F.material.D, F.material.p, F.material.beta_D) == (code.D, code.p, code.beta_D)
    assert F.material.l == 60e-9
    assert code.l == pytest.approx(60e-9, rel=1e-15)


def test_exchange_lengths(written):
    for lengths, expected in (
        ("", (None, None)),
        ("lambda_J_nm = 2", (2e-9, None)),
        ("lambda_J_nm = inf\nlambda_phi_nm = 3", (np.inf, 3e-9)),
    ):
        text = SI.replace("beta = 0.46", f"beta = 0.46\n{lengths}")
        sigma = text.replace("rho_star_ohm_m = 75e-9", "sigma_S_m = 1.7e7")
        for content in (text, sigma):
            F = sf.load(written(content))[0].layers[0].material
            assert (F.lambda_J, F.lambda_phi) == expected
            assert F.is_strong == (expected == (None, None))


TIMES = [
    ("tau_ps = 20", 20e-12),
    ("tau_ps = 0.3", 0.3e-12),
    ("tau_ps = 8e3", 8e-9),
]


@pytest.mark.parametrize(("line", "expected"), TIMES, ids=[line for line, _ in TIMES])
def test_spin_relaxation_times(written, line, expected):
    """Of either metal, made in any of its ways; the stack is written with them."""
    for old, new in (
        ("", ""),
        ("resistivity_ohm_m = 6e-9", "sigma_S_m = 1.6e8"),
        ("rho_star_ohm_m = 75e-9", "sigma_S_m = 1.7e7"),
    ):
        text = re.sub("(?m)^(l_nm = .*)$", rf"\1\n{line}", SI.replace(old, new))
        stack = sf.load(written(text)).stack
        assert [layer.material.tau for layer in stack.layers] == [expected] * 2
        assert_same(sf.load(written(stack.to_toml())).stack, stack)
    assert [layer.material.tau for layer in sf.load(written(SI)).stack.layers] == [None, None]


def test_spin_relaxation_times_may_vary(written):
    file = read(written(SI))
    variation = parse("N.tau_ps=1:4:3", file)
    assert variation.attributes["units"] == "ps"
    assert variation.attributes["long_name"] == "spin relaxation time of N"
    stack = FileBuilder(file.tables, {variation.name: variation.where})(
        **{variation.name: variation.values}
    )
    assert stack.layers[1].material.tau.tolist() == [1e-12, 2.5e-12, 4e-12]


# fmt: off
BAD_TIMES = [
    ("tau_ps = 0", "materials.N.tau_ps: must be positive and finite, got 0"),
    ("tau_ps = -1", "materials.N.tau_ps: must be positive and finite, got -1"),
    ("tau_ps = inf", "materials.N.tau_ps: must be positive and finite, got inf"),
    ("tau_ps = 1e-320",
     "materials.N: tau (spin relaxation time) of 'N' must be positive and finite, got 0"),
    ('tau_ps = "1"', "materials.N.tau_ps: must be a number, got '1'"),
    ("tau = 1", "materials.N.tau: SI and the paper's units must not mix in one file, got the "
     "paper's here and SI in materials.N.resistivity_ohm_m; tau_ps is in ps"),
]
# fmt: on


@pytest.mark.parametrize(("line", "expected"), BAD_TIMES, ids=[line for line, _ in BAD_TIMES])
def test_bad_spin_relaxation_times(written, line, expected):
    path = written(SI.replace("l_nm = 450", f"l_nm = 450\n{line}"))
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: {expected}')}$"):
        sf.load(path)


INTERFACES = """
[left]
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
[[layers]]
interface = true
[[layers]]
material = "Co"
thickness_nm = 8
m = [0, 0, 1]
[[layers]]
interface = true
name = "face"
AR_fOhm_m2 = 2
gamma = 0.7
mixing_S_m2 = [5e14, 1e13]
[[layers]]
material = "Cu"
thickness_nm = 10
[[layers]]
interface = true
AR_fOhm_m2 = 1
"""
"""Interfaces between an end and a layer, two layers, and a layer and an end."""


def test_interfaces(written):
    Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
    expected = (
        sf.Lead(Cu)
        | sf.Interface()
        | Co(8e-9, m=(0, 0, 1))
        | sf.Interface(2e-15, gamma=0.7, mixing=5e14 + 1e13j, name="face")
        | Cu(10e-9)
        | sf.Interface(1e-15)
        | sf.Reservoir()
    )
    found = sf.load(written(INTERFACES))[0]
    assert_same(found, expected)
    assert [joint and joint.name for joint in found.joints] == [None, "face", None]
    assert found.replace("face", gamma=0.1).joints[1].gamma == 0.1


def test_interfaces_and_exchange_lengths_in_the_papers_units(written):
    text = """
    [materials.N]
    kind = "normal"
    D = 2
    l = 3
    tau = 4
    [materials.F]
    kind = "ferromagnet"
    D = 1
    l = 2
    p = 0.5
    lambda_J = 0.2
    lambda_phi = 0.1
    tau = 0.25
    [materials.S]
    kind = "ferromagnet"
    D = 1
    l = 2
    p = 0.5
    [[layers]]
    material = "F"
    thickness = 1
    m = [0, 0, 1]
    [[layers]]
    interface = true
    AR = 0.3
    gamma = -0.5
    [[layers]]
    material = "N"
    thickness = 4
    [[layers]]
    interface = true
    name = "mixed"
    mixing = [1.5, -1]
    [[layers]]
    material = "S"
    thickness = 1
    m = [1, 0, 0]
    """
    N = sf.NormalMetal(D=2, l=3, tau=4, name="N")
    F = sf.Ferromagnet(D=1, l=2, p=0.5, lambda_J=0.2, lambda_phi=0.1, tau=0.25, name="F")
    S = sf.Ferromagnet(D=1, l=2, p=0.5, name="S")
    expected = (
        F(1, m=(0, 0, 1))
        | sf.Interface(0.3, gamma=-0.5)
        | N(4)
        | sf.Interface(mixing=1.5 - 1j, name="mixed")
        | S(1, m=(1, 0, 0))
    )
    file = read(written(text))
    assert file.units == "paper"
    assert_same(file.stack, expected)


@pytest.mark.parametrize(
    ("end", "expected"),
    [("reservoir", sf.Reservoir()), ("spin-blocking", sf.SpinBlocking())],
)
def test_ends(written, end, expected):
    stack, _ = sf.load(written(f'{SI}\n[right]\nend = "{end}"\n'))
    assert stack.right == expected
    assert stack.left == sf.Reservoir()


BATTERY = 'end = "reservoir"\nspin_potential_V = [1e-6, 0, -2e-6]\n'
SOURCE = 'end = "spin-source"\nspin_current_A_m2 = [0, 1e9, 0.5]\n'


def test_ends_that_drive(written):
    stack, _ = sf.load(written(f"{SI}\n[left]\n{SOURCE}[right]\n{BATTERY}"))
    assert stack.left == sf.SpinSource([0, 1e9, 0.5])
    assert stack.right == sf.Reservoir([1e-6, 0, -2e-6])
    again, _ = sf.load(written(stack.to_toml()))
    assert (again.left, again.right) == (stack.left, stack.right)
    table = str(stack)
    assert "mu_s = (1e-06, 0, -2e-06) V" in table
    assert "j_s = (0, 1e+09, 0.5) A/m2" in table


def test_a_spin_potential_behind_a_mixing_conductance(written):
    """It may be across m there, which it may not be at the ferromagnet itself."""
    F = sf.Ferromagnet(D=1.0, l=1.0, p=0.5)
    face = sf.Interface(0.2, mixing=1 + 0.1j)
    stack = sf.Reservoir([0.1, 0.2, 0.3]) | face | F(1.0, m=[0, 0, 1], name="F") | sf.Reservoir()
    again, _ = sf.load(written(stack.to_toml()))
    assert again.left == stack.left
    np.testing.assert_array_equal(sf.solve(again).torque("F"), sf.solve(stack).torque("F"))
    with pytest.raises(ValueError, match="spin_potential of a reservoir must be along m"):
        sf.load(written(stack.to_toml().replace("mixing = [1.0, 0.1]\n", "")))


def test_ends_that_drive_in_the_papers_units():
    N = sf.NormalMetal(D=1.0, l=2.0)
    stack = sf.SpinSource([0, 0, 0.25]) | N(1.0) | sf.Reservoir([0.5, 0, 0])
    text = stack.to_toml()
    assert 'end = "spin-source"\nspin_current = [0.0, 0.0, 0.25]' in text
    assert 'end = "reservoir"\nspin_potential = [0.5, 0.0, 0.0]' in text


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (SOURCE.replace("[0, 1e9, 0.5]", "[0, 1]"), "left.spin_current_A_m2: must be three finite"),
        (BATTERY.replace("-2e-6", "inf"), "left.spin_potential_V: must be three finite numbers"),
        (
            SOURCE + BATTERY.splitlines()[1],
            "left.spin_potential_V: must be left out at a spin-source",
        ),
        (
            BATTERY + SOURCE.splitlines()[1],
            "left.spin_current_A_m2: must be left out at a reservoir",
        ),
        ('end = "spin-source"', "left.spin_current_A_m2: required key is missing"),
        (
            BATTERY.replace('end = "reservoir"', 'lead = "N"'),
            "left.spin_potential_V: must be left out with a lead",
        ),
        (
            BATTERY.replace("_V", ""),
            "left.spin_potential: SI and the paper's units must not mix in one file",
        ),
    ],
    ids=lambda text: text[:40],
)
def test_ends_that_cannot_drive_so(written, end, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        sf.load(written(f"{SI}\n[left]\n{end}\n"))


def test_what_ends_drive_varies_by_its_components(written):
    file = read(written(f"{SI}\n[right]\n{BATTERY}"))
    variation = parse("right.spin_potential_V.y=0:1e-6:3", file)
    assert variation.attributes["units"] == "V"
    builder = FileBuilder(file.tables, {variation.name: variation.where})
    stack = builder(**{variation.name: variation.values})
    expected = [[1e-6, y, -2e-6] for y in (0.0, 0.5e-6, 1e-6)]
    np.testing.assert_array_equal(stack.right.spin_potential, expected)
    with pytest.raises(ValueError, match="key must be a numeric one of 'right"):
        parse("right.spin_potential_V.w=0:1:3", file)


def test_magnetic_lead(written):
    text = f'{SI}\n[left]\nlead = "F"\nname = "polarizer"\npolar_deg = 90\n[right]\nlead = "N"\n'
    stack, _ = sf.load(written(text))
    assert stack.left.name == "polarizer"
    assert stack.left.material.name == "F"
    assert np.array_equal(stack.left.m, [1, 0, 0])
    assert stack.right.m is None


def test_groups(written):
    layer = '[[layers]]\nmaterial = "F"\nthickness_nm = {}\npolar_deg = 60\ngroup = "free"\n'
    lead = '[right]\nlead = "F"\npolar_deg = 60\ngroup = "free"\n'
    stack, _ = sf.load(written(f"{SI}{layer.format(1)}{layer.format(2)}{lead}"))
    assert stack.groups == {"free": (3, 4, 5)}
    assert [layer.group for layer in stack.layers] == [None, None, "free", "free"]
    assert stack.right.group == "free"
    stack.replace("free", m=(0, 0, 1))


def test_no_relaxation(written):
    stack, _ = sf.load(written(SI.replace("l_nm = 450", "l_nm = inf")))
    assert stack.layers[1].material.l == np.inf


def test_metals_may_be_called_like_keys(written):
    """A material called D is no number in the paper's units."""
    text = SI.replace("materials.N", "materials.D").replace('"N"', '"D"')
    assert sf.load(written(text))[0].layers[1].material.name == "D"


def test_byte_order_mark(written):
    assert sf.load(written("\ufeff" + SI))[0].layers[0].thickness == 8e-9


@pytest.mark.long
@given(st.integers(1, 10**6), st.integers(0, 3))
def test_nanometres_are_exact(tmp_path_factory, digits, places):
    """Decimals of a nanometre are those of the metre: 8 nm is the double nearest to 8e-9."""
    path = tmp_path_factory.getbasetemp() / "exact.toml"
    path.write_text(SI.replace("thickness_nm = 8", f"thickness_nm = {digits}e-{places}"))
    # dividing the nearest double by 1e9 rounds twice: at most one unit in the last place
    tolerance = 0 if places == 0 else 2.3e-16
    expected = float(f"{digits}e-{places + 9}")
    assert sf.load(path)[0].layers[0].thickness == pytest.approx(expected, rel=tolerance, abs=0)


@pytest.mark.long
def test_load_is_imported_on_use():
    code = """if True:
        import sys, spinfem as sf
        heavy = {"pydantic", "tomllib", "typer", "meshio", "rich", "matplotlib"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
        assert "load" in dir(sf) and "load" in sf.__all__
        stack, j0 = sf.load(sys.argv[1])
        assert "pydantic" in sys.modules
    """
    example = EXAMPLES / "co_cu_py.toml"
    subprocess.run([sys.executable, "-c", code, str(example)], check=True)


@pytest.mark.long
def test_the_library_is_imported_on_use():
    code = """if True:
        import sys, spinfem as sf
        names = {"material", "interface", "load_materials"}
        assert names <= set(dir(sf)) and names <= set(sf.__all__)
        assert not {"pydantic", "spinfem.sample.library"} & set(sys.modules)
        assert sf.material("Co").source
        assert "rich" not in sys.modules and "matplotlib" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_attribute():
    with pytest.raises(AttributeError, match="'spinfem' has no attribute 'lod'"):
        sf.lod  # noqa: B018
