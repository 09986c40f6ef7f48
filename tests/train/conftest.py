"""Tiny random weights and a tiny data set of two people."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from reimagine.frames.flux.tiny import write_tiny_weights
from reimagine.pictures import write_picture
from reimagine.train.settings import LoraRequest

SIDE = 256
"""Of captured pictures, pixels."""


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    write_tiny_weights(folder, doubles=1, singles=1, control=1)
    return folder


def smooth(generator, height, width):
    coarse = torch.rand(1, 3, 4, 4, generator=generator)
    return interpolate(coarse, size=(height, width), mode="bicubic")[0].clamp(0, 1)


def write_people(folder, pairs=1):
    generator = torch.Generator().manual_seed(1)
    for name in ("ann", "bob"):
        for kind in ("normals", "targets"):
            (folder / name / kind).mkdir(parents=True)
        write_picture(folder / name / "reference.png", smooth(generator, 32, 64))
        for number in range(pairs):
            for kind in ("normals", "targets"):
                path = folder / name / kind / f"{number:06d}.png"
                write_picture(path, smooth(generator, 48, 32))
    return folder


@pytest.fixture
def data(tmp_path):
    return write_people(tmp_path / "data")


def tiny_request(base, **changes):
    """A request that takes a second or two."""
    settings: dict[str, Any] = {
        "base": str(base),
        "rank": 2,
        "steps": 4,
        "learning_rate": 1e-2,
        "save_every": 2,
        "sample_every": 0,
        "sample_steps": 2,
        "samples": 1,
        "device": "cpu",
    }
    settings |= changes
    for name in ("data", "out"):
        settings[name] = str(settings[name])
    return LoraRequest(**settings)


@pytest.fixture
def request_for(base, data, tmp_path):
    """Makes requests over the same data."""

    def make(out="out", **changes):
        settings = {"base": base, "data": data, "out": tmp_path / out} | changes
        return tiny_request(settings.pop("base"), **settings)

    return make


@pytest.fixture(scope="module", autouse=True)
def few_words():
    """Prompts of 16 words instead of 512, which would be most of what tiny models work on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reimagine.frames.flux.text.T5_TOKENS", 16)
        yield


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Tiny layers are done before threads have met."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def turned_camera(camera, turn):
    angle = math.radians(22.5 * turn)
    sine, cosine = math.sin(angle), math.cos(angle)
    about_down = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    extrinsic = camera["extrinsic"].copy()
    extrinsic[:, :3] = extrinsic[:, :3] @ about_down.T
    return {"intrinsic": camera["intrinsic"], "extrinsic": extrinsic}


@pytest.fixture
def captures(shared_data, tmp_path):
    """A person seen by cameras in front, at the right, behind, at the left; grey pictures, a box for a mask."""
    person = tmp_path / "main_data" / "train" / "100842"
    person.mkdir(parents=True)
    motion = (shared_data / "motion/mvhumannet_pp_100842.npz").read_bytes()
    (person / "smplx_params.npz").write_bytes(motion)
    camera = np.load(shared_data / "cameras/mvhumannet_pp_100842_cam_00.npz")
    for turn in (0, 4, 8, 12):
        name = f"cam_{turn:02d}"
        for kind in ("images", "masks", "cameras"):
            (person / kind / name).mkdir(parents=True)
        np.savez(person / "cameras" / name / "camera.npz", **turned_camera(camera, turn))
        mask = torch.zeros(1, SIDE, SIDE)
        mask[:, 40:220, 90:160] = 1
        for frame in ("0025", "0050", "A-2045"):
            picture = torch.full((3, SIDE, SIDE), 0.1 + turn / 20)
            write_picture(person / "masks" / name / f"{frame}.png", mask)
            write_picture(person / "images" / name / "x.png", picture)
            (person / "images" / name / "x.png").rename(person / "images" / name / f"{frame}.jpg")
    return tmp_path / "main_data"
