"""Response in time: currents that vary faster than spins relax."""
