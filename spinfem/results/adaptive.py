r"""Adaptive refinement, steered by the certified bounds of `spinfem.results.certify`.

From one element in every uniform layer on, those are halved that add most to the bounds that are
still too wide. Elements end up small near faces, where mu_s bends, and large in the depth. Graded
layers begin with what resolves their profiles, so that no integral overlooks anything.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .._checks import BoolArray, FloatArray
from ..fem import graded
from ..fem.mesh import DEGREE
from ..solvers.condensed import Condensed
from ..solvers.elements import Elements
from ..solvers.meshed import Meshed
from ..solvers.transport import Transport
from .certify import Certificate, certificate

MARKED = 0.1
"""Of the largest share in what is too wide: elements with more are halved."""
MOST = 100_000
"""Elements in a stack that are not exceeded."""
FLOOR = 1e-5
"""Of the largest ``beta_D m.mu_s`` at a face: a smaller dr is judged against that."""


def refine(
    e: Elements,
    degree: int,
    count: int | None,
    tol: float,
    threads: int,
    advance: Callable[[int], None],
) -> tuple[Elements, Condensed, Certificate]:
    """Return elements with nodes on which the bounds are narrow enough, and what they give.

    Parameters
    ----------
    e : Elements
        The stack's numbers.
    degree : int
        Degree of the elements.
    count : int or None
        Number of elements of every layer to begin with; None: the nodes that it comes with, or 1,
        or what its profile needs.
    tol : float
        Largest distance from what is found to its farther bound: of dr relative to itself, of
        absorbed spin currents relative to the largest of ``|j_s|`` and ``|p j0|``.
    threads : int
        Number of threads that a batch may take.
    advance : callable
        Told of every mesh that was solved, 1 each time.

    Raises
    ------
    ValueError
        If the tolerance cannot be met.
    """
    layers = range(1, e.magnetic.size - 1)
    nodes = {k: _first(e, k, count) for k in layers}
    while True:
        e = e.on_nodes(nodes)
        transport = Condensed(e, Meshed(e, degree, None), threads)
        found = certificate(transport)
        advance(1)
        excess = _errors(transport, found) / tol
        if excess.max() <= 1:
            return e, transport, found
        needed = np.where(excess > 1, excess, 0.0)
        adds = [(shares * needed).sum(axis=1).max(axis=1) for shares in found.shares]
        least = MARKED * max(part.max() for part in adds)
        finer = {k: _halved(nodes[k], part > least) for k, part in zip(layers, adds, strict=True)}
        size, more = (sum(len(own) - 1 for own in new.values()) for new in (nodes, finer))
        if more == size or more > MOST:
            what = "dr" if excess[0].max() == excess.max() else "the torques"
            raise ValueError(
                f"tol must be reachable, got {tol:g}: with {size} elements of degree "
                f"{degree} that of {what} is {excess.max() * tol:.1e}, and elements must not be "
                + ("narrower" if more == size else "more")
            )
        nodes = finer


def _first(e: Elements, k: int, count: int | None) -> FloatArray:
    """Return the nodes of a layer to begin with."""
    if count is None and k in e.nodes:
        return e.nodes[k]
    if count is None and k in e.graded:
        return graded.nodes_for(e.graded[k], float(e.thickness[k - 1].max()), DEGREE, None)
    return np.linspace(0, 1, (count or 1) + 1)


def _errors(transport: Condensed, found: Certificate) -> FloatArray:
    """Return the largest errors that bounds leave open, relative as for `tol`, (1 + 3 f, N).

    Of torques those of the current and those of what is given at the ends, whichever are larger.

    What is found is not in the middle between its bounds; without precession dr is the lower one.
    """
    e, faces = transport.elements, transport.faces
    left, right = transport.amplitudes
    mu = np.abs(e.beta_D[transport.magnets] * np.array([left, right])).max(axis=(0, 1), initial=0.0)
    own = transport.spin_part
    dr = np.maximum(np.abs(found.resistance), FLOOR * mu)
    off = np.abs(found.resistance - own) + found.resistance_room
    currents = np.abs([faces.current_left, faces.current_right]).max(axis=(0, 1, 3))
    scale = np.maximum(currents, np.abs(e.p).max(axis=0))
    torque = _relative(found.torque, found.torque_room, transport, scale)
    if found.of_ends is not None and (ends := transport.of_ends) is not None:
        faces = ends.faces
        currents = np.abs([faces.current_left, faces.current_right]).max(axis=(0, 1, 3))
        torque = np.maximum(torque, _relative(*found.of_ends, ends, currents))
    return np.concatenate([_quotient(off, dr)[None], torque])


def _relative(
    middle: FloatArray, room: FloatArray, transport: Transport, scale: FloatArray
) -> FloatArray:
    """Return the largest errors of what is absorbed, in units of the largest current, (3 f, N)."""
    e = transport.elements
    error = np.abs(middle - e.summed(transport.all_absorbed())) + room
    return _quotient(error.swapaxes(1, 2).reshape(-1, e.points), scale)


def _quotient(errors: FloatArray, scale: FloatArray) -> FloatArray:
    scales = np.broadcast_to(scale, errors.shape)
    return np.divide(errors, scales, out=np.zeros_like(errors), where=errors > 0)


def _halved(nodes: FloatArray, marked: BoolArray) -> FloatArray:
    """Halve some elements, unless they are too narrow for that."""
    middles = (nodes[:-1] + nodes[1:]) / 2
    marked = marked & (np.diff(nodes) > graded.NARROWEST)
    return np.sort(np.concatenate([nodes, middles[marked]]))
