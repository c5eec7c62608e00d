"""Wavy torque: the free layer's torque changes sign, and the resistance has its minimum there.

For weakly and strongly polarized neighbours g2 in eq. (1) of arXiv:2006.11900, T2 = (hbar/2|e|) j0
g2 m2 x (m1 x m2), may change sign at an angle, (B1); and in any valve of two, from the work of the
torques,

    d(dr)/d(theta) = g1 g2 sin(theta)/B,

so that the resistance, which is not monotonic then, has its minimum at the same angle. A resistance
at interfaces without mixing conductances, along m alone (Valet and Fert,
doi:10.1103/PhysRevB.48.7099), leaves mu_s across m continuous; what has to vanish is still mu_s on
the far side of the spacer, for the torque as for the slope. Checked here: both angles against each
other, that of the transparent valve against `sf.sign_changes`, and its slope against this formula.

The parameters are illustrative, Co/Cu/Py-like, not measured values. With a path on the command
line a picture is saved: wavy_torque.png is that of `python wavy_torque.py wavy_torque.png`.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from scipy.interpolate import CubicSpline

import spinfem as sf

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")


def valve(theta, AR):
    return (
        sf.Lead(Cu)
        | Co(8e-9, m=sf.direction(0.0), name="fixed")
        | sf.Interface(AR, gamma=0.1)
        | Cu(10e-9)
        | sf.Interface(AR, gamma=0.1)
        | Py(4e-9, m=sf.direction(theta), name="free")
        | sf.Lead(Cu)
    )


def transparent(theta):
    return valve(theta, 0.0)


theta = np.linspace(0.0, 180.0, 721)
results = {}
for label, AR in (("transparent", 0.0), ("AR* = 0.5 fΩ m²", 0.5e-15)):
    solution = sf.solve(valve(theta, AR))
    towards = -sf.direction(theta + 90.0)  # in the plane, from m of the free layer to the fixed one
    torque = np.sum(solution.absorbed_spin_current("free") * towards, axis=-1)
    resistance = solution.resistance
    results[label] = torque, (resistance - resistance[0]) * 1e15
    zero = CubicSpline(theta, torque).roots(extrapolate=False)
    zero = zero[(zero > 1.0) & (zero < 179.0)]
    least = CubicSpline(theta, resistance).derivative().roots(extrapolate=False)
    least = least[(least > 1.0) & (least < 179.0)]
    print(f"{label}: torque changes sign at {zero} deg, resistance is least at {least} deg")
    np.testing.assert_allclose(least, zero, atol=1e-3)  # the splines
    assert zero.size == 1

_, change = sf.sign_changes(transparent, 0.0, 180.0, "fixed", "free")
solution = sf.solve(transparent(theta))
zero = CubicSpline(theta, results["transparent"][0]).roots(extrapolate=False)
np.testing.assert_allclose(zero[(zero > 1.0) & (zero < 179.0)], change, atol=1e-6)
g_fixed, g_free = solution.efficiency("fixed", "free")
angle = np.radians(theta)
slope = CubicSpline(angle, solution.spin_resistance, bc_type="clamped")(angle, 1)
expected = g_fixed * g_free * np.sin(angle) * np.sinh(10e-9 / Cu.l) / Cu.stiffness
np.testing.assert_allclose(slope, expected, atol=1e-6 * np.abs(expected).max())

figure, (upper, lower) = plt.subplots(2, 1, sharex=True, figsize=(3.5, 4.4), layout="constrained")
for (label, (torque, rise)), style in zip(results.items(), ("-", "--"), strict=True):
    upper.plot(theta, torque, style, label=label)
    lower.plot(theta, rise, style)
for ax in (upper, lower):
    ax.axhline(0.0, color="0.45", linewidth=0.6)
upper.set_ylabel("torque on Py (ħ$j_0$/2|e|)")
lower.set(ylabel="RA − RA(0) (fΩ m²)", xlabel="angle (deg)", xticks=range(0, 181, 45))
upper.legend(fontsize="small", frameon=False)
if len(sys.argv) > 1 and sys.argv[1].endswith((".png", ".svg", ".pdf")):
    figure.savefig(sys.argv[1], dpi=150)
plt.show()
