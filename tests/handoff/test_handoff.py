"""Torques handed to micromagnetic codes: the codes' formulas (`codes`) against spinfem's torque."""

import re
from pathlib import Path

import numpy as np
import pytest
from codes import (
    HBAR_E,
    MS,
    cmtj_torque,
    field_of,
    imported,
    magnumnp_torque,
    mumax3_torque,
    mumaxplus_torque,
    oommf_torque,
    read_mumax3,
    read_oommf,
    read_ubermag,
    run_ubermag,
    ubermag_torque,
)

import spinfem as sf
from spinfem.handoff.epsilon import SingleLambda, rounded_up

EXAMPLES = Path(__file__).parents[2] / "examples"
VALVE, DUAL, REAL, PAPER = (
    EXAMPLES / f"{name}.toml"
    for name in ("co_cu_py", "dual_valve", "exchange_biased_valve", "paper_valve")
)
ANY = {"allow_error": True}
THETA = np.linspace(0.0, 180.0, 721)


# --- samples ----------------------------------------------------------------------------------


def metal(rng, magnetic):
    D, l = 10.0 ** rng.uniform(6.5, 8.5), 10.0 ** rng.uniform(-8.5, -7.0)
    if magnetic:
        return sf.Ferromagnet(D=D, l=l, p=rng.uniform(-0.95, 0.95))
    return sf.NormalMetal(D=D, l=l)


def random_valve(rng):
    """Two ferromagnets between all kinds of ends, with a spacer of one metal or two."""

    def layer(magnetic, thinnest, **options):
        material = metal(rng, magnetic)
        return material(material.l * 10.0 ** rng.uniform(thinnest, 0.5), **options)

    ends = [sf.Reservoir(), sf.SpinBlocking(), sf.Lead(metal(rng, False)), sf.Reservoir()]
    left, right = rng.permutation(4)[:2]
    return sf.Stack(
        [
            ends[left],
            *(layer(False, -2) for _ in range(rng.integers(2))),
            layer(True, -1, m=rng.normal(size=3), name="1"),
            *(layer(False, -1.3) for _ in range(rng.integers(1, 3))),
            layer(True, -1, m=rng.normal(size=3), name="2"),
            *(layer(False, -2) for _ in range(rng.integers(2))),
            ends[right],
        ]
    )


def symmetric_valve(p1, p2):
    """A1 = A2."""
    F1, F2 = (sf.Ferromagnet(D=1e7, l=1e-8, p=p) for p in (p1, p2))
    N = sf.NormalMetal(D=1e8, l=1e-7)
    return F1(8e-9, m=(0, 0, 1), name="1") | N(2e-8) | F2(8e-9, m=(0, 0.6, 0.8), name="2")


def symmetric(p1, p2, fixed="1"):
    free = {"1": "2", "2": "1"}[fixed]
    return sf.slonczewski(sf.solve(symmetric_valve(p1, p2), 1e11), fixed, free)


DIRECTIONS = np.random.default_rng(1).normal(size=(8, 3))


def turned(stack, free, j0):
    """Directions of the free layer, and the torque on it, both in the axes of the codes."""
    solution = sf.solve(stack.replace(free, m=DIRECTIONS), j0)
    m = DIRECTIONS / np.linalg.norm(DIRECTIONS, axis=1, keepdims=True)
    # their x, y, z are the stack's y, z, x
    return np.roll(m, -1, axis=1), np.roll(solution.torque(free), -1, axis=1)


def relative(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


# --- OOMMF ------------------------------------------------------------------------------------


@pytest.mark.long
def test_oommf_exact_for_random_valves():
    """1,000 of them, either one free, any sign of current, p and torque: to 1e-12."""
    rng = np.random.default_rng(0)
    wavy = negative = 0
    for _ in range(1000):
        stack, j0 = random_valve(rng), rng.choice([-1, 1]) * 10.0 ** rng.uniform(9, 12)
        fixed, free = rng.permutation(["1", "2"]).tolist()
        torque = sf.slonczewski(sf.solve(stack, j0), fixed, free)
        assert torque.error == 0
        assert torque.notes == ()
        m, expected = turned(stack, free, j0)
        found = oommf_torque(m, torque.thickness, **read_oommf(torque.oommf()))
        assert relative(found, expected) < 1e-12
        # on the whole range of angles, against g of solved stacks
        scale = np.abs(torque.table.g).max()
        np.testing.assert_allclose(
            2 * torque.epsilon(THETA), torque.table.g, rtol=0, atol=1e-12 * scale
        )
        wavy += np.ptp(np.sign(torque.table.g)) > 0
        negative += torque.P_free < 0
    assert wavy > 100
    assert negative > 100


@pytest.mark.parametrize("p1", [0.4, -0.4])
def test_parameters_are_those_of_the_effective_spacer(p1):
    """Lambda, P_fixed and P_free by their formulas, for either layer as the free one, F2."""
    F1, F2 = sf.Ferromagnet(D=1e7, l=1e-8, p=p1), sf.Ferromagnet(D=3e6, l=5e-9, p=0.7)
    N = sf.NormalMetal(D=1e8, l=1e-7)
    stack = F1(8e-9, m=(0, 0, 1), name="1") | N(2e-8) | F2(4e-9, m=(0, 1, 0), name="2")
    solution = sf.solve(stack)
    spacer = sf.Analogy(solution).spacer("1", "2")
    for fixed, free in ((0, 1), (1, 0)):
        torque = sf.slonczewski(solution, "12"[fixed], "12"[free])
        A1, A2 = spacer.A[fixed], spacer.A[free]
        p1, p2 = spacer.P[fixed], spacer.P[free]
        a, B = np.sqrt(A1 * A2), spacer.coupling
        assert torque.Lambda == pytest.approx(np.sqrt((a + B) / (a - B)), rel=1e-12)
        assert torque.P_fixed == pytest.approx(B * A2 * p1 / (a * (a + B)), rel=1e-12)
        assert torque.P_free == pytest.approx(B * p2 / (a + B), rel=1e-12)
        g = solution.efficiency("12"[fixed], "12"[free])[1]
        assert torque.epsilon(90.0) == pytest.approx(g / 2, rel=1e-12)
        np.testing.assert_allclose(torque.form(THETA), 2 * torque.epsilon(THETA), rtol=1e-11)


def test_thin_spacers_keep_their_digits():
    """a - B has lost all of them at d/l = 1e-12, Lambda has none lost: 1e-9 of sqrt(2B/...)."""
    F, N = sf.Ferromagnet(D=1e7, l=1e-8, p=0.5), sf.NormalMetal(D=1e8, l=1e-7)
    stack = F(8e-9, m=(0, 0, 1), name="1") | N(1e-19) | F(8e-9, m=(0, 1, 0), name="2")
    torque = sf.slonczewski(sf.solve(stack), "1", "2")
    G, B = F.stiffness / np.tanh(0.8), N.D / 2 / 1e-19
    assert torque.Lambda == pytest.approx(np.sqrt(2 * B / G), rel=1e-9)  # B^2 >> G^2
    assert torque.epsilon(90.0) == pytest.approx(torque.table.g[360] / 2, rel=1e-9)


def test_no_polarization():
    """No torque: OOMMF takes it; a single P and Lambda are refused."""
    torque = symmetric(0.0, 0.0)
    assert (torque.P_fixed, torque.P_free, torque.error) == (0.0, 0.0, 0.0)
    found = oommf_torque(DIRECTIONS, torque.thickness, **read_oommf(torque.oommf()))
    assert not found.any()
    with pytest.raises(ValueError, match="torque on '2' must not vanish, got zero at all angles"):
        torque.mumax3()


# --- one P and one Lambda -----------------------------------------------------------------------


def all_codes(torque, m):
    """The torque of every code that has one P and one Lambda."""
    single, t, fixed = torque.single, torque.thickness, np.roll(torque.polarizer, -1)
    left = torque.towards_free > 0
    given = {"Lambda": single.Lambda, "mp": fixed, "J": torque.current, "d": t}
    yield mumax3_torque(m, **read_mumax3(torque.mumax3(**ANY)))
    yield mumaxplus_torque(
        m,
        pol=single.P,
        Lambda=single.Lambda,
        epsilon_prime=torque.eps_prime,
        free_layer_thickness=t,
        fixed_layer=fixed,
        fixed_layer_on_top=not left,
        jz=-torque.j0,
    )
    yield magnumnp_torque(m, P=single.P, **given)
    yield cmtj_torque(
        m,
        slonczewski_parameter=single.Lambda,
        spin_polarisation=single.P,
        reference=fixed,
        current=torque.current,
        thickness=t,
    )
    yield ubermag_torque(m, t, **read_ubermag(torque.ubermag(**ANY)))


@pytest.mark.long
def test_single_lambda_within_the_error_that_is_stated():
    rng = np.random.default_rng(2)
    errors = []
    while len(errors) < 40:
        stack, j0 = random_valve(rng), rng.choice([-1, 1]) * 1e11
        fixed, free = rng.permutation(["1", "2"]).tolist()
        torque = sf.slonczewski(sf.solve(stack, j0), fixed, free)
        if np.ptp(np.sign(torque.table.g)) > 0:
            with pytest.raises(ValueError, match="must keep its sign for a single Lambda"):
                torque.single  # noqa: B018
            continue
        m, expected = turned(stack, free, j0)
        largest = HBAR_E * abs(j0) * np.abs(torque.table.strength).max()
        error = torque.single.error
        for found in all_codes(torque, m):
            distance = np.linalg.norm(found - expected, axis=1).max()
            assert distance <= (1.001 * error + 1e-12) * largest  # sampled at 721 angles
        text = f"off by up to {rounded_up(100 * error)} % of the torque's maximum"
        assert text in " ".join(torque.mumax3(**ANY).replace("//", " ").split())
        errors.append(error)
    assert max(errors) > 0.1 > min(errors) > 0


@pytest.mark.parametrize("fixed", ["1", "2"])
@pytest.mark.parametrize(("p1", "p2"), [(0.5, 0.5), (-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5)])
def test_single_lambda_exact_where_both_terms_are_not_needed(p1, p2, fixed):
    """A2 P1 = a P2, and with the opposite sign by Lambda < 1: then mp of ubermag is turned over."""
    torque = symmetric(p1, p2, fixed)
    single = torque.single
    assert single.error == 0
    assert (single.Lambda > 1) == (p1 == p2)
    if p1 == p2:
        assert single.Lambda == torque.Lambda
        assert pytest.approx(torque.P_free, rel=1e-13) == single.P
    np.testing.assert_allclose(single.epsilon(THETA), torque.epsilon(THETA), rtol=1e-12)
    assert "Exact at all angles" in torque.mumax3()
    m, expected = turned(symmetric_valve(p1, p2), torque.free, 1e11)
    for found in all_codes(torque, m):
        assert relative(found, expected) < 1e-12
    made = read_ubermag(torque.ubermag())
    assert made["P"] > 0
    assert made["Lambda"] > 1
    # the text says what sign the current of electrons towards the free layer has
    towards_free = made["J"] * torque.current > 0
    assert f"have J {'>' if towards_free else '<'} 0." in torque.ubermag().replace("\n# ", " ")


@pytest.mark.long
@pytest.mark.interop
@pytest.mark.parametrize("normal", ["x", "y", "z"])
def test_ubermag_takes_what_is_handed_over(normal):
    """The object is made for real, and is part of a system."""
    mm = imported("micromagneticmodel")
    text = symmetric(0.5, -0.5, "1").ubermag(normal=normal)
    term, given = (read(text, cell_z=2e-9) for read in (run_ubermag, read_ubermag))
    assert type(term) is mm.Slonczewski
    for name, value in given.items():
        np.testing.assert_array_equal(getattr(term, name), value)
    system = mm.System(name="valve")
    system.dynamics = mm.Precession(gamma0=mm.consts.gamma0) + mm.Damping(alpha=0.01)
    system.dynamics += term
    (found,) = system.dynamics.get(type=mm.Slonczewski)
    assert found == term


def test_single_lambda_is_refused_where_g_changes_sign():
    stack, j0 = sf.load(VALVE)
    torque = sf.slonczewski(sf.solve(stack, j0), "fixed", "free")
    message = (
        "g of 'free' must keep its sign for a single Lambda, got a zero near 74 degrees; OOMMF "
        r"\(oommf, or --to oommf\) and mumax3's custom field term \(mumax3_field, or --to "
        r"mumax3-field\) take it"
    )
    for text in (torque.mumax3, torque.ubermag):
        with pytest.raises(ValueError, match=message):
            text()


def test_least_squares():
    """No other P and Lambda nearby have a smaller sum of squares of epsilon sin(theta)."""
    torque = symmetric(0.5, 0.3)
    best, sine = torque.single, np.sin(np.radians(THETA))

    def misfit(P, Lambda):
        rest = SingleLambda(P, Lambda, 0.0).epsilon(THETA) - torque.epsilon(THETA)
        return ((rest * sine) ** 2).sum()

    least = misfit(best.P, best.Lambda)
    for dP in (-1e-3, 0, 1e-3):
        for dL in (-1e-3, 0, 1e-3):
            assert misfit(best.P * (1 + dP), best.Lambda * (1 + dL)) >= least
    assert 0 < best.error < 0.5


# --- mumax3's custom field --------------------------------------------------------------------


@pytest.mark.parametrize("pair", [("fixed", "free"), ("free", "fixed")])
def test_custom_field_of_mumax3(pair):
    """Exact for a wavy torque too; with damping it is what the codes make of the torque.

    cuda/lltorque2.cu, lines 19-21 (mumax/3 a0c5126): the torque of a field; cuda/slonczewski2.cu,
    lines 52-64: that of spin transfer, with alpha.
    """
    stack, j0 = sf.load(VALVE)
    torque = sf.slonczewski(sf.solve(stack, j0), *pair)
    m, expected = turned(stack, pair[1], j0)
    field = field_of(torque.mumax3_field(), m)
    assert relative(-MS * torque.thickness * np.cross(m, field), expected) < 1e-12
    alpha, p = 0.1, np.roll(torque.polarizer, -1)
    mxB = np.cross(m, field)
    of_field = -(mxB + alpha * np.cross(m, mxB)) / (1 + alpha**2)
    A = HBAR_E * torque.current / (torque.thickness * MS)
    A = A * torque.epsilon(np.degrees(np.arccos(m @ p)))[:, None]
    pxm = np.cross(p, m)
    of_code = (A * np.cross(m, pxm) - alpha * A * pxm) / (1 + alpha**2)
    assert relative(of_field, of_code) < 1e-12


def test_custom_fields_of_two_spacers_have_names_of_their_own():
    stack, j0 = sf.load(DUAL)
    solution = sf.solve(stack, j0)
    texts = [sf.slonczewski(solution, name, "free").mumax3_field() for name in ("bottom", "top")]
    declared = [set(re.findall(r"^(\w+) :=", text, re.M)) for text in texts]
    assert all(len(names) == 4 for names in declared)  # mp, near, far, beta
    assert not declared[0] & declared[1]
    odd = solution.stack.replace("bottom", name="4 Å|x")
    text = sf.slonczewski(sf.solve(odd, j0), "4 Å|x", "free").mumax3_field()
    assert "mp_4___x :=" in text


# --- signs ------------------------------------------------------------------------------------


def test_which_way_the_current_is_positive():
    """Electrons from the fixed layer turn m towards its own, g > 0: in every code's own sign.

    mumax3 takes the current along z, the conventional one, -j0, with the fixed layer below where it
    is left; the others J > 0 for electrons towards the free layer.
    """
    for fixed, towards in (("1", 1.0), ("2", -1.0)):
        torque = symmetric(0.5, 0.5, fixed)
        assert (torque.towards_free, torque.current) == (towards, towards * 1e11)
        place = "BOTTOM" if fixed == "1" else "TOP"
        found = read_mumax3(torque.mumax3())
        assert found["FixedLayerPosition"] == f"FIXEDLAYER_{place}"
        assert found["J"].tolist() == [0, 0, -1e11]
        assert found["FreeLayerThickness"] == torque.thickness == 8e-9
        for J in (read_oommf(torque.oommf())["J"], read_ubermag(torque.ubermag())["J"]):
            assert torque.current == J
        for text in (torque.oommf(), torque.mumax3(), torque.mumax3_field(), torque.ubermag()):
            plain = " ".join(re.sub(r"^(#|//) ", "", text, flags=re.M).split())
            assert "A/m2, positive when electrons flow towards +x" in plain
            assert f"spinfem {sf.__version__} from the stack Reservoir() | 1 | N1 | 2" in plain
            assert "Axes: the stack's x, along the current, is z here" in plain
            assert "Units: J in A/m2" in plain or "B_eff = (hbar J/(e t Msat))" in plain


def test_no_current():
    """J = 0 is written as it is, without a sign."""
    stack, _ = sf.load(VALVE)
    torque = sf.slonczewski(sf.solve(stack, 0.0), "fixed", "free")
    assert "\n  J 0.0\n" in torque.oommf()
    other = sf.slonczewski(sf.solve(stack, 0.0), "free", "fixed")
    assert "J = vector(0, 0, 0.0)" in other.mumax3(**ANY)


# --- beyond the strong transparent valve ------------------------------------------------------


@pytest.mark.long
def test_fit_of_real_samples():
    """Interfaces: a fit with its error, against torques in the plane; what is across is said."""
    stack, j0 = sf.load(REAL)
    solution = sf.solve(stack, j0)
    torque = sf.slonczewski(solution, "pinned", "free")
    assert torque.fitted
    assert 0 < torque.error < 1e-3
    mp = stack.layers[stack.position("pinned") - 1].m
    theta = np.array([0.0, 20.0, 77.7, 90.0, 130.0, 180.0])
    free = stack.layers[stack.position("free") - 1].m
    way = free - (free @ mp) * mp
    way /= np.linalg.norm(way)

    def turned(theta):
        angle = np.radians(theta)[:, None]
        return np.cos(angle) * mp + np.sin(angle) * way

    rotation = turned(theta)
    batch = sf.solve(stack.replace("free", m=rotation), j0)
    g = batch.efficiency("pinned", "free")[1]
    # the limits at 0 and 180 degrees are right to 1e-7
    np.testing.assert_allclose(np.interp(theta, THETA, torque.table.g), g, rtol=1e-5)
    largest = torque.table.largest
    rest = (torque.epsilon(THETA) - torque.table.g / 2) * np.sin(np.radians(THETA))
    assert np.abs(rest).max() <= torque.error * largest * (1 + 1e-12)
    # the error is looked for between these angles too
    close = THETA[np.abs(rest).argmax()] + np.linspace(-0.25, 0.25, 501)
    g_close = sf.solve(stack.replace("free", m=turned(close)), j0).efficiency("pinned", "free")[1]
    most = np.abs((torque.epsilon(close) - g_close / 2) * np.sin(np.radians(close))).max()
    assert most == pytest.approx(torque.error * largest, rel=1e-5, abs=0)
    rest = (torque.single.epsilon(THETA) - torque.table.g / 2) * np.sin(np.radians(THETA))
    assert np.abs(rest).max() <= torque.single.error * largest
    # damping-like and field-like
    m = np.roll(rotation, -1, axis=1)
    read = read_oommf(torque.oommf())
    inside, across = batch.torque_parts("free", "pinned")
    size = np.linalg.norm(inside + across, axis=1).max()
    for expected, eps_prime, error in (
        (inside, 0.0, torque.error),
        (inside + across, torque.eps_prime, torque.error + torque.field_error),
    ):
        found = oommf_torque(m, torque.thickness, **{**read, "eps_prime": eps_prime})
        rest = np.linalg.norm(np.roll(found, 1, axis=1) - expected, axis=1).max()
        assert rest < 1.01 * error * size  # of other angles
    assert torque.notes == ()
    assert "fitted to g of solved stacks" in torque.oommf().replace("\n# ", " ")


@pytest.mark.long
def test_a_file_s_current_does_not_change_the_form():
    """A stack from a file has its own current; forms are per j0."""
    loaded = sf.load(REAL).stack
    plain = sf.Stack(loaded.pieces)
    one, two = (sf.slonczewski(sf.solve(x, 1e11), "pinned", "free") for x in (loaded, plain))
    np.testing.assert_array_equal(one.table.g, two.table.g)
    assert (one.error, one.eps_prime) == (two.error, two.eps_prime)


def test_fit_finds_the_form_again():
    """An interface without resistance changes nothing but the path: the fit is the exact form."""
    stack, j0 = sf.load(VALVE)
    pieces = list(stack.elements)
    same = sf.Stack([*pieces[:2], sf.Interface(0.0), *pieces[2:]])
    exact = sf.slonczewski(sf.solve(stack, j0), "fixed", "free")
    fit = sf.slonczewski(sf.solve(same, j0), "fixed", "free")
    assert fit.fitted
    assert fit.error < 1e-7
    np.testing.assert_allclose(
        [fit.P_fixed, fit.P_free, fit.Lambda],
        [exact.P_fixed, exact.P_free, exact.Lambda],
        rtol=1e-6,
    )


@pytest.mark.long
def test_free_layer_with_exchange_lengths():
    """What passes through it is not absorbed, and not handed over."""
    F, N = sf.Ferromagnet(D=1e7, l=1e-8, p=0.5), sf.NormalMetal(D=1e8, l=1e-7)
    weak = sf.Ferromagnet(D=1e7, l=1e-8, p=0.5, lambda_phi=2e-9, lambda_J=3e-9)
    stack = F(8e-9, m=(0, 0, 1), name="1") | N(1e-9) | weak(2e-9, m=(0, 1, 0), name="2")
    stack = stack | sf.Lead(N)
    torque = sf.slonczewski(sf.solve(stack), "1", "2")
    assert torque.notes == ()
    assert torque.law.error < 1e-10
    entering = sf.solve(stack).efficiency("1", "2")[1]
    assert abs(torque.epsilon(90.0) - entering / 2) > 0.05 * entering
    m, expected = turned(stack, "2", 1.0)
    found = -MS * torque.thickness * np.cross(m, field_of(torque.mumax3_field(), m))
    assert relative(found, expected) < 1e-10


@pytest.mark.long
def test_free_layer_with_exchange_lengths_between_two():
    """Both spacers add to what it absorbs but for what relaxes in it: a note says how much."""
    F, N = sf.Ferromagnet(D=1e7, l=1e-8, p=0.5), sf.NormalMetal(D=1e8, l=1e-7)
    weak = sf.Ferromagnet(D=1e7, l=4e-9, p=0.5, lambda_J=3e-9)
    stack = F(8e-9, m=(0, 0, 1), name="1") | N(1e-9) | weak(2e-9, m=(0, 1, 0), name="2")
    stack = stack | N(1e-9) | F(6e-9, m=(1, 0, 0), name="3")
    solution, m = sf.solve(stack, 1e11), np.array([[1.0, 0.0, 0.0]])
    torques = [sf.slonczewski(solution, name, "2") for name in "13"]
    found = sum(
        -MS * torque.thickness * np.cross(m, field_of(torque.mumax3_field(**ANY), m))
        for torque in torques
    )
    rest = np.linalg.norm(np.roll(found, 1, axis=1) - solution.torque("2"))
    largest = HBAR_E * 1e11 * torques[0].table.largest
    stated = re.search(r"differs from what it absorbs by up to ([\d.]+) %", torques[0].notes[-1])
    assert 1e-3 * largest < rest < float(stated.group(1)) / 100 * largest


def test_more_than_one_polarizer():
    """Each spacer by itself: both are right now; a note and the error say what changes."""
    stack, j0 = sf.load(DUAL)
    solution = sf.solve(stack, j0)
    m = {layer.name: layer.m for layer in stack.layers if layer.m is not None}
    total = 0.0
    for name in ("bottom", "top"):
        torque = sf.slonczewski(solution, name, "free")
        assert not torque.fitted
        found = oommf_torque(
            np.roll(m["free"], -1)[None], torque.thickness, **read_oommf(torque.oommf())
        )
        total = total + np.roll(found[0], 1)
        beyond = {"bottom": "top", "top": "bottom"}[name]
        assert f"Behind 'free' there is '{beyond}'" in torque.notes[0]
        assert f"torque_table(solution, 'free', '{beyond}', ...)" in torque.notes[0]
        assert "each spacer is handed over by itself" in torque.notes[1]
        plain = " ".join(torque.oommf().replace("\n# ", " ").split())
        assert all(note in plain for note in torque.notes)
        # the error, against the free layer turned any way
        batch = sf.solve(stack.replace("free", m=DIRECTIONS), j0)
        unit = DIRECTIONS / np.linalg.norm(DIRECTIONS, axis=1, keepdims=True)
        theta = np.degrees(np.arccos(unit @ m[name]))
        rest = torque.epsilon(theta) - batch.efficiency(name, "free")[1] / 2
        largest = torque.table.largest
        rest = np.abs(rest * np.sin(np.radians(theta))).max() / largest
        assert 0.1 * torque.error < rest <= torque.error
    np.testing.assert_allclose(total, solution.torque("free"), atol=1e-12 * np.abs(total).max())
    behind = sf.slonczewski(solution, "free", "top")
    assert behind.error == 0
    assert "Behind 'free' there is 'bottom': the effective P of 'free'" in behind.notes[0]


def test_collinear_layers_in_contact_turn_as_one():
    F, N = sf.Ferromagnet(D=1e7, l=1e-8, p=0.5), sf.NormalMetal(D=1e8, l=1e-7)
    fixed, spacer = F(8e-9, m=(0, 0, 1), name="fixed"), N(5e-9)
    free, more = F(1e-9, m=(0, 0.6, 0.8), name="free"), F(3e-9, m=(0, -0.6, -0.8), name="more")
    for stack in (fixed | spacer | free | more, more | free | spacer | fixed):
        torque = sf.slonczewski(sf.solve(stack, 1e11), "fixed", "free")
        assert torque.error == 0
        np.testing.assert_allclose(2 * torque.epsilon(THETA), torque.table.g, rtol=1e-11)
        assert torque.notes == (
            "These are taken to turn as one: free, more. t is that of 'free' alone.",
        )
    with_interface = fixed | spacer | free | sf.Interface(1e-16) | more
    assert sf.slonczewski(sf.solve(with_interface), "fixed", "free").error < 1e-6


F_BEYOND = sf.Ferromagnet(D=1e7, l=1e-8, p=0.9)
REACHES = {
    "beyond": lambda F, N, m: (F(8e-9, m=(0, 0, 1), name="fixed") | N(5e-9)
                               | F(2e-9, m=(1, 0, 0), name="free") | N(5e-9) | F_BEYOND(6e-9, m=m)),
    "a narrow peak": lambda F, N, m: (F(8e-9, m=(0, 0, 1), name="fixed") | N(5e-9)
                                      | F(2e-9, m=(1, 0, 0), name="free") | N(1e-12)
                                      | F_BEYOND(6e-9, m=m)),
    "two beyond, on the left": lambda F, N, m: (
        F_BEYOND(1e-9, m=(0, 1, 0)) | N(3e-9) | F(2e-9, m=m) | N(1e-10)
        | F(2e-9, m=(1, 0, 0), name="free") | N(2e-9) | F(8e-9, m=(0, 0, 1), name="fixed")),
    "interface": lambda F, N, m: (
        F(8e-9, m=(0, 0, 1), name="fixed") | sf.Interface(1e-15, gamma=0.5, mixing=1e15 + 2e14j)
        | N(5e-9) | F(2e-9, m=(1, 0, 0), name="free") | N(1e-9) | F_BEYOND(6e-9, m=m)),
    "behind a fixed layer that lets pass": lambda F, N, m: (
        F_BEYOND(6e-9, m=m) | N(1e-9)
        | sf.Ferromagnet(D=1e7, l=1e-8, p=0.5, lambda_J=2e-9)(1e-9, m=(0, 0, 1), name="fixed")
        | N(5e-9) | F(2e-9, m=(1, 0, 0), name="free") | sf.Lead(N)),
}  # fmt: skip


@pytest.mark.parametrize(
    "m",
    [
        sf.direction(100, 50),
        pytest.param(sf.direction(1.0), marks=pytest.mark.long),
        pytest.param(sf.direction(180.0), marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("name", REACHES)
def test_the_reach_of_the_error_is_that_over_the_sphere(name, m):
    """Random directions, as many close to every m as anywhere, find nothing larger."""
    stack = REACHES[name](sf.Ferromagnet(D=1e7, l=1e-8, p=0.5), sf.NormalMetal(D=1e8, l=1e-7), m)
    solution = sf.solve(stack, 1e11)
    torque = sf.slonczewski(solution, "fixed", "free")
    rng = np.random.default_rng(3)
    axes = [layer.m for layer in stack.layers if layer.m is not None]
    n = 1500
    near = [
        way * axis + 10 ** rng.uniform(-6, 0, (n, 1)) * rng.normal(size=(n, 3))
        for axis in axes
        for way in (1, -1)
    ]
    unit = np.concatenate([rng.normal(size=(2 * n, 3)), *near])
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    sine = np.linalg.norm(np.cross(unit, torque.polarizer), axis=1)
    open_ = sine > 2e-4  # else g is that of a limit
    unit, sine = unit[open_], sine[open_]
    theta = np.degrees(np.arctan2(sine, unit @ torque.polarizer))
    g = sf.solve(stack.replace("free", m=unit)).efficiency("fixed", "free")[1]
    found = np.abs((torque.epsilon(theta) - g / 2) * sine).max()
    found /= torque.table.largest
    assert 0.9 * torque.error < found <= torque.error
    text = "any way, epsilon sin(theta) of OOMMF's form is off by up to"
    assert any(text in note for note in torque.notes)


def test_one_lead_at_both_ends():
    """The end that touches the free layer turns with it, the other one does not."""
    F, N = sf.Ferromagnet(D=1e7, l=1e-8, p=0.5), sf.NormalMetal(D=1e8, l=1e-7)
    found = []
    lead = sf.Lead(F, m=(0, 0, 1))
    for left in (lead, sf.Lead(F, m=(0, 0, 1))):
        fixed, free = F(3e-9, m=(0, 1, 0), name="fixed"), F(1e-9, m=(0, 0, 1), name="free")
        stack = left | N(2e-9) | fixed | N(5e-9) | free | lead
        found.append(sf.slonczewski(sf.solve(stack), "fixed", "free"))
    assert found[0].error == found[1].error == 0
    np.testing.assert_array_equal(found[0].table.g, found[1].table.g)


def test_collinear_fixed_and_free():
    """Any plane through both does."""
    F, N = sf.Ferromagnet(D=1e7, l=1e-8, p=0.5), sf.NormalMetal(D=1e8, l=1e-7)
    for m in ((0, 0, 1), (0, 0, -1)):
        stack = F(8e-9, m=(0, 0, 1), name="1") | N(5e-9) | F(4e-9, m=m, name="2")
        torque = sf.slonczewski(sf.solve(stack), "1", "2")
        np.testing.assert_allclose(2 * torque.epsilon(THETA), torque.table.g, rtol=1e-11)


# --- tables -----------------------------------------------------------------------------------


@pytest.mark.long
def test_table_over_the_directions_of_two_layers(tmp_path):
    """Exact: the solved stack at every point; and back from a netCDF file."""
    import xarray

    stack, j0 = sf.load(DUAL)
    polar, azimuth = np.array([0.0, 60.0, 180.0]), np.array([0.0, 75.0])
    solution = sf.solve(stack, j0)
    table = sf.torque_table(solution, "free", "top", polar=polar, azimuth=azimuth)
    table.to_netcdf(tmp_path / "directions.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "directions.nc", engine="h5netcdf") as read:
        assert read.attrs["j0"] == j0
        assert read["free.polar_deg"].attrs["units"] == "degree"
        point = read.isel(
            {"free.polar_deg": 1, "free.azimuth_deg": 1, "top.polar_deg": 2, "top.azimuth_deg": 0}
        )
        there = stack.replace("free", m=sf.direction(60.0, 75.0)).replace("top", m=(0, 0, -1))
        for name in ("bottom", "free", "top"):
            np.testing.assert_allclose(
                point.torque.sel(ferromagnet=name),
                sf.solve(there, j0).torque(name),
                rtol=0,
                atol=1e-12 * float(np.abs(point.torque).max()),
            )


def test_csv(tmp_path):
    stack, j0 = sf.load(VALVE)
    for fixed, free in (("fixed", "free"), ("free", "fixed")):
        torque = sf.slonczewski(sf.solve(stack, j0), fixed, free)
        write = tmp_path / "torque.csv"
        write.write_text(torque.csv())
        table = np.genfromtxt(write, delimiter=",", names=True)
        assert table.dtype.names[:4] == ("theta_deg", "g", "epsilon", "torque_per_j0_J_A")
        assert table.dtype.names[4:] == ("h", "epsilon_prime", "field_like_per_j0_J_A")
        np.testing.assert_array_equal(table["theta_deg"], THETA)
        np.testing.assert_array_equal(table["g"], torque.table.g)
        np.testing.assert_allclose(table["epsilon"], torque.epsilon(THETA), rtol=0, atol=1e-14)
        # towards m of the fixed layer
        m, expected = turned(stack, free, j0)
        mp = np.roll(torque.polarizer, -1)
        theta = np.degrees(np.arccos(m @ mp))
        along = (expected * (mp - (m @ mp)[:, None] * m)).sum(axis=1) / np.sin(np.radians(theta))
        found = np.interp(theta, table["theta_deg"], table["torque_per_j0_J_A"]) * j0
        np.testing.assert_allclose(found, along, atol=1e-4 * np.abs(along).max())


# --- errors -----------------------------------------------------------------------------------


def test_errors():
    stack, j0 = sf.load(VALVE)
    solution = sf.solve(stack, j0)
    with pytest.raises(TypeError, match="solution must be a Solution, got Stack"):
        sf.slonczewski(stack, "fixed", "free")
    with pytest.raises(ValueError, match=r"single stack for a hand-off, got a batch of shape \(3,"):
        sf.slonczewski(sf.solve(stack, np.ones(3)), "fixed", "free")
    with pytest.raises(ValueError, match=r"name must be that of a layer or lead .* did you mean"):
        sf.slonczewski(solution, "fixde", "free")
    with pytest.raises(ValueError, match="'spacer' must be a ferromagnet, got a normal metal"):
        sf.slonczewski(solution, "spacer", "free")
    with pytest.raises(ValueError, match="got the same one twice"):
        sf.slonczewski(solution, "free", "free")
    F, N = sf.Ferromagnet(D=1e7, l=1e-8, p=0.5), sf.NormalMetal(D=1e8, l=1e-7)
    half = sf.Lead(F, m=(0, 0, 1), name="lead") | N(5e-9) | F(4e-9, m=(0, 1, 0), name="free")
    assert sf.slonczewski(sf.solve(half), "lead", "free").error == 0
    with pytest.raises(ValueError, match=r"free must be a layer, .* got the lead 'lead'"):
        sf.slonczewski(sf.solve(half), "free", "lead")
    angles = {"polar": [0.0, 90.0], "azimuth": [0.0, 90.0]}
    with pytest.raises(TypeError, match="solution must be a Solution"):
        sf.torque_table(stack, "fixed", "free", **angles)
    with pytest.raises(ValueError, match="b must be another ferromagnet than 'free', got the same"):
        sf.torque_table(solution, "free", "free", **angles)
    with pytest.raises(ValueError, match="'spacer' must be a ferromagnet"):
        sf.torque_table(solution, "free", "spacer", **angles)
    with pytest.raises(ValueError, match="polar_deg' must be a one-dimensional array"):
        sf.torque_table(solution, "free", "fixed", polar=0.0, azimuth=[0.0])


@pytest.mark.parametrize(
    ("error", "shown"), [(0.1449, "0.15"), (1.0001e-3, "0.0011"), (0.0, "0"), (9.91e-7, "1e-06")]
)
def test_bounds_are_rounded_up(error, shown):
    assert rounded_up(error) == shown


@pytest.mark.long
def test_repr():
    stack, j0 = sf.load(VALVE)
    found = sf.slonczewski(sf.solve(stack, j0), "fixed", "free")
    assert repr(found) == "<SlonczewskiTorque on 'free' from 'fixed', exact>"
    stack, j0 = sf.load(REAL)
    found = sf.slonczewski(sf.solve(stack, j0), "pinned", "free")
    assert 0.01 < max(found.error, found.field_error) < 0.03
    assert f"'pinned', error {max(found.error, found.field_error):.1g}>" in repr(found)
