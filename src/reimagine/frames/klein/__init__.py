"""FLUX.2 klein 4B, whose licence (Apache-2.0) allows any use, shown the normal map as a second reference."""
