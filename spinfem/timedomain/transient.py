"""Currents that vary in time: pulses, steps, and what spins make of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from .._checks import FloatArray, Number, finite, positive, unit_vector
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
from .moved import Moved
from .moving import MovingStack
from .quadrature import LEFT, NODES, Weights, weights
from .superposed import Sum, Superposed

if TYPE_CHECKING:
    import xarray

    from ..plot.pictures import SolutionPlots

ROUNDED = 0.01
"""Of rtol: what roundings may come to."""
FIRST, MOST = 32, 4096
"""Steps that a response is first taken in, and at most."""

Current = Callable[[FloatArray], ArrayLike]


class Transient(SolvedStack):
    """A stack at some times, made by `spinfem.transient`: results have the times in front.

    At a time at which the current jumps, spins are as they were just before it, and charge, with
    the ohmic part of the voltage, as it is just behind it.

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
        transport: Superposed | Moved,
        steps: int,
    ) -> None:
        super().__init__(stack, current if current.ndim else float(current), transport, _never)
        self.shape = current.shape
        self.times, self.steps = times, steps
        self._part = transport.part

    @property
    def factor(self) -> Number:
        """What was found is that of the current itself."""
        return 1.0

    def __repr__(self) -> str:
        return f"<Transient of {self.stack!r}, times={self.times!r}>"

    def __getitem__(self, index: Any) -> Self:
        """Return the state at a time, ``transient[3]``, or at some times, ``transient[10:20]``."""
        times, current = self.times[index], np.asarray(self.j0)[index]
        stack = self.stack.part(self.shape, index) if self.stack.shape else self.stack
        return type(self)(stack, times, current, self._part(stack, index), self.steps)

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

    @property
    def is_stationary(self) -> bool:
        """Whether nothing varies in time: it does."""
        return False

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

    def to_dataset(self) -> xarray.Dataset:
        """Return profiles, both sides of every face, torques and voltages as one dataset.

        Names, units and attributes are those of `Solution.to_dataset`.

        Returns
        -------
        xarray.Dataset
            The axis `time` (s, or the unit of tau) comes first, of a single time it is a number.
            Then, as there,

            - over `x` and `component`: `spin_potential`, `spin_current`, `potential`,
              `potential_up`, `potential_down` and `dissipation`;
            - over `face`, `side` and `component`: `face_spin_potential`, `face_spin_current` and
              `face_potential`;
            - over `ferromagnet` and `component`: `torque` and `absorbed_spin_current`; `voltage`
              and `spin_voltage`.

            The current is the coordinate `j0`.

        Raises
        ------
        ImportError
            If xarray is not installed.
        """
        from .outputs import dataset_of

        return dataset_of(self, self.times, self.spin_voltage)

    @property
    def plot(self) -> SolutionPlots:
        """Pictures of the state at a time, ``transient[3].plot.profile()``, as `Solution.plot`."""
        from ..plot.pictures import SolutionPlots

        return SolutionPlots(self)

    def animate(
        self,
        path: str | PathLike[str] | None = None,
        *,
        what: Literal["profile", "analogy"] = "profile",
        frames: int = 100,
        units: Literal["SI", "plain"] | None = None,
    ) -> Any:
        """Let a picture move in time, at 20 frames per second, on one scale at all times.

        Parameters
        ----------
        path : str or path, optional
            The file to write, ending in .gif. It appears whole or not at all.
        what : "profile" or "analogy"
            mu_s and j_s over x; or the rods, rings and cords of `spinfem.Analogy` with all forces
            on the rings, in spin space, or over x if all rods are along one line.
        frames : int
            How many at most, spread over the times.
        units : "SI" or "plain", optional
            As of `Solution.plot`; times are in ps in SI.

        Returns
        -------
        matplotlib.animation.FuncAnimation
            Keep it for as long as it shall move.

        Raises
        ------
        TypeError, ValueError
            If this is a single time, an argument is not as above, the stack has no analogy, or
            magnetizations move, for the analogy and for a profile beside leads.
        OSError
            If the file cannot be written.
        """
        from ..plot.animation import animate_transient

        return animate_transient(self, path, what, frames, units)

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
    m: Mapping[str, ArrayLike | Current] | None = None,
    rtol: float = 1e-4,
    threads: int | None = None,
) -> Transient:
    r"""Return how a stack follows a current, and magnetizations, that vary in time.

    Before the first time the current is `before`, magnetizations stand as they do then, and all is
    stationary; from then on they are j0 and m. All metals must have a tau: the equation is the
    paper's before (4), ``rho dmu_s/dt + j_s' = -kappa mu_s``, charge follows at once.

    A magnetization that moves pumps spins: what pulls at mu_s across m, a strong exchange, a mixing
    conductance or finite exchange lengths, pulls it to ``-(hbar/|e|) m x dm/dt``
    (doi:10.1103/RevModPhys.77.1375). Torques are what it absorbs then: what is pumped damps it.
    Units are of the SI for that.

    The response is that of an implicit Runge-Kutta method, Radau IIA of order 5, to equations in
    which leads are half-infinite: by convolution quadrature (``spinfem.timedomain``) from
    amplitudes at complex frequencies; with magnetizations that move, from those of leads alone, and
    steps of finite elements. Steps are halved until torques and the spin voltage change by less
    than `rtol` of their largest.

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
    m : dict, optional
        Directions of magnetizations that move, by the name of the layer, lead or group: functions
        of arrays of q times, (q, 3), also with an attribute `breaks`; or their values at the times,
        (n, 3), joined by cubic splines. The others stand still. None may be a lead with exchange
        lengths, nor in contact with another ferromagnet of which it is not one group.
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
    course = Course("a transient", stack, j0, times, before, m, threads)
    tolerance = float(positive("rtol", rtol))
    found: list[tuple[FloatArray, FloatArray]] = []
    step = course.first_step(FIRST)
    while True:
        result = course.followed(step, ROUNDED * tolerance)
        own = result.transport.all_absorbed(), result.transport.spin_part
        if found and all(
            np.abs(a - b).max(initial=0.0) <= tolerance * np.abs(b).max(initial=0.0)
            for a, b in zip(found[-1], own, strict=True)
        ):
            return result
        found.append(own)
        if 2 * result.steps > MOST:
            raise ValueError(
                f"rtol must be met by {MOST:,} steps, got {tolerance:g}: give the times at which "
                "j0 jumps or has a kink as its attribute breaks, or less time at once"
            )
        step /= 2


class Course:
    """A stack in time, and what drives it, in steps of any length; arguments as of `transient`.

    `what` is made of it, for messages.
    """

    def __init__(
        self,
        what: str,
        stack: Stack | LoadedStack,
        j0: ArrayLike | Current,
        times: ArrayLike,
        before: float,
        m: Mapping[str, ArrayLike | Current] | None,
        threads: int | None,
    ) -> None:
        self.stack = check_stack(stack)
        if self.stack.shape:
            raise ValueError(
                f"stack must be a single one for {what}, got a batch of shape {self.stack.shape}"
            )
        check_undriven(what, self.stack)
        self.times = np.asarray(finite("times", times))
        if self.times.ndim != 1 or self.times.size < 2 or (np.diff(self.times) <= 0).any():
            raise ValueError(f"times must be two or more in increasing order, got {times!r}")
        self._past = float(finite("before (current)", before))
        self._current, breaks = _current(j0, self.times)
        self._directed, kinks = _directed(self.stack, m, self.times)
        self._breaks = np.union1d(breaks, kinks)
        check_spin_sink(elements_of(self.stack))
        self._threads = threads_of(threads)
        self._moves = bool(m)
        self._then = self._directed(self.times) if m else self.stack

    def first_step(self, least: int) -> float:
        """Return the length of steps of which there are at least so many.

        Breaks, and times, are ends of steps, if they have a common measure that is not too short;
        or breaks alone; or none. Where a current is smooth, results at the ends of steps are most
        exact.
        """
        span = self.times[-1] - self.times[0]
        for wanted in (np.union1d(self.times, self._breaks), self._breaks):
            places = wanted - self.times[0]
            places = places[(places > 0) & (places <= span)]
            for count in range(1, MOST // 4 + 1) if places.size else ():
                step = places[0] / count
                if span / step > MOST / 4:
                    break
                if np.abs(places / step - np.round(places / step)).max() < 1e-9 * span / step:
                    return float(step / np.ceil(least * step / span))
        return float(span / least)

    def followed(self, step: float, rounded: float) -> Transient:
        """Return what is found in steps of a length.

        Parameters
        ----------
        step : float
            Length of the steps, in the unit of the times.
        rounded : float
            What roundings may come to.
        """
        times, current = self.times, self._current(self.times)
        steps = round((times[-1] - times[0]) / step)
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
            transport: Superposed | Moved
            if self._moves:
                transport = self._moved(step, rounded)
            else:
                sums = _weights(self._current, times, self._past, step)
                swinging, at_rest = _solved(self.stack, sums, self._threads)
                total = Sum(sums.matrix, self._past)
                transport = Superposed(swinging, at_rest, total, current)
            result = Transient(self._then, times, current, transport, steps)
            own = transport.all_absorbed(), transport.spin_part
        if not all(np.isfinite(values).all() for values in own):
            raise ValueError("results must be finite, got an overflow of double precision")
        return result

    def _moved(self, step: float, rounded: float) -> Moved:
        """Return the same with magnetizations that move."""
        times, current = self.times, self._current
        nodes = _meshed(self.stack, _weights(current, times, self._past, step))[1].nodes
        turning = elements_of(self._then).columns["m"].varying
        moving = MovingStack(self.stack, nodes, turning, self._directed, current)
        if moving.rounding > rounded:
            raise ValueError(
                "layers must not be so thin, nor faces so transparent, that roundings hide what "
                f"passes while magnetizations move, got roundings of {moving.rounding:.0e}, which "
                f"must not exceed {rounded:.0e}"
            )
        states = moving.followed(times, self._past, _count(times, step), step)
        return Moved(self._then, moving.layers, moving.taus, *states, current(times))


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


def _directed(
    stack: Stack, m: Mapping[str, Any] | None, times: FloatArray
) -> tuple[Callable[[FloatArray], Stack], FloatArray]:
    """Return the stack as a function of times, and where its directions are not smooth."""
    if m is None:
        m = {}
    if not isinstance(m, Mapping):
        raise TypeError(f"m must be a dict of directions by names, got {type(m).__name__}")
    for name in m:
        stack.replace(name)  # a name that nothing has is said before its directions are looked at
    ways = {name: _way(name, way, times) for name, way in m.items()}
    kinks = [
        np.asarray(finite("breaks of m", getattr(way, "breaks", times[:1]))) for way in m.values()
    ]

    def directed(t: FloatArray) -> Stack:
        turned = stack
        for name, way in ways.items():
            turned = turned.replace(name, m=way(t))
        return turned

    return directed, np.concatenate([times[:1], *kinks])


def _way(name: str, way: Any, times: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Return directions of a magnetization as a function of times."""
    if not callable(way):
        samples = unit_vector(f"m of {name!r}", way)
        if samples.shape != (times.size, 3):
            raise ValueError(
                f"m of {name!r} must be a function, or have a direction for each of {times.size} "
                f"times, got shape {samples.shape}"
            )
        return CubicSpline(times, samples)  # type: ignore[no-any-return]

    def directions(t: FloatArray) -> FloatArray:
        values = unit_vector(f"m of {name!r}", way(t))
        if values.shape not in ((3,), (t.size, 3)):
            raise ValueError(
                f"m of {name!r} must be of shape {(t.size, 3)} at {t.size} times, got "
                f"{values.shape}"
            )
        return np.broadcast_to(values, (t.size, 3))

    return directions


def _count(times: FloatArray, step: float) -> int:
    return int(np.ceil((times[-1] - times[0]) / step - 1e-6))


def _weights(
    current: Callable[[FloatArray], FloatArray], times: FloatArray, past: Any, step: float
) -> Weights:
    count = _count(times, step)
    nodes = np.append(NODES[:-1], 1 - LEFT)
    stages = times[0] + step * (np.arange(count)[:, None] + nodes)
    driving = current(np.minimum(stages, times[-1])) - past
    return weights(driving, step, times - times[0])


def _meshed(stack: Stack, sums: Weights) -> tuple[Elements, Elements]:
    """Return a stack at complex frequencies and at rest, on meshes that are fine enough for all."""
    static = elements_of(stack)
    e = at_frequency(stack, static, sums.rates / (2j * np.pi))
    nodes = {
        k: static.nodes[k] if k in static.nodes else _nodes(e, k)
        for k in range(1, e.magnetic.size - 1)
    }
    return e.on_nodes(nodes), static.on_nodes(nodes)


def _solved(stack: Stack, sums: Weights, threads: int) -> tuple[Condensed, Condensed]:
    """Solve a stack at complex frequencies and at rest."""
    swinging, at_rest = (
        Condensed(e, Meshed(e, DEGREE, None), threads) for e in _meshed(stack, sums)
    )
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
