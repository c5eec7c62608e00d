"""Numbers of a solved stack, their derivatives and their bounds."""
