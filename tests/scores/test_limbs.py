import cv2
import numpy as np
import pytest

from reimagine.scores.limbs import Views, find_limbs
from reimagine.scores.structure import structure

SHOULDER, ELBOW, WRIST = 16, 18, 20
HEIGHT, WIDTH = 360, 300
JOINTS = np.full((22, 2), 150.0)
JOINTS[[SHOULDER, ELBOW, WRIST]] = [180, 70], [190, 140], [195, 210]


def _figure(upper_deg: float, lower_deg: float, seed: int = 0, paint: int = 0) -> dict:
    """A trunk with a striped arm at its right, whose two pieces are turned; bones, silhouette and joints with it."""
    colour = np.ones((HEIGHT, WIDTH, 3), np.float32)
    bones = np.full((HEIGHT, WIDTH), -1)
    noise = np.random.default_rng(seed).uniform(0.2, 0.8, (HEIGHT, WIDTH, 3)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 2)
    noise = 0.5 + 0.4 * (noise - noise.mean()) / noise.std() / 2
    bones[40:350, 100:165] = 0
    colour[40:350, 100:165] = noise[40:350, 100:165]

    def turn(point, about, degrees):
        angle = np.deg2rad(degrees)
        x, y = np.asarray(point) - about
        return about + np.array(
            [np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y]
        )

    shoulder, elbow, wrist = (JOINTS[k] for k in (SHOULDER, ELBOW, WRIST))
    new_elbow = turn(elbow, shoulder, upper_deg)
    new_wrist = turn(wrist - elbow + new_elbow, new_elbow, upper_deg + lower_deg)
    for bone, start, end, old, degrees in (
        (SHOULDER, shoulder, new_elbow, shoulder, upper_deg),
        (ELBOW, new_elbow, new_wrist, elbow, upper_deg + lower_deg),
    ):
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.line(mask, start.round().astype(int).tolist(), end.round().astype(int).tolist(), 1, 20)
        matrix = cv2.getRotationMatrix2D(old.tolist(), -degrees, 1.0)
        matrix[:, 2] += start - old
        own = cv2.warpAffine(
            np.roll(noise, 37 + paint, 0), matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_WRAP
        )
        colour[mask > 0], bones[mask > 0] = own[mask > 0], bone
    return {
        "structure": structure(colour),
        "bones": bones,
        "shown": bones >= 0,
        "joints": np.stack([shoulder, new_elbow, new_wrist]),
    }


def _views(asked: dict, painted: dict) -> Views:
    return Views(
        asked=asked["structure"],
        painted=painted["structure"],
        bones=asked["bones"],
        shown=painted["shown"],
    )


NOTHING = np.zeros((22, 2))


@pytest.mark.parametrize(("upper", "lower"), [(-20, 0), (-45, 0), (0, -30), (0, 35), (-25, -20)])
def test_an_arm_that_went_far_is_found(upper, lower):
    asked, painted = _figure(0, 0), _figure(upper, lower)
    (limb,) = find_limbs(_views(asked, painted), JOINTS, NOTHING)
    assert (limb.joints, limb.certain) == ((ELBOW, WRIST), True)
    true = (painted["joints"] - asked["joints"])[1:]
    error = np.abs(limb.shift - (true[:, 0] + 1j * true[:, 1]))
    assert error.max() < max(3.0, 0.1 * np.linalg.norm(true[1]))


def test_an_arm_that_is_where_it_was_asked_for_is_left_alone():
    asked = _figure(0, 0)
    assert find_limbs(_views(asked, asked), JOINTS, NOTHING) == []


def test_an_arm_that_is_where_its_joints_are_known_to_be_is_left_alone():
    asked, painted = _figure(0, 0), _figure(-20, 0)
    shifts = NOTHING.copy()
    shifts[[SHOULDER, ELBOW, WRIST]] = painted["joints"] - asked["joints"]
    assert all(limb.certain for limb in find_limbs(_views(asked, painted), JOINTS, shifts))


def test_an_arm_that_is_nowhere_is_said_not_to_be_found():
    asked, painted = _figure(0, 0), _figure(0, 0)
    gone = np.isin(painted["bones"], (SHOULDER, ELBOW))
    painted["shown"] = painted["shown"] & ~gone
    painted["structure"] = np.where(gone[..., None], 0, painted["structure"])
    (limb,) = find_limbs(_views(asked, painted), JOINTS, NOTHING)
    assert not limb.certain
