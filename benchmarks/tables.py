"""Tables in Markdown, aligned to be read as they are."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is aligned left, the others right."""
    lines = [list(header), *map(list, rows)]
    widths = [max(3, *(len(line[i]) for line in lines)) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [cells[0].ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * widths[0], *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    return "\n".join([line(header), line(rule), *map(line, rows)])


def duration(seconds: float) -> str:
    """Write a time with two or three digits."""
    if seconds < 0.9995e-3:
        return f"{_digits(seconds * 1e6)} us"
    if seconds < 0.9995:
        return f"{_digits(seconds * 1e3)} ms"
    if seconds < 600:
        return f"{_digits(seconds)} s"
    return f"{_digits(seconds / 60)} min"


def ratio(value: float) -> str:
    """Write a ratio."""
    return f"{_digits(value)} x"


def error(value: float) -> str:
    """Write a relative error."""
    return f"{value:.1e}"


def _digits(value: float) -> str:
    """Write two or three digits, trailing zeros too."""
    if value >= 99.5:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 9.95 else f"{value:#.2g}"
