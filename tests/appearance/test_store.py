"""A person survives being kept in a folder, and a damaged folder is refused."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from torch import Tensor

from reimagine.appearance.store import load_person, save_person
from reimagine.errors import InputError
from reimagine.records import Body, CameraPath, Person, Photo, Pose, Skin


def noise(*shape: int, seed: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def skin(verts: int, seed: int, *, correctives: bool = False) -> Skin:
    weights = noise(verts, 4, seed=seed + 1)
    return Skin(
        verts=noise(verts, 3, seed=seed),
        faces=(torch.arange(30).reshape(10, 3) * 7 + seed) % verts,
        weight_joints=(torch.arange(4 * verts).reshape(verts, 4) * 13) % 55,
        weights=weights / weights.sum(1, keepdim=True),
        correctives=noise(486, verts, 3, seed=seed) * 0.01 if correctives else None,
        loose_m=noise(verts, seed=seed) * 0.1 if correctives else None,
    )


def photo(seed: int, side: str) -> Photo:
    return Photo(
        rgb=(noise(3, 40, 24, seed=seed) * 255).round() / 255,
        alpha=(noise(40, 24, seed=seed + 1) * 255).round() / 255,
        camera=CameraPath(
            K=noise(1, 3, 3, seed=seed),
            R=noise(1, 3, 3, seed=seed + 2),
            t=noise(1, 3, seed=seed + 3),
            width=24,
            height=40,
        ),
        pose=Pose(
            transforms=noise(1, 55, 3, 4, seed=seed), rotations=noise(1, 55, 3, 3, seed=seed)
        ),
        side=side,
    )


def someone(seed: int = 0, *, correctives: bool = False) -> Person:
    return Person(
        body=Body(
            skin=skin(20, seed, correctives=correctives),
            joints=noise(55, 3, seed=seed),
            height_m=1.68,
        ),
        surface=skin(50, seed + 5),
        photos=(photo(seed + 10, "front"), photo(seed + 20, "back")),
        photo_xy=noise(2, 50, 2, seed=seed) * 24,
        photo_weight=noise(2, 50, seed=seed),
        seen=noise(50, seed=seed + 3),
        fill=noise(50, 3, seed=seed),
        part=torch.arange(50) % 6,
        reference=(noise(3, 66, 130, seed=seed) * 255).round() / 255,
        notes=("The back was guessed: ü",),
    )


def assert_alike(one: object, other: object, tolerance: float) -> None:
    """Every field of two records is equal, real numbers to within the tolerance."""
    assert type(one) is type(other)
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        torch.testing.assert_close(one, other, atol=tolerance, rtol=0)
    elif isinstance(one, tuple) and isinstance(other, tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_alike(a, b, tolerance)
    elif is_dataclass(one):
        for field in fields(one):
            assert_alike(getattr(one, field.name), getattr(other, field.name), tolerance)
    else:
        assert one == other


@pytest.mark.parametrize("correctives", [False, True])
def test_loaded_person_equals_the_saved_one(tmp_path: Path, correctives: bool):
    person = someone(correctives=correctives)
    save_person(person, tmp_path / "new" / "me")
    assert_alike(load_person(tmp_path / "new" / "me"), person, 5e-4)


def test_a_loaded_person_is_saved_without_further_loss(tmp_path: Path):
    save_person(someone(), tmp_path / "a")
    once = load_person(tmp_path / "a")
    save_person(once, tmp_path / "b")
    assert_alike(load_person(tmp_path / "b"), once, 0.0)


def test_person_without_a_wide_picture_is_kept_without_one(tmp_path: Path):
    save_person(replace(someone(), reference=None), tmp_path)
    assert load_person(tmp_path).reference is None


def test_saving_again_replaces_the_person_and_leaves_other_files(tmp_path: Path):
    save_person(someone(), tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    save_person(someone(3), tmp_path)
    assert_alike(load_person(tmp_path), someone(3), 5e-4)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "notes.txt",
        "person.json",
        "person.npz",
        "photo_0.png",
        "photo_1.png",
        "reference.png",
    ]


def test_failed_save_leaves_the_old_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    save_person(someone(), tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(InputError, match=r"No space left on device.*out"):
        save_person(someone(3), tmp_path)
    assert_alike(load_person(tmp_path), someone(), 5e-4)
    assert len(list(tmp_path.iterdir())) == 5


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Cannot write the person into"):
        save_person(someone(), tmp_path / "file" / "me")


def test_folder_without_a_person_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"holds no person\.json"):
        load_person(tmp_path)


def test_newer_person_is_refused(tmp_path: Path):
    save_person(someone(), tmp_path)
    card = json.loads((tmp_path / "person.json").read_text())
    (tmp_path / "person.json").write_text(json.dumps(card | {"version": 99}))
    with pytest.raises(InputError, match="version 99; expected 1 or older"):
        load_person(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"version": 1, "photos": 3}', "\x00"])
def test_damaged_person_json_is_refused(tmp_path: Path, text: str):
    save_person(someone(), tmp_path)
    (tmp_path / "person.json").write_text(text)
    with pytest.raises(InputError, match=r"person\.json cannot be read"):
        load_person(tmp_path)


def test_impossible_height_is_refused(tmp_path: Path):
    save_person(someone(), tmp_path)
    card = json.loads((tmp_path / "person.json").read_text())
    (tmp_path / "person.json").write_text(json.dumps(card | {"height_m": 17}))
    with pytest.raises(InputError, match=r"17\.0 m and 2 photos"):
        load_person(tmp_path)


@pytest.mark.parametrize("name", ["person.npz", "photo_0.png", "photo_1.png"])
def test_missing_file_is_named(tmp_path: Path, name: str):
    save_person(someone(), tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=f"{name} is missing"):
        load_person(tmp_path)


def test_changed_file_is_named(tmp_path: Path):
    save_person(someone(), tmp_path)
    data = (tmp_path / "person.npz").read_bytes()
    (tmp_path / "person.npz").write_bytes(data[:-10])
    with pytest.raises(InputError, match=r"person\.npz is not the file"):
        load_person(tmp_path)


def tamper(folder: Path, change: Callable[[dict[str, np.ndarray]], None]) -> None:
    """Another person.npz that person.json agrees to."""
    from hashlib import sha256

    path = folder / "person.npz"
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    change(arrays)
    np.savez(path, allow_pickle=True, **arrays)
    card = json.loads((folder / "person.json").read_text())
    card["sha256"]["person.npz"] = sha256(path.read_bytes()).hexdigest()
    (folder / "person.json").write_text(json.dumps(card))


def drop_fill(arrays: dict[str, np.ndarray]) -> None:
    del arrays["fill"]


def shorten_part(arrays: dict[str, np.ndarray]) -> None:
    arrays["part"] = arrays["part"][:-1]


def point_outside(arrays: dict[str, np.ndarray]) -> None:
    arrays["surface_faces"][0, 0] = 50


def put_nan(arrays: dict[str, np.ndarray]) -> None:
    arrays["camera_t"][0, 0] = np.nan


def put_objects(arrays: dict[str, np.ndarray]) -> None:
    arrays["fill"] = np.array([{"a": 1}] * 50, dtype=object)


def put_words(arrays: dict[str, np.ndarray]) -> None:
    arrays["part"] = np.array(["skin"] * 50)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (drop_fill, "has no 'fill'"),
        (shorten_part, r"'part' is uint8 \(49,\); expected whole numbers \(50,\)"),
        (point_outside, "'surface_faces' runs from .* to 50"),
        (put_nan, "'camera_t' runs from nan"),
        (put_objects, "holds Python objects"),
        (put_words, "'part' is <U4"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(
    tmp_path: Path, change: Callable[[dict[str, np.ndarray]], None], words: str
):
    save_person(someone(), tmp_path)
    tamper(tmp_path, change)
    with pytest.raises(InputError, match=words) as caught:
        load_person(tmp_path)
    assert "\n" not in str(caught.value)


def test_picture_without_alpha_is_refused(tmp_path: Path):
    from hashlib import sha256

    import cv2

    save_person(someone(), tmp_path)
    path = tmp_path / "photo_1.png"
    cv2.imwrite(str(path), np.zeros((40, 24, 3), np.uint8))
    card = json.loads((tmp_path / "person.json").read_text())
    card["sha256"]["photo_1.png"] = sha256(path.read_bytes()).hexdigest()
    (tmp_path / "person.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match=r"photo_1\.png is no RGBA picture"):
        load_person(tmp_path)


def test_three_photos_are_kept_in_order(tmp_path: Path):
    person = someone()
    person = replace(
        person,
        photos=(*person.photos, photo(40, "left")),
        photo_xy=noise(3, 50, 2, seed=1),
        photo_weight=noise(3, 50, seed=1),
    )
    save_person(person, tmp_path)
    assert [shot.side for shot in load_person(tmp_path).photos] == ["front", "back", "left"]


def with_parts(person: Person) -> Person:
    labels = (torch.arange(40 * 24).reshape(40, 24) // 50) % 7
    return replace(
        person,
        photos=tuple(replace(shot, parts=(labels + i) % 7) for i, shot in enumerate(person.photos)),
    )


def test_parts_lie_beside_the_photos_and_come_back(tmp_path: Path):
    person = with_parts(someone())
    save_person(person, tmp_path)
    assert (tmp_path / "parts_0.png").is_file()
    for mine, theirs in zip(load_person(tmp_path).photos, person.photos, strict=True):
        assert mine.parts is not None
        assert theirs.parts is not None
        assert torch.equal(mine.parts, theirs.parts)


def test_parts_corrected_by_hand_hold_nothing_up_and_are_never_overwritten(tmp_path: Path):
    person = with_parts(someone())
    save_person(person, tmp_path)
    (tmp_path / "parts_0.png").write_bytes(b"half painted")
    (tmp_path / "parts_1.png").unlink()
    assert [shot.parts for shot in load_person(tmp_path).photos] == [None, None]
    save_person(person, tmp_path)
    assert (tmp_path / "parts_0.png").read_bytes() == b"half painted"
    assert load_person(tmp_path).photos[1].parts is not None
    assert not list(tmp_path.glob(".*"))


def test_what_a_killed_process_left_half_written_is_swept_up(tmp_path: Path):
    left, busy = (tmp_path / f".{name}.unfinished" for name in ("left", "busy"))
    for folder in (left, busy):
        folder.mkdir()
        (folder / "person.npz").write_bytes(b"half")
    with FileLock(busy / "lock"):
        save_person(someone(), tmp_path)
    assert not left.exists()
    assert (busy / "person.npz").is_file()  # another process is writing there
    save_person(someone(), tmp_path)
    assert not list(tmp_path.glob(".*"))
    load_person(tmp_path)


def test_a_person_made_again_brings_its_own_parts(tmp_path: Path):
    person = with_parts(someone())
    save_person(with_parts(someone(3)), tmp_path)
    before = (tmp_path / "parts_0.png").read_bytes()
    other = replace(person, photos=person.photos[::-1])
    save_person(other, tmp_path)
    assert (tmp_path / "parts_0.png").read_bytes() != before


def test_only_its_owner_can_read_a_stored_person(tmp_path: Path):
    save_person(someone(), tmp_path)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_person_is_neither_stored_nor_read_through_a_link(tmp_path: Path):
    folder, precious = tmp_path / "person", tmp_path / "precious"
    save_person(someone(), folder)
    precious.write_bytes(b"kept")
    (folder / "photo_0.png").unlink()
    (folder / "photo_0.png").symlink_to(precious)
    for use in (lambda: load_person(folder), lambda: save_person(someone(), folder)):
        with pytest.raises(InputError, match=r"photo_0\.png is a symbolic link"):
            use()
    assert precious.read_bytes() == b"kept"


@pytest.mark.parametrize(
    ("at", "words"), [(16, "is no PNG of at most 4096x4096 pixels"), (33, "is cut short")]
)
def test_a_photo_that_claims_gigabytes_is_refused_unread(tmp_path: Path, at: int, words: str):
    save_person(someone(), tmp_path)
    photo = tmp_path / "photo_0.png"
    data = photo.read_bytes()
    photo.write_bytes(data[:at] + b"\x7f" + data[at + 1 :])
    card = json.loads((tmp_path / "person.json").read_text())
    card["sha256"]["photo_0.png"] = hashlib.sha256(photo.read_bytes()).hexdigest()
    (tmp_path / "person.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match=words):
        load_person(tmp_path)
