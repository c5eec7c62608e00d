"""The equation of motion, linearized: against differences, closed forms, turned samples."""

import numpy as np
import pytest
from moving import DEMAG, dual, mixed, random_units, rotation, single, soft, valve

import spinfem as sf
from spinfem.constants import GAMMA_0
from spinfem.dynamics.stability import forces, moved, rates

z = (0.0, 0.0, 1.0)
COUPLINGS = [
    sf.Coupling("a", "b", exchange=1e-4, biquadratic=-2e-4),
    sf.Coupling("b", "c", dipolar=(0.02, -0.01, -0.01)),
]
CASES = {
    "plain": lambda: single(30.0, field=(1e3, 2e4, 3e4)),
    "mixing": lambda: single(field=(1e3, 2e4, 3e4), stack=valve(30.0, interface=mixed)),
    "no pumping": lambda: single(30.0, field=(1e3, 2e4, 3e4), pumping=False),
    "three": lambda: dual(
        random_units(np.random.default_rng(3), 3),
        [
            sf.Coupling("a", "b", exchange=1e-4, biquadratic=-2e-4),
            sf.Coupling("b", "c", dipolar=(0.02, -0.01, -0.01)),
        ],
        field=(1e4, 2e4, 0),
    ),
    "exchange lengths": lambda: sf.Dynamics(
        valve(0.0).replace("free", material=soft, m=sf.direction(50)),
        {"free": sf.Magnet(8e5, alpha=0.02, demag=DEMAG)},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_forces_have_their_slopes(case):
    """A and C, each by itself, against central differences in the frames, anywhere.

    1e-8: steps of 1e-5, whose square is 1e-10, and rounding 1e-16/1e-5 = 1e-11, of larger terms.
    """
    system = CASES[case]()
    m = system.directions()
    given = forces(system, m)
    size, step = given.A.shape[-1], 1e-5
    changes = {"A": np.empty((size, size)), "C": np.empty((size, size))}
    for k, x in enumerate(step * np.eye(size)):
        ends = [forces_of(system, moved(m, given.frames, way * x), given.frames) for way in (1, -1)]
        for name, plus, minus in zip("AC", *ends, strict=True):
            changes[name][:, k] = (plus - minus) / (2 * step)
    assert np.abs(given.A - changes["A"]).max() <= 1e-8 * np.abs(given.A).max()
    assert np.abs(given.C - changes["C"]).max() <= 1e-8 * np.abs(given.C).max()
    quick = forces(system, m, exact=False)
    assert np.abs(given.C - quick.C).max() <= 1e-5 * np.abs(given.C).max()  # steps of 1e-7


def forces_of(system, m, frames):
    """Forces of fields and of 1 A/m2 in given frames, before anything resists them."""
    H = system.fields.field(m)
    torque = system.per_torque[:, None] * system.torque(m)
    parts = -GAMMA_0 * np.cross(m, H), torque
    return [np.einsum("iab,ib->ia", frames, part).ravel() for part in parts]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("j0", [0.0, 3e10])
def test_growth_is_that_of_the_motion(case, j0):
    """J against central differences of dm/dt about a steady state; 1e-7, as above."""
    system = CASES[case]()
    m = system.steady_states(j0, starts=5)[0].directions
    frames, J = forces(system, m).frames, rates(system, m, np.asarray(j0))
    step = 1e-5
    found = np.empty(J.shape)
    for k, x in enumerate(step * np.eye(len(J))):
        plus, minus = (system.velocity(moved(m, frames, way * x), j0) for way in (1, -1))
        found[:, k] = np.einsum("iab,ib->ia", frames, plus - minus).ravel() / (2 * step)
    assert np.abs(found - J).max() <= 1e-7 * np.abs(J).max()


@pytest.mark.long
@pytest.mark.parametrize(("field", "N"), [(0.0, DEMAG), (5e4, DEMAG), (2e5, (0.5, 0.2, 0.3))])
def test_kittel(field, N):
    """``w = gamma_0 sqrt((H + Ms (Nx - Nz)) (H + Ms (Ny - Nz)))`` of a film along z."""
    system = single(alpha=0.0, field=(0, 0, field), demag=N, pumping=False)
    H = field + 8e5 * np.array([N[0] - N[2], N[1] - N[2]])
    w = GAMMA_0 * np.sqrt(H.prod())
    assert system.growth()[0] == pytest.approx(1j * w, rel=1e-13)
    (state,) = (s for s in system.steady_states() if s.m["free"] @ z > 0.99)
    assert state.kind == "marginal"
    assert not state.stable
    assert state.frequency == pytest.approx(w / (2 * np.pi), rel=1e-13)


def test_damped_growth():
    """``-alpha gamma_0 (H_1 + H_2)/2`` with damping, to second order in it: exactly."""
    alpha, field = 0.3, 1e5
    system = single(alpha=alpha, field=(0, 0, field), pumping=False)
    H = GAMMA_0 * (field + 8e5 * np.array([0.92, 0.02]))
    whole = np.roots([1 + alpha**2, alpha * H.sum(), H.prod()])
    assert sorted(system.growth(), key=np.imag) == pytest.approx(sorted(whole, key=np.imag))


@pytest.mark.long
def test_a_turned_sample_is_as_stable():
    """Spin space has no axes: m, shapes, axes and fields turned together change no growth rate."""
    rng = np.random.default_rng(5)
    R, N = rotation(rng), np.diag(DEMAG)
    m, field, axis = (0.0, 0.6, 0.8), np.array([1e4, 2e4, 3e4]), np.array([0.0, 1.0, 3.0])
    found = []
    for Q in (np.eye(3), R):
        stack = valve(0.0, Q @ m).replace("free", m=Q @ (0, 0, 1))
        magnet = sf.Magnet(8e5, alpha=0.02, demag=Q @ N @ Q.T, K=2e4, axis=Q @ axis)
        system = sf.Dynamics(stack, {"free": magnet}, field=Q @ field)
        found.append(
            [(s.growth, s.energy, Q.T @ s.m["free"]) for s in system.steady_states(2e10, starts=20)]
        )
    assert len(found[0]) == len(found[1]) >= 2
    for one, other in zip(*found, strict=True):
        for a, b in zip(one, other, strict=True):
            assert np.abs(a - b).max() <= 1e-10 * np.abs(a).max()  # states are 1e-12 apart


@pytest.mark.long
@pytest.mark.parametrize("pumping", [True, False])
def test_batches_are_their_points(pumping):
    """Over fields, damping, thicknesses and currents; where m is not steady it is next to it."""
    fields = np.linspace(1e4, 5e4, 3)[:, None] * np.array([0.0, 0.1, 1.0])
    j0, alpha = np.array([[1e10], [-2e10]]), np.array([0.01, 0.02, 0.03])
    thickness = np.array([2e-9, 3e-9, 4e-9])

    def made(i=slice(None)):
        stack = valve(thickness=thickness[i])
        return single(alpha=alpha[i], field=fields[i], pumping=pumping, stack=stack)

    whole = made().growth(j0=j0)
    assert whole.shape == (2, 3, 2)
    assert made().is_stable(j0=j0).tolist() == (whole[..., 0].real < 0).tolist()
    assert made().steady_near(j0=j0).shape == (2, 3, 1, 3)
    for k, i in np.ndindex(2, 3):
        # steps of the batch go on until all of it is steady: states are 1e-13 rad apart
        assert whole[k, i] == pytest.approx(made(i).growth(j0=j0[k, 0]), rel=1e-11)


def test_a_phase_diagram_is_found_once_where_m_is_steady(monkeypatch):
    """However many fields and currents: torques are asked for once."""
    field = np.zeros((50, 1, 3))
    field[..., 2] = np.linspace(-2e4, 2e4, 50)[:, None]
    system, asked = single(180.0, field=field), []
    slope = type(system).torque_slope
    monkeypatch.setattr(
        type(system), "torque_slope", lambda self, m: asked.append(m.shape) or slope(self, m)
    )
    j0 = np.linspace(-2e11, 2e11, 40)
    assert system.growth(j0=j0).shape == (50, 40, 2)
    assert asked == [(1, 3)]
    one = single(180.0, field=field[7, 0])
    assert np.allclose(system.growth(j0=j0)[7, 3], one.growth(j0=j0[3]), rtol=1e-12)


def test_a_force_that_small_turns_do_not_change_is_no_steady_state():
    """In the middle between easy and hard axis, where steps of Newton's method are zero."""
    system = single(45.0)
    assert np.linalg.norm(system.velocity(system.directions())) > 1e10
    assert np.isnan(system.steady_near()).all()


def test_arguments_of_a_system_make_it_in_another_stack():
    given = {"free": sf.Magnet(8e5, alpha=0.02, demag=DEMAG), "fixed": sf.Magnet(1e6, held=True)}
    coupling = sf.Coupling("fixed", "free", exchange=1e-5, dipolar=(0.1, -0.05, -0.05))
    more = {"couplings": iter([coupling]), "flux_density": (0, 0.01, 0.02), "pumping": False}
    system = sf.Dynamics(valve(30.0), given, **more)
    same = sf.Dynamics(valve(60.0), **system.arguments)
    ways = {"free": sf.direction(30.0)}
    assert np.array_equal(same.velocity(ways, 1e11), system.velocity(ways, 1e11))


def test_no_state_next_to_m_is_nan():
    """A magnet against a field beyond its switching field, a little off: nothing is near."""
    system = single(180.0, field=[(0, 5e3, 1e3), (0, 4e4, 4e4)])
    growth = system.growth()
    assert np.isfinite(growth[0]).all()
    assert np.isnan(growth[1]).all()
    assert system.is_stable().tolist() == [True, False]
    assert np.isnan(system.steady_near()).all(axis=(-2, -1)).tolist() == [False, True]
