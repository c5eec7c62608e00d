r"""The field that every moving magnet feels, affine in all magnetizations.

``H_i = h_i + sum_j Q_ij m_j``, A/m, over the magnets that move: the applied field and what held
magnets do are in h, anisotropy, shape and couplings in Q. Biquadratic exchange alone is not affine,
except with a held magnet, whose m is an axis to it.

x is the film normal, along the stack; in mumax3 and OOMMF that is z.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, listed, read_only, spin_vector
from ..constants import MU_0
from ..physics import magnetism
from ..physics.directions import apply
from ..results.solved import body_name
from ..sample.pieces import Layer
from ..sample.stack import LoadedStack, Stack, check_stack
from ..sample.units import THICKNESS, notice
from ..solvers.elements import elements_of
from .magnets import Coupling, Magnet, shapes_of, tensor

Body = tuple[int, ...]
"""Where the layers of a magnet stand in `Stack.elements`."""


@dataclass(frozen=True, eq=False)
class Fields:
    """Fields on the magnets that move, from left to right; `fields_of` makes them.

    Every array has its own batch in front, as far as its numbers vary; all of them broadcast to
    `shape`. f magnets move. x is the film normal (in mumax3 and OOMMF: z).

    Attributes
    ----------
    stack : Stack
        The sample.
    names : tuple of str
        What moves: layers or groups.
    bodies : tuple of tuple of int
        Where the ferromagnetic layers of each stand in ``Stack.elements``.
    shape : tuple of int
        Shape of the batch: of the stack and of all numbers of magnets, couplings and the field.
    Ms, alpha, thickness : array, shape (..., f)
        Saturation magnetizations, A/m, Gilbert damping, and thicknesses, m, of a group that of its
        ferromagnetic layers.
    applied : array, shape (..., 3)
        Applied field, A/m; it is in `h`.
    h : array, shape (..., f, 3)
        Field that does not depend on what moves, A/m.
    Q : array, shape (..., f, 3, f, 3)
        What is linear in m, A/m: ``Q[..., i, :, j, :]`` times m_j is the field at i.
    J2 : array, shape (..., f, f)
        Biquadratic exchange, J/m2: symmetric, zero on the diagonal.
    magnets : mapping of str to Magnet
        As they were given, by the names of layers and groups.
    couplings : tuple of Coupling
        As they were given.
    """

    stack: Stack
    names: tuple[str, ...]
    bodies: tuple[Body, ...]
    shape: tuple[int, ...]
    Ms: FloatArray
    alpha: FloatArray
    thickness: FloatArray
    applied: FloatArray
    h: FloatArray
    Q: FloatArray
    J2: FloatArray
    magnets: Mapping[str, Magnet]
    couplings: tuple[Coupling, ...]

    @property
    def moments(self) -> FloatArray:
        """``mu_0 M_s t``, J/m2 per A/m, shape (..., f)."""
        return magnetism.moment(self.Ms, self.thickness)

    def field(self, m: ArrayLike) -> FloatArray:
        """Return the field at every magnet, ``-(1/(mu_0 M_s t)) dE/dm``, A/m, shape (..., f, 3).

        Parameters
        ----------
        m : array, shape (..., f, 3)
            Unit vectors; they are taken as they are, also off the sphere.

        Raises
        ------
        ValueError
            If m has another shape.
        """
        given = self._checked(m)
        field: FloatArray = self.h + self._linear(given)
        if self.J2.any():
            field = field + magnetism.biquadratic_field(self.J2, self.moments, given)
        return field

    def energy(self, m: ArrayLike) -> FloatArray:
        """Return the energy per area, J/m2, shape (...).

        ``-sum_i (mu_0 M_s t)_i m_i.(h_i + sum_j Q_ij m_j/2) - sum over pairs of J2_ij (m_i.m_j)^2``

        Parameters
        ----------
        m : array, shape (..., f, 3)
            As of `field`.
        """
        given = self._checked(m)
        work = (given * (self.h + self._linear(given) / 2)).sum(axis=-1)
        energy: FloatArray = -(self.moments * work).sum(axis=-1)
        if self.J2.any():
            energy = energy + magnetism.biquadratic_energy(self.J2, given)
        return energy

    def slope(self, m: ArrayLike) -> FloatArray:
        """Return the derivative of `field` with m, A/m, shape (..., 3 f, 3 f).

        In the order of the components of m, ``m.reshape(..., 3 f)``. It is Q but for biquadratic
        exchange.

        Parameters
        ----------
        m : array, shape (..., f, 3)
            As of `field`.
        """
        given, slope = self._checked(m), self.Q
        if self.J2.any():
            slope = slope + magnetism.biquadratic_slope(self.J2, self.moments, given)
        size = 3 * len(self.names)
        slope = slope.reshape(*slope.shape[:-4], size, size)
        batch = np.broadcast_shapes(slope.shape[:-2], given.shape[:-2])
        return np.broadcast_to(slope, (*batch, size, size))

    def _linear(self, m: FloatArray) -> FloatArray:
        """Return ``Q m``, shape (..., f, 3)."""
        found: FloatArray = np.einsum("...iajb,...jb->...ia", self.Q, m)
        return found

    def _checked(self, m: ArrayLike) -> FloatArray:
        given = np.asarray(m)
        if given.shape[-2:] != (len(self.names), 3):
            raise ValueError(
                f"m must have shape (..., {len(self.names)}, 3), the magnetizations of "
                f"{listed(self.names)}, got shape {given.shape}"
            )
        return given


def fields_of(
    stack: Stack | LoadedStack,
    magnets: Mapping[str, Magnet],
    *,
    field: ArrayLike | None = None,
    flux_density: ArrayLike | None = None,
    couplings: Iterable[Coupling] = (),
) -> Fields:
    """Return the fields on all magnets of a stack that move.

    Parameters
    ----------
    stack : Stack
        The sample. What is in it and not among `magnets` is held, with the m that it has there.
    magnets : mapping of str to Magnet
        By the names of layers and groups; by that of a repeated cell's layer all its copies.
    field : array, shape (..., 3), optional
        Applied field, A/m; x is the film normal (in mumax3 and OOMMF: z). Default: none.
    flux_density : array, shape (..., 3), optional
        mu_0 times that, T, in its place.
    couplings : iterable of Coupling
        What couples magnets; of those between the same two the sum counts.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above, a name is not that of a magnet that turns by itself, a lead
        moves, nothing does, strong ferromagnets in direct contact do not move as one, a coupling is
        of magnets that do not move, or has a dipolar part and no M_s, or shapes do not broadcast.

    Warns
    -----
    UnitWarning
        If no sample has a layer of a magnet's thickness: the stack is not in SI.
    """
    given = check_stack(stack)
    sample = _Sample(given, _by_body(given, magnets))
    if given.units is None:  # else its layers were looked at
        for body in sample.moving:
            notice(THICKNESS, f"thickness of {sample.name(body)!r}", sample.thickness(body))
    parts = (*_checked_couplings(couplings),)
    applied = _applied(field, flux_density)
    shape = _shape(given, sample.magnets, parts, applied)
    h, Q, J2 = map(read_only, sample.linear(applied, parts))
    return Fields(
        given,
        tuple(map(sample.name, sample.moving)),
        sample.moving,
        shape,
        _columns([sample.magnets[body].Ms for body in sample.moving]),
        _columns([sample.magnets[body].alpha for body in sample.moving]),
        _columns([sample.thickness(body) for body in sample.moving]),
        applied,
        h,
        Q,
        J2,
        MappingProxyType({**magnets}),
        parts,
    )


class _Sample:
    """The magnets of a stack, those that move and those that are held."""

    def __init__(self, stack: Stack, magnets: Mapping[Body, Magnet]) -> None:
        self.stack, self.magnets = stack, magnets
        self.moving = tuple(
            body for body in elements_of(stack).bodies if body in magnets and not magnets[body].held
        )
        self.number = {body: i for i, body in enumerate(self.moving)}
        if not self.moving:
            raise ValueError("at least one magnet must move, got none that is not held")
        for body in self.moving:
            self._check_finite(body)
        self._check_contacts()

    def name(self, body: Body) -> str:
        return _called(self.stack, body)

    def thickness(self, body: Body) -> Any:
        """Sum the thicknesses of the layers of a magnet without leads, m."""
        elements = self.stack.elements
        return sum(layer.thickness for k in body if isinstance(layer := elements[k], Layer))

    def direction(self, body: Body) -> FloatArray:
        """Return m of a magnet in the stack, shape (..., 3)."""
        return elements_of(self.stack).columns["m"].of(body[0])

    def is_finite(self, body: Body) -> bool:
        """Whether no lead is in a magnet."""
        return all(isinstance(self.stack.elements[k], Layer) for k in body)

    def _check_finite(self, body: Body) -> None:
        if not self.is_finite(body):
            raise ValueError(
                f"a magnet that moves must have a thickness, got {self.name(body)!r}, which is a "
                "lead or has one in its group: leave it out, or give it held=True"
            )

    def _check_contacts(self) -> None:
        """Raise ValueError where moving strong magnets touch others.

        A spacer of no width would open between them, in which torques and damping diverge.
        """
        e = elements_of(self.stack)
        for left, right in itertools.pairwise(e.bodies):
            touch = right[0] == left[-1] + 1 and e.strong[left[-1]] and e.strong[right[0]]
            if touch and {left, right} & self.number.keys():
                raise ValueError(
                    "ferromagnets in direct contact must move as one, got "
                    f"{self.name(left)!r} and {self.name(right)!r} by themselves: make them one "
                    "macrospin with group=, or put a thin normal layer between them"
                )

    def linear(
        self, applied: FloatArray, couplings: Sequence[Coupling]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return h, Q and J2 of `Fields`."""
        f = len(self.moving)
        h, Q, J2 = _Sum((f,), (3,)), _Sum((f, f), (3, 3)), _Sum((f, f), ())
        for i, body in enumerate(self.moving):
            magnet, Ms = self.magnets[body], np.asarray(self.magnets[body].Ms)
            h.add((i,), applied)
            Q.add((i, i), magnetism.along(np.asarray(magnet.K), magnet.axis, Ms))
            Q.add((i, i), magnetism.of_poles(Ms, tensor(magnet.demag)))
        for coupling in couplings:
            a, b = (self._partner(coupling, name) for name in coupling.names)
            if not {a, b} & self.number.keys():
                raise ValueError(
                    f"at least one of the magnets of a coupling must move, got {coupling.a!r} and "
                    f"{coupling.b!r}, which are held"
                )
            for body, other in ((a, b), (b, a)):
                if body not in self.number:
                    continue
                i, part = self.number[body], self._exchange(coupling, body)
                if coupling.dipolar is not None:
                    part = part + self._dipolar(coupling, coupling.dipolar, body, other, a)
                if other in self.number:
                    Q.add((i, self.number[other]), part)
                    J2.add((i, self.number[other]), np.asarray(coupling.biquadratic))
                else:
                    h.add((i,), apply(part, self.direction(other)))
                    Q.add((i, i), self._axis_of(coupling, body, other))
        # (..., i, j, a, b) to (..., i, a, j, b)
        return h.total(), Q.total().swapaxes(-3, -2), J2.total()

    def _axis_of(self, coupling: Coupling, body: Body, held: Body) -> FloatArray:
        """Return Q of biquadratic exchange with a held magnet: its m is the axis of J_2/t."""
        K, Ms = coupling.biquadratic / self.thickness(body), self.magnets[body].Ms
        return magnetism.along(np.asarray(K), self.direction(held), np.asarray(Ms))

    def _exchange(self, coupling: Coupling, body: Body) -> FloatArray:
        """Return Q of bilinear exchange at a magnet."""
        Ms, thickness = np.asarray(self.magnets[body].Ms), np.asarray(self.thickness(body))
        return magnetism.bilinear(np.asarray(coupling.exchange), Ms, thickness)

    def _dipolar(
        self, coupling: Coupling, N: FloatArray, body: Body, other: Body, first: Body
    ) -> FloatArray:
        """Return Q of the field of another magnet; N is that at the first one of the coupling."""
        if other not in self.magnets:
            name = self.name(other)
            raise ValueError(
                f"Ms of {name!r} must be given for the dipolar coupling of {coupling.a!r} and "
                f"{coupling.b!r}: magnets={{..., {name!r}: Magnet(Ms, held=True)}}"
            )
        Ms, Q = np.asarray(self.magnets[other].Ms), tensor(N)
        if body != first:  # N_ba V_b = N_ab V_a
            if not self.is_finite(first):
                raise ValueError(
                    "the first magnet of a dipolar coupling must have a thickness, got "
                    f"{coupling.a!r}, which is a lead or has one in its group: "
                    f"Coupling({coupling.b!r}, {coupling.a!r}, dipolar=...) has the field of the "
                    "lead at the other one"
                )
            ratio = np.asarray(self.thickness(first) / self.thickness(body))
            Q = ratio[..., None, None] * Q
        return magnetism.of_poles(Ms, Q)

    def _partner(self, coupling: Coupling, name: str) -> Body:
        try:
            return _body(self.stack, name)
        except ValueError as error:
            raise ValueError(f"coupling of {coupling.a!r} and {coupling.b!r}: {error}") from None


class _Sum:
    """Terms of an array over magnets, each with its own batch."""

    def __init__(self, magnets: tuple[int, ...], components: tuple[int, ...]) -> None:
        self.magnets, self.components = magnets, components
        self.terms: list[tuple[tuple[int, ...], FloatArray]] = []

    def add(self, place: tuple[int, ...], term: FloatArray) -> None:
        """Add a term, shape (..., *components), of one magnet or pair."""
        self.terms.append((place, term))

    def total(self) -> FloatArray:
        """Return the sum, shape (..., *magnets, *components)."""
        first, last = len(self.magnets), len(self.components)
        batches = (term.shape[: term.ndim - last] for _, term in self.terms)
        total = np.zeros((*self.magnets, *np.broadcast_shapes(*batches), *self.components))
        for place, term in self.terms:
            total[place] += term
        return np.moveaxis(total, range(first), range(-first - last, -last))


def _by_body(stack: Stack, magnets: Mapping[str, Magnet]) -> dict[Body, Magnet]:
    """Return the given magnets by where they stand."""
    if not isinstance(magnets, Mapping):
        raise TypeError(f"magnets must map names to a Magnet, got {magnets!r}")
    found: dict[Body, Magnet] = {}
    for name, magnet in magnets.items():
        if not isinstance(magnet, Magnet):
            raise TypeError(f"magnets must map names to a Magnet, got {magnet!r} for {name!r}")
        for body in bodies_of(stack, name):
            if body in found:
                raise ValueError(
                    f"a magnet must be given once, got {_called(stack, body)!r} again as {name!r}"
                )
            found[body] = magnet
    return found


def bodies_of(stack: Stack, name: str) -> Iterable[Body]:
    """Return the magnet of a name, or all copies of what has it in a repeated cell."""
    e = elements_of(stack)
    if places := stack.copies.get(("group", name)):
        return dict.fromkeys(e.body_of(cast(int, stack.ordinals[place])) for place in places)
    numbers = [stack.ordinals[place] for place in stack.copies.get(("name", name), ())]
    copies = [stack.element_names[k] for k in numbers if k is not None]
    return [_body(stack, copy) for copy in copies or [name]]


def _body(stack: Stack, name: str) -> Body:
    """Return the magnet of a name.

    Raises
    ------
    ValueError
        If nothing has that name, or it is no ferromagnet, or a layer of a group.
    """
    e, members = elements_of(stack), stack.members(name)
    if not e.magnetic[members[0]]:
        raise ValueError(f"{name!r} must be a ferromagnet, got a normal metal")
    body = e.body_of(members[0])
    if members != body:
        raise ValueError(
            f"{name!r} must be a magnet that turns by itself, got a layer of group "
            f"{body_name(stack, body)!r}"
        )
    return body


def _called(stack: Stack, body: Body) -> str:
    return body_name(stack, body) or stack.element_names[body[0]]


def _checked_couplings(couplings: Iterable[Coupling]) -> Iterator[Coupling]:
    if isinstance(couplings, Coupling):
        raise TypeError(f"couplings must be a list of Coupling, got {couplings!r}")
    for coupling in couplings:
        if not isinstance(coupling, Coupling):
            raise TypeError(f"couplings must be a list of Coupling, got {coupling!r} in it")
        yield coupling


def _applied(field: ArrayLike | None, flux_density: ArrayLike | None) -> FloatArray:
    """Return the applied field, A/m, shape (..., 3), from either way of giving it."""
    if field is not None and flux_density is not None:
        raise ValueError(
            "the applied field must be given once, got "
            f"field={field!r} and flux_density={flux_density!r}"
        )
    if flux_density is not None:
        B = spin_vector("flux_density (mu_0 times the applied field)", flux_density)
        return read_only(B / MU_0)
    return spin_vector("field (applied field)", (0.0, 0.0, 0.0) if field is None else field)


def _shape(
    stack: Stack,
    magnets: Mapping[Body, Magnet],
    couplings: Sequence[Coupling],
    applied: FloatArray,
) -> tuple[int, ...]:
    """Return the shape of the batch; ValueError, with all shapes, if they do not broadcast."""
    shapes = {"the stack": {stack.shape}, "the applied field": {applied.shape[:-1]}}
    for body, magnet in magnets.items():
        shapes[f"magnet {_called(stack, body)!r}"] = {*shapes_of(magnet)}
    for coupling in couplings:
        what = f"coupling of {coupling.a!r} and {coupling.b!r}"
        shapes[what] = shapes.get(what, set()) | {*shapes_of(coupling)}
    try:
        return np.broadcast_shapes(*itertools.chain.from_iterable(shapes.values()))
    except ValueError:
        given = "; ".join(
            f"{what}: {shape}" for what, some in shapes.items() for shape in sorted(some) if shape
        )
        raise ValueError(
            f"shapes of stack, magnets, couplings and field must broadcast, got {given}"
        ) from None


def _columns(numbers: Sequence[Any]) -> FloatArray:
    """Return one number of every magnet, shape (..., f)."""
    return read_only(np.stack(np.broadcast_arrays(*numbers), axis=-1))
