"""Finite elements of one layer: forms, meshes, its two-port, the fields inside."""
