"""Section III C of arXiv:2006.11900: torques, and efficiencies that change their sign.

The rods take up what of the spin current cannot go on, and feel it as torques T = (hbar/2) jump:

    jump_1 = j_s(F1) - j_s(N1) = -j0 g1 m1 x (m2 x m1),
    jump_2 = j_s(N2) - j_s(F2) =  j0 g2 m2 x (m1 x m2),                                   (1), (10)
    g1 = -B mu2/j0,   g2 = B mu1/j0.

With c = cos(theta), A_i = G~_i + G~_N and Det = A1 A2 - B^2 c^2 the rings are at

    mu1 = j0 (A2 p1 - B c p2)/Det,   mu2 = j0 (B c p1 - A1 p2)/Det,                            (A2)
    g2 < 0  if  p2/p1 > A2/(B c),    g1 < 0  if  p2/p1 < B c/A1,                               (B1)

so that g2 changes sign where ring 1, dragged by the stronger F2, passes the crossing of the rods:
the tangent of the N cord at mu2 then goes below the m2 axis. And, of the resistance,

    d(dr)/d(theta) = g1 g2 sin(theta)/B,    dr = (p1 mu1 - p2 mu2)/(2 j0),

so dr is least there; and in Slonczewski's form, with a = sqrt(A1 A2), q+- = (B/2) (A2 p1/a +- p2),

    g2 = q+/(a + B c) + q-/(a - B c).

The numbers are those of Fig. 6: G1 = G2, G_N = 4 G1, p1 = 0.1, p2 = 0.9.
"""

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf

G1, G_N, d, d_N, weak, strong = 0.5, 2.0, 8.0, 0.2, 0.1, 0.9
N = sf.NormalMetal(D=2 * G_N, l=1.0)
A, B = G1 / np.tanh(d) + G_N / np.tanh(d_N), G_N / np.sinh(d_N)


def valve(theta, p1=weak, p2=strong):
    F1, F2 = sf.Ferromagnet(D=2 * G1, l=1.0, p=p1), sf.Ferromagnet(D=2 * G1, l=1.0, p=p2)
    m1, m2 = sf.direction(0.0), sf.direction(theta)
    return F1(d, m=m1, name="F1") | N(d_N, name="N") | F2(d, m=m2, name="F2")


theta = np.linspace(0.0, 180.0, 181)
c = np.cos(np.deg2rad(theta))
solution = sf.solve(valve(theta))
g1, g2 = solution.efficiency("F1", "F2")

# (A2), (1) and dr
det = A**2 - B**2 * c**2
mu1, mu2 = (A * weak - B * c * strong) / det, (B * c * weak - A * strong) / det
np.testing.assert_allclose([g1, g2], [-B * mu2, B * mu1], rtol=1e-9, atol=1e-12)
np.testing.assert_allclose(solution.spin_resistance, (weak * mu1 - strong * mu2) / 2, rtol=1e-10)

# (10): the jumps, from both sides of the faces
m1, m2 = sf.direction(0.0), sf.direction(theta)
for face, sign, g, own, other in ((1, -1, g1, m1, m2), (2, 1, g2, m2, m1)):
    at = solution.interfaces[face]
    expected = sign * g[:, None] * np.cross(own, np.cross(other, own))
    np.testing.assert_allclose(at.spin_current_left - at.spin_current_right, expected, atol=1e-12)
    np.testing.assert_allclose(at.absorbed, expected, atol=1e-12)

# (B1): the sign change, and what it looks like
of_g1, of_g2 = sf.sign_changes(valve, 0.0, 180.0, "F1", "F2")
(change,) = of_g2
np.testing.assert_allclose(change, np.degrees(np.arccos(A * weak / (B * strong))), atol=1e-9)
assert of_g1.size == 0
np.testing.assert_array_equal(g2 < 0, theta < change)
assert (g1 > 0).all()
for angle, where in ((change - 20.0, "below"), (change + 20.0, "above")):
    s = sf.solve(valve(angle))
    ring1, ring2 = sf.Analogy(s).rings[1:3]
    tangent = s.interfaces[2].spin_current_left
    above = np.cross(tangent, ring2.rod)[1] > 0  # towards m1
    assert above == (ring1.position > 0) == (where == "above")
    print(f"theta {angle:6.2f}: mu1 {ring1.position:+.4f}, tangent at mu2 {where} the m2 axis")

# the mirrored valve: now it is g1
h1, h2 = sf.solve(valve(theta, strong, weak)).efficiency("F1", "F2")
np.testing.assert_allclose([h1, h2], [g2, g1], rtol=1e-9, atol=1e-12)

# dr is least where g2 = 0; its slope is the work of the torque
for angle in (20.0, change, 120.0):
    analogy = sf.Analogy(sf.solve(valve(angle)))
    a, b = analogy.solution.efficiency("F1", "F2")
    slope = analogy.resistance_slope("F2", (0, 1, 0))  # theta grows by a turn about y
    np.testing.assert_allclose(slope, a * b * np.sin(np.deg2rad(angle)) / B, atol=1e-12)
    print(f"theta {angle:6.2f}: g1 {a:+.4f}, g2 {b:+.4f}, d(dr)/d(theta) {slope:+.5f}")

# Slonczewski's form; a = A1 = A2 here
plus, minus = B / 2 * (weak + strong), B / 2 * (weak - strong)
np.testing.assert_allclose(g2, plus / (A + B * c) + minus / (A - B * c), atol=1e-12)

figure, axes = plt.subplots(2, 1, sharex=True, figsize=(5, 5), layout="constrained")
for g, label in ((g1, "$g_1$"), (g2, "$g_2$")):
    axes[0].plot(theta, g, label=label)
axes[1].plot(theta, solution.spin_resistance)
axes[0].axhline(0, color="0.5", linewidth=0.6)
for ax in axes:
    ax.axvline(change, color="0.5", linestyle="--", linewidth=0.8)
axes[0].set(ylabel="efficiency")
axes[1].set(xlabel="angle (deg)", ylabel="dr")
axes[0].legend()
sf.Analogy(sf.solve(valve(change - 20.0))).plot()
plt.show()
