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
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, check_installed, finite
from .._progress import progress_bar
from ..sample.units import RESISTANCE, in_silence, notice, once
from ..solution import Solution
from .builders import Builder, check_callable
from .fitdata import Measured, check_count, check_data, check_parameters, check_priors
from .fitproblem import Problem, Values
from .outputs import Output

if TYPE_CHECKING:
    import lmfit
    import xarray

    from ..io.columns import Columns


@dataclass(frozen=True, eq=False)
class Fit:
    """What `spinfem.fit` found.

    Attributes
    ----------
    result : lmfit.MinimizerResult
        Everything that lmfit reports, in the units of the parameters: `.params`, `.covar`,
        `.chisqr`, `.redchi`, `.nfree`, `.success`, `.message`.
    minimizer : lmfit.Minimizer
        Of the same residuals, with the exact Jacobian, in the units of the parameters, for what
        else lmfit does: ``lmfit.conf_interval(fit.minimizer, fit.result)``,
        ``fit.minimizer.emcee(params=fit.result.params)``.
    solution : Solution
        Of the stacks with the best values, at all measured points, in the state that the builder
        describes and with j0 = 1; ``solution.stack`` are these.
    best_fit : array
        The output with the best values, in its SI unit, of the data's shape.
    residuals : array
        ``best_fit - measured``, in units of the uncertainty if there is one, of the data's shape.
    output : Output
        What was measured.
    measured : Measured
        Data, `values`, `uncertainty` and `coordinates`, as they were fitted, in SI units.
    solves, gradients : int
        How often the stacks of all points, as one batch, were solved and differentiated.
    undetermined : tuple of str
        Parameters that neither data nor priors determine: alone, or some of them against each
        other, they leave the fit as it is, to rounding, or the uncertainty is larger than the range
        between the bounds. Their values mean nothing by themselves.
    at_bounds : tuple of str
        Parameters that ended at one of their bounds, beyond which the data would have them. Their
        uncertainties, and those of parameters that go with them, mean nothing.
    """

    result: lmfit.MinimizerResult
    minimizer: lmfit.Minimizer
    solution: Solution
    best_fit: FloatArray
    residuals: FloatArray
    output: Output
    measured: Measured
    solves: int
    gradients: int
    undetermined: tuple[str, ...] = ()
    at_bounds: tuple[str, ...] = ()

    @property
    def values(self) -> Values:
        """Best values by name, fixed ones too."""
        return dict(self.result.params.valuesdict())

    @property
    def uncertainties(self) -> Values:
        """Standard deviations of what was varied; nan if the data do not determine all of it.

        And nan if neither `uncertainty` nor a scatter tells them: of as many points as parameters.
        """
        if self.result.covar is None or not self._is_scaled:
            return dict.fromkeys(self.result.var_names, math.nan)
        deviations = np.sqrt(np.diag(self.result.covar))
        return dict(zip(self.result.var_names, deviations.tolist(), strict=True))

    @property
    def _is_scaled(self) -> bool:
        """Whether it is known how uncertain the data are; lmfit takes no scatter for none."""
        return not self.minimizer.scale_covar or self.result.nfree > 0

    @property
    def correlation(self) -> dict[tuple[str, str], float]:
        """Correlations of what was varied, by pairs of names in either order.

        nan as above, and where there is no scatter at all to tell uncertainties from.
        """
        names, sigma = self.result.var_names, self.uncertainties
        n = len(names)
        covariance = np.full((n, n), math.nan) if self.result.covar is None else self.result.covar
        sizes = np.multiply.outer(*2 * ([sigma[name] for name in names],))
        found = covariance / np.where(sizes > 0, sizes, math.nan)
        return {
            (a, b): 1.0 if a == b else float(found[i, k])
            for i, a in enumerate(names)
            for k, b in enumerate(names)
        }

    def confidence(self, probability: float = 0.95) -> dict[str, tuple[float, float]]:
        """Return intervals in which parameters lie with some probability.

        By lmfit's `conf_interval`: a parameter is held beside its best value, all others are fitted
        again, until chi-square has risen as far as that probability says. If the uncertainty of the
        data was given that is a rise by the square of so many standard deviations, else lmfit
        compares it to the scatter (F-test). Where chi-square is no parabola these intervals are
        not even about the best value, as `uncertainties` are.

        Parameters
        ----------
        probability : float
            Between 0 and 1.

        Returns
        -------
        dict of str to (float, float)
            Lower and upper end by parameter; -inf or inf if there is none.

        Raises
        ------
        ValueError
            If the probability is not between 0 and 1, less than two parameters were varied, the
            data do not determine all of them, or nothing tells how uncertain the data are.
        """
        from lmfit import conf_interval

        level = finite("probability", probability)
        if not (isinstance(level, float) and 0 < level < 1):
            raise ValueError(f"probability must be between 0 and 1, got {probability!r}")
        if len(self.result.var_names) < 2:
            raise ValueError(
                "confidence intervals must be of at least two parameters, of which all but one are "
                f"fitted again, got {self.result.var_names[0]!r} alone"
            )
        if self.undetermined or self.result.covar is None:
            raise ValueError(
                "confidence intervals must be of parameters that the data determine, got "
                f"{', '.join(self.undetermined or self.result.var_names)}"
            )
        if not self._is_scaled:
            raise ValueError(
                "confidence intervals must be of data of known uncertainty, or of more points than "
                f"parameters, got {self.best_fit.size} points"
            )
        known = None if self.minimizer.scale_covar else _rise
        found = conf_interval(self.minimizer, self.result, sigmas=[level], prob_func=known)
        return {name: (float(ends[0][1]), float(ends[-1][1])) for name, ends in found.items()}

    def predict(self, coordinates: Mapping[str, ArrayLike]) -> FloatArray:
        """Return what would be measured at other points, with the best values.

        Parameters
        ----------
        coordinates : mapping of str to array
            The points, as of `spinfem.fit`; arrays that broadcast to each other.

        Returns
        -------
        array
            The output in its SI unit.

        Raises
        ------
        ValueError
            If these are not the coordinates of the fit, or not values that the builder takes.
        """
        if coordinates.keys() != self.measured.coordinates.keys():
            raise ValueError(
                f"coordinates must be those of the fit ({', '.join(self.measured.coordinates)}), "
                f"got {', '.join(coordinates) or 'none'}"
            )
        given = {n: np.asarray(finite(f"coordinate {n!r}", x)) for n, x in coordinates.items()}
        shape = np.broadcast_shapes(*(x.shape for x in given.values()))
        found: FloatArray = self.minimizer.problem.model_at(self.values, given, shape)
        return found

    def plot(self, x: str | None = None, axes: Any = None) -> Any:
        """Draw the data with error bars, the model's curve between them, and residuals below.

        Parameters
        ----------
        x : str, optional
            The coordinate on the axis below; by default that of most values. Every combination of
            the others has its colour.
        axes : sequence of two Axes, optional
            Where to draw the data, and the residuals. Default: a new pyplot figure.

        Returns
        -------
        array of two Axes
            Where it was drawn.

        Raises
        ------
        ValueError
            If there is no such coordinate, or `axes` are not two.
        """
        from ..plot.fits import Series, draw_fit
        from .fitcurves import curves_of, over

        measured, known = self.measured, not self.minimizer.scale_covar
        name, curves = curves_of(self.minimizer.problem, self.values, x)
        at, residuals = over(measured, name), self.residuals.ravel()
        sigma = np.broadcast_to(measured.uncertainty, measured.values.shape).ravel()
        unit = self.output.unit if self.solution.stack.units == "SI" else ""
        series = [
            Series(
                curve.label,
                at[curve.points],
                measured.values.ravel()[curve.points],
                sigma[curve.points] if known else None,
                residuals[curve.points],
                curve.x,
                curve.model,
            )
            for curve in curves
        ]
        return draw_fit(axes, series, name, self.output.title, unit)

    def report(self) -> str:
        """Return values, uncertainties and correlations as lmfit writes them; `print` shows it."""
        from lmfit import fit_report

        text = str(fit_report(self.result))
        if self.undetermined:
            text += f"\n[[Undetermined]]\n    {', '.join(self.undetermined)}"
        if self.at_bounds:
            text += f"\n[[At a bound]]\n    {', '.join(self.at_bounds)}"
        return text

    def __str__(self) -> str:
        return self.report()

    def _repr_html_(self) -> str:
        return str(self.result._repr_html_())


def _rise(best: Any, other: Any) -> float:
    """Return how probable a smaller rise of chi-square is, of data of known uncertainty."""
    return math.erf(math.sqrt(max(other.chisqr - best.chisqr, 0.0) / 2))


def fit(
    builder: Builder,
    data: ArrayLike | xarray.DataArray | Columns | Mapping[str, Any] | str | PathLike[str],
    parameters: Mapping[str, Any],
    *,
    coordinates: Mapping[str, ArrayLike | str] | None = None,
    uncertainty: ArrayLike | xarray.DataArray | str | None = None,
    priors: Mapping[str, tuple[float, float]] | None = None,
    output: str | Output = "resistance",
    column: str | None = None,
    progress: bool | None = None,
) -> Fit:
    """Fit parameters of a sample to what was measured, by least squares.

    Parameters
    ----------
    builder : callable
        Returns the stack; called with keyword arguments, of parameters as numbers and of
        coordinates as arrays, so that all points make one batch. It is a smooth function of the
        parameters. What `output` alone is given by, it need not take.
    data : array, xarray.DataArray, path, mapping or data frame, shape (...)
        What was measured, any number of axes, in the SI unit of `output` (`Output.unit`): Ohm m2 of
        a resistance-area product. A DataArray brings its coordinates: those that are arguments of
        the builder or of the output. So does a table: a CSV file, a mapping of columns or a data
        frame. Its column ``thickness_nm`` is the argument ``thickness_nm`` as it stands, or else
        ``thickness`` in m; other columns are left alone.
    parameters : mapping of str to float, (start, lower, upper) or lmfit.Parameter
        Where to start, and bounds between which the start lies, None for none. An lmfit.Parameters
        is such a mapping. A start of zero needs both bounds.
    coordinates : mapping of str to array
        What the points were measured at; arrays that broadcast to the data's shape. With a table
        also the names of columns, which are brought to the SI unless the argument ends in a unit.
    uncertainty : float, array, xarray.DataArray or str, optional
        Standard deviations of the data, in their unit, broadcasting to their shape; of a table the
        name of a column. With them the uncertainties of parameters follow from them alone. Without,
        all points are taken to be as uncertain as the scatter about the fit says.
    priors : mapping of str to (mean, sigma), optional
        What else is known of a parameter, as a normal distribution; needs `uncertainty`.
    output : Output or str
        What the data are, as ``sf.Output("resistance").change({"free": sf.direction(180)})``; or
        "resistance" or "spin_resistance" alone.
    column : str, optional
        Which column of a table the data are, in the unit at the end of its name, ``AdR_fOhm_m2``,
        or, without one, that of `output`. Default: the only one that is nothing else.
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
    OSError
        If a file cannot be read.
    TypeError, ValueError
        If an argument is not as above, the builder does not take arrays, or it refuses values on
        the way; a parameter that varies does not change the stack where it starts, or a coordinate
        does not; the derivative of the output with respect to a parameter without a prior is zero
        at its start; or a parameter changes a function of xi, or turns ferromagnets out of a
        collinear contact: there are no derivatives then; or a torque was measured and something
        is given at an end of the stack.

    Warns
    -----
    UserWarning
        If the fit has not converged; if some parameters are ``Fit.undetermined`` or end at a bound
        (``Fit.at_bounds``); or if `output` turns one of two layers that are in contact and
        parallel: if they are one magnet, they need a `group`.
    UnitWarning
        If resistances, or their uncertainty, are larger than those of any sample.
    """
    check_installed("a fit", "pip install lmfit", "lmfit")
    from .fitminimizer import ScaledMinimizer

    check_callable(builder)
    wanted = output if isinstance(output, Output) else Output(output)
    measured = check_data(builder, data, coordinates, uncertainty, wanted, column)
    unknowns = check_parameters(parameters)
    twice = [name for name in unknowns if name in measured.coordinates]
    if twice:
        raise ValueError(f"{twice[0]!r} must be a parameter or a coordinate, got both")
    known = check_priors(priors, unknowns, uncertainty)
    with progress_bar("fit", None, progress) as advance:
        problem = Problem(builder, measured, unknowns, known, wanted, advance)
        check_count(measured, unknowns, known)
        with once():
            stacks = problem.check_build()
            wanted.notice_states(stacks)
            problem.check_effects()
        with in_silence(), np.errstate(all="ignore"):
            problem.check_derivatives()
        if stacks.units == "SI" and wanted.unit == "Ohm m2":
            _notice_units(measured, uncertainty is not None)
        minimizer = ScaledMinimizer(problem, scale_covar=uncertainty is None)
        # lmfit sets errstate as well, and after an error leaves it so
        with np.errstate(all="ignore"):
            result = minimizer.leastsq()
            values = dict(result.params.valuesdict())
            dependent = problem.dependent(values)
            with in_silence():
                solution = problem.in_given_state(values)
        best_fit = problem.model(values)
        problem.advance = int  # the bar is gone, and the minimizer stays
    residuals = (best_fit - measured.values) / measured.uncertainty
    found = Fit(
        result,
        minimizer,
        solution,
        best_fit,
        residuals,
        wanted,
        measured,
        problem.solves,
        problem.gradients,
    )
    wide = {
        name
        for name, sigma in found.uncertainties.items()
        if sigma > unknowns[name].upper - unknowns[name].lower
    }
    if not result.success:
        warnings.warn(
            f"the fit has not converged: {result.message} Start it elsewhere, or give bounds",
            stacklevel=2,
        )
    undetermined = tuple(name for name in result.var_names if name in dependent | wide)
    if undetermined:
        warnings.warn(
            f"data do not determine {', '.join(map(repr, undetermined))}: other values fit as "
            "well; fix some of them, or give priors",
            stacklevel=2,
        )
    ends = [name for name in result.var_names if unknowns[name].is_bound(values[name])]
    at_bounds = tuple(name for name in ends if name not in undetermined)
    if at_bounds:
        warnings.warn(
            f"{', '.join(map(repr, at_bounds))} ended at a bound: the data fit best beyond it, and "
            "uncertainties mean nothing there",
            stacklevel=2,
        )
    return dataclasses.replace(found, undetermined=undetermined, at_bounds=at_bounds)


def _notice_units(measured: Measured, uncertain: bool) -> None:
    """Warn of resistance-area products that no sample has, once."""
    with once():
        notice(RESISTANCE, measured.titles[0], np.abs(measured.values))
        if uncertain:
            notice(RESISTANCE, measured.titles[1], measured.uncertainty)
