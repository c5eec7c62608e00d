"""Files of sourced materials: what may stand in them.

Tables are ``[materials.NAME.VARIANT]`` and ``[interfaces."A/B".VARIANT]``, keys are those of
stack files in SI, and each number is a table of its value and its source. The file that comes with
spinfem, ``spinfem/sample/data/materials.toml``, is an example.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BeforeValidator, Discriminator, Field, StrictBool

from ..files.tables import (
    Length,
    Mixing,
    Name,
    NonNegative,
    PlacedError,
    Polarization,
    Positive,
    Table,
    Text,
    checked,
    finite_numbers,
    made_of,
    must_be,
)

Value = TypeVar("Value", float, list[float])

SYMBOLS = {
    "sigma_S_m": ("sigma", "S/m"),
    "resistivity_ohm_m": ("rho", "Ohm m"),
    "rho_star_ohm_m": ("rho*", "Ohm m"),
    "beta": ("beta", ""),
    "l_nm": ("l", "nm"),
    "l_rho_fOhm_m2": ("l rho", "fOhm m2"),
    "lambda_J_nm": ("lambda_J", "nm"),
    "lambda_phi_nm": ("lambda_phi", "nm"),
    "tau_ps": ("tau", "ps"),
    "AR_fOhm_m2": ("AR*", "fOhm m2"),
    "two_AR_fOhm_m2": ("2AR*", "fOhm m2"),
    "gamma": ("gamma", ""),
    "delta": ("delta", ""),
    "mixing_S_m2": ("(G_r, G_i)", "S/m2"),
}
"""Symbol and unit of every key."""


def _down_and_up(value: Any) -> tuple[float, float]:
    pair = value if isinstance(value, list) else [value, value]
    if not (finite_numbers(pair, 2) and min(pair) > 0):
        raise must_be("a positive number, or two [down, up]")
    return float(pair[0]), float(pair[1])


class Quantity(Table, Generic[Value]):
    """A number and where it is from.

    Attributes
    ----------
    value : float
        In the unit of its key.
    uncertainty : (down, up) or None
        As the source states it.
    bound : "lower", "upper" or None
        Which bound the value is, if it is one.
    temperature_K : float or None
        Temperature at which it was measured, if stated.
    method : str or None
        How it was measured, if stated.
    note : str or None
        What to know before using it, such as what it is not.
    source : str
        DOI, arXiv number or citation.
    """

    value: Value
    uncertainty: Annotated[tuple[float, float], BeforeValidator(_down_and_up)] | None = None
    bound: Literal["lower", "upper"] | None = None
    temperature_K: Positive | None = None
    method: Name | None = None
    note: Name | None = None
    source: Name

    def shown(self) -> str:
        """Write the value and its uncertainty."""
        if isinstance(self.value, list):
            return f"({', '.join(_short(x) for x in self.value)})"
        text = {"lower": ">= ", "upper": "<= "}.get(self.bound or "", "") + _short(self.value)
        if self.uncertainty is None:
            return text
        down, up = map(_short, self.uncertainty)
        return f"{text} +- {up}" if down == up else f"{text} (+{up} -{down})"


def _short(x: float) -> str:
    """Write a number with as few digits as it has: 1.7e+07."""
    return text if float(text := f"{x:.3g}") == x else repr(x)


class Entry(Table):
    """One variant of a metal or interface."""

    EITHER: ClassVar[tuple[tuple[str, str], ...]]

    default: StrictBool = False
    description: Name | None = None
    via: Name | None = None

    @property
    def quantities(self) -> dict[str, Quantity[Any]]:
        """All numbers by their keys."""
        fields = ((key, getattr(self, key)) for key in type(self).model_fields)
        return {key: field for key, field in fields if isinstance(field, Quantity)}

    @property
    def temperature(self) -> float | None:
        """Temperature in K, if one is stated."""
        stated = [q.temperature_K for q in self.quantities.values()]
        return next((T for T in stated if T is not None), None)


class NormalEntry(Entry):
    """A normal metal; l is a length, or in proportion to the conductivity: l rho."""

    EITHER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("sigma_S_m", "resistivity_ohm_m"),
        ("l_nm", "l_rho_fOhm_m2"),
    )

    kind: Literal["normal"]
    sigma_S_m: Quantity[Positive] | None = None
    resistivity_ohm_m: Quantity[Positive] | None = None
    l_nm: Quantity[Length] | None = None
    l_rho_fOhm_m2: Quantity[Positive] | None = None
    tau_ps: Quantity[Positive] | None = None


class FerromagnetEntry(Entry):
    """A ferromagnet; l as of a normal metal, with the resistivity for charge."""

    EITHER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("sigma_S_m", "rho_star_ohm_m"),
        ("l_nm", "l_rho_fOhm_m2"),
    )

    kind: Literal["ferromagnet"]
    sigma_S_m: Quantity[Positive] | None = None
    rho_star_ohm_m: Quantity[Positive] | None = None
    beta: Quantity[Polarization] | None = None
    l_nm: Quantity[Length] | None = None
    l_rho_fOhm_m2: Quantity[Positive] | None = None
    lambda_J_nm: Quantity[Length] | None = None
    lambda_phi_nm: Quantity[Length] | None = None
    tau_ps: Quantity[Positive] | None = None


class InterfaceEntry(Entry):
    """An interface; papers give AR* or 2AR*, and delta of the spin memory loss 1 - exp(-delta)."""

    EITHER: ClassVar[tuple[tuple[str, str], ...]] = (("AR_fOhm_m2", "two_AR_fOhm_m2"),)

    AR_fOhm_m2: Quantity[NonNegative] | None = None
    two_AR_fOhm_m2: Quantity[NonNegative] | None = None
    gamma: Quantity[Polarization] | None = None
    delta: Quantity[NonNegative] | None = None
    mixing_S_m2: Quantity[Mixing] | None = None


def _variants(value: object) -> object:
    if isinstance(value, dict) and not all(isinstance(entry, dict) for entry in value.values()):
        raise must_be("a table of variants, each with its own keys: [materials.NAME.VARIANT]")
    return value


_Metal = Annotated[NormalEntry | FerromagnetEntry, Discriminator("kind")]


class LibraryFile(Table):
    """A whole file."""

    title: Text | None = None
    materials: dict[Name, Annotated[dict[Name, _Metal], BeforeValidator(_variants)]] = Field(
        default_factory=dict
    )
    interfaces: dict[Name, Annotated[dict[Name, InterfaceEntry], BeforeValidator(_variants)]] = (
        Field(default_factory=dict)
    )


def read_library(path: Path) -> LibraryFile:
    """Read a file of sourced materials.

    Raises
    ------
    ValueError
        If the file is not valid, in one line that names file and key.
    OSError
        If it cannot be read.
    """
    return made_of(path, _checked)


def _checked(data: dict[str, Any]) -> LibraryFile:
    file = checked(LibraryFile, data, tagged={"materials": 3})
    groups: dict[str, Mapping[str, Mapping[str, Entry]]]
    groups = {"materials": file.materials, "interfaces": file.interfaces}
    for group, names in groups.items():
        for name, variants in names.items():
            defaults = sum(entry.default for entry in variants.values())
            if defaults > 1 or (defaults == 0 and len(variants) != 1):
                text = "one variant must have default = true"
                raise PlacedError(f"{text}, got {defaults} of {len(variants)}", (group, name))
            for variant, entry in variants.items():
                _check_entry(entry, (group, name, variant))
    return file


def _check_entry(entry: Entry, where: tuple[str, ...]) -> None:
    numbers = entry.quantities
    if not numbers:
        known = ", ".join(key for key in type(entry).model_fields if key in SYMBOLS)
        raise PlacedError(f"at least one number must be given ({known}), got none", where)
    for one, other in entry.EITHER:
        if one in numbers and other in numbers:
            raise PlacedError(f"one of {one} and {other} must be given, got both", where)
    for key, number in numbers.items():
        T = number.temperature_K
        if T is not None and entry.temperature != T:
            text = f"must be that of the variant's other numbers, {entry.temperature:g}, got {T:g}"
            raise PlacedError(text, (*where, key, "temperature_K"))
