"""The camera that comes with a motion out of a video shows the person where the video did."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from reimagine.body.library import built_in_motion
from reimagine.body.model import joint_positions, pose_body
from reimagine.cameras.project import project
from reimagine.cameras.read import read_camera
from reimagine.errors import InputError
from reimagine.records import MEAN_PELVIS, Body
from reimagine.request import Clip
from reimagine.scene import find_motion, make_scene

FRAMES = 13
WALK = built_in_motion("walk", FRAMES, 30.0)
K = np.array([[1100.0, 0, 360], [0, 1100, 640], [0, 0, 1]])
PELVIS = np.array(MEAN_PELVIS)


def filmed() -> tuple[Rotation, np.ndarray]:
    """camera_from_world of a hand-held camera: x right, y down, z ahead."""
    steps = np.linspace(0, 1, FRAMES)
    sway = Rotation.from_euler("yxz", np.stack([20 * steps, 5 * steps, 3 * steps], 1), degrees=True)
    return sway * Rotation.from_euler("x", 180, degrees=True), np.array(
        [[0.1, 0.8, 4.0]]
    ) + np.outer(steps, [0.2, 0, 1])


def seen_by_the_camera() -> tuple[torch.Tensor, torch.Tensor]:
    """The walk's global orientation and translation in the camera's axes."""
    turn, t = filmed()
    orient = turn * Rotation.from_rotvec(WALK.poses[:, 0].numpy())
    place = turn.apply(WALK.transl.numpy() + PELVIS) + t - PELVIS
    return torch.from_numpy(orient.as_rotvec()).float(), torch.from_numpy(place).float()


def results(
    path: Path, groups: tuple[str, str] = ("smpl_params_global", "smpl_params_incam")
) -> Path:
    """hmr4d_results.pt of the walk."""
    body = {"body_pose": WALK.poses[:, 1:22].reshape(FRAMES, 63), "betas": torch.zeros(FRAMES, 10)}
    orient, place = seen_by_the_camera()
    held = {
        groups[0]: body | {"global_orient": WALK.poses[:, 0], "transl": WALK.transl},
        groups[1]: body | {"global_orient": orient, "transl": place},
        "K_fullimg": torch.from_numpy(K).float().expand(FRAMES, 3, 3).clone(),
    }
    torch.save(held, path)
    return path


def pixels_in_the_video(body: Body) -> torch.Tensor:
    """Where the video shows the joints, by the parameters in the camera's axes alone."""
    orient, place = seen_by_the_camera()
    poses = WALK.poses.clone()
    poses[:, 0] = orient
    at = joint_positions(body, pose_body(body, replace(WALK, poses=poses, transl=place)))[:, :22]
    pixels = at @ torch.from_numpy(K).float().T
    return pixels[..., :2] / pixels[..., 2:]


def with_mean_pelvis(body: Body) -> Body:
    """The body moved so that its pelvis is the mean body's, which GVHMR's numbers turn about."""
    return replace(body, joints=body.joints - body.joints[0] + torch.tensor(MEAN_PELVIS))


@pytest.mark.parametrize(
    "groups",
    [("smpl_params_global", "smpl_params_incam"), ("body_params_global", "body_params_incam")],
)
def test_one_file_as_motion_and_camera_shows_the_person_where_the_video_did(
    tmp_path: Path, body: Body, groups: tuple[str, str]
):
    file = str(results(tmp_path / "results.pt", groups))
    clip = Clip(motion=file, camera=file, frames=FRAMES, fps=30.0, size="720x1280")
    body = with_mean_pelvis(body)
    scene = make_scene(clip, find_motion(clip), body, body.skin)
    shown = project(scene.camera, joint_positions(body, scene.pose)[:, :22])
    assert (shown - pixels_in_the_video(body)).abs().max() < 0.2
    head_above_feet = shown[:, 15, 1] < shown[:, 10, 1]
    assert bool(head_above_feet.all())


def test_at_another_rate_and_start_the_camera_keeps_time_with_the_motion(
    tmp_path: Path, body: Body
):
    file = str(results(tmp_path / "results.pt"))
    clip = Clip(motion=file, camera=file, frames=4, fps=15.0, start_s=2 / 15, size="720x1280")
    body = with_mean_pelvis(body)
    scene = make_scene(clip, find_motion(clip), body, body.skin)
    shown = project(scene.camera, joint_positions(body, scene.pose)[:, :22])
    assert (shown - pixels_in_the_video(body)[4:12:2]).abs().max() < 0.2
    halfway = read_camera(file, 24, 720, 1280, fps=60.0)
    whole = read_camera(file, FRAMES, 720, 1280, fps=30.0)
    assert torch.allclose(halfway.t[1], (whole.t[0] + whole.t[1]) / 2, atol=1e-5)
    with pytest.raises(
        InputError, match=r"holds 7 cameras from 0 s on for 9 frames. Give frames 7"
    ):
        read_camera(file, 9, 720, 1280, fps=15.0)


def test_pictures_of_another_size_see_the_same(tmp_path: Path):
    camera = read_camera(results(tmp_path / "results.pt"), FRAMES, 360, 640)
    assert np.allclose(camera.K[0, :2].numpy(), K[:2] / 2)
    assert camera.world == "ours"


@pytest.mark.parametrize("missing", ["smpl_params_incam", "K_fullimg"])
def test_a_file_without_its_camera_is_refused(tmp_path: Path, missing: str):
    file = results(tmp_path / "results.pt")
    held = torch.load(file, weights_only=True)
    del held[missing]
    torch.save(held, file)
    with pytest.raises(
        InputError, match=rf"results.pt lacks {missing}; expected smpl_params_global"
    ):
        read_camera(file, FRAMES, 720, 1280)


def test_a_torch_file_that_would_run_code_is_no_camera(tmp_path: Path):
    torch.save({"K_fullimg": Path("x")}, tmp_path / "evil.pt")
    with pytest.raises(InputError, match=r"evil.pt holds more than tensors"):
        read_camera(tmp_path / "evil.pt", 1, 64, 64)


def lhm(frame: int, focal: float = 1100.0) -> dict[str, Any]:
    orient, place = seen_by_the_camera()
    return {
        "root_pose": orient[frame].tolist(),
        "body_pose": WALK.poses[frame, 1:22].tolist(),
        "trans": place[frame].tolist(),
        "focal": [focal, focal],
        "princpt": [360.0, 640.0],
        "img_size_wh": [720, 1280],
    }


@pytest.mark.parametrize("zooms", [False, True])
def test_an_lhm_folder_as_motion_and_camera_shows_the_person_where_the_video_did(
    tmp_path: Path, body: Body, zooms: bool
):
    for frame in range(FRAMES):
        content = lhm(frame, 1100.0 + frame * zooms)
        (tmp_path / f"{frame}.json").write_text(json.dumps(content))
    clip = Clip(
        motion=str(tmp_path), camera=str(tmp_path), frames=FRAMES, fps=30.0, size="720x1280"
    )
    scene = make_scene(clip, find_motion(clip), body, body.skin)
    assert np.allclose(scene.camera.K[:, 0, 0], 1100 + np.arange(FRAMES) * zooms)
    if not zooms:
        shown = project(scene.camera, joint_positions(body, scene.pose)[:, :22])
        assert (shown - pixels_in_the_video(body)).abs().max() < 0.2


def test_one_frame_of_lhm_s_is_a_still_camera(tmp_path: Path):
    (tmp_path / "0.json").write_text(json.dumps(lhm(0)))
    camera = read_camera(tmp_path / "0.json", 5, 720, 1280)
    assert np.allclose(camera.K.numpy(), K)
    assert not camera.t.any()
    (tmp_path / "0.json").write_text(json.dumps(lhm(0) | {"princpt": [1.0]}))
    with pytest.raises(InputError, match="princpt is not 2 numbers"):
        read_camera(tmp_path / "0.json", 5, 720, 1280)
