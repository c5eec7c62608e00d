"""How the package hangs together: order of the modules, what an import costs, public names."""

import ast
import subprocess
import sys
from pathlib import Path

import spinfem as sf

PACKAGE = Path(sf.__file__).parent
# from the description to the outside; a module imports only what stands before it
ORDER = [
    "_checks",
    "materials",
    "stack",
    "elements",
    "mesh",
    "forms",
    "compiled",
    "chain",
    "twoport",
    "fields",
    "interfaces",
    "rods",
    "transport",
    "condensed",
    "saddle",
    "solution",
    "solver",
    "analytic",
    "builders",
    "blocks",
    "dataset",
    "io.files",
    "io.chunkstore",
    "sweep",
    "io.schema",
    "io.stackfile",
    "io.vary",
    "io.vtk",
    "labels",
    "plot",
    "sweepplot",
    "report",
    "sweepfile",
    "cli",
]


def imports(name):
    """Modules of the package that are imported when this one is; imports in functions are late."""
    text = (PACKAGE / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            above = name.split(".")[: -node.level]
            parts = [*above, *(node.module or "").split(".")]
            base = ".".join(part for part in parts if part)
            for candidate in (base, *(f"{base}.{a.name}".strip(".") for a in node.names)):
                if candidate in ORDER:
                    yield candidate


def test_dependencies_point_one_way():
    for name in ORDER:
        for other in imports(name):
            assert ORDER.index(other) < ORDER.index(name), f"{name} imports {other}"


def test_every_module_has_a_place():
    found = {
        str(path.relative_to(PACKAGE).with_suffix("")).replace("/", ".")
        for path in PACKAGE.rglob("*.py")
    }
    assert found - {"__init__", "__main__", "io.__init__"} == set(ORDER)


def test_import_needs_only_numpy_scipy_and_scikit_fem():
    code = "import sys, spinfem; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"matplotlib", "meshio", "pydantic", "typer", "rich", "mpmath", "xarray", "numba"}
    assert not heavy & set(run.stdout.split())


def test_analytic_knows_neither_forms_nor_solver():
    assert not {"forms", "solver", "chain", "twoport", "condensed", "saddle"} & set(
        imports("analytic")
    )


def test_public_names():
    for name in sf.__all__:
        assert getattr(sf, name) is not None
    assert sf.__version__
