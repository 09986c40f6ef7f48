from dataclasses import replace
from pathlib import Path

import pytest
import torch
from scipy.spatial.transform import Rotation

from reimagine.body.library import BUILT_IN_MOTIONS, built_in_motion
from reimagine.body.model import joint_positions, pose_body
from reimagine.body.readers.read import read_motion
from reimagine.body.write import write_motion
from reimagine.errors import InputError
from reimagine.records import Body, Motion


def wild(frames: int = 9) -> Motion:
    """Every joint turned every way."""
    numbers = torch.Generator().manual_seed(4)
    return Motion(
        poses=torch.rand(frames, 55, 3, generator=numbers) * 2 - 1,
        transl=torch.rand(frames, 3, generator=numbers) * 4,
        fps=29.97,
        betas=torch.rand(10, generator=numbers),
        notes=("one", "two"),
    )


def test_our_own_file_keeps_everything(tmp_path: Path):
    motion = replace(wild(), turns_about="origin", up="unknown", name="kept")
    write_motion(motion, tmp_path / "kept.npz")
    again = read_motion(tmp_path / "kept.npz")
    assert torch.equal(again.poses, motion.poses)
    assert torch.equal(again.transl, motion.transl)
    assert torch.equal(again.betas, motion.betas)
    for word in ("fps", "turns_about", "up", "name", "source", "notes"):
        assert getattr(again, word) == getattr(motion, word)


@pytest.mark.parametrize("name", ["m_stageii.npz", "m.bvh"])
@pytest.mark.parametrize("origin", [False, True])
def test_other_forms_keep_where_every_joint_is(
    tmp_path: Path, name: str, origin: bool, plain_body: Body
):
    motion = replace(wild(), turns_about="origin" if origin else "pelvis")
    write_motion(motion, tmp_path / name)
    again = read_motion(tmp_path / name)
    assert again.fps == pytest.approx(motion.fps, rel=1e-6)
    assert again.turns_about == "pelvis"
    at = joint_positions(plain_body, pose_body(plain_body, again))
    assert torch.allclose(at, joint_positions(plain_body, pose_body(plain_body, motion)), atol=1e-5)


def test_amass_files_are_z_up(tmp_path: Path):
    motion = built_in_motion("apose", 2, 24.0)
    write_motion(motion, tmp_path / "a.npz", amass=True)
    again = read_motion(tmp_path / "a.npz")
    assert again.source == "AMASS SMPL-X (stageii)"
    import numpy as np

    with np.load(tmp_path / "a.npz") as arrays:
        spine_up = Rotation.from_rotvec(arrays["root_orient"][0]).apply([0.0, 1.0, 0.0])
        assert arrays["trans"].shape == (2, 3)
    assert spine_up[2] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("name", BUILT_IN_MOTIONS)
def test_built_in_motions_survive_bvh(tmp_path: Path, name: str):
    motion = built_in_motion(name, 10, 24.0)
    write_motion(motion, tmp_path / "m.bvh")
    again = read_motion(tmp_path / "m.bvh")
    assert torch.allclose(again.transl, motion.transl, atol=1e-4)
    between = Rotation.from_rotvec(again.poses.reshape(-1, 3).numpy()).inv() * Rotation.from_rotvec(
        motion.poses.reshape(-1, 3).numpy()
    )
    assert between.magnitude().max() < 1e-4


def test_an_ending_that_we_do_not_write_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"cannot write a motion as 'm.fbx'"):
        write_motion(wild(), tmp_path / "m.fbx")
    with pytest.raises(InputError, match=r"does not exist"):
        write_motion(wild(), tmp_path / "none" / "m.npz")
