"""Files of devices: a mesh or a pillar, what its regions are of, and its electrodes, in TOML.

Keys, units and errors are those of stack files (`spinfem.io.stackfile`); all is in SI. With
``[mesh]`` the file names the regions and surfaces of a mesh of gmsh; with ``[pillar]`` a stack
file. A file is checked in steps: its tables, each by itself (`spinfem.io.deviceschema`); what they
say together, here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .._checks import listed
from .._spelling import near_match
from ..devices.device import Device, Electrode, Region, Slab, touching
from ..devices.grid import Grid
from ..devices.meshes import read_grid
from ..files.tables import Location, PlacedError, all_of, at, key_path, metres, noted, one_of
from ..sample.materials import Ferromagnet, Metal
from ..sample.pieces import End, Interface, Lead
from ..sample.units import THICKNESS, in_silence, notice, once
from .deviceschema import (
    ContactTable,
    DeviceTables,
    DiscTable,
    ElectrodeTable,
    EndKeys,
    GridTable,
    PillarTable,
    validated,
)
from .keys import values_of
from .references import check_left_out, direction_of, metal_named, metals_of, notice_units
from .stackfile import driving, read

ENDS = {"reservoir": "reservoir", "blocking": "spin-blocking", "source": "spin-source"}
"""Values of `spin`, and what stack files call these ends."""


@dataclass(frozen=True)
class DeviceFile:
    """What the file of a device says.

    Attributes
    ----------
    device : Device
        In m, S/m and A.
    title : str or None
        The title, if there is one.
    path : Path
        Where it was read.
    """

    device: Device
    title: str | None
    path: Path


def device_file(path: Path, data: dict[str, Any]) -> DeviceFile:
    """Return what the tables of a file say.

    Parameters
    ----------
    path : Path
        The file, beside which others are sought.
    data : dict
        Its tables.

    Raises
    ------
    PlacedError, ValueError
        If they are not right.

    Warns
    -----
    UnitWarning
        If no sample has a number in them, in the unit of its key.
    """
    tables = validated(data)
    one_of(tables, "mesh", "pillar")
    with np.errstate(all="ignore"):  # numbers out of range are found in meshes and results
        device = _of_mesh(path.parent, tables) if tables.mesh else _of_pillar(path.parent, tables)
    with once():
        numbers = ((key_path(where, data), str(where[-1]), x) for where, x in values_of(data))
        notice_units(path, numbers)
        if tables.mesh:
            size = float(np.ptp(device.grid.mesh.p, axis=1).max()) * device.grid.unit
            notice(THICKNESS, f"{path}: extent of the mesh by mesh.scale_nm", size, "nm")
    return DeviceFile(device, tables.title, path)


# --- on a mesh --------------------------------------------------------------------------------


@in_silence()
def _of_mesh(folder: Path, tables: DeviceTables) -> Device:
    """Return a device on the mesh of a file; PlacedError with all that is wrong."""
    problems: list[PlacedError] = []
    grid = None
    if tables.mesh is not None:
        with noted(problems), at("mesh"):
            grid = _grid(folder, tables.mesh)
    metals = metals_of(tables.materials, problems)
    unknown = {*tables.materials} - {*metals}
    regions: dict[str, Region] = {}
    for name, table in tables.regions.items():
        where = ("regions", name)
        if table.material not in unknown:
            with noted(problems):
                metal = metal_named(table.material, metals, (*where, "material"))
                m = direction_of(table, metal, where)
                with at(*where):
                    regions[name] = Region(metal, m)
    electrodes: dict[str, Electrode] = {}
    for name, given in tables.electrodes.items():
        if given.lead not in unknown:
            with noted(problems):
                electrodes[name] = _electrode(given, metals, ("electrodes", name))
    if grid is not None and tables.mesh is not None:
        _check_names(tables, tables.mesh.file, grid, problems)
    interfaces: dict[frozenset[str], Interface] = {}
    for i, contact in enumerate(tables.interfaces):
        with noted(problems), at("interfaces", i):
            pair = frozenset(contact.between)
            _check_pair(tables, grid, pair)
            if pair in interfaces:
                one, other = contact.between
                text = f"must be given once for two, got {one!r} and {other!r} again"
                raise PlacedError(text, ("between",))
            if pair <= {*regions, *electrodes}:  # each right by itself
                _check_magnetic(contact, _metals_at(pair, regions, electrodes))
            interfaces[pair] = contact.piece()
    if problems:
        raise all_of(problems)
    assert grid is not None  # or there was a problem
    with at("electrodes"):  # what else is wrong is of all of them together
        return Device(grid, regions, electrodes, interfaces)


def _grid(folder: Path, mesh: GridTable) -> Grid:
    try:
        return read_grid(
            folder / mesh.file, metres(mesh.scale_nm), is_axisymmetric=mesh.axisymmetric
        )
    except OSError as error:
        raise PlacedError(str(error), ("file",)) from None


def _check_names(tables: DeviceTables, file: str, grid: Grid, problems: list[PlacedError]) -> None:
    """Note regions and electrodes that the mesh does not have, and regions that are left out."""
    known: list[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]] = [
        ("regions", "region", tables.regions, grid.regions),
        ("electrodes", "surface", tables.electrodes, grid.surfaces),
    ]
    others = {"regions": grid.surfaces, "electrodes": grid.regions}
    for key, what, given, there in known:
        wrong = [name for name in given if name not in there]
        for name in wrong:
            hint = near_match(name, there)
            if name in others[key]:
                hint = f"; it is a {'surface' if key == 'regions' else 'region'} there"
            text = f"must be a {what} of {file} ({listed(there) or 'it has none'})"
            problems.append(PlacedError(f"{text}, got {name!r}{hint}", (key, name)))
        if key == "regions" and not wrong:
            problems += [
                PlacedError(f"required key is missing, {file} has such a region", (key, name))
                for name in there
                if name not in given
            ]


def _check_pair(tables: DeviceTables, grid: Grid | None, pair: frozenset[str]) -> None:
    """Check the names of what an interface is between."""
    known = [*tables.regions, *tables.electrodes]
    regions = () if grid is None else grid.regions  # of one that is left out is told elsewhere
    for name in pair:
        if name not in known and name not in regions:
            text = f"must be of the regions and electrodes ({listed(known) or 'none'})"
            hint = near_match(name, known)
            raise PlacedError(f"{text}, got {name!r}{hint}", ("between",))
    there = set() if grid is None else {*grid.regions, *grid.surfaces}
    if grid is not None and pair <= there and pair not in touching(grid):
        one, other = sorted(pair)
        text = f"must be of two that touch, a region among them, got {one!r} and {other!r}"
        raise PlacedError(text, ("between",))


def _metals_at(
    pair: frozenset[str], regions: Mapping[str, Region], electrodes: Mapping[str, Electrode]
) -> list[Metal]:
    """Return the metals on both sides of an interface; an electrode without a lead has none."""
    found = [regions[name].metal for name in pair if name in regions]
    ends = [electrodes[name].end for name in pair if name in electrodes]
    return found + [end.material for end in ends if isinstance(end, Lead)]


def _check_magnetic(contact: ContactTable, metals: list[Metal]) -> None:
    """Check that what has a meaning at ferromagnets alone stands there."""
    if any(isinstance(metal, Ferromagnet) for metal in metals):
        return
    keys = ("gamma",) if contact.gamma else ()
    check_left_out(contact, (*keys, contact.mixing_key), "between normal metals", ())


def _electrode(table: ElectrodeTable, metals: Mapping[str, Metal], where: Location) -> Electrode:
    with at(*where):
        key, value = one_of(table, "current_A", "potential_V", "j0_A_m2")
    end = _end(table, metals, where)
    argument = {"current_A": "current", "potential_V": "potential", "j0_A_m2": "j0"}
    with at(*where):
        return Electrode(**{argument[key]: value}, end=end)


def _end(table: ElectrodeTable, metals: Mapping[str, Metal], where: Location) -> End:
    """Return what is behind a surface, for spins."""
    if table.lead is None:
        check_left_out(table, ("m", "polar_deg", "azimuth_deg"), "without a lead", where)
        return _without_lead(table, where)
    check_left_out(table, ("spin", *table.drive_keys), "with a lead", where)
    metal = metal_named(table.lead, metals, (*where, "lead"))
    m = direction_of(table, metal, where)
    with at(*where):
        return Lead(metal, m=m)


def _without_lead(table: EndKeys, where: Location) -> End:
    return driving(ENDS[table.spin or "reservoir"], table, where)


# --- pillars ----------------------------------------------------------------------------------


def _of_pillar(folder: Path, tables: DeviceTables) -> Device:
    """Return a pillar of the stack of a file; PlacedError with all that is wrong."""
    pillar = tables.pillar
    assert pillar is not None
    problems: list[PlacedError] = []
    for key in ("regions", "electrodes", "interfaces"):
        if getattr(tables, key):
            text = "must be left out with pillar, whose stack has them, got a table"
            problems.append(PlacedError(text, (key,)))
    with noted(problems), at("pillar", "stack"):
        try:
            file = read(folder / pillar.stack)
        except OSError as error:
            raise PlacedError(str(error), ()) from None
        if file.units != "SI":
            raise ValueError("must be a stack file in SI, got one in the paper's units")
    with in_silence():
        own = metals_of(tables.materials, problems)
        if problems:
            raise all_of(problems)
        metals = metals_of(file.tables.materials, [])
        for name in own:
            if name in metals:
                text = f"must be another name than one of {pillar.stack}, got {name!r} again"
                problems.append(PlacedError(text, ("materials", name)))
        discs: list[Slab | None] = []
        for side in ("below", "above"):
            with noted(problems):
                discs.append(_disc(pillar, side, {**metals, **own}))
        if problems:
            raise all_of(problems)
        with at("pillar"):
            return Device.pillar(
                file.stack,
                radius=metres(pillar.radius_nm),
                current=pillar.current_A,
                leads=(discs[0], discs[1]),
            )


def _disc(pillar: PillarTable, side: str, metals: Mapping[str, Metal]) -> Slab | None:
    table: DiscTable | None = getattr(pillar, side)
    if table is None:
        return None
    where = ("pillar", side)
    if table.radius_nm < pillar.radius_nm:
        text = f"must be at least that of the pillar, {pillar.radius_nm:g}"
        raise PlacedError(f"{text}, got {table.radius_nm:g}", (*where, "radius_nm"))
    metal = metal_named(table.material, metals, (*where, "material"))
    m = direction_of(table, metal, where)
    end: End
    if table.lead is None:
        end = _without_lead(table, where)
    else:
        check_left_out(table, ("spin", *table.drive_keys), "with a lead", where)
        lead = metal_named(table.lead, metals, (*where, "lead"))
        if isinstance(lead, Ferromagnet):
            raise PlacedError(
                f"must be a normal metal behind a disc, got {table.lead!r}", (*where, "lead")
            )
        end = Lead(lead)
    with at(*where):
        return Slab(metal, metres(table.thickness_nm), metres(table.radius_nm), m, end)
