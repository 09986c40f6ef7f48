"""Bodies, motions, and the reading and writing of both."""
