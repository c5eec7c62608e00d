"""Devices in two and three dimensions: their meshes, what their regions are made of, solutions."""
