"""Devices in one, two and three dimensions."""
