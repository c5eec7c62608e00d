"""Hints: misspelt names get the right one, other names what they mean here, and nothing else."""

import inspect
import itertools
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

import spinfem as sf
from spinfem import cli
from spinfem._names import (
    KINDS,
    LEAD_IN_FILES,
    LEAD_IN_PYTHON,
    NOT_HERE,
    QUANTITIES,
    UNITS,
    key_hint,
    kind_hint,
    same_thing,
    split_unit,
)
from spinfem._spelling import SYMBOLS, near_match, nearest
from spinfem.files.tables import Table
from spinfem.io import schema
from spinfem.io.stackfile import read
from spinfem.io.vary import parse
from spinfem.sample import libraryfile
from spinfem.sample.library import SHIPPED
from spinfem.sample.stack import KEYS

ROOT = Path(sf.__file__).parents[1]

VALVE = """
j0_A_m2 = 1e11
[left]
lead = "Cu"
[right]
lead = "Cu"
[materials.Cu]
kind = "normal"
resistivity_ohm_m = 6e-9
l_nm = 450
[materials.Py]
kind = "ferromagnet"
rho_star_ohm_m = 291e-9
beta = 0.76
l_nm = 5.5
[[layers]]
material = "Py"
name = "fixed"
thickness_nm = 8
m = [0, 0, 1]
[[layers]]
interface = true
name = "Py/Cu"
AR_fOhm_m2 = 0.5
gamma = 0.7
[[layers]]
material = "Cu"
name = "spacer"
thickness_nm = 10
[[layers]]
material = "Py"
name = "free"
thickness_nm = 4
polar_deg = 60
azimuth_deg = 0
"""

POLAR = "polar_deg is the angle from +z, an axis in the plane of the layers, in degrees"
AZIMUTH = "azimuth_deg is the angle from +x, the normal of the layers, towards +y, of the part"
MEASURED_RHO = "rho_star_ohm_m is rho/(1 - beta^2) of the measured rho, in Ohm m"
MEASURED_RA = "AR_fOhm_m2 is AR*, RA/(1 - gamma^2) of the measured RA, in fOhm m2"
HALF = "AR_fOhm_m2 is AR*, half of 2AR*, in fOhm m2"
CURRENT = "j0_A_m2 is the particle current, positive when electrons flow towards +x: minus the"
MS = "Ms_A_m is the saturation magnetization, in A/m"
KU = "K_J_m3 is the uniaxial anisotropy, positive where the axis is easy"
BARRIER = "spinfem computes diffusion in metals, and no tunnelling through barriers"
REFUGE = (
    'behind it: [left] with end = "reservoir", and a first of [[layers]] with interface = true and '
    "AR_fOhm_m2 (in the paper's units AR); or [right] and a last one"
)
PINNED = "an antiferromagnet is a normal metal with a short l"
SYNTHETIC = "a synthetic antiferromagnet is two ferromagnets with antiparallel m and a normal metal"

# the line of a stack file, what is written in its place, and what the error says
# fmt: off
EDITS = [
    ("polar_deg = 60", "theta_deg = 60", POLAR),
    ("polar_deg = 60", "theta_rad = 1", f"{POLAR} (1 rad = 57.2958 degrees)"),
    ("azimuth_deg = 0", "phi_deg = 0", AZIMUTH),
    ("polar_deg = 60", "polar_rad = 1", "polar_deg is in degrees (1 rad = 57.2958 degrees)"),
    ("polar_deg = 60", "polr_deg = 60", "did you mean 'polar_deg'?"),
    ("polar_deg = 60", "psi_deg = 60", "must be one of m, polar_deg, azimuth_deg, group, "),
    ("thickness_nm = 10", "thickness_m = 1e-8", "thickness_nm is in nm (1 m = 1e+09 nm)"),
    ("thickness_nm = 10", "thickness_angstrom = 100",
     "thickness_nm is in nm (1 angstrom = 0.1 nm)"),
    ("thickness_nm = 10", "d_nm = 10", "thickness_nm is the thickness of the layer, in nm"),
    ("thickness_nm = 10", "thicknes_nm = 10", "did you mean 'thickness_nm'?"),
    ("thickness_nm = 10", "thicknes_m = 1e-8", "thickness_nm is in nm (1 m = 1e+09 nm)"),
    ("AR_fOhm_m2 = 0.5", "AR_Ohm_m2 = 5e-16",
     "AR_fOhm_m2 is AR* of Valet and Fert, in fOhm m2 (1 Ohm m2 = 1e+15 fOhm m2)"),
    ("AR_fOhm_m2 = 0.5", "two_AR_fOhm_m2 = 1", HALF),
    ("AR_fOhm_m2 = 0.5", "2AR_fOhm_m2 = 1", HALF),
    ("AR_fOhm_m2 = 0.5", "RA_fOhm_m2 = 1", MEASURED_RA),
    ("AR_fOhm_m2 = 0.5", "RA_mOhm_um2 = 1", f"{MEASURED_RA} (1 mOhm um2 = 1 fOhm m2)"),
    ("gamma = 0.7", "beta = 0.7", "gamma is the asymmetry of the interface, (AR_down - AR_up)/"),
    ("gamma = 0.7", "gama = 0.7", "did you mean 'gamma'?"),
    ("rho_star_ohm_m = 291e-9", "rho_ohm_m = 1e-7", MEASURED_RHO),
    ("rho_star_ohm_m = 291e-9", "resistivity_ohm_m = 1e-7", MEASURED_RHO),
    ("rho_star_ohm_m = 291e-9", "rho_uohm_cm = 12", f"{MEASURED_RHO} (1 uOhm cm = 1e-08 Ohm m)"),
    ("rho_star_ohm_m = 291e-9", "rho_str_ohm_m = 1", "did you mean 'rho_star_ohm_m'?"),
    ("l_nm = 450", "l_nm = 450\ntau_s = 2e-11",
     "tau_ps is the spin relaxation time (1 s is 1e12 ps), in ps"),
    ("l_nm = 450", "l_nm = 450\ntau_sf_ps = 20", "tau_ps is the spin relaxation time, in ps"),
    ("l_nm = 450", "l_nm = 450\nT1_ns = 0.02",
     "tau_ps is the spin relaxation time, in ps (1 ns = 1000 ps)"),
    ("l_nm = 450", "l_nm = 450\nspin_lifetime = 20", "tau_ps is the spin relaxation time, in ps"),
    ("l_nm = 450", "l_nm = 450\ntau_fs = 2e4", "tau_ps is in ps (1 fs = 0.001 ps)"),
    ("resistivity_ohm_m = 6e-9", "rho_star_ohm_m = 6e-9",
     "resistivity_ohm_m is the resistivity, in Ohm m"),
    ("resistivity_ohm_m = 6e-9", "sigma_MS_m = 167",
     "sigma_S_m is in S/m (1 MS/m = 1e+06 S/m)"),
    ("beta = 0.76", "alpha = 7", "beta is (alpha - 1)/(alpha + 1) of alpha = rho_down/rho_up"),
    ("beta = 0.76", "eta = 0.76", "must be one of kind, rho_star_ohm_m, sigma_S_m, beta, beta_D, "),
    ("l_nm = 5.5", "l_sf_nm = 5.5",
     "l_nm is the length over which mu_s along m decays: Valet and Fert's l_sf, and lambda_sf "
     "sqrt(1 - beta beta') of Zhang, Levy and Fert, in nm"),
    ("l_nm = 5.5", "L_nm = 5.5", "must be one of kind, rho_star_ohm_m, sigma_S_m, beta, beta_D, "),
    ("l_nm = 5.5", "l_nm = 5.5\nlambda_p_nm = 2", "must be one of kind, rho_star_ohm_m, "),
    ("j0_A_m2 = 1e11", "J0_A_m2 = 1e11", CURRENT),
    ("j0_A_m2 = 1e11", "current_density_MA_cm2 = 10",
     "current_density_A_m2 is in A/m2 (1 MA/cm2 = 1e+10 A/m2)"),
    ('kind = "normal"', 'type = "normal"', "kind is 'normal' or 'ferromagnet'"),
    ('lead = "Cu"', 'material = "Cu"', "lead is the name of the material of the lead"),
    # magnets
    ("azimuth_deg = 0", "Msat_A_m = 8e5", "Ms_A_m is the saturation magnetization, in A/m"),
    ("azimuth_deg = 0", "Ms_T = 1", f"{MS} (1 T = 795775 A/m)"),
    ("azimuth_deg = 0", "Ms_emu_cm3 = 800", f"{MS} (1 emu/cm3 = 1000 A/m)"),
    ("azimuth_deg = 0", "magnetization_kA_m = 800", f"{MS} (1 kA/m = 1000 A/m)"),
    ("azimuth_deg = 0", "4piMs_kG = 10",
     "Ms_A_m is M_s, of mu_0 M_s or 4 pi M_s, in A/m (1 kG = 79577.5 A/m)"),
    ("azimuth_deg = 0", "mu0_Ms_mT = 1000", "mu0_Ms_T is in T (1 mT = 0.001 T)"),
    ("azimuth_deg = 0", "damping = 0.01",
     "alpha is the Gilbert damping, without that by spin pumping"),
    ("azimuth_deg = 0", "Ku1 = 5e3", f"{KU}, in J/m3"),
    ("azimuth_deg = 0", "K_erg_cm3 = 5e4", f"{KU}, in J/m3 (1 erg/cm3 = 0.1 J/m3)"),
    ("azimuth_deg = 0", "Hk_Oe = 100",
     "K_J_m3 is mu_0 M_s H_K/2 of the anisotropy field H_K, in J/m3"),
    ("azimuth_deg = 0", "anisU = [1, 0, 0]",
     "easy_axis is the axis of the anisotropy, three numbers: (a, b, c) of mumax3 and OOMMF, "
     "whose z is the layers' normal, is [c, a, b]"),
    ("azimuth_deg = 0", "demag_factors = [1, 0, 0]", "demag is [N_x, N_y, N_z] along the layers'"),
    ("azimuth_deg = 0", "pinned = true", "held is true of a magnet that does not move"),
    ("azimuth_deg = 0", "azimuth_deg = 0\n[dynamics]\nB_ext = [0, 0, 1]",
     "flux_density_mT is mu_0 times the applied field, [x, y, z], x along the layers' normal, in "
     "mT"),
    ("azimuth_deg = 0", "azimuth_deg = 0\n[dynamics]\nB_ext_T = [0, 0, 1]",
     "in mT (1 T = 1000 mT)"),
    ("azimuth_deg = 0", "azimuth_deg = 0\n[dynamics]\nfield_Oe = [0, 0, 100]",
     "in A/m (1 Oe = 79.5775 A/m)"),
    ("azimuth_deg = 0", "azimuth_deg = 0\n[dynamics]\nfeild_A_m = [0, 0, 1]",
     "did you mean 'field_A_m'?"),
    ("azimuth_deg = 0", "azimuth_deg = 0\n[dynamics]\ntime_ps = 100",
     "time_ns is in ns (1 ps = 0.001 ns)"),
    ("azimuth_deg = 0", "azimuth_deg = 0\n[[couplings]]\nbetween = ['a', 'b']\nJ1_mJ_m2 = 1",
     "exchange_J_m2 is J_1 of the energy per area -J_1 m_a.m_b, positive where parallel is lower, "
     "in J/m2 (1 mJ/m2 = 0.001 J/m2)"),
    ("azimuth_deg = 0", "azimuth_deg = 0\n[dynamcs]\ntime_ns = 100", "did you mean 'dynamics'?"),
    # kinds of materials and ends
    ('kind = "normal"', 'kind = "insulator"', BARRIER),
    ('kind = "normal"', 'kind = "barrier"', BARRIER),
    ('kind = "normal"', 'kind = "tunnel barrier"', BARRIER),
    ('kind = "normal"', 'kind = "superconductor"', REFUGE),
    ('kind = "normal"', 'kind = "antiferromagnet"',
     "an antiferromagnet is a normal metal with a short l"),
    ('kind = "ferromagnet"', 'kind = "ferrimagnet"',
     "a ferrimagnet is a ferromagnet with beta of either sign"),
    ('kind = "normal"', 'kind = "heavy metal"', "computes no spin Hall effect"),
    ('kind = "ferromagnet"', 'kind = "half metal"', "a ferromagnet with beta near 1"),
    ('kind = "ferromagnet"', 'kind = "half-metallic ferromagnet"', "with beta near 1"),
    ('kind = "ferromagnet"', 'kind = "ferromagnetic metal"', "did you mean 'ferromagnet'?"),
    ('kind = "ferromagnet"', 'kind = "magnetic metal"', "did you mean 'ferromagnet'?"),
    ('kind = "ferromagnet"', 'kind = "Metal, ferromagnetic"', "did you mean 'ferromagnet'?"),
    ('kind = "ferromagnet"', 'kind = "transition metal"',
     "must be 'normal' or 'ferromagnet', got 'transition metal'"),
    ('kind = "ferromagnet"', 'kind = "noble metal"',
     "must be 'normal' or 'ferromagnet', got 'noble metal'"),
    ('kind = "normal"', 'kind = "normal metal"', "did you mean 'normal'?"),
    ('kind = "normal"', 'kind = "non-magnetic metal"', "did you mean 'normal'?"),
    ('kind = "normal"', 'kind = "non magnetic"', "did you mean 'normal'?"),
    ('kind = "normal"', 'kind = "non_ferromagnetic"', "did you mean 'normal'?"),
    ('kind = "normal"', 'kind = "anti-ferromagnetic metal"', PINNED),
    ('kind = "normal"', 'kind = "antiferromagnetic insulator"', BARRIER),
    ('kind = "normal"', 'kind = "ferromagnetic insulator"', BARRIER),
    ('kind = "normal"', 'kind = "synthetic antiferromagnet"', SYNTHETIC),
    ('kind = "normal"', 'kind = "synthetic_anti-ferromagnet"', SYNTHETIC),
    ('kind = "normal"', 'kind = "SAF"', SYNTHETIC),
    ('kind = "normal"', 'kind = "superconducting lead"', REFUGE),
    ('[left]\nlead = "Cu"', '[left]\nlead = "Nb"', REFUGE),
    ('[left]\nlead = "Cu"', '[left]\nlead = "superconductor"', REFUGE),
    ('[left]\nlead = "Cu"', '[left]\nkind = "superconductor"', "left.kind: unknown key; a super"),
    ('[left]\nlead = "Cu"', '[left]\nsuperconductor = true', REFUGE),
    ('thickness_nm = 10', 'tunnel_barrier = 10', BARRIER),
    ('[left]\nlead = "Cu"', '[left]\nkind = "spin sink"',
     "left.kind: unknown key; must be one of m, polar_deg, azimuth_deg, group, lead, end, name"),
    ('thickness_nm = 10', 'kind = "tunnel barrier"', BARRIER),
    ('material = "Cu"', 'material = "MgO"', f"(Cu, Py), got 'MgO'; {BARRIER}"),
    ('material = "Cu"', 'material = "IrMn"', f"(Cu, Py), got 'IrMn'; {PINNED}"),
    ('kind = "normal"', 'kind = "metal"', "did you mean 'normal'?"),
    ('kind = "normal"', 'kind = "NM"', "did you mean 'normal'?"),
    ('kind = "ferromagnet"', 'kind = "FM"', "did you mean 'ferromagnet'?"),
    ('kind = "ferromagnet"', 'kind = "feromagnet"', "did you mean 'ferromagnet'?"),
    ('kind = "normal"', 'kind = "paper"', "must be 'normal' or 'ferromagnet', got 'paper'"),
    ('[left]\nlead = "Cu"', '[left]\nend = "superconductor"', REFUGE),
    # names of materials
    ('material = "Cu"', 'material = "NiFe"', "(Cu, Py), got 'NiFe'; did you mean 'Py'?"),
    ('material = "Cu"', 'material = "Cuu"', "did you mean 'Cu'?"),
    ('material = "Cu"', 'material = "CuGe"',
     "got 'CuGe'; in [materials.CuGe] library = \"CuGe\" takes numbers with sources, which "
     "`spinfem materials CuGe` prints"),
    ('material = "Cu"', 'material = "Au"', "must be one of the materials (Cu, Py), got 'Au'"),
]
# fmt: on


def has_hint(message, expected):
    """Whether a message says just that at its end; some texts go on."""
    start = message.rindex(expected)
    rest = message[start + len(expected) :]
    return rest == "" or "did you mean" not in message


@pytest.mark.parametrize(("old", "new", "expected"), EDITS, ids=[new for _, new, _ in EDITS])
def test_stack_files(tmp_path, old, new, expected):
    assert old in VALVE
    path = tmp_path / "valve.toml"
    path.write_text(VALVE.replace(old, new, 1))
    with pytest.raises(ValueError, match=re.escape(expected)) as caught:
        sf.load(path)
    assert has_hint(str(caught.value), expected)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ("scale_m = 1", "scale_nm is in nm (1 m = 1e+09 nm)"),
        ("unit_nm = 1", "scale_nm is the length of one unit of the mesh, in nm"),
        ("scle_nm = 1", "did you mean 'scale_nm'?"),
    ],
)
def test_mesh_tables(tmp_path, new, expected):
    path = tmp_path / "valve.toml"
    path.write_text(f'{VALVE}[mesh]\nfile = "valve.msh"\n{new}\n')
    with pytest.raises(ValueError, match=re.escape(f"unknown key; {expected}")):
        sf.load(path)


# fmt: off
VARIED = [
    ("free.theta_deg", POLAR),
    ("free.phi_deg", AZIMUTH),
    ("free.thickness_m", "thickness_nm is in nm (1 m = 1e+09 nm)"),
    ("free.thicknes_nm", "did you mean 'thickness_nm'?"),
    ("fixed.theta_deg", "a numeric one of 'fixed' (thickness_nm), got 'theta_deg'"),
    ("Py/Cu.RA_fOhm_m2", MEASURED_RA),
    ("Py/Cu.two_AR_fOhm_m2", HALF),
    ("Py.rho_ohm_m", MEASURED_RHO),
    ("free.rho_ohm_m", f"Py.{MEASURED_RHO}"),
    ("free.l_sd_nm", "Py.l_nm is the spin diffusion length, in nm"),
    ("free.beta", "did you mean 'Py.beta'?"),
    ("NiFe.beta", "(fixed, Py/Cu, spacer, free, left, right, Cu, Py), got 'NiFe'"),
    ("Co/Cu.gamma", "(fixed, Py/Cu, spacer, free, left, right, Cu, Py), got 'Co/Cu'"),
]
# fmt: on


@pytest.mark.parametrize(("name", "expected"), VARIED)
def test_varied_keys(tmp_path, name, expected):
    path = tmp_path / "valve.toml"
    path.write_text(VALVE)
    with pytest.raises(ValueError, match=re.escape(expected)) as caught:
        parse(f"{name}=1:2:3", read(path))
    assert has_hint(str(caught.value), expected)


def stack():
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
    Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
    fixed, free = Co(8e-9, m=(0, 0, 1), name="fixed"), Co(4e-9, m=(1, 0, 0), name="free")
    face = sf.Interface(0.5e-15, gamma=0.7, name="Co/Cu")
    return sf.Lead(Cu) | fixed | face | Cu(10e-9, name="N10") | free | sf.Lead(Cu)


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("free", "polar", "a direction is m=sf.direction(1.0)"),
        ("free", "beta", "p of its metal is the polarization (sigma_up - sigma_down)/"),
        ("free", "rho_uohm_cm", "D of its metal is (1 - p^2)/rho of the measured rho"),
        ("free", "l", "it is one of its metal: material=dataclasses.replace(metal, l=...)"),
        (
            "Co/Cu",
            "resistance_fOhm_m2",
            "resistance is in the unit of the other numbers, Ohm m2 in SI (1 fOhm m2 = 1e-15 Ohm",
        ),
        ("Co/Cu", "G_r", "mixing is the mixing conductance G_r + i G_i, e^2/h times g in 1/m2"),
        (
            "Co/Cu",
            "mixing_per_nm2",
            "mixing is in the unit of the other numbers, S/m2 in SI (1/nm2",
        ),
        ("free", "theta_deg", "m is sf.direction(polar, azimuth), of angles in degrees"),
        ("free", "d", "thickness is the thickness of the layer"),
        (
            "free",
            "thickness_nm",
            "thickness is in the unit of the other numbers, m in SI (1 nm = 1e-09 m)",
        ),
        ("free", "thicknes", "did you mean 'thickness'?"),
        ("Co/Cu", "AR", "resistance is AR* of Valet and Fert"),
        ("Co/Cu", "RA", "resistance is AR*, RA/(1 - gamma^2) of the measured RA"),
        ("Co/Cu", "beta", "gamma is the asymmetry of the interface, (AR_down - AR_up)/"),
        ("Co/Cu", "G", "mixing is the mixing conductance G_r + i G_i, e^2/h times g in 1/m2"),
    ],
)
def test_changes_of_a_stack(name, change, expected):
    with pytest.raises(TypeError, match=re.escape(f"got {change!r}; {expected}")):
        stack().replace(name, **{change: 1.0})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("free.theta", "; free.polar is the angle from +z, an axis in the plane of the layers"),
        ("free.beta", "; free.p is the polarization (sigma_up - sigma_down)/"),
        ("free.sigma", "; free.D is sigma (1 - p^2) of the total conductivity"),
        ("free.thicknes", "; did you mean 'free.thickness'?"),
        ("free.L", "; those of 'free' are thickness, D, l, p, polar, azimuth"),
        ("Co/Cu.AR", "; Co/Cu.resistance is AR* of Valet and Fert"),
        ("Co/Cu.G_r", "; those of 'Co/Cu' are resistance, gamma"),
        ("fre.D", "; did you mean 'free.D'?"),
        ("N1.D", ""),
    ],
)
def test_numbers_of_a_gradient(name, expected):
    gradient = sf.solve(stack()).gradient("resistance")
    with pytest.raises(KeyError) as caught:
        gradient[name]
    (message,) = caught.value.args
    start = f"no number of the stack is called {name!r}{expected}"
    assert message.startswith(start) if expected else message == start


# --- materials --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["NiFe", "Permalloy", "permalloy", "Ni80Fe20", "Fe20Ni80", "Py"])
def test_permalloy(name):
    same, other = sf.material(name), sf.material("Py")
    assert (same.source, same.name) == (other.source, "Py")
    face = sf.interface(f"Cu/{name}", resistance=1e-15)
    assert face.source == sf.interface("Py/Cu", resistance=1e-15).source


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Fe10Co90", "Co90Fe10"),
        ("Co0.9Fe0.1", "Co90Fe10"),
        ("cobalt", "Co"),
        ("Ni81Fe19", None),
        ("CoFe", "CoFe"),
        ("Co50Fe50", None),
        ("copper", "Cu"),
        ("MnIr", "IrMn"),
        ("Ge", None),
        ("CoFe/NiFe", None),
        ("Cu/CoFe", "CoFe/Cu"),
        ("Co90Fe10/Cu", None),
        ("9" * 10_000, None),
        ("Co" + "9" * 10_000, None),
        ("Co0Fe0", None),
    ],
)
def test_what_is_the_same_material(name, expected):
    assert same_thing(name, [*SHIPPED.materials, *SHIPPED.interfaces]) == expected


def test_own_names_go_before_others(tmp_path):
    path = tmp_path / "own.toml"
    number, texts = '{ value = 5, source = "x" }', []
    for name in ("Py", "NiFe"):
        text = f'kind = "ferromagnet"\nl_nm = {number}\nsigma_S_m = {number.replace(",", "e6,")}\n'
        number = number.replace("5", "7")
        texts.append(f"[materials.{name}.here]\n{text}")
    path.write_text("".join(texts))
    own = sf.load_materials(path)
    assert [own.material(name, p=0.5).l for name in ("Py", "NiFe", "Permalloy")] == [
        5e-9,
        7e-9,
        5e-9,
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("V", "got 'V'"),
        ("Co50Fe50", "got 'Co50Fe50'"),
        ("Ni81Fe19", "got 'Ni81Fe19'"),
        ("MgO", f"got 'MgO'; {BARRIER}"),
        ("NbTi", "a superconducting lead is an interface with its AR* and a reservoir"),
        ("NiMn", "got 'NiMn'; an antiferromagnet is a normal metal with a short l"),
        ("PT", "got 'PT'; did you mean 'Pt'?"),
    ],
)
def test_materials_that_the_library_has_not(capfd, name, expected):
    with pytest.raises(ValueError, match=f"{re.escape(expected)}($| behind)"):
        sf.material(name)
    with pytest.raises(SystemExit, match="2"):
        cli.main(["materials", name])
    assert expected.split(", got ")[-1] in capfd.readouterr().err


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Co/Cu", ""),
        ("MgO/Co", f"; {BARRIER}"),
        ("Co/AlOx", f"; {BARRIER}"),
        ("Py/FeMn", f"; {PINNED}"),
        (
            "Nb/Co",
            "; a superconducting lead is an interface with its AR* and a reservoir behind it: "
            "Superconductor(AR)",
        ),
    ],
)
def test_interfaces_that_the_library_has_not(name, hint):
    expected = re.escape(f", got {name!r}{hint}")
    with pytest.raises(ValueError, match=f"one of CoFe/Cu, Ni/Ru, Py/Cu, .*{expected}$"):
        sf.interface(name)


def test_what_is_advised_works():
    """A superconducting lead takes up all spin; an antiferromagnet with a short l nearly does."""
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
    IrMn = sf.NormalMetal.from_resistivity(1.5e-6, l=1e-12)
    layer, face = Co(8e-9, m=(0, 0, 1)), sf.Interface(1e-15, gamma=0.3)
    lead = sf.solve(sf.Reservoir() | face | layer | sf.Reservoir())
    pinned = sf.solve(sf.Reservoir() | face | layer | IrMn(6e-9) | sf.Reservoir())
    assert np.abs(lead.interfaces[0].spin_potential_left).max() == 0
    assert pinned.spin_resistance == pytest.approx(lead.spin_resistance, rel=0.01)


# --- no hint changes unit or meaning ----------------------------------------------------------


def tables():
    """Keys of every table that a file may have, of changes of a stack and of kinds of files."""
    models = [
        model
        for module in (schema, libraryfile)
        for _, model in inspect.getmembers(module, inspect.isclass)
        if issubclass(model, Table)
    ]
    found = {tuple(model.model_fields) for model in models if model.model_fields}
    return sorted(found | {tuple(keys) for keys in KEYS.values() if keys})


ALL_KEYS = sorted({key for keys in tables() for key in keys})
ELSEWHERE = sorted({n for q in QUANTITIES for names in q.others for n in names.split()})


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("ends", [[*UNITS][i::9] for i in range(9)])
def test_no_key_is_taken_for_another(ends):
    """Neither those that there are here, nor those from elsewhere, in any unit."""
    given = [*ALL_KEYS, *ELSEWHERE]
    given += [f"{split_unit(name)[0]}_{end}" for name in given for end in ends]
    for name, known in itertools.product(sorted(set(given)), tables()):
        found = re.fullmatch(r"; did you mean '(.*)'\?", key_hint(name, known))
        if found and name not in known:
            key = found[1]
            assert split_unit(key)[1].casefold() == split_unit(name)[1].casefold(), (name, key)
            one, other = (text.casefold().replace("_", "").rstrip("s") for text in (name, key))
            assert one == other, (name, key)


LONG_WORD = re.compile(r"[a-z]{4,}")


@pytest.mark.parametrize("known", tables(), ids=lambda keys: keys[0])
def test_every_slip_is_found(known):
    """A letter of a long word left out or exchanged with the next one."""
    for key in known:
        plain, end = split_unit(key)
        for word in LONG_WORD.finditer(plain):
            for i in range(*word.span()):
                slips = {plain[:i] + plain[i + 1 :]}
                if i + 1 < word.end():
                    slips.add(plain[:i] + plain[i + 1] + plain[i] + plain[i + 2 :])
                for slip in slips - {plain} - SYMBOLS:
                    given = f"{slip}_{end}" if end else slip
                    hint = key_hint(given, known)
                    assert hint == f"; did you mean {key!r}?", (given, hint)


def test_no_material_is_taken_for_another():
    names = [*SHIPPED.materials, *SHIPPED.interfaces, "Cu", "Au", "Ag", "Al", "Nb", "V", "W", "Cr"]
    names += [
        "NiFe",
        "CoFe",
        "CoFeB",
        "FeMn",
        "IrMn",
        "Co/Cu",
        "Fe/Cr",
        "Co/Py",
        "Co50Fe50",
        "CuMn",
    ]
    for one, other in itertools.permutations(dict.fromkeys(names), 2):
        assert nearest(one, [other]) is None


@pytest.mark.parametrize(
    ("given", "known", "expected"),
    [
        ("N10", ["N1", "N2"], None),
        ("F3", ["F1", "F2"], None),
        ("free", ["free1", "free2"], None),
        ("fre", ["free", "fred"], None),
        ("d", ["D"], None),
        ("J0", ["j0"], None),
        ("p", ["l"], None),
        ("zeta", ["beta"], None),
        ("4.2K", ["4.2 K", "300 K"], "4.2 K"),
        ("Spacer", ["spacer"], "spacer"),
        ("x" * 10**6, ["x" * (10**6 + 1)], None),
        ("", ["a"], None),
        ("///", ["..."], None),
    ],
)
def test_spelling(given, known, expected):
    assert nearest(given, known) == expected
    assert near_match(given, known) == (f"; did you mean {expected!r}?" if expected else "")


# --- the words are right ----------------------------------------------------------------------


def said(key, other):
    """What the table says the key is, as a formula."""
    (quantity,) = (q for q in QUANTITIES if q.keys[0] == key)
    (text,) = (text for names, text in quantity.others.items() if other in names.split())
    formula = re.sub(r"^AR\*, | of .*$|, and .*$", "", text)
    return lambda **values: eval(formula.replace("^", "**").replace("sigma (", "sigma*("), values)


def test_conversions_of_metals():
    up, down = 5e6, 2e6
    F = sf.Ferromagnet.from_channels(up, down, 1e-12, 1e3)
    rho_star, beta, sigma = 1 / F.D, F.p, up + down
    rho = 1 / sigma
    # rho_up,down = 2 rho* (1 -/+ beta), the channels' own
    assert said("rho_star_ohm_m", "rho_up")(rho_up=1 / up, rho_down=1 / down) == pytest.approx(
        rho_star, rel=1e-14
    )
    assert said("rho_star_ohm_m", "rho")(rho=rho, beta=beta) == pytest.approx(rho_star, rel=1e-14)
    assert said("sigma_S_m", "sigma_up")(sigma_up=up, sigma_down=down) == F.total_conductivity
    assert said("sigma_S_m", "sigma_star")(sigma_star=1 / rho_star, beta=beta) == pytest.approx(
        sigma, rel=1e-14
    )
    assert said("D", "rho")(rho=rho, p=beta) == pytest.approx(F.D, rel=1e-14)
    assert said("D", "sigma")(sigma=sigma, p=beta) == pytest.approx(F.D, rel=1e-14)
    for key in ("beta", "p"):
        assert said(key, "alpha")(alpha=up / down) == pytest.approx(beta, rel=1e-14)


def test_conversions_of_interfaces():
    """An interface is like a thin layer: AR* like rho* d, gamma like beta, AR_up like rho_up d."""
    AR, gamma = 0.7, 0.4
    up, down = 2 * AR * (1 - gamma), 2 * AR * (1 + gamma)
    RA = 1 / (1 / up + 1 / down)
    approx = pytest.approx(AR, rel=1e-14)
    assert said("AR_fOhm_m2", "AR_up")(AR_up=up, AR_down=down) == approx
    assert said("AR_fOhm_m2", "G_up")(G_up=1 / up, G_down=1 / down) == approx
    assert said("AR_fOhm_m2", "RA")(RA=RA, gamma=gamma) == approx
    assert said("gamma", "alpha")(alpha=down / up) == pytest.approx(gamma, rel=1e-14)


def test_diffusion_length_of_zhang_levy_and_fert():
    """``J = beta j m - 2 D0 (s' - beta beta' m (m.s')), J' = -2 D0 s/lambda_sf^2``: along m."""
    beta, lambda_sf = 0.6, 10.0
    (text,) = (t for q in QUANTITIES for n, t in q.others.items() if "lambda_sf" in n.split())
    assert "lambda_sf sqrt(1 - beta beta')" in text
    # in spinfem's terms: across m D_tot = 4 D0 and 1/lambda_sf^2, along m D = D_tot (1 - beta^2)
    F = sf.Ferromagnet(D=4.0 * (1 - beta**2), p=beta, l=lambda_sf * np.sqrt(1 - beta**2))
    assert F.relaxation == pytest.approx(F.total_conductivity / (2 * lambda_sf**2), rel=1e-14)


@pytest.mark.parametrize("end", UNITS)
def test_sizes_of_units(end):
    """Against each key with a unit of that dimension."""
    for key in (key for q in QUANTITIES for key in q.keys):
        own = split_unit(key)[1]
        if own and UNITS[own][0] == UNITS[end][0] and own.casefold() != end.casefold():
            hint = key_hint(f"{split_unit(key)[0]}_{end}", [key])
            (size,) = re.findall(r"\(1\W.* = (\S+) .*\)", hint)
            assert float(size) == pytest.approx(UNITS[end][1] / UNITS[own][1], rel=1e-5)


def test_every_kind_that_is_not_here():
    for names, text in NOT_HERE.items():
        for name, lead in itertools.product(names.split(), (LEAD_IN_FILES, LEAD_IN_PYTHON)):
            in_file = lead == LEAD_IN_FILES
            hint = kind_hint(name, ["normal", "ferromagnet"], in_file=in_file)
            assert hint == f"; {text.format(lead=lead)}"


def test_words_of_kinds_mean_one_kind():
    every = [word for names in KINDS.values() for word in names.split()]
    assert len(every) == len(set(every))
    assert not set(every) & {word for names in NOT_HERE for word in names.casefold().split()}


# --- what to install --------------------------------------------------------------------------


def test_what_to_install():
    """From a clone: extras by their place, packages as the extra has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    texts = [
        path
        for folder in ("spinfem", "meshes", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
    ]
    commands = []
    pages = (p for p in (ROOT / "docs").rglob("*.md") if "_made" not in p.parts)
    for path in (ROOT / "README.md", *pages, *texts):
        commands += re.findall(r"pip\s+install ([^`\n(&\"]+)", path.read_text())
    assert len(commands) > 6
    for command in commands:
        for wanted in re.findall(r"['\"]?([\w.\[\],-]+)['\"]?", command):
            if wanted.startswith("."):
                named = re.fullmatch(r"\.(?:\[(.*)\])?", wanted)[1]
                assert set((named or "").split(",")) - {""} <= set(extras), command
            elif not wanted.startswith("-"):
                wanted_by = [
                    p
                    for e in ("app", "device", "fit", "sweep", "test", "interop")
                    for p in extras[e]
                ]
                packages = {re.split(r"[<>=\[]", p)[0] for p in wanted_by}
                assert wanted in packages, command
