"""Laws of the rasteriser; the oracle is a ray test of every pixel against every face in double precision."""

import pytest
import torch
from torch import Tensor

from reimagine.cameras.path import make_camera
from reimagine.cameras.project import project, to_camera
from reimagine.records import CameraPath, Raster
from reimagine.render.rasterize import coverage, interpolate, rasterize
from reimagine.settings import View

WIDTH, HEIGHT = 60, 90


def sphere(rings: int = 12, around: int = 18) -> tuple[Tensor, Tensor]:
    """A closed bumpy ball about as high as a person, with faces outward."""
    polar = torch.linspace(0, torch.pi, rings + 1)[1:-1]
    turn = torch.arange(around) * (2 * torch.pi / around)
    p, a = torch.meshgrid(polar, turn, indexing="ij")
    r = 0.8 + 0.15 * torch.sin(3 * a) * torch.sin(4 * p)
    ball = torch.stack([r * p.sin() * a.cos(), r * p.cos() + 0.9, r * p.sin() * a.sin()], -1)
    verts = torch.cat([ball.reshape(-1, 3), torch.tensor([[0.0, 1.7, 0.0], [0.0, 0.1, 0.0]])])
    i, j = torch.meshgrid(torch.arange(rings - 2), torch.arange(around), indexing="ij")
    here, right = i * around + j, i * around + (j + 1) % around
    quads = [
        torch.stack([here, right, here + around], -1),
        torch.stack([right, right + around, here + around], -1),
    ]
    j = torch.arange(around)
    last = (rings - 2) * around
    top = torch.stack([torch.full_like(j, len(verts) - 2), (j + 1) % around, j], -1)
    bottom = torch.stack(
        [torch.full_like(j, len(verts) - 1), last + j, last + (j + 1) % around], -1
    )
    return verts, torch.cat([*(q.reshape(-1, 3) for q in quads), top, bottom])


def orbit(verts: Tensor, width: int = WIDTH, height: int = HEIGHT) -> CameraPath:
    return make_camera("orbit", View(elevation_deg=17.0), verts, width, height)


def turning(frames: int) -> tuple[Tensor, Tensor, CameraPath, Raster]:
    verts, faces = sphere()
    verts = verts.expand(frames, -1, 3).contiguous()
    camera = orbit(verts)
    return verts, faces, camera, rasterize(verts, faces, camera)


def centres_of_pixels() -> Tensor:
    y, x = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    return torch.stack([x, y], -1)


def ray_oracle(verts: Tensor, faces: Tensor, camera: CameraPath) -> tuple[Tensor, Tensor]:
    """Depth along every pixel's ray (inf for none) and face of one frame (Moeller and Trumbore 1997), float64."""
    corners = to_camera(camera, verts)[0].double()[faces]
    ones = torch.ones(HEIGHT, WIDTH, 1, dtype=torch.float64)
    pixel = torch.cat([centres_of_pixels().double(), ones], -1).reshape(-1, 1, 3)
    ray = pixel @ torch.linalg.inv(camera.K[0].double()).T
    a, ab, ac = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    p = torch.linalg.cross(ray, ac[None], dim=-1)
    determinant = (p * ab).sum(-1)
    u = -(p * a).sum(-1) / determinant
    q = torch.linalg.cross(-a, ab, dim=-1)
    v = (ray * q).sum(-1) / determinant
    z = (ac * q).sum(-1) / determinant
    z = z.masked_fill((u < 0) | (v < 0) | (u + v > 1), torch.inf)
    nearest = z.min(-1)
    return nearest.values.reshape(HEIGHT, WIDTH), nearest.indices.reshape(HEIGHT, WIDTH)


def test_depth_and_mask_agree_with_rays_at_every_pixel() -> None:
    verts, faces, camera, raster = turning(3)
    for frame in range(3):
        one = slice(frame, frame + 1)
        depth, face = ray_oracle(verts[one], faces, camera[one])
        seen = raster.face[frame] >= 0
        assert torch.equal(seen, depth.isfinite())
        assert 1000 < int(seen.sum()) < WIDTH * HEIGHT
        assert float((raster.depth[frame] - depth)[seen].abs().max()) < 1e-4
        assert float((raster.face[frame] == face)[seen].float().mean()) > 0.999


def test_interpolated_points_project_onto_their_pixels_at_their_depth() -> None:
    verts, faces, camera, raster = turning(3)
    points = interpolate(raster, faces, verts).reshape(3, -1, 3)
    seen = (raster.face >= 0).reshape(3, -1)
    pixels = centres_of_pixels().reshape(1, -1, 2).expand(3, -1, 2)
    assert float((project(camera, points) - pixels)[seen].abs().max()) < 1e-3
    depth = to_camera(camera, points)[..., 2]
    assert float((depth - raster.depth.reshape(3, -1))[seen].abs().max()) < 1e-5


def test_values_shared_by_all_frames_equal_the_same_values_repeated() -> None:
    _, faces, _, raster = turning(3)
    values = torch.rand(int(faces.max()) + 1, 5, generator=torch.Generator().manual_seed(1))
    shared = interpolate(raster, faces, values)
    assert torch.equal(shared, interpolate(raster, faces, values.expand(3, -1, 5)))
    assert (shared[raster.face < 0] == 0).all()
    assert (shared[raster.face >= 0] > 0).all()


def test_frames_by_themselves_equal_the_frames_together() -> None:
    verts, faces, camera, together = turning(5)
    for frame in range(5):
        one = slice(frame, frame + 1)
        alone = rasterize(verts[one], faces, camera[one])
        for field in ("face", "barycentrics", "depth"):
            assert torch.equal(getattr(alone, field)[0], getattr(together, field)[frame])


def test_a_fan_of_slivers_leaves_no_hole_and_no_overlap_matters() -> None:
    generator = torch.Generator().manual_seed(3)
    camera = CameraPath(
        K=torch.eye(3)[None], R=torch.eye(3)[None], t=torch.zeros(1, 3), width=WIDTH, height=HEIGHT
    )
    for _ in range(20):
        angles = torch.rand(400, generator=generator).sort().values * 2 * torch.pi
        rim = torch.stack([angles.cos(), angles.sin()], -1) * 400 + torch.tensor([30.0, 45.0])
        hub = torch.rand(1, 2, generator=generator) * 10 + torch.tensor([25.0, 40.0])
        verts = torch.cat([torch.cat([hub, rim]), torch.ones(401, 1)], -1)[None]
        k = torch.arange(400)
        faces = torch.stack([torch.zeros_like(k), k + 1, (k + 1) % 400 + 1], -1)
        assert (rasterize(verts, faces, camera).face >= 0).all()


def test_the_lowest_of_two_equal_faces_wins() -> None:
    verts = torch.tensor([[[0.0, 0, 1], [60, 0, 1], [0, 90, 1]]])
    camera = CameraPath(
        K=torch.eye(3)[None], R=torch.eye(3)[None], t=torch.zeros(1, 3), width=WIDTH, height=HEIGHT
    )
    face = rasterize(verts, torch.tensor([[0, 1, 2], [2, 1, 0], [1, 2, 0]]), camera).face
    assert set(face.unique().tolist()) == {-1, 0}


def test_faces_that_cross_the_camera_plane_are_left_out() -> None:
    verts = torch.tensor([[[0.0, 0, 1], [60, 0, 1], [0, 90, -1]]])
    camera = CameraPath(
        K=torch.eye(3)[None], R=torch.eye(3)[None], t=torch.zeros(1, 3), width=WIDTH, height=HEIGHT
    )
    raster = rasterize(verts, torch.tensor([[0, 1, 2]]), camera)
    assert (raster.face == -1).all()
    assert raster.depth.isinf().all()


def test_an_empty_mesh_shows_nothing() -> None:
    verts, _ = sphere()
    raster = rasterize(verts[None], torch.zeros(0, 3, dtype=torch.long), orbit(verts[None]))
    assert (raster.face == -1).all()


def test_a_point_on_the_axis_projects_onto_the_principal_point_and_one_behind_onto_nothing() -> (
    None
):
    verts, _ = sphere()
    camera = orbit(verts[None])
    axis = camera.R[0, 2]
    centre = -camera.R[0].T @ camera.t[0]
    pixels = project(camera, torch.stack([centre + 2 * axis, centre - axis])[None])
    assert torch.allclose(pixels[0, 0], torch.tensor([WIDTH / 2, HEIGHT / 2]), atol=1e-3)
    assert pixels[0, 1].isnan().all()


def test_coverage_is_the_mean_of_a_finer_picture() -> None:
    verts, faces, camera, raster = turning(2)
    fine = 8
    K = camera.K * torch.tensor([[fine], [fine], [1]])
    finer = CameraPath(K=K, R=camera.R, t=camera.t, width=WIDTH * fine, height=HEIGHT * fine)
    seen = (rasterize(verts, faces, finer).face >= 0).float()
    truth = seen.reshape(2, HEIGHT, fine, WIDTH, fine).mean((2, 4))
    share = coverage(verts, faces, camera, raster)
    assert (share[truth == 1] == 1).all()
    assert (share[truth == 0] == 0).all()
    assert float((share - truth).abs().max()) < 0.25
    assert float((share - truth).abs()[(truth > 0) & (truth < 1)].mean()) < 0.07


def test_coverage_finds_what_is_thinner_than_a_pixel() -> None:
    verts = torch.tensor([[[10.6, 5, 1], [10.9, 5, 1], [10.9, 80, 1], [10.6, 80, 1]]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    camera = CameraPath(
        K=torch.eye(3)[None], R=torch.eye(3)[None], t=torch.zeros(1, 3), width=WIDTH, height=HEIGHT
    )
    raster = rasterize(verts, faces, camera)
    assert (raster.face == -1).all()
    share = coverage(verts, faces, camera, raster)
    assert float(share[0, 6:79, 10].mean()) == pytest.approx(0.3, abs=0.08)
    assert float(share.sum()) == pytest.approx(0.3 * 75, rel=0.2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_cuda_sees_what_the_cpu_sees() -> None:
    verts, faces, camera, raster = turning(3)
    there = CameraPath(
        K=camera.K.cuda(), R=camera.R.cuda(), t=camera.t.cuda(), width=WIDTH, height=HEIGHT
    )
    on_cuda = rasterize(verts.cuda(), faces.cuda(), there)
    same = on_cuda.face.cpu() == raster.face
    assert float(same.float().mean()) > 0.999
    assert float((on_cuda.depth.cpu() - raster.depth)[same & (raster.face >= 0)].abs().max()) < 1e-4
    values = torch.rand(int(faces.max()) + 1, 4, generator=torch.Generator().manual_seed(1))
    ours, theirs = (
        interpolate(raster, faces, values),
        interpolate(on_cuda, faces.cuda(), values.cuda()),
    )
    assert float((theirs.cpu() - ours)[same].abs().max()) < 1e-3
    share = coverage(verts.cuda(), faces.cuda(), there, on_cuda).cpu()
    assert float((share - coverage(verts, faces, camera, raster)).abs().mean()) < 1e-3
