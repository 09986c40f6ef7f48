"""The paper's image model: FLUX.1 Kontext steered by normal maps, with the ReImagine LoRA.

The semantics are those of the official `inference_img.py`; docs/backends.md has the table and the proof.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor

from reimagine.frames.backend import ImageBackend
from reimagine.frames.flux.files import FluxFiles, find_files
from reimagine.frames.flux.settings import check_settings
from reimagine.frames.load import load_backend
from reimagine.records import Conditions, Person
from reimagine.request import ImageModel, InputError

if TYPE_CHECKING:
    from reimagine.frames.flux.painter import Painter


@dataclass(slots=True, kw_only=True)
class FluxKontext:
    """The image backend; its weights are loaded when the first frame is painted."""

    device: str
    settings: ImageModel
    files: FluxFiles
    start: ImageBackend | None
    """What paints the pictures to start from; None for pure noise."""
    multiple: int = 16
    _painter: "Painter | None" = field(default=None, repr=False)

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

        if person.reference is None:
            raise InputError(
                "the person was stored without the wide picture that --image flux-kontext is shown; expected one made "
                "by this version. Make them again with reimagine person."
            )
        start = None if self.start is None else self.start.paint(person, conditions, seed)
        with explained_out_of_memory(self.settings):
            if self._painter is None:
                self._painter = load_painter(self.files, self.settings, self.device)
            pictures = self._painter.paint(person, conditions, seed=seed, start=start)
        return cut_out(pictures, person, conditions)


def make(device: str, settings: ImageModel) -> FluxKontext:
    """The backend on a device ("cpu" or "cuda"); checks the settings and that the weights are all there.

    Raises:
        InputError: naming what cannot be used.
    """
    check_settings(settings)
    files = find_files(settings)
    start = None if settings.init == "none" else load_backend(settings.init, device, settings)
    return FluxKontext(device=device, settings=settings, files=files, start=start)
