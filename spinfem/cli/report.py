"""Results of the command line: as JSON, and as tables to read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from .._checks import FloatArray
from .._version import __version__
from ..physics.directions import degrees_between
from ..results.report import magnet_direction, report_of
from ..texts.tables import as_text

if TYPE_CHECKING:
    from ..io.stackfile import StackFile
    from ..results.views import Face
    from ..solution import Solution


OVERFLOW = (
    "results must be finite, got an overflow of double precision: numbers in the file are too "
    "large or too small"
)


def results_of(file: StackFile, solution: Solution) -> dict[str, Any]:
    """Collect what ``--json`` prints, as described there."""
    stack = file.stack
    magnets = {name: magnet_direction(stack, name) for name in solution.ferromagnets}
    return {
        "title": file.title,
        "file": str(file.path),
        "units": file.units,
        "j0": file.j0,
        "layers": [
            {
                "name": layer.name,
                "kind": "ferromagnet" if layer.is_ferromagnet else "normal",
                "material": layer.material.name,
                "group": layer.group,
                "x_left": float(stack.x[i]),
                "x_right": float(stack.x[i + 1]),
                "m": None if layer.m is None else _list(layer.m),
            }
            for i, layer in enumerate(stack.layers)
        ],
        "ferromagnets": [
            {
                "name": name,
                "m": _list(m),
                "absorbed_spin_current": _list(solution.absorbed_spin_current(name)),
                "torque": _list(solution.torque(name)) if file.units == "SI" else None,
            }
            for name, m in magnets.items()
        ],
        "spacers": [
            {
                "left": left,
                "right": right,
                "angle_deg": float(degrees_between(magnets[left], magnets[right])),
                "efficiency_left": float(solution.efficiency(left, right)[0]),
                "efficiency_right": float(solution.efficiency(left, right)[1]),
            }
            for left, right in solution.spacers
        ],
        "interfaces": [
            {
                "x": float(face.x),
                # null where it jumps
                "spin_potential": _list(face.spin_potential) if _continuous(face) else None,
                "spin_potential_left": _list(face.spin_potential_left),
                "spin_potential_right": _list(face.spin_potential_right),
                "spin_current_left": _list(face.spin_current_left),
                "spin_current_right": _list(face.spin_current_right),
            }
            for face in solution.interfaces
        ],
        "spin_resistance": float(solution.spin_resistance),
        "resistance": float(solution.resistance),
        "voltage": float(solution.voltage),
        "spinfem_version": __version__,
    }


def _continuous(face: Face) -> bool:
    joint = face.solution.stack.joints[face.index]
    return joint is None or (not np.any(joint.resistance) and joint.mixing is None)


def to_json(results: dict[str, Any]) -> str:
    """Return strict JSON; ValueError if a result is not finite."""
    try:
        return json.dumps(results, indent=2, allow_nan=False)
    except ValueError:
        raise ValueError(f"{results['file']}: {OVERFLOW}") from None


def _list(vector: FloatArray) -> list[float]:
    return [float(x) + 0.0 for x in vector]  # + 0.0 turns -0.0 into 0.0


def report(file: StackFile, solution: Solution) -> str:
    """Write the main results for reading, all of them."""
    return as_text([*filter(None, [file.title, str(file.path)]), *report_of(solution)])
