"""FLUX.1 Kontext steered by normal maps: the paper's image stage."""
