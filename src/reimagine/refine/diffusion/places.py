"""What is known of places of the person, brought from the surface to latent pixels and back."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, max_pool2d

from reimagine.body.joints import HANDS, HEAD
from reimagine.records import Part, Person, Raster


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What is known of each vertex of the dressed surface."""

    regions: dict[str, Bool[Tensor, " verts"]]
    """What must stay who it is: face and hands, by name."""
    seen: Float[Tensor, " verts"]
    """How far photos show the place, 0..1."""


def marks_of(person: Person) -> Marks:
    """Face and hands of a person; the whole head where no vertex is known to be of the face."""
    surface = person.surface
    strongest = surface.weights.argmax(dim=1, keepdim=True)
    joint = surface.weight_joints.gather(1, strongest)[:, 0]
    face = person.part == Part.FACE
    if not bool(face.any()):
        face = torch.isin(joint, torch.tensor(HEAD))
    hands = torch.isin(joint, torch.tensor(HANDS)) & ~face
    return Marks(regions={"face": face, "hands": hands}, seen=person.seen.clamp(0, 1))


def nearest_vertex(
    raster: Raster, faces: Int[Tensor, "faces 3"]
) -> Int[Tensor, "one height width"]:
    """The vertex that each pixel of the raster lies nearest to, -1 where it sees nothing."""
    u, v = raster.barycentrics.unbind(dim=-1)
    corner = torch.stack([1 - u - v, u, v], dim=-1).argmax(dim=-1)
    vertex = faces.long()[raster.face.clamp_min(0).long()].gather(-1, corner[..., None])[..., 0]
    return torch.where(raster.face >= 0, vertex, -1)


def region_cells(
    vertex: Int[Tensor, "1 height width"], region: Bool[Tensor, " verts"], rows: int, columns: int
) -> Float[Tensor, "rows columns"]:
    """1 in the latent pixels that show the region and in those beside them, 0 elsewhere."""
    shown = region[vertex.clamp_min(0)] & (vertex >= 0)
    share = adaptive_avg_pool2d(shown.float()[None], (rows, columns))
    return max_pool2d((share > 0).float(), 3, 1, 1)[0, 0]


def seen_cells(
    vertex: Int[Tensor, "1 height width"], seen: Float[Tensor, " verts"], rows: int, columns: int
) -> Float[Tensor, "rows columns"]:
    """How far photos show what is in each latent pixel, 0..1; 1 where the surface is not."""
    inside = (vertex >= 0).float()
    both = torch.stack([seen[vertex.clamp_min(0)] * inside, inside])[:, 0]
    total, share = adaptive_avg_pool2d(both[None], (rows, columns))[0]
    return torch.where(share > 0, total / share.clamp_min(1e-6), 1.0)


def at_vertices(
    change: Float[Tensor, "3 rows columns"],
    vertex: Int[Tensor, "1 height width"],
    region: Bool[Tensor, " verts"],
) -> Float[Tensor, "points 3"]:
    """Mean of a picture over the pixels of each vertex of the region; NaN for those that are not in sight.

    The raster may be of another size than the picture.
    """
    height, width = vertex.shape[1:]
    row = torch.arange(height) * change.shape[1] // height
    column = torch.arange(width) * change.shape[2] // width
    shown = (vertex[0] >= 0) & region[vertex[0].clamp_min(0)]
    colours = change[:, row][:, :, column][:, shown].T
    number = (region.cumsum(0) - 1)[vertex[0][shown]]
    total = torch.zeros(int(region.sum()), 4)
    total.index_add_(0, number, torch.cat([colours, torch.ones(len(colours), 1)], dim=1))
    return torch.where(total[:, 3:] > 0, total[:, :3] / total[:, 3:].clamp_min(1), torch.nan)
