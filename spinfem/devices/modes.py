r"""A device of two magnets as a sum of spin valves: how it depends on their angle, in closed form.

With c the cosine of the angle between two strong ferromagnets, what all else is condensed to is
``A(c) = A_0 + c A_1``, where A_1 couples one magnet's nu with the other's, through normal metals
alone. With ``A_0 = L L^T`` and the eigenvectors v_k of ``L^-1 A_1 L^-T``, of eigenvalues B_k
between -1 and 1, every response to currents f is a sum of

.. math::

    \frac{a_k}{1 + B_k c} , \qquad
    f\cdot A(c)^{-1} f = \sum_k \frac{(v_k\cdot L^{-1}f)^2}{1 + B_k c} .

Eigenvalues come in pairs of opposite sign; two of a pair are the form of a stack of two
ferromagnets (`spinfem.handoff.torques`), ``g = q+/(a + B c) + q-/(a - B c)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cho_factor, cho_solve, eigh, solve_triangular

from .._checks import BoolArray, FloatArray, IntArray, listed, number
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..sample.pieces import sine_and_cosine
from .assembly import ALONG, MU_0, System, assemble, check_spin_sink
from .bodies import Parts
from .bounds import check_one_potential, current_through
from .device import Device, check_reciprocal, check_undriven
from .regions import is_magnet, is_strong

THETA = np.linspace(0.0, 180.0, 181)
"""Angles at which errors are looked for, degrees."""
EQUAL = 1e-11
"""Of the largest, what is as good as the same."""
X, Y = np.eye(3)[:2]
WAYS = (X, X), (X, -X), (X, Y)
"""Of both magnets: along, against and across one another."""


@dataclass(frozen=True, eq=False)
class AngularModes:
    """How a device of two magnets depends on their angle: a sum of terms ``a_k/(1 + B_k c)``.

    Attributes
    ----------
    B : array, shape (n,)
        Between -1 and 1, those of the largest terms first.
    resistances : array, shape (n,)
        Terms of the resistance, Ohm (Ohm m in a planar device), of power over current squared.
    torques : array, shape (2, n)
        Terms of the torques on the first and on the second magnet over ``sin(theta)``, J (J/m), at
        the given currents; positive towards the other's m.
    resistance : float
        The resistance at 90 degrees, Ohm.
    error : float
        Largest error at whole degrees of the resistance's change with the angle, or of a torque,
        because of terms that are left out; in parts of the largest such change or torque.
    """

    B: FloatArray
    resistances: FloatArray
    torques: FloatArray
    resistance: float
    error: float

    def resistance_at(self, theta: ArrayLike) -> FloatArray:
        """Return the resistance at angles in degrees, Ohm, of the shape of theta."""
        c = sine_and_cosine(number("theta (angle in degrees)", theta))[1][..., None]
        change: FloatArray = self.resistances * self.B * c / (1 + self.B * c)
        return np.asarray(self.resistance - change.sum(axis=-1))

    def torques_at(self, theta: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return the torques on both magnets at angles in degrees, J, of the shape of theta.

        In the plane of both, positive towards the other's m.
        """
        sine, cosine = sine_and_cosine(number("theta (angle in degrees)", theta))
        terms = 1 / (1 + self.B * cosine[..., None])
        first, second = (sine * (terms @ own) for own in self.torques)
        return first, second

    def leading(self, count: int) -> AngularModes:
        """Return the largest terms alone, with the error of that.

        Raises
        ------
        ValueError
            If count is not from 1 to the number of terms.
        """
        if count not in range(1, len(self.B) + 1):
            raise ValueError(f"count must be 1 to {len(self.B)}, got {count!r}")
        kept = AngularModes(
            self.B[:count], self.resistances[:count], self.torques[:, :count], self.resistance, 0.0
        )
        whole = [self.resistance_at(THETA) - self.resistance, *self.torques_at(THETA)]
        part = [kept.resistance_at(THETA) - self.resistance, *kept.torques_at(THETA)]
        errors = [
            np.abs(a - b).max() / (np.abs(a).max() or 1.0) for a, b in zip(whole, part, strict=True)
        ]
        return AngularModes(kept.B, kept.resistances, kept.torques, self.resistance, max(errors))


def check_two(device: Device, names: tuple[str, str]) -> None:
    """Check that the angle of two magnets is all that changes a device, as `AngularModes` has it.

    Raises
    ------
    ValueError
        If it has others, they touch, they have exchange lengths, a mixing conductance or a beta_D
        that is not p, m is no vector, or spins are driven at electrodes.
    """
    check_undriven("angular modes", device)
    check_reciprocal("angular modes", device)
    there = [name for name in (*device.regions, *device.electrodes) if is_magnet(device, name)]
    if set(names) != set(there) or len(there) != 2 or not set(names) <= set(device.regions):
        raise ValueError(
            "angular modes must be of two regions that are all ferromagnets of a device, got "
            f"{names[0]!r} and {names[1]!r} where there are {listed(there) or 'none'}"
        )
    for name in names:
        if not is_strong(device, name) or callable(device.regions[name].m):
            raise ValueError(
                f"{name!r} must be a strong ferromagnet of one m for angular modes, got another"
            )
    for pair, law in device.interfaces.items():
        if law.mixing is not None:
            raise ValueError(
                "mixing conductances must be infinite for angular modes, got "
                f"{complex(np.asarray(law.mixing)):g} between {listed(sorted(pair))}"
            )
    if tuple(sorted(names)) in {tuple(sorted(pair)) for pair in device.grid.interfaces}:
        raise ValueError(f"{names[0]!r} and {names[1]!r} must not touch for angular modes")


def modes_of(device: Device, parts: Parts, names: tuple[str, str]) -> AngularModes:
    """Return the modes of a device.

    Parameters
    ----------
    device : Device
        As `check_two` wants it.
    parts : Parts
        Of it, condensed to faces.
    names : tuple of str
        Both magnets.

    Raises
    ------
    ValueError
        As `check_two`, `bounds.check_one_potential` and `bounds.current_through`; or if both touch
        a normal metal at one edge.
    """
    check_two(device, names)
    check_one_potential(device)
    systems = [
        assemble(device.replace(**dict(zip(names, pair, strict=True))), parts) for pair in WAYS
    ]
    for system in systems:
        check_spin_sink(system)
    along = systems[0]
    kinds = along.unknowns.kinds
    is_kept = (kinds == MU_0) | (kinds == ALONG)
    if any(not np.array_equal(system.unknowns.kinds, kinds) for system in systems):
        raise ValueError(
            f"{names[0]!r} and {names[1]!r} must not touch a normal metal at one edge for angular "
            "modes"
        )
    first, second, crossed = (_reduced(np.asarray(x.matrix), is_kept) for x in systems)
    A_0, A_1 = (first + second) / 2, (first - second) / 2
    if np.abs(crossed - A_0).max() > EQUAL * np.abs(A_0).max():
        raise ValueError(
            f"all that is between {names[0]!r} and {names[1]!r} must be as large in all directions "
            "for angular modes, got a device that is not"
        )
    L = np.linalg.cholesky(A_0)
    B, v = eigh(solve_triangular(L, solve_triangular(L, A_1, lower=True).T, lower=True))
    drive = v.T @ solve_triangular(L, along.load[is_kept], lower=True)
    ones = np.stack([_ones(along, name)[is_kept] for name in names], axis=1)
    rows = solve_triangular(L, A_1 @ ones, lower=True).T
    torques = -TORQUE_PER_SPIN_CURRENT * (rows @ v) * drive
    resistances = (drive / current_through(device, along)) ** 2
    order = _largest_first(B, resistances, torques)
    return AngularModes(
        B[order], resistances[order], torques[:, order], float(resistances.sum()), 0.0
    )


def _largest_first(B: FloatArray, resistances: FloatArray, torques: FloatArray) -> IntArray:
    """Return the numbers of terms, those that no angle is in left out.

    A term of the resistance, or of a torque, is as large as where it is largest, in parts of the
    largest such one.
    """
    shares = [
        resistances * np.abs(B) / (1 - np.abs(B)),
        *(np.abs(own) / np.sqrt((1 - B) * (1 + B)) for own in torques),
    ]
    largest = np.max([x / (x.max() or 1.0) for x in shares], axis=0)
    coupled = np.flatnonzero(np.abs(B) > EQUAL)
    return np.asarray(coupled[np.argsort(-largest[coupled], kind="stable")])


def _reduced(A: FloatArray, is_kept: BoolArray) -> FloatArray:
    """Return what is left of a matrix without nu that is free."""
    found = A[np.ix_(is_kept, is_kept)]
    if is_kept.all():
        return found
    rows = A[np.ix_(~is_kept, is_kept)]
    held = cho_solve(cho_factor(A[np.ix_(~is_kept, ~is_kept)]), rows)
    return np.asarray(found - rows.T @ held)


def _ones(system: System, name: str) -> FloatArray:
    """Return the unknowns of nu along m of a magnet that is 1 all over it, and 0 elsewhere."""
    places, classes = system.places, system.classes
    reading = system.unknowns.spin.tocoo()
    place, column = reading.coords[0] // 3, reading.coords[1]
    own = classes.absorber[classes.of_place[place]] == places.names.index(name)
    found = np.zeros(len(system.unknowns.kinds))
    found[column[own]] = system.functions.one[places.dofs[place[own]]]
    return found
