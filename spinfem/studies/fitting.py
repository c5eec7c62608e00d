r"""Fits: parameters of a sample from measured resistances, with the exact Jacobian.

A builder describes the sample. Parameters that it uses in several layers, or at all thicknesses of
a series, are thereby shared; points that were measured are the coordinates it is called with:

>>> import numpy as np
>>> import spinfem as sf
>>> Cu = sf.NormalMetal(D=8.0, l=9.0)
>>> def valve(p, l, d, theta):
...     F = sf.Ferromagnet(D=1.0, l=l, p=p)
...     return F(d, m=sf.direction(0)) | Cu(0.1) | F(d, m=sf.direction(theta))
>>> d, theta = np.array([[0.5], [1.0], [2.0]]), np.array([0.0, 180.0])
>>> measured = sf.solve(valve(0.4, 1.5, d, theta)).resistance
>>> found = sf.fit(
...     valve, measured, {"p": (0.6, 0, 0.99), "l": 1.0}, coordinates={"d": d, "theta": theta}
... )
>>> {name: round(value, 6) for name, value in found.values.items()}
{'p': 0.4, 'l': 1.5}

It minimizes, by lmfit's Levenberg-Marquardt method, the sum of squares of ``(F - measured)/
uncertainty`` over all points and of ``(parameter - mean)/sigma`` over all priors. The derivatives
are those of the chain rule,

.. math::

    \frac{\partial F}{\partial \mathrm{parameter}} = \sum_q
    \frac{\partial F}{\partial q} \frac{\partial q}{\partial \mathrm{parameter}} ,

over all numbers q of the stack. The first factors are `Solution.gradient`, for all parameters and
points from the one solution. The second ones belong to the description alone: differences of stacks
that are built, not solved.
"""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, check_installed
from .._progress import progress_bar
from .._spelling import near_match
from ..results.gradient import Change, differential
from ..sample.pieces import Layer, Lead
from ..sample.stack import Stack
from ..sample.units import in_silence, once
from ..solution import Solution
from ..solver import solve
from .builders import (
    PLACES,
    SCALARS_ONLY,
    Builder,
    build,
    build_one,
    check_callable,
    check_names,
    identical,
    same_stacks,
    where,
)
from .fitdata import (
    Measured,
    Priors,
    Unknown,
    broadcasts,
    check_count,
    check_data,
    check_parameters,
    check_priors,
)

if TYPE_CHECKING:
    import lmfit
    import xarray

Values = dict[str, float]
"""Parameters by name."""

OUTPUTS = ("resistance", "spin_resistance")
STEP = float(np.finfo(float).eps ** (1 / 3))
"""Of a parameter relative to itself: differences of smooth functions are best then, to 1e-10."""
SMALL = 0.1
"""Below this part of its start a parameter's step does not shrink any more, so that an angle near
zero still moves m by more than rounding."""
NOISE = 1e-8
"""A derivative is zero if its parts, of all numbers that a parameter moves, cancel to this: they
are right to some 1e-10 each, for `STEP`."""
UNSEEN = 1e-13
"""Or if, times the parameter's scale, it is this part of the result: rounding."""
DEPENDENT = 1e-8
"""Singular value of the Jacobian, with columns of length 1, below which these are dependent."""
SHARE = 1e-6
"""Part of a parameter in what leaves the fit as it is, squared, that is not rounding."""


@dataclass(frozen=True, eq=False)
class Fit:
    """What `spinfem.fit` found.

    Attributes
    ----------
    result : lmfit.MinimizerResult
        Everything that lmfit reports, in the units of the parameters: `.params`, `.covar`,
        `.chisqr`, `.redchi`, `.nfree`, `.success`, `.message`.
    solution : Solution
        Of the stacks with the best values, at all measured points; `solution.stack` are these.
    best_fit : array
        Resistances with the best values, Ohm m2, of the data's shape.
    residuals : array
        ``best_fit - measured``, in units of the uncertainty if there is one, of the data's shape.
    solves, gradients : int
        How often the stacks of all points, as one batch, were solved and differentiated.
    undetermined : tuple of str
        Parameters that neither data nor priors determine: alone, or some of them against each
        other, they leave the fit as it is, to rounding, or the uncertainty is larger than the range
        between the bounds. Their values mean nothing by themselves.
    """

    result: lmfit.MinimizerResult
    solution: Solution
    best_fit: FloatArray
    residuals: FloatArray
    solves: int
    gradients: int
    undetermined: tuple[str, ...] = ()

    @property
    def values(self) -> Values:
        """Best values by name, fixed ones too."""
        return dict(self.result.params.valuesdict())

    @property
    def uncertainties(self) -> Values:
        """Standard deviations of what was varied; nan if the data do not determine all of it."""
        if self.result.covar is None:
            return dict.fromkeys(self.result.var_names, math.nan)
        deviations = np.sqrt(np.diag(self.result.covar))
        return dict(zip(self.result.var_names, deviations.tolist(), strict=True))

    @property
    def correlation(self) -> dict[tuple[str, str], float]:
        """Correlations of what was varied, by pairs of names in either order; nan as above."""
        names, sigma = self.result.var_names, self.uncertainties
        n = len(names)
        covariance = np.full((n, n), math.nan) if self.result.covar is None else self.result.covar
        return {
            (a, b): 1.0 if a == b else float(covariance[i, k] / (sigma[a] * sigma[b]))
            for i, a in enumerate(names)
            for k, b in enumerate(names)
        }

    def report(self) -> str:
        """Return values, uncertainties and correlations as lmfit writes them; `print` shows it."""
        from lmfit import fit_report

        text = str(fit_report(self.result))
        if self.undetermined:
            text += f"\n[[Undetermined]]\n    {', '.join(self.undetermined)}"
        return text

    def __str__(self) -> str:
        return self.report()

    def _repr_html_(self) -> str:
        return str(self.result._repr_html_())


def fit(
    builder: Builder,
    data: ArrayLike | xarray.DataArray,
    parameters: Mapping[str, Any],
    *,
    coordinates: Mapping[str, ArrayLike] | None = None,
    uncertainty: ArrayLike | xarray.DataArray | None = None,
    priors: Mapping[str, tuple[float, float]] | None = None,
    output: str = "resistance",
    progress: bool | None = None,
) -> Fit:
    """Fit parameters of a sample to measured resistances, by least squares.

    Parameters
    ----------
    builder : callable
        Returns the stack; called with keyword arguments, of parameters as numbers and of
        coordinates as arrays, so that all points make one batch. It is a smooth function of the
        parameters.
    data : array or xarray.DataArray, shape (...)
        Measured resistance-area products, Ohm m2, any number of axes. A DataArray brings its
        coordinates: those that are arguments of the builder.
    parameters : mapping of str to float, (start, lower, upper) or lmfit.Parameter
        Where to start, and bounds between which the start lies, None for none. An lmfit.Parameters
        is such a mapping. A start of zero needs both bounds.
    coordinates : mapping of str to array
        What the points were measured at; arrays that broadcast to the data's shape.
    uncertainty : float, array or xarray.DataArray, optional
        Standard deviations of the data, Ohm m2, broadcasting to its shape. With them the
        uncertainties of parameters follow from them alone. Without, all points are taken to be as
        uncertain as the scatter about the fit says.
    priors : mapping of str to (mean, sigma), optional
        What else is known of a parameter, as a normal distribution; needs `uncertainty`.
    output : "resistance" or "spin_resistance"
        What the data are, of `Solution`.
    progress : bool, optional
        Whether to draw a progress bar, which counts solves and gradients, as in `spinfem.sweep`.

    Returns
    -------
    Fit
        Values, uncertainties, correlations, the fitted curve.

    Raises
    ------
    ImportError
        If lmfit is not installed.
    TypeError, ValueError
        If an argument is not as above, the builder does not take arrays, or it refuses values on
        the way; a parameter that varies does not change the stack where it starts, or a coordinate
        does not; the derivative of the output with respect to a parameter without a prior is zero
        at its start; or a parameter changes a function of xi, or turns ferromagnets out of a
        collinear contact: there are no derivatives then.

    Warns
    -----
    UserWarning
        If in the end some parameters are `Fit.undetermined`.
    """
    check_installed("a fit", "pip install lmfit", "lmfit")
    import lmfit

    check_callable(builder)
    if output not in OUTPUTS:
        raise ValueError(
            f"output must be one of {', '.join(OUTPUTS)}, got {output!r}"
            f"{near_match(str(output), OUTPUTS)}"
        )
    measured = check_data(builder, data, coordinates, uncertainty)
    unknowns = check_parameters(parameters)
    twice = [name for name in unknowns if name in measured.coordinates]
    if twice:
        raise ValueError(f"{twice[0]!r} must be a parameter or a coordinate, got both")
    check_names(builder, [*unknowns, *measured.coordinates])
    known = check_priors(priors, unknowns, uncertainty)
    check_count(measured, unknowns, known)
    scaled = lmfit.Parameters()
    for name, u in unknowns.items():
        low, high = u.lower / u.scale, u.upper / u.scale
        scaled.add(name, u.start / u.scale, vary=u.vary, min=low, max=high)
    with progress_bar("fit", None, progress) as advance:
        problem = _Problem(builder, measured, unknowns, known, output, advance)
        with once():
            _check_build(builder, measured, problem.start)
            problem.check_effects()
        with in_silence(), np.errstate(all="ignore"):
            problem.check_derivatives()
        minimizer = lmfit.Minimizer(problem.residuals, scaled, scale_covar=uncertainty is None)
        # lmfit sets errstate as well, and after an error leaves it so
        with in_silence(), np.errstate(all="ignore"):
            result = minimizer.leastsq(Dfun=problem.jacobian)
            solution = problem.solution(problem.values(result.params))
            dependent = problem.dependent(result.params)
    best_fit = problem.model(solution)
    residuals = (best_fit - measured.values) / measured.uncertainty
    _unscale(result, unknowns)
    found = Fit(result, solution, best_fit, residuals, problem.solves, problem.gradients)
    wide = {
        name
        for name, sigma in found.uncertainties.items()
        if sigma > unknowns[name].upper - unknowns[name].lower
    }
    undetermined = tuple(name for name in result.var_names if name in dependent | wide)
    if undetermined:
        warnings.warn(
            f"data do not determine {', '.join(map(repr, undetermined))}: other values fit as "
            "well; fix some of them, or give priors",
            stacklevel=2,
        )
    return dataclasses.replace(found, undetermined=undetermined)


class _Derivatives(NamedTuple):
    """The Jacobian at some values."""

    values: Values
    jacobian: FloatArray  # of the residuals, in units of the scales, (n, number that varies)
    unfelt: tuple[str, ...]  # parameters that change no output, to rounding


class _Problem:
    """Residuals and their Jacobian as lmfit wants them; parameters come in units of their scale."""

    def __init__(
        self,
        builder: Builder,
        measured: Measured,
        unknowns: dict[str, Unknown],
        priors: Priors,
        output: str,
        advance: Callable[[int], None],
    ) -> None:
        self.builder = builder
        self.measured = measured
        self.unknowns = unknowns
        self.priors = priors
        self.output = output
        self.advance = advance
        self.solves = self.gradients = 0
        # of the values last asked for: lmfit asks several times
        self._solved: tuple[Values, Solution] | None = None
        self._differentiated: _Derivatives | None = None

    @property
    def start(self) -> Values:
        """Where the parameters start."""
        return {name: u.start for name, u in self.unknowns.items()}

    def check_effects(self) -> None:
        """Raise ValueError if a parameter, where it starts, or a coordinate changes no stack."""
        given = {**self.start, **self.measured.coordinates}
        stack = build(self.builder, given)

        def is_idle(name: str, value: Any) -> bool:
            return identical(build(self.builder, {**given, name: value}), stack)

        for name, u in self.unknowns.items():
            h = self._step(name, u.start)
            beside = max(u.start - h, u.lower), min(u.start + h, u.upper)
            if u.vary and all(is_idle(name, value) for value in beside):
                raise ValueError(
                    f"parameter {name!r} must change the stack, got the same one at its start "
                    f"{u.start:.9g} and beside it, at {beside[0]:.9g} and {beside[1]:.9g}"
                )
        for name, values in self.measured.coordinates.items():
            if values.min() < values.max() and is_idle(name, np.full_like(values, values.flat[0])):
                raise ValueError(
                    f"coordinate {name!r} must change the stack, got the same one for all of its "
                    "values"
                )

    def check_derivatives(self) -> None:
        """Raise ValueError if a parameter without a prior, where it starts, changes no output."""
        start = self.start
        for name in self.derivatives(start).unfelt:
            if name in self.priors:
                continue
            u = self.unknowns[name]
            elsewhere = u.start + SMALL * u.scale
            if elsewhere > u.upper:
                elsewhere = max(u.start - SMALL * u.scale, u.lower)
            advice = "it may be left out, or fixed"
            try:
                if name not in self._derivatives({**start, name: elsewhere}).unfelt:
                    advice = (
                        "that is so there alone, as where an angle is 0 and the sample symmetric: "
                        f"start elsewhere, as at {elsewhere:.6g}"
                    )
            except ValueError:  # not allowed there
                pass
            raise ValueError(
                f"parameter {name!r} must change the {self.output.replace('_', ' ')}, got a "
                f"derivative of zero at its start {u.start:.9g}: {advice}"
            )

    def dependent(self, scaled: lmfit.Parameters) -> set[str]:
        """Return parameters that leave the residuals as they are, some of them together."""
        try:
            _, jacobian, unfelt = self.derivatives(self.values(scaled))
        except ValueError:  # the best value is at the end of what the builder takes
            return set()
        varying = [name for name, u in self.unknowns.items() if u.vary]
        found = {name for name in unfelt if name not in self.priors}
        names = [name for name in varying if name not in found]
        columns = jacobian[:, [varying.index(name) for name in names]]
        columns = columns / np.linalg.norm(columns, axis=0)
        if not names or not np.isfinite(columns).all():
            return found
        _, values, ways = np.linalg.svd(columns, full_matrices=True)
        small = np.ones(len(names), dtype=bool)
        small[: values.size] = values <= DEPENDENT * values[0]
        shares = (ways[small] ** 2).sum(axis=0)
        return found | {name for name, share in zip(names, shares, strict=True) if share > SHARE}

    def _step(self, name: str, value: float) -> float:
        """Return the step by which a parameter is moved for its derivatives."""
        return STEP * max(abs(value), SMALL * self.unknowns[name].scale)

    def values(self, scaled: lmfit.Parameters) -> Values:
        """Return the parameters in their own units, within their bounds to the last bit."""
        return {
            name: min(max(scaled[name].value * u.scale, u.lower), u.upper) if u.vary else u.start
            for name, u in self.unknowns.items()
        }

    def stack(self, values: Values) -> Stack:
        """Return the stacks of all points."""
        try:
            return build(self.builder, {**values, **self.measured.coordinates})
        except (TypeError, ValueError) as error:
            raise ValueError(
                "builder must take all values of the parameters within their bounds, "
                f"got at {where(values)}: {error}"
            ) from error

    def solution(self, values: Values) -> Solution:
        """Return the solution of all points."""
        if self._solved is None or self._solved[0] != values:
            self._solved = values, solve(self.stack(values))
            self.solves += 1
            self.advance(1)
        return self._solved[1]

    def model(self, solution: Solution) -> FloatArray:
        """Return what should have been measured."""
        return np.broadcast_to(getattr(solution, self.output), self.measured.values.shape)

    def residuals(self, scaled: lmfit.Parameters) -> FloatArray:
        """Return the residuals of points, then of priors, shape (n,)."""
        values = self.values(scaled)
        model, measured = self.model(self.solution(values)), self.measured
        own = (model - measured.values) / measured.uncertainty
        known = [(values[name] - mean) / sigma for name, (mean, sigma) in self.priors.items()]
        return np.append(own, known)

    def jacobian(self, scaled: lmfit.Parameters) -> FloatArray:
        """Return the derivatives of the residuals, shape (n, number of parameters that vary)."""
        return self.derivatives(self.values(scaled)).jacobian.copy()  # lmfit changes it

    def derivatives(self, values: Values) -> _Derivatives:
        """Return the Jacobian at some values, and which parameters have no effect there."""
        if self._differentiated is None or self._differentiated.values != values:
            self._differentiated = self._derivatives(values)
        return self._differentiated

    def _derivatives(self, values: Values) -> _Derivatives:
        solution, measured = self.solution(values), self.measured
        change = differential(solution, self.output)
        self.gradients += 1
        self.advance(1)
        largest = UNSEEN * np.abs(self.model(solution)).max()
        columns, unfelt = [], []
        for name, u in self.unknowns.items():
            if not u.vary:
                continue
            slope, size = self._slope(values, name, solution.stack, change)
            if np.isnan(slope).any():
                raise ValueError(
                    f"{name!r} must not turn a magnetization that is in collinear contact with "
                    f"another ferromagnet, got one at {where(values)}"
                )
            if not ((np.abs(slope) > NOISE * size) & (u.scale * np.abs(slope) > largest)).any():
                unfelt.append(name)
            own = np.broadcast_to(slope, measured.values.shape) / measured.uncertainty
            known = [(other == name) / sigma for other, (_, sigma) in self.priors.items()]
            columns.append(u.scale * np.append(own, known))
        return _Derivatives(values, np.stack(columns, axis=-1), tuple(unfelt))

    def _slope(
        self, values: Values, name: str, stack: Stack, change: Callable[[Stack, Stack], Change]
    ) -> Change:
        """Return the derivative of the model with respect to one parameter."""
        u, value = self.unknowns[name], values[name]
        h = self._step(name, value)

        def moved(steps: int) -> Stack:
            other = self.stack({**values, name: value + steps * h})
            _check_profiles(name, stack, other)
            return other

        if u.lower <= value - h and value + h <= u.upper:
            total, size = change(moved(-1), moved(1))
            return Change(total / (2 * h), size / (2 * h))
        way = 1 if value - h < u.lower else -1  # away from the bound, to the same order
        one, two = change(stack, moved(way)), change(stack, moved(2 * way))
        slope: FloatArray = way * (4 * one.total - two.total) / (2 * h)
        return Change(slope, (4 * one.size + two.size) / (2 * h))


def _check_build(builder: Builder, measured: Measured, start: Values) -> None:
    """Check that a builder makes of arrays of coordinates what it makes of their numbers."""
    shape = measured.values.shape

    def refusal(got: str) -> ValueError:
        return ValueError(
            "builder must take arrays of coordinates that broadcast to the data's shape "
            f"{shape}, with numpy's functions and np.where for if, got {got}"
        )

    places = [np.unravel_index(i, shape) for i in (0, measured.values.size - 1)]
    numbers = [
        {name: float(np.broadcast_to(c, shape)[at]) for name, c in measured.coordinates.items()}
        for at in places
    ]
    stacks = [build_one(builder, {**start, **place}) for place in numbers]
    try:
        batch = build(builder, {**start, **measured.coordinates})
    except (TypeError, ValueError) as error:
        if isinstance(error, ValueError) and not SCALARS_ONLY.search(str(error)):
            raise  # a value out of its range
        raise refusal(f"{type(error).__name__}: {error}") from None
    if not broadcasts(batch.shape, shape):
        raise refusal(f"a stack of shape {batch.shape}")
    for at, place, stack in zip(places, numbers, stacks, strict=True):
        if not same_stacks(batch.part(shape, at), stack):
            raise refusal(f"another stack from arrays than from numbers at {where(place)}")


def _check_profiles(name: str, stack: Stack, moved: Stack) -> None:
    """Raise ValueError if a parameter changes a function of xi: it has no derivative."""
    for one, other in zip(_profiles(stack), _profiles(moved), strict=True):
        if not np.array_equal(one, other):
            raise ValueError(
                f"{name!r} must not change a number that is a function of xi, got a graded layer "
                "that depends on it"
            )


def _profiles(stack: Stack) -> list[FloatArray]:
    metals = [e.material for e in stack.elements if isinstance(e, Layer | Lead)]
    numbers: list[Any] = [x for metal in metals for x in metal.numbers.values()]
    return [np.asarray(x(PLACES)) for x in numbers if callable(x)]


def _unscale(result: lmfit.MinimizerResult, unknowns: dict[str, Unknown]) -> None:
    """Bring what lmfit found to the units of the parameters."""
    for name, u in unknowns.items():
        found = result.params[name]
        value, error = found.value * u.scale, found.stderr
        found.min, found.max = u.lower, u.upper
        found.init_value, found.value = u.start, value
        found.stderr = None if error is None else error * u.scale
    names = result.var_names
    result.init_vals = [unknowns[name].start for name in names]
    result.init_values = dict(zip(names, result.init_vals, strict=True))
    if result.covar is not None:
        scales = np.array([unknowns[name].scale for name in names])
        result.covar = result.covar * np.outer(scales, scales)
    if result.errorbars:
        result.uvars = result.params.create_uvars(covar=result.covar)
