"""What the stages hand on to one another.

World: metres, Y up, a person at rest faces +Z and has +X on their left. Cameras: OpenCV axes
(x right, y down, z forward), pixels with the origin at the top left corner, pixel centres at +0.5.
"""

from dataclasses import dataclass
from enum import IntEnum

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

MEAN_PELVIS = (0.0031, -0.3514, 0.0120)
"""The pelvis of the mean SMPL-X body in its zero pose, metres: what a reader turns about before a body is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """SMPL-X pose parameters over time."""

    poses: Float[Tensor, "frames 55 3"]
    """Local joint rotations, axis-angle in radians, SMPL-X joint order; joint 0 is the global orientation."""
    transl: Float[Tensor, "frames 3"]
    """Metres, added after the global rotation."""
    fps: float
    """Frames per second."""
    betas: Float[Tensor, " betas"]
    """SMPL-X shape numbers of the performer; zeros where the source has none."""
    turns_about: str = "pelvis"
    """What the global orientation turns about: "pelvis" (SMPL-X) or "origin" (EasyMocap)."""
    name: str = "motion"
    """What a person would call it: a built-in's name or the file's stem."""
    source: str = "built-in"
    """The format it was read from, in words."""
    up: str = "y"
    """"y", or "unknown": a captured world whose up only its camera knows (`body.motion.stand_up` mends it)."""
    notes: tuple[str, ...] = ()
    """What had to be guessed while reading, in the user's words."""
    bones: tuple[str, ...] = ()
    """Joint and bone of the file that it follows, "left_hip LeftUpLeg"; none where the file has SMPL-X's own parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skin:
    """A surface in the SMPL-X zero pose whose vertices follow SMPL-X joints."""

    verts: Float[Tensor, "verts 3"]
    """Metres, SMPL-X zero pose, unscaled world axes."""
    faces: Int[Tensor, "faces 3"]
    """Counter-clockwise seen from outside."""
    weight_joints: Int[Tensor, "verts influences"]
    """Which joints move a vertex, 0..54."""
    weights: Float[Tensor, "verts influences"]
    """How much; each row sums to one."""
    correctives: Float[Tensor, "coefficients verts 3"] | None = None
    """SMPL-X pose correctives, 54 x 9 coefficients (rotation minus identity); None where there are none."""
    loose_m: Float[Tensor, " verts"] | None = None
    """How far a vertex may swing off the place that its joints carry it to, metres; None where nothing swings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """An undressed body of one shape."""

    skin: Skin
    joints: Float[Tensor, "55 3"]
    """SMPL-X joints in the zero pose, metres, in the frame of `skin.verts`."""
    height_m: float
    """Standing height, sole to crown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Where the joints of one body are in each frame."""

    transforms: Float[Tensor, "frames 55 3 4"]
    """world_from_zero_pose of each joint: maps a zero-pose point rigidly attached to it into the world."""
    rotations: Float[Tensor, "frames 55 3 3"]
    """Local joint rotations, for pose correctives."""
    swing: Float[Tensor, "frames 55 3 4"] | None = None
    """How far what hangs on each joint has swung off: maps a zero-pose point to metres in the world. None: not at all."""

    def __len__(self) -> int:
        return self.transforms.shape[0]

    def __getitem__(self, frames: slice | list[int]) -> "Pose":
        return Pose(
            transforms=self.transforms[frames],
            rotations=self.rotations[frames],
            swing=None if self.swing is None else self.swing[frames],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPath:
    """One pinhole camera per frame: x_camera = R x_world + t, pixel = K x_camera."""

    K: Float[Tensor, "frames 3 3"]
    """Pixels."""
    R: Float[Tensor, "frames 3 3"]
    """camera_from_world rotation."""
    t: Float[Tensor, "frames 3"]
    """Metres."""
    width: int
    height: int
    world: str = "ours"
    """"ours", with Y up, or "captured": a file's own, whose up may be another (`cameras.worlds` finds it)."""
    notes: tuple[str, ...] = ()
    """What had to be guessed or left out of a camera file, in the user's words."""

    def __len__(self) -> int:
        return self.K.shape[0]

    def __getitem__(self, frames: slice | list[int]) -> "CameraPath":
        return CameraPath(
            K=self.K[frames],
            R=self.R[frames],
            t=self.t[frames],
            width=self.width,
            height=self.height,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """Which point of a surface each pixel's centre sees."""

    face: Int[Tensor, "frames height width"]
    """Face index, -1 where nothing is seen."""
    barycentrics: Float[Tensor, "frames height width 2"]
    """Perspective-correct weights of the face's second and third vertex; the first has 1 minus both."""
    depth: Float[Tensor, "frames height width"]
    """Metres along the camera's z; +inf where nothing is seen."""
    first_faces: tuple[int, ...] = (0,)
    """The first face of each actor's surface; their faces follow one another."""

    @property
    def actor(self) -> Int[Tensor, "frames height width"]:
        """Which actor each pixel's centre sees; -1 where nothing is seen."""
        starts = torch.tensor(self.first_faces, dtype=self.face.dtype, device=self.face.device)
        return torch.bucketize(self.face, starts, right=True) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceView:
    """A posed surface and what the camera sees of it."""

    verts: Float[Tensor, "frames verts 3"]
    """World, metres."""
    faces: Int[Tensor, "faces 3"]
    camera: CameraPath
    raster: Raster


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Where each pixel's surface point is in another frame."""

    target: Float[Tensor, "height width 2"]
    """Pixel coordinates (x, y) in the other frame, centres at +0.5; NaN where the pixel sees nothing."""
    visible: Bool[Tensor, "height width"]
    """True where the point exists here and is in sight there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What an image model is steered by, one entry per frame; all of the undressed body."""

    pose: Pose
    camera: CameraPath
    raster: Raster
    normals: Float[Tensor, "frames 3 height width"]
    """World-fixed unit normals in world axes, [-1, 1]; zero off the body."""
    coverage: Float[Tensor, "frames height width"]
    """Antialiased share of the pixel that the body covers, 0..1."""
    heading_rad: float
    """The subject's heading about Y (0 faces +Z); turned away before normals become colours."""
    shade: float = 0.0
    """How strongly what has turned since the photos is shaded under a light from above, 0..1."""

    def __len__(self) -> int:
        return len(self.pose)


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """One photo of the person, cleaned."""

    rgb: Float[Tensor, "3 height width"]
    """0..1; beyond the silhouette the person's own edge colours are carried outwards."""
    alpha: Float[Tensor, "height width"]
    """The silhouette, 0..1."""
    camera: CameraPath
    """One frame; sees the fitted body in `pose`."""
    pose: Pose
    """One frame: how the person stands in this photo."""
    side: str
    """"front" or "back", or another view's name."""
    parts: Int[Tensor, "height width"] | None = None
    """What each pixel shows: 0 for background, else 1 + index into PARTS; None where nobody kept it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person ready to be painted from any side."""

    body: Body
    surface: Skin
    """The dressed surface."""
    photos: tuple[Photo, ...]
    photo_xy: Float[Tensor, "photos verts 2"]
    """Where each surface vertex lies in each photo, pixels, centres at +0.5."""
    photo_weight: Float[Tensor, "photos verts"]
    """How much of the colour comes from the photo, 0..1; the rest comes from `fill`."""
    seen: Float[Tensor, " verts"]
    """How far the photos really show this place, 0..1; the rest is guessed, by mirroring a photo or from `fill`."""
    fill: Float[Tensor, "verts 3"]
    """Guessed colour of each vertex, 0..1."""
    part: Int[Tensor, " verts"]
    """Index into PARTS."""
    reference: Float[Tensor, "3 reference_height reference_width"] | None = None
    """The wide picture that image models are shown, front at the left, back at the right, 0..1."""
    notes: tuple[str, ...] = ()
    """What was guessed, in the user's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody in a scene, and how they move in its world."""

    person: Person
    pose: Pose

    def __getitem__(self, frames: slice | list[int]) -> "Actor":
        return Actor(person=self.person, pose=self.pose[frames])


class Part(IntEnum):
    """What a point of a dressed person is of; `Person.part` and, one higher, labels in photos hold these."""

    SKIN = 0
    FACE = 1
    HAIR = 2
    UPPER = 3
    LOWER = 4
    SHOES = 5


PARTS = tuple(part.name.lower() for part in Part)
