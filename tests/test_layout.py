"""How the package hangs together: the order of its wings, what an import costs, public names."""

import ast
import functools
import itertools
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import spinfem as sf

PACKAGE = Path(sf.__file__).parent
# from the ground to the outside; a module imports only from its own wing and those before it
FLOORS = [
    ("_checks", "_names", "_progress", "_spelling", "_version", "constants"),
    ("texts",),
    ("numerics",),
    ("files",),
    ("sample",),
    ("physics",),
    ("fem",),
    ("solvers",),
    ("results",),
    ("paper",),
    ("plot",),
    ("devices",),
    ("io",),
    ("solution", "analogy", "solver", "analytic"),
    ("timedomain",),
    ("dynamics",),
    ("studies",),
    ("handoff",),
    ("figures",),
    ("explorer",),
    ("cli",),
    ("__init__", "__main__"),
]
PLACE = {wing: floor for floor, wings in enumerate(FLOORS) for wing in wings}
MOST_ON_TOP = 16
"""Python files that a reader meets on the top floor."""


def arrows(file):
    """Modules, as paths in the package, that one imports anywhere: in functions, for types, too."""
    path = file.relative_to(PACKAGE).with_suffix("").parts
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [tuple(alias.name.split(".")) for alias in node.names]
            found = [name[1:] for name in found if name[0] == "spinfem"]
        elif isinstance(node, ast.ImportFrom):
            base = tuple(node.module.split(".")) if node.module else ()
            if node.level:
                base = (*path[: len(path) - node.level], *base)
            elif base[0] == "spinfem":
                base = base[1:]
            else:
                continue
            found = [(*base, alias.name) for alias in node.names]
        else:
            continue
        for name in found:
            yield next(one for one in (name, name[:-1]) if one in FILES or one == ())


def files():
    """All modules of the package, by their path without `__init__`."""
    for file in PACKAGE.rglob("*.py"):
        path = file.relative_to(PACKAGE).with_suffix("").parts
        yield path[:-1] if path[-1] == "__init__" and len(path) > 1 else path, file


FILES = dict(files())


@functools.cache
def all_arrows():
    """What all modules import."""
    return {name: set(arrows(file)) - {name} for name, file in FILES.items()}


def test_every_wing_has_a_place():
    assert {name[0] for name in FILES} == set(PLACE)


def test_wings_stand_on_those_before_them():
    for name, others in all_arrows().items():
        for other in others - {()}:
            assert PLACE[other[0]] <= PLACE[name[0]], f"{'.'.join(name)} imports {'.'.join(other)}"


def test_nothing_in_the_package_imports_its_face():
    assert [name for name, others in all_arrows().items() if () in others] == []


def test_no_imports_go_round_in_a_circle():
    """Neither at import, nor in functions, nor for types."""
    left = {name: set(others) for name, others in all_arrows().items()}
    while ground := {name for name, others in left.items() if not others}:
        left = {name: others - ground for name, others in left.items() if name not in ground}
    assert left == {}


def test_one_module_uses_meshio():
    """It may have to be replaced."""
    imports = re.compile(r"^\s*(import|from) meshio\b", re.MULTILINE)
    texts = {name: file.read_text(encoding="utf-8") for name, file in FILES.items()}
    assert [name for name in texts if imports.search(texts[name])] == [("files", "vtkwriter")]


def test_the_top_floor_is_small():
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_ON_TOP


@pytest.mark.parametrize("name", sorted(set(sf.__all__) - {"analytic"}))
def test_no_module_takes_a_public_name(name):
    """Else importing the module would put it in the place of the function."""
    assert (name,) not in FILES


HEAVY = {
    "matplotlib",
    "meshio",
    "gmsh",
    "pydantic",
    "typer",
    "rich",
    "mpmath",
    "xarray",
    "zarr",
    "dask",
    "distributed",
    "numba",
    "lmfit",
    "panel",
    "bokeh",
    "pyamg",
}


@pytest.mark.parametrize(
    ("use", "more"),
    [
        ("", {"scipy", "skfem"}),  # 0.3 s
        ("; spinfem.solve, spinfem.Solution", {"scipy.special"}),  # 0.27 s
    ],
)
def test_import_needs_only_numpy_and_solving_scipy_and_scikit_fem(use, more):
    code = f"import sys, spinfem{use}; print(*{{name.split('.')[0] for name in sys.modules}}, " + (
        "*({'scipy.special'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not (HEAVY | more) & set(run.stdout.split())


@pytest.mark.long
@pytest.mark.parametrize("use", ["", ", spinfem.cli, spinfem.solver"])
def test_completion_finds_public_names_alone(use):
    """Before they are imported, and whatever else has been."""
    code = f"import spinfem{use}; print(*dir(spinfem))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) == {*sf.__all__, "__version__"}


@pytest.mark.long
@pytest.mark.parametrize(("theta", "most"), [(60.0, 13), (np.linspace(0, 180, 100), 30)])
def test_the_way_from_a_stack_to_a_torque_is_short(theta, most):
    """How often one call is in another module than the one before, with compiled functions."""
    pytest.importorskip("numba")
    Cu, Co = sf.NormalMetal(D=2.0, l=5.0), sf.Ferromagnet(D=1.0, l=1.0, p=0.5)

    def stack():
        fixed = Co(0.1, m=sf.direction(0), name="fixed")
        return sf.Lead(Cu) | fixed | Cu(0.1) | Co(0.1, m=sf.direction(theta), name="free")

    def note(frame, event, _argument):
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(str(PACKAGE)):
            files.append(file)

    sf.solve(stack()).torque("free")  # imports and compiles
    files, new, before = [], stack(), sys.getprofile()
    sys.setprofile(note)
    try:
        sf.solve(new).torque("free")
    finally:
        sys.setprofile(before)
    assert sum(a != b for a, b in itertools.pairwise(files)) <= most


@pytest.mark.long
def test_exact_stacks_know_neither_forms_nor_other_solvers():
    own = {("solvers", name) for name in ("elements", "ports", "transport")}
    found = {other for other in all_arrows()["solvers", "exact"] if other[0] == "solvers"}
    assert found <= own
    assert not {("fem", "forms"), ("fem", "twoport"), ("numerics", "chain")} & (
        all_arrows()["solvers", "exact"] | all_arrows()["paper", "closedforms"]
    )


def test_public_names():
    for name in sf.__all__:
        assert getattr(sf, name) is not None
    assert sf.__version__
