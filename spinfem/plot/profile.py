"""Fields over x."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._checks import FloatArray
from .labels import name_layers, plain
from .style import (
    COMPONENTS,
    FERROMAGNET,
    GREY,
    NORMAL,
    SYMBOLS,
    ZERO,
    Quantities,
    Quantity,
    broken,
    fields,
    scale,
)

if TYPE_CHECKING:
    from ..results.solved import SolvedStack


def draw_profiles(axes: Any, solution: SolvedStack, quantities: Quantities, si: bool) -> float:
    """Draw one profile on each of the axes, and return the height of the layers' names, inches."""
    for ax, quantity in zip(axes, quantities, strict=True):
        _draw_profile(ax, solution, quantity, si)
    faces = solution.stack.x / solution.stack.x[-1]
    names = [plain(layer.name) for layer in solution.layers]
    return name_layers(axes[0], names, (faces[:-1] + faces[1:]) / 2)


def _draw_profile(ax: Any, solution: SolvedStack, quantity: Quantity, si: bool) -> None:
    length, metre = (1e9, " (nm)") if si else (1.0, "")
    factor, unit = scale(solution, quantity, si)
    faces = solution.stack.x * length
    for layer, left, right in zip(solution.stack.layers, faces[:-1], faces[1:], strict=True):
        shade(ax, left, right, layer.is_ferromagnet)
    for face, joint in zip(faces, solution.stack.joints, strict=True):
        if joint is not None:  # resistive: fields of all kinds may jump
            ax.axvline(face, color="black", linewidth=1.4, zorder=1)
        elif faces[0] < face < faces[-1]:
            ax.axvline(face, color=GREY, linewidth=0.6, zorder=1)
    x = broken([layer.x[:, None] for layer in solution.layers])[:, 0] * length
    values = broken([f.reshape(len(f), -1) for f in fields(solution, quantity)]) * factor
    if quantity == "potential":
        ax.plot(x, values[:, 0], color="black", linewidth=1.5)
    else:
        _draw_components(ax, x, values)
    symbol, index = SYMBOLS[quantity]
    ax.set_xlim(faces[0], faces[-1])
    ax.set_xlabel(f"$x${metre}", fontsize="small")
    ax.set_ylabel(f"${symbol}_{index}${unit}", fontsize="small")
    ax.tick_params(labelsize="small")


def shade(ax: Any, left: float, right: float, magnetic: bool) -> None:
    """Colour the background where a layer is."""
    tint = FERROMAGNET.tint if magnetic else NORMAL.tint
    ax.axvspan(left, right, facecolor=tint, edgecolor="none", zorder=0)


def _draw_components(ax: Any, x: FloatArray, values: FloatArray) -> None:
    size = np.nanmax(np.abs(values), axis=0)
    for (name, color, dashes), column, largest in zip(COMPONENTS, values.T, size, strict=True):
        if largest <= ZERO * size.max():
            ax.plot(x, column, color=GREY, linewidth=0.6, zorder=1.5)
        else:
            ax.plot(x, column, dashes, color=color, linewidth=1.5, label=f"${name}$")
