"""Rods, rings and cords: forces balance, cords have their stiffnesses, the energy is least."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import contact_amplification, has_sink, stacks

import spinfem as sf

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")
F1, F2 = sf.Ferromagnet(D=2.0, l=1.0, p=0.3), sf.Ferromagnet(D=1.0, l=0.5, p=0.8)
N = sf.NormalMetal(D=8.0, l=3.0)
GAUSS, WEIGHTS = np.polynomial.legendre.leggauss(60)


def valve(theta=60.0):
    return (
        sf.Lead(Cu)
        | Co(8e-9, m=sf.direction(0), name="fixed")
        | Cu(10e-9, name="spacer")
        | Py(4e-9, m=sf.direction(theta), name="free")
        | sf.Lead(Cu)
    )


def pull(ring, name):
    """The force of one name on a ring, or None."""
    return next((force.vector for force in ring.forces if force.name == name), None)


# --- forces ---------------------------------------------------------------------------------------


@pytest.mark.long
@settings(max_examples=400)
@given(stacks().filter(has_sink), st.sampled_from([1.0, -3.0]))
def test_forces_and_reaction_sum_to_zero(stack, j0):
    solution = sf.solve(stack, j0)
    rings = sf.Analogy(solution).rings
    forces = [force.vector for ring in rings for force in ring.forces]
    amplified = contact_amplification(stack)
    largest = np.abs([*forces, *(ring.reaction for ring in rings)]).max() * amplified
    for ring in rings:
        total = sum(force.vector for force in ring.forces) + ring.reaction
        assert np.abs(total).max() <= 1e-10 * largest
        assert abs(ring.reaction @ ring.rod) <= 1e-10 * largest
        if ring.pinned:
            assert ring.position == 0.0
    # the rods carry the torques: the ring pushes the rod, the rod the ring
    for name in solution.ferromagnets:
        reaction = sum(ring.reaction for ring in rings if ring.name == name)
        expected = -solution.absorbed_spin_current(name)
        np.testing.assert_allclose(reaction, expected, rtol=0, atol=1e-12 * largest)
    # a spin current leaves one of two touching ferromagnets and enters the other
    for a, b in itertools.pairwise(rings):
        if pull(a, "contact") is not None and a.face == b.face:
            np.testing.assert_allclose(
                pull(a, "contact"), -pull(b, "contact"), rtol=0, atol=1e-10 * largest
            )


@pytest.mark.long
@settings(max_examples=300)
@given(stacks(decades=(-3, 2)).filter(has_sink))
def test_cords_pull_with_their_stiffness(stack):
    """Forces of the cords from (A1), with closed forms of G~ and of the coupling."""
    analogy = sf.Analogy(sf.solve(stack))
    rings, last = analogy.rings, len(stack.layers)
    potential = max(np.abs(ring.position) for ring in rings) or 1.0
    stiffest = max(cord.stiffness for cord in analogy.cords)
    largest = max(np.abs(force.vector).max() for ring in rings for force in ring.forces)
    scale = stiffest * potential + largest
    points = [face.spin_potential for face in analogy.solution.interfaces]
    for cord in analogy.cords:
        if cord.layer is None:
            metal = (stack.left if cord is analogy.cords[0] else stack.right).material
            assert cord.stiffness == pytest.approx(metal.D / (2 * metal.l), rel=1e-15)
            at_left = cord is analogy.cords[0]
            mu = points[0] if at_left else points[-1]
            pulls = (cord.tension_right, cord.tension_left)[:: 1 if at_left else -1]
            np.testing.assert_array_equal(cord.curve[-1 if at_left else 0], mu)
            np.testing.assert_allclose(pulls[0], -cord.stiffness * mu, rtol=1e-14)
            assert not pulls[1].any()
            assert not cord.curve[0 if at_left else -1].any()
            continue
        layer = stack.layers[cord.layer]
        G, z = layer.material.D / (2 * layer.material.l), layer.thickness / layer.material.l
        if z > 0:
            assert cord.stiffness == pytest.approx(G / np.tanh(z), rel=1e-14)
            assert cord.coupling == pytest.approx(G / np.sinh(z), rel=1e-13)
        else:
            G = layer.material.D / (2 * layer.thickness)
            assert cord.stiffness == cord.coupling == pytest.approx(G)
        left, right = points[cord.layer], points[cord.layer + 1]
        for found, expected in (
            (cord.tension_left, cord.coupling * right - cord.stiffness * left),
            (cord.tension_right, cord.coupling * left - cord.stiffness * right),
        ):
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * scale)
    by_layer = {cord.layer: cord for cord in analogy.cords if cord.layer is not None}
    for ring in rings:
        # the layers on the right and on the left of a face
        own, other = ring.face, ring.face - 1
        sides = ("tension_left", "tension_right")
        if ring.side == "right":
            own, other, sides = other, own, sides[::-1]
        if own in by_layer:
            expected = getattr(by_layer[own], sides[0])
            np.testing.assert_allclose(pull(ring, "F cord"), expected, atol=1e-12 * scale)
        if other in by_layer and pull(ring, "N cord") is not None:
            expected = getattr(by_layer[other], sides[1])
            np.testing.assert_allclose(pull(ring, "N cord"), expected, atol=1e-12 * scale)
        assert 0 <= ring.face <= last


@pytest.mark.parametrize("order", ["F/N", "N/F"])
@pytest.mark.parametrize(("p", "j0"), [(0.4, 1.0), (-0.7, 2.0), (0.4, -1.0)])
def test_contact_of_half_infinite_layers(order, p, j0):
    """(7), (8): the driving force points up at F/N, down at N/F, for electrons that flow right."""
    metal = sf.Ferromagnet(D=2.0, l=1.0, p=p)
    lead = sf.Lead(metal, m=sf.direction(0.0), name="F")
    stack = lead | N(90.0) if order == "F/N" else N(90.0) | lead
    (ring,) = sf.Analogy(sf.solve(stack, j0)).rings
    sign = 1.0 if order == "F/N" else -1.0
    z = np.array([0.0, 0.0, 1.0])
    mu = j0 * sf.analytic.contact(p, metal.stiffness, N.stiffness, order)
    assert ring.position == pytest.approx(mu, rel=1e-12)
    np.testing.assert_allclose(pull(ring, "driving"), sign * p * j0 * z, rtol=1e-15)
    np.testing.assert_allclose(pull(ring, "F cord"), -metal.stiffness * mu * z, rtol=1e-11)
    np.testing.assert_allclose(pull(ring, "N cord"), -N.stiffness * mu * z, rtol=1e-11)
    np.testing.assert_allclose(ring.reaction, 0.0, atol=1e-15)


def test_rings_of_the_valve():
    """(A1) at the four faces of the paper's valve, and the names of everything."""
    stack = F1(1.0, m=sf.direction(0), name="a") | N(0.5) | F2(0.4, m=sf.direction(50), name="b")
    analogy = sf.Analogy(sf.solve(stack, 2.0))
    assert [(r.name, r.side, r.face, r.pinned) for r in analogy.rings] == [
        ("a", "left", 0, "reservoir"),
        ("a", "right", 1, None),
        ("b", "left", 2, None),
        ("b", "right", 3, "reservoir"),
    ]
    G = (F1.stiffness, N.stiffness, F2.stiffness)
    z = (1.0, 0.5 / 3.0, 0.4 / 0.5)
    exact = sf.analytic.valve(G, z, (F1.p, F2.p), sf.direction(0), sf.direction(50))
    first, second = analogy.rings[1:3]
    assert first.position == pytest.approx(2 * exact.mu1, rel=1e-12)
    assert second.position == pytest.approx(2 * exact.mu2, rel=1e-12)
    j_F1, j_N1, j_N2, j_F2 = 2 * exact.face_currents
    np.testing.assert_allclose(pull(first, "N cord"), -j_N1, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(pull(second, "N cord"), j_N2, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(first.reaction, j_N1 - j_F1, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(second.reaction, j_F2 - j_N2, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(first.point, 2 * exact.mu1 * sf.direction(0), rtol=1e-12)
    assert [force.name for force in analogy.rings[0].forces] == ["driving", "F cord", "reservoir"]
    assert [(cord.name, cord.kind, cord.layer) for cord in analogy.cords] == [
        ("a", "F", 0),
        ("N1", "N", 1),
        ("b", "F", 2),
    ]
    led = sf.Analogy(sf.solve(sf.Lead(F1, m=(0, 0, 1)) | N(1.0) | sf.Lead(F2, m=(1, 0, 0))))
    assert [(ring.name, ring.side) for ring in led.rings] == [
        ("left lead", "right"),
        ("right lead", "left"),
    ]
    assert [(cord.name, cord.layer) for cord in led.cords] == [
        ("left lead", None),
        ("N1", 0),
        ("right lead", None),
    ]


def test_a_crossing_pins_both_rings_and_a_collinear_contact_none():
    for theta, pinned in ((40.0, "crossing"), (0.0, None), (180.0, None)):
        stack = F1(1.0, m=sf.direction(0)) | F2(0.3, m=sf.direction(theta)) | sf.Lead(N)
        rings = sf.Analogy(sf.solve(stack)).rings[1:3]
        assert [ring.pinned for ring in rings] == [pinned, pinned]
        assert all(pull(ring, "contact") is not None for ring in rings)


# --- cords ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("l", [0.2, 3.0, 40.0, np.inf])
def test_attraction_and_slack_of_a_cord(l):
    """The attraction is -kappa times the integral of mu_s; without it the cord is straight."""
    metal = sf.NormalMetal(D=8.0, l=l)
    stack = F1(1.0, m=sf.direction(0)) | metal(0.5, name="N") | F2(0.3, m=sf.direction(100))
    solution = sf.solve(stack)
    cord = sf.Analogy(solution).cords[1]
    x = solution.stack.x[1] + 0.5 * (GAUSS + 1) / 2
    integral = 0.25 * WEIGHTS @ solution.spin_potential(x)
    kappa = metal.D / (2 * l**2)
    scale = np.abs(cord.tension_left).max()
    np.testing.assert_allclose(cord.attraction, -kappa * integral, rtol=0, atol=1e-12 * scale)
    chord = np.linalg.norm(cord.curve[-1] - cord.curve[0])
    if np.isinf(l):
        assert cord.slack <= 1e-14 * chord
    else:
        # length of the curve from the tension: mu_s' = -(2/D) j_s
        speed = np.linalg.norm(solution.spin_current(x), axis=1) * 2 / metal.D
        assert cord.slack == pytest.approx(0.25 * WEIGHTS @ speed - chord, rel=2e-3)
        assert cord.slack > 0


def test_more_relaxation_stiffens_the_cord_and_hangs_it_lower():
    cords = []
    for l in (10.0, 1.0, 0.3):
        stack = F1(1.0, m=sf.direction(0)) | sf.NormalMetal(D=8.0, l=l)(0.5)
        cords.append(sf.Analogy(sf.solve(stack | F2(0.3, m=sf.direction(100)))).cords[1])
    assert cords[0].stiffness < cords[1].stiffness < cords[2].stiffness
    relative = [c.slack / np.linalg.norm(c.curve[-1] - c.curve[0]) for c in cords]
    assert relative[0] < relative[1] < relative[2]


# --- energies -------------------------------------------------------------------------------------


@pytest.mark.long
@settings(max_examples=200)
@given(stacks(decades=(-3, 2)).filter(has_sink), st.sampled_from([1.0, -2.0]))
def test_energies_of_the_solution(stack, j0):
    """``a(mu, mu) = f(mu) = 2 j0^2 dr``, so S is its constant less j0^2 dr."""
    solution = sf.solve(stack, j0)
    energy = sf.Analogy(solution).energy
    work = j0**2 * solution.spin_resistance
    # dr keeps its digits where single terms cancel: compare with what is added up
    scale = 1e-10 * (energy.elastic + energy.attraction)
    assert energy.elastic + energy.attraction == pytest.approx(work, rel=1e-9, abs=scale)
    assert energy.driving == pytest.approx(-2 * work, rel=1e-9, abs=1e-10 * energy.constant)
    constant = sum(
        (layer.material.p * j0) ** 2 * layer.thickness / layer.material.D
        for layer in stack.layers
        if layer.is_ferromagnet
    )
    assert energy.constant == pytest.approx(constant, rel=1e-12, abs=0)
    assert energy.total == pytest.approx(constant - work, rel=1e-9, abs=1e-9 * (constant + work))


NODES = {"own": [0.0, 0.13, 0.5, 0.77, 1.0], "uniform": np.linspace(0, 1, 4)}


@pytest.mark.parametrize("method", ["condensed", "saddle"])
@pytest.mark.parametrize("degree", [1, 2, 3, 7, 12, 20])
@pytest.mark.parametrize("mesh", [1, 2, 5, "own", "uniform"])
def test_energies_are_those_of_the_field_that_was_found(mesh, degree, method):
    """``a(mu_h, mu_h) = f(mu_h)`` holds on any mesh, and S is then above its least."""
    pieces = [F1(3.0, m=sf.direction(0)), N(4.0), F2(1.2, m=sf.direction(100)), sf.Lead(N)]
    stack, exact = sf.Stack(pieces), sf.analytic.solve(sf.Stack(pieces), 2.0)
    if isinstance(mesh, str):
        stack = sf.Stack(
            [sf.Layer(e.material, e.thickness, m=e.m, nodes=NODES[mesh]) for e in pieces[:3]]
            + pieces[3:]
        )
    elements = None if isinstance(mesh, str) else mesh
    solution = sf.solve(stack, 2.0, degree=degree, elements=elements, method=method)
    found, least = sf.Analogy(solution).energy, sf.Analogy(exact).energy
    work = 4 * solution.spin_resistance
    # a few hundred operations, and what differentiation adds: degree^2 roundings
    assert found.elastic + found.attraction == pytest.approx(work, rel=1e-12)
    assert found.driving == pytest.approx(-2 * work, rel=1e-12)
    assert found.total >= least.total - 1e-12 * least.constant
    assert found.total - least.total == pytest.approx(
        4 * (exact.spin_resistance - solution.spin_resistance), rel=1e-9, abs=1e-12 * work
    )
    of = sf.Analogy(solution).energy_of(
        lambda i, xi: solution.transport.field(i).evaluate(xi[:, None])[0][:, 0] * 2.0
    )
    np.testing.assert_allclose(of, found, rtol=1e-9)


@pytest.mark.parametrize("thickness", [1e-3, 1e-6, 1e-9, 1e-12])
def test_energies_of_thin_layers(thickness):
    for theta in (0.0, 60.0, 180.0):
        stack = F1(thickness, m=sf.direction(0)) | N(thickness) | F2(2.0, m=sf.direction(theta))
        solution = sf.solve(sf.SpinBlocking() | stack)
        energy = sf.Analogy(solution).energy
        assert energy.elastic + energy.attraction == pytest.approx(
            solution.spin_resistance, rel=1e-11
        )


def test_slope_of_a_layer_called_like_a_lead():
    """Its rings are told by their places."""
    pieces = [N(0.3), F2(0.5, m=sf.direction(80.0), name="left lead"), N(0.4), F1(1.0, m=(1, 0, 0))]
    stack = sf.Lead(F1, m=sf.direction(20.0)) | sf.Stack(pieces)
    slopes = [
        sf.Analogy(sf.solve(s)).resistance_slope(name, (0, 1, 0))
        for s, name in ((stack, "left lead"), (stack.replace("left lead", name="free"), "free"))
    ]
    assert slopes[0] == slopes[1]


@pytest.mark.long
@settings(max_examples=100)
@given(
    stacks(decades=(-2, 1), contacts=False).filter(has_sink),
    st.lists(st.floats(-0.9, 0.9), min_size=10, max_size=10),
    st.sampled_from([1.0, 0.03, -0.3]),
)
def test_the_functional_is_least_at_the_solution(stack, polarizations, step):
    """Another set of p gives an admissible field: S grows by the energy of the difference."""
    solution, p = sf.solve(stack), iter(polarizations)

    def other(piece):
        if getattr(piece, "m", None) is None:
            return piece
        metal = sf.Ferromagnet(D=piece.material.D, l=piece.material.l, p=next(p))
        if isinstance(piece, sf.Lead):
            return sf.Lead(metal, m=piece.m)
        return metal(piece.thickness, m=piece.m, name=piece.name)

    trial = sf.solve(sf.Stack([other(piece) for piece in stack.elements]))

    def at(one, layer, xi):
        return one.transport.evaluate(layer, xi[:, None]).spin_potential[:, 0]

    def field(layer, xi):
        mu = at(solution, layer, xi)
        return mu + step * (at(trial, layer, xi) - mu)

    analogy = sf.Analogy(solution)
    least, more = analogy.energy, analogy.energy_of(field)
    difference = sf.Analogy(solution).energy_of(
        lambda layer, xi: step * (at(trial, layer, xi) - at(solution, layer, xi))
    )
    added = difference.elastic + difference.attraction
    size = least.constant + least.elastic + least.attraction + more.elastic + more.attraction
    assert more.total - least.total == pytest.approx(added, rel=1e-6, abs=1e-9 * size)
    assert more.total >= least.total - 1e-10 * size
    np.testing.assert_allclose(
        analogy.energy_of(lambda layer, xi: at(solution, layer, xi)), least, atol=1e-9 * size
    )


def test_a_bump_in_one_layer_raises_the_functional_by_its_own_energy():
    stack = F1(1.0, m=sf.direction(0)) | N(0.5) | F2(0.3, m=sf.direction(100))
    solution = sf.solve(stack)
    analogy, bump = sf.Analogy(solution), 0.01 * np.array([0.3, -1.0, 0.2])

    def field(layer, xi):
        mu = solution.transport.evaluate(layer, xi[:, None]).spin_potential[:, 0]
        return mu + (layer == 1) * np.sin(np.pi * xi)[:, None] * bump

    # integrals of cos^2 and sin^2 are 1/2
    kappa = N.D / (2 * N.l**2)
    added = (N.D / 4 * (np.pi / 0.5) ** 2 + kappa / 2) * 0.5 / 2 * (bump @ bump)
    assert analogy.energy_of(field).total - analogy.energy.total == pytest.approx(added, rel=1e-9)


# --- resistance -----------------------------------------------------------------------------------


@settings(max_examples=60)
@given(stacks(max_ferromagnets=4, contacts=False, decades=(-2, 1)).filter(has_sink), st.data())
def test_slope_of_the_resistance_is_the_work_of_the_torque(stack, data):
    solution = sf.solve(stack)
    name = data.draw(st.sampled_from(solution.ferromagnets))
    magnetic = [getattr(e, "m", None) is not None for e in stack.elements]
    assume((True, True) not in itertools.pairwise(magnetic))
    axis = np.array([0.3, -0.5, 0.8]) / np.linalg.norm([0.3, -0.5, 0.8])
    slope = sf.Analogy(solution).resistance_slope(name, 7.0 * axis)
    m, h = stack.elements[stack.position(name)].m, 1e-4
    turned = [
        np.cos(a) * m + np.sin(a) * np.cross(axis, m) + (1 - np.cos(a)) * (axis @ m) * axis
        for a in (-2 * h, -h, h, 2 * h)
    ]
    dr = sf.solve(stack.replace(name, m=np.array(turned))).spin_resistance
    numeric = (dr[0] - 8 * dr[1] + 8 * dr[2] - dr[3]) / (12 * h)
    # rounding of dr over the step; sharp peaks near 0 and 180 degrees are not resolved by it
    m_all = [e.m for e in stack.elements if getattr(e, "m", None) is not None]
    sharp = min((np.linalg.norm(np.cross(a, b)) for a, b in itertools.pairwise(m_all)), default=1.0)
    assume(sharp > 0.05 or sharp == 0.0)
    scale = np.abs(dr).max()
    assert slope == pytest.approx(numeric, rel=1e-4, abs=1e-9 * scale)


# --- errors ---------------------------------------------------------------------------------------


def test_errors():
    with pytest.raises(ValueError, match=r"single stack, got a batch of shape \(3,\)"):
        sf.Analogy(sf.solve(valve([0.0, 1.0, 2.0])))
    with pytest.raises(TypeError, match="must be a Solution"):
        sf.Analogy(valve())
    analogy = sf.Analogy(sf.solve(valve()))
    with pytest.raises(ValueError, match="must be a ferromagnet"):
        analogy.resistance_slope("spacer", (0, 1, 0))
    with pytest.raises(ValueError, match="axis"):
        analogy.resistance_slope("free", (0, 0, 0))
    with pytest.raises(ValueError, match=r"axis must be one vector"):
        analogy.resistance_slope("free", np.eye(3))
    with pytest.raises(ValueError, match="j0 must not be zero"):
        sf.Analogy(sf.solve(valve(), 0.0)).resistance_slope("free", (0, 1, 0))
    touching = F1(1.0, m=(0, 0, 1), name="a") | F2(1.0, m=(0, 0, -1), name="b")
    with pytest.raises(ValueError, match="dr jumps"):
        sf.Analogy(sf.solve(touching)).resistance_slope("a", (0, 1, 0))
    with pytest.raises(ValueError, match="different ferromagnets"):
        analogy.spacer("free", "free")
