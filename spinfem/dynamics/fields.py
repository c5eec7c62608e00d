r"""The field that every moving magnet feels, affine in all magnetizations.

``H_i = h_i + sum_j Q_ij m_j``, A/m, over the magnets that move: the applied field and what held
magnets do are in h, anisotropy, shape and couplings in Q. Biquadratic exchange alone is not affine,
except with a held magnet, whose m is an axis to it.

x is the film normal, along the stack; in mumax3 and OOMMF that is z.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray, listed, read_only, spin_vector
from ..constants import MU_0
from ..devices.device import Device
from ..physics import magnetism
from ..physics.directions import apply
from ..sample.stack import LoadedStack, Stack
from .magnets import Coupling, Magnet, shapes_of, tensor
from .samples import Body, Magnets, magnets_of


@dataclass(frozen=True, eq=False)
class Fields:
    """Fields on the magnets that move, from left to right; `fields_of` makes them.

    Every array has its own batch in front, as far as its numbers vary; all of them broadcast to
    `shape`. f magnets move. x is the film normal (in mumax3 and OOMMF: z).

    Attributes
    ----------
    among : StackMagnets or DeviceMagnets
        All ferromagnets of the sample.
    names : tuple of str
        What moves: layers or groups, or regions of a device.
    bodies : tuple of tuple of int
        Where the ferromagnetic layers of each stand in ``Stack.elements``; or numbers of regions.
    shape : tuple of int
        Shape of the batch: of the stack and of all numbers of magnets, couplings and the field.
    Ms, alpha, volume : array, shape (..., f)
        Saturation magnetizations, A/m, Gilbert damping, and volumes: in a stack per area, so that
        they are thicknesses, m, of a group that of its ferromagnetic layers; in a device m3, or m2
        in a planar one, m in one dimension.
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

    among: Magnets
    names: tuple[str, ...]
    bodies: tuple[Body, ...]
    shape: tuple[int, ...]
    Ms: FloatArray
    alpha: FloatArray
    volume: FloatArray
    applied: FloatArray
    h: FloatArray
    Q: FloatArray
    J2: FloatArray
    magnets: Mapping[str, Magnet]
    couplings: tuple[Coupling, ...]

    @property
    def moments(self) -> FloatArray:
        """``mu_0 M_s t``, J/m2 per A/m, shape (..., f); in a device J per A/m."""
        return magnetism.moment(self.Ms, self.volume)

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
        """Return the energy per area, J/m2, shape (...); of a device the energy, J.

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

    def at(self, shape: tuple[int, ...], point: int) -> Fields:
        """Return one point of a batch, to whose shape that of all arrays broadcasts."""
        rank = {"Ms": 1, "alpha": 1, "volume": 1, "applied": 1, "h": 2, "Q": 4, "J2": 2}
        own = {}
        for name, last in rank.items():
            values: FloatArray = getattr(self, name)
            whole = np.broadcast_to(values, (*shape, *values.shape[values.ndim - last :]))
            own[name] = whole.reshape(-1, *whole.shape[len(shape) :])[point]
        return replace(self, shape=(), **own)

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
    stack: Stack | LoadedStack | Device,
    magnets: Mapping[str, Magnet],
    *,
    field: ArrayLike | None = None,
    flux_density: ArrayLike | None = None,
    couplings: Iterable[Coupling] = (),
) -> Fields:
    """Return the fields on all magnets of a stack or a device that move.

    Parameters
    ----------
    stack : Stack or Device
        The sample. What is in it and not among `magnets` is held, with the m that it has there.
    magnets : mapping of str to Magnet
        By the names of layers and groups; by that of a repeated cell's layer all its copies.
    field : array, shape (..., 3), optional
        Applied field, A/m; x is the film normal (in mumax3 and OOMMF: z). Default: none.
    flux_density : array, shape (..., 3), optional
        mu_0 times that, T, in its place.
    couplings : iterable of Coupling
        What couples magnets; of those between the same two the sum counts. In a device dipolar
        ones alone.

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
    among = magnets_of(stack)
    moving = _Moving(among, _by_body(among, magnets))
    parts = (*_checked_couplings(couplings),)
    applied = _applied(field, flux_density)
    shape = _shape(among, moving.magnets, parts, applied)
    h, Q, J2 = map(read_only, moving.linear(applied, parts))
    return Fields(
        among,
        tuple(map(among.name, moving.bodies)),
        moving.bodies,
        shape,
        _columns([moving.magnets[body].Ms for body in moving.bodies]),
        _columns([moving.magnets[body].alpha for body in moving.bodies]),
        _columns([among.volume(body) for body in moving.bodies]),
        applied,
        h,
        Q,
        J2,
        MappingProxyType({**magnets}),
        parts,
    )


class _Moving:
    """The magnets of a sample that are given, those that move and those that are held."""

    def __init__(self, among: Magnets, magnets: Mapping[Body, Magnet]) -> None:
        self.among, self.magnets = among, magnets
        self.bodies = tuple(
            body for body in among.bodies if body in magnets and not magnets[body].held
        )
        self.number = {body: i for i, body in enumerate(self.bodies)}
        if not self.bodies:
            raise ValueError("at least one magnet must move, got none that is not held")
        for body in self.bodies:
            if not among.is_finite(body):
                raise ValueError(
                    f"a magnet that moves must have a thickness, got {among.name(body)!r}, which "
                    "is a lead or has one in its group: leave it out, or give it held=True"
                )
        among.check_moving(self.bodies)

    def linear(
        self, applied: FloatArray, couplings: Sequence[Coupling]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return h, Q and J2 of `Fields`."""
        f = len(self.bodies)
        h, Q, J2 = _Sum((f,), (3,)), _Sum((f, f), (3, 3)), _Sum((f, f), ())
        for i, body in enumerate(self.bodies):
            magnet, Ms = self.magnets[body], np.asarray(self.magnets[body].Ms)
            h.add((i,), applied)
            Q.add((i, i), magnetism.along(np.asarray(magnet.K), magnet.axis, Ms))
            Q.add((i, i), magnetism.of_poles(Ms, tensor(magnet.demag)))
        for coupling in couplings:
            self.among.check_coupling(coupling)
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
                    h.add((i,), apply(part, self.among.direction(other)))
                    Q.add((i, i), self._axis_of(coupling, body, other))
        # (..., i, j, a, b) to (..., i, a, j, b)
        return h.total(), Q.total().swapaxes(-3, -2), J2.total()

    def _axis_of(self, coupling: Coupling, body: Body, held: Body) -> FloatArray:
        """Return Q of biquadratic exchange with a held magnet: its m is the axis of J_2/t."""
        K, Ms = coupling.biquadratic / self.among.volume(body), self.magnets[body].Ms
        return magnetism.along(np.asarray(K), self.among.direction(held), np.asarray(Ms))

    def _exchange(self, coupling: Coupling, body: Body) -> FloatArray:
        """Return Q of bilinear exchange at a magnet."""
        Ms, volume = np.asarray(self.magnets[body].Ms), np.asarray(self.among.volume(body))
        return magnetism.bilinear(np.asarray(coupling.exchange), Ms, volume)

    def _dipolar(
        self, coupling: Coupling, N: FloatArray, body: Body, other: Body, first: Body
    ) -> FloatArray:
        """Return Q of the field of another magnet; N is that at the first one of the coupling."""
        if other not in self.magnets:
            name = self.among.name(other)
            raise ValueError(
                f"Ms of {name!r} must be given for the dipolar coupling of {coupling.a!r} and "
                f"{coupling.b!r}: magnets={{..., {name!r}: Magnet(Ms, held=True)}}"
            )
        Ms, Q = np.asarray(self.magnets[other].Ms), tensor(N)
        if body != first:  # N_ba V_b = N_ab V_a
            if not self.among.is_finite(first):
                raise ValueError(
                    "the first magnet of a dipolar coupling must have a thickness, got "
                    f"{coupling.a!r}, which is a lead or has one in its group: "
                    f"Coupling({coupling.b!r}, {coupling.a!r}, dipolar=...) has the field of the "
                    "lead at the other one"
                )
            ratio = np.asarray(self.among.volume(first) / self.among.volume(body))
            Q = ratio[..., None, None] * Q
        return magnetism.of_poles(Ms, Q)

    def _partner(self, coupling: Coupling, name: str) -> Body:
        try:
            return self.among.body(name)
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


def _by_body(among: Magnets, magnets: Mapping[str, Magnet]) -> dict[Body, Magnet]:
    """Return the given magnets by where they stand."""
    if not isinstance(magnets, Mapping):
        raise TypeError(f"magnets must map names to a Magnet, got {magnets!r}")
    found: dict[Body, Magnet] = {}
    for name, magnet in magnets.items():
        if not isinstance(magnet, Magnet):
            raise TypeError(f"magnets must map names to a Magnet, got {magnet!r} for {name!r}")
        for body in among.copies(name):
            if body in found:
                raise ValueError(
                    f"a magnet must be given once, got {among.name(body)!r} again as {name!r}"
                )
            found[body] = magnet
    return found


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
    among: Magnets,
    magnets: Mapping[Body, Magnet],
    couplings: Sequence[Coupling],
    applied: FloatArray,
) -> tuple[int, ...]:
    """Return the shape of the batch; ValueError, with all shapes, if they do not broadcast."""
    shapes = {"the sample": {among.shape}, "the applied field": {applied.shape[:-1]}}
    for body, magnet in magnets.items():
        shapes[f"magnet {among.name(body)!r}"] = {*shapes_of(magnet)}
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
            f"shapes of sample, magnets, couplings and field must broadcast, got {given}"
        ) from None


def _columns(numbers: Sequence[Any]) -> FloatArray:
    """Return one number of every magnet, shape (..., f)."""
    return read_only(np.stack(np.broadcast_arrays(*numbers), axis=-1))
