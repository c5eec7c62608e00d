"""Potentials and currents of a solved device at any points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, IntArray, finite, listed
from ..fem.graded import profiles
from ..physics.bulk import charge_current, spin_current, total_conductivity
from .assembly import System
from .device import Device
from .functions import element_of
from .points import cells_at, local


class Fields(NamedTuple):
    """What there is at points, in arrays whose first axes are those of the points."""

    potential: FloatArray  # (...) mu_0, V
    spin_potential: FloatArray  # (..., 3) mu_s, V
    current: FloatArray  # (..., dimension) A/m2
    spin_current: FloatArray  # (..., dimension, 3) A/m2


def fields_at(
    device: Device,
    system: System,
    mu_0: FloatArray,
    nu: FloatArray,
    points: ArrayLike,
    region: str | None,
) -> Fields:
    """Return the fields at points.

    Parameters
    ----------
    device, system : Device, System
        What was solved.
    mu_0, nu : array, shape (n,) and (n, 3)
        Coefficients of all places, V.
    points : array, shape (..., dimension)
        m.
    region : str or None
        Where the points are; None for the first region that has them.

    Raises
    ------
    TypeError, ValueError
        If points are no numbers, of another shape, or outside; or there is no such region.
    """
    given = np.asarray(finite("points", points))
    grid = device.grid
    if given.ndim == 0 or given.shape[-1] != grid.dimension:
        raise ValueError(
            f"points must be of the shape (..., {grid.dimension}), one coordinate for every "
            f"dimension of the mesh, got {given.shape}"
        )
    if region is not None and region not in device.regions:
        raise ValueError(f"region must be one of {listed(list(device.regions))}, got {region!r}")
    at = given.reshape(-1, grid.dimension)
    names = [*grid.regions] if region is None else [region]
    own = np.concatenate([grid.regions[name] for name in names])
    cells = cells_at(grid.mesh, at / grid.unit, own)
    if (cells < 0).any():
        first = int(np.argmax(cells < 0))
        where = "in the device" if region is None else f"in the region {region!r}"
        place = f"({', '.join(f'{x:.6g}' for x in at[first])}) m"
        raise ValueError(
            f"points must be {where}, got {(cells < 0).sum()} of {len(at)} outside, one at {place}"
        )
    found = Fields(
        np.zeros(len(at)),
        np.zeros((len(at), 3)),
        np.zeros((len(at), grid.dimension)),
        np.zeros((len(at), grid.dimension, 3)),
    )
    number = grid.region_of_cell[cells]
    for k in np.unique(number):
        here, name = np.flatnonzero(number == k), [*grid.regions][k]
        own_fields = _in_region(device, system, mu_0, nu, name, at[here], cells[here])
        for whole, part in zip(found, own_fields, strict=True):
            whole[here] = part
    return Fields(*(x.reshape((*given.shape[:-1], *x.shape[1:]))[()] for x in found))


def _in_region(
    device: Device,
    system: System,
    mu_0: FloatArray,
    nu: FloatArray,
    name: str,
    points: FloatArray,
    cells: IntArray,
) -> Fields:
    """Return the fields at points (n, dimension), m, in cells of one region."""
    region, grid = device.regions[name], device.grid
    dofs, values, slopes = basis_at(system, points / grid.unit, cells)
    slopes = slopes / grid.unit
    places = system.places.at(name, dofs)  # (b, n)
    slope_0 = np.einsum("bn,bdn->nd", mu_0[places], slopes)
    potential = np.einsum("bn,bn->n", mu_0[places], values)
    m = region.at(points) if region.is_magnet else np.zeros((len(points), 3))
    own = nu[places]  # (b, n, 3)
    if region.is_strong:
        along = np.einsum("bni,bni->bn", system.places.m[places], own)
        here = np.einsum("bn,bn->n", along, values)[:, None] * m
        slope = np.einsum("bn,bdn->nd", along, slopes)[:, :, None] * m[:, None]
    else:
        here = np.einsum("bni,bn->ni", own, values)
        slope = np.einsum("bni,bdn->ndi", own, slopes)
    xi = region.xi(points)[:, None]
    D, _, p, beta_D = (number(xi) for number in profiles(region.metal))
    total = total_conductivity(D, p, beta_D)
    j = charge_current(total, beta_D, slope_0, np.einsum("ndi,ni->nd", slope, m))
    polarized = slope_0[:, :, None] * m[:, None]
    j_s = spin_current(total[..., None], p[..., None], polarized, slope)
    return Fields(potential, 2 * here, j, j_s)


def basis_at(
    system: System, points: FloatArray, cells: IntArray
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return the functions that are not zero at points.

    Parameters
    ----------
    system : System
        With the functions.
    points : array, shape (n, dimension)
        In the unit of the mesh.
    cells : array of int, shape (n,)
        The cell of every point.

    Returns
    -------
    dofs : array of int, shape (b, n)
        Numbers of the functions.
    values : array, shape (b, n)
        Their values.
    slopes : array, shape (b, dimension, n)
        Their gradients, per unit of the mesh.
    """
    functions, mesh = system.functions, system.functions.grid.mesh
    X = local(mesh, points, cells)[0][:, :, None]
    dofs = functions.basis.dofs.element_dofs[:, cells]
    element = element_of(type(mesh), functions.degree)
    fields = [element.gbasis(mesh.mapping(), X, b, tind=cells)[0] for b in range(len(dofs))]
    shape = len(cells), 1
    values = np.array([np.broadcast_to(np.asarray(field), shape)[:, 0] for field in fields])
    slopes = np.array(
        [np.broadcast_to(field.grad, (mesh.dim(), *shape))[:, :, 0] for field in fields]
    )
    return dofs, values, slopes
