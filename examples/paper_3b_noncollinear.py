"""Section III B of arXiv:2006.11900: the mechanical analogy of N/F1/N/F2/N.

The outer N layers have a vanishing l and hold mu_s = 0: reservoirs. Two rods along m1 and m2 cross
at the origin. A ring slides on either, at mu1 m1 and mu2 m2. Straight F cords pull the rings to the
crossing, the N cord connects them, and the forces along the rods balance:

    (j_s(F1) - j_s(N1)).m1 = 0,   (j_s(N2) - j_s(F2)).m2 = 0,                             (9)
    j_s(F1) = (p1 j0 - G~_1 mu1) m1,   j_s(N1) = G~_N mu1 m1 - B mu2 m2,
    j_s(N2) = B mu1 m1 - G~_N mu2 m2,  j_s(F2) = (p2 j0 + G~_2 mu2) m2,                   (A1)

with G~ = G coth(d/l), B = G_N/sinh(d_N/l_N). Every element of the N cord is attracted to the
origin, -j_s' - (rho/tau) mu_s = 0, so that it hangs slack; it is straight for tau -> inf. All of
this is the minimum of

    S = sum over layers of the integral of (1/D) (p j0 m - (D/2) mu_s')^2 + (rho/2 tau) mu_s^2,

where the paper's S has twice the last term, which does not give back (4).
"""

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf

j0, theta, p1, p2, d1, d_N, d2 = 1.0, 70.0, 0.4, 0.7, 1.0, 0.6, 0.5
F1, F2 = sf.Ferromagnet(D=2.0, l=1.0, p=p1), sf.Ferromagnet(D=1.0, l=0.5, p=p2)
m1, m2 = sf.direction(0.0), sf.direction(theta)


def valve(l_N):
    N = sf.NormalMetal(D=6.0, l=l_N)
    return F1(d1, m=m1, name="F1") | N(d_N, name="N") | F2(d2, m=m2, name="F2")


analogy = sf.Analogy(sf.solve(valve(0.4), j0))
ring1, ring2 = analogy.rings[1:3]  # those at the spacer; the outer two are held at the crossing
cord1, cord, cord2 = analogy.cords
mu1, mu2 = ring1.position, ring2.position

# the cords' stiffnesses, and (A2): where the forces balance
G1, G_N, G2, z = 1.0, 6.0 / 0.8, 1.0, d_N / 0.4
stiffness = [G1 / np.tanh(d1), G_N / np.tanh(z), G2 / np.tanh(d2 / 0.5)]
np.testing.assert_allclose([c.stiffness for c in (cord1, cord, cord2)], stiffness, rtol=1e-13)
A1, A2, B, c = stiffness[0] + stiffness[1], stiffness[2] + stiffness[1], cord.coupling, m1 @ m2
np.testing.assert_allclose(B, G_N / np.sinh(z), rtol=1e-13)
found = np.linalg.solve([[A1, -B * c], [-B * c, A2]], [p1 * j0, -p2 * j0])
np.testing.assert_allclose([mu1, mu2], found, rtol=1e-12)

# the forces on either ring, (A1), and (9): along the rod they balance, across it the rod holds
force1 = {force.name: force.vector for force in ring1.forces}
np.testing.assert_allclose(force1["driving"], p1 * j0 * m1, atol=1e-13)
np.testing.assert_allclose(force1["F cord"], -cord1.stiffness * mu1 * m1, atol=1e-13)
np.testing.assert_allclose(force1["N cord"], B * mu2 * m2 - cord.stiffness * mu1 * m1, atol=1e-13)
for ring in (ring1, ring2):
    total = sum(force.vector for force in ring.forces)
    np.testing.assert_allclose(total @ ring.rod, 0.0, atol=1e-13)
    np.testing.assert_allclose(total, -ring.reaction, atol=1e-13)
    pulls = ", ".join(f"{name} {vector @ ring.rod:+.4f}" for name, vector in ring.forces)
    print(f"ring on the rod of {ring.name} at {ring.position:+.4f}; along it: {pulls}")

# the attraction that makes the cord slack is what its two ends feel of each other
held = cord.tension_left + cord.tension_right
np.testing.assert_allclose(held, cord.attraction, atol=1e-13)
expected = -(stiffness[1] - B) * (mu1 * m1 + mu2 * m2)  # minus the integral of (rho/tau) mu_s
np.testing.assert_allclose(cord.attraction, expected, atol=1e-12)

# faster relaxation stiffens the cord and hangs it lower; without it the cord is straight and j_s
# is a single point
for l_N in (0.2, 0.4, 1.0, 5.0, np.inf):
    solution = sf.solve(valve(l_N), j0)
    hung = sf.Analogy(solution).cords[1]
    j = solution.layer("N").spin_current
    print(f"l_N {l_N:3}: G~_N {hung.stiffness:7.3f}, slack {hung.slack:.5f},", end=" ")
    print(f"size of the j_s hodograph {np.linalg.norm(j[0] - j[-1]):.5f}")
first, last = hung.curve[0], hung.curve[-1]
np.testing.assert_allclose(np.cross(hung.curve - first, last - first), 0.0, atol=1e-15)
np.testing.assert_allclose(j, np.broadcast_to(j[0], j.shape), atol=1e-13)

# S is least: another admissible mu_s has more, by the energy of the difference alone
x, bend = analogy.solution.stack.x, 0.01 * np.array([1.0, -2.0, 0.5])


def bent(layer, xi):
    """mu_s across a layer, xi from 0 to 1, with the N cord pulled aside."""
    mu = analogy.solution.spin_potential(np.interp(xi, [0, 1], x[layer : layer + 2]))
    return mu + (layer == 1) * np.multiply.outer(np.sin(np.pi * xi), bend)


D, kappa = 6.0, 6.0 / (2 * 0.4**2)  # kappa = rho/tau = D/2l^2
more = (D / 4 * (np.pi / d_N) ** 2 + kappa / 2) * d_N / 2 * bend @ bend
least, raised = analogy.energy, analogy.energy_of(bent)
np.testing.assert_allclose(raised.total - least.total, more, rtol=1e-9)
dr = analogy.solution.spin_resistance
np.testing.assert_allclose(least.elastic + least.attraction, j0**2 * dr, rtol=1e-10)
print(f"S = {least.total:.6f}, {raised.total:.6f} of a cord bent by hand")

analogy.plot()
analogy.solution.plot.hodograph()
plt.show()
