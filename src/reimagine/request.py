"""What the user asks for: plain, JSON-able data. Imports neither torch nor numpy, so that help is quick."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module


class InputError(ValueError):
    """The user's input cannot be used. Its text is one line: what was got, what was expected, how to mend it."""


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
    """0 male, 1 female. Default: between; with photos, guessed from the outline, which clothes broaden."""
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


@dataclass(frozen=True, kw_only=True)
class Clip:
    """Which motion, seen by which camera, in which pictures."""

    motion: str = "walk"
    """walk, run, wave, turn, squat, dance, apose, or a motion file (reimagine motion --help)."""
    camera: str = "orbit"
    """orbit, arc, static, dolly, follow, or a camera file."""
    camera_name: str | None = None
    """Which camera of a rig file."""
    frames: int = 48
    """How many frames to make: 48 are two seconds."""
    fps: float = 24.0
    """Frames per second."""
    size: str = "512x832"
    """Width x height of the pictures in pixels."""
    start_s: float = 0.0
    """Skip this many seconds of a motion file."""
    seconds: float | None = None
    """Use at most this much of a motion file; how long the clip is --frames and --fps say. Default: as much as the frames need."""
    loop: bool = False
    """Repeat a motion file that is shorter than the clip. Default: refuse."""
    view: View = field(default_factory=View)
    body: str = "anny"
    """anny, or smplx with --body-model."""
    body_model: str | None = None
    """SMPL-X model file (.npz), which you get under its own licence."""
    shape: Shape = field(default_factory=Shape)
    height_m: float | None = None
    """The person's height. Default: from the photo fit, --gender and the like, the motion's shape numbers, or 1.7."""
    device: str = "auto"
    """auto, cpu or cuda."""


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
class ImageModel:
    """How a model with weights paints; `--image atlas` needs none of it."""

    weights: str | None = None
    """Folder with the weights. Default: $REIMAGINE_WEIGHTS, else ~/.cache/reimagine/weights."""
    lora: str | None = None
    """LoRA file, or none. Several: reimagine,turbo.safetensors:0.5 (the ReImagine LoRA, and another at half strength).
    Default: reimagine, the ReImagine LoRA among the weights."""
    lora_strength: float = 1.0
    """How strongly LoRAs without a strength of their own change the model."""
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
    """How weights are stored: auto (as --vram plans), none, int8, or fp8, which is coarser."""
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

    refine_weights: str | None = None
    """Folder with a Wan text-to-video model. Default: Wan2.1-T2V-1.3B-Diffusers in $REIMAGINE_WEIGHTS, else in
    ~/.cache/reimagine/weights."""
    refine_prompt: str = (
        "a video of a person in natural motion, plain background, sharp, steady light"
    )
    """What is to be seen. Better in your own words: who it is, the clothes, the motion."""
    refine_negative: str = (
        "flicker, blurry, distorted face, deformed hands, overexposed, watermark, text"
    )
    """What is not to be seen; counts only with --refine-guidance above 1."""
    refine_guidance: float = 1.0
    """Classifier-free guidance; 1 is none and half the time."""
    refine_strength: float = 0.3
    """How much noise, from 0 (nothing changes) to 1 (all noise)."""
    refine_steps: int = 8
    """Denoising steps."""
    refine_window: int = 81
    """Frames that the model sees at once."""
    refine_overlap: int = 16
    """Frames that neighbouring windows share."""
    refine_pixels: int = 399_360
    """Area of the pictures that the model is given, at most; only its correction goes to larger frames."""
    refine_hold_low: float = 0.6
    """How strongly coarse colour and light are held to the frames', 0 to 1."""
    refine_hold_high: float = 0.2
    """How strongly face, texture and edges are held to the frames', 0 to 1."""
    refine_hold_guessed: float = 0.5
    """Share of both by which places are held that no photo shows, 0 to 1: the model may change guessed places more."""
    refine_guard: bool = True
    """Whether face and hands are compared with the frames', and held more and done again where they drifted."""
    refine_propagate: float = 0.0
    """How far features are carried along the surface from every fifth latent to its neighbours, 0 (off) to 1."""
    refine_noise: str = "surface"
    """surface: noise moves with the body. plain: another in each frame."""
    refine_memory: str = "full"
    """full, or low: parts of the model wait in main memory, pictures are coded in tiles."""
    refine_seed: int = 43
    """For the noise."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A video of one person: photos, motion and camera in, video out."""

    photos: Photos = field(default_factory=Photos)
    clip: Clip = field(default_factory=Clip)
    out: str = "runs/latest"
    """Run folder. The same command continues it."""
    image: str = "atlas"
    """What paints: atlas, flux-kontext, flux-klein (see reimagine backends), or module:factory."""
    keyframes: int = 1
    """Paint every so many-th frame and carry those between along the body's exact motion; an approximation. 1: all."""
    image_model: ImageModel = field(default_factory=ImageModel)
    sway: float = 1.0
    """How far loose cloth and hair swing behind the body, 0 (not at all) to 1 (as far as there is room)."""
    shade: float = 0.25
    """How strongly atlas shades what has turned since the photos, under a light from above, 0 (the photos' light as it
    was) to 1."""
    refiner: str = "flow"
    """What takes the flicker out: none, flow, wan, or module:factory."""
    refinement: Refinement = field(default_factory=Refinement)
    background: str = "white"
    """white, black, grey, a colour like #3a6ea5, transparent, or a picture file."""
    video: str = "mp4"
    """mp4, webm (with alpha), lossless (mkv), or png (frames only)."""
    side_by_side: bool = False
    """Put the normal maps beside the pictures in the video."""
    overlay: str | None = None
    """With a camera from a file: the capture's photo; writes overlay.png with the body drawn over it."""
    seed: int = 43
    """For backends that draw random numbers. 43 is the official script's."""


@dataclass(frozen=True, kw_only=True)
class NormalsRequest:
    """Normal maps, masks, depth and cameras of a motion; no person needed."""

    clip: Clip = field(default_factory=Clip)
    out: str = "runs/normals"
    """Run folder. The same command continues it."""
    video: str = "mp4"
    """mp4, webm, lossless (mkv), or png (pictures only)."""
    overlay: str | None = None
    """With a camera from a file: the capture's photo; writes overlay.png with the body drawn over it."""


@dataclass(frozen=True, kw_only=True)
class PersonRequest:
    """A person made from photos once, to be used by `generate --person`."""

    photos: Photos = field(default_factory=Photos)
    gender: float | None = None
    """0 male, 1 female: photos from the front do not show how deep a body is, and it differs. Default: guessed from the outline,
    which clothes broaden."""
    out: str = "people/latest"
    """Folder of the person."""


@dataclass(frozen=True, kw_only=True)
class RefineRequest:
    """An earlier run's pictures, or anybody's frames, steadied into a folder of their own."""

    run: str | None = None
    """Folder of an earlier `generate`. It stays as it is."""
    from_video: str | None = None
    """Instead of a run: a video whose frames flicker. Optical flow takes the place of the body's."""
    frames_dir: str | None = None
    """Instead of a run: a folder of pictures, in the order of their names."""
    fps: float = 24.0
    """Frames per second of --frames-dir; a run and a video know their own."""
    refiner: str = "flow"
    """What takes the flicker out: none, flow, wan, or module:factory."""
    refinement: Refinement = field(default_factory=Refinement)
    background: str | None = None
    """white, black, grey, a colour like #3a6ea5, transparent, or a picture file. Default: the run's; else white."""
    video: str | None = None
    """mp4, webm (with alpha), lossless (mkv), or png (frames only). Default: the run's; else mp4."""
    out: str | None = None
    """Run folder. Default: the name of the run, video or folder with the refiner's behind it."""


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
        f"--size is {size!r}; expected WIDTHxHEIGHT, each from 16 to 8192, such as 512x832."
    )


def find_factory(flag: str, name: str, table: Mapping[str, str]) -> Callable[..., object]:
    """The function that makes the backend `name`: a key of `table`, or "module:factory" itself.

    Args:
        flag: The flag that the name was given by, for the error's text.
        name: What the user gave.
        table: Known names and the "module:factory" of each.

    Raises:
        InputError: where there is no such name, module or function.
    """
    place = table.get(name, name)
    module_name, colon, factory_name = place.partition(":")
    if not (colon and module_name and factory_name):
        near = get_close_matches(name, table, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]}?" if near else "See reimagine backends."
        known = ", ".join(table)
        raise InputError(f"{flag} is {name!r}; expected {known} or module:factory. {hint}")
    try:
        factory = getattr(import_module(module_name), factory_name, None)
    except (ImportError, TypeError) as error:
        raise InputError(
            f"{flag} {name} cannot be loaded ({error}); expected a module that Python finds. "
            "Install it, or put its folder into PYTHONPATH."
        ) from error
    if not callable(factory):
        raise InputError(
            f"{flag} is {name!r}; expected a function {factory_name} in {module_name}, "
            "which has none. Give module:factory."
        )
    return factory
