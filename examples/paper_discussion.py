"""Section IV (Discussion) of arXiv:2006.11900: more than two ferromagnets, not in one plane.

Every face of a ferromagnet is a rod along its m with a ring at u_i, and all rings balance:

    sum over the two cords at ring i of (G~ u_i - B (m_i.m_k) u_k) = +p j0 at right faces, -p j0 at
    left faces,    G~ = G coth(d/l),  B = G/sinh(d/l),    dr = sum of forces times u_i / (2 j0^2).

A cord connects neighbouring rings i and k: an F cord those of one magnetization, an N cord those of
two. The N hodograph lies in the plane of its two rods. Two planes that share a rod fold about it,
so that the whole hodograph can be drawn as a stack of sheets without any stretch. When m_i turns,

    d(dr) = sum over its two N cords of B u_i u_k (dm_i.m_k) / j0^2.

Of two ferromagnets (B1) says: g2 < 0 only for theta < 90 degrees, and g1 and g2 are never negative
together. With a third one both can be: seen from the first spacer it adds to the driving force of
its neighbour, P2 for p2 in (A2), and P2 may be negative.
"""

import matplotlib.pyplot as plt
import numpy as np

import spinfem as sf

j0 = 1.0
F = [sf.Ferromagnet(D=2.0, l=1.0, p=p) for p in (0.3, 0.6, 0.8, 0.5)]
N = sf.NormalMetal(D=6.0, l=2.0)
d_F, d_N = 0.7, 0.5
m = sf.direction([0.0, 60.0, 100.0, 40.0], [0.0, 0.0, 80.0, 200.0])
stack = (
    F[0](d_F, m=m[0])
    | N(d_N)
    | F[1](d_F, m=m[1])
    | N(d_N)
    | F[2](d_F, m=m[2])
    | N(d_N)
    | F[3](d_F, m=m[3])
)
solution = sf.solve(stack, j0)
analogy = sf.Analogy(solution)

# every ring: the outermost two are held at the crossing by the reservoirs
rod = np.repeat(m, 2, axis=0)
force = np.array([sign * metal.p * j0 for metal in F for sign in (-1, 1)])
balance = np.zeros((8, 8))
for left in range(7):
    metal, z = (N, d_N / N.l) if left % 2 else (F[left // 2], d_F / F[left // 2].l)
    G, cosine = metal.D / (2 * metal.l), rod[left] @ rod[left + 1]
    cord = [[1 / np.tanh(z), -cosine / np.sinh(z)], [-cosine / np.sinh(z), 1 / np.tanh(z)]]
    balance[left : left + 2, left : left + 2] += G * np.array(cord)
u = np.zeros(8)
u[1:-1] = np.linalg.solve(balance[1:-1, 1:-1], force[1:-1])
np.testing.assert_allclose([ring.position for ring in analogy.rings], u, atol=1e-13)
np.testing.assert_allclose(solution.spin_resistance, force @ u / (2 * j0**2), rtol=1e-12)
print("rings at", u.round(4))

# small changes: a ring gives way to more force on it; and F3 turns about an axis
assert (np.diag(np.linalg.inv(balance[1:-1, 1:-1])) > 0).all()
axis = np.array([0.0, 1.0, 0.0])
B, turn = N.D / (2 * N.l) / np.sinh(d_N / N.l), np.cross(axis, m[2])
slope = B * (u[4] * u[3] * turn @ m[1] + u[5] * u[6] * turn @ m[3]) / j0**2
np.testing.assert_allclose(analogy.resistance_slope("F3", axis), slope, rtol=1e-11)
print(f"d(dr)/d(angle) as F3 turns about y: {slope:+.5f}")

# every hodograph in its plane, and folded
folded = analogy.fold()
for k, (layer, mu, j) in enumerate(
    zip(solution.layers, folded.potential, folded.current, strict=True)
):
    left, right = m[k // 2], m[(k + 1) // 2]  # the same in F
    for curve, flat in ((layer.spin_potential, mu), (layer.spin_current, j)):
        normal = np.cross(left, right)
        np.testing.assert_allclose(curve @ normal, 0.0, atol=1e-13)
        np.testing.assert_allclose(flat @ flat.T, curve @ curve.T, atol=1e-13)  # no stretch
        if k % 2 == 0:
            np.testing.assert_allclose(np.cross(curve, left), 0.0, atol=1e-13)
print("out of one plane: m1.(m2 x m3) =", round(np.linalg.det(m[:3]), 3), end=", ")
print("folded rods at", folded.angles.round(1), "degrees")

# g of two ferromagnets over all angles and ratios p2/p1, and of three
theta = np.linspace(0.0, 180.0, 181)[:, None]
strengths = np.geomspace(0.01, 0.99, 40)
weak, strong = F[0], sf.Ferromagnet(D=2.0, l=1.0, p=strengths)
two = weak(d_F, m=m[0], name="1") | N(d_N) | strong(d_F, m=sf.direction(theta), name="2")
g1, g2 = sf.solve(two).efficiency("1", "2")
assert theta[(g1 < 0).any(axis=1)].max() < 90 > theta[(g2 < 0).any(axis=1)].max()
assert not ((g1 < 0) & (g2 < 0)).any()

first, middle, last = (sf.Ferromagnet(D=1.0, l=1.0, p=p) for p in (0.3, 0.1, 0.9))
thin, angle = sf.NormalMetal(D=4.0, l=1.0)(0.1), np.array([150.0, 160.0, 170.0])
three = first(1.0, m=m[0], name="1") | thin | middle(0.1, m=sf.direction(angle), name="2")
three = three | thin | last(1.0, m=sf.direction(angle + 180.0), name="3")
g = np.array(sf.solve(three).efficiency("1", "2"))
np.testing.assert_allclose(g, sf.analytic.solve(three).efficiency("1", "2"), rtol=1e-10)
assert (g < 0).all()
spacer = sf.Analogy(sf.solve(three[1])).spacer("1", "2")
np.testing.assert_allclose(spacer.efficiencies(), g[:, 1], rtol=1e-10)  # (A2) with P_i, S_i
print(f"three ferromagnets: P2 = {spacer.P[1]:.3f}, (g1, g2) = {g[:, 1].round(3)}")

solution.plot.hodograph(fold=True)
analogy.plot()
plt.show()
