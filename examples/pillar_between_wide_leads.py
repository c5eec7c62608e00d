"""A pillar between wider leads: where the current crowds, the torque is not that of one dimension.

In space, mu_0 and nu = mu_s/2 (along m in a ferromagnet) obey

    j = -D_tot (grad mu_0 + p grad nu),    j_s = -D_tot (p grad mu_0 + grad nu),
    div j = 0,    div j_s = -2 kappa nu,    D_tot = D/(1 - p^2),    kappa = D/2l^2,

in a normal metal with p = 0 for every component of mu_s; at transparent interfaces mu_s || m, and
what arrives across m is the torque. Leads in which spins and current spread move the angle at
which the torque of this valve changes its sign: near it, at 60 degrees, the torque is 3.5 times
that of the stack. Checked: leads as wide as the pillar give the stack's torque and resistance, and
the power is what the current brings in.

Metals are case A of `examples/co_cu_py.toml`; radii and thicknesses are illustrative.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf

Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9, name="Co")
Py = sf.Ferromagnet.from_valet_fert(291e-9, beta=0.76, l=5.5e-9, name="Py")
R, lead, current = 50e-9, 50e-9, 1e-3
area = np.pi * R**2
spacer = Cu(10e-9, name="spacer")
fixed = Co(8e-9, m=sf.direction(0), name="fixed")
valve = sf.Reservoir() | fixed | spacer | Py(4e-9, m=sf.direction(60), name="free") | sf.Reservoir()


def pillar(radius):
    discs = (sf.Slab(Cu, lead, radius),) * 2
    return sf.solve(sf.Device.pillar(valve, radius=R, current=current, leads=discs))


cap = Cu(lead)
stack = sf.Stack([sf.Reservoir(), cap, *valve.layers, cap, sf.Reservoir()])
exact = sf.solve(stack, current / area)
radii = np.array([50, 55, 60, 75, 100, 150, 200, 400]) * 1e-9
devices = [pillar(radius) for radius in radii]
ratios = np.array([d.torque("free")[0] for d in devices]) / (area * exact.torque("free")[0])
for radius, device, ratio in zip(radii, devices, ratios, strict=True):
    R_device = device.resistance("left", "right")
    print(f"leads of {radius * 1e9:3.0f} nm: torque {ratio:.3f} of the stack's, {R_device:.4f} Ohm")
    assert np.isclose(device.power, current * current * R_device, rtol=1e-11)
assert np.isclose(ratios[0], 1, rtol=1e-5)
assert np.isclose(devices[0].resistance("left", "right") * area, exact.resistance, rtol=1e-6)
assert np.allclose(ratios[[4, 6, 7]], [3.42, 3.51, 3.51], rtol=0.01)
assert (np.diff(ratios) > 0).all()

figure, (wide, density) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
wide.plot(radii * 1e9, ratios, "o-")
wide.axhline(1, color="0.6", lw=0.8)
wide.set(xlabel="radius of the leads (nm)", ylabel="torque over that of the stack")
for radius, device in ((50e-9, devices[0]), (400e-9, devices[-1])):
    points, torques = device.torque_density("free", "spacer")
    order = np.argsort(points[:, 0])
    r = points[order, 0] * 1e9
    density.plot(r, torques[order, 0] * 1e6, label=f"leads of {radius * 1e9:.0f} nm")
density.set(xlabel="r (nm)", ylabel="torque per area, along x (µJ/m²)")
density.legend(frameon=False)
if len(sys.argv) > 1 and sys.argv[1].endswith((".png", ".svg", ".pdf")):
    figure.savefig(sys.argv[1], dpi=150)
plt.show()
