"""Steadying a sequence of pictures."""
