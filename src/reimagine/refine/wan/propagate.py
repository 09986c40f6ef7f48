"""Features of anchor frames carried to the places of other frames that show the same: a hook on Wan's self-attention.

What a token's self-attention gives is blended with what it gave the token's anchor (after TokenFlow, Geyer et al., ICLR
2024, eq. 3, with the mesh's own correspondences). Without links the processor is diffusers' own, to the bit.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers.models.transformers.transformer_wan import WanAttnProcessor
from jaxtyping import Int
from torch import Tensor

from reimagine.refine.diffusion.links import Links


class CarryingProcessor(WanAttnProcessor):
    """Wan's attention; while `sources` is set, tokens take after their anchors."""

    def __init__(self, amount: float) -> None:
        super().__init__()
        self.amount = amount
        self.sources: Int[Tensor, " tokens"] | None = None

    def __call__(self, attn: Any, hidden_states: Tensor, *args: Any, **others: Any) -> Tensor:  # noqa: ANN401
        """The attention's output: batch tokens channels."""
        found = super().__call__(attn, hidden_states, *args, **others)
        if self.sources is None:
            return found
        return torch.lerp(found, found[:, self.sources.to(found.device)], self.amount)


def hook(transformer: Any, amount: float) -> list[CarryingProcessor]:  # noqa: ANN401
    """Put a processor into each block's self-attention."""
    processors: list[CarryingProcessor] = []
    for block in transformer.blocks:
        own = block.attn1.processor
        processor = CarryingProcessor(amount)
        for name in ("_attention_backend", "_parallel_config"):
            setattr(processor, name, getattr(own, name))
        block.attn1.set_processor(processor)
        processors.append(processor)
    return processors


@contextmanager
def carrying(processors: list[CarryingProcessor], links: Links) -> Generator[None]:
    """Features are carried along the links meanwhile."""
    sources = links.sources()
    for processor in processors:
        processor.sources = sources
    try:
        yield
    finally:
        for processor in processors:
            processor.sources = None
