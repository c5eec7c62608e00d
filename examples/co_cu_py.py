"""A Co/Cu/Py spin valve between Cu leads, in SI units.

In every layer j_s' = -kappa mu_s with j_s = p j0 m - (D/2) mu_s', eqs. (2) to (4) of
arXiv:2006.11900; at the interfaces mu_s and j_s.m are continuous, eqs. (5), (6), and the
ferromagnets absorb what is left: the torque.

Checked here: finite elements against the exact stack, and the slope of the resistance, which
vanishes where a torque changes sign: d(dr)/d(theta) = g_fixed g_free sin(theta)/B.

The parameters are illustrative, Co/Cu/Py-like, not measured values.
"""

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")


def valve(theta, d_N=10e-9):
    return (
        sf.Lead(Cu)
        | Co(8e-9, m=sf.direction(0.0), name="fixed")
        | Cu(d_N, name="spacer")
        | Py(4e-9, m=sf.direction(theta), name="free")
        | sf.Lead(Cu)
    )


solution = sf.solve(valve(60.0), j0=1e11)
print("torque on the free layer (J/m2):", solution.torque("free"))
print("efficiencies g_fixed, g_free:   ", solution.efficiency("fixed", "free"))
print("spin resistance (fOhm m2):      ", solution.spin_resistance * 1e15)

exact = sf.analytic.solve(valve(60.0), j0=1e11)
np.testing.assert_allclose(solution.torque("free"), exact.torque("free"), rtol=1e-10, atol=1e-20)
np.testing.assert_allclose(solution.spin_resistance, exact.spin_resistance, rtol=1e-10)

# a whole sweep is one solve
theta = np.linspace(0.0, 180.0, 1801)
sweep = sf.solve(valve(theta))
g_fixed, g_free = sweep.efficiency("fixed", "free")
B = Cu.stiffness / np.sinh(10e-9 / Cu.l)
slope = np.gradient(sweep.spin_resistance, np.deg2rad(theta))
expected = g_fixed * g_free * np.sin(np.deg2rad(theta)) / B
# central differences of step 0.1 degrees are good to about 1e-4 of the largest slope
np.testing.assert_allclose(slope[1:-1], expected[1:-1], atol=1e-4 * np.abs(expected).max())

change = theta[np.flatnonzero(np.diff(np.sign(g_free)))]
print("g_free changes sign near (deg):  ", change)
print("dr is least near (deg):          ", theta[np.argmin(sweep.spin_resistance)])

# what it looks like
solution.plot.profile()
figure, axes = plt.subplots(2, 1, sharex=True, figsize=(5, 5), layout="constrained")
axes[0].plot(theta, g_fixed, label="on fixed")
axes[0].plot(theta, g_free, label="on free")
axes[0].axhline(0, color="0.5", linewidth=0.6)
axes[0].set(ylabel="efficiency g", ylim=(-4.5, 4.5))
axes[0].legend()
axes[1].plot(theta, sweep.spin_resistance * 1e15)
axes[1].set(xlabel="angle (deg)", ylabel="dr (fΩ m²)")
plt.show()
