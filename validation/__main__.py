"""Compute all comparisons, write the table, and say which row does not hold."""

import sys

from .report import README, all_rows, report

README.write_text(report(), encoding="utf-8")
wrong = [row.what for row in all_rows() if not row.holds]
print(f"{README}: " + ("\n".join(["does not hold:", *wrong]) if wrong else "every row holds"))
sys.exit(bool(wrong))
