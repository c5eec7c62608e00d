r"""Torques for micromagnetic codes: Slonczewski's form of a spacer, exact or fitted.

The codes know a fixed polarizer mp and a free layer of thickness t whose m obeys, besides the rest,

    dm/dt = gamma beta (epsilon(theta) m x (mp x m) + epsilon' mp x m),  beta = hbar J/(e t M_s),

with gamma = 1.760859628e11 rad/(s T) and beta in T. (OOMMF has beta/mu_0, in A/m,
and with it gamma_0 = mu_0 gamma = 2.2128e5 m/(A s).)
With ``epsilon = g/2`` the first part is eq. (1) with ``dm/dt = gamma T/(M_s t)``, if J is j0 where
the electrons flow from the fixed layer to the free one, and -j0 where they flow back. The second
part is the field-like torque of imaginary mixing conductances and exchange lengths; it has this
sign in all codes, where epsilon' is called eps_prime or EpsilonPrime and is a constant (`texts`
says where they define it). With ``F = Lambda_fixed^2``, ``R = Lambda_free^2`` and ``c =
cos(theta)`` epsilon has one of two forms:

- OOMMF's Oxs_SpinXferEvolve, of J. Xiao, A. Zangwill and M. D. Stiles (Phys. Rev. B 70, 172405):
  ``epsilon = q+/(AA + BB c) + q-/(AA - BB c)`` with ``AA = sqrt((F + 1)(R + 1))``, ``BB = sqrt((F -
  1)(R - 1))`` and ``2 q+- = P_fixed F sqrt((R + 1)/(F + 1)) +- P_free R sqrt((F - 1)/(R - 1))``;
- mumax3, mumax+, ubermag, magnum.np and cmtj: ``epsilon = P Lambda^2/((Lambda^2 + 1) + (Lambda^2 -
  1) c)``, the same with ``P_fixed = P_free`` and ``Lambda_fixed = Lambda_free``.

A spacer between strong ferromagnets (`paper.spacer`) has ``g = q+/(a + B c) + q-/(a - B c)``
with ``a = sqrt(A1 A2)``, and with F2 the free layer the first form is exactly that for

    Lambda_fixed = Lambda_free = sqrt((a + B)/(a - B)),
    P_fixed = B A2 P1/(a (a + B)) = (q+ + q-)/(a + B),  P_free = B P2/(a + B) = (q+ - q-)/(a + B).

The second one is exact where ``A2 P1 = a P2``, and cannot be where g changes sign. A custom field
of mumax3 takes any law; with interfaces and exchange lengths too the exact one is a quotient of
polynomials in c, of degree 1 over 2 (`spinfem.handoff.epsilon.Law`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import ArrayLike

from .._checks import FloatArray
from .._progress import progress_bar
from ..analogy import Analogy
from ..physics.directions import angle
from ..sample.pieces import Layer, direction
from ..sample.stack import Stack
from ..solution import Solution
from ..solver import solve
from ..solvers.elements import check_undriven, elements_of
from ..studies.sweeping import sweep
from . import texts
from .epsilon import NO_LAW, THETA, Table, fitted, fitted_constant, fitted_law, percent, sine_of
from .form import TorqueForm
from .place import EQUAL, Place
from .search import largest_errors
from .texts import Normal

if TYPE_CHECKING:
    import xarray


class NotCollinearError(ValueError):
    """Two polarizers are not collinear, so that there is no sum with one."""


class SlonczewskiTorque(TorqueForm):
    """The torque on a free layer from the spacer between it and a fixed one, as codes take it.

    Its numbers are those of `spinfem.handoff.form.TorqueForm`; the texts are here.
    """

    def oommf(self, *, normal: Normal = "z", allow_error: bool = False) -> str:
        """Return OOMMF's evolver, with this torque, as text for a MIF file.

        Parameters
        ----------
        normal : "x", "y" or "z", optional
            The code's axis along the stack's x, the normal of its films; the others follow in
            cyclic order, so that directions are turned, not mirrored. Default: z.
        allow_error : bool, optional
            Whether to write it with any error. Default: no.

        Raises
        ------
        ValueError
            If the error of the damping-like or the field-like part is above 5 % of the torque's
            maximum, unless that is allowed; the message names what is better. Or if normal is
            none of these.
        """
        return texts.oommf(self, normal, allow_error)

    def mumax3(self, *, normal: Normal = "z", allow_error: bool = False) -> str:
        """Return lines for a mumax3 script: Pol, Lambda, EpsilonPrime, J and the fixed layer.

        Parameters as of `oommf`.

        Raises
        ------
        ValueError
            As of `oommf` and of `single`: `mumax3_field` has no such limit.
        """
        return texts.mumax3(self, normal, allow_error)

    def mumax3_field(self, *, normal: Normal = "z", allow_error: bool = False) -> str:
        """Return lines for a mumax3 script: a custom field with the torque of `law`.

        Parameters and errors as of `oommf`.
        """
        return texts.mumax3_field(self, normal, allow_error)

    def ubermag(self, *, normal: Normal = "z", allow_error: bool = False) -> str:
        """Return Python code that makes a ``micromagneticmodel.Slonczewski`` of `single`.

        Parameters as of `oommf`. With ``normal="x"`` or ``"y"`` the code reads ``cell_z``, m, the
        edge of a cell along z, which its engine takes for t.

        Raises
        ------
        ValueError
            As of `oommf` and of `single`.
        """
        return texts.ubermag(self, normal, allow_error)

    def csv(self, *, allow_error: bool = False) -> str:
        """Return `table` as text, exact at its angles in the plane of both.

        Columns: ``theta_deg,g,epsilon,torque_per_j0_J_A`` and, of the field-like part,
        ``h,epsilon_prime,field_like_per_j0_J_A``. The torque, J/m2, over j0, is that along ``m x
        (mp x m)``, towards the fixed layer's m, and that along ``mp x m``; where both are collinear
        it is the limit in that plane, and g and h are those 0.01 degrees beside it.

        Parameters and errors as of `oommf`: out of that plane a table of one angle has an error,
        unless the angle is all that counts.
        """
        return texts.csv(self, allow_error=allow_error)


def slonczewski(
    solution: Solution, fixed: str | Sequence[str], free: str, *, progress: bool | None = None
) -> SlonczewskiTorque:
    """Return the torque on a free layer from the spacer between it and a fixed one.

    Exact for strong ferromagnets, transparent interfaces and uniform layers, whatever lies beyond,
    as long as that turns with the free layer or there is none; else with the error of its form:
    with interfaces, exchange lengths or graded layers OOMMF's form is fitted to `table`.

    Parameters
    ----------
    solution : Solution
        Of a single stack, in SI units.
    fixed : str or sequence of str
        A ferromagnet, or a group, with nothing but normal metals between it and the free layer. Or
        two, one on either side, with collinear magnetizations: then both spacers' torques are
        summed, and J counts as for the first one.
    free : str
        The layer that the torque acts on, or a group of layers, whose t is that of all of them.
    progress : bool, optional
        Whether to draw a progress bar, which counts directions that are solved, as in
        `spinfem.sweep`.

    Raises
    ------
    TypeError
        If it is no Solution.
    ValueError
        If it is a batch, the names are not those of such ferromagnets, one is that of a layer of a
        group, or numbers overflow.

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
    with progress_bar("torque", None, progress) as advance:
        return torque_of(solution, fixed, free, advance)


def torque_of(
    solution: Solution, fixed: str | Sequence[str], free: str, advance: Callable[[int], None]
) -> SlonczewskiTorque:
    """Return what `slonczewski` does; `advance` is told of how many directions were solved."""
    if not isinstance(solution, Solution):
        raise TypeError(f"solution must be a Solution, got {solution!r}")
    if solution.shape:
        raise ValueError(
            "solution must be that of a single stack for a hand-off, got a batch of shape "
            f"{solution.shape}; take a point of it: solution[i]"
        )
    check_undriven("a hand-off", solution.stack)
    names = (fixed,) if isinstance(fixed, str) else tuple(fixed)
    stack, e = solution.stack, elements_of(solution.stack)
    polarizers = [solution.turning(name) for name in names]
    body = solution.turning(free)
    layers = [layer for k in body if isinstance(layer := stack.elements[k], Layer)]
    if len(layers) < len(body):
        raise ValueError(f"free must be a layer, which has a thickness, got the lead {free!r}")
    _check_polarizers(solution, names, free)
    facing = [one[-1 if one < body else 0] for one in polarizers]
    place = Place.of(stack, facing, body[0])
    polarizer = e.m[place.fixed[0], 0]
    try:
        turning = solve(place.turned(stack, polarizer), 1.0)
    except ValueError as found:  # no spin sink where it is collinear with all others
        raise ValueError(
            f"{free!r} must be free to turn to 0 and 180 degrees, got {found}"
        ) from None
    table = _table(place, stack, turning, polarizer, names[0], free)
    if place.plain:
        spacer = Analogy(solution).spacer(names[0], free)
        form, Lambda = spacer.slonczewski[int(place.step > 0)], spacer.Lambda
    else:
        form, Lambda = fitted(table)
    if not (np.isfinite([*form, Lambda]).all() and np.isfinite(table).all()):
        raise ValueError("results must be finite, got an overflow of double precision")
    torque = SlonczewskiTorque(
        names,
        free,
        form,
        Lambda,
        not place.plain,
        0.0,
        fitted_constant(table),
        0.0,
        NO_LAW,
        table,
        polarizer,
        float(sum(layer.thickness for layer in layers)),
        float(solution.j0),
        float(place.step),
        place.beyond,
        place.partner,
        repr(stack)[len("Stack(") : -1],
        (),
    )
    law = torque.form_as_law if place.plain else fitted_law(table)
    torque = dataclasses.replace(torque, law=law)
    if torque.fitted or not place.symmetric:
        torque = _with_errors(torque, place, stack, advance)
    return dataclasses.replace(torque, notes=tuple(_notes(torque, place, turning)))


def _check_polarizers(solution: Solution, names: tuple[str, ...], free: str) -> None:
    """Raise unless these are neighbours of the free layer through normal metals, with one axis."""
    stack = solution.stack
    for name in names:
        solution.efficiency(name, free)  # raises
    if len(names) == 1:
        return
    sides = {stack.members(name) < stack.members(free) for name in names}
    if len(names) != 2 or len(sides) != 2:
        raise ValueError(
            f"fixed must be one ferromagnet, or one on either side of {free!r}, for a hand-off, "
            f"got {', '.join(map(repr, names)) or 'none'}"
        )
    first, second = (elements_of(stack).m[stack.members(name)[0], 0] for name in names)
    between = angle(first, second)
    if not between.collinear:
        degrees = np.degrees(np.arccos(np.clip(first @ second, -1.0, 1.0)))
        raise NotCollinearError(
            f"magnetizations of {names[0]!r} and {names[1]!r} must be collinear for a sum with one "
            f"polarizer, got {degrees:.4g} degrees between them; mumax3's custom fields "
            "(mumax3_field, or --to mumax3-field) of the two add up"
        )


def _table(
    place: Place, stack: Stack, turning: Solution, polarizer: FloatArray, fixed: str, free: str
) -> Table:
    """Return g and h of the stacks in which the free layer turns in one plane."""
    sine = sine_of(THETA)
    if place.plain:
        g = np.asarray(turning.efficiency(fixed, free)[1])[0]
        return Table(THETA, g, np.zeros_like(g), g / 2 * sine, np.zeros_like(g))
    m = np.asarray(cast(Layer, turning.stack.elements[place.free[0]]).m)[0]
    own = np.linalg.norm(np.cross(polarizer, m), axis=-1)
    g, h = (2 * part[0] / own for part in place.strengths(turning, m, polarizer))
    table = Table(THETA, g, h, g / 2 * sine, h / 2 * sine)
    if not place.symmetric:  # what is across both m need not vanish where these are collinear
        normal = np.cross(polarizer, m[THETA.size // 2])
        normal = normal / np.linalg.norm(normal)
        ends = np.stack([polarizer, -polarizer])
        there = solve(place.pointing(stack, ends), 1.0)
        inside, across = place.strengths(there, ends, polarizer, normal)
        table.strength[[0, -1]], table.field_strength[[0, -1]] = inside, across
    if np.abs(table.field_strength).max() > EQUAL * table.largest:
        return table
    return table._replace(h=np.zeros_like(h), field_strength=np.zeros_like(h))


def _with_errors(
    torque: SlonczewskiTorque, place: Place, stack: Stack, advance: Callable[[int], None]
) -> SlonczewskiTorque:
    """Return the same with errors, as the free layer turns any way."""

    def misfit_of_form(theta: FloatArray, inside: FloatArray, across: FloatArray) -> FloatArray:
        return np.abs(torque.epsilon(theta) * sine_of(theta) - inside)

    def misfit_of_field(theta: FloatArray, inside: FloatArray, across: FloatArray) -> FloatArray:
        return np.abs(torque.eps_prime * sine_of(theta) - across)

    def misfit_of_law(theta: FloatArray, inside: FloatArray, across: FloatArray) -> FloatArray:
        damping, field = torque.law(theta)
        return np.hypot(damping * sine_of(theta) - inside, field * sine_of(theta) - across)

    # the law of a plain place is its form, and there is nothing else
    misfits = [misfit_of_form, *([] if place.plain else [misfit_of_field, misfit_of_law])]
    found = largest_errors(misfits, place, stack, torque.polarizer, advance)
    errors = [error if error > EQUAL else 0.0 for error in np.array(found) / torque.table.largest]
    own, field, law = (errors[0], 0.0, errors[0]) if place.plain else errors
    return dataclasses.replace(
        torque, error=own, field_error=field, law=torque.law._replace(error=law)
    )


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


def _notes(torque: SlonczewskiTorque, place: Place, turning: Solution) -> list[str]:
    """Collect what the form leaves out."""
    fixed, free, found = torque.source, torque.free, []
    reach = (
        f"epsilon sin(theta) of OOMMF's form is off by up to {percent(torque.error)} of the "
        "torque's maximum."
    )
    if place.beyond:
        names = ", ".join(map(repr, place.beyond))
        found.append(
            f"Behind {free!r} there is {names}: the effective P of {free!r} is that of their "
            f"directions now and changes as they turn against each other. As {free!r} turns alone, "
            f"any way, {reach} "
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
            f"Behind {fixed} there is {names}: the effective P of {fixed} is that of their "
            "directions now and changes as they turn against each other."
        )
    if not (place.beyond or place.symmetric):
        found.append(
            f"{fixed} has exchange lengths and lets pass what is across its m: as {free!r} "
            f"turns any way, {reach}"
        )
    if len(place.free) > 1:
        names = ", ".join(turning.stack.element_names[k] for k in place.free)
        found.append(
            f"{free!r} is {names}, which turn as one; t is the sum of their thicknesses: if some "
            "of them stand for interfaces, take that of the others."
        )
    if len(place.along) > len(place.free):
        names = ", ".join(turning.stack.element_names[k] for k in place.along)
        found.append(f"These are taken to turn as one: {names}. t is that of {free!r} alone.")
    if place.weak and not place.is_whole(turning.stack):
        found.append(
            f"{free!r} has exchange lengths: counted is what enters it from this spacer, and what "
            "leaves it on its other side counts there. What both add to differs from what it "
            f"absorbs by up to {percent(_relaxed(torque, place, turning))} of the torque's maximum."
        )
    return found


def _relaxed(torque: SlonczewskiTorque, place: Place, turning: Solution) -> float:
    """Largest spin current across m that enters the free layer and is not absorbed by it.

    As a fraction of the torque's maximum.
    """
    m = np.asarray(cast(Layer, turning.stack.elements[place.free[0]]).m)
    rest = place.entering(turning, 1) + place.entering(turning, -1)
    rest = rest - turning.absorbed_spin_current(torque.free)
    rest = rest - (rest * m).sum(axis=-1, keepdims=True) * m
    return float(np.linalg.norm(rest, axis=-1).max() / 2 / torque.table.largest)
