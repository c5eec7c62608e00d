"""What a sweep collects of every point: of stacks, stationary or at frequencies, or of devices."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray
from ..constants import (
    EQUATION_OF_MOTION,
    EQUATION_OF_MOTION_OF_VOLUMES,
    TORQUE_PER_SPIN_CURRENT,
)
from ..devices.device import Device
from ..devices.solution import DeviceSolution
from ..fem.mesh import DEGREE
from ..results.amplitudes import polar
from ..results.numbers import MAGNETS, VARIABLES, labels_of, numbers_of, shapes_of
from ..sample.stack import Stack
from ..solution import Solution
from ..solver import solve

Variables = dict[str, tuple[tuple[str, ...], str, str]]
"""Axes after those of the sweep, long names and units of results."""
Compared = list[tuple[FloatArray, Any]]
"""Results, each with what its rounding is relative to at least."""
FREQUENCY = "frequency"
"""The axis of frequencies, the last one of a sweep."""


def polar_names(name: str) -> tuple[str, str]:
    """Return what modulus and phase of a result are called."""
    return f"{name}_modulus", f"{name}_phase"


AMPLITUDES: Variables = {
    key: (axes, f"{part} of {long_name}", "degree" if part == "phase" else units)
    for name, (axes, long_name, units) in VARIABLES.items()
    for key, part in zip(polar_names(name), ("modulus", "phase"), strict=True)
}
"""As `results.numbers.VARIABLES`, at a frequency."""


@dataclass(frozen=True)
class StackResults:
    """Results of stacks with these ferromagnets, and these pairs around a spacer."""

    ferromagnets: tuple[str, ...]
    spacers: tuple[tuple[str, str], ...]

    variables = VARIABLES
    reserved = frozenset({*VARIABLES, "ferromagnet", "component", "spacer", "side"})
    comment = EQUATION_OF_MOTION
    words = "resistances, torques and efficiencies"
    degree = DEGREE
    tries = 1000

    @staticmethod
    def solve(
        stack: Stack,
        j0: float | None,
        accuracy: Mapping[str, Any],
        frequency: FloatArray | None,
    ) -> Solution:
        """Solve a stack, at frequencies that broadcast with it if there are any."""
        return solve(stack, j0, frequency=frequency, **accuracy)

    @classmethod
    def of(cls, solution: Solution) -> Self:
        """Return the results that a solution has."""
        return cls(solution.ferromagnets, solution.spacers)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes, at one point, of what is computed."""
        return shapes_of(self.ferromagnets, self.spacers)

    @property
    def labels(self) -> dict[str, NDArray[np.str_]]:
        """Coordinates of the axes of variables."""
        return labels_of(self.ferromagnets, self.spacers)

    def numbers(self, solution: Solution, shape: tuple[int, ...]) -> dict[str, FloatArray]:
        """Return what is computed, shape (*shape, ...) each."""
        return numbers_of(solution, shape, self.ferromagnets, self.spacers)

    def whole(self, results: Mapping[str, Any]) -> dict[str, Any]:
        """Return the variables: with the torque, which follows from what is absorbed."""
        return {"torque": TORQUE_PER_SPIN_CURRENT * results["absorbed_spin_current"], **results}

    @staticmethod
    def compared(
        stack: Stack, accuracy: Mapping[str, Any], frequency: FloatArray | None
    ) -> Compared:
        """Return results at j0 = 1, each with what its rounding is relative to at least."""
        solution = StackResults.solve(stack, 1.0, accuracy, frequency)
        R, dr = np.array(solution.resistance), np.array(solution.spin_resistance)
        absorbed = [solution.absorbed_spin_current(name) for name in solution.ferromagnets]
        g = [x for pair in solution.spacers for x in solution.efficiency(*pair)]
        return [(R, 0.0), (dr, abs(R)), (np.array(absorbed), 1.0), (np.array(g), 1.0)]


@dataclass(frozen=True)
class AmplitudeResults(StackResults):
    """Results of stacks at frequencies: modulus and phase of every amplitude.

    Not the complex numbers, which netCDF does not have: these are the two curves of a Bode plot.
    """

    variables = AMPLITUDES
    reserved = frozenset({*StackResults.reserved, *AMPLITUDES, FREQUENCY})
    words = "amplitudes of resistances, torques and efficiencies"

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes, at one point, of what is computed."""
        return {key: shape for name, shape in super().shapes.items() for key in polar_names(name)}

    def numbers(self, solution: Solution, shape: tuple[int, ...]) -> dict[str, FloatArray]:
        """Return what is computed, shape (*shape, ...) each."""
        found: dict[str, FloatArray] = {}
        for name, amplitude in super().numbers(solution, shape).items():
            found.update(zip(polar_names(name), polar(amplitude), strict=True))
        return found

    def whole(self, results: Mapping[str, Any]) -> dict[str, Any]:
        """Return the variables: with the torque, in phase with what is absorbed."""
        modulus, phase = (results[key] for key in polar_names("absorbed_spin_current"))
        torque = polar_names("torque")
        return {torque[0]: TORQUE_PER_SPIN_CURRENT * modulus, torque[1]: phase, **results}


@dataclass(frozen=True)
class DeviceResults:
    """Results of devices with these ferromagnets and electrodes."""

    ferromagnets: tuple[str, ...]
    electrodes: tuple[str, ...]
    is_planar: bool

    reserved = frozenset(
        {"torque", "potential", "current", "power", "ferromagnet", "component", "electrode"}
    )
    comment = EQUATION_OF_MOTION_OF_VOLUMES
    words = "torques, potentials and currents"
    degree = None
    tries = 8

    @staticmethod
    def solve(
        device: Device, j0: None, accuracy: Mapping[str, Any], frequency: FloatArray | None
    ) -> DeviceSolution:
        """Solve a device, whose currents are its own; a sweep warns of coarse cells once."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "cells at interfaces", RuntimeWarning)
            return solve(device, progress=False, **accuracy)

    @classmethod
    def of(cls, solution: DeviceSolution) -> Self:
        """Return the results that a solution has."""
        device = solution.device
        return cls(solution.magnets, (*device.electrodes,), device.grid.is_planar)

    @property
    def variables(self) -> Variables:
        """Axes after those of the sweep, long names and units; of a metre of depth if planar."""
        per = "/m" if self.is_planar else ""
        return {
            "torque": (MAGNETS, "spin-transfer torque on the magnetization", f"J{per}"),
            "potential": (
                ("electrode",),
                "mu_0 of the electrode, the mean over one with a given j0, divided by |e|",
                "V",
            ),
            "current": (("electrode",), "particle current times |e| that enters", f"A{per}"),
            "power": ((), "power that is dissipated", f"W{per}"),
        }

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes, at one point, of what is computed."""
        sizes = {axis: len(names) for axis, names in self.labels.items()}
        return {
            name: tuple(sizes[axis] for axis in axes)
            for name, (axes, _, _) in self.variables.items()
        }

    @property
    def labels(self) -> dict[str, NDArray[np.str_]]:
        """Coordinates of the axes of variables."""
        axes = {
            "ferromagnet": self.ferromagnets,
            "component": ("x", "y", "z"),
            "electrode": self.electrodes,
        }
        return {axis: np.array(names, dtype=str) for axis, names in axes.items()}

    def numbers(self, solution: DeviceSolution, shape: tuple[int, ...]) -> dict[str, FloatArray]:
        """Return what is computed, shape (*shape, ...) each."""
        found: dict[str, Any] = {
            "torque": [solution.torque(name) for name in self.ferromagnets],
            "potential": [solution.potential(name) for name in self.electrodes],
            "current": [solution.current(name) for name in self.electrodes],
            "power": solution.power,
        }
        return {
            name: np.broadcast_to(np.reshape(found[name], own), (*shape, *own))
            for name, own in self.shapes.items()
        }

    @staticmethod
    def whole(results: Mapping[str, Any]) -> dict[str, Any]:
        """Return the variables: what is computed."""
        return {**results}

    @classmethod
    def compared(
        cls, device: Device, accuracy: Mapping[str, Any], frequency: FloatArray | None
    ) -> Compared:
        """Return results, each with what its rounding is relative to at least."""
        solution = cls.solve(device, None, accuracy, frequency)
        own = cls.of(solution).numbers(solution, ())
        current = float(np.abs(own["current"]).max())
        least = {"torque": TORQUE_PER_SPIN_CURRENT * current, "current": current}
        least["potential"] = float(np.abs(own["potential"]).max())
        return [(values, least.get(name, 0.0)) for name, values in own.items()]


def kind_of(
    sample: Stack | Device, frequency: FloatArray | None
) -> type[StackResults] | type[DeviceResults]:
    """Return of which kind the results of a sample are, if there are frequencies of them.

    All have `reserved`, names that no argument may have; `comment` on the torque; `words` for
    what is compared; the default `degree`; and `tries`, at how many pairs of points it is looked
    at most whether an argument changes results: if not at all of them, it is taken to do so.
    """
    if isinstance(sample, Device):
        return DeviceResults
    return StackResults if frequency is None else AmplitudeResults
