"""Which files FLUX.1 Kontext, its ControlNet and the ReImagine LoRA are, and whether they are all there."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from reimagine.errors import InputError
from reimagine.frames.weights import (
    check_model_folder,
    check_safetensors,
    read_config,
    weights_folder,
)
from reimagine.settings import ImageModel, Lora

KONTEXT = "FLUX.1-Kontext-dev"
CONTROLNET = "Flux.1-dev-Controlnet-Surface-Normals"
LORA = "ReImagine-Pretrained/kontext-wo_smplx-lora.safetensors"
_SINGLE_TRANSFORMER, _SINGLE_VAE = "flux1-kontext-dev.safetensors", "ae.safetensors"
_FLAG = "`weights`"
_OURS = "reimagine"
"""What the LoRA among the weights is called by --lora."""
_GET = "See reimagine backends for the download commands."
_GATED = (
    "It is gated: accept its licence on huggingface.co/black-forest-labs/FLUX.1-Kontext-dev, run hf auth login, "
    "then download it (reimagine backends prints the commands)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraFile:
    """A LoRA, and how strongly it is added."""

    path: Path
    strength: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FluxFiles:
    """Where everything lies. Each is whole as far as headers and sizes tell."""

    transformer: Path
    """Folder in diffusers' layout, or a single BFL .safetensors file."""
    vae: Path
    """The same."""
    kontext: Path
    """Folder with text_encoder, text_encoder_2, tokenizer and tokenizer_2."""
    controlnet: Path
    loras: tuple[LoraFile, ...]
    """Added one after the other."""


def find_files(settings: ImageModel) -> FluxFiles:
    """The files, after checking that all are there and are what they should be.

    Raises:
        InputError: naming the first that is missing, cut short or another model's, and how to get it.
    """
    folder = weights_folder(settings.weights)
    kontext, controlnet = folder / KONTEXT, folder / CONTROLNET
    flag = _FLAG
    if settings.controlnet is not None:
        controlnet, flag = Path(settings.controlnet), "`controlnet`"
    if not kontext.is_dir():
        raise InputError(f"{_FLAG} {folder} has no folder {KONTEXT}. {_GATED}")
    _check_kontext(kontext)
    transformer = _transformer(kontext)
    vae = _vae(kontext)
    for name in ("text_encoder", "text_encoder_2"):
        check_model_folder(kontext / name, _FLAG, _GET)
    for name in ("tokenizer", "tokenizer_2"):
        if not (kontext / name / "tokenizer_config.json").is_file():
            raise InputError(f"{_FLAG} {kontext} lacks {name}/tokenizer_config.json. {_GET}")
    if not controlnet.is_dir():
        if settings.controlnet is not None:
            raise InputError(
                f"`controlnet` {controlnet} is no folder; expected one with config.json and the weights, such as "
                "controlnet/ of a training. Or leave it out."
            )
        raise InputError(f"{_FLAG} {folder} has no folder {CONTROLNET}. {_GET}")
    check_model_folder(controlnet, flag, _GET)
    _check_controlnet(controlnet, transformer, flag)
    return FluxFiles(
        transformer=transformer,
        vae=vae,
        kontext=kontext,
        controlnet=controlnet,
        loras=tuple(_lora(folder, lora) for lora in settings.loras),
    )


def download_commands(folder: Path) -> tuple[str, ...]:
    """What gets all the weights, once the licence of FLUX.1 Kontext has been accepted."""
    return tuple(
        f"hf download {repository} --local-dir {shlex.quote(str(folder / place))}{rest}"
        for repository, place, rest in (
            ("black-forest-labs/FLUX.1-Kontext-dev", KONTEXT, f" --exclude {_SINGLE_TRANSFORMER}"),
            ("jasperai/Flux.1-dev-Controlnet-Surface-Normals", CONTROLNET, ""),
            ("taited/ReImagine-Pretrained", "ReImagine-Pretrained", ""),
        )
    )


def _check_kontext(kontext: Path) -> None:
    index = kontext / "model_index.json"
    if not index.is_file():
        return  # single files have none
    named = read_config(index, _FLAG).get("_class_name")
    if named != "FluxKontextPipeline":
        raise InputError(
            f"{_FLAG} {kontext} holds a {named}; expected FluxKontextPipeline, which is FLUX.1 Kontext [dev]. {_GET}"
        )


def _transformer(kontext: Path) -> Path:
    """The transformer's folder, else the single file."""
    folder, single = kontext / "transformer", kontext / _SINGLE_TRANSFORMER
    if not folder.is_dir():
        if not single.is_file():
            raise InputError(f"{_FLAG} {kontext} has no transformer. {_GATED}")
        check_safetensors(single, _FLAG)
        return single
    check_model_folder(folder, _FLAG, _GET)
    config = read_config(folder / "config.json", _FLAG)
    got = (config.get("_class_name"), config.get("in_channels"), config.get("guidance_embeds"))
    if got != ("FluxTransformer2DModel", 64, True):
        raise InputError(
            f"{_FLAG} {folder} holds a {got[0]} with {got[1]} input channels and guidance {got[2]}; expected "
            f"FluxTransformer2DModel with 64 and True, which is FLUX.1 Kontext [dev]. {_GET}"
        )
    return folder


def _vae(kontext: Path) -> Path:
    """The VAE's folder, else the single file: the official commands leave the folder out."""
    folder, single = kontext / "vae", kontext / _SINGLE_VAE
    if folder.is_dir():
        check_model_folder(folder, _FLAG, _GET)
        return folder
    if not single.is_file():
        raise InputError(f"{_FLAG} {kontext} has neither vae/ nor {_SINGLE_VAE}. {_GET}")
    check_safetensors(single, _FLAG)
    return single


def _check_controlnet(controlnet: Path, transformer: Path, flag: str) -> None:
    config = read_config(controlnet / "config.json", flag)
    named, modes = config.get("_class_name"), config.get("num_mode")
    if named != "FluxControlNetModel" or modes is not None:
        kind = named if modes is None else f"{named} for {modes} kinds of maps"
        raise InputError(
            f"{flag} {controlnet} holds a {kind}; expected FluxControlNetModel for surface normals alone. {_GET}"
        )
    if not transformer.is_dir():
        return
    base = read_config(transformer / "config.json", _FLAG)
    for entry in ("num_attention_heads", "attention_head_dim", "joint_attention_dim"):
        if config.get(entry) != base.get(entry):
            raise InputError(
                f"{flag} {controlnet} has {entry} {config.get(entry)}, the transformer {base.get(entry)}; expected "
                f"a ControlNet for FLUX.1. {_GET}"
            )


def _lora(folder: Path, lora: Lora) -> LoraFile:
    """Where it lies; "reimagine" is the one among the weights."""
    if not -10 <= lora.strength <= 10:
        raise InputError(
            f"LoRA {lora.path} has strength {lora.strength:g}; expected a number from -10 to 10."
        )
    if lora.path == _OURS and not (folder / LORA).is_file():
        raise InputError(
            f"{_FLAG} {folder} has no {LORA}; expected the ReImagine LoRA. {_GET} Or give `loras` FILE, or `loras` none."
        )
    path = folder / LORA if lora.path == _OURS else Path(lora.path)
    check_safetensors(path, "`loras`")
    return LoraFile(path=path, strength=lora.strength)
