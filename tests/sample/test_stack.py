"""Describing a sample: materials, layers, ends, stacks, batches."""

import contextlib
import dataclasses
import pickle

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import spinfem as sf
from spinfem.solvers.elements import elements_of

F = sf.Ferromagnet(D=1.0, l=1.0, p=0.5)
N = sf.NormalMetal(D=2.0, l=3.0)
z = (0, 0, 1)


def test_valet_fert_parameters_are_those_of_the_channels():
    """rho_up,down = 2 rho* (1 -/+ beta), so the channels' conductivities are their inverses."""
    rho, beta = 75e-9, 0.46
    up, down = 1 / (2 * rho * (1 - beta)), 1 / (2 * rho * (1 + beta))
    a = sf.Ferromagnet.from_valet_fert(rho, beta=beta, l=60e-9)
    b = sf.Ferromagnet.from_channels(up, down, tau=1e-12, spin_density_coefficient=1.0)
    assert pytest.approx(a.D, rel=1e-14) == b.D
    assert b.p == pytest.approx(a.p, rel=1e-14)
    assert a.total_conductivity == pytest.approx(up + down, rel=1e-14)
    assert b.l == pytest.approx(np.sqrt(a.D * 1e-12 / 2), rel=1e-14)
    c = sf.Ferromagnet.from_conductivity(up + down, p=beta, l=60e-9)
    assert pytest.approx(a.D, rel=1e-14) == c.D


def test_normal_metals():
    a = sf.NormalMetal.from_resistivity(6e-9, l=450e-9)
    b = sf.NormalMetal.from_conductivity(1 / 6e-9, l=450e-9)
    assert a.D == b.D == pytest.approx(1 / 6e-9)
    assert a.stiffness == pytest.approx(a.D / 2 / 450e-9)
    assert a.relaxation == pytest.approx(a.D / 2 / 450e-9**2)
    assert sf.NormalMetal(D=1.0, l=np.inf).relaxation == 0


@pytest.mark.parametrize("polar", range(-360, 721, 90))
@pytest.mark.parametrize("azimuth", range(-180, 361, 90))
def test_directions_are_exact_at_right_angles(polar, azimuth):
    m = sf.direction(polar, azimuth)
    assert set(np.abs(m)) <= {0.0, 1.0}
    assert not np.signbit(m[m == 0]).any()


def test_directions():
    np.testing.assert_allclose(
        sf.direction([60.0, 90.0], [0.0, 30.0]),
        [[np.sqrt(3) / 2, 0, 0.5], [np.sqrt(3) / 2, 0.5, 0]],
        atol=1e-15,
    )
    assert sf.direction(np.zeros((4, 1)), np.zeros(3)).shape == (4, 3, 3)
    # relative accuracy at tiny angles
    assert sf.direction(1e-9)[0] == pytest.approx(np.deg2rad(1e-9), rel=1e-15)
    assert sf.direction(180 - 1e-9)[0] == pytest.approx(np.deg2rad(1e-9), rel=1e-6)


@pytest.mark.parametrize("quarters", [10**12 + 3, -(3 * 10**13) - 2, 2**46 + 1])
def test_directions_are_exact_however_many_turns(quarters):
    assert int(90.0 * quarters) == 90 * quarters  # a double
    np.testing.assert_array_equal(sf.direction(90.0 * quarters), sf.direction(90 * (quarters % 4)))


@given(st.floats(-1e300, 1e300))
def test_directions_are_right_at_any_angle(angle):
    with mpmath.workdps(400):
        radians = mpmath.mpf(angle) * mpmath.pi / 180
        exact = [float(mpmath.sin(radians)), 0.0, float(mpmath.cos(radians))]
    m = sf.direction(angle)
    # the sine of a tiny angle is right relative to itself: 3 roundings
    np.testing.assert_allclose(m, exact, rtol=4e-16, atol=1e-90)
    np.testing.assert_array_equal(sf.direction(-angle), m * [-1, 1, 1] + 0.0)
    np.testing.assert_array_equal(sf.direction([angle]), [m])  # to the bit, by either way


def test_stacks_read_from_left_to_right():
    stack = (
        sf.Lead(N) | F(1.0, m=z, name="fixed") | N(0.5) | F(2.0, m=z) | N(0.1) | sf.SpinBlocking()
    )
    assert [layer.name for layer in stack.layers] == ["fixed", "N1", "F2", "N2"]
    assert isinstance(stack.left, sf.Lead)
    assert stack.right == sf.SpinBlocking()
    np.testing.assert_allclose(stack.x, [0, 1.0, 1.5, 3.5, 3.6])
    same = sf.Stack(stack.pieces)
    assert [layer.name for layer in same.layers] == [layer.name for layer in stack.layers]


def test_ends_that_are_not_given_are_reservoirs():
    stack = F(1.0, m=z) | N(1.0)
    assert stack.left == stack.right == sf.Reservoir()
    assert sf.Stack([F(1.0, m=z)]).left == sf.Reservoir()


def test_units_repeat():
    unit = F(1.0, m=z) | N(1.0)
    stack = sf.Lead(N) | unit | unit | unit
    assert [layer.name for layer in stack.layers] == ["F1", "N1", "F2", "N2", "F3", "N3"]


def test_replace_returns_a_changed_copy():
    stack = sf.Lead(F, m=z, name="lead") | F(1.0, m=z, name="free") | N(1.0)
    new = stack.replace("free", m=(1, 0, 0), thickness=3.0)
    np.testing.assert_array_equal(new.layers[0].m, [1, 0, 0])
    assert new.layers[0].thickness == 3.0
    np.testing.assert_array_equal(stack.layers[0].m, [0, 0, 1])
    assert stack.layers[0].thickness == 1.0
    assert [layer.name for layer in new.layers] == ["free", "N1"]
    np.testing.assert_array_equal(stack.replace("lead", m=(1, 0, 0)).left.m, [1, 0, 0])
    renamed = stack.replace("N1", name="spacer")
    assert renamed.layers[1].name == "spacer"
    # an end that was left out can still be given
    assert (new | sf.SpinBlocking()).right == sf.SpinBlocking()


def test_everything_is_frozen():
    for thing in (F, N, F(1.0, m=z), sf.Lead(N), F(1.0, m=z) | N(1.0)):
        with pytest.raises(dataclasses.FrozenInstanceError):
            thing.name = "changed"
    layer = F(np.array([1.0, 2.0]), m=z)
    with pytest.raises(ValueError, match="read-only"):
        layer.thickness[0] = 5.0
    with pytest.raises(ValueError, match="read-only"):
        layer.m[0] = 5.0


def test_arrays_given_by_the_user_are_copied():
    thickness = np.array([1.0, 2.0])
    layer = N(thickness)
    thickness[0] = 7.0
    assert layer.thickness[0] == 1.0


def test_magnetizations_are_normalized():
    for m in ((0, 3, 4), (0, 3e-200, 4e-200), (0, 3e200, 4e200)):
        np.testing.assert_allclose(F(1.0, m=m).m, [0, 0.6, 0.8])


def test_shape_of_a_batch():
    theta, d = np.linspace(0, 180, 5), np.array([[1.0], [2.0], [3.0]])
    stack = F(1.0, m=z) | N(d) | F(1.0, m=sf.direction(theta)) | sf.Lead(N)
    assert stack.shape == (3, 5)
    assert (F(1.0, m=z) | N(1.0)).shape == ()
    assert (sf.Lead(sf.NormalMetal(D=np.ones(4), l=1.0)) | F(1.0, m=z)).shape == (4,)
    assert stack.x.shape == (3, 1, 4)


def test_repr_reads_like_the_sample():
    Cu = sf.NormalMetal(D=1.0, l=1.0, name="Cu")
    stack = sf.Lead(Cu) | F(1.0, m=z, name="fixed") | Cu(1.0)
    assert repr(stack) == "Stack(Lead(Cu) | fixed | Cu1 | Reservoir())"


def test_names_that_are_taken_are_passed_over():
    def names(stack):
        return [layer.name for layer in stack.layers]

    assert names(N(1, name="N2") | N(1) | F(1, m=z)) == ["N2", "N3", "F1"]
    unit = F(1, m=z) | N(1) | F(2, m=z)
    assert names(unit | unit.replace("N1", thickness=3)) == ["F1", "N1", "F2", "F3", "N2", "F4"]
    assert names(unit.replace("N1", material=F, m=z)) == ["F1", "N1", "F3"]


def test_ends_without_a_name_can_be_replaced():
    other = sf.NormalMetal(D=3.0, l=2.0)
    stack = sf.Lead(N) | F(1, m=z) | sf.Lead(N, name="cap")
    assert stack.replace("left", material=other).left.material is other
    with pytest.raises(ValueError, match="name must be that of a layer, lead or interface"):
        stack.replace("rigth", material=other)
    assert stack.replace("right", material=other).right.material is other
    with pytest.raises(ValueError, match="name must be that of a layer, lead or interface"):
        (F(1, m=z) | N(1)).replace("left", material=other)


def test_a_point_of_a_batch_can_be_extended():
    stack = F(1, m=sf.direction([0.0, 30.0])) | N(1)
    assert len((stack[1] | N(2)).layers) == 3


def test_what_is_kept_cannot_be_changed_in_place():
    stack = F(1, m=z) | N([1.0, 2.0])
    for array in (stack.x, stack.thickness):
        with pytest.raises(ValueError, match="read-only"):
            array *= 2
    solution = sf.solve(stack)
    layer, face = solution.layers[1], solution.interfaces[1]
    for array in (layer.x, layer.spin_potential, layer.spin_current, layer.potential, face.x):
        with pytest.raises(ValueError, match="read-only"):
            array *= 2
    for array in (solution.spin_resistance, solution.resistance, solution.torques):
        array *= 2  # the user's own


def test_stacks_and_solutions_can_be_pickled():
    stack = F(1, m=z, name="a") | N([0.5, 2.0]) | F(1, m=sf.direction(40), name="b")
    solution = sf.solve(stack, 2.0)
    saddle = sf.solve(stack, 2.0, method="saddle")
    for made in (sf.solve(stack, 2.0), solution, saddle, sf.analytic.solve(stack, 2.0)):
        found = pickle.loads(pickle.dumps(made))
        np.testing.assert_allclose(found.torques, solution.torques, rtol=1e-10, atol=1e-28)
        np.testing.assert_allclose(found[1].torques, solution[1].torques, rtol=1e-10, atol=1e-28)


def rising(xi):
    return 1 + xi


weak = sf.Ferromagnet(D=1.0, l=1.0, p=0.5, lambda_J=0.1)
graded = sf.NormalMetal(D=rising, l=1.0)
batch, grid = np.array([1.0, 2.0]), np.array([[1.0], [3.0]])
turned = sf.direction(np.array([0.0, 30.0]))
names = st.sampled_from([None] * 9 + ["a", "b", "N1", "F2"])
groups = st.sampled_from([None] * 4 + ["g", "g", "F1", "a"])
thicknesses = st.sampled_from([1.0, 2, 3.0, batch, grid, 2 * grid] * 2 + [np.ones(3)])
magnetizations = st.sampled_from([z, (0, 0, -1), (1, 0, 0), turned])
normals = st.sampled_from([N, graded, sf.NormalMetal(D=batch, l=np.inf)])
magnets = st.sampled_from([F, weak, sf.Ferromagnet(D=1.0, l=batch, p=grid / 4)])
layers = st.builds(sf.Layer, normals, thicknesses, name=names) | st.builds(
    sf.Layer, magnets, thicknesses, m=magnetizations, name=names, group=groups
)
joints = st.builds(
    sf.Interface,
    st.sampled_from([0.0, 1.0, batch]),
    gamma=st.sampled_from([0.0, 0.0, 0.5]),
    mixing=st.sampled_from([None, None, 1 + 1j]),
    name=names,
)
ends = st.one_of(
    st.builds(sf.Lead, st.just(N), name=names),
    st.builds(sf.Lead, magnets, m=magnetizations, name=names, group=groups),
    st.sampled_from([sf.Reservoir(), sf.SpinBlocking()]),
)
changes = {
    "thickness": thicknesses,
    "m": magnetizations,
    "material": normals | magnets,
    "resistance": st.sampled_from([0.0, 2.0, batch]),
    "gamma": st.sampled_from([0.0, -0.5]),
    "name": names,
    "group": groups,
}


@st.composite
def chains(draw):
    """Pieces most of which make a stack, and some that do not."""
    found = [draw(ends)] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 5))):
        found += [draw(joints)] if draw(st.integers(0, 3)) == 0 else []
        found.append(draw(layers))
    if draw(st.integers(0, 9)) == 0:
        found.insert(draw(st.integers(0, len(found))), draw(ends | joints))
    return [*found, draw(ends)]


def description(element):
    return element and {key: repr(value) for key, value in vars(element).items()}


def assert_same(a, b):
    """All that is known of two stacks is the same."""
    assert a.shape == b.shape
    assert list(map(description, a.elements)) == list(map(description, b.elements))
    assert list(map(description, a.layers)) == list(map(description, b.layers))
    assert list(map(description, a.joints)) == list(map(description, b.joints))
    assert a._places == b._places
    assert a._positions == b._positions
    assert a.element_names == b.element_names
    assert a.groups == b.groups
    one, other = elements_of(a), elements_of(b)
    for field in dataclasses.fields(one):
        x, y = getattr(one, field.name), getattr(other, field.name)
        if field.name == "columns":
            assert x.keys() == y.keys()
            for key in x:
                np.testing.assert_array_equal(x[key].fixed, y[key].fixed)
                assert [*x[key].varying] == [*y[key].varying]
                np.testing.assert_equal(x[key].varying, y[key].varying)
        elif field.name == "graded":
            assert repr(x) == repr(y)
        elif field.name not in ("joints", "resistive"):
            np.testing.assert_equal(x, y)


def outcome(do):
    """What is made, or the error."""
    try:
        return do()
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


@given(chains())
def test_a_chain_is_the_same_in_one_go(pieces):
    """By `|` or all at once: the same stack, or the same error at the same piece."""
    stack, count = pieces[0], 1
    while count < len(pieces) and not isinstance(stack, str):
        stack, count = outcome(lambda: stack | pieces[count]), count + 1  # noqa: B023
    anew = outcome(lambda: sf.Stack(pieces[:count]))
    if isinstance(stack, str):
        assert stack == anew
    else:
        assert_same(stack, anew)
        assert_same(pickle.loads(pickle.dumps(stack)), stack)


@given(chains(), st.data())
def test_what_replace_carries_over_is_what_is_found_anew(pieces, data):
    stack = outcome(lambda: sf.Stack(pieces))
    assume(isinstance(stack, sf.Stack))
    for _ in range(6):
        if data.draw(st.booleans()):
            elements_of(stack)
        name = data.draw(st.sampled_from([*stack._places, *stack.groups, "left"]))
        piece = stack.pieces[stack._places.get(name, 0)]
        keys = [key for key in changes if hasattr(piece, key)]
        keys = ["m", "group"] if name in stack.groups else keys
        chosen = data.draw(st.lists(st.sampled_from(keys or [*changes]), max_size=2, unique=True))
        values = {key: data.draw(changes[key]) for key in chosen}
        changed = outcome(lambda: stack.replace(name, **values))  # noqa: B023
        if isinstance(changed, sf.Stack):
            assert_same(changed, sf.Stack(changed.pieces))
            stack = changed
        elif "material" not in values and name in stack._places:
            given = list(stack.pieces)
            with contextlib.suppress(ValueError, TypeError):
                given[stack._places[name]] = dataclasses.replace(piece, **values)
                assert changed == outcome(lambda: sf.Stack(given))  # noqa: B023
    assert_same(pickle.loads(pickle.dumps(stack)), stack)


def test_replace_carries_over_what_it_can():
    stack = sf.Lead(N) | F(1.0, m=z) | N(1.0, name="spacer") | F(1.0, m=z)
    before = elements_of(stack)
    after = stack.replace("spacer", thickness=2.0).arrays
    assert after is not None
    assert [key for key in after.columns if after.columns[key] is not before.columns[key]] == [
        "thickness"
    ]
    assert before.columns["thickness"].fixed[2] == 1.0
    assert after.columns["thickness"].fixed[2] == 2.0


def test_one_direction_is_normalized_like_many():
    m = np.random.default_rng(1).normal(size=(200, 3)) * 10.0 ** np.arange(-150, 150, 1.5)[:, None]
    np.testing.assert_array_equal(F(1.0, m=m).m, [F(1.0, m=row).m for row in m])


def test_the_end_of_another_stack_may_stand_at_an_interface():
    """Also one that was not given there; an interface with nothing behind it may not."""
    end, contact = sf.Stack([N(1.0)]).left, sf.Interface(1.0)
    assert sf.solve(end | contact | F(1.0, m=z) | N(1.0)).spin_resistance > 0
    with pytest.raises(ValueError, match="must not begin in an interface"):
        sf.solve(contact | F(1.0, m=z) | N(1.0))


@pytest.mark.parametrize("numbers", [{"gamma": 0.5}, {"mixing": 1 + 1j}])
def test_an_interface_at_either_end_waits_for_what_will_stand_beside_it(numbers):
    """A spacer and its contacts may be put together first."""
    contact = sf.Interface(1.0, **numbers)
    one, other = F(1.0, m=z, name="one"), F(2.0, m=(1, 0, 1), name="other")
    spacer = contact | N(1.0, name="spacer") | contact
    whole = sf.Stack([one, contact, N(1.0, name="spacer"), contact, other])
    assert sf.solve(one | spacer | other).resistance == sf.solve(whole).resistance
    thicker = one | spacer.replace("spacer", thickness=2.0) | other
    assert (
        sf.solve(thicker).resistance == sf.solve(whole.replace("spacer", thickness=2.0)).resistance
    )
    with pytest.raises(
        ValueError, match=r"between normal metals|must be left out, got one between"
    ):
        N(1.0) | spacer


def test_a_pair_is_no_mixing_conductance():
    """As stack files have it; a batch of two is an array."""
    with pytest.raises(ValueError, match=r"must be a complex number, G_r \+ 1j\*G_i, or an array"):
        sf.Interface(1.0, mixing=(5e14, 1e13))
    assert np.shape(sf.Interface(1.0, mixing=np.array([5e14, 1e13])).mixing) == (2,)


# --- groups ---------------------------------------------------------------------------------------


def multilayer():
    """A fixed layer, and a magnet of three layers with normal metal between two of them."""
    free = F(2.0, m=z, group="free") | N(0.1) | F(1.0, m=z, name="top", group="free")
    return F(1.0, m=(1, 0, 0), group="fixed") | N(1.0) | F(3.0, m=z, group="free") | free


def test_groups_say_where_their_layers_are():
    stack = sf.Reservoir() | multilayer() | sf.Lead(F, m=(0, 0, 5), group="free")
    assert stack.groups == {"fixed": (1,), "free": (3, 4, 6, 7)}
    assert [layer.name for layer in stack.layers] == ["F1", "N1", "F2", "F3", "N2", "top"]
    assert stack.members("free") == (3, 4, 6, 7)
    assert stack.members("top") == (6,)
    assert (F(1.0, m=z) | N(1.0)).groups == {}
    assert (F(1.0, m=z, group="F1") | F(1.0, m=z, group="F1")).layers[0].name == "F2"


def test_a_group_is_turned_renamed_and_dissolved():
    stack = multilayer()
    elements_of(stack)
    turned = stack.replace("free", m=sf.direction(turned_by))
    assert turned.shape == (2,)
    for layer in (turned.layers[k - 1] for k in turned.groups["free"]):
        np.testing.assert_allclose(layer.m, sf.direction(turned_by), atol=1e-15)
    np.testing.assert_array_equal(turned.layers[0].m, (1, 0, 0))
    assert turned.arrays is not None
    assert turned[1].groups == stack.groups
    assert stack.replace("free", group="soft").groups == {"fixed": (1,), "soft": (3, 4, 6)}
    alone = stack.replace("free", group=None)
    assert alone.groups == {"fixed": (1,)}
    assert alone.replace("top", m=(0, 1, 0)).groups == {"fixed": (1,)}
    assert stack.replace("fixed", m=z).replace("N1", thickness=2.0).groups == stack.groups
    joined = stack.replace("top", group=None).replace("top", group="free")
    assert joined.groups == stack.groups


turned_by = np.array([20.0, 70.0])


def test_layers_of_a_group_turn_no_other_way():
    one, other = sf.direction(30.0, 40.0), sf.direction(30.0, 40.0 + 1e-12)
    assert (F(1.0, m=one, group="g") | F(1.0, m=7 * one, group="g")).groups == {"g": (1, 2)}
    with pytest.raises(ValueError, match="must be parallel"):
        F(1.0, m=one, group="g") | F(1.0, m=other, group="g")
    stack = multilayer()
    with pytest.raises(ValueError, match="must be parallel, got F2 and top that are not"):
        stack.replace("top", m=(0, 0, -1))
    with pytest.raises(ValueError, match="must be parallel, got F2 and F3 that are not"):
        stack.turned({3: (1, 0, 0), 4: (0, 1, 0), 6: (1, 0, 0)})
    batch_of_two = sf.direction(np.array([0.0, 0.1]))
    with pytest.raises(ValueError, match="must be parallel"):
        F(1.0, m=z, group="g") | F(1.0, m=batch_of_two, group="g")


def test_all_of_a_stack_turns_at_once():
    """Where it could not turn one by one: an interface needs collinear ferromagnets beside it."""
    stack = F(1.0, m=z, name="a") | sf.Interface(1.0) | F(1.0, m=z, name="b") | N(1.0)
    turned_both = stack.turned({1: (1, 0, 0), 2: (-1, 0, 0)})
    np.testing.assert_array_equal(
        [layer.m for layer in turned_both.layers[:2]], [[1, 0, 0], [-1, 0, 0]]
    )
    with pytest.raises(ValueError, match="between two ferromagnets must have no mixing"):
        stack.replace("a", m=(1, 0, 0))
    with pytest.raises(ValueError, match="must be left out in a normal metal"):
        stack.turned({3: z})
