"""Fields in time as sums of amplitudes at complex frequencies."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray
from ..fem.fields import LayerField
from ..fem.graded import GradedField, graded_field
from ..sample.stack import Stack
from ..solvers.faces import Faces
from ..solvers.transport import Transport


class Sum(NamedTuple):
    """Weights of results: the real part of ``matrix @ swinging + past * at_rest``."""

    matrix: NDArray[Any]  # (times, q)
    past: float  # A/m2, the current that there has always been

    def of(self, swinging: Any, at_rest: Any, axis: int) -> FloatArray:
        """Return what results (.., q or 1, ..) per unit current add up to, (.., times, ..)."""
        moved = np.moveaxis(np.asarray(swinging), axis, -1)
        if moved.shape[-1] == 1:
            moved = np.repeat(moved, self.matrix.shape[1], axis=-1)
        total = (moved @ self.matrix.T).real + self.past * np.moveaxis(at_rest, axis, -1)
        return np.moveaxis(total, -1, axis)


def summed(swinging: Any, at_rest: Any, weights: Sum) -> LayerField:
    """Return what fields of a layer add up to: all are polynomials on the same elements."""
    parts = []
    for name, values, stationary in zip(at_rest._fields, swinging, at_rest, strict=True):
        if name in ("widths", "nodes"):
            parts.append(stationary)
        elif isinstance(stationary, np.ndarray):
            parts.append(weights.of(values, stationary, 1))
        else:
            parts.append(summed(values, stationary, weights))
    field: LayerField = type(at_rest)(*parts)
    return field


class Superposed(Transport):
    """A stack at some times, driven by a current that varies; in V and A/m2.

    Parameters
    ----------
    swinging : Transport
        Its amplitudes at q complex frequencies, per unit current.
    at_rest : Transport
        Its stationary state, per unit current, on the same meshes.
    weights : Sum
        How they add up.
    j0 : array, shape (times,)
        The current, A/m2.
    """

    def __init__(
        self, swinging: Transport, at_rest: Transport, weights: Sum, j0: FloatArray
    ) -> None:
        self.elements = replace(at_rest.elements, shape=j0.shape, rows={})
        self.magnets, self.j0, self._j0 = at_rest.magnets, j0, j0
        self._swinging, self._at_rest, self._weights = swinging, at_rest, weights

    def part(self, _stack: Stack, index: Any) -> Self:
        """Return what it is at some of the times."""
        matrix, past = self._weights
        some = Sum(matrix[index].reshape(-1, matrix.shape[1]), past)
        return type(self)(self._swinging, self._at_rest, some, np.atleast_1d(self._j0[index]))

    def _sum(self, find: Any, axis: int) -> FloatArray:
        return self._weights.of(find(self._swinging), find(self._at_rest), axis)

    @cached_property
    def followed(self) -> FloatArray:
        """The current that spins have followed: j0, but where that jumps as it was just before."""
        return self._weights.of(np.ones(1), np.ones(1), 0)

    @cached_property
    def faces(self) -> Faces:
        """mu_s and j_s on both sides of all faces."""
        pairs = zip(self._swinging.faces, self._at_rest.faces, strict=True)
        return Faces(*(self._weights.of(*pair, 1) for pair in pairs))

    @property
    def volume(self) -> FloatArray | None:
        """What every element absorbs inside, (n + 2, times, 3); None for nothing."""
        if self._at_rest.volume is None:
            return None
        return self._sum(lambda t: t.volume, 1)

    def make_field(self, layer: int) -> LayerField:
        """Return the field of layer number i."""
        field = summed(self._swinging.field(layer), self._at_rest.field(layer), self._weights)
        return self._with_ohmic(layer, field) if isinstance(field, GradedField) else field

    def _with_ohmic(self, layer: int, field: GradedField) -> GradedField:
        """Let the ohmic drop follow the current at once, also where that jumps."""
        e, k = self.elements, layer + 1
        none, nothing = np.zeros_like(field.potential[:, :1]), np.zeros((1, 3))
        nodes, d = field.nodes[:, 0], e.thickness[layer]
        ohmic = graded_field(e.graded[k], nodes, none, d, nothing, nothing)
        missed = self.j0 - self.followed
        return field._replace(
            charge=field.charge + missed[:, None] * ohmic.charge,
            totals=field.totals + missed * ohmic.totals,
        )

    def in_lead(self, end: Literal[0, -1], depth: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mu_s and j_s in the lead at an end, (q, times, 3) each."""
        swinging, at_rest = (t.in_lead(end, depth) for t in (self._swinging, self._at_rest))
        of = self._weights.of
        return of(swinging[0], at_rest[0], 1), of(swinging[1], at_rest[1], 1)

    def absorbed(self, magnet: int) -> FloatArray:
        """Return the spin current that a magnet absorbs at both faces, (times, 3)."""
        return self._sum(lambda t: t.absorbed(magnet), 0)

    def all_absorbed(self) -> FloatArray:
        """Return what every magnet absorbs at both faces, (f, times, 3)."""
        return self._sum(lambda t: t.all_absorbed(), 1)

    @cached_property
    def spin_voltage(self) -> FloatArray:
        """``(1/2) int beta_D m.mu_s' dx`` of every magnet, (f, times), V."""
        return self._sum(lambda t: t.spin_voltage, 1)

    @cached_property
    def joint_spin_voltage(self) -> FloatArray:
        """``(gamma/2) m.[mu_s]`` at every face, (n + 1, times), V."""
        return self._sum(lambda t: t.joint_spin_voltage, 1)

    @property
    def spin_part(self) -> FloatArray:
        """What spin adds to the voltage, (times,), V."""
        return self._sum(lambda t: t.spin_part, 0)
