r"""What of a device its magnetizations have no part in: matrices of regions and of contacts.

Of every region these are scalar ones, however m is directed: of mu_0, of nu along m and across it.
They can be condensed to the faces, the places that a region has in common with others or with
electrodes: with I the inner ones and F those at faces, to the Schur complement
``A_FF - A_FI A_II^-1 A_IF``. Nothing enters inside, so it is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from .._checks import BoolArray, FloatArray, IntArray
from ..fem.graded import Function, profiles
from ..physics import bulk, exchange
from ..sample.pieces import Lead
from .device import Device, Region
from .fluxes import Fluxes
from .functions import Functions
from .linear import factors_of
from .regions import Contact, contacts_of


class Rates(NamedTuple):
    """How a scalar in a region spreads: its flux has ``div = -coefficient (rate + taken) u``."""

    coefficient: float  # S/m
    rate: float  # 1/m2, to the lattice
    taken: complex = 0.0  # 1/m2, by the magnetization; ``nu_1 + i nu_2`` across m is the scalar

    @property
    def whole(self) -> float:
        """At which it is lost, without precession, 1/m2."""
        return self.rate + self.taken.real

    @property
    def share(self) -> complex:
        """Which of what is lost the magnetization takes up; 0 where nothing is."""
        lost = self.rate + self.taken
        return self.taken / lost if lost else 0.0


class LeadConductances(NamedTuple):
    """Conductances of what leaves into a lead, S/m2: complex ones are of ``nu_1 + i nu_2``."""

    along: float  # of nu along m; in a normal metal any of its components
    passed: complex = 0.0  # of nu across m with exchange lengths, what the lattice takes up
    taken: complex = 0.0  # and what m takes up


class Body(NamedTuple):
    """Conduction and relaxation in a region, on its places: currents in A of potentials in V."""

    charge: Any  # mu_0 with itself
    along: Any  # nu along m with itself; in a normal metal any of its components
    drawn: Any = None  # charge that nu along m drives, in a ferromagnet
    polarized: Any = None  # spins along m that mu_0 drives there
    across: Any = None  # complex: ``nu_1 + i nu_2`` across m, with exchange lengths
    taken: Any = None  # complex: what m takes up of it, and is not in `across`


class Parts(NamedTuple):
    """A device without its magnetizations."""

    functions: Any  # Functions or Fluxes
    dofs: dict[str, IntArray]  # of all regions
    bodies: dict[str, Body]
    contacts: list[Contact]
    is_condensed: bool  # to faces

    def areas(self, electrode: str) -> FloatArray:
        """Return ``int v`` over an electrode of the functions v at its places, m^(d - 1)."""
        own = (contact for contact in self.contacts if contact.names[1] == electrode)
        return np.concatenate([x.mass @ self.functions.one[x.dofs] for x in own])


@np.errstate(over="ignore", divide="ignore", invalid="ignore")  # found in the matrix
def parts_of(device: Device, degree: int | None) -> Parts:
    """Assemble what magnetizations have no part in, of continuous functions.

    Raises
    ------
    ValueError
        As `Functions`.
    """
    functions = Functions(device.grid, degree)

    def body(name: str, dofs: IntArray) -> Body:
        cells, region = device.grid.regions[name], device.regions[name]
        if region.metal.is_graded:
            return _graded_body(region, functions, cells, dofs)
        K, M = (local(x(cells), dofs) for x in (functions.stiffness, functions.mass))
        return body_of(
            region,
            lambda rates: rates.coefficient * (K + rates.rate * M),
            lambda rates: rates.coefficient * rates.taken * M,
        )

    return put_together(device, functions, body)


def put_together(
    device: Device, functions: Functions | Fluxes, body: Callable[[str, IntArray], Body]
) -> Parts:
    """Return what magnetizations have no part in, of regions' matrices on functions of theirs."""
    dofs = {name: functions.in_cells(cells) for name, cells in device.grid.regions.items()}
    bodies = {name: body(name, own) for name, own in dofs.items()}
    return Parts(functions, dofs, bodies, contacts_of(device, functions), False)


def local(matrix: Any, dofs: IntArray) -> Any:
    """Return a matrix of the functions that something has."""
    return matrix[dofs][:, dofs]


def rates_of(region: Region) -> list[Rates]:
    """Return the rates of a region: of charge, of nu along m, and of nu across m if it can be.

    Of charge the scalar is mu_0, in a ferromagnet ``mu_0 + beta_D nu``.
    """
    metal: Any = region.metal
    D, lost = float(metal.D), 2 * float(bulk.relaxation(np.asarray(metal.D), np.asarray(metal.l)))
    if not region.is_magnet:
        return [Rates(D, 0.0), Rates(D, lost / D)]
    total = float(bulk.total_conductivity(metal.D, metal.p, metal.diffusion_polarization))
    found = [Rates(total, 0.0), Rates(D, lost / D)]
    if region.is_strong:
        return found
    lengths = (np.asarray(np.inf if x is None else x) for x in (metal.lambda_J, metal.lambda_phi))
    return [*found, Rates(total, lost / total, complex(exchange.taken_rate(*lengths)))]


def body_of(
    region: Region,
    matrix: Callable[[Rates], Any],
    taken: Callable[[Rates], Any] = lambda _: None,
) -> Body:
    """Return the matrices of a region, of those of scalars; and of what m takes up of them."""
    charge, spin, *across = rates_of(region)
    first, second = matrix(charge), matrix(spin)
    if not region.is_magnet:
        return Body(first, second)
    metal: Any = region.metal
    p, beta_D = float(metal.p), float(metal.diffusion_polarization)
    more = [x for rates in across for x in (matrix(rates).astype(complex), taken(rates))]
    return Body(first, p * beta_D * first + second, beta_D * first, p * first, *more)


def _graded_body(region: Region, functions: Functions, cells: IntArray, dofs: IntArray) -> Body:
    """Return the matrices of a region of a graded metal, no ferromagnet with exchange lengths."""
    D, l, *_ = profiles(region.metal)

    def lost(points: FloatArray) -> FloatArray:
        xi = region.xi(points)
        return 2 * bulk.relaxation(D(xi), l(xi))

    body = _graded_conduction(region, functions, cells, dofs)
    return body._replace(along=body.along + local(functions.mass(cells, lost), dofs))


def _graded_conduction(
    region: Region,
    functions: Functions,
    cells: IntArray,
    dofs: IntArray,
    slope: Callable[[FloatArray, FloatArray], FloatArray] | None = None,
) -> Body:
    """Return what of these goes with D_tot, or times a slope of it, a function of p and beta_D."""
    D, _, p, beta_D = profiles(region.metal)

    def integral(share: Function | None = None) -> Any:
        def number(points: FloatArray) -> FloatArray:
            xi = region.xi(points)
            found = bulk.total_conductivity(D(xi), p(xi), beta_D(xi))
            found = found if slope is None else found * slope(p(xi), beta_D(xi))
            return found if share is None else share(xi) * found

        return local(functions.stiffness(cells, number), dofs)

    charge = integral()
    return Body(charge, charge, *map(integral, (beta_D, p) if region.is_magnet else ()))


def body_slopes(region: Region) -> dict[str, Body]:
    """Return the derivatives of the matrices of a uniform region with the numbers of its metal.

    Matrices are what ``int grad u . grad v`` and ``int u v`` are times in them, (2,) each.
    """
    metal: Any = region.metal
    conducting, absorbing = np.eye(2)
    body = body_of(
        region,
        lambda rates: rates.coefficient * (conducting + rates.rate * absorbing),
        lambda rates: rates.coefficient * rates.taken * absorbing,
    )
    of_l = _times(-2 / metal.l * absorbing, body._replace(taken=None))
    found = {"D": _times(1 / metal.D, body), "l": of_l}
    if not region.is_magnet:
        return found
    by_p, by_beta_D = bulk.total_slopes(metal.p, metal.diffusion_polarization)
    total = _times(conducting, body)._replace(taken=body.taken)
    found |= _of_polarizations(metal, _times(by_p, total), _times(by_beta_D, total), body.charge)
    if not region.is_strong:
        lengths = (metal.lambda_J or np.inf, metal.lambda_phi or np.inf)
        slopes = exchange.taken_slopes(*map(np.asarray, lengths))
        for key, slope in zip(("lambda_J", "lambda_phi"), slopes, strict=True):
            found[key] = _times(0.0, body)._replace(taken=body.charge[0] * slope * absorbing)
    return found


def lead_conductances(end: Lead) -> LeadConductances:
    """Return the conductances of a lead: ``sqrt(a b)`` of what ``div a grad u = b u`` decays by."""
    region = Region(end.material, end.m)
    along = 2 * float(bulk.stiffness(np.asarray(end.material.D), np.asarray(end.material.l)))
    if not region.is_magnet or region.is_strong:
        return LeadConductances(along)
    *_, across = rates_of(region)
    whole = across.coefficient * np.sqrt(across.rate + across.taken)
    return LeadConductances(along, (1 - across.share) * whole, across.share * whole)


def lead_slopes(end: Lead) -> dict[str, LeadConductances]:
    """Return the derivatives of `lead_conductances` with the numbers of its metal."""
    region, given = Region(end.material, end.m), lead_conductances(end)
    D, l = float(end.material.D), float(end.material.l)
    of_along = {"D": given.along / D, "l": -given.along / l}
    if not region.is_magnet or region.is_strong:
        return {name: LeadConductances(slope) for name, slope in of_along.items()}
    found = {}
    *_, across = rates_of(region)
    a, lost, taken = across.coefficient * np.array([1.0, across.rate, across.taken])
    G = given.passed + given.taken
    if not G:  # its lengths are infinite, and nothing else matters
        return {name: LeadConductances(slope) for name, slope in of_along.items()}
    for name, body in body_slopes(region).items():
        by_a, by_lost = body.across
        by_taken = 0.0 if body.taken is None else body.taken[1]
        by_b = by_lost + by_taken
        slope = (by_a * (lost + taken) + a * by_b) / (2 * G)
        share = by_taken / (lost + taken) - taken * by_b / (lost + taken) ** 2
        of_taken = slope * across.share + G * share
        found[name] = LeadConductances(of_along.get(name, 0.0), slope - of_taken, of_taken)
    return found


def graded_slope(
    region: Region, quantity: str, functions: Functions, cells: IntArray, dofs: IntArray
) -> Body:
    """Return the derivatives of the matrices of a graded region with a number that is not."""
    metal: Any = region.metal
    body = _graded_body(region, functions, cells, dofs)
    if quantity == "D":
        return _times(1 / metal.D, body)
    if quantity == "l":
        return _times(0.0, body)._replace(along=-2 / metal.l * (body.along - body.charge))
    by_p, by_beta_D = (
        _graded_conduction(
            region, functions, cells, dofs, lambda *both, k=k: bulk.total_slopes(*both)[k]
        )
        for k in range(2)
    )
    return _of_polarizations(metal, by_p, by_beta_D, body.charge)[quantity]


def _of_polarizations(metal: Any, by_p: Body, by_beta_D: Body, charge: Any) -> dict[str, Body]:
    """Return derivatives with p and beta_D of derivatives of what goes with D_tot."""
    by_p = by_p._replace(polarized=by_p.polarized + charge)
    by_beta_D = by_beta_D._replace(drawn=by_beta_D.drawn + charge)
    if metal.beta_D is not None:
        return {"p": by_p, "beta_D": by_beta_D}
    both = (None if x is None else x + y for x, y in zip(by_p, by_beta_D, strict=True))
    return {"p": Body(*both)}


def _times(factor: Any, body: Body) -> Body:
    return Body(*(None if x is None else factor * x for x in body))


def condensed(parts: Parts) -> Parts:
    """Condense every region to its faces."""
    faces: dict[str, list[IntArray]] = {name: [] for name in parts.bodies}
    for contact in parts.contacts:
        for name in contact.names:
            if name in faces:
                faces[name].append(contact.dofs)
    dofs, bodies = {}, {}
    for name, body in parts.bodies.items():
        dofs[name] = np.unique(np.concatenate(faces[name]))
        is_face = np.isin(parts.dofs[name], dofs[name], assume_unique=True)
        one = parts.functions.one[parts.dofs[name]]
        bodies[name] = _condensed_body(body, one, is_face)
    return parts._replace(dofs=dofs, bodies=bodies, is_condensed=True)


def _condensed_body(body: Body, one: FloatArray, is_face: BoolArray) -> Body:
    inner, faces = np.flatnonzero(~is_face), np.flatnonzero(is_face)
    if body.drawn is None:
        return Body(*(_schur(A, inner, faces) for A in (body.charge, body.along)))
    n, count = body.charge.shape[0], len(faces)
    both = sp.block_array([[body.charge, body.drawn], [body.polarized, body.along]])
    made = _schur(both, np.concatenate([inner, n + inner]), np.concatenate([faces, n + faces]))
    own, other = slice(count), slice(count, None)
    found = Body(made[own, own], made[other, other], made[own, other], made[other, own])
    if body.across is None:
        return found
    whole = sp.csc_array(body.across + body.taken)
    across, share = _schur(whole, inner, faces), one @ body.taken
    if len(inner):  # all that is taken up, inside too, of what is at the faces
        held = factors_of(local(whole, inner)).solve(share[inner])
        share = share[faces] - held @ whole[inner][:, faces]
    taken, first = np.zeros_like(across), np.argmax(one[faces] > 0)
    taken[first] = share  # at one place, where `one` is 1: the sum alone has a meaning
    return found._replace(across=across - taken, taken=taken)


def _schur(A: Any, inner: IntArray, faces: IntArray) -> Any:
    """Return ``A_FF - A_FI A_II^-1 A_IF``, a full matrix: the last factors where F is last.

    A constant may be in its kernel, so diagonals of A_FF are doubled meanwhile.
    """
    A = sp.csc_array(A)
    if not len(inner):
        return np.asarray(local(A, faces).todense())
    order = np.argsort(factors_of(local(A, inner)).perm_c)
    rows, last = np.concatenate([inner[order], faces]), slice(len(inner), None)
    shift = np.concatenate([np.zeros(len(inner)), A.diagonal()[faces]])
    made = factors_of(sp.csc_array(local(A, rows) + sp.diags_array(shift)), "NATURAL")
    lower, upper = (np.asarray(x.tocsc()[last, last].todense()) for x in (made.L, made.U))
    found = lower @ upper
    of_row, of_column = (x[last] - len(inner) for x in (made.perm_r, made.perm_c))
    return np.asarray(found[of_row][:, of_column]) - np.diag(shift[last])
