"""A dual valve: three ferromagnets that do not lie in one plane.

Between half-infinite Co, Co(z)/Cu 8 nm/Py 4 nm/Cu 4 nm/Co(y), with Py at 60 degrees from z in the
xz plane. No closed form is known for three ferromagnets; checked here are the exact stack
and, without any reference, the work done when a magnetization turns,

    j0^2 delta(dr) = sum over faces of mu_face T_face . delta m    (T without hbar/2|e|),

and that no torque has a component along its magnetization.
"""

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")


def dual_valve(polar):
    return (
        sf.Lead(Co, m=(0, 0, 1), name="left")
        | Cu(8e-9)
        | Py(4e-9, m=sf.direction(polar), name="free")
        | Cu(4e-9)
        | sf.Lead(Co, m=(0, 1, 0), name="right")
    )


stack = dual_valve(60.0)
solution = sf.solve(stack)
for name in solution.ferromagnets:
    print(f"spin current absorbed by {name:5} / j0:", solution.absorbed_spin_current(name))
for a, b in solution.spacers:
    print(f"efficiencies of {a}, {b}:", solution.efficiency(a, b))
print("spin resistance (fOhm m2):", solution.spin_resistance * 1e15)

exact = sf.analytic.solve(stack)
for name in solution.ferromagnets:
    a, b = solution.absorbed_spin_current(name), exact.absorbed_spin_current(name)
    np.testing.assert_allclose(a, b, atol=1e-12)
m = stack.layers[1].m
np.testing.assert_allclose(solution.absorbed_spin_current("free") @ m, 0, atol=1e-14)

step = 1e-3  # degrees
ahead, behind = dual_valve(60.0 + step), dual_valve(60.0 - step)
delta_m = ahead.layers[1].m - behind.layers[1].m
faces = solution.interfaces[1:3]
work = sum((face.spin_potential @ m) * (face.absorbed @ delta_m) for face in faces)
change = sf.solve(ahead).spin_resistance - sf.solve(behind).spin_resistance
np.testing.assert_allclose(work, change, rtol=1e-6)
print(f"work done by the torque when m turns {work:.6e}, change of dr {change:.6e} Ohm m2")

solution.plot.profile()
polar = np.linspace(0.0, 180.0, 91)
torque = sf.solve(dual_valve(polar)).absorbed_spin_current("free")
figure, ax = plt.subplots(figsize=(5, 3.5), layout="constrained")
for values, axis in zip(torque.T, "xyz", strict=True):
    ax.plot(polar, values, label=axis)
ax.set(xlabel="polar angle of free (deg)", ylabel="absorbed spin current / $j_0$")
ax.legend()
plt.show()
