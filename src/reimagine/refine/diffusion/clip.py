"""A refiner from a video model: whole clips of any length and size, in parts that fit memory.

Frames are worked on at the size the model knows, and only the correction, what refining changed beyond what encoding
and decoding alone changes, is brought back to the full-size frames: their detail stays.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import avg_pool2d

from reimagine.errors import InputError
from reimagine.records import Person
from reimagine.refine.backend import Read, See
from reimagine.refine.diffusion.ground import (
    Grid,
    links_of,
    noise_on_surface,
    plain_noise,
    seen_places,
)
from reimagine.refine.diffusion.model import Propagates, VideoModel
from reimagine.refine.diffusion.parts import ClipPart, decode_part, encode_parts, parts_of
from reimagine.refine.diffusion.places import Marks, marks_of
from reimagine.refine.diffusion.redo import Guard, guarded
from reimagine.refine.diffusion.sample import (
    Hold,
    Places,
    Settled,
    Span,
    cut_places,
    refine_latents,
)
from reimagine.refine.diffusion.schedule import Level
from reimagine.refine.diffusion.sizes import Size, at_size, native_size, resized

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
    guard: bool = True
    """Whether face and hands are watched, where it is known where they are."""
    linked: bool = False
    """Whether features are carried along the surface; for models that can."""


@dataclass(slots=True, kw_only=True)
class VideoRefiner:
    """The refiner; the model is loaded when the first frame is asked for."""

    load: Callable[[], VideoModel]
    plan: Plan
    notes: list[str] = field(default_factory=list)
    """What was out of the ordinary, for the log."""
    marks: Marks | None = None

    def know_person(self, person: Person) -> None:
        """Who is in the frames to come: where face and hands are, and what photos show."""
        self.marks = marks_of(person)

    def refine(
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
                f"the clip has {frames} frame; expected at least 2 for a video model. Give `refiner` none."
            )
        try:
            yield from self._refined(read, see, frames, start)
        except (torch.cuda.OutOfMemoryError, MemoryError):
            raise InputError(
                f"memory does not suffice for {self.plan.pixels} pixels and windows of {self.plan.span.window} "
                "latents; expected more. Give a smaller `refinement.window` or `refinement.pixels`; frames that are done stay."
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
            return at_size(picture, size)

        latents = 1 + -(-(frames - 1) // model.stride)
        window = self.plan.span.window
        originals, person = encode_parts(model, shown, latents, window)
        grid = Grid(shape=_four(originals), stride=model.stride, frames=frames, size=size)
        noise, places = self._noise(see, grid), self._places(see, grid, person, model.multiple)
        everything = slice(0, latents)

        def refine(stretch: slice, places: Places, settled: Settled | None) -> Tensor:
            return refine_latents(
                model.denoise,
                originals[:, stretch],
                noise[:, stretch],
                self.plan.levels,
                span=self.plan.span,
                hold=self.plan.hold,
                places=cut_places(places, stretch),
                settled=settled,
                follow=model.denoise_along if isinstance(model, Propagates) else None,
            )

        refined = refine(everything, places, None)
        guard = self._guard(see, size, model.stride)
        for part in parts_of(latents, window, model.stride, frames):
            if part.frames.stop <= start:
                continue
            before = decode_part(model, originals, part)

            def change_of(
                latents: Tensor, part: ClipPart = part, before: Tensor = before
            ) -> Tensor:
                return decode_part(model, latents, part) - before

            change = change_of(refined)
            if guard is not None:
                change, lines = guarded(
                    guard,
                    part,
                    change,
                    refined,
                    frames=frames,
                    again=refine,
                    places=places,
                    change_of=change_of,
                )
                self.notes += lines
            for index, frame in enumerate(part.frames):
                if frame >= start:
                    yield self._corrected(read(frame), change[:, index], size, frame)

    def _noise(self, see: See | None, grid: Grid) -> Float[Tensor, "channels latents rows columns"]:
        """Of unit variance, equal for equal seeds; fixed to the surface where there is one."""
        if see is None or not self.plan.surface:
            return plain_noise(grid, self.plan.seed)
        return noise_on_surface(see, grid, self.plan.seed)

    def _places(
        self, see: See | None, grid: Grid, person: Float[Tensor, "latents rows columns"], token: int
    ) -> Places:
        """What is known of each latent pixel, as far as it is wanted."""
        seen = links = None
        if see is not None and self.marks is not None and self.plan.hold.guessed != 1:
            seen = seen_places(see, self.marks, grid)
        if see is not None and self.plan.linked:
            links = links_of(see, grid, token)
        return Places(person=person, seen=seen, links=links)

    def _guard(self, see: See | None, size: Size, stride: int) -> Guard | None:
        if see is None or self.marks is None or not self.plan.guard:
            return None
        return Guard(see=see, marks=self.marks, size=size, stride=stride)

    def _corrected(
        self,
        picture: Float[Tensor, "4 height width"],
        change: Float[Tensor, "3 rows columns"],
        size: Size,
        frame: int,
    ) -> Float[Tensor, "4 height width"]:
        """The full-size frame with the change, halved and more where it drifts too far."""
        change = change[:, : size.height, : size.width]
        alpha = resized(picture[3:], (size.height, size.width))
        drift = drift_of(change, alpha[0])
        if drift > MOST_DRIFT:
            change = change * (MOST_DRIFT / drift)
            self.notes.append(
                f"frame {frame}: refining changed the person's colour by {drift:.2f}, held to {MOST_DRIFT}"
            )
        result = picture.clone()
        result[:3] += resized(change, (picture.shape[1], picture.shape[2]))
        result[:3] = torch.where(picture[3:] > 0, result[:3], picture[:3])
        return result.clamp_(0, 1)


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


def _four(latents: Tensor) -> tuple[int, int, int, int]:
    channels, count, rows, columns = latents.shape
    return channels, count, rows, columns
