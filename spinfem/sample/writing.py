"""A stack as the text of a stack file, which loads to the same stack."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .._checks import CONTROLS, FloatArray, unit_vector, visible
from ..files.tables import LARGEST, LONGEST, MOST_TABLES, metres, ohm_square_metres, seconds
from .materials import Ferromagnet, Metal, reduced
from .pieces import End, Interface, Layer, Lead, Reservoir, SpinSource, direction

Entries = dict[str, object]
"""Keys of a table and their values."""


def stack_file(
    elements: Sequence[Layer | End],
    joints: Sequence[Interface | None],
    j0: float | None,
    si: bool,
    keys: Mapping[str, Entries] | None = None,
    tables: Sequence[tuple[str, Entries]] = (),
) -> str:
    """Return the text of a stack file.

    Parameters
    ----------
    elements : sequence of Layer and, at the ends, what may stand there
        From left to right, both ends included; all layers have names.
    joints : sequence of Interface or None
        What is between any two of them.
    j0 : float, optional
        Particle current.
    si : bool
        Whether the numbers are in SI and written so; the paper's units otherwise.
    keys : mapping, optional
        More keys of layers, by their names.
    tables : sequence
        More tables, each with its head, which come last.

    Raises
    ------
    ValueError
        If a number is an array or a function, a layer has nodes of a mesh, or what a stack file may
        not hold stands in a name.
    """
    file = _Writer(si)
    left, right = elements[0], elements[-1]
    layers = [element for element in elements if isinstance(element, Layer)]
    ends = [("[left]", file.end("left", left)), ("[right]", file.end("right", right))]
    pieces: list[tuple[str, Entries]] = []
    for joint, layer in zip(joints, [*layers, None], strict=True):
        if joint is not None:
            pieces.append(("[[layers]]", file.interface(joint)))
        if layer is not None:
            more = (keys or {}).get(str(layer.name), {})
            pieces.append(("[[layers]]", {**file.layer(layer), **more}))
    written = [*ends, *file.materials.values(), *pieces, *tables]
    if len(written) > MOST_TABLES:
        raise ValueError(
            f"a stack file must have at most {MOST_TABLES} tables, got {len(written)} of a stack"
        )
    current: Entries = {} if j0 is None else {"j0_A_m2" if si else "j0": j0}
    lines = [*_lines(current)]
    for head, entries in written:
        lines += ["", head, *_lines(entries)]
    text = "\n".join([*lines, ""]).lstrip("\n")
    if len(text.encode()) > LARGEST:
        raise ValueError(f"a stack file must have at most {LARGEST >> 20} MiB, got a longer one")
    return text


class _Writer:
    """Writes tables in SI or in the paper's units, and keeps the materials they are made of."""

    def __init__(self, si: bool) -> None:
        self.si = si
        self.materials: dict[tuple[object, ...], tuple[str, Entries]] = {}
        self._names: dict[tuple[object, ...], str] = {}

    def end(self, side: str, end: object) -> Entries:
        if not isinstance(end, Lead):
            return self.drive(end)
        what = f"the {side} lead" if end.name is None else f"lead {end.name!r}"
        metal = self.material(end.material, what)
        return {"lead": metal, "name": end.name, **magnetic(end)}

    def drive(self, end: object) -> Entries:
        if isinstance(end, SpinSource):
            key = "spin_current_A_m2" if self.si else "spin_current"
            return {"end": "spin-source", key: end.spin_current.tolist()}
        if not isinstance(end, Reservoir):
            return {"end": "spin-blocking"}
        key = "spin_potential_V" if self.si else "spin_potential"
        given = end.spin_potential
        return {"end": "reservoir", key: None if given is None else given.tolist()}

    def layer(self, layer: Layer) -> Entries:
        what = f"layer {layer.name!r}"
        if layer.nodes is not None:
            raise ValueError(f"nodes of {what} must not be those of a mesh to be written, got some")
        thickness = self.length("thickness", layer.thickness, what)
        metal = self.material(layer.material, what)
        return {"material": metal, "name": layer.name, **thickness, **magnetic(layer)}

    def interface(self, joint: Interface) -> Entries:
        what = "an interface" if joint.name is None else f"interface {joint.name!r}"
        AR, mixing = joint.resistance, joint.mixing
        if self.si:
            found: Entries = {"AR_fOhm_m2": _decimal(AR, ohm_square_metres, 1e15, f"AR* of {what}")}
        else:
            found = {"AR": AR}
        numbers = {**found, "gamma": joint.gamma, "delta": joint.delta}
        given = {key: value for key, value in numbers.items() if value != 0}
        if mixing is not None:
            pair = complex(mixing)
            given["mixing_S_m2" if self.si else "mixing"] = [pair.real, pair.imag]
        return {"#": joint.source, "interface": True, "name": joint.name, **given}

    def material(self, metal: Metal, what: str) -> str:
        """Return the name of a material, which is written if it is not yet."""
        if metal.is_graded:
            raise ValueError(
                f"material of {what} must be uniform to be written, got "
                f"{' and '.join(key for key, x in metal.numbers.items() if callable(x))} as a "
                "function of xi"
            )
        magnetic = isinstance(metal, Ferromagnet)
        numbers = metal.numbers
        key = (magnetic, metal.name, metal.source, *numbers.items())
        if key not in self._names:
            wanted = metal.name or ("F" if magnetic else "N")
            name, n, taken = wanted, 1, {*self._names.values()}
            while name in taken:
                n += 1
                name = f"{wanted}_{n}"
            self._names[key] = name
            entries: Entries = {"#": metal.source, "kind": "ferromagnet" if magnetic else "normal"}
            of = f"material {name!r}"
            entries |= self.conductivity(metal, of) if self.si else {"D": metal.D}
            if "p" in numbers:
                entries["beta" if self.si else "p"] = numbers["p"]
            if "beta_D" in numbers:
                entries["beta_D"] = numbers["beta_D"]
            for length in ("l", "lambda_J", "lambda_phi"):
                if length in numbers:
                    entries |= self.length(length, numbers[length], of)
            if "tau" in numbers:
                entries |= self.time("tau", numbers["tau"], of)
            self.materials[key] = (f"[materials.{_key(name)}]", entries)
        return self._names[key]

    def length(self, key: str, value: Any, what: str) -> Entries:
        if self.si:
            return {f"{key}_nm": _decimal(value, metres, 1e9, f"{key} of {what}")}
        return {key: value}

    def time(self, key: str, value: Any, what: str) -> Entries:
        if self.si:
            return {f"{key}_ps": _decimal(value, seconds, 1e12, f"{key} of {what}")}
        return {key: value}

    def conductivity(self, metal: Metal, what: str) -> Entries:
        """Return what gives D, to the last bit if any of these does: the shortest."""
        numbers: dict[str, Any] = metal.numbers
        D, p = numbers["D"], numbers.get("p", 0.0)
        beta_D = numbers.get("beta_D", p)
        magnetic = isinstance(metal, Ferromagnet)

        def of_resistivity(rho: float) -> float:
            return 1 / rho if rho else math.inf

        def of_conductivity(sigma: float) -> float:
            return float(reduced(sigma, p, beta_D)) if magnetic else sigma

        ways = {
            "rho_star_ohm_m" if magnetic else "resistivity_ohm_m": (of_resistivity, 1 / D),
            "sigma_S_m": (of_conductivity, D / reduced(1.0, p, beta_D)),
        }
        if "beta_D" in numbers:
            del ways["rho_star_ohm_m"]
        found = {key: _nearest(D, convert, guess) for key, (convert, guess) in ways.items()}
        off = {key: abs(ways[key][0](value) - D) for key, value in found.items()}
        best = min(found, key=lambda key: (off[key], len(repr(found[key]))))
        _check_near(off[best], D, f"D (conductivity) of {what}")
        return {best: found[best]}


def magnetic(piece: Layer | Lead) -> Entries:
    """Return the direction of m, as angles where they are as good, and the group."""
    if piece.m is None:
        return {}
    x, y, z = piece.m.tolist()
    polar = round(math.degrees(math.atan2(math.hypot(x, y), z)), 9)
    azimuth = round(math.degrees(math.atan2(y, x)), 9) if x or y else 0.0
    for signed, around in ((polar, azimuth), (-polar, azimuth - 180), (-polar, azimuth + 180)):
        if np.array_equal(unit_vector("m", direction(signed, around)), piece.m):
            angles: Entries = {"polar_deg": signed}
            return {**angles, **({"azimuth_deg": around} if around else {}), "group": piece.group}
    return {"m": _unnormalized(piece.m), "group": piece.group}


def _unnormalized(m: FloatArray) -> list[float]:
    """Return a vector which is m when it is normalized: m itself, in three of four cases."""
    scales = (1 + k / 128 for k in range(1024))
    found = (m * scale for scale in scales)
    same = (v for v in found if np.array_equal(unit_vector("m", v), m))
    vector: list[float] = next(same, m).tolist()
    return vector


def _decimal(value: Any, convert: Callable[[float], float], per: float, what: str) -> float:
    """Return the shortest number that a loader converts to a value, or to the nearest it can."""
    number = float(value)
    if not 0 < number < math.inf:
        return number
    found = _nearest(number, convert, number * per)
    _check_near(abs(convert(found) - number), number, what)
    return found


def _nearest(value: float, convert: Callable[[float], float], guess: float) -> float:
    """Return the shortest number, near a guess, that is converted to a value, or nearest to it."""
    for digits in range(1, 18):
        found = float(f"{guess:.{digits}g}")
        if convert(found) == value:
            return found
    near = [guess]
    for end in (0.0, math.inf):
        step = guess
        for _ in range(4):
            near.append(step := math.nextafter(step, end))
    return min(near, key=lambda x: abs(convert(x) - value))


def _check_near(off: float, value: float, what: str) -> None:
    if not off <= 1e-15 * value:
        raise ValueError(
            f"{what} must be neither too large nor too small for the unit of a stack file, "
            f"got {value:g}"
        )


# --- TOML -------------------------------------------------------------------------------------


def _lines(entries: Entries) -> Iterator[str]:
    for key, value in entries.items():
        if value is None:
            continue
        if key == "#":
            yield f"# {visible(str(value))}"
        else:
            yield f"{key} = {_written(value)}"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return repr(float(value))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(name: str) -> str:
    """Write a name in quotes."""
    if CONTROLS.search(name) or len(name) > LONGEST:
        raise ValueError(
            f"a name in a stack file must have at most {LONGEST} characters and no control "
            f"characters, got {name[:60]!r}"
        )
    return json.dumps(name, ensure_ascii=False)  # its escapes are those of TOML
