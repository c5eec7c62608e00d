"""What is printed: tables to read, numbers in the units that people use."""
