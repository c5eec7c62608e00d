"""Rings in balance: the two-ports of `network` solved for the potentials of its nodes.

The chain is solved for the rings, eqs. (9) with blocks of 3 by 3; the residual of the balance is
then formed from differences of neighbouring potentials, and what it asks for is added in twice the
digits of a double, until that is little.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray
from ..numerics import vectorchain
from .network import Network, Spring, apply, blocks, cut, projectors

MOST = 5
"""Corrections of the rings by what is left of the balance; most stacks take one."""
ENOUGH = 1e-14
"""Of the largest spin current: a smaller rest is rounding.

Beside layers of d/l = 1e-12 one correction leaves errors of 1e-7 in j_s.
"""


class Ports(NamedTuple):
    """All two-ports of a network at some points, as matrices of shape (k, N, 3, 3)."""

    B: FloatArray
    S_left: FloatArray
    S_right: FloatArray
    drive_left: FloatArray  # (k, N, 3) j_s/j0 through the left end, without mu_s
    drive_right: FloatArray

    def transposed(self) -> Ports:
        """Return the same with all conductances transposed."""
        B, S_left, S_right = (a.swapaxes(-1, -2) for a in (self.B, self.S_left, self.S_right))
        return self._replace(B=B, S_left=S_left, S_right=S_right)

    def undriven(self) -> Ports:
        """Return the same without drives."""
        none = np.zeros_like(self.drive_left)
        return self._replace(drive_left=none, drive_right=none)


class Rings(NamedTuple):
    """A solved network at some points."""

    potential: FloatArray  # (k + 1, N, 3) of all nodes
    flow_left: FloatArray  # (k, N, 3) j_s through the left end of every two-port
    flow_right: FloatArray


class Shift(NamedTuple):
    """By what two-ports see the nodes at their ends shifted, shape (k, N, 3) each."""

    left: FloatArray
    right: FloatArray


class Balance:
    """The forces on all rings, as a factored system.

    Parameters
    ----------
    net : Network
        The stack.
    points : slice
        Which points of the batch.
    transposed : bool
        Whether everything that precesses turns the other way round.
    """

    def __init__(self, net: Network, points: slice, transposed: bool = False) -> None:
        width = points.stop - points.start
        ports = _ports(net, points, width)
        P = projectors(net, points)
        springs = {
            node: np.broadcast_to(spring_matrix(s, points), (width, 3, 3))
            for node, s in net.springs.items()
        }
        if transposed:
            ports = ports.transposed()
            springs = {node: pull.swapaxes(-1, -2) for node, pull in springs.items()}
        B = ports.B
        diagonal = ports.S_right[:-1] + B[:-1] + ports.S_left[1:] + B[1:]
        for node, pull in springs.items():
            diagonal[node - 1] += pull
        hold = np.eye(3) - P
        lower, upper = P[1:] @ -B[1:-1] @ P[:-1], P[:-1] @ -B[1:-1] @ P[1:]
        self._ports, self._springs, self._free = ports, springs, P
        self._factors = vectorchain.factor(P @ diagonal @ P + hold * _scale(diagonal), lower, upper)
        self._shape = (len(net.segments) + 1, width, 3)

    def solve(self, shift: Shift | None = None) -> Rings:
        """Solve for the rings: driven by j0 = 1, or by a shift and no current."""
        ports = self._ports
        whole, rest = np.zeros((2, *self._shape))
        if shift is None:
            none = np.zeros((len(ports.B), *self._shape[1:]))
            shift = Shift(none, none)
        else:
            ports = ports.undriven()
        flows = _flows(ports, shift, whole, rest)
        for step in range(1 + MOST):
            residual = flows[1][:-1] - flows[0][1:]
            for node, pull in self._springs.items():
                residual[node - 1] -= apply(pull, whole[node] + rest[node])
            residual = apply(self._free, residual)
            largest = max(np.abs(flow).max() for flow in flows)
            if step > 1 and np.abs(residual).max(initial=0.0) <= ENOUGH * largest:
                break
            rest[1:-1] += vectorchain.solve(self._factors, residual)
            whole, rest = _two_sum(whole, rest)
            flows = _flows(ports, shift, whole, rest)
        return Rings(whole + rest, *flows)


def _two_sum(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the sum of two arrays, and what rounding takes from it, exactly."""
    total = a + b
    own = total - a
    return total, (a - (total - own)) + (b - own)


def _scale(diagonal: FloatArray) -> FloatArray:
    """A number of the size of every block, shape (k, N, 1, 1), so that no inverse overflows."""
    size = np.abs(diagonal).max(axis=(-2, -1), keepdims=True)
    return np.where(size > 0, size, 1.0)


def spring_matrix(spring: Spring, points: slice) -> FloatArray:
    """Return what pulls a ring back to its rod, (N, 3, 3), S/m2."""
    G, m = cut(spring.G, points), cut(spring.m, points)
    return blocks(np.zeros(G.shape), G, m)


def _ports(net: Network, points: slice, width: int) -> Ports:
    def gather(columns: Iterable[NDArray[Any]]) -> NDArray[Any]:
        values = [cut(column, points) for column in columns]
        if width == 1:
            return np.array(values)
        return np.array([np.broadcast_to(v, (width, *v.shape[1:])) for v in values])

    segments = net.segments
    m = gather(s.m for s in segments)
    parts = [
        blocks(gather(s.along[i] for s in segments), gather(s.across[i] for s in segments), m)
        for i in range(3)
    ]
    drives = [gather(s.source[i] for s in segments)[..., None] * m for i in range(2)]
    return Ports(*parts, *drives)


def _flows(
    ports: Ports, shift: Shift, whole: FloatArray, rest: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the spin currents through both ends of every two-port."""
    left, right = whole[:-1] + shift.left, whole[1:] + shift.right
    through = apply(ports.B, (left - right) + (rest[:-1] - rest[1:]))
    inflow = ports.drive_left + through + apply(ports.S_left, left + rest[:-1])
    outflow = ports.drive_right + through - apply(ports.S_right, right + rest[1:])
    return inflow, outflow
