"""Torques as a function of the directions of all magnetizations."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, Number, unit_vector
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..fem.mesh import DEGREE
from ..sample.stack import LoadedStack, Stack, check_stack
from ..solver import threads_of
from .turning import TurningStack


class TorqueFunction:
    """The torques of all magnetizations of a stack as a function of their directions.

    Layers are condensed once, and what is left is compiled: a torque of a spin valve takes less
    than half a microsecond, with interfaces and mixing conductances less than one, where many are
    asked for at once. Numbers are those of `spinfem.solve`, of any model.

    Parameters
    ----------
    stack : Stack
        The sample; a batch has a function for every point. Its magnetizations are of no use, but of
        leads without a name.
    degree, elements, threads
        As of `spinfem.solve`.

    Attributes
    ----------
    names : tuple of str
        The ferromagnets, from left to right, groups as one: the order of `m` and of torques.
    shape : tuple of int
        Shape of the batch.

    Raises
    ------
    TypeError, ValueError
        As from `spinfem.solve`; ValueError also if something is given at an end of the stack, or it
        has no ferromagnet with a name.

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
        stack: Stack | LoadedStack,
        *,
        degree: int = DEGREE,
        elements: int | None = None,
        threads: int | None = None,
    ) -> None:
        self._turning = TurningStack(check_stack(stack), degree, elements, threads_of(threads))
        self.names, self.shape = self._turning.names, self._turning.shape

    def __call__(self, m: ArrayLike) -> FloatArray:
        """Return the torques of a particle current of 1 A/m2 in some directions.

        Parameters
        ----------
        m : array, shape (..., f, 3)
            Directions of the `names`; normalized. Their other axes broadcast with `shape`.

        Returns
        -------
        array, shape (..., f, 3)
            J/m2 per A/m2: times j0, positive when electrons flow towards +x, they are torques as of
            `Solution.torque`, which enter ``dm/dt = gamma T/(M_s t)``.

        Raises
        ------
        TypeError, ValueError
            If m is not numbers of that shape, or a direction is zero or not finite. ValueError
            also where there is no spin sink, or spin currents do not balance.
        """
        directions, shape = self._directions(m)
        if self._turning.has_contacts:
            return np.asarray(self._turning.solution_at(directions).torques)
        return TORQUE_PER_SPIN_CURRENT * self._turning.absorbed(directions, shape)[0]

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
            ``dT_i,a / dm_j,b``, J/m2 per A/m2; m is normalized, so that nothing changes along it.
            nan where ferromagnets in contact are collinear.
        """
        directions, shape = self._directions(m)
        return TORQUE_PER_SPIN_CURRENT * self._turning.slopes(directions, shape)

    def resistance(self, m: ArrayLike) -> Number:
        """Return the resistance times area between the ends of the stack, Ohm m2.

        Parameters
        ----------
        m : array, shape (..., f, 3)
            As of a call.
        """
        directions, _ = self._directions(m)
        return self._turning.solution_at(directions).resistance

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
