"""Magnets that move, as tables of a stack file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from .._checks import FloatArray
from ..sample.pieces import Layer
from ..sample.stack import Stack
from ..sample.writing import Entries
from .magnets import Coupling, Magnet, is_tensor
from .samples import StackMagnets


def tables_of(
    stack: Stack,
    magnets: Mapping[str, Magnet],
    couplings: Iterable[Coupling],
    field: FloatArray,
    pumping: bool,
) -> tuple[dict[str, Entries], list[tuple[str, Entries]]]:
    """Return keys of layers by their names, and further tables with their heads.

    Parameters
    ----------
    stack, magnets, couplings, field, pumping
        As of `spinfem.Dynamics`; of a single stack, with single numbers.

    Raises
    ------
    ValueError
        If a tensor has other axes than x, y and z, which a stack file cannot say.
    """
    keys: dict[str, Entries] = {}
    for name, magnet in magnets.items():
        for k in (k for body in StackMagnets(stack).copies(name) for k in body):
            if isinstance(stack.elements[k], Layer):
                keys[stack.element_names[k]] = _magnet(magnet, name)
    tables = [("[[couplings]]", _coupling(coupling)) for coupling in couplings]
    applied = np.asarray(field).tolist() if np.any(field) else None
    motion: Entries = {"field_A_m": applied, "pumping": None if pumping else False}
    if any(value is not None for value in motion.values()):
        tables.append(("[dynamics]", motion))
    return keys, tables


def _magnet(magnet: Magnet, name: str) -> Entries:
    found: Entries = {"Ms_A_m": magnet.Ms, "alpha": magnet.alpha}
    found["demag"] = _factors(magnet.demag, f"demag of magnet {name!r}")
    if magnet.K:
        found |= {"K_J_m3": magnet.K, "easy_axis": magnet.axis.tolist()}
    return {**found, "held": True} if magnet.held else found


def _coupling(coupling: Coupling) -> Entries:
    what = f"dipolar of the coupling of {coupling.a!r} and {coupling.b!r}"
    numbers = {"exchange_J_m2": coupling.exchange, "biquadratic_J_m2": coupling.biquadratic}
    found: Entries = {"between": [*coupling.names], **numbers}
    if coupling.dipolar is not None:
        found["dipolar"] = _factors(coupling.dipolar, what)
    return found


def _factors(N: FloatArray, what: str) -> list[float]:
    """Return the factors along x, y and z."""
    if not is_tensor(N):
        return [float(one) for one in N]
    along = np.diagonal(N)
    if np.any(np.diag(along) != N):
        raise ValueError(f"{what} must have axes x, y and z to be written, got {N.tolist()}")
    return [float(one) for one in along]
