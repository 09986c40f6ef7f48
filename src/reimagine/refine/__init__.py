"""Removing flicker from a sequence of pictures."""
