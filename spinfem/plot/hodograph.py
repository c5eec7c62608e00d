"""Hodographs, Figs. 4 and 5 of the paper: curves that mu_s(x) and j_s(x) trace in spin space."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._checks import FloatArray
from ..paper.folding import Folded, fold
from ..results.leads import leads_of, whole_lead
from ..sample.pieces import Layer, Lead
from .labels import few_ticks, name_rods, plain
from .style import (
    FERROMAGNET,
    FLAT,
    GREY,
    NORMAL,
    SYMBOLS,
    VECTORS,
    ZERO,
    Quantities,
    Quantity,
    broken,
    fields,
    scale,
)

if TYPE_CHECKING:
    from ..results.solved import SolvedStack


class Frame(NamedTuple):
    """Orthonormal rows that span a hodograph, shape (2 or 3, 3), and what each is called."""

    basis: FloatArray
    names: tuple[str, ...]


DOTS = 72.0
"""Sizes of the dots at all faces together, points; each is between 1 and 3."""
NAMED = 4
"""Lines of text at a rod that many magnetizations share."""
MANY = 24
"""So many rods have lines of full width; more of them have thinner ones."""
SPACE = Frame(np.eye(3), ("x", "y", "z"))


def rods_of(solution: SolvedStack) -> list[tuple[str, FloatArray]]:
    """Return name and m of every ferromagnet from left to right, leads included."""
    left, *layers, right = solution.stack.elements
    named = [(left, "left lead"), *((layer, "") for layer in layers), (right, "right lead")]
    return [
        (f"m({plain(piece.name or place)})", piece.m)
        for piece, place in named
        if isinstance(piece, Layer | Lead) and piece.m is not None
    ]


def first_rod(solution: SolvedStack) -> str:
    """Return what to call the first rod in the label of an axis, where long names do not fit."""
    name = rods_of(solution)[0][0]
    return name if len(name) <= 16 else "first m"


def frame_of(solution: SolvedStack) -> Frame:
    """Return the plane in which all rods, mu_s and j_s lie, or else all of space."""
    rods = rods_of(solution)
    traced = [np.concatenate(fields(solution, quantity)) for quantity in VECTORS]
    vectors = np.concatenate(
        [m[None] for _, m in rods] + [field / (np.abs(field).max() or 1.0) for field in traced]
    )
    for plane in ([0, 2], [0, 1], [1, 2]):
        if np.abs(np.delete(vectors, plane, axis=1)).max() <= FLAT:
            return Frame(np.eye(3)[plane], tuple("xyz"[i] for i in plane))
    _, extent, principal = np.linalg.svd(vectors, full_matrices=False)
    if extent[2] > FLAT * extent[0]:
        return SPACE
    name, along = first_rod(solution), rods[0][1]
    across = np.cross(principal[2], along)
    across /= np.linalg.norm(across)
    heights = [m @ across for _, m in rods if abs(m @ across) > FLAT]
    if heights and heights[0] < 0:
        across = -across
    return Frame(np.stack([along, across]), (f"along {name}", f"across {name}"))


class View(NamedTuple):
    """What a hodograph draws, in the coordinates of its 2 or 3 axes."""

    curves: list[FloatArray]  # of every layer, (n, k)
    leads: list[FloatArray]  # of those leads that there are, from left to right, (n, k)
    before: FloatArray  # (faces, k) values on the left of every face
    after: FloatArray  # (faces, k) and on its right
    rods: FloatArray  # (f, k)
    axes: tuple[str, ...]  # what each is called


def look(solution: SolvedStack, quantity: Quantity, frame: Frame) -> View:
    """Return what is seen in a frame."""
    sides = [
        np.array([getattr(face, f"{quantity}_{side}") for face in solution.interfaces])
        for side in ("left", "right")
    ]
    rods = np.reshape([m for _, m in rods_of(solution)], (-1, 3))
    curves = [field @ frame.basis.T for field in fields(solution, quantity)]
    leads = [field @ frame.basis.T for _, field in _lead_fields(solution, quantity)]
    before, after = (values @ frame.basis.T for values in sides)
    return View(curves, leads, before, after, rods @ frame.basis.T, frame.names)


def _lead_fields(solution: SolvedStack, quantity: Quantity) -> Iterator[tuple[str, FloatArray]]:
    """Yield which leads there are, and a field in each until it has decayed."""
    for side, _ in leads_of(solution):
        yield side, getattr(whole_lead(solution, side), quantity)


def look_folded(solution: SolvedStack, quantity: Quantity, folded: Folded) -> View:
    """Return what is seen when everything is folded into one plane."""
    if quantity == "spin_current":
        curves, before, after = folded.current, folded.current_left, folded.current_right
    else:
        curves = folded.potential
        before = after = np.array([curves[0][0], *(curve[-1] for curve in curves)])
    sheets = {"left": folded.sheets[0], "right": folded.sheets[-1]}
    leads = [field @ sheets[side] for side, field in _lead_fields(solution, quantity)]
    return View(list(curves), leads, before, after, folded.rods, folded_axes(solution))


def folded_axes(solution: SolvedStack) -> tuple[str, str]:
    """Return what the axes of the plane are called into which everything is folded."""
    first, bent = first_rod(solution), frame_of(solution) is SPACE
    return f"across {first}{', folded' if bent else ''}", f"along {first}"


def axis_label(quantity: Quantity, name: str, unit: str) -> str:
    """Return the label of an axis."""
    index = f"{{s,{name}}}$" if name in SPACE.names else f"s$ {name}"
    return f"${SYMBOLS[quantity][0]}_{index}{unit}"


def draw_hodographs(
    axes: Any, solution: SolvedStack, quantities: Quantities, si: bool, folding: bool = False
) -> None:
    """Draw one hodograph on each of the axes, each in its plane or in space, or folded."""
    frame = frame_of(solution)
    folded = fold(solution) if folding else None
    for ax, quantity in zip(axes, quantities, strict=True):
        if folded:
            view = look_folded(solution, quantity, folded)
        else:
            view = look(solution, quantity, SPACE if ax.name == "3d" else frame)
        _draw_hodograph(ax, solution, quantity, si, view)


def _draw_hodograph(
    ax: Any, solution: SolvedStack, quantity: Quantity, si: bool, view: View
) -> None:
    solid = len(view.axes) == 3
    if solid != (ax.name == "3d"):
        required = (
            "3D axes (projection='3d') for vectors that do not lie in one plane"
            if solid
            else "plane axes for what is folded into a plane"
        )
        raise ValueError(f"ax must be {required}, got {ax!r}")
    factor, unit = scale(solution, quantity, si)
    curves, leads = ([curve * factor for curve in own] for own in (view.curves, view.leads))
    before, after = view.before * factor, view.after * factor
    points = np.concatenate([before, after])
    low, high = limits(np.concatenate([points, *curves, *leads, 0 * points[:1]]))
    set_square(ax, low, high, [axis_label(quantity, name, unit) for name in view.axes])
    draw_rods(ax, [name for name, _ in rods_of(solution)], view.rods, low, high)
    for metal in (FERROMAGNET, NORMAL):
        own = [
            curve
            for curve, layer in zip(curves, solution.stack.layers, strict=True)
            if layer.is_ferromagnet == (metal is FERROMAGNET)
        ]
        if own:
            style = {"color": metal.color, "linewidth": metal.width, "label": metal.label}
            ax.plot(*broken(own).T, **style)
    for i, ((_, lead), curve) in enumerate(zip(leads_of(solution), leads, strict=True)):
        metal = FERROMAGNET if lead.is_ferromagnet else NORMAL
        style = {"color": metal.color, "linewidth": metal.width, "linestyle": "--"}
        ax.plot(*curve.T, label="_" if i else "lead", **style)
    jumps = np.abs(before - after).max(axis=1) > ZERO * np.abs(points).max()
    if jumps.any():
        line = broken(list(np.stack([before, after], axis=1)[jumps]))
        ax.plot(*line.T, ":", color="black", linewidth=1.2, label="jump")
    dots = float(np.clip(DOTS / len(before), 1.0, 3.0))
    ax.plot(*points.T, "o", color="black", markersize=dots)
    ax.plot(*curves[0][:1].T, "o", color="black", markersize=7, fillstyle="none", label="left end")


def limits(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return opposite corners of a square, or cube, that holds the points with some room."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = 0.62 * (high - low).max() or 1.0
    return (low + high) / 2 - half, (low + high) / 2 + half


def set_square(ax: Any, low: FloatArray, high: FloatArray, labels: list[str]) -> None:
    """Set limits, labels and ticks so that lengths are the same in every direction."""
    from matplotlib.ticker import MaxNLocator

    ax.set_aspect("equal")
    solid = ax.name == "3d"
    for name, start, stop, label in zip("xyz", low, high, labels, strict=False):
        axis = getattr(ax, f"{name}axis")
        if solid:
            axis.set_ticks(few_ticks(start, stop))
        else:
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        ax.set(**{f"{name}lim": (start, stop)})
        axis.set_label_text(label, fontsize="small")
        axis.labelpad = -1 if solid else 4
    ax.tick_params(labelsize="small", pad=-2 if solid else 3)
    if solid:
        ax.set_box_aspect((1, 1, 1), zoom=0.9)


def draw_rods(
    ax: Any, names: list[str], rods: FloatArray, low: FloatArray, high: FloatArray, **style: Any
) -> None:
    """Draw a line along every magnetization and name it; parallel ones share line and label."""
    named = rods_in(names, rods, low, high, 0.75 if ax.name == "3d" else 1.0)
    if named:  # room: else names would meet the ticks of the cube
        style = {"color": GREY, "linestyle": "--", "linewidth": 0.7, "zorder": 1, **style}
        style["linewidth"] *= min(1.0, MANY / len(named))
        for rod in named:
            ax.plot(*np.stack([rod.tail, rod.head]).T, **style)
        name_rods(ax, ["\n".join(rod.names) for rod in named], np.array([r.head for r in named]))


class DrawnRod(NamedTuple):
    """The line along some parallel magnetizations."""

    names: list[str]  # a few of theirs
    tail: FloatArray  # (k,)
    head: FloatArray  # (k,)


def rods_in(
    names: list[str], rods: FloatArray, low: FloatArray, high: FloatArray, room: float = 1.0
) -> list[DrawnRod]:
    """Return lines along every magnetization, as far as some part of a box around the origin."""
    named: dict[tuple[float, ...], list[str]] = {}
    for name, rod in zip(names, rods, strict=True):
        named.setdefault(tuple(np.round(rod, 9) + 0.0), []).append(name)
    if not named:
        return []
    ways = np.array(list(named))
    heads, tails = room * _reach(ways, low, high), room * _reach(-ways, low, high)
    shown = map(_few, named.values())
    return [DrawnRod(*rod) for rod in zip(shown, tails, heads, strict=True)]


def _few(names: list[str]) -> list[str]:
    """Return names as they are, or the first ones and how many there are besides."""
    if len(names) <= NAMED:
        return names
    return [*names[: NAMED - 1], f"and {len(names) - NAMED + 1} more"]


def _reach(ways: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return where rays from the origin leave a box around it."""
    room = np.where(ways > 0, high, low)
    lengths = np.divide(room, ways, out=np.full(ways.shape, np.inf), where=np.abs(ways) > FLAT)
    return np.asarray(ways * lengths.min(axis=1, keepdims=True))
