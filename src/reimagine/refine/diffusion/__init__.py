"""Temporal refinement with a frozen video model, after the second stage of ReImagine (arXiv 2604.19720, section 3.3).

The frames are encoded, partly noised, and denoised by a text-to-video model that nobody trained for this; what they
looked like is blended in at every step. `model.py` says what a video model is; nothing here knows one by name.
"""
