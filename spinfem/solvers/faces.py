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

from .._checks import FloatArray
from ..physics.directions import angle


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
