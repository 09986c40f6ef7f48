"""Two actors in one picture: who hides whom, in rasters, flow, painting and refining."""

from dataclasses import replace

import pytest
import torch

from reimagine.appearance.store import load_person
from reimagine.body.library import built_in_motion
from reimagine.body.model import pose_body, pose_skin
from reimagine.body.placement import placed
from reimagine.cameras.path import make_camera
from reimagine.frames.backends.atlas import make
from reimagine.frames.together import paint_actors
from reimagine.records import Actor
from reimagine.refine.backends import flow
from reimagine.render.flow import mesh_flow
from reimagine.render.view import view_actors, view_surface
from reimagine.settings import Refinement, View

RED, BLUE = torch.tensor([0.9, 0.1, 0.1]), torch.tensor([0.1, 0.1, 0.9])
FRAMES = 4


@pytest.fixture(scope="module")
def two(plain_person):
    """One in red who walks before one in blue, half hiding them, seen by one camera that goes round."""
    person = load_person(plain_person)
    red, blue = (replace(person, fill=colour.expand(len(person.fill), 3)) for colour in (RED, BLUE))
    pose = pose_body(person.body, built_in_motion("walk", FRAMES, 8.0))
    actors = (
        Actor(person=red, pose=placed(pose, x_m=-0.1, z_m=0.4)),
        Actor(person=blue, pose=placed(pose, x_m=0.1, z_m=-0.4, turn_rad=0.7)),
    )
    points = torch.cat([pose_skin(one.person.surface, one.pose) for one in actors], dim=1)
    return actors, make_camera("arc", View(arc_deg=60), points[:, ::50], 96, 128)


def alone(actors, camera):
    return torch.stack([view_surface(one.person, one.pose, camera).raster.depth for one in actors])


def test_each_pixel_sees_whoever_is_nearest(two):
    actors, camera = two
    depths = alone(actors, camera)
    raster = view_actors(actors, camera).raster
    nearest = torch.where(depths.isfinite().any(0), depths.argmin(0), -1)
    assert torch.equal(raster.actor, nearest)
    assert torch.equal(raster.depth, depths.amin(0))
    assert int((depths.isfinite().all(0)).sum()) > 500
    assert all(int((raster.actor == k).sum()) > 500 for k in (0, 1))


def test_one_actor_is_seen_and_painted_as_ever(two):
    actors, camera = two
    one, seen = (
        view_actors(actors[:1], camera),
        view_surface(actors[0].person, actors[0].pose, camera),
    )
    assert torch.equal(one.raster.face, seen.raster.face)
    assert torch.equal(one.raster.actor >= 0, seen.raster.face >= 0)


def test_a_point_that_another_actor_hides_is_not_in_sight(two):
    actors, camera = two
    view = view_actors(actors, camera)
    found = mesh_flow(view, 0, 2)
    blue = view.raster.actor[0] == 1
    at = found.target[blue & found.visible].long()
    there = view.raster.actor[2][at[:, 1], at[:, 0]]
    # Beside a silhouette a point may land on a pixel whose centre sees past it, but hardly on who hides it.
    assert (there == 0).float().mean() < 0.01
    assert (there == 1).float().mean() > 0.9
    single = mesh_flow(view_actors(actors[1:], camera), 0, 2)
    hidden = single.visible & blue & ~found.visible
    at = single.target[hidden].long()
    assert len(at) >= 10
    assert (view.raster.actor[2][at[:, 1], at[:, 0]] == 0).float().mean() > 0.9


def test_the_nearer_actor_is_painted_over_the_farther_one(two):
    actors, camera = two
    picture = paint_actors(make(), actors, camera, shade=0.0, seed=0)
    actor = view_actors(actors, camera).raster.actor
    # Pixels whose surroundings all see the same actor: edges mix both.
    around = torch.nn.functional.unfold(actor[:, None].float(), 3).reshape(FRAMES, 9, -1)
    inner = torch.zeros(actor.shape, dtype=torch.bool)
    same = (around == around[:, 4:5]).all(1).reshape(FRAMES, 126, 94)
    inner[:, 1:-1, 1:-1] = same
    for who, colour in ((0, RED), (1, BLUE)):
        shown = picture.movedim(1, -1)[inner & (actor == who)]
        # Gaps narrower than a pixel, as between fingers, show who is behind.
        off = (shown[:, :3] - colour).abs().amax(1)
        assert (off < 0.02).float().mean() > 0.99
        assert (shown[:, 3] > 0.99).float().mean() > 0.99
    assert (picture[:, 3][inner & (actor < 0)] == 0).float().mean() > 0.99


def test_refining_keeps_actors_apart(two):
    actors, camera = two
    pictures = paint_actors(make(), actors, camera, shade=0.0, seed=0)
    noisy = pictures.clone()
    noisy[:, :3] += 0.1 * torch.randn(FRAMES, 1, 1, 1, generator=torch.Generator().manual_seed(0))

    def see(start, stop):
        part = slice(start, stop)
        return view_actors([one[part] for one in actors], camera[part])

    refined = torch.stack(
        list(flow.make("cpu", Refinement()).refine(noisy.clamp(0, 1).__getitem__, see, FRAMES))
    )
    actor = view_actors(actors, camera).raster.actor
    for who, channel in ((0, 0), (1, 2)):
        shown = refined.movedim(1, -1)[(actor == who) & (pictures[:, 3] > 0.99)]
        right = (shown[:, :3].argmax(1) == channel).float().mean()
        assert right > 0.98
