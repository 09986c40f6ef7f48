"""Painting one picture per frame."""
