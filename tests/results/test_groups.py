"""Layers that are one magnet: every result is that of one layer, or of what they are by hand."""

import itertools

import numpy as np
import pytest

import spinfem as sf

CU = sf.NormalMetal(D=4.0, l=9.0)
STRONG = sf.Ferromagnet(D=1.0, l=1.0, p=0.5)
WEAK = sf.Ferromagnet(D=1.0, l=1.0, p=0.5, lambda_J=0.3, lambda_phi=0.4)
OTHER = sf.Ferromagnet(D=2.0, l=3.0, p=0.3)
RESISTS = sf.Interface(0.3, gamma=0.6)
MIXES = sf.Interface(0.3, gamma=0.6, mixing=1.5 + 0.4j)
UP = (0.0, 0.0, 1.0)


def part(metal, d, m):
    return metal(d, m=m, group="free")


MAGNETS = {
    "strong": (lambda m: (part(STRONG, 0.2, m), part(STRONG, 0.5, m), part(STRONG, 0.1, m)),
               lambda m: (STRONG(0.8, m=m, name="free"),)),
    "exchange lengths": (lambda m: (part(WEAK, 0.2, m), part(WEAK, 0.5, m), part(WEAK, 0.1, m)),
                         lambda m: (WEAK(0.8, m=m, name="free"),)),
    "interfaces": (lambda m: (MIXES, part(STRONG, 0.3, m), part(STRONG, 0.5, m), RESISTS),
                   lambda m: (MIXES, STRONG(0.8, m=m, name="free"), RESISTS)),
    "interface of no resistance": (
        lambda m: (part(STRONG, 0.3, m), sf.Interface(0.0), part(STRONG, 0.5, m)),
        lambda m: (STRONG(0.8, m=m, name="free"),)),
}  # fmt: skip
"""Pieces of one magnet: layers of a group, and the one layer that they are."""
ENDS = {"lead": sf.Lead(CU), "magnet behind": CU(0.4) | OTHER(1.0, m=(1, 0, 0), name="top")}


def stacks(magnet, end, m, *, mirrored=False):
    """The stack with the magnet as a group, and as one layer."""
    for pieces in MAGNETS[magnet]:
        rest = ENDS[end].pieces if isinstance(ENDS[end], sf.Stack) else (ENDS[end],)
        chain = [sf.Lead(CU), OTHER(2.0, m=UP, name="fixed"), CU(0.7), *pieces(m), *rest]
        yield sf.Stack(chain[::-1] if mirrored else chain)


def pairs(magnet, m, method="condensed"):
    """Solutions of all of these stacks, and what they are."""
    for end, mirrored in itertools.product(ENDS, (False, True)):
        both = stacks(magnet, end, m, mirrored=mirrored)
        yield (f"{end}, {mirrored}", *(sf.solve(stack, 1.5, method=method) for stack in both))


def close(found, expected, what, rtol=1e-11, size=0.0):
    """Equal, relative to the largest component, or to a size that these are parts of."""
    size = max(np.max(np.abs(expected)), size)
    np.testing.assert_allclose(found, expected, rtol=0, atol=rtol * size, err_msg=str(what))


RESULTS = {
    "spin_resistance": lambda s: s.spin_resistance,
    "resistance": lambda s: s.resistance,
    "voltage": lambda s: s.voltage,
    "torque": lambda s: s.torque("free"),
    "absorbed": lambda s: s.absorbed_spin_current("free"),
    "torques": lambda s: s.torques,
    "torque_parts": lambda s: np.array(s.torque_parts("free", "fixed")),
    "parts of the other": lambda s: np.array(s.torque_parts("fixed", "free")),
    "efficiency": lambda s: np.array(s.efficiency("fixed", "free")),
    "the other way round": lambda s: np.array(s.efficiency("free", "fixed")),
}
BATCH = sf.direction(np.array([0.0, 20.0, 90.0, 180.0]), 30.0)


@pytest.mark.long
@pytest.mark.parametrize("method", ["condensed", "saddle"])
@pytest.mark.parametrize("magnet", MAGNETS)
def test_layers_in_contact_are_one_layer(magnet, method):
    # the saddle point has no limit at 0 and 180 degrees to all digits
    at, rtol = (BATCH, 1e-11) if method == "condensed" else (sf.direction(50.0, 30.0), 1e-9)
    for what, group, one in pairs(magnet, at, method):
        for name, result in RESULTS.items():
            close(result(group), result(one), (what, name), rtol)
        assert group.ferromagnets == one.ferromagnets
        assert group.spacers == one.spacers


def test_exact_layers_of_a_group_are_one_layer():
    for grouped, one in (stacks(magnet, "lead", sf.direction(70.0)) for magnet in MAGNETS):
        found, expected = (sf.analytic.solve(stack, 1.5) for stack in (grouped, one))
        for result in RESULTS.values():
            close(result(found), result(expected), grouped, rtol=1e-12)


def test_a_lead_may_belong_to_a_group():
    m = sf.direction(np.array([30.0, 180.0]))
    lead = part(STRONG, 0.3, m) | sf.Lead(STRONG, m=m, group="free")
    begin = OTHER(2.0, m=UP, name="fixed") | CU(0.7)
    group, one = sf.solve(begin | lead), sf.solve(begin | sf.Lead(STRONG, m=m, name="free"))
    # what lies beyond the last layer is not part of these
    for result in set(RESULTS) - {"resistance", "voltage"}:
        close(RESULTS[result](group), RESULTS[result](one), result)
    assert group.ferromagnets == ("fixed", "free")


# --- what is more than one layer: against the same layers by hand ---------------------------------

THIN = sf.Ferromagnet(D=0.5, l=0.2, p=0.8)
SANDWICH = {
    "thin layers for the loss of spin": lambda m, **group: (
        THIN(0.1, m=m, **group), STRONG(0.5, m=m, name="core", **group), THIN(0.1, m=m, **group)),
    "normal layers inside": lambda m, **group: (
        STRONG(0.2, m=m, **group), CU(0.1), STRONG(0.5, m=m, **group), RESISTS, CU(0.2),
        THIN(0.1, m=m, **group)),
    "interfaces inside": lambda m, **group: (
        STRONG(0.2, m=m, **group), RESISTS, OTHER(0.5, m=m, **group), sf.Interface(0.1),
        THIN(0.1, m=m, **group)),
    "strong and weak": lambda m, **group: (
        WEAK(0.2, m=m, **group), STRONG(0.3, m=m, **group), WEAK(0.1, m=m, **group)),
    "precession and normal layers inside": lambda m, **group: (
        WEAK(0.2, m=m, **group), CU(0.1), MIXES, STRONG(0.3, m=m, **group), MIXES, CU(0.1),
        WEAK(0.1, m=m, **group)),
}  # fmt: skip


def sandwich(name, m, *, behind=(1.0, 0.5, 0.2), **group):
    top = OTHER(1.0, m=behind, name="top")
    own = SANDWICH[name](m, **group)
    return sf.Stack([sf.Lead(CU), OTHER(2.0, m=UP, name="fixed"), CU(0.7), *own, CU(0.3), top])


def inside(stack):
    """Names of the ferromagnets between the outer two."""
    names = sf.solve(stack).ferromagnets
    assert names[0] == "fixed"
    assert names[-1] == "top"
    return names[1:-1]


@pytest.mark.parametrize("name", SANDWICH)
def test_replace_turns_all_layers_and_torques_are_summed(name):
    m = sf.direction(np.linspace(0, 180, 7), 10.0)
    by_hand = sandwich(name, m)
    grouped = sandwich(name, UP, group="free").replace("free", m=m)
    solution, expected = sf.solve(grouped, 2.0), sf.solve(by_hand, 2.0)
    names = inside(by_hand)
    total = sum(expected.torque(own) for own in names)
    close(solution.torque("free"), total, name)
    for own in names:
        close(solution.torque(own), expected.torque(own), own)
    close(solution.torques, np.stack([solution.torque(x) for x in ("fixed", "free", "top")], 1), "")
    close(solution.resistance, expected.resistance, name)
    open_angles = slice(1, -1)  # at 0 and 180 degrees all on the right turns, in the one as one
    for pair, twin in (
        (("fixed", "free"), ("fixed", names[0])),
        (("top", "free"), ("top", names[-1])),
    ):
        found, other = solution.efficiency(*pair), expected.efficiency(*twin)
        close(np.array(found)[:, open_angles], np.array(other)[:, open_angles], pair)
        assert np.isfinite(found).all()


@pytest.mark.parametrize("name", SANDWICH)
def test_the_limit_of_efficiencies_is_approached(name):
    narrow, closed = (sf.solve(sandwich(name, sf.direction(x), group="free")) for x in (1e-4, 0.0))
    for pair in (("fixed", "free"), ("free", "top")):
        close(closed.efficiency(*pair), narrow.efficiency(*pair), pair, rtol=3e-5)


def test_limits_beside_a_magnetic_lead_without_a_name():
    begin = WEAK(1.0, m=UP, name="a") | CU(0.3) | WEAK(0.5, m=UP, name="b") | CU(0.1)
    named, unnamed = (sf.solve(begin | sf.Lead(WEAK, m=UP, name=name)) for name in ("top", None))
    close(unnamed.efficiency("a", "b"), named.efficiency("a", "b"), "", rtol=1e-14)


@pytest.mark.parametrize("name", SANDWICH)
@pytest.mark.parametrize(
    "output",
    [
        ("spin_resistance",),
        ("torque", "free"),
        ("torque", "fixed"),
        ("efficiency", "fixed", "free"),
    ],
)
def test_gradients_of_angles_are_those_of_the_group(name, output):
    stack = sandwich(name, sf.direction(50.0, 20.0), group="free")
    slopes = sf.solve(stack, 2.0).gradient(*output)
    for own in inside(sandwich(name, UP)):
        with pytest.raises(KeyError, match=r"layers of group 'free' turn together: 'free\.polar'"):
            slopes[f"{own}.polar"]
    step = 1e-3

    def at(polar, azimuth):
        solution = sf.solve(stack.replace("free", m=sf.direction(polar, azimuth)), 2.0)
        return solution.gradient(*output).value

    size = np.abs(slopes.value).max() / 90  # what a slope per degree could be
    for angle, (a, b) in {"polar": (1, 0), "azimuth": (0, 1)}.items():
        ends = [at(50 + k * step * a, 20 + k * step * b) for k in (-2, -1, 1, 2)]
        difference = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * step)
        close(slopes[f"free.{angle}"], difference, angle, rtol=1e-9, size=size)
    assert slopes.parameters["free.polar"] == pytest.approx(50.0)
    assert slopes.parameters["free.azimuth"] == pytest.approx(20.0)


OUTPUTS = [("resistance",), ("spin_resistance",), ("torque", "free"), ("torque", "fixed"),
           ("efficiency", "fixed", "free")]  # fmt: skip


@pytest.mark.parametrize("magnet", MAGNETS)
@pytest.mark.parametrize("output", OUTPUTS)
def test_gradients_of_layers_in_contact_are_those_of_one_layer(magnet, output):
    for what, group, one in pairs(magnet, sf.direction(40.0, 10.0)):
        found, expected = group.gradient(*output), one.gradient(*output)
        layers = [own for own in group.stack.layers if own.group]
        size = np.abs(one.gradient(*output).value).max() / 90
        for name, slope in expected.items():
            owner, _, quantity = name.rpartition(".")
            if owner != "free" or quantity in ("polar", "azimuth"):
                other = name.replace("|free", f"|{layers[0].name}")
                other = other.replace("free|", f"{layers[-1].name}|")
                if other not in found:  # in the mirror
                    other = name.replace("|free", f"|{layers[-1].name}")
                    other = other.replace("free|", f"{layers[0].name}|")
                close(found[other], slope, (what, name), rtol=1e-10, size=size)
            elif quantity == "thickness":
                for own in layers:
                    slope_of_one = found[f"{own.name}.thickness"]
                    close(slope_of_one, slope, (what, name), rtol=1e-10, size=size)
            else:
                total = sum(found[f"{own.name}.{quantity}"] for own in layers)
                close(total, slope, (what, name), rtol=1e-10, size=size)


def test_a_group_beside_a_collinear_ferromagnet_opens_that_contact():
    free = part(STRONG, 0.3, UP) | part(STRONG, 0.5, UP)
    alone = CU(1.0) | free | CU(1.0)
    beside = CU(1.0) | free | OTHER(1.0, m=(0, 0, -1), name="more") | CU(1.0)
    assert np.isfinite(sf.solve(alone).gradient("spin_resistance")["free.polar"])
    assert np.isnan(sf.solve(beside).gradient("spin_resistance")["free.polar"])


def test_fits_find_the_angle_of_a_group():
    pytest.importorskip("lmfit")

    def build(polar, d):
        stack = sandwich("thin layers for the loss of spin", sf.direction(polar), group="free")
        return stack.replace("core", thickness=d)

    d = np.array([0.3, 0.5, 1.0])
    data = sf.solve(build(40.0, d)).resistance
    found = sf.fit(build, data, {"polar": (30.0, 0, 60)}, coordinates={"d": d}, uncertainty=1e-3)
    assert found.values["polar"] == pytest.approx(40.0, rel=1e-6)


# --- bounds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SANDWICH)
def test_bounds_are_of_the_sum(name):
    stack = sandwich(name, sf.direction(60.0), group="free")
    exact = sf.analytic.solve(stack, 2.0)
    coarse = sf.solve(stack, 2.0, degree=1, elements=2, certify=True)
    low, high = coarse.bounds.torques
    assert low.shape == exact.torques.shape == (3, 3)
    room = 1e-13 * np.abs(exact.torques).max()
    assert (low - room <= exact.torques).all()
    assert (exact.torques <= high + room).all()
    # one dual field of the sum is sharper than those of its parts
    parts = sf.solve(sandwich(name, sf.direction(60.0)), 2.0, degree=1, elements=2, certify=True)
    widths = np.subtract(*parts.bounds.torques[::-1])
    assert ((high - low)[1] <= widths[1:-1].sum(axis=0) + room).all()


def test_the_tolerance_is_that_of_the_sum():
    stack = sandwich("strong and weak", sf.direction(60.0), group="free")
    fine, exact = sf.solve(stack, degree=2, tol=1e-5), sf.analytic.solve(stack)
    low, high = fine.bounds.torques
    assert (low <= exact.torques).all()
    assert (exact.torques <= high).all()
    torque_per_current = exact.torque("free") @ UP / (exact.absorbed_spin_current("free") @ UP)
    assert (high - low).max() <= 2e-5 * torque_per_current * 2  # of the largest of |j_s|, |p j0|


# --- magnetoresistance ----------------------------------------------------------------------------


def test_spin_memory_loss_by_thin_layers():
    """Layers of 0.6 nm with l = t/delta on both sides of both magnets, all turned together."""
    thick, delta = 0.6e-9, 0.33
    Cu = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
    Co = sf.Ferromagnet.from_valet_fert(75e-9, beta=0.46, l=60e-9)
    skin = sf.Ferromagnet.from_valet_fert(0.51e-15 / thick, beta=0.77, l=thick / delta)

    def magnet(d, m, **group):
        return skin(thick, m=m, **group) | Co(d, m=m, **group) | skin(thick, m=m, **group)

    def valve(theta, **group):
        free = magnet(4e-9, sf.direction(theta), **group)
        return sf.Lead(Cu) | magnet(10e-9, UP) | Cu(10e-9) | free | sf.Lead(Cu)

    right = sf.magnetoresistance(valve(0), valve(180))
    found = sf.magnetoresistance(valve(0, group="free"), {"free": sf.direction(180)})
    np.testing.assert_allclose(found, right, rtol=1e-13)
    assert found.change == pytest.approx(0.420e-15, rel=2e-3)
    with pytest.warns(UserWarning, match=r"do not turn together \(F4\|F5, F5\|F6\): those"):
        naive = sf.magnetoresistance(valve(0), {"F5": sf.direction(180)})
    assert naive.change == pytest.approx(0.146e-15, rel=5e-3)
    # collinear: two channels, the matrix method of Valet and Fert without a line of spinfem
    assert found.before == pytest.approx(two_channels(Cu, Co, skin, thick, 1), rel=1e-9)
    assert found.after == pytest.approx(two_channels(Cu, Co, skin, thick, -1), rel=1e-9)


def two_channels(Cu, Co, skin, thick, sign):
    """RA of the valve, from mu' and mu matched at its faces: mu'' = mu/l^2 in every layer."""
    layers = [(skin, thick, 1), (Co, 10e-9, 1), (skin, thick, 1), (Cu, 10e-9, 0),
              (skin, thick, sign), (Co, 4e-9, sign), (skin, thick, sign)]  # fmt: skip
    n = len(layers)
    A, b = np.zeros((2 * n, 2 * n)), np.zeros(2 * n)  # mu = u cosh((x - x0)/l) + v sinh

    def ends(i):
        metal, d, s = layers[i]
        z, G, p = d / metal.l, metal.D / (2 * metal.l), s * getattr(metal, "p", 0.0)
        left = ((1.0, 0.0), (0.0, -G), p)
        right = ((np.cosh(z), np.sinh(z)), (-G * np.sinh(z), -G * np.cosh(z)), p)
        return left, right

    G = Cu.D / (2 * Cu.l)
    _, j, p = ends(0)[0]  # j = -G mu in the left lead, G mu in the right one
    A[0, :2], b[0] = (G + j[0], j[1]), -p
    for i in range(n - 1):
        (mu, j, p), (mu2, j2, p2) = ends(i)[1], ends(i + 1)[0]
        rows, own, other = (
            slice(2 * i + 1, 2 * i + 3),
            slice(2 * i, 2 * i + 2),
            slice(2 * i + 2, 2 * i + 4),
        )
        A[rows, own], A[rows, other] = [mu, j], [np.negative(mu2), np.negative(j2)]
        b[rows] = 0.0, p2 - p
    mu, j, p = ends(n - 1)[1]
    A[-1, -2:], b[-1] = (j[0] - G * mu[0], j[1] - G * mu[1]), -p
    scale = np.abs(A).max(axis=1)  # rows in ohms and in siemens
    solved = np.linalg.solve(A / scale[:, None], b / scale).reshape(n, 2)
    total = 0.0
    for i, (metal, d, _) in enumerate(layers):
        (left, _, p), (right, _, _) = ends(i)
        rise = (np.subtract(right, left) * solved[i]).sum()
        total += d / metal.D * (1 - p**2) + p / 2 * rise
    return total


def test_other_contacts_that_open_are_no_surprise():
    crossing = STRONG(1.0, m=UP, name="a") | OTHER(1.0, m=(1, 0, 0), name="b") | CU(1.0)
    apart = STRONG(1.0, m=UP, name="a") | CU(1.0) | OTHER(1.0, m=UP, name="b")
    for stack in (crossing, apart):
        sf.magnetoresistance(stack, {"b": (0, 1, 1)})
    together = STRONG(1.0, m=UP, name="a") | OTHER(1.0, m=UP, name="b") | CU(1.0)
    assert sf.magnetoresistance(together, {"a": (0, 1, 0), "b": (0, 1, 0)}).ratio == pytest.approx(
        0
    )


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda s: s.layer("free"), r"layer or lead .*, got 'free', a group of layers \(F2, core"),
        (lambda s: s.torque("fre"), "group of layers .*, got 'fre'; did you mean 'free'?"),
        (lambda s: s.efficiency("free", "core"), "must be different ferromagnets .* the same one"),
        (lambda s: s.efficiency("F2", "core"), "must be different ferromagnets .* the same one"),
        (lambda s: s.efficiency("fixed", "core"), "got another ferromagnet between them"),
        (lambda s: s.efficiency("fixed", "top"), "got another ferromagnet between them"),
        (lambda s: s.torque_parts("free"), "polarizer must be given, one of fixed, top, got None"),
        (lambda s: s.torque_parts("free", "F4"), "another ferromagnet than 'free', got the same"),
        (lambda s: sf.Analogy(s).resistance_slope("core", UP), "got a layer of group 'free'"),
    ],
)
def test_errors_of_results(ask, message):
    stack = sandwich("thin layers for the loss of spin", sf.direction(50.0), group="free")
    with pytest.raises(ValueError, match=message):
        ask(sf.solve(stack))


# --- the mechanical analogy -----------------------------------------------------------------------


def test_spacers_and_slopes_of_the_analogy():
    for magnet in ("strong",):
        group, one = (sf.Analogy(sf.solve(s)) for s in stacks(magnet, "lead", sf.direction(40.0)))
        found, expected = group.spacer("fixed", "free"), one.spacer("free", "fixed")
        assert found.names == expected.names == ("fixed", "free")
        close((*found.P, *found.S), (*expected.P, *expected.S), magnet)
        assert [spacer.names for spacer in group.spacers] == [("fixed", "free")]
        slopes = [one.resistance_slope("free", (0, 1, 0)) for one in (group, one)]
        close(slopes[0], slopes[1], magnet)
        per_degree = group.solution.gradient("spin_resistance")["free.polar"]
        assert slopes[0] == pytest.approx(per_degree * 180 / np.pi, rel=1e-10)


def test_normal_layers_inside_a_group_are_no_spacers():
    stack = OTHER(1.0, m=UP, name="fixed") | CU(0.5)
    for d in (0.3, 0.4):
        stack = stack | part(STRONG, d, sf.direction(30.0)) | CU(0.2)
    solution = sf.solve(stack)
    assert solution.spacers == (("fixed", "free"),)
    assert [spacer.names for spacer in sf.Analogy(solution).spacers] == [("fixed", "free")]
