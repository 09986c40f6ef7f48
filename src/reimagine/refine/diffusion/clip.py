"""A refiner from a video model: whole clips of any length and size, in parts that fit memory.

Frames are worked on at the size the model knows, and only the correction, what refining changed beyond what encoding
and decoding alone changes, is brought back to the full-size frames: their detail stays.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, pad

from reimagine.records import Raster
from reimagine.refine.backend import Read, See
from reimagine.refine.diffusion.model import VideoModel
from reimagine.refine.diffusion.sample import Hold, Span, refine_latents
from reimagine.refine.diffusion.schedule import Level
from reimagine.refine.diffusion.surface_noise import Grain, parts_needed, surface_noise
from reimagine.request import InputError

LEAD = 2
"""Latents before a part that are encoded or decoded with it and thrown away: video encoders look back."""
CELL = 16
"""Side in pixels of the squares by which drift is told from detail."""
MOST_DRIFT = 0.08
"""Colour that a square of the person may change by at most, of 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a clip is refined."""

    levels: tuple[Level, ...]
    span: Span
    """In latents."""
    hold: Hold
    pixels: int
    """Area of the pictures that the model is given, at most."""
    seed: int
    surface: bool
    """Whether noise moves with the body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Pixels of a picture at the model's size: the picture, then what it is padded to at the right and below."""

    height: int
    width: int
    full_height: int
    full_width: int


@dataclass(slots=True, kw_only=True)
class VideoRefiner:
    """The refiner; the model is loaded when the first frame is asked for."""

    load: Callable[[], VideoModel]
    plan: Plan
    notes: list[str] = field(default_factory=list)
    """What was out of the ordinary, for the log."""

    def steady(
        self, read: Read, see: See | None, frames: int, start: int = 0
    ) -> Iterator[Float[Tensor, "4 height width"]]:
        """Refined frames; all of the clip is worked on, whatever `start` is.

        Raises:
            InputError: for fewer than two frames, frames of several sizes, or too little memory.
        """
        if not self.plan.levels:
            yield from (read(frame) for frame in range(start, frames))
            return
        if frames < 2:
            raise InputError(
                f"the clip has {frames} frame; expected at least 2 for a video model. Give --refiner none."
            )
        try:
            yield from self._refined(read, see, frames, start)
        except (torch.cuda.OutOfMemoryError, MemoryError):
            raise InputError(
                f"memory does not suffice for {self.plan.pixels} pixels and windows of {self.plan.span.window} "
                "latents; expected more. Give a smaller --refine-window or --refine-pixels; frames that are done stay."
            ) from None

    def _refined(
        self, read: Read, see: See | None, frames: int, start: int
    ) -> Iterator[Float[Tensor, "4 height width"]]:
        shape = read(0).shape[1:]
        model = self.load()
        size = native_size(shape[0], shape[1], self.plan.pixels, model.multiple)

        def shown(frame: int) -> Float[Tensor, "4 height width"]:
            picture = read(min(frame, frames - 1))
            if picture.shape[1:] != shape:
                sizes = [f"{one[1]}x{one[0]}" for one in (picture.shape[1:], shape)]
                raise InputError(
                    f"frame {frame} is {sizes[0]} and frame 0 is {sizes[1]}; expected one size. Resize the frames."
                )
            return _at_size(picture, size)

        latents = 1 + -(-(frames - 1) // model.stride)
        originals, person = _encoded(model, shown, latents, self.plan.span.window)
        noise = self._noise(see, originals, frames, model.stride, size)
        refined = refine_latents(
            model.denoise,
            originals,
            noise,
            self.plan.levels,
            span=self.plan.span,
            hold=self.plan.hold,
            person=person,
        )
        for first, changed in _corrections(
            model, originals, refined, self.plan.span.window, start, frames
        ):
            for index in range(changed.shape[1]):
                frame = first + index
                if start <= frame < frames:
                    yield self._corrected(read(frame), changed[:, index], size, frame)

    def _noise(
        self, see: See | None, originals: Tensor, frames: int, stride: int, size: Size
    ) -> Float[Tensor, "channels latents rows columns"]:
        """Of unit variance, equal for equal seeds; fixed to the surface where there is one."""
        if see is None or not self.plan.surface:
            chance = torch.Generator().manual_seed(self.plan.seed)
            return torch.randn(originals.shape, generator=chance)
        channels, latents, rows, columns = originals.shape
        noise = torch.empty(originals.shape)
        parts = None
        for latent in range(latents):
            frame = min(latent * stride, frames - 1)
            raster = _padded_raster(see(frame, frame + 1).raster, size)
            parts = parts or parts_needed(raster, rows, columns)
            grain = Grain(
                seed=self.plan.seed, channels=channels, rows=rows, columns=columns, parts=parts
            )
            noise[:, latent] = surface_noise(raster, 0, latent, grain)
        return noise

    def _corrected(
        self,
        picture: Float[Tensor, "4 height width"],
        change: Float[Tensor, "3 rows columns"],
        size: Size,
        frame: int,
    ) -> Float[Tensor, "4 height width"]:
        """The full-size frame with the change, halved and more where it drifts too far."""
        change = change[:, : size.height, : size.width]
        alpha = _resized(picture[3:], (size.height, size.width))
        drift = drift_of(change, alpha[0])
        if drift > MOST_DRIFT:
            change = change * (MOST_DRIFT / drift)
            self.notes.append(
                f"frame {frame}: refining changed the person's colour by {drift:.2f}, held to {MOST_DRIFT}"
            )
        result = picture.clone()
        result[:3] += _resized(change, (picture.shape[1], picture.shape[2]))
        result[:3] = torch.where(picture[3:] > 0, result[:3], picture[:3])
        return result.clamp_(0, 1)


def native_size(height: int, width: int, pixels: int, multiple: int) -> Size:
    """The picture scaled down to at most `pixels`, never up, and padded to multiples."""
    scale = min(1.0, (pixels / (height * width)) ** 0.5)
    small = [max(1, round(side * scale)) for side in (height, width)]
    full = [-(-side // multiple) * multiple for side in small]
    return Size(height=small[0], width=small[1], full_height=full[0], full_width=full[1])


def drift_of(
    change: Float[Tensor, "3 height width"], alpha: Float[Tensor, "height width"]
) -> float:
    """The largest mean change of a square of the person: of face, hands and all else alike."""
    side = min(CELL, *change.shape[1:])
    covered = avg_pool2d(alpha[None, None], side)[0, 0]
    moved = avg_pool2d((change * alpha)[None], side)[0] / covered.clamp_min(1e-6)
    on_person = covered > 0.5
    if not bool(on_person.any()):
        return 0.0
    return float(moved.abs().amax(dim=0)[on_person].max())


def _encoded(
    model: VideoModel,
    shown: Callable[[int], Float[Tensor, "4 height width"]],
    latents: int,
    window: int,
) -> tuple[Float[Tensor, "channels latents rows columns"], Float[Tensor, "latents rows columns"]]:
    """All latents, part by part, and where the person is in them."""
    parts: list[Tensor] = []
    persons: list[Tensor] = []
    for first in range(0, latents, window):
        stop, lead = min(first + window, latents), max(first - LEAD, 0)
        frames = range(model.stride * lead, model.stride * (stop - 1) + 1)
        pictures = torch.stack([shown(frame) for frame in frames])
        rgb = pictures[:, :3] * pictures[:, 3:] + 1 - pictures[:, 3:]
        found = model.encode(rgb.movedim(1, 0)).float().cpu()
        parts.append(found[:, first - lead :])
        rows, columns = found.shape[2:]
        alpha = torch.nn.functional.adaptive_avg_pool2d(pictures[:, 3:], (rows, columns))[:, 0]
        for latent in range(first, stop):
            at = model.stride * (latent - lead)
            persons.append(alpha[max(at - model.stride + 1, 0) : at + 1].amax(dim=0))
    return torch.cat(parts, dim=1), torch.stack(persons)


def _corrections(
    model: VideoModel, originals: Tensor, refined: Tensor, window: int, start: int, frames: int
) -> Iterator[tuple[int, Float[Tensor, "3 frames height width"]]]:
    """First frame and change of each part that has frames to be given."""
    latents = originals.shape[1]
    for first in range(0, latents, window):
        stop, lead = min(first + window, latents), max(first - LEAD, 0)
        begin = 0 if first == 0 else model.stride * (first - 1) + 1
        if model.stride * (stop - 1) < start or begin >= frames:
            continue
        two = [model.decode(one[:, lead:stop]).float().cpu() for one in (refined, originals)]
        yield begin, (two[0] - two[1])[:, begin - model.stride * lead :]


def _at_size(
    picture: Float[Tensor, "4 height width"], size: Size
) -> Float[Tensor, "4 rows columns"]:
    small = _resized(picture, (size.height, size.width))
    beyond = (0, size.full_width - size.width, 0, size.full_height - size.height)
    return pad(small[None], beyond, mode="replicate")[0].clamp(0, 1)


def _resized(picture: Float[Tensor, "c height width"], shape: tuple[int, int]) -> Tensor:
    if tuple(picture.shape[1:]) == shape:
        return picture
    return interpolate(picture[None], size=shape, mode="bicubic", antialias=True)[0]


def _padded_raster(raster: Raster, size: Size) -> Raster:
    """Grown by empty pixels as the picture is padded, in proportion."""
    height, width = raster.face.shape[1:]
    right = round(width * size.full_width / size.width) - width
    down = round(height * size.full_height / size.height) - height
    return Raster(
        face=pad(raster.face, (0, right, 0, down), value=-1),
        barycentrics=pad(raster.barycentrics, (0, 0, 0, right, 0, down)),
        depth=pad(raster.depth, (0, right, 0, down), value=torch.inf),
    )
