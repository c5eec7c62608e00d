"""A dual valve with resistive interfaces and mixing conductances: where the power goes.

Co(z)/Cu 8 nm/Py 4 nm/Cu 4 nm/Co(y) between Cu leads, as in dual_valve.py, with Py at 60 degrees in
the xz plane, and the interfaces of exchange_biased_valve.py. No closed form is known; checked here
is that the voltage's power turns into heat, all of it and nowhere else,

    j0 V = j0^2 RA = sum over layers of the integral of j0^2/D_tot + (j_s - p j0 m)^2/D + kappa
    mu_s^2/2, over interfaces of AR* [(1 - gamma^2) j0^2 + (j_s.m - gamma j0)^2] + G_r mu_perp^2/2,
    and over leads of G mu_s^2/2,

with j_s at an interface on its normal side, along m, and mu_perp there, across m. (Two channels of
Valet and Fert, doi:10.1103/PhysRevB.48.7099, and G_r of Brataas et al.,
doi:10.1103/PhysRevLett.84.2481. Precession, G_i, heats nothing.) And what an interface absorbs is
what its mixing conductance says: (G_r + G_i m x) mu_perp.

Numbers of interfaces are illustrative, and so are those of Cu; Co and Py are from the library.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.interpolate import CubicSpline

import spinfem as sf

Co, Py = sf.material("Co"), sf.material("Py")
Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
CoCu = sf.Interface(0.5e-15, gamma=0.75, mixing=0.5e15 + 0.01e15j)
CuPy = sf.Interface(0.5e-15, gamma=0.76, mixing=0.4e15 + 0.04e15j)

bottom = sf.Lead(Cu) | CoCu | Co(8e-9, m=(0, 0, 1), name="bottom") | CoCu
top = CoCu | Co(8e-9, m=(0, 1, 0), name="top") | CoCu | sf.Lead(Cu)
free = CuPy | Py(4e-9, m=sf.direction(60.0), name="free") | CuPy
stack = bottom | Cu(8e-9) | free | Cu(4e-9) | top
j0 = 1e11
solution = sf.solve(stack, j0)

heat = {"layers": 0.0, "interfaces": 0.0}
for layer in solution.layers:
    heat["layers"] += CubicSpline(layer.x, layer.dissipation).integrate(*layer.x[[0, -1]])
magnets = [piece.m for piece in stack.elements if getattr(piece, "m", None) is not None]
for face, joint, m in zip(solution.interfaces, stack.joints, np.repeat(magnets, 2, 0), strict=True):
    into = face.index % 2 == 0  # the ferromagnet is on the right
    mu = face.spin_potential_left if into else face.spin_potential_right
    j = face.spin_current_left if into else face.spin_current_right
    across = mu - (mu @ m) * m
    ohmic = j0**2 * (1 - joint.gamma**2) + (j @ m - joint.gamma * j0) ** 2
    heat["interfaces"] += joint.resistance * ohmic + joint.mixing.real * across @ across / 2
    taken = joint.mixing.real * across + joint.mixing.imag * np.cross(m, across)
    np.testing.assert_allclose(face.absorbed, taken, atol=1e-10 * j0)
ends = solution.interfaces[0].spin_potential_left, solution.interfaces[-1].spin_potential_right
heat["leads"] = Cu.stiffness * sum(mu @ mu for mu in ends) / 2
np.testing.assert_allclose(sum(heat.values()), j0 * solution.voltage, rtol=1e-7)  # the splines

for name in solution.ferromagnets:
    print(f"torque on {name:6} (J/m2):", solution.torque(name))
for polarizer in ("bottom", "top"):
    parts = [np.linalg.norm(part) for part in solution.torque_parts("free", polarizer)]
    print(f"free seen from {polarizer}: in its plane {parts[0]:.3e}, out of it {parts[1]:.3e} J/m2")
print("resistance, and its spin part (fOhm m2):", solution.resistance * 1e15, end=" ")
print(solution.spin_resistance * 1e15)
print("heat (W/m2):", {place: float(f"{value:.5g}") for place, value in heat.items()})

solution.plot.profile()
figure, ax = plt.subplots(figsize=(4, 3), layout="constrained")
ax.bar(heat.keys(), [value * 1e-6 for value in heat.values()])
ax.axhline(j0 * solution.voltage * 1e-6, color="0.3", linestyle="--", label="$j_0 V$")
ax.set(ylabel="heat (MW/m²)")
ax.legend()
plt.show()
