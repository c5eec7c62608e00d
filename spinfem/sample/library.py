"""Metals and interfaces whose every number has a source.

>>> from spinfem import material
>>> Co = material("Co")
>>> print(Co.source)  # doctest: +ELLIPSIS
sigma = 1.7e+07 S/m: doi:10.1017/CBO9780511845000; beta = 0.42: ...
>>> Co.total_conductivity  # S/m
17000000.0

Where sources disagree there are several variants, and what a source does not state is missing;
that is for the user to give:

>>> CuGe = material("CuGe", sigma=2e7)
>>> CuGe.l
1.17e-07

``spinfem materials`` lists what there is. A file of one's own, of the same form as
``spinfem/sample/data/materials.toml``, is read by `load_materials`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from .._checks import Profile
from .._names import kind_hint, same_thing
from .._spelling import near_match
from ..files.tables import metres, ohm_square_metres, seconds
from .libraryfile import SYMBOLS, Entry, FerromagnetEntry, InterfaceEntry, NormalEntry, read_library
from .materials import Ferromagnet, NormalMetal, combined
from .pieces import Interface
from .units import in_silence

Value = ArrayLike | Profile


@dataclass(frozen=True)
class Library:
    """Sourced metals and interfaces, each in one or more variants.

    Attributes
    ----------
    path : Path
        The file they are from.
    materials, interfaces : mapping
        All entries by name and variant. A number of an entry, such as ``.l_nm``, has its
        ``.value``, ``.uncertainty``, ``.bound``, ``.temperature_K``, ``.method``, ``.note`` and
        ``.source``; None if there is no source for it.
    """

    path: Path
    materials: Mapping[str, Mapping[str, NormalEntry | FerromagnetEntry]]
    interfaces: Mapping[str, Mapping[str, InterfaceEntry]]

    def entry(
        self,
        what: Literal["material", "interface"],
        name: str,
        *,
        variant: str | None = None,
        temperature: float | None = None,
    ) -> tuple[str, str, Entry]:
        """Return the name, the variant and the numbers of an entry.

        Parameters
        ----------
        what : "material" or "interface"
            What it is.
        name : str
            Its name or another one of the same.
        variant, temperature
            As in `material`.

        Raises
        ------
        ValueError
            If there is no such entry, variant or temperature.
        """
        entries: Mapping[str, Mapping[str, Entry]]
        entries = self.materials if what == "material" else self.interfaces
        name = _entry(what, name, entries)
        return name, *_chosen(entries, name, variant, temperature)

    def material(
        self,
        entry: str,
        /,
        *,
        variant: str | None = None,
        temperature: float | None = None,
        exchange: bool = False,
        sigma: Value | None = None,
        rho_star: Value | None = None,
        p: Value | None = None,
        l: Value | None = None,
        lambda_J: ArrayLike | None = None,
        lambda_phi: ArrayLike | None = None,
        tau: ArrayLike | None = None,
        name: str | None = None,
    ) -> NormalMetal | Ferromagnet:
        """Return a metal of the library.

        A ferromagnet has ``D = sigma (1 - beta^2)``, with sigma the total conductivity and beta
        the polarization. It is strong unless exchange lengths are asked for. Where the source has a
        law ``l rho``, l is in proportion to the conductivity, the library's or the one given.

        Parameters
        ----------
        entry : str
            Which metal: "Co". ``spinfem materials`` lists what comes with spinfem. Other names of
            the same are understood: "NiFe", "Permalloy" and "Ni80Fe20" are Py.
        variant : str, optional
            Which of several sources: "4.2 K". The default one if neither this nor the temperature
            is given.
        temperature : float, optional
            Temperature in K that the source states.
        exchange : bool
            Whether to take the sourced exchange lengths too.
        sigma, rho_star, p, l, lambda_J, lambda_phi, tau : float, array or callable, optional
            Numbers in SI in place of the library's, or those it lacks: total conductivity, S/m, or
            rho*, Ohm m; polarization; lengths, m; spin relaxation time, s. The last three must not
            be callable.
        name : str, optional
            Name of the material; by default that of the entry.

        Returns
        -------
        NormalMetal or Ferromagnet
            Its `source` says of every number where it is from.

        Raises
        ------
        ValueError
            If there is no such metal, variant or temperature, or a number that the metal needs is
            neither in the library nor given.
        """
        entry, variant, found = self.entry(
            "material", entry, variant=variant, temperature=temperature
        )
        given = {
            "sigma": sigma,
            "rho_star": rho_star,
            "p": p,
            "l": l,
            "lambda_J": lambda_J,
            "lambda_phi": lambda_phi,
            "tau": tau,
        }
        given = {key: value for key, value in given.items() if value is not None}
        magnetic = isinstance(found, FerromagnetEntry)
        for key, value in {**given, "exchange": exchange or None}.items():
            if not magnetic and key not in ("sigma", "l", "tau") and value is not None:
                text = f"{key} of {entry!r} must be left out in a normal metal"
                raise ValueError(f"{text}, got {value!r}")
        if "sigma" in given and "rho_star" in given:
            raise ValueError(f"one of sigma and rho_star of {entry!r} must be given, got both")
        values, source = _numbers(found, given, () if exchange else ("lambda_J", "lambda_phi"))
        who = f"{entry!r} ({variant})"
        if exchange and not {"lambda_J", "lambda_phi"} & set(values):
            raise ValueError(f"lambda_J or lambda_phi of {who} must be given, the library has none")
        missing = [] if {"sigma", "rho", "rho_star"} & set(values) else ["sigma"]
        missing += ["p"] if magnetic and "p" not in values else []
        missing += [] if {"l", "l_rho"} & set(values) else ["l"]
        if missing:
            example = ", ".join(
                [repr(entry), f"variant={variant!r}", *(f"{key}=..." for key in missing)]
            )
            raise ValueError(
                f"{' and '.join(missing)} of {who} must be given, the library has none: "
                f"material({example})"
            )
        metal = _metal(values, magnetic, name or entry)
        with in_silence():
            return dataclasses.replace(metal, source=source)

    def interface(
        self,
        entry: str,
        /,
        *,
        variant: str | None = None,
        temperature: float | None = None,
        resistance: ArrayLike | None = None,
        gamma: ArrayLike | None = None,
        delta: ArrayLike | None = None,
        mixing: Any = None,
        name: str | None = None,
    ) -> Interface:
        """Return an interface of the library.

        Parameters
        ----------
        entry : str
            Between which metals, in any order: "CoFe/Cu".
        variant, temperature
            As in `material`.
        resistance, gamma, delta, mixing : float, complex or array, optional
            Numbers in SI in place of the library's, or those it lacks; as in `Interface`.
        name : str, optional
            Name of the interface in its stack.

        Returns
        -------
        Interface
            With AR*, half of a sourced 2AR*, gamma and delta. Its `source` says where they are
            from.

        Raises
        ------
        ValueError
            If there is no such interface, variant or temperature, or AR* is neither in the library
            nor given.
        """
        entry, variant, found = self.entry(
            "interface", entry, variant=variant, temperature=temperature
        )
        given = {"resistance": resistance, "gamma": gamma, "delta": delta, "mixing": mixing}
        given = {key: value for key, value in given.items() if value is not None}
        values, source = _numbers(found, given, ())
        if "resistance" not in values:
            raise ValueError(
                f"resistance of {entry!r} ({variant}) must be given, the library has none: "
                f"interface({entry!r}, variant={variant!r}, resistance=...)"
            )
        return Interface(**values, name=name, source=source)


ARGUMENTS: dict[str, tuple[str, Any]] = {
    "sigma_S_m": ("sigma", float),
    "resistivity_ohm_m": ("rho", float),
    "rho_star_ohm_m": ("rho_star", float),
    "beta": ("p", float),
    "l_nm": ("l", metres),
    "l_rho_fOhm_m2": ("l_rho", ohm_square_metres),
    "lambda_J_nm": ("lambda_J", metres),
    "lambda_phi_nm": ("lambda_phi", metres),
    "tau_ps": ("tau", seconds),
    "AR_fOhm_m2": ("resistance", ohm_square_metres),
    "two_AR_fOhm_m2": ("resistance", lambda femto: ohm_square_metres(femto) / 2),
    "gamma": ("gamma", float),
    "delta": ("delta", float),
    "mixing_S_m2": ("mixing", lambda pair: complex(*pair)),
}
"""Argument of the constructors for each key of the file, and its conversion to SI."""


SAME = ({"sigma", "rho", "rho_star"}, {"l", "l_rho"})
"""Arguments that say the same: one that is given takes the place of the others."""


def _numbers(
    entry: Entry, given: Mapping[str, Any], left_out: Collection[str]
) -> tuple[dict[str, Any], str]:
    """Return the numbers of an entry, with those given in the place of its own, and the source."""
    values = dict(given)
    sources: list[str] = []
    taken = {*given, *left_out}.union(*(same for same in SAME if same & set(given)))
    for key, quantity in entry.quantities.items():
        argument, convert = ARGUMENTS[key]
        if argument in taken:
            continue
        values[argument] = convert(quantity.value)
        symbol, unit = SYMBOLS[key]
        equals = "" if quantity.bound else "= "
        number = f"{symbol} {equals}{quantity.shown()} {unit}".strip()
        where = "" if quantity.temperature_K is None else f" at {quantity.temperature_K:g} K"
        note = "" if quantity.note is None else f" ({quantity.note})"
        sources.append(f"{number}{where}: {quantity.source}{note}")
    if sources and entry.via:
        sources.append(f"these as listed in {entry.via}")
    return values, "; ".join([*sources, *(f"{key}: given by the user" for key in given)])


def _metal(values: dict[str, Any], magnetic: bool, name: str) -> NormalMetal | Ferromagnet:
    values = {**values, "name": name}
    if "l_rho" in values:
        law = values.pop("l_rho")
        metal = _metal({**values, "l": np.inf}, magnetic, name)
        l = combined(lambda sigma: law * sigma, metal.total_conductivity)
        return dataclasses.replace(metal, l=l)
    if not magnetic:
        if "rho" in values:
            return NormalMetal.from_resistivity(**values)
        return NormalMetal.from_conductivity(**values)
    if "rho_star" in values:
        return Ferromagnet.from_valet_fert(beta=values.pop("p"), **values)
    return Ferromagnet.from_conductivity(**values)


def _entry(what: str, name: str, entries: Mapping[str, object]) -> str:
    """Return the name of an entry, of which another one may have been given."""
    if not isinstance(name, str):
        raise TypeError(f"name of the {what} must be a string, got {name!r}")
    if name in entries:
        return name
    if same := same_thing(name, entries):
        return same
    raise ValueError(
        f"name of the {what} must be one of {', '.join(entries) or 'none in this library'}, "
        f"got {name!r}{kind_hint(name, entries)}"
    )


def _chosen(
    entries: Mapping[str, Mapping[str, Entry]],
    name: str,
    variant: str | None,
    temperature: float | None,
) -> tuple[str, Entry]:
    """Find the variant that is meant: by its key, its temperature, or the default."""
    variants = entries[name]
    if variant is not None and variant not in variants:
        raise ValueError(
            f"variant of {name!r} must be one of {', '.join(variants)}, "
            f"got {variant!r}{near_match(str(variant), variants)}"
        )
    if temperature is not None:
        stated = {key: entry.temperature for key, entry in variants.items()}
        fit = [key for key in variants if stated[key] == temperature and variant in (None, key)]
        if not fit:
            known = ", ".join(f"{T:g} K in {key!r}" for key, T in stated.items() if T is not None)
            raise ValueError(
                f"temperature of {name!r} must be one that is stated ({known or 'there is none'}), "
                f"got {temperature!r}" + (f" for variant {variant!r}" if variant else "")
            )
        if len(fit) > 1:
            raise ValueError(
                f"variant of {name!r} must be given, there are several at {temperature:g} K: "
                f"{', '.join(fit)}"
            )
        variant = fit[0]
    if variant is None:
        only = len(variants) == 1
        variant = next(key for key, entry in variants.items() if entry.default or only)
    return variant, variants[variant]


# --- files ------------------------------------------------------------------------------------


def load_materials(path: str | PathLike[str]) -> Library:
    """Read sourced metals and interfaces from a file of one's own.

    Parameters
    ----------
    path : str or path
        A TOML file of the same form as ``spinfem/sample/data/materials.toml``.

    Returns
    -------
    Library
        Its methods `material` and `interface` are used like `spinfem.material` and
        `spinfem.interface`.

    Raises
    ------
    ValueError
        If the file is not valid: one line that names file and key. Every number needs a source.
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    file = read_library(path)
    return Library(path, file.materials, file.interfaces)


SHIPPED = load_materials(Path(__file__).with_name("data") / "materials.toml")
"""The library that comes with spinfem."""
material = SHIPPED.material
interface = SHIPPED.interface
