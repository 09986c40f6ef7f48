"""FLUX.2 klein 4B (Apache-2.0): the person's wide picture and the frame's normal map are its two references.

It was never shown the official normal maps in training: how well it follows them needs a LoRA, and is not measured.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor

from reimagine.errors import InputError
from reimagine.frames.klein.settings import check_settings, find_files
from reimagine.records import Conditions, Person
from reimagine.settings import ImageModel

if TYPE_CHECKING:
    from reimagine.frames.klein.painter import KleinPainter

_LEAST_SIDE = 64
"""Pixels, as diffusers' Flux2ImageProcessor has it."""


@dataclass(slots=True, kw_only=True)
class FluxKlein:
    """The image backend; its weights are loaded when the first frame is painted."""

    device: str
    settings: ImageModel
    folder: Path
    multiple: int = 16
    _painter: "KleinPainter | None" = field(default=None, repr=False)

    def paint(
        self, person: Person, conditions: Conditions, seed: int
    ) -> Float[Tensor, "frames 4 height width"]:
        """RGBA pictures, 0..1, straight alpha; over white they are what the model painted.

        Raises:
            InputError: where the weights or the person cannot be used, or memory does not suffice.
        """
        from reimagine.frames.klein.painter import load_painter
        from reimagine.frames.matte import cut_out
        from reimagine.frames.memory import explained_out_of_memory
        from reimagine.frames.noise import noise_on_surface
        from reimagine.render.normal_colours import normals_picture

        if person.reference is None:
            raise InputError(
                "the person was stored without the wide picture that `image` flux-klein is shown; expected one made "
                "by this version. Make them again with reimagine person."
            )
        camera = conditions.camera
        if min(camera.width, camera.height) < _LEAST_SIDE:
            raise InputError(
                f"`size` is {camera.width}x{camera.height}; flux-klein takes sides from {_LEAST_SIDE}. Give a larger "
                "`size`."
            )
        with explained_out_of_memory(self.settings):
            if self._painter is None:
                self._painter = load_painter(self.folder, self.settings, self.device)
            painter, noise = self._painter, None
            if self.settings.noise == "surface":
                noise = noise_on_surface(
                    person, conditions, seed=seed, channels=painter.channels, side=16
                )
            pictures = painter.paint(normals_picture(conditions), person.reference, seed, noise)
        return cut_out(pictures, person, conditions)


def make(device: str, settings: ImageModel) -> FluxKlein:
    """The backend on a device ("cpu" or "cuda"); checks the settings and that the weights are all there.

    Raises:
        InputError: naming what cannot be used.
    """
    check_settings(settings)
    return FluxKlein(device=device, settings=settings, folder=find_files(settings))
