"""Devices against stacks, closed forms, balances and the work of torques."""

import dataclasses

import meshio
import numpy as np
import pytest
import skfem
from wires import (
    DRIFTING,
    J0,
    KINDS,
    LEAD,
    NAMES,
    SAMPLES,
    SPACER,
    TILTED,
    UP,
    WIDE,
    Co,
    Cu,
    Joint,
    Py,
    stack,
    twisted,
    wire,
)

import spinfem as sf
from spinfem.constants import TORQUE_PER_SPIN_CURRENT
from spinfem.devices.builders import pillar_grid
from spinfem.devices.device import Region
from spinfem.devices.grid import Grid


def errors(device, kind, solution, degree):
    """Of torques, in the largest one, and of the resistance."""
    found, A = sf.solve(device, degree=degree), KINDS[kind]
    size = max(np.abs(solution.torque(name)).max() for name in NAMES)
    wrong = [np.abs(found.torque(name) / A - solution.torque(name)).max() for name in NAMES]
    return max(wrong) / size, abs(found.resistance("left", "right") * A / solution.resistance - 1)


DEGREES = {"line": 2, "quad": 3, "tri": 3, "hex": 2, "tet": 2}


def test_leads_with_exchange_lengths_and_mixing_alone_are_those_of_stacks():
    """In every run; with two polarizations, and the torque of the lead."""
    new = SAMPLES["exchange lengths, mixing alone"], SAMPLES["exchange lengths in a lead"]
    for given in (*new, DRIFTING["exchange lengths, mixing alone"]):
        ends = given.get("ends", (LEAD, LEAD))
        named = dataclasses.replace(ends[0], name="left lead"), ends[1]
        exact = sf.solve(stack(**given | {"ends": named}), J0)
        found = sf.solve(wire("line", 6, **given), degree=4)
        names = {name: {"left": "left lead"}.get(name, name) for name in found.magnets}
        size = max(np.abs(exact.torque(name)).max() for name in names.values())
        for name, own in names.items():
            expected = exact.torque(own)
            np.testing.assert_allclose(found.torque(name), expected, rtol=0, atol=1e-8 * size)
        assert found.resistance("left", "right") == pytest.approx(exact.resistance, rel=1e-9)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["line", "quad"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_a_straight_wire_is_its_stack(sample, kind):
    given = SAMPLES[sample]
    solution = sf.solve(stack(**given), J0)
    found = errors(wire(kind, 6, **given), kind, solution, 4)
    assert max(found) < 1e-11


@pytest.mark.parametrize("mixing", [5e14, 5e14 + 2e14j])
def test_a_ferromagnetic_lead_may_be_behind_a_mixing_conductance_alone(mixing):
    """Spins across its m are free in front of it, and do not leave into it."""
    given = {
        "fixed": (Cu, None),
        "ends": (sf.Lead(Co, m=UP), LEAD),
        "joints": {("left", "fixed"): Joint(mixing=mixing)},
    }
    exact = sf.solve(stack(**given), J0)
    found = sf.solve(wire("line", 6, **given), degree=4)
    assert found.resistance("left", "right") == pytest.approx(exact.resistance, rel=1e-11)
    size = np.abs(exact.torque("free")).max()
    np.testing.assert_allclose(found.torque("free"), exact.torque("free"), atol=1e-11 * size)


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "degree"),
    [(kind, k) for kind, most in DEGREES.items() for k in range(1, most + 1)],
)
def test_torques_converge_with_twice_the_degree(kind, degree):
    solution = sf.solve(stack(), J0)
    wrong = [errors(wire(kind, n, (Co, UP)), kind, solution, degree)[0] for n in (2, 4)]
    assert np.log2(wrong[0] / wrong[1]) > 2 * degree - 0.1
    assert wrong[1] < 1e-3 / 50 ** (degree - 1)


ALIKE = {
    "normal": (Cu, Cu, Joint(5e-16, delta=0.5)),
    "parallel": ((Co, UP), (Py, UP), Joint(5e-16, gamma=0.4, delta=0.5)),
    "antiparallel": ((Co, UP), (Py, -UP), Joint(5e-16, delta=0.5)),
}
"""Of what may be two metals with an interface between them, but a ferromagnet and a normal one."""


@pytest.mark.parametrize("kind", ["line", "quad"])
@pytest.mark.parametrize("sample", ALIKE)
def test_an_interface_between_two_that_are_alike_is_that_of_the_stack(sample, kind):
    """With a lead that polarizes and a magnet beyond that crosses it."""
    first, second, joint = ALIKE[sample]
    lead, pair = sf.Lead(Co, m=UP), SPACER[0]
    device = wire(kind, 6, ends=(lead, LEAD))
    regions = {"fixed": first, "spacer": second, "free": (Py, TILTED)}
    found = sf.solve(sf.Device(device.grid, regions, device.electrodes, {pair: joint}), degree=4)
    layers = [
        metal(d, m=m)
        for (metal, m), d in zip(
            (x if isinstance(x, tuple) else (x, None) for x in (first, second)),
            (8e-9, 10e-9),
            strict=True,
        )
    ]
    inner = layers[0] | joint | layers[1] | Py(4e-9, m=TILTED, name="free")
    exact = sf.solve(lead | inner | LEAD, J0)
    A = KINDS[kind]
    assert found.resistance("left", "right") * A == pytest.approx(exact.resistance, rel=1e-11)
    assert found.spin_resistance * A == pytest.approx(exact.spin_resistance, rel=1e-9)
    size = np.abs(exact.torque("free")).max()
    np.testing.assert_allclose(found.torque("free") / A, exact.torque("free"), atol=1e-9 * size)


@pytest.mark.parametrize("kind", ["line", "quad", "hex"])
@pytest.mark.parametrize("degree", [1, 2])
def test_on_rectangles_it_is_what_elements_of_a_stack_give(kind, degree):
    """A function of x alone is a solution of theirs; of two elements a layer all are equal."""
    found = sf.solve(wire(kind, 2), degree=degree)
    exact = sf.solve(stack(), J0, degree=degree, elements=2)
    A = KINDS[kind]
    assert found.resistance("left", "right") * A == pytest.approx(exact.resistance, rel=1e-12)
    size = max(np.abs(exact.torque(name)).max() for name in NAMES)
    for name in NAMES:
        np.testing.assert_allclose(
            found.torque(name) / A, exact.torque(name), rtol=0, atol=1e-12 * size
        )


@pytest.mark.parametrize(("kind", "degree"), [("tri", 2), ("tet", 1)])
def test_torques_do_the_work_of_turning_a_texture(kind, degree):
    """At a fixed current the power changes by ``mu_s J`` where m turns."""
    device = wire(kind, 2, free=(Py, twisted))
    solution = sf.solve(device, degree=degree)
    own = solution.system.places.of("free")
    points, _, mu_s = solution.field("free")
    m = solution.system.places.m[own]
    along = np.einsum("ni,ni->n", mu_s, m)
    at, torques = solution.nodal_torque("free")
    random = np.random.default_rng(5)
    table = random.normal(size=(3, device.grid.dimension))
    turn = lambda x: np.cos(x @ (table * 2e8).T)  # noqa: E731

    def power(step):
        way = lambda x: twisted(x) / np.linalg.norm(twisted(x), axis=1)[:, None] + step * turn(x)  # noqa: E731
        return sf.solve(device.replace(free=way), degree=degree).power

    step = 1e-4
    slope = (power(step) - power(-step)) / (2 * step)
    place = [int(np.abs(points - x).sum(axis=1).argmin()) for x in at]
    work = along[place] * np.einsum("ni,ni->n", torques, turn(at)) / TORQUE_PER_SPIN_CURRENT
    assert np.isclose(slope, work.sum(), rtol=1e-7)


def test_contacts_of_strong_ferromagnets_that_cross():
    """Without a spacer both absorb; beside a normal metal that touches both it is refused."""
    edges = np.array([0.0, 8.0, 12.0])
    mesh = skfem.MeshQuad1.init_tensor(np.linspace(0, 12, 7), np.linspace(0, WIDE, 9))
    mesh = mesh.with_boundaries(
        {"left": lambda x: x[0] < 1e-6, "right": lambda x: x[0] > 12 - 1e-6}
    )
    middle = mesh.p[0][mesh.t].mean(axis=0)
    a, b = np.flatnonzero(middle < edges[1]), np.flatnonzero(middle > edges[1])
    electrodes = {
        "left": sf.Electrode(current=J0 * KINDS["quad"], end=LEAD),
        "right": sf.Electrode(potential=0.0, end=LEAD),
    }
    regions = {"a": (Co, UP), "b": (Py, TILTED)}
    device = sf.Device(Grid(mesh.with_subdomains({"a": a, "b": b})), regions, electrodes)
    found = sf.solve(device, degree=4)
    exact = sf.solve(LEAD | Co(8e-9, m=UP, name="a") | Py(4e-9, m=TILTED, name="b") | LEAD, J0)
    for name in regions:
        wrong = found.torque(name) / KINDS["quad"] - exact.torque(name)
        assert np.abs(wrong).max() < 1e-9 * np.abs(exact.torque("a")).max()
    above = mesh.p[1][mesh.t].mean(axis=0) > WIDE / 2
    three = {"a": a[~above[a]], "b": b[~above[b]], "cap": np.flatnonzero(above)}
    grid = Grid(mesh.with_subdomains(three))
    with pytest.raises(ValueError, match="collinear where something else touches both, got"):
        sf.solve(sf.Device(grid, {**regions, "cap": Cu}, electrodes), degree=1)


@pytest.mark.parametrize("kind", ["tri", "tet"])
def test_densities_are_those_of_a_straight_wire(kind):
    found = sf.solve(wire(kind, 4), degree=2)
    exact = sf.solve(stack(), J0).torque("free")
    points, density = found.torque_density("free", "spacer")
    assert np.allclose(points[:, 0], 18e-9)
    np.testing.assert_allclose(density, np.tile(exact, (len(points), 1)), rtol=0.02)
    at, torques = found.nodal_torque("free", "spacer")
    np.testing.assert_allclose(torques.sum(axis=0), found.torque("free", "spacer"), rtol=1e-12)
    assert at.shape == points.shape
    with pytest.raises(ValueError, match="face must be of a region that 'free' touches, got 'fi"):
        found.torque_density("free", "fixed")


@pytest.mark.parametrize(("kind", "cells"), [("line", "line"), ("quad", "quad")])
@pytest.mark.parametrize("degree", [1, 3])
def test_files_for_paraview(tmp_path, kind, cells, degree):
    solution = sf.solve(wire(kind, 2), degree=degree)
    solution.save(tmp_path / "wire.vtu")
    volume = meshio.read(tmp_path / "wire.vtu")
    assert {*volume.cells_dict} == {cells}
    assert len(volume.points) == len(np.unique(volume.points[:, 1])) * 9  # doubled at interfaces
    at = volume.points[:, 0] == 22
    mu_s, m = volume.point_data["spin_potential"][at], volume.point_data["m"][at]
    assert np.allclose(m, TILTED)
    assert np.allclose(np.cross(mu_s, m), 0, atol=1e-12 * np.abs(mu_s).max())
    assert np.allclose(volume.point_data["potential"][at], 0, atol=1e-15)
    if kind == "quad":
        faces = meshio.read(tmp_path / "wire_interfaces.vtu")
        (number,) = faces.cell_data["interface"]
        assert sorted(set(number)) == [0, 1, 2, 3]
        own = faces.cells_dict["line"][number == 1].ravel()
        exact = sf.solve(stack(), J0).torque("free")
        density = faces.point_data["torque_density"][own]
        assert np.allclose(density, exact, rtol=0.05) or degree > 1
        if degree > 1:
            assert np.allclose(density, exact, rtol=1e-3)
    with pytest.raises(ValueError, match=r"must end in .vtu, got 'wire.png'"):
        solution.save(tmp_path / "wire.png")


@pytest.mark.parametrize("kind", ["tri", "tet", "hex"])
def test_cells_keep_their_shape_in_files(tmp_path, kind):
    solution = sf.solve(wire(kind, 1), degree=1)
    solution.save(tmp_path / "wire.vtu")
    volume = meshio.read(tmp_path / "wire.vtu")
    ((name, cells),) = volume.cells_dict.items()
    corners = volume.points[cells]
    if name == "hexahedron":  # the first four around a face, the others above these
        assert np.allclose(
            corners[:, 4:] - corners[:, :4], (corners[:, 4] - corners[:, 0])[:, None]
        )
        assert np.allclose(corners[:, 0] + corners[:, 2], corners[:, 1] + corners[:, 3])
    assert len(cells) == solution.device.grid.mesh.nelements


# --- pillars --------------------------------------------------------------------------------------

R = 50e-9
A = np.pi * R**2


def pillar_stack(ends=(LEAD, LEAD)):
    inner = Co(8e-9, m=UP, name="fixed") | Cu(10e-9) | Py(4e-9, m=sf.direction(60), name="free")
    return ends[0] | inner | ends[1]


def test_a_pillar_without_discs_is_its_stack():
    found = sf.solve(sf.Device.pillar(pillar_stack(), radius=R, current=1e-3), degree=4)
    exact = sf.solve(pillar_stack(), 1e-3 / A)
    for name in NAMES:
        assert np.allclose(found.torque(name) / A, exact.torque(name), rtol=0, atol=1e-17)
    assert np.isclose(found.resistance("left", "right") * A, exact.resistance, rtol=1e-12)


@pytest.mark.long
@pytest.mark.parametrize(
    ("planar", "radius", "ratio"),
    [
        (False, R, 1.0), (False, 2 * R, 3.42053), (False, 4 * R, 3.51183),
        (True, R, 1.0), (True, 2 * R, 2.28118), (True, 4 * R, 2.34097),
    ],
)  # fmt: skip
def test_wider_discs_change_the_torque(planar, radius, ratio):
    """3.5 times, and 2.3 times between walls, at an angle near the change of sign.

    To 1e-5, as elements of degree 3 have it: cells get small at rims by themselves.
    """
    free = sf.direction(60)
    layers = [("fixed", 8e-9, Co.l), ("spacer", 10e-9, Cu.l), ("free", 4e-9, Py.l)]
    grid = pillar_grid(layers, R, (("below", R, radius), ("above", R, radius)), planar=planar)
    metals = {
        "fixed": (Co, UP),
        "free": (Py, free),
        **dict.fromkeys(("below", "spacer", "above"), Cu),
    }
    ends = {"left": sf.Electrode(current=1e-3), "right": sf.Electrode(potential=0.0)}
    found = sf.solve(sf.Device(grid, metals, ends), degree=2).torque("free")
    if not planar:
        discs = (sf.Slab(Cu, R, radius),) * 2
        device = sf.Device.pillar(pillar_stack(), radius=R, current=1e-3, leads=discs)
        np.testing.assert_allclose(sf.solve(device, degree=2).torque("free"), found, rtol=1e-9)
    cap, area = Cu(R), R if planar else A
    exact = sf.solve(pillar_stack((sf.Reservoir() | cap, cap | sf.Reservoir())), 1e-3 / area)
    assert np.isclose(found[0] / (exact.torque("free")[0] * area), ratio, rtol=1e-5)


def test_cells_longer_than_the_diffusion_length_are_noticed():
    short = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=1.5e-9)
    with pytest.warns(RuntimeWarning, match="shorter than the spin diffusion length, .* in free:"):
        sf.solve(wire("tri", 2, free=(short, TILTED)), degree=1)


LOSSLESS = sf.NormalMetal(D=Cu.D, l=np.inf)


def lossless(free, end, m, joints=None):
    """A wire that spins leave at its ends alone, or nowhere."""
    device = wire("tri", 2, (sf.Ferromagnet(D=Co.D, l=np.inf, p=0.4), UP), free, (end, end))
    return sf.Device(device.grid, {**device.regions, "spacer": LOSSLESS}, device.electrodes, joints)


@pytest.mark.parametrize(
    ("end", "m", "joints"),
    [
        (sf.SpinBlocking(), UP, {}),
        (sf.SpinBlocking(), -UP, {SPACER[0]: Joint(1e-15, gamma=0.3)}),
        (sf.SpinBlocking(), UP, {SPACER[1]: Joint(1e-15, mixing=1e15)}),
        (sf.Lead(LOSSLESS), UP, {}),
    ],
)
def test_a_spin_sink_is_needed(end, m, joints):
    free = sf.Ferromagnet(D=Py.D, l=np.inf, p=0.7)
    with pytest.raises(ValueError, match="no spin sink: a device must absorb spin wherever"):
        sf.solve(lossless((free, m), end, m, joints))


@pytest.mark.parametrize(
    ("l", "end", "m", "joints"),
    [
        (np.inf, sf.Reservoir(), UP, {}),
        (np.inf, LEAD, UP, {}),
        (np.inf, sf.SpinBlocking(), TILTED, {}),
        (1e-6, sf.SpinBlocking(), UP, {}),
        (np.inf, sf.SpinBlocking(), UP, {SPACER[0]: Joint(1e-15, delta=0.1)}),
    ],
)
def test_any_spin_sink_will_do(l, end, m, joints):
    free = sf.Ferromagnet(D=Py.D, l=l, p=0.7)
    found = sf.solve(lossless((free, m), end, m, joints), degree=3)
    layers = {"fixed": (sf.Ferromagnet(D=Co.D, l=np.inf, p=0.4), UP), "free": (free, m)}
    exact = stack(layers["fixed"], layers["free"], (end, end), joints)
    exact = sf.solve(exact.replace("spacer", material=LOSSLESS), J0)
    ours = found.resistance("left", "right") * KINDS["tri"]
    assert np.isclose(ours, exact.resistance, rtol=1e-9)


@pytest.mark.long
def test_regions_may_be_in_any_order():
    device, exact = wire("tri", 2), sf.solve(wire("tri", 2))
    turned = dict(reversed(device.regions.items()))
    other = sf.Device(device.grid, turned, device.electrodes)
    assert [*other.regions] == [*device.grid.regions]
    for name in NAMES:
        assert np.array_equal(sf.solve(other).torque(name), exact.torque(name))


def test_what_prints():
    device = wire("quad", 1)
    assert repr(device) == "Device(fixed, spacer, free; left, right; 6 MeshQuad1)"
    text = str(device)
    assert "device, 2D" in text
    assert "current 3000 A" in text
    solution = sf.solve(device)
    assert "Torque, J per metre of depth" in str(solution)
    x = solution.torque("free")[0]
    (row,) = [line for line in str(solution).splitlines() if line.startswith("free")]
    assert float(row.split()[1]) == pytest.approx(x, rel=1e-6)


@pytest.mark.parametrize(
    ("leads", "error"),
    [
        (sf.Slab(Cu, R, R), "leads of a pillar must be a pair of Slab or None, got Slab"),
        ((Cu, None), "leads of a pillar must be a pair of Slab or None, got .NormalMetal"),
        ((None,), "leads of a pillar must be a pair of Slab or None, got"),
    ],
)
def test_leads_of_a_pillar_are_a_pair(leads, error):
    with pytest.raises(TypeError, match=error):
        sf.Device.pillar(pillar_stack(), radius=R, current=1e-3, leads=leads)


def test_a_radius_in_nanometres_is_noticed():
    with pytest.warns(sf.UnitWarning, match="radius of a pillar should be from .* got 50 m"):
        sf.Device.pillar(pillar_stack(), radius=50, current=1e-3)


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("work", "error"),
    [
        (lambda d: sf.Electrode(), "one of current, potential and j0 .* got none"),
        (lambda d: sf.Electrode(current=1.0, potential=0.0), "got current, potential"),
        (lambda d: sf.Electrode(current=np.inf), "current of an electrode must be finite, got inf"),
        (lambda d: sf.Electrode(current=1.0, end=Cu), "end of an electrode must be a Lead"),
        (lambda d: sf.solve(d).torque("spacer"), "magnet must be one of fixed, free, got 'spacer'"),
        (lambda d: sf.solve(d).potential("top"), "electrode must be one of left, right, got 'top'"),
        (lambda d: sf.solve(d, degree=9), "degree of elements must be 1 to 4 on a MeshTri1, got 9"),
        (lambda d: sf.solve(d, J0), "j0 must be left out for a device"),
        (lambda d: sf.solve(d, degree=12), "degree of elements must be 1 to 4 on a MeshTri1"),
        (lambda d: sf.solve(d, threads=2), "threads must be left out for a device, got 2"),
        (lambda d: sf.solve(d, method="saddle"), "method must be left out for a device, got 'sad"),
        (lambda d: sf.Slab(Cu, -1e-9, R), "thickness of a slab must be positive and finite, got"),
        (lambda d: sf.Slab(Co, R, R), r"m \(magnetization\) of a region must be given"),
        (lambda d: d.replace(spacer=UP), "magnets must be of the device's .*got 'spacer'"),
        (lambda d: Region(Co), r"m \(magnetization\) of a region must be given"),
        (lambda d: Region(Cu, UP), r"m \(magnetization\) of a region must be left out"),
        (
            lambda d: sf.Device(d.grid, {**d.regions, "cap": Cu}, d.electrodes),
            "regions must be of the device's .fixed, spacer, free., got 'cap'",
        ),
        (
            lambda d: sf.Device(d.grid, {"fixed": (Co, UP), "spacer": Cu}, d.electrodes),
            "regions must have all of the grid's, got none for 'free'",
        ),
        (
            lambda d: sf.Device(d.grid, d.regions, {"left": sf.Electrode(current=1.0)}),
            "potential must be given at one electrode at least, got none",
        ),
        (
            lambda d: sf.Device(d.grid, d.regions, d.electrodes, {("fixed", "top"): Joint(1e-15)}),
            "interfaces must be between two of the regions",
        ),
    ],
)
def test_bad_input(work, error):
    with pytest.raises((TypeError, ValueError), match=error):
        work(wire("tri", 1))
