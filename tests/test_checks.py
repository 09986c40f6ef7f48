from dataclasses import replace
from pathlib import Path

import pytest
import torch

from reimagine.checks import (
    check_heard,
    check_image_model,
    check_keyframes,
    check_refine_source,
    check_refinement,
    check_request,
)
from reimagine.errors import InputError
from reimagine.pictures import write_picture
from reimagine.request import Clip, RefineRequest, Request
from reimagine.settings import ImageModel, Photos, Refinement, View


@pytest.mark.parametrize(
    ("clip", "says"),
    [
        (Clip(seconds=4), "seconds came with motion walk, which goes on"),
        (Clip(seconds=4), "For 4 s give frames 96"),
        (Clip(seconds=2, fps=30, motion="dance"), "For 2 s give frames 60"),
        (Clip(start_s=1), "start_s came with motion walk"),
        (Clip(camera_name="3"), "camera_name came with camera orbit"),
        (Clip(camera="static", view=View(turns=2)), "Give camera orbit, or leave out turns"),
        (Clip(view=View(arc_deg=20)), "arc_deg came with camera orbit"),
        (Clip(camera="arc", view=View(dolly=2)), "Give camera dolly"),
        (Clip(camera="rig.json", view=View(radius_m=2)), "radius_m came with camera rig.json"),
    ],
)
def test_a_flag_of_the_clip_that_nothing_listens_to_is_refused(clip: Clip, says: str):
    with pytest.raises(InputError) as caught:
        check_heard(clip)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_flags_that_are_listened_to_pass(tmp_path: Path):
    motion = tmp_path / "walk.bvh"
    for clip in (
        Clip(),
        Clip(motion=str(motion), seconds=1, start_s=2),
        Clip(camera="rig.json", camera_name="3"),
        Clip(view=View(turns=-2, radius_m=3, margin=0.2)),
        Clip(camera="dolly", view=View(dolly=2, azimuth_deg=90)),
        Clip(loop=True),
    ):
        check_heard(clip)


def test_settings_of_a_model_need_a_model():
    with pytest.raises(InputError, match="prompt came with image atlas") as caught:
        check_image_model("atlas", ImageModel(prompt="a knight"))
    assert "Add image flux-kontext, or leave out prompt." in str(caught.value)
    with pytest.raises(InputError, match=r"refinement\.strength came with refiner flow"):
        check_refinement("flow", Refinement(strength=0.5))
    with pytest.raises(InputError, match=r"refinement\.guard came with refiner none"):
        check_refinement("none", Refinement(guard=False))
    check_image_model("atlas", ImageModel())
    check_image_model("flux-kontext", ImageModel(prompt="a knight"))
    check_image_model("mine:make", ImageModel(steps=3))
    check_refinement("wan", Refinement(strength=0.5))
    check_refinement("flow", Refinement())


@pytest.mark.parametrize("keyframes", [0, -1, 1001])
def test_keyframes_out_of_range_are_refused(keyframes: int):
    with pytest.raises(InputError, match=f"keyframes is {keyframes}; expected a whole number"):
        check_keyframes(keyframes)


def test_what_is_refined_is_what_its_flag_says(tmp_path: Path):
    video = tmp_path / "a.mp4"
    video.write_bytes(b"")
    with pytest.raises(InputError, match=r"is a folder; expected a file.* give frames_dir"):
        check_refine_source(RefineRequest(from_video=str(tmp_path)))
    with pytest.raises(InputError, match=r"is a file; expected a folder.* give from_video"):
        check_refine_source(RefineRequest(frames_dir=str(video)))
    with pytest.raises(InputError, match="fps came with from_video"):
        check_refine_source(RefineRequest(from_video=str(video), fps=30))
    with pytest.raises(InputError, match=r"refinement\.steps came with refiner flow"):
        check_refine_source(RefineRequest(from_video=str(video), refinement=Refinement(steps=3)))
    good = RefineRequest(frames_dir=str(tmp_path), fps=30)
    check_refine_source(good)
    check_refine_source(replace(good, frames_dir=None, fps=24, from_video=str(video)))


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_shade_and_a_sway_are_shares(share):
    with pytest.raises(InputError, match="shade"):
        check_request(Request(photos=Photos(person="alex"), shade=share))
    with pytest.raises(InputError, match="sway"):
        check_request(Request(photos=Photos(person="alex"), sway=share))


def test_what_photos_say_besides_files_is_not_read_as_one(tmp_path: Path):
    front = str(tmp_path / "front.png")
    write_picture(Path(front), torch.zeros(3, 128, 64))
    photos = Photos(front=front, detail=("bun",), matting="grabcut", photo=(front,))
    check_request(Request(photos=photos))
    with pytest.raises(InputError, match=r"There is no picture nowhere\.png"):
        check_request(Request(photos=replace(photos, photo=(front, "nowhere.png"))))
