"""Stack files: a sample and its current in TOML.

Numbers carry their unit in the key (`thickness_nm`); keys without a unit are the paper's
(`thickness`, `D`, `l`, `p`, `j0`). One file uses one kind. A file is checked in three steps: its
units; its tables, each by itself (the models below); what they say together (`_stack`). An error
is one line: file, key, what is required and what was given.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf, isfinite
from os import PathLike
from pathlib import Path
from sys import float_info
from typing import Annotated, Any, Literal

from numpy.typing import ArrayLike
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from .._checks import near_match
from ..materials import Ferromagnet, Metal, NormalMetal
from ..stack import End, Layer, Lead, Reservoir, SpinBlocking, Stack, direction
from .files import explained

Units = Literal["SI", "paper"]
Location = tuple[str | int, ...]

TWINS = {"j0_A_m2": "j0", "thickness_nm": "thickness", "l_nm": "l", "beta": "p"}
"""Keys of SI and the paper's keys for the same; `beta` is Valet and Fert's name."""
SI_KEYS = {*TWINS, "resistivity_ohm_m", "sigma_S_m", "rho_star_ohm_m"}
PAPER_KEYS = {*TWINS.values(), "D"}


class StackFileError(ValueError):
    """What is wrong with a stack file, in one line."""


@dataclass(frozen=True)
class StackFile:
    """What a stack file says.

    Attributes
    ----------
    stack : Stack
        The sample; in m and S/m if the units are SI.
    j0 : float
        Particle current, A/m2, positive when electrons flow towards +x; 1 if not given.
    title : str or None
        The title, if there is one.
    units : "SI" or "paper"
        Units of all numbers.
    path : Path
        Where it was read.
    """

    stack: Stack
    j0: float
    title: str | None
    units: Units
    path: Path


def load(path: str | PathLike[str]) -> tuple[Stack, float]:
    """Read a stack and its current from a TOML file.

    As in ``stack, j0 = spinfem.load("valve.toml")``.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    stack : Stack
        The sample; in m and S/m, or in the paper's units if the file uses them.
    j0 : float
        Particle current, A/m2, positive when electrons flow towards +x; 1 if not given.

    Raises
    ------
    ValueError
        If the file is not a valid stack file. The message is one line and names the file and the
        key, what is required and what was given.
    OSError
        If the file cannot be read.
    """
    file = read(path)
    return file.stack, file.j0


def read(path: str | PathLike[str]) -> StackFile:
    """Read a stack file with all that it says; parameters and errors as in `load`."""
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise explained("cannot be read", path, error) from None
    try:
        data = _parsed(content)
        try:
            units = _units(data)
            file = _validated(data, units)
            return StackFile(_stack(file), file.current, file.title, units, path)
        except _PlacedError as problem:
            raise ValueError(f"{_key(problem.where, data)}: {problem}") from None
    except ValueError as error:
        raise StackFileError(f"{path}: {error}") from None
    except RecursionError:
        raise StackFileError(f"{path}: tables and arrays are nested too deeply") from None


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))  # some editors put a mark in front
    except UnicodeDecodeError as error:
        raise ValueError(
            f"must be a text file in UTF-8, got byte 0x{content[error.start]:02x} "
            f"at position {error.start}"
        ) from None
    except ValueError as error:  # TOMLDecodeError, and that of int() for thousands of digits
        raise ValueError(f"must be valid TOML: {error}") from None


# --- errors -----------------------------------------------------------------------------------


class _PlacedError(ValueError):
    """Something wrong at a place in the file: keys and indices from the top."""

    def __init__(self, text: str, where: Location) -> None:
        super().__init__(text)
        self.where = where


def _key(where: Location, data: dict[str, Any]) -> str:
    """Write a place as a key path: ``layers[1].thickness_nm (layer 'free')``."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{_quoted(part)}" for part in where)
    name = None
    if where[0] == "layers" and len(where) > 1:
        layer = data["layers"][where[1]]
        name = layer.get("name") if isinstance(layer, dict) else None
    return path[1:] + (f" (layer {name!r})" if isinstance(name, str) else "")


def _quoted(key: str) -> str:
    return key if re.fullmatch(r"[\w-]+", key) else repr(key)


def _shown(value: object) -> str:
    """Write a value as in the file, in one short line."""
    if isinstance(value, bool):
        return str(value).lower()
    text = "a table" if isinstance(value, dict) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@contextmanager
def _at(*where: str | int) -> Iterator[None]:
    """Say of errors raised by the constructors where in the file they come from."""
    try:
        yield
    except _PlacedError:
        raise
    except ValueError as error:
        raise _PlacedError(str(error), where) from None


# --- units ------------------------------------------------------------------------------------


def _units(data: dict[str, Any]) -> Units:
    """Tell SI from the paper's units; error if the file mixes them."""
    found = list(_numbers(data, ()))
    si = [where for where in found if where[-1] in SI_KEYS]
    paper = [where for where in found if where[-1] in PAPER_KEYS]
    if not (si and paper):
        return "paper" if paper else "SI"
    odd, usual = (si, paper) if len(si) < len(paper) else (paper, si)
    names = ("SI", "the paper's") if odd is si else ("the paper's", "SI")
    twins = TWINS if odd is si else {theirs: ours for ours, theirs in TWINS.items()}
    twin = twins.get(str(odd[0][-1]))
    hint = f"; did you mean {twin!r}?" if twin else ""
    raise _PlacedError(
        f"SI and the paper's units must not mix in one file, got {names[0]} here "
        f"and {names[1]} in {_key(usual[0], data)}{hint}",
        odd[0],
    )


def _numbers(node: object, where: Location) -> Iterator[Location]:
    """Yield where values stand; a table called `D` is a material and not a number."""
    if isinstance(node, dict):
        for key, item in node.items():
            yield from _numbers(item, (*where, key))
    elif isinstance(node, list):
        for i, item in enumerate(node):
            yield from _numbers(item, (*where, i))
    else:
        yield where


# --- values -----------------------------------------------------------------------------------


def _must_be(requirement: str) -> PydanticCustomError:
    return PydanticCustomError("must_be", "{requirement}", {"requirement": requirement})


def _number(requirement: str, valid: Callable[[float], bool]) -> BeforeValidator:
    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _must_be("a number")
        try:
            number = float(value)
        except OverflowError:  # integers in TOML have no bound
            raise _must_be("a number that fits in double precision") from None
        if not valid(number):
            raise _must_be(requirement)
        return number

    return BeforeValidator(check)


def _vector(value: object) -> object:
    good = (
        isinstance(value, list)
        and len(value) == 3
        and all(type(x) in (int, float) and abs(x) <= float_info.max for x in value)
        and any(value)
    )
    if not good:
        raise _must_be("three finite numbers, not all zero")
    return value


def _name(value: object) -> object:
    if not isinstance(value, str) or not value.strip():
        raise _must_be("a nonempty string")
    return value


Finite = Annotated[float, _number("finite", isfinite)]
Positive = Annotated[float, _number("positive and finite", lambda x: 0 < x < inf)]
Length = Annotated[float, _number("positive (inf is allowed)", lambda x: x > 0)]
Polarization = Annotated[float, _number("between -1 and 1, both excluded", lambda x: abs(x) < 1)]
Vector = Annotated[list[float], BeforeValidator(_vector)]
Name = Annotated[str, BeforeValidator(_name)]


def _metres(nanometres: float) -> float:
    """Divide by 1e9, which a double holds exactly and 1e-9 not: 8 nm is 8e-9 m to the last bit."""
    return nanometres / 1e9


# --- tables -----------------------------------------------------------------------------------


class _Table(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _know_keys(cls, data: object) -> object:
        """Refuse an unknown key before a missing one is noticed: it may be that one, misspelt."""
        known = list(cls.model_fields)
        for key in data if isinstance(data, dict) else ():
            if key not in known:
                hint = near_match(key, known) or f"; must be one of {', '.join(known)}"
                raise PydanticCustomError("unknown", "{hint}", {"hint": hint, "key": key})
        return data


class _Magnetic(_Table):
    m: Vector | None = None
    polar_deg: Finite | None = None
    azimuth_deg: Finite | None = None


class _End(_Magnetic):
    lead: str | None = None
    end: Literal["reservoir", "spin-blocking"] | None = None
    name: Name | None = None


class _Layer(_Magnetic):
    material: str
    name: Name | None = None


class _SILayer(_Layer):
    thickness_nm: Positive

    def thickness_in_units(self) -> float:
        return _metres(self.thickness_nm)


class _PaperLayer(_Layer):
    thickness: Positive

    def thickness_in_units(self) -> float:
        return self.thickness


class _SINormal(_Table):
    kind: Literal["normal"]
    resistivity_ohm_m: Positive | None = None
    sigma_S_m: Positive | None = None  # noqa: N815
    l_nm: Length

    def metal(self, name: str) -> NormalMetal:
        key, value = _one_of(self, "resistivity_ohm_m", "sigma_S_m")
        sigma = key == "sigma_S_m"
        make = NormalMetal.from_conductivity if sigma else NormalMetal.from_resistivity
        return make(value, l=_metres(self.l_nm), name=name)


class _SIFerromagnet(_Table):
    kind: Literal["ferromagnet"]
    rho_star_ohm_m: Positive | None = None
    sigma_S_m: Positive | None = None  # noqa: N815
    beta: Polarization
    l_nm: Length

    def metal(self, name: str) -> Ferromagnet:
        key, value = _one_of(self, "rho_star_ohm_m", "sigma_S_m")
        l = _metres(self.l_nm)
        if key == "sigma_S_m":
            return Ferromagnet.from_conductivity(value, p=self.beta, l=l, name=name)
        return Ferromagnet.from_valet_fert(value, beta=self.beta, l=l, name=name)


class _PaperNormal(_Table):
    kind: Literal["normal"]
    D: Positive
    l: Length

    def metal(self, name: str) -> NormalMetal:
        return NormalMetal(D=self.D, l=self.l, name=name)


class _PaperFerromagnet(_Table):
    kind: Literal["ferromagnet"]
    D: Positive
    l: Length
    p: Polarization

    def metal(self, name: str) -> Ferromagnet:
        return Ferromagnet(D=self.D, l=self.l, p=self.p, name=name)


class _File(_Table):
    title: str | None = None
    left: _End | None = None
    right: _End | None = None


class _SIFile(_File):
    j0_A_m2: Finite = 1.0  # noqa: N815
    materials: dict[str, Annotated[_SINormal | _SIFerromagnet, Discriminator("kind")]] = {}
    layers: list[_SILayer] = []

    @property
    def current(self) -> float:
        return self.j0_A_m2


class _PaperFile(_File):
    j0: Finite = 1.0
    materials: dict[str, Annotated[_PaperNormal | _PaperFerromagnet, Discriminator("kind")]] = {}
    layers: list[_PaperLayer] = []

    @property
    def current(self) -> float:
        return self.j0


def _validated(data: dict[str, Any], units: Units) -> _SIFile | _PaperFile:
    model: type[_SIFile | _PaperFile] = _SIFile if units == "SI" else _PaperFile
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _problem(error.errors()[0]) from None


def _problem(error: ErrorDetails) -> _PlacedError:
    """Put into words what pydantic found."""
    where, given, context = error["loc"], error["input"], error.get("ctx", {})
    if where[:1] == ("materials",) and len(where) > 2:
        where = (*where[:2], *where[3:])  # pydantic puts the kind of the metal in between
    choices = ""
    match error["type"]:
        case "unknown":
            return _PlacedError(f"unknown key{context['hint']}", (*where, context["key"]))
        case "union_tag_not_found":
            for key in given:
                if hint := near_match(key, ["kind"]):
                    return _PlacedError(f"unknown key{hint}", (*where, key))
            return _PlacedError("required key is missing", (*where, "kind"))
        case "missing":
            return _PlacedError("required key is missing", where)
        case "must_be":
            requirement = context["requirement"]
        case "literal_error":
            requirement = choices = context["expected"]
        case "union_tag_invalid":
            requirement = choices = context["expected_tags"].replace(", ", " or ")
            where, given = (*where, "kind"), given["kind"]
        case other:
            requirement = REQUIREMENTS[other]
    hint = near_match(str(given), re.findall("'(.+?)'", choices))
    return _PlacedError(f"must be {requirement}, got {_shown(given)}{hint}", where)


REQUIREMENTS = {
    "string_type": "a string",
    "list_type": "an array of tables, [[layers]]",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
"""What pydantic's own types of error ask for."""


# --- the sample -------------------------------------------------------------------------------


def _stack(file: _SIFile | _PaperFile) -> Stack:
    metals: dict[str, Metal] = {}
    for name, table in file.materials.items():
        with _at("materials", name):
            metals[name] = table.metal(name)
    if not file.layers:
        raise _PlacedError("at least one layer must be given, got none", ("layers",))
    left, right = _end("left", file.left, metals), _end("right", file.right, metals)
    tables: list[_SILayer | _PaperLayer] = [*file.layers]
    layers = [_layer(i, table, metals) for i, table in enumerate(tables)]
    with _at("layers"):
        return Stack([left, *layers, right])


def _layer(index: int, table: _SILayer | _PaperLayer, metals: dict[str, Metal]) -> Layer:
    where = ("layers", index)
    metal = _metal(table.material, metals, (*where, "material"))
    m = _direction(table, metal, where)
    with _at(*where):
        return metal(table.thickness_in_units(), m=m, name=table.name)


def _end(side: str, table: _End | None, metals: dict[str, Metal]) -> End:
    if table is None:
        return Reservoir()
    with _at(side):
        key, value = _one_of(table, "lead", "end")
    if key == "end":
        _left_out(table, ("name", *DIRECTION), "without a lead", (side,))
        return Reservoir() if value == "reservoir" else SpinBlocking()
    metal = _metal(value, metals, (side, "lead"))
    m = _direction(table, metal, (side,))
    with _at(side):
        return Lead(metal, m=m, name=table.name)


def _metal(name: str, metals: dict[str, Metal], where: Location) -> Metal:
    if name not in metals:
        known = ", ".join(metals) or "none in this file"
        hint = near_match(name, metals)
        raise _PlacedError(
            f"must be one of the materials ({known}), got {_shown(name)}{hint}", where
        )
    return metals[name]


DIRECTION = ("m", "polar_deg", "azimuth_deg")


def _direction(table: _Magnetic, metal: Metal, where: Location) -> ArrayLike | None:
    """Return m of a ferromagnet, and None for a normal metal."""
    if isinstance(metal, NormalMetal):
        _left_out(table, DIRECTION, "in a normal metal", where)
        return None
    if table.polar_deg is None:
        _left_out(table, ("azimuth_deg",), "without polar_deg", where)
    with _at(*where):
        key, value = _one_of(table, "m", "polar_deg")
    return value if key == "m" else direction(value, table.azimuth_deg or 0.0)


def _one_of(table: _Table, *keys: str) -> tuple[str, Any]:
    """Return the one key that is given, and its value."""
    given = [(key, value) for key in keys if (value := getattr(table, key)) is not None]
    if len(given) != 1:
        got = "both" if given else "none"
        raise ValueError(f"one of {' and '.join(keys)} must be given, got {got}")
    return given[0]


def _left_out(table: _Table, keys: tuple[str, ...], circumstance: str, where: Location) -> None:
    for key in keys:
        if (value := getattr(table, key)) is not None:
            text = f"must be left out {circumstance}, got {_shown(value)}"
            raise _PlacedError(text, (*where, key))
