"""Layers of a single stack to two-ports, and runs of normal metals to one: compiled by numba.

What `condensed.condense` and `rods.join_runs` do with whole arrays, layer by layer. Functions have
the names of those in `spinfem.mesh`, `spinfem.twoport` and `spinfem.rods` whose formulas they hold.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from ._checks import FloatArray, IntArray

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
def condense_element(
    eta: float, mass: FloatArray, eigenvalues: FloatArray, coupling: FloatArray
) -> tuple[float, float]:
    """Return conductance and shunt of one element: `twoport.condense_element`."""
    to_constant = to_right = 0.0
    for k in range(eigenvalues.size):
        response = eta * (coupling[k, 0] / (eigenvalues[k] + eta))
        to_constant += response * (coupling[k, 0] + coupling[k, 1])
        to_right += response * coupling[k, 1]
    shunt = eta * (mass[0, 0] + mass[0, 1] - to_constant)
    return 1 - eta * (mass[0, 1] - to_right), shunt


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
        b, s = condense_element((h * z) ** 2, mass, eigenvalues, coupling)
        element = (b / h, s / h, s / h)
        layer = join(layer, element) if i else element
    return layer


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
