"""Arithmetic without physics: chains of two-ports and loads, as it stands and compiled."""
