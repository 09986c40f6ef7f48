import pytest
import torch

pytest.importorskip("diffusers")

from reimagine.refine.diffusion.links import Links
from reimagine.refine.diffusion.schedule import Level
from reimagine.refine.wan.model import Text, load_wan
from reimagine.refine.wan.propagate import hook

LEVEL = Level(signal=0.5, noise=0.5, time=500.0)
LATENTS, ROWS, COLUMNS = 3, 2, 4
"""Of tokens; a token is 2 x 2 latent pixels."""


@pytest.fixture(scope="module")
def hooked(tiny_wan):
    text = Text(prompt="a person", negative="", guidance=1.0)
    return load_wan(tiny_wan, text, device="cpu", memory="full", propagate=1.0)


@pytest.fixture
def latents():
    chance = torch.Generator().manual_seed(3)
    return torch.randn(16, LATENTS, 2 * ROWS, 2 * COLUMNS, generator=chance)


def links(shift=0):
    """All latents follow the middle one; what is at a column is there `shift` columns farther right."""
    place = torch.arange(ROWS * COLUMNS).view(ROWS, COLUMNS)
    moved = torch.where(torch.arange(COLUMNS) + shift < COLUMNS, place + shift, -1)
    stay = torch.full_like(place, -1)
    return Links(anchor=torch.full((LATENTS,), 1), place=torch.stack([moved, stay, moved]))


def attention_outputs(model, latents, links):
    """What each block's self-attention gives: latents rows columns channels."""
    found = []
    watch = [
        block.attn1.register_forward_hook(
            lambda _, __, out: found.append(out.view(LATENTS, ROWS, COLUMNS, -1))
        )
        for block in model.pipe.transformer.blocks
    ]
    model.denoise_along(latents, LEVEL, links)
    for one in watch:
        one.remove()
    return found


@pytest.mark.parametrize("shift", [0, 1])
def test_features_equal_the_anchors_where_the_flow_leads(hooked, latents, shift):
    outputs = attention_outputs(hooked, latents, links(shift))
    assert len(outputs) == 2
    for out in outputs:
        for other in (0, 2):
            assert torch.equal(out[other, :, : COLUMNS - shift], out[1, :, shift:])
            if shift:
                assert not torch.allclose(out[other, :, -shift:], out[1, :, -shift:])


def test_off_it_is_diffusers_own_to_the_bit(wan, hooked, latents):
    plain = wan.pipe.transformer
    for model in (hooked.pipe.transformer, plain):
        model.load_state_dict(plain.state_dict())
    text = hooked.prompt
    args = {
        "hidden_states": latents[None],
        "timestep": torch.tensor([500.0]),
        "encoder_hidden_states": text,
        "return_dict": False,
    }
    with torch.no_grad():
        a, b = plain(**args)[0], hooked.pipe.transformer(**args)[0]
    assert torch.equal(a, b)
    hooked.denoise_along(latents, LEVEL, links())
    with torch.no_grad():
        assert torch.equal(a, hooked.pipe.transformer(**args)[0])


def test_links_to_nothing_change_no_bit_and_links_do(hooked, latents):
    nowhere = Links(
        anchor=torch.ones(LATENTS, dtype=torch.long),
        place=torch.full((LATENTS, ROWS, COLUMNS), -1),
    )
    plain = hooked.denoise(latents, LEVEL)
    assert torch.equal(plain, hooked.denoise_along(latents, LEVEL, nowhere))
    assert not torch.allclose(plain, hooked.denoise_along(latents, LEVEL, links()), atol=1e-4)


def test_only_self_attention_is_hooked(hooked):
    blocks = hooked.pipe.transformer.blocks
    assert len(hook(hooked.pipe.transformer, 1.0)) == len(blocks)
    assert type(blocks[0].attn2.processor).__name__ == "WanAttnProcessor"
