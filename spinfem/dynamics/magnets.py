r"""Magnets that move, and what couples them besides the torques.

x is the film normal, along the stack, as everywhere in spinfem. In mumax3, OOMMF and most others it
is z: their axes x, y and z are y, z and x here, so that a vector (a, b, c) there is (c, a, b) here.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .._checks import (
    FloatArray,
    Number,
    finite,
    is_seen,
    nonnegative,
    positive,
    read_only,
    unit_vector,
)
from ..constants import MU_0
from ..sample.pieces import freeze
from ..sample.units import MAGNETIZATION, notice

ASYMMETRY = 1e-9
"""Of a symmetric tensor, in its largest component: more than computed ones have."""


@dataclass(frozen=True, eq=False)
class Magnet:
    r"""What the magnetization of a ferromagnet, or of a group of layers, needs in order to move.

    Together with its thickness and m, which the stack has, or its volume in a device: a group moves
    as one macrospin, whose thickness is that of its ferromagnetic layers. The energy per volume is
    ``-K (m.e)^2 + (mu_0 M_s^2/2) m.N m``, with e along the axis.

    x is the film normal, along the stack, as everywhere in spinfem; in mumax3 and OOMMF that is z
    (a vector (a, b, c) there is (c, a, b) here). So a thin film has ``demag=(1, 0, 0)``, and an
    axis (1, 0, 0) is perpendicular to it.

    Parameters
    ----------
    Ms : float or array
        Saturation magnetization, A/m; positive. From mu_0 M_s in T: `from_mu0_Ms`.
    alpha : float or array
        Gilbert damping without spin pumping; zero or positive.
    demag : array, shape (..., 3) or (..., 3, 3)
        Demagnetizing factors N along x, y and z, as of `demagnetizing_factors`; or the symmetric
        tensor, for other axes. An array with (3, 3) at the end of its shape is always a tensor: a
        batch of three is given as tensors, ``N[:, :, None] * np.eye(3)``.
    K : float or array
        Uniaxial anisotropy, J/m3; with K > 0 the axis is easy, with K < 0 hard.
    axis : array, shape (..., 3)
        Its axis; of any length but zero. Default: z, in the film.
    held : bool
        Whether it does not move. A held magnet is only given for what its M_s does to others.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.

    Warns
    -----
    UnitWarning
        If no sample has such an M_s: in T or kA/m it is likely meant.

    Examples
    --------
    >>> import spinfem as sf
    >>> N = sf.demagnetizing_factors(4e-9, 60e-9, 130e-9)
    >>> sf.Magnet(8e5, alpha=0.01, demag=N).alpha
    0.01
    """

    Ms: Number
    alpha: Number
    demag: FloatArray
    K: Number
    axis: FloatArray
    held: bool

    def __init__(
        self,
        Ms: ArrayLike,
        *,
        alpha: ArrayLike = 0.0,
        demag: ArrayLike = (0.0, 0.0, 0.0),
        K: ArrayLike = 0.0,
        axis: ArrayLike = (0.0, 0.0, 1.0),
        held: bool = False,
    ) -> None:
        if not isinstance(held, bool | np.bool_):
            raise TypeError(f"held of a magnet must be True or False, got {held!r}")
        freeze(
            self,
            Ms=positive("Ms (saturation magnetization) of a magnet", Ms),
            alpha=nonnegative("alpha (damping) of a magnet", alpha),
            demag=_factors("demag (demagnetizing factors) of a magnet", demag),
            K=finite("K (anisotropy) of a magnet", K),
            axis=unit_vector("axis (of the anisotropy) of a magnet", axis),
            held=bool(held),
        )
        notice(MAGNETIZATION, "Ms (saturation magnetization) of a magnet", self.Ms)

    @classmethod
    def from_mu0_Ms(cls, mu0_Ms: ArrayLike, **others: Any) -> Self:
        """Return the magnet of a given mu_0 M_s.

        Parameters
        ----------
        mu0_Ms : float or array
            T; positive. (1 T is 7.958e5 A/m.)
        **others
            As of `Magnet`.
        """
        flux_density = positive("mu0_Ms (mu_0 times saturation magnetization)", mu0_Ms)
        return cls(flux_density / MU_0, **others)


@dataclass(frozen=True, eq=False)
class Coupling:
    r"""What couples two magnets besides the torques.

    Energies per area, J/m2: ``-J_1 m_a.m_b - J_2 (m_a.m_b)^2 + mu_0 M_a M_b t_a m_a.N m_b``, where
    M is M_s. So the dipolar field of b at a is ``H_a = -M_b N m_b``, and that of a at b is ``H_b =
    -M_a (t_a/t_b) N m_a``: reciprocity, for one area of the pillar. In a device t are volumes, and
    couplings dipolar ones alone.

    Parameters
    ----------
    a, b : str
        Names of two ferromagnets or groups. One of them may be held, even a lead; for the dipolar
        part it needs an M_s all the same: ``magnets={..., "fixed": Magnet(1.4e6, held=True)}``.
    exchange : float or array
        Bilinear J_1, J/m2; positive where parallel is lower.
    biquadratic : float or array
        J_2, J/m2; negative where perpendicular is lower.
    dipolar : array, shape (..., 3) or (..., 3, 3), optional
        N along x, y and z, as of `dipolar_tensor`; or the symmetric tensor, for other places. An
        array with (3, 3) at the end of its shape is always a tensor, as in `Magnet`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.
    """

    a: str
    b: str
    exchange: Number
    biquadratic: Number
    dipolar: FloatArray | None

    def __init__(
        self,
        a: str,
        b: str,
        *,
        exchange: ArrayLike = 0.0,
        biquadratic: ArrayLike = 0.0,
        dipolar: ArrayLike | None = None,
    ) -> None:
        for key, name in (("a", a), ("b", b)):
            if not is_seen(name):
                raise TypeError(
                    f"{key} of a coupling must be the name of a ferromagnet, got {name!r}"
                )
        if a == b:
            raise ValueError(f"a coupling must be between two magnets, got {a!r} twice")
        what = f"of the coupling of {a!r} and {b!r}"
        freeze(
            self,
            a=a,
            b=b,
            exchange=finite(f"exchange (J_1) {what}", exchange),
            biquadratic=finite(f"biquadratic (J_2) {what}", biquadratic),
            dipolar=None if dipolar is None else _factors(f"dipolar (tensor) {what}", dipolar),
        )

    @property
    def names(self) -> tuple[str, str]:
        """Names of both."""
        return self.a, self.b


def is_tensor(N: FloatArray) -> bool:
    """Whether an array is of shape (..., 3, 3): tensors, and no factors along x, y and z."""
    return N.ndim > 1 and N.shape[-2] == 3


def tensor(N: FloatArray) -> FloatArray:
    """Return factors along x, y and z, or tensors, as tensors, shape (..., 3, 3)."""
    return N if is_tensor(N) else N[..., None] * np.eye(3)


def shapes_of(description: Magnet | Coupling) -> Iterator[tuple[int, ...]]:
    """Return the shapes of the batches of all arrays of a magnet or coupling."""
    for key, value in vars(description).items():
        if isinstance(value, np.ndarray):
            own = {"axis": 1, "demag": 1 + is_tensor(value), "dipolar": 1 + is_tensor(value)}
            yield value.shape[: value.ndim - own.get(key, 0)]


def _factors(quantity: str, value: ArrayLike) -> FloatArray:
    """Return factors (..., 3) or symmetric tensors (..., 3, 3), read-only."""
    N = np.array(finite(quantity, value), dtype=float)
    if N.ndim == 0 or N.shape[-1] != 3:
        raise ValueError(
            f"{quantity} must have 3 factors, along x, y and z, on its last axis, or be tensors of "
            f"shape (3, 3), got shape {N.shape}"
        )
    if is_tensor(N):
        turned = N.swapaxes(-1, -2)
        if np.any(np.abs(N - turned) > ASYMMETRY * np.abs(N).max()):
            raise ValueError(
                f"{quantity} must be symmetric as a tensor (and with (3, 3) at the end of its "
                "shape it is one: a batch of 3 is given as tensors, N[:, :, None] * np.eye(3)), "
                f"got {reprlib.repr(N.tolist())}"
            )
        N = (N + turned) / 2
    return read_only(N)
