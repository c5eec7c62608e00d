r"""Convergence studies: how errors fall as elements get smaller, or their degree higher.

With elements of degree k and size h, torques and the spin resistance converge with h^2k, mu_s in
L2 with h^(k+1) and in H1 with h^k. The torque is the multiplier of the interface conditions;
differentiated from mu_s it would converge with h^k only, which the study shows for comparison.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import ArrayLike

from .. import analytic
from .._checks import BoolArray, FloatArray
from .._progress import progress_bar
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..fem.fields import ElementField, LayerField, SumField, piecewise
from ..fem.graded import GradedField
from ..physics.bulk import total_conductivity
from ..sample.pieces import Layer
from ..sample.stack import Stack
from ..solution import Solution
from ..solver import solve

QUANTITIES = ("torque", "differentiated torque", "dr", "L2", "H1", "spin current")
"""What the errors are of; all are relative."""
COLUMNS = ("elements", "degree", "unknowns", "h", "time", *QUANTITIES)
FLOOR = 1e-11
"""Errors below are not fitted: they are near those of an over-resolved reference, or rounding."""
FLOORS = {"torque": 1e-13, "dr": 1e-13}
"""The same where the reference is better; with degree 4 one mesh or none is left above 1e-11."""
NO_TORQUE = 1e-13
"""Of the largest ``|j_s|`` and ``|p j0|``: smaller torques are rounding and have no errors."""
COARSEST = 0.5
"""h/l of the largest element, above which a mesh is not fitted: it is not yet asymptotic."""
FITTED = 4
"""To so many meshes rates are fitted: the finest that are left."""


@dataclass(frozen=True)
class Study:
    """Errors over a sequence of meshes, or of degrees.

    Attributes
    ----------
    stack : Stack
        The sample.
    refine : "h" or "p"
        Whether the elements get smaller, or their degree higher.
    reference : str
        What the errors are against: "exact stack", or "over-resolved solve".
    columns : dict of array
        One value per mesh: `elements` of every layer, `degree`, `unknowns`, `h` (largest element in
        spin diffusion lengths), `time` (s), and the relative errors "torque", "differentiated
        torque", "dr", "L2" and "H1" of mu_s, and "spin current" (L2). Where there is no torque,
        but for rounding, those of torques are nan.
    used : dict of array of bool
        Which meshes the rate of each error was fitted to.
    rates : dict of float
        Exponents of h; nan where fewer than two meshes could be used, and for "p".
    """

    stack: Stack
    refine: Literal["h", "p"]
    reference: str
    columns: dict[str, FloatArray]
    used: dict[str, BoolArray]
    rates: dict[str, float]

    @property
    def table(self) -> str:
        """The study as lines of text: a row per mesh, and the rates."""
        rows = [COLUMNS, *(self._row(i) for i in range(self.columns["h"].size))]
        if self.refine == "h":
            fitted = ("rate" if name == "elements" else "" for name in COLUMNS[: -len(QUANTITIES)])
            rows.append((*fitted, *(f"{self.rates[name]:.2f}" for name in QUANTITIES)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = (
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            for row in rows
        )
        return "\n".join(lines)

    def _row(self, i: int) -> tuple[str, ...]:
        def shown(name: str) -> str:
            value = self.columns[name][i]
            if name in ("elements", "degree", "unknowns"):
                return str(int(value))
            mark = "*" if name in self.used and self.used[name][i] else ""
            return f"{value:.3g}{mark}" if name in ("h", "time") else f"{value:.2e}{mark}"

        return tuple(map(shown, COLUMNS))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the study to a .csv file, all digits; times are in s."""
        from ..files.disk import check_target, replacing

        target = Path(path)
        check_target(target, ".csv")
        values = np.stack([self.columns[name] for name in COLUMNS], axis=1)
        with replacing(target) as temporary:
            np.savetxt(temporary, values, "%.17g", ",", header=",".join(COLUMNS), comments="")

    def plot(self, ax: Any = None) -> Any:
        """Draw the errors over h, with triangles of the slopes, or over the degree; return axes."""
        from ..plot.convergence import draw_errors

        return draw_errors(ax, self.refine, self.columns, self.used, self.rates)


def converge(
    stack: Stack,
    j0: ArrayLike | None = None,
    *,
    degree: int = 2,
    refinements: int = 5,
    refine: Literal["h", "p"] = "h",
    grading: bool = True,
    progress: bool | None = None,
) -> Study:
    """Study how the errors of a single stack fall.

    It is solved again and again: with 1, 2, 3, 4, 6, 8, 12, ... elements in every layer, or with
    degrees from 1 up to `degree` on one mesh.

    Parameters
    ----------
    stack : Stack
        A single stack.
    j0 : float, optional
        Particle current, as in `spinfem.solve`; errors are relative and do not depend on it.
    degree : int
        Degree of the elements; with ``refine="p"`` the highest.
    refinements : int
        Number of meshes, at least 2; with ``refine="p"`` which of them is used.
    refine : "h" or "p"
        What to refine.
    grading : bool
        Whether elements are those of `spinfem.solve`, graded towards the faces of layers that are
        thicker than some l, or all of a layer equally wide.
    progress : bool, optional
        Whether to draw a progress bar, as in `spinfem.sweep`.

    Returns
    -------
    Study

    Raises
    ------
    ValueError
        If the stack is a batch or has no ferromagnet with a torque, or an argument is out of range.
    """
    if stack.shape:
        raise ValueError(f"a study needs a single stack, got a batch of shape {stack.shape}")
    if refine not in ("h", "p"):
        raise ValueError(f"refine must be 'h' or 'p', got {refine!r}")
    if refinements < 2:
        raise ValueError(f"refinements must be at least 2, got {refinements!r}")
    reference, what = _reference(stack, j0)
    if refine == "h":
        runs = [(n, degree) for n in _counts(refinements)]
    else:
        runs = [(_counts(refinements)[-1], k) for k in range(1, degree + 1)]
    rows = []
    with progress_bar("converge", sum(n * k for n, k in runs), progress) as advance:
        for n, k in runs:
            rows.append(_run(stack, j0, n, k, grading, reference))
            advance(n * k)  # what it takes is about proportional to the unknowns
    columns = {name: np.array([row[name] for row in rows]) for name in COLUMNS}
    fine = (columns["h"] <= COARSEST) & (refine == "h")
    used = {name: _finest(fine & (columns[name] > FLOORS.get(name, FLOOR))) for name in QUANTITIES}
    rates = {
        name: _rate(columns["h"][used[name]], columns[name][used[name]]) for name in QUANTITIES
    }
    return Study(stack, refine, what, columns, used, rates)


def _counts(refinements: int) -> list[int]:
    """1, 2, 3, 4, 6, 8, 12, ..."""
    return [1, *(n for i in range(refinements) for n in (2 ** (i + 1), 3 * 2**i))][:refinements]


def _reference(stack: Stack, j0: ArrayLike | None) -> tuple[Solution, str]:
    try:
        return analytic.solve(stack, j0), "exact stack"
    except ValueError:
        return solve(stack, j0), "over-resolved solve"


def _finest(usable: BoolArray) -> BoolArray:
    """Keep the last `FITTED` of what is usable."""
    return usable & (np.cumsum(usable[::-1])[::-1] <= FITTED)


def _rate(h: FloatArray, error: FloatArray) -> float:
    if h.size < 2:
        return float("nan")
    return float(np.polyfit(np.log(h), np.log(error), 1)[0])


def _run(
    stack: Stack,
    j0: ArrayLike | None,
    elements: int,
    degree: int,
    grading: bool,
    reference: Solution,
) -> dict[str, float]:
    """Solve once and measure."""
    sample = stack if grading else _with_nodes(stack, np.linspace(0, 1, elements + 1))
    start = time.perf_counter()
    solution = solve(sample, j0, degree=degree, elements=elements if grading else None)
    solution.torques  # noqa: B018
    passed = time.perf_counter() - start
    e = solution.transport.elements
    strong = e.strong[1:-1]
    widths, unknowns = [], 0
    squares = dict.fromkeys(("L2", "H1", "spin current"), 0.0)
    norms = dict(squares)
    scale = float(np.max(np.abs(solution.j0)))
    for i in range(len(stack.layers)):
        field = solution.transport.field(i)
        nodes, d = _nodes(field), float(e.thickness[i, 0])
        unknowns += ((nodes.size - 1) * degree + 1) * (1 if strong[i] else 3)
        widths.append(np.diff(nodes).max() * d / float(e.l[i + 1, 0]))
        for name, (difference, size) in _norms(solution, reference, i, field).items():
            squares[name] += d * difference * scale**2
            norms[name] += d * size * scale**2
    found: dict[str, float] = {
        "elements": elements,
        "degree": degree,
        "unknowns": unknowns,
        "h": max(widths),
        "time": passed,
        **{name: float(np.sqrt(squares[name] / (norms[name] or 1.0))) for name in squares},
    }
    exact = reference.torques
    size = np.abs(exact).max(initial=0.0)
    found["torque"] = found["differentiated torque"] = float("nan")
    if size > NO_TORQUE * TORQUE_PER_SPIN_CURRENT * _largest_current(reference):
        found["torque"] = float(np.abs(solution.torques - exact).max() / size)
        found["differentiated torque"] = _differentiated(solution, reference)
    dr = float(reference.spin_resistance)
    found["dr"] = abs(float(solution.spin_resistance) - dr) / (dr or 1.0)
    return found


def _largest_current(solution: Solution) -> float:
    """Return the largest ``|j_s|`` and ``|p j0|`` of a single stack, A/m2."""
    faces, e = solution.transport.faces, solution.transport.elements
    currents = np.abs([faces.current_left, faces.current_right]).max()
    return float(max(currents, np.abs(e.p).max()) * np.abs(solution.j0).max())


def _with_nodes(stack: Stack, nodes: FloatArray) -> Stack:
    """Return the stack with the same nodes in all layers."""
    return Stack(
        replace(piece, nodes=nodes) if isinstance(piece, Layer) else piece for piece in stack.pieces
    )


def _norms(
    solution: Solution, reference: Solution, layer: int, field: LayerField
) -> dict[str, tuple[float, float]]:
    """Squares of errors and of what they are relative to, integrated over xi, over j0^2."""
    y, weights = legendre.leggauss(24)
    half = np.diff(nodes := _nodes(field)) / 2
    xi = (nodes[:-1, None] + half[:, None] * (1 + y)).reshape(-1, 1)
    weight = (half[:, None] * weights).ravel()
    exact = reference.transport.evaluate(layer, xi)
    found = solution.transport.evaluate(layer, xi)
    slope, exact_slope = _slope(field, xi), _exact_slope(reference, layer, xi)

    def square(v: FloatArray) -> float:
        return float(weight @ (v**2).sum(axis=-1))

    d = float(solution.transport.elements.thickness[layer, 0])
    return {
        "L2": (
            square(found.spin_potential[:, 0] - exact.spin_potential[:, 0]),
            square(exact.spin_potential[:, 0]),
        ),
        "H1": (square((slope - exact_slope) / d), square(exact_slope / d)),
        "spin current": (
            square(found.spin_current[:, 0] - exact.spin_current[:, 0]),
            square(exact.spin_current[:, 0]),
        ),
    }


def _nodes(field: LayerField) -> FloatArray:
    """Return where polynomials of a layer meet."""
    if isinstance(field, SumField):
        return np.union1d(field.along.nodes, field.across.nodes)
    assert isinstance(field, ElementField | GradedField)
    return field.nodes[:, 0]


def _slope(field: Any, xi: FloatArray) -> FloatArray:
    """Return d mu_s/d xi of a field of polynomials, over j0, shape (q, 3)."""
    if isinstance(field, SumField):
        return _slope(field.along, xi) + _slope(field.across, xi)
    widths = np.diff(field.nodes, axis=0)
    half = widths[..., None, None] / 2
    (slope,) = piecewise(widths, xi, legendre.legder(field.potential, axis=-1) / half)
    return slope[:, 0]


def _exact_slope(reference: Solution, layer: int, xi: FloatArray) -> FloatArray:
    """Return the same of the reference; of the exact stack from j_s, eqs. (2), (3).

    Across m of a ferromagnet with exchange lengths, ``j_s = -(D_tot/2) mu_s'``.
    """
    transport = reference.transport
    field, e, k = transport.field(layer), transport.elements, layer + 1
    if hasattr(field.along if isinstance(field, SumField) else field, "nodes"):
        return _slope(field, xi)
    d, D, p, m = e.thickness[layer, 0], e.D[k, 0], e.p[k, 0], e.m[k, 0]
    current = field.evaluate(xi)[1][:, 0]
    slope: FloatArray = 2 * d / D * (p * m - current)
    if isinstance(field, SumField):
        across = current - (current @ m)[:, None] * m
        slope += 2 * d * (1 / D - 1 / total_conductivity(D, p)) * across
    return slope


def _differentiated(solution: Solution, reference: Solution) -> float:
    """Error of torques from mu_s differentiated on the side of the normal metal; eq. (10)."""
    transport = solution.transport
    e = transport.elements
    if not e.is_plain:
        return float("nan")
    exact = reference.transport.all_absorbed()[:, 0]
    found = np.zeros_like(exact)
    for i, k in enumerate(transport.magnets.tolist()):
        for neighbour, sign, end in ((k - 1, 1.0, 1.0), (k + 1, -1.0, 0.0)):
            if 1 <= neighbour < e.magnetic.size - 1 and not e.magnetic[neighbour]:
                unit = e.D[neighbour, 0] / (2 * e.thickness[neighbour - 1, 0])
                current = -unit * _slope(transport.field(neighbour - 1), np.array([[end]]))[0]
                found[i] += sign * (current - (current @ e.m[k, 0]) * e.m[k, 0])
    touching = np.diff(transport.magnets) == 1  # there mu_s says nothing of what is between
    exact[:-1][touching], exact[1:][touching] = 0.0, 0.0
    found[:-1][touching], found[1:][touching] = 0.0, 0.0
    size = float(np.abs(exact).max(initial=0.0))
    return float(np.abs(found - exact).max(initial=0.0)) / (size or 1.0)
