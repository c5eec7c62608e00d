r"""Faces: eqs. (5), (6) and mu_s || m, what they leave free, and what is found there.

At a transparent interface mu_s is continuous, eq. (5), and so is the spin current along the
magnetization, eq. (6); across it, the ferromagnet absorbs the spin current, eq. (10), and this is
the torque. There are two forms of it:

- **Rods**, for the condensed path (`plan`): a face next to a ferromagnet leaves mu_s one direction,
  the rod of the mechanical analogy; two ferromagnets in contact that are not collinear leave it
  none.
- **Rows** ``C u = 0``, for the saddle-point path: one multiplier per row. The multiplier of a face
  is the spin current through it, in A/m2, positive towards +x; on the normal side where there is
  one. Its part along m is eq. (6); its part across m is the torque.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._checks import BoolArray, FloatArray
from ..physics.directions import angle
from .elements import Elements, remembered


def rows(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the constraint rows of the contact of two elements, none of them redundant.

    Parameters
    ----------
    a, b : array, shape (3, 3), (3, 1) or (3, 0)
        Basis of what mu_s can be in the element on the left, on the right: all of space in a
        normal metal, the line of m in a ferromagnet, nothing but zero in a reservoir.

    Returns
    -------
    W_a, W_b : array, shape (r, 3)
        Rows such that ``W_a mu_a - W_b mu_b = 0`` at the interface. r is 3 where a normal metal
        is on either side; 1 for collinear ferromagnets and for one at a reservoir; 2 for
        ferromagnets that cross. With multipliers lambda, ``W^T lambda``, projected on what the
        element admits, is the spin current on its side.
    """
    if 3 in (a.shape[1], b.shape[1]):
        return np.eye(3), np.eye(3)
    if a.shape[1] == b.shape[1] == 1 and not angle(a[:, 0], b[:, 0]).collinear:
        none = np.zeros((1, 3))
        return np.concatenate([a.T, none]), np.concatenate([none, b.T])
    line = a.T if a.shape[1] == 1 else b.T
    return line, line


class Faces(NamedTuple):
    """What a solver finds at the n + 1 faces of a stack, per unit particle current j0.

    The second axis is the point of the batch. Currents are positive towards +x.
    """

    potential_left: FloatArray  # (n + 1, N, 3) mu_s/j0 just left of the face
    potential_right: FloatArray  # (n + 1, N, 3) the same where the face is transparent
    current_left: FloatArray  # (n + 1, N, 3) j_s/j0 just left of the face
    current_right: FloatArray  # (n + 1, N, 3) and just right of it
    absorbed_left: FloatArray  # (n + 1, N, 3) taken up by the magnetization left of the face
    absorbed_right: FloatArray  # (n + 1, N, 3) and by that right of it


@remembered
def check_spin_sink(e: Elements) -> None:
    """Raise ValueError where a uniform mu_s is admissible everywhere and nothing absorbs it.

    Blocking ends and layers without relaxation are not enough for that: two magnetizations that
    are not collinear leave no direction to a uniform mu_s. A ferromagnet whose exchange lengths
    are all infinite admits every direction, as a normal metal does.
    """
    d, l = e.columns["thickness"], e.columns["l"]
    fixed = (k for k in range(1, d.fixed.size - 1) if k not in d.varying and k not in l.varying)
    if any(e.reservoir) or any((d.fixed[k] / l.fixed[k]) ** 2 > 0 for k in fixed):
        return  # at every point
    relaxing = ((e.thickness / e.l[1:-1]) ** 2 > 0).any(axis=0)
    sink = relaxing | (e.lead_stiffness > 0).any(axis=0)
    lost = np.flatnonzero(~sink & _one_line(e))
    if lost.size:
        where = "" if e.points == 1 else f" (at point {lost[0]} of the batch)"
        raise ValueError(
            "no spin sink: a stack must absorb spin somewhere (a finite l, a Reservoir, a Lead "
            "with finite l) or have magnetizations that are not collinear; got spin-blocking ends, "
            f"l = inf in every layer and nothing but collinear magnetizations{where}"
        )


def _one_line(e: Elements) -> BoolArray:
    """Whether the lines that ferromagnets confine a uniform mu_s to are all the same, (N or 1,)."""
    same, found, line = np.array([True]), np.array([False]), np.zeros((1, 3))
    for k in np.flatnonzero(e.magnetic).tolist():
        confines = np.array([True])
        if k in e.lengths:
            lambda_J, lambda_phi = (e.flat(length) for length in e.lengths[k])
            confines = np.isfinite(lambda_J) | np.isfinite(lambda_phi)
        same = same & (angle(line, e.m[k]).collinear | ~(found & confines))
        line = np.where(confines[:, None], e.m[k], line)
        found = found | confines
    return same
