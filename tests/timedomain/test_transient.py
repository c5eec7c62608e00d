"""Response in time, against modes of finite elements, SciPy's Radau, Talbot and amplitudes."""

import numpy as np
import pytest
import scipy.linalg
from scipy.integrate import solve_ivp
from skfem import Basis, BilinearForm, ElementLinePp, LinearForm, MeshLine
from skfem.helpers import dot, grad
from timed import SAMPLE, VALVE, F, N, one

import spinfem as sf
from spinfem.solvers.condensed import Condensed
from spinfem.solvers.elements import at_frequency, elements_of
from spinfem.solvers.exact import Exact
from spinfem.timedomain.quadrature import NODES, weights

# --- finite elements of the valve, written anew -----------------------------------------------


@BilinearForm
def stiff(u, v, w):
    return dot(grad(u), grad(v))


@BilinearForm
def mass(u, v, w):
    return u * v


@LinearForm
def pushed(v, w):
    return grad(v)[0]


class Elements:
    """The valve between reservoirs: amplitudes in F, two components in N, shared at faces."""

    def __init__(self):
        element = ElementLinePp(7)
        blocks = []
        for d, metal in ((1.0, F), (0.4, N), (0.7, F)):
            nodes = d * (1 - np.cos(np.pi * np.linspace(0, 1, 9))) / 2
            basis = Basis(MeshLine(nodes), element, intorder=16)
            kappa = metal.D / (2 * metal.l**2)
            K = metal.D / 2 * stiff.assemble(basis) + kappa * mass.assemble(basis)
            M = kappa * metal.tau * mass.assemble(basis)
            f = getattr(metal, "p", 0.0) * pushed.assemble(basis)
            ends = basis.nodal_dofs[0, [0, -1]]
            blocks.append((K.toarray(), M.toarray(), f, ends))
        sizes = [len(blocks[i][2]) for i in (0, 1, 1, 2)]
        at = np.concatenate([[0], np.cumsum(sizes)])
        order = [blocks[0], blocks[1], blocks[1], blocks[2]]
        self.K, self.M = (scipy.linalg.block_diag(*(block[i] for block in order)) for i in (0, 1))
        self.f = np.concatenate([blocks[0][2], 0 * blocks[1][2], 0 * blocks[1][2], blocks[2][2]])
        P = np.eye(at[-1])
        self.m = np.array([[1.0, 0.0], [np.cos(np.pi / 3), np.sin(np.pi / 3)]])  # z, x
        self.faces = []
        drop = [at[0] + blocks[0][3][0], at[3] + blocks[2][3][1]]
        for m, rod, end in (
            (self.m[0], at[0] + blocks[0][3][1], 0),
            (self.m[1], at[3] + blocks[2][3][0], 1),
        ):
            own = [at[1] + blocks[1][3][end], at[2] + blocks[1][3][end]]
            P[own, rod] = m
            drop += own
            self.faces.append(own)
        self.P = np.delete(P, drop, axis=1)
        self.reduced = [self.P.T @ X @ self.P for X in (self.K, self.M)]
        self.load = self.P.T @ self.f

    def spin_potentials(self, u):
        """mu_s at both faces of the normal metal, (2, 2): (z, x)."""
        return np.array([(self.P @ u)[own] for own in self.faces])

    def spin_voltage(self, u):
        """``(p/2) [m.mu_s(right) - m.mu_s(left)]`` of both ferromagnets; mu_s = 0 at the ends."""
        left, right = (self.spin_potentials(u) * self.m).sum(axis=1)
        return F.p / 2 * (left - right)

    def absorbed(self, u, rate):
        """What F1 and F2 take up, (z, x) each: the current in N across their m."""
        left, right = ((self.K @ self.P @ u + self.M @ self.P @ rate)[own] for own in self.faces)
        return [
            sign * (j - (j @ m) * m)
            for sign, j, m in ((-1, left, self.m[0]), (-1, right, self.m[1]))
        ]


@pytest.fixture(scope="module")
def elements():
    return Elements()


def taken(found):
    """What a transient says of the same, (times, 2, 2)."""
    return np.stack([found.absorbed_spin_current(name)[:, [2, 0]] for name in "ab"], axis=1)


def assert_near(found, expected, limit):
    assert np.abs(found - expected).max() < limit * np.abs(expected).max()


@pytest.mark.long
def test_step_by_modes(elements):
    """``u = u_inf - sum exp(-lambda t) v v.M u_inf``, eigenvectors v of stiffness and mass."""
    times = np.linspace(0, 2, 11)
    K, M = elements.reduced
    rates, v = scipy.linalg.eigh(K, M)
    final = np.linalg.solve(K, elements.load)
    share = v.T @ M @ final
    expected, states = [np.zeros((2, 2))], [0 * final]
    for t in times[1:]:
        decayed = np.exp(-rates * t) * share
        states.append(final - v @ decayed)
        expected.append(elements.absorbed(states[-1], v @ (rates * decayed)))
    found = sf.transient(VALVE, one, times, rtol=1e-10)
    assert_near(taken(found), np.array(expected), 1e-9)
    assert_near(found.spin_voltage, [elements.spin_voltage(u) for u in states], 1e-8)
    ohms = sum(d * (1 - getattr(x, "p", 0.0) ** 2) / x.D for d, x in ((1, F), (0.4, N), (0.7, F)))
    assert_near(found.voltage, found.spin_voltage + ohms, 1e-14)
    faces = found.spin_potential([1.0, 1.4])[..., [2, 0]]
    assert_near(faces, np.array([elements.spin_potentials(u) for u in states]), 1e-8)


@pytest.mark.long
def test_pulse_by_radau(elements):
    """SciPy's implicit Runge-Kutta method on the equations of the finite elements."""
    times = np.linspace(0, 2, 9)

    def j0(t):
        return np.sin(2 * t) ** 3

    K, M = elements.reduced
    A, b = np.linalg.solve(M, K), np.linalg.solve(M, elements.load)
    run = solve_ivp(
        lambda t, u: b * j0(t) - A @ u,
        (0, 2),
        0 * b,
        method="Radau",
        t_eval=times,
        jac=-A,
        rtol=1e-10,
        atol=1e-13,
    )
    expected = [
        elements.absorbed(u, b * j0(t) - A @ u) for t, u in zip(times, run.y.T, strict=True)
    ]
    found = sf.transient(VALVE, j0, times, rtol=1e-10)
    assert_near(taken(found), np.array(expected), 1e-9)


def talbot(stack, t, points=40):
    """The response to a step, by a contour of Weideman's, doi:10.1137/050625837."""
    angle = -np.pi + (np.arange(points) + 0.5) * 2 * np.pi / points
    a, b, c, d = 0.5017, 0.6407, 0.6122, 0.2645
    s = points / t * (a * angle / np.tan(b * angle) - c + d * 1j * angle)
    slope = a / np.tan(b * angle) - a * b * angle / np.sin(b * angle) ** 2 + d * 1j
    e = at_frequency(stack, elements_of(stack), s / (2j * np.pi))
    found = Condensed(e, Exact(e)).all_absorbed()
    return np.einsum("q,fqi->fi", np.exp(s * t) * slope / s * (-1j / t), found).real


@pytest.mark.parametrize(
    ("stack", "times"),
    [(VALVE, [0.3, 1.0, 2.0]), pytest.param(SAMPLE, [0.5, 1.0], marks=pytest.mark.long)],
)
def test_step_by_talbot(stack, times):
    """Exact two-ports, leads to infinity, precession; by another inversion of Laplace's."""
    expected = np.array([talbot(stack, t) for t in times])
    found = sf.transient(stack, one, [0.0, *times], rtol=1e-10).transport.all_absorbed()
    assert_near(found.transpose(1, 0, 2)[1:], expected, 1e-9)


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("stack", [VALVE, SAMPLE])
def test_after_a_long_time_it_swings_as_amplitudes_say(stack):
    omega = 3.0
    times = np.linspace(0, 40, 201)
    found = sf.transient(stack, lambda t: np.sin(omega * t), times, rtol=1e-3)[-30:]
    swings = sf.solve(stack, frequency=omega / (2 * np.pi))
    turned = np.exp(1j * omega * found.times)
    x = np.linspace(0, float(stack.x[-1]), 5)
    for got, amplitude in (
        (found.torques, swings.torques[..., None]),
        (found.voltage, swings.resistance),
        (found.spin_potential(x), swings.spin_potential(x)[..., None]),
        (found.potential(x), swings.potential(x)[..., None]),
    ):
        expected = np.moveaxis((amplitude * turned).imag, -1, 0)
        assert_near(got, expected, 1e-5)


@pytest.mark.long
@pytest.mark.parametrize("stack", [VALVE, SAMPLE])
def test_a_current_that_stays_is_stationary(stack):
    found = sf.transient(stack, one, [0.0, 50.0, 60.0], rtol=1e-8)
    still = sf.solve(stack)
    assert_near(found.torques[-1], still.torques, 1e-9)
    assert np.isclose(found.voltage[-1], still.resistance, rtol=1e-9)
    assert np.isclose(found.spin_voltage[-1], still.spin_resistance, rtol=1e-9)
    kept = sf.transient(stack, one, [0.0, 1.0], before=1.0)
    assert_near(kept.torques, np.broadcast_to(still.torques, kept.torques.shape), 1e-12)


@pytest.mark.long
def test_a_current_that_ends_is_the_stationary_state_less_a_step():
    times = np.linspace(0, 2, 6)
    found = sf.transient(VALVE, np.zeros_like, times, before=3.0, rtol=1e-9)
    step, still = sf.transient(VALVE, one, times, rtol=1e-9), sf.solve(VALVE)
    assert_near(found.torques, 3 * (still.torques - step.torques), 1e-8)
    assert_near(found.voltage, 3 * (still.spin_resistance - step.spin_voltage), 1e-8)


def test_torque_begins_with_nothing_and_voltage_with_ohms():
    found = sf.transient(SAMPLE, one, [0.0, 1.0])
    assert not found.torques[0].any()
    still = sf.solve(SAMPLE)
    assert np.isclose(found.voltage[0], still.resistance - still.spin_resistance, rtol=1e-12)


@pytest.mark.long
def test_graded_layers():
    graded = sf.Ferromagnet(D=lambda xi: 2 + xi, l=0.6, p=lambda xi: 0.3 + 0.2 * xi**2, tau=0.4)
    stack = SAMPLE.replace("b", material=graded)
    found, still = sf.transient(stack, one, [0.0, 1.0, 60.0], rtol=1e-6), sf.solve(stack)
    assert np.isclose(found.voltage[0], still.resistance - still.spin_resistance, rtol=1e-12)
    assert np.isclose(found.voltage[-1], still.resistance, rtol=1e-6)
    x = np.linspace(0, float(stack.x[-1]), 12)
    assert_near(found.potential(x)[-1], still.potential(x), 1e-6)
    layer = found.layer("b")
    for face, end in ((-2, 0), (-1, -1)):
        side = "left" if end else "right"
        outside = getattr(found.interfaces[face], f"potential_{side}")
        assert np.abs(layer.potential[:, end] - outside).max() < 1e-12 * found.voltage.max()


@pytest.mark.long
def test_currents_add_up():
    times = np.linspace(0, 3, 7)
    currents = [one, np.cos, lambda t: t**2]
    one_by_one = [sf.transient(SAMPLE, j0, times, rtol=1e-8) for j0 in currents]
    together = sf.transient(SAMPLE, lambda t: 2 + 2 * np.cos(t) + 2 * t**2, times, rtol=1e-8)
    assert_near(together.torques, 2 * sum(each.torques for each in one_by_one), 1e-7)
    assert_near(together.voltage, 2 * sum(each.voltage for each in one_by_one), 1e-7)


@pytest.mark.long
def test_a_pulse_is_the_difference_of_two_steps():
    times = np.linspace(0, 2, 9)

    def pulse(t):
        return np.where(t < 0.5, 1.0, 0.0)

    pulse.breaks = [0.5]
    found = sf.transient(VALVE, pulse, times, rtol=1e-9)
    step = sf.transient(VALVE, one, times, rtol=1e-9).torques
    later = np.concatenate([np.zeros((2, *step.shape[1:])), step[:-2]])
    assert_near(found.torques, step - later, 1e-8)


@pytest.mark.long
@pytest.mark.parametrize("width", [np.sqrt(0.1), 0.777])
def test_a_pulse_of_any_width(width):
    """Steps end where it does, whatever the times are."""

    def pulse(t):
        return np.where(t < width, 1.0, 0.0)

    pulse.breaks = [width]
    times = np.linspace(0, 2, 8)
    found = sf.transient(VALVE, pulse, times, rtol=1e-6).torques
    step = sf.transient(VALVE, one, times, rtol=1e-6).torques
    behind = np.append(0.0, times[times > width] - width)
    later = np.zeros_like(step)
    later[times > width] = sf.transient(VALVE, one, behind, rtol=1e-6).torques[1:]
    assert_near(found, step - later, 1e-5)


def test_samples_are_joined_by_lines():
    times = np.array([0.0, 0.5, 1.0, 2.0])
    samples = np.array([0.0, 1.0, -0.5, 0.2])

    def lines(t):
        return np.interp(t, times, samples)

    lines.breaks = times
    found = sf.transient(VALVE, samples, times).torques
    assert np.array_equal(found, sf.transient(VALVE, lines, times).torques)


@pytest.mark.long
def test_parts_and_fields():
    times = np.linspace(0, 2, 5)
    found = sf.transient(SAMPLE, np.cos, times)
    assert found.shape == (5,)
    assert np.array_equal(found.j0, np.cos(times))
    x = np.linspace(0, float(SAMPLE.x[-1]), 4)
    for part, index in ((found[2], 2), (found[1:3], slice(1, 3))):
        assert np.array_equal(part.times, times[index])
        assert_near(part.torque("b"), found.torque("b")[index], 1e-14)
        assert_near(part.spin_current(x), found.spin_current(x)[index], 1e-14)
    for face in found.interfaces:  # what is taken up is what is lost at the face
        lost = face.spin_current_left - face.spin_current_right
        assert np.abs(lost - face.absorbed).max() < 1e-12
    layer = found.layer("a")
    assert_near(layer.spin_potential, found.spin_potential(layer.x, side="left"), 1e-12)


@pytest.mark.long
def test_heat():
    """In the end that of a stationary state; what the current brings at once is Joule's."""
    found, still = sf.transient(SAMPLE, one, [0.0, 60.0], rtol=1e-6), sf.solve(SAMPLE)
    for now, then in zip(found.layers, still.layers, strict=True):
        at = np.linspace(0, 1, 5)[:, None]
        heat = found.transport.dissipation(now.index, at)
        assert_near(heat[:, -1], still.transport.dissipation(then.index, at)[:, 0], 1e-6)
    joule = found.transport.dissipation(1, at)[:, 0]
    assert np.allclose(joule, 1 / N.D, rtol=1e-12)


def test_paraview(tmp_path):
    meshio = pytest.importorskip("meshio")
    found = sf.transient(VALVE, one, np.linspace(0, 1, 3))
    found.save(tmp_path / "step.pvd")
    mesh = meshio.read(tmp_path / "step" / "step_0002.vtu")
    assert np.abs(mesh.point_data["spin_potential"]).max() > 0
    text = (tmp_path / "step.pvd").read_text()
    assert 'timestep="0.5"' in text


def test_order_of_the_quadrature():
    """``y' = -y + sin 3t``, and a square root, that of a lead: errors fall by 2^5."""
    times, errors = np.linspace(0, 2, 5), []
    exact = (np.sin(3 * times) - 3 * np.cos(3 * times) + 3 * np.exp(-times)) / 10
    for n in (8, 16, 32):
        stages = 2 / n * (np.arange(n)[:, None] + NODES)
        found = weights(np.sin(3 * stages), 2 / n, times)
        errors.append(np.abs((found.matrix @ (1 / (1 + found.rates))).real - exact).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert (orders > 4.8).all()
    assert (orders < 5.3).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"times": [0.0]}, "times must be two or more in increasing order"),
        ({"times": [0.0, 1.0, 1.0]}, "times must be two or more in increasing order"),
        ({"j0": [1.0, 2.0, 3.0]}, "j0 must be a function, or have a value for each of 2 times"),
        ({"j0": lambda t: t * np.nan}, "j0 .particle current. must be finite"),
        ({"rtol": 0.0}, "rtol must be positive"),
        ({"before": np.inf}, "before .current. must be finite"),
        ({"j0": lambda t: 1e308 + 0 * t, "before": -1e308}, "results must be finite"),
        ({"j0": lambda t: np.sign(np.sin(1e4 * t + 1))}, "rtol must be met by 4,096 steps"),
        ({"stack": VALVE.replace("a", thickness=np.array([1.0, 2.0]))}, "must be a single one"),
        ({"stack": sf.Reservoir((0, 0, 1)) | VALVE}, "a transient must be of what j0 drives alone"),
        ({"stack": VALVE.replace("a", material=sf.Ferromagnet(D=1, l=1, p=0.1))}, "must have tau"),
    ],
)
def test_bad_input(change, message):
    given = {"stack": VALVE, "j0": one, "times": [0.0, 1.0]} | change
    with pytest.raises(ValueError, match=message):
        sf.transient(**given)


def test_ratios_are_of_stationary_solutions():
    found = sf.transient(VALVE, one, [0.0, 1.0])
    for ratio in (
        lambda: found.spin_resistance,
        lambda: found.resistance,
        lambda: found.efficiency("a", "b"),
    ):
        with pytest.raises(ValueError, match="must be of a stationary solution"):
            ratio()
