"""Torques as a function of the directions of all magnetizations."""

from __future__ import annotations

from numpy.typing import ArrayLike

from .._checks import FloatArray, Number, unit_vector
from ..devices.device import Device
from ..sample.stack import LoadedStack, Stack
from .samples import turning_of


class TorqueFunction:
    """The torques of all magnetizations of a stack or a device as a function of their directions.

    Layers are condensed once, and what is left is compiled: a torque of a spin valve takes less
    than half a microsecond, with interfaces and mixing conductances less than one, where many are
    asked for at once. A device is condensed to the places where m has a part, and takes a full
    matrix of these a direction: milliseconds for some hundreds. Numbers are those of
    `spinfem.solve`, of any model.

    Parameters
    ----------
    stack : Stack or Device
        The sample; a batch has a function for every point. Its magnetizations are of no use, but of
        leads without a name. In a device m of every ferromagnet is one direction all over it.
    degree : int, optional
        As of `spinfem.solve`.
    elements, threads
        As of `spinfem.solve`; of a stack alone.

    Attributes
    ----------
    names : tuple of str
        The ferromagnets, from left to right, groups as one: the order of `m` and of torques. Of a
        device in the order of its regions.
    shape : tuple of int
        Shape of the batch.

    Raises
    ------
    TypeError, ValueError
        As from `spinfem.solve`; ValueError also if something is given at an end of the stack, or it
        has no ferromagnet with a name. For a device also if m is a function in it, or two
        ferromagnets touch, or touch a normal metal at one place, or an electrode's.

    Warns
    -----
    RuntimeWarning
        As `spinfem.solve`, of cells of a device.

    Examples
    --------
    >>> import numpy as np
    >>> import spinfem as sf
    >>> N, F = sf.NormalMetal(D=8.0, l=1.0), sf.Ferromagnet(D=2.0, l=1.0, p=0.5)
    >>> stack = F(1.0, m=(0, 0, 1), name="fixed") | N(0.1) | F(1.0, m=(1, 0, 0), name="free")
    >>> torque = sf.TorqueFunction(stack)
    >>> m = np.array([(0, 0, 1), sf.direction(60)])
    >>> bool(np.allclose(torque(m), sf.solve(stack.replace("free", m=m[1])).torques))
    True
    """

    def __init__(
        self,
        stack: Stack | LoadedStack | Device,
        *,
        degree: int | None = None,
        elements: int | None = None,
        threads: int | None = None,
    ) -> None:
        self._turning = turning_of(stack, degree, elements, threads)
        self.names, self.shape = self._turning.names, self._turning.shape

    def __call__(self, m: ArrayLike) -> FloatArray:
        """Return the torques in some directions: of a stack those of a current of 1 A/m2.

        Parameters
        ----------
        m : array, shape (..., f, 3)
            Directions of the `names`; normalized. Their other axes broadcast with `shape`.

        Returns
        -------
        array, shape (..., f, 3)
            J/m2 per A/m2: times j0, positive when electrons flow towards +x, they are torques as of
            `Solution.torque`, which enter ``dm/dt = gamma T/(M_s t)``. Of a device as of
            `DeviceSolution.torque`, J, or J/m of a planar one, at its currents and potentials:
            ``dm/dt = gamma T/(M_s V)``.

        Raises
        ------
        TypeError, ValueError
            If m is not numbers of that shape, or a direction is zero or not finite. ValueError
            also where there is no spin sink, or spin currents do not balance.
        """
        return self._turning.torques(*self._directions(m))

    def jacobian(self, m: ArrayLike) -> FloatArray:
        """Return the derivatives of the torques with respect to all directions.

        Exact, by dual fields (``spinfem.results.sensitivity``).

        Parameters
        ----------
        m : array, shape (..., f, 3)
            As of a call.

        Returns
        -------
        array, shape (..., f, 3, f, 3)
            ``dT_i,a / dm_j,b``, J/m2 per A/m2, or J; m is normalized, so that nothing changes along
            it. nan where ferromagnets in contact are collinear.
        """
        return self._turning.torque_slopes(*self._directions(m))

    def resistance(self, m: ArrayLike) -> Number:
        """Return the resistance times area between the ends of the stack, Ohm m2.

        Of a device the power over the square of the current through it: between two electrodes the
        resistance, Ohm, or Ohm m of a planar one.

        Parameters
        ----------
        m : array, shape (..., f, 3)
            As of a call.

        Raises
        ------
        ValueError
            As a call; of a device also if several potentials are given, or no current.
        """
        return self._turning.resistances(*self._directions(m))

    def _directions(self, m: ArrayLike) -> tuple[FloatArray, tuple[int, ...]]:
        """Check directions; return them, and the shape of what is found there."""
        directions = unit_vector("m", m)
        count = len(self.names)
        if directions.shape[-2:] != (count, 3):
            raise ValueError(
                f"m must have shape (..., {count}, 3), a direction of {', '.join(self.names)}, got "
                f"{directions.shape}"
            )
        return directions, self._turning.shape_at(directions)
