"""Hodographs folded into one plane: isometric on every sheet, true where the stack is coplanar."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import has_sink, stacks

import spinfem as sf

F = sf.Ferromagnet(D=2.0, l=1.0, p=0.5)
N = sf.NormalMetal(D=8.0, l=1.0)


def magnets(stack):
    return [k for k, e in enumerate(stack.elements) if getattr(e, "m", None) is not None]


def gram(curve):
    """Products of all points of a curve: what an isometry that fixes the origin keeps."""
    return curve @ curve.T


@pytest.mark.long
@settings(max_examples=200)
@given(stacks().filter(has_sink))
def test_every_sheet_is_laid_down_without_a_stretch(stack):
    solution = sf.solve(stack)
    folded = sf.Analogy(solution).fold()
    m = np.array([stack.elements[k].m for k in magnets(stack)])
    assert len(folded.names) == len(m) == len(folded.rods) == len(folded.angles)
    # neighbouring rods keep their angle
    for (a, b), (flat_a, flat_b) in zip(itertools.pairwise(m), itertools.pairwise(folded.rods)):
        assert flat_a @ flat_b == pytest.approx(a @ b, abs=1e-13)
    radians = np.radians(folded.angles)
    expected = np.stack([np.sin(radians), np.cos(radians)], 1)
    np.testing.assert_allclose(folded.rods, expected, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(folded.rods[0], [0.0, 1.0])
    for what, curves in (("spin_potential", folded.potential), ("spin_current", folded.current)):
        every = [getattr(layer, what)[::7] for layer in solution.layers]
        size = max(np.abs(true).max() for true in every) ** 2
        for true, curve in zip(every, curves):
            np.testing.assert_allclose(gram(curve[::7]), gram(true), rtol=0, atol=1e-12 * size)
    # both sides of a face, and the jump between them, lie in one sheet
    left = np.array([face.spin_current_left for face in solution.interfaces])
    right = np.array([face.spin_current_right for face in solution.interfaces])
    driven = np.abs(solution.transport.elements.p).max()
    size = max(np.abs(left).max(), np.abs(right).max(), driven) or 1.0
    flat = folded.current_left - folded.current_right
    jump = np.linalg.norm(left - right, axis=1)
    np.testing.assert_allclose(np.linalg.norm(flat, axis=1), jump, rtol=0, atol=1e-12 * size)
    # what is folded meets at the faces
    for i, curve in enumerate(folded.current):
        np.testing.assert_allclose(curve[0], folded.current_right[i], atol=1e-12 * size)
        np.testing.assert_allclose(curve[-1], folded.current_left[i + 1], atol=1e-12 * size)
    potential = max(np.abs(curve).max() for curve in folded.potential) or 1.0
    for a, b in itertools.pairwise(folded.potential):
        np.testing.assert_allclose(a[-1], b[0], rtol=0, atol=1e-12 * potential)


@pytest.mark.parametrize("angles", [(0, 60), (0, 60, 130), (0, 60, -20), (10, 100, 200, 30)])
def test_a_coplanar_stack_keeps_its_picture(angles):
    """In the xz plane with the first m along z: x to the right, z up."""
    pieces = [sf.Lead(N)]
    for angle in angles:
        pieces += [F(0.5, m=sf.direction(angle - angles[0])), N(0.3)]
    solution = sf.solve(sf.Stack([*pieces[:-1], sf.Lead(N)]))
    folded = sf.Analogy(solution).fold()
    for layer, mu, j in zip(solution.layers, folded.potential, folded.current):
        np.testing.assert_allclose(mu, layer.spin_potential[:, [0, 2]], atol=1e-14)
        np.testing.assert_allclose(j, layer.spin_current[:, [0, 2]], atol=1e-14)
        assert np.abs(layer.spin_potential[:, 1]).max() == 0.0
    turned = np.cos(np.radians(folded.angles - np.subtract(angles, angles[0])))
    np.testing.assert_allclose(turned, 1.0, atol=1e-13)


@pytest.mark.parametrize("along", [-2.0, -0.2, 0.2, 2.0])
def test_sheets_fold_on_or_back(along):
    """A sheet folded out by more than a right angle turns on, else back."""
    x, y, z = np.eye(3)
    third = y + along * z
    stack = F(1, m=z) | N(1) | F(1, m=x) | N(1) | F(1, m=third / np.linalg.norm(third))
    folded = sf.Analogy(sf.solve(stack)).fold()
    assert folded.angles == pytest.approx([0, 90, 180 if along < 0 else 0])


def test_names_of_leads_and_errors():
    stack = sf.Lead(F, m=(0, 0, 1)) | N(1.0) | F(1.0, m=(1, 0, 0), name="free")
    assert sf.Analogy(sf.solve(stack)).fold().names == ("left lead", "free")
    metals = sf.Lead(N) | N(1.0)
    with pytest.raises(ValueError, match="folding needs a ferromagnet"):
        sf.Analogy(sf.solve(metals)).fold()
