"""Compiled code, where there is a numba that works (the extra `fast`).

It does what the numpy functions named beside it do, by the same formulas: they are what to read,
and what is used without numba. numba is imported on first use only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import NamedTuple

from .._checks import FloatArray


class Kernels(NamedTuple):
    """Compiled functions."""

    solve: Callable[..., None]  # `chain.solve`
    condense: Callable[..., tuple[FloatArray, ...]]  # `condensed.condense`, `rods.join_runs`
    balance: Callable[..., tuple[FloatArray, ...]]  # `rods.turns`, `rods.balance`
    turns: Callable[..., tuple[FloatArray, ...]]  # these and the rest for `singleslopes`
    respond: Callable[..., tuple[FloatArray, ...]]  # `rods.respond`
    slopes: Callable[..., FloatArray]
    differentiate: Callable[..., None]


@cache
def kernels() -> Kernels | None:
    """Return the compiled functions, if there is a numba that works."""
    if find_spec("numba") is None:
        return None
    try:
        from . import compiled, compiledlayers
    except (ImportError, RuntimeError):  # it does not fit numpy; there is no place for its cache
        return None
    return Kernels(
        compiled.solve,
        compiledlayers.condense,
        compiled.balance,
        compiled.turns,
        compiled.respond,
        compiledlayers.slopes,
        compiled.differentiate,
    )
