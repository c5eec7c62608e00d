"""The paper's asymmetric valve in the paper's units: G1 = G2, G_N = 4 G1, p1 = 0.1, p2 = 0.9.

F1/N/F2 between reservoirs, Appendix A of arXiv:2006.11900. With G~ = G coth(d/l), c = cos(theta),
A_i = G~_i + G~_N, B = G_N/sinh(d_N/l_N) and Det = A1 A2 - B^2 c^2,

    mu1 = j0 (A2 p1 - B c p2)/Det,   mu2 = j0 (B c p1 - A1 p2)/Det,    (A2)
    g1 = -B mu2/j0,   g2 = B mu1/j0,                                   (1), (B1)
    dr = (p1 mu1 - p2 mu2)/(2 j0).

Finite elements are checked against these at every angle.
"""

import numpy as np

import spinfem as sf

G1, G_N, p1, p2, d_N = 0.5, 2.0, 0.1, 0.9, 0.2
F1 = sf.Ferromagnet(D=2 * G1, l=1.0, p=p1)
F2 = sf.Ferromagnet(D=2 * G1, l=1.0, p=p2)
N = sf.NormalMetal(D=2 * G_N, l=1.0)

theta = np.linspace(0.0, 180.0, 181)
stack = F1(8.0, m=sf.direction(0.0), name="F1") | N(d_N) | F2(8.0, m=sf.direction(theta), name="F2")
solution = sf.solve(stack)
g1, g2 = solution.efficiency("F1", "F2")

c = np.cos(np.deg2rad(theta))
A = G1 / np.tanh(8.0) + G_N / np.tanh(d_N)
B = G_N / np.sinh(d_N)
det = A**2 - B**2 * c**2
mu1, mu2 = (A * p1 - B * c * p2) / det, (B * c * p1 - A * p2) / det
np.testing.assert_allclose(g1, -B * mu2, rtol=1e-10)
np.testing.assert_allclose(g2, B * mu1, rtol=1e-9, atol=1e-12)
np.testing.assert_allclose(solution.spin_resistance, (p1 * mu1 - p2 * mu2) / 2, rtol=1e-10)

# (B1): g2 < 0 where p2/p1 > A2/(B cos(theta)), which needs theta < 90 degrees
negative = theta[g2 < 0]
assert negative.max() < 90
assert (g1 > 0).all()
print(f"g2 is negative up to {negative.max():.0f} degrees,", end=" ")
print(f"(B1) says below {np.rad2deg(np.arccos(A * p1 / (B * p2))):.2f}")
print("dr at 0, 90, 180 degrees:", solution.spin_resistance[[0, 90, 180]])
