"""Random stacks over the whole legal range, for hypothesis."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st

import spinfem as sf

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


def has_sink(stack):
    """Whether anything absorbs a uniform mu_s: decided here from the description alone."""
    pieces = [e for e in stack.elements if isinstance(e, sf.Layer | sf.Lead)]
    ends = (stack.left, stack.right)
    if any(isinstance(e, sf.Reservoir) for e in ends) or any(
        np.isfinite(e.material.l) for e in pieces
    ):
        return True
    m = [e.m for e in pieces if e.m is not None]
    return any(
        np.linalg.norm(np.cross(a, b)) > 8 * np.finfo(float).eps for a, b in itertools.pairwise(m)
    )


def contact_amplification(stack):
    """1/sin of the smallest angle at which two ferromagnets in contact cross; at least 1.

    What they absorb is (j_a - c j_b)/sin: so much are the roundings of the two currents amplified.
    """
    pairs = itertools.pairwise(stack.elements)
    touching = [
        (a.m, b.m)
        for a, b in pairs
        if getattr(a, "m", None) is not None and getattr(b, "m", None) is not None
    ]
    sines = [
        np.min(s[s > 8 * np.finfo(float).eps], initial=1.0)
        for s in (np.atleast_1d(np.linalg.norm(np.cross(a, b), axis=-1)) for a, b in touching)
    ]
    return 1 / min(sines, default=1.0)
