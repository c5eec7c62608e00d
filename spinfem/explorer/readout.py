"""The numbers above the pictures, as HTML."""

from __future__ import annotations

from html import escape

import numpy as np

from ..physics.directions import degrees_between
from ..plot.style import unit_scale
from ..results.report import magnet_direction
from ..texts.numbers import short, unit_of
from .mechanics import longest_arrow
from .pictures import unicode_of
from .seen import Seen
from .turning import turning_body


def sign_changes_of(seen: Seen) -> list[tuple[str, str, float]]:
    """Return side, name and the angle at which g changes sign, of a valve of two ferromagnets."""
    if seen.mechanism is None or len(seen.solution.transport.elements.bodies) != 2:
        return []
    found = []
    for spacer in seen.mechanism.spacers:
        sides = zip(("left", "right"), spacer.names, spacer.sign_changes, strict=True)
        found += [(side, name, angle) for side, name, angle in sides if np.isfinite(angle)]
    return found


def readout(seen: Seen) -> str:
    """Return a table of the numbers, in HTML; names are escaped."""
    solution, cells = seen.solution, []

    def cell(name: str, text: str, key: str, sign: float = 1.0) -> None:
        minus = ' class="minus"' if sign < 0 else ""
        cells.append(f'<td>{escape(name)}<br><b{minus} data-name="{key}">{escape(text)}</b></td>')

    if seen.spacer is not None:
        m = (magnet_direction(solution.stack, name) for name in seen.spacer)
        cell("angle between m", f"{short(float(degrees_between(*m)))}°", "angle")
        pairs = zip(("left", "right"), seen.spacer, solution.efficiency(*seen.spacer), strict=True)
        for side, name, g in pairs:
            cell(f"g of {name}", f"{float(g):.4f}", f"g {side}", float(g))
    for side, name, angle in sign_changes_of(seen):
        cell(f"g of {name} = 0 at", f"{angle:.4g}°", f"zero {side}")
    si = seen.si
    own = unit_of("resistance", seen.base.stack.units)
    factor, unit = 1 / own.size, " fΩ m²" if si else ""
    cell("spin resistance δr", f"{float(solution.spin_resistance) * factor:.5g}{unit}", "dr")
    if solution.bounds is not None:
        low, high = (float(end) * factor for end in solution.bounds.spin_resistance)
        cell("certified δr", f"{low:.5g} to {high:.5g}{unit}", "bounds")
    cell("resistance RA", f"{float(solution.resistance) * factor:.5g}{unit}", "RA")
    if body := turning_body(seen):
        vector = solution.torque(body) if si else solution.absorbed_spin_current(body)
        size = float(np.linalg.norm(vector))
        factor, unit = unit_scale(size, "J/m$^2$") if si else (1.0, "")
        shown = f"{size * factor:.4g} {unicode_of(unit).strip(' ()')}".strip()
        cell(f"torque on {body}" if si else f"absorbed by {body}", shown, "torque")
    if seen.mechanism is not None:
        cell("longest arrow", longest_arrow(seen, si), "arrow")
    return f'<table class="numbers"><tr>{"".join(cells)}</tr></table>'
