"""Rods and rings after the current is switched on: a torque that begins the other way.

The mechanical picture holds at every time of a transient, too. The rings have no inertia and no
friction: the driving force, the pulls of the cords and the reaction of the rod balance as ever. But
friction holds the cords back, ``-rho dmu_s/dt`` per length, the paper's equation before (4):

    (D/2) mu_s'' - kappa mu_s - rho dmu_s/dt = 0,  rho = kappa tau

The torque on Py is what the cord of the spacer pulls sideways at its rod, and that hangs on Co's
ring. At first the ring goes where its own driving force draws it; but Py's, which is driven harder,
draws it to the other side of the origin as soon as the cord between them has followed. So the
torque begins with the opposite sign.

Checked here: forces balance; the friction of the spacer's cord is what its pulls and its attraction
leave, with dmu_s/dt from differences of times; the torque has the sign of Co's ring, and in the end
it is the stationary one.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf

Cu = sf.NormalMetal.from_resistivity(17e-9, l=380e-9, tau=7.1e-12, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, tau=2.2e-12, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, tau=7.0e-14, name="Py")
stack = (
    sf.Lead(Cu)
    | Co(8e-9, m=(0, 0, 1), name="fixed")
    | Cu(10e-9, name="spacer")
    | Py(4e-9, m=sf.direction(60.0), name="free")
    | sf.Lead(Cu)
)
j0 = 1e11
times = np.linspace(0.0, 6e-13, 61)


def constant(t):
    return np.full_like(t, j0)


found = sf.transient(stack, constant, times, rtol=1e-5)
final = sf.solve(stack, j0)

T = final.torque("free")
along = found.torque("free") @ T / (T @ T)
turns = times[1:][(along[:-1] < 0) & (along[1:] >= 0)]
print(f"the torque on Py turns round after {turns[0] * 1e15:.0f} fs")

data = found.to_dataset()  # all there is, over time: data.to_netcdf("step.nc")
figure, axes = plt.subplots(2, 2, figsize=(8, 8))
shown = (2, 12, 60)
for ax, i in zip(axes.flat, shown, strict=False):
    found[i].plot.analogy(ax)
    ax.get_legend().remove()
    ax.set_title(f"{times[i] * 1e15:.0f} fs")
for component in "xz":
    torque = data.torque.sel(ferromagnet="free", component=component)
    axes[1, 1].plot(times * 1e15, torque * 1e6, label=f"${component}$")
axes[1, 1].set(xlabel="t (fs)", ylabel="torque on Py (µJ/m²)", title="in time")
axes[1, 1].legend(frameon=False)
figure.tight_layout()

for i in shown:
    for ring in sf.Analogy(found[i]).rings:
        total = sum(force.vector for force in ring.forces) + ring.reaction
        assert np.abs(total).max() < 1e-9 * j0


def integral(state):
    """The integral of mu_s over the spacer, V m."""
    layer = state.layer("spacer")
    return np.trapezoid(layer.spin_potential, layer.x, axis=0)


kappa = Cu.D / (2 * Cu.l**2)
cord = sf.Analogy(found[12]).cords[2]
rate = (integral(found[13]) - integral(found[11])) / (times[13] - times[11])
friction = -kappa * Cu.tau * rate
expected = cord.tension_left + cord.tension_right + kappa * integral(found[12])
assert np.abs(friction - expected).max() < 0.01 * np.abs(expected).max()
before, behind = (sf.Analogy(found[i]).rings[1].position for i in (shown[0], shown[-1]))
assert before > 0 > behind
assert along[shown[0]] < 0 < along[shown[-1]]
late = sf.transient(stack, constant, [0.0, 1e-10], rtol=1e-4)[1]
assert np.abs(late.torque("free") - T).max() < 1e-3 * np.abs(T).max()

if len(sys.argv) > 1:
    if sys.argv[1].endswith((".png", ".svg", ".pdf")):
        figure.savefig(sys.argv[1], dpi=150)
    if sys.argv[1].endswith(".gif"):
        found.animate(sys.argv[1], what="analogy")
plt.show()
