"""Systems for PETSc: read by another reader, solved by another solver."""

import shutil
import struct
import subprocess

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.linalg import spsolve
from wires import LEAD, TILTED, Py, Weak, wire

import spinfem as sf
from spinfem.devices import petsc


def objects(path):
    """Read numbers one by one, as the format is described: matrix, vector, index set."""
    with path.open("rb") as file:

        def take(kind, count):
            return np.array(
                struct.unpack(f">{count}{kind}", file.read(8 * count if kind == "d" else 4 * count))
            )

        magic, rows, columns, count = take("i", 4)
        assert magic == 1211216
        ends = np.concatenate([[0], np.cumsum(take("i", rows))])
        assert ends[-1] == count
        at = take("i", count)
        matrix = csr_array((take("d", count), at, ends), shape=(rows, columns))
        magic, count = take("i", 2)
        assert magic == 1211214
        load = take("d", count)
        magic, count = take("i", 2)
        assert magic == 1211218
        kinds = take("i", count)
        assert not file.read()
    return matrix, load, kinds


def write_vector(path, x):
    path.write_bytes(struct.pack(f">2i{len(x)}d", 1211214, len(x), *x))


DEVICES = {
    "strong": lambda: wire("tri", 2),
    "precessing": lambda: wire("quad", 2, free=(Weak, TILTED)),
    "space": lambda: wire("tet", 1),
    "reservoirs": lambda: wire("line", 3, ends=(sf.Reservoir(), LEAD), free=(Py, sf.direction(90))),
}


@pytest.mark.long
@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("degree", [1, 2])
def test_what_is_written_has_the_solution(name, degree, tmp_path):
    device, path = DEVICES[name](), tmp_path / "system.dat"
    petsc.write_system(device, path, degree)
    A, b, kinds = objects(path)
    assert np.array_equal(kinds, sf.solve(device, degree=degree).system.fields)
    write_vector(tmp_path / "x.dat", spsolve(A.tocsc(), b))
    found = petsc.read_solution(device, tmp_path / "x.dat", degree)
    expected = sf.solve(device, degree=degree)
    # two solvers with factors: rounding, of a condition of 1e4 or so
    for magnet in ("fixed", "free"):
        size = np.linalg.norm(expected.torque(magnet))
        assert np.linalg.norm(found.torque(magnet) - expected.torque(magnet)) < 1e-9 * size
    assert found.resistance("left", "right") == pytest.approx(
        expected.resistance("left", "right"), rel=1e-10
    )
    assert found.report.method == "PETSc"
    assert found.report.residual < 1e-10


def test_a_large_system_counts_along_a_magnet(tmp_path, monkeypatch):
    """And has the same solution: its unknowns are other ones."""
    device = wire("tet", 2)
    expected = sf.solve(device, degree=1)
    monkeypatch.setattr("spinfem.devices.linear.DIRECT", 10)
    petsc.write_system(device, tmp_path / "system.dat", 1)
    A, b, kinds = objects(tmp_path / "system.dat")
    assert set(kinds) == {0, 2, 3, 4}
    write_vector(tmp_path / "x.dat", spsolve(A.tocsc(), b))
    found = petsc.read_solution(device, tmp_path / "x.dat", 1)
    for magnet in ("fixed", "free"):
        np.testing.assert_allclose(
            found.torque(magnet),
            expected.torque(magnet),
            atol=1e-9 * np.abs(expected.torque("free")).max(),
        )


def test_a_file_is_whole_or_not_there(tmp_path, monkeypatch):
    path = tmp_path / "system.dat"
    path.write_bytes(b"what was there")
    monkeypatch.setattr(petsc, "REAL", "no type")
    with pytest.raises(TypeError):
        petsc.write_system(wire("tri", 1), path, 1)
    assert path.read_bytes() == b"what was there"
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("off", [1e-6, np.nan])
def test_a_wrong_solution_is_refused(off, tmp_path):
    device = wire("tri", 1)
    petsc.write_system(device, tmp_path / "system.dat", 1)
    A, b, _ = objects(tmp_path / "system.dat")
    x = spsolve(A.tocsc(), b)
    write_vector(tmp_path / "x.dat", x * (1 + off))
    with pytest.raises(ValueError, match=r"residual of a solution must be below 1e-08, got"):
        petsc.read_solution(device, tmp_path / "x.dat", 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"must have a vector of PETSc, got"),
        (b"abcdefghij", r"must have a vector of PETSc, got"),
        (struct.pack(">2i1d", 1211214, 1, 1.0), r"must have [0-9]+ numbers, got 1 in 16 bytes"),
    ],
)
def test_other_files_are_refused(content, message, tmp_path):
    (tmp_path / "x.dat").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        petsc.read_solution(wire("line", 1), tmp_path / "x.dat")


def test_a_vector_that_is_cut_is_refused(tmp_path):
    device = wire("line", 1)
    petsc.write_system(device, tmp_path / "system.dat", 1)
    _, b, _ = objects(tmp_path / "system.dat")
    write_vector(tmp_path / "x.dat", b)
    whole = (tmp_path / "x.dat").read_bytes()
    (tmp_path / "x.dat").write_bytes(whole[:-1])
    with pytest.raises(ValueError, match=r"numbers, got [0-9]+ in [0-9]+ bytes"):
        petsc.read_solution(device, tmp_path / "x.dat", 1)


SCRIPT = """
import sys
from petsc4py import PETSc

viewer = PETSc.Viewer().createBinary(sys.argv[1], "r")
A, b = PETSc.Mat().load(viewer), PETSc.Vec().load(viewer)
kinds = PETSc.IS().load(viewer)
assert kinds.getSize() == b.getSize() == A.getSize()[0]
solver = PETSc.KSP().create()
solver.setOperators(A)
solver.setType("preonly")
solver.getPC().setType("lu")
x = b.duplicate()
solver.solve(b, x)
x.view(PETSc.Viewer().createBinary(sys.argv[2], "w"))
"""


def petsc_python():
    """Return a Python with petsc4py, as Debian's."""
    for name in ("python3", "/usr/bin/python3"):
        found = shutil.which(name)
        if (
            found
            and not subprocess.run([found, "-c", "import petsc4py"], capture_output=True).returncode
        ):
            return found
    return None


@pytest.mark.long
@pytest.mark.interop
def test_petsc_reads_and_solves_it(tmp_path):
    python = petsc_python()
    if python is None:
        pytest.skip("no Python with petsc4py")
    device, files = wire("tet", 2), [tmp_path / "system.dat", tmp_path / "x.dat"]
    petsc.write_system(device, files[0], 2)
    subprocess.run([python, "-c", SCRIPT, *map(str, files)], check=True)
    found, expected = petsc.read_solution(device, files[1], 2), sf.solve(device, degree=2)
    np.testing.assert_allclose(found.torque("free"), expected.torque("free"), rtol=1e-8)
