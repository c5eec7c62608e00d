"""Transients as xarray.Dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._checks import Number
from ..results.dataset import put_together
from ..results.numbers import VARIABLES, absorbed_by, labels_of
from ..results.solved import SolvedStack

if TYPE_CHECKING:
    import xarray

TIME = {"long_name": "time", "units": "s"}
NUMBERS = {
    **{name: VARIABLES[name] for name in ("torque", "absorbed_spin_current", "voltage")},
    "spin_voltage": ((), "what spin adds to the voltage", "V"),
}
"""Axes after that of time, long names and units in SI."""


def dataset_of(solution: SolvedStack, times: Number, spin_voltage: Number) -> xarray.Dataset:
    """Return what `spinfem.timedomain.transient.Transient.to_dataset` describes."""
    axes, ferromagnets = ("time",)[: len(solution.shape)], solution.ferromagnets
    values = {
        "absorbed_spin_current": absorbed_by(solution, solution.shape, ferromagnets),
        "voltage": solution.voltage,
        "spin_voltage": spin_voltage,
    }
    labels = labels_of(ferromagnets, ())
    del labels["spacer"]
    return put_together(solution, axes, values, NUMBERS, {"time": (axes, times, TIME), **labels})
