"""Magnetizations that move: torques as functions of their directions, and all that follows."""
