"""The stages by hand: one body, one pose, one camera, and the point of each pixel in another view.

Usage: python examples/03_stages.py [FOLDER]
"""

import sys
from pathlib import Path

from reimagine.body.anny import DEFAULT_PHENOTYPE, anny_body
from reimagine.body.library import built_in_motion
from reimagine.body.model import pose_body, pose_skin
from reimagine.cameras.path import make_camera
from reimagine.pictures import write_picture
from reimagine.render.conditions import make_conditions, normals_picture
from reimagine.render.flow import mesh_flow
from reimagine.render.view import view_mesh
from reimagine.settings import View

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/example_stages")
folder.mkdir(parents=True, exist_ok=True)

body = anny_body(DEFAULT_PHENOTYPE, height_m=1.75)
pose = pose_body(body, built_in_motion("dance", frames=2, fps=4))
verts = pose_skin(body.skin, pose)
camera = make_camera("arc", View(arc_deg=20), verts, width=192, height=320)

conditions = make_conditions(body, pose, camera, heading_rad=0.0)
write_picture(folder / "normals.png", normals_picture(conditions)[0])

flow = mesh_flow(view_mesh(verts, body.skin.faces, camera), 0, 1)
seen = int(flow.visible.sum())
print(f"{seen} pixels of frame 0 show points that frame 1 shows too; see {folder}/normals.png")
