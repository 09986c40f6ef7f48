"""`reimagine score`: runs measured, and compared; without weights, and with the user's own."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from reimagine.apps.flags import parse_flags
from reimagine.apps.progress import show_progress
from reimagine.apps.score_clips import (
    Player,
    clip_frames,
    find_real,
    run_clip,
    video_clip,
    with_truth,
)
from reimagine.apps.wording import flag_of
from reimagine.errors import InputError, one_line, worded
from reimagine.film import FINAL, PAINTED
from reimagine.progress import Progress
from reimagine.runs import RunFolder, check_writable
from reimagine.scores.clip import Clip
from reimagine.scores.learned import Networks, Real, with_pairs, with_sets
from reimagine.scores.measure import Scores, score_clip
from reimagine.scores.networks import load_network
from reimagine.scores.page import Show, page
from reimagine.scores.report import markdown, pool, scores_json


@dataclass(frozen=True, kw_only=True)
class ScoreRequest:
    """Steadiness, sharpness and control of a run: scores.json, report.html and scores.md in its folder."""

    run: str | None = None
    """Run folder, or a folder of run folders."""
    against: str | None = None
    """Another run, shown side by side."""
    video: str | None = None
    """A video from elsewhere instead of a run."""
    conditions: str | None = None
    """With --video: the run folder whose person, motion and camera it was to show."""
    truth: str | None = None
    """Folder of true pictures (PNG, in order of name) or video: adds PSNR, SSIM and MS-SSIM. For one clip."""
    trust_modules: bool = False
    """Run the module:factory that a run folder's request.json names: code of whoever wrote it."""
    out: str | None = None
    """Where the results go. Default: the run folder; with --video, beside the video in NAME-scores."""
    real: str | None = None
    """Folder of real pictures (FID, KID) or videos (FVD)."""
    fid_weights: str | None = None
    """Adds KID (from 50 pictures on) and FID (from 2049 on): TorchScript file, inception-2015-12-05.pt. Needs --real."""
    lpips_weights: str | None = None
    """Adds LPIPS against --truth, and of refined against painted frames: TorchScript file, such as NVIDIA's vgg16.pt."""
    identity_weights: str | None = None
    """Adds the likeness of the face to the front photo's: TorchScript file of a face recognition network (112x112)."""
    fvd_weights: str | None = None
    """Adds FVD (from 401 clips of 16 frames on): TorchScript file, i3d_torchscript.pt. Needs --real with videos."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    scores: Scores
    show: Show | None
    """The final pictures; None for several clips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Means:
    """What all clips are measured with."""

    networks: Networks
    real: Real | None
    trust_modules: bool
    listener: Progress


def main(arguments: list[str]) -> int:
    """The command line of `reimagine score`."""
    return score(parse_flags(ScoreRequest, "score", arguments))


def score(request: ScoreRequest) -> int:
    """Measure, write the results, and say where they are; gives the exit code.

    Raises:
        InputError: where there is nothing to measure, or clips cannot be compared.
    """
    _check(request)
    folder = _out(request)
    # Measuring takes long, and was in vain if nothing could be written then.
    check_writable(folder)
    _check_lengths(request)
    with show_progress() as listener:
        means = _means(request, listener)
        measured = [_measure(request, means)]
        if request.against is not None:
            measured.append(_measure_runs(Path(request.against), means, None))
            _check_alike(measured[0].scores, measured[1].scores)
    out = RunFolder(path=folder)
    scores = [one.scores for one in measured]
    text = scores_json(scores[0], versions=_versions())
    out.write("scores.json", text)
    out.write("scores.md", markdown(scores))
    out.write("report.html", page(scores, [one.show for one in measured]))
    print(markdown(scores), end="")
    for note in scores[0].notes:
        print(one_line(f"Note: {worded(note, flag_of)}"))
    print(
        one_line(
            f"The page is {folder / 'report.html'}; the numbers are in scores.json and scores.md"
        )
    )
    return 0


def _check(request: ScoreRequest) -> None:
    if (request.run is None) == (request.video is None):
        got = "neither" if request.run is None else "both"
        raise InputError(
            f"score got {got} of --run and --video; expected one of them. Give --run runs/first."
        )
    if request.conditions is not None and request.video is None:
        raise InputError(
            "--conditions came without --video; a run folder has its own. Give --run alone, or --video FILE."
        )
    if request.real is not None and request.fid_weights is None and request.fvd_weights is None:
        raise InputError(
            "--real came without a network to compare by; expected --fid-weights FILE or --fvd-weights FILE. "
            "For the true pictures of this very clip give --truth."
        )
    for run in (request.run, request.against):
        if run is not None and not Path(run).is_dir():
            raise _no_run(run)
    if request.video is not None and not Path(request.video).is_file():
        raise InputError(f"There is no video {request.video}; check the name.")


def _no_run(path: str | Path) -> InputError:
    return InputError(f"There is no folder {path}; expected a run. Give the --out of a run.")


def _check_lengths(request: ScoreRequest) -> None:
    """What `_check_alike` finds in the end, of two single runs, before they are measured."""
    frames: dict[str, int] = {}
    for run in (request.run, request.against):
        if run is not None and (Path(run) / "request.json").is_file():
            frames[run] = clip_frames(Path(run))
    if len(set(frames.values())) > 1:
        (a, first), (b, second) = frames.items()
        raise _lengths_differ(a, first, b, second)


def _lengths_differ(a: str, frames: int, b: str, others: int) -> InputError:
    return InputError(
        f"{a} has {frames} frames and {b} {others}; expected clips of one length. "
        "Give runs of the same request."
    )


def _check_alike(a: Scores, b: Scores) -> None:
    if a.clips == b.clips == 1 and a.frames != b.frames:
        raise _lengths_differ(a.name, a.frames, b.name, b.frames)


def _means(request: ScoreRequest, listener: Progress) -> _Means:
    def load(name: str | None, field: str) -> torch.jit.ScriptModule | None:
        return None if name is None else load_network(Path(name), field)

    networks = Networks(
        fid=load(request.fid_weights, "fid_weights"),
        lpips=load(request.lpips_weights, "lpips_weights"),
        identity=load(request.identity_weights, "identity_weights"),
        fvd=load(request.fvd_weights, "fvd_weights"),
    )
    sets = networks.fid is not None or networks.fvd is not None
    return _Means(
        networks=networks,
        real=find_real(request.real) if sets else None,
        trust_modules=request.trust_modules,
        listener=listener,
    )


def _out(request: ScoreRequest) -> Path:
    if request.out is not None:
        return Path(request.out)
    if request.run is not None:
        return Path(request.run)
    assert request.video is not None
    video = Path(request.video)
    return video.with_name(video.stem + "-scores")


def _measure(request: ScoreRequest, means: _Means) -> _Measured:
    if request.run is not None:
        return _measure_runs(Path(request.run), means, request.truth)
    assert request.video is not None
    played = video_clip(
        Path(request.video), request.conditions, trust_modules=request.trust_modules
    )
    clip = with_truth(played, request.truth)
    scores = _with_sets(_scored(clip, means), [clip], means)
    return _Measured(scores=scores, show=Player(Path(request.video)))


def _measure_runs(path: Path, means: _Means, truth: str | None) -> _Measured:
    """One run, or all runs within a folder taken together."""
    if not path.is_dir():
        raise _no_run(path)
    if (path / "request.json").is_file():
        clip = with_truth(run_clip(path, trust_modules=means.trust_modules), truth)
        scores = _with_sets(_scored(clip, means), [clip], means)
        return _Measured(scores=scores, show=clip.refined or clip.painted)
    runs = sorted(p.parent for p in path.glob("*/request.json"))
    runs = [p for p in runs if (p / PAINTED).is_dir() or (p / FINAL).is_dir()]
    if not runs:
        raise InputError(
            f"{path} is no run folder and holds none (no request.json with pictures). Give the --out of a run."
        )
    if truth is not None:
        raise InputError(
            f"--truth came with {path}, which holds {len(runs)} runs; expected one. Give --run a single run."
        )
    all_scores: list[Scores] = []
    pictures: list[Clip] = []
    for run in runs:
        clip = run_clip(run, trust_modules=means.trust_modules)
        all_scores.append(_scored(clip, means))
        # Persons and scenes of many runs would fill the memory; sets need the pictures alone.
        pictures.append(replace(clip, see=None, anchor=None, joints=None, person=None))
    scores = pool(all_scores, name=path.name)
    return _Measured(scores=_with_sets(scores, pictures, means), show=None)


def _scored(clip: Clip, means: _Means) -> Scores:
    def tell(done: int, total: int) -> None:
        means.listener.step(f"scoring {clip.name}", done, total)

    scores = score_clip(clip, tell=tell)
    return with_pairs(scores, clip, means.networks)


def _with_sets(scores: Scores, clips: Sequence[Clip], means: _Means) -> Scores:
    if means.real is None:
        return scores
    return with_sets(scores, clips, means.networks, means.real)


def _versions() -> Mapping[str, str]:
    found = {"python": platform.python_version()}
    for package in ("reimagine", "torch", "numpy", "opencv-python-headless", "warp-lang"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "absent"
    return found
