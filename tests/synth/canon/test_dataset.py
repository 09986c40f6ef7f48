import errno
import json
from dataclasses import replace

import pytest
import torch
from torch.utils.data import DataLoader

import reimagine.synth
from reimagine.apps.cli import main
from reimagine.errors import InputError
from reimagine.synth.canon import dataset
from reimagine.synth.canon.dataset import (
    Store,
    damaged_shards,
    make_dataset,
    read_description,
    shard_name,
    write_shard,
)
from reimagine.synth.canon.read import read_for_training
from reimagine.synth.canon.sample import Plan

PLAN = Plan(people=3, views=3, width=48, height=80, canonical_height=128, people_per_shard=2)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "canon"
    make_dataset(PLAN, str(folder))
    return folder


def test_a_dataset_is_described_as_it_is(made):
    held = read_description(str(made))
    assert held["plan"]["people"] == 3
    assert [one["people"] for one in held["shards"]] == [2, 1]
    assert damaged_shards(str(made)) == []
    assert sum(held["balance"]["sex"].values()) == 3
    card = (made / "README.md").read_text()
    assert held["shards"][0]["sha256"] in card
    assert (
        json.loads((made / "croissant.json").read_text())["distribution"][0]["sha256"]
        == held["shards"][0]["sha256"]
    )


def test_names_in_shards_have_one_dot(made):
    import tarfile

    with tarfile.open(made / f"{shard_name(0)}.tar") as tar:
        names = tar.getnames()
    assert all(name.count(".") == 1 for name in names)
    assert {"p0000000_front.jpg", "p0000000_v000.npz", "p0000001_back.json"} <= set(names)


def test_a_shard_made_again_has_the_same_bytes(made, tmp_path):
    for name in ("plan.json", f"{shard_name(0)}.tar", f"{shard_name(0)}.json"):
        (tmp_path / name).write_bytes((made / name).read_bytes())
    make_dataset(PLAN, str(tmp_path))
    for name in (f"{shard_name(1)}.tar", "dataset.json", "README.md"):
        assert (tmp_path / name).read_bytes() == (made / name).read_bytes()


@pytest.mark.slow
def test_two_processes_make_the_same_bytes_as_one(made, tmp_path):
    make_dataset(PLAN, str(tmp_path / "two"), workers=2)
    assert (tmp_path / "two/dataset.json").read_bytes() == (made / "dataset.json").read_bytes()


def test_a_dataset_can_lie_anywhere_that_fsspec_knows():
    plan = replace(PLAN, people=1, people_per_shard=1, views=1, canonical_height=0)
    make_dataset(plan, "memory://canon")
    assert [one.name for one in reimagine.synth.read("memory://canon")] == ["p0000000_v000"]


def test_pictures_come_back_with_their_labels(made):
    samples = list(reimagine.synth.read(str(made), split="all"))
    assert len(samples) == 3 * (3 + 2)
    one = samples[0]
    assert one.name == "p0000000_front"
    assert one.rgb.shape == (3, 128, 80)
    assert one.person.shape == (4, 128, 80)
    assert one.normals.shape == (4, 3, 128, 80)
    inside = one.part > 0
    assert torch.equal(inside, one.depth_m[0] > 0)
    assert one.facts["parts"][int(one.part.max())] in one.facts["parts"]
    moving = [one for one in samples if one.flow is not None]
    assert all(one.flow.shape == (2, 80, 48) for one in moving)


def test_held_out_people_are_not_read_for_training(made, tmp_path):
    plan = replace(PLAN, people=10, views=1, canonical_height=0, people_per_shard=10)
    make_dataset(plan, str(tmp_path))
    train, test = (
        {one.facts["person"] for one in reimagine.synth.read(str(tmp_path), split=split)}
        for split in ("train", "test")
    )
    assert train == set(range(9))
    assert test == {9}
    with pytest.raises(InputError, match="split is 'dev'; expected train, test or all"):
        reimagine.synth.read(str(made), split="dev")


@pytest.mark.parametrize("split", ["test", "all", "Test"])
def test_training_is_refused_everything_but_the_training_split(made, split):
    assert {one.facts["split"] for one in read_for_training(str(made))} == {"train"}
    with pytest.raises(InputError, match=f"split is '{split}'; expected train: the other people"):
        read_for_training(str(made), split=split)


def test_shuffling_changes_the_order_alone_and_a_loader_shares_the_shards(made):
    straight = [one.name for one in reimagine.synth.read(str(made), split="all")]
    mixed = [one.name for one in reimagine.synth.read(str(made), split="all", shuffle=6, seed=1)]
    assert mixed != straight
    assert sorted(mixed) == sorted(straight)
    loader = DataLoader(reimagine.synth.read(str(made), split="all"), batch_size=None)
    assert [one.name for one in loader] == straight


def test_a_damaged_shard_is_named_and_skipped_by_choice(made, tmp_path):
    for file in made.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / f"{shard_name(0)}.tar").write_bytes(b"no tar")
    (tmp_path / f"{shard_name(1)}.tar").unlink()
    assert damaged_shards(str(tmp_path)) == [
        "shard_00000.tar (damaged)",
        "shard_00001.tar (missing)",
    ]
    with pytest.raises(InputError, match=r"shard_00000\.tar is missing or damaged"):
        list(reimagine.synth.read(str(tmp_path)))
    assert list(reimagine.synth.read(str(tmp_path), skip_damaged=True)) == []


def test_another_plan_or_other_things_are_not_written_into(made, tmp_path):
    with pytest.raises(InputError, match="another plan: views was 3, now 4"):
        make_dataset(replace(PLAN, views=4), str(made))
    (tmp_path / "holiday.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other things and no dataset"):
        make_dataset(PLAN, str(tmp_path))


def test_a_full_disk_is_one_line_and_leaves_nothing_half(tmp_path, monkeypatch):
    store = Store(str(tmp_path))
    make = store.system.open

    def full(path, mode="rb", **more):
        if mode == "wb":
            make(path, mode, **more).close()
            raise OSError(errno.ENOSPC, "No space left on device")
        return make(path, mode, **more)

    monkeypatch.setattr(store.system, "open", full)
    with pytest.raises(InputError, match="No space left on device"):
        store.write("shard.tar", b"data")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_dataset_or_another_version_is_told(made, tmp_path):
    with pytest.raises(InputError, match="holds no finished dataset"):
        read_description(str(tmp_path))
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(InputError, match="begun and not finished"):
        read_description(str(tmp_path))
    held = json.loads((made / "dataset.json").read_text())
    (tmp_path / "dataset.json").write_text(json.dumps(held | {"version": 99}))
    with pytest.raises(InputError, match="version 99; expected 1"):
        read_description(str(tmp_path))
    held["shards"][0]["name"] = "../else.tar"
    (tmp_path / "dataset.json").write_text(json.dumps(held))
    with pytest.raises(InputError, match="outside its folder"):
        read_description(str(tmp_path))
    (tmp_path / "dataset.json").write_text("[1")
    with pytest.raises(InputError, match="damaged"):
        read_description(str(tmp_path))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"people": 0}, "people is 0; expected 1 to"),
        ({"busy": 2.0}, "busy is 2; expected a share"),
        ({"canonical_height": 5000}, "canonical_height is 5000; expected 128 to 1328"),
        ({"motions": "/nowhere"}, "motions /nowhere is no folder"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(tmp_path, change, told):
    with pytest.raises(InputError, match=told):
        make_dataset(replace(PLAN, **change), str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_a_worker_that_is_killed_is_replaced(tmp_path, monkeypatch):
    calls = []

    class Killed:
        def __init__(self, *_args, **_more): ...
        def __enter__(self):
            return self

        def __exit__(self, *_args): ...
        def submit(self, work, *args):
            from concurrent.futures import Future
            from concurrent.futures.process import BrokenProcessPool

            calls.append(args[2])
            future = Future()
            if len(calls) == 1:
                future.set_exception(BrokenProcessPool())
            else:
                future.set_result(work(*args))
            return future

    monkeypatch.setattr(dataset, "ProcessPoolExecutor", Killed)
    plan = replace(PLAN, people=2, people_per_shard=1, views=1, canonical_height=0)
    made = make_dataset(plan, str(tmp_path / "new"), workers=2)
    assert [one["people"] for one in made["shards"]] == [1, 1]
    assert damaged_shards(str(tmp_path / "new")) == []
    assert write_shard(plan, str(tmp_path / "new"), 0) == made["shards"][0]["sha256"]


def test_the_command_makes_inspects_and_shows(tmp_path, capsys):
    out = str(tmp_path / "canon")
    command = ["dataset", "make", "--people", "1", "--views", "1", "--size", "48x80"]
    assert main([*command, "--canonical-height", "0", "--out", out]) == 0
    assert "1 people, 1 samples" in capsys.readouterr().out
    assert main(["dataset", "inspect", out]) == 0
    assert "Monk tone: " in capsys.readouterr().out
    page = tmp_path / "page.html"
    assert main(["dataset", "view", out, "--out", str(page)]) == 0
    assert "data:image/jpeg;base64," in page.read_text()
    (tmp_path / "canon" / f"{shard_name(0)}.tar").write_bytes(b"")
    assert main(["dataset", "inspect", out]) == 2
    assert "shard_00000.tar (damaged)" in capsys.readouterr().err
    assert main(["dataset", "bake"]) == 2
    assert main(["dataset", "make", "--people", "0", "--out", out]) == 2
    assert "--people is 0; expected 1 to" in capsys.readouterr().err
