"""The numbers of a stack, as arrays over its elements: what the solvers see.

The elements are the left end, the layers and the right end, so that an end is one more contact
partner and no special case. In a batch few numbers vary: they are kept apart, as they were given,
so that what does not vary is computed once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np

from ._checks import BoolArray, FloatArray, Number
from .pieces import Layer, Lead, Reservoir
from .stack import Stack


@dataclass(frozen=True, eq=False)
class Column:
    """One quantity of all elements: scalars, or vectors of 3 components."""

    fixed: FloatArray  # (n,) or (n, 3); of a number that varies, its first value
    varying: dict[int, FloatArray]  # number of the element: array as given, (...) or (..., 3)

    def of(self, row: int) -> FloatArray:
        """Return the number of one element, as given: an array if it varies."""
        return self.varying[row] if row in self.varying else self.fixed[row]

    def dense(self, shape: tuple[int, ...]) -> FloatArray:
        """Return all numbers, shape (n, N or 1) or (n, N or 1, 3)."""
        if not self.varying:
            return self.fixed[:, None]
        points, vector = math.prod(shape), self.fixed.shape[1:]
        full = np.repeat(self.fixed[:, None], points, axis=1)
        for row, values in self.varying.items():
            full[row] = np.broadcast_to(values, shape + vector).reshape(points, *vector)
        return full


@dataclass(frozen=True, eq=False)
class Elements:
    """Numbers of the n + 2 elements of a stack.

    The dense arrays have the points of the batch, flattened, on the second axis, or one column if
    the quantity does not vary. Ends other than leads, which conduct nothing,
    have D = 0. Normal elements have p = 0, m = 0.
    """

    shape: tuple[int, ...]
    magnetic: BoolArray  # (n + 2,)
    reservoir: tuple[bool, bool]  # whether mu_s = 0 at the left, the right face
    columns: dict[str, Column]  # D, l, p, m, thickness; that of the ends is 1

    @property
    def points(self) -> int:
        """Number of points of the batch."""
        return math.prod(self.shape)

    def full(self, values: FloatArray) -> FloatArray:
        """Return numbers as given for all points, shape (N,)."""
        return np.broadcast_to(values, self.shape).reshape(-1)

    def flat(self, values: FloatArray, components: int = 0) -> FloatArray:
        """Return numbers as given, or vectors, for all points: shape (N or 1, *components)."""
        values = np.asarray(values)
        rest = values.shape[values.ndim - components :]
        if values.ndim == components:
            return values[None]
        return np.broadcast_to(values, self.shape + rest).reshape(-1, *rest)

    @cached_property
    def D(self) -> FloatArray:
        """Conductivities, shape (n + 2, N or 1), S/m."""
        return self.columns["D"].dense(self.shape)

    @cached_property
    def l(self) -> FloatArray:  # noqa: E743
        """Spin diffusion lengths, shape (n + 2, N or 1), m."""
        return self.columns["l"].dense(self.shape)

    @cached_property
    def p(self) -> FloatArray:
        """Polarizations, shape (n + 2, N or 1)."""
        return self.columns["p"].dense(self.shape)

    @cached_property
    def m(self) -> FloatArray:
        """Magnetizations, shape (n + 2, N or 1, 3)."""
        return self.columns["m"].dense(self.shape)

    @cached_property
    def thickness(self) -> FloatArray:
        """Thicknesses of the layers alone, shape (n, N or 1), m."""
        return self.columns["thickness"].dense(self.shape)[1:-1]

    @property
    def lead_stiffness(self) -> FloatArray:
        """``G = D/(2 l)`` of the left and the right end, shape (2, N or 1), S/m2; eqs. (7), (8)."""
        ends = [0, -1]
        return self.D[ends] / (2 * self.l[ends])

    def point(self, index: int) -> Elements:
        """Return one point of the batch, by its number."""

        def pick(column: Column) -> Column:
            fixed = column.fixed.copy()
            for row, values in column.varying.items():
                full = np.broadcast_to(values, self.shape + fixed.shape[1:])
                fixed[row] = full.reshape(-1, *fixed.shape[1:])[index]
            return Column(fixed, {})

        columns = {name: pick(column) for name, column in self.columns.items()}
        return Elements((), self.magnetic, self.reservoir, columns)


_KNOWN: WeakKeyDictionary[Stack, Elements] = WeakKeyDictionary()


def elements_of(stack: Stack) -> Elements:
    """Return the numbers of a stack; collected once."""
    found = _KNOWN.get(stack)
    if found is None:
        found = _KNOWN[stack] = _collect(stack)
    return found


def _collect(stack: Stack) -> Elements:
    none, zero = (0.0, math.inf, 0.0, np.zeros(3), 1.0), np.zeros(3)
    rows: list[tuple[Number, Number, Number, FloatArray, Number]] = [
        (
            e.material.D,
            e.material.l,
            getattr(e.material, "p", 0.0),
            zero if e.m is None else e.m,
            e.thickness if isinstance(e, Layer) else 1.0,
        )
        if isinstance(e, Layer | Lead)
        else none
        for e in stack.elements
    ]
    D, l, p, m, thickness = zip(*rows, strict=True)
    return Elements(
        stack.shape,
        np.array([isinstance(e, Layer | Lead) and e.m is not None for e in stack.elements]),
        (isinstance(stack.left, Reservoir), isinstance(stack.right, Reservoir)),
        {
            "D": _column(D),
            "l": _column(l),
            "p": _column(p),
            "m": _vectors(m),
            "thickness": _column(thickness),
        },
    )


def _column(values: tuple[Number, ...]) -> Column:
    varying = {i: v for i, v in enumerate(values) if isinstance(v, np.ndarray)}
    if not varying:
        return Column(np.array(values, dtype=float), {})
    first = [v.flat[0] if isinstance(v, np.ndarray) else v for v in values]
    return Column(np.array(first, dtype=float), varying)


def _vectors(values: tuple[FloatArray, ...]) -> Column:
    varying = {i: v for i, v in enumerate(values) if v.ndim > 1}
    first = [v.reshape(-1, 3)[0] if v.ndim > 1 else v for v in values]
    return Column(np.array(first), varying)
