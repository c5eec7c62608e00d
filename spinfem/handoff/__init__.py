"""Torques for micromagnetic codes."""
