r"""The terms of the weak form, one function each.

In every layer the weak form of eqs. (2), (3) and (4) reads: find mu with, for all v,

.. math::

    \int \tfrac{D}{2} \mu' \cdot v' + \kappa\, \mu \cdot v \,dx
    = \int p j_0\, m \cdot v' \,dx - [\, j_s \cdot v \,]_{\text{faces}} .

The components of mu_s do not mix inside a layer, so the forms are scalar: they serve each of the
three components in a normal metal, and the one amplitude along m in a ferromagnet. The faces are
the business of `spinfem.solvers.faces`.

Layers are assembled in the coordinate xi = (x - x_left)/d, which runs from 0 to 1 across a layer
of thickness d, whatever the unit of length: ``dx = d dxi`` and ``mu' = (1/d) dmu/dxi``.
"""

from __future__ import annotations

from typing import Any

from skfem import BilinearForm, LinearForm
from skfem.helpers import dot, grad


@BilinearForm
def conduction(u: Any, v: Any, w: Any) -> Any:
    r"""Spin conduction, eqs. (2), (3): :math:`\int \frac{D}{2} \mu' v' dx`, with D/2d in S/m2."""
    return w["conductance"] * dot(grad(u), grad(v))


@BilinearForm
def relaxation(u: Any, v: Any, w: Any) -> Any:
    r"""Spin relaxation, eq. (4): :math:`\int \kappa \mu v dx`, with kappa d in S/m2."""
    return w["relaxation"] * u * v


@LinearForm
def driving(v: Any, w: Any) -> Any:
    r"""Spin current of a uniform ferromagnet, eq. (3): :math:`\int p j_0 v' dx`, in A/m2."""
    return w["polarized_current"] * grad(v)[0]
