"""Normal maps of a motion, with no person at all: what many image models are steered by.

Usage: python examples/01_normals.py [FOLDER]
"""

import sys

from reimagine import Clip, NormalsRequest, View, make_normals

folder = sys.argv[1] if len(sys.argv) > 1 else "runs/example_normals"
clip = Clip(motion="wave", camera="arc", view=View(arc_deg=60), frames=8, size="192x320")
result = make_normals(NormalsRequest(clip=clip, out=folder))
print(f"{result.frames} normal maps are in {result.folder}/conditions/normals")
