"""What follows of small deviations: steady states, their stability, small signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks import BoolArray, FloatArray, finite
from ..solver import whole
from .system import Directions, MagnetSystem

if TYPE_CHECKING:
    from .smallsignal import Resonances
    from .stability import ComplexArray
    from .steady import SteadyState
    from .thresholds import Threshold

STARTS = 100
"""Starts at random of a search for steady states."""


class LinearizedSystem(MagnetSystem):
    """Magnets that move: where they stay, and what becomes of small deviations.

    x is the film normal, along the stack; in mumax3 and OOMMF that is z. Arguments and what they
    raise are those of `spinfem.dynamics.system.MagnetSystem`.
    """

    # --- steady states and their stability ------------------------------------------------------

    def steady_states(
        self, j0: float | None = None, *, starts: int = STARTS, seed: Any = 0
    ) -> list[SteadyState]:
        """Return the directions in which magnets stay, stable or not, the most stable first.

        Found by overdamped runs and by Newton's method from the directions of the sample, from all
        along the axes x, y and z and those of held magnets, and from random ones; each is refined
        to rounding and classified. Stable ones are hardly ever missed; of saddles there may be very
        many where several magnets move, and more starts find more of them. Where a whole line of
        directions is steady, as in a film without anisotropy, one of them is given.

        Parameters
        ----------
        j0 : float, optional
            Particle current, A/m2, positive when electrons flow towards +x. Default: none. Of a
            device a multiple of its currents and potentials. Default: 1.
        starts : int
            Random starts; at least 1.
        seed : int or numpy.random.Generator
            Of these: the same gives the same states.

        Returns
        -------
        list of SteadyState
            Each with ``.m``, ``.growth``, ``.stable``, ``.kind``, ``.frequency`` and ``.energy``.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as above, or this or j0 is a batch.
        """
        from .steady import find

        count = whole("starts", starts)
        return find(self, self._single("steady states", j0), count, seed)

    def steady_near(self, m: Directions | None = None, j0: ArrayLike | None = None) -> FloatArray:
        """Return the steady states next to some directions, shape (..., f, 3).

        By Newton's method, at most 30 degrees away; nan where there is none. Stable or not.

        Parameters
        ----------
        m : mapping of str to array (..., 3), or array (..., f, 3), optional
            Directions by name, of those left out that of the sample; or of all in order.
        j0 : float or array, optional
            Particle current, A/m2, positive when electrons flow towards +x. Default: none. Of a
            device a multiple of its currents and potentials. Default: 1.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as above.
        """
        from .stability import near

        current = self.drive(j0)
        found = near(self, self.directions(m), current)
        shape = np.broadcast_shapes(found.shape[:-2], current.shape, self.shape)
        return np.broadcast_to(found, (*shape, *found.shape[-2:])).copy()

    def growth(self, m: Directions | None = None, j0: ArrayLike | None = None) -> ComplexArray:
        """Return the growth rates of small deviations from steady states, 1/s, shape (..., 2 f).

        Largest real part first; deviations are sums of ``exp(growth t)``. The state is the steady
        one next to m, as of `steady_near`; nan where there is none. Where m is steady at every
        current, as where all are collinear with the easy axis and the field, 20,000 fields and
        currents take a few hundredths of a second.

        Parameters
        ----------
        m, j0
            As of `steady_near`: j0, m and this may be batches that broadcast.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as above.
        """
        from .stability import growth_near

        current = self.drive(j0)
        return growth_near(self, self.directions(m), current)

    def is_stable(self, m: Directions | None = None, j0: ArrayLike | None = None) -> BoolArray:
        """Return whether small deviations from steady states decay, shape (...).

        False also where there is no steady state next to m.

        Parameters
        ----------
        m, j0
            As of `growth`.
        """
        return np.asarray(self.growth(m, j0)[..., 0].real < 0)

    def critical_currents(
        self,
        m: Directions | None = None,
        *,
        within: tuple[float, float] | None = None,
    ) -> list[Threshold]:
        """Return the currents at which a steady state becomes unstable, or stable.

        All of them at once, by eigenvalues, if m is steady at every current: all collinear, along
        the easy axes and the field. Any other state needs a range and is followed through it, until
        it ceases to be. What happens and is undone within a twenty-fifth of the range may be
        missed.

        Parameters
        ----------
        m : mapping of str to array (3,), or array (f, 3), optional
            The state, as of `directions`. One that turns with the current is that next to m, as of
            `steady_near`, at the first current of the range.
        within : tuple of float, optional
            ``(first, last)``, A/m2, or multiples: thresholds between these.

        Returns
        -------
        list of Threshold
            Those where the number of deviations that grow changes, smallest magnitude first: each
            with ``.j0``, ``.kind``, ``.frequency``, ``.state``, ``.unstable`` and
            ``.changes_stability``.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as above, this is a batch, or a state that turns with the current
            has no range, no steady state next to it, or cannot be followed.

        Examples
        --------
        >>> import spinfem as sf
        >>> Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
        >>> Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
        >>> Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9)
        >>> fixed, free = Co(8e-9, m=(0, 0, 1)), Py(4e-9, m=(0, 0, 1), name="free")
        >>> stack = sf.Lead(Cu) | fixed | Cu(10e-9) | free | sf.Lead(Cu)
        >>> magnet = sf.Magnet(8e5, alpha=0.01, demag=(0.94, 0.04, 0.02))
        >>> first = sf.Dynamics(stack, {"free": magnet}).critical_currents()[0]
        >>> print(first.kind, f"{first.j0:.3g} A/m2, {first.frequency / 1e9:.3g} GHz")
        oscillation 1.18e+11 A/m2, 4.07 GHz
        >>> first.unstable
        'above'
        """
        from .thresholds import critical

        self._single("critical currents")
        ways = self.directions(m)
        if ways.ndim != 2:
            raise ValueError(
                f"m of critical currents must be one state, shape {(len(self.names), 3)}, got "
                f"shape {ways.shape}"
            )
        return critical(self, ways, None if within is None else _range(within))

    # --- small signals --------------------------------------------------------------------------

    def impedance(
        self, frequencies: ArrayLike, j0: ArrayLike | None = None, m: Directions | None = None
    ) -> ComplexArray:
        """Return the impedance times area of the stack while its magnets move, Ohm m2.

        Of a device its impedance, Ohm, with the power's resistance.

        Of a small signal ``exp(i 2 pi f t)`` on top of j0, about the steady state next to m, as of
        `steady_near`: ``Z = R + j0 (dR/dm) (i w - J)^-1 b``, where b is the torque on m per
        current.

        Parameters
        ----------
        frequencies : array, shape (k,) or ()
            Hz.
        j0 : float or array, optional
            Particle current, A/m2, positive when electrons flow towards +x. Default: none. Of a
            device a multiple of its currents and potentials. Default: 1.
        m : mapping or array, optional
            As of `steady_near`.

        Returns
        -------
        array of complex, shape (..., k)
            Voltage per particle current; of one frequency without its axis.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as above, or there is no steady state next to m.
        """
        from .smallsignal import impedance_of

        given = np.asarray(finite("frequencies", frequencies))
        if given.ndim > 1:
            raise ValueError(f"frequencies must be on one axis, got shape {given.shape}")
        current = self.drive(j0)
        found = impedance_of(self, np.atleast_1d(given), self._steady(m, current), current)
        return found if given.ndim else np.asarray(found[..., 0])

    def resonances(self, m: Directions | None = None, j0: ArrayLike | None = None) -> Resonances:
        """Return the frequencies and linewidths of precessions about steady states.

        Parameters
        ----------
        m, j0
            As of `steady_near`, the state next to m.

        Returns
        -------
        Resonances
            ``.frequency`` and ``.linewidth``, Hz, shape (..., f).

        Raises
        ------
        TypeError, ValueError
            If an argument is not as above, or there is no steady state next to m.
        """
        from .smallsignal import resonances_of
        from .stability import growth_near

        current = self.drive(j0)
        return resonances_of(growth_near(self, self._steady(m, current), current))

    def field_linewidth(
        self, m: Directions | None = None, j0: ArrayLike | None = None
    ) -> FloatArray:
        """Return the linewidths of precessions as they are measured over the applied field, A/m.

        Full widths at half maximum of lines at constant frequency, of the strength of the applied
        field in its direction: ``linewidth/|d frequency/dH|`` of `resonances`, for lines so narrow
        that it is constant over them. Times mu_0 they are in T.

        Parameters
        ----------
        m, j0
            As of `resonances`.

        Returns
        -------
        array, shape (..., f)
            In order of frequencies; nan in place of those that do not precess, last.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as above, there is no steady state next to m, or no applied field.
        """
        from .smallsignal import field_widths

        if not self.fields.applied.any(axis=-1).all():
            raise ValueError("field must be applied for a linewidth over it, got none")
        current = self.drive(j0)
        return field_widths(self, self._steady(m, current), current)

    # --- checks ---------------------------------------------------------------------------------

    def _steady(self, m: Directions | None, j0: FloatArray) -> FloatArray:
        """Return the steady states next to m; ValueError if there is none."""
        from .stability import near

        found = near(self, self.directions(m), j0)
        if np.isnan(found).any():
            raise ValueError(
                "m must be a steady state, or within 30 degrees of one, got one from which none is "
                "found: steady_states(j0) finds some"
            )
        return found

    def _single(self, what: str, j0: ArrayLike | None = None) -> float:
        """Return j0; ValueError if that, or this, is a batch."""
        current = self.drive(j0)
        shape = np.broadcast_shapes(np.shape(current), self.shape)
        if shape:
            raise ValueError(f"{what} must be asked of one sample at one j0, got shape {shape}")
        return float(current)


def _range(within: tuple[float, float]) -> tuple[float, float]:
    """Return two different currents."""
    ends = np.asarray(finite("within (range of j0)", within))
    if ends.shape != (2,) or ends[0] == ends[1]:
        raise ValueError(f"within (range of j0) must be two different currents, got {within!r}")
    first, last = ends.tolist()
    return first, last
