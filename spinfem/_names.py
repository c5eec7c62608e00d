"""What things are called elsewhere, and what they are here: hints that keep unit and meaning.

Papers and other programs call one quantity by many names, and many by one. Who comes from there is
told what the key here is, and how to convert: "measured rho" is not rho*, RA is not AR*, the unit
of `thickness_nm` is not that of `thickness_m`. Only a misspelt name gets another one for it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import pi

from ._spelling import amounts, near_match, nearest
from .constants import CONDUCTANCE_QUANTUM, MU_0

# --- units ------------------------------------------------------------------------------------

OERSTED = 1e3 / (4 * pi)
"""A/m; mu_0 times that is 1 G."""
_SIZES: dict[str, dict[str, float]] = {
    "m": {"m": 1, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "nm": 1e-9, "angstrom": 1e-10, "pm": 1e-12},
    "degrees": {"deg": 1, "rad": 180 / pi},
    "Ohm m": {"Ohm_m": 1, "Ohm_cm": 1e-2, "uOhm_m": 1e-6, "uOhm_cm": 1e-8, "nOhm_m": 1e-9},
    "S/m": {"S_m": 1, "S_cm": 1e2, "MS_m": 1e6},
    "Ohm m2": {"Ohm_m2": 1, "Ohm_cm2": 1e-4, "Ohm_um2": 1e-12, "mOhm_um2": 1e-15, "fOhm_m2": 1e-15},
    "S/m2": {"S_m2": 1, "S_cm2": 1e4, "S_um2": 1e12}
    | {"per_m2": CONDUCTANCE_QUANTUM, "per_nm2": 1e18 * CONDUCTANCE_QUANTUM},
    "A": {"A": 1, "mA": 1e-3, "uA": 1e-6},
    "V": {"V": 1, "mV": 1e-3, "uV": 1e-6},
    "A/m2": {"A_m2": 1, "A_cm2": 1e4, "MA_m2": 1e6, "mA_um2": 1e9, "MA_cm2": 1e10, "A_um2": 1e12},
    "A/m": {"A_m": 1, "kA_m": 1e3, "MA_m": 1e6, "T": 1 / MU_0, "mT": 1e-3 / MU_0}
    | {"emu_cm3": 1e3, "Oe": OERSTED, "kOe": 1e3 * OERSTED, "G": OERSTED, "kG": 1e3 * OERSTED},
    "J/m3": {"J_m3": 1, "kJ_m3": 1e3, "MJ_m3": 1e6, "erg_cm3": 0.1},
    "J/m2": {"J_m2": 1, "mJ_m2": 1e-3, "erg_cm2": 1e-3},
    "m2": {"m2": 1, "nm2": 1e-18, "um2": 1e-12},
    "s": {"us": 1e-6, "ns": 1e-9, "ps": 1e-12, "fs": 1e-15},
    "K": {"K": 1},
}
UNITS = {end: (unit, size) for unit, ends in _SIZES.items() for end, size in ends.items()}
"""Ends of keys: the unit in SI, or degrees, and how many of that they are."""
PARTS = {part for end in UNITS for part in end.split("_")} - {"J", "emu", "erg"}
"""Parts of units that no unit begins with alone: lambda_J is no energy."""


PER = ("S", "A", "J", "emu", "erg")
"""Units whose sizes per length, area or volume are meant, as they are written before it."""


@functools.lru_cache(1000)
def split_unit(key: str) -> tuple[str, str]:
    """Return what a key is without its unit, and the unit at its end, or an empty string.

    >>> split_unit("two_AR_fOhm_m2"), split_unit("beta")
    (('two_AR', 'fOhm_m2'), ('beta', ''))
    """
    parts = key.replace("ohm", "Ohm").split("_")
    first = len(parts)
    while first > 1 and parts[first - 1] in PARTS:
        first -= 1
    known = (i for i in range(1, first) if "_".join(parts[i:]) in UNITS)
    first = next(known, first)
    return "_".join(key.split("_")[:first]), "_".join(parts[first:])


def shown_unit(end: str) -> str:
    """Write the unit at the end of a key: ``fOhm m2``, ``S/m``."""
    if end in ("deg", "degrees"):
        return "degrees"
    if end.startswith("per_"):
        return end.replace("per_", "1/")
    over = end.split("_")[0].removeprefix("k").removeprefix("M").removeprefix("m") in PER
    return end.replace("_", "/" if over else " ", 1)


SIZES = {shown_unit(end): unit_and_size for end, unit_and_size in UNITS.items()} | {"s": ("s", 1)}
"""The same by units as they are written; seconds end no key, the s of l_s is that of spin."""


# --- quantities -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quantity:
    """A number of a sample.

    Attributes
    ----------
    keys : tuple of str
        What it is called here: in stack files in SI, in the paper's units, and in Python.
    unit : str
        SI unit of a key that does not state it; empty for pure numbers.
    others : mapping of str to str
        What the key is, by the names, separated by blanks, of what is given elsewhere.
    """

    keys: tuple[str, ...]
    unit: str
    others: Mapping[str, str]


DIRECTION = "sf.direction(polar, azimuth)"
"""How m is given in Python by angles."""
_POLARIZATION = "the polarization (sigma_up - sigma_down)/(sigma_up + sigma_down)"
_POLARIZATIONS = "polarization polarisation spin_polarization asymmetry bulk_asymmetry"
_BY_ALPHA = "(alpha - 1)/(alpha + 1) of alpha = rho_down/rho_up"

QUANTITIES = (
    Quantity(
        ("polar_deg", "polar"),
        "degrees",
        {
            "theta zenith inclination colatitude angle": "the angle from +z, an axis in the plane "
            "of the layers"
        },
    ),
    Quantity(
        ("azimuth_deg", "azimuth"),
        "degrees",
        {
            "phi longitude": "the angle from +x, the normal of the layers, towards +y, of the part "
            "in the xy plane"
        },
    ),
    Quantity(
        ("m",),
        "",
        {
            "theta phi polar azimuth angle": f"{DIRECTION}, of angles in degrees",
            "magnetization magnetisation direction moment mag": "the direction of the "
            "magnetization, three numbers",
        },
    ),
    Quantity(
        ("thickness_nm", "thickness"), "m", {"d t h width length": "the thickness of the layer"}
    ),
    Quantity(
        ("l_nm", "l"),
        "m",
        {
            "lsf l_sf lambda_sf": "the length over which mu_s along m decays: Valet and Fert's "
            "l_sf, and lambda_sf sqrt(1 - beta beta') of Zhang, Levy and Fert",
            "lsd l_sd l_s lambda lambda_sd lambda_s sdl spin_diffusion_length diffusion_length": (
                "the spin diffusion length"
            ),
        },
    ),
    Quantity(
        ("rho_star_ohm_m",),
        "Ohm m",
        {
            "rho rho_F rho_measured resistivity": "rho/(1 - beta^2) of the measured rho",
            "rho_up rho_down": "(rho_up + rho_down)/4, and beta is "
            "(rho_down - rho_up)/(rho_down + rho_up)",
            "D": "1/D of the paper's D, as is resistivity_ohm_m of a normal metal",
        },
    ),
    Quantity(
        ("resistivity_ohm_m",),
        "Ohm m",
        {"rho rho_N rho_star rho_measured": "the resistivity", "D": "1/D of the paper's D"},
    ),
    Quantity(
        ("sigma_S_m",),
        "S/m",
        {
            "conductivity sigma_F sigma_N": "the total conductivity",
            "sigma_up sigma_down": "sigma_up + sigma_down",
            "sigma_star": "sigma_star/(1 - beta^2) of sigma_star = 1/rho*",
        },
    ),
    Quantity(
        ("D",),
        "S/m",
        {
            "rho resistivity": "(1 - p^2)/rho of the measured rho",
            "rho_star": "1/rho_star",
            "sigma conductivity": "sigma (1 - p^2) of the total conductivity",
            "D_0 diffusivity diffusion_constant": "1/rho*, a conductivity, no diffusion constant",
        },
    ),
    Quantity(
        ("beta",),
        "",
        {f"p P {_POLARIZATIONS}": f"{_POLARIZATION}, the paper's p", "alpha": _BY_ALPHA},
    ),
    Quantity(
        ("p",),
        "",
        {f"beta P {_POLARIZATIONS}": f"{_POLARIZATION}, Valet and Fert's beta", "alpha": _BY_ALPHA},
    ),
    Quantity(
        ("beta_D",),
        "",
        {
            "beta_prime diffusion_polarization diffusion_polarisation": (
                "the diffusion polarization, magnum.fe's beta' and Boris's beta_D"
            )
        },
    ),
    Quantity(
        ("lambda_J_nm", "lambda_J"),
        "m",
        {
            "l_J l_ex lambda_ex exchange_length": "the length of precession of mu_s about m, and "
            "not the exchange length of micromagnetics"
        },
    ),
    Quantity(
        ("lambda_phi_nm", "lambda_phi"),
        "m",
        {"l_phi l_ph lambda_dephasing dephasing_length": "the length of dephasing across m"},
    ),
    Quantity(
        ("tau_ps", "tau"),
        "s",
        {
            "tau_s": "the spin relaxation time (1 s is 1e12 ps)",
            "tau_sf tau_sd T1 T_1 t_sf spin_lifetime lifetime spin_relaxation_time "
            "relaxation_time spin_flip_time": "the spin relaxation time",
        },
    ),
    Quantity(
        ("two_AR_fOhm_m2",), "Ohm m2", {"2AR AR2 twoAR": "2AR*, twice the AR* of Valet and Fert"}
    ),
    Quantity(
        ("AR_fOhm_m2", "AR", "resistance"),
        "Ohm m2",
        {
            "RA R resistance": "AR*, RA/(1 - gamma^2) of the measured RA",
            "two_AR 2AR AR2 twoAR": "AR*, half of 2AR*",
            "AR AR_star r_b rb": "AR* of Valet and Fert",
            "AR_up AR_down": "AR*, (AR_up + AR_down)/4, and gamma is "
            "(AR_down - AR_up)/(AR_down + AR_up)",
            "G_up G_down": "AR*, (1/G_up + 1/G_down)/4, and gamma is "
            "(G_up - G_down)/(G_up + G_down)",
        },
    ),
    Quantity(
        ("gamma",),
        "",
        {
            f"beta p P {_POLARIZATIONS}": "the asymmetry of the interface, "
            "(AR_down - AR_up)/(AR_down + AR_up)",
            "alpha": "(alpha - 1)/(alpha + 1) of alpha = AR_down/AR_up",
        },
    ),
    Quantity(
        ("delta",),
        "",
        {
            "delta_sf delta_SF delta_I spin_flip_parameter": "delta of 1 - exp(-delta), Bass and "
            "Pratt's probability of a spin flip",
            "P_sf P_SF sml SML spin_memory_loss spin_flip spin_flip_probability": (
                "-ln(1 - P) of the probability P of a spin flip"
            ),
        },
    ),
    Quantity(
        ("mixing_S_m2", "mixing"),
        "S/m2",
        {
            "G g G_r G_i g_r g_i Gr Gi G_mix g_mix Gmix mixing_conductance": "the mixing "
            "conductance G_r + i G_i, e^2/h times g in 1/m2"
        },
    ),
    Quantity(
        ("j0_A_m2", "j0"),
        "A/m2",
        {
            "j J J0 jc je current current_density": "the particle current, positive when electrons "
            "flow towards +x: minus the conventional current density"
        },
    ),
    Quantity(
        ("Ms_A_m", "Ms"),
        "A/m",
        {
            "M_s Ms M M0 M_0 Msat M_sat saturation_magnetization saturation_magnetisation": (
                "the saturation magnetization"
            ),
            "4piMs 4piM 4_pi_Ms fourpiMs mu0M mu0_M mu_0_M mu_0_M_s J_s Js B_s Bs": (
                "M_s, of mu_0 M_s or 4 pi M_s"
            ),
            "magnetization magnetisation": "the saturation magnetization",
        },
    ),
    Quantity(
        ("alpha",),
        "",
        {
            "damping gilbert gilbert_damping alpha_G alpha_0 alpha0": "the Gilbert damping, "
            "without that by spin pumping"
        },
    ),
    Quantity(
        ("demag",),
        "",
        {
            "N Nd demagTensor demag_tensor demag_factors demagnetization demagnetizing_factors "
            "shape_anisotropy": "[N_x, N_y, N_z] along the layers' normal x, which is z in mumax3 "
            "and OOMMF, and along y and z"
        },
    ),
    Quantity(
        ("K_J_m3", "K"),
        "J/m3",
        {
            "Ku1 Ku K1 K_u K_1 K_u1 Kuni K anis anisotropy uniaxial_anisotropy "
            "anisotropy_constant": "the uniaxial anisotropy, positive where the axis is easy",
            "Hk H_k HK H_K anisotropy_field": "mu_0 M_s H_K/2 of the anisotropy field H_K",
        },
    ),
    Quantity(
        ("easy_axis", "axis"),
        "",
        {
            "anisU axis u anisAxis anis_axis anisotropy_axis K_axis easyaxis": "the axis of the "
            "anisotropy, three numbers: (a, b, c) of mumax3 and OOMMF, whose z is the layers' "
            "normal, is [c, a, b]"
        },
    ),
    Quantity(("held",), "", {"fixed pinned frozen": "true of a magnet that does not move"}),
    Quantity(
        ("between",), "", {"layers magnets pair names a b": "the names of two layers or groups"}
    ),
    Quantity(
        ("exchange_J_m2", "exchange"),
        "J/m2",
        {
            "J J1 J_1 J_ex Jex J_iec iec IEC RKKY J_RKKY rkky exchange bilinear "
            "interlayer_exchange": "J_1 of the energy per area -J_1 m_a.m_b, positive where "
            "parallel is lower"
        },
    ),
    Quantity(
        ("biquadratic_J_m2", "biquadratic"),
        "J/m2",
        {"J2 J_2 B12 biquadratic": "J_2 of the energy per area -J_2 (m_a.m_b)^2"},
    ),
    Quantity(
        ("dipolar",),
        "",
        {
            "dipole dipoleTensor dipole_tensor N dipolar_tensor stray stray_field": "[N_x, N_y, "
            "N_z] of the field -M_s N m of the second magnet at the first one"
        },
    ),
    Quantity(
        ("field_A_m", "field"),
        "A/m",
        {
            "H Hext H_ext H_app Happ H0 H_0 field h_ext external_field applied_field Zeeman": (
                "the applied field, [x, y, z], x along the layers' normal"
            )
        },
    ),
    Quantity(
        ("flux_density_mT", "flux_density"),
        "A/m",
        {
            "B Bext B_ext B_app B0 B_0 mu0H mu0_H flux_density induction": "mu_0 times the applied "
            "field, [x, y, z], x along the layers' normal"
        },
    ),
    Quantity(
        ("pumping",), "", {"pump spin_pumping spinpumping": "whether moving magnets pump spins"}
    ),
    Quantity(
        ("area_nm2", "area"),
        "m2",
        {"A S area surface cellSurface cross_section": "the area of the sample"},
    ),
    Quantity(
        ("time_ns", "time"),
        "s",
        {"t T duration total_time totalTime t_end stop": "how long magnets move"},
    ),
    Quantity(
        ("rtol",), "", {"tolerance atol maxerr error precision": "the error of a step, radians"}
    ),
    Quantity(("scale_nm", "scale"), "m", {"unit units": "the length of one unit of the mesh"}),
    Quantity(("temperature_K",), "K", {"T": "the temperature"}),
    Quantity(
        ("spin",), "", {"end": "what is behind the surface for spins, 'reservoir' or 'blocking'"}
    ),
    Quantity(("kind",), "", {"type class": "'normal' or 'ferromagnet'"}),
    Quantity(("lead",), "", {"material metal": "the name of the material of the lead"}),
    Quantity(("material",), "", {"metal lead": "the metal of the layer"}),
)
"""What a sample is described by, and what is given for it elsewhere."""
_BY_KEY = {key: quantity for quantity in QUANTITIES for key in quantity.keys}


def key_hint(given: str, known: Collection[str], owner: str = "") -> str:
    """Return what an unknown key means here, for the end of a message, or an empty string.

    Parameters
    ----------
    given : str
        The unknown key.
    known : collection of str
        Keys that could stand in its place.
    owner : str
        What stands before the keys in the message, such as ``"free."``.

    Returns
    -------
    str
        Of another name or unit ``"; thickness_nm is in nm (1 m = 1e+09 nm)"``, of a misspelt key
        ``"; did you mean 'thickness_nm'?"``.
    """
    if other := other_name(given, known):
        key, meaning = other
        return f"; {owner}{key} is {meaning}"
    name, end = split_unit(given)
    plain = {key: split_unit(key)[0] for key in known}
    meant = [key for key in known if plain[key] == name] or known
    long = [key for key in meant if len(plain[key]) > 2 or plain[key] == name]  # not l_nm of L_nm
    alike = [key for key in long if split_unit(key)[1] == end or _letters(key) == _letters(given)]
    if spelt := nearest(given, alike):
        return f"; did you mean {owner + spelt!r}?"
    for key in meant:
        if nearest(name, [plain[key]]) and (stated := _in_unit(key, end, "")):
            return f"; {owner}{key} is {stated}"
    return ""


def other_name(given: str, known: Collection[str]) -> tuple[str, str] | None:
    """Return which key is meant by another name of a quantity, and what it is here, or None."""
    name, end = split_unit(given)
    meant = [key for key in known if split_unit(key)[0] == name] or known
    dimension = UNITS.get(end, ("", 1))[0]
    for quantity in _in_order(dimension if end else None):
        key = next((key for key in quantity.keys if key in meant), None)
        if key is None or key == name:
            continue
        for names, meaning in quantity.others.items():
            if _is_one(name, names):
                return key, meaning + _in_unit(key, end, ", ")
    return None


@functools.cache
def _in_order(dimension: str | None) -> list[Quantity]:
    """Return quantities, those of a unit first: magnetization_A_m is no direction."""
    return sorted(QUANTITIES, key=lambda one: dimension is not None and one.unit != dimension)


def _is_one(name: str, names: str) -> bool:
    """Tell whether a name is one of several; d is no D, but SIGMA is sigma."""
    several, in_one_case = _spellings(names)
    return name in several or (len(name) > 1 and name.casefold() in in_one_case)


@functools.cache
def _spellings(names: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return several names as they are, and without capitals."""
    return frozenset(names.split()), frozenset(names.casefold().split())


def _letters(key: str) -> str:
    return key.casefold().replace("_", "")


def _in_unit(key: str, given: str, comma: str) -> str:
    """Write the unit of a key, and how to get there from the one that was given."""
    end = split_unit(key)[1]
    if end:
        text = f"{comma}in {shown_unit(end)}"
    elif given and key in _BY_KEY and _BY_KEY[key].unit:
        end = _BY_KEY[key].unit
        text = f"{comma}in the unit of the other numbers, {end} in SI"
    else:
        return ""
    dimension, size = UNITS.get(end, (end, 1))
    other, factor = UNITS.get(given, ("", 1))
    if given == end or other != dimension:
        return text
    one = shown_unit(given) if given.startswith("per_") else f"1 {shown_unit(given)}"
    return f"{text} ({one} = {factor / size:.6g} {shown_unit(end)})"


# --- kinds of things --------------------------------------------------------------------------

_BARRIER = "spinfem computes diffusion in metals, and no tunnelling through barriers"
_SUPERCONDUCTOR = (
    "a superconducting lead is an interface with its AR* and a reservoir behind it: {lead}"
)
_SYNTHETIC = (
    "a synthetic antiferromagnet is two ferromagnets with antiparallel m and a normal metal, such "
    "as Ru, between them"
)
_ANTIFERROMAGNET = "an antiferromagnet is a normal metal with a short l"
LEAD_IN_PYTHON = "Superconductor(AR)"
LEAD_IN_FILES = (
    '[left] with end = "reservoir", and a first of [[layers]] with interface = true and AR_fOhm_m2 '
    "(in the paper's units AR); or [right] and a last one"
)

NOT_HERE = {
    "insulator barrier tunnel junction mtj oxide dielectric semiconductor "
    "insulating semiconducting": _BARRIER,
    "MgO AlOx Al2O3 TiO2 NiO YIG": _BARRIER,
    "superconductor superconducting Nb NbN NbTi": _SUPERCONDUCTOR,
    "saf synthetic": _SYNTHETIC,
    "antiferromagnet antiferromagnetic afm IrMn FeMn PtMn NiMn": _ANTIFERROMAGNET,
    "ferrimagnet ferrimagnetic": "a ferrimagnet is a ferromagnet with beta of either sign",
    "half_metal half_metallic": "a half-metal is a ferromagnet with beta near 1",
    "heavy_metal": "a heavy metal is a normal metal, spinfem computes no spin Hall effect",
}
"""What there is in place of what does not exist here, by names of one or two words."""
KINDS = {
    "normal": "normal metal normalmetal nonmagnet nonmagnetic nonferromagnetic paramagnet "
    "paramagnetic nm n",
    "ferromagnet": "ferromagnet magnet magnetic ferromagnetic fm f",
}
"""Names of the kinds that there are."""


def kind_hint(given: str, known: Collection[str], *, in_file: bool = False) -> str:
    """Return what to take in place of an unknown kind, end or material, or an empty string.

    Of several words, one that means what does not exist here decides; a kind that does is meant if
    no word means anything else: a ferromagnetic metal is a ferromagnet, a transition metal may be
    either.

    Parameters
    ----------
    given : str
        The unknown name.
    known : collection of str
        Names that could stand in its place.
    in_file : bool
        Whether it stands in a file: then nothing is said in Python.

    >>> kind_hint("ferromagnetic metal", ["normal", "ferromagnet"])
    "; did you mean 'ferromagnet'?"
    """
    words = _words(given)
    names = {*words, *map("_".join, pairwise(words))}
    for others, text in NOT_HERE.items():
        if names & set(others.casefold().split()):
            return f"; {text.format(lead=LEAD_IN_FILES if in_file else LEAD_IN_PYTHON)}"
    telling = {word for word in words if word != "metal"} or set(words)
    for kind, others in KINDS.items():
        if kind in known and telling and telling <= set(others.split()):
            return f"; did you mean {kind!r}?"
    return near_match(given, known)


def _words(name: str) -> list[str]:
    """Return the words of a name; one that makes the opposite of the next one stays with it."""
    words = re.sub(r"(?<![^\W_])(anti|non|para)[\W_]+", r"\1", name.casefold())
    return re.findall(r"[^\W_]+", words)


# --- materials --------------------------------------------------------------------------------

COMPOSITIONS = {
    "Ni80Fe20": "Py Permalloy NiFe",
    "Co": "cobalt",
    "Fe": "iron",
    "Ni": "nickel",
    "Cu": "copper",
    "Ag": "silver",
    "Au": "gold",
    "Al": "aluminium aluminum",
    "Nb": "niobium",
    "Cr": "chromium",
    "Ir": "iridium",
    "IrMn": "MnIr",
    "FeMn": "MnFe",
    "PtMn": "MnPt",
    "Pt": "platinum",
    "Ru": "ruthenium",
    "Ta": "tantalum",
}
"""Names that mean one composition and no other; CoFe is none of them."""
_COMPOSITIONS = {
    name: formula for formula, names in COMPOSITIONS.items() for name in names.casefold().split()
}


def same_thing(given: str, known: Iterable[str]) -> str | None:
    """Return which of the known materials or interfaces is meant by another name, or None.

    >>> same_thing("Permalloy", ["Co", "Py"]), same_thing("Cu/NiFe", ["Co/Cu", "Py/Cu"])
    ('Py', 'Py/Cu')
    >>> same_thing("Fe10Co90", ["Co90Fe10"]), same_thing("CoFe", ["Co90Fe10"])
    ('Co90Fe10', None)
    """
    meant = [_standard(part) for part in given.split("/")]
    for name in known:
        parts = [_standard(part) for part in name.split("/")]
        if meant in (parts, parts[::-1]):
            return name
    return None


def _standard(name: str) -> object:
    """Return what is the same for all names of a material: amounts by element, or the name."""
    parts = amounts(_COMPOSITIONS.get(name.strip().casefold(), name))
    if len(parts) > 1 and all(number.strip(".") for _, number in parts):
        numbers = {element: Fraction(number) for element, number in parts}
        if whole := sum(numbers.values()):
            return {element: number / whole for element, number in numbers.items()}
    return "".join(f"{element}{number}" for element, number in parts) or name
