"""Gradients: against differences in 90 digits, slices, identities of physics; their names."""

import copy
import dataclasses
import itertools

import extremes
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import solve as match
from strategies import COLLINEAR, contact_amplification, drifting, has_sink, samples, stacks

import spinfem as sf
from spinfem.constants import TORQUE_PER_SPIN_CURRENT
from spinfem.results.gradient import Place, timed_places_of

LIMIT = 1e-9
"""Of errors, relative to what `errors` says."""
SINGLY = 5
"""Stacks of each model whose numbers are moved one by one; with 100 it takes a minute more."""
DIGITS = 150
STEP = mp.mpf("1e-50")
"""Of forward differences: even at angles of 1e-14 their error is below 1e-15, as are roundings."""
ANGLES = ("polar", "azimuth")
DEGREES = 180 / np.pi


# --- stacks with numbers of many digits ----------------------------------------------------------


def owners(stack):
    """What the numbers of every element and every interface are called after."""
    elements = stack.elements
    names = [getattr(e, "name", None) for e in elements]
    names[0], names[-1] = names[0] or "left", names[-1] or "right"
    pairs = itertools.pairwise(names)
    joints = [joint and (joint.name or "|".join(pair)) for joint, pair in zip(stack.joints, pairs)]
    return names, joints


def with_values(thing, **values):
    """A copy in which nothing is checked or rounded."""
    new = copy.copy(thing)
    for key, value in values.items():
        object.__setattr__(new, key, value)
    return new


def moved(stack, steps):
    """The stack with numbers moved by steps in many digits, by name; angles in radians."""
    of = {}
    for name, step in steps.items():
        owner, _, key = name.rpartition(".")
        of.setdefault(owner, {})[key] = step
    elements, joints = owners(stack)
    ends = [_moved_metal(e, of.get(name)) for e, name in zip(stack.elements, elements)]
    faces = [_moved_joint(joint, of.get(name)) for joint, name in zip(stack.joints, joints)]
    return with_values(stack, elements=tuple(ends), joints=tuple(faces))


def _moved_metal(piece, steps):
    if steps is None:
        return piece
    new = with_values(piece, material=copy.copy(piece.material))
    for key, step in steps.items():
        if key not in ANGLES:
            owner = new if key == "thickness" else new.material
            object.__setattr__(owner, key, mp.mpf(getattr(owner, key)) + step)
    if piece.m is not None:
        x, y, z = (mp.mpf(c) for c in piece.m)
        rho, azimuth = mp.hypot(x, y), mp.atan2(y, x)
        polar, turn = (steps.get(key, 0) for key in ANGLES)
        ways = [z * mp.cos(azimuth), z * mp.sin(azimuth), -rho], [-y, x, 0]
        m = [c + polar * a + turn * b for c, a, b in zip((x, y, z), *ways)]
        object.__setattr__(new, "m", m)
    return new


def _moved_joint(joint, steps):
    if steps is None:
        return joint
    keys = ("resistance", "gamma", "delta")
    found = {k: mp.mpf(getattr(joint, k)) + steps.get(k, 0) for k in keys}
    if joint.mixing is not None:
        change = mp.mpc(steps.get("G_r", 0), steps.get("G_i", 0))
        found["mixing"] = mp.mpc(joint.mixing) + change
    return with_values(joint, **found)


# --- what comes out, in many digits --------------------------------------------------------------


def _dot(a, b):
    return mp.fsum(x * y for x, y in zip(a, b))


def _unit(m):
    m = [mp.mpf(c) for c in m]
    return [c / mp.sqrt(_dot(m, m)) for c in m]


def coupling(layers, joints, frequency):
    """B of normal layers in series: what reaches the other face of a mu_s on one of them."""
    B = far = None
    for layer, joint in zip(layers, [None, *joints]):
        if joint is not None and joint.resistance:
            c = 1 / (2 * mp.mpf(joint.resistance))
            z = mp.mpf(joint.delta)
            own, face = (z * c / mp.sinh(z), z * c * mp.coth(z)) if z else (c, c)
            B, far = B * own / (far + face), face - own**2 / (far + face)
        d, D, l = (mp.mpf(x) for x in (layer.thickness, layer.material.D, layer.material.l))
        if frequency is not None:
            l /= mp.sqrt(1 + 2j * mp.pi * frequency * layer.material.tau)
        own = D / (2 * d) if mp.isinf(l) else D / (2 * l) / mp.sinh(d / l)
        face = own if mp.isinf(l) else D / (2 * l) * mp.coth(d / l)
        if B is None:
            B, far = own, face
        else:  # the ring between two in series gives way
            B, far = B * own / (far + face), face - own**2 / (far + face)
    return B


def efficiencies(reference, left, right, frequency):
    """g of two magnets, by number: of eq. (1), or where they are collinear from eq. (A2)."""
    e, faces = reference.stack.elements, reference.faces
    m1, m2 = _unit(e[left].m), _unit(e[right].m)
    currents = faces[left].spin_current_right, faces[right - 1].spin_current_left
    c = _dot(m1, m2)
    sine2 = _dot(*[[b - c * a for a, b in zip(m1, m2)]] * 2)
    if mp.sqrt(sine2) > COLLINEAR:
        pulls = [b - c * a for a, b in zip(m1, m2)], [a - c * b for a, b in zip(m1, m2)]
        return [_dot(pull, j) / sine2 for pull, j in zip(pulls, currents)]
    B = coupling(e[left + 1 : right], reference.stack.joints[left + 1 : right - 1], frequency)
    mu1, mu2 = faces[left].spin_potential_right, faces[right - 1].spin_potential_left
    return [-B * _dot(mu2, m2), B * _dot(mu1, m1)]


def spacers(stack):
    """Pairs of magnets, by number, of which g has a gradient, and what asks for it."""
    magnets = [i for i, e in enumerate(stack.elements) if getattr(e, "m", None) is not None]
    for left, right in itertools.pairwise(magnets):
        a, b = stack.elements[left], stack.elements[right]
        if right == left + 1 or not (a.name and b.name):
            continue
        if on_rods(stack, left, right) or np.linalg.norm(np.cross(a.m, b.m)) > 0:
            yield (left, right), ("efficiency", a.name, b.name)


def on_rods(stack, left, right):
    """Whether mu_s is along m at both ends of what is between two magnets."""
    strong = all(stack.elements[i].material.is_strong for i in (left, right))
    return strong and not any(
        joint is not None and joint.mixing is not None
        for joint in (stack.joints[left], stack.joints[right - 1])
    )


def outputs(stack, steps=(), frequency=None):
    """All results of a stack with moved numbers, for j0 = 1: lists of numbers by what asks."""
    with mp.workdps(DIGITS):
        steps = dict(steps)
        if frequency is not None:
            frequency = mp.mpf(frequency) + steps.pop("frequency", 0)
        reference = match(moved(stack, steps), DIGITS, frequency=frequency)
        found = {(key,): [getattr(reference, key)] for key in ("spin_resistance", "resistance")}
        found |= {("torque", name): taken for name, taken in reference.absorbed.items()}
        for pair, key in spacers(stack):
            found[key] = efficiencies(reference, *pair, frequency)
        return found, reference


# --- the comparison ------------------------------------------------------------------------------


def units(stack, parameters):
    """What a step of every number is measured by: itself; of polarizations, the way to 1; a radian.

    G_i by the whole mixing conductance; AR* = 0 by what one spin diffusion length of the best
    metal has. l = inf by 0: it is not moved.
    """
    metals = [e.material for e in stack.elements if isinstance(e, sf.Layer | sf.Lead)]
    least = min((metal.l / metal.D for metal in metals if np.isfinite(metal.l)), default=1.0)
    found = {}
    for name, value in parameters.items():
        owner, _, key = name.rpartition(".")
        if key in ANGLES:
            found[name] = 1.0
        elif key in ("p", "beta_D", "gamma"):
            found[name] = 1 - abs(value)
        elif key == "resistance":
            found[name] = value or least
        elif key in ("G_r", "G_i"):
            found[name] = float(np.hypot(parameters[f"{owner}.G_r"], parameters[f"{owner}.G_i"]))
        else:
            found[name] = value if np.isfinite(value) else 0.0
    return found


def changes(solution, key, measure):
    """Changes of a result by a unit of every number; not of torques, of what is absorbed."""
    gradient = solution.gradient(*key)
    factor = TORQUE_PER_SPIN_CURRENT if key[0] == "torque" else 1.0
    return {
        name: np.atleast_1d(slope) / factor * measure[name] * (DEGREES if angle(name) else 1.0)
        for name, slope in gradient.items()
    }


def angle(name):
    return name.endswith(ANGLES)


def natural(key, stack, reference, way):
    """What roundings of derivatives are relative to: mu_s, or the largest current.

    Torques in a contact are currents divided by a sine; g without a coupling is, too, and its
    derivatives with respect to angles are divided by another one. So are those of torques, in which
    roundings of m alone are divided by a third one.
    """
    if key[0] == "torque":
        amplification = contact_amplification(stack)
        return reference.current_scale * amplification ** (3 if any(map(angle, way)) else 1)
    if key[0] == "efficiency":
        left, right = sorted(stack.position(name) for name in key[1:])
        if on_rods(stack, left, right):
            return reference.current_scale
        sine = np.linalg.norm(np.cross(stack.elements[left].m, stack.elements[right].m))
        return reference.current_scale / sine ** (2 if any(map(angle, way)) else 1)
    return 1e-4 * reference.potential_scale


def errors(stack, ways, frequency=None):
    """Errors of the changes of all results along ways of moving the numbers.

    Relative to the largest change by one unit of any number, to the result, or to what its
    roundings are relative to, whichever is largest.

    Parameters
    ----------
    stack : Stack
        What is moved.
    ways : callable
        Makes of the names of the numbers that can be moved a list of {name: number of units}.
    frequency : float, optional
        Of amplitudes, whose derivatives are complex.
    """
    base, reference = outputs(stack, (), frequency)
    solution = sf.solve(stack, frequency=frequency)
    measure = units(stack, solution.gradient("resistance").parameters)
    found = {key: changes(solution, key, measure) for key in base}
    # magnets in contact stay collinear, and an infinite length infinite
    names = [n for n, x in found["resistance",].items() if measure[n] and np.isfinite(x).all()]
    for slopes in found.values():
        assert all((slopes[name] == 0).all() for name, unit in measure.items() if not unit)
    scales = {
        key: max(
            float(max(map(abs, base[key]))),
            *(np.abs(slopes[name]).max() for name in names),
        )
        for key, slopes in found.items()
    }
    for way in ways(names):
        with mp.workdps(DIGITS):
            steps = {name: STEP * mp.mpf(how) * measure[name] for name, how in way.items()}
            ahead, _ = outputs(stack, steps, frequency)
            exact = {
                key: np.array([(a - b) / STEP for a, b in zip(ahead[key], base[key])], complex)
                for key in base
            }
        for key, slopes in found.items():
            ours = sum(how * slopes[name] for name, how in way.items())
            scale = max(scales[key], natural(key, stack, reference, way))
            yield (key, *way), np.abs(ours - exact[key]).max() / (scale or 1.0)


def check(stack, ways, frequency=None):
    for what, error in errors(stack, ways, frequency):
        assert error < LIMIT, what


def one_by_one(names):
    return [{name: 1} for name in names]


def all_at_once(names):
    """Two random ways to move all numbers: errors do not cancel in both."""
    random = np.random.default_rng(1)
    return [dict(zip(names, random.uniform(-1, 1, len(names)))) for _ in range(2)]


plain = stacks().filter(has_sink)


@pytest.mark.long
@settings(max_examples=100)
@given(plain)
def test_random_stacks_all_numbers_at_once(stack):
    check(stack, all_at_once)


@pytest.mark.long
@settings(max_examples=100)
@given(samples())
def test_random_samples_all_numbers_at_once(stack):
    check(stack, all_at_once)


@pytest.mark.long
@settings(max_examples=SINGLY)
@given(plain)
def test_random_stacks_every_number(stack):
    check(stack, one_by_one)


@pytest.mark.long
@settings(max_examples=SINGLY)
@given(samples())
def test_random_samples_every_number(stack):
    check(stack, one_by_one)


@pytest.mark.long
@settings(max_examples=2)
@given(drifting())
def test_two_polarizations_every_number(stack):
    check(stack, one_by_one)


@pytest.mark.long
@settings(max_examples=100)
@given(drifting())
def test_two_polarizations_all_numbers_at_once(stack):
    check(stack, all_at_once)


@st.composite
def swinging(draw):
    """Stacks of all models with times, and a frequency of any omega tau."""
    stack = draw(st.one_of(plain, samples(), drifting()))
    return extremes.with_times(np.random.default_rng(draw(st.integers(0, 999))), stack)


@pytest.mark.long
@settings(max_examples=100)
@given(swinging())
def test_at_a_frequency_all_numbers_at_once(given):
    stack, frequency = given
    check(stack, all_at_once, frequency)


@pytest.mark.long
@settings(max_examples=SINGLY)
@given(swinging())
def test_at_a_frequency_every_number(given):
    stack, frequency = given
    check(stack, one_by_one, frequency)


@pytest.mark.some(2)
@pytest.mark.long
@pytest.mark.parametrize("numbers", [range(4), range(4, 8), range(8, 12)])
@pytest.mark.parametrize("model", extremes.MODELS)
def test_at_the_ends_of_what_is_legal(model, numbers):
    """Of 440 stacks 1e-9, but for two: 2.4e-8; and 7.6e-6 where there is no AR* to begin with.

    The slope with it is a product of currents there, at a spacer of 1e-14 l.
    """
    for i in numbers:
        stack = extremes.extreme(np.random.default_rng([77, i]), model)
        for (key, *names), error in errors(stack, one_by_one):
            opens = any(
                name.endswith(".resistance") and not joint.resistance
                for name in names
                for owner, joint in zip(owners(stack)[1], stack.joints)
                if name.startswith(f"{owner}.")
            )
            assert error < (1e-5 if opens else 1e-7), (i, key, names)


LEADS = {
    "finite lengths": {"l": 0.8, "lambda_J": 0.3, "lambda_phi": 0.5},
    "nothing leaves it": {"l": np.inf, "lambda_J": np.inf, "lambda_phi": np.inf},
    "no relaxation": {"l": np.inf, "lambda_J": 0.3, "lambda_phi": np.inf},
}


@pytest.mark.parametrize("name", LEADS)
def test_leads_with_exchange_lengths(name):
    """Of a length that is infinite no difference can be taken; that with 1/l is finite."""
    given = {"D": 1.0, "p": 0.5, **LEADS[name]}

    def solved(**changed):
        lead = sf.Lead(sf.Ferromagnet(**{**given, **changed}), m=sf.direction(37.0, 90.0))
        weak = sf.Ferromagnet(D=1.0, l=0.7, p=0.5, lambda_J=0.4)(0.5, m=(1, 0, 0), name="a")
        spacer = sf.NormalMetal(D=2.0, l=1.5)(0.3)
        free = sf.Ferromagnet(D=0.4, l=0.3, p=-0.7)(0.4, m=(0, 1, 0), name="b")
        return sf.solve(lead | weak | spacer | free | sf.Lead(spacer.material))

    def slope(measure, number, h):
        ahead, back = (solved(**{number: given[number] + step}) for step in (h, -h))
        return (measure(ahead) - measure(back)) / (2 * h)

    solution = solved()
    for key, measure in (
        (("spin_resistance",), lambda s: s.spin_resistance),
        (("torque", "a"), lambda s: s.torque("a")),
        (("torque", "b"), lambda s: s.torque("b")),
    ):
        gradient = solution.gradient(*key)
        if np.isinf(given["l"]):
            assert not np.any(gradient["left.l"])
        size = np.abs(measure(solution)).max()
        for number, value in given.items():
            if np.isfinite(value):
                close, far = (slope(measure, number, h) for h in (5e-4, 1e-3))
                error = np.abs(gradient[f"left.{number}"] - (4 * close - far) / 3).max()
                assert error < 1e-9 * size, (key, number)


@pytest.mark.long
@pytest.mark.parametrize("frequency", [None, 0.4])
@pytest.mark.parametrize("mixing", [(1 - 0.4j) * 10.0**k for k in (-30, 8, 16, 40)])
def test_mixing_conductances_of_any_size(mixing, frequency):
    """What is across m at them is what they absorb, divided by them: no difference of values."""
    stack = device(sf.Ferromagnet(D=0.5, l=0.4, p=0.75, tau=0.3)(0.8, m=CROSSED, name="b"))
    joint = sf.Interface(0.2, gamma=0.1, mixing=mixing, name="J")
    pieces = [*stack.pieces[:2], joint, *stack.pieces[2:]]
    check(sf.Stack(pieces).replace("I", mixing=mixing), all_at_once, frequency)


def test_collinear_efficiencies_beside_an_interface_of_no_resistance():
    """Whose current is that through the ferromagnet, not that behind the ring."""
    F, N = sf.Ferromagnet(D=1.0, l=np.inf, p=0.2), sf.NormalMetal(D=1.0, l=np.inf)
    left = sf.Reservoir() | F(1.0, m=(0, 0, 1), name="a") | sf.Interface(0.0, gamma=0.5) | N(1.0)
    check(left | F(1.0, m=(0, 0, 1), name="b") | sf.Reservoir(), one_by_one)


# --- graded layers -------------------------------------------------------------------------------


def D_of(xi):
    return 1.2 + 0.8 * np.sin(3 * xi)


def l_of(xi):
    return 0.3 * np.exp(xi)


def p_of(xi):
    return 0.7 - 1.1 * xi**2


GRADED = {
    "D": {"D": D_of, "l": 0.4, "p": 0.5},
    "l": {"D": 1.2, "l": l_of, "p": 0.5},
    "p": {"D": 1.2, "l": 0.4, "p": p_of},
    "D, p": {"D": D_of, "l": 0.4, "p": p_of},
    "l, p": {"D": 1.2, "l": l_of, "p": p_of},
    "all": {"D": D_of, "l": l_of, "p": p_of},
    "beta_D": {"D": D_of, "l": 0.4, "p": 0.5, "beta_D": p_of},
    "p beside a beta_D": {"D": D_of, "l": 0.4, "p": p_of, "beta_D": -0.3},
    "both polarizations": {"D": 1.2, "l": l_of, "p": p_of, "beta_D": lambda xi: xi - 0.4},
    "D of a normal metal": {"D": D_of, "l": 0.4},
    "l of a normal metal": {"D": 1.2, "l": l_of},
    "a normal metal": {"D": D_of, "l": l_of},
}
SHARED = ("c", "a", "I", "N", "N1", "N2", "left", "right", "frequency")
"""Owners of numbers that stacks with a graded layer and with slices have."""
RESULTS = (
    ("spin_resistance",),
    ("resistance",),
    ("torque", "a"),
    ("torque", "b"),
    ("efficiency", "a", "b"),
)
CROSSED = sf.direction(70.0, 20.0)


def device(*middle):
    """Layers behind exchange lengths and a mixing conductance, which make spins precess."""
    Cu = sf.NormalMetal(D=4.0, l=2.0, tau=1.3)
    Co = sf.Ferromagnet(D=1.5, l=0.7, p=0.45, tau=0.2)
    weak = sf.Ferromagnet(D=0.8, l=0.9, p=-0.5, lambda_J=0.2, lambda_phi=0.4, tau=0.5)
    return sf.Stack(
        [
            sf.Lead(Cu),
            weak(0.5, m=sf.direction(130.0, 40.0), name="c"),
            Cu(0.3),
            Co(0.5, m=(0, 0, 1), name="a"),
            Cu(0.2),
            sf.Interface(0.4, gamma=0.3, mixing=1.0 - 0.4j, name="I"),
            *middle,
            Cu(0.2, name="N"),
            sf.Lead(Cu),
        ]
    )


def kind_of(numbers):
    """The class of a metal with these numbers, and whether it is a ferromagnet."""
    return (sf.Ferromagnet if "p" in numbers else sf.NormalMetal), "p" in numbers


def graded(numbers):
    kind, magnet = kind_of(numbers)
    name, m = ("b", CROSSED) if magnet else ("graded", None)
    layer = kind(**numbers, tau=0.6)(0.8, m=m, name=name)
    return between(magnet, layer)


def between(magnet, *layers):
    """A device with layers of a magnet, or with normal ones in front of a magnet."""
    if magnet:
        return device(*layers)
    Py = sf.Ferromagnet(D=0.5, l=0.1, p=0.75, tau=0.1)
    return device(Py(0.1, m=CROSSED, name="b"), *layers)


def sliced(numbers, n):
    """n uniform layers with the numbers in the middle of each, and their names."""
    xi = (np.arange(n) + 0.5) / n
    rows = {key: np.broadcast_to(v(xi) if callable(v) else v, n) for key, v in numbers.items()}
    kind, magnet = kind_of(numbers)
    m = CROSSED if magnet else None
    names = [f"slice {i}" for i in range(n)]
    metals = [kind(**dict(zip(rows, row)), tau=0.6) for row in zip(*rows.values())]
    layers = [metal(0.8 / n, m=m, name=name) for metal, name in zip(metals, names)]
    return between(magnet, *layers), names


@pytest.mark.some(3)
@pytest.mark.long
@pytest.mark.parametrize("frequency", [None, 0.3])
@pytest.mark.parametrize("name", GRADED)
def test_graded_layer_is_many_slices(name, frequency):
    """All numbers but angles, which would open contacts of slices; dr, R and the torque on a."""
    numbers = GRADED[name]
    owner = "b" if "p" in numbers else "graded"
    own = [key for key in ("thickness", *numbers) if not callable(numbers.get(key))]
    own += ["tau"] * (frequency is not None)
    found, columns = None, []
    for n in (0, 50, 100, 200):
        stack, names = sliced(numbers, n) if n else (graded(numbers), [])
        solution, column = sf.solve(stack, frequency=frequency), []
        for key in RESULTS[:3]:
            slopes = solution.gradient(*key)
            scale = np.abs(slopes.value).max()
            for other, slope in slopes.items():
                if other.partition(".")[0] in SHARED:
                    column.append(np.atleast_1d(slope) / scale)
            for number in own:
                parts = [slopes[f"{x}.{number}"] for x in names or [owner]]
                whole = sum(parts) / (n if n and number == "thickness" else 1)
                column.append(np.atleast_1d(whole) / scale)
        column = np.concatenate(column)
        found = column if n == 0 else found
        columns += [column] if n else []
    # slices with numbers from the middle are of second order
    twice = [(4 * fine - coarse) / 3 for coarse, fine in itertools.pairwise(columns)]
    thrice = (16 * twice[1] - twice[0]) / 15
    largest = np.abs(found).max()
    assert np.abs(columns[2] - found).max() < 1e-3 * largest
    # what is left goes with n^-6: 1e-12; roundings of 200 slices
    assert np.abs(thrice - found).max() < 1e-10 * largest


@pytest.mark.long
@pytest.mark.parametrize("key", RESULTS, ids=" ".join)
@pytest.mark.parametrize("name", GRADED)
def test_turning_magnetizations_of_graded_stacks(name, key):
    """Differences of sixth order of spinfem itself."""
    stack = graded(GRADED[name])
    slopes = sf.solve(stack).gradient(*key)
    h = 0.4
    steps = h * np.array([-3, -2, -1, 1, 2, 3])
    weights = np.array([-1, 9, -45, 45, -9, 1]) / (60 * h)
    for magnet in ("a", "b", "c"):
        angles = {k: slopes.parameters[f"{magnet}.{k}"] for k in ANGLES}
        for which in ANGLES:
            m = sf.direction(*(angles[k] + (steps if k == which else 0) for k in ANGLES))
            turned = sf.solve(stack.replace(magnet, m=m))
            results = getattr(turned, key[0])
            results = results(*key[1:]) if callable(results) else results
            results = np.stack(results, axis=-1) if key[0] == "efficiency" else results
            difference = np.tensordot(weights, results, axes=(0, 0))
            # 0.4 degrees to the sixth: 1e-13, and roundings of 1e-14 over 0.4 degrees
            scale = np.abs(slopes.value).max() / DEGREES
            np.testing.assert_allclose(slopes[f"{magnet}.{which}"] / scale, difference / scale,
                                       atol=1e-9)  # fmt: skip


def shifted(stack, place, step):
    """The stack with one of its numbers, as of `Gradient`, moved."""
    k, key, _ = place
    elements, joints = list(stack.elements), list(stack.joints)
    if key in ("resistance", "gamma", "delta", "G_r", "G_i"):
        number = "mixing" if key.startswith("G") else key
        step = 1j * step if key == "G_i" else step
        moved = {number: getattr(joints[k], number) + step}
        joints[k] = dataclasses.replace(joints[k], **moved)
    elif key in ANGLES:
        x, y, z = elements[k].m
        angles = {"polar": np.arctan2(np.hypot(x, y), z), "azimuth": np.arctan2(y, x)}
        angles[key] += np.radians(step)
        m = sf.direction(*np.degrees([*angles.values()]))
        elements[k] = dataclasses.replace(elements[k], m=m)
    elif key == "thickness":
        moved = elements[k].thickness + step
        elements[k] = dataclasses.replace(elements[k], thickness=moved)
    else:
        metal = elements[k].material
        metal = dataclasses.replace(metal, **{key: getattr(metal, key) + step})
        elements[k] = dataclasses.replace(elements[k], material=metal)
    pairs = itertools.zip_longest(elements, joints)
    return sf.Stack([piece for pair in pairs for piece in pair if piece is not None])


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("name", ["both polarizations", "p beside a beta_D"])
def test_differences_at_a_frequency(name):
    """Of sixth order, of spinfem itself, with respect to all numbers of a graded stack."""
    stack, frequency, steps = graded(GRADED[name]), 0.3, np.array([-3, -2, -1, 1, 2, 3])
    gradients = {key: sf.solve(stack, frequency=frequency).gradient(*key) for key in RESULTS}
    weights = np.array([-1, 9, -45, 45, -9, 1]) / 60
    places = timed_places_of(stack) | {"frequency": Place(0, "frequency", frequency)}
    assert set(places) == set(gradients["resistance",])
    for number, place in places.items():
        is_angle, is_frequency = place.quantity in ANGLES, place.quantity == "frequency"
        h = 0.4 if is_angle else 3e-3 * abs(place.value)
        columns = {key: [] for key in RESULTS}
        for step in h * steps:
            other = stack if is_frequency else shifted(stack, place, step)
            solution = sf.solve(other, frequency=frequency + step * is_frequency)
            for result, column in columns.items():
                found = getattr(solution, result[0])
                column.append(np.asarray(found(*result[1:]) if callable(found) else found))
        for result, gradient in gradients.items():
            difference = np.tensordot(weights, np.array(columns[result]), axes=(0, 0)) / h
            unit = (1 if is_angle else abs(place.value)) / np.abs(gradient.value).max()
            # steps to the sixth: 1e-13, and roundings of 1e-14 over a step of 3e-3
            assert np.abs(gradient[number] - difference).max() * unit < 1e-9, (result, number)


# --- batches, methods, currents ------------------------------------------------------------------


def batch():
    """A batch of shape (2, 3): an angle, a thickness, a resistance, a mixing conductance vary."""
    stack = device(sf.Ferromagnet(D=0.5, l=0.4, p=0.75, tau=0.3)(0.8, m=CROSSED, name="b"))
    stack = stack.replace("a", m=sf.direction([20.0, 90.0, 140.0], 30.0))
    stack = stack.replace("N", thickness=np.array([[0.1], [0.4]]))
    return stack.replace("I", resistance=[0.1, 0.4, 2.0], mixing=np.array([[1 - 1j], [2 + 0.5j]]))


def plain_batch():
    N = sf.NormalMetal(D=4.0, l=2.0, tau=1.3)
    F = sf.Ferromagnet(D=1.0, l=0.5, p=0.6, tau=0.4)
    return (
        sf.Lead(F, m=sf.direction(100.0, 80.0), name="c")
        | N(0.1)
        | F(0.8, m=sf.direction(30.0), name="a")
        | N(np.array([[0.1], [0.4]]), name="N")
        | F([0.2, 0.4, 0.6], m=sf.direction([20.0, 90.0, 140.0], 30.0), name="b")
        | sf.Reservoir()
    )


@pytest.mark.some(4)
@pytest.mark.long
@pytest.mark.parametrize("key", RESULTS, ids=" ".join)
@pytest.mark.parametrize("make", [batch, plain_batch])
@pytest.mark.parametrize("frequency", [None, np.array([0.1, 0.5, 2.0])])
def test_batch_is_its_points(make, key, frequency):
    stack, j0 = make(), np.array([[1.0], [-2.0]])
    frequencies = [None] * 3 if frequency is None else frequency
    slopes = sf.solve(stack, j0, frequency=frequency).gradient(*key)
    components = {"torque": (3,), "efficiency": (2,)}.get(key[0], ())
    assert slopes.value.shape == (2, 3, *components)
    for i, k in np.ndindex(2, 3):
        point = sf.solve(stack[i, k], j0[i, 0], frequency=frequencies[k]).gradient(*key)
        assert list(point) == list(slopes)
        for name, slope in point.items():
            assert slopes[name].shape == slopes.value.shape
            scale = max(np.abs(slope).max(), 1e-3 * np.abs(point.value).max())
            assert np.abs(slopes[name][i, k] - slope).max() < 1e-11 * scale, name
            number = np.broadcast_to(slopes.parameters[name], (2, 3))[i, k]
            assert number == pytest.approx(point.parameters[name], rel=1e-15)
            logarithmic = slopes.logarithmic[name]
            assert logarithmic.shape == (2, 3, *(components if key[0] == "efficiency" else ()))
            np.testing.assert_allclose(logarithmic[i, k], point.logarithmic[name], atol=1e-10)


def test_torques_go_with_the_current_and_nothing_else_does():
    stack = batch()[0, 0]
    j0 = np.array([1.0, -3.0, 2e11])
    for key in RESULTS:
        one, many = sf.solve(stack).gradient(*key), sf.solve(stack, j0).gradient(*key)
        factor = j0[:, None] if key[0] == "torque" else np.ones((3, *np.shape(one.value)))
        for name, slope in one.items():
            np.testing.assert_allclose(many[name], factor * slope, rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("key", RESULTS, ids=" ".join)
@pytest.mark.parametrize("make", [batch, plain_batch])
@pytest.mark.parametrize("frequency", [None, 0.4])
def test_all_ways_to_solve_have_the_same_gradients(make, key, frequency):
    stack, swings = make()[1, 2], {"frequency": frequency}
    others = [sf.solve(stack, method="saddle", **swings)]
    others += [sf.analytic.solve(stack, **swings)] if make is plain_batch else []
    slopes = sf.solve(stack, **swings).gradient(*key)
    for other in others:
        found = other.gradient(*key)
        assert list(found) == list(slopes)
        for name, slope in slopes.items():
            scale = np.abs(slope).max() + np.abs(slopes.value).max()
            assert np.abs(found[name] - slope).max() < 1e-10 * scale


# --- identities ----------------------------------------------------------------------------------


def slopes_of(stack, frequency=None):
    """Gradients of all results of a stack without collinear neighbours, with what asks for them."""
    solution = sf.solve(stack, 2.0, frequency=frequency)
    keys = [("spin_resistance",), ("resistance",)]
    keys += [("torque", name) for name in solution.ferromagnets]
    keys += [("efficiency", *pair) for pair in solution.spacers]
    for key in keys:
        gradient = solution.gradient(*key)
        assert all(np.isfinite(slope).all() for slope in gradient.values())
        yield key, gradient


def rates(gradient, *keys):
    """q dF/dq of the numbers with these keys."""
    chosen = [name for name in gradient if name.rpartition(".")[2] in keys]
    return np.array([gradient[name] * gradient.parameters[name] for name in chosen])


def vanishes(terms, gradient):
    """The sum is zero but for roundings of the terms and of the result."""
    terms = np.asarray(terms)
    size = np.abs(terms).max() + np.abs(gradient.value).max()
    return np.abs(terms.sum(axis=0)).max() < 1e-12 * size


SAMPLES = [batch()[0, 1], plain_batch()[1, 0]]


@pytest.mark.parametrize("frequency", [None, 0.4])
@pytest.mark.parametrize("stack", SAMPLES)
def test_scaling_all_lengths_and_conductivities_changes_nothing(stack, frequency):
    """j_s, mu_s, dr: lengths are counted in l, and D/l, the stiffness of a layer, stays."""
    for _, gradient in slopes_of(stack, frequency):
        terms = rates(gradient, "thickness", "D", "l", "lambda_J", "lambda_phi")
        assert vanishes(terms, gradient)


@pytest.mark.parametrize("frequency", [None, 0.4])
@pytest.mark.parametrize("stack", SAMPLES)
def test_scaling_all_conductances_scales_resistances(stack, frequency):
    """D, 1/AR*, mixing by s: dr/s and R/s, and the same currents."""
    for key, gradient in slopes_of(stack, frequency):
        terms = [*rates(gradient, "D", "G_r", "G_i"), *-rates(gradient, "resistance")]
        terms += [gradient.value] if key[0] in ("spin_resistance", "resistance") else []
        assert vanishes(terms, gradient)


@pytest.mark.parametrize("frequency", [None, 0.4])
@pytest.mark.parametrize("stack", SAMPLES)
def test_turning_everything_turns_torques_alone(stack, frequency):
    magnets = {e.name: e.m for e in stack.elements if getattr(e, "m", None) is not None}
    for key, gradient in slopes_of(stack, frequency):
        for axis in np.eye(3):
            terms = []
            for name, m in magnets.items():
                polar, azimuth = (gradient.parameters[f"{name}.{which}"] for which in ANGLES)
                turn = np.cross(axis, m)
                down = turn @ sf.direction(polar + 90, azimuth)
                around = turn @ sf.direction(90, azimuth + 90) / np.hypot(m[0], m[1])
                terms += [gradient[f"{name}.polar"] * down, gradient[f"{name}.azimuth"] * around]
            if key[0] == "torque":
                terms.append(-np.cross(axis, gradient.value) / DEGREES)
            assert vanishes(terms, gradient)


@pytest.mark.parametrize("stack", SAMPLES)
def test_fields_of_no_frequency_are_stationary(stack):
    """Their derivatives, too. Nothing depends on tau then, and what lags does so by omega."""
    for key, gradient in slopes_of(stack):
        swinging = sf.solve(stack, 2.0, frequency=0.0).gradient(*key)
        assert set(swinging) - set(gradient) == {n for n in swinging if n.endswith(".tau")} | {
            "frequency"
        }
        scale = max(np.abs(slope).max() for slope in gradient.values())
        for name, slope in gradient.items():
            assert np.abs(swinging[name] - slope).max() < 1e-13 * scale, name
        assert all((swinging[f"{owner}.tau"] == 0).all() for owner in ("a", "b", "c", "N"))
        slope = swinging["frequency"]
        assert np.abs(slope.real).max() < 1e-13 * np.abs(slope).max()
        assert np.abs(slope.imag).max() > 0


def test_slope_of_the_resistance_of_a_valve_is_that_of_both_efficiencies():
    """d(dr)/d(theta) = g1 g2 sin(theta)/B."""
    N = sf.NormalMetal(D=4.0, l=2.0)
    theta = np.array([0.0, 1e-6, 20.0, 74.0, 120.0, 180.0])
    stack = (
        sf.Lead(N)
        | sf.Ferromagnet(D=1.0, l=0.7, p=0.3)(0.5, m=sf.direction(0.0), name="a")
        | N(0.3)
        | sf.Ferromagnet(D=0.5, l=0.2, p=0.9)(0.4, m=sf.direction(theta), name="b")
        | sf.Lead(N)
    )
    solution = sf.solve(stack)
    g1, g2 = solution.efficiency("a", "b")
    B = N.stiffness / np.sinh(0.3 / N.l)
    slope = solution.gradient("spin_resistance")["b.polar"] * DEGREES
    expected = g1 * g2 * np.sin(np.deg2rad(theta)) / B
    np.testing.assert_allclose(slope, expected, rtol=1e-12, atol=1e-15)


@settings(max_examples=50)
@given(stacks(contacts=False, decades=(-2, 1)).filter(has_sink))
def test_turning_a_magnetization_does_the_work_of_its_torque(stack):
    """j0^2 delta(dr) = sum over faces of mu_face T_face . delta m."""
    solution = sf.solve(stack)
    gradient = solution.gradient("spin_resistance")
    for k, layer in enumerate(stack.layers):
        if layer.m is None or np.isnan(gradient[f"{layer.name}.polar"]):
            continue  # a contact with a lead would open
        polar, azimuth = (gradient.parameters[f"{layer.name}.{a}"] for a in ANGLES)
        way = sf.direction(polar + 90, azimuth)
        faces = solution.interfaces[k : k + 2]
        work = sum((face.spin_potential @ layer.m) * (face.absorbed @ way) for face in faces)
        scale = max(abs(face.spin_potential).max() for face in solution.interfaces)
        assert abs(gradient[f"{layer.name}.polar"] * DEGREES - work) <= 1e-12 * scale


@pytest.mark.parametrize(("stack", "name"), [(SAMPLES[0], "c"), *itertools.product(SAMPLES, "Na")])
@pytest.mark.parametrize("frequency", [None, 0.4])
def test_numbers_of_the_parts_of_a_layer_make_those_of_the_layer(stack, name, frequency):
    """A change of the thickness is one of either part; other numbers are shared."""
    layer = stack.elements[stack.position(name)]
    parts = [
        layer.material(share * layer.thickness, m=layer.m, name=part)
        for share, part in ((0.3, "first"), (0.7, "second"))
    ]
    place = next(i for i, piece in enumerate(stack.pieces) if getattr(piece, "name", "") == name)
    split = sf.Stack([*stack.pieces[:place], *parts, *stack.pieces[place + 1 :]])
    for output in ("spin_resistance", "resistance"):
        whole, halves = (sf.solve(x, frequency=frequency).gradient(output) for x in (stack, split))
        numbers = layer.material.numbers
        if frequency is None:
            del numbers["tau"]
        for key, number in numbers.items():
            both = halves[f"first.{key}"] + halves[f"second.{key}"]
            assert abs(both - whole[f"{name}.{key}"]) * abs(number) < 1e-12 * abs(whole.value)
        for part in ("first", "second"):
            change = halves[f"{part}.thickness"] - whole[f"{name}.thickness"]
            assert abs(change) * layer.thickness < 1e-12 * abs(whole.value)


def test_resistance_without_spin():
    """``d (1 - p^2)/D`` and ``AR* (1 - gamma^2)`` add to dr."""
    solution = sf.solve(SAMPLES[0])
    whole, spin = solution.gradient("resistance"), solution.gradient("spin_resistance")
    numbers = whole.parameters
    for name, slope in whole.items():
        owner, _, key = name.rpartition(".")
        d, D, p, AR, gamma = (
            numbers.get(f"{owner}.{k}", float(k == "D"))
            for k in ("thickness", "D", "p", "resistance", "gamma")
        )
        ohmic = {
            "thickness": (1 - p**2) / D,
            "D": -d * (1 - p**2) / D**2,
            "p": -2 * p * d / D,
            "resistance": 1 - gamma**2,
            "gamma": -2 * gamma * AR,
        }.get(key, 0.0)
        assert slope - spin[name] == pytest.approx(ohmic, rel=1e-12, abs=1e-13)


# --- names, limits, errors -----------------------------------------------------------------------

N = sf.NormalMetal(D=6.0, l=2.0)
F = sf.Ferromagnet(D=1.0, l=1.0, p=0.4)
WEAK = sf.Ferromagnet(D=1.0, l=0.5, p=0.7, lambda_J=0.2, lambda_phi=np.inf)


def named():
    return (
        sf.Lead(N)
        | sf.Interface(0.0, gamma=0.5)
        | F(1.0, m=sf.direction(10.0), name="a")
        | sf.Interface(0.2, mixing=2.0 + 1.0j, name="contact")
        | sf.NormalMetal(D=6.0, l=np.inf)(0.3)
        | sf.Interface(0.1)
        | N(0.1)
        | WEAK(0.6, m=sf.direction(60.0, 30.0))
        | N(0.1)
        | sf.Lead(F, m=sf.direction(90.0), name="end")
    )


def test_names():
    gradient = sf.solve(named()).gradient("spin_resistance")
    metal, magnet, turns = ("thickness", "D", "l"), ("thickness", "D", "l", "p"), ANGLES
    expected = {
        "left": ("D", "l"),
        "left|a": ("resistance", "gamma"),
        "a": (*magnet, *turns),
        "contact": ("resistance", "gamma", "G_r", "G_i"),
        "N1": metal,
        "N1|N2": ("resistance",),
        "N2": metal,
        "F2": (*magnet, "lambda_J", *turns),
        "N3": metal,
        "end": ("D", "l", "p", *turns),
    }
    names = [f"{owner}.{key}" for owner, keys in expected.items() for key in keys]
    assert list(gradient) == names
    assert len(gradient) == len(names)
    assert "a.p" in gradient
    assert "a.q" not in gradient
    assert gradient.get("a.q") is None
    assert dict(gradient) == {name: gradient[name] for name in names}
    assert repr(gradient) == f"<Gradient of spin resistance with respect to {len(names)} numbers>"
    parameters = gradient.parameters
    assert list(parameters) == names
    assert parameters["contact.G_i"] == 1.0
    assert parameters["N1.l"] == np.inf
    assert (parameters["a.p"], parameters["end.D"]) == (0.4, 1.0)
    assert parameters["F2.polar"] == pytest.approx(60.0, rel=1e-14)
    assert parameters["F2.azimuth"] == pytest.approx(30.0, rel=1e-14)
    assert gradient.value == sf.solve(named()).spin_resistance
    unnamed = sf.Stack([sf.Lead(N), F(1.0, m=(0, 0, 1)), sf.Lead(F, m=(1, 0, 0))])
    found = {name.partition(".")[0] for name in sf.solve(unnamed).gradient("resistance")}
    assert found == {"left", "F1", "right"}


def test_a_layer_may_be_called_like_a_side():
    stack = sf.Lead(N) | F(1.0, m=(0, 0, 1), name="left") | N(1.0) | sf.Lead(N)
    found = {name.partition(".")[0] for name in sf.solve(stack).gradient("resistance")}
    assert found == {"left lead", "left", "N1", "right"}


def test_no_two_numbers_have_one_name():
    stack = sf.Stack(
        [
            sf.Lead(N),
            F(1.0, m=(0, 0, 1), name="left"),
            N(1.0, name="left lead"),
            sf.Interface(0.3, name="right"),
            F(1.0, m=(0, 1, 0)),
            sf.Lead(N),
        ]
    )
    found = {name.partition(".")[0] for name in sf.solve(stack).gradient("resistance")}
    assert found == {"left lead'", "left", "left lead", "right", "F2", "right lead"}


def test_graded_numbers_have_no_derivative():
    names = set(sf.solve(graded(GRADED["D, p"])).gradient("resistance"))
    assert {"b.thickness", "b.l"} < names
    assert not {"b.D", "b.p"} & names


def test_times_and_the_frequency_are_there_at_a_frequency():
    stack = SAMPLES[1]
    still, swinging = (sf.solve(stack, frequency=f).gradient("torque", "a") for f in (None, 0.3))
    times = {f"{name}.tau" for name in ("c", "N1", "a", "N", "b")}
    assert set(swinging) - set(still) == {*times, "frequency"}
    for name in ("a.tau", "frequency"):
        with pytest.raises(KeyError, match=f"{name}', which matters at a frequency alone"):
            still[name]
    with pytest.raises(KeyError, match="did you mean 'frequency'"):
        swinging["freqency"]
    assert swinging.parameters["frequency"] == 0.3
    assert swinging.parameters["N.tau"] == 1.3


def test_results_are_read_only():
    slope = sf.solve(named()).gradient("torque", "a")["a.p"]
    with pytest.raises(ValueError, match="read-only"):
        slope[0] = 1.0


def test_no_relaxation_is_a_limit_without_slope():
    """l = inf: all depends on 1/l^2."""
    for key in (("spin_resistance",), ("torque", "a"), ("efficiency", "a", "F2")):
        gradient = sf.solve(named()).gradient(*key)
        assert (gradient["N1.l"] == 0).all()
        assert (gradient.logarithmic["N1.l"] == 0).all()


def test_logarithmic():
    solution = sf.solve(named(), 3e11)
    dr, torque = solution.gradient("spin_resistance"), solution.gradient("torque", "a")
    g = solution.gradient("efficiency", "a", "F2")
    size = np.linalg.norm(torque.value)
    for name, number in dr.parameters.items():
        factor = 1.0 if name.endswith(ANGLES) else number if np.isfinite(number) else 0.0
        close = {"rel": 1e-12, "abs": 1e-15}
        assert dr.logarithmic[name] == pytest.approx(factor * dr[name] / dr.value, **close)
        along = torque[name] @ torque.value / size
        assert torque.logarithmic[name] == pytest.approx(factor * along / size, **close)
        assert g.logarithmic[name] == pytest.approx(factor * g[name] / g.value, **close)


def test_logarithms_of_results_that_vanish_are_not_finite():
    stack = sf.Lead(N) | F(1.0, m=(0, 0, 1), name="a") | N(0.3) | F(0.5, m=(0, 0, 1), name="b")
    torque = sf.solve(stack).gradient("torque", "a")
    assert not np.isfinite(list(torque.logarithmic.values())).any()
    assert np.isfinite(list(torque.values())).all()


def test_turning_one_of_collinear_magnetizations_in_contact_has_no_derivative():
    """It would open the contact: mu_s = 0 there. In a batch only where they are collinear."""
    theta = np.array([0.0, 30.0, 180.0])
    stack = (
        sf.Lead(N)
        | F(1.0, m=sf.direction(0.0), name="a")
        | F(0.5, m=sf.direction(theta), name="b")
        | N(0.5)
        | F(0.7, m=sf.direction(70.0), name="c")
    )
    gradient = sf.solve(stack).gradient("spin_resistance")
    for name, slope in gradient.items():
        touches = name in ("a.polar", "a.azimuth", "b.polar", "b.azimuth")
        assert np.isnan(slope).tolist() == [touches, False, touches], name


@pytest.mark.long
@pytest.mark.parametrize(
    "theta",
    [
        0.0,
        pytest.param(1e-12, marks=pytest.mark.long),
        1e-7,
        pytest.param(1e-3, marks=pytest.mark.long),
        60.0,
        pytest.param(180.0, marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("left", [sf.Reservoir(), sf.Lead(WEAK, m=sf.direction(70.0, 50.0))])
def test_efficiencies_through_interfaces(left, theta):
    """One coupling B, whatever is between magnets that are on rods."""
    chain = [
        left,
        N(1.0),
        F(0.4, m=sf.direction(20.0, 10.0), name="a"),
        sf.Interface(0.2, gamma=0.4),
        N(0.6),
        sf.Interface(0.3),
        sf.NormalMetal(D=0.4, l=0.5)(0.2),
        sf.Interface(0.1, gamma=-0.3),
        F(0.5, m=sf.direction(20.0 + theta, 10.0), name="b"),
    ]
    check(sf.Stack([*chain, sf.SpinBlocking()]), one_by_one)


@pytest.mark.long
@pytest.mark.parametrize("theta", [1e-7, 1e-5, 1e-3, 0.1])
@pytest.mark.parametrize("what", ["mixing", "exchange"])
def test_efficiencies_at_small_angles_without_a_coupling(what, theta):
    """Currents across m have their own digits: 1/sin of roundings is left, and no more."""
    joint = [sf.Interface(0.2, gamma=0.4, mixing=2.0 + 1.0j)] if what == "mixing" else []
    chain = [
        F(0.4, m=sf.direction(20.0, 10.0), name="a"),
        *joint,
        N(0.6),
        (F if joint else WEAK)(0.5, m=sf.direction(20.0 + theta, 10.0), name="b"),
    ]
    stack = sf.Stack([sf.Lead(N), *chain, sf.SpinBlocking()])
    for what, error in errors(stack, one_by_one):
        assert error < 1e-12, what


@pytest.mark.parametrize(
    ("middle", "exists"),
    [
        ((), True),
        ((sf.Interface(0.1, gamma=0.3),), True),
        # numba compiles gradients of such batches
        pytest.param((sf.Interface(0.1, mixing=1.0 + 0.2j),), False, marks=pytest.mark.long),
    ],
)
def test_efficiencies_of_collinear_neighbours(middle, exists):
    """Exact where all between them is on rods; elsewhere g is a limit, and has no gradient."""
    theta = np.array([0.0, 50.0, 180.0])
    chain = [F(1.0, m=sf.direction(0.0), name="a"), *middle, N(0.3)]
    stack = sf.Stack([sf.Lead(N), *chain, F(0.5, m=sf.direction(theta), name="b"), sf.Lead(N)])
    gradient = sf.solve(stack).gradient("efficiency", "a", "b")
    found = np.isfinite(gradient["a.p"]).all(axis=-1)
    assert found.tolist() == [exists, True, exists]


def test_order_of_the_names_of_an_efficiency_is_that_of_its_values():
    solution = sf.solve(named())
    one = solution.gradient("efficiency", "a", "F2")
    other = solution.gradient("efficiency", "F2", "a")
    assert np.array_equal(one.value, other.value[::-1])
    for name, slope in one.items():
        assert np.array_equal(slope, other[name][::-1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("spin_resistanc",), "got 'spin_resistanc'; did you mean 'spin_resistance'"),
        (("voltage",), "output must be one of spin_resistance, resistance, torque, efficiency"),
        (("torque",), "names of ferromagnets for a gradient of torque must be 1, got 0"),
        (
            ("resistance", "a"),
            "names of ferromagnets for a gradient of resistance must be 0, got 1",
        ),
        (("torque", "N1"), "'N1' must be a ferromagnet, got a normal metal"),
        (("torque", "ennd"), "got 'ennd'; did you mean 'end'"),
        (("efficiency", "a", "a"), "got the same one twice"),
        (("efficiency", "a", "end"), "got another ferromagnet between them"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        sf.solve(named()).gradient(*arguments)


def test_unknown_names_have_near_matches():
    gradient = sf.solve(named()).gradient("resistance")
    with pytest.raises(KeyError, match=r"did you mean 'a\.thickness'"):
        gradient["a.thicknes"]
    with pytest.raises(KeyError, match="is called 3"):
        gradient[3]


def test_a_thick_layer_at_a_reservoir():
    """Next to no current comes through: by how much mu_s falls is not read from its roundings."""
    pytest.importorskip("numba")
    first = sf.Ferromagnet(D=1.0, l=1.0, p=0.0)(100.0, m=(0, 0, 1), name="first")
    last = sf.Ferromagnet(D=1.0, l=np.inf, p=0.5)(1.0, m=(0, 0, 1), name="last")
    slopes = sf.solve(first | last).gradient("spin_resistance")
    # dr = (p1 - p2)^2/2: both pull the ring between them with 1/2
    assert slopes["first.p"] == pytest.approx(-0.5, rel=1e-12)
    assert slopes["last.p"] == pytest.approx(0.5, rel=1e-12)
