"""Keys of stack files: what each of them means, and which units a file is in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from .._names import key_hint
from .._spelling import nearest
from ..files.tables import Location, PlacedError, all_of, key_path
from ..sample.units import (
    CONDUCTIVITY,
    INTERFACE_RESISTANCE,
    LENGTH,
    MAGNETIZATION,
    MIXING,
    RELAXATION_TIME,
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
    "tau_ps": (RELAXATION_TIME, "ps"),
    "resistivity_ohm_m": (RESISTIVITY, "Ohm m"),
    "rho_star_ohm_m": (RESISTIVITY, "Ohm m"),
    "sigma_S_m": (CONDUCTIVITY, "S/m"),
    "AR_fOhm_m2": (INTERFACE_RESISTANCE, "fOhm m2"),
    "mixing_S_m2": (MIXING, "S/m2"),
    "Ms_A_m": (MAGNETIZATION, "A/m"),
    "mu0_Ms_T": (MAGNETIZATION, "T"),
}
"""Keys of SI whose numbers are compared with what samples have, and their units."""
MEASURED_IN_DEVICES = {"radius_nm": (THICKNESS, "nm")}
"""The same, of those that stand in files of devices alone."""
SI_KEYS = (
    *("j0_A_m2", "current_density_A_m2", "scale_nm", "beta", *MEASURED),
    *("spin_potential_V", "spin_current_A_m2"),
    *("library", "variant", "temperature_K"),
    *("demag", "K_J_m3", "easy_axis", "held"),
    *("between", "exchange_J_m2", "biquadratic_J_m2", "dipolar"),
    *("field_A_m", "flux_density_mT", "pumping", "area_nm2", "time_ns", "rtol"),
)
PAPER_KEYS = (
    *("j0", "thickness", "scale", "l", "p", "lambda_J", "lambda_phi", "tau", "D"),
    *("AR", "mixing"),
    *("spin_potential", "spin_current"),
)

MEANINGS = {
    "title": "what the sample is",
    "j0_A_m2": "A/m2, particle current times |e|: positive when electrons flow towards +x; "
    "default 1",
    "current_density_A_m2": "A/m2, conventional current in place of j0_A_m2, minus it: positive "
    "when electrons flow towards -x",
    "j0": "particle current: positive when electrons flow towards +x; default 1",
    # ends
    "left": "what is behind the left end; a reservoir if left out",
    "right": "what is behind the right end; a reservoir if left out",
    "lead": "a material: a half-infinite lead of it",
    "end": '"reservoir" (mu_s = 0, or given), "spin-blocking" (j_s = 0) or "spin-source" (j_s '
    "given), in place of a lead",
    "spin_potential_V": "V, [x, y, z], mu_s of a reservoir; default 0",
    "spin_potential": "[x, y, z], mu_s of a reservoir; default 0",
    "spin_current_A_m2": "A/m2, [x, y, z], j_s of a spin source times |e|, positive towards +x",
    "spin_current": "[x, y, z], j_s of a spin source, positive towards +x",
    # layers
    "layers": "the sample from left to right, along +x",
    "material": "one of the materials of this file",
    "name": "the only one of its kind in the file; what commands and Python call it by",
    "thickness_nm": "nm, thickness",
    "thickness": "thickness, in the unit of l",
    "polar_deg": "degrees, angle of the magnetization from +z, which is in the plane of the layers",
    "azimuth_deg": "degrees, its angle from +x, the layers' normal, towards +y; default 0",
    "m": "direction of the magnetization in place of the angles, of any length but zero",
    "group": "layers with the same group are one magnet, and have parallel m",
    # magnets
    "Ms_A_m": "A/m, saturation magnetization: with it a layer moves, unless it is held; keys of a "
    "magnet stand in one layer of a group, or agree in several",
    "mu0_Ms_T": "T, mu_0 M_s, in place of Ms_A_m",
    "alpha": "Gilbert damping, without that by spin pumping; default 0",
    "demag": "demagnetizing factors [N_x, N_y, N_z], x along the layers' normal: [1, 0, 0] of a "
    "thin film; default 0",
    "K_J_m3": "J/m3, uniaxial anisotropy, positive where the axis is easy; default 0",
    "easy_axis": "[x, y, z], axis of the anisotropy, of any length but zero; default z, in the "
    "plane of the layers",
    "held": "true of a magnet that does not move; its M_s then only acts on others",
    # interfaces
    "interface": "an interface between two layers, or a layer and an end; without one it is "
    "transparent; before a reservoir, the face of a superconducting lead",
    "AR_fOhm_m2": "fOhm m2, AR* of Valet and Fert: RA/(1 - gamma^2) of the measured RA; default 0",
    "AR": "AR* of Valet and Fert; default 0",
    "gamma": "asymmetry, between -1 and 1; default 0",
    "delta": "spin memory loss: of the spins that pass, 1 - exp(-delta) are lost; default 0",
    "mixing_S_m2": "S/m2, mixing conductance [G_r, G_i]; without one no mu_s across m remains",
    "mixing": "mixing conductance [G_r, G_i]; without one no mu_s across m remains",
    # cells
    "cells": "parts of a sample that are repeated",
    "cell": "the name of a cell, whose layers stand here; copies of its layer a are a1, a2, ...",
    "repeat": "how many copies of the cell; default 1",
    # mesh
    "mesh": "layers from a mesh; they have no thickness then",
    "file": "a mesh of lines along x, sought beside this file: .msh (gmsh), .vtu, or scikit-fem's "
    ".json; names of layers are its groups",
    "scale_nm": "nm, length of one unit of the mesh",
    "scale": "length of one unit of the mesh; default 1",
    "tags": "array of cell data in a .vtu file that tells layers apart, if it has several",
    # motion
    "couplings": "of magnets, besides their torques",
    "between": "the names of two layers or groups; a coupling acts on those that move",
    "exchange_J_m2": "J/m2, J_1 of -J_1 m_a.m_b, positive where parallel is lower; default 0",
    "biquadratic_J_m2": "J/m2, J_2 of -J_2 (m_a.m_b)^2, negative where perpendicular is lower; "
    "default 0",
    "dipolar": "[N_x, N_y, N_z] of the field -M_s N m of the second magnet at the first one; "
    "default 0",
    "dynamics": "how magnets move: what spinfem critical, run and phase need",
    "field_A_m": "A/m, [x, y, z], applied field, x along the layers' normal; default 0",
    "flux_density_mT": "mT, [x, y, z], mu_0 times the applied field, in place of field_A_m",
    "pumping": "whether magnets that move pump spins, which damps them; default true",
    "area_nm2": "nm2, area of the sample, on which thermal fields depend",
    "time_ns": "ns, how long spinfem run lets magnets move; default 20",
    "rtol": "error of a step of spinfem run, radians; default 1e-8",
    # materials
    "materials": "metals by their names",
    "kind": '"normal" or "ferromagnet"; an antiferromagnet is a normal metal with a short l',
    "resistivity_ohm_m": "Ohm m, of a normal metal",
    "rho_star_ohm_m": "Ohm m, rho* of Valet and Fert: rho/(1 - beta^2) of the measured rho",
    "sigma_S_m": "S/m, total conductivity, in place of the resistivity or rho*",
    "beta": "bulk asymmetry, between -1 and 1",
    "beta_D": "diffusion polarization of codes for drift and diffusion, between -1 and 1, where it "
    "is not beta or p; their l_sf is l/sqrt(1 - beta beta_D) then",
    "l_nm": "nm, spin diffusion length; inf for none",
    "lambda_J_nm": "nm, precession of mu_s across m in the exchange field; without it and "
    "lambda_phi_nm the ferromagnet absorbs that at its face",
    "lambda_phi_nm": "nm, dephasing of mu_s across m",
    "tau_ps": "ps, spin relaxation time: all metals must have one at a frequency, and for currents "
    "that vary in time",
    "library": "numbers with sources, `spinfem materials` lists them; keys given beside it replace "
    "its numbers",
    "variant": "which of several sources in the library",
    "temperature_K": "K, temperature that the source of a library's numbers states, in place of "
    "the variant; in [dynamics] that of thermal fields, with pumping = false",
    "D": "4 D_up D_down/(D_up + D_down), 1/rho*; in a normal metal the conductivity",
    "l": "spin diffusion length; inf for none",
    "p": "polarization, between -1 and 1",
    "lambda_J": "precession of mu_s across m in the exchange field; without it and lambda_phi the "
    "ferromagnet absorbs that at its face",
    "lambda_phi": "dephasing of mu_s across m",
    "tau": "spin relaxation time, in any unit of time: all metals must have one at a frequency, "
    "and for currents that vary in time",
}
"""What every key of a file is, with its unit."""


IN_DEVICES = {
    # electrodes
    "electrodes": "surfaces through which a current enters, or where a potential is held or read; "
    "all others are blocking",
    "current_A": "A (A/m, per metre of depth, in a planar mesh), particle current times |e| into "
    "the device, of a pillar at its left end: positive where electrons enter; 0 of a probe of the "
    "potential",
    "potential_V": "V, mu_0 there: electrochemical potential of electrons over |e|",
    "j0_A_m2": "A/m2, the same particle current per area all over the surface, positive where "
    "electrons enter",
    "spin": '"reservoir" (mu_s = 0, or given), "blocking" (j_s = 0) or "source" (j_s given), in '
    'place of a lead; default "reservoir"',
    "spin_current_A_m2": "A/m2, [x, y, z], j_s of a spin source times |e|, positive into the "
    "device",
    "lead": "a material: a half-infinite lead of it, as wide as the surface",
    # regions and interfaces
    "regions": "what the regions of the mesh are of, by their names",
    "interfaces": "between regions, or a region and an electrode; without one a contact is "
    "transparent",
    "between": "the names of two regions, or of a region and an electrode, that touch",
    "polar_deg": "degrees, angle of the magnetization from +z",
    "azimuth_deg": "degrees, its angle from +x towards +y; default 0",
    # mesh
    "mesh": "regions and surfaces from a mesh",
    "file": "a mesh of gmsh (.msh), sought beside this file: physical volumes (surfaces in a "
    "plane) are the regions, physical surfaces (curves) the electrodes",
    "axisymmetric": "whether the mesh is a section through what is round: x is the distance from "
    "the axis; default false",
    # pillars
    "pillar": "a round pillar of a stack, in place of mesh, regions and electrodes: its layers "
    'are the regions, "left" and "right" the electrodes',
    "stack": "a stack file in SI, sought beside this file; its current is passed over",
    "radius_nm": "nm, radius",
    "below": "a disc at the left end of the stack, in place of what is there",
    "above": "a disc at the right end",
    "material": "one of the materials of this file, or of the stack file of a pillar",
}
"""What keys are in files of devices, where it is not as in stack files."""
OF_DEVICES = ("regions", "electrodes", "pillar")
"""Tables that files of devices have, and no others."""


def is_of_device(data: dict[str, Any]) -> bool:
    """Tell whether a file is one of a device: a misspelt key does not make it another one."""
    return "layers" not in data and any(
        key in OF_DEVICES or nearest(key, OF_DEVICES) for key in data
    )


def find_units(data: dict[str, Any]) -> Units:
    """Tell SI from the paper's units; PlacedError if the file mixes them."""
    found = [where for where, _ in values_of(data)]
    si = [where for where in found if where[-1] in SI_KEYS]
    paper = [where for where in found if where[-1] in PAPER_KEYS]
    if not (si and paper):
        return "paper" if paper else "SI"
    odd, usual = (si, paper) if len(si) < len(paper) else (paper, si)
    names = ("SI", "the paper's") if odd is si else ("the paper's", "SI")
    known = SI_KEYS if odd is paper else PAPER_KEYS
    raise all_of(
        [
            PlacedError(
                f"SI and the paper's units must not mix in one file, got {names[0]} here and "
                f"{names[1]} in {key_path(usual[0], data)}{key_hint(str(where[-1]), known)}",
                where,
            )
            for where in odd
        ]
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
