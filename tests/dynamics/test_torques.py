"""Torques as a function of directions, and the spins that moving magnets pump."""

import dataclasses
import itertools
import re
import warnings

import extremes
import numpy as np
import pytest
from strategies import contact_amplification

import spinfem as sf
from spinfem.constants import CONDUCTANCE_QUANTUM, GAMMA, TORQUE_PER_SPIN_CURRENT
from spinfem.dynamics.system import frame_across

SEED = 5
HBAR, E = 2 * TORQUE_PER_SPIN_CURRENT * 1.602176634e-19, 1.602176634e-19
FREE = sf.Magnet(8e5, alpha=0.01)

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9)
WEAK = dataclasses.replace(Py, lambda_J=1e-9, lambda_phi=2e-9)
JOINT = sf.Interface(0.5e-15, gamma=0.5, mixing=6e14 + 1e13j)


def directions(rng, *shape):
    m = rng.normal(size=(*shape, 3))
    return m / np.linalg.norm(m, axis=-1, keepdims=True)


def valve(**numbers):
    """Two strong ferromagnets, one of them behind mixing conductances."""
    d = numbers.get("thickness", 4e-9)
    stack = Co(8e-9, m=sf.direction(0), name="fixed") | Cu(10e-9) | JOINT
    return sf.Lead(Cu) | stack | Py(d, m=sf.direction(60), name="free") | JOINT | sf.Lead(Cu)


def three(rng):
    """Three ferromagnets, one of them with exchange lengths, one behind a mixing conductance."""
    a, b, c = directions(rng, 3)
    stack = WEAK(3e-9, m=a, name="a") | Cu(5e-9) | JOINT | Py(4e-9, m=b, name="b")
    return sf.Lead(Cu) | Cu(2e-9) | stack | Cu(3e-9) | Co(4e-9, m=c, name="c") | Cu(4e-9)


def check(model, numbers):
    """Torques are those of `solve`, of one stack and in many directions."""
    for number in numbers:
        rng = np.random.default_rng([SEED, number])
        stack = extremes.extreme(rng, model)
        magnetic = [getattr(element, "m", None) is not None for element in stack.elements]
        if any(joint and all(pair) for joint, *pair in zip(stack.joints, magnetic, magnetic[1:])):
            with pytest.raises(ValueError, match="turn as one"):
                sf.TorqueFunction(stack)
            continue
        with np.errstate(all="ignore"):
            torque = sf.TorqueFunction(stack)
            own = np.array([stack.elements[stack.position(name)].m for name in torque.names])
            ways = np.concatenate([own[None], directions(rng, 3, len(torque.names))])
            found = torque(ways)
            for m, one in zip(ways, found):
                turned = stack
                for name, way in zip(torque.names, m):
                    turned = turned.replace(name, m=way)
                expected = sf.solve(turned).torques
                scale = max(np.abs(expected).max(), TORQUE_PER_SPIN_CURRENT)  # of p j0
                scale *= contact_amplification(turned)
                np.testing.assert_allclose(one, expected, rtol=0, atol=1e-13 * scale)


@pytest.mark.parametrize("model", extremes.MODELS)
def test_torques_are_those_of_a_solution(model):
    check(model, range(3))


@pytest.mark.long
@pytest.mark.parametrize("model", extremes.MODELS)
def test_torques_are_those_of_a_solution_of_many(model):
    check(model, range(3, 60))


def test_batches_of_stacks_and_of_directions():
    rng = np.random.default_rng(1)
    d = np.array([2e-9, 4e-9, 7e-9])
    torque, ways = sf.TorqueFunction(valve(thickness=d)), directions(rng, 13, 3, 2)
    assert (torque.names, torque.shape) == (("fixed", "free"), (3,))
    found = torque(ways)
    for i in range(3):
        alone = sf.TorqueFunction(valve(thickness=d[i]))
        np.testing.assert_allclose(found[:, i], alone(ways[:, i]), rtol=1e-13, atol=0)
        np.testing.assert_allclose(torque(ways[:, i, None])[:, i], found[:, i], rtol=1e-14, atol=0)
    assert np.array_equal(
        sf.TorqueFunction(valve(), threads=2)(ways), sf.TorqueFunction(valve())(ways)
    )


def test_without_numba(monkeypatch):
    rng = np.random.default_rng(2)
    for stack in (valve(), three(rng)):
        ways = directions(rng, 6, len(sf.TorqueFunction(stack).names))
        fast = sf.TorqueFunction(stack)(ways)
        with monkeypatch.context() as patch:
            patch.setattr("spinfem.numerics.kernels.kernels", lambda *_, **__: None)
            slow = sf.TorqueFunction(stack)(ways)
        np.testing.assert_allclose(slow, fast, rtol=0, atol=1e-14 * np.abs(fast).max())


def test_groups_turn_as_one():
    F = Co(2e-9, m=sf.direction(0), name="first", group="free")
    stack = sf.Lead(Cu) | Co(8e-9, m=sf.direction(0), name="fixed") | Cu(5e-9) | F | Cu(1e-10)
    stack = stack | Py(2e-9, m=sf.direction(0), name="second", group="free") | sf.Lead(Cu)
    torque = sf.TorqueFunction(stack)
    ways = directions(np.random.default_rng(3), 2)
    assert torque.names == ("fixed", "free")
    turned = stack.replace("fixed", m=ways[0]).replace("free", m=ways[1])
    np.testing.assert_allclose(torque(ways), sf.solve(turned).torques, rtol=1e-13, atol=0)


def test_contacts():
    F = Co(2e-9, m=sf.direction(0), name="a") | Py(3e-9, m=sf.direction(90), name="b")
    torque = sf.TorqueFunction(sf.Lead(Cu) | F | sf.Lead(Cu))
    ways = directions(np.random.default_rng(4), 3, 2)
    a, b = np.moveaxis(ways, 1, 0)
    turned = sf.Lead(Cu) | Co(2e-9, m=a, name="a") | Py(3e-9, m=b, name="b") | sf.Lead(Cu)
    np.testing.assert_allclose(torque(ways), sf.solve(turned).torques, rtol=1e-14, atol=0)


@pytest.mark.long
@pytest.mark.parametrize("stack", [valve(), three(np.random.default_rng(6))], ids=["two", "three"])
def test_jacobian(stack):
    """Against differences of the function; nothing changes along m."""
    torque = sf.TorqueFunction(stack)
    count, step = len(torque.names), 1e-6
    m = directions(np.random.default_rng(7), count)
    slope, expected = torque.jacobian(m), np.empty((count, 3, count, 3))
    for j, b in np.ndindex(count, 3):
        way = np.zeros((count, 3))
        way[j, b] = step
        expected[:, :, j, b] = (torque(m + way) - torque(m - way)) / (2 * step)
    np.testing.assert_allclose(slope, expected, rtol=0, atol=1e-9 * np.abs(slope).max())
    np.testing.assert_allclose(
        np.einsum("iajb,jb->iaj", slope, m), 0, atol=1e-14 * np.abs(slope).max()
    )


def test_resistance():
    torque, m = sf.TorqueFunction(valve()), directions(np.random.default_rng(8), 4, 2)
    for way, found in zip(m, torque.resistance(m)):
        turned = valve().replace("fixed", m=way[0]).replace("free", m=way[1])
        assert found == pytest.approx(sf.solve(turned).resistance, rel=1e-13)


def test_no_sink_in_some_directions():
    N, F = sf.NormalMetal(D=1.0, l=np.inf), sf.Ferromagnet(D=1.0, l=np.inf, p=0.5)
    layers = F(1.0, m=(0, 0, 1), name="a") | N(1.0) | F(1.0, m=(1, 0, 0), name="b")
    torque = sf.TorqueFunction(sf.SpinBlocking() | layers | sf.SpinBlocking())
    assert np.isfinite(torque([(0, 0, 1), (0, 1, 0)])).all()
    with pytest.raises(ValueError, match="no spin sink"):
        torque([(0, 0, 1), (0, 0, 1)])


BAD = [
    (
        valve(),
        [(0, 0, 1)],
        r"m must have shape (..., 2, 3), a direction of fixed, free, got (1, 3)",
    ),
    (valve(), [(0, 0, 1), (0, 0, 0)], "m must be a nonzero vector"),
    (valve(thickness=[1e-9, 2e-9]), np.ones((3, 2, 3)), "m must broadcast with the stack's batch"),
]


@pytest.mark.parametrize(("stack", "m", "message"), BAD)
def test_bad_directions(stack, m, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        sf.TorqueFunction(stack)(m)


def test_stacks_that_are_no_function_of_directions():
    with pytest.raises(ValueError, match="with a ferromagnet, got none"):
        sf.TorqueFunction(sf.Stack([Cu(1e-9)]))
    driven = sf.Reservoir((0, 0, 1e-6)) | Cu(1e-9) | Co(1e-9, m=(0, 0, 1)) | Cu(1e-9)
    with pytest.raises(ValueError, match="a torque function must be of what j0 drives alone"):
        sf.TorqueFunction(driven)


# --- spin pumping ------------------------------------------------------------------------------


@pytest.mark.parametrize("imaginary", [0.0, 0.3])
@pytest.mark.parametrize("g", [5e18, 2e19, None])
@pytest.mark.parametrize("d", [1e-9, 10e-9, 300e-9])
@pytest.mark.parametrize(("rho", "l"), [(6e-9, 450e-9), (4e-8, 1.4e-9), (2e-6, 2e-9)])
def test_damping_of_a_film_beside_a_metal(rho, l, d, g, imaginary):
    """With backflow: Tserkovnyak, Brataas and Bauer, PRB 66, 224403 (2002); Cu, Pt, Ta.

    ``alpha_sp = gamma hbar^2 G/(2 e^2 M_s t)``, ``1/G = 1/G_mix + 1/(G_N tanh(d/l))``. The
    imaginary part of G is in the precession.
    """
    metal = sf.NormalMetal.from_resistivity(rho, l=l)
    layers = sf.SpinBlocking() | Py(4e-9, m=(0, 0, 1), name="free")
    G = np.tanh(d / l) / (2 * rho * l)
    if g is not None:
        mixing = g * CONDUCTANCE_QUANTUM * (1 + 1j * imaginary)
        layers, G = layers | sf.Interface(0.0, mixing=mixing), 1 / (1 / mixing + 1 / G)
    system = sf.Dynamics(layers | metal(d) | sf.SpinBlocking(), {"free": sf.Magnet(8e5)})
    expected = GAMMA * HBAR**2 * G / (2 * E**2 * 8e5 * 4e-9)
    found = system.damping("free")
    scale = abs(expected)
    np.testing.assert_allclose(np.diag(found), np.real(expected), rtol=0, atol=1e-9 * scale)
    np.testing.assert_allclose(abs(found[0, 1]), abs(np.imag(expected)), rtol=0, atol=1e-9 * scale)
    assert found[0, 1] == pytest.approx(-found[1, 0], abs=1e-12 * scale)


def test_damping_over_the_angle():
    """Tserkovnyak, Brataas and Bauer, PRB 67, 140404(R) (2003), of a spacer without relaxation.

    ``alpha(theta) = alpha' (1 - nu sin^2/(1 - nu^2 cos^2))`` of motion in the plane of both m,
    ``nu = (G_r - G*)/(G_r + G*)`` with G* of the ferromagnet.
    """
    G, thin = 4e14, 1e-12
    l, rho, d = 5.5e-9, 291e-9, 200e-9
    F = sf.Ferromagnet.from_valet_fert(rho, beta=0.3, l=l)
    face = sf.Interface(0.0, mixing=G)
    N = sf.NormalMetal(D=1e10, l=1.0)
    theta = np.array([0.0, 10.0, 45.0, 80.0, 90.0, 135.0, 180.0])
    fixed, free = F(d, m=sf.direction(0), name="fixed"), F(d, m=sf.direction(theta), name="free")
    stack = sf.SpinBlocking() | fixed | face | N(thin) | face | free | sf.SpinBlocking()
    system = sf.Dynamics(stack, {"free": sf.Magnet(8e5)})
    found = system.damping("free")
    own = np.tanh(d / l) / (2 * rho * l)  # of the ferromagnet along m, in the same units as G
    c, s = np.cos(np.radians(theta)), np.sin(np.radians(theta))
    nu = (G - own) / (G + own)
    alone = GAMMA * HBAR**2 * (G / 2) / (2 * E**2 * 8e5 * d)
    m = sf.direction(theta)
    frames = frame_across(m)
    in_plane = np.stack([c, 0 * c, -s], axis=-1)
    ways = np.einsum("nab,nb->na", frames, in_plane)
    alpha = np.einsum("na,nab,nb->n", ways, found, ways)
    across = np.einsum("na,nab,nb->n", ways[:, ::-1] * [1, -1], found, ways[:, ::-1] * [1, -1])
    np.testing.assert_allclose(across, alone * (1 - nu * s**2 / (1 - nu**2 * c**2)), rtol=1e-6)
    np.testing.assert_allclose(alpha, alone, rtol=1e-6)


def test_two_equal_layers_move_in_phase_and_against_each_other():
    """In phase they lose only what relaxes between them, against each other far more."""
    rho, l, d = 6e-9, 450e-9, 10e-9
    N, G = sf.NormalMetal.from_resistivity(rho, l=l), 6e14
    face = sf.Interface(0.0, mixing=G)
    one, two = Py(4e-9, m=(0, 0, 1), name="a"), Py(4e-9, m=(0, 0, 1), name="b")
    stack = sf.SpinBlocking() | one | face | N(d) | face | two | sf.SpinBlocking()
    system = sf.Dynamics(stack, {"a": sf.Magnet(8e5), "b": sf.Magnet(8e5)})
    K = system.per_torque[:, None, None, None] * system.pumped(system.directions())
    way = np.array([1.0, 0.0, 0.0])
    own, other = (K[0, :, j] @ way for j in (0, 1))
    unit = GAMMA * HBAR**2 / (2 * E**2 * 8e5 * 4e-9)
    shunt, through = np.tanh(d / (2 * l)) / (2 * rho * l), 1 / (np.tanh(d / (2 * l)) * 2 * rho * l)
    for sign, expected in ((1, shunt), (-1, through)):
        alpha = np.cross(way, own + sign * other)[2]  # K v = alpha m x v
        assert abs(alpha) == pytest.approx(unit / (1 / G + 1 / expected), rel=1e-9)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_motion_loses_and_what_it_pumps_is_mutual(seed):
    """K is symmetric and negative where nothing precesses: no magnet gains by another's motion."""
    rng = np.random.default_rng([9, seed])
    still = dataclasses.replace(WEAK, lambda_J=np.inf)
    real = dataclasses.replace(JOINT, mixing=6e14)
    a, b, c = directions(rng, 3)
    layers = still(3e-9, m=a, name="a") | Cu(5e-9) | real | Py(4e-9, m=b, name="b") | Cu(3e-9)
    layers = sf.Lead(Cu) | Cu(1e-9) | layers | Co(4e-9, m=c, name="c") | Cu(4e-9)
    system = sf.Dynamics(layers | sf.Lead(Cu), dict.fromkeys("abc", FREE))
    m = system.directions()
    form = lost(system.pumped(m), m)
    assert np.abs(form - form.T).max() < 1e-13 * np.abs(form).max()
    assert np.linalg.eigvalsh(form).min() >= -1e-14 * np.abs(form).max()


def lost(K, m):
    """The form of damping, of turns about directions across m.

    Damping is ``T = A m x v``, with ``m x v = omega`` of ``v = omega x m``: this is A.
    """
    frames = frame_across(m)
    turns = np.cross(frames, m[:, None])
    return np.einsum("iax,ixjy,jby->iajb", frames, K, turns).reshape(2 * len(m), -1)


def test_what_meets_no_resistance():
    F = Co(2e-9, m=(0, 0, 1), name="free")
    for stack, what in (
        (sf.Stack([F, Cu(1e-9)]), "a reservoir"),
        (sf.Reservoir() | Cu(1e-9) | F, "a reservoir"),
    ):
        with pytest.raises(ValueError, match=f"got one in contact with {what}"):
            sf.Dynamics(stack, {"free": FREE})
        assert sf.Dynamics(stack, {"free": FREE}, pumping=False).damping("free")[0, 0] == 0.01
    behind = sf.Reservoir() | sf.Interface(0.0, mixing=3e14) | F | sf.SpinBlocking()
    found = sf.Dynamics(behind, {"free": sf.Magnet(8e5)}).damping("free")
    expected = GAMMA * HBAR**2 * 3e14 / (2 * E**2 * 8e5 * 2e-9)
    np.testing.assert_allclose(found, expected * np.eye(2), rtol=1e-12, atol=1e-12 * expected)


def without_precession(stack):
    """The same with real mixing conductances, and with dephasing alone."""
    pieces = []
    for piece in stack.pieces:
        if isinstance(piece, sf.Interface) and piece.mixing is not None:
            piece = dataclasses.replace(piece, mixing=complex(piece.mixing).real)
        metal = getattr(piece, "material", None)
        if getattr(metal, "lambda_J", None) is not None:
            length = metal.lambda_phi or metal.lambda_J
            metal = dataclasses.replace(metal, lambda_J=None, lambda_phi=length)
            piece = dataclasses.replace(piece, material=metal)
        pieces.append(piece)
    return sf.Stack(pieces)


def check_that_motion_loses(numbers):
    """What random stacks of every model pump is mutual, and takes energy; how many there were."""
    count, refused = 0, []
    for number, model in itertools.product(numbers, ("plain", "interfaces", "mixing", "exchange")):
        rng = np.random.default_rng([11, number])
        stack = without_precession(extremes.extreme(rng, model))
        names = [layer.name for layer in stack.layers if layer.is_ferromagnet]
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore", sf.UnitWarning)  # of plain numbers
                system = sf.Dynamics(stack, dict.fromkeys(names, FREE))
                m = directions(rng, len(names))
                system.turning.check_moving(system.whole(m)[0])
                K = system.pumped(m)
        except ValueError as error:
            refused.append(str(error))
            continue
        form = lost(K, m)
        scale = np.abs(form).max()
        assert np.abs(form - form.T).max() <= 1e-7 * scale
        assert np.linalg.eigvalsh(form).min() >= -1e-7 * scale
        count += 1
    reasons = "in contact|must move|must be separated|pumping=False"
    assert all(re.search(reasons, message) for message in refused)
    return count


@pytest.mark.long
def test_motion_of_random_stacks_loses():
    assert check_that_motion_loses(range(4)) > 5


@pytest.mark.long
def test_motion_of_many_random_stacks_loses():
    assert check_that_motion_loses(range(120)) >= 200


@pytest.mark.parametrize("end", [sf.Lead(Cu), sf.Lead(Co, m=(0, 1, 0))], ids=["normal", "magnetic"])
@pytest.mark.parametrize("group", [None, "g"])
def test_collinear_magnets_in_contact(end, group):
    """Held ones, by themselves or as one group: a contact of lines is not one of planes."""
    d = (0, 1, 0)
    pinned = Co(3e-9, m=d, name="c", group=group) | Py(5e-9, m=d, name="e", group=group)
    free = Cu(10e-9) | Py(4e-9, m=sf.direction(60), name="free") | Cu(2e-9)
    for stack in (sf.Lead(Cu) | free | pinned | end, end | pinned | free | sf.Lead(Cu)):
        system = sf.Dynamics(stack, {"free": FREE})
        ways = directions(np.random.default_rng(3), 5, 1)
        found = system.torque(ways)[:, 0]
        expected = sf.solve(stack.replace("free", m=ways[:, 0])).torque("free")
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize("metal", [Py, WEAK], ids=["strong", "exchange"])
def test_layers_of_a_group_in_contact_are_one_layer(metal):
    """What they pump too."""
    rest = sf.Lead(Cu) | Co(8e-9, m=(0, 0, 1), name="a") | Cu(5e-9)
    m = sf.direction(60)
    one = rest | metal(4e-9, m=m, name="b") | Cu(2e-9) | sf.Lead(Cu)
    both = metal(1e-9, m=m, group="b") | metal(3e-9, m=m, group="b")
    two = rest | both | Cu(2e-9) | sf.Lead(Cu)
    ways = directions(np.random.default_rng(4), 5, 1)
    found, expected = (sf.Dynamics(x, {"b": FREE}).pumped(ways) for x in (two, one))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
