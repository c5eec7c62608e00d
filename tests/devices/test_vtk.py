"""Files of devices: what is read again is what was solved, in nm, whatever the unit of the mesh."""

import re

import meshio
import numpy as np
import pytest
from wires import DEEP, NAMES, THICKNESS, WIDE, wire

import spinfem as sf
from spinfem.devices.grid import Grid

SIZE = {"line": 1.0, "tri": WIDE, "quad": WIDE, "tet": WIDE * DEEP, "hex": WIDE * DEEP}
EDGES = np.cumsum([0.0, *THICKNESS.values()])


def sizes(kind, points, cells):
    """Lengths, areas, volumes of cells, of corners in the order of VTK."""
    p = points[cells]
    edges = p[:, 1:] - p[:, :1]
    if kind == "line":
        return np.linalg.norm(edges[:, 0], axis=1)
    if kind == "tetra":
        return abs(np.linalg.det(edges)) / 6
    if kind == "hexahedron":
        return abs(np.linalg.det(edges[:, [0, 2, 3]]))
    cross = np.cross(edges[:, :-1], edges[:, 1:])
    return np.linalg.norm(cross, axis=2).sum(axis=1) / 2


def nearest(points, others):
    """Numbers of the points, m, that others, nm, are."""
    distance = np.abs(points[:, None] * 1e9 - others[None, :, : points.shape[1]]).sum(axis=2)
    assert distance.min(axis=0).max() < 1e-5
    return distance.argmin(axis=0)


@pytest.mark.parametrize("kind", SIZE)
def test_a_file_has_what_was_solved(tmp_path, kind):
    device = wire(kind, 2)
    mesh = device.grid.mesh
    coarse = type(mesh)(mesh.p * 1e-3, mesh.t).with_subdomains(mesh.subdomains)
    grid = Grid(coarse.with_boundaries(mesh.boundaries), 1e-6)
    found = sf.solve(
        sf.Device(grid, device.regions, device.electrodes), degree=1 if kind == "line" else 2
    )
    found.save(tmp_path / "wire.vtu")
    volume = meshio.read(tmp_path / "wire.vtu")
    ((shape, cells),) = volume.cells_dict.items()
    (region,) = volume.cell_data["region"]
    middle = volume.points[cells].mean(axis=1)[:, 0]
    for k, name in enumerate(device.regions):
        at = region == k
        assert sizes(shape, volume.points, cells[at]).sum() == pytest.approx(
            THICKNESS[name] * SIZE[kind], rel=1e-9
        )
        assert ((middle[at] > EDGES[k]) & (middle[at] < EDGES[k + 1])).all()
        nodes = np.unique(cells[at])
        points, mu_0, mu_s = found.field(name)
        near = nearest(points, volume.points[nodes])
        data = volume.point_data
        np.testing.assert_allclose(data["potential"][nodes], mu_0[near], rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(data["spin_potential"][nodes], mu_s[near], rtol=1e-6, atol=1e-12)
        m = device.regions[name].m if device.regions[name].is_magnet else (0, 0, 0)
        np.testing.assert_allclose(data["m"][nodes], np.tile(m, (len(nodes), 1)), atol=1e-7)
    assert {k: x for k, (x,) in volume.field_data.items()} == pytest.approx(
        {f"region {k}: {name}": k for k, name in enumerate(device.regions)}
        | {f"potential of {name}, V": found.potential(name) for name in device.electrodes}
        | {f"current of {name}, A": found.current(name) for name in device.electrodes}
    )
    if kind == "line":
        assert not (tmp_path / "wire_interfaces.vtu").exists()
        return
    faces = meshio.read(tmp_path / "wire_interfaces.vtu")
    ((shape, cells),) = faces.cells_dict.items()
    (number,) = faces.cell_data["interface"]
    assert sorted(x for (x,) in faces.field_data.values()) == [0, 1, 2, 3]
    for key, (k,) in faces.field_data.items():
        magnet, face = re.fullmatch(rf"interface {k:.0f}: (\w+), from (\w+)", key).groups()
        assert magnet in NAMES
        own = cells[number == k]
        x = {"left": 0.0, "right": 22.0, "spacer": 8.0 if magnet == "fixed" else 18.0}[face]
        assert faces.points[own][..., 0] == pytest.approx(x)
        whole = sizes(shape, faces.points, own).sum()
        assert whole == pytest.approx(SIZE[kind], rel=1e-6)
        points, density = found.torque_density(magnet, face)
        nodes = np.unique(own)
        near = nearest(points, faces.points[nodes])
        largest = np.abs(density).max()
        np.testing.assert_allclose(
            faces.point_data["torque_density"][nodes],
            density[near],
            rtol=1e-6,
            atol=1e-6 * largest + 1e-30,
        )
