"""A few hundred broken files, always the same, and the fuzzer's own workings; `make fuzz` tries many more."""

from pathlib import Path

import pytest
from tests.fuzz import run
from tests.fuzz.readers import READERS, Reader

from reimagine.errors import InputError

NAMES = [name for name in READERS if not name.startswith("video")]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("seeds")
    run.write_seeds(place, NAMES)
    return place


def test_broken_files_are_read_or_refused_in_one_line(seeds: Path):
    outcomes = [run.try_one(seeds, NAMES, number) for number in range(300)]
    assert not [one for one in outcomes if one.kind not in ("read", "refused", "slow")]
    assert {one.kind for one in outcomes} >= {"read", "refused"}
    assert {one.reader for one in outcomes} == set(NAMES)


def test_an_input_of_a_number_is_always_the_same(seeds: Path, tmp_path: Path):
    def content(number: int, name: str) -> list[bytes]:
        run.broken(seeds, NAMES, number, tmp_path / name)
        return [
            path.read_bytes() for path in sorted((tmp_path / name).rglob("*")) if path.is_file()
        ]

    assert content(5, "a") == content(5, "b") != content(5 + len(NAMES), "c")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (KeyError("poses"), "traceback"),
        (InputError("one line"), "refused"),
        (None, "read"),
    ],
)
def test_what_comes_of_an_input_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: Exception | None, kind: str
):
    def read(_folder: Path) -> None:
        if fault is not None:
            raise fault

    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "file").write_bytes(b"whole")
    odd = Reader(write=lambda folder: folder, read=read)
    monkeypatch.setattr(run, "readers", lambda: {"odd": odd})
    outcome = run.try_one(tmp_path, ["odd"], 0)
    assert outcome.kind == kind
    assert ("KeyError" in outcome.text) == (kind == "traceback")
    assert "| odd | 1 |" in run.table([outcome])
