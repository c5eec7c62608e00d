r"""Exact results for uniform layers: the paper's closed forms and the stack of any length.

Nothing here uses finite elements:

- `contact`: one F/N or N/F interface of half-infinite layers, eqs. (7), (8);
- `valve`: F1/N/F2 between reservoirs, eqs. (A1), (A2), (9), (10), and the efficiencies of (1)
  with the signs of (B1);
- `solve`: any stack, also with interfaces, mixing conductances and exchange lengths.

The first two are formulas by themselves; `solve` puts exact layers in the chain of `spinfem.solve`,
so that what differs is the finite elements' error. What has no chain in common with either is
``spinfem.solve(stack, method="saddle")``.
"""

from __future__ import annotations

from numpy.typing import ArrayLike

from ._checks import nonnegative
from .paper.closedforms import Valve, contact, valve
from .sample.stack import LoadedStack, Stack, check_current, check_stack
from .solution import Solution
from .solvers.condensed import Condensed
from .solvers.elements import at_frequency, check_spin_sink, elements_of
from .solvers.exact import Exact

__all__ = ["Valve", "contact", "solve", "valve"]


def solve(
    stack: Stack | LoadedStack,
    j0: ArrayLike | None = None,
    *,
    current_density: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
) -> Solution:
    """Return the exact solution of a stack of uniform layers.

    Its layers are two-ports in closed form, in the chain of `spinfem.solve`: those of (A1), and the
    same with the complex l_perp across m of a ferromagnet with exchange lengths. Interfaces and
    mixing conductances are what they are there. Errors are roundings, over the range that
    `spinfem.solve` states.

    Parameters
    ----------
    stack : Stack
        The sample, or what `spinfem.load` returned; a batch is solved point by point at once.
    j0 : float or array, optional
        Particle current, A/m2, positive when electrons flow towards +x; default as of
        `spinfem.solve`.
    current_density : float or array, optional
        The same in the conventional sign, ``J = -j0``; give one of the two.
    frequency : float or array, optional
        As of `spinfem.solve`: results are complex amplitudes; l is ``l/sqrt(1 + 2 pi i f tau)``.

    Returns
    -------
    Solution
        The same object as from `spinfem.solve`.

    Raises
    ------
    ValueError
        If there is no spin sink, both currents are given, or the stack has graded layers.
    """
    stack = check_stack(stack)
    current = check_current(stack, j0, current_density)
    e = elements_of(stack)
    if e.graded:
        raise ValueError(f"the exact stack must have uniform layers only, got {stack!r}")
    check_spin_sink(e)
    if frequency is not None:
        frequency = nonnegative("frequency", frequency)
        e = at_frequency(stack, e, frequency)
    return Solution(stack, current, Condensed(e, Exact(e)), solve, frequency)
