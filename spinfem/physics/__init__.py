"""Formulas by themselves: arrays in, arrays out."""
