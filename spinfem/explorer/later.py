"""What is done when sliders rest: by the server of the page, or by the loop of a notebook."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import panel as pn

Result = TypeVar("Result")
THREAD = ThreadPoolExecutor(1, "spinfem explorer")
"""Where the pages, all of them, have things found that take long."""


class Later:
    """Does something once nothing has asked for it for a while; without a loop, at once.

    Parameters
    ----------
    milliseconds : int
        How long.
    """

    def __init__(self, milliseconds: int) -> None:
        self._milliseconds = milliseconds
        self._forget: Callable[[], Any] | None = None

    def ask(self, do: Callable[[], None]) -> None:
        """Ask for it, in the place of what was asked for before."""
        if self._forget is not None:
            self._forget()

        def now() -> None:
            self._forget = None
            do()

        doc, loop = served(), running()
        if doc is not None:
            pending = doc.add_timeout_callback(now, self._milliseconds)
            self._forget = partial(doc.remove_timeout_callback, pending)
        elif loop is not None:
            self._forget = loop.call_later(self._milliseconds / 1000, now).cancel
        else:
            now()


def beside(find: Callable[[], Result], show: Callable[[Result], None]) -> None:
    """Have something found in a thread, and then show it; without a loop, at once."""
    doc, loop = served(), running()
    if doc is None and loop is None:
        show(find())
        return

    def found(future: Future[Result]) -> None:
        do = partial(show, future.result())
        if doc is not None:
            doc.add_next_tick_callback(do)
        elif loop is not None:
            loop.call_soon_threadsafe(do)

    THREAD.submit(find).add_done_callback(found)


def served() -> Any:
    """Return the document of a page that is served; None in a notebook."""
    doc = pn.state.curdoc
    return doc if doc is not None and doc.session_context is not None else None


def running() -> asyncio.AbstractEventLoop | None:
    """Return the loop that runs, as in a notebook; None if there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
