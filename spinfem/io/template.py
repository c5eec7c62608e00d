"""A stack file to begin with: every key once, with its unit and meaning."""

from __future__ import annotations

import re

from .keys import MEANINGS

SCHEMA = "spinfem.schema.json"
"""What the template calls the file that ``spinfem schema`` prints."""

_BODY = f"""\
#:schema ./{SCHEMA}
# A stack for spinfem. Lines that begin with # are not used: remove the # of those that you need.
# spinfem check FILE, spinfem solve FILE, spinfem sweep FILE --vary free.polar_deg=0:180:19 -o g.nc
# For completion in editors that know the first line (Even Better TOML, Tombi, taplo):
#   spinfem schema > {SCHEMA}
# The numbers are illustrative, Co/Cu/Py-like, and not measured.

title = "Co/Cu/Py spin valve"
j0_A_m2 = 1e11
# current_density_A_m2 = -1e11


[left]
lead = "Cu"
# end = "reservoir"
# spin_potential_V = [0, 0, 1e-6]
# spin_current_A_m2 = [0, 0, 1e9]

[right]
lead = "Cu"


[materials.Cu]
kind = "normal"
resistivity_ohm_m = 6e-9
l_nm = 450
# tau_ps = 20

[materials.Co]
kind = "ferromagnet"
rho_star_ohm_m = 75e-9
# sigma_S_m = 1.7e7
beta = 0.46
# beta_D = 0.5
l_nm = 60
# lambda_J_nm = 2
# lambda_phi_nm = 3

[materials.Py]
kind = "ferromagnet"
rho_star_ohm_m = 291e-9
beta = 0.76
l_nm = 5.5

# [materials.Ag]
# library = "Ag"
# variant = "293 K"
# temperature_K = 293


[[layers]]
material = "Co"
name = "fixed"
thickness_nm = 8
polar_deg = 0
# azimuth_deg = 90
# m = [0, 0, 1]
# group = "reference"

# [[layers]]
# interface = true
# AR_fOhm_m2 = 0.5
# gamma = 0.75
# delta = 0.3
# mixing_S_m2 = [5e14, 1e13]

[[layers]]
material = "Cu"
name = "spacer"
thickness_nm = 10

# [[layers]]
# interface = true
# library = "Py/Cu"
# AR_fOhm_m2 = 0.5

[[layers]]
material = "Py"
name = "free"
thickness_nm = 4
polar_deg = 60
# Ms_A_m = 8e5
# mu0_Ms_T = 1
# alpha = 0.01
# demag = [0.94, 0.04, 0.02]
# K_J_m3 = 5e3
# easy_axis = [0, 0, 1]
# held = true

# [[layers]]
# cell = "bilayer"
# repeat = 15


# [cells.bilayer]
# [[cells.bilayer.layers]]
# material = "Co"
# name = "magnet"
# thickness_nm = 6
# polar_deg = 0
# [[cells.bilayer.layers]]
# material = "Cu"
# thickness_nm = 6


# [[couplings]]
# between = ["fixed", "free"]
# exchange_J_m2 = -1e-4
# biquadratic_J_m2 = -1e-5
# dipolar = [-0.033, 0.010, 0.023]

# [dynamics]
# field_A_m = [0, 0, 1e4]
# flux_density_mT = [0, 0, 10]
# pumping = false
# temperature_K = 300
# area_nm2 = 6000
# time_ns = 20
# rtol = 1e-8


# [mesh]
# file = "valve.msh"
# scale_nm = 1
# tags = "layer"


# In the paper's units, or any consistent ones, the keys are these; they and those in SI do not mix.
# j0 = 1
# [left]
# end = "reservoir"
# spin_potential = [0, 0, 0.1]
# [right]
# end = "spin-source"
# spin_current = [0, 0, 0.1]
# [materials.N]
# kind = "normal"
# D = 8
# l = 1
# tau = 1
# [materials.F]
# kind = "ferromagnet"
# D = 2
# l = 1
# p = 0.5
# beta_D = 0.4
# lambda_J = 0.1
# lambda_phi = 0.1
# [[layers]]
# material = "F"
# thickness = 1
# [[layers]]
# interface = true
# AR = 0.1
# mixing = [1, 0.1]
# [mesh]
# file = "valve.msh"
# scale = 1
"""
_LINE = re.compile(r"(?:# )?(?:\[+(?P<table>\w+)[.\]\w]*|(?P<key>\w+) = .*)")
COLUMN = 34
"""Where meanings begin, if they can."""


def template() -> str:
    """Return the text of a stack file that can be solved, each key explained where it comes first.

    Returns
    -------
    str
        A spin valve in SI; what it does not need is commented out.
    """
    explained: set[str] = set()
    lines = []
    for line in _BODY.splitlines():
        found = _LINE.fullmatch(line)
        key = found and (found["key"] or found["table"])
        if key and key not in explained:
            explained.add(key)
            lines.append(f"{line:<{COLUMN}}  # {MEANINGS[key]}")
        else:
            lines.append(line)
    return "\n".join([*lines, ""])
