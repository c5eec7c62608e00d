"""Interfaces and exchange lengths where they turn into something else that is known."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import contact_amplification, has_sink, stacks

import spinfem as sf

Cu, Ru = sf.NormalMetal(D=5.0, l=3.0), sf.NormalMetal(D=0.8, l=0.6)
Co = sf.Ferromagnet(D=1.5, l=1.2, p=0.45)
Py = sf.Ferromagnet(D=0.6, l=0.4, p=0.75)
M_A, M_B = sf.direction(10.0, 40.0), sf.direction(75.0, -20.0)
SIDES = ("spin_potential_left", "spin_potential_right", "spin_current_left", "spin_current_right")
CHARGE = ("potential_left", "potential_right")


def chain(*pieces):
    """A stack, without the interfaces that are None."""
    return sf.Stack([piece for piece in pieces if piece is not None])


def valve(left=None, right=None, middle=None, end=None):
    return chain(
        sf.Lead(Cu),
        end,
        Co(0.7, m=M_A, name="a"),
        left,
        Cu(0.3),
        middle,
        Ru(0.2),
        right,
        Py(0.5, m=M_B, name="b"),
        sf.Lead(Ru),
    )


def values(s, names=(*SIDES, *CHARGE)):
    found = [np.array([getattr(f, n) for f in s.interfaces]).ravel() for n in names]
    torques = [s.absorbed_spin_current(n) for n in s.ferromagnets]
    return np.concatenate([*found, *torques, [s.spin_resistance, s.resistance]])


def distance(a, b):
    return np.abs(values(a) - values(b)).max()


def orders(errors, sizes):
    return np.diff(np.log(errors)) / np.diff(np.log(sizes))


# --- transparent ---------------------------------------------------------------------------------

SMALL = np.array([1e-3, 1e-4, 1e-5])


@pytest.mark.parametrize("method", ["condensed", "saddle"])
@pytest.mark.parametrize("place", ["left", "right", "middle", "end", "mixing"])
def test_interfaces_become_transparent(place, method):
    """First order in AR*, and in the inverse of the mixing conductance."""
    transparent, errors = sf.solve(valve(), method=method), []
    for size in SMALL:
        if place == "middle":
            joints = {place: sf.Interface(size)}
        elif place == "mixing":
            joint = sf.Interface(mixing=complex(1.0, 0.4) / size)
            joints = {"left": joint, "right": joint}
        else:
            joints = {place: sf.Interface(size, gamma=0.6)}
        errors.append(distance(sf.solve(valve(**joints), method=method), transparent))
    assert errors[-1] < 1e-4
    # the next order is smaller by the size itself, 1e-3, times a few
    np.testing.assert_allclose(orders(errors, SMALL), 1.0, atol=0.01)


@settings(max_examples=100)
@given(stacks(max_ferromagnets=4, decades=(-3, 2)).filter(has_sink))
def test_no_resistance_and_infinite_mixing_is_no_interface(stack):
    """Interfaces with their defaults everywhere, but where none may stand."""
    pieces = [stack.elements[0]]
    for left, right in zip(stack.elements, stack.elements[1:]):
        blocked = any(isinstance(e, sf.SpinBlocking) for e in (left, right))
        magnets = all(getattr(e, "m", None) is not None for e in (left, right))
        pieces += [right] if blocked or magnets else [sf.Interface(0.0), right]
    a, b = sf.solve(stack), sf.solve(sf.Stack(pieces))
    mu = max(np.abs(f.spin_potential).max() for f in a.interfaces) or 1.0
    driven = [abs(getattr(getattr(e, "material", None), "p", 0.0)) for e in stack.elements]
    currents = [np.abs(f.spin_current_left).max() for f in a.interfaces]
    j = max(*driven, *currents) or 1.0
    amplified = j * contact_amplification(stack)
    # the same problem on the scalar and on the general path: their accuracy, 1e-10
    for f, g in zip(a.interfaces, b.interfaces):
        for name in SIDES:
            scale = mu if "potential" in name else j
            difference = getattr(g, name) - getattr(f, name)
            assert np.abs(difference).max() <= 1e-10 * scale, name
        assert np.abs(g.absorbed - f.absorbed).max() <= 1e-10 * amplified
        assert (f.spin_potential == f.spin_potential_left).all()
        g.spin_potential  # noqa: B018 it is transparent, and has one
    floor = 1e-12 * mu
    assert b.spin_resistance == pytest.approx(a.spin_resistance, rel=1e-9, abs=floor)
    assert b.resistance == pytest.approx(a.resistance, rel=1e-9)


def test_among_interfaces_one_without_resistance_changes_no_bit():
    # both on the general path: the same system, to the bit
    joint = sf.Interface(0.3, gamma=0.2)
    a, b = (sf.solve(valve(left=joint, right=x, middle=x)) for x in (None, sf.Interface()))
    np.testing.assert_array_equal(values(a), values(b))


# --- a thin layer --------------------------------------------------------------------------------


def without_faces(s, extra):
    """Values at all faces but the inner one of extra layers: left of the layer, right of it."""
    found = {name: [getattr(f, name) for f in s.interfaces] for name in (*SIDES, *CHARGE)}
    for i in sorted(extra, reverse=True):  # layer i lies between the faces i and i + 1
        for name, column in found.items():
            column.pop(i + 1 if name.endswith("left") else i)
    return {name: np.array(column) for name, column in found.items()}


@pytest.mark.parametrize("t", [1.0, 1e-9])
def test_interface_is_a_thin_layer(t):
    """t thick, D = t/AR*, p = gamma along the m of the ferromagnet, and no relaxation.

    Nothing of it depends on t, so not only thin layers will do.
    """

    def thin(AR, gamma=None, m=None):
        if gamma is None:
            return sf.NormalMetal(D=t / AR, l=np.inf)(t)
        return sf.Ferromagnet(D=t / AR, l=np.inf, p=gamma)(t, m=m)

    stack = valve(
        end=sf.Interface(0.9, gamma=-0.3),
        left=sf.Interface(0.4, gamma=0.8),
        middle=sf.Interface(0.7),
        right=sf.Interface(0.25, gamma=0.5),
    )
    layered = valve(
        end=thin(0.9, -0.3, M_A), left=thin(0.4, 0.8, M_A), middle=thin(0.7),
        right=thin(0.25, 0.5, M_B),
    )  # fmt: skip
    a, b = sf.solve(stack), sf.solve(layered)
    faces = without_faces(b, extra=[0, 2, 4, 6])
    for name in (*SIDES, *CHARGE):
        expected = np.array([getattr(f, name) for f in a.interfaces])
        # mu_s and mu_0 are of order 1; a face of the thin layer beside the magnet takes up nothing
        np.testing.assert_allclose(faces[name], expected, rtol=0, atol=1e-12, err_msg=name)
    # the torque of the interface's ring is now on the thin layer of the same m
    for magnet, extra in (("a", ["F1", "F3"]), ("b", ["F4"])):
        total = sum(b.absorbed_spin_current(name) for name in (magnet, *extra))
        np.testing.assert_allclose(total, a.absorbed_spin_current(magnet), rtol=0, atol=1e-12)
    assert b.spin_resistance == pytest.approx(a.spin_resistance, rel=1e-12)
    assert b.resistance == pytest.approx(a.resistance, rel=1e-12)


def test_interface_at_finite_exchange_lengths_is_a_thin_normal_layer():
    """Without gamma it acts alike on all components, from its either side."""
    weak = dataclasses.replace(Py, lambda_J=0.2, lambda_phi=0.5)
    thin = sf.NormalMetal(D=1e-6 / 0.3, l=np.inf)(1e-6)

    def stack(joint):
        return chain(
            Co(0.7, m=M_A, name="a"), Cu(0.3), joint, weak(0.5, m=M_B, name="b"), joint, Ru(0.2)
        )

    a, b = sf.solve(stack(sf.Interface(0.3))), sf.solve(stack(thin))
    faces = without_faces(b, extra=[2, 4])
    for name in (*SIDES, *CHARGE):
        expected = np.array([getattr(f, name) for f in a.interfaces])
        np.testing.assert_allclose(faces[name], expected, rtol=0, atol=1e-12, err_msg=name)
    for magnet in "ab":
        expected = a.absorbed_spin_current(magnet)
        np.testing.assert_allclose(b.absorbed_spin_current(magnet), expected, rtol=0, atol=1e-12)
    assert b.spin_resistance == pytest.approx(a.spin_resistance, rel=1e-12)


# --- exchange lengths ----------------------------------------------------------------------------


def act(factor, m, v):
    """A complex factor on what is across m: i stands for m x."""
    across = v - (v @ m) * m
    return factor.real * across + factor.imag * np.cross(m, across)


@pytest.mark.parametrize("method", ["condensed", "saddle"])
@pytest.mark.parametrize("l", [np.inf, 0.4])
@pytest.mark.parametrize(
    ("lambda_J", "lambda_phi"), [(0.02, 0.05), (0.05, None), (None, 0.03), (0.013, np.inf)]
)
def test_thick_layer_is_a_mixing_conductance(lambda_J, lambda_phi, l, method):
    """D_tot/(2 l_perp), and along m it is what a strong ferromagnet is."""
    thickness, m = 2.0, M_B
    metal = sf.Ferromagnet(D=0.6, l=l, p=0.75, lambda_J=lambda_J, lambda_phi=lambda_phi)
    strong = sf.Ferromagnet(D=0.6, l=l, p=0.75)
    total, kappa = 0.6 / (1 - 0.75**2), 0.0 if l == np.inf else 0.6 / 2 / l**2
    taken = (lambda_phi or np.inf) ** -2.0 - 1j * (lambda_J or np.inf) ** -2.0
    rate = 2 * kappa / total + taken
    # exp(-d/l_perp) is out of sight
    assert thickness * np.sqrt(rate).real > 25
    G = total / 2 * np.sqrt(rate)

    def stack(magnet, joint):
        return chain(
            sf.Lead(Cu), Co(0.7, m=M_A, name="a"), Cu(0.3), joint,
            magnet(thickness, m=m, name="b"), joint, Ru(0.2), sf.Lead(Cu),
        )  # fmt: skip

    a = sf.solve(stack(metal, None), method=method)
    b = sf.solve(stack(strong, sf.Interface(mixing=G)), method=method)
    # beside the magnet, in the normal metals; in it the components along m
    outside = {"left": [0, 1, 2, 4], "right": [0, 1, 3, 4]}
    for side, indices in outside.items():
        for name in (f"spin_potential_{side}", f"spin_current_{side}", f"potential_{side}"):
            found, expected = (
                np.array([getattr(x.interfaces[i], name) for i in indices]) for x in (a, b)
            )
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10, err_msg=name)
    for i, side in ((2, "right"), (3, "left")):
        for name in (f"spin_potential_{side}", f"spin_current_{side}"):
            found, expected = (getattr(x.interfaces[i], name) @ m for x in (a, b))
            assert found == pytest.approx(expected, abs=1e-10)
    np.testing.assert_allclose(
        a.absorbed_spin_current("a"), b.absorbed_spin_current("a"), rtol=0, atol=1e-10
    )
    # what kappa takes is no torque
    expected = act(taken / rate, m, b.absorbed_spin_current("b"))
    np.testing.assert_allclose(a.absorbed_spin_current("b"), expected, rtol=0, atol=1e-10)
    assert np.abs(expected).max() > 1e-3  # not for want of a torque
    assert a.spin_resistance == pytest.approx(b.spin_resistance, rel=1e-10)
    assert a.resistance == pytest.approx(b.resistance, rel=1e-10)


@pytest.mark.parametrize("place", ["layer", "lead"])
@pytest.mark.parametrize(
    ("lambda_J", "lambda_phi"), [(1.0, None), (None, 1.0), (1.0, 2.0)], ids=["J", "phi", "both"]
)
def test_short_exchange_lengths_make_a_strong_ferromagnet(lambda_J, lambda_phi, place):
    """First order in the length."""

    def stack(size):
        scaled = {"lambda_J": lambda_J, "lambda_phi": lambda_phi} if size else {}
        lengths = {key: value * size for key, value in scaled.items() if value}
        metal = dataclasses.replace(Py, **lengths)
        last = metal(0.5, m=M_B, name="b"), sf.Lead(Cu)
        if place == "lead":
            last = (sf.Lead(metal, m=M_B, name="b"),)
        return sf.Stack([sf.Lead(Cu), Co(0.7, m=M_A, name="a"), Cu(0.3), *last])

    strong, errors = sf.solve(stack(0)), []
    for size in SMALL:
        weak = sf.solve(stack(size))
        found = [*(weak.absorbed_spin_current(n) for n in "ab")]
        expected = [strong.absorbed_spin_current(n) for n in "ab"]
        mu = weak.interfaces[2].spin_potential - strong.interfaces[2].spin_potential
        dr = weak.spin_resistance - strong.spin_resistance
        errors.append([np.abs(np.subtract(found, expected)).max(), np.abs(mu).max(), abs(dr)])
    errors = np.array(errors)
    assert (errors[-1] < 1e-4).all()
    # the next order is smaller by the length, 1e-3 of the others, times a few
    slopes = np.diff(np.log(errors), axis=0) / np.diff(np.log(SMALL))[:, None]
    np.testing.assert_allclose(slopes, 1.0, atol=0.02)


# --- two channels in parallel ------------------------------------------------------------------

RESISTORS = {
    "normal": {"D": 5.0, "d": 0.8},
    "fixed": {"D": 1.5, "p": 0.45, "d": 0.7},
    "free": {"D": 0.6, "p": -0.3, "d": 0.4},
}


@pytest.mark.parametrize("method", ["condensed", "saddle"])
@pytest.mark.parametrize("lengths", [{}, {"lambda_J": 0.3, "lambda_phi": 0.4}])
@pytest.mark.parametrize("antiparallel", [False, True])
def test_two_channels_without_relaxation(antiparallel, lengths, method):
    """Valet and Fert's resistors: with l = inf, spins along and against z conduct in parallel.

    A layer puts 2 d (1 -/+ p)/D into the channels along and against its m, an interface 2 AR* (1
    -/+ gamma); between reservoirs, where mu_s = 0, both see the same voltage. Directions are
    collinear, so that mixing conductances and exchange lengths have nothing to do.
    """
    m = np.array([0.0, 0.0, 1.0])
    sign = -1 if antiparallel else 1
    N = sf.NormalMetal(D=5.0, l=np.inf)
    fixed = sf.Ferromagnet(D=1.5, l=np.inf, p=0.45)
    free = sf.Ferromagnet(D=0.6, l=np.inf, p=-0.3, **lengths)
    mixing = None if lengths else 2.0 - 1.0j
    stack = (
        sf.Interface(0.5, gamma=0.2)
        | fixed(0.7, m=m)
        | sf.Interface(0.4, gamma=0.7, mixing=1.0 + 0.5j)
        | N(0.8)
        | sf.Interface(0.3)
        | N(0.1)
        | sf.Interface(0.25, gamma=0.6, mixing=mixing)
        | free(0.4, m=sign * m)
    )
    # (factor of 2, asymmetry along z) of everything in series, from left to right
    parts = [
        (0.5, 0.2),
        (0.7 / 1.5, 0.45),
        (0.4, 0.7),
        (0.8 / 5.0, 0.0),
        (0.3, 0.0),
        (0.1 / 5.0, 0.0),
        (0.25, sign * 0.6),
        (0.4 / 0.6, sign * -0.3),
    ]
    up, down = (np.array([2 * r * (1 - way * a) for r, a in parts]) for way in (1, -1))
    total = up.sum() * down.sum() / (up.sum() + down.sum())
    s = sf.solve(sf.Reservoir() | stack, method=method)
    assert s.resistance == pytest.approx(total, rel=1e-12)
    # all in series without mu_s: the sum of R_up R_down/(R_up + R_down) of every part
    assert s.spin_resistance == pytest.approx(total - np.sum(up * down / (up + down)), rel=1e-12)
    j_up, j_down = total / up.sum(), total / down.sum()
    faces = s.interfaces
    for f in faces:
        for j in (f.spin_current_left, f.spin_current_right):
            np.testing.assert_allclose(j, (j_up - j_down) * m, rtol=0, atol=1e-12)
    # potentials of both channels, which fall along their own resistors
    drops = j_up * np.cumsum(up), j_down * np.cumsum(down)
    at = [(f, side) for f in range(5) for side in ("left", "right")][:-1]
    resistor = [-1, 0, 1, 2, 3, 4, 5, 6, 7]  # the last one left of every side of a face
    for (f, side), last in zip(at, resistor):
        mu_0, mu = (getattr(faces[f], f"{kind}_{side}") for kind in ("potential", "spin_potential"))
        expected = [total - (d[last] if last >= 0 else 0.0) for d in drops]
        assert mu_0 + mu[2] / 2 == pytest.approx(expected[0], abs=1e-12)
        assert mu_0 - mu[2] / 2 == pytest.approx(expected[1], abs=1e-12)
    for name in s.ferromagnets:
        assert np.abs(s.absorbed_spin_current(name)).max() < 1e-13


def test_short_thicknesses_need_no_infinite_length():
    """A valve much thinner than its diffusion lengths: the resistors, to first order in d/l."""

    def change(l):
        metals = [sf.Ferromagnet(D=1.0, l=l, p=p) for p in (0.5, 0.7)]
        parts = [sf.Interface(0.4, gamma=0.6), sf.NormalMetal(D=4.0, l=l)(0.5)]
        m = np.array([0.0, 0.0, 1.0])
        stack = sf.Stack([metals[0](0.3, m=m), *parts, metals[1](0.2, m=m, name="free")])
        return sf.magnetoresistance(stack, {"free": -m}).change

    up = np.array([0.3 * 0.5, 0.4 * 0.4, 0.5 / 4, 0.2 * 0.3]) * 2
    down = np.array([0.3 * 1.5, 0.4 * 1.6, 0.5 / 4, 0.2 * 1.7]) * 2

    def parallel(a, b):
        return a.sum() * b.sum() / (a.sum() + b.sum())

    swapped = [np.append(a[:-1], b[-1]) for a, b in ((up, down), (down, up))]
    expected = parallel(*swapped) - parallel(up, down)
    errors = [abs(change(l) - expected) for l in (1e2, 1e3)]
    assert errors[1] < 1e-4 * expected
    # kappa goes with 1/l^2
    assert orders(errors, [1e2, 1e3])[0] == pytest.approx(-2.0, abs=0.01)


@pytest.mark.parametrize("solve", [sf.solve, sf.analytic.solve])
@pytest.mark.parametrize("mixing", [None, 0.3 + 0.2j])
def test_what_thick_layers_let_nothing_through_of(solve, mixing):
    """Beyond 750 diffusion lengths their conductance is below all doubles, and zero."""
    weak = dataclasses.replace(Py, lambda_J=1e-3)
    joint = None if mixing is None else sf.Interface(0.1, mixing=mixing)
    for thick in (Cu(1e4), Py(1e4, m=M_B), weak(20.0, m=M_A), weak(1e4, m=M_B)):
        stack = chain(Co(0.7, m=M_A, name="a"), thick, Cu(0.3), joint, Co(0.5, m=M_B, name="b"))
        alone = sf.Stack([Co(0.7, m=M_A, name="a"), thick])
        solution = solve(stack)
        for name in ("spin_potential_right", "spin_current_right"):
            face = getattr(solution.interfaces[0], name)
            expected = getattr(sf.solve(alone).interfaces[0], name)
            np.testing.assert_allclose(face, expected, rtol=1e-12, atol=1e-12)
        assert np.isfinite([solution.spin_resistance, solution.resistance]).all()
        assert np.isfinite(solution.torques).all()
