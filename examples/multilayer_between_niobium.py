"""[Co/Cu]x15 and one more Co between superconducting niobium: spin memory loss.

Where no spin relaxes, antiparallel (AP) and parallel (P) states of N layers of Co, N even, obey the
formulas of two channels in series (Lee et al., J. Magn. Magn. Mater. 118, L1 (1993)):

    AR(AP) = 2 AR_SF + N rho* t_F + (N - 1)(rho t_N + 2 AR*),
    sqrt[(AR(AP) - AR(P)) AR(AP)] = N beta rho* t_F + 2 (N - 1) gamma AR*,

with AR_SF of Nb/Co. At a superconductor there is no spin accumulation, mu_s = 0.

Spins that flip make both invalid. Then, with s = +-1 for m, every piece is a resistor of spin,

    j_l = p s j0 + G coth(z) mu_l - G/sinh(z) mu_r,
    j_r = p s j0 + G/sinh(z) mu_l - G coth(z) mu_r,

a layer with G = 1/(2 rho* l), z = d/l, and an interface with G = delta/(2 AR*), z = delta and gamma
for p: Valet and Fert's slab of vanishing thickness (doi:10.1103/PhysRevB.48.7099). The balance
between neighbours, A mu = f j0, gives the part that spin adds to RA, f mu/(2 j0). The loss of delta
= 0.33, a fraction 1 - exp(-delta) at each interface, is the one number here that is changed.

The numbers are illustrative, of the size of Co and Cu at low temperature.
"""

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf

N, AR_SF = 16, 3e-15
AR, GAMMA, BETA = 0.51e-15, 0.77, 0.46
T_CO, T_CU, RHO_CO, RHO_CU = 6e-9, 10e-9, 75e-9, 6e-9
NIOBIUM = sf.Superconductor(AR_SF)


def multilayer(l_Co, l_Cu, delta):
    """Return the antiparallel state, of seven pairs and one more: down1 to down7 and last."""
    Co = sf.Ferromagnet.from_valet_fert(RHO_CO, beta=BETA, l=l_Co, name="Co")
    Cu = sf.NormalMetal.from_resistivity(RHO_CU, l=l_Cu, name="Cu")
    contact = sf.Interface(AR, gamma=GAMMA, delta=delta)
    spacer = contact | Cu(T_CU) | contact
    up = Co(T_CO, m=sf.direction(0))
    down, last = (Co(T_CO, m=sf.direction(180), name=name) for name in ("down", "last"))
    pairs = (up | spacer | down | spacer) * (N // 2 - 1)
    return NIOBIUM | pairs | up | spacer | last | NIOBIUM


def network(l_Co, l_Cu, delta, signs):
    """Return RA of collinear states from resistors of spin, with mu_s = 0 at both ends."""
    A, f, RA = np.zeros((4 * N - 2, 4 * N - 2)), np.zeros(4 * N - 2), 2 * AR_SF

    def add(face, rho, p, G, z):
        nonlocal RA
        RA += rho * (1 - p**2)
        own, shared = G / np.tanh(z), G / np.sinh(z)
        A[face : face + 2, face : face + 2] += [[own, -shared], [-shared, own]]
        f[face : face + 2] += [-p, p]

    for i, s in enumerate(signs):
        add(4 * i, RHO_CO * T_CO, BETA * s, 1 / (2 * RHO_CO * l_Co), T_CO / l_Co)
        if i < N - 1:
            G = delta / (2 * AR)
            add(4 * i + 1, AR, GAMMA * s, G, delta)
            add(4 * i + 2, RHO_CU * T_CU, 0.0, 1 / (2 * RHO_CU * l_Cu), T_CU / l_Cu)
            add(4 * i + 3, AR, GAMMA * signs[i + 1], G, delta)
    # AR_SF holds both ends
    A[0, 0] += 1 / (2 * AR_SF)
    A[-1, -1] += 1 / (2 * AR_SF)
    return RA + f @ np.linalg.solve(A, f) / 2


def states(*numbers):
    """Return AR of the antiparallel and the parallel state, each checked against the network."""
    AP = multilayer(*numbers)
    P = AP.replace("down", m=sf.direction(0)).replace("last", m=sf.direction(0))
    found = np.array([sf.solve(stack).resistance for stack in (AP, P)])
    both = [(-1) ** i for i in range(N)], N * [1]
    np.testing.assert_allclose(found, [network(*numbers, signs) for signs in both], rtol=1e-12)
    return found


AP, P = states(9e-3, 9e-3, 1e-12)  # next to nothing relaxes
series = 2 * AR_SF + N * RHO_CO * T_CO + (N - 1) * (RHO_CU * T_CU + 2 * AR)
np.testing.assert_allclose(AP, series, rtol=1e-9)
slope = N * BETA * RHO_CO * T_CO + 2 * (N - 1) * GAMMA * AR
np.testing.assert_allclose(np.sqrt((AP - P) * AP), slope, rtol=1e-9)
print(f"series resistors: AR(AP) {AP * 1e15:.3f}, A dR {(AP - P) * 1e15:.3f} fOhm m2")

for delta in (1e-12, 0.33):
    AP, P = states(60e-9, 450e-9, delta)
    print(f"delta = {delta:4.2f}: AR(AP) {AP * 1e15:.3f}, A dR {(AP - P) * 1e15:.3f} fOhm m2")

losses = np.geomspace(1e-3, 3.0, 40)
AP = multilayer(60e-9, 450e-9, losses)
P = AP.replace("down", m=sf.direction(0)).replace("last", m=sf.direction(0))
figure, ax = plt.subplots(figsize=(5, 3.5), layout="constrained")
for stack, label in ((AP, "antiparallel"), (P, "parallel")):
    ax.semilogx(losses, sf.solve(stack).resistance * 1e15, label=label)
ax.set(xlabel="spin memory loss δ at each interface", ylabel="RA (fΩ m²)")
ax.legend(loc="center left")
plt.show()
