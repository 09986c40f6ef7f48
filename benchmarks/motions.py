"""Angles between the limbs of BVH files and ours: `python -m benchmarks.motions [FILE.bvh ...]`.

The file's limbs come from forward kinematics written for the tests from the format alone; names must be Mixamo's. Without
files, the small cases of the tests are measured.
"""

import sys
from pathlib import Path

import numpy as np
from tests.body.readers.test_bvh_cases import CASES, LIMBS, kinematics, limb_errors

from reimagine.body.anny import DEFAULT_PHENOTYPE, anny_body
from reimagine.body.readers.read import read_motion

NAMED = ("reference", "along_bone", "along_bone_legs_turned", "lying")


def main(files: list[Path]) -> None:
    """Print a table: the median and the worst angle of every limb, degrees, left and right together."""
    body = anny_body(DEFAULT_PHENOTYPE)
    limbs = [f"{joint} to {end.removeprefix('Left')}" for joint, (_, end) in LIMBS.items()]
    print("| file |", " | ".join(limbs), "|\n" + "|---" * (len(limbs) + 1) + "|")
    for path in files or [CASES / f"{name}.bvh" for name in NAMED]:
        errors = limb_errors(read_motion(path), kinematics(path.read_text()), body)
        both = errors.reshape(2, len(limbs), -1).swapaxes(0, 1).reshape(len(limbs), -1)
        cells = [f"{np.median(limb):.1f}, {limb.max():.1f}" for limb in both]
        print(f"| {path.name} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
