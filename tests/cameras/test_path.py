"""Laws of the cameras that we make."""

import math

import pytest
import torch
from torch import Tensor

from reimagine.cameras.path import MADE_CAMERAS, focal_pixels, make_camera
from reimagine.cameras.project import centres, project
from reimagine.errors import InputError
from reimagine.records import CameraPath
from reimagine.settings import View

WIDTH, HEIGHT = 512, 832


def person(frames: int, travel_m: float = 0.0) -> Tensor:
    """Corners of a box as big as a person who sways, and walks this far along +Z."""
    corner = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 3)
    box = corner * torch.tensor([0.45, 0.85, 0.2]) + torch.tensor([0.0, 0.85, 0.0])
    time = torch.arange(frames) / max(frames - 1, 1)
    sway = 0.03 * torch.sin(12.6 * time)
    shift = torch.stack([sway, torch.zeros_like(time), travel_m * time], -1)
    return box + shift[:, None]


def made(
    name: str, view: View | None = None, travel_m: float = 0.0, frames: int = 24
) -> CameraPath:
    return make_camera(name, view or View(), person(frames, travel_m), WIDTH, HEIGHT)


@pytest.mark.parametrize("travel_m", [0.0, 3.0])
@pytest.mark.parametrize("name", MADE_CAMERAS)
def test_the_whole_person_stays_within_the_margins_in_every_frame(
    name: str, travel_m: float
) -> None:
    camera = made(name, travel_m=travel_m)
    pixels = project(camera, person(24, travel_m))
    share = pixels / torch.tensor([WIDTH, HEIGHT])
    assert float(share.min()) >= 0.08 - 1e-4
    assert float(share.max()) <= 0.92 + 1e-4


@pytest.mark.parametrize("name", MADE_CAMERAS)
def test_the_margin_is_used_up_somewhere(name: str) -> None:
    share = project(made(name), person(24)) / torch.tensor([WIDTH, HEIGHT])
    assert min(float(share.min()), 1 - float(share.max())) == pytest.approx(0.08, abs=1e-3)


@pytest.mark.parametrize("size", [(512, 832), (832, 512), (64, 64)])
def test_any_shape_of_picture_holds_the_person(size: tuple[int, int]) -> None:
    camera = make_camera("orbit", View(margin=0.2), person(8), *size)
    share = project(camera, person(8)) / torch.tensor(size)
    assert float(share.min()) >= 0.2 - 1e-4
    assert float(share.max()) <= 0.8 + 1e-4


@pytest.mark.parametrize("name", MADE_CAMERAS)
def test_rotations_are_rotations_and_the_picture_is_upright(name: str) -> None:
    camera = made(name, View(elevation_deg=30.0, azimuth_deg=70.0))
    gram = camera.R @ camera.R.transpose(1, 2)
    assert torch.allclose(gram, torch.eye(3).expand_as(gram), atol=1e-5)
    assert torch.allclose(torch.linalg.det(camera.R), torch.ones(24), atol=1e-5)
    assert float(camera.R[:, 0, 1].abs().max()) < 1e-6
    assert (camera.R[:, 1, 1] < 0).all()


def test_the_middle_of_a_person_on_the_spot_stays_in_the_middle_of_the_picture() -> None:
    camera = made("orbit")
    low, high = person(24).amin((0, 1)), person(24).amax((0, 1))
    pixels = project(camera, ((low + high) / 2).expand(24, 1, 3))[:, 0]
    assert torch.allclose(pixels, torch.tensor([256.0, 416.0]).expand(24, 2), atol=1e-2)


def test_an_orbit_passes_front_right_back_left_and_stops_one_step_before_it_closes() -> None:
    camera = made("orbit", View(elevation_deg=0.0))
    target = person(24).amin((0, 1)).add(person(24).amax((0, 1))) / 2
    towards = torch.nn.functional.normalize(centres(camera) - target, dim=-1)
    # The person's right is -X.
    for frame, direction in ((0, (0, 0, 1)), (6, (-1, 0, 0)), (12, (0, 0, -1)), (18, (1, 0, 0))):
        assert torch.allclose(towards[frame], torch.tensor(direction).float(), atol=1e-4)
    steps = (towards * towards.roll(-1, 0)).sum(-1)
    assert torch.allclose(steps, steps[:1].expand(24), atol=1e-5)


def test_seen_from_the_front_the_persons_left_is_on_the_right_of_the_picture() -> None:
    left = project(made("static"), torch.tensor([[[0.4, 1.0, 0.0]]]).expand(24, 1, 3))
    assert (left[..., 0] > WIDTH / 2).all()


def test_negative_turns_go_the_other_way() -> None:
    forth = centres(made("orbit", View(turns=0.5)))
    back = centres(made("orbit", View(turns=-0.5)))
    assert torch.allclose(forth[:, 2], back[:, 2], atol=2e-2)
    assert float(forth[12, 0]) < -1 < 1 < float(back[12, 0])


def test_an_orbit_keeps_a_walking_person_as_large_as_a_standing_one() -> None:
    def height(camera: CameraPath, travel_m: float) -> Tensor:
        rows = project(camera, person(24, travel_m))[..., 1]
        return rows.amax(1) - rows.amin(1)

    walking, standing = height(made("orbit", travel_m=4.0), 4.0), height(made("orbit"), 0.0)
    assert float((walking / standing).min()) > 0.85


def test_follow_keeps_the_person_in_place_while_static_lets_them_walk() -> None:
    view = View(azimuth_deg=90.0)
    middle = person(24, 4.0).mean(1, keepdim=True)
    followed = project(made("follow", view, travel_m=4.0), middle)[:, 0, 0]
    watched = project(made("static", view, travel_m=4.0), middle)[:, 0, 0]
    assert float((followed - WIDTH / 2).abs().max()) < 0.05 * WIDTH
    assert float(watched.max() - watched.min()) > 0.4 * WIDTH
    still = centres(made("static", view, travel_m=4.0))
    assert torch.equal(still, still[:1].expand_as(still))


def test_an_arc_swings_by_half_to_each_side_and_returns() -> None:
    place = centres(made("arc", View(elevation_deg=0.0, arc_deg=80.0)))
    azimuth = torch.rad2deg(torch.atan2(-place[:, 0], place[:, 2]))
    assert float(azimuth[0]) == pytest.approx(0, abs=0.2)
    assert float(azimuth.max()) == pytest.approx(40, abs=0.3)
    assert float(azimuth.min()) == pytest.approx(-40, abs=0.3)


@pytest.mark.parametrize("share", [0.6, 1.5])
def test_a_dolly_ends_at_its_share_of_the_first_distance(share: float) -> None:
    target = person(24).amin((0, 1)).add(person(24).amax((0, 1))) / 2
    distance = (centres(made("dolly", View(dolly=share))) - target).norm(dim=-1)
    assert float(distance[-1] / distance[0]) == pytest.approx(share, rel=1e-4)
    step = distance.diff()
    assert (step < 0).all() or (step > 0).all()


def test_a_given_radius_is_kept() -> None:
    target = person(24).amin((0, 1)).add(person(24).amax((0, 1))) / 2
    distance = (centres(made("orbit", View(radius_m=2.5))) - target).norm(dim=-1)
    assert torch.allclose(distance, torch.full((24,), 2.5), atol=1e-4)


def test_the_field_of_view_spans_the_picture_and_a_lens_its_film() -> None:
    focal = focal_pixels(View(fov_y_deg=40.0), WIDTH, HEIGHT)
    assert 2 * math.degrees(math.atan(HEIGHT / 2 / focal)) == pytest.approx(40)
    # 36 mm lie along the longer side: an 18 mm lens sees a right angle there.
    assert focal_pixels(View(focal_mm=18.0), WIDTH, HEIGHT) == pytest.approx(HEIGHT / 2)
    assert focal_pixels(View(focal_mm=18.0), HEIGHT, WIDTH) == pytest.approx(HEIGHT / 2)
    K = made("orbit", View(focal_mm=50.0)).K[0]
    assert float(K[0, 0]) == float(K[1, 1]) == pytest.approx(50 / 36 * HEIGHT)


@pytest.mark.parametrize("name", MADE_CAMERAS)
def test_a_single_frame_is_enough(name: str) -> None:
    camera = made(name, frames=1)
    assert len(camera) == 1
    assert camera.t.isfinite().all()


def test_an_unknown_camera_gets_the_nearest_name() -> None:
    with pytest.raises(InputError, match=r"camera is 'orbti'.*static.*Did you mean orbit\?"):
        made("orbti")
    with pytest.raises(InputError, match=r"or a camera file\.$"):
        made("xyz")


@pytest.mark.parametrize(
    ("view", "flag"),
    [
        (View(radius_m=0.0), "radius_m"),
        (View(radius_m=float("nan")), "radius_m"),
        (View(elevation_deg=90.0), "elevation_deg"),
        (View(azimuth_deg=float("inf")), "azimuth_deg"),
        (View(turns=float("nan")), "turns"),
        (View(arc_deg=float("inf")), "arc_deg"),
        (View(dolly=0.0), "dolly"),
        (View(fov_y_deg=-3.0), "fov_y_deg"),
        (View(focal_mm=-50.0), "focal_mm"),
        (View(margin=0.5), "margin"),
        (View(margin=-0.1), "margin"),
    ],
)
def test_numbers_out_of_range_are_refused_with_one_that_works(view: View, flag: str) -> None:
    with pytest.raises(InputError, match=rf"^{flag} is .*expected a number.* Give {flag} ") as got:
        made("orbit", view)
    assert "\n" not in str(got.value)
