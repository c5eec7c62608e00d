"""The mechanical analogy that users hold: `spinfem.paper.analogy`, and its picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .paper.analogy import Mechanism

if TYPE_CHECKING:
    from .plot.style import Units


class Analogy(Mechanism):
    """Rods, rings and cords of a solution, or of a transient at a time.

    In time friction holds the cords back: there are rods, rings, all forces on them, cords with
    their curves and tensions, and what is folded, as of that time (where the current jumps, just
    before it). Of a stationary solution alone are energies, spacers, slopes of dr, and stiffness,
    coupling and attraction of cords.

    Parameters
    ----------
    solution : Solution or Transient
        Of a single stack; take a point of a batch, or a time, as ``solution[i]``.

    Raises
    ------
    TypeError
        If it is no Solution.
    ValueError
        If it is a batch, magnetizations move, or its stack has more than transparent interfaces,
        uniform metals and strong ferromagnets: the analogy has no rods that yield sideways.

    Examples
    --------
    >>> import spinfem as sf
    >>> F, N = sf.Ferromagnet(D=1.0, l=1.0, p=0.5), sf.NormalMetal(D=1.0, l=1.0)
    >>> contact = sf.Lead(F, m=sf.direction(0), name="F") | N(30.0)
    >>> (ring,) = sf.Analogy(sf.solve(contact)).rings  # eq. (7): 0.5 j0 = (G_F + G_N) mu
    >>> round(ring.position, 12), [force.name for force in ring.forces]
    (0.5, ['driving', 'F cord', 'N cord'])
    """

    def plot(self, ax: Any = None, *, units: Units | None = None) -> Any:
        """Draw rods, rings, cords and forces; see `spinfem.plot.pictures.SolutionPlots.analogy`."""
        from .plot.pictures import SolutionPlots

        return SolutionPlots(self.solution).analogy(ax, units=units)
