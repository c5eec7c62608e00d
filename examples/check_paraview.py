"""What spinfem writes is what ParaView reads, checked with ParaView itself.

ParaView has a Python of its own, so this is run twice: first with spinfem, which writes a line, a
wire, a batch of each and the values that they should have; then with ParaView, which reads them.

    python check_paraview.py folder
    pvpython check_paraview.py folder

The tests do the same with meshio and, if it is installed, PyVista.
"""

import sys
from pathlib import Path

import numpy as np

THETA = np.linspace(0.0, 180.0, 5)
FIELDS = (
    "spin_potential",
    "spin_current",
    "potential",
    "potential_up",
    "potential_down",
    "dissipation",
)


def write(folder):
    import spinfem as sf

    stack, j0 = sf.load(Path(__file__).resolve().with_name("dual_valve.toml"))
    one, batch = sf.solve(stack, j0), sf.solve(stack.replace("free", m=sf.direction(THETA)), j0)
    one.save(folder / "line.vtu")
    one.save_wire(folder / "wire.vtu", diameter=14e-9)
    batch.save(folder / "line_sweep.pvd", times=THETA)
    batch.save_wire(folder / "wire_sweep.pvd", diameter=14e-9, times=THETA)
    expected = {}
    for name, solution in (("one", one), ("batch", batch)):
        layers = solution.layers
        expected[f"{name} x"] = 1e9 * np.concatenate([layer.x for layer in layers])
        for field in ("spin_potential", "spin_current", "potential", "dissipation"):
            axis = len(solution.shape)
            values = [getattr(layer, field) for layer in layers]
            expected[f"{name} {field}"] = np.concatenate(values, axis=axis)
        for layer, piece in zip(layers, solution.stack.layers, strict=True):
            if piece.is_ferromagnet:
                density = solution.torque(layer.name) / piece.thickness
                expected[f"{name} torque_density {layer.index}"] = density
    np.savez(folder / "expected.npz", **expected)
    print(f"written to {folder}; now: pvpython {Path(__file__).name} {folder}")


def read(folder):
    from paraview import servermanager, simple

    expected = np.load(folder / "expected.npz")
    for name in ("line.vtu", "wire.vtu", "line_sweep.pvd", "wire_sweep.pvd"):
        reader = simple.OpenDataFile(str(folder / name))
        single = name.endswith(".vtu")
        if single:
            steps = [None]
        else:
            steps = list(reader.TimestepValues)
            assert steps == list(THETA), f"{name}: {steps}"
        for i, step in enumerate(steps):
            reader.UpdatePipeline() if single else reader.UpdatePipeline(step)
            data = servermanager.Fetch(reader)
            data = data if data.IsA("vtkUnstructuredGrid") else data.GetBlock(0)
            compare(name, data, expected, "one" if single else "batch", () if single else (i,))
        print(f"{name}: {len(steps)} of {data.GetNumberOfPoints()} points as expected")


def compare(name, data, expected, which, index):
    from vtk.util.numpy_support import vtk_to_numpy

    points = vtk_to_numpy(data.GetPoints().GetData())
    copies = len(points) // len(expected[f"{which} x"])  # points of a section
    assert np.array_equal(points[::copies, 0], expected[f"{which} x"]), f"{name}: x"
    found = {}
    for field in FIELDS:
        values = vtk_to_numpy(data.GetPointData().GetArray(field))
        found[field] = values[::copies]
        for other in range(1, copies):
            assert np.array_equal(values[other::copies], found[field]), f"{name}: {field} varies"
        if f"{which} {field}" in expected:
            wanted = expected[f"{which} {field}"][index]
            assert np.array_equal(found[field], wanted), f"{name}: {field}"
    middle = (found["potential_up"] + found["potential_down"]) / 2
    scale = np.abs(found["potential"]).max()
    assert np.abs(middle - found["potential"]).max() < 1e-15 * scale, f"{name}: potentials"
    cells = data.GetCellData()
    layer, density = (vtk_to_numpy(cells.GetArray(key)) for key in ("layer", "torque_density"))
    for key in expected.files:
        if key.startswith(f"{which} torque_density"):
            wanted = expected[key][index]
            inside = density[layer == int(key.split()[-1])]
            assert np.array_equal(inside, np.tile(wanted, (len(inside), 1))), f"{name}: {key}"
            assert len(inside), f"{name}: {key} in no cell"


def paraview_runs_this():
    try:
        import paraview.simple  # noqa: F401
    except ImportError:
        return False
    return True


if len(sys.argv) != 2:
    sys.exit(__doc__)
place = Path(sys.argv[1])
place.mkdir(parents=True, exist_ok=True)
(read if paraview_runs_this() else write)(place)
