"""A mixing conductance at a ferromagnet with exchange lengths: nothing across m gets into it.

So what is known of strong ferromagnets tells what must come out.
"""

import dataclasses

import numpy as np
import pytest
from reference import solve as match

import spinfem as sf

N = sf.NormalMetal(D=3.0, l=1.5)
STRONG = sf.Ferromagnet(D=1.0, l=0.7, p=0.4)
G = 2.0 - 0.7j
WAYS = [sf.direction(15.0), sf.direction(75.0, 40.0), sf.direction(140.0, 200.0)]
SOLVERS = {
    "condensed": sf.solve,
    "saddle": lambda stack: sf.solve(stack, method="saddle"),
    "exact": sf.analytic.solve,
}


def weak(**lengths):
    return dataclasses.replace(STRONG, **lengths)


def valve(middle, *, resistance=0.2, delta=0.0, G=G, is_open=False, m=WAYS[1]):
    """Three magnetizations that span space; what is varied is in the middle."""
    joint = {"resistance": resistance, "gamma": 0.3, "delta": delta}
    behind = [] if is_open else [sf.Interface(**joint, mixing=G)]
    return sf.Stack(
        [
            sf.Lead(N),
            STRONG(0.6, m=WAYS[0], name="left"),
            N(0.3),
            sf.Interface(**joint, mixing=G),
            middle(0.5, m=m, name="middle"),
            *behind,
            N(0.4),
            STRONG(0.4, m=WAYS[2], name="right"),
            N(0.2),
            sf.Reservoir(),
        ]
    )


def currents(solution):
    return np.array([solution.absorbed_spin_current(name) for name in ("left", "middle", "right")])


@pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
@pytest.mark.parametrize("joint", [{"resistance": 0.0}, {}, {"delta": 0.6}], ids=str)
@pytest.mark.parametrize(
    "lengths",
    [{"lambda_J": 0.3, "lambda_phi": 0.5}, {"lambda_J": 0.02}, {"lambda_phi": 1e6}],
    ids=str,
)
def test_with_mixing_on_both_faces_it_is_a_strong_ferromagnet(lengths, joint, solve):
    """Nothing across m enters: the torques, potentials and resistances are the same."""
    strong, ours = solve(valve(STRONG, **joint)), solve(valve(weak(**lengths), **joint))
    np.testing.assert_allclose(currents(ours), currents(strong), rtol=1e-10, atol=1e-12)
    assert ours.spin_resistance == pytest.approx(strong.spin_resistance, rel=1e-10)
    x = np.linspace(0.0, strong.stack.x[-1], 41)
    for name in ("spin_potential", "spin_current", "potential"):
        found, expected = (getattr(s, name)(x) for s in (ours, strong))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
def test_one_closed_face_beside_an_open_one(solve):
    """What comes through the open face is confined: against matched exponentials."""
    stack = valve(weak(lambda_J=0.4, lambda_phi=0.8), is_open=True)
    ours, reference = solve(stack), match(stack)
    expected = [
        np.array(reference.absorbed[e.name], float) for e in stack.layers if e.m is not None
    ]
    np.testing.assert_allclose(currents(ours), expected, rtol=0, atol=1e-11)
    inside = np.array(reference.inside["middle"], float)
    assert np.linalg.norm(inside) > 0.01  # some of it through the open face,
    assert np.linalg.norm(expected[1] - inside) > 0.01  # some at the interface
    faces = ours.interfaces[2]
    np.testing.assert_allclose(np.cross(faces.spin_current_right, WAYS[1]), 0.0, atol=1e-12)
    m, mu = WAYS[1], faces.spin_potential_left
    taken = G.real * (mu - m * (m @ mu)) + G.imag * np.cross(m, mu)
    np.testing.assert_allclose(faces.absorbed, taken, rtol=0, atol=1e-11)


@pytest.mark.parametrize("size", [1e-3, 1e-6])
def test_short_exchange_lengths_are_a_strong_ferromagnet(size):
    """Linearly in the lengths: beside the open face, where there is something to tend to."""
    strong = sf.solve(valve(STRONG, is_open=True))
    ours = sf.solve(valve(weak(lambda_J=size, lambda_phi=size), is_open=True))
    assert np.abs(currents(ours) - currents(strong)).max() < 2 * size
    assert np.abs(currents(ours) - currents(strong)).max() > size / 50


@pytest.mark.parametrize("joint", [{"resistance": 0.0}, {}], ids=str)
def test_much_mixing_and_short_lengths_are_transparent(joint):
    """Of `mixing` to infinity and lengths to 0 alike a strong transparent face is left."""
    limit = sf.solve(valve(STRONG, **joint, G=None))
    ours = sf.solve(valve(weak(lambda_phi=1e-9), **joint, G=1e9 + 1e8j))
    np.testing.assert_allclose(currents(ours), currents(limit), rtol=0, atol=1e-8)


def test_in_a_batch_of_lengths_mixing_and_angles():
    lengths, angles = np.array([0.2, 1.0]), np.array([[10.0], [95.0], [180.0]])
    mixing = np.array([1.0 + 0.2j, 30.0 - 4.0j])

    def one(length, angle, G):
        return valve(weak(lambda_J=length), m=sf.direction(angle), G=G, is_open=True)

    batch = sf.solve(one(lengths, angles, mixing))
    assert batch.shape == (3, 2)
    for i, j in np.ndindex(3, 2):
        single = sf.solve(one(lengths[j], angles[i, 0], mixing[j]))
        np.testing.assert_allclose(
            batch.absorbed_spin_current("middle")[i, j],
            single.absorbed_spin_current("middle"),
            rtol=0,
            atol=1e-13,
        )


@pytest.mark.parametrize("end", [sf.Reservoir(), sf.SpinBlocking()])
def test_at_ends(end):
    """A lead behind a mixing conductance, and a ferromagnet that ends at a reservoir by one."""
    F = weak(lambda_J=0.3)
    last = [] if isinstance(end, sf.SpinBlocking) else [sf.Interface(0.3, gamma=0.2, mixing=G)]
    stack = sf.Stack(
        [
            sf.Lead(F, m=WAYS[0], name="lead"),
            sf.Interface(0.0, mixing=G),
            N(0.5),
            F(0.3, m=WAYS[2], name="middle"),
            *last,
            end,
        ]
    )
    reference = match(stack)
    for solve in SOLVERS.values():
        found = solve(stack)
        for name in ("lead", "middle"):
            expected = np.array(reference.absorbed[name], float)
            np.testing.assert_allclose(
                found.absorbed_spin_current(name), expected, rtol=0, atol=1e-11
            )


def test_bounds_hold():
    stack = valve(weak(lambda_J=0.3, lambda_phi=0.5), is_open=True)
    exact, rough = sf.analytic.solve(stack), sf.solve(stack, degree=1, elements=2, certify=True)
    (low, high), (least, most) = rough.bounds.spin_resistance, rough.bounds.torques
    assert low <= exact.spin_resistance <= high < 2 * low
    assert (least <= exact.torques).all()
    assert (exact.torques <= most).all()


def test_at_a_reservoir_it_needs_a_resistance():
    message = (
        r"resistance \(AR\*\) of an interface with mixing must be positive between a reservoir and "
        "a ferromagnet with finite exchange lengths, got 0; put a thin normal layer between them"
    )
    with pytest.raises(ValueError, match=message):
        N(1.0) | weak(lambda_J=1.0)(1.0, m=(0, 0, 1)) | sf.Interface(mixing=1.0) | sf.Reservoir()


IDLE = sf.Ferromagnet(D=1.0, l=np.inf, p=0.4, lambda_J=np.inf)


@pytest.mark.parametrize(
    ("parts", "is_lost"),
    [
        ([IDLE(1.0, m=WAYS[1])], True),
        ([IDLE(1.0, m=WAYS[1]), IDLE(1.0, m=WAYS[2])], True),
        ([IDLE(1.0, m=WAYS[1]), sf.NormalMetal(D=1.0, l=np.inf)(1.0), IDLE(1.0, m=WAYS[2])], True),
        ([IDLE(1.0, m=WAYS[1]), N(1.0), IDLE(1.0, m=WAYS[2])], False),
        ([weak(l=np.inf, lambda_J=np.inf, lambda_phi=5.0)(1.0, m=WAYS[1])], False),
        ([weak(lambda_J=np.inf)(1.0, m=WAYS[1])], False),
    ],
    ids=str,
)
def test_what_is_across_m_must_be_absorbed_between_mixing_conductances(parts, is_lost):
    joint = sf.Interface(0.1, mixing=G)
    stack = sf.Stack([N(1.0), STRONG(1.0, m=WAYS[0]), N(1.0), joint, *parts, joint, N(1.0)])
    if is_lost:
        with pytest.raises(ValueError, match="no spin sink: what is across m"):
            sf.solve(stack)
        return
    condensed, saddle = sf.solve(stack), sf.solve(stack, method="saddle")
    np.testing.assert_allclose(condensed.torques, saddle.torques, rtol=1e-9, atol=1e-30)


def test_a_stack_without_relaxation_needs_two_lines():
    """On the normal side a mixing conductance holds mu_s to m, whatever the ferromagnet does."""
    free = sf.NormalMetal(D=1.0, l=np.inf)
    idle = dataclasses.replace(IDLE, lambda_J=1.0)

    def stack(m):
        strong = dataclasses.replace(STRONG, l=np.inf)
        left = [sf.SpinBlocking(), strong(1.0, m=WAYS[0]), free(1.0)]
        right = [sf.Interface(0.2, mixing=G), idle(1.0, m=m, name="b"), sf.SpinBlocking()]
        return sf.Stack([*left, *right])

    with pytest.raises(ValueError, match="no spin sink"):
        sf.solve(stack(WAYS[0]))
    found = sf.solve(stack(WAYS[1])).absorbed_spin_current("b")
    expected = [float(x) for x in match(stack(WAYS[1])).absorbed["b"]]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
