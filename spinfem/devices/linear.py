"""The sparse system of a device: solved by factors or, where these would be large, by multigrid.

In three dimensions factors take memory as n^5/3, time as n^2 and more, and conjugate gradients
that `multigrid` preconditions both in proportion to n; in one and two dimensions factors are best.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, solve
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import LinearOperator, cg, gmres, splu

from .._checks import FloatArray, IntArray, check_installed
from .._progress import progress_bar
from . import multigrid
from .multigrid import Advance, Matrix

DIRECT = 30_000
"""Unknowns in three dimensions up to which factors are made: they take 2 s."""
TOLERANCE = 1e-11
"""Relative residual at which iterations end: torques are right to 1e-9, at 1e-10 to 4e-8."""
LARGEST_RESIDUAL = 1e-8
"""Relative residual from which on a solution is refused.

It is corrected before; what rounding leaves, up to some 1e-9 where cells are thin, stays.
"""
CORRECTIONS = 2
MOST_ITERATIONS = 1000
RESTART = 50
"""Directions that GMRES keeps."""
DECADE = 10
"""Steps of a progress bar for every decade of the residual."""
STEPS = -round(math.log10(TOLERANCE)) * DECADE
"""And for a right side."""
FILL: dict[int, Callable[[float], float]] = {
    1: lambda n: 30 * n,
    2: lambda n: 7 * n * math.log2(n + 1),
    3: lambda n: 0.65 * n ** (5 / 3),
}
"""Entries of the factors of a system of n unknowns for every dimension: what was measured, at most.

Of linear elements 62 n, 96 n with 23,000, 332,000 unknowns in two dimensions, of quadratic ones
132 n with 756,000; in three 300 n, 500 n with 10,600, 28,000, of quadratic ones 700 n with 40,000.
"""
ENTRY = 12
"""Bytes that an entry of a sparse matrix takes."""
COPIES = {"factors": 4, "iterations": 7}
"""Matrices of the size of the system that are in memory at once, beside factors."""

Improve = Callable[[FloatArray, float], FloatArray]
"""Returns about A^-1 r for a residual r, iterating until what is left is as small as a target."""


@dataclass(frozen=True)
class Report:
    """How a system was solved.

    Attributes
    ----------
    method : str
        "factors", "a full matrix", "conjugate gradients" or "GMRES".
    unknowns : int
        How many.
    iterations : int
        Of the right side that took most; 0 with factors.
    residual : float
        Norm of b - A x in that of b, of the system scaled to a diagonal of ones; the largest of
        all right sides.
    memory : float
        What solving was expected to take at most, bytes.
    """

    method: str
    unknowns: int
    iterations: int
    residual: float
    memory: float


def is_factorized(unknowns: int, dim: int) -> bool:
    """Tell whether factors are made of a system, or it is solved by iterations."""
    return dim < 3 or unknowns <= DIRECT


def solve_system(
    A: Matrix,
    b: FloatArray,
    kinds: IntArray,
    dim: int,
    progress: bool | None = None,
    *,
    is_symmetric: bool = True,
) -> tuple[FloatArray, Report]:
    """Solve A x = b, A positive definite.

    The system is scaled to a diagonal of ones first, with D = diag(A): D^-1/2 A D^-1/2. In one and
    two dimensions, and up to `DIRECT` unknowns in three, it is factorized. Else it is solved by
    conjugate gradients, GMRES if it is not symmetric, to a residual of `TOLERANCE`, preconditioned
    by smoothed aggregation [1]_ of its symmetric part.

    Parameters
    ----------
    A : sparse array (n, n)
        In any unit; x^T A x > 0 for all x.
    b : (n,) or (n, k)
        Right sides, in units of A times that of x (with mu_0 and nu in V, A in S: in A).
    kinds : (n,)
        Kind of every unknown, a whole number: unknowns of one kind are those of one field (mu_0,
        or nu along one direction), a constant of which is in the kernel of conduction.
    dim : int
        Dimensions of the mesh: 1, 2 or 3.
    progress : bool, optional
        Whether to draw a progress bar. Default: if stderr is a terminal, or in a notebook, and it
        takes more than a moment.
    is_symmetric : bool, optional
        Whether A is.

    Returns
    -------
    x : of the shape of b
        The solution.
    report : Report
        How it was found.

    Raises
    ------
    ValueError
        If shapes do not fit, `dim` is not 1, 2 or 3, the diagonal is not positive, A is singular,
        the system would take more memory than the machine has, a solution is not finite, or its
        relative residual is not below `LARGEST_RESIDUAL` in the end.
    ImportError
        If pyamg is needed and not installed.

    References
    ----------
    .. [1] Vanek, Mandel, Brezina, Computing 56, 179 (1996), doi:10.1007/BF02238511.
    """
    if A.shape != (len(b), len(b)) or len(kinds) != len(b):
        raise ValueError(
            f"A, b and kinds must be of the same unknowns, got shapes {A.shape}, {np.shape(b)} and "
            f"{np.shape(kinds)}"
        )
    sides = 1 if np.ndim(b) == 1 else np.shape(b)[1]
    with progress_bar("solve", STEPS * sides, progress) as advance:
        solver = Solver(A, kinds, dim, advance, is_symmetric=is_symmetric)
        return solver.solve(b, advance)


def _not_at_all(_: int) -> None:
    """Move no progress bar."""


class Solver:
    """A system that is ready to be solved for any right sides, as `solve_system` solves it.

    Parameters
    ----------
    A, kinds, dim, is_symmetric
        As of `solve_system`.
    advance : callable, optional
        Is told of the steps of a progress bar.

    Raises
    ------
    ValueError, ImportError
        As `solve_system`.
    """

    def __init__(
        self,
        A: Matrix,
        kinds: IntArray,
        dim: int,
        advance: Advance = _not_at_all,
        *,
        is_symmetric: bool = True,
    ) -> None:
        n = int(A.shape[0])
        if dim not in FILL:
            raise ValueError(f"dim must be 1, 2 or 3, got {dim}")
        self._root = root = _root_of_diagonal(A)
        factorized = is_factorized(n, dim)
        self._memory = _memory(A, dim, factorized, is_symmetric)
        _check_memory(n, dim, self._memory)
        if not factorized:
            check_installed(
                f"a device in three dimensions with more than {DIRECT:,} unknowns (extra: device)",
                "pip install pyamg",
                "pyamg",
            )
        scaling = diags_array(1 / root)
        self._scaled = csr_array(scaling @ A @ scaling)
        self._is_symmetric = is_symmetric
        self._factors: Any = None
        self._cycle: Any = None
        if factorized:
            self._method, self._factors = "factors", _factors(self._scaled, is_symmetric)
        else:
            self._method = "conjugate gradients" if is_symmetric else "GMRES"
            self._cycle = _preconditioner(self._scaled, kinds, root, is_symmetric, advance)

    def solve(
        self, b: FloatArray, advance: Advance = _not_at_all, *, transposed: bool = False
    ) -> tuple[FloatArray, Report]:
        """Solve A x = b, or with the transpose of A; results and errors as of `solve_system`."""
        n = len(b)
        transposed = transposed and not self._is_symmetric
        A = self._scaled.T if transposed else self._scaled
        sides = np.asarray(b, dtype=float).reshape(n, -1) / self._root[:, None]
        x, residuals, iterations = np.empty_like(sides), [0.0], [0]
        for k, side in enumerate(sides.T):
            watch = _Watch(float(np.linalg.norm(side)), STEPS, advance)
            x[:, k], residual = _corrected(A, side, self._improving(A, transposed, watch))
            residuals.append(residual)
            iterations.append(watch.iterations)
            watch.end()
        largest = float(np.max(residuals))  # nan too
        if not math.isfinite(largest):
            raise ValueError("results must be finite, got an overflow of double precision")
        report = Report(self._method, n, max(iterations), largest, self._memory)
        if not report.residual < LARGEST_RESIDUAL:
            raise ValueError(
                f"the relative residual of a solution must be below {LARGEST_RESIDUAL:g}, got "
                f"{report.residual:.2g} by {report.method} with {n:,} unknowns"
                + (f" after {report.iterations} iterations" if report.iterations else "")
                + ": the system is singular (no potential is given, or a part is connected to "
                "none), or nearly so (cells are too thin, or too different in size or conductivity)"
            )
        return (x / self._root[:, None]).reshape(np.shape(b)), report

    def _improving(self, A: Matrix, transposed: bool, watch: _Watch) -> Improve:
        if self._cycle is not None:
            return _iterations(A, self._cycle, self._is_symmetric, watch)
        return lambda r, _: np.asarray(self._factors(r, transposed))


def _root_of_diagonal(A: Matrix) -> FloatArray:
    """Return by what a system is scaled to a diagonal of ones."""
    diagonal = A.diagonal()
    if not (diagonal > 0).all():
        bad = int(np.flatnonzero(~(diagonal > 0))[0])
        raise ValueError(
            f"the diagonal of a system must be positive, got {diagonal[bad]:g} for unknown {bad}"
        )
    return np.asarray(np.sqrt(diagonal))


def solve_full(
    A: FloatArray, b: FloatArray, *, is_symmetric: bool = True
) -> tuple[FloatArray, Report]:
    """Solve A x = b with a full matrix; arguments and results as of `solve_system`.

    Raises
    ------
    ValueError
        If the diagonal is not positive, A is singular, or the relative residual is not below
        `LARGEST_RESIDUAL`.
    """
    root = _root_of_diagonal(A)
    scaled, side = A / root / root[:, None], b / root
    try:
        x = solve(scaled, side, assume_a="pos" if is_symmetric else "gen")
    except LinAlgError as error:
        raise ValueError(
            f"a system must be positive definite, got a singular one ({error}): no potential is "
            "given, or a part is connected to none"
        ) from None
    x = x / root
    residual = relative_residual(A, b, x)
    if not residual < LARGEST_RESIDUAL:
        raise ValueError(
            f"the relative residual of a solution must be below {LARGEST_RESIDUAL:g}, got "
            f"{residual:.2g} by a full matrix with {len(b):,} unknowns"
        )
    return x, Report("a full matrix", len(b), 0, residual, 2.0 * A.nbytes)


def relative_residual(A: Matrix, b: FloatArray, x: FloatArray) -> float:
    """Return the norm of b - A x in that of b, of the system scaled to a diagonal of ones."""
    root = np.sqrt(A.diagonal())
    return float(np.linalg.norm((b - A @ x) / root) / (np.linalg.norm(b / root) or 1.0))


class _Watch:
    """Counts iterations of a right side and moves a progress bar on."""

    def __init__(self, size: float, steps: int, advance: Advance) -> None:
        self.size, self.left, self.steps, self.advance = size, steps, steps, advance
        self.iterations = 0

    def note(self, residual: float) -> None:
        self.iterations += 1
        part = max(residual / self.size, TOLERANCE)
        self._move(self.steps + math.ceil(DECADE * math.log10(part)))

    def end(self) -> None:
        self._move(0)

    def _move(self, left: int) -> None:
        self.advance(max(self.left - left, 0))
        self.left = min(self.left, left)


def _corrected(A: Matrix, b: FloatArray, improve: Improve) -> tuple[FloatArray, float]:
    """Return a solution, corrected where its residual is too large, and its relative residual."""
    x, size = np.zeros_like(b), float(np.linalg.norm(b))
    if size == 0:
        return x, 0.0
    left = b
    for _ in range(1 + CORRECTIONS):
        x = x + improve(left, TOLERANCE * size)
        left = b - A @ x
        residual = float(np.linalg.norm(left)) / size
        if residual < LARGEST_RESIDUAL:
            break
    return x, residual


def factors_of(A: Matrix, order: str = "MMD_AT_PLUS_A", pivoting: float = 0.0) -> Any:
    """Return SuperLU's factors of a matrix by columns; they keep to the diagonal, for little fill.

    Parameters
    ----------
    A : sparse array (n, n)
        By columns.
    order : str
        That of its columns, "NATURAL" for as they stand.
    pivoting : float
        How much smaller than others a diagonal may be.
    """
    return splu(A, permc_spec=order, diag_pivot_thresh=pivoting, options={"SymmetricMode": True})


def _factors(A: Matrix, is_symmetric: bool) -> Callable[[FloatArray, bool], FloatArray]:
    """Return what solves with factors, or with their transpose if the second argument says so.

    They are those of the transpose: A by rows as it stands, without a copy.
    """
    try:
        factors = factors_of(A.T, pivoting=0.0 if is_symmetric else 0.1)
    except RuntimeError as error:
        raise ValueError(
            f"a system must be positive definite, got a singular one ({error}): no potential is "
            "given, or a part is connected to none"
        ) from None
    return lambda r, transposed: np.asarray(factors.solve(r, trans="N" if transposed else "T"))


def _preconditioner(
    A: Matrix,
    kinds: IntArray,
    constant: FloatArray,
    is_symmetric: bool,
    advance: Advance,
) -> Callable[[FloatArray], FloatArray]:
    """Return a cycle of multigrid with the symmetric part."""
    symmetric = A if is_symmetric else (A + A.T) / 2
    return multigrid.hierarchy(symmetric, kinds, constant, advance).cycle


def _iterations(
    A: Matrix, M: Callable[[FloatArray], FloatArray], is_symmetric: bool, watch: _Watch
) -> Improve:
    """Return what solves by iterations."""

    def noted(r: FloatArray) -> FloatArray:
        watch.note(float(np.linalg.norm(r)))
        return M(r)

    def symmetric(r: FloatArray, target: float) -> FloatArray:
        operator = LinearOperator(A.shape, noted, dtype=float)
        x, _ = cg(A, r, rtol=0.0, atol=target, maxiter=MOST_ITERATIONS, M=operator)
        return np.asarray(x)

    def general(r: FloatArray, target: float) -> FloatArray:
        size = float(np.linalg.norm(r))
        x, _ = gmres(
            A,
            r,
            rtol=0.0,
            atol=target,
            restart=RESTART,
            maxiter=MOST_ITERATIONS // RESTART,
            M=LinearOperator(A.shape, M, dtype=float),
            callback=lambda part: watch.note(part * size),
            callback_type="pr_norm",
        )
        return np.asarray(x)

    return symmetric if is_symmetric else general


def _memory(A: Matrix, dim: int, factorized: bool, is_symmetric: bool) -> float:
    """Return what solving takes at most, bytes."""
    n = int(A.shape[0])
    entries = COPIES["factors" if factorized else "iterations"] * (int(A.nnz) + n)
    if factorized:
        return ENTRY * (entries + FILL[dim](n))
    return ENTRY * entries + (0.0 if is_symmetric else 8.0 * RESTART * n)


def _check_memory(n: int, dim: int, memory: float) -> None:
    """Raise ValueError if the machine, as far as is known, has less."""
    try:
        own = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not everywhere
        return
    if memory > own:
        raise ValueError(
            f"the memory that a system takes must be at most what the machine has, "
            f"{own / 1e9:.3g} GB, got {memory / 1e9:.3g} GB for {n:,} unknowns in {dim} "
            "dimensions: take a coarser mesh or elements of a lower degree"
        )
