"""One picture of a made person, as photographed and as known: colours, alpha and every label."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import warp as wp
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d, normalize

from reimagine.body.facing import vertex_normals
from reimagine.body.model import joint_positions, pose_skin
from reimagine.cameras.project import project
from reimagine.records import CameraPath, Pose
from reimagine.render.normal_colours import official_colours
from reimagine.synth import light_kernels as kernels
from reimagine.synth.canon.human import Human
from reimagine.synth.canon.layers import Surface, farthest, nearest
from reimagine.synth.canon.studio import GAMMA, Studio, radiance, surroundings
from reimagine.synth.light import BOUNCE, LIFT_M

_SAMPLES = 2
"""Along each side of a pixel."""
_RAYS = 40
_COARSE = 4
"""Every so many-th sample is asked how much light reaches it; between them it varies slowly."""
_WALL_BLUR = 0.22
"""Share of the picture's height that shadows on a wall are blurred over."""
_EXPOSURE = 1.0
_FOLD_M = 0.05
"""Depth of the folds of cloth that is pressed to nothing."""
_FINE_HEIGHT = 600
"""From this height on, cloth is coloured at every sample instead of at the vertices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A person ready to be photographed in any stance."""

    human: Human
    albedo: Float[Tensor, "verts 3"]
    """Linear."""
    tree: wp.Mesh
    """For shadows; fitted anew to each moment, which takes a tenth of the time that building takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A person in one frame of a stance: what all pictures of it share."""

    model: Model
    verts: Float[Tensor, "verts 3"]
    """The dressed surface, world, metres; the lowest point of the frame lies at y = 0."""
    normals: Float[Tensor, "verts 3"]
    body: Float[Tensor, "body_verts 3"]
    """The undressed surface."""
    joints: Float[Tensor, "55 3"]
    landmarks: Float[Tensor, "6 3"]
    transl: Float[Tensor, "3"]
    """What was added to the pose's own place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture and what is known about it."""

    rgb: Float[Tensor, "3 height width"]
    """Over its surroundings, sRGB, 0..1, before the camera's own faults."""
    person: Float[Tensor, "4 height width"]
    """The person alone, straight alpha."""
    part: Int[Tensor, "height width"]
    """0 background, else 1 + index into `human.PARTS`."""
    limb: Int[Tensor, "height width"]
    """0 background, else 1 + index into `human.LIMBS`."""
    depths_m: Float[Tensor, "4 height width"]
    """Along z: the dressed surface's front and back, the undressed one's front and back; 0 where there is none."""
    normals: Float[Tensor, "12 height width"]
    """Unit normals of the same four in world axes; 0 where there is none."""
    joints_xy: Float[Tensor, "55 2"]
    """Pixels, centres at +0.5."""
    landmarks_xy: Float[Tensor, "6 2"]
    camera: CameraPath


def prepare(human: Human) -> Model:
    """The person with the colours of their vertices and a tree of their faces."""
    surface = human.surface
    colours = torch.zeros(len(surface.verts), 3)
    for k in range(len(human.layers)):
        mine = (human.layer == k).nonzero()[:, 0]
        colours[mine] = human.colours(k, surface.verts[mine])
    tree = wp.Mesh(
        points=wp.clone(wp.from_torch(surface.verts.contiguous(), dtype=wp.vec3)),
        indices=wp.from_torch(surface.faces.to(torch.int32).reshape(-1).contiguous()),
        bvh_constructor="sah",
    )
    return Model(human=human, albedo=colours**GAMMA, tree=tree)


def moments(model: Model, pose: Pose) -> list[Moment]:
    """The person in every frame of a pose, put on the floor together."""
    human = model.human
    verts, body = pose_skin(human.surface, pose), pose_skin(human.body.skin, pose)
    hips = joint_positions(human.body, pose)[:, 0]
    away = torch.stack([-hips[0, 0], -verts[0, :, 1].min(), -hips[0, 2]])
    marks = torch.cat([human.landmarks, torch.ones(6, 1)], dim=1)
    folded = [_wrinkled(human, one) for one in verts]
    return [
        Moment(
            model=model,
            verts=folded[k] + away,
            normals=vertex_normals(folded[k][None], human.surface.faces)[0],
            body=body[k] + away,
            joints=joint_positions(human.body, pose[k : k + 1])[0] + away,
            landmarks=marks @ pose.transforms[k, 15].T + away,
            transl=away,
        )
        for k in range(len(pose))
    ]


def take(
    moment: Moment, camera: CameraPath, studio: Studio, own: Float[Tensor, "3 h w"] | None = None
) -> Picture:
    """The picture that this camera takes in this studio; `own` lies behind instead of floor and wall."""
    human = moment.model.human
    faces = human.surface.faces
    finer = replace(
        camera,
        K=camera.K * torch.tensor([_SAMPLES, _SAMPLES, 1.0])[:, None],
        width=camera.width * _SAMPLES,
        height=camera.height * _SAMPLES,
    )
    front = nearest(moment.verts, faces, finer)
    points, normals = front.at(moment.verts), normalize(front.at(moment.normals), dim=1)
    facing = ((points - _eye(camera)) * normals).sum(dim=1, keepdim=True) < 0
    normals = torch.where(facing, normals, -normals)
    colours = (
        _painted(human, front) if camera.height > _FINE_HEIGHT else front.at(moment.model.albedo)
    )
    lamps = radiance(studio, camera, _RAYS)
    tree = _fitted(moment)
    lit = colours * _light(tree, finer, front.seen, points, normals, lamps)
    behind, place, upright = surroundings(studio, camera, own)
    everywhere = torch.ones(len(behind), dtype=torch.bool)
    backdrop = behind * (
        _light(tree, camera, everywhere, place, upright, lamps, soft=True) if own is None else 1.0
    )
    rgba = torch.zeros(len(front.seen), 4)
    rgba[front.seen] = torch.cat([lit, torch.ones(len(lit), 1)], dim=1)
    coarse = avg_pool2d(rearrange(rgba, "(h w) c -> 1 c h w", h=finer.height), _SAMPLES)[0]
    alpha = coarse[3:]
    behind_it = rearrange(backdrop, "(h w) c -> c h w", h=camera.height)
    gain = _EXPOSURE * studio.exposure / max(float(lamps[1].mean()) * 1.1, 1e-3)
    seen = coarse[:3] * gain
    whole = (seen + (1 - alpha) * behind_it * (1.0 if own is not None else gain)).clamp(0, 1)
    person = torch.cat([(seen / alpha.clamp_min(1e-6)).clamp(0, 1) ** (1 / GAMMA), alpha])
    return _labelled(moment, camera, whole ** (1 / GAMMA), person)


def flow(moment: Moment, after: Moment, camera: CameraPath) -> Float[Tensor, "2 height width"]:
    """Pixels from each surface point of one frame to where it is in the next, same camera; NaN off the person."""
    front = nearest(moment.verts, moment.model.human.surface.faces, camera)
    here, there = (project(camera, front.at(one.verts)[None])[0] for one in (moment, after))
    out = torch.full((camera.height * camera.width, 2), torch.nan)
    out[front.seen] = there - here
    return rearrange(out, "(h w) c -> c h w", h=camera.height)


def _labelled(moment: Moment, camera: CameraPath, rgb: Tensor, person: Tensor) -> Picture:
    human = moment.model.human
    size = (camera.height, camera.width)
    surfaces = [
        (look(verts, faces, camera), verts, normals)
        for verts, faces, normals in (
            (moment.verts, human.surface.faces, moment.normals),
            (moment.body, human.body.skin.faces, None),
        )
        for look in (nearest, farthest)
    ]
    depths, normals = torch.zeros(4, *size), torch.zeros(12, *size)
    for k, (seen, verts, given) in enumerate(surfaces):
        depths[k].view(-1)[seen.seen] = seen.depth
        if given is None:
            given = vertex_normals(verts[None], human.body.skin.faces)[0]
        normals.view(12, -1)[3 * k : 3 * k + 3, seen.seen] = normalize(seen.at(given), dim=1).T
    front = surfaces[0][0]
    first = front.corners[:, 0]
    part, limb = (torch.zeros(size, dtype=torch.int64) for _ in range(2))
    part.view(-1)[front.seen] = 1 + human.part[first]
    limb.view(-1)[front.seen] = 1 + human.limb[first]
    return Picture(
        rgb=rgb,
        person=person,
        part=part,
        limb=limb,
        depths_m=depths,
        normals=normals,
        joints_xy=project(camera, moment.joints[None])[0],
        landmarks_xy=project(camera, moment.landmarks[None])[0],
        camera=camera,
    )


def official(normals: Float[Tensor, "3 height width"]) -> Float[Tensor, "3 height width"]:
    """Unit normals of a person who faces +Z in the colours of the paper's maps, white where there are none."""
    flat = rearrange(normals, "c h w -> (h w) c")
    colours = torch.where((flat == 0).all(dim=1, keepdim=True), 1.0, official_colours(flat, 0.0))
    return rearrange(colours, "(h w) c -> c h w", h=normals.shape[1])


def _painted(human: Human, front: Surface) -> Float[Tensor, "points 3"]:
    """Linear colours at every sample."""
    layer, rest = human.layer[front.corners[:, 0]], front.at(human.surface.verts)
    colours = torch.zeros(len(rest), 3)
    for k in layer.unique().tolist():
        mine = (layer == k).nonzero()[:, 0]
        colours[mine] = human.colours(k, rest[mine])
    return colours**GAMMA


def _wrinkled(human: Human, verts: Float[Tensor, "verts 3"]) -> Float[Tensor, "verts 3"]:
    """Cloth thrown into folds where the pose presses it together, by as much as it got shorter."""
    corners = human.surface.faces.long()
    after = corners.roll(-1, 1)
    was = (human.surface.verts[corners] - human.surface.verts[after]).norm(dim=-1)
    now = (verts[corners] - verts[after]).norm(dim=-1)
    pressed = torch.zeros(len(verts)).index_add_(0, corners.reshape(-1), (was - now).reshape(-1))
    total = torch.zeros(len(verts)).index_add_(0, corners.reshape(-1), was.reshape(-1))
    share = (pressed / total.clamp_min(1e-9)).clamp(0, 0.5)
    height = human.crease * share * _FOLD_M
    return verts + height[:, None] * vertex_normals(verts[None], human.surface.faces)[0]


def _fitted(moment: Moment) -> wp.Mesh:
    tree = moment.model.tree
    wp.copy(tree.points, wp.from_torch(moment.verts.contiguous(), dtype=wp.vec3))
    tree.refit()
    return tree


def _light(
    tree: wp.Mesh,
    camera: CameraPath,
    seen: Tensor,
    points: Float[Tensor, "points 3"],
    normals: Float[Tensor, "points 3"],
    lamps: tuple[Tensor, Tensor],
    *,
    soft: bool = False,
) -> Float[Tensor, "points 3"]:
    """Light at each seen pixel: what its normal would gather freely, less what stands in the way, which is found coarsely."""
    directions, light = lamps
    cosine = (normals @ directions.T).clamp_min(0)
    free = (cosine @ light) / cosine.sum(dim=1, keepdim=True).clamp_min(1e-6)
    height, width = camera.height, camera.width
    index = torch.full((height * width,), -1)
    index[seen] = torch.arange(int(seen.sum()))
    cells = index.view(height, width)[_COARSE // 2 :: _COARSE, _COARSE // 2 :: _COARSE]
    chosen = cells[cells >= 0]
    if not len(chosen):
        return free
    got = torch.zeros(len(chosen), 3)
    inputs: Sequence[Tensor] = (points[chosen], normals[chosen], directions, light)
    wp.launch(
        kernels.gather,
        len(chosen),
        inputs=[
            tree.id,
            *(wp.from_torch(one.contiguous(), dtype=wp.vec3) for one in inputs),
            wp.vec3(*BOUNCE),
            LIFT_M,
        ],
        outputs=[wp.from_torch(got, dtype=wp.vec3)],
        device="cpu",
    )
    share = torch.zeros(3 + 1, *cells.shape)
    share[:3, cells >= 0] = (got / free[chosen].clamp_min(1e-4)).clamp(0, 1.2).T
    share[3, cells >= 0] = 1
    spread = avg_pool2d(share[None], 3, 1, 1)
    if soft:
        # A wall is far behind: so few rays throw copies of the person on it, which real lamps' sizes blur.
        upright = torch.zeros(1, 1, *cells.shape)
        upright[0, 0][cells >= 0] = (normals[chosen, 1] < 0.5).float()
        held = share[None] * upright
        width_cells = int(cells.shape[0] * _WALL_BLUR) | 1
        wide = avg_pool2d(held, width_cells, 1, width_cells // 2)
        spread = torch.where(upright > 0, wide, avg_pool2d(share[None] * (1 - upright), 3, 1, 1))
    far = max_pool2d(spread, 5, 1, 2)
    spread = torch.where(spread[:, 3:] > 0, spread, far)[0]
    even = spread[:3] / spread[3:].clamp_min(1e-6)
    even = torch.where(spread[3:] > 0, even, torch.ones(()))
    grown = torch.nn.functional.interpolate(even[None], (height, width), mode="bilinear")[0]
    return free * grown.reshape(3, -1)[:, seen].T


def _eye(camera: CameraPath) -> Float[Tensor, "3"]:
    return -(camera.R[0].T @ camera.t[0])
