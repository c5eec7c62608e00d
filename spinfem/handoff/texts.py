"""Torques as text for micromagnetic codes: OOMMF, mumax3, ubermag; and as a table.

Every text says what the numbers are and where they come from, and which way the current is
positive. How the codes count:

===========  ====================  ===============================================================
code         J > 0                 t
===========  ====================  ===============================================================
OOMMF        turns m towards mp    thickness of a cell
ubermag      as OOMMF, its engine  thickness of a cell
mumax3       current towards +z    FreeLayerThickness, or the thickness of the mesh
mumax+       current towards +z    free_layer_thickness, or the thickness of the mesh
magnum.np    turns m towards mp    d
cmtj         turns m towards mp    thickness of the layer; M_s is in T there
===========  ====================  ===============================================================

J along z turns m towards mp in mumax3 if FixedLayerPosition is FIXEDLAYER_TOP, and away from it for
FIXEDLAYER_BOTTOM; that is, it is the current in the conventional sense. In all of them the current
is along z, in spinfem along x: directions are given with spinfem's (y, z, x) for (x, y, z).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import Literal

import numpy as np

from .._checks import FloatArray
from .._version import __version__
from ..constants import EQUATION_OF_MOTION, TORQUE_PER_SPIN_CURRENT
from .epsilon import SingleLambda, rounded_up
from .form import TorqueForm

WIDTH = 88


def oommf(torque: TorqueForm) -> str:
    """Return a block ``Specify Oxs_SpinXferEvolve``, of both P and both Lambda."""
    head = _head(
        torque,
        "OOMMF's Oxs_SpinXferEvolve",
        torque.error,
        "Units: J in A/m2, the rest are numbers; M_s is the driver's. J > 0 turns m towards mp, as "
        f"electrons do that flow from {torque.fixed!r} to {torque.free!r}.",
        _CELL.format(t=torque.thickness),
        "alpha and whatever else the evolver needs is to be added.",
    )
    lines = [
        *_comment("#", head),
        "Specify Oxs_SpinXferEvolve:evolve {",
        f"  P_fixed {torque.P_fixed!r}",
        f"  P_free {torque.P_free!r}",
        f"  Lambda_fixed {torque.Lambda!r}",
        f"  Lambda_free {torque.Lambda!r}",
        f"  mp {{{' '.join(map(repr, _axes(torque.polarizer)))}}}",
        f"  J {_number(torque.current)}",
        "}",
    ]
    return _text(lines)


def mumax3(torque: TorqueForm) -> str:
    """Return the parameters of mumax3's Slonczewski torque; ValueError as of `single`."""
    single = torque.single
    more = "A custom field takes the asymmetric form itself (mumax3_field, --to mumax3-field)."
    head = _head(
        torque,
        "mumax3's Slonczewski torque",
        single.error,
        "Units: J in A/m2, FreeLayerThickness in m, the rest are numbers; M_s is Msat. J > 0 is "
        "current towards +z, electrons flow towards -z. FixedLayerPosition tells where they come "
        "from, and turns the sign of the torque.",
        more if single.error else "",
    )
    place = "BOTTOM" if torque.towards_free > 0 else "TOP"
    lines = [
        *_comment("//", head),
        f"Pol = {single.P!r}",
        f"Lambda = {single.Lambda!r}",
        f"FreeLayerThickness = {torque.thickness!r}",
        f"FixedLayer = vector({_listed(torque.polarizer)})",
        f"FixedLayerPosition = FIXEDLAYER_{place}",
        f"J = vector(0, 0, {_number(-torque.j0)})",
        "DisableZhangLiTorque = true // J is for this torque alone",
    ]
    return _text(lines)


def mumax3_field(torque: TorqueForm) -> str:
    """Return a custom field for mumax3 that acts as the torque.

    ``B_eff = beta epsilon m x mp`` with beta in T: ``-m x B_eff = beta epsilon m x (mp x m)``, and
    the damping that goes with a field is that of the torque.
    """
    head = _head(
        torque,
        "mumax3, as a custom field",
        torque.error,
        "B_eff = (hbar J/(e t Msat)) epsilon m x mp, in T, with J = "
        f"{_number(torque.current)} A/m2, positive when electrons flow from {torque.fixed!r} to "
        f"{torque.free!r}, and t = "
        f"{torque.thickness!r} m; J of mumax3 is not used. relax() and minimize() see it as a "
        "field: call RemoveCustomFields() before.",
    )
    # with numbers between 0 and 1: mumax3 has single precision
    F = torque.Lambda**2
    b, scale = (F - 1) / (F + 1), F / (F + 1) / 2
    plus, minus = torque.P_fixed + torque.P_free, torque.P_fixed - torque.P_free
    size = 2 * TORQUE_PER_SPIN_CURRENT * torque.current / torque.thickness
    name = re.sub(r"\W", "_", torque.fixed, flags=re.ASCII)
    p, c, epsilon, beta = (f"{what}_{name}" for what in ("mp", "cosine", "epsilon", "beta"))

    def term(q: float, sign: float) -> str:
        return f"Div(Const({scale * q!r}), Add(Const(1), Mul(Const({sign * b!r}), {c})))"

    lines = [
        *_comment("//", head),
        f"{p} := ConstVector({_listed(torque.polarizer)})",
        f"{c} := Dot(m, {p})",
        f"{epsilon} := Add({term(plus, 1.0)}, {term(minus, -1.0)})",
        f"{beta} := Div(Const({_number(size)}), Msat)",
        f"AddFieldTerm(Mul(Mul({beta}, {epsilon}), Cross(m, {p})))",
    ]
    return _text(lines)


def ubermag(torque: TorqueForm) -> str:
    """Return code that makes ubermag's dynamics term; ValueError as of `single`.

    ubermag takes P > 0 and its engine Lambda >= 1: the signs of J and mp do the rest.
    """
    single, mp, current = torque.single, torque.polarizer, torque.current
    mine, sign = f"m of {torque.fixed!r}", ">"
    if single.Lambda < 1:  # the same with mp, J and Lambda turned over
        single = SingleLambda(single.P * single.Lambda**2, 1 / single.Lambda, single.error)
        mine, mp, current = f"minus m of {torque.fixed!r}", -mp, -current
    if single.P < 0:
        single, current = single._replace(P=-single.P), -current
    if (current < 0) != (torque.current < 0):
        sign = "<"
    head = _head(
        torque,
        "ubermag, micromagneticmodel.Slonczewski",
        single.error,
        "Units: J in A/m2, the rest are numbers; M_s is the norm of system.m. J > 0 turns m "
        f"towards mp, {mine}. Electrons that flow from {torque.fixed!r} to {torque.free!r} have J "
        f"{sign} 0.",
        _CELL.format(t=torque.thickness),
        "To be added to a system: system.dynamics += slonczewski.",
        "OOMMF takes the asymmetric form itself (oommf)." if single.error else "",
    )
    lines = [
        *_comment("#", head),
        "import micromagneticmodel as mm",
        "",
        "slonczewski = mm.Slonczewski(",
        f"    J={_number(current)},",
        f"    mp=({_listed(mp)}),",
        f"    P={single.P!r},",
        f"    Lambda={single.Lambda!r},",
        ")",
    ]
    return _text(lines)


def csv(torque: TorqueForm) -> str:
    """Return the table as comma-separated values, all digits; torque over j0 in J/A."""
    table = torque.table
    per_current = 2 * TORQUE_PER_SPIN_CURRENT * torque.towards_free * table.strength
    columns = zip(table.theta, table.g, table.g / 2, per_current, strict=True)
    rows = [",".join(f"{x + 0.0:.17g}" for x in row) for row in columns]
    return _text(["theta_deg,g,epsilon,torque_per_j0_J_A", *rows])


Target = Literal["oommf", "mumax3", "mumax3-field", "ubermag", "csv"]
TARGETS: dict[Target, Callable[[TorqueForm], str]] = {
    "oommf": oommf,
    "mumax3": mumax3,
    "mumax3-field": mumax3_field,
    "ubermag": ubermag,
    "csv": csv,
}
"""What ``spinfem export --to`` writes."""

_CELL = (
    "t is the thickness of a cell there: one cell across the layer, {t!r} m; with n cells across "
    "it give J/n."
)


def _head(torque: TorqueForm, code: str, error: float, *more: str) -> list[str]:
    """Return paragraphs that say what the text is and where it comes from."""
    q_plus, q_minus, a, B, _ = torque.form
    known = f"g = q+/(a + B c) + q-/(a - B c), q+ = {q_plus:.9g}, q- = {q_minus:.9g}, "
    known += f"a = {a:.9g}, B = {B:.9g}"
    quality = (
        f"epsilon sin(theta) is off by up to {rounded_up(100 * error)} % of its maximum."
        if error
        else "Exact at all angles theta between the two."
    )
    if torque.fitted:
        source = f"{known}, c = cos(theta), fitted to g of solved stacks."
    else:
        source = f"{known} S/m2, c = cos(theta), from what lies behind both faces of the spacer."
    return [
        f"Spin-transfer torque on {torque.free!r} from {torque.fixed!r}, for {code}.",
        f"By spinfem {__version__} from the stack {torque.sample} at j0 = {_number(torque.j0)} "
        "A/m2, "
        "positive when electrons flow towards +x: spin diffusion (arXiv:2006.11900), epsilon = g/2 "
        f"of its eq. (1). {source}",
        quality,
        *filter(None, more),
        f"Of the torque T: {EQUATION_OF_MOTION}.",
        "Axes: the stack's x, along the current, is z here; its y and z are x and y here.",
        *torque.notes,
    ]


def _comment(mark: str, paragraphs: list[str]) -> list[str]:
    lines: list[str] = []
    for paragraph in paragraphs:
        plain = " ".join(paragraph.split())  # names may have any white space
        lines += textwrap.wrap(plain, WIDTH - len(mark) - 1, break_on_hyphens=False)
    return [f"{mark} {line}" for line in lines]


def _number(x: float) -> str:
    """Write a number with all its digits, a large one with its exponent."""
    return np.format_float_scientific(x, trim="-", exp_digits=1) if abs(x) >= 1e5 else repr(x + 0.0)


def _axes(m: FloatArray) -> list[float]:
    """Return a direction in the axes of the codes, with z along the current."""
    return [float(x) + 0.0 for x in np.roll(m, -1)]


def _listed(m: FloatArray) -> str:
    return ", ".join(map(repr, _axes(m)))


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
