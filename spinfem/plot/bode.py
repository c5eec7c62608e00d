"""Amplitudes of a sweep over a frequency, for a Bode plot: complex numbers, sizes and phases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray

if TYPE_CHECKING:
    import xarray


def with_amplitudes(dataset: xarray.Dataset) -> xarray.Dataset:
    """Return results as complex numbers, called as those of a stationary sweep.

    Parameters
    ----------
    dataset : xarray.Dataset
        Of `spinfem.sweep` at frequencies, with a modulus and a phase of every result.
    """
    found = {}
    for key, modulus in dataset.items():
        name, _, part = str(key).rpartition("_")
        if part == "modulus":
            phase = np.radians(dataset[f"{name}_phase"].data)
            found[name] = modulus.copy(data=modulus.data * np.exp(1j * phase))
    return dataset.assign(found)


def sizes_of(vectors: xarray.DataArray) -> xarray.DataArray:
    """Return the sizes of vectors; of complex ones with the phase at which they are largest.

    ``T = (a + ib) exp(i phi)`` goes round an ellipse of the half axes a and b, ``2 phi = arg(T.T)``
    (M. Born, E. Wolf, Principles of Optics, 1.4.3). That is phi up to half a turn, the sign of a:
    it is within a quarter of a turn from 0 at the first frequency, and goes on from there.
    """
    sizes = (abs(vectors) ** 2).sum("component") ** 0.5
    if np.iscomplexobj(vectors):
        square = (vectors**2).sum("component")
        sizes = sizes * np.exp(0.5j * np.unwrap(np.angle(square), axis=_frequency_axis(square)))
    return sizes.assign_attrs(vectors.attrs)


def phases_of(amplitudes: xarray.DataArray) -> xarray.DataArray:
    """Return the `continuous_phase` along the axis of frequencies."""
    return amplitudes.copy(data=continuous_phase(amplitudes.data, _frequency_axis(amplitudes)))


def continuous_phase(amplitudes: NDArray[Any], axis: int = -1) -> FloatArray:
    """Return phases in degrees, without jumps along an axis.

    They begin at -90 to 270: most are 0 or 180 where a frequency is low.
    """
    phase = np.degrees(np.unwrap(np.angle(amplitudes), axis=axis))
    return np.asarray(phase - 360 * np.round((np.take(phase, [0], axis) - 90) / 360))


def _frequency_axis(values: xarray.DataArray) -> int:
    return [values[axis].attrs.get("long_name") for axis in values.dims].index("frequency")
