"""From a stack solved per unit current to the numbers of a batch at its currents."""

from __future__ import annotations

import numpy as np

from .._checks import FloatArray, Number
from ..sample.stack import Stack
from ..solvers.transport import Transport


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
    """

    stack: Stack
    j0: Number
    shape: tuple[int, ...]
    transport: Transport

    def scaled(self, per_current: FloatArray, batch_axis: int = 0) -> FloatArray:
        """Give an array per unit current, with one axis of N points, its batch shape and j0."""
        value = per_current.swapaxes(0, batch_axis)
        if not self.shape:
            return np.asarray(value[0] * self.j0)
        rest = value.shape[1:]
        value = np.broadcast_to(value, (self.transport.elements.points, *rest))
        j0 = np.asarray(self.j0).reshape(np.shape(self.j0) + (1,) * len(rest))
        return np.asarray(value.reshape(self.stack.shape + rest) * j0)

    def shaped(self, value: FloatArray) -> Number:
        """Give an array (N,) that does not depend on the current its batch shape."""
        if not self.shape:
            return float(value[0])
        if value.size > 1:
            value = value.reshape(self.stack.shape)
        return np.broadcast_to(value, self.shape).copy()

    def columns(self, positions: FloatArray) -> FloatArray:
        """Turn positions (..., q) into (q, N), or (q, 1) if they do not vary."""
        if positions.ndim > 1:
            positions = np.broadcast_to(positions, (*self.stack.shape, positions.shape[-1]))
        return positions.reshape(-1, positions.shape[-1]).T
