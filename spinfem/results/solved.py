r"""What comes out: fields, torques, efficiencies, resistances.

Signs and units. Particle currents and spin currents are positive towards +x, in A/m2 (times
|e|); positive j0 means electrons flowing towards +x. Spin potential and potential are in V (divided
by |e|). Torques are on the magnetization, in J/m2. With a stack in plain numbers, all but the
torque are in the units of these numbers.

Torques come from the multipliers of the interface conditions, never from a differentiated mu_s.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cached_property
from typing import Any, Self, cast

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, Number, finite, unit_vector
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..physics.directions import angle, cross
from ..sample.pieces import Layer, Lead
from ..sample.stack import Stack
from ..solvers.transport import Side, Transport, Values
from .scaling import Scaled
from .views import Face, LayerSolution


def named_bodies(stack: Stack) -> slice:
    """Return which of `Elements.bodies` have a torque: all but leads that were given no name."""
    # layers always have a name
    first, last = (
        int(isinstance(end, Lead) and end.m is not None and not (end.name or end.group))
        for end in (stack.left, stack.right)
    )
    return slice(first, -last or None)


def body_name(stack: Stack, body: tuple[int, ...]) -> str | None:
    """Return the name of a group, or of a magnet by itself; None of a lead that has none."""
    element = cast(Layer | Lead, stack.elements[body[0]])
    return element.group or element.name


class SolvedStack(Scaled):
    """The numbers of a solved stack; `spinfem.Solution` adds what is made of them.

    For a batch, every result has the batch's shape in front.

    Attributes
    ----------
    stack : Stack
        The sample.
    j0 : float or array
        Particle current, A/m2, positive when electrons flow towards +x.
    shape : tuple of int
        Shape of the batch: the stack's, that of j0 and that of frequencies, broadcast.
    frequency : float, array or None
        Of what swings, Hz: results are complex amplitudes then; None if it is stationary.
    """

    def __init__(
        self,
        stack: Stack,
        j0: Number,
        transport: Transport,
        solve_again: Callable[..., Self],
        frequency: Number | None = None,
    ) -> None:
        self.stack, self.j0, self.shape = stack, j0, transport.elements.shape
        if not isinstance(j0, float):
            self.shape = np.broadcast_shapes(self.shape, j0.shape)
        self.transport, self._solve_again, self.frequency = transport, solve_again, frequency
        self.transports = (transport,)
        if transport.elements.drives and transport.of_ends is not None:
            self.transports = (transport, transport.of_ends)

    def __repr__(self) -> str:
        batch = f", shape={self.shape}" if self.shape else ""
        return f"<Solution of {self.stack!r}{batch}>"

    def __getitem__(self, index: Any) -> Self:
        """Return the solution of a point or a part of a batch: ``solution[3]``, ``solution[:, 0]``.

        Raises
        ------
        IndexError
            If the batch has no such index.
        """
        part = self.stack.part(self.shape, index)
        j0 = np.broadcast_to(self.j0, self.shape)[index]
        current = float(j0) if j0.ndim == 0 else j0
        return self._solve_again(part, current, **self._frequency_at(index))

    def _frequency_at(self, index: Any) -> dict[str, Number]:
        """Return the frequency of a part of a batch, as an argument; nothing if there is none."""
        if self.frequency is None:
            return {}
        part = np.broadcast_to(self.frequency, self.shape)[index]
        return {"frequency": float(part) if part.ndim == 0 else part}

    @property
    def is_stationary(self) -> bool:
        """Whether nothing varies in time."""
        return self.frequency is None

    def check_stationary(self, what: str) -> None:
        """Raise ValueError for what is made of real numbers, and of a single current, alone."""
        self.check_real(what)

    def check_standing(self, what: str) -> None:
        """Raise ValueError if magnetizations move, for what has mu_s along them."""
        if self.transport.pumps:
            raise ValueError(f"magnetizations must stand still for {what}, got some that move")

    __iter__ = None  # a batch is indexed, not iterated over

    # --- fields -------------------------------------------------------------------------------

    @cached_property
    def layers(self) -> tuple[LayerSolution, ...]:
        """Fields of every layer, from left to right."""
        return tuple(LayerSolution(self, i) for i in range(len(self.stack.layers)))

    def layer(self, name: str) -> LayerSolution:
        """Return the fields of a layer: `.x`, `.spin_potential`, `.spin_current`, `.potential`.

        Raises
        ------
        ValueError
            If no layer has that name.
        """
        position = self.stack.position(name)
        if not 1 <= position <= len(self.stack.layers):
            raise ValueError(f"name must be that of a layer, got the lead {name!r}")
        return self.layers[position - 1]

    @cached_property
    def interfaces(self) -> tuple[Face, ...]:
        """The n + 1 faces of n layers from left to right, both ends included."""
        return tuple(Face(self, i) for i in range(len(self.stack.layers) + 1))

    def spin_potential(self, x: ArrayLike, side: Side | None = None) -> FloatArray:
        """Return mu_s anywhere in the stack, V.

        Parameters
        ----------
        x : float or array, shape (n,) or (..., n)
            Positions, m; 0 is the left face of the stack.
        side : "left" or "right", optional
            At an interface, the limit from its left or its right; default: right, but inside the
            stack at its right end.

        Returns
        -------
        array, shape (..., n, 3)
            Without the axis n if x is a number.

        Raises
        ------
        ValueError
            If a position lies outside the stack, or side is neither.
        """
        return self._at(x, side).spin_potential

    def spin_current(self, x: ArrayLike, side: Side | None = None) -> FloatArray:
        """Return j_s anywhere in the stack, A/m2, positive towards +x, shape (..., n, 3).

        Across m it jumps at an interface with a ferromagnet. Parameters as in `spin_potential`.
        """
        return self._at(x, side).spin_current

    def potential(self, x: ArrayLike, side: Side | None = None) -> FloatArray:
        """Return the electrochemical potential mu_0 anywhere in the stack, V, shape (..., n).

        ``mu_0 = 0`` at the right end of the last layer; the electric potential is -mu_0. From eqs.
        (2), (3): ``mu_0' = -j0/D_tot - p m.mu_s'/2``, with beta_D for p if there is one. Parameters
        as in `spin_potential`.
        """
        return self._at(x, side).potential

    def channel_potentials(
        self, x: ArrayLike, axis: ArrayLike, side: Side | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Return the potentials of electrons with spin along and against an axis, V, (..., n) each.

        ``mu_0 +- axis.mu_s/2``; in a ferromagnet take its m.

        Parameters
        ----------
        x : float or array
            Positions, as in `spin_potential`.
        axis : array, shape (3,)
            Direction of the spin; its length does not matter.
        side : "left" or "right", optional
            As in `spin_potential`.
        """
        found = self._at(x, side)
        half = found.spin_potential @ unit_vector("axis", axis) / 2
        return found.potential + half, found.potential - half

    # --- torques ------------------------------------------------------------------------------

    def absorbed_spin_current(self, name: str) -> FloatArray:
        """Return the spin current absorbed by a magnetization at both faces, A/m2, shape (..., 3).

        ``j_s(x-) - j_s(x+)`` summed over the layer's interfaces, eq. (10); perpendicular to m. Of a
        group, the sum of what its layers absorb.

        Raises
        ------
        ValueError
            If nothing has that name, or it is not a ferromagnet.
        """
        first, *more = self._magnets(name)

        def absorbed(transport: Transport) -> FloatArray:
            total = transport.absorbed(first)
            for magnet in more:
                total = total + transport.absorbed(magnet)
            return total

        return self.scaled([absorbed(transport) for transport in self.transports])

    def torque(self, name: str) -> FloatArray:
        """Return the spin-transfer torque on a magnetization, J/m2, shape (..., 3).

        ``(hbar/2|e|)`` times `absorbed_spin_current`; it enters the equation of motion as
        ``dm/dt = gamma T/(M_s t)`` with gamma = 1.760859628e11 rad/(s T), M_s in A/m and t the
        layer's thickness; of a group, with the sum of ``M_s t`` of its layers. (gamma_0 = mu_0
        gamma = 2.2128e5 m/(A s) goes with fields in A/m.)

        Raises
        ------
        ValueError
            If nothing has that name, or it is not a ferromagnet.
        """
        return TORQUE_PER_SPIN_CURRENT * self.absorbed_spin_current(name)

    @property
    def torques(self) -> FloatArray:
        """Torques on all ferromagnets at once, J/m2, shape (..., f, 3); see `torque`.

        In the order of `ferromagnets`; of those leads alone that have a name.
        """
        e, named = self.transport.elements, named_bodies(self.stack)
        absorbed = [e.summed(t.all_absorbed())[named] for t in self.transports]
        return TORQUE_PER_SPIN_CURRENT * self.scaled(absorbed, 1)

    def torque_parts(
        self, name: str, polarizer: str | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Return the damping-like and the field-like part of a torque, J/m2, shapes (..., 3).

        With m of the magnetization and q of the polarizer: the part along ``m x (q x m)``, in the
        plane of both, and the part along ``m x q``, out of it. Together they are `torque`. In a
        transparent stack of two strong ferromagnets all is damping-like; precession, by an
        imaginary mixing conductance or lambda_J in any of them, makes the other. Where m and q
        are collinear all counts as damping-like.

        Parameters
        ----------
        name : str
            The ferromagnet, or a group.
        polarizer : str, optional
            The other one; needed if there are more than two.

        Raises
        ------
        ValueError
            If a name is not that of a ferromagnet, both are the same, or it is not clear which
            the polarizer is.
        """
        m, q = (np.asarray(self.stack.elements[k].m) for k in self.facing(name, polarizer))  # type: ignore[union-attr]
        torque = self.torque(name)
        across = np.cross(m, q)
        length = np.linalg.norm(across, axis=-1, keepdims=True)
        way = np.divide(across, length, out=np.zeros_like(across), where=length > 1e-12)
        field_like = np.sum(torque * way, axis=-1, keepdims=True) * way
        return torque - field_like, field_like

    def facing(self, name: str, polarizer: str | None = None) -> tuple[int, int]:
        """Return which elements have the m and the q of `torque_parts`; errors as there."""
        own = self._body(name)
        others = [body for body in self.transport.elements.bodies if body != own]
        if polarizer is not None:
            other = self._body(polarizer)
        elif len(others) == 1:
            other = others[0]
        else:
            names = ", ".join(body_name(self.stack, body) or "an unnamed lead" for body in others)
            raise ValueError(f"polarizer must be given, one of {names or 'none'}, got None")
        if other == own:
            raise ValueError(f"polarizer must be another ferromagnet than {name!r}, got the same")
        return own[0], other[0]

    def efficiency(self, a: str, b: str) -> tuple[Number, Number]:
        """Return the efficiency factors (g_a, g_b) of two neighbours, dimensionless.

        Of eq. (1), with 1 left of 2: ``T1 = -(hbar/2|e|) j0 g1 m1 x (m2 x m1)`` and
        ``T2 = (hbar/2|e|) j0 g2 m2 x (m1 x m2)``, taking only the faces of the normal metal
        between them. ``g1 = -B mu2/j0``, ``g2 = B mu1/j0``: finite at 0 and 180 degrees too. With
        mixing conductances or exchange lengths there is no single B; g is then from the spin
        current across m that enters through these faces, its part in the plane of m1 and m2. Where
        these are collinear it is the limit as all on the right of the spacer turns, to all digits,
        however narrow the torque's peak is (to ten, and not beside the thinnest spacers, by
        ``method="saddle"``). What is given at the ends of a stack is not in it.

        Parameters
        ----------
        a, b : str
            Two ferromagnets, or groups, with nothing but normal metals between them, in either
            order.

        Raises
        ------
        ValueError
            If they are not that; in direct contact the factors diverge.
        """
        left, right = sorted((self._magnets(a), self._magnets(b)))
        first, second = left[-1], right[0]
        magnets = self.transport.magnets
        apart = magnets[second] > magnets[first] + 1
        if self._body(a) == self._body(b) or second != first + 1 or not apart:
            between = "another ferromagnet" if second > first + 1 else "nothing"
            same = self._body(a) == self._body(b)
            got = "the same one twice" if same else f"{between} between them"
            raise ValueError(
                f"{a!r} and {b!r} must be different ferromagnets with only normal metal between "
                f"them for an efficiency, got {got}"
            )
        found = self.transport.efficiencies(first)
        g = self.shaped(found[0]), self.shaped(found[1])
        g = g if self._magnets(a) == left else g[::-1]
        closed = np.asarray(np.isnan(g[0]))
        if closed.any():
            given = [self.stack.elements[magnets[i]].m for i in (first, second)]
            where = np.nonzero(closed) if self.shape else ...
            ways = (np.broadcast_to(m, (*self.shape, 3))[where] for m in given)
            closed[where] = angle(*ways).collinear  # or it overflows
        if closed.any():
            stack = self.stack
            where = np.nonzero(closed) if self.shape else ()
            part = stack.part(self.shape, where) if self.shape else stack
            opened = self._opened(part, int(magnets[second]), self._frequency_at(where))
            limits = opened.efficiency(a, b)
            if not self.shape:
                g = limits
            for own, limit in zip(g, limits, strict=True):
                if self.shape:
                    own[closed] = limit  # type: ignore[index]
        return g

    def _opened(self, stack: Stack, position: int, frequency: dict[str, Number]) -> Self:
        """Return the solution of a stack in which all from an element on is turned a little.

        About an axis across the element's m.
        """
        elements = stack.elements
        m = np.asarray(elements[position].m)  # type: ignore[union-attr]
        axis = cross(m, np.eye(3)[np.abs(m).argmin(axis=-1)])
        axis *= self.transport.opening
        ways = {}
        for body in self.transport.elements.bodies:
            if body[0] >= position:
                m = np.asarray(elements[body[0]].m)  # type: ignore[union-attr]
                ways.update(dict.fromkeys(body, m + cross(axis, m)))
        return self._solve_again(stack.undriven().turned(ways), 1.0, **frequency)

    @property
    def spacers(self) -> tuple[tuple[str, str], ...]:
        """Names of neighbouring ferromagnets that have an efficiency, from left to right.

        A group is one of them, under its own name.
        """
        bodies = self.transport.elements.bodies
        found = (
            (body_name(self.stack, left), body_name(self.stack, right))
            for left, right in itertools.pairwise(bodies)
            if right[0] > left[-1] + 1
        )
        return tuple((left, right) for left, right in found if left and right)

    @property
    def ferromagnets(self) -> tuple[str, ...]:
        """Names of all ferromagnets that have a torque, from left to right, leads included.

        A group is one of them, under its own name in place of those of its layers.
        """
        bodies = self.transport.elements.bodies
        return tuple(filter(None, (body_name(self.stack, body) for body in bodies)))

    # --- resistances --------------------------------------------------------------------------

    @property
    def spin_resistance(self) -> Number:
        """Spin part of the resistance-area product dr = dV/j0 >= 0, Ohm m2, shape (...).

        ``dV = (1/2) sum over ferromagnets of the integral of p m.mu_s' dx``, magnetic leads
        included, where mu_s = 0 at their far end. Where a ferromagnet has a beta_D, that stands for
        p, and dr may be negative; it is right relative to ``beta_D mu_s`` then. It is that of what
        j0 drives, as if nothing else were given at the ends.
        """
        return self.shaped(self.transport.spin_part)

    @property
    def resistance(self) -> Number:
        """Resistance-area product between the ends of the stack, Ohm m2, shape (...).

        The integral of ``dx/D_tot`` over the layers, plus `spin_resistance`, of magnetic leads
        too. It is dV/dj0: what is given at the ends of a stack adds to the voltage alone.
        """
        transport = self.transport
        ohmic = transport.ohmic.sum(axis=0) + transport.joint_ohmic.sum(axis=0)
        return self.shaped(ohmic + transport.spin_part)

    @property
    def voltage(self) -> Number:
        """``j0`` times `resistance`, V, shape (...): mu_0 on the left less mu_0 on the right.

        And what a mu_s or a spin current given at an end drives, ``dV`` of `spin_resistance`: the
        voltage without a current. With a magnetic lead, mu_0 is that extrapolated from where mu_s
        has died away in it: what mu_s adds in the lead is part of the voltage.
        """
        voltage = self.resistance * self.j0
        for of_ends in self.transports[1:]:
            voltage = voltage + self.shaped(of_ends.spin_part)
        return voltage

    # --- internals ----------------------------------------------------------------------------

    def _magnets(self, name: str) -> tuple[int, ...]:
        """Numbers of a ferromagnet, or of those of a group, among all of them."""
        e = self.transport.elements
        number = e.numbers.get(name) if isinstance(name, str) else None
        if number is not None:
            return (number,)
        members = self.stack.members(name)  # raises if there is no such thing
        if not e.magnetic[members[0]]:
            raise ValueError(f"{name!r} must be a ferromagnet, got a normal metal")
        return tuple(np.searchsorted(e.magnets, members).tolist())

    def turning(self, name: str) -> tuple[int, ...]:
        """Return which elements turn if the magnet of that name does: one, or those of a group.

        Raises
        ------
        ValueError
            If nothing has that name, it is not a ferromagnet, or a layer of a group, which does not
            turn by itself.
        """
        self._magnets(name)  # raises
        members, body = self.stack.members(name), self._body(name)
        if members != body:
            raise ValueError(
                f"{name!r} must be a magnet that turns by itself, got a layer of group "
                f"{body_name(self.stack, body)!r}"
            )
        return body

    def _body(self, name: str) -> tuple[int, ...]:
        """Elements that turn with a ferromagnet or group."""
        e = self.transport.elements
        return e.body_of(int(e.magnets[self._magnets(name)[0]]))

    def _at(self, x: ArrayLike, side: Side | None) -> Values:
        if side not in (None, "left", "right"):
            raise ValueError(f"side must be 'left' or 'right', got {side!r}")
        given = np.asarray(finite("x (position)", x))
        columns = self.columns(np.atleast_1d(given))
        faces = self.columns(self.stack.x)
        mu, j, phi = self.all_scaled([t.at(columns, faces, side) for t in self.transports])
        if given.ndim == 0:
            return Values(mu[..., 0, :], j[..., 0, :], phi[..., 0])
        return Values(mu, j, phi)
