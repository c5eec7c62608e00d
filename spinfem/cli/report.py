"""Results of the command line: as JSON, and as tables to read."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .._checks import FloatArray, visible
from .._version import __version__
from ..sample.pieces import Layer, Lead

if TYPE_CHECKING:
    from rich.table import Table

    from ..io.stackfile import StackFile
    from ..results.views import Face
    from ..solution import Solution


def results_of(file: StackFile, solution: Solution) -> dict[str, Any]:
    """Collect what ``--json`` prints, as described there."""
    stack = file.stack
    magnets = {
        name: np.asarray(cast(Layer | Lead, stack.elements[stack.members(name)[0]]).m)
        for name in solution.ferromagnets
    }
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
                "angle_deg": _angle(magnets[left], magnets[right]),
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
        raise ValueError(
            f"{results['file']}: results must be finite, got an overflow of double precision: "
            "numbers in the file are too large or too small"
        ) from None


def _list(vector: FloatArray) -> list[float]:
    return [float(x) + 0.0 for x in vector]  # + 0.0 turns -0.0 into 0.0


def _angle(a: FloatArray, b: FloatArray) -> float:
    """Angle between unit vectors, degrees; an arccosine would lose small ones."""
    return math.degrees(2 * math.atan2(math.hypot(*(a - b)), math.hypot(*(a + b))))


def report(results: dict[str, Any]) -> str:
    """Write the main results for reading, plain if stdout is not a terminal."""
    from rich.console import Console

    si = results["units"] == "SI"
    # wide, so that long names make long lines and shorten no numbers; no markup in names
    console = Console(width=10_000, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        for line in (results["title"], results["file"]):
            if line:
                console.print(visible(line))
        unit = "A/m2" if si else "(paper's units)"
        console.print(f"j0 = {results['j0']:.7g} {unit}; positive: electrons flow towards +x")
        for table in (_magnets(results, si), _spacers(results), _sums(results, si)):
            if table.rows:
                console.print()
                console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def _magnets(results: dict[str, Any], si: bool) -> Table:
    title = "Torque, J/m2" if si else "Absorbed spin current (paper's units)"
    table = _table(title, [""], ["x", "y", "z", "magnitude"])
    for row in results["ferromagnets"]:
        vector = row["torque"] if si else row["absorbed_spin_current"]
        numbers = (*vector, math.hypot(*vector))
        table.add_row(row["name"], *(_number(x) for x in numbers))
    return table


def _spacers(results: dict[str, Any]) -> Table:
    columns = ["angle (deg)", "g left", "g right"]
    table = _table("Efficiencies g, eq. (1)", ["left", "right"], columns)
    for row in results["spacers"]:
        numbers = (row["angle_deg"], row["efficiency_left"], row["efficiency_right"])
        table.add_row(row["left"], row["right"], *(f"{x:.7g}" for x in numbers))
    return table


def _sums(results: dict[str, Any], si: bool) -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for key, name in (("spin_resistance", "spin resistance dr"), ("resistance", "resistance RA")):
        femto = f"Ohm m2  = {results[key] * 1e15:.7g} fOhm m2" if si else ""
        table.add_row(name, _number(results[key]), femto)
    table.add_row("voltage", _number(results["voltage"]), "V" if si else "")
    return table


def _table(title: str, names: list[str], numbers: list[str]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in names:
        table.add_column(column)
    for column in numbers:
        table.add_column(column, justify="right")
    return table


def _number(x: float) -> str:
    return f"{x:.6e}" if x else "0"
