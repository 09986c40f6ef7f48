"""Prompts to what FLUX reads: 512 words from T5, and one summary from CLIP."""

from typing import Any

import torch

from reimagine.frames.flux.sampler import Text

CLIP_TOKENS, T5_TOKENS = 77, 512


@torch.no_grad()
def encode_text(
    prompt: str,
    *,
    clip: Any,  # noqa: ANN401
    clip_tokenizer: Any,  # noqa: ANN401
    t5: Any,  # noqa: ANN401
    t5_tokenizer: Any,  # noqa: ANN401
) -> Text:
    """The prompt, encoded; what is longer than 77 and 512 tokens is cut off, what is shorter is padded, unmasked."""
    summary = clip(_numbers(clip_tokenizer, prompt, CLIP_TOKENS).to(clip.device))
    words = t5(_numbers(t5_tokenizer, prompt, T5_TOKENS).to(t5.device))
    return Text(words=words.last_hidden_state, pooled=summary.pooler_output)


def _numbers(tokenizer: Any, prompt: str, length: int) -> torch.Tensor:  # noqa: ANN401
    made = tokenizer(
        prompt, padding="max_length", max_length=length, truncation=True, return_tensors="pt"
    )
    return made.input_ids
