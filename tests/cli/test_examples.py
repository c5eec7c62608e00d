"""``spinfem examples``: what is copied, from wherever spinfem is installed."""

import runpy
import shutil
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from spinfem import cli
from spinfem.files import shipped

ROOT = Path(__file__).parents[2]
KINDS = {".py", ".toml", ".csv", ".msh", ".vtu"}
EXPECTED = {
    place + path.name: path
    for place, folder in {"": "examples", "meshes/": "meshes"}.items()
    for path in (ROOT / folder).iterdir()
    if path.suffix in KINDS
}
"""Names in the directory, and what is copied there."""


@pytest.fixture
def run(capfd, monkeypatch, tmp_path):
    """Run the command in a directory of its own; status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            cli.main([str(argument) for argument in arguments])
        return stop.value.code, *capfd.readouterr()

    return run


def files_in(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def first_words(out):
    return [line.partition("  ")[0] for line in out.splitlines()]


def test_examples_are_copied_and_named(run, tmp_path):
    status, out, err = run("examples")
    assert (status, err) == (0, "")
    assert files_in(tmp_path / "examples") == set(EXPECTED)
    assert sorted(first_words(out)) == sorted(str(Path("examples", name)) for name in EXPECTED)
    for name, source in EXPECTED.items():
        assert (tmp_path / "examples" / name).read_bytes() == source.read_bytes()


@pytest.mark.long
def test_what_is_copied_is_all_that_it_needs(run, tmp_path):
    """Files of stacks and devices beside data and meshes, and a script beside its stack file."""
    run("examples", "new/mine")
    files = [name for name in EXPECTED if name.endswith(".toml")]
    devices = {f"meshes/{name}.toml" for name in ("crossing", "lateral_valve")}
    assert len({*files} - devices) == 11
    for name in files:
        command = ("solve", "--degree", 1) if name in devices else ("check",)
        assert run(*command, tmp_path / "new" / "mine" / name)[::2] == (0, "")
    runpy.run_path(str(tmp_path / "new" / "mine" / "co_cu_py.py"), run_name="__main__")
    plt.close("all")


def test_the_list_says_what_each_is_and_copies_nothing(run, tmp_path):
    status, out, err = run("examples", "--list")
    assert (status, err) == (0, "")
    assert sorted(first_words(out)) == sorted(EXPECTED)
    assert "co_cu_py.toml  Co/Cu/Py spin valve\n" in out
    assert "co_cu_py.py  A Co/Cu/Py spin valve between Cu leads, in SI units.\n" in out
    for line in out.splitlines():
        name, _, description = line.partition("  ")
        assert bool(description) == (Path(name).suffix in (".py", ".toml"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["wavy_torque.py", "meshes/valve.msh"])
@pytest.mark.parametrize("link", [False, True])
def test_nothing_is_overwritten(run, tmp_path, name, link):
    mine = tmp_path / "mine" / name
    mine.parent.mkdir(parents=True)
    mine.symlink_to("nowhere") if link else mine.write_text("mine")
    status, out, err = run("examples", "mine")
    assert (status, out) == (2, "")
    shown = Path("mine", name)
    assert err == f"error: {shown}: must not be there yet: it would be overwritten\n"
    assert [p for p in (tmp_path / "mine").rglob("*") if not p.is_dir()] == [mine]
    assert link or mine.read_text() == "mine"


def test_a_file_in_the_place_of_the_directory(run, tmp_path):
    (tmp_path / "mine").write_text("mine")
    assert run("examples", "mine") == (2, "", "error: mine: is not a directory\n")


def test_an_installed_package_has_its_own(run, tmp_path, monkeypatch):
    """As in a wheel: beside the package something of this name is another's."""
    package = tmp_path / "site" / "spinfem"
    monkeypatch.setattr(shipped, "ROOTS", (package, package.parent))
    (package.parent / "examples").mkdir(parents=True)
    (package.parent / "examples" / "others.py").touch()
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"][
        "targets"
    ]["wheel"]["force-include"]
    for source, place in wheel.items():
        shutil.copytree(ROOT / source, package.parent / place)
    assert run("examples", "mine")[::2] == (0, "")
    assert files_in(tmp_path / "mine") == set(EXPECTED)


def test_an_installation_without_examples_says_so(run, tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "ROOTS", (tmp_path,))
    expected = "error: no folder examples came with this installation of spinfem\n"
    assert run("examples") == run("examples", "--list") == (2, "", expected)
