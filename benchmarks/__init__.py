"""Figures in docs/benchmarks.md, each from a command here."""
