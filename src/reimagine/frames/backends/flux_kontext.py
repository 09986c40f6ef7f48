"""The paper's image model: FLUX.1 Kontext steered by normal maps, with the ReImagine LoRA.

The semantics are those of the official `inference_img.py`; docs/backends.md has the table and the proof.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from reimagine.errors import InputError
from reimagine.frames.backend import ImageBackend
from reimagine.frames.flux.files import FluxFiles, find_files
from reimagine.frames.flux.plan import describe
from reimagine.frames.flux.settings import check_settings
from reimagine.frames.load import load_backend
from reimagine.records import Conditions, Person
from reimagine.settings import ImageModel

if TYPE_CHECKING:
    from reimagine.frames.flux.painter import KontextPainter


@dataclass(slots=True, kw_only=True)
class FluxKontext:
    """The image backend; its weights are loaded when the first frame is painted."""

    device: str
    settings: ImageModel
    files: FluxFiles
    start: ImageBackend | None
    """What paints the pictures to start from; None for pure noise."""
    multiple: int = 16
    _painter: "KontextPainter | None" = field(default=None, repr=False)

    @property
    def batch(self) -> int:
        """Frames painted at once."""
        return self.settings.batch

    def describe(self, width: int, height: int) -> list[str]:
        """Cost and memory of pictures of this size, before anything is loaded."""
        from reimagine.frames.memory import card_gb

        return describe(self.settings, width, height, card_gb(self.device))

    def measured(self) -> list[str]:
        """The most memory that painting took."""
        from reimagine.frames.memory import measured_peak

        peak = measured_peak(self.device)
        return [] if peak is None else [peak]

    def paint(
        self, person: Person, conditions: Conditions, seed: int
    ) -> Float[Tensor, "frames 4 height width"]:
        """RGBA pictures, 0..1, straight alpha; over white they are what the model painted.

        Raises:
            InputError: where the weights or the person cannot be used, or memory does not suffice.
        """
        from reimagine.frames.flux.painter import load_painter
        from reimagine.frames.matte import cut_out
        from reimagine.frames.memory import explained_out_of_memory
        from reimagine.pictures import over
        from reimagine.render.normal_colours import normals_picture

        if person.reference is None:
            raise InputError(
                "the person was stored without the wide picture that `image` flux-kontext is shown; expected one made "
                "by this version. Make them again with reimagine person."
            )
        start = None
        if self.start is not None:
            begin = self.start.paint(person, conditions, seed)
            start = torch.stack([over(one, torch.ones(3, 1, 1)) for one in begin])
        with explained_out_of_memory(self.settings):
            if self._painter is None:
                self._painter = load_painter(self.files, self.settings, self.device)
            pictures = self._painter.paint(
                normals_picture(conditions),
                person.reference,
                self._noise(person, conditions, seed),
                start,
            )
        return cut_out(pictures, person, conditions)

    def _noise(
        self, person: Person, conditions: Conditions, seed: int
    ) -> Float[Tensor, "frames 16 rows columns"]:
        """What frames start from; none depends on those beside it."""
        from reimagine.frames.flux.schedule import starting_noise
        from reimagine.frames.noise import noise_on_surface

        camera = conditions.camera
        if self.settings.noise == "surface":
            return noise_on_surface(person, conditions, seed=seed, channels=16, side=8)
        # The same for every frame, as the official script draws it.
        one = starting_noise(seed, camera.height, camera.width)
        return one.expand(len(conditions), -1, -1, -1)


def make(device: str, settings: ImageModel) -> FluxKontext:
    """The backend on a device ("cpu" or "cuda"); checks the settings and that the weights are all there.

    Raises:
        InputError: naming what cannot be used.
    """
    check_settings(settings)
    files = find_files(settings)
    start = None if settings.init == "none" else load_backend(settings.init, device, settings)
    return FluxKontext(device=device, settings=settings, files=files, start=start)
