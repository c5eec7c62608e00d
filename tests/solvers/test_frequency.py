"""Amplitudes at a frequency, against exponentials in 60 digits, the saddle point and limits."""

import extremes
import numpy as np
import pytest
import reference

import spinfem as sf

SEED = 1806


LIMITS = {"solve": 1e-11, "analytic": 1e-12}
"""Finite elements miss mu_s inside of layers by some 1e-12."""


def check(model, numbers):
    missed = {}
    for i in numbers:
        rng = np.random.default_rng([SEED, i])
        stack, frequency = extremes.with_times(rng, extremes.extreme(rng, model))
        exact = reference.solve(stack, frequency=frequency)
        for name, solve in (("solve", sf.solve), ("analytic", sf.analytic.solve)):
            with np.errstate(all="ignore"):
                found = extremes.errors(solve(stack, frequency=frequency), exact)
            missed.update({(i, name, q): x for q, x in found.items() if not x < LIMITS[name]})
    assert not missed, missed


N = sf.NormalMetal(D=8.0, l=1.0, tau=1.5)
F = sf.Ferromagnet(D=2.0, l=0.6, p=0.5, tau=0.4)
WEAK = sf.Ferromagnet(D=3.0, l=0.8, p=0.4, lambda_J=0.3, lambda_phi=0.5, tau=0.7)
GRADED = sf.Ferromagnet(D=2.0, l=lambda xi: 0.5 + xi, p=lambda xi: 0.3 + 0.2 * xi**2, tau=0.4)
RESISTIVE = sf.Interface(0.1, gamma=0.3, mixing=2 + 1j)


def middle(first, second, joint=None):
    """Two ferromagnets, the second turned, between leads; a resistive interface if asked."""
    pieces = [sf.Lead(N), first(1.0, m=(0, 0, 1), name="fixed"), joint, N(0.4)]
    pieces += [joint, second(0.7, m=(0.6, 0.3, 0.5), name="free"), N(0.3), sf.Lead(N)]
    return sf.Stack([piece for piece in pieces if piece is not None])


STACKS = {
    "plain": middle(F, F),
    "interfaces": middle(F, F, RESISTIVE),
    "exchange": middle(WEAK, WEAK),
    "exchange in a lead": middle(F, WEAK).replace("right", material=WEAK, m=(0, 1, 0)),
    "graded": middle(GRADED, WEAK, sf.Interface(0.2, delta=0.4)),
}


def results(solution):
    x = np.linspace(0, float(solution.stack.x[-1]), 9)
    yield solution.torques
    yield from (solution.spin_resistance, solution.resistance, solution.voltage)
    yield from (solution.spin_potential(x), solution.spin_current(x), solution.potential(x))
    yield from solution.efficiency("fixed", "free")


def assert_same(one, other, limit):
    for a, b in zip(results(one), results(other), strict=True):
        assert np.abs(np.asarray(a) - b).max() <= limit * np.abs(b).max()


@pytest.mark.parametrize("name", STACKS)
def test_no_frequency_is_stationary(name):
    """The engine's numbers are complex then, and the same to rounding."""
    assert_same(sf.solve(STACKS[name], 2.0, frequency=0.0), sf.solve(STACKS[name], 2.0), 1e-15)


@pytest.mark.long
@pytest.mark.parametrize("model", extremes.MODELS)
def test_no_frequency_is_stationary_at_the_ends_of_what_is_legal(model):
    for i in range(40):
        rng = np.random.default_rng([9, i])
        stack, _ = extremes.with_times(rng, extremes.extreme(rng, model))
        with np.errstate(all="ignore"):
            one, other = sf.solve(stack, frequency=0.0), sf.solve(stack)
            ends = [[*extremes.sampled(solution)] for solution in (one, other)]
        scales = [max(np.abs(values[q]).max() for values in ends[1]) for q in range(3)]
        scales[1] = max(scales[1], extremes.largest_drive(stack))
        for a, b in zip(*ends, strict=True):
            for x, y, scale in zip(a, b, scales, strict=True):
                assert np.abs(x - y).max() <= 1e-15 * scale, i
        assert one.spin_resistance == pytest.approx(other.spin_resistance, rel=1e-15)
        assert one.resistance == pytest.approx(other.resistance, rel=1e-15)


@pytest.mark.long
@pytest.mark.parametrize("name", STACKS)
def test_saddle_point(name):
    """It shares no formula with the chain; mu_s behind thick layers is below its roundings."""
    for frequency in (0.1, 1.0, 30.0):
        found = sf.solve(STACKS[name], 2.0, frequency=frequency)
        assert_same(sf.solve(STACKS[name], 2.0, frequency=frequency, method="saddle"), found, 1e-11)


@pytest.mark.long
@pytest.mark.parametrize("name", STACKS)
def test_points_of_a_batch(name):
    """A batch over frequencies, currents and a thickness, by the chain and by the saddle point."""
    stack = STACKS[name].replace("fixed", thickness=np.array([0.5, 1.0]))
    frequency, j0 = np.array([[0.0], [0.2], [5.0]]), np.array([1.0, -3.0])
    for method in ("condensed", "saddle"):
        found = sf.solve(stack, j0, frequency=frequency, method=method)
        assert found.shape == (3, 2)
        for i, k in np.ndindex(3, 2):
            one = sf.solve(stack[k], j0[k], frequency=frequency[i, 0], method=method)
            assert np.abs(found.torques[i, k] - one.torques).max() < 1e-13 * abs(one.torques).max()
            assert abs(found.voltage[i, k] - one.voltage) < 1e-13 * abs(one.voltage)
            part = found[i, k]
            assert part.shape == ()
            assert np.array_equal(part.torques, one.torques)


def closed_form(frequency, theta, d=(1.0, 0.4, 0.7)):
    """(A1), (A2) of the paper with complex l, written anew."""
    g = [x.D / (2 * x.l) * np.sqrt(1 + 2j * np.pi * frequency * x.tau) for x in (F, N, F)]
    z = [
        t / x.l * np.sqrt(1 + 2j * np.pi * frequency * x.tau)
        for t, x in zip(d, (F, N, F), strict=True)
    ]
    a1, a2 = (g[i] / np.tanh(z[i]) + g[1] / np.tanh(z[1]) for i in (0, 2))
    b, c = g[1] / np.sinh(z[1]), np.cos(np.radians(theta))
    det = a1 * a2 - b**2 * c**2
    mu = F.p * (a2 - b * c) / det, F.p * (b * c - a1) / det
    return -b * mu[1], b * mu[0], F.p * (mu[0] - mu[1]) / 2


def test_closed_forms():
    theta = np.linspace(0.0, 180.0, 19)
    frequency = np.geomspace(1e-3, 1e2, 11)[:, None]
    valve = F(1.0, m=(0, 0, 1), name="a") | N(0.4) | F(0.7, m=sf.direction(theta), name="b")
    expected = closed_form(frequency, theta)
    for solve in (sf.solve, sf.analytic.solve):
        found = solve(valve, frequency=frequency)
        for a, b in zip(
            (*found.efficiency("a", "b"), found.spin_resistance), expected, strict=True
        ):
            assert np.abs(a - b).max() < 1e-13 * np.abs(b).max()


@pytest.mark.parametrize("model", extremes.MODELS)
def test_extremes(model):
    check(model, range(3))


@pytest.mark.some(2)
@pytest.mark.long
@pytest.mark.parametrize("numbers", [range(5, 30), range(30, 55), range(55, 80)])
@pytest.mark.parametrize("model", extremes.MODELS)
def test_many_extremes(model, numbers):
    """Seven models of 75 stacks: d/l 1e-15 to 1e8, omega tau up to 1e4 and so on."""
    check(model, numbers)


def driven(name):
    """The pieces of a stack between ends that drive it, the first ferromagnet beside one."""
    beside = [RESISTIVE] * (name == "interfaces")
    battery = sf.Reservoir(spin_potential=(0.3, 0.1, 0.7))
    source = sf.SpinSource(spin_current=(0.2, -0.5, 0.1))
    return sf.Stack([battery, *beside, *STACKS[name].pieces[1:-1], source])


@pytest.mark.long
@pytest.mark.parametrize("name", ["interfaces", "exchange"])
def test_what_is_given_at_the_ends(name):
    """It pushes, and the two-port across m of what it pushes is complex in time, too."""
    stack = driven(name)
    for j0 in (0.0, 1.5):
        exact = reference.solve(stack, j0=j0, frequency=0.3)
        for method in ("condensed", "saddle"):
            found = sf.solve(stack, j0, frequency=0.3, method=method)
            for magnet in found.ferromagnets:
                taken = np.array(exact.absorbed[magnet], dtype=complex)
                assert np.abs(found.absorbed_spin_current(magnet) - taken).max() < 1e-12


def test_turning_a_sample_turns_torques():
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    rotation *= np.linalg.det(rotation)
    for stack in STACKS.values():
        turned = stack
        for name in ("fixed", "free"):
            turned = turned.replace(name, m=rotation @ stack.layers[stack.position(name) - 1].m)
        if stack.right.m is not None:
            turned = turned.replace("right", m=rotation @ stack.right.m)
        one, other = (sf.solve(s, frequency=2.0).torques for s in (stack, turned))
        assert np.abs(one @ rotation.T - other).max() < 1e-12 * np.abs(one).max()


@pytest.mark.long
def test_response_is_causal():
    """Kramers and Kronig: of what nothing precedes, the real part follows from the imaginary one.

    ``Re Z(w) - Z(inf) = (2/pi) P int w' Im Z(w')/(w^2 - w'^2) dw'``, with the singular part taken
    out, on a logarithmic grid; Z falls like 1/sqrt(w).
    """
    omega = np.geomspace(1e-7, 1e13, 40001)
    stack = STACKS["exchange"]
    w = 2.0
    found = sf.analytic.solve(stack, frequency=np.append(omega, w) / (2 * np.pi))
    for response in (found.spin_resistance, found.torques[:, 1, 0] / abs(found.torques[0, 1, 0])):
        imaginary, at = response[:-1].imag * omega, response[-1].imag * w
        # P int dw'/(w^2 - w'^2) is nothing
        near = np.abs(omega / w - 1) < 1e-12
        integrand = np.where(near, 0.0, (imaginary - at) / np.where(near, 1.0, w**2 - omega**2))
        integral = np.trapezoid(integrand * omega, np.log(omega))
        missed = response[-1].real - response[-2].real - 2 / np.pi * integral
        assert abs(missed) < 1e-5 * abs(response[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frequency": -1.0}, "frequency must be zero or positive"),
        ({"frequency": np.nan}, "frequency must be zero or positive"),
        ({"frequency": 1.0, "certify": True}, "certify and tol must be left out at a frequency"),
        ({"frequency": 1.0, "tol": 1e-6}, "certify and tol must be left out at a frequency"),
    ],
)
def test_bad_input(change, message):
    with pytest.raises(ValueError, match=message):
        sf.solve(STACKS["plain"], **change)


def test_metals_without_a_time():
    still = sf.NormalMetal(D=8.0, l=1.0, name="Cu")
    stack = STACKS["plain"].replace("right", material=still)
    with pytest.raises(ValueError, match=r"every metal must have tau at a frequency.*'Cu'"):
        sf.solve(stack, frequency=1.0)
    endless = sf.NormalMetal(D=8.0, l=np.inf, tau=1.0, name="Cu")
    with pytest.raises(ValueError, match=r"every metal must have a finite l at a frequency.*'Cu'"):
        sf.solve(F(1.0, m=(0, 0, 1)) | endless(1.0), frequency=1.0)
    with pytest.raises(ValueError, match="shape of frequency must broadcast"):
        sf.solve(
            STACKS["plain"].replace("fixed", thickness=np.array([0.5, 1.0])),
            frequency=np.array([1.0, 2.0, 3.0]),
        )


@pytest.mark.parametrize("tau", [0.0, -1.0, np.inf, np.nan])
def test_times_are_positive(tau):
    with pytest.raises(ValueError, match=r"tau .spin relaxation time. must be positive and finite"):
        sf.NormalMetal(D=1.0, l=1.0, tau=tau)


def test_what_is_made_of_real_numbers():
    found = sf.solve(STACKS["plain"], frequency=1.0)
    for make in (
        lambda: found.plot,
        lambda: found.save("never.vtu"),
        lambda: found.save_wire("never.vtu", diameter=1.0),
        lambda: found.to_csv("never.csv"),
        lambda: found.to_dataset(),
        lambda: found.layer("free").dissipation,
        lambda: sf.Analogy(found),
    ):
        with pytest.raises(ValueError, match="must be of a stationary solution"):
            make()


def test_density_of_states():
    """``rho = kappa tau``, which channels are made of."""
    metal = sf.Ferromagnet.from_channels(3.0, 1.0, 2.0, 0.7)
    assert np.isclose(metal.tau, 2.0)
    assert np.isclose(metal.spin_density_coefficient, 0.7)
    assert sf.NormalMetal(D=1.0, l=1.0).spin_density_coefficient is None
    endless = sf.Ferromagnet.from_channels(3.0, 1.0, np.array([2.0, np.inf]), 0.7)
    assert endless.tau is None  # there are no times of all points


def test_text():
    text = str(sf.solve(STACKS["plain"], frequency=np.array([0.1, 1.0])))
    for words in ("frequency = 0.1 to 1 per unit of tau", "phase (deg)", "spin resistance dr"):
        assert words in text, text
