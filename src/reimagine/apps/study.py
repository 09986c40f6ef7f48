"""`reimagine study`: a page for blind comparison of two sets of runs by people, and the tally of the answers."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from reimagine.apps.flags import parse_flags
from reimagine.errors import InputError, one_line
from reimagine.scores.study import Pair, study_page, tally

QUESTION = "Which video looks more like a real person moving?"


@dataclass(frozen=True, kw_only=True)
class StudyRequest:
    """A page on which people compare A with B, blind. `reimagine study tally FILES` counts the answers."""

    runs: tuple[str, str]
    """Two run folders, or two folders of runs of the same names."""
    question: str = QUESTION
    """What people are asked."""
    out: str = "study.html"
    """The page."""
    seed: int = 0
    """Of the random order and sides."""


def main(arguments: list[str]) -> int:
    """The command line of `reimagine study`."""
    if arguments[:1] == ["tally"]:
        return _tally([Path(name) for name in arguments[1:]])
    if arguments and get_close_matches(arguments[0], ["tally"]) and not Path(arguments[0]).exists():
        raise InputError(
            f"There is no run {arguments[0]}; expected two runs, or answers. Did you mean reimagine study tally?"
        )
    return study(parse_flags(StudyRequest, "study", arguments))


def study(request: StudyRequest) -> int:
    """Write the page; gives the exit code.

    Raises:
        InputError: where the runs have no videos, or none in common.
    """
    text = study_page(
        _pairs(*map(Path, request.runs)), question=request.question, seed=request.seed
    )
    try:
        Path(request.out).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{request.out} cannot be written ({error.strerror}); expected a writable place. Give another --out."
        ) from None
    place = one_line(request.out)
    print(
        f"The page is {place}; open it in a browser. Count with: reimagine study tally answers-*.json"
    )
    return 0


def _pairs(a: Path, b: Path) -> list[Pair]:
    if (a / "request.json").is_file() and (b / "request.json").is_file():
        return [Pair(name=a.name, a=_video(a), b=_video(b))]
    for folder in (a, b):
        if not folder.is_dir():
            raise InputError(
                f"There is no folder {folder}; expected a run, or a folder of runs. Give the --out of a run."
            )
    names = sorted({p.parent.name for p in a.glob("*/request.json")})
    shared = [name for name in names if (b / name / "request.json").is_file()]
    if not shared:
        raise InputError(
            f"{a} and {b} are not two runs and hold no runs of the same names; expected one or the other."
        )
    return [Pair(name=name, a=_video(a / name), b=_video(b / name)) for name in shared]


def _video(run: Path) -> Path:
    webm = run / "video.webm"
    return webm if webm.is_file() else run / "video.mp4"


def _tally(files: list[Path]) -> int:
    got = tally(files)
    print(
        f"B was preferred in {100 * got.share_b:.0f} % of {got.answers} answers by {got.people} people "
        f"[{100 * got.low:.0f}, {100 * got.high:.0f}] (A {got.a}, B {got.b}, neither {got.ties}, counted half)"
    )
    return 0
