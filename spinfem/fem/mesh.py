r"""From layers to meshes: graded towards the faces, broken between the layers.

The coordinate is xi, which runs from 0 to 1 across a layer. On the mesh of a stack, layer number i
(from 0) lies on [i, i + 1]: so the thickness of a layer is exact, be it 1e-12 of the stack's.
"""

from __future__ import annotations

import logging

import numpy as np
from skfem import ElementLinePp, MeshLine

from .._checks import FloatArray
from ..numerics.layers import GRADING, distance, half_of, width
from ..sample.stack import Stack

DEGREE = 12
"""Default degree of the elements."""
DEEP = 30.0
"""Decay lengths from a face, behind which exp(-x/l) is rounding: 1e-13."""


def line_element(degree: int) -> ElementLinePp:
    """Return scikit-fem's hierarchical element, without its advice to take another one."""
    log = logging.getLogger(ElementLinePp.__module__)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        return ElementLinePp(degree)
    finally:
        log.setLevel(level)


def widths(thickness: FloatArray, n: int, own: FloatArray | None = None) -> FloatArray:
    """Return widths of the elements of a layer, graded towards both faces.

    The density of nodes falls off from a face as exp(-x/14.5 l): what an element of degree 12 must
    resolve, exp(-x/l), gets smaller and its width may grow with the 13th root of it. Up to some
    l this is uniform; at any thickness the first elements stay about 2 l wide.

    Parameters
    ----------
    thickness : array, shape (k,)
        d/l of every layer.
    n : int
        Number of elements.
    own : array, shape (n' + 1,), optional
        Nodes that the layers come with, from 0 to 1; they are taken, whatever the rest.

    Returns
    -------
    array, shape (n, k), or (n', 1) of own nodes
        Widths in units of d; they sum to 1.
    """
    if own is not None:
        return np.diff(own)[:, None]
    first = half_widths(thickness, n)
    return np.concatenate([first, first[: n // 2][::-1]])


def half_widths(thickness: FloatArray, n: int) -> FloatArray:
    """Return those on the left of the middle, with that of the element that holds it, if any."""
    half = half_of(np.asarray(thickness, dtype=float))
    count = (n + 1) // 2
    ends = [distance(i, n, half) for i in range(count + 1)]
    found = [width(i, n, *ends[i : i + 2]) for i in range(count)]
    return np.array([np.broadcast_to(h, np.shape(half)) for h in found])


def layer_nodes(thickness: FloatArray, n: int, own: FloatArray | None = None) -> FloatArray:
    """Return nodes of a layer's mesh, shape (n + 1, k), from 0 to 1; see `widths`."""
    if own is not None:
        return own[:, None]
    inner = np.cumsum(widths(thickness, n), axis=0)[:-1]
    ends = np.zeros((1, inner.shape[1]))
    return np.concatenate([ends, inner, ends + 1])


def largest_element(steps: FloatArray) -> FloatArray:
    """Return what size the elements of a layer count as, in decay lengths.

    It is that of the largest, but one at a distance of x decay lengths from the nearer face counts
    as exp(-x/14.5) of its size, and one behind `DEEP` of them not at all: as in `widths`, what is
    to be resolved there is so much less.

    Parameters
    ----------
    steps : array, shape (n, k)
        Widths of the elements of k layers, in decay lengths.

    Returns
    -------
    array, shape (k,)
    """
    before = np.cumsum(steps, axis=0) - steps
    behind = np.cumsum(steps[::-1], axis=0)[::-1] - steps
    depth = np.minimum(before, behind)
    felt = np.where(depth <= DEEP, steps * np.exp(-np.minimum(depth, DEEP) / GRADING), 0.0)
    largest: FloatArray = felt.max(axis=0)
    return largest


def divided(nodes: FloatArray, n: int) -> FloatArray:
    """Return nodes with every element between them divided into n equal ones."""
    inner = nodes[:-1, None] + np.diff(nodes)[:, None] * np.arange(n) / n
    return np.append(inner.ravel(), nodes[-1])


def stack_mesh(stack: Stack, nodes: list[FloatArray]) -> MeshLine:
    """Return one broken mesh for all layers of a single stack.

    Nodes at interfaces are doubled, and every layer is a subdomain under its name.

    Parameters
    ----------
    stack : Stack
        Its layers' names are used.
    nodes : list of array
        Nodes of every layer, from 0 to 1.
    """
    points, cells, subdomains = [], [], {}
    first_node = first_cell = 0
    for i, (layer, own) in enumerate(zip(stack.layers, nodes, strict=True)):
        n = len(own) - 1
        points.append(i + own)
        start = np.arange(first_node, first_node + n)
        cells.append(np.stack([start, start + 1]))
        subdomains[layer.name] = np.arange(first_cell, first_cell + n)
        first_node, first_cell = first_node + n + 1, first_cell + n
    mesh = MeshLine(np.concatenate(points)[None], np.concatenate(cells, axis=1))
    return mesh.with_subdomains(subdomains)
