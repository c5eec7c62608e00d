"""Rows of the page: one slider each."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import panel as pn

from .._checks import one_line
from .slider import Slider

WIDTH = 330
"""Of the sliders, pixels."""
STYLE = """
:host { font-family: sans-serif; font-size: 13px; }
.numbers { border-collapse: collapse; }
.numbers td { padding: 2px 14px 2px 0; vertical-align: baseline; white-space: nowrap; }
.numbers b { font-size: 16px; font-variant-numeric: tabular-nums; }
.minus { color: #b3261e; }
.sign { color: #595959; font-size: 12px; margin: 2px 0; }
.wrong { color: #b3261e; font-size: 12px; margin: 0; }
"""


def as_wrong(text: str) -> str:
    """Return a text as that of something wrong, in HTML."""
    return f'<p class="wrong">{escape(one_line(text))}</p>' if text else ""


class Handle(pn.widgets.IntSlider):  # type: ignore[misc]
    """A slider whose moves are seen at once, and not 50 ms later."""

    _debounce = 0


class Row:
    """One slider, its number, and what is wrong with it."""

    def __init__(self, slider: Slider, value: float, moved: Callable[[Row, float], None]) -> None:
        self.slider = slider
        self._moved = moved
        self._quiet = False
        self.handle = Handle(
            start=0,
            end=slider.steps,
            value=slider.position_of(value),
            show_value=False,
            width=WIDTH - 130,
            margin=(10, 5, 0, 5),
        )
        self.number = pn.widgets.TextInput(
            value=slider.shown(value), width=92, height=28, margin=(0, 5)
        )
        self.text = pn.pane.HTML(stylesheets=[STYLE], margin=(4, 5, 0, 5), width=WIDTH - 30)
        self.say("")
        self.handle.param.watch(self._slid, "value")
        self.number.param.watch(self._typed, "value")
        self.layout = pn.Column(self.text, pn.Row(self.handle, self.number))

    def say(self, text: str) -> None:
        """Say what is wrong; nothing if the text is empty."""
        name = f"{self.slider.label} ({self.slider.unit.name})".removesuffix(" ()")
        self.text.object = f"<span>{escape(name)}</span>{as_wrong(text)}"

    def _slid(self, event: Any) -> None:
        if not self._quiet:
            value = self.slider.value_at(event.new)
            with pn.io.hold():  # all that changes is one message
                self._silently(number=self.slider.shown(value))
                self._moved(self, value)

    def _typed(self, event: Any) -> None:
        if self._quiet:
            return
        try:
            value = self.slider.typed(event.new)
        except ValueError as error:
            self.say(str(error))
            return
        with pn.io.hold():
            self._silently(handle=self.slider.position_of(value))
            self._moved(self, value)

    def _silently(self, **values: Any) -> None:
        self._quiet = True
        try:
            for name, value in values.items():
                getattr(self, name).value = value
        finally:
            self._quiet = False
