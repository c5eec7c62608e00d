"""Both parts of the torque, and all axes: the codes' equations against spinfem's torque."""

import re
from pathlib import Path

import numpy as np
import pytest
from codes import (
    HBAR_E,
    MS,
    field_of,
    mumax3_torque,
    oommf_torque,
    read_mumax3,
    read_oommf,
    read_ubermag,
    ubermag_torque,
)
from scipy.constants import physical_constants

import spinfem as sf

GAMMA = physical_constants["electron gyromag. ratio"][0]  # rad/(s T)
ALPHA, J0 = 0.05, 2e12
SHIFTS = {"x": 0, "y": 1, "z": -1}
"""How `np.roll` turns the stack's axes to the code's, its x to the normal; no mirror image."""
ANY = {"allow_error": True}
N = sf.NormalMetal(D=1e8, l=1e-7)
F = sf.Ferromagnet(D=1e7, l=1e-8, p=0.6)
DIRECTIONS = np.random.default_rng(1).normal(size=(12, 3))
DIRECTIONS /= np.linalg.norm(DIRECTIONS, axis=1, keepdims=True)


def constant_valve(reverse=False):
    """A valve of constant epsilon and epsilon', which all forms hold.

    What lies behind the spacer on the side of "fixed" has the same stiffness along its m as across
    it, and so its m counts as a source only.
    """
    AR = 0.5e-15
    G = 1 / (2 * AR + 2 * F.l / F.D * np.tanh(8e-9 / F.l))
    pieces = [
        F(8e-9, m=(0.0, 0.6, 0.8), name="fixed"),
        sf.Interface(AR, gamma=0.4, mixing=G),
        N(5e-9),
        sf.Interface(0.3e-15, gamma=0.3, mixing=4e14 + 2.5e14j),
        F(3e-9, m=(0.6, 0.8, 0.0), name="free"),
    ]
    return sf.Stack(pieces[::-1] if reverse else pieces)


def precessing_valve():
    """Precession at both sides of the spacer, and in the free layer."""
    weak = sf.Ferromagnet(D=1e7, l=1e-8, p=0.5, lambda_J=2e-9, lambda_phi=5e-9)
    return (
        F(8e-9, m=(0.0, 0.6, 0.8), name="fixed")
        | sf.Interface(0.5e-15, gamma=0.7, mixing=5e14 + 3e14j)
        | N(5e-9)
        | weak(3e-9, m=(0.6, 0.8, 0.0), name="free")
        | sf.Lead(N)
    )


def turned(stack, j0=J0):
    """Torques on the free layer in all `DIRECTIONS`, in the stack's axes."""
    return sf.solve(stack.replace("free", m=DIRECTIONS), j0).torque("free")


# --- the codes' numbers, at any m, J/m2 -------------------------------------------------------


def by_oommf(torque, normal, m):
    read = read_oommf(torque.oommf(normal=normal, **ANY))
    assert read.get("J_direction", "-z")[1] == normal  # t is the edge of a cell along it
    return oommf_torque(m, torque.thickness, **read)


def by_mumax3(torque, normal, m):
    return mumax3_torque(m, **read_mumax3(torque.mumax3(normal=normal, **ANY)))


def by_mumax3_field(torque, normal, m):
    field = field_of(torque.mumax3_field(normal=normal, **ANY), m)
    return -MS * torque.thickness * np.cross(m, field)


def by_ubermag(torque, normal, m):
    """Cells 1.5 nm high, and so t, unless the film's normal is z: then one cell across it."""
    edge = torque.thickness if normal == "z" else 1.5e-9
    read = read_ubermag(torque.ubermag(normal=normal, **ANY), cell_z=edge)
    return ubermag_torque(m, edge, **read) * torque.thickness / edge


CODES = {"oommf": by_oommf, "mumax3": by_mumax3, "field": by_mumax3_field, "ubermag": by_ubermag}


@pytest.mark.long
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("j0", [J0, -J0])
def test_both_parts_where_every_form_is_exact(j0, reverse, code):
    """To 1e-7, which is what the searched fit of Lambda leaves; signs of all parts and axes."""
    stack = constant_valve(reverse)
    torque = sf.slonczewski(sf.solve(stack, j0), "fixed", "free")
    for normal in SHIFTS:
        expected = np.roll(turned(stack, j0), SHIFTS[normal], axis=1)
        found = CODES[code](torque, normal, np.roll(DIRECTIONS, SHIFTS[normal], axis=1))
        largest = np.linalg.norm(expected, axis=1).max()
        # OOMMF's form of two terms is held to Lambda >= exp(0.02)
        limit = torque.error + 1e-9 if code == "oommf" else 1e-7
        assert torque.error < 1e-3
        assert np.linalg.norm(found - expected, axis=1).max() < limit * largest
        assert np.abs(torque.table.field_strength).max() > 0.2 * torque.table.largest
        assert torque.field_error < 1e-10


@pytest.mark.long
def test_law_of_mumax3s_field_is_exact_where_only_the_angle_counts():
    stack = precessing_valve()
    torque = sf.slonczewski(sf.solve(stack, J0), "fixed", "free")
    assert torque.law.error < 1e-10
    assert len(torque.law.denominator) == 3
    for normal in SHIFTS:
        expected = np.roll(turned(stack), SHIFTS[normal], axis=1)
        found = by_mumax3_field(torque, normal, np.roll(DIRECTIONS, SHIFTS[normal], axis=1))
        assert np.abs(found - expected).max() < 1e-10 * np.abs(expected).max()


@pytest.mark.long
def test_law_is_exact_for_random_valves():
    """Interfaces, mixing, exchange lengths and graded layers: degree 1 over 2 to 1e-9."""
    rng = np.random.default_rng(5)
    for _ in range(40):

        def magnet(name):
            D, l = 10.0 ** rng.uniform(6.5, 8), 10.0 ** rng.uniform(-8.5, -7.5)
            lengths = rng.choice([np.inf, 1e-9, 4e-9], 2)
            weak = {"lambda_J": lengths[0], "lambda_phi": lengths[1]} if rng.random() < 0.5 else {}
            graded = (lambda xi: D * (1 + xi)) if not weak and rng.random() < 0.3 else D
            made = sf.Ferromagnet(D=graded, l=l, p=rng.uniform(-1, 1), **weak)
            side = sf.Interface(1e-15 * rng.random(), gamma=rng.uniform(-0.9, 0.9))
            if not weak and rng.random() < 0.7:
                mixing = 10.0 ** rng.uniform(14, 15.5) * (1 + 1j * rng.uniform(-1, 1))
                side = sf.Interface(1e-15 * rng.random(), gamma=0.5, mixing=mixing)
            return side, made(10.0 ** rng.uniform(-9, -8), m=rng.normal(size=3), name=name)

        (side1, fixed), (side2, free) = magnet("fixed"), magnet("free")
        stack = sf.Stack(
            [sf.Lead(N), fixed, side1, N(10.0 ** rng.uniform(-9, -7.5)), side2, free, sf.Lead(N)]
        )
        torque = sf.slonczewski(sf.solve(stack, J0), "fixed", "free")
        assert torque.law.error < 1e-9
        assert len(torque.law.denominator) <= 3


@pytest.mark.long
def test_constant_epsilon_prime_within_its_error():
    """Where epsilon' is no constant: the nearest one, with the largest error there is."""
    torque = sf.slonczewski(sf.solve(precessing_valve(), J0), "fixed", "free")
    table, sine = torque.table, np.sin(np.radians(torque.table.theta))
    rest = torque.eps_prime * sine - table.field_strength
    assert np.abs(rest).max() == pytest.approx(torque.field_error * table.largest, rel=1e-4)
    for other in (0.99, 1.01):
        assert (rest**2).sum() < (
            (other * torque.eps_prime * sine - table.field_strength) ** 2
        ).sum()
    expected = np.roll(turned(precessing_valve()), -1, axis=1)
    largest = HBAR_E * J0 * table.largest
    for code in ("oommf", "mumax3", "ubermag"):
        found = CODES[code](torque, "z", np.roll(DIRECTIONS, -1, axis=1))
        damping = torque.error if code == "oommf" else torque.single.error
        distance = np.linalg.norm(found - expected, axis=1).max()
        assert 0 < distance <= np.hypot(damping, torque.field_error) * largest * 1.001


def test_no_field_like_part_in_plain_stacks():
    F_other = sf.Ferromagnet(D=3e7, l=2e-8, p=0.3)
    stack = F(8e-9, m=(0, 0, 1), name="fixed") | N(5e-9) | F_other(3e-9, m=(0, 1, 0), name="free")
    torque = sf.slonczewski(sf.solve(stack, J0), "fixed", "free")
    assert (torque.eps_prime, torque.field_error, torque.law.error) == (0.0, 0.0, 0.0)
    assert not torque.table.h.any()
    assert "\n  eps_prime 0.0\n" in torque.oommf()


# --- equations of motion ----------------------------------------------------------------------


def mumax3_motion(m, read):
    """dm/dt, 1/s: cuda/slonczewski2.cu (mumax/3 a0c5126), lines 38-64, times gamma."""
    p = read["FixedLayer"]
    t = read["FreeLayerThickness"] * (1 if read["FixedLayerPosition"] == "FIXEDLAYER_TOP" else -1)
    beta = HBAR_E * read["J"][2] / (t * MS)
    L = read["Lambda"] ** 2
    epsilon = read["Pol"] * L / ((L + 1) + (L - 1) * (p @ m))
    A, B = beta * epsilon, beta * read["EpsilonPrime"]
    pxm = np.cross(p, m)
    moved = (A + ALPHA * B) * np.cross(m, pxm) + (B - ALPHA * A) * pxm
    return GAMMA / (1 + ALPHA**2) * moved


def field_motion(m, text, thickness):
    """dm/dt, 1/s: cuda/lltorque2.cu (mumax/3 a0c5126), lines 19-21, of a field."""
    mxB = np.cross(m, field_of(text, m[None])[0])
    return -GAMMA / (1 + ALPHA**2) * (mxB + ALPHA * np.cross(m, mxB))


def ubermag_motion(m, read, edge):
    """dm/dt, 1/s: the formula of micromagneticmodel 0.65.0, dynamics/slonczewski.py, lines 30-46.

    Its gamma beta is gamma_0 |hbar/(mu_0 e)| J/(t Ms).
    """
    p, L = read["mp"], read["Lambda"] ** 2
    size = GAMMA * HBAR_E * read["J"] / (edge * MS) / (1 + ALPHA**2)
    epsilon = read["P"] * L / ((L + 1) + (L - 1) * (m @ p))
    along, across = np.cross(m, np.cross(p, m)), np.cross(m, p)
    e = read["eps_prime"]
    return size * ((epsilon + ALPHA * e) * along - (e - ALPHA * epsilon) * across)


def oommf_motion(m, read, edge):
    """dm/dt, 1/s: OOMMF 2.1a0 (fangohr/oommf 8880fff), spinxferevolve.cc, lines 895-949.

    Without a field; its gamma, in m/(A s), is negative and divided by 1 + alpha^2 (lines 498-506).
    """
    p, mu_0 = read["mp"], 4e-7 * np.pi
    F, R = read["Lambda_fixed"] ** 2, read["Lambda_free"] ** 2
    plus, minus = np.sqrt((R + 1) / (F + 1)), np.sqrt((F - 1) / (R - 1))
    fixed, free = 0.5 * F * plus * read["P_fixed"], 0.5 * R * minus * read["P_free"]
    A, B = np.sqrt((F + 1) * (R + 1)), np.sqrt((F - 1) * (R - 1)) * (m @ p)
    beta = HBAR_E / mu_0 * read["J"] / (edge * MS)
    betaeps = beta * ((fixed + free) / (A + B) + (fixed - free) / (A - B))
    betaepsp = beta * read["eps_prime"]
    coef1, coef2 = ALPHA * betaeps - betaepsp, ALPHA * betaepsp + betaeps
    mxp = np.cross(m, p)
    moved = np.cross(coef2 * mxp, m) + coef1 * mxp
    return mu_0 * GAMMA / (1 + ALPHA**2) * moved


def path(motion, m, step, steps):
    """Fourth-order Runge-Kutta."""
    found = [m]
    for _ in range(steps):
        a = motion(m)
        b = motion(m + step / 2 * a)
        c = motion(m + step / 2 * b)
        d = motion(m + step * c)
        m = m + step / 6 * (a + 2 * b + 2 * c + d)
        m = m / np.linalg.norm(m)
        found.append(m)
    return np.array(found)


STEP, STEPS = 2e-12, 60
START = np.array([0.6, 0.8, 0.0])


@pytest.fixture(scope="module")
def constant_torque():
    return sf.slonczewski(sf.solve(constant_valve(), J0), "fixed", "free")


@pytest.fixture(scope="module")
def own_path():
    """dm/dt = gamma T/(M_s t) + alpha m x dm/dt with spinfem's torque, in the stack's axes."""
    stack = constant_valve()

    def motion(m):
        T = sf.solve(stack.replace("free", m=m), J0).torque("free") * GAMMA / (MS * 3e-9)
        return (T + ALPHA * np.cross(m, T)) / (1 + ALPHA**2)

    found = path(motion, START, STEP, STEPS)
    assert np.degrees(np.arccos(found[-1] @ START)) > 30
    return found


@pytest.mark.long
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("normal", SHIFTS)
def test_motion_in_every_code_is_that_of_the_torque(own_path, constant_torque, code, normal):
    """To 1e-6, by both parts; without epsilon' it is another motion."""
    torque = constant_torque
    start = np.roll(START, SHIFTS[normal])
    edge = torque.thickness if normal == "z" else 1.5e-9
    if code == "field":
        text = torque.mumax3_field(normal=normal)
        made = {"without": None, "with": lambda m: field_motion(m, text, torque.thickness)}
    else:
        key, read, motion, *more = {
            "oommf": ("eps_prime", read_oommf(torque.oommf(normal=normal)), oommf_motion, 3e-9),
            "mumax3": ("EpsilonPrime", read_mumax3(torque.mumax3(normal=normal)), mumax3_motion),
            "ubermag": (
                "eps_prime",
                read_ubermag(torque.ubermag(normal=normal), cell_z=edge),
                ubermag_motion,
                edge,
            ),
        }[code]
        made = {
            "without": lambda m: motion(m, {**read, key: 0.0}, *more),
            "with": lambda m: motion(m, read, *more),
        }
    found = {name: path(f, start, STEP, STEPS) for name, f in made.items() if f}
    expected = np.roll(own_path, SHIFTS[normal], axis=1)
    limit = 3 * torque.error if code == "oommf" else 1e-6
    assert np.abs(found["with"] - expected).max() < limit
    if code != "field":
        assert np.abs(found["without"] - expected).max() > 0.05


# --- what is refused --------------------------------------------------------------------------

FIELD_LIKE = (
    F(8e-9, m=(0, 0, 1), name="fixed")
    | N(5e-9)
    | sf.Interface(0.1e-15, gamma=0.3, mixing=2e14 + 9e14j)
    | F(3e-9, m=(0, 1, 0), name="free")
)
ASYMMETRIC = sf.load(Path(__file__).parents[2] / "examples" / "co_cu_py.toml")[0]
BEYOND = (
    F(8e-9, m=(0, 0, 1), name="fixed")
    | N(5e-9)
    | F(2e-9, m=(1, 0, 0), name="free")
    | N(5e-9)
    | sf.Ferromagnet(D=1e7, l=1e-8, p=0.9)(6e-9, m=(0, 1, 0), name="top")
)


@pytest.mark.parametrize(
    ("stack", "fixed", "free", "form", "message"),
    [
        (ASYMMETRIC, "free", "fixed", "mumax3", r"one P and one Lambda, must be within 5 % of the"),
        (ASYMMETRIC, "free", "fixed", "ubermag", r"ubermag's form, .* 'fixed' from 'free', got an"),
        (
            ASYMMETRIC,
            "free",
            "fixed",
            "mumax3",
            r"evolver \(oommf, or --to oommf\) is exact",
        ),
        (ASYMMETRIC, "free", "fixed", "mumax3", r"\(mumax3_field, or --to mumax3-field\) is exact"),
        (
            ASYMMETRIC,
            "free",
            "fixed",
            "mumax3",
            r"\(csv, or --to csv\) is exact. allow_error=",
        ),
        (FIELD_LIKE, "fixed", "free", "oommf", r"got an error of [\d.]+ % of its field-like part"),
        (FIELD_LIKE, "fixed", "free", "oommf", r"mumax3's custom field \(.*\) is exact"),
        (BEYOND, "fixed", "free", "oommf", r"torque_table\(solution, 'free', 'top', \.\.\.\)"),
        (BEYOND, "fixed", "free", "mumax3_field", r"spinfem sweep over .* is exact. allow_error="),
    ],
)
def test_forms_that_mislead_are_refused_unless_asked_for(stack, fixed, free, form, message):
    torque = sf.slonczewski(sf.solve(stack, J0), fixed, free)
    write = getattr(torque, form)
    with pytest.raises(ValueError, match=message) as refused:
        write()
    stated = float(re.search(r"error of ([\d.]+) %", str(refused.value)).group(1))
    assert stated > 5
    text = " ".join(re.sub(r"^(#|//) ", "", write(allow_error=True), flags=re.M).split())
    assert f"off by up to {stated:.2g} % of" in text


@pytest.mark.parametrize("form", ["oommf", "mumax3", "mumax3_field", "ubermag"])
def test_normal_is_an_axis(constant_torque, form):
    with pytest.raises(ValueError, match="normal must be one of x, y, z, got 'Z'"):
        getattr(constant_torque, form)(normal="Z")


# --- two spacers ------------------------------------------------------------------------------


def dual(m_top, **interface):
    side = [sf.Interface(**interface)] if interface else []
    return sf.Stack(
        [
            F(8e-9, m=(0, 0, 1), name="bottom"),
            N(5e-9),
            *side,
            F(2e-9, m=(0.6, 0.8, 0), name="free"),
            N(8e-9),
            sf.Ferromagnet(D=3e7, l=2e-8, p=0.4)(6e-9, m=m_top, name="top"),
            sf.Lead(N),
        ]
    )


@pytest.mark.long
@pytest.mark.parametrize("names", [("bottom", "top"), ("top", "bottom")])
@pytest.mark.parametrize(
    ("m_top", "interface"),
    [
        ((0, 0, 1), {}),
        ((0, 0, -1), {"resistance": 0.5e-15, "mixing": 4e14 + 2e14j}),
    ],
)
def test_sum_of_two_spacers(m_top, interface, names):
    """Exact as a law; OOMMF's form of it within the error that it states."""
    stack = dual(m_top, **interface)
    torque = sf.slonczewski(sf.solve(stack, J0), names, "free")
    assert torque.fixed == names
    assert torque.notes == ()
    assert torque.law.error < 1e-10
    largest = HBAR_E * J0 * torque.table.largest
    for normal, shift in SHIFTS.items():
        expected, m = (np.roll(x, shift, axis=1) for x in (turned(stack), DIRECTIONS))
        found = by_mumax3_field(torque, normal, m)
        assert np.abs(found - expected).max() < 1e-9 * np.abs(expected).max()
        found = by_oommf(torque, normal, m)
        distance = np.linalg.norm(found - expected, axis=1).max()
        assert distance <= (np.hypot(torque.error, torque.field_error) + 1e-9) * largest


def test_a_refused_block_names_the_sum_that_is_exact():
    """Only where it is one: polarizers at an angle have none."""
    parts = r"the sum of both spacers, of 'bottom' and 'top', is one function of the angle \(slon"
    for m_top, expected in (((0, 0, -1), True), ((0, 0.6, 0.8), False)):
        torque = sf.slonczewski(sf.solve(dual(m_top), J0), "bottom", "free")
        assert torque.error > 0.05
        with pytest.raises(ValueError, match="spinfem sweep over the directions") as refused:
            torque.mumax3_field()
        assert bool(re.search(parts, str(refused.value))) is expected


def test_sums_that_there_are_not():
    solution = sf.solve(dual((0, 0.6, 0.8)), J0)
    message = "magnetizations of 'bottom' and 'top' must be collinear .*, got 36.87 degrees between"
    with pytest.raises(ValueError, match=message):
        sf.slonczewski(solution, ("bottom", "top"), "free")
    for names in (("bottom", "bottom"), ()):
        with pytest.raises(
            ValueError, match="fixed must be one ferromagnet, or one on either side"
        ):
            sf.slonczewski(solution, names, "free")
