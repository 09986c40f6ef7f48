"""The backend as a user has it, on tiny random weights."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from reimagine.errors import InputError
from reimagine.frames.backend import ImageBackend
from reimagine.frames.flux.files import CONTROLNET, KONTEXT, LORA, find_files
from reimagine.frames.flux.load import load_models
from reimagine.frames.flux.tiny import tiny_controlnet
from reimagine.frames.load import load_backend
from reimagine.pictures import over
from reimagine.settings import ImageModel, Lora

SIZE = {"width": 64}


def backend(settings):
    return load_backend("flux-kontext", "cpu", settings)


@pytest.fixture(scope="module")
def plain(settings, known, scene):
    """The picture of frame 0 with the default settings."""
    return backend(settings).paint(known, scene(known, **SIZE), 43)


def test_it_paints_what_a_backend_paints(settings, known, scene):
    made = backend(settings)
    assert isinstance(made, ImageBackend)
    pictures = made.paint(known, scene(known, 2, step_m=0.1, **SIZE), 43)
    assert pictures.shape == (2, 4, 128, 64)
    assert 0 <= float(pictures.min()) <= float(pictures.max()) <= 1
    assert float((pictures[0] - pictures[1]).abs().max()) > 0.01


def test_a_frame_is_the_same_alone_and_among_others(settings, known, scene):
    made = backend(settings)
    together = made.paint(known, scene(known, 3, step_m=0.1, **SIZE), 43)
    alone = made.paint(known, part(scene(known, 3, step_m=0.1, **SIZE), 1), 43)
    assert torch.equal(together[1:2], alone)


def test_batches_change_nothing_but_rounding(settings, known, scene):
    conditions = scene(known, 3, step_m=0.1, **SIZE)
    one = backend(settings).paint(known, conditions, 43)
    two = backend(replace(settings, batch=2)).paint(known, conditions, 43)
    assert torch.allclose(shown(one), shown(two), atol=1e-4)


def test_equal_seeds_paint_equal_pictures_and_others_others(settings, known, scene, plain):
    made, conditions = backend(settings), scene(known, **SIZE)
    assert float((plain - made.paint(known, conditions, 44)).abs().max()) > 0.01
    assert torch.equal(plain, made.paint(known, conditions, 43))


@pytest.mark.parametrize(
    "change",
    [
        {"control_scale": 0.0},
        {"guidance": 1.0},
        {"steps": 3},
        {"prompt": "a red hat"},
        {"true_cfg": 2.0},
        {"reference_height": 16},
        {"init": "atlas"},
        {"noise": "surface"},
    ],
    ids=str,
)
def test_every_setting_changes_the_picture(settings, known, scene, plain, change):
    conditions = scene(known, **SIZE)
    changed = backend(replace(settings, **change)).paint(known, conditions, 43)
    assert float((shown(plain) - shown(changed)).abs().max()) > 1e-3


def test_the_negative_prompt_counts_only_with_classifier_free_guidance(
    settings, known, scene, plain
):
    conditions = scene(known, **SIZE)

    def paint(**change):
        return backend(replace(settings, **change)).paint(known, conditions, 43)

    assert torch.equal(plain, paint(negative_prompt="a hat"))
    apart = paint(true_cfg=2.0) - paint(true_cfg=2.0, negative_prompt="a hat")
    assert float(apart.abs().max()) > 1e-3


def test_the_reference_of_another_person_is_encoded_anew(settings, known, scene, plain):
    made, conditions = backend(settings), scene(known, **SIZE)
    other = replace(known, reference=1 - known.reference)
    assert float((plain - made.paint(other, conditions, 43)).abs().max()) > 1e-3
    assert torch.equal(plain, made.paint(known, conditions, 43))


def test_little_noise_keeps_the_atlas_picture(settings, known, scene, plain):
    """Through the VAE, which here is random: the picture at strength 0 is the atlas picture's, decoded again."""
    from reimagine.frames.flux.pictures import decode, encode

    conditions = scene(known, **SIZE)
    made = backend(replace(settings, init="atlas", strength=0.0, steps=1))
    near = made.paint(known, conditions, 43)
    atlas = load_backend("atlas", "cpu", settings).paint(known, conditions, 43)
    vae = load_models(find_files(settings), torch.float32).vae
    through = decode(vae, encode(vae, shown(atlas)))
    gap, far_gap = ((shown(one) - through).abs().mean() for one in (near, plain))
    assert float(gap) < 0.2 * float(far_gap)


def test_a_reference_of_odd_size_is_widened_by_its_edge(settings, known, scene):
    odd = replace(known, reference=known.reference[:, :30, :50])
    assert backend(settings).paint(odd, scene(known, **SIZE), 43).isfinite().all()


def test_a_person_without_a_reference_is_refused(settings, person, scene):
    with pytest.raises(InputError, match="Make them again with reimagine person"):
        backend(settings).paint(person, scene(person, **SIZE), 43)


def test_running_out_of_memory_says_what_to_try(settings, known, scene, monkeypatch):
    def full(*_: object, **__: object):
        raise torch.OutOfMemoryError("CUDA out of memory")

    made = backend(replace(settings, vram="24"))
    monkeypatch.setattr("reimagine.frames.flux.painter.encode", full)
    with pytest.raises(InputError, match=r"ran out .*What was painted stays.*vram 16"):
        made.paint(known, scene(known, **SIZE), 43)
    made = backend(replace(settings, batch=4))
    with pytest.raises(InputError, match=r"with batch 1"):
        made.paint(known, scene(known, **SIZE), 43)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"steps": 0}, "steps is 0; expected a number from 1"),
        ({"true_cfg": 0.5}, "true_cfg is 0.5"),
        ({"guidance": float("nan")}, "guidance is nan"),
        ({"strength": 1.5}, "strength is 1.5"),
        ({"batch": 0}, "batch is 0"),
        ({"vram": "8"}, "vram is '8'; expected one of auto, 12"),
        ({"init": "photo"}, "init is 'photo'"),
        ({"quantize": "int3"}, "quantize is 'int3'; expected one of auto, none, int8, fp8"),
        ({"noise": "pink"}, "noise is 'pink'; expected one of plain, surface"),
        ({"cache": "firstblock"}, "would be counted twice"),
        ({"cache": "magcache"}, "would be counted twice"),
        ({"cache": "x"}, "expected one of none, taylorseer"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings, change, says):
    with pytest.raises(InputError, match=says):
        backend(replace(settings, **change))


@pytest.fixture
def copied(weights, tmp_path):
    folder = tmp_path / "weights"
    shutil.copytree(weights, folder)
    return folder


def asked(folder: Path, *loras: Lora):
    return ImageModel(weights=str(folder), loras=loras, steps=1)


@pytest.mark.parametrize(
    ("gone", "says"),
    [
        (KONTEXT, "has no folder FLUX.1-Kontext-dev. It is gated: accept its licence"),
        (CONTROLNET, "has no folder Flux.1-dev-Controlnet"),
        (f"{KONTEXT}/transformer", "has no transformer. It is gated"),
        (f"{KONTEXT}/vae", "has neither vae/ nor ae.safetensors"),
        (f"{KONTEXT}/tokenizer_2/tokenizer_config.json", "lacks tokenizer_2/tokenizer_config.json"),
        (f"{KONTEXT}/text_encoder_2/config.json", "text_encoder_2 has no config.json"),
        (f"{KONTEXT}/text_encoder/model.safetensors", "text_encoder has no .safetensors file"),
    ],
)
def test_weights_that_are_missing_are_named(copied, gone, says):
    path = copied / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(InputError, match=says):
        backend(asked(copied))


def test_weights_that_are_half_downloaded_are_named(copied):
    path = copied / KONTEXT / "transformer" / "diffusion_pytorch_model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"diffusion_pytorch_model.* has \d+ of \d+ bytes"):
        backend(asked(copied))


def test_a_single_file_that_is_half_downloaded_is_named(copied):
    for folder, name in (("vae", "ae"), ("transformer", "flux1-kontext-dev")):
        [whole] = (copied / KONTEXT / folder).glob("*.safetensors")
        (copied / KONTEXT / f"{name}.safetensors").write_bytes(whole.read_bytes()[:-7])
        shutil.rmtree(copied / KONTEXT / folder)
        with pytest.raises(InputError, match=rf"{name}.safetensors has \d+ of \d+ bytes. Download"):
            backend(asked(copied))


@pytest.mark.parametrize("content", ["{", "[]", "\0", "[" * 200_000])
def test_a_configuration_that_is_none_is_one_line(copied, content):
    (copied / CONTROLNET / "config.json").write_text(content)
    with pytest.raises(InputError, match=r"config.json .*Download it again") as caught:
        backend(asked(copied))
    assert "\n" not in str(caught.value)


def test_a_missing_shard_is_named(copied):
    folder = copied / KONTEXT / "transformer"
    (folder / "x.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "part-1.safetensors", "b": "part-2.safetensors"}})
    )
    save_file({"a": torch.ones(1)}, folder / "part-1.safetensors")
    with pytest.raises(InputError, match=r"lacks 1 of 2 weight files .part-2"):
        backend(asked(copied))


def test_an_index_that_leads_elsewhere_is_refused(copied):
    folder = copied / KONTEXT / "transformer"
    (folder / "x.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "../../secret.safetensors"}})
    )
    with pytest.raises(InputError, match="lists no weight files of its folder"):
        backend(asked(copied))


@pytest.mark.parametrize(
    ("file", "entry", "value", "says"),
    [
        (f"{KONTEXT}/model_index.json", "_class_name", "FluxPipeline", "holds a FluxPipeline"),
        (f"{KONTEXT}/transformer/config.json", "in_channels", 384, "with 384 input channels"),
        (f"{KONTEXT}/transformer/config.json", "guidance_embeds", False, "guidance False"),
        (f"{KONTEXT}/transformer/config.json", "_class_name", "SD3", "holds a SD3"),
        (f"{CONTROLNET}/config.json", "_class_name", "ControlNetModel", "holds a ControlNetModel"),
        (f"{CONTROLNET}/config.json", "num_mode", 10, "for 10 kinds of maps"),
        (f"{CONTROLNET}/config.json", "num_attention_heads", 24, "has num_attention_heads 24"),
        (
            f"{CONTROLNET}/config.json",
            "num_layers",
            10**8,
            "says num_layers is 100000000; expected",
        ),
        (f"{KONTEXT}/text_encoder_2/config.json", "num_layers", -1, "says num_layers is -1"),
    ],
)
def test_another_model_in_the_folder_is_refused(copied, file, entry, value, says):
    path = copied / file
    path.write_text(json.dumps(json.loads(path.read_text()) | {entry: value}))
    with pytest.raises(InputError, match=says):
        backend(asked(copied))


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("num_layers", "many"),
        ("num_single_layers", 2.5),
        ("attention_head_dim", [1]),
        ("joint_attention_dim", {}),
    ],
    ids=str,
)
def test_a_configuration_that_makes_no_sense_is_one_line(copied, entry, value):
    path = copied / KONTEXT / "transformer/config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {entry: value}))
    controlnet = copied / CONTROLNET / "config.json"
    controlnet.write_text(json.dumps(json.loads(controlnet.read_text()) | {entry: value}))
    with pytest.raises(InputError, match=r"cannot be read as|expected") as caught:
        load_models(find_files(asked(copied)), torch.float32)
    assert "\n" not in str(caught.value)


def test_memory_that_runs_out_while_weights_are_read_is_not_taken_for_damage(copied, monkeypatch):
    def full(*_, **__):
        raise RuntimeError(
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"
        )

    monkeypatch.setattr("diffusers.models.modeling_utils.ModelMixin.from_pretrained", full)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        load_models(find_files(asked(copied)), torch.float32)


def test_weights_of_other_names_are_refused(copied, known, scene):
    save_file(
        {"nothing.weight": torch.ones(3)},
        copied / CONTROLNET / "diffusion_pytorch_model.safetensors",
    )
    with pytest.raises(InputError, match="weights of FluxControlNetModel"):
        backend(asked(copied)).paint(known, scene(known, **SIZE), 43)


def test_the_lora_is_not_left_out_in_silence(copied, known, scene):
    with pytest.raises(InputError, match=r"has no ReImagine-Pretrained/.*loras none"):
        backend(asked(copied, Lora()))
    with pytest.raises(InputError, match=r"loras my.safetensors is not there"):
        backend(asked(copied, Lora(path="my.safetensors")))
    (copied / LORA).parent.mkdir()
    tensors = {
        "blocks.0.ff_a.0.lora_A.default.weight": torch.ones(1, 64) * 0.1,
        "blocks.0.ff_a.0.lora_B.default.weight": torch.ones(256, 1) * 0.1,
    }
    save_file(tensors, copied / LORA)
    conditions = scene(known, **SIZE)
    with_lora = backend(asked(copied, Lora())).paint(known, conditions, 43)
    without = backend(asked(copied)).paint(known, conditions, 43)
    assert float((with_lora - without).abs().max()) > 1e-3


@pytest.fixture(scope="module")
def two_loras(tmp_path_factory):
    """Files that change different layers."""
    folder = tmp_path_factory.mktemp("loras")
    for name, layer in (("one", "blocks.0.ff_a.0"), ("two", "blocks.1.ff_a.0")):
        generator = torch.Generator().manual_seed(len(layer))
        pair = {"A": torch.randn(1, 64, generator=generator), "B": torch.ones(256, 1)}
        stored = {f"{layer}.lora_{side}.default.weight": one for side, one in pair.items()}
        save_file(stored, folder / f"{name}.safetensors")
    return folder


def test_loras_add_up_each_at_its_own_strength(copied, two_loras):
    (copied / LORA).parent.mkdir()
    shutil.copy(two_loras / "one.safetensors", copied / LORA)
    other = two_loras / "two.safetensors"
    asked_for = (Lora(strength=0.5), Lora(path=str(other), strength=0.25))
    loras = find_files(asked(copied, *asked_for)).loras
    assert [(one.path, one.strength) for one in loras] == [(copied / LORA, 0.5), (other, 0.25)]

    def weights_of(*loras):
        blocks = load_models(
            find_files(asked(copied, *loras)), torch.float32
        ).transformer.transformer_blocks
        return [blocks[n].ff.net[0].proj.weight for n in (0, 1)]

    both, first, second = weights_of(*asked_for), *map(weights_of, asked_for)
    plain = weights_of()
    assert torch.equal(both[0], first[0])
    assert torch.equal(both[1], second[1])
    assert not torch.equal(both[0], plain[0])
    assert not torch.equal(both[1], plain[1])


@pytest.mark.parametrize("strength", [30.0, float("nan")])
def test_a_lora_s_strength_that_cannot_be_is_refused(settings, two_loras, strength):
    lora = Lora(path=str(two_loras / "two.safetensors"), strength=strength)
    with pytest.raises(
        InputError, match=r"two.safetensors has strength .*; expected a number from -10 to 10"
    ):
        backend(replace(settings, loras=(lora,)))


def test_a_controlnet_of_ones_own_steers_instead(settings, known, scene, plain, tmp_path):
    own = tmp_path / "controlnet"
    tiny_controlnet(torch.Generator().manual_seed(9)).save_pretrained(own)
    conditions = scene(known, **SIZE)
    other = backend(replace(settings, controlnet=str(own))).paint(known, conditions, 43)
    assert float((shown(other) - shown(plain)).abs().max()) > 1e-3
    with pytest.raises(InputError, match="controlnet nowhere is no folder"):
        backend(replace(settings, controlnet="nowhere"))
    config = json.loads((own / "config.json").read_text()) | {"num_mode": 10}
    (own / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=r"controlnet .* holds a FluxControlNetModel for 10 kinds"):
        backend(replace(settings, controlnet=str(own)))


def test_single_files_as_officially_downloaded_do_as_well(copied, weights, known, scene):
    """The official commands leave the folder vae out, and the file ae.safetensors in."""
    from tests.frames.flux.test_checkpoints import vae_as_single_file

    vae_as_single_file(weights / KONTEXT / "vae", copied / KONTEXT / "ae.safetensors")
    shutil.rmtree(copied / KONTEXT / "vae")
    conditions = scene(known, **SIZE)
    one = backend(asked(copied)).paint(known, conditions, 43)
    assert torch.allclose(one, backend(asked(weights)).paint(known, conditions, 43), atol=1e-6)


def shown(pictures):
    return torch.stack([over(one, torch.ones(3, 1, 1)) for one in pictures])


def part(conditions, frame):
    one = slice(frame, frame + 1)
    return replace(
        conditions,
        pose=conditions.pose[one],
        camera=conditions.camera[one],
        raster=replace(
            conditions.raster,
            face=conditions.raster.face[one],
            barycentrics=conditions.raster.barycentrics[one],
            depth=conditions.raster.depth[one],
        ),
        normals=conditions.normals[one],
        coverage=conditions.coverage[one],
    )
