r"""A solved stack per unit particle current: what `Solution` scales by j0 and hands out.

Points of a batch stand flattened on one axis of N. Charge follows from spin: from eqs. (2), (3),
``mu_0' = -j0/D_tot - p m.mu_s'/2``, so that every layer drops ``j0 d/D_tot`` and, in a ferromagnet,
``(p/2) [m.mu_s(right) - m.mu_s(left)]``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
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


class Transport(ABC):
    """Faces of a solved stack, and its fields on demand.

    Magnets are numbered from left to right, magnetic leads included.

    Parameters
    ----------
    elements : Elements
        The stack's numbers.
    """

    def __init__(self, elements: Elements) -> None:
        self.elements = elements
        self.magnets = np.flatnonzero(elements.magnetic)
        self._fields: dict[int, LayerField] = {}

    @property
    @abstractmethod
    def faces(self) -> Faces:
        """What was found at the faces."""

    @abstractmethod
    def coupling(self, magnet: int) -> FloatArray:
        """Return B, shape (N or 1,), S/m2, of the normal metals between a magnet and the next."""

    @abstractmethod
    def make_field(self, layer: int) -> LayerField:
        """Return the field of layer number i."""

    def field(self, layer: int) -> LayerField:
        """Return the field of a layer; made once."""
        if layer not in self._fields:
            self._fields[layer] = self.make_field(layer)
        return self._fields[layer]

    @cached_property
    def amplitudes(self) -> tuple[FloatArray, FloatArray]:
        """m.mu_s at the left and the right of every magnet, (f, N or 1); 0 far away in leads."""
        u, m = self.faces.potential, self.elements.m[self.magnets]
        far = np.zeros((1, *u.shape[1:]))
        padded = np.concatenate([far, u, far])
        left, right = padded[self.magnets], padded[self.magnets + 1]
        return (left * m).sum(axis=-1), (right * m).sum(axis=-1)

    def absorbed(self, magnet: int) -> FloatArray:
        """Return the spin current that a magnet absorbs at both faces, shape (N or 1, 3)."""
        k = int(self.magnets[magnet])
        at_left = self.faces.absorbed_right[k - 1 : k].sum(axis=0)  # a lead has one face only
        at_right = self.faces.absorbed_left[k : k + 1].sum(axis=0)
        total: FloatArray = at_left + at_right
        return total

    def all_absorbed(self) -> FloatArray:
        """Return what every magnet absorbs at both faces, shape (f, N or 1, 3)."""
        faces, k = self.faces, self.magnets
        none = np.zeros((1, *faces.absorbed_left.shape[1:]))  # a lead has one face only
        at_left, at_right = (
            np.concatenate([none, faces.absorbed_right])[k],
            np.concatenate([faces.absorbed_left, none])[k],
        )
        total: FloatArray = at_left + at_right
        return total

    @cached_property
    def spin_voltage(self) -> FloatArray:
        """``(p/2) [m.mu_s]`` of every magnet, (f, N or 1), Ohm m2."""
        left, right = self.amplitudes
        return self.elements.p[self.magnets] / 2 * (right - left)

    @cached_property
    def ohmic(self) -> FloatArray:
        """``d/D_tot`` of every layer, (n, N or 1), Ohm m2."""
        e = self.elements
        p = e.p[1:-1]
        return e.thickness * (1 - p) * (1 + p) / e.D[1:-1]

    @cached_property
    def face_potential(self) -> FloatArray:
        """mu_0 at every face, (n + 1, N), Ohm m2; 0 at the right one."""
        e = self.elements
        drop = np.zeros((e.magnetic.size, e.points))
        drop[self.magnets] = self.spin_voltage
        drop = self.ohmic + drop[1:-1]
        return np.concatenate([np.cumsum(drop[::-1], axis=0)[::-1], np.zeros_like(drop[:1])])

    def evaluate(self, layer: int, xi: FloatArray) -> Values:
        """Return the fields of a layer at positions xi, shape (q, N or 1), from 0 to 1."""
        mu, j = self.field(layer).evaluate(xi)
        e, k = self.elements, layer + 1
        ahead = ((self.faces.potential[k] - mu) * e.m[k]).sum(axis=-1)
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
            end = np.broadcast_to(faces[-1], outside.shape)[outside][0]
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


class Given(Transport):
    """Transport from a path that finds all faces and can make all fields.

    Parameters
    ----------
    elements : Elements
        The stack's numbers.
    faces : Faces
        What was found.
    field : callable
        Makes the field of layer number i.
    coupling : callable
        Makes B, shape (N or 1,), of the normal elements first to stop - 1.
    """

    def __init__(
        self,
        elements: Elements,
        faces: Faces,
        field: Callable[[int], LayerField],
        coupling: Callable[[int, int], FloatArray],
    ) -> None:
        super().__init__(elements)
        self._faces = faces
        self._make_field = field
        self._coupling = coupling

    @property
    def faces(self) -> Faces:
        """What was found at the faces."""
        return self._faces

    def coupling(self, magnet: int) -> FloatArray:
        """Return B of the normal metals between a magnet and the next."""
        left, right = self.magnets[magnet : magnet + 2].tolist()
        return self._coupling(left + 1, right)

    def make_field(self, layer: int) -> LayerField:
        """Return the field of layer number i."""
        return self._make_field(layer)
