"""Ferromagnetic resonance of a film with a Pt cap, which takes up the spins that it pumps.

In its plane, with the field, a film has N = (1, 0, 0), and small deviations

    w = gamma_0 sqrt(H (H + M_s)),    dH = 2 alpha w/gamma_0,

Kittel's frequency and the full width at half maximum over the field, so that the width over the
frequency has the slope 4 pi alpha/gamma, in T. Spins that are pumped through an interface, and do
not come back, add (Y. Tserkovnyak, A. Brataas and G. E. W. Bauer, doi:10.1103/PhysRevB.66.224403)

    alpha_sp = gamma hbar^2 G_eff/(2 e^2 M_s t),    1/G_eff = 1/G_r + 1/(G_N tanh(d/l)),

with G_N = D/2l of Pt, d its thickness. Checked here: frequencies and widths, to second order in
alpha; alpha from the slope of widths; alpha_sp of every thickness.

Pt and Py are from the library; the interface, and alpha of the film without Pt, are illustrative.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from scipy.constants import e, hbar

import spinfem as sf
from spinfem.constants import GAMMA, GAMMA_0, MU_0

Py, Pt = sf.material("Py"), sf.material("Pt")
M_s, t, alpha_0, mixing = 8e5, 4e-9, 0.006, 6e14


def film(d, H=1e5):
    stack = (
        sf.SpinBlocking()
        | Py(t, m=(0, 0, 1), name="film")
        | sf.Interface(0.5e-15, gamma=0.5, mixing=mixing, name="Py/Pt")
        | Pt(d, name="cap")
        | sf.SpinBlocking()
    )
    field = np.multiply.outer(H, [0.0, 0.0, 1.0])
    return sf.Dynamics(stack, {"film": sf.Magnet(M_s, alpha=alpha_0, demag=(1, 0, 0))}, field=field)


def alpha_of(d):
    backflow = 1 / (Pt.stiffness * np.tanh(d / Pt.l))
    return alpha_0 + GAMMA * hbar**2 / (2 * e**2 * M_s * t) / (1 / mixing + backflow)


H = np.linspace(1e4, 4e5, 60)
w = GAMMA_0 * np.sqrt(H * (H + M_s))
lines = {}
for d in (0.2e-9, 1e-9, 5e-9):
    system, alpha = film(d, H), alpha_of(d)
    frequency, width = system.resonances().frequency[:, 0], system.field_linewidth()[:, 0]
    second = (alpha * (2 * H + M_s)) ** 2 / (H * (H + M_s))
    assert (np.abs(2 * np.pi * frequency / w - 1) < second).all()
    assert (np.abs(width / (2 * alpha * w / GAMMA_0) - 1) < 2 * second).all()
    slope, rest = np.polyfit(frequency, MU_0 * width, 1)
    measured = slope * GAMMA / (4 * np.pi)
    print(f"d = {d * 1e9:3g} nm: alpha = {alpha:.5f}, from the widths {measured:.5f}")
    np.testing.assert_allclose(measured, alpha, rtol=2e-3)
    lines[d] = frequency, MU_0 * width, alpha

thickness = np.geomspace(0.1e-9, 20e-9, 60)
damping = film(thickness).damping("film")
np.testing.assert_allclose(damping[:, 0, 0], alpha_of(thickness), rtol=1e-9)
np.testing.assert_allclose(damping[:, 1, 1], damping[:, 0, 0], rtol=1e-9)

figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.2), layout="constrained")
for d, (frequency, width, _) in lines.items():
    axes[0].plot(MU_0 * H * 1e3, frequency * 1e-9, label=f"Pt {d * 1e9:g} nm")
    axes[1].plot(frequency * 1e-9, width * 1e3, label=f"Pt {d * 1e9:g} nm")
axes[0].plot(MU_0 * H[::6] * 1e3, w[::6] / (2e9 * np.pi), "k.", label="Kittel")
axes[0].set(xlabel="field (mT)", ylabel="resonance (GHz)")
axes[1].set(xlabel="resonance (GHz)", ylabel="linewidth (mT)")
axes[2].semilogx(thickness * 1e9, damping[:, 0, 0], label="spinfem", color="0.4")
axes[2].plot(thickness[::6] * 1e9, alpha_of(thickness[::6]), "k.", label="closed form")
for d, (*_, alpha) in lines.items():
    axes[2].plot(d * 1e9, alpha, "o", label=f"Pt {d * 1e9:g} nm")
axes[2].axhline(alpha_0, color="0.6", linestyle=":")
axes[2].set(xlabel="thickness of Pt (nm)", ylabel="α")
for ax in axes:
    ax.legend(fontsize=8)
if len(sys.argv) > 1 and sys.argv[1].endswith((".png", ".svg", ".pdf")):
    figure.savefig(sys.argv[1], dpi=150)
plt.show()
