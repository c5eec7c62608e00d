"""Fields for ParaView, read back with meshio."""

import os
import stat

import meshio
import numpy as np
import pytest

import spinfem as sf
from spinfem.io import files, vtk

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
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


def points_of(mesh, layer):
    """Points of a layer from left to right, by way of its cells."""
    (lines,) = mesh.cells
    cells = lines.data[mesh.cell_data["layer"][0] == layer]
    assert np.array_equal(cells[1:, 0], cells[:-1, 1])  # one chain
    return np.append(cells[:, 0], cells[-1, 1])


def test_fields_come_back_to_the_last_bit(mesh, solution):
    for i, name in enumerate(NAMES):
        at, layer = points_of(mesh, i), solution.layer(name)
        assert np.array_equal(mesh.points[at, 0], layer.x)
        for key in ("spin_potential", "spin_current", "potential"):
            assert np.array_equal(mesh.point_data[key][at], getattr(layer, key))
    assert not mesh.points[:, 1:].any()
    assert len(mesh.points) == sum(len(solution.layer(name).x) for name in NAMES)


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


def test_points_are_doubled_where_the_spin_current_jumps(mesh, solution):
    ends = [points_of(mesh, i)[[0, -1]] for i in range(3)]
    for left, right, face in zip(ends, ends[1:], solution.interfaces[1:], strict=False):
        a, b = left[1], right[0]
        assert a != b
        assert mesh.points[a, 0] == mesh.points[b, 0] == face.x
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
        assert mesh.points[a, 0] == mesh.points[b, 0] == face.x
        for key, values in mesh.point_data.items():
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


def test_paper_units_stay(tmp_path):
    stack = sf.Stack([sf.NormalMetal(D=1.0, l=1.0)(2.0)])
    sf.solve(stack).save(tmp_path / "n.VTU")
    mesh = meshio.read(tmp_path / "n.VTU", file_format="vtu")
    assert (mesh.points[:, 0].min(), mesh.points[:, 0].max()) == (0, 2)
    assert not mesh.cell_data["m"][0].any()


def test_nothing_is_printed(solution, tmp_path, capfd):
    solution.save(tmp_path / "valve.vtu")
    assert capfd.readouterr() == ("", "")


def test_batch_is_refused(tmp_path):
    batch = sf.solve(valve(np.linspace(0, 180, 7)))
    with pytest.raises(
        ValueError, match=r"^a \.vtu file needs a single solution, got a batch of shape \(7,\)$"
    ):
        batch.save(tmp_path / "batch.vtu")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["valve.vtk", "valve", "vtu", "valve.vtu.gz"])
def test_suffix_is_checked(solution, tmp_path, name):
    with pytest.raises(ValueError, match=rf"must end in \.vtu, got '{name}'$"):
        solution.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_places_that_cannot_be_written(solution, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder.vtu").mkdir()
    for place, error, reason in (
        ("missing/x.vtu", FileNotFoundError, "no directory .*missing$"),
        ("file/x.vtu", NotADirectoryError, ".*file is not a directory$"),
        ("folder.vtu", IsADirectoryError, "is a directory$"),
    ):
        with pytest.raises(error, match=f"^.*{place}: cannot be written: {reason}"):
            solution.save(tmp_path / place)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.vtu"]


@pytest.mark.parametrize("failure", [SystemExit(1), meshio.WriteError("no way")])
def test_meshio_ends_neither_the_program_nor_in_half_a_file(
    solution, tmp_path, monkeypatch, failure, capfd
):
    def fail(self, path, **options):
        path.write_text("half")
        print("Error: no way")
        raise failure

    monkeypatch.setattr(meshio.Mesh, "write", fail)
    path = tmp_path / "valve.vtu"
    path.write_text("before")
    with pytest.raises(OSError, match=r"valve\.vtu: cannot be written: Error: no way$"):
        solution.save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["valve.vtu"]
    assert path.read_text() == "before"
    assert capfd.readouterr() == ("", "")


def test_full_disk_is_one_line(solution, tmp_path, monkeypatch):
    def fail(self, path, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(meshio.Mesh, "write", fail)
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


def test_line_mesh_of_one_thin_layer():
    mesh = vtk.line_mesh(sf.solve(sf.Stack([Co(1e-9, m=(1, 0, 0))])))
    assert np.array_equal(mesh.cell_data["m"][0], np.tile([1.0, 0, 0], (len(mesh.points) - 1, 1)))
