"""The template and the JSON schema: what they say of keys is what a file may have."""

import json
import re
import tomllib
from pathlib import Path

import pytest

import spinfem as sf
from spinfem.io.jsonschema import json_schema
from spinfem.io.keys import MEANINGS, PAPER_KEYS, SI_KEYS
from spinfem.io.template import SCHEMA, template
from validation.formulas import RHO, RHO_STAR

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))
TABLES = json_schema()["$defs"]
KEYS = {key for table in TABLES.values() for key in table.get("properties", {})}


@pytest.fixture
def loaded(tmp_path):
    def load(text):
        path = tmp_path / "valve.toml"
        path.write_text(text, encoding="utf-8")
        return sf.load(path)

    return load


def test_every_key_has_a_meaning_and_every_meaning_a_key():
    assert set(MEANINGS) == KEYS
    assert {*SI_KEYS, *PAPER_KEYS} <= KEYS


def test_every_key_stands_in_the_template_and_is_explained_once():
    lines = template().splitlines()
    for key in KEYS:
        named = [line for line in lines if re.match(rf"(# )?(\[+{key}[.\]]|{key} = )", line)]
        assert named, key
        assert [f"  # {MEANINGS[key]}" in line for line in named] == [
            True,
            *[False] * (len(named) - 1),
        ]


def test_the_template_is_a_valve_that_can_be_solved(loaded):
    stack, j0 = loaded(template())
    assert (stack.element_names, j0) == (
        ("left lead", "fixed", "spacer", "free", "right lead"),
        1e11,
    )
    assert stack.layers[1].material.D == 1 / RHO
    assert stack.layers[0].material.D == 1 / RHO_STAR
    assert abs(sf.solve(stack).torque("free")).max() > 0


def optional():
    """Parts of the template in SI that are commented out: a table, or a key of one that is used."""
    lines = template().partition("# In the paper's units")[0].splitlines()
    start = 0
    while start < len(lines):
        stop = start + 1
        if re.match(r"# \[", lines[start]):
            while lines[stop].startswith("# ") and not re.match(r"# \[\[layers", lines[stop]):
                stop += 1
        if re.match(r"# (\[|\w+ = )", lines[start]):
            yield start, stop
        start = stop


@pytest.mark.parametrize(
    "part", [*optional()], ids=lambda part: template().splitlines()[part[0]][:30]
)
def test_what_is_commented_out_belongs_where_it_stands(loaded, part):
    """It may contradict its neighbours, or miss a file or cell; it is never unknown."""
    lines = template().splitlines()
    used = [line.removeprefix("# ") for line in lines[slice(*part)]]
    problem = None
    try:
        loaded("\n".join([*lines[: part[0]], *used, *lines[part[1] :]]))
    except ValueError as error:
        problem = str(error)
    assert problem is None or re.search("got both|must be left out|one of the cells", problem)


def test_schema_is_json_with_a_meaning_for_every_key():
    schema = json.loads(json.dumps(json_schema()))
    for table in schema["$defs"].values():
        assert table["additionalProperties"] is False
        for value in table["properties"].values():
            assert value["description"]
    assert f"#:schema ./{SCHEMA}\n" == template().splitlines(keepends=True)[0]


@pytest.fixture(scope="module")
def validator():
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(json_schema())
    return jsonschema.Draft202012Validator(json_schema())


@pytest.mark.long
@pytest.mark.parametrize("text", [*EXAMPLES, None], ids=lambda x: x.name if x else "template")
def test_files_that_load_fit_the_schema(validator, text):
    text = template() if text is None else text.read_text(encoding="utf-8")
    assert [*validator.iter_errors(tomllib.loads(text))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("thickness_nm = 8", "thicknes_nm = 8"),
        ("thickness_nm = 8", "thickness_nm = -8"),
        ("thickness_nm = 8", "thickness = 8"),
        ('kind = "normal"', 'kind = "metal"'),
        ("beta = 0.46", "beta = 1"),
        ('lead = "Cu"', 'lead = "Cu"\nname = ""'),
        ("polar_deg = 0", "m = [0, 1]"),
        ("polar_deg = 60", 'polar_deg = 60\n[[layers]]\ncell = "X"\nrepeat = 0'),
    ],
)
def test_the_schema_refuses_what_a_file_may_not_have(validator, old, new):
    assert old in template()
    assert [*validator.iter_errors(tomllib.loads(template().replace(old, new, 1)))]


def test_the_file_in_the_documentation_is_what_it_says(loaded):
    page = Path(__file__).parents[2] / "docs" / "howto" / "stack_files.md"
    (text,) = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    stack, j0 = loaded(text)
    assert [layer.name for layer in stack.layers][::2] == [f"magnet{n}" for n in range(1, 16)]
    assert j0 == 1e11
