"""Devices: metals in space, in contact, with electrodes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from os import PathLike
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, breaks_of, finite, listed, positive, unit_vector
from .._spelling import near_match
from ..sample.listing import made_of
from ..sample.materials import Ferromagnet, Metal
from ..sample.pieces import (
    End,
    Interface,
    Lead,
    Reservoir,
    SpinSource,
    Superconductor,
    drive_of,
    shapes_of,
)
from ..sample.stack import Stack
from ..sample.units import THICKNESS, notice
from ..texts.tables import Column, Part, Readable, Table
from .builders import pillar_grid
from .grid import Grid, coarse_cells
from .meshes import read_grid

AXIAL = 1
"""Coordinate along the axis of a pillar, x of its stack."""
NEAR = 1e-9
"""Of the width of a graded metal: what roundings may put outside."""
Texture = Callable[[FloatArray], ArrayLike]
"""Of points (n, dimension), m, to magnetizations there (n, 3)."""
UNITS = {"current": "A", "potential": "V", "j0": "A/m2"}
"""Of what may be given at an electrode."""


@dataclass(frozen=True, eq=False)
class Region:
    """What a region of a device is of.

    Parameters
    ----------
    metal : NormalMetal or Ferromagnet
        No batch.
    m : array, shape (3,), or callable, optional
        Magnetization of a ferromagnet, normalized here; or a function of points (n, dimension), m,
        to magnetizations (n, 3) there, of a strong ferromagnet.
    across : (int, float, float), optional
        Of a graded metal: the number of the coordinate along which it changes, from 0, and where
        on it xi is 0 and where it is 1, m. The region is between these.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.
    """

    metal: Metal
    m: Any = None
    across: tuple[int, float, float] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.metal, Metal):
            raise TypeError(
                f"metal of a region must be a NormalMetal or a Ferromagnet, got {self.metal!r}"
            )
        if self.metal.shapes:
            raise ValueError(f"metal of a region must be no batch, got arrays in {self.metal!r}")
        object.__setattr__(self, "across", _checked_across(self.metal, self.across))
        if not isinstance(self.metal, Ferromagnet):
            if self.m is not None:
                raise ValueError(
                    "m (magnetization) of a region must be left out in a normal metal, got "
                    f"{self.m!r}"
                )
            return
        if self.m is None:
            raise ValueError(
                "m (magnetization) of a region must be given for a ferromagnet, got None"
            )
        if callable(self.m):
            if not self.metal.is_strong:
                raise ValueError(
                    "m (magnetization) of a region with exchange lengths must be one vector, got a "
                    "function"
                )
            return
        m = unit_vector("m (magnetization) of a region", self.m)
        if m.shape != (3,):
            raise ValueError(
                f"m (magnetization) of a region must have the shape (3,), got {m.shape}"
            )
        object.__setattr__(self, "m", m)

    @property
    def is_magnet(self) -> bool:
        """Whether it is a ferromagnet."""
        return isinstance(self.metal, Ferromagnet)

    @property
    def is_strong(self) -> bool:
        """Whether it is a ferromagnet without exchange lengths."""
        return isinstance(self.metal, Ferromagnet) and self.metal.is_strong

    def xi(self, points: FloatArray) -> FloatArray:
        """Return where points (..., dimension), m, are across a graded metal, 0 in a uniform one.

        What roundings put outside is at the end.
        """
        if self.across is None:
            return np.zeros(points.shape[:-1])
        axis, start, stop = self.across
        return np.asarray(np.clip((points[..., axis] - start) / (stop - start), 0.0, 1.0))

    def at(self, points: FloatArray) -> FloatArray:
        """Return m at points (n, dimension), m, shape (n, 3)."""
        if not callable(self.m):
            return np.broadcast_to(self.m, (len(points), 3))
        given = np.asarray(self.m(points), dtype=float)
        if given.shape != (len(points), 3):
            raise ValueError(
                "m (magnetization) of a region as a function of points must be of the shape "
                f"{(len(points), 3)} for points {points.shape}, got {given.shape}"
            )
        return unit_vector("m (magnetization) of a region", given)


@dataclass(frozen=True, eq=False, kw_only=True)
class Electrode:
    """A surface of a device through which a current enters or a potential is held.

    Parameters
    ----------
    current : float, optional
        Particle current times |e| into the device, A (A per metre of depth in a planar device):
        electrons enter where it is positive. 0 is a probe of the potential, which is one all over
        the surface.
    potential : float, optional
        mu_0 there, V: electrochemical potential of electrons over |e|.
    j0 : float, optional
        Particle current times |e| into the device per area, A/m2, the same all over: electrons
        enter where it is positive.
    end : Lead, Reservoir, SpinBlocking, SpinSource or Superconductor
        What is behind it, for spins. A lead is one of uniform metal as wide as the electrode. The
        spin current of a SpinSource is the same all over, positive into the device, as currents
        are. A Superconductor is a reservoir, and its `Interface` to all regions there: a device
        keeps these.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above, or not one of current, potential and density is given.
    """

    current: float | None = None
    potential: float | None = None
    j0: float | None = None
    end: End | Superconductor = field(default_factory=Reservoir)

    def __post_init__(self) -> None:
        if len(self.drive) != 1:
            raise ValueError(
                "one of current, potential and j0 of an electrode must be given, got "
                + (", ".join(self.drive) or "none")
            )
        ((key, value),) = self.drive.items()
        checked = np.asarray(finite(f"{key} of an electrode", value))
        if checked.ndim:
            raise ValueError(f"{key} of an electrode must be one number, got shape {checked.shape}")
        object.__setattr__(self, key, float(checked))
        _check_end(self.end)

    @property
    def drive(self) -> dict[str, float]:
        """What is given of current, potential and j0, by its name."""
        return {key: value for key in UNITS if (value := getattr(self, key)) is not None}


@dataclass(frozen=True, eq=False)
class Slab:
    """A disc below or above a pillar.

    Parameters
    ----------
    metal : NormalMetal or Ferromagnet
        A uniform metal.
    thickness, radius : float
        m.
    m : array, shape (3,), optional
        Magnetization of a ferromagnet.
    end : Lead, Reservoir, SpinBlocking, SpinSource or Superconductor
        What is behind it, for spins, as of an `Electrode`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.
    """

    metal: Metal
    thickness: float
    radius: float
    m: Any = None
    end: End | Superconductor = field(default_factory=Reservoir)

    def __post_init__(self) -> None:
        if getattr(self.metal, "is_graded", False):
            raise ValueError(
                f"metal of a slab must be uniform, got functions of xi in {self.metal!r}"
            )
        Region(self.metal, self.m)  # raises
        for key in ("thickness", "radius"):
            value = positive(f"{key} of a slab", getattr(self, key))
            if np.ndim(value):
                raise ValueError(f"{key} of a slab must be one number, got shape {np.shape(value)}")


@dataclass(frozen=True, eq=False)
class Device(Readable):
    """Metals in two or three dimensions, as described.

    Parameters
    ----------
    grid : Grid
        The mesh, its regions and surfaces.
    regions : mapping
        Of the name of every region to a `Region`, a normal metal, or a ferromagnet and its m, in
        any order; kept in that of the grid.
    electrodes : mapping
        Of names of surfaces to an `Electrode`. All other surfaces are blocking, for charge and
        spin.
    interfaces : mapping, optional
        Of two names, of regions or of a region and an electrode, to the `Interface` between them.
        All others are transparent.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above.
    """

    grid: Grid
    regions: Mapping[str, Any]
    electrodes: Mapping[str, Electrode]
    interfaces: Mapping[Any, Interface] = field(default_factory=dict)

    def __post_init__(self) -> None:
        regions = {name: _region_of(name, given) for name, given in dict(self.regions).items()}
        _check_names("regions", regions, self.grid.mesh.subdomains or {}, whole=True)
        electrodes = dict(self.electrodes)
        regions = {name: regions[name] for name in self.grid.regions}  # which they are counted by
        for name, region in regions.items():
            _check_between(self.grid, name, region)
        _check_names("electrodes", electrodes, self.grid.mesh.boundaries or {}, whole=False)
        both = set(regions) & set(electrodes)
        if both:
            raise ValueError(f"electrodes must not be named like regions, got {sorted(both)[0]!r}")
        for name, electrode in electrodes.items():
            if not isinstance(electrode, Electrode):
                raise TypeError(f"electrode {name!r} must be an Electrode, got {electrode!r}")
            if self.grid.is_on_axis(self.grid.surfaces[name]).all():
                raise ValueError(f"electrode {name!r} must have an area, got none on the axis")
        if not any(e.potential is not None for e in electrodes.values()):
            raise ValueError("potential must be given at one electrode at least, got none")
        near = touching(self.grid)
        interfaces = {}
        for key, interface in dict(self.interfaces).items():
            pair = (
                frozenset(key) if isinstance(key, tuple | list | set | frozenset) else frozenset()
            )
            known = {*regions, *electrodes}
            if len(pair) != 2 or not pair <= known or not pair & set(regions):
                raise ValueError(
                    "interfaces must be between two of the regions, or a region and an electrode "
                    f"({listed(sorted(known))}), got {key!r}"
                )
            if pair not in near:
                raise ValueError(
                    "interfaces must be between two that touch, got "
                    + " and ".join(map(repr, sorted(pair)))
                )
            for name in pair & {*electrodes}:
                if isinstance(electrodes[name].end, SpinSource):
                    raise ValueError(
                        "an interface must not be at a spin source, got one between "
                        + " and ".join(map(repr, sorted(pair)))
                    )
            interfaces[pair] = interface
        for name, electrode in electrodes.items():
            if isinstance(electrode.end, Superconductor):
                contact, _ = electrode.end.at_end(on_left=False)
                own = {pair: contact for pair in near if name in pair}
                if given := [*own.keys() & interfaces.keys()]:
                    names = " and ".join(map(repr, sorted(given[0])))
                    raise ValueError(
                        "interfaces must be left out before a Superconductor, which has its own, "
                        f"got one between {names}"
                    )
                electrodes[name], interfaces = replace(electrode, end=Reservoir()), interfaces | own
        ends = {name: getattr(own.end, "material", None) for name, own in electrodes.items()}
        metals = {name: region.metal for name, region in regions.items()} | ends
        for pair, interface in interfaces.items():
            _check_interface(pair, interface, [metals[name] for name in pair])
        checked: dict[str, dict[Any, Any]] = {
            "regions": regions,
            "electrodes": electrodes,
            "interfaces": interfaces,
        }
        for name, value in checked.items():
            object.__setattr__(self, name, MappingProxyType(value))

    def __reduce__(self) -> Any:  # read-only mappings cannot be pickled
        given = (dict(x) for x in (self.regions, self.electrodes, self.interfaces))
        return type(self), (self.grid, *given)

    @classmethod
    def from_mesh(
        cls,
        path: str | PathLike[str],
        regions: Mapping[str, Any],
        electrodes: Mapping[str, Electrode],
        interfaces: Mapping[Any, Interface] | None = None,
        *,
        scale: float = 1e-9,
        is_axisymmetric: bool = False,
    ) -> Device:
        """Return a device on the mesh of a file of gmsh, .msh.

        Parameters
        ----------
        path : str or path
            A file whose physical groups of volumes (of surfaces in two dimensions) are the regions
            and whose physical groups of surfaces (curves) the electrodes.
        regions, electrodes, interfaces
            As of `Device`.
        scale : float
            Length of a unit of the file, m.
        is_axisymmetric : bool
            As of `Grid`.

        Raises
        ------
        OSError
            If the file cannot be read.
        TypeError, ValueError
            If it is not as said there, or an argument not as of `Device`.
        """
        grid = read_grid(path, scale, is_axisymmetric=is_axisymmetric)
        return cls(grid, regions, electrodes, interfaces or {})

    @classmethod
    def pillar(
        cls,
        stack: Stack,
        *,
        radius: float,
        current: float,
        leads: tuple[Slab | None, Slab | None] | None = None,
        elements: int | None = None,
    ) -> Device:
        """Return a round pillar of a stack, between discs that may be wider.

        It is axisymmetric, with x of the stack along the axis; magnetizations may have any
        directions. Without `leads` every point of a layer is as in the stack.

        Parameters
        ----------
        stack : Stack
            What is in the pillar, without a batch. Its layers, graded ones along x, are the
            regions, by their names; its ends are those of the electrodes "left" and "right",
            unless there is a disc. Their spin currents are positive towards +x, as in the stack.
        radius : float
            m.
        current : float
            Particle current times |e|, A, positive when electrons flow towards +x.
        leads : pair of Slab or None, optional
            Discs below and above, in place of the stack's ends: regions "left lead", "right lead".
        elements : int, optional
            Finite elements across every layer, between the breaks of a graded one; by default as
            many as its spin diffusion length needs.

        Raises
        ------
        TypeError, ValueError
            If an argument is not as above.
        """
        if not isinstance(stack, Stack):
            raise TypeError(f"stack of a pillar must be a Stack, got {stack!r}")
        stack.check_complete()
        if stack.shape:
            raise ValueError(f"stack of a pillar must be no batch, got shape {stack.shape}")
        names = [str(layer.name) for layer in stack.layers]
        sides = ("left", "right")
        discs = (None, None) if leads is None else leads
        if (
            not isinstance(discs, tuple | list)
            or [disc for disc in discs if not isinstance(disc, Slab | None)]
            or len(discs) != len(sides)
        ):
            raise TypeError(f"leads of a pillar must be a pair of Slab or None, got {leads!r}")
        if stack.units == "SI":
            notice(THICKNESS, "radius of a pillar", positive("radius of a pillar", radius))
        layers = dict(zip(names, stack.layers, strict=True))
        regions = {
            name: Region(
                layer.material,
                layer.m,
                (AXIAL, *faces) if layer.material.is_graded else None,
            )
            for (name, layer), faces in zip(layers.items(), pairwise(stack.x.tolist()), strict=True)
        }
        thick = [
            (name, float(layer.thickness), float(layer.material.levels["l"]))
            for name, layer in layers.items()
        ]
        breaks = {
            name: breaks_of(*layer.material.numbers.values()) for name, layer in layers.items()
        }
        wide: list[tuple[str, float, float] | None] = [None, None]
        ends: list[Any] = [stack.left, stack.right]
        if isinstance(stack.right, SpinSource):
            ends[1] = SpinSource(-stack.right.spin_current)  # into the device
        outer = list(sides)
        for i, disc in enumerate(discs):
            if disc is not None:
                outer[i] = f"{sides[i]} lead"
                regions[outer[i]] = Region(disc.metal, disc.m)
                wide[i] = (outer[i], disc.thickness, disc.radius)
                ends[i] = disc.end
        joints = dict(
            zip(zip([outer[0], *names], [*names, outer[1]], strict=True), stack.joints, strict=True)
        )
        grid = pillar_grid(thick, radius, (wide[0], wide[1]), elements=elements, breaks=breaks)
        return cls(
            grid,
            regions,
            {
                "left": Electrode(current=current, end=ends[0]),
                "right": Electrode(potential=0.0, end=ends[1]),
            },
            {pair: joint for pair, joint in joints.items() if joint is not None},
        )

    def __repr__(self) -> str:
        kind, count = type(self.grid.mesh).__name__, self.grid.mesh.nelements
        return f"Device({', '.join(self.regions)}; {', '.join(self.electrodes)}; {count} {kind})"

    def _parts(self) -> list[Part]:
        def region(name: str) -> list[str]:
            own = self.regions[name]
            m = ""
            if own.is_magnet:
                m = "a function" if callable(own.m) else np.array2string(own.m, precision=4)
            return [name, own.metal.name or "", m, str(len(self.grid.regions[name]))]

        def electrode(name: str) -> list[str]:
            own = self.electrodes[name]
            ((key, value),) = own.drive.items()
            drive = made_of(own.end, "SI") if drive_of(own.end) is not None else ""
            behind = " ".join(filter(None, [type(own.end).__name__, drive]))
            return [name, f"{key} {value:g} {UNITS[key]}", behind]

        heads = (("", "metal", "m", "cells"), ("", "given", "end"))
        columns = [[Column(head, is_text=head != "cells") for head in row] for row in heads]
        shape = "axisymmetric" if self.grid.is_axisymmetric else f"{self.grid.dimension}D"
        return [
            f"device, {shape}",
            Table(columns[0], [*self.regions], region, "Regions"),
            Table(columns[1], [*self.electrodes], electrode, "Electrodes"),
        ]

    @property
    def zero(self) -> float:
        """The first potential that is given, V, from which others are counted in solving."""
        given = (x.potential for x in self.electrodes.values())
        return next(potential for potential in given if potential is not None)

    @property
    def undriven(self) -> Device:
        """The device without the spin potentials and currents that are given at its electrodes."""
        electrodes = {
            name: replace(electrode, end=type(electrode.end)(np.zeros(3)))
            if isinstance(electrode.end, Reservoir | SpinSource)
            else electrode
            for name, electrode in self.electrodes.items()
        }
        return Device(self.grid, self.regions, electrodes, self.interfaces)

    def replace(self, /, **m: Any) -> Device:
        """Return the device with other magnetizations, of regions by their names."""
        _check_names(
            "magnets", m, {k: r for k, r in self.regions.items() if r.is_magnet}, whole=False
        )
        turned = {name: replace(self.regions[name], m=way) for name, way in m.items()}
        return Device(self.grid, {**self.regions, **turned}, self.electrodes, self.interfaces)

    def driven(self, multiple: float) -> Device:
        """Return the device with all its currents and potentials times a number."""
        electrodes = {
            name: Electrode(end=given.end, **{key: multiple * x for key, x in given.drive.items()})
            for name, given in self.electrodes.items()
        }
        return Device(self.grid, self.regions, electrodes, self.interfaces)


def drives_spins(device: Device) -> list[str]:
    """Return the electrodes at which spin potentials or currents are given that are not zero."""
    drives = {name: drive_of(electrode.end) for name, electrode in device.electrodes.items()}
    return [name for name, drive in drives.items() if drive is not None and drive.any()]


def check_undriven(what: str, device: Device) -> None:
    """Raise ValueError where a spin potential or current is given at an electrode."""
    if driven := drives_spins(device):
        end = device.electrodes[driven[0]].end
        kind = "spin_potential" if isinstance(end, Reservoir) else "spin_current"
        raise ValueError(
            f"{what} must be of what currents drive alone, got a {kind} that is given at "
            f"{driven[0]!r}"
        )


def metals_of(device: Device) -> dict[str, Metal]:
    """Return the metals of regions and of leads, by the names of regions and electrodes."""
    metals = {name: region.metal for name, region in device.regions.items()}
    ends = ((name, electrode.end) for name, electrode in device.electrodes.items())
    return metals | {name: end.material for name, end in ends if isinstance(end, Lead)}


def check_reciprocal(what: str, device: Device) -> None:
    """Raise ValueError where beta_D of a ferromagnet is not p."""
    for name, metal in metals_of(device).items():
        if isinstance(metal, Ferromagnet) and metal.diffusion_polarization != metal.p:
            raise ValueError(
                f"beta_D of {name!r} must be p for {what}, which are those of reciprocal devices, "
                f"got {metal.beta_D} for {metal.p}"
            )


def touching(grid: Grid) -> set[frozenset[str]]:
    """Return the pairs that touch, of regions, and of regions and surfaces, by their names."""
    names, region = [*grid.regions], grid.region_of_cell
    found = {frozenset(pair) for pair in grid.interfaces}
    for name, facets in grid.surfaces.items():
        inside = np.unique(region[grid.mesh.f2t[0, facets]])
        found |= {frozenset((names[k], name)) for k in inside}
    return found


def _region_of(name: str, given: Any) -> Region:
    """Return a region of what was given for it."""
    if isinstance(given, Region):
        return given
    if isinstance(given, Metal):
        return Region(given)
    if isinstance(given, tuple) and len(given) == 2:
        return Region(*given)
    raise TypeError(
        f"region {name!r} must be a metal, a ferromagnet and its m, or a Region, got {given!r}"
    )


def _checked_across(metal: Metal, across: Any) -> tuple[int, float, float] | None:
    """Return where a graded metal is; None of a uniform one."""
    if not metal.is_graded:
        if across is not None:
            raise ValueError(
                f"across of a region must be left out for a uniform metal, got {across!r}"
            )
        return None
    is_triple = isinstance(across, tuple | list) and len(across) == 3
    if not is_triple or not isinstance(across[0], int) or across[0] < 0:
        raise ValueError(
            "across of a region of a graded metal must be the number of a coordinate, and where xi "
            f"is 0 and 1 on it, m, got {across!r}"
        )
    start, stop = (finite("across of a region", x) for x in across[1:])
    if np.ndim(start) or np.ndim(stop) or start == stop:
        raise ValueError(f"across of a region must have two ends that differ, got {across!r}")
    return across[0], float(start), float(stop)


def _check_between(grid: Grid, name: str, region: Region) -> None:
    """Check that a region of a graded metal is where that is."""
    if region.across is None:
        return
    axis, *ends = region.across
    if axis >= grid.dimension:
        raise ValueError(
            f"across of {name!r} must have a coordinate below {grid.dimension}, got {axis}"
        )
    x = np.atleast_2d(grid.mesh.p)[axis, grid.mesh.t[:, grid.regions[name]]] * grid.unit
    low, high = min(ends), max(ends)
    if max(low - x.min(), x.max() - high) > NEAR * (high - low):
        raise ValueError(
            f"{name!r} must be between the ends of its graded metal, {low:g} and {high:g} m, got "
            f"{x.min():g} to {x.max():g} m"
        )


def _check_names(
    what: str, given: Mapping[str, Any], known: Mapping[str, Any], whole: bool
) -> None:
    """Check that names are known, and that none is missing where all must be there."""
    for name in given:
        if name not in known:
            raise ValueError(
                f"{what} must be of the device's ({listed(list(known)) or 'it has none'}), "
                f"got {name!r}{near_match(str(name), list(known))}"
            )
    missing = [name for name in known if name not in given]
    if whole and missing:
        raise ValueError(f"{what} must have all of the grid's, got none for {missing[0]!r}")


def _check_end(end: Any) -> None:
    """Check what is behind an electrode."""
    if not isinstance(end, End | Superconductor):
        raise TypeError(
            "end of an electrode must be a Lead, Reservoir, SpinBlocking, SpinSource or "
            f"Superconductor, got {end!r}"
        )
    if isinstance(end, Superconductor):
        return  # its interface is looked at with others
    if shapes_of(end):
        raise ValueError("end of an electrode must be uniform and no batch, got one that is not")


def _check_interface(pair: frozenset[str], interface: object, metals: list[Any]) -> None:
    """Check that it is an interface of single numbers, of those that its two sides can have."""
    names = " and ".join(map(repr, sorted(pair)))
    if not isinstance(interface, Interface):
        raise TypeError(f"what is between {names} must be an Interface, got {interface!r}")
    numbers = interface.resistance, interface.gamma, interface.delta, interface.mixing
    if any(np.ndim(x) for x in numbers if x is not None):
        raise ValueError(f"interface between {names} must be of single numbers, got arrays")
    magnets = sum(isinstance(metal, Ferromagnet) for metal in metals)
    if interface.gamma and magnets == 0:
        raise ValueError(
            f"gamma of the interface between {names} must be 0, as neither is a ferromagnet, got "
            f"{interface.gamma:g}"
        )
    if interface.mixing is not None and magnets != 1:
        which = "both are ferromagnets" if magnets else "neither is a ferromagnet"
        raise ValueError(
            f"mixing of the interface between {names} must be left out, as {which}, got "
            f"{interface.mixing:g}"
        )


def notice_coarse(device: Device, level: int) -> None:
    """Warn, a line that calls the caller, of cells longer than spin diffusion lengths."""
    lengths = {name: float(region.metal.levels["l"]) for name, region in device.regions.items()}
    if coarse := coarse_cells(device.grid, lengths):
        warnings.warn(
            "cells at interfaces should be shorter than the spin diffusion length, got longer ones "
            f"in {listed(coarse)}: torques may be far off",
            RuntimeWarning,
            stacklevel=level,
        )
