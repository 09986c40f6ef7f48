from dataclasses import replace

import torch

from reimagine.body.model import rotation_matrices
from reimagine.frames.backend import ImageBackend
from reimagine.frames.backends.atlas import make
from reimagine.frames.load import load_backend
from reimagine.render.view import view_surface
from reimagine.settings import ImageModel


def inner(picture):
    """Pixels well inside the ball's front, where one photo alone is seen."""
    solid = torch.nn.functional.avg_pool2d(picture[3][None], 9, 1, 4, count_include_pad=True)
    return solid[0] == 1


def test_is_an_image_backend():
    assert isinstance(load_backend("atlas", "cpu", ImageModel()), ImageBackend)


def test_seen_as_in_the_photo_the_photo_comes_back(person, scene):
    for behind, photo in ((False, 0), (True, 1)):
        picture = make().paint(person, scene(person, behind=behind), 0)[0]
        true = person.photos[photo].rgb
        away = (picture[:3] - true).abs().amax(dim=0)[inner(picture)]
        assert away.max() < 0.01


def test_a_frame_does_not_depend_on_the_frames_beside_it(person, scene):
    conditions = scene(person, 3, step_m=0.05)
    together = make().paint(person, conditions, 0)
    alone = scene(person, 3, step_m=0.05)
    alone = replace(
        alone,
        pose=alone.pose[2:3],
        camera=alone.camera[2:3],
        raster=replace(
            alone.raster,
            face=alone.raster.face[2:3],
            barycentrics=alone.raster.barycentrics[2:3],
            depth=alone.raster.depth[2:3],
        ),
        normals=alone.normals[2:3],
        coverage=alone.coverage[2:3],
    )
    assert torch.equal(together[2:3], make().paint(person, alone, 7))


def test_fill_shows_where_no_photo_is_trusted(person, scene):
    blind = replace(person, photo_weight=torch.zeros_like(person.photo_weight))
    picture = make().paint(blind, scene(person), 0)[0]
    covered = picture[3] > 0
    assert torch.allclose(picture[:3, covered], torch.tensor([[0.9], [0.1], [0.5]]), atol=1e-5)


def test_weights_above_one_do_not_brighten(person, scene):
    twice = replace(person, photo_weight=torch.ones_like(person.photo_weight))
    picture = make().paint(twice, scene(person), 0)[0]
    blue = picture[2][inner(picture)]
    assert torch.allclose(blue, torch.full_like(blue, 0.5), atol=1e-3)


def test_positions_that_are_not_numbers_never_reach_the_picture(person, scene):
    xy = person.photo_xy.clone()
    xy[:, ::7] = torch.nan
    fill = person.fill.clone()
    fill[::5] = torch.nan
    picture = make().paint(replace(person, photo_xy=xy, fill=fill), scene(person), 0)
    assert bool(torch.isfinite(picture).all())
    assert 0 <= picture.min() <= picture.max() <= 1


def test_edges_keep_the_colour_and_lose_alpha(person, scene):
    blind = replace(person, photo_weight=torch.zeros_like(person.photo_weight))
    picture = make().paint(blind, scene(person), 0)[0]
    edge = (picture[3] > 0) & (picture[3] < 1)
    assert edge.any()
    assert torch.allclose(picture[0, edge], torch.tensor(0.9), atol=1e-4)


def test_a_person_out_of_the_picture_leaves_it_empty(person, scene):
    conditions = scene(person, 2, step_m=50.0)
    picture = make().paint(person, conditions, 0)
    assert picture[0, 3].max() == 1
    assert picture[1].abs().max() == 0


def test_a_person_half_outside_is_cut_at_the_border(person, scene):
    whole = make().paint(person, scene(person), 0)[0]
    narrow = make().paint(person, scene(person, width=40), 0)[0]
    assert narrow.shape == (4, 128, 40)
    assert narrow[3, 64].min() == 1
    assert whole[3, 64, 0] == 0


def test_the_dressed_surface_is_seen_where_it_is_painted(person, scene):
    conditions = scene(person, 2, step_m=0.1)
    pictures = make().paint(person, conditions, 0)
    seen = view_surface(person, conditions.pose, conditions.camera).raster.face >= 0
    assert bool((pictures[:, 3][seen] > 0).all())


def leaning(conditions, degrees):
    """The same scene with the whole body leaning forwards about its origin."""
    lean = rotation_matrices(torch.tensor([degrees * torch.pi / 180, 0.0, 0.0]))
    transforms = conditions.pose.transforms.clone()
    transforms[..., :3, :] = lean @ transforms[..., :3, :]
    return replace(conditions, pose=replace(conditions.pose, transforms=transforms))


def test_shading_leaves_what_stands_as_in_the_photo(person, scene):
    plain, shaded = (
        make().paint(person, replace(scene(person), shade=shade), 0) for shade in (0, 1)
    )
    assert torch.allclose(plain, shaded, atol=1e-3)


def test_what_leans_forward_gets_darker_and_what_leans_back_brighter(person, scene):
    mean = {}
    for degrees in (-15, 15):
        turned = leaning(scene(person), degrees)
        off, on = (make().paint(person, replace(turned, shade=shade), 0)[0] for shade in (0, 0.5))
        assert torch.equal(off[3], on[3])
        seen = inner(off)
        mean[degrees] = float(on[:3, seen].mean() / off[:3, seen].mean())
    assert mean[15] < 0.98
    assert mean[-15] > 1.02
