"""What magnetizations do: torques as functions of their directions, and all that follows."""
