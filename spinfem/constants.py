"""Constants of nature, exact in the SI."""

from math import pi

TORQUE_PER_SPIN_CURRENT = 6.62607015e-34 / (2 * pi) / (2 * 1.602176634e-19)
"""hbar/2|e|, J s/C: torque per absorbed spin current; h and e are exact in the SI."""
