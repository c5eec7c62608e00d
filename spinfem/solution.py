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
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ._checks import FloatArray, Number, finite, unit_vector
from .pieces import Layer, Lead
from .stack import Stack
from .transport import NARROW, Side, Transport, Values
from .views import Face, LayerSolution

if TYPE_CHECKING:
    from .certify import Bounds
    from .gradient import Gradient
    from .plot import SolutionPlots

TORQUE_PER_SPIN_CURRENT = 6.62607015e-34 / (2 * np.pi) / (2 * 1.602176634e-19)
"""hbar/2|e|, J s/C: torque per absorbed spin current; h and e are exact in the SI."""


def check_current(stack: Stack, j0: ArrayLike | None, current_density: ArrayLike | None) -> Number:
    """Return the particle current from either way of giving it; 1 if neither is.

    The stack is checked too.

    Raises
    ------
    TypeError, ValueError
        If the stack is none, both are given, a value is not a finite number, or the shape does not
        broadcast.
    """
    _check_stack(stack)
    if j0 is not None and current_density is not None:
        raise ValueError(
            f"the current must be given once, got j0={j0!r} and current_density={current_density!r}"
        )
    if current_density is not None:
        current: Number = -finite("current_density", current_density)
    else:
        current = finite("j0 (particle current)", 1.0 if j0 is None else j0)
    if isinstance(current, float):
        return current
    try:
        np.broadcast_shapes(stack.shape, current.shape)
    except ValueError:
        raise ValueError(
            f"shape of j0 must broadcast with the stack's {stack.shape}, got {current.shape}"
        ) from None
    return current


def _check_stack(stack: object) -> None:
    if not isinstance(stack, Stack):
        two = isinstance(stack, tuple)
        hint = "; a file holds both: stack, j0 = spinfem.load(path)" if two else ""
        raise TypeError(f"stack must be a Stack, got {stack!r}{hint}")
    stack.check_complete()


def named_magnets(stack: Stack) -> slice:
    """Return which of all magnets have a torque: all but leads that were given no name."""
    magnets = [e for e in stack.elements if isinstance(e, Layer | Lead) and e.m is not None]
    unnamed = [int(bool(magnets) and magnets[end].name is None) for end in (0, -1)]
    return slice(unnamed[0], max(len(magnets) - unnamed[1], unnamed[0]))


class Solution:
    """Spin transport in a stack, made by `spinfem.solve` or `spinfem.analytic.solve`.

    For a batch, every result has the batch's shape in front.

    Attributes
    ----------
    stack : Stack
        The sample.
    j0 : float or array
        Particle current, A/m2, positive when electrons flow towards +x.
    shape : tuple of int
        Shape of the batch: the stack's and that of j0, broadcast.
    bounds : certify.Bounds or None
        Certified bounds of dr and of torques, if the solution was asked for them.
    """

    def __init__(
        self,
        stack: Stack,
        j0: Number,
        transport: Transport,
        solve_again: Callable[[Stack, Number], Solution],
    ) -> None:
        self.stack = stack
        self.j0 = j0
        self.shape = stack.shape
        if not isinstance(j0, float):
            self.shape = np.broadcast_shapes(stack.shape, j0.shape)
        self._transport = transport
        self._solve_again = solve_again
        self.bounds: Bounds | None = None

    def __repr__(self) -> str:
        batch = f", shape={self.shape}" if self.shape else ""
        return f"<Solution of {self.stack!r}{batch}>"

    def __getitem__(self, index: Any) -> Solution:
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
        return self._scaled(self._transport.absorbed(self._magnet(name)))

    def torque(self, name: str) -> FloatArray:
        """Return the spin-transfer torque on a magnetization, J/m2, shape (..., 3).

        ``(hbar/2|e|)`` times `absorbed_spin_current`; it enters the equation of motion as
        ``dm/dt = gamma_0 T/(M_s t)`` with gamma_0 > 0 and t the layer's thickness.

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
        absorbed = self._transport.all_absorbed()[named_magnets(self.stack)]
        return TORQUE_PER_SPIN_CURRENT * self._scaled(absorbed, 1)

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
        magnets = self._transport.magnets
        own = int(magnets[self._magnet(name)])
        others = [k for k in magnets.tolist() if k != own]
        if polarizer is not None:
            other = int(magnets[self._magnet(polarizer)])
        elif len(others) == 1:
            other = others[0]
        else:
            names = ", ".join(elements[k].name or "an unnamed lead" for k in others)  # type: ignore[union-attr]
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
        interfaces, exchange lengths or graded layers g is from the spin current across m that
        enters through these faces, its part in the plane of m1 and m2, and at angles below 1e-4 its
        limit, right to 1e-7.

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
        magnets = self._transport.magnets
        apart = magnets[second] > magnets[first] + 1
        if second != first + 1 or not apart:
            between = "another ferromagnet" if second > first + 1 else "nothing"
            got = "the same one twice" if first == second else f"{between} between them"
            raise ValueError(
                f"{a!r} and {b!r} must be different ferromagnets with only normal metal between "
                f"them for an efficiency, got {got}"
            )
        found = self._transport.efficiencies(first)
        g = self._shaped(found[0]), self._shaped(found[1])
        g = g if self._magnet(a) == first else g[::-1]
        closed = np.isnan(g[0])
        if closed.any():
            left, right = (a, b) if self._magnet(a) == first else (b, a)
            closed = closed & (self._sine(left, right) <= NARROW)  # else it is an overflow
        if closed.any():
            limits = self._opened(left, right).efficiency(a, b)
            g = tuple(np.where(closed, x, own)[()] for x, own in zip(limits, g, strict=True))  # type: ignore[assignment]
        return g

    def _opened(self, left: str, right: str) -> Solution:
        """Return the solution in which two collinear magnetizations are opened by 2 `NARROW`."""
        m = np.asarray(self.stack.elements[self.stack.position(right)].m)  # type: ignore[union-attr]
        way = np.eye(3)[np.abs(m).argmin(axis=-1)]
        sideways = np.cross(m, way)
        sideways /= np.linalg.norm(sideways, axis=-1, keepdims=True)
        opening = np.where(self._sine(left, right) <= NARROW, 2 * NARROW, 0.0)
        turned = self.stack.replace(right, m=m + np.asarray(opening)[..., None] * sideways)
        return self._solve_again(turned, self.j0)

    def _sine(self, a: str, b: str) -> FloatArray:
        """Sine of the angle between two magnetizations, shape (...) of these."""
        elements, position = self.stack.elements, self.stack.position
        m_a, m_b = (np.asarray(elements[position(name)].m) for name in (a, b))  # type: ignore[union-attr]
        return np.asarray(np.linalg.norm(np.cross(m_a, m_b), axis=-1))

    @property
    def spacers(self) -> tuple[tuple[str, str], ...]:
        """Names of neighbouring ferromagnets that have an efficiency, from left to right."""
        names: list[str] = [getattr(e, "name", None) or "" for e in self.stack.elements]
        magnets = self._transport.magnets
        return tuple(
            (names[i], names[k])
            for i, k in itertools.pairwise(magnets)
            if k > i + 1 and names[i] and names[k]
        )

    @property
    def ferromagnets(self) -> tuple[str, ...]:
        """Names of all ferromagnets that have a torque, from left to right, leads included."""
        pairs = zip(self.stack.elements, self._transport.elements.magnetic, strict=True)
        return tuple(e.name for e, magnetic in pairs if magnetic and e.name)  # type: ignore[union-attr]

    # --- resistances --------------------------------------------------------------------------

    @property
    def spin_resistance(self) -> Number:
        """Spin part of the resistance-area product dr = dV/j0 >= 0, Ohm m2, shape (...).

        ``dV = (1/2) sum over ferromagnets of the integral of p m.mu_s' dx``, magnetic leads
        included, where mu_s = 0 at their far end.
        """
        transport = self._transport
        total = transport.spin_voltage.sum(axis=0) + transport.joint_spin_voltage.sum(axis=0)
        return self._shaped(total)

    @property
    def resistance(self) -> Number:
        """Resistance-area product between the ends of the stack, Ohm m2, shape (...).

        The integral of ``dx/D_tot`` over the layers, plus `spin_resistance`, of magnetic leads
        too.
        """
        transport = self._transport
        ohmic = transport.ohmic.sum(axis=0) + transport.joint_ohmic.sum(axis=0)
        spin = transport.spin_voltage.sum(axis=0) + transport.joint_spin_voltage.sum(axis=0)
        return self._shaped(ohmic + spin)

    @property
    def voltage(self) -> Number:
        """``j0`` times `resistance`, V, shape (...): mu_0 on the left less mu_0 on the right.

        With a magnetic lead, mu_0 is that extrapolated from where mu_s has died away in it: what
        mu_s adds in the lead is part of the voltage.
        """
        return self.resistance * self.j0

    # --- derivatives --------------------------------------------------------------------------

    def gradient(self, output: str, *names: str) -> Gradient:
        """Return how a result changes with every number of the stack.

        Derivatives are exact, from dual fields (`spinfem.sensitivity`): all of them for about the
        cost of one more solve per component of the result, however many numbers there are.

        Parameters
        ----------
        output : "spin_resistance", "resistance", "torque" or "efficiency"
            The result.
        *names : str
            Of a torque, the ferromagnet; of an efficiency, two neighbours as in `efficiency`.

        Returns
        -------
        Gradient
            A mapping: ``gradient["free.thickness"]`` is the derivative with respect to the
            thickness of the layer "free", of the result's shape: (..., 3) for a torque, (..., 2)
            for efficiencies, in the unit of the result per unit of the number; angles of m,
            "free.polar" and "free.azimuth", in degrees. With respect to m it is nan where the m
            of ferromagnets in contact are collinear, since turning one of them opens a contact; and
            efficiencies of collinear neighbours have no gradient, nan, in stacks with
            interfaces, exchange lengths or graded layers.

        Raises
        ------
        ValueError
            If there is no such result, or a name is not as above.
        """
        from .gradient import gradient_of

        return gradient_of(self, output, *names)

    # --- output -------------------------------------------------------------------------------

    @property
    def plot(self) -> SolutionPlots:
        """Pictures: ``.profile()``, ``.hodograph()``, ``.analogy()``; they need matplotlib."""
        from .plot import SolutionPlots

        return SolutionPlots(self)

    def save(
        self,
        path: str | PathLike[str],
        *,
        times: ArrayLike | None = None,
        units: Literal["SI", "plain"] | None = None,
    ) -> None:
        """Write the fields for ParaView: to a .vtu file, or to a .pvd file for a batch.

        The stack lies along x, in nm if it is in SI units, else in its own. Points are sampled
        densely enough to look smooth and doubled at interfaces.

        Data of the points: `spin_potential` and `spin_current` (n, 3), `potential`, `dissipation`
        as in `LayerSolution`, and `potential_up` and `potential_down`: ``mu_0 +- m.mu_s/2`` in a
        ferromagnet and ``mu_0 +- |mu_s|/2``, along the mu_s of that place, in a normal metal. So
        they may change places at an interface where mu_s is against m.

        Data of the cells: `layer` (number from 0), `kind` (0 normal metal, 1 ferromagnet), `m`
        and `torque_density` (n, 3), J/m3, both zero in normal metals. In a strong ferromagnet it is
        the torque divided by the thickness; with exchange lengths that of the place. In plain
        units it lacks the factor hbar/2|e|. Units and the names of the layers are in the field
        data.

        A batch makes a .pvd file, x.pvd, and a folder x beside it with one .vtu file for every
        point, in C order.

        Parameters
        ----------
        path : str or path
            The file, ending in .vtu or .pvd. It appears whole or not at all, with its folder.
        times : array, optional
            For a .pvd file: what ParaView calls the times of the points, such as the numbers that
            vary; all different, broadcasting to the batch's shape. Default: 0, 1, ...
        units : "SI" or "plain", optional
            Of the stack; default: SI if all of it is thinner than 1 mm.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as above, or a batch is to go into a .vtu file.
        OSError
            If a file cannot be written, or the folder holds anything but an earlier collection.
        """
        from .io.vtk import write

        write(self, path, times=times, units=units)

    def save_wire(
        self,
        path: str | PathLike[str],
        *,
        diameter: float,
        times: ArrayLike | None = None,
        units: Literal["SI", "plain"] | None = None,
    ) -> None:
        """Write the layers as pieces of a round wire along x, with the fields of `save`.

        Fields are the same all over a section; leads are not drawn.

        Parameters
        ----------
        path : str or path
            The file, ending in .vtu or .pvd, as in `save`.
        diameter : float
            Diameter, m, or in the unit of the stack's lengths; of the circle through the corners of
            the section, which has 24.
        times, units
            As in `save`.

        Raises
        ------
        TypeError, ValueError, OSError
            As in `save`, or if the diameter is not one positive number.
        """
        from .io.vtk import write
        from .io.vtkmesh import check_diameter

        write(self, path, diameter=check_diameter(diameter), times=times, units=units)

    # --- internals ----------------------------------------------------------------------------

    def _magnet(self, name: str) -> int:
        """Number of a ferromagnet among all of them."""
        position = self.stack.position(name)
        if not self._transport.elements.magnetic[position]:
            raise ValueError(f"{name!r} must be a ferromagnet, got a normal metal")
        return int(np.searchsorted(self._transport.magnets, position))

    def _scaled(self, per_current: FloatArray, batch_axis: int = 0) -> FloatArray:
        """Give an array per unit current, with one axis of N points, its batch shape and j0."""
        value = per_current.swapaxes(0, batch_axis)
        if not self.shape:
            return np.asarray(value[0] * self.j0)
        rest = value.shape[1:]
        value = np.broadcast_to(value, (self._transport.elements.points, *rest))
        j0 = np.asarray(self.j0).reshape(np.shape(self.j0) + (1,) * len(rest))
        return np.asarray(value.reshape(self.stack.shape + rest) * j0)

    def _shaped(self, value: FloatArray) -> Number:
        """Give an array (N,) that does not depend on the current its batch shape."""
        if not self.shape:
            return float(value[0])
        if value.size > 1:
            value = value.reshape(self.stack.shape)
        return np.broadcast_to(value, self.shape).copy()

    def _columns(self, positions: FloatArray) -> FloatArray:
        """Turn positions (..., q) into (q, N), or (q, 1) if they do not vary."""
        if positions.ndim > 1:
            positions = np.broadcast_to(positions, (*self.stack.shape, positions.shape[-1]))
        return positions.reshape(-1, positions.shape[-1]).T

    def _at(self, x: ArrayLike, side: Side | None) -> Values:
        if side not in (None, "left", "right"):
            raise ValueError(f"side must be 'left' or 'right', got {side!r}")
        given = np.asarray(finite("x (position)", x))
        columns = self._columns(np.atleast_1d(given))
        found = self._transport.at(columns, self._columns(self.stack.x), side)
        mu, j, phi = (self._scaled(a, 1) for a in found)
        if given.ndim == 0:
            return Values(mu[..., 0, :], j[..., 0, :], phi[..., 0])
        return Values(mu, j, phi)
