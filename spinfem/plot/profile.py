"""Fields over x."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._checks import BoolArray, FloatArray
from ..results.leads import LeadSolution, lead_solution, leads_of
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
    common_scale,
    fields,
)

if TYPE_CHECKING:
    from ..results.solved import SolvedStack
    from ..results.views import LayerSolution

LEAD = (0.1, 0.2)
"""Of the thickness of the stack: how much of a lead is drawn, at least and at most."""
INTERFACE, FACE = 1.4, 0.6
"""Widths of lines at resistive interfaces and at other faces, points."""
INK = 0.12
"""Of the width of the axes, what such lines cover at most: where they are many they are thinner."""
SHORTEST = 12.0
"""Width of a layer, points, below which curves are not dashed: there would be single dashes."""


class Span(NamedTuple):
    """How large a field is drawn."""

    factor: float
    unit: str
    sizes: FloatArray  # (1 or 3,) of its components, in that unit
    low: float
    high: float


def common_spans(
    solutions: Sequence[SolvedStack], quantities: Quantities, si: bool
) -> tuple[Span, ...]:
    """Return how large fields of several states of a stack are drawn, all on one scale."""
    return tuple(_span(solutions, quantity, si) for quantity in quantities)


def _span(solutions: Sequence[SolvedStack], quantity: Quantity, si: bool) -> Span:
    factor, unit = common_scale(solutions, quantity, si)
    drawn = [
        field
        for solution in solutions
        for field in [
            *fields(solution, quantity),
            *(getattr(lead, quantity) for lead in leads_beside(solution)),
        ]
    ]
    values = np.concatenate(columns(drawn)) * factor
    low, high = float(values.min()), float(values.max())
    room = 0.05 * (high - low) or 1.0
    return Span(factor, unit, np.abs(values).max(axis=0), low - room, high + room)


def draw_profiles(
    axes: Any,
    solution: SolvedStack,
    quantities: Quantities,
    si: bool,
    spans: Sequence[Span] | None = None,
) -> float:
    """Draw one profile on each of the axes, and return the height of the layers' names, inches.

    As large as its values are, unless it is said how large.
    """
    leads = leads_beside(solution)
    spans = spans or common_spans([solution], quantities, si)
    for ax, quantity, span in zip(axes, quantities, spans, strict=True):
        _draw_profile(ax, solution, leads, quantity, si, span)
    before, after = ([one for one in leads if one.side == side] for side in ("left", "right"))
    pieces: list[LeadSolution | LayerSolution] = [*before, *solution.layers, *after]
    faces = np.array([*(piece.x[0] for piece in pieces), pieces[-1].x[-1]])
    middle = ((faces[:-1] + faces[1:]) / 2 - faces[0]) / (faces[-1] - faces[0])
    return name_layers(axes[0], [plain(piece.name) for piece in pieces], middle)


def leads_beside(solution: SolvedStack) -> list[LeadSolution]:
    """Return leads as far as they are drawn: until mu_s has decayed, if that is not far."""
    thickness = float(solution.stack.x[-1])
    least, most = (part * thickness for part in LEAD)
    return [
        lead_solution(solution, side, np.linspace(0.0, np.clip(3 * lead.material.l, least, most)))
        for side, lead in leads_of(solution)
    ]


def _draw_profile(
    ax: Any,
    solution: SolvedStack,
    leads: list[LeadSolution],
    quantity: Quantity,
    si: bool,
    span: Span,
) -> None:
    length, metre = (1e9, " (nm)") if si else (1.0, "")
    stack, faces = solution.stack, solution.stack.x * length
    magnetic = np.array([layer.is_ferromagnet for layer in stack.layers])
    for kind in (True, False):
        shade(ax, faces[:-1][magnetic == kind], faces[1:][magnetic == kind], kind)
    ends = [faces[0], faces[-1], *(x * length for lead in leads for x in lead.x[[0, -1]])]
    ax.set_xlim(min(ends), max(ends))
    x = [layer.x[:, None] * length for layer in solution.layers]
    curves = [(broken(x)[:, 0], broken(columns(fields(solution, quantity))))]
    curves += [(lead.x * length, columns([getattr(lead, quantity)])[0]) for lead in leads]
    curves = [(x, values * span.factor) for x, values in curves]
    if quantity == "potential":
        for at, values in curves:
            ax.plot(at, values[:, 0], color="black", linewidth=1.5)
    else:
        typical = float(np.median(np.diff(faces))) / (max(ends) - min(ends)) * _points(ax)
        _draw_components(ax, curves, span.sizes, dashed=typical > SHORTEST)
    for lead in leads:
        start, stop = lead.x[[0, -1]] * length
        shade(ax, start, stop, lead.magnetic, hatch="//", label="lead")
    _draw_faces(ax, faces, np.array([joint is not None for joint in stack.joints]))
    symbol, index = SYMBOLS[quantity]
    ax.set_xlabel(f"$x${metre}", fontsize="small")
    ax.set_ylabel(f"${symbol}_{index}${span.unit}", fontsize="small")
    ax.tick_params(labelsize="small")


def columns(found: list[FloatArray]) -> list[FloatArray]:
    """Return fields with their components as columns, (n, 1 or 3)."""
    return [field.reshape(len(field), -1) for field in found]


def _points(ax: Any) -> float:
    """Return the width of axes, points."""
    return float(72 * ax.bbox.width / ax.figure.dpi)


def shade(ax: Any, left: ArrayLike, right: ArrayLike, magnetic: bool, **style: Any) -> None:
    """Colour the background where layers of one kind are, from left to right, (n,) each."""
    from matplotlib.collections import PolyCollection

    spans = zip(*np.atleast_1d(left, right), strict=True)
    corners = [[(x, 0.0), (x, 1.0), (y, 1.0), (y, 0.0)] for x, y in spans]
    tint = FERROMAGNET.tint if magnetic else NORMAL.tint
    style = {"edgecolors": "none", "linewidths": 0, "zorder": 0, **style}
    if "hatch" in style:
        style["edgecolors"] = "white"
    own = PolyCollection(corners, facecolors=tint, transform=ax.get_xaxis_transform(), **style)
    ax.add_collection(own, autolim=False)


def _draw_faces(ax: Any, faces: FloatArray, resistive: BoolArray) -> None:
    """Draw a line at every face, black where fields of all kinds may jump."""
    from matplotlib.collections import LineCollection

    most = INK * _points(ax) / len(faces)
    start, stop = ax.get_xlim()
    inside = (start < faces) & (faces < stop)  # an end without a lead is the edge of the axes
    for own, color, width in (
        (~resistive & inside, GREY, FACE),
        (resistive, "black", INTERFACE),
    ):
        style: dict[str, Any] = {"color": color, "linewidths": min(width, most), "zorder": 1}
        lines = [[(x, 0.0), (x, 1.0)] for x in faces[own]]
        place = ax.get_xaxis_transform()
        ax.add_collection(LineCollection(lines, transform=place, **style), autolim=False)
    if resistive.any():
        ax.plot([], [], color="black", linewidth=INTERFACE, label="resistive interface")


def _draw_components(
    ax: Any, curves: list[tuple[FloatArray, FloatArray]], sizes: FloatArray, dashed: bool
) -> None:
    """Draw the three components of curves (n,), (n, 3); those of size zero as a thin line."""
    for i, (name, color, dashes) in enumerate(COMPONENTS):
        zero = sizes[i] <= ZERO * sizes.max()
        style: dict[str, Any] = {"color": GREY, "linewidth": 0.6, "zorder": 1.5}
        if not zero:
            style = {"color": color, "linewidth": 1.5, "linestyle": dashes if dashed else "-"}
        for k, (x, values) in enumerate(curves):
            label = "" if zero or k else f"${name}$"
            ax.plot(x, values[:, i], label=label or "_", **style)
