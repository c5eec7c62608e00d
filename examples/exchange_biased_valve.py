"""An exchange-biased Co/Cu/Py valve with resistive interfaces: resistances and torques.

At an interface, along m, Valet and Fert (doi:10.1103/PhysRevB.48.7099): j_s = gamma j0 - [mu_s] /
(2 AR*), where [mu_s] is the jump; across m, Brataas, Nazarov and Bauer
(doi:10.1103/PhysRevLett.84.2481): j_s = G_r mu_s + G_i m x mu_s into the ferromagnet.

If all m are along one axis every piece, layer or interface, is a resistor of spin, with s = +-1 for
m and lower indices for its two faces,

    j_l = p s j0 + G~ mu_l - B mu_r,    j_r = p s j0 + B mu_l - G~ mu_r,

with G~ = G coth(d/l), B = G/sinh(d/l) and, at an interface, gamma for p and G~ = B = 1/(2 AR*).
Balance between neighbours, A mu = f j0, gives dr = f mu/(2 j0), and RA = sum of d (1 - p^2)/D + sum
of AR* (1 - gamma^2) + dr. Checked here: P and AP states against this network; the torques against
the saddle-point path; and examples/exchange_biased_valve.toml, which is the same sample.

Co, Py, l of IrMn (an upper bound) and gamma of Py/Cu are sourced (`spinfem materials`); all other
numbers are illustrative.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf

Co, Py = sf.material("Co"), sf.material("Py")
Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9, name="Cu")
IrMn = sf.material("IrMn", sigma=1 / 1500e-9)
Py_Cu = sf.interface("Py/Cu", resistance=0.5e-15, mixing=0.4e15 + 0.04e15j)


def valve(theta):
    return (
        sf.Lead(Cu)
        | IrMn(8e-9, name="bias")
        | sf.Interface(1e-15, name="IrMn/Co")
        | Co(6e-9, m=sf.direction(0.0), name="pinned")
        | sf.Interface(0.5e-15, gamma=0.75, mixing=0.5e15 + 0.01e15j, name="Co/Cu")
        | Cu(10e-9, name="spacer")
        | Py_Cu
        | Py(4e-9, m=sf.direction(theta), name="free")
        | Py_Cu
        | sf.Lead(Cu)
    )


def network(stack):
    """Return RA of a collinear stack between normal leads."""
    left, *pieces, right = stack.pieces
    A, f, RA = np.zeros((len(pieces) + 1,) * 2), np.zeros(len(pieces) + 1), 0.0
    A[0, 0], A[-1, -1] = left.material.stiffness, right.material.stiffness
    m = [piece.m[2] for piece in stack.layers if piece.is_ferromagnet]
    for i, piece in enumerate(pieces):
        if isinstance(piece, sf.Interface):
            s, p = m[0] if i < 5 else m[1], piece.gamma  # that of the ferromagnet beside it
            own = shared = 1 / (2 * piece.resistance)
            RA += piece.resistance * (1 - p**2)
        else:
            s, p = (piece.m[2], piece.material.p) if piece.is_ferromagnet else (0.0, 0.0)
            G, z = piece.material.stiffness, piece.thickness / piece.material.l
            own, shared = G / np.tanh(z), G / np.sinh(z)
            RA += piece.thickness * (1 - p**2) / piece.material.D
        A[i : i + 2, i : i + 2] += [[own, -shared], [-shared, own]]
        f[i : i + 2] += [-p * s, p * s]
    return RA + f @ np.linalg.solve(A, f) / 2


gmr = sf.magnetoresistance(valve(0.0), {"free": sf.direction(180.0)})
print(f"RA parallel {gmr.before * 1e15:.3f}, antiparallel {gmr.after * 1e15:.3f} fOhm m2")
print(f"dRA {gmr.change * 1e15:.4f} fOhm m2, {100 * gmr.ratio:.2f} %")
expected = network(valve(0.0)), network(valve(180.0))
np.testing.assert_allclose([gmr.before, gmr.after], expected, rtol=1e-11)

solution = sf.solve(valve(90.0), j0=1e11)
other = sf.solve(valve(90.0), j0=1e11, method="saddle")
for name in solution.ferromagnets:
    damping_like, field_like = solution.torque_parts(name)
    np.testing.assert_allclose(damping_like + field_like, solution.torque(name), rtol=1e-12)
    np.testing.assert_allclose(other.torque_parts(name), [damping_like, field_like], atol=1e-16)
    sizes = (np.linalg.norm(part) for part in (damping_like, field_like))
    print("{:6}: damping-like {:.3e}, field-like {:.3e} J/m2".format(name, *sizes))

if "__file__" in globals():
    stack, j0 = sf.load(Path(__file__).with_suffix(".toml"))
    written = sf.solve(stack, j0)
    np.testing.assert_allclose(written.resistance, solution.resistance, rtol=1e-13)
    for name in solution.ferromagnets:
        np.testing.assert_allclose(written.torque(name), solution.torque(name), atol=1e-17)

theta = np.linspace(0.0, 180.0, 181)
turned = sf.solve(valve(theta), j0=1e11)
parts = turned.torque_parts("free")
figure, axes = plt.subplots(2, 1, sharex=True, figsize=(5, 5), layout="constrained")
axes[0].plot(theta, turned.resistance * 1e15)
axes[0].plot([0, 180], np.array(expected) * 1e15, "o", label="network of resistors")
axes[0].set(ylabel="RA (fΩ m²)")
axes[0].legend()
for part, label in zip(parts, ("damping-like", "field-like"), strict=True):
    axes[1].plot(theta, np.linalg.norm(part, axis=-1) * 1e6, label=label)
axes[1].set(xlabel="angle (deg)", ylabel="torque on free (µJ/m²)")
axes[1].legend()
plt.show()
