"""Graded layers: against uniform slices, a manufactured solution, and meshes finer than needed."""

import dataclasses
import itertools

import numpy as np
import pytest

import spinfem as sf
from spinfem.fem.graded import condense, slopes

Cu = sf.NormalMetal(D=4.0, l=2.0, name="Cu")
Ru = sf.NormalMetal(D=0.2, l=0.05)
Co = sf.Ferromagnet(D=1.5, l=0.7, p=0.45)
Py = sf.Ferromagnet(D=0.5, l=0.1, p=0.75)
M = sf.direction(70.0, 20.0)
SIDES = ("spin_potential_left", "spin_potential_right", "spin_current_left", "spin_current_right")
METHODS = ("condensed", "saddle")


def device(*middle):
    """A sample with something between x = 0.8 and 1.6, all fields of which are of order 1."""
    return sf.Stack(
        [sf.Lead(Cu), Co(0.5, m=(0, 0, 1), name="a"), Cu(0.3), *middle, Cu(0.2), sf.Lead(Cu)]
    )


def graded(metal, thickness=0.8):
    m = M if isinstance(metal, sf.Ferromagnet) else None
    return metal(thickness, m=m, name="graded")


def outside(s):
    """What is known of all but the inside of the middle."""
    found = [s.absorbed_spin_current("a"), [s.spin_resistance, s.resistance]]
    for i in (0, 1, 2, -2, -1):
        f = s.interfaces[i]
        found += [f.spin_potential, f.spin_current_left, f.spin_current_right]
        found += [[f.potential_left, f.potential_right]]
    return np.concatenate(found)


def inside(s, xi=None):
    """mu_s, j_s and mu_0 inside the middle, shape (n, 7)."""
    x = 0.8 + 0.8 * (np.linspace(0.01, 0.99, 99) if xi is None else xi)
    mu_0 = s.potential(x)
    return np.concatenate([s.spin_potential(x), s.spin_current(x), mu_0[:, None]], axis=1)


def difference(a, b):
    """The largest, outside and inside."""
    return np.abs(outside(a) - outside(b)).max(), np.abs(inside(a) - inside(b)).max()


def constant(value):
    return lambda xi: np.full(np.shape(xi), value)


# --- uniform after all ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("which", [("D",), ("l",), ("p",), ("D", "l", "p")], ids="".join)
@pytest.mark.parametrize("l", [0.03, 0.7, np.inf])
def test_constant_functions_are_numbers(which, l, method):
    numbers = {"D": 1.2, "l": l, "p": -0.6}
    functions = numbers | {key: constant(numbers[key]) for key in which}
    a, b = (sf.solve(device(graded(sf.Ferromagnet(**n))), method=method) for n in
            (numbers, functions))  # fmt: skip
    # the same fields by other meshes, both to 1e-12 and the saddle point by its condition
    tolerance = 1e-12 if method == "condensed" else 1e-10
    assert max(difference(a, b)) < tolerance
    np.testing.assert_allclose(
        a.absorbed_spin_current("graded"), b.absorbed_spin_current("graded"), atol=tolerance
    )


@pytest.mark.parametrize("method", METHODS)
def test_constant_functions_of_a_normal_metal_are_numbers(method):
    numbers = sf.NormalMetal(D=1.2, l=0.4)
    functions = sf.NormalMetal(D=constant(1.2), l=constant(0.4))
    a, b = (sf.solve(device(graded(metal)), method=method) for metal in (numbers, functions))
    assert max(difference(a, b)) < 1e-12


# --- derivatives ---------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1.0, 1.0 + 0.7j])
def test_slopes_with_kappa(factor):
    """By an imaginary step of 1e-30, which loses no digits; of a complex kappa by differences."""
    metal = sf.Ferromagnet(
        D=lambda xi: 1.2 + np.sin(3 * xi),
        l=0.4,
        p=lambda xi: 0.6 - xi**2,
        beta_D=lambda xi: xi - 0.3,
    )
    other = dataclasses.replace(metal, p=metal.beta_D, beta_D=metal.p)
    d, nodes = np.array([0.3, 2.0]), np.linspace(0.0, 1.0, 4)

    def condensed(metal, absorbing):
        return condense(metal, d, nodes, 12, absorbing)

    found = slopes(condensed(metal, factor), condensed(other, factor), d * factor)
    h = 1e-3 * factor
    for name, slope in found._asdict().items():
        if factor == 1:
            expected = getattr(condensed(metal, 1 + 1e-30j), name).imag / 1e-30
            limit = 1e-13
        else:
            ways = [getattr(condensed(metal, factor + k * h), name) for k in (-2, -1, 1, 2)]
            expected = (8 * (ways[2] - ways[1]) - (ways[3] - ways[0])) / (12 * 1e-3)
            limit = 1e-11
        assert np.abs(slope - expected).max() < limit * np.abs(expected).max(), name


# --- uniform slices ------------------------------------------------------------------------------


def D_of(xi):
    return 1.2 + 0.8 * np.sin(3 * xi)


def l_of(xi):
    return 0.3 * np.exp(xi)


def p_of(xi):
    return 0.7 - 1.1 * xi**2


PROFILES = {
    "D": {"D": D_of, "l": 0.4, "p": 0.5},
    "l": {"D": 1.2, "l": l_of, "p": 0.5},
    "p": {"D": 1.2, "l": 0.4, "p": p_of},
    "all": {"D": D_of, "l": l_of, "p": p_of},
    "normal": {"D": D_of, "l": l_of},
}
QUARTERS = np.array([0.25, 0.5, 0.75])


def sliced(numbers, n):
    """n uniform layers with the numbers in the middle of each."""
    xi = (np.arange(n) + 0.5) / n
    rows = {key: np.broadcast_to(v(xi) if callable(v) else v, n) for key, v in numbers.items()}
    kind = sf.Ferromagnet if "p" in numbers else sf.NormalMetal
    metals = [kind(**dict(zip(rows, row))) for row in zip(*rows.values())]
    return device(*(metal(0.8 / n, m=M if "p" in numbers else None) for metal in metals))


@pytest.mark.some(2)
@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["all", *(pytest.param(x, marks=pytest.mark.long) for x in PROFILES if x != "all")]
)
def test_graded_layer_is_many_slices(name):
    """4,000 uniform slices, extrapolated; those do nothing that is new here."""
    numbers = PROFILES[name]
    kind = sf.Ferromagnet if "p" in numbers else sf.NormalMetal
    s = sf.solve(device(graded(kind(**numbers))))
    found = np.concatenate([outside(s), inside(s, QUARTERS).ravel()])
    columns = []
    for n in (1000, 2000, 4000):
        many = sf.solve(sliced(numbers, n))
        columns.append(np.concatenate([outside(many), inside(many, QUARTERS).ravel()]))
    # slices with numbers from the middle are of second order
    errors = [np.abs(column - found).max() for column in columns]
    np.testing.assert_allclose(np.diff(np.log2(errors)), -2.0, atol=0.01)
    extrapolated = (4 * columns[2] - columns[1]) / 3
    # what is left goes with n^-4: 1e-14 and below, so that roundings of 4,000 slices remain
    assert np.abs(extrapolated - found).max() < 1e-10


@pytest.mark.long
def test_slices_with_their_own_interfaces():
    """Between interfaces, and beside a ferromagnet with finite exchange lengths."""
    weak = sf.Ferromagnet(D=0.8, l=0.9, p=-0.5, lambda_J=0.2, lambda_phi=0.4)

    def stack(*middle):
        return sf.Stack(
            [
                sf.Lead(Cu),
                weak(0.5, m=(0, 0, 1), name="a"),
                sf.Interface(0.3),
                Cu(0.3),
                sf.Interface(0.4, gamma=0.6, mixing=1.0 - 0.4j),
                *middle,
                sf.Interface(0.2, gamma=-0.3, mixing=0.5 + 0.1j),
                Cu(0.2),
                sf.Lead(Cu),
            ]
        )

    s = sf.solve(stack(graded(sf.Ferromagnet(**PROFILES["all"]))))
    columns = []
    for n in (125, 250, 500):
        layers = [x for x in sliced(PROFILES["all"], n).layers if x.thickness == 0.8 / n]
        assert len(layers) == n
        many = sf.solve(stack(*layers))
        taken = sum(many.absorbed_spin_current(layer.name) for layer in layers)
        columns.append([*taken, *many.absorbed_spin_current("a"), many.spin_resistance])
    found = [*s.absorbed_spin_current("graded"), *s.absorbed_spin_current("a"), s.spin_resistance]
    coarse, middle, fine = np.array(columns)
    first, second = (4 * middle - coarse) / 3, (4 * fine - middle) / 3
    np.testing.assert_allclose((16 * second - first) / 15, found, rtol=0, atol=1e-10)


# --- a manufactured solution ---------------------------------------------------------------------

THICK = 0.7
Y, W = np.polynomial.legendre.leggauss(40)


class Magnet:
    """mu_s = A sin(pi xi) m between reservoirs, kappa = k exp(xi), any D; (4) gives j_s.

    And eq. (3) then p = j_s.m + (D/2) mu'.
    """

    A, k, C = 0.1, 3.0, 0.2

    def mu(self, xi):
        return self.A * np.sin(np.pi * xi)

    def slope(self, xi):
        return self.A * np.pi / THICK * np.cos(np.pi * xi)

    def D(self, xi):
        return 1 + 0.5 * np.cos(2 * xi)

    def length(self, xi):
        return np.sqrt(self.D(xi) / (2 * self.k * np.exp(xi)))

    def j(self, xi):
        inner = np.exp(xi) * (np.sin(np.pi * xi) - np.pi * np.cos(np.pi * xi)) + np.pi
        return self.C - THICK * self.k * self.A * inner / (1 + np.pi**2)

    def p(self, xi):
        return self.j(xi) + self.D(xi) / 2 * self.slope(xi)

    def stack(self):
        metal = sf.Ferromagnet(D=self.D, l=self.length, p=self.p)
        return sf.Stack([metal(THICK, m=M, name="layer")])

    direction = M
    extra = 0.0


class Spacer:
    """mu_s = A/(1 + xi) along an axis, kappa = k; (4) gives j_s and eq. (2) then D.

    A magnetic lead drives that on the left, and a normal one takes it up on the right.
    """

    A, k, C = 0.2, 0.9, 0.35
    direction = M
    G = 0.8
    p = staticmethod(lambda xi: 0.0 * xi)

    def mu(self, xi):
        return self.A / (1 + xi)

    def slope(self, xi):
        return -self.A / (1 + xi) ** 2 / THICK

    def j(self, xi):
        return self.C - THICK * self.k * self.A * np.log1p(xi)

    def D(self, xi):
        return -2 * self.j(xi) / self.slope(xi)

    def length(self, xi):
        return np.sqrt(self.D(xi) / (2 * self.k))

    @property
    def p_lead(self):
        return self.j(0.0) + self.G * self.mu(0.0)

    @property
    def extra(self):
        """What the lead adds to dr."""
        return self.p_lead / 2 * self.mu(0.0)

    def stack(self):
        left = sf.Ferromagnet(D=2 * self.G, l=1.0, p=self.p_lead)
        right = sf.NormalMetal(D=2 * self.j(1.0) / self.mu(1.0), l=1.0)
        layer = sf.NormalMetal(D=self.D, l=self.length)(THICK, name="layer")
        return sf.Lead(left, m=M, name="drive") | layer | sf.Lead(right)


def passed(integrand, start, stop):
    """An integral over x, from one xi to another."""
    xi = start + (stop - start) * (1 + Y) / 2
    return (stop - start) / 2 * THICK * (W @ integrand(xi))


def manufactured_errors(exact, s):
    """Largest errors of mu_s, j_s and mu_0 inside, of mu_s and j_s at faces, and of dr."""
    xi = np.linspace(0, 1, 301)[1:-1]
    x, m = THICK * xi, exact.direction
    mu = np.abs(s.spin_potential(x) - exact.mu(xi)[:, None] * m).max()
    j = np.abs(s.spin_current(x) - exact.j(xi)[:, None] * m).max()

    def fall(y):
        p = exact.p(y)
        return (1 - p**2) / exact.D(y) + p / 2 * exact.slope(y)

    mu_0 = np.array([passed(fall, y, 1.0) for y in xi])
    potential = np.abs(s.potential(x) - mu_0).max()
    ends = []
    for f, y, side in ((s.interfaces[0], 0.0, "right"), (s.interfaces[1], 1.0, "left")):
        ends.append(getattr(f, f"spin_potential_{side}") - exact.mu(y) * m)
        ends.append(getattr(f, f"spin_current_{side}") - exact.j(y) * m)
    dr = passed(lambda y: exact.p(y) / 2 * exact.slope(y), 0.0, 1.0) + exact.extra
    return mu, j, potential, np.abs(ends).max(), abs(s.spin_resistance - dr)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("exact", [Magnet(), Spacer()], ids=["magnet", "spacer"])
@pytest.mark.parametrize("degree", [1, 2, 3])
def test_order_of_convergence(exact, degree, method):
    """mu_s with k + 1, what is at nodes with 2 k; j_s, an integral of mu_s, with k + 2 at best."""
    errors = []
    counts = {1: (16, 32, 64), 2: (8, 16, 32), 3: (8, 16, 32)}[degree]
    for n in counts:
        s = sf.solve(exact.stack(), degree=degree, elements=n, method=method)
        errors.append(manufactured_errors(exact, s))
    rates = -np.diff(np.log2(errors), axis=0)[-1]
    k = degree
    expected = [k + 1, min(k + 2, 2 * k), k + 1, 2 * k, 2 * k]
    if isinstance(exact, Spacer):  # mu_0 then knows nothing of mu_s
        rates[2] = expected[2]
    # 300 points see the largest error inside to within some per cent
    assert (rates > np.array(expected) - 0.15).all(), rates
    # and no more than that: the solution is none that the elements contain
    assert (rates < np.array(expected) + 0.6).all(), rates


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("exact", [Magnet(), Spacer()], ids=["magnet", "spacer"])
def test_default_accuracy_of_a_manufactured_solution(exact, method):
    """1e-10, with the mesh and degree that come of themselves; all values are of order 0.1 to 1."""
    assert np.abs(exact.p(np.linspace(0, 1, 101))).max() < 0.9
    errors = manufactured_errors(exact, sf.solve(exact.stack(), method=method))
    assert max(errors) < 1e-11


# --- the mesh that comes of itself ---------------------------------------------------------------

PAIRS = {
    "magnets": (Co, Py),
    "magnet to normal": (Co, Cu),
    "normal": (Ru, Cu),
    "far apart": (sf.Ferromagnet(D=0.02, l=0.05, p=-0.9), sf.Ferromagnet(D=5.0, l=5.0, p=0.9)),
    "no relaxation": (sf.Ferromagnet(D=1.0, l=np.inf, p=0.5), Py),
}


def assert_accurate(layer, tolerance=1e-8, elements=4096):
    """The default against elements as wide as 1/4000 of the layer; fields are of order 1."""
    s = sf.solve(device(layer))
    fine = sf.solve(device(layer), degree=6, elements=elements)
    assert max(difference(s, fine)) < tolerance
    return s


@pytest.mark.some(8)
@pytest.mark.long
@pytest.mark.parametrize(
    "width",
    [
        0.01,
        pytest.param(0.03, marks=pytest.mark.long),
        pytest.param(0.1, marks=pytest.mark.long),
        0.3,
    ],
)
@pytest.mark.parametrize("pair", PAIRS)
def test_default_accuracy_of_interdiffused_metals(pair, width):
    layer = graded(sf.interdiffused(*PAIRS[pair], width=width))
    s = assert_accurate(layer)
    saddle = sf.solve(device(layer), method="saddle")
    assert max(difference(s, saddle)) < 1e-8


@pytest.mark.long
def test_very_narrow_steps_are_no_less_accurate():
    """However narrow: from one metal to another within 1/1,000 of the layer, or less."""
    for width in (1e-3, 1e-4):
        assert_accurate(graded(sf.interdiffused(Co, Cu, width=width)), elements=8192)


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("width", [1e-5, 1e-7, 1e-9, 1e-11, 1e-12, 1e-13, 1e-17, 1e-300])
def test_a_step_narrower_than_any_mesh_is_in_the_middle(pair, width):
    """Two layers in contact, but for what the step is wide: in proportion to it, however narrow."""
    a, b = PAIRS[pair]
    if isinstance(a, sf.Ferromagnet) and not isinstance(b, sf.Ferromagnet):
        b = sf.Ferromagnet(D=b.D, l=b.l, p=0.0)
    m = M if isinstance(a, sf.Ferromagnet) else None
    two = outside(sf.solve(device(a(0.4, m=m), b(0.4, m=m))))
    one, wider = (
        outside(sf.solve(device(graded(sf.interdiffused(a, b, width=w))))) for w in (width, 1e-4)
    )
    # linear in the width to 1e-3 of some 40 at most; below 1e-12 it is a jump
    slack = 5e-14 + (0.1 if width >= 1e-12 else 50.0) * width
    np.testing.assert_allclose(one - two, (wider - two) * (width / 1e-4), rtol=0, atol=slack)


@pytest.mark.parametrize("width", [1e-3, 1e-6, 1e-9])
def test_narrow_barriers_between_breaks(width):
    """What is narrow may say where it is; a Gaussian's integral is known."""

    def dip(xi):
        return 1 / (0.25 + 1e-3 / width * np.exp(-(((xi - 0.37) / width) ** 2)))

    dip.breaks = 0.37 + width * np.array([-6, -3, 0, 3, 6])
    F = sf.Ferromagnet(D=1.0, l=1.0, p=0.4)
    ohmic = []
    for D in (dip, 4.0):
        s = sf.solve(F(1.0, m=(0, 0, 1)) | sf.NormalMetal(D=D, l=np.inf)(0.5))
        ohmic.append(s.resistance - s.spin_resistance)
    # to the polynomials' 1e-10 of the largest
    assert ohmic[0] - ohmic[1] == pytest.approx(0.5e-3 * np.sqrt(np.pi), rel=1e-8)


@pytest.mark.parametrize("gap", [1e-3, 1e-7, 1e-11, 1e-14])
def test_samples_as_close_as_one_likes(gap):
    """A jump between two samples."""
    xi = [0.0, 0.4, 0.4 + gap, 1.0]
    metal = sf.NormalMetal(D=sf.sampled([1.0, 1.0, 4.0, 4.0], xi), l=np.inf)
    found = sf.solve(sf.Lead(Cu) | Co(1.0, m=(0, 0, 1)) | metal(1.0)).resistance
    two = sf.NormalMetal(D=1.0, l=np.inf)(0.4) | sf.NormalMetal(D=4.0, l=np.inf)(0.6)
    expected = sf.solve(sf.Lead(Cu) | Co(1.0, m=(0, 0, 1)) | two).resistance
    assert found == pytest.approx(expected, rel=1e-12 + gap)


class Part:
    """A function of xi on a part of [0, 1], stretched to all of it."""

    def __init__(self, profile, start, stop):
        self.profile, self.start, self.stop = profile, start, stop

    def __call__(self, xi):
        return self.profile(self.start + (self.stop - self.start) * xi)


def cut(metal, thickness, edges):
    """A graded layer in pieces, which are graded too."""
    layers = []
    for start, stop in itertools.pairwise(edges):
        parts = {
            key: Part(value, start, stop) if callable(value) else value
            for key, value in metal.numbers.items()
        }
        layers.append(type(metal)(**parts)((stop - start) * thickness, m=M))
    return layers


@pytest.mark.some(1)
@pytest.mark.long
@pytest.mark.parametrize("pair", ["magnets", "far apart"])
@pytest.mark.parametrize(
    ("thickness", "width"),
    [
        (8.0, 0.1),
        *(
            pytest.param(*x, marks=pytest.mark.long)
            for x in ((1e-6, 0.1), (80.0, 0.1), (80.0, 1.0))
        ),
    ],
)
def test_cutting_a_graded_layer_changes_nothing(thickness, width, pair):
    """Into 160 pieces of up to 10 of its shortest diffusion lengths, 1600 in all.

    1e-8, of fields of order 1, is promised for either; 160 and 320 pieces differ by 1e-12.
    """
    metal = sf.interdiffused(*PAIRS[pair], width=width)
    edges = np.linspace(0, 1, 161)
    whole = sf.solve(device(graded(metal, thickness)))
    parts = sf.solve(device(*cut(metal, thickness, edges)))
    assert np.abs(outside(whole) - outside(parts)).max() < 1e-8
    x = 0.8 + thickness * (edges[1:] + edges[:-1]) / 2
    for name in ("spin_potential", "spin_current", "potential"):
        found, expected = (getattr(s, name)(x) for s in (whole, parts))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8, err_msg=name)
    taken = sum(parts.absorbed_spin_current(f"F{i}") for i in range(2, 162))
    np.testing.assert_allclose(whole.absorbed_spin_current("graded"), taken, rtol=0, atol=1e-8)
    assert whole.spin_resistance == pytest.approx(parts.spin_resistance, rel=1e-8)
    assert whole.resistance == pytest.approx(parts.resistance, rel=1e-8)


@pytest.mark.long
@pytest.mark.parametrize("width", [0.1, 0.01, 0.003])
def test_barriers_inside_a_layer(width):
    """A dip of D at a place that no coarse mesh has a point near."""

    def dip(xi):
        return 4 - 3.9 * np.exp(-(((xi - 0.37) / width) ** 2))

    assert_accurate(graded(sf.NormalMetal(D=dip, l=2.0)))


@pytest.mark.long
@pytest.mark.parametrize("n", [5, 20, 51])
def test_sampled_profiles(n):
    """Cubic pieces with kinks of curvature at the samples, of which the mesh knows nothing."""
    rng = np.random.default_rng(n)
    D, l = sf.sampled(rng.uniform(1, 4, n)), sf.sampled(rng.uniform(0.5, 2, n))
    p = sf.sampled([0.2, 0.7, 0.5], [0.0, 0.3, 1.0])
    assert_accurate(graded(sf.NormalMetal(D=D, l=l)))
    assert_accurate(graded(sf.Ferromagnet(D=D, l=l, p=p)))


@pytest.mark.long
def test_one_sample_of_many():
    """A barrier at one of 201 samples is not overlooked."""
    values = np.full(201, 4.0)
    values[75] = 0.1
    # slopes jump at samples, which are nodes of no mesh: the finer one is right to 1e-8 or so
    assert_accurate(graded(sf.NormalMetal(D=sf.sampled(values), l=2.0)), tolerance=1e-7)


def test_sampled_values_of_a_smooth_function_come_close_to_it():
    """PCHIP through n values: of second order at extrema, and closer the more."""
    exact = sf.solve(device(graded(sf.Ferromagnet(**PROFILES["all"]))))
    errors = []
    for n in (11, 41, 161):
        xi = np.linspace(0, 1, n)
        numbers = {key: sf.sampled(v(xi)) for key, v in PROFILES["all"].items()}
        errors.append(max(difference(sf.solve(device(graded(sf.Ferromagnet(**numbers)))), exact)))
    assert errors[2] < 1e-5
    assert errors[0] > 10 * errors[1] > 100 * errors[2]


# --- what is not in range, and what only the whole shows ------------------------------------------


def spot(value, base):
    """A function that leaves its range between the places where it is looked at when it is made."""
    return lambda xi: np.where(np.abs(xi - 0.4137) < 2e-4, value, base)


@pytest.mark.parametrize(
    "how",
    [{}, {"elements": 3}, {"method": "saddle"}, {"degree": 1, "elements": 1, "certify": True}],
)
@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("p", 5.5, r"p \(polarization\) of 'Q' as a function of xi must be between -1 and 1, both "
         r"excluded, got 5.5 at xi = 0.413"),
        ("p", np.nan, r"p \(polarization\) of 'Q' .* got nan at xi = 0.413"),
        ("D", -1.0, r"D \(conductivity\) of 'Q' .* must be positive and finite, got -1 at xi"),
        ("D", np.inf, "must be positive and finite, got inf at xi = 0.413"),
        ("l", 0.0, r"l \(spin diffusion length\) of .Q. .* positive .* got 0 at xi = 0.413"),
        ("l", np.nan, r"l \(spin diffusion length\) of 'Q' .* got nan at xi = 0.413"),
    ],
)  # fmt: skip
def test_a_profile_is_in_range_wherever_it_is_evaluated(key, value, message, how):
    numbers = {"D": 1.2, "l": 0.7, "p": 0.3}
    metal = sf.Ferromagnet(**numbers | {key: spot(value, numbers[key])}, name="Q")
    stack = device(graded(metal))
    with pytest.raises(ValueError, match=message):
        sf.solve(stack, **how)
    with pytest.raises(ValueError, match=message):
        getattr(metal, key)(np.linspace(0, 1, 10001))


@pytest.mark.filterwarnings("ignore::spinfem.UnitWarning")  # rho* of 2 stands for any number
def test_a_profile_that_other_numbers_are_made_of_is_in_range():
    metal = sf.Ferromagnet.from_valet_fert(spot(-1.0, 2.0), beta=0.3, l=1.0, name="Q")
    with pytest.raises(ValueError, match=r"rho_star \(resistivity rho\*\) of 'Q' .* got -1 at xi"):
        sf.solve(device(graded(metal)))


@pytest.mark.long
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("angle", [0.0, 180.0, 50.0])
def test_what_relaxes_beside_the_middle_is_a_spin_sink(angle, method):
    """Blocking ends, and l = inf in magnets and in the middle of what is between them."""
    still = sf.Ferromagnet(D=1.0, l=np.inf, p=0.5)
    l = lambda xi: np.where(np.abs(xi - 0.5) < 0.25, np.inf, 0.6)  # noqa: E731
    parts = [sf.NormalMetal(D=1.0, l=x)(d) for d, x in ((0.3, 0.6), (0.6, np.inf), (0.3, 0.6))]
    found, expected = (
        sf.solve(
            sf.Stack(
                [
                    sf.SpinBlocking(),
                    still(1.0, m=(0, 0, 1), name="a"),
                    *middle,
                    still(0.5, m=sf.direction(angle), name="b"),
                    sf.SpinBlocking(),
                ]
            ),
            method=method,
        )
        for middle in ([sf.NormalMetal(D=1.0, l=l)(1.2)], parts)
    )
    for name in ("a", "b"):
        np.testing.assert_allclose(
            found.absorbed_spin_current(name), expected.absorbed_spin_current(name), atol=1e-9
        )
    assert found.spin_resistance == pytest.approx(expected.spin_resistance, rel=1e-9)


def test_no_spin_sink_in_a_graded_layer():
    still = sf.Ferromagnet(D=1.0, l=np.inf, p=0.5)
    stack = sf.Stack(
        [
            sf.SpinBlocking(),
            still(1.0, m=(0, 0, 1)),
            sf.NormalMetal(D=D_of, l=constant(np.inf))(1.0),
            sf.SpinBlocking(),
        ]
    )
    with pytest.raises(ValueError, match="no spin sink"):
        sf.solve(stack)


def test_leads_are_uniform():
    with pytest.raises(ValueError, match="material of a lead must be uniform"):
        sf.Lead(sf.NormalMetal(D=D_of, l=1.0))


# --- batches -------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("method", METHODS)
def test_graded_layers_of_a_batch(method):
    """The same profile across layers of many thicknesses, by one mesh."""
    d = np.array([1e-3, 0.3, 0.8, 6.0])[:, None]
    theta = np.array([0.0, 50.0, 180.0])
    metal = sf.interdiffused(Co, Py, width=0.1)

    def stack(d, theta):
        middle = metal(d, m=sf.direction(theta), name="graded")
        return device(sf.Interface(0.1, gamma=0.3, mixing=1.0 + 0.2j), middle)

    s = sf.solve(stack(d, theta), 2.0, method=method)
    xi = np.linspace(0.01, 0.99, 9)
    names = ("spin_potential", "spin_current", "potential")
    fields = [getattr(s, name)(0.8 + d[..., None] * xi) for name in names]
    layer = s.layer("graded")
    assert s.shape == (4, 3)
    assert s[1:, 2].spin_resistance == pytest.approx(s.spin_resistance[1:, 2], rel=1e-9)
    assert np.broadcast_shapes(layer.x.shape[:-1], (4, 3)) == (4, 3)
    assert layer.potential.shape == layer.dissipation.shape == (4, 3, layer.x.shape[-1])
    for i, k in np.ndindex(4, 3):
        one = sf.solve(stack(d[i, 0], theta[k]), 2.0, method=method)
        assert s.spin_resistance[i, k] == pytest.approx(one.spin_resistance, rel=1e-9)
        assert s.resistance[i, k] == pytest.approx(one.resistance, rel=1e-9)
        for name in ("a", "graded"):
            found, expected = s.absorbed_spin_current(name)[i, k], one.absorbed_spin_current(name)
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
        for a, b in zip(s.interfaces, one.interfaces):
            for name in (*SIDES, "potential_left", "potential_right"):
                found, expected = getattr(a, name)[i, k], getattr(b, name)
                np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9, err_msg=name)
        for name, field in zip(names, fields):
            expected = getattr(one, name)(0.8 + d[i, 0] * xi)
            np.testing.assert_allclose(field[i, k], expected, rtol=0, atol=1e-9, err_msg=name)


def test_graded_ferromagnets_are_strong():
    with pytest.raises(ValueError, match="a graded ferromagnet must be strong"):
        sf.Ferromagnet(D=D_of, l=1.0, p=0.3, lambda_J=0.1)
