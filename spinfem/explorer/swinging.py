"""Efficiencies and spin resistance of a current that swings, over its frequency: a Bode plot."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._checks import FloatArray
from ..plot.bode import continuous_phase
from ..plot.style import unit_scale
from ..solver import solve
from .pictures import Columns, Note, Picture, line, steady, unicode_of, with_room
from .seen import Seen
from .slider import Slider
from .turning import NO_SPACER

POINTS = 61
"""Of a curve."""
SIDES = ("left", "right")


class Response(NamedTuple):
    """Amplitudes over the frequency."""

    frequencies: FloatArray  # (n,) Hz, or per unit of tau
    amplitudes: dict[str, Any]  # (n,) complex: g "left" and "right" of the spacer if any, and "dr"


def response_of(seen: Seen) -> Response:
    """Return amplitudes all along the slider of frequencies; ValueError as of `spinfem.solve`."""
    slider = _slider(seen)
    return _response(seen, np.geomspace(slider.low, slider.high, POINTS))


def all_but_the_frequency(seen: Seen) -> tuple[object, ...]:
    """Return all that the curves depend on."""
    own = _slider(seen).key
    rest = {key: value for key, value in seen.values.items() if key != own}
    return id(seen.base), seen.spacer, tuple(sorted(rest.items()))


def _slider(seen: Seen) -> Slider:
    slider = seen.base.sliders.frequency
    assert slider is not None  # else there is no such panel
    return slider


def _response(seen: Seen, frequencies: FloatArray) -> Response:
    solution = solve(seen.stack, seen.j0, frequency=frequencies, **seen.mesh)
    found: dict[str, Any] = {"dr": solution.spin_resistance}
    if seen.spacer is not None:
        found |= zip(SIDES, solution.efficiency(*seen.spacer), strict=True)
    return Response(frequencies, found)


# --- pictures -----------------------------------------------------------------------------------


def frequency_pictures(
    seen: Seen, curve: Response, old: dict[str, Picture]
) -> dict[str, Picture | Note]:
    """Return pictures of ``|g|``, ``|dr|`` and their phases, to stand one above the other.

    Dots are where the slider is, if it is on the axis. The y axes are those of old pictures if
    these fit.
    """
    own, f, over = _slider(seen).unit, curve.frequencies, curve.amplitudes
    label = f"frequency ({own.name})".removesuffix(" ()")
    x = f / own.size
    here: dict[str, Any] = {}
    if seen.frequency is not None and f[0] <= seen.frequency <= f[-1]:
        here = _response(seen, np.array([seen.frequency])).amplitudes
    at = np.array([(seen.frequency or 0.0) / own.size])

    def picture(key: str, y_label: str, curves: Columns, dots: Columns) -> Picture:
        sources: dict[str, Columns] = {name: {"x": x, "y": y} for name, y in curves.items()}
        sources |= {name: {"x": at, "y": y} for name, y in dots.items()}
        y = with_room([*curves.values(), *dots.values(), np.zeros(1)])
        was = old.get(key)
        if was is not None and was.labels == (label, y_label):
            y = steady(was.y, y)
        words = {side: f"g of {name}" for side, name in zip(SIDES, seen.spacer or (), strict=False)}
        sources["zero"] = line(np.array([[x[0], 0.0], [x[-1], 0.0]]))
        return Picture(sources, (x[0], x[-1]), y, (label, y_label), words=words)

    size = np.abs(over["dr"])
    factor, unit = unit_scale(float(size.max()), "Ω m$^2$" if seen.si else "")
    phases = {name: continuous_phase(values) for name, values in over.items()}
    sides = [side for side in SIDES if side in over]
    sizes = picture(
        "g over f",
        "|g|",
        {side: np.abs(over[side]) for side in sides},
        {f"{side} now": np.abs(here[side]) for side in sides if here},
    )
    return {
        "g over f": sizes if sides else Note(NO_SPACER),
        "dr over f": picture(
            "dr over f",
            f"|δr|{unicode_of(unit)}",
            {"dr": factor * size},
            {"now": factor * np.abs(here["dr"])} if here else {},
        ),
        "phase over f": picture(
            "phase over f",
            "phase (°)",
            phases,
            {f"{name} now": _beside(z, at, x, phases[name]) for name, z in here.items()},
        ),
    }


def _beside(amplitude: Any, at: FloatArray, x: FloatArray, phase: FloatArray) -> FloatArray:
    """Return the phase of an amplitude, by full turns beside the curve."""
    own, curve = np.degrees(np.angle(amplitude)), np.interp(np.log(at), np.log(x), phase)
    return np.asarray(own + 360 * np.round((curve - own) / 360))
