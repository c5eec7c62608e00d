r"""A solved stack per unit particle current: what `Solution` scales by j0 and hands out.

Points of a batch stand flattened on one axis of N. Charge follows from spin: from eqs. (2), (3),
``mu_0' = -j0/D_tot - p m.mu_s'/2``, so that every layer drops ``j0 d/D_tot`` and, in a ferromagnet,
``(p/2) [m.mu_s(right) - m.mu_s(left)]``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from ._checks import FloatArray
from .elements import Elements
from .fields import LayerField
from .interfaces import Faces

Side = Literal["left", "right"]


class Values(NamedTuple):
    """mu_s, j_s and mu_0 at some points, per unit particle current."""

    spin_potential: FloatArray  # (q, N, 3) Ohm m2
    spin_current: FloatArray  # (q, N, 3) dimensionless
    potential: FloatArray  # (q, N) Ohm m2


class Transport:
    """Faces of a solved stack, and its fields on demand.

    Parameters
    ----------
    elements : Elements
        The stack's numbers.
    faces : Faces
        What the solver found.
    field : callable
        Makes the field of layer number i.
    coupling : callable
        ``coupling(first, stop)``: B, shape (N,), between the two ends of the normal elements first
        to stop - 1, S/m2.
    """

    def __init__(
        self,
        elements: Elements,
        faces: Faces,
        field: Callable[[int], LayerField],
        coupling: Callable[[int, int], FloatArray],
    ) -> None:
        self.elements = elements
        self.faces = faces
        self.coupling = coupling
        self._make_field = field
        self._fields: dict[int, LayerField] = {}

    def field(self, layer: int) -> LayerField:
        """Return the field of a layer; made once."""
        if layer not in self._fields:
            self._fields[layer] = self._make_field(layer)
        return self._fields[layer]

    @cached_property
    def amplitudes(self) -> tuple[FloatArray, FloatArray]:
        """m.mu_s at the left and at the right of every element, (n + 2, N); 0 far away in leads."""
        u, m = self.faces.potential, self.elements.m
        far = np.zeros((1, *u.shape[1:]))
        left, right = np.concatenate([far, u]), np.concatenate([u, far])
        return (left * m).sum(axis=-1), (right * m).sum(axis=-1)

    @cached_property
    def spin_voltage(self) -> FloatArray:
        """``(p/2) [m.mu_s]`` of every element, (n + 2, N), Ohm m2."""
        left, right = self.amplitudes
        return self.elements.p / 2 * (right - left)

    @cached_property
    def ohmic(self) -> FloatArray:
        """``d/D_tot`` of every layer, (n, N or 1), Ohm m2."""
        e = self.elements
        p = e.p[1:-1]
        return e.thickness * (1 - p) * (1 + p) / e.D[1:-1]

    @cached_property
    def face_potential(self) -> FloatArray:
        """mu_0 at every face, (n + 1, N), Ohm m2; 0 at the right one."""
        drop = self.ohmic + self.spin_voltage[1:-1]
        return np.concatenate([np.cumsum(drop[::-1], axis=0)[::-1], np.zeros_like(drop[:1])])

    def evaluate(self, layer: int, xi: FloatArray) -> Values:
        """Return the fields of a layer at positions xi, shape (q, N or 1), from 0 to 1."""
        mu, j = self.field(layer).evaluate(xi)
        e, k = self.elements, layer + 1
        ahead = self.amplitudes[1][k] - (mu * e.m[k]).sum(axis=-1)
        phi = self.face_potential[k] + self.ohmic[layer] * (1 - xi) + e.p[k] / 2 * ahead
        return Values(mu, j, phi)

    def at(self, x: FloatArray, faces: FloatArray, side: Side | None) -> Values:
        """Return the fields anywhere in the stack.

        Parameters
        ----------
        x : array, shape (q, N or 1)
            Positions.
        faces : array, shape (n + 1, N or 1)
            Positions of the faces.
        side : "left", "right" or None
            The limit to take at a face; None: right, but inside the stack at its right end.

        Raises
        ------
        ValueError
            If a position lies outside the stack.
        """
        # a point within rounding of a face counts as on it: sums of thicknesses are not exact
        slack = 4 * np.spacing(np.maximum(np.abs(x), faces[-1]))
        outside = (x < -slack) | (x > faces[-1] + slack)
        if outside.any():
            given = np.broadcast_to(x, outside.shape)[outside][0]
            end = faces[-1].max()
            raise ValueError(
                f"x (position) must lie in the stack, from 0 to {end:g}, got {given:g}"
            )
        shape = (x.shape[0], self.elements.points)
        reach = x - slack if side == "left" else x + slack
        layer = np.zeros(shape, dtype=np.intp)
        if faces.shape[1] == 1:
            layer += np.searchsorted(faces[1:-1, 0], reach, side="right")
        else:
            for inner in faces[1:-1]:
                layer += inner <= reach

        found = Values(np.zeros((*shape, 3)), np.zeros((*shape, 3)), np.zeros(shape))
        for i in np.unique(layer).tolist():
            here = layer == i
            xi = np.clip((x - faces[i]) / (faces[i + 1] - faces[i]), 0, 1)
            values = self.evaluate(i, np.where(here, xi, 0.0))
            for target, value in zip(found, values, strict=True):
                target[here] = value[here]
        # outside of the ends, mu_s and mu_0 are the same and j_s is that of the lead
        if side is not None:
            end, current = (
                (0, self.faces.current_left[0])
                if side == "left"
                else (-1, self.faces.current_right[-1])
            )
            at_end = np.broadcast_to(np.abs(x - faces[end]) <= slack, shape)
            found.spin_current[at_end] = np.broadcast_to(current, (*shape, 3))[at_end]
        return found
