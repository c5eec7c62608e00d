"""Random stacks from the ends of what is legal, and how far a solver is off in them.

Drawn with numpy alone, so that a class and a seed are the same stack everywhere:
``extreme(np.random.default_rng([7, 3]), "mixing")`` is stack 3 of seed 7. As a script it prints
the errors of the solvers by class: ``python tests/extremes.py --points 200 --seed 1``.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import resource
import time
import warnings

import mpmath as mp
import numpy as np
from reference import COLLINEAR
from reference import solve as match
from strategies import contact_amplification, has_sink

import spinfem as sf

MODELS = ("plain", "contacts", "interfaces", "mixing", "exchange", "everything", "spin memory loss")
DIRECTIONS = ("random", "coplanar", "collinear", "antiparallel", "nearly collinear")
QUANTITIES = ("mu_s", "j_s", "torque", "dr", "RA", "mu_0")
INSIDE = (0.0, 1e-12, 1e-6, 0.01, 0.25, 0.5, 0.9, 1 - 1e-6, 1.0)
LIMIT = 1e-10
FLOOR = 1e-12  # of dr, relative to that of the same stack with collinear magnetizations
MEMORY = 4 * 2**30  # bytes: what needs more has failed
SOLVERS = {
    "solve": sf.solve,
    "saddle": lambda stack: sf.solve(stack, method="saddle"),
    "analytic": sf.analytic.solve,
}


# --- numbers ----------------------------------------------------------------------------------


def power(rng, low, high):
    """A number whose decades are uniform."""
    return 10.0 ** rng.uniform(low, high)


def chance(rng, probability):
    return rng.random() < probability


def polarization(rng):
    kind = rng.choice(["zero", "any", "any", "small", "full"])
    sign = rng.choice([-1.0, 1.0])
    if kind == "zero":
        return 0.0
    if kind == "any":
        return rng.uniform(-0.99, 0.99)
    return sign * (power(rng, -9, -2) if kind == "small" else 1 - power(rng, -12, -2))


def unit(v):
    return v / np.linalg.norm(v)


def directions(rng, kinds=DIRECTIONS):
    """A function that draws the magnetizations of one stack, which stand to each other somehow."""
    kind = rng.choice(kinds)
    axis = np.array([0.0, 0.0, 1.0]) if chance(rng, 0.3) else unit(rng.normal(size=3))
    other = unit(np.cross(axis, rng.normal(size=3)))

    def draw():
        if kind == "random":
            return unit(rng.normal(size=3))
        if kind == "coplanar":
            angle = rng.uniform(0, 2 * np.pi)
            return np.cos(angle) * axis + np.sin(angle) * other
        sign = 1.0 if kind == "collinear" else rng.choice([-1.0, 1.0])
        if kind != "nearly collinear" or chance(rng, 0.3):
            return sign * axis
        return sign * axis + power(rng, -12, -2) * unit(np.cross(axis, rng.normal(size=3)))

    return draw


# --- pieces -----------------------------------------------------------------------------------


def metal(rng, magnetic, weak=False):
    """Conductivities differ by up to 1e12; lambda/l is 1e-12 to 1e6."""
    D, l = power(rng, -6, 6), power(rng, -3, 3)
    if not magnetic:
        return sf.NormalMetal(D=D, l=np.inf if chance(rng, 0.05) else l)
    lengths = {}
    if weak:
        given = rng.choice(["lambda_J", "lambda_phi", "both"])
        keys = ("lambda_J", "lambda_phi") if given == "both" else (given,)
        lengths = {key: l * power(rng, -12, 6) for key in keys}
        if chance(rng, 0.05):
            lengths[keys[0]] = np.inf
    l = np.inf if chance(rng, 0.05) else l
    return sf.Ferromagnet(D=D, l=l, p=polarization(rng), **lengths)


def layer(rng, material, m, name):
    l = material.l if np.isfinite(material.l) else power(rng, -3, 3)
    thickness = l * power(rng, -15, 8)
    if isinstance(material, sf.Ferromagnet):
        return material(thickness, m=m, name=name)
    return material(thickness, name=name)


def lead(rng, material, m, name):
    if not np.isfinite(material.l):
        material = dataclasses.replace(material, l=power(rng, -3, 3))
    if isinstance(material, sf.Ferromagnet):
        return sf.Lead(material, m=m, name=name)
    return sf.Lead(material)


def resistance(rng, metals):
    kind = rng.choice(["own", "own", "own", "own", "zero", "tiny"])
    if kind == "zero":
        return 0.0
    if kind == "tiny":
        return power(rng, -40, -16)
    return power(rng, -12, 12) * own_resistance(rng, metals)


def own_resistance(rng, metals):
    material = metals[rng.integers(len(metals))]
    l = material.l if np.isfinite(material.l) else 1.0
    return 2 * l / material.D


def mixing(rng, metals):
    own = 1 / own_resistance(rng, metals)
    real = power(rng, -30, 40) if chance(rng, 0.15) else power(rng, -12, 12) * own
    kind = rng.choice(["none", "like", "any", "alone"])
    if kind == "none":
        return complex(real, 0.0)
    imaginary = real * power(rng, -2, 2) if kind == "like" else real * power(rng, -12, 12)
    if kind == "alone":
        imaginary = own * power(rng, -12, 12)
    return complex(real, rng.choice([-1.0, 1.0]) * imaginary)


def magnetic(piece):
    return getattr(piece, "m", None) is not None


def strong(piece):
    return magnetic(piece) and piece.material.is_strong


def crossing(a, b):
    return np.linalg.norm(np.cross(a.m, b.m)) > COLLINEAR


def interface(rng, model, a, b):
    """An interface that may stand between two pieces, or None."""
    shares = {"interfaces": 0.7, "mixing": 0.8, "everything": 0.5, "spin memory loss": 0.7}
    if isinstance(a, sf.SpinBlocking) or isinstance(b, sf.SpinBlocking):
        return None
    if not chance(rng, shares.get(model, 0.0)):
        return None
    metals = [e.material for e in (a, b) if not isinstance(e, sf.Reservoir)]
    magnets = [e for e in (a, b) if magnetic(e)]
    lossy = model == "spin memory loss" and chance(rng, 0.8)
    delta = power(rng, *rng.choice([(-12, -2), (-2, 1), (1, 4)])) if lossy else 0.0
    if not magnets:
        AR = resistance(rng, metals)
        return sf.Interface(AR, delta=delta if AR else 0.0)
    gamma = polarization(rng)
    if len(magnets) == 2:
        if not (strong(a) and strong(b)) or crossing(a, b):
            return None
        AR, gamma = resistance(rng, metals), gamma if a.m @ b.m > 0 else 0.0
        return sf.Interface(AR, gamma=gamma, delta=delta if AR else 0.0)
    mixes = model in ("mixing", "everything", "spin memory loss")
    with_mixing = mixes and chance(rng, 0.8 if strong(magnets[0]) else 0.4)
    AR = resistance(rng, metals) if not with_mixing or chance(rng, 0.6) else 0.0
    with_mixing = with_mixing and (AR > 0 or strong(magnets[0]) or len(metals) == 2)
    return sf.Interface(
        AR,
        gamma=gamma,
        delta=delta if AR else 0.0,
        mixing=mixing(rng, metals) if with_mixing else None,
    )


# --- stacks -----------------------------------------------------------------------------------


def extreme(rng, model="everything", max_layers=8):
    """A random stack of a class of `MODELS`, which something drives and something relaxes."""
    while True:
        stack = draw(rng, model, max_layers)
        if is_driven(stack) and has_sink(stack):
            return stack


def far_apart(rng):
    """A stack in which free rings have stiffnesses up to 1e30 apart along and across axes.

    A thin ferromagnet with exchange lengths of 1e-12 l meets, directly or behind a thin normal
    metal, what is soft about another axis: a ferromagnet with exchange lengths, a lead of such or a
    layer, or a mixing conductance. In half of them the current flows the other way.
    """
    while True:
        turn = directions(rng, ("random", "coplanar", "nearly collinear", "nearly collinear"))
        pieces = [*beyond(rng, turn, "left"), stiff_layer(rng, turn(), "stiff")]
        if chance(rng, 0.3):
            pieces.append(layer(rng, metal(rng, False), None, "spacer"))
        pieces += soft_pieces(rng, turn)
        stack = sf.Stack(pieces[:: rng.choice([-1, 1])])
        if is_driven(stack) and has_sink(stack):
            return stack


def stiff_layer(rng, m, name):
    l = power(rng, -2, 2)
    material = sf.Ferromagnet(
        D=power(rng, -3, 3),
        l=l,
        p=rng.choice([-1.0, 1.0]) * (1 - power(rng, -12, -9)),
        **{key: l * power(rng, -12, -11) for key in rng.choice(LENGTHS)},
    )
    return material(l * power(rng, -9, -3), m=m, name=name)


LENGTHS = np.array([("lambda_J",), ("lambda_phi",), ("lambda_J", "lambda_phi")], dtype=object)


def beyond(rng, turn, side):
    """An end, with or without a layer between; a strong ferromagnet only behind a normal metal."""
    kind = rng.choice(["reservoir", "blocking", "normal", "weak", "strong"])
    if kind == "reservoir":
        pieces = [sf.Reservoir()]
    elif kind == "blocking":
        pieces = [sf.SpinBlocking()]
    else:
        material = metal(rng, kind != "normal", weak=kind == "weak")
        pieces = [lead(rng, material, turn(), f"{side} magnet")]
    if kind == "strong" or chance(rng, 0.4):
        pieces.append(layer(rng, metal(rng, False), None, f"{side} layer"))
    return pieces


def soft_pieces(rng, turn):
    """What is soft about an axis, and what is behind it."""
    kind = rng.choice(["lead", "layer", "mixing"])
    weak = sf.Ferromagnet(
        D=power(rng, -3, 3),
        l=power(rng, -2, 3),
        p=polarization(rng),
        lambda_J=power(rng, -2, 2),
        lambda_phi=None if chance(rng, 0.5) else power(rng, -2, 2),
    )
    if kind == "lead":
        return [sf.Lead(weak, m=turn(), name="soft")]
    if kind == "layer":
        return [layer(rng, weak, turn(), "soft"), *beyond(rng, turn, "right")[::-1]]
    normal, strong = metal(rng, False), metal(rng, True)
    joint = sf.Interface(
        resistance(rng, [normal, strong]), gamma=polarization(rng), mixing=mixing(rng, [normal])
    )
    return [layer(rng, normal, None, "before"), joint, lead(rng, strong, turn(), "soft")]


def is_driven(stack):
    return largest_drive(stack) > 0


def largest_drive(stack):
    """The largest of |p| and |gamma|."""
    metals = [getattr(e, "material", None) for e in stack.elements]
    driving = [abs(getattr(material, "p", 0.0)) for material in metals]
    return max(driving + [abs(joint.gamma) for joint in stack.joints if joint])


def draw(rng, model, max_layers):
    turn = directions(rng)
    kinds = draw_kinds(rng, model, int(rng.integers(1, max_layers + 1)))
    last = len(kinds) - 1
    pieces = []
    for i, kind in enumerate(kinds):
        if kind in ("reservoir", "blocking"):
            pieces.append(sf.Reservoir() if kind == "reservoir" else sf.SpinBlocking())
            continue
        material = metal(rng, kind != "normal", weak=kind == "weak")
        make = lead if i in (0, last) else layer
        name = {0: "left magnet", last: "right magnet"}.get(i, f"layer {i}")
        pieces.append(make(rng, material, turn(), name))
    chain = pieces[:1]
    for a, b in itertools.pairwise(pieces):
        joint = interface(rng, model, a, b)
        chain += [b] if joint is None else [joint, b]
    return sf.Stack(chain)


def draw_kinds(rng, model, layers):
    """What ends and layers are; at least one is a ferromagnet."""
    contacts = model in ("contacts", "exchange", "everything", "spin memory loss")
    weak = model in ("exchange", "everything", "spin memory loss")
    kinds = []
    for i in range(layers + 2):
        magnet = "weak" if weak and chance(rng, 0.6 if model == "exchange" else 0.3) else "strong"
        own = [magnet] if contacts or not kinds or kinds[-1] not in ("strong", "weak") else []
        if i in (0, layers + 1):
            own = ["reservoir", "blocking", "normal", *own]
        elif model == "contacts":
            own = ["normal", *own * 3]
        else:
            own = ["normal", *own * 2]
        kinds.append(str(rng.choice(own)))
    if not {"strong", "weak"} & set(kinds):
        kinds[int(rng.integers(1, layers + 1))] = "weak" if model == "exchange" else "strong"
    return kinds


def collinear(stack):
    """The same stack with every m along that of the first magnet, or against it if it was."""
    axis = next(e.m for e in stack.elements if magnetic(e))
    pieces = []
    for joint, e in zip((None, *stack.joints), stack.elements):
        if magnetic(e):
            e = dataclasses.replace(e, m=axis if e.m @ axis >= 0 else -axis)
        pieces += [e] if joint is None else [joint, e]
    return sf.Stack(pieces)


def with_times(rng, stack):
    """The stack with a finite l and a tau in every metal, and a frequency up to omega tau = 1e4."""
    pieces, known = [], {}
    for piece in stack.pieces:
        if isinstance(piece, sf.Layer | sf.Lead):
            metal = piece.material
            if metal not in known:
                l = metal.l if np.isfinite(metal.l) else power(rng, -3, 3)
                tau = power(rng, -2, 2)
                known[metal] = dataclasses.replace(metal, l=l, tau=tau)
            piece = dataclasses.replace(piece, material=known[metal])
        pieces.append(piece)
    slowest = max(metal.tau for metal in known.values())
    return sf.Stack(pieces), power(rng, -6, 4) / (2 * np.pi * slowest)


# --- errors -----------------------------------------------------------------------------------


def floats(values):
    values = np.array(values, dtype=object)
    swings = any(isinstance(value, mp.mpc) for value in values.flat)
    return values.astype(complex if swings else float)


def largest(values):
    return float(np.abs(values).max(initial=0.0))


def errors(solution, reference):
    """Errors at faces and inside of layers, by `QUANTITIES`.

    Of a solution for j0 = 1: mu_s relative to the largest, j_s and torque to the largest of |j_s|
    and |p|, mu_0 to the largest, dr and RA to themselves, dr not below `FLOOR`. Where ferromagnets
    in contact cross, roundings of m alone change torques by 1/sin of their angle, and no solver can
    be asked for more.
    """
    found = {name: [] for name in ("mu_s", "j_s", "mu_0")}
    for got, expected in zip(sampled(solution), expectation(reference)):
        for name, a, b in zip(found, got, expected):
            found[name].append((largest(a - b), largest(b)))
    worst = {name: np.max(pairs, axis=0) for name, pairs in found.items()}
    driven = reference.current_scale
    scales = {name: float(pair[1]) for name, pair in worst.items()}
    scales["j_s"] = max(scales["j_s"], driven)
    result = {name: float(pair[0]) / (scales[name] or 1.0) for name, pair in worst.items()}
    absorbed = [reference.array(f"absorbed_{side}") for side in ("left", "right")]
    torques = [
        largest(solution.absorbed_spin_current(name) - floats(value))
        for name, value in reference.absorbed.items()
    ]
    # the current in the vanished spacer of two crossing ferromagnets counts: they absorb it
    largest_torque = max(scales["j_s"], largest(absorbed[0]), largest(absorbed[1]))
    amplified = largest_torque * contact_amplification(reference.stack)
    result["torque"] = max(torques, default=0.0) / (amplified or 1.0)
    result["RA"] = relative(solution.resistance, reference.resistance)
    result["dr"] = relative(solution.spin_resistance, reference.spin_resistance)
    if not result["dr"] <= LIMIT:
        result["dr"] = relative(
            solution.spin_resistance, reference.spin_resistance, floor_of_dr(reference)
        )
    return {name: result[name] for name in QUANTITIES}


def relative(found, expected, floor=0.0):
    expected = complex(expected)
    return abs(found - expected) / (max(abs(expected), floor) or 1.0)


def floor_of_dr(reference):
    stack = reference.stack
    return FLOOR * abs(complex(match(collinear(stack)).spin_resistance))


def sampled(solution):
    """(mu_s, j_s, mu_0) at both sides of all faces, then in every layer at `INSIDE`."""
    for face in solution.interfaces:
        for side in ("left", "right"):
            names = ("spin_potential", "spin_current", "potential")
            yield [getattr(face, f"{name}_{side}") for name in names]
    for i in range(len(solution.layers)):
        # not by x, which cannot tell places in thin layers apart
        mu, j, mu_0 = solution.transport.evaluate(i, np.array(INSIDE)[:, None])
        yield mu[:, 0], j[:, 0], mu_0[:, 0]


def expectation(reference):
    """The same of the reference."""
    for face in reference.faces:
        for side in ("left", "right"):
            names = ("spin_potential", "spin_current", "potential")
            yield [floats(getattr(face, f"{name}_{side}")) for name in names]
    for i in range(len(reference.stack.layers)):
        points = [reference.at(i, xi) for xi in INSIDE]
        yield [floats(values) for values in zip(*points)]


# --- a table ----------------------------------------------------------------------------------


def measure(solver, stack, reference):
    """Errors of one solver; of one that does not take the stack, or fails, what it says."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return errors(SOLVERS[solver](stack), reference)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def survey(model, seed, stacks, solvers):
    """Errors of solvers in stacks of a class, by their numbers, and what the reference takes."""
    found, seconds = {name: {} for name in solvers}, []
    for i in stacks:
        stack = extreme(np.random.default_rng([seed, i]), model)
        start = time.perf_counter()
        reference = match(stack)
        seconds.append(time.perf_counter() - start)
        for name, results in found.items():
            results[i] = measure(name, stack, reference)
    return found, seconds


def row(result):
    """Errors of one stack in the order of `QUANTITIES`; infinite for what is not a number."""
    return np.nan_to_num([result[name] for name in QUANTITIES], nan=np.inf)


def report(model, found, seconds, shown):
    print(f"\n{model}: reference {np.mean(seconds):.3f} s a stack, at most {max(seconds):.3f} s")
    print(f"{'':16}" + "".join(f"{name:>9}" for name in QUANTITIES))
    for solver, results in found.items():
        solved = {i: row(result) for i, result in results.items() if isinstance(result, dict)}
        failed = {i: result for i, result in results.items() if isinstance(result, str)}
        if solved:
            table = np.array(list(solved.values()))
            for what, values in (("median", np.median(table, 0)), ("worst", table.max(axis=0))):
                print(f"{solver:9}{what:7}" + "".join(f"{value:9.1e}" for value in values))
        worst_first = sorted(solved, key=lambda i: -solved[i].max())
        wrong = [i for i in worst_first if solved[i].max() > LIMIT]
        print(f"{solver:9}{len(wrong)} of {len(results)} beyond {LIMIT:.0e}, {len(failed)} fail")
        for i in wrong[:shown]:
            k = int(solved[i].argmax())
            print(f"{'':9}stack {i}: {QUANTITIES[k]} {solved[i][k]:.1e}")
        for i, message in list(failed.items())[:shown]:
            print(f"{'':9}stack {i}: {message[:150]}")


def main():
    parser = argparse.ArgumentParser(description="Errors of solvers in extreme stacks.")
    parser.add_argument("--points", type=int, default=100, help="stacks of every class")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first stack")
    parser.add_argument("--model", choices=MODELS, nargs="+", default=MODELS)
    parser.add_argument("--solver", choices=SOLVERS, nargs="+", default=list(SOLVERS))
    parser.add_argument("--shown", type=int, default=5, help="worst stacks to list, and failures")
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for model in given.model:
        stacks = range(given.first, given.first + given.points)
        report(model, *survey(model, given.seed, stacks, given.solver), given.shown)


if __name__ == "__main__":
    main()
