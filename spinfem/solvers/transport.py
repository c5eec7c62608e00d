r"""A solved stack per unit particle current: what `Solution` scales by j0 and hands out.

Points of a batch stand flattened on one axis of N. Charge follows from spin: from eqs. (2), (3),
``mu_0' = -j0/D_tot - p m.mu_s'/2``, so that every layer drops ``j0 d/D_tot`` and, in a ferromagnet,
``(p/2) [m.mu_s(right) - m.mu_s(left)]``. Here p is beta_D where a ferromagnet has one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.polynomial import legendre

from .._checks import BoolArray, FloatArray, IntArray, Number
from ..fem.fields import LayerField
from ..fem.graded import GradedField, profiles
from ..physics import bulk, interfaces
from ..physics.directions import across, cross
from .elements import Elements
from .faces import Faces
from .ports import about_axis, exchange_rate

_GAUSS = legendre.leggauss(12)
NODES = (1 + _GAUSS[0]) / 2, _GAUSS[1] / 2
"""Points from 0 to 1, and weights, for integrals over layers thinner than l: roundings are all that
is left.
"""

Side = Literal["left", "right"]


class Values(NamedTuple):
    """mu_s, j_s and mu_0 at some points, per unit particle current."""

    spin_potential: FloatArray  # (q, N, 3) Ohm m2
    spin_current: FloatArray  # (q, N, 3) dimensionless
    potential: FloatArray  # (q, N) Ohm m2


class Field(NamedTuple):
    """A field in balance at the faces: mu_s/j0, or one that is dual to a number (`duals`)."""

    faces: Faces
    inner: dict[int, FloatArray]  # of graded elements: (k + 1, N, 3) at the nodes of their mesh
    across: dict[int, FloatArray]  # of elements with exchange lengths, (3, N, 3): mu_s at their
    # left and right faces and j_s at the left one, their parts across m
    rings: tuple[FloatArray, FloatArray]  # potentials of `faces` apart from jumps, with own digits


class Jump(NamedTuple):
    """By what elements see a dual field shifted at their faces, arrays of shape (N or 1, 3)."""

    left: dict[int, FloatArray]  # of faces: what the element on their left sees
    right: dict[int, FloatArray]  # and the element on their right


class Transport(ABC):
    """Faces of a solved stack per unit current, and its fields on demand.

    Magnets are numbered from left to right, magnetic leads included.

    Attributes
    ----------
    elements : Elements
        The stack's numbers.
    magnets : array, shape (f,)
        Elements that are ferromagnets.
    opening : float
        Angle by which a collinear spacer is opened for the limit of g. What is across m is as a
        rule a difference of currents, of which half of the digits are left then.
    j0 : float or array, shape (N,)
        Particle current: 1, or 0 of what the ends of a stack drive, or that at N times.
    pumps : bool
        Whether magnetizations move, so that mu_s of strong ferromagnets is not along m.
    """

    elements: Elements
    magnets: IntArray
    opening = 1e-6
    j0: Number = 1.0
    pumps = False

    @property
    def of_ends(self) -> Transport | None:
        """What mu_s and spin currents given at the ends drive, in V and A/m2; None if none are."""
        return None

    @property
    def followed(self) -> Number:
        """The current that spins have followed: j0, but where that jumps as it was just before."""
        return self.j0

    def zeros(self, *shape: int) -> FloatArray:
        """Return room for amplitudes: floats, or complex numbers at a frequency."""
        return np.zeros(shape, dtype=self.elements.dtype)

    @cached_property
    def _fields(self) -> dict[int, LayerField]:
        return {}

    @property
    @abstractmethod
    def faces(self) -> Faces:
        """What was found at the faces."""

    @property
    def volume(self) -> FloatArray | None:
        """What every element absorbs inside, (n + 2, N, 3); None for nothing."""
        return None

    def efficiencies(self, magnet: int) -> tuple[FloatArray, FloatArray]:
        """Return g of a magnet and the next one, (N or 1,) each; nan where they are collinear.

        From the spin currents across m at the faces of the normal metals between them, eq. (1).
        """
        left, right = self.magnets[magnet : magnet + 2].tolist()
        m1, m2, faces = self.elements.m[left], self.elements.m[right], self.faces
        found = []
        for current, q, m in (
            (faces.current_right[left], m2, m1),
            (faces.current_left[right - 1], m1, m2),
        ):
            way = across(q, m)
            size = np.einsum("...i,...i->...", way, way)
            part = np.einsum("...i,...i->...", current, way)
            open_ = size > 0
            found.append(np.where(open_, part / np.where(open_, size, 1.0), np.nan))
        return found[0], found[1]

    @abstractmethod
    def make_field(self, layer: int) -> LayerField:
        """Return the field of layer number i."""

    def field(self, layer: int) -> LayerField:
        """Return the field of a layer; made once."""
        if layer not in self._fields:
            self._fields[layer] = self.make_field(layer)
        return self._fields[layer]

    @cached_property
    def amplitudes(self) -> tuple[FloatArray, FloatArray]:
        """m.mu_s at the left and the right of every magnet, (f, N or 1); 0 far away in leads."""
        faces, m = self.faces, self.elements.m[self.magnets]
        far = np.zeros((1, *faces.potential_left.shape[1:]))
        left = np.concatenate([far, faces.potential_right])[self.magnets]
        right = np.concatenate([faces.potential_left, far])[self.magnets]
        return (left * m).sum(axis=-1), (right * m).sum(axis=-1)

    def absorbed(self, magnet: int) -> FloatArray:
        """Return the spin current that a magnet absorbs at both faces, shape (N or 1, 3)."""
        k = int(self.magnets[magnet])
        at_left = self.faces.absorbed_right[k - 1 : k].sum(axis=0)  # a lead has one face only
        at_right = self.faces.absorbed_left[k : k + 1].sum(axis=0)
        total: FloatArray = at_left + at_right
        return total if self.volume is None else total + self.volume[k]

    def all_absorbed(self) -> FloatArray:
        """Return what every magnet absorbs at both faces, shape (f, N or 1, 3)."""
        faces, k = self.faces, self.magnets
        none = np.zeros((1, *faces.absorbed_left.shape[1:]))  # a lead has one face only
        at_left, at_right = (
            np.concatenate([none, faces.absorbed_right])[k],
            np.concatenate([faces.absorbed_left, none])[k],
        )
        total: FloatArray = at_left + at_right
        return total if self.volume is None else total + self.volume[k]

    @cached_property
    def spin_voltage(self) -> FloatArray:
        """``(1/2) int beta_D m.mu_s' dx`` of every magnet, (f, N or 1), Ohm m2."""
        left, right = self.amplitudes
        return self._spin_drops(right - left)

    def _spin_drops(self, rises: FloatArray) -> FloatArray:
        """Return `spin_voltage`, given by what m.mu_s rises across every magnet."""
        voltage = bulk.spin_drop(self.elements.beta_D[self.magnets], rises)
        return self._with_graded(voltage, self.magnets, 1)

    @property
    def spin_part(self) -> FloatArray:
        """What spin adds to the resistance, of magnets and interfaces, (N or 1,), Ohm m2."""
        total: FloatArray = self.spin_voltage.sum(axis=0)
        return total + self.joint_spin_voltage.sum(axis=0) if self.elements.resistive else total

    @cached_property
    def ohmic(self) -> FloatArray:
        """Integral of ``dx/D_tot`` over every layer, (n, N or 1), Ohm m2."""
        e = self.elements
        D, p, beta_D = (values[1:-1] for values in (e.D, e.p, e.beta_D))
        uniform = self.j0 * bulk.ohmic(e.thickness, D, p, beta_D)
        return self._with_graded(uniform, 1 + np.arange(len(uniform)), 0)

    def _with_graded(self, values: FloatArray, of: IntArray, total: int) -> FloatArray:
        """Replace what belongs to graded layers by integrals over them."""
        e = self.elements
        if not e.graded:
            return values
        values = np.array(np.broadcast_to(values, (len(values), e.points)), dtype=e.dtype)
        for row, k in enumerate(of.tolist()):
            if k in e.graded:
                values[row] = self._graded(k - 1).totals[total]
        return values

    def _graded(self, layer: int) -> GradedField:
        field = self.field(layer)
        assert isinstance(field, GradedField)
        return field

    @cached_property
    def joint_ohmic(self) -> FloatArray:
        """``AR* (1 - gamma^2)`` at every face, (n + 1, N or 1), Ohm m2."""
        e = self.elements
        found = np.zeros((len(e.joints), e.points if e.resistive else 1))
        for face, joint in e.resistive.items():
            ohmic = interfaces.ohmic(e.flat(joint.resistance), e.flat(joint.gamma))
            found[face] = self.j0 * ohmic
        return found

    @cached_property
    def joint_spin_voltage(self) -> FloatArray:
        """``(gamma/2) m.[mu_s]`` at every face, (n + 1, N or 1), Ohm m2."""
        e = self.elements
        found = self.zeros(len(e.joints), e.points)
        for face, joint in e.resistive.items():
            magnets = [k for k in (face, face + 1) if e.magnetic[k]]
            if magnets:
                jump = self.faces.potential_right[face] - self.faces.potential_left[face]
                along = np.einsum("...i,...i->...", jump, e.m[magnets[0]])
                found[face] = interfaces.spin_drop(e.flat(joint.gamma), along)
        return found

    @cached_property
    def face_potentials(self) -> tuple[FloatArray, FloatArray]:
        """mu_0 on the left and on the right of every face, (n + 1, N), Ohm m2; 0 behind all."""
        e = self.elements
        drop = self.zeros(e.magnetic.size, e.points)
        drop[self.magnets] = self.spin_voltage
        jump = np.broadcast_to(
            self.joint_ohmic + self.joint_spin_voltage, (len(drop) - 1, e.points)
        )
        drops = self.zeros(2 * len(jump) - 1, e.points)  # faces, with layers between them
        drops[::2], drops[1::2] = jump, self.ohmic + drop[1:-1]
        left = np.cumsum(drops[::-1], axis=0)[::-1][::2]
        return left, left - jump

    def evaluate(self, layer: int, xi: FloatArray) -> Values:
        """Return the fields of a layer at positions xi, shape (q, N or 1), from 0 to 1."""
        e, k = self.elements, layer + 1
        field = self.field(layer)
        mu, j = field.evaluate(xi)
        if isinstance(field, GradedField):
            return Values(mu, j, self.face_potentials[1][layer] - field.dropped(xi))
        ends = (self.faces.potential_left[k] * e.m[k]).sum(axis=-1), (mu * e.m[k]).sum(axis=-1)
        ahead = ends[0] - ends[1]
        if e.magnetic[k]:
            unit = 2 * e.thickness[layer] / e.D[k] * (1 - xi)
            thin = self._is_thin(layer) | (unit < np.abs(ends[0]) + np.abs(ends[1]))
            if thin.any():
                ahead = np.where(thin, unit * self._missing_ahead(layer, xi), ahead)
        phi = self.face_potentials[0][k] + self.ohmic[layer] * (1 - xi)
        phi = phi + bulk.spin_drop(e.beta_D[k], ahead)
        return Values(mu, j, phi)

    def _is_thin(self, layer: int) -> BoolArray:
        """Whether m.mu_s rises too little in a layer to be a difference, whatever it is, (N or 1,).

        Elsewhere that is found from values.
        """
        return np.zeros(1, dtype=bool)

    def _missing_ahead(self, layer: int, xi: FloatArray) -> FloatArray:
        """Return the mean of ``p j0 - m.j_s`` from xi to the right face of a thin layer, (q, N).

        ``2/D`` times its integral is by what m.mu_s rises there, of which the difference of two
        values has lost its digits.
        """
        e, k = self.elements, layer + 1
        total = self.zeros(len(xi), e.points)
        for at, weight in zip(*NODES, strict=True):
            _, j = self.field(layer).evaluate(xi + (1 - xi) * at)
            total += weight * (self.followed * e.p[k] - (j * e.m[k]).sum(axis=-1))
        return total

    def dissipation(self, layer: int, xi: FloatArray, other: Transport | None = None) -> FloatArray:
        """Return the heat per volume and time at positions xi, (q, N).

        It is a quadratic form of what drives a stack: of this transport, or the product with
        another of the same stack.
        """
        other = other or self
        e, k = self.elements, layer + 1
        (mu, j, _), (mu2, j2, _) = self.evaluate(layer, xi), other.evaluate(layer, xi)
        D, l, p, beta_D = (values[k] for values in (e.D, e.l, e.p, e.beta_D))
        if k in e.graded:
            D, l, p, beta_D = (f(xi) for f in profiles(e.graded[k]))
        kappa, total, m = bulk.relaxation(D, l), bulk.total_conductivity(D, p, beta_D), e.m[k]
        flow, flow2 = (
            current - np.multiply(t.followed, p)[..., None] * m
            for t, current in ((self, j), (other, j2))
        )
        heat: FloatArray = self.j0 * other.j0 / total + kappa / 2 * (mu * mu2).sum(axis=-1)
        if k in e.diffusion:  # of -(j0 mu_0' + j_s.mu_s'/2)
            both = (self.j0 * flow2 + other.j0 * flow) / 2
            heat += (p - beta_D) / D * (both * m).sum(axis=-1)
        if k not in e.lengths:
            heat += (flow * flow2).sum(axis=-1) / D
            return heat
        along = (flow * m).sum(axis=-1) * (flow2 * m).sum(axis=-1)
        mu_along = (mu * m).sum(axis=-1) * (mu2 * m).sum(axis=-1)
        across, mu_across = (flow * flow2).sum(axis=-1), (mu * mu2).sum(axis=-1)
        rate = 1 / e.flat(e.lengths[k][1]) ** 2
        heat += along / D + (across - along) / total
        heat += total / 4 * rate * (mu_across - mu_along)
        return heat

    def in_lead(self, end: Literal[0, -1], depth: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mu_s and j_s in the lead at the left (0) or the right end (-1), (q, N, 3) each.

        From eqs. (2), (4): ``mu_s = mu_s(0) exp(-s/l)`` at the depth s, and what is across m with
        l_perp for l if there are exchange lengths; ``j_s - p j0 m`` likewise.

        Parameters
        ----------
        end : 0 or -1
            Which of the ends.
        depth : array, shape (q,)
            Distances from the stack, m.
        """
        e, faces, k = self.elements, self.faces, end % self.elements.magnetic.size
        sides = faces.potential_right, faces.current_right
        if end == 0:
            sides = faces.potential_left, faces.current_left
        driving = np.multiply(self.followed, e.p[k])[..., None] * e.m[k]
        mu, flow = sides[0][end], sides[1][end] - driving
        decay = _decay(e, k, depth[:, None])
        return decay(mu), driving + decay(flow)

    def at(self, x: FloatArray, faces: FloatArray, side: Side | None) -> Values:
        """Return the fields anywhere in the stack.

        Parameters
        ----------
        x : array, shape (q, N or 1)
            Positions.
        faces : array, shape (n + 1, N or 1)
            Positions of the faces.
        side : "left", "right" or None
            The limit to take at a face; None: right, but inside the stack at its right end.

        Raises
        ------
        ValueError
            If a position lies outside the stack.
        """
        # a point within rounding of a face counts as on it: sums of thicknesses are not exact
        slack = 4 * np.spacing(np.maximum(np.abs(x), faces[-1]))
        outside = (x < -slack) | (x > faces[-1] + slack)
        if outside.any():
            given = np.broadcast_to(x, outside.shape)[outside][0]
            end = np.broadcast_to(faces[-1], outside.shape)[outside][0]
            raise ValueError(
                f"x (position) must lie in the stack, from 0 to {end:g}, got {given:g}"
            )
        shape = (x.shape[0], self.elements.points)
        reach = x - slack if side == "left" else x + slack
        layer = np.zeros(shape, dtype=np.intp)
        if faces.shape[1] == 1:
            layer += np.searchsorted(faces[1:-1, 0], reach, side="right")
        else:
            for inner in faces[1:-1]:
                layer += inner <= reach

        found = Values(*(self.zeros(*shape, *rest) for rest in ((3,), (3,), ())))
        for i in np.unique(layer).tolist():
            here = layer == i
            xi = np.clip((x - faces[i]) / (faces[i + 1] - faces[i]), 0, 1)
            values = self.evaluate(i, np.where(here, xi, 0.0))
            for target, value in zip(found, values, strict=True):
                target[here] = value[here]
        # outside of the ends
        if side is not None:
            beyond, charge = self.faces, self.face_potentials
            at: tuple[int, tuple[FloatArray, ...]] = (
                (0, (beyond.potential_left[0], beyond.current_left[0], charge[0][0]))
                if side == "left"
                else (-1, (beyond.potential_right[-1], beyond.current_right[-1], charge[1][-1]))
            )
            end, limits = at
            at_end = np.broadcast_to(np.abs(x - faces[end]) <= slack, shape)
            for target, value in zip(found, limits, strict=True):
                target[at_end] = np.broadcast_to(value, target.shape)[at_end]
        return found


def _decay(e: Elements, k: int, depth: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Return a function from a vector (N or 1, 3) to what is left of it at depths (q, 1)."""
    slow, m = np.exp(-depth / e.l[k])[..., None], e.m[k]
    if k not in e.lengths:
        return lambda vector: np.asarray(slow * vector)

    def wave(sense: int) -> FloatArray:
        return np.asarray(np.exp(-depth * np.sqrt(exchange_rate(e, k, sense)))[..., None])

    beside, turning = about_axis(e, wave)

    def decayed(vector: FloatArray) -> FloatArray:
        along = (vector * m).sum(axis=-1, keepdims=True) * m
        return np.asarray(slow * along + beside * (vector - along) + turning * cross(m, vector))

    return decayed


class Given(Transport):
    """Transport from a path that finds all faces and can make all fields.

    Parameters
    ----------
    elements : Elements
        The stack's numbers.
    faces : Faces
        What was found.
    field : callable
        Makes the field of layer number i.
    volume : array, shape (n + 2, N, 3), optional
        What every element absorbs inside.
    j0 : float
        Particle current, 1 or 0.
    of_ends : Transport, optional
        What the ends drive.
    """

    def __init__(
        self,
        elements: Elements,
        faces: Faces,
        field: Callable[[int], LayerField],
        volume: FloatArray | None = None,
        j0: float = 1.0,
        of_ends: Transport | None = None,
    ) -> None:
        self.elements, self.magnets = elements, elements.magnets
        self._volume, self.j0, self._of_ends = volume, j0, of_ends
        self._faces = faces
        self._make_field = field

    @property
    def faces(self) -> Faces:
        """What was found at the faces."""
        return self._faces

    @property
    def of_ends(self) -> Transport | None:
        """What mu_s and spin currents given at the ends drive, in V and A/m2; None if none are."""
        return self._of_ends

    @property
    def volume(self) -> FloatArray | None:
        """What every element absorbs inside, (n + 2, N, 3); None for nothing."""
        return self._volume

    def make_field(self, layer: int) -> LayerField:
        """Return the field of layer number i."""
        return self._make_field(layer)
