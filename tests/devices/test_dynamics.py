"""Magnets of a device that move: those of a straight wire as those of its stack."""

import re
from xml.etree import ElementTree

import meshio
import numpy as np
import pytest
import skfem
from skfem.helpers import dot, grad
from wires import J0, KINDS, LEAD, SAMPLES, TILTED, UP, Co, Cu, Joint, Py, branched, stack, wire

import spinfem as sf
from spinfem.constants import TORQUE_PER_SPIN_CURRENT
from spinfem.devices.grid import Grid
from spinfem.dynamics import record
from spinfem.physics.directions import axes_across, cross

DEGREES = {"line": 5, "quad": 6, "tri": 2}
MOVING = [x for x in SAMPLES if not x.endswith("lead") and x != "reservoirs"]
FREE = sf.Magnet(8e5, alpha=0.02, demag=(0.94, 0.04, 0.02))
FIXED = sf.Magnet(1.4e6, alpha=0.05, demag=(0.9, 0.06, 0.04), K=2e4)
HELD = sf.Magnet(1.4e6, held=True)
DIPOLAR = sf.Coupling("fixed", "free", dipolar=(0.02, -0.01, -0.01))
TIMES = np.linspace(0, 1e-10, 6)
HBAR, ELEMENTARY_CHARGE = 1.054571817e-34, 1.602176634e-19
# fmt: off
ONE = {"magnets": {"free": FREE, "fixed": HELD}, "field": (1e4, 0, 3e4), "couplings": [DIPOLAR]}
BOTH = {"magnets": {"free": FREE, "fixed": FIXED}, "field": (1e4, 0, 3e4), "couplings": [DIPOLAR]}
RUNS = {
    "both": (BOTH, {}),
    "multiples": (ONE, {"j0": np.array([-3.0, 0.0, 2.0])}),
    "in time": (ONE, {"j0": lambda t: np.where(t < 3e-11, 4.0, 1e10 * t),
                      "field": lambda t: np.stack([0 * t, 1e5 * np.sin(1e11 * t), 0 * t], -1)}),
    "fields": ({**ONE, "field": [(1e4, 0, 3e4), (0, 5e4, 0)]}, {"j0": np.array([[1.0], [4.0]])}),
}
# fmt: on


def pair(sample="mixing", kind="line", **arguments):
    """The same magnets in a wire and in its stack."""
    device = wire(kind, 4, **SAMPLES[sample])
    wired = sf.Dynamics(device, **arguments, degree=DEGREES[kind])
    return wired, sf.Dynamics(stack(**SAMPLES[sample]), **arguments)


def some(count):
    m = np.random.default_rng(7).normal(size=(count, 3))
    return m / np.linalg.norm(m, axis=-1, keepdims=True)


@pytest.mark.some(5)
@pytest.mark.parametrize("kind", DEGREES)
@pytest.mark.parametrize("sample", MOVING)
def test_what_is_pumped_in_a_wire_is_so_in_its_stack(sample, kind):
    """K of both, with backflow, and the velocity that comes of it."""
    wired, layered = pair(sample, kind, magnets={"free": FREE, "fixed": FIXED})
    area, m = KINDS[kind], some(2)
    tolerance = 1e-9 if kind != "tri" else 1e-4  # of elements of degree 2
    pumped = area * layered.pumped(m)
    np.testing.assert_allclose(wired.pumped(m), pumped, atol=tolerance * np.abs(pumped).max())
    velocity = layered.velocity(m, 3 * J0)
    np.testing.assert_allclose(
        wired.velocity(m, 3.0), velocity, atol=tolerance * np.abs(velocity).max()
    )
    slope = layered.resistance_slope(m) / area
    np.testing.assert_allclose(
        wired.resistance_slope(m), slope, atol=tolerance * np.abs(slope).max()
    )


@pytest.mark.long
def test_what_a_magnet_pumps_that_takes_up_spins_inside_and_turns_them():
    """With exchange lengths and at an interface, all complex."""
    magnets = {"free": FREE, "fixed": FIXED}
    wired, layered = pair("exchange lengths, mixing", magnets=magnets)
    m = some(2)
    pumped = layered.pumped(m)
    np.testing.assert_allclose(wired.pumped(m), pumped, atol=1e-9 * np.abs(pumped).max())


@pytest.mark.long
@pytest.mark.parametrize("joints", [None, {("fixed", "spacer"): Joint(3e-16, mixing=5e14)}])
def test_what_is_pumped_is_reciprocal_and_damps(joints):
    """``v.(m x)^T K v`` is what a motion v loses: symmetric with real mixing, and positive."""
    system = sf.Dynamics(branched(joints=joints), {"free": FREE, "fixed": FIXED}, degree=2)
    for m in (some(2), np.array([UP, TILTED])):
        lost = np.einsum("iab,iajc->ibjc", [cross(x, np.eye(3)).T for x in m], system.pumped(m))
        frames = np.stack(axes_across(m), axis=1)
        across = np.einsum("ipb,ibjc,jqc->ipjq", frames, lost, frames).reshape(4, 4)
        np.testing.assert_allclose(across, across.T, atol=1e-12 * np.abs(across).max())
        assert np.linalg.eigvalsh(across).min() > 0


@skfem.BilinearForm
def _spins(u, v, w):
    """``(D/2) grad mu_s . grad v + D/(2 l^2) mu_s v``: eq. (4), of one component."""
    return Cu.D / 2 * dot(grad(u), grad(v)) + Cu.D / (2 * SHORT**2) * u * v


SHORT = 20e-9


def test_what_is_pumped_into_a_wide_strip_is_that_of_its_own_equation():
    """T on a magnet is ``(hbar/2|e|) G (hbar/|e|) m x dm/dt``, damping as alpha is.

    G is what flows into the strip where mu_s is 1 at the magnet, found by scikit-fem alone.
    """
    Strip = sf.NormalMetal(D=Cu.D, l=SHORT)
    x = np.array([0.0, 5, 10, 13, 15, 20, 25, 27, 30, 35, 40])
    y = np.array([0.0, 3, 6, 8, 10, 12])
    mesh = skfem.MeshTri1.init_tensor(x, y)
    a, b = mesh.p[:, mesh.t].mean(axis=1)
    mesh = mesh.restrict(np.flatnonzero((b < 8) | ((a > 15) & (a < 25))))
    a, b = mesh.p[:, mesh.t].mean(axis=1)
    mesh = skfem.MeshTri1(mesh.p, mesh.t).with_subdomains(
        {"strip": np.flatnonzero(b < 8), "free": np.flatnonzero(b > 8)}
    )
    mesh = mesh.with_boundaries(
        {"left": lambda x: x[0] < 1e-6, "right": lambda x: x[0] > 40 - 1e-6}
    )
    ends = {
        "left": sf.Electrode(current=1.0, end=sf.SpinBlocking()),
        "right": sf.Electrode(potential=0.0, end=sf.SpinBlocking()),
    }
    device = sf.Device(Grid(mesh), {"strip": Strip, "free": (Py, TILTED)}, ends)
    K = sf.Dynamics(device, {"free": FREE}, degree=2).pumped(TILTED[None])[0, :, 0]

    strip = skfem.MeshTri1(mesh.p * 1e-9, mesh.t).restrict(np.flatnonzero(b < 8))
    basis = skfem.Basis(strip, skfem.ElementTriP2())
    A = _spins.assemble(basis)
    face = basis.get_dofs(lambda x: (x[1] > 8e-9 - 1e-15) & (abs(x[0] - 20e-9) < 5e-9 + 1e-15))
    ones = np.zeros(basis.N)
    ones[face.all()] = 1.0
    mu = skfem.solve(*skfem.condense(A, x=ones, D=face))
    G = mu @ A @ mu  # S per metre of depth
    expected = TORQUE_PER_SPIN_CURRENT * HBAR / ELEMENTARY_CHARGE * G
    turning = cross(TILTED, np.eye(3)).T  # columns m x e
    np.testing.assert_allclose(K, expected * turning, atol=1e-10 * expected)


@pytest.mark.long
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("kind", DEGREES)
def test_magnets_that_turn_as_one_pump_nothing_where_no_spin_across_m_is_lost(kind, sign):
    """All spins turn with them: mu_s is V all over, which one magnet alone would drive off."""
    blocked = sf.SpinBlocking(), sf.SpinBlocking()
    lossless = sf.NormalMetal(D=Cu.D, l=np.inf)
    device = wire(kind, 2, fixed=(Co, UP), free=(Py, sign * UP), ends=blocked)
    device = sf.Device(device.grid, {**device.regions, "spacer": lossless}, device.electrodes)
    system = sf.Dynamics(device, {"free": FREE, "fixed": FIXED}, degree=2)
    m = system.directions()
    K, omega = system.pumped(m), np.array([0.3, -1.0, 0.2])
    together = np.einsum("iajb,jb->ia", K, cross(np.broadcast_to(omega, (2, 3)), m))
    np.testing.assert_allclose(together, 0, atol=1e-10 * np.abs(K).max())


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    ["multiples", *(pytest.param(x, marks=pytest.mark.long) for x in RUNS if x != "multiples")],
)
def test_a_run_is_that_of_the_stack(name):
    """Steps differ, and are of 1e-11."""
    arguments, call = RUNS[name]
    wired, layered = pair(**arguments)
    j0 = call.get("j0", 1.0)
    of_stack = {**call, "j0": (lambda t: J0 * j0(t)) if callable(j0) else J0 * j0}
    found = wired.run(times=TIMES, rtol=1e-11, **call)
    expected = layered.run(times=TIMES, rtol=1e-11, **of_stack)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found.directions, expected.directions, atol=1e-7)
    np.testing.assert_allclose(found.j0 * J0, expected.j0, rtol=1e-15)
    area = KINDS["line"]
    np.testing.assert_allclose(found.resistance, expected.resistance / area, rtol=1e-7)
    np.testing.assert_allclose(found.voltage, expected.voltage, rtol=1e-7, atol=1e-12)
    assert np.all(np.asarray(found.steps) > 5)


@pytest.mark.long
def test_errors_of_runs_follow_their_tolerance():
    wired, _ = pair(**ONE)
    exact = wired.run(times=TIMES, rtol=1e-13).directions
    errors = [
        np.abs(wired.run(times=TIMES, rtol=rtol).directions - exact).max()
        for rtol in (1e-5, 1e-7, 1e-9)
    ]
    assert errors[0] > 10 * errors[1] > 100 * errors[2]


@pytest.mark.long
def test_a_run_that_takes_too_many_steps_says_so(monkeypatch):
    wired, _ = pair(**ONE)
    monkeypatch.setattr("spinfem.dynamics.motion.MOST_STEPS", 2)
    with pytest.raises(ValueError, match=r"in 2 steps .* stuck at .* s at point 0 of"):
        wired.run(times=[0.0, 1e-9], j0=[0.0, 5.0], m=[[UP], [TILTED]])


@pytest.mark.long
def test_a_run_that_was_broken_off_goes_on(tmp_path, monkeypatch):
    """To the bit, and not as another one."""
    wired, _ = pair(**ONE)
    call = {"times": TIMES, "j0": np.array([1.0, 3.0])}
    whole = wired.run(**call)
    monkeypatch.setattr(record, "KEPT_AFTER", 0.0)
    monkeypatch.setattr("spinfem.dynamics.motion.FIRST_PART", 2)
    monkeypatch.setattr("spinfem.dynamics.motion.PART_SECONDS", 0.0)
    wired.run(**call, store=tmp_path / "run")
    parts = sorted((tmp_path / "run").glob("part_*.npz"))
    assert len(parts) > 1
    parts[-1].unlink()
    again = wired.run(**call, store=tmp_path / "run")
    assert (again.directions == whole.directions).all()
    assert (again.steps == whole.steps).all()
    other = sf.Dynamics(wire("line", 5, **SAMPLES["mixing"]), **ONE, degree=5)
    turned = sf.Dynamics(wired.sample.replace(fixed=sf.direction(90)), {"free": FREE}, degree=5)
    same = sf.Dynamics(wired.sample, {"free": FREE}, degree=5)
    same.run(**call, store=tmp_path / "held")
    for system, store in ((other, "run"), (turned, "held")):
        with pytest.raises(ValueError, match="that of another"):
            system.run(**call, store=tmp_path / store)


@pytest.mark.long
def test_steady_states_and_what_becomes_of_them():
    wired, layered = pair(**ONE)
    states = wired.steady_states(starts=5), layered.steady_states(J0, starts=5)
    assert len(states[0]) == len(states[1]) > 1
    area = KINDS["line"]
    for one, other in zip(*states, strict=True):
        assert one.kind == other.kind
        assert one.j0 * J0 == other.j0
        np.testing.assert_allclose(one.directions, other.directions, atol=1e-9)
        np.testing.assert_allclose(one.growth, other.growth, rtol=1e-7)
        assert np.isclose(one.energy, area * other.energy, rtol=1e-9)
    m = states[0][0].directions
    np.testing.assert_allclose(wired.growth(m), layered.growth(m, J0), rtol=1e-7)
    frequencies = np.array([0.0, 3e9, 1e10])
    np.testing.assert_allclose(
        wired.impedance(frequencies, m=m),
        layered.impedance(frequencies, J0, m=m) / area,
        rtol=1e-7,
    )
    np.testing.assert_allclose(wired.field_linewidth(m), layered.field_linewidth(m, J0), rtol=1e-4)


@pytest.mark.parametrize("within", [None, pytest.param((0.0, 50.0), marks=pytest.mark.long)])
def test_critical_currents_are_multiples(within):
    """Of a state that is steady at all currents, and of one that turns with them."""
    tilt = 0 if within is None else 20
    way = sf.direction(tilt)
    samples = [wire("line", 4, free=(Py, UP)), stack(free=(Py, UP))]
    field = 5e4 * way
    systems = [sf.Dynamics(x, {"free": FREE}, field=field) for x in samples]
    found = systems[0].critical_currents(within=within)
    range_ = None if within is None else (within[0] * J0, within[1] * J0)
    expected = systems[1].critical_currents(within=range_)
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        assert (one.kind, one.unstable) == (other.kind, other.unstable)
        assert np.isclose(one.j0 * J0, other.j0, rtol=1e-5)


def test_the_strength_of_a_device_is_its_current_without_spins():
    """Between two potentials: that of its layers' resistances in a row."""
    device = wire("line", 1)
    ends = {
        name: sf.Electrode(potential=x, end=LEAD) for name, x in (("left", 0.5), ("right", 0.2))
    }
    still = sf.Device(device.grid, device.regions, ends)
    strength = sf.Dynamics(still, {"free": FREE}, degree=1).turning.strength
    resistance = 8e-9 * (1 - Co.p**2) / Co.D + 10e-9 / Cu.D + 4e-9 * (1 - Py.p**2) / Py.D
    assert strength == pytest.approx(0.3 / resistance, rel=1e-12)


def test_without_a_current_nothing_is_critical():
    device = wire("line", 4, free=(Py, UP))
    # of one potential, which has roundings of its own
    ends = {name: sf.Electrode(potential=0.1, end=LEAD) for name in ("left", "right")}
    still = sf.Device(device.grid, device.regions, ends)
    assert sf.Dynamics(still, {"free": FREE}, field=5e4 * UP).critical_currents() == []


@pytest.mark.long
def test_a_pillar_between_wide_leads_moves_and_is_shown(tmp_path):
    """Its volume is what a torque turns; a free layer of half the volume turns twice as fast."""
    layers = [Co(8e-9, m=UP, name="fixed"), Cu(10e-9), Py(4e-9, m=TILTED, name="free")]
    disc = sf.Slab(Cu, thickness=30e-9, radius=120e-9)
    device = sf.Device.pillar(
        sf.Lead(Cu) | layers[0] | layers[1] | layers[2] | sf.Lead(Cu),
        radius=40e-9,
        current=1e-3,
        leads=(disc, disc),
        elements=3,
    )
    system = sf.Dynamics(device, {"free": FREE}, pumping=False, degree=2)
    volume = np.pi * 40e-9**2 * 4e-9
    assert np.isclose(system.fields.volume[0], volume, rtol=1e-12)
    m = system.directions()
    torque = sf.solve(device, degree=2).torque("free")
    # without damping: dm/dt = -gamma_0 m x H + gamma T/(M_s V)
    system = sf.Dynamics(device, {"free": sf.Magnet(8e5)}, pumping=False, degree=2)
    expected = sf.constants.GAMMA * torque / (8e5 * volume)
    velocity = system.velocity(m)[0]
    np.testing.assert_allclose(velocity, expected, atol=1e-9 * np.abs(expected).max())

    damped = sf.Dynamics(device, {"free": FREE}, degree=2)
    run = damped.run(times=np.linspace(0, 2e-11, 4))
    dataset = run.to_dataset()
    assert dataset["resistance"].attrs["units"] == "Ohm"
    assert dataset["j0"].attrs["units"] == "1"
    assert (dataset["j0"] == 1).all()
    np.testing.assert_allclose(run.voltage, 1e-3 * run.resistance, rtol=1e-12)
    last = device.replace(free=run.m["free"][-1])
    names = [*device.electrodes]
    resistance = sf.solve(last, degree=2).resistance(*names)
    assert np.isclose(run.resistance[-1], resistance, rtol=1e-9)
    assert "(mΩ)" in run.plot.resistance().get_ylabel() or "Ω" in run.plot.resistance().get_ylabel()
    run.save(tmp_path / "run.nc")
    assert (tmp_path / "run.nc").stat().st_size > 0
    with pytest.raises(TypeError, match="must be of a stack"):
        _ = run.solution
    with pytest.raises(TypeError, match="got a device"):
        _ = damped.stack


def contents(path):
    """All that meshio reads of a file."""
    mesh = meshio.read(path)
    cells = {f"cells {kind}": cells for kind, cells in mesh.cells_dict.items()}
    of_cells = {name: x for name, (x,) in mesh.cell_data.items()}
    return {"points": mesh.points, **cells, **mesh.point_data, **of_cells, **mesh.field_data}


@pytest.fixture(scope="module")
def short_run():
    """Driven by nothing at first, with a magnet that is held."""
    device = wire("tri", 1)
    system = sf.Dynamics(device, {"free": FREE}, pumping=False, degree=1)
    return system.run(times=TIMES[:2], j0=lambda t: 1e11 * t)


def test_a_run_for_paraview_has_the_device_at_every_time(short_run, tmp_path):
    run, device = short_run, short_run.sample
    run.save(tmp_path / "run.pvd")
    sets = [x.attrib for x in ElementTree.parse(tmp_path / "run.pvd").getroot().iter("DataSet")]
    assert [float(one["timestep"]) for one in sets] == np.repeat(run.times, 2).tolist()
    assert [one["part"] for one in sets] == ["0", "1"] * 2
    files = [tmp_path / one["file"] for one in sets]
    assert sorted((tmp_path / "run").iterdir()) == sorted(files)
    for i, j0 in enumerate(run.j0):
        ends = {
            "left": sf.Electrode(current=j0 * J0 * KINDS["tri"], end=LEAD),
            "right": device.electrodes["right"],
        }
        now = sf.Device(device.grid, device.regions, ends, device.interfaces)
        exact = sf.solve(now.replace(free=run.m["free"][i]), degree=1)
        exact.save(tmp_path / "exact.vtu")
        for file, name in zip(files[2 * i :], ("exact", "exact_interfaces"), strict=False):
            found, expected = contents(file), contents(tmp_path / f"{name}.vtu")
            assert [*found] == [*expected]
            for key, values in expected.items():
                size = np.abs(values).max()
                np.testing.assert_allclose(found[key], values, rtol=0, atol=1e-10 * size)
    assert np.abs(run.m["free"][1] - run.m["free"][0]).max() > 1e-3
    again = run.device_at(-1)
    assert again.electrodes["left"].current == pytest.approx(ends["left"].current, rel=1e-14)
    both = run.system.run(times=run.times, j0=[0.0, 1.0])
    with pytest.raises(ValueError, match=r"single trajectory, got a batch of shape \(2,\): give a"):
        both.device_at(0)


def test_a_multiple_of_a_device_has_all_its_drives_times_that():
    """A current, a potential, and a density: potentials and torques are linear in these."""
    device = branched()
    given = {"left": {"current": 1.0}, "right": {"potential": 2e-9}, "top": {"j0": -4e7}}
    electrodes = {name: sf.Electrode(**drive, end=LEAD) for name, drive in given.items()}
    device = sf.Device(device.grid, device.regions, electrodes)
    one, three = (sf.solve(x, degree=1) for x in (device, device.driven(-3.0)))
    for name in electrodes:
        assert three.potential(name) == pytest.approx(-3 * one.potential(name), rel=1e-10)
        assert three.current(name) == pytest.approx(-3 * one.current(name), rel=1e-10)
    for name in ("fixed", "free"):
        np.testing.assert_allclose(three.torque(name), -3 * one.torque(name), rtol=1e-9)


@pytest.mark.interop
def test_pyvista_reads_the_volume_and_its_interfaces(short_run, tmp_path):
    pyvista = pytest.importorskip("pyvista")
    short_run.save(tmp_path / "run.pvd")
    reader = pyvista.get_reader(tmp_path / "run.pvd")
    assert reader.time_values == short_run.times.tolist()
    for i, time in enumerate(reader.time_values):
        reader.set_active_time_value(time)
        volume, interfaces = reader.read()
        seen = volume.point_data["m"][volume.point_data["m"].any(axis=1)]
        np.testing.assert_allclose(seen[-1], short_run.m["free"][i], atol=1e-12)
        assert "torque_density" in interfaces.point_data


OF_DEVICE = "must be a ferromagnet of the device (fixed, free), got "


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"magnets": {"spacer": FREE}},
            OF_DEVICE + "'spacer'",
        ),
        (
            {"magnets": {"Free": FREE}},
            OF_DEVICE + "'Free'",
        ),
        ({"magnets": {"free": HELD}}, "at least one magnet must move"),
        (
            {**ONE, "couplings": [sf.Coupling("fixed", "free", exchange=1e-4)]},
            "exchange of the coupling of 'fixed' and 'free' must be 0 in a device",
        ),
        (
            {**ONE, "couplings": [sf.Coupling("fixed", "free", biquadratic=1e-4)]},
            "biquadratic of the coupling of 'fixed' and 'free' must be 0 in a device",
        ),
        ({**ONE, "elements": 3}, "elements must be left out for a device, got 3"),
        ({**ONE, "threads": 3}, "threads must be left out for a device, got 3"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        sf.Dynamics(wire("line", 2), **arguments)


def test_a_lead_is_held():
    """It couples, but does not move."""
    end = sf.Lead(Co, m=UP)
    device = wire("line", 4, fixed=Cu, ends=(end, LEAD))
    layers = sf.Lead(Co, m=UP, name="left") | Cu(18e-9) | Py(4e-9, m=TILTED, name="free") | LEAD
    given = {"magnets": {"free": FREE, "left": HELD}}
    given["couplings"] = [sf.Coupling("free", "left", dipolar=(0.02, -0.01, -0.01))]
    one, other = sf.Dynamics(device, **given, degree=5), sf.Dynamics(layers, **given)
    m = some(1)
    expected = other.velocity(m, J0)
    np.testing.assert_allclose(one.velocity(m), expected, atol=1e-9 * np.abs(expected).max())
    with pytest.raises(ValueError, match="must have a thickness, got 'left'"):
        sf.Dynamics(device, {"left": FREE})


def test_a_reservoir_takes_up_all_that_is_pumped():
    device = wire("line", 2, **SAMPLES["reservoirs"])
    with pytest.raises(ValueError, match="must not touch a reservoir, got 'free'"):
        sf.Dynamics(device, {"free": FREE})
    sf.Dynamics(device, {"free": FREE}, pumping=False)


def test_what_is_pumped_and_comes_back_must_leave_digits():
    lossless = sf.NormalMetal(D=Cu.D, l=1e-3)
    given = wire("line", 2, fixed=lossless, ends=(sf.SpinBlocking(), sf.SpinBlocking()))
    regions = {**given.regions, "spacer": lossless}
    device = sf.Device(given.grid, regions, given.electrodes)
    with pytest.raises(ValueError, match="spins that 'free' pumps must not be lost in rounding"):
        sf.Dynamics(device, {"free": FREE}, degree=2)


@pytest.mark.some(2)
@pytest.mark.long
@pytest.mark.parametrize(
    "joint", [None, Joint(5e-16, gamma=0.5), Joint(mixing=5e14), Joint(5e-16, mixing=5e14)]
)
@pytest.mark.parametrize("kind", ["line", "tri"])
def test_what_is_pumped_is_right_or_refused(kind, joint):
    """Of what goes to a normal metal and all but comes back, the longer its l the more."""
    count = 0
    for l in 4.5e-7 * 10.0 ** np.arange(6):
        metal = sf.NormalMetal(D=Cu.D, l=l)
        given = wire(kind, 4, free=(Py, UP), ends=(sf.SpinBlocking(), sf.SpinBlocking()))
        joints = {} if joint is None else {("spacer", "free"): joint}
        regions = {**given.regions, "spacer": metal, "fixed": metal}
        device = sf.Device(given.grid, regions, given.electrodes, joints)
        layers = [sf.SpinBlocking(), metal(18e-9), joint, Py(4e-9, m=UP, name="free")]
        sample = sf.Stack([x for x in layers if x is not None] + [sf.SpinBlocking()])
        expected = KINDS[kind] * sf.Dynamics(sample, {"free": FREE}).pumped(UP[None])
        try:
            found = sf.Dynamics(device, {"free": FREE}, degree=DEGREES[kind]).pumped(UP[None])
        except ValueError as error:
            if not re.search("lost in rounding|no spin sink|nearly singular", str(error)):
                raise
            continue
        np.testing.assert_allclose(found, expected, atol=1e-7 * np.abs(expected).max())
        count += 1
    assert 0 < count < 6


def test_a_texture_does_not_move():
    device = wire("tri", 2)

    def twisted(points):
        return np.stack([0 * points[:, 0], 1e8 * points[:, 1], 1 + 0 * points[:, 0]], axis=1)

    textured = device.replace(free=twisted)
    with pytest.raises(ValueError, match="'free' must be one direction"):
        sf.Dynamics(textured, {"fixed": FIXED})


@pytest.mark.long
def test_temperature_has_volumes():
    """Of a pillar without leads they are those of its stack, in the same noise."""
    wired, layered = pair(**BOTH, pumping=False)
    with pytest.raises(ValueError, match="temperature must be of magnets with volumes"):
        wired.run(times=TIMES, temperature=300.0)
    radius = 30e-9
    area = np.pi * radius**2
    device = sf.Device.pillar(layered.stack, radius=radius, current=J0 * area)
    pillar = sf.Dynamics(device, **BOTH, pumping=False)
    with pytest.raises(ValueError, match="area must be left out for a device"):
        pillar.run(times=TIMES, temperature=300.0, area=area)
    times = np.linspace(0, 2e-12, 3)
    found = pillar.run(times=times, temperature=300.0, seed=3)
    expected = layered.run(times=times, j0=J0, temperature=300.0, area=area, seed=3)
    np.testing.assert_allclose(found.directions, expected.directions, atol=1e-10)
    assert np.abs(found.directions[-1] - found.directions[0]).max() > 1e-3


@pytest.mark.long
def test_potentials_let_it_run_without_a_resistance():
    """Which is then left out where all is written."""
    given = wire("line", 4)
    ends = {
        "left": sf.Electrode(potential=2e-4, end=LEAD),
        "right": sf.Electrode(potential=0.0, end=LEAD),
    }
    device = sf.Device(given.grid, given.regions, ends)
    run = sf.Dynamics(device, {"free": FREE}, degree=5).run(times=TIMES[:3], j0=[0.5, 1.0])
    dataset = run.to_dataset()
    assert set(dataset.data_vars) == {"m", "steps"}
    with pytest.raises(ValueError, match="potentials of electrodes must be one"):
        _ = run.resistance
    current = sf.solve(device, degree=5).current("left")
    driven = {"left": sf.Electrode(current=current, end=LEAD), "right": ends["right"]}
    other = sf.Dynamics(sf.Device(given.grid, given.regions, driven), {"free": FREE}, degree=5)
    same = other.run(times=TIMES[:2])
    assert {*same.to_dataset().data_vars} == {"m", "steps", "resistance", "voltage"}
    m = other.directions()
    np.testing.assert_allclose(run.system.torque(m), other.torque(m), rtol=1e-9)


@pytest.mark.long
def test_a_batch_of_dampings_alone():
    alpha = np.array([0.01, 0.02, 0.05])
    for system in pair(magnets={"free": sf.Magnet(8e5, alpha=alpha)}):
        m = some(1)
        found = system.velocity(m, 1.0)
        assert found.shape == (3, 1, 3)
        for one, velocity in zip(alpha, found, strict=True):
            alone = sf.Dynamics(system.sample, {"free": sf.Magnet(8e5, alpha=one)})
            np.testing.assert_allclose(velocity, alone.velocity(m, 1.0), rtol=1e-9)


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "unit"), [("line", "Ohm m2"), ("tri", "Ohm m"), ("tet", "Ohm"), ("hex", "Ohm")]
)
def test_units_and_currents_are_those_of_the_dimension(kind, unit):
    """A current of the wire's cross section, of which its strength is the same."""
    system = sf.Dynamics(wire(kind, 1), {"free": FREE}, degree=1)
    run = system.run(times=[0.0, 1e-13])
    assert (run.unit("resistance"), run.unit("voltage"), run.unit("j0")) == (unit, "V", "1")
    assert run.to_dataset()["resistance"].attrs["units"] == unit
    current = J0 * KINDS[kind]
    assert np.isclose(system.turning.current, current, rtol=1e-12)
    assert np.isclose(system.turning.strength, current, rtol=1e-9)
    assert np.isclose(system.fields.volume[0], 4e-9 * KINDS[kind], rtol=1e-12)
    stacked = sf.Dynamics(stack(), {"free": FREE}).run(times=[0.0, 1e-13], j0=J0)
    assert [stacked.unit(x) for x in ("resistance", "voltage", "j0")] == ["Ohm m2", "V", "A/m2"]
