"""What the user asks for: plain, JSON-able data. Imports neither torch nor numpy, so that help is quick."""

from dataclasses import dataclass, field

from reimagine.settings import ImageModel, Photos, Refinement, Shape, View


@dataclass(frozen=True, kw_only=True)
class Clip:
    """Which motion, seen by which camera, in which pictures."""

    motion: str = "walk"
    """walk, run, wave, turn, squat, dance, apose, or a motion file (reimagine motion --help)."""
    bone_map: str | None = None
    """JSON file that says which bone of a motion file's skeleton a joint follows, {"left_hip": "LeftUpLeg"}; `reimagine
    motion inspect` prints what is found without."""
    camera: str = "orbit"
    """orbit, arc, static, dolly, follow, or a camera file."""
    camera_name: str | None = None
    """Which camera of a rig file."""
    camera_up: str | None = None
    """The axis that is up in a camera file: y, z, -y, -z, x or -x. Default: found from how its cameras are held, where the motion
    knows its own up; else the file and the motion share a world."""
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
    height_m: float | None = None
    """The person's height. Default: from the photo fit, flags like --gender, the motion's shape numbers, or 1.7."""
    device: str = "auto"
    """auto, cpu or cuda."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A video of one person: photos, motion and camera in, video out."""

    photos: Photos = field(default_factory=Photos)
    gender: float | None = None
    """0 male, 1 female: photos from the front do not show how deep a body is, and it differs. Default: guessed from the outline,
    which clothes broaden."""
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
    """mp4, webm (with alpha), mov (ProRes 4444, with alpha), lossless (mkv), or png (frames only)."""
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
    shape: Shape = field(default_factory=Shape)
    out: str = "runs/normals"
    """Run folder. The same command continues it."""
    video: str = "mp4"
    """mp4, webm, mov (ProRes 4444), lossless (mkv), or png (pictures only)."""
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
    """Flicker removed from an earlier run, a video or a folder of pictures, into a new folder."""

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
    """mp4, webm (with alpha), mov (ProRes 4444, with alpha), lossless (mkv), or png (frames only). Default: the run's; else mp4."""
    trust_modules: bool = False
    """Run the module:factory that a run folder's request.json, or --request FILE, names: code of whoever wrote it."""
    out: str | None = None
    """Run folder. Default: the name of the run, video or folder with the refiner's behind it."""
