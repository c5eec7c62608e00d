"""Pictures of a solution: profiles over x, hodographs in spin space, the mechanical analogy.

``solution.plot.profile()`` draws mu_s(x) and j_s(x), ``solution.plot.hodograph()`` the curves that
these vectors trace in spin space, as in Figs. 4 and 5 of the paper, and ``solution.plot.analogy()``
the rods, rings, cords and forces whose balance they are. All draw on a new pyplot figure or on
given axes, and return the axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..paper.analogy import Mechanism
from .analogy import draw_analogy
from .arrows import largest_force
from .hodograph import SPACE, draw_hodographs, frame_of
from .profile import draw_profiles
from .style import (
    SI_UNITS,
    VECTORS,
    Quantity,
    Units,
    add_legend,
    amount,
    check,
    fitting_columns,
    panels,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..results.solved import SolvedStack


@dataclass(frozen=True)
class SolutionPlots:
    """Pictures of a single solution; `spinfem.Solution.plot` returns this."""

    solution: SolvedStack

    def profile(
        self, ax: Any = None, *, quantity: Quantity | None = None, units: Units | None = None
    ) -> Any:
        """Draw fields over x, with the layers shaded and named.

        Hatched are the leads, next to the stack. Black lines are resistive interfaces, thinner
        where there are many. A component that is zero everywhere is a thin line and left out of the
        legend.

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
        quantities, si = check(self.solution, quantity, (*VECTORS, "potential"), units)
        rows = len(quantities)
        axes, legend = panels(ax, quantities, (3.5, 1.4 + 1.4 * rows), (rows, 1), sharex=True)
        names = draw_profiles(axes, self.solution, quantities, si)
        if ax is None:
            axes[0].label_outer()
            legend.set_figheight(legend.get_figheight() + names)
        add_legend(legend, axes, ncols=3)
        return axes if quantity is None else axes[0]

    def hodograph(
        self,
        ax: Any = None,
        *,
        quantity: Quantity | None = None,
        units: Units | None = None,
        fold: bool = False,
    ) -> Any:
        """Draw the curves that mu_s(x) and j_s(x) trace in spin space.

        Dots are the faces of layers, the circle is the left end of the stack. Dashed lines are the
        leads, in the colour of their metal, to where nothing is left of mu_s, and, thin, the rods,
        the directions m of the ferromagnets, named at their heads. At interfaces j_s jumps
        along dotted lines, the absorbed spin currents of eq. (10): the torques.

        Vectors in one plane are drawn in it, undistorted: the xz, xy or yz plane; else that of the
        first m and, upwards from it, the next one not collinear. Other vectors need 3D axes or
        folding.

        Parameters
        ----------
        ax : Axes, or two of them, optional
            Where to draw: one Axes if `quantity` is given, else one for mu_s and one for j_s.
            Anything can be drawn on 3D axes. Default: a new pyplot figure, one column per vector.
        quantity : {"spin_potential", "spin_current"}, optional
            Which vector to draw. Default: mu_s on the left, j_s on the right.
        units : {"SI", "plain"}, optional
            As in `profile`.
        fold : bool, optional
            Whether to draw in one plane what `spinfem.Analogy.fold` returns: the plane between
            every two neighbouring rods is folded onto the next one about the rod that they share.
            Lengths and angles in each stay what they are. The first rod points up. Default: False.

        Returns
        -------
        Axes, or array of two Axes
            What was drawn on.

        Raises
        ------
        ValueError
            If the solution is a batch, an argument is not as above, the vectors do not lie in one
            plane and given axes are not 3D, or there is nothing to fold about, no ferromagnet.
        """
        quantities, si = check(self.solution, quantity, VECTORS, units)
        solid = not fold and frame_of(self.solution) is SPACE
        options: dict[str, Any] = {"subplot_kw": {"projection": "3d" if solid else None}}
        columns = len(quantities)
        axes, legend = panels(ax, quantities, (3.5 * columns, 3.7), (1, columns), **options)
        draw_hodographs(axes, self.solution, quantities, si, fold)
        add_legend(legend, axes, ncols=2 * columns)
        return axes if quantity is None else axes[0]

    def analogy(self, ax: Any = None, *, units: Units | None = None) -> Any:
        """Draw the mechanical analogy: rods, rings, cords, and the forces on the rings.

        Where mu_s is at a face of a ferromagnet is a ring, on the rod along m; layers are cords
        between the rings, and leads, dashed, cords to the origin. All forces on the rings, eqs. (7)
        to (9), and the reactions of the rods, minus the absorbed spin currents of eq. (10), are
        arrows on one scale; the longest is that of the legend. Left out are forces below 1e-3 of it
        and those on rings that a reservoir, or another rod, holds at the origin.

        All is in one plane, folded as in `hodograph`; the first rod points up. If all rods are
        along one line the picture is over x, as in Figs. 2 and 3, and the arrows on either side of
        a driving force are the pulls of the cords there.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new pyplot figure, one column wide.
        units : {"SI", "plain"}, optional
            As in `profile`.

        Returns
        -------
        Axes
            What was drawn on.

        Raises
        ------
        ValueError
            If the solution is a batch, the stack has no ferromagnet, or an argument is not as
            above.
        """
        _, si = check(self.solution, None, VECTORS, units)
        analogy = Mechanism(self.solution)
        (one,), legend = panels(ax, ("spin_potential",), (3.5, 4.3), (1, 1))
        names = draw_analogy(one, analogy, si)
        if ax is None:
            legend.set_figheight(legend.get_figheight() + names)
        largest = largest_force(analogy.rings)
        title = f"longest arrow: {amount(largest, SI_UNITS['spin_current'] if si else '')}"
        add_legend(legend, [one], fitting_columns(one.figure), title if largest else None)
        return one


def overview(solution: SolvedStack, *, units: Units | None = None) -> Figure:
    """Return a figure, two columns wide, of the profiles and, to their right, the hodographs.

    It is not a pyplot figure: nothing keeps it but its owner. `units` and errors are as in
    `SolutionPlots.profile`.
    """
    from matplotlib.figure import Figure

    _, si = check(solution, None, VECTORS, units)
    frame = frame_of(solution)
    figure = Figure(figsize=(7.2, 5.6), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1.15, 1))
    upper = figure.add_subplot(grid[0, 0])
    profiles = [upper, figure.add_subplot(grid[1, 0], sharex=upper)]
    projection = "3d" if frame is SPACE else None
    hodographs = [figure.add_subplot(grid[i, 1], projection=projection) for i in range(2)]
    names = draw_profiles(profiles, solution, VECTORS, si)
    upper.label_outer()
    figure.set_figheight(figure.get_figheight() + names)
    draw_hodographs(hodographs, solution, VECTORS, si)
    add_legend(figure, profiles + hodographs, ncols=7)
    return figure
