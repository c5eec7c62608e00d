"""What micromagnetic codes make of an exported torque: their formulas, written again.

Every formula is that of the code's own source, named with its file, lines and version. All are
``(M_s t/gamma) dm/dt``, J/m2, from the numbers in the exported text alone.
"""

import re
import sys
from types import ModuleType
from unittest.mock import patch

import matplotlib as mpl
import numpy as np
import pytest
import scipy.constants

HBAR_E, MU_0 = scipy.constants.hbar / scipy.constants.e, scipy.constants.mu_0
MS = 8e5
"""Saturation magnetization, A/m: no torque in J/m2 depends on it."""


# --- what the codes do ------------------------------------------------------------------------


def both_parts(size, m, p, field_size):
    """``size m x (p x m) + field_size p x m``."""
    across = np.cross(p, m)
    return np.asarray(size)[..., None] * np.cross(m, across) + field_size * across


def one_lambda(P, Lambda, c):
    return P * Lambda**2 / ((Lambda**2 + 1) + (Lambda**2 - 1) * c)


def oommf_torque(
    m, t, *, P_fixed, P_free, Lambda_fixed, Lambda_free, mp, J, eps_prime=0.0, J_direction="-z"
):
    """OOMMF 2.1a0 (fangohr/oommf 8880fff), oommf/app/oxs/local/spinxferevolve.cc.

    Lines 408-434: beta, with the thickness of a cell; 436-455: Lambda is not below 1, and
    Lambda_free not 1 below Lambda_fixed; 457-487: q+-, A and B; 895-949: dm/dt = |gamma| beta
    epsilon m x (mp x m) - |gamma| beta eps_prime m x mp, which is coef1 at alpha = 0. In
    oommf/doc/userguide/oxs-body.tex, lines 3296-3313 and 3439: the equation, and that positive J
    turns m towards mp. Lines 408-414 of the source: t is the edge of a cell along J_direction.
    """
    assert Lambda_fixed >= 1
    assert Lambda_free > 1 or Lambda_fixed == Lambda_free == 1
    F, R = Lambda_fixed**2, Lambda_free**2
    ratio = np.sqrt((F - 1) / (R - 1)) if R > 1 else 1.0
    fixed = 0.5 * F * np.sqrt((R + 1) / (F + 1)) * P_fixed
    free = 0.5 * R * ratio * P_free
    A, B = np.sqrt((F + 1) * (R + 1)), np.sqrt((F - 1) * (R - 1))
    Bdot = B * (m @ mp)
    beta = HBAR_E / MU_0 * J / t / MS
    epsilon = (fixed + free) / (A + Bdot) + (fixed - free) / (A - Bdot)
    size = MU_0 * MS * t * beta  # its |gamma| is mu_0 gamma
    return both_parts(size * epsilon, m, mp, size * eps_prime)


def mumax3_torque(
    m, *, Pol, Lambda, EpsilonPrime, FreeLayerThickness, FixedLayer, FixedLayerPosition, J
):
    """mumax3 3.11.1 (mumax/3 a0c5126), cuda/slonczewski2.cu, lines 38-64, at alpha = 0.

    J is its z component (cuda/slonczewski.go, line 18); the position of the fixed layer, 1 or -1
    (engine/torque.go, lines 135-137), multiplies the thickness (line 42). dm/dt is gamma times the
    torque in T.
    """
    thickness = FreeLayerThickness
    thickness *= {"FIXEDLAYER_TOP": 1.0, "FIXEDLAYER_BOTTOM": -1.0}[FixedLayerPosition]
    beta = HBAR_E * (J[2] / (thickness * MS))
    epsilon = one_lambda(Pol, Lambda, m @ FixedLayer)
    size = MS * FreeLayerThickness * beta
    return both_parts(size * epsilon, m, FixedLayer, size * EpsilonPrime)


def mumaxplus_torque(
    m,
    *,
    pol,
    Lambda,
    epsilon_prime,
    free_layer_thickness,
    fixed_layer,
    fixed_layer_on_top,
    jz,
):
    """mumax+ 1.2.0 (mumax/plus c41dd27), src/physics/stt.cu, lines 128-156, at alpha = 0."""
    d = free_layer_thickness if fixed_layer_on_top else -free_layer_thickness
    B = HBAR_E * jz / (MS * d)
    epsilon = one_lambda(pol, Lambda, m @ fixed_layer)
    size = MS * free_layer_thickness * B
    return both_parts(size * epsilon, m, fixed_layer, size * epsilon_prime)


def ubermag_torque(m, t, *, J, mp, P, Lambda, eps_prime):
    """micromagneticmodel 0.65.0, micromagneticmodel/dynamics/slonczewski.py, lines 30-48.

    With oommfc (e2d45b8), oommfc/scripts/driver.py, lines 153-163, it is OOMMF's evolver with one P
    and one Lambda, and eps_prime as it is; oommfc/evolvers/spinxferevolver.py allows no
    J_direction, so that t is the edge of a cell along z.
    """
    both = {"P_fixed": P, "P_free": P, "Lambda_fixed": Lambda, "Lambda_free": Lambda}
    return oommf_torque(m, t, mp=mp, J=J, eps_prime=eps_prime, **both)


def magnumnp_torque(m, *, P, Lambda, mp, J, d):
    """magnum.np (gitlab.com/magnum.np, of 2023), magnumnp/field_terms/spintorque.py, lines 106-120.

    A field h, A/m: dm/dt = -gamma_0 m x h, gamma_0 = mu_0 gamma.
    """
    epsilon = one_lambda(P, Lambda, m @ mp)
    h = epsilon[:, None] * np.cross(m, mp) * HBAR_E * J / (MU_0 * MS * d)
    return -MU_0 * MS * d * np.cross(m, h)


def cmtj_torque(m, *, slonczewski_parameter, spin_polarisation, reference, current, thickness):
    """cmtj 1.10.0 (LemurPwned/cmtj 5bb3d78), core/junction.hpp, lines 748-767, no damping.

    Its M_s is in T, its gyromagnetic ratio mu_0 gamma.
    """
    a_J = HBAR_E * current / (MU_0 * MS * thickness)
    eta = one_lambda(spin_polarisation, slonczewski_parameter, m @ reference)
    double = np.cross(m, np.cross(m, reference))
    return MU_0 * MS * thickness * (-a_J * eta)[:, None] * double


# --- reading the texts ------------------------------------------------------------------------


def numbers(text):
    found = [float(x) for x in re.findall(r"-?\d[\d.]*(?:e[+-]?\d+)?", text)]
    return np.array(found) if len(found) > 1 else found[0]


def read_oommf(text, name="evolve"):
    pattern = rf"^Specify Oxs_SpinXferEvolve:{name} {{\n(.*?)^}}$"
    (block,) = re.findall(pattern, text, re.M | re.S)
    pairs = [line.split(None, 1) for line in block.splitlines()]
    return {key: value if key == "J_direction" else numbers(value) for key, value in pairs}


def code(text, comment):
    """Lines without comments, which are short, and without empty lines."""
    lines = text.splitlines()
    assert max(len(line) for line in lines if line.startswith(comment)) <= 88
    return [line for line in lines if line and not line.startswith(comment)]


def read_mumax3(text):
    lines = [line.split(" // ")[0].split(" = ") for line in code(text, "//")]
    found = {key: value if value[-1].isalpha() else numbers(value) for key, value in lines}
    assert found.pop("DisableZhangLiTorque") == "true"
    return found


def imported(package):
    """One of ubermag's packages, whose import would change the style of all figures."""
    with mpl.rc_context():
        return pytest.importorskip(package)


def run_ubermag(text, name="slonczewski", **given):
    """Return the object that the code makes."""
    names = dict(given)
    exec(compile(text, "slonczewski.py", "exec"), names)
    return names[name]


def read_ubermag(text, name="slonczewski", **given):
    """Return what the object is made with, from a stand-in: ubermag brings 116 packages."""
    standin = ModuleType("micromagneticmodel")
    standin.Slonczewski = dict
    with patch.dict(sys.modules, micromagneticmodel=standin):
        found = run_ubermag(text, name, **given)
    return {**found, "mp": np.array(found["mp"])}


def field_of(text, m):
    """Run a mumax3 script with its quantities (engine/customfield.go, lines 107-358) in numpy."""
    terms = []
    names = {
        "m": m,
        "Msat": np.array([MS]),
        "Const": lambda x: np.array([float(x)]),
        "ConstVector": lambda x, y, z: np.array([x, y, z]),
        "Dot": lambda a, b: (a * b).sum(axis=-1, keepdims=True),
        "Cross": np.cross,
        "Add": np.add,
        "Mul": np.multiply,
        "Div": np.divide,
        "AddFieldTerm": terms.append,
    }
    for line in code(text, "//"):
        exec(line.replace(":=", "="), names)
    return sum(terms)
