"""An independent reference for every uniform stack: exponentials matched at the faces.

In every layer and lead, along each direction that lives there, mu_s'' = q^2 mu_s: along m of a
ferromagnet and in a normal metal q = 1/l; across m with finite exchange lengths, for the complex
amplitude c of mu_s = Re(c) e1 + Im(c) e2 with e1 x e2 = m, q^2 = 2 kappa/D_tot + 1/lambda_phi^2 -
i/lambda_J^2. The amplitudes of exp(-q x) and exp(-q (d - x)) are the unknowns, the conditions at
the faces the equations, and Gaussian elimination in many digits solves them. In layers that are
thin, where the two are nearly the same function, cosh and sinh about the middle take their place.
How many digits are enough is found by taking twice as many until nothing changes any more. It
shares nothing with spinfem but the description of the stack. Everything is for j0 = 1 unless
another current is given; what is given at the ends drives the stack besides.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import mpmath as mp
import numpy as np

import spinfem as sf

COLLINEAR = 8 * 2.0**-52
DIGITS = (60, 120, 240, 480, 960)
AGREEMENT = 1e-25  # of two solutions in different digits, relative to each result itself
NOTHING = 1e-30  # but not to less than that of the largest of its kind in the stack
ONE = math.inf  # expressions are {column: factor}; the constant stands in this one, the last


@dataclass
class Face:
    """Both sides of a face; vectors are lists of three numbers."""

    spin_potential_left: list
    spin_potential_right: list
    spin_current_left: list
    spin_current_right: list
    absorbed_left: list  # by the magnet on the left of the face, at the face
    absorbed_right: list
    split: tuple | None = None  # (G_r mu_s, G_i m x mu_s) across m, with a mixing conductance
    potential_left: mp.mpf | None = None  # mu_0; 0 behind the last face
    potential_right: mp.mpf | None = None

    @property
    def absorbed(self):
        return _sum((1, self.absorbed_left), (1, self.absorbed_right))


@dataclass
class Reference:
    """What was found, as mpmath numbers.

    `inside` holds what every ferromagnet with a name that has finite exchange lengths absorbs
    inside; `absorbed` adds to it what is absorbed at faces, for all with a name.
    """

    stack: sf.Stack
    digits: int
    j0: mp.mpf
    faces: list[Face]
    absorbed: dict = field(default_factory=dict)
    inside: dict = field(default_factory=dict)
    spin_resistance: mp.mpf | int = 0
    resistance: mp.mpf | int = 0
    _layers: list = field(default_factory=list)
    _solution: dict = field(default_factory=dict)
    _known: dict = field(default_factory=dict)

    @property
    def harmonic(self):
        return any(e is not None and e.harmonic for e in self._layers)

    def at(self, layer, xi):
        """mu_s, j_s and mu_0 inside layer number i, at xi from 0 to 1."""
        key = layer, xi, mp.mp.prec  # every solver is compared at the same places
        if key not in self._known:
            self._known[key] = self._at(layer, xi)
        return self._known[key]

    def _at(self, layer, xi):
        with mp.workdps(max(self.digits, mp.mp.dps)):
            e, xi = self._layers[layer], mp.mpf(xi)
            mu, j = (e.vector(kind, xi * e.thickness, self._solution) for kind in ("mu", "j"))
            mu_0 = self.faces[layer + 1].potential_left
            mu_0 += self.j0 * (1 - xi) * e.thickness / e.total
            if e.magnetic:
                end = self.faces[layer + 1].spin_potential_left
                mu_0 += e.beta_D / 2 * _dot(e.frame[0], _sum((1, end), (-1, mu)))
            return mu, j, mu_0

    def agrees(self, other):
        """Whether all results are those of another solution, relative to themselves."""
        largest = max(map(abs, self._potentials()))
        if not self.j0:  # mu_0 may be nothing
            largest = max(largest, self.potential_scale)
        whole = abs(self.resistance) if self.j0 else largest
        return (
            _same(self._spin_potentials(), other._spin_potentials(), largest)
            and _same(self._currents(), other._currents(), self.current_scale)
            and _same(self._potentials(), other._potentials(), largest)
            and _same([self.spin_resistance], [other.spin_resistance], whole)
            and _same([self.resistance], [other.resistance], 0 if self.j0 else largest)
        )

    def _at_faces(self, *kinds):
        names = [f"{kind}_{side}" for kind in kinds for side in ("left", "right")]
        return [getattr(face, name) for face in self.faces for name in names]

    def _spin_potentials(self):
        return self._at_faces("spin_potential")

    def _currents(self):
        split = [part for face in self.faces for part in face.split or ()]
        taken = [*self.inside.values(), *self.absorbed.values()]
        return [*self._at_faces("spin_current", "absorbed"), *taken, *split]

    def _potentials(self):
        return self._at_faces("potential")

    def array(self, name):
        """One quantity of all faces as floats, shape (n + 1, 3), or (n + 1,) of mu_0."""
        values = [getattr(face, name) for face in self.faces]
        return np.array(values, dtype=complex if self.harmonic else float)

    @property
    def potential_scale(self):
        """The largest |mu_s| at a face, what errors of mu_s are relative to; 1 if it is 0."""
        sides = [self.array(f"spin_potential_{side}") for side in ("left", "right")]
        return float(np.abs(sides).max()) or 1.0

    @property
    def current_scale(self):
        """The largest of |j_s| at a face, |p| and |gamma|, for errors of currents; 1 if it is 0."""
        sides = [self.array(f"spin_current_{side}") for side in ("left", "right")]
        materials = [getattr(e, "material", None) for e in self.stack.elements]
        driven = [abs(getattr(material, "p", 0.0)) for material in materials]
        driven += [abs(joint.gamma) for joint in self.stack.joints if joint]
        return float(max(np.abs(sides).max(), *driven)) or 1.0


# --- vectors and expressions ------------------------------------------------------------------


def _dot(a, b):
    return mp.fsum(x * y for x, y in zip(a, b))


def _cross(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def _sum(*terms):
    """Sum of factor times vector."""
    return [mp.fsum(factor * v[i] for factor, v in terms) for i in range(3)]


def _unit(v):
    length = mp.sqrt(_dot(v, v))
    return [c / length for c in v]


def _across(v, m):
    """The part of v perpendicular to m."""
    return _sum((1, v), (-_dot(v, m), m))


def _frame(m):
    """Right-handed axes m, e1, e2."""
    m = _unit([mp.mpf(c) for c in m])
    axis = min(range(3), key=lambda i: abs(m[i]))
    e1 = _unit(_cross(m, [mp.mpf(i == axis) for i in range(3)]))
    return [m, e1, _cross(m, e1)]


def _crossing(a, b):
    cross = _cross(a.frame[0], b.frame[0])
    return mp.sqrt(_dot(cross, cross)) > COLLINEAR


def _sign(a, b):
    return 1 if _dot(a.frame[0], b.frame[0]) > 0 else -1


def _same(found, expected, scale):
    """Whether vectors or numbers agree, each relative to itself or to `NOTHING` of the scale."""
    for a, b in zip(found, expected):
        a, b = (v if isinstance(v, list) else [v] for v in (a, b))
        allowed = AGREEMENT * max(*map(abs, a), NOTHING * scale)
        if any(abs(x - y) > allowed for x, y in zip(a, b)):
            return False
    return True


def _combine(*terms):
    """Sum of factor times expression."""
    total = {}
    for factor, expression in terms:
        if factor:
            for column, value in expression.items():
                total[column] = total.get(column, 0) + factor * value
    return total


def _value(expression, solution):
    return mp.fsum(weight * solution[column] for column, weight in expression.items())


# --- layers and leads -------------------------------------------------------------------------


class Mode:
    """Functions of one kind in an element: f'' = q^2 f, with the current -half f'."""

    def __init__(self, half, q, thickness, place):
        self.half, self.q, self.thickness, self.place = half, q, thickness, place
        self.size = 2 if place == "layer" else 1
        self.thin = place == "layer" and abs(q) * thickness < 1
        self.middle = 1 / mp.cosh(q * thickness / 2) if self.thin else None
        self._known = {}

    def functions(self, x):
        """(f, f') of every function; x = 0 is the left face of a layer, the only one of a lead."""
        key = x, mp.mp.prec  # mu_s and j_s along every axis ask for the same
        if key not in self._known:
            self._known[key] = self._functions(x)
        return self._known[key]

    def _functions(self, x):
        q, d = self.q, self.thickness
        if self.thin:
            return self._about_the_middle(x - d / 2)
        if self.place == "left":
            rising = mp.exp(q * x)
            return [(rising, q * rising)]
        falling = mp.exp(-q * x)
        if self.place == "right":
            return [(falling, -q * falling)]
        rising = mp.exp(-q * (d - x))
        return [(falling, -q * falling), (rising, q * rising)]

    def _about_the_middle(self, x):
        """cosh(q x) and sinh(q x)/q, over cosh(q d/2)."""
        q, scale = self.q, self.middle
        if q == 0:
            return [(mp.mpf(1), mp.mpf(0)), (x, mp.mpf(1))]
        even, odd = scale * mp.cosh(q * x), scale * mp.sinh(q * x)
        return [(even, q * odd), (odd / q, even)]

    def weights(self, kind, x):
        """Factors of the unknowns in mu_s, or in j_s."""
        return [f if kind == "mu" else -self.half * slope for f, slope in self.functions(x)]

    def integrals(self):
        """Integral of every function over the whole element."""
        q, d = self.q, self.thickness
        if self.place != "layer":
            return [1 / q]
        if self.thin:
            return [d if q == 0 else 2 * mp.tanh(q * d / 2) / q, mp.mpf(0)]
        return [-mp.expm1(-q * d) / q] * 2


class Element:
    """A layer or a lead. Its unknowns are numbered from `first`."""

    def __init__(self, piece, place, first, j0, omega=None):
        metal = piece.material
        self.j0, self.harmonic = j0, omega is not None
        self.place, self.first, self.magnetic = place, first, piece.m is not None
        self.strong = self.magnetic and metal.is_strong
        self.name = piece.name
        self.thickness = mp.mpf(piece.thickness) if place == "layer" else mp.mpf(0)
        D, l = mp.mpf(metal.D), mp.mpf(metal.l)
        self.p = mp.mpf(metal.p) if self.magnetic else mp.mpf(0)
        # a gradient of mu_s drives beta_D of the electric current, by which mu_0 falls
        given = getattr(metal, "beta_D", None)
        self.beta_D = self.p if given is None else mp.mpf(given)
        self.total = D / (1 - self.p * self.beta_D)
        retarded = mp.mpc(1, omega * mp.mpf(metal.tau)) if self.harmonic else mp.mpf(1)
        l = l / mp.sqrt(retarded)  # rho dmu_s/dt beside kappa mu_s, rho = kappa tau
        self.kappa = D / (2 * l**2)
        units = [[mp.mpf(i == k) for i in range(3)] for k in range(3)]
        self.frame = _frame(piece.m) if self.magnetic else units
        along = Mode(D / 2, 1 / l, self.thickness, place)
        if not self.magnetic:
            modes = [along] * 3
        elif self.strong:
            modes = [along]
        else:
            inverse = [
                0 if length is None else 1 / mp.mpf(length) ** 2
                for length in (metal.lambda_phi, metal.lambda_J)
            ]
            # times c, per length; and times its conjugate, at a frequency an amplitude by itself
            self.torques = [
                self.total / 2 * mp.mpc(inverse[0], -sign * inverse[1]) for sign in (1, -1)
            ]
            modes = [along]
            for torque in self.torques if self.harmonic else self.torques[:1]:
                q = mp.sqrt((self.kappa + torque) * 2 / self.total)
                modes.append(Mode(self.total / 2, q, self.thickness, place))
        starts = itertools.accumulate((mode.size for mode in modes), initial=first)
        self.modes = list(zip(modes, starts))
        complex_ones = not (self.strong or self.harmonic) and self.magnetic
        across = modes[1].size if complex_ones else 0
        self.unknowns = sum(mode.size for mode in modes) + across  # complex ones count twice
        self.faces = {
            (kind, side): self.components(kind, x)
            for kind in ("mu", "j")
            for side, x in (("left", mp.mpf(0)), ("right", self.thickness))
        }

    @property
    def exchange(self):
        return self.magnetic and not self.strong

    def components(self, kind, x):
        """mu_s or j_s along every axis of the frame that it lives on, as expressions."""
        rows = []
        for mode, start in self.modes:
            weights = mode.weights(kind, x)
            if self.exchange and self.harmonic:
                rows.append(dict(zip(itertools.count(start), weights)))
            elif self.exchange and rows:  # c = sum of w (a + i b)
                real, imaginary = {}, {}
                for column, w in zip(itertools.count(start, 2), weights):
                    real |= {column: w.real, column + 1: -w.imag}
                    imaginary |= {column: w.imag, column + 1: w.real}
                rows += [real, imaginary]
            else:
                rows.append(dict(zip(itertools.count(start), weights)))
        if self.exchange and self.harmonic:  # v1 + i v2 and v1 - i v2
            half = mp.mpf(1) / 2
            rows[1:] = [
                _combine((half, rows[1]), (half, rows[2])),
                _combine((-half * 1j, rows[1]), (half * 1j, rows[2])),
            ]
        if kind == "j" and self.magnetic:
            rows[0][ONE] = self.j0 * self.p
        return rows

    def project(self, kind, side, direction):
        """mu_s or j_s at a face along any direction, as an expression."""
        rows = self.faces[kind, side]
        if direction in self.frame:
            k = self.frame.index(direction)
            return rows[k] if k < len(rows) else {}
        return _combine(*((_dot(direction, axis), row) for axis, row in zip(self.frame, rows)))

    def vector(self, kind, x, solution):
        rows = self.components(kind, x)
        return _sum(*((_value(row, solution), axis) for axis, row in zip(self.frame, rows)))

    def at_face(self, kind, side, solution):
        return self.vector(kind, mp.mpf(0) if side == "left" else self.thickness, solution)

    def absorbed_inside(self, solution):
        """The part of j_s(left) - j_s(right) across m that the exchange takes, not kappa mu_s."""
        totals = []
        for (mode, start), torque in zip(self.modes[1:], self.torques):
            total = mp.mpc(0)
            for i, integral in enumerate(mode.integrals() if torque else []):
                amplitude = solution[start + i] if self.harmonic else None
                if not self.harmonic:
                    amplitude = mp.mpc(solution[start + 2 * i], solution[start + 2 * i + 1])
                total += torque * integral * amplitude
            totals.append(total)
        if not self.harmonic:
            return _sum((totals[0].real, self.frame[1]), (totals[0].imag, self.frame[2]))
        one, other = totals
        return _sum(((one + other) / 2, self.frame[1]), ((one - other) / 2j, self.frame[2]))


# --- conditions at the faces: expressions that are zero ---------------------------------------


def _numbers(joint):
    """AR*, gamma and the mixing conductance, None if infinite; transparent if there is none."""
    if joint is None:
        return mp.mpf(0), mp.mpf(0), None
    mixing = None if joint.mixing is None else mp.mpc(joint.mixing)
    return mp.mpf(joint.resistance), mp.mpf(joint.gamma), mixing


def _delta(joint):
    return mp.mpf(joint.delta if joint else 0)


def _slab(joint, left, right, driven, sign=1):
    """What connects (mu, j) on the left of an interface with those on its right.

    mu and j - driven of a layer of thickness t in which ``mu' = -2 rho* (j - driven)`` and ``j' =
    -mu/(2 rho* l^2)``, with ``rho* t = AR*`` and ``t/l = delta``: a cord and shunts at its ends.
    Between two strong ferromagnets `sign` is that of their m, which differ by roundings besides.
    """
    (mu_a, j_a), (mu_b, j_b) = left, right
    resistance, delta = _numbers(joint)[0], _delta(joint)
    force = {ONE: driven}
    if not delta:
        drop = _combine((sign, mu_b), (-1, mu_a), (2 * resistance, j_a), (-2 * resistance, force))
        return [drop, _combine((1, j_a), (-sign, j_b))]
    cord, shunt = delta / mp.sinh(delta), delta * mp.tanh(delta / 2)
    pulls = (cord, mu_a), (-sign * cord, mu_b)
    return [
        _combine(*pulls, (shunt, mu_a), (-2 * resistance, j_a), (2 * resistance, force)),
        _combine(
            *pulls, (-sign * shunt, mu_b), (-2 * resistance * sign, j_b), (2 * resistance, force)
        ),
    ]


def _contact(a, b, joint):
    _, gamma, mixing = _numbers(joint)
    gamma *= a.j0
    ends = (a, "right"), (b, "left")
    strong = [e for e in (a, b) if e.strong]
    if len(strong) == 2 and _crossing(a, b):
        return [a.faces["mu", "right"][0], b.faces["mu", "left"][0]]
    magnets = strong or [e for e in (a, b) if e.magnetic]
    frame = magnets[0].frame if magnets else a.frame
    if len(strong) == 2:
        left, right = ([e.faces[kind, side][0] for kind in ("mu", "j")] for e, side in ends)
        return _slab(joint, left, right, gamma, _sign(a, b))
    takes = strong or [e for e in magnets if mixing is not None]
    conditions = []
    for k in range(1 if takes else 3):
        left, right = (
            [e.project(kind, side, frame[k]) for kind in ("mu", "j")] for e, side in ends
        )
        conditions += _slab(joint, left, right, gamma if k == 0 else mp.mpf(0))
    if takes:
        outer, side, into = (a, "right", 1) if b is takes[0] else (b, "left", -1)
        if takes[0].exchange:  # nothing goes on across m
            conditions += takes[0].faces["j", "left" if b is takes[0] else "right"][1:]
        mu = [outer.project("mu", side, axis) for axis in frame]
        if mixing is None:
            return conditions + mu[1:]
        turned = [None, _combine((-1, mu[2])), mu[1]]  # m x mu_s
        for k in (1, 2):
            j = outer.project("j", side, frame[k])
            taken = ((-mixing.real, mu[k]), (-mixing.imag, turned[k]))
            conditions.append(_combine((into, j), *taken))
    return conditions


def _end(element, side, end, joint):
    rows = element.faces["j", side]
    given = [{ONE: _dot(_given(end), axis)} for axis in element.frame]
    if not isinstance(end, sf.Reservoir):
        return [_combine((1, j), (-1, own)) for j, own in zip(rows, given)]
    _, gamma, mixing = _numbers(joint)
    conditions = []
    for k, (mu, j) in enumerate(zip(element.faces["mu", side], rows)):
        driven = element.j0 * gamma if k == 0 else mp.mpf(0)
        inside, outside = (mu, j), (given[k], j)  # of two conditions the one without j outside
        if k and mixing is not None:  # nothing passes across m
            conditions.append(j)
        elif side == "left":
            conditions.append(_slab(joint, outside, inside, driven)[-1 if _delta(joint) else 0])
        else:
            conditions.append(_slab(joint, inside, outside, driven)[0])
    return conditions


def _given(end):
    """mu_s of a reservoir, or the spin current through any other end but a lead."""
    drive = getattr(end, "spin_potential", getattr(end, "spin_current", None))
    return [mp.mpf(0)] * 3 if drive is None else [mp.mpf(float(x)) for x in drive]


def _outside(e, mu, j, end, side, joint):
    """mu_s and j_s behind an end."""
    given = _given(end)
    if not isinstance(end, sf.Reservoir):
        return [mu, given]
    resistance, gamma, mixing = _numbers(joint)
    delta, sign = _delta(joint), 1 if side == "left" else -1
    total = [mp.mpf(0)] * 3
    closed = e.strong or mixing is not None
    for k, axis in enumerate(e.frame):
        passed = _dot(j, axis)
        if k and closed:
            passed = mp.mpf(0)
        elif delta:
            cord, shunt = delta / mp.sinh(delta), delta * mp.tanh(delta / 2)
            lost = cord * (_dot(given, axis) - _dot(mu, axis)) + shunt * _dot(given, axis)
            passed = sign * lost / (2 * resistance)
            passed += e.j0 * gamma if k == 0 else 0
        total = _sum((1, total), (passed, axis))
    if mixing is not None:
        m = e.frame[0]
        perpendicular = _across(given, m)
        total = _sum(
            (1, total),
            (sign * mixing.real, perpendicular),
            (sign * mixing.imag, _cross(m, perpendicular)),
        )
    return [given, total]


def _eliminate(conditions):
    """Gaussian elimination with row pivoting, from left to right; the system is banded."""
    n = len(conditions)
    waiting = {column: [] for column in [*range(n), ONE]}
    for row in conditions:
        waiting[min(row)].append(dict(row))
    pivots = []
    for column in range(n):
        rows = waiting.pop(column)
        pivot = max(rows, key=lambda row: abs(row[column]))
        pivots.append(pivot)
        scale = pivot.pop(column)
        for key in pivot:
            pivot[key] /= -scale
        for row in rows:
            if row is not pivot:
                factor = row.pop(column)
                if factor:
                    for key, value in pivot.items():
                        row[key] = row.get(key, 0) + factor * value
                waiting[min(row)].append(row)
    solution = {ONE: mp.mpf(1)}
    for column in reversed(range(n)):
        solution[column] = _value(pivots[column], solution)
    return solution


# --- the whole stack --------------------------------------------------------------------------


def solve(stack, digits=None, j0=1, frequency=None):
    """Solve a single stack of uniform layers; for amplitudes at a frequency if one is given.

    In twice as many digits again and again until all results agree to `AGREEMENT`; or in as many
    as asked for, once.
    """
    if digits is not None:
        return _solve(stack, digits, j0, frequency)
    last = None
    for digits in DIGITS:
        try:
            found = _solve(stack, digits, j0, frequency)
        except ZeroDivisionError:  # a pivot is lost in so few digits, or there is no solution
            found = None
        if found is not None and last is not None and found.agrees(last):
            return found
        last = found
    raise ArithmeticError(f"{DIGITS[-1]} digits do not settle the solution of {stack!r}")


def _solve(stack, digits, j0, frequency=None):
    with mp.workdps(digits):
        elements, first, j0 = [], 0, mp.mpf(j0)
        omega = None if frequency is None else 2 * mp.pi * mp.mpf(frequency)
        places = ["left", *["layer"] * len(stack.layers), "right"]
        for piece, place in zip(stack.elements, places):
            metal = isinstance(piece, sf.Layer | sf.Lead)
            elements.append(Element(piece, place, first, j0, omega) if metal else None)
            first += elements[-1].unknowns if metal else 0
        pairs = list(zip(elements[:-1], elements[1:], stack.joints))
        conditions = []
        for a, b, joint in pairs:
            if a is None:
                conditions += _end(b, "left", stack.left, joint)
            elif b is None:
                conditions += _end(a, "right", stack.right, joint)
            else:
                conditions += _contact(a, b, joint)
        assert len(conditions) == first
        solution = _eliminate(conditions)

        reference = Reference(stack, digits, j0, [], _layers=elements[1:-1], _solution=solution)
        reference.faces = [_face(stack, *pair, solution) for pair in pairs]
        _collect_absorbed(reference, elements)
        _collect_charge(reference, elements, pairs)
        return reference


def _face(stack, a, b, joint, solution):
    zero = [mp.mpf(0)] * 3
    values = [
        e and [e.at_face(kind, side, solution) for kind in ("mu", "j")]
        for e, side in ((a, "right"), (b, "left"))
    ]
    if a is None or b is None:
        if a is None:
            values[0] = _outside(b, *values[1], stack.left, "left", joint)
        else:
            values[1] = _outside(a, *values[0], stack.right, "right", joint)
    (mu_a, j_a), (mu_b, j_b) = values
    face = Face(mu_a, mu_b, j_a, j_b, zero, zero)
    if a is None or b is None:
        e = a or b
        if e.strong or (e.magnetic and _numbers(joint)[2] is not None):
            taken = _across(_sum((1, j_a), (-1, j_b)), e.frame[0])
            setattr(face, "absorbed_left" if b is None else "absorbed_right", taken)
        return face
    strong = [e for e in (a, b) if e.strong]
    if len(strong) == 2 and _crossing(a, b):
        # the current in a spacer that vanished: in the plane of both m, with j.m of both sides
        m_a, m_b = a.frame[0], b.frame[0]
        c, along_a, along_b = _dot(m_a, m_b), _dot(j_a, m_a), _dot(j_b, m_b)
        weights = (along_a - c * along_b) / (1 - c * c), (along_b - c * along_a) / (1 - c * c)
        between = _sum((weights[0], m_a), (weights[1], m_b))
        face.absorbed_left = _sum((1, j_a), (-1, between))
        face.absorbed_right = _sum((1, between), (-1, j_b))
        return face
    mixing = _numbers(joint)[2]
    takes = strong or [e for e in (a, b) if e.magnetic and mixing is not None]
    if len(takes) == 1:
        m = takes[0].frame[0]
        taken = _across(_sum((1, j_a), (-1, j_b)), m)
        if a is takes[0]:
            face.absorbed_left = taken
        else:
            face.absorbed_right = taken
        if mixing is not None:
            mu = _across(mu_b if a is takes[0] else mu_a, m)
            face.split = _sum((mixing.real, mu)), _sum((mixing.imag, _cross(m, mu)))
    return face


def _collect_absorbed(reference, elements):
    for i, e in enumerate(elements):
        if e is None or not e.magnetic or not e.name:
            continue
        parts = [reference.faces[i - 1].absorbed_right] if i > 0 else []
        parts += [reference.faces[i].absorbed_left] if i < len(reference.faces) else []
        if e.exchange:
            reference.inside[e.name] = e.absorbed_inside(reference._solution)
            parts.append(reference.inside[e.name])
        reference.absorbed[e.name] = _sum(*((1, part) for part in parts))


def _collect_charge(reference, elements, pairs):
    """dr, the whole resistance, times j0 both, and mu_0 from right to left."""
    zero, mu_0, in_leads = [mp.mpf(0)] * 3, mp.mpf(0), mp.mpf(0)
    faces = reference.faces
    before = [zero, *(face.spin_potential_right for face in faces)]  # 0 far away in leads
    after = [*(face.spin_potential_left for face in faces), zero]
    for i in reversed(range(len(elements))):
        e = elements[i]
        if e is not None:
            spin = e.beta_D / 2 * _dot(e.frame[0], _sum((1, after[i]), (-1, before[i])))
            reference.spin_resistance += spin
            mu_0 += e.j0 * e.thickness / e.total
            if e.place == "layer":
                mu_0 += spin
            else:
                in_leads += spin
        if i == 0:
            break
        face, (a, b, joint) = faces[i - 1], pairs[i - 1]
        face.potential_right = mu_0
        resistance, gamma, _ = _numbers(joint)
        magnet = next((e for e in (a, b) if e is not None and e.magnetic), None)
        if magnet is not None and gamma:
            spin = gamma / 2 * _jump(face, a, b, magnet)
            reference.spin_resistance += spin
            mu_0 += spin
        mu_0 += reference.j0 * resistance * (1 - gamma**2)
        face.potential_left = mu_0
    reference.resistance = mu_0 + in_leads


def _jump(face, a, b, magnet):
    """mu_s(x+) - mu_s(x-) along m; the lines of two ferromagnets are the same but for roundings."""
    right, sign = magnet, 1
    if b is not None and b.strong and b is not magnet:
        right, sign = b, _sign(magnet, b)
    mu_left = _dot(face.spin_potential_left, magnet.frame[0])
    return sign * _dot(face.spin_potential_right, right.frame[0]) - mu_left
