"""Shared by all tests: shapes are checked at run time, and real inputs are used where they are."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from reimagine.appearance.store import save_person
from reimagine.body.anny import DEFAULT_PHENOTYPE, anny_body, load_anny
from reimagine.body.library import built_in_motion
from reimagine.body.model import PARENTS, pose_body
from reimagine.cameras.path import make_camera
from reimagine.records import Body, Person, Photo
from reimagine.settings import View

os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real photos, motions and cameras; skips the test where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real inputs (../shared/data) are not here")
    return folder


@pytest.fixture(scope="session")
def body() -> Body:
    """A body of middle shape, 1.7 m tall."""
    return anny_body(DEFAULT_PHENOTYPE, 1.7)


@pytest.fixture(scope="session")
def plain_person(body: Body, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a stored person: the undressed body, coloured by height, with one small grey photo."""
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
        seen=torch.zeros(len(verts)),
        fill=share,
        part=torch.zeros(len(verts), dtype=torch.long),
        notes=("A person made for a test.",),
    )
    folder = tmp_path_factory.mktemp("people") / "plain"
    save_person(person, folder)
    return folder


@pytest.fixture(scope="session")
def smplx_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file of SMPL-X's format, made of our own body: real ones may not be shipped."""
    return _write_smplx(tmp_path_factory.mktemp("model") / "SMPLX_NEUTRAL.npz")


_CELL_M = 0.025
_STEP = 0.1


def _write_smplx(path: Path) -> Path:
    """A coarse Anny whose shape directions are those of its phenotype, and whose joints hang on vertices nearby."""
    anny = load_anny()
    mean = anny.worn(DEFAULT_PHENOTYPE)
    every = mean.skin.verts.numpy()
    cells, first, cell_of = np.unique(
        np.floor(every / _CELL_M), axis=0, return_index=True, return_inverse=True
    )
    faces = cell_of.reshape(-1)[mean.skin.faces.numpy()]
    faces = faces[
        (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    ]
    verts = every[first]
    shapes = np.zeros((len(cells), 3, 20))
    for k, number in enumerate((0, 2, 3, 4, 5)):
        changed = DEFAULT_PHENOTYPE.clone()
        changed[number] += _STEP
        shapes[:, :, k] = (anny.worn(changed).skin.verts.numpy()[first] - verts) * 4
    weights = torch.zeros(len(every), 55).scatter_add_(
        1, mean.skin.weight_joints.long(), mean.skin.weights
    )
    parents = np.array(PARENTS, dtype=np.int64)
    parents[0] = 2**32 - 1
    np.savez_compressed(
        path,
        v_template=verts,
        shapedirs=shapes,
        posedirs=np.zeros((len(cells), 3, 486), dtype=np.float32),
        J_regressor=_regressor(verts, mean.joints.numpy()),
        weights=weights.numpy()[first],
        f=faces.astype(np.uint32),
        kintree_table=np.stack([parents, np.arange(55)]).astype(np.uint32),
    )
    return path


def _regressor(verts: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Weights over the nearest vertices, summing to one, that give the joints exactly."""
    table = np.zeros((len(joints), len(verts)))
    for joint, place in enumerate(joints):
        near = np.argsort(((verts - place) ** 2).sum(1))[:30]
        # Smallest change of equal shares that meets the four conditions.
        conditions = np.concatenate([verts[near].T, np.ones((1, len(near)))])
        missing = np.append(place, 1.0) - conditions.mean(1)
        table[joint, near] = 1 / len(near) + np.linalg.pinv(conditions) @ missing
    return table
