"""What is shown runs: README blocks, docstring examples, example scripts and files."""

import doctest
import importlib
import os
import pkgutil
import re
import runpy
import shlex
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import spinfem

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ELSEWHERE = {
    "paraview_valve.py": "ParaView runs it",
    "check_paraview.py": "ParaView runs it",
    "picture_of_the_dual_valve.py": "tests/io/test_vtk.py runs it",
}
SLOW = (
    "oscillator_of_a_wavy_torque.py",
    "phase_diagram_of_a_valve.py",
    "pumping_in_time.py",
    "rings_in_time.py",
    "three_magnets_that_move.py",
    "torque_at_terahertz.py",
)
EXAMPLES = [
    pytest.param(path, marks=[pytest.mark.long] if path.name in SLOW else [], id=path.name)
    for path in sorted((ROOT / "examples").glob("*.py"))
]
MODULES = [m.name for m in pkgutil.walk_packages(spinfem.__path__, "spinfem.")]


def test_readme_blocks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL):
        exec(compile(block, "README.md", "exec"), names)
    plt.close("all")
    assert (tmp_path / "valve.vtu").stat().st_size > 0
    # the number that the README states
    assert names["theta"][names["g_free"] < 0].max() == pytest.approx(74, abs=0.5)


def test_readme_command(tmp_path, monkeypatch, capsys):
    from spinfem.cli import main

    command = re.search(r"\.venv/bin/spinfem (solve .*)", README).group(1)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(shlex.split(command))
    assert stop.value.code == 0
    assert "free" in capsys.readouterr().out
    for name in ("valve.vtu", "valve.png"):
        assert (tmp_path / name).stat().st_size > 0


MADE = ("_build", "_made", "_gallery", "gallery")
DOCS = [p for p in sorted((ROOT / "docs").rglob("*.md")) if not {*MADE} & {*p.parts}]
PAGES = [ROOT / "README.md", *DOCS]
CELL = re.compile(r"```\{code-cell\}\n((?::.*\n)*)(.*?)```", flags=re.DOTALL)
NOTEBOOKS = [page for page in DOCS if CELL.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page):
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", [*PAGES, ROOT / "validation" / "README.md"], ids=lambda p: p.name)
def test_rows_of_tables_have_all_columns(page):
    """A bar in a cell that is not escaped begins another cell."""
    lines = page.read_text(encoding="utf-8").splitlines()
    bars = [len(re.findall(r"(?<!\\)\|", line)) if line.startswith("| ") else 0 for line in lines]
    for line, count, before in zip(lines[1:], bars[1:], bars, strict=False):
        assert not (count and before) or count == before, line


def test_own_stack_of_the_start_page_is_that_in_python():
    """And the file and the text are of one sample."""
    stack, j0 = spinfem.load(ROOT / "docs" / "own_stack.toml")
    _, cell = CELL.findall((ROOT / "docs" / "start.md").read_text(encoding="utf-8"))[0]
    names = {}
    exec(compile(cell, "start.md", "exec"), names)
    found = spinfem.solve(names["stack"], j0).torque("free")
    assert found == pytest.approx(spinfem.solve(stack, j0).torque("free"), rel=1e-12)


@pytest.mark.long
@pytest.mark.parametrize("page", NOTEBOOKS, ids=lambda page: page.stem)
def test_notebooks(page, tmp_path, monkeypatch):
    """As they are executed when the site is built."""
    monkeypatch.chdir(tmp_path)
    names = {}
    for _, cell in CELL.findall(page.read_text(encoding="utf-8")):
        exec(compile(cell, page.name, "exec"), names)
    plt.close("all")


def blocks_of(page):
    """Python of a page under docs."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.interop
def test_paraview_page(tmp_path, monkeypatch):
    pytest.importorskip("pyvista")
    monkeypatch.chdir(tmp_path)
    solution = spinfem.solve(spinfem.load(ROOT / "examples" / "dual_valve.toml"))
    solution.save("line.vtu")
    names = {}
    (block,) = blocks_of("howto/paraview.md")
    exec(block, names)
    x, free = 1e9 * solution.layer("free").x, names["free"]
    assert free.bounds[:2] == pytest.approx((x[0], x[-1]), rel=1e-12)
    assert free.n_cells == len(x) - 1


@pytest.fixture
def slurm(monkeypatch):
    """Two processes of this machine in place of SLURM's, and what SLURM's would be asked for."""
    from dask.distributed import LocalCluster

    asked = {}

    class Here(LocalCluster):
        def __init__(self, **options):
            asked.update(options)
            super().__init__(2, threads_per_worker=1, dashboard_address=":0")

        def adapt(self, *, maximum_jobs):
            assert maximum_jobs > 0

    monkeypatch.setitem(sys.modules, "dask_jobqueue", SimpleNamespace(SLURMCluster=Here))
    return asked


def run_cluster_page(folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = {"__name__": "__main__"}  # what is there is sent by value
    for block in blocks_of("howto/cluster.md"):
        with np.errstate(all="warn"):
            exec(block.replace(", 100)", ", 4)"), names)
    return names


@pytest.mark.long
def test_cluster_page(tmp_path, monkeypatch, slurm, capsys):
    names = run_cluster_page(tmp_path, monkeypatch)
    alone = spinfem.sweep(names["valve"], names["arguments"], j0=1e11)
    for name in alone:
        assert names["data"][name].values.tobytes() == alone[name].values.tobytes()
    assert names["data"]["torque"].shape == (181, 4, 4, 2, 3)
    assert names["thickest"].shape == (181,)
    assert names["mean"].shape == (4, 4)
    assert "dask.array" in capsys.readouterr().out


@pytest.mark.long
@pytest.mark.interop
def test_cluster_page_asks_slurm_for_what_it_says(tmp_path, monkeypatch, request):
    jobqueue = pytest.importorskip("dask_jobqueue")
    slurm = request.getfixturevalue("slurm")
    run_cluster_page(tmp_path, monkeypatch)
    with (
        np.errstate(all="warn"),
        jobqueue.SLURMCluster(**slurm, scheduler_options={"dashboard_address": ":0"}) as cluster,
    ):
        script = cluster.job_script()
    for line in ("#SBATCH -p compute", "#SBATCH -A spintronics", "#SBATCH -t 02:00:00"):
        assert line in script.splitlines()
    assert "--cpus-per-task=16" in script
    assert "--nworkers 16" in script
    assert "--lifetime 110m --lifetime-stagger 5m" in script


@pytest.mark.parametrize("name", ["spinfem", *(m for m in MODULES if "__main__" not in m)])
def test_docstring_examples(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
    assert module.__doc__


@pytest.mark.long
@pytest.mark.parametrize("path", EXAMPLES)
def test_example_scripts(path, tmp_path, monkeypatch, capsys):
    if path.name in ELSEWHERE:
        pytest.skip(ELSEWHERE[path.name])
    monkeypatch.chdir(tmp_path)
    runpy.run_path(os.fspath(path), run_name="__main__")
    plt.close("all")
    assert capsys.readouterr().out


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.toml")), ids=lambda p: p.name)
def test_example_files(path):
    """Every stack file solves, and to what the exact stack, or else the other path, says."""
    stack, j0 = spinfem.load(path)
    found = spinfem.solve(stack, j0)
    if any(stack.joints):
        exact = spinfem.solve(stack, j0, method="saddle")
    else:
        exact = spinfem.analytic.solve(stack, j0)
    assert found.spin_resistance == pytest.approx(exact.spin_resistance, rel=1e-10)
    for name in found.ferromagnets:
        scale = abs(exact.torque(name)).max()
        assert found.torque(name) == pytest.approx(exact.torque(name), abs=1e-10 * scale)


def test_equations_are_named_where_they_live():
    """A reader who looks for an equation by its number finds it."""
    text = "".join(p.read_text(encoding="utf-8") for p in Path(spinfem.__path__[0]).rglob("*.py"))
    for number in ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "A1", "A2", "B1"]:
        assert f"({number})" in spinfem.__doc__  # the table of where they live
        assert text.count(f"({number})") > 1
