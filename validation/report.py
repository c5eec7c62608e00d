"""The table of all comparisons as text."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from . import boris, formulas, published
from .rows import HEADS, Row

README = Path(__file__).with_name("README.md")
PARTS: tuple[ModuleType, ...] = (boris, published, formulas)
HEAD = """# Validation

What others have published of the diffusive model, beside what spinfem computes for the same sample.
`python -m validation` in a clone computes it and writes this file; the tests check every row, and
that the file is up to date. Differences are relative to the largest of their values unless a row
says otherwise. What is allowed is stated, and why: it is the error of reading a figure or of a
printed number, of a sample that is not one-dimensional, or of roundings."""

CONVENTIONS = """## Conventions

| elsewhere | in spinfem |
| --- | --- |
| Valet and Fert: ρ↑,↓ = 2ρ*(1 ∓ β) | `from_valet_fert(rho_star, beta=, l=)`: D = 1/ρ*, p = β |
| AR↑,↓ = 2AR*(1 ∓ γ); tables have 2AR* | `Interface(2AR*/2, gamma=)`; what is measured of one interface is AR*(1 − γ²) |
| G↑, G↓ per spin, S/m² | AR* = (G↑ + G↓)/(4 G↑ G↓), γ = (G↑ − G↓)/(G↑ + G↓) |
| G_mix normalized as G↑, G↓; η = 2G_mix/(G↑ + G↓) | `mixing=G_mix`, no factor of 2; g in nm⁻² times e²/h, 3.874 × 10¹³ S/m² |
| Δμ of Valet and Fert, μ± = μ0 ± Δμ; V_s = (D_e/σ)(e/μ_B) S of Boris | μs = 2Δμ = 2V_s |
| a layer in series with a mixing conductance | 1/G_eff = 1/G_r + 2ρd |
| ε of OOMMF and mumax3; η of Boris | g/2; g |
| P, β_D, l_sf of Boris; β, β′, λ_sf of magnum.fe | `from_drift_diffusion`: D = σ(1 − P β_D), l = l_sf √(1 − P β_D), p = P, beta_D = β_D |
| superconducting lead with AR_SF | `Reservoir() \\| Interface(AR_SF) \\| F` |
| infinite periodic multilayer | its half cell between mirror planes: `Reservoir \\| F(t/2) \\| Interface \\| N(t/2) \\| end`, `Reservoir` for P, `SpinBlocking` for AP |
| reservoir and node of circuit theory | `Ferromagnet` and `NormalMetal` that conduct very well, as in `validation/formulas.py` |"""  # noqa: E501


def all_rows() -> list[Row]:
    """Return the comparisons of all parts."""
    return [row for part in PARTS for row in part.rows()]


def report() -> str:
    """Return the text of the README."""
    parts = [HEAD]
    for part in PARTS:
        parts += [f"## {part.TITLE}", (part.__doc__ or "").strip(), table(part.rows())]
    return "\n\n".join([*parts, CONVENTIONS]) + "\n"


def line(row: Row) -> str:
    """Write a row of the table; what divides columns is escaped in its cells."""
    cells = (cell.replace("|", "\\|") for cell in row.cells)
    return f"| {' | '.join(cells)} |"


def table(rows: list[Row]) -> str:
    """Return a Markdown table."""
    heads = [f"| {' | '.join(cells)} |" for cells in (HEADS, ("---",) * len(HEADS))]
    return "\n".join([*heads, *map(line, rows)])
