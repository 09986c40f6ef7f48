"""A made person's face is where its neck was turned to; that must be read from the picture."""

from dataclasses import replace

import pytest
import torch

from reimagine.appearance.face import nod
from reimagine.appearance.fit import Stance
from reimagine.body.model import JOINTS, pose_body
from reimagine.records import Body, CameraPath, Motion
from reimagine.synth.dress import make_dressed
from reimagine.synth.people import render_truth

NECK = JOINTS.index("neck")


def standing(body: Body, neck: tuple[float, float, float]) -> Stance:
    poses = torch.zeros(1, 55, 3)
    poses[0, NECK] = torch.tensor(neck)
    motion = Motion(poses=poses, transl=torch.zeros(1, 3), fps=1.0, betas=torch.zeros(10))
    K = torch.tensor([[[1100.0, 0, 110], [0, 1100.0, 110], [0, 0, 1]]])
    turn = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
    shift = torch.tensor([[0.0, 0.26, 2.0]])
    camera = CameraPath(K=K, R=turn[None], t=shift, width=220, height=220)
    return Stance(motion=motion, pose=pose_body(body, motion), camera=camera)


@pytest.mark.parametrize("neck", [(0.0, 0.0, 0.0), (0.25, 0.1, 0.0), (-0.1, -0.12, 0.05)])
def test_the_neck_is_bent_as_the_face_shows(neck):
    body = make_dressed("alex").body
    truth = standing(body, neck)
    picture = render_truth("alex", truth.pose, truth.camera)[0]
    found = nod(body, standing(body, (0.1, 0.0, 0.0)), picture[:3], picture[3])
    assert torch.allclose(found.motion.poses[0, NECK], torch.tensor(neck), atol=0.06)


def test_where_no_face_is_seen_the_stance_stays():
    body = make_dressed("alex").body
    stance = standing(body, (0.1, 0.0, 0.0))
    picture = render_truth("alex", stance.pose, stance.camera)[0]
    blank = torch.full_like(picture[:3], 0.6)
    assert nod(body, stance, blank, picture[3]) is stance


def test_a_taller_body_is_read_the_same():
    body = make_dressed("alex").body
    truth = standing(body, (0.2, 0.0, 0.0))
    picture = render_truth("alex", truth.pose, truth.camera)[0]
    start = standing(body, (0.0, 0.0, 0.0))
    skin = replace(body.skin, verts=body.skin.verts * 1.3)
    large = replace(body, skin=skin, joints=body.joints * 1.3, height_m=body.height_m * 1.3)
    far = replace(start.camera, t=start.camera.t * 1.3)
    taller = replace(start, pose=pose_body(large, start.motion), camera=far)
    small, tall = (
        nod(one, at, picture[:3], picture[3]).motion.poses[0, NECK]
        for one, at in ((body, start), (large, taller))
    )
    assert torch.allclose(small, tall, atol=0.02)
