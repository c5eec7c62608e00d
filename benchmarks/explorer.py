"""What a move of a slider takes in the explorer."""

from __future__ import annotations

from typing import Any

import spinfem as sf

from .timing import medians

SLIDER = "free.thickness_nm"


def explorer_change(name: str, seconds: float) -> dict[str, Any]:
    """Time a change of a stack: solving it, its pictures, and what of them goes to the browser.

    Beside it the solution alone, and a picture of the stack by matplotlib, as a page would make
    them that draws anew.
    """
    from spinfem.explorer.exports import png_of
    from spinfem.explorer.page import Explorer
    from spinfem.explorer.presets import preset

    page = Explorer(preset(name))
    row = page.rows[SLIDER]
    middle = row.handle.value

    def change() -> None:
        row.handle.value = middle + 1 if row.handle.value == middle else middle

    change()
    stack, seen = page.stack, page.seen
    if page.solution.resistance != sf.solve(stack).resistance:
        raise RuntimeError("the page must show the solution of the stack as its sliders are")
    thickness = next(layer.thickness for layer in stack.layers if layer.name == "free")
    times = medians(
        [
            change,
            lambda: sf.solve(stack.replace("free", thickness=thickness)),
            lambda: png_of(seen),
        ],
        seconds,
    )
    return {"times": times}
