"""Meshes of a convergence study: a coarsest one, and those with its elements divided.

The coarsest resolves every layer that it is free to choose for: no element is wider than two decay
lengths, of what relaxes and of what a ferromagnet with exchange lengths takes up, so that a few
refinements later errors fall with their asymptotic rates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre

from .._checks import FloatArray
from ..fem import graded, mesh
from ..solvers.elements import Elements
from ..solvers.meshed import across_mesh

WIDEST = 2.0
"""Decay lengths that an element of the coarsest mesh may have, counted as by `largest_element`."""
ENDS = np.array([0.0, 1.0])


@dataclass(frozen=True, eq=False)
class Meshes:
    """The coarsest mesh of a stack, to be divided.

    Attributes
    ----------
    elements : Elements
        The stack's numbers.
    counts : tuple of int
        Number of elements of every layer.
    nodes : dict of array
        Nodes from 0 to 1 of the layers that do not lie on the meshes of `spinfem.solve`, by element
        of the stack: those that they come with, those that resolve a profile, or both faces of
        what is to be divided into equal parts.
    what : str
        What the meshes are, in words.
    """

    elements: Elements
    counts: tuple[int, ...]
    nodes: dict[int, FloatArray]
    what: str

    def divided(self, n: int) -> tuple[Elements, tuple[int, ...]]:
        """Return the stack's numbers and numbers of elements with n for every one of the mesh."""
        nodes = {
            k: mesh.divided(own, n * self.counts[k - 1] // (len(own) - 1))
            for k, own in self.nodes.items()
        }
        return self.elements.on_nodes(nodes), tuple(n * count for count in self.counts)

    def memory(self, n: int, degree: int) -> float:
        """Return how much memory a study takes at most with n for every element of the mesh, B.

        Elements of graded layers are matrices of their functions, those of others some polynomials.
        """
        functions = degree + 1
        needed = (
            count * (200 * functions + (80 * functions**2 if k in self.elements.graded else 0))
            for k, count in enumerate(self.counts, start=1)
        )
        return float(n) * sum(needed)

    def resolving(self) -> list[FloatArray]:
        """Return nodes of every layer from 0 to 1 that resolve all that decays in it."""
        e = self.elements
        return [
            self.nodes[k] if k in self.nodes else np.unique(mesh.layer_nodes(_decays(e, k), count))
            for k, count in enumerate(self.counts, start=1)
        ]

    def size(self, n: int) -> float:
        """Return h of the largest element with n for every one of the mesh, in decay lengths.

        Elements in the depth of a layer count as `mesh.largest_element` says.
        """
        e, counts = self.divided(n)
        largest = 0.0
        free: dict[int, list[FloatArray]] = {}
        for k, count in enumerate(counts, start=1):
            if k not in e.nodes:
                free.setdefault(count, []).append(_decays(e, k))
                continue
            own = e.nodes[k]
            steps = np.diff(own)[:, None] * _decays(e, k)
            if k in e.graded:
                steps = _graded_steps(e, k, own)
            largest = max(largest, float(mesh.largest_element(steps).max()))
        for count, decays in free.items():
            largest = max(largest, float(_largest(np.concatenate(decays), count).max()))
        return largest


def coarsest(e: Elements, grading: bool) -> Meshes:
    """Return the coarsest mesh of a single stack.

    Layers with nodes of their own lie on these, as coarse as they are.

    Parameters
    ----------
    e : Elements
        The stack's numbers.
    grading : bool
        Whether meshes are those of `spinfem.solve`, or all elements of a layer equally wide, also
        where it comes with nodes.
    """
    layers = range(1, e.magnetic.size - 1)
    if not grading:
        counts = tuple(_equal(_decays(e, k).max()) for k in layers)
        return Meshes(e, counts, dict.fromkeys(layers, ENDS), "equally wide in every layer")
    nodes = dict(e.nodes)
    for k in e.graded.keys() - nodes.keys():
        d = e.thickness[k - 1, 0] * np.sqrt(e.absorbing(k)).real
        nodes[k] = graded.nodes_for(e.graded[k], float(np.max(d)), mesh.DEGREE, None)
    resolved = _counts({k: _decays(e, k) for k in layers if k not in nodes})
    counts = tuple(len(nodes[k]) - 1 if k in nodes else resolved[k] for k in layers)
    own = "those that layers come with, divided" if e.nodes else "graded towards the faces"
    return Meshes(e, counts, nodes, own)


def _decays(e: Elements, k: int) -> FloatArray:
    """Return the thickness of a layer in its decay lengths: l, and the one across m."""
    along = (e.thickness[k - 1] / e.l[k]).real
    return np.append(along, across_mesh(e, k, 1)[0]) if k in e.lengths else along


def _equal(decay: float) -> int:
    """Return into how many equal elements a layer is to be divided, a power of two."""
    return 1 << max(0, int(np.ceil(np.log2(max(decay / WIDEST, 1.0)))))


def _largest(decays: FloatArray, count: int) -> FloatArray:
    """Return the size of the largest of so many elements on the meshes of `spinfem.solve`."""
    return mesh.largest_element(mesh.widths(decays, count) * decays)


def _counts(decays: dict[int, FloatArray]) -> dict[int, int]:
    """Return how many elements each layer needs on the meshes of `spinfem.solve`."""
    found, count = dict.fromkeys(decays, 1), 1
    while decays:
        which = list(decays)
        sizes = _largest(np.concatenate([decays[k] for k in which]), count)
        parts = np.split(sizes, np.cumsum([decays[k].size for k in which])[:-1])
        decays = {k: decays[k] for k, part in zip(which, parts, strict=True) if part.max() > WIDEST}
        count *= 2
        found.update(dict.fromkeys(decays, count))
    return found


def _graded_steps(e: Elements, k: int, nodes: FloatArray) -> FloatArray:
    """Return widths of the elements of a graded layer in decay lengths, (n, 1)."""
    y, weights = legendre.leggauss(4)
    width = np.diff(nodes)[:, None]
    l = graded.profile(e.graded[k].numbers["l"])(nodes[:-1, None] + width * (1 + y) / 2)
    decays = e.thickness[k - 1, 0] * np.sqrt(e.absorbing(k)).real
    steps: FloatArray = decays * ((width / 2 / l) @ weights[:, None])
    return steps
