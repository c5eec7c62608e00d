"""What may stand in a stack file: units, tables, keys and values.

The models check each table by itself. What they find is put into words here, with the place in
the file; what tables say together is checked where the stack is made, in `spinfem.io.stackfile`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from math import inf, isfinite
from sys import float_info
from typing import Annotated, Any, Literal

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
from ..materials import Ferromagnet, NormalMetal

Units = Literal["SI", "paper"]
Location = tuple[str | int, ...]

TWINS = {"j0_A_m2": "j0", "thickness_nm": "thickness", "l_nm": "l", "beta": "p"}
"""Keys of SI and the paper's keys for the same; `beta` is Valet and Fert's name."""
SI_KEYS = {*TWINS, "resistivity_ohm_m", "sigma_S_m", "rho_star_ohm_m"}
PAPER_KEYS = {*TWINS.values(), "D"}


# --- errors -----------------------------------------------------------------------------------


class PlacedError(ValueError):
    """Something wrong at a place in the file: keys and indices from the top."""

    def __init__(self, text: str, where: Location) -> None:
        super().__init__(text)
        self.where = where


def key_path(where: Location, data: dict[str, Any]) -> str:
    """Write a place as a key path: ``layers[1].thickness_nm (layer 'free')``."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{_quoted(part)}" for part in where)
    name = None
    if where[0] == "layers" and len(where) > 1:
        layer = data["layers"][where[1]]
        name = layer.get("name") if isinstance(layer, dict) else None
    return path[1:] + (f" (layer {name!r})" if isinstance(name, str) else "")


def _quoted(key: str) -> str:
    return key if re.fullmatch(r"[\w-]+", key) else repr(key)


def shown(value: object) -> str:
    """Write a value as in the file, in one short line."""
    if isinstance(value, bool):
        return str(value).lower()
    text = "a table" if isinstance(value, dict) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


# --- units ------------------------------------------------------------------------------------


def find_units(data: dict[str, Any]) -> Units:
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
    raise PlacedError(
        f"SI and the paper's units must not mix in one file, got {names[0]} here "
        f"and {names[1]} in {key_path(usual[0], data)}{hint}",
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


class Table(BaseModel):
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


class MagneticTable(Table):
    """What may have a magnetization."""

    m: Vector | None = None
    polar_deg: Finite | None = None
    azimuth_deg: Finite | None = None


class EndTable(MagneticTable):
    """``[left]`` or ``[right]``."""

    lead: str | None = None
    end: Literal["reservoir", "spin-blocking"] | None = None
    name: Name | None = None


class _Layer(MagneticTable):
    material: str
    name: Name | None = None


class SILayer(_Layer):
    """One of ``[[layers]]`` in SI."""

    thickness_nm: Positive

    def thickness_in_units(self) -> float:
        """Return the thickness in m."""
        return _metres(self.thickness_nm)


class PaperLayer(_Layer):
    """One of ``[[layers]]`` in the paper's units."""

    thickness: Positive

    def thickness_in_units(self) -> float:
        """Return the thickness as it is."""
        return self.thickness


class _SINormal(Table):
    kind: Literal["normal"]
    resistivity_ohm_m: Positive | None = None
    sigma_S_m: Positive | None = None
    l_nm: Length

    def metal(self, name: str) -> NormalMetal:
        key, value = one_of(self, "resistivity_ohm_m", "sigma_S_m")
        sigma = key == "sigma_S_m"
        make = NormalMetal.from_conductivity if sigma else NormalMetal.from_resistivity
        return make(value, l=_metres(self.l_nm), name=name)


class _SIFerromagnet(Table):
    kind: Literal["ferromagnet"]
    rho_star_ohm_m: Positive | None = None
    sigma_S_m: Positive | None = None
    beta: Polarization
    l_nm: Length

    def metal(self, name: str) -> Ferromagnet:
        key, value = one_of(self, "rho_star_ohm_m", "sigma_S_m")
        l = _metres(self.l_nm)
        if key == "sigma_S_m":
            return Ferromagnet.from_conductivity(value, p=self.beta, l=l, name=name)
        return Ferromagnet.from_valet_fert(value, beta=self.beta, l=l, name=name)


class _PaperNormal(Table):
    kind: Literal["normal"]
    D: Positive
    l: Length

    def metal(self, name: str) -> NormalMetal:
        return NormalMetal(D=self.D, l=self.l, name=name)


class _PaperFerromagnet(Table):
    kind: Literal["ferromagnet"]
    D: Positive
    l: Length
    p: Polarization

    def metal(self, name: str) -> Ferromagnet:
        return Ferromagnet(D=self.D, l=self.l, p=self.p, name=name)


class _File(Table):
    title: str | None = None
    left: EndTable | None = None
    right: EndTable | None = None


class SIFile(_File):
    """A whole file in SI."""

    j0_A_m2: Finite = 1.0
    materials: dict[str, Annotated[_SINormal | _SIFerromagnet, Discriminator("kind")]] = {}
    layers: list[SILayer] = []

    @property
    def current(self) -> float:
        """Particle current in the file's unit."""
        return self.j0_A_m2


class PaperFile(_File):
    """A whole file in the paper's units."""

    j0: Finite = 1.0
    materials: dict[str, Annotated[_PaperNormal | _PaperFerromagnet, Discriminator("kind")]] = {}
    layers: list[PaperLayer] = []

    @property
    def current(self) -> float:
        """Particle current in the file's unit."""
        return self.j0


def validated(data: dict[str, Any], units: Units) -> SIFile | PaperFile:
    """Return the tables of a file; PlacedError with the first thing that is wrong in them."""
    model: type[SIFile | PaperFile] = SIFile if units == "SI" else PaperFile
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _problem(error.errors()[0]) from None


def _problem(error: ErrorDetails) -> PlacedError:
    """Put into words what pydantic found."""
    where, given, context = error["loc"], error["input"], error.get("ctx", {})
    if where[:1] == ("materials",) and len(where) > 2:
        where = (*where[:2], *where[3:])  # pydantic puts the kind of the metal in between
    choices = ""
    match error["type"]:
        case "unknown":
            return PlacedError(f"unknown key{context['hint']}", (*where, context["key"]))
        case "union_tag_not_found":
            for key in given:
                if hint := near_match(key, ["kind"]):
                    return PlacedError(f"unknown key{hint}", (*where, key))
            return PlacedError("required key is missing", (*where, "kind"))
        case "missing":
            return PlacedError("required key is missing", where)
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
    return PlacedError(f"must be {requirement}, got {shown(given)}{hint}", where)


REQUIREMENTS = {
    "string_type": "a string",
    "list_type": "an array of tables, [[layers]]",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
"""What pydantic's own types of error ask for."""


def one_of(table: Table, *keys: str) -> tuple[str, Any]:
    """Return the one key that is given, and its value."""
    given = [(key, value) for key in keys if (value := getattr(table, key)) is not None]
    if len(given) != 1:
        got = "both" if given else "none"
        raise ValueError(f"one of {' and '.join(keys)} must be given, got {got}")
    return given[0]
