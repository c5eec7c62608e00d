"""Stacks from mesh files: the same results as without, on the nodes of the mesh; broken meshes."""

import importlib.util
import itertools
import json
import pickle
import re
import shutil
from pathlib import Path

import meshio
import numpy as np
import pytest
from skfem import MeshLine, MeshTri
from skfem.io.json import to_file

import spinfem as sf
from spinfem import cli
from spinfem.files.meshfile import read_layers

ROOT = Path(__file__).parents[2]
MESHES, EXAMPLES = ROOT / "meshes", ROOT / "examples"
PAIRS = [
    ("valve.toml", "co_cu_py.toml"),
    ("dual_valve.toml", "dual_valve.toml"),
    ("graded.toml", "paper_valve.toml"),
]
METHODS = ["condensed", "saddle"]

N = sf.NormalMetal(D=2.0, l=1.5, name="Cu")
F = sf.Ferromagnet(D=1.0, l=1.0, p=0.5, name="Co")
z = (0.0, 0.0, 1.0)
X = [0.0, 0.5, 1.0, 1.75, 2.0, 3.0]
CELLS = [("a", 0, 1), ("a", 1, 2), ("b", 2, 3), ("b", 3, 4), ("c", 4, 5)]
METALS = {"c": (F, (1, 0, 0)), "a": (F, z), "b": N}  # in any order


def msh(cells=CELLS, points=X, names=("a", "b", "c"), version="2.2"):
    """A mesh in gmsh's format 2.2; cells of name None are in no group."""
    rows = [x if isinstance(x, tuple) else (x, 0.0, 0.0) for x in points]
    lines = ["$MeshFormat", f"{version} 0 8", "$EndMeshFormat", "$PhysicalNames", str(len(names))]
    lines += [f'1 {i} "{name}"' for i, name in enumerate(names, start=1)]
    lines += ["$EndPhysicalNames", "$Nodes", str(len(rows))]
    lines += [f"{i} {x!r} {y!r} {z!r}" for i, (x, y, z) in enumerate(rows, start=1)]
    lines += ["$EndNodes", "$Elements", str(len(cells))]
    for i, (name, *nodes) in enumerate(cells, start=1):
        kind = {1: 15, 2: 1, 3: 2}[len(nodes)]
        tag = 0 if name is None else names.index(name) + 1
        lines.append(f"{i} {kind} 2 {tag} {tag} {' '.join(str(n + 1) for n in nodes)}")
    return "\n".join([*lines, "$EndElements", ""])


@pytest.fixture
def written(tmp_path):
    """Write a file and return its path."""

    def write(content, name="mesh.msh"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


def vtu(path, numbers=(1, 1, 2, 2, 3), names=None, **arrays):
    """Write a .vtu file of CELLS, with names as field data."""
    points = np.column_stack([X, np.zeros((len(X), 2))])
    data = {"layer": [np.array(numbers)], **{key: [np.array(a)] for key, a in arrays.items()}}
    cells = [("line", np.array([cell[1:] for cell in CELLS]))]
    meshio.Mesh(points, cells, cell_data=data).write(path)
    if names:
        rows = "".join(
            f'<DataArray type="Int32" Name="{name}" format="ascii">{i}</DataArray>'
            for name, i in names.items()
        )
        head = "<UnstructuredGrid>"
        text = path.read_text().replace(head, f"{head}<FieldData>{rows}</FieldData>")
        path.write_text(text)
    return path


def scikit_fem(path, subdomains):
    cells = np.array([cell[1:] for cell in CELLS]).T
    groups = {name: np.array(numbers) for name, numbers in subdomains.items()}
    to_file(MeshLine(np.array([X]), cells).with_subdomains(groups), str(path))
    return path


def direct():
    return F(1.0, m=z, name="a") | N(1.0, name="b") | F(1.0, m=(1, 0, 0), name="c")


def same(solution, other, tolerance):
    """Torques relative to the largest, dr to itself."""
    scale = np.abs(other.torques).max()
    assert np.abs(solution.torques - other.torques).max() <= tolerance * scale
    assert solution.spin_resistance == pytest.approx(other.spin_resistance, rel=tolerance)


# --- what is shipped --------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("mesh", "example"), PAIRS)
def test_the_same_torques_as_the_stack_they_came_from(mesh, example, method):
    """On the given nodes, the degree raised until met; by default it is."""
    stack, j0 = sf.load(MESHES / mesh)
    expected = sf.solve(*sf.load(EXAMPLES / example))
    errors = []
    for degree in (1, 2, 4, 8):
        torques = sf.solve(stack, j0, degree=degree, method=method).torques
        errors.append(np.abs(torques - expected.torques).max() / np.abs(expected.torques).max())
    # a mesh that is used is too coarse at first; one that is not would be right at once
    assert errors[0] > 1e-7
    assert errors[-1] < 1e-9
    same(sf.solve(stack, j0, method=method), expected, 1e-12)


def test_the_solver_uses_the_nodes_of_the_mesh():
    stack, _ = sf.load(MESHES / "dual_valve.toml")
    field = sf.solve(stack).layer("free")
    x = meshio.read(MESHES / "dual_valve.msh").points[:, 0]
    inside = np.sort(x[(x >= 14) & (x <= 18)])
    np.testing.assert_allclose(stack.layers[2].nodes, (inside - 14) / 4, atol=1e-15)
    for node in 1e-9 * inside:  # sampled at its nodes, and between them
        assert np.abs(field.x - node).min() < 1e-20
    assert [len(layer.nodes) for layer in stack.layers] == [9, 7, 9, 7, 9]


def test_both_gmsh_versions_and_the_file_of_names():
    for name, suffix, version in (("valve", "msh", "4.1"), ("dual_valve", "msh", "2.2")):
        assert (MESHES / f"{name}.{suffix}").read_text().splitlines()[1].startswith(version)
    layers = read_layers(MESHES / "graded.vtu", ["spacer", "F2", "F1"])
    assert [layer.name for layer in layers] == ["F1", "spacer", "F2"]
    assert [layer.length for layer in layers] == [20.0, 0.5, 20.0]


@pytest.mark.interop
def test_they_are_made_by_the_script(tmp_path):
    pytest.importorskip("gmsh")
    spec = importlib.util.spec_from_file_location("make", MESHES / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make(tmp_path)
    for name, layers in (
        ("valve.msh", module.VALVE),
        ("dual_valve.msh", module.DUAL_VALVE),
        ("graded.vtu", module.GRADED),
    ):
        names = [layer.name for layer in layers]
        for new, old in zip(read_layers(tmp_path / name, names), read_layers(MESHES / name, names)):
            assert (new.name, new.length) == (old.name, old.length)
            # another gmsh may stop its iteration for the places of nodes elsewhere
            np.testing.assert_allclose(new.nodes, old.nodes, atol=1e-6)


def test_on_the_command_line(capsys, tmp_path):
    results = []
    for path in (MESHES / "valve.toml", EXAMPLES / "co_cu_py.toml"):
        with pytest.raises(SystemExit) as stop:
            cli.main(["solve", str(path), "-o", str(tmp_path / "out.vtu")])
        assert stop.value.code == 0
        results.append(capsys.readouterr().out.splitlines()[2:])
    assert results[0] == results[1]


def test_page(monkeypatch):
    """The block on meshes, run where they are: the valve of the first block."""
    text = (ROOT / "docs" / "howto" / "meshes.md").read_text(encoding="utf-8")
    names = {}
    exec(re.search(r"```\{code-cell\}\n:[^\n]*\n(.*?)```", text, flags=re.DOTALL)[1], names)
    expected = sf.solve(names["stack"])
    monkeypatch.chdir(ROOT)
    exec(re.search(r"```python\n(.*?)```", text, flags=re.DOTALL)[1], names)
    same(sf.solve(names["stack"]), expected, 1e-12)


# --- formats ----------------------------------------------------------------------------------


def test_msh_2(written):
    stack = sf.Stack.from_mesh(written(msh()), METALS)
    assert [layer.name for layer in stack.layers] == ["a", "b", "c"]
    assert [layer.thickness for layer in stack.layers] == [1.0, 1.0, 1.0]
    assert [layer.nodes.tolist() for layer in stack.layers] == [[0, 0.5, 1], [0, 0.75, 1], [0, 1]]
    assert stack.left == stack.right == sf.Reservoir()
    same(sf.solve(stack), sf.solve(direct()), 1e-11)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("kind", ["gmsh22", "gmsh"])
def test_msh_as_meshio_writes_it(tmp_path, kind, binary):
    mesh = meshio.read(MESHES / "valve.msh", file_format="gmsh")
    mesh.cell_sets.clear()  # meshio takes those that it made of boundaries for such of cells
    mesh.write(tmp_path / "other.msh", file_format=kind, binary=binary)
    layers = read_layers(tmp_path / "other.msh", ["fixed", "spacer", "free"])
    assert [layer.length for layer in layers] == [8.0, 10.0, 4.0]


def test_cells_may_run_either_way_and_stand_in_any_order(written):
    cells = [("c", 5, 4), ("b", 3, 2), ("a", 0, 1), ("b", 3, 4), ("a", 2, 1)]
    stack = sf.Stack.from_mesh(written(msh(cells)), METALS)
    assert [layer.nodes.tolist() for layer in stack.layers] == [[0, 0.5, 1], [0, 0.75, 1], [0, 1]]


def test_points_and_groups_of_all_cells_do_not_matter(written):
    """Points have groups in gmsh; a cell in two groups is there twice in version 2.2."""
    whole = [("whole", *nodes) for _, *nodes in CELLS]
    cells = [("left", 0), *CELLS, *whole]
    path = written(msh(cells, [*X, (9.0, 9.0, 9.0)], ("a", "b", "c", "whole", "left")))
    assert [layer.length for layer in read_layers(path, METALS)] == [1.0, 1.0, 1.0]


def test_groups_in_version_4_with_a_second_group(written):
    """The first group of a curve is cell data in meshio, all are sets of cells."""
    text = (MESHES / "valve.msh").read_text()
    text = text.replace('3\n1 1 "fixed"', '4\n1 1 "fixed"').replace(
        '1 3 "free"', '1 3 "free"\n1 4 "all"'
    )
    text = re.sub(r"^(\d \d+ 0 0 \d+ 0 0) 1 (\d) 2", r"\1 2 4 \2 2", text, flags=re.MULTILINE)
    layers = read_layers(written(text), ["fixed", "spacer", "free"])
    assert [layer.length for layer in layers] == [8.0, 10.0, 4.0]


def test_blocks_of_nothing_in_version_4(written):
    """Gmsh writes one of nodes for a curve that has none inside; others do it for elements."""
    text = (MESHES / "valve.msh").read_text()
    for section in ("Nodes", "Elements"):
        head, rest = text.split(f"${section}\n")
        count, rest = rest.split(" ", 1)
        line, rest = rest.split("\n", 1)
        empty = "1 1 0 0\n" if section == "Nodes" else "1 1 1 0\n2 1 2 0\n"
        blocks = int(count) + empty.count("\n")
        text = f"{head}${section}\n{blocks} {line}\n{empty}{rest}"
    layers = read_layers(written(text), ["fixed", "spacer", "free"])
    assert [layer.length for layer in layers] == [8.0, 10.0, 4.0]


def test_a_group_that_a_curve_names_twice(written):
    text = (MESHES / "valve.msh").read_text()
    twice = re.sub(r"^(\d \d+ 0 0 \d+ 0 0) 1 (\d) 2", r"\1 2 \2 -\2 2", text, flags=re.MULTILINE)
    assert twice != text
    layers = read_layers(written(twice), ["fixed", "spacer", "free"])
    assert [layer.length for layer in layers] == [8.0, 10.0, 4.0]


def test_groups_without_a_name_go_by_their_number(written):
    text = re.sub(r"\$PhysicalNames.*EndPhysicalNames\n", "", msh(), flags=re.DOTALL)
    assert [layer.name for layer in read_layers(written(text), ["3", "1", "2"])] == ["1", "2", "3"]


def test_vtu_by_number_by_name_and_with_several_arrays(tmp_path):
    path = vtu(tmp_path / "mesh.vtu")
    assert [layer.name for layer in read_layers(path, "123")] == ["1", "2", "3"]
    path = vtu(tmp_path / "mesh.vtu", names={"a": 1, "b": 2, "c": 3})
    same(sf.solve(sf.Stack.from_mesh(path, METALS)), sf.solve(direct()), 1e-11)
    path = vtu(tmp_path / "mesh.vtu", (7,) * 5, {"a": 1}, part=[1, 1, 2, 2, 2], weight=[0.5] * 5)
    layers = read_layers(path, ["a", "2"], tags="part")
    assert [(layer.name, layer.length) for layer in layers] == [("a", 1.0), ("2", 2.0)]


@pytest.mark.long
@pytest.mark.parametrize("mode", ["Ascii", "Binary", "Appended"])
def test_vtu_as_vtk_writes_it(tmp_path, mode):
    """Base64 or bytes, packed or not, sizes of four or eight bytes, either order."""
    vtk = pytest.importorskip("vtk")
    path = tmp_path / "mesh.vtu"
    points, grid = vtk.vtkPoints(), vtk.vtkUnstructuredGrid()
    points.SetDataTypeToDouble()
    for x in X:
        points.InsertNextPoint(x, 0, 0)
    grid.SetPoints(points)
    for name, data, numbers in (
        ("layer", grid.GetCellData(), (1, 1, 2, 2, 3)),
        ("c", grid.GetFieldData(), (3,)),
    ):
        array = vtk.vtkIntArray()
        array.SetName(name)
        for number in numbers:
            array.InsertNextValue(number)
        data.AddArray(array)
    for cell in CELLS:
        ends = vtk.vtkIdList()
        for end in cell[1:]:
            ends.InsertNextId(end)
        grid.InsertNextCell(vtk.VTK_LINE, ends)
    for encoded, compressor, size, order in itertools.product(
        (0, 1), ("NONE", "ZLIB", "LZMA"), ("UInt32", "UInt64"), ("LittleEndian", "BigEndian")
    ):
        writer = vtk.vtkXMLUnstructuredGridWriter()
        writer.SetInputData(grid)
        writer.SetFileName(str(path))
        getattr(writer, f"SetDataModeTo{mode}")()
        writer.SetEncodeAppendedData(encoded)
        writer.SetCompressorType(getattr(writer, compressor))
        getattr(writer, f"SetHeaderTypeTo{size}")()
        getattr(writer, f"SetByteOrderTo{order}")()
        writer.Write()
        layers = read_layers(path, ["1", "2", "c"])
        assert [(layer.name, layer.length) for layer in layers] == [("1", 1), ("2", 1), ("c", 1)]
        assert layers[1].nodes.tolist() == [0, 0.75, 1]


def test_what_spinfem_writes_can_be_read(tmp_path):
    """In its .vtu files layers have nodes of their own where they touch."""
    solution = sf.solve(direct())
    solution.save(tmp_path / "solved.vtu")
    layers = read_layers(tmp_path / "solved.vtu", ["a", "b", "c"], tags="layer")
    assert [layer.length for layer in layers] == pytest.approx([1.0, 1.0, 1.0], rel=1e-15)


def test_scikit_fem(tmp_path):
    path = scikit_fem(tmp_path / "mesh.json", {"a": [0, 1], "b": [3, 2], "c": [4]})
    same(sf.solve(sf.Stack.from_mesh(path, METALS)), sf.solve(direct()), 1e-11)


def test_scale_and_ends(written):
    left = sf.Lead(N)
    stack = sf.Stack.from_mesh(
        written(msh()), METALS, left=left, right=sf.SpinBlocking(), scale=2.0
    )
    assert stack.left is left
    assert stack.right == sf.SpinBlocking()
    assert stack.thickness.tolist() == [2.0, 2.0, 2.0]
    batch = sf.Stack.from_mesh(written(msh()), METALS, scale=np.array([1.0, 3.0]))
    assert batch.shape == (2,)
    assert batch[1].layers[1].nodes.tolist() == [0, 0.75, 1]
    thicker = sf.solve(batch[1], method="saddle")
    assert sf.solve(batch).torques[1] == pytest.approx(thicker.torques, rel=1e-12, abs=1e-45)


def test_a_mesh_may_start_anywhere(written):
    layers = read_layers(written(msh(points=[(x - 100, 2.0, -1.0) for x in X])), METALS)
    assert [layer.length for layer in layers] == [1.0, 1.0, 1.0]


# --- layers with nodes ------------------------------------------------------------------------

NODES = np.array([0.0, 0.1, 0.4, 0.45, 0.9, 1.0])


def with_nodes(stack, nodes=NODES):
    for layer in stack.layers:
        stack = stack.replace(layer.name, nodes=nodes)
    return stack


def samples():
    """Stacks of which every kind of layer is solved in its own way."""
    weak = sf.Ferromagnet(D=1.0, l=1.0, p=0.5, lambda_J=0.8, lambda_phi=0.5)
    changing = sf.NormalMetal(D=lambda xi: 2 + xi, l=lambda xi: 1.5 - xi / 2)
    polarized = sf.Ferromagnet(D=1.0, l=1.0, p=lambda xi: 0.3 + 0.2 * xi)
    x, y = (1.0, 0.0, 0.0), (0.0, 1.0, 1.0)
    lead = sf.Lead(N)
    yield lead | F(1.0, m=z) | N(0.5) | N(1.0) | F(2.0, m=x) | sf.Reservoir()
    yield lead | F(1.0, m=z) | F(0.5, m=x) | N(1.0) | F(2.0, m=y) | lead
    yield lead | F(1.0, m=z) | sf.Interface(0.3, gamma=0.4, mixing=2 + 0.3j) | N(0.5) | F(2, m=x)
    yield lead | F(1.0, m=z) | N(0.5) | weak(1.0, m=x) | N(0.5) | lead
    yield lead | polarized(1.0, m=z) | changing(0.5) | F(1.0, m=x) | lead
    yield lead | F(1.0, m=z) | N(np.array([0.5, 1.0])) | F(1.0, m=sf.direction([30, 60])) | lead


@pytest.mark.parametrize("stack", list(samples()), ids=repr)
def test_both_paths_use_the_same_nodes(stack):
    """At a degree too low for them, the error is that of the nodes on either path."""
    own = with_nodes(stack)
    fine = sf.solve(stack)
    for degree, rough in ((1, True), (12, False)):
        one, other = (sf.solve(own, degree=degree, method=method) for method in METHODS)
        scale = np.abs(fine.torques).max()
        # rounding; that of the sparse solver grows with its condition number
        assert np.abs(one.torques - other.torques).max() < 1e-11 * scale
        assert one.spin_resistance == pytest.approx(other.spin_resistance, rel=1e-10)
        x = 0.37 * np.atleast_1d(stack.x[..., -1]).min()
        difference = one.spin_potential(x) - other.spin_potential(x)
        assert np.abs(difference).max() < 1e-10 * np.abs(fine.spin_potential(x)).max()
        assert (np.abs(one.torques - fine.torques).max() >= 1e-6 * scale) == rough
    same_nodes = [field.nodes for field in (_field(own, method) for method in METHODS)]
    assert all(np.array_equal(nodes[:, 0], NODES) for nodes in same_nodes)
    error = np.abs(sf.solve(own).torques - fine.torques).max()
    assert error < 1e-10 * np.abs(fine.torques).max()


def _field(stack, method):
    return sf.solve(stack, method=method).transport.field(0)


def test_many_unequal_nodes_of_a_thick_layer():
    """Narrow cells at one face only: the shunts at the two faces are not the same."""
    nodes = np.concatenate([[0], np.geomspace(1e-6, 1, 40)])
    stack = sf.Lead(N) | F(30.0, m=z) | N(20.0) | F(30.0, m=(1, 0, 0))
    for degree in (1, 2, 12):
        one, other = (
            sf.solve(with_nodes(stack, nodes), degree=degree, method=method) for method in METHODS
        )
        np.testing.assert_allclose(one.torques, other.torques, rtol=1e-10, atol=1e-50)


def test_rates_on_given_nodes():
    """Halved elements: torques converge with twice the degree, as on nodes of spinfem's own."""
    exact = sf.analytic.solve(direct()).torques
    for degree in (1, 2):
        errors = []
        for halved in range(3):
            nodes = np.interp(np.arange(5 * 2**halved + 1) / 2**halved, np.arange(6), NODES)
            found = sf.solve(with_nodes(direct(), nodes), degree=degree).torques
            errors.append(np.abs(found - exact).max())
        rates = np.log2(np.divide(errors[:-1], errors[1:]))
        assert rates[-1] == pytest.approx(2 * degree, abs=0.1)


def test_elements_asked_for_replace_nodes():
    for method in METHODS:
        found = sf.solve(with_nodes(direct()), elements=3, degree=2, method=method)
        expected = sf.solve(direct(), elements=3, degree=2, method=method)
        assert np.array_equal(found.torques, expected.torques)


def test_nodes_are_kept_as_long_as_the_thickness_is():
    stack = with_nodes(direct())
    for changes in (
        {"m": (0, 1, 0)},
        {"name": "new"},
        {"thickness": 1.0},
        {"material": N, "m": None},
    ):
        changed = stack.replace("a", **changes)
        assert np.array_equal(changed.layers[0].nodes, NODES)
    assert stack.replace("a", thickness=2.0).layers[0].nodes is None
    assert stack.replace("a", thickness=[1.0, 2.0]).layers[0].nodes is None
    assert stack.replace("a", thickness=2.0, nodes=[0, 1]).layers[0].nodes.tolist() == [0, 1]
    unnamed = F(1.0, m=z) | sf.Layer(N, 1.0, nodes=NODES)
    assert np.array_equal(unnamed.layers[1].nodes, NODES)  # though it was given a name
    assert np.array_equal(pickle.loads(pickle.dumps(stack)).layers[0].nodes, NODES)


@pytest.mark.parametrize(
    "nodes",
    [[0.0], [0, 0.5], [0.5, 1], [0, 0.5, 0.5, 1], [0, 0.7, 0.3, 1], [[0, 1]], 1.0],
    ids=str,
)
def test_nodes_must_rise_from_0_to_1(nodes):
    with pytest.raises(ValueError, match="nodes of layer 'a' must be one row of numbers that rise"):
        sf.Layer(N, 1.0, name="a", nodes=nodes)


def test_nodes_must_be_finite():
    with pytest.raises(ValueError, match="nodes of a layer must be finite, got nan at index 1"):
        sf.Layer(N, 1.0, nodes=[0, np.nan, 1])


# --- broken meshes ----------------------------------------------------------------------------

TRIANGLES = msh([*CELLS, ("c", 0, 1, 2)])
SECOND_ORDER = msh().replace("1 1 2 1 1 1 2", "1 8 2 1 1 1 2 3")
TWICE = msh().replace('1 2 "b"', '1 2 "a"')
TRUNCATED = msh()[: msh().index("$Elements") + 40]
NO_POINT = msh().replace("\n5 1 2 3 3 5 6\n", "\n5 1 2 3 3 5 60\n")
BAD_NUMBER = msh().replace("\n2 0.5 0.0 0.0\n", "\n2 half 0.0 0.0\n")
ON_Y = msh(points=[(0.0, x, 0.0) for x in X])
BENT = msh(points=[(x, 0.1 if x == 2.0 else 0.0, 0.0) for x in X])
GAP = msh([*CELLS[:-1], ("c", 5, 6)], [*X[:5], 2.25, 3.0])
OVERLAP = msh([*CELLS[:-1], ("c", 5, 6)], [*X[:5], 1.9, 3.0])
PIECES = msh([CELLS[0], CELLS[1], ("b", 2, 3), ("c", 3, 4), ("b", 4, 5)])
INNER = msh([CELLS[0], ("a", 6, 2), *CELLS[2:]], [*X, 0.25])
BRANCH = msh([*CELLS, ("c", 4, 6)], [*X, (2.5, 1.0, 0.0)])
POINT = msh(points=[0.0, 1.0, *X[2:]])
# fmt: off
BROKEN = {
    "other format": ("mesh.obj", msh(),
        "name of a mesh file must end in .msh or .vtu or .json, got 'mesh.obj'"),
    "empty": ("mesh.msh", " \n", "must be a gmsh mesh, got an empty file"),
    "text": ("mesh.msh", "to be or not to be\n",
        "must be a gmsh mesh, got what cannot be read as one"),
    "other version": ("mesh.msh", msh(version="1.0"),
        "version of a .msh file must be 4.1 or 2.2, got 1.0: save it as 4.1 (in gmsh: "
        "Mesh.MshFileVersion = 4.1)"),
    "version 4.0": ("mesh.msh", msh(version="4.0"),
        "version of a .msh file must be 4.1 or 2.2, got 4.0: save it as 4.1 (in gmsh: "
        "Mesh.MshFileVersion = 4.1)"),
    "version 4.0 as gmsh calls it": ("mesh.msh", msh(version="4"),
        "version of a .msh file must be 4.1 or 2.2, got 4: save it as 4.1 (in gmsh: "
        "Mesh.MshFileVersion = 4.1)"),
    "truncated": ("mesh.msh", TRUNCATED, "must be a gmsh mesh, got what cannot be read as one"),
    "no number": ("mesh.msh", BAD_NUMBER, "must be a gmsh mesh, got what cannot be read as one"),
    "point that is not there": ("mesh.msh", NO_POINT,
        "cells must join nodes of the file, got one with node 60"),
    "no cells": ("mesh.msh", msh([("a", 0)]), "must have line cells, got none"),
    "triangles": ("mesh.msh", TRIANGLES,
        "cells must be lines of two nodes, got 1 of type triangle"),
    "second order": ("mesh.msh", SECOND_ORDER,
        "cells must be lines of two nodes, got 1 of type line3"),
    "name given twice": ("mesh.msh", TWICE,
        "names of the groups of line cells must be unique, got 'a' for both 1 and 2"),
    "no groups": ("mesh.msh", msh([(None, *nodes) for _, *nodes in CELLS]),
        "name of a layer must be that of a group of line cells (none), got 'c'"),
    "unknown name": ("mesh.msh", msh(names=("a", "b", "see"), cells=[
        *CELLS[:-1], ("see", 4, 5)]),
        "name of a layer must be that of a group of line cells (a, b, see), got 'c'"),
    "group that is no layer": ("mesh.msh", msh([*CELLS, ("cap", 5, 6)], [*X, 4.0],
        ("a", "b", "c", "cap")),
        "all cells must be in the layers given (c, a, b), got 1 of group 'cap' that is not"),
    "cells in no group": ("mesh.msh", msh([*CELLS, (None, 5, 6), (None, 6, 7)], [*X, 4.0, 5.0]),
        "all cells must be in the layers given (c, a, b), got 2 in no group that are not"),
    "cell in two layers": ("mesh.msh", msh([*CELLS, ("c", 2, 3)]),
        "a cell must be in one layer, got one in 'c' and 'b' at (1, 0, 0)"),
    "gap": ("mesh.msh", GAP, "layers 'b' and 'c' must touch, got a gap from x = 2 to 2.25"),
    "overlap": ("mesh.msh", OVERLAP,
        "layers 'b' and 'c' must not overlap, got an overlap from x = 1.9 to 2"),
    "two pieces": ("mesh.msh", PIECES,
        "layer 'b' must be one piece, got a gap from x = 1.75 to 2"),
    "overlap inside": ("mesh.msh", INNER,
        "cells of layer 'a' must not overlap, got two at x = 0.25"),
    "branching": ("mesh.msh", BRANCH,
        "a point must join at most two cells, got 3 at (2, 0, 0) (branching)"),
    "along y": ("mesh.msh", ON_Y,
        "points must lie on a line along x, y and z constant, got y from 0 to 3: turn it so that "
        "layers follow one another along x, in gmsh's Python gmsh.model.mesh.affineTransform("
        "[0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0]), and m with it"),
    "along z": ("mesh.msh", msh(points=[(0.0, 2.0, -x) for x in X]),
        "points must lie on a line along x, y and z constant, got z from -3 to 0: turn it so that "
        "layers follow one another along x, in gmsh's Python gmsh.model.mesh.affineTransform("
        "[0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0]), and m with it"),
    "bent": ("mesh.msh", BENT,
        "points must lie on a line along x, y and z constant, got y from 0 to 0.1"),
    "no length": ("mesh.msh", POINT, "cells must have a positive length, got 0 at x = 1"),
    "nan": ("mesh.msh", msh().replace("\n2 0.5 ", "\n2 nan "),
        "coordinates must be finite, got [nan, 0.0, 0.0]"),
    "inf": ("mesh.msh", msh().replace("\n2 0.5 ", "\n2 inf "),
        "coordinates must be finite, got [inf, 0.0, 0.0]"),
    "xml": ("mesh.vtu", "<VTKFile></VTKFile>",
        "must be a vtu mesh, got what cannot be read as one"),
    "polydata": ("mesh.vtu", '<VTKFile type="PolyData"></VTKFile>',
        "must be a vtu mesh, got what cannot be read as one "
        "(it must be a VTKFile of an UnstructuredGrid, got VTKFile of PolyData)"),
    "gmsh as vtu": ("mesh.vtu", msh(), "must be a vtu mesh, got what cannot be read as one"),
    "gmsh as json": ("mesh.json", msh(),
        "must be a scikit-fem mesh, got what cannot be read as one (it must be JSON: "),
    "points of scikit-fem in columns": ("mesh.json", '{"p": [[0.0, 1.0, 2.0]], "t": [[0, 1]]}',
        "points must have one coordinate each, got 3"),
    "other json": ("mesh.json", '{"layers": 3}',
        "must be a scikit-fem mesh, got what cannot be read as one (it must have "
        "points p and cells t, got none)"),
}
# fmt: on


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_meshes(written, capfd, kind):
    """One line that names the file, what is required and what was given, and nothing printed."""
    name, content, start, *rest = BROKEN[kind]
    path = written(content, name)
    with pytest.raises(ValueError, match=re.escape(f"{path}: {start}")) as error:
        sf.Stack.from_mesh(path, METALS)
    message = str(error.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert message.endswith((")", start, *rest))
    for part in rest:
        assert part in message
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("axis", [1, 2])
def test_a_mesh_can_be_turned_as_the_error_says(tmp_path, axis):
    gmsh = pytest.importorskip("gmsh")
    path = tmp_path / "mesh.msh"
    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        places = np.zeros((3, 3))
        places[:, axis] = 0, 8, 18
        points = [gmsh.model.geo.addPoint(*place, 2.0) for place in places]
        lines = [gmsh.model.geo.addLine(*two) for two in itertools.pairwise(points)]
        gmsh.model.geo.synchronize()
        for name, line in zip("ab", lines):
            gmsh.model.addPhysicalGroup(1, [line], name=name)
        gmsh.model.mesh.generate(1)
        gmsh.write(str(path))
        with pytest.raises(ValueError, match="turn it") as error:
            read_layers(path, "ab")
        code = re.search(r"gmsh\.model.*\)", str(error.value))[0]
        gmsh.clear()
        gmsh.open(str(path))
        exec(code, {"gmsh": gmsh})
        for version in (2.2, 4.1):
            for binary in (0, 1):
                gmsh.option.setNumber("Mesh.MshFileVersion", version)
                gmsh.option.setNumber("Mesh.Binary", binary)
                gmsh.write(str(path))
                layers = read_layers(path, "ab")
                assert [(layer.name, layer.length) for layer in layers] == [("a", 8), ("b", 10)]
    finally:
        gmsh.finalize()


def test_a_vtu_can_be_turned_as_the_error_says(tmp_path):
    path = vtu(tmp_path / "mesh.vtu")
    mesh = meshio.read(path)
    mesh.points = mesh.points[:, [1, 2, 0]]
    mesh.write(path)
    with pytest.raises(ValueError, match="turn it") as error:
        read_layers(path, "123")
    exec(re.search(r"mesh\.points = .*\]\]?", str(error.value))[0], {"mesh": mesh})
    mesh.write(path)
    assert [layer.length for layer in read_layers(path, "123")] == [1.0, 1.0, 1.0]


# fmt: off
VTU = [
    ({"numbers": [0.5] * 5}, {},
     "cell data must have one array of integers that tells the layers apart, or tags must name "
     "one, got none"),
    ({"part": [1] * 5}, {},
     "cell data must have one array of integers that tells the layers apart, or tags must name "
     "one, got layer, part"),
    ({}, {"tags": "leyer"},
     "tags must be an array of integers in the cell data (layer), got 'leyer'; did you mean "
     "'layer'?"),
    ({"weight": [0.5] * 5}, {"tags": "weight"},
     "tags must be an array of integers in the cell data (layer), got 'weight'"),
    ({}, {}, "name of a layer must be that of a group of line cells (1, 2, 3), got 'a'"),
]
# fmt: on


@pytest.mark.parametrize(("data", "options", "expected"), VTU)
def test_vtu_files_that_do_not_tell_their_layers(tmp_path, data, options, expected):
    path = vtu(tmp_path / "mesh.vtu", **data)
    with pytest.raises(ValueError, match=re.escape(f"{path}: {expected}")):
        read_layers(path, ["a", "b", "c"], **options)


def test_scikit_fem_meshes_that_are_no_layers(tmp_path):
    path = tmp_path / "mesh.json"
    to_file(MeshTri(), str(path))
    with pytest.raises(
        ValueError, match=f"{path}: cells must be lines of two nodes, got 2 of 3 nodes"
    ):
        read_layers(path, ["a"])
    scikit_fem(path, {})
    with pytest.raises(ValueError, match=f"{path}: name of a layer must be .* \\(none\\), got 'a'"):
        read_layers(path, ["a"])
    scikit_fem(path, {"a": [0, 9]})
    with pytest.raises(ValueError, match="cells of group 'a' must be from 0 to 4, got 9"):
        read_layers(path, ["a"])


def test_cells_of_gmsh_4_in_no_group(written):
    text = (MESHES / "valve.msh").read_text().replace("18 0 0 22 0 0 1 3 2", "18 0 0 22 0 0 0 2")
    with pytest.raises(
        ValueError, match=r"must be that of a group of line cells \(fixed, spacer\), got 'free'"
    ):
        read_layers(written(text), ["fixed", "spacer", "free"])


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "folder.msh").mkdir()
    for name, kind in (("none.msh", FileNotFoundError), ("folder.msh", IsADirectoryError)):
        with pytest.raises(kind, match=f"{name}: cannot be read"):
            read_layers(tmp_path / name, ["a"])
    with pytest.raises(ValueError, match=r"tags must be left out but for a \.vtu file, got 'a'"):
        read_layers(MESHES / "valve.msh", ["fixed"], "a")


# fmt: off
ARGUMENTS = [
    ({"layers": ["a", "b", "c"]}, TypeError,
     "layers must map names to a metal or a pair (metal, m), got ['a', 'b', 'c']"),
    ({"layers": {**METALS, "a": "Co"}}, TypeError,
     "material of layer 'a' must be a NormalMetal or a Ferromagnet, got 'Co'"),
    ({"layers": {**METALS, "a": F}}, ValueError,
     "m (magnetization) of layer 'a' must be given for a ferromagnet, got None"),
    ({"layers": {**METALS, "b": (N, z)}}, ValueError,
     "m (magnetization) of layer 'b' must be left out in a normal metal"),
    ({"layers": {}}, ValueError, "all cells must be in the layers given (none), got 5 of group"),
    ({"scale": 0.0}, ValueError,
     "scale (length of one unit of the mesh) must be positive and finite, got 0"),
    ({"scale": -1e-9}, ValueError, "must be positive and finite, got -1e-09"),
    ({"scale": "nm"}, TypeError, "scale (length of one unit of the mesh) must be a real number"),
    ({"left": N}, TypeError, "left must be a Lead, Reservoir, SpinBlocking or SpinSource, got"),
    ({"right": N(1)}, TypeError, "right must be a Lead, Reservoir, SpinBlocking or SpinSource"),
]
# fmt: on


@pytest.mark.parametrize(("changes", "kind", "expected"), ARGUMENTS, ids=lambda x: str(x)[:40])
def test_arguments(written, changes, kind, expected):
    layers = changes.get("layers", METALS)
    options = {key: value for key, value in changes.items() if key != "layers"}
    with pytest.raises(kind, match=re.escape(expected)):
        sf.Stack.from_mesh(written(msh()), layers, **options)


# --- stack files ------------------------------------------------------------------------------

# fmt: off
EDITS = [
    ('file = "valve.msh"', "", "mesh.file: required key is missing"),
    ("scale_nm = 1 ", "", "mesh.scale_nm: required key is missing"),
    ("scale_nm = 1 ", "scale_nm = 0 ", "mesh.scale_nm: must be positive and finite, got 0"),
    ("scale_nm = 1 ", "scale_nm = '1' ", "mesh.scale_nm: must be a number, got '1'"),
    ("scale_nm = 1 ", "scale = 1 ",
     "mesh.scale: SI and the paper's units must not mix in one file, got the paper's here and SI "
     "in j0_A_m2; scale_nm is in nm"),
    ("scale_nm = 1 ", "scale_mm = 1 ",
     "mesh.scale_mm: unknown key; scale_nm is in nm (1 mm = 1e+06 nm)"),
    ("scale_nm = 1 ", "scale_nm = 1\ntags = 'layer'\n",
     "mesh: valve.msh: tags must be left out but for a .vtu file, got 'layer'"),
    ('[mesh]\n', "[msh]\n", "msh: unknown key; did you mean 'mesh'?"),
    ('name = "spacer"', 'name = "spacer"\nthickness_nm = 4',
     "layers[1].thickness_nm (layer 'spacer'): must be left out with [mesh], got 4"),
    ('name = "spacer"', "", "layers[1].name: required key is missing"),
    ('name = "spacer"', 'name = "spicer"',
     "mesh: valve.msh: name of a layer must be that of a group of line cells (fixed, spacer, "
     "free), got 'spicer'; did you mean 'spacer'?"),
    ('name = "spacer"', 'name = "free"',
     "layers[2].name (layer 'free'): must be unique, got 'free' twice"),
    ('name = "spacer"', 'name = "fixd"\n[[layers]]\nmaterial = "Cu"\nname = "spacer"',
     "mesh: valve.msh: name of a layer must be that of a group of line cells (fixed, spacer, "
     "free), got 'fixd'; did you mean 'fixed'?"),
    ('name = "free"', 'name = "fixed"',
     "layers[2].name (layer 'fixed'): must be unique, got 'fixed' twice"),
    ("valve.msh", "none.msh",
     "mesh.file: none.msh: cannot be read: No such file or directory"),
]
# fmt: on


@pytest.mark.parametrize(
    ("old", "new", "expected"), [pytest.param(*case, id=str(case[2])[:60]) for case in EDITS]
)
def test_stack_files(tmp_path, monkeypatch, capsys, old, new, expected):
    shutil.copy(MESHES / "valve.msh", tmp_path)
    text = (MESHES / "valve.toml").read_text()
    assert old in text
    (tmp_path / "valve.toml").write_text(text.replace(old, new))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        cli.main(["solve", "valve.toml"])
    assert stop.value.code == 2
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err == f"error: valve.toml: {expected}\n"


def test_order_of_layers_in_a_stack_file(tmp_path):
    shutil.copy(MESHES / "valve.msh", tmp_path)
    head, fixed, spacer, free = (MESHES / "valve.toml").read_text().split("[[layers]]")
    path = tmp_path / "valve.toml"
    path.write_text("[[layers]]".join([head, spacer, f"{fixed}\n", free]))
    expected = (
        "layers[0].name (layer 'spacer'): must be in the order of x in valve.msh (fixed, spacer, "
        "free), got 'spacer' for 'fixed'"
    )
    with pytest.raises(ValueError, match=re.escape(f"{path}: {expected}")):
        sf.load(path)
    path.write_text("[[layers]]".join([head, fixed, free]))
    expected = "all cells must be in the layers given (fixed, free), got 2 of group 'spacer'"
    with pytest.raises(ValueError, match=re.escape(expected)):
        sf.load(path)


def test_interfaces_stand_between_layers_of_a_mesh(tmp_path):
    shutil.copy(MESHES / "valve.msh", tmp_path)
    text = (MESHES / "valve.toml").read_text()
    joint = '[[layers]]\ninterface = true\nAR_fOhm_m2 = 0.5\n\n[[layers]]\nmaterial = "Cu"'
    text = text.replace('[[layers]]\nmaterial = "Cu"', joint)
    (tmp_path / "valve.toml").write_text(text)
    stack, j0 = sf.load(tmp_path / "valve.toml")
    assert stack.joints[1].resistance == 5e-16
    plain = stack
    for layer in stack.layers:
        plain = plain.replace(layer.name, nodes=None)
    same(sf.solve(stack, j0), sf.solve(plain, j0), 1e-11)


def test_lengths_are_exact_and_the_folder_is_that_of_the_stack_file(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    stack, _ = sf.load(MESHES / "valve.toml")
    assert stack.thickness.tolist() == [8e-9, 10e-9, 4e-9]
    assert sf.load(MESHES / "graded.toml")[0].thickness.tolist() == [20.0, 0.5, 20.0]


@pytest.mark.long
def test_sweeps_of_a_meshed_stack(tmp_path, capsys):
    pytest.importorskip("h5netcdf")
    import xarray

    path, out = MESHES / "valve.toml", tmp_path / "out.nc"
    with pytest.raises(SystemExit) as stop:
        cli.main(["sweep", str(path), "--vary", "free.polar_deg=0:90:3", "-o", str(out)])
    assert stop.value.code == 0
    capsys.readouterr()
    stack, j0 = sf.load(path)
    expected = sf.solve(stack.replace("free", m=sf.direction([0, 45, 90])), j0)
    with xarray.open_dataset(out) as found:
        np.testing.assert_allclose(found.spin_resistance, expected.spin_resistance, rtol=1e-12)
    with pytest.raises(SystemExit):
        cli.main(["sweep", str(path), "--vary", "free.thickness_nm=1:2:3", "-o", str(out)])
    error = "key must be a numeric one of 'free' (polar_deg, azimuth_deg), got 'thickness_nm'"
    assert error in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".msh", ".json"])
def test_byte_order_mark(written, suffix):
    """Some editors put one in front of a text in UTF-8."""
    text = msh()
    if suffix == ".json":
        cells = {name: [i for i, cell in enumerate(CELLS) if cell[0] == name] for name in "abc"}
        pairs = [cell[1:] for cell in CELLS]
        text = json.dumps({"p": [[x] for x in X], "t": pairs, "subdomains": cells})
    plain, marked = (
        read_layers(written(mark + text, f"mesh{suffix}"), "abc") for mark in ("", "\ufeff")
    )
    for one, other in zip(plain, marked, strict=True):
        assert one[:2] == other[:2]
        assert np.array_equal(one.nodes, other.nodes)
