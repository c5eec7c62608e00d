"""Benchmarks of spinfem against what else a user would pick; see `benchmarks.__main__`."""
