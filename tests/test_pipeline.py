import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import reimagine
from reimagine.appearance.store import load_person, save_person
from reimagine.apps.score_clips import run_clip
from reimagine.body.readers.read import read_motion
from reimagine.cameras.read import read_camera
from reimagine.errors import InputError
from reimagine.people import with_height
from reimagine.pictures import encode_png, read_picture, write_picture
from reimagine.pipeline import generate, make_normals, make_person, refine_run
from reimagine.progress import Cancelled, Progress
from reimagine.request import Clip, NormalsRequest, PersonRequest, RefineRequest, Request
from reimagine.settings import Photos, View
from reimagine.video import read_video

FRAMES = 6
CLIP = Clip(frames=FRAMES, size="64x96", motion="walk", camera="orbit", device="cpu")


def asked(person: Path, out: Path) -> Request:
    return Request(photos=Photos(person=str(person)), clip=CLIP, out=str(out))


def pictures(folder: Path) -> dict[str, bytes]:
    """All that was made, but for the log and what is not the same in every container."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*.png"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def whole(plain_person: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody stopped."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    result = generate(asked(plain_person, out))
    assert (result.folder, result.frames, result.video) == (out, FRAMES, out / "video.mp4")
    assert result.notes == ("A person made for a test.",)
    return out


def test_a_run_holds_all_that_was_asked_and_made(whole: Path):
    for folder in (
        "frames",
        "refined",
        *(f"conditions/{c}" for c in ("normals", "masks", "depth_mm")),
    ):
        names = [path.name for path in sorted((whole / folder).iterdir())]
        assert names == [f"{frame:06d}.png" for frame in range(FRAMES)]
    rest = {path.name for path in whole.iterdir() if path.is_file()}
    assert {"request.json", "log.txt", "sheet.png", "video.mp4"} <= rest
    assert not list(whole.rglob("*unfinished*"))


def test_the_person_is_in_the_picture_and_not_cut_by_its_border(whole: Path):
    for frame in range(FRAMES):
        alpha = read_picture(whole / f"frames/{frame:06d}.png", least_side=1)[3]
        assert 0.03 < float(alpha.mean()) < 0.6
        border = torch.cat([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
        assert float(border.max()) == 0


def test_final_pictures_lie_over_the_background(whole: Path):
    final = read_picture(whole / "refined/000000.png", least_side=1)
    assert final.shape == (3, 96, 64)
    assert torch.equal(final[:, 0, 0], torch.ones(3))


def test_the_video_shows_the_final_pictures(whole: Path):
    footage = read_video(whole / "video.mp4")
    assert (footage.fps, footage.width, footage.height) == (24.0, 64, 96)
    got = list(footage.pictures)
    assert len(got) == FRAMES
    for frame, picture in enumerate(got):
        final = read_picture(whole / f"refined/{frame:06d}.png", least_side=1)
        assert float((picture - final).abs().mean()) < 0.03


def test_running_again_changes_nothing(whole: Path, plain_person: Path):
    before = {
        path: path.stat().st_mtime_ns for path in whole.rglob("*.*") if path.name != "log.txt"
    }
    generate(asked(plain_person, whole))
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_another_request_for_the_folder_is_refused(whole: Path, plain_person: Path):
    other = replace(asked(plain_person, whole), seed=1)
    with pytest.raises(InputError, match="seed was 43, now 1"):
        generate(other)


def test_a_run_whose_person_has_changed_since_is_not_continued(plain_person: Path, tmp_path: Path):
    person = tmp_path / "person"
    shutil.copytree(plain_person, person)
    again = asked(person, tmp_path / "run")
    generate(replace(again, clip=replace(CLIP, frames=2)))
    save_person(with_height(load_person(person), 1.5), person)
    with pytest.raises(InputError, match="begun with another person than is there now"):
        generate(replace(again, clip=replace(CLIP, frames=2)))


def test_a_run_is_refined_and_scored_the_same_after_person_and_motion_were_moved(
    whole: Path, plain_person: Path, tmp_path: Path
):
    person, motion, run = tmp_path / "person", tmp_path / "mine.npz", tmp_path / "run"
    shutil.copytree(plain_person, person)
    shutil.copy(whole / "conditions/motion.npz", motion)
    clip = replace(CLIP, motion=str(motion), height_m=1.6)
    generate(replace(asked(person, run), clip=clip, refiner="none"))

    def refined_and_seen(name: str) -> tuple[dict[str, bytes], torch.Tensor]:
        out = tmp_path / name
        refine_run(RefineRequest(run=str(run), out=str(out)))
        scored = run_clip(run)
        assert scored.see is not None
        return pictures(out), scored.see(0, FRAMES).verts

    before = refined_and_seen("before")
    shutil.rmtree(person)
    motion.unlink()
    after = refined_and_seen("after")
    assert before[0] == after[0]
    assert torch.equal(before[1], after[1])


def test_who_painted_a_run_can_be_read_by_its_owner_alone(whole: Path):
    kept = [path for path in (whole / "person").iterdir() if path.is_file()]
    assert "photo_0.png" in {path.name for path in kept}
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


def test_masks_and_depth_agree_on_where_the_body_is(whole: Path):
    import cv2

    for frame in range(FRAMES):
        mask = read_picture(whole / f"conditions/masks/{frame:06d}.png", least_side=1)[0].numpy()
        depth = cv2.imread(
            str(whole / f"conditions/depth_mm/{frame:06d}.png"), cv2.IMREAD_UNCHANGED
        )
        assert depth is not None
        assert depth.dtype == np.uint16
        # Coverage is an estimate: a sliver of background at a pixel's centre may round to full.
        assert (depth[mask == 1] > 0).mean() > 0.98
        assert (depth[mask == 0] == 0).all()


def test_motion_and_camera_of_a_run_can_be_given_again(
    whole: Path, plain_person: Path, tmp_path: Path
):
    conditions = whole / "conditions"
    clip = replace(
        CLIP, motion=str(conditions / "motion.npz"), camera=str(conditions / "cameras.json")
    )
    again = replace(asked(plain_person, tmp_path / "again"), clip=clip)
    generate(again)
    for name, data in pictures(whole).items():
        assert pictures(tmp_path / "again")[name] == data, name


@pytest.mark.parametrize("until", ["frames/000001.png", "refined/000002.png", "sheet.png"])
@pytest.mark.timeout(120)
def test_a_killed_run_goes_on_and_ends_the_same_to_the_pixel(
    whole: Path, plain_person: Path, tmp_path: Path, until: str
):
    request = asked(plain_person, tmp_path / "killed")
    code = (
        "import sys, time\n"
        "from reimagine import generate, Progress\n"
        "from reimagine.request import *\n"
        "from reimagine.settings import *\n"
        # One picture at a time, slowly, so that the kill comes in the middle.
        "slow = Progress(on_step=lambda *_: time.sleep(0.3))\n"
        "import reimagine.film as film; film._CHUNK_FRAMES = 1\n"
        f"generate({request!r}, slow)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        stop = time.monotonic() + 90
        while not (tmp_path / "killed" / until).exists() and time.monotonic() < stop:
            assert process.poll() is None, "it came to its end before it could be killed"
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    assert not (tmp_path / "killed" / "video.mp4").exists()
    generate(request)
    assert pictures(tmp_path / "killed") == pictures(whole)
    assert (tmp_path / "killed" / "video.mp4").exists()


@pytest.mark.parametrize("stage", ["painting", "steadying", "video"])
def test_ctrl_c_in_any_stage_leaves_a_run_that_goes_on(
    whole: Path, plain_person: Path, tmp_path: Path, stage: str
):
    def step(name: str, _done: int, _total: int) -> None:
        if name == stage:
            raise KeyboardInterrupt

    request = asked(plain_person, tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        generate(request, Progress(on_step=step))
    generate(request)
    assert pictures(tmp_path / "stopped") == pictures(whole)


def test_who_follows_the_work_can_stop_it_and_the_run_goes_on_later(
    whole: Path, plain_person: Path, tmp_path: Path
):
    request = asked(plain_person, tmp_path / "stopped")
    for stage in ("painting", "steadying", "video"):
        with pytest.raises(Cancelled, match=f"stopped in {stage}"):
            generate(request, Progress(on_step=lambda name, *_, stage=stage: name != stage))
        assert "stopped by its caller" in (tmp_path / "stopped/log.txt").read_text()
    generate(request)
    assert pictures(tmp_path / "stopped") == pictures(whole)


def test_transparent_pictures_keep_their_alpha_into_the_video(plain_person: Path, tmp_path: Path):
    request = replace(asked(plain_person, tmp_path / "run"), background="transparent", video="webm")
    result = generate(request)
    assert result.video is not None
    first = next(read_video(result.video).pictures)
    assert first.shape == (4, 96, 64)
    assert (float(first[3, 0, 0]), float(first[3].max())) == pytest.approx((0, 1), abs=0.05)


def test_the_background_can_be_a_colour_or_a_picture(plain_person: Path, tmp_path: Path):
    write_picture(
        tmp_path / "sky.png", torch.tensor([0.0, 1.0, 1.0])[:, None, None].expand(3, 70, 70)
    )
    for name, corner in (("#ff0000", [1, 0, 0]), (str(tmp_path / "sky.png"), [0, 1, 1])):
        out = tmp_path / f"run{corner[0]}"
        request = replace(asked(plain_person, out), background=name, clip=replace(CLIP, frames=1))
        generate(replace(request, video="png"))
        final = read_picture(out / "refined/000000.png", least_side=1)
        assert final[:, 0, 0].tolist() == corner


def test_normals_stand_beside_the_pictures(plain_person: Path, tmp_path: Path):
    request = replace(asked(plain_person, tmp_path / "run"), side_by_side=True)
    result = generate(replace(request, clip=replace(CLIP, frames=2)))
    assert result.video is not None
    assert read_video(result.video).width == 128


def test_normals_need_no_person(tmp_path: Path):
    result = make_normals(NormalsRequest(clip=replace(CLIP, frames=2), out=str(tmp_path / "n")))
    assert result.video == tmp_path / "n" / "video.mp4"
    camera = read_camera(tmp_path / "n/conditions/cameras.json", 2, 64, 96)
    assert len(camera) == 2
    assert len(read_motion(tmp_path / "n/conditions/motion.npz").poses) == 2
    assert not (tmp_path / "n" / "frames").exists()


def test_an_overlay_shows_the_photo_around_the_body(whole: Path, tmp_path: Path):
    write_picture(tmp_path / "photo.png", torch.full((3, 192, 128), 0.25))
    clip = replace(CLIP, camera=str(whole / "conditions/cameras.json"), frames=1)
    request = NormalsRequest(
        clip=clip, out=str(tmp_path / "n"), overlay=str(tmp_path / "photo.png")
    )
    make_normals(request)
    overlay = read_picture(tmp_path / "n/overlay.png", least_side=1)
    mask = read_picture(tmp_path / "n/conditions/masks/000000.png", least_side=1)[0]
    assert overlay.shape == (3, 96, 64)
    assert torch.allclose(overlay[:, mask == 0], torch.tensor(64 / 255))
    assert float((overlay[:, mask == 1] - 0.25).abs().mean()) > 0.1


def test_an_earlier_run_is_steadied_in_another_way_and_stays_as_it_is(whole: Path, tmp_path: Path):
    before = pictures(whole)
    result = refine_run(RefineRequest(run=str(whole), refiner="none", out=str(tmp_path / "none")))
    assert result.folder == tmp_path / "none"
    assert pictures(whole) == before
    painted = read_picture(whole / "frames/000003.png", least_side=1)
    final = read_picture(tmp_path / "none/refined/000003.png", least_side=1)
    shown = painted[:3] * painted[3:] + (1 - painted[3:])
    assert float((final - shown).abs().max()) <= 1 / 255


def test_refining_the_same_way_gives_the_same_pictures(whole: Path, tmp_path: Path):
    refine_run(RefineRequest(run=str(whole), out=str(tmp_path / "flow")))
    again, first = pictures(tmp_path / "flow"), pictures(whole)
    assert {n: d for n, d in first.items() if n.startswith("refined")} == {
        n: d for n, d in again.items() if n.startswith("refined")
    }


def test_a_run_that_is_not_painted_to_its_end_is_not_refined(whole: Path, tmp_path: Path):
    half = tmp_path / "half"
    (half / "frames").mkdir(parents=True)
    (half / "request.json").write_bytes((whole / "request.json").read_bytes())
    with pytest.raises(InputError, match="has 0 of 6 frames"):
        refine_run(RefineRequest(run=str(half)))


@pytest.mark.parametrize("flag", ["motion", "camera", "overlay"])
def test_a_file_that_cannot_be_read_is_refused_before_anything_is_made(
    whole: Path, tmp_path: Path, flag: str
):
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    files = {"camera": str(whole / "conditions/cameras.json"), flag: str(bad)}
    overlay = files.pop("overlay", None)
    request = NormalsRequest(
        clip=replace(CLIP, **files), overlay=overlay, out=str(tmp_path / "run")
    )
    with pytest.raises(InputError, match=r"bad\.json") as caught:
        make_normals(request)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_folder_for_a_person_is_tried_before_the_photos_are_fitted(
    plain_person: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").write_text("here already")
    monkeypatch.setattr("reimagine.pipeline.find_person", pytest.fail)
    request = PersonRequest(photos=Photos(person=str(plain_person)), out=str(tmp_path / "file"))
    with pytest.raises(InputError, match="Give another out"):
        make_person(request)


def test_what_is_no_run_is_not_refined(tmp_path: Path):
    with pytest.raises(InputError, match="is no run folder"):
        refine_run(RefineRequest(run=str(tmp_path)))


def test_a_stored_person_can_be_stored_elsewhere(plain_person: Path, tmp_path: Path):
    made = make_person(
        PersonRequest(photos=Photos(person=str(plain_person)), out=str(tmp_path / "p"))
    )
    assert made.notes == ("A person made for a test.",)
    assert (tmp_path / "p" / "person.json").is_file()


def test_the_height_that_is_asked_for_is_the_height_that_is_shown(
    plain_person: Path, tmp_path: Path
):
    def tall(metres: float) -> float:
        out = tmp_path / str(metres)
        clip = replace(CLIP, frames=1, motion="apose", camera="static", height_m=metres)
        clip = replace(clip, view=View(radius_m=6.0))
        generate(replace(asked(plain_person, out), clip=clip, video="png"))
        alpha = read_picture(out / "frames/000000.png", least_side=1)[3]
        return float(alpha.amax(1).sum())

    assert tall(1.9) / tall(1.5) == pytest.approx(1.9 / 1.5, rel=0.05)


def test_a_person_can_stand_on_smplx_and_looks_the_same(
    whole: Path, plain_person: Path, smplx_file: Path, tmp_path: Path
):
    clip = replace(CLIP, body="smplx", body_model=str(smplx_file))
    generate(replace(asked(plain_person, tmp_path / "run"), clip=clip))
    other = read_picture(tmp_path / "run/conditions/masks/000000.png", least_side=1)[0]
    assert not torch.equal(
        read_picture(whole / "conditions/masks/000000.png", least_side=1)[0], other
    )
    for frame in range(FRAMES):
        mask, alpha, own = (
            read_picture(folder / f"{frame:06d}.png", least_side=1)[-1] > 0.5
            for folder in (
                tmp_path / "run/conditions/masks",
                tmp_path / "run/frames",
                whole / "frames",
            )
        )
        assert float((mask & alpha).sum() / (mask | alpha).sum()) > 0.8
        assert float((own & alpha).sum() / (own | alpha).sum()) > 0.8


def test_a_damaged_body_model_is_refused_before_a_person_is_made(
    plain_person: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "m.npz").write_bytes(b"PK but no zip")
    monkeypatch.setattr("reimagine.people.find_person", pytest.fail)
    clip = replace(CLIP, body="smplx", body_model=str(tmp_path / "m.npz"))
    with pytest.raises(InputError, match=r"m\.npz is a damaged"):
        generate(replace(asked(plain_person, tmp_path / "run"), clip=clip))


def good(person: Path, tmp_path: Path) -> Request:
    return asked(person, tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"frames": 0}, "frames is 0"),
        ({"frames": 10**9}, "expected 1 to 200000"),
        ({"start_s": float("nan")}, "start_s is nan"),
        ({"seconds": float("inf")}, "seconds is inf"),
        ({"motion": ""}, "motion is ''"),
        ({"camera": ""}, "camera is ''"),
        ({"size": "\uff16\uff14x96"}, "expected WIDTHxHEIGHT"),
        ({"view": View(margin=0.6)}, "margin is 0.6"),
        ({"view": View(turns=float("inf"))}, "turns is inf; expected a number. Give"),
        ({"fps": 0.0}, "fps is 0"),
        ({"seconds": 0.0}, "seconds is 0"),
        ({"size": "64"}, "size is '64'"),
        ({"size": "4x4"}, "size is '4x4'"),
        ({"height_m": 17.0}, "height_m is 17"),
        ({"device": "gpu"}, "device is 'gpu'"),
        ({"motion": "wlak"}, "Did you mean walk"),
        ({"motion": "clips/walk.npz"}, "there is no file clips/walk.npz"),
        ({"camera": "orbt"}, "Did you mean orbit"),
        ({"camera": "rig.json"}, "there is no file rig.json"),
        ({"body": "smpl"}, "Did you mean smplx"),
        ({"body": "smplx"}, "body_model SMPLX_NEUTRAL.npz"),
        ({"body": "smplx", "body_model": "m.npz"}, "m.npz: there is no such file"),
        ({"body_model": "m.npz"}, "Give body smplx"),
    ],
)
def test_a_clip_that_cannot_be_is_refused_before_anything_is_made(
    plain_person: Path, tmp_path: Path, change: dict[str, object], says: str
):
    request = good(plain_person, tmp_path)
    clip = Clip(**{**{n: getattr(CLIP, n) for n in ("frames", "size", "device")}, **change})  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError) as caught:
        generate(replace(request, clip=clip))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"image": "altas"}, "Did you mean atlas"),
        ({"gender": 1.0}, "gender came together with person, who is made already"),
        ({"refiner": "flwo"}, "Did you mean flow"),
        ({"refiner": "os:getcwd"}, "is no function of (device, settings)"),
        ({"photos": Photos(front="nowhere.jpg")}, "There is no picture nowhere.jpg"),
        ({"video": "gif"}, "expected one of mp4, webm"),
        ({"background": "transparent"}, "video webm"),
        ({"background": "blueish"}, "background is 'blueish'"),
        ({"background": "#12"}, "background is '#12'"),
        ({"overlay": "photo.jpg"}, "camera FILE"),
        ({"photos": Photos()}, "person alex"),
        ({"photos": Photos(person="alxe")}, "Did you mean alex"),
        ({"photos": Photos(person="alex", front="a.jpg")}, "together with front"),
        ({"photos": Photos(back="a.jpg")}, "only back"),
    ],
)
def test_a_request_that_cannot_be_is_refused_before_anything_is_made(
    plain_person: Path, tmp_path: Path, change: dict[str, object], says: str
):
    with pytest.raises(InputError) as caught:
        generate(replace(good(plain_person, tmp_path), **change))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_size_that_the_backend_cannot_paint_is_refused_with_one_that_it_can(
    plain_person: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from reimagine.frames.backends.atlas import Atlas

    def load(_name: str, device: str, _settings: object) -> Atlas:
        return Atlas(device=device, multiple=16)

    monkeypatch.setattr("reimagine.pipeline.load_backend", load)
    clip = replace(CLIP, size="100x200")
    with pytest.raises(InputError, match="size 96x192"):
        generate(replace(good(plain_person, tmp_path), clip=clip))


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
def test_cuda_is_refused_where_there_is_none(plain_person: Path, tmp_path: Path):
    clip = replace(CLIP, device="cuda")
    with pytest.raises(InputError, match="device cpu"):
        generate(replace(good(plain_person, tmp_path), clip=clip))


def test_a_motion_that_is_too_short_is_looped_when_asked_and_refused_otherwise(
    whole: Path, tmp_path: Path
):
    motion = str(whole / "conditions" / "motion.npz")
    clip = replace(CLIP, motion=motion, frames=2 * FRAMES, size="32x48")
    with pytest.raises(InputError, match="loop"):
        make_normals(NormalsRequest(clip=clip, out=str(tmp_path / "a"), video="png"))
    with pytest.raises(InputError, match="frames 2, or loop"):
        make_normals(
            NormalsRequest(clip=replace(clip, seconds=0.1), out=str(tmp_path / "b"), video="png")
        )
    looped = NormalsRequest(clip=replace(clip, loop=True), out=str(tmp_path / "c"), video="png")
    assert make_normals(looped).frames == 2 * FRAMES


def test_the_first_look_says_how_long_it_takes(
    plain_person: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    lines: list[str] = []
    monkeypatch.setattr("reimagine.film._CHUNK_FRAMES", 2)
    generate(good(plain_person, tmp_path), Progress(say=lines.append))
    assert lines[0].startswith(
        "6 frames of 64x96 at 24 per second, image atlas, refiner flow on cpu"
    )
    assert any("s to go" in line for line in lines)


def test_the_api_is_one_import():
    for name in ("generate", "Request", "Clip", "Photos", "View", "InputError", "make_normals"):
        assert getattr(reimagine, name).__name__ == name
        assert name in dir(reimagine)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = reimagine.nothing


def test_encoding_is_what_the_resume_relies_on():
    generator = torch.Generator().manual_seed(0)
    picture = torch.rand(4, 20, 30, generator=generator)
    assert encode_png(picture) == encode_png(picture.clone())


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda pictures: pictures[:, :3], "painted .*expected .frames 4 height width"),
        (lambda pictures: pictures * torch.nan, "frame 0 came out .*NaN"),
    ],
)
def test_what_is_no_picture_is_refused_and_nothing_of_it_kept(
    plain_person: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: object, says: str
):
    from reimagine.frames.backends.atlas import Atlas

    paint = Atlas.paint
    monkeypatch.setattr(Atlas, "paint", lambda *given: spoil(paint(*given)))  # pyright: ignore[reportCallIssue]
    with pytest.raises(InputError, match=says):
        generate(good(plain_person, tmp_path))
    assert not list((tmp_path / "run").glob("frames/*.png"))
