"""What devices refuse, and what must be the same whichever way a device is described."""

import dataclasses
import itertools
import pickle

import numpy as np
import pytest
import skfem
from wires import (
    J0,
    KINDS,
    LEAD,
    NAMES,
    SAMPLES,
    SPACER,
    THICKNESS,
    TILTED,
    UP,
    WIDE,
    Co,
    Cu,
    Joint,
    Py,
    Weak,
    before_battery,
    quartered,
    roofed,
    stack,
    wire,
)

import spinfem as sf
from spinfem.devices import solution as module
from spinfem.devices.device import Region
from spinfem.devices.grid import Grid

GRADED = sf.NormalMetal(D=lambda xi: 1e8 * (1 + xi), l=1e-8)
BATCH = sf.NormalMetal(D=np.array([1e8, 2e8]), l=1e-8)
DRIFT = sf.Ferromagnet(D=Py.D, l=Py.l, p=0.5, beta_D=0.6)


MARKED = [
    pytest.param(name, marks=[] if name == "mixing alone" else pytest.mark.long) for name in SAMPLES
]
"""Samples; in every run one where what touches an interface may bind mu_s, that is free there."""


def halved(device):
    """The same device with every region cut in two along the wire."""
    mesh, regions, metals = device.grid.mesh, {}, {}
    above = mesh.p[1][mesh.t].mean(axis=0) > mesh.p[1].max() / 2
    for name, cells in device.grid.regions.items():
        regions |= {f"{name} a": cells[above[cells]], f"{name} b": cells[~above[cells]]}
        metals |= dict.fromkeys((f"{name} a", f"{name} b"), device.regions[name])
    mesh = type(mesh)(mesh.p, mesh.t).with_subdomains(regions).with_boundaries(mesh.boundaries)
    joints = {}
    for pair, joint in device.interfaces.items():
        for k in "ab":
            ends = [x if x in device.electrodes else f"{x} {k}" for x in pair]
            joints[tuple(ends)] = joint
    return sf.Device(Grid(mesh), metals, device.electrodes, joints)


@pytest.mark.some(5)
@pytest.mark.parametrize("sample", MARKED)
@pytest.mark.filterwarnings("ignore:cells at interfaces")  # that of the cut needs none
def test_a_wire_may_be_cut_in_two(sample):
    """Electrodes and interfaces then are those of two regions each."""
    device = wire("tri", 2, **SAMPLES[sample])
    if sample == "crossing lead":
        with pytest.raises(ValueError, match="must be collinear where something else touches both"):
            sf.solve(halved(device), degree=2)
        return
    check_cut(device)


@pytest.mark.filterwarnings("ignore:cells at interfaces")
def test_two_regions_are_beside_a_lead_or_behind_a_mixing_conductance():
    """What a lead polarizes enters once where both regions are; a cut magnet is one across m."""
    for sample in ("exchange lengths in a lead", "exchange lengths, mixing alone"):
        check_cut(wire("tri", 2, **SAMPLES[sample]))


def check_cut(device):
    whole, cut = (sf.solve(x, degree=2) for x in (device, halved(device)))
    assert cut.potential("left") == pytest.approx(whole.potential("left"), rel=1e-11)
    size = max(np.abs(whole.torque(name)).max() for name in NAMES)
    for name in whole.magnets:
        parts = [name] if name in device.electrodes else [f"{name} a", f"{name} b"]
        found = sum(cut.torque(part) for part in parts)
        np.testing.assert_allclose(found, whole.torque(name), rtol=0, atol=1e-10 * size)


@pytest.mark.parametrize("sample", MARKED)
def test_an_electrode_that_lets_nothing_through_is_a_wall(sample):
    """Also where interfaces end on it."""
    device = wire("tri", 2, **SAMPLES[sample])
    mesh = device.grid.mesh.with_boundaries({"top": lambda x: x[1] > WIDE - 1e-6})
    top = {"top": sf.Electrode(j0=0.0, end=sf.SpinBlocking())}
    walled = sf.Device(Grid(mesh), device.regions, device.electrodes | top, device.interfaces)
    if sample == "crossing lead":
        with pytest.raises(ValueError, match="must be collinear where something else touches both"):
            sf.solve(walled, degree=2)
        return
    found, exact = sf.solve(walled, degree=2), sf.solve(device, degree=2)
    assert found.power == pytest.approx(exact.power, rel=1e-11)
    size = max(np.abs(exact.torque(name)).max() for name in NAMES)
    for name in exact.magnets:
        np.testing.assert_allclose(found.torque(name), exact.torque(name), atol=1e-10 * size)


JOINED = {
    ("fixed", "spacer"): Joint(5e-16, gamma=0.7, mixing=5e14),
    ("spacer", "free"): Joint(3e-16, mixing=4e14),
}
ENDS = {
    "lead": LEAD,
    "reservoir": sf.Reservoir(),
    "blocking": sf.SpinBlocking(),
    "ferromagnetic": sf.Lead(Co, m=UP),
}


OVER = {"both": ("spacer", "free"), "one": ("spacer",), "other": ("free",)}
"""Electrodes on the upper side, and the regions that they are over."""
SHARES = {"one": 10 / 12, "other": 2 / 12}


def topped(kind, electrodes):
    """A wire with electrodes on its upper side, not as far as the one at its end."""
    device = wire(kind, 2, joints=JOINED)
    mesh, region = device.grid.mesh, device.grid.region_of_cell
    upper = mesh.facets_satisfying(
        lambda x: (x[1] > WIDE - 1e-6) & (x[0] < 20), boundaries_only=True
    )
    below = np.array([*device.regions])[region[mesh.f2t[0, upper]]]
    over = {name: upper[np.isin(below, OVER[name])] for name in electrodes}
    mesh = mesh.with_boundaries(mesh.boundaries | over)
    return sf.Device(Grid(mesh), device.regions, device.electrodes | electrodes, device.interfaces)


@pytest.mark.some(6)
@pytest.mark.long
@pytest.mark.parametrize("kind", ["tri", "quad", "tet"])
@pytest.mark.parametrize("given", ["potential", "current", "j0"])
@pytest.mark.parametrize("end", ENDS)
def test_an_electrode_is_those_of_its_regions_together(end, given, kind):
    """Over resistive interfaces: with its potential, or its density, at each of them."""
    value = {"potential": 1e-3, "current": 2.0}.get(given, 3e9)
    both = topped(kind, {"both": sf.Electrode(**{given: value}, end=ENDS[end])})
    whole = sf.solve(both, degree=2)
    if given == "current":
        given, value = "potential", whole.potential("both")
    own = sf.Electrode(**{given: value}, end=ENDS[end])
    apart = sf.solve(topped(kind, dict.fromkeys(SHARES, own)), degree=2)
    current = sum(apart.current(name) for name in SHARES)
    assert whole.current("both") == pytest.approx(current, rel=1e-10)
    mean = sum(share * apart.potential(name) for name, share in SHARES.items())
    assert whole.potential("both") == pytest.approx(mean, rel=1e-10)
    assert whole.current("left") == pytest.approx(apart.current("left"), rel=1e-10)
    assert whole.potential("left") == pytest.approx(apart.potential("left"), rel=1e-10)
    size = max(np.abs(apart.torque(name)).max() for name in NAMES)
    for name in NAMES:
        np.testing.assert_allclose(whole.torque(name), apart.torque(name), atol=1e-10 * size)
    turned, anew = whole.turned(fixed=TILTED), sf.solve(both.replace(fixed=TILTED), degree=2)
    assert turned.power == pytest.approx(anew.power, rel=1e-10)
    for name in NAMES:
        np.testing.assert_allclose(turned.torque(name), anew.torque(name), atol=1e-10 * size)


@pytest.mark.long
@pytest.mark.parametrize("end", ["lead", "reservoir", "blocking"])
def test_bounds_are_those_of_an_electrode_for_each_region(end):
    """Over resistive interfaces."""
    given = sf.Electrode(j0=3e9, end=ENDS[end])
    found, exact = (
        sf.solve(topped("tri", dict.fromkeys(names, given)), degree=2, certify=True).bounds
        for names in (["both"], SHARES)
    )
    np.testing.assert_allclose(found.resistance, exact.resistance, rtol=1e-9)
    np.testing.assert_allclose(found.spin_resistance, exact.spin_resistance, rtol=1e-8)
    room = (exact.torques[1] - exact.torques[0]).max()
    for one, other in zip(found.torques, exact.torques, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-8 * room)


@pytest.mark.long
@pytest.mark.parametrize("sample", SAMPLES)
def test_torques_at_nodes_and_per_area_add_up(sample):
    """And mu_s of a strong ferromagnet is along m."""
    device = wire("tri", 2, **SAMPLES[sample])
    found = sf.solve(device, degree=2)
    size = max(np.abs(found.torque(name)).max() for name in found.magnets)
    for name in found.magnets:
        _, nodal = found.nodal_torque(name)
        np.testing.assert_allclose(nodal.sum(axis=0), found.torque(name), atol=1e-12 * size)
        faces = [*device.regions, *device.electrodes]
        parts = sum(found.torque(name, face) for face in faces)
        np.testing.assert_allclose(parts, found.torque(name), rtol=0, atol=1e-12 * size)
        for contact in found.system.contacts:
            if name in contact.names:
                (face,) = {*contact.names} - {name}
                points, density = found.torque_density(name, face)
                order = np.argsort(points[:, 1])
                y, tau = points[order, 1], density[order]
                weights = np.tile([1 / 6, 4 / 6, 1 / 6], (len(y) // 2, 1))
                steps = y[2::2] - y[:-2:2]
                total = sum((steps * weights[:, k]) @ tau[k : len(y) - 2 + k : 2] for k in range(3))
                np.testing.assert_allclose(total, found.torque(name, face), atol=1e-11 * size)
    for name, region in device.regions.items():
        if region.is_magnet and region.is_strong:
            _, _, mu_s = found.field(name)
            across = np.cross(mu_s, region.m)
            assert np.abs(across).max() <= 1e-14 * np.abs(mu_s).max()


def test_what_binds_spins_at_an_edge_does_not_depend_on_the_order_of_regions():
    """Where a magnet touches one metal by a mixing conductance, and another one at once."""
    device = wire("tri", 2)
    mesh, cells = device.grid.mesh, device.grid.regions
    above = mesh.p[1][mesh.t].mean(axis=0) > WIDE / 2
    both = {"upper": above, "lower": ~above}
    parts = {name: cells["spacer"][own[cells["spacer"]]] for name, own in both.items()}
    parts |= {name: cells[name] for name in NAMES}
    metals = {"upper": Cu, "lower": Cu, **{name: device.regions[name] for name in NAMES}}
    joints = {("fixed", "upper"): Joint(mixing=5e14)}
    powers = []
    for order in (["fixed", "upper", "lower", "free"], ["upper", "lower", "free", "fixed"]):
        regions = {name: parts[name] for name in order}
        plain = type(mesh)(mesh.p, mesh.t).with_subdomains(regions)
        grid = Grid(plain.with_boundaries(mesh.boundaries))
        found = sf.solve(sf.Device(grid, metals, device.electrodes, joints), degree=2)
        powers.append(found.power)
        points, _, mu_s = found.field("lower")
        at_fixed = mu_s[np.isclose(points[:, 0], 8e-9, atol=1e-12)]  # up to the edge, along its m
        assert np.abs(np.cross(at_fixed, UP)).max() <= 1e-14 * np.abs(mu_s).max()
    assert powers[0] == pytest.approx(powers[1], rel=1e-12)


def between(fixed, spacer, joint):
    device = wire("tri", 2)
    metals = {"fixed": fixed, "spacer": spacer, "free": Cu}
    return sf.Device(device.grid, metals, device.electrodes, {SPACER[0]: joint})


def check_order(device):
    """Whether with its regions in another order a device is the same."""
    mesh = device.grid.mesh
    turned = type(mesh)(mesh.p, mesh.t).with_subdomains(dict(reversed(mesh.subdomains.items())))
    grid = Grid(turned.with_boundaries(mesh.boundaries))
    other = sf.Device(grid, device.regions, device.electrodes, device.interfaces)
    assert [*other.regions] == [*reversed(device.regions)]
    found, exact = sf.solve(other, degree=2), sf.solve(device, degree=2)
    assert found.power == pytest.approx(exact.power, rel=1e-12)
    size = max(np.abs(exact.torque(name)).max() for name in exact.magnets)
    for name in exact.magnets:
        np.testing.assert_allclose(found.torque(name), exact.torque(name), atol=1e-11 * size)


@pytest.mark.some(8)
@pytest.mark.parametrize("sample", SAMPLES)
def test_the_order_of_regions_in_a_mesh_is_no_matter(sample):
    check_order(wire("tri", 2, **SAMPLES[sample]))


@pytest.mark.long
@pytest.mark.parametrize("other", [(Weak, TILTED), (Py, TILTED)], ids=["weak", "strong"])
def test_nor_is_that_of_ferromagnets_that_cross_at_an_interface(other):
    """Its axis is that of the strong one, or none."""
    check_order(between((Weak, UP), other, Joint(5e-16)))


@pytest.mark.parametrize("pair", [((Co, UP), (Co, -UP)), ((Weak, UP), (Weak, TILTED))])
def test_gamma_needs_ferromagnets_that_are_parallel(pair):
    """As in a stack: else it has no axis, or none of one sign."""
    message = (
        "gamma of the interface between 'fixed' and 'spacer' must be 0, as their m are not "
        "parallel, got 0.4"
    )
    with pytest.raises(ValueError, match=message):
        sf.solve(between(*pair, Joint(1e-15, gamma=0.4)), degree=1)


def sided(y):
    """A valve between y, nm, with electrodes over its spacer at the ends of y that are not 0."""
    edges = np.cumsum([0.0, *THICKNESS.values()])
    mesh = skfem.MeshQuad1.init_tensor(np.array([0.0, 4, 8, 13, 18, 20, 22]), y)
    middle = mesh.p[0][mesh.t].mean(axis=0)
    inside = zip(THICKNESS, itertools.pairwise(edges), strict=True)
    mesh = mesh.with_subdomains(
        {name: np.flatnonzero((middle > a) & (middle < b)) for name, (a, b) in inside}
    ).with_boundaries(
        {
            "left": lambda x: x[0] < 1e-6,
            "right": lambda x: x[0] > 22 - 1e-6,
            "sides": lambda x: (abs(x[1]) > 15 - 1e-6) & (x[0] > 8) & (x[0] < 18),
        }
    )
    electrodes = {
        "left": sf.Electrode(potential=1e-3, end=LEAD),
        "right": sf.Electrode(potential=0.0, end=LEAD),
        "sides": sf.Electrode(potential=-1e-3, end=LEAD),
    }
    metals = {"fixed": (Co, UP), "spacer": Cu, "free": (Py, TILTED)}
    return sf.solve(sf.Device(Grid(mesh), metals, electrodes), degree=2)


def test_half_of_what_is_its_own_mirror_image_has_half_of_all():
    """Though magnetizations are not mirrored: spins do not know of places."""
    half, whole = sided(np.linspace(0, 15, 4)), sided(np.linspace(-15, 15, 7))
    for name in whole.device.electrodes:
        assert 2 * half.current(name) == pytest.approx(whole.current(name), rel=1e-11)
    size = max(np.abs(whole.torque(name)).max() for name in NAMES)
    for name in NAMES:
        np.testing.assert_allclose(2 * half.torque(name), whole.torque(name), atol=1e-11 * size)


@pytest.mark.long
@pytest.mark.parametrize("other", [(Weak, TILTED), (Py, TILTED)], ids=["weak", "strong"])
def test_an_interface_of_ferromagnets_that_cross_may_be_as_good_as_none(other):
    """Where one of them is weak: spins of the other's line alone go into a strong one."""
    good, none = (
        sf.solve(between((Weak, UP), other, joint), degree=2) for joint in (Joint(1e-24), Joint())
    )
    assert good.power == pytest.approx(none.power, rel=1e-6)
    size = np.abs(none.torque("fixed")).max()
    for name in ("fixed", "spacer"):
        np.testing.assert_allclose(good.torque(name), none.torque(name), atol=1e-6 * size)


@pytest.mark.long
def test_directions_are_normalized():
    device = wire("tri", 1)
    longer = device.replace(free=7 * TILTED, fixed=lambda x: np.tile(3 * UP, (len(x), 1)))
    assert np.allclose(longer.regions["free"].m, TILTED)
    assert np.allclose(longer.regions["fixed"].at(np.zeros((2, 2))), UP)
    for name in NAMES:
        one, other = (sf.solve(x, degree=2).torque(name) for x in (device, longer))
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-24)


@pytest.mark.long
def test_devices_cannot_be_changed_and_can_be_pickled():
    device = wire("tri", 1, **SAMPLES["memory loss"])
    for known in (device.regions, device.electrodes, device.interfaces):
        with pytest.raises(TypeError, match="does not support item assignment"):
            known[next(iter(known))] = None
    again = pickle.loads(pickle.dumps(device))
    assert [*again.regions] == [*device.regions]
    assert [*again.interfaces] == [*device.interfaces]
    one, other = (sf.solve(x, degree=2) for x in (device, again))
    assert one.power == other.power
    for name in NAMES:
        np.testing.assert_array_equal(one.torque(name), other.torque(name))
    solved = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(solved.torque("free"), one.torque("free"))
    assert solved.turned(free=UP).power == one.turned(free=UP).power


@pytest.mark.long
def test_turned_devices_keep_their_interfaces():
    given = SAMPLES["mixing"]
    turned = wire("tri", 1, **given).replace(free=UP)
    exact = sf.solve(wire("tri", 1, free=(Py, UP), **given), degree=2)
    assert sf.solve(turned, degree=2).power == pytest.approx(exact.power, rel=1e-12)


@pytest.mark.parametrize(("mixing", "is_symmetric"), [(5e14, True), (5e14 + 1e13j, False)])
def test_precession_is_told_to_the_solver(mixing, is_symmetric, monkeypatch):
    given = []

    def solve(*args, **options):
        given.append(options["is_symmetric"])
        return original(*args, **options)

    original = module.solve_system
    monkeypatch.setattr(module, "solve_system", solve)
    sf.solve(wire("tri", 1, joints={("fixed", "spacer"): Joint(1e-16, mixing=mixing)}))
    assert given == [is_symmetric]


@pytest.mark.parametrize(
    ("fixed", "joint", "complaint"),
    [
        (Cu, {"gamma": 0.6}, "gamma .* must be 0, as neither is a ferromagnet, got 0.6"),
        (Cu, {"mixing": 4e14}, r"mixing .* left out, as neither is a ferromagnet, got 4e\+14"),
        ((Co, UP), {"mixing": 4e14}, "mixing .* left out, as both are ferromagnets"),
        ((Weak, UP), {"mixing": 4e14}, "mixing .* left out, as both are ferromagnets"),
    ],
)
def test_interfaces_have_what_their_sides_can_have(fixed, joint, complaint):
    """As those of stacks do."""
    device = wire("line", 1)
    metals = {"fixed": fixed, "spacer": Cu if fixed is Cu else (Py, UP), "free": (Py, TILTED)}
    joints = {("fixed", "spacer"): Joint(1e-15, **joint)}
    with pytest.raises(ValueError, match=complaint):
        sf.Device(device.grid, metals, device.electrodes, joints)


def test_a_lead_is_a_side_too():
    given = {"fixed": (Cu, None), "ends": (sf.Lead(Co, m=UP), LEAD)}
    sf.solve(wire("line", 1, **given, joints={("left", "fixed"): Joint(1e-15, gamma=0.6)}))
    with pytest.raises(ValueError, match=r"gamma .* must be 0, as neither is a ferromagnet"):
        wire("line", 1, fixed=(Cu, None), joints={("left", "fixed"): Joint(1e-15, gamma=0.6)})


def test_what_is_printed_of_rings_is_not_per_metre():
    inner = stack()
    found = sf.solve(sf.Device.pillar(inner, radius=50e-9, current=1e-3, elements=1), degree=1)
    assert "per metre" not in str(found)


def twisting(points):
    """UP at y = 0 alone."""
    y = points[:, 1:2] * 1e7
    return UP + y * np.array([1.0, 0.0, 0.0])


def touching(device):
    mesh = device.grid.mesh
    mesh = mesh.with_boundaries(mesh.boundaries | {"top": mesh.facets_satisfying(
        lambda x: (x[1] > 30 - 1e-6) & (x[0] > 18), boundaries_only=True)})  # fmt: skip
    top = {"top": sf.Electrode(current=1.0)}
    return sf.Device(Grid(mesh), device.regions, device.electrodes | top)


def with_joint(device, joint, **metals):
    return sf.Device(
        device.grid, device.regions | metals, device.electrodes, {("fixed", "spacer"): joint}
    )


def test_mixing_alone_is_that_of_a_small_resistance():
    """At exchange lengths, also where the interface ends at a lead, and before a reservoir."""
    for make in (
        lambda AR: roofed(LEAD, AR),
        lambda AR: wire("tri", 2, **before_battery(AR)),
    ):
        found, near = (sf.solve(make(AR), degree=2) for AR in (0.0, 1e-22))
        for name in NAMES:
            size = np.abs(found.torque(name)).max()
            np.testing.assert_allclose(near.torque(name), found.torque(name), atol=1e-6 * size)
        assert near.power == pytest.approx(found.power, rel=1e-6)


def test_a_lead_that_loses_no_spins_blocks_them():
    """All its lengths are infinite: no numbers of it count, but what it polarizes."""
    lossless = dataclasses.replace(Weak, l=np.inf, lambda_J=None, lambda_phi=np.inf)
    given = {"fixed": (Cu, None), "ends": (sf.Lead(lossless, m=(1, 0, 0)), LEAD)}
    exact, found = sf.solve(stack(**given), J0), sf.solve(wire("line", 4, **given), degree=5)
    np.testing.assert_allclose(found.torque("free"), exact.torque("free"), rtol=1e-8)
    assert not found.torque("left").any()
    gradient = found.gradient("torque", "free")
    assert all(np.isfinite(gradient[name]).all() for name in gradient)
    assert not gradient["left.D"].any()


@pytest.mark.parametrize(
    ("work", "error"),
    [
        (lambda d: sf.solve(touching(d)), "electrodes must not touch, got 'right' and 'top'"),
        (
            lambda d: sf.solve(roofed(sf.Reservoir())),
            "without a resistance must not end where its .* something else, got 'free' and 'top'",
        ),
        (
            lambda d: sf.solve(roofed(sf.Lead(Weak, m=UP))),
            "without a resistance must not end where its .* something else, got 'free' and 'top'",
        ),
        (
            lambda d: sf.solve(
                quartered(
                    {"fixed": (Co, UP), "free": (Weak, TILTED), "one": Cu, "two": Cu},
                    {("two", "free"): Joint(mixing=4e14), ("fixed", "free"): Joint(3e-16)},
                )
            ),
            "without a resistance must not end where its .* something else, got 'fixed' and 'free'",
        ),
        (
            lambda d: sf.TorqueFunction(roofed(LEAD)),
            "magnets that turn must not touch a lead where an interface .* ends, got 'top' there",
        ),
        (
            lambda d: sf.solve(with_joint(d, Joint(), free=(DRIFT, UP)), certify=True),
            "beta_D of 'free' must be p for bounds, which are those of reciprocal devices, got 0.6",
        ),
        (
            lambda d: sf.solve(with_joint(d, Joint(), free=(DRIFT, UP))).angular_modes(
                "fixed", "b"
            ),
            "beta_D of 'free' must be p for angular modes, which are those of reciprocal devices",
        ),
        (
            lambda d: sf.solve(with_joint(d, Joint(1e-15), spacer=(Co, twisting))),
            "m of 'fixed' and 'spacer' must be collinear at a resistive interface between them",
        ),
        (lambda d: with_joint(d, Joint([1e-15, 2e-15])), "must be of single numbers, got arrays"),
        (lambda d: with_joint(d, None), "what is between 'fixed' and 'spacer' must be an Interf"),
        (lambda d: Region(GRADED), "across of a region of a graded metal must be the number of a"),
        (lambda d: Region(BATCH), "metal of a region must be no batch, got arrays in"),
        (lambda d: Region(Weak, twisting), "with exchange lengths must be one vector, got a func"),
        (lambda d: Region(Py, np.eye(3)), r"must have the shape \(3,\), got \(3, 3\)"),
        (
            lambda d: sf.solve(d.replace(free=lambda x: UP)),
            "as a function of points must be of the shape",
        ),
        (
            lambda d: sf.Electrode(potential=0.0, end=sf.Lead(BATCH)),
            "end of an electrode must be uniform and no batch",
        ),
        (
            lambda d: sf.Electrode(current=[1.0, 2.0]),
            r"current of an electrode must be one number, got shape \(2,\)",
        ),
        (
            lambda d: sf.Device(d.grid, d.regions, d.electrodes | {"left": LEAD}),
            "electrode 'left' must be an Electrode, got Lead",
        ),
        (
            lambda d: sf.Device(d.grid, d.regions, d.electrodes, {("left", "right"): Joint(1e-15)}),
            "interfaces must be between two of the regions, or a region and an electrode",
        ),
        (lambda d: sf.solve(d).resistance("free", "left"), "electrode must be one of left, right"),
        (
            lambda d: sf.solve(
                sf.Device(d.grid, d.regions, d.electrodes | {"left": sf.Electrode(current=0.0)})
            ).resistance("left", "right"),
            "current of electrode 'left' must not be 0 for a resistance, got 0",
        ),
        (
            lambda d: sf.Device.pillar(
                stack(free=(Py, np.stack([UP, TILTED]))), radius=1e-8, current=1
            ),
            "stack of a pillar must be no batch",
        ),
    ],
)
def test_what_devices_refuse(work, error):
    with pytest.raises((TypeError, ValueError), match=error):
        work(wire("tri", 1))


def test_surfaces_are_not_named_like_regions():
    mesh = skfem.MeshTri1().with_subdomains({"left": [0, 1]})
    mesh = mesh.with_boundaries({"left": lambda x: x[0] == 0})
    with pytest.raises(ValueError, match="electrodes must not be named like regions, got 'left'"):
        sf.Device(Grid(mesh), {"left": Cu}, {"left": sf.Electrode(potential=0.0)})


@pytest.mark.long
def test_an_interface_of_nothing_is_none():
    """Between ferromagnets in contact that cross."""
    device = wire("quad", 4, free=(Py, TILTED))
    metals = {"fixed": (Co, UP), "spacer": (Py, TILTED), "free": (Py, TILTED)}
    joints = {("fixed", "spacer"): Joint()}
    found = sf.solve(sf.Device(device.grid, metals, device.electrodes, joints), degree=4)
    inner = Co(8e-9, m=UP, name="a") | Py(14e-9, m=TILTED, name="b")
    exact = sf.solve(LEAD | inner | LEAD, J0)
    assert found.power == pytest.approx(J0**2 * exact.resistance * KINDS["quad"], rel=1e-9)
    np.testing.assert_allclose(
        found.torque("fixed", "spacer") / KINDS["quad"], exact.torque("a"), rtol=1e-8, atol=1e-24
    )
