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
    "profiles",
    "pieces",
    "stack",
    "elements",
    "mesh",
    "forms",
    "compiled",
    "compiledlayers",
    "fast",
    "chain",
    "twoport",
    "fields",
    "interfaces",
    "graded",
    "rods",
    "single",
    "singleslopes",
    "transport",
    "condensed",
    "network",
    "duals",
    "vectorchain",
    "rings",
    "general",
    "saddle",
    "views",
    "solution",
    "variations",
    "sensitivity",
    "gradient",
    "certify",
    "adaptive",
    "solver",
    "magnetoresistance",
    "analytic",
    "convergence",
    "efficiency",
    "folding",
    "analogy",
    "builders",
    "fitdata",
    "fitting",
    "blocks",
    "dataset",
    "io.files",
    "io.chunkstore",
    "sweep",
    "epsilon",
    "handoff",
    "io.micromagnetics",
    "io.tables",
    "io.meshfile",
    "io.schema",
    "io.stackfile",
    "io.vary",
    "io.vtkmesh",
    "io.vtk",
    "io.libraryfile",
    "library",
    "io.librarytext",
    "plot.style",
    "plot.labels",
    "plot.profile",
    "plot.hodograph",
    "plot.arrows",
    "plot.analogy",
    "plot.convergence",
    "plot.sensitivity",
    "plot",
    "figures.systems",
    "figures.data",
    "figures.parts",
    "figures.draw",
    "figures.ours",
    "figures.files",
    "figures",
    "sweepplot",
    "report",
    "sensitivityreport",
    "sweepfile",
    "cli",
]


def imports(name):
    """Modules of the package that are imported when this one is; imports in functions are late."""
    path = PACKAGE / name.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    own = name.split(".") if path.is_dir() else name.split(".")[:-1]  # packages that it is in
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            above = own[: len(own) + 1 - node.level]
            base = [*above, *(node.module.split(".") if node.module else ())]
            for parts in (base, *([*base, alias.name] for alias in node.names)):
                # a package is imported before what is in it, except from inside
                outer = (parts[:n] for n in range(1, len(parts)) if parts[:n] != own[:n])
                for candidate in (".".join(p) for p in (*outer, parts)):
                    if candidate in ORDER and candidate != name:
                        yield candidate


def test_dependencies_point_one_way():
    for name in ORDER:
        for other in imports(name):
            assert ORDER.index(other) < ORDER.index(name), f"{name} imports {other}"


def test_every_module_has_a_place():
    found = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        for path in PACKAGE.rglob("*.py")
    }
    assert found - {"__init__", "__main__", "io"} == set(ORDER)


def test_import_needs_only_numpy_scipy_and_scikit_fem():
    code = (
        "import sys, spinfem; print(*{name.split('.')[0] for name in sys.modules}, "
        "*({'scipy.special'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {
        "matplotlib",
        "meshio",
        "pydantic",
        "typer",
        "rich",
        "mpmath",
        "xarray",
        "numba",
        "lmfit",
        "scipy.special",  # 0.27 s
    }
    assert not heavy & set(run.stdout.split())


def test_analytic_knows_neither_forms_nor_solver():
    assert not {"forms", "solver", "chain", "twoport", "condensed", "saddle"} & set(
        imports("analytic")
    )


def test_public_names():
    for name in sf.__all__:
        assert getattr(sf, name) is not None
    assert sf.__version__
