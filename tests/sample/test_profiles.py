"""Graded metals: interdiffused ones against the formula, sampled profiles against their samples."""

import pickle
import subprocess
import sys
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import erf

import spinfem as sf

Cu = sf.NormalMetal(D=2.0, l=5.0, name="Cu", source="one")
Ta = sf.NormalMetal(D=0.5, l=0.4, name="Ta", source="two")
Co = sf.Ferromagnet(D=1.0, l=0.7, p=0.4, name="Co")
Py = sf.Ferromagnet(D=0.3, l=0.1, p=-0.2, name="Py")
XI = np.linspace(0, 1, 33)
ROUNDING = 1e-15
"""A few operations on numbers of order 1."""

numbers = st.floats(1e-9, 1e9)


def test_formula():
    metal = sf.interdiffused(Co, Cu, width=0.3)
    assert isinstance(metal, sf.Ferromagnet)
    f = (1 + erf((XI - 0.5) / 0.3) / erf(0.5 / 0.3)) / 2
    np.testing.assert_allclose(1 / metal.D(XI), (1 - f) / 1.0 + f / 2.0, rtol=ROUNDING)
    np.testing.assert_allclose(1 / metal.l(XI), (1 - f) / 0.7 + f / 5.0, rtol=ROUNDING)
    # f is right to rounding of 1 here, and relative to itself in the package
    np.testing.assert_allclose(metal.p(XI), (1 - f) * 0.4, rtol=ROUNDING, atol=1e-16)
    assert metal.is_graded
    assert metal.is_strong


@given(numbers, numbers, numbers, numbers, st.floats(1e-6, 1e6))
def test_ends_are_those_of_the_metals_and_nothing_overshoots(Da, Db, la, lb, width):
    metal = sf.interdiffused(sf.NormalMetal(D=Da, l=la), sf.NormalMetal(D=Db, l=lb), width=width)
    assert isinstance(metal, sf.NormalMetal)
    for profile, left, right in ((metal.D, Da, Db), (metal.l, la, lb)):
        if left == right:
            assert profile == left
            continue
        values = profile(XI)
        assert (values[0], values[-1]) == (left, right)
        steps = np.diff(values) * np.sign(right - left)
        assert steps.min() >= -8 * np.finfo(float).eps * max(left, right)


@given(st.floats(-0.99, 0.99), st.floats(-0.99, 0.99), st.floats(1e-300, 1e300))
def test_polarization_of_any_width(pa, pb, width):
    a, b = (sf.Ferromagnet(D=1.0, l=1.0, p=p) for p in (pa, pb))
    metal = sf.interdiffused(a, b, width=width)
    p = metal.p if callable(metal.p) else lambda xi: np.full(np.shape(xi), metal.p)
    assert (p(0.0), p(1.0)) == (pa, pb)
    assert p(0.5) == pytest.approx((pa + pb) / 2, rel=1e-14, abs=1e-15)  # symmetric


@pytest.mark.parametrize("width", [0.04, 0.1, 0.4, 0.6, 3.0])
def test_shares_keep_their_digits(width):
    """Next to a metal of 1e-12 of the conductivity, a share of 1e-12 is half of all."""
    metal = sf.interdiffused(
        sf.NormalMetal(D=1.0, l=1.0), sf.NormalMetal(D=1e-12, l=1.0), width=width
    )
    xi = np.linspace(0.05, 0.95, 19)
    with mpmath.workdps(40):
        end = mpmath.erf(mpmath.mpf(0.5) / width)
        f = [(1 + mpmath.erf((mpmath.mpf(x) - 0.5) / width) / end) / 2 for x in xi.tolist()]
        expected = [float(1 / (1 - x + x / mpmath.mpf(1e-12))) for x in f]
    # rounding of erfc, and of xi times the slope of ln f, 200 at most
    np.testing.assert_allclose(metal.D(xi), expected, rtol=1e-13)


def test_mirror():
    """Seen from the other side it is the same layer."""
    one, other = sf.interdiffused(Co, Py, width=0.4), sf.interdiffused(Py, Co, width=0.4)
    for key in ("D", "l", "p"):
        there = getattr(other, key)(1 - XI)
        np.testing.assert_allclose(getattr(one, key)(XI), there, rtol=0, atol=4 * ROUNDING)


def test_wide_is_linear_and_narrow_is_a_step():
    wide = sf.interdiffused(Co, Py, width=1e4)
    # erf x = 2 x/sqrt(pi) (1 - x^2/3 + ...), here x = 5e-5
    np.testing.assert_allclose(wide.p(XI), 0.4 - 0.6 * XI, rtol=0, atol=1e-8)
    narrow = sf.interdiffused(Co, Py, width=1e-3)
    expected = np.where(XI < 0.5, 0.4, -0.2)
    expected[16] = 0.1
    np.testing.assert_allclose(narrow.p(XI), expected, rtol=0, atol=ROUNDING)


def test_no_relaxation_on_one_side():
    free = sf.NormalMetal(D=2.0, l=np.inf)
    l = sf.interdiffused(free, Ta, width=0.5).l(XI)
    assert (l[0], l[-1]) == (np.inf, 0.4)
    f = (1 + erf((XI - 0.5) / 0.5) / erf(1)) / 2
    np.testing.assert_allclose(l[1:], 0.4 / f[1:], rtol=ROUNDING / f[1])  # as f is here
    assert sf.interdiffused(free, free, width=0.5).l == np.inf


def test_what_the_metals_share_stays_a_number():
    soft = [sf.Ferromagnet(D=D, l=2.0, p=0.4) for D in (1.0, 2.0)]
    metal = sf.interdiffused(*soft, width=0.5)
    assert (metal.l, metal.p) == (2.0, 0.4)
    assert callable(metal.D)


def test_name_and_source():
    metal = sf.interdiffused(Cu, Ta, width=0.5)
    assert (metal.name, metal.source) == ("Cu-Ta", "Cu: one; Ta: two")
    assert sf.interdiffused(Co, Py, width=0.5, name="mixed").name == "mixed"
    assert sf.interdiffused(Co, Py, width=0.5).source is None
    assert sf.interdiffused(Co, sf.NormalMetal(D=1, l=1), width=0.5).name is None


def test_graded_metals_can_be_pickled():
    layer = sf.interdiffused(Co, Cu, width=0.3)(1.0, m=(0, 0, 1))
    copy = pickle.loads(pickle.dumps(layer)).material
    for key in ("D", "l", "p"):
        assert np.array_equal(getattr(copy, key)(XI), getattr(layer.material, key)(XI))
    profile = sf.sampled([1.0, 3.0, 2.0])
    profile(XI)
    assert np.array_equal(pickle.loads(pickle.dumps(profile))(XI), profile(XI))


# --- samples ----------------------------------------------------------------------------------


def test_samples_are_met():
    values = [3.0, 1.0, 1.0, 2.0, 5.0]
    assert np.array_equal(sf.sampled(values)(np.linspace(0, 1, 5)), values)
    xi = np.array([0.0, 0.01, 0.5, 0.9, 1.0])
    np.testing.assert_allclose(sf.sampled(values, xi)(xi), values, rtol=ROUNDING)


@given(st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=9))
def test_samples_are_not_overshot(values):
    """So a profile of positive samples is positive, whatever they are."""
    profile, n = sf.sampled(values), len(values)
    found = profile(np.linspace(0, 1, 8 * (n - 1) + 1))
    for i, (a, b) in enumerate(pairwise(values)):
        part = found[8 * i : 8 * i + 9]
        slack = 1e-14 * max(values)  # rounding of the cubic
        assert part.min() >= min(a, b) - slack
        assert part.max() <= max(a, b) + slack
    sf.NormalMetal(D=profile, l=1.0)


def test_two_samples_are_a_line_and_more_converge():
    np.testing.assert_allclose(sf.sampled([1.0, 3.0])(XI), 1 + 2 * XI, rtol=ROUNDING)
    xi = np.linspace(0, 1, 1001)
    errors = [
        np.abs(sf.sampled(np.exp(np.linspace(0, 1, n)))(xi) - np.exp(xi)).max() for n in (9, 17, 33)
    ]
    # PCHIP of a smooth monotonic function is of second order at least
    assert min(np.log2(np.divide(errors[:-1], errors[1:]))) > 1.9


def test_samples_make_a_graded_layer():
    xi = [0, 0.25, 1]
    metal = sf.Ferromagnet(D=sf.sampled([1, 2, 3], xi), l=2.0, p=sf.sampled([0.1, 0.2, 0.4]))
    assert metal.is_graded
    assert metal(1.0, m=(0, 0, 1)).material.D(np.array([0.25])) == 2.0
    assert sf.sampled([1, 2])(np.float64(0.5)).shape == ()


def test_rounding_outside_of_the_layer_is_harmless():
    profile = sf.sampled([1.0, 2.0, 9.0])
    assert profile(np.array([-1e-16, 1 + 2e-16])).tolist() == [1.0, 9.0]


def test_interpolation_is_imported_on_use():
    code = """if True:
        import sys, spinfem as sf
        sf.sampled([1.0, 2.0])
        assert "scipy.interpolate" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", code], check=True)
