"""The reference against its own equations, closed forms and limits, to the ends of what is legal.

Nothing here solves with spinfem. The equations of bulk, `Interface` and `Ferromagnet` are put down
once more, for the fields as vectors.
"""

import itertools

import mpmath as mp
import numpy as np
import pytest
from extremes import MODELS, extreme
from hypothesis import given, settings
from reference import solve
from strategies import COLLINEAR, samples

import spinfem as sf

TINY = mp.mpf(10) ** -25


@pytest.fixture(autouse=True)
def many_digits():
    with mp.workdps(150):
        yield


def vec(values):
    return np.array([mp.mpf(float(v)) if not isinstance(v, mp.mpf) else v for v in values])


def unit(m):
    m = vec(m)
    return m / mp.sqrt(m @ m)


def cross(a, b):
    return np.array([a[i - 2] * b[i - 1] - a[i - 1] * b[i - 2] for i in range(3)])


def across(v, m):
    return v - m * (m @ v)


def size(v):
    return max(abs(c) for c in np.atleast_1d(v))


def vectors(face):
    """mu_s and j_s left of a face, then right of it."""
    sides = [(kind, side) for side in ("left", "right") for kind in ("potential", "current")]
    return [vec(getattr(face, f"spin_{kind}_{side}")) for kind, side in sides]


def scales(reference):
    return mp.mpf(reference.potential_scale), mp.mpf(reference.current_scale)


def is_closed(element, joint):
    """Whether nothing across m goes on into an element."""
    return is_strong(element) or (
        getattr(element, "m", None) is not None and joint.mixing is not None
    )


def is_strong(element):
    return getattr(element, "m", None) is not None and element.material.is_strong


def inverse_square(length):
    return 0 if length is None else 1 / mp.mpf(length) ** 2


def numbers(metal):
    """D, p, D_tot, kappa of a metal."""
    D, l, p = mp.mpf(metal.D), mp.mpf(metal.l), mp.mpf(getattr(metal, "p", 0.0))
    return D, p, D / (1 - p**2), D / (2 * l**2)


# --- against the equations --------------------------------------------------------------------


def places(layer):
    """Where fields are looked at: also within their own lengths of a face."""
    lengths = [getattr(layer.material, name, None) for name in ("l", "lambda_J", "lambda_phi")]
    short = [mp.mpf(length) / layer.thickness for length in lengths if length is not None]
    near = [xi for xi in short if xi < 0.5]
    return [mp.mpf("0.2"), mp.mpf("0.9"), *near, *(1 - xi for xi in near)], min([1, *short])


def check_bulk(stack, reference):
    mu_scale, j_scale = scales(reference)
    for i, layer in enumerate(stack.layers):
        D, p, total, kappa = numbers(layer.material)
        d = mp.mpf(layer.thickness)
        positions, shortest = places(layer)
        for xi in positions:
            step = mp.mpf(10) ** -30 * shortest
            with mp.workdps(200):
                ahead, back = reference.at(i, xi + step), reference.at(i, xi - step)
                slopes = [
                    (vec(np.atleast_1d(a)), vec(np.atleast_1d(b))) for a, b in zip(ahead, back)
                ]
                dmu, dj, dmu_0 = ((a - b) / (2 * step * d) for a, b in slopes)
            mu, j, _ = (vec(np.atleast_1d(v)) for v in reference.at(i, xi))
            steep = j_scale + D * size(dmu)
            if layer.m is None:
                assert size(j + D / 2 * dmu) < TINY * steep
                assert size(dj + kappa * mu) < TINY * (kappa * mu_scale + j_scale / d)
                assert abs(dmu_0[0] + 1 / D) < TINY * (1 / D + size(dmu))
                continue
            m = unit(layer.m)
            assert abs(m @ j - p + D / 2 * (m @ dmu)) < TINY * steep
            assert abs(dmu_0[0] + 1 / total + p / 2 * (m @ dmu)) < TINY * (1 / total + size(dmu))
            if layer.material.is_strong:
                assert size(dj + kappa * mu) < TINY * (kappa * mu_scale + j_scale / d)
                assert size(across(mu, m)) < TINY * mu_scale
                assert size(across(j, m)) < TINY * j_scale
                continue
            assert size(across(j + total / 2 * dmu, m)) < TINY * (j_scale + total * size(dmu))
            precession = inverse_square(layer.material.lambda_J)
            dephasing = inverse_square(layer.material.lambda_phi)
            taken = cross(mu, m) * precession + across(mu, m) * dephasing
            rate = kappa + total * (precession + dephasing)
            residual = dj + kappa * mu + total / 2 * taken
            assert size(residual) < TINY * (rate * mu_scale + j_scale / d)


def missed(joint, mu_a, j_a, mu_b, j_b, driven):
    """By what mu_s and j_s - driven on the right of an interface miss what its law makes of them.

    From those on the left, by hyperbolic functions of delta, its thickness in units of l.
    """
    resistance, delta = mp.mpf(joint.resistance), mp.mpf(joint.delta)
    if not delta:
        return mu_b - mu_a + 2 * resistance * (j_a - driven), j_a - j_b
    cosh, tanh = mp.cosh(delta), mp.tanh(delta)
    return (
        mu_b - mu_a / cosh + 2 * resistance * tanh / delta * (j_b - driven),
        j_b - driven - (j_a - driven) / cosh + delta * tanh / (2 * resistance) * mu_b,
    )


def check_faces(stack, reference):
    mu_scale, j_scale = scales(reference)
    pairs = itertools.pairwise(stack.elements)
    for face, joint, (a, b) in zip(reference.faces, stack.joints, pairs):
        mu_a, j_a, mu_b, j_b = vectors(face)
        joint = joint or sf.Interface()
        resistance, gamma = mp.mpf(joint.resistance), mp.mpf(joint.gamma)
        loss = mp.mpf(joint.delta)
        small_mu = TINY * (mu_scale * (1 + loss) + resistance * j_scale)
        small_j = TINY * j_scale + (small_mu / resistance if loss else 0)
        jump, drop = mu_b - mu_a, face.potential_left - face.potential_right
        strong = [e for e in (a, b) if is_strong(e)]
        closed = [e for e in (a, b) if is_closed(e, joint)]
        magnets = strong or [e for e in (a, b) if getattr(e, "m", None) is not None]
        m = unit(magnets[0].m) if magnets else vec([0, 0, 0])
        ohmic = resistance * (1 - gamma**2)
        assert abs(drop - ohmic - gamma / 2 * (m @ jump)) < small_mu
        if sf.SpinBlocking() in (a, b):
            assert size(j_a) < small_j
            assert size(j_b) < small_j
            assert size(jump) < small_mu
            continue
        if sf.Reservoir() in (a, b):
            assert size(mu_a if a == sf.Reservoir() else mu_b) == 0
            outside, inside = (j_a, j_b) if a == sf.Reservoir() else (j_b, j_a)
            passed = (inside - gamma * m) / mp.cosh(loss)
            assert size(outside - gamma * m - passed) < small_j
        for e, mu, j in ((a, mu_a, j_a), (b, mu_b, j_b)):
            if is_strong(e):
                assert size(across(mu, unit(e.m))) < small_mu
                assert size(across(j, unit(e.m))) < small_j
        if len(strong) == 2 and np.linalg.norm(np.cross(a.m, b.m)) > COLLINEAR:
            assert size(mu_a) < small_mu
            assert size(mu_b) < small_mu
            m_a, m_b = unit(a.m), unit(b.m)
            between = j_a - vec(face.absorbed_left)
            sine = size(cross(m_a, m_b))
            assert abs(m_a @ (between - j_a)) < small_j
            assert abs(m_b @ (between - j_b)) < small_j
            assert abs(between @ cross(m_a, m_b)) < small_j * sine
            assert size(between - vec(face.absorbed_right) - j_b) < small_j
            continue
        if len(strong) == 2:  # amplitudes: m of two collinear ones agrees to rounding only
            m_a, m_b = unit(a.m), unit(b.m)
            sign = 1 if m_a @ m_b > 0 else -1
            left, right = (m_a @ mu_a, m_a @ j_a), (sign * (m_b @ mu_b), sign * (m_b @ j_b))
            jump, lost = map(abs, missed(joint, *left, *right, gamma))
        elif not closed:
            jump, lost = map(size, missed(joint, mu_a, j_a, mu_b, j_b, gamma * m))
        else:
            sides = (m @ x for x in (mu_a, j_a, mu_b, j_b))
            jump, lost = map(abs, missed(joint, *sides, gamma))
        assert jump < small_mu
        assert lost < small_j
        if closed and not strong:  # nothing goes on across m
            assert size(across(j_b if closed[0] is b else j_a, m)) < small_j
        if len(closed) == 1 and sf.Reservoir() not in (a, b):
            outer_mu, into = (mu_a, j_a) if closed[0] is b else (mu_b, -j_b)
            perpendicular = across(outer_mu, m)
            absorbed = vec(face.absorbed_right if closed[0] is b else face.absorbed_left)
            assert size(absorbed - across(into, m)) < small_j
            if joint.mixing is None:
                assert size(perpendicular) < small_mu
                assert face.split is None
            else:
                damping = mp.mpf(joint.mixing.real) * perpendicular
                fieldlike = mp.mpf(joint.mixing.imag) * cross(m, perpendicular)
                assert size(across(into, m) - damping - fieldlike) < small_j
                assert size(vec(face.split[0]) - damping) < small_j
                assert size(vec(face.split[1]) - fieldlike) < small_j
        else:
            assert size(vec(face.absorbed)) < small_j
            assert face.split is None


def check_leads_and_absorbed(stack, reference):
    """Currents of leads, and what magnets absorb."""
    mu_scale, j_scale = scales(reference)
    named = set()
    for i, e in enumerate(stack.elements):
        if not isinstance(e, sf.Layer | sf.Lead):
            continue
        D, p, total, kappa = numbers(e.material)
        m = unit(e.m) if e.m is not None else None
        drive = vec([0, 0, 0]) if m is None else p * m
        # far away in a lead mu_s = 0, j_s = p m
        far = (vec([0, 0, 0]), drive)
        left, right = far, far
        if i > 0:
            left = tuple(vectors(reference.faces[i - 1])[2:])
        if i < len(stack.layers) + 1:
            right = tuple(vectors(reference.faces[i])[:2])
        outwards = 1 if i == 0 else -1  # j_s of leads is p m -/+ G mu_s
        mu, j = right if i == 0 else left
        G = mp.sqrt(D * kappa / 2)
        exchange = m is not None and not e.material.is_strong
        rate = inverse_square(e.material.lambda_phi) if exchange else 0
        rate = mp.mpc(rate, -inverse_square(e.material.lambda_J) if exchange else 0)
        if isinstance(e, sf.Lead) and not exchange:
            assert size(j - drive + outwards * G * mu) < TINY * (j_scale + G * mu_scale)
        elif isinstance(e, sf.Lead):
            stiff = total / 2 * mp.sqrt(2 * kappa / total + rate)
            pulled = stiff.real * across(mu, m) + stiff.imag * cross(m, mu)
            assert abs(m @ j - p + outwards * G * (m @ mu)) < TINY * (j_scale + G * mu_scale)
            assert size(across(j, m) + outwards * pulled) < TINY * j_scale
        if m is None or e.name is None:
            continue
        named.add(e.name)
        expected = vec([0, 0, 0])
        if i > 0:
            expected = expected + vec(reference.faces[i - 1].absorbed_right)
        if i < len(stack.layers) + 1:
            expected = expected + vec(reference.faces[i].absorbed_left)
        if exchange:
            # of what comes in across m, relaxation takes kappa/(kappa + D_tot rate/2)
            inflow = across(left[1] - right[1], m)
            share = 1 - kappa / (kappa + total / 2 * rate) if rate else mp.mpc(0)
            inside = share.real * inflow + share.imag * cross(m, inflow)
            assert size(vec(reference.inside[e.name]) - inside) < TINY * j_scale
            expected = expected + inside
        else:
            assert abs(m @ expected) < TINY * j_scale
        assert size(vec(reference.absorbed[e.name]) - expected) < TINY * j_scale
    assert named == set(reference.absorbed)


def check_charge(stack, reference):
    """The formulas of the voltage, once more from the faces; mu_0 falls by the same."""
    dr, ohmic, in_leads = mp.mpf(0), mp.mpf(0), mp.mpf(0)
    faces = [vectors(face) for face in reference.faces]
    for i, e in enumerate(stack.elements):
        if not isinstance(e, sf.Layer | sf.Lead):
            continue
        _, p, total, _ = numbers(e.material)
        part = mp.mpf(0)
        if e.m is not None:
            m = unit(e.m)
            part += p / 2 * (m @ faces[i][0]) if i < len(faces) else 0
            part -= p / 2 * (m @ faces[i - 1][2]) if i > 0 else 0
        dr += part
        if isinstance(e, sf.Layer):
            ohmic += mp.mpf(e.thickness) / total
        else:
            in_leads += part
    for i, joint in enumerate(stack.joints):
        if joint is None:
            continue
        gamma = mp.mpf(joint.gamma)
        ohmic += mp.mpf(joint.resistance) * (1 - gamma**2)
        m = [e.m for e in stack.elements[i : i + 2] if getattr(e, "m", None) is not None]
        dr += gamma / 2 * (unit(m[0]) @ (faces[i][2] - faces[i][0])) if m else 0
    scale = 1 + ohmic + scales(reference)[0]
    assert abs(reference.spin_resistance - dr) < TINY * scale
    assert reference.spin_resistance >= -TINY * scale
    assert abs(reference.resistance - ohmic - dr) < TINY * scale
    fall = reference.faces[0].potential_left - reference.faces[-1].potential_right
    assert abs(fall + in_leads - reference.resistance) < TINY * scale
    assert reference.faces[-1].potential_right == 0
    for i, layer in enumerate(stack.layers):
        for xi, face, side in ((0, i, "right"), (1, i + 1, "left")):
            _, _, mu_0 = reference.at(i, xi)
            assert abs(mu_0 - getattr(reference.faces[face], f"potential_{side}")) < TINY * scale
        assert layer.name


def check_dissipation(stack, reference):
    """Every element takes mu_s.(j_s - p m) and gives off none; dr is half of all, so positive."""
    faces = [vectors(face) for face in reference.faces]
    small = TINY * max(reference.spin_resistance, scales(reference)[0])
    assert reference.spin_resistance >= 0
    for i, e in enumerate(stack.elements):
        if not isinstance(e, sf.Layer | sf.Lead):
            continue
        drive = numbers(e.material)[1] * unit(e.m) if e.m is not None else vec([0, 0, 0])
        taken = faces[i - 1][2] @ (faces[i - 1][3] - drive) if i > 0 else 0
        taken -= faces[i][0] @ (faces[i][1] - drive) if i < len(faces) else 0
        assert taken > -small


def check_mirrored(stack, reference):
    """With the current reversed too, mu_s stays and j_s turns: per unit current the other way."""
    pieces = [stack.left]
    for joint, e in zip(stack.joints, stack.elements[1:]):
        pieces += [e] if joint is None else [joint, e]
    check_same(reference, solve(sf.Stack(pieces[::-1])), mirrored=True)


def check_same(a, b, mirrored=False, turn=None):
    """Whether b is a, turned or seen from behind."""
    turn = np.eye(3, dtype=int) if turn is None else turn
    mu, j = scales(a)
    order = [2, 3, 0, 1] if mirrored else [0, 1, 2, 3]
    signs = [-1, 1, -1, 1] if mirrored else [1, 1, 1, 1]
    for face, other in zip(a.faces, b.faces[::-1] if mirrored else b.faces):
        found = vectors(other)
        for k, (value, sign) in enumerate(zip(vectors(face), signs)):
            assert size(turn @ value - sign * found[order[k]]) < TINY * (j if k % 2 else mu)
    assert a.absorbed.keys() == b.absorbed.keys()
    for name, value in a.absorbed.items():
        value, sign = vec(value), -1 if mirrored else 1
        assert size(turn @ value - sign * vec(b.absorbed[name])) < TINY * max(j, size(value))
    assert abs(a.spin_resistance - b.spin_resistance) <= TINY * a.spin_resistance
    assert abs(a.resistance - b.resistance) <= TINY * a.resistance


CHECKS = (
    check_bulk,
    check_faces,
    check_leads_and_absorbed,
    check_charge,
    check_dissipation,
    check_mirrored,
)


@pytest.mark.long
@settings(max_examples=100)
@given(samples())
def test_equations(stack):
    reference = solve(stack)
    for check in CHECKS:
        check(stack, reference)


@pytest.mark.some(16)
@pytest.mark.long
@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("model", MODELS)
def test_equations_at_the_ends_of_what_is_legal(model, check):
    for i in range(8):
        stack = extreme(np.random.default_rng([3, i]), model)
        check(stack, solve(stack))


@pytest.mark.long
@pytest.mark.parametrize("model", MODELS)
def test_more_digits_change_nothing(model):
    for i in range(8):
        stack = extreme(np.random.default_rng([4, i]), model)
        reference = solve(stack)
        assert reference.agrees(solve(stack, digits=500))


@pytest.mark.long
@pytest.mark.parametrize("model", MODELS)
def test_turned(model):
    """By a permutation, which is exact: normalizing m once more would round it."""
    turn = np.array([[0, 0, 1], [-1, 0, 0], [0, -1, 0]])
    for i in range(8):
        stack, turned = (extreme(np.random.default_rng([5, i]), model) for _ in range(2))
        for e in turned.elements:
            if getattr(e, "m", None) is not None:
                object.__setattr__(e, "m", turn @ e.m)
        check_same(solve(stack), solve(turned), turn=turn)


def test_too_few_digits_are_an_error(monkeypatch):
    monkeypatch.setattr("reference.DIGITS", (5, 10))
    with pytest.raises(ArithmeticError, match="10 digits do not settle"):
        solve(sample())


def test_what_has_no_solution_is_an_error():
    metal = sf.Ferromagnet(D=1.0, l=np.inf, p=0.5)
    stack = sf.SpinBlocking() | metal(1.0, m=(0, 0, 1)) | sf.SpinBlocking()
    with pytest.raises(ArithmeticError, match="do not settle"):
        solve(stack)


# --- closed forms -----------------------------------------------------------------------------


@pytest.mark.parametrize("theta", [1e-9, 0.3, 1.5, 3.1])
@pytest.mark.parametrize("thin", [1e-15, 1.0, 1e8])
@pytest.mark.parametrize("stiff", [1e-12, 1.0, 1e12])
def test_valve(theta, thin, stiff):
    """F1/N/F2 between reservoirs, (A1), (A2)."""
    tilted = (np.sin(theta), 0.0, np.cos(theta))
    first = sf.Ferromagnet(D=2.0 * stiff, l=0.5, p=1 - 1e-12)(0.5, m=(0, 0, 1), name="a")
    middle = sf.NormalMetal(D=3.0, l=2.0)(2.0 * thin)
    second = sf.Ferromagnet(D=0.7, l=1.5, p=0.3)(1e-3, m=tilted, name="b")
    stack = first | middle | second
    found = solve(stack)
    with mp.workdps(150):
        G, z, p = zip(*(closed_form_numbers(layer) for layer in stack.layers))
        end1, spacer, end2 = (g * mp.coth(x) for g, x in zip(G, z))
        B = G[1] / mp.sinh(z[1])
        m1, m2 = (unit(layer.m) for layer in (first, second))
        c = m1 @ m2
        A1, A2 = end1 + spacer, end2 + spacer
        det = A1 * A2 - (B * c) ** 2
        mu1, mu2 = (A2 * p[0] - B * c * p[2]) / det, (B * c * p[0] - A1 * p[2]) / det
        dr = (p[0] * mu1 - p[2] * mu2) / 2
    near = found.faces[1]
    assert abs(m1 @ vec(near.spin_potential_left) - mu1) < TINY * abs(mu1)
    assert abs(m1 @ vec(near.spin_current_left) - p[0] + end1 * mu1) < TINY
    for name, factor, m, q in (("a", B * mu2, m1, m2), ("b", B * mu1, m2, m1)):
        expected = factor * across(q, m)
        assert size(vec(found.absorbed[name]) - expected) <= TINY * max(size(expected), TINY)
    assert abs(found.spin_resistance - dr) < TINY * dr


def closed_form_numbers(layer):
    """G, d/l and p of a layer."""
    D, p, _, _ = numbers(layer.material)
    l = mp.mpf(layer.material.l)
    return D / (2 * l), mp.mpf(layer.thickness) / l, p


# --- limits, and values of other calculations -------------------------------------------------

N = sf.NormalMetal(D=2.0, l=1.5)
F = sf.Ferromagnet(D=0.5, l=0.75, p=0.625)
X = sf.Ferromagnet(D=0.5, l=0.75, p=0.625, lambda_J=0.25, lambda_phi=0.5)
TILTED = [sf.direction(0.0), sf.direction(70.0, 20.0), sf.direction(130.0, 100.0)]


def sample(left=None, middle=None, right=None, metal=F):
    """Three ferromagnets, whose neighbours are crossed, with interfaces at the middle one."""
    first, second, third = TILTED
    chain = [sf.Lead(N), F(0.5, m=first, name="a"), N(0.25), left, metal(0.375, m=second, name="b")]
    chain += [middle, N(0.5), right, sf.Lead(F, m=third, name="c")]
    return sf.Stack([piece for piece in chain if piece is not None])


def difference(a, b):
    """The largest difference of anything at a face, or absorbed, or of a resistance."""
    found = [abs(a.spin_resistance - b.spin_resistance), abs(a.resistance - b.resistance)]
    for face, other in zip(a.faces, b.faces):
        found += [size(u - v) for u, v in zip(vectors(face), vectors(other))]
        found += [
            abs(getattr(face, n) - getattr(other, n)) for n in ("potential_left", "potential_right")
        ]
    return max([*found, *(size(vec(a.absorbed[n]) - vec(b.absorbed[n])) for n in a.absorbed)])


@pytest.mark.parametrize("metal", [F, X])
def test_interfaces_without_resistance_are_transparent(metal):
    transparent = solve(sample(metal=metal))
    none, weak = sf.Interface(0.0, gamma=0.3), sf.Interface(1e-30, gamma=0.3)
    assert difference(solve(sample(none, none, none, metal)), transparent) < TINY
    distance = difference(solve(sample(weak, weak, weak, metal)), transparent)
    assert 1e-32 < distance < 1e-28


@pytest.mark.parametrize("resistance", [0.0, 0.5])
def test_large_mixing_conductances_are_infinite(resistance):
    given = {"resistance": resistance, "gamma": 0.25}
    infinite = sf.Interface(**given)
    large = sf.Interface(**given, mixing=1e30 - 2e30j)
    expected = solve(sample(infinite, infinite, infinite))
    found = solve(sample(large, large, large))
    assert 1e-32 < difference(found, expected) < 1e-28
    assert size(vec(found.faces[2].absorbed)) > 0.01  # what goes in stays the same


@pytest.mark.long
def test_short_exchange_lengths_make_a_strong_ferromagnet():
    strong = solve(sample())
    distances = []
    for power in (-30, -40):
        metal = sf.Ferromagnet(D=0.5, l=0.75, p=0.625, lambda_J=2.0**power, lambda_phi=2.0**power)
        found = solve(sample(metal=metal))
        # at its faces j_s across m is continuous now, and all is taken up within the length
        for face, other, outer in ((found.faces[i], strong.faces[i], 2 * i - 3) for i in (2, 3)):
            values, expected = vectors(face), vectors(other)
            distances += [size(values[k] - expected[k]) for k in (0, 2, outer)]
        distances += [size(vec(found.inside["b"]) - vec(strong.absorbed["b"]))]
        distances += [abs(found.resistance - strong.resistance)]
    assert max(distances) < 2.0**-24
    np.testing.assert_allclose(
        np.array(distances[:8], dtype=float) / np.array(distances[8:], dtype=float), 1024, rtol=1e-3
    )


def test_infinite_exchange_lengths_and_no_polarization_make_a_normal_metal():
    metal = sf.Ferromagnet(D=2.0, l=1.5, p=0.0, lambda_J=np.inf)
    found, expected = (
        [vectors(f) for f in solve(sample(metal=e)).faces] for e in (metal, N_as_magnet(metal))
    )
    for u, v in zip(itertools.chain(*found), itertools.chain(*expected)):
        assert size(u - v) < TINY


def N_as_magnet(metal):
    """A normal metal that takes an m, as `sample` wants it."""
    return lambda thickness, m, name: sf.NormalMetal(D=metal.D, l=metal.l)(thickness, name=name)


@pytest.mark.parametrize("lengths", [{"lambda_J": 0.25}, {"lambda_phi": 0.5}, {}])
@pytest.mark.parametrize("side", ["left", "right"])
def test_half_infinite_exchange_is_a_mixing_conductance(side, lengths):
    """G_r + i G_i = D_tot/(2 l_perp), on either side; both in doubles."""
    lengths = lengths or {"lambda_J": 0.25, "lambda_phi": 0.5}
    total, kappa = 0.5 / (1 - 0.625**2), 0.5 / (2 * 0.75**2)
    rate = lengths.get("lambda_phi", np.inf) ** -2 - 1j * lengths.get("lambda_J", np.inf) ** -2
    mixing = total / 2 * np.sqrt(2 * kappa / total + rate)
    m = TILTED[1]
    chain = [N(0.25), sf.Lead(sf.Ferromagnet(D=0.5, l=0.75, p=0.625, **lengths), m=m, name="x")]
    other = [N(0.25), sf.Interface(mixing=mixing), sf.Lead(F, m=m, name="x")]
    driver = [sf.Reservoir(), F(0.5, m=TILTED[0])]
    turn = 1 if side == "right" else -1
    a = solve(sf.Stack([*driver, *chain][::turn]))
    b = solve(sf.Stack([*driver, *other][::turn]))
    for face, twin in zip(a.faces[::turn][:2], b.faces[::turn][:2]):
        for u, v in zip(vectors(face), vectors(twin)):
            assert size(u - v) < 1e-15
    outer = 1 if side == "right" else 3  # the current on the normal side
    u, v = vectors(a.faces[::turn][2])[outer], vectors(b.faces[::turn][2])[outer]
    assert size(u - v) < 1e-15
    assert size(across(v, unit(m))) > 0.01


@pytest.mark.parametrize("place", ["N|F", "F|N", "F|F", "F|X", "X|N", "lead"])
def test_resistive_interfaces_are_thin_layers(place):
    """D = d/AR*, p = gamma, in doubles that are exact; all m along z."""
    d, resistance, gamma = 2.0**-60, 0.5, -0.375
    interface = sf.Interface(resistance, gamma=gamma)
    thin = sf.Ferromagnet(D=d / resistance, l=1.0, p=gamma)(d, m=TILTED[0])
    f, x = F(0.375, m=TILTED[0], name="f"), X(0.5, m=TILTED[0], name="x")
    chain = {
        "N|F": [sf.Lead(N), N(0.25), None, f, sf.SpinBlocking()],
        "F|N": [sf.Lead(N), f, None, N(0.25), sf.Reservoir()],
        "F|F": [sf.Lead(N), f, None, F(0.5, m=TILTED[0]), sf.Reservoir()],
        "F|X": [sf.Lead(N), f, N(0.25), None, x, N(0.25)],
        "X|N": [sf.Reservoir(), x, None, N(0.25), sf.Lead(N)],
        "lead": [sf.Reservoir(), N(0.25), None, sf.Lead(F, m=TILTED[0])],
    }[place]
    a = solve(sf.Stack([interface if e is None else e for e in chain]))
    b = solve(sf.Stack([thin if e is None else e for e in chain]), digits=80)
    at = chain[1:].index(None)  # the layers before it; a chain without an end is none here
    assert abs(a.spin_resistance - b.spin_resistance) < 2.0**-55
    assert abs(a.resistance - b.resistance) < 2.0**-55
    for i, face in enumerate(a.faces):
        start, stop = (b.faces[i + (i > at)], b.faces[i + (i >= at)])
        assert size(vectors(face)[0] - vectors(start)[0]) < 2.0**-55
        assert size(vectors(face)[2] - vectors(stop)[2]) < 2.0**-55
        assert size(vectors(face)[1] - vectors(start)[1]) < 2.0**-55
        assert size(vectors(face)[3] - vectors(stop)[3]) < 2.0**-55
        assert abs(face.potential_left - start.potential_left) < 2.0**-55
        assert abs(face.potential_right - stop.potential_right) < 2.0**-55
    jump = size(vectors(a.faces[at])[2] - vectors(a.faces[at])[0])
    assert jump > 0.01


def test_resistance_between_normal_metals_is_a_thin_layer():
    d, resistance = 2.0**-60, 0.5
    thin = sf.NormalMetal(D=d / resistance, l=1.0)(d)
    first, _, third = TILTED
    chain = [F(0.5, m=first, name="a"), N(0.25), None, N(0.5), F(0.375, m=third, name="b")]
    a = solve(sf.Stack([sf.Interface(resistance) if e is None else e for e in chain]))
    b = solve(sf.Stack([thin if e is None else e for e in chain]), digits=80)
    for name in "ab":
        assert size(vec(a.absorbed[name]) - vec(b.absorbed[name])) < 2.0**-55
    assert abs(a.spin_resistance - b.spin_resistance) < 2.0**-55
    assert abs(a.resistance - b.resistance) < 2.0**-55


def test_precession_turns_electrons_the_right_way():
    """mu_s x m/lambda_J^2: against the sense of m for lambda_J alone, in a thick layer."""
    metal = sf.Ferromagnet(D=1.0, l=np.inf, p=0.0, lambda_J=1.0)
    driver = sf.Ferromagnet(D=1.0, l=1.0, p=0.5)(1.0, m=(1, 0, 0))
    found = solve(driver | sf.NormalMetal(D=1.0, l=1.0)(0.1) | metal(30.0, m=(0, 0, 1)))
    mu = vec(found.faces[2].spin_potential_left)
    j = vec(found.faces[2].spin_current_left)
    q = mp.sqrt(mp.mpc(0, -1)) / 2
    assert abs(j[0] - (q.real * mu[0] - q.imag * mu[1])) < 1e-15
    assert abs(j[1] - (q.real * mu[1] + q.imag * mu[0])) < 1e-15
    assert q.imag < 0
    assert size(mu) > 0.1


def integrals(reference, i):
    """Of a layer: what relaxation takes, twice the part of dr in its bulk, what it dissipates."""
    layer = reference.stack.layers[i]
    D, p, total, kappa = numbers(layer.material)
    dephasing = inverse_square(getattr(layer.material, "lambda_phi", None))
    m = vec([0, 0, 0]) if layer.m is None else unit(layer.m)

    def at(xi):
        mu, j, _ = (vec(np.atleast_1d(v)) for v in reference.at(i, xi))
        return mu, j, 2 / D * (p - m @ j)  # and m.mu_s'

    def dissipated(xi):
        mu, j, slope = at(xi)
        found = kappa * (mu @ mu)
        if layer.m is None:
            return found + 2 / D * (j @ j)
        mu, j = across(mu, m), across(j, m)
        return found + D / 2 * slope**2 + 2 / total * (j @ j) + total / 2 * dephasing * (mu @ mu)

    def integral(f):
        return mp.mpf(layer.thickness) * mp.quad(f, [0, 1])

    lost = vec([kappa * integral(lambda xi, k=k: at(xi)[0][k]) for k in range(3)])
    return lost, p * integral(lambda xi: at(xi)[2]), integral(dissipated)


@pytest.mark.long
def test_integrals():
    """Balance, energy and the voltage by quadrature, for one stack with everything in it."""
    stack = (
        sf.Reservoir()
        | sf.Interface(0.25, gamma=0.5, mixing=1.0)
        | F(0.5, m=TILTED[2], name="a")
        | sf.Interface(0.5, gamma=-0.25, mixing=2.0 - 1.0j)
        | N(0.25)
        | sf.Interface(0.75)
        | N(0.5)
        | sf.Interface(1.0, gamma=0.75)
        | X(0.375, m=TILTED[1], name="x")
        | F(0.25, m=TILTED[0], name="b")
        | sf.Interface(0.5, gamma=0.5)
        | F(0.5, m=TILTED[0], name="c")
        | sf.Interface(0.0, mixing=1.0 + 0.5j)
        | N(0.5)
        | sf.SpinBlocking()
    )
    reference = solve(stack)
    mp.mp.dps = 30
    energy, twice_dr = mp.mpf(0), mp.mpf(0)
    for i, layer in enumerate(stack.layers):
        lost, driven, dissipated = integrals(reference, i)
        twice_dr += driven
        energy += dissipated
        taken = vectors(reference.faces[i])[3] - vectors(reference.faces[i + 1])[1] - lost
        if layer.name == "x":
            assert size(taken - vec(reference.inside["x"])) < TINY
            assert size(taken) > 0.001
        else:
            assert size(taken) < TINY
    for face, joint, pair in zip(reference.faces, stack.joints, itertools.pairwise(stack.elements)):
        if joint is None:
            continue
        mu_a, _, mu_b, _ = vectors(face)
        strong = [e for e in pair if is_strong(e)]
        magnets = strong or [e for e in pair if getattr(e, "m", None) is not None]
        jump = mu_b - mu_a
        if magnets:
            m = unit(magnets[0].m)
            twice_dr += mp.mpf(joint.gamma) * (m @ jump)
            jump = jump if not strong else m * (m @ jump)
        if joint.resistance:
            energy += (jump @ jump) / (2 * mp.mpf(joint.resistance))
        if face.split is not None:
            outer = across(mu_a if is_strong(pair[1]) else mu_b, m)
            energy += mp.mpf(joint.mixing.real) * (outer @ outer)
    assert abs(2 * reference.spin_resistance - twice_dr) < TINY
    assert abs(energy - twice_dr) < TINY
