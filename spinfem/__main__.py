"""``python -m spinfem``: the command line."""

from .cli import main

main()
