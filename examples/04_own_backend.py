"""An image backend of your own: any object that has `multiple` and `paint`.

Usage: python examples/04_own_backend.py [FOLDER]
Paint with it: PYTHONPATH=examples reimagine generate --person alex --image 04_own_backend:make --out runs/plaster
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine import Clip, ImageModel, NormalsRequest, make_normals
from reimagine.frames.backend import ImageBackend
from reimagine.records import Conditions, Person
from reimagine.render.conditions import normals_picture


@dataclass(frozen=True)
class Plaster:
    """Paints everybody as a plaster cast, lit from the front."""

    multiple: int = 1

    def paint(
        self, person: Person, conditions: Conditions, seed: int
    ) -> Float[Tensor, "frames 4 height width"]:
        """RGBA pictures, 0..1."""
        del person, seed
        front = normals_picture(conditions)[:, 2:]
        return torch.cat([front.expand(-1, 3, -1, -1), conditions.coverage[:, None]], dim=1)


def make(device: str, settings: ImageModel) -> Plaster:
    """What `--image 04_own_backend:make` names; `settings` are the flags for image models."""
    del device, settings
    return Plaster()


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/example_backend")
    assert isinstance(make("cpu", ImageModel()), ImageBackend)
    make_normals(NormalsRequest(clip=Clip(frames=2, size="96x160"), out=str(folder), video="png"))
    print(
        "PYTHONPATH=examples reimagine generate --person alex --image 04_own_backend:make --out runs/plaster"
    )
