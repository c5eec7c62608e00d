"""The numbers of a stack, as arrays over its elements: what the solvers see.

The elements are the left end, the layers and the right end, so that an end is one more contact
partner and no special case. In a batch few numbers vary: they are kept apart, as they were given,
so that what does not vary is computed once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike

from ._checks import BoolArray, FloatArray, Number, breaks_of
from .materials import Ferromagnet, Metal
from .pieces import Interface, Layer, Lead, Reservoir
from .stack import Stack

Description = TypeVar("Description", Stack, "Elements")
Fact = TypeVar("Fact")


def remembered(f: Callable[[Description], Fact]) -> Callable[[Description], Fact]:
    """Remember what a function says of a description, as long as that lives."""
    known: WeakKeyDictionary[Description, Fact] = WeakKeyDictionary()

    @wraps(f)
    def fact(description: Description) -> Fact:
        if description not in known:
            known[description] = f(description)
        return known[description]

    return fact


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
    strong: BoolArray  # (n + 2,) magnetic, without exchange lengths
    joints: tuple[Interface | None, ...]  # (n + 1,)
    graded: dict[int, Metal]  # elements of which D and p are those in the middle, l is the least
    lengths: dict[int, tuple[Number, Number]]  # lambda_J, lambda_phi where they are finite
    nodes: dict[int, FloatArray]  # of the mesh that a layer comes with, from 0 to 1

    @cached_property
    def is_plain(self) -> bool:
        """Whether there is nothing but uniform metals, strong ferromagnets, transparent faces."""
        weak = self.magnetic & ~self.strong
        return not (weak.any() or self.graded or self.resistive)

    @cached_property
    def resistive(self) -> dict[int, Interface]:
        """The interfaces, by face; all other faces are transparent."""
        return {face: joint for face, joint in enumerate(self.joints) if joint is not None}

    @property
    def points(self) -> int:
        """Number of points of the batch."""
        return math.prod(self.shape)

    def full(self, values: FloatArray) -> FloatArray:
        """Return numbers as given for all points, shape (N,)."""
        return np.broadcast_to(values, self.shape).reshape(-1)

    def flat(self, values: ArrayLike, components: int = 0) -> FloatArray:
        """Return numbers as given, or vectors, for all points: shape (N or 1, *components)."""
        values = cast(FloatArray, np.asarray(values))
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


@remembered
def elements_of(stack: Stack) -> Elements:
    """Return the numbers of a stack; collected once."""
    none, zero = (0.0, math.inf, 0.0, np.zeros(3), 1.0), np.zeros(3)
    rows: list[tuple[Number, Number, Number, FloatArray, Number]] = []
    strong, graded, lengths = [], {}, {}
    for k, e in enumerate(stack.elements):
        if not isinstance(e, Layer | Lead):
            rows.append(none)
            strong.append(False)
            continue
        metal = e.material
        D, l, p = metal.D, metal.l, getattr(metal, "p", 0.0)
        if metal.is_graded:
            graded[k] = metal
            D, l, p = _of_profiles(D, l, p)
        thickness = e.thickness if isinstance(e, Layer) else 1.0
        rows.append((D, l, p, zero if e.m is None else e.m, thickness))
        strong.append(isinstance(metal, Ferromagnet) and metal.is_strong)
        if isinstance(metal, Ferromagnet) and not metal.is_strong:
            given = (metal.lambda_J, metal.lambda_phi)
            lambda_J, lambda_phi = (math.inf if x is None else x for x in given)
            lengths[k] = (lambda_J, lambda_phi)
    names = ("D", "l", "p", "m", "thickness")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    magnetizations: Any = columns.pop("m")
    return Elements(
        stack.shape,
        np.array([isinstance(e, Layer | Lead) and e.m is not None for e in stack.elements]),
        (isinstance(stack.left, Reservoir), isinstance(stack.right, Reservoir)),
        {
            **{name: _column(column) for name, column in columns.items()},
            "m": _vectors(magnetizations),
        },
        np.array(strong),
        stack.joints,
        graded,
        lengths,
        {k: own for k, e in enumerate(stack.layers, start=1) if (own := e.nodes) is not None},
    )


def _of_profiles(D: Any, l: Any, p: Any) -> tuple[Number, Number, Number]:
    """Return D and p in the middle of a graded layer and its least l, which tells if it absorbs.

    All of the layer is looked at, so that no value out of range is overlooked between the points
    of a coarse mesh.
    """
    edges = np.concatenate([[0.0], breaks_of(D, l, p), [1.0]])
    xi = np.union1d(np.linspace(0, 1, 4097), (edges[1:] + edges[:-1]) / 2)
    middle = int(np.searchsorted(xi, 0.5))

    def values(x: Any) -> FloatArray:
        return np.broadcast_to(x(xi), xi.shape)

    D, p = (float(values(x)[middle]) if callable(x) else x for x in (D, p))
    return D, float(values(l).min()) if callable(l) else l, p


def check_plain(what: str, stack: Stack) -> None:
    """Raise ValueError for interfaces, exchange lengths and graded layers."""
    e = elements_of(stack)
    if not e.is_plain:
        found = [
            name
            for name, there in (
                ("an interface", bool(e.resistive)),
                ("finite exchange lengths", bool(e.lengths)),
                ("a graded layer", bool(e.graded)),
            )
            if there
        ]
        raise ValueError(
            f"{what} must have transparent interfaces, uniform metals and strong ferromagnets "
            f"only, got {' and '.join(found)}"
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
