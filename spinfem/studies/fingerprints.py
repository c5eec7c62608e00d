"""Digests of what determines the results of a sweep, by which stored ones are known."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from .._checks import FloatArray, breaks_of
from ..devices.device import Device
from ..sample.pieces import Layer, direction
from ..sample.stack import Stack
from ..sample.units import in_silence
from ..solver import solve
from .builders import Sample, numbers_of, topology


@in_silence()
def fingerprint(stack: Sample, accuracy: Mapping[str, Any]) -> str:
    """Return a digest of all numbers of a stack, or a device, by their names.

    Of the functions of graded layers it has the values wherever the solver evaluates them.

    Parameters
    ----------
    stack : Stack or Device
        The sample; a stack may be a batch.
    accuracy : mapping
        `degree` and `elements` of `spinfem.solve`.
    """
    found = hashlib.sha256(repr(topology(stack)).encode())
    for name, values in numbers_of(stack).items():
        _add(found, name, values)
    for i, layer in enumerate(() if isinstance(stack, Device) else stack.layers):
        if layer.material.is_graded:
            for name, values in _evaluations(layer, accuracy):
                _add(found, f"{i} {name}", values)
    return found.hexdigest()


def _add(digest: Any, name: str, values: FloatArray) -> None:
    digest.update(f"\n{name} {values.dtype} {values.shape}\n".encode())
    digest.update(np.ascontiguousarray(values).data)


def _evaluations(layer: Layer, accuracy: Mapping[str, Any]) -> list[tuple[str, FloatArray]]:
    """Return where solving looks at the functions of a graded layer, and what it finds.

    The layer is solved alone; in a batch its mesh is that of the thickest.
    """
    found: list[tuple[str, FloatArray]] = []

    def noting(name: str, profile: Any) -> Any:
        def function(xi: FloatArray) -> Any:
            values = profile(xi)
            found.extend([(f"xi of {name}", np.array(xi)), (name, np.array(values))])
            return values

        function.breaks = breaks_of(profile)  # type: ignore[attr-defined]
        return function

    metal = layer.material
    noted = {name: noting(name, x) for name, x in metal.numbers.items() if callable(x)}
    alone = dataclasses.replace(
        layer,
        material=dataclasses.replace(metal, **noted),
        thickness=float(np.max(layer.thickness)),
        m=None if layer.m is None else direction(0.0),
    )
    with np.errstate(all="ignore"):
        solution = solve(Stack([alone]), **accuracy)
        _ = solution.spin_resistance, solution.resistance
    return found
