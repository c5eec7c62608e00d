"""A small valve whose magnets move: what tests of motion have in common."""

import numpy as np

import spinfem as sf

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")
FREE = sf.Magnet(Ms=8e5, alpha=0.01, demag=(0.94, 0.04, 0.02))
FIXED = sf.Magnet(Ms=1.4e6, alpha=0.01, demag=(0.9, 0.06, 0.04), K=1e5)
BOTH = {"fixed": FIXED, "free": FREE}


def valve(free=(0.1, 0.2, 0.9), fixed=(0, 0, 1)):
    return (
        sf.Lead(Cu)
        | Co(8e-9, m=fixed, name="fixed")
        | Cu(10e-9)
        | Py(4e-9, m=free, name="free")
        | sf.Lead(Cu)
    )


def system(magnets=BOTH, **options):
    return sf.Dynamics(valve(), magnets, **options)


def lossless(**magnet):
    """A magnet without damping."""
    return sf.Magnet(Ms=8e5, alpha=0.0, **magnet)


def rotation(seed):
    """A random rotation."""
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q * np.linalg.det(q)
