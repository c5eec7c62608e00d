r"""Finite elements for diffusive spin transport in layered metals.

Describe a sample, solve it, read torques and resistances:

>>> import spinfem as sf
>>> Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
>>> Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
>>> stack = (sf.Lead(Cu) | Co(8e-9, m=sf.direction(0), name="fixed") | Cu(10e-9)
...          | Co(4e-9, m=sf.direction(60), name="free") | sf.Lead(Cu))
>>> solution = sf.solve(stack, j0=1e11)
>>> solution.torque("free").shape  # J/m2, on the magnetization
(3,)
>>> solution.spin_resistance > 0  # Ohm m2
True

Symbols, in SI (any consistent units do) and in the numerics' names:

==========  ================================================================  =======
symbol      meaning                                                           unit
==========  ================================================================  =======
j0          particle current times |e|, positive: electrons flow towards +x   A/m2
mu_s        spin potential divided by |e|, a vector in spin space             V
mu_0        electrochemical potential divided by |e|                          V
j_s         spin current times |e|, ``j_up - j_down``, positive towards +x    A/m2
m           unit vector of a magnetization                                    -
D           ``1/rho_N``; in a ferromagnet 1/rho* of Valet and Fert            S/m
p           transport polarization, Valet and Fert's beta                     -
beta_D      diffusion polarization, p if a ferromagnet has none of its own    -
l           spin diffusion length                                             m
G           stiffness ``D/2l``                                                S/m2
kappa       relaxation ``D/2l^2``                                             S/m3
AR*         resistance of an interface, area times; RA is AR* (1 - gamma^2)   Ohm m2
gamma       asymmetry of an interface, to it what p is to a layer             -
delta       thickness of an interface in spin diffusion lengths: it loses     -
            a fraction 1 - exp(-delta) of the spins that pass
G_r+iG_i    mixing conductance of an interface, for mu_s across m             S/m2
lambda_J    length of precession in a ferromagnet that is not strong          m
lambda_phi  length of dephasing there                                         m
g           efficiency factor of a torque                                     -
dr          spin resistance (times area)                                      Ohm m2
==========  ================================================================  =======

Where the equations of the paper (Ya. B. Bazaliy, arXiv:2006.11900) live:

===========  =====================================================================
equation     module
===========  =====================================================================
(1)          `results.solved`: `Solution.efficiency`, `Solution.torque`
(2), (3)     `sample.materials`; `conduction` and `driving` in `fem.forms`
(4)          `relaxation` in `fem.forms`; integrated, spin balance: `fem.fields`
(5), (6)     `solvers.plan`; as constraints with multipliers: `solvers.faces`, `saddle`
(7), (8)     `analytic.contact`; the driving forces: `numerics.loads`, `paper.analogy`
(9)          `numerics.loads`, `solvers.balance`
(10)         `solvers.condensed`, `physics.contact`; `Solution.absorbed_spin_current`
(A1), (A2)   `analytic.valve`; of any stack: `solvers.exact`, `fem.twoport`
(B1)         `analytic.valve`; of any spacer: `paper.spacer`
S of III.B   `Energy` in `paper.analogy`, with its factor corrected
IV           `paper.folding`: the Discussion's sheets
errors       `studies.convergence`, `studies.timesteps`; `results.certify`, `results.adaptive`
derivatives  `results.sensitivity`, `results.variations`, from dual fields: `results.duals`
===========  =====================================================================

What goes beyond the paper: AR*, gamma, G_r + i G_i are in `Interface` (`sample.pieces`), beta_D,
lambda_J and lambda_phi in `Ferromagnet` (`sample.materials`), functions of xi in `fem.graded` and
`sample.profiles`; their formulas are in `physics`. One chain takes all of them: layers, interfaces
and leads are two-ports (`solvers.ports`) in a row (`solvers.plan`), what lies to the left of a
face is a load there (`numerics.loads`), and where mu_s leaves the rods faces are free rings
(`numerics.rings`). By constraints they are solved in `solvers.saddle`. Torques for OOMMF, mumax3
and other micromagnetic codes are made in `handoff`, and parameters are fitted to what was measured
(`studies.outputs`) in `studies.fitting`.

The package is a house of wings, each on those before it; nothing imports upwards:

============  ======================================================================
wing          what is in it
============  ======================================================================
`texts`       tables to read, plain or as HTML, and units that people use
`numerics`    arithmetic without physics: chains of loads and free rings, also compiled
`files`       files whole or not at all, tables, meshes, chunks
`sample`      metals, profiles, layers, interfaces, stacks, the library of sourced metals
`physics`     formulas by themselves: arrays in, arrays out
`fem`         finite elements of one layer: forms, meshes, two-ports, fields inside
`solvers`     a stack as arrays, and ways to the currents and potentials at its faces
`results`     numbers of a solved stack, their derivatives and bounds
`devices`     two and three dimensions: grids of named regions and surfaces, and their solution
`paper`       closed forms, spacers, the mechanical analogy, folding
`plot`        pictures
`io`          files of stacks and devices, fields for ParaView
top floor     what users hold: `solution`, `analogy`, `solver`, `analytic`
`timedomain`  currents faster than spins relax: the response in time
`dynamics`    magnets, the fields on them, and how they move
`studies`     many solutions: sweeps, fits, convergence, comparisons, changes of sign
`handoff`     torques for micromagnetic codes
`figures`     the paper's figures, and ours
`explorer`    a stack with sliders, in a browser
`cli`         the command line
============  ======================================================================
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__ as __version__
from .sample.materials import Ferromagnet, NormalMetal
from .sample.pieces import (
    Interface,
    Layer,
    Lead,
    Reservoir,
    SpinBlocking,
    SpinSource,
    Superconductor,
    direction,
)
from .sample.stack import Stack
from .sample.units import UnitWarning

if TYPE_CHECKING:
    from . import analytic
    from .analogy import Analogy
    from .devices.device import Device, Electrode, Slab
    from .devices.solution import DeviceSolution
    from .dynamics.magnets import Coupling, Magnet
    from .explorer.entry import explore
    from .handoff.torques import slonczewski, torque_table
    from .io.loading import load
    from .physics.demagnetization import demagnetizing_factors, dipolar_tensor
    from .sample.library import interface, load_materials, material
    from .sample.profiles import interdiffused, sampled
    from .solution import Solution
    from .solver import solve
    from .studies.comparison import magnetoresistance
    from .studies.convergence import converge
    from .studies.fitting import fit
    from .studies.outputs import Output
    from .studies.signs import sign_changes
    from .studies.sweeping import sweep
    from .studies.timesteps import converge_in_time
    from .timedomain.transient import Transient, transient

__all__ = [
    "Analogy",
    "Coupling",
    "Device",
    "DeviceSolution",
    "Dynamics",
    "Electrode",
    "Ferromagnet",
    "Interface",
    "Layer",
    "Lead",
    "Magnet",
    "NormalMetal",
    "Output",
    "Reservoir",
    "Slab",
    "Solution",
    "SpinBlocking",
    "SpinSource",
    "Stack",
    "Superconductor",
    "TorqueFunction",
    "Transient",
    "UnitWarning",
    "analytic",
    "converge",
    "converge_in_time",
    "demagnetizing_factors",
    "dipolar_tensor",
    "direction",
    "explore",
    "fit",
    "interdiffused",
    "interface",
    "load",
    "load_materials",
    "magnetoresistance",
    "material",
    "sampled",
    "sign_changes",
    "slonczewski",
    "solve",
    "sweep",
    "torque_table",
    "transient",
]

_LATER = {
    "Analogy": ".analogy",
    "Device": ".devices.device",
    "DeviceSolution": ".devices.solution",
    "Dynamics": ".dynamics.dynamics",
    "Electrode": ".devices.device",
    "Slab": ".devices.device",
    "Coupling": ".dynamics.magnets",
    "Magnet": ".dynamics.magnets",
    "Output": ".studies.outputs",
    "Solution": ".solution",
    "TorqueFunction": ".dynamics.torques",
    "Transient": ".timedomain.transient",
    "analytic": ".analytic",
    "converge": ".studies.convergence",
    "converge_in_time": ".studies.timesteps",
    "demagnetizing_factors": ".physics.demagnetization",
    "dipolar_tensor": ".physics.demagnetization",
    "explore": ".explorer.entry",
    "fit": ".studies.fitting",
    "interdiffused": ".sample.profiles",
    "interface": ".sample.library",
    "load": ".io.loading",
    "load_materials": ".sample.library",
    "magnetoresistance": ".studies.comparison",
    "material": ".sample.library",
    "sampled": ".sample.profiles",
    "sign_changes": ".studies.signs",
    "slonczewski": ".handoff.torques",
    "solve": ".solver",
    "sweep": ".studies.sweeping",
    "torque_table": ".handoff.torques",
    "transient": ".timedomain.transient",
}


def __getattr__(name: str) -> Any:
    """Import what describing a sample does not need when it is used."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(_LATER[name], __name__)
    thing = module if name == "analytic" else getattr(module, name)
    globals()[name] = thing
    return thing


def __dir__() -> list[str]:
    """What users find by completion: public names, whatever has been imported."""
    return sorted([*__all__, "__version__"])
