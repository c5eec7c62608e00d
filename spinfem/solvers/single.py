"""A single stack of plain metals in two compiled calls (`spinfem.numerics.fast`).

A two-port or a rod of such a stack is a few numbers, for which a whole-array operation takes much
longer than the arithmetic: 25 layers take 15 us here, and 170 us in `spinfem.solvers.condensed`.
"""

from __future__ import annotations

from typing import NamedTuple

from .._checks import FloatArray, IntArray
from ..fem import element, mesh
from ..numerics import chain, fast
from ..physics.directions import COLLINEAR_REST
from . import rods
from .elements import Column, Elements


class Solved(NamedTuple):
    """What `condensed` otherwise finds step by step; then the same as compiled code has it.

    Attributes
    ----------
    ports, links, balance, amplitudes, pulled
        As in `condensed.Condensed`.
    kernels : Kernels
        Compiled functions.
    at : Layout
        Rods and links.
    p, m : array, shapes (n + 2,) and (n + 2, 3)
        Polarizations and magnetizations.
    layers : tuple
        What `kernels.condense` was called with.
    two_ports : tuple of two arrays
        What it returned: `ports` and `links`.
    """

    ports: rods.Links
    links: rods.Links
    balance: rods.Balance
    amplitudes: tuple[FloatArray, FloatArray]
    pulled: FloatArray
    kernels: fast.Kernels
    at: rods.Layout
    p: FloatArray
    m: FloatArray
    layers: tuple[FloatArray | IntArray | float, ...]
    two_ports: tuple[FloatArray, ...]


def solve(e: Elements, at: rods.Layout, counts: IntArray, degree: int) -> Solved | None:
    """Solve a stack from its numbers, if it is single and there is compiled code.

    Parameters
    ----------
    e : Elements
        The stack's numbers.
    at : Layout
        Its rods and links.
    counts : array of int, shape (n,)
        Number of finite elements of every layer.
    degree : int
        Their degree.
    """
    compiled = fast.kernels()
    if compiled is None or e.shape or e.nodes:
        return None
    D, l, p, m, thickness = (e.columns[key].fixed for key in ("D", "l", "p", "m", "thickness"))
    mass, eigenvalues, coupling, *_ = element.reference_element(degree)
    layers = (D, l, thickness, at.face, counts, mesh.GRADING, mass, eigenvalues, coupling)
    two_ports = ports, links = compiled.condense(*layers)
    where = (at.face, at.pinned, at.magnets, at.own, at.contact)
    *balance, (left, right), pulled = compiled.balance(
        p, m, *where, links, COLLINEAR_REST, chain.TIED
    )
    B, S = (Column(a, {}) for a in ports)
    joined = rods.Links(*(Column(a, {}) for a in links))
    found = rods.Links(B, S, S), joined, rods.Balance(*balance), (left, right), pulled
    return Solved(*found, compiled, at, p, m, layers, two_ports)
