"""Many solutions together: sweeps, fits, convergence, comparisons."""
