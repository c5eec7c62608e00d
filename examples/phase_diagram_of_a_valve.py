"""Which state is stable in which field and current: a switching phase diagram, and its hysteresis.

The free layer moves by

    dm/dt = -gamma_0 m x H + alpha m x dm/dt + gamma (j0 T + K dm/dt)/(M_s t),

    H = H_z z - M_s N m,

with T the torque of 1 A/m2 and K of pumped spins. P (s = 1) and AP (s = -1), along the easy axis z
like the field, are steady in any field and current. With H_1, H_2 = s H_z + M_s (Nx - Nz), s H_z +
M_s (Ny - Nz), and c = gamma hbar/(2|e| M_s t), small deviations decay if both

    s c j0 g > -alpha gamma_0 (H_1 + H_2)/2,    (c j0 g)^2 + gamma_0^2 H_1 H_2 > 0,

g that at 0 or 180 degrees, alpha with what pumped spins add: the first for oscillations, the second
for turns along a line. The regions of both overlap, and in between neither is stable.

Checked here: 2 x 140 x 140 eigenvalues against these formulas, and, wherever something grows or
decays clearly, against integrating from a tenth of a degree off.

Numbers of interfaces are illustrative; Co and Py are from the library.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

import spinfem as sf
from spinfem.constants import GAMMA, GAMMA_0, TORQUE_PER_SPIN_CURRENT

Co, Py = sf.material("Co"), sf.material("Py")
Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
joint = sf.Interface(0.5e-15, gamma=0.75, mixing=1e15)
M_s, t = 8e5, 3e-9
N = sf.demagnetizing_factors(t, 60e-9, 130e-9)
ANGLES = {"P": 0.0, "AP": 180.0}


def valve(state, fields):
    stack = (
        sf.Lead(Cu)
        | Co(20e-9, m=sf.direction(0.0), name="fixed")
        | joint
        | Cu(10e-9)
        | joint
        | Py(t, m=sf.direction(ANGLES[state]), name="free")
        | sf.Lead(Cu)
    )
    free = sf.Magnet(M_s, alpha=0.01, demag=N)
    return sf.Dynamics(stack, {"free": free}, field=fields[:, None, None] * np.array([0, 0, 1.0]))


H, j0 = np.linspace(-6e4, 6e4, 140), np.linspace(-1.5e12, 1.5e12, 140)
few_H, few_j0 = np.linspace(-5.8e4, 5.8e4, 20), np.linspace(-1.45e12, 1.45e12, 20)
times = np.linspace(0.0, 12e-9, 241)
c = GAMMA * TORQUE_PER_SPIN_CURRENT / (M_s * t)
stable, ends = {}, {}
for state, angle in ANGLES.items():
    s = np.cos(np.radians(angle))
    system = valve(state, H)
    stable[state] = system.is_stable(j0=j0)
    alpha = system.damping("free")[..., 0, 0]
    _, g = sf.solve(system.stack).efficiency("fixed", "free")
    H_1, H_2 = (s * H[:, None] + M_s * (N[k] - N[2]) for k in (0, 1))
    push = c * j0 * g
    decay = s * push + alpha * GAMMA_0 * (H_1 + H_2) / 2
    product = push**2 + GAMMA_0**2 * H_1 * H_2
    np.testing.assert_array_equal(stable[state], (decay > 0) & (product > 0))

    start = {"free": sf.direction(abs(angle - 0.1), 30.0)}
    run = valve(state, few_H).run(times=times, j0=few_j0, m=start, rtol=1e-6)
    rate = valve(state, few_H).growth(j0=few_j0)[..., 0].real
    off = np.linalg.norm(run.m["free"][..., [0, -1], :] - [0, 0, s], axis=-1)
    clear = np.abs(rate) * times[-1] > 6  # a factor of exp(6)
    closer = off[..., 1] < 0.1 * off[..., 0]
    np.testing.assert_array_equal(closer[clear], rate[clear] < 0)
    ends[state] = run.m["free"][..., 2].mean(axis=-1, where=times > 9e-9)
    print(f"{state}: {clear.mean():.0%} of {clear.size} points are clear, and all of these agree")
share = stable["P"] + 2 * stable["AP"]
names = ("neither", "only P", "only AP", "both: hysteresis")
for number, name in enumerate(names):
    print(f"{name:17} {np.mean(share == number):.0%} of the diagram")

figure, axes = plt.subplots(1, 3, sharey=True, figsize=(9.6, 3.6), layout="constrained")
extent = (*j0[[0, -1]] * 1e-12, *H[[0, -1]] * 1e-3)
colours = ListedColormap(["#d9d9d9", "#9ecae1", "#fdae6b", "#a1d99b"])
axes[0].imshow(share, colours, vmin=-0.5, vmax=3.5, origin="lower", extent=extent, aspect="auto")
for number, name in enumerate(names):
    axes[0].plot([], [], "s", color=colours(number), label=name)
axes[0].legend(fontsize=7, loc="lower left")
axes[0].set(ylabel="field along z (kA/m)", title="by eigenvalues")
grid = (few_j0 * 1e-12, few_H * 1e-3)
for ax, (state, end) in zip(axes[1:], ends.items(), strict=True):
    shown = ax.pcolormesh(*grid, end, cmap="coolwarm", vmin=-1, vmax=1)
    ax.contour(j0 * 1e-12, H * 1e-3, stable[state], levels=[0.5], colors="k")
    ax.set(title=f"integrated from {state}; line: eigenvalues")
for ax in axes:
    ax.set(xlabel="particle current (TA/m²)")
figure.colorbar(shown, ax=axes[1:], label="mean $m_z$ at the end")
if len(sys.argv) > 1 and sys.argv[1].endswith((".png", ".svg", ".pdf")):
    figure.savefig(sys.argv[1], dpi=150)
plt.show()
