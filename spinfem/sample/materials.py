r"""Metals: what a layer is made of.

Bulk transport is eqs. (2) and (3) of the paper (arXiv:2006.11900): in a normal metal
``j_s = -(D/2) mu_s'``, in a ferromagnet ``j_s = (p j0 - (D/2) mu_s') m``, and in both
``j_s' = -kappa mu_s`` with ``kappa = D/(2 l^2)``, eq. (4). A metal is therefore known by its
conductivity `D`, its spin diffusion length `l` and, for a ferromagnet, its polarization `p`.

Any consistent units do. SI: D in S/m, l in m; plain numbers: the paper's units. What is made from
resistivities and conductivities is in SI, and slips of units are noticed there (`sample.units`).

In a graded layer D, l, p or beta_D is a function of xi, the position across the layer from 0 to 1,
that takes and returns numpy arrays. Its values are checked wherever it is evaluated. It may have an
attribute `breaks`: positions that must be nodes of the mesh, such as those where it jumps, and the
ends of what is narrower than 1/4000 of the layer, which is overlooked else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, cast

import numpy as np
from numpy.typing import ArrayLike

from .._checks import (
    FloatArray,
    Number,
    Profile,
    breaks_of,
    label,
    number_or_profile,
    polarization,
    positive,
)
from .._spelling import stem
from .units import CONDUCTIVITY, LENGTH, RELAXATION_TIME, RESISTIVITY, notice, once

LENGTHS = {
    "l": "l (spin diffusion length)",
    "lambda_J": "lambda_J (length of precession)",
    "lambda_phi": "lambda_phi (length of dephasing)",
}
"""What to call the lengths of a metal in messages."""
BETA_D = "beta_D (diffusion polarization)"
TAU = "tau (spin relaxation time)"


def _of(quantity: str, name: str | None) -> str:
    return f"{quantity} of {name!r}" if name else quantity


def reduced(x: Any, p: Any, beta_D: Any) -> Any:
    """Return ``x (1 - p beta_D)``: D of D_tot, D_tot being ``D/(1 - p beta_D)``.

    Without a cancellation, and ``x (1 - p)(1 + p)`` where both polarizations are the same.
    """
    return x * (1 - p) * (1 + beta_D) + x * (p - beta_D)


def combined(formula: Callable[..., Number], *numbers: Any) -> Number:
    """Return a formula of some numbers: a function of xi if any of them is one."""
    if not any(callable(number) for number in numbers):
        return formula(*numbers)

    def profile(xi: FloatArray) -> Number:
        return formula(*(number(xi) if callable(number) else number for number in numbers))

    profile.breaks = breaks_of(*numbers)  # type: ignore[attr-defined]
    return cast(Number, profile)


@dataclass(frozen=True, eq=False, kw_only=True)
class Metal:
    """What normal metals and ferromagnets have in common; make one of these instead."""

    D: Number
    l: Number
    tau: Number | None = None
    name: str | None = None
    source: str | None = None
    units: Literal["SI"] | None = None

    letter: ClassVar[str]
    """What layers are called after of a metal without a name."""
    layer_type: ClassVar[type]
    """What a metal makes when it is called, `pieces.Layer`, which sets it: that stands above."""

    def __post_init__(self) -> None:
        self._store(D=number_or_profile(positive, "D (conductivity)", self.D, of=self.name))
        l = number_or_profile(positive, LENGTHS["l"], self.l, of=self.name, infinite=True)
        self._store(l=l)
        if self.tau is not None:
            self._store(tau=positive(_of(TAU, self.name), self.tau))
        label("name of a material", self.name)
        label("source of a material", self.source)
        if self.units not in ("SI", None):
            raise ValueError(f"units of a material must be 'SI' or None, got {self.units!r}")

    def _notice_units(self) -> None:
        """Warn of numbers that no sample has in SI."""
        if self.units is None:
            return
        notice(CONDUCTIVITY, _of("conductivity", self.name), self.total_conductivity)
        for key, value in self.numbers.items():
            if key in LENGTHS:
                notice(LENGTH, _of(LENGTHS[key], self.name), value)
        notice(RELAXATION_TIME, _of(TAU, self.name), self.tau)

    def _store(self, **checked: Number) -> None:
        for key, value in checked.items():
            object.__setattr__(self, key, value)  # the dataclass is frozen for everyone else

    @property
    def numbers(self) -> dict[str, Number]:
        """All numbers of the metal by their names; a graded one is a function of xi."""
        return {"D": self.D, "l": self.l} | ({} if self.tau is None else {"tau": self.tau})

    @cached_property
    def layer_stem(self) -> str:
        """What layers of it that have no name are called, before a number."""
        return stem(self.name or self.letter)

    @cached_property
    def is_graded(self) -> bool:
        """Whether any number is a function of xi."""
        return any(callable(number) for number in self.numbers.values())

    @cached_property
    def shapes(self) -> frozenset[tuple[int, ...]]:
        """Shapes of the numbers that are arrays."""
        return frozenset(x.shape for x in self.numbers.values() if isinstance(x, np.ndarray))

    @cached_property
    def bulk(self) -> tuple[Number, Number, Number]:
        """D, l and p of `levels`; p is 0 in a normal metal."""
        return self.levels["D"], self.levels["l"], self.levels.get("p", 0.0)

    @cached_property
    def levels(self) -> dict[str, Number]:
        """The numbers; of a graded one those in the middle, and the least l.

        Which tells if it absorbs spin. All of the layer is looked at, so that no value out of range
        is overlooked between the points of a coarse mesh.
        """
        numbers = self.numbers
        if not self.is_graded:
            return numbers
        edges = np.concatenate([[0.0], breaks_of(*numbers.values()), [1.0]])
        xi = np.union1d(np.linspace(0, 1, 4097), (edges[1:] + edges[:-1]) / 2)
        middle = int(np.searchsorted(xi, 0.5))

        def level(key: str, x: Any) -> Number:
            if not callable(x):
                return cast(Number, x)
            values = np.broadcast_to(x(xi), xi.shape)
            return float(values.min() if key == "l" else values[middle])

        return {key: level(key, x) for key, x in numbers.items()}

    @property
    def total_conductivity(self) -> Number:
        """Conductivity for charge, S/m; a function of xi if D or p is."""
        return self.D

    @property
    def stiffness(self) -> Number:
        """``G = D/(2 l)``, S/m2: the stiffness of a half-infinite layer, eqs. (7), (8)."""
        return combined(lambda D, l: D / (2 * l), self.D, self.l)

    @property
    def relaxation(self) -> Number:
        """``kappa = rho/tau = D/(2 l^2)``, S/m3, of eq. (4)."""
        return combined(lambda D, l: D / (2 * l**2), self.D, self.l)

    @property
    def spin_density_coefficient(self) -> Number | None:
        """The paper's ``rho = ds/dmu_s = kappa tau``, S s/m3; None without tau.

        In a metal it is ``e^2 N/2`` with N the density of states of both spins at the Fermi level.
        """
        return None if self.tau is None else combined(np.multiply, self.relaxation, self.tau)

    def __call__(
        self,
        thickness: ArrayLike,
        *,
        m: ArrayLike | None = None,
        name: str | None = None,
        group: str | None = None,
    ) -> Any:
        """Make a layer of this metal.

        Parameters
        ----------
        thickness : float or array
            Thickness, m; positive.
        m : array, shape (..., 3)
            Direction of the magnetization, for a ferromagnet and only there; any length but
            zero, it is normalized.
        name : str, optional
            Name of the layer; without one it is called after the metal in its stack, Cu1, Cu2, ...,
            or N1, ... and F1, ... if that has no name.
        group : str, optional
            Of a ferromagnet: the magnet that the layer is a part of; see `Stack`.

        Returns
        -------
        Layer

        Raises
        ------
        TypeError, ValueError
            If the thickness, m, the name or the group is not as above.
        """
        return self.layer_type(self, cast(Number, thickness), m=m, name=name, group=group)


@dataclass(frozen=True, eq=False, kw_only=True)
class NormalMetal(Metal):
    """A normal metal, eq. (2); an antiferromagnet is one with a short l.

    Calling it with a thickness makes a layer: ``Cu(10e-9, name="spacer")``.

    Parameters
    ----------
    D : float, array or callable
        Conductivity ``1/rho``, S/m; positive.
    l : float, array or callable
        Spin diffusion length, m; positive, ``inf`` for no spin relaxation.
    tau : float or array, optional
        Spin relaxation time, s; positive. It is ``2 rho l^2/D`` with the paper's ``rho =
        ds/dmu_s``, and what `solve` at a frequency needs besides D and l.
    name : str, optional
        Name of the material.
    source : str, optional
        Where its numbers are from.
    units : "SI", optional
        Says that D and l are in S/m and m, as they are if it is made `from_resistivity` or
        `from_conductivity`. Default: any consistent units.

    Raises
    ------
    TypeError, ValueError
        If a value is not a number or out of its range.

    Warns
    -----
    UnitWarning
        If it is in SI and no sample has such a number in its unit, nor a layer made of it such a
        thickness.
    """

    letter = "N"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._notice_units()

    @classmethod
    def from_resistivity(
        cls,
        rho: ArrayLike | Profile,
        *,
        l: ArrayLike | Profile,
        tau: ArrayLike | None = None,
        name: str | None = None,
    ) -> NormalMetal:
        """Make a normal metal from its resistivity: ``D = 1/rho``.

        Parameters
        ----------
        rho : float or array
            Resistivity, Ohm m; positive.
        l : float or array
            Spin diffusion length, m.
        tau : float or array, optional
            Spin relaxation time, s.
        name : str, optional
            Name of the material.
        """
        checked = number_or_profile(positive, "rho (resistivity)", rho, of=name)
        D = combined(lambda rho: 1 / rho, checked)
        with once():
            notice(RESISTIVITY, _of("rho (resistivity)", name), checked)
            return cls(
                D=D, l=cast(Number, l), tau=cast("Number | None", tau), name=name, units="SI"
            )

    @classmethod
    def from_conductivity(
        cls,
        sigma: ArrayLike | Profile,
        *,
        l: ArrayLike | Profile,
        tau: ArrayLike | None = None,
        name: str | None = None,
    ) -> NormalMetal:
        """Make a normal metal from its conductivity: ``D = sigma``.

        Parameters
        ----------
        sigma : float or array
            Conductivity, S/m; positive.
        l : float or array
            Spin diffusion length, m.
        tau : float or array, optional
            Spin relaxation time, s.
        name : str, optional
            Name of the material.
        """
        D = number_or_profile(positive, "sigma (conductivity)", sigma, of=name)
        return cls(D=D, l=cast(Number, l), tau=cast("Number | None", tau), name=name, units="SI")


@dataclass(frozen=True, eq=False, kw_only=True)
class Ferromagnet(Metal):
    """A ferromagnet, eq. (3); strong unless an exchange length is given.

    In a strong ferromagnet spin potential and spin current are parallel to m. This holds even for
    ``p = 0``, which is not the same as a normal metal.

    With an exchange length the part of mu_s across m lives in the ferromagnet too. There it
    conducts with the total conductivity, ``j_s = -(D_tot/2) mu_s'``, precesses about m and
    dephases: ``j_s' = -kappa mu_s - (D_tot/2)(mu_s x m/lambda_J^2 + mu_s/lambda_phi^2)``. What
    both terms take up is the torque, spread over the layer. Zhang, Levy, Fert,
    doi:10.1103/PhysRevLett.88.236601; Petitjean, Luc, Waintal, doi:10.1103/PhysRevLett.109.117204.

    Calling it with a thickness and a direction makes a layer: ``Py(4e-9, m=(0, 0, 1))``.

    Parameters
    ----------
    D : float, array or callable
        ``D_F = 4 D_up D_down/(D_up + D_down)``, S/m; positive. It is 1/rho* of Valet and Fert.
    l : float, array or callable
        Spin diffusion length, m; positive, ``inf`` for no spin relaxation.
    p : float, array or callable
        Transport polarization ``(D_up - D_down)/(D_up + D_down)``, between -1 and 1: the spin
        current of a uniform ferromagnet is ``p j0 m``.
    beta_D : float, array or callable, optional
        Diffusion polarization, between -1 and 1: what a gradient of mu_s drives of the electric
        current, ``j0 = -D_tot (mu_0' + beta_D m.mu_s'/2)`` with ``D_tot = D/(1 - p beta_D)``.
        Default: p, as of two channels, eq. (3). Codes for drift and diffusion have two of them:
        `from_drift_diffusion`.
    lambda_J : float or array, optional
        Length of precession in the exchange field, m; positive, ``inf`` for none.
    lambda_phi : float or array, optional
        Length of dephasing, m; positive, ``inf`` for none. Of lambda_J and lambda_phi the one
        that is not given is infinite; if neither is, the ferromagnet is strong.
    tau : float or array, optional
        Spin relaxation time, s; positive. It is ``2 rho l^2/D`` with the paper's ``rho =
        ds/dmu_s``, and what `solve` at a frequency needs besides D and l.
    name : str, optional
        Name of the material.
    source : str, optional
        Where its numbers are from.
    units : "SI", optional
        Says that D and lengths are in S/m and m, as they are if it is made `from_valet_fert`,
        `from_resistivity` or `from_conductivity`. Default: any consistent units.

    Raises
    ------
    TypeError, ValueError
        If a value is not a number or out of its range.

    Warns
    -----
    UnitWarning
        If it is in SI and no sample has such a number in its unit, nor a layer made of it such a
        thickness.
    """

    letter = "F"

    p: Number
    beta_D: Number | None = None
    lambda_J: Number | None = None
    lambda_phi: Number | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._store(p=number_or_profile(polarization, "p (polarization)", self.p, of=self.name))
        if self.beta_D is not None:
            beta_D = number_or_profile(polarization, BETA_D, self.beta_D, of=self.name)
            self._store(beta_D=beta_D)
        for key in ("lambda_J", "lambda_phi"):
            if (value := getattr(self, key)) is not None:
                self._store(**{key: positive(LENGTHS[key], value, infinite=True)})
        if self.is_graded and not self.is_strong:
            raise ValueError(
                "a graded ferromagnet must be strong, got lambda_J or lambda_phi with "
                f"{' and '.join(key for key, x in self.numbers.items() if callable(x))} as a "
                "function of xi"
            )
        self._notice_units()

    @property
    def numbers(self) -> dict[str, Number]:
        """All numbers of the metal by their names; a graded one is a function of xi."""
        optional = {key: getattr(self, key) for key in ("beta_D", "lambda_J", "lambda_phi")}
        given = {key: value for key, value in optional.items() if value is not None}
        return {**super().numbers, "p": self.p, **given}

    @property
    def diffusion_polarization(self) -> Number:
        """beta_D; p if there is none of its own."""
        return self.p if self.beta_D is None else self.beta_D

    @cached_property
    def is_strong(self) -> bool:
        """Whether spin potential and spin current are parallel to m: no exchange length."""
        return self.lambda_J is None and self.lambda_phi is None

    @classmethod
    def from_valet_fert(
        cls,
        rho_star: ArrayLike | Profile,
        *,
        beta: ArrayLike | Profile,
        l: ArrayLike | Profile,
        lambda_J: ArrayLike | None = None,
        lambda_phi: ArrayLike | None = None,
        tau: ArrayLike | None = None,
        name: str | None = None,
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
        lambda_J, lambda_phi : float or array, optional
            Exchange lengths, m; as in `Ferromagnet`.
        tau : float or array, optional
            Spin relaxation time, s.
        name : str, optional
            Name of the material.
        """
        rho = number_or_profile(positive, "rho_star (resistivity rho*)", rho_star, of=name)
        p = number_or_profile(polarization, "beta (bulk asymmetry)", beta, of=name)
        with once():
            notice(RESISTIVITY, _of("rho_star (resistivity rho*)", name), rho)
            return cls(
                D=combined(lambda rho: 1 / rho, rho),
                l=cast(Number, l),
                p=p,
                lambda_J=cast("Number | None", lambda_J),
                lambda_phi=cast("Number | None", lambda_phi),
                tau=cast("Number | None", tau),
                name=name,
                units="SI",
            )

    @classmethod
    def from_resistivity(
        cls,
        rho: ArrayLike | Profile,
        *,
        beta: ArrayLike | Profile,
        l: ArrayLike | Profile,
        lambda_J: ArrayLike | None = None,
        lambda_phi: ArrayLike | None = None,
        tau: ArrayLike | None = None,
        name: str | None = None,
    ) -> Ferromagnet:
        """Make a ferromagnet from its measured resistivity: ``D = (1 - beta^2)/rho``, ``p = beta``.

        A voltmeter finds ``rho = 1/D_tot = rho* (1 - beta^2)`` far from interfaces; rho* of Valet
        and Fert (`from_valet_fert`) is ``rho/(1 - beta^2)``.

        Parameters
        ----------
        rho : float or array
            Measured resistivity, Ohm m; positive.
        beta : float or array
            Bulk asymmetry, between -1 and 1.
        l : float or array
            Spin diffusion length, m.
        lambda_J, lambda_phi : float or array, optional
            Exchange lengths, m; as in `Ferromagnet`.
        tau : float or array, optional
            Spin relaxation time, s.
        name : str, optional
            Name of the material.
        """
        checked = number_or_profile(positive, "rho (measured resistivity)", rho, of=name)
        p = number_or_profile(polarization, "beta (bulk asymmetry)", beta, of=name)
        with once():
            notice(RESISTIVITY, _of("rho (measured resistivity)", name), checked)
            return cls.from_conductivity(
                combined(lambda rho: 1 / rho, checked),
                p=p,
                l=l,
                lambda_J=lambda_J,
                lambda_phi=lambda_phi,
                tau=tau,
                name=name,
            )

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
        p, own = (up - down) / (up + down), None if np.isinf(time).any() else time
        return cls(D=D, l=np.sqrt(D * time / (2 * rho)), p=p, tau=own, name=name)

    @classmethod
    def from_conductivity(
        cls,
        sigma: ArrayLike | Profile,
        *,
        p: ArrayLike | Profile,
        l: ArrayLike | Profile,
        beta_D: ArrayLike | Profile | None = None,
        lambda_J: ArrayLike | None = None,
        lambda_phi: ArrayLike | None = None,
        tau: ArrayLike | None = None,
        name: str | None = None,
    ) -> Ferromagnet:
        """Make a ferromagnet from its total conductivity: ``D = sigma (1 - p^2)``.

        ``D = sigma (1 - p beta_D)`` with a diffusion polarization.

        Parameters
        ----------
        sigma : float or array
            Total conductivity ``D_up + D_down``, S/m; positive.
        p : float or array
            Polarization, between -1 and 1.
        l : float or array
            Spin diffusion length, m.
        beta_D : float or array, optional
            Diffusion polarization, between -1 and 1; as in `Ferromagnet`.
        lambda_J, lambda_phi : float or array, optional
            Exchange lengths, m; as in `Ferromagnet`.
        tau : float or array, optional
            Spin relaxation time, s.
        name : str, optional
            Name of the material.
        """
        polar = number_or_profile(polarization, "p (polarization)", p, of=name)
        total = number_or_profile(positive, "sigma (total conductivity)", sigma, of=name)
        own = None if beta_D is None else number_or_profile(polarization, BETA_D, beta_D, of=name)
        return cls(
            D=combined(reduced, total, polar, polar if own is None else own),
            l=cast(Number, l),
            p=polar,
            beta_D=own,
            lambda_J=cast("Number | None", lambda_J),
            lambda_phi=cast("Number | None", lambda_phi),
            tau=cast("Number | None", tau),
            name=name,
            units="SI",
        )

    @classmethod
    def from_drift_diffusion(
        cls,
        sigma: ArrayLike | Profile,
        *,
        beta: ArrayLike | Profile,
        beta_D: ArrayLike | Profile,
        l_sf: ArrayLike | Profile,
        lambda_J: ArrayLike | None = None,
        lambda_phi: ArrayLike | None = None,
        tau: ArrayLike | None = None,
        name: str | None = None,
    ) -> Ferromagnet:
        r"""Make a ferromagnet from the parameters of codes for drift and diffusion.

        ``D = sigma (1 - beta beta_D)``, ``l = l_sf sqrt(1 - beta beta_D)``, ``p = beta``. These
        codes have two polarizations. With the conventional current ``J = -j0``, ``E = mu_0'`` and
        the spin accumulation S in A/m, after S. Zhang, P. M. Levy and A. Fert,
        doi:10.1103/PhysRevLett.88.236601:

        .. math::

            J = \sigma E + \beta_D D_e \frac{e}{\mu_B}\, m \cdot S' , \qquad
            J_S = -\beta \frac{\mu_B}{e} \sigma E\, m - D_e S' ,

        .. math::

            J_S' = -D_e \Big( \frac{S}{l_{sf}^2} + \frac{S \times m}{\lambda_J^2}
            + \frac{m \times (S \times m)}{\lambda_\phi^2} \Big) .

        Then ``mu_s = 2 (D_e/sigma) (e/mu_B) S`` and ``j_s = (e/mu_B) J_S``; D_e itself does not
        matter. S decays over l_sf across m, over l along it. Where both polarizations are the same
        these are the equations of two channels, and `from_conductivity` with l makes the same. The
        torque depends on beta_D by D, l and exchange lengths alone, the voltage by itself.

        =====================  ==================  ===============================
        here                   Boris               magnum.fe
        =====================  ==================  ===============================
        sigma                  elC                 ``2 C_0``
        beta                   P                   beta
        beta_D                 beta_D              beta'
        l_sf                   l_sf                ``sqrt(2 D_0 tau_sf)``
        lambda_J               l_J                 ``sqrt(2 hbar D_0/J)``
        lambda_phi             l_phi               none
        D_e                    De                  ``2 D_0``
        =====================  ==================  ===============================

        Where such a code lets no spin across m into a ferromagnet, as with the mixing conductance
        of an `Interface`, leave lambda_J and lambda_phi out.

        Parameters
        ----------
        sigma : float or array
            Conductivity, one over the measured resistivity, S/m; positive.
        beta : float or array
            Conductivity polarization, between -1 and 1.
        beta_D : float or array
            Diffusion polarization, between -1 and 1.
        l_sf : float or array
            Spin-flip length, m; positive, ``inf`` for no spin relaxation.
        lambda_J, lambda_phi : float or array, optional
            Exchange lengths, m; as in `Ferromagnet`.
        tau : float or array, optional
            Spin relaxation time, s.
        name : str, optional
            Name of the material.
        """
        p = number_or_profile(polarization, "beta (conductivity polarization)", beta, of=name)
        q = number_or_profile(polarization, BETA_D, beta_D, of=name)
        length = number_or_profile(
            positive, "l_sf (spin-flip length)", l_sf, of=name, infinite=True
        )
        return cls.from_conductivity(
            sigma,
            p=p,
            l=combined(lambda l, p, q: l * np.sqrt(reduced(1.0, p, q)), length, p, q),
            beta_D=q,
            lambda_J=lambda_J,
            lambda_phi=lambda_phi,
            tau=tau,
            name=name,
        )

    @property
    def total_conductivity(self) -> Number:
        """Conductivity for charge, S/m: ``D_tot = D/(1 - p beta_D)``.

        ``D_up + D_down = D/(1 - p^2)`` without a beta_D of its own.
        """
        beta_D = self.diffusion_polarization
        return combined(lambda D, p, q: D / reduced(1.0, p, q), self.D, self.p, beta_D)
