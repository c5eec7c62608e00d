"""The numbers above the pictures, as HTML."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from ..dynamics.describing import has_stayed, is_regular
from ..dynamics.trajectory import Trajectory
from ..physics.directions import degrees_between
from ..plot.style import amount, unit_scale
from ..results.amplitudes import MEANING, polar
from ..results.report import magnet_direction
from ..texts.numbers import short, unit_of
from .mechanics import longest_arrow
from .motion import Motion
from .pictures import unicode_of
from .seen import Seen
from .turning import turning_body

MOST_THRESHOLDS = 4
"""Critical currents that are told."""
SIGN = (
    "Particle currents j0: positive when electrons flow towards +x; “above” is at larger j0. "
    "x is the normal of the film."
)

SWINGS = (
    f"At a frequency: {MEANING}; ∠ is the phase, negative if it lags behind. Forces, hodographs, "
    "profiles and motion are those of a stationary current, at the frequency 0."
)


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

    def cell(name: str, text: str, key: str, sign: Any = 1.0) -> None:
        minus = ' class="minus"' if not isinstance(sign, complex) and sign < 0 else ""
        cells.append(f'<td>{escape(name)}<br><b{minus} data-name="{key}">{escape(text)}</b></td>')

    if seen.spacer is not None:
        m = (magnet_direction(solution.stack, name) for name in seen.spacer)
        cell("angle between m", f"{short(float(degrees_between(*m)))}°", "angle")
        pairs = zip(("left", "right"), seen.spacer, solution.efficiency(*seen.spacer), strict=True)
        for side, name, g in pairs:
            cell(f"g of {name}", _written(g, ".4f"), f"g {side}", g)
    for side, name, angle in sign_changes_of(seen):
        cell(f"g of {name} = 0 at", f"{angle:.4g}°", f"zero {side}")
    si = seen.si
    own = unit_of("resistance", seen.base.stack.units)
    factor, unit = 1 / own.size, " fΩ m²" if si else ""
    cell("spin resistance δr", _written(solution.spin_resistance * factor, ".5g", unit), "dr")
    if solution.bounds is not None:
        low, high = (float(end) * factor for end in solution.bounds.spin_resistance)
        cell("certified δr", f"{low:.5g} to {high:.5g}{unit}", "bounds")
    cell("resistance RA", _written(solution.resistance * factor, ".5g", unit), "RA")
    if body := turning_body(seen):
        vector = solution.torque(body) if si else solution.absorbed_spin_current(body)
        size = float(np.linalg.norm(vector))
        factor, unit = unit_scale(size, "J/m$^2$") if si else (1.0, "")
        shown = f"{size * factor:.4g} {unicode_of(unit).strip(' ()')}".strip()
        name = f"torque on {body}" if si else f"absorbed by {body}"
        cell(name if seen.frequency is None else f"{name}, modulus", shown, "torque")
    if seen.mechanism is not None:
        cell("longest arrow", longest_arrow(seen, si), "arrow")
    table = f'<table class="numbers"><tr>{"".join(cells)}</tr></table>'
    return table if seen.frequency is None else f'{table}<p class="sign">{SWINGS}</p>'


def _written(value: Any, form: str, unit: str = "") -> str:
    """Write a number, an amplitude with its phase."""
    if not np.iscomplexobj(value):
        return f"{float(value):{form}}{unit}"
    modulus, phase = polar(value)
    return f"{modulus:{form}}{unit} ∠ {phase:.4g}°".replace("-", "−")


def motion_readout(motion: Motion, j0: float) -> str:
    """Return a table of what moves, in HTML; names are escaped."""
    rows, state = [], motion.state

    def row(name: str, text: str, key: str, sign: float = 1.0) -> None:
        minus = ' class="minus"' if sign < 0 else ""
        own = f'<b{minus} data-name="{key}">{escape(text)}</b>'
        rows.append(f"<tr><td>{escape(name)}</td><td>{own}</td></tr>")

    for number, one in enumerate(motion.thresholds[:MOST_THRESHOLDS]):
        turning = f", {one.frequency / 1e9:.4g} GHz" if one.frequency else ""
        name = f"{state}: unstable {one.unstable} ({one.kind}{turning})"
        row(name, _current(one.j0), f"critical {number}", one.j0)
    if state and not motion.thresholds:
        row(f"{state}: critical current", "none", "critical")
    if motion.run is not None:
        length = f"{float(motion.run.times[-1]) * 1e9:.3g} ns"
        row(f"from here on, {length} at {_current(j0)}", _told(motion.run), "motion")
        switched = [name for name in motion.run.names if motion.run.switched(name)]
        if switched:
            row("more than 90° from where it began", ", ".join(switched), "switched")
    wrong = "".join(f'<p class="wrong">{escape(text)}</p>' for text in motion.wrong)
    return f'<table class="numbers">{"".join(rows)}</table>{wrong}<p class="sign">{SIGN}</p>'


def _current(j0: float) -> str:
    return unicode_of(amount(j0, "A/m$^2$")).replace("-", "−")


def _told(run: Trajectory) -> str:
    """Say what a motion comes to."""
    if has_stayed(run):
        return "none: it begins in a steady state"
    if run.settled:
        return "settles"
    line = f"{float(run.frequency) / 1e9:.4g} GHz"
    return f"goes round at {line}" if is_regular(run) else f"still changes; largest line at {line}"
