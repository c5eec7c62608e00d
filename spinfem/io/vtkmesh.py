"""Fields of a solution on meshes: the stack as a line, or extruded to a round wire."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._checks import FloatArray, IntArray, positive
from ..constants import TORQUE_PER_SPIN_CURRENT
from ..files.vtkwriter import VtkMesh
from ..results.profiles import FIELDS, joined, profiles_of
from ..sample.materials import Ferromagnet
from ..sample.pieces import Layer

if TYPE_CHECKING:
    from ..results.solved import SolvedStack
    from ..results.views import LayerSolution

Units = Literal["SI", "plain"]

SECTORS = 24
RINGS = 3
"""Of the section of a wire: wedges in the middle, and hexahedra around them."""
SI_UNITS = {
    "x": ("nm", 1e-9),
    **{name: (unit, 1.0) for name, (_, unit) in FIELDS.items()},
    "torque_density": ("J/m3", 1.0),
}
"""Units of what a file holds, and what they are in those of the SI."""
PLAIN_UNITS = {"torque_density": ("hbar/2|e|", TORQUE_PER_SPIN_CURRENT)}


class Fields(NamedTuple):
    """What files hold, for all points of a batch, flattened to N in C order."""

    sizes: tuple[int, ...]  # numbers of points in the layers, q in all
    names: tuple[str, ...]  # of the layers
    length: float  # what lengths are multiplied by
    units: dict[str, tuple[str, float]]
    x: FloatArray  # (N, q)
    points: dict[str, FloatArray]  # (N, q) or (N, q, 3)
    cells: dict[str, NDArray[np.generic]]  # (N, c) or (N, c, 3), between neighbouring points

    @property
    def starts(self) -> IntArray:
        """Number of the left one of every two neighbouring points of a layer, shape (c,)."""
        first = np.concatenate([[0], np.cumsum(self.sizes)])
        return np.concatenate([np.arange(a, b - 1) for a, b in pairwise(first)])


def fields_of(solution: SolvedStack, units: Units | None = None) -> Fields:
    """Collect what files hold.

    Parameters
    ----------
    solution : Solution
        A single one or a batch.
    units : "SI" or "plain", optional
        Of the stack; default: SI if all of it is thinner than 1 mm.

    Raises
    ------
    ValueError
        If units is neither.
    """
    if units not in (None, "SI", "plain"):
        raise ValueError(f"units must be 'SI' or 'plain', got {units!r}")
    stack, layers = solution.stack, solution.layers
    si = units == "SI" or (units is None and bool(np.all(stack.x[..., -1] < 1e-3)))
    per_current = TORQUE_PER_SPIN_CURRENT if si else 1.0
    length = 1e9 if si else 1.0
    profiles = profiles_of(solution)
    sizes, shape = profiles.sizes, solution.shape

    def flat(values: FloatArray) -> FloatArray:
        return values.reshape(-1, *values.shape[len(shape) :])

    x = np.broadcast_to(profiles.x, (*shape, profiles.x.shape[-1]))
    number = np.repeat(np.arange(len(layers)), np.subtract(sizes, 1))
    magnetic = np.array([layer.is_ferromagnet for layer in stack.layers])
    directions, torques = [], []
    for layer, piece, size in zip(layers, stack.layers, sizes, strict=True):
        m = np.zeros(3) if piece.m is None else piece.m
        directions.append(np.repeat(m[..., None, :], size - 1, axis=-2))
        torques.append(
            np.broadcast_to(_torque_density(solution, layer, piece, per_current), _cells(layer))
        )
    m = flat(joined(directions, shape, 3))
    return Fields(
        sizes,
        profiles.names,
        length,
        SI_UNITS if si else PLAIN_UNITS,
        length * flat(x),
        {name: flat(values) for name, values in profiles.fields.items()},
        {
            "layer": np.broadcast_to(number, m.shape[:2]),
            "kind": np.broadcast_to(magnetic[number].astype(number.dtype), m.shape[:2]),
            "m": m,
            "torque_density": flat(joined(torques, shape, 3)),
        },
    )


def line_mesh(fields: Fields, point: int = 0) -> VtkMesh:
    """Return the layers of one point of a batch as unconnected chains of line cells, with data."""
    x, starts = fields.x[point], fields.starts
    return VtkMesh(
        np.column_stack([x, np.zeros((len(x), 2))]),
        {"line": np.column_stack([starts, starts + 1])},
        {name: values[point] for name, values in fields.points.items()},
        {name: [values[point]] for name, values in fields.cells.items()},
    )


def wire_mesh(fields: Fields, diameter: float, point: int = 0) -> VtkMesh:
    """Return the layers of one point of a batch as unconnected pieces of a round wire, with data.

    Parameters
    ----------
    fields : Fields
        What it shall hold.
    diameter : float
        Of the circle through the corners of its section, in the unit of the stack's lengths.
    point : int
        Number of the point.

    Raises
    ------
    TypeError, ValueError
        If the diameter is not one positive number.
    """
    diameter = check_diameter(diameter) * fields.length
    angle = 2 * np.pi * np.arange(SECTORS) / SECTORS
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    radius = diameter / 2 * np.arange(1, RINGS + 1) / RINGS
    section = np.concatenate([[[0.0, 0.0]], (radius[:, None, None] * circle).reshape(-1, 2)])
    x, size = fields.x[point], len(section)

    inner = 1 + np.arange(SECTORS)
    after = np.roll(inner, -1)
    # VTK's wedge begins with the triangle that is seen from outside, its hexahedron with that from
    # inside
    triangles = np.column_stack([np.zeros_like(inner), after, inner])
    rings = SECTORS * np.arange(RINGS - 1)[:, None]
    quads = np.stack(
        [rings + inner, rings + SECTORS + inner, rings + SECTORS + after, rings + after], axis=-1
    ).reshape(-1, 4)

    def along(faces: IntArray) -> IntArray:
        left = (size * fields.starts[:, None, None] + faces).reshape(-1, faces.shape[1])
        return np.column_stack([left, left + size])

    return VtkMesh(
        np.column_stack([np.repeat(x, size), np.tile(section, (len(x), 1))]),
        {"wedge": along(triangles), "hexahedron": along(quads)},
        {name: np.repeat(values[point], size, axis=0) for name, values in fields.points.items()},
        {
            name: [np.repeat(values[point], len(faces), axis=0) for faces in (triangles, quads)]
            for name, values in fields.cells.items()
        },
    )


def check_diameter(diameter: float) -> float:
    """Return a diameter as it is if it is one positive number, else raise."""
    checked = positive("diameter", diameter)
    if not isinstance(checked, float):
        raise TypeError(f"diameter must be one number, got shape {checked.shape}")
    return checked


def _cells(layer: LayerSolution) -> tuple[int, ...]:
    return (*layer.solution.shape, layer.x.shape[-1] - 1, 3)


def _torque_density(
    solution: SolvedStack, layer: LayerSolution, piece: Layer, per_current: float
) -> FloatArray:
    """Torque per volume, J/m3 if hbar/2|e| is given, broadcasting to (..., c, 3).

    A strong ferromagnet absorbs spin current at its faces: given is the sum over its thickness.
    With exchange lengths it absorbs ``(D_tot/2)(mu_s x m/lambda_J^2 + mu_s/lambda_phi^2)``, of mu_s
    across m, per volume; and what mixing conductances at its faces take up for it is spread too.
    """
    metal = piece.material
    if not isinstance(metal, Ferromagnet):
        return np.zeros(3)
    if metal.is_strong:
        return _spread(per_current * solution.absorbed_spin_current(layer.name), piece)
    m = np.broadcast_to(np.asarray(piece.m), (*solution.shape, 3))[..., None, :]
    mu = (layer.spin_potential[..., 1:, :] + layer.spin_potential[..., :-1, :]) / 2
    across = mu - (mu * m).sum(axis=-1, keepdims=True) * m
    D = np.asarray(metal.total_conductivity)[..., None, None]
    precessing, dephasing = (
        0.0 if value is None else 1 / np.asarray(value)[..., None, None] ** 2
        for value in (metal.lambda_J, metal.lambda_phi)
    )
    absorbed = D / 2 * (precessing * np.cross(across, m) + dephasing * across)
    k, mixing = layer.index + 1, solution.transport.elements.mixing
    for face in (k - 1, k):
        if mixing.get(face) == k:
            absorbed = absorbed + _spread(solution.interfaces[face].absorbed, piece)
    return np.asarray(per_current * absorbed)


def _spread(absorbed: FloatArray, piece: Layer) -> FloatArray:
    """Return what a layer absorbs at its faces as a density, (..., 1, 3)."""
    return np.asarray((absorbed / np.asarray(piece.thickness)[..., None])[..., None, :])
