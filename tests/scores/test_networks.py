"""Each call is shown with a tiny network that has the arguments of the real file."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from reimagine.errors import InputError
from reimagine.scores.networks import (
    HOW,
    clip_features,
    face_embedding,
    load_network,
    perceptual_distance,
    picture_features,
    resized,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


class Mean(nn.Module):
    """Plain: pictures in, mean colours out."""

    def forward(self, pictures: Tensor) -> Tensor:
        return pictures.mean(dim=(2, 3))


class Inception(nn.Module):
    """Called as NVIDIA's file: the whole gives other numbers than its layers."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = Mean()

    def forward(self, img: Tensor, return_features: bool = False) -> Tensor:
        features = self.layers(img)
        return features + 1000 if return_features else features[:, :1]


class Vgg(nn.Module):
    def forward(
        self, img: Tensor, resize_images: bool = True, return_lpips: bool = False
    ) -> Tensor:
        assert return_lpips
        assert not resize_images
        return img.mean(dim=(2, 3)) / 255


class Lpips(nn.Module):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return (a - b).abs().mean(dim=(1, 2, 3))


class I3d(nn.Module):
    def forward(
        self,
        clip: Tensor,
        rescale: bool = False,
        resize: bool = False,
        return_features: bool = False,
    ) -> Tensor:
        assert rescale
        assert resize
        assert return_features
        return clip.mean(dim=(3, 4)).flatten(1)


@pytest.fixture
def saved(tmp_path):
    def save(module: nn.Module, flag: str = "--fid-weights"):
        torch.jit.script(module).save(str(tmp_path / "net.pt"))
        return load_network(tmp_path / "net.pt", flag)

    return save


def _kernel(x: float) -> float:
    """Keys' cubic with a = -1/2, as PIL has it."""
    x = abs(x)
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def test_shrinking_is_the_antialiased_bicubic_computed_by_hand():
    line = torch.tensor([0, 10, 200, 30, 40, 255, 60, 70.0]) / 255
    picture = line.expand(3, 8, 8).contiguous()
    got = resized(picture, 4)
    for k in range(4):
        centre = (k + 0.5) * 2
        weights = np.array([_kernel((i + 0.5 - centre) / 2) for i in range(8)])
        expected = (weights / weights.sum()) @ (line.numpy() * 255)
        assert got[0, 0, k].item() == pytest.approx(expected, abs=1e-3)


def test_resized_pictures_agree_with_pillow():
    image = pytest.importorskip("PIL.Image")
    picture = torch.rand(3, 61, 47, generator=torch.Generator().manual_seed(0))
    plane = (picture[1] * 255).round().numpy()
    for side in (29, 99):
        theirs = np.asarray(image.fromarray(plane).resize((side, side), image.Resampling.BICUBIC))
        assert np.abs(resized(picture, side)[1].numpy() - theirs).max() < 1e-2


def test_inception_is_called_by_its_layers_as_clean_fid_does(saved):
    got = picture_features(saved(Inception()), torch.full((2, 3, 299, 299), 192.0))
    assert got.shape == (2, 3)
    assert got == pytest.approx(np.full((2, 3), 0.5))


def test_a_plain_network_gets_bytes(saved):
    got = picture_features(saved(Mean()), torch.full((2, 3, 299, 299), 192.0))
    assert got == pytest.approx(np.full((2, 3), 192.0))


def test_lpips_of_nvidias_file_is_the_squared_distance_of_its_features(saved):
    a, b = torch.full((3, 40, 30), 0.5), torch.full((3, 40, 30), 0.7)
    network = saved(Vgg(), "--lpips-weights")
    assert perceptual_distance(network, a, b) == pytest.approx(3 * 0.2**2, rel=1e-4)
    assert perceptual_distance(network, a, a) == 0


def test_lpips_of_two_pictures_gets_them_from_minus_one_to_one(saved):
    a, b = torch.zeros(3, 40, 30), torch.ones(3, 40, 30)
    assert perceptual_distance(saved(Lpips()), a, b) == pytest.approx(2)


def test_i3d_gets_bytes_and_resizes_by_itself(saved):
    got = clip_features(saved(I3d(), "--fvd-weights"), torch.full((3, 16, 48, 32), 100.0))
    assert got.shape == (1, 48)
    assert got == pytest.approx(np.full((1, 48), 100.0))


def test_another_network_of_clips_gets_squares(saved):
    class Sides(nn.Module):
        def forward(self, clips: Tensor) -> Tensor:
            return torch.tensor([clips.shape]).float()

    got = clip_features(saved(Sides(), "--fvd-weights"), torch.zeros(3, 16, 48, 32))
    assert got.tolist() == [[1, 3, 16, 224, 224]]


def test_an_embedding_has_length_one(saved):
    face = torch.tensor([0.5, 0.75, 1.0])[:, None, None].expand(3, 50, 50)
    got = face_embedding(saved(Mean()), face)
    assert np.linalg.norm(got) == pytest.approx(1)
    assert got / got[2] == pytest.approx([0, 0.5, 1], abs=0.01)


@pytest.mark.parametrize("field", HOW)
def test_an_absent_or_wrong_file_is_refused_and_says_what_is_needed(tmp_path, field):
    with pytest.raises(InputError, match=rf"^{field} .* is no file; expected .* nothing is downl"):
        load_network(tmp_path / "none.pt", field)
    (tmp_path / "text.pt").write_text("hello")
    with pytest.raises(InputError, match=rf"^{field} .* is no TorchScript file"):
        load_network(tmp_path / "text.pt", field)


def test_a_network_that_wants_or_gives_something_else_is_refused(saved):
    class One(nn.Module):
        def forward(self, pictures: Tensor) -> Tensor:
            return pictures.mean()

    with pytest.raises(InputError, match="gives no row of features each"):
        picture_features(saved(One()), torch.zeros(2, 3, 8, 8))
    with pytest.raises(InputError, match="lpips_weights: the network cannot be called"):
        perceptual_distance(saved(One()), torch.zeros(3, 8, 8), torch.zeros(3, 8, 8))
