r"""Exact results for uniform layers: the paper's closed forms and the stack of any length.

Nothing here uses finite elements, the chain or the solvers, so that it can check them:

- `contact`: one F/N or N/F interface of half-infinite layers, eqs. (7), (8);
- `valve`: F1/N/F2 between reservoirs, eqs. (A1), (A2), (9), (10), and the efficiencies of (1)
  with the signs of (B1);
- `solve`: any stack, by effective driving forces and stiffnesses seen from each rod.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ._checks import FloatArray, number
from .elements import Elements, check_plain, elements_of
from .interfaces import Faces, across, angle, check_spin_sink, contact_absorption
from .mesh import layer_nodes
from .solution import Solution, check_current
from .stack import Stack
from .transport import Given


def contact(p: ArrayLike, G_F: ArrayLike, G_N: ArrayLike, order: str = "F/N") -> FloatArray:
    """Return mu(0)/j0 at the contact of a half-infinite ferromagnet and normal metal.

    ``p j0 = (G_F + G_N) mu(0)`` at F/N, eq. (7); ``-p j0 = (G_F + G_N) mu(0)`` at N/F, eq. (8);
    with electrons flowing from the left to the right for positive j0.

    Parameters
    ----------
    p : float or array
        Polarization of the ferromagnet.
    G_F, G_N : float or array
        Stiffnesses ``D/(2 l)``, S/m2.
    order : "F/N" or "N/F"
        What is on the left and on the right.

    Returns
    -------
    float or array
        Spin potential along m per unit particle current, Ohm m2.
    """
    if order not in ("F/N", "N/F"):
        raise ValueError(f"order of a contact must be 'F/N' or 'N/F', got {order!r}")
    sign = 1.0 if order == "F/N" else -1.0
    numbers = (("p", p), ("G_F", G_F), ("G_N", G_N))
    p, G_F, G_N = (np.asarray(number(name, value)) for name, value in numbers)
    mu: FloatArray = sign * p / (G_F + G_N)
    return mu


@dataclass(frozen=True)
class Valve:
    """F1/N/F2 between reservoirs, Appendices A and B, per unit particle current.

    Signs, (B1), with c the cosine of the angle and for p of any sign: ``p1 g2 < 0`` where ``(p2/p1)
    B c > A2``, and ``p2 g1 < 0`` where ``B c (p1/p2) > A1``; never both, and only if p1 p2 c > 0.

    Attributes
    ----------
    A1, A2, B : float or array
        ``A_i = G_i coth(d_i/l_i) + G_N coth(d_N/l_N)``, ``B = G_N/sinh(d_N/l_N)``, S/m2.
    mu1, mu2 : float or array
        Spin potential at the faces of the spacer, along m1 and m2, Ohm m2; (A2).
    g1, g2 : float or array
        Efficiencies of (1): ``g1 = -B mu2/j0``, ``g2 = B mu1/j0``.
    spin_resistance : float or array
        ``(p1 mu1 - p2 mu2)/(2 j0)``, Ohm m2.
    face_currents : array, shape (..., 4, 3)
        j_s/j0 of (A1) at F1, N1, N2 and F2: the two sides of both faces of the spacer.
    """

    A1: FloatArray
    A2: FloatArray
    B: FloatArray
    mu1: FloatArray
    mu2: FloatArray
    g1: FloatArray
    g2: FloatArray
    spin_resistance: FloatArray
    face_currents: FloatArray


def valve(
    G: tuple[float, float, float],
    thickness: tuple[ArrayLike, ArrayLike, ArrayLike],
    p: tuple[ArrayLike, ArrayLike],
    m1: ArrayLike,
    m2: ArrayLike,
) -> Valve:
    """Return the closed form of a spin valve between reservoirs, (A1), (A2), (1).

    Written in ``o_i = A_i - B``, so that nothing cancels where d_N/l_N is tiny: ``A1 A2 - B^2 c^2 =
    o1 o2 + B (o1 + o2) + B^2 s^2`` and ``A2 p1 - B c p2 = o2 p1 + B (p1 - c p2)``, with ``1 - |c|``
    from |m2 -/+ m1|.

    Parameters
    ----------
    G : (G1, G_N, G2)
        Stiffnesses ``D/(2 l)`` of F1, N and F2, S/m2.
    thickness : (d1/l1, d_N/l_N, d2/l2)
        Thicknesses in spin diffusion lengths.
    p : (p1, p2)
        Polarizations.
    m1, m2 : array, shape (..., 3)
        Unit magnetizations.
    """
    z1, zN, z2 = (np.asarray(number("thickness", z)) for z in thickness)
    G1, GN, G2 = (np.asarray(number("G", g)) for g in G)
    p1, p2 = (np.asarray(number("p", x)) for x in p)
    m1, m2 = np.asarray(number("m1", m1)), np.asarray(number("m2", m2))
    Gt1, Gt2 = G1 / np.tanh(z1), G2 / np.tanh(z2)
    B = -2 * GN * np.exp(-zN) / np.expm1(-2 * zN)  # G_N/sinh, which does not overflow
    shunt = GN * np.tanh(zN / 2)  # G~_N - B
    o1, o2 = Gt1 + shunt, Gt2 + shunt
    sign, cosine, rest = angle(m1, m2)
    det = o1 * o2 + B * (o1 + o2) + B**2 * rest * (1 + cosine)
    same = sign * p2
    apart = np.where(rest < 0.5, (p1 - same) + rest * same, p1 - cosine * same)  # p1 - c p2
    back = np.where(rest < 0.5, (same - p1) + rest * p1, same - cosine * p1)  # +-(p2 - c p1)
    mu1 = (o2 * p1 + B * apart) / det
    mu2 = -(o1 * p2 + B * sign * back) / det
    # p1 mu1 - p2 mu2, and mu1 -/+ mu2 at small angles
    both = np.where(
        rest < 0.5, (p1 - same) ** 2 + 2 * rest * p1 * same, p1**2 + p2**2 - 2 * cosine * p1 * same
    )
    work = (o2 * p1**2 + o1 * p2**2 + B * both) / det
    between = (o2 * p1 + o1 * same + B * rest * (p1 + same)) / det
    u1, u2 = mu1[..., None] * m1, mu2[..., None] * m2
    # u1 - u2 along and across m1
    length = np.where(rest < 0.5, between + mu2 * sign * rest, mu1 - mu2 * sign * cosine)
    drop = length[..., None] * m1 - mu2[..., None] * across(m2, m1)
    along = [np.asarray(a)[..., None] for a in (p1 - Gt1 * mu1, p2 + Gt2 * mu2)]
    loss, pull = shunt[..., None], B[..., None] * drop
    currents = np.broadcast_arrays(along[0] * m1, loss * u1 + pull, pull - loss * u2, along[1] * m2)
    return Valve(o1 + B, o2 + B, B, mu1, mu2, -B * mu2, B * mu1, work / 2, np.stack(currents, -2))


def solve(
    stack: Stack, j0: ArrayLike | None = None, *, current_density: ArrayLike | None = None
) -> Solution:
    """Return the exact solution of a stack of uniform layers.

    Seen from a rod, all that lies on its left is an effective driving force and a stiffness,
    ``j_s . m = P - S mu``, and on its right ``j_s . m = P + S mu``; both are carried along the
    stack layer by layer, and ``mu = (P_left - P_right)/(S_left + S_right)``.

    Parameters
    ----------
    stack : Stack
        The sample; a batch is solved point by point at once.
    j0 : float or array, optional
        Particle current, A/m2, positive when electrons flow towards +x; default 1.
    current_density : float or array, optional
        The same in the conventional sign, ``J = -j0``; give one of the two.

    Returns
    -------
    Solution
        The same object as from `spinfem.solve`.

    Raises
    ------
    ValueError
        If there is no spin sink, both currents are given, or the stack has interfaces, finite
        exchange lengths or graded layers.
    """
    current = check_current(stack, j0, current_density)
    check_plain("the exact stack", stack)
    e = elements_of(stack)
    check_spin_sink(e)
    B, S = _two_ports(e)
    faces = _faces(e, B, S)
    transport = Given(e, faces, partial(_field, e, faces), partial(_coupling, e, B, S))
    return Solution(stack, current, transport, solve)


class ExactField(NamedTuple):
    """mu_s and j_s in a uniform layer, as in Appendix A; a `fields.LayerField`."""

    z: FloatArray  # (N or 1,) d/l
    G: FloatArray  # (N or 1,) D/2l
    left: FloatArray  # (N, 3) mu_s at the left face
    right: FloatArray  # (N, 3) and at the right face
    inflow: FloatArray  # (N, 3) j_s at the left face

    def samples(self) -> FloatArray:
        """Return points that are denser towards the faces of a thick layer."""
        return layer_nodes(self.z, 96)

    def evaluate(self, xi: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mu_s/j0 and j_s/j0 at positions xi.

        ``j_s = j_s(left) - kappa int mu_s dx``, with ``cosh z - cosh(z - y) = 2 sinh(z - y/2)
        sinh(y/2)`` so that thin layers keep their digits.
        """
        z, y = self.z, xi * self.z
        w = z - y
        falling = np.where(z > 0, _ratio(w, z), 1 - xi)[..., None]
        rising = np.where(z > 0, _ratio(y, z), xi)[..., None]
        full = -np.expm1(-2 * np.where(z > 0, z, 1.0))
        from_left = np.expm1(-(z + w)) * np.expm1(-y) / full
        from_right = np.exp(-w) * np.expm1(-y) ** 2 / full
        mu = falling * self.left + rising * self.right
        lost = from_left[..., None] * self.left + from_right[..., None] * self.right
        return mu, self.inflow - np.where(z > 0, self.G, 0.0)[..., None] * lost


def _field(e: Elements, faces: Faces, layer: int) -> ExactField:
    k = layer + 1
    return ExactField(
        e.thickness[layer] / e.l[k],
        e.D[k] / (2 * e.l[k]),
        faces.potential_right[layer],
        faces.potential_left[layer + 1],
        faces.current_right[layer],
    )


def _coupling(e: Elements, B: FloatArray, S: FloatArray, first: int, stop: int) -> FloatArray:
    return next(k.B for k in _links(e, B, S) if (k.first, k.stop) == (first, stop))


def _ratio(a: FloatArray, z: FloatArray) -> FloatArray:
    """sinh(a)/sinh(z) for 0 <= a <= z, without overflow."""
    z = np.where(z > 0, z, 1.0)
    ratio: FloatArray = np.exp(a - z) * np.expm1(-2 * a) / np.expm1(-2 * z)
    return ratio


def _two_ports(e: Elements) -> tuple[FloatArray, FloatArray]:
    """Coupling ``B = G/sinh(d/l)`` and shunt ``S = G tanh(d/2l)`` of every element, (A1).

    A lead is a spring of stiffness G to mu_s = 0; its far side is the ground.
    """
    z = e.thickness / e.l[1:-1]
    unit = e.D[1:-1] / (2 * e.thickness)
    finite_z = np.where(z > 0, z, 1.0)
    ratio = np.where(z > 0, -2 * z * np.exp(-z) / np.expm1(-2 * finite_z), 1.0)
    B, S = np.zeros((2, e.magnetic.size, e.points))
    B[1:-1], S[1:-1] = unit * ratio, unit * z * np.tanh(z / 2)
    B[[0, -1]] = e.lead_stiffness
    return B, S


class Link(NamedTuple):
    """What connects two neighbouring rods: a ferromagnet, or a run of normal metals."""

    first: int  # element
    stop: int  # behind the last element; also the node on the right
    B: FloatArray
    S_left: FloatArray
    S_right: FloatArray


class Load(NamedTuple):
    """What is seen from a rod on one side of it: ``j_s . m = base + rest -/+ S mu``.

    The driving force is kept in two parts: it stays nearly the same across thin layers, and
    what is left of two equal forces at a rod is then not lost.
    """

    S: FloatArray
    base: FloatArray
    rest: FloatArray


def _links(e: Elements, B: FloatArray, S: FloatArray) -> list[Link]:
    links: list[Link] = []
    for k in range(e.magnetic.size):
        if (k == 0 and e.reservoir[0]) or (k == e.magnetic.size - 1 and e.reservoir[1]):
            continue
        if links and not e.magnetic[k] and not e.magnetic[k - 1]:
            a = links.pop()
            total = a.B + a.S_right + S[k] + B[k]
            shunt = (a.S_right + S[k]) / total
            links.append(
                Link(
                    a.first, k + 1, a.B * B[k] / total, a.S_left + a.B * shunt, S[k] + B[k] * shunt
                )
            )
        else:
            links.append(Link(k, k + 1, B[k], S[k], S[k]))
    return links


def _through(load: Load, link: Link, turn: tuple[FloatArray, ...], force: FloatArray) -> Load:
    """Carry a load through a link to the next rod; `force` is p along that rod."""
    sign, cosine, rest = turn
    q = load.S + link.S_left
    total = np.where(q + link.B > 0, q + link.B, 1.0)  # 0 behind a blocking end alone
    t, missing = link.B / total, q / total
    w, lost = t * cosine, missing + t * rest
    S = link.S_right + link.B * rest * (1 + cosine) + cosine**2 * link.B * missing
    kept = w > 0.5
    return Load(
        S,
        np.where(kept, sign * load.base, force),
        np.where(
            kept,
            w * sign * load.rest - lost * (sign * load.base - force),
            w * (sign * (load.base + load.rest) - force),
        ),
    )


def _sweep(e: Elements, links: list[Link], rods: FloatArray, step: int) -> dict[int, Load]:
    """Carry the load along the stack; step 1: seen to the left, -1: seen to the right."""
    zero = np.zeros(e.points)
    load = Load(zero, zero, zero)  # at the ground, whose rod is a zero vector
    loads = {}
    for link in links[::step]:
        here, there = (link.first, link.stop)[::step]
        if step < 0:
            link = link._replace(S_left=link.S_right, S_right=link.S_left)
        m = e.m[link.first]
        rod = rods[there]
        if e.magnetic[link.first]:  # at a crossing, count along the magnetization itself
            crossing = ~rod.any(axis=-1, keepdims=True)
            rod = np.where(crossing, m, rod)
        # the sign alone: a product of unit vectors is 1 only up to rounding
        against = np.einsum("...i,...i->...", m, rod) < 0
        force = np.where(against, -e.p[link.first], e.p[link.first])
        load = _through(load, link, angle(rods[here], rod), force)
        loads[there] = load
    return loads


def _faces(e: Elements, B: FloatArray, S: FloatArray) -> Faces:
    """Solve for all faces: rods first, then what lies between them."""
    size, points = e.magnetic.size, e.points
    links = _links(e, B, S)
    rods = np.zeros((size + 1, points, 3))
    for node in range(1, size):
        a, b = e.magnetic[node - 1], e.magnetic[node]
        rods[node] = e.m[node - 1] if a else e.m[node]
        if a and b:
            rods[node] *= angle(e.m[node - 1], e.m[node]).collinear[..., None]
    rods[1] *= not e.reservoir[0]
    rods[-2] *= not e.reservoir[1]

    to_left, to_right = _sweep(e, links, rods, 1), _sweep(e, links, rods, -1)
    amplitude, along = np.zeros((2, size + 1, points))  # mu and j_s along every rod
    for node in to_left.keys() & to_right.keys():
        a, b = to_left[node], to_right[node]
        free = rods[node].any(axis=-1)
        mu = ((a.base - b.base) + (a.rest - b.rest)) / np.where(free, a.S + b.S, 1.0)
        amplitude[node] = np.where(free, mu, 0.0)
        along[node] = a.base + (a.rest - a.S * mu)

    u = amplitude[..., None] * rods
    inflow, outflow, absorbed_left, absorbed_right = np.zeros((4, size + 1, points, 3))
    for link in links:
        i, k = link.first, link.stop
        if e.magnetic[i]:
            for node, load, flow in ((i, to_right, inflow), (k, to_left, outflow)):
                if node not in load:
                    continue  # the ground
                crossing = ~rods[node].any(axis=-1)
                own = np.einsum("...i,...i->...", rods[node], e.m[i]) * along[node]
                blocked = load[node].base + load[node].rest
                flow[node] = np.where(crossing, blocked, own)[..., None] * e.m[i]
            continue
        pull_left = (link.B * amplitude[k])[..., None] * across(rods[k], rods[i])
        pull_right = (link.B * amplitude[i])[..., None] * across(rods[i], rods[k])
        inflow[i] = along[i][..., None] * rods[i] - pull_left
        _fill_run(link, B, S, u, inflow, outflow)
        outflow[k] = along[k][..., None] * rods[k] + pull_right
        if i > 0 and e.magnetic[i - 1]:
            absorbed_left[i] = pull_left
        if k < size and e.magnetic[k]:
            absorbed_right[k] = pull_right
    for node in range(1, size):
        if e.magnetic[node - 1] and e.magnetic[node]:
            m_a, m_b = e.m[node - 1], e.m[node]
            j_a = np.einsum("...i,...i->...", outflow[node], m_a)
            j_b = np.einsum("...i,...i->...", inflow[node], m_b)
            absorbed_left[node], absorbed_right[node] = contact_absorption(m_a, m_b, j_a, j_b)
    if e.reservoir[0]:
        outflow[1] = inflow[1]
    if e.reservoir[1]:
        inflow[-2] = outflow[-2]
    faces = slice(1, -1)
    return Faces(*(a[faces] for a in (u, u, outflow, inflow, absorbed_left, absorbed_right)))


def _fill_run(
    link: Link,
    B: FloatArray,
    S: FloatArray,
    u: FloatArray,
    inflow: FloatArray,
    outflow: FloatArray,
) -> None:
    """Spin potential and spin current between the layers of a run of normal metals."""
    inner = range(link.first + 1, link.stop)
    joined = [(B[link.first], S[link.first])]  # from the left rod up to each inner node
    for k in inner:
        b, s = joined[-1]
        total = b + s + S[k] + B[k]
        joined.append((b * B[k] / total, S[k] + B[k] * (s + S[k]) / total))
    for k in reversed(inner):
        b, s = joined[k - link.first - 1]
        total = b + s + S[k] + B[k]
        u[k] = (b / total)[..., None] * u[link.first] + (B[k] / total)[..., None] * u[k + 1]
    for k in inner:
        outflow[k] = inflow[k - 1] - S[k - 1][..., None] * (u[k - 1] + u[k])
        inflow[k] = outflow[k]
