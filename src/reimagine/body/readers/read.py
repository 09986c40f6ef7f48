"""A motion file of any format that we know, told apart by what it contains, not by its name."""

from pathlib import Path

import numpy as np

from reimagine.arrays import array_names
from reimagine.body.readers.amass import is_amass, read_amass
from reimagine.body.readers.bvh import read_bvh
from reimagine.body.readers.easymocap import is_easymocap, read_easymocap
from reimagine.body.readers.gltf import is_gltf, read_gltf
from reimagine.body.readers.gvhmr import read_gvhmr
from reimagine.body.readers.json_frames import frame_files, one_person, read_json
from reimagine.body.readers.kimodo import is_kimodo, read_kimodo
from reimagine.body.readers.lhm import is_lhm, read_lhm
from reimagine.body.readers.mhr import is_mhr, read_mhr
from reimagine.body.readers.own import is_own, read_own
from reimagine.body.readers.smplx_frames import read_smplx_frames
from reimagine.body.readers.smplx_parameters import is_smplx_parameters, read_smplx_parameters
from reimagine.errors import InputError
from reimagine.foreign import reads
from reimagine.records import Motion
from reimagine.tensors import is_torch_file

FORMATS = (
    "AMASS .npz, SMPL-X parameters .npz or a folder of them, MVHumanNet or EasyMocap JSON, GVHMR .pt, LHM JSON folder, "
    "Kimodo .npz, SAM 3D Body .npz, BVH, glTF, GLB, VRM animation, "
    "our .npz"
)
UNPICKLE = (
    "import joblib, numpy; d = joblib.load('{}'); d = d if any('pose' in str(k) for k in d) else next(iter(d.values())); "
    "numpy.savez('motion.npz', **{{k: numpy.asarray(v) for k, v in d.items() if numpy.asarray(v).dtype != object}})"
)
"""Makes an .npz of the pickles of AIST++, WHAM and others; the user runs it where they trust the file."""

FROM_FBX = (
    "import bpy; bpy.ops.wm.read_factory_settings(use_empty=True); bpy.ops.import_scene.fbx(filepath='{}'); "
    "bpy.ops.export_scene.gltf(filepath='motion.glb')"
)


@reads("a motion")
@np.errstate(all="ignore")  # odd numbers are judged once they are read
def read_motion(path: str | Path, bone_map: str | Path | None = None) -> Motion:
    """The motion in a file or folder. `bone_map` is a JSON file that says which bone of a skeleton a joint follows.

    Raises InputError, one line, for anything that cannot be read safely and wholly.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(
            f"motion file {path} does not exist; expected a file or a built-in motion's name. Check the path."
        )
    if path.stat().st_size == 0:
        raise InputError(f"{path.name} is empty; expected a motion ({FORMATS}). Copy it again.")
    if path.is_dir():
        files = frame_files(path)
        return (
            read_smplx_frames(path, files) if files[0].suffix == ".npz" else _read_json(path, files)
        )
    with path.open("rb") as file:
        start = file.read(64).lstrip(b"\xef\xbb\xbf").lstrip()
    bones = None if bone_map is None else Path(bone_map)
    if start.startswith(b"PK"):
        return _read_zip(path, bones)
    if start.startswith(b"glTF"):
        return read_gltf(path, bones)
    if start[:1] in (b"{", b"["):
        return _read_json(path, [path], bones)
    if start.upper().startswith(b"HIERARCHY"):
        return read_bvh(path, bones)
    raise _unknown(path, start)


def _unknown(path: Path, start: bytes) -> InputError:
    """For a file that begins as none that we read: how to make one of it."""
    if start.startswith(b"\x80"):
        return InputError(
            f"{path.name} is a pickle, which can run code and is never loaded; expected {FORMATS}. Convert it where "
            f'you trust it: python -c "{UNPICKLE.format(path.name)}"'
        )
    if start.startswith(b"\x93NUMPY"):
        return InputError(
            f"{path.name} is a .npy file, which holds no names or, as TRAM's hps_track_0.npy, is a pickle and never loaded; "
            f"expected {FORMATS}. Convert it where you trust it, by TRAM's lines in docs/formats.md."
        )
    if start.startswith((b"Kaydara FBX", b"; FBX")):
        return InputError(
            f"{path.name} is FBX, whose layout is not public; expected {FORMATS}. Convert it by way of Blender: "
            f'blender --background --python-expr "{FROM_FBX.format(path.name)}"'
        )
    return InputError(
        f"{path.name} is no motion that we know; expected {FORMATS}. Convert it to one."
    )


def _read_json(path: Path, files: list[Path], bone_map: Path | None = None) -> Motion:
    notes: list[str] = []
    held = [read_json(file) for file in files]
    if is_gltf(held[0]):
        return read_gltf(files[0], bone_map)
    people = one_person(files, held, notes)
    keys = set(people[0])
    for matches, read in ((is_easymocap, read_easymocap), (is_lhm, read_lhm)):
        if matches(keys):
            odd = next((f for f, p in zip(files, people, strict=True) if not matches(set(p))), None)
            if odd is not None:
                raise InputError(
                    f"{odd.name} is of another form than {files[0].name}; expected the same in all frames. Take "
                    "it out of the folder."
                )
            return read(path, people, notes)
    raise InputError(
        f"{files[0].name} holds {', '.join(sorted(keys)[:12]) or 'nothing'}; expected Rh, Th and poses (MVHumanNet, "
        "EasyMocap) or root_pose and body_pose (LHM). Check which file it is."
    )


def _read_zip(path: Path, bone_map: Path | None) -> Motion:
    if is_torch_file(path):
        return read_gvhmr(path)
    names = array_names(path)
    for matches, read in ((is_kimodo, read_kimodo), (is_mhr, read_mhr)):
        if matches(names):
            return read(path, bone_map)
    for matches, read in (
        (is_own, read_own),
        (is_smplx_parameters, read_smplx_parameters),
        (is_amass, read_amass),
    ):
        if matches(names):
            return read(path)
    raise InputError(
        f"{path.name} holds {', '.join(sorted(names)[:12]) or 'no arrays'}; expected poses and trans (AMASS) or "
        "global_orient and body_pose (SMPL-X parameters), or Kimodo's or SAM 3D Body's. Rename the arrays."
    )
