r"""The mechanical analogy: rods, rings and elastic cords in spin space.

Section III of the paper, for any stack of strong ferromagnets. At each of its faces a ferromagnet
is a rod, the line along m through the origin, on which a weightless ring slides without friction;
the place of the ring is mu_s at the face. Layers are elastic cords between the rings: the curves
that mu_s traces. The forces on a ring are

- the driving force ``p j0 m`` at a face with the ferromagnet on its left, ``-p j0 m`` with the
  ferromagnet on its right, eqs. (7), (8);
- the pull of the ferromagnet's own cord, ``-(D/2) mu_s'`` if it hangs on the left;
- the pull of the cord on the other side: -j_s of a normal metal on the right, +j_s on the left;
- the reaction of the rod. It is minus the spin current that the magnetization absorbs, eq.
  (10): the ring pushes the rod with the torque.

They sum to zero. Forces are spin currents, A/m2; places in spin space are spin potentials, V.
Every element of a cord is attracted to the origin by ``-kappa mu_s dx``, which is eq. (4), and
hangs slack for it. A reservoir pins its cord to the origin, a lead is a cord of stiffness ``G =
D/(2 l)`` that ends there at infinity, at a spin-blocking end the cord is free.

At an instant of a transient cords move, and friction holds every element of them back, ``-rho
dmu_s/dt dx``: so the paper's equation before (4) has it. Rings have no friction, so that the forces
on them balance as ever: places and forces are those of that time (where the current jumps, just
before it). But pulls depend on all that was before: cords have no stiffness, and there is no energy
that is least.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import ArrayLike

from .._checks import FloatArray, unit_vector
from ..fem.fields import ElementField, piecewise
from ..fem.mesh import DEGREE, layer_nodes
from ..physics.directions import angle
from ..results.leads import whole_lead
from ..results.solved import SolvedStack, body_name
from ..sample.pieces import Layer, Lead, Reservoir
from ..solvers.condensed import Condensed
from ..solvers.elements import Elements, check_plain, elements_of
from ..solvers.faces import Faces
from ..solvers.meshed import Meshed, elements_for
from .folding import Folded, fold
from .spacer import Spacer, check_reciprocal

Field = Callable[[int, FloatArray], ArrayLike]
"""mu_s of a layer, by its number from 0, at positions xi (q,) from 0 to 1 across it: (q, 3), V."""


class Force(NamedTuple):
    """A force on a ring."""

    name: Literal["driving", "F cord", "N cord", "contact", "reservoir"]
    vector: FloatArray  # (3,) A/m2


@dataclass(frozen=True)
class Ring:
    """A ring on the rod at one face of a ferromagnet.

    Attributes
    ----------
    name : str
        The ferromagnet; an unnamed lead is "left lead" or "right lead".
    side : "left" or "right"
        Which of its faces.
    face : int
        Number of the face among those of the stack, 0 to n.
    rod : array, shape (3,)
        Direction of the rod, m.
    position : float
        mu_s along the rod, V.
    forces : tuple of Force
        "driving", "F cord", and what is on the other side: "N cord"; "contact", the pull of another
        ferromagnet, as of a cord that has vanished; "reservoir", what holds the ring there.
    reaction : array, shape (3,)
        Force of the rod on the ring, A/m2, across the rod: minus the absorbed spin current.
    pinned : None, "reservoir" or "crossing"
        What holds the ring at the origin: a reservoir, or another rod that it shares a ring with.
    """

    name: str
    side: Literal["left", "right"]
    face: int
    rod: FloatArray
    position: float
    forces: tuple[Force, ...]
    reaction: FloatArray
    pinned: Literal["reservoir", "crossing"] | None

    @property
    def point(self) -> FloatArray:
        """Where the ring is in spin space, V, shape (3,)."""
        return self.position * self.rod


class Springs(NamedTuple):
    """How the cord of a layer, or of a lead, pulls in a stationary state."""

    stiffness: float
    coupling: float


@dataclass(frozen=True)
class Cord:
    """The elastic cord of a layer, or of a lead.

    Attributes
    ----------
    name : str
        The layer; a lead without a name is "left lead" or "right lead".
    kind : "F" or "N"
        Of which metal.
    layer : int or None
        Number of the layer from 0; None for a lead.
    springs : Springs or None
        `stiffness` and `coupling`; None in a transient.
    curve : array, shape (n, 3)
        How it hangs: the hodograph of mu_s from left to right, V; that of a lead is straight.
    tension_left, tension_right : array, shape (3,)
        Forces with which it pulls at what holds its ends, A/m2. Together they are `attraction`.
    """

    name: str
    kind: Literal["F", "N"]
    layer: int | None
    springs: Springs | None
    curve: FloatArray
    tension_left: FloatArray
    tension_right: FloatArray

    @property
    def stiffness(self) -> float:
        """``G~ = G coth(d/l)``: pull on one end per its displacement, the other end held, S/m2.

        G of a lead. As `coupling` and `attraction`, of a stationary state: else it is a ValueError.
        """
        return self._stationary("stiffness").stiffness

    @property
    def coupling(self) -> float:
        """``G/sinh(d/l)``: pull on one end per displacement of the other, S/m2; 0 of a lead."""
        return self._stationary("coupling").coupling

    @property
    def attraction(self) -> FloatArray:
        """What draws the cord to the origin, ``-kappa`` times the integral of mu_s, A/m2, (3,)."""
        self._stationary("attraction")
        return self.tension_left + self.tension_right

    def _stationary(self, what: str) -> Springs:
        if self.springs is None:
            raise ValueError(
                f"{what} of a cord must be of a stationary solution, got a transient: in time "
                "friction pulls at it, too"
            )
        return self.springs

    @property
    def slack(self) -> float:
        """Length of the curve less the distance of its ends, V; 0 without relaxation."""
        steps = np.linalg.norm(np.diff(self.curve, axis=0), axis=1)
        return float(max(0.0, steps.sum() - np.linalg.norm(self.curve[-1] - self.curve[0])))


class Energy(NamedTuple):
    """Energies of the mechanical system, W/m2; their sum is the functional S.

    ``S = sum over layers of the integral of (1/D)(p j0 m - (D/2) mu_s')^2 + (kappa/2) mu_s^2``,
    least at the solution among all continuous mu_s that are along m in ferromagnets. (The paper's
    S has twice the second term; so written its minimum does not fulfil eq. (4).) A lead adds what
    its cord has, ``G mu_s^2/2`` in all, and its driving force.
    """

    elastic: float  # integral of (D/4) mu_s'^2
    attraction: float  # integral of (kappa/2) mu_s^2
    driving: float  # minus the integral of p j0 m . mu_s'
    constant: float  # integral of (p j0)^2/D over the layers

    @property
    def total(self) -> float:
        """The functional S."""
        return self.elastic + self.attraction + self.driving + self.constant


class Mechanism:
    """Rods, rings and cords of a solved stack; `spinfem.Analogy` draws them, too.

    Parameters
    ----------
    solution : SolvedStack
        Of a single stack; take a point of a batch, or a time of a transient, as ``solution[i]``.

    Raises
    ------
    TypeError, ValueError
        As in `spinfem.Analogy`.
    """

    def __init__(self, solution: SolvedStack) -> None:
        if not isinstance(solution, SolvedStack):
            raise TypeError(f"solution must be a Solution, got {solution!r}")
        solution.check_real("the mechanical analogy")
        solution.check_standing("the mechanical analogy")
        if solution.shape:
            raise ValueError(
                "solution must be that of a single stack, got a batch of shape "
                f"{solution.shape}; take a point of it: solution[i]"
            )
        check_plain("the mechanical analogy", solution.stack)
        self.solution = solution

    @cached_property
    def _elements(self) -> Elements:
        return elements_of(self.solution.stack)

    # --- rings and cords ------------------------------------------------------------------------

    @cached_property
    def rings(self) -> tuple[Ring, ...]:
        """One ring for every face of each ferromagnet, from left to right; a lead has one."""
        magnets = np.flatnonzero(self._elements.magnetic).tolist()
        return tuple(ring for k in magnets for ring in self._rings_of(k))

    def _rings_of(self, k: int) -> list[Ring]:
        last = len(self.solution.stack.layers)
        sides: tuple[Literal["left", "right"], ...] = ("left", "right")
        faces = zip(sides, (k - 1, k), strict=True)
        return [self._ring(k, side, face) for side, face in faces if 0 <= face <= last]

    @cached_property
    def _faces(self) -> Faces:
        """mu_s, V, and j_s, A/m2, on both sides of all faces, (n + 1, 3) each."""
        return Faces(*(self.solution.scaled([x], 1) for x in self.solution.transport.faces))

    def _driving(self, k: int) -> FloatArray:
        """``p j0 m`` of an element."""
        e, solution = self._elements, self.solution
        j0 = float(np.ravel(solution.transport.followed)[0] * solution.factor)
        return np.asarray(e.p[k, 0] * j0 * e.m[k, 0])

    def _ring(self, k: int, side: Literal["left", "right"], face: int) -> Ring:
        e, faces, m = self._elements, self._faces, self._elements.m[k, 0]
        at_left = side == "left"
        # forces are j_s on the left of the face and -j_s on its right
        own, other = faces.current_right[face], faces.current_left[face]
        absorbed = faces.absorbed_right[face]
        neighbour, sign = k - 1, -1.0
        if not at_left:
            own, other = faces.current_left[face], faces.current_right[face]
            absorbed = faces.absorbed_left[face]
            neighbour, sign = k + 1, 1.0
        driving = sign * self._driving(k)
        cord = sign * own - driving
        pinned: Literal["reservoir", "crossing"] | None = None
        name: Literal["N cord", "contact", "reservoir"] = "N cord"
        if e.magnetic[neighbour]:
            # what flows between the two: this one absorbs what it does not share
            name, other = "contact", own - sign * absorbed
            pinned = None if angle(m, e.m[neighbour, 0]).collinear else "crossing"
        elif isinstance(self.solution.stack.elements[neighbour], Reservoir):
            name, pinned = "reservoir", "reservoir"
        return Ring(
            self.solution.stack.element_names[k],
            side,
            face,
            m,
            float(faces.potential_left[face] @ m),
            (Force("driving", driving), Force("F cord", cord), Force(name, -sign * other)),
            -absorbed,
            pinned,
        )

    @cached_property
    def cords(self) -> tuple[Cord, ...]:
        """The cord of every layer from left to right, with those of leads at the ends."""
        pieces = self.solution.stack.elements
        return tuple(self._cord(k) for k, e in enumerate(pieces) if isinstance(e, Layer | Lead))

    def _cord(self, k: int) -> Cord:
        if k in (0, self._elements.magnetic.size - 1):
            return self._cord_of_lead(k)
        faces, driving, layer = self._faces, self._driving(k), k - 1
        return Cord(
            *self._called(k),
            layer,
            self._springs(k) if self.solution.is_stationary else None,
            self.solution.layers[layer].spin_potential,
            driving - faces.current_right[layer],
            faces.current_left[k] - driving,
        )

    def _cord_of_lead(self, k: int) -> Cord:
        e, faces, solution = self._elements, self._faces, self.solution
        springs, none = None, np.zeros(3)
        if solution.is_stationary:
            springs = Springs(float(e.D[k, 0] / (2 * e.l[k, 0])), 0.0)
            curve = faces.potential_left[[0 if k == 0 else -1]]
            pull = -springs.stiffness * curve[0]
        elif k == 0:
            curve = whole_lead(solution, "left").spin_potential
            pull = faces.current_left[0] - self._driving(k)
        else:
            curve = whole_lead(solution, "right").spin_potential
            pull = self._driving(k) - faces.current_right[-1]
        if k == 0:
            return Cord(*self._called(k), None, springs, np.array([none, *curve]), none, pull)
        return Cord(*self._called(k), None, springs, np.array([*curve, none]), pull, none)

    def _called(self, k: int) -> tuple[str, Literal["F", "N"]]:
        return self.solution.stack.element_names[k], "F" if self._elements.magnetic[k] else "N"

    def _springs(self, k: int) -> Springs:
        e, layer = self._elements, k - 1
        z = float(e.thickness[layer, 0] / e.l[k, 0])
        unit = float(e.D[k, 0] / (2 * e.thickness[layer, 0]))
        return Springs(
            unit * z / np.tanh(z) if z > 0 else unit,
            unit * z / np.sinh(z) if 0 < z < 700 else unit * (z == 0),
        )

    # --- energies -------------------------------------------------------------------------------

    @cached_property
    def energy(self) -> Energy:
        """Energies at the solution: ``elastic + attraction = j0^2 dr = -driving/2``.

        (Of dr only if no ferromagnet has a beta_D that is not p.) Of mu_s as it was found, on the
        nodes it was found on: with few elements the functional is larger than that of the exact
        solution.
        """
        self.solution.check_stationary("an energy")
        e, transport = self._elements, self.solution.transport
        j0 = float(self.solution.j0)

        def strain(layer: int, xi: FloatArray) -> tuple[FloatArray, FloatArray]:
            field = transport.field(layer)
            mu, j = field.evaluate(xi[:, None])
            if isinstance(field, ElementField):
                half = field.widths[..., None, None] / 2
                (slope,) = piecewise(
                    field.widths, xi[:, None], legendre.legder(field.potential, axis=-1) / half
                )
                pull = e.D[layer + 1, 0] / (2 * e.thickness[layer, 0]) * slope[:, 0]
            else:  # exact: (D/2) mu_s' from j_s, which keeps its digits in thin layers
                pull = e.p[layer + 1, 0] * e.m[layer + 1, 0] - j[:, 0]
            return mu[:, 0] * j0, pull * j0

        return self._energy(strain, self._faces.potential_left, self._own_nodes)

    def energy_of(self, field: Field) -> Energy:
        """Return the energies of another mu_s, a trial field.

        It must be admissible for S to exceed that of the solution: continuous, along m in
        ferromagnets, zero at reservoirs. It is differentiated from its values at 22 points in each
        element of a mesh that has the solution's nodes and those of the default accuracy.

        Parameters
        ----------
        field : callable
            ``field(layer, xi)`` returns mu_s, V, shape (q, 3), at positions xi, shape (q,), from 0
            to 1 across the layer of that number, from 0.
        """
        self.solution.check_stationary("an energy")
        e = self._elements

        def strain(layer: int, xi: FloatArray) -> tuple[FloatArray, FloatArray]:
            mu = np.asarray(field(layer, xi), dtype=float)
            slope = _DIFFERENTIATE @ mu.reshape(-1, _POINTS, 3)  # of every element
            slope *= 2 / np.diff(self._all_nodes(layer))[:, None, None]
            return mu, e.D[layer + 1, 0] / (2 * e.thickness[layer, 0]) * slope.reshape(-1, 3)

        last = len(self.solution.stack.layers) - 1
        ends = [field(0, np.zeros(1)), field(last, np.ones(1))]
        return self._energy(strain, np.array(ends, dtype=float)[:, 0], self._all_nodes)

    def _own_nodes(self, layer: int) -> FloatArray:
        """Return where the polynomials of the solution meet, or nodes for the exact one."""
        field = self.solution.transport.field(layer)
        return field.nodes[:, 0] if isinstance(field, ElementField) else self._fine_nodes(layer)

    def _fine_nodes(self, layer: int) -> FloatArray:
        e = self._elements
        z = e.thickness[layer] / e.l[layer + 1]
        return layer_nodes(z, int(elements_for(z)[0]))[:, 0]

    def _all_nodes(self, layer: int) -> FloatArray:
        """Return the nodes of both, but for those that are the same up to rounding."""
        own, fine = self._own_nodes(layer), self._fine_nodes(layer)
        apart = np.abs(fine[:, None] - own).min(axis=1) > 1e-9 * np.diff(own).min()
        return np.union1d(own, fine[apart])

    def _energy(
        self,
        strain: Callable[[int, FloatArray], tuple[FloatArray, FloatArray]],
        potential: FloatArray,
        nodes: Callable[[int], FloatArray],
    ) -> Energy:
        """Integrate energies; `strain` gives mu_s and (D/2) mu_s' at points of a layer."""
        e, j0 = self._elements, float(self.solution.j0)
        elastic = attraction = driving = constant = 0.0
        for layer in range(len(self.solution.stack.layers)):
            k, d = layer + 1, float(e.thickness[layer, 0])
            D, kappa = float(e.D[k, 0]), float(e.D[k, 0] / (2 * e.l[k, 0] ** 2))
            force = e.p[k, 0] * j0 * e.m[k, 0]
            xi, weights = _gauss(nodes(layer))
            mu, pull = strain(layer, xi)
            elastic += d / D * float(weights @ (pull**2).sum(axis=1))
            attraction += kappa * d / 2 * float(weights @ (mu**2).sum(axis=1))
            driving -= 2 * d / D * float(weights @ (pull @ force))
            constant += d / D * float(force @ force)
        for end, sign, mu in ((0, 1.0, potential[0]), (-1, -1.0, potential[-1])):
            held = float(e.lead_stiffness[end, 0] * (mu @ mu)) / 4
            elastic, attraction = elastic + held, attraction + held
            driving -= sign * float(e.p[end, 0] * j0 * (e.m[end, 0] @ mu))
        return Energy(elastic, attraction, driving, constant)

    # --- efficiencies ---------------------------------------------------------------------------

    def spacer(self, a: str, b: str) -> Spacer:
        """Return the spacer between two neighbours, with what lies behind them, 1 left of 2.

        Parameters
        ----------
        a, b : str
            Names of two ferromagnets, or groups, with nothing but normal metals between them.

        Raises
        ------
        ValueError
            If they are not that.
        """
        self.solution.check_stationary("a spacer")
        self.solution.efficiency(a, b)  # raises
        members = self.solution.stack.members
        left, right = sorted((members(a), members(b)))
        return self._spacer(left[-1], right[0])

    @property
    def spacers(self) -> tuple[Spacer, ...]:
        """All spacers between two ferromagnets, from left to right."""
        self.solution.check_stationary("a spacer")
        pairs = itertools.pairwise(self._elements.bodies)
        beside = ((one[-1], other[0]) for one, other in pairs)
        return tuple(self._spacer(left, right) for left, right in beside if right > left + 1)

    def _spacer(self, left: int, right: int) -> Spacer:
        e, stack = self._elements, self.solution.stack
        names = [body_name(stack, e.body_of(k)) or stack.element_names[k] for k in (left, right)]
        sign, cosine, rest = angle(e.m[left, 0], e.m[right, 0])
        found = self._condensed.behind(int(np.searchsorted(self._condensed.magnets, left)))
        return Spacer(
            (names[0], names[1]),
            (found.left.P, found.right.P),
            (found.left.S, found.right.S),
            found.shunt,
            found.coupling,
            float(sign * cosine),
            float(rest),
            e.is_reciprocal,
        )

    @cached_property
    def _condensed(self) -> Condensed:
        return Condensed(self._elements, Meshed(self._elements, DEGREE, None))

    def resistance_slope(self, name: str, axis: ArrayLike) -> float:
        """Return d(dr)/d(phi), Ohm m2 per radian, as one magnetization turns by phi about an axis.

        The work of its rings: ``j0^2 d(dr) = sum over its faces of mu_face T_face . dm`` with ``dm
        = axis x m d(phi)`` and T the spin current absorbed at the face. So dr has its extremum
        where the torque does no work.

        Parameters
        ----------
        name : str
            The ferromagnet, or a group, all of which turns.
        axis : array, shape (3,)
            Axis of rotation, right-handed; its length does not matter.

        Raises
        ------
        ValueError
            If nothing has that name, it is no ferromagnet, or a layer of a group, it touches a
            collinear one, j0 = 0, or a ferromagnet has a beta_D that is not p.
        """
        self.solution.check_stationary("the work of rings")
        check_reciprocal("the work of rings", self._elements.is_reciprocal)
        members = self.solution.turning(name)
        own = [ring for k in members for ring in self._rings_of(k)]
        for ring in own:
            inside = ring.face in members and ring.face + 1 in members
            touches = any(force.name == "contact" for force in ring.forces) and not inside
            if ring.pinned is None and touches:
                raise ValueError(
                    f"{name!r} must not touch a collinear ferromagnet for a slope: dr jumps there"
                )
        j0 = float(self.solution.j0)
        if j0 == 0:
            raise ValueError("j0 must not be zero for the slope of dr, got 0")
        turn = unit_vector("axis", axis)
        if turn.ndim != 1:
            raise ValueError(f"axis must be one vector, shape (3,), got shape {turn.shape}")
        work = [ring.position * float(-ring.reaction @ np.cross(turn, ring.rod)) for ring in own]
        return sum(work) / j0**2

    def fold(self) -> Folded:
        """Return the hodographs folded into one plane, a `spinfem.paper.folding.Folded`."""
        return fold(self.solution)


_POINTS = 22  # exact for mu_s^2 of the highest degree, 20
_Y, _WEIGHTS = legendre.leggauss(_POINTS)
# values at the Gauss points -> values of the derivative of the polynomial through them
_VANDERMONDE = legendre.legvander(_Y, _POINTS - 1)
_DERIVATIVES = legendre.legval(_Y, legendre.legder(np.eye(_POINTS))).T
_DIFFERENTIATE = _DERIVATIVES @ np.linalg.inv(_VANDERMONDE)


def _gauss(nodes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return points and weights on all elements, shape (n * _POINTS,)."""
    half = np.diff(nodes)[:, None] / 2
    points = nodes[:-1, None] + half * (1 + _Y)
    return points.ravel(), (half * _WEIGHTS).ravel()
