"""Versions of all that computes, by which stored results are known."""

from __future__ import annotations

import functools
import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .._version import __version__

ARITHMETIC = ("numpy", "scipy", "scikit-fem", "numba")
"""Packages that compute."""


@functools.cache
def versions() -> dict[str, str]:
    """Return versions of what computes, and a digest of the text of spinfem itself."""
    package = Path(__file__).parents[1]
    text = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        text.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    found = {"spinfem": __version__, "text of spinfem": text.hexdigest()}
    for name in ARITHMETIC:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found
