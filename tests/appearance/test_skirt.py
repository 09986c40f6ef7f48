"""Drawn figures: what is whole between the legs down to a hem is a skirt, and what goes on as two is not."""

import numpy as np
import pytest
import torch

from reimagine.appearance.outline import LOWER, SHOES, SKIN, UPPER
from reimagine.appearance.plane import CELL_M
from reimagine.appearance.skirt import (
    at_ease,
    hang_between,
    hanging,
    is_skirt,
    seat_row,
    skirted,
)
from reimagine.appearance.weights import dense_weights
from reimagine.body.anny import DEFAULT_PHENOTYPE, anny_body
from reimagine.body.library import built_in_motion
from reimagine.body.model import joint_positions, pose_body, pose_skin
from reimagine.records import PARTS, Motion, Person

HIPS_M, MIDDLE_M = 0.9, 0.5


def cells(metres: float) -> int:
    return round(metres / CELL_M)


def figure() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A blouse down to the hips, two bare legs 6 cm apart; no arms."""
    labels = np.zeros((cells(1.8), cells(1.0)), np.int64)
    labels[cells(0.3) : cells(HIPS_M), cells(0.35) : cells(0.65)] = UPPER
    for side in (0.34, 0.53):
        labels[cells(HIPS_M) : cells(1.7), cells(side) : cells(side + 0.13)] = SKIN
        labels[cells(1.62) : cells(1.7), cells(side) : cells(side + 0.13)] = SHOES
    joints = np.zeros((55, 2))
    joints[[1, 2]] = [[cells(HIPS_M), cells(MIDDLE_M + 0.07)], [cells(HIPS_M), cells(0.43)]]
    return labels, np.where(labels > 0, 9, -1), joints


def below(labels: np.ndarray, start: float, stop: float, left: float, right: float) -> None:
    labels[cells(start) : cells(stop), cells(left) : cells(right)] = LOWER


def lit(labels: np.ndarray) -> np.ndarray:
    """Evenly lit cloth."""
    return np.where(labels > 0, 0.4, 0.9)


@pytest.mark.parametrize("hem", [1.2, 1.4, 1.6])
def test_a_skirt_belongs_to_the_blouse(hem):
    labels, guide, joints = figure()
    below(labels, HIPS_M, hem, 0.3, 0.7)
    found = skirted(labels, guide, joints, lit(labels))
    assert not (found == LOWER).any()
    assert ((found == UPPER) == np.isin(labels, (UPPER, LOWER))).all()


def test_trousers_and_shorts_stay_what_they_are():
    labels, guide, joints = figure()
    below(labels, HIPS_M, 1.02, 0.32, 0.68)
    for left in (0.32, 0.52):
        below(labels, HIPS_M, 1.3, left, left + 0.16)
    assert (skirted(labels, guide, joints, lit(labels)) == labels).all()


def test_wide_trousers_that_touch_down_to_the_knees_are_no_skirt():
    labels, guide, joints = figure()
    below(labels, HIPS_M, 1.4, 0.32, 0.68)
    for left in (0.32, 0.52):
        below(labels, 1.4, 1.6, left, left + 0.16)
    assert (skirted(labels, guide, joints, lit(labels)) == labels).all()


def test_wide_trousers_that_touch_all_the_way_are_told_by_the_dark_line_between_them():
    labels, guide, joints = figure()
    below(labels, HIPS_M, 1.6, 0.3, 0.7)
    light, middle = lit(labels), cells(MIDDLE_M)
    aside = np.abs(np.arange(labels.shape[1]) - middle - 1)
    light *= 1 - 0.3 * np.clip(1 - aside / 5, 0, 1)
    assert (skirted(labels, guide, joints, light) == labels).all()
    # A fold that runs down half of a skirt is not one.
    light[: cells(1.3)] = lit(labels)[: cells(1.3)]
    assert not (skirted(labels, guide, joints, light) == LOWER).any()


def test_a_long_shirt_over_trousers_leaves_them_trousers():
    labels, guide, joints = figure()
    for left in (0.32, 0.52):
        below(labels, HIPS_M, 1.6, left, left + 0.16)
    labels[cells(0.3) : cells(1.15), cells(0.3) : cells(0.7)] = UPPER
    assert (skirted(labels, guide, joints, lit(labels)) == labels).all()


def test_only_what_ends_well_below_the_crotch_is_a_skirt():
    _, _, joints = figure()
    hips = joints[[1, 2], 0].mean()
    columns = np.ones(80, np.float32)
    assert not is_skirt(columns * (hips + 15), joints)
    assert not is_skirt(None, joints)
    assert is_skirt(columns * (hips + 70), joints)
    assert hips - 12 < seat_row(joints) < hips


def test_a_skirt_turns_with_the_thigh_on_its_side_and_with_no_shin():
    body = anny_body(DEFAULT_PHENOTYPE, 1.7)
    weights, verts = dense_weights(body.skin), body.skin.verts.numpy()
    hung = hang_between(weights, verts, body.joints.numpy())
    hips = float(body.joints[[1, 2], 1].mean())
    assert np.allclose(hung.sum(1), 1, atol=1e-5)
    assert (hung >= 0).all()
    above, low = verts[:, 1] > hips - 0.06, verts[:, 1] < hips - 0.2
    assert (hung[above] == weights[above]).all()
    assert not hung[low][:, [4, 5, 7, 8, 10, 11]].any()
    knees = body.joints[[4, 5], 0].numpy()
    for hip, other, knee in ((1, 2, knees[0]), (2, 1, knees[1])):
        near = low & (np.abs(verts[:, 0] - knee) < 0.03) & (verts[:, 1] > hips - 0.4)
        assert near.any()
        assert (hung[near][:, hip] > 0.85).all()
        assert (hung[near][:, other] < 0.15).all()
    assert torch.isfinite(torch.from_numpy(hung)).all()


def test_at_ease_thighs_point_ahead_as_in_the_built_in_stance_and_hips_stay():
    body = anny_body(DEFAULT_PHENOTYPE, 1.7)
    zero = Motion(
        poses=torch.zeros(1, 55, 3),
        transl=torch.tensor([[0.1, 0.9, 0.2]]),
        fps=1.0,
        betas=torch.zeros(10),
    )
    pose = pose_body(body, zero)
    eased, standing = at_ease(pose, body), pose_body(body, built_in_motion("apose", 1, 1.0))

    def ahead(of, side):
        hip, knee = (
            of.transforms[0, 1 + side, :, :3] @ body.joints[joint]
            + of.transforms[0, 1 + side, :, 3]
            for joint in (1 + side, 4 + side)
        )
        return float((knee - hip)[2] / (hip - knee)[1])

    both = [sum(ahead(of, side) for side in (0, 1)) / 2 for of in (eased, standing)]
    assert both[0] == pytest.approx(both[1], abs=0.015)
    for side in (0, 1):
        assert ahead(eased, side) > ahead(pose, side) + 0.1
        at = body.joints[1 + side]
        placed = eased.transforms[0, 1 + side, :, :3] @ at + eased.transforms[0, 1 + side, :, 3]
        assert torch.allclose(placed, joint_positions(body, pose)[0, 1 + side], atol=1e-5)
    others = [joint for joint in range(55) if joint not in (1, 2)]
    assert torch.equal(eased.transforms[:, others], pose.transforms[:, others])


def test_beside_a_photo_a_skirt_hangs_as_at_ease_and_legs_and_shirts_stay():
    body = anny_body(DEFAULT_PHENOTYPE, 1.7)
    motion = Motion(
        poses=torch.zeros(1, 55, 3), transl=torch.zeros(1, 3), fps=1.0, betas=torch.zeros(10)
    )
    pose = pose_body(body, motion)
    verts = body.skin.verts
    thigh = (verts[:, 1] < body.joints[[1, 2], 1].mean() - 0.15) & (
        verts[:, 1] > body.joints[[4, 5], 1].mean() + 0.05
    )
    above = verts[:, 1] > body.joints[[1, 2], 1].mean()
    upper, lower = (PARTS.index(name) for name in ("upper", "lower"))

    def hung(worn: torch.Tensor) -> torch.Tensor:
        nothing = torch.zeros(1, len(verts), 2)
        person = Person(
            body=body,
            surface=body.skin,
            photos=(),
            photo_xy=nothing,
            photo_weight=nothing[..., 0],
            seen=nothing[0, :, 0],
            fill=torch.zeros(len(verts), 3),
            part=torch.where(worn, upper, lower),
        )
        return pose_skin(hanging(person, pose), pose)[0]

    skirt = hung(above | thigh)
    wanted = pose_skin(body.skin, at_ease(pose, body))[0]
    assert torch.allclose(skirt[thigh], wanted[thigh], atol=1e-4)
    still = ~(above | thigh)
    assert torch.allclose(skirt[still], verts[still], atol=1e-5)
    assert torch.allclose(hung(above), verts, atol=1e-5)
