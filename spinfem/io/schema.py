"""What may stand in a stack file: tables and keys, in SI and in the paper's units.

The models check each table by itself; what tables say together is checked where the stack is
made, in `spinfem.io.stackfile`. What keys mean is in `spinfem.io.keys`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, Tag

from .._checks import CONTROLS, FloatArray
from ..files.meshfile import MeshLayer, read_layers
from ..files.tables import (
    MOST_TABLES,
    Components,
    Finite,
    Mixing,
    Name,
    NonNegative,
    Polarization,
    Positive,
    Table,
    Text,
    Vector,
    checked,
    metres,
    must_be,
    ohm_square_metres,
)
from ..sample.pieces import Interface
from .keys import Units
from .magnettables import CouplingTable, DynamicsTable, MagnetKeys
from .metaltables import LibraryKeys, PaperMetal, SIMetal, library_interface

# --- ends and layers --------------------------------------------------------------------------


class DirectedTable(Table):
    """What may have a magnetization."""

    m: Vector | None = None
    polar_deg: Finite | None = None
    azimuth_deg: Finite | None = None


class MagneticTable(DirectedTable):
    """What may be a part of a magnet."""

    group: Name | None = None


class EndTable(MagneticTable):
    """``[left]`` or ``[right]``."""

    lead: str | None = None
    end: Literal["reservoir", "spin-blocking", "spin-source"] | None = None
    name: Name | None = None

    @property
    def drive_keys(self) -> tuple[str, str]:
        """What a given spin potential, or spin current, is called in these units."""
        raise NotImplementedError


class _SIEnd(EndTable):
    """``[left]`` or ``[right]`` in SI."""

    spin_potential_V: Components | None = None
    spin_current_A_m2: Components | None = None

    @property
    def drive_keys(self) -> tuple[str, str]:
        return "spin_potential_V", "spin_current_A_m2"


class _PaperEnd(EndTable):
    """``[left]`` or ``[right]`` in the paper's units."""

    spin_potential: Components | None = None
    spin_current: Components | None = None

    @property
    def drive_keys(self) -> tuple[str, str]:
        return "spin_potential", "spin_current"


class LayerTable(MagneticTable):
    """One of ``[[layers]]`` that is a layer."""

    material: str
    name: Name | None = None

    def thickness_in_units(self) -> float:
        """Return the thickness in m, or as it is in the paper's units."""
        raise NotImplementedError


class _SILayer(MagnetKeys, LayerTable):
    """One of ``[[layers]]`` that is a layer, in SI."""

    thickness_nm: Positive

    def thickness_in_units(self) -> float:
        return metres(self.thickness_nm)


class _PaperLayer(LayerTable):
    """One of ``[[layers]]`` that is a layer, in the paper's units."""

    thickness: Positive

    def thickness_in_units(self) -> float:
        return self.thickness


# --- layers from a mesh -----------------------------------------------------------------------


def _left_out(where: str) -> BeforeValidator:
    def refuse(value: object) -> object:
        raise must_be(f"left out {where}")

    return BeforeValidator(refuse)


NoThickness = Annotated[None, _left_out("with [mesh]")]


def _path(value: object) -> object:
    if isinstance(value, str) and CONTROLS.search(value):
        escapes = "in double quotes a backslash begins an escape: use single quotes"
        raise must_be(f"a path without control characters ({escapes})")
    return value


FilePath = Annotated[Name, BeforeValidator(_path)]  # looked at before Name is


class MeshTable(Table):
    """``[mesh]``: where the layers are from."""

    file: FilePath
    tags: Name | None = None
    _layers: dict[str, MeshLayer] = PrivateAttr(default_factory=dict)

    def read(self, folder: Path, names: list[str]) -> list[MeshLayer]:
        """Read the layers and keep them, so that a sweep reads no file.

        Parameters
        ----------
        folder : Path
            What `file` is relative to.
        names : list of str
            All layers.

        Raises
        ------
        ValueError, OSError
            As `spinfem.files.meshfile.read_layers`.
        """
        found = read_layers(folder / self.file, names, self.tags)
        self._layers.update((layer.name, layer) for layer in found)
        return found

    @property
    def layers(self) -> Iterable[MeshLayer]:
        """The layers that were read."""
        return self._layers.values()

    def layer(self, name: str) -> tuple[float, FloatArray]:
        """Return thickness, in m or as in the paper's units, and nodes of a layer that was read."""
        found = self._layers[name]
        return self.length_in_units(found.length), found.nodes

    def length_in_units(self, length: float) -> float:
        """Return a length in m, or as it is in the paper's units."""
        raise NotImplementedError


class _SIMesh(MeshTable):
    """``[mesh]`` in SI."""

    scale_nm: Positive

    def length_in_units(self, length: float) -> float:
        return metres(length * self.scale_nm)


class _PaperMesh(MeshTable):
    """``[mesh]`` in the paper's units."""

    scale: Positive = 1.0

    def length_in_units(self, length: float) -> float:
        return length * self.scale


class MeshLayerTable(LayerTable):
    """One of ``[[layers]]`` that is a group of cells of the mesh."""

    name: Name
    thickness_nm: NoThickness = None
    thickness: NoThickness = None


class _SIMeshLayer(MagnetKeys, MeshLayerTable):
    """One of ``[[layers]]`` that is a group of cells of the mesh, in SI."""


# --- interfaces -------------------------------------------------------------------------------


def _true(value: object) -> object:
    if value is not True:
        raise must_be("true, or left out for a layer")
    return value


class InterfaceKeys(Table):
    """Numbers of an interface, all of which may be left out."""

    gamma: Polarization | None = None
    delta: NonNegative | None = None

    @property
    def mixing_key(self) -> str:
        """What the mixing conductance is called in these units."""
        raise NotImplementedError

    def piece(self, name: str | None = None) -> Interface:
        """Return the interface in m and S, or as it is in the paper's units."""
        raise NotImplementedError

    def _numbers(self, resistance: float | None, mixing: list[Any] | None) -> dict[str, Any]:
        return {
            "resistance": resistance,
            "gamma": self.gamma,
            "delta": self.delta,
            "mixing": None if mixing is None else mixing[0] + 1j * mixing[1],
        }

    def _piece(self, numbers: dict[str, Any], name: str | None) -> Interface:
        given = {key: value for key, value in numbers.items() if value is not None}
        return Interface(**given, name=name)


class SIInterfaceKeys(LibraryKeys, InterfaceKeys):
    """Numbers of an interface in SI."""

    AR_fOhm_m2: NonNegative | None = None
    mixing_S_m2: Mixing | None = None

    @property
    def mixing_key(self) -> str:
        """What the mixing conductance is called."""
        return "mixing_S_m2"

    def piece(self, name: str | None = None) -> Interface:
        """Return the interface in m and S."""
        AR = None if self.AR_fOhm_m2 is None else ohm_square_metres(self.AR_fOhm_m2)
        numbers = self._numbers(AR, self.mixing_S_m2)
        if self.library is None:
            self.check_alone()
            return self._piece(numbers, name)
        return library_interface(self, **numbers, name=name)


class _Standing(Table):
    """One of ``[[layers]]`` that is an interface."""

    interface: Annotated[bool, BeforeValidator(_true), Field(json_schema_extra={"const": True})]
    name: Name | None = None


class InterfaceTable(InterfaceKeys, _Standing):
    """One of ``[[layers]]`` that is an interface; all but what it is may be left out."""


class _SIInterface(SIInterfaceKeys, InterfaceTable):
    """One of ``[[layers]]`` that is an interface, in SI."""


class _PaperInterface(InterfaceTable):
    """One of ``[[layers]]`` that is an interface, in the paper's units."""

    AR: NonNegative | None = None
    mixing: Mixing | None = None

    @property
    def mixing_key(self) -> str:
        return "mixing"

    def piece(self, name: str | None = None) -> Interface:
        return self._piece(self._numbers(self.AR, self.mixing), name)


# --- cells ------------------------------------------------------------------------------------


def _count(value: object) -> object:
    if type(value) is not int or not 1 <= value <= MOST_TABLES:
        raise must_be(f"a whole number from 1 to {MOST_TABLES}")
    return value


Count = Annotated[
    int, BeforeValidator(_count), Field(json_schema_extra={"minimum": 1, "maximum": MOST_TABLES})
]


class CellUse(Table):
    """One of ``[[layers]]`` that stands for the layers of a cell, once or repeated."""

    cell: str
    repeat: Count = 1


NoCell = Annotated[None, _left_out("in a cell, which has layers and interfaces alone")]


class NestedCell(Table):
    """What is refused in a cell."""

    cell: NoCell = None
    repeat: NoCell = None


ONLY_INTERFACES = {"AR_fOhm_m2", "AR", "gamma", "delta", "mixing_S_m2", "mixing"}
ONLY_CELLS = {"cell", "repeat"}


def _piece_kind(table: object) -> str:
    """Tell interfaces and cells from layers, even if `interface` or `cell` itself is missing."""
    keys = set(table) if isinstance(table, dict) else set()
    if "interface" in keys or "material" in keys:
        return "interface" if "interface" in keys else "layer"
    if keys & ONLY_CELLS:
        return "cell"
    return "interface" if keys & ONLY_INTERFACES else "layer"


End = TypeVar("End", bound=EndTable)
Layer = TypeVar("Layer", bound=LayerTable)
Face = TypeVar("Face", bound=InterfaceTable)
Metal = TypeVar("Metal")
Mesh = TypeVar("Mesh", bound=MeshTable)


class CellTable(Table, Generic[Layer, Face]):
    """``[cells.X]``."""

    layers: list[
        Annotated[
            Annotated[Layer, Tag("layer")]
            | Annotated[Face, Tag("interface")]
            | Annotated[NestedCell, Tag("cell")],
            Discriminator(_piece_kind),
        ]
    ]


# --- files ------------------------------------------------------------------------------------


class FileTables(Table, Generic[End, Layer, Face, Metal, Mesh]):
    """A whole file."""

    title: Text | None = None
    left: End | None = None
    right: End | None = None
    materials: dict[Name, Metal] = Field(default_factory=dict)
    mesh: Mesh | None = None
    cells: dict[Name, CellTable[Layer, Face]] = Field(default_factory=dict)
    layers: list[
        Annotated[
            Annotated[Layer, Tag("layer")]
            | Annotated[Face, Tag("interface")]
            | Annotated[CellUse, Tag("cell")],
            Discriminator(_piece_kind),
        ]
    ] = Field(default_factory=list)

    @property
    def current(self) -> float:
        """Particle current in the file's unit; PlacedError if it is given twice."""
        raise NotImplementedError


class _SI(FileTables[_SIEnd, Layer, _SIInterface, SIMetal, _SIMesh], Generic[Layer]):
    j0_A_m2: Finite | None = None
    current_density_A_m2: Finite | None = None
    couplings: list[CouplingTable] = Field(default_factory=list)
    dynamics: DynamicsTable | None = None

    @property
    def current(self) -> float:
        """Particle current in the file's unit; ValueError if it is given twice."""
        if self.current_density_A_m2 is None:
            return 1.0 if self.j0_A_m2 is None else self.j0_A_m2
        if self.j0_A_m2 is not None:
            raise ValueError("one of j0_A_m2 and current_density_A_m2 must be given, got both")
        return -self.current_density_A_m2


class _Paper(FileTables[_PaperEnd, Layer, _PaperInterface, PaperMetal, _PaperMesh], Generic[Layer]):
    j0: Finite = 1.0

    @property
    def current(self) -> float:
        """Particle current in the file's unit."""
        return self.j0


class SIFile(_SI[_SILayer]):
    """A whole file in SI."""


class PaperFile(_Paper[_PaperLayer]):
    """A whole file in the paper's units."""


class SIMeshFile(_SI[_SIMeshLayer]):
    """A whole file in SI, its layers from a mesh."""


class PaperMeshFile(_Paper[MeshLayerTable]):
    """A whole file in the paper's units, its layers from a mesh."""


AnyFile = SIFile | PaperFile | SIMeshFile | PaperMeshFile
MODELS: dict[tuple[Units, bool], type[AnyFile]] = {
    ("SI", False): SIFile,
    ("SI", True): SIMeshFile,
    ("paper", False): PaperFile,
    ("paper", True): PaperMeshFile,
}
"""What a file is, by its units and whether its layers are from a mesh."""


def validated(data: dict[str, Any], units: Units) -> AnyFile:
    """Return the tables of a file; PlacedError with what is wrong in them."""
    model = MODELS[units, "mesh" in data]
    return checked(model, data, tagged={"materials": 2, "layers": 2, "cells": 4})
