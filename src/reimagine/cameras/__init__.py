"""Camera paths, and what a camera sees of a surface."""
