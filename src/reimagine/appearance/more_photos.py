"""Further photos of a person who is known from the front and back: where they see the surface better, they colour it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree
from torch import Tensor

from reimagine.appearance.find_view import find_view
from reimagine.appearance.fit import Fit, Stance
from reimagine.appearance.mesh import averaging, normals_of
from reimagine.appearance.photos import Picture
from reimagine.appearance.plane import regions_of
from reimagine.appearance.skirt import hanging
from reimagine.body.model import pose_skin
from reimagine.cameras.project import centres, project
from reimagine.records import Person, Photo
from reimagine.render.rasterize import rasterize

LEAST_OVERLAP = 0.80
"""Intersection over union of person and silhouette below which a photo is left out. Good fits reach 0.9."""
_EDGE_M = 0.010
"""So near to the outline a photo is not believed: what lies behind shines in, and the fit may be off."""
_BEFORE_M = 0.03
"""What something hides that is this much nearer to the camera lies on another limb."""
_SEEN = (0.20, 0.45)
"""Cosine between surface normal and view where a photo is not believed, and where it is."""
_KEEN = 4.0
"""Power to which photos compete by how straight they see a place: low ones mix, high ones leave seams."""
_UNLIKE = (0.12, 0.22)
"""Distance of a colour (RGB, 0..1) to the nearest that the same limb is known to have: what is believed, and what is not."""
_PLACE = 1.0
"""A metre apart counts as much as this difference in RGB."""
_LIMBS = np.array([0, 1, 2, 2, 2, 3, 3, 3, 1, 4, 4, 4, 5, 5, 5])
"""Of each body region: 0 head, 1 trunk, 2 and 3 arms, 4 and 5 legs."""
_SOFT = 12
"""Shares are evened out with the neighbours' this many times."""
_LIGHT_M = 0.06
"""Light is matched where both photos see, and carried on over about this far."""
_GAIN = (0.6, 1.6)
"""Light is never changed by more than this."""


def add_photos(
    person: Person,
    fit: Fit,
    pictures: list[Picture],
    report: Callable[[float], None] = lambda _share: None,
) -> Person:
    """The person, coloured by further photos too (each with its silhouette); those that do not fit are left out and told.

    `report` hears the share done, 0..1.
    """
    found: list[_Fitting] = []
    notes: list[str] = []
    at_rest = person.surface
    known = hanging(person, fit.stances[0].pose)
    person, colours = replace(person, surface=known), torch.from_numpy(colours_of(person))
    for index, picture in enumerate(pictures):
        assert picture.mask is not None
        view = find_view(
            fit, person.surface, colours, picture.rgb, picture.mask, yaw_deg=picture.azimuth_deg
        )
        report((index + 1) / len(pictures))
        if view.overlap < LEAST_OVERLAP:
            notes.append(
                f"{picture.name} was left out: the person covers {view.overlap:.0%} of what is seen there; expected "
                f"{LEAST_OVERLAP:.0%} or more. Give a photo of the same stance and clothes, head to feet."
            )
            continue
        notes.append(f"{picture.name} was taken as seen from {view.yaw_deg:.0f} degrees.")
        found.append(_Fitting(stance=view.stance, picture=picture))
        if person.surface is known:  # two sides say the same, and stances differ
            person = replace(person, surface=view.deeper)
    looks = [_look(person, one) for one in found]
    if looks:
        moved = at_rest.verts + person.surface.verts - known.verts
        person = replace(_mixed(person, looks), surface=replace(at_rest, verts=moved))
    else:
        person = replace(person, surface=at_rest)
    return replace(person, notes=(*person.notes, *notes))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fitting:
    """A further photo that fits."""

    stance: Stance
    picture: Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What a further photo shows of the surface."""

    photo: Photo
    xy: NDArray[np.float32]
    """verts 2, pixels."""
    straight: NDArray[np.float32]
    """verts, 0..1: how straight the photo sees the place; 0 where it does not."""


def _look(person: Person, fitting: _Fitting) -> _Look:
    stance, picture = fitting.stance, fitting.picture
    assert picture.mask is not None
    surface, camera = person.surface, stance.camera
    verts = pose_skin(surface, stance.pose)
    normals = torch.from_numpy(normals_of(verts[0].numpy(), surface.faces.numpy()))
    sight = torch.nn.functional.normalize(centres(camera) - verts[0], dim=1)
    facing = (normals * sight).sum(1).clamp(min=0).numpy()
    depth = rasterize(verts, surface.faces, camera).depth[0].numpy()
    local = (verts[0] @ camera.R[0].T + camera.t[0]).numpy()
    per_m = float(camera.K[0, 1, 1]) / float(np.median(local[:, 2]))
    xy = project(camera, verts)[0].numpy()
    open_m = local[:, 2] - _nearest_around(depth, per_m, xy)
    xy = _laid(xy, np.isfinite(depth), picture.mask.numpy() > 0.5, per_m)
    inner = ndimage.distance_transform_edt(picture.mask.numpy() > 0.5)
    assert isinstance(inner, np.ndarray)
    edge = _at(inner.astype(np.float32), xy) / (per_m * _EDGE_M)
    visible = np.clip(1.5 - open_m / _BEFORE_M, 0, 1) * np.clip(edge, 0, 1)
    straight = facing * visible * np.clip((facing - _SEEN[0]) / (_SEEN[1] - _SEEN[0]), 0, 1)
    rgb = _matched(person, xy, straight, picture, per_m)
    straight = straight * _like(person, _taken(rgb, xy))
    photo = Photo(
        rgb=rgb,
        alpha=picture.mask,
        camera=camera,
        pose=stance.pose,
        side=picture.side,
    )
    return _Look(photo=photo, xy=xy, straight=straight.astype(np.float32))


def _like(person: Person, colour: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far colours (verts 3) are such as the limb has near there, 0..1: arms before a trunk are seldom where they are thought.

    The head is known well enough, and what a side of it shows is new.
    """
    region = _LIMBS[regions_of(person.surface)]
    known = colours_of(person)
    rest = person.surface.verts.numpy() * _PLACE
    sure = person.seen.numpy() > 0.6
    near = np.ones(len(colour), np.float32)
    for limb in np.unique(region[region > 0]):
        of, there = region == limb, (region == limb) & sure
        if there.sum() < 20:
            continue
        tree = KDTree(np.concatenate([known[there], rest[there]], 1))
        away, _ = tree.query(np.concatenate([colour[of], rest[of]], 1), workers=2)
        near[of] = np.clip((_UNLIKE[1] - away) / (_UNLIKE[1] - _UNLIKE[0]), 0, 1)
    even = averaging(len(person.surface.verts), person.surface.faces.numpy())
    for _ in range(6):  # with what is beside it, else rims stay
        near = np.minimum(near, even @ near)
    return near


def _nearest_around(
    depth: NDArray[np.float32], per_m: float, xy: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The depth of the nearest thing within an edge's breadth of these pixels, metres."""
    around = 2 * max(1, round(_EDGE_M * per_m)) + 1
    near = ndimage.minimum_filter(np.where(np.isfinite(depth), depth, 1e3), size=around)
    return _at(near, xy, order=0)


def _at(
    picture: NDArray[np.floating], xy: NDArray[np.float32], order: int = 1
) -> NDArray[np.float32]:
    where = (xy[:, ::-1] - 0.5).T
    return ndimage.map_coordinates(picture, where, order=order, mode="nearest").astype(np.float32)


def _laid(
    xy: NDArray[np.float32], ours: NDArray[np.bool_], theirs: NDArray[np.bool_], per_m: float
) -> NDArray[np.float32]:
    """Places moved sideways so that the surface's outline falls on the photo's, row by row: depth was guessed so far."""
    rows = np.flatnonzero(ours.any(1) & theirs.any(1))
    if len(rows) < 3:
        return xy
    last = ours.shape[1] - 1
    ends = [
        np.stack([mask[rows].argmax(1), last - mask[rows, ::-1].argmax(1)]).astype(np.float32)
        for mask in (ours, theirs)
    ]
    shift = np.clip(ends[1] - ends[0], -0.04 * per_m, 0.04 * per_m)
    smooth = max(3, round(0.03 * per_m))
    shift = ndimage.gaussian_filter1d(ndimage.median_filter(shift, size=(1, smooth)), smooth / 2)
    low, high, from_low, from_high = (
        np.interp(xy[:, 1], rows + 0.5, values) for values in (*ends[0], *shift)
    )
    share = np.clip((xy[:, 0] - low) / np.maximum(high - low, 1), 0, 1)
    moved = xy[:, 0] + from_low * (1 - share) + from_high * share
    return np.stack([moved, xy[:, 1]], 1).astype(np.float32)


def colours_of(person: Person) -> NDArray[np.float32]:
    """Colours of the surface's vertices (verts 3), 0..1."""
    weights = person.photo_weight.numpy()
    found = person.fill.numpy() * (1 - weights.sum(0))[:, None]
    for photo, xy, weight in zip(person.photos, person.photo_xy.numpy(), weights, strict=True):
        found = found + weight[:, None] * _taken(photo.rgb, xy)
    return found.astype(np.float32)


def _taken(rgb: Float[Tensor, "3 height width"], xy: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack([_at(channel, xy) for channel in rgb.numpy()], -1)


def _matched(
    person: Person,
    xy: NDArray[np.float32],
    straight: NDArray[np.floating],
    picture: Picture,
    per_m: float,
) -> Float[Tensor, "3 height width"]:
    """The photo in the light of the others: brighter or darker by what both say of the places that both see."""
    sure = (straight > 0.3) & (person.seen.numpy() > 0.5)
    if sure.sum() < 50:
        return picture.rgb
    ratio = np.log(colours_of(person)[sure] + 0.03) - np.log(_taken(picture.rgb, xy)[sure] + 0.03)
    ratio = np.clip(ratio, *np.log(_GAIN))
    usual = np.median(ratio, axis=0)
    height, width = picture.rgb.shape[1:]
    step = max(1, round(_LIGHT_M * per_m / 8))
    small = (height // step + 1, width // step + 1)
    row, column = (np.clip(xy[sure, k] // step, 0, small[1 - k] - 1).astype(int) for k in (1, 0))
    count, total = np.zeros(small, np.float32), np.zeros((*small, 3), np.float32)
    # What differs by much more than light does is another thing: a misfit of the surface.
    like = np.exp(-np.square((ratio - usual) / 0.25).sum(1))
    np.add.at(count, (row, column), like)
    np.add.at(total, (row, column), like[:, None] * (ratio - usual))
    count = cv2.GaussianBlur(count, (0, 0), 8.0)
    total = cv2.GaussianBlur(total, (0, 0), 8.0)
    field = usual + total / (count + 0.02 * count.max())[..., None]
    gain = np.exp(cv2.resize(field.astype(np.float32), (width, height)))
    return (picture.rgb * torch.from_numpy(gain).permute(2, 0, 1)).clamp(0, 1).contiguous()


def _mixed(person: Person, looks: list[_Look]) -> Person:
    """The person with the photos' shares dealt out by how straight each sees a place."""
    old = _straight_so_far(person)
    each = np.stack([old, *(one.straight for one in looks)])
    strong = each**_KEEN
    share = strong[1:] / np.maximum(strong.sum(0), 1e-6)
    share = share * np.clip(each[1:] / 0.15, 0, 1)
    even = averaging(len(person.surface.verts), person.surface.faces.numpy())
    soft = share
    for _ in range(_SOFT):
        soft = (even @ soft.T).T
    # Not beyond what a photo sees.
    share = soft * np.clip(each[1:] / 0.10, 0, 1)
    share = (share / np.maximum(share.sum(0), 1.0)).astype(np.float32)
    left = torch.from_numpy(1 - share.sum(0))
    trust = (share * np.clip(each[1:] / 0.5, 0, 1)).sum(0)
    return replace(
        person,
        photos=(*person.photos, *(one.photo for one in looks)),
        photo_xy=torch.cat([person.photo_xy, torch.from_numpy(np.stack([o.xy for o in looks]))]),
        photo_weight=torch.cat([person.photo_weight * left, torch.from_numpy(share)]),
        seen=torch.maximum(person.seen, torch.from_numpy(trust.astype(np.float32))),
    )


def _straight_so_far(person: Person) -> NDArray[np.float32]:
    """How straight the person's photos see each vertex, 0..1; 0 where none does."""
    surface, best = person.surface, np.zeros(len(person.surface.verts), np.float32)
    for photo in person.photos:
        verts = pose_skin(surface, photo.pose)[0]
        normals = torch.from_numpy(normals_of(verts.numpy(), surface.faces.numpy()))
        sight = torch.nn.functional.normalize(centres(photo.camera) - verts, dim=1)
        best = np.maximum(best, (normals * sight).sum(1).numpy())
    return best * np.clip(person.seen.numpy() * 2, 0, 1)
