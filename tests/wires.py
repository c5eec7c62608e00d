"""A straight wire of two magnets and a spacer, as a device of any cells and as a stack."""

import itertools

import numpy as np
import skfem

import spinfem as sf
from spinfem.devices.grid import Grid

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")
Weak = sf.Ferromagnet.from_valet_fert(
    291e-9, beta=0.76, l=5.5e-9, lambda_J=2e-9, lambda_phi=3e-9, name="Weak"
)
LEAD, Joint = sf.Lead(Cu), sf.Interface
UP, TILTED = sf.direction(0), sf.direction(60, 20)
WIDE, DEEP = 30.0, 20.0
"""Of wires, nm."""
THICKNESS = {"fixed": 8.0, "spacer": 10.0, "free": 4.0}
NAMES = "fixed", "free"
J0 = 1e11
"""A/m2."""
KINDS = {"line": 1.0, "quad": WIDE * 1e-9, "tri": WIDE * 1e-9, "tet": WIDE * DEEP * 1e-18}
KINDS["hex"] = KINDS["tet"]
"""Cross sections: m in planar devices, of a metre of depth."""


def wire(kind, n, fixed=(Co, UP), free=(Py, TILTED), ends=(LEAD, LEAD), joints=None):
    """A straight wire of three layers, of n elements each."""
    edges = np.cumsum([0.0, *THICKNESS.values()])
    nodes = np.unique(np.concatenate([np.linspace(*x, n + 1) for x in itertools.pairwise(edges)]))
    y, z = np.linspace(0, WIDE, 3), np.linspace(0, DEEP, 2)
    make = {
        "line": lambda: skfem.MeshLine1.init_tensor(nodes),
        "quad": lambda: skfem.MeshQuad1.init_tensor(nodes, y),
        "tri": lambda: skfem.MeshTri1.init_tensor(nodes, y),
        "tet": lambda: skfem.MeshTet1.init_tensor(nodes, y, z),
        "hex": lambda: skfem.MeshHex1.init_tensor(nodes, y, z),
    }
    mesh = make[kind]()
    middle = np.atleast_2d(mesh.p)[0][mesh.t].mean(axis=0)
    inside = zip(THICKNESS, itertools.pairwise(edges), strict=True)
    mesh = mesh.with_subdomains(
        {name: np.flatnonzero((middle > a) & (middle < b)) for name, (a, b) in inside}
    ).with_boundaries({"left": lambda x: x[0] < 1e-6, "right": lambda x: x[0] > edges[-1] - 1e-6})
    electrodes = {
        "left": sf.Electrode(current=J0 * KINDS[kind], end=ends[0]),
        "right": sf.Electrode(potential=0.0, end=ends[1]),
    }
    regions = {"fixed": fixed, "spacer": Cu, "free": free}
    return sf.Device(Grid(mesh), regions, electrodes, joints or {})


def stack(fixed=(Co, UP), free=(Py, TILTED), ends=(LEAD, LEAD), joints=None):
    """The stack that it is."""
    joints, names = joints or {}, ["left", *THICKNESS, "right"]
    pieces = [
        fixed[0](8e-9, m=fixed[1], name="fixed"),
        Cu(10e-9, name="spacer"),
        free[0](4e-9, m=free[1], name="free"),
    ]
    made = [ends[0]]
    for pair, piece in zip(itertools.pairwise(names), [*pieces, ends[1]], strict=True):
        made += [joints[pair]] if pair in joints else []
        made.append(piece)
    return sf.Stack(made)


SPACER = ("fixed", "spacer"), ("spacer", "free")
SAMPLES = {
    "transparent": {},
    "reservoirs": {"ends": (sf.Reservoir(), sf.Reservoir())},
    "blocking": {"ends": (sf.SpinBlocking(), LEAD)},
    "ferromagnetic lead": {"ends": (sf.Lead(Co, m=UP), LEAD)},
    "antiparallel lead": {"ends": (sf.Lead(Co, m=-UP), LEAD)},
    "crossing lead": {"ends": (sf.Lead(Co, m=(1, 0, 0)), sf.Lead(Py, m=TILTED))},
    "resistive": {"joints": {SPACER[0]: Joint(5e-16), SPACER[1]: Joint(3e-16, gamma=0.4)}},
    "mixing": {
        "joints": {
            SPACER[0]: Joint(5e-16, gamma=0.7, mixing=5e14 + 1e14j),
            SPACER[1]: Joint(3e-16, gamma=0.4, mixing=4e14),
        }
    },
    "mixing alone": {
        "joints": {SPACER[0]: Joint(mixing=5e14 + 1e14j), SPACER[1]: Joint(mixing=4e14)}
    },
    "memory loss": {
        "joints": {
            SPACER[0]: Joint(5e-16, gamma=0.7, delta=0.3),
            SPACER[1]: Joint(3e-16, gamma=0.4, delta=0.9, mixing=1e15),
        }
    },
    "exchange lengths": {"free": (Weak, TILTED)},
    "exchange lengths, resistive": {
        "free": (Weak, TILTED),
        "joints": {SPACER[1]: Joint(3e-16, gamma=0.4, delta=0.2)},
    },
    "exchange lengths, mixing": {
        "free": (Weak, TILTED),
        "joints": {SPACER[1]: Joint(3e-16, gamma=0.4, mixing=4e14 + 1e14j)},
    },
    "interface at an end": {"joints": {("left", "fixed"): Joint(3e-16, gamma=0.3)}},
}
