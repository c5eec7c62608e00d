"""What may stand in a stack file: units, tables and keys.

The models check each table by itself; what tables say together is checked where the stack is
made, in `spinfem.io.stackfile`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, Tag

from .._checks import CONTROLS, FloatArray
from .._names import key_hint
from ..files.meshfile import MeshLayer, read_layers
from ..files.tables import (
    Finite,
    Length,
    Location,
    Mixing,
    Name,
    NonNegative,
    PlacedError,
    Polarization,
    Positive,
    Table,
    Text,
    Vector,
    checked,
    key_path,
    metres,
    must_be,
    ohm_square_metres,
    one_of,
)
from ..sample.materials import Ferromagnet, NormalMetal
from ..sample.pieces import Interface
from ..sample.units import (
    CONDUCTIVITY,
    INTERFACE_RESISTANCE,
    LENGTH,
    MIXING,
    RESISTIVITY,
    THICKNESS,
    Quantity,
)

Units = Literal["SI", "paper"]

MEASURED: dict[str, tuple[Quantity, str]] = {
    "thickness_nm": (THICKNESS, "nm"),
    "l_nm": (LENGTH, "nm"),
    "lambda_J_nm": (LENGTH, "nm"),
    "lambda_phi_nm": (LENGTH, "nm"),
    "resistivity_ohm_m": (RESISTIVITY, "Ohm m"),
    "rho_star_ohm_m": (RESISTIVITY, "Ohm m"),
    "sigma_S_m": (CONDUCTIVITY, "S/m"),
    "AR_fOhm_m2": (INTERFACE_RESISTANCE, "fOhm m2"),
    "mixing_S_m2": (MIXING, "S/m2"),
}
"""Keys of SI whose numbers are compared with what samples have, and their units."""
SI_KEYS = ("j0_A_m2", "scale_nm", "beta", *MEASURED)
PAPER_KEYS = ("j0", "thickness", "scale", "l", "p", "lambda_J", "lambda_phi", "D", "AR", "mixing")


# --- units ------------------------------------------------------------------------------------


def find_units(data: dict[str, Any]) -> Units:
    """Tell SI from the paper's units; error if the file mixes them."""
    found = [where for where, _ in values_of(data)]
    si = [where for where in found if where[-1] in SI_KEYS]
    paper = [where for where in found if where[-1] in PAPER_KEYS]
    if not (si and paper):
        return "paper" if paper else "SI"
    odd, usual = (si, paper) if len(si) < len(paper) else (paper, si)
    names = ("SI", "the paper's") if odd is si else ("the paper's", "SI")
    hint = key_hint(str(odd[0][-1]), SI_KEYS if odd is paper else PAPER_KEYS)
    raise PlacedError(
        f"SI and the paper's units must not mix in one file, got {names[0]} here "
        f"and {names[1]} in {key_path(usual[0], data)}{hint}",
        odd[0],
    )


def values_of(node: object, where: Location = ()) -> Iterator[tuple[Location, Any]]:
    """Yield values and where they stand; a table called `D` is a material and not a number."""
    if isinstance(node, dict):
        for key, item in node.items():
            yield from values_of(item, (*where, key))
    elif isinstance(node, list) and any(isinstance(item, dict | list) for item in node):
        for i, item in enumerate(node):
            yield from values_of(item, (*where, i))
    else:
        yield where, node


# --- ends and layers --------------------------------------------------------------------------


class MagneticTable(Table):
    """What may have a magnetization."""

    m: Vector | None = None
    polar_deg: Finite | None = None
    azimuth_deg: Finite | None = None
    group: Name | None = None


class EndTable(MagneticTable):
    """``[left]`` or ``[right]``."""

    lead: str | None = None
    end: Literal["reservoir", "spin-blocking"] | None = None
    name: Name | None = None


class LayerTable(MagneticTable):
    """One of ``[[layers]]`` that is a layer."""

    material: str
    name: Name | None = None

    def thickness_in_units(self) -> float:
        """Return the thickness in m, or as it is in the paper's units."""
        raise NotImplementedError


class _SILayer(LayerTable):
    thickness_nm: Positive

    def thickness_in_units(self) -> float:
        return metres(self.thickness_nm)


class _PaperLayer(LayerTable):
    thickness: Positive

    def thickness_in_units(self) -> float:
        return self.thickness


# --- layers from a mesh -----------------------------------------------------------------------


def _left_out(value: object) -> object:
    raise must_be("left out with [mesh]")


LeftOut = Annotated[None, BeforeValidator(_left_out)]


def _path(value: object) -> object:
    if isinstance(value, str) and CONTROLS.search(value):
        escapes = "in double quotes a backslash begins an escape: use single quotes"
        raise must_be(f"a path without control characters ({escapes})")
    return value


class MeshTable(Table):
    """``[mesh]``: where the layers are from."""

    file: Annotated[Name, BeforeValidator(_path)]  # looked at before Name is
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
    scale_nm: Positive

    def length_in_units(self, length: float) -> float:
        return metres(length * self.scale_nm)


class _PaperMesh(MeshTable):
    scale: Positive = 1.0

    def length_in_units(self, length: float) -> float:
        return length * self.scale


class MeshLayerTable(LayerTable):
    """One of ``[[layers]]`` that is a group of cells."""

    name: Name
    thickness_nm: LeftOut = None
    thickness: LeftOut = None


# --- interfaces -------------------------------------------------------------------------------


def _true(value: object) -> object:
    if value is not True:
        raise must_be("true, or left out for a layer")
    return value


class InterfaceTable(Table):
    """One of ``[[layers]]`` that is an interface; all but what it is may be left out."""

    interface: Annotated[bool, BeforeValidator(_true)]
    name: Name | None = None
    gamma: Polarization | None = None
    delta: NonNegative | None = None

    @property
    def mixing_key(self) -> str:
        """What the mixing conductance is called in these units."""
        raise NotImplementedError

    def piece(self) -> Interface:
        """Return the interface in m and S, or as it is in the paper's units."""
        raise NotImplementedError

    def _piece(self, resistance: float | None, mixing: list[float] | None) -> Interface:
        return Interface(
            resistance=0.0 if resistance is None else resistance,
            gamma=0.0 if self.gamma is None else self.gamma,
            delta=0.0 if self.delta is None else self.delta,
            mixing=None if mixing is None else mixing[0] + 1j * mixing[1],
            name=self.name,
        )


class _SIInterface(InterfaceTable):
    AR_fOhm_m2: NonNegative | None = None
    mixing_S_m2: Mixing | None = None

    @property
    def mixing_key(self) -> str:
        return "mixing_S_m2"

    def piece(self) -> Interface:
        AR = None if self.AR_fOhm_m2 is None else ohm_square_metres(self.AR_fOhm_m2)
        return self._piece(AR, self.mixing_S_m2)


class _PaperInterface(InterfaceTable):
    AR: NonNegative | None = None
    mixing: Mixing | None = None

    @property
    def mixing_key(self) -> str:
        return "mixing"

    def piece(self) -> Interface:
        return self._piece(self.AR, self.mixing)


ONLY_INTERFACES = {"AR_fOhm_m2", "AR", "gamma", "delta", "mixing_S_m2", "mixing"}


def _piece_kind(table: object) -> str:
    """Tell interfaces from layers, even if `interface` itself is missing."""
    keys = set(table) if isinstance(table, dict) else set()
    meant = "material" not in keys and keys & ONLY_INTERFACES
    return "interface" if "interface" in keys or meant else "layer"


SIPiece = Annotated[
    Annotated[_SILayer, Tag("layer")] | Annotated[_SIInterface, Tag("interface")],
    Discriminator(_piece_kind),
]
PaperPiece = Annotated[
    Annotated[_PaperLayer, Tag("layer")] | Annotated[_PaperInterface, Tag("interface")],
    Discriminator(_piece_kind),
]
SIMeshPiece = Annotated[
    Annotated[MeshLayerTable, Tag("layer")] | Annotated[_SIInterface, Tag("interface")],
    Discriminator(_piece_kind),
]
PaperMeshPiece = Annotated[
    Annotated[MeshLayerTable, Tag("layer")] | Annotated[_PaperInterface, Tag("interface")],
    Discriminator(_piece_kind),
]


# --- materials --------------------------------------------------------------------------------


class _SINormal(Table):
    kind: Literal["normal"]
    resistivity_ohm_m: Positive | None = None
    sigma_S_m: Positive | None = None
    l_nm: Length

    def metal(self, name: str) -> NormalMetal:
        key, value = one_of(self, "resistivity_ohm_m", "sigma_S_m")
        sigma = key == "sigma_S_m"
        make = NormalMetal.from_conductivity if sigma else NormalMetal.from_resistivity
        return make(value, l=metres(self.l_nm), name=name)


class _SIFerromagnet(Table):
    kind: Literal["ferromagnet"]
    rho_star_ohm_m: Positive | None = None
    sigma_S_m: Positive | None = None
    beta: Polarization
    l_nm: Length
    lambda_J_nm: Length | None = None
    lambda_phi_nm: Length | None = None

    def metal(self, name: str) -> Ferromagnet:
        key, value = one_of(self, "rho_star_ohm_m", "sigma_S_m")
        l, lengths = metres(self.l_nm), (self.lambda_J_nm, self.lambda_phi_nm)
        J, phi = (None if length is None else metres(length) for length in lengths)
        more: dict[str, Any] = {"l": l, "lambda_J": J, "lambda_phi": phi, "name": name}
        if key == "sigma_S_m":
            return Ferromagnet.from_conductivity(value, p=self.beta, **more)
        return Ferromagnet.from_valet_fert(value, beta=self.beta, **more)


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
    lambda_J: Length | None = None
    lambda_phi: Length | None = None

    def metal(self, name: str) -> Ferromagnet:
        J, phi = self.lambda_J, self.lambda_phi
        return Ferromagnet(D=self.D, l=self.l, p=self.p, lambda_J=J, lambda_phi=phi, name=name)


# --- files ------------------------------------------------------------------------------------


class _File(Table):
    title: Text | None = None
    left: EndTable | None = None
    right: EndTable | None = None


class SIFile(_File):
    """A whole file in SI."""

    j0_A_m2: Finite = 1.0
    materials: dict[Name, Annotated[_SINormal | _SIFerromagnet, Discriminator("kind")]] = Field(
        default_factory=dict
    )
    mesh: _SIMesh | None = None
    layers: list[SIPiece] = Field(default_factory=list)

    @property
    def current(self) -> float:
        """Particle current in the file's unit."""
        return self.j0_A_m2


class PaperFile(_File):
    """A whole file in the paper's units."""

    j0: Finite = 1.0
    materials: dict[Name, Annotated[_PaperNormal | _PaperFerromagnet, Discriminator("kind")]] = (
        Field(default_factory=dict)
    )
    mesh: _PaperMesh | None = None
    layers: list[PaperPiece] = Field(default_factory=list)

    @property
    def current(self) -> float:
        """Particle current in the file's unit."""
        return self.j0


class SIMeshFile(SIFile):
    """A whole file in SI, its layers from a mesh."""

    layers: list[SIMeshPiece] = Field(default_factory=list)  # type: ignore[assignment]


class PaperMeshFile(PaperFile):
    """A whole file in the paper's units, its layers from a mesh."""

    layers: list[PaperMeshPiece] = Field(default_factory=list)  # type: ignore[assignment]


def validated(data: dict[str, Any], units: Units) -> SIFile | PaperFile:
    """Return the tables of a file; PlacedError with the first thing that is wrong in them."""
    meshed = "mesh" in data
    model: type[SIFile | PaperFile] = PaperMeshFile if meshed else PaperFile
    if units == "SI":
        model = SIMeshFile if meshed else SIFile
    return checked(model, data, tagged={"materials": 2, "layers": 2})
