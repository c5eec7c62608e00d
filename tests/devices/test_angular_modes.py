"""Devices of two magnets as sums of spin valves."""

import dataclasses

import numpy as np
import pytest
from wires import J0, KINDS, LEAD, SAMPLES, SPACER, UP, Co, Cu, Joint, Py, branched, stack, wire

import spinfem as sf
from spinfem.devices.modes import _largest_first

DEGREES = np.linspace(0, 180, 181)
THETA = np.array([0.0, 1e-3, 20.0, 75.0, 90.0, 130.0, 179.0, 180.0])
CASES = {
    "transparent": {},
    "reservoirs": SAMPLES["reservoirs"],
    "blocking": SAMPLES["blocking"],
    "resistive": SAMPLES["resistive"],
    "one resistive": {"joints": {SPACER[1]: Joint(1e-15, gamma=0.6, delta=0.4)}},
}


@pytest.mark.parametrize("case", CASES)
def test_of_a_wire_they_are_what_its_stack_does(case):
    modes = sf.solve(wire("quad", 6, **CASES[case]), degree=4).angular_modes("fixed", "free")
    exact = sf.solve(stack(**CASES[case]).replace("free", m=sf.direction(THETA)), J0)
    A = KINDS["quad"]
    np.testing.assert_allclose(modes.resistance_at(THETA) * A, exact.resistance, rtol=1e-11)
    first, second = modes.torques_at(THETA)
    other = exact.torque("fixed")  # in the plane of z and x, on m along z, towards x
    across = np.stack([np.sin(np.radians(THETA)), np.cos(np.radians(THETA))])
    free = exact.torque("free")[:, 2] * across[0] - exact.torque("free")[:, 0] * across[1]
    size = np.abs(exact.torque("free")).max()
    np.testing.assert_allclose(first / A, other[:, 0], atol=1e-10 * size)
    np.testing.assert_allclose(second / A, free, atol=1e-10 * size)
    two = modes.leading(2)  # all points of a face are alike: one pair
    assert two.error < 1e-9
    assert np.isclose(*np.abs(two.B), rtol=1e-9)


@pytest.mark.long
def test_of_a_branched_device_they_are_all_its_angles():
    solution = sf.solve(branched(), degree=2)
    modes = solution.angular_modes("fixed", "free")
    assert (np.abs(modes.B) < 1).all()
    first, second = modes.torques_at(THETA)
    for i, theta in enumerate(THETA):
        turned = solution.turned(fixed=UP, free=sf.direction(theta))
        power = turned.power / solution.current("left") ** 2
        assert np.isclose(modes.resistance_at(theta), power, rtol=1e-11)
        ways = sf.direction(theta + 90.0), (1.0, 0.0, 0.0)
        size = np.abs(second).max()
        assert np.isclose(first[i], turned.torque("fixed") @ ways[1], atol=1e-10 * size)
        assert np.isclose(second[i], -turned.torque("free") @ ways[0], atol=1e-10 * size)


@pytest.mark.long
@pytest.mark.parametrize("drive", [{"current": 1.0}, {"j0": 1e8}], ids=["current", "density"])
@pytest.mark.parametrize("others", [("right",), ("right", "top")], ids=["one", "two"])
def test_where_potentials_are_is_of_no_account(others, drive):
    """To the bit, of electrodes at 0 and at 5 V."""
    device, found = branched(), []
    for potential in (0.0, 5.0):
        held = dict.fromkeys(others, sf.Electrode(potential=potential, end=LEAD))
        ends = {**device.electrodes, "left": sf.Electrode(**drive, end=LEAD), **held}
        driven = sf.Device(device.grid, device.regions, ends)
        found.append(sf.solve(driven, degree=1).angular_modes("fixed", "free"))
    for one, other in zip(*(vars(modes).values() for modes in found), strict=True):
        np.testing.assert_array_equal(one, other)


def seen(modes, theta):
    """Change of the resistance and both torques."""
    return [modes.resistance_at(theta) - modes.resistance, *modes.torques_at(theta)]


def term(modes, k):
    own = {"B": modes.B[[k]], "resistances": modes.resistances[[k]]}
    return dataclasses.replace(modes, **own, torques=modes.torques[:, [k]])


def test_the_largest_terms_are_most_of_it():
    modes = sf.solve(branched(), degree=3).angular_modes("fixed", "free")
    errors = [modes.leading(count).error for count in (2, 4, 8, len(modes.B))]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] < 0.1
    assert errors[-1] == 0
    few, off = modes.leading(2), []
    for whole, part in zip(*(seen(x, DEGREES) for x in (modes, few)), strict=True):
        off.append(np.abs(whole - part).max() / np.abs(whole).max())
    assert few.error == pytest.approx(max(off), rel=1e-12)
    # every term alone, of resistance and torques, over the largest of its kind
    alone = [
        [np.abs(x).max() for x in seen(one, np.linspace(0, 180, 2001))]
        for one in (term(modes, k) for k in range(len(modes.B)))
    ]
    sizes = np.max(alone / np.max(alone, axis=0), axis=1)
    assert (sizes[1:] <= sizes[:-1] * (1 + 1e-3)).all()
    with pytest.raises(ValueError, match=r"count must be 1 to \d+, got 0"):
        modes.leading(0)


def test_terms_are_as_large_as_where_they_are_largest():
    """With B near 1 where magnetizations are opposed, or nearly so."""
    B, few, none = np.array([0.5, 0.99, 0.0]), np.array([5.0, 1.0, 9.0]), np.zeros(3)
    assert _largest_first(B, few, np.array([none, none])).tolist() == [1, 0]
    assert _largest_first(B, none, np.array([none, few])).tolist() == [1, 0]


def touching():
    device = wire("tri", 1)
    regions = {**device.regions, "spacer": (Co, UP), "fixed": Cu}
    return sf.Device(device.grid, regions, device.electrodes), ("spacer", "free")


def between_potentials():
    device = wire("tri", 1)
    ends = {name: sf.Electrode(potential=x) for name, x in (("left", 5.1), ("right", 5.0))}
    return sf.Device(device.grid, device.regions, ends), ("fixed", "free")


REFUSED = {
    "potentials": (between_potentials, "potentials of electrodes must be one, .* got 5.0, 5.1"),
    "a name": (
        lambda: (wire("tri", 1), ("fixed", "spacer")),
        "of two regions that are all .* and 'spacer'",
    ),
    "one": (lambda: (wire("tri", 1), ("free", "free")), "of two regions that are all"),
    "a lead": (
        lambda: (wire("tri", 1, **SAMPLES["crossing lead"]), ("fixed", "free")),
        "where there are fixed, free, left, right",
    ),
    "exchange": (
        lambda: (wire("tri", 1, **SAMPLES["exchange lengths"]), ("fixed", "free")),
        "'free' must be a strong ferromagnet of one m for angular modes",
    ),
    "texture": (
        lambda: (wire("tri", 1, free=(Py, lambda x: np.tile(UP, (len(x), 1)))), ("fixed", "free")),
        "'free' must be a strong ferromagnet of one m",
    ),
    "mixing": (
        lambda: (wire("tri", 1, **SAMPLES["mixing"]), ("fixed", "free")),
        "mixing conductances must be infinite for angular modes, got",
    ),
    "contact": (touching, "'spacer' and 'free' must not touch for angular modes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_such_form(case):
    make, message = REFUSED[case]
    device, names = make()
    with pytest.raises(ValueError, match=message):
        sf.solve(device, degree=1).angular_modes(*names)
