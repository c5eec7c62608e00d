"""A dual valve whose three magnets all move: every stable state, its currents, and a way between.

Co/Cu/Py/Cu/Co between Cu leads, ellipses that are easy along z, none of them held:

    dm_i/dt = -gamma_0 m_i x H_i + alpha m_i x dm_i/dt + gamma/(M_i t_i) (j0 T_i + sum_j K_ij
    dm_j/dt),    H_i = -M_i N_i m_i,

with T_i the torque of 1 A/m2 in the directions of all three, and K_ij of spins that j pumps and i
takes up. Small deviations grow as exp(lambda t), of six lambda; a state is stable up to the current
at which the real part of one of them vanishes.

Checked here: that without current the stable states are the 2^3 along z, and no others; that those
which are opposite in all magnets have the same thresholds, since the equations do not change with
the signs of all m; frequencies without damping and current against Kittel's,

    f = gamma_0 M_s sqrt((Nx - Nz) (Ny - Nz))/(2 pi),

and how fast a deviation decays and grows in time, 3 % below and above a threshold, against lambda.

The parameters are illustrative, Co/Cu/Py-like, not measured values. With a path on the command
line a picture is saved.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf
from spinfem.constants import GAMMA_0

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")
CoCu = sf.Interface(0.5e-15, gamma=0.75, mixing=1e15)
CuPy = sf.Interface(0.5e-15, gamma=0.7, mixing=1e15)
SIZES = {"bottom": (1.4e6, 8e-9), "free": (8e5, 4e-9), "top": (1.3e6, 6e-9)}  # M_s, t
FACTORS = {name: sf.demagnetizing_factors(t, 60e-9, 130e-9) for name, (_, t) in SIZES.items()}


def dual_valve(signs, alpha=0.01, **others):
    m = np.multiply.outer(signs, [0.0, 0.0, 1.0])
    bottom, free, top = (t for _, t in SIZES.values())
    lower = sf.Lead(Cu) | Co(bottom, m=m[0], name="bottom") | CoCu | Cu(8e-9) | CuPy
    upper = CuPy | Cu(4e-9) | CoCu | Co(top, m=m[2], name="top") | sf.Lead(Cu)
    magnets = {
        name: sf.Magnet(M_s, alpha=alpha, demag=FACTORS[name]) for name, (M_s, _) in SIZES.items()
    }
    return sf.Dynamics(lower | Py(free, m=m[1], name="free") | upper, magnets, **others)


def written(signs):
    return "".join("↑" if sign > 0 else "↓" for sign in signs)


# all stable states, and the currents between which they are
states = dual_valve((1, 1, 1)).steady_states(starts=20)
stable = {tuple(np.rint(s.directions[:, 2]).astype(int).tolist()) for s in states if s.stable}
assert len(stable) == sum(state.stable for state in states) == 8
print(f"{len(states)} steady states without current, 8 of them stable")
ranges = {}
for signs in sorted(stable, reverse=True)[:4]:
    found, opposite = (
        [one for one in dual_valve(way).critical_currents() if one.changes_stability]
        for way in (signs, [-sign for sign in signs])
    )
    np.testing.assert_allclose([a.j0 for a in found], [b.j0 for b in opposite], rtol=1e-9)
    below = max((one for one in found if one.unstable == "below"), key=lambda one: one.j0)
    above = min(
        (one for one in found if one.unstable == "above" and one.j0 > below.j0),
        key=lambda one: one.j0,
    )
    ranges[signs] = below, above
    for one in ranges[signs]:
        print(
            f"{written(signs)}: {one.unstable} {one.j0:10.3e} A/m2, {one.frequency * 1e-9:.2f} GHz"
        )

# frequencies, and how fast deviations grow
undamped = dual_valve((1, -1, -1), alpha=0.0, pumping=False).resonances().frequency
kittel = [
    GAMMA_0 * M_s * np.sqrt((N[0] - N[2]) * (N[1] - N[2])) / (2 * np.pi)
    for (M_s, _), N in zip(SIZES.values(), FACTORS.values(), strict=True)
]
np.testing.assert_allclose(undamped, sorted(kittel), rtol=1e-12)

start = (1, -1, -1)
system, threshold = dual_valve(start), ranges[start][1]
near = threshold.j0 * np.array([0.97, 1.03])
growth = system.growth(j0=near)[:, 0]
times = np.linspace(0.0, 20e-9, 4001)
off = {name: sf.direction(90 - 90 * sign + 1e-3) for name, sign in zip(SIZES, start, strict=True)}
small = system.run(times=times, j0=near, m=off, rtol=1e-11)
late = times > 10e-9  # other deviations are gone
deviation = np.linalg.norm(small.directions[..., :2], axis=(-2, -1))[:, late]
rate = np.polyfit(times[late], np.log(deviation.T), 1)[0]
print("rates (1/ns):", rate * 1e-9, "by eigenvalues:", growth.real * 1e-9)
assert (np.sign(rate) == (-1, 1)).all()
np.testing.assert_allclose(rate, growth.real, rtol=0.01)  # it goes round within a period

# one current, at which only parallel states are stable: but there is an orbit as well
j0 = 4e11
left = [signs for signs, (below, above) in ranges.items() if below.j0 < j0 < above.j0]
assert left == [(1, 1, 1)]
begin = {name: (0.05, 0.05, sign) for name, sign in zip(SIZES, start, strict=True)}
run = system.run(times=np.linspace(0.0, 16e-9, 4001), j0=j0, m=begin)
last = run.directions[run.times > 12e-9]
assert run.switched("free")
assert not run.switched("bottom")
assert np.ptp(last[:, 2, 2]) > 0.5
np.testing.assert_allclose(np.linalg.norm(run.directions, axis=-1), 1.0, rtol=1e-12)
print(f"at {j0:.1e} A/m2: {written(start)} becomes ↑↑ and a top layer that goes round")

figure, (bars, ways) = plt.subplots(
    2, 1, figsize=(6.4, 5.6), layout="constrained", height_ratios=(2, 3)
)
for i, (below, above) in enumerate(ranges.values()):
    bars.barh(i, (above.j0 - below.j0) * 1e-12, left=below.j0 * 1e-12, color="#9ecae1")
    for one, side in ((below, "left"), (above, "right")):
        text = f" {one.frequency * 1e-9:.1f} GHz "
        bars.text(one.j0 * 1e-12, i, text, va="center", ha=side, fontsize=8)
labels = [f"{written(signs)}, {written(-np.array(signs))}" for signs in ranges]
bars.set_yticks(range(4), labels)
bars.axvline(j0 * 1e-12, color="k", linestyle=":")
bars.set(xlabel="particle current (TA/m²)", title="where states are stable")
for name, m in run.m.items():
    ways.plot(run.times * 1e9, m[:, 2], label=name)
ways.set(
    xlabel="time (ns)", ylabel="$m_z$", title=f"from {written(start)} at {j0 * 1e-12:.1f} TA/m²"
)
ways.legend(loc="lower right")
if len(sys.argv) > 1 and sys.argv[1].endswith((".png", ".svg", ".pdf")):
    figure.savefig(sys.argv[1], dpi=150)
plt.show()
