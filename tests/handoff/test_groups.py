"""Hand-offs of layers that are one magnet: those of the one layer that they are."""

import dataclasses

import numpy as np
import pytest

import spinfem as sf

F = sf.Ferromagnet(D=1e7, l=1e-8, p=0.5)
WEAK = sf.Ferromagnet(D=1e7, l=1e-8, p=0.5, lambda_J=2e-9, lambda_phi=3e-9)
OTHER = sf.Ferromagnet(D=2e7, l=3e-8, p=0.3)
N = sf.NormalMetal(D=1e8, l=1e-7)
MIXES = sf.Interface(1e-16, gamma=0.6, mixing=1e15 + 2e14j)
UP, ASIDE = sf.direction(0), sf.direction(50)

STACKS = {
    "strong": lambda fixed, free: [fixed(F), N(5e-9), free(F), sf.Lead(N)],
    "on the left": lambda fixed, free: [sf.Lead(N), free(F), N(5e-9), fixed(F)],
    "interfaces": lambda fixed, free: [
        sf.Lead(N), fixed(F), MIXES, N(5e-9), MIXES, free(F), sf.Lead(N)],
    "exchange lengths": lambda fixed, free: [sf.Lead(N), fixed(WEAK), N(5e-9), free(WEAK), N(1e-9)],
    "one beyond": lambda fixed, free: [
        fixed(F), N(5e-9), free(F), N(3e-9), OTHER(2e-9, m=sf.direction(100, 50), name="top")],
    "one behind the fixed layer, which lets pass": lambda fixed, free: [
        OTHER(6e-9, m=sf.direction(100, 50)), N(1e-9), fixed(WEAK), N(5e-9), free(F), sf.Lead(N)],
    "exchange lengths, one beyond": lambda fixed, free: [
        sf.Lead(N), fixed(F), N(5e-9), free(WEAK), N(3e-9),
        OTHER(2e-9, m=sf.direction(100), name="top")],
}  # fmt: skip


def made(name, *, grouped):
    """The stack with both magnets as layers of groups, or as one layer each."""

    def magnet(name, m, thicknesses):
        def of(metal):
            if not grouped:
                return [metal(sum(thicknesses), m=m, name=name)]
            return [metal(d, m=m, group=name) for d in thicknesses]

        return of

    fixed = magnet("fixed", UP, (3e-9, 5e-9))
    free = magnet("free", ASIDE, (0.5e-9, 2e-9, 1.5e-9))
    pieces = []
    for part in STACKS[name](fixed, free):
        pieces += part if isinstance(part, list) else [part]
    return sf.Stack(pieces)


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [pytest.param(x, marks=[pytest.mark.long] if "lets pass" in x else []) for x in STACKS],
)
def test_layers_in_contact_are_one_layer(name):
    group, one = (
        sf.slonczewski(sf.solve(made(name, grouped=grouped), 1e11), "fixed", "free")
        for grouped in (True, False)
    )
    for field in dataclasses.fields(one):
        found, expected = (getattr(torque, field.name) for torque in (group, one))
        if field.name == "notes":
            parts = [text for text in found if text.startswith("'free' is F")]
            assert [text for text in found if text not in parts] == [*expected]
            (text,) = parts
            assert ", which turn as one; t is the sum of their thicknesses: if some" in text
        elif field.name != "sample":
            assert_same(found, expected, field.name)
    assert group.thickness == pytest.approx(4e-9)


def assert_same(found, expected, what, size=0.0):
    """Equal, numbers to what searches and fits leave, those of a tuple to the largest of them."""
    if isinstance(expected, str | bool | None):
        assert found == expected, what
    elif isinstance(expected, tuple):
        size = max((abs(x) for x in expected if isinstance(x, float)), default=0.0)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other, what, size)
    else:
        size = np.abs(expected).max(initial=size)
        rtol = 1e-6 if "error" in what else 1e-9
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * size, err_msg=what)


def multilayer(theta, **group):
    """Cobalt layers with normal metal between them, beside a fixed layer that is two as well."""
    m = sf.direction(theta)
    free = (
        F(1e-9, m=m, **group)
        | N(1e-9)
        | OTHER(2e-9, m=m, **group)
        | N(0.5e-9)
        | F(1e-9, m=m, **group)
    )
    fixed = F(4e-9, m=UP, group="fixed") | N(1e-9) | F(4e-9, m=UP, group="fixed")
    return sf.Lead(N) | fixed | N(5e-9) | free | sf.Lead(N)


def test_normal_layers_inside_are_no_spacers():
    """Against the torques of stacks in which all of it is turned by hand."""
    torque = sf.slonczewski(sf.solve(multilayer(50, group="free"), 1e11), "fixed", "free")
    theta = np.linspace(5, 175, 18)
    by_hand = sf.solve(multilayer(theta))
    total = sum(by_hand.absorbed_spin_current(name) for name in ("F3", "F4", "F5"))
    way = np.cross(sf.direction(theta), np.cross(UP, sf.direction(theta)))
    g = (total * way).sum(axis=1) / (way * way).sum(axis=1)
    np.testing.assert_allclose(2 * torque.epsilon(theta), g, rtol=1e-9)
    assert torque.error == 0
    assert torque.thickness == pytest.approx(4e-9)


@pytest.mark.long
def test_a_free_group_between_two_fixed_ones():
    def dual(**group):
        names = {} if group else {"name": "free"}
        parts = [F(d, m=ASIDE, **group, **names) for d in ((1e-9, 2e-9) if group else (3e-9,))]
        left = F(4e-9, m=UP, group="left") | F(4e-9, m=UP, group="left") | N(5e-9)
        right = N(3e-9) | OTHER(4e-9, m=UP, name="right")
        return sf.Stack([*left.pieces, *parts, *right.pieces])

    for fixed in ("left", "right", ("left", "right"), ("right", "left")):
        found, expected = (
            sf.slonczewski(sf.solve(stack), fixed, "free") for stack in (dual(group="free"), dual())
        )
        assert_same(found.table, expected.table, "table")
        assert (found.partner, found.beyond) == (expected.partner, expected.beyond)
    assert sf.slonczewski(sf.solve(dual(group="free")), "right", "free").partner == "left"


def test_table_over_the_directions_of_groups():
    pytest.importorskip("xarray")
    solution = sf.solve(multilayer(50, group="free"), 1e11)
    polar = np.array([20.0, 90.0])
    table = sf.torque_table(solution, "fixed", "free", polar=polar, azimuth=np.array([0.0, 40.0]))
    assert table["ferromagnet"].values.tolist() == ["fixed", "free"]
    stack = solution.stack.replace("free", m=sf.direction(90, 40)).replace(
        "fixed", m=sf.direction(20)
    )
    place = {
        "fixed.polar_deg": 20,
        "fixed.azimuth_deg": 0,
        "free.polar_deg": 90,
        "free.azimuth_deg": 40,
    }
    found, expected = table["torque"].sel(place), sf.solve(stack, 1e11).torques
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("fixed", "free", "message"),
    [
        ("fixed", "F3", "'F3' must be a magnet that turns by itself, got a layer of group 'free'"),
        ("F2", "free", "'F2' must be a magnet that turns by itself, got a layer of group 'fixed'"),
        ("free", "fixed", "free must be a layer, which has a thickness, got the lead 'fixed'"),
    ],
)
def test_errors(fixed, free, message):
    stack = multilayer(50, group="free")
    pieces = [sf.Lead(F, m=UP, group="fixed"), *stack.pieces[1:]]
    with pytest.raises(ValueError, match=message):
        sf.slonczewski(sf.solve(sf.Stack(pieces)), fixed, free)
