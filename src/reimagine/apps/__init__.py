"""Doors of the program: the command line."""
