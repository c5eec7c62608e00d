"""How exact the texts for micromagnetic codes are, what is said of it, and what is refused."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .epsilon import percent
from .form import TorqueForm
from .place import EQUAL

MOST = 0.05
"""Largest error, as a fraction of the torque's maximum, that is written unasked."""
EXACT = 1e-9
"""Error of a form that is called exact where it is named in place of another."""


class Quality(NamedTuple):
    """How exact a text is: largest errors, as fractions of the torque's maximum."""

    damping: float
    field: float
    together: bool = False  # whether both are the error of the torque as a whole

    @property
    def worst(self) -> float:
        """The larger one."""
        return max(self.damping, self.field)


def quality_of_oommf(torque: TorqueForm) -> Quality:
    """Return that of both P, both Lambda and a constant epsilon'."""
    return Quality(torque.error, torque.field_error)


def quality_of_single(torque: TorqueForm) -> Quality:
    """Return that of one P, one Lambda and a constant epsilon'; ValueError as of `single`."""
    return Quality(torque.single.error, torque.field_error)


def quality_of_law(torque: TorqueForm) -> Quality:
    """Return that of a law of theta, or of a table over it: of both parts together."""
    return Quality(torque.law.error, torque.law.error, together=any(torque.law.field))


def sentence(torque: TorqueForm, quality: Quality) -> str:
    """Say how exact a text is, as it is printed and as it stands in its head."""
    size = float(np.abs(torque.table.field_strength).max() / torque.table.largest)
    if not (quality.worst or size):
        return "Exact at all angles theta between the two."
    most = "of the torque's maximum"
    damping, field = (
        f"off by up to {percent(error)} {most}" if error else "exact"
        for error in (quality.damping, quality.field)
    )
    if quality.together and quality.worst:
        return (
            f"Both parts together, of which the field-like one is up to {percent(size)} {most}, "
            f"are {damping}."
        )
    text = f"epsilon sin(theta) is {damping}."
    if size or quality.field:
        text += f" The field-like part, up to {percent(size)} {most}, is {field}."
    return text


def check(what: str, torque: TorqueForm, quality: Quality, allow_error: bool) -> None:
    """Raise if an error is too large, unless that is allowed."""
    if quality.worst <= MOST or allow_error:
        return
    part = "damping-like part" if quality.damping >= quality.field else "field-like part"
    of_part = "" if quality.together else f" of its {part}"
    raise ValueError(
        f"{what} must be within {100 * MOST:.0f} % of the maximum of the torque on "
        f"{torque.free!r} from {torque.source}, got an error of "
        f"{percent(quality.worst)}{of_part}. {better(torque, quality.worst)} allow_error=True, or "
        "--allow-error, writes it all the same."
    )


def better(torque: TorqueForm, error: float) -> str:
    """Name what is more exact than a text of some error; nothing for one that is exact."""
    if error <= EQUAL:
        return ""
    others = [
        ("OOMMF's evolver (oommf, or --to oommf)", quality_of_oommf(torque).worst),
        ("mumax3's custom field (mumax3_field, or --to mumax3-field)", torque.law.error),
    ]
    found = [
        f"{name} is exact" if own <= EXACT else f"{name} is off by {percent(own)}"
        for name, own in others
        if own < error and own <= MOST
    ]
    if torque.partner:
        both = (*torque.fixed, torque.partner)
        found.append(
            f"the sum of both spacers, of {both[0]!r} and {both[1]!r}, is one function of the "
            f"angle (slonczewski(solution, {both}, {torque.free!r}), or --fixed twice)"
        )
    if torque.beyond:
        found.append(
            f"spinfem.torque_table(solution, {torque.free!r}, {torque.beyond[0]!r}, ...), or "
            "spinfem sweep over the directions of both, is exact"
        )
    elif torque.law.error > EXACT:
        found.append("spinfem.torque_table, or spinfem sweep over directions, is exact")
    else:
        found.append("a table over the angle (csv, or --to csv) is exact")
    return "; ".join(found) + "."
