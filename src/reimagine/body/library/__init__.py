"""Motions that ship with the program: made by formula, so they last as long as wanted and loop without a seam."""

from reimagine.body.library.built_in import BUILT_IN_MOTIONS, built_in_motion

__all__ = ["BUILT_IN_MOTIONS", "built_in_motion"]
