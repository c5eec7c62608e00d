"""Both finite-element paths and the exact stack against exponentials matched in many digits."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from kernels import routes
from reference import solve as match
from strategies import contact_amplification, has_sink, stacks

import spinfem as sf
from spinfem.solvers.elements import elements_of
from spinfem.solvers.exact import Exact
from spinfem.solvers.ports import exchange_rate

N = sf.Lead(sf.NormalMetal(D=1.0, l=1.0))


def faces(solution, name):
    return np.array([getattr(face, name) for face in solution.interfaces])


def as_float(vectors):
    return np.array([[float(c) for c in v] for v in vectors])


def errors(solution, reference):
    """Errors as in design: relative to the largest mu_s, to the largest current, to dr itself."""
    mu = reference.array("spin_potential_left")
    left, right = (reference.array(f"spin_current_{side}") for side in ("left", "right"))
    absorbed = {k: as_float([v])[0] for k, v in reference.absorbed.items()}
    # the current in the vanished spacer of two crossing ferromagnets counts too; they absorb it
    current = max([reference.current_scale, *(np.abs(a).max() for a in absorbed.values())])
    amplification = contact_amplification(solution.stack)
    found = {
        "mu": np.abs(faces(solution, "spin_potential") - mu).max() / (np.abs(mu).max() or 1),
        "left": np.abs(faces(solution, "spin_current_left") - left).max() / (current or 1),
        "right": np.abs(faces(solution, "spin_current_right") - right).max() / (current or 1),
    }
    for name, value in absorbed.items():
        error = np.abs(solution.absorbed_spin_current(name) - value).max()
        found[f"absorbed {name}"] = error / (current or 1) / amplification
    dr = float(reference.spin_resistance)
    found["dr"] = abs(solution.spin_resistance - dr) / (dr or 1)
    return found


def scales(solution):
    """Largest mu_s, and largest of |j_s| and |p j0|: what errors are relative to."""
    potential = np.abs(faces(solution, "spin_potential")).max()
    names = ("spin_current_left", "spin_current_right", "absorbed")
    currents = [np.abs(faces(solution, name)).max() for name in names]
    driven = np.abs(solution.transport.elements.p).max()
    return potential or 1.0, max(*currents, driven) or 1.0


# 1e-9 is what is promised; what is found is near 1e-15, and 1e-12 leaves room for other machines
@pytest.mark.long
@settings(max_examples=800)
@given(stacks().filter(has_sink))
def test_random_stacks_agree_with_matched_exponentials(stack):
    reference = match(stack, digits=60)
    for solution in routes(stack):
        for what, error in errors(solution, reference).items():
            assert error < 1e-12, what
        each = [solution.torque(name) for name in solution.ferromagnets]
        np.testing.assert_allclose(solution.torques, each, rtol=1e-14, atol=1e-30)


@pytest.mark.long
@settings(max_examples=300)
@given(stacks(decades=(-12, 6)).filter(has_sink))
def test_whole_legal_range_of_thickness(stack):
    reference = match(stack)
    for solution in routes(stack):
        for what, error in errors(solution, reference).items():
            assert error < 1e-12, what


@pytest.mark.long
# the direct solver loses digits with the ratio of conductances; here that is below about 1e7
@settings(max_examples=200)
@given(stacks(decades=(-3, 2)).filter(has_sink))
def test_saddle_point_agrees_with_condensed(stack):
    a, b = sf.solve(stack), sf.solve(stack, method="saddle")
    potential, current = scales(a)
    difference = faces(a, "spin_potential") - faces(b, "spin_potential")
    assert np.abs(difference).max() < 1e-9 * potential
    assert np.abs(faces(a, "absorbed") - faces(b, "absorbed")).max() < (
        1e-9 * current * contact_amplification(stack)
    )
    for name in ("spin_current_left", "spin_current_right"):
        assert np.abs(faces(a, name) - faces(b, name)).max() < 1e-9 * current
    assert b.spin_resistance == pytest.approx(a.spin_resistance, rel=1e-9, abs=1e-12 * potential)


@pytest.mark.long
@settings(max_examples=150)
@given(stacks().filter(has_sink))
def test_fields_inside_layers_agree_with_the_exact_ones(stack):
    a, b = sf.solve(stack), sf.analytic.solve(stack)
    potential, current = scales(b)
    for i, layer in enumerate(a.layers):
        exact = b.transport.evaluate(i, layer._samples)
        assert np.abs(layer.spin_potential - exact.spin_potential[:, 0]).max() < 1e-11 * potential
        assert np.abs(layer.spin_current - exact.spin_current[:, 0]).max() < 1e-11 * current
        scale = np.abs(b.transport.face_potentials[0]).max() + potential
        assert np.abs(layer.potential - exact.potential[:, 0]).max() < 1e-11 * scale


@pytest.mark.long
@pytest.mark.parametrize("theta", [1e-6, 1e-3, 90.0, 179.999])
@pytest.mark.parametrize("p2", [0.3, 0.8, -0.3])
@pytest.mark.parametrize("middle", [None, 0.3, -0.1])
def test_singular_limit_of_vanishing_spacers(theta, p2, middle):
    """d_N/l_N = 1e-12: mu_s to 1e-9 of itself, and every torque to 1e-8 of itself."""
    normal = sf.NormalMetal(D=1.0, l=1.0)
    tail = sf.Ferromagnet(D=1.0, l=1.0, p=p2)(2.0, m=sf.direction(theta), name="b")
    stack = sf.Ferromagnet(D=2.0, l=1.0, p=0.3)(1.0, m=sf.direction(0.0), name="a") | normal(1e-12)
    if middle is not None:  # a thin ferromagnet in between makes everything but the ends stiff
        thin = sf.Ferromagnet(D=1.0, l=1.0, p=middle)
        stack = stack | thin(1e-12, m=sf.direction(theta / 3, 40.0), name="thin") | normal(1e-12)
    reference = match(stack | tail)
    for solution in routes(stack | tail):
        for what, error in errors(solution, reference).items():
            assert error < 1e-9, what
        mu = reference.array("spin_potential_left")
        found = faces(solution, "spin_potential")
        assert np.abs(found - mu).max() < 1e-9 * np.abs(mu).max()
        for name, value in reference.absorbed.items():
            value = as_float([value])[0]
            difference = solution.absorbed_spin_current(name) - value
            assert np.abs(difference).max() < 1e-8 * np.abs(value).max(), name


@pytest.mark.long
@pytest.mark.parametrize("theta", [1e-6, 1e-4, 179.9999])
@pytest.mark.parametrize("d_N", [1e-9, 1e-3, 0.5, 8.0])
def test_tiny_torques_are_right_relative_to_themselves(theta, d_N):
    rotation = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    a = sf.Ferromagnet(D=3.0, l=0.7, p=0.4)(1.0, m=rotation @ sf.direction(0.0), name="a")
    b = sf.Ferromagnet(D=1.0, l=1.0, p=0.7)(0.3, m=rotation @ sf.direction(theta), name="b")
    stack = sf.SpinBlocking() | a | sf.NormalMetal(D=5.0, l=1.0)(d_N) | b | sf.Reservoir()
    reference = match(stack)
    for solution in routes(stack):
        for name in "ab":
            value = as_float([reference.absorbed[name]])[0]
            error = solution.absorbed_spin_current(name) - value
            assert np.abs(error).max() < 1e-8 * np.abs(value).max()


@pytest.mark.long
def test_long_stacks_keep_their_digits():
    """Some 1,000 layers, with runs of 40 normal ones and ferromagnets in contact."""
    rng = np.random.default_rng(11)
    pieces = []
    for _ in range(200):
        F = sf.Ferromagnet(D=rng.uniform(0.5, 2), l=rng.uniform(0.5, 5), p=rng.uniform(-0.9, 0.9))
        pieces.append(F(10 ** rng.uniform(-3, 1), m=rng.normal(size=3)))
        for _ in range(rng.choice([0, 1, 2, 40], p=[0.05, 0.7, 0.15, 0.1])):
            N = sf.NormalMetal(D=rng.uniform(0.5, 2), l=rng.uniform(0.5, 50))
            pieces.append(N(10 ** rng.uniform(-3, 1)))
    stack = sf.Stack([sf.SpinBlocking(), *pieces, sf.Reservoir()])
    *found, exact = routes(stack)
    amplification = contact_amplification(stack)
    for solution in found:
        difference = np.abs(solution.torques - exact.torques).max()
        assert difference < 1e-12 * np.abs(exact.torques).max() * amplification
        assert solution.spin_resistance == pytest.approx(exact.spin_resistance, rel=1e-12)


def test_real_sample_in_SI_units():
    """A sample in metres and S/m, 1e7 and 1e-9 in one stack, against the same reference."""
    Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
    Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9)
    stack = (
        sf.Lead(Co, m=sf.direction(0), name="left")
        | Cu(8e-9)
        | Py(4e-9, m=sf.direction(60), name="free")
        | Cu(4e-9)
        | sf.Lead(Co, m=sf.direction(90, 90), name="right")
    )
    reference = match(stack)
    for solution in (
        sf.solve(stack),
        sf.solve(stack, method="saddle"),
        sf.analytic.solve(stack),
    ):
        for what, error in errors(solution, reference).items():
            assert error < 1e-12, what
        # values of an earlier, independent calculation
        assert solution.spin_resistance * 1e15 == pytest.approx(0.04475436, abs=5e-9)
        torque = solution.absorbed_spin_current("free")
        np.testing.assert_allclose(torque, [-0.05832024, -0.45754167, 0.10101363], atol=5e-9)


@pytest.mark.parametrize("size", [1e-12, 1e-6, 1e-3, 0.1, 0.99, 1.01, 3.0, 30.0])
@pytest.mark.parametrize("absorbed", [0.0, 1e-22, 1e-12, 1e-3, 1.0])
def test_exact_two_ports_that_precess(absorbed, size):
    """What is absorbed has its own digits, of however much more precession."""
    weak = sf.Ferromagnet(
        D=1.0, l=1.0 if absorbed else np.inf, p=0.0, lambda_J=np.sqrt(absorbed) if absorbed else 0.1
    )
    square = complex(exchange_rate(elements_of(weak(1.0, m=(0, 0, 1)) | N), 1)[0])
    d = size / np.sqrt(abs(square))
    e = elements_of(weak(d, m=(0, 0, 1)) | N)
    ((B, S, _),) = Exact(e).across([1])
    with mp.workdps(60):
        z = mp.sqrt(mp.mpc(square)) * mp.mpf(d)
        unit = 1 / (2 * mp.mpf(d))
        for found, exact in ((B, unit * z / mp.sinh(z)), (S, unit * z * mp.tanh(z / 2))):
            # z has an error of rounding, and so have their phases
            for part in ("real", "imag"):
                own, its = getattr(complex(found[0]), part), getattr(exact, part)
                rounding = 1e-15 * (1 + size) * float(abs(exact))
                allowed = 3e-15 * abs(its) if size < 1 else rounding
                assert abs(own - its) <= allowed + 1e-300, part
