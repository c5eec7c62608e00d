"""Magnetoresistance: two configurations of one sample compared."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._checks import BoolArray, Number, listed, unit_vector
from ..physics.directions import angle
from ..sample.stack import LoadedStack, Stack, check_stack
from ..solver import solve
from ..solvers.elements import Elements, elements_of


class Magnetoresistance(NamedTuple):
    """What changes when magnetizations turn; with the shape of the batch.

    Attributes
    ----------
    ratio : float or array
        ``change/before``.
    change : float or array
        ``after - before``, Ohm m2.
    before, after : float or array
        Resistance-area products, Ohm m2.
    """

    ratio: Number
    change: Number
    before: Number
    after: Number


def magnetoresistance(
    stack: Stack | LoadedStack, turned: Mapping[str, ArrayLike] | Stack | LoadedStack
) -> Magnetoresistance:
    """Return by how much the resistance of a stack changes when magnetizations turn.

    ``(R_after - R_before)/R_before`` of the whole resistance-area products between the ends of the
    stack; positive where the resistance rises.

    Parameters
    ----------
    stack : Stack
        The configuration before, say the parallel one, or what `spinfem.load` returned.
    turned : mapping or Stack
        The configuration after: new magnetizations by the names of layers, leads and groups, or
        another stack.

    Warns
    -----
    UserWarning
        If names turn one of two layers that are in contact and parallel: if they are one magnet,
        they need a `group`.

    Raises
    ------
    TypeError
        If `turned` is neither.
    ValueError
        If a name is not that of a ferromagnet, or a direction is not valid.

    Examples
    --------
    >>> import spinfem as sf
    >>> F, N = sf.Ferromagnet(D=1.0, l=1.0, p=0.5), sf.NormalMetal(D=8.0, l=9.0)
    >>> parallel = F(1, m=(0, 0, 1)) | N(0.1) | F(1, m=(0, 0, 1), name="free")
    >>> round(sf.magnetoresistance(parallel, {"free": (0, 0, -1)}).ratio, 4)
    0.2483
    """
    stack = check_stack(stack)
    if isinstance(turned, Mapping):
        after = turned_by_name(stack, turned)
        notice_opened(stack, after, level=3)
    elif isinstance(turned, Stack | LoadedStack):
        after = check_stack(turned)
    else:
        raise TypeError(f"turned must map names to magnetizations, or be a Stack, got {turned!r}")
    first, second = solve(stack).resistance, solve(after).resistance
    change = second - first
    return Magnetoresistance(change / first, change, first, second)


def turned_by_name(stack: Stack, turned: Mapping[str, ArrayLike]) -> Stack:
    """Return a stack with new magnetizations by the names of layers, leads and groups.

    Raises
    ------
    TypeError, ValueError
        If a name is not that of a ferromagnet, or a direction is not valid.
    """
    for name, m in turned.items():
        direction = unit_vector(f"m of {name!r}", m)
        try:
            stack = stack.replace(name, m=direction)
        except TypeError:  # m is valid, and so is the name: it is that of a metal or an interface
            raise ValueError(
                f"what is turned must be a ferromagnet ({listed(_magnets(stack))}), got {name!r}"
            ) from None
    return stack


def _magnets(stack: Stack) -> list[str]:
    """Return the names of all that has a magnetization."""
    e = elements_of(stack)
    return [name for name, has in zip(stack.element_names, e.magnetic, strict=True) if has]


def notice_opened(before: Stack, after: Stack, level: int) -> None:
    """Warn of ferromagnets in contact that are parallel before and not after.

    `level` is how many frames above this one the line is that is to be blamed.
    """
    e, turned = elements_of(before), elements_of(after)
    touching = np.flatnonzero(e.magnetic[:-1] & e.magnetic[1:]).tolist()
    opened = [k for k in touching if np.any(_parallel(e, k) & ~_parallel(turned, k))]
    if opened:
        pairs = ", ".join("|".join(before.element_names[k : k + 2]) for k in opened)
        warnings.warn(
            f"layers in contact and parallel do not turn together ({pairs}): those that are one "
            "magnet need one group",
            stacklevel=level,
        )


def _parallel(e: Elements, k: int) -> BoolArray:
    relation = angle(e.m[k], e.m[k + 1])
    return relation.collinear & (relation.sign > 0)
