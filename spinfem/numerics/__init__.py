"""Arithmetic without physics: chains of conductances, in numpy and compiled."""
