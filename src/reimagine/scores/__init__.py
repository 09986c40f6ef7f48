"""Measures of steadiness, control and fidelity."""
