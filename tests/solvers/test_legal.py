"""Numbers at the ends of what is legal, one at a time: against the reference, and limits.

`test_extremes` draws such numbers by chance; here is what was once wrong.
"""

import extremes
import mpmath as mp
import numpy as np
import pytest
import reference

import spinfem as sf

LIMIT = 1e-12
UNITS = {"plain": 1.0, "SI": 1e-15}
"""Of AR*: what D and l are in, and its own size."""

N, N2 = sf.NormalMetal(D=1.0, l=1.0), sf.NormalMetal(D=6.0, l=2.0)
F = sf.Ferromagnet(D=1.0, l=1.0, p=0.5)
F2 = sf.Ferromagnet(D=2.0, l=0.5, p=-0.3)
Z, X = (0, 0, 1), (1, 0, 0)
TURN = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
TURN *= np.linalg.det(TURN)


def long(value):
    """A parameter that takes long."""
    return pytest.param(value, marks=pytest.mark.long)


def turned(stack):
    """The stack with all magnetizations turned alike, out of all planes of axes."""
    for name, piece in zip(stack.element_names, stack.elements):
        if getattr(piece, "m", None) is not None:
            stack = stack.replace(name, m=TURN @ piece.m)
    return stack


def check(stack, limit=LIMIT, solvers=(sf.solve, sf.analytic.solve)):
    """All results of a stack, and of it turned, by the reference."""
    for sample in (stack, turned(stack)):
        expected = reference.solve(sample)
        for solve in solvers:
            found = extremes.errors(solve(sample), expected)
            assert max(found.values()) < limit, (solve, found)


def valve(*, left=(), right=(), theta=60.0, unit="plain", spacer=0.5, free=None):
    """Two ferromagnets, with interfaces at both sides of the spacer."""
    if unit == "SI":
        Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
        Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
        Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9)
        ends, layers = sf.Lead(Cu), (Co(8e-9, m=Z, name="a"), Cu(10e-9, name="s"))
        last = Py(4e-9, m=sf.direction(theta), name="b")
    else:
        ends, layers = sf.Lead(N2), (F(0.7, m=Z, name="a"), N(spacer, name="s"))
        last = F2(0.4, m=sf.direction(theta), name="b")
    last = free or last
    return sf.Stack([ends, layers[0], *left, layers[1], *right, last, ends])


# --- interfaces -----------------------------------------------------------------------------------


@pytest.mark.parametrize("resistance", [1e-16, 1e-32, 1e-33, *map(long, (1e-20, 1e-24, 1e-40))])
@pytest.mark.parametrize("mixing", [None, 0.7, 0.7 - 0.3j])
@pytest.mark.parametrize("unit", UNITS)
def test_tiny_resistances(unit, mixing, resistance):
    mixing = mixing and mixing / UNITS[unit]
    joint = sf.Interface(resistance, gamma=0.3, mixing=mixing)
    stack = valve(left=[joint], right=[joint], unit=unit)
    check(stack)
    if mixing is None and resistance <= 1e-16 * UNITS[unit]:  # transparent, to all digits
        plain, found = sf.solve(valve(unit=unit)), sf.solve(stack)
        for name in "ab":
            torques = found.torque(name), plain.torque(name)
            np.testing.assert_allclose(*torques, rtol=1e-14, atol=1e-40)


@pytest.mark.parametrize("resistance", [1e-16, 1e-20])
def test_tiny_resistance_beside_a_stiff_layer(resistance):
    """N/F/N between reservoirs, G = 0.5: mu_s was off by up to 4e5."""
    check(N(1.0) | sf.Interface(resistance) | F(1.0, m=Z, name="a") | N(1.0))


@pytest.mark.parametrize("resistance", [1e-12, 1e-9])
def test_thin_layers_between_blocking_ends(resistance):
    stack = [sf.SpinBlocking(), N(1e-6), sf.Interface(resistance), F(1e-6, m=Z, name="a")]
    check(sf.Stack([*stack, sf.SpinBlocking()]))


@pytest.mark.parametrize("mixing", [None, 1.0])
@pytest.mark.parametrize("difference", [1e-4, 1e-8, 1e-12])
def test_resistance_where_polarizations_are_nearly_the_same(difference, mixing):
    """What spin adds is of second order in p - gamma: half of the heat, no sum of +-p."""
    joint = sf.Interface(3.0, gamma=F.p - difference, mixing=mixing)
    check(sf.Reservoir() | sf.Interface(0.2, gamma=0.5) | F(0.7, m=Z) | joint | sf.Reservoir())


@pytest.mark.parametrize("imaginary", [0.0, 1e-30, 1e-3, 1.0, -3.0, 1e6, -1e12])
@pytest.mark.parametrize(
    "real", [1e-30, 1.0, 1e18, *map(long, (1e-12, 1e-3, 1e3, 1e12, 1e30, 1e40))]
)
def test_mixing_of_any_size_and_sign(real, imaginary):
    joint = sf.Interface(0.2, gamma=0.3, mixing=complex(real, imaginary * min(real, 1.0)))
    check(valve(left=[joint], theta=70.0))


@pytest.mark.parametrize("imaginary", [1e-30, 1.0, 1e18, 1e40])
@pytest.mark.parametrize("real", [1e-30, 1.0, 1e18])
def test_spins_that_precess_at_an_interface_more_than_they_are_absorbed(real, imaginary):
    joint = sf.Interface(0.0, mixing=complex(real, -imaginary))
    check(valve(left=[joint], right=[joint], theta=70.0))


@pytest.mark.parametrize("mixing", [1e18, 1e30])
@pytest.mark.parametrize("angle", [0.0, -60.0, 25.0])
def test_stiff_mixing_does_not_depend_on_how_the_sample_lies(mixing, angle):
    """dr was 0.249, -2.6e62 and 0.239."""
    joint = sf.Interface(0.0, mixing=mixing)
    found = [
        sf.solve(
            N(1.0)
            | joint
            | F(1.0, m=sf.direction(polar), name="a")
            | N(1.0)
            | F2(1.0, m=sf.direction(polar + 50.0), name="b")
        ).spin_resistance
        for polar in (0.0, angle)
    ]
    assert found[1] == pytest.approx(found[0], rel=1e-13)


# --- exchange lengths ---------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1e-12, 1e-8, 1e4, *map(long, (1e-10, 1e-4))])
@pytest.mark.parametrize("which", ["lambda_J", "lambda_phi", "both"])
def test_exchange_lengths_of_any_size(which, length):
    keys = ("lambda_J", "lambda_phi") if which == "both" else (which,)
    weak = sf.Ferromagnet(D=1.0, l=1.0, p=0.5, **dict.fromkeys(keys, length))
    check(valve(free=weak(0.4, m=sf.direction(60.0), name="b")))


@pytest.mark.parametrize("rest", [1e-2, 1e-4, 1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_full_polarization_with_exchange_lengths(sign, rest):
    weak = sf.Ferromagnet(D=1.0, l=1.0, p=sign * (1 - rest), lambda_J=0.3, lambda_phi=0.7)
    check(valve(free=weak(0.4, m=sf.direction(60.0), name="b")))


# --- thicknesses --------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("d", [1e-15, 1e-9, *map(long, (1e-12, 1e-6))])
@pytest.mark.parametrize("mixing", [1.0, 1.0 - 2.0j, *map(long, (1e-6, 1e6))])
def test_thin_ferromagnets_beside_mixing_conductances(mixing, d):
    joint = sf.Interface(1.0, mixing=mixing)
    check(N(1.0) | joint | F(d, m=Z, name="a") | N(1.0) | F(1.0, m=X, name="b"))
    check(F(1.0, m=X, name="b") | N(1.0) | F(d, m=Z, name="a") | joint | N(1.0))


def test_a_balance_is_one():
    """A ferromagnet of d/l = 1e-9 beside `mixing=1`, every other number 1: dr was -26.2."""
    one = sf.Ferromagnet(D=1.0, l=1.0, p=0.5)
    stack = N(1.0) | sf.Interface(0.0, mixing=1.0) | one(1e-9, m=Z, name="a") | N(1.0)
    check(stack)
    solution = sf.solve(stack, certify=True)
    low, high = solution.bounds.spin_resistance
    assert low <= solution.spin_resistance <= high


@pytest.mark.long
@pytest.mark.parametrize("d", [1e3, 1e8, 1e15])
def test_thick_layers(d):
    check(sf.Lead(N2) | F(d, m=Z, name="a") | N(0.3) | F2(1.0, m=X, name="b") | N(d))
    joint = sf.Interface(0.3, mixing=1.0 + 1.0j)
    check(sf.Lead(N2) | F(1.0, m=Z, name="a") | joint | N(d) | F2(1.0, m=X, name="b"))


@pytest.mark.parametrize("d", [1e-6, 1e-7, 1e-9, 1e-12, 1e-15])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_collinear_contacts_between_blocking_ends(sign, d):
    """Equal p: the force p_left - p_right vanishes but for what the layers relax."""
    for p in (0.5, 0.3):
        metal = sf.Ferromagnet(D=1.0, l=1.0, p=p)
        a, b = metal(d, m=Z, name="a"), metal(2 * d, m=sign * np.array(Z), name="b")
        check(sf.SpinBlocking() | a | b | sf.SpinBlocking())


@pytest.mark.long
@pytest.mark.parametrize("ratio", [1e-12, 1e12])
@pytest.mark.parametrize("angle", [1e-6, 179.999999])
def test_conductivities_that_differ_by_1e12(angle, ratio):
    other = sf.Ferromagnet(D=ratio, l=1.0, p=0.7)
    check(
        sf.Lead(N2)
        | F(1.0, m=Z, name="a")
        | N(0.1)
        | other(1.0, m=sf.direction(angle), name="b")
        | N(0.1)
        | F2(1.0, m=sf.direction(30.0), name="c")
    )


# --- efficiencies at 0 and 180 degrees ----------------------------------------------------------

SPACERS = (1e-15, 1e-12, 1e-8, 1e-4, 0.1)


def pair(between, theta, last=None):
    last = last or [F2(0.4, m=sf.direction(theta), name="b")]
    return sf.Stack([sf.Lead(N2), F(0.7, m=Z, name="a"), *between, *last, N(1.0)])


@pytest.mark.parametrize("theta", [0.0, 180.0])
@pytest.mark.parametrize("d", SPACERS)
def test_interface_of_no_resistance_changes_nothing(d, theta):
    plain = sf.solve(pair([N2(d)], theta)).efficiency("a", "b")
    for joint in (sf.Interface(0.0), sf.Interface(0.0, gamma=0.7)):
        for between in ([joint, N2(d)], [N2(d), joint]):
            found = sf.solve(pair(between, theta)).efficiency("a", "b")
            np.testing.assert_allclose(found, plain, rtol=1e-13)


def in_many_digits(stack):
    """g of a and b in a stack in which they make an angle."""
    found, right = reference.solve(stack), stack.position("b")
    currents = found.faces[1].spin_current_right, found.faces[right - 1].spin_current_left
    with mp.workdps(60):
        m = [mp.matrix([mp.mpf(float(x)) for x in stack.elements[i].m]) for i in (1, right)]
        m = [v / mp.norm(v) for v in m]
        for (own, other), current in zip((m, m[::-1]), currents):
            way = other - own * (own.T * other)[0]
            yield float((way.T * mp.matrix(current))[0] / (way.T * way)[0])


@pytest.mark.parametrize("theta", [0.0, 180.0])
@pytest.mark.parametrize("d", SPACERS)
@pytest.mark.parametrize(
    "kind", ["interface", "at the magnet", "mixing", "exchange", "in contact", "behind interface"]
)
def test_efficiency_of_collinear_neighbours_is_the_limit(kind, d, theta):
    """However narrow the peak of the torque: it is as wide as sqrt(d_N/l)."""
    found = np.array(sf.solve(sample(kind, d, theta)).efficiency("a", "b"))
    # g is even in the angle, and goes with its square over d
    offset = 1e-11 if d < 1e-9 else 1e-9
    near = np.array(list(in_many_digits(sample(kind, d, theta + offset))))
    assert np.abs(found - near).max() < 1e-9 * (np.abs(near).max() + 1e-3)


@pytest.mark.parametrize("kind", ["mixing", "exchange"])
def test_efficiency_of_collinear_neighbours_by_the_saddle_point(kind):
    """From differences of currents along no axis, to ten digits."""
    stack, m = sample(kind, 0.3, 0.0), sf.direction(33.0, 20.0)
    for name in ("a", "b"):
        stack = stack.replace(name, m=m)
    found, exact = (sf.solve(stack, method=x).efficiency("a", "b") for x in ("saddle", "condensed"))
    np.testing.assert_allclose(found, exact, atol=1e-9)


@pytest.mark.parametrize("theta", [0.0, 180.0])
@pytest.mark.parametrize("d", SPACERS)
def test_efficiency_beside_a_graded_layer(d, theta):
    """Of numbers that are given as functions, and are the same everywhere."""
    m = sf.direction(theta)
    graded = sf.Ferromagnet(D=lambda xi: 2.0 + 0.0 * xi, l=0.5, p=-0.3)(0.4, m=m, name="b")
    plain = sf.solve(pair([N2(d)], theta)).efficiency("a", "b")
    np.testing.assert_allclose(
        sf.solve(pair([N2(d)], theta, [graded])).efficiency("a", "b"), plain, rtol=1e-12
    )


def sample(kind, d, theta):
    m = sf.direction(theta)
    spacer, last = [N2(d)], [F2(0.4, m=m, name="b")]
    if kind == "interface":
        spacer = [N2(d / 2), sf.Interface(0.3), N2(d / 2)]
    if kind == "at the magnet":
        spacer = [sf.Interface(0.3, gamma=0.4), N2(d)]
    if kind == "mixing":
        spacer = [sf.Interface(0.1, gamma=0.4, mixing=2.0 + 0.5j), N2(d)]
    if kind == "exchange":
        weak = sf.Ferromagnet(D=2.0, l=0.5, p=-0.3, lambda_J=0.2, lambda_phi=0.3)
        last = [weak(0.4, m=m, name="b")]
    if kind == "in contact":
        last = [F2(0.2, m=m, name="b"), F2(0.2, m=m, name="c")]
    if kind == "behind interface":
        joint = sf.Interface(0.3, gamma=0.5)
        last = [F2(0.2, m=m, name="b"), joint, F2(0.2, m=m, name="c")]
    return pair(spacer, theta, last)
