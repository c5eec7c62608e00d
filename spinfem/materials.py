r"""Metals: what a layer is made of.

Bulk transport is eqs. (2) and (3) of the paper (arXiv:2006.11900): in a normal metal
``j_s = -(D/2) mu_s'``, in a ferromagnet ``j_s = (p j0 - (D/2) mu_s') m``, and in both
``j_s' = -kappa mu_s`` with ``kappa = D/(2 l^2)``, eq. (4). A metal is therefore known by its
conductivity `D`, its spin diffusion length `l` and, for a ferromagnet, its polarization `p`.

Any consistent units do. SI: D in S/m, l in m; plain numbers: the paper's units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import ArrayLike

from ._checks import Number, label, polarization, positive

if TYPE_CHECKING:
    from .stack import Layer


@dataclass(frozen=True, eq=False, kw_only=True)
class Metal:
    """What normal metals and ferromagnets have in common; make one of these instead."""

    D: Number
    l: Number
    name: str | None = None

    def __post_init__(self) -> None:
        self._store(D=positive("D (conductivity)", self.D))
        self._store(l=positive("l (spin diffusion length)", self.l, infinite=True))
        label("name of a material", self.name)

    def _store(self, **checked: Number) -> None:
        for key, value in checked.items():
            object.__setattr__(self, key, value)  # the dataclass is frozen for everyone else

    @property
    def total_conductivity(self) -> Number:
        """Conductivity for charge, S/m."""
        return self.D

    @property
    def stiffness(self) -> Number:
        """``G = D/(2 l)``, S/m2: the stiffness of a half-infinite layer, eqs. (7), (8)."""
        return self.D / (2 * self.l)

    @property
    def relaxation(self) -> Number:
        """``kappa = rho/tau = D/(2 l^2)``, S/m3, of eq. (4)."""
        return self.stiffness / self.l

    def __call__(
        self, thickness: ArrayLike, *, m: ArrayLike | None = None, name: str | None = None
    ) -> Layer:
        """Make a layer of this metal.

        Parameters
        ----------
        thickness : float or array
            Thickness, m; positive.
        m : array, shape (..., 3)
            Direction of the magnetization, for a ferromagnet and only there; any length but
            zero, it is normalized.
        name : str, optional
            Name of the layer; without one it is N1, N2, ... or F1, F2, ... in its stack.

        Raises
        ------
        TypeError, ValueError
            If the thickness, m or the name is not as above.
        """
        from .stack import Layer  # the one import against the order of the modules

        return Layer(self, cast(Number, thickness), m=m, name=name)


@dataclass(frozen=True, eq=False, kw_only=True)
class NormalMetal(Metal):
    """A normal metal, eq. (2).

    Calling it with a thickness makes a layer: ``Cu(10e-9, name="spacer")``.

    Parameters
    ----------
    D : float or array
        Conductivity ``1/rho``, S/m; positive.
    l : float or array
        Spin diffusion length, m; positive, ``inf`` for no spin relaxation.
    name : str, optional
        Name of the material.

    Raises
    ------
    TypeError, ValueError
        If a value is not a number or out of its range.
    """

    @classmethod
    def from_resistivity(
        cls, rho: ArrayLike, *, l: ArrayLike, name: str | None = None
    ) -> NormalMetal:
        """Make a normal metal from its resistivity: ``D = 1/rho``.

        Parameters
        ----------
        rho : float or array
            Resistivity, Ohm m; positive.
        l : float or array
            Spin diffusion length, m.
        name : str, optional
            Name of the material.
        """
        return cls(D=1 / positive("rho (resistivity)", rho), l=cast(Number, l), name=name)

    @classmethod
    def from_conductivity(
        cls, sigma: ArrayLike, *, l: ArrayLike, name: str | None = None
    ) -> NormalMetal:
        """Make a normal metal from its conductivity: ``D = sigma``.

        Parameters
        ----------
        sigma : float or array
            Conductivity, S/m; positive.
        l : float or array
            Spin diffusion length, m.
        name : str, optional
            Name of the material.
        """
        return cls(D=positive("sigma (conductivity)", sigma), l=cast(Number, l), name=name)


@dataclass(frozen=True, eq=False, kw_only=True)
class Ferromagnet(Metal):
    """A strong ferromagnet, eq. (3): spin potential and spin current are parallel to m.

    This holds even for ``p = 0``, which is not the same as a normal metal.
    Calling it with a thickness and a direction makes a layer: ``Py(4e-9, m=(0, 0, 1))``.

    Parameters
    ----------
    D : float or array
        ``D_F = 4 D_up D_down/(D_up + D_down)``, S/m; positive. It is 1/rho* of Valet and Fert.
    l : float or array
        Spin diffusion length, m; positive, ``inf`` for no spin relaxation.
    p : float or array
        Transport polarization ``(D_up - D_down)/(D_up + D_down)``, between -1 and 1: the spin
        current of a uniform ferromagnet is ``p j0 m``.
    name : str, optional
        Name of the material.

    Raises
    ------
    TypeError, ValueError
        If a value is not a number or out of its range.
    """

    p: Number

    def __post_init__(self) -> None:
        super().__post_init__()
        self._store(p=polarization("p (polarization)", self.p))

    @classmethod
    def from_valet_fert(
        cls, rho_star: ArrayLike, *, beta: ArrayLike, l: ArrayLike, name: str | None = None
    ) -> Ferromagnet:
        """Make a ferromagnet from Valet-Fert parameters: ``D = 1/rho*``, ``p = beta``.

        Valet and Fert, doi:10.1103/PhysRevB.48.7099, write ``rho_up,down = 2 rho* (1 -/+ beta)``.

        Parameters
        ----------
        rho_star : float or array
            rho*, Ohm m; positive. The measured resistivity is ``rho* (1 - beta^2)``.
        beta : float or array
            Bulk asymmetry, between -1 and 1.
        l : float or array
            Spin diffusion length, m.
        name : str, optional
            Name of the material.
        """
        D = 1 / positive("rho_star (resistivity rho*)", rho_star)
        p = polarization("beta (bulk asymmetry)", beta)
        return cls(D=D, l=cast(Number, l), p=p, name=name)

    @classmethod
    def from_channels(
        cls,
        D_up: ArrayLike,
        D_down: ArrayLike,
        tau: ArrayLike,
        spin_density_coefficient: ArrayLike,
        *,
        name: str | None = None,
    ) -> Ferromagnet:
        """Make a ferromagnet from its two spin channels, the paper's section II.A.

        ``D = 4 D_up D_down/(D_up + D_down)``, ``p = (D_up - D_down)/(D_up + D_down)``,
        ``l = sqrt(D tau/(2 rho))``.

        Parameters
        ----------
        D_up, D_down : float or array
            Conductivities of electrons with spin along and against m, S/m; positive.
        tau : float or array
            Spin relaxation time, s; positive, ``inf`` for no spin relaxation.
        spin_density_coefficient : float or array
            The paper's ``rho = ds/dmu_s``, spin density per spin potential, S s/m3; positive.
        name : str, optional
            Name of the material.
        """
        up = positive("D_up (conductivity)", D_up)
        down = positive("D_down (conductivity)", D_down)
        time = positive("tau (spin relaxation time)", tau, infinite=True)
        rho = positive("spin_density_coefficient (rho)", spin_density_coefficient)
        D = 4 * up * down / (up + down)
        return cls(D=D, l=np.sqrt(D * time / (2 * rho)), p=(up - down) / (up + down), name=name)

    @classmethod
    def from_conductivity(
        cls, sigma: ArrayLike, *, p: ArrayLike, l: ArrayLike, name: str | None = None
    ) -> Ferromagnet:
        """Make a ferromagnet from its total conductivity: ``D = sigma (1 - p^2)``.

        Parameters
        ----------
        sigma : float or array
            Total conductivity ``D_up + D_down``, S/m; positive.
        p : float or array
            Polarization, between -1 and 1.
        l : float or array
            Spin diffusion length, m.
        name : str, optional
            Name of the material.
        """
        polar = polarization("p (polarization)", p)
        D = positive("sigma (total conductivity)", sigma) * (1 - polar) * (1 + polar)
        return cls(D=D, l=cast(Number, l), p=polar, name=name)

    @property
    def total_conductivity(self) -> Number:
        """Conductivity for charge, S/m: ``D_tot = D_up + D_down = D/(1 - p^2)``."""
        return self.D / ((1 - self.p) * (1 + self.p))
