"""The commands that do work: each calls the pipeline and says what came out."""

from reimagine import pipeline
from reimagine.apps.progress import show_progress
from reimagine.apps.wording import flag_of
from reimagine.checks import check_keyframes, find_device
from reimagine.errors import one_line, worded
from reimagine.frames.load import describe_cost
from reimagine.request import NormalsRequest, PersonRequest, RefineRequest, Request


def generate(request: Request) -> int:
    """`reimagine generate`."""
    if request.image_model.plan:
        check_keyframes(request.keyframes)
        device = find_device(request.clip.device)
        for line in describe_cost(request.image, request.image_model, request.clip.size, device):
            print(worded(line, flag_of))
        if request.keyframes > 1:
            print(
                f"--keyframes {request.keyframes}: one frame in {request.keyframes} is painted, so a clip takes 1/{request.keyframes} of that"
            )
        return 0
    with show_progress() as listener:
        result = pipeline.generate(request, listener)
    return _say(result)


def normals(request: NormalsRequest) -> int:
    """`reimagine normals`."""
    with show_progress() as listener:
        result = pipeline.make_normals(request, listener)
    return _say(result)


def refine(request: RefineRequest) -> int:
    """`reimagine refine`."""
    with show_progress() as listener:
        result = pipeline.refine_run(request, listener)
    return _say(result)


def person(request: PersonRequest) -> int:
    """`reimagine person`."""
    with show_progress() as listener:
        made = pipeline.make_person(request, listener)
    for note in made.notes:
        print(one_line(f"Note: {worded(note, flag_of)}"))
    print(
        one_line(
            f"The person is in {request.out}. Use it: reimagine generate --person {request.out}"
        )
    )
    return 0


def _say(result: pipeline.Result) -> int:
    for note in result.notes:
        print(one_line(f"Note: {worded(note, flag_of)}"))
    if result.video is None:
        print(
            one_line(
                f"{result.frames} pictures are in {result.folder}, a contact sheet in sheet.png"
            )
        )
    else:
        print(one_line(f"The video is {result.video}, a contact sheet beside it in sheet.png"))
    return 0
