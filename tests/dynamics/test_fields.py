"""Fields of magnets: derivatives of their energy, in every term; held ones, groups, batches."""

import re

import numpy as np
import pytest

import spinfem as sf
from spinfem.constants import MU_0
from spinfem.dynamics.fields import fields_of

Cu = sf.NormalMetal(D=1.7e8, l=450e-9, name="Cu")
Co = sf.Ferromagnet(D=1.3e7, l=60e-9, p=0.46, name="Co")
soft = sf.Ferromagnet(D=1e7, l=60e-9, p=0.5, lambda_J=1e-9, lambda_phi=2e-9)
z, x = (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)
Ms = 8e5
good = sf.Magnet(Ms)


def pillar(m=((0.0, 0.6, 0.8), x, z)):
    """Three magnets, of which the last one is two layers."""
    return (
        sf.Lead(Cu)
        | Co(8e-9, m=m[0], name="a")
        | Cu(5e-9)
        | Co(4e-9, m=m[1], name="b")
        | Cu(5e-9)
        | Co(1e-9, m=m[2], group="c")
        | Cu(2e-9, name="inside")
        | Co(2e-9, m=m[2], name="end", group="c")
        | Cu(5e-9)
        | sf.Lead(Co, m=(0.6, 0.0, 0.8), name="lead")
    )


def random_magnets(rng, batch):
    def number(low, high):
        return rng.uniform(low, high, batch)

    def symmetric():
        N = rng.uniform(-1, 1, (*batch, 3, 3))
        return N + N.swapaxes(-1, -2)

    magnets = {
        "a": sf.Magnet(number(3e5, 2e6), alpha=0.1, demag=symmetric(), K=number(-1e6, 1e6)),
        "b": sf.Magnet(Ms, demag=(0.9, 0.06, 0.04), K=3e4, axis=rng.normal(size=(*batch, 3))),
        "c": sf.Magnet(1.4e6, alpha=number(0, 1), demag=(0.8, 0.1, 0.1)),
        "lead": sf.Magnet(1.4e6, held=True),
    }
    couplings = [
        sf.Coupling("a", "b", exchange=number(-1e-3, 1e-3), biquadratic=number(-1e-3, 1e-3)),
        sf.Coupling("c", "b", biquadratic=2e-4, dipolar=symmetric()),
        sf.Coupling("a", "c", dipolar=(-0.02, 0.01, 0.01)),
        sf.Coupling("a", "b", exchange=1e-4),
        sf.Coupling("c", "lead", exchange=-3e-4, biquadratic=1e-4, dipolar=symmetric()),
    ]
    return magnets, couplings, rng.normal(scale=1e5, size=(*batch, 3))


def units(rng, *shape):
    m = rng.normal(size=(*shape, 3))
    return m / np.linalg.norm(m, axis=-1, keepdims=True)


BATCHES = [(), (4,), (2, 3)]


@pytest.mark.parametrize("batch", BATCHES)
def test_field_is_the_derivative_of_energy(batch):
    """``H = -(1/(mu_0 Ms t)) dE/dm``, by complex steps: to rounding."""
    rng = np.random.default_rng(1)
    magnets, couplings, applied = random_magnets(rng, batch)
    fields = fields_of(pillar(), magnets, field=applied, couplings=couplings)
    assert fields.names == ("a", "b", "c")
    assert fields.shape == batch
    m = units(rng, *batch, 3)
    found = np.empty(m.shape)
    for i, c in np.ndindex(3, 3):
        step = np.zeros((3, 3), dtype=complex)
        step[i, c] = 1e-30j
        found[..., i, c] = fields.energy(m + step).imag / 1e-30
    field = fields.field(m)
    assert field.shape == (*batch, 3, 3)
    expected = -found / fields.moments[..., None]
    np.testing.assert_allclose(field, expected, rtol=0, atol=1e-14 * np.abs(expected).max())


@pytest.mark.parametrize("batch", BATCHES)
def test_slope_is_the_derivative_of_the_field(batch):
    rng = np.random.default_rng(2)
    magnets, couplings, applied = random_magnets(rng, batch)
    fields = fields_of(pillar(), magnets, field=applied, couplings=couplings)
    m = units(rng, *batch, 3)
    slope = fields.slope(m)
    assert slope.shape == (*batch, 9, 9)
    for k in range(9):
        step = np.zeros(9, dtype=complex)
        step[k] = 1e-30j
        found = fields.field(m + step.reshape(3, 3)).imag.reshape(*batch, 9) / 1e-30
        np.testing.assert_allclose(
            slope[..., k], found, rtol=0, atol=1e-14 * np.abs(found).max(initial=1.0)
        )


@pytest.mark.parametrize("batch", BATCHES)
def test_couplings_are_reciprocal(batch):
    rng = np.random.default_rng(3)
    magnets, couplings, _ = random_magnets(rng, batch)
    fields = fields_of(pillar(), magnets, couplings=couplings)
    weighted = fields.moments[..., :, None, None, None] * fields.Q
    size = np.abs(weighted).max()
    turned = np.einsum("...iajb->...jbia", weighted)
    np.testing.assert_allclose(weighted, turned, rtol=0, atol=1e-15 * size)
    np.testing.assert_array_equal(fields.J2, fields.J2.swapaxes(-1, -2))


m_b = np.array([0.48, 0.6, 0.64])
m_a = np.array([0.0, 0.6, 0.8])
t_a, t_b, M_a = 8e-9, 4e-9, 1.4e6
N = np.array([-0.04, 0.01, 0.03])
# of b, beside a that is held: what is given, its field, its energy per area
# fmt: off
TERMS = {
    "none": ({}, {}, {}, 0 * m_b, 0.0),
    "applied": ({}, {}, {"field": (1e4, 2e4, 3e4)},
                np.array([1e4, 2e4, 3e4]), -MU_0 * Ms * t_b * m_b @ [1e4, 2e4, 3e4]),
    "in tesla": ({}, {}, {"flux_density": (0.1, 0, 0)},
                 np.array([0.1, 0, 0]) / MU_0, -0.1 * Ms * t_b * m_b[0]),
    "shape": ({"demag": (0.9, 0.06, 0.04)}, {}, {}, -Ms * m_b * (0.9, 0.06, 0.04),
              MU_0 * Ms**2 * t_b / 2 * m_b**2 @ [0.9, 0.06, 0.04]),
    "anisotropy": ({"K": 4e4, "axis": (0, 3, 0)}, {}, {},
                   np.array([0, 2 * 4e4 / (MU_0 * Ms) * m_b[1], 0]), -4e4 * t_b * m_b[1] ** 2),
    "exchange": ({}, {"exchange": -1e-4}, {},
                 -1e-4 * m_a / (MU_0 * Ms * t_b), 1e-4 * m_a @ m_b),
    "biquadratic": ({}, {"biquadratic": -1e-4}, {},
                    -2e-4 * (m_a @ m_b) * m_a / (MU_0 * Ms * t_b), 1e-4 * (m_a @ m_b) ** 2),
    "dipoles": ({}, {"dipolar": N}, {}, -M_a * t_a / t_b * N * m_a,  # N is that at a
                MU_0 * Ms * M_a * t_a * (m_a * N) @ m_b),
}
# fmt: on


@pytest.mark.parametrize("name", TERMS)
def test_every_term(name):
    magnet, coupling, options, field, energy = TERMS[name]
    magnets = {"b": sf.Magnet(Ms, **magnet), "a": sf.Magnet(M_a, held=True)}
    couplings = [sf.Coupling("a", "b", **coupling)]
    fields = fields_of(pillar(), magnets, couplings=couplings, **options)
    assert fields.names == ("b",)
    np.testing.assert_allclose(fields.field([m_b])[0], field, rtol=1e-14, atol=1e-9)
    assert fields.energy([m_b]) == pytest.approx(energy, rel=1e-14, abs=1e-22)


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_held_is_as_if_it_moved_and_stood_there(names):
    """Whichever comes first in the coupling, and for every part of it."""
    couplings = [sf.Coupling(*names, exchange=2e-4, biquadratic=-1e-4, dipolar=N)]
    for batch in BATCHES:
        rng = np.random.default_rng(4)
        m = units(rng, *batch, 2)
        stack = pillar((m[..., 0, :], x, z))
        magnets = {"a": sf.Magnet(M_a, demag=(0.9, 0, 0.1)), "b": sf.Magnet(Ms, K=1e4)}
        both = fields_of(stack, magnets, couplings=couplings).field(m)
        held = {**magnets, "a": sf.Magnet(M_a, held=True)}
        alone = fields_of(stack, held, couplings=couplings).field(m[..., 1:, :])
        np.testing.assert_allclose(alone[..., 0, :], both[..., 1, :], rtol=1e-13, atol=1e-9)


def test_turned_about_the_normal_nothing_changes():
    """All directions and tensors turned alike: energies stay, fields turn."""
    rng = np.random.default_rng(5)
    angle = 0.7
    R = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    own, mutual = np.diag([0.9, 0.06, 0.04]), np.diag(N)
    m, applied, axis = units(rng, 2), rng.normal(size=3) * 1e4, np.array([0.0, 0.6, 0.8])

    def fields(R):
        magnet = sf.Magnet(Ms, demag=R @ own @ R.T, K=1e4, axis=R @ axis)
        coupling = sf.Coupling("a", "b", exchange=1e-4, dipolar=R @ mutual @ R.T)
        return fields_of(
            pillar(), {"a": magnet, "b": magnet}, field=R @ applied, couplings=[coupling]
        )

    one, other = fields(np.eye(3)), fields(R)
    assert other.energy(m @ R.T) == pytest.approx(one.energy(m), rel=1e-14)
    np.testing.assert_allclose(other.field(m @ R.T), one.field(m) @ R.T, rtol=1e-12)


# --- which magnets --------------------------------------------------------------------------------


def test_a_group_is_one_magnet_of_the_thickness_of_its_ferromagnets():
    fields = fields_of(pillar(), {"c": sf.Magnet(Ms), "b": sf.Magnet(Ms)})
    assert fields.names == ("b", "c")  # from left to right
    assert fields.bodies == ((3,), (5, 7))
    np.testing.assert_allclose(fields.volume, [4e-9, 3e-9], rtol=1e-15)


def test_the_name_of_a_repeated_cell_means_all_copies():
    cell = Co(1e-9, m=z, name="F") | Cu(2e-9, name="N")
    stack = sf.Stack([cell * 3])
    fields = fields_of(stack, {"F": sf.Magnet(Ms)}, couplings=[sf.Coupling("F1", "F2")])
    assert fields.names == ("F1", "F2", "F3")
    grouped = Co(1e-9, m=z, group="G") | Cu(1e-9) | Co(2e-9, m=z, group="G") | Cu(2e-9)
    fields = fields_of(sf.Stack([grouped * 2]), {"G": sf.Magnet(Ms)})
    assert fields.names == ("G1", "G2")
    np.testing.assert_allclose(fields.volume, 3e-9, rtol=1e-15)
    with pytest.raises(ValueError, match="'N1' must be a ferromagnet, got a normal metal"):
        fields_of(stack, {"N": sf.Magnet(Ms)})


def test_numbers_are_kept_as_far_as_they_vary():
    stack = pillar((z, sf.direction(np.linspace(0, 90, 5)), z))
    applied = np.zeros((7, 1, 3))
    fields = fields_of(stack, {"a": sf.Magnet(Ms)}, field=applied)
    assert (fields.shape, fields.h.shape, fields.Q.shape) == ((7, 5), (7, 1, 1, 3), (1, 3, 1, 3))
    coupled = fields_of(stack, {"a": sf.Magnet(Ms)}, couplings=[sf.Coupling("a", "b", exchange=1)])
    assert coupled.h.shape == (5, 1, 3)


def test_contacts_move_as_one():
    magnets = {"a": sf.Magnet(Ms)}
    for b in (x, z):
        stack = Co(1e-9, m=z, name="a") | Co(2e-9, m=b, name="b") | Cu(1e-9)
        message = "ferromagnets in direct contact must move as one, got 'a' and 'b' by themselves"
        for moving in ("a", "b"):
            with pytest.raises(ValueError, match=f"{message}: make them one macrospin with group="):
                fields_of(stack, {moving: magnets["a"]})
    grouped = Co(1e-9, m=z, group="a") | Co(2e-9, m=z, group="a") | Cu(1e-9)
    assert fields_of(grouped, magnets).volume == pytest.approx(3e-9)
    beside = stack | Co(1e-9, m=x, name="c")  # held ones may touch
    assert fields_of(beside, {"c": sf.Magnet(Ms)}).names == ("c",)
    # where mu_s across m passes there is no spacer of no width
    assert fields_of(Co(1e-9, m=z, name="a") | soft(2e-9, m=x, name="b"), magnets).names == ("a",)


# --- magnets and couplings ------------------------------------------------------------------------


def test_magnet_in_tesla():
    assert sf.Magnet.from_mu0_Ms(1.0, alpha=0.02).Ms == pytest.approx(795774.7, rel=1e-7)
    assert sf.Magnet.from_mu0_Ms(1.0, alpha=0.02).alpha == 0.02


@pytest.mark.parametrize(("given", "meant"), [(1.0, "795775 A/m (1 T)"), (800, "800 kA/m")])
def test_magnetizations_in_other_units(given, meant):
    with pytest.warns(sf.UnitWarning, match=re.escape(meant)):
        sf.Magnet(given)


def test_a_stack_in_other_units():
    stack = sf.Reservoir() | Co(4.0, m=z, name="a") | Cu(5.0)
    with pytest.warns(
        sf.UnitWarning, match=r"thickness of 'a' should be .* got 4 m: 4e-9 m \(4 nm"
    ):
        fields_of(stack, {"a": good})


def test_factors_and_tensors():
    batch = np.array([(0.9, 0.06, 0.04), (0.8, 0.1, 0.1), (0.7, 0.2, 0.1)])
    one = fields_of(pillar(), {"a": sf.Magnet(Ms, demag=batch[:, :, None] * np.eye(3))})
    assert one.shape == (3,)
    np.testing.assert_allclose(one.field(np.ones((1, 3)))[:, 0], -Ms * batch, rtol=1e-15)
    nearly = np.array([(0.9, 0.01, 0), (0.01 + 1e-15, 0.06, 0), (0, 0, 0.04)])
    kept = sf.Magnet(Ms, demag=nearly).demag
    assert kept[0, 1] == kept[1, 0] == pytest.approx(0.01, rel=1e-13)
    with pytest.raises(ValueError, match="a batch of 3 is given as tensors"):
        sf.Magnet(Ms, demag=batch)


# fmt: off
ERRORS = [
    (lambda: sf.Magnet(0), ValueError,
     "Ms (saturation magnetization) of a magnet must be positive and finite, got 0"),
    (lambda: sf.Magnet("8e5"), TypeError,
     "Ms (saturation magnetization) of a magnet must be a real number or an array"),
    (lambda: sf.Magnet.from_mu0_Ms(-1.0), ValueError,
     "mu0_Ms (mu_0 times saturation magnetization) must be positive and finite, got -1"),
    (lambda: sf.Magnet(Ms, alpha=-0.1), ValueError,
     "alpha (damping) of a magnet must be zero or positive, got -0.1"),
    (lambda: sf.Magnet(Ms, K=np.nan), ValueError,
     "K (anisotropy) of a magnet must be finite, got nan"),
    (lambda: sf.Magnet(Ms, axis=(0, 0, 0)), ValueError,
     "axis (of the anisotropy) of a magnet must be a nonzero vector of finite numbers, got [0.0, "),
    (lambda: sf.Magnet(Ms, demag=(1, 0)), ValueError,
     "demag (demagnetizing factors) of a magnet must have 3 factors, along x, y and z, on its last "
     "axis, or be tensors of shape (3, 3), got shape (2,)"),
    (lambda: sf.Magnet(Ms, demag=1.0), ValueError, "got shape ()"),
    (lambda: sf.Magnet(Ms, demag=(1, 0, np.inf)), ValueError,
     "demag (demagnetizing factors) of a magnet must be finite, got inf at index 2"),
    (lambda: sf.Magnet(Ms, held="no"), TypeError,
     "held of a magnet must be True or False, got 'no'"),
    (lambda: sf.Coupling("a", "a"), ValueError,
     "a coupling must be between two magnets, got 'a' twice"),
    (lambda: sf.Coupling("a", 3), TypeError,
     "b of a coupling must be the name of a ferromagnet, got 3"),
    (lambda: sf.Coupling("a", "b", exchange=np.inf), ValueError,
     "exchange (J_1) of the coupling of 'a' and 'b' must be finite, got inf"),
    (lambda: sf.Coupling("a", "b", biquadratic="x"), TypeError,
     "biquadratic (J_2) of the coupling of 'a' and 'b' must be a real number"),
    (lambda: sf.Coupling("a", "b", dipolar=np.ones((2, 2))), ValueError,
     "dipolar (tensor) of the coupling of 'a' and 'b' must have 3 factors"),
    (lambda: fields_of("file", {"a": good}), TypeError, "stack must be a Stack, got 'file'"),
    (lambda: fields_of(pillar(), [good]), TypeError,
     "magnets must map names to a Magnet, got [Mag"),
    (lambda: fields_of(pillar(), {"a": Ms}), TypeError,
     "magnets must map names to a Magnet, got 800000.0 for 'a'"),
    (lambda: fields_of(pillar(), {}), ValueError,
     "at least one magnet must move, got none that is not held"),
    (lambda: fields_of(pillar(), {"a": sf.Magnet(Ms, held=True)}), ValueError,
     "at least one magnet must move, got none that is not held"),
    (lambda: fields_of(pillar(), {"inside": good}), ValueError,
     "'inside' must be a ferromagnet, got a normal metal"),
    (lambda: fields_of(pillar(), {"end": good}), ValueError,
     "'end' must be a magnet that turns by itself, got a layer of group 'c'"),
    (lambda: fields_of(pillar(), {"leed": good}), ValueError, "did you mean 'lead'?"),
    (lambda: fields_of(pillar(), {"lead": good}), ValueError,
     "a magnet that moves must have a thickness, got 'lead', which is a lead or has one in its "
     "group: leave it out, or give it held=True"),
    (lambda: fields_of(sf.Stack([(Co(1e-9, m=z, name="F") | Cu(2e-9)) * 2]),
                       {"F1": good, "F": good}), ValueError,
     "a magnet must be given once, got 'F1' again as 'F'"),
    (lambda: fields_of(pillar(), {"a": good}, field=x, flux_density=x), ValueError,
     "the applied field must be given once, got field=(1.0, 0.0, 0.0) and flux_density="),
    (lambda: fields_of(pillar(), {"a": good}, field=1e4), ValueError,
     "field (applied field) must have 3 components on its last axis, got shape ()"),
    (lambda: fields_of(pillar(), {"a": good}, flux_density=(0, 0, np.nan)), ValueError,
     "flux_density (mu_0 times the applied field) must be finite, got nan at index 2"),
    (lambda: fields_of(pillar(), {"a": sf.Magnet([Ms, Ms])}, field=np.zeros((3, 3))), ValueError,
     "shapes of sample, magnets, couplings and field must broadcast, got the applied field: (3,); "
     "magnet 'a': (2,)"),
    (lambda: fields_of(pillar(), {"a": good}, couplings=sf.Coupling("a", "b")), TypeError,
     "couplings must be a list of Coupling, got Coupling("),
    (lambda: fields_of(pillar(), {"a": good}, couplings=[1.0]), TypeError,
     "couplings must be a list of Coupling, got 1.0 in it"),
    (lambda: fields_of(pillar(), {"a": good}, couplings=[sf.Coupling("a", "bb")]), ValueError,
     "coupling of 'a' and 'bb': name must be that of a layer, lead or group of layers"),
    (lambda: fields_of(pillar(), {"a": good}, couplings=[sf.Coupling("b", "c")]), ValueError,
     "at least one of the magnets of a coupling must move, got 'b' and 'c', which are held"),
    (lambda: fields_of(pillar(), {"a": good}, couplings=[sf.Coupling("a", "b", dipolar=N)]),
     ValueError, "Ms of 'b' must be given for the dipolar coupling of 'a' and 'b': "
     "magnets={..., 'b': Magnet(Ms, held=True)}"),
    (lambda: fields_of(pillar(), {"a": good, "lead": sf.Magnet(Ms, held=True)},
                       couplings=[sf.Coupling("lead", "a", dipolar=N)]), ValueError,
     "the first magnet of a dipolar coupling must have a thickness, got 'lead', which is a lead or "
     "has one in its group: Coupling('a', 'lead', dipolar=...)"),
    (lambda: fields_of(pillar(), {"a": good}).field(np.zeros(3)), ValueError,
     "m must have shape (..., 1, 3), the magnetizations of a, got shape (3,)"),
]
# fmt: on


@pytest.mark.parametrize(("wrong", "kind", "message"), ERRORS)
def test_errors(wrong, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        wrong()
