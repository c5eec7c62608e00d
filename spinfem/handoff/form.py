"""The torque of one spacer in Slonczewski's form: its numbers, without the texts for codes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray
from ..paper.spacer import Slonczewski
from .epsilon import THETA, Law, SingleLambda, Table, fitted_single, halves, rounded_up, sine_of
from .place import EQUAL


@dataclass(frozen=True, eq=False)
class TorqueForm:
    """The torque on a free layer from a fixed one; `SlonczewskiTorque` writes it for codes.

    Attributes
    ----------
    fixed : tuple of str
        The polarizing ferromagnets: one, or those on both sides of the free layer, whose m are
        collinear and whose torques are summed.
    free : str
        The layer that the torque acts on.
    form : Slonczewski
        ``q_plus, q_minus, a, B, gap`` of g, S/m2; of a fit only their ratios mean something, a = 1.
    Lambda : float
        ``sqrt((a + B)/(a - B))``, both of OOMMF's.
    fitted : bool
        Whether the form is a fit to `table`; else it is that of the spacer.
    error : float
        Bound of the error of ``epsilon sin(theta)``, as a fraction of the torque's maximum in
        `table`, as the free layer turns any way; 0 if the form is exact. It is the largest that a
        search over the sphere finds, of some 3000 directions, denser around m of every ferromagnet,
        and from the largest errors on, and 1 % more; if all planes are the same, that in one of
        them.
    eps_prime : float
        ``epsilon'`` of the codes, a constant: the least-squares fit of ``epsilon' sin(theta)``.
    field_error : float
        Bound of the error of ``epsilon' sin(theta)`` with it, as a fraction of the same maximum.
    law : Law
        Both parts as quotients of polynomials in cos(theta), with an error of its own: the form
        where it is exact, else a fit to `table`, which is exact if the angle is all that counts.
    table : Table
        g and h as the free layer turns, with what touches it and is collinear, in the plane of
        both.
    polarizer : array, shape (3,)
        m of the (first) fixed layer.
    thickness : float
        t of the free layer, m; of a group, of all its layers together.
    j0 : float
        Particle current of the solution, A/m2, positive when electrons flow towards +x.
    towards_free : float
        1 if electrons flow from the (first) fixed layer to the free one for positive j0, else -1.
    beyond : tuple of str
        Ferromagnets behind the free layer, the next one first, whose spacers are not counted.
    partner : str
        The next one of them if its m is collinear with the polarizer, so that `slonczewski` sums
        both spacers, else "".
    sample : str
        The stack, in short.
    notes : tuple of str
        What to know before using it, such as magnetizations that it takes as they are.
    """

    fixed: tuple[str, ...]
    free: str
    form: Slonczewski
    Lambda: float
    fitted: bool
    error: float
    eps_prime: float
    field_error: float
    law: Law
    table: Table
    polarizer: FloatArray
    thickness: float
    j0: float
    towards_free: float
    beyond: tuple[str, ...]
    partner: str
    sample: str
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        error = max(self.error, self.field_error)
        quality = f"error {rounded_up(error)}" if error else "exact"
        return f"<SlonczewskiTorque on {self.free!r} from {self.source}, {quality}>"

    @property
    def source(self) -> str:
        """Names of the polarizing ferromagnets as they are written in texts."""
        return " and ".join(map(repr, self.fixed))

    @property
    def P_fixed(self) -> float:
        """OOMMF's P_fixed, ``B A2 P1/(a (a + B))`` with F2 the free layer; of either sign."""
        q_plus, q_minus, a, B, _ = self.form
        return (q_plus + q_minus) / (a + B)

    @property
    def P_free(self) -> float:
        """OOMMF's P_free, ``B P2/(a + B)`` with F2 the free layer; of either sign."""
        q_plus, q_minus, a, B, _ = self.form
        return (q_plus - q_minus) / (a + B)

    @property
    def current(self) -> float:
        """J of beta, A/m2: positive when electrons flow from the fixed layer to the free one."""
        return self.towards_free * self.j0 + 0.0  # + 0.0 turns -0.0 into 0.0

    def epsilon(self, theta: ArrayLike) -> FloatArray:
        """Return ``epsilon = g/2`` of the form at angles in degrees."""
        near, far = halves(theta)
        F = self.Lambda**2
        plus, minus = self.P_fixed + self.P_free, self.P_fixed - self.P_free
        value: FloatArray = (plus / (near + far / F) + minus / (far + near / F)) / 4
        return value

    @property
    def form_as_law(self) -> Law:
        """The form as a law, without a field-like part."""
        back = self.Lambda**-2
        plus, minus = self.P_fixed + self.P_free, self.P_fixed - self.P_free
        top = (plus * back + minus) / 4, (plus + minus * back) / 4
        return Law(top, (0.0, 0.0), (back, 1 + back**2, back), self.error)

    @cached_property
    def single(self) -> SingleLambda:
        """P and Lambda of mumax3, mumax+, ubermag, magnum.np and cmtj.

        Equal to the form where ``A2 P1 = a P2``, or its negative, else a least-squares fit of
        ``epsilon sin(theta)`` to it; the error includes that of the form.

        Raises
        ------
        ValueError
            If g is zero or changes sign: there is no real Lambda.
        """
        epsilon, sine = self.epsilon(THETA), sine_of(THETA)
        if not epsilon.any():
            raise ValueError(f"torque on {self.free!r} must not vanish, got zero at all angles")
        sign = np.where(np.abs(epsilon) > EQUAL * np.abs(epsilon).max(), np.sign(epsilon), 0.0)
        if sign.min() != sign.max() or not sign[0]:
            where = THETA[(sign == 0) | (sign != sign[0])][0]
            raise ValueError(
                f"g of {self.free!r} must keep its sign for a single Lambda, got a zero near "
                f"{where:.0f} degrees; OOMMF (oommf, or --to oommf) and mumax3's custom field term "
                "(mumax3_field, or --to mumax3-field) take it as it is"
            )
        plus, minus = self.P_fixed + self.P_free, self.P_fixed - self.P_free
        if abs(minus) <= EQUAL * abs(plus):
            return SingleLambda(plus / 2, self.Lambda, self.error)
        if abs(plus) <= EQUAL * abs(minus):
            return SingleLambda(minus / 2 * self.Lambda**2, 1 / self.Lambda, self.error)
        fit = fitted_single(epsilon)
        rest = np.abs((fit.epsilon(THETA) - epsilon) * sine).max()
        return fit._replace(error=float(rest / self.table.largest) + self.error)
