"""From a stack solved per unit current to the numbers of a batch at its currents.

What is given at the ends of a stack drives it whatever the current is: a result is the current
times what a unit of it drives, and what the ends drive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from .._checks import FloatArray, Number
from ..sample.stack import Stack
from ..solvers.transport import Transport, Values


class Scaled:
    """A stack solved per unit current, and the current that scales what was found.

    Points of a batch stand flattened on one axis of N in what solvers find, and in the batch's
    shape, in front, in all results.

    Attributes
    ----------
    stack : Stack
        The sample.
    j0 : float or array
        Particle current, A/m2, positive when electrons flow towards +x.
    shape : tuple of int
        Shape of the batch: the stack's and that of j0, broadcast.
    transport : Transport
        What a solver found, per unit j0.
    transports : tuple of Transport
        It and, if mu_s or a spin current is given at an end, what the ends drive.
    frequency : float, array or None
        Of what swings, Hz; None if nothing does.
    """

    stack: Stack
    j0: Number
    shape: tuple[int, ...]
    transport: Transport
    transports: tuple[Transport, ...]
    frequency: Number | None

    @property
    def factor(self) -> Number:
        """What a result per unit current is multiplied by: the current."""
        return self.j0

    def check_real(self, what: str) -> None:
        """Raise ValueError at a frequency, for what is made of real numbers alone."""
        if self.frequency is not None:
            raise ValueError(
                f"{what} must be of a stationary solution, got one at a frequency: its numbers "
                "are complex amplitudes"
            )

    def scaled(self, found: Sequence[FloatArray], batch_axis: int = 0) -> FloatArray:
        """Return a result that is linear in what drives the stack, in the shape of the batch.

        Parameters
        ----------
        found : sequence of array
            It of each of the `transports`, with one axis of N points.
        batch_axis : int
            Which axis that is.
        """
        per_current, *of_ends = found
        total = self.multiplied(per_current, self.factor, batch_axis)
        for values in of_ends:
            total = total + self.multiplied(values, 1.0, batch_axis)
        return total

    def all_scaled(self, found: Sequence[Values]) -> list[FloatArray]:
        """Return several such results, found together; their second axis is that of the points."""
        return [self.scaled(values, 1) for values in zip(*found, strict=True)]

    def multiplied(self, values: FloatArray, factor: Number, batch_axis: int = 0) -> FloatArray:
        """Give an array with one axis of N points its batch shape, times a factor of that shape."""
        value = values.swapaxes(0, batch_axis)
        if not self.shape:
            return np.asarray(value[0] * factor)
        rest = value.shape[1:]
        value = np.broadcast_to(value, (self.transport.elements.points, *rest))
        factor = np.asarray(factor).reshape(np.shape(factor) + (1,) * len(rest))
        return np.asarray(value.reshape(self.transport.elements.shape + rest) * factor)

    def shaped(self, value: FloatArray) -> Number:
        """Give an array (N,) that does not depend on the current its batch shape."""
        if not self.shape:
            return cast(Number, value[0].item())
        if value.size > 1:
            value = value.reshape(self.transport.elements.shape)
        return np.broadcast_to(value, self.shape).copy()

    def columns(self, positions: FloatArray) -> FloatArray:
        """Turn positions (..., q) into (q, N), or (q, 1) if they do not vary."""
        if positions.ndim > 1:
            positions = np.broadcast_to(
                positions, (*self.transport.elements.shape, positions.shape[-1])
            )
        return positions.reshape(-1, positions.shape[-1]).T
