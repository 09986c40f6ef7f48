"""Every reader of files that others made, each with small whole files that the fuzzer breaks."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tests.appearance.test_store import someone
from tests.body.readers.test_gltf import document, glb
from tests.body.readers.test_listed import danced, kimodo, mhr
from tests.body.readers.test_read import WALK, easymocap, smplx_arrays
from tests.cameras.test_filmed import lhm, results
from tests.cameras.test_read import colmap, nerfstudio, orbit

from reimagine.appearance.part_files import encode_parts, read_parts
from reimagine.appearance.store import _digest, load_person, save_person  # pyright: ignore[reportPrivateUsage]
from reimagine.apps.score_clips import clip_frames
from reimagine.body.model import PARENTS
from reimagine.body.readers.listed import MHR_127, SOMA_77
from reimagine.body.readers.read import read_motion
from reimagine.body.smplx import read_smplx
from reimagine.body.write import write_motion
from reimagine.cameras.own import write_camera
from reimagine.cameras.read import read_camera
from reimagine.checks import check_image_model, check_refinement, earlier_request
from reimagine.footage import Source, take_frames
from reimagine.frames.weights import check_model_folder, check_safetensors
from reimagine.people import check_surface, keep_surface
from reimagine.pictures import encode_png, read_picture
from reimagine.progress import SILENT
from reimagine.request import Clip, PersonRequest, RefineRequest, Request
from reimagine.request_json import read_request_file, to_json
from reimagine.runs import RunFolder, open_run
from reimagine.scene import check_clip
from reimagine.scores.study import SCHEMA, tally
from reimagine.settings import Photos
from reimagine.train.triples import find_triples, read_triple
from reimagine.video import read_video, write_video


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What reads a folder, and what writes one that can be read."""

    write: Callable[[Path], object]
    read: Callable[[Path], object]
    breaks: str = "*"
    """Which files of the folder are broken."""


def _motion(name: str, write: Callable[[Path], object]) -> Reader:
    return Reader(write=lambda folder: write(folder / name), read=lambda f: read_motion(f / name))


def _camera(name: str, write: Callable[[Path], object], breaks: str = "*") -> Reader:
    return Reader(
        write=lambda folder: write(folder / name),
        read=lambda folder: read_camera(folder / name, 7, 512, 832),
        breaks=breaks,
    )


def _json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content))


def _lhm(path: Path) -> None:
    sizes = {"body_pose": 63, "lhand_pose": 45, "rhand_pose": 45}
    names = ("root_pose", "body_pose", "jaw_pose", "lhand_pose", "rhand_pose", "trans", "betas")
    _json(path, {name: [0.1] * sizes.get(name, 3) for name in names})


def _gvhmr(path: Path) -> None:
    held = {name: torch.from_numpy(one.copy()) for name, one in smplx_arrays().items()}
    torch.save({"smpl_params_global": held, "K_fullimg": torch.eye(3)}, path)


def _keyframes(path: Path) -> None:
    places = [{"azimuth_deg": 0, "radius_m": 4}, {"azimuth_deg": 90, "radius_m": 2.5, "time": 1.0}]
    _json(
        path,
        {"fov_y_deg": 28, "target": [0, 0.9, 0], "keyframes": [places[0] | {"time": 0}, places[1]]},
    )


def _matrices(path: Path) -> None:
    turn = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 3], [0, 0, 0, 1]]
    _json(path, {"keyframes": [{"world_from_camera": turn}, {"camera_from_world": turn}]})


def _rig(path: Path) -> None:
    (path.parent / "camera_scale.pkl").write_bytes(b"\x80\x04G@Y\x00\x00\x00\x00\x00\x00.")
    _json(
        path.parent / "camera_intrinsics.json",
        {"intrinsics": [[900, 0, 511], [0, 900, 511], [0, 0, 1]]},
    )
    turn = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    _json(path, {"1_CC32871A004.png": {"rotation": turn, "translation": [0, 1, 2]}})


def _camera_arrays(path: Path) -> None:
    pose = np.concatenate([np.eye(3), np.ones((3, 1))], axis=1)
    np.savez(
        path,
        allow_pickle=False,
        intrinsic=np.diag([900.0, 900.0, 1.0]),
        extrinsic=pose,
        width=1024,
        height=1024,
    )


def _person_again(folder: Path) -> object:
    """Reads a person whose checksums were made right: else nothing but these would be tried."""
    try:
        card = json.loads((folder / "person.json").read_bytes())
        card["sha256"] = {name: _digest(folder / name) for name in card["sha256"]}
        _json(folder / "person.json", card)
    except (ValueError, TypeError, KeyError, OSError, RecursionError):
        pass
    return load_person(folder)


def _smplx(path: Path) -> None:
    verts, random = 20, np.random.default_rng(0)
    weights = random.random((verts, 55))
    parents = np.array([2**32 - 1, *PARENTS[1:]])
    np.savez_compressed(
        path,
        allow_pickle=False,
        v_template=random.random((verts, 3)),
        shapedirs=random.random((verts, 3, 20)),
        posedirs=np.zeros((verts, 3, 486), np.float32),
        J_regressor=random.random((55, verts)),
        weights=weights / weights.sum(1, keepdims=True),
        f=np.arange(18).reshape(6, 3).astype(np.uint32),
        kintree_table=np.stack([parents, np.arange(55)]).astype(np.uint32),
    )


def _pictures(count: int, channels: int = 3) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(channels, 48, 64, generator=generator) for _ in range(count)]


def _picture(name: str) -> Reader:
    import cv2

    pixels = (_pictures(1, 4)[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    return Reader(
        write=lambda folder: cv2.imwrite(str(folder / name), pixels),
        read=lambda folder: read_picture(folder / name, least_side=1),
    )


def _video(name: str, kind: str) -> Reader:
    def read(folder: Path) -> int:
        return sum(1 for _ in read_video(folder / name).pictures)

    return Reader(write=lambda f: write_video(f / name, _pictures(3), 24.0, kind), read=read)


def _request(kind: type[Any], request: object) -> Reader:
    def read(folder: Path) -> None:
        made = read_request_file(kind, folder / "request.json")
        if isinstance(made, Request):
            check_clip(made.clip)
            check_image_model(made.image, made.image_model)
            check_refinement(made.refiner, made.refinement)

    return Reader(write=lambda f: _json(f / "request.json", to_json(request)), read=read)


_ASKED = {
    "command": "generate",
    **to_json(Request(photos=Photos(person="alex"), clip=Clip(frames=1))),
}


def _write_run(folder: Path) -> None:
    with open_run(folder, _ASKED) as run:
        run.write("frames/000000.png", encode_png(_pictures(1)[0]))
        keep_surface(run, someone())


def _continue_run(folder: Path) -> None:
    with open_run(folder, _ASKED):
        pass


def _taken(folder: Path) -> object:
    source = Source(video=None, folder=folder, fps=24.0)
    return take_frames(RunFolder(path=folder), source, "frames", SILENT)


def _study(path: Path) -> None:
    marks = [{"pair": "a", "preferred": one} for one in ("a", "b", "tie")]
    _json(path, {"schema": SCHEMA, "seed": 0, "who": "me", "answers": marks})


def _triples(folder: Path) -> None:
    for name in ("reference", "normals", "target"):
        (folder / f"{name}.png").write_bytes(encode_png(_pictures(1)[0]))
    entry = {
        "reference": "reference.png",
        "normals": "normals.png",
        "target": "target.png",
        "prompt": "a",
    }
    (folder / "pairs.jsonl").write_text(json.dumps(entry) + "\n")


def _read_triples(folder: Path) -> object:
    return [read_triple(one) for one in find_triples(folder, "")]


def _model_folder(folder: Path) -> None:
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(2, 3)}, folder / "one.safetensors")
    _json(folder / "config.json", {"_class_name": "A"})
    _json(folder / "model.safetensors.index.json", {"weight_map": {"a": "one.safetensors"}})


READERS: dict[str, Reader] = {
    "motion, ours": _motion("m.npz", lambda path: write_motion(WALK, path)),
    "motion, AMASS": _motion("m.npz", lambda path: write_motion(WALK, path, amass=True)),
    "motion, SMPL-X": _motion(
        "m.npz", lambda path: np.savez(path, allow_pickle=True, **smplx_arrays())
    ),
    "motion, EasyMocap": _motion(
        "m.json", lambda path: _json(path, easymocap(WALK, 3, torch.zeros(3)))
    ),
    "motion, LHM": _motion("m.json", _lhm),
    "motion, GVHMR": _motion("m.pt", _gvhmr),
    "motion, Kimodo": _motion("m.npz", lambda path: kimodo(path, SOMA_77, *danced(SOMA_77))),
    "motion, SAM 3D Body": _motion("m.npz", lambda path: mhr(path, *danced(MHR_127))),
    "motion, glTF": _motion("m.glb", lambda path: glb(path, *document())),
    "motion, BVH": _motion("m.bvh", lambda path: write_motion(WALK, path)),
    "camera, ours": _camera("c.json", lambda path: write_camera(path, orbit())),
    "camera, keyframes": _camera("c.json", _keyframes),
    "camera, matrices": _camera("c.json", _matrices),
    "camera, nerfstudio": _camera("c.json", lambda path: _json(path, nerfstudio(orbit()))),
    "camera, COLMAP": _camera("sparse", lambda path: colmap(orbit(), path), "*.txt"),
    "camera, GVHMR": _camera("c.pt", results),
    "camera, LHM": _camera("c.json", lambda path: _json(path, lhm(0))),
    "camera, MVHumanNet": _camera("camera_extrinsics.json", _rig),
    "camera, MVHumanNet++": _camera("c.npz", _camera_arrays),
    "person": Reader(write=lambda folder: save_person(someone(), folder), read=_person_again),
    "SMPL-X model": Reader(
        write=lambda f: _smplx(f / "m.npz"), read=lambda f: read_smplx(f / "m.npz")
    ),
    "picture, PNG": _picture("p.png"),
    "picture, JPEG": _picture("p.jpg"),
    "picture, WebP": _picture("p.webp"),
    "picture of parts": Reader(
        write=lambda f: (f / "p.png").write_bytes(encode_parts(torch.arange(48).reshape(6, 8) % 7)),
        read=lambda f: read_parts(f / "p.png", width=8, height=6),
    ),
    "video, mp4": _video("v.mp4", "mp4"),
    "video, webm": _video("v.webm", "webm"),
    "video, lossless": _video("v.mkv", "lossless"),
    "request, generate": _request(Request, Request(photos=Photos(front="a.jpg"))),
    "request, person": _request(PersonRequest, PersonRequest()),
    "request, refine": _request(RefineRequest, RefineRequest(run="a")),
    "run, refined": Reader(
        write=_write_run,
        read=lambda f: earlier_request(RefineRequest(run=str(f))),
        breaks="request.json",
    ),
    "run, scored": Reader(write=_write_run, read=clip_frames, breaks="request.json"),
    "run, continued": Reader(write=_write_run, read=_continue_run, breaks="request.json"),
    "run, its surface": Reader(
        write=_write_run, read=lambda f: check_surface(f, someone()), breaks="surface.json"
    ),
    "run, its frames": Reader(
        write=lambda f: _json(
            f / "source.json", {"frames": 2, "width": 64, "height": 48, "fps": 24.0}
        ),
        read=_taken,
    ),
    "answers of a study": Reader(
        write=lambda f: _study(f / "a.json"), read=lambda f: tally([f / "a.json"])
    ),
    "triples": Reader(write=_triples, read=_read_triples),
    "model folder": Reader(
        write=_model_folder, read=lambda f: check_model_folder(f, "--weights", "")
    ),
}


@cache
def _tiny() -> Any:
    from reimagine.frames.flux.tiny import tiny_transformer

    return tiny_transformer(torch.Generator().manual_seed(0), doubles=1, singles=1)


def _write_lora(path: Path, ends: tuple[str, str]) -> None:
    from safetensors.torch import save_file

    name = "double_blocks.0.img_attn.qkv"
    tensors = {f"{name}{ends[0]}": torch.ones(2, 64), f"{name}{ends[1]}": torch.ones(192, 2)}
    tensors[f"{name}.alpha"] = torch.tensor(2.0)
    save_file(tensors, path, {"lora_adapter_metadata": json.dumps({"transformer.lora_alpha": 2})})


def _read_lora(folder: Path) -> object:
    from reimagine.frames.flux.lora import read_lora

    return read_lora(folder / "l.safetensors", _tiny())


def _write_checkpoint(path: Path) -> None:
    from safetensors.torch import save_file
    from tests.frames.flux.test_checkpoints import to_bfl

    from reimagine.frames.flux.tiny import tiny_transformer

    model = tiny_transformer(torch.Generator().manual_seed(0), doubles=2, singles=2)
    save_file(
        {key: one.contiguous() for key, one in to_bfl(model.state_dict(), 2, 2).items()}, path
    )


def _read_checkpoint(folder: Path) -> object:
    from reimagine.frames.flux.checkpoints import read_transformer, read_vae

    check_safetensors(folder / "c.safetensors", "--weights")
    if "vae" in folder.name:
        return read_vae(folder / "c.safetensors", torch.float32)
    return read_transformer(folder / "c.safetensors", torch.float32)


DIFFUSION_READERS: dict[str, Reader] = {
    "LoRA": Reader(
        write=lambda f: _write_lora(f / "l.safetensors", (".lora_A.weight", ".lora_B.weight")),
        read=_read_lora,
    ),
    "LoRA, kohya's": Reader(
        write=lambda f: _write_lora(f / "l.safetensors", (".lora_down.weight", ".lora_up.weight")),
        read=_read_lora,
    ),
    "checkpoint": Reader(
        write=lambda f: _write_checkpoint(f / "c.safetensors"), read=_read_checkpoint
    ),
}
"""What needs the packages of `reimagine[diffusion]`."""
