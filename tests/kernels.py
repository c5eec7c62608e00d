"""Both ways to run the one text: compiled by numba, and as it stands.

As a script it compiles what tests of single stacks run, those of batches, of batches that
a spin current at an end drives, of frequencies, or of motion; of several in one process, what
they share once.
"""

import dataclasses
import sys
from unittest.mock import patch

import numba  # noqa: F401  # what is loaded is used, however small the work
import numpy as np

import spinfem as sf
from spinfem.numerics import kernels

N = sf.NormalMetal(D=2.0, l=1.5)
F, F2 = sf.Ferromagnet(D=1.0, l=1.0, p=0.5), sf.Ferromagnet(D=0.4, l=0.3, p=-0.7)
WEAK = sf.Ferromagnet(D=1.3, l=0.8, p=0.6, lambda_J=0.2, lambda_phi=0.4)
JOINT = sf.Interface(0.3, gamma=0.4, mixing=1.0 - 0.5j, name="joint")
RAMP = np.linspace(0.0, 1.0, 37)

MODELS = {
    "plain": [F(0.5, m=(0, 0, 1), name="a"), N(0.3, name="s")],
    "contact": [F(0.5, m=(0, 0, 1), name="a"), F2(0.5, m=(0, 1, 0)), N(0.3, name="s")],
    "interface": [F(0.5, m=(0, 0, 1), name="a"), sf.Interface(0.3, gamma=0.4), N(0.3, name="s")],
    "mixing": [F(0.5, m=(0, 0, 1), name="a"), JOINT, N(0.3, name="s")],
    "exchange": [WEAK(0.5, m=(0, 0, 1), name="a"), N(0.3, name="s")],
    "both": [
        F(0.5, m=(0, 0, 1)),
        JOINT,
        N(0.1),
        WEAK(0.5, m=(0, 1, 0), name="a"),
        N(0.3, name="s"),
    ],
    "graded": [
        sf.Ferromagnet(D=lambda xi: 1 + xi, l=0.7, p=0.4)(0.5, m=(0, 0, 1), name="a"),
        JOINT,
        N(0.3, name="s"),
    ],
}
VARIED = {
    "angle": lambda stack, x: stack.replace("b", m=sf.direction(180 * x, 30.0)),
    "first angle": lambda stack, x: stack.replace("a", m=sf.direction(180 * x, 30.0)),
    "thickness": lambda stack, x: stack.replace("a", thickness=0.2 + x),
    "spacer": lambda stack, x: stack.replace("s", thickness=0.1 + x),
    "lead": lambda stack, x: stack.replace("end", m=sf.direction(100 * x)),
    "much": lambda stack, x: stack.replace("b", m=sf.direction(180 * x, 30.0), thickness=0.2 + x),
}


def stack_of(model):
    free = F2(0.4, m=sf.direction(70.0, 30.0), name="b")
    return sf.Stack([sf.Lead(N), *MODELS[model], free, N(0.2), sf.Lead(F, m=(1, 0, 0), name="end")])


TAU = 0.7


def in_time(stack):
    """The stack with a tau in every metal."""
    pieces = [
        dataclasses.replace(piece, material=dataclasses.replace(piece.material, tau=TAU))
        if isinstance(piece, sf.Layer | sf.Lead)
        else piece
        for piece in stack.pieces
    ]
    return sf.Stack(pieces)


def solve_with_numpy(stack, *args, **kwargs):
    """Like sf.solve where there is no numba."""
    with patch.object(kernels, "kernels", lambda *work, **like: None):
        return sf.solve(stack, *args, **kwargs)


def routes(stack):
    """Solutions that are good to all digits: compiled, as it stands, and the exact stack."""
    assert kernels.kernels(1) is not None
    return sf.solve(stack), solve_with_numpy(stack), sf.analytic.solve(stack)


def compile_for(which):
    """Run every function on every kind of argument: numba keeps what it compiles."""
    if which == "motion":
        compile_motion()
        return
    if which == "driven":
        sf.solve(driven(np.outer(RAMP, (0.0, 0.0, 1.0))))
        sf.solve(in_time(driven((0.0, 0.0, 1.0))), frequency=RAMP)
        return
    if which == "frequency":
        for model in MODELS:
            sf.solve(in_time(stack_of(model)), frequency=RAMP)
        return
    for model in MODELS:
        stack = stack_of(model)
        if which == "single":
            sf.solve(stack).gradient("torque", "b")
        else:
            for vary in VARIED.values():
                sf.solve(vary(stack, RAMP))


def driven(spin_current):
    """A stack that a spin current at its left end drives."""
    layers = N(0.2) | JOINT | F(0.5, m=(0, 0, 1)) | N(0.3) | F2(0.4, m=sf.direction(70.0))
    return sf.SpinSource(spin_current) | layers | sf.Reservoir()


def compile_motion():
    """Let a magnet move, with and without thermal fields."""
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
    Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
    layers = Co(8e-9, m=(0, 0, 1)) | Cu(1e-8) | Co(4e-9, m=(1, 0, 0), name="free")
    magnets = {"free": sf.Magnet(1.4e6, alpha=0.01)}
    system = sf.Dynamics(sf.Lead(Cu) | layers | sf.Lead(Cu), magnets, pumping=False)
    times = np.array([0.0, 1e-12])
    system.run(times=times)
    system.run(times=times, j0=np.array([0.0, 1e11]))
    system.run(times=times, temperature=300.0, area=1e-15)


if __name__ == "__main__":
    for which in sys.argv[1:]:
        compile_for(which)
