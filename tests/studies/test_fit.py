"""Fits: the Jacobian, what is found, how uncertain it is, how many solves it takes, bad input."""

import runpy
import sys
from contextlib import nullcontext
from pathlib import Path

import lmfit
import numpy as np
import pytest
import xarray

import spinfem as sf
import spinfem.studies.fitproblem as fitproblem
from spinfem.studies.fitdata import check_data, check_parameters
from spinfem.studies.fitproblem import Problem
from spinfem.studies.outputs import Output

EXAMPLES = Path(__file__).parents[2] / "examples"
Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
D = np.array([2, 4, 8, 16, 32])[:, None] * 1e-9
STATES = np.array([0.0, 180.0])
POINTS = {"d": D, "state": STATES}
TRUTH = {"beta": 0.76, "l": 5.5e-9, "AR": 0.5e-15}
START = {"beta": (0.5, 0, 0.99), "l": (10e-9, 0, None), "AR": (1e-15, 0, None)}


def series(beta, l, AR, d, state, mixing=None):
    """A valve of two layers of one metal, of several thicknesses."""
    F = sf.Ferromagnet.from_valet_fert(291e-9, beta=beta, l=l)
    contact = sf.Interface(AR, gamma=0.7, mixing=mixing)
    fixed, free = F(d, m=sf.direction(0)), F(d, m=sf.direction(state))
    return (
        sf.Lead(Cu) | contact | fixed | contact | Cu(10e-9) | contact | free | contact | sf.Lead(Cu)
    )


def unseen(G, **numbers):
    """Collinear states depend on no mixing conductance."""
    return series(**numbers, mixing=1e15 * G)


EXACT = sf.solve(series(**TRUTH, **POINTS)).resistance
SIGMA = 0.01 * EXACT


def noisy(seed):
    return EXACT + SIGMA * np.random.default_rng(seed).standard_normal(EXACT.shape)


# --- the Jacobian -----------------------------------------------------------------------------


def everything(rho, p, l, l_N, D_N, AR, gamma, G_r, G_i, lam, d_N, tilt, turn, d, polar):
    """All kinds of numbers, shared by several pieces."""
    N = sf.NormalMetal(D=D_N, l=l_N)
    F = sf.Ferromagnet(D=1 / rho, l=l, p=p)
    weak = sf.Ferromagnet(D=1 / rho, l=2 * l, p=p / 2, lambda_J=lam, lambda_phi=2 * lam)
    joint = sf.Interface(AR, gamma=gamma, mixing=G_r + 1j * G_i)
    return (
        sf.Lead(F, m=sf.direction(90, turn))
        | N(d_N)
        | joint
        | F(d, m=sf.direction(polar + tilt))
        | joint
        | N(2 * d_N)
        | sf.Interface(AR)
        | weak(d**2, m=sf.direction(tilt, turn))
        | N(l_N / 3)
        | F(0.5, m=sf.direction(90, 90))
        | sf.Lead(N)
    )


NUMBERS = {
    "rho": 1.3,
    "p": 0.6,
    "l": 0.9,
    "l_N": 3.0,
    "D_N": 4.0,
    "AR": 0.4,
    "gamma": 0.5,
    "G_r": 2.0,
    "G_i": 0.3,
    "lam": 0.2,
    "d_N": 0.3,
    "tilt": 20.0,
    "turn": 70.0,
}
PLACES = {"d": np.array([[0.3], [1.0], [2.0]]), "polar": np.array([0.0, 45.0, 120.0, 180.0])}


def problem(builder, data, coordinates, parameters, output="resistance", priors=None):
    output = output if isinstance(output, Output) else Output(output)
    measured = check_data(builder, data, coordinates, 0.01, output)
    return Problem(builder, measured, check_parameters(parameters), priors or {}, output, int)


def internal(of):
    """Residuals and Jacobian as functions of the unbounded variables of lmfit's minimizer."""
    parameters, scales = lmfit.Parameters(), {}
    for name, u in of.unknowns.items():
        s = scales[name] = u.scale
        parameters.add(name, u.start / s, min=u.lower / s, max=u.upper / s, vary=u.vary)

    def values(scaled):
        return {name: scaled[name].value * s for name, s in scales.items()}

    def jacobian(scaled):
        names = [name for name, u in of.unknowns.items() if u.vary]
        return of.jacobian(values(scaled), names) * [scales[name] for name in names]

    minimizer = lmfit.Minimizer(lambda scaled: of.residuals(values(scaled)), parameters)
    minimizer.prepare_fit()
    minimizer.jacfcn, minimizer.col_deriv = jacobian, False
    start = np.array(minimizer.result._init_vals_internal)
    return minimizer._Minimizer__residual, minimizer._jacobian, start


def differences(function, x, step=1e-3):
    """Central differences of sixth order: right to some 1e-11 of a smooth function."""
    weights = {1: 45, 2: -9, 3: 1}
    columns = []
    for unit in np.eye(x.size):
        rise = sum(
            w * (function(x + n * step * unit) - function(x - n * step * unit))
            for n, w in weights.items()
        )
        columns.append(rise / (60 * step))
    return np.stack(columns, axis=-1)


@pytest.mark.some(4)
@pytest.mark.long
@pytest.mark.parametrize("output", ["resistance", "spin_resistance"])
@pytest.mark.parametrize(
    "bounded",
    [
        "free",
        pytest.param("lower", marks=pytest.mark.long),
        pytest.param("upper", marks=pytest.mark.long),
        "both",
    ],
)
def test_jacobian_is_that_of_the_residuals(output, bounded):
    """Numbers of metals, layers, interfaces, exchange lengths, angles, through all bounds."""
    bounds = {
        "free": lambda x: x,
        "lower": lambda x: (x, 0.2 * x, None),
        "upper": lambda x: (x, None, 1.5 * x),
        "both": lambda x: (x, 0.2 * x, 1.5 * x),
    }[bounded]
    parameters = {name: bounds(x) for name, x in NUMBERS.items()}
    parameters["G_r"] = lmfit.Parameter("G_r", 2.0, vary=False)
    of = problem(everything, np.ones((3, 4)), PLACES, parameters, output, {"l": (1.0, 0.1)})
    residuals, jacobian, x = internal(of)
    found, expected = jacobian(x), differences(residuals, x)
    assert found.shape == (13, 12)
    # both are differences of some kind; those of the stack's numbers are right to 1e-10
    largest = abs(expected).max(axis=0)
    np.testing.assert_allclose(found / largest, expected / largest, rtol=1e-8, atol=1e-8)


def test_jacobian_at_a_bound_of_the_description():
    """Where only one side is allowed: of the same order, so nearly as good."""

    def stack(AR, p, d):
        F = sf.Ferromagnet(D=1.0, l=1.0, p=p)
        side = sf.Interface(AR, gamma=0.4)
        return F(d, m=(0, 0, 1)) | side | sf.NormalMetal(D=3.0, l=9.0)(0.2) | F(d, m=(0, 0, -1))

    bounds = {"AR": (0.5, 0.0, 1.0), "p": (0.5, -1.0, 1 - 1e-9)}
    of = problem(stack, np.ones(3), {"d": np.array([0.5, 1.0, 2.0])}, bounds)
    found = of.jacobian({"AR": 0.5e-8, "p": 1 - 2e-9}, ["AR", "p"])

    def at(AR, p):
        return sf.solve(stack(AR, p, of.measured.coordinates["d"])).resistance / 0.01

    for column, (AR, p) in enumerate([(1e-3, 0.0), (0.0, -1e-3)]):
        # one-sided, of fourth order
        base = (0.5e-8, 1 - 2e-9)
        steps = [at(base[0] + n * AR, base[1] + n * p) for n in range(5)]
        slope = np.tensordot([-25, 48, -36, 16, -3], steps, 1) / (12 * (AR + p))
        np.testing.assert_allclose(found[:, column], slope, rtol=1e-6)


def test_jacobian_at_the_pole():
    """A magnetization along z turns, though its azimuth is not defined there and polar has a kink.

    The other two are not in one plane with it, so that R changes to first order.
    """

    def stack(angle, lean):
        F, N = sf.Ferromagnet(D=1.0, l=1.0, p=0.5), sf.NormalMetal(D=3.0, l=9.0)
        m = np.stack([np.sin(lean), np.sin(angle), np.cos(angle) * np.cos(lean)], axis=-1)
        left, right = F(1.0, m=sf.direction(50.0, 20.0)), F(1.0, m=sf.direction(70.0, 110.0))
        return left | N(0.1) | F(1.0, m=m) | N(0.1) | right

    parameters = {"angle": (0.0, -0.4, 0.4), "lean": (0.0, -0.4, 0.4)}
    of = problem(stack, np.ones(2), None, parameters)
    residuals, jacobian, x = internal(of)
    expected = differences(residuals, x)
    assert abs(expected).min() > 1e-3
    # those of the stack's numbers are over steps of 5e-7: rounding of m, 1e-16, leaves 1e-9
    np.testing.assert_allclose(jacobian(x), expected, rtol=1e-8)


def test_nothing_but_stacks_is_built_for_the_jacobian(monkeypatch):
    of = problem(series, EXACT, POINTS, START)
    calls = []

    def counted(*given):
        calls.append(given)
        return sf.solve(*given)

    monkeypatch.setattr(fitproblem, "solve", counted)
    residuals, jacobian, x = internal(of)
    residuals(x)
    jacobian(x)
    jacobian(x)
    assert len(calls) == of.solves == of.gradients == 1


# --- what is found ----------------------------------------------------------------------------


def test_exact_data_give_the_truth():
    found = sf.fit(series, EXACT, START, coordinates=POINTS, uncertainty=SIGMA)
    assert found.values == pytest.approx(TRUTH, rel=1e-6)  # where lmfit stops, squared
    assert found.residuals == pytest.approx(0, abs=1e-4)
    np.testing.assert_array_equal(found.best_fit, found.solution.resistance)
    assert found.best_fit.shape == found.residuals.shape == (5, 2)
    assert found.result.success
    assert found.result.init_values == {name: value[0] for name, value in START.items()}


@pytest.mark.long
def test_noise_of_known_size_is_found_again():
    """Deviations in units of the uncertainty are normal: 40 fits of 3 parameters."""
    pulls, chi = [], []
    for seed in range(40):
        found = sf.fit(series, noisy(seed), START, coordinates=POINTS, uncertainty=SIGMA)
        sigma = found.uncertainties
        pulls.append([(found.values[name] - TRUTH[name]) / sigma[name] for name in TRUTH])
        chi.append(found.result.chisqr)
    pulls = np.array(pulls)
    # 4 standard deviations of mean and standard deviation of 40 normal numbers
    assert np.abs(pulls.mean(axis=0)).max() < 4 / np.sqrt(40)
    assert np.abs(pulls.std(axis=0) - 1).max() < 4 / np.sqrt(80)
    freedom = EXACT.size - 3
    assert abs(np.mean(chi) - freedom) < 4 * np.sqrt(2 * freedom / 40)


@pytest.mark.long
def test_uncertainties_scale_with_those_of_the_data_only_if_given():
    data = noisy(0)
    one = sf.fit(series, data, START, coordinates=POINTS, uncertainty=SIGMA)
    two = sf.fit(series, data, START, coordinates=POINTS, uncertainty=2 * SIGMA)
    assert one.values == pytest.approx(two.values, rel=1e-6)
    expected = {name: 2 * sigma for name, sigma in one.uncertainties.items()}
    assert two.uncertainties == pytest.approx(expected, rel=1e-4)
    # without them, the scatter is their measure
    none = sf.fit(series, data, START, coordinates=POINTS)
    scatter = np.sqrt((none.residuals**2).sum() / none.result.nfree)
    same = sf.fit(series, data, START, coordinates=POINTS, uncertainty=scatter)
    assert none.values == pytest.approx(same.values, rel=1e-6)
    assert none.uncertainties == pytest.approx(same.uncertainties, rel=1e-4)


def test_correlation_and_covariance():
    found = sf.fit(series, noisy(1), START, coordinates=POINTS, uncertainty=SIGMA)
    of = problem(series, EXACT, POINTS, {name: found.values[name] for name in TRUTH})
    jacobian = of.jacobian(found.values, [*TRUTH]) * 0.01 / SIGMA.reshape(-1, 1)
    expected = np.linalg.inv(jacobian.T @ jacobian)
    # lmfit's is that of the last step but one
    np.testing.assert_allclose(found.result.covar, expected, rtol=1e-2)
    sigma, covariance = found.uncertainties, found.result.covar
    assert found.correlation["beta", "l"] == found.correlation["l", "beta"]
    assert found.correlation["l", "l"] == 1
    assert found.correlation["beta", "AR"] == pytest.approx(
        covariance[0, 2] / sigma["beta"] / sigma["AR"]
    )
    assert found.result.params["l"].correl["AR"] == pytest.approx(found.correlation["l", "AR"])
    assert found.result.uvars["l"].std_dev == pytest.approx(sigma["l"])
    for text in ("l: ", "C(", "reduced chi-square", "init = 1e-08"):
        assert text in found.report()


@pytest.mark.long
def test_priors_weigh_like_measurements():
    """Of a parameter that data say nothing of, the prior is what is found; others are averaged."""
    prior = (6.5e-9, 0.2e-9)
    alone = sf.fit(series, noisy(2), START, coordinates=POINTS, uncertainty=SIGMA)
    known = sf.fit(
        series, noisy(2), START, coordinates=POINTS, uncertainty=SIGMA, priors={"l": prior}
    )
    weights = np.array([alone.uncertainties["l"], prior[1]]) ** -2.0
    mean = weights @ [alone.values["l"], prior[0]] / weights.sum()
    assert known.uncertainties["l"] == pytest.approx(weights.sum() ** -0.5, rel=0.05)
    assert known.values["l"] == pytest.approx(mean, rel=0.02)  # not linear
    assert known.result.ndata == EXACT.size + 1
    assert known.residuals.shape == EXACT.shape

    only = sf.fit(
        unseen,
        noisy(2),
        START | {"G": 1.0},
        coordinates=POINTS,
        uncertainty=SIGMA,
        priors={"G": (3.0, 0.5)},
    )
    assert only.values["G"] == pytest.approx(3.0)
    assert only.uncertainties["G"] == pytest.approx(0.5)


def doubled(beta, l, one, two, d, state):
    """Of two numbers only the sum is in the stack."""
    return series(beta, l, one + two, d, state)


def shunted(AR, gamma, d):
    """Without a resistance gamma means nothing."""
    F = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
    left, right = F(8e-9, m=(0, 0, 1)), F(4e-9, m=(1, 0, 0))
    return sf.Lead(Cu) | left | sf.Interface(AR, gamma=gamma) | Cu(d) | right | sf.Lead(Cu)


TWO = {"one": (0.2e-15, 0, None), "two": (0.2e-15, 0, None)}
SHUNT = {"d": np.array([2.0, 4.0, 8.0]) * 1e-9}
BARE = sf.solve(shunted(1e-20, 0.5, **SHUNT)).resistance


@pytest.mark.long
@pytest.mark.parametrize(
    ("builder", "data", "start", "given", "undetermined"),
    [
        (doubled, EXACT, START | TWO, {"coordinates": POINTS}, ("one", "two")),
        (doubled, EXACT, START | TWO | {"two": lmfit.Parameter("two", 0, vary=False)}, {}, ()),
        (doubled, EXACT, START | TWO, {"priors": {"two": (0.2e-15, 1e-17)}}, ()),
        (unseen, EXACT, START | {"G": 1.0}, {"priors": {"G": (3.0, 0.5)}}, ()),
        (
            shunted,
            BARE,
            {"AR": (1e-15, 0, None), "gamma": (0.5, -0.9, 0.9)},
            {"coordinates": SHUNT},
            ("gamma",),
        ),
    ],
)
def test_what_data_do_not_determine_is_said(builder, data, start, given, undetermined):
    start = {name: x for name, x in start.items() if builder is not doubled or name != "AR"}
    arguments = {"coordinates": POINTS, "uncertainty": 0.01 * data, **given}
    warned = pytest.warns(UserWarning, match="data do not determine .*: other values fit as well")
    with warned if undetermined else nullcontext():
        found = sf.fit(builder, data, start, **arguments)
    assert found.undetermined == undetermined
    assert ("[[Undetermined]]" in found.report()) is bool(undetermined)


@pytest.mark.long
def test_units_do_not_matter():
    """Bounds of one side leave resistances of 1e-15 all their digits, as those in fOhm m2."""

    def plain(beta, l, AR, d, state):
        return series(beta, l * 1e-9, AR * 1e-15, d * 1e-9, state)

    factors = {"beta": 1.0, "l": 1e9, "AR": 1e15}
    points = {"d": D * 1e9, "state": STATES}
    start = {name: (s * factors[name], low, up) for name, (s, low, up) in START.items()}
    one = sf.fit(series, noisy(3), START, coordinates=POINTS, uncertainty=SIGMA)
    two = sf.fit(plain, noisy(3), start, coordinates=points, uncertainty=SIGMA)
    for name, factor in factors.items():
        assert two.values[name] == pytest.approx(factor * one.values[name], rel=1e-7)
        assert two.uncertainties[name] == pytest.approx(factor * one.uncertainties[name], rel=1e-5)


def test_parameters_of_lmfit_fixed_ones_too():
    given = lmfit.Parameters()
    given.add("beta", 0.5, min=0, max=0.99)
    given.add("l", 5.5e-9, vary=False)
    given.add("AR", 1e-15, min=0)
    found = sf.fit(series, noisy(4), given, coordinates=POINTS, uncertainty=SIGMA)
    assert found.values["l"] == 5.5e-9
    assert list(found.uncertainties) == ["beta", "AR"]
    rest = {name: value for name, value in START.items() if name != "l"}
    same = sf.fit(
        lambda **numbers: series(l=5.5e-9, **numbers),
        noisy(4),
        rest,
        coordinates=POINTS,
        uncertainty=SIGMA,
    )
    assert found.values == pytest.approx({"l": 5.5e-9, **same.values}, rel=1e-7)


@pytest.mark.long
def test_dataarrays_bring_their_coordinates():
    """Axes in any order, a coordinate along another one's axis, and one of no interest."""
    names = {"sample": D[:, 0] * 1e9, "d": ("sample", D[:, 0]), "state": STATES, "run": 3}
    data = xarray.DataArray(noisy(5), names, ("sample", "state"))
    sigma = xarray.DataArray(SIGMA, names, ("sample", "state"))
    arrays = sf.fit(series, noisy(5), START, coordinates=POINTS, uncertainty=SIGMA)
    for turned, its in ((data, sigma), (data.T, sigma), (data.T, sigma.T)):
        found = sf.fit(series, turned, START, uncertainty=its)
        assert found.values == pytest.approx(arrays.values, rel=1e-9)
        assert found.best_fit.shape == turned.shape
    # one number per state, and a table of points without any axis of their own
    by_state = xarray.DataArray([1e-17, 2e-17], {"state": STATES}, ("state",))
    found = sf.fit(series, data, START, uncertainty=by_state)
    same = sf.fit(series, noisy(5), START, coordinates=POINTS, uncertainty=[1e-17, 2e-17])
    assert found.values == pytest.approx(same.values, rel=1e-9)
    table = data.drop_vars("sample").stack(point=("sample", "state"), create_index=False)
    found = sf.fit(series, table, START, uncertainty=np.asarray(SIGMA).ravel())
    assert found.values == pytest.approx(arrays.values, rel=1e-9)


def test_spin_resistance_and_a_single_sample():
    """Of repeated measurements the mean is found, with its error."""

    def valve(p):
        F = sf.Ferromagnet(D=1.0, l=1.0, p=p)
        return F(1.0, m=(0, 0, 1)) | sf.NormalMetal(D=8.0, l=9.0)(0.1) | F(1.0, m=(0, 0, -1))

    exact = sf.solve(valve(0.5)).spin_resistance
    data = exact * np.array([0.99, 1.01, 1.0, 1.0])
    found = sf.fit(valve, data, {"p": (0.3, 0, 0.99)}, output="spin_resistance", uncertainty=0.01)
    assert found.values["p"] == pytest.approx(0.5, rel=1e-6)
    slope = 2 * exact / 0.5  # dr goes with p^2
    assert found.uncertainties["p"] == pytest.approx(0.01 / np.sqrt(4) / slope, rel=1e-4)


# --- how many solves it takes -----------------------------------------------------------------


def without_jacobian(builder, data, start, coordinates, uncertainty, priors):
    """Fit with lmfit's differences, in units of the starts; return its result and its solves.

    Parameters that lmfit asks for twice are solved for once.
    """
    scale = {n: abs(x[0] if isinstance(x, tuple) else x) or 1.0 for n, x in start.items()}
    parameters, known = lmfit.Parameters(), {}
    for name, given in start.items():
        value, low, up = given if isinstance(given, tuple) else (given, None, None)
        low, up = (x if x is None else x / scale[name] for x in (low, up))
        parameters.add(name, value / scale[name], min=low, max=up)

    def residuals(now):
        values = {name: now[name].value * scale[name] for name in scale}
        key = tuple(values.values())
        if key not in known:
            known[key] = sf.solve(builder(**values, **coordinates)).resistance
        own = ((known[key] - data) / uncertainty).ravel()
        return np.append(own, [(values[n] - mean) / s for n, (mean, s) in priors.items()])

    return lmfit.minimize(residuals, parameters, scale_covar=False), len(known)


@pytest.mark.long
@pytest.mark.parametrize("name", ["fit_thickness_series", "fit_angular_dependence"])
def test_five_times_fewer_solves(name, capsys):
    """Of the whole batch, in both examples.

    With gradients counted as solves, 3 times fewer: 3.9 times on one machine, 4 on others, since
    roundings decide how many steps differences take.
    """
    example = runpy.run_path(str(EXAMPLES / f"{name}.py"))
    found = example["found"]
    result, solves = without_jacobian(
        example["valve"],
        example["data"],
        example["start"],
        example["points"],
        example["uncertainty"],
        example.get("priors", {}),
    )
    assert result.chisqr == pytest.approx(found.result.chisqr, rel=1e-5)
    assert solves >= 5 * found.solves
    assert solves >= 3 * (found.solves + found.gradients)


# --- bad input --------------------------------------------------------------------------------


def misfit(**changes):
    given = {
        "builder": series,
        "data": EXACT,
        "parameters": START,
        "coordinates": POINTS,
        "uncertainty": SIGMA,
    } | changes
    return sf.fit(**given)


def scalar(beta, l, AR, d, state):
    if d > 5e-9:
        AR = 2 * AR
    return series(beta, l, AR, d, state)


def uneven(beta, l, AR, d, state):
    return series(beta, l, AR, d - d.min() + 1e-9 if np.ndim(d) else d, state)


def idle(unused, run, d, theta):
    F = sf.Ferromagnet(D=1.0, l=1.0, p=0.5)
    return F(d, m=(0, 0, 1)) | sf.NormalMetal(D=8.0, l=9.0)(0.1) | F(1, m=sf.direction(theta))


def stepped(n, d):
    F = sf.Ferromagnet(D=1.0, l=1.0, p=0.5)
    return F(d, m=(0, 0, 1)) | sf.NormalMetal(D=8.0, l=9.0)(round(n))


def graded(width, d):
    F = sf.Ferromagnet(D=lambda xi: 1 + width * xi, l=1.0, p=0.5)
    return F(d, m=(0, 0, 1)) | sf.NormalMetal(D=8.0, l=9.0)(0.1)


def touching(turn, d):
    F = sf.Ferromagnet(D=1.0, l=1.0, p=0.5)
    return F(d, m=(0, 0, 1)) | F(d, m=sf.direction(turn)) | sf.NormalMetal(D=8.0, l=9.0)(0.1)


def turned(d, theta=60.0, phi=0.0):
    F = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
    return sf.Lead(Cu) | F(8e-9, m=(0, 0, 1)) | Cu(d) | F(4e-9, m=sf.direction(theta, phi))


ONE = {"data": [1.0, 1.0], "coordinates": {"d": [1.0, 2.0]}, "uncertainty": 0.1}
ANGLE = {
    "builder": turned,
    "data": [1e-15, 1e-15],
    "coordinates": {"d": [2e-9, 4e-9]},
    "uncertainty": None,
}
RUNS = {"data": [1.0, 1.0], "coordinates": {"d": [1.0, 2.0], "run": [1, 2]}, "uncertainty": 0.1}
BAD = [
    ({"builder": 3}, TypeError, "builder must be a function that returns a Stack, got 3"),
    ({"builder": lambda **_: 3}, TypeError, "builder must return a Stack, got 3"),
    ({"builder": scalar}, ValueError, "np.where for if, got ValueError: The truth value"),
    ({"builder": uneven}, ValueError, "another stack from arrays than from numbers at d = 2e-09"),
    ({"parameters": START | {"bta": 1.0}}, ValueError, "got 'bta'; did you mean 'beta'"),
    ({"parameters": {"l": 1e-9}}, ValueError, "argument 'beta' of the builder must be given"),
    ({"parameters": START | {"d": 1.0}}, ValueError, "'d' must be a parameter or a coordinate"),
    ({"parameters": ["l"]}, TypeError, "parameters must map names to where they start"),
    ({"parameters": START | {"l": (1, 2)}}, ValueError, r"a number or \(start, lower, upper\)"),
    ({"parameters": START | {"l": (1, 2, 3)}}, ValueError, "between its bounds 2 and 3, got 1"),
    ({"parameters": START | {"l": (0, 0, 3)}}, ValueError, "between its bounds 0 and 3, got 0"),
    ({"parameters": START | {"l": 0.0}}, ValueError, "both bounds if it starts at 0"),
    ({"parameters": START | {"l": np.nan}}, ValueError, "start of parameter 'l' must be finite"),
    ({"parameters": START | {"l": [1e-9] * 2}}, ValueError, "must be a number or"),
    ({"parameters": START | {"l": np.ones(2)}}, TypeError, "start of parameter 'l' must be one"),
    (
        {"parameters": START | {"l": lmfit.Parameter("l", expr="2*AR")}},
        ValueError,
        r"left to the builder, got the expression '2\*AR'",
    ),
    (
        {"parameters": {n: lmfit.Parameter(n, x[0], vary=False) for n, x in START.items()}},
        ValueError,
        "parameters must have at least one that varies",
    ),
    ({"parameters": START | {"beta": 1.5}}, ValueError, "between -1 and 1"),
    ({"data": EXACT * np.nan}, ValueError, r"data must be finite, got nan at index \(0, 0\)"),
    ({"data": EXACT[:, :1]}, ValueError, r"coordinate 'state' must broadcast .* \(5, 1\)"),
    ({"data": EXACT[0, :1], "coordinates": {"d": 1e-9, "state": 0}}, ValueError, "must broadcast"),
    (
        {"data": EXACT[0, 0], "coordinates": {"d": 1e-9, "state": 0}, "uncertainty": 1.0},
        ValueError,
        "at least as many as the 3 parameters that vary, got 1",
    ),
    ({"coordinates": [1]}, TypeError, "coordinates must map names to arrays"),
    ({"coordinates": POINTS | {"stat": 1.0}}, ValueError, "got 'stat'; did you mean 'state'"),
    ({"coordinates": POINTS | {"d": -D}}, ValueError, "thickness of a layer must be positive"),
    ({"uncertainty": 0.0}, ValueError, "uncertainty of the data must be positive and finite"),
    ({"uncertainty": np.ones(3)}, ValueError, r"must broadcast to the data's shape \(5, 2\)"),
    ({"data": xarray.DataArray(EXACT)}, ValueError, "coordinates must be left out"),
    ({"data": xarray.Dataset()}, TypeError, "create an xarray.DataArray first"),
    ({"priors": {"d": (1, 2)}}, ValueError, r"that vary \(beta, l, AR\), got 'd'"),
    ({"priors": {"l": 1}}, TypeError, r"prior of 'l' must be \(mean, sigma\), got 1"),
    ({"priors": {"l": (1, 0)}}, ValueError, "sigma of the prior of 'l' must be positive"),
    (
        {"priors": {"l": (1, 1)}, "uncertainty": None},
        ValueError,
        "uncertainty of the data must be given with priors",
    ),
    ({"output": "resistence"}, ValueError, "did you mean 'resistance'"),
    (
        {"builder": idle, "parameters": {"unused": (2.0, 0, 2.1), "theta": 90.0}, **RUNS},
        ValueError,
        "^parameter 'unused' must change the stack, got the same one at its start 2 and beside it",
    ),
    (
        {
            "builder": idle,
            "parameters": {"unused": (2.0, 0, 2.1), "theta": 90.0},
            "priors": {"unused": (1.0, 0.1)},
            **RUNS,
        },
        ValueError,
        "^parameter 'unused' must change the stack",
    ),
    (
        {
            "builder": idle,
            "parameters": {"unused": lmfit.Parameter("unused", 2.0, vary=False), "theta": 90.0},
            **RUNS,
        },
        ValueError,
        "^coordinate 'run' must change the stack, got the same one for all of its values",
    ),
    (
        {"builder": stepped, "parameters": {"n": 2.0}, **ONE},
        ValueError,
        "^parameter 'n' must change the stack, .* at 1.99998789 and 2.00001211$",
    ),
    (
        {"parameters": START | {"G": 1.0}, "builder": unseen},
        ValueError,
        "^parameter 'G' must change the resistance, got a derivative of zero at its start 1: it",
    ),
    (
        {"parameters": {"phi": (10.0, -90, 90)}, **ANGLE},
        ValueError,
        "^parameter 'phi' must change the resistance, .* at its start 10: it may be left out",
    ),
    (
        {"parameters": {"phi": 10.0}, "output": "spin_resistance", **ANGLE},
        ValueError,
        "^parameter 'phi' must change the spin resistance, .* at its start 10: it may be left out",
    ),
    (
        {"parameters": {"theta": (0.0, -90, 90)}, **ANGLE},
        ValueError,
        "^parameter 'theta' must change the resistance, .* start 0: .* start elsewhere, as at 18$",
    ),
    (
        {"parameters": {"theta": (180.0, 0, 180.1)}, **ANGLE},
        ValueError,
        "^parameter 'theta' must change .* start 180: .* start elsewhere, as at 162$",
    ),
    (
        {
            "builder": shunted,
            "data": BARE,
            "coordinates": SHUNT,
            "uncertainty": None,
            "parameters": {
                "AR": lmfit.Parameter("AR", 0.0, vary=False),
                "gamma": (0.5, -0.9, 0.9),
            },
        },
        ValueError,
        "^parameter 'gamma' must change the resistance, got a derivative of zero",
    ),
    (
        {"builder": graded, "parameters": {"width": 0.5}, **ONE},
        ValueError,
        "'width' must not change a number that is a function of xi",
    ),
    (
        {"builder": touching, "parameters": {"turn": (0, -9, 9)}, **ONE},
        ValueError,
        "'turn' must not turn a magnetization that is in collinear contact",
    ),
]


@pytest.mark.parametrize(("changes", "error", "message"), BAD, ids=lambda x: None)
def test_bad_input(changes, error, message):
    with pytest.raises(error, match=message):
        misfit(**changes)


def test_values_that_the_builder_refuses_on_the_way():
    """A parameter without bounds that leaves its range; numpy's settings are as before."""

    def valve(p):
        F = sf.Ferromagnet(D=1.0, l=1.0, p=p)
        return F(1.0, m=(0, 0, 1)) | sf.NormalMetal(D=8.0, l=9.0)(0.1) | F(1.0, m=(0, 0, -1))

    before = np.geterr()
    with pytest.raises(ValueError, match=r"values of the parameters within .* got at p = ") as e:
        sf.fit(valve, [9.0], {"p": 0.5}, output="spin_resistance")
    assert "between -1 and 1" in str(e.value)
    assert np.geterr() == before


def test_lmfit_is_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "lmfit", None)
    with pytest.raises(ImportError, match="a fit needs lmfit: pip install lmfit"):
        misfit()


def test_a_fit_that_does_not_converge_says_so(monkeypatch):
    monkeypatch.setattr("spinfem.studies.fitminimizer.MOST", 1)
    with pytest.warns(UserWarning, match=r"the fit has not converged: .* or give bounds"):
        found = sf.fit(series, noisy(1), START, coordinates=POINTS, uncertainty=SIGMA)
    assert not found.result.success
