"""Are spins pumped at once? Damping by spin pumping from 1 GHz to 300 GHz.

Py precesses on a narrow cone beside Cu. What it pumps damps it: the torque that it absorbs is
against its motion. ``sf.Dynamics`` has it for motion that is slow beside spin relaxation; here
``sf.transient`` follows the motion itself, and the spins that are still in Cu from a turn ago.

Checked here: at 1 GHz both are the same; and a half-infinite lead, which takes up ``G mu_s`` of
what is slow, takes up ``G sqrt(1 + 2 pi i f tau) mu_s``.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf
from spinfem.constants import PUMPED_POTENTIAL, TORQUE_PER_SPIN_CURRENT

Cu = sf.NormalMetal.from_resistivity(17e-9, l=380e-9, tau=7.1e-12, name="Cu")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, tau=0.07e-12, name="Py")
face = sf.Interface(0.0, mixing=5e14)
free = Py(4e-9, m=(0, 0, 1), name="free")
samples = {
    "half-infinite Cu": sf.SpinBlocking() | free | face | sf.Lead(Cu),
    "100 nm of Cu": sf.SpinBlocking() | free | face | Cu(100e-9) | sf.SpinBlocking(),
}
cone = np.radians(1.0)


def pumped(stack, f):
    """Spin current that Py absorbs per ``m x dm/dt`` and per ``dm/dt``, after 30 ps or more."""
    omega, period = 2 * np.pi * f, 1 / f

    def m(t):
        around = omega * t
        s, c = np.sin(cone), np.cos(cone)
        return np.stack([s * np.cos(around), s * np.sin(around), c + 0 * t], axis=-1)

    times = np.arange(max(2, np.ceil(30e-12 * f)) * 12 + 1) * period / 12
    found = sf.transient(stack, 0 * times, times, m={"free": m}, rtol=3e-3)[-12:]
    slope = omega * np.cross([0.0, 0.0, 1.0], m(found.times))
    taken, size = found.absorbed_spin_current("free"), np.sum(slope**2, axis=-1)
    ways = np.cross(m(found.times), slope), slope
    return np.array([np.mean(np.sum(taken * way, axis=-1) / size) for way in ways])


frequencies = np.array([1e9, 1e10, 1e11, 3e11])
figure, axes = plt.subplots(1, 2, figsize=(8, 3.4))
print("damping by spin pumping, relative to that of slow motion")
print(f"{'':18}" + "".join(f"{f / 1e9:>8g} GHz" for f in frequencies))
results = {}
for name, stack in samples.items():
    slow = sf.Dynamics(stack, {"free": sf.Magnet(8e5)}).pumped(np.array([[0.0, 0.0, 1.0]]))
    damps = slow[0, :, 0] @ [1.0, 0.0, 0.0] @ [0.0, 1.0, 0.0] / TORQUE_PER_SPIN_CURRENT
    results[name] = np.array([pumped(stack, f) for f in frequencies]) / damps
    print(f"{name:18}" + "".join(f"{ratio:12.4f}" for ratio in results[name][:, 0]))
    for axis, numbers in zip(axes, results[name].T, strict=True):
        axis.semilogx(frequencies / 1e9, numbers, "o-", ms=4, label=name)
axes[0].set(xlabel="f (GHz)", ylabel="relative to slow motion", title="against the motion")
axes[1].set(xlabel="f (GHz)", title="along it: a shift of frequency")
axes[0].legend(frameon=False, fontsize=8)
figure.tight_layout()

for ratios in results.values():
    assert abs(ratios[0, 0] - 1) < 0.01

G, mixing = Cu.D / (2 * Cu.l), 5e14
for f, ratios in zip(frequencies, results["half-infinite Cu"], strict=True):
    taken = G * np.sqrt(1 + 2j * np.pi * f * Cu.tau)
    series = PUMPED_POTENTIAL * mixing * taken / (mixing + taken)  # per m x dm/dt, as it swings
    slow = PUMPED_POTENTIAL * mixing * G / (mixing + G)
    assert abs(ratios @ [1, -1j] - series / slow) < 0.02  # m x (m x dm/dt) = -dm/dt

if len(sys.argv) > 1 and sys.argv[1].endswith((".png", ".svg", ".pdf")):
    figure.savefig(sys.argv[1], dpi=150)
plt.show()
