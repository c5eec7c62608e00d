"""The page: sliders on the left, pictures on the right, by Panel."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from io import BytesIO, StringIO
from typing import Any, cast

import numpy as np
import panel as pn

from ..plot.hodograph import frame_of
from ..plot.style import Quantity
from ..sample.stack import Stack
from ..solution import Solution
from .address import query_of, read_query
from .charts import (
    EFFICIENCIES,
    HODOGRAPH,
    MECHANICS,
    ORBIT,
    PHASES,
    PROFILE,
    RESISTANCE,
    TORQUE,
    Chart,
)
from .exports import is_written, png_of, python_of, toml_of
from .later import Later, beside
from .mechanics import SIDE, mechanics
from .motion import Motion, motion_of, orbit, what_moves
from .pictures import Note, Picture
from .presets import preset, presets
from .readout import motion_readout, readout
from .rows import STYLE, WIDTH, Row, as_wrong
from .seen import PANELS, Base, Seen
from .slider import GROUPS
from .swinging import Response, all_but_the_frequency, frequency_pictures, response_of
from .turning import (
    Rotation,
    all_but_the_angle,
    point_of,
    rotation_of,
    turning_pictures,
)
from .vectors import hodograph, profile

FIRST = "fig5"
"""The preset where nothing is given."""
LATER = 300
"""When the address follows a change, and motion, ms."""
CHARTS: dict[str, tuple[str, ...]] = {
    "forces": ("mechanics",),
    "torques": ("g", "dr", "torque"),
    "frequency": ("g over f", "dr over f", "phase over f"),
    "motion": ("orbit",),
    "hodographs": ("spin_potential", "spin_current"),
    "profiles": ("spin_potential over x", "spin_current over x"),
}
"""What is in every group of pictures."""
OLD, NEW = {"opacity": "0.4"}, {"opacity": "1"}
"""How motion looks that is not yet that of the stack, and how when it is."""
WRAPPED = ".bk-btn-group { flex-wrap: wrap; }"
"""Buttons in two rows where one has no room for all."""
OPEN = {"Directions", "Thicknesses"}
"""Groups of sliders that are seen at first."""
FRAME = int(SIDE * 4 / 3)


class Explorer(pn.viewable.Viewer):  # type: ignore[misc]
    """A stack with sliders and pictures; a notebook shows it.

    Attributes
    ----------
    stack : Stack
        As the sliders are now.
    solution : Solution
        Its solution.
    python, toml : str
        What reproduces it.
    spent : float
        How long the last change took here, s.
    """

    def __init__(self, given: Base | None, query: str = "", in_browser: bool = False) -> None:
        super().__init__()
        self._given = given
        self._old: dict[str, Picture] = {}
        self._curve: tuple[tuple[object, ...], Rotation] | None = None
        self._response: tuple[tuple[object, ...], Response] | None = None
        self._moves: tuple[object, ...] | None = None
        self._address_later, self._motion_later = Later(LATER), Later(LATER)
        self._layout: Any = None
        self.spent = 0.0
        self.charts = {
            "mechanics": Chart(MECHANICS, FRAME, FRAME, "Rods, rings, cords and forces"),
            "orbit": Chart(ORBIT, FRAME, FRAME, "Orbits of m on the unit sphere", axes=""),
            "g": Chart(EFFICIENCIES, FRAME, 125, "Efficiencies g of the torques, eq. (1)", "y"),
            "dr": Chart(RESISTANCE, FRAME, 90, "Spin resistance δr", "y"),
            "torque": Chart(TORQUE, FRAME, 90, "Torque"),
            "g over f": Chart(EFFICIENCIES, FRAME, 125, "Amplitudes over frequency", "y", log=True),
            "dr over f": Chart(RESISTANCE, FRAME, 90, "", "y", log=True),
            "phase over f": Chart(PHASES, FRAME, 125, "Their phases", log=True),
            "spin_potential": Chart(HODOGRAPH, 200, 200, "Hodograph of μₛ"),
            "spin_current": Chart(HODOGRAPH, 200, 200, "Hodograph of jₛ"),
            "spin_potential over x": Chart(PROFILE, FRAME, 95, "μₛ(x)", "y"),
            "spin_current over x": Chart(PROFILE, FRAME, 95, "jₛ(x)"),
        }
        options = {one.title: one.name for one in presets().values()}
        if given is not None:
            options = {f"{given.title} (given)": "", **options}
        self.preset = pn.widgets.Select(label="Stack", options=options, width=WIDTH - 20)
        self.turned = pn.widgets.Select(label="Turning", width=150)
        self.spacer = pn.widgets.Select(label="Torques across", width=150)
        self.shown = pn.widgets.CheckButtonGroup(
            label="Pictures", width=WIDTH - 25, margin=5, stylesheets=[WRAPPED]
        )
        self.numbers = pn.pane.HTML(stylesheets=[STYLE])
        self.motion_numbers = pn.pane.HTML(stylesheets=[STYLE], width=FRAME + 60)
        self.panels = self._panels()
        self.wrong = pn.pane.HTML("", visible=False, stylesheets=[STYLE])
        self.address = pn.widgets.TextInput(visible=False)
        if in_browser:
            self.address.jscallback(
                value="history.replaceState(null, '', cb_obj.value || location.pathname)"
            )
        self.rows: dict[str, Row] = {}
        self.sidebar = pn.Column(width=WIDTH)
        self.saves = self._saves()
        seen, left_out = read_query(query, given, preset, FIRST)
        try:
            with np.errstate(all="ignore"):
                _ = seen.solution
        except ValueError as error:
            left_out.append(f"address: {error}")
            seen = Seen(seen.base)
        self._open(seen)
        self._say("; ".join(left_out))
        self.preset.param.watch(self._choose, "value")
        self.turned.param.watch(self._choose_turned, "value")
        self.spacer.param.watch(self._choose_spacer, "value")
        self.shown.param.watch(self._choose_shown, "value")
        self._layout = self._laid_out()

    def __panel__(self) -> Any:
        return self._layout

    @property
    def stack(self) -> Stack:
        """As the sliders are now."""
        return self.seen.stack

    @property
    def solution(self) -> Solution:
        """Its solution."""
        return self.seen.solution

    @property
    def python(self) -> str:
        """A program that reproduces it."""
        return python_of(self.seen)

    @property
    def toml(self) -> str:
        """A stack file that does."""
        return toml_of(self.seen)

    # --- what happens -----------------------------------------------------------------------------

    def _open(self, seen: Seen) -> None:
        """Show another stack."""
        self.seen, self._old, self._moves = seen, {}, None
        self._curve, self._response = None, None
        self._opening = True
        try:
            self.preset.value = seen.base.preset or ""
            self.turned.options = [*seen.base.turnable]
            self.turned.value = seen.turning.owner if seen.turning else None
            pairs = seen.solution.spacers
            self.spacer.options = {" | ".join(pair): i for i, pair in enumerate(pairs)}
            self.spacer.value = pairs.index(seen.spacer) if seen.spacer else None
            self.shown.options = [*seen.panels]
            self.shown.value = [name for name in seen.panels if name not in seen.hidden]
        finally:
            self._opening = False
        for save in self.saves[1:]:
            save.disabled = not is_written(seen)
        sliders = seen.base.sliders
        self.rows = {
            one.key: Row(one, sliders.value(one.key, seen.values), self._move)
            for one in sliders.all
        }
        groups = [
            (name, [r for r in self.rows.values() if r.slider.group == name]) for name in GROUPS
        ]
        self.sidebar[:] = [
            pn.Card(
                *(row.layout for row in rows),
                pn.Spacer(height=12),
                title=name,
                collapsed=name not in OPEN,
                width=WIDTH,
                margin=(2, 0),
            )
            for name, rows in groups
            if rows
        ]
        self._draw()

    def _choose(self, event: Any) -> None:
        if not self._opening:
            base = preset(event.new) if event.new else self._given
            self._say("")
            self._open(Seen(cast(Base, base)))
            self._write_address()

    def _choose_turned(self, event: Any) -> None:
        if not self._opening:
            self._change(replace(self.seen, turned=event.new))

    def _choose_spacer(self, event: Any) -> None:
        if not self._opening:
            self._change(replace(self.seen, pair=event.new))

    def _choose_shown(self, event: Any) -> None:
        if not self._opening:
            self._change(replace(self.seen, hidden=frozenset({*self.seen.panels} - {*event.new})))

    def _move(self, row: Row, value: float) -> None:
        new = self.seen.with_value(row.slider.key, value)
        try:
            with np.errstate(all="ignore"):
                _ = new.solution
        except ValueError as error:
            row.say(str(error))
            return
        row.say("")
        self._change(new)

    def _change(self, seen: Seen) -> None:
        self.seen = seen
        self._draw()
        self._write_address()

    def _write_address(self) -> None:
        """Let the address follow, when nothing has changed for a while."""

        def write() -> None:
            query = query_of(self.seen)
            self.address.value = f"?{query}" if query else ""

        self._address_later.ask(write)

    def _say(self, text: str) -> None:
        self.wrong.object = as_wrong(text)
        self.wrong.visible = bool(text)

    # --- what is seen -----------------------------------------------------------------------------

    def _draw(self) -> None:
        start = time.perf_counter()
        with pn.io.hold(), np.errstate(all="ignore"):
            for name, panel in self.panels.items():
                panel.visible = self.seen.shows(name)
            self._show(self._pictures())
            self.numbers.object = readout(self.seen)
            self.saves[0].disabled = self.seen.frequency is not None  # it is of real numbers
            moves = what_moves(self.seen)
            if self.seen.shows("motion") and self._moves != moves:
                self._moves, self.panels["motion"].styles = moves, OLD
                pn.state.onload(lambda: self._motion_later.ask(self._find_motion))
        self._push()
        self.spent = time.perf_counter() - start

    def _show(self, pictures: dict[str, Picture | Note]) -> None:
        for name, picture in pictures.items():
            self.charts[name].show(picture)
            if isinstance(picture, Picture):
                self._old[name] = picture

    def _push(self) -> None:
        if self._layout is not None:
            pn.io.push_notebook(self._layout)  # which in notebooks no figure does by itself

    def _pictures(self) -> dict[str, Picture | Note]:
        """Return the pictures that are seen, but for motion."""
        seen, old = self.seen, self._old
        found: dict[str, Picture | Note] = {}
        if seen.shows("forces"):
            found["mechanics"] = mechanics(seen, old.get("mechanics"))
        quantities: tuple[Quantity, ...] = ("spin_potential", "spin_current")
        if seen.shows("hodographs"):
            frame = frame_of(seen.solution)
            found |= {one: hodograph(seen, one, frame, old.get(one)) for one in quantities}
        if seen.shows("profiles"):
            over_x = {f"{one} over x": one for one in quantities}
            found |= {name: profile(seen, one, old.get(name)) for name, one in over_x.items()}
        if seen.shows("torques"):
            found |= self._over_the_angle()
        if seen.shows("frequency"):
            found |= self._over_the_frequency()
        return found

    def _over_the_angle(self) -> dict[str, Picture | Note]:
        try:
            key = all_but_the_angle(self.seen)
            if self._curve is None or self._curve[0] != key:
                self._curve = key, rotation_of(self.seen)
            now = point_of(self.seen)
            return {**turning_pictures(self.seen, self._curve[1], now, self._old)}
        except ValueError as error:
            return dict.fromkeys(CHARTS["torques"], Note(str(error)))

    def _over_the_frequency(self) -> dict[str, Picture | Note]:
        try:
            key = all_but_the_frequency(self.seen)
            if self._response is None or self._response[0] != key:
                self._response = key, response_of(self.seen)
            return {**frequency_pictures(self.seen, self._response[1], self._old)}
        except ValueError as error:
            return dict.fromkeys(CHARTS["frequency"], Note(str(error)))

    def _find_motion(self) -> None:
        """Let magnets move from where they stand; sliders may be moved meanwhile."""
        seen, moves = self.seen, self._moves

        def find() -> Motion | None:
            return motion_of(seen) if moves == self._moves else None

        def show(motion: Motion | None) -> None:
            if motion is None or moves != self._moves:
                return
            with pn.io.hold():
                self._show({"orbit": orbit(motion)})
                self.motion_numbers.object = motion_readout(motion, seen.j0)
                self.panels["motion"].styles = NEW
            self._push()

        beside(find, show)

    # --- where it stands --------------------------------------------------------------------------

    def _panels(self) -> dict[str, Any]:
        """Return the groups of pictures."""
        panes = {name: pn.pane.Bokeh(chart.figure) for name, chart in self.charts.items()}
        found: dict[str, Any] = {}
        for group in PANELS:
            own: Iterable[Any] = [panes[name] for name in CHARTS[group]]
            row = pn.Row if group == "hodographs" else pn.Column
            found[group] = row(*own)
        found["motion"].append(self.motion_numbers)
        return found

    def _laid_out(self) -> Any:
        return pn.Row(
            pn.Column(
                self.preset,
                pn.Row(self.turned, self.spacer),
                pn.Row(*self.saves),
                self.shown,
                self.sidebar,
            ),
            pn.Column(self.wrong, self.numbers, pn.FlexBox(*self.panels.values()), self.address),
        )

    def _saves(self) -> list[Any]:
        def file(make: Callable[[Seen], Any]) -> Any:
            made = make(self.seen)
            return StringIO(made) if isinstance(made, str) else BytesIO(made)

        kinds = (
            ("Save picture", "png", png_of),
            ("TOML", "toml", toml_of),
            ("Python", "py", python_of),
        )
        return [
            pn.widgets.FileDownload(
                callback=partial(file, make),
                filename=f"stack.{ending}",
                label=label,
                width=95,
                margin=(5, 5),
            )
            for label, ending, make in kinds
        ]
