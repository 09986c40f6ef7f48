"""What a run keeps of its person, motion and camera, so that it needs no file from elsewhere."""

from dataclasses import replace
from pathlib import Path

from reimagine.appearance.store import save_person
from reimagine.records import Person
from reimagine.request import Request
from reimagine.runs import RunFolder
from reimagine.settings import Photos, View

PERSON = "person"
"""Folder of a run: its person as found, before height and body of the clip; person.json holds the digests of its files."""
MOTION, CAMERAS = "conditions/motion.npz", "conditions/cameras.json"


def keep_person(run: RunFolder, person: Person) -> None:
    """Store the person in the run, readable by its owner alone; where that was done, nothing.

    Raises:
        InputError: where the folder cannot be written.
    """
    if not run.has(f"{PERSON}/person.json"):
        save_person(person, run.path / PERSON)


def own_request(run: Path, request: Request) -> Request:
    """The run's request, told in terms of what the run itself keeps: photos, motion and camera may have been moved since.

    What it does not keep, as runs of older versions do not, is left as it was.
    """
    clip = request.clip
    if (run / PERSON / "person.json").is_file():
        request = replace(request, photos=Photos(person=str(run / PERSON)), gender=None)
    if (run / MOTION).is_file() and (run / CAMERAS).is_file():
        # Both or neither: they lie in one world.
        clip = replace(
            clip,
            motion=str(run / MOTION),
            camera=str(run / CAMERAS),
            camera_name=None,
            view=View(),
            start_s=0.0,
            seconds=None,
            loop=False,
        )
    return replace(request, clip=clip)
