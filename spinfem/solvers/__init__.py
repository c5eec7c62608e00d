"""Ways to the currents and potentials at the faces of a stack, per unit current."""
