"""The sample: metals, layers, interfaces, the stack they make, and sourced numbers for them."""
