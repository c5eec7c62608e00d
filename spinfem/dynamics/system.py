r"""Magnets of a stack or a device that move: their equation of motion.

Of every magnet i, with H in A/m, T in J/m2 and t its thickness,

.. math::

    \frac{dm_i}{dt} = -\gamma_0 m_i \times H_i + \alpha_i m_i \times \frac{dm_i}{dt}
        + \frac{\gamma}{M_{s,i} t_i} \Big(T_i\, j_0 + \sum_j K_{ij} \frac{dm_j}{dt}\Big) .

T is that of the whole sample in the directions of the moment; of a device it is in J and goes with
volumes instead of t, and j_0 is a multiple of its currents and potentials. K is spin pumping, with
backflow: in a frame that turns with m the equilibrium is at the potential ``-(hbar/|e|) m x dm/dt``
across m (moments count, and electrons' are opposite to their spins, hence the sign), so that a
magnet that moves carries its rod off by that, and what all magnets take up then are torques (Y.
Tserkovnyak, A. Brataas and G. E. W. Bauer, doi:10.1103/PhysRevB.66.224403). Torques follow m
without delay: spins diffuse in well below a picosecond.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, finite, listed, unit_vector
from ..constants import GAMMA, GAMMA_0, PUMPED_POTENTIAL, TORQUE_PER_SPIN_CURRENT
from ..devices.device import Device
from ..physics.directions import axes_across, cross
from ..sample.stack import LoadedStack, Stack
from .fields import fields_of
from .magnets import Coupling, Magnet
from .samples import turning_of

Directions = Mapping[str, ArrayLike] | ArrayLike


class MagnetSystem:
    """Magnets of a stack or a device that move in its torques, fields and pumped spins.

    `spinfem.Dynamics` adds what is made of their equation of motion.

    x is the film normal, along the stack; in mumax3 and OOMMF that is z.

    Parameters
    ----------
    stack : Stack or Device
        The sample; its magnetizations are those of magnets that are held, and where others begin.
        In a device m of every ferromagnet is one direction all over it, a macrospin.
    magnets : mapping of str to Magnet
        What moves, by the names of layers and groups, or of regions; what is not named is held.
    field, flux_density, couplings
        As of `spinfem.dynamics.fields.fields_of`: the applied field in A/m or, in place of it, mu_0
        times that in T; `Coupling` of magnets.
    pumping : bool
        Whether moving magnets pump spins, which damps them.
    degree, elements, threads
        As of `spinfem.TorqueFunction`.

    Attributes
    ----------
    sample : Stack or Device
        The sample.
    names : tuple of str
        What moves, from left to right, or in the order of regions: the order of f magnets in
        arrays.
    shape : tuple of int
        Shape of the batch: of the sample and of all numbers of magnets, couplings and the field.
    fields : Fields
        Fields on what moves.

    Raises
    ------
    TypeError, ValueError
        As from `spinfem.dynamics.fields.fields_of` and `spinfem.TorqueFunction`; with `pumping`
        ValueError also if a magnet that moves is in contact with a reservoir, which would take up
        all spins it pumps, or what it pumps is lost in rounding. No magnet of a device, a held one
        neither, may have a function as m, or touch another one, or a lead that is a ferromagnet.
    """

    def __init__(
        self,
        stack: Stack | LoadedStack | Device,
        magnets: Mapping[str, Magnet],
        *,
        field: ArrayLike | None = None,
        flux_density: ArrayLike | None = None,
        couplings: Iterable[Coupling] = (),
        pumping: bool = True,
        degree: int | None = None,
        elements: int | None = None,
        threads: int | None = None,
    ) -> None:
        if not isinstance(pumping, bool):
            raise TypeError(f"pumping must be True or False, got {pumping!r}")
        self.pumping = pumping
        self.fields = fields_of(
            stack, magnets, field=field, flux_density=flux_density, couplings=couplings
        )
        self.sample = self.fields.among.sample
        self.names, self.shape = self.fields.names, self.fields.shape
        moving = self.fields.bodies if pumping else ()
        self.turning = turning_of(self.sample, degree, elements, threads, moving)
        self._places = [self.turning.bodies.index(body) for body in self.fields.bodies]
        if pumping:
            self.turning.check_moving(self.whole(self.directions())[0])

    @property
    def stack(self) -> Stack:
        """The sample, a stack; TypeError if it is a device."""
        if isinstance(self.sample, Device):
            raise TypeError("what moves must be in a stack for that, got a device")
        return self.sample

    @property
    def arguments(self) -> dict[str, Any]:
        """Magnets, couplings, applied field and pumping, as arguments.

        ``sf.Dynamics(other, **system.arguments)`` has the same magnets in another sample.
        """
        own = self.fields
        given = {"magnets": own.magnets, "couplings": own.couplings, "field": own.applied}
        return {**given, "pumping": self.pumping}

    def at(self, shape: tuple[int, ...], point: int) -> Self:
        """Return one point of a batch whose shape that of fields broadcasts to; of a device."""
        found = copy(self)
        found.fields, found.shape = self.fields.at(shape, point), ()
        return found

    # --- directions -----------------------------------------------------------------------------

    def directions(self, m: Directions | None = None) -> FloatArray:
        """Return unit vectors of all magnets that move, shape (..., f, 3).

        Parameters
        ----------
        m : mapping of str to array (..., 3), or array (..., f, 3), optional
            Directions by name, of those left out that of the sample; or of all in order.

        Raises
        ------
        TypeError, ValueError
            If a name is not that of a magnet that moves, or a direction is none.
        """
        if m is not None and not isinstance(m, Mapping):
            found = unit_vector("m", m)
            if found.shape[-2:] != (len(self.names), 3):
                raise ValueError(
                    f"m must have shape (..., {len(self.names)}, 3), directions of "
                    f"{listed(self.names)}, got {found.shape}"
                )
            return found
        given = {} if m is None else m
        for name in given:
            if name not in self.names:
                raise ValueError(f"m must be of {listed(self.names)}, which move, got {name!r}")
        ways = [
            unit_vector(f"m of {name}", given[name])
            if name in given
            else self.fields.among.direction(body)
            for name, body in zip(self.names, self.fields.bodies, strict=True)
        ]
        return np.stack(np.broadcast_arrays(*ways), axis=-2)

    def whole(self, m: FloatArray) -> tuple[FloatArray, tuple[int, ...]]:
        """Return directions of all magnets with a name, also of those that are held.

        Parameters
        ----------
        m : array, shape (..., f, 3)
            Unit vectors of what moves.

        Returns
        -------
        directions : array, shape (..., g, 3)
            In the order of the names of `turning`.
        shape : tuple of int
            Shape of what is found there: that of m and of the sample. Fields may have a larger one,
            on which torques do not depend.
        """
        shape = np.broadcast_shapes(m.shape[:-2], self.turning.shape)
        bodies = self.turning.bodies
        whole = np.empty((*shape, len(bodies), 3))
        for i, body in enumerate(bodies):
            if i not in self._places:
                whole[..., i, :] = self.fields.among.direction(body)
        whole[..., self._places, :] = m
        return whole, shape

    # --- torques --------------------------------------------------------------------------------

    @property
    def per_torque(self) -> FloatArray:
        """``gamma/(M_s t)``, 1/s per J/m2, shape (..., f); in a device 1/s per J."""
        return np.asarray(GAMMA / (self.fields.Ms * self.fields.volume))

    @property
    def unit(self) -> str:
        """Unit of j0 for messages, with a space in front; nothing of a multiple."""
        unit = self.fields.among.units["j0"]
        return "" if unit == "1" else f" {unit}"

    def drive(self, j0: ArrayLike | None = None) -> FloatArray:
        """Return j0 as it was given; by default 0, of a device 1: its own currents and potentials.

        Raises
        ------
        TypeError, ValueError
            If it is not finite numbers.
        """
        if j0 is None:
            return np.asarray(self.fields.among.usual_j0)
        return np.asarray(finite("j0 (particle current)", j0))

    def torque(self, m: FloatArray) -> FloatArray:
        """Return the torques of a particle current of 1 A/m2, J/m2, shape (..., f, 3).

        Of a device those at its currents and potentials, J.

        Parameters
        ----------
        m : array, shape (..., f, 3)
            Unit vectors.
        """
        absorbed, _ = self.turning.absorbed(*self.whole(m))
        return np.asarray(TORQUE_PER_SPIN_CURRENT * absorbed[..., self._places, :])

    def torque_slope(self, m: FloatArray) -> FloatArray:
        """Return the derivative of `torque` with m, shape (..., 3 f, 3 f).

        In the order of the components of m, ``m.reshape(..., 3 f)``.

        Parameters
        ----------
        m : array, shape (..., f, 3)
            Unit vectors.
        """
        slopes = self.turning.slopes(*self.whole(m), self.fields.bodies)
        size = 3 * len(self.names)
        return np.asarray(TORQUE_PER_SPIN_CURRENT * slopes.reshape(*slopes.shape[:-4], size, size))

    def resistance(self, m: FloatArray) -> FloatArray:
        """Return the resistance times area between the ends of the stack, Ohm m2, shape (...).

        Of a device as of ``spinfem.TorqueFunction.resistance``, Ohm.

        Parameters
        ----------
        m : array, shape (..., f, 3)
            Unit vectors.
        """
        return np.asarray(self.turning.resistances(*self.whole(m)))

    def resistance_slope(self, m: FloatArray) -> FloatArray:
        """Return the derivative of `resistance` with m, shape (..., f, 3).

        Parameters
        ----------
        m : array, shape (..., f, 3)
            Unit vectors.
        """
        return self.turning.resistance_slopes(self.whole(m)[0], self.fields.bodies)

    def pumped(self, m: FloatArray) -> FloatArray:
        """Return K, the torques that motion pumps, J s/m2, shape (..., f, 3, f, 3).

        ``K[..., i, :, j, :] @ dm_j/dt`` is the torque on magnet i; in a device J s.

        Parameters
        ----------
        m : array, shape (..., f, 3)
            Unit vectors.
        """
        return self._torques(m)[1]

    def _torques(self, m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return `torque` and `pumped`, found at once."""
        whole, shape = self.whole(m)
        f, lifts = len(self.names), None
        if self.pumping:
            lifts = np.zeros((f, 3, *whole.shape))
            own = whole[..., self._places, :]
            for j in range(f):
                for b, axis in enumerate(np.eye(3)):
                    lifts[j, b, ..., self._places[j], :] = -PUMPED_POTENTIAL * cross(
                        own[..., j, :], axis
                    )
            lifts = lifts.reshape(3 * f, *whole.shape)
        absorbed, found = self.turning.absorbed(whole, shape, lifts)
        pumped = np.zeros((*shape, f, 3, f, 3))
        if self.pumping:
            shaped = found[..., self._places, :].reshape(f, 3, *shape, f, 3)
            pumped = np.moveaxis(shaped, (0, 1), (-2, -1))
        return (
            np.asarray(TORQUE_PER_SPIN_CURRENT * absorbed[..., self._places, :]),
            np.asarray(TORQUE_PER_SPIN_CURRENT * pumped),
        )

    def damping(self, name: str, m: Directions | None = None) -> FloatArray:
        """Return the damping of a magnet, its own and by the spins it pumps, shape (..., 2, 2).

        It takes the place of alpha in ``alpha m x dm/dt``, in a frame ``e_1, e_2 = m x e_1`` across
        m: of ``frame_across``.

        Parameters
        ----------
        name : str
            What moves.
        m : mapping or array, optional
            Directions as of `directions`. Default: those of the stack.

        Raises
        ------
        ValueError
            If nothing of that name moves.
        """
        if name not in self.names:
            raise ValueError(f"name must be one of {listed(self.names)}, got {name!r}")
        i, ways = self.names.index(name), self.directions(m)
        frame = frame_across(ways[..., i, :])
        K = self.per_torque[..., i, None, None] * self.pumped(ways)[..., i, :, i, :]
        turned = np.einsum("...ab,...bc,...dc->...ad", frame, K, frame)
        # m x (A v) = K v, and m x e_1 = e_2, m x e_2 = -e_1
        own = np.stack([turned[..., 1, :], -turned[..., 0, :]], axis=-2)
        return np.asarray(self.fields.alpha[..., i, None, None] * np.eye(2) + own)

    def velocity(
        self, m: Directions, j0: ArrayLike | None = None, field: ArrayLike = (0.0, 0.0, 0.0)
    ) -> FloatArray:
        """Return dm/dt, 1/s, shape (..., f, 3).

        Parameters
        ----------
        m : mapping or array
            Directions, as of `directions`.
        j0 : float or array, optional
            Particle current, A/m2, positive when electrons flow towards +x. Default: none. Of a
            device a multiple of its currents and potentials. Default: 1.
        field : array, shape (..., 3) or (..., f, 3), optional
            What comes to the field of the system, A/m.

        Examples
        --------
        For SciPy's methods, and its events, time is to be in ns: its first steps and tolerances
        take numbers to be near 1. Here, when a magnet in a reversed field crosses the plane
        z = 0:

        >>> import spinfem as sf
        >>> from scipy.integrate import solve_ivp
        >>> F, N = sf.Ferromagnet(D=1e7, l=6e-8, p=0.5), sf.NormalMetal(D=1.7e8, l=4.5e-7)
        >>> stack = sf.Lead(N) | F(4e-9, m=sf.direction(20), name="free") | sf.Lead(N)
        >>> free = sf.Magnet(Ms=8e5, alpha=0.1, demag=(0.94, 0.04, 0.02))
        >>> system = sf.Dynamics(stack, {"free": free}, field=(0, 0, -4e4))
        >>> def velocity(time, y):  # 1/ns
        ...     return system.velocity(y.reshape(-1, 3)).ravel() * 1e-9
        >>> def crossing(time, y):
        ...     return y[2]
        >>> start = system.directions().ravel()
        >>> found = solve_ivp(velocity, (0, 1), start, "DOP853", rtol=1e-8, events=crossing)
        >>> [round(float(time), 3) for time in found.t_events[0]]
        [0.032]
        """
        ways = self.directions(m)
        force = -GAMMA_0 * cross(ways, self.fields.field(ways) + np.asarray(field))
        torque, pumped = self._torques(ways)
        strength = self.drive(j0)[..., None, None] * self.per_torque[..., None]
        force = force + strength * torque
        f = len(self.names)
        flat = force.reshape(*force.shape[:-2], 3 * f, 1)
        found = np.linalg.solve(self._resisting(ways, pumped), flat)
        return np.asarray(found.reshape(*found.shape[:-2], f, 3))

    def resisting(self, m: FloatArray) -> FloatArray:
        """Return ``1 - alpha m x - (gamma/M_s t) K``, which times dm/dt is what drives.

        Shape (..., 3 f, 3 f).

        Parameters
        ----------
        m : array, shape (..., f, 3)
            Unit vectors.
        """
        return self._resisting(m, self.pumped(m))

    def _resisting(self, m: FloatArray, pumped: FloatArray) -> FloatArray:
        own = np.eye(3) - self.fields.alpha[..., None, None] * turning_about(m)
        own = np.einsum("...iab,ij->...iajb", own, np.eye(len(self.names)))
        whole = own - self.per_torque[..., None, None, None] * pumped
        size = 3 * len(self.names)
        return np.asarray(whole.reshape(*whole.shape[:-4], size, size))


def turning_about(m: FloatArray) -> FloatArray:
    """Return the matrix of ``m x``, shape (..., 3, 3)."""
    return np.asarray(np.swapaxes(cross(m[..., None, :], np.eye(3)), -1, -2))


def frame_across(m: FloatArray) -> FloatArray:
    """Return two directions across m, ``e_1`` and ``e_2 = m x e_1``, as rows, shape (..., 2, 3)."""
    return np.stack(axes_across(m), axis=-2)
