"""The version of the way from photos to a person."""

METHOD = 1
"""Raise it whenever the same photos make another person: those that were remembered by another version are made anew.
`python -m tools.person_method` then notes which files it stands for."""
