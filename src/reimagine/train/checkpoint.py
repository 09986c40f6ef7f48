"""A training's state in one file: what is trained and AdamW's two moments of it. There is no other state."""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from reimagine.errors import InputError
from reimagine.foreign import reads
from reimagine.frames.weights import check_safetensors
from reimagine.runs import RunFolder
from reimagine.train.adapter import own_copy
from reimagine.train.tensors import write_tensors

FOLDER = "checkpoints"
_KEPT = 2
_MOMENTS = ("exp_avg", "exp_avg_sq")


def save_checkpoint(
    run: RunFolder, step: int, weights: dict[str, nn.Parameter], optimizer: torch.optim.AdamW
) -> None:
    """Write the state after `step` steps, whole or not at all; of the older ones the last stays."""
    held = {f"weight {name}": own_copy(weight) for name, weight in weights.items()}
    for name, weight in weights.items():
        # Weights that nothing hangs on, such as the text's in a ControlNet's last block, never get a gradient.
        moments = optimizer.state.get(weight, {})
        held |= {f"{moment} {name}": own_copy(moments[moment]) for moment in _MOMENTS if moments}
    with run.file(_name(step)) as path:
        write_tensors(path, held, {"step": str(step)})
    for old in checkpoints(run.path)[:-_KEPT]:
        old.unlink(missing_ok=True)


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a training, the oldest first."""
    return sorted((folder / FOLDER).glob("*.safetensors"))


@reads("a checkpoint of this training")
def load_checkpoint(
    path: Path, weights: dict[str, nn.Parameter], optimizer: torch.optim.AdamW
) -> int:
    """How many steps were done, the weights and the optimizer set to what they were then.

    Raises:
        InputError: where the file is damaged or another training's.
    """
    check_safetensors(path, "`out`")
    try:
        with safe_open(path, framework="pt") as file:
            step = int((file.metadata() or {})["step"])
            names = set(file.keys())
            for name, weight in weights.items():
                with torch.no_grad():
                    weight.copy_(file.get_tensor(f"weight {name}"))
                moments = {
                    moment: file.get_tensor(f"{moment} {name}").to(weight)
                    for moment in _MOMENTS
                    if f"{moment} {name}" in names
                }
                if moments:
                    optimizer.state[weight] = {"step": torch.tensor(float(step)), **moments}
    except (SafetensorError, KeyError, ValueError, OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{path} is no checkpoint of this training ({reason}). Remove it to go on from the one before."
        ) from None
    return step


def _name(step: int) -> str:
    return f"{FOLDER}/{step:08d}.safetensors"
