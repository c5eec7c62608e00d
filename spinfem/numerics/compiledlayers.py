"""Layers of a single stack to two-ports, and runs of normal metals to one: compiled by numba.

What `condensed.condense` and `rods.join_runs` do with whole arrays, layer by layer. Functions have
the names of those in `fem.mesh`, `fem.twoport` and `solvers.rods` whose formulas they hold.
`slopes` finds derivatives of the same two-ports, which are carried along as they are joined.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from .._checks import FloatArray, IntArray

Port = tuple[float, float, float]
"""Conductance B, and shunts on the left and on the right."""


@numba.njit(error_model="numpy")
def join(one: Port, two: Port) -> Port:
    """Join two two-ports: `chain.eliminate` for the node between them."""
    B1, S1, shunt1 = one
    B2, shunt2, S2 = two
    shunt = shunt1 + shunt2
    total = B1 + B2 + shunt
    to_ground = shunt / total
    return B1 * (B2 / total), S1 + B1 * to_ground, S2 + B2 * to_ground


@numba.njit(error_model="numpy")
def join_slopes(one: Port, two: Port, slope1: Port, slope2: Port) -> Port:
    """Return the derivative of `join`, from those of both two-ports.

    By the fields of unit values at either end, as in `twoport.slopes`, ``(1, l, 0)`` and ``(0, r,
    1)``; with ``g = 1 - l - r`` for what goes to the ground.
    """
    B1, _, shunt1 = one
    B2, shunt2, _ = two
    shunt = shunt1 + shunt2
    total = B1 + B2 + shunt
    l, r, g = B1 / total, B2 / total, shunt / total
    d1, d2, d_shunt = slope1[0], slope2[0], slope1[2] + slope2[1]
    return (
        d1 * (r + g) * r + d2 * l * (l + g) - d_shunt * l * r,
        slope1[1] + d1 * (r + g) * g - d2 * l * g + d_shunt * l * (l + r),
        slope2[2] + d2 * (l + g) * g - d1 * r * g + d_shunt * r * (l + r),
    )


@numba.njit(error_model="numpy")
def distance(i: int, n: int, half: float) -> float:
    """Return how far node i of n + 1 is from the nearer face, in units of d/2: `mesh.widths`."""
    t = abs(2 * i - n) / n
    if t in (0.0, 1.0):
        return 1.0 - t
    decay = math.exp(-2 * half)
    u = t * (1 - decay) / 2
    return -math.log(u + math.sqrt(u * u + decay)) / half


@numba.njit(error_model="numpy")
def width(i: int, n: int, half: float) -> float:
    """Return the width of element i of n, in units of d: `mesh.widths`."""
    if n <= 2:
        return 1 / n
    start: float = distance(i, n, half)
    stop: float = distance(i + 1, n, half)
    middle = 2 * i + 1 == n
    return 1 - start if middle else abs(stop - start) / 2


@numba.njit(error_model="numpy")
def relax(
    eta: float, slope: bool, mass: FloatArray, eigenvalues: FloatArray, coupling: FloatArray
) -> tuple[float, float]:
    """Return what relaxation adds to the conductance of an element, and its shunt.

    As `element.condense_element`; or their derivatives with ln(eta), as in `twoport.slopes`.
    """
    to_constant = to_right = 0.0
    for k in range(eigenvalues.size):
        response = eta * (coupling[k, 0] / (eigenvalues[k] + eta))
        if slope:
            response *= 2 - eta / (eigenvalues[k] + eta)
        to_constant += response * (coupling[k, 0] + coupling[k, 1])
        to_right += response * coupling[k, 1]
    return eta * (to_right - mass[0, 1]), eta * (mass[0, 0] + mass[0, 1] - to_constant)


@numba.njit(error_model="numpy")
def condense_layer(
    z: float,
    n: int,
    grading: float,
    mass: FloatArray,
    eigenvalues: FloatArray,
    coupling: FloatArray,
) -> Port:
    """Condense a layer of d/l = z and n elements, in units of D/(2 d): `twoport.condense`."""
    half = max(z / (2 * grading), 1e-3)
    layer = (0.0, 0.0, 0.0)
    for i in range(n):
        h = width(i, n, half)
        b, s = relax((h * z) ** 2, False, mass, eigenvalues, coupling)
        element = ((1 + b) / h, s / h, s / h)
        layer = join(layer, element) if i else element
    return layer


@numba.njit(error_model="numpy")
def layer_slope(
    z: float,
    n: int,
    grading: float,
    mass: FloatArray,
    eigenvalues: FloatArray,
    coupling: FloatArray,
) -> Port:
    """Return the derivative of `condense_layer` with ln(z^2), the mesh being fixed."""
    half = max(z / (2 * grading), 1e-3)
    layer = slope = (0.0, 0.0, 0.0)
    for i in range(n):
        h = width(i, n, half)
        eta = (h * z) ** 2
        b, s = relax(eta, False, mass, eigenvalues, coupling)
        db, ds = relax(eta, True, mass, eigenvalues, coupling)
        element, change = ((1 + b) / h, s / h, s / h), (db / h, ds / h, ds / h)
        slope = join_slopes(layer, element, slope, change) if i else change
        layer = join(layer, element) if i else element
    return slope


@numba.njit(error_model="numpy")
def join_runs(face: IntArray, ports: FloatArray) -> FloatArray:
    """Join runs of normal metals to one two-port each: `rods.join_runs`."""
    links = np.empty((3, face.size - 1))
    for i in range(face.size - 1):
        first = face[i]
        link = (ports[0, first], ports[1, first], ports[1, first])
        for k in range(first + 1, face[i + 1]):
            link = join(link, (ports[0, k], ports[1, k], ports[1, k]))
        links[0, i], links[1, i], links[2, i] = link
    return links


@numba.njit(
    "(f8[::1], f8[::1], f8[::1], intp[::1], intp[::1], f8, f8[:, :], f8[:], f8[:, :])",
    cache=True,
    error_model="numpy",
)
def condense(
    D: FloatArray,
    l: FloatArray,
    thickness: FloatArray,
    face: IntArray,
    counts: IntArray,
    grading: float,
    mass: FloatArray,
    eigenvalues: FloatArray,
    coupling: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Condense every layer, and join runs of normal metals: `condensed.condense`.

    Parameters
    ----------
    D, l, thickness : array, shape (n + 2,)
        Numbers of all elements, as in `elements.Elements`.
    face : array, shape (r + 1,)
        Where the rods stand, as in `rods.Layout`.
    counts : array, shape (n,)
        Number of finite elements of every layer.
    grading : float
        `mesh.GRADING`.
    mass, eigenvalues, coupling : array
        As in `twoport.ReferenceElement`.

    Returns
    -------
    ports, links : array, shapes (2, n + 2) and (3, r)
        B and S of every element; B and the shunts on the left and on the right of every link. S/m2.
    """
    ports = np.zeros((2, D.size))
    ports[0, 0], ports[0, -1] = D[0] / (2 * l[0]), D[-1] / (2 * l[-1])
    for k in range(1, D.size - 1):
        z, unit = thickness[k] / l[k], D[k] / (2 * thickness[k])
        layer = condense_layer(z, counts[k - 1], grading, mass, eigenvalues, coupling)
        ports[0, k], ports[1, k] = unit * layer[0], unit * layer[1]
    return ports, join_runs(face, ports)


@numba.njit(
    "(f8[::1], f8[::1], f8[::1], intp[::1], intp[::1], f8, f8[:, :], f8[:], f8[:, :], f8[:, ::1])",
    cache=True,
    error_model="numpy",
)
def slopes(
    D: FloatArray,
    l: FloatArray,
    thickness: FloatArray,
    face: IntArray,
    counts: IntArray,
    grading: float,
    mass: FloatArray,
    eigenvalues: FloatArray,
    coupling: FloatArray,
    ports: FloatArray,
) -> FloatArray:
    """Return how the link that an element is in changes with the element's numbers.

    Parameters
    ----------
    D, l, thickness, face, counts, grading, mass, eigenvalues, coupling
        As in `condense`.
    ports : array, shape (2, n + 2)
        B and S of every element, as from `condense`.

    Returns
    -------
    array, shape (3, 3, n + 2)
        Derivatives with respect to thickness, D and l of B and the shunts on the left and on the
        right.
    """
    found, none = np.empty((3, 3, D.size)), (0.0, 0.0, 0.0)
    ahead = np.empty((3, D.size))  # of every element: all that is on its right in the link
    for i in range(face.size - 1):
        first, last = face[i], face[i + 1] - 1
        for k in range(last, first, -1):
            link = own = (ports[0, k], ports[1, k], ports[1, k])
            if k < last:
                link = join(own, (ahead[0, k], ahead[1, k], ahead[2, k]))
            ahead[0, k - 1], ahead[1, k - 1], ahead[2, k - 1] = link
        behind = none
        for k in range(first, last + 1):
            d, z = thickness[k], thickness[k] / l[k]
            link = whole = own = (ports[0, k], ports[1, k], ports[1, k])
            change = (own[0] / 2, 0.0, 0.0)  # D/(2 l), of a lead
            if 0 < k < D.size - 1:
                layer = layer_slope(z, counts[k - 1], grading, mass, eigenvalues, coupling)
                unit = D[k] / (2 * d)
                change = (unit * layer[0], unit * layer[1], unit * layer[2])
            if k > first:
                link = join(behind, own)
                whole = join_slopes(behind, own, none, whole)
                change = join_slopes(behind, own, none, change)
            behind = link
            if k < last:
                rest = (ahead[0, k], ahead[1, k], ahead[2, k])
                whole = join_slopes(link, rest, whole, none)
                change = join_slopes(link, rest, change, none)
            for x in range(3):
                found[0, x, k] = (2 * change[x] - whole[x]) / d
                found[1, x, k] = whole[x] / D[k] if D[k] > 0 else 0.0
                found[2, x, k] = -2 * change[x] / l[k]
    return found
