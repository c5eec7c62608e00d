"""Fields of all layers of a solution in a row, along x: what files and datasets hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray
from ..sample.pieces import Layer
from .solved import SolvedStack
from .views import LayerSolution

FIELDS = {
    "spin_potential": ("spin potential mu_s", "V"),
    "spin_current": ("spin current j_s, positive towards +x", "A/m2"),
    "potential": ("electrochemical potential mu_0, 0 at the right end", "V"),
    "potential_up": ("potential of spin along m, in a normal metal along mu_s", "V"),
    "potential_down": ("potential of spin against m, in a normal metal against mu_s", "V"),
    "dissipation": ("heat per volume and time", "W/m3"),
}
"""Long names and units in SI."""


class Profiles(NamedTuple):
    """Fields on the points of all layers, q in all; both sides of every inner face are there."""

    sizes: tuple[int, ...]  # numbers of points in the layers
    names: tuple[str, ...]  # of the layers
    x: FloatArray  # (q,), or (..., q) of the batch's shape if positions vary over it
    fields: dict[str, FloatArray]  # (..., q) or (..., q, 3) of the batch's shape, as in `FIELDS`

    @property
    def layers(self) -> NDArray[np.str_]:
        """Name of the layer of every point, shape (q,)."""
        return np.repeat(np.array(self.names, dtype=str), self.sizes)


def profiles_of(solution: SolvedStack) -> Profiles:
    """Collect the fields of all layers, at points dense enough to draw them.

    Raises
    ------
    ValueError
        If one of them overflows.
    """
    layers, pieces, shape = solution.layers, solution.stack.layers, solution.shape
    potential = joined([layer.potential for layer in layers], shape)
    half = joined([_half(*pair) for pair in zip(layers, pieces, strict=True)], shape)
    places = [layer.x for layer in layers]
    fields = {
        "spin_potential": joined([layer.spin_potential for layer in layers], shape, 3),
        "spin_current": joined([layer.spin_current for layer in layers], shape, 3),
        "potential": potential,
        "potential_up": potential + half,
        "potential_down": potential - half,
        "dissipation": joined([layer.dissipation for layer in layers], shape),
    }
    for name, values in fields.items():
        if not np.isfinite(values).all():
            raise ValueError(
                f"{name} must be finite, got an overflow of double precision: the current or "
                "numbers of the stack are too large or too small"
            )
    return Profiles(
        tuple(x.shape[-1] for x in places),
        tuple(layer.name for layer in layers),
        joined(places, shape if any(x.ndim > 1 for x in places) else ()),
        fields,
    )


def joined(per_layer: Sequence[FloatArray], shape: tuple[int, ...], *rest: int) -> FloatArray:
    """Put values (..., n, *rest) of all layers in a row, shape (*shape, q, *rest)."""
    full = [
        np.broadcast_to(values, (*shape, values.shape[-1 - len(rest)], *rest))
        for values in per_layer
    ]
    return np.concatenate(full, axis=len(shape))


def _half(layer: LayerSolution, piece: Layer) -> FloatArray:
    """What the potential of spin up has more than mu_0, V: along m, or else along mu_s."""
    mu = layer.spin_potential
    if piece.m is None:
        return np.asarray(np.linalg.norm(mu, axis=-1) / 2)
    m = np.broadcast_to(piece.m, (*layer.solution.shape, 3))
    return np.asarray(np.einsum("...qi,...i->...q", mu, m) / 2)
