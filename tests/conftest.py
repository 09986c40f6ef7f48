"""Shared by all tests: shapes are checked at run time, and real inputs are used where they are."""

import os
from pathlib import Path

import pytest
import torch

from reimagine.appearance.store import save_person
from reimagine.body.anny import DEFAULT_PHENOTYPE, anny_body
from reimagine.body.library import built_in_motion
from reimagine.body.model import pose_body
from reimagine.cameras.path import make_camera
from reimagine.records import Person, Photo
from reimagine.request import View

os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real photos, motions and cameras; skips the test where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real inputs (../shared/data) are not here")
    return folder


@pytest.fixture(scope="session")
def plain_person(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a stored person: the undressed body, coloured by height, with one small grey photo."""
    body = anny_body(DEFAULT_PHENOTYPE, 1.7)
    pose = pose_body(body, built_in_motion("apose", 1, 24.0))
    verts = body.skin.verts
    share = (verts - verts.amin(0)) / (verts.amax(0) - verts.amin(0))
    photo = Photo(
        rgb=torch.full((3, 64, 64), 0.5),
        alpha=torch.ones(64, 64),
        camera=make_camera("static", View(), verts[None], 64, 64),
        pose=pose,
        side="front",
    )
    person = Person(
        body=body,
        surface=body.skin,
        photos=(photo,),
        photo_xy=torch.zeros(1, len(verts), 2),
        photo_weight=torch.zeros(1, len(verts)),
        fill=share,
        part=torch.zeros(len(verts), dtype=torch.long),
        notes=("A person made for a test.",),
    )
    folder = tmp_path_factory.mktemp("people") / "plain"
    save_person(person, folder)
    return folder
