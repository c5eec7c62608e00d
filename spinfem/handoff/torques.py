r"""Torques for micromagnetic codes: Slonczewski's form of a spacer, exact or fitted.

The codes know a fixed polarizer mp and a free layer of thickness t whose m obeys, besides the rest,

    dm/dt = gamma beta epsilon(theta) m x (mp x m),  beta = hbar J/(e t M_s),

with gamma = 1.760859628e11 rad/(s T) and beta in T. (OOMMF has gamma_0 = mu_0 gamma and beta/mu_0.)
With ``epsilon = g/2`` this is eq. (1) with ``dm/dt = gamma T/(M_s t)``, if J is j0 where the
electrons flow from the fixed layer to the free one, and -j0 where they flow back. With ``F =
Lambda_fixed^2``, ``R = Lambda_free^2`` and ``c = cos(theta)`` the codes have one of two forms:

- OOMMF's Oxs_SpinXferEvolve, of J. Xiao, A. Zangwill and M. D. Stiles (Phys. Rev. B 70, 172405):
  ``epsilon = q+/(AA + BB c) + q-/(AA - BB c)`` with ``AA = sqrt((F + 1)(R + 1))``, ``BB = sqrt((F -
  1)(R - 1))`` and ``2 q+- = P_fixed F sqrt((R + 1)/(F + 1)) +- P_free R sqrt((F - 1)/(R - 1))``;
- mumax3, mumax+, ubermag, magnum.np and cmtj: ``epsilon = P Lambda^2/((Lambda^2 + 1) + (Lambda^2 -
  1) c)``, the same with ``P_fixed = P_free`` and ``Lambda_fixed = Lambda_free``.

A spacer between strong ferromagnets (`paper.spacer`) has ``g = q+/(a + B c) + q-/(a - B c)``
with ``a = sqrt(A1 A2)``, and with F2 the free layer the first form is exactly that for

    Lambda_fixed = Lambda_free = sqrt((a + B)/(a - B)),
    P_fixed = B A2 P1/(a (a + B)) = (q+ + q-)/(a + B),  P_free = B P2/(a + B) = (q+ - q-)/(a + B).

The second one is exact where ``A2 P1 = a P2``, and cannot be where g changes sign.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray
from ..analogy import Analogy
from ..physics.directions import angle
from ..sample.pieces import Layer, Lead, Piece, direction
from ..sample.stack import Stack
from ..solution import Solution
from ..solver import solve
from ..solvers.elements import elements_of
from ..studies.sweeping import sweep
from . import texts
from .epsilon import THETA, Table, fitted, rounded_up, sine_of
from .form import EQUAL, TorqueForm

if TYPE_CHECKING:
    import xarray

CLOSED = 0.01
"""Angle, degrees, at which a fit takes g for that at 0: its error is of the order of 1e-8."""
GRID = np.linspace(0.0, 180.0, 61)[1:-1], np.arange(0.0, 360.0, 15.0)
"""Angles to the polarizer and around it at which errors are looked for, degrees."""
RINGS = np.geomspace(1e-5, 30.0, 18), np.arange(0.0, 360.0, 60.0)
"""The same around m of every ferromagnet, where peaks are as narrow as sqrt(d_N/l_N)."""
CANDIDATES, ROUNDS = 6, 9
"""Largest errors from which a search goes on, and how often its steps get smaller."""
MARGIN = 1.01
"""By what the largest error that is found is raised, for what the search leaves."""


class SlonczewskiTorque(TorqueForm):
    """The torque on a free layer from the spacer between it and a fixed one, as codes take it.

    Its numbers are those of `spinfem.handoff.form.TorqueForm`; the texts are here.
    """

    def oommf(self) -> str:
        """Return OOMMF's evolver, with this torque, as text for a MIF file."""
        return texts.oommf(self)

    def mumax3(self) -> str:
        """Return lines for a mumax3 script: Pol, Lambda, J and the fixed layer of `single`.

        Raises
        ------
        ValueError
            As of `single`: `mumax3_field` has no such limit.
        """
        return texts.mumax3(self)

    def mumax3_field(self) -> str:
        """Return lines for a mumax3 script: a custom field with the torque of `epsilon`."""
        return texts.mumax3_field(self)

    def ubermag(self) -> str:
        """Return Python code that makes a ``micromagneticmodel.Slonczewski`` of `single`.

        Raises
        ------
        ValueError
            As of `single`.
        """
        return texts.ubermag(self)

    def csv(self) -> str:
        """Return `table` as text: ``theta_deg,g,epsilon,torque_per_j0_J_A``.

        The torque, J/m2, over j0, is that along ``m x (mp x m)``, towards the fixed layer's m.
        """
        return texts.csv(self)


def slonczewski(solution: Solution, fixed: str, free: str) -> SlonczewskiTorque:
    """Return the torque on a free layer from the spacer between it and a fixed one.

    Exact for strong ferromagnets, transparent interfaces and uniform layers, whatever lies beyond,
    as long as that turns with the free layer or there is none; else with the error of its form:
    with interfaces, exchange lengths or graded layers OOMMF's form is fitted to `table`.

    Parameters
    ----------
    solution : Solution
        Of a single stack, in SI units.
    fixed, free : str
        Two ferromagnets with nothing but normal metals between them; the free one is a layer.

    Raises
    ------
    TypeError
        If it is no Solution.
    ValueError
        If it is a batch, the names are not those of two such ferromagnets, or numbers overflow.

    Examples
    --------
    >>> import spinfem as sf
    >>> F, N = sf.Ferromagnet(D=1e7, l=1e-8, p=0.5), sf.NormalMetal(D=1e8, l=1e-7)
    >>> valve = F(8e-9, m=(0, 0, 1), name="fixed") | N(5e-9) | F(4e-9, m=(1, 0, 0), name="free")
    >>> torque = sf.slonczewski(sf.solve(valve, j0=1e11), "fixed", "free")
    >>> torque
    <SlonczewskiTorque on 'free' from 'fixed', exact>
    >>> bool(torque.epsilon(90.0) > 0)
    True
    """
    if not isinstance(solution, Solution):
        raise TypeError(f"solution must be a Solution, got {solution!r}")
    if solution.shape:
        raise ValueError(
            "solution must be that of a single stack for a hand-off, got a batch of shape "
            f"{solution.shape}; take a point of it: solution[i]"
        )
    for name in (fixed, free):
        solution.torque(name)  # raises
    stack, e = solution.stack, elements_of(solution.stack)
    layer, other = stack.elements[stack.position(free)], stack.position(fixed)
    if not isinstance(layer, Layer):
        raise ValueError(f"free must be a layer, which has a thickness, got the lead {free!r}")
    place = _Place.of(stack, other, stack.position(free))
    polarizer = e.m[other, 0]
    try:
        turning = solve(place.turned(stack, polarizer))
    except ValueError as found:  # no spin sink where it is collinear with all others
        raise ValueError(
            f"{free!r} must be free to turn to 0 and 180 degrees, got {found}"
        ) from None
    g = np.asarray(turning.efficiency(fixed, free)[1])
    table = Table(THETA, g[0])
    if e.is_plain:
        spacer = Analogy(solution).spacer(fixed, free)
        form, Lambda = spacer.slonczewski[int(place.step > 0)], spacer.Lambda
    else:
        form, Lambda = fitted(table)
    if not (np.isfinite([*form, Lambda]).all() and np.isfinite(g).all()):
        raise ValueError("results must be finite, got an overflow of double precision")
    torque = SlonczewskiTorque(
        fixed,
        free,
        form,
        Lambda,
        not e.is_plain,
        0.0,
        table,
        polarizer,
        float(layer.thickness),
        float(solution.j0),
        float(place.step),
        repr(stack)[len("Stack(") : -1],
        (),
    )
    if torque.fitted or not place.symmetric:
        largest = np.abs(table.strength).max() or 1.0
        error = _largest_error(torque, place, stack) / largest
        error = error if place.symmetric else MARGIN * error
        torque = dataclasses.replace(torque, error=float(error))
    return dataclasses.replace(torque, notes=tuple(_notes(torque, place, turning)))


def torque_table(
    solution: Solution, a: str, b: str, *, polar: ArrayLike, azimuth: ArrayLike
) -> xarray.Dataset:
    """Return the torques over a grid of directions of two layers: exact for any stack.

    Parameters
    ----------
    solution : Solution
        Of a single stack; all other magnetizations stay as they are there.
    a, b : str
        The two ferromagnets that turn.
    polar, azimuth : array, shape (n,) and (k,)
        Angles of either one, degrees, as of `spinfem.direction`.

    Returns
    -------
    xarray.Dataset
        As of `spinfem.sweep` over ``"a.polar_deg"``, ``"a.azimuth_deg"``, ``"b.polar_deg"`` and
        ``"b.azimuth_deg"``; ``.to_netcdf(path)`` writes it.

    Raises
    ------
    ImportError
        If xarray is not installed.
    TypeError, ValueError
        If an argument is not as above.
    """
    if not isinstance(solution, Solution):
        raise TypeError(f"solution must be a Solution, got {solution!r}")
    for name in (a, b):
        solution.torque(name)  # raises
    if a == b:
        raise ValueError(f"b must be another ferromagnet than {a!r}, got the same")

    def build(**angles: FloatArray) -> Stack:
        stack = solution.stack
        for name in (a, b):
            m = direction(angles[f"{name}.polar_deg"], angles[f"{name}.azimuth_deg"])
            stack = stack.replace(name, m=m)
        return stack

    axes = {"polar_deg": polar, "azimuth_deg": azimuth}
    grid = {f"{name}.{key}": values for name in (a, b) for key, values in axes.items()}
    table = sweep(build, grid, float(solution.j0))
    for name in grid:
        table[name].attrs["units"] = "degree"
    table.attrs["source"] = repr(solution.stack)
    return table


class _Place(NamedTuple):
    """Where the free layer stands."""

    step: int  # to the elements behind it: 1 if the fixed layer is on its left
    along: dict[int, float]  # elements that turn with it, 1 or -1 for m along or against its m
    beyond: tuple[str, ...]  # ferromagnets behind these
    behind_fixed: tuple[str, ...]  # ferromagnets behind the fixed layer
    weak: bool  # whether it has exchange lengths
    symmetric: bool  # whether all that counts is its angle to the fixed layer

    @classmethod
    def of(cls, stack: Stack, fixed: int, free: int) -> _Place:
        e, step = elements_of(stack), 1 if fixed < free else -1
        along, k = {free: 1.0}, free + step
        while 0 <= k < e.magnetic.size and e.magnetic[k]:
            relation = angle(e.m[free, 0], e.m[k, 0])
            if not relation.collinear:
                break
            along[k] = float(relation.sign)
            k += step
        names = stack.element_names
        magnets = np.flatnonzero(e.magnetic).tolist()
        beyond = tuple(names[i] for i in magnets if (i - free) * step > 0 and i not in along)
        behind_fixed = tuple(names[i] for i in magnets if (i - fixed) * step < 0)
        # a strong fixed layer lets nothing pass that is not along its own m
        symmetric = not beyond and not (behind_fixed and not e.strong[fixed])
        return cls(step, along, beyond, behind_fixed, not e.strong[free], symmetric)

    def turned(self, stack: Stack, polarizer: FloatArray) -> Stack:
        """Return the batch, (1, n), in which the free layer turns about the polarizer.

        It has the angles of `THETA` to it, in the plane of both.
        """
        free = elements_of(stack).m[next(iter(self.along)), 0]
        # but for g from B, take no limit at 0 and 180 degrees: it turns one magnetization alone
        theta = THETA if elements_of(stack).is_plain else np.clip(THETA, CLOSED, 180 - CLOSED)
        return self.pointing(stack, _rotation(polarizer, free, theta, np.zeros(1)))

    def pointing(self, stack: Stack, m: FloatArray) -> Stack:
        """Return the batch in which the free layer has directions m, shape (..., 3)."""
        elements = stack.elements
        new = {
            k: dataclasses.replace(cast(Layer | Lead, elements[k]), m=sign * m)
            for k, sign in self.along.items()
        }
        pieces: list[Piece] = [new.get(0, stack.left)]
        for k, joint in enumerate(stack.joints, start=1):
            pieces += [] if joint is None else [joint]
            pieces.append(new.get(k, elements[k]))
        return Stack(pieces)


def _rotation(
    start: FloatArray, through: FloatArray, theta: FloatArray, around: FloatArray
) -> FloatArray:
    """Return directions at angles from one, in planes at angles to that of both, (k, n, 3)."""
    way = through - (start @ through) * start
    if way @ way <= EQUAL**2:  # collinear: any way does
        way = np.eye(3)[np.abs(start).argmin()]
        way = way - (start @ way) * start
    way = way / np.linalg.norm(way)
    m: FloatArray = direction(theta, around[:, None]) @ np.stack([way, np.cross(start, way), start])
    return m


def _largest_error(torque: SlonczewskiTorque, place: _Place, stack: Stack) -> float:
    """Return the largest error of ``epsilon sin(theta)`` as the free layer turns any way.

    From directions all over the sphere, or in one plane if all planes are the same, pattern
    searches go on around the largest errors.
    """
    e, axis = elements_of(stack), torque.polarizer
    plain = e.is_plain
    others = [k for k in np.flatnonzero(e.magnetic).tolist() if k not in place.along]
    free = e.m[next(iter(place.along)), 0]

    def errors(m: FloatArray) -> FloatArray:
        """Return errors of directions m, (n,); where g is that of a limit, none."""
        sine, cosine = np.linalg.norm(np.cross(m, axis), axis=-1), m @ axis
        known = plain | (sine > np.sin(np.radians(CLOSED)))
        m, sine, cosine = m[known], sine[known], cosine[known]
        error = np.zeros(known.size)
        if known.any():
            g = solve(place.pointing(stack, m)).efficiency(torque.fixed, torque.free)[1]
            theta = np.degrees(np.arctan2(sine, cosine))
            error[known] = np.abs((torque.epsilon(theta) - g / 2) * sine)
        return error

    way = free if place.symmetric else e.m[others[-1 if place.step > 0 else 0], 0]
    polar, around = GRID if not place.symmetric else (THETA[1:-1], np.zeros(1))
    parts = [_rotation(axis, way, polar, around).reshape(-1, 3)]
    steps = [np.full(len(parts[0]), np.radians(np.diff(polar[:2])[0]))]
    radii, around = RINGS if not place.symmetric else (RINGS[0], np.zeros(1))
    for k in others if not place.symmetric else [others[0]]:
        center = axis if place.symmetric else e.m[k, 0]
        ring = _rotation(center, way, radii, around)
        for sign in (1, -1):
            parts.append(sign * ring.reshape(-1, 3))
            steps.append(np.tile(np.radians(radii) / 2, len(around)))
    m, step = np.concatenate(parts), np.concatenate(steps)
    found = errors(m)
    best = np.argsort(found)[::-1]
    chosen: list[int] = []
    for i in best.tolist():
        if len(chosen) == (2 if place.symmetric else CANDIDATES):
            break
        if all(np.linalg.norm(m[i] - m[k]) > 2 * max(step[i], step[k]) for k in chosen):
            chosen.append(i)
    m, step, found = m[chosen], step[chosen], found[chosen]
    angles = np.arange(0.0, 360.0, 45.0)
    for _ in range(ROUNDS):
        # two rings of 8 around each
        around = np.array(
            [
                _rotation(center, way, np.degrees([width, width / 2]), angles).reshape(-1, 3)
                for center, width in zip(m, step, strict=True)
            ]
        )
        tried = errors(around.reshape(-1, 3)).reshape(len(m), -1)
        largest = tried.argmax(axis=1)[:, None]
        new = np.take_along_axis(tried, largest, axis=1)[:, 0]
        better = new > found
        moved = np.take_along_axis(around, largest[..., None], axis=1)[:, 0]
        m, found = np.where(better[:, None], moved, m), np.maximum(new, found)
        step = np.where(better, step, step / 4)
    return float(found.max())


def _notes(torque: SlonczewskiTorque, place: _Place, turning: Solution) -> list[str]:
    """Collect what the form leaves out."""
    fixed, free, found = torque.fixed, torque.free, []
    if place.beyond:
        names = ", ".join(map(repr, place.beyond))
        found.append(
            f"Behind {free!r} there is {names}: the effective P of {free!r} is that of their "
            f"directions now and changes as they turn against each other. As {free!r} turns alone, "
            f"any way, epsilon sin(theta) is off by up to {rounded_up(torque.error)} of its "
            "maximum. "
            f"spinfem.torque_table(solution, {free!r}, {place.beyond[0]!r}, ...), over the "
            "directions of both, is exact."
        )
        found.append(
            f"What the spacer on the other side of {free!r} adds to its torque is not in here: "
            "each spacer is handed over by itself."
        )
    if place.behind_fixed:
        names = ", ".join(map(repr, place.behind_fixed))
        found.append(
            f"Behind {fixed!r} there is {names}: the effective P of {fixed!r} is that of their "
            "directions now and changes as they turn against each other."
        )
    if not (place.beyond or place.symmetric):
        found.append(
            f"{fixed!r} has exchange lengths and lets pass what is across its m: as {free!r} "
            f"turns any way, epsilon sin(theta) is off by up to {rounded_up(torque.error)} of its "
            "maximum."
        )
    if len(place.along) > 1:
        names = ", ".join(turning.stack.element_names[k] for k in place.along)
        found.append(f"These are taken to turn as one: {names}. t is that of {free!r} alone.")
    if torque.fitted and not place.beyond:
        across, rest = _beside(torque, turning)
        if across > EQUAL:
            found.append(
                f"A torque across the plane of both, up to {across:.2g} of the maximum in it, is "
                "not in here."
            )
        if place.weak and rest > EQUAL:
            found.append(
                f"{free!r} has exchange lengths: epsilon counts what enters it from the spacer. "
                f"What stays in it differs by up to {rest:.2g} of the maximum."
            )
    return found


def _beside(torque: SlonczewskiTorque, turning: Solution) -> tuple[float, float]:
    """Size of what the free layer absorbs across the plane of both, and in it besides g.

    Both as fractions of the largest ``g sin(theta)``.
    """
    inner = slice(1, -1)  # the plane is not known at 0 and 180 degrees
    m = cast(Layer, turning.stack.elements[turning.stack.position(torque.free)]).m
    assert m is not None
    m = m[0, inner]
    sine = sine_of(THETA[inner])
    normal = np.cross(m, torque.polarizer) / sine[:, None]
    absorbed = turning.absorbed_spin_current(torque.free)[0, inner]
    expected = torque.towards_free * torque.table.g[inner] * sine
    largest = np.abs(expected).max() or 1.0
    along = (absorbed * np.cross(normal, m)).sum(axis=1)
    across = np.abs((absorbed * normal).sum(axis=1)).max()
    return float(across / largest), float(np.abs(along - expected).max() / largest)
