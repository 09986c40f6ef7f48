"""The lines that docs/formats.md prints for other people's pickles do what they say."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from reimagine.body.library import built_in_motion
from reimagine.body.readers.read import read_motion
from reimagine.errors import InputError

FRAMES = 20
WALK = built_in_motion("walk", FRAMES, 30.0)
SMPL_PELVIS = np.array([-0.0018, -0.2233, 0.0282])


def listing(after: str) -> str:
    """The first Python listing after these words."""
    docs = Path(__file__).parents[3] / "docs" / "formats.md"
    return (
        docs.read_text(encoding="utf-8")
        .partition(after)[2]
        .partition("```python\n")[2]
        .partition("```")[0]
    )


def tram(folder: Path) -> None:
    """The walk as a moving camera sees it: camera.npy for 3 frames more, hps/hps_track_0.npy from frame 3 on."""
    count = FRAMES + 3
    steps = np.linspace(0, 1, count)
    sway = Rotation.from_euler("yx", np.stack([30 * steps, 10 * steps], 1), degrees=True)
    world_from_camera = sway * Rotation.from_euler("x", 180, degrees=True)
    place = np.outer(steps, [0.5, 0.1, 2.0]) + np.array([0, 1.5, 4])
    own = {"world_cam_R": world_from_camera.as_matrix(), "world_cam_T": place}
    np.save(folder / "camera.npy", np.array(own, dtype=object), allow_pickle=True)
    seen = world_from_camera[3:].inv()
    local = np.zeros((FRAMES, 24, 3, 3))
    for joint in range(22):
        local[:, joint] = Rotation.from_rotvec(WALK.poses[:, joint].numpy()).as_matrix()
    local[:, 22:] = np.eye(3)
    local[:, 0] = seen.as_matrix() @ local[:, 0]
    pelvis = WALK.transl.numpy() + SMPL_PELVIS
    person = {
        "pred_rotmat": torch.from_numpy(local).float(),
        "pred_trans": torch.from_numpy(seen.apply(pelvis - place[3:]) - SMPL_PELVIS).float()[
            :, None
        ],
        "frame": torch.arange(3, count),
    }
    (folder / "hps").mkdir()
    np.save(folder / "hps" / "hps_track_0.npy", np.array(person, dtype=object), allow_pickle=True)


def test_tram_s_lines_bring_the_person_into_the_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tram(tmp_path)
    monkeypatch.chdir(tmp_path)
    exec(listing("TRAM's results are pickles"), {})
    motion = read_motion(tmp_path / "motion.npz")
    turned = Rotation.from_rotvec(motion.poses[:, :22].reshape(-1, 3).numpy())
    true = Rotation.from_rotvec(WALK.poses[:, :22].reshape(-1, 3).numpy())
    assert np.degrees((turned.inv() * true).magnitude()).max() < 0.1
    went, goes = (one - one[0] for one in (motion.transl.numpy(), WALK.transl.numpy()))
    assert np.abs(went - goes).max() < 1e-3
    assert (motion.up, motion.fps) == ("y", 30.0)


def test_tram_s_own_file_is_refused_with_the_way_out(tmp_path: Path):
    tram(tmp_path)
    with pytest.raises(
        InputError, match=r"hps_track_0.npy is a .npy file.*TRAM's lines in docs/formats.md"
    ) as refused:
        read_motion(tmp_path / "hps" / "hps_track_0.npy")
    assert "\n" not in str(refused.value)
