"""Spin valves whose magnets move, for tests."""

import numpy as np

import spinfem as sf

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")
soft = sf.Ferromagnet.from_valet_fert(
    291e-9, beta=0.76, l=5.5e-9, lambda_J=0.8e-9, lambda_phi=1.2e-9, name="soft"
)
real = {"resistance": 0.5e-15, "gamma": 0.7}
mixed = sf.Interface(**real, mixing=6e14)
DEMAG = (0.94, 0.04, 0.02)


def valve(theta=0.0, fixed=(0.0, 0.0, 1.0), interface=None, thickness=4e-9):
    """Co and Py with Cu between; the Py is free."""
    spacer = Cu(10e-9) if interface is None else interface | Cu(10e-9) | interface
    free = Py(thickness, m=sf.direction(theta), name="free")
    return sf.Lead(Cu) | Co(8e-9, m=fixed, name="fixed") | spacer | free | sf.Lead(Cu)


def single(theta=0.0, Ms=8e5, alpha=0.01, demag=DEMAG, **others):
    """The valve with its Py moving."""
    magnet = {key: others.pop(key) for key in ("K", "axis") if key in others}
    stack = others.pop("stack", None) or valve(theta)
    return sf.Dynamics(stack, {"free": sf.Magnet(Ms, alpha=alpha, demag=demag, **magnet)}, **others)


def dual(m=((0, 0, 1), (0, 0, 1), (0, 0, -1)), couplings=(), **others):
    """Three magnets that move, of unequal shapes, easy along z."""
    a, b, c = m
    stack = (
        sf.Lead(Cu)
        | Co(8e-9, m=a, name="a")
        | Cu(5e-9)
        | Py(4e-9, m=b, name="b")
        | mixed
        | Cu(5e-9)
        | Co(6e-9, m=c, name="c")
        | sf.Lead(Cu)
    )
    sizes = {"a": (1.4e6, 8e-9), "b": (8e5, 4e-9), "c": (1.3e6, 6e-9)}
    magnets = {
        name: sf.Magnet(Ms, alpha=0.01, demag=sf.demagnetizing_factors(t, 60e-9, 130e-9))
        for name, (Ms, t) in sizes.items()
    }
    return sf.Dynamics(stack, magnets, couplings=couplings, **others)


def random_units(rng, *shape):
    m = rng.normal(size=(*shape, 3))
    return m / np.linalg.norm(m, axis=-1, keepdims=True)


def rotation(rng):
    """A matrix that turns, at random."""
    Q, R = np.linalg.qr(rng.normal(size=(3, 3)))
    Q = Q * np.sign(np.diag(R))
    return Q * np.linalg.det(Q)


FREE = sf.Magnet(Ms=8e5, alpha=0.01, demag=DEMAG)
BOTH = {"fixed": sf.Magnet(Ms=1.4e6, alpha=0.01, demag=(0.9, 0.06, 0.04), K=1e5), "free": FREE}


def tilted(free=(0.1, 0.2, 0.9), fixed=(0, 0, 1)):
    """The valve, not at rest."""
    return valve(fixed=fixed).replace("free", m=free)


def pair(magnets=BOTH, **others):
    """Both of its magnets move, or those that are given."""
    return sf.Dynamics(tilted(), magnets, **others)


def lossless(**magnet):
    """A magnet without damping."""
    return sf.Magnet(Ms=8e5, alpha=0.0, **magnet)
