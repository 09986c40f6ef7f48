"""What the same FLUX.1 layer is called in each layout: diffusers, DiffSynth (native) and Black Forest Labs (BFL).

One table serves LoRA files and whole checkpoints. Kohya's names are the BFL names with underscores for dots.
The layouts' own files are the source: diffusers' `transformer_flux.py`, DiffSynth's `models/flux_dit.py` and
`flux/model.py` of github.com/black-forest-labs/flux.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A linear layer of a checkpoint, as diffusers has it."""

    parts: tuple[str, ...]
    """Names of diffusers' layers, whose rows lie one after the other in it."""
    swapped: bool = False
    """Whether the first and second half of its rows are the other way round in diffusers."""


_DOUBLE = (
    (("norm1.linear",), "norm1_a.linear", "img_mod.lin"),
    (("norm1_context.linear",), "norm1_b.linear", "txt_mod.lin"),
    (("attn.to_q", "attn.to_k", "attn.to_v"), "attn.a_to_qkv", "img_attn.qkv"),
    (("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"), "attn.b_to_qkv", "txt_attn.qkv"),
    (("attn.to_out.0",), "attn.a_to_out", "img_attn.proj"),
    (("attn.to_add_out",), "attn.b_to_out", "txt_attn.proj"),
    (("ff.net.0.proj",), "ff_a.0", "img_mlp.0"),
    (("ff.net.2",), "ff_a.2", "img_mlp.2"),
    (("ff_context.net.0.proj",), "ff_b.0", "txt_mlp.0"),
    (("ff_context.net.2",), "ff_b.2", "txt_mlp.2"),
)
_SINGLE = (
    (("norm.linear",), "norm.linear", "modulation.lin"),
    (("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp"), "to_qkv_mlp", "linear1"),
    (("proj_out",), "proj_out", "linear2"),
)
_EMBEDDERS = (
    ("timestep_embedder", "time_embedder.timestep_embedder", "time_in"),
    ("guidance_embedder", "guidance_embedder.timestep_embedder", "guidance_in"),
    ("text_embedder", "pooled_text_embedder", "vector_in"),
)
_NORMS = {
    "double_blocks": {
        "img_attn.norm.query_norm.scale": "attn.norm_q.weight",
        "img_attn.norm.key_norm.scale": "attn.norm_k.weight",
        "txt_attn.norm.query_norm.scale": "attn.norm_added_q.weight",
        "txt_attn.norm.key_norm.scale": "attn.norm_added_k.weight",
    },
    "single_blocks": {
        "norm.query_norm.scale": "attn.norm_q.weight",
        "norm.key_norm.scale": "attn.norm_k.weight",
    },
}


def layers(doubles: int, singles: int) -> dict[str, Layer]:
    """Every linear layer of a model with so many blocks, by all its names, dots and underscores alike ("_")."""
    found: dict[str, Layer] = {}
    for names, layer in _all_layers(doubles, singles):
        for name in names:
            found[name.replace(".", "_")] = layer
    return found


def bfl_norms(doubles: int, singles: int) -> dict[str, str]:
    """BFL names of the attention norms' parameters, and what diffusers calls them."""
    counts = {"double_blocks": doubles, "single_blocks": singles}
    theirs = {"double_blocks": "transformer_blocks", "single_blocks": "single_transformer_blocks"}
    return {
        f"{kind}.{block}.{bfl}": f"{theirs[kind]}.{block}.{name}"
        for kind, count in counts.items()
        for block in range(count)
        for bfl, name in _NORMS[kind].items()
    }


def _all_layers(doubles: int, singles: int) -> Iterator[tuple[tuple[str, ...], Layer]]:
    """All names of each layer."""
    for table, count, ours, native, bfl in (
        (_DOUBLE, doubles, "transformer_blocks", "blocks", "double_blocks"),
        (_SINGLE, singles, "single_transformer_blocks", "single_blocks", "single_blocks"),
    ):
        for block in range(count):
            for parts, native_name, bfl_name in table:
                full = tuple(f"{ours}.{block}.{part}" for part in parts)
                fused = (f"{native}.{block}.{native_name}", f"{bfl}.{block}.{bfl_name}")
                yield fused, Layer(parts=full)
                for part in full:
                    yield (part,), Layer(parts=(part,))
    for ours, native, bfl in _EMBEDDERS:
        for at, (number, end) in enumerate((("0", "in_layer"), ("2", "out_layer"))):
            name = f"time_text_embed.{ours}.linear_{at + 1}"
            yield (name, f"{native}.{number}", f"{bfl}.{end}"), Layer(parts=(name,))
    yield ("x_embedder", "img_in"), Layer(parts=("x_embedder",))
    yield ("context_embedder", "txt_in"), Layer(parts=("context_embedder",))
    yield ("norm_out.linear", "final_norm_out.linear"), Layer(parts=("norm_out.linear",))
    # BFL gives shift before scale, diffusers and DiffSynth scale before shift.
    swapped = Layer(parts=("norm_out.linear",), swapped=True)
    yield ("final_layer.adaLN_modulation.1",), swapped
    yield ("proj_out", "final_proj_out", "final_layer.linear"), Layer(parts=("proj_out",))
