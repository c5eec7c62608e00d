r"""Hodographs of any stack in one plane, folded as the paper's Discussion says.

Between two neighbouring rods mu_s and j_s of the normal metals lie in the plane of these two. The
planes on either side of a ferromagnet share its rod, so that they fold about it like sheets of
paper: rod after rod is laid down in one plane at its true angle from the one before. Lengths and
angles within a sheet stay what they are. Where the sheets are folded out by more than 90 degrees
the next rod goes on turning as before, else it turns back; so a coplanar stack keeps its true
picture.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from typing import NamedTuple

import numpy as np

from .._checks import FloatArray
from ..physics.directions import across
from ..results.solved import SolvedStack
from ..sample.pieces import Layer, Lead
from ..solvers.elements import check_plain


class Folded(NamedTuple):
    """Hodographs in a plane; the first rod points up, along the second coordinate.

    Attributes
    ----------
    names : tuple of str
        Of the ferromagnets; an unnamed lead is "left lead" or "right lead".
    angles : array, shape (f,)
        Of every rod from the first, degrees, clockwise.
    rods : array, shape (f, 2)
        Their directions.
    potential, current : tuple of array, shape (n, 2)
        mu_s, V, and j_s, A/m2, of every layer.
    current_left, current_right : array, shape (n + 1, 2)
        j_s on the left and on the right of every face, A/m2.
    sheets : array, shape (n + 1, 3, 2)
        What lays a vector down: ``vector @ sheets[face]``.
    """

    names: tuple[str, ...]
    angles: FloatArray
    rods: FloatArray
    potential: tuple[FloatArray, ...]
    current: tuple[FloatArray, ...]
    current_left: FloatArray
    current_right: FloatArray
    sheets: FloatArray


def fold(solution: SolvedStack) -> Folded:
    """Return the hodographs of a single solution, folded into one plane.

    Raises
    ------
    ValueError
        If the solution is a batch, or the stack has no ferromagnet, or more than transparent
        interfaces, uniform metals and strong ferromagnets, or magnetizations that move: hodographs
        then leave their planes.
    """
    if solution.shape:
        raise ValueError(f"folding needs a single solution, got a batch of shape {solution.shape}")
    check_plain("folding", solution.stack)
    solution.check_standing("folding")
    pieces = solution.stack.elements
    magnets = [k for k, e in enumerate(pieces) if isinstance(e, Layer | Lead) and e.m is not None]
    if not magnets:
        raise ValueError("folding needs a ferromagnet, got a stack of normal metals")
    names = tuple(solution.stack.element_names[k] for k in magnets)
    m = np.array([pieces[k].m for k in magnets])  # type: ignore[union-attr]
    steps, senses = [_angle(a, b) for a, b in itertools.pairwise(m)], _senses(m)
    angles = np.concatenate([[0.0], np.cumsum(senses * steps)])
    rods = np.stack([np.sin(angles), np.cos(angles)], axis=1)

    def between(left: int, right: int) -> FloatArray:
        """Sheet of what has the element `left` on its left and `right` on its right, or is both."""
        before = bisect_right(magnets, left) - 1
        after = bisect_left(magnets, right)
        return _sheet(before, after, m, rods, senses)

    sheets = [between(i, i + 1) for i in range(len(pieces) - 1)]
    flat = [
        (layer.spin_potential @ sheet, layer.spin_current @ sheet)
        for k, layer in enumerate(solution.layers, start=1)
        for sheet in [between(k, k)]
    ]
    faces = list(zip(solution.interfaces, sheets, strict=True))
    return Folded(
        names,
        np.degrees(angles),
        rods,
        tuple(mu for mu, _ in flat),
        tuple(j for _, j in flat),
        np.array([face.spin_current_left @ sheet for face, sheet in faces]),
        np.array([face.spin_current_right @ sheet for face, sheet in faces]),
        np.array(sheets),
    )


def _angle(a: FloatArray, b: FloatArray) -> float:
    """Angle between two unit vectors, right at 0 and pi too."""
    return float(2 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b)))


def _senses(m: FloatArray) -> FloatArray:
    """1 or -1: whether every step from rod to rod turns on like the first one, or back."""
    normal, sense, senses = np.zeros(3), 1.0, []
    for a, b in itertools.pairwise(m):
        new = np.cross(a, b)
        if np.linalg.norm(new) > 1e-12:  # else the sheet is a line
            if normal @ new < 0:
                sense = -sense
            normal = new
        senses.append(sense)
    return np.array(senses)


def _sheet(
    before: int, after: int, m: FloatArray, rods: FloatArray, senses: FloatArray
) -> FloatArray:
    """Return the matrix, shape (3, 2), that lays down the sheet between two rods, by number.

    The same number twice, or one that there is not, leaves the line of the other.
    """
    if before < 0 or after == len(m) or before == after:
        own = after if before < 0 else before
        return np.outer(m[own], rods[own])
    line = np.outer(m[before], rods[before])
    side = across(m[after], m[before])
    length = np.linalg.norm(side)
    if length == 0.0:
        return line
    clockwise = np.array([rods[before, 1], -rods[before, 0]])
    return line + np.outer(side / length, senses[before] * clockwise)
