"""Torques in cells of finite-difference grids, and the files that have them."""

import numpy as np
import pytest
import skfem
from codes import imported
from wires import DEEP, KINDS, SAMPLES, TILTED, UP, WIDE, Co, Cu, Py, stack, twisted, wire

import spinfem as sf
from spinfem.devices.grid import Grid

R, DEPTH = 50e-9, 5e-9
TOTAL = 1e-12
"""Of the whole torque: what roundings of some thousand pieces may be."""


def read_ovf(path):
    """A reader by the format's definition: header, and values with x changing fastest."""
    lines = path.read_text(encoding="ascii").splitlines()
    assert lines[0] == "# OOMMF OVF 2.0"
    head = dict(line[2:].split(": ", 1) for line in lines[1:] if line.startswith("# "))
    values = np.array([line.split() for line in lines if not line.startswith("#")], dtype=float)
    count = [int(head[f"{a}nodes"]) for a in "zyx"]
    assert head["meshtype"] == "rectangular"
    assert head["meshunit"] == "m"
    assert lines.index("# End: Header") < lines.index("# Begin: Data Text")
    return head, values.reshape(*count, int(head["valuedim"])).transpose(2, 1, 0, 3)


@pytest.mark.some(5)
@pytest.mark.parametrize("sample", ["transparent", "mixing", "exchange lengths", "memory loss"])
@pytest.mark.parametrize("kind", ["tri", "quad", "tet", "hex"])
def test_cells_have_the_whole_torque(kind, sample):
    """Cells that fit the mesh nowhere."""
    given = SAMPLES[sample]
    if sample == "transparent":
        given = {"free": (Py, twisted)}
    solution = sf.solve(wire(kind, 3, **given), degree=2)
    depth = DEPTH if kind in ("tri", "quad") else 1.0
    for name in ("free", "fixed"):
        grid = solution.torque_on_grid(name, (1.7e-9, 7e-9, DEPTH))
        total = solution.torque(name) * depth
        found = grid.torque.sum(axis=(0, 1, 2))
        np.testing.assert_allclose(found, total, rtol=0, atol=TOTAL * np.abs(total).max())
        middle = grid.low + grid.cell * grid.torque.shape[:3] / 2
        low, high = {"free": (18e-9, 22e-9), "fixed": (0.0, 8e-9)}[name]
        third = DEEP * 1e-9 / 2 if depth == 1.0 else 0.0
        np.testing.assert_allclose(middle, [(low + high) / 2, WIDE * 5e-10, third], atol=1e-15)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["quad", "hex"])
@pytest.mark.parametrize("sample", ["transparent", "mixing", "exchange lengths"])
def test_a_uniform_wire_has_one_torque_in_all_cells_across_it(kind, sample):
    """And along it that of the stack: of its faces, and of what is between them."""
    solution = sf.solve(wire(kind, 6, **SAMPLES[sample]), degree=2)
    exact = sf.solve(stack(**SAMPLES[sample]), 1e11)
    grid = solution.torque_on_grid("free", (1e-9, 5e-9, 10e-9))
    assert grid.torque.shape == (4, 6, 2 if kind == "hex" else 1, 3)
    size = np.abs(grid.torque).max()
    assert np.ptp(grid.torque, axis=(1, 2)).max() < 1e-11 * size
    area = 5e-9 * 10e-9
    slices = grid.torque[:, 0, 0] / area
    np.testing.assert_allclose(slices.sum(axis=0), exact.torque("free"), rtol=1e-4)
    if sample == "exchange lengths":  # most of it where the spins enter
        assert (np.diff(np.linalg.norm(slices, axis=1)[:3]) < 0).all()
    else:  # on the magnet's side of its faces
        face = exact.interfaces[2].absorbed
        per = exact.torque("free") / exact.absorbed_spin_current("free")
        np.testing.assert_allclose(slices[0], per * face, rtol=1e-4)
        np.testing.assert_allclose(slices[1:3], 0, atol=1e-30)
    volume = np.prod(grid.cell)
    np.testing.assert_array_equal(grid.density, grid.torque / volume)


def test_a_pillar_along_z():
    """Its axis is z of the grid, and vectors turn with it; far from the rim torques are equal."""
    ends = sf.Reservoir(), sf.Reservoir()
    solution = sf.solve(
        sf.Device.pillar(stack(ends=ends), radius=R, current=1e-3, elements=6), degree=2
    )
    grid = solution.torque_on_grid("free", (4e-9, 5e-9, 4e-9))
    assert grid.torque.shape == (25, 20, 1, 3)
    total = np.roll(solution.torque("free"), -1)
    np.testing.assert_allclose(grid.torque.sum(axis=(0, 1, 2)), total, rtol=TOTAL)
    y, z = ((np.arange(n) - (n - 1) / 2) * d for n, d in ((25, 4.0), (20, 5.0)))
    own = grid.torque[np.hypot(y[:, None], z) < 46.0][:, 0]
    wanted = np.tile(total * 20e-18 / (np.pi * R**2), (len(own), 1))
    np.testing.assert_allclose(own, wanted, rtol=1e-9)
    np.testing.assert_allclose(grid.m[12, 10, 0], np.roll(TILTED, -1), rtol=1e-15)
    mirrored = grid.torque[::-1, ::-1]
    np.testing.assert_allclose(grid.torque, mirrored, atol=1e-12 * np.abs(own).max())


def test_cells_that_do_not_fit_cover_the_magnet():
    """Of 4 and 30 nm; what is over is the same at both ends."""
    grid = sf.solve(wire("tri", 2), degree=2).torque_on_grid("free", (3e-9, 7e-9, 5e-9))
    assert grid.torque.shape == (2, 5, 1, 3)
    np.testing.assert_allclose(grid.low, [17e-9, -2.5e-9, -2.5e-9], rtol=1e-12)


def section(x, y, owner, **options):
    """A device of rectangles of a section, nm, whose metals `owner` chooses by their middles."""
    mesh = skfem.MeshQuad1.init_tensor(np.array(x, dtype=float), np.array(y, dtype=float))
    names = np.array([owner(*middle) for middle in mesh.p[:, mesh.t].mean(axis=1).T])
    mesh = mesh.with_subdomains({name: np.flatnonzero(names == name) for name in np.unique(names)})
    ends = {"left": lambda p: p[0] == x[0], "right": lambda p: p[0] == x[-1]}
    if options.get("is_axisymmetric"):
        ends = {"left": lambda p: p[1] == y[0], "right": lambda p: p[1] == y[-1]}
    metals = {"fixed": (Co, UP), "free": (Py, TILTED)}
    electrodes = {"left": sf.Electrode(current=1e-3), "right": sf.Electrode(potential=0.0)}
    regions = {name: metals.get(name, Cu) for name in mesh.subdomains}
    return sf.Device(Grid(mesh.with_boundaries(ends), **options), regions, electrodes)


def test_a_face_inside_the_grid_is_of_the_magnet_behind_it():
    """Of a step, on a plane of the grid: below y = 10 nm the magnet begins at 18 nm, not 16 nm."""

    def owner(x, y):
        if x < 8:
            return "fixed"
        return "free" if x > (18 if y < 10 else 16) else "N"

    x = [0, 4, 8, 12, 14, 16, 18, 20, 22]
    solution = sf.solve(section(x, [0, 5, 10, 15, 20], owner), degree=2)
    torque = solution.torque_on_grid("free", (2e-9, 5e-9, 1e-9)).torque
    assert torque.shape == (3, 4, 1, 3)
    size = np.abs(torque).max()
    assert not torque[0, :2].any()  # there is no magnet
    assert (np.abs(torque[1, :2, 0]).max(axis=-1) > 0.1 * size).all()
    assert (np.abs(torque[0, 2:, 0]).max(axis=-1) > 0.1 * size).all()


def frustum(points):
    """Points of a section with its interfaces tilted: (r, x) to (r, x + r/2)."""
    return points + np.stack([0 * points[0], 0.5 * points[0]])


def test_tilted_faces_of_what_is_rotated_have_the_whole_torque():
    names = ("fixed", "N", "free")
    straight = section(
        [0, 10, 20, 30],
        [0, 4, 8, 13, 18, 20, 22],
        lambda r, x: names[int(x > 8) + int(x > 18)],
        is_axisymmetric=True,
    )
    mesh = straight.grid.mesh
    tilted = type(mesh)(frustum(mesh.p), mesh.t).with_subdomains(mesh.subdomains)
    grid = Grid(tilted.with_boundaries(mesh.boundaries), is_axisymmetric=True)
    solution = sf.solve(sf.Device(grid, straight.regions, straight.electrodes), degree=2)
    cells = solution.torque_on_grid("free", (7e-9, 9e-9, 3e-9))
    total = np.roll(solution.torque("free"), -1)
    assert np.abs(total).max() > 0
    np.testing.assert_allclose(
        cells.torque.sum(axis=(0, 1, 2)), total, atol=TOTAL * np.abs(total).max()
    )


@pytest.mark.long
@pytest.mark.parametrize("is_axisymmetric", [False, True])
def test_what_touches_at_an_edge_alone_is_there_too(is_axisymmetric):
    """A region that the magnet shares a single node of the section with."""

    def owner(x, y):
        across, along = (x, y) if is_axisymmetric else (y, x)
        if along < 8:
            return "fixed"
        if across < 10:
            return "free" if along > 18 else "below"
        return "beside" if along > 18 else "corner"

    along, across = [0, 4, 8, 13, 18, 20, 22], [0, 5, 10, 15, 20]
    x, y = (across, along) if is_axisymmetric else (along, across)
    solution = sf.solve(section(x, y, owner, is_axisymmetric=is_axisymmetric), degree=2)
    corner = solution.torque("free", face="corner")
    assert np.abs(corner).max() > 1e-3 * np.abs(solution.torque("free")).max()
    cells = solution.torque_on_grid("free", (3e-9, 4e-9, 2e-9))
    total = solution.torque("free")
    total = np.roll(total, -1) if is_axisymmetric else total * 2e-9
    np.testing.assert_allclose(
        cells.torque.sum(axis=(0, 1, 2)), total, atol=TOTAL * np.abs(total).max()
    )


@pytest.mark.long
def test_densities_that_vary_along_both_edges_of_rectangles():
    """Of degree 2 in either coordinate of a face, and so of 4 in both."""

    def m(points):
        _, y, z = points.T * 1e9
        return np.stack([np.sin(0.05 * y * z / 10), 0.1 * y, 1 + 0.02 * z**2], axis=1)

    solution = sf.solve(wire("hex", 2, free=(Py, m)), degree=2)
    cells, total = solution.torque_on_grid("free", (4e-9, 7e-9, 6e-9)), solution.torque("free")
    found = cells.torque.sum(axis=(0, 1, 2))
    np.testing.assert_allclose(found, total, atol=TOTAL * np.abs(total).max())


@pytest.mark.long
def test_where_a_lead_is_wider_the_rim_has_more():
    discs = (sf.Slab(Cu, R, 2 * R),) * 2
    ends = sf.Reservoir(), sf.Reservoir()
    device = sf.Device.pillar(stack(ends=ends), radius=R, current=1e-3, leads=discs)
    solution = sf.solve(device, degree=2)
    grid = solution.torque_on_grid("free", (4e-9,) * 3)
    total = np.roll(solution.torque("free"), -1)
    np.testing.assert_allclose(grid.torque.sum(axis=(0, 1, 2)), total, rtol=TOTAL)


def test_exchange_lengths_in_a_pillar():
    ends = sf.Reservoir(), sf.Reservoir()
    valve = stack(ends=ends, **SAMPLES["exchange lengths"])
    solution = sf.solve(sf.Device.pillar(valve, radius=R, current=1e-3, elements=2), degree=1)
    grid = solution.torque_on_grid("free", (20e-9, 25e-9, 2e-9))
    total = np.roll(solution.torque("free"), -1)
    np.testing.assert_allclose(grid.torque.sum(axis=(0, 1, 2)), total, rtol=TOTAL)
    assert grid.torque.shape == (5, 4, 2, 3)
    lower, upper = np.linalg.norm(grid.torque.sum(axis=(0, 1)), axis=1)
    assert lower > upper > 0


@pytest.mark.long
def test_the_field_has_the_torque():
    """``-gamma m x B = gamma torque/(M_s V)``."""
    solution = sf.solve(wire("hex", 3), degree=2)
    grid = solution.torque_on_grid("free", (4e-9, 5e-9, 10e-9))
    B, M_s = grid.field(8e5), 8e5
    np.testing.assert_allclose(
        -np.cross(grid.m, B), grid.density / M_s, atol=1e-12 * np.abs(B).max()
    )
    np.testing.assert_allclose((B * grid.m).sum(axis=3), 0, atol=1e-12 * np.abs(B).max())


def test_files(tmp_path):
    solution = sf.solve(wire("tet", 3, free=(Py, twisted)), degree=2)
    grid = solution.torque_on_grid("free", (2e-9, 7e-9, 4e-9))
    grid.save(tmp_path / "density.ovf")
    grid.save(tmp_path / "field.ovf", M_s=8e5)
    for name, values, unit in (("density", grid.density, "J/m3"), ("field", grid.field(8e5), "T")):
        head, read = read_ovf(tmp_path / f"{name}.ovf")
        np.testing.assert_array_equal(read, values)
        assert head["valueunits"].split() == [unit] * 3
        assert len(head["valuelabels"].split()) == 3
        for i, a in enumerate("xyz"):
            low, step, n = grid.low[i], grid.cell[i], grid.torque.shape[i]
            assert float(head[f"{a}base"]) == pytest.approx(low + step / 2, rel=1e-15)
            assert float(head[f"{a}min"]) == low
            assert float(head[f"{a}stepsize"]) == step
            assert float(head[f"{a}max"]) == pytest.approx(low + n * step, rel=1e-14)
    with pytest.raises(ValueError, match=r"must end in .ovf, got 'torque.omf'"):
        grid.save(tmp_path / "torque.omf")


@pytest.mark.long
@pytest.mark.interop
def test_ubermag_reads_them(tmp_path):
    df = imported("discretisedfield")
    solution = sf.solve(wire("tet", 3), degree=2)
    grid = solution.torque_on_grid("free", (2e-9, 7e-9, 4e-9))
    grid.save(tmp_path / "density.ovf")
    field = df.Field.from_file(str(tmp_path / "density.ovf"))
    np.testing.assert_array_equal(field.array, grid.density)
    np.testing.assert_allclose(field.mesh.cell, grid.cell, rtol=1e-12)
    np.testing.assert_allclose(field.mesh.region.pmin, grid.low, rtol=1e-12)


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda s: s.torque_on_grid("spacer", (1e-9,) * 3), "magnet must be one of fixed, free, "),
        (lambda s: s.torque_on_grid("right", (1e-9,) * 3), "a region, got the electrode 'right'"),
        (lambda s: s.torque_on_grid("free", 1e-9), r"must be three numbers, got shape \(\)"),
        (lambda s: s.torque_on_grid("free", (1e-9, 0, 1)), "must be positive and finite, got 0"),
        (lambda s: s.torque_on_grid("free", (1e-15,) * 3), "at most 10000000 cells of 'free', got"),
        (lambda s: s.torque_on_grid("free", (1e-8,) * 3).field(-1), "M_s .* must be positive"),
        (
            lambda s: s.torque_on_grid("free", (1e-8,) * 3).field([1, 2]),
            "M_s .* must be one number",
        ),
    ],
)
def test_bad_input(work, message):
    solution = sf.solve(wire("tri", 1, ends=(sf.Reservoir(), sf.Lead(Co, m=TILTED))), degree=1)
    with pytest.raises(ValueError, match=message):
        work(solution)


def test_a_line_has_no_cells():
    with pytest.raises(ValueError, match="must have two or three dimensions, got 1"):
        sf.solve(wire("line", 2)).torque_on_grid("free", (1e-9,) * 3)
    assert KINDS["line"] == 1.0
