"""Faces between layers whose magnetizations move: what is unknown there, and what passes."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from .._checks import FloatArray
from ..physics import interfaces
from ..physics.contact import contact_absorption
from ..physics.directions import angle, apply, dot, tensor
from ..solvers.elements import Elements
from ..solvers.turning import unresisted


class Part(NamedTuple):
    """What some unknowns add to mu_s on one side of a face."""

    unknowns: slice
    kind: str  # "free": all directions; "rod": along m; "across": what is across m
    magnet: int = -1  # whose m
    sign: float = 1.0


class Side(NamedTuple):
    """mu_s on one side of a face: what unknowns add up to, and what a magnet lifts it by."""

    parts: tuple[Part, ...] = ()
    lifting: int | None = None


class Law(NamedTuple):
    """A face with a resistance or a mixing conductance."""

    B: float  # S/m2; 0 of one without resistance, whose sides share unknowns
    S: float
    gamma: float
    magnet: int  # along whose m gamma drives; -1 without one
    is_along: bool  # whether B and S are for what is along m alone
    mixing: complex | None
    normal: int  # side of the normal metal, 0 or 1


class Assembled(NamedTuple):
    """All faces at q stages; mu_s at the ends of elements is ``ways @ unknowns + lift``."""

    ways: FloatArray  # (q, r, u)
    lift: FloatArray  # (q, r)
    stiff: FloatArray  # (q, u, u) of faces, S/m2
    load: FloatArray  # (q, u) what flows into them besides
    sides: tuple[FloatArray, FloatArray]  # (2, n + 1, q, 3, u) and (2, n + 1, q, 3): all of mu_s


class Joints:
    """The faces of a stack.

    Parameters
    ----------
    e : Elements
        Its numbers; no batch.
    moving : collection of int
        Elements whose magnetizations move.

    Raises
    ------
    ValueError
        If one that moves has nothing between it and what takes up all spins that it pumps.

    Attributes
    ----------
    width : array, shape (n + 2,)
        Numbers that mu_s has in an element: 3, 1 in a strong ferromagnet, 0 if it is no metal.
    ends : dict
        Which of all r numbers are mu_s at the left (0) or right (1) end of an element.
    """

    def __init__(self, e: Elements, moving: Collection[int]) -> None:
        self.e, self.last = e, e.magnetic.size - 1
        self._check(moving)
        self.width = np.where(e.D[:, 0] > 0, np.where(e.strong, 1, 3), 0)
        self.ends: dict[tuple[int, int], slice] = {}
        self.entries = self.unknowns = 0
        for k, width in enumerate(self.width.tolist()):
            for side in (0, 1):
                if 0 < k < self.last or (k == 0) == (side == 1):
                    self.ends[k, side] = slice(self.entries, self.entries + width)
                    self.entries += width
        self.laws = {face: law for face in e.resistive if (law := self._law(face)) is not None}
        self.sides = [
            self._apart(face, self.laws[face]) if face in self.laws else self._joined(face)
            for face in range(self.last)
        ]

    def _check(self, moving: Collection[int]) -> None:
        e = self.e
        for k in moving:
            for face, other in ((k - 1, k - 1), (k, k + 1)):
                if face < 0 or face >= self.last or e.mixing.get(face) == k:
                    continue
                end = other in (0, self.last) and e.reservoir[other > 0]
                if end and e.strong[k]:
                    raise unresisted("a reservoir")
                if e.magnetic[other] and e.body_of(k) != e.body_of(other):
                    raise unresisted("another ferromagnet")

    def _is_open(self, face: int) -> bool:
        """Whether there are metals, or a reservoir, on both sides: else no spin passes."""
        return all(
            self.width[k] or (k in (0, self.last) and self.e.reservoir[k > 0])
            for k in (face, face + 1)
        )

    def _law(self, face: int) -> Law | None:
        """Return the law of a face; None of one that is transparent."""
        e = self.e
        joint = e.resistive[face]
        AR, gamma, delta = (
            float(e.flat(x)[0]) for x in (joint.resistance, joint.gamma, joint.delta)
        )
        if AR == 0 and joint.mixing is None:
            return None
        both = interfaces.two_port(np.array(AR), np.array(delta)) if AR > 0 else (0.0, 0.0)
        B, S = map(float, both)
        magnet = next((k for k in (face, face + 1) if e.magnetic[k]), -1)
        is_along = magnet >= 0 and not e.lets_across(magnet, face)
        mixing = None if joint.mixing is None else complex(e.flat(joint.mixing)[0])
        return Law(B, S, gamma, magnet, is_along, mixing, int(magnet == face))

    def _new(self, kind: str, magnet: int = -1) -> Part:
        first = self.unknowns
        self.unknowns += 1 if kind == "rod" else 3
        return Part(slice(first, self.unknowns), kind, magnet)

    def _joined(self, face: int) -> tuple[Side, Side]:
        """Return both sides of a transparent face, or of one that lets nothing pass."""
        m, widths = self.e.m[:, 0], self.width[face : face + 2]
        strong = [k for k in (face, face + 1) if self.width[k] == 1]
        if self._is_open(face) and not widths.all():
            return Side(), Side()  # mu_s = 0 in a reservoir
        if len(strong) < 2:
            own = Side((self._new("rod", strong[0]),), strong[0]) if strong else None
            own = own or Side((self._new("free"),))
            return own, own
        if not angle(m[face], m[face + 1]).collinear:
            return Side(), Side()
        rod = self._new("rod", face)
        sign = float(np.sign(m[face] @ m[face + 1]))
        return Side((rod,)), Side((rod._replace(magnet=face + 1, sign=sign),))

    def _apart(self, face: int, law: Law) -> tuple[Side, Side]:
        """Return both sides of a face with a resistance, or a mixing conductance."""
        shared = self._new("rod", law.magnet) if law.B == 0 else None
        found = []
        for k in (face, face + 1):
            is_rod = self.width[k] == 1 or (law.is_along and law.mixing is None)
            own = k if self.width[k] == 1 else law.magnet
            if not self.width[k]:
                found.append(Side())
            elif is_rod:
                found.append(Side((shared or self._new("rod", own),), own))
            elif shared is not None:
                found.append(Side((shared, self._new("across", law.magnet))))
            else:
                found.append(Side((self._new("free"),)))
        return found[0], found[1]

    def assemble(self, m: FloatArray, V: FloatArray, j0: FloatArray) -> Assembled:
        """Return what faces are at q stages.

        Parameters
        ----------
        m, V : array, shape (n + 2, q, 3)
            Magnetizations, and by what they lift mu_s across them, V.
        j0 : array, shape (q,)
            Particle current, A/m2.
        """
        q, unknowns = j0.size, self.unknowns
        ways = np.zeros((2, self.last, q, 3, unknowns))
        lift = np.zeros((2, self.last, q, 3))
        stiff, load = np.zeros((q, unknowns, unknowns)), np.zeros((q, unknowns))
        for face, both in enumerate(self.sides):
            for side, (parts, lifting) in enumerate(both):
                own = ways[side, face]
                for part in parts:
                    if part.kind == "rod":
                        own[:, :, part.unknowns] += part.sign * m[part.magnet, :, :, None]
                        continue
                    own[:, :, part.unknowns] += np.eye(3)
                    if part.kind == "across":
                        line = _lines(m[part.magnet])
                        own[:, :, part.unknowns] -= line
                        # what is along m does nothing, and is held at 0
                        spring = abs(self.laws[face].mixing or 0.0)
                        stiff[:, part.unknowns, part.unknowns] += spring * line
                if lifting is not None:
                    lift[side, face] = V[lifting]
        for face, law in self.laws.items():
            Q, d = ways[:, face], lift[:, face]
            passing = _lines(m[law.magnet]) if law.is_along else np.eye(3)
            drop, own = Q[0] - Q[1], d[0] - d[1]
            lost = ((law.S, Q[side], d[side]) for side in (0, 1))
            for conductance, by, fixed in ((law.B, drop, own), *lost):
                pull = conductance * by.swapaxes(-1, -2) @ passing
                stiff += pull @ by
                load += (pull @ fixed[..., None])[..., 0]
            load += law.gamma * j0[:, None] * np.einsum("qi,qiu->qu", m[law.magnet], drop)
            if law.mixing is not None:
                pull = Q[law.normal].swapaxes(-1, -2) @ self._spring(law, m)
                stiff += pull @ Q[law.normal]
                load += (pull @ (d[law.normal] - V[law.magnet])[..., None])[..., 0]
        rows, shift = np.zeros((q, self.entries, unknowns)), np.zeros((q, self.entries))
        for (k, side), place in self.ends.items():
            at = 1 - side, k - 1 + side  # an element's left end is on the right of its face
            if self.width[k] == 3:
                rows[:, place], shift[:, place] = ways[at], lift[at]
            elif self.width[k]:
                rows[:, place] = np.einsum("qi,qiu->qu", m[k], ways[at])[:, None]
        return Assembled(rows, shift, stiff, load, (ways, lift))

    @staticmethod
    def _through(
        law: Law, face: int, values: FloatArray, given: tuple[FloatArray, FloatArray, FloatArray]
    ) -> FloatArray:
        """Return what passes a resistive face on its left and on its right, (2, q, 3)."""
        m, _, j0 = given
        left, right = values[:, face]
        passes = law.B * (left - right)
        found = np.stack([passes + law.S * left, passes - law.S * right])
        found = _along(found, m[law.magnet]) if law.is_along else found
        return np.asarray(found + law.gamma * j0[:, None] * m[law.magnet])

    def _spring(self, law: Law, m: FloatArray) -> FloatArray:
        """Return what a mixing conductance takes per mu_s, S/m2, (q, 3, 3)."""
        mixing = np.array([law.mixing])
        return tensor(np.zeros(1), mixing.real, mixing.imag, m[law.magnet])

    def read(
        self,
        faces: Assembled,
        unknowns: FloatArray,
        flow: FloatArray,
        given: tuple[FloatArray, FloatArray, FloatArray],
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return mu_s and j_s on both sides of all faces, and what magnets there absorb.

        Parameters
        ----------
        faces : Assembled
            From `assemble`.
        unknowns : array, shape (q, u)
            What was found.
        flow : array, shape (q, r)
            What flows into elements at their ends.
        given : tuple of array
            What faces were assembled of: m, V and j0.

        Returns
        -------
        potential, current, taken : array, shape (q, 2, n + 1, 3)
        """
        m, V, _ = given
        ways, lift = faces.sides
        values = (ways @ unknowns[:, :, None])[..., 0] + lift
        potential, current = values.copy(), np.zeros_like(values)
        taken = np.zeros_like(values)
        for (k, side), place in self.ends.items():
            at = 1 - side, k - 1 + side
            if self.width[k] == 1:
                potential[at] = _along(values[at], m[k])
                current[at] = flow[:, place] * m[k]
            elif self.width[k]:
                current[at] = flow[:, place]
        current[0] *= -1  # what flows into a right end flows towards -x
        for face in range(self.last):
            law, arrives = self.laws.get(face), current[::-1, face].copy()  # of the other side
            if law is not None:
                through = self._through(law, face, values, given)
                if not law.is_along:
                    arrives = through
                if law.mixing is not None:
                    magnet, beside = 1 - law.normal, values[law.normal, face] - V[law.magnet]
                    taken[magnet, face] = apply(self._spring(law, m), beside)
                    through[law.normal] += (magnet - law.normal) * taken[magnet, face]
            strong = np.flatnonzero(self.width[face : face + 2] == 1)
            if strong.size == 2 and law is None:
                sides = m[face], m[face + 1]
                along = (dot(j, axis) for j, axis in zip(current[:, face], sides, strict=True))
                taken[:, face] = contact_absorption(*sides, *along)
            elif strong.size == 1 and (law is None or law.mixing is None):
                side = strong[0]
                across = arrives[side] - _along(arrives[side], m[face + side])
                taken[side, face] = (2 * side - 1) * across
            for side in (0, 1):
                if not self.width[face + side]:  # an end takes up, or gives, whatever reaches it
                    current[side, face] = current[1 - side, face] if law is None else through[side]
        return tuple(np.moveaxis(x, 2, 0) for x in (potential, current, taken))  # type: ignore


def _lines(m: FloatArray) -> FloatArray:
    return m[..., :, None] * m[..., None, :]


def _along(v: FloatArray, m: FloatArray) -> FloatArray:
    return dot(v, m)[..., None] * m
