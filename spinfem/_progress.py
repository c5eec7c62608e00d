"""Progress bars of work that takes longer than a moment: on a terminal, or in a notebook.

They are drawn where work says how far it is and by no thread of their own, so that processes may be
forked meanwhile.
"""

from __future__ import annotations

import importlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress

DELAY = 1.0
"""Seconds after which a bar appears: shorter work is over before it is read."""
INTERVAL = 0.1
"""Seconds between two drawings."""
_DRAWING = threading.Lock()
"""Held by the one bar there is; bars within it are not drawn."""


@contextmanager
def progress_bar(
    what: str, total: int | None, wanted: bool | None = None
) -> Iterator[Callable[[int], None]]:
    """Draw a progress bar on stderr, or in a notebook, while the block runs.

    Parameters
    ----------
    what : str
        What is being done.
    total : int or None
        How much there is to do, in any unit; None if that is not known.
    wanted : bool, optional
        Whether to draw it, then from the beginning. Default: if stderr is a terminal, or in a
        notebook, and only after `DELAY`.

    Yields
    ------
    callable
        Moves the bar on by so much.
    """
    notebook = _in_notebook()
    show = _on_terminal(sys.stderr) or notebook if wanted is None else wanted
    if not show or not _DRAWING.acquire(blocking=False):
        yield lambda n: None
        return
    bar = _Bar(what, total, notebook)
    try:
        if wanted:
            bar.draw()
        yield bar.advance
    finally:
        bar.close()
        _DRAWING.release()


def _on_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()  # None where there is no console


def _in_notebook() -> bool:
    """Whether this is a kernel that shows what it computes in a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


class _Bar:
    """A bar that is not there before it is drawn."""

    def __init__(self, what: str, total: int | None, notebook: bool) -> None:
        self.what, self.total, self.notebook = what, total, notebook
        self.done = 0
        self.began = time.monotonic()
        self.due = self.began + DELAY
        self.progress: Progress | None = None
        self.shown: Any = None  # the output of a notebook's cell

    def advance(self, n: int) -> None:
        self.done += n
        if time.monotonic() >= self.due:
            self.draw()

    def draw(self) -> None:
        first = self.progress is None
        if self.progress is None:
            self.progress = self._make()
        self.progress.update(self.progress.task_ids[0], completed=self.done)
        if not self.notebook:
            if first:
                self.progress.start()
            self.progress.refresh()
        elif first:
            display = importlib.import_module("IPython.display").display
            self.shown = display(self.progress, display_id=True)
        else:
            self.shown.update(self.progress)
        self.due = time.monotonic() + INTERVAL

    def close(self) -> None:
        if self.progress is not None:
            if self.total is None:  # a bar that is full, where nothing moves any more
                self.progress.update(self.progress.task_ids[0], total=self.done)
            self.draw()
            if not self.notebook:
                self.progress.stop()

    def _make(self) -> Progress:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        known = self.total is not None
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn() if known else TextColumn("{task.completed:.0f} steps"),
            TimeRemainingColumn() if known else TimeElapsedColumn(),
        )
        progress = Progress(
            *columns,
            console=Console(stderr=True),
            get_time=time.monotonic,
            auto_refresh=False,
            redirect_stdout=_on_terminal(sys.stdout),  # else stdout, in a file, would go to stderr
        )
        progress.add_task(self.what, total=self.total, completed=self.done)
        progress.tasks[0].start_time = self.began
        return progress
