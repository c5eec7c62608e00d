"""Files of devices say the same as Python, to the last bit; one line for what is wrong in them."""

import json
import runpy
import shutil
import tomllib
import warnings
from pathlib import Path

import devicefiles
import numpy as np
import pytest
import skfem

import spinfem as sf
from spinfem.devices.device import touching
from spinfem.files.tables import FileError
from spinfem.io.deviceschema import DeviceTables, device_schema
from spinfem.io.keys import IN_DEVICES, MEANINGS, is_of_device
from spinfem.io.loading import read_any
from spinfem.io.stackfile import read

MESHES = Path(__file__).parents[2] / "meshes"
Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Ru = sf.NormalMetal.from_resistivity(9e-8, l=14e-9, name="Ru")
METAL = ("name", "D", "l", "p", "beta_D", "lambda_J", "lambda_phi")
LAW = ("resistance", "gamma", "delta", "mixing")


@pytest.fixture
def written(tmp_path):
    """Write a file of a device, with the mesh and the stack file that it asks for."""
    return lambda text: devicefiles.write(tmp_path, text)


def numbers(thing, keys):
    return [type(thing), *(getattr(thing, key, None) for key in keys)]


def assert_same(a, b):
    """Two devices of the same pieces, numbers equal to the last bit, and solved to the same."""
    assert (a.grid.unit, a.grid.is_axisymmetric) == (b.grid.unit, b.grid.is_axisymmetric)
    assert np.array_equal(a.grid.mesh.p, b.grid.mesh.p)
    assert np.array_equal(a.grid.mesh.t, b.grid.mesh.t)
    assert [*a.regions] == [*b.regions]
    for one, other in zip(a.regions.values(), b.regions.values(), strict=True):
        assert numbers(one.metal, METAL) == numbers(other.metal, METAL)
        assert np.array_equal(one.m, other.m)
    assert {*a.electrodes} == {*b.electrodes}
    for name, one in a.electrodes.items():
        other = b.electrodes[name]
        for key in ("current", "potential", "j0"):
            assert getattr(one, key) == getattr(other, key)
        assert type(one.end) is type(other.end)
        assert np.array_equal(getattr(one.end, "drive", None), getattr(other.end, "drive", None))
        if isinstance(one.end, sf.Lead):
            assert numbers(one.end.material, METAL) == numbers(other.end.material, METAL)
            assert np.array_equal(one.end.m, other.end.m)
    assert {*a.interfaces} == {*b.interfaces}
    for pair, law in a.interfaces.items():
        assert numbers(law, LAW) == numbers(b.interfaces[pair], LAW)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of cells that are long
        one, other = (sf.solve(device, degree=2) for device in (a, b))
    for name in one.magnets:
        assert np.array_equal(one.torque(name), other.torque(name))
    for name in a.electrodes:
        assert one.potential(name) == other.potential(name)


# --- what they say ----------------------------------------------------------------------------


@pytest.mark.long
def test_a_file_is_the_device_in_python(written):
    path = written(devicefiles.DEVICE)
    device = sf.Device.from_mesh(
        path.with_name("device.msh"),
        {"fixed": (Co, sf.direction(0)), "spacer": Cu, "free": (Co, sf.direction(60, 30))},
        {
            "in": sf.Electrode(current=1e3, end=sf.Lead(Cu)),
            "out": sf.Electrode(potential=0.0),
            "side": sf.Electrode(current=0.0, end=sf.SpinBlocking()),
        },
        {
            ("free", "spacer"): sf.Interface(0.5e-15, gamma=0.7, mixing=5e14 + 1e13j),
            ("free", "out"): sf.Interface(0.3e-15),
        },
    )
    assert_same(sf.load(path), device)
    file = read_any(path)
    assert (file.title, file.path) == ("Valve", path)


@pytest.mark.long
def test_a_file_of_a_pillar_is_the_pillar_in_python(written):
    path = written(devicefiles.PILLAR)
    stack, _ = sf.load(path.with_name("stack.toml"))
    below = sf.Slab(Cu, 50e-9, 200e-9, end=sf.Lead(Cu))
    above = sf.Slab(Ru, 10e-9, 60e-9, end=sf.SpinBlocking())
    device = sf.Device.pillar(stack, radius=50e-9, current=1e-3, leads=(below, above))
    assert_same(sf.load(path), device)


def test_ends_that_drive_spins(written):
    """Spin currents are positive into the device, behind discs too."""
    text = devicefiles.DEVICE.replace(
        'spin = "blocking"', 'spin = "source"\nspin_current_A_m2 = [1e9, 0, -2e9]'
    ).replace("potential_V = 0", "potential_V = 0\nspin_potential_V = [0, 0, 1e-5]")
    text = text.replace("AR_fOhm_m2 = 0.3", "AR_fOhm_m2 = 0.3\nmixing_S_m2 = [5e14, 0]")
    device = sf.load(written(text))
    side, out = (device.electrodes[name].end for name in ("side", "out"))
    assert isinstance(side, sf.SpinSource)
    assert side.spin_current.tolist() == [1e9, 0, -2e9]
    assert isinstance(out, sf.Reservoir)
    assert out.spin_potential.tolist() == [0, 0, 1e-5]
    text = devicefiles.PILLAR.replace(
        'spin = "blocking"', 'spin = "source"\nspin_current_A_m2 = [1e9, 0, -2e9]'
    )
    end = sf.load(written(text)).electrodes["right"].end
    assert end.spin_current.tolist() == [1e9, 0, -2e9]


@pytest.mark.long
def test_discs_may_be_left_out_and_magnetic(written):
    head = devicefiles.PILLAR.partition("[materials")[0]
    path = written(head)
    stack, _ = sf.load(path.with_name("stack.toml"))
    assert_same(sf.load(path), sf.Device.pillar(stack, radius=50e-9, current=1e-3))
    path = written(
        head + '[pillar.above]\nmaterial = "Co"\nm = [0, 1, 0]\nthickness_nm = 5\nradius_nm = 50\n'
    )
    above = sf.Slab(Co, 5e-9, 50e-9, m=[0, 1, 0])
    leads = (None, above)
    assert_same(sf.load(path), sf.Device.pillar(stack, radius=50e-9, current=1e-3, leads=leads))


@pytest.mark.long
def test_what_else_a_file_can_say(written):
    """Densities, magnetic leads, the library, spin memory loss."""
    text = devicefiles.DEVICE.replace("scale_nm = 1", "scale_nm = 2.5")
    text = text.replace("current_A = 1e3", "j0_A_m2 = 1e11")
    text = text.replace("potential_V = 0", 'potential_V = 1e-3\nlead = "Co"\npolar_deg = 60\n')
    text = text.replace("polar_deg = 60\n\n", "polar_deg = 60\nazimuth_deg = 30\n")
    text = text.replace("AR_fOhm_m2 = 0.3", "AR_fOhm_m2 = 0.3\ndelta = 0.25")
    text += '[[interfaces]]\nbetween = ["fixed", "spacer"]\nlibrary = "CoFe/Cu"\n'
    text += '[materials.Py]\nlibrary = "Py"\n'
    path = written(
        text.replace('[regions.free]\nmaterial = "Co"', '[regions.free]\nmaterial = "Py"')
    )
    free = sf.direction(60, 30)
    device = sf.Device.from_mesh(
        path.with_name("device.msh"),
        {"fixed": (Co, (0, 0, 1)), "spacer": Cu, "free": (sf.material("Py", name="Py"), free)},
        {
            "in": sf.Electrode(j0=1e11, end=sf.Lead(Cu)),
            "out": sf.Electrode(potential=1e-3, end=sf.Lead(Co, m=free)),
            "side": sf.Electrode(current=0.0, end=sf.SpinBlocking()),
        },
        {
            ("free", "spacer"): sf.Interface(0.5e-15, gamma=0.7, mixing=5e14 + 1e13j),
            ("free", "out"): sf.Interface(0.3e-15, delta=0.25),
            ("fixed", "spacer"): sf.interface("CoFe/Cu"),
        },
        scale=2.5e-9,
    )
    assert_same(sf.load(path), device)


@pytest.mark.long
def test_a_section_of_what_is_round(written):
    """The line x = 0 is the axis: it has no area, and is no electrode."""
    text = devicefiles.DEVICE.replace("scale_nm = 1", "scale_nm = 1\naxisymmetric = true")
    path = written(text)
    with pytest.raises(FileError, match="electrode 'in' must have an area, got none on the axis"):
        sf.load(path)
    text = text.replace('[electrodes.in]\ncurrent_A = 1e3\nlead = "Cu"\n', "")
    path = written(text.replace("current_A = 0", "current_A = 1e-3"))
    device = sf.load(path)
    assert device.grid.is_axisymmetric
    plain = sf.Device.from_mesh(
        path.with_name("device.msh"),
        device.regions,
        device.electrodes,
        device.interfaces,
        is_axisymmetric=True,
    )
    assert_same(device, plain)
    assert device.electrodes["side"].current == 1e-3


@pytest.mark.long
@pytest.mark.parametrize("name", ["lateral_valve", "crossing"])
def test_devices_beside_the_meshes(name):
    """Currents balance; and the probe of the lateral valve sees the detector turn."""
    device = sf.load(MESHES / f"{name}.toml")
    solution = sf.solve(device, degree=1)
    currents = {electrode: solution.current(electrode) for electrode in device.electrodes}
    scale = max(map(abs, currents.values()))
    assert abs(sum(currents.values())) < 1e-9 * scale  # the solver's residual
    assert currents["out"] == pytest.approx(-currents["in"], rel=1e-9)
    assert solution.torque(solution.magnets[-1]).any()
    if name == "lateral_valve":
        signal = []
        for angle in (0, 180):
            turned = sf.solve(device.replace(detector=sf.direction(angle)), degree=1)
            signal.append(turned.potential("probe") - turned.potential("ground"))
        assert signal[0] > 0 > signal[1]  # spins of the injector's majority arrive


def test_meshes_are_made_again(tmp_path):
    """Another gmsh may make other cells, but of the same regions and surfaces."""
    pytest.importorskip("gmsh")
    runpy.run_path(str(MESHES / "make.py"))["make"](tmp_path)
    for name in ("lateral_valve", "crossing"):
        shutil.copy(MESHES / f"{name}.toml", tmp_path)
        assert (tmp_path / f"{name}.msh").read_text("utf-8").splitlines()[1].startswith("4.1")
        new, old = (sf.load(folder / f"{name}.toml").grid for folder in (tmp_path, MESHES))
        assert [*new.surfaces] == [*old.surfaces]
        for (one, cells), (other, others) in zip(
            new.regions.items(), old.regions.items(), strict=True
        ):
            assert one == other
            sizes = [
                skfem.Functional(lambda w: 1.0 + 0 * w.x[0]).assemble(
                    skfem.Basis(grid.mesh, grid.mesh.elem(), elements=own)
                )
                for grid, own in ((new, cells), (old, others))
            ]
            assert sizes[0] == pytest.approx(sizes[1], rel=1e-9)  # cells fill their regions


# --- which files they are ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "is_one"),
    [
        (["mesh", "regions", "electrodes"], True),
        (["pillar"], True),
        (["mesh", "region", "electrode"], True),  # misspelt
        (["piller"], True),
        (["mesh", "layers"], False),
        (["layers", "electrodes"], False),  # an unknown key of a stack
        (["mesh", "materials"], False),
        ([], False),
    ],
)
def test_files_of_devices_are_told_from_those_of_stacks(keys, is_one):
    assert is_of_device(dict.fromkeys(keys, 0)) is is_one


def test_stack_files_that_name_a_mesh_are_none_of_a_device():
    for name in ("valve", "dual_valve", "graded"):
        stack, _ = sf.load(MESHES / f"{name}.toml")
        assert isinstance(stack, sf.Stack)


@pytest.mark.parametrize("text", [devicefiles.DEVICE, devicefiles.PILLAR])
@pytest.mark.parametrize("take", [read, sf.Dynamics.from_file])
def test_what_takes_stacks_says_that_it_got_a_device(written, take, text):
    with pytest.raises(FileError, match=r"device.toml: must be the file of a stack, got that of a"):
        take(written(text))


# --- what is wrong ----------------------------------------------------------------------------

BAD = [
    ("title = ", "titel = ", "titel: unknown key; did you mean 'title'?"),
    ('title = "Valve"', "title = 3", "title: must be a string, got 3"),
    ("[mesh]", "[mesh", "must be valid TOML"),
    # the mesh
    ('file = "device.msh"\n', "", "mesh.file: required key is missing"),
    ("scale_nm = 1\n", "", "mesh.scale_nm: required key is missing"),
    ("scale_nm = 1", "scale_um = 1", "mesh.scale_um: unknown key; scale_nm is in nm (1 um = 1000"),
    ("scale_nm = 1", "scale_nm = 0", "mesh.scale_nm: must be positive and finite, got 0"),
    ("scale_nm = 1", "axisymetric = true", "mesh.axisymetric: unknown key; did you mean 'axisy"),
    ("scale_nm = 1", "scale_nm = 1\naxisymmetric = 1", "mesh.axisymmetric: must be true or false"),
    ('"device.msh"', '"other.msh"', "mesh.file: "),
    ('"device.msh"', '"stack.toml"', "mesh: "),
    ('"device.msh"', '"device\\b.msh"', "mesh.file: must be a path without control characters"),
    (
        '[mesh]\nfile = "device.msh"\nscale_nm = 1\n',
        "",
        "one of mesh and pillar must be given, got ",
    ),
    ("[mesh]", "[mash]", "mash: unknown key; did you mean 'mesh'?"),
    # regions
    ("[regions.free]", "[regions.fre]", "regions.fre: must be a region of device.msh (fixed, "),
    ("[regions.free]", "[regions.side]", "it is a surface there"),
    ('[regions.spacer]\nmaterial = "Cu"\n', "", "regions.spacer: required key is missing, device"),
    ("[regions.free]", "[region.free]", "region: unknown key; did you mean 'regions'?"),
    ('[regions.spacer]\nmaterial = "Cu"', "[regions.spacer]", "regions.spacer.material: required"),
    (
        '[regions.spacer]\nmaterial = "Cu"',
        '[regions.spacer]\nmetal = "Cu"',
        "material is the metal",
    ),
    (
        '[regions.spacer]\nmaterial = "Cu"',
        '[regions.spacer]\nmaterial = "Cuu"',
        "; did you mean 'Cu'",
    ),
    (
        '[regions.spacer]\nmaterial = "Cu"',
        "[regions]\nspacer = 3",
        "regions.spacer: must be a table",
    ),
    (
        '[regions.spacer]\nmaterial = "Cu"',
        '[regions.spacer]\nmaterial = "Co"',
        "one of m and polar",
    ),
    ("m = [0, 0, 2]", "m = [0, 0, 0]", "regions.fixed.m: must be three finite numbers, not all"),
    ("m = [0, 0, 2]", "m = [0, 0, 2]\npolar_deg = 3", "regions.fixed: one of m and polar_deg must"),
    ("m = [0, 0, 2]", 'm_file = "x"', "regions.fixed.m_file: unknown key"),
    ("polar_deg = 60", "polar_rad = 1", "regions.free.polar_rad: unknown key; polar_deg is "),
    (
        "polar_deg = 60\n",
        "",
        "regions.free.azimuth_deg: must be left out without polar_deg, got 30",
    ),
    ("m = [0, 0, 2]", 'm = [0, 0, 2]\ngroup = "a"', "regions.fixed.group: unknown key"),
    (
        '[regions.spacer]\nmaterial = "Cu"',
        '[regions.spacer]\nmaterial = "Cu"\nm = [1, 0, 0]',
        "regions.spacer.m: must be left out in a normal metal, got [1.0, 0.0, 0.0]",
    ),
    # materials
    ("l_nm = 450", "l_um = 0.45", "materials.Cu.l_um: unknown key; l_nm is in nm (1 um = 1000 nm)"),
    ("l_nm = 450", "l_nm = 450\nthickness_nm = 3", "materials.Cu.thickness_nm: unknown key"),
    ("resistivity_ohm_m = 6e-9\n", "", "materials.Cu: one of resistivity_ohm_m and sigma_S_m must"),
    ("resistivity_ohm_m = 6e-9", "D = 1.6e8", "materials.Cu.D: unknown key; "),
    ("beta = 0.46", "beta = 1", "materials.Co.beta: must be between -1 and 1, both excluded"),
    # electrodes
    (
        "[electrodes.side]",
        "[electrodes.sides]",
        "electrodes.sides: must be a surface of device.msh",
    ),
    ("[electrodes.side]", "[electrodes.free]", "it is a region there"),
    (
        "potential_V = 0",
        "potential_V = 0\ncurrent_A = 1",
        "electrodes.out: one of current_A, poten",
    ),
    ("potential_V = 0", "", "electrodes.out: one of current_A, potential_V and j0_A_m2 must be "),
    (
        "potential_V = 0",
        "potential_mV = 0",
        "electrodes.out.potential_mV: unknown key; potential_V is in V (1",
    ),
    ("potential_V = 0", "current_A = 0", "electrodes: potential must be given at one"),
    (
        "potential_V = 0",
        "current_density_A_m2 = 0",
        "electrodes.out.current_density_A_m2: unknown key; j0_A_m2 is the particle current",
    ),
    ("potential_V = 0", "potential_V = inf", "electrodes.out.potential_V: must be finite, got inf"),
    ('spin = "blocking"', 'spin = "bloking"', "; did you mean 'blocking'?"),
    (
        'spin = "blocking"',
        'end = "spin-blocking"',
        "electrodes.side.end: unknown key; spin is what",
    ),
    (
        'spin = "blocking"',
        'spin = "blocking"\nlead = "Cu"',
        "electrodes.side.spin: must be left out",
    ),
    ('spin = "blocking"', 'lead = "Co"', "electrodes.side: one of m and polar_deg must be given"),
    (
        'spin = "blocking"',
        'lead = "Ag"',
        "electrodes.side.lead: must be one of the materials (Cu, ",
    ),
    ('spin = "blocking"', "m = [0, 0, 1]", "electrodes.side.m: must be left out without a lead"),
    (
        'spin = "blocking"',
        'spin = "source"',
        "electrodes.side.spin_current_A_m2: required key is missing",
    ),
    (
        'spin = "blocking"',
        'spin = "blocking"\nspin_potential_V = [0, 0, 1]',
        "electrodes.side.spin_potential_V: must be left out at a spin-blocking end, got [0.0, 0.0",
    ),
    (
        'lead = "Cu"',
        'lead = "Cu"\nspin_current_A_m2 = [0, 0, 1]',
        "electrodes.in.spin_current_A_m2: must be left out with a lead, got [0.0, 0.0, 1.0]",
    ),
    (
        'spin = "blocking"',
        "spin_potential_V = [0, 1]",
        "electrodes.side.spin_potential_V: must be three",
    ),
    ("[electrodes.side]", "[electrode.side]", "electrode: unknown key; did you mean 'electrodes'?"),
    # interfaces
    (
        '["free", "spacer"]',
        '["free", "spcer"]',
        "interfaces[0].between: must be of the regions and ",
    ),
    (
        '["free", "spacer"]',
        '["free", "free"]',
        "interfaces[0].between: must be the names of two dif",
    ),
    ('["free", "spacer"]', '"free"', "interfaces[0].between: must be the names of two regions, or"),
    ('["free", "spacer"]', '["free", "fixed"]', "interfaces[0].between: must be of two that touch"),
    ('["free", "spacer"]', '["in", "out"]', "interfaces[0].between: must be of two that touch"),
    ('["out", "free"]', '["spacer", "free"]', "interfaces[1].between: must be given once for two"),
    (
        '["free", "spacer"]',
        '["side", "spacer"]',
        "interfaces[0].gamma: must be left out between no",
    ),
    ('between = ["free", "spacer"]\n', "", "interfaces[0].between: required key is missing"),
    (
        "AR_fOhm_m2 = 0.5",
        "RA_fOhm_m2 = 0.5",
        "interfaces[0].RA_fOhm_m2: unknown key; AR_fOhm_m2 is",
    ),
    ("gamma = 0.7", "gamma = 7", "interfaces[0].gamma: must be between -1 and 1, both excluded"),
    ("gamma = 0.7", 'variant = "4.2 K"', "interfaces[0].variant: must be left out without library"),
    ("[[interfaces]]", "[interfaces]", "must be valid TOML"),
    # what stack files have
    ('title = "Valve"', "j0_A_m2 = 1", "j0_A_m2: unknown key; must be one of title, mesh, "),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD)
def test_what_is_wrong_is_said_in_one_line(written, old, new, message):
    assert old in devicefiles.DEVICE
    path = written(devicefiles.DEVICE.replace(old, new))
    with pytest.raises(FileError) as error:
        sf.load(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


BAD_PILLARS = [
    ("radius_nm = 50\n", "", "pillar.radius_nm: required key is missing"),
    ("radius_nm = 50\n", "radius_um = 1\n", "pillar.radius_um: unknown key; radius_nm is "),
    ("current_A = 1e-3", "current = 1e-3", "pillar.current: unknown key; current_A is "),
    ("current_A = 1e-3", "current_mA = 1", "pillar.current_mA: unknown key; current_A is "),
    ('stack = "stack.toml"\n', "", "pillar.stack: required key is missing"),
    ('"stack.toml"', '"none.toml"', "pillar.stack: "),
    ('"stack.toml"', '"device.toml"', "got that of a device"),
    ("[pillar.below]", "[pillar.bellow]", "pillar.bellow: unknown key; did you mean 'below'?"),
    ("thickness_nm = 50", "thickness_um = 1", "pillar.below.thickness_um: unknown key; thickness_"),
    ("radius_nm = 200", "radius_nm = 20", "pillar.below.radius_nm: must be at least that of the p"),
    ("radius_nm = 200", "width_nm = 20", "pillar.below.width_nm: unknown key"),
    ('"Ru"', '"Rh"', "pillar.above.material: must be one of the materials (Cu, Co, Ru), got 'Rh'"),
    ("materials.Ru", "materials.Cu", "materials.Cu: must be another name than one of stack.toml"),
    ('lead = "Cu"', 'lead = "Co"', "pillar.below.lead: must be a normal metal behind a disc, got "),
    ('lead = "Cu"', 'lead = "Cu"\nspin = "blocking"', "pillar.below.spin: must be left out with a"),
    (
        'material = "Ru"',
        'material = "Ru"\npolar_deg = 3',
        "pillar.above.polar_deg: must be left out",
    ),
    (
        "[materials.Ru]",
        '[regions.a]\nmaterial = "Cu"\n[materials.Ru]',
        "regions: must be left out wi",
    ),
    (
        "[materials.Ru]",
        '[mesh]\nfile = "a.msh"\nscale_nm = 1\n[materials.Ru]',
        "mesh and pillar must",
    ),
]


@pytest.mark.parametrize(("old", "new", "message"), BAD_PILLARS)
def test_what_is_wrong_with_a_pillar_is_said_in_one_line(written, old, new, message):
    assert old in devicefiles.PILLAR
    path = written(devicefiles.PILLAR.replace(old, new))
    with pytest.raises(FileError) as error:
        sf.load(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_wrong_in_the_stack_of_a_pillar_is_said_with_both_files(written, tmp_path):
    path = written(devicefiles.PILLAR)
    stack = tmp_path / "stack.toml"
    stack.write_text(devicefiles.STACK.replace("thickness_nm = 4", "thicknes_nm = 4"))
    with pytest.raises(FileError) as error:
        sf.load(path)
    assert f"{path}: pillar.stack: {stack}: layers[3].thicknes_nm (layer 'free')" in str(
        error.value
    )
    shutil.copy(MESHES.with_name("examples") / "paper_valve.toml", stack)
    with pytest.raises(
        FileError, match=r"pillar.stack: must be a stack file in SI, got one in the"
    ):
        sf.load(path)


def test_several_errors_are_said_at_once(written):
    """Unknown keys at the top, in tables, and what tables say together."""
    text = devicefiles.DEVICE.replace("title", "titel").replace("l_nm = 60", "l_nm = -60")
    text = text.replace("potential_V", "potental_V").replace("scale_nm", "scale_um")
    with pytest.raises(FileError) as error:
        sf.load(written(text))
    places = [line.split(": ")[1] for line in error.value.lines]
    assert places == [
        *("titel", "mesh.scale_um", "materials.Co.l_nm", "electrodes.out.potental_V"),
    ]
    text = devicefiles.DEVICE.replace("regions.free", "regions.fre")
    text = text.replace('lead = "Cu"', 'lead = "Ag"').replace("resistivity_ohm_m = 6e-9\n", "")
    with pytest.raises(FileError) as error:
        sf.load(written(text.replace('["out", "free"]', '["out", "spacer"]')))
    places = [line.split(": ")[1] for line in error.value.lines]
    assert places == [
        *("materials.Cu", "electrodes.in.lead", "regions.fre", "interfaces[1].between"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("l_nm = 450", "l_nm = 450e-9", "materials.Cu.l_nm should be from"),
        ("AR_fOhm_m2 = 0.5", "AR_fOhm_m2 = 5e14", "interfaces[0].AR_fOhm_m2 should be from"),
        ("azimuth_deg = 30", "azimuth_deg = 1.5708", "regions.free.azimuth_deg should be in deg"),
        ("scale_nm = 1", "scale_nm = 1e9", "extent of the mesh by mesh.scale_nm should be from"),
    ],
)
def test_units_that_no_sample_has_are_warned_of(written, old, new, message):
    path = written(devicefiles.DEVICE.replace(old, new))
    with pytest.warns(sf.UnitWarning) as said:
        sf.load(path)
    (warning,) = said
    assert str(warning.message).startswith(f"{path}: {message}")


def test_radii_of_pillars_are_warned_of_by_their_keys(written):
    text = devicefiles.PILLAR.replace("radius_nm = 50\n", "radius_nm = 5e-8\n")
    text = text.partition("[pillar.below]")[0]
    with pytest.warns(sf.UnitWarning, match=r"device.toml: pillar.radius_nm should be from"):
        sf.load(written(text))


# --- the device itself ------------------------------------------------------------------------


def test_regions_may_be_given_in_any_order(written):
    """They are counted as the grid does, which knows its cells by number."""
    device = sf.load(written(devicefiles.DEVICE))
    turned = sf.Device(
        device.grid,
        dict(reversed(device.regions.items())),
        device.electrodes,
        device.interfaces,
    )
    assert [*turned.regions] == [*device.grid.regions]
    assert_same(device, turned)


def test_interfaces_are_between_what_touches(written):
    device = sf.load(written(devicefiles.DEVICE))
    pairs = [("fixed", "spacer"), ("free", "spacer"), ("fixed", "in"), ("free", "out")]
    assert touching(device.grid) == {frozenset(x) for x in [*pairs, ("spacer", "side")]}
    for pair in (("fixed", "free"), ("fixed", "out")):
        with pytest.raises(ValueError, match=r"interfaces must be between two that touch, got 'f"):
            sf.Device(device.grid, device.regions, device.electrodes, {pair: sf.Interface(1e-15)})


# --- keys -------------------------------------------------------------------------------------


def keys():
    tables = device_schema()
    found = {*tables["properties"]}
    return found.union(*(table["properties"] for table in tables["$defs"].values()))


def test_every_key_has_a_meaning_and_every_meaning_a_key():
    assert keys() <= {*MEANINGS, *IN_DEVICES}
    assert {*IN_DEVICES} <= keys()
    for table in device_schema()["$defs"].values():
        assert all(value["description"] for value in table["properties"].values())
    assert {*DeviceTables.model_fields} <= keys()


@pytest.mark.long
def test_files_that_load_fit_the_schema():
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(json.dumps(device_schema()))
    jsonschema.Draft202012Validator.check_schema(schema)
    texts = [devicefiles.DEVICE, devicefiles.PILLAR]
    texts += [(MESHES / f"{x}.toml").read_text("utf-8") for x in ("crossing", "lateral_valve")]
    for text in texts:
        jsonschema.Draft202012Validator(schema).validate(tomllib.loads(text))
