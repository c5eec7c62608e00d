"""Random stacks over the whole legal range, for hypothesis."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
from hypothesis import strategies as st

import spinfem as sf

COLLINEAR = 8 * np.finfo(float).eps  # the largest sine of collinear directions

nice = st.sampled_from([1.0, 0.5, 2.0])
conductivities = st.one_of(nice, st.floats(-2, 2).map(lambda e: 10.0**e))
lengths = st.one_of(nice, st.floats(-1, 1).map(lambda e: 10.0**e))
polarizations = st.one_of(
    st.sampled_from([0.0, 0.5, -0.5, 0.9]),
    # down to 1e-9: dr goes with p^2 and would leave the range of doubles
    st.floats(-0.99, 0.99, allow_subnormal=False).map(lambda p: round(p, 9)),
)


@st.composite
def directions(draw):
    if draw(st.booleans()):
        return sf.direction(
            draw(st.sampled_from([0.0, 45.0, 60.0, 90.0, 180.0])),
            draw(st.sampled_from([0.0, 90.0, 120.0, 180.0])),
        )
    v = np.array([draw(st.floats(-1, 1)) for _ in range(3)])
    return v if np.abs(v).max() > 1e-3 else np.array([0.0, 0.0, 1.0])


@st.composite
def layers(draw, magnetic, name=None, decades=(-6, 3)):
    l = draw(lengths)
    d = l * draw(st.one_of(nice, st.floats(*decades).map(lambda e: 10.0**e)))
    if draw(st.integers(0, 19)) == 0:
        l = np.inf
    D = draw(conductivities)
    if magnetic:
        return sf.Ferromagnet(D=D, l=l, p=draw(polarizations))(d, m=draw(directions()), name=name)
    return sf.NormalMetal(D=D, l=l)(d, name=name)


@st.composite
def ends(draw):
    kind = draw(st.sampled_from(["reservoir", "blocking", "normal", "magnetic"]))
    if kind == "reservoir":
        return sf.Reservoir()
    if kind == "blocking":
        return sf.SpinBlocking()
    D, l = draw(conductivities), draw(lengths)
    if kind == "normal":
        return sf.Lead(sf.NormalMetal(D=D, l=l))
    metal = sf.Ferromagnet(D=D, l=l, p=draw(polarizations))
    return sf.Lead(metal, m=draw(directions()))


@st.composite
def stacks(draw, max_ferromagnets=8, contacts=True, decades=(-6, 3)):
    """Ferromagnets with up to two normal layers between them, or in contact, and any ends.

    Thicknesses are 10 to the power of `decades`, in spin diffusion lengths.
    """
    pieces = [draw(ends())]
    for i in range(draw(st.integers(1, max_ferromagnets))):
        fewest = 0 if contacts or i == 0 else 1
        for _ in range(draw(st.sampled_from([n for n in (0, 1, 1, 1, 2) if n >= fewest]))):
            pieces.append(draw(layers(False, decades=decades)))
        pieces.append(draw(layers(True, f"magnet {i + 1}", decades=decades)))
    for _ in range(draw(st.integers(0, 2))):
        pieces.append(draw(layers(False, decades=decades)))
    return sf.Stack([*pieces, draw(ends())])


@st.composite
def magnets(draw, exchange):
    """A ferromagnet, with finite exchange lengths if asked for: either of them, or both."""
    D, l, p = draw(conductivities), draw(lengths), draw(polarizations)
    given = draw(st.sampled_from([("lambda_J",), ("lambda_phi",), ("lambda_J", "lambda_phi")]))
    scales = st.one_of(nice, st.floats(-2, 1).map(lambda e: 10.0**e))
    found = {key: l * draw(scales) for key in given} if exchange else {}
    if exchange and draw(st.integers(0, 19)) == 0:
        found[given[0]] = np.inf
    return sf.Ferromagnet(D=D, l=l, p=p, **found)


@st.composite
def joints(draw, left, right):
    """An interface that may stand between two pieces, or None."""
    metals = [e.material for e in (left, right) if not isinstance(e, sf.Reservoir)]
    magnetic = [metal for metal in metals if isinstance(metal, sf.Ferromagnet)]
    strong = [metal for metal in magnetic if metal.is_strong]
    resistance = draw(st.one_of(st.just(0.0), nice, st.floats(-3, 2).map(lambda e: 10.0**e)))
    lost = st.one_of(st.just(0.0), nice, st.floats(-6, 1.5).map(lambda e: 10.0**e))
    delta = draw(lost) if resistance else 0.0
    if not magnetic:
        return sf.Interface(resistance, delta=delta)
    gamma = draw(polarizations)
    if len(magnetic) == 2:
        if len(strong) < 2 or np.linalg.norm(np.cross(left.m, right.m)) > COLLINEAR:
            return None
        # along which of two opposite m gamma is, nobody has said
        gamma = gamma if left.m @ right.m > 0 else 0.0
        return sf.Interface(resistance, gamma=gamma, delta=delta)
    mixing = None
    may_mix = strong or resistance or len(metals) == 2
    if may_mix and draw(st.booleans()):
        G_r = 10.0 ** draw(st.floats(-2, 3))
        mixing = G_r * complex(1, draw(st.sampled_from([0.0, 0.1, -0.1, 1.0, -3.0])))
    return sf.Interface(resistance, gamma=gamma, delta=delta, mixing=mixing)


def _aligned(draw, previous, piece):
    """Give a strong ferromagnet in contact with another its m or the opposite, half of the time."""
    both = (previous, piece)
    if not all(getattr(e, "m", None) is not None and e.material.is_strong for e in both):
        return piece
    sign = draw(st.sampled_from([0, 0, 1, -1]))
    return dataclasses.replace(piece, m=sign * previous.m) if sign else piece


@st.composite
def _complete(draw, max_ferromagnets, decades, diffusion=False):
    pieces = [draw(ends())]
    for i in range(draw(st.integers(1, max_ferromagnets))):
        for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2]))):
            pieces.append(draw(layers(False, decades=decades)))
        layer = draw(layers(True, f"magnet {i + 1}", decades=decades))
        if draw(st.integers(0, 2)) == 0:
            material = dataclasses.replace(draw(magnets(True)), l=layer.material.l)
            layer = dataclasses.replace(layer, material=material)
        pieces.append(layer)
    for _ in range(draw(st.integers(0, 2))):
        pieces.append(draw(layers(False, decades=decades)))
    pieces.append(draw(ends()))
    for place, name in ((0, "left"), (-1, "right")):
        if getattr(pieces[place], "m", None) is not None:
            material = draw(magnets(draw(st.booleans())))
            pieces[place] = sf.Lead(material, m=pieces[place].m, name=f"{name} magnet")
    if diffusion:
        pieces = [_polarized_twice(draw, piece) for piece in pieces]
    chain = pieces[:1]
    for piece in pieces[1:]:
        piece = _aligned(draw, chain[-1], piece)
        blocked = isinstance(chain[-1], sf.SpinBlocking) or isinstance(piece, sf.SpinBlocking)
        joint = None if blocked or draw(st.booleans()) else draw(joints(chain[-1], piece))
        chain += [piece] if joint is None else [joint, piece]
    return sf.Stack(chain)


def _polarized_twice(draw, piece):
    """Give a ferromagnet a diffusion polarization of its own, two times of three."""
    if getattr(piece, "m", None) is None or draw(st.integers(0, 2)) == 0:
        return piece
    material = dataclasses.replace(piece.material, beta_D=draw(polarizations))
    return dataclasses.replace(piece, material=material)


def drifting(max_ferromagnets=4, decades=(-3, 2)):
    """Like `samples`, most ferromagnets with two polarizations."""
    return _complete(max_ferromagnets, decades, True).filter(has_sink)


def samples(max_ferromagnets=4, decades=(-3, 2)):
    """Like `stacks`, with interfaces and finite exchange lengths, in layers and in leads.

    Something always absorbs a uniform mu_s. An interface may stand wherever it is allowed: between
    ferromagnets if they are strong and collinear, never at a spin-blocking end.
    """
    return _complete(max_ferromagnets, decades).filter(has_sink)


def has_sink(stack):
    """Whether anything absorbs a uniform mu_s: decided here from the description alone."""
    pieces = [e for e in stack.elements if isinstance(e, sf.Layer | sf.Lead)]
    ends = (stack.left, stack.right)
    if not all(any(map(_absorbs, part)) for part in _shut_in(stack)):
        return False
    if any(isinstance(e, sf.Reservoir) for e in ends) or any(
        np.isfinite(e.material.l) for e in pieces
    ):
        return True
    if any(joint is not None and joint.delta for joint in stack.joints):
        return True
    m = [e.m for e in pieces if e.m is not None and _turns(e.material)]
    return any(np.linalg.norm(np.cross(a, b)) > COLLINEAR for a, b in itertools.pairwise(m))


def _shut_in(stack):
    """Ferromagnets in contact that mixing conductances, or ends, let nothing across m through."""
    found, part = [], None
    closing = sf.SpinBlocking | sf.SpinSource
    for k, e in enumerate(stack.elements[1:-1]):
        if e.m is None or e.material.is_strong:
            part = None
            continue
        before, behind = stack.joints[k : k + 2]
        if _mixes(before) or (k == 0 and isinstance(stack.left, closing)):
            part = []
        if part is not None:
            part.append(e.material)
            last = k == len(stack.layers) - 1 and isinstance(stack.right, closing)
            if _mixes(behind) or last:
                found.append(part)
                part = None
    return found


def _mixes(joint):
    return joint is not None and joint.mixing is not None


def _absorbs(metal):
    lengths = (metal.l, metal.lambda_J, metal.lambda_phi)
    return any(length is not None and np.isfinite(length) for length in lengths)


def _turns(metal):
    """Whether a ferromagnet takes up mu_s across m at all."""
    exchange = [length for length in (metal.lambda_J, metal.lambda_phi) if length is not None]
    return metal.is_strong or bool(np.isfinite(exchange).any())


def contact_amplification(stack):
    """1/sin of the smallest angle at which two strong ferromagnets in contact cross; at least 1.

    What they absorb is (j_a - c j_b)/sin: so much are the roundings of the two currents amplified.
    """
    pairs = itertools.pairwise(stack.elements)
    touching = [
        (a.m, b.m)
        for a, b in pairs
        if all(getattr(e, "m", None) is not None and e.material.is_strong for e in (a, b))
    ]
    sines = [
        np.min(s[s > COLLINEAR], initial=1.0)
        for s in (np.atleast_1d(np.linalg.norm(np.cross(a, b), axis=-1)) for a, b in touching)
    ]
    return 1 / min(sines, default=1.0)


@st.composite
def driven_samples(draw, max_ferromagnets=3, decades=(-3, 2)):
    """Like `samples`, with mu_s or a spin current given at one end or at both."""
    stack = draw(samples(max_ferromagnets, decades))
    pieces, ends = list(stack.pieces), draw(st.sampled_from([(0,), (-1,), (0, -1)]))
    for end in ends:
        joint, beside = stack.joints[end], stack.elements[1 if end == 0 else -2]
        if joint is not None and isinstance(stack.elements[end], sf.Lead):
            continue  # which the interface is made for
        vector = np.array([draw(st.floats(-1, 1).map(lambda x: round(x, 3))) for _ in range(3)])
        is_strong = beside.m is not None and beside.material.is_strong
        if joint is None and draw(st.booleans()):
            pieces[end] = sf.SpinSource(vector)
            continue
        if is_strong and (joint is None or joint.mixing is None):
            vector = vector[0] * beside.m
        no_resistance = joint is not None and not joint.resistance and joint.mixing is not None
        if no_resistance and beside.m is not None and not is_strong:
            continue
        pieces[end] = sf.Reservoir(vector)
    driven = sf.Stack(pieces)
    return driven if has_sink(driven) else stack
