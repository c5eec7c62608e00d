"""One slider: what it is called, over what range it goes, how its number is read and written.

Numbers are in the units of stack files, whose keys name the sliders.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .._checks import one_line
from .._names import SIZES
from ..fem.mesh import DEGREE
from ..files.tables import metres, ohm_square_metres
from ..io.keys import MEASURED
from ..io.vary import FREQUENCIES, meaning
from ..texts.numbers import PLAIN, Unit, short

REACH = 30.0
"""How many times smaller, and larger, than its number a logarithmic slider gets."""
BEYOND = 1e6
"""The same of numbers without a unit that are typed."""
SLOW, FAST = 1e-2, 10.0
"""omega tau of the slowest spins, and of the fastest, at the ends of the slider of frequencies."""
STEPS = 240
"""Of a logarithmic slider."""
LONGEST = 40
"""Characters of a number."""


class Role(NamedTuple):
    """What a quantity of a stack is to a slider."""

    si: str  # its key in a stack file in SI
    paper: str
    group: str
    kind: str  # of its range, a key of FIXED or as in `_range`


ROLES = {
    "polar": Role("polar_deg", "polar_deg", "Directions", "angle"),
    "azimuth": Role("azimuth_deg", "azimuth_deg", "Directions", "half angle"),
    "thickness": Role("thickness_nm", "thickness", "Thicknesses", "positive"),
    "D of N": Role("resistivity_ohm_m", "D", "Metals", "positive"),
    "D of F": Role("rho_star_ohm_m", "D", "Metals", "positive"),
    "p": Role("beta", "p", "Metals", "polarization"),
    "beta_D": Role("beta_D", "beta_D", "Metals", "polarization"),
    "l": Role("l_nm", "l", "Metals", "length"),
    "lambda_J": Role("lambda_J_nm", "lambda_J", "Metals", "positive"),
    "lambda_phi": Role("lambda_phi_nm", "lambda_phi", "Metals", "positive"),
    "resistance": Role("AR_fOhm_m2", "AR", "Interfaces", "from zero"),
    "gamma": Role("gamma", "gamma", "Interfaces", "polarization"),
    "delta": Role("delta", "delta", "Interfaces", "from zero"),
    "G_r": Role("G_r_S_m2", "G_r", "Interfaces", "positive"),
    "G_i": Role("G_i_S_m2", "G_i", "Interfaces", "either sign"),
    "j0": Role("j0_A_m2", "j0", "Current and mesh", "either sign"),
    "degree": Role("degree", "degree", "Current and mesh", "degree"),
    "elements": Role("elements", "elements", "Current and mesh", "elements"),
}
"""Of all quantities, in the order in which groups and sliders stand."""
GROUPS = tuple(dict.fromkeys(role.group for role in ROLES.values()))
OTHER_WORDS = {
    "D": "D",
    "resistivity": "resistivity",
    "degree": "degree of the elements",
    "elements": "elements in a layer (0: as many as it needs)",
    "G_r": "mixing conductance, real",
    "G_i": "mixing conductance, imaginary",
}
SHOWN = {
    "ohm_m": Unit("nΩ m", SIZES["nOhm m"][1]),
    "deg": Unit("°"),
    "fOhm_m2": Unit("fΩ m²"),
    "S_m2": Unit("S/m²"),
    "A_m2": Unit("A/m²"),
    "nm": Unit("nm"),
    "Hz": Unit("GHz", 1e9),
}
"""How numbers are shown whose key ends so; sizes are in the unit of the key."""


@dataclass(frozen=True)
class Slider:
    """One number that can be moved.

    Attributes
    ----------
    key : str
        ``OWNER.KEY`` as in ``spinfem sweep --vary``, or the key of the current or of the mesh.
    quantity : str
        What it is in `Gradient.parameters`, or "j0", "frequency", "degree" or "elements".
    label : str
        What stands beside it.
    group : str
        One of `GROUPS`.
    unit : Unit
        In which it is shown; its size is in the unit of the key.
    value : float
        What it is in the stack, in the unit of the key.
    low, high : float
        Ends of the slider.
    least, most : float
        Ends of what may be typed; both are allowed.
    steps : int
        From end to end.
    log : bool
        Whether steps are even in the logarithm.
    infinite : bool
        Whether it may be infinite.
    whole : bool
        Whether it is a whole number.
    off : bool
        Whether its first step is 0, that of a logarithmic one, too.
    pieces : tuple of int
        Which pieces of the stack have it; none of a number of the whole stack.
    """

    key: str
    quantity: str
    label: str
    group: str
    unit: Unit
    value: float
    low: float
    high: float
    least: float
    most: float
    steps: int
    log: bool = False
    infinite: bool = False
    whole: bool = False
    off: bool = False
    pieces: tuple[int, ...] = ()

    @property
    def owner(self) -> str:
        """Whose it is; empty of a number of the whole stack."""
        return self.key.rpartition(".")[0]

    def value_at(self, position: int) -> float:
        """Return the number at a step from 0 to `steps`, of few digits."""
        part = position / self.steps
        if self.off and position == 0:
            return 0.0
        if self.log:
            return float(f"{self.low * (self.high / self.low) ** part:.3g}")
        return float(f"{self.low + (self.high - self.low) * part:.9g}")

    def position_of(self, value: float) -> int:
        """Return the step next to a number; the last one of what lies beyond."""
        if self.off and value == 0:
            return 0
        value = min(max(value, self.low), self.high)
        if self.log:
            part = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return max(round(part * self.steps), int(self.off))

    def shown(self, value: float) -> str:
        """Write a number as it is shown, without its unit."""
        return f"{value / self.unit.size:.7g}"

    def typed(self, text: str) -> float:
        """Read a number as it is shown.

        Raises
        ------
        ValueError
            If it is none, or out of range.
        """
        return self._read(text, self.unit)

    def addressed(self, text: str) -> float:
        """Read a number in the unit of the key; errors as of `typed`."""
        return self._read(text, Unit(self.unit.name) if self.unit.size == 1.0 else PLAIN)

    def _read(self, text: str, unit: Unit) -> float:
        try:
            value = float(text) if len(text) <= LONGEST else math.nan
        except ValueError:
            value = math.nan
        value = decimal(value * unit.size) if unit.size != 1.0 else value
        known = self.least <= value <= self.most or (self.infinite and value == math.inf)
        if known and not (self.whole and value % 1):
            return value
        ends = " to ".join(short(end / unit.size) for end in (self.least, self.most))
        required = unit.after(f"a {'whole ' if self.whole else ''}number from {ends}")
        also = " (inf is allowed)" if self.infinite else ""
        raise ValueError(one_line(f"{self.label} must be {required}{also}, got {text[:LONGEST]!r}"))


# --- ranges -----------------------------------------------------------------------------------


def _range(kind: str, key: str, value: float) -> dict[str, Any]:
    """Return what a slider of some kind is over which its number may move."""
    if kind in FIXED:
        return FIXED[kind]
    least, most = _allowed(key, value)
    size = _size(key, value)
    if kind in ("positive", "length"):
        low, high = max(size / REACH, least), min(size * REACH, most)
        found = {"low": low, "high": high, "log": True, "steps": STEPS}
        return {**found, "least": least, "most": most, "infinite": kind == "length"}
    if kind == "from zero":
        return {"low": 0.0, "high": min(4 * size, most), "steps": 200, "least": 0.0, "most": most}
    return {"low": -2 * size, "high": 2 * size, "steps": 400, "least": -most, "most": most}


FIXED: dict[str, dict[str, Any]] = {
    "angle": {"low": -180.0, "high": 180.0, "steps": 720, "least": -360.0, "most": 360.0},
    "half angle": {"low": -90.0, "high": 90.0, "steps": 360, "least": -360.0, "most": 360.0},
    "polarization": {"low": -0.99, "high": 0.99, "steps": 198, "least": -0.999, "most": 0.999},
    "degree": {
        "low": 1,
        "high": DEGREE,
        "steps": DEGREE - 1,
        "least": 1,
        "most": 20,
        "whole": True,
    },
    "elements": {"low": 0, "high": 16, "steps": 16, "least": 0, "most": 64, "whole": True},
}
"""Ranges that do not depend on the number."""


def _measured(key: str) -> tuple[float, ...]:
    """Return the ends of what any sample has and of what most have, in the unit of a key."""
    known = MEASURED.get("mixing_S_m2" if key in ("G_r_S_m2", "G_i_S_m2") else key)
    if known is None:
        return ()
    quantity, unit = known
    ends = (quantity.lowest, quantity.highest, *quantity.usual)
    return tuple(end / quantity.sizes[unit] for end in ends)


def _size(key: str, value: float) -> float:
    """Return how large a number is; where it is 0 or infinite, how large it often is."""
    if value and math.isfinite(value):
        return abs(value)
    measured = _measured(key)
    return math.sqrt(measured[2] * measured[3]) if measured else 1.0


def _allowed(key: str, value: float) -> tuple[float, float]:
    """Return ends of what any sample has, or far beyond what a number without a unit is."""
    size, measured = _size(key, value), _measured(key)
    if not measured:
        return size / BEYOND, size * BEYOND
    return min(measured[0], size / REACH), max(measured[1], size * REACH)


def frequency_slider(times: Sequence[float], si: bool) -> Slider:
    """Return the slider of the frequency: 0, then from where all spins follow to where none do.

    Parameters
    ----------
    times : sequence of float
        Spin relaxation times of all metals, in the unit of the stack.
    si : bool
        Whether that is the second.
    """
    low, high = (
        10.0 ** round(math.log10(turns / (2 * math.pi * time)))
        for turns, time in ((SLOW, max(times)), (FAST, min(times)))
    )
    return Slider(
        key=FREQUENCIES["SI" if si else "paper"],
        quantity="frequency",
        label="frequency of the current (0: stationary)",
        group=ROLES["j0"].group,
        unit=SHOWN["Hz"] if si else PLAIN,
        value=0.0,
        low=low,
        high=high,
        least=0.0,
        most=high * BEYOND,
        steps=STEPS,
        log=True,
        off=True,
    )


# --- units ------------------------------------------------------------------------------------


def in_key(key: str, value: float) -> float:
    """Return a number of the stack in the unit of a key."""
    if key.endswith("_ohm_m"):
        return decimal(1 / value)
    if key.endswith("_nm"):
        return decimal(value * 1e9)
    return decimal(value * 1e15) if key.endswith("_fOhm_m2") else decimal(value)


def in_stack(key: str, value: float) -> float:
    """Return what a stack file makes of a number of a key."""
    if key.endswith("_ohm_m"):
        return 1 / value
    if key.endswith("_nm"):
        return metres(value)
    return ohm_square_metres(value) if key.endswith("_fOhm_m2") else value


def decimal(value: float) -> float:
    """Return a number to 12 digits, as people have typed it."""
    return float(f"{value:.12g}")


def slider_of(role: Role, owner: str, value: float, si: bool, shared: int, **more: Any) -> Slider:
    """Return the slider of a number of the stack.

    Parameters
    ----------
    role : Role
        What it is.
    owner : str
        Whose; empty for a number of the whole stack.
    value : float
        The number, in the unit of the stack.
    si : bool
        Whether that is SI.
    shared : int
        How many others without a name of their own have it, too.
    **more
        `quantity` and `pieces` of the slider.
    """
    key = role.si if si else role.paper
    end = next((end for end in SHOWN if key.endswith(f"_{end}")), None)
    word = meaning(key)[0]
    word = OTHER_WORDS.get(word, word)
    many = f" and {shared} more" if shared else ""
    number = in_key(key, value)
    return Slider(
        key=f"{owner}.{key}" if owner else key,
        label=f"{owner}{many}: {word}" if owner else word,
        group=role.group,
        unit=SHOWN[end] if end else PLAIN,
        value=number,
        **_range(role.kind, key, number),
        **more,
    )
