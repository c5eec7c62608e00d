"""What the pictures have in common: colours, units, panels, legends.

Colours are from the palette of Okabe and Ito, safe for the colour-blind; dashes and widths tell the
same things apart in print. Font sizes follow matplotlib's ``font.size``. matplotlib is imported
inside functions, so that importing spinfem stays cheap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from .._checks import FloatArray
from .._spelling import near_match

if TYPE_CHECKING:
    from ..results.solved import SolvedStack

Quantity = Literal["spin_potential", "spin_current", "potential"]
Quantities = tuple[Quantity, ...]
Units = Literal["SI", "plain"]

VECTORS: Quantities = ("spin_potential", "spin_current")
SYMBOLS = {"spin_potential": (r"\mu", "s"), "spin_current": ("j", "s"), "potential": (r"\mu", "0")}
SI_UNITS = {"spin_potential": "V", "spin_current": "A/m$^2$", "potential": "V"}
PREFIXES = {-9: "n", -6: "µ", -3: "m", 0: ""}
PREFIXED = ("V", "J/m$^2$", "Ω", "Ω m")
FEMTO = ("Ω m$^2$",)
"""What is in femto as long as it is read easily, as in tables of Valet and Fert's numbers."""
COMPONENTS = (("x", "#0072B2", "-"), ("y", "#000000", ":"), ("z", "#CC79A7", "--"))
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Of ferromagnets."""
GREY = "0.45"
FLAT = 1e-9
"""Of the largest vector: vectors that leave a plane by up to this lie in it."""
ZERO = 1e-12
"""Of the largest value: a component, or a jump, up to this is taken as zero."""


class Metal(NamedTuple):
    """How layers of one kind look; the wide line stays visible where the narrow one covers it."""

    label: str
    color: str
    tint: str  # opaque, since EPS has no transparency
    width: float


FERROMAGNET = Metal("ferromagnet", "#009E73", "#d0ebe2", 3.2)
NORMAL = Metal("normal metal", "#D55E00", "#fdf1ea", 1.3)


def check(
    solution: SolvedStack, quantity: Quantity | None, allowed: Quantities, units: Units | None
) -> tuple[Quantities, bool]:
    """Return what to draw, and whether it is in SI units."""
    if solution.shape:
        raise ValueError(
            f"a picture needs a single solution, got a batch of shape {solution.shape}"
        )
    if units not in (None, "SI", "plain"):
        raise ValueError(f"units must be 'SI' or 'plain', got {units!r}")
    if quantity not in (None, *allowed):
        names, hint = ", ".join(map(repr, allowed)), near_match(str(quantity), allowed)
        raise ValueError(f"quantity must be one of {names}, got {quantity!r}{hint}")
    si = units == "SI" or (units is None and bool(solution.stack.x[-1] < 1e-3))
    return (VECTORS if quantity is None else (quantity,)), si


def panels(
    ax: Any,
    quantities: tuple[str, ...],
    size: tuple[float, float],
    shape: tuple[int, int],
    single: str = "a quantity",
    **options: Any,
) -> tuple[Any, Any]:
    """Return axes, one for each quantity, given or new, and what the legend belongs to.

    `single` is what else may be given for a picture on one Axes.
    """
    from matplotlib.axes import Axes

    if ax is None:
        import matplotlib.pyplot as plt

        figure = plt.figure(figsize=size, layout="constrained")
        return figure.subplots(*shape, squeeze=False, **options).ravel(), figure
    axes = np.atleast_1d(np.array(ax, dtype=object))
    if axes.shape != (len(quantities),) or not all(isinstance(one, Axes) for one in axes):
        count = {1: "one", 2: "two"}.get(len(quantities), str(len(quantities)))
        required = f"{count} Axes" + (f" (or one, with {single})" if len(quantities) > 1 else "")
        raise ValueError(f"ax must be {required} for {' and '.join(quantities)}, got {ax!r}")
    return axes, axes[0]


def fields(solution: SolvedStack, quantity: Quantity) -> list[FloatArray]:
    """Return a field in every layer."""
    return [getattr(layer, quantity) for layer in solution.layers]


def broken(curves: list[FloatArray]) -> FloatArray:
    """Join curves, shape (n, k) each, with rows of nan between them, where a line is broken."""
    gap = np.full((1, curves[0].shape[1]), np.nan)
    return np.concatenate([piece for curve in curves for piece in (curve, gap)][:-1])


def scale(solution: SolvedStack, quantity: Quantity, si: bool) -> tuple[float, str]:
    """Return a factor and the unit after it, as `unit_scale`, for a field of a solution."""
    return common_scale([solution], quantity, si)


def common_scale(
    solutions: Sequence[SolvedStack], quantity: Quantity, si: bool
) -> tuple[float, str]:
    """Return the same for a field of several solutions."""
    all_fields = (field for solution in solutions for field in fields(solution, quantity))
    largest = max(float(np.abs(field).max()) for field in all_fields)
    return unit_scale(largest, SI_UNITS[quantity] if si else "")


def unit_scale(largest: float, unit: str) -> tuple[float, str]:
    """Return a factor for values up to some size, and what to write after their name.

    That is, in parentheses, the unit with a prefix if it takes one, else with a power of ten if
    numbers were too long without.
    """
    exponent = int(np.floor(np.log10(largest))) if 0 < largest < np.inf else 0
    if unit in FEMTO and -18 <= exponent < -11:
        return 1e15, f" (f{unit})"
    prefixed = 3 * (exponent // 3)
    if unit in PREFIXED and prefixed in PREFIXES:
        return 10.0**-prefixed, f" ({PREFIXES[prefixed]}{unit})"
    if -1 <= exponent <= 3:
        exponent = 0
    power = f"10$^{{{exponent}}}$" if exponent else ""
    shown = " ".join(filter(None, [power, unit]))
    return 10.0**-exponent, f" ({shown})" if shown else ""


def amount(value: float, unit: str) -> str:
    """Return a number of three digits with its unit."""
    mantissa, _, exponent = f"{value:.3g}".partition("e")
    power = rf"$\,\times\,$10$^{{{int(exponent)}}}$" if exponent else ""
    return f"{mantissa}{power} {unit}".strip()


def fitting_columns(figure: Any) -> int:
    """Return how many columns of a legend with short labels are as wide as a figure."""
    from matplotlib.font_manager import FontProperties

    widest = 11.5 * FontProperties(size="x-small").get_size_in_points()
    return max(1, min(3, int(72 * figure.get_figwidth() / widest)))


def add_legend(where: Any, axes: Any, ncols: int, title: str | None = None) -> None:
    """Add one legend for all the axes: on one of them, or in columns below a figure's panels."""
    from matplotlib.axes import Axes
    from matplotlib.legend_handler import HandlerTuple

    found: dict[str, dict[type, Any]] = {}  # what has one label may look different over x
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, {}).setdefault(type(handle), handle)
    if not found:
        return
    rows = -(-len(found) // ncols)
    even = -(-len(found) // rows)
    below = {"loc": "outside lower center", "ncols": even, "frameon": False}
    style: dict[str, Any] = {} if isinstance(where, Axes) else below
    sizes = {"fontsize": "x-small", "title_fontsize": "x-small"}
    both = {"handler_map": {tuple: HandlerTuple(ndivide=None)}}
    handles = [tuple(looks.values()) for looks in found.values()]
    where.legend(handles, found.keys(), title=title, **both, **sizes, **style)
