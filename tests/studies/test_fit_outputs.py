"""Outputs of fits: what each of them is, its Jacobian, what is found from synthetic data."""

import pickle

import lmfit
import numpy as np
import pytest

import spinfem as sf
from spinfem.studies.fitdata import check_data, check_parameters
from spinfem.studies.fitproblem import Problem
from spinfem.studies.outputs import Output

AP = {"free": sf.direction(160.0, 30.0)}
EXACTLY_AP = {"free": sf.direction(180.0)}


def sample(rho, p, l, l_N, D_N, AR, gamma, G_r, G_i, d_N, tilt, d, polar):
    """Three magnets, of which one is weak, with interfaces; all numbers in several pieces."""
    N = sf.NormalMetal(D=D_N, l=l_N)
    F = sf.Ferromagnet(D=1 / rho, l=l, p=p)
    weak = sf.Ferromagnet(D=1 / rho, l=2 * l, p=p / 2, lambda_J=0.2 * l, lambda_phi=0.4)
    joint = sf.Interface(AR, gamma=gamma, mixing=G_r + 1j * G_i)
    return (
        sf.Lead(N)
        | weak(0.4, m=sf.direction(100.0, tilt), name="back")
        | N(d_N)
        | F(d, m=sf.direction(polar + tilt, 20.0), name="free")
        | joint
        | N(2 * d_N)
        | joint
        | F(0.5, m=sf.direction(70.0, 90.0), name="pinned")
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
    "d_N": 0.3,
    "tilt": 20.0,
}
DEVICE = {"area": 0.7, "contact": 0.2, "series": 0.1, "current": 3.0}
POINTS = {"d": np.array([[0.3], [1.0]]), "polar": np.array([10.0, 45.0, 120.0])}


def part(solution, name):
    """The signed length of one part of the torque on the free layer, by the pinned one."""
    damping_like, field_like = solution.torque_parts("free", "pinned")
    elements = {e.name: np.asarray(e.m) for e in solution.stack.layers if e.is_ferromagnet}
    m, q = np.broadcast_arrays(elements["free"], elements["pinned"])
    if name == "damping-like":
        return (damping_like * np.cross(m, np.cross(q, m))).sum(-1) / np.linalg.norm(
            np.cross(m, q), axis=-1
        )
    return (field_like * np.cross(m, q)).sum(-1) / np.linalg.norm(np.cross(m, q), axis=-1)


def pillar(RA, v):
    return (RA + v["contact"]) / v["area"] + v["series"]


ON_PILLAR = {"area": "area", "contact": "contact", "series": "series"}
WITH_DEVICE = ("area", "contact", "series")
# what it is, by which numbers of the device, and the same from public results
CASES = {
    "resistance": (Output("resistance"), (), lambda s, v: sf.solve(s).resistance),
    "dr": (Output("spin_resistance"), (), lambda s, v: sf.solve(s).spin_resistance),
    "A dR": (
        Output("resistance").change(AP),
        (),
        lambda s, v: sf.magnetoresistance(s, AP).change,
    ),
    "MR": (
        Output("resistance").relative_change(AP),
        (),
        lambda s, v: sf.magnetoresistance(s, AP).ratio,
    ),
    "ratio": (
        Output("resistance").ratio(AP),
        (),
        lambda s, v: 1 + sf.magnetoresistance(s, AP).ratio,
    ),
    "pillar": (
        Output("resistance").on_pillar(**ON_PILLAR),
        WITH_DEVICE,
        lambda s, v: pillar(sf.solve(s).resistance, v),
    ),
    "dR of a pillar": (
        Output("resistance").change(AP).on_pillar(area="area"),
        ("area",),
        lambda s, v: sf.magnetoresistance(s, AP).change / v["area"],
    ),
    "MR of a pillar": (
        Output("resistance").on_pillar(**ON_PILLAR).relative_change(AP),
        WITH_DEVICE,
        lambda s, v: (
            sf.magnetoresistance(s, AP).change
            / (sf.solve(s).resistance + v["contact"] + v["series"] * v["area"])
        ),
    ),
    "torque y": (
        Output("torque", on="free", component="y"),
        (),
        lambda s, v: sf.solve(s).torque("free")[..., 1],
    ),
    "damping-like": (
        Output("torque", on="free", by="pinned", component="damping-like", current="current"),
        ("current",),
        lambda s, v: part(sf.solve(s, v["current"]), "damping-like"),
    ),
    "field-like": (
        Output("torque", on="free", by="pinned", component="field-like"),
        (),
        lambda s, v: part(sf.solve(s), "field-like"),
    ),
    "change of a torque": (
        Output("torque", on="pinned", component="x").change(AP),
        (),
        lambda s, v: (
            sf.solve(s.replace("free", m=AP["free"])).torque("pinned")[..., 0]
            - sf.solve(s).torque("pinned")[..., 0]
        ),
    ),
    "g": (
        Output("efficiency", on="pinned", by="free"),
        (),
        lambda s, v: sf.solve(s).efficiency("pinned", "free")[0],
    ),
    "ratio of g": (
        Output("efficiency", on="free", by="pinned").ratio(AP),
        (),
        lambda s, v: (
            sf.solve(s.replace("free", m=AP["free"])).efficiency("free", "pinned")[0]
            / sf.solve(s).efficiency("free", "pinned")[0]
        ),
    ),
}
QUICK = ("MR of a pillar", "damping-like", "ratio of g")


def problem(output, device, start=NUMBERS, points=POINTS, data=None, builder=sample):
    data = np.ones((2, 3)) if data is None else data
    measured = check_data(builder, data, points, 1.0, output)
    parameters = start | {name: DEVICE[name] for name in device}
    return Problem(builder, measured, check_parameters(parameters), {}, output, int)


@pytest.mark.some(6)
@pytest.mark.long
@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=() if c in QUICK else pytest.mark.long) for c in CASES]
)
def test_value_and_jacobian_are_those_of_public_results(case):
    """Of every number of metals, layers, interfaces, angles, and of the device.

    Differences of sixth order are right to 1e-11, those of the stack's numbers to 1e-10.
    """
    output, device, public = CASES[case]
    of = problem(output, device)
    start = of.start

    def value(**changes):
        values = {**start, **changes}
        own = {name: x for name, x in values.items() if name in NUMBERS}
        return np.broadcast_to(public(sample(**own, **POINTS), values), (2, 3))

    np.testing.assert_allclose(of.model(start), value(), rtol=1e-12)
    weights, largest = {1: 45, 2: -9, 3: 1}, abs(value()).max()
    found = of.jacobian(start, [*start])
    for column, (name, x) in enumerate(start.items()):
        h = 1e-3 * x
        steps = [
            w * (value(**{name: x + n * h}) - value(**{name: x - n * h})) / (60 * h)
            for n, w in weights.items()
        ]
        expected, scale = sum(steps).ravel(), max(abs(sum(steps)).max(), 1e-2 * largest / x)
        np.testing.assert_allclose(found[:, column] / scale, expected / scale, atol=2e-9)


# --- what is found ----------------------------------------------------------------------------

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
TRUTH = {"beta": 0.7, "l": 5.5e-9}
START = {"beta": (0.5, 0, 0.99), "l": (9e-9, 1e-9, 1e-7)}
T = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0]) * 1e-9


def valve(beta, l, t, theta=0.0):
    """A valve with a mixing conductance."""
    F = sf.Ferromagnet.from_valet_fert(291e-9, beta=beta, l=l)
    side = sf.Interface(0.5e-15, gamma=0.7, mixing=0.4e15 + 0.04e15j)
    fixed = F(30e-9, m=sf.direction(0), name="fixed")
    free = F(t, m=sf.direction(theta), name="free")
    return sf.Lead(Cu) | fixed | side | Cu(10e-9) | side | free | sf.Lead(Cu)


OUTPUTS = {
    "A dR": Output("resistance").change(EXACTLY_AP),
    "MR": Output("resistance").relative_change(EXACTLY_AP),
    "torque": Output("torque", on="free", component="z", current=1e11),
    "damping-like": Output("torque", on="free", component="damping-like", current=1e11),
    "g": Output("efficiency", on="free", by="fixed"),
}


def exact(output, points):
    measured = check_data(valve, np.ones(points["t"].shape), points, 1.0, output)
    of = Problem(valve, measured, check_parameters(TRUTH), {}, output, int)
    return of.model(TRUTH).copy()


def noisy_fits(output, points, seeds):
    values = exact(output, points)
    sigma = 0.01 * abs(values)
    for seed in seeds:
        data = values + sigma * np.random.default_rng(seed).standard_normal(values.shape)
        yield sf.fit(valve, data, START, coordinates=points, uncertainty=sigma, output=output)


def points_of(case):
    if case in ("A dR", "MR"):
        return {"t": T}
    return dict(zip(("t", "theta"), map(np.ravel, np.meshgrid(T, [40.0, 90.0, 140.0]))))


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("case", OUTPUTS)
def test_noise_of_known_size_is_found_again(case):
    """Deviations in units of the uncertainty are normal: 30 fits of 2 parameters."""
    pulls, chi, freedom = [], [], 0
    for found in noisy_fits(OUTPUTS[case], points_of(case), range(30)):
        sigma = found.uncertainties
        pulls.append([(found.values[name] - TRUTH[name]) / sigma[name] for name in TRUTH])
        chi.append(found.result.chisqr)
        freedom = found.result.nfree
    pulls = np.array(pulls)
    # 4 standard deviations of mean and standard deviation of 30 normal numbers
    assert np.abs(pulls.mean(axis=0)).max() < 4 / np.sqrt(30)
    assert np.abs(pulls.std(axis=0) - 1).max() < 4 / np.sqrt(60)
    assert abs(np.mean(chi) - freedom) < 4 * np.sqrt(2 * freedom / 30)


@pytest.mark.long
def test_torques_with_noise():
    (found,) = noisy_fits(OUTPUTS["torque"], points_of("torque"), [0])
    for name, true in TRUTH.items():
        assert abs(found.values[name] - true) < 4 * found.uncertainties[name]
        assert found.uncertainties[name] < 0.2 * true
    assert abs(found.result.chisqr - 16) < 4 * np.sqrt(32)


@pytest.mark.long
def test_both_states_are_one_batch(monkeypatch):
    """And the solution is that of the given one."""
    solved = []
    from spinfem.studies import fitproblem

    monkeypatch.setattr(
        fitproblem, "solve", lambda *given: solved.append(given) or sf.solve(*given)
    )
    output = OUTPUTS["A dR"]
    data = exact(output, {"t": T})
    solved.clear()
    found = sf.fit(valve, data, START, coordinates={"t": T}, output=output)
    assert len(solved) == found.solves
    assert {stack.shape for stack, _ in solved} == {(2, 6)}
    assert found.values == pytest.approx(TRUTH, rel=1e-6)
    assert found.solution.shape == (6,)
    expected = sf.magnetoresistance(valve(**found.values, t=T), EXACTLY_AP)
    np.testing.assert_allclose(found.solution.resistance, expected.before, rtol=1e-12)
    np.testing.assert_allclose(found.best_fit, expected.change, rtol=1e-12)
    assert found.best_fit.shape == found.residuals.shape == (6,)


@pytest.mark.long
def test_a_pillar_with_lead_resistance():
    """Areas are a coordinate; what is in series with them, and between them and the stack, fits."""
    area = np.array([0.5, 1.0, 2.0, 4.0])[:, None] * 1e-14
    points = {"t": T, "A": area}
    RA = sf.solve(valve(**TRUTH, t=T)).resistance
    data = (RA + 3e-15) / area + 0.25
    output = Output("resistance").on_pillar(area="A", contact="RA_c", series="R_lead")
    start = {"beta": (0.5, 0, 0.99), "RA_c": (1e-15, 0, None), "R_lead": (0.1, 0, None)}

    def sample(beta, t):
        return valve(beta, 5.5e-9, t)

    found = sf.fit(sample, data, start, coordinates=points, uncertainty=1e-3, output=output)
    truth = {"beta": 0.7, "RA_c": 3e-15, "R_lead": 0.25}
    assert found.values == pytest.approx(truth, rel=1e-6)
    assert found.undetermined == ()
    np.testing.assert_allclose(found.predict(points), data, rtol=1e-7)
    # of one area series and contact cannot be told apart
    with pytest.warns(UserWarning, match="data do not determine 'RA_c', 'R_lead'"):
        sf.fit(
            sample,
            data[0],
            start,
            coordinates={"t": T, "A": 0.5e-14},
            uncertainty=1e-3,
            output=output,
        )


def test_ratio_of_critical_currents():
    """That of efficiencies is the inverse of that of the currents that move the layer."""

    def plain(D):
        F, N = sf.Ferromagnet(D=1.0, l=1.0, p=0.6), sf.NormalMetal(D=D, l=9.0)
        m = sf.direction(0)
        return sf.Lead(N) | F(1.0, m=m, name="fixed") | N(0.1) | F(0.3, m=m, name="free") | N(0.1)

    output = Output("efficiency", on="free", by="fixed").ratio(EXACTLY_AP)
    stacks = [plain(3.0).replace("free", m=sf.direction(x)) for x in (0.0, 180.0)]
    first, second = (sf.solve(stack).efficiency("free", "fixed")[0] for stack in stacks)
    found = sf.fit(plain, [second / first], {"D": (4.0, 2.6, None)}, output=output)
    assert found.values["D"] == pytest.approx(3.0, rel=1e-6)


# --- intervals, MCMC --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def one_fit():
    (found,) = noisy_fits(OUTPUTS["A dR"], {"t": T}, [1])
    return found


@pytest.mark.long
def test_lmfit_takes_the_minimizer(one_fit):
    """Where chi-square is nearly a parabola, its intervals are one standard deviation."""
    intervals = lmfit.conf_interval(one_fit.minimizer, one_fit.result, sigmas=[0.6827])
    for name, sigma in one_fit.uncertainties.items():
        (_, low), (_, best), (_, high) = intervals[name]
        assert best == one_fit.values[name]
        assert high - low == pytest.approx(2 * sigma, rel=0.4)  # 6 points, F-test


@pytest.mark.long
def test_confidence_of_known_uncertainties(one_fit):
    """At its ends chi-square, with the others fitted again, has risen by the square of 1.96."""
    for name, ends in one_fit.confidence(0.95).items():
        for end in ends:
            held = {
                n: lmfit.Parameter(n, end, vary=False) if n == name else start
                for n, start in START.items()
            }
            measured = one_fit.measured
            again = sf.fit(
                valve,
                measured.values,
                held,
                coordinates=measured.coordinates,
                uncertainty=measured.uncertainty,
                output=one_fit.output,
            )
            rise = again.result.chisqr - one_fit.result.chisqr
            assert rise == pytest.approx(1.959964**2, rel=1e-2)  # to which lmfit seeks it


@pytest.mark.long
def test_a_short_mcmc(one_fit):
    """Walkers that start at the best values keep to the distribution of the uncertainties."""
    pytest.importorskip("emcee")
    sampled = one_fit.minimizer.emcee(
        params=one_fit.result.params,
        steps=40,
        burn=15,
        nwalkers=10,
        seed=3,
        progress=False,
        is_weighted=True,
    )
    assert sampled.flatchain.shape == (250, 2)
    for name, sigma in one_fit.uncertainties.items():
        chain = sampled.flatchain[name]
        assert abs(chain.mean() - one_fit.values[name]) < sigma
        assert 0.5 * sigma < chain.std() < 2 * sigma


def test_fits_are_pickled(one_fit):
    """With their minimizer, as for processes that sample."""
    again = pickle.loads(pickle.dumps(one_fit))
    assert again.values == one_fit.values
    np.testing.assert_array_equal(again.predict({"t": T}), one_fit.best_fit)
    best = again.minimizer.leastsq(params=again.result.params).params.valuesdict()
    assert best == pytest.approx(one_fit.values, rel=1e-6)


# --- pictures ---------------------------------------------------------------------------------


def test_picture_has_points_curves_and_residuals(one_fit):
    import matplotlib.pyplot as plt

    above, below = one_fit.plot()
    assert above.get_ylabel() == "change of the resistance (fΩ m$^2$)"
    assert (below.get_xlabel(), below.get_ylabel()) == ("t", r"(model $-$ data)/$\sigma$")
    curve = max(above.lines, key=lambda line: line.get_xdata().size)
    x, y = curve.get_data()
    assert x.size >= 201
    expected = sf.magnetoresistance(valve(**one_fit.values, t=x), EXACTLY_AP).change
    np.testing.assert_allclose(y, 1e15 * expected, rtol=1e-10)
    points = next(line for line in below.lines if line.get_xdata().size == T.size)
    np.testing.assert_array_equal(points.get_ydata(), one_fit.residuals)
    plt.close("all")


@pytest.mark.long
def test_picture_has_a_curve_for_each_other_coordinate():
    import matplotlib.pyplot as plt

    points = {"t": T[:, None], "theta": np.array([0.0, 180.0])}
    data = sf.solve(valve(**TRUTH, **points)).resistance
    found = sf.fit(valve, data, START, coordinates=points)
    above, below = found.plot()
    labels = above.get_legend_handles_labels()[1]
    assert labels == ["theta = 0", "theta = 180"]
    unit = above.get_ylabel().removeprefix("resistance")
    assert unit
    assert below.get_ylabel() == r"model $-$ data" + unit
    above, below = found.plot("theta", plt.figure().subplots(2, 1))
    assert below.get_xlabel() == "theta"
    with pytest.raises(ValueError, match=r"x must be one of the coordinates .* did you mean 'th"):
        found.plot("theat")
    with pytest.raises(ValueError, match="axes must be two plane Axes"):
        found.plot(axes=above)
    # all change together: one curve, through all points
    both = {"t": T, "theta": np.linspace(0.0, 180.0, 6)}
    data = sf.solve(valve(**TRUTH, **both)).resistance
    found = sf.fit(valve, data, START, coordinates=both)
    above, _ = found.plot("t")
    x, y = max((line.get_data() for line in above.lines), key=lambda xy: len(xy[0]))
    np.testing.assert_allclose(np.interp(T, x, y), 1e15 * found.best_fit, rtol=1e-12)
    plt.close("all")


def test_pictures_of_repeated_measurements():
    """Without any coordinate their numbers are below; with one of a single value, that."""
    import matplotlib.pyplot as plt

    data = sf.solve(valve(0.7, 5.5e-9, 8e-9, 180.0)).resistance * np.array([0.99, 1.0, 1.02])
    found = sf.fit(lambda beta: valve(beta, 5.5e-9, 8e-9, 180.0), data, {"beta": 0.5})
    _, below = found.plot()
    assert below.get_xlabel() == "point"
    found = sf.fit(
        lambda beta, t: valve(beta, 5.5e-9, t, 180.0),
        data,
        {"beta": 0.5},
        coordinates={"t": 8e-9},
    )
    above, below = found.plot()
    assert below.get_xlabel() == "t"
    assert {tuple(line.get_xdata()) for line in above.lines} >= {(8e-9,)}
    plt.close("all")


def test_groups_and_leads_turn():
    """By the names that they have; a group is one magnet."""
    F, N = sf.Ferromagnet(D=1.0, l=1.0, p=0.5), sf.NormalMetal(D=3.0, l=9.0)

    def sample(p, d):
        own, up = sf.Ferromagnet(D=1.0, l=2.0, p=p), sf.direction(0)
        free = F(0.3, m=up, group="free") | own(d, m=up, group="free")
        return sf.Lead(own, m=up, name="pinned") | N(0.2) | free | N(0.2)

    points = {"d": np.array([0.2, 0.5, 1.0])}
    for name in ("free", "pinned"):
        turned = {name: sf.direction(170.0)}
        data = sf.magnetoresistance(sample(0.6, **points), turned).ratio
        output = Output("resistance").relative_change(turned)
        found = sf.fit(sample, data, {"p": (0.3, 0, 0.99)}, coordinates=points, output=output)
        assert found.values["p"] == pytest.approx(0.6, rel=1e-6)


def test_what_is_one_magnet_needs_a_group():
    """As `magnetoresistance` says of two layers in contact, of which one turns."""
    F, N = sf.Ferromagnet(D=1.0, l=1.0, p=0.5), sf.NormalMetal(D=3.0, l=9.0)
    up = sf.direction(0)

    def sample(d):
        return F(0.5, m=up) | N(0.2) | F(0.3, m=up, name="a") | F(d, m=up, name="b") | N(0.2)

    output = Output("resistance").change({"b": sf.direction(90.0)})
    told = pytest.warns(UserWarning, match=r"do not turn together \(a\|b\)")
    with told:
        data = sf.magnetoresistance(sample(0.7), {"b": sf.direction(90.0)}).change
    with told as warnings:
        sf.fit(sample, [data], {"d": (0.5, 0.1, 2.0)}, output=output)
    assert [warning.filename for warning in warnings] == [__file__]


# --- tables -----------------------------------------------------------------------------------


class Frame:
    """What a data frame is known by."""

    def __init__(self, columns):
        self._columns = columns
        self.columns = list(columns)

    def __getitem__(self, name):
        return self._columns[name]


HEADS = {"t_nm": T * 1e9, "AdR_mOhm_um2": None, "error_fOhm_m2": None, "run": None}


def columns():
    values = exact(OUTPUTS["A dR"], {"t": T})
    noise = 0.01 * values * np.random.default_rng(4).standard_normal(T.size)
    own = ((values + noise) * 1e15).tolist(), (0.01 * values * 1e15).tolist(), list("abcdef")
    return dict(zip(HEADS, (T * 1e9, *own)))


def csv_file(folder, text):
    path = folder / "data.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


def as_csv(table, delimiter=","):
    rows = zip(*(map(str, column) for column in table.values()))
    return "\n".join(delimiter.join(row) for row in [table, *rows]) + "\n"


@pytest.mark.long
@pytest.mark.parametrize("kind", ["comma", "semicolon", "mapping", "frame", "pandas"])
def test_tables_bring_units_coordinates_and_uncertainties(kind, tmp_path):
    table = columns()
    if kind == "comma":
        data = csv_file(tmp_path, "# of last week\n" + as_csv(table))
    elif kind == "semicolon":
        data = str(csv_file(tmp_path, as_csv(table, " ; ")))
    elif kind == "pandas":
        data = pytest.importorskip("pandas").DataFrame(table)
    else:
        data = table if kind == "mapping" else Frame(table)
    found = sf.fit(
        valve,
        data,
        START,
        column="AdR_mOhm_um2",
        uncertainty="error_fOhm_m2",
        output=OUTPUTS["A dR"],
    )
    same = sf.fit(
        valve,
        np.array(table["AdR_mOhm_um2"]) * 1e-15,
        START,
        coordinates={"t": T},
        uncertainty=np.array(table["error_fOhm_m2"]) * 1e-15,
        output=OUTPUTS["A dR"],
    )
    assert found.values == pytest.approx(same.values, rel=1e-7)
    assert found.uncertainties == pytest.approx(same.uncertainties, rel=1e-4)
    np.testing.assert_allclose(found.measured.coordinates["t"], T, rtol=1e-15)


@pytest.mark.long
def test_arguments_in_the_unit_of_the_column():
    def in_nm(beta, l, t_nm):
        return valve(beta, l, t_nm * 1e-9)

    table = {name: column for name, column in columns().items() if name != "run"}
    given = {"uncertainty": "error_fOhm_m2", "output": OUTPUTS["A dR"]}
    found = sf.fit(in_nm, table, START, **given)
    np.testing.assert_array_equal(found.measured.coordinates["t_nm"], T * 1e9)
    renamed = {name.replace("t_nm", "pinned_nm"): column for name, column in table.items()}
    for builder, name in ((valve, "t"), (in_nm, "t_nm")):
        again = sf.fit(builder, renamed, START, coordinates={name: "pinned_nm"}, **given)
        assert again.values == pytest.approx(found.values, rel=1e-9)


# --- bad input --------------------------------------------------------------------------------

AP_OUTPUT = OUTPUTS["A dR"]
BAD_OUTPUTS = [
    (lambda: Output("torqe"), "output must be one of .* did you mean 'torque'"),
    (lambda: Output("torque", component="x"), "on must be given for an output of torque"),
    (lambda: Output("torque", on="free"), "component must be given for an output of torque"),
    (lambda: Output("torque", on="free", component="fieldlike"), "did you mean 'field-like'"),
    (lambda: Output("torque", on="free", by="a", component="x"), "by must be left out for the x"),
    (lambda: Output("efficiency", on="free"), "by must be given for an output of efficiency"),
    (lambda: Output("resistance", on="free"), "on must be left out for an output of resistance"),
    (lambda: Output("spin_resistance").on_pillar(area=1.0), "must be of a resistance, got spin re"),
    (lambda: Output("resistance").on_pillar(area=-1.0), "area must be positive and finite"),
    (lambda: Output("resistance").on_pillar(area=1.0, series=np.nan), "series must be finite"),
    (lambda: AP_OUTPUT.ratio(AP), "two states at most, got change of the resistance"),
    (lambda: Output("resistance").change({"free": np.ones((2, 3))}), "must be one direction"),
    (lambda: Output("resistance").change({"free": (0, 0, 0)}), "m of 'free' must be a nonzero"),
]


@pytest.mark.parametrize(("make", "message"), BAD_OUTPUTS)
def test_outputs_that_are_none(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Output("resistance").on_pillar(area=np.ones(2)),
        lambda: Output("resistance").change({}),
        lambda: Output("resistance").change(["free"]),
    ],
)
def test_arguments_of_another_kind(make):
    with pytest.raises(TypeError, match=r"must be one number|must map names"):
        make()


ON_A = Output("resistance").on_pillar(area="A")
BAD_FITS = [
    ({"output": Output("resistance").change({"fee": (0, 0, -1)})}, "got 'fee'; did you mean"),
    ({"output": Output("resistance").change({"free": (0, 0, 1)})}, "turned must turn a magnet"),
    ({"output": ON_A}, r"area must be a number, or the name .* \(beta, l, t\), got 'A'"),
    ({"output": Output("torque", on="fre", component="x")}, "'fre'; did you mean 'free'"),
    (
        {"output": Output("torque", on="free", component="damping-like")},
        "damping-like part of a torque must be of magnetizations with an angle",
    ),
    (
        {"output": OUTPUTS["g"]},
        "efficiency on free must have derivatives, got none, of collinear magnets",
    ),
    (
        {
            "output": Output("resistance").on_pillar(area=1.0, series="R").change(EXACTLY_AP),
            "parameters": START | {"R": 1.0},
        },
        "'R' must change the change of the resistance, got a derivative of zero",
    ),
    ({"column": "AdR"}, "column must be left out unless the data are a table"),
]


@pytest.mark.long
def test_a_torque_that_is_not_of_the_current_alone():
    """It is taken to be in proportion to the current; resistances are those of j0 alone."""

    def driven(**numbers):
        return sf.Stack([sf.Reservoir([0.0, 0.0, 1e-6]), *valve(theta=60.0, **numbers).pieces[1:]])

    given = {"coordinates": {"t": T}, "progress": False}
    with pytest.raises(ValueError, match="a fit of the z component of the torque on free must be "):
        sf.fit(driven, np.ones(6), START, output=OUTPUTS["torque"], **given)
    data = sf.solve(driven(beta=0.6, l=50e-9, t=T)).resistance
    found = sf.fit(driven, data, START, **given)
    assert found.values == pytest.approx({"beta": 0.6, "l": 50e-9}, rel=1e-6)


@pytest.mark.parametrize(("changes", "message"), BAD_FITS)
def test_fits_that_are_refused(changes, message):
    given = {"parameters": START, "coordinates": {"t": T}, "output": AP_OUTPUT} | changes
    with pytest.raises(ValueError, match=message):
        sf.fit(valve, np.ones(6), given.pop("parameters"), **given)


GOOD = "t_nm,AdR_fOhm_m2\n1,1\n2,1.5\n4,2\n"
BAD_TABLES = [
    ("", {}, "must have a line of names and rows of numbers"),
    (
        GOOD.replace("1.5", "1,5"),
        {},
        "line 3: must have 2 columns, got 3; decimals have a point, not a comma",
    ),
    (
        GOOD.replace(",", ";").replace("1.5", "1,5"),
        {},
        "must be a finite number, got '1,5'; decimals have a point, not a comma",
    ),
    (
        GOOD.replace("1.5", "n/a"),
        {},
        "line 3, column 'AdR_fOhm_m2': must be a finite number, got 'n/a'",
    ),
    ("# a\n" + GOOD.replace("4,", "nan,"), {}, "line 5, column 't_nm': must be a finite number"),
    (GOOD.replace("t_nm", "AdR_fOhm_m2"), {}, "columns must be given and different"),
    (GOOD.replace("t_nm", " "), {}, "columns must be given and different, got ''"),
    (GOOD.replace("t_nm", "d_nm"), {}, r"column must say which one .* \(d_nm, AdR_fOhm_m2\)"),
    (GOOD.replace("t_nm", "t_m"), {"column": "AdR"}, "got 'AdR'"),
    (GOOD.replace("fOhm_m2", "Ohm"), {}, "must be in Ohm m2, as the change .* is, got Ohm"),
    (GOOD, {"coordinates": {"t": "thickness"}}, "coordinate 't' must be one of its columns"),
    (GOOD, {"uncertainty": "error"}, "uncertainty must be one of its columns"),
    (GOOD.replace("\n", ",0\n").replace("m2,0", "m2,e"), {"uncertainty": "e"}, "must be positive"),
    ('t_nm,AdR_fOhm_m2\n"1,1\n2,2\n', {}, "line 2: must be cells in one line"),
    (
        "t_nm,t_m,AdR_fOhm_m2\n1,1,1\n",
        {"column": "AdR_fOhm_m2"},
        "'t' must have one column, got 't_nm' and 't_m'",
    ),
]


@pytest.mark.parametrize(("text", "more", "message"), BAD_TABLES)
def test_tables_that_are_refused(text, more, message, tmp_path):
    path = csv_file(tmp_path, text)
    with pytest.raises(ValueError, match=message) as error:
        sf.fit(valve, path, START, output=AP_OUTPUT, **more)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_files_that_are_not_there_or_no_text(tmp_path):
    with pytest.raises(OSError, match=r"no\.csv: cannot be read"):
        sf.fit(valve, tmp_path / "no.csv", START, output=AP_OUTPUT)
    (tmp_path / "bytes.csv").write_bytes(b"t_nm,\xff\n1,2\n")
    with pytest.raises(ValueError, match=r"bytes.csv: must be text in UTF-8"):
        sf.fit(valve, tmp_path / "bytes.csv", START, output=AP_OUTPUT)


@pytest.mark.parametrize("probability", [0.0, 1.0, 95])
def test_probabilities_are_between_0_and_1(one_fit, probability):
    with pytest.raises(ValueError, match="probability must be between 0 and 1"):
        one_fit.confidence(probability)


def test_intervals_need_two_parameters():
    data = exact(AP_OUTPUT, {"t": T})
    start = {**START, "l": lmfit.Parameter("l", 5.5e-9, vary=False)}
    found = sf.fit(valve, data, start, coordinates={"t": T}, output=AP_OUTPUT)
    with pytest.raises(ValueError, match="at least two parameters"):
        found.confidence()
