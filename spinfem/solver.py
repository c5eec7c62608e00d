r"""From a stack to its solution."""

from __future__ import annotations

import operator
import os
from functools import partial
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import ArrayLike

from ._checks import nonnegative, positive
from ._progress import progress_bar
from ._spelling import near_match
from .fem.mesh import DEGREE
from .sample.stack import LoadedStack, Stack, check_current, check_stack
from .solution import Solution
from .solvers.condensed import Condensed
from .solvers.elements import at_frequency, check_spin_sink, elements_of
from .solvers.meshed import Meshed
from .solvers.transport import Transport

if TYPE_CHECKING:
    from .devices.device import Device
    from .devices.solution import DeviceSolution

MAX_DEGREE = 20
FINEST = 1e-12
"""The smallest `tol`: roundings, which bounds do not count, may be a tenth of it."""
METHODS = ("condensed", "saddle")


@overload
def solve(
    stack: Stack | LoadedStack,
    j0: ArrayLike | None = None,
    *,
    current_density: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    degree: int | None = None,
    elements: int | None = None,
    method: str = "condensed",
    certify: bool = False,
    tol: float | None = None,
    threads: int | None = None,
    progress: bool | None = None,
) -> Solution: ...
@overload
def solve(
    stack: Device,
    *,
    degree: int | None = None,
    certify: bool = False,
    tol: float | None = None,
    progress: bool | None = None,
) -> DeviceSolution: ...
def solve(
    stack: Stack | LoadedStack | Device,
    j0: ArrayLike | None = None,
    *,
    current_density: ArrayLike | None = None,
    frequency: ArrayLike | None = None,
    degree: int | None = None,
    elements: int | None = None,
    method: str = "condensed",
    certify: bool = False,
    tol: float | None = None,
    threads: int | None = None,
    progress: bool | None = None,
) -> Solution | DeviceSolution:
    """Solve spin diffusion, eq. (4), in a stack or a device by finite elements.

    Without `degree` and `elements`, errors are below 1e-10 in any stack of uniform layers: of mu_s
    and mu_0 relative to their largest values in the stack; of j_s and torques relative to the
    largest of ``|j_s|``, ``|p j0|`` and ``|gamma j0|``; of the resistance relative to itself, and
    of the spin resistance too, unless it is below 1e-12 of what it is with collinear
    magnetizations; with a beta_D that is not p, relative to the largest ``|beta_D mu_s|``.
    That holds at the faces and inside, between all kinds of ends, for d/l from 1e-15 to 1e8,
    conductivities that differ by 1e12, AR* and mixing conductances that are 0 or 1e-12 to 1e12 of
    the layers' own (and far beyond, in the limits of none and infinite), exchange lengths from
    1e-12 l to 1e6 l, and ``|p|`` up to 1 - 1e-12. Two ferromagnets in contact that cross at a small
    angle absorb what the roundings of m change by 1/sin of it, so their torques are right to that.
    A graded layer has as many elements as its profile needs.

    Parameters
    ----------
    stack : Stack or Device
        The sample, or what `spinfem.load` returned. A batch is solved as a whole. A device has its
        currents at its electrodes; of what follows it takes `degree`, by default 4 on lines, 3 on
        triangles and 2 on other cells, `certify`, `tol` and `progress`.
    j0 : float or array, optional
        Particle current times |e|, A/m2, positive when electrons flow towards +x. Default: that of
        the file which the stack was loaded from, else 1. Arrays broadcast with the stack's.
    current_density : float or array, optional
        The same in the conventional sign, ``J = -j0``, A/m2; give one of the two.
    frequency : float or array, optional
        Of a current ``j0 cos(2 pi f t)``, Hz, or per unit of the metals' tau; not negative. Every
        result is then a complex amplitude A, of what is ``Re A exp(2 pi i f t)``, and what is given
        at the ends swings like j0. All metals must have a tau. Arrays broadcast with the stack's.
    degree : int
        Polynomial degree of the elements, 1 to 20; by default 12 in a stack.
    elements : int, optional
        Number of elements in every layer; without it, as many as a layer of its thickness needs
        with the default degree, or the nodes that a layer from a mesh comes with.
    method : "condensed" or "saddle"
        "condensed": layers condensed to two-ports, faces eliminated without cancellation.
        "saddle": the saddle-point system with Lagrange multipliers, by a sparse direct solver;
        the reference, slower, and accurate as far as its condition number lets it.
    certify : bool
        Whether to bound the errors of dr and of torques: ``Solution.bounds``. In a device that is
        known on lines, triangles, parallelograms and tetrahedra, where nothing precesses, every
        beta_D is p and currents drive alone.
    tol : float, optional
        Largest error that the bounds may leave open, dr relative to itself, torques to the largest
        of ``|j_s|`` and ``|p j0|``: elements are halved where that is needed, from `elements` in
        every layer on, or 1, or the nodes it comes with, until it holds. The solution is certified.
        In a device of triangles, or of parallelograms, which are cut into such, these are refined,
        and torques relative to ``hbar/2|e|`` times the largest ``|p|`` and the current through it.
    threads : int, optional
        Threads that a batch may take, with numba; results are the same to the bit. Default: the
        environment's NUMBA_NUM_THREADS, or 1.
    progress : bool, optional
        Whether to draw a progress bar while elements are refined for `tol`, as in `spinfem.sweep`.

    Returns
    -------
    Solution or DeviceSolution

    Raises
    ------
    TypeError
        If an argument is of the wrong kind.
    ValueError
        If an argument is out of its range, both currents are given, there is no spin sink, a
        profile leaves its range where it is evaluated, `tol` cannot be met, or spin currents do not
        balance in the end: the message names the point of the batch.

    Warns
    -----
    RuntimeWarning
        If cells of a device at interfaces are longer than the spin diffusion length there.
    """
    if not isinstance(stack, Stack | LoadedStack) and (device := _device(stack)) is not None:
        given = [("j0", j0), ("current_density", current_density), ("elements", elements)]
        given += [("frequency", frequency)]
        given += [("method", None if method == METHODS[0] else method), ("threads", threads)]
        for name, value in given:
            if value is not None:
                raise ValueError(f"{name} must be left out for a device, got {value!r}")
        if not isinstance(certify, bool):
            raise TypeError(f"certify must be True or False, got {certify!r}")
        if tol is not None:
            from .devices.adaptive import solve_within

            return solve_within(device, degree, _tolerance(tol), progress)
        from .devices.solution import solve_device

        return solve_device(device, degree, certify=certify, progress=progress)
    degree = DEGREE if degree is None else whole("degree", degree, most=MAX_DEGREE)
    if elements is not None:
        elements = whole("elements", elements)
    if method not in METHODS:
        raise ValueError(
            f"method must be one of {', '.join(METHODS)}, "
            f"got {method!r}{near_match(str(method), METHODS)}"
        )
    if not isinstance(certify, bool):
        raise TypeError(f"certify must be True or False, got {certify!r}")
    workers = threads_of(threads)
    stack = check_stack(stack)
    current = check_current(stack, j0, current_density)
    e = elements_of(stack)
    check_spin_sink(e)
    if frequency is not None:
        if certify or tol is not None:
            asked = "certify=True" if certify else f"tol={tol!r}"
            raise ValueError(
                f"certify and tol must be left out at a frequency: no bounds are known, got {asked}"
            )
        frequency = nonnegative("frequency", frequency)
        e = at_frequency(stack, e, frequency)
    if elements is not None and e.nodes:
        e = e.on_nodes({})
    again = partial(
        solve,
        degree=degree,
        elements=elements,
        method=method,
        certify=certify,
        tol=tol,
        threads=threads,
        progress=progress,
    )
    found = None
    # what few solves need is imported here: it would double what importing spinfem adds
    if tol is not None:
        from .results.adaptive import refine

        with progress_bar("solve", None, progress) as advance:
            e, refined, found = refine(e, degree, elements, _tolerance(tol), workers, advance)
        elements = None  # e has nodes
    if method == "saddle":
        from .solvers import saddle

        transport: Transport = saddle.solve(stack, e, degree, elements, frequency)
    elif tol is not None:
        transport = refined
    else:
        transport = Condensed(e, Meshed(e, degree, elements), workers)
    solution = Solution(stack, current, transport, again, frequency)
    if certify and found is None:
        from .results.certify import certificate

        primal = transport
        if not isinstance(primal, Condensed):
            primal = Condensed(e, Meshed(e, degree, elements), workers)
        found = certificate(primal)
    if found is not None:
        from .results.certify import bounds_of

        solution.bounds = bounds_of(solution, found)
    return solution


def _device(thing: object) -> Device | None:
    """Return a device, if it is one; what devices need is imported where there may be one."""
    from .devices.device import Device

    return thing if isinstance(thing, Device) else None


def threads_of(threads: int | None) -> int:
    """Return the threads that a batch may take; TypeError, ValueError if that is no number."""
    if threads is not None:
        return whole("threads", threads)
    given = os.environ.get("NUMBA_NUM_THREADS", "1")
    return int(given) if given.isdecimal() and int(given) else 1


def _tolerance(tol: object) -> float:
    value = positive("tol", tol)  # type: ignore[arg-type]
    if np.ndim(value) or not FINEST <= value < 1:
        raise ValueError(
            f"tol must be one number from {FINEST:g}, where rounding begins, to 1, got {tol!r}"
        )
    return float(value)


def whole(quantity: str, value: object, *, least: int = 1, most: int | None = None) -> int:
    """Return `value` as an int; TypeError unless it is a whole number, ValueError out of range."""
    try:
        n = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{quantity} must be a whole number, got {value!r}") from None
    if isinstance(value, bool) or n < least or (most is not None and n > most):
        bound = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{quantity} must be a whole number {bound}, got {value!r}")
    return n
