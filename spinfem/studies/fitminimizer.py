"""lmfit's minimizer, with the exact Jacobian, for parameters of any size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lmfit
import numpy as np

from .._checks import FloatArray
from .fitdata import Unknown
from .fitproblem import Problem, Values

MOST = 100
"""How often a fit may be evaluated, for each parameter and once more; most take fewer than ten."""


class ScaledMinimizer(lmfit.Minimizer):  # type: ignore[misc]
    """A minimizer whose `leastsq` takes steps in units of the parameters' scales.

    lmfit's transformation of one bound, ``sqrt(v^2 + 1) - 1``, has absolute errors of 1e-16: of a
    resistance of 1e-15 Ohm m2 it would leave one digit. Parameters, and results, are in their own
    units outside of it.

    Parameters
    ----------
    problem : Problem
        What is minimized.
    scale_covar : bool
        As of lmfit.Minimizer: whether the scatter tells how uncertain the data are.
    """

    def __init__(self, problem: Problem, scale_covar: bool) -> None:
        parameters = lmfit.Parameters()
        for name, u in problem.unknowns.items():
            parameters.add(name, u.start, vary=u.vary, min=u.lower, max=u.upper)
        super().__init__(self._residuals, parameters, scale_covar=scale_covar)
        self.problem = problem

    def _residuals(self, parameters: Mapping[str, Any]) -> Any:
        """Return the residuals for parameters in their own units."""
        return self.problem.residuals(_values(parameters, self.problem.unknowns))

    def leastsq(self, params: Any = None, max_nfev: int | None = None, **options: Any) -> Any:
        """Minimize by Levenberg and Marquardt's method, as lmfit.Minimizer.leastsq."""
        given = self.params if params is None else params
        unknowns = self.problem.unknowns
        own = {
            name: Unknown(p.value, p.min, p.max, p.vary, unknowns[name].scale)
            for name, p in given.items()
        }
        scaled = lmfit.Parameters()
        for name, u in own.items():
            low, high = u.lower / u.scale, u.upper / u.scale
            scaled.add(name, u.start / u.scale, vary=u.vary, min=low, max=high)
        inner = _InScales(self.problem, own)
        minimizer = lmfit.Minimizer(inner.residuals, scaled, scale_covar=self.scale_covar)
        most = max_nfev or MOST * (1 + len(inner.varying))
        result = minimizer.leastsq(max_nfev=most, Dfun=inner.jacobian, **options)
        _unscale(result, own)
        return result


class _InScales:
    """Residuals and Jacobian by parameters in units of their scales; those held are as given."""

    def __init__(self, problem: Problem, own: dict[str, Unknown]) -> None:
        self.problem, self.own = problem, own
        self.varying = [name for name, u in own.items() if u.vary]
        self.scales = np.array([own[name].scale for name in self.varying])

    def values(self, parameters: Mapping[str, Any]) -> Values:
        return {
            name: u.clipped(parameters[name].value * u.scale) if u.vary else u.start
            for name, u in self.own.items()
        }

    def residuals(self, parameters: Mapping[str, Any]) -> FloatArray:
        return self.problem.residuals(self.values(parameters))

    def jacobian(self, parameters: Mapping[str, Any]) -> FloatArray:
        slopes = self.problem.jacobian(self.values(parameters), self.varying)
        return np.asarray(slopes * self.scales)


def _values(parameters: Mapping[str, Any], unknowns: Mapping[str, Unknown]) -> Values:
    return {name: u.clipped(float(parameters[name].value)) for name, u in unknowns.items()}


def _unscale(result: Any, own: dict[str, Unknown]) -> None:
    """Bring what lmfit found to the units of the parameters."""
    for name, u in own.items():
        found = result.params[name]
        value, error = found.value * u.scale, found.stderr
        found.min, found.max = u.lower, u.upper
        found.init_value, found.value = u.start, u.clipped(value) if u.vary else u.start
        found.stderr = None if error is None else error * u.scale
    names = result.var_names
    result.init_vals = [own[name].start for name in names]
    result.init_values = dict(zip(names, result.init_vals, strict=True))
    if result.covar is not None:
        scales = np.array([own[name].scale for name in names])
        result.covar = result.covar * np.outer(scales, scales)
    if result.errorbars:
        result.uvars = result.params.create_uvars(covar=result.covar)
