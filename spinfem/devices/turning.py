r"""A device in many directions of its magnetizations: two full matrices, made once.

Where m has a part, spins are counted in a frame of that magnet, whose first axis is m: in it all
that the magnet does is the same in all directions. Frames are coupled by what is between magnets
alone, to which directions mean nothing. With v_a the axis of a frame that an unknown a is along,

.. math::

    A_{ab} = S_{ab} + K_{ab}\, v_a \cdot v_b ,

where S is of magnets, with mu_0 eliminated, and K of normal metals and leads, with what is beyond
frames eliminated. Torques are read off likewise. Derivatives are by adjoint solutions: if a magnet
turns by a small vector omega, its v_a change by omega x v_a.
"""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.linalg import LinAlgWarning, lu_factor, lu_solve

from .._checks import FloatArray, IntArray, Number
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..physics.directions import axes_across, cross
from .assembly import (
    MU_0,
    System,
    assemble,
    check_spin_sink,
    load_of,
    matrix_of,
    read,
    unknowns_of,
)
from .bodies import condensed, parts_of
from .bounds import current_through, zero_of
from .device import Device, notice_coarse
from .linear import LARGEST_RESIDUAL, relative_residual
from .regions import is_ferromagnetic, is_magnet

NOWHERE = -1
"""The frame of what is in none."""


class Turned(NamedTuple):
    """A device in some directions."""

    frames: FloatArray  # (r, 3, 3) of all regions and electrodes; axes are rows
    axes: FloatArray  # (n, 3) v_a
    x: FloatArray  # (n,) V
    factors: Any  # of A


class TurningDevice:
    """A device whose magnets turn; what does not depend on that is found once.

    Parameters
    ----------
    device : Device
        Its magnetizations are of no use, but of leads.
    degree : int, optional
        As of `spinfem.solve`.

    Attributes
    ----------
    names : tuple of str
        Its ferromagnets.
    shape : tuple of int
        (), as of one sample.

    Raises
    ------
    ValueError
        As `spinfem.solve`; or if there is no ferromagnet, one has an m that is a function, or two
        touch, or touch a normal metal at one place, which then has no frame of its own.
    """

    shape: tuple[int, ...] = ()

    def __init__(self, device: Device, degree: int | None = None) -> None:
        self.names = tuple(name for name, region in device.regions.items() if region.is_magnet)
        if not self.names:
            raise ValueError("a torque function must be of a device with a ferromagnet, got none")
        for name in self.names:
            if callable(device.regions[name].m):
                raise ValueError(
                    f"m of {name!r} must be one direction for a torque function, got a function"
                )
        self._given, self._parts = device, condensed(parts_of(device, degree))
        angles = np.arange(1.0, 1.0 + len(self.names))
        ways = np.stack([np.cos(angles), np.sin(angles), np.sin(angles) ** 2 + 0.1], axis=-1)
        self._device = self._at(ways)  # where no two are collinear
        self._system = system = assemble(self._device, self._parts)
        check_spin_sink(system)
        places, classes = system.places, system.classes
        self._numbers = [places.names.index(name) for name in self.names]
        first = [places.m[places.of(name)[0]] for name in places.names]
        self._held = np.array([m if m.any() else np.eye(3)[0] for m in first])

        frame = frame_of_class(self._device, system)
        rank = np.where(frame == NOWHERE, 0, classes.rank)
        space = np.where(rank[:, None, None] > 0, classes.space, 0.0)
        space[rank == 3] = np.swapaxes(frames_of(self._held)[frame[rank == 3]], -1, -2)
        self._unknowns = unknowns_of(
            self._device, system.functions, places, classes._replace(rank=rank, space=space)
        )
        self._terms = [term for term in system.terms if term.test.axis is None]
        of_class = np.repeat(np.arange(len(rank)), rank)
        self._frame = frame[of_class]
        self._axis = np.arange(len(of_class)) - (np.cumsum(rank) - rank)[of_class]

        K = _isotropic(system, (frame == NOWHERE) & (classes.rank == 3))
        self._K = K[np.ix_(of_class, of_class)]
        one = np.zeros(len(rank))
        one[classes.of_place] = system.functions.one[places.dofs]
        bound = np.array([one * (classes.absorber == k) for k in self._numbers])
        self._bound = bound @ K[:, of_class]

        M = matrix_of(self._terms, self._unknowns, True)
        kinds, load = self._unknowns.kinds, self._load_at(self._unknowns.given)
        self._charge, self._spin = charge, spin = kinds == MU_0, kinds != MU_0
        inner, self._column = M[np.ix_(charge, charge)], M[np.ix_(charge, spin)]
        self._inner = factors_of(inner)
        solution_of(inner, self._inner, load[charge])  # raises
        held = lu_solve(self._inner, M[np.ix_(spin, charge)].T, trans=1).T
        self._S = M[np.ix_(spin, spin)] - held @ self._column
        self._load = load[spin] - held @ load[charge]
        self._inside = self._taken_inside()[..., spin]
        notice_coarse(device, 4)

    def _at(self, m: FloatArray) -> Device:
        return self._given.replace(**dict(zip(self.names, m, strict=True)))

    def _load_at(self, potentials: FloatArray) -> FloatArray:
        """Return the load with these potentials given at places."""
        unknowns = self._unknowns._replace(given=potentials)
        return load_of(self._device, self._parts, self._system.places, unknowns, self._terms)

    def _taken_inside(self) -> FloatArray:
        """Return what magnets take up by mixing and inside, in their frames, (f, 3, N)."""
        one, unknowns = self._system.functions.one[self._system.places.dofs], self._unknowns
        found = np.zeros((len(self.names), 3, len(unknowns.kinds)))
        for term in self._terms:
            if term.absorber in self._numbers:
                flow = term.coefficient * (term.matrix @ read(unknowns, term.of).toarray())
                whole = (term.test.weights * one[term.test.places]) @ flow
                frame = frames_of(self._held[term.absorber])
                found[self._numbers.index(term.absorber)] += frame @ whole
        return found

    @cached_property
    def _always_sinks(self) -> bool:
        """Whether there is a spin sink in all directions: there is least where all are one."""
        ends = [electrode.end for electrode in self._given.electrodes.values()]
        way: Any = next((end.m for end in ends if is_ferromagnetic(end)), np.eye(3)[2])  # type: ignore[union-attr]
        try:
            check_spin_sink(assemble(self._at(np.tile(way, (len(self.names), 1))), self._parts))
        except ValueError:
            return False
        return True

    # --- in some directions ---------------------------------------------------------------------

    def turned(self, m: FloatArray) -> Turned:
        """Solve the device.

        Parameters
        ----------
        m : array, shape (f, 3)
            Unit vectors of its magnets.

        Raises
        ------
        ValueError
            If there is no spin sink in these directions.
        """
        if not self._always_sinks:
            check_spin_sink(assemble(self._at(m), self._parts))
        ways = self._held.copy()
        ways[self._numbers] = m
        frames = frames_of(ways)
        axes = frames[self._frame, self._axis]
        A = self._S + self._K * (axes @ axes.T)
        factors = factors_of(A)
        x = solution_of(A, factors, self._load)
        return Turned(frames, axes, x, factors)

    def shape_at(self, directions: FloatArray) -> tuple[int, ...]:
        """Return the shape of what is found in directions (..., f, 3)."""
        return directions.shape[:-2]

    def torques(self, directions: FloatArray, shape: tuple[int, ...]) -> FloatArray:
        """Return the torques of the device's currents and potentials, J, shape (*shape, f, 3).

        J/m in a planar device.

        Parameters
        ----------
        directions : array, shape (*shape, f, 3)
            Unit vectors of all magnets.
        shape : tuple of int
            From `shape_at`.

        Raises
        ------
        ValueError
            If there is no spin sink in some directions.
        """
        found = [self._absorbed(m) for m in directions.reshape(-1, len(self.names), 3)]
        return TORQUE_PER_SPIN_CURRENT * np.reshape(found, (*shape, len(self.names), 3))

    def _absorbed(self, m: FloatArray) -> FloatArray:
        """Return what magnets absorb, A, in directions (f, 3)."""
        turned = self.turned(m)
        return self._reading(turned, m) @ turned.x

    def _reading(self, turned: Turned, m: FloatArray) -> FloatArray:
        """Return what makes absorbed currents of x, A/V, shape (f, 3, n)."""
        own = turned.frames[self._numbers]
        flows = self._bound[:, None, :] * turned.axes.T
        flows = flows - m[:, :, None] * np.einsum("ia,iax->ix", m, flows)[:, None, :]
        return np.asarray(np.einsum("ica,icx->iax", own, self._inside) - flows)

    def torque_slopes(self, directions: FloatArray, shape: tuple[int, ...]) -> FloatArray:
        """Return the derivatives of `torques` with all directions, shape (*shape, f, 3, f, 3).

        Across m: nothing changes along it. Arguments and errors as there.
        """
        f = len(self.names)
        found = [self._slopes(m) for m in directions.reshape(-1, f, 3)]
        return TORQUE_PER_SPIN_CURRENT * np.reshape(found, (*shape, f, 3, f, 3))

    def _slopes(self, m: FloatArray) -> FloatArray:
        """Return the derivatives of what is absorbed, A, in directions (f, 3)."""
        turned, f = self.turned(m), len(self.names)
        reading, axes = self._reading(turned, m), turned.axes
        adjoint = lu_solve(turned.factors, reading.reshape(3 * f, -1).T, trans=1).T
        moved = turned.x[:, None] * axes
        pulls = self._K @ moved
        found = np.zeros((f, 3, f, 3))  # with the vectors omega
        for j, number in enumerate(self._numbers):
            own = self._frame == number
            change = cross(axes, own[:, None] * pulls - self._K[:, own] @ moved[own])
            found[:, :, j] = -(adjoint @ change).reshape(f, 3, 3)
            for i in range(f):  # of what is read off
                found[i, :, j] -= _across(turning_to(self._bound[i, own] @ moved[own]), m[i])
            flow, to = self._bound[j] @ moved, turning_to(m[j])
            inside = self._inside[j] @ turned.x @ turned.frames[number]
            found[j, :, j] += turning_to(inside) + (m[j] @ flow) * to + np.outer(m[j], flow @ to)
        # omega = m x dm
        return np.asarray(np.einsum("iajk,jkb->iajb", found, -turning_to(m)))

    def resistances(self, directions: FloatArray, shape: tuple[int, ...]) -> Number:
        """Return the power over the square of the current through the device, Ohm.

        With two electrodes that is the resistance between them; Ohm m in a planar device.

        Parameters
        ----------
        directions, shape
            As of `torques`.

        Raises
        ------
        ValueError
            As there; or if several potentials are given, or no current.
        """
        zero_of(self._device)  # raises
        load = self._load_at(np.zeros_like(self._unknowns.given))
        taps = lu_solve(self._inner, load[self._charge], trans=1)
        alone, taps_of_x = taps @ load[self._charge], load[self._spin] - taps @ self._column
        current = current_through(self._device, self._system)
        found = [
            (alone + taps_of_x @ self.turned(m).x) / current**2
            for m in directions.reshape(-1, len(self.names), 3)
        ]
        return np.reshape(found, shape)[()]


def frames_of(m: FloatArray) -> FloatArray:
    """Return frames whose first axis is m, as rows, shape (..., 3, 3)."""
    return np.stack([m, *axes_across(m)], axis=-2)


def frame_of_class(device: Device, system: System) -> IntArray:
    """Return in whose frame every class is: the number of a region or electrode, or `NOWHERE`.

    Raises
    ------
    ValueError
        If a class would be in two.
    """
    places, classes = system.places, system.classes
    found = np.full(len(classes.rank), NOWHERE)
    near = [(name, places.of(name)) for name in places.names if is_magnet(device, name)]
    for contact in system.contacts:
        is_open = contact.law.mixing is not None or np.any(contact.law.resistance)
        magnets = [name for name in contact.names if is_magnet(device, name)]
        near += [(magnets[0], own) for own in places.sides(contact) if is_open and magnets]
    for name, own in near:
        number, at = places.names.index(name), classes.of_place[own]
        if (other := found[at][(found[at] != NOWHERE) & (found[at] != number)]).size:
            raise ValueError(
                "magnets must not touch, nor a normal metal at one place, for a torque function, "
                f"got {places.names[other[0]]!r} and {name!r}: take spinfem.solve(device).turned()"
            )
        found[at] = number
    return found


def _isotropic(system: System, is_outside: Any) -> FloatArray:
    """Return the matrix of all that is the same for each component of nu, A/V, of classes.

    Those that are outside of frames are eliminated.
    """
    count, here = len(system.classes.rank), system.classes.of_place
    K = np.zeros((count, count))
    for term in system.terms:
        if term.test.axis == 0:
            to, of = (_selecting(here[row.places], count) for row in (term.test, term.of))
            found = to.T @ (term.matrix @ of)
            K += term.coefficient * (found.toarray() if sp.issparse(found) else found)
    outer = np.flatnonzero(is_outside)
    inner, rows = K[np.ix_(outer, outer)], K[outer]
    factors = factors_of(inner)
    solution_of(inner, factors, rows @ np.cos(np.arange(count)))  # raises
    return np.asarray(K - K[:, outer] @ lu_solve(factors, rows))


def factors_of(A: FloatArray) -> Any:
    """Return the factors of a matrix, also of a singular one: `solution_of` finds that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinAlgWarning)
        return lu_factor(A)


@np.errstate(all="ignore")
def solution_of(A: FloatArray, factors: Any, b: FloatArray) -> FloatArray:
    """Solve ``A x = b``.

    Raises
    ------
    ValueError
        If the relative residual is not below `LARGEST_RESIDUAL`.
    """
    x: FloatArray = lu_solve(factors, b)
    residual = relative_residual(A, b, x)
    if not residual < LARGEST_RESIDUAL:
        raise ValueError(
            f"the relative residual of a solution must be below {LARGEST_RESIDUAL:g}, got "
            f"{residual:.2g} by a full matrix with {len(b):,} unknowns: no spin sink in some "
            "direction, or a system that is nearly singular"
        )
    return x


def _selecting(columns: IntArray, count: int) -> Any:
    """Return the matrix that takes numbers of some classes."""
    rows = np.arange(len(columns))
    return sp.csr_array((np.ones(len(columns)), (rows, columns)), shape=(len(columns), count))


def turning_to(v: FloatArray) -> FloatArray:
    """Return the matrix that makes ``omega x v`` of omega, shape (..., 3, 3)."""
    return np.swapaxes(cross(np.eye(3), v[..., None, :]), -1, -2)


def _across(matrix: FloatArray, m: FloatArray) -> FloatArray:
    """Return the part of columns that is across m."""
    return matrix - np.outer(m, m @ matrix)
