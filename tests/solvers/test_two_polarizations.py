"""A diffusion polarization that is not that of conduction: voltage, torques, what must not change.

Against codes for drift and diffusion: their equations in their own variables, without spinfem's.
"""

import dataclasses

import numpy as np
import pytest
from scipy.linalg import expm

import spinfem as sf

SOLVERS = {
    "condensed": sf.solve,
    "saddle": lambda stack: sf.solve(stack, method="saddle"),
    "analytic": sf.analytic.solve,
}
Z, TILTED, OPPOSITE = sf.direction(0), sf.direction(70, 20), sf.direction(180)


# --- drift and diffusion, as Boris and magnum.fe have it -----------------------------------------

E_PER_MU_B = 2.5
"""e/mu_B, of any value: it must drop out."""
SIEMENS, METRE = 1e7, 1e-8
"""Units of conductivities, S/m, and of lengths, m."""


@dataclasses.dataclass
class Code:
    """Parameters of a layer as these codes take them; l_J and l_phi are those across m."""

    elC: float
    De: float
    l_sf: float
    thickness: float
    P: float = 0.0
    beta_D: float = 0.0
    l_J: float = np.inf
    l_phi: float = np.inf
    m: tuple | np.ndarray = (0.0, 0.0, 0.0)

    def across_a_layer(self):
        """What V, S, Js and 1 at its right are made of from those at its left, for Jc = 1, (8, 8).

        ``Jc = elC E + beta_D De (e/mu_B) m.S'``, ``Js = -P (mu_B/e) elC E m - De S'``,
        ``Js' = -De (S/l_sf^2 + S x m/l_J^2 + m x (S x m)/l_phi^2)``, ``E = -V'``.
        """
        m = np.array(self.m, dtype=float)
        laws = np.zeros((4, 4))  # of E and S'
        laws[0, 0], laws[0, 1:] = self.elC, self.beta_D * self.De * E_PER_MU_B * m
        laws[1:, 0], laws[1:, 1:] = -self.P * self.elC / E_PER_MU_B * m, -self.De * np.eye(3)
        slopes = np.linalg.inv(laws)
        turn = np.array([[0, m[2], -m[1]], [-m[2], 0, m[0]], [m[1], -m[0], 0]])  # S x m
        lost = np.eye(3) / self.l_sf**2 + turn / self.l_J**2
        lost += (np.eye(3) * (m @ m) - np.outer(m, m)) / self.l_phi**2
        rates = np.zeros((8, 8))
        rates[0, 4:7], rates[0, 7] = -slopes[0, 1:], -slopes[0, 0]
        rates[1:4, 4:7], rates[1:4, 7] = slopes[1:, 1:], slopes[1:, 0]
        rates[4:7, 1:4] = -self.De * lost
        return expm(rates * self.thickness)

    def layer(self, name):
        """The same in spinfem."""
        sigma, l_sf, thickness = self.elC * SIEMENS, self.l_sf * METRE, self.thickness * METRE
        if not np.any(self.m):
            return sf.NormalMetal.from_conductivity(sigma, l=l_sf)(thickness, name=name)
        lengths = {"lambda_J": self.l_J, "lambda_phi": self.l_phi}
        given = {key: length * METRE for key, length in lengths.items() if np.isfinite(length)}
        metal = sf.Ferromagnet.from_drift_diffusion(
            sigma, beta=self.P, beta_D=self.beta_D, l_sf=l_sf, **given
        )
        return metal(thickness, m=self.m, name=name)


def drift_and_diffusion(layers):
    """V at the left end, 0 at the right, and mu_s and j_s at the right of every layer.

    S = 0 at both ends. V, ``(De/elC) S`` and Js are continuous; Jc = 1.
    """
    total, steps = np.eye(8), []
    for layer in layers:
        ratio = layer.De / layer.elC
        into = np.diag([1, *[1 / ratio] * 3, *[1] * 4])
        step = np.linalg.inv(into) @ layer.across_a_layer() @ into
        total = step @ total
        steps.append(step)
    # what is not known at the left is V and Js; S at the right is 0, and V
    missing = np.linalg.solve(total[:4][:, [0, 4, 5, 6]], -total[:4, 7])
    state = np.array([missing[0], 0, 0, 0, *missing[1:], 1.0])
    voltage, faces = state[0], []
    for step in steps:
        state = step @ state
        faces.append((2 * E_PER_MU_B * state[1:4], E_PER_MU_B * state[4:7]))
    return voltage, faces


SAMPLES = {
    "exchange lengths": [
        Code(1.4, 0.7, 1.0, 0.8),
        Code(1.1, 0.3, 0.9, 1.0, P=0.4, beta_D=0.5, l_J=0.5, l_phi=0.8, m=Z),
        Code(2.4, 0.7, 3.0, 0.3),
        Code(0.9, 0.9, 0.6, 0.5, P=0.7, beta_D=-0.6, l_J=0.3, m=TILTED),
        Code(1.4, 0.7, 1.0, 0.4),
        Code(1.1, 0.3, 0.9, 0.6, P=-0.3, beta_D=0.9, l_phi=0.4, m=sf.direction(130, -40)),
    ],
    "collinear": [
        Code(1.4, 0.7, 1.0, 0.8),
        Code(1.1, 0.3, 0.9, 1.0, P=0.4, beta_D=0.5, m=Z),
        Code(2.4, 0.7, 3.0, 0.3),
        Code(0.9, 0.9, 0.6, 0.5, P=0.9, beta_D=0.2, m=OPPOSITE),
        Code(1.4, 0.7, 1.0, 0.4),
    ],
}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_voltage_and_spins_of_codes_for_drift_and_diffusion(sample, solver):
    """J = -j0 = 1: the voltage, and both spins at all faces, next to exponentials of matrices."""
    layers = SAMPLES[sample]
    voltage, faces = drift_and_diffusion(layers)
    stack = sf.Stack([layer.layer(f"layer {i}") for i, layer in enumerate(layers)])
    solution = SOLVERS[solver](stack)
    assert solution.resistance * SIEMENS / METRE == pytest.approx(voltage, rel=1e-12)
    for (mu, j), face in zip(faces, solution.interfaces[1:], strict=True):
        found = -face.spin_potential_left * SIEMENS / METRE
        np.testing.assert_allclose(found, mu, rtol=0, atol=1e-12)
        np.testing.assert_allclose(-face.spin_current_left, j, rtol=0, atol=1e-12)


def test_the_second_polarization_matters():
    """Else the test above would not tell."""
    stack = sf.Stack([layer.layer(f"{i}") for i, layer in enumerate(SAMPLES["collinear"])])
    wrong = stack
    for name in ("1", "3"):
        material = stack.layers[int(name)].material
        wrong = wrong.replace(name, material=dataclasses.replace(material, beta_D=None))
    right, other = sf.solve(stack), sf.solve(wrong)
    assert abs(right.spin_resistance - other.spin_resistance) > 0.1 * right.spin_resistance
    for name in ("1", "3"):
        np.testing.assert_array_equal(
            right.layer(name).spin_potential, other.layer(name).spin_potential
        )


# --- both the same -------------------------------------------------------------------------------


def valve(metal, theta=70.0):
    N = sf.NormalMetal(D=6.0, l=2.0)
    return (
        sf.Lead(metal, m=sf.direction(130, 40), name="lead")
        | N(0.3)
        | metal(0.6, m=Z, name="fixed")
        | sf.Interface(0.3, gamma=0.6, delta=0.2)
        | N(0.4)
        | metal(0.5, m=sf.direction(theta), name="free")
        | N(0.2)
        | sf.Lead(N)
    )


def results(solution):
    numbers = [solution.resistance, solution.spin_resistance, solution.torques]
    for face in solution.interfaces:
        numbers += [face.potential_left, face.potential_right, face.spin_potential_left]
    for layer in solution.layers:
        numbers += [layer.potential, layer.spin_current, layer.dissipation]
    return numbers


@pytest.mark.long
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("lengths", [{}, {"lambda_J": 0.3}])
@pytest.mark.parametrize("beta", [0.4, np.array([0.3, -0.9]), 1 - 1e-12])
def test_with_both_the_same_nothing_changes(beta, lengths, solver):
    """To the last bit."""
    twice = sf.Ferromagnet.from_conductivity(1e6, p=beta, beta_D=beta, l=1e-8)
    once = sf.Ferromagnet.from_conductivity(1e6, p=beta, l=1e-8)
    np.testing.assert_array_equal(twice.D, once.D)
    np.testing.assert_array_equal(twice.total_conductivity, once.total_conductivity)
    once = sf.Ferromagnet(D=1.3, l=0.7, p=beta, **lengths)
    twice = dataclasses.replace(once, beta_D=beta)
    a, b = (SOLVERS[solver](valve(metal)) for metal in (once, twice))
    for one, other in zip(results(a), results(b), strict=True):
        np.testing.assert_array_equal(one, other)


def test_with_both_the_same_derivatives_sum_up():
    once = sf.Ferromagnet(D=1.3, l=0.7, p=0.6)
    for output in (("spin_resistance",), ("resistance",), ("torque", "free")):
        one, two = (
            sf.solve(valve(metal)).gradient(*output)
            for metal in (once, dataclasses.replace(once, beta_D=0.6))
        )
        assert {*two} - {*one} == {"lead.beta_D", "fixed.beta_D", "free.beta_D"}
        for name, slope in one.items():
            owner, _, key = name.partition(".")
            both = two[name] + (two[f"{owner}.beta_D"] if key == "p" else 0.0)
            scale = np.abs(one.value).max()
            np.testing.assert_allclose(both, slope, rtol=1e-12, atol=1e-14 * scale)
        if output[0] == "torque":
            assert not np.any(two["free.beta_D"])


# --- identities ----------------------------------------------------------------------------------

TWICE = sf.Ferromagnet(D=1.3, l=0.7, p=0.6, beta_D=-0.2)


@pytest.mark.parametrize("lengths", [{}, {"lambda_phi": 0.3}])
def test_exchanging_both_leaves_dr(lengths):
    """Without precession: ``f_D A^-1 f`` is the same from the left and from the right."""
    metal = dataclasses.replace(TWICE, **lengths)
    other = dataclasses.replace(metal, p=metal.beta_D, beta_D=metal.p)
    a, b = (sf.solve(valve(x)) for x in (metal, other))
    assert a.spin_resistance == pytest.approx(b.spin_resistance, rel=1e-13)
    assert np.abs(a.torque("free")).max() > 2 * np.abs(b.torque("free")).max()


def test_dr_may_be_negative_and_resistance_is_not():
    solution = sf.solve(sf.Lead(sf.NormalMetal(D=6.0, l=2.0)) | TWICE(0.6, m=Z))
    assert solution.spin_resistance < 0 < solution.resistance
    assert (solution.layers[0].dissipation > 0).all()


@pytest.mark.long
def test_batches_are_their_points():
    beta_D = np.array([[-0.5], [0.6], [0.9]])
    lengths = {"lambda_J": np.array([0.3, 0.5])}
    for metal in (
        dataclasses.replace(TWICE, beta_D=beta_D),
        dataclasses.replace(TWICE, beta_D=beta_D, **lengths),
    ):
        batch = sf.solve(valve(metal, np.array([30.0, 150.0])))
        slopes = batch.gradient("spin_resistance")
        for i, k in np.ndindex(3, 2):
            one = sf.solve(batch.stack[i, k])
            for found, expected in zip(results(batch[i, k]), results(one), strict=True):
                np.testing.assert_array_equal(found, expected)
            assert batch.spin_resistance[i, k] == pytest.approx(one.spin_resistance, rel=1e-12)
            for name, slope in one.gradient("spin_resistance").items():
                np.testing.assert_allclose(slopes[name][i, k], slope, rtol=1e-10, atol=1e-13)


def test_interdiffused_metals_have_it_if_one_has():
    N, F = sf.NormalMetal(D=4.0, l=2.0), sf.Ferromagnet(D=2.0, l=1.0, p=0.5)
    xi = np.array([0.0, 1.0])
    for a, b, ends in ((N, TWICE, (0.0, -0.2)), (F, TWICE, (0.5, -0.2)), (TWICE, F, (-0.2, 0.5))):
        mixed = sf.interdiffused(a, b, width=0.3)
        np.testing.assert_array_equal(mixed.beta_D(xi), ends)
    assert sf.interdiffused(N, F, width=0.3).beta_D is None


def test_changing_a_metal_in_a_stack():
    """A copy has the numbers of its own, whatever the stack has had before."""
    plain = dataclasses.replace(TWICE, beta_D=None)
    stack = valve(plain)
    sf.solve(stack)
    for metals in ((TWICE, plain), (plain, TWICE), (TWICE, dataclasses.replace(TWICE, beta_D=0.1))):
        for metal in metals:
            stack = stack.replace("free", material=metal).replace("fixed", material=metal)
            fresh = sf.Stack(stack.pieces)
            assert sf.solve(stack).spin_resistance == sf.solve(fresh).spin_resistance


@pytest.mark.long
@pytest.mark.parametrize("degree", [1, 2])
def test_refinement_until_bounds_are_narrow(degree):
    stack = valve(dataclasses.replace(TWICE, lambda_J=0.4))
    exact = sf.analytic.solve(stack).spin_resistance
    solution = sf.solve(stack, degree=degree, tol=1e-4)
    low, high = solution.bounds.spin_resistance
    assert low < exact < high
    assert high - low < 2e-4 * abs(exact)


@pytest.mark.parametrize("lengths", [{}, {"lambda_J": 0.4}])
def test_dr_converges_with_twice_the_degree(lengths):
    """It is a product of two fields, each in balance."""
    study = sf.converge(valve(dataclasses.replace(TWICE, **lengths)), degree=2, refinements=5)
    assert study.rates["dr"] == pytest.approx(4, abs=0.2)


@pytest.mark.long
def test_beta_D_is_fitted_from_resistances():
    d, theta = (x.ravel() for x in np.meshgrid([2e-9, 8e-9, 30e-9], [0.0, 180.0]))

    def sample(beta_D, d, theta):
        F = sf.Ferromagnet.from_drift_diffusion(1e7, beta=0.5, beta_D=beta_D, l_sf=9e-9)
        N = sf.NormalMetal.from_conductivity(1e8, l=1e-7)
        fixed, free = F(5e-9, m=Z), F(d, m=sf.direction(theta))
        return sf.Lead(N) | fixed | N(3e-9) | free | sf.Lead(N)

    measured = sf.solve(sample(0.7, d, theta)).resistance
    coordinates = {"d": d, "theta": theta}
    found = sf.fit(sample, measured, {"beta_D": (0.3, -0.9, 0.9)}, coordinates=coordinates)
    assert found.values["beta_D"] == pytest.approx(0.7, rel=1e-10)


def test_slopes_of_dr_by_rings_are_refused():
    stack = (
        sf.Lead(sf.NormalMetal(D=6.0, l=2.0))
        | TWICE(0.6, m=Z, name="a")
        | sf.NormalMetal(D=6.0, l=2.0)(0.3)
        | TWICE(0.4, m=TILTED, name="b")
    )
    analogy = sf.Analogy(sf.solve(stack))
    assert len(analogy.rings) == 4
    for slope in (
        lambda: analogy.resistance_slope("b", Z),
        lambda: analogy.spacers[0].resistance_slope,
    ):
        with pytest.raises(ValueError, match="beta_D of all ferromagnets must be their p for"):
            slope()
    same = sf.Analogy(
        sf.solve(
            stack.replace("a", material=dataclasses.replace(TWICE, beta_D=0.6)).replace(
                "b", material=dataclasses.replace(TWICE, beta_D=0.6)
            )
        )
    )
    assert np.isfinite(same.resistance_slope("b", Z))


SIGMA = 1.405e7


def test_conversion():
    metal = sf.Ferromagnet.from_drift_diffusion(
        SIGMA, beta=0.4, beta_D=0.5, l_sf=10e-9, lambda_J=2e-9, name="F"
    )
    np.testing.assert_allclose(metal.D, SIGMA * 0.8, rtol=1e-15)
    assert metal.l == pytest.approx(10e-9 * np.sqrt(0.8), rel=1e-15)
    assert (metal.p, metal.beta_D, metal.lambda_J, metal.units) == (0.4, 0.5, 2e-9, "SI")
    assert metal.total_conductivity == pytest.approx(SIGMA, rel=1e-15)
    graded = sf.Ferromagnet.from_drift_diffusion(
        1.4e7, beta=lambda xi: 0.4 * xi, beta_D=0.5, l_sf=np.inf
    )
    np.testing.assert_allclose(graded.D(np.array([0.0, 1.0])), [1.4e7, 1.4e7 * 0.8])


@pytest.mark.parametrize("key", ["beta", "beta_D"])
def test_conversion_refuses(key):
    numbers = {"beta": 0.4, "beta_D": 0.5, key: 1.0}
    with pytest.raises(ValueError, match=rf"^{key} \(.* polarization\) must be between -1"):
        sf.Ferromagnet.from_drift_diffusion(1e7, l_sf=1e-8, name="F", **numbers)
