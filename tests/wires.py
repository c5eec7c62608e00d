"""Straight wires of three layers, which are stacks too, and what may be between the layers."""

import dataclasses
import itertools

import numpy as np
import skfem

import spinfem as sf
from spinfem.devices.device import Region
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


def wire(kind, n, fixed=(Co, UP), free=(Py, TILTED), ends=(LEAD, LEAD), joints=None, across=2):
    """A straight wire of three layers, of n elements each, and some across it."""
    edges = np.cumsum([0.0, *THICKNESS.values()])
    nodes = np.unique(np.concatenate([np.linspace(*x, n + 1) for x in itertools.pairwise(edges)]))
    y, z = np.linspace(0, WIDE, across + 1), np.linspace(0, DEEP, across // 2 + 1)
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


def branched(left=LEAD, right=LEAD, joints=None):
    """A valve in a wire that a third one, of normal metal, joins at the spacer from above."""
    x = np.unique(
        np.concatenate([np.linspace(*x, 3) for x in itertools.pairwise((0, 8, 10, 16, 18, 22))])
    )
    y = np.array([0.0, 3.0, 6.0, 10.0, 14.0])
    mesh = skfem.MeshTri1.init_tensor(x, y)
    a, b = mesh.p[:, mesh.t].mean(axis=1)
    mesh = mesh.restrict(np.flatnonzero((b < 6) | ((a > 10) & (a < 16))))
    mesh = skfem.MeshTri1(mesh.p, mesh.t)
    a = mesh.p[0, mesh.t].mean(axis=0)
    inside = zip(("fixed", "spacer", "free"), itertools.pairwise((0, 8, 18, 22)), strict=True)
    regions = {name: np.flatnonzero((a > low) & (a < high)) for name, (low, high) in inside}
    mesh = mesh.with_subdomains(regions).with_boundaries(
        {
            "left": lambda x: x[0] < 1e-6,
            "right": lambda x: x[0] > 22 - 1e-6,
            "top": lambda x: x[1] > 14 - 1e-6,
        }
    )
    electrodes = {
        "left": sf.Electrode(current=1.0, end=left),
        "right": sf.Electrode(potential=0.0, end=right),
        "top": sf.Electrode(current=0.0, end=LEAD),
    }
    metals = {"fixed": (Co, UP), "spacer": Cu, "free": (Py, TILTED)}
    return sf.Device(Grid(mesh), metals, electrodes, joints or {})


SPACER = ("fixed", "spacer"), ("spacer", "free")
LEFT, RIGHT = ("left", "fixed"), ("free", "right")
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
    "exchange lengths, mixing alone": {
        "free": (Weak, TILTED),
        "joints": {SPACER[1]: Joint(mixing=4e14 + 1e14j), RIGHT: Joint(mixing=3e14)},
    },
    "exchange lengths in a lead": {"ends": (sf.Lead(Weak, m=(1, 0, 0)), LEAD)},
    "interface at an end": {"joints": {("left", "fixed"): Joint(3e-16, gamma=0.3)}},
}


SPIN_POTENTIAL = np.array([3e-5, -2e-5, 5e-5])
"""V, as large as what J0 makes."""
SPIN_CURRENT = np.array([-1e10, 4e10, 2e10])
"""A/m2."""
BATTERY, SOURCE = sf.Reservoir(SPIN_POTENTIAL), sf.SpinSource(SPIN_CURRENT)
LOSSY = Joint(3e-16, gamma=0.3, delta=0.2, mixing=5e14 + 1e14j)
NORMAL = {"fixed": (Cu, None)}
DRIVEN = {
    "battery": {**NORMAL, "ends": (BATTERY, LEAD)},
    "battery behind a resistance": {
        **NORMAL,
        "ends": (BATTERY, LEAD),
        "joints": {LEFT: Joint(3e-16, delta=0.4)},
    },
    "battery at a ferromagnet": {"ends": (sf.Reservoir(1e-4 * UP), sf.Reservoir(-5e-5 * TILTED))},
    "battery at a ferromagnet behind a resistance": {
        "ends": (sf.Reservoir(1e-4 * UP), LEAD),
        "joints": {LEFT: Joint(3e-16, gamma=0.3)},
    },
    "battery behind a mixing conductance": {"ends": (BATTERY, LEAD), "joints": {LEFT: LOSSY}},
    "battery behind mixing alone": {
        "ends": (LEAD, BATTERY),
        "joints": {RIGHT: Joint(mixing=5e14 + 1e14j)},
    },
    "battery at exchange lengths": {"free": (Weak, TILTED), "ends": (LEAD, BATTERY)},
    "source": {**NORMAL, "ends": (SOURCE, LEAD)},
    "source at a ferromagnet": {"ends": (SOURCE, LEAD)},
    "source at a ferromagnet on the right": {"ends": (LEAD, SOURCE)},
    "source at exchange lengths": {"free": (Weak, TILTED), "ends": (LEAD, SOURCE)},
    "source and battery": {**NORMAL, "ends": (BATTERY, SOURCE)},
}


def inwards(given):
    """Spin currents of devices are positive into them, those of stacks towards +x."""
    left, right = given["ends"]
    if isinstance(right, sf.SpinSource):
        right = sf.SpinSource(-right.spin_current)
    return given | {"ends": (left, right)}


def drifting(metal, beta_D):
    """The same metal with a diffusion polarization of its own."""
    return dataclasses.replace(metal, beta_D=beta_D)


DRIFTING = {
    "transparent": {"fixed": (drifting(Co, -0.3), UP), "free": (drifting(Py, 0.4), TILTED)},
    "ferromagnetic leads": {
        "fixed": (Cu, None),
        "ends": (sf.Lead(drifting(Co, 0.8), m=UP), sf.Lead(drifting(Py, -0.2), m=-TILTED)),
    },
    "crossing lead": {
        "free": (drifting(Py, 0.4), TILTED),
        "ends": (sf.Lead(drifting(Co, 0.8), m=(1, 0, 0)), LEAD),
    },
    "exchange lengths, mixing": {
        "fixed": (drifting(Co, -0.3), UP),
        "free": (drifting(Weak, 0.2), TILTED),
        "joints": {SPACER[0]: Joint(5e-16, gamma=0.7, mixing=5e14 + 1e14j)},
    },
    "exchange lengths, mixing alone": {
        "fixed": (Cu, None),
        "free": (drifting(Weak, 0.2), TILTED),
        "joints": {LEFT: Joint(mixing=4e14 + 1e14j), SPACER[1]: Joint(mixing=5e14)},
        "ends": (sf.Lead(drifting(Weak, -0.3), m=(1, 0, 0)), LEAD),
    },
}
"""Ferromagnets of two polarizations."""


GRADED = {
    "fixed": dataclasses.replace(
        Co,
        D=lambda xi: Co.D * np.exp(xi),
        l=lambda xi: 6e-9 * (1 + xi),
        p=lambda xi: 0.6 - 0.5 * xi**2,
        beta_D=lambda xi: 0.3 * xi - 0.1,
    ),
    "spacer": dataclasses.replace(
        Cu, D=lambda xi: Cu.D * (1 - 0.5 * xi), l=lambda xi: 20e-9 * (1 + xi)
    ),
    "free": dataclasses.replace(
        Py,
        D=lambda xi: Py.D * (1 + 0.7 * np.sin(3 * xi)),
        l=lambda xi: 5.5e-9 * (1.3 - 0.4 * xi**2),
        p=lambda xi: 0.2 + 0.6 * xi,
    ),
}
"""Metals that vary along the wire."""
RECIPROCAL = GRADED | {"fixed": dataclasses.replace(GRADED["fixed"], beta_D=None)}
ACROSS = {"fixed": (0.0, 8e-9), "spacer": (8e-9, 18e-9), "free": (18e-9, 22e-9)}
DIRECTIONS = {"fixed": UP, "spacer": None, "free": TILTED}
JOINT = Joint(3e-16, gamma=0.4, mixing=5e14)
JOINTS = {SPACER[1]: JOINT}


def layers(metals=GRADED, joint=JOINT):
    """A stack of such layers."""
    fixed, spacer, free = (
        metals[name](b - a, m=DIRECTIONS[name], name=name) for name, (a, b) in ACROSS.items()
    )
    return LEAD | fixed | spacer | joint | free | LEAD


def graded(kind, n, metals=GRADED, joints=JOINTS):
    """The wire that it is."""
    device = wire(kind, n, joints=joints)
    regions = {name: Region(metals[name], DIRECTIONS[name], (0, *ACROSS[name])) for name in ACROSS}
    return sf.Device(device.grid, regions, device.electrodes, device.interfaces)


def twisted(points):
    """A texture."""
    x, y = points.T[:2] * 1e9
    return np.stack([np.sin(0.1 * y), np.cos(0.3 * x), 1 + 0.01 * y], axis=1)


def roofed(end, resistance=0.0):
    """A wire whose upper side is an electrode, with a mixing conductance below it."""
    joints = {("spacer", "free"): Joint(resistance, mixing=4e14 + 1e14j)}
    device = wire("tri", 2, free=(Weak, TILTED), joints=joints)
    mesh = device.grid.mesh
    upper = mesh.facets_satisfying(
        lambda x: (x[1] > WIDE - 1e-6) & (x[0] > 8), boundaries_only=True
    )
    electrodes = {
        "left": device.electrodes["left"],
        "top": sf.Electrode(potential=0.0, end=end),
    }
    mesh = mesh.with_boundaries({"left": mesh.boundaries["left"], "top": upper})
    return sf.Device(Grid(mesh), device.regions, electrodes, joints)


def before_battery(resistance=0.0):
    """What a wire has whose magnet with exchange lengths is before a battery, and mixes there."""
    joints = {RIGHT: Joint(resistance, mixing=4e14 + 1e14j)}
    return {"free": (Weak, TILTED), "ends": (LEAD, BATTERY), "joints": joints}


def quartered(metals, joints):
    """Four squares, by their names and from below, the middle of which is in all of them."""
    mesh = skfem.MeshTri1.init_tensor(np.linspace(0, 20, 5), np.linspace(0, 20, 5))
    x, y = mesh.p[:, mesh.t].mean(axis=1) > 10
    squares = zip(metals, (~x & ~y, x & ~y, ~x & y, x & y), strict=True)
    mesh = mesh.with_subdomains({name: np.flatnonzero(own) for name, own in squares})
    mesh = mesh.with_boundaries(
        {
            "left": lambda x: (x[0] < 1e-6) & (x[1] < 10),
            "right": lambda x: (x[0] > 20 - 1e-6) & (x[1] > 10),
        }
    )
    electrodes = {
        "left": sf.Electrode(current=1e3, end=LEAD),
        "right": sf.Electrode(potential=0.0, end=LEAD),
    }
    return sf.Device(Grid(mesh), metals, electrodes, joints)
