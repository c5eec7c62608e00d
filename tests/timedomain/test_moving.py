"""Magnetizations that move in time, against what stands still, turns slowly, swings, or rotates."""

import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import spinfem as sf
from spinfem.dynamics.system import MagnetSystem

PS = 1e-12
HBAR_PER_E = 6.62607015e-34 / (2 * np.pi) / 1.602176634e-19


def metals(factor=1.0):
    Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, tau=10 * factor * PS)
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, tau=0.5 * factor * PS)
    Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, tau=0.05 * factor * PS)
    return Cu, Co, Py


def samples(factor=1.0):
    """Stacks of every kind of layer, face and end, of which b moves."""
    Cu, Co, Py = metals(factor)
    weak = dataclasses.replace(Py, lambda_J=3e-9, lambda_phi=2e-9)
    tau = 0.06 * factor * PS
    steep = sf.Ferromagnet(
        D=lambda x: 4e6 * (1 + 0.5 * x),
        l=lambda x: 6e-9 * (1 + x),
        p=lambda x: 0.5 + 0.2 * x,
        tau=tau,
    )
    slope = sf.NormalMetal(D=lambda x: 4e7 * (1 + x), l=lambda x: 60e-9 * (1 + x), tau=tau)
    z, m, y = sf.direction(0), sf.direction(60), sf.direction(90, 90)

    def face(AR=0.5e-15, **more):
        return sf.Interface(AR, gamma=0.6, **more)

    lead, a, b = sf.Lead(Cu), Co(8e-9, m=z, name="a"), Py(4e-9, m=m, name="b")
    soft = weak(4e-9, m=m, name="b")
    mixing = {"mixing": 4e14 + 1e14j}
    return {
        "mixing": lead
        | a
        | face(**mixing)
        | Cu(10e-9)
        | face(delta=0.3, mixing=3e14 + 5e13j)
        | b
        | lead,
        "interfaces": sf.Reservoir()
        | Cu(5e-9)
        | face()
        | a
        | face(delta=0.2)
        | Cu(10e-9)
        | sf.Interface(1e-15)
        | Cu(3e-9)
        | b
        | face(mixing=2e14)
        | sf.Reservoir(),
        "no resistance": sf.SpinBlocking()
        | a
        | face(0.0, **mixing)
        | Cu(10e-9)
        | face(0.0, mixing=4e14)
        | soft
        | Cu(3e-9)
        | lead,
        "exchange": lead | weak(8e-9, m=z, name="a") | Cu(10e-9) | face() | soft | lead,
        "graded": lead
        | steep(8e-9, m=z, name="a")
        | slope(10e-9)
        | steep(4e-9, m=m, name="b")
        | lead,
        "magnetic leads": sf.Lead(Co, m=z, name="a")
        | Cu(10e-9)
        | b
        | Cu(2e-9)
        | Co(3e-9, m=y)
        | sf.Lead(Py, m=y),
        "two polarizations": sf.Reservoir()
        | sf.Interface(1e-15)
        | Cu(3e-9)
        | Co(3e-9, m=z, name="c", group="a")
        | face()
        | Py(3e-9, m=z, name="d", group="a")
        | Cu(5e-9)
        | dataclasses.replace(weak, beta_D=0.3)(4e-9, m=m, name="b")
        | lead,
        "contact": lead | a | Co(2e-9, m=(1, 0, 0), name="c") | Cu(10e-9) | b | lead,
        "group": lead
        | Cu(5e-9)
        | Co(2e-9, m=m, name="c", group="b")
        | Py(2e-9, m=m, name="d", group="b")
        | Cu(10e-9)
        | a
        | sf.SpinBlocking(),
    }


KINDS, VALVE = list(samples()), samples()["contact"]


def turning(t):
    """A direction that nutates and precesses."""
    polar, azimuth = np.radians(60) + 0.5 * np.sin(0.3 * t / PS), 0.25 * t / PS
    sine = np.sin(polar)
    return np.stack([sine * np.cos(azimuth), sine * np.sin(azimuth), np.cos(polar)], axis=-1)


def its_velocity(t):
    h = 1e-3 * PS
    slopes = ((k, (turning(t + k * h) - turning(t - k * h)) / (2 * k * h)) for k in (1, 2))
    (_, one), (_, two) = slopes
    return (4 * one - two) / 3


def difference(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


@pytest.mark.some(4)
@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_still(kind):
    """Then it is all in amplitudes at frequencies: torques, voltage, fields inside."""
    stack, times = samples()[kind], np.linspace(0, 4 * PS, 9)

    def j0(t):
        return 1e11 * (1 + np.sin(t / PS))

    m = np.array(sf.direction(60))
    given = {"before": 2e10, "rtol": 1e-3}
    expected = sf.transient(stack, j0, times, **given)
    found = sf.transient(stack, j0, times, m={"b": np.tile(m, (9, 1))}, **given)
    assert found.steps == expected.steps
    names = ["a", "b"]
    for name in names:
        assert difference(found.torque(name), expected.torque(name)) < 1e-10
    assert difference(found.voltage, expected.voltage) < 1e-10
    x = np.linspace(0, sum(layer.thickness for layer in stack.layers), 40)
    for what in ("spin_potential", "spin_current", "potential"):
        own, other = getattr(found, what)(x), getattr(expected, what)(x)
        assert difference(own, other) < 1e-10
    assert difference(found[3].torque("b"), found.torque("b")[3]) < 1e-15
    depth = np.array([0.0, 3e-9, 50e-9])
    for end, lead in ((0, stack.left), (-1, stack.right)):
        if isinstance(lead, sf.Lead):
            both = found.transport.in_lead(end, depth), expected.transport.in_lead(end, depth)
            for own, other in zip(*both, strict=True):
                assert difference(own, other) < 1e-10


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_fields_inside_end_in_those_at_faces(kind):
    """What is lost and stored inside is what currents at both faces differ by."""
    stack, times = samples()[kind], np.linspace(0, PS, 4)
    found = sf.transient(stack, lambda t: 1e11 + 0 * t, times, m={"b": turning}, rtol=1e-2)
    faces = found.transport.faces
    largest, highest = np.abs(faces.current_left).max(), np.abs(faces.potential_left).max()
    for layer, left, right in zip(
        found.layers, found.interfaces, found.interfaces[1:], strict=False
    ):
        for end, face, side in ((0, left, "right"), (-1, right, "left")):
            mu, j = (getattr(face, f"{what}_{side}") for what in ("spin_potential", "spin_current"))
            assert np.abs(layer.spin_current[:, end] - j).max() < 1e-9 * largest
            assert np.abs(layer.spin_potential[:, end] - mu).max() < 1e-9 * highest


@pytest.mark.some(3)
@pytest.mark.long
@pytest.mark.parametrize("kind", [x for x in KINDS if x != "graded"])
def test_seen_from_behind_or_turned(kind):
    """A mirror takes x and the current to their opposites, a turn all directions along."""
    stack, times = samples()[kind], np.linspace(0, PS, 3)
    turn = Rotation.from_euler("xyz", [0.3, 1.1, -0.7]).as_matrix()

    def torques(sample, sign, way):
        found = sf.transient(
            sample,
            lambda t: sign * 1e11 + 0 * t,
            times,
            m={"b": lambda t: turning(t) @ way.T},
            rtol=0.1,
        )
        return np.stack([found.torque("a"), found.torque("b")]) @ way

    mirrored = torques(sf.Stack(stack.pieces[::-1]), -1, np.eye(3))
    expected = torques(stack, 1, np.eye(3))
    assert difference(mirrored, expected) < 1e-9
    assert (
        difference(torques(sf.Stack([rotated(x, turn) for x in stack.pieces]), 1, turn), expected)
        < 1e-9
    )


def rotated(piece, turn):
    m = getattr(piece, "m", None)
    return piece if m is None else dataclasses.replace(piece, m=turn @ m)


def test_heat_where_the_current_jumps():
    """Spins are as before it: all that there is is Joule's."""
    still = np.tile(sf.direction(60), (3, 1))
    found = sf.transient(VALVE, lambda t: 1e11 + 0 * t, [0.0, PS, 2 * PS], m={"b": still})
    for layer in found.layers:
        metal = VALVE.layers[layer.index].material
        joule = 1e22 / getattr(metal, "total_conductivity", metal.D)
        np.testing.assert_allclose(layer.dissipation[0], joule, rtol=1e-12)


@pytest.mark.parametrize(
    "kind", [x if x == "contact" else pytest.param(x, marks=pytest.mark.long) for x in KINDS]
)
@pytest.mark.filterwarnings("ignore::spinfem.UnitWarning")
def test_what_moves_slowly(kind):
    """The stationary torque of these directions, and what `Dynamics` has for pumped spins."""
    stack, times = samples(1e-12)[kind], np.linspace(0, 2 * PS, 5)

    def j0(t):
        return 1e10 * (1 + np.sin(t / PS))

    found = sf.transient(stack, j0, times, m={"b": turning}, rtol=1e-5)
    pumped = MagnetSystem(stack, {"b": sf.Magnet(8e5)}).pumped(turning(times)[:, None])
    still = sf.solve(stack.replace("b", m=turning(times)), j0(times)).torque("b")
    expected = still + np.einsum("tab,tb->ta", pumped[:, 0, :, 0], its_velocity(times))
    assert difference(found.torque("b")[1:], expected[1:]) < 1e-6
    assert difference(still[1:], expected[1:]) > 0.1


class TwoPorts:
    """A valve's linear response to its second magnet, from exponentials at omega.

    Lead | F1 | N | F2 | lead of normal metal, transparent faces: at every face mu_s of the normal
    side is ``u m + V``, ``V = -(hbar/|e|) m x dm/dt``. What is linear in a swing of m of F2:
    ``du m + u dm + V``; along m, ``dj.m + j.dm`` is what flows in F2.
    """

    def __init__(self, layers, j0):
        (self.N, self.lengths), self.j0 = layers, j0
        self.magnets = [m / np.linalg.norm(m) for m in self.N["m"]]

    def two_port(self, metal, d, omega):
        l = metal.l / np.sqrt(1 + 1j * omega * metal.tau)
        G = metal.D / (2 * l)
        return G / np.tanh(d / l), G / np.sinh(d / l)  # at its own end, at the other one

    def respond(self, omega, u, dm):
        """Amplitudes at the four faces and j_s on the normal side of them, given u and dm."""
        m1, m2 = self.magnets
        F1, N, F2, lead = (self.N[key] for key in ("F1", "N", "F2", "lead"))
        G = lead.D / (2 * lead.l) * np.sqrt(1 + 1j * omega * lead.tau)
        V = -HBAR_PER_E * 1j * omega * np.cross(m2, dm)
        rods = np.array([m1, m1, m2, m2], dtype=complex)
        given = np.array([0 * V, 0 * V, u[2] * dm + V, u[3] * dm + V])
        (a1, b1), (aN, bN), (a2, b2) = (
            self.two_port(metal, d, omega)
            for metal, d in zip((F1, N, F2), self.lengths, strict=True)
        )

        def normal(mu):
            """j_s towards +x on the normal side of the faces."""
            return np.array(
                [-G * mu[0], aN * mu[1] - bN * mu[2], bN * mu[1] - aN * mu[2], G * mu[3]]
            )

        def along(x):
            """And along m in the ferromagnets."""
            return np.array(
                [
                    a1 * x[0] - b1 * x[1],
                    b1 * x[0] - a1 * x[1],
                    a2 * x[2] - b2 * x[3],
                    b2 * x[2] - a2 * x[3],
                ]
            )

        matrix = np.zeros((4, 4), dtype=complex)
        for i in range(4):
            x = np.eye(4)[i]
            own = np.einsum("fi,fi->f", rods, normal(x[:, None] * rods))
            matrix[:, i] = own - along(x)
        return matrix, rods, normal(given), normal


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize(("terahertz", "rtol"), [(0.3, 1e-8), (2.0, 1e-6)])
def test_linear_response(terahertz, rtol):
    """Of torques and the spin voltage to a small swing, in a current, when all else has decayed."""
    Cu = sf.NormalMetal.from_resistivity(6e-9, l=45e-9, tau=0.2 * PS)
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, tau=0.15 * PS)
    Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, tau=0.05 * PS)
    m1, m2 = np.array(sf.direction(0)), np.array(sf.direction(60, 30))
    stack = sf.Lead(Cu) | Co(8e-9, m=m1, name="a") | Cu(10e-9) | Py(4e-9, m=m2, name="b")
    stack, omega, j0 = stack | sf.Lead(Cu), 2 * np.pi * terahertz / PS, 1e11
    first = np.cross(m2, [0.3, 1.0, 0.2])
    second = np.cross(m2, first)
    swing = (first + 0.4j * second) / np.linalg.norm(first)

    # exponentials
    parts = {"F1": Co, "N": Cu, "F2": Py, "lead": Cu, "m": (m1, m2)}
    ports = TwoPorts((parts, (8e-9, 10e-9, 4e-9)), j0)
    p = np.array([Co.p, Co.p, Py.p, Py.p]) * j0
    matrix, rods, _, normal = ports.respond(0.0, np.zeros(4), 0 * m2)
    u = np.linalg.solve(matrix, p.astype(complex))
    still = normal(u[:, None] * rods)
    matrix, rods, given, normal = ports.respond(omega, u, swing)
    turned = np.array([0 * swing, 0 * swing, swing, swing])
    pushed = np.einsum("fi,fi->f", rods, given) + np.einsum("fi,fi->f", still, turned)
    du = np.linalg.solve(matrix, -pushed)
    dj = normal(du[:, None] * rods) + given
    taken = np.zeros((4, 3), dtype=complex)
    for i in range(4):
        whole, along = dj[i], rods[i] @ dj[i] + still[i] @ turned[i]
        taken[i] = (1, -1)[i % 2] * (whole - along * rods[i] - rods[i] @ still[i] * turned[i])
    expected = {"a": taken[0] + taken[1], "b": taken[2] + taken[3]}
    voltage = sum(metal.p / 2 * (du[i + 1] - du[i]) for metal, i in ((Co, 0), (Py, 2)))

    # in time
    period, small = PS / terahertz, 0.012
    times = np.concatenate([[0.0], 5 * PS + period * np.arange(9) / 8])

    def swung(size):
        def m(t):
            begun = size * -np.expm1(-((t / (0.7 * PS)) ** 4))  # all of it after 2 ps
            return m2 + np.real(swing * (begun * np.exp(1j * omega * t))[:, None])

        found = sf.transient(stack, lambda t: j0 + 0 * t, times, before=j0, m={"b": m}, rtol=rtol)
        taken = [found.absorbed_spin_current(name)[1:] for name in "ab"]
        return *taken, found.spin_voltage[1:]

    odd = [
        [(one - other) / (2 * size) for one, other in zip(swung(size), swung(-size), strict=True)]
        for size in (small, 2 * small)
    ]
    turn = np.exp(1j * omega * times[1:, None])
    responses = [np.real(x * turn) for x in (expected["a"], expected["b"], voltage)]
    for one, two, response in zip(*odd, responses, strict=True):
        assert difference((4 * one - two) / 3, response.reshape(one.shape)) < 1e-6


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("cone", [20.0, 80.0])
def test_a_film_that_precesses(cone):
    """On a cone: what is along its axis rests, what is across it swings, at any angle.

    F | N between ends that let nothing pass; V = -(hbar/|e|) omega (z - cos(cone) m).
    """
    Cu, _, Py = metals()
    Cu = dataclasses.replace(Cu, tau=0.1 * PS)
    omega, d = 2 * np.pi / PS, 20e-9
    stack = sf.SpinBlocking() | Py(4e-9, m=sf.direction(cone), name="free") | Cu(d)
    c, s = np.cos(np.radians(cone)), np.sin(np.radians(cone))

    def m(t):
        return np.stack([s * np.cos(omega * t), s * np.sin(omega * t), c + 0 * t], axis=-1)

    def taken(metal, length, omega=0.0):
        l = metal.l / np.sqrt(1 + 1j * omega * metal.tau)
        return metal.D / (2 * l) * np.tanh(length / l)

    def into(v):  # what flows into N, in the frame of m
        flat = (v[0] + 1j * v[1]) * taken(Cu, d, omega)
        return np.array([flat.real, flat.imag, (v[2] * taken(Cu, d)).real])

    own = np.array([s, 0.0, c])
    V = -HBAR_PER_E * omega * (np.array([0.0, 0.0, 1.0]) - c * own)
    u = -own @ into(V) / (own @ into(own) + taken(Py, 4e-9).real)
    flow = into(u * own + V)
    expected = -(flow - (flow @ own) * own)
    times = np.append(0.0, 3 * PS + PS * np.arange(4) / 4)
    found = sf.transient(
        stack | sf.SpinBlocking(), lambda t: 0 * t, times, m={"free": m}, rtol=1e-5
    ).absorbed_spin_current("free")[1:]
    turn = np.exp(-1j * omega * times[1:]) * (found[:, 0] + 1j * found[:, 1])
    found = np.stack([turn.real, turn.imag, found[:, 2]], axis=-1)
    assert difference(found, np.tile(expected, (4, 1))) < 1e-6
    assert (found @ np.cross(own, [0.0, omega * s, 0.0]) > 0).all()  # as alpha m x dm/dt: it damps


@pytest.mark.parametrize(
    ("m", "message"),
    [
        ({"x": turning}, "got 'x'"),
        ({"bb": lambda t: t}, "name must be that of a layer, .* got 'bb'"),
        ({"b": (0, 0, 1)}, "m of 'b' must be a function, or have a direction for each of 2 times"),
        ({"b": lambda t: np.zeros((t.size, 3))}, "m of 'b' must be a nonzero vector"),
        ({"b": lambda t: np.ones((2, t.size, 3))}, "m of 'b' must be of shape"),
        ({"a": turning}, "must be separated, .* got one in contact with another ferromagnet"),
        ({"b": turning, "spacer": turning}, "spacer"),
    ],
)
def test_bad_directions(m, message):
    with pytest.raises(ValueError, match=message):
        sf.transient(VALVE, lambda t: 0 * t, [0.0, PS], m=m)


def test_what_cannot_move():
    with pytest.raises(TypeError, match="m must be a dict of directions by names, got function"):
        sf.transient(VALVE, lambda t: 0 * t, [0.0, PS], m=turning)
    Cu, Co, Py = metals()
    thin = sf.NormalMetal(D=Cu.D, l=Cu.l, tau=Cu.tau)  # numbers of no unit
    weak, free = dataclasses.replace(Py, lambda_J=1e-9), Co(2e-9, m=(0, 0, 1), name="b")
    for stack, message in (
        (sf.Reservoir() | free | Cu(1e-9), "got one in contact with a reservoir"),
        (sf.Lead(weak, m=(0, 0, 1)) | Cu(1e-9) | free, "exchange lengths in 'left lead'"),
        (sf.Lead(Cu) | free | thin(1e-19) | sf.SpinBlocking(), "layers must not be so thin"),
    ):
        with pytest.raises(ValueError, match=message):
            sf.transient(stack, lambda t: 0 * t, [0.0, PS], m={"b": turning})
