"""A computed torque in OOMMF: the text for its evolver, checked against solved torques.

Oxs_SpinXferEvolve has, besides precession and damping,

    dm/dt = gamma_0 beta epsilon m x (mp x m),  beta = |hbar/(mu_0 e)| J/(t M_s),
    epsilon = q+/(AA + BB c) + q-/(AA - BB c),  c = m . mp,

with gamma_0 = mu_0 gamma = 2.2128e5 m/(A s), and AA, BB, q+- made of P and Lambda of the fixed and
the free layer (`spinfem.handoff`). For strong ferromagnets and transparent interfaces it is the
torque of the spacer, eq. (1) of arXiv:2006.11900, at all angles; also here, where it changes sign.

Checked here: M_s t/gamma times this dm/dt, from the numbers in the text alone, against the torque
of stacks in which the free layer is turned, out of the plane too.

The parameters are illustrative, Co/Cu/Py-like, not measured values. With a path on the command
line the text is written there.
"""

import re
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.constants import elementary_charge, hbar

import spinfem as sf

stack, j0 = sf.load(Path(__file__).with_name("co_cu_py.toml"))
torque = sf.slonczewski(sf.solve(stack, j0), "fixed", "free")
text = torque.oommf()
print(text)

found = dict(re.findall(r"^  (\w+) (.*)$", text, flags=re.MULTILINE))
mp = np.array(found.pop("mp").strip("{}").split(), dtype=float)
value = {name: float(number) for name, number in found.items()}
F, R = value["Lambda_fixed"] ** 2, value["Lambda_free"] ** 2
AA, BB = np.sqrt((F + 1) * (R + 1)), np.sqrt((F - 1) * (R - 1))
fixed = value["P_fixed"] * F * np.sqrt((R + 1) / (F + 1)) / 2
free = value["P_free"] * R * np.sqrt((F - 1) / (R - 1)) / 2

polar, azimuth = np.meshgrid(np.linspace(0.0, 180.0, 19), np.linspace(0.0, 330.0, 12))
m = sf.direction(polar, azimuth)  # in OOMMF's axes
c = m @ mp
epsilon = (fixed + free) / (AA + BB * c) + (fixed - free) / (AA - BB * c)
size = hbar / elementary_charge * value["J"] * epsilon
theirs = size[..., None] * np.cross(m, np.cross(mp, m))

# the stack's x, along the current, is OOMMF's z
ours = sf.solve(stack.replace("free", m=np.roll(m, 1, axis=-1)), j0).torque("free")
largest = np.abs(ours).max()
error = np.abs(np.roll(theirs, 1, axis=-1) - ours).max() / largest
print(
    f"{polar.size} directions, largest torque {largest:.3g} J/m2, largest error {error:.1e} of it"
)
assert error < 1e-12

if len(sys.argv) > 1 and sys.argv[1].endswith((".mif", ".tcl", ".txt")):
    Path(sys.argv[1]).write_text(text, encoding="utf-8")

theta = np.linspace(0.0, 180.0, 181)
c = np.cos(np.radians(theta))
figure, ax = plt.subplots(figsize=(5, 3.5), layout="constrained")
formula = (fixed + free) / (AA + BB * c) + (fixed - free) / (AA - BB * c)
ax.plot(theta, formula, label="OOMMF's formula, from the text")
some = theta[1:-1:12]
_, g = sf.solve(stack.replace("free", m=sf.direction(some))).efficiency("fixed", "free")
ax.plot(some, g / 2, "o", label="g/2 of solved valves")
ax.set(xlabel="angle (deg)", ylabel="ε", ylim=(-1.6, 1.6))
ax.legend()
plt.show()
