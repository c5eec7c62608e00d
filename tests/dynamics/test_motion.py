"""Motion in time: conservation laws, closed forms, symmetries, other ways to the same."""

from unittest.mock import patch

import numpy as np
import pytest
from moving import BOTH, FREE, lossless, pair, rotation, single, tilted
from scipy.integrate import solve_ivp

import spinfem as sf
from spinfem.constants import GAMMA_0, MU_0
from spinfem.dynamics.motion import BOLTZMANN
from spinfem.dynamics.pieces import pieces_of
from spinfem.numerics import kernels
from spinfem.numerics.lanes import WIDTH


@pytest.mark.long
@pytest.mark.parametrize("time", [1e-9, pytest.param(100e-9, marks=pytest.mark.long)])
def test_energy_is_conserved_without_damping(time):
    magnets = {
        "fixed": lossless(demag=(0.9, 0.06, 0.04), K=1e5),
        "free": lossless(demag=(0.94, 0.04, 0.02)),
    }
    couplings = [sf.Coupling("fixed", "free", exchange=-2e-4, biquadratic=1e-4)]
    field = (1e4, 2e4, -3e4)
    both = pair(magnets, couplings=couplings, pumping=False, field=field)
    m = {"fixed": sf.direction(20, 40), "free": sf.direction(70, -50)}
    run = both.run(m=m, times=np.linspace(0, time, 21), rtol=1e-12)
    energy = both.fields.energy(run.directions)
    swing = np.abs(both.fields.energy(np.eye(3)[[0, 1]]) - energy[0])
    assert np.abs(run.directions - run.directions[0]).max() > 0.5  # they move
    np.testing.assert_allclose(energy, energy[0], rtol=0, atol=1e-8 * swing)


@pytest.mark.long
@pytest.mark.parametrize("H", [2e4, 3e5])
def test_small_oscillations_have_the_frequency_of_kittel(H):
    """``f = (gamma_0/2 pi) sqrt((H + Ms (Nx - Nz)) (H + Ms (Ny - Nz)))``; 1e-4 rad: 1e-9 less."""
    Nx, Ny, Nz = 0.94, 0.04, 0.02
    one = pair({"free": lossless(demag=(Nx, Ny, Nz))}, pumping=False, field=(0, 0, H))
    run = one.run(20e-9, m={"free": (0, 1e-4, 1)}, rtol=1e-11)
    expected = GAMMA_0 / (2 * np.pi) * np.sqrt((H + 8e5 * (Nx - Nz)) * (H + 8e5 * (Ny - Nz)))
    assert run.spectrum("free.y").line.frequency == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("j0", [-2e11, 0.0, 3e11])
def test_small_deviations_grow_as_their_eigenvalues_say(j0):
    """``y_n+1 = a y_n + b y_n-1`` of two modes: roots are ``exp(growth dt)``; pumped spins too."""
    one = single(field=(0, 0, 2e4))
    run = one.run(times=np.linspace(0, 0.15e-9, 31), j0=j0, m={"free": (1e-4, 2e-4, 1)}, rtol=1e-12)
    y = run.m["free"][:, 1]
    a, b = np.linalg.lstsq(np.stack([y[1:-1], y[:-2]], axis=1), y[2:])[0]
    found = np.log(np.roots([1, -a, -b]).astype(complex)) / run.times[1]
    growth = one.growth({"free": (0, 0, 1)}, j0)
    found = found[np.argsort(found.imag)]
    np.testing.assert_allclose(found, growth[np.argsort(growth.imag)], rtol=1e-4)


@pytest.mark.long
def test_directions_stay_on_the_sphere():
    run = pair().run(2e-9, np.array([1e11, -1e12, 3e12]), rtol=1e-5)
    assert np.abs(np.linalg.norm(run.directions, axis=-1) - 1).max() < 1e-15 * 4
    assert run.shape == (3,)


@pytest.mark.long
def test_a_turned_sample_moves_likewise():
    """Spins have no axes: all of it, shape and field included, turned in spin space."""
    R = rotation(np.random.default_rng(3))
    time, j0 = np.linspace(0, 1e-9, 11), 3e11
    found = []
    for turn in (np.eye(3), R):
        demag = turn @ np.diag([0.94, 0.04, 0.02]) @ turn.T
        magnets = {
            "free": sf.Magnet(8e5, alpha=0.02, demag=demag),
            "fixed": sf.Magnet(1.4e6, alpha=0.01, K=1e5, axis=turn @ (0, 0, 1)),
        }
        m = turn @ (0.1, 0.2, 0.9), turn @ (0.0, 0.1, 1.0)
        sample = sf.Dynamics(tilted(*m), magnets, field=turn @ (1e4, 2e4, 3e4))
        found.append(sample.run(times=time, j0=j0, rtol=1e-12).directions)
    np.testing.assert_allclose(found[0] @ R.T, found[1], rtol=0, atol=1e-9)


def pulse(t):
    return np.where((t > 0.2e-9) & (t < 0.5e-9), 2e11, 0.0) + 5e10 * np.sin(2e10 * t)


@pytest.mark.long
def test_it_is_what_scipy_makes_of_the_velocity():
    """In ns; a current that jumps is integrated from one jump to the next."""
    both = pair()
    run = both.run(times=[0, 0.3e-9, 0.6e-9], j0=pulse, rtol=1e-12)
    y = both.directions().ravel()
    for begin, end, height in ((0, 0.2, 0.0), (0.2, 0.5, 2e11), (0.5, 0.6, 0.0)):

        def velocity(t, y, height=height):
            j0 = height + 5e10 * np.sin(2e10 * t * 1e-9)
            return both.velocity(y.reshape(-1, 3), j0).ravel() * 1e-9

        y = solve_ivp(velocity, (begin, end), y, "DOP853", rtol=1e-11, atol=1e-12).y[:, -1]
    ways = y.reshape(-1, 3) / np.linalg.norm(y.reshape(-1, 3), axis=-1, keepdims=True)
    np.testing.assert_allclose(run.directions[-1], ways, rtol=0, atol=1e-9)


@pytest.mark.parametrize("j0", [3e11, np.array([1e11, 3e11])])
@pytest.mark.parametrize("temperature", [None, 300.0])
def test_without_numba_it_is_the_same(j0, temperature):
    both = pair(pumping=temperature is None)
    options = {"temperature": temperature, "area": temperature and 1e-14}
    call = {"times": np.linspace(0, 5e-12, 3), "j0": j0, **options}
    compiled = both.run(**call)
    with patch.object(kernels, "kernels", lambda *work, **like: None):
        plain = both.run(**call)
    np.testing.assert_array_equal(compiled.steps, plain.steps)
    np.testing.assert_allclose(compiled.directions, plain.directions, rtol=0, atol=1e-12)


@pytest.mark.long
def test_points_of_a_batch_are_as_if_alone():
    """To the bit, however many there are, and in as many threads as one likes."""
    count = 2 * WIDTH + 3  # three groups, the last not full
    j0 = np.linspace(-1e12, 1e12, count)
    time = {"times": np.linspace(0, 3e-10, 4), "rtol": 1e-6}
    batch, threaded = pair().run(j0=j0, **time), pair(threads=2).run(j0=j0, **time)
    assert np.ptp(batch.steps) > 0
    np.testing.assert_array_equal(batch.directions, threaded.directions)
    for i in (0, WIDTH - 1, WIDTH, count - 1):
        alone = pair().run(j0=j0[i], **time)
        np.testing.assert_array_equal(batch.directions[i], alone.directions)
        assert batch.steps[i] == alone.steps


@pytest.mark.long
def test_batches_broadcast():
    magnets = {"free": sf.Magnet(np.array([7e5, 8e5]), demag=(0.94, 0.04, 0.02), alpha=0.01)}
    sample = sf.Dynamics(tilted(), magnets, field=np.array([[[0, 0, 1e4]], [[0, 0, -1e4]]]))
    time = {"times": [0, 1e-10]}
    run = sample.run(j0=np.array([1e11, 2e11]), m={"free": np.eye(3)[:, None, None]}, **time)
    assert run.shape == (3, 2, 2)
    assert run.resistance.shape == run.j0.shape == (3, 2, 2, 2)
    one = {"free": sf.Magnet(8e5, demag=(0.94, 0.04, 0.02), alpha=0.01)}
    alone = sf.Dynamics(tilted(), one, field=(0, 0, 1e4)).run(
        j0=2e11, m={"free": (0, 0, 1)}, **time
    )
    np.testing.assert_array_equal(run.m["free"][2, 0, 1], alone.m["free"])
    np.testing.assert_allclose(run[2, 0, 1].resistance, alone.resistance, rtol=1e-13)


def langevin(xi):
    return 1 / np.tanh(xi) - 1 / xi


@pytest.mark.long
@pytest.mark.parametrize(
    ("count", "within"), [(40, 0.15), pytest.param(1500, 0.03, marks=pytest.mark.long)]
)
def test_a_temperature_gives_the_distribution_of_langevin(count, within):
    """In a field alone: the mean and the square of m, of many points at 300 K.

    ``xi = mu_0 Ms V H/(k T) = 2``. What it began with is forgotten in 0.5 ns, so that so many
    points leave chances of 8 and 1.3 %.
    """
    area, kT = 1e-16, BOLTZMANN * 300.0
    H = 2 * kT / (MU_0 * 8e5 * area * 4e-9)
    one = pair({"free": sf.Magnet(8e5, alpha=0.5)}, pumping=False, field=(0, 0, H))
    options = {"temperature": 300.0, "area": area, "step": 1e-12, "seed": 4}
    run = one.run(times=np.linspace(0, 6e-9, 61), j0=np.zeros(count), **options)
    late = run.m["free"][:, 30:]
    assert late[..., 2].mean() == pytest.approx(langevin(2.0), abs=within * langevin(2.0))
    expected = 1 - 2 * langevin(2.0) / 2.0
    assert (late[..., 2] ** 2).mean() == pytest.approx(expected, abs=within * expected)
    assert late[..., :2].mean() == pytest.approx(0.0, abs=within / 2)


@pytest.mark.long
def test_a_temperature_gives_each_way_its_share():
    """Equipartition: ``<m_x^2>`` in a well whose height is 60 k T, within 3 %."""
    area, kT = 1e-15, BOLTZMANN * 300.0
    K = 60 * kT / (area * 4e-9)
    one = pair({"free": sf.Magnet(8e5, alpha=0.5, K=K)}, pumping=False)
    options = {"temperature": 300.0, "area": area, "step": 2.5e-13, "seed": 1}
    start = {"free": (0, 0, 1)}
    run = one.run(times=np.linspace(0, 10e-9, 201), j0=np.zeros(400), m=start, **options)
    z = np.linspace(0, 1, 200001)
    weight = np.exp(60 * (z**2 - 1))
    expected = (weight * (1 - z**2)).sum() / weight.sum() / 2
    for i in (0, 1):
        found = (run.m["free"][:, 40:, i] ** 2).mean()
        assert found == pytest.approx(expected, rel=0.03)


@pytest.mark.long
def test_damping_of_a_temperature_makes_no_noise_without_it():
    """Seeds tell runs apart, points of a batch too; the same one gives the same run."""
    one = pair({"free": FREE}, pumping=False)
    call = {"times": [0, 1e-11, 3e-11], "temperature": 300.0, "area": 1e-15}
    first, again, other = (one.run(seed=seed, **call).directions for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other)[1:].min() > 0
    both = one.run(j0=np.zeros(2), seed=1, **call).directions
    assert np.abs(both[0] - both[1])[1:].min() > 0


FUNCTIONS = {
    "constant": lambda t: 0 * t + 2.0,
    "zero": lambda t: 0 * t,
    "ramp": lambda t: t,
    "sine": lambda t: np.sin(200 * t),
    "pulse": lambda t: np.where((t > 0.2) & (t < 0.3), 1.0, 0.0),
    "jump at an edge": lambda t: np.where(t < 0.5, 0.0, 1.0),
    "short pulse": lambda t: np.exp(-(((t - 0.37) / 1e-2) ** 2)),
    "kink": lambda t: np.abs(t - 1 / 3),
    "chirp": lambda t: np.cos(300 * t**2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_pieces_are_the_function(name):
    """But for where it jumps, in pieces of 1e-11 of the whole time."""
    function = FUNCTIONS[name]
    pieces = pieces_of("j0", function, 0.0, 1.0, 1)
    t = np.random.default_rng(1).uniform(0, 1, 20000)
    i = np.clip(np.searchsorted(pieces.edges, t) - 1, 0, len(pieces.edges) - 2)
    begin, end = pieces.edges[i], pieces.edges[i + 1]
    u = (2 * t - begin - end) / (end - begin)
    found = sum(pieces.numbers[i, k, 0] * u**k for k in range(pieces.numbers.shape[1]))
    np.testing.assert_allclose(found, function(t), rtol=0, atol=1e-9)
    assert pieces.edges[0] == 0
    assert pieces.edges[-1] == 1
    assert len(pieces.edges) < 400


def test_a_pulse_between_times_is_seen():
    """However few the times are: a pulse of the field turns m by gamma_0 H dt about it."""
    one = pair({"free": lossless()}, pumping=False)
    H, dt = 1e5, 3e-11

    def field(t):
        return np.where((t > 4e-10) & (t < 4e-10 + dt), H, 0.0)[:, None] * (0, 0, 1.0)

    run = one.run(times=[0, 1e-9], field=field, m={"free": (1, 0, 0)}, rtol=1e-10)
    turn = GAMMA_0 * H * dt
    np.testing.assert_allclose(
        run.m["free"][-1], [np.cos(turn), np.sin(turn), 0], rtol=0, atol=1e-7
    )


def test_velocity_has_events():
    """``sf.Dynamics.velocity`` in solve_ivp: when the free layer crosses the plane z = 0."""
    one = pair({"free": FREE}, field=(0, 0, -3e4))

    def crossing(t, y):
        return y[2]

    crossing.terminal = True
    found = solve_ivp(
        lambda t, y: one.velocity(y.reshape(-1, 3)).ravel() * 1e-9,
        (0, 20),
        one.directions().ravel(),
        "DOP853",
        rtol=1e-8,
        events=crossing,
    )
    (when,) = found.t_events[0]
    run = one.run(times=[0, when * 1e-9], rtol=1e-10)
    assert abs(run.m["free"][-1, 2]) < 1e-5


def test_a_run_changes_nothing():
    """What runs are given is not changed by them."""
    both = pair(BOTH)
    before = both.directions().copy()
    first, again = (both.run(times=[0, 1e-11], j0=1e11).directions for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(both.directions(), before)


@pytest.mark.long
@pytest.mark.parametrize("j0", [2e11, -2e11])
def test_it_is_the_paper_s_valve_in_an_equation_of_motion_of_its_own(j0):
    """(A2) and Gilbert's equation written out here, of the layer on the left and on the right."""
    D1, l1, p1, d1, D2, l2, p2, d2 = 1.3e7, 6e-8, 0.46, 8e-9, 3.4e6, 5.5e-9, 0.76, 4e-9
    DN, lN, dN, Ms, alpha, H = 1.7e8, 4.5e-7, 1e-8, 8e5, 0.02, np.array([1e4, 2e4, 3e4])
    F1, F2 = sf.Ferromagnet(D=D1, l=l1, p=p1), sf.Ferromagnet(D=D2, l=l2, p=p2)
    A1, A2 = (
        D / (2 * l * np.tanh(d / l)) + DN / (2 * lN * np.tanh(dN / lN))
        for D, l, d in ((D1, l1, d1), (D2, l2, d2))
    )
    B = DN / (2 * lN * np.sinh(dN / lN))
    start = np.array([sf.direction(20, 10), sf.direction(70, -40)])
    layers = (
        F1(d1, m=start[0], name="1") | sf.NormalMetal(D=DN, l=lN)(dN) | F2(d2, m=start[1], name="2")
    )
    gamma, hbar_2e = 1.760859628e11, 1.054571817e-34 / (2 * 1.602176634e-19)
    for name, own, d in (("1", 0, d1), ("2", 1, d2)):
        magnet = sf.Magnet(Ms, alpha=alpha)
        system = sf.Dynamics(layers, {name: magnet}, field=H, pumping=False)
        run = system.run(times=[0, 5e-10], j0=j0, rtol=1e-11)

        def velocity(t, y, own=own, d=d):
            m = y / np.linalg.norm(y)
            other = start[1 - own]
            c = m @ other
            det = A1 * A2 - (B * c) ** 2
            g1, g2 = B * (A1 * p2 - B * c * p1) / det, B * (A2 * p1 - B * c * p2) / det
            # (1): T1 = -(hbar/2|e|) j0 g1 m1 x (m2 x m1), T2 = (hbar/2|e|) j0 g2 m2 x (m1 x m2)
            T = hbar_2e * j0 * (-g1 if own == 0 else g2) * np.cross(m, np.cross(other, m))
            force = -gamma * 4e-7 * np.pi * np.cross(m, H) + gamma * T / (Ms * d)
            return 1e-9 * (force + alpha * np.cross(m, force)) / (1 + alpha**2)

        y = solve_ivp(velocity, (0, 0.5), start[own], "DOP853", rtol=1e-11, atol=1e-12).y[:, -1]
        assert np.linalg.norm(y - start[own]) > 0.05
        np.testing.assert_allclose(run.m[name][-1], y / np.linalg.norm(y), rtol=0, atol=1e-7)
