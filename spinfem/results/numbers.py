"""The numbers of a solution by name: what datasets hold, with long names, units and axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray
from .solved import SolvedStack

MAGNETS = ("ferromagnet", "component")
VARIABLES = {
    "torque": (MAGNETS, "spin-transfer torque on the magnetization", "J/m2"),
    "absorbed_spin_current": (MAGNETS, "spin current absorbed by the magnetization", "A/m2"),
    "efficiency": (("spacer", "side"), "efficiency factor g of the torque, eq. (1)", "1"),
    "spin_resistance": ((), "spin resistance dr, times area", "Ohm m2"),
    "resistance": ((), "resistance times area", "Ohm m2"),
    "voltage": ((), "mu_0 at the left end, divided by |e|; 0 at the right one", "V"),
}
"""Axes after those of the batch, long names and units in SI; torques follow from what is absorbed.
"""
Spacers = Sequence[tuple[str, str]]


def shapes_of(ferromagnets: Sequence[str], spacers: Spacers) -> dict[str, tuple[int, ...]]:
    """Return the shape at one point of each variable but the torque."""
    sizes = {key: len(names) for key, names in labels_of(ferromagnets, spacers).items()}
    return {
        name: tuple(sizes[axis] for axis in axes)
        for name, (axes, _, _) in VARIABLES.items()
        if name != "torque"
    }


def labels_of(ferromagnets: Sequence[str], spacers: Spacers) -> dict[str, NDArray[np.str_]]:
    """Return the coordinates of the axes of variables."""
    labels: dict[str, Sequence[str]] = {
        "ferromagnet": ferromagnets,
        "component": ("x", "y", "z"),
        "spacer": [f"{left}|{right}" for left, right in spacers],
        "side": ("left", "right"),
    }
    return {axis: np.array(names, dtype=str) for axis, names in labels.items()}


def absorbed_by(
    solution: SolvedStack, shape: tuple[int, ...], ferromagnets: Sequence[str]
) -> FloatArray:
    """Return the spin currents that ferromagnets absorb, A/m2, shape (*shape, f, 3)."""
    found = np.empty((*shape, len(ferromagnets), 3), _dtype(solution))
    for i, name in enumerate(ferromagnets):
        found[..., i, :] = solution.absorbed_spin_current(name)
    return found


def numbers_of(
    solution: SolvedStack,
    shape: tuple[int, ...],
    ferromagnets: Sequence[str],
    spacers: Spacers,
) -> dict[str, FloatArray]:
    """Collect the variables but the torque at all points of a shape, shape (*shape, ...) each.

    They are complex amplitudes at a frequency.
    """
    shapes = shapes_of(ferromagnets, spacers)
    found = {name: np.empty((*shape, *rest), _dtype(solution)) for name, rest in shapes.items()}
    found["absorbed_spin_current"][...] = absorbed_by(solution, shape, ferromagnets)
    for i, pair in enumerate(spacers):
        for side, g in enumerate(solution.efficiency(*pair)):
            found["efficiency"][..., i, side] = g
    found["spin_resistance"][...] = solution.spin_resistance
    found["resistance"][...] = solution.resistance
    found["voltage"][...] = solution.voltage
    return found


def _dtype(solution: SolvedStack) -> Any:
    return float if solution.frequency is None else complex
