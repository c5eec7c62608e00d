"""Pictures in the browser, by Bokeh: glyphs that take new columns as numbers move.

All lines of a picture are one glyph to Bokeh, with their colours and dashes in its columns, and so
are its dots, shades and bands: each of Bokeh's glyphs costs a browser as much as a hundred lines.

Colours, dashes and words are those of `spinfem.plot`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
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
from ..plot.style import COLORS, COMPONENTS, FERROMAGNET, NORMAL
from .mechanics import FORCE
from .motion import magnet
from .pictures import Columns, Note, Picture

GREY = "#737373"
SOLID, DOTTED, DASHED = "solid", "2 4", "6 6"
"""Pixels of dashes and gaps: in columns, Bokeh's names mean others than elsewhere."""
DASHES = {"-": SOLID, ":": DOTTED, "--": DASHED}
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

Rows = dict[str, list[Any]]


class Kind(NamedTuple):
    """What Bokeh draws as one glyph, whatever its looks."""

    method: str  # of Bokeh's figures; without one it is the heads of arrows
    style: Mapping[str, Any]  # columns, and looks that are always the same
    looks: tuple[str, ...]  # those that each row has in a column
    level: str = MOVING


class Part(NamedTuple):
    """What of a glyph is drawn as one kind."""

    kind: str
    rows: Callable[[Columns], Rows]
    looks: Mapping[str, Any]


class Glyph(NamedTuple):
    """How some columns are drawn."""

    parts: tuple[Part, ...]
    label: str = ""  # in the legend, which shows the first part


ENDS = {"x_start": "x0", "y_start": "y0", "x_end": "x1", "y_end": "y1"}
QUAD = {side: side for side in ("left", "right", "bottom", "top")}
TEXT = {
    "text": "text",
    "text_font_size": "12px",
    "text_color": "#404040",
    "text_align": "center",
    "background_fill_color": "white",
    "background_fill_alpha": 0.7,
    "padding": 1,
}
AT, ALONG = {"x": "x", "y": "y"}, {"xs": "xs", "ys": "ys"}
LINE = ("line_color", "line_width", "line_dash")
COLUMNS = {*AT, *ALONG, *ENDS.values(), *QUAD, "text"}
"""What is in columns of numbers and texts, and no look."""
KINDS = {
    # shades stay below axes, and move with thicknesses alone
    "shades": Kind("quad", {**QUAD, "line_color": None}, ("fill_color",), "glyph"),
    "bands": Kind("patches", {**ALONG, "fill_alpha": 0.25, "line_color": None}, ("fill_color",)),
    "rods": Kind("multi_line", ALONG, LINE),
    "texts": Kind("text", {**AT, **TEXT}, ("text_baseline",)),
    "lines": Kind("multi_line", ALONG, LINE),
    "dots": Kind("scatter", AT, ("size", "fill_color", "line_color")),
    "heads": Kind("", ENDS, ("color",)),
}
"""From the bottom to the top."""


def _as_they_are(columns: Columns) -> Rows:
    """Return a row for every point."""
    # as lists: every array would be two messages more
    return {name: np.asarray(values).tolist() for name, values in columns.items()}


def _along(columns: Columns) -> Rows:
    """Return one row for a whole line."""
    points = _as_they_are(columns)
    return {f"{name}s": [values] if values else [] for name, values in points.items()}


def _around(columns: Columns) -> Rows:
    """Return one row for a band: there along its lower edge, and back along the upper one."""
    x, low, high = (np.asarray(columns[name]) for name in ("x", "low", "high"))
    there_and_back = np.concatenate([x, x[::-1]]), np.concatenate([low, high[::-1]])
    return _along(dict(zip("xy", there_and_back, strict=True)))


def _shafts(columns: Columns) -> Rows:
    """Return one row for the shafts of arrows."""
    gap = np.full(len(columns["x0"]), np.nan)
    ends = {x: [columns[f"{x}0"], columns[f"{x}1"], gap] for x in "xy"}
    return _along({x: np.stack(three, axis=1).ravel() for x, three in ends.items()})


def _line(color: str, width: float, dash: str = SOLID, label: str = "") -> Glyph:
    looks = dict(zip(LINE, (color, width * PIXELS, dash), strict=True))
    return Glyph((Part("lines", _along, looks),), label)


def _rods(width: float, dash: str = SOLID) -> Glyph:
    looks = dict(zip(LINE, (GREY, width * PIXELS, dash), strict=True))
    return Glyph((Part("rods", _along, looks),))


def _dots(size: float, fill: str | None, label: str = "", edge: str = "black") -> Glyph:
    looks = {"size": size, "fill_color": fill, "line_color": edge}
    return Glyph((Part("dots", _as_they_are, looks),), label)


def _shade(tint: str) -> Glyph:
    return Glyph((Part("shades", _as_they_are, {"fill_color": tint}),))


def _texts(baseline: str) -> Glyph:
    return Glyph((Part("texts", _as_they_are, {"text_baseline": baseline}),))


def _arrow(color: str, label: str) -> Glyph:
    looks = dict(zip(LINE, (color, 3.0, SOLID), strict=True))
    heads = Part("heads", _as_they_are, {"color": color})
    return Glyph((Part("lines", _shafts, looks), heads), label)


def _band(color: str, label: str = "") -> Glyph:
    return Glyph((Part("bands", _around, {"fill_color": color}),), label)


SHADES = {"F shade": _shade(FERROMAGNET.tint), "N shade": _shade(NORMAL.tint)}
RODS = {"rods": _rods(0.8), "names": _texts("middle")}
OVER = {"names": _texts("top")}

MECHANICS = {
    **SHADES,
    **RODS,
    **{
        f"{kind} {what}": _line(metal.color, metal.width, dash, f"{kind} {what}")
        for kind, metal in CORDS.items()
        for what, dash in (("cord", SOLID), ("lead", DASHED))
    },
    **{f"{FORCE} {kind}": _arrow(color, label) for kind, (label, color) in LOOKS.items()},
    "ring": _dots(10, "white", "ring"),
    "pinned ring": _dots(10, "black", "pinned ring"),
}
METALS = (("F", FERROMAGNET), ("N", NORMAL))
HODOGRAPH = {
    **RODS,
    "rods": _rods(0.7, DASHED),
    **{name: _line(metal.color, metal.width, SOLID, metal.label) for name, metal in METALS},
    **{
        f"{name} lead": _line(metal.color, metal.width, DASHED, f"{name} lead")
        for name, metal in METALS
    },
    "jump": _line("black", 1.2, DOTTED, "jump"),
    "faces": _dots(4, "black"),
    "left end": _dots(10, None, "left end"),
}
AXES = {name: _line(color, 1.5, DASHES[dash], name) for name, color, dash in COMPONENTS}
PROFILE = {
    **SHADES,
    "face": _line(GREY, 0.6),
    "resistive interface": _line("black", 1.4, SOLID, "resistive interface"),
    "zero": _line(GREY, 0.6),
    **AXES,
    **OVER,
}
ZERO = {"zero": _line(GREY, 0.6)}
EFFICIENCIES = {
    **ZERO,
    **{side: _line(color, 1.5, SOLID, side) for side, color in SIDES.items()},
    **{f"{side} now": _dots(9, color) for side, color in SIDES.items()},
}
RESISTANCE = {
    **ZERO,
    "band": _band("#0072B2", "certified bounds"),
    "dr": _line("#0072B2", 1.5, SOLID, "δr"),
    "now": _dots(9, "#0072B2"),
}
TORQUE = {
    **ZERO,
    **{f"{name} band": _band(color) for name, color, _ in COMPONENTS},
    **AXES,
    **{f"{name} now": _dots(9, color) for name, color, _ in COMPONENTS},
}


PHASES = {
    **EFFICIENCIES,
    "dr": _line("black", 1.5, DASHED, "δr"),
    "dr now": _dots(9, "black"),
}

WAYS = {
    **{f"way {i}": _line(GREY, 0.5) for i, _ in enumerate(COLORS)},
    **{f"orbit {i}": _line(color, 2.0, SOLID, magnet(i)) for i, color in enumerate(COLORS)},
    **{f"end {i}": _dots(8, color) for i, color in enumerate(COLORS)},
}
ORBIT = {"sphere": _rods(0.5), "names": _texts("middle"), **WAYS}


class Chart:
    """A figure and the columns of its glyphs.

    Parameters
    ----------
    glyphs : dict
        Glyphs by name; those of one kind from the bottom to the top.
    width, height : int
        Of the frame, pixels.
    title : str
        What stands above it.
    axes : str
        Which axes it has: x is left out where a picture below has it, or both.
    log : bool
        Whether x is logarithmic.
    """

    def __init__(
        self,
        glyphs: dict[str, Glyph],
        width: int,
        height: int,
        title: str,
        axes: str = "xy",
        log: bool = False,
    ) -> None:
        self.shown: Picture | None = None
        self.glyphs = glyphs
        self.figure: Any = figure(
            frame_width=width,
            frame_height=height,
            x_range=Range1d(0.5, 1.0),  # a logarithmic one has no 0
            x_axis_type="log" if log else "linear",
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
        self.figure.axis.visible = False
        own = [getattr(self.figure, f"{name}axis") for name in axes]
        self._axes = [axis for two in own for axis in two]
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
        used = {part.kind for glyph in glyphs.values() for part in glyph.parts}
        for name, kind in KINDS.items():
            if name in used:
                self._add(name, kind)
        for name, glyph in glyphs.items():
            if glyph.label:
                self._explain(name, glyph)
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

    def _add(self, name: str, kind: Kind) -> None:
        """Add what Bokeh draws of a kind."""
        columns = [own for own in kind.style.values() if own in COLUMNS]
        self.sources[name] = source = ColumnDataSource({key: [] for key in (*columns, *kind.looks)})
        if kind.method:
            looks = {key: key for key in kind.looks}
            drawn = getattr(self.figure, kind.method)(source=source, **kind.style, **looks)
            drawn.update(level=kind.level, nonselection_glyph=None, muted_glyph=None)
        else:
            head = NormalHead(size=10, fill_color="color", line_color="color")
            drawn = Arrow(end=head, source=source, line_color=None, level=kind.level, **kind.style)
            self.figure.add_layout(drawn)
        if kind.level == MOVING:
            self._moving.append(drawn)

    def _explain(self, name: str, glyph: Glyph) -> None:
        """Put a glyph into the legend."""
        if glyph.label not in self._legend:
            # a glyph of its own, or legends would be made anew whenever numbers move
            part, kind = glyph.parts[0], KINDS[glyph.parts[0].kind]
            blank = [[np.nan]] if kind.style.items() >= ALONG.items() else [np.nan]
            columns = [own for own in kind.style.values() if own in COLUMNS]
            source = ColumnDataSource(dict.fromkeys(columns, blank))
            draw = getattr(self.figure, kind.method)
            sample = draw(source=source, **kind.style, **part.looks)
            item = LegendItem(label=glyph.label, renderers=[sample], visible=False)
            self._legend[glyph.label] = item, []
        self._legend[glyph.label][1].append(name)

    def show(self, what: Picture | Note) -> None:
        """Show a picture, or say why there is none."""
        picture = what if isinstance(what, Picture) else None
        note = what.text if isinstance(what, Note) else ""
        text = "\n".join(textwrap.wrap(note, self._width // 8))
        self._note.update(text=text, visible=picture is None)
        for axis in self._axes:
            axis.visible = picture is not None
        sources = picture.sources if picture else {}
        words = picture.words if picture else {}
        if picture:
            self._set_axes(picture)
        self._set_sources(sources)
        for label, (item, names) in self._legend.items():
            seen = any(len(_first(sources.get(name))) > 0 for name in names)
            looks = words.get(label, label), seen
            if self._looks.get(label) != looks:  # else legends would be made anew
                self._looks[label] = looks
                item.update(label=value(looks[0]), visible=seen)
        self.shown = picture

    def _set_sources(self, sources: Mapping[str, Columns]) -> None:
        """Give every kind its rows, if they are others than before."""
        before = self.shown.sources if self.shown else {}
        parts = [(name, part) for name, glyph in self.glyphs.items() for part in glyph.parts]
        changed = {
            part.kind for name, part in parts if not _same(sources.get(name), before.get(name))
        }
        for kind in changed:
            rows: Rows = {column: [] for column in self.sources[kind].data}
            for name, part in parts:
                if part.kind == kind and name in sources:
                    own = part.rows(sources[name])
                    count = len(_first(own))
                    for column, values in rows.items():
                        values += own[column] if column in own else [part.looks[column]] * count
            self.sources[kind].data = rows

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


def _same(new: Columns | None, old: Columns | None) -> bool:
    """Whether two glyphs have equal columns, nan where the other has nan."""
    if not new or not old:
        return bool(new) == bool(old)
    return all(_equal(values, old[column]) for column, values in new.items())


def _equal(new: Any, old: Any) -> bool:
    one, other = np.asarray(new), np.asarray(old)
    return np.array_equal(one, other, equal_nan=one.dtype.kind == other.dtype.kind == "f")


def _first(columns: Columns | None) -> Any:
    return next(iter(columns.values())) if columns else ()
