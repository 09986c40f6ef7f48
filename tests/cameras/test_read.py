"""Camera files: round trips, agreement between formats, real files, and a line for each that is wrong."""

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from reimagine.cameras.mvhumannet import read_scale
from reimagine.cameras.own import write_camera
from reimagine.cameras.path import make_camera
from reimagine.cameras.project import centres, project
from reimagine.cameras.read import read_camera
from reimagine.errors import InputError
from reimagine.records import CameraPath
from reimagine.settings import View

WIDTH, HEIGHT, FRAMES = 512, 832, 7
SIZE = (FRAMES, WIDTH, HEIGHT)


def orbit() -> CameraPath:
    points = torch.rand(FRAMES, 20, 3, generator=torch.Generator().manual_seed(0))
    return make_camera("orbit", View(), points, WIDTH, HEIGHT)


def written(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def assert_same(one: CameraPath, other: CameraPath, atol: float = 2e-4) -> None:
    assert (one.width, one.height) == (other.width, other.height)
    for field in ("K", "R", "t"):
        assert torch.allclose(getattr(one, field), getattr(other, field), atol=atol, rtol=1e-5), (
            field
        )


def nerfstudio(camera: CameraPath) -> dict[str, Any]:
    """transforms.json of this path: world_from_camera, OpenGL axes."""
    frames: list[dict[str, Any]] = []
    for i in range(len(camera)):
        matrix = torch.eye(4)
        matrix[:3, :3] = camera.R[i].T @ torch.diag(torch.tensor([1.0, -1.0, -1.0]))
        matrix[:3, 3] = centres(camera)[i]
        frames.append({"file_path": f"images/{i:03}.png", "transform_matrix": matrix.tolist()})
    K = camera.K[0]
    lens = {
        "fl_x": float(K[0, 0]),
        "fl_y": float(K[1, 1]),
        "cx": float(K[0, 2]),
        "cy": float(K[1, 2]),
    }
    return {**lens, "w": camera.width, "h": camera.height, "frames": frames}


def colmap(camera: CameraPath, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    K = camera.K[0].tolist()
    lens = f"{K[0][0]} {K[1][1]} {K[0][2]} {K[1][2]}"
    written(folder / "cameras.txt", f"# cameras\n1 PINHOLE {camera.width} {camera.height} {lens}\n")
    lines = ["# images"]
    for i in reversed(range(len(camera))):
        x, y, z, w = Rotation.from_matrix(camera.R[i].numpy()).as_quat().tolist()
        t = " ".join(map(str, camera.t[i].tolist()))
        lines += [f"{i + 1} {w} {x} {y} {z} {t} 1 {i:03}.png", "" if i % 2 else "1.0 2.0 -1"]
    written(folder / "images.txt", "\n".join(lines) + "\n")
    return folder


def test_our_own_file_comes_back_to_the_bit(tmp_path: Path) -> None:
    write_camera(tmp_path / "cameras.json", orbit())
    back = read_camera(tmp_path / "cameras.json", *SIZE)
    for field in ("K", "R", "t"):
        assert torch.equal(getattr(back, field), getattr(orbit(), field))


def test_nerfstudio_and_colmap_give_the_camera_that_was_written(tmp_path: Path) -> None:
    path = written(tmp_path / "transforms.json", nerfstudio(orbit()))
    assert_same(read_camera(path, *SIZE), orbit())
    folder = colmap(orbit(), tmp_path / "sparse")
    assert_same(read_camera(folder, *SIZE), orbit())
    assert_same(read_camera(folder / "images.txt", *SIZE), orbit())


def test_a_named_camera_stands_still_for_all_frames(tmp_path: Path) -> None:
    path = written(tmp_path / "transforms.json", nerfstudio(orbit()))
    still = read_camera(path, 20, WIDTH, HEIGHT, camera_name="003.png")
    one = orbit()[3:4]
    repeated = CameraPath(
        K=one.K.expand(20, 3, 3),
        R=one.R.expand(20, 3, 3),
        t=one.t.expand(20, 3),
        width=WIDTH,
        height=HEIGHT,
    )
    assert_same(still, repeated)


def test_nerfstudio_by_angle_is_nerfstudio_by_focal_length(tmp_path: Path) -> None:
    content = nerfstudio(orbit())
    by_focal = read_camera(written(tmp_path / "a.json", content), *SIZE)
    angle = 2 * np.arctan(WIDTH / 2 / content["fl_x"])
    for key in ("fl_x", "fl_y", "cx", "cy"):
        del content[key]
    by_angle = read_camera(
        written(tmp_path / "b.json", {**content, "camera_angle_x": angle}), *SIZE
    )
    assert_same(by_focal, by_angle, atol=1e-3)


@pytest.mark.parametrize("model", ["SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV"])
def test_other_colmap_lenses_are_read_as_pinholes(tmp_path: Path, model: str) -> None:
    folder = colmap(orbit(), tmp_path)
    f, cx, cy = float(orbit().K[0, 0, 0]), WIDTH / 2, HEIGHT / 2
    focal = f"{f} {f}" if model == "OPENCV" else f"{f}"
    written(folder / "cameras.txt", f"1 {model} {WIDTH} {HEIGHT} {focal} {cx} {cy} 0.1 0 0 0\n")
    assert_same(read_camera(folder, *SIZE), orbit())


def test_another_picture_size_scales_to_the_height_and_crops_evenly(tmp_path: Path) -> None:
    write_camera(tmp_path / "c.json", orbit())
    points = torch.rand(FRAMES, 9, 3, generator=torch.Generator().manual_seed(2))
    before = project(orbit(), points)
    taller = read_camera(tmp_path / "c.json", FRAMES, 600, 2 * HEIGHT)
    moved = torch.tensor([(600 - 2 * WIDTH) / 2, 0.0])
    assert torch.allclose(project(taller, points), 2 * before + moved, atol=0.02)


def test_the_official_crop_of_a_1024_picture_scales_by_its_factor(shared_data: Path) -> None:
    path = shared_data / "cameras" / "mvhumannet_pp_100842_cam_00.npz"
    as_is = read_camera(path, 1, 1024, 1024)
    assert float(as_is.K[0, 0, 0]) == pytest.approx(807.88, abs=0.01)
    assert centres(as_is)[0].tolist() == pytest.approx([2.0, 0.05, -1.59], abs=0.01)
    official = read_camera(path, 3, 800, 1328)
    assert float(official.K[0, 0, 0]) == pytest.approx(807.88 * 1328 / 1024, abs=0.01)
    assert float(official.K[0, 0, 2]) == pytest.approx(
        512.33 * 1328 / 1024 - (1328 - 800) / 2, abs=0.01
    )
    assert len(official) == 3


def test_the_real_rig_stands_around_the_subject(shared_data: Path) -> None:
    path = shared_data / "cameras" / "mvhumannet_camera_extrinsics.json"
    names = list(json.loads(path.read_text()))
    cameras = [read_camera(path, 1, 800, 1328, camera_name=name) for name in names]
    assert len(cameras) == 48
    distance = torch.stack([centres(camera)[0].norm() for camera in cameras])
    assert 1.5 < float(distance.min()) < float(distance.max()) < 6
    # camera_pos is the camera's place in the file's own unit, once more.
    camera_pos = json.loads(path.read_text())[names[5]]["camera_pos"]
    place = torch.tensor(camera_pos) * 1.8461538461538463 / 1000
    assert torch.allclose(centres(cameras[5])[0], place, atol=2e-3)
    # 4096 x 3000 becomes 1328 high: the focal length scales, the axis stays in the middle.
    assert float(cameras[0].K[0, 0, 0]) == pytest.approx(2365.44 * 1328 / 3000, abs=0.01)
    assert cameras[0].K[0, :2, 2].tolist() == pytest.approx([400, 664], abs=0.01)


def test_a_rig_asks_for_a_name_and_tells_those_it_has(shared_data: Path) -> None:
    path = shared_data / "cameras" / "mvhumannet_camera_extrinsics.json"
    with pytest.raises(InputError, match=r"48 cameras at once.*camera_name 1_CC32871A004.png"):
        read_camera(path, *SIZE)
    with pytest.raises(InputError, match=r"no camera 'x'; expected one of 1_CC32871A004.png"):
        read_camera(path, *SIZE, camera_name="x")


def test_a_rig_without_intrinsics_uses_those_of_its_cameras(
    shared_data: Path, tmp_path: Path
) -> None:
    source = shared_data / "cameras"
    for name in ("extrinsics.json", "scale.pkl"):
        shutil.copyfile(source / f"mvhumannet_camera_{name}", tmp_path / f"camera_{name}")
    name = "1_CC32871A005.png"
    alone = read_camera(tmp_path / "camera_extrinsics.json", *SIZE, camera_name=name)
    beside = read_camera(source / "mvhumannet_camera_extrinsics.json", *SIZE, camera_name=name)
    assert_same(alone, beside)


def test_stacked_arrays_are_a_moving_camera(tmp_path: Path) -> None:
    camera = orbit()
    K = camera.K[0].numpy() - [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]]
    extrinsic = torch.cat([camera.R, camera.t[..., None]], -1).numpy()
    np.savez(tmp_path / "a.npz", intrinsic=K, extrinsic=extrinsic, width=WIDTH, height=HEIGHT)
    assert_same(read_camera(tmp_path / "a.npz", *SIZE), camera)
    np.savez(tmp_path / "b.npz", intrinsic=K, extrinsic=extrinsic)
    assert_same(read_camera(tmp_path / "b.npz", *SIZE), camera)


def test_keyframes_are_passed_in_time_and_look_at_their_target(tmp_path: Path) -> None:
    content = {
        "target": [0.1, 1.0, 0.2],
        "keyframes": [
            {"azimuth_deg": 0, "radius_m": 4, "elevation_deg": 0, "time": 0},
            {"azimuth_deg": 90, "radius_m": 2, "elevation_deg": 0, "time": 0.5},
            {"azimuth_deg": 180, "radius_m": 3, "elevation_deg": 20, "fov_y_deg": 40, "time": 1},
        ],
    }
    camera = read_camera(written(tmp_path / "k.json", content), *SIZE)
    away = centres(camera) - torch.tensor([0.1, 1.0, 0.2])
    assert torch.allclose(away[0], torch.tensor([0.0, 0.0, 4.0]), atol=1e-5)
    assert torch.allclose(away[3], torch.tensor([-2.0, 0.0, 0.0]), atol=1e-5)
    assert float(away[6].norm()) == pytest.approx(3, abs=1e-5)
    distance = away.norm(dim=-1)
    assert float(distance.min()) > 2 - 1e-5
    assert float(distance.max()) < 4 + 1e-5
    pixel = project(camera, torch.tensor([[[0.1, 1.0, 0.2]]]).expand(FRAMES, 1, 3))
    assert torch.allclose(pixel, torch.tensor([WIDTH / 2, HEIGHT / 2]).expand_as(pixel), atol=1e-2)
    assert float(camera.K[0, 1, 1]) > float(camera.K[6, 1, 1])


def test_keyframe_matrices_of_a_path_are_passed(tmp_path: Path) -> None:
    camera = orbit()
    keys = []
    for i in range(FRAMES):
        matrix = torch.eye(4)
        matrix[:3, :3], matrix[:3, 3] = camera.R[i], camera.t[i]
        keys.append(
            {"camera_from_world": matrix.tolist()}
            if i % 2
            else {"world_from_camera": torch.linalg.inv(matrix).tolist()}
        )
    back = read_camera(written(tmp_path / "k.json", {"keyframes": keys, "fov_y_deg": 28.0}), *SIZE)
    assert_same(back, camera, atol=2e-3)
    one = read_camera(written(tmp_path / "k.json", {"keyframes": keys[:1]}), *SIZE)
    assert torch.allclose(centres(one), centres(camera)[:1].expand(FRAMES, 3), atol=1e-4)


@pytest.mark.parametrize("number", [1.8461538461538463, 2, 300, 70000, np.float64(2.5).item()])
@pytest.mark.parametrize("protocol", range(6))
def test_a_pickled_number_is_read_without_unpickling(
    tmp_path: Path, number: float, protocol: int
) -> None:
    (tmp_path / "scale.pkl").write_bytes(pickle.dumps(number, protocol=protocol))
    assert read_scale(tmp_path / "scale.pkl") == number


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (self.path.touch, ())


def test_a_pickle_of_anything_else_is_refused_and_never_run(tmp_path: Path) -> None:
    path, crater = tmp_path / "camera_scale.pkl", tmp_path / "crater"
    bodies = [
        pickle.dumps(Bomb(crater)),
        pickle.dumps(np.float64(2)),
        pickle.dumps([1.5]),
        pickle.dumps("1.5"),
        pickle.dumps(-1.0),
        pickle.dumps(0),
        pickle.dumps(float("nan")),
        pickle.dumps(1.5)[:-3],
        b"",
        b"not a pickle",
        pickle.dumps(1.5) + bytes(300),
    ]
    for body in bodies:
        path.write_bytes(body)
        with pytest.raises(InputError, match=r"is not a pickle of one number above 0"):
            read_scale(path)
    assert not crater.exists()
    with pytest.raises(InputError, match=r"is missing; put MVHumanNet's camera_scale.pkl beside"):
        read_scale(tmp_path / "absent.pkl")


def refused(path: Path, match: str, name: str | None = None, frames: int = FRAMES) -> None:
    with pytest.raises(InputError, match=match) as got:
        read_camera(path, frames, WIDTH, HEIGHT, camera_name=name)
    assert "\n" not in str(got.value)
    assert str(got.value).endswith(".")


def broken(**changes: Any) -> dict[str, Any]:
    """Our own file with something else in the third frame."""
    frame = {"K": orbit().K[2].tolist(), "R": orbit().R[2].tolist(), "t": orbit().t[2].tolist()}
    good = {"format": "reimagine cameras", "width": WIDTH, "height": HEIGHT}
    return {**good, "frames": [frame, frame, {**frame, **changes}]}


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"R": (2 * np.eye(3)).tolist()}, "camera number 2 has a rotation that is none"),
        ({"R": np.diag([1.0, 1.0, -1.0]).tolist()}, "camera number 2 has a mirrored rotation"),
        ({"R": np.zeros((3, 3)).tolist()}, "rotation that is none"),
        ({"R": [[1, 0], [0, 1]]}, "R is not 3 x 3 numbers"),
        ({"t": [0.0, float("nan"), 1.0]}, "number 2 has a number that is not finite"),
        ({"t": [0.0, 1.0]}, "t is not 3 numbers"),
        ({"t": ["a", "b", "c"]}, "t is not 3 numbers"),
        ({"t": None}, "t is missing"),
        ({"K": [[-900, 0, 256], [0, 900, 416], [0, 0, 1]]}, "a focal length that is not above 0"),
        ({"K": [[9, 0, 256], [0, 9, 416], [0, 0.1, 1]]}, "last row is not 0 0 1"),
        ({"K": [[0, 0, 256], [0, 0, 416], [0, 0, 1]]}, "a focal length that is not above 0"),
    ],
)
def test_what_is_no_camera_is_refused(tmp_path: Path, changes: dict[str, Any], match: str) -> None:
    refused(written(tmp_path / "c.json", broken(**changes)), match, frames=3)


def test_files_that_are_no_camera_files_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "absent.json", "There is no camera file .*absent.json; check camera")
    for content in (
        "",
        "{",
        "null",
        "[1]",
        "{}",
        '{"a": 1}',
        "[" * 100000,
        "\x00\x01",
        '{"a": {"rotation": 1}, "b": 2}',
    ):
        refused(written(tmp_path / "c.json", content), "expected cameras.json of a run folder")
    (tmp_path / "c.json").write_bytes(b"\xff\xfe\xfa")
    refused(tmp_path / "c.json", "damaged or no camera file")
    (tmp_path / "c.npz").write_bytes(b"PK\x03\x04 and no more")
    refused(tmp_path / "c.npz", "damaged or no camera file")
    refused(
        written(tmp_path / "i.json", {"intrinsics": []}),
        "only intrinsics; give the camera_extrinsics",
    )


def test_broken_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.npz"
    np.savez(path, intrinsic=np.eye(3))
    refused(path, "lacks extrinsic; expected arrays intrinsic and extrinsic")
    np.savez(path, intrinsic=np.eye(3), extrinsic=np.eye(3))
    refused(path, "extrinsic is not 3 x 4 numbers")
    np.savez(path, intrinsic=np.eye(4), extrinsic=np.eye(4))
    refused(path, "intrinsic is not 3 x 3 numbers")
    np.savez(path, intrinsic=np.array([Bomb(tmp_path / "crater")]), extrinsic=np.eye(4))
    refused(path, "damaged or no camera file")
    assert not (tmp_path / "crater").exists()


def test_broken_own_and_nerfstudio_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    refused(written(path, {**broken(), "frames": [1]}), "not a list with K, R and t each")
    refused(written(path, {**broken(), "frames": []}), "holds no camera")
    refused(written(path, {**broken(), "width": 0}), "a picture without a size")
    refused(written(path, {**broken(), "width": None}), "width is missing")
    refused(written(path, broken()), "3 cameras for 7 frames. Give frames 3 or less")
    refused(written(path, broken()), "no camera 'a'; its cameras have no names", name="a")
    content = nerfstudio(orbit())
    refused(written(path, {**content, "frames": [{}]}), "not a list with a transform_matrix each")
    refused(
        written(path, {**content, "frames": [{"transform_matrix": 3}]}),
        "transform_matrix of frame 0 is not 4 x 4",
    )
    refused(
        written(path, {k: v for k, v in content.items() if k != "fl_x"}),
        "neither fl_x nor camera_angle_x",
    )
    refused(written(path, {k: v for k, v in content.items() if k != "w"}), "w is missing")
    refused(
        written(path, content), r"no camera 'z'; expected one of 000.png, 001.png.*\.\.\.", name="z"
    )


def test_broken_colmap_folders_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, "cameras.txt cannot be read; expected a folder with COLMAP's")
    folder = colmap(orbit(), tmp_path)
    good = (folder / "images.txt").read_text()
    written(folder / "images.txt", good.replace(" 1 002.png", " 2 002.png"))
    refused(folder, "a picture's camera is not in cameras.txt")
    written(folder / "images.txt", "1 2 3\n\n")
    refused(folder, "IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME")
    written(folder / "images.txt", "1 0 0 0 0 0 0 0 1 a.png\n\n")
    refused(folder, "a quaternion is not of length 1")
    written(folder / "images.txt", "1 a 0 0 0 0 0 0 1 a.png\n\n")
    refused(folder, "is not 7 numbers")
    written(folder / "images.txt", "# none\n")
    refused(folder, "holds no camera")
    written(folder / "cameras.txt", "1 FISHEYE 10 10 1 1 1 1\n")
    refused(folder, "camera model is FISHEYE; expected a pinhole")
    written(folder / "cameras.txt", "1 PINHOLE 10 10 1\n")
    refused(folder, "camera 1 has 1 parameters; PINHOLE needs 4")


@pytest.mark.parametrize(
    ("keyframes", "match"),
    [
        ([], "keyframes are not a list of places"),
        ({}, "keyframes are not a list of places"),
        ([3], "keyframes are not a list of places"),
        ([{"azimuth_deg": 0}], "radius_m of a keyframe is missing"),
        ([{"azimuth_deg": 0, "radius_m": -1}], "radius_m must be above 0"),
        ([{"azimuth_deg": 0, "radius_m": 1, "elevation_deg": 95}], "elevation_deg from -89 to 89"),
        (
            [{"azimuth_deg": float("nan"), "radius_m": 1}],
            "azimuth_deg of a keyframe is missing or not finite",
        ),
        (
            [{"azimuth_deg": 0, "radius_m": 1, "target": [1, 2]}],
            "target of a keyframe is not 3 numbers",
        ),
        (
            [{"azimuth_deg": 0, "radius_m": 1, "fov_y_deg": 0}],
            "fov_y_deg must lie between 0 and 170",
        ),
        (
            [{"azimuth_deg": 0, "radius_m": 1, "time": 0.5}] * 2,
            "times of keyframes must rise from 0 to 1",
        ),
        ([{"world_from_camera": np.eye(4).tolist()}, {"azimuth_deg": 0}], "give all or none"),
        ([{"world_from_camera": np.ones((4, 4)).tolist()}], "is no rotation and place"),
    ],
)
def test_broken_keyframes_are_refused(tmp_path: Path, keyframes: Any, match: str) -> None:
    refused(written(tmp_path / "k.json", {"keyframes": keyframes}), match)


def test_a_broken_rig_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "camera_extrinsics.json"
    camera = {
        "rotation": np.eye(3).tolist(),
        "translation": [0, 0, 900],
        "focal_length": [9, 9],
        "image_center": [4, 4],
    }
    written(path, {"a": camera})
    refused(path, "camera_scale.pkl is missing")
    (tmp_path / "camera_scale.pkl").write_bytes(pickle.dumps(2.0))
    assert read_camera(path, *SIZE).t[0].tolist() == pytest.approx([0, 0, 1.8])
    refused(written(path, {"a": {**camera, "translation": None}}), "translation of a is missing")
    refused(written(path, {"a": {**camera, "rotation": 5}}), "rotation of a is not 3 x 3 numbers")
    refused(
        written(path, {"a": {"rotation": camera["rotation"], "translation": [0, 0, 9]}}),
        "focal_length of a",
    )
    written(path, {"a": camera})
    written(tmp_path / "camera_intrinsics.json", "{")
    refused(path, "camera_intrinsics.json is damaged")
    written(tmp_path / "camera_intrinsics.json", {"dist": []})
    refused(path, "intrinsics is missing")


CASES = Path(__file__).parent / "cases"


def test_nerfstudio_s_frames_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    content = nerfstudio(orbit())
    for i, frame in enumerate(content["frames"]):
        frame["file_path"] = f"images/frame_{i + 7}.png"
    right = read_camera(written(tmp_path / "sorted.json", content), *SIZE)
    content["frames"] = [content["frames"][i] for i in (3, 6, 0, 5, 1, 4, 2)]
    shuffled = read_camera(written(tmp_path / "shuffled.json", content), *SIZE)
    assert_same(shuffled, right)
    assert_same(right, orbit())


def test_colmap_s_names_may_hold_blanks_and_are_in_order_of_their_numbers(tmp_path: Path) -> None:
    folder = colmap(orbit(), tmp_path / "sparse")
    text = (folder / "images.txt").read_text()
    for i in range(FRAMES):
        text = text.replace(f" {i:03}.png", f" My Photo ({i + 8}).jpg")
    written(folder / "images.txt", text)
    assert_same(read_camera(folder, *SIZE), orbit())
    third = read_camera(folder, 1, WIDTH, HEIGHT, "My Photo (10).jpg")
    assert torch.allclose(third.R[0], orbit().R[2], atol=1e-5)


def test_colmap_s_binary_model_is_read() -> None:
    camera = read_camera(CASES / "colmap_binary", 2, WIDTH, HEIGHT)
    assert torch.allclose(centres(camera), torch.tensor([[0, 0.9, 4], [0.2, 0.9, 4]]), atol=1e-5)
    K = torch.tensor([[500.0, 0, 250], [0, 510, 420], [0, 0, 1]])
    assert torch.allclose(camera.K, K.expand(2, 3, 3))
    one = read_camera(CASES / "colmap_binary" / "images.bin", 1, WIDTH, HEIGHT, "b.png")
    assert torch.allclose(centres(one)[0], torch.tensor([0.2, 0.9, 4]), atol=1e-5)


@pytest.mark.parametrize("name", ["cameras.bin", "images.bin"])
def test_a_binary_model_that_breaks_off_is_refused(tmp_path: Path, name: str) -> None:
    shutil.copytree(CASES / "colmap_binary", tmp_path / "sparse")
    whole = (tmp_path / "sparse" / name).read_bytes()
    (tmp_path / "sparse" / name).write_bytes(whole[:60])
    with pytest.raises(InputError, match=f"{name} breaks off after 60 bytes"):
        read_camera(tmp_path / "sparse", 1, WIDTH, HEIGHT)
    (tmp_path / "sparse" / name).unlink()
    with pytest.raises(InputError, match=r"cannot be read|cameras\.bin is missing"):
        read_camera(tmp_path / "sparse", 1, WIDTH, HEIGHT)


def lens_of(path: Path, kind: str) -> Path:
    """A camera at (0, 0.9, 4) with k1 -0.2 (pycolmap 4.2.1's project_point gives the numbers in the test below)."""
    if kind == "colmap":
        return CASES / "colmap_simple_radial"
    pose = [[1, 0, 0, 0], [0, 1, 0, 0.9], [0, 0, 1, 4], [0, 0, 0, 1]]
    lens = {"w": 512, "h": 832, "fl_x": 500, "cx": 256, "cy": 416, "k1": -0.2}
    frames = [{"file_path": "a.png", "transform_matrix": pose}]
    return written(path, {**lens, "camera_model": "OPENCV", "frames": frames})


@pytest.mark.parametrize("kind", ["colmap", "nerfstudio"])
def test_a_lens_that_bends_lines_is_told_with_what_it_costs(tmp_path: Path, kind: str) -> None:
    camera = read_camera(lens_of(tmp_path / "transforms.json", kind), 1, 512, 832)
    assert len(camera.notes) == 1
    assert "k1 -0.2" in camera.notes[0]
    assert "93 px" in camera.notes[0]
    point = project(camera, torch.tensor([[[0.9, 1.8, 0.5]]]))[0, 0]
    assert torch.allclose(point, torch.tensor([384.57, 287.43]), atol=0.01)
    # What the lens itself would show, by the same numbers.
    x, y = (point - torch.tensor([256.0, 416.0])) / 500
    bent = torch.stack([x, y]) * (1 - 0.2 * (x * x + y * y)) * 500 + torch.tensor([256.0, 416.0])
    assert torch.allclose(bent, torch.tensor([381.17, 290.83]), atol=0.01)


@pytest.mark.parametrize("model", ["OPENCV_FISHEYE", "EQUIRECTANGULAR"])
def test_a_fisheye_is_refused(tmp_path: Path, model: str) -> None:
    path = written(tmp_path / "t.json", {**nerfstudio(orbit()), "camera_model": model})
    with pytest.raises(InputError, match=f"camera model is {model}; expected a pinhole"):
        read_camera(path, *SIZE)


def test_gaussian_splatting_s_cameras_are_read(tmp_path: Path) -> None:
    path = orbit()
    cameras = [
        {
            "id": i,
            "img_name": f"frame_{i + 5}",
            "width": WIDTH,
            "height": HEIGHT,
            "position": centres(path)[i].tolist(),
            "rotation": path.R[i].T.tolist(),
            "fx": float(path.K[i, 0, 0]),
            "fy": float(path.K[i, 1, 1]),
        }
        for i in (4, 2, 6, 0, 1, 5, 3)
    ]
    assert_same(read_camera(written(tmp_path / "cameras.json", cameras), *SIZE), path)
    del cameras[0]["position"]
    with pytest.raises(InputError, match="holds no cameras that we know"):
        read_camera(written(tmp_path / "cameras.json", cameras), *SIZE)


def test_nerf_s_synthetic_cameras_without_size_are_square_and_say_so(tmp_path: Path) -> None:
    content = nerfstudio(orbit())
    bare = {"camera_angle_x": 0.9799, "frames": content["frames"]}
    path = written(tmp_path / "transforms_train.json", bare)
    camera = read_camera(path, FRAMES, 320, 512)
    assert float(camera.K[0, 0, 0]) == pytest.approx(480.0, abs=0.05)
    assert any("taken as square" in note for note in camera.notes)
    (tmp_path / "images").mkdir()
    for frame in content["frames"]:
        cv2.imwrite(str(tmp_path / frame["file_path"]), np.zeros((64, 40, 3), np.uint8))
    beside = read_camera(path, FRAMES, 320, 512)
    assert float(beside.K[0, 0, 0]) == pytest.approx(300.0, abs=0.05)
    assert beside.notes == ()


def test_easymocap_s_yml_is_read(tmp_path: Path) -> None:
    path = orbit()
    intri = cv2.FileStorage(str(tmp_path / "intri.yml"), cv2.FileStorage_WRITE)
    extri = cv2.FileStorage(str(tmp_path / "extri.yml"), cv2.FileStorage_WRITE)
    for storage in (intri, extri):
        storage.startWriteStruct("names", cv2.FileNode_SEQ)
        for i in range(FRAMES):
            storage.write("", f"{i:02}")
        storage.endWriteStruct()
    half = torch.tensor([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    for i in range(FRAMES):
        intri.write(f"K_{i:02}", (path.K[i] - half).numpy().astype(float))
        intri.write(f"dist_{i:02}", np.zeros((1, 5)))
        vector = Rotation.from_matrix(path.R[i].numpy()).as_rotvec()[:, None]
        extri.write(f"R_{i:02}", vector)
        if i % 2:
            extri.write(f"Rot_{i:02}", path.R[i].numpy().astype(float))
        extri.write(f"T_{i:02}", path.t[i].numpy().astype(float)[:, None])
    intri.release()
    extri.release()
    for place in (tmp_path, tmp_path / "extri.yml"):
        fourth = read_camera(place, 1, WIDTH, HEIGHT, "03")
        for field in ("K", "R", "t"):
            assert torch.allclose(getattr(fourth, field)[0], getattr(path, field)[3], atol=1e-4)
    with pytest.raises(InputError, match="7 cameras at once"):
        read_camera(tmp_path, 1, WIDTH, HEIGHT)
    (tmp_path / "intri.yml").write_text("%YAML:1.0\nnothing: 1\n")
    with pytest.raises(InputError, match="K_00 is missing"):
        read_camera(tmp_path, 1, WIDTH, HEIGHT)


def test_what_nerfstudio_turned_is_turned_back(tmp_path: Path) -> None:
    turn = np.array([[1.0, 0, 0, 0.1], [0, 0, 1, 0.2], [0, -1, 0, 0.3]])
    content = nerfstudio(orbit())
    whole = np.vstack([turn, [0, 0, 0, 1]])
    for frame in content["frames"]:
        frame["transform_matrix"] = (whole @ np.array(frame["transform_matrix"])).tolist()
    content["applied_transform"] = turn.tolist()
    assert_same(read_camera(written(tmp_path / "t.json", content), *SIZE), orbit())
    content["applied_transform"] = (turn * 2).tolist()
    with pytest.raises(InputError, match="applied_transform is no rotation"):
        read_camera(written(tmp_path / "t.json", content), *SIZE)
