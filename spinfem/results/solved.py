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
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, Number, finite, unit_vector
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..physics.directions import angle
from ..sample.pieces import Lead
from ..sample.stack import Stack
from ..solvers.transport import Side, Transport, Values
from .scaling import Scaled
from .views import Face, LayerSolution


def named_magnets(stack: Stack) -> slice:
    """Return which of all magnets have a torque: all but leads that were given no name."""
    # layers always have a name
    first, last = (
        int(isinstance(end, Lead) and end.m is not None and end.name is None)
        for end in (stack.left, stack.right)
    )
    return slice(first, -last or None)


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
        Shape of the batch: the stack's and that of j0, broadcast.
    """

    def __init__(
        self,
        stack: Stack,
        j0: Number,
        transport: Transport,
        solve_again: Callable[[Stack, Number], Self],
    ) -> None:
        self.stack, self.j0, self.shape = stack, j0, stack.shape
        if not isinstance(j0, float):
            self.shape = np.broadcast_shapes(stack.shape, j0.shape)
        self.transport, self._solve_again = transport, solve_again

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
        return self._solve_again(part, float(j0) if j0.ndim == 0 else j0)

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
        (2), (3): ``mu_0' = -j0/D_tot - p m.mu_s'/2``. Parameters as in `spin_potential`.
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

        ``j_s(x-) - j_s(x+)`` summed over the layer's interfaces, eq. (10); perpendicular to m.

        Raises
        ------
        ValueError
            If nothing has that name, or it is not a ferromagnet.
        """
        return self.scaled(self.transport.absorbed(self._magnet(name)))

    def torque(self, name: str) -> FloatArray:
        """Return the spin-transfer torque on a magnetization, J/m2, shape (..., 3).

        ``(hbar/2|e|)`` times `absorbed_spin_current`; it enters the equation of motion as
        ``dm/dt = gamma T/(M_s t)`` with gamma = 1.760859628e11 rad/(s T), M_s in A/m and t the
        layer's thickness. (gamma_0 = mu_0 gamma = 2.2128e5 m/(A s) goes with fields in A/m.)

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
        absorbed = self.transport.all_absorbed()[named_magnets(self.stack)]
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
            The ferromagnet.
        polarizer : str, optional
            The other one; needed if there are more than two.

        Raises
        ------
        ValueError
            If a name is not that of a ferromagnet, both are the same, or it is not clear which
            the polarizer is.
        """
        elements = self.stack.elements
        magnets = self.transport.magnets
        own = int(magnets[self._magnet(name)])
        others = [k for k in magnets.tolist() if k != own]
        if polarizer is not None:
            other = int(magnets[self._magnet(polarizer)])
        elif len(others) == 1:
            other = others[0]
        else:
            names = ", ".join(elements[k].name or "an unnamed lead" for k in others)
            raise ValueError(f"polarizer must be given, one of {names or 'none'}, got None")
        if other == own:
            raise ValueError(f"polarizer must be another ferromagnet than {name!r}, got the same")
        m, q = (np.asarray(elements[k].m) for k in (own, other))  # type: ignore[union-attr]
        torque = self.torque(name)
        across = np.cross(m, q)
        length = np.linalg.norm(across, axis=-1, keepdims=True)
        way = np.divide(across, length, out=np.zeros_like(across), where=length > 1e-12)
        field_like = np.sum(torque * way, axis=-1, keepdims=True) * way
        return torque - field_like, field_like

    def efficiency(self, a: str, b: str) -> tuple[Number, Number]:
        """Return the efficiency factors (g_a, g_b) of two neighbours, dimensionless.

        Of eq. (1), with 1 left of 2: ``T1 = -(hbar/2|e|) j0 g1 m1 x (m2 x m1)`` and
        ``T2 = (hbar/2|e|) j0 g2 m2 x (m1 x m2)``, taking only the faces of the normal metal
        between them. ``g1 = -B mu2/j0``, ``g2 = B mu1/j0``: finite at 0 and 180 degrees too. With
        mixing conductances or exchange lengths there is no single B; g is then from the spin
        current across m that enters through these faces, its part in the plane of m1 and m2. Where
        these are collinear it is the limit as all on the right of the spacer turns, to all digits,
        however narrow the torque's peak is (to ten, and not beside the thinnest spacers, by
        ``method="saddle"``).

        Parameters
        ----------
        a, b : str
            Two ferromagnets with nothing but normal metals between them, in either order.

        Raises
        ------
        ValueError
            If they are not that; in direct contact the factors diverge.
        """
        first, second = sorted((self._magnet(a), self._magnet(b)))
        magnets = self.transport.magnets
        apart = magnets[second] > magnets[first] + 1
        if second != first + 1 or not apart:
            between = "another ferromagnet" if second > first + 1 else "nothing"
            got = "the same one twice" if first == second else f"{between} between them"
            raise ValueError(
                f"{a!r} and {b!r} must be different ferromagnets with only normal metal between "
                f"them for an efficiency, got {got}"
            )
        found = self.transport.efficiencies(first)
        g = self.shaped(found[0]), self.shaped(found[1])
        g = g if self._magnet(a) == first else g[::-1]
        closed = np.asarray(np.isnan(g[0]))
        if closed.any():
            given = [self.stack.elements[magnets[i]].m for i in (first, second)]
            ways = (np.broadcast_to(m, (*self.shape, 3))[closed] for m in given)
            closed[closed] = angle(*ways).collinear  # or it overflows
        if closed.any():
            stack = self.stack
            part = stack.part(self.shape, np.nonzero(closed)) if self.shape else stack
            limits = self._opened(part, int(magnets[second])).efficiency(a, b)
            if not self.shape:
                g = limits
            for own, limit in zip(g, limits, strict=True):
                if self.shape:
                    own[closed] = limit  # type: ignore[index]
        return g

    def _opened(self, stack: Stack, position: int) -> Self:
        """Return the solution of a stack in which all from an element on is turned a little.

        About an axis across the element's m.
        """
        pieces = stack.elements[position:]
        m = np.asarray(pieces[0].m)  # type: ignore[union-attr]
        axis = np.cross(m, np.eye(3)[np.abs(m).argmin(axis=-1)])
        axis *= self.transport.opening
        turned = stack
        for name, piece in zip(stack.element_names[position:], pieces, strict=True):
            way = getattr(piece, "m", None)
            if way is not None:
                turned = turned.replace(name, m=way + np.cross(axis, way))
        return self._solve_again(turned, 1.0)

    @property
    def spacers(self) -> tuple[tuple[str, str], ...]:
        """Names of neighbouring ferromagnets that have an efficiency, from left to right."""
        names: list[str] = [getattr(e, "name", None) or "" for e in self.stack.elements]
        magnets = self.transport.magnets
        return tuple(
            (names[i], names[k])
            for i, k in itertools.pairwise(magnets)
            if k > i + 1 and names[i] and names[k]
        )

    @property
    def ferromagnets(self) -> tuple[str, ...]:
        """Names of all ferromagnets that have a torque, from left to right, leads included."""
        pairs = zip(self.stack.elements, self.transport.elements.magnetic, strict=True)
        return tuple(e.name for e, magnetic in pairs if magnetic and e.name)  # type: ignore[union-attr]

    # --- resistances --------------------------------------------------------------------------

    @property
    def spin_resistance(self) -> Number:
        """Spin part of the resistance-area product dr = dV/j0 >= 0, Ohm m2, shape (...).

        ``dV = (1/2) sum over ferromagnets of the integral of p m.mu_s' dx``, magnetic leads
        included, where mu_s = 0 at their far end.
        """
        return self.shaped(self.transport.spin_part)

    @property
    def resistance(self) -> Number:
        """Resistance-area product between the ends of the stack, Ohm m2, shape (...).

        The integral of ``dx/D_tot`` over the layers, plus `spin_resistance`, of magnetic leads
        too.
        """
        transport = self.transport
        ohmic = transport.ohmic.sum(axis=0) + transport.joint_ohmic.sum(axis=0)
        return self.shaped(ohmic + transport.spin_part)

    @property
    def voltage(self) -> Number:
        """``j0`` times `resistance`, V, shape (...): mu_0 on the left less mu_0 on the right.

        With a magnetic lead, mu_0 is that extrapolated from where mu_s has died away in it: what
        mu_s adds in the lead is part of the voltage.
        """
        return self.resistance * self.j0

    # --- internals ----------------------------------------------------------------------------

    def _magnet(self, name: str) -> int:
        """Number of a ferromagnet among all of them."""
        number = self.transport.elements.numbers.get(name) if isinstance(name, str) else None
        if number is None:
            self.stack.position(name)  # raises if there is no such thing
            raise ValueError(f"{name!r} must be a ferromagnet, got a normal metal")
        return number

    def _at(self, x: ArrayLike, side: Side | None) -> Values:
        if side not in (None, "left", "right"):
            raise ValueError(f"side must be 'left' or 'right', got {side!r}")
        given = np.asarray(finite("x (position)", x))
        columns = self.columns(np.atleast_1d(given))
        found = self.transport.at(columns, self.columns(self.stack.x), side)
        mu, j, phi = (self.scaled(a, 1) for a in found)
        if given.ndim == 0:
            return Values(mu[..., 0, :], j[..., 0, :], phi[..., 0])
        return Values(mu, j, phi)
