"""What may stand beside what in a stack."""

from __future__ import annotations

import itertools
import reprlib
from typing import Any

import numpy as np

from .materials import Ferromagnet
from .pieces import (
    End,
    Interface,
    Layer,
    Lead,
    Reservoir,
    SpinBlocking,
    SpinSource,
    drive_of,
    short,
)

ENDS = (Lead, Reservoir, SpinBlocking, SpinSource)


def check_order(pieces: tuple[Any, ...], checked: int) -> list[int]:
    """Check what stands beside what, from a piece on; return where there are interfaces."""
    count, first = len(pieces), checked - 1 if checked else 0
    for i in range(first or 1, count - 1):
        if isinstance(pieces[i], ENDS):
            raise ValueError(
                f"an end must be the first or last piece of a stack, got {short(pieces[i])} "
                f"as piece {i + 1} of {count}"
            )
    for piece in pieces:
        if isinstance(piece, Layer):
            break
    else:  # Lead | Interface is the beginning of a stack
        if not pieces or not isinstance(pieces[-1], Interface):
            given = " | ".join(short(piece) for piece in pieces) or "nothing"
            raise ValueError(f"a stack must have at least one layer, got {given}")
    interfaces = [i for i in range(first, count) if isinstance(pieces[i], Interface)]
    for i, j in itertools.pairwise(interfaces):
        if i + 1 == j:
            raise ValueError(
                "at most one interface must be between two layers, got "
                f"{short(pieces[i])} | {short(pieces[j])}"
            )
    return interfaces


def refuse_names(pieces: tuple[Any, ...]) -> None:
    """Raise ValueError for the first name that occurs twice; those of interfaces come last."""
    ordered = sorted(pieces, key=lambda piece: isinstance(piece, Interface))
    names = [name for piece in ordered if (name := getattr(piece, "name", None))]
    twice = next(name for i, name in enumerate(names) if name in names[:i])
    raise ValueError(f"names in a stack must be unique, got {twice!r} twice")


def check_groups(
    elements: tuple[Any, ...], names: frozenset[str], groups: frozenset[str]
) -> dict[str, tuple[int, ...]]:
    """Return where the layers of every group stand among the elements.

    Parameters
    ----------
    elements : tuple of Layer and, at its ends, `ENDS`
        From left to right.
    names, groups : frozenset of str
        Names of pieces, as given, and of groups.

    Raises
    ------
    ValueError
        If a group is not one magnet with a name of its own: between its layers nothing is magnetic
        that is not of the group, and their m are parallel.
    """
    for name in sorted(names & groups):
        raise ValueError(
            "a group of layers must not be called like a layer, interface or lead of the stack, "
            f"got {name!r} for both"
        )
    found: dict[str, list[int]] = {}
    before = None
    for k, magnet in enumerate(elements):
        if not isinstance(magnet, Layer | Lead) or magnet.m is None:
            continue
        group = magnet.group
        if group is not None:
            members = found.setdefault(group, [])
            members.append(k)
            own = elements[members[0]]
            if own is not magnet and before is not None and before.group != group:
                raise ValueError(
                    f"between layers of group {group!r}, one magnet, there must be no other "
                    f"ferromagnet, got {short(before)}"
                )
            if not _parallel(own.m, magnet.m):
                raise ValueError(
                    f"m of all layers of group {group!r}, one magnet, must be parallel, got "
                    f"{short(own)} and {short(magnet)} that are not; turn them together, by the "
                    "name of the group"
                )
        before = magnet
    return {group: tuple(members) for group, members in found.items()}


def misplaced(joint: Interface, left: Layer | End, right: Layer | End) -> str | None:
    """Return what is wrong with an interface where it stands, if anything is."""
    what = f"interface {joint.name!r}" if joint.name else "an interface"
    for kind, name in ((SpinBlocking, "a spin-blocking end"), (SpinSource, "a spin source")):
        if isinstance(left, kind) or isinstance(right, kind):
            return f"{what} must not be at {name}"
    metals = [e.material for e in (left, right) if isinstance(e, Layer | Lead)]
    magnets = [metal for metal in metals if isinstance(metal, Ferromagnet)]
    if not magnets:
        if np.any(joint.gamma):
            return f"gamma of {what} must be 0 between normal metals"
        return f"mixing of {what} must be left out" if joint.mixing is not None else None
    strong = all(magnet.is_strong for magnet in magnets)
    if (
        joint.mixing is not None
        and len(metals) == 1
        and not strong
        and not np.any(joint.resistance)
    ):
        return (
            f"resistance (AR*) of {what} with mixing must be positive between a reservoir and a "
            "ferromagnet with finite exchange lengths, got 0; put a thin normal layer between them"
        )
    if len(magnets) == 2:
        a, b = left.m, right.m  # type: ignore[union-attr]
        if not strong or joint.mixing is not None or not _collinear(a, b):
            return (
                f"{what} between two ferromagnets must have no mixing, and both must be strong and "
                "collinear; put a thin normal layer between them"
            )
        if np.any(joint.gamma) and _opposed(a, b):
            return f"gamma of {what} must be 0 between antiparallel ferromagnets"
    return None


def check_drive(end: object, joint: Interface | None, element: Layer | End) -> None:
    """Raise ValueError for a spin potential that a strong ferromagnet at an end cannot have."""
    drive, m = drive_of(end), getattr(element, "m", None)
    if drive is None or m is None or not isinstance(end, Reservoir):
        return
    if not element.material.is_strong or (joint is not None and joint.mixing is not None):  # type: ignore[union-attr]
        return
    off, size = np.linalg.norm(np.cross(drive, m), axis=-1), np.linalg.norm(drive, axis=-1)
    if np.any(off > LINE * size):
        raise ValueError(
            "spin_potential of a reservoir must be along m of a strong ferromagnet at it (across m "
            "it would drive an infinite current; an interface with a mixing conductance limits "
            f"it), got {reprlib.repr(drive.tolist())} at {short(element)}"
        )


LINE = 8 * np.finfo(float).eps
"""Sine of directions that are along one line."""


def _parallel(a: Any, b: Any) -> bool:
    """Whether two directions are parallel at every point."""
    return np.array_equal(a, b) or (_collinear(a, b) and not _opposed(a, b))


def _opposed(a: Any, b: Any) -> bool:
    return bool(np.any(np.einsum("...i,...i->...", a, b) < 0))


def _collinear(a: Any, b: Any) -> bool:
    """Whether two directions are parallel or antiparallel at every point."""
    return bool(np.all(np.linalg.norm(np.cross(a, b), axis=-1) <= LINE))
