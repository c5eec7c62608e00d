"""The mechanical analogy at instants: forces on rings, cords that friction holds back."""

import numpy as np
import pytest

import spinfem as sf
from spinfem.results.leads import lead_solution

N = sf.NormalMetal(D=8.0, l=1.0, tau=1.5)
F = sf.Ferromagnet(D=2.0, l=0.6, p=0.5, tau=0.4)
TWICE = sf.Ferromagnet(D=3.0, l=0.8, p=0.4, beta_D=-0.3, tau=0.7)
Z, X = (0, 0, 1), (1, 0, 0)
LED = sf.Lead(N) | F(0.7, m=Z, name="a") | N(0.4) | F(0.5, m=sf.direction(60.0), name="b")
STACKS = {
    "leads": LED | sf.Lead(TWICE, m=sf.direction(60.0)),
    "reservoirs": N(0.3) | F(0.7, m=Z, name="a") | N(0.4) | TWICE(0.5, m=X, name="b"),
    "crossing": sf.Lead(N) | F(0.7, m=Z, name="a") | TWICE(0.5, m=X, name="b") | sf.Lead(N),
    "over x": sf.Lead(F, m=Z, name="a") | N(0.4) | F(0.5, m=(0, 0, -1), name="b") | N(0.2),
}
TIMES = np.linspace(0.0, 1.0, 201)


def swell(t):
    return np.sin(2 * t) ** 4


@pytest.fixture(scope="module", params=STACKS)
def found(request):
    return sf.transient(STACKS[request.param], swell, TIMES, rtol=1e-7)


def size_of(analogy):
    return max(np.abs(force.vector).max() for ring in analogy.rings for force in ring.forces)


def test_forces_and_reaction_sum_to_zero(found):
    for i in (50, 120, 200):
        now = found[i]
        rings = sf.Analogy(now).rings
        for ring in rings:
            total = sum(force.vector for force in ring.forces) + ring.reaction
            assert np.abs(total).max() < 1e-12
            assert abs(ring.reaction @ ring.rod) < 1e-12
            np.testing.assert_allclose(
                ring.point, now.interfaces[ring.face].spin_potential, atol=1e-13
            )
            (driving,) = (force.vector for force in ring.forces if force.name == "driving")
            metal = now.stack.elements[now.stack.element_names.index(ring.name)].material
            sign = 1.0 if ring.side == "right" else -1.0
            expected = sign * metal.p * swell(TIMES[i]) * ring.rod
            np.testing.assert_allclose(driving, expected, rtol=1e-6)
        for name in now.ferromagnets:
            reaction = sum(ring.reaction for ring in rings if ring.name == name)
            np.testing.assert_allclose(reaction, -now.absorbed_spin_current(name), atol=1e-13)


@pytest.mark.long
def test_cords_pull_along_their_slopes(found):
    """``(D/2) mu_s'`` at either end, by a polynomial through mu_s near it."""
    near = 0.05 * (1 - np.cos(np.linspace(0, np.pi, 9))) / 2
    for i in (60, 160):
        now = found[i]
        analogy = sf.Analogy(now)
        for cord in analogy.cords:
            if cord.layer is None:
                continue
            layer = now.stack.layers[cord.layer]
            start, stop = now.stack.x[cord.layer : cord.layer + 2]
            for x, side, pull in (
                (start + near, "right", cord.tension_left),
                (stop - near, "left", -cord.tension_right),
            ):
                y = now.spin_potential(x, side=side)
                slope = np.polynomial.polynomial.polyfit(x - x[0], y, 8)[1]
                expected = layer.material.D / 2 * slope
                assert np.abs(pull - expected).max() < 1e-5 * size_of(analogy)


def integral(now, layer, side):
    """The integral of mu_s over a layer, or over the lead at a side."""
    y, weights = np.polynomial.legendre.leggauss(24)
    if layer is not None:
        start, stop = now.stack.x[layer : layer + 2]
        x = (start + stop + (stop - start) * y) / 2
        return (stop - start) / 2 * weights @ now.spin_potential(x)
    panels = np.array([0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0])
    halves = np.diff(panels)[:, None] / 2
    depth = panels[:-1, None] + halves * (1 + y)
    mu = lead_solution(now, side, depth.ravel()).spin_potential
    return (halves * weights).ravel() @ (mu if side == "right" else mu[::-1])


@pytest.mark.long
def test_friction_holds_cords_back(found):
    """Both tensions are ``-kappa int mu_s dx - rho d/dt int mu_s dx``, rho = kappa tau."""
    i, stack = 60, found.stack
    analogy = sf.Analogy(found[i])
    states = [found[i + k] for k in (-2, -1, 0, 1, 2)]
    for number, cord in enumerate(analogy.cords):
        side = "right" if number else "left"
        piece = getattr(stack, side) if cord.layer is None else stack.layers[cord.layer]
        metal = piece.material
        a, b, own, c, d = (integral(now, cord.layer, side) for now in states)
        rate = (a - 8 * b + 8 * c - d) / (12 * (TIMES[1] - TIMES[0]))
        expected = -metal.D / (2 * metal.l**2) * (own + metal.tau * rate)
        total = cord.tension_left + cord.tension_right
        assert np.abs(total - expected).max() < 1e-5 * size_of(analogy), cord.name


@pytest.mark.parametrize("stack", STACKS.values(), ids=STACKS)
def test_in_the_end_it_is_that_of_a_stationary_state(stack):
    late = sf.Analogy(sf.transient(stack, np.ones_like, [0.0, 50.0, 60.0], rtol=1e-7)[-1])
    still = sf.Analogy(sf.solve(stack))
    size = size_of(still)
    for now, then in zip(late.rings, still.rings, strict=True):
        assert (now.name, now.side, now.pinned) == (then.name, then.side, then.pinned)
        assert abs(now.position - then.position) < 1e-7 * size
        for force, expected in zip(now.forces, then.forces, strict=True):
            assert force.name == expected.name
            assert np.abs(force.vector - expected.vector).max() < 1e-7 * size
        assert np.abs(now.reaction - then.reaction).max() < 1e-7 * size
    for now, then in zip(late.cords, still.cords, strict=True):
        assert (now.name, now.kind, now.layer) == (then.name, then.kind, then.layer)
        for side in ("left", "right"):
            tensions = (getattr(cord, f"tension_{side}") for cord in (now, then))
            assert np.abs(np.subtract(*tensions)).max() < 1e-7 * size
        for end in (0, -1):
            assert np.abs(now.curve[end] - then.curve[end]).max() < 1e-7 * size
        if now.layer is None:
            assert now.slack < 1e-7 * size  # straight


def test_where_the_current_jumps_forces_are_those_before_it():
    def pulse(t):
        return np.where(t < 0.5, 1.0, 0.0)

    pulse.breaks = [0.5]
    times, stack = [0.0, 0.25, 0.5], STACKS["over x"]
    on, off = (sf.transient(stack, j0, times, rtol=1e-4) for j0 in (np.ones_like, pulse))
    assert size_of(sf.Analogy(on[0])) == 0.0
    before, behind = (sf.Analogy(one[2]) for one in (on, off))
    for ring, same in zip(before.rings, behind.rings, strict=True):
        for force, expected in zip(ring.forces, same.forces, strict=True):
            np.testing.assert_allclose(force.vector, expected.vector, atol=1e-10)


def test_what_belongs_to_stationary_states():
    found = sf.transient(LED | sf.Lead(N), np.cos, [0.0, 1.0], rtol=1e-2)
    analogy = sf.Analogy(found[1])
    for make in (
        lambda: analogy.energy,
        lambda: analogy.energy_of(lambda layer, xi: np.zeros((len(xi), 3))),
        lambda: analogy.spacers,
        lambda: analogy.spacer("a", "b"),
        lambda: analogy.resistance_slope("a", (0, 1, 0)),
        lambda: analogy.cords[0].stiffness,
        lambda: analogy.cords[1].stiffness,
        lambda: analogy.cords[1].coupling,
        lambda: analogy.cords[1].attraction,
    ):
        with pytest.raises(ValueError, match="must be of a stationary solution, got a transient"):
            make()
    with pytest.raises(ValueError, match=r"got a batch of shape \(2,\); take a point of it"):
        sf.Analogy(found)
