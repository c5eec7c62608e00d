"""What holds for every sample, with interfaces, mixing conductances and exchange lengths.

Integrals are taken here, from the fields that a solution gives away and the numbers of the stack.
"""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from strategies import contact_amplification, samples

import spinfem as sf
from spinfem.fem.mesh import layer_nodes
from spinfem.solvers.meshed import elements_for

Y, W = np.polynomial.legendre.leggauss(20)
many = settings(max_examples=100)

# --- numbers of a piece, from its description ---------------------------------------------------


def has_m(piece):
    return getattr(piece, "m", None) is not None


def is_strong(piece):
    return has_m(piece) and piece.material.is_strong


def is_weak(piece):
    return has_m(piece) and not piece.material.is_strong


def p_m(piece):
    return piece.material.p * piece.m if has_m(piece) else np.zeros(3)


def inverse_square(length):
    return 0.0 if length is None else float(length) ** -2.0


def taken_rate(metal):
    """What a magnetization takes up across m, over D_tot/2: i stands for m x."""
    return inverse_square(metal.lambda_phi) - 1j * inverse_square(metal.lambda_J)


def decay_rate(metal):
    """1/l_perp of mu_s across m, complex."""
    return np.sqrt(2 * metal.relaxation / metal.total_conductivity + taken_rate(metal))


def along(v, m):
    return (v @ m)[..., None] * m


def turned(factor, m, v):
    """A complex factor applied to what is across m: i is m x."""
    across = v - along(v, m)
    return factor.real * across + factor.imag * np.cross(m, across)


def split(tensor_along, tensor_across, piece, v):
    """Apply one number along m and a complex one across it; the first alone where there is none."""
    if not is_weak(piece):
        return tensor_along * v
    return tensor_along * along(v, piece.m) + turned(complex(tensor_across), piece.m, v)


def losses(piece, v):
    """All that mu_s loses per length: kappa, and across m of a weak ferromagnet what m takes."""
    metal = piece.material
    kappa = metal.relaxation
    if not is_weak(piece):
        return kappa * v
    return split(kappa, kappa + metal.total_conductivity / 2 * taken_rate(metal), piece, v)


def slope(piece, j):
    """dmu_s/dx from the spin current, eqs. (2), (3)."""
    metal = piece.material
    return split(2 / metal.D, 2 / metal.total_conductivity, piece, p_m(piece) - j)


def lead_stiffness(lead, v):
    metal = lead.material
    if not is_weak(lead):
        return metal.stiffness * v
    return split(metal.stiffness, metal.total_conductivity / 2 * decay_rate(metal), lead, v)


# --- integrals ----------------------------------------------------------------------------------


def gauss(layer):
    """Positions and weights across a layer, from 0 to 1, for all that decays in it."""
    d, metal = layer.thickness, layer.material
    rates = [1 / metal.l] + ([decay_rate(metal).real] if is_weak(layer) else [])
    nodes = [layer_nodes(np.array([d * q]), int(elements_for(d * q)))[:, 0] for q in rates]
    edges = np.unique(np.concatenate(nodes))
    xi = edges[:-1, None] + np.diff(edges)[:, None] * (Y + 1) / 2
    return xi.ravel(), (np.diff(edges)[:, None] * W / 2).ravel()


def quadrature(solution):
    """(layer, weights dx, mu_s, j_s) of every layer."""
    for i, layer in enumerate(solution.stack.layers):
        xi, weights = gauss(layer)
        mu, j, _ = (a[:, 0] for a in solution.transport.evaluate(i, xi[:, None]))
        yield layer, weights * layer.thickness, mu, j


def contacts(stack):
    """(face, interface, the magnet that gives it an axis or None, on its left) of every face."""
    for i, joint in enumerate(stack.joints):
        a, b = stack.elements[i : i + 2]
        magnet = a if has_m(a) else b if has_m(b) else None
        yield i, joint, magnet, magnet is a


def slab(joint):
    """What an interface with a resistance conducts, and loses at either side, S/m2."""
    thickness = joint.delta or 1e-12  # in units of l
    G = thickness / (2 * joint.resistance)
    return G / np.sinh(thickness), G * np.tanh(thickness / 2) * (joint.delta > 0)


def in_interface(v, magnet, joint):
    """What of mu_s is in an interface: the part along m, but with exchange lengths alone all."""
    lets_all = magnet is None or not (is_strong(magnet) or joint.mixing is not None)
    return v if lets_all else along(v, magnet.m)


def ends(stack):
    """(lead, face, sign of the current out of the stack) of the ends that are leads."""
    found = ((stack.left, 0, -1.0), (stack.right, -1, 1.0))
    return [(end, face, sign) for end, face, sign in found if isinstance(end, sf.Lead)]


def end_face(solution, lead, face):
    """mu_s in the lead, where it meets the stack."""
    f = solution.interfaces[face]
    return f.spin_potential_left if face == 0 else f.spin_potential_right


def scales(s):
    """The largest mu_s, and the largest of j_s, p and gamma, for j0 = 1."""
    sides = ("left", "right")
    mu = [getattr(f, f"spin_potential_{side}") for f in s.interfaces for side in sides]
    j = [getattr(f, f"spin_current_{side}") for f in s.interfaces for side in sides]
    driven = [np.abs(p_m(e)).max() for e in s.stack.elements]
    driven += [abs(joint.gamma) for joint in s.stack.joints if joint]
    return np.abs(mu).max() or 1.0, max(np.abs(j).max(), *driven) or 1.0


NAMES = (
    "spin_potential_left",
    "spin_potential_right",
    "spin_current_left",
    "spin_current_right",
    "absorbed",
)


def everything(s):
    """Vectors of all faces, and what every magnet takes up, shape (n, 3) each."""
    found = {name: np.array([getattr(f, name) for f in s.interfaces]) for name in NAMES}
    names = [e.name for e in s.stack.elements if has_m(e)]
    torques = [s.absorbed_spin_current(name) for name in names]
    found["torques"] = np.array(torques).reshape(-1, 3)
    return found


def assert_same(a, b, mu=1.0, current=1.0, dr=1.0, torque=None, turn=None, mirrored=False):
    """What b has is what a has, multiplied and turned.

    Two solutions of equally ill-conditioned problems: 1e-9 of the largest value; what is taken up
    in a contact of two strong ferromagnets has its 1/sin besides.
    """
    turn = np.eye(3) if turn is None else turn
    potential, flow = scales(a)
    amplified = flow * contact_amplification(a.stack)
    factors = {
        "spin_potential_left": (mu, potential),
        "spin_potential_right": (mu, potential),
        "spin_current_left": (current, flow),
        "spin_current_right": (current, flow),
        "absorbed": (current if torque is None else torque, amplified),
        "torques": (current if torque is None else torque, amplified),
    }
    first, second = everything(a), everything(b)
    for name, (factor, scale) in factors.items():
        expected = first[name] @ turn.T * factor
        if mirrored:
            swap = {"left": "right", "right": "left"}
            head, _, tail = name.rpartition("_")
            other = first[f"{head}_{swap[tail]}" if tail in swap else name]
            expected = (other * factor)[::-1]
        tolerance = 1e-9 * abs(factor) * scale
        np.testing.assert_allclose(second[name], expected, rtol=0, atol=tolerance, err_msg=name)
    floor = 1e-12 * abs(dr) * potential
    assert b.spin_resistance == pytest.approx(dr * a.spin_resistance, rel=1e-9, abs=floor)


def rebuilt(stack, change):
    """The stack with every piece but reservoirs and blocking ends passed through a function."""
    without = sf.Reservoir | sf.SpinBlocking
    named = iter(stack.layers)
    pieces = [next(named) if isinstance(e, sf.Layer) else e for e in stack.pieces]
    return sf.Stack([e if isinstance(e, without) else change(e) for e in pieces])


def turn_all(stack, matrix, conjugate=False):
    def change(piece):
        if isinstance(piece, sf.Interface):
            if not conjugate or piece.mixing is None:
                return piece
            return dataclasses.replace(piece, mixing=np.conj(piece.mixing))
        return dataclasses.replace(piece, m=piece.m @ matrix.T) if has_m(piece) else piece

    return rebuilt(stack, change)


def without_precession(stack):
    """lambda_J becomes a dephasing length where there is no other, and goes otherwise."""

    def change(piece):
        if isinstance(piece, sf.Interface) or not is_weak(piece):
            return piece
        metal = piece.material
        length = metal.lambda_J if metal.lambda_phi is None else metal.lambda_phi
        return dataclasses.replace(
            piece, material=dataclasses.replace(metal, lambda_J=None, lambda_phi=length)
        )

    return rebuilt(stack, change)


# --- balances -----------------------------------------------------------------------------------


@many
@given(samples())
def test_angular_momentum(stack):
    """What comes in from far left less what goes out far right is what all torques take up.

    And what relaxation loses: kappa times the integral of mu_s, over layers and leads.
    """
    s = sf.solve(stack)
    torques = [s.absorbed_spin_current(e.name) for e in stack.elements if has_m(e)]
    taken = np.sum(torques, axis=0) if torques else np.zeros(3)
    lost = np.zeros(3)
    for layer, dx, mu, _ in quadrature(s):
        lost += layer.material.relaxation * (dx @ mu)
    for lead, face, _ in ends(stack):
        mu, metal = end_face(s, lead, face), lead.material
        depth = 1 / decay_rate(metal) if is_weak(lead) else metal.l
        lost += metal.relaxation * split(metal.l, depth, lead, mu)
    for i, joint, magnet, _ in contacts(stack):
        if joint is not None and joint.delta:
            f = s.interfaces[i]
            both = f.spin_potential_left + f.spin_potential_right
            lost += slab(joint)[1] * in_interface(both, magnet, joint)
    far = []
    for end, face, side in ((stack.left, 0, "left"), (stack.right, -1, "right")):
        at_face = getattr(s.interfaces[face], f"spin_current_{side}")
        far.append(p_m(end) if isinstance(end, sf.Lead) else at_face)
        if isinstance(end, sf.SpinBlocking):
            assert (at_face == 0).all()
    _, current = scales(s)
    # two shares of a contact add up: the 1/sin of each cancels up to roundings of its size
    tolerance = 1e-9 * current + 1e-14 * current * contact_amplification(stack)
    np.testing.assert_allclose(taken + lost, far[0] - far[1], rtol=0, atol=tolerance)


@dataclasses.dataclass
class Frozen:
    """mu_s as a function of xi, which may be put into the forms of another stack; for j0 = 1."""

    layers: list  # (weights of xi, mu_s, its slope by xi) of every layer
    left: np.ndarray  # (n + 1, 3) on the left and the right of every face
    right: np.ndarray

    @classmethod
    def of(cls, s, sign=1.0):
        layers = []
        for layer, dx, mu, j in quadrature(s):
            d = layer.thickness
            layers.append((dx / d, sign * mu, sign * slope(layer, j) * d))
        sides = [
            sign * np.array([getattr(f, f"spin_potential_{side}") for f in s.interfaces])
            for side in ("left", "right")
        ]
        return cls(layers, *sides)

    def in_lead(self, face):
        return (self.left if face == 0 else self.right)[face]


def driving_form(stack, mu):
    """f(mu) of j0 = 1: what p and gamma drive, times what they drive it through."""
    total = 0.0
    for layer, (weights, _, by_xi) in zip(stack.layers, mu.layers):
        total += weights @ (by_xi @ p_m(layer))
    for lead, face, sign in ends(stack):
        total -= sign * p_m(lead) @ mu.in_lead(face)
    for i, joint, magnet, _ in contacts(stack):
        if joint is not None and magnet is not None:
            total += joint.gamma * magnet.m @ (mu.right[i] - mu.left[i])
    return total


def energy_form(stack, mu, nu):
    """a(mu, nu): twice what all but ohmic resistance dissipates, if nu is mu."""
    total = 0.0
    for layer, (weights, u, slope_u), (_, v, slope_v) in zip(stack.layers, mu.layers, nu.layers):
        d, metal = layer.thickness, layer.material
        stress = split(metal.D / 2, metal.total_conductivity / 2, layer, slope_u) / d
        total += weights @ np.sum(stress * slope_v + d * losses(layer, u) * v, axis=1)
    for lead, face, _ in ends(stack):
        total += lead_stiffness(lead, mu.in_lead(face)) @ nu.in_lead(face)
    for i, joint, magnet, on_left in contacts(stack):
        if joint is None:
            continue
        jumps = [in_interface(x.right[i] - x.left[i], magnet, joint) for x in (mu, nu)]
        if joint.mixing is not None:
            outside = [(x.right if on_left else x.left)[i] for x in (mu, nu)]
            taken = turned(complex(joint.mixing), magnet.m, outside[0])
            total += taken @ outside[1]
        if joint.resistance:
            B, S = slab(joint)
            total += B * jumps[0] @ jumps[1]
            for at in ("left", "right"):
                both = (in_interface(getattr(x, at)[i], magnet, joint) for x in (mu, nu))
                total += S * np.dot(*both)
    return total


@many
@given(samples())
def test_energy_is_work_is_twice_the_spin_resistance(stack):
    s = sf.solve(stack)
    potential, _ = scales(s)
    # dr is formed from p mu_s, and below 1e-5 of it has fewer digits
    expected = pytest.approx(2 * s.spin_resistance, rel=1e-8, abs=1e-10 * potential)
    mu = Frozen.of(s)
    assert energy_form(stack, mu, mu) == expected
    assert driving_form(stack, mu) == expected
    assert s.spin_resistance >= -1e-15 * potential


# --- symmetries ---------------------------------------------------------------------------------


@many
@given(samples())
def test_reversing_all_m_with_conjugate_mixing(stack):
    """m and G_i reversed: mu_s, j_s and torques are, and dr is not."""
    stack = without_precession(stack)
    a = sf.solve(stack)
    assert_same(a, sf.solve(turn_all(stack, -np.eye(3), conjugate=True)), mu=-1, current=-1)


def test_reversing_m_alone_is_no_symmetry_of_mu_s():
    """So the test above sees the sign of G_i."""
    stack = fixed("mixing")
    a, b = sf.solve(stack), sf.solve(turn_all(stack, -np.eye(3)))
    mu = [x.interfaces[2].spin_potential_right for x in (a, b)]
    assert np.abs(mu[0] + mu[1]).max() > 1e-3 * np.abs(mu[0]).max()


@many
@given(samples())
def test_reversing_all_m_alone_leaves_the_resistance(stack):
    """Reciprocity: it transposes the operator, and dr = f(mu)/2 is the same either way."""
    a, b = sf.solve(stack), sf.solve(turn_all(stack, -np.eye(3)))
    potential = max(scales(a)[0], scales(b)[0])
    expected = pytest.approx(a.spin_resistance, rel=1e-9, abs=1e-11 * potential)
    assert b.spin_resistance == expected


@many
@given(samples())
def test_rotating_everything_rotates_everything(stack):
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    rotation *= np.linalg.det(rotation)
    # directions read through a matrix are a rounding off, and collinear ones no longer collinear
    # to within 8 eps; 1/sin of those that touch multiplies it
    amplification = contact_amplification(stack)
    assume(amplification < 1e5)
    try:
        b = sf.solve(turn_all(stack, rotation))
    except ValueError as error:
        assume("must be strong and collinear" not in str(error))
        raise
    a = sf.solve(stack)
    assert_same(a, b, turn=rotation)


@many
@given(samples())
def test_mirror(stack):
    """Mirrored with -j0: mu_s(-x), -j_s(-x), the same torques and dr; gamma and m stay."""
    a = sf.solve(stack)
    b = sf.solve(sf.Stack(stack.pieces[::-1]), -1.0)
    assert_same(a, b, current=-1, torque=1, mirrored=True)


@pytest.mark.long
@many
@given(samples())
def test_scaling_conductances(stack):
    """D, 1/AR* and mixing times 7: mu_s/7, the same j_s and torques, dr/7."""

    def change(piece):
        if isinstance(piece, sf.Interface):
            mixing = None if piece.mixing is None else 7 * piece.mixing
            return dataclasses.replace(piece, resistance=piece.resistance / 7, mixing=mixing)
        metal = dataclasses.replace(piece.material, D=7 * piece.material.D)
        return dataclasses.replace(piece, material=metal)

    a = sf.solve(stack)
    b = sf.solve(rebuilt(stack, change))
    assert_same(a, b, mu=1 / 7, dr=1 / 7)
    assert b.resistance == pytest.approx(a.resistance / 7, rel=1e-9)


@many
@given(samples())
def test_scaling_lengths_and_conductivities(stack):
    """All lengths and D times 1e-9: nothing changes but x."""

    def change(piece):
        if isinstance(piece, sf.Interface):
            return piece
        keys = ("D", "l", "lambda_J", "lambda_phi")
        given = {key: getattr(piece.material, key, None) for key in keys}
        scaled = {key: 1e-9 * value for key, value in given.items() if value is not None}
        changes = {"material": dataclasses.replace(piece.material, **scaled)}
        if isinstance(piece, sf.Layer):
            changes["thickness"] = 1e-9 * piece.thickness
        return dataclasses.replace(piece, **changes)

    a = sf.solve(stack)
    b = sf.solve(rebuilt(stack, change))
    assert_same(a, b)
    assert b.resistance == pytest.approx(a.resistance, rel=1e-9)
    np.testing.assert_allclose(b.stack.x, 1e-9 * a.stack.x, rtol=1e-12)


@many
@given(samples())
def test_linear_in_the_current(stack):
    a = sf.solve(stack)
    for b in (sf.solve(stack, -3.5), sf.solve(stack, current_density=3.5)):
        assert_same(a, b, mu=-3.5, current=-3.5)
        assert b.voltage == pytest.approx(-3.5 * a.voltage, rel=1e-12)


@many
@given(samples())
def test_splitting_a_layer_changes_nothing(stack):
    a = sf.solve(stack)
    pieces, faces = [], [0]
    for piece in stack.pieces:
        if not isinstance(piece, sf.Layer):
            pieces.append(piece)
            continue
        pieces += [sf.Layer(piece.material, f * piece.thickness, m=piece.m) for f in (0.3, 0.7)]
        faces.append(faces[-1] + 2)
    b = sf.solve(sf.Stack(pieces))
    potential, flow = scales(a)
    amplified = flow * contact_amplification(stack)
    for name in NAMES:
        scale = potential if "potential" in name else amplified if name == "absorbed" else flow
        found = np.array([getattr(b.interfaces[i], name) for i in faces])
        expected = np.array([getattr(f, name) for f in a.interfaces])
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * scale, err_msg=name)
    # halves of a layer share its torque
    for i, layer in enumerate(a.stack.layers):
        if has_m(layer):
            halves = [b.absorbed_spin_current(b.stack.layers[k].name) for k in (2 * i, 2 * i + 1)]
            whole = a.absorbed_spin_current(layer.name)
            np.testing.assert_allclose(sum(halves), whole, rtol=0, atol=1e-9 * amplified)
    dr = pytest.approx(a.spin_resistance, rel=1e-9, abs=1e-12 * potential)
    assert b.spin_resistance == dr
    assert b.resistance == pytest.approx(a.resistance, rel=1e-9)


# --- the derivative identity --------------------------------------------------------------------

BASE = {"AR": 0.4, "gamma": 0.3, "G_r": 1.7, "G_i": -0.9, "D": 2.0, "p": 0.35, "d": 0.6}
MORE = {"AR2": 0.7, "AR_N": 0.2, "lead": 1.3, "dN": 0.25, "l": 0.8}


def fixed(kind, **change):
    """Three magnetizations that span space; of kind mixing, exchange or both."""
    q = BASE | MORE | change
    N = sf.NormalMetal(D=5.0, l=1.5)
    lengths = {} if kind == "mixing" else {"lambda_J": 0.5, "lambda_phi": 0.9}
    first = sf.Ferromagnet(D=q["D"], l=q["l"], p=q["p"], **lengths)
    # only at a strong ferromagnet is there a mixing conductance
    strong = sf.Ferromagnet(D=1.0, l=1.2, p=0.6)
    other = sf.Ferromagnet(D=3.0, l=0.5, p=-0.4)
    mixing = None if kind == "exchange" else complex(q["G_r"], q["G_i"])
    ends = {"mixing": strong, "exchange": first, "both": first}
    return sf.Stack(
        [
            sf.Lead(sf.NormalMetal(D=q["lead"], l=1.0)),
            first(q["d"], m=sf.direction(10.0), name="a"),
            sf.Interface(q["AR2"], gamma=-q["gamma"]),
            N(q["dN"]),
            sf.Interface(q["AR_N"]),
            N(0.1),
            sf.Interface(q["AR"], gamma=q["gamma"], mixing=mixing),
            strong(0.8, m=sf.direction(70.0, 30.0), name="b"),
            N(0.6),
            other(0.3, m=sf.direction(120.0, 200.0), name="c"),
            N(0.4),
            sf.Lead(ends[kind], m=sf.direction(40.0, 300.0), name="d"),
        ]
    )


KINDS = {"mixing": [*BASE, *MORE], "exchange": [*BASE, *MORE], "both": [*BASE, *MORE]}
ABSENT = {("exchange", "G_r"), ("exchange", "G_i")}


@pytest.mark.parametrize(
    ("kind", "quantity"),
    [(kind, q) for kind, found in KINDS.items() for q in found if (kind, q) not in ABSENT],
)
def test_derivative_of_the_resistance(kind, quantity):
    """2 d(dr)/dq = (df/dq)(mu + mu') - (da/dq)(mu, mu'), with mu' of the transposed problem.

    That is -mu_s of the stack with all m reversed and G_i, lambda_J the same. Fields are frozen;
    f and a are those of the changed stack, by central differences, which for dr are too.
    """
    value = (BASE | MORE)[quantity]
    step = 1e-4 * abs(value)
    base = fixed(kind)
    mu = Frozen.of(sf.solve(base))
    transposed = Frozen.of(sf.solve(turn_all(base, -np.eye(3))), sign=-1.0)
    plus, minus = (fixed(kind, **{quantity: value + way * step}) for way in (1, -1))

    def difference(functional):
        return functional(plus) - functional(minus)

    predicted = difference(
        lambda stack: (
            driving_form(stack, mu)
            + driving_form(stack, transposed)
            - energy_form(stack, mu, transposed)
        )
    )
    true = 2 * difference(lambda stack: sf.solve(stack).spin_resistance)
    # central differences err by (step/q)^2 = 1e-8, times a few; roundings by 1e-14/1e-4
    scale = 2 * sf.solve(base).spin_resistance * step / abs(value)
    assert predicted == pytest.approx(true, rel=1e-6, abs=1e-8 * scale)


def test_one_solution_is_not_enough_without_symmetry():
    """With mu_s for mu', as for symmetric operators, the derivative comes out wrong."""
    base, step = fixed("mixing"), 1e-4
    mu = Frozen.of(sf.solve(base))
    plus, minus = (fixed("mixing", G_i=BASE["G_i"] + way * step) for way in (1, -1))
    wrong = energy_form(minus, mu, mu) - energy_form(plus, mu, mu)
    true = 2 * (sf.solve(plus).spin_resistance - sf.solve(minus).spin_resistance)
    assert abs(wrong - true) > 0.1 * abs(true)
