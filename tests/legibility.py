"""Whether what is written in a figure can be read: nothing overlaps, nothing is cut off."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.path import Path
from matplotlib.text import Text


def drawn_texts(figure):
    """Every text that is drawn, as the corners of its (slanted) box, in pixels."""
    found = []
    draw = Text.draw

    def record(text, renderer, *args, **kwargs):
        if text.get_visible() and text.get_text().strip():
            found.append((text.get_text(), box(text, renderer)))
        return draw(text, renderer, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", record)
        FigureCanvasAgg(figure).draw()
    return found


def box(text, renderer):
    angle = text.get_rotation()
    extent = Text.get_window_extent(text, renderer)
    text.set_rotation(0)
    level = Text.get_window_extent(text, renderer)
    text.set_rotation(angle)
    x, y = level.width / 2 - 0.5, level.height / 2 - 0.5  # may touch
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    corners = np.array([[-x, -y], [x, -y], [x, y], [-x, y], [-x, -y]])
    centre = np.array([extent.x0 + extent.x1, extent.y0 + extent.y1]) / 2
    return corners @ np.array([[cos, sin], [-sin, cos]]) + centre


def check_legible(figure):
    texts = drawn_texts(figure)
    for (a, corners_a), (b, corners_b) in itertools.combinations(texts, 2):
        overlap = Path(corners_a).intersects_path(Path(corners_b), filled=True)
        assert not overlap, f"{a!r} and {b!r} overlap"
    for text, corners in texts:
        inside = (corners >= 0).all() and (corners <= figure.bbox.size).all()
        assert inside, f"{text!r} is cut off"
    return [text for text, _ in texts]
