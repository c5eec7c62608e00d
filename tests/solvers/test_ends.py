"""mu_s or a spin current given at an end: a spin battery, spin pumping.

Against exponentials matched in many digits, closed forms, and what reciprocity says of voltages.
"""

import dataclasses

import extremes
import numpy as np
import pytest
from hypothesis import given, settings
from reference import solve as match
from strategies import driven_samples

import spinfem as sf

SOLVERS = {
    "condensed": sf.solve,
    "saddle": lambda stack, j0: sf.solve(stack, j0, method="saddle"),
    "exact": sf.analytic.solve,
}
N = sf.NormalMetal(D=2.0, l=0.8)
F = sf.Ferromagnet(D=1.0, l=0.6, p=0.4)
G = sf.Ferromagnet(D=1.7, l=0.4, p=-0.3)
WEAK = dataclasses.replace(F, lambda_J=0.3, lambda_phi=0.7)
M = [sf.direction(20.0), sf.direction(80.0, 30.0), sf.direction(130.0, 200.0)]
V = np.array([0.3, -0.2, 0.5])
J = np.array([-0.1, 0.4, 0.2])
MIXING = sf.Interface(0.3, gamma=0.2, delta=0.3, mixing=1.0 - 0.4j)
LOSSY = sf.Interface(0.2, delta=0.4)
LEFT = {
    "battery": sf.Reservoir(V) | N(0.3),
    "battery behind a resistance": sf.Reservoir(V) | LOSSY | N(0.3),
    "battery at a ferromagnet": sf.Reservoir(0.7 * M[2]) | F(0.3, m=M[2], name="l"),
    "battery behind a mixing conductance": sf.Reservoir(V) | MIXING | F(0.3, m=M[2], name="l"),
    "battery at exchange lengths": sf.Reservoir(V) | WEAK(0.3, m=M[2], name="l"),
    "battery, mixing, exchange": sf.Reservoir(V) | MIXING | WEAK(0.3, m=M[2], name="l"),
    "battery that pulls at a ring": sf.Reservoir(V) | N(0.3) | MIXING | F(0.3, m=M[2], name="l"),
    "source": sf.SpinSource(J) | N(0.3),
    "source at a ferromagnet": sf.SpinSource(J) | F(0.3, m=M[2], name="l"),
    "source at exchange lengths": sf.SpinSource(J) | WEAK(0.3, m=M[2], name="l"),
    "nothing": sf.Reservoir() | N(0.3),
}
RIGHT = {
    "battery": N(0.3) | sf.Reservoir(J),
    "battery behind a mixing conductance": F(0.3, m=M[1], name="r") | MIXING | sf.Reservoir(J),
    "source": N(0.3) | sf.SpinSource(V),
    "source at a ferromagnet": F(0.3, m=M[1], name="r") | sf.SpinSource(V),
    "lead": N(0.3) | sf.Lead(N),
}
CORE = N(0.4) | MIXING | F(0.5, m=M[0], name="a") | N(0.3) | WEAK(0.4, m=M[1], name="b") | N(0.2)
DRIFTING = N(0.4) | dataclasses.replace(F, beta_D=-0.7)(0.5, m=M[0], name="a") | N(0.3)
DRIFTING |= dataclasses.replace(WEAK, beta_D=0.8)(0.4, m=M[1], name="b") | N(0.2)
PLAIN = N(0.4) | F(0.5, m=M[0], name="a") | N(0.3) | G(0.4, m=M[1], name="b") | N(0.2)


def floats(values):
    return np.array(values, dtype=float)


def check(stack, j0, solver, limit=1e-10):
    """Everything at the faces, what is absorbed, and the voltage."""
    reference = match(stack, j0=j0)
    s = SOLVERS[solver](stack, j0)
    for kind, scale in (
        ("spin_potential", reference.potential_scale),
        ("spin_current", reference.current_scale),
    ):
        for side in ("left", "right"):
            name = f"{kind}_{side}"
            found = np.array([getattr(face, name) for face in s.interfaces])
            np.testing.assert_allclose(found, reference.array(name), rtol=0, atol=limit * scale)
    for name, value in reference.absorbed.items():
        limit_here = limit * reference.current_scale
        found = s.absorbed_spin_current(name)
        np.testing.assert_allclose(found, floats(value), rtol=0, atol=limit_here)
    scale = max(reference.potential_scale, abs(float(reference.resistance)))
    assert s.voltage == pytest.approx(float(reference.resistance), abs=limit * scale)
    thickness = np.array([layer.thickness for layer in stack.layers])
    x = stack.x[:-1] + 0.3 * thickness
    inside = (reference.at(i, xi) for i, xi in enumerate((x - stack.x[:-1]) / thickness))
    mu, j, phi = map(floats, zip(*inside))
    assert s.spin_potential(x) == pytest.approx(mu, abs=limit * reference.potential_scale)
    assert s.spin_current(x) == pytest.approx(j, abs=limit * reference.current_scale)
    assert s.potential(x) == pytest.approx(phi, abs=limit * scale)


PAIRS = [("nothing", right) for right in RIGHT]
PAIRS += [(left, "source") for left in LEFT if left != "nothing"]
LONG = [(left, right) for left in LEFT for right in RIGHT if (left, right) not in PAIRS]


@pytest.mark.some(20)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(
    ("left", "right"), [*PAIRS, *(pytest.param(*pair, marks=pytest.mark.long) for pair in LONG)]
)
def test_all_kinds_of_ends(left, right, solver):
    check(LEFT[left] | CORE | RIGHT[right], 0.7, solver)


@pytest.mark.long
@settings(max_examples=200)
@given(driven_samples())
def test_random_samples_agree_with_matched_exponentials(stack):
    for j0 in (0.0, -1.3):
        check(stack, j0, "condensed", limit=1e-8)


@settings(max_examples=10)
@given(driven_samples(max_ferromagnets=1))
def test_some_random_samples(stack):
    check(stack, 0.4, "condensed", limit=1e-8)


# --- closed forms --------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
def test_battery_and_source_in_a_normal_metal(solver):
    """mu_s = V sinh((d - x)/l)/sinh(d/l) before a reservoir; cosh/cosh before a blocking end."""
    d, g = 1.3, N.D / (2 * N.l)
    x = np.linspace(0.0, d, 7)
    rest = ((d - x) / N.l)[:, None]
    z = d / N.l
    s = SOLVERS[solver](sf.Reservoir(V) | N(d) | sf.Reservoir(), 0.0)
    np.testing.assert_allclose(s.spin_potential(x), np.sinh(rest) / np.sinh(z) * V, atol=1e-13)
    np.testing.assert_allclose(s.spin_current(x), g * np.cosh(rest) / np.sinh(z) * V, atol=1e-13)
    s = SOLVERS[solver](sf.SpinSource(J) | N(d) | sf.SpinBlocking(), 0.0)
    expected = np.cosh(rest) / np.sinh(z) * J / g
    np.testing.assert_allclose(s.spin_potential(x), expected, atol=1e-13)
    np.testing.assert_allclose(s.spin_current(x), np.sinh(rest) / np.sinh(z) * J, atol=1e-13)
    assert s.interfaces[0].spin_current_left == pytest.approx(J)
    assert s.voltage == 0.0


@pytest.mark.parametrize("solver", SOLVERS)
def test_absorption_of_what_is_across_m(solver):
    """In series: 1/G_r of the interface and 2 rho d of the metal, per mu_s."""
    mixing, d, free = 0.7, 1.9, sf.NormalMetal(D=2.0, l=np.inf)
    stack = sf.Reservoir([0.0, 2.0, 0.0]) | free(d) | sf.Interface(0.0, mixing=mixing)
    s = SOLVERS[solver](stack | F(0.5, m=(0, 0, 1), name="a") | sf.SpinBlocking(), 0.0)
    expected = 2.0 / (1 / mixing + 2 * d / free.D)
    assert s.absorbed_spin_current("a") == pytest.approx([0, expected, 0], rel=1e-12)
    stack = sf.SpinSource([0.0, 2.0, 0.0]) | free(d) | F(0.5, m=(0, 0, 1), name="a")
    s = SOLVERS[solver](stack, 0.0)
    assert s.absorbed_spin_current("a") == pytest.approx([0, 2.0, 0], rel=1e-12)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_source_at_a_strong_ferromagnet_is_its_torque(solver):
    """Across m all of it; along m it diffuses in, and the voltage is that of p (mu(0) - 0)/2."""
    m, d = M[1], 0.5
    s = SOLVERS[solver](sf.SpinSource(J) | F(d, m=m, name="a") | sf.Reservoir(), 0.0)
    along = m @ J
    assert s.absorbed_spin_current("a") == pytest.approx(J - along * m, abs=1e-13)
    mu = along * 2 * F.l / F.D * np.tanh(d / F.l)
    assert s.interfaces[0].spin_potential_right == pytest.approx(mu * m, abs=1e-13)
    assert s.voltage == pytest.approx(-F.p * mu / 2, rel=1e-12)


def test_what_is_given_at_a_battery_is_there():
    s = sf.solve(sf.Reservoir(V) | LOSSY | N(0.4) | F(0.3, m=M[0]) | sf.Reservoir(0.2 * M[0]), 0.3)
    assert s.interfaces[0].spin_potential_left == pytest.approx(V)
    assert s.interfaces[-1].spin_potential_left == pytest.approx(0.2 * M[0])
    assert s.spin_potential(0.0, side="left") == pytest.approx(V)


# --- laws ----------------------------------------------------------------------------------------


def reversed_of(stack):
    """All m reversed, G_i and lambda_J being the same."""
    pieces = [
        dataclasses.replace(piece, m=-piece.m) if getattr(piece, "m", None) is not None else piece
        for piece in stack.pieces
    ]
    return sf.Stack(pieces)


@pytest.mark.parametrize("core", [PLAIN, CORE], ids=["plain", "precessing"])
def test_reciprocity(core):
    """What a spin current J at an end gives as a voltage, mu_s of j0 there tells: J.mu_s/(2 j0).

    For mu_s given it is that spin current; of the stack with all m reversed, with the other sign.
    """
    ends = sf.SpinBlocking(), sf.SpinBlocking()
    other = sf.solve(reversed_of(sf.Stack([ends[0], *core.pieces, ends[1]])), 1.0)
    first, last = other.interfaces[0].spin_potential_right, other.interfaces[-1].spin_potential_left
    assert np.abs(first).max() > 0.1
    left = sf.solve(sf.Stack([sf.SpinSource(J), *core.pieces, ends[1]]), 0.0).voltage
    right = sf.solve(sf.Stack([ends[0], *core.pieces, sf.SpinSource(J)]), 0.0).voltage
    assert left == pytest.approx(-J @ first / 2, rel=1e-11)
    assert right == pytest.approx(J @ last / 2, rel=1e-11)
    other = sf.solve(reversed_of(sf.Stack([*core.pieces])), 1.0)
    first, last = other.interfaces[0].spin_current_right, other.interfaces[-1].spin_current_left
    left = sf.solve(sf.Reservoir(V) | core | sf.Reservoir(), 0.0).voltage
    right = sf.solve(sf.Reservoir() | core | sf.Reservoir(V), 0.0).voltage
    assert left == pytest.approx(V @ first / 2, rel=1e-11)
    assert right == pytest.approx(-V @ last / 2, rel=1e-11)


def test_currents_and_ends_add_up():
    """j0 and what is given at the ends each do what they do alone, at every point of a batch."""
    stack = LEFT["battery"] | PLAIN | RIGHT["source"]
    still, plain = sf.solve(stack, 0.0), sf.solve(stack.undriven(), 1.0)
    j0 = np.array([[-2.0], [0.0], [0.5]])
    factors = np.array([1.0, -3.0])
    scaled = stack.replace("left", spin_potential=factors[:, None] * V)
    scaled = scaled.replace("right", spin_current=factors[:, None] * V)
    s = sf.solve(scaled, j0)
    assert s.shape == (3, 2)
    assert scaled.shape == (2,)
    x = np.linspace(0.0, stack.x[-1], 9)
    for result in (
        lambda s: s.absorbed_spin_current("a"),
        lambda s: s.torques,
        lambda s: s.spin_potential(x),
        lambda s: s.spin_current(x),
        lambda s: s.potential(x),
        lambda s: s.interfaces[0].spin_current_left,
        lambda s: np.asarray(s.voltage),
    ):
        one, other = result(still), result(plain)
        tail = (1,) * one.ndim
        expected = factors.reshape(2, *tail) * one + j0.reshape(3, 1, *tail) * other
        np.testing.assert_allclose(result(s), expected, rtol=0, atol=1e-12)
    point = s[2, 1]
    assert point.torque("a") == pytest.approx(s.torque("a")[2, 1], rel=1e-12)
    assert point.stack.left.spin_potential == pytest.approx(-3 * V)
    # what is per j0 does not know of the ends
    still = scaled.replace("left", spin_potential=np.zeros((2, 3)))
    same = sf.solve(still.replace("right", spin_current=np.zeros((2, 3))), j0)
    for name in ("resistance", "spin_resistance"):
        assert (getattr(s, name) == getattr(same, name)).all()
        np.testing.assert_allclose(getattr(s, name), getattr(plain, name), rtol=1e-14, atol=0)
    assert s.efficiency("a", "b")[0] == pytest.approx(plain.efficiency("a", "b")[0], rel=1e-12)


def test_efficiencies_at_collinear_magnetizations():
    stack = sf.Reservoir(0.2 * M[0]) | F(0.5, m=M[0], name="a") | N(0.3)
    stack = stack | sf.Interface(0.1, mixing=2.0) | G(0.4, m=M[0], name="b") | N(0.2)
    found = sf.solve(stack, 0.0).efficiency("a", "b")
    assert found == pytest.approx(sf.solve(stack.undriven()).efficiency("a", "b"), rel=1e-12)


@pytest.mark.parametrize("core", [PLAIN, DRIFTING], ids=["one polarization", "two"])
@pytest.mark.parametrize("j0", [0.0, 0.6])
def test_heat_is_the_work_of_the_current_and_of_the_ends(j0, core):
    """``j0 V + (mu_s.j_s)/2`` of the left end less that of the right one."""
    s = sf.solve(LEFT["battery"] | core | RIGHT["source"], j0)
    y, weights = np.polynomial.legendre.leggauss(40)
    heat = 0.0
    for i, layer in enumerate(s.stack.layers):
        xi = ((1 + y) / 2)[:, None]
        t, ends = s.transport, s.transport.of_ends
        density = j0**2 * t.dissipation(i, xi) + 2 * j0 * t.dissipation(i, xi, ends)
        density = density + ends.dissipation(i, xi)
        heat += layer.thickness / 2 * weights @ density[:, 0]
        assert (s.layers[i].dissipation >= 0).all()
    first, last = s.interfaces[0], s.interfaces[-1]
    work = first.spin_potential_left @ first.spin_current_left / 2
    work -= last.spin_potential_right @ last.spin_current_right / 2
    assert heat == pytest.approx(j0 * s.voltage + work, rel=1e-11)


# --- derivatives, bounds, studies ----------------------------------------------------------------


def moved(stack, name, step):
    owner, _, key = name.rpartition(".")
    if key in ("polar", "azimuth"):
        m = stack.elements[stack.position(owner)].m
        x, y, z = m
        angles = {"polar": np.arctan2(np.hypot(x, y), z), "azimuth": np.arctan2(y, x)}
        angles[key] += np.radians(step)
        return stack.replace(owner, m=sf.direction(*np.degrees(list(angles.values()))))
    if key in ("G_r", "G_i"):
        joint = next(piece for piece in stack.pieces if getattr(piece, "name", None) == owner)
        return stack.replace(owner, mixing=joint.mixing + step * (1 if key == "G_r" else 1j))
    if key[:-2] in ("spin_potential", "spin_current"):
        vector = np.array(getattr(stack, owner).drive)
        vector["xyz".index(key[-1])] += step
        return stack.replace(owner, **{key[:-2]: vector})
    if key in ("D", "l", "tau", "p", "lambda_J", "lambda_phi"):
        sides = {"left": 0, "right": -1}
        layer = stack.elements[sides[owner] if owner in sides else stack.position(owner)]
        value = getattr(layer.material, key) + step
        return stack.replace(owner, material=dataclasses.replace(layer.material, **{key: value}))
    piece = next(
        p
        for p in (*stack.elements, *filter(None, stack.joints))
        if getattr(p, "name", None) == owner
    )
    return stack.replace(owner, **{key: getattr(piece, key) + step})


@pytest.mark.some(4)
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("battery behind a mixing conductance", "source"),
        ("battery, mixing, exchange", "source at a ferromagnet"),
        ("battery at exchange lengths", "battery"),
        ("source at a ferromagnet", "battery behind a mixing conductance"),
        ("source at exchange lengths", "lead"),
        ("battery that pulls at a ring", "battery"),
    ],
)
@pytest.mark.parametrize(
    ("every", "swings"),
    [
        (11, False),
        pytest.param(1, False, marks=pytest.mark.long),
        pytest.param(11, True, marks=pytest.mark.long),
    ],
)
def test_gradients_of_torques(left, right, every, swings):
    """Against central differences of every number, with an error of 1e-9 of the largest."""
    joint = dataclasses.replace(MIXING, name="contact")
    pieces = [
        dataclasses.replace(joint, name=f"contact {i}") if piece is MIXING else piece
        for i, piece in enumerate((LEFT[left] | CORE | RIGHT[right]).pieces)
    ]
    stack, frequency, j0, h = sf.Stack(pieces), None, 0.6, 1e-4
    if swings:
        stack, frequency = extremes.with_times(np.random.default_rng(1), stack)[0], 0.3

    def solved(name, step):
        if name == "frequency":
            return sf.analytic.solve(stack, j0, frequency=frequency + step)
        return sf.analytic.solve(moved(stack, name, step), j0, frequency=frequency)

    s = sf.analytic.solve(stack, j0, frequency=frequency)
    for magnet in s.ferromagnets if every == 1 else s.ferromagnets[:1]:
        gradient = s.gradient("torque", magnet)
        scale = max(np.abs(slope).max() for slope in gradient.values())
        for name, slope in list(gradient.items())[::every]:
            ways = [solved(name, way * h).torque(magnet) for way in (-2, -1, 1, 2)]
            difference = (8 * (ways[2] - ways[1]) - (ways[3] - ways[0])) / (12 * h)
            np.testing.assert_allclose(
                slope, difference, rtol=0, atol=1e-9 * scale, err_msg=f"{magnet}: {name}"
            )


def test_the_gradient_of_a_resistance_does_not_know_of_the_ends():
    stack = LEFT["battery"] | PLAIN | RIGHT["source"]
    gradient = sf.solve(stack).gradient("resistance")
    plain = sf.solve(stack.undriven()).gradient("resistance")
    assert gradient["left.spin_potential_x"] == gradient["right.spin_current_z"] == 0
    assert all(gradient[name] == pytest.approx(plain[name], rel=1e-12, abs=1e-15) for name in plain)


@pytest.mark.long
@pytest.mark.parametrize("j0", [0.0, -0.8])
@pytest.mark.parametrize("left", ["battery", "battery at exchange lengths", "source"])
def test_bounds_of_torques(left, j0):
    stack = LEFT[left] | CORE | RIGHT["source"]
    exact, rough = (
        sf.analytic.solve(stack, j0),
        sf.solve(stack, j0, degree=2, elements=1, certify=True),
    )
    low, high = rough.bounds.torques
    assert (low <= exact.torques).all()
    assert (exact.torques <= high).all()
    fine = sf.solve(stack, j0, degree=2, tol=1e-6)
    largest = max(np.abs([f.spin_current_left for f in exact.interfaces]).max(), 1e-3)
    error = np.abs(fine.torques - exact.torques).max() / sf.constants.TORQUE_PER_SPIN_CURRENT
    assert error < 2e-6 * max(largest, 1.0)


def test_graded_layers_have_the_same_ends():
    """A profile that is a constant is a uniform layer; both paths with one that is not."""
    flat = sf.NormalMetal(D=lambda xi: 2.0 + 0 * xi, l=0.8)
    for first in (sf.Reservoir(V), sf.SpinSource(J)):
        stacks = [
            first | metal(0.7) | F(0.5, m=M[0], name="a") | sf.Reservoir() for metal in (flat, N)
        ]
        one, other = (sf.solve(stack, 0.3) for stack in stacks)
        np.testing.assert_allclose(one.torques, other.torques, rtol=1e-9, atol=1e-30)
        assert one.voltage == pytest.approx(other.voltage, rel=1e-10)
        assert one.potential(0.2) == pytest.approx(other.potential(0.2), abs=1e-11)
    graded = sf.Ferromagnet(D=lambda xi: 1 + 0.5 * xi, l=0.6, p=lambda xi: 0.4 - 0.3 * xi)
    stack = sf.SpinSource(J) | graded(0.5, m=M[0], name="a") | N(0.4) | sf.Reservoir(V)
    one, other = sf.solve(stack, 0.0), sf.solve(stack, 0.0, method="saddle")
    assert one.voltage == pytest.approx(other.voltage, rel=1e-9)
    np.testing.assert_allclose(one.potential(stack.x[:1]), other.potential(stack.x[:1]), rtol=1e-9)


def test_convergence():
    study = sf.converge(LEFT["battery"] | PLAIN | RIGHT["source"], j0=0.0, degree=1)
    assert study.rates["torque"] == pytest.approx(2.0, abs=0.1)
    assert study.rates["L2"] == pytest.approx(2.0, abs=0.1)
    assert study.rates["H1"] == pytest.approx(1.0, abs=0.1)


def test_magnetoresistance_is_that_of_the_current():
    stack = LEFT["battery"] | PLAIN | sf.Reservoir()
    turned = {"a": M[2]}
    ratios = [sf.magnetoresistance(s, turned).ratio for s in (stack, stack.undriven())]
    assert ratios[0] == ratios[1]


def test_sweeps_and_fingerprints_know_of_the_ends():
    def build(size, theta):
        middle = F(0.5, m=sf.direction(theta), name="a")
        drive = np.stack(np.broadcast_arrays(0.0 * size, size, 2 * size), axis=-1)
        return sf.Reservoir(drive) | N(0.4) | middle | N(0.2)

    found = sf.sweep(build, {"size": [0.5, 1.0], "theta": [0.0, 50.0]}, j0=0.0)
    single = sf.solve(build(0.5, 50.0), 0.0)
    assert found.torque.values[0, 1, 0] == pytest.approx(single.torque("a"), rel=1e-12)
    assert found.torque.values[1] == pytest.approx(2 * found.torque.values[0], rel=1e-12)


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: sf.Reservoir(V) | F(1.0, m=M[0]),
            "must be along m of a strong ferromagnet at it",
        ),
        (
            lambda: F(1.0, m=M[0]) | sf.Interface(1.0) | sf.Reservoir(V),
            "must be along m of a strong ferromagnet at it",
        ),
        (
            lambda: (sf.Reservoir(M[0]) | F(1.0, m=M[0], name="a")).replace("a", m=M[1]),
            "must be along m of a strong ferromagnet at it",
        ),
        (
            lambda: sf.SpinSource(J) | sf.Interface(1.0) | N(1.0),
            "an interface must not be at a spin source",
        ),
        (lambda: sf.Reservoir([1.0, 2.0]), "must have 3 components on its last axis"),
        (lambda: sf.SpinSource([1.0, np.nan, 0.0]), "spin_current of a spin source must be finite"),
        (
            lambda: sf.Analogy(sf.solve(sf.Reservoir(V) | N(1.0) | F(1.0, m=M[0]))),
            "j0 drives alone",
        ),
        (
            lambda: sf.slonczewski(sf.solve(LEFT["source"] | PLAIN), "a", "b"),
            "a hand-off must be of what j0 drives alone, got a spin_current",
        ),
    ],
)
def test_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_ends_are_compared_by_what_is_given():
    assert sf.Reservoir() == sf.Reservoir() != sf.SpinBlocking()
    assert sf.Reservoir(V) == sf.Reservoir(V) != sf.Reservoir(J)
    assert sf.Reservoir(V) != sf.SpinSource(V)
    assert len({sf.Reservoir(V), sf.Reservoir(V), sf.SpinSource(V)}) == 2
