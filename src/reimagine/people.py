"""The person of a request: stored, shipped, or fitted to photos and cached."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import fields, replace
from difflib import get_close_matches
from importlib import resources
from inspect import getsourcefile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from reimagine.appearance.build import build_person
from reimagine.appearance.matting import MATTINGS, check_matting
from reimagine.appearance.method import METHOD
from reimagine.appearance.photos import check_photos
from reimagine.appearance.store import load_person, save_person
from reimagine.body.smplx import read_smplx
from reimagine.body.smplx_fit import follow_joints, smplx_like
from reimagine.cache import cache_folder
from reimagine.errors import InputError
from reimagine.foreign import MOST_TEXT_BYTES, reading
from reimagine.plugins import find_factory
from reimagine.progress import SILENT, Progress
from reimagine.records import Body, Person, Skin
from reimagine.request import Request
from reimagine.runs import RunFolder
from reimagine.settings import Photos, picture_files

SURFACE = "conditions/surface.json"
"""Of a run: by what its surface is known again."""
_TOLD: dict[str, tuple[float, tuple[str, ...]]] = {"alex": (0.0, ()), "sam": (1.0, ("bun",))}
"""Gender and details of the people who ship, as a user would tell them with their photos."""
_POINTS, _SAME_MM = 200, 2.0
"""Vertices that are compared, and how far they may lie apart: fits differ a little from machine to machine."""


def check_person(photos: Photos, gender: float | None = None) -> None:
    """Nothing, where photos or a person were given that go together, and `gender` with photos alone; opens no picture.

    Raises:
        InputError: where there is no person, or two at once, or no such matting.
    """
    if gender is not None and not 0 <= gender <= 1:
        raise InputError(f"`gender` is {gender:g}; expected 0 (male) to 1 (female).")
    others = [f for f in fields(photos) if f.name != "person" and getattr(photos, f.name)]
    if photos.person is None:
        if not others:
            raise InputError(
                "Got no person; expected photos. Give `front` FILE and `back` FILE, or `person` alex to try it."
            )
        check_photos(photos)
        check_matting(photos.matting)
    elif others:
        raise InputError(
            f"`person` came together with `{others[0].name}`; expected one or the other."
        )
    elif gender is not None:
        raise InputError(
            "`gender` came together with `person`, who is made already; expected it with photos. Leave out `gender`."
        )
    else:
        _place_of(photos.person)


def find_person(
    photos: Photos, listener: Progress = SILENT, *, gender: float | None = None
) -> Person:
    """The person asked for. The same photos are fitted once, then taken from the user's cache folder.

    `gender`: that of the person on the photos, 0 male to 1 female; None guesses it.

    Raises:
        InputError: where the photos or the stored person cannot be used.
    """
    check_person(photos, gender)
    if photos.person is not None:
        place = _place_of(photos.person)
        if (place / "person.json").is_file():
            return load_person(place)
        gender, detail = _TOLD[place.name]
        photos = Photos(front=str(place / "front.png"), back=str(place / "back.png"), detail=detail)
    folder = cache_folder() / "people" / _key(photos, gender)
    if (folder / "person.json").is_file():
        try:
            return load_person(folder)
        except InputError:
            listener.say("The remembered person is damaged; making it again.")
    person = build_person(
        photos,
        gender=gender,
        report=lambda step, share: listener.step(step, round(share * 100), 100),
    )
    try:
        save_person(person, folder)
        return load_person(folder)
    except InputError as error:
        listener.say(f"The person is not remembered for next time: {error}")
    # Stored numbers are rounded; what is painted must not depend on whether they were.
    with TemporaryDirectory() as passing:
        save_person(person, Path(passing))
        return load_person(Path(passing))


def person_for(
    request: Request,
    listener: Progress = SILENT,
    *,
    keep: Callable[[Person], None] | None = None,
) -> Person:
    """The person asked for, as tall as the clip asks and on the body that it asks for.

    `keep` is given the person as found.

    Raises:
        InputError: where the photos, the stored person or the body's model file cannot be used.
    """
    # The model is read first: photos take long, and were fitted in vain if it could not be.
    model, clip = None, request.clip
    if clip.body == "smplx":
        assert clip.body_model is not None
        model = read_smplx(clip.body_model)
    person = find_person(request.photos, listener, gender=request.gender)
    if keep is not None:
        keep(person)
    person = with_height(person, clip.height_m)
    return person if model is None else on_body(person, smplx_like(model, person.body))


def shipped_people() -> tuple[str, ...]:
    """Names of the people that come with the package."""
    people = _people_folder()
    return tuple(sorted(p.name for p in people.iterdir())) if people.is_dir() else ()


def with_height(person: Person, height_m: float | None) -> Person:
    """The person made taller or smaller as a whole; None leaves them as they are."""
    if height_m is None:
        return person
    scale = height_m / person.body.height_m

    def scaled(skin: Skin) -> Skin:
        correctives = None if skin.correctives is None else skin.correctives * scale
        loose_m = None if skin.loose_m is None else skin.loose_m * scale
        return replace(skin, verts=skin.verts * scale, correctives=correctives, loose_m=loose_m)

    body = Body(skin=scaled(person.body.skin), joints=person.body.joints * scale, height_m=height_m)
    return replace(person, body=body, surface=scaled(person.surface))


def on_body(person: Person, body: Body) -> Person:
    """The person on another body: the dressed surface goes along with the joints, so that clothes stay on.

    How the person stands in the photos is still told for the body that these were fitted with.
    """
    surface = follow_joints(person.surface, person.body.joints, body.joints)
    return replace(person, body=body, surface=surface)


def keep_surface(run: RunFolder, person: Person) -> None:
    """Write into a run on which surface its pictures lie; where that was done, nothing.

    Raises:
        InputError: where the run was begun with another surface.
    """
    if run.has(SURFACE):
        check_surface(run.path, person)
    else:
        run.write(SURFACE, json.dumps(_surface(person)) + "\n")


def check_surface(run: Path, person: Person) -> None:
    """Nothing, where the run's pictures were painted on this person's surface, or nobody knows on which.

    Raises:
        InputError: where photos, stored person or program have changed since, so that pictures and surface part.
    """
    path = run / SURFACE
    if not path.is_file():
        return
    with reading(path, "what a run keeps of its surface", most_bytes=MOST_TEXT_BYTES):
        held = json.loads(path.read_text(encoding="utf-8"))
        then, now = (torch.tensor(one["points_mm"]) for one in (held, _surface(person)))
        same = held["verts"] == len(person.surface.verts) and then.shape == now.shape
        same = same and float((then - now).abs().max()) <= _SAME_MM
    if not same:
        raise InputError(
            f"{run} was begun with another person than is there now: the photos, the stored person or the program have "
            "changed since; expected the same. Make the run again with another `out`."
        )


def _surface(person: Person) -> dict[str, Any]:
    """The surface in brief: how many vertices, and where some of them lie at rest."""
    verts = person.surface.verts
    some = verts[:: max(1, len(verts) // _POINTS)] * 1000
    return {"verts": len(verts), "points_mm": [[round(x, 1) for x in p] for p in some.tolist()]}


def _place_of(name: str) -> Path:
    """Folder of a stored or shipped person."""
    if name and (Path(name) / "person.json").is_file():
        return Path(name)
    shipped = shipped_people()
    if name in shipped:
        return _people_folder() / name
    if name and Path(name).exists():
        raise InputError(
            f"`person` {name} holds no person.json; expected a folder made by reimagine person. "
            "Give photos as `front` and `back`."
        )
    near = get_close_matches(name, shipped, n=1, cutoff=0.4)
    hint = f"Did you mean {near[0]}?" if near else "Make one with reimagine person."
    known = ", ".join(shipped)
    raise InputError(f"`person` is {name!r}; expected {known} or a person's folder. {hint}")


def _people_folder() -> Path:
    return Path(str(resources.files("reimagine"))) / "data" / "people"


def _key(photos: Photos, gender: float | None) -> str:
    """Digest of the photos' bytes, each with what it was given as, of what was told, and of the method's version.

    Raises:
        InputError: where there is no such matting.
    """
    digest = hashlib.sha256(f"method {METHOD}".encode())
    if gender is not None:
        digest.update(f"\0gender {gender}\0".encode())
    if photos.detail:
        digest.update(f"\0detail {sorted(set(photos.detail))}\0".encode())
    if photos.photo_azimuth_deg:
        digest.update(f"\0azimuths {photos.photo_azimuth_deg}\0".encode())
    if photos.matting is not None:
        factory = find_factory("`matting`", photos.matting, MATTINGS)
        digest.update(f"\0{photos.matting}\0".encode())
        digest.update(Path(getsourcefile(factory) or os.devnull).read_bytes())
    for name, path in picture_files(photos):
        try:
            data = Path(path).read_bytes()
        except OSError:
            data = b""  # reading the photos will say what is wrong
        digest.update(f"\0{name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()[:32]
