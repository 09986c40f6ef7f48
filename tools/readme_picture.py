"""The README's picture, from a run of `make demo`: python tools/readme_picture.py runs/demo."""

import sys
from pathlib import Path

from reimagine.pictures import read_picture, write_picture
from reimagine.video import contact_sheet, sheet_frames

run = Path(sys.argv[1])
frames = len(list((run / "refined").glob("*.png")))
# The clip closes on itself: six views, a sixth of the way round apart.
chosen = [frame * frames // 6 for frame in sheet_frames(6)]
sheet = contact_sheet([read_picture(run / f"refined/{frame:06d}.png") for frame in chosen])
write_picture("docs/images/walk.png", sheet)
