"""Currents that vary in time: pulses, steps, and what spins make of them."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from typing import Any, Literal, NoReturn, Self

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, Number, finite, positive
from ..fem.mesh import DEGREE, layer_nodes
from ..results.solved import SolvedStack
from ..sample.stack import LoadedStack, Stack, check_stack
from ..solver import threads_of
from ..solvers.condensed import Condensed
from ..solvers.elements import (
    Elements,
    at_frequency,
    check_spin_sink,
    check_undriven,
    elements_of,
)
from ..solvers.meshed import Meshed, elements_for
from ..solvers.ports import exchange_rate
from ..solvers.transport import Transport
from .quadrature import NODES, Weights, weights
from .superposed import Sum, Superposed

FIRST, MOST = 32, 4096
"""Steps that a response is first taken in, and at most."""
LEFT = 1e-12
"""Of a step: so much before its end a current is looked at that may jump there."""

Current = Callable[[FloatArray], ArrayLike]


class Transient(SolvedStack):
    """A stack at some times, made by `spinfem.transient`: results have the times in front.

    Attributes
    ----------
    stack : Stack
        The sample.
    times : array, shape (n,)
        Times, s, or in the unit of the metals' tau.
    j0 : array, shape (n,)
        Particle current at these times, A/m2, positive when electrons flow towards +x.
    shape : tuple of int
        ``(n,)``; ``()`` of a single time, ``transient[3]``.
    steps : int
        Steps that the response was taken in.
    """

    def __init__(
        self,
        stack: Stack,
        times: FloatArray,
        current: FloatArray,
        transports: tuple[Transport, Transport, Sum],
        steps: int,
    ) -> None:
        swinging, at_rest, total = transports
        superposed = Superposed(swinging, at_rest, total, np.atleast_1d(current))
        super().__init__(stack, current if current.ndim else float(current), superposed, _never)
        self.shape = current.shape
        self.times, self.steps = times, steps
        self._parts = transports

    @property
    def factor(self) -> Number:
        """What was found is that of the current itself."""
        return 1.0

    def __repr__(self) -> str:
        return f"<Transient of {self.stack!r}, times={self.times!r}>"

    def __getitem__(self, index: Any) -> Self:
        """Return the state at a time, ``transient[3]``, or at some times, ``transient[10:20]``."""
        times, current = self.times[index], np.asarray(self.j0)[index]
        swinging, at_rest, total = self._parts
        some = total._replace(matrix=total.matrix[index].reshape(-1, total.matrix.shape[1]))
        return type(self)(
            self.stack, times, np.asarray(current), (swinging, at_rest, some), self.steps
        )

    @property
    def spin_voltage(self) -> Number:
        """What spin adds to the voltage, V, shape (n,): dr times j0 where that is slow."""
        return self.shaped(self.transport.spin_part)

    @property
    def voltage(self) -> Number:
        """mu_0 on the left less mu_0 on the right, V, shape (n,)."""
        transport = self.transport
        ohmic = transport.ohmic.sum(axis=0) + transport.joint_ohmic.sum(axis=0)
        return self.shaped(ohmic + transport.spin_part)

    def check_stationary(self, what: str) -> NoReturn:
        """Raise ValueError, for what is made of a single current."""
        raise ValueError(f"{what} must be of a stationary solution, got a transient")

    @property
    def spin_resistance(self) -> Number:
        """Not of a transient, in which voltage and current are not proportional."""
        self.check_stationary("spin_resistance")

    @property
    def resistance(self) -> Number:
        """Not of a transient, in which voltage and current are not proportional."""
        self.check_stationary("resistance")

    def efficiency(self, a: str, b: str) -> NoReturn:
        """Not of a transient, in which torque and current are not proportional."""
        self.check_stationary("efficiency")

    def save(
        self,
        path: str | PathLike[str],
        *,
        units: Literal["SI", "plain"] | None = None,
        progress: bool | None = None,
    ) -> None:
        """Write the fields for ParaView, one file for every time, as `Solution.save` does.

        Parameters
        ----------
        path : str or path
            The file, ending in .pvd; or .vtu for a single time.
        units, progress
            As of `Solution.save`.

        Raises
        ------
        ValueError, OSError
            As of `Solution.save`.
        """
        from ..io.vtk import write

        times = self.times if self.shape else None
        write(self, path, times=times, units=units, progress=progress)


def _never(*_: Any, **__: Any) -> NoReturn:
    raise NotImplementedError("a transient is not solved again")


def transient(
    stack: Stack | LoadedStack,
    j0: ArrayLike | Current,
    times: ArrayLike,
    *,
    before: float = 0.0,
    rtol: float = 1e-4,
    threads: int | None = None,
) -> Transient:
    r"""Return how a stack follows a current that varies in time.

    Before the first time the current is `before`, and all is stationary; from then on it is j0. All
    metals must have a tau: the equation is the paper's before (4), ``rho dmu_s/dt + j_s' = -kappa
    mu_s``, charge follows at once. Magnetizations stand still.

    The response is that of an implicit Runge-Kutta method, Radau IIA of order 5, to equations in
    which leads are half-infinite: by convolution quadrature (``spinfem.timedomain``) from
    amplitudes at complex frequencies. Steps are halved until torques and the spin voltage change by
    less than `rtol` of their largest.

    Parameters
    ----------
    stack : Stack
        The sample, a single one; nothing is given at its ends.
    j0 : callable or array
        Particle current, A/m2, positive when electrons flow towards +x: a function of arrays of
        times, in their unit; or its values at the times, which are joined by straight lines. A
        function may have an attribute `breaks`: times at which it jumps or has a kink.
    times : array, shape (n,)
        Times at which results are wanted, increasing; in s, or in the unit of the metals' tau.
    before : float
        Current before the first time, A/m2. Default: none, so that a constant is a step.
    rtol : float
        Largest error, relative to the largest of its kind.
    threads : int, optional
        As of `spinfem.solve`.

    Returns
    -------
    Transient

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above, a metal has no tau, or `rtol` is not met by 4,096 steps.
    """
    stack = check_stack(stack)
    if stack.shape:
        raise ValueError(
            f"stack must be a single one for a transient, got a batch of shape {stack.shape}"
        )
    check_undriven("a transient", stack)
    wanted = np.asarray(finite("times", times))
    if wanted.ndim != 1 or wanted.size < 2 or (np.diff(wanted) <= 0).any():
        raise ValueError(f"times must be two or more in increasing order, got {times!r}")
    past, tolerance = finite("before (current)", before), positive("rtol", rtol)
    current, breaks = _current(j0, wanted)
    check_spin_sink(elements_of(stack))
    workers = threads_of(threads)
    found: list[tuple[FloatArray, FloatArray]] = []
    step = _first(wanted, breaks)
    while True:
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
            sums = _weights(current, wanted, past, step)
            swinging, at_rest = _solved(stack, sums, workers)
            parts = swinging, at_rest, Sum(sums.matrix, float(past))
            steps = round((wanted[-1] - wanted[0]) / step)
            result = Transient(stack, wanted, current(wanted), parts, steps)
            own = result.transport.all_absorbed(), result.transport.spin_part
        if not all(np.isfinite(values).all() for values in own):
            raise ValueError("results must be finite, got an overflow of double precision")
        if found and all(
            np.abs(a - b).max(initial=0.0) <= tolerance * np.abs(b).max(initial=0.0)
            for a, b in zip(found[-1], own, strict=True)
        ):
            return result
        found.append(own)
        if 2 * steps > MOST:
            raise ValueError(
                f"rtol must be met by {MOST:,} steps, got {tolerance:g}: give the times at which "
                "j0 jumps or has a kink as its attribute breaks, or less time at once"
            )
        step /= 2


def _current(j0: Any, times: FloatArray) -> tuple[Callable[[FloatArray], FloatArray], FloatArray]:
    """Return the current as a function, and where it is not smooth."""
    if callable(j0):

        def current(t: FloatArray) -> FloatArray:
            values = np.asarray(finite("j0 (particle current)", j0(t.ravel())))
            return np.broadcast_to(values, t.size).reshape(t.shape)

        return current, np.asarray(finite("breaks of j0", getattr(j0, "breaks", times[:1])))
    samples = np.asarray(finite("j0 (particle current)", j0))
    if samples.shape != times.shape:
        raise ValueError(
            f"j0 must be a function, or have a value for each of {times.size} times, got shape "
            f"{samples.shape}"
        )
    return lambda t: np.interp(t, times, samples), times


def _first(times: FloatArray, breaks: FloatArray) -> float:
    """Return the length of the steps that a response is first taken in.

    Breaks, and times, are ends of steps, if they have a common measure that is not too short; or
    breaks alone; or none. Where a current is smooth, results at the ends of steps are most exact.
    """
    span = times[-1] - times[0]
    for wanted in (np.union1d(times, breaks), breaks):
        places = wanted - times[0]
        places = places[(places > 0) & (places <= span)]
        for count in range(1, MOST // 4 + 1) if places.size else ():
            step = places[0] / count
            if span / step > MOST / 4:
                break
            if np.abs(places / step - np.round(places / step)).max() < 1e-9 * span / step:
                return float(step / np.ceil(FIRST * step / span))
    return float(span / FIRST)


def _weights(
    current: Callable[[FloatArray], FloatArray], times: FloatArray, past: Any, step: float
) -> Weights:
    count = int(np.ceil((times[-1] - times[0]) / step - 1e-6))
    nodes = np.append(NODES[:-1], 1 - LEFT)
    stages = times[0] + step * (np.arange(count)[:, None] + nodes)
    driving = current(np.minimum(stages, times[-1])) - past
    return weights(driving, step, times - times[0])


def _solved(stack: Stack, sums: Weights, threads: int) -> tuple[Condensed, Condensed]:
    """Solve a stack at complex frequencies and at rest, on meshes that are fine enough for all."""
    static = elements_of(stack)
    e = at_frequency(stack, static, sums.rates / (2j * np.pi))
    nodes = {
        k: static.nodes[k] if k in static.nodes else _nodes(e, k)
        for k in range(1, e.magnetic.size - 1)
    }
    e, static = e.on_nodes(nodes), static.on_nodes(nodes)
    swinging, at_rest = (Condensed(x, Meshed(x, DEGREE, None), threads) for x in (e, static))
    return swinging, at_rest


def _nodes(e: Elements, k: int) -> FloatArray:
    """Return the nodes of a layer, from 0 to 1: those of the frequency that takes most."""
    d = e.thickness[k - 1]
    if k in e.graded:
        return Meshed(e, DEGREE, None).graded[k].nodes
    rates = [1 / e.l[k] ** 2]
    if k in e.lengths:
        rates += [exchange_rate(e, k, sense) for sense in e.senses]
    decays = d * np.sqrt(np.concatenate(rates))
    count = int(elements_for(np.abs(decays).max()))
    return layer_nodes(decays.real.max(keepdims=True), count)[:, 0]
