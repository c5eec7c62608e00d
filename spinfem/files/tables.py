"""What all TOML files have in common: reading, kinds of values, errors with their place.

An error is one line: file, key, what is required and what was given.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from math import inf, isfinite
from pathlib import Path
from sys import float_info
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from .._checks import CONTROLS, is_seen, one_line
from .._names import key_hint, kind_hint
from .disk import content_of

Location = tuple[str | int, ...]
Made = TypeVar("Made")
Model = TypeVar("Model", bound=BaseModel)

LARGEST = 16 << 20
"""Bytes of a file; a stack of 100,000 layers has 6 MB."""
MOST_TABLES = 120_000
"""Tables of a file, layers among them, of which so many take 1 GB when they are solved."""
DEEPEST = 32
"""Parts of a key with dots."""
LONGEST = 1000
"""Characters of a key, of a number, of a name or title."""
MOST_SAID = 5
"""Errors of which a message speaks."""


# --- files ------------------------------------------------------------------------------------


class FileError(ValueError):
    """What is wrong with a file, in one line."""

    def __init__(self, path: Path, text: str, errors: Sequence[str] = ()) -> None:
        super().__init__(f"{path}: {one_line(text)}")
        self.lines = [f"{path}: {one_line(error)}" for error in errors or [text]]
        """All that is wrong, each in one line."""


def made_of(path: Path, make: Callable[[dict[str, Any]], Made]) -> Made:
    """Read a TOML file and return what `make` makes of its tables.

    Parameters
    ----------
    path : Path
        The file.
    make : callable
        Gets the file's tables; a PlacedError of it is put into words.

    Raises
    ------
    FileError
        If the file is not TOML, or `make` refuses what it says.
    OSError
        If the file cannot be read.
    """
    try:
        data = _parsed(content_of(path, LARGEST))
        try:
            return make(data)
        except PlacedError as problem:
            each = [one.in_words(data) for one in problem.all]
            raise FileError(path, problem.in_words(data), each) from None
    except FileError:
        raise
    except ValueError as error:
        raise FileError(path, str(error)) from None
    except RecursionError:
        raise FileError(path, "tables and arrays are nested too deeply") from None


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        text = content.decode("utf-8-sig")  # some editors put a mark in front
    except UnicodeDecodeError as error:
        raise ValueError(
            f"must be a text file in UTF-8, got byte 0x{content[error.start]:02x} "
            f"at position {error.start}"
        ) from None
    _check_size(text)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"must be valid TOML: {error}{_path_hint(text, str(error))}") from None


# whatever they hold, each is taken at once: nothing is looked at twice
_STRINGS = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|\Z)|"(?:[^"\\\n]|\\.)*+"?'
    r"|'''(?:[^']|'(?!''))*+(?:'''|\Z)|'[^'\n]*+'?|#[^\n]*+",
    re.DOTALL,
)
_TABLE = re.compile(r"^[ \t]*+\[|\{", re.MULTILINE)
_WORD = re.compile(rf"(?<![\w+.-])[\w+.-]{{{LONGEST + 1},}}+")
_KEY = re.compile(rf'(?<![\w".-])(?:[\w-]++|"")(?:[ \t]*+\.[ \t]*+(?:[\w-]++|"")){{{DEEPEST},}}+')


def _check_size(text: str) -> None:
    """Refuse tables, keys and numbers that would take minutes and gigabytes."""
    bare = _STRINGS.sub('""', text)
    if key := _KEY.search(bare):
        parts = key[0].count(".") + 1
        raise ValueError(
            f"a key must have at most {DEEPEST} parts with dots between, got one of {parts}"
        )
    tables = sum(1 for _ in _TABLE.finditer(bare))
    if tables > MOST_TABLES:
        raise ValueError(f"a file must have at most {MOST_TABLES} tables, got {tables}")
    if word := _WORD.search(bare):
        raise ValueError(
            f"a key or number must have at most {LONGEST} characters, got one of {len(word[0])}: "
            f"{word[0][:20]}..."
        )


def _path_hint(text: str, error: str) -> str:
    """Say what to do about a path with backslashes in double quotes, where they are escapes."""
    place = re.search(r"at line (\d+)", error)
    line = text.split("\n")[int(place[1]) - 1] if place else ""
    given = re.search(r'"([^"\\]*\\[^"]*)"', line)
    if given is None:
        return ""
    return (
        "; in double quotes a backslash begins an escape: put paths in single quotes, "
        f"'{given[1][:LONGEST]}'"
    )


# --- errors -----------------------------------------------------------------------------------


class PlacedError(ValueError):
    """Something wrong at a place in the file: keys and indices from the top."""

    def __init__(self, text: str, where: Location) -> None:
        super().__init__(text)
        self.where = where

    @property
    def all(self) -> Sequence[PlacedError]:
        """The errors that this one stands for."""
        return [self]

    def in_words(self, data: dict[str, Any]) -> str:
        """Return the message, with the place in the file of these tables in front."""
        return f"{key_path(self.where, data)}: {self}"


class CollectedError(PlacedError):
    """Several of them, of which the first ones are said in one line."""

    def __init__(self, problems: Sequence[PlacedError]) -> None:
        super().__init__(str(problems[0]), problems[0].where)
        self._problems = problems

    @property
    def all(self) -> Sequence[PlacedError]:
        """The errors that this one stands for."""
        return self._problems

    def in_words(self, data: dict[str, Any]) -> str:
        """Return one line for all of them."""
        first = enumerate(self.all[:MOST_SAID], start=1)
        said = [f"({n}) {problem.in_words(data)}" for n, problem in first]
        more = len(self.all) - len(said)
        return " ".join([f"{len(self.all)} errors:", *said, *[f"and {more} more"] * (more > 0)])


def all_of(problems: Sequence[PlacedError]) -> PlacedError:
    """Return one error for all of them, each said once."""
    once = {(str(problem), problem.where): problem for one in problems for problem in one.all}
    return CollectedError([*once.values()]) if len(once) > 1 else problems[0]


@contextmanager
def noted(problems: list[PlacedError]) -> Iterator[None]:
    """Note what is wrong here, and go on: `all_of` says it with the rest."""
    try:
        yield
    except PlacedError as problem:
        problems += problem.all


@contextmanager
def at(*where: str | int) -> Iterator[None]:
    """Say of errors raised here where in the file they come from; places nest."""
    try:
        yield
    except PlacedError as error:
        raise all_of([PlacedError(str(p), (*where, *p.where)) for p in error.all]) from None
    except ValueError as error:
        raise PlacedError(str(error), where) from None


def key_path(where: Location, data: dict[str, Any]) -> str:
    """Write a place as a key path: ``layers[1].thickness_nm (layer 'free')``."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{_quoted(part)}" for part in where)
    name, kind = None, "layer"
    node: Any = data
    for key, part in zip((None, *where), where, strict=False):
        try:
            node = node[part]
        except (KeyError, TypeError):  # what is missing has no name
            break
        if key == "layers" and isinstance(node, dict):
            name, kind = node.get("name"), "interface" if "interface" in node else kind
    return path[1:] + (f" ({kind} {name!r})" if isinstance(name, str) else "")


def _quoted(key: str) -> str:
    return key if re.fullmatch(r"[\w-]+", key) else repr(key)


def shown(value: object) -> str:
    """Write a value as in the file, in one short line."""
    if isinstance(value, bool):
        return str(value).lower()
    text = "a table" if isinstance(value, dict) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def checked(model: type[Model], data: dict[str, Any], tagged: Mapping[str, int]) -> Model:
    """Return the tables of a file; PlacedError with what is wrong in them.

    Parameters
    ----------
    model : class
        What the file must be.
    data : dict
        What it is.
    tagged : mapping
        Tables that come in several kinds, and where in the path pydantic puts the kind.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise all_of([problem for one in found for problem in _problems(one, tagged)]) from None


def _problems(error: ErrorDetails, tagged: Mapping[str, int]) -> Iterator[PlacedError]:
    """Put into words what pydantic found: one error, or one for every unknown key of a table."""
    if error["type"] != "unknown":
        yield _problem(error, tagged)
        return
    where, known = _place(error["loc"], tagged), error["ctx"]["known"]
    for key in error["ctx"]["keys"]:
        value = error["input"][key]
        hint = key_hint(key, known)
        for name in (key, value):
            if isinstance(name, str):
                hint = hint or kind_hint(name, (), in_file=True)
        hint = hint or f"; must be one of {', '.join(known)}"
        yield PlacedError(f"unknown key{hint}", (*where, key))


def _place(where: Location, tagged: Mapping[str, int]) -> Location:
    """Leave out the kinds that pydantic puts into a path."""
    if where and (tag := tagged.get(str(where[0]), 0)):
        return (*where[:tag], *where[tag + 1 :])
    return where


def _problem(error: ErrorDetails, tagged: Mapping[str, int]) -> PlacedError:
    """Put into words what pydantic found."""
    where, given, context = error["loc"], error["input"], error.get("ctx", {})
    if where[-2:] == (given, "[key]"):  # the key itself is wrong
        where = where[:-1]
    where = _place(where, tagged)
    choices = ""
    match error["type"]:
        case "union_tag_not_found":
            for key in islice(given, LONGEST):
                if hint := key_hint(key, ["kind"]):
                    return PlacedError(f"unknown key{hint}", (*where, key))
            return PlacedError("required key is missing", (*where, "kind"))
        case "missing":
            return PlacedError("required key is missing", where)
        case "must_be":
            requirement = context["requirement"]
        case "literal_error":
            requirement = choices = context["expected"]
        case "union_tag_invalid":
            tags = [tag for tag in context["expected_tags"].split(", ") if " " not in tag]
            requirement = choices = " or ".join(tags)  # a tag of several words is no kind
            where, given = (*where, "kind"), given["kind"]
        case other:
            requirement = REQUIREMENTS[other].format(key=where[-1])
    known = re.findall("'(.+?)'", choices)
    hint = kind_hint(str(given), known, in_file=True) if choices else ""
    return PlacedError(f"must be {requirement}, got {shown(given)}{hint}", where)


REQUIREMENTS = {
    "string_type": "a string",
    "bool_type": "true or false",
    "list_type": "an array of tables, [[{key}]]",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}
"""What pydantic's own types of error ask for."""


# --- values -----------------------------------------------------------------------------------


def must_be(requirement: str) -> PydanticCustomError:
    """Return the error that a validator raises: the message says "must be ..."."""
    return PydanticCustomError("must_be", "{requirement}", {"requirement": requirement})


def _number(requirement: str, valid: Callable[[float], bool]) -> BeforeValidator:
    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise must_be("a number")
        try:
            number = float(value)
        except OverflowError:  # integers in TOML have no bound
            raise must_be("a number that fits in double precision") from None
        if not valid(number):
            raise must_be(requirement)
        return number

    return BeforeValidator(check)


def finite_numbers(value: object, count: int) -> bool:
    """Whether a value is an array of so many finite numbers."""
    return (
        isinstance(value, list)
        and len(value) == count
        and all(type(x) in (int, float) and abs(x) <= float_info.max for x in value)
    )


def _vector(value: Any) -> Any:
    if not (finite_numbers(value, 3) and any(value)):
        raise must_be("three finite numbers, not all zero")
    return value


def _name(value: object) -> object:
    if not is_seen(value):
        raise must_be("a nonempty string")
    if isinstance(value, str) and CONTROLS.search(value):
        raise must_be("a string without control characters")
    return _text(value)


def _text(value: object) -> object:
    if isinstance(value, str) and len(value) > LONGEST:
        raise must_be(f"a string of at most {LONGEST} characters")
    return value


Finite = Annotated[float, _number("finite", isfinite)]
Positive = Annotated[
    float,
    _number("positive and finite", lambda x: 0 < x < inf),
    Field(json_schema_extra={"exclusiveMinimum": 0}),
]
NonNegative = Annotated[
    float,
    _number("zero or positive, and finite", lambda x: 0 <= x < inf),
    Field(json_schema_extra={"minimum": 0}),
]
Length = Annotated[
    float,
    _number("positive (inf is allowed)", lambda x: x > 0),
    Field(json_schema_extra={"exclusiveMinimum": 0}),
]
Polarization = Annotated[
    float,
    _number("between -1 and 1, both excluded", lambda x: abs(x) < 1),
    Field(json_schema_extra={"exclusiveMinimum": -1, "exclusiveMaximum": 1}),
]
Vector = Annotated[
    list[float],
    BeforeValidator(_vector),
    Field(json_schema_extra={"minItems": 3, "maxItems": 3}),
]


def _components(value: Any) -> Any:
    if not finite_numbers(value, 3):
        raise must_be("three finite numbers [x, y, z]")
    return value


Components = Annotated[
    list[float],
    BeforeValidator(_components),
    Field(json_schema_extra={"minItems": 3, "maxItems": 3}),
]
Name = Annotated[str, BeforeValidator(_name), Field(json_schema_extra={"minLength": 1})]
Text = Annotated[str, BeforeValidator(_text)]


def _mixing(value: Any) -> Any:
    if not (finite_numbers(value, 2) and value[0] > 0):
        raise must_be("two finite numbers [G_r, G_i] with G_r positive")
    return value


Mixing = Annotated[
    list[float],
    BeforeValidator(_mixing),
    Field(json_schema_extra={"minItems": 2, "maxItems": 2}),
]


def two_names(what: str) -> BeforeValidator:
    """Return the validator of the names of two different things."""

    def check(value: Any) -> Any:
        names = value if isinstance(value, list) else []
        if len(names) != 2 or not all(isinstance(name, str) for name in names):
            raise must_be(f"the names of two {what}")
        if names[0] == names[1]:
            raise must_be(f"the names of two different {what}")
        return value

    return BeforeValidator(check)


TWO = Field(json_schema_extra={"minItems": 2, "maxItems": 2, "uniqueItems": True})


def _flag(value: object) -> object:
    if not isinstance(value, bool):
        raise must_be("true or false")
    return value


Flag = Annotated[bool, BeforeValidator(_flag)]


def metres(nanometres: float) -> float:
    """Divide by 1e9, which a double holds exactly and 1e-9 not: 8 nm is 8e-9 m to the last bit."""
    return nanometres / 1e9


def seconds(picoseconds: float) -> float:
    """Divide by 1e12, which a double holds exactly and 1e-12 not."""
    return picoseconds / 1e12


def ohm_square_metres(femto: float) -> float:
    """Divide by 1e15, which a double holds exactly and 1e-15 not."""
    return femto / 1e15


# --- tables -----------------------------------------------------------------------------------


class Table(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _know_keys(cls, data: object) -> object:
        """Refuse an unknown key before a missing one is noticed: it may be that one, misspelt."""
        known = list(cls.model_fields)
        unknown = [key for key in data if key not in known] if isinstance(data, dict) else []
        if unknown:
            raise PydanticCustomError("unknown", "{keys}", {"keys": unknown, "known": known})
        return data


def one_of(table: Table, *keys: str) -> tuple[str, Any]:
    """Return the one key that is given, and its value."""
    given = [(key, value) for key in keys if (value := getattr(table, key)) is not None]
    if len(given) != 1:
        names, both = ", ".join(keys[:-1]), len(keys) == 2
        got = "both" if given and both else " and ".join(key for key, _ in given) or "none"
        raise ValueError(f"one of {names} and {keys[-1]} must be given, got {got}")
    return given[0]
