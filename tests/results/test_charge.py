"""Charge: potentials and their jumps, channels, heat, magnetoresistance, the parts of a torque."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from strategies import drifting, samples

import spinfem as sf
from spinfem.fem.mesh import layer_nodes
from spinfem.solvers.meshed import elements_for

many = settings(max_examples=100)
Y, W = np.polynomial.legendre.leggauss(20)


def has_m(piece):
    return getattr(piece, "m", None) is not None


def largest_potential(s):
    """The largest of mu_s and mu_0 at a face, for j0 = 1."""
    kinds = ("spin_potential", "potential")
    sides = ("left", "right")
    names = [f"{kind}_{side}" for kind in kinds for side in sides]
    return max(np.abs(getattr(f, name)).max() for f in s.interfaces for name in names) or 1.0


def decay_rate(metal):
    """1/l_perp of mu_s across m, complex."""
    J, phi = (np.inf if x is None else x for x in (metal.lambda_J, metal.lambda_phi))
    return np.sqrt(2 * metal.relaxation / metal.total_conductivity + phi**-2.0 - 1j * J**-2.0)


def gauss(layer):
    """Positions and weights across a layer, from 0 to 1, for all that decays in it."""
    d, metal = layer.thickness, layer.material
    rates = [1 / metal.l]
    if has_m(layer) and not metal.is_strong:
        rates.append(decay_rate(metal).real)
    nodes = [layer_nodes(np.array([d * q]), int(elements_for(d * q)))[:, 0] for q in rates]
    edges = np.unique(np.concatenate(nodes))
    xi = edges[:-1, None] + np.diff(edges)[:, None] * (Y + 1) / 2
    return xi.ravel(), (np.diff(edges)[:, None] * W / 2).ravel()


def magnet_at(stack, face):
    """The magnet that an interface has its axis from, the left one of two."""
    return next((e for e in stack.elements[face : face + 2] if has_m(e)), None)


# --- the potential -------------------------------------------------------------------------------


@many
@given(samples())
def test_jumps_of_the_potential(stack):
    """mu_0(x-) - mu_0(x+) = j0 AR* (1 - gamma^2) + gamma m.[mu_s]/2; else it is continuous."""
    s = sf.solve(stack, -2.0)
    scale = largest_potential(s)
    for i, (face, joint) in enumerate(zip(s.interfaces, stack.joints)):
        expected = 0.0
        if joint is not None:
            expected = -2.0 * joint.resistance * (1 - joint.gamma**2)
            magnet = magnet_at(stack, i)
            if magnet is not None:
                jump = face.spin_potential_right - face.spin_potential_left
                expected += joint.gamma * (magnet.m @ jump) / 2
        found = face.potential_left - face.potential_right
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-13 * scale)
    assert s.interfaces[-1].potential_right == 0


@pytest.mark.long
@many
@given(samples() | drifting())
def test_inside_layers_the_potential_joins_that_at_their_faces(stack):
    """And falls as eqs. (2), (3) say in between: here in integrated form."""
    s = sf.solve(stack)
    scale = largest_potential(s)
    for i, layer in enumerate(stack.layers):
        found = s.layers[i]
        ends = (s.interfaces[i].potential_right, s.interfaces[i + 1].potential_left)
        for value, expected in zip((found.potential[0], found.potential[-1]), ends):
            assert value == pytest.approx(expected, rel=0, abs=1e-10 * scale)
        x = found.x - found.x[0]
        expected = ends[0] - x / layer.material.total_conductivity
        if has_m(layer):
            along = found.spin_potential @ layer.m
            expected -= layer.material.diffusion_polarization / 2 * (along - along[0])
        np.testing.assert_allclose(found.potential, expected, rtol=0, atol=1e-9 * scale)
        at = s.potential(found.x[1:-1])
        # positions far from 0 are rounded: some digits of a thin layer go
        np.testing.assert_allclose(at, found.potential[1:-1], rtol=0, atol=1e-8 * scale)


@many
@given(samples() | drifting())
def test_voltage(stack):
    """The drop of mu_0 from before the first face to behind the last, and what leads add to it."""
    s = sf.solve(stack, 1.5)
    drop = s.interfaces[0].potential_left
    for end, face, sign in ((stack.left, 0, 1), (stack.right, -1, -1)):
        if has_m(end):
            side = "left" if face == 0 else "right"
            mu = getattr(s.interfaces[face], f"spin_potential_{side}")
            drop += sign * end.material.diffusion_polarization / 2 * (end.m @ mu)
    scale = largest_potential(s)
    assert s.voltage == pytest.approx(drop, rel=1e-12, abs=1e-13 * scale)
    assert s.resistance == pytest.approx(s.voltage / 1.5, rel=1e-12)
    ohmic = sum(layer.thickness / layer.material.total_conductivity for layer in stack.layers)
    ohmic += sum(j.resistance * (1 - j.gamma**2) for j in stack.joints if j)
    assert s.resistance == pytest.approx(ohmic + s.spin_resistance, rel=1e-12)


# --- channels ------------------------------------------------------------------------------------

Cu = sf.NormalMetal(D=4.0, l=2.0)
Co = sf.Ferromagnet(D=1.5, l=0.7, p=0.45)
Py = sf.Ferromagnet(D=0.6, l=0.3, p=0.75)
Weak = sf.Ferromagnet(D=0.8, l=0.9, p=-0.5, lambda_J=0.2, lambda_phi=0.4)
Mixed = sf.interdiffused(Co, Py, width=0.4)


def device(free=Py, theta=70.0):
    return (
        sf.Lead(Cu)
        | Co(0.6, m=sf.direction(0.0), name="fixed")
        | sf.Interface(0.3, gamma=0.6, name="contact")
        | Cu(0.4, name="spacer")
        | free(0.5, m=sf.direction(theta, 20.0), name="free")
        | Cu(0.3)
        | sf.Lead(Py, m=sf.direction(130.0, -40.0), name="end")
    )


@pytest.mark.parametrize("free", [Py, Weak, Mixed], ids=["strong", "weak", "graded"])
def test_channels_conduct_on_their_own(free):
    """j_up = -D_up mu_up', j_down = -D_down mu_down' along m: eq. (3) by differentiation."""
    s = sf.solve(device(free), 3.0)
    for name in ("fixed", "free"):
        layer = s.stack.elements[s.stack.position(name)]
        x0 = s.stack.x[s.stack.position(name) - 1]
        x = x0 + layer.thickness * np.array([0.1, 0.35, 0.5, 0.8])
        h = 1e-3 * layer.thickness
        D, p = layer.material.total_conductivity, layer.material.p
        xi = (x - x0) / layer.thickness
        D, p = (value(xi) if callable(value) else value for value in (D, p))
        j = s.spin_current(x) @ layer.m
        around = [s.channel_potentials(x + n * h, layer.m) for n in (-2, -1, 1, 2)]
        for channel, sign in ((0, 1), (1, -1)):
            v = [potentials[channel] for potentials in around]
            slope = (v[0] - 8 * v[1] + 8 * v[2] - v[3]) / (12 * h)
            conductivity = D * (1 + sign * p) / 2
            # of fourth order, 1e-12 of the fifth derivative; roundings 1e-14/1e-3
            np.testing.assert_allclose(-conductivity * slope, (3.0 + sign * j) / 2, rtol=1e-8)


def test_channels_are_potentials_along_an_axis():
    s = sf.solve(device(), 2.0)
    x, axis = np.array([0.2, 0.6, 1.0, 1.3]), np.array([1.0, -2.0, 2.0])
    for side in ("left", "right", None):
        up, down = s.channel_potentials(x, axis, side=side)
        mu_0, mu = s.potential(x, side=side), s.spin_potential(x, side=side)
        np.testing.assert_allclose((up + down) / 2, mu_0, rtol=1e-14)
        np.testing.assert_allclose(up - down, mu @ axis / 3, rtol=0, atol=1e-14)
    # they jump at the interface with both of its channel resistances, 2 AR* (1 -/+ gamma)
    m, face = sf.direction(0.0), s.interfaces[1]
    before, behind = (s.channel_potentials(face.x, m, side=x) for x in ("left", "right"))
    j = face.spin_current_right @ m
    assert before[0] - behind[0] == pytest.approx(2 * 0.3 * 0.4 * (2.0 + j) / 2, rel=1e-10)
    assert before[1] - behind[1] == pytest.approx(2 * 0.3 * 1.6 * (2.0 - j) / 2, rel=1e-10)
    assert s.channel_potentials(0.5, m)[0].shape == ()
    batch = sf.solve(device(theta=np.array([[0.0], [30.0]])), [1.0, 2.0, 3.0])
    assert batch.channel_potentials(x, m)[1].shape == (2, 3, 4)
    with pytest.raises(ValueError, match="axis"):
        s.channel_potentials(x, (0, 0, 0))


# --- heat ----------------------------------------------------------------------------------------


def heat_of_interfaces(s):
    """AR* (1 - gamma^2) j0^2 + AR* |j_s - gamma j0 m|^2, as the bulk with D -> 1/AR*, p -> gamma.

    Next to a strong ferromagnet, or where there is a mixing conductance, j_s is that along m, and
    the latter puts G_r mu_s^2/2 besides: mu_s falls to 0 across m, and j_s.mu_s/2 is lost.
    """
    total, j0 = 0.0, s.j0
    for i, (face, joint) in enumerate(zip(s.interfaces, s.stack.joints)):
        if joint is None:
            continue
        magnet = magnet_at(s.stack, i)
        strong = magnet is not None and magnet.material.is_strong
        mixes = joint.mixing is not None
        driven = np.zeros(3) if magnet is None else joint.gamma * j0 * magnet.m
        sides = face.spin_current_left, face.spin_current_right
        if strong or mixes:
            sides = [(j @ magnet.m) * magnet.m for j in sides]
        enters, leaves = (j - driven for j in sides)
        total += joint.resistance * (1 - joint.gamma**2) * j0**2
        if joint.delta:  # what comes in of the energy of spins, and does not go out
            total += (face.spin_potential_left @ enters - face.spin_potential_right @ leaves) / 2
        else:
            total += joint.resistance * (enters @ enters)
        if mixes:
            on_left = magnet is s.stack.elements[i]
            mu = face.spin_potential_right if on_left else face.spin_potential_left
            across = mu - (mu @ magnet.m) * magnet.m
            total += joint.mixing.real * (across @ across) / 2
    return total


def heat_of_leads(s):
    """G mu_s^2/2, of what decays in a lead; across m of a weak one with Re D_tot/(2 l_perp).

    And (p - beta_D) j0 m.(j_s - p j0 m)/D, where they differ.
    """
    total = 0.0
    for end, face, side in ((s.stack.left, 0, "left"), (s.stack.right, -1, "right")):
        if not isinstance(end, sf.Lead):
            continue
        mu, metal = getattr(s.interfaces[face], f"spin_potential_{side}"), end.material
        across = np.zeros(3)
        if has_m(end) and not metal.is_strong:
            across = mu - (mu @ end.m) * end.m
            slow = metal.total_conductivity / 2 * decay_rate(metal)
            total += slow.real * (across @ across) / 2
        along = mu - across
        total += metal.stiffness * (along @ along) / 2
        if has_m(end):
            falls = (end.m @ mu) * (1 if face == -1 else -1)
            total += (metal.p - metal.diffusion_polarization) * s.j0 * falls / 2
    return total


def heat_of_layers(s):
    total = 0.0
    for i, layer in enumerate(s.stack.layers):
        xi, weights = gauss(layer)
        heat = s.transport.dissipation(i, xi[:, None])[:, 0] * s.j0**2
        total += layer.thickness * (weights @ heat)
    return total


@many
@given(samples() | drifting())
def test_heat_is_current_times_voltage(stack):
    s = sf.solve(stack, -1.5)
    heat = heat_of_layers(s) + heat_of_interfaces(s) + heat_of_leads(s)
    # dr has but an absolute accuracy where it is a small difference of mu_s
    scale = 1.5 * largest_potential(s)
    assert heat == pytest.approx(s.j0 * s.voltage, rel=1e-8, abs=1e-10 * scale)


@many
@given(samples())
def test_heat_inside_a_layer(stack):
    """Both channels' j^2/D, what crosses m with D_tot, and mu_s times what is lost of j_s, half."""
    s = sf.solve(stack, 0.5)
    for layer, piece in zip(s.layers, stack.layers):
        metal, mu, j = piece.material, layer.spin_potential, layer.spin_current
        kappa = metal.relaxation
        if not has_m(piece):
            expected = (0.25 + np.sum(j**2, axis=1)) / metal.D + kappa / 2 * np.sum(mu**2, axis=1)
        else:
            m, p, D = piece.m, metal.p, metal.total_conductivity
            up, down = (0.5 + j @ m) / 2, (0.5 - j @ m) / 2
            # where p is close to 1 one channel hardly conducts, and little flows in it
            expected = up**2 / (D * (1 + p) / 2) + down**2 / (D * (1 - p) / 2)
            expected = expected + kappa / 2 * np.sum(mu**2, axis=1)
            if not metal.is_strong:
                across, mu_across = (v - (v @ m)[:, None] * m for v in (j, mu))
                phi = np.inf if metal.lambda_phi is None else metal.lambda_phi
                expected = expected + np.sum(across**2, axis=1) / D
                expected = expected + D / 4 * phi**-2.0 * np.sum(mu_across**2, axis=1)
        assert layer.dissipation.shape == layer.x.shape
        assert (layer.dissipation >= 0).all()
        # differences of currents, which are right to 1e-15 of the largest
        tolerance = 1e-12 * np.abs(expected).max()
        np.testing.assert_allclose(layer.dissipation, expected, rtol=1e-9, atol=tolerance)


def test_heat_of_a_graded_layer_and_of_batches():
    s = sf.solve(device(Mixed, theta=np.array([[10.0], [100.0]])), np.array([1.0, -2.0, 3.0]))
    layer = s.layer("free")
    assert layer.dissipation.shape == (2, 3, layer.x.size)
    np.testing.assert_allclose(layer.dissipation[:, 1], 4 * layer.dissipation[:, 0], rtol=1e-13)
    one = sf.solve(device(Mixed, theta=100.0), 3.0)
    np.testing.assert_allclose(one.layer("free").dissipation, layer.dissipation[1, 2], rtol=1e-9)
    xi = (layer.x - layer.x[0]) / 0.5
    D, l, p = (value(xi) for value in (Mixed.D, Mixed.l, Mixed.p))
    mu, j, m = layer.spin_potential[1, 2], layer.spin_current[1, 2], sf.direction(100.0, 20.0)
    flow = j @ m - 3.0 * p
    expected = 9 * (1 - p**2) / D + flow**2 / D + D / (4 * l**2) * np.sum(mu**2, axis=1)
    np.testing.assert_allclose(layer.dissipation[1, 2], expected, rtol=1e-10)
    # integrated, with the other layers and leads, it is the power
    edges = layer_nodes(np.array([0.5]), 16)[:, 0]
    y = (edges[:-1, None] + np.diff(edges)[:, None] * (Y + 1) / 2).ravel()
    weights = (np.diff(edges)[:, None] * W / 2).ravel()
    total = heat_of_interfaces(one) + heat_of_leads(one)
    for i, piece in enumerate(one.stack.layers):
        heat = one.transport.dissipation(i, y[:, None])[:, 0] * 9
        total += piece.thickness * (weights @ heat)
    assert total == pytest.approx(3.0 * one.voltage, rel=1e-10)


# --- magnetoresistance ---------------------------------------------------------------------------


def test_magnetoresistance_compares_two_configurations():
    parallel = device(theta=0.0).replace("free", m=sf.direction(0.0))
    found = sf.magnetoresistance(parallel, {"free": sf.direction(180.0)})
    before = sf.solve(parallel).resistance
    after = sf.solve(parallel.replace("free", m=-sf.direction(0.0))).resistance
    assert (found.before, found.after) == (before, after)
    assert found.change == after - before
    assert found.ratio == pytest.approx((after - before) / before, rel=1e-14)
    assert found.ratio > 0.01
    # the way back, and two at a time, a lead among them
    back = sf.magnetoresistance(parallel.replace("free", m=sf.direction(180.0)), parallel)
    assert back.change == -found.change
    both = sf.magnetoresistance(parallel, {"free": (0, 0, -1), "end": (0, 1, 0)})
    turned = parallel.replace("free", m=(0, 0, -1)).replace("end", m=(0, 1, 0))
    assert both.after == sf.solve(turned).resistance
    assert sf.magnetoresistance(parallel, {}).ratio == 0


def test_magnetoresistance_of_a_batch():
    angles = np.array([0.0, 60.0, 180.0])
    found = sf.magnetoresistance(device(), {"free": sf.direction(angles, 20.0)})
    assert found.ratio.shape == found.change.shape == (3,)
    for i, theta in enumerate(angles):
        one = sf.magnetoresistance(device(), device(theta=theta))
        assert found.ratio[i] == pytest.approx(one.ratio, rel=1e-10)


@pytest.mark.parametrize(
    ("turned", "error", "message"),
    [
        (5, TypeError, "turned must map names to magnetizations"),
        ({"spacer": (0, 0, 1)}, ValueError, "m "),
        ({"nobody": (0, 0, 1)}, ValueError, "nobody"),
        ({"free": (0, 0, 0)}, ValueError, "m "),
        ({"free": "up"}, TypeError, "m of 'free'"),
        (
            {"contact": (0, 0, 1)},
            ValueError,
            r"must be a ferromagnet \(fixed, free, end\), got 'cont",
        ),
    ],
)
def test_magnetoresistance_refuses(turned, error, message):
    with pytest.raises(error, match=message):
        sf.magnetoresistance(device(), turned)


# --- parts of a torque ---------------------------------------------------------------------------


def valve(mixing=None, theta=70.0, name="b", lambda_J=None):
    free = sf.Ferromagnet(D=0.6, l=0.3, p=0.75, lambda_J=lambda_J)
    joint = [] if mixing is None else [sf.Interface(0.2, gamma=0.3, mixing=mixing)]
    return sf.Stack(
        [
            Co(0.6, m=sf.direction(0.0), name="a"),
            Cu(0.4),
            *joint,
            free(0.5, m=sf.direction(theta, 20.0), name=name),
        ]
    )


@many
@given(samples(max_ferromagnets=3))
def test_parts_of_a_torque_sum_up_and_lie_as_they_should(stack):
    s = sf.solve(stack)
    names = s.ferromagnets
    assume(len(names) >= 2)
    for own in names:
        for other in names:
            if other == own:
                continue
            damping, field = s.torque_parts(own, other)
            torque = s.torque(own)
            scale = np.abs(torque).max()
            np.testing.assert_allclose(damping + field, torque, rtol=0, atol=1e-15 * scale)
            m, q = (s.stack.elements[s.stack.position(n)].m for n in (own, other))
            across = np.cross(m, q)
            sine = np.linalg.norm(across)
            if sine < 1e-6:
                continue
            across = across / sine
            assert abs(damping @ across) <= 1e-14 * scale
            assert np.abs(np.cross(field, across)).max() <= 1e-14 * scale
            if len(names) == 2:
                for one, same in zip(s.torque_parts(own), (damping, field)):
                    np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize("theta", [0.0, 1e-3, 40.0, 90.0, 179.0, 180.0])
def test_transparent_valve_has_damping_like_torques_alone(theta):
    s = sf.solve(valve(theta=theta))
    for name in "ab":
        torque, (damping, field) = s.torque(name), s.torque_parts(name)
        np.testing.assert_allclose(damping, torque, rtol=0, atol=1e-14 * np.abs(torque).max())
        assert np.abs(field).max() <= 1e-14 * np.abs(torque).max()


def test_real_mixing_makes_no_field_like_torque():
    s = sf.solve(valve(1.3))
    for name in "ab":
        damping, field = s.torque_parts(name)
        assert np.abs(field).max() <= 1e-13 * np.abs(damping).max()


def test_field_like_torque_is_odd_in_the_imaginary_mixing():
    """G_i reversed is a reflection at the plane of both m: what is out of it changes its sign."""
    plus, minus = (sf.solve(valve(1.3 + way * 0.4j)) for way in (1, -1))
    for name in "ab":
        (damping, field), (damping_m, field_m) = (s.torque_parts(name) for s in (plus, minus))
        scale = np.abs(damping).max()
        assert np.abs(field).max() > 0.01 * scale
        np.testing.assert_allclose(field_m, -field, rtol=0, atol=1e-13 * scale)
        np.testing.assert_allclose(damping_m, damping, rtol=0, atol=1e-13 * scale)


def test_field_like_torque_of_a_small_imaginary_mixing():
    """Where mu_s is (mu_a, mu_b) in the plane of both m, G_i m x mu_s is the field-like torque."""
    G_i = 1e-6
    s = sf.solve(valve(1.3 + 1j * G_i))
    face, m = s.interfaces[2], sf.direction(70.0, 20.0)
    _, field = s.torque_parts("b")
    mu = face.spin_potential_left
    way = np.cross(m, sf.direction(0.0))
    way /= np.linalg.norm(way)
    # G_r acts on what mu_s itself has out of the plane, of order G_i too
    expected = (G_i * np.cross(m, mu) + 1.3 * mu) @ way
    hbar_2e = 1.054571817e-34 / (2 * 1.602176634e-19)  # rounded at 1e-10
    assert field @ way == pytest.approx(hbar_2e * expected, rel=1e-8)
    assert abs(G_i * np.cross(m, mu) @ way) > 1e-8


def test_precession_makes_a_field_like_torque():
    s = sf.solve(valve(lambda_J=0.2))
    damping, field = s.torque_parts("b")
    assert np.abs(field).max() > 0.05 * np.abs(damping).max()


def test_parts_of_batches():
    theta = np.array([[0.0], [30.0], [180.0]])
    s = sf.solve(valve(1.0 + 0.5j, theta=theta), np.array([1.0, 2.0]))
    damping, field = s.torque_parts("b")
    assert damping.shape == field.shape == (3, 2, 3)
    one = sf.solve(valve(1.0 + 0.5j, theta=30.0), 2.0)
    for found, expected in zip((damping, field), one.torque_parts("b")):
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found[1, 1], expected, rtol=0, atol=1e-11 * scale)
    # collinear ones have none
    assert (field[[0, 2]] == 0).all()


def test_torque_parts_refuse():
    s = sf.solve(device())
    with pytest.raises(ValueError, match="polarizer must be given, one of fixed, end, got None"):
        s.torque_parts("free")
    with pytest.raises(ValueError, match="another ferromagnet than 'free', got the same"):
        s.torque_parts("free", "free")
    with pytest.raises(ValueError, match="'spacer' must be a ferromagnet"):
        s.torque_parts("free", "spacer")
    with pytest.raises(ValueError, match="'spacer' must be a ferromagnet"):
        s.torque_parts("spacer", "free")
    with pytest.raises(ValueError, match="nobody"):
        s.torque_parts("free", "nobody")
    alone = sf.solve(Co(1.0, m=(0, 0, 1), name="a") | Cu(1.0))
    with pytest.raises(ValueError, match="polarizer must be given, one of none, got None"):
        alone.torque_parts("a")
    np.testing.assert_allclose(
        sum(s.torque_parts("free", "end")), s.torque("free"), rtol=1e-14, atol=1e-35
    )
