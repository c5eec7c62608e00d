"""An independent reference: exponentials matched at the interfaces, in many digits.

mu_s = a exp(-x/l) + b exp(-(d - x)/l) in every layer; continuity, eqs. (5), (6) and mu_s || m
give as many equations as there are unknowns, and Gaussian elimination solves them. It shares
nothing with spinfem but the description of the stack.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import mpmath as mp

import spinfem as sf

COLLINEAR = 8 * 2.0**-52


@dataclass
class Reference:
    """Everything per unit particle current, as mpmath numbers; lists over the n + 1 faces."""

    potential: list
    current_left: list
    current_right: list
    spin_resistance: mp.mpf
    absorbed: dict
    largest_current: mp.mpf


class Element:
    """A layer or a lead: unknown coefficients, and mu_s and j_s at its faces in terms of them."""

    def __init__(self, piece, first, at):
        self.magnetic = piece.m is not None
        self.first = first
        D, l = mp.mpf(piece.material.D), mp.mpf(piece.material.l)
        self.p = mp.mpf(piece.material.p) if self.magnetic else mp.mpf(0)
        if self.magnetic:
            m = [mp.mpf(float(c)) for c in piece.m]
            length = mp.sqrt(sum(c * c for c in m))
            self.axes = [[c / length for c in m]]
        else:
            self.axes = [[mp.mpf(i == k) for i in range(3)] for k in range(3)]
        self.size = len(self.axes)
        half = D / 2
        if at == "layer":
            d = mp.mpf(piece.thickness)
            if mp.isinf(l):
                # a + b x/d
                self.value = {"left": (1, 0), "right": (1, 1)}
                self.flow = {"left": (0, -half / d), "right": (0, -half / d)}
            else:
                decay = mp.exp(-d / l)
                g = half / l
                self.value = {"left": (1, decay), "right": (decay, 1)}
                self.flow = {"left": (g, -g * decay), "right": (g * decay, -g)}
            self.functions = 2
        else:
            g = half / l
            side = "right" if at == "left end" else "left"
            self.value = {side: (1,)}
            self.flow = {side: (-g if at == "left end" else g,)}
            self.functions = 1
        self.unknowns = self.functions * self.size

    def column(self, axis, function):
        return self.first + self.functions * axis + function

    def along(self, kind, side, axis):
        """Row of mu_s or j_s along one of the axes; of j_s without its constant p."""
        weights = (self.value if kind == "mu" else self.flow)[side]
        return {self.column(axis, f): w for f, w in enumerate(weights) if w != 0}

    def vector(self, kind, side, solution):
        total = [mp.mpf(0)] * 3
        for k, axis in enumerate(self.axes):
            amount = sum(w * solution[c] for c, w in self.along(kind, side, k).items())
            if kind == "j":
                amount += self.p
            total = [t + amount * a for t, a in zip(total, axis)]
        return total


def _dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def _cross(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def _combine(parts):
    row = {}
    for factor, source in parts:
        for column, value in source.items():
            row[column] = row.get(column, 0) + factor * value
    return row


def _contact(a, b):
    """Equations (row, right-hand side) of the contact of two elements."""
    equations = []
    if a.magnetic and b.magnetic:
        cross = _cross(a.axes[0], b.axes[0])
        if mp.sqrt(_dot(cross, cross)) > COLLINEAR:
            return [(a.along("mu", "right", 0), 0), (b.along("mu", "left", 0), 0)]
        sign = 1 if _dot(a.axes[0], b.axes[0]) > 0 else -1
        for kind in ("mu", "j"):
            row = _combine([(1, a.along(kind, "right", 0)), (-sign, b.along(kind, "left", 0))])
            equations.append((row, sign * b.p - a.p if kind == "j" else 0))
        return equations
    n, f, n_side, f_side = (a, b, "right", "left") if b.magnetic else (b, a, "left", "right")
    if not f.magnetic:
        for k in range(3):
            for kind in ("mu", "j"):
                row = _combine([(1, a.along(kind, "right", k)), (-1, b.along(kind, "left", k))])
                equations.append((row, 0))
        return equations
    m = f.axes[0]
    for k in range(3):
        row = _combine([(1, n.along("mu", n_side, k)), (-m[k], f.along("mu", f_side, 0))])
        equations.append((row, 0))
    parts = [(m[k], n.along("j", n_side, k)) for k in range(3)]
    equations.append((_combine([*parts, (-1, f.along("j", f_side, 0))]), f.p))
    return equations


def _end(element, side, end):
    kind = "mu" if isinstance(end, sf.Reservoir) else "j"
    shift = -element.p if kind == "j" else 0
    return [(element.along(kind, side, k), shift) for k in range(element.size)]


def _eliminate(equations):
    """Gaussian elimination with row pivoting; rows are sparse, the system is banded."""
    rows = [dict(row) for row, _ in equations]
    right = [mp.mpf(value) for _, value in equations]
    n = len(rows)
    pivots = []
    free = set(range(n))
    with_column = {c: set() for c in range(n)}
    for i, row in enumerate(rows):
        for c in row:
            with_column[c].add(i)
    for c in range(n):
        candidates = [i for i in with_column[c] & free if rows[i].get(c, 0) != 0]
        p = max(candidates, key=lambda i: abs(rows[i][c]))
        free.discard(p)
        pivots.append(p)
        for i in candidates:
            if i == p:
                continue
            factor = rows[i][c] / rows[p][c]
            for k, value in rows[p].items():
                rows[i][k] = rows[i].get(k, 0) - factor * value
                with_column[k].add(i)
            rows[i].pop(c)
            right[i] -= factor * right[p]
    solution = [mp.mpf(0)] * n
    for c in reversed(range(n)):
        p = pivots[c]
        rest = sum(v * solution[k] for k, v in rows[p].items() if k != c)
        solution[c] = (right[p] - rest) / rows[p][c]
    return solution


def solve(stack, digits=60):
    """Solve a single stack for j0 = 1."""
    with mp.workdps(digits):
        pieces = []
        if isinstance(stack.left, sf.Lead):
            pieces.append((stack.left, "left end"))
        pieces += [(layer, "layer") for layer in stack.layers]
        if isinstance(stack.right, sf.Lead):
            pieces.append((stack.right, "right end"))
        elements, first = [], 0
        for piece, at in pieces:
            elements.append(Element(piece, first, at))
            first += elements[-1].unknowns
        equations = []
        if not isinstance(stack.left, sf.Lead):
            equations += _end(elements[0], "left", stack.left)
        for a, b in itertools.pairwise(elements):
            equations += _contact(a, b)
        if not isinstance(stack.right, sf.Lead):
            equations += _end(elements[-1], "right", stack.right)
        solution = _eliminate(equations)

        resistance = mp.mpf(0)
        for e in elements:
            if e.magnetic:
                ends = [
                    sum(w * solution[c] for c, w in e.along("mu", s, 0).items())
                    if s in e.value
                    else 0
                    for s in ("left", "right")
                ]
                resistance += e.p / 2 * (ends[1] - ends[0])
        faces = []
        if not isinstance(stack.left, sf.Lead):
            faces.append((None, elements[0]))
        faces += list(itertools.pairwise(elements))
        if not isinstance(stack.right, sf.Lead):
            faces.append((elements[-1], None))
        potential, left, right, absorbed = [], [], [], {}
        taken = {id(e): [mp.mpf(0)] * 3 for e in elements}
        for a, b in faces:
            inner, side = (b, "left") if b is not None else (a, "right")
            potential.append(inner.vector("mu", side, solution))
            blocked = (stack.left if a is None else stack.right) == sf.SpinBlocking()
            j_a = a.vector("j", "right", solution) if a is not None else None
            j_b = b.vector("j", "left", solution) if b is not None else None
            if a is None or b is None:
                outside = [mp.mpf(0)] * 3 if blocked else (j_b if a is None else j_a)
                j_a, j_b = (outside, j_b) if a is None else (j_a, outside)
            left.append(j_a)
            right.append(j_b)
            if a is not None and b is not None:
                for element, share in _absorbed(a, b, j_a, j_b):
                    taken[id(element)] = [t + s for t, s in zip(taken[id(element)], share)]
        for e, (piece, _) in zip(elements, pieces):
            if e.magnetic and piece.name:
                absorbed[piece.name] = taken[id(e)]
        largest = max([abs(c) for v in left + right for c in v] + [abs(e.p) for e in elements])
        return Reference(potential, left, right, resistance, absorbed, largest)


def _absorbed(a, b, j_a, j_b):
    """Who takes up what at a contact."""
    if a.magnetic != b.magnetic:
        magnet = a if a.magnetic else b
        return [(magnet, [x - y for x, y in zip(j_a, j_b)])]
    if not a.magnetic:
        return []
    m_a, m_b = a.axes[0], b.axes[0]
    cross = _cross(m_a, m_b)
    if mp.sqrt(_dot(cross, cross)) <= COLLINEAR:
        return []
    # j_N = alpha m_a + beta m_b with the parallel components of both sides
    c, along_a, along_b = _dot(m_a, m_b), _dot(j_a, m_a), _dot(j_b, m_b)
    alpha = (along_a - c * along_b) / (1 - c * c)
    beta = (along_b - c * along_a) / (1 - c * c)
    j_n = [alpha * x + beta * y for x, y in zip(m_a, m_b)]
    return [
        (a, [x - y for x, y in zip(j_a, j_n)]),
        (b, [x - y for x, y in zip(j_n, j_b)]),
    ]
