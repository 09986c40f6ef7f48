import dataclasses
import json
import re
from functools import cache
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
import torch

from reimagine.errors import InputError
from reimagine.pictures import over
from reimagine.render.view import view_mesh
from reimagine.scores.clip import Clip
from reimagine.scores.control import Control
from reimagine.scores.figures import Interval
from reimagine.scores.measure import marked, score_clip
from reimagine.scores.page import page, worst_frames
from reimagine.scores.report import markdown, number, pool, printable, scores_json


@pytest.fixture(scope="module")
def clip(ball):
    """Four frames of the turning ball, noisy, and the same blurred."""

    def see(start, stop):
        assert stop == start + 1, "memory stays flat: one frame at a time"
        return ball.seen(2.0 * start)

    def anchor(frame):
        return ball.picture(ball.seen(2.0 * frame))

    def painted(frame):
        generator = torch.Generator().manual_seed(frame)
        noise = 0.05 * torch.randn(3, 160, 160, generator=generator)
        picture = anchor(frame)
        return torch.cat([(picture[:3] + noise).clamp(0, 1), picture[3:]])

    def refined(frame):
        pixels = painted(frame)[:3].permute(1, 2, 0).numpy()
        blurred = torch.from_numpy(cv2.GaussianBlur(pixels, (0, 0), 1.2)).permute(2, 0, 1)
        return torch.cat([blurred, painted(frame)[3:]])

    joints = torch.tensor([[0.1, 0.1, -0.45], [-0.2, 0.0, -0.42], [0.0, -0.2, -0.42]])
    return Clip(
        name="ball",
        frames=4,
        fps=2.0,
        painted=painted,
        refined=refined,
        see=see,
        anchor=anchor,
        joints=lambda _: joints,
    )


@pytest.fixture(scope="module")
def scores(clip):
    return score_clip(clip)


def test_blur_lowers_warping_error_and_sharpness_together(scores):
    assert scores.figures["warping_error.change"].mean < -0.5
    assert scores.figures["sharpness.change"].mean < -0.5


def test_change_is_the_ratio_of_the_stages(scores):
    ratio = (
        scores.figures["warping_error.refined"].mean / scores.figures["warping_error.frames"].mean
    )
    assert scores.figures["warping_error.change"].mean == pytest.approx(ratio - 1)


def test_the_file_holds_the_promised_figures(scores):
    held = json.loads(scores_json(scores, versions={"reimagine": "1"}))
    for name in (
        "warping_error.frames",
        "warping_error.refined",
        "sharpness.frames",
        "sharpness.refined",
        "control.displacement_mm",
        "control.view_deg",
        "control.silhouette_iou",
    ):
        group, leaf = name.split(".")
        assert {"mean", "p95", "interval", "unit"} <= held[group][leaf].keys()
        assert len(held[group][leaf]["interval"]) == 2
        assert held[group][leaf]["mean"] is not None
    assert held["schema"] == "reimagine.scores/1"
    assert held["control"]["silhouette_iou"]["mean"] == 1.0


def test_equal_arguments_give_equal_files(clip, scores):
    again = score_clip(clip)
    assert scores_json(again, versions={}) == scores_json(scores, versions={})


def _over(clip, behind, shift=0):
    """The clip whose refined pictures lie over a background, moved aside by so many pixels."""

    def refined(frame):
        return over(torch.roll(clip.painted(frame), shift, dims=2), behind)

    return dataclasses.replace(clip, refined=refined, behind=behind)


@pytest.mark.parametrize("shift", [0, 9, 25])
def test_the_silhouette_of_refined_pictures_is_measured_in_them(clip, shift):
    behind = torch.tensor([0.1, 0.9, 0.2])[:, None, None]
    mask = clip.painted(0)[3] > 0.5
    moved = torch.roll(mask, shift, dims=1)
    true = float((mask & moved).sum() / (mask | moved).sum())
    got = score_clip(_over(clip, behind, shift))
    assert got.figures["control.silhouette_iou"].mean == pytest.approx(true, abs=0.015)
    assert not got.notes


def test_a_silhouette_that_cannot_be_told_is_not_measured_and_said_so(clip):
    unknown = dataclasses.replace(
        _over(clip, torch.tensor([0.1, 0.9, 0.2])[:, None, None]), behind=None
    )
    got = score_clip(unknown)
    assert np.isnan(got.figures["control.silhouette_iou"].mean)
    assert "The silhouette of the refined pictures could not be measured" in got.notes[0]


def test_the_page_needs_nothing_beside_it(clip, scores):
    show = cache(clip.refined)
    text = page([scores, scores], [show, show])
    assert text.count("<svg") >= 5
    assert "data:image/jpeg;base64," in text
    assert "http" not in text
    assert 'src="data' in text


def test_the_worst_frames_are_shown_first(scores):
    one = dataclasses.replace(
        scores.figures["control.view_deg"], values=(1.0, float("nan"), 9.0, 3.0)
    )
    assert worst_frames(one) == [2, 3, 0]
    assert worst_frames(dataclasses.replace(one, better="higher")) == [0, 3, 2]


NAMES = (
    "<script>x</script>",
    "<!--<script>",
    '" onload="x',
    "a | b",
    "*bold* `code` [link](x) ![picture](x) _low_ ~~gone~~ $x$ &amp; \\",
    "two\nlines\r\x1b[31m\u202e\u2028",
    b"bytes \xff".decode("utf-8", "surrogateescape"),
)


class _Text(HTMLParser):
    """What a page shows, and of which tags it is made."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.shown.append(data)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_letter_by_letter_in_the_page(clip, scores, name):
    plain, named = _Text(), _Text()
    for reader, one in ((plain, scores), (named, dataclasses.replace(scores, name=name))):
        text = page([one], [cache(clip.refined)])
        reader.feed(text.encode().decode())
    assert named.tags == plain.tags
    assert named.attributes == plain.attributes
    assert printable(name) in "".join(named.shown)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_letter_by_letter_in_the_table(scores, name):
    text = markdown([dataclasses.replace(scores, name=name)])
    text.encode()
    head, line = text.splitlines()[:2]
    cells = re.split(r"(?<!\\)(?:\\\\)*\|", head)
    assert len(cells) == line.count("|") + 1
    marks = re.sub(r"\\[!-/:-@\[-`{-~]", "", cells[4])
    assert not set(marks) & set("<>`*_[]|\\&~$!")
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", head).find(printable(name)) > 0


def test_a_gain_that_comes_with_blur_is_marked_in_the_file_the_table_and_the_page(scores):
    one = scores.figures["warping_error.change"]
    less = -100 * scores.figures["sharpness.change"].mean
    assert one.warning.startswith(f"comes with {less:.0f} % less sharpness")
    assert not scores.figures["warping_error.refined"].warning
    held = json.loads(scores_json(scores, versions={}))
    assert held["warping_error"]["change"]["warning"] == one.warning
    assert f"{100 * one.mean:+.1f} (!)" in markdown([scores])
    assert f"(!) {one.warning}" in page([scores], [None])
    sharp = {**scores.figures}
    sharp["sharpness.change"] = dataclasses.replace(sharp["sharpness.change"], mean=-0.05)
    sharp["warping_error.change"] = dataclasses.replace(one, warning="")
    assert not marked(sharp)["warping_error.change"].warning


def test_where_there_is_no_interval_the_reason_is_told(scores):
    reason = "it takes at least 40 frames that can be measured, and there are 3"
    held = json.loads(scores_json(scores, versions={}))
    assert held["warping_error"]["frames"]["interval"] == [None, None]
    assert held["warping_error"]["frames"]["no_interval"] == reason
    assert f"No interval: {reason}" in markdown([scores])
    assert f"No interval: {reason}" in page([scores], [None])


def test_joints_that_were_not_found_again_are_said_to_be_and_make_the_mean_doubtful(
    clip, monkeypatch
):
    def lose_one(*_):
        mm, lost = np.array([1.0, np.nan, np.nan]), np.array([False, True, False])
        return Control(joints_mm=mm, lost=lost, view_deg=0.0)

    monkeypatch.setattr("reimagine.scores.rows.control", lose_one)
    got = score_clip(clip)
    assert got.figures["control.joints_found"].mean == 0.5
    assert got.figures["control.displacement_mm"].warning == (
        "50 % of the joints in sight were not found again, and may be far off"
    )
    assert json.loads(scores_json(got, versions={}))["control"]["joints_mm"] == {
        "pelvis": 1.0,
        "left_hip": None,
    }
    assert "<td>left_hip<td class=n>not found" in page([got], [None])
    assert np.isnan(pool([got, got, got], name="three").joints_mm["left_hip"])


def test_a_change_is_shown_in_per_cent_with_its_sign(scores):
    half = dataclasses.replace(
        scores.figures["warping_error.change"],
        mean=-0.5,
        interval=Interval(low=-0.6, high=-0.00001),
        p95=0.25,
        warning="",
    )
    shown = dataclasses.replace(scores, figures={"warping_error.change": half})
    assert markdown([shown]).splitlines()[2].endswith("| % | lower | -50.0 [-60.0, +0.0] |")
    text = page([shown], [None])
    assert "Warping error, change by refinement" in text
    assert ">+25.0<" in text


def test_where_the_painting_is_the_anchor_the_control_figures_say_so(clip, scores):
    assert not scores.notes
    own = dataclasses.replace(clip, anchor=clip.painted)
    assert "show what the refiner moved" in score_clip(own).notes[0]


def test_several_clips_have_an_interval_over_clips(scores):
    steadier = dataclasses.replace(
        scores,
        figures={
            name: dataclasses.replace(one, mean=one.mean / 2)
            for name, one in scores.figures.items()
        },
    )
    three = pool([scores, steadier, scores], name="three")
    one = three.figures["warping_error.frames"]
    assert one.mean == pytest.approx(scores.figures["warping_error.frames"].mean * 5 / 6)
    assert one.interval.low < one.mean < one.interval.high
    assert three.clips == 3


def test_the_table_has_a_column_a_run(scores):
    lines = markdown([scores, scores]).partition("\n\n")[0].splitlines()
    assert lines[0].count("| ball") == 2
    assert all(line.count("|") == 6 for line in lines)


def test_a_video_alone_is_measured_along_optical_flow_and_says_what_is_missing(clip):
    bare = dataclasses.replace(clip, see=None, anchor=None, joints=None, refined=None)
    got = score_clip(bare)
    assert got.figures["warping_error_optical.frames"].mean > 0
    assert "warping_error.frames" not in got.figures
    assert "`conditions`" in got.notes[0]


def test_one_frame_is_refused(clip):
    with pytest.raises(InputError, match="has 1 frame; expected at least 2"):
        score_clip(dataclasses.replace(clip, frames=1))


def test_pictures_of_another_size_are_refused(clip):
    small = dataclasses.replace(clip, refined=lambda _: torch.zeros(4, 80, 80))
    with pytest.raises(InputError, match="160x160 and its refined pictures 80x80"):
        score_clip(small)


def test_geometry_of_another_size_is_refused(clip):
    small = dataclasses.replace(
        clip, painted=lambda _: torch.ones(4, 80, 80), refined=None, anchor=None
    )
    with pytest.raises(InputError, match="pictures are 80x80 and its camera's 160x160"):
        score_clip(small)


def test_a_size_that_changes_within_the_clip_is_refused(clip):
    odd = dataclasses.replace(
        clip, painted=lambda i: clip.painted(i) if i < 2 else torch.ones(4, 80, 80), refined=None
    )
    with pytest.raises(InputError, match="frame 2 are not all 80x80"):
        score_clip(odd)


def test_an_empty_mask_is_refused(clip):
    empty = dataclasses.replace(clip, painted=lambda _: torch.zeros(4, 160, 160))
    with pytest.raises(InputError, match="frame 0 shows nobody"):
        score_clip(empty)


def test_conditions_that_are_not_finite_are_refused(clip, ball):
    verts = ball.verts[None].clone()
    verts[0, 7] = float("nan")
    broken = dataclasses.replace(clip, see=lambda *_: view_mesh(verts, ball.faces, ball.camera()))
    with pytest.raises(InputError, match="NaN or infinite"):
        score_clip(broken)


def test_numbers_that_do_not_exist_are_null(scores):
    one = dataclasses.replace(scores.figures["control.view_deg"], mean=np.nan, values=(np.nan,))
    text = scores_json(dataclasses.replace(scores, figures={"control.view_deg": one}), versions={})
    assert json.loads(text)["control"]["view_deg"]["mean"] is None


def test_numbers_have_three_digits_and_thousands_are_in_full():
    assert [number(v) for v in (1163.7, 27.23, 0.00012345, np.nan)] == [
        "1164",
        "27.2",
        "0.000123",
        "-",
    ]
