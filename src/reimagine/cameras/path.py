"""Cameras that we make: they find their own place so that the whole person stays in the picture."""

import difflib
import math

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.errors import InputError
from reimagine.records import CameraPath
from reimagine.settings import View

MADE_CAMERAS = ("orbit", "arc", "static", "dolly", "follow")

_TRAVEL_M = 0.5
"""A person whose middle moves further than this over the clip is followed by an orbit."""


def make_camera(
    name: str, view: View, points: Float[Tensor, "frames points 3"], width: int, height: int
) -> CameraPath:
    """A camera of `MADE_CAMERAS`, one frame per frame of `points` (world, metres: all that must stay in sight).

    orbit goes round, starting in front and towards the person's right, and stops one step before it closes; arc
    swings and returns; static stands still and sees all of the motion; follow keeps its direction and moves along;
    dolly does so while it comes closer (or goes away).

    Raises:
        InputError: for an unknown name or a number in `view` out of its range.
    """
    check_view(name, view)
    frames = points.shape[0]
    focal = focal_pixels(view, width, height)
    turn = torch.arange(frames, dtype=torch.float32, device=points.device) / max(frames, 1)
    azimuth = torch.full_like(turn, math.radians(view.azimuth_deg))
    if name == "orbit":
        azimuth = azimuth + 2 * math.pi * view.turns * turn
    elif name == "arc":
        azimuth = azimuth + math.radians(view.arc_deg) / 2 * torch.sin(2 * math.pi * turn)
    target = _targets(name, points)
    towards = away(azimuth, torch.full_like(azimuth, math.radians(view.elevation_deg)))
    R = look_rotation(-towards)
    relative = torch.baddbmm(-(R @ target[..., None]).transpose(1, 2), points, R.transpose(1, 2))
    radius = torch.full_like(
        turn, view.radius_m or _fitting_radius(relative, focal, view.margin, width, height)
    )
    if name == "dolly":
        radius = radius * _dolly_shares(turn, view)
    t = -(R @ (target + radius[:, None] * towards)[..., None])[..., 0]
    return CameraPath(
        K=pinhole(focal, width, height).to(R).repeat(frames, 1, 1),
        R=R,
        t=t,
        width=width,
        height=height,
    )


def focal_pixels(view: View, width: int, height: int) -> float:
    """Focal length in pixels, from the lens in millimetres (36 mm along the longer side) or the field of view."""
    if view.focal_mm is not None:
        return view.focal_mm / 36.0 * max(width, height)
    return height / 2 / math.tan(math.radians(view.fov_y_deg) / 2)


def pinhole(focal: float, width: int, height: int) -> Float[Tensor, "3 3"]:
    """Intrinsic matrix with square pixels and the axis through the picture's middle."""
    return torch.tensor([[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]])


def look_rotation(forward: Float[Tensor, "frames 3"]) -> Float[Tensor, "frames 3 3"]:
    """camera_from_world rotations looking along `forward`, upright (world Y up); never straight up or down."""
    forward = torch.nn.functional.normalize(forward, dim=-1)
    up = forward.new_tensor([0.0, 1.0, 0.0]).expand_as(forward)
    right = torch.nn.functional.normalize(torch.linalg.cross(forward, up), dim=-1)
    return torch.stack([right, torch.linalg.cross(forward, right), forward], dim=1)


def away(
    azimuth: Float[Tensor, " frames"], elevation: Float[Tensor, " frames"]
) -> Float[Tensor, "frames 3"]:
    """Unit vectors from the person to the camera (radians); azimuth 0 is +Z, a quarter turn -X, the person's right."""
    level = elevation.cos()
    return torch.stack([-level * azimuth.sin(), elevation.sin(), level * azimuth.cos()], dim=-1)


def _targets(name: str, points: Float[Tensor, "frames points 3"]) -> Float[Tensor, "frames 3"]:
    """What the camera looks at in each frame."""
    low, high = points.amin(1), points.amax(1)
    whole = (low.amin(0) + high.amax(0)) / 2
    middles = (low + high) / 2
    travel = float((middles.amax(0) - middles.amin(0))[[0, 2]].norm())
    if name == "static" or travel < _TRAVEL_M:
        return whole.expand(len(points), 3)
    share = 1 / 24 if name == "follow" else 1 / 10
    followed = _smoothed(middles, max(2.0, share * len(points)))
    followed[:, 1] = whole[1]
    return followed


def _smoothed(track: Float[Tensor, "frames 3"], sigma: float) -> Float[Tensor, "frames 3"]:
    """Gaussian average along time; the ends are continued by point reflection, so steady travel stays as it is."""
    frames = len(track)
    reach = min(int(3 * sigma), frames - 1)
    if reach < 1:
        return track.clone()
    before = 2 * track[:1] - track[1 : reach + 1].flip(0)
    after = 2 * track[-1:] - track[-reach - 1 : -1].flip(0)
    padded = torch.cat([before, track, after])
    offsets = torch.arange(-reach, reach + 1, dtype=track.dtype, device=track.device)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = kernel / kernel.sum()
    return torch.nn.functional.conv1d(padded.T[:, None], kernel[None, None])[:, 0].T.contiguous()


def _fitting_radius(
    relative: Float[Tensor, "frames points 3"], focal: float, margin: float, width: int, height: int
) -> float:
    """Least distance at which all points (camera axes, from the target) lie within the margins in every frame.

    |x| focal / (radius + z) <= (1/2 - margin) width, solved for the radius, and so for y.
    """
    x, y, z = relative[..., 0].abs(), relative[..., 1].abs(), relative[..., 2]
    across = x * focal / ((0.5 - margin) * width) - z
    upright = y * focal / ((0.5 - margin) * height) - z
    return max(float(torch.maximum(across, upright).max()), 0.1)


def _dolly_shares(turn: Float[Tensor, " frames"], view: View) -> Float[Tensor, " frames"]:
    """Distances as shares of the fitting one, eased at both ends; the nearest is 1 unless the radius was given."""
    last = turn[-1].clamp(min=1e-9)
    eased = (turn / last) ** 2 * (3 - 2 * turn / last)
    shares = 1 + (view.dolly - 1) * eased
    return shares if view.radius_m else shares / min(1.0, view.dolly)


def check_view(name: str, view: View) -> None:
    """Nothing, where there is such a camera and the numbers make sense.

    Raises:
        InputError: naming the first flag that cannot be used.
    """
    if name not in MADE_CAMERAS:
        near = difflib.get_close_matches(name, MADE_CAMERAS, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise InputError(
            f"`camera` is {name!r}; expected {', '.join(MADE_CAMERAS)}, or a camera file.{hint}"
        )
    ranges = (
        ("`radius_m`", view.radius_m, 0.0, math.inf, "3"),
        ("`elevation_deg`", view.elevation_deg, -89.0, 89.0, "4"),
        ("`azimuth_deg`", view.azimuth_deg, -math.inf, math.inf, "0"),
        ("`turns`", view.turns, -math.inf, math.inf, "1"),
        ("`arc_deg`", view.arc_deg, -math.inf, math.inf, "90"),
        ("`dolly`", view.dolly, 0.0, math.inf, "0.6"),
        ("`fov_y_deg`", view.fov_y_deg, 0.0, 170.0, "28"),
        ("`focal_mm`", view.focal_mm, 0.0, math.inf, "50"),
        ("`margin`", view.margin, -1e-9, 0.45, "0.08"),
    )
    for flag, value, low, high, example in ranges:
        if value is not None and not low < value < high:
            low = max(low, 0.0) if flag == "`margin`" else low
            wanted = "" if low == -math.inf else f" between {low:g} and {high:g}"
            if low > -math.inf and high == math.inf:
                wanted = f" above {low:g}"
            raise InputError(
                f"{flag} is {value:g}; expected a number{wanted}. Give {flag} {example}."
            )
