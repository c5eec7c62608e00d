"""Section III D of arXiv:2006.11900: the resistance of a spin valve with a thin N layer.

    dr = (p1 mu1 - p2 mu2)/(2 j0),

with (A2) for mu1, mu2. As d_N -> 0 the N cord becomes infinitely stiff, B = G_N/sinh(d_N/l_N) ~
D_N/(2 d_N), and draws the rings together:

    generic angle:  both to the crossing of the rods,   dr -> 0;
    theta = 0:      anywhere on the common rod,         dr -> (p1 - p2)^2/(2 (G1 + G2));
    theta = 180:    the same,                           dr -> (p1 + p2)^2/(2 (G1 + G2)).

So the order of the limits matters. With both at once, what counts is the spring q = B sin(theta)^2
with which the N cord holds the rings at the crossing: dr -> (p1 - p2)^2/(2 (G1 + G2 + q)).

A stack without the N layer is the limit d_N -> 0 itself. Although mu_s = 0 in the contact, it
absorbs spin: B mu1 and B mu2 stay finite. The spin current j_N in the vanished layer has the
components that the ferromagnets drive,

    j_N.m1 = p1 j0,  j_N.m2 = p2 j0;   F1 absorbs p1 j0 m1 - j_N,  F2 absorbs j_N - p2 j0 m2.

Half-infinite ferromagnets with the numbers of Fig. 6: G1 = G2, G_N = 4 G1, p1 = 0.1, p2 = 0.9.
"""

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf

G, G_N, p1, p2 = 1.0, 4.0, 0.1, 0.9
F1, F2 = sf.Ferromagnet(D=2 * G, l=1.0, p=p1), sf.Ferromagnet(D=2 * G, l=1.0, p=p2)
N = sf.NormalMetal(D=2 * G_N, l=1.0)


def valve(theta, d_N):
    m1, m2 = sf.direction(0.0), sf.direction(theta)
    return sf.Lead(F1, m=m1, name="F1") | N(d_N) | sf.Lead(F2, m=m2, name="F2")


def contact(theta):
    m1, m2 = sf.direction(0.0), sf.direction(theta)  # of layers and of the leads behind them
    first, second = F1(1.0, m=m1, name="F1"), F2(1.0, m=m2, name="F2")
    return sf.Lead(F1, m=m1) | first | second | sf.Lead(F2, m=m2)


# Fig. 6: all curves start at 0 but two
d_N = np.array([1e-12, 0.1, 0.5, 1.0, 2.0, 3.0])
theta = np.array([0.0, 5.0, 15.0, 30.0, 50.0, 90.0, 120.0, 140.0, 160.0, 170.0, 180.0])
dr = sf.solve(valve(theta[:, None], d_N)).spin_resistance
far = (p1**2 + p2**2) / (2 * (G + G_N))  # d_N -> inf: two contacts, (7) and (8)
c, A, B = np.cos(np.deg2rad(theta))[:, None], G + G_N / np.tanh(d_N), G_N / np.sinh(d_N)
exact = (A * (p1**2 + p2**2) - 2 * B * c * p1 * p2) / (2 * (A**2 - B**2 * c**2))
np.testing.assert_allclose(dr[:, 1:], exact[:, 1:], rtol=1e-10)  # cancels where d_N is tiny
print("theta    dr/dr(inf) at d_N/l_N =", d_N)
for angle, row in zip(theta, dr / far, strict=True):
    print(f"{angle:5.0f}   ", row.round(6))

# the limits, and the contact
parallel, antiparallel = (p1 - p2) ** 2 / (4 * G), (p1 + p2) ** 2 / (4 * G)
np.testing.assert_allclose(dr[[0, -1], 0], [parallel, antiparallel], rtol=1e-9)
np.testing.assert_allclose(dr[1:-1, 0], 0.0, atol=1e-9 * parallel)
at_contact = sf.solve(contact(theta)).spin_resistance
np.testing.assert_allclose(at_contact[[0, -1]], [parallel, antiparallel], rtol=1e-12)
np.testing.assert_array_equal(at_contact[1:-1], 0.0)

# both orders of limits, and both at once
small, thin = 1e-12, 1e-14
first_theta = sf.solve(valve(small, np.array([1e-3, 1e-6, 1e-9]))).spin_resistance
first_d_N = sf.solve(contact(np.array([1e-3, 1e-6, 1e-9]))).spin_resistance
print("theta -> 0, then d_N -> 0: dr", first_theta, "->", round(parallel, 12))
print("d_N -> 0, then theta -> 0: dr", first_d_N)
np.testing.assert_allclose(first_theta[-1], parallel, rtol=1e-8)  # first order in d_N
np.testing.assert_allclose(sf.solve(valve(0.0, thin)).spin_resistance, parallel, rtol=1e-12)
np.testing.assert_array_equal(first_d_N, 0.0)
angles = np.array([1e-6, 1e-5, 1e-4])
q = G_N / np.sinh(thin) * np.sin(np.deg2rad(angles)) ** 2
together = sf.solve(valve(angles, thin)).spin_resistance
np.testing.assert_allclose(together, (p1 - p2) ** 2 / (2 * (2 * G + q)), rtol=1e-9)

# who absorbs what in the contact
angle = 40.0
m1, m2 = sf.direction(0.0), sf.direction(angle)
plane = np.array([m1, m2])
j_N = plane.T @ np.linalg.solve(plane @ plane.T, [p1, p2])  # in span(m1, m2)
touching, spaced = sf.solve(contact(angle)), sf.solve(valve(angle, 1e-12))
for name, taken in (("F1", p1 * m1 - j_N), ("F2", j_N - p2 * m2)):
    np.testing.assert_allclose(touching.absorbed_spin_current(name), taken, atol=1e-12)
    np.testing.assert_allclose(spaced.absorbed_spin_current(name), taken, atol=1e-10)
    print(f"{name} absorbs {taken.round(6) + 0.0} j0 at {angle:.0f} degrees")
g1, g2 = spaced.efficiency("F1", "F2")
limit = np.array([p2 - p1 * m1 @ m2, p1 - p2 * m1 @ m2]) / np.sin(np.deg2rad(angle)) ** 2
np.testing.assert_allclose([g1, g2], limit, rtol=1e-10)

# Fig. 6
d_N = np.linspace(1e-3, 3.0, 300)
dr = sf.solve(valve(theta[:, None], d_N)).spin_resistance / far
figure, axes = plt.subplots(1, 2, figsize=(8, 3.5), layout="constrained")
for ax, few in zip(axes, (theta <= 90.0, theta >= 90.0), strict=True):
    for angle, curve in zip(theta[few], dr[few], strict=True):
        ax.plot(d_N, curve, label=f"{angle:.0f}°")
    ax.set(xlabel="$d_N/l_N$", ylim=(0, None))
    ax.legend(fontsize="small", ncols=2)
axes[0].set(ylabel="dr / dr($d_N$ → ∞)")
plt.show()
