"""What magnetizations do: magnets, the fields on them, and how they move."""
