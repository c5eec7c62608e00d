"""What commands have in common: pictures that they write, and printing."""

from __future__ import annotations

import sys

from .._checks import visible

PICTURES = (".png", ".svg", ".pdf")
"""Endings of pictures."""


def say(text: str) -> None:
    """Print a text, with escapes for what the terminal cannot show, or would obey."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"  # stdout is None where closed
    lines = "\n".join(map(visible, text.split("\n")))
    print(lines.encode(encoding, "backslashreplace").decode(encoding))
