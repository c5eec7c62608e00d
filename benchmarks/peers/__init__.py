"""The same stacks, solved with what else a user would pick.

Every module has ``torques(sample, accuracy, **options)``: it goes from the plain numbers of a
`benchmarks.cases.Sample` to the spin currents that all ferromagnets absorb, shape (f, 3); and
``ACCURACIES``, settings from coarse to fine, of which the first that is good enough is timed.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Peer:
    """A row of the table of single solves.

    Parameters
    ----------
    label : str
        What it is called there.
    module : str
        The module of this package.
    options : dict
        More arguments of its ``torques``.
    accuracies : tuple, optional
        Settings to try; that of the module by default.
    """

    label: str
    module: str
    options: dict[str, Any] = field(default_factory=dict)
    accuracies: tuple[float, ...] = ()

    def load(self) -> Any:
        """Import the module."""
        return importlib.import_module(f"{__name__}.{self.module}")


PEERS = {
    "bvp_default": Peer("scipy solve_bvp, default", "solve_bvp", {}, (1e-3,)),
    "bvp": Peer("scipy solve_bvp", "solve_bvp"),
    "bvp_jacobians": Peer("scipy solve_bvp, Jacobians given", "solve_bvp", {"jacobians": True}),
    "skfem": Peer("scikit-fem, layer by layer", "scikit_fem"),
    "ngsolve_layers": Peer("NGSolve, layer by layer", "ngsolve_layers"),
    "ngsolve": Peer("NGSolve, one form for all layers", "ngsolve_fem"),
}
IN_SWEEPS = ("bvp", "skfem", "ngsolve")
"""Those whose time is extrapolated to sweeps."""
