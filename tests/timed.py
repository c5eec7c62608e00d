"""Stacks whose metals have spin relaxation times, for tests of responses in time."""

import numpy as np

import spinfem as sf

N = sf.NormalMetal(D=8.0, l=1.0, tau=1.5)
F = sf.Ferromagnet(D=2.0, l=0.6, p=0.5, tau=0.4)
WEAK = sf.Ferromagnet(D=3.0, l=0.8, p=0.4, lambda_J=0.6, lambda_phi=0.5, tau=0.7)
VALVE = F(1.0, m=(0, 0, 1), name="a") | N(0.4) | F(0.7, m=sf.direction(60.0), name="b")
SAMPLE = (
    sf.Lead(N)
    | WEAK(1.0, m=(0, 0, 1), name="a")
    | sf.Interface(0.1, gamma=0.2)
    | N(0.5)
    | sf.Interface(0.2, mixing=1 + 1j)
    | F(0.7, m=(1, 0, 0.2), name="b")
    | sf.Lead(WEAK, m=(0, 1, 0))
)


def one(t):
    return np.ones_like(t)
