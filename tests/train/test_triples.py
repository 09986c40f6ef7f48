"""Both layouts of a data set, and everything that can be wrong with one."""

import json

import pytest
import torch
from tests.train.conftest import write_people

from reimagine.errors import InputError
from reimagine.pictures import write_picture
from reimagine.train.triples import find_triples, fingerprint, read_triple


def listed(folder, *entries):
    for name in ("r.png", "n.png", "t.png"):
        write_picture(folder / name, torch.full((3, 32, 48), 0.5))
    lines = [entry if isinstance(entry, str) else json.dumps(entry) for entry in entries]
    (folder / "pairs.jsonl").write_text("\n".join(lines) + "\n\n")
    return folder


WHOLE = {"reference": "r.png", "normals": "n.png", "target": "t.png"}


def test_folders_of_people_and_a_list_of_the_same_files_are_the_same_triples(tmp_path):
    folder = write_people(tmp_path / "data", pairs=2)
    found = find_triples(folder, "a person")
    entries = [
        {
            "reference": str(one.reference.relative_to(folder)),
            "normals": str(one.normals.relative_to(folder)),
            "target": str(one.target.relative_to(folder)),
        }
        for one in found
    ]
    (folder / "pairs.jsonl").write_text("\n".join(map(json.dumps, entries)))
    assert len(found) == 4
    assert find_triples(folder, "a person") == found


def test_one_persons_folder_is_a_data_set_too(tmp_path):
    folder = write_people(tmp_path / "data", pairs=2)
    assert len(find_triples(folder / "ann", "a person")) == 2


def test_a_listed_prompt_goes_before_the_default(tmp_path):
    folder = listed(tmp_path, WHOLE, WHOLE | {"prompt": "a dancer"})
    assert [one.prompt for one in find_triples(folder, "a person")] == ["a person", "a dancer"]


def test_a_prompt_may_hold_signs_that_end_lines_elsewhere(tmp_path):
    folder = listed(tmp_path, WHOLE | {"prompt": "one two"})
    text = (folder / "pairs.jsonl").read_text().replace("one two", "one\u2028two")
    (folder / "pairs.jsonl").write_text(text, encoding="utf-8")
    assert [triple.prompt for triple in find_triples(folder, "a person")] == ["one\u2028two"]


def test_what_is_transparent_is_white(tmp_path):
    folder = listed(tmp_path, WHOLE)
    write_picture(folder / "t.png", torch.zeros(4, 32, 48))
    [triple] = find_triples(folder, "a person")
    assert torch.equal(read_triple(triple).target, torch.ones(3, 32, 48))


def test_a_moved_folder_is_the_same_data_and_another_prompt_is_not(tmp_path):
    folder = write_people(tmp_path / "data")
    first = fingerprint(find_triples(folder, "a"), folder)
    moved = folder.rename(tmp_path / "moved")
    assert fingerprint(find_triples(moved, "a"), moved) == first
    assert fingerprint(find_triples(moved, "b"), moved) != first


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("nonsense", "line 1 is no JSON object"),
        ("[1]", "line 1 is no JSON object"),
        ({"reference": "r.png", "normals": "n.png"}, "line 1 has no target"),
        (WHOLE | {"target": 3}, "line 1 has no target"),
        (WHOLE | {"target": "x.png"}, "there is no target .*x.png"),
        (WHOLE | {"target": "../x.png"}, "lies outside"),
        (WHOLE | {"target": "/etc/passwd"}, "lies outside"),
        (WHOLE | {"prompt": 3}, "line 1 has prompt 3"),
        (WHOLE | {"target": "a\0b.png"}, r"line 1: target 'a\\x00b.png' is no file's name"),
        (WHOLE | {"target": "a" * 5000}, "line 1: target .* is no file's name"),
        ("", "holds no triples"),
    ],
    ids=str,
)
def test_a_wrong_line_is_named(tmp_path, entry, said):
    with pytest.raises(InputError, match=said) as caught:
        find_triples(listed(tmp_path, entry), "a person")
    assert "\n" not in str(caught.value)


def test_an_empty_folder_says_what_is_expected(tmp_path):
    with pytest.raises(InputError, match=r"holds no triples; expected pairs\.jsonl"):
        find_triples(tmp_path, "a person")


def test_a_person_without_a_reference_is_refused(tmp_path):
    folder = write_people(tmp_path / "data")
    (folder / "bob" / "reference.png").unlink()
    with pytest.raises(InputError, match="bob has normals or targets, and no reference"):
        find_triples(folder, "a person")


def test_a_normal_map_without_its_target_is_refused(tmp_path):
    folder = write_people(tmp_path / "data", pairs=2)
    (folder / "bob" / "targets" / "000001.png").unlink()
    with pytest.raises(InputError, match="000001 is only in one of normals/ and targets/"):
        find_triples(folder, "a person")


@pytest.mark.parametrize(
    ("size", "said"),
    [((3, 32, 32), "its normal map .* 48x32; expected one size"), ((3, 40, 48), "multiples of 16")],
)
def test_wrong_sizes_are_refused(tmp_path, size, said):
    folder = listed(tmp_path, WHOLE)
    write_picture(folder / "t.png", torch.rand(size))
    if size[1] == 40:
        write_picture(folder / "n.png", torch.rand(size))
    [triple] = find_triples(folder, "a person")
    with pytest.raises(InputError, match=said):
        read_triple(triple)
