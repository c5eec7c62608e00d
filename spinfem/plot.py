"""Pictures of a solution: profiles over x, and hodographs in spin space.

``solution.plot.profile()`` draws mu_s(x) and j_s(x), ``solution.plot.hodograph()`` the curves that
these vectors trace in spin space, as in Figs. 4 and 5 of the paper. Both draw on a new pyplot
figure or on given axes, and return the axes.

Colours are from the palette of Okabe and Ito, safe for the colour-blind; dashes and widths tell the
same things apart in print. Font sizes follow matplotlib's ``font.size``. matplotlib is imported
inside functions, so that importing spinfem stays cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from ._checks import FloatArray, near_match
from .labels import FLAT, GREY, few_ticks, name_layers, name_rods, plain
from .stack import Layer, Lead

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .solution import Solution

Quantity = Literal["spin_potential", "spin_current", "potential"]
Quantities = tuple[Quantity, ...]
Units = Literal["SI", "plain"]

VECTORS: Quantities = ("spin_potential", "spin_current")
SYMBOLS = {"spin_potential": (r"\mu", "s"), "spin_current": ("j", "s"), "potential": (r"\mu", "0")}
SI_UNITS = {"spin_potential": "V", "spin_current": "A/m$^2$", "potential": "V"}
PREFIXES = {-9: "n", -6: "µ", -3: "m", 0: ""}
COMPONENTS = (("x", "#0072B2", "-"), ("y", "#000000", ":"), ("z", "#CC79A7", "--"))
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


class Frame(NamedTuple):
    """Orthonormal rows that span a hodograph, shape (2 or 3, 3), and what each is called."""

    basis: FloatArray
    names: tuple[str, ...]


SPACE = Frame(np.eye(3), ("x", "y", "z"))


@dataclass(frozen=True)
class SolutionPlots:
    """Pictures of a single solution; `Solution.plot` returns this."""

    solution: Solution

    def profile(
        self, ax: Any = None, *, quantity: Quantity | None = None, units: Units | None = None
    ) -> Any:
        """Draw fields over x, with the layers shaded and named.

        A component that is zero everywhere is a thin line and left out of the legend.

        Parameters
        ----------
        ax : Axes, or two of them, optional
            Where to draw: one Axes if `quantity` is given, else one for mu_s and one for j_s.
            Default: a new pyplot figure, one column wide.
        quantity : {"spin_potential", "spin_current", "potential"}, optional
            What to draw: the components of mu_s or of j_s, or mu_0. Default: mu_s above j_s.
        units : {"SI", "plain"}, optional
            Whether the stack's numbers are in SI units; then x is drawn in nm, mu_s and mu_0 in nV,
            µV or mV, j_s in a power of ten of A/m2. Default: SI if the layers are together thinner
            than 1e-3, which are then metres.

        Returns
        -------
        Axes, or array of two Axes
            What was drawn on.

        Raises
        ------
        ValueError
            If the solution is a batch, or an argument is not as above.
        """
        quantities, si = _check(self.solution, quantity, (*VECTORS, "potential"), units)
        rows = len(quantities)
        axes, legend = _panels(ax, quantities, (3.5, 1.4 + 1.4 * rows), (rows, 1), sharex=True)
        names = _draw_profiles(axes, self.solution, quantities, si)
        if ax is None:
            axes[0].label_outer()
            legend.set_figheight(legend.get_figheight() + names)
        _add_legend(legend, axes, ncols=3)
        return axes if quantity is None else axes[0]

    def hodograph(
        self, ax: Any = None, *, quantity: Quantity | None = None, units: Units | None = None
    ) -> Any:
        """Draw the curves that mu_s(x) and j_s(x) trace in spin space.

        Dots are the faces of layers, the circle is the left end of the stack. Dashed lines are the
        rods, the directions m of the ferromagnets, named at their heads. At interfaces j_s jumps
        along dotted lines, the absorbed spin currents of eq. (10): the torques.

        Vectors in one plane are drawn in it, undistorted: the xz, xy or yz plane; else that of the
        first m and, upwards from it, the next one not collinear. Other vectors need 3D axes.

        Parameters
        ----------
        ax : Axes, or two of them, optional
            Where to draw: one Axes if `quantity` is given, else one for mu_s and one for j_s.
            Anything can be drawn on 3D axes. Default: a new pyplot figure, one column per vector.
        quantity : {"spin_potential", "spin_current"}, optional
            Which vector to draw. Default: mu_s on the left, j_s on the right.
        units : {"SI", "plain"}, optional
            As in `profile`.

        Returns
        -------
        Axes, or array of two Axes
            What was drawn on.

        Raises
        ------
        ValueError
            If the solution is a batch, an argument is not as above, or the vectors do not lie in
            one plane and given axes are not 3D.
        """
        quantities, si = _check(self.solution, quantity, VECTORS, units)
        frame, columns = _frame(self.solution), len(quantities)
        options = {"subplot_kw": {"projection": "3d" if frame is SPACE else None}}
        axes, legend = _panels(ax, quantities, (3.5 * columns, 3.7), (1, columns), **options)
        _draw_hodographs(axes, self.solution, quantities, si, frame)
        _add_legend(legend, axes, ncols=2 * columns)
        return axes if quantity is None else axes[0]


def overview(solution: Solution, *, units: Units | None = None) -> Figure:
    """Return a figure, two columns wide, of the profiles and, to their right, the hodographs.

    It is not a pyplot figure: nothing keeps it but its owner. `units` and errors are as in
    `SolutionPlots.profile`.
    """
    from matplotlib.figure import Figure

    _, si = _check(solution, None, VECTORS, units)
    frame = _frame(solution)
    figure = Figure(figsize=(7.2, 5.6), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1.15, 1))
    upper = figure.add_subplot(grid[0, 0])
    profiles = [upper, figure.add_subplot(grid[1, 0], sharex=upper)]
    projection = "3d" if frame is SPACE else None
    hodographs = [figure.add_subplot(grid[i, 1], projection=projection) for i in range(2)]
    names = _draw_profiles(profiles, solution, VECTORS, si)
    upper.label_outer()
    figure.set_figheight(figure.get_figheight() + names)
    _draw_hodographs(hodographs, solution, VECTORS, si, frame)
    _add_legend(figure, profiles + hodographs, ncols=7)
    return figure


# --- arguments, data and units ----------------------------------------------------------------


def _check(
    solution: Solution, quantity: Quantity | None, allowed: Quantities, units: Units | None
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


def _panels(
    ax: Any,
    quantities: Quantities,
    size: tuple[float, float],
    shape: tuple[int, int],
    **options: Any,
) -> tuple[Any, Any]:
    """Return axes, one for each quantity, given or new, and what the legend belongs to."""
    from matplotlib.axes import Axes

    if ax is None:
        import matplotlib.pyplot as plt

        figure = plt.figure(figsize=size, layout="constrained")
        return figure.subplots(*shape, squeeze=False, **options).ravel(), figure
    axes = np.atleast_1d(np.array(ax, dtype=object))
    if axes.shape != (len(quantities),) or not all(isinstance(one, Axes) for one in axes):
        required = "two Axes (or one, with a quantity)" if len(quantities) == 2 else "one Axes"
        raise ValueError(f"ax must be {required} for {' and '.join(quantities)}, got {ax!r}")
    return axes, axes[0]


def _fields(solution: Solution, quantity: Quantity) -> list[FloatArray]:
    return [getattr(layer, quantity) for layer in solution.layers]


def _broken(curves: list[FloatArray]) -> FloatArray:
    """Join curves, shape (n, k) each, with rows of nan between them, where a line is broken."""
    gap = np.full((1, curves[0].shape[1]), np.nan)
    return np.concatenate([piece for curve in curves for piece in (curve, gap)][:-1])


def _scale(solution: Solution, quantity: Quantity, si: bool) -> tuple[float, str]:
    """Return a factor and the unit after it: a prefix for volts, else a power of ten if needed."""
    largest = max(float(np.abs(field).max()) for field in _fields(solution, quantity))
    exponent = int(np.floor(np.log10(largest))) if largest > 0 else 0
    unit = SI_UNITS[quantity] if si else ""
    prefixed = 3 * (exponent // 3)
    if unit == "V" and prefixed in PREFIXES:
        return 10.0**-prefixed, f" ({PREFIXES[prefixed]}V)"
    if -1 <= exponent <= 3:
        exponent = 0
    power = f"10$^{{{exponent}}}$" if exponent else ""
    shown = " ".join(filter(None, [power, unit]))
    return 10.0**-exponent, f" ({shown})" if shown else ""


def _rods(solution: Solution) -> list[tuple[str, FloatArray]]:
    """Return name and m of every ferromagnet from left to right, leads included."""
    left, *layers, right = solution.stack.elements
    named = [(left, "left lead"), *((layer, "") for layer in layers), (right, "right lead")]
    return [
        (f"m({plain(piece.name or place)})", piece.m)
        for piece, place in named
        if isinstance(piece, Layer | Lead) and piece.m is not None
    ]


def _frame(solution: Solution) -> Frame:
    """Return the plane in which all rods, mu_s and j_s lie, or else all of space."""
    rods = _rods(solution)
    fields = [np.concatenate(_fields(solution, quantity)) for quantity in VECTORS]
    vectors = np.concatenate(
        [m[None] for _, m in rods] + [field / (np.abs(field).max() or 1.0) for field in fields]
    )
    for plane in ([0, 2], [0, 1], [1, 2]):
        if np.abs(np.delete(vectors, plane, axis=1)).max() <= FLAT:
            return Frame(np.eye(3)[plane], tuple("xyz"[i] for i in plane))
    _, extent, principal = np.linalg.svd(vectors, full_matrices=False)
    if extent[2] > FLAT * extent[0]:
        return SPACE
    name, along = rods[0]
    across = np.cross(principal[2], along)
    across /= np.linalg.norm(across)
    heights = [m @ across for _, m in rods if abs(m @ across) > FLAT]
    if heights and heights[0] < 0:
        across = -across
    return Frame(np.stack([along, across]), (f"along {name}", f"across {name}"))


# --- profiles ---------------------------------------------------------------------------------


def _draw_profiles(axes: Any, solution: Solution, quantities: Quantities, si: bool) -> float:
    for ax, quantity in zip(axes, quantities, strict=True):
        _draw_profile(ax, solution, quantity, si)
    return name_layers(axes[0], solution)


def _draw_profile(ax: Any, solution: Solution, quantity: Quantity, si: bool) -> None:
    length, metre = (1e9, " (nm)") if si else (1.0, "")
    factor, unit = _scale(solution, quantity, si)
    faces = solution.stack.x * length
    for layer, left, right in zip(solution.stack.layers, faces[:-1], faces[1:], strict=True):
        tint = FERROMAGNET.tint if layer.is_ferromagnet else NORMAL.tint
        ax.axvspan(left, right, facecolor=tint, edgecolor="none", zorder=0)
    for face in faces[1:-1]:
        ax.axvline(face, color=GREY, linewidth=0.6, zorder=1)
    x = _broken([layer.x[:, None] for layer in solution.layers])[:, 0] * length
    values = _broken([f.reshape(len(f), -1) for f in _fields(solution, quantity)]) * factor
    if quantity == "potential":
        ax.plot(x, values[:, 0], color="black", linewidth=1.5)
    else:
        _draw_components(ax, x, values)
    symbol, index = SYMBOLS[quantity]
    ax.set_xlim(faces[0], faces[-1])
    ax.set_xlabel(f"$x${metre}", fontsize="small")
    ax.set_ylabel(f"${symbol}_{index}${unit}", fontsize="small")
    ax.tick_params(labelsize="small")


def _draw_components(ax: Any, x: FloatArray, values: FloatArray) -> None:
    size = np.nanmax(np.abs(values), axis=0)
    for (name, color, dashes), column, largest in zip(COMPONENTS, values.T, size, strict=True):
        if largest <= ZERO * size.max():
            ax.plot(x, column, color=GREY, linewidth=0.6, zorder=1.5)
        else:
            ax.plot(x, column, dashes, color=color, linewidth=1.5, label=f"${name}$")


# --- hodographs -------------------------------------------------------------------------------


def _draw_hodographs(
    axes: Any, solution: Solution, quantities: Quantities, si: bool, frame: Frame
) -> None:
    for ax, quantity in zip(axes, quantities, strict=True):
        if frame is SPACE and ax.name != "3d":
            raise ValueError(
                "ax must be 3D axes (projection='3d') for vectors that do not lie in one plane, "
                f"got {ax!r}"
            )
        _draw_hodograph(ax, solution, quantity, si, SPACE if ax.name == "3d" else frame)


def _draw_hodograph(
    ax: Any, solution: Solution, quantity: Quantity, si: bool, frame: Frame
) -> None:
    factor, unit = _scale(solution, quantity, si)
    to_axes = factor * frame.basis.T
    curves = [field @ to_axes for field in _fields(solution, quantity)]
    before, after = (
        np.array([getattr(face, f"{quantity}_{side}") for face in solution.interfaces]) @ to_axes
        for side in ("left", "right")
    )
    points = np.concatenate([before, after])
    low, high = _limits(np.concatenate([points, *curves, np.zeros((1, len(frame.basis)))]))
    names = [f"{{s,{n}}}$" if n in SPACE.names else f"s$ {n}" for n in frame.names]
    _set_square(ax, low, high, [f"${SYMBOLS[quantity][0]}_{name}{unit}" for name in names])
    _draw_rods(ax, solution, frame, low, high)
    for metal in (FERROMAGNET, NORMAL):
        own = [
            curve
            for curve, layer in zip(curves, solution.stack.layers, strict=True)
            if layer.is_ferromagnet == (metal is FERROMAGNET)
        ]
        if own:
            style = {"color": metal.color, "linewidth": metal.width, "label": metal.label}
            ax.plot(*_broken(own).T, **style)
    jumps = np.abs(before - after).max(axis=1) > ZERO * np.abs(points).max()
    if jumps.any():
        line = _broken(list(np.stack([before, after], axis=1)[jumps]))
        ax.plot(*line.T, ":", color="black", linewidth=1.2, label="jump")
    ax.plot(*points.T, "o", color="black", markersize=3)
    ax.plot(*curves[0][:1].T, "o", color="black", markersize=7, fillstyle="none", label="left end")


def _limits(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return opposite corners of a square, or cube, that holds the points with some room."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = 0.62 * (high - low).max() or 1.0
    return (low + high) / 2 - half, (low + high) / 2 + half


def _set_square(ax: Any, low: FloatArray, high: FloatArray, labels: list[str]) -> None:
    """Set limits, labels and ticks so that lengths are the same in every direction."""
    from matplotlib.ticker import MaxNLocator

    ax.set_aspect("equal")
    solid = ax.name == "3d"
    for name, start, stop, label in zip("xyz", low, high, labels, strict=False):
        axis = getattr(ax, f"{name}axis")
        if solid:
            axis.set_ticks(few_ticks(start, stop))
        else:
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        ax.set(**{f"{name}lim": (start, stop)})
        axis.set_label_text(label, fontsize="small")
        axis.labelpad = -1 if solid else 4
    ax.tick_params(labelsize="small", pad=-2 if solid else 3)
    if solid:
        ax.set_box_aspect((1, 1, 1), zoom=0.9)


def _draw_rods(
    ax: Any, solution: Solution, frame: Frame, low: FloatArray, high: FloatArray
) -> None:
    """Draw a line along every magnetization and name it; parallel ones share line and label."""
    named: dict[tuple[float, ...], list[str]] = {}
    for name, m in _rods(solution):
        named.setdefault(tuple(np.round(frame.basis @ m, 9) + 0.0), []).append(name)
    if named:
        ways = np.array(list(named))
        room = 1.0 if frame is not SPACE else 0.75  # else names would meet the ticks of the cube
        heads, tails = room * _reach(ways, low, high), room * _reach(-ways, low, high)
        for line in np.stack([tails, heads], axis=1):
            ax.plot(*line.T, "--", color=GREY, linewidth=0.7, zorder=1)
        name_rods(ax, ["\n".join(names) for names in named.values()], heads)


def _reach(ways: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return where rays from the origin leave a box around it."""
    room = np.where(ways > 0, high, low)
    lengths = np.divide(room, ways, out=np.full(ways.shape, np.inf), where=np.abs(ways) > FLAT)
    return np.asarray(ways * lengths.min(axis=1, keepdims=True))


def _add_legend(where: Any, axes: Any, ncols: int) -> None:
    """Add one legend for all the axes: on one of them, or below the panels of a figure."""
    from matplotlib.axes import Axes

    found: dict[str, Any] = {}
    for ax in axes:
        handles, labels = ax.get_legend_handles_labels()
        found.update(zip(labels, handles, strict=True))
    below = {"loc": "outside lower center", "ncols": ncols, "frameon": False}
    style: dict[str, Any] = {} if isinstance(where, Axes) else below
    if found:
        where.legend(found.values(), found.keys(), fontsize="x-small", **style)
