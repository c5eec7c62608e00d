"""Section II of arXiv:2006.11900: the diffusive equations and the boundary conditions.

With D_up, D_down the channels of a ferromagnet, D_N of a normal metal, and j0 the same everywhere,

    F:  j0  = -(D_up + D_down) (mu_0' + p mu_s'/2),   p = (D_up - D_down)/(D_up + D_down)
        j_s = -(D_up + D_down) (p mu_0' + mu_s'/2) m,
    N:  j0  = -D_N mu_0',   j_s = -D_N mu_s'/2,                                             (2)
    F:  j_s = (p j0 - D_F mu_s'/2) m,   D_F = 4 D_up D_down/(D_up + D_down),                (3)
    both:  (1/rho) j_s' = -mu_s/tau;                                                        (4)
    N/F:  mu_s|N = mu_s|F,                                                                  (5)
          (j_s.m)|N = (j_s.m)|F,  while across m j_s may jump.                              (6)

Checked here for a stack of two ferromagnets: every one of these, from the fields alone.
"""

import matplotlib.pyplot as plt
import numpy as np
from numpy.polynomial import chebyshev, legendre

import spinfem as sf

j0, rho = 2.0, 1.5
D_up, D_down, tau_F = 3.0, 1.0, 2.0
D_N, tau_N = 5.0, 8.0
D_F, p = 4 * D_up * D_down / (D_up + D_down), (D_up - D_down) / (D_up + D_down)

F = sf.Ferromagnet.from_channels(D_up, D_down, tau_F, rho)
N = sf.NormalMetal(D=D_N, l=np.sqrt(D_N * tau_N / (2 * rho)))
np.testing.assert_allclose([F.D, F.p, F.l], [D_F, p, np.sqrt(D_F * tau_F / (2 * rho))], rtol=1e-15)

stack = (
    sf.Lead(N)
    | N(0.5)
    | F(0.8, m=sf.direction(0.0), name="F1")
    | N(1.0)
    | F(1.2, m=sf.direction(70.0), name="F2")
    | N(0.5)
    | sf.Lead(N)
)
solution = sf.solve(stack, j0)
nodes, weights = legendre.leggauss(20)


def derivative(field, start, stop):
    """d/dx at the nodes, of the polynomial through 25 points between start and stop."""
    half = (stop - start) / 2
    series = chebyshev.chebinterpolate(lambda t: field(start + half * (t + 1)), 24)
    return chebyshev.chebval(nodes, chebyshev.chebder(series)).T / half


worst = 0.0
for layer, start, stop in zip(stack.layers, stack.x, stack.x[1:], strict=False):
    x = start + (stop - start) * (nodes + 1) / 2
    mu, j = solution.spin_potential(x), solution.spin_current(x)
    slope = derivative(solution.spin_potential, start, stop)
    slope_0 = derivative(solution.potential, start, stop)
    tau = tau_F if layer.is_ferromagnet else tau_N
    if layer.is_ferromagnet:
        m, D_total = layer.m, D_up + D_down
        electric = -D_total * (slope_0 + p * slope @ m / 2)
        spin = -D_total * np.multiply.outer(p * slope_0 + slope @ m / 2, m)  # (2)
        np.testing.assert_allclose(j, p * j0 * m - D_F * slope / 2, atol=1e-11)  # (3)
        np.testing.assert_allclose(np.cross(mu, m), 0.0, atol=1e-14)
    else:
        electric, spin = -D_N * slope_0, -D_N * slope / 2
    np.testing.assert_allclose(electric, j0, rtol=1e-11)
    np.testing.assert_allclose(j, spin, atol=1e-11)
    divergence = derivative(solution.spin_current, start, stop)
    np.testing.assert_allclose(divergence, -rho / tau * mu, atol=1e-11)  # (4)
    lost = solution.spin_current(start, "right") - solution.spin_current(stop, "left")
    relaxed = rho / tau * (stop - start) / 2 * weights @ mu
    np.testing.assert_allclose(lost, relaxed, atol=1e-11)  # (4), integrated over the layer
    worst = max(worst, np.abs(divergence + rho / tau * mu).max(), np.abs(lost - relaxed).max())

for k, x in enumerate(stack.x[1:-1]):
    left, right = stack.layers[k : k + 2]
    m = left.m if left.is_ferromagnet else right.m
    mu = [solution.spin_potential(x, side) for side in ("left", "right")]
    j = [solution.spin_current(x, side) for side in ("left", "right")]
    np.testing.assert_allclose(mu[0], mu[1], atol=1e-13)  # (5)
    np.testing.assert_allclose(j[0] @ m, j[1] @ m, atol=1e-13)  # (6)
    jump = np.linalg.norm(j[0] - j[1])
    print(f"{left.name}/{right.name}: j_s.m {j[0] @ m:+.6f}, jump of j_s across m {jump:.6f}")
print(f"eq. (4), at a point and over a layer, holds within {worst:.0e}")

solution.plot.profile()
plt.show()
