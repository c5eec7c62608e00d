"""What may stand in the file of a device: tables and keys, in SI.

The models check each table by itself; what tables say together is checked where the device is
made, in `spinfem.io.devicefile`. What keys mean is in `spinfem.io.keys`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ..files.tables import (
    TWO,
    Components,
    Finite,
    Flag,
    Name,
    PlacedError,
    Positive,
    Table,
    Text,
    all_of,
    checked,
    noted,
    two_names,
)
from .keys import IN_DEVICES, MEANINGS
from .metaltables import SIMetal
from .schema import DirectedTable, FilePath, SIInterfaceKeys


class GridTable(Table):
    """``[mesh]``."""

    file: FilePath
    scale_nm: Positive
    axisymmetric: Flag = False


class RegionTable(DirectedTable):
    """``[regions.X]``."""

    material: str


class EndKeys(DirectedTable):
    """What is behind a surface, for spins."""

    lead: str | None = None
    spin: Literal["reservoir", "blocking", "source"] | None = None
    spin_potential_V: Components | None = None
    spin_current_A_m2: Components | None = None

    @property
    def drive_keys(self) -> tuple[str, str]:
        """What a given spin potential, or spin current, is called."""
        return "spin_potential_V", "spin_current_A_m2"


class ElectrodeTable(EndKeys):
    """``[electrodes.X]``."""

    current_A: Finite | None = None
    potential_V: Finite | None = None
    j0_A_m2: Finite | None = None


class ContactTable(SIInterfaceKeys):
    """One of ``[[interfaces]]``."""

    between: Annotated[list[Name], two_names("regions, or of a region and an electrode"), TWO]


class DiscTable(EndKeys):
    """``[pillar.below]`` or ``[pillar.above]``; its m is that of the disc."""

    material: str
    thickness_nm: Positive
    radius_nm: Positive


class PillarTable(Table):
    """``[pillar]``."""

    stack: FilePath
    radius_nm: Positive
    current_A: Finite
    below: DiscTable | None = None
    above: DiscTable | None = None


class DeviceTables(Table):
    """A whole file."""

    title: Text | None = None
    mesh: GridTable | None = None
    pillar: PillarTable | None = None
    materials: dict[Name, SIMetal] = Field(default_factory=dict)
    regions: dict[Name, RegionTable] = Field(default_factory=dict)
    electrodes: dict[Name, ElectrodeTable] = Field(default_factory=dict)
    interfaces: list[ContactTable] = Field(default_factory=list)


TAGGED = {"materials": 2}
"""Tables of several kinds, as of `spinfem.files.tables.checked`."""


def validated(data: dict[str, Any]) -> DeviceTables:
    """Return the tables of a file; PlacedError with what is wrong in them."""
    try:
        return checked(DeviceTables, data, TAGGED)
    except PlacedError as error:
        problems = [*error.all]
    # an unknown key at the top hides what is wrong in the tables
    known = {key: value for key, value in data.items() if key in DeviceTables.model_fields}
    with noted(problems):
        checked(DeviceTables, known, TAGGED)
    raise all_of(problems)


def device_schema() -> dict[str, Any]:
    """Return the JSON schema of files of devices, its keys with their meanings."""
    schema = DeviceTables.model_json_schema()
    for table in (*schema["$defs"].values(), schema):
        for key, value in table.get("properties", {}).items():
            value.pop("title", None)
            value["description"] = (MEANINGS | IN_DEVICES)[key]
    return schema
