"""Fields for ParaView, read back with meshio and PyVista."""

import os
import re
import stat
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import meshio
import numpy as np
import pytest

import spinfem as sf
from spinfem.cli import main
from spinfem.files import disk as files
from spinfem.files.meshfile import read_layers
from spinfem.io import vtkmesh

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
EXAMPLES = Path(__file__).parents[2] / "examples"
VALVE = EXAMPLES / "co_cu_py.toml"
NM = 1e9
FIELDS = ("spin_potential", "spin_current", "potential", "dissipation")
NAMES = ("fixed", "spacer", "free")


def valve(angle=60.0):
    return (
        sf.Lead(Cu)
        | Co(8e-9, m=sf.direction(0), name="fixed")
        | Cu(10e-9, name="spacer")
        | Co(4e-9, m=sf.direction(angle, 30), name="free")
        | sf.Lead(Cu)
    )


@pytest.fixture
def solution():
    return sf.solve(valve(), 1e11)


@pytest.fixture
def mesh(solution, tmp_path):
    solution.save(tmp_path / "valve.vtu")
    return meshio.read(tmp_path / "valve.vtu")


@pytest.fixture
def batch():
    """Directions, thicknesses and the current vary; shape (2, 3)."""
    stack = valve(np.array([0.0, 60.0, 180.0])).replace("spacer", thickness=[4e-9, 5e-9, 9e-9])
    return sf.solve(stack, np.array([[1e11], [-2e11]]))


def points_of(mesh, layer):
    """Points of a layer from left to right, by way of its cells."""
    (lines,) = mesh.cells
    cells = lines.data[mesh.cell_data["layer"][0] == layer]
    assert np.array_equal(cells[1:, 0], cells[:-1, 1])  # one chain
    return np.append(cells[:, 0], cells[-1, 1])


def joined(solution, field):
    return np.concatenate([getattr(layer, field) for layer in solution.layers])


# --- the line -----------------------------------------------------------------------------------


def test_fields_come_back_to_the_last_bit(mesh, solution):
    for i, name in enumerate(NAMES):
        at, layer = points_of(mesh, i), solution.layer(name)
        assert np.array_equal(mesh.points[at, 0], layer.x * NM)
        for key in FIELDS:
            assert np.array_equal(mesh.point_data[key][at], getattr(layer, key))
    assert not mesh.points[:, 1:].any()
    assert len(mesh.points) == sum(len(solution.layer(name).x) for name in NAMES)


def test_potentials_of_both_spins(mesh, solution):
    for i, layer in enumerate(solution.stack.layers):
        at = points_of(mesh, i)
        up, down = mesh.point_data["potential_up"][at], mesh.point_data["potential_down"][at]
        mu = mesh.point_data["spin_potential"][at]
        scale = 1e-14 * np.abs(up).max()  # sums and differences of numbers of that size
        if layer.is_ferromagnet:
            x = np.clip(mesh.points[at, 0] / NM, *solution.stack.x[i : i + 2])[1:-1]
            expected = solution.channel_potentials(x, layer.m)
            np.testing.assert_allclose(up[1:-1], expected[0], rtol=0, atol=1e-10 * scale / 1e-14)
            np.testing.assert_allclose(down[1:-1], expected[1], rtol=0, atol=1e-10 * scale / 1e-14)
            np.testing.assert_allclose(up - down, mu @ layer.m, rtol=0, atol=scale)
        else:
            np.testing.assert_allclose(up - down, np.linalg.norm(mu, axis=1), rtol=0, atol=scale)
            assert np.all(up >= down)
        potential = mesh.point_data["potential"][at]
        np.testing.assert_allclose((up + down) / 2, potential, rtol=0, atol=scale)


def test_cell_data(mesh, solution):
    assert [block.type for block in mesh.cells] == ["line"]
    number, kind, m = (mesh.cell_data[key][0] for key in ("layer", "kind", "m"))
    assert np.issubdtype(number.dtype, np.integer)
    assert np.issubdtype(kind.dtype, np.integer)
    assert np.array_equal(np.unique(number), [0, 1, 2])
    expected = [sf.direction(0), np.zeros(3), sf.direction(60, 30)]
    for i, magnetic in enumerate((1, 0, 1)):
        assert np.all(kind[number == i] == magnetic)
        # only normalizing m again may have touched its last bit
        assert np.abs(m[number == i] - expected[i]).max() <= 2e-16


def test_torque_density_of_strong_ferromagnets(mesh, solution):
    number, density = mesh.cell_data["layer"][0], mesh.cell_data["torque_density"][0]
    for i, name in ((0, "fixed"), (2, "free")):
        expected = solution.torque(name) / solution.stack.layers[i].thickness
        assert np.array_equal(density[number == i], np.tile(expected, (sum(number == i), 1)))
    assert not density[number == 1].any()


@pytest.mark.long
@pytest.mark.parametrize("mixing", [None, 1e15 + 1e14j])
@pytest.mark.parametrize("D", [1e7, np.array([1e7, 2e7])])
def test_torque_density_with_exchange_lengths_adds_up_to_the_torque(D, mixing):
    def solved(D, method):
        weak = sf.Ferromagnet(D=D, l=40e-9, p=0.5, lambda_J=3e-9, lambda_phi=2e-9)
        stack = sf.Lead(Cu) | Co(8e-9, m=(0, 0, 1)) | Cu(5e-9)
        stack = stack if mixing is None else stack | sf.Interface(mixing=mixing)
        stack = stack | weak(4e-9, m=(0, 1, 0), name="w") | Cu(2e-9) | Co(2e-9, m=(1, 0, 0))
        return sf.solve(stack | sf.Lead(Cu), 1e11, method=method)

    fields = vtkmesh.fields_of(solved(D, "saddle"))
    inside = fields.cells["layer"][0] == 2
    width = (fields.x[:, fields.starts + 1] - fields.x[:, fields.starts])[:, inside] / NM
    density = fields.cells["torque_density"][:, inside]
    total = (density * width[..., None]).sum(axis=1)
    torque = solved(D, "condensed").torque("w").reshape(-1, 3)
    # the trapezoidal rule: (h/lambda)^2/12 at 24 intervals
    np.testing.assert_allclose(total, torque, rtol=0, atol=1e-3 * np.abs(torque).max())
    assert np.ptp(density[..., 2], axis=1).min() > 0  # it is that of the place


def test_points_are_doubled_where_the_spin_current_jumps(mesh, solution):
    ends = [points_of(mesh, i)[[0, -1]] for i in range(3)]
    for left, right, face in zip(ends, ends[1:], solution.interfaces[1:], strict=False):
        a, b = left[1], right[0]
        assert a != b
        assert mesh.points[a, 0] == mesh.points[b, 0] == face.x * NM
        # mu_s is continuous, and j_s jumps by what the magnetization absorbs, eq. (10); fields
        # inside a layer agree with its faces to 1e-10, as the solver promises
        mu, j = mesh.point_data["spin_potential"], mesh.point_data["spin_current"]
        scale = np.abs(mu).max()
        np.testing.assert_allclose(mu[a], mu[b], rtol=0, atol=1e-10 * scale)
        jump = j[a] - j[b]
        np.testing.assert_allclose(jump, face.absorbed, rtol=0, atol=1e-10 * np.abs(j).max())
        assert np.abs(jump).max() > 0.01 * np.abs(j).max()


def test_mu_jumps_at_resistive_interfaces(tmp_path):
    """mu_s, j_s and mu_0 on both sides are those of the face, and their jumps AR* and gamma's."""
    AR, gamma = 0.5e-15, 0.6
    weak = sf.Ferromagnet(D=3e6, l=5e-9, p=0.7, lambda_J=1e-9, lambda_phi=2e-9)
    solution = sf.solve(
        sf.Lead(Cu)
        | sf.interdiffused(Co, Cu, width=0.2)(8e-9, m=sf.direction(0), name="fixed")
        | sf.Interface(AR, gamma=gamma, mixing=5e14 + 5e13j)
        | Cu(10e-9, name="spacer")
        | sf.Interface(AR, gamma=gamma)
        | weak(4e-9, m=sf.direction(60, 30), name="free")
        | sf.Lead(Cu),
        1e11,
    )
    solution.save(tmp_path / "sample.vtu")
    mesh = meshio.read(tmp_path / "sample.vtu")
    ends = [points_of(mesh, i)[[0, -1]] for i in range(3)]
    pairs = list(zip(ends, ends[1:], solution.interfaces[1:], strict=False))
    for left, right, face in pairs:
        a, b = left[1], right[0]
        assert a != b
        assert mesh.points[a, 0] == mesh.points[b, 0] == pytest.approx(1e9 * face.x)
        for key in ("spin_potential", "spin_current", "potential"):
            values = mesh.point_data[key]
            for point, side in ((a, "left"), (b, "right")):
                expected = getattr(face, f"{key}_{side}")
                scale = np.abs(values).max()
                np.testing.assert_allclose(values[point], expected, rtol=0, atol=1e-10 * scale)
    mu, m = mesh.point_data["spin_potential"], sf.direction(0)
    a, b = pairs[0][0][1], pairs[0][1][0]
    current = mesh.point_data["spin_current"][b] @ m
    jump = -2 * AR * (current - gamma * 1e11)
    assert (mu[b] - mu[a]) @ m == pytest.approx(jump, rel=1e-9)
    assert abs(jump) > 0.01 * np.abs(mu).max()


def test_units_and_names_are_in_the_field_data(mesh):
    assert mesh.field_data["unit of x: nm"] == 1e-9
    for unit in ("spin_potential: V", "dissipation: W/m3", "torque_density: J/m3"):
        assert mesh.field_data[f"unit of {unit}"] == 1
    held = {*mesh.point_data, "torque_density", "x"}
    units = [key for key in mesh.field_data if key.startswith("unit of ")]
    assert {key.removeprefix("unit of ").split(":")[0] for key in units} == held
    assert [mesh.field_data[f"layer: {name}"][0] for name in NAMES] == [0, 1, 2]


# of what XML takes to be its own, of what it would make spaces of, beyond 16 bits, before lines
NAMES_OF_ALL_KINDS = ["a<b> & \"c\" 'd'", "]]>&amp;", "Py\tµ\n2\r", "層🙂", "<Piece "]


@pytest.fixture
def named(tmp_path):
    """A file of layers with such names, and one that no XML can hold."""
    names = [*NAMES_OF_ALL_KINDS, "x\x00\ud800\uffff"]
    path = tmp_path / "n.vtu"
    sf.solve(sf.Stack([Cu(1e-9, name=name) for name in names])).save(path)
    return path


def test_names_may_be_anything(named):
    field_data = meshio.read(named).field_data
    found = {key: value[0] for key, value in field_data.items() if key.startswith("layer: ")}
    expected = [*NAMES_OF_ALL_KINDS, "x???"]
    assert found == {f"layer: {name}": i for i, name in enumerate(expected)}
    layers = read_layers(named, expected, tags="layer")  # by our own reader
    assert [layer.name for layer in layers] == expected


def test_plain_numbers_stay(tmp_path):
    metal = sf.Ferromagnet(D=1.0, l=1.0, p=0.5)
    stack = sf.NormalMetal(D=1.0, l=1.0)(2.0) | metal(1.0, m=(0, 0, 1), name="F")
    solution = sf.solve(stack | sf.NormalMetal(D=1.0, l=1.0)(1.0) | metal(1.0, m=(0, 1, 0)))
    solution.save(tmp_path / "n.VTU")
    mesh = meshio.read(tmp_path / "n.VTU", file_format="vtu")
    assert (mesh.points[:, 0].min(), mesh.points[:, 0].max()) == (0, 5)
    number, density = mesh.cell_data["layer"][0], mesh.cell_data["torque_density"][0]
    assert not mesh.cell_data["m"][0][number == 0].any()
    assert np.all(density[number == 1] == solution.absorbed_spin_current("F"))
    units = [key for key in mesh.field_data if key.startswith("unit of ")]
    assert units == ["unit of torque_density: hbar/2|e|"]


def test_units_may_be_given(solution, tmp_path):
    solution.save(tmp_path / "plain.vtu", units="plain")
    assert np.array_equal(meshio.read(tmp_path / "plain.vtu").points[:, 0], joined(solution, "x"))
    with pytest.raises(ValueError, match=r"^units must be 'SI' or 'plain', got 'nm'$"):
        solution.save(tmp_path / "bad.vtu", units="nm")
    assert [p.name for p in tmp_path.iterdir()] == ["plain.vtu"]


def test_nothing_is_printed(solution, tmp_path, capfd):
    solution.save(tmp_path / "valve.vtu")
    assert capfd.readouterr() == ("", "")


def test_line_of_one_thin_layer():
    mesh = vtkmesh.line_mesh(vtkmesh.fields_of(sf.solve(sf.Stack([Co(1e-9, m=(1, 0, 0))]))))
    assert np.array_equal(mesh.cell_data["m"][0], np.tile([1.0, 0, 0], (len(mesh.points) - 1, 1)))


# --- the wire -----------------------------------------------------------------------------------


def test_wire_has_the_fields_of_the_line_all_over_its_section(mesh, solution, tmp_path):
    solution.save_wire(tmp_path / "wire.vtu", diameter=20e-9)
    wire = meshio.read(tmp_path / "wire.vtu")
    section = 1 + vtkmesh.SECTORS * vtkmesh.RINGS
    assert len(wire.points) == section * len(mesh.points)
    assert np.array_equal(wire.points[:, 0], np.repeat(mesh.points[:, 0], section))
    assert np.hypot(*wire.points[:, 1:].T).max() == pytest.approx(10, rel=1e-15)
    assert set(wire.point_data) == set(mesh.point_data)
    for key, values in mesh.point_data.items():
        assert np.array_equal(wire.point_data[key], np.repeat(values, section, axis=0))
    assert [block.type for block in wire.cells] == ["wedge", "hexahedron"]
    for key, (values,) in mesh.cell_data.items():
        for block, found in zip(wire.cells, wire.cell_data[key], strict=True):
            copies = len(block.data) // len(values)
            assert np.array_equal(found, np.repeat(values, copies, axis=0))
    assert wire.field_data.keys() == mesh.field_data.keys()


def test_layers_of_the_wire_share_no_points(solution):
    wire = vtkmesh.wire_mesh(vtkmesh.fields_of(solution), 20e-9)
    seen = []
    for i in range(3):
        layer = [
            cells[numbers == i].ravel()
            for cells, numbers in zip(wire.cells.values(), wire.cell_data["layer"], strict=True)
        ]
        seen.append(set(np.concatenate(layer).tolist()))
    assert len(set.union(*seen)) == sum(map(len, seen)) == len(wire.points)


@pytest.mark.parametrize(
    ("diameter", "error"),
    [(0.0, ValueError), (-1e-9, ValueError), (np.nan, ValueError), ([1e-9, 2e-9], TypeError)],
)
def test_diameter_is_checked(solution, tmp_path, diameter, error):
    with pytest.raises(error, match=r"^diameter must be "):
        solution.save_wire(tmp_path / "wire.vtu", diameter=diameter)
    assert not list(tmp_path.iterdir())


def test_a_diameter_in_nanometres_is_noticed(solution, tmp_path):
    meant = r"diameter of the wire should be .*, got 20 m: 2e-8 m \(20 nm\) is meant\?"
    with pytest.warns(sf.UnitWarning, match=meant) as found:
        solution.save_wire(tmp_path / "wire.vtu", diameter=20)
    assert [warning.filename for warning in found] == [__file__]
    plain = sf.Ferromagnet(D=1.0, l=1.0, p=0.5)(1.0, m=(0, 0, 1))
    sf.solve(plain | sf.Reservoir()).save_wire(tmp_path / "wire.vtu", diameter=20)


# --- a batch ------------------------------------------------------------------------------------


def steps_of(path):
    """Times and files of a collection."""
    sets = ET.parse(path).getroot().findall("Collection/DataSet")
    return [float(s.get("timestep")) for s in sets], [path.parent / s.get("file") for s in sets]


@pytest.mark.long
def test_collection_has_every_point_in_c_order(batch, tmp_path):
    batch.save(tmp_path / "sweep.pvd")
    times, paths = steps_of(tmp_path / "sweep.pvd")
    assert times == [0, 1, 2, 3, 4, 5]
    assert paths[0] == tmp_path / "sweep" / "sweep_0000.vtu"
    assert sorted((tmp_path / "sweep").iterdir()) == paths
    for place, path in zip(np.ndindex(batch.shape), paths, strict=True):
        mesh, alone = meshio.read(path), batch[place]
        layers = [np.linspace(*alone.stack.x[i : i + 2], 5)[1:-1] for i in range(3)]
        for i, x in enumerate(layers):
            at = points_of(mesh, i)
            assert mesh.points[at[-1], 0] == alone.stack.x[i + 1] * NM
            near = np.abs(mesh.points[at, 0] / NM - x[:, None]).argmin(axis=1)
            x = np.clip(mesh.points[at[near], 0] / NM, *alone.stack.x[i : i + 2])
            for field in ("spin_potential", "spin_current", "potential"):
                expected = getattr(alone, field)(x)
                scale = np.abs(mesh.point_data[field]).max()
                # the solver's promise; the batch may have another mesh
                np.testing.assert_allclose(
                    mesh.point_data[field][at[near]], expected, rtol=0, atol=1e-10 * scale
                )
        for i, name in ((0, "fixed"), (2, "free")):
            expected = alone.torque(name) / alone.stack.layers[i].thickness
            inside = mesh.cell_data["layer"][0] == i
            scale = 1e-10 * np.abs(expected).max() + 1e-12
            found = mesh.cell_data["torque_density"][0][inside]
            np.testing.assert_allclose(found, np.tile(expected, (sum(inside), 1)), atol=scale)


def test_times_are_those_given(batch, tmp_path):
    times = np.array([[0.1, 0.2, 0.3], [-1, 1e-300, 1e300]])
    batch.save(tmp_path / "sweep.pvd", times=times)
    assert steps_of(tmp_path / "sweep.pvd")[0] == times.ravel().tolist()
    sf.solve(valve(), [1.0, 2.0]).save(tmp_path / "sweep.pvd", times=[5, 3])
    times, paths = steps_of(tmp_path / "sweep.pvd")
    assert times == [5, 3]
    assert sorted((tmp_path / "sweep").iterdir()) == paths  # the other four are gone
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sweep", "sweep.pvd"]


@pytest.mark.parametrize("name", ["a & b.c", "<\"'µ\n🙂"])
def test_collection_of_wires_and_of_a_single_solution(solution, tmp_path, name):
    solution.save_wire(tmp_path / f"{name}.pvd", diameter=1e-9)
    times, (path,) = steps_of(tmp_path / f"{name}.pvd")
    assert times == [0]
    assert path == tmp_path / name / f"{name}_0000.vtu"
    assert [block.type for block in meshio.read(path).cells] == ["wedge", "hexahedron"]


@pytest.mark.parametrize(
    ("times", "error", "message"),
    [
        (
            [1, 2],
            ValueError,
            r"^shape of times must broadcast to the batch's \(2, 3\), got \(2,\)$",
        ),
        ([1, 2, 3], ValueError, "^times must differ from point to point.* got 3 for 6 points$"),
        (np.nan, ValueError, "^times must be finite"),
        ("now", TypeError, "^times must be "),
    ],
)
def test_bad_times(batch, tmp_path, times, error, message):
    with pytest.raises(error, match=message):
        batch.save(tmp_path / "sweep.pvd", times=times)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a\x01.pvd", "\udcff.pvd"])
def test_collections_that_xml_cannot_name(batch, tmp_path, name):
    with pytest.raises(ValueError, match=re.escape(f"that XML allows, got {name!r}")):
        batch.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_times_are_not_for_one_file(solution, tmp_path):
    with pytest.raises(ValueError, match=r"^times must be left out for a \.vtu file, got 3$"):
        solution.save(tmp_path / "valve.vtu", times=3)


def test_batch_in_one_file_is_refused(tmp_path):
    batch = sf.solve(valve(np.linspace(0, 180, 7)))
    message = r"^a \.vtu file needs a single solution, got a batch of shape \(7,\): a \.pvd file"
    with pytest.raises(ValueError, match=message):
        batch.save(tmp_path / "batch.vtu")
    assert not list(tmp_path.iterdir())


def tree(folder):
    return {p.relative_to(folder): p.is_file() and p.read_bytes() for p in folder.rglob("*")}


@pytest.mark.parametrize("where", range(4))
@pytest.mark.parametrize("what", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_whatever_fails_the_old_collection_stays(batch, tmp_path, monkeypatch, where, what):
    batch.save(tmp_path / "sweep.pvd")
    before, rename, calls = tree(tmp_path), os.rename, []

    def fail(a, b):
        calls.append(a)
        if len(calls) == where + 1:  # of two moves away and two moves in
            raise what
        rename(a, b)

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(type(what)):
        batch[0].save(tmp_path / "sweep.pvd")
    assert tree(tmp_path) == before


def test_a_file_that_cannot_be_written_leaves_nothing(batch, tmp_path, monkeypatch):
    write, calls = meshio.Mesh.write, []

    def fail(self, path, **options):
        calls.append(path)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        write(self, path, **options)

    monkeypatch.setattr(meshio.Mesh, "write", fail)
    message = r"^.*sweep\.pvd: cannot be written: No space left on device$"
    with pytest.raises(OSError, match=message):
        batch.save(tmp_path / "sweep.pvd")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("stranger", ["thesis.tex", "sweep_0000.vtu/", "other_0000.vtu"])
def test_a_folder_with_something_else_is_left_alone(batch, tmp_path, stranger):
    place = tmp_path / "sweep" / stranger
    place.mkdir(parents=True) if stranger.endswith("/") else place.parent.mkdir()
    if not stranger.endswith("/"):
        place.write_text("years of work")
    before = tree(tmp_path)
    message = f"must hold nothing but files of an earlier collection, got '{stranger.rstrip('/')}'$"
    with pytest.raises(FileExistsError, match=message):
        batch.save(tmp_path / "sweep.pvd")
    assert tree(tmp_path) == before


def test_a_file_or_link_in_place_of_the_folder(batch, tmp_path):
    (tmp_path / "sweep").write_text("mine")
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    for name in ("sweep", "link"):
        with pytest.raises(FileExistsError, match=f"{name} must be a folder$"):
            batch.save(tmp_path / f"{name}.pvd")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "sweep", "there"]


# --- PyVista, which reads as ParaView does ------------------------------------------------------


@pytest.fixture
def pyvista():
    return pytest.importorskip("pyvista")


@pytest.mark.long
@pytest.mark.interop
def test_pyvista_reads_what_is_written(solution, tmp_path, pyvista):
    solution.save(tmp_path / "line.vtu")
    solution.save_wire(tmp_path / "wire.vtu", diameter=20e-9)
    for name in ("line.vtu", "wire.vtu"):
        seen, mesh = pyvista.read(tmp_path / name), meshio.read(tmp_path / name)
        assert np.array_equal(seen.points, mesh.points)
        assert set(seen.point_data) == set(mesh.point_data)
        for key, values in mesh.point_data.items():
            assert np.array_equal(seen.point_data[key], values)
        assert set(seen.cell_data) == set(mesh.cell_data)
        for key, blocks in mesh.cell_data.items():
            assert np.array_equal(seen.cell_data[key], np.concatenate(blocks))
        assert set(seen.field_data) == set(mesh.field_data)
        for key, values in mesh.field_data.items():
            assert np.array_equal(seen.field_data[key], values)
        ends = np.concatenate([block.data.ravel() for block in mesh.cells])
        assert np.array_equal(np.unique(seen.cell_connectivity), np.unique(ends))


@pytest.mark.interop
def test_pyvista_reads_names_of_all_kinds(named, pyvista):
    seen, mesh = pyvista.read(named).field_data, meshio.read(named).field_data
    assert set(seen) == set(mesh)
    for key, values in mesh.items():
        assert seen[key].dtype == values.dtype
        assert np.array_equal(seen[key], values)


@pytest.mark.interop
def test_wire_has_the_right_volume_and_torque(solution, tmp_path, pyvista):
    solution.save_wire(tmp_path / "wire.vtu", diameter=20e-9)
    wire = pyvista.read(tmp_path / "wire.vtu")
    volume = wire.compute_cell_sizes(length=False, area=False).cell_data["Volume"]
    assert volume.min() > 0  # no cell is inside out
    area = vtkmesh.SECTORS / 2 * np.sin(2 * np.pi / vtkmesh.SECTORS) * 10**2  # nm2
    assert volume.sum() == pytest.approx(area * 22, rel=1e-12)
    for i, name in ((0, "fixed"), (2, "free")):
        inside = wire.cell_data["layer"] == i
        total = volume[inside] @ wire.cell_data["torque_density"][inside] * 1e-27
        torque = solution.torque(name)
        scale = np.abs(torque).max()
        np.testing.assert_allclose(total / (area * 1e-18), torque, rtol=0, atol=1e-12 * scale)


@pytest.mark.interop
def test_pyvista_reads_a_collection(batch, tmp_path, pyvista):
    times = np.arange(6.0).reshape(2, 3)[::-1]  # not in order
    batch.save(tmp_path / "sweep.pvd", times=times)
    reader = pyvista.get_reader(tmp_path / "sweep.pvd")
    assert sorted(reader.time_values) == [0, 1, 2, 3, 4, 5]
    for i, (time, place) in enumerate(zip(times.ravel(), np.ndindex(2, 3), strict=True)):
        reader.set_active_time_value(time)
        (seen,) = reader.read()
        mesh = meshio.read(tmp_path / "sweep" / f"sweep_{i:04}.vtu")
        assert np.array_equal(seen.point_data["spin_current"], mesh.point_data["spin_current"])
        m = seen.cell_data["m"][seen.cell_data["layer"] == 2][0]
        expected = batch[place].stack.layers[2].m
        np.testing.assert_allclose(m, expected, rtol=0, atol=2e-16)


@pytest.mark.long
@pytest.mark.interop
def test_picture_of_the_dual_valve(tmp_path, pyvista):
    # in a process of its own: VTK ends the process where it finds no way to render
    script = os.fspath(EXAMPLES / "picture_of_the_dual_valve.py")
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True)
    if done.returncode < 0:
        pytest.skip(f"VTK cannot render here: {done.stderr[-200:]}")
    assert done.returncode == 0, done.stderr
    assert 10_000 < (tmp_path / "dual_valve.png").stat().st_size < 150_000


# --- the command line ---------------------------------------------------------------------------


def run(*arguments):
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in arguments])
    return stop.value.code


@pytest.mark.long
def test_wire_on_the_command_line(tmp_path, capsys):
    assert run("solve", VALVE, "-o", tmp_path / "wire.vtu", "--wire", 14) == 0
    assert capsys.readouterr().err == ""
    wire = meshio.read(tmp_path / "wire.vtu")
    assert np.abs(wire.points[:, 1]).max() == pytest.approx(7, rel=1e-15)
    paper = EXAMPLES / "paper_valve.toml"
    for options, kind in (((), "line"), (("--wire", 2.0), "wedge")):
        assert run("solve", paper, "-o", tmp_path / "paper.vtu", *options) == 0
        mesh = meshio.read(tmp_path / "paper.vtu")
        assert mesh.cells[0].type == kind
        assert "unit of x: nm" not in mesh.field_data
    assert np.abs(mesh.points[:, 1]).max() == pytest.approx(1, rel=1e-15)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--wire", "5"], "--wire must come with -o OUT.vtu, where the wire is drawn"),
        (["-o", "x.vtu", "--wire", "0"], "--wire (diameter) must be positive and finite, got 0"),
        (["-o", "x.vtu", "--wire", "nan"], "--wire (diameter) must be"),
    ],
)
def test_bad_wire_on_the_command_line(tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    assert run("solve", VALVE, *options) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["valve.vtk", "valve", "vtu", "valve.vtu.gz", ".pvd"])
def test_suffix_is_checked(solution, tmp_path, name):
    with pytest.raises(ValueError, match=rf"must end in \.vtu or \.pvd, got '{name}'$"):
        solution.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("end", ["vtu", "pvd"])
def test_places_that_cannot_be_written(solution, tmp_path, end):
    (tmp_path / "file").touch()
    (tmp_path / f"folder.{end}").mkdir()
    for place, error, reason in (
        (f"missing/x.{end}", FileNotFoundError, "no directory .*missing$"),
        (f"file/x.{end}", NotADirectoryError, ".*file is not a directory$"),
        (f"folder.{end}", IsADirectoryError, "is a directory$"),
    ):
        with pytest.raises(error, match=f"^.*{place}: cannot be written: {reason}"):
            solution.save(tmp_path / place)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", f"folder.{end}"]


@pytest.mark.parametrize("end", ["vtu", "pvd"])
@pytest.mark.parametrize("failure", [SystemExit(1), meshio.WriteError("no way")])
def test_meshio_ends_neither_the_program_nor_in_half_a_file(
    solution, tmp_path, monkeypatch, failure, end, capfd
):
    def fail(self, path, **options):
        path.write_text("half")
        print("Error: no way")
        raise failure

    monkeypatch.setattr(meshio.Mesh, "write", fail)
    path = tmp_path / f"valve.{end}"
    path.write_text("before")
    message = rf"^{re.escape(str(path))}: cannot be written: Error: no way$"
    with pytest.raises(OSError, match=message):
        solution.save(path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "before"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("writer", [meshio.Mesh, ET.ElementTree])  # of a file, of field data
def test_full_disk_is_one_line(solution, tmp_path, monkeypatch, writer):
    def fail(self, path, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer, "write", fail)
    with pytest.raises(
        OSError, match=r"valve\.vtu: cannot be written: No space left on device$"
    ) as e:
        solution.save(tmp_path / "valve.vtu")
    assert e.value.errno == 28
    assert not list(tmp_path.iterdir())


def test_permissions_are_the_usual_ones(tmp_path):
    old = os.umask(0o027)
    try:
        with files.replacing(tmp_path / "a.txt") as path:
            path.write_text("a")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


def test_links_stay_links(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    with files.replacing(tmp_path / "link.txt") as path:
        path.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_missing_directory_without_a_check_before(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match=r"x\.txt: cannot be written: No such file"),
        files.replacing(tmp_path / "missing" / "x.txt"),
    ):
        pytest.fail("there is nowhere to write")
