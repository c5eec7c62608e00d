"""Amplitudes at a frequency, against exponentials in 60 digits, the saddle point and limits."""

import dataclasses

import extremes
import numpy as np
import reference

import spinfem as sf

SEED = 1806


def with_times(rng, stack):
    """The stack with a finite l and a tau in every metal, and a frequency up to omega tau = 1e4."""
    pieces, known = [], {}
    for piece in stack.pieces:
        if isinstance(piece, sf.Layer | sf.Lead):
            metal = piece.material
            if metal not in known:
                l = metal.l if np.isfinite(metal.l) else extremes.power(rng, -3, 3)
                tau = extremes.power(rng, -2, 2)
                known[metal] = dataclasses.replace(metal, l=l, tau=tau)
            piece = dataclasses.replace(piece, material=known[metal])
        pieces.append(piece)
    slowest = max(metal.tau for metal in known.values())
    return sf.Stack(pieces), extremes.power(rng, -6, 4) / (2 * np.pi * slowest)


def check(model, numbers, limit=extremes.LIMIT):
    missed, worst = {}, 0.0
    for i in numbers:
        rng = np.random.default_rng([SEED, i])
        stack, frequency = with_times(rng, extremes.extreme(rng, model))
        exact = reference.solve(stack, frequency=frequency)
        for name, solve in (("solve", sf.solve), ("analytic", sf.analytic.solve)):
            with np.errstate(all="ignore"):
                found = extremes.errors(solve(stack, frequency=frequency), exact)
            worst = max(worst, *found.values())
            missed.update({(i, name, q): x for q, x in found.items() if not x < limit})
    assert not missed, missed
    return worst
