"""Gradients of devices: against stacks, differences, and what is known of any device."""

import dataclasses

import numpy as np
import pytest
import skfem
from wires import (
    BATTERY,
    DRIFTING,
    DRIVEN,
    GRADED,
    J0,
    KINDS,
    LEAD,
    NAMES,
    RECIPROCAL,
    SAMPLES,
    SOURCE,
    SPACER,
    TILTED,
    UP,
    Co,
    Cu,
    Joint,
    Py,
    Weak,
    before_battery,
    branched,
    drifting,
    graded,
    inwards,
    layers,
    quartered,
    roofed,
    stack,
    twisted,
    wire,
)

import spinfem as sf
from spinfem.devices import linear
from spinfem.devices.device import Region
from spinfem.devices.grid import Grid
from spinfem.sample.pieces import drive_of

ANGLES = ("polar", "azimuth")
CROSSING = sf.Lead(Co, m=(1, 0, 0)), sf.Lead(Py, m=sf.direction(80, 10))


def reach(gradient, name):
    """By what a number may change: itself, or a radian."""
    number = gradient.parameters[name]
    if name.endswith(ANGLES):
        return np.degrees(1.0)
    return abs(number) if 0 < abs(number) < np.inf else 1.0


def off(found, expected, scale=1.0):
    """The largest difference of rates, in the size of the result; nan is as good as nan.

    Resistances do not depend on spins that are driven. Spin currents are positive into a device.
    Where there is no resistance, devices have no derivative with it.
    """
    size, wrong = np.abs(expected.value).max(), [0.0]
    for name in expected:
        owner, _, key = name.rpartition(".")
        if name not in found and "|".join(reversed(owner.split("|"))) + f".{key}" not in found:
            assert (
                key == "thickness" or (expected[name] == 0).all() or not expected.parameters[name]
            )
            continue
        one = found[name] * scale * (-1 if name.startswith("right.spin_current") else 1)
        other = expected[name]
        assert np.isnan(one).tolist() == np.isnan(other).tolist(), name
        wrong.append(np.abs(np.nan_to_num(one - other)).max() * reach(expected, name))
    return max(wrong) / size


def results(solution, flat):
    """Gradients of a wire and of its stack, and how the first are in the area."""
    for name in {*NAMES} & {*solution.magnets}:
        yield solution.gradient("torque", name), flat.gradient("torque", name), -1
    yield solution.gradient("resistance", "left", "right"), flat.gradient("resistance"), 1
    yield solution.gradient("spin_resistance"), flat.gradient("spin_resistance"), 1


WIRES = SAMPLES | DRIVEN | {f"drifting, {name}": given for name, given in DRIFTING.items()}


@pytest.mark.some(6)
@pytest.mark.parametrize("kind", ["line", "quad", "tri"])
@pytest.mark.parametrize("sample", WIRES)
def test_a_straight_wire_has_the_gradients_of_its_stack(sample, kind):
    """Exchange lengths, which meshes resolve least, are off by 5e-11."""
    given = WIRES[sample]
    flat = sf.solve(stack(**given), J0)
    solution = sf.solve(wire(kind, 6, **inwards({"ends": (LEAD, LEAD)} | given)), degree=4)
    for found, expected, power in results(solution, flat):
        assert off(found, expected, KINDS[kind] ** power) < 1e-10, found.output


UNIFORM = {
    "fixed": {"D": Co.D, "p": 0.4, "beta_D": 0.2},
    "spacer": {"l": 2e-8},
    "free": {"l": 5e-9, "p": 0.7},
}
"""Numbers that are no functions of the place."""


@pytest.mark.long
@pytest.mark.some(3)
@pytest.mark.parametrize("kind", ["line", "quad"])
@pytest.mark.parametrize("metals", [GRADED, RECIPROCAL, "some numbers are not"])
def test_graded_wires_have_the_gradients_of_their_stacks(metals, kind):
    if isinstance(metals, str):
        metals = {x: dataclasses.replace(GRADED[x], **numbers) for x, numbers in UNIFORM.items()}
        assert {"fixed.D", "fixed.p", "fixed.beta_D", "spacer.l", "free.p"} < {
            *sf.solve(graded(kind, 2, metals), degree=2).gradient("torque", "free")
        }
    flat = sf.solve(layers(metals), J0)
    solution = sf.solve(graded(kind, 12, metals), degree=4)
    for found, expected, power in results(solution, flat):
        assert off(found, expected, KINDS[kind] ** power) < 1e-10, found.output


@pytest.mark.long
@pytest.mark.parametrize("sample", ["transparent", "mixing", "memory loss", "exchange lengths"])
def test_a_pillar_of_one_width_has_the_gradients_of_its_stack(sample):
    given, R = SAMPLES[sample], 50e-9
    area = np.pi * R**2
    flat = sf.solve(stack(**given), J0)
    device = sf.Device.pillar(stack(**given), radius=R, current=J0 * area, elements=6)
    for found, expected, power in results(sf.solve(device, degree=4), flat):
        assert off(found, expected, area**power) < 1e-10, found.output


# --- differences --------------------------------------------------------------------------------


def moved(device, steps):
    """The device with its numbers moved, by name."""
    regions, electrodes = dict(device.regions), dict(device.electrodes)
    interfaces, of = dict(device.interfaces), {}
    for name, step in steps.items():
        owner, _, key = name.rpartition(".")
        of.setdefault(owner, {})[key] = step
    for owner, own in of.items():
        if "|" in owner:
            pair = frozenset(owner.split("|"))
            law, change = interfaces[pair], own.get("G_r", 0.0) + 1j * own.get("G_i", 0.0)
            keys = own.keys() & {"resistance", "gamma", "delta"}
            changed = {key: getattr(law, key) + own[key] for key in keys}
            mixing = None if law.mixing is None else law.mixing + change
            interfaces[pair] = dataclasses.replace(law, **changed, mixing=mixing)
        elif owner in regions:
            region = regions[owner]
            regions[owner] = Region(*_moved_metal(region.metal, region.m, own), region.across)
        else:
            electrode = electrodes[owner]
            drive = {key: x for key in DRIVES if (x := getattr(electrode, key)) is not None}
            drive = {key: x + own.get(key, 0.0) for key, x in drive.items()}
            end = electrode.end
            if isinstance(end, sf.Lead):
                metal, m = _moved_metal(end.material, end.m, own)
                end = sf.Lead(metal, m=m)
            elif (drive_of_spins := drive_of(end)) is not None:
                step = [own.get(f"{KIND[type(end)]}_{x}", 0.0) for x in "xyz"]
                end = type(end)(drive_of_spins + step)
            electrodes[owner] = sf.Electrode(**drive, end=end)
    return sf.Device(device.grid, regions, electrodes, interfaces)


DRIVES = "current", "potential", "j0"
KIND = {sf.Reservoir: "spin_potential", sf.SpinSource: "spin_current"}


def _moved_metal(metal, m, steps):
    changed = {x: getattr(metal, x) + steps[x] for x in steps if x not in (*ANGLES, *DRIVES)}
    if any(key in steps for key in ANGLES):
        x, y, z = m
        polar, azimuth = np.degrees([np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)])
        m = sf.direction(polar + steps.get("polar", 0.0), azimuth + steps.get("azimuth", 0.0))
    return dataclasses.replace(metal, **changed), m


STEP = 1e-3
"""Of a number itself: what differences miss is its fourth power."""


def difference(value, device, steps):
    """By Richardson's extrapolation, over all steps at once."""

    def at(factor):
        return value(moved(device, {name: factor * step for name, step in steps.items()}))

    near, far = (at(x) - at(-x) for x in (STEP, 2 * STEP))
    return (8 * near - far) / (12 * STEP)


def driven(device, ends=None, joints=None, **given):
    """With other currents and potentials, and else behind or at some electrodes."""
    behind = {name: own.end for name, own in device.electrodes.items()} | (ends or {})
    electrodes = {name: sf.Electrode(**given[name], end=end) for name, end in behind.items()}
    return sf.Device(device.grid, device.regions, electrodes, joints or device.interfaces)


def halved(device):
    """With half of the surface on the left alone as an electrode, so that currents crowd."""
    mesh = device.grid.mesh
    facets = mesh.boundaries["left"]
    below = mesh.p[1, mesh.facets[:, facets]].mean(axis=0) < mesh.p[1].max() / 2
    mesh = mesh.with_boundaries({**mesh.boundaries, "left": facets[below]})
    return sf.Device(Grid(mesh), device.regions, device.electrodes, device.interfaces)


def pillar(free, joints):
    """A round pillar of coarse cells between discs twice as wide, of which one is a magnet."""
    edges = {
        "below": (0, 10),
        "fixed": (10, 18),
        "spacer": (18, 28),
        "free": (28, 32),
        "above": (32, 38),
    }
    x = np.unique(np.concatenate([np.linspace(*pair, 3) for pair in edges.values()]))
    mesh = skfem.MeshQuad1.init_tensor(np.array([0.0, 10.0, 17.0, 20.0, 25.0, 40.0]), x)
    r, x = mesh.p[:, mesh.t].mean(axis=1)
    mesh = mesh.restrict(np.flatnonzero((r < 20) | (x < 10) | (x > 32)))
    mesh = skfem.MeshQuad1(mesh.p, mesh.t)
    x = mesh.p[1, mesh.t].mean(axis=0)
    mesh = mesh.with_subdomains(
        {name: np.flatnonzero((x > low) & (x < high)) for name, (low, high) in edges.items()}
    ).with_boundaries({"left": lambda x: x[1] < 1e-6, "right": lambda x: x[1] > 38 - 1e-6})
    return sf.Device(
        Grid(mesh, is_axisymmetric=True),
        {
            "below": Cu,
            "fixed": (Co, UP),
            "spacer": Cu,
            "free": free,
            "above": (Co, sf.direction(120, 50)),
        },
        {
            "left": sf.Electrode(current=1e-4, end=LEAD),
            "right": sf.Electrode(potential=0.0, end=sf.SpinBlocking()),
        },
        joints,
    )


MIXED = {
    SPACER[0]: Joint(5e-16, gamma=0.7, delta=0.3, mixing=5e14 + 1e14j),
    SPACER[1]: Joint(3e-16, gamma=-0.4, mixing=4e14 + 2e14j),
}
POTENTIALS = {"left": {"potential": 1e-3}, "right": {"potential": 3e-4}, "top": {"j0": 2e8}}
DEVICES = {
    "planar": lambda: branched(joints=MIXED),
    "by potentials": lambda: driven(branched(*CROSSING, joints=MIXED), **POTENTIALS),
    "spread": lambda: driven(
        branched(),
        {"left": sf.Lead(Co, m=(1, 0, 0)), "top": sf.Lead(Py, m=sf.direction(50, 200))},
        {("spacer", "top"): Joint(mixing=3e14 + 1e14j)},
        left={"j0": 1e9},
        right={"potential": 0.0},
        top={"current": -0.3},
    ),
    "polarizing probe": lambda: driven(
        branched(joints=MIXED),
        {"top": sf.Lead(drifting(Co, 0.3), m=sf.direction(70, 130))},
        left={"current": 1.0},
        right={"potential": 1e-9},
        top={"current": -0.2},
    ),
    "battery and source": lambda: driven(
        branched(joints=MIXED),
        {"left": sf.SpinSource((2e9, 1e9, -3e9)), "top": sf.Reservoir((1e-8, -2e-8, 3e-8))},
        left={"current": 1.0},
        right={"potential": 1e-9},
        top={"current": -0.2},
    ),
    "axisymmetric": lambda: pillar(
        free=(drifting(Weak, 0.5), TILTED),
        joints={SPACER[0]: MIXED[SPACER[0]], ("free", "above"): Joint(2e-16, delta=0.4)},
    ),
    "in space": lambda: halved(
        wire("tet", 1, free=(Weak, TILTED), joints={SPACER[0]: MIXED[SPACER[0]]})
    ),
    "texture": lambda: halved(
        wire("tri", 2, free=(Py, twisted), joints={SPACER[0]: MIXED[SPACER[0]]})
    ),
}
OUTPUTS = {
    "planar": [
        ("torque", "free"),
        ("torque", "free", "spacer"),
        ("resistance", "left", "right"),
        ("resistance", "left", "top"),
        ("spin_resistance",),
        ("potential", "top"),
    ],
    "by potentials": [
        ("torque", "fixed"),
        ("torque", "fixed", "left"),
        ("torque", "left"),
        ("resistance", "left", "top"),
        ("potential", "top"),
        ("current", "right"),
    ],
    "spread": [
        ("torque", "top"),
        ("torque", "left", "fixed"),
        ("torque", "fixed"),
        ("resistance", "left", "top"),
        ("spin_resistance",),
        ("potential", "left"),
    ],
    "polarizing probe": [
        ("torque", "free"),
        ("torque", "top"),
        ("resistance", "left", "top"),
        ("spin_resistance",),
        ("potential", "top"),
    ],
    "battery and source": [("torque", "fixed"), ("torque", "free"), ("potential", "top")],
    "axisymmetric": [("torque", "free"), ("torque", "above", "free"), ("spin_resistance",)],
    "in space": [("torque", "free"), ("resistance", "left", "right"), ("spin_resistance",)],
    "texture": [("torque", "free"), ("torque", "fixed"), ("resistance", "left", "right")],
}


def value_of(output, *names):
    def value(device):
        found = getattr(sf.solve(device, degree=2), output)
        return found(*names) if callable(found) else found

    return value


def scales(solution, gradient):
    """By what to move numbers, times `STEP`."""
    found = {name: reach(gradient, name) for name in gradient}
    for name in found:
        if name.endswith((".current", ".potential")):
            of = getattr(solution, name.rpartition(".")[2])
            found[name] = max(abs(of(electrode)) for electrode in solution.device.electrodes)
    return found


CASES = [(kind, key) for kind in OUTPUTS for key in OUTPUTS[kind]]


@pytest.mark.long
@pytest.mark.some(2)
@pytest.mark.parametrize(("kind", "key"), CASES)
@pytest.mark.filterwarnings("ignore:cells at interfaces")
def test_differences_over_all_numbers_at_once(kind, key):
    device = DEVICES[kind]()
    solution = sf.solve(device, degree=2)
    gradient, random = solution.gradient(*key), np.random.default_rng(3)
    value = value_of(*key)
    for _ in range(2):
        steps = {
            name: random.uniform(-1, 1) * scale
            for name, scale in scales(solution, gradient).items()
            if not np.isnan(gradient[name]).any()
        }
        expected = sum(gradient[name] * step for name, step in steps.items())
        found = difference(value, device, steps)
        np.testing.assert_allclose(
            found, expected, rtol=0, atol=2e-9 * np.abs(gradient.value).max()
        )


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("first", range(3))
@pytest.mark.parametrize("key", [("torque", "free"), ("spin_resistance",)])
def test_differences_one_by_one(key, first):
    """Of every third number; all at once are those of the test before."""
    device, value = DEVICES["planar"](), value_of(*key)
    solution = sf.solve(device, degree=2)
    gradient = solution.gradient(*key)
    of_probe = {"top.current"} if key == ("spin_resistance",) else set()
    assert {name for name in gradient if np.isnan(gradient[name]).any()} == of_probe
    for name, scale in [*scales(solution, gradient).items()][first::3]:
        if name not in of_probe:
            found, size = difference(value, device, {name: scale}), np.abs(gradient.value).max()
            np.testing.assert_allclose(
                gradient[name] * scale, found, rtol=0, atol=2e-9 * size, err_msg=name
            )


def check_differences(device, keys):
    """Of several results, so that a device is solved once ahead and once back."""
    solution, random, steps = sf.solve(device, degree=2), np.random.default_rng(5), {}
    gradients = [solution.gradient(*key) for key in keys]
    for gradient in gradients:
        for name, scale in scales(solution, gradient).items():
            steps.setdefault(name, random.uniform(-1, 1) * scale)

    def solved(factor):
        return sf.solve(
            moved(device, {name: factor * step for name, step in steps.items()}), degree=2
        )

    ahead, back = solved(NEAR), solved(-NEAR)
    for (output, *names), gradient in zip(keys, gradients, strict=True):
        one, other = (getattr(x, output) for x in (ahead, back))
        change = one(*names) - other(*names) if callable(one) else one - other
        expected = sum(steps[name] * gradient[name] for name in gradient)
        size = np.abs(gradient.value).max()
        np.testing.assert_allclose(
            change / (2 * NEAR), expected, rtol=0, atol=1e-7 * size, err_msg=gradient.output
        )


NEAR = 3e-5
"""As `STEP` where what differences miss is its square."""


@pytest.mark.filterwarnings("ignore:cells at interfaces")
def test_differences_between_leads_of_two_polarizations_that_cross():
    """A current density that is negative, and potentials at both ends."""
    leads = sf.Lead(drifting(Co, 0.3), m=(1, 0, 0)), sf.Lead(drifting(Py, -0.2), m=(0.1, 1, 0.2))
    device = wire("line", 1, ends=leads)
    keys = [
        ("torque", "fixed"),
        ("torque", "fixed", "left"),
        ("torque", "left"),
        ("torque", "right", "free"),
        ("resistance", "left", "right"),
        ("current", "left"),
    ]
    more = [("spin_resistance",), ("potential", "left")]
    given = driven(device, left={"j0": -1e9}, right={"potential": 3e-4})
    check_differences(given, keys + more)
    given = driven(device, left={"potential": 1e-3}, right={"potential": 3e-4})
    check_differences(given, [*keys, ("current", "right")])


@pytest.mark.filterwarnings("ignore:cells at interfaces")
def test_differences_at_leads_beside_normal_metals():
    """Of which a density at one alone leaves the system symmetric, but not its own dual."""
    lead = sf.Lead(drifting(Co, 0.3), m=sf.direction(70, 130))
    device = wire("line", 1, fixed=(Cu, None), ends=(lead, LEAD), joints={SPACER[1]: JOINED})
    keys = ("torque", "left"), ("torque", "free", "spacer"), ("potential", "left")
    check_differences(device, [*keys, ("spin_resistance",)])
    density = {"left": {"j0": 1e11}, "right": {"potential": 0.0}}
    check_differences(driven(device, {"left": lead}, **density), [("spin_resistance",)])


JOINED = Joint(3e-16, gamma=-0.4, delta=0.3, mixing=4e14 + 2e14j)


@pytest.mark.filterwarnings("ignore:cells at interfaces")
def test_differences_of_what_ends_drive():
    """At a normal metal, at a strong ferromagnet, and at one with exchange lengths."""
    weak = {"free": (drifting(Weak, 0.5), TILTED), "joints": {SPACER[0]: JOINED}}
    keys = ("torque", "free"), ("torque", "free", "free"), ("potential", "left")
    check_differences(wire("line", 1, ends=(SOURCE, BATTERY), **weak), keys)
    normal = {"fixed": (Cu, None), "ends": (BATTERY, SOURCE)}
    keys = ("torque", "free"), ("torque", "free", "right"), ("resistance", "left", "right")
    check_differences(wire("line", 1, **normal), keys)


@pytest.mark.filterwarnings("ignore:cells at interfaces")
def test_differences_of_mixing_alone_at_exchange_lengths():
    """At a battery, where it ends at a lead, and where its metal touches a strong ferromagnet."""
    keys = ("torque", "free"), ("torque", "free", "spacer"), ("current", "left")
    check_differences(roofed(LEAD), [*keys, ("spin_resistance",)])
    check_differences(wire("line", 1, **before_battery()), [*keys[:1], ("potential", "left")])


@pytest.mark.filterwarnings("ignore:cells at interfaces")
def test_differences_of_leads_with_exchange_lengths():
    """That polarize, and take up what comes across their m."""
    ends = sf.Lead(drifting(Weak, -0.3), m=(1, 0, 0)), sf.Lead(Weak, m=sf.direction(110, 30))
    keys = ("torque", "left"), ("torque", "right"), ("torque", "free"), ("potential", "left")
    device = wire("line", 1, fixed=(Cu, None), free=(Weak, TILTED), ends=ends)
    check_differences(device, [*keys, ("spin_resistance",)])


def test_one_of_two_magnets_that_are_one_across_m_has_no_derivative_with_its_angles():
    """Where a mixing conductance alone ends; turning one of them opens the contact."""
    metals = {"one": Cu, "two": Cu, "a": (Weak, TILTED), "b": (Weak, TILTED)}
    joint = Joint(mixing=4e14)
    device = quartered(metals, {("one", "a"): joint, ("two", "b"): joint})
    gradient = sf.solve(device, degree=1).gradient("torque", "a")
    assert np.isnan(gradient["a.polar"]).all()
    assert np.isfinite(gradient["a.lambda_J"]).all()
    joint = Joint(mixing=4e14 + 1e14j)
    metals = {"fixed": (Co, UP), "one": Cu, "two": Cu, "free": (Weak, TILTED)}
    device = quartered(metals, {("one", "free"): joint, ("two", "free"): joint})
    keys = ("torque", "free"), ("torque", "fixed"), ("torque", "fixed", "free")
    check_differences(device, [*keys, ("torque", "fixed", "one"), ("spin_resistance",)])


@pytest.mark.filterwarnings("ignore:cells at interfaces")
def test_differences_of_numbers_of_graded_metals():
    metals = {x: dataclasses.replace(GRADED[x], **numbers) for x, numbers in UNIFORM.items()}
    keys = ("torque", "free"), ("torque", "fixed"), ("spin_resistance",)
    check_differences(graded("line", 1, metals), [*keys, ("resistance", "left", "right")])


# --- by iterations, and all at once -------------------------------------------------------------


def same(one, other, limit):
    """Whether two gradients of one result are the same."""
    assert [*one] == [*other]
    assert off(one, other) < limit, one.output


@pytest.mark.parametrize("joint", [Joint(5e-16, gamma=0.7, mixing=5e14 + 3e14j), Joint(5e-16)])
def test_by_iterations(joint, monkeypatch):
    """Conjugate gradients, and GMRES with the transposed system."""
    pytest.importorskip("pyamg")
    device = halved(wire("tet", 2, joints={SPACER[0]: joint}))
    keys = ("torque", "free"), ("resistance", "left", "right"), ("spin_resistance",)
    solution = sf.solve(device, degree=2)
    exact = [solution.gradient(*key) for key in keys]
    monkeypatch.setattr("spinfem.devices.linear.DIRECT", 10)
    solution = sf.solve(device, degree=2)
    assert solution.report.method == ("GMRES" if joint.mixing else "conjugate gradients")
    for key, expected in zip(keys, exact, strict=True):
        same(solution.gradient(*key), expected, 1e-8)


@pytest.mark.long
def test_factors_are_made_once_for_all_gradients(monkeypatch):
    solution = sf.solve(DEVICES["planar"](), degree=2)
    made, factors_of = [], linear.factors_of
    monkeypatch.setattr(
        linear, "factors_of", lambda *given, **more: made.append(1) or factors_of(*given, **more)
    )
    for key in (("torque", "free"), ("torque", "fixed"), ("potential", "top")):
        solution.gradient(*key)
    assert made == [1]


# --- of any device --------------------------------------------------------------------------------


CURRENTS = [(kind, key) for kind, key in CASES if kind in ("planar", "axisymmetric", "in space")]


@pytest.mark.long
@pytest.mark.some(6)
@pytest.mark.parametrize(("kind", "key"), CURRENTS)
def test_scaling_all_conductances_scales_resistances(kind, key):
    """And potentials; torques at given currents stay what they are."""
    gradient = sf.solve(DEVICES[kind](), degree=2).gradient(*key)
    numbers, power = gradient.parameters, {"D": 1, "resistance": -1, "G_r": 1, "G_i": 1}
    terms = [
        power[quantity] * gradient[name] * numbers[name]
        for name in gradient
        if (quantity := name.rpartition(".")[2]) in power
    ]
    expected = 0.0 if key[0] == "torque" else -gradient.value
    size = np.abs(terms).max()
    np.testing.assert_allclose(sum(terms), expected, rtol=0, atol=1e-11 * size)


@pytest.mark.some(6)
@pytest.mark.parametrize(("kind", "key"), CASES)
def test_results_are_linear_in_what_drives(kind, key):
    """A resistance and dr are the same if all drives are twice as large."""
    gradient = sf.solve(DEVICES[kind](), degree=2).gradient(*key)
    numbers = gradient.parameters
    drives = (*DRIVES, *(f"{kind}_{x}" for kind in KIND.values() for x in "xyz"))
    parts = [numbers[name] * gradient[name] for name in gradient if name.endswith(drives)]
    parts = [part for part in parts if not np.isnan(part).any()]
    size = np.abs([*parts, gradient.value]).max()
    expected = 0.0 if "resistance" in key[0] else gradient.value
    np.testing.assert_allclose(sum(parts), expected, rtol=0, atol=1e-11 * size)


@pytest.mark.long
@pytest.mark.some(4)
@pytest.mark.parametrize("key", OUTPUTS["by potentials"])
def test_nothing_but_potentials_knows_where_these_are_0(key):
    gradient = sf.solve(DEVICES["by potentials"](), degree=2).gradient(*key)
    left, right = (gradient[f"{name}.potential"] for name in ("left", "right"))
    expected = 1.0 if key[0] == "potential" else 0.0
    size = np.abs([left, gradient.value / POTENTIALS["left"]["potential"]]).max()
    np.testing.assert_allclose(left + right, expected, rtol=0, atol=1e-11 * size)


@pytest.mark.some(6)
@pytest.mark.parametrize(("kind", "key"), [(k, key) for k, key in CASES if k != "texture"])
def test_turning_everything_about_z_turns_torques_alone(kind, key):
    gradient = sf.solve(DEVICES[kind](), degree=2).gradient(*key)
    turned = np.degrees(sum(gradient[name] for name in gradient if name.endswith(".azimuth")))
    for name in gradient:
        if name.endswith(tuple(f"{kind}_x" for kind in KIND.values())):
            by_x, by_y = gradient[name], gradient[f"{name[:-1]}y"]
            x, y = gradient.parameters[name], gradient.parameters[f"{name[:-1]}y"]
            turned = turned + x * by_y - y * by_x
    is_torque = key[0] == "torque"
    expected = np.cross([0, 0, 1], gradient.value) if is_torque else 0.0
    size = np.abs(gradient.value).max()
    np.testing.assert_allclose(turned, expected, rtol=0, atol=1e-10 * size)


@pytest.mark.long
def test_faces_of_a_magnet_add_up():
    solution = sf.solve(pillar((Weak, TILTED), {SPACER[0]: MIXED[SPACER[0]]}), degree=2)
    whole = solution.gradient("torque", "free")
    parts = [solution.gradient("torque", "free", x) for x in ("spacer", "free", "above")]
    for name, slope in whole.items():
        total = sum(part[name] for part in parts)
        np.testing.assert_allclose(total, slope, rtol=0, atol=1e-11 * np.abs(slope).max())


# --- names --------------------------------------------------------------------------------------


def test_names():
    solution = sf.solve(DEVICES["spread"](), degree=2)
    gradient = solution.gradient("potential", "left")
    N, F = ("D", "l"), ("D", "l", "p", *ANGLES)
    expected = {
        "fixed": F,
        "spacer": N,
        "free": F,
        "left": (*F, "j0"),
        "right": (*N, "potential"),
        "top": (*F, "current"),
        "spacer|top": ("G_r", "G_i"),
    }
    assert [*gradient] == [f"{owner}.{key}" for owner, keys in expected.items() for key in keys]
    assert gradient.parameters["left.j0"] == 1e9
    assert gradient.value == solution.potential("left")
    assert repr(gradient) == "<Gradient of potential of left with respect to 29 numbers>"
    assert "right.potential" not in solution.gradient("spin_resistance")


def test_numbers_that_one_name_stands_for():
    """Those of a metal, of interfaces of one name, and whichever way round an interface is told."""
    joint = Joint(5e-16, gamma=0.7, name="Co/Cu")
    solution = sf.solve(wire("line", 2, free=(Co, TILTED), joints=dict.fromkeys(SPACER, joint)))
    gradient = solution.gradient("torque", "free")
    both = {"Co.p": ("fixed.p", "free.p"), "Cu.l": ("spacer.l", "left.l", "right.l")}
    both["Co/Cu.gamma"] = ("fixed|spacer.gamma", "spacer|free.gamma")
    for name, several in both.items():
        assert gradient.several[name] == several
        np.testing.assert_array_equal(gradient[name], sum(gradient[one] for one in several))
    np.testing.assert_array_equal(gradient["free|spacer.gamma"], gradient["spacer|free.gamma"])
    assert "free|spacer.gamma" not in {*gradient, *gradient.several}


def test_a_texture_has_no_angles():
    gradient = sf.solve(DEVICES["texture"](), degree=2).gradient("torque", "free")
    assert {name for name in gradient if name.endswith(ANGLES)} == {"fixed.polar", "fixed.azimuth"}


def test_no_relaxation_is_a_limit_without_slope():
    endless = dataclasses.replace(Cu, l=np.inf)
    device = wire("line", 2, ends=(sf.Lead(endless), LEAD))
    gradient = sf.solve(device).gradient("torque", "free")
    assert (gradient["left.l"] == 0).all()
    assert (gradient.logarithmic["left.l"] == 0).all()


def test_turning_one_of_collinear_magnetizations_in_contact_has_no_derivative():
    device = wire("line", 2, ends=(sf.Lead(Co, m=-UP), LEAD))
    gradient = sf.solve(device).gradient("spin_resistance")
    opening = {name for name in gradient if np.isnan(gradient[name]).any()}
    assert opening == {f"{name}.{key}" for name in ("fixed", "left") for key in ANGLES}


@pytest.mark.long
def test_an_interface_of_ferromagnets_that_are_not_parallel_has_no_gamma():
    joint = {SPACER[1]: Joint(3e-16, gamma=0.4), ("free", "right"): Joint(2e-16)}
    given = {"free": (Weak, TILTED), "joints": joint}
    names = {}
    for m in (TILTED, UP):
        ends = {"ends": (LEAD, sf.Lead(Co, m=m))}
        names[m[2]] = {*sf.solve(wire("line", 2, **given, **ends)).gradient("torque", "free")}
    assert names[TILTED[2]] - names[UP[2]] == {"free|right.gamma"}


def test_what_is_printed():
    text = str(sf.solve(wire("tri", 2)).gradient("torque", "free", "spacer"))
    assert text.startswith("Gradient of torque of free at spacer: (")
    assert "J/m per nm" in text
    assert "3000 A/m " in text
    assert "Ohm per deg" in str(
        sf.solve(wire("tet", 1), degree=1).gradient("resistance", "left", "right")
    )
    assert "Ohm m2 per nm" in str(sf.solve(wire("line", 2)).gradient("spin_resistance"))
    assert "V per A/m2" in str(
        sf.solve(DEVICES["spread"](), degree=2).gradient("potential", "left")
    )


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (("torqe", "free"), "did you mean 'torque'"),
        ((1,), r"^output must be one of torque, resistance, .*, got 1$"),
        (("torque",), r"^names for a gradient of torque must be 1 or 2, got 0$"),
        (
            ("spin_resistance", "free"),
            r"^names for a gradient of spin_resistance must be 0, got 1$",
        ),
        (("torque", "spacer"), r"^magnet must be one of fixed, free, got 'spacer'$"),
        (("torque", "free", "out"), r"^face must be one of .*, got 'out'$"),
        (("potential", "free"), r"^electrode must be one of left, right, got 'free'$"),
        (("resistance", "left", "out"), r"^electrode must be one of left, right, got 'out'$"),
    ],
)
def test_errors(key, message):
    solution = sf.solve(wire("line", 2))
    with pytest.raises(ValueError, match=message):
        solution.gradient(*key)


def test_turned_solutions_have_none():
    turned = sf.solve(wire("line", 2)).turned(free=UP)
    with pytest.raises(ValueError, match="gradients must be of a device that is solved as a whole"):
        turned.gradient("torque", "free")


def test_unknown_names_have_near_matches():
    gradient = sf.solve(wire("line", 2)).gradient("spin_resistance")
    with pytest.raises(KeyError, match="did you mean 'free"):
        gradient["fre.l"]
    with pytest.raises(KeyError, match="those of 'free' are D, l, p, polar, azimuth"):
        gradient["free.thickness"]
    with pytest.raises(ValueError, match="read-only"):
        gradient["free.l"][...] = 0.0
