"""Magnets that move, as a stack file describes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .._checks import FloatArray
from ..files.tables import PlacedError, at
from ..io.magnettables import DynamicsTable, magnets_in
from ..io.schema import AnyFile, SIFile, SIMeshFile
from ..sample.units import in_silence
from .fields import fields_of
from .magnets import Coupling, Magnet

if TYPE_CHECKING:
    from ..io.stackfile import StackFile
    from ..sample.stack import Stack

Made = TypeVar("Made")


def motion_table(tables: AnyFile) -> DynamicsTable:
    """Return ``[dynamics]`` of a file, or what holds without it."""
    return getattr(tables, "dynamics", None) or DynamicsTable()


def anything_moves(tables: AnyFile, stack: Stack) -> bool:
    """Whether a file has a magnet that moves."""
    if not isinstance(tables, SIFile | SIMeshFile):
        return False
    return any(magnet.moves for magnet in magnets_in(tables.layers, stack).values())


@in_silence()
def arguments_of(tables: AnyFile, stack: Stack, field: FloatArray | None = None) -> dict[str, Any]:
    """Return what `spinfem.Dynamics` takes, from what a stack file says.

    Parameters
    ----------
    tables : AnyFile
        The file, cells being in the place of where they stand; numbers of magnets may be arrays.
    stack : Stack
        What was made of it.
    field : array, shape (..., 3), optional
        Applied field, A/m. Default: that of the file.

    Raises
    ------
    PlacedError
        If nothing moves, or a coupling is not possible.
    """
    if not isinstance(tables, SIFile | SIMeshFile):
        text = "magnets must be in SI to move, got numbers in the paper's units"
        raise PlacedError(text, ("layers",))
    if not anything_moves(tables, stack):
        text = (
            "at least one magnet must move: give a layer Ms_A_m or mu0_Ms_T (and alpha, demag), "
            "and no held = true, got none"
        )
        raise PlacedError(text, ("layers",))
    magnets = {
        name: Magnet(**magnet.arguments)
        for name, magnet in magnets_in(tables.layers, stack).items()
        if magnet.arguments
    }
    couplings = []
    for i, table in enumerate(tables.couplings):
        with at("couplings", i):
            coupling = Coupling(*table.between, **table.numbers)
            fields_of(stack, magnets, couplings=[coupling])
        couplings.append(coupling)
    motion = motion_table(tables)
    return {
        "magnets": magnets,
        "couplings": couplings,
        "field": motion.field if field is None else field,
        "pumping": motion.pumping,
    }


def made_of(make: Callable[..., Made], file: StackFile) -> Made:
    """Return what is made of a stack and of `arguments_of`; PlacedError if that is not possible."""
    arguments = arguments_of(file.tables, file.stack)
    with at("layers"), in_silence(), np.errstate(all="ignore"):  # what is not finite is refused
        return make(file.stack, **arguments)
