"""Names and ticks in pictures, placed so that they do not overlap."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._checks import FloatArray
from .style import FLAT, GREY

LONGEST = 48
"""Characters of a name in a picture."""


def plain(name: str) -> str:
    """Return a name as one line of text, not too long, in which matplotlib sees no formula."""
    return shortened(" ".join(name.split()), LONGEST).replace("$", r"\$")


def shortened(name: str, most: int) -> str:
    """Return a name of at most so many characters, with an ellipsis for what was in its middle."""
    if len(name) <= most:
        return name
    return f"{name[: most // 2 - 1]}…{name[-(most - most // 2) :]}"


def name_layers(ax: Any, names: list[str], middle: FloatArray) -> float:
    """Name layers above the axes: upright if that fits, else turned, else not at all.

    Their middles are given in order, as fractions of the axes. Return the height that turned names
    take, inches.
    """
    inches = ax.bbox.width / ax.figure.dpi
    width, height = text_size(names, inches)
    place, rotation = spread(middle, width), 0
    if width.sum() > 1 or np.abs(place - middle).max() > 0.05:
        place, rotation = spread(middle, height), 90
    if rotation and height.sum() > 1:
        return 0.0
    leader = {"arrowstyle": "-", "color": GREY, "lw": 0.6, "shrinkB": 0, "relpos": (0.5, 0)}
    style = {"fontsize": "x-small", "ha": "center", "va": "bottom", "rotation": rotation}
    for name, x, target in zip(names, place, middle, strict=True):
        ax.annotate(
            name, (target, 1), (x, 1.05), xycoords="axes fraction", arrowprops=leader, **style
        )
    return float(width.max()) * inches if rotation else 0.0


def text_size(texts: list[str], inches: float) -> tuple[FloatArray, FloatArray]:
    """Return width and height of lines of text, with some room, as fractions of a length."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    font = FontProperties(size="x-small")
    size = font.get_size_in_points()
    width = [TextPath((0, 0), text, prop=font).get_extents().width + size for text in texts]
    return np.array(width) / (72 * inches), np.full(len(texts), 1.4 * size) / (72 * inches)


def spread(wanted: FloatArray, size: FloatArray) -> FloatArray:
    """Move intervals in [0, 1], given by size and, in order, by middle, until none overlap."""
    if not wanted.size:
        return wanted
    steps = np.concatenate([[0.0], np.cumsum((size[:-1] + size[1:]) / 2)])
    gaps = wanted - steps  # must not decrease; pushing right and pushing left both see to that
    right, left = np.maximum.accumulate(gaps), np.minimum.accumulate(gaps[::-1])[::-1]
    even = (right + left) / 2
    return np.asarray(np.clip(even, size[0] / 2, 1 - size[-1] / 2 - steps[-1]) + steps)


def few_ticks(start: float, stop: float) -> FloatArray:
    """Return two or three ticks, none near the ends, where those of two axes would meet."""
    from matplotlib.ticker import MaxNLocator

    for most in (3, 4):  # 4 always leaves two: steps are at most 3/8 of the range
        ticks = np.asarray(MaxNLocator(most).tick_values(start, stop))
        ticks = ticks[np.abs(2 * ticks - start - stop) < 0.8 * (stop - start)]
        if len(ticks) > 1:
            break
    return ticks


def name_rods(ax: Any, labels: list[str], heads: FloatArray) -> None:
    """Name rods beside their heads, on the outer side if that fits; none if they are too many."""
    from matplotlib.patheffects import withStroke
    from matplotlib.transforms import ScaledTranslation

    ax.apply_aspect()
    inches = ax.bbox.width / ax.figure.dpi
    width, line = text_size([max(label.split("\n"), key=len) for label in labels], inches)
    height = line * [1 + label.count("\n") for label in labels]
    if height.sum() > 1:
        return
    (x, y), (x0, y0) = _on_axes(ax, heads).T, _on_axes(ax, 0 * heads[:1])[0]
    edge = 0.87 if ax.name == "3d" else 1.0  # the ticks of z are beyond
    flat = np.abs(x - x0) > np.abs(y - y0)  # such a rod is labelled above or below
    outer = x > x0 + FLAT
    beyond = np.where(flat, outer, np.where(outer, x + width < edge, x < width))
    left = np.clip(np.where(beyond, x + 0.04 / inches, x - width), 0, edge - width)
    wanted = y + np.where(flat, np.where(y < y0, -0.6, 0.6) * height, 0.0)
    middle = np.empty_like(y)
    sides = [left >= 0.5, left + width <= 0.5]  # they do not meet if all are on one or the other
    for side in sides if np.logical_or(*sides).all() else [width > 0]:
        order = np.flatnonzero(side)[np.argsort(wanted[side], kind="stable")]
        middle[order] = spread(wanted[order], height[order])
    halo = withStroke(linewidth=2, foreground="white")
    for label, head, shift in zip(labels, heads, np.stack([left - x, middle - y]).T, strict=True):
        right, up = shift * inches
        place = ax.transData + ScaledTranslation(right, up, ax.figure.dpi_scale_trans)
        text = ax.text(*head, label, transform=place, fontsize="x-small", va="center")
        text.set(path_effects=[halo], zorder=1.5)  # over the rods, under the curves


def _on_axes(ax: Any, points: FloatArray) -> FloatArray:
    """Return where points are seen, in fractions of the axes."""
    if ax.name == "3d":
        from mpl_toolkits.mplot3d.proj3d import proj_transform

        points = np.transpose(proj_transform(*points.T, ax.get_proj())[:2])
    return np.asarray(ax.transAxes.inverted().transform(ax.transData.transform(points)))
