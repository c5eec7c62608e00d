"""Section III A of arXiv:2006.11900: contacts, and the mechanical analogy of collinear stacks.

One contact of half-infinite layers at x = 0, G = D/(2 l):

    mu_s = mu(0) exp(-|x|/l) on either side, with l of that side,
    F/N:   p j0 - G_F mu(0) - G_N mu(0) = 0,                                          (7)
    N/F:  -p j0 - G_F mu(0) - G_N mu(0) = 0.                                          (8)

mu_s is the place of a ring on a rod; these are the forces on it: a driving force, and the pulls of
two elastic cords. With two boundaries a cord of finite length connects the rings. It pulls with
G~ = G coth(d/l) per displacement of its own end and B = G/sinh(d/l) of the other, so that in

    F/N/F:   p1 j0 - (G_1 + G~_N) mu1 + B_N mu2 = 0,   -p2 j0 - (G_2 + G~_N) mu2 + B_N mu1 = 0,
    N/F/N:  -p j0 - (G_N + G~_F) mu1 + B_F mu2 = 0,     p j0 - (G_N + G~_F) mu2 + B_F mu1 = 0.

Checked here: mu_s and j_s over x of the contacts, and rings and forces of all four stacks.
"""

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf

up = sf.direction(0.0)
p, p2, j0 = 0.6, 0.4, 1.5
F = sf.Ferromagnet(D=2.0, l=0.5, p=p)
F2 = sf.Ferromagnet(D=3.0, l=1.0, p=p2)
N = sf.NormalMetal(D=3.0, l=1.5)
G_F, G_F2, G_N = F.D / (2 * F.l), F2.D / (2 * F2.l), N.D / (2 * N.l)


def show(title, solution):
    """Print the forces on every ring, which balance; return where the rings are."""
    positions = []
    for ring in sf.Analogy(solution).rings:
        forces = {force.name: force.vector @ up for force in ring.forces}
        np.testing.assert_allclose(sum(forces.values()), 0.0, atol=1e-12)
        if "contact" in forces:  # the seam of a layer and the lead of the same metal
            continue
        positions.append(ring.position)
        listed = ", ".join(f"{name} {force:+.4f}" for name, force in forces.items())
        print(f"{title:6} mu_s {ring.position:+.4f}, forces: {listed}")
    return positions


# (7): a lead continues a layer of the same metal to infinity
contact = sf.solve(sf.Lead(F, m=up) | F(2.0, m=up) | N(4.0) | sf.Lead(N), j0)
mu0 = p * j0 / (G_F + G_N)
np.testing.assert_allclose(show("F/N", contact), mu0, rtol=1e-12)
x = np.linspace(-1.9, 3.9, 59)
mu = mu0 * np.exp(-np.abs(x) / np.where(x < 0, F.l, N.l))
j = np.where(x < 0, p * j0 - G_F * mu, G_N * mu)
np.testing.assert_allclose(contact.spin_potential(2.0 + x) @ up, mu, atol=1e-12)
np.testing.assert_allclose(contact.spin_current(2.0 + x) @ up, j, atol=1e-12)

# (8): the driving force pulls the other way
contact = sf.solve(sf.Lead(N) | N(4.0) | F(2.0, m=up) | sf.Lead(F, m=up), j0)
np.testing.assert_allclose(show("N/F", contact), -mu0, rtol=1e-12)
np.testing.assert_allclose(contact.spin_potential(4.0 - x) @ up, -mu, atol=1e-12)  # mirrored
np.testing.assert_allclose(contact.spin_current(4.0 - x) @ up, j, atol=1e-12)

# F/N/F: the forces p1 j0 and -p2 j0 pull apart what the N cord holds together
d = 0.8
valve = sf.solve(sf.Lead(F, m=up) | N(d) | sf.Lead(F2, m=up), j0)
tension, coupling = G_N / np.tanh(d / N.l), G_N / np.sinh(d / N.l)
stiffness = [[G_F + tension, -coupling], [-coupling, G_F2 + tension]]
expected = np.linalg.solve(stiffness, [p * j0, -p2 * j0])
np.testing.assert_allclose(show("F/N/F", valve), expected, rtol=1e-12)

# N/F/N: first down, then up
d = 0.3
film = sf.solve(sf.Lead(N) | F(d, m=up) | sf.Lead(N), j0)
tension, coupling = G_F / np.tanh(d / F.l), G_F / np.sinh(d / F.l)
stiffness = [[G_N + tension, -coupling], [-coupling, G_N + tension]]
expected = np.linalg.solve(stiffness, [-p * j0, p * j0])
np.testing.assert_allclose(show("N/F/N", film), expected, rtol=1e-12)

# faster relaxation shortens l, stiffens the springs and pulls the ring back
l = np.array([6.0, 3.0, 1.5, 0.75])
faster = sf.solve(sf.Lead(F, m=up) | sf.NormalMetal(D=N.D, l=l)(40.0), j0)
mu0 = faster.interfaces[0].spin_potential @ up
np.testing.assert_allclose(mu0, p * j0 / (G_F + N.D / (2 * l) / np.tanh(40.0 / l)), rtol=1e-12)
print("mu(0) of F/N for l_N", l, "is", mu0.round(4))

valve.plot.profile()
contact = sf.solve(sf.Lead(F, m=up) | F(2.0, m=up) | N(4.0) | sf.Lead(N), j0)
contact.plot.profile()
plt.show()
