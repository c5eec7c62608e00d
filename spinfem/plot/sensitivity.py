"""Relative changes of results with the numbers of a stack, as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .labels import plain, shortened, text_size
from .style import GREY

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = ("#0072B2", "#D55E00")
"""Of what makes a result larger, and smaller; of the palette of `style`."""
PANELS = 15
"""Results that are drawn at most."""
WIDTH, BAR, HEAD = 1.6, 0.16, 0.6
"""Inches: a panel without its labels, a bar, and what is above and below all bars."""
WIDEST = 10.5
"""Inches, of the figure."""
INVISIBLE = 1 / 300
"""Of the longest bar: shorter ones are narrower than a dot."""
LONGEST = 32
"""Characters of a number's name; a longer one is shortened in its middle."""


def sensitivity_figure(rates: list[tuple[str, dict[str, float]]]) -> Figure:
    """Return a figure of one panel for each result that has bars, as many as `PANELS`.

    It is not a pyplot figure: nothing keeps it but its owner.

    Parameters
    ----------
    rates : list of (str, dict)
        The name of every result, and d ln(result)/d ln(number) by the names of the numbers that
        are to be shown, from top to bottom; all finite.

    Raises
    ------
    ValueError
        If no result has a number.
    """
    from matplotlib.figure import Figure

    known = [(label, by) for label, by in rates if by]
    if not known:
        every = ", ".join(label for label, _ in rates)
        raise ValueError(
            f"a picture of sensitivities needs a result that is not zero, got zero for {every}"
        )
    shown = [(label, _visible(by)) for label, by in known[:PANELS]]
    names = [plain(shortened(name, LONGEST)) for _, by in shown for name in by]
    panel = WIDTH + float(text_size(names, 1.0)[0].max())
    columns = min(len(shown), max(1, int(WIDEST / panel)))
    rows = -(-len(shown) // columns)
    most = max(len(by) for _, by in shown)
    figure = Figure(figsize=(columns * panel, rows * (HEAD + BAR * most)), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, (label, by) in zip(grid, shown, strict=False):
        place, values = np.arange(len(by)), np.array(list(by.values()))
        ax.barh(place, values, color=[COLORS[int(value < 0)] for value in values])
        ax.axvline(0, color=GREY, linewidth=0.6)
        ax.set_title(plain(label), fontsize="small")
        ax.set_yticks(place, [plain(shortened(name, LONGEST)) for name in by], fontsize="x-small")
        ax.set_ylim(most - 0.4, -0.6)  # the first one on top; bars are as thick everywhere
        ax.tick_params(axis="x", labelsize="x-small")
        ax.locator_params(axis="x", nbins=4)
    for ax in grid[len(shown) :]:
        ax.remove()
    more = f"; {len(known) - len(shown)} more results are not drawn" if known[PANELS:] else ""
    figure.supxlabel(rf"$d\,\ln$(result)$\,/\,d\,\ln$(number){more}", fontsize="small")
    return figure


def _visible(by: dict[str, float]) -> dict[str, float]:
    least = INVISIBLE * max(map(abs, by.values()))
    return {name: value for name, value in by.items() if abs(value) >= least}
