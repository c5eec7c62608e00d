"""What stands in several files of the project is the same in all of them."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import spinfem as sf

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
IN_CI = ("dev", "interop", "browser", "docs")
"""Extras that `.ci/run` installs."""
CONDA = {"matplotlib": "matplotlib-base"}
"""Packages that have another name there."""


def required(extras):
    """All that extras require, those of spinfem that they are made of too."""
    for text in PROJECT["dependencies"] if extras is IN_CI else ():
        yield Requirement(text)
    for extra in extras:
        for requirement in map(Requirement, EXTRAS[extra]):
            if requirement.name == "spinfem":
                yield from required(requirement.extras)
            else:
                yield requirement


def test_ci_installs_these_extras():
    script = (ROOT / ".ci" / "run").read_text()
    found = re.findall(r"-e '\.\[([\w,]+)\]'", script)
    assert sorted(",".join(found).split(",")) == sorted(IN_CI)


def test_the_lock_has_all_that_is_required():
    lock = {}
    for line in (ROOT / "requirements" / "ci.txt").read_text().splitlines():
        if not line.startswith("#"):
            pin = Requirement(line)
            (version,) = pin.specifier
            assert version.operator == "=="
            assert pin.url is None
            lock.setdefault(pin.name.lower(), []).append(version.version)
    for requirement in required(IN_CI):
        assert lock[requirement.name.lower()]
        for version in lock[requirement.name.lower()]:
            assert requirement.specifier.contains(version), requirement


def test_lowest_versions_have_no_other_bound_elsewhere():
    """An extra does not ask for less of a package than another one."""
    bounds = {}
    for text in [*PROJECT["dependencies"], *(text for extra in EXTRAS.values() for text in extra)]:
        requirement = Requirement(text)
        bounds.setdefault(requirement.name, set()).add(str(requirement.specifier))
    assert {name: found for name, found in bounds.items() if len(found) > 1} == {}


def test_versions_and_requirements_of_the_conda_recipe_and_the_citation():
    yaml = pytest.importorskip("yaml")
    recipe = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text())
    assert recipe["context"]["version"] == sf.__version__
    assert f">={recipe['context']['python_min']}" == PROJECT["requires-python"]
    expected = {
        CONDA.get(one.name, one.name): str(one.specifier)
        for one in map(Requirement, PROJECT["dependencies"])
    }
    _, *others = recipe["requirements"]["run"]
    assert dict(line.split() for line in others) == expected
    for key in ("license", "description"):
        assert recipe["about"][{"description": "summary"}.get(key, key)] in PROJECT[key]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == sf.__version__


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda p: p.stem)
def test_templates_ask_for_what_can_be_given(path):
    """Every form is read, and asks for the version of spinfem; no two fields have one name."""
    yaml = pytest.importorskip("yaml")
    form = yaml.safe_load(path.read_text())
    if path.stem == "config":
        return
    fields = [field["id"] for field in form["body"]]
    assert len({*fields}) == len(fields)
    assert {"input", "version"} <= {*fields}
    assert "spinfem --version" in path.read_text()
