"""Torques as text for micromagnetic codes: OOMMF, mumax3, ubermag; and as a table.

Every text says what the numbers are and where they come from, how exact they are, and which way the
current is positive. How the codes count:

===========  ====================  ===============================================================
code         J > 0                 t
===========  ====================  ===============================================================
OOMMF        turns m towards mp    edge of a cell along J_direction, by default z
ubermag      as OOMMF, its engine  edge of a cell along z
mumax3       current towards +z    FreeLayerThickness, or the thickness of the mesh
mumax+       current towards +z    free_layer_thickness, or the thickness of the mesh
magnum.np    turns m towards mp    d
cmtj         turns m towards mp    thickness of the layer; M_s is in T there
===========  ====================  ===============================================================

J along z turns m towards mp in mumax3 if FixedLayerPosition is FIXEDLAYER_TOP, and away from it for
FIXEDLAYER_BOTTOM; that is, it is the current in the conventional sense.

epsilon' is a constant in all of them, and its torque is ``gamma beta epsilon' mp x m``:

- OOMMF, eps_prime: ``-|gamma| beta epsilon' m x mp``, oommf/doc/userguide/oxs-body.tex, section
  Oxs_SpinXferEvolve; in oommf/app/oxs/local/spinxferevolve.cc, Calculate_dm_dt, betaepsp (2.1a0,
  fangohr/oommf 8880fff).
- mumax3, EpsilonPrime: B of ``pxm`` with ``B = beta epsilonPrime``, cuda/slonczewski2.cu (3.11.1,
  mumax/3 a0c5126); the position of the fixed layer turns its sign as it turns that of epsilon.
- mumax+, epsilon_prime: the same, src/physics/stt.cu (mumax/plus c41dd27).
- ubermag, eps_prime: ``-gamma beta epsilon' m x mp``, micromagneticmodel/dynamics/slonczewski.py
  (0.65.0), handed to OOMMF as it is.

In the codes the current is along z by default, in spinfem along x: directions are given with
spinfem's (y, z, x) for (x, y, z), or turned in the same cyclic order for another normal.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from .._checks import FloatArray
from .._version import __version__
from ..constants import EQUATION_OF_MOTION, TORQUE_PER_SPIN_CURRENT
from .epsilon import SingleLambda
from .form import TorqueForm
from .quality import (
    Quality,
    better,
    check,
    quality_of_law,
    quality_of_oommf,
    quality_of_single,
    sentence,
)

Normal = Literal["x", "y", "z"]
SHIFTS: dict[Normal, int] = {"x": 0, "y": 1, "z": -1}
"""By how many places components move when the stack's x becomes that axis of the code."""
WIDTH = 88


def oommf(
    torque: TorqueForm, normal: Normal = "z", allow_error: bool = False, name: str = "evolve"
) -> str:
    """Return a block ``Specify Oxs_SpinXferEvolve``, of both P and both Lambda."""
    quality = quality_of_oommf(torque)
    check("OOMMF's form, with P and Lambda of both layers,", torque, quality, allow_error)
    along = "" if normal == "z" else f" It is along {normal}, by J_direction."
    head = _head(
        torque,
        "OOMMF's Oxs_SpinXferEvolve",
        quality,
        normal,
        "Units: J in A/m2, the rest are numbers; M_s is the driver's. J > 0 turns m towards mp, as "
        f"electrons do that flow from {torque.fixed[0]!r} to {torque.free!r}.",
        _CELL.format(t=torque.thickness) + along,
        "alpha and whatever else the evolver needs is to be added.",
    )
    lines = [
        *_comment("#", head),
        f"Specify Oxs_SpinXferEvolve:{name} {{",
        f"  P_fixed {torque.P_fixed!r}",
        f"  P_free {torque.P_free!r}",
        f"  Lambda_fixed {torque.Lambda!r}",
        f"  Lambda_free {torque.Lambda!r}",
        f"  eps_prime {torque.eps_prime!r}",
        f"  mp {{{' '.join(map(repr, _axes(torque.polarizer, normal)))}}}",
        f"  J {_number(torque.current)}",
    ]
    if normal != "z":  # the direction of the current, against that of the electrons
        lines.append(f"  J_direction {'-' if torque.towards_free > 0 else '+'}{normal}")
    return _text([*lines, "}"])


def mumax3(
    torque: TorqueForm, normal: Normal = "z", allow_error: bool = False, _name: str = ""
) -> str:
    """Return the parameters of mumax3's Slonczewski torque; ValueError as of `single`."""
    quality, single = quality_of_single(torque), torque.single
    check("mumax3's form, with one P and one Lambda,", torque, quality, allow_error)
    where = "" if normal == "z" else " mumax3 takes it from J's z component for any normal."
    head = _head(
        torque,
        "mumax3's Slonczewski torque",
        quality,
        normal,
        "Units: J in A/m2, FreeLayerThickness in m, the rest are numbers; M_s is Msat. J > 0 is "
        f"current towards +{normal}, electrons flow towards -{normal}. FixedLayerPosition tells "
        f"where they come from, and turns the sign of the torque.{where}",
        better(torque, quality.worst),
    )
    place = "BOTTOM" if torque.towards_free > 0 else "TOP"
    lines = [
        *_comment("//", head),
        f"Pol = {single.P!r}",
        f"Lambda = {single.Lambda!r}",
        f"EpsilonPrime = {torque.eps_prime!r}",
        f"FreeLayerThickness = {torque.thickness!r}",
        f"FixedLayer = vector({_listed(torque.polarizer, normal)})",
        f"FixedLayerPosition = FIXEDLAYER_{place}",
        f"J = vector(0, 0, {_number(-torque.j0)})",
        "DisableZhangLiTorque = true // J is for this torque alone",
    ]
    return _text(lines)


def mumax3_field(
    torque: TorqueForm, normal: Normal = "z", allow_error: bool = False, _name: str = ""
) -> str:
    """Return a custom field for mumax3 that acts as the torque.

    ``B_eff = beta (epsilon m x mp + epsilon' mp)`` with beta in T: ``-m x B_eff = beta (epsilon m x
    (mp x m) + epsilon' mp x m)``, and the damping that goes with a field is that of the torque.
    """
    quality = quality_of_law(torque)
    check("mumax3's custom field, with a law of one angle,", torque, quality, allow_error)
    has_field = any(torque.law.field)
    head = _head(
        torque,
        "mumax3, as a custom field",
        quality,
        normal,
        "B_eff = (hbar J/(e t Msat)) (epsilon m x mp"
        f"{' + epsilon_prime mp' if has_field else ''}), in T, with J = "
        f"{_number(torque.current)} A/m2, positive when electrons flow from {torque.fixed[0]!r} to "
        f"{torque.free!r}, and t = {torque.thickness!r} m; J of mumax3 is not used. relax() and "
        "minimize() see it as a field: call RemoveCustomFields() before.",
        "Custom fields add up: those of several spacers are written one after the other.",
    )
    size = 2 * TORQUE_PER_SPIN_CURRENT * torque.current / torque.thickness
    own = label("_".join(torque.fixed))
    p, near, far, beta = (f"{what}_{own}" for what in ("mp", "near", "far", "beta"))
    field = f"Mul({_polynomial(torque.law.damping, near, far)}, Cross(m, {p}))"
    if has_field:
        field = f"Add({field}, Mul({_polynomial(torque.law.field, near, far)}, {p}))"
    lines = [
        *_comment("//", head),
        f"{p} := ConstVector({_listed(torque.polarizer, normal)})",
        f"{near} := Add(Const(0.5), Mul(Const(0.5), Dot(m, {p})))",
        f"{far} := Add(Const(0.5), Mul(Const(-0.5), Dot(m, {p})))",
        f"{beta} := Div(Const({_number(size)}), "
        f"Mul(Msat, {_polynomial(torque.law.denominator, near, far)}))",
        f"AddFieldTerm(Mul({beta}, {field}))",
    ]
    return _text(lines)


def _polynomial(coefficients: tuple[float, ...], near: str, far: str) -> str:
    """Return what stands before ``near^(k-i) far^i`` as an expression of a mumax3 script.

    Of positive parts: mumax3 has single precision.
    """
    first, *rest = coefficients
    text, power = f"Const({first!r})", f"Mul({far}, Const({{}}))"
    for coefficient in rest:
        text = f"Add(Mul({near}, {text}), {power.format(repr(coefficient))})"
        power = f"Mul({far}, {power})"
    return text


def ubermag(
    torque: TorqueForm, normal: Normal = "z", allow_error: bool = False, name: str = "slonczewski"
) -> str:
    """Return code that makes ubermag's dynamics term; ValueError as of `single`.

    ubermag takes P > 0 and its engine Lambda >= 1: the signs of J, mp and eps_prime do the rest.
    """
    quality = quality_of_single(torque)
    check("ubermag's form, with one P and one Lambda,", torque, quality, allow_error)
    single, mp, current = torque.single, torque.polarizer, torque.current
    eps_prime = torque.eps_prime
    mine, sign = f"m of {torque.fixed[0]!r}", ">"
    if single.Lambda < 1:  # the same with mp, J and Lambda turned over
        single = SingleLambda(single.P * single.Lambda**2, 1 / single.Lambda, single.error)
        mine, mp, current = f"minus m of {torque.fixed[0]!r}", -mp, -current
    if single.P < 0:
        single, current, eps_prime = single._replace(P=-single.P), -current, -eps_prime
    if (current < 0) != (torque.current < 0):
        sign = "<"
    cell = _CELL.format(t=torque.thickness)
    if normal != "z":
        cell = (
            "t is the edge of a cell along z there, for any normal of the film: cell_z, in m, is "
            f"to be defined before. J is that of a layer of {torque.thickness!r} m."
        )
    head = _head(
        torque,
        "ubermag, micromagneticmodel.Slonczewski",
        quality,
        normal,
        "Units: J in A/m2, the rest are numbers; M_s is the norm of system.m. J > 0 turns m "
        f"towards mp, {mine}. Electrons that flow from {torque.fixed[0]!r} to {torque.free!r} have "
        f"J {sign} 0.",
        cell,
        f"To be added to a system, which takes one of them: system.dynamics += {name}.",
        better(torque, quality.worst),
    )
    scale = "" if normal == "z" else f" * cell_z / {torque.thickness!r}"
    lines = [
        *_comment("#", head),
        "import micromagneticmodel as mm",
        "",
        f"{name} = mm.Slonczewski(",
        f"    J={_number(current)}{scale},",
        f"    mp=({_listed(mp, normal)}),",
        f"    P={single.P!r},",
        f"    Lambda={single.Lambda!r},",
        f"    eps_prime={eps_prime + 0.0!r},",
        ")",
    ]
    return _text(lines)


def csv(
    torque: TorqueForm, _normal: Normal = "z", allow_error: bool = False, name: str = ""
) -> str:
    """Return the table as comma-separated values, all digits; torques over j0 in J/A.

    With a name there is one more column in front, which has it.
    """
    check("a table over one angle", torque, quality_of_law(torque), allow_error)
    table = torque.table
    per_current = 2 * TORQUE_PER_SPIN_CURRENT * torque.towards_free
    columns = zip(
        table.theta,
        table.g,
        table.g / 2,
        per_current * table.strength,
        table.h,
        table.h / 2,
        per_current * table.field_strength,
        strict=True,
    )
    rows = [",".join(f"{x + 0.0:.17g}" for x in row) for row in columns]
    rows.insert(0, "theta_deg,g,epsilon,torque_per_j0_J_A,h,epsilon_prime,field_like_per_j0_J_A")
    if name:
        rows = [f"from,{rows[0]}", *(f"{name},{row}" for row in rows[1:])]
    return _text(rows)


def _blocks(parts: list[str]) -> str:
    """Join texts by empty lines."""
    return "\n".join(parts)


def _one_table(parts: list[str]) -> str:
    """Join tables that have the same columns."""
    return "".join([*parts[:1], *(part.partition("\n")[2] for part in parts[1:])])


class Code(NamedTuple):
    """A code, or form of it, that a torque is written for; with a name, of several."""

    write: Callable[[TorqueForm, Normal, bool, str], str]
    quality: Callable[[TorqueForm], Quality]
    alone: str  # what a torque is called that acts alone
    block: str  # what one of two spacers is called beside their sum; nothing: it is not written
    adds: bool | None = None  # whether it adds up two torques; None: it can keep them apart
    join: Callable[[list[str]], str] = _blocks


Target = Literal["oommf", "mumax3", "mumax3-field", "ubermag", "csv"]
TARGETS: dict[Target, Code] = {
    "oommf": Code(oommf, quality_of_oommf, "evolve", "from_{}"),
    "mumax3": Code(mumax3, quality_of_single, "", "", adds=False),
    "mumax3-field": Code(mumax3_field, quality_of_law, "", "", adds=True),
    "ubermag": Code(ubermag, quality_of_single, "slonczewski", "slonczewski_from_{}"),
    "csv": Code(csv, quality_of_law, "", "{}", join=_one_table),
}
"""What ``spinfem export --to`` writes."""

_CELL = (
    "t is the thickness of a cell there: one cell across the layer, {t!r} m; with n cells across "
    "it give J/n."
)


def _head(torque: TorqueForm, code: str, quality: Quality, normal: Normal, *more: str) -> list[str]:
    """Return paragraphs that say what the text is and where it comes from.

    ValueError if normal is no axis.
    """
    if normal not in SHIFTS:
        raise ValueError(f"normal must be one of {', '.join(SHIFTS)}, got {normal!r}")
    q_plus, q_minus, a, B, _ = torque.form
    known = f"g = q+/(a + B c) + q-/(a - B c), q+ = {q_plus:.9g}, q- = {q_minus:.9g}, "
    known += f"a = {a:.9g}, B = {B:.9g}"
    if torque.fitted:
        source = f"{known}, c = cos(theta), fitted to g of solved stacks."
    else:
        source = f"{known} S/m2, c = cos(theta), from what lies behind both faces of the spacer."
    return [
        f"Spin-transfer torque on {torque.free!r} from {torque.source}, for {code}.",
        f"By spinfem {__version__} from the stack {torque.sample} at j0 = {_number(torque.j0)} "
        "A/m2, "
        "positive when electrons flow towards +x: spin diffusion (arXiv:2006.11900), epsilon = g/2 "
        f"of its eq. (1). {source}",
        sentence(torque, quality),
        *filter(None, more),
        f"Of the torque T: {EQUATION_OF_MOTION}.",
        _AXES[normal],
        *torque.notes,
    ]


_AXES: dict[Normal, str] = {
    "x": "Axes: those of the stack, with x along the current.",
    "y": "Axes: the stack's x, along the current, is y here; its y and z are z and x here.",
    "z": "Axes: the stack's x, along the current, is z here; its y and z are x and y here.",
}


def _comment(mark: str, paragraphs: list[str]) -> list[str]:
    lines: list[str] = []
    for paragraph in paragraphs:
        plain = " ".join(paragraph.split())  # names may have any white space
        lines += textwrap.wrap(plain, WIDTH - len(mark) - 1, break_on_hyphens=False)
    return [f"{mark} {line}" for line in lines]


def _number(x: float) -> str:
    """Write a number with all its digits, a large one with its exponent."""
    return np.format_float_scientific(x, trim="-", exp_digits=1) if abs(x) >= 1e5 else repr(x + 0.0)


def _axes(m: FloatArray, normal: Normal) -> list[float]:
    """Return a direction of the stack in the axes of the code."""
    return [float(x) + 0.0 for x in np.roll(m, SHIFTS[normal])]


def _listed(m: FloatArray, normal: Normal) -> str:
    return ", ".join(map(repr, _axes(m, normal)))


def label(name: str) -> str:
    """Return a name as codes take it."""
    return re.sub(r"\W", "_", name, flags=re.ASCII)


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
