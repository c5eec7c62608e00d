"""What ``--vary`` says: which key of a stack file takes which values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import numpy as np
from pydantic import BaseModel

from .._checks import FloatArray, nonnegative
from .._names import key_hint
from .._spelling import near_match
from ..constants import MU_0
from ..files.tables import Location
from ..sample.pieces import Layer, Lead, Reservoir, drive_of
from ..sample.stack import Stack
from ..sample.units import once
from .keys import Units
from .magnettables import MAGNET_KEYS
from .schema import AnyFile, InterfaceTable, LayerTable, MagneticTable
from .stackfile import StackFile, read, stack_of

UNITS = {
    "_nm": "nm",
    "_deg": "degree",
    "_ohm_m": "Ohm m",
    "_S_m": "S/m",
    "_fOhm_m2": "fOhm m2",
    "_A_m2": "A/m2",
    "_S_m2": "S/m2",
    "_A_m": "A/m",
    "_mT": "mT",
    "_T": "T",
    "_J_m3": "J/m3",
    "_ps": "ps",
    "_Hz": "Hz",
}
"""Units by the end of a key; keys without one are in the paper's units."""
DRIVE_UNITS = {"_V": "V", "_A_m2": "A/m2"}
"""The same of what is given at an end."""
WORDS = {
    "polar": "polar angle",
    "azimuth": "azimuth",
    "l": "spin diffusion length",
    "AR": "AR*",
    "sigma": "conductivity",
    "rho_star": "rho*",
    "lambda_J": "precession length",
    "lambda_phi": "dephasing length",
    "tau": "spin relaxation time",
    "p": "polarization",
    "beta_D": "diffusion polarization",
    "mixing": "real part of the mixing conductance",
    "scale": "scale of the mesh",
    "j0": "particle current",
    "current_density": "current density",
    "frequency": "frequency",
    "Ms": "saturation magnetization",
    "mu0_Ms": "mu_0 M_s",
    "alpha": "damping",
    "K": "anisotropy",
    **{f"field_{x}": f"{x} of the applied field" for x in "xyz"},
    **{f"flux_density_{x}": f"{x} of the applied flux density" for x in "xyz"},
}
"""What keys mean, without their units, where they do not say so themselves."""
CURRENTS = {"j0_A_m2": 1.0, "current_density_A_m2": -1.0, "j0": 1.0}
"""Keys of the current, and the particle current for 1 of them."""
FREQUENCIES: dict[Units, str] = {"SI": "frequency_Hz", "paper": "frequency"}
"""Name of the frequency, by the units of the file; it is no key in there."""
FIELDS = {
    f"{key}_{axis}_{unit}": (i, size)
    for key, unit, size in (("field", "A_m", 1.0), ("flux_density", "mT", 1e-3 / MU_0))
    for i, axis in enumerate("xyz")
}
"""Names of a component of the applied field: its number, and A/m for 1 of them."""
MOST = 10**7
"""Values along one axis."""


@dataclass(frozen=True)
class Variation:
    """One ``--vary``.

    Attributes
    ----------
    name : str
        ``LAYER.KEY`` as given, the key of the current, or the name of the frequency.
    where : tuple of tuple
        Where the key stands in the file, cells being in the place of where they stand: once, or in
        every layer of a group or copy of a layer.
    values : array, shape (n,)
        Its values, in the unit of the key.
    log : bool
        Whether they are evenly spaced in the logarithm.
    """

    name: str
    where: tuple[Location, ...]
    values: FloatArray
    log: bool

    @property
    def currents(self) -> FloatArray | None:
        """Particle currents, in the file's unit; None if something else varies."""
        sign = CURRENTS.get(self.name)
        return None if sign is None else sign * self.values

    @property
    def frequencies(self) -> FloatArray | None:
        """Frequencies, Hz or per unit of tau; None if something else varies."""
        return self.values if self.name in FREQUENCIES.values() else None

    @property
    def field(self) -> tuple[int, FloatArray] | None:
        """Component of the applied field, and its values, A/m; None if something else varies."""
        if self.name not in FIELDS:
            return None
        component, size = FIELDS[self.name]
        return component, size * self.values

    @property
    def attributes(self) -> dict[str, str]:
        """Attributes of the axis in the dataset."""
        name, _, key = self.name.rpartition(".")
        found = {"spacing": "log" if self.log else "linear"}
        if key in COMPONENTS:  # of what is given at an end
            name, _, whole = name.rpartition(".")
            for end, unit in DRIVE_UNITS.items():
                if whole.endswith(end):
                    found["units"], whole = unit, whole.removesuffix(end)
            return {"long_name": f"{key} of the {whole.replace('_', ' ')} of {name}"} | found
        word, unit = meaning(key)
        if unit:
            found["units"] = unit
        return {"long_name": word + (f" of {name}" if name else "")} | found


def meaning(key: str) -> tuple[str, str]:
    """Return what a numeric key means, in words, and its unit; none of one without a unit."""
    for end, unit in UNITS.items():
        if key.endswith(end):
            key = key.removesuffix(end)
            return WORDS.get(key, key), unit
    return WORDS.get(key, key), ""


def parse(text: str, file: StackFile, *, moving: bool = False) -> Variation:
    """Read ``LAYER.KEY=START:STOP:N`` or ``...:log``, and try it in the stack file.

    What a key requires is an interval, so that all values are right if the first and the last are.
    What a stack requires, say of an interface, may be broken between them: some are tried together.

    Parameters
    ----------
    text : str
        What was given after ``--vary``.
    file : StackFile
        The stack file; LAYER is the name of a layer, a group, an interface, a lead or a material in
        it, "left" or "right". One that has KEY is meant. The name of a layer of a cell is that of
        all its copies. Without LAYER, KEY is that of the current, or the frequency.
    moving : bool
        Whether keys of magnets may vary too, and components of the applied field, but no frequency.

    Raises
    ------
    ValueError
        If the text is not of this form, nothing has that name and key, or a value is not allowed.
    """
    name, equals, given = text.rpartition("=")
    currents = [key for key in CURRENTS if key in type(file.tables).model_fields]
    frequency = FREQUENCIES[file.units]
    alone = [*currents, *(FIELDS if moving else [frequency])]
    if not equals or (name not in alone and "." not in name.strip(".")):
        ways = ["LAYER.KEY=START:STOP:N", f"{currents[0]}=..."]
        ways.append("field_z_A_m=..." if moving else f"{frequency}=...")
        raise ValueError(
            f"--vary must be {', '.join(ways[:-1])} or {ways[-1]}, got {text!r}"
            f"{key_hint(name, alone) if equals and moving else ''}"
        )
    try:
        where = ((name,),) if name in alone else find_key(name, file, moving=moving)
        values, log = _range(given)
        if name == frequency:
            nonnegative("frequency", float(values.min()))
        if name not in alone:
            check_values(name, where, values, file)
    except ValueError as error:
        raise ValueError(f"--vary {name}: {error}") from None
    return Variation(name, where, values, log)


def check_size(variations: Sequence[Variation], file: StackFile, room: int) -> None:
    """Check that there is room for the results of a sweep, in a store and in the file.

    Parameters
    ----------
    variations : sequence of Variation
        What varies.
    file : StackFile
        The stack.
    room : int
        Bytes.

    Raises
    ------
    ValueError
        If they take more.
    """
    points = math.prod(variation.values.size for variation in variations)
    magnets = sum(getattr(element, "m", None) is not None for element in file.stack.elements)
    # two vectors of each, what is between two, and of them all
    per_point = 64 * max(magnets, 1) + 8
    if any(variation.frequencies is not None for variation in variations):
        per_point *= 2  # modulus and phase
    if 2 * points * per_point > room:
        raise ValueError(
            f"--vary: results must fit on the disk twice, got {points} points of {per_point} bytes "
            f"where {room >> 20} MiB are free: vary less at a time"
        )


def check_values(
    name: str, where: tuple[Location, ...], values: FloatArray, file: StackFile
) -> None:
    """Check values of a key: the ends as the file would be read with them, and some between.

    Raises
    ------
    ValueError
        If one is not allowed.
    """
    ends = {float(values.min()), float(values.max())}
    some = np.linspace(0, values.size - 1, min(values.size, 65)).astype(int)
    with once():
        for end in sorted(ends):
            read(file.path, dict.fromkeys(where, end))
    FileBuilder(file.tables, {name: where})(**{name: values[some]})


def _range(given: str) -> tuple[FloatArray, bool]:
    def refusal(requirement: str, got: str = given) -> ValueError:
        return ValueError(f"{requirement}, got {got!r}")

    parts = given.split(":")
    log = len(parts) == 4 and parts[3] == "log"
    if not log and len(parts) != 3:
        raise refusal("range must be START:STOP:N or START:STOP:N:log")
    try:
        start, stop = float(parts[0]), float(parts[1])
    except ValueError:
        raise refusal("START and STOP must be numbers") from None
    if not (np.isfinite([start, stop]).all() and start != stop):
        raise refusal("START and STOP must be finite and different")
    if not (parts[2].isdecimal() and len(parts[2]) < 12 and 2 <= int(parts[2]) <= MOST):
        raise refusal("N must be a whole number from 2 to 1e7", parts[2])
    if log and not (start > 0 and stop > 0):
        raise refusal("START and STOP must be positive for log spacing")
    spaced = np.geomspace if log else np.linspace
    return spaced(start, stop, int(parts[2])), log


def find_key(name: str, file: StackFile, *, moving: bool = False) -> tuple[Location, ...]:
    """Return where a key, ``LAYER.KEY``, stands in a stack file.

    Where a layer and a material share a name, that which has the key is meant. Keys of magnets are
    found if `moving`.

    Raises
    ------
    ValueError
        If nothing has that name, or it has no such number.
    """
    place, key = _find(name, file, moving)
    return tuple((*where, *place.within(key)) for where in place.where)


def limits_of(name: str, file: StackFile) -> tuple[float, float]:
    """Return the ends of what a key may be, by its schema; errors as of `find_key`."""
    place, key = _find(name, file)
    schema = type(place.table).model_json_schema()["properties"].get(key, {})
    known = {name: x for part in (schema, *schema.get("anyOf", ())) for name, x in part.items()}
    low = known.get("minimum", known.get("exclusiveMinimum", -math.inf))
    high = known.get("maximum", known.get("exclusiveMaximum", math.inf))
    return float(low), float(high)


def _find(name: str, file: StackFile, moving: bool = False) -> tuple[_Place, str]:
    owner, _, key = name.rpartition(".")
    places = _places(file, moving)
    if owner not in {place.name for place in places}:
        known = list(dict.fromkeys(place.name for place in places))
        raise ValueError(
            f"name must be that of a layer, a group, an interface, a material or "
            f"a lead ({', '.join(known)}), got {owner!r}{near_match(owner, known)}"
        )
    own = [place for place in places if place.name == owner]
    for place in own:
        if key in place.keys:
            return place, key
    keys = [key for place in own for key in place.possible_keys()]
    raise ValueError(
        f"key must be a numeric one of {owner!r} ({', '.join(keys) or 'none'}), "
        f"got {key!r}{key_hint(key, keys) or _hint(key, own, file)}"
    )


def _hint(key: str, own: list[_Place], file: StackFile) -> str:
    """Point to the material if it has the key or one that means the same, or to a part of it."""
    for place in own:
        if place.magnetic and isinstance(place.table, InterfaceTable):
            name = place.table.mixing_key
            if key_hint(key, [name]):
                return f"; the real part of {name} may vary where the file has {name} = [G_r, G_i]"
        metal = getattr(place.table, "material", None) or getattr(place.table, "lead", None)
        keys = _numeric_keys(file.tables.materials[metal]) if metal else []
        if hint := key_hint(key, keys, f"{metal}."):
            return hint
    return ""


@dataclass(frozen=True)
class _Place:
    """A table whose numbers may vary; `magnetic` tells whether a ferromagnet is there.

    A group has the tables of all its layers, and a layer of a cell those of its copies, of which
    one is kept. Numbers of a magnet that moves are among them if `moving`.
    """

    name: str
    where: tuple[Location, ...]
    table: BaseModel
    magnetic: bool
    is_group: bool = False
    moving: bool = False

    def within(self, key: str) -> Location:
        """Return where a key stands in the table."""
        return (key, 0) if key in self.pairs else (key,)

    @property
    def keys(self) -> list[str]:
        """The keys that may have numbers; of a group those of its m, and of a magnet."""
        keys = [*_numeric_keys(self.table), *self.pairs]
        if not self.moving:
            keys = [key for key in keys if key not in MAGNET_KEYS]
        together = ANGLES | {*MAGNET_KEYS}
        return [key for key in keys if key in together] if self.is_group else keys

    @property
    def pairs(self) -> list[str]:
        """The key of a complex number, [Re, Im], if it is given: its real part may vary."""
        key = self.table.mixing_key if isinstance(self.table, InterfaceTable) else ""
        return [key] if getattr(self.table, key, None) is not None else []

    def possible_keys(self) -> list[str]:
        """Return the keys that could be given with all others left as they are."""
        table, never = self.table, set()
        if isinstance(table, MagneticTable) and (
            not self.magnetic or table.m is not None or (table.group and not self.is_group)
        ):
            never |= ANGLES
        if not self.magnetic:
            never |= {*MAGNET_KEYS}
        if isinstance(table, InterfaceTable) and not self.magnetic:
            never.add("gamma")
        for pair in EITHER:
            if any(getattr(table, key, None) is not None for key in pair):
                never |= {key for key in pair if getattr(table, key, None) is None}
        return [key for key in self.keys if key not in never]


class _Vector(_Place):
    """What is given at an end, whose components may vary."""

    @property
    def keys(self) -> list[str]:
        """The components."""
        return [*COMPONENTS]

    def within(self, key: str) -> Location:
        """Return where a component stands in the vector."""
        return (COMPONENTS.index(key),)


COMPONENTS = "xyz"
ANGLES = {"polar_deg", "azimuth_deg"}
EITHER = (
    ("resistivity_ohm_m", "sigma_S_m"),
    ("rho_star_ohm_m", "sigma_S_m"),
    ("rho_star_ohm_m", "beta_D"),
    ("Ms_A_m", "mu0_Ms_T"),
)
"""Keys that are not given together."""


def _places(file: StackFile, moving: bool = False) -> list[_Place]:
    """Return all that may vary: layers and named interfaces, leads, groups, materials."""
    tables, stack, face = file.tables, file.stack, 0
    layers: dict[int, _Place] = {}
    for i, table in enumerate(tables.layers):
        where = (("layers", i),)
        if isinstance(table, LayerTable):
            layer, face = stack.layers[face], face + 1
            magnetic = layer.is_ferromagnet
            layers[i] = _Place(str(layer.name), where, table, magnetic, moving=moving)
        elif isinstance(table, InterfaceTable) and table.name is not None:
            beside = stack.elements[face : face + 2]
            magnetic = any(isinstance(e, Layer | Lead) and e.is_ferromagnet for e in beside)
            layers[i] = _Place(table.name, where, table, magnetic)
    found = [*layers.values()]
    for side, end in (("left", stack.left), ("right", stack.right)):
        if isinstance(end, Lead):
            table, names = getattr(tables, side), filter(None, (end.name, side))
            found += [_Place(name, ((side,),), table, end.is_ferromagnet) for name in names]
        elif drive_of(end) is not None:
            table = getattr(tables, side)
            key = table.drive_keys[0 if isinstance(end, Reservoir) else 1]
            found.append(_Vector(f"{side}.{key}", ((side, key),), table, False))
    groups: dict[str, dict[tuple[Location, ...], _Place]] = {}
    for place in found:
        if isinstance(place.table, MagneticTable) and place.table.group:
            groups.setdefault(place.table.group, {})[place.where] = place
    for key, is_group in (("name", False), ("group", True)):
        for name, indices in file.copies[key].items():
            found.append(_together(name, [layers[i] for i in indices], is_group))
    for name, members in groups.items():
        found.append(_together(name, members.values(), True))
    metals = (_Place(n, (("materials", n),), t, True) for n, t in tables.materials.items())
    return [*found, *metals]


def _together(name: str, places: Iterable[_Place], is_group: bool) -> _Place:
    """Return what varies in several places at once: a group, or all copies of a layer."""
    first, *others = places
    every = first.where + tuple(where for place in others for where in place.where)
    return _Place(name, every, first.table, first.magnetic, is_group, first.moving)


def _numeric_keys(table: BaseModel) -> list[str]:
    fields = type(table).model_fields
    keys = [key for key, field in fields.items() if _is_number(field.annotation)]
    return [key for key in keys if key != "temperature_K"]  # it says which numbers are meant


def _is_number(annotation: Any) -> bool:
    if get_origin(annotation) in (Annotated, Union, UnionType):
        return any(_is_number(part) for part in get_args(annotation))
    return annotation is float


@dataclass(frozen=True)
class FileBuilder:
    """Makes the stack of a file with arrays in place of the keys that vary; it can be pickled."""

    tables: AnyFile
    places: dict[str, tuple[Location, ...]]

    def __call__(self, **values: FloatArray) -> Stack:
        """Return the stack for values of ``LAYER.KEY``, in the unit of the key."""
        return stack_of(self.changed(**values))

    def changed(self, **values: FloatArray) -> AnyFile:
        """Return the tables with values of ``LAYER.KEY``, in the unit of the key."""
        changes = {where: value for name, value in values.items() for where in self.places[name]}
        tables: AnyFile = _changed(self.tables, changes)
        return tables


def _changed(node: Any, changes: Mapping[Location, Any]) -> Any:
    """Return a copy of nested tables in which some values are others."""
    if () in changes:
        return changes[()]
    inner: dict[str | int, dict[Location, Any]] = {}
    for (first, *rest), value in changes.items():
        inner.setdefault(first, {})[tuple(rest)] = value
    if isinstance(node, BaseModel):
        new = {str(key): _changed(getattr(node, str(key)), some) for key, some in inner.items()}
        return node.model_copy(update=new)
    copy = node.copy()
    for key, some in inner.items():
        copy[key] = _changed(node[key], some)
    return copy
