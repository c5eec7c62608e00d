"""A batch gives, at every point, what the stack of that point gives."""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kernels import solve_with_numpy
from strategies import contact_amplification, has_sink, samples, stacks

import spinfem as sf
from spinfem.solvers.elements import elements_of

MANY = 517
"""Points of a large batch, an odd number of them."""

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)


def sample(theta, d_N, p, j0=None):
    Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=p, l=5.5e-9)
    return (
        sf.Lead(Cu)
        | Co(8e-9, m=sf.direction(0.0), name="fixed")
        | Cu(d_N, name="spacer")
        | Cu(2e-9, name="more")
        | Py(4e-9, m=sf.direction(theta), name="free")
        | sf.SpinBlocking()
    )


THETA = np.array([0.0, 1e-5, 40.0, 90.0, 180.0])
D_N = np.array([[1e-9], [1e-7], [5e-4]])  # up to d/l = 1000
P = np.array([[[0.3]], [[0.76]]])


@pytest.mark.parametrize("solve", [sf.solve, solve_with_numpy, sf.analytic.solve])
def test_every_point_of_a_batch(solve):
    s = solve(sample(THETA, D_N, P), j0=1e11)
    assert s.shape == (2, 3, 5)
    assert s.torque("free").shape == (2, 3, 5, 3)
    assert s.spin_resistance.shape == s.resistance.shape == s.voltage.shape == s.shape
    g = s.efficiency("fixed", "free")
    x = np.array([0.0, 5e-9, 8e-9, 8.5e-9])
    for index in np.ndindex(*s.shape):
        i, k, n = index
        one = sf.solve(sample(THETA[n], D_N[k, 0], P[i, 0, 0]), j0=1e11)
        for name in ("fixed", "free"):
            scale = np.abs(s.torque(name)).max()
            np.testing.assert_allclose(
                s.torque(name)[index], one.torque(name), rtol=0, atol=1e-10 * scale
            )
        g_one = one.efficiency("fixed", "free")
        np.testing.assert_allclose(np.array(g)[:, *index], g_one, rtol=1e-10, atol=1e-20)
        assert s.spin_resistance[index] == pytest.approx(one.spin_resistance, rel=1e-11)
        assert s.resistance[index] == pytest.approx(one.resistance, rel=1e-11)
        potential = max(np.abs(f.spin_potential).max() for f in one.interfaces)
        np.testing.assert_allclose(
            s.spin_potential(x)[index], one.spin_potential(x), rtol=0, atol=1e-10 * potential
        )
        for a, b in zip(s.interfaces, one.interfaces):
            np.testing.assert_allclose(
                a.spin_current_left[index], b.spin_current_left, rtol=0, atol=1e-10 * 1e11
            )


def test_layers_of_a_batch():
    s = sf.solve(sample(THETA, D_N, 0.76), j0=1e11)
    layer = s.layer("free")
    assert layer.x.shape[:2] == (3, 5)
    assert layer.spin_potential.shape == (*layer.x.shape, 3)
    assert layer.potential.shape == layer.x.shape
    one = sf.solve(sample(THETA[2], D_N[1, 0], 0.76), j0=1e11)
    x = layer.x[1, 2]
    np.testing.assert_allclose(
        layer.spin_current[1, 2], one.spin_current(x, side="right"), rtol=0, atol=1e-9 * 1e11
    )
    # positions that vary over the batch; behind 0.5 mm they are rounded by 1e-11 of the layer
    found, scale = s.spin_potential(layer.x), np.abs(layer.spin_potential).max()
    np.testing.assert_allclose(found, layer.spin_potential, rtol=0, atol=1e-10 * scale)
    angles = sf.solve(sample(THETA, 1e-9, 0.76)).layer("spacer")
    assert angles.x.ndim == 1
    assert angles.spin_potential.shape == (5, angles.x.size, 3)


def test_saddle_point_batch():
    stack = sample(THETA, 1e-8, 0.5)
    a, b = sf.solve(stack), sf.solve(stack, method="saddle")
    np.testing.assert_allclose(b.torque("free"), a.torque("free"), rtol=0, atol=1e-25)
    np.testing.assert_allclose(b.spin_resistance, a.spin_resistance, rtol=1e-9)
    x = np.linspace(0, float(stack.x[-1]), 7)
    scale = np.abs(a.spin_potential(x)).max()
    np.testing.assert_allclose(b.spin_potential(x), a.spin_potential(x), atol=1e-9 * scale)


def test_currents_may_be_a_batch():
    stack = sample(THETA, 1e-8, 0.5)
    j0 = np.array([[1e10], [-2e10]])
    s = sf.solve(stack, j0)
    assert s.shape == (2, 5)
    np.testing.assert_allclose(s.torque("free")[1], -2 * s.torque("free")[0], rtol=1e-14)
    assert s.spin_resistance.shape == (2, 5)
    np.testing.assert_allclose(s.voltage, s.resistance * j0)
    assert s.spin_potential([1e-9, 2e-9]).shape == (2, 5, 2, 3)
    single = sf.solve(sample(30.0, 1e-8, 0.5), j0=j0)
    assert single.torque("free").shape == (2, 1, 3)


def test_two_ferromagnets_in_contact_through_special_angles():
    """Only at 0 and 180 degrees mu_s need not vanish at a contact; each point is its own case."""
    F, G = sf.Ferromagnet(D=1.0, l=1.0, p=0.3), sf.Ferromagnet(D=2.0, l=1.0, p=0.8)
    theta = np.array([0.0, 1e-3, 90.0, 179.0, 180.0])
    stack = F(1.0, m=sf.direction(0.0), name="a") | G(1.0, m=sf.direction(theta), name="b")
    s = sf.solve(stack)
    mu = s.interfaces[1].spin_potential
    assert (np.abs(mu[1:4]) == 0).all()
    # one rod, two springs: (p_a -/+ p_b) j0 = (G_a coth + G_b coth) mu
    Gt = (0.5 + 1.0) / np.tanh(1.0)
    np.testing.assert_allclose(mu[[0, 4], 2], [(0.3 - 0.8) / Gt, (0.3 + 0.8) / Gt], rtol=1e-13)
    assert (s.absorbed_spin_current("a")[[0, 4]] == 0).all()
    for n in (1, 2, 3):
        one = sf.solve(stack.replace("b", m=sf.direction(theta[n])))
        for name in "ab":
            np.testing.assert_allclose(
                s.absorbed_spin_current(name)[n], one.absorbed_spin_current(name), rtol=1e-12
            )


def test_contact_is_the_limit_of_a_vanishing_spacer():
    """Who absorbs what in a contact, against d_N -> 0."""
    F, G = sf.Ferromagnet(D=1.0, l=1.0, p=0.3), sf.Ferromagnet(D=2.0, l=1.0, p=0.8)
    a, b = F(1.0, m=sf.direction(0.0), name="a"), G(1.0, m=sf.direction(70.0, 20.0), name="b")
    contact = sf.solve(a | b)
    errors = []
    for d_N in (1e-3, 1e-4, 1e-5):
        spaced = sf.solve(a | sf.NormalMetal(D=1.0, l=1.0)(d_N) | b)
        errors.append(
            max(
                np.abs(spaced.absorbed_spin_current(n) - contact.absorbed_spin_current(n)).max()
                for n in "ab"
            )
        )
    assert errors[2] < 1e-4
    # first order in the thickness
    np.testing.assert_allclose(np.diff(np.log10(errors)), -1, atol=0.05)
    total = sum(contact.absorbed_spin_current(n) for n in "ab")
    np.testing.assert_allclose(contact.interfaces[1].absorbed, total, atol=1e-14)
    jump = contact.interfaces[1].spin_current_left - contact.interfaces[1].spin_current_right
    np.testing.assert_allclose(total, jump, atol=1e-14)


@pytest.mark.parametrize("end", [sf.Reservoir(), sf.SpinBlocking(), sf.Lead(Cu)])
def test_normal_metals_alone_in_a_batch(end):
    s = sf.solve(end | sf.NormalMetal(D=2.0, l=1.0)(np.array([1.0, 2.0, 3.0])) | end)
    np.testing.assert_array_equal(s.spin_resistance, 0)
    np.testing.assert_allclose(s.resistance, [0.5, 1.0, 1.5])
    assert s.spin_potential([0.2, 0.4]).shape == (3, 2, 3)


SHAPES = [(2,), (3, 1), (3, 2), (1, 2)]


@st.composite
def batches(draw):
    """A random stack in which some numbers vary over axes of a (3, 2) batch."""
    stack = draw(stacks(max_ferromagnets=5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def spread(number):
        if draw(st.integers(0, 3)):
            return number
        return number * 10 ** rng.uniform(-1, 1, draw(st.sampled_from(SHAPES)))

    def turned(m):
        kind = draw(st.integers(0, 5))
        if kind > 1:
            return m
        shape = draw(st.sampled_from(SHAPES))
        directions = rng.normal(size=(*shape, 3))
        special = rng.random(shape) < (0.5 if kind else 0.0)
        # through the direction itself and its reverse, where contacts change their nature
        directions[special] = m * rng.choice([-1.0, 1.0], special.sum())[:, None]
        return directions

    def metal(material):
        D, l = spread(material.D), spread(material.l)
        if isinstance(material, sf.NormalMetal):
            return sf.NormalMetal(D=D, l=l)
        shape = draw(st.sampled_from([(), (), *SHAPES]))
        p = material.p if shape == () else rng.uniform(-0.9, 0.9, shape)
        return sf.Ferromagnet(D=D, l=l, p=p)

    def piece(e):
        if isinstance(e, sf.Reservoir | sf.SpinBlocking):
            return e
        m = None if e.m is None else turned(e.m)
        if isinstance(e, sf.Lead):
            return sf.Lead(metal(e.material), m=m, name=e.name)
        return sf.Layer(metal(e.material), spread(e.thickness), m=m, name=e.name)

    assume(has_sink(stack))
    batch = sf.Stack([piece(e) for e in stack.elements])
    assume(batch.shape)
    return batch


@pytest.mark.long
@pytest.mark.parametrize("solve", [sf.solve, solve_with_numpy])
@settings(max_examples=300)
@given(batches())
def test_random_batches_equal_their_points(solve, stack):
    """Whatever varies, along whichever axis, every point is what its own stack gives."""
    try:
        s = solve(stack)
    except ValueError:
        assume(False)  # no spin sink at some point
    for index in np.ndindex(*stack.shape):
        one = sf.solve(stack[index])
        potential = max(np.abs(f.spin_potential).max() for f in one.interfaces) or 1.0
        currents = [
            getattr(f, n) for f in one.interfaces for n in ("spin_current_left", "absorbed")
        ]
        current = max(np.abs(currents).max(), np.abs(one.transport.elements.p).max()) or 1.0
        amplified = current * contact_amplification(one.stack)
        for a, b in zip(s.interfaces, one.interfaces):
            for name, scale in (
                ("spin_potential", potential),
                ("spin_current_left", current),
                ("spin_current_right", current),
                ("absorbed", amplified),
            ):
                found, expected = getattr(a, name)[index], getattr(b, name)
                np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 * scale)
        for name in s.ferromagnets:
            found, expected = s.absorbed_spin_current(name), one.absorbed_spin_current(name)
            np.testing.assert_allclose(found[index], expected, rtol=0, atol=1e-11 * amplified)
        torques = np.array([one.torque(name) for name in one.ferromagnets])
        for found in (s.torques[index], one.torques):
            np.testing.assert_allclose(found, torques, rtol=0, atol=1e-26 * amplified)
        for pair in s.spacers:
            found, expected = np.array(s.efficiency(*pair)), one.efficiency(*pair)
            # g = B mu: mu is right relative to the largest mu_s, and B may be large
            left = int(np.searchsorted(one.transport.magnets, one.stack.position(pair[0])))
            scale = current + potential * one.transport.coupling(left)[0]
            np.testing.assert_allclose(found[:, *index], expected, rtol=0, atol=1e-11 * scale)
        dr = one.spin_resistance
        assert s.spin_resistance[index] == pytest.approx(dr, rel=1e-11, abs=1e-12 * potential)
        assert s.resistance[index] == pytest.approx(one.resistance, rel=1e-11)


@pytest.mark.parametrize("solve", [sf.solve, solve_with_numpy])
def test_parts_of_a_batch_are_the_batch(solve):
    """To the bit, wherever it is cut."""
    theta = np.linspace(0.0, 180.0, MANY)
    whole = solve(sample(theta, 1e-8, 0.5)).torques
    for part in (slice(0, 3), slice(MANY // 2, MANY // 2 + 4), slice(MANY - 2, None)):
        np.testing.assert_array_equal(whole[part], solve(sample(theta[part], 1e-8, 0.5)).torques)


def test_large_batch_with_every_force_turning():
    def F(p):
        return sf.Ferromagnet(D=1.0, l=1.0, p=p)

    stack = (
        F(0.5)(1.0, m=(0, 0, 1), name="a")
        | sf.NormalMetal(D=3.0, l=1.0)(0.3)
        | F(np.linspace(0.1, 0.9, MANY))(1.0, m=sf.direction(np.linspace(0, 180, MANY)), name="b")
    )
    s = sf.solve(stack)
    for i in (0, MANY // 2, MANY - 1):
        one = sf.solve(stack[i])
        assert s.spin_resistance[i] == pytest.approx(one.spin_resistance, rel=1e-11)
        found, expected = s.absorbed_spin_current("b")[i], one.absorbed_spin_current("b")
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("l", [[1.0, np.inf], [np.inf, 1.0]])
def test_a_point_without_a_sink_is_named(l):
    metal, free = sf.NormalMetal(D=1.0, l=np.array(l)), sf.NormalMetal(D=1.0, l=np.inf)
    with pytest.raises(ValueError, match=f"no spin sink.*point {l.index(np.inf)}"):
        sf.solve(sf.SpinBlocking() | metal(1.0) | free(1.0) | sf.SpinBlocking())


def test_meshes_that_differ_from_point_to_point():
    d = np.array([0.5, 100.0, 20.0])
    F, N = sf.Ferromagnet(D=1.0, l=1.0, p=0.5), sf.NormalMetal(D=3.0, l=1.0)
    stack = F(1.0, m=(0, 0, 1)) | N(d, name="s") | F(1.0, m=sf.direction(60.0))
    layer = sf.solve(stack).layer("s")
    for i in range(3):
        exact = sf.analytic.solve(stack[i]).spin_potential(np.clip(layer.x[i], 1.0, 1.0 + d[i]))
        np.testing.assert_allclose(layer.spin_potential[i], exact, rtol=0, atol=1e-11)
    with pytest.raises(ValueError, match=r"from 0 to 2\.5, got 3$"):
        sf.solve(stack).spin_potential(3.0)


def test_indexing_a_batch():
    stack = sample(THETA, D_N, 0.5)
    assert stack[1, 2].shape == ()
    assert stack[1].shape == (5,)
    assert stack[:, 2:4].shape == (3, 2)
    assert [layer.name for layer in stack[0].layers] == [layer.name for layer in stack.layers]
    s = sf.solve(stack, j0=np.array([1e11, 2e11, 3e11])[:, None])
    one = s[2, 3]
    assert one.j0 == 3e11
    np.testing.assert_allclose(one.torque("free"), s.torque("free")[2, 3], rtol=1e-12)
    layer = one.layer("free")
    assert layer.spin_potential.shape == (layer.x.size, 3)
    with pytest.raises(IndexError, match="too many indices"):
        s[0, 0, 0]


@pytest.mark.parametrize("solve", [sf.solve, sf.analytic.solve])
@pytest.mark.parametrize("spacer", [1.0, np.array([1.0, 2.0, 3.0, 4.0])])
def test_what_a_solved_stack_hands_on_is_what_is_found_anew(solve, spacer):
    """To the bit: its two-ports, where nothing but m varies, and its numbers."""
    left, right = (sf.Ferromagnet(D=1.0, l=1.0, p=p, lambda_J=0.3) for p in (0.4, 0.7))
    stack = (
        left(1.0, m=sf.direction(20.0), name="left")
        | sf.NormalMetal(D=3.0, l=5.0)(spacer)
        | right(2.0, m=sf.direction([0.0, 20.0, 60.0, 90.0]), name="right")
    )
    solve(stack)
    others = [
        *(stack[2], stack[1:3], stack[[0, 3]]),
        *(stack.replace("left", m=sf.direction(theta)) for theta in (50.0, [[30.0], [40.0]])),
    ]
    for other in others:
        own = elements_of(other).rows is elements_of(stack).rows
        assert own == (np.ndim(spacer) == 0 or other.shape == stack.shape)
        found, anew = solve(other), solve(sf.Stack(other.pieces))
        np.testing.assert_array_equal(found.torques, anew.torques)
        np.testing.assert_array_equal(found.resistance, anew.resistance)


# --- interfaces, mixing conductances, exchange lengths -------------------------------------------


def assert_points_equal(s, one, index, tolerance=1e-11):
    """Everything at one point of a batch is what its own stack gives."""
    sides = ("left", "right")
    mu_names, j_names, phi_names = (
        [f"{kind}_{side}" for side in sides]
        for kind in ("spin_potential", "spin_current", "potential")
    )
    current = abs(np.asarray(one.j0)).max()

    def largest(names):
        return max(np.abs(getattr(f, n)).max() for f in one.interfaces for n in names)

    potential = largest(mu_names) or 1.0
    joints = [abs(joint.gamma) for joint in one.stack.joints if joint]
    driven = current * max(np.abs(one.transport.elements.p).max(), *joints, 0.0)
    flow = max(largest(j_names), driven) or 1.0
    amplified = flow * contact_amplification(one.stack)
    scales = dict.fromkeys(mu_names, potential) | dict.fromkeys(j_names, flow)
    scales |= dict.fromkeys(phi_names, max(potential, largest(phi_names)))
    scales["absorbed"] = amplified
    for a, b in zip(s.interfaces, one.interfaces):
        for name, scale in scales.items():
            found, expected = getattr(a, name)[index], getattr(b, name)
            atol = tolerance * scale
            np.testing.assert_allclose(found, expected, rtol=0, atol=atol, err_msg=name)
    for name in s.ferromagnets:
        found, expected = s.absorbed_spin_current(name), one.absorbed_spin_current(name)
        atol = tolerance * amplified
        np.testing.assert_allclose(found[index], expected, rtol=0, atol=atol, err_msg=name)
    # dr is formed from mu_s/j0
    floor = 1e-12 * potential / current
    dr = pytest.approx(one.spin_resistance, rel=tolerance, abs=floor)
    assert s.spin_resistance[index] == dr
    assert s.resistance[index] == pytest.approx(one.resistance, rel=tolerance)
    # inside, where both may have meshes of their own
    for i, layer in enumerate(one.stack.layers):
        xi = np.array([0.1, 0.5, 0.8])
        x = one.stack.x[i] + xi * layer.thickness
        start = s.stack.x[..., i, None]
        everywhere = start + xi * (s.stack.x[..., i + 1, None] - start)
        for name, scale in (
            ("spin_potential", potential),
            ("spin_current", flow),
            ("potential", scales["potential_left"]),
        ):
            found, expected = getattr(s, name)(everywhere)[index], getattr(one, name)(x)
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * scale)


AR = np.array([1e-16, 3e-16, 2e-15])
GAMMA = np.array([[-0.4], [0.7]])
MIXING = np.array([[3e14 + 1e14j], [1e15 - 4e14j]])
LAMBDA_J = np.array([[[2e-9]], [[1e-9]]])
LAMBDA_PHI = np.array([1e-9, 5e-9, np.inf])
THICKNESS = np.array([[1e-9], [20e-9]])
TURN = np.array([0.0, 75.0, 180.0])


def measured(
    AR=1e-16, gamma=0.5, mixing=3e14 + 1e14j, lambda_J=2e-9, lambda_phi=5e-9, d=2e-9, theta=60.0
):
    """A sample with all models at once: AR* also between normal metals and at a weak magnet."""
    Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9)
    weak = sf.Ferromagnet.from_valet_fert(
        200e-9, beta=0.5, l=10e-9, lambda_J=lambda_J, lambda_phi=lambda_phi
    )
    return (
        sf.Lead(Cu)
        | sf.Interface(AR)
        | Cu(5e-9)
        | sf.Interface(AR, gamma=gamma, mixing=mixing)
        | Co(8e-9, m=sf.direction(0.0), name="fixed")
        | sf.Interface(2e-16, gamma=0.3)
        | Cu(d, name="spacer")
        | sf.Interface(3 * AR, gamma=gamma)
        | weak(d, m=sf.direction(theta, 10.0), name="weak")
        | Cu(3e-9)
        | sf.Interface(mixing=mixing)
        | Py(4e-9, m=sf.direction(100.0, 70.0), name="free")
        | sf.Lead(weak, m=sf.direction(30.0, 200.0), name="end")
    )


VARIED = {
    "AR": ({"AR": AR}, (3,)),
    "gamma": ({"gamma": GAMMA}, (2, 1)),
    "mixing": ({"mixing": MIXING}, (2, 1)),
    "lambda_J": ({"lambda_J": LAMBDA_J}, (2, 1, 1)),
    "lambda_phi": ({"lambda_phi": LAMBDA_PHI}, (3,)),
    "thickness": ({"d": THICKNESS}, (2, 1)),
    "angle": ({"theta": TURN}, (3,)),
    "interfaces": ({"AR": AR, "gamma": GAMMA, "mixing": MIXING}, (2, 3)),
    "lengths": ({"lambda_J": LAMBDA_J, "lambda_phi": LAMBDA_PHI, "d": THICKNESS}, (2, 2, 3)),
    "all": (
        {"AR": AR, "mixing": MIXING, "lambda_J": LAMBDA_J, "d": THICKNESS, "theta": TURN},
        (2, 2, 3),
    ),
}


def at(values, shape, index):
    """The numbers of one point."""
    return {key: np.broadcast_to(value, shape)[index] for key, value in values.items()}


@pytest.mark.some(7)
@pytest.mark.long
@pytest.mark.parametrize("method", ["condensed", pytest.param("saddle", marks=pytest.mark.long)])
@pytest.mark.parametrize("varied", VARIED)
def test_samples_in_a_batch(varied, method):
    values, shape = VARIED[varied]
    s = sf.solve(measured(**values), 1e11, method=method)
    assert s.shape == shape
    assert s.torque("weak").shape == s.torque_parts("weak", "free")[1].shape == (*shape, 3)
    assert s.layer("weak").dissipation.shape[: len(shape)] == shape
    for index in np.ndindex(*shape):
        one = sf.solve(measured(**at(values, shape, index)), 1e11)
        assert_points_equal(s, one, index, 1e-11 if method == "condensed" else 1e-8)
        for name in s.ferromagnets:
            found, expected = s.torque(name)[index], one.torque(name)
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8 * np.abs(expected).max())


@pytest.mark.long
def test_currents_and_samples_broadcast():
    j0 = np.array([[1e10], [-3e10]])
    s = sf.solve(measured(AR=AR), j0)
    assert s.shape == (2, 3)
    for index in np.ndindex(2, 3):
        assert_points_equal(s, sf.solve(measured(AR=AR[index[1]]), j0[index[0], 0]), index)
    part = s[1, 1:]
    assert part.shape == (2,)
    np.testing.assert_allclose(part.torque("weak"), s.torque("weak")[1, 1:], rtol=1e-9)
    single = sf.solve(measured(), j0)
    assert single.torque("free").shape == (2, 1, 3)


@pytest.mark.some(2)
@pytest.mark.long
@pytest.mark.parametrize(
    "varied",
    [
        "theta",
        pytest.param("AR", marks=pytest.mark.long),
        "mixing",
        pytest.param("lambda_J", marks=pytest.mark.long),
        pytest.param("d", marks=pytest.mark.long),
    ],
)
def test_large_batches_of_samples(varied):
    ramp = np.linspace(0.0, 1.0, MANY)
    values = {
        "theta": 180 * ramp,
        "AR": 1e-16 * (1 + ramp),
        "mixing": (3 + ramp - 2j * ramp) * 1e14,
        "lambda_J": 1e-9 * (1 + ramp),
        "d": 1e-9 * (1 + 9 * ramp),
    }[varied]
    s = sf.solve(measured(**{varied: values}))
    for i in (0, MANY // 2, MANY - 1):
        assert_points_equal(s, sf.solve(measured(**{varied: values[i]})), i)
    # whatever stands beside it
    part = slice(MANY // 2 - 2, MANY // 2 + 3)
    same = sf.solve(measured(**{varied: values[part]}))
    np.testing.assert_allclose(same.torques, s.torques[part], rtol=0, atol=1e-13 * s.torques.max())


@st.composite
def sample_batches(draw):
    """A random sample in which some numbers vary over axes of a (3, 2) batch."""
    stack = draw(samples(max_ferromagnets=3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def spread(number):
        if number is None or draw(st.integers(0, 3)):
            return number
        return number * 10 ** rng.uniform(-1, 1, draw(st.sampled_from(SHAPES)))

    def metal(material):
        keys = [key for key in ("D", "l", "lambda_J", "lambda_phi") if hasattr(material, key)]
        return dataclasses.replace(
            material, **{key: spread(getattr(material, key)) for key in keys}
        )

    def piece(e):
        if isinstance(e, sf.Reservoir | sf.SpinBlocking):
            return e
        if isinstance(e, sf.Interface):
            changes = {"resistance": spread(e.resistance), "mixing": spread(e.mixing)}
            return dataclasses.replace(e, **changes)
        changes = {"material": metal(e.material)}
        if isinstance(e, sf.Layer):
            changes["thickness"] = spread(e.thickness)
        return dataclasses.replace(e, **changes)

    batch = sf.Stack([piece(e) for e in stack.pieces])
    assume(batch.shape)
    return batch


@pytest.mark.long
@settings(max_examples=60)
@given(sample_batches())
def test_random_batches_of_samples_equal_their_points(stack):
    s = sf.solve(stack)
    shape = stack.shape
    for index in [tuple(0 for _ in shape), tuple(n - 1 for n in shape)]:
        # meshes of a batch are those of its thickest layer: equal to the accuracy, not more
        assert_points_equal(s, sf.solve(stack[index]), index, 1e-9)
