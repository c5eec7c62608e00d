"""What a stack file says of magnets that move: keys of layers, ``[[couplings]]``, ``[dynamics]``.

In SI alone. A layer with an M_s moves, unless it is held. A group is one magnet: its keys stand in
one of its layers or in several, in which they agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from .._checks import FloatArray
from ..constants import MU_0
from ..files.tables import (
    TWO,
    Components,
    Finite,
    Flag,
    Name,
    NonNegative,
    PlacedError,
    Positive,
    Table,
    Vector,
    all_of,
    at,
    noted,
    one_of,
    shown,
    two_names,
)

if TYPE_CHECKING:
    from ..sample.stack import Stack


Pair = Annotated[list[Name], two_names("magnets"), TWO]


class MagnetKeys(Table):
    """Keys of a layer that moves."""

    Ms_A_m: Positive | None = None
    mu0_Ms_T: Positive | None = None
    alpha: NonNegative | None = None
    demag: Components | None = None
    K_J_m3: Finite | None = None
    easy_axis: Vector | None = None
    held: Flag | None = None


MAGNETIZATIONS = ("Ms_A_m", "mu0_Ms_T")
MAGNET_KEYS = tuple(MagnetKeys.model_fields)
ARGUMENTS = {"alpha": "alpha", "demag": "demag", "K_J_m3": "K", "easy_axis": "axis", "held": "held"}
"""What keys that are used as they are mean to `spinfem.Magnet`."""


class CouplingTable(Table):
    """One of ``[[couplings]]``."""

    between: Pair
    exchange_J_m2: Finite | None = None
    biquadratic_J_m2: Finite | None = None
    dipolar: Components | None = None

    @property
    def numbers(self) -> dict[str, Any]:
        """Arguments of `spinfem.Coupling`; PlacedError if there are none."""
        keys = {"exchange": "exchange_J_m2", "biquadratic": "biquadratic_J_m2"}
        found = {name: getattr(self, key) for name, key in (keys | {"dipolar": "dipolar"}).items()}
        given = {name: value for name, value in found.items() if value is not None}
        if not given:
            one = ", ".join((*keys.values(), "dipolar"))
            raise PlacedError(f"one of {one} must be given, got none", ())
        return given


class DynamicsTable(Table):
    """``[dynamics]``."""

    field_A_m: Components | None = None
    flux_density_mT: Components | None = None
    pumping: Flag = True
    temperature_K: Positive | None = None
    area_nm2: Positive | None = None
    time_ns: Positive = 20.0
    rtol: Positive | None = None

    @property
    def field(self) -> FloatArray:
        """Applied field, A/m, shape (3,); ValueError if it is given twice."""
        if self.field_A_m is None and self.flux_density_mT is None:
            return np.zeros(3)
        key, value = one_of(self, "field_A_m", "flux_density_mT")
        return np.array(value) * (1.0 if key == "field_A_m" else 1e-3 / MU_0)

    def check(self) -> None:
        """Raise PlacedError if keys do not fit together."""
        _ = self.field
        if self.temperature_K is None:
            if self.area_nm2 is not None:
                text = f"must be left out without temperature_K, got {shown(self.area_nm2)}"
                raise PlacedError(text, ("area_nm2",))
        elif self.pumping:
            text = (
                "must be left out unless pumping = false, as thermal fields are those of alpha, "
                f"got {shown(self.temperature_K)}"
            )
            raise PlacedError(text, ("temperature_K",))
        elif self.area_nm2 is None:
            text = "must be given with temperature_K, as thermal fields depend on it"
            raise PlacedError(text, ("area_nm2",))


# --- magnets ------------------------------------------------------------------------------------


@dataclass
class MagnetNumbers:
    """What a file says of one magnet.

    Attributes
    ----------
    keys : dict
        Its keys and their values.
    where : dict
        Index in ``layers`` of the first one that has it, by key.
    """

    keys: dict[str, Any] = field(default_factory=dict)
    where: dict[str, int] = field(default_factory=dict)

    def take(self, index: int, table: MagnetKeys, group: str | None) -> None:
        """Take the keys of a layer; PlacedError if one differs from that of another layer."""
        for key in MAGNET_KEYS:
            if (value := getattr(table, key)) is None:
                continue
            if key not in self.keys:
                self.keys[key], self.where[key] = value, index
            elif not _same(value, self.keys[key]):
                raise PlacedError(
                    f"must be one value in all layers of group {group!r}, which are one magnet, "
                    f"got {shown(value)} and {shown(self.keys[key])}",
                    ("layers", index, key),
                )

    def problems(self) -> Iterator[PlacedError]:
        """Yield what a magnet must not have, or lacks."""
        given = [key for key in MAGNETIZATIONS if key in self.keys]
        if len(given) > 1:
            text = f"one of {' and '.join(MAGNETIZATIONS)} must be given, got both"
            yield self._at(given[1], text)
        for key, value in self.keys.items():
            if not given and not (key == "held" and value):
                text = f"must be left out without {' or '.join(MAGNETIZATIONS)}, got {shown(value)}"
                yield self._at(key, text)
        if "easy_axis" in self.keys and "K_J_m3" not in self.keys:
            text = f"must be left out without K_J_m3, got {shown(self.keys['easy_axis'])}"
            yield self._at("easy_axis", text)

    def _at(self, key: str, text: str) -> PlacedError:
        return PlacedError(text, ("layers", self.where[key], key))

    @property
    def moves(self) -> bool:
        """Whether it has an M_s, and is not held."""
        return bool(self.arguments) and not self.keys.get("held")

    @property
    def arguments(self) -> dict[str, Any]:
        """Arguments of `spinfem.Magnet`; none if there is no M_s."""
        found = {name: self.keys[key] for key, name in ARGUMENTS.items() if key in self.keys}
        if "Ms_A_m" in self.keys:
            return {"Ms": self.keys["Ms_A_m"], **found}
        if "mu0_Ms_T" in self.keys:
            return {"Ms": self.keys["mu0_Ms_T"] / MU_0, **found}
        return {}


def _same(a: Any, b: Any) -> bool:
    return a is b or bool(np.array_equal(a, b))


def magnets_in(tables: Sequence[Table], stack: Stack) -> Mapping[str, MagnetNumbers]:
    """Return what is said of magnets, by the names of layers that are in no group, and of groups.

    Parameters
    ----------
    tables : sequence of Table
        ``[[layers]]``, cells being in the place of where they stand; numbers may be arrays.
    stack : Stack
        What was made of them.

    Raises
    ------
    PlacedError
        If keys do not fit together; with all that is wrong.
    """
    found: dict[str, MagnetNumbers] = {}
    problems: list[PlacedError] = []
    layers = iter(stack.layers)
    for index, table in enumerate(tables):
        if "interface" in type(table).model_fields:
            continue
        layer = next(layers)
        if isinstance(table, MagnetKeys) and layer.is_ferromagnet:
            name = str(layer.group or layer.name)
            with noted(problems):
                found.setdefault(name, MagnetNumbers()).take(index, table, layer.group)
    for magnet in found.values():
        problems += magnet.problems()
    if problems:
        raise all_of(problems)
    return found


def check_motion(
    tables: Sequence[Table],
    couplings: Sequence[CouplingTable],
    dynamics: DynamicsTable | None,
    stack: Stack,
) -> None:
    """Check what a file says of motion, of which the stack knows nothing.

    Parameters
    ----------
    tables, stack
        As of `magnets_in`.
    couplings, dynamics
        ``[[couplings]]`` and ``[dynamics]``.

    Raises
    ------
    PlacedError
        If tables do not fit together; with all that is wrong.
    """
    problems: list[PlacedError] = []
    magnets: Mapping[str, MagnetNumbers] = {}
    with noted(problems):
        magnets = magnets_in(tables, stack)
    for i, coupling in enumerate(couplings if not problems else ()):
        with noted(problems), at("couplings", i):
            _check_coupling(coupling, magnets, stack)
    if dynamics is not None:
        with noted(problems), at("dynamics"):
            dynamics.check()
    if problems:
        raise all_of(problems)


def _check_coupling(
    coupling: CouplingTable, magnets: Mapping[str, MagnetNumbers], stack: Stack
) -> None:
    """Raise PlacedError unless a coupling is of two magnets, one of which moves."""
    with at("between"):
        for name in coupling.between:
            element: Any = stack.elements[stack.members(name)[0]]
            if not element.is_ferromagnet:
                raise ValueError(f"must be the names of two magnets, got {name!r}, a normal metal")
            if element.group not in (None, name):
                raise ValueError(
                    "must be the names of magnets that turn by themselves, got "
                    f"{name!r}, a layer of group {element.group!r}"
                )
        if not any(name in magnets and magnets[name].moves for name in coupling.between):
            raise ValueError(
                f"must be left out where neither magnet moves, got "
                f"{' and '.join(map(repr, coupling.between))}, without "
                f"{' or '.join(MAGNETIZATIONS)}, or held"
            )
    given = coupling.numbers
    for name in coupling.between:
        if "dipolar" in given and not (name in magnets and magnets[name].arguments):
            text = (
                f"must be left out where a magnet has no M_s, got {shown(coupling.dipolar)} with "
                f"{name!r}: give it {' or '.join(MAGNETIZATIONS)}, and held = true if it does not "
                "move"
            )
            raise PlacedError(text, ("dipolar",))
