"""Refiners, one file a model."""
