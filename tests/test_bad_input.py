"""Bad input, by table: what is wrong, and what must be said about it."""

import re

import numpy as np
import pytest

import spinfem as sf
from spinfem import cli

N = sf.NormalMetal(D=1.0, l=1.0, name="Cu")
F = sf.Ferromagnet(D=1.0, l=1.0, p=0.5, name="Co")
z, x = (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)


def valve():
    return sf.Reservoir() | F(1, m=z, name="fixed") | N(1) | F(1, m=x, name="free")


def solved():
    return sf.solve(valve())


def trilayer():
    """Three ferromagnets: a and b in contact, c behind a normal metal."""
    return sf.solve(F(1, m=z, name="a") | F(1, m=x, name="b") | N(1) | F(1, m=z, name="c"))


def sinkless():
    blocking = sf.SpinBlocking()
    free = sf.Ferromagnet(D=1.0, l=np.inf, p=0.5)
    return blocking | free(1, m=z) | sf.NormalMetal(D=1.0, l=np.inf)(1) | blocking


# what to do, and what the message must contain: quantity, requirement, value given
# fmt: off
VALUE_ERRORS = [
    # numbers of materials
    (lambda: sf.NormalMetal(D=-1.0, l=1.0),
     "D (conductivity) must be positive and finite, got -1"),
    (lambda: sf.NormalMetal(D=0, l=1.0), "D (conductivity) must be positive and finite, got 0"),
    (lambda: sf.Ferromagnet(D=np.inf, l=1.0, p=0.1),
     "D (conductivity) must be positive and finite, got inf"),
    (lambda: sf.NormalMetal(D=1.0, l=np.nan),
     "l (spin diffusion length) must be positive (inf is allowed), got nan"),
    (lambda: sf.NormalMetal(D=1.0, l=0.0),
     "l (spin diffusion length) must be positive (inf is allowed), got 0"),
    (lambda: sf.Ferromagnet(D=1.0, l=1.0, p=1.0),
     "p (polarization) must be between -1 and 1, both excluded, got 1"),
    (lambda: sf.Ferromagnet(D=1.0, l=1.0, p=-1.5),
     "p (polarization) must be between -1 and 1, both excluded, got -1.5"),
    (lambda: sf.Ferromagnet(D=1.0, l=1.0, p=np.nan),
     "p (polarization) must be between -1 and 1",
     "got nan"),
    (lambda: sf.Ferromagnet.from_valet_fert(1e-7, beta=2, l=1.0),
     "beta (bulk asymmetry) must be between -1 and 1, both excluded, got 2"),
    (lambda: sf.Ferromagnet.from_valet_fert(0.0, beta=0.5, l=1.0),
     "rho_star (resistivity rho*) must be positive and finite, got 0"),
    (lambda: sf.NormalMetal.from_resistivity(-6e-9, l=1.0),
     "rho (resistivity) must be positive and finite, got -6e-09"),
    (lambda: sf.NormalMetal.from_conductivity(-1.0, l=1.0),
     "sigma (conductivity) must be positive and finite, got -1"),
    (lambda: sf.Ferromagnet.from_channels(1.0, 1.0, 0.0, 1.0),
     "tau (spin relaxation time) must be positive",
     "got 0"),
    (lambda: sf.NormalMetal(D=[1.0, -2.0], l=1.0),
     "D (conductivity) must be positive and finite, got -2 at index 1"),
    (lambda: sf.NormalMetal(D=[], l=1.0),
     "D (conductivity) must not be empty, got an array of shape (0,)"),
    # layers
    (lambda: N(-4e-9, name="spacer"),
     "thickness of layer 'spacer' must be positive and finite, got -4e-09"),
    (lambda: N(np.inf), "thickness of a layer must be positive and finite, got inf"),
    (lambda: F(1, name="free"),
     "m (magnetization) of layer 'free' must be given for a ferromagnet, got None"),
    (lambda: N(1, m=z),
     "m (magnetization) of a layer must be left out in a normal metal, got (0.0, 0.0, 1.0)"),
    (lambda: F(1, m=(0, 0, 0)), "m (magnetization) of a layer must be a nonzero vector of finite",
     "got [0.0, 0.0, 0.0]"),
    (lambda: F(1, m=(0, np.nan, 1)),
     "m (magnetization) of a layer must be a nonzero vector of finite", "got [0.0, nan, 1.0]"),
    (lambda: F(1, m=(0, 1)),
     "m (magnetization) of a layer must have 3 components on its last axis, got shape (2,)"),
    (lambda: sf.direction(0, np.inf), "azimuth (angle in degrees) must be finite, got inf"),
    # graded metals
    (lambda: sf.interdiffused(N, F, width=0), "width (relative width) must be positive", "got 0"),
    (lambda: sf.sampled([1.0, np.nan]), "values of a profile must be finite, got nan at index 1"),
    (lambda: sf.sampled([1.0]), "values of a profile must be two or more in a row, got shape (1,)"),
    (lambda: sf.sampled(3.0), "values of a profile must be two or more in a row, got shape ()"),
    (lambda: sf.sampled([1, 2], [0, 0.5, 1]),
     "xi of a profile must be one for each value, shape (2,), got shape (3,)"),
    (lambda: sf.sampled([1, 2], [0, 0.9]), "xi of a profile must go from 0 to 1, got 0 to 0.9"),
    (lambda: sf.sampled([1, 2, 3, 4], [0, 0.6, 0.4, 1]),
     "xi of a profile must increase, got 0.6, 0.4 at index 1"),
    (lambda: sf.interdiffused(F, sf.Ferromagnet(D=1, l=1, p=0, lambda_J=2), width=1),
     "b must be a strong ferromagnet, got one with lambda_J = 2.0, lambda_phi = None"),
    # ends and stacks
    (lambda: sf.Lead(N, m=z),
     "m (magnetization) of a lead must be left out in a normal metal",
     "got (0.0, 0.0, 1.0)"),
    (lambda: sf.Lead(F), "m (magnetization) of a lead must be given for a ferromagnet, got None"),
    (lambda: sf.Stack([]), "a stack must have at least one layer, got nothing"),
    (lambda: sf.Reservoir() | sf.SpinBlocking(),
     "a stack must have at least one layer, got Reservoir() | SpinBlocking()"),
    (lambda: N(1) | sf.Reservoir() | N(1),
     "an end must be the first or last piece of a stack, got Reservoir() as piece 2 of 3"),
    (lambda: sf.Stack([sf.Lead(N), sf.Reservoir(), N(1)]),
     "an end must be the first or last piece of a stack",
     "got Reservoir() as piece 2 of 3"),
    (lambda: N(1, name="a") | N(1, name="a"),
     "names in a stack must be unique, got 'a' twice"),
    (lambda: N(1, group="g"), "group (layers that are one magnet) of a layer must be left out in a "
     "normal metal, got 'g'"),
    (lambda: sf.Lead(N, group="g"), "of a lead must be left out in a normal metal, got 'g'"),
    (lambda: F(1, m=z, group="a") | N(1, name="a"),
     "a group of layers must not be called like a layer, interface or lead of the stack, got 'a'"),
    (lambda: F(1, m=z, group="a") | F(1, m=(0, 0, -1), group="a"),
     "m of all layers of group 'a', one magnet, must be parallel, got Co1 and Co2 that are not; "
     "turn them together, by the name of the group"),
    (lambda: F(1, m=z, group="a") | N(1) | F(1, m=z, name="b") | N(1) | F(1, m=z, group="a"),
     "between layers of group 'a', one magnet, there must be no other ferromagnet, got b"),
    (lambda: N(np.ones(2)) | F(1, m=np.ones((3, 3))),
     "shapes of a stack's arrays must broadcast, got Cu1: (2,); Co1: (3,)"),
    (lambda: valve().replace("fre", thickness=2),
     "name must be that of a layer, lead or interface (fixed, Cu1, free, left), got 'fre'; did you "
     "mean 'free'?"),
    (lambda: (valve() | sf.Interface(1, name="Co/Cu") | N(1)).replace("Free", thickness=1),
     "must be that of a layer, lead or interface (fixed, Cu1, free, Co/Cu, Cu2, left), got 'Free'; "
     "did you mean 'free'?"),
    (lambda: (valve() | sf.Interface(1, name="Co/Cu") | N(1)).replace("Co/cu", gamma=0),
     "got 'Co/cu'; did you mean 'Co/Cu'?"),
    (lambda: valve().replace("free", thickness=-2),
     "thickness of layer 'free' must be positive and finite, got -2"),
    # solving
    (lambda: sf.solve(valve(), method="sadle"),
     "method must be one of condensed, saddle, got 'sadle'; did you mean 'saddle'?"),
    (lambda: sf.solve(valve(), degree=0), "degree must be a whole number from 1 to 20, got 0"),
    (lambda: sf.solve(valve(), elements=-3), "elements must be a whole number at least 1, got -3"),
    (lambda: sf.solve(valve(), j0=1.0, current_density=2.0),
     "the current must be given once, got j0=1.0 and current_density=2.0"),
    (lambda: sf.analytic.solve(valve(), j0=1.0, current_density=2.0),
     "the current must be given once, got j0=1.0 and current_density=2.0"),
    (lambda: sf.solve(valve(), np.nan), "j0 (particle current) must be finite, got nan"),
    (lambda: sf.solve(valve(), current_density=np.inf), "current_density must be finite, got inf"),
    (lambda: sf.solve(valve().replace("free", thickness=np.ones(2)), np.ones(3)),
     "shape of j0 must broadcast with the stack's (2,), got (3,)"),
    (lambda: sf.solve(sinkless()),
     "no spin sink: a stack must absorb spin somewhere",
     "got spin-blocking ends, l = inf in every layer"),
    (lambda: sf.analytic.solve(sinkless()),
     "no spin sink: a stack must absorb spin somewhere",
     "l = inf in every layer"),
    # results
    (lambda: solved().spin_potential(-0.5),
     "x (position) must lie in the stack, from 0 to 3, got -0.5"),
    (lambda: solved().spin_current([1.0, 3.5]),
     "x (position) must lie in the stack, from 0 to 3, got 3.5"),
    (lambda: solved().potential(np.nan), "x (position) must be finite, got nan"),
    (lambda: solved().spin_current(1.0, side="top"), "side must be 'left' or 'right', got 'top'"),
    (lambda: solved().torque("Cu1"), "'Cu1' must be a ferromagnet, got a normal metal"),
    (lambda: solved().torque("fixd"),
     "name must be that of a layer or lead (fixed, Cu1, free), got 'fixd'; did you mean 'fixed'?"),
    (lambda: solved().layer(0), "name must be that of a layer or lead (fixed, Cu1, free), got 0"),
    (lambda: sf.solve(sf.Lead(F, m=z, name="pinned") | N(1)).layer("pinned"),
     "name must be that of a layer, got the lead 'pinned'"),
    (lambda: trilayer().efficiency("a", "c"),
     "'a' and 'c' must be different ferromagnets with only normal metal between them",
     "got another ferromagnet"),
    (lambda: trilayer().efficiency("a", "b"),
     "'a' and 'b' must be different ferromagnets with only normal metal between them",
     "got nothing between them"),
    (lambda: solved().efficiency("free", "free"),
     "'free' and 'free' must be different ferromagnets",
     "got"),
    (lambda: solved().efficiency("fixed", "Cu1"),
     "'Cu1' must be a ferromagnet, got a normal metal"),
    (lambda: sf.analytic.contact(0.5, 1.0, 1.0, "FN"),
     "order of a contact must be 'F/N' or 'N/F', got 'FN'"),
]

TYPE_ERRORS = [
    (lambda: sf.NormalMetal(D=1.0, l="450 nm"),
     "l (spin diffusion length) must be a real number or an array of real numbers, got '450 nm'"),
    (lambda: sf.NormalMetal(D=True, l=1.0), "D (conductivity) must be a real number", "got True"),
    (lambda: sf.NormalMetal(D=1 + 1j, l=1.0),
     "D (conductivity) must be a real number",
     "got (1+1j)"),
    (lambda: sf.NormalMetal(D=1.0, l=1.0, name=" "),
     "name of a material must be a nonempty string, got ' '"),
    (lambda: F(1, m="up"), "m (magnetization) of a layer must be a real number", "got 'up'"),
    (lambda: N(1, name=7), "name of a layer must be a nonempty string, got 7"),
    (lambda: sf.Layer("Cu", 1.0),
     "material of a layer must be a NormalMetal or a Ferromagnet, got 'Cu'"),
    (lambda: sf.interdiffused(N, N(1), width=1),
     "b must be a NormalMetal or a Ferromagnet, got Layer("),
    (lambda: sf.interdiffused(sf.NormalMetal(D=[1, 2], l=1), N, width=1),
     "D of a must be one number, got shape (2,)"),
    (lambda: sf.interdiffused(N, sf.NormalMetal(D=1, l=lambda xi: 1 + xi), width=1),
     "l of b must be one number, got a function of xi"),
    (lambda: sf.interdiffused(N, F, width=[1, 2]),
     "width (relative width) must be one number, got shape (2,)"),
    (lambda: sf.sampled(["a", "b"]), "values of a profile must be a real number or an array"),
    (lambda: sf.Interface(source=3), "source of an interface must be a nonempty string, got 3"),
    (lambda: F(1, m=z, group=""), "group of a layer must be a nonempty string, got ''"),
    (lambda: (F(1, m=z, group="a") | N(1)).replace("a", thickness=2),
     "a change of 'a' must be one of m, group, got 'thickness'"),
    (lambda: sf.direction("up"), "polar (angle in degrees) must be a real number", "got 'up'"),
    (lambda: sf.Lead(5), "material of a lead must be a NormalMetal or a Ferromagnet, got 5"),
    (lambda: sf.Stack([N, N(1)]),
     "pieces of a stack must be layers and interfaces", "got NormalMetal("),
    (lambda: N | F(1, m=z), "a metal needs a thickness, as in Cu(10e-9)"),
    (lambda: F(1, m=z) | N, "a metal needs a thickness, as in Cu(10e-9)"),
    (lambda: list(valve()), "'Stack' object is not iterable"),
    (lambda: list(solved()), "'Solution' object is not iterable"),
    (lambda: sf.solve((valve(), 1.0)), "stack must be a Stack", "stack, j0 = spinfem.load(path)"),
    (lambda: sf.analytic.solve(N(1)), "stack must be a Stack, got Layer("),
    (lambda: N(1) | 3, "what stands in a stack must be a layer", "got 3"),
    (lambda: valve().replace("free", polar=90),
     "must be one of material, thickness, m, name, group, nodes, got 'polar'; a direction is "
     "m=sf.direction(90)"),
    (lambda: valve().replace("free", azimuth_deg=30),
     "got 'azimuth_deg'; a direction is m=sf.direction(polar, 30)"),
    (lambda: valve().replace("free", polar=90, azimuth=[0, 30]),
     "got 'polar' and 'azimuth'; a direction is m=sf.direction(90, [0, 30])"),
    (lambda: valve().replace("free", polar=90, foo=3, thicknes=2),
     "got 'polar' and 'foo' and 'thicknes'; a direction is m=sf.direction(90)",
     "; did you mean 'thickness'?"),
    (lambda: valve().replace("free", beta=0.3),
     "got 'beta'; p of its metal is the polarization (sigma_up - sigma_down)/(sigma_up + "
     "sigma_down), Valet and Fert's beta: material=dataclasses.replace(metal, p=...)"),
    (lambda: valve().replace("free", rho=1e-7),
     "got 'rho'; D of its metal is (1 - p^2)/rho of the measured rho: "
     "material=dataclasses.replace(metal, D=...)"),
    (lambda: valve().replace("free", D=2),
     "got 'D'; it is one of its metal: material=dataclasses.replace(metal, D=...)"),
    (lambda: valve().replace("free", name="\u200b"),
     "name of a layer must be a nonempty string, got '\\u200b'"),
    (lambda: valve().replace("free", thicknes=2),
     "must be one of material, thickness, m, name, group, nodes, got 'thicknes'; did you mean "
     "'thickness'?"),
    (lambda: sf.solve(valve(), degree=2.5), "degree must be a whole number, got 2.5"),
    (lambda: sf.solve(valve(), "1e11"),
     "j0 (particle current) must be a real number",
     "got '1e11'"),
    (lambda: solved().potential("left"), "x (position) must be a real number", "got 'left'"),
]
# fmt: on


@pytest.mark.parametrize(
    ("error", "do", "parts"),
    [
        pytest.param(error, do, parts, id=parts[0])
        for error, table in ((ValueError, VALUE_ERRORS), (TypeError, TYPE_ERRORS))
        for do, *parts in table
    ],
)
def test_in_python(error, do, parts):
    with pytest.raises(error) as caught:
        do()
    for part in parts:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


MASKED = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])


def labelled():
    pandas, xarray = pytest.importorskip("pandas"), pytest.importorskip("xarray")
    return [
        (np.ma.array(MASKED), "masked array"),
        (np.ma.array([1.0, 2.0, 3.0]), "masked array"),
        (np.ma.masked, "masked array"),
        (pandas.Series([1.0, 2.0, 3.0], index=[2, 0, 1]), ".to_numpy()"),
        (pandas.DataFrame({"a": [1.0, 2.0, 3.0]}), ".to_numpy()"),
        (xarray.DataArray([1.0, 2.0, 3.0], dims="d"), "dimensions d, which"),
        (xarray.DataArray(np.ones((3, 3)), dims=("d", "theta")), "dimensions d, theta, which"),
        (xarray.Variable("d", [1.0, 2.0, 3.0]), ".values"),
    ]


@pytest.mark.parametrize(
    "give",
    [
        lambda x: sf.NormalMetal(D=x, l=1.0),
        lambda x: sf.NormalMetal(D=1.0, l=[x, x]),
        lambda x: sf.Ferromagnet(D=1.0, l=1.0, p=x),
        lambda x: sf.NormalMetal.from_resistivity(x, l=1.0),
        lambda x: N(x),
        lambda x: F(1.0, m=x),
        lambda x: F(1.0, m=(x, x, x)),
        lambda x: F(1.0, m=z).material(1.0, m=[(0, 0, 1), x]),
        lambda x: sf.Interface(x),
        lambda x: sf.Interface(1.0, mixing=x),
        lambda x: sf.Interface(1.0, gamma=x),
        lambda x: sf.direction(x),
        lambda x: sf.direction(0.0, x),
        lambda x: sf.solve(valve(), x),
        lambda x: sf.solve(valve(), current_density=x),
        lambda x: solved().potential(x),
        lambda x: valve().replace("free", thickness=x),
        lambda x: sf.sampled(x),
        lambda x: sf.NormalMetal(D=lambda xi: np.ma.array(np.ones(xi.shape)), l=x),
        lambda x: sf.sweep(lambda d: N(d) | F(1.0, m=z), {"d": x}),
        lambda x: sf.analytic.contact(x, 1.0, 1.0),
        lambda x: sf.analytic.valve((1.0, 1.0, 1.0), (1.0, x, 1.0), (0.1, 0.2), z, z),
        lambda x: solved().channel_potentials(0.5, x),
    ],
)  # fmt: skip
def test_masks_and_labels_are_refused(give):
    """numpy drops them without a word; numbers would be matched by position."""
    for value, part in labelled():
        with pytest.raises(TypeError, match="must be a number or a plain array") as caught:
            give(value)
        assert part in str(caught.value) or "masked" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_numbers_with_a_label_but_no_axis_are_numbers():
    xarray, pandas = pytest.importorskip("xarray"), pytest.importorskip("pandas")
    assert N(xarray.DataArray(2.0)).thickness == 2.0
    assert N(pandas.Series([2.0, 3.0]).to_numpy()).thickness.shape == (2,)
    assert N(np.float32(2.0)).thickness == 2.0


# --- stack files ------------------------------------------------------------------------------

FILE = """
title = "valve"
j0_A_m2 = 1e11
[left]
lead = "Cu"
[right]
end = "reservoir"
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
material = "Cu"
thickness_nm = 10
[[layers]]
material = "Py"
name = "free"
thickness_nm = 4
polar_deg = 60
"""

NO_SINK = """
left.end = "spin-blocking"
right.end = "spin-blocking"
[materials.N]
kind = "normal"
D = 1
l = inf
[[layers]]
material = "N"
thickness = 1
"""

# what is replaced in FILE, by what, and the message behind the name of the file (... if it goes on)
# fmt: off
EDITS = [
    # numbers
    ("thickness_nm = 10", "thickness_nm = -4",
     "layers[1].thickness_nm: must be positive and finite, got -4"),
    ("thickness_nm = 10", "thickness_nm = 0.0",
     "layers[1].thickness_nm: must be positive and finite, got 0.0"),
    ("thickness_nm = 10", "thickness_nm = nan",
     "layers[1].thickness_nm: must be positive and finite, got nan"),
    ("thickness_nm = 10", "thickness_nm = inf",
     "layers[1].thickness_nm: must be positive and finite, got inf"),
    ("thickness_nm = 10", "thickness_nm = 1e-320",
     "layers[1]: thickness of a layer must be positive and finite, got 0"),
    ("thickness_nm = 4", "thickness_nm = -4",
     "layers[2].thickness_nm (layer 'free'): must be positive and finite, got -4"),
    ("thickness_nm = 10", 'thickness_nm = "10"',
     "layers[1].thickness_nm: must be a number, got '10'"),
    ("thickness_nm = 10", "thickness_nm = true",
     "layers[1].thickness_nm: must be a number, got true"),
    ("thickness_nm = 10", "thickness_nm = 2024-01-01",
     "layers[1].thickness_nm: must be a number, got datetime.date(2024, 1, 1)"),
    ("thickness_nm = 10", "thickness_nm = 1" + 400 * "0",
     "layers[1].thickness_nm: must be a number that fits in double precision, got 1000..."),
    ("6e-9", "0", "materials.Cu.resistivity_ohm_m: must be positive and finite, got 0"),
    ("6e-9", "1e-320", "materials.Cu: D (conductivity) must be positive and finite, got inf"),
    ("l_nm = 450", "l_nm = -1", "materials.Cu.l_nm: must be positive (inf is allowed), got -1"),
    ("l_nm = 5.5", "l_nm = nan", "materials.Py.l_nm: must be positive (inf is allowed), got nan"),
    ("beta = 0.76", "beta = 1",
     "materials.Py.beta: must be between -1 and 1, both excluded, got 1"),
    ("beta = 0.76", "beta = [0.7]", "materials.Py.beta: must be a number, got [0.7]"),
    ("j0_A_m2 = 1e11", "j0_A_m2 = inf", "j0_A_m2: must be finite, got inf"),
    ("j0_A_m2 = 1e11", 'j0_A_m2 = "high"', "j0_A_m2: must be a number, got 'high'"),
    ("polar_deg = 60", "polar_deg = nan",
     "layers[2].polar_deg (layer 'free'): must be finite, got nan"),
    ("polar_deg = 60", 'polar_deg = "up"',
     "layers[2].polar_deg (layer 'free'): must be a number, got 'up'"),
    # magnetizations
    ("m = [0, 0, 1]", "m = [0, 0, 0]",
     "layers[0].m (layer 'fixed'): must be three finite numbers, not all zero, got [0, 0, 0]"),
    ("m = [0, 0, 1]", "m = [0, 1]",
     "layers[0].m (layer 'fixed'): must be three finite numbers, not all zero, got [0, 1]"),
    ("m = [0, 0, 1]", 'm = [0, "0", 1]',
     "layers[0].m (layer 'fixed'): must be three finite numbers, not all zero, got [0, '0', 1]"),
    ("m = [0, 0, 1]", "m = [0, nan, 1]",
     "layers[0].m (layer 'fixed'): must be three finite numbers, not all zero, got [0, nan, 1]"),
    ("m = [0, 0, 1]", "m = [0, true, 1]",
     "layers[0].m (layer 'fixed'): must be three finite numbers, not all zero, got [0, True, 1]"),
    ("m = [0, 0, 1]", "m = 1",
     "layers[0].m (layer 'fixed'): must be three finite numbers, not all zero, got 1"),
    ("m = [0, 0, 1]", "",
     "layers[0] (layer 'fixed'): one of m and polar_deg must be given, got none"),
    ("polar_deg = 60", "polar_deg = 60\nm = [0, 0, 1]",
     "layers[2] (layer 'free'): one of m and polar_deg must be given, got both"),
    ("polar_deg = 60", "azimuth_deg = 60",
     "layers[2].azimuth_deg (layer 'free'): must be left out without polar_deg, got 60"),
    ("thickness_nm = 10", "thickness_nm = 10\nm = [0, 0, 1]",
     "layers[1].m: must be left out in a normal metal, got [0.0, 0.0, 1.0]"),
    ("thickness_nm = 10", "thickness_nm = 10\npolar_deg = 3",
     "layers[1].polar_deg: must be left out in a normal metal, got 3.0"),
    # keys
    ("thickness_nm = 10", "thicknes_nm = 10",
     "layers[1].thicknes_nm: unknown key; did you mean 'thickness_nm'?"),
    ("[[layers]]", "[[layer]]", "layer: unknown key; did you mean 'layers'?"),
    ('kind = "normal"', 'knd = "normal"', "materials.Cu.knd: unknown key; did you mean 'kind'?"),
    ("lead =", "laed =", "left.laed: unknown key; did you mean 'lead'?"),
    ("thickness_nm = 10", "thickness_nm = 10\nroughness = 1",
     "layers[1].roughness: unknown key; must be one of m, polar_deg, azimuth_deg, group, "
     "material, name, Ms_A_m, mu0_Ms_T, alpha, demag, K_J_m3, easy_axis, held, thickness_nm"),
    ("[left]", "[solver]\n[left]",
     "solver: unknown key; must be one of title, left, right, materials, mesh, cells, layers, "
     "j0_A_m2, current_density_A_m2"),
    ("thickness_nm = 10", '"a b\\nc" = 10', "layers[1].'a b\\nc': unknown key; must be one of"),
    ("beta = 0.76", "beta = 0.76\nresistivity_ohm_m = 1e-8",
     "materials.Py.resistivity_ohm_m: unknown key; rho_star_ohm_m is rho/(1 - beta^2) of the "
     "measured rho, in Ohm m"),
    ("thickness_nm = 10", "", "layers[1].thickness_nm: required key is missing"),
    ('material = "Cu"', "", "layers[1].material: required key is missing"),
    ('kind = "normal"', "", "materials.Cu.kind: required key is missing"),
    ("beta = 0.76", "", "materials.Py.beta: required key is missing"),
    ("l_nm = 450", "", "materials.Cu.l_nm: required key is missing"),
    ("resistivity_ohm_m = 6e-9", "",
     "materials.Cu: one of resistivity_ohm_m and sigma_S_m must be given, got none"),
    ("rho_star_ohm_m = 291e-9", "rho_star_ohm_m = 291e-9\nsigma_S_m = 1e7",
     "materials.Py: one of rho_star_ohm_m and sigma_S_m must be given, got both"),
    # units
    ("thickness_nm = 10", "thickness = 10",
     "layers[1].thickness: SI and the paper's units must not mix in one file, got the paper's "
     "here and SI in j0_A_m2; thickness_nm is in nm"),
    ("beta = 0.76", "p = 0.76",
     "materials.Py.p: SI and the paper's units must not mix in one file",
     "; beta is the polarization (sigma_up - sigma_down)/(sigma_up + sigma_down), the paper's p"),
    ("j0_A_m2", "j0",
     "j0: SI and the paper's units must not mix in one file, got the paper's here and SI in "
     "materials.Cu.resistivity_ohm_m; j0_A_m2 is the particle current, "),
    ("resistivity_ohm_m = 6e-9", "D = 3",
     "materials.Cu.D: SI and the paper's units must not mix in one file, got the paper's here "
     "and SI in j0_A_m2; rho_star_ohm_m is 1/D of the paper's D, as is resistivity_ohm_m of a "
     "normal metal, in Ohm m"),
    # names
    ('material = "Cu"', 'material = "Cuu"',
     "layers[1].material: must be one of the materials (Cu, Py), got 'Cuu'; did you mean 'Cu'?"),
    ('lead = "Cu"', 'lead = "Ag"', "left.lead: must be one of the materials (Cu, Py), got 'Ag'"),
    ('material = "Cu"', "material = 29", "layers[1].material: must be a string, got 29"),
    ('kind = "normal"', 'kind = "normla"',
     "materials.Cu.kind: must be 'normal' or 'ferromagnet', got 'normla'; did you mean 'normal'?"),
    ('name = "free"', 'name = "fixed"',
     "layers: names in a stack must be unique, got 'fixed' twice"),
    ('name = "free"', 'name = "free"\ngroup = ""',
     "layers[2].group (layer 'free'): must be a nonempty string, got ''"),
    ('name = "free"', 'name = "free"\ngroup = "fixed"',
     "layers: a group of layers must not be called like a layer, interface or lead of the stack, "
     "got 'fixed' for both"),
    ("thickness_nm = 10", 'thickness_nm = 10\ngroup = "g"',
     "layers[1].group: must be left out in a normal metal, got 'g'"),
    ("m = [0, 0, 1]", 'group = "g"\nm = [0, 0, 1]\n[[layers]]\nmaterial = "Py"\nthickness_nm = 2\n'
     'polar_deg = 60\ngroup = "g"',
     "layers: m of all layers of group 'g', one magnet, must be parallel, got fixed and Py2"),
    ('lead = "Cu"', 'lead = "Cu"\ngroup = "g"',
     "left.group: must be left out in a normal metal, got 'g'"),
    ('end = "reservoir"', 'end = "reservoir"\ngroup = "g"',
     "right.group: must be left out without a lead, got 'g'"),
    ('name = "free"', 'name = ""', "layers[2].name (layer ''): must be a nonempty string, got ''"),
    ('name = "free"', "name = 3", "layers[2].name: must be a nonempty string, got 3"),
    ('title = "valve"', "title = 3", "title: must be a string, got 3"),
    # ends
    ('"reservoir"', '"resevoir"',
     "right.end: must be 'reservoir', 'spin-blocking' or 'spin-source', got 'resevoir'; did you "
     "mean 'reservoir'?"),
    ('lead = "Cu"', 'lead = "Cu"\nend = "reservoir"',
     "left: one of lead and end must be given, got both"),
    ('lead = "Cu"', "", "left: one of lead and end must be given, got none"),
    ('end = "reservoir"', 'end = "reservoir"\nm = [0, 0, 1]',
     "right.m: must be left out without a lead, got [0.0, 0.0, 1.0]"),
    ('lead = "Cu"', 'lead = "Cu"\nm = [0, 0, 1]',
     "left.m: must be left out in a normal metal, got [0.0, 0.0, 1.0]"),
    ('lead = "Cu"', 'lead = "Py"', "left: one of m and polar_deg must be given, got none"),
    # exchange lengths
    ("beta = 0.76", "beta = 0.76\nlambda_J_nm = -2",
     "materials.Py.lambda_J_nm: must be positive (inf is allowed), got -2"),
    ("beta = 0.76", "beta = 0.76\nbeta_D = 0.5",
     "materials.Py.rho_star_ohm_m: must be left out with beta_D, in the place of sigma_S_m, got "),
    ("beta = 0.76", "beta = 0.76\nbeta_prime = 0.5",
     "materials.Py.beta_prime: unknown key; beta_D is the diffusion polarization, magnum.fe's "
     "beta' and Boris's beta_D"),
    ("beta = 0.76", 'beta = 0.76\nlambda_phi_nm = "short"',
     "materials.Py.lambda_phi_nm: must be a number, got 'short'"),
    ("beta = 0.76", "beta = 0.76\nlambda_j_nm = 2",
     "materials.Py.lambda_j_nm: unknown key; did you mean 'lambda_J_nm'?"),
    ("beta = 0.76", "beta = 0.76\nlambda_J = 2",
     "materials.Py.lambda_J: SI and the paper's units must not mix in one file, got the paper's "
     "here and SI in j0_A_m2; lambda_J_nm is in nm"),
    ("resistivity_ohm_m = 6e-9", "resistivity_ohm_m = 6e-9\nlambda_J_nm = 2",
     "materials.Cu.lambda_J_nm: unknown key; must be one of kind, "),
    # interfaces
    (FILE[FILE.index("[[layers]]") :], "[[layers]]\ninterface = true",
     "layers: at least one layer must be given, got none"),
    ('material = "Cu"\nthickness_nm = 10', "interface = true",
     "layers[1]: an interface between two ferromagnets must have no mixing, and both must be "
     "strong and collinear; put a thin normal layer between them, got one between fixed and free"),
    # shapes
    (FILE, "[layers]\nthickness_nm = 1",
     "layers: must be an array of tables, [[layers]], got a table"),
    (FILE, "[[materials]]\nl_nm = 1", "materials: must be a table, got [{'l_nm': 1}]"),
    (FILE, 'left = "Cu"', "left: must be a table, got 'Cu'"),
    (FILE, "materials.Cu = 3", "materials.Cu: must be a table, got 3"),
    (FILE, "layers = [1]", "layers[0]: must be a table, got 1"),
    (FILE[FILE.index("[[layers]]") :], "",
     "layers: at least one layer must be given, got none"),
    (FILE, "", "layers: at least one layer must be given, got none"),
    (FILE, '[[layers]]\nmaterial = "Cu"\nthickness_nm = 1',
     "layers[0].material: must be one of the materials (none in this file), got 'Cu'"),
    (FILE, NO_SINK, "no spin sink: a stack must absorb spin somewhere",
     "got spin-blocking ends, l = inf in every layer"),
    # TOML
    ("[left]", "[left",
     "must be valid TOML: Expected ']' at the end of a table declaration (at line "
     "4, column 6)"),
    ("l_nm = 450", "l_nm = 450\nl_nm = 3",
     "must be valid TOML: Cannot overwrite a value (at line "),
    (FILE, "x = " + 9999 * "[", "tables and arrays are nested too deeply"),
    (FILE, 20 * "x." + "x = 1", "x: unknown key; must be one of title, "),
    # paths, in which a backslash begins an escape
    ("[left]", '[mesh]\nfile = "C:\\Users\\x\\valve.msh"\n[left]',
     "must be valid TOML: Invalid hex value (at line 5, column 13); in double quotes a backslash "
     "begins an escape: put paths in single quotes, 'C:\\Users\\x\\valve.msh'"),
    ("[left]", '[mesh]\nfile = "C:\\data\\valve.msh"\n[left]',
     "must be valid TOML: Unescaped '\\' in a string (at line 5, column 13); in double quotes a "
     "backslash begins an escape: put paths in single quotes, 'C:\\data\\valve.msh'"),
    ("[left]", '[mesh]\nfile = "C:\\temp\\beam.msh"\nscale_nm = 1\n[left]',
     "5 errors: (1) mesh.file: must be a path without control characters (in double quotes a "
     "backslash begins an escape: use single quotes), got 'C:\\temp\\x08eam.msh' (2) "
     "layers[0].thickness_nm (layer 'fixed'): must be left out with [mesh], got 8 (3) "),
    # names that cannot be read
    ("materials.Cu", 'materials.""',
     "3 errors: (1) materials.'': must be a nonempty string, got ''"),
    ("materials.Cu", 'materials."\\u200b"',
     "3 errors: (1) materials.'\\u200b': must be a nonempty string, got '\\u200b'"),
    ('name = "free"', 'name = "fr\\u001b[2Jee"',
     "layers[2].name (layer 'fr\\x1b[2Jee'): must be a string without control characters, got "
     "'fr\\x1b[2Jee'"),
    ('name = "free"', f'name = "{1001 * "x"}"',
     "layers[2].name (layer 'xxx...", ": must be a string of at most 1000 characters, got 'xxx"),
    ('title = "valve"', f'title = "{1001 * "x"}"',
     "title: must be a string of at most 1000 characters, got 'xxx..."),
    # several at once
    ("thickness_nm = ", "thicknes_nm = ",
     "3 errors: (1) layers[0].thicknes_nm (layer 'fixed'): unknown key; did you mean "
     "'thickness_nm'? (2) layers[1].thicknes_nm: unknown key; did you mean 'thickness_nm'? "
     "(3) layers[2].thicknes_nm (layer 'free'): unknown key; did you mean "
     "'thickness_nm'?"),
    ("polar_deg = 60", "polr_deg = 60\nazmuth_deg = 3",
     "2 errors: (1) layers[2].polr_deg (layer 'free'): unknown key; did you mean 'polar_deg'? (2) "
     "layers[2].azmuth_deg (layer 'free'): unknown key; did you mean 'azimuth_deg'?"),
    ('material = "Py"', 'material = "Xy"',
     "2 errors: (1) layers[0].material (layer 'fixed'): must be one of the materials (Cu, Py), got "
     "'Xy' (2) layers[2].material (layer 'free'): must be one of the materials (Cu, Py), got 'Xy'"),
    ("thickness_nm = 10", "".join(f"a{i} = 1\n" for i in range(1000)),
     "1000 errors: (1) layers[1].a0: unknown key; must be one of m, polar_deg, azimuth_deg, "
     "group, material, name, Ms_A_m, mu0_Ms_T, alpha, demag, K_J_m3, easy_axis, held, "
     "thickness_nm (2) layers[1].a1: ", " and 995 more"),
]
# fmt: on


@pytest.fixture
def fails(tmp_path, monkeypatch, capfd):
    """Run a command that must fail in a directory; return its message, nothing being written."""
    monkeypatch.chdir(tmp_path)

    def fails(*arguments):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(SystemExit) as stop:
            cli.main(list(arguments))
        out, err = capfd.readouterr()
        assert stop.value.code == 2
        assert out == ""
        assert err.startswith("error: ")
        assert err.endswith("\n")
        assert len(err.splitlines()) == 1
        assert sorted(tmp_path.rglob("*")) == before
        return err.removeprefix("error: ").rstrip("\n")

    return fails


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [pytest.param(old, new, parts, id=parts[0]) for old, new, *parts in EDITS],
)
def test_in_a_file(fails, tmp_path, old, new, parts):
    assert old in FILE
    (tmp_path / "valve.toml").write_text(FILE.replace(old, new))
    message = fails("solve", "valve.toml", "-o", "out.vtu", "--plot", "out.png")
    assert message.startswith(f"valve.toml: {parts[0].removesuffix('...')}")
    for part in parts[1:]:
        assert part in message
    if "no spin sink" not in message:  # that is found on solving
        with pytest.raises(ValueError, match=re.escape(message)):
            sf.load("valve.toml")


SPACER = 'material = "Cu"\nthickness_nm = 10'
BLOCKED = """
[right]
end = "spin-blocking"
[materials.F]
kind = "ferromagnet"
D = 1
l = 1
p = 0.5
[[layers]]
material = "F"
thickness = 1
m = [0, 0, 1]
[[layers]]
interface = true
"""

# the second of the [[layers]], in front of the spacer, and the message
# fmt: off
INTERFACES = [
    ("interface = true\nAR_fOhm_m2 = -1",
     "layers[1].AR_fOhm_m2: must be zero or positive, and finite, got -1"),
    ('interface = true\nname = "face"\nAR_fOhm_m2 = inf',
     "layers[1].AR_fOhm_m2 (interface 'face'): must be zero or positive, and finite, got inf"),
    ("interface = true\ngamma = 1",
     "layers[1].gamma: must be between -1 and 1, both excluded, got 1"),
    ("interface = true\nmixing_S_m2 = 1e15",
     "layers[1].mixing_S_m2: must be two finite numbers [G_r, G_i] with G_r positive, got "
     "1000000000000000.0"),
    ("interface = true\nmixing_S_m2 = [0, 1]",
     "layers[1].mixing_S_m2: must be two finite numbers [G_r, G_i] with G_r positive, got [0, 1]"),
    ("interface = true\nmixing_S_m2 = [1, inf]",
     "layers[1].mixing_S_m2: must be two finite numbers [G_r, G_i] with G_r positive, got "
     "[1, inf]"),
    ("interface = true\nthickness_nm = 1",
     "layers[1].thickness_nm: unknown key; must be one of interface, name, gamma, delta, library, "
     "variant, temperature_K, AR_fOhm_m2, mixing_S_m2"),
    ("interface = true\nAR_fOhm_m = 1",
     "layers[1].AR_fOhm_m: unknown key; AR_fOhm_m2 is AR* of Valet and Fert, in fOhm m2"),
    ("interface = true\nAR = 1",
     "layers[1].AR: SI and the paper's units must not mix in one file, got the paper's here and "
     "SI in j0_A_m2; AR_fOhm_m2 is AR* of Valet and Fert, in fOhm m2"),
    ("interface = true\nmixing = [1, 2]",
     "layers[1].mixing: SI and the paper's units must not mix in one file, got the paper's here "
     "and SI in j0_A_m2; mixing_S_m2 is in S/m2"),
    ("AR_fOhm_m2 = 1", "layers[1].interface: required key is missing"),
    ("interfce = true\nAR_fOhm_m2 = 1",
     "layers[1].interfce: unknown key; did you mean 'interface'?"),
    ("interface = false\nAR_fOhm_m2 = 1",
     "layers[1].interface: must be true, or left out for a layer, got false"),
    ("interface = true\n[[layers]]\ninterface = true",
     "layers[2]: at most one interface must be between two layers, got a second one"),
    ('interface = true\nname = "free"',
     "layers: names in a stack must be unique, got 'free' twice"),
    ('interface = true\nname = "fixed"',
     "layers[1] (interface 'fixed'): names in a stack must be unique, got 'fixed' twice"),
    ('interface = true\nname = " "',
     "layers[1].name (interface ' '): must be a nonempty string, got ' '"),
    (f"{SPACER}\n[[layers]]\ninterface = true\ngamma = 0.5",
     "layers[2].gamma: must be left out between normal metals, got 0.5"),
    (f"{SPACER}\n[[layers]]\ninterface = true\nmixing_S_m2 = [1, 2]",
     "layers[2].mixing_S_m2: must be left out between normal metals, got [1.0, 2.0]"),
]
# fmt: on


@pytest.mark.parametrize(
    ("text", "expected"), [pytest.param(*case, id=case[1]) for case in INTERFACES]
)
def test_interface_in_a_file(fails, tmp_path, text, expected):
    assert FILE.count(SPACER) == 1
    content = FILE.replace(SPACER, f"{text}\n[[layers]]\n{SPACER}")
    (tmp_path / "valve.toml").write_text(content)
    assert fails("solve", "valve.toml") == f"valve.toml: {expected}"


def test_interfaces_where_they_must_not_be(fails, tmp_path):
    (tmp_path / "a.toml").write_text(BLOCKED)
    assert fails("solve", "a.toml").startswith(
        "a.toml: layers[1]: an interface must not be at a spin-blocking end"
    )
    text = BLOCKED.replace("spin-blocking", "reservoir") + "mixing = [1, 2]\n"
    (tmp_path / "b.toml").write_text(text.replace("p = 0.5", "p = 0.5\nlambda_J = 0.1"))
    assert fails("solve", "b.toml").startswith(
        "b.toml: layers[1]: resistance (AR*) of an interface with mixing must be positive between "
        "a reservoir and a ferromagnet with finite exchange lengths, got 0; put a thin normal layer"
    )


def test_the_file_itself_is_fine(tmp_path):
    (tmp_path / "valve.toml").write_text(FILE)
    stack, j0 = sf.load(tmp_path / "valve.toml")
    assert (len(stack.layers), j0) == (3, 1e11)


PAPER = """
[materials.F]
kind = "ferromagnet"
D = 2
l = 1
p = 0.5
[[layers]]
material = "F"
thickness = 1
m = [0, 0, 1]
"""


# fmt: off
PAPER_EDITS = [
    ("D = 2", "D = 0", "materials.F.D: must be positive and finite, got 0"),
    ("p = 0.5", "p = -1", "materials.F.p: must be between -1 and 1, both excluded, got -1"),
    ("p = 0.5", "", "materials.F.p: required key is missing"),
    ("p = 0.5", "p = 0.5\nbeta_D = 1",
     "materials.F.beta_D: must be between -1 and 1, both excluded, got 1"),
    ("p = 0.5", "p = 0.5\nlambda_phi = 0",
     "materials.F.lambda_phi: must be positive (inf is allowed), got 0"),
    ("p = 0.5", "p = 0.5\nlambda_phi_nm = 1",
     "materials.F.lambda_phi_nm: SI and the paper's units must not mix in one file, got SI here "
     "and the paper's in materials.F.D; lambda_phi is in the unit of the other numbers, m in SI "
     "(1 nm = 1e-09 m)"),
    ("p = 0.5", "beta = 0.5",
     "materials.F.beta: SI and the paper's units must not mix in one file, got SI here and the "
     "paper's in materials.F.D; p is the polarization (sigma_up - sigma_down)/(sigma_up + "
     "sigma_down), Valet and Fert's beta"),
    ("l = 1", "l = 1\nl_nm = 3",
     "materials.F.l_nm: SI and the paper's units must not mix in one file, got SI here and the "
     "paper's in materials.F.D; l is in the unit of the other numbers, m in SI (1 nm = 1e-09 m)"),
    ("thickness = 1", "thicknss = 1",
     "layers[0].thicknss: unknown key; did you mean 'thickness'?"),
]
# fmt: on


@pytest.mark.parametrize(
    ("old", "new", "expected"), [pytest.param(*case, id=case[2]) for case in PAPER_EDITS]
)
def test_in_a_file_in_the_papers_units(fails, tmp_path, old, new, expected):
    assert old in PAPER
    (tmp_path / "paper.toml").write_text(PAPER.replace(old, new))
    assert fails("solve", "paper.toml") == f"paper.toml: {expected}"


# --- files and the command line ---------------------------------------------------------------

# arguments, and the whole message, or its start and something of the rest
# fmt: off
COMMANDS = [
    (["solve", "velve.toml"], "velve.toml: cannot be read: No such file or directory"),
    (["solve", "folder.vtu"], "folder.vtu: cannot be read: Is a directory"),
    (["solve", "binary"], "binary: must be a text file in UTF-8, got byte 0x89 at position 0"),
    (["solve", "latin"], "latin: must be a text file in UTF-8, got byte 0xe9 at position 12"),
    (["solve", "valve.toml", "-o", "out"],
     "out: name of the file must end in .vtu or .csv, got 'out'"),
    (["solve", "valve.toml", "-o", "out.vtk"],
     "out.vtk: name of the file must end in .vtu or .csv, got 'out.vtk'"),
    (["solve", "valve.toml", "-o", "out.csv", "--wire", "20"],
     "--wire must come with -o OUT.vtu, where the wire is drawn"),
    (["solve", "valve.toml", "-o", "no/out.vtu"],
     "no/out.vtu: cannot be written: no directory no"),
    (["solve", "valve.toml", "-o", "folder.vtu"], "folder.vtu: cannot be written: is a directory"),
    (["solve", "valve.toml", "-o", "latin/out.vtu"],
     "latin/out.vtu: cannot be written: latin is not a directory"),
    (["solve", "valve.toml", "--plot", "out.bmp"],
     "out.bmp: name of the file must end in .png or .svg or .pdf, got 'out.bmp'"),
    (["solve", "valve.toml", "--plot", "no/out.png"],
     "no/out.png: cannot be written: no directory no"),
    (["solve", "valve.toml", "-o", "out.vtu", "--plot", "out.jpeg"],
     "out.jpeg: name of the file must end in .png or .svg or .pdf, got 'out.jpeg'"),
    (["solve", "valve.toml", "-o", "no/out.vtu", "--plot", "out.png"],
     "no/out.vtu: cannot be written: no directory no"),
    (["solve"], "Missing argument 'FILE'; try 'spinfem solve --help'"),
    (["solve", "valve.toml", "valve.toml"], "Got unexpected extra argument", "valve.toml"),
    (["solv", "valve.toml"], "No such command 'solv'", "solve"),
    (["solve", "valve.toml", "--jsn"], "No such option: --jsn", "--json"),
    (["--versoin"], "No such option: --versoin", "--version"),
    (["materials", "Co", "Py"], "Got unexpected extra argument", "Py"),
    (["materials", "Steel"],
     "name must be that of a metal or interface in the library (Co, Py, ", "got 'Steel'"),
    (["solve", "valve.toml", "-o"],
     "Option '-o' requires an argument; try 'spinfem solve --help'"),
    (["sweep", "--vary", "a.b=1:2:3"], "Missing argument 'FILE'; try 'spinfem sweep --help'"),
    (["export", "valve.toml", "--to", "oommf"],
     "Missing option '-o' / '--output'; try 'spinfem export --help'"),
]
# fmt: on


@pytest.mark.parametrize(
    ("arguments", "start", "rest"),
    [pytest.param(arguments, start, rest, id=start) for arguments, start, *rest in COMMANDS],
)
def test_on_the_command_line(fails, tmp_path, arguments, start, rest):
    (tmp_path / "valve.toml").write_text(FILE)
    (tmp_path / "binary").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    (tmp_path / "latin").write_bytes('title = "caf\xe9"'.encode("latin-1"))
    (tmp_path / "folder.vtu").mkdir()
    message = fails(*arguments)
    assert message == start if not rest else message.startswith(start)
    for part in rest:
        assert part in message.removeprefix(start)


@pytest.mark.parametrize(
    ("name", "error", "reason"),
    [
        ("missing.toml", FileNotFoundError, "No such file or directory"),
        ("folder", IsADirectoryError, "Is a directory"),
    ],
)
def test_files_that_cannot_be_read_in_python(tmp_path, name, error, reason):
    (tmp_path / "folder").mkdir()
    with pytest.raises(error, match=f"^.*{name}: cannot be read: {reason}$"):
        sf.load(tmp_path / name)


def test_name_of_two_lines_stays_in_one(fails):
    assert "one two.toml: cannot be read" in fails("solve", "one\ntwo.toml")


ESCAPES = "owned \\u001b]0;PWNED\\u0007\\u001b[2J\\u009b1m \\u202e two\\nlines"


@pytest.mark.parametrize("command", ["solve", "sensitivity"])
def test_a_terminal_gets_no_control_characters(tmp_path, capfd, command):
    path = tmp_path / "title.toml"
    path.write_text(FILE.replace('"valve"', f'"{ESCAPES}"'))
    with pytest.raises(SystemExit) as stop:
        cli.main([command, str(path)])
    out, err = capfd.readouterr()
    assert (stop.value.code, err) == (0, "")
    assert out.startswith(r"owned \x1b]0;PWNED\x07\x1b[2J\x9b1m \u202e two\nlines" + "\n")
    assert all(line.isprintable() for line in out.splitlines())


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [
        "日本語 $x",
        pytest.param(r"$\\bad_{$ one", marks=pytest.mark.long),
        pytest.param("🧲" + 900 * "W", marks=pytest.mark.long),
    ],
)
def test_pictures_take_any_name(tmp_path, capfd, name):
    """Without a word of what the font lacks, or what would be a formula."""
    path = tmp_path / "names.toml"
    path.write_text(FILE.replace('"free"', f'"{name}"'), encoding="utf-8")
    for command in ("solve", "sensitivity"):
        with pytest.raises(SystemExit) as stop:
            cli.main([command, str(path), "--plot", str(tmp_path / "names.png")])
        assert (stop.value.code, capfd.readouterr().err) == (0, "")


def test_nor_do_errors_send_them(fails, tmp_path):
    name = "a\x1b[2J.toml"
    (tmp_path / name).write_text(FILE)
    for arguments in (["solve", "no\x1b[2J.toml"], ["sweep", name, "--vary", "\x1b[2J=1:2:3"]):
        assert fails(*arguments).isprintable()


def test_long_values_are_cut(fails, tmp_path):
    (tmp_path / "long.toml").write_text(f"j0_A_m2 = '''{1000 * 'x'}\n'''")
    message = fails("solve", "long.toml")
    assert message.startswith("long.toml: j0_A_m2: must be a number, got 'xxx")
    assert len(message) < 120
