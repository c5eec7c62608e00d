"""Constants of nature, in the SI."""

from math import pi

TORQUE_PER_SPIN_CURRENT = 6.62607015e-34 / (2 * pi) / (2 * 1.602176634e-19)
"""hbar/2|e|, J s/C: torque per absorbed spin current; h and e are exact in the SI."""
PUMPED_POTENTIAL = 2 * TORQUE_PER_SPIN_CURRENT
"""hbar/|e|, V s: potential of a frame that turns, per angular velocity."""
CONDUCTANCE_QUANTUM = 1.602176634e-19**2 / 6.62607015e-34
"""e^2/h, S, exact in the SI: mixing conductances in 1/m2 are in units of it."""
MU_0 = 1.25663706127e-6
"""Vacuum permeability, T m/A, CODATA 2022: B of a field in A/m."""
GAMMA = 1.760859628e11
"""Gyromagnetic ratio of the electron, rad/(s T), CODATA 2022."""
GAMMA_0 = MU_0 * GAMMA
"""mu_0 gamma, m/(A s), CODATA 2022: what micromagnetic codes have, whose fields are in A/m."""
_WITH = (
    f"gamma = {GAMMA / 1e11:.9f}e11 rad/(s T), with T in {{}}, M_s in A/m and {{}}; gamma_0 = mu_0 "
    f"gamma = {GAMMA_0 / 1e5:.4f}e5 m/(A s) goes with fields in A/m"
)
EQUATION_OF_MOTION = f"dm/dt = gamma T/(M_s t), {_WITH.format('J/m2', 't in m')}"
"""How a torque T on a layer of thickness t enters."""
EQUATION_OF_MOTION_OF_VOLUMES = f"dm/dt = gamma T/(M_s V), {_WITH.format('J', 'V in m3')}"
"""How a torque T on a region of volume V enters."""
