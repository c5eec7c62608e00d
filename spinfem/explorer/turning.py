"""Efficiencies, torque and spin resistance as a magnetization turns, and where it stands now."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._checks import FloatArray
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..plot.style import COMPONENTS, unit_scale
from ..sample.pieces import direction
from ..solution import Solution
from ..solver import solve
from .pictures import Columns, Note, Picture, line, steady, unicode_of, with_room
from .seen import Seen

ANGLES = np.linspace(-180.0, 180.0, 181)
"""Polar angles of the turning magnetization, degrees."""
CERTIFIED = ANGLES[::6]
"""The same of bounds, which take longer."""
AXIS = (-180.0, 180.0)
NO_SPACER = "Efficiencies g need two named ferromagnets with a spacer between them."


class Band(NamedTuple):
    """Certified bounds of a curve, (k,) or (k, 3)."""

    angles: FloatArray
    low: FloatArray
    high: FloatArray


class Rotation(NamedTuple):
    """Results over the polar angle of what turns, or at one of them; in the units of the stack.

    At a frequency their moduli.
    """

    angles: FloatArray  # (n,) degrees
    efficiencies: tuple[FloatArray, FloatArray] | None  # (n,) each
    resistance: FloatArray  # (n,) dr
    torque: FloatArray | None  # (n, 3) of what turns; a spin current in the paper's units
    resistance_band: Band | None  # over angles of its own
    torque_band: Band | None


def rotation_of(seen: Seen) -> Rotation:
    """Return the results of all angles; ValueError if nothing turns, or as of `spinfem.solve`."""
    slider = seen.turning
    if slider is None:
        raise ValueError("There is no ferromagnet to turn.")
    places = [seen.stack.ordinals[i] for i in slider.pieces]

    def at(angles: FloatArray, certify: bool) -> Rotation:
        ways = direction(angles, seen.azimuth)
        batch = seen.stack.turned({k: ways for k in places if k is not None})
        solution = solve(batch, seen.j0, frequency=seen.frequency, certify=certify, **seen.mesh)
        return _results(seen, solution, angles)

    curve = at(ANGLES, certify=False)
    if seen.certified:
        bands = at(CERTIFIED, certify=True)
        curve = curve._replace(resistance_band=bands.resistance_band, torque_band=bands.torque_band)
    return curve


def point_of(seen: Seen) -> Rotation:
    """Return the same where it stands now."""
    polar = 0.0 if seen.turning is None else seen.base.sliders.value(seen.turning.key, seen.values)
    turns = (polar + 180.0) % 360.0 - 180.0
    one = np.array([180.0 if polar > 0 and turns == -180.0 else turns])
    return _results(seen, seen.solution, one)


def all_but_the_angle(seen: Seen) -> tuple[object, ...]:
    """Return all that the curves depend on."""
    turning = seen.turning
    rest = {key: value for key, value in seen.values.items() if turning and key != turning.key}
    return id(seen.base), turning and turning.key, seen.spacer, tuple(sorted(rest.items()))


def turning_body(seen: Seen) -> str | None:
    """Return the first ferromagnet that turns and has a torque."""
    known = seen.solution.ferromagnets
    return next((name for name in known if name in seen.turning_bodies), None)


def _results(seen: Seen, solution: Solution, angles: FloatArray) -> Rotation:
    n, pair, body = len(angles), seen.spacer, turning_body(seen)
    shown = np.asarray if seen.frequency is None else np.abs
    efficiencies = None
    if pair is not None:
        first, second = (np.broadcast_to(shown(g), n) for g in solution.efficiency(*pair))
        efficiencies = first, second
    torque = None
    if body is not None:
        vector = solution.torque(body) if seen.si else solution.absorbed_spin_current(body)
        torque = np.broadcast_to(shown(vector), (n, 3))
    bounds, of_resistance, of_torque = solution.bounds, None, None
    if bounds is not None:
        of_resistance = Band(angles, *(np.broadcast_to(end, n) for end in bounds.spin_resistance))
        if body is not None:
            index = solution.ferromagnets.index(body)
            unit = 1.0 if seen.si else TORQUE_PER_SPIN_CURRENT
            ends = (np.broadcast_to(end[..., index, :] / unit, (n, 3)) for end in bounds.torques)
            of_torque = Band(angles, *ends)
    resistance = np.broadcast_to(shown(solution.spin_resistance), n)
    return Rotation(angles, efficiencies, resistance, torque, of_resistance, of_torque)


# --- pictures -----------------------------------------------------------------------------------


def turning_pictures(
    seen: Seen, curve: Rotation, now: Rotation, old: dict[str, Picture]
) -> dict[str, Picture | Note]:
    """Return pictures of g, dr and the torque, to stand one above the other.

    Their y axes are those of old ones if these fit.
    """
    assert seen.turning is not None
    angle = f"polar angle of {seen.turning.owner} (°)"
    return {
        "g": _efficiencies(seen, curve, now, "", old.get("g")),
        "dr": _resistance(seen, curve, now, "", old.get("dr")),
        "torque": _torque(seen, curve, now, angle, old.get("torque")),
    }


def _efficiencies(
    seen: Seen, curve: Rotation, now: Rotation, angle: str, old: Picture | None
) -> Picture | Note:
    if curve.efficiencies is None or now.efficiencies is None or seen.spacer is None:
        return Note(NO_SPACER)
    sources: dict[str, Columns] = {}
    for side, over, here in zip(
        ("left", "right"), curve.efficiencies, now.efficiencies, strict=True
    ):
        sources[side] = {"x": curve.angles, "y": over}
        sources[f"{side} now"] = {"x": now.angles, "y": here}
    y = with_room([*curve.efficiencies, *now.efficiencies, np.zeros(1)])
    words = {
        side: f"g of {name}" for side, name in zip(("left", "right"), seen.spacer, strict=True)
    }
    return _picture(sources, y, (angle, _name(seen, "g")), old)._replace(words=words)


def _resistance(
    seen: Seen, curve: Rotation, now: Rotation, angle: str, old: Picture | None
) -> Picture:
    largest = float(np.nanmax(np.abs(curve.resistance)))
    factor, unit = unit_scale(largest, "Ω m$^2$" if seen.si else "")
    sources = {
        "dr": {"x": curve.angles, "y": curve.resistance * factor},
        "now": {"x": now.angles, "y": now.resistance * factor},
    }
    heights = [curve.resistance * factor, np.zeros(1)]
    if curve.resistance_band is not None:
        band = curve.resistance_band
        low, high = band.low * factor, band.high * factor
        sources["band"] = {"x": band.angles, "low": low, "high": high}
        heights += [low, high]
    return _picture(
        sources, with_room(heights), (angle, f"{_name(seen, 'δr')}{unicode_of(unit)}"), old
    )


def _torque(
    seen: Seen, curve: Rotation, now: Rotation, angle: str, old: Picture | None
) -> Picture | Note:
    if curve.torque is None or now.torque is None:
        return Note("The torque is that of a layer or a lead with a name.")
    name = _name(seen, "T" if seen.si else "absorbed jₛ")
    factor, unit = unit_scale(float(np.abs(curve.torque).max()), "J/m$^2$" if seen.si else "")
    sources: dict[str, Columns] = {}
    heights = [curve.torque * factor, now.torque * factor]
    for i, (axis, _, _) in enumerate(COMPONENTS):
        sources[axis] = {"x": curve.angles, "y": curve.torque[:, i] * factor}
        sources[f"{axis} now"] = {"x": now.angles, "y": now.torque[:, i] * factor}
        if curve.torque_band is not None:
            band = curve.torque_band
            low, high = band.low[:, i] * factor, band.high[:, i] * factor
            sources[f"{axis} band"] = {"x": band.angles, "low": low, "high": high}
            heights += [low, high]
    return _picture(sources, with_room(heights), (angle, f"{name}{unicode_of(unit)}"), old)


def _name(seen: Seen, name: str) -> str:
    return name if seen.frequency is None else f"|{name}|"


def _picture(
    sources: dict[str, Columns],
    y: tuple[float, float],
    labels: tuple[str, str],
    old: Picture | None,
) -> Picture:
    if old is not None and old.labels == labels:
        y = steady(old.y, y)
    sources["zero"] = line(np.array([[AXIS[0], 0.0], [AXIS[1], 0.0]]))
    return Picture(sources, AXIS, y, labels)
