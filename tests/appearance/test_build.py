"""The whole way from photos to a person, on the people that ship."""

from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
import torch
from tests.appearance.conftest import standing

from reimagine.appearance import build, settle
from reimagine.appearance import fit as fitting
from reimagine.appearance.build import build_person
from reimagine.appearance.fit import Fit, Stance
from reimagine.appearance.outline import HAIR
from reimagine.appearance.part_files import encode_parts
from reimagine.appearance.steps import ALL
from reimagine.pictures import read_picture, write_picture
from reimagine.records import PARTS, Body, Person
from reimagine.resize import resize_to_cover
from reimagine.settings import Photos


@pytest.mark.slow
@pytest.mark.timeout(240)  # on a loaded machine
def test_parts_corrected_to_hair_make_hair_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(fitting, "STEPS", 45)
    monkeypatch.setattr(settle, "_STEPS", 5)
    whole = read_picture(
        str(resources.files("reimagine") / "data" / "people" / "alex" / "front.png")
    )
    front = str(tmp_path / "front.png")
    write_picture(front, resize_to_cover(whole, 400, 664))
    fits: list[Fit] = []

    def fit_once(*given: object, **how: object) -> Fit:
        if not fits:
            fits.append(fitting.fit_body(*given, **how))  # pyright: ignore[reportArgumentType]
        return fits[0]

    monkeypatch.setattr(build, "fit_body", fit_once)
    found = build_person(Photos(front=front))
    parts = found.photos[0].parts
    assert parts is not None

    def hanging(person: Person) -> int:
        low = person.surface.verts[:, 1] < person.body.joints[12, 1]
        return int((low & (person.part == PARTS.index("hair"))).sum())

    assert bool((found.part == PARTS.index("hair")).any())
    assert hanging(found) == 0
    rows, columns = (parts == HAIR).nonzero().unbind(1)
    tall = len(parts)
    low = int(rows.max())
    # A plait beside the neck, down to the chest.
    plait = torch.zeros_like(parts, dtype=torch.bool)
    plait[
        int(rows.min()) + 10 : low + tall // 5, int(columns.max()) - 3 : int(columns.max()) + 18
    ] = True
    corrected = torch.where(
        plait & (parts > 0) | plait & (torch.arange(tall)[:, None] > low), HAIR, parts
    )
    path = tmp_path / "parts_0.png"
    path.write_bytes(encode_parts(corrected))
    made = build_person(Photos(front=front, front_parts=str(path)))
    assert made.photos[0].parts is not None
    assert torch.equal(made.photos[0].parts, corrected)
    assert hanging(made) > 100
    assert bool((made.photos[0].alpha[corrected > 0] > 0.5).all())


def test_pieces_are_cut_from_the_settled_stances(monkeypatch: pytest.MonkeyPatch, body: Body):
    first, settled = standing(body), standing(body, neck=5.0)
    monkeypatch.setattr(build, "settle", lambda *_: (settled,))
    monkeypatch.setattr(build, "_shown", lambda fit, *_: list(fit.stances))
    held: list[bool] = []

    def pieces_of(_fit: Fit, shown: list[Stance], _steps: object, **how: bool) -> list[Stance]:
        held.append(how.get("held", True))
        return list(shown)

    monkeypatch.setattr(build, "_pieces", pieces_of)
    monkeypatch.setattr(build, "_join", lambda pieces: (pieces, None))
    start = Fit(body=body, stances=(first,))
    for steps, stance in ((ALL, settled), (replace(ALL, settle=False), first)):
        fit, shown, pieces = build.dressed(start, [], (), steps)
        assert fit.stances[0] is shown[0] is pieces[0] is stance
    # Stances are settled on trousers as wide as they are.
    assert held == [False, True, True]
