"""A single stack of plain metals in two compiled calls (`spinfem.fast`).

A two-port or a rod of such a stack is a few numbers, for which a whole-array operation takes much
longer than the arithmetic: 25 layers take 15 us here, and 170 us in `spinfem.condensed`.
"""

from __future__ import annotations

from typing import NamedTuple

from . import chain, fast, mesh, rods, twoport
from ._checks import FloatArray, IntArray
from .elements import Column, Elements
from .interfaces import COLLINEAR_REST


class Solved(NamedTuple):
    """What `spinfem.condensed` otherwise finds step by step."""

    ports: rods.Links
    links: rods.Links
    balance: rods.Balance
    amplitudes: tuple[FloatArray, FloatArray]
    pulled: FloatArray


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
    mass, eigenvalues, coupling, *_ = twoport.reference_element(degree)
    ports, links = compiled.condense(
        D, l, thickness, at.face, counts, mesh.GRADING, mass, eigenvalues, coupling
    )
    where = (at.face, at.pinned, at.magnets, at.own, at.contact)
    *balance, at_magnets, pulled = compiled.balance(p, m, *where, links, COLLINEAR_REST, chain.TIED)
    B, S = (Column(a, {}) for a in ports)
    joined = rods.Links(*(Column(a, {}) for a in links))
    left, right = at_magnets
    return Solved(rods.Links(B, S, S), joined, rods.Balance(*balance), (left, right), pulled)
