"""Settings that stages read and requests are made of: plain, JSON-able data. Imports neither torch nor numpy."""

from dataclasses import dataclass

from reimagine.errors import InputError


@dataclass(frozen=True, kw_only=True)
class View:
    """How a made camera looks at the person; a camera from a file has its own way."""

    radius_m: float | None = None
    """Distance to the person. Default: far enough for the whole person over the whole motion."""
    elevation_deg: float = 4.0
    """Height of the camera above the horizon of the person's middle."""
    azimuth_deg: float = 0.0
    """Where the path starts: 0 front, 90 the person's right, 180 back, 270 left."""
    turns: float = 1.0
    """orbit: how many times round over the clip; negative goes towards the person's left."""
    arc_deg: float = 90.0
    """arc: how far the camera swings in all, there and back, centred on the start."""
    dolly: float = 0.6
    """dolly: last distance as a share of the first."""
    fov_y_deg: float = 28.0
    """Vertical field of view."""
    focal_mm: float | None = None
    """Lens in millimetres on a 36 x 24 mm film (the 36 mm lie along the longer side). Overrides the field of view."""
    margin: float = 0.08
    """Free border around the person, as a share of the picture."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The shape of a body that no photos decide, each from 0 to 1; only for --body anny."""

    gender: float | None = None
    """0 male, 1 female. Default: between."""
    age: float | None = None
    """0 baby, 0.33 child, 0.67 young adult, 1 old. Default: 0.67."""
    muscle: float | None = None
    """0 weak to 1 strong. Default: 0.5, like those below."""
    weight: float | None = None
    """0 slim to 1 stout."""
    height: float | None = None
    """0 short to 1 tall for the age and gender; --height-m says it in metres."""
    proportions: float | None = None
    """0 uncommon to 1 ideal."""


DETAILS = ("bun", "visor", "glasses")
"""What `Photos.detail` may name."""


@dataclass(frozen=True, kw_only=True)
class Photos:
    """Whose pictures."""

    front: str | None = None
    """Photo from the front: the whole person, on a plain background or transparent."""
    back: str | None = None
    """Photo from behind. Default: guessed from the front."""
    reference: str | None = None
    """One wide picture instead: left half front, right half back."""
    front_mask: str | None = None
    """White where the person is. Default: the photo's alpha, else the background is removed."""
    back_mask: str | None = None
    """The same for the back photo."""
    front_parts: str | None = None
    """Which part each pixel of the front photo shows: parts_0.png of a person's folder, corrected. Default: found."""
    back_parts: str | None = None
    """The same for the back photo: parts_1.png."""
    photo: tuple[str, ...] = ()
    """A further photo, from any other side, of the same stance and clothes; give it several times for several."""
    photo_azimuth_deg: tuple[float, ...] = ()
    """From where each --photo was taken, if you know it: 90 from their right, 180 from behind, 270 from their left; one
    number for each. Default: found out."""
    detail: tuple[str, ...] = ()
    """What photos from front and back cannot show the shape of; give it several times for several. bun: hair tied to a
    knot behind. visor: a cap's. glasses: their temples."""
    matting: str | None = None
    """What finds the person in photos without mask or transparency: grabcut, by colours before any background, or
    module:factory, such as a matting model of yours. Default: a plain background is removed."""
    person: str | None = None
    """A person made by `reimagine person`, instead of photos; or the name of one that ships: alex, sam."""


def picture_files(photos: Photos) -> list[tuple[str, str]]:
    """Every picture that was given, as what, and its path."""
    single = ("front", "back", "reference", "front_mask", "back_mask", "front_parts", "back_parts")
    named = [(name, getattr(photos, name)) for name in single]
    named += [("photo", path) for path in photos.photo]
    return [(name, path) for name, path in named if path is not None]


@dataclass(frozen=True, kw_only=True)
class Lora:
    """A small change to an image model, learned for a purpose."""

    path: str = "reimagine"
    """File; reimagine is the ReImagine LoRA among the weights."""
    strength: float = 1.0
    """How strongly it changes the model, from -10 to 10."""


@dataclass(frozen=True, kw_only=True)
class ImageModel:
    """How a model with weights paints; `--image atlas` needs none of it."""

    weights: str | None = None
    """Folder with the weights. Default: $REIMAGINE_WEIGHTS, else ~/.cache/reimagine/weights."""
    loras: tuple[Lora, ...] = (Lora(),)
    """Small changes to the model, added up. Default: the ReImagine LoRA among the weights."""
    controlnet: str | None = None
    """Folder with another ControlNet, such as controlnet/ of a training. Default: the one among the weights."""
    control_scale: float = 1.0
    """How strongly the normal map steers the picture."""
    steps: int | None = None
    """Denoising steps. Default: as the model is meant to be used, 20 for flux-kontext, 4 for flux-klein."""
    guidance: float = 3.5
    """Guidance strength that the model was distilled with."""
    true_cfg: float = 1.0
    """Classifier-free guidance; 1 is none and half the time. The negative prompt counts only above 1."""
    prompt: str = "person, clean white background, highly detailed, high resolution, 4k"
    """What is to be seen."""
    negative_prompt: str = (
        "low quality, blurry, overexposed, underexposed, bad anatomy, deformed body, "
        "extra limbs, extra fingers, missing fingers, distorted face, watermark, subtitle, text, logo, "
        "jpeg artifacts, noisy background, cluttered background"
    )
    """What is not to be seen; counts only with --true-cfg above 1."""
    reference_height: int | None = None
    """Scale the wide reference to this many pixels of height; 664 is faster. Default: as it is."""
    init: str = "none"
    """none: from pure noise. atlas: from the atlas backend's picture, noised."""
    strength: float = 0.6
    """--init atlas: how much noise, from 0 (the atlas picture) to 1 (pure noise)."""
    noise: str = "plain"
    """plain: the same in every frame, as officially. surface: it moves with the body."""
    vram: str = "auto"
    """auto, 12, 16, 24, 48 or full: how many GB of the card to plan for."""
    quantize: str = "auto"
    """How weights are stored: auto (as --vram plans), none, int8, or fp8, which is coarser and larger."""
    batch: int = 1
    """Frames painted at once; the pictures agree to rounding."""
    compile: bool = False
    """Compile the model's blocks: a minute at the start, faster from then on; the pictures agree to rounding."""
    attention: str = "auto"
    """Attention backend of diffusers: native, flash, _flash_3_hub, sage ... Default: torch's choice."""
    cache: str = "none"
    """none, or taylorseer: skip steps by extrapolation; an approximation."""
    reference_reuse: int = 0
    """Compute the reference's part of attention this many times a person instead of in every step; an approximation.
    0: exact."""
    plan: bool = False
    """Say what painting would cost in time and memory, and stop. Needs no weights."""


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """How a video model refines; `--refiner none` and `flow` need none of it."""

    weights: str | None = None
    """Folder with a Wan text-to-video model. Default: Wan2.1-T2V-1.3B-Diffusers in $REIMAGINE_WEIGHTS, else in
    ~/.cache/reimagine/weights."""
    prompt: str = "a video of a person in natural motion, plain background, sharp, steady light"
    """What is to be seen. Better in your own words: who it is, the clothes, the motion."""
    negative: str = "flicker, blurry, distorted face, deformed hands, overexposed, watermark, text"
    """What is not to be seen; counts only with --refine-guidance above 1."""
    guidance: float = 1.0
    """Classifier-free guidance; 1 is none and half the time."""
    strength: float = 0.3
    """How much noise, from 0 (nothing changes) to 1 (all noise)."""
    steps: int = 8
    """Denoising steps."""
    window: int = 81
    """Frames that the model sees at once."""
    overlap: int = 16
    """Frames that neighbouring windows share."""
    pixels: int = 399_360
    """Area of the pictures that the model is given, at most; only its correction goes to larger frames."""
    hold_low: float = 0.6
    """How strongly coarse colour and light are held to the frames', 0 to 1."""
    hold_high: float = 0.2
    """How strongly face, texture and edges are held to the frames', 0 to 1."""
    hold_guessed: float = 0.5
    """Share of both by which places are held that no photo shows, 0 to 1: the model may change guessed places more."""
    guard: bool = True
    """Whether face and hands are compared with the frames', and held more and done again where they drifted."""
    propagate: float = 0.0
    """How far features are carried along the surface from every fifth latent to its neighbours, 0 (off) to 1."""
    noise: str = "surface"
    """surface: noise moves with the body. plain: another in each frame."""
    memory: str = "full"
    """full, or low: parts of the model wait in main memory, pictures are coded in tiles."""
    seed: int = 43
    """For the noise."""


def parse_size(size: str) -> tuple[int, int]:
    """Width and height of a "512x832"; each from 16 to 8192.

    Raises:
        InputError: where the text is not two such numbers.
    """
    width, cross, height = size.lower().partition("x")
    if cross and size.isascii() and width.isdecimal() and height.isdecimal():
        pair = int(width), int(height)
        if all(16 <= side <= 8192 for side in pair):
            return pair
    raise InputError(
        f"`size` is {size!r}; expected WIDTHxHEIGHT, each from 16 to 8192, such as 512x832."
    )
