"""Pictures in the browser, by Bokeh: glyphs that take new columns as numbers move.

Colours, dashes and words are those of `spinfem.plot`.
"""

from __future__ import annotations

import textwrap
from typing import Any, NamedTuple

import numpy as np
from bokeh.core.properties import value
from bokeh.models import (
    Arrow,
    ColumnDataSource,
    CustomJS,
    Label,
    Legend,
    LegendItem,
    NormalHead,
    Range1d,
)
from bokeh.plotting import figure

from ..plot.analogy import CORDS
from ..plot.arrows import LOOKS
from ..plot.style import COMPONENTS, FERROMAGNET, NORMAL
from .mechanics import FORCE
from .pictures import Columns, Note, Picture

GREY = "#737373"
ENDS = ("x0", "y0", "x1", "y1")
QUAD = ("left", "right", "bottom", "top")
COLUMNS = {"x", "y", *ENDS, *QUAD, "low", "high", "text"}
"""What glyphs take from their columns."""
DASHES = {"-": "solid", ":": "dotted", "--": "dashed"}
PIXELS = 4 / 3
"""In a point."""
SIDES = {"left": "#0072B2", "right": "#D55E00"}
"""Colours of the two efficiencies of a spacer."""
MOVING = "overlay"
"""Level of what moves: over axes, titles and legends, which then are not drawn anew.

Drawing these, and finding their styles 56 times, took a browser a third of every change.
"""
CLIP_WHERE_ZOOMED = """
const zoomed = ends.some((one) => one.start != one.reset_start || one.end != one.reset_end);
for (const one of drawn) one.level = zoomed ? "glyph" : moving;
"""
"""An overlay is not cut off at the frame, and need not be where the axes hold all of it."""


class Glyph(NamedTuple):
    """How some columns are drawn."""

    kind: str  # a method of Bokeh's figures
    style: dict[str, Any]
    label: str = ""  # in the legend


def _line(color: str, width: float, dash: str = "solid", label: str = "") -> Glyph:
    style = {"line_color": color, "line_width": width * PIXELS, "line_dash": dash}
    return Glyph("line", style, label)


def _dots(size: float, fill: str | None, label: str = "", edge: str = "black") -> Glyph:
    return Glyph("scatter", {"size": size, "fill_color": fill, "line_color": edge}, label)


def _quads(tint: str) -> Glyph:
    sides = {side: side for side in QUAD}
    return Glyph("quad", {**sides, "fill_color": tint, "line_color": None})


def _texts(align: str, baseline: str) -> Glyph:
    style = {"text": "text", "text_font_size": "12px", "text_color": "#404040"}
    halo = {"background_fill_color": "white", "background_fill_alpha": 0.7, "padding": 1}
    return Glyph("text", {**style, **halo, "text_align": align, "text_baseline": baseline})


def _arrow(color: str, label: str) -> Glyph:
    ends = {end: end for end in ENDS}
    return Glyph("segment", {**ends, "line_color": color, "line_width": 3.0}, label)


def _band(color: str, label: str = "") -> Glyph:
    style = {"x": "x", "y1": "low", "y2": "high", "fill_color": color, "fill_alpha": 0.25}
    return Glyph("varea", style, label)


SHADES = {"F shade": _quads(FERROMAGNET.tint), "N shade": _quads(NORMAL.tint)}
RODS = {"rods": _line(GREY, 0.8), "names": _texts("center", "middle")}
OVER = {"names": _texts("center", "top")}

MECHANICS = {
    **SHADES,
    **RODS,
    **{
        f"{kind} {what}": _line(metal.color, metal.width, dash, f"{kind} {what}")
        for kind, metal in CORDS.items()
        for what, dash in (("cord", "solid"), ("lead", "dashed"))
    },
    **{f"{FORCE} {kind}": _arrow(color, label) for kind, (label, color) in LOOKS.items()},
    "ring": _dots(10, "white", "ring"),
    "pinned ring": _dots(10, "black", "pinned ring"),
}
METALS = (("F", FERROMAGNET), ("N", NORMAL))
HODOGRAPH = {
    **RODS,
    "rods": _line(GREY, 0.7, "dashed"),
    **{name: _line(metal.color, metal.width, "solid", metal.label) for name, metal in METALS},
    **{
        f"{name} lead": _line(metal.color, metal.width, "dashed", f"{name} lead")
        for name, metal in METALS
    },
    "jump": _line("black", 1.2, "dotted", "jump"),
    "faces": _dots(4, "black"),
    "left end": _dots(10, None, "left end"),
}
AXES = {name: _line(color, 1.5, DASHES[dash], name) for name, color, dash in COMPONENTS}
PROFILE = {
    **SHADES,
    "face": _line(GREY, 0.6),
    "resistive interface": _line("black", 1.4, "solid", "resistive interface"),
    "zero": _line(GREY, 0.6),
    **AXES,
    **OVER,
}
ZERO = {"zero": _line(GREY, 0.6)}
EFFICIENCIES = {
    **ZERO,
    **{side: _line(color, 1.5, "solid", side) for side, color in SIDES.items()},
    **{f"{side} now": _dots(9, color) for side, color in SIDES.items()},
}
RESISTANCE = {
    **ZERO,
    "band": _band("#0072B2", "certified bounds"),
    "dr": _line("#0072B2", 1.5, "solid", "δr"),
    "now": _dots(9, "#0072B2"),
}
TORQUE = {
    **ZERO,
    **{f"{name} band": _band(color) for name, color, _ in COMPONENTS},
    **AXES,
    **{f"{name} now": _dots(9, color) for name, color, _ in COMPONENTS},
}


class Chart:
    """A figure and the columns of its glyphs.

    Parameters
    ----------
    glyphs : dict
        Glyphs by name, from the bottom to the top.
    width, height : int
        Of the frame, pixels.
    title : str
        What stands above it.
    """

    def __init__(self, glyphs: dict[str, Glyph], width: int, height: int, title: str) -> None:
        self.shown: Picture | None = None
        self.figure: Any = figure(
            frame_width=width,
            frame_height=height,
            x_range=Range1d(0.0, 1.0),
            y_range=Range1d(0.0, 1.0),
            tools="pan,wheel_zoom,box_zoom,reset,save",
            active_drag=None,
            active_scroll=None,
            title=title,
            min_border_right=12,
        )
        self.figure.toolbar.logo = None
        self.figure.toolbar.autohide = True
        self.figure.grid.visible = False
        self.figure.axis.minor_tick_line_color = None
        self.sources: dict[str, ColumnDataSource] = {}
        self._looks: dict[str, tuple[str, bool]] = {}
        self._legend: dict[str, tuple[LegendItem, list[str]]] = {}
        self._note = Label(
            x=width / 2,
            y=height / 2,
            x_units="screen",
            y_units="screen",
            text="",
            text_align="center",
            text_baseline="middle",
            text_color=GREY,
            text_font_size="13px",
            visible=False,
        )
        self._width = width
        self._moving: list[Any] = []
        for name, glyph in glyphs.items():
            self._add(name, glyph)
        ends = [self.figure.x_range, self.figure.y_range]
        clip = CustomJS(
            args={"ends": ends, "drawn": self._moving, "moving": MOVING}, code=CLIP_WHERE_ZOOMED
        )
        for span in ends:
            for end in ("start", "end", "reset_start", "reset_end"):
                span.js_on_change(end, clip)
        items = [item for item, _ in self._legend.values()]
        legend = Legend(
            items=items,
            orientation="horizontal",
            ncols=max(2, width // 115),
            location="top_left",
            border_line_color=None,
            label_text_font_size="11px",
            padding=2,
            margin=2,
            spacing=6,
        )
        if items:
            self.figure.add_layout(legend, "below")
        self.figure.add_layout(self._note)

    def _add(self, name: str, glyph: Glyph) -> None:
        known = {column for column in glyph.style.values() if column in COLUMNS} or {"x", "y"}
        if glyph.kind == "text":
            known |= {"x", "y"}
        place = {"x": "x", "y": "y"} if glyph.kind in ("line", "scatter", "text") else {}
        draw = getattr(self.figure, glyph.kind)
        self.sources[name] = source = ColumnDataSource({column: [] for column in known})
        drawn = draw(source=source, **place, **glyph.style)
        if glyph.kind != "quad":  # shades stay below axes, and move with thicknesses alone
            drawn.level = MOVING
            self._moving.append(drawn)
        if glyph.kind == "segment":
            color = glyph.style["line_color"]
            head = NormalHead(size=10, fill_color=color, line_color=color)
            ends = {"x_start": "x0", "y_start": "y0", "x_end": "x1", "y_end": "y1"}
            arrow = Arrow(end=head, source=source, line_color=None, level=MOVING, **ends)
            self.figure.add_layout(arrow)
            self._moving.append(arrow)
        if glyph.label:
            if glyph.label not in self._legend:
                # a glyph of its own, or legends would be made anew whenever numbers move
                sample = ColumnDataSource({column: [np.nan] for column in known})
                shown = draw(source=sample, **place, **glyph.style)
                item = LegendItem(label=glyph.label, renderers=[shown], visible=False)
                self._legend[glyph.label] = item, []
            self._legend[glyph.label][1].append(name)

    def show(self, what: Picture | Note) -> None:
        """Show a picture, or say why there is none."""
        picture = what if isinstance(what, Picture) else None
        self._note.text = ""
        if isinstance(what, Note):
            self._note.text = "\n".join(textwrap.wrap(what.text, self._width // 8))
        self._note.visible = picture is None
        for axis in self.figure.axis:
            axis.visible = picture is not None
        sources = picture.sources if picture else {}
        words = picture.words if picture else {}
        if picture:
            self._set_axes(picture)
        for name, source in self.sources.items():
            new = sources.get(name) or {column: [] for column in source.data}
            if not all(_same(values, source.data[column]) for column, values in new.items()):
                # as lists: every array would be two messages more
                source.data = {
                    column: np.asarray(values).tolist() for column, values in new.items()
                }
        for label, (item, names) in self._legend.items():
            seen = any(len(_first(sources.get(name))) > 0 for name in names)
            looks = words.get(label, label), seen
            if self._looks.get(label) != looks:  # else legends would be made anew
                self._looks[label] = looks
                item.update(label=value(looks[0]), visible=seen)
        self.shown = picture

    def _set_axes(self, picture: Picture) -> None:
        old = self.shown
        for name in ("x", "y"):
            start, stop = getattr(picture, name)
            if old is None or getattr(old, name) != (start, stop):
                ends = {"start": float(start), "end": float(stop)}
                span = getattr(self.figure, f"{name}_range")
                span.update(**ends, reset_start=ends["start"], reset_end=ends["end"])
        if old is None or old.labels != picture.labels:
            self.figure.xaxis.axis_label, self.figure.yaxis.axis_label = picture.labels


def _same(new: Any, old: Any) -> bool:
    """Whether two columns are equal, nan where the other has nan."""
    one, other = np.asarray(new), np.asarray(old)
    return np.array_equal(one, other, equal_nan=one.dtype.kind == other.dtype.kind == "f")


def _first(columns: Columns | None) -> Any:
    return next(iter(columns.values())) if columns else ()
