"""The numbers of a stack, as arrays over its elements: what the solvers see.

The elements are the left end, the layers and the right end, so that an end is one more contact
partner and no special case. Points of a batch stand on the last axis, flattened.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ._checks import BoolArray, FloatArray, Number
from .stack import Layer, Lead, Reservoir, Stack


class Elements(NamedTuple):
    """Arrays over the n + 2 elements of a stack; the last axis is the point of the batch, or 1.

    Ends other than leads, which conduct nothing, have D = 0. Normal elements have p = 0, m = 0.
    """

    magnetic: BoolArray  # (n + 2,)
    D: FloatArray  # (n + 2, N or 1)
    l: FloatArray  # (n + 2, N or 1)
    p: FloatArray  # (n + 2, N or 1)
    m: FloatArray  # (n + 2, N or 1, 3)
    thickness: FloatArray  # (n, N or 1), of the layers alone
    reservoir: tuple[bool, bool]  # whether mu_s = 0 at the left, the right face

    @property
    def points(self) -> int:
        """Number of points of the batch."""
        return int(max(a.shape[1] for a in (self.D, self.l, self.p, self.m, self.thickness)))

    @property
    def lead_stiffness(self) -> FloatArray:
        """``G = D/(2 l)`` of the left and the right end, shape (2, N or 1), S/m2; eqs. (7), (8)."""
        ends = [0, -1]
        return self.D[ends] / (2 * self.l[ends])

    def point(self, index: int) -> Elements:
        """Return one point of the batch."""

        def pick(a: FloatArray) -> FloatArray:
            return a[:, [index if a.shape[1] > 1 else 0]]

        return self._replace(
            D=pick(self.D),
            l=pick(self.l),
            p=pick(self.p),
            m=pick(self.m),
            thickness=pick(self.thickness),
        )


def elements_of(stack: Stack) -> Elements:
    """Collect the numbers of a stack."""
    nothing = (0.0, math.inf, 0.0, None)
    rows = [
        (e.material.D, e.material.l, getattr(e.material, "p", 0.0), e.m)
        if isinstance(e, Layer | Lead)
        else nothing
        for e in stack.elements
    ]
    D, l, p, m = zip(*rows, strict=True)
    return Elements(
        magnetic=np.array([direction is not None for direction in m]),
        D=_rows(D, stack.shape),
        l=_rows(l, stack.shape),
        p=_rows(p, stack.shape),
        m=_directions(m, stack.shape),
        thickness=_rows([layer.thickness for layer in stack.layers], stack.shape),
        reservoir=(isinstance(stack.left, Reservoir), isinstance(stack.right, Reservoir)),
    )


def _rows(values: list[Number] | tuple[Number, ...], shape: tuple[int, ...]) -> FloatArray:
    """Stack numbers, one row each; one column only if none of them varies."""
    if all(isinstance(value, float) for value in values):
        return np.array(values, dtype=float)[:, None]
    return np.stack([np.broadcast_to(value, shape).ravel() for value in values])


def _directions(m: tuple[FloatArray | None, ...], shape: tuple[int, ...]) -> FloatArray:
    zero = np.zeros(3)
    vectors = [zero if v is None else v for v in m]
    if all(v.ndim == 1 for v in vectors):
        return np.stack(vectors)[:, None]
    return np.stack([np.broadcast_to(v, (*shape, 3)).reshape(-1, 3) for v in vectors])
