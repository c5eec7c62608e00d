"""What `Stack.replace` can change in the pieces of a stack, and what is said of what it cannot."""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Mapping
from typing import Any

from .._names import DIRECTION, key_hint, other_name
from .order import ENDS
from .pieces import Interface, Layer

KINDS = (Layer, Interface, *ENDS)
KEYS = {
    kind: tuple(field.name for field in dataclasses.fields(kind) if field.name != "copy_of")
    for kind in KINDS
}
"""What can be changed in a piece of each kind."""
GROUP_KEYS = ("m", "group")
"""What can be changed in all layers of a group at once."""
METAL_KEYS = ("material",)
"""And in all that is of a metal."""


def check_keys(name: str, changes: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Raise TypeError if something else than is known is to be changed in what has a name."""
    wrong = [key for key in changes if key not in known]
    if wrong:
        hints = dict.fromkeys(_change_hint(key, known, changes) for key in wrong)
        what = f"{name!r}, a metal," if known == METAL_KEYS else repr(name)
        raise TypeError(
            f"a change of {what} must be one of {', '.join(known)}, "
            f"got {' and '.join(map(repr, wrong))}{''.join(hints)}"
        )


ANGLES = ("polar", "azimuth")
METAL = ("D", "l", "p", "beta_D", "lambda_J", "lambda_phi", "tau")
"""Numbers of a layer's metal."""


def _change_hint(key: str, known: tuple[str, ...], changes: Mapping[str, Any]) -> str:
    """Say how to change what has another name, or is a part of what can be changed."""
    of_metal = (key, "") if key in METAL else other_name(key, METAL)
    if "material" in known and of_metal and not other_name(key, known):
        number, meaning = of_metal
        text = f"{number} of its metal is {meaning}" if meaning else "it is one of its metal"
        return f"; {text}: material=dataclasses.replace(metal, {number}=...)"
    given = {name.removesuffix("_deg"): reprlib.repr(changes[name]) for name in changes}
    angles = [given.get(angle, angle) for angle in ANGLES]
    if not given.keys() & {*ANGLES}:
        return key_hint(key, known)
    shown = f"sf.direction({', '.join(angles if 'azimuth' in given else angles[:1])})"
    return key_hint(key, known).replace(f"m is {DIRECTION}", f"a direction is m={shown}")
