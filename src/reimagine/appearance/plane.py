"""The frontal plane: photos seen straight on, in metres.

A photo is read on the vertical plane through the pelvis of the standing body, which takes out the camera's pitch and
distance. Front and back photos then share X (towards the person's left) and heights, and garments can be measured.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from reimagine.appearance.fit import Stance
from reimagine.appearance.regions import REGION_OF_JOINT
from reimagine.body.model import pose_skin
from reimagine.cameras.project import centres, project
from reimagine.records import Body, CameraPath, Skin
from reimagine.render.rasterize import rasterize

CELL_M = 0.005
"""Grid spacing of the plane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A grid on the frontal plane of one photo; row 0 is the highest."""

    x: NDArray[np.float32]
    """Metres, one per column, towards the person's left."""
    y: NDArray[np.float32]
    """Metres, one per row, falling."""
    z: float
    """Depth of the plane."""
    pixels: NDArray[np.float32]
    """rows columns 2: where each grid point lies in the photo, centres at +0.5."""
    eye: NDArray[np.float32]
    """Where the camera stands (3), metres."""

    def cells(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Row and column (n 2) of points (n 2: x, y in metres) as real numbers; the border goes on outside."""
        column = np.interp(points[:, 0], self.x, np.arange(len(self.x)))
        row = np.interp(-points[:, 1], -self.y, np.arange(len(self.y)))
        return np.stack([row, column], -1)

    def points(self, cells: NDArray[np.floating]) -> NDArray[np.float64]:
        """The other way: points (n 2: x, y in metres) of the plane at rows and columns (n 2)."""
        x = np.interp(cells[:, 1], np.arange(len(self.x)), self.x)
        y = np.interp(cells[:, 0], np.arange(len(self.y)), self.y)
        return np.stack([x, y], -1)

    def read(self, picture: NDArray[np.float32], *, nearest: bool = False) -> NDArray[np.float32]:
        """The picture (height width [channels]) at the grid's points; zero outside it."""
        maps = self.pixels - 0.5
        how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
        seen = cv2.remap(picture, maps[..., 0], maps[..., 1], how, borderMode=cv2.BORDER_CONSTANT)
        return np.asarray(seen, dtype=np.float32)

    def seen_at(
        self, points: NDArray[np.floating], depth: NDArray[np.floating], *, back: bool = False
    ) -> NDArray[np.floating]:
        """Places (n 2) where the camera's rays through points of the plane come to another depth z; `back`: the other way.

        Without it a hand or a shoulder behind the plane would be taken for a smaller one on the plane.
        """
        scale = (depth - self.eye[2]) / (self.z - self.eye[2])
        return self.eye[:2] + (points - self.eye[:2]) * (1 / scale if back else scale)[:, None]

    def row_behind(
        self, row: NDArray[np.floating], ahead: NDArray[np.floating], depth: NDArray[np.floating]
    ) -> NDArray[np.floating]:
        """The row in which places at `depth` z appear that are as high as those seen in `row` at z `ahead`."""
        y = np.interp(row, np.arange(len(self.y)), self.y)
        y = self.eye[1] + (y - self.eye[1]) * (ahead - self.eye[2]) / (depth - self.eye[2])
        return np.interp(-y, -self.y, np.arange(len(self.y)))


def plane_of(body: Body, stance: Stance) -> Plane:
    """The frontal plane of a photo, wide enough for loose clothes and hair."""
    verts = pose_skin(body.skin, stance.pose)[0]
    low, high = verts.amin(0), verts.amax(0)
    x = np.arange(float(low[0]) - 0.15, float(high[0]) + 0.15, CELL_M, dtype=np.float32)
    y = np.arange(float(high[1]) + 0.15, float(low[1]) - 0.08, -CELL_M, dtype=np.float32)
    z = float(stance.pose.transforms[0, 0, 2] @ torch.cat([body.joints[0], torch.ones(1)]))
    grid = np.stack([*np.meshgrid(x, y), np.full((len(y), len(x)), z, np.float32)], -1)
    pixels = project(stance.camera, torch.from_numpy(grid.reshape(1, -1, 3)))
    return Plane(
        x=x,
        y=y,
        z=z,
        pixels=pixels.numpy().reshape(len(y), len(x), 2),
        eye=centres(stance.camera)[0].numpy(),
    )


def regions_of(skin: Skin) -> NDArray[np.int64]:
    """The body region of each vertex, by its strongest joint."""
    strongest = skin.weight_joints.gather(1, skin.weights.argmax(1, keepdim=True))[:, 0]
    return REGION_OF_JOINT[strongest.numpy()]


def region_picture(body: Body, stance: Stance) -> Int[Tensor, "height width"]:
    """The body region in each pixel of the photo; -1 off the body."""
    verts = pose_skin(body.skin, stance.pose)
    raster = rasterize(verts, body.skin.faces, stance.camera)
    regions = torch.from_numpy(regions_of(body.skin))[body.skin.faces[:, 0].long()]
    face = raster.face[0].long()
    return torch.where(face >= 0, regions[face.clamp(min=0)], -1)


def row_depth(
    rows: NDArray[np.number], depths: NDArray[np.floating], at: NDArray[np.floating]
) -> NDArray[np.floating]:
    """The mean depth of what lies in each row of the plane, smooth along the rows, at the rows `at`."""
    first = int(np.floor(rows.min()))
    index = np.round(rows).astype(int) - first
    count = np.bincount(index)
    total = np.bincount(index, depths)
    known = np.flatnonzero(count)
    mean = np.interp(np.arange(len(count)), known, total[known] / count[known])
    smooth = ndimage.gaussian_filter1d(mean, 0.02 / CELL_M, mode="nearest")
    return np.interp(at - first, np.arange(len(smooth)), smooth)


def depths(
    verts: Float[Tensor, "verts 3"], faces: Int[Tensor, "faces 3"], plane: Plane
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Front and back z of a surface at each grid point, metres; NaN where there is none."""
    far, height, width = 40.0, len(plane.y), len(plane.x)
    found: list[NDArray[np.float32]] = []
    for sign in (1.0, -1.0):
        # A pinhole so far away that its rays are parallel; the back one is mirrored to keep the columns.
        focal = far / CELL_M
        middle = torch.tensor([plane.x.mean(), plane.y.mean(), plane.z])
        facing = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
        local = (verts - middle) * torch.tensor([1.0, 1.0, sign])
        K = torch.tensor([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])
        camera = CameraPath(
            K=K[None],
            R=facing[None],
            t=torch.tensor([[0.0, 0.0, far]]),
            width=width,
            height=height,
        )
        order = [0, 1, 2] if sign > 0 else [0, 2, 1]
        depth = rasterize(local[None], faces[:, order], camera).depth[0].numpy()
        found.append(np.where(np.isfinite(depth), plane.z + sign * (far - depth), np.nan))
    return found[0].astype(np.float32), found[1].astype(np.float32)
