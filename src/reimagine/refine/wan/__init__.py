"""Wan, a family of text-to-video models (github.com/Wan-Video), through diffusers."""
