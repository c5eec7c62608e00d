"""Metals and interfaces of the library in stack files, as `spinfem.material` gives them."""

import numpy as np
import pytest

import spinfem as sf
from spinfem.io.stackfile import read
from spinfem.io.vary import FileBuilder, parse

LAYERS = """
[[layers]]
material = "F"
name = "free"
thickness_nm = 3
polar_deg = 30
[[layers]]
interface = true
{face}
[[layers]]
material = "N"
thickness_nm = 3
"""


@pytest.fixture
def written(tmp_path):
    def write(metal='library = "Co"', face="", normal='library = "Cu"'):
        path = tmp_path / "stack.toml"
        materials = f"[materials.F]\n{metal}\n[materials.N]\n{normal}\n"
        path.write_text(materials + LAYERS.format(face=face), encoding="utf-8")
        return path

    return write


def assert_same(found, expected):
    assert type(found) is type(expected)
    for key in ("source", "units"):
        assert getattr(found, key, None) == getattr(expected, key, None)
    numbers = [
        {key: getattr(one, key, None) for key in ("resistance", "gamma", "delta", "mixing")}
        if isinstance(one, sf.Interface)
        else one.numbers
        for one in (found, expected)
    ]
    assert numbers[0] == numbers[1]


METALS = [
    ('library = "Co"', {}),
    ('library = "Co"\nkind = "ferromagnet"', {}),
    ('library = "cobalt"', {}),
    ('library = "Py"\nvariant = "4.2 K"\nsigma_S_m = 1e7', {"variant": "4.2 K", "sigma": 1e7}),
    ('library = "Py"\ntemperature_K = 4.2\nrho_star_ohm_m = 2e-7', None),
    ('library = "Co"\nbeta = 0.3\nl_nm = 20', {"p": 0.3, "l": 20e-9}),
    ('library = "Co"\ntau_ps = 0.9', {"tau": 0.9e-12}),
    ('library = "Co"\nlambda_J_nm = 2\nlambda_phi_nm = 4', {"lambda_J": 2e-9, "lambda_phi": 4e-9}),
]


@pytest.mark.parametrize(("text", "changes"), METALS, ids=[text for text, _ in METALS])
def test_ferromagnets(written, text, changes):
    found = sf.load(written(text))[0].layers[0].material
    entry = "Py" if "Py" in text else "Co"
    if changes is None:
        changes = {"temperature": 4.2, "rho_star": 2e-7}
    assert found.name == "F"
    assert_same(found, sf.material(entry, **changes))


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ('library = "Cu"', {}),
        ('library = "Cu"\nresistivity_ohm_m = 6e-9\nl_nm = 450', {"sigma": 1 / 6e-9, "l": 450e-9}),
        ('library = "Cu"\nsigma_S_m = 2e8', {"sigma": 2e8}),
        ('library = "Cu"\ntau_ps = 22', {"tau": 22e-12}),
    ],
)
def test_normal_metals(written, text, changes):
    found = sf.load(written(normal=text))[0].layers[1].material
    assert_same(found, sf.material("Cu", **changes))


@pytest.mark.parametrize(
    ("entry", "text", "changes"),
    [
        ("Co/Pt", "", {}),
        ("Co/Pt", "delta = 0.1\ngamma = 0.2", {"delta": 0.1, "gamma": 0.2}),
        (
            "Py/Cu",
            "AR_fOhm_m2 = 0.5\nmixing_S_m2 = [4e14, 1e13]",
            {"resistance": 0.5e-15, "mixing": 4e14 + 1e13j},
        ),
    ],
)
def test_interfaces(written, entry, text, changes):
    stack, _ = sf.load(written(face=f'name = "face"\nlibrary = "{entry}"\n{text}'))
    assert stack.joints[1].name == "face"
    assert_same(stack.joints[1], sf.interface(entry, **changes))


def test_numbers_of_the_library_can_be_swept(written):
    file = read(written('library = "Co"', 'name = "face"\nlibrary = "Co/Pt"'))
    for vary, expected in (
        ("F.l_nm=1:3:3", lambda s: s.layers[0].material.l * 1e9),
        ("F.sigma_S_m=1e7:3e7:3", lambda s: s.layers[0].material.total_conductivity / 1e7),
        ("N.resistivity_ohm_m=1e-8:3e-8:3", lambda s: 1e8 / s.layers[1].material.D),
        ("face.AR_fOhm_m2=1:3:3", lambda s: s.joints[1].resistance * 1e15),
    ):
        variation = parse(vary, file)
        builder = FileBuilder(file.tables, {variation.name: variation.where})
        found = expected(builder(**{variation.name: variation.values}))
        np.testing.assert_allclose(found, [1, 2, 3], rtol=1e-14)
    with pytest.raises(ValueError, match="key must be a numeric one of 'F'"):
        parse("F.temperature_K=1:2:3", file)


ERRORS = [
    ({"metal": 'library = "Coo"'}, "materials.F.library: name of the material must be one of Co, "),
    (
        {"metal": 'library = "Co"\nvariant = "x"'},
        "materials.F.library: variant of 'Co' must be one",
    ),
    ({"metal": 'variant = "x"'}, "materials.F.library: required key is missing"),
    ({"metal": 'library = "Co"\nkind = "normal"'}, "F.kind: must be 'ferromagnet' or left out for"),
    (
        {"metal": 'library = "Co"\nresistivity_ohm_m = 1e-7'},
        "materials.F.resistivity_ohm_m: must be left out in a ferromagnet, got 1e-07",
    ),
    (
        {"metal": 'library = "Co"\nsigma_S_m = 1e7\nrho_star_ohm_m = 1e-7'},
        "materials.F.sigma_S_m: one of rho_star_ohm_m and sigma_S_m must be given, got both",
    ),
    ({"metal": 'library = "PdNi"'}, "must be given, 'PdNi' of the library has none"),
    ({"metal": 'library = "Co"\nbeta = 1'}, "materials.F.beta: must be between -1 and 1"),
    ({"metal": 'library = "Co"\np = 1'}, "SI and the paper's units must not mix in one file"),
    (
        {"normal": 'library = "Cu"\nbeta = 0.3'},
        "materials.N.beta: must be left out in a normal metal, got 0.3",
    ),
    (
        {"normal": 'library = "IrMn"'},
        "materials.N.resistivity_ohm_m: must be given, 'IrMn' of the library has none",
    ),
    ({"face": 'library = "Co/Xx"'}, "layers[1].library: name of the interface must be one of"),
    ({"face": 'library = "Py/Cu"'}, "layers[1].AR_fOhm_m2: must be given, 'Py/Cu' of the library"),
    ({"face": 'variant = "x"'}, "layers[1].variant: must be left out without library, got 'x'"),
]


@pytest.mark.parametrize(("given", "message"), ERRORS, ids=[case[1] for case in ERRORS])
def test_errors(written, given, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - all of the message is compared
        sf.load(written(**given))
    assert message in str(error.value)


def test_the_library_is_in_SI(tmp_path):
    path = tmp_path / "stack.toml"
    path.write_text(
        'materials.N.library = "Cu"\n[[layers]]\nmaterial = "N"\nthickness = 3\n', encoding="utf-8"
    )
    with pytest.raises(ValueError, match="SI and the paper's units must not mix in one file"):
        sf.load(path)
