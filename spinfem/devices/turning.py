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
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.linalg import LinAlgWarning, lu_factor, lu_solve

from .._checks import BoolArray, FloatArray, IntArray, Number
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..physics.directions import axes_across, cross
from ..sample.pieces import Lead
from .assembly import (
    MU_0,
    System,
    assemble,
    check_spin_sink,
    load_of,
    matrix_of,
    read,
    taps_of,
    unknowns_of,
)
from .bodies import condensed, parts_of, rates_of
from .bounds import check_one_potential, current_through
from .device import Device, Region, check_undriven, notice_coarse
from .linear import LARGEST_RESIDUAL, relative_residual
from .regions import is_ferromagnetic, is_magnet

Body = tuple[int, ...]
"""The number of a region, as of what turns as one."""
NOWHERE = -1
"""The frame of what is in none."""
LOST = 1e-7
"""Share of what lifts drive that pumped spins must exceed, to be right to some seven digits."""


class Turned(NamedTuple):
    """A device in some directions."""

    frames: FloatArray  # (r, 3, 3) of all regions and electrodes; axes are rows
    axes: FloatArray  # (n, 3) v_a
    x: FloatArray  # (n,) V
    factors: Any  # of A
    reading: FloatArray  # (f, 3, n) what makes absorbed currents of x, A/V


class TurningDevice:
    """A device whose magnets turn; what does not depend on that is found once.

    Parameters
    ----------
    device : Device
        Its magnetizations are of no use, but of leads.
    degree : int, optional
        As of `spinfem.solve`.
    moving : iterable of tuple of int
        Which of them move, of `bodies`.

    Attributes
    ----------
    names : tuple of str
        Its ferromagnets.
    bodies : tuple of tuple of int
        Their numbers among all regions, each of them a body.
    shape : tuple of int
        (), as of one sample.

    Raises
    ------
    ValueError
        As `spinfem.solve`; or if there is no ferromagnet, one has an m that is a function, two
        touch, or touch a normal metal at one place, which then has no frame of its own, or spins
        are driven at electrodes.
    """

    shape: tuple[int, ...] = ()

    def __init__(
        self, device: Device, degree: int | None = None, moving: Iterable[Body] = ()
    ) -> None:
        check_undriven("a torque function", device)
        self.names = tuple(name for name, region in device.regions.items() if region.is_magnet)
        if not self.names:
            raise ValueError("torques must be those of a device with a ferromagnet, got none")
        for name in self.names:
            if callable(device.regions[name].m):
                raise ValueError(
                    f"m of {name!r} must be one direction where magnets turn, got a function"
                )
        self.bodies = tuple(([*device.regions].index(name),) for name in self.names)
        self.moving = tuple(moving)
        self._given, self._parts = device, condensed(parts_of(device, degree))
        angles = np.arange(1.0, 1.0 + len(self.names))
        ways = np.stack([np.cos(angles), np.sin(angles), np.sin(angles) ** 2 + 0.1], axis=-1)
        self._device = self._at(ways)  # where no two are collinear
        self._system = system = assemble(self._device, self._parts)
        check_spin_sink(system)
        places, classes = system.places, system.classes
        self._numbers = [number for (number,) in self.bodies]
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

        whole = _isotropic(system)
        K = _without(whole, (frame == NOWHERE) & (classes.rank == 3))
        self._K = K[np.ix_(of_class, of_class)]
        one = np.zeros(len(rank))
        one[classes.of_place] = system.functions.one[places.dofs]
        bound = np.array([one * (classes.absorber == k) for k in self._numbers])
        self._bound = bound @ K[:, of_class]
        self._lines = bound @ K @ bound.T  # what lifts of lines drive into lines
        near = np.array([one * (frame == k) for k in self._numbers])
        self._stiff = near @ np.abs(whole).sum(axis=1)

        M = matrix_of(self._terms, self._unknowns, True)
        kinds, load = self._unknowns.kinds, self._load_at(self._unknowns.given)
        self._charge, self._spin = charge, spin = kinds == MU_0, kinds != MU_0
        inner, self._column = M[np.ix_(charge, charge)], M[np.ix_(charge, spin)]
        self._inner = factors_of(inner)
        solution_of(inner, self._inner, load[charge])  # raises
        held = lu_solve(self._inner, M[np.ix_(spin, charge)].T, trans=1).T
        self._S = M[np.ix_(spin, spin)] - held @ self._column
        self._load = load[spin] - held @ load[charge]
        self._inside, self._lifted, self._rest = self._taken_inside()
        notice_coarse(device, 5)

    def _at(self, m: FloatArray) -> Device:
        return self._given.replace(**dict(zip(self.names, m, strict=True)))

    def _load_at(self, potentials: FloatArray) -> FloatArray:
        """Return the load with these potentials given at places."""
        unknowns = self._unknowns._replace(given=potentials)
        return load_of(self._device, self._parts, self._system.places, unknowns, self._terms)

    def _taken_inside(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return what magnets take up by mixing and inside, in their frames, A/V.

        Returns
        -------
        inside : array, shape (f, 3, n)
            Of x.
        lifted : array, shape (f, n, 3)
            What a constant nu that is taken up brings to the equations of x.
        rest : array, shape (f, 3, 3)
            And what is taken up of it, less by what relaxes inside while it follows m: that is
            damping of the bulk.
        """
        one, unknowns = self._system.functions.one[self._system.places.dofs], self._unknowns
        f, n = len(self.names), self._spin.sum()
        inside, lifted, rest = np.zeros((f, 3, n)), np.zeros((f, n, 3)), np.zeros((f, 3, 3))
        for i, (name, number) in enumerate(zip(self.names, self._numbers, strict=True)):
            frame, share = frames_of(self._held[number]), _share_taken(self._given.regions[name])
            for term in self._terms:
                if term.absorber != number:
                    continue
                rows = term.test, term.of
                test, of = (read(unknowns, row).toarray()[:, self._spin] for row in rows)
                whole, constant = (frame @ (row.weights * one[row.places]) for row in rows)
                # matrices are symmetric, but those whose rows are put at one place
                inside[i] += term.coefficient * (whole @ (term.matrix @ of))
                answer = term.coefficient * (term.matrix.T @ constant.T)
                lifted[i] += test.T @ answer
                is_inside = term.test.places[0] in self._system.places.of(name)
                rest[i] += (share if is_inside else np.eye(3)) @ (whole @ answer)
        return inside, lifted, rest

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
        return Turned(frames, axes, x, factors, self._reading(frames, axes, m))

    def shape_at(self, directions: FloatArray) -> tuple[int, ...]:
        """Return the shape of what is found in directions (..., f, 3)."""
        return directions.shape[:-2]

    def absorbed(
        self, directions: FloatArray, shape: tuple[int, ...], lifts: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Return the spin currents that magnets absorb: of the device's drives, and of lifts.

        Parameters
        ----------
        directions : array, shape (*shape, f, 3)
            Unit vectors of all magnets.
        shape : tuple of int
            From `shape_at`.
        lifts : array, shape (c, *shape, f, 3), optional
            V across m, V, one after the other.

        Returns
        -------
        absorbed : array, shape (*shape, f, 3)
            A; A/m in a planar device.
        responses : array, shape (c, *shape, f, 3)
            Likewise.

        Raises
        ------
        ValueError
            If there is no spin sink in some directions.
        """
        f = len(self.names)
        points = directions.reshape(-1, f, 3)
        halves = np.zeros((0, len(points), f, 3))
        if lifts is not None:
            halves = np.reshape(lifts, (len(lifts), *points.shape)) / 2
        found = np.empty((len(points), f, 3))
        responses = np.empty((len(points), len(halves), f, 3))
        for i, m in enumerate(points):
            turned = self.turned(m)
            found[i] = turned.reading @ turned.x
            if len(halves):
                responses[i] = self._answers(turned, m, halves[:, i])
        moved = np.moveaxis(responses, 0, 1).reshape(-1, *shape, f, 3)
        return found.reshape(*shape, f, 3), moved

    def _answers(self, turned: Turned, m: FloatArray, halves: FloatArray) -> FloatArray:
        """Return what magnets absorb of halves of lifts (c, f, 3), A, shape (c, f, 3)."""
        own = turned.frames[self._numbers]
        inside = np.einsum("kab,ckb->cka", own, halves)
        load = np.einsum("kna,cka->nc", self._lifted, inside)
        load -= np.einsum("kn,na,cka->nc", self._bound, turned.axes, halves)
        of_rings = turned.reading @ lu_solve(turned.factors, load)
        of_lines = np.einsum("ik,ckb->cib", self._lines, halves)
        of_lines -= m * np.sum(m * of_lines, axis=-1, keepdims=True)
        rest = np.einsum("iba,ibc,kic->kia", own, self._rest, inside)
        return np.asarray(np.moveaxis(of_rings, -1, 0) - of_lines - rest)

    def check_moving(self, directions: FloatArray) -> None:
        """Raise ValueError if spins that moving magnets pump cannot be found.

        A reservoir takes up all of them; or they are what is left of currents so large that
        doubles lose them.

        Parameters
        ----------
        directions : array, shape (f, 3)
            Unit vectors of all magnets.
        """
        classes = self._system.classes
        for body in self.moving:
            i, (number,) = self.bodies.index(body), body
            name = self.names[i]
            if ((classes.rank == 0) & (classes.absorber == number)).any():
                raise ValueError(
                    f"a magnet that moves must not touch a reservoir, got {name!r}, whose pumped "
                    "spins it would all take up: leave them out by pumping=False, or put a normal "
                    "metal between"
                )
            lifts = np.zeros((2, *directions.shape))
            lifts[:, i] = axes_across(directions[i])
            pumped = np.linalg.norm(self.absorbed(directions, (), lifts)[1][:, i], axis=-1)
            if (LOST * self._stiff[i] > pumped).any():
                raise ValueError(
                    f"spins that {name!r} pumps must not be lost in rounding, got numbers of the "
                    "device that are too far apart for doubles: leave them out by pumping=False"
                )

    def torques(self, directions: FloatArray, shape: tuple[int, ...]) -> FloatArray:
        """Return the torques of the device's currents and potentials, J, shape (*shape, f, 3).

        J/m in a planar device. Arguments and errors as of `absorbed`.
        """
        return TORQUE_PER_SPIN_CURRENT * self.absorbed(directions, shape)[0]

    def _reading(self, frames: FloatArray, axes: FloatArray, m: FloatArray) -> FloatArray:
        """Return what makes absorbed currents of x, A/V, shape (f, 3, n)."""
        flows = self._bound[:, None, :] * axes.T
        flows = flows - m[:, :, None] * np.einsum("ia,iax->ix", m, flows)[:, None, :]
        inside = np.einsum("ica,icx->iax", frames[self._numbers], self._inside)
        return np.asarray(inside - flows)

    def torque_slopes(self, directions: FloatArray, shape: tuple[int, ...]) -> FloatArray:
        """Return the derivatives of `torques` with all directions, shape (*shape, f, 3, f, 3)."""
        return TORQUE_PER_SPIN_CURRENT * self.slopes(directions, shape)

    def slopes(
        self,
        directions: FloatArray,
        shape: tuple[int, ...],
        bodies: Sequence[Body] | None = None,
    ) -> FloatArray:
        """Return the derivatives of what magnets absorb, A, with all their directions.

        Parameters
        ----------
        directions, shape
            As of `absorbed`.
        bodies : sequence of tuple of int, optional
            Magnets of which and with respect to which; default: all.

        Returns
        -------
        array, shape (*shape, b, 3, b, 3)
            Across m: nothing changes along it.
        """
        f = len(self.names)
        chosen = [self.bodies.index(body) for body in (self.bodies if bodies is None else bodies)]
        found = [
            self._slopes(m)[np.ix_(chosen, range(3), chosen, range(3))]
            for m in directions.reshape(-1, f, 3)
        ]
        return np.reshape(found, (*shape, len(chosen), 3, len(chosen), 3))

    def _slopes(self, m: FloatArray) -> FloatArray:
        """Return the derivatives of what is absorbed, A, in directions (f, 3)."""
        turned, f = self.turned(m), len(self.names)
        adjoint = lu_solve(turned.factors, turned.reading.reshape(3 * f, -1).T, trans=1).T
        moved = turned.x[:, None] * turned.axes
        found = np.zeros((f, 3, f, 3))  # with the vectors omega
        for j, change in enumerate(self._changes(turned)):
            own, number = self._frame == self._numbers[j], self._numbers[j]
            found[:, :, j] = -(adjoint @ change).reshape(f, 3, 3)
            for i in range(f):  # of what is read off
                found[i, :, j] -= _across(turning_to(self._bound[i, own] @ moved[own]), m[i])
            flow, to = self._bound[j] @ moved, turning_to(m[j])
            inside = self._inside[j] @ turned.x @ turned.frames[number]
            found[j, :, j] += turning_to(inside) + (m[j] @ flow) * to + np.outer(m[j], flow @ to)
        # omega = m x dm
        return np.asarray(np.einsum("iajk,jkb->iajb", found, -turning_to(m)))

    def _changes(self, turned: Turned) -> Iterator[FloatArray]:
        """Return, for every magnet, how ``A x`` changes at x with its vector omega, (n, 3)."""
        axes, moved = turned.axes, turned.x[:, None] * turned.axes
        pulls = self._K @ moved
        for number in self._numbers:
            own = self._frame == number
            yield cross(axes, own[:, None] * pulls - self._K[:, own] @ moved[own])

    def resistances(self, directions: FloatArray, shape: tuple[int, ...]) -> Number:
        """Return the power over the square of the current through the device, Ohm.

        With two electrodes that is the resistance between them; Ohm m in a planar device.

        Parameters
        ----------
        directions, shape
            As of `absorbed`.

        Raises
        ------
        ValueError
            As there; or if several potentials are given, or no current.
        """
        alone, taps = self._taps
        points = directions.reshape(-1, len(self.names), 3)
        return np.reshape([alone + taps @ self.turned(m).x for m in points], shape)[()]

    def resistance_slopes(self, directions: FloatArray, bodies: Sequence[Body]) -> FloatArray:
        """Return the derivatives of `resistances` with directions, Ohm, shape (..., b, 3).

        Arguments and errors as of `slopes` and `resistances`.
        """
        taps, f = self._taps[1], len(self.names)
        found = []
        for m in directions.reshape(-1, f, 3):
            turned = self.turned(m)
            adjoint = lu_solve(turned.factors, taps, trans=1)
            turns = [-(adjoint @ change) for change in self._changes(turned)]
            found.append(-np.einsum("jk,jkb->jb", turns, turning_to(m)))  # omega = m x dm
        chosen = [self.bodies.index(body) for body in bodies]
        return np.reshape(found, (*directions.shape[:-2], f, 3))[..., chosen, :]

    @property
    def degree(self) -> int:
        """The degree of its elements."""
        return int(self._parts.functions.degree)

    @property
    def current(self) -> float:
        """The current through the device, A, or A/m, as its power counts it.

        Raises
        ------
        ValueError
            As of `resistances`.
        """
        check_one_potential(self._device)
        return current_through(self._device, self._system)

    @property
    def is_driven_by_currents(self) -> bool:
        """Whether `current` and `resistances` are known."""
        try:
            return self.current != 0
        except ValueError:
            return False

    @cached_property
    def strength(self) -> float:
        """How large currents are, A: the power without spins over the range of potentials."""
        potential = self._unknowns.given.copy()
        inner = lu_solve(self._inner, self._load_at(self._unknowns.given)[self._charge])
        potential += self._unknowns.potential[:, self._charge] @ inner
        power = 0.0
        for term in self._terms:
            if term.test.weights is None and term.of.weights is None:
                one, other = potential[term.test.places], potential[term.of.places]
                power += term.coefficient * (one @ (term.matrix @ other))
        return float(power / (np.ptp(potential) or 1.0))

    @property
    def numbers(self) -> tuple[FloatArray, ...]:
        """All that torques in any directions, and of any lifts, depend on."""
        own = self._S, self._K, self._load, self._held
        return *own, self._bound, self._lines, self._inside, self._lifted, self._rest

    @cached_property
    def _taps(self) -> tuple[float, FloatArray]:
        """The resistance without spins, and what x adds to it: Ohm, Ohm/V."""
        current = self.current
        load = self._load_at(np.zeros_like(self._unknowns.given))
        whole = taps_of(self._device, self._parts, self._system.places, self._unknowns)
        taps = lu_solve(self._inner, whole[self._charge], trans=1)
        own = whole[self._spin] - taps @ self._column
        return float(taps @ load[self._charge]) / current**2, own / current**2


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
    for name, electrode in device.electrodes.items():
        is_apart = np.isin(places.of(name), classes.apart).any()
        if is_apart and isinstance(electrode.end, Lead) and not is_ferromagnetic(electrode.end):
            raise ValueError(
                "magnets that turn must not touch a lead where an interface with a mixing "
                f"conductance and without a resistance ends, got {name!r} there: give it a "
                "resistance, or take spinfem.solve(device).turned()"
            )
    found = np.full(len(classes.rank), NOWHERE)
    near = [(name, places.of(name)) for name in places.names if is_magnet(device, name)]
    for contact in system.contacts:
        magnets = [name for name in contact.names if is_magnet(device, name)]
        near += [(magnets[0], own) for own in places.sides(contact) if magnets]
    for name, own in near:
        number = places.names.index(name)
        at = np.union1d(classes.of_place[own], classes.across[own])
        if (other := found[at][(found[at] != NOWHERE) & (found[at] != number)]).size:
            raise ValueError(
                "magnets that turn must not touch, nor a normal metal at one place, "
                f"got {places.names[other[0]]!r} and {name!r}: take spinfem.solve(device).turned()"
            )
        found[at] = number
    return found


def _isotropic(system: System) -> FloatArray:
    """Return the matrix of all that is the same for each component of nu, A/V, of classes."""
    count, here = len(system.classes.rank), system.classes.of_place
    K = np.zeros((count, count))
    for term in system.terms:
        if term.test.axis == 0:
            to, of = (_selecting(here[row.places], count) for row in (term.test, term.of))
            found = to.T @ (term.matrix @ of)
            K += term.coefficient * (found.toarray() if sp.issparse(found) else found)
    return K


def _without(K: FloatArray, is_outside: BoolArray) -> FloatArray:
    """Return a matrix of classes, of which those that are outside of frames are eliminated."""
    outer = np.flatnonzero(is_outside)
    inner, rows = K[np.ix_(outer, outer)], K[outer]
    factors = factors_of(inner)
    solution_of(inner, factors, rows @ np.cos(np.arange(len(K))))  # raises
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


def _share_taken(region: Region) -> FloatArray:
    """Return the share that m takes up of what is lost inside, in its frame, (3, 3)."""
    found = np.zeros((3, 3))
    if not region.is_strong:
        share = rates_of(region)[2].share
        found[1:, 1:] = [[share.real, -share.imag], [share.imag, share.real]]
    return found


def turning_to(v: FloatArray) -> FloatArray:
    """Return the matrix that makes ``omega x v`` of omega, shape (..., 3, 3)."""
    return np.swapaxes(cross(np.eye(3), v[..., None, :]), -1, -2)


def _across(matrix: FloatArray, m: FloatArray) -> FloatArray:
    """Return the part of columns that is across m."""
    return matrix - np.outer(m, m @ matrix)
