"""Fields of stacks whose magnetizations have moved, at some times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np

from .._checks import FloatArray
from ..fem.fields import LayerField, element_field
from ..fem.graded import graded_field
from ..physics.bulk import relaxation
from ..sample.stack import Stack
from ..solvers.elements import elements_of
from ..solvers.faces import Faces
from ..solvers.transport import Transport
from .layers import Inside
from .leads import Beyond
from .moving import Found


class Moved(Transport):
    """A stack at some times, whose magnetizations move; in V and A/m2.

    Parameters
    ----------
    stack : Stack
        The stack at these times, a batch.
    layers : dict of int to Inside
        Its layers.
    taus : sequence of float
        Spin relaxation times of all elements, s.
    found : Found
        What was found at these times.
    beyond : Beyond
        The leads.
    j0 : array, shape (times,)
        Particle current, A/m2.
    """

    pumps = True

    def __init__(
        self,
        stack: Stack,
        layers: dict[int, Inside],
        taus: Sequence[float],
        found: Found,
        beyond: Beyond,
        j0: FloatArray,
    ) -> None:
        self.elements = elements_of(stack)
        self.magnets, self.j0, self._j0 = self.elements.magnets, j0, j0
        self._layers, self._taus, self._found, self._beyond = layers, taus, found, beyond

    def part(self, stack: Stack, index: Any) -> Self:
        """Return what it is at some of the times, at which the stack is this one."""
        some = self._found.at(index), self._beyond.at(index)
        return type(self)(stack, self._layers, self._taus, *some, np.atleast_1d(self._j0[index]))

    @property
    def followed(self) -> FloatArray:
        """The current that spins have followed: j0, but where that jumps as it was just before."""
        return self._found.current_followed

    def in_lead(self, end: Literal[0, -1], depth: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mu_s and j_s in the lead at an end, (q, times, 3) each."""
        e, k = self.elements, end % self.elements.magnetic.size
        both = (self._beyond.deep(k, float(e.l[k, 0]), self._taus[k], d) for d in depth.tolist())
        mu, flow = (np.array(x) for x in zip(*both, strict=True))
        if e.strong[k]:
            mu, flow = mu * e.m[k], flow * e.m[k]
        driving = (self.followed * e.p[k])[:, None] * e.m[k]
        return mu, driving + (flow if end else -flow)

    @property
    def faces(self) -> Faces:
        """mu_s and j_s on both sides of all faces."""
        found = self._found
        sides = [
            x[:, side].swapaxes(0, 1)
            for x in (found.potential, found.current, found.taken)
            for side in (0, 1)
        ]
        return Faces(*sides)

    @property
    def volume(self) -> FloatArray | None:
        """What every element absorbs inside, (n + 2, times, 3); None for nothing."""
        return self._found.volume.swapaxes(0, 1) if self.elements.lengths else None

    def make_field(self, layer: int) -> LayerField:
        """Return the field of layer number i."""
        e, k, inside = self.elements, layer + 1, self._layers[layer + 1]
        d, inflow, m = e.thickness[layer], self.faces.current_right[layer], e.m[k]
        nodes, inner = inside.dofs

        def polynomials(values: FloatArray, absorption: FloatArray) -> Any:
            """Return a field of what functions of the layer have, (times, 2 + k, 3 or 1)."""
            at = np.tensordot(inside.functions, values, (0, 1))
            if e.strong[k]:
                at = at * m
            widths = np.diff(inside.nodes)[:, None]
            return element_field(
                widths, at[nodes], np.moveaxis(at[inner], 1, -1), absorption, inflow
            )

        kappa_d = d * relaxation(e.D[k], e.l[k])
        field = polynomials(self._found.inside[layer], kappa_d)
        lost = polynomials(self._found.lost[layer], kappa_d)
        if k not in e.graded:
            return field._replace(current=lost.current)  # type: ignore[no-any-return]
        own = e.graded[k], inside.nodes
        graded, current = (
            graded_field(*own, x.potential, d, m, inflow, self._j0[:, None]) for x in (field, lost)
        )
        return graded._replace(current=current.current)
