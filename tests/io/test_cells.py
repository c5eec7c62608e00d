"""Cells of stack files: written once, and as if each copy were written out."""

from pathlib import Path

import numpy as np
import pytest

import spinfem as sf
from spinfem.files.tables import MOST_TABLES
from spinfem.io.stackfile import read
from spinfem.io.vary import FileBuilder, parse
from validation.formulas import interface_resistance

EXAMPLE = Path(__file__).parents[2] / "examples" / "multilayer.toml"

METALS = """
j0_A_m2 = 1e11
[materials.Co]
kind = "ferromagnet"
rho_star_ohm_m = 75e-9
beta = 0.46
l_nm = 60
[materials.Cu]
kind = "normal"
resistivity_ohm_m = 6e-9
l_nm = 450
"""
CELL = """
[[cells.X.layers]]
material = "Co"
name = "free"
group = "top"
thickness_nm = 6
polar_deg = 60
[[cells.X.layers]]
interface = true
name = "face"
AR_fOhm_m2 = 0.5
gamma = 0.7
[[cells.X.layers]]
material = "Cu"
thickness_nm = 5
"""
USE = '[[layers]]\ncell = "X"\nrepeat = 3\n'
REPEATED = METALS + CELL + USE


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "stack.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def long_form(repeat):
    """The example, written out in Python."""
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
    Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
    face = sf.Interface(0.51e-15, gamma=0.77)
    pieces = [sf.Lead(Cu)]
    for n in range(1, repeat + 1):
        for name, polar in (("up", 0), ("down", 180)):
            pieces += [face, Co(6e-9, m=sf.direction(polar), name=f"{name}{n}"), face, Cu(6e-9)]
    return sf.Stack([*pieces, sf.Lead(Cu)])


def test_the_example_is_its_long_form():
    """60 bilayers in under 40 lines; the same numbers, so that results are the same to roundings"""
    stack, j0 = sf.load(EXAMPLE)
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) < 40
    expected = long_form(30)
    assert stack.element_names == expected.element_names
    found, other = sf.solve(stack, j0), sf.solve(expected, j0)
    for key in ("resistance", "spin_resistance"):
        assert getattr(found, key) == pytest.approx(getattr(other, key), rel=1e-13)


def test_the_example_has_the_resistance_of_valet_and_fert(written):
    """Each bilayer more has r_0 + 2 r_SI; ends are 58 bilayers away from where two are added."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for key in ("AR_fOhm_m2 = 0.51", "gamma = 0.77"):
        assert text.count(key) == 4
    # numbers of the formula, and l = 20 nm so that ends are far away
    text = text.replace("0.51", "0.52").replace("0.77", "0.76")
    text = text.replace("l_nm = 60", "l_nm = 20").replace("l_nm = 450", "l_nm = 20")
    R = [sf.solve(sf.load(written(text.replace("= 30", f"= {n}")))).resistance for n in (30, 29)]
    t, l = 6e-9, 20e-9
    series = (1 - 0.46**2) * 75e-9 * t + 6e-9 * t + 2 * (1 - 0.76**2) * 0.52e-15
    expected = 2 * (series + 2 * interface_resistance(t, t, l, l, False))
    # a difference of two that are 30 times larger, each right to 1e-13
    assert R[0] - R[1] == pytest.approx(expected, rel=1e-11)


def test_names_are_numbered_by_copy(written):
    stack, _ = sf.load(written(f"{REPEATED}{USE.replace('3', '2')}"))
    names = [f"free{n}" for n in range(1, 6)]
    assert [layer.name for layer in stack.layers][::2] == names
    assert [*stack.groups] == [f"top{n}" for n in range(1, 6)]
    assert [joint.name for joint in stack.joints if joint] == [f"face{n}" for n in range(1, 6)]


def test_a_cell_stands_once_if_nothing_else_is_said(written):
    stack, _ = sf.load(written(REPEATED.replace("repeat = 3\n", "")))
    assert [layer.name for layer in stack.layers] == ["free1", "Cu1"]


def test_cells_in_the_papers_units(written):
    text = 'materials.N = { kind = "normal", D = 1, l = 2 }\n[cells.X]\nlayers = [{ material = "N",'
    stack, _ = sf.load(written(f"{text} thickness = 3 }}, {{ interface = true, AR = 1 }}]\n{USE}"))
    assert [layer.thickness for layer in stack.layers] == [3.0, 3.0, 3.0]


def test_cells_of_a_mesh(written, tmp_path):
    """Names of copies are those of groups in the mesh."""
    groups = "".join(f'1 {n} "a{n}"\n' for n in (1, 2))
    nodes = "".join(f"{n + 1} {n} 0 0\n" for n in range(3))
    lines = "".join(f"{n} 1 2 {n} {n} {n} {n + 1}\n" for n in (1, 2))
    (tmp_path / "x.msh").write_text(
        f"$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$PhysicalNames\n2\n{groups}$EndPhysicalNames\n"
        f"$Nodes\n3\n{nodes}$EndNodes\n$Elements\n2\n{lines}$EndElements\n"
    )
    cell = '[[cells.X.layers]]\nmaterial = "Cu"\nname = "a"\n[[layers]]\ncell = "X"\nrepeat = 2\n'
    stack, _ = sf.load(written(f'{METALS}[mesh]\nfile = "x.msh"\nscale_nm = 2\n{cell}'))
    assert [(layer.name, layer.thickness) for layer in stack.layers] == [("a1", 2e-9), ("a2", 2e-9)]


@pytest.mark.long
def test_many_copies(written):
    """A file that is short and a stack that is long: built in a second or so."""
    path = written(REPEATED.replace("= 3", f"= {MOST_TABLES // 3}"))
    with pytest.raises(ValueError, match=r"at most 120000, got 120003 up to here"):
        sf.load(written(REPEATED.replace("= 3", f"= {MOST_TABLES // 3 + 1}")))
    path = written(REPEATED.replace("= 3", "= 3000"))
    file = read(path)
    assert len(file.stack.layers) == 6000
    assert len(parse("free.thickness_nm=1:2:3", file).where) == 3000


# what is put in the place of what, and the message
ERRORS = [
    ('cell = "X"', 'cell = "Y"', "layers[0].cell: must be one of the cells (X), got 'Y'"),
    ('cell = "X"\n', "", "layers[0].cell: required key is missing"),
    (
        "repeat = 3",
        "repeat = 0",
        "layers[0].repeat: must be a whole number from 1 to 120000, got 0",
    ),
    ("repeat = 3", "repeat = 3.0", "layers[0].repeat: must be a whole number from 1 to 120000"),
    ("repeat = 3", "repeat = true", "layers[0].repeat: must be a whole number from 1 to 120000"),
    ("repeat = 3", "repeats = 3", "layers[0].repeats: unknown key; did you mean 'repeat'?"),
    (CELL, "", "layers[0].cell: must be one of the cells (none in this file), got 'X'"),
    (
        CELL,
        "[cells.X]\nlayers = []\n",
        "cells.X.layers: at least one layer must be given, got none",
    ),
    (CELL, "[cells.X]\n", "cells.X.layers: required key is missing"),
    (USE, "", "layers: at least one layer must be given, got none"),
    (
        USE,
        f'[[cells.X.layers]]\ncell = "X"\n{USE}',
        "cells.X.layers[3].cell: must be left out in a cell, which has layers and interfaces alone",
    ),
    (
        "thickness_nm = 6",
        "thicknes_nm = 6",
        "cells.X.layers[0].thicknes_nm (layer 'free'): unknown key; did you mean 'thickness_nm'?",
    ),
    (
        'material = "Cu"',
        'material = "Ag"',
        "cells.X.layers[2].material: must be one of the materials (Co, Cu), got 'Ag'",
    ),
    (
        "gamma = 0.7",
        "gamma = 0.7\nmixing_S_m2 = [1, 2, 3]",
        "cells.X.layers[1].mixing_S_m2 (interface 'face'): must be two finite numbers",
    ),
    (
        "polar_deg = 60\n",
        "",
        "cells.X.layers[0] (layer 'free'): one of m and polar_deg must be given, got none",
    ),
    (
        USE,
        f"[[cells.X.layers]]\ninterface = true\ngamma = 0.5\n{USE}",
        "cells.X.layers[3].gamma: must be left out between normal metals, got 0.5 (in copy 3)",
    ),
    (
        'name = "face"',
        'name = "free"',
        "cells.X.layers[1].name (interface 'free'): must differ from cells.X.layers[0].name "
        "(layer 'free'), got 'free'",
    ),
    (
        USE,
        f'{USE}[[layers]]\nmaterial = "Cu"\nname = "free3"\nthickness_nm = 1\n',
        "cells.X.layers[0].name (layer 'free'): 'free' and its copies 'free' with a number must "
        "differ from all other names, got 'free3' in layers[1].name (layer 'free3') too",
    ),
    (
        USE,
        f'{USE}[[layers]]\nmaterial = "Co"\ngroup = "top1"\nthickness_nm = 1\npolar_deg = 60\n',
        "got 'top1' in layers[1].group too",
    ),
    (
        USE,
        f"{USE}{CELL.replace('cells.X', 'cells.Z')}{USE.replace('X', 'Z')}",
        "3 errors: (1) cells.Z.layers[0].name (layer 'free'): 'free' and its copies",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), ERRORS, ids=[case[2] for case in ERRORS])
def test_errors_name_what_was_written(written, old, new, message):
    assert old in REPEATED
    path = written(REPEATED.replace(old, new))
    with pytest.raises(ValueError) as error:  # noqa: PT011 - all of the message is compared
        sf.load(path)
    assert message in str(error.value)
    errors = "errors" in message
    assert ("errors:" in str(error.value)) is errors


@pytest.mark.parametrize(
    ("vary", "copies"),
    [
        ("free.thickness_nm", (1, 2, 3)),
        ("free2.thickness_nm", (2,)),
        ("free.polar_deg", (1, 2, 3)),
        ("top.polar_deg", (1, 2, 3)),
        ("top3.polar_deg", (3,)),
        ("face.AR_fOhm_m2", (1, 2, 3)),
        ("face1.AR_fOhm_m2", (1,)),
    ],
)
def test_vary_acts_on_one_copy_or_on_all(written, vary, copies):
    # with a group, angles of a layer may turn alone: it is the only one of its group
    file = read(written(REPEATED))
    variation = parse(f"{vary}=10:20:3", file)
    changed = FileBuilder(file.tables, {vary: variation.where})(**{vary: variation.values})
    pairs = [
        ([e.thickness, e.m], [other.thickness, other.m])
        for e, other in zip(changed.layers[::2], file.stack.layers[::2], strict=True)
    ]
    if vary.startswith("face"):
        faces = [[joint for joint in s.joints if joint] for s in (changed, file.stack)]
        pairs = [([a.resistance], [b.resistance]) for a, b in zip(*faces, strict=True)]
    differ = [n for n, (a, b) in enumerate(pairs, start=1) if not _equal(a, b)]
    assert tuple(differ) == copies


def _equal(a, b):
    return all(np.shape(x) == np.shape(y) and np.all(x == y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ("free.thickness_nm=-1:2:3", "cells.X.layers[0].thickness_nm (layer 'free'): must be posi"),
        ("free4.thickness_nm=1:2:3", "name must be that of a layer, a group"),
        ("top.thickness_nm=1:2:3", "key must be a numeric one of 'top' (polar_deg, azimuth_deg)"),
    ],
)
def test_bad_vary(written, vary, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        parse(vary, read(written(REPEATED)))
    assert message in str(error.value)
