"""Errors of a solution against a better one of the same stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.polynomial import legendre

from .._checks import FloatArray
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..fem.fields import ElementField, LayerField, SumField, piecewise
from ..fem.graded import GradedField
from ..physics.bulk import total_conductivity
from ..solution import Solution
from ..solvers.transport import Transport

NO_TORQUE = 1e-13
"""Of the largest ``|j_s|`` and ``|p j0|``: smaller torques are rounding and have no errors."""
BLOCK = 1024
"""Elements that are integrated over together: their values at 24 points each stay small."""


INTEGRALS = ("L2", "H1", "spin current")
"""Errors that are integrated over the layers."""


def errors_of(
    solution: Solution, reference: Solution, resolved: Sequence[FloatArray]
) -> dict[str, float]:
    """Return the relative errors of a single stack.

    Parameters
    ----------
    solution, reference : Solution
        Of the same stack and current.
    resolved : sequence of array
        Of every layer nodes from 0 to 1 that resolve the reference; errors are integrated between
        these and the nodes of the solution.

    Returns
    -------
    dict of float
        "torque" and "differentiated torque", of the largest torque, nan where there is none but
        for rounding; "dr"; and "L2" and "H1" of mu_s and "spin current", in L2.
    """
    squares = np.zeros((len(INTEGRALS), 2))
    for layer, nodes in enumerate(resolved):
        d = float(solution.transport.elements.thickness[layer, 0])
        squares += d * _integrals(solution, reference, layer, nodes)
    found = {
        name: float(np.sqrt(error / (size or 1.0)))
        for name, (error, size) in zip(INTEGRALS, squares.tolist(), strict=True)
    }
    exact = reference.torques
    size = np.abs(exact).max(initial=0.0)
    found["torque"] = found["differentiated torque"] = float("nan")
    if size > NO_TORQUE * TORQUE_PER_SPIN_CURRENT * _largest_current(reference):
        found["torque"] = float(np.abs(solution.torques - exact).max() / size)
        found["differentiated torque"] = _differentiated(solution, reference)
    dr = complex(reference.spin_resistance)
    found["dr"] = abs(complex(solution.spin_resistance) - dr) / (abs(dr) or 1.0)
    return found


def _largest_current(solution: Solution) -> float:
    """Return the largest ``|j_s|`` and ``|p j0|`` of a single stack, A/m2."""
    p, faces = solution.transport.elements.p, solution.interfaces
    currents = [face.spin_current_left for face in faces]
    currents += [face.spin_current_right for face in faces]
    return float(max(np.abs(currents).max(), np.abs(p).max() * np.abs(solution.j0).max()))


def _terms(solution: Solution) -> list[tuple[Transport, float]]:
    """Return what fields are sums of: that of a unit current, or what drives the stack in all."""
    transport = solution.transport
    if transport.of_ends is None:
        return [(transport, 1.0)]
    return [(transport, float(np.asarray(solution.j0))), (transport.of_ends, 1.0)]


def _integrals(
    solution: Solution, reference: Solution, layer: int, resolved: FloatArray
) -> FloatArray:
    """Squares of `INTEGRALS` and of what they are relative to, over xi and any j0^2, (3, 2)."""
    terms, better = _terms(solution), _terms(reference)
    nodes = np.union1d(_nodes(solution.transport.field(layer)), resolved)
    d = float(solution.transport.elements.thickness[layer, 0])
    y, weights = legendre.leggauss(24)
    total = np.zeros((len(INTEGRALS), 2))
    for first in range(0, nodes.size - 1, BLOCK):
        part = nodes[first : first + BLOCK + 1]
        half = np.diff(part) / 2
        xi = (part[:-1, None] + half[:, None] * (1 + y)).reshape(-1, 1)
        weight = (half[:, None] * weights).ravel()
        (mu, j), (exact_mu, exact_j) = (
            np.sum([factor * np.array(t.field(layer).evaluate(xi)) for t, factor in some], axis=0)[
                ..., 0, :
            ]
            for some in (terms, better)
        )
        slope = np.sum([factor * _slope(t.field(layer), xi) for t, factor in terms], axis=0)
        slopes = [factor * _exact_slope(t, layer, xi) for t, factor in better]
        exact_slope = np.sum(slopes, axis=0)
        pairs = ((mu, exact_mu), (slope / d, exact_slope / d), (j, exact_j))
        total += [
            [weight @ (np.abs(v) ** 2).sum(axis=1) for v in (found - exact, exact)]
            for found, exact in pairs
        ]
    return total


def _nodes(field: LayerField) -> FloatArray:
    """Return where polynomials of a layer meet."""
    if isinstance(field, SumField):
        return np.union1d(field.along.nodes, field.across.nodes)
    assert isinstance(field, ElementField | GradedField)
    return field.nodes[:, 0]


def _slope(field: Any, xi: FloatArray) -> FloatArray:
    """Return d mu_s/d xi of a field of polynomials, over j0, shape (q, 3)."""
    if isinstance(field, SumField):
        return _slope(field.along, xi) + _slope(field.across, xi)
    # those of narrow elements at the right end of a thick layer have lost digits in their nodes
    widths = field.widths if isinstance(field, ElementField) else np.diff(field.nodes, axis=0)
    half = widths[..., None, None] / 2
    (slope,) = piecewise(widths, xi, legendre.legder(field.potential, axis=-1) / half)
    return slope[:, 0]


def _exact_slope(transport: Transport, layer: int, xi: FloatArray) -> FloatArray:
    """Return the same of the reference; of the exact stack from j_s, eqs. (2), (3).

    Across m of a ferromagnet with exchange lengths, ``j_s = -(D_tot/2) mu_s'``.
    """
    field, e, k = transport.field(layer), transport.elements, layer + 1
    if hasattr(field.along if isinstance(field, SumField) else field, "nodes"):
        return _slope(field, xi)
    d, D, p, m = e.thickness[layer, 0], e.D[k, 0], e.p[k, 0], e.m[k, 0]
    current = field.evaluate(xi)[1][:, 0]
    slope: FloatArray = 2 * d / D * (transport.j0 * p * m - current)
    if isinstance(field, SumField):
        across = current - (current @ m)[:, None] * m
        slope += 2 * d * (1 / D - 1 / total_conductivity(D, p, e.beta_D[k, 0])) * across
    return slope


def _differentiated(solution: Solution, reference: Solution) -> float:
    """Error of torques from mu_s differentiated on the side of the normal metal; eq. (10)."""
    transport = solution.transport
    e = transport.elements
    if not e.is_plain or e.drives:
        return float("nan")
    exact = reference.transport.all_absorbed()[:, 0]
    found = np.zeros_like(exact)
    for i, k in enumerate(transport.magnets.tolist()):
        for neighbour, sign, end in ((k - 1, 1.0, 1.0), (k + 1, -1.0, 0.0)):
            if 1 <= neighbour < e.magnetic.size - 1 and not e.magnetic[neighbour]:
                unit = e.D[neighbour, 0] / (2 * e.thickness[neighbour - 1, 0])
                current = -unit * _slope(transport.field(neighbour - 1), np.array([[end]]))[0]
                found[i] += sign * (current - (current @ e.m[k, 0]) * e.m[k, 0])
    touching = np.diff(transport.magnets) == 1  # there mu_s says nothing of what is between
    exact[:-1][touching], exact[1:][touching] = 0.0, 0.0
    found[:-1][touching], found[1:][touching] = 0.0, 0.0
    size = float(np.abs(exact).max(initial=0.0))
    return float(np.abs(found - exact).max(initial=0.0)) / (size or 1.0)
