"""Other people's tools read a made dataset. Skipped where they are not installed: pip install mlcroissant webdataset."""

import json
import subprocess
import sys
import zipfile

import pytest

from reimagine.synth.canon.dataset import make_dataset, shard_name
from reimagine.synth.canon.sample import Plan

PLAN = Plan(people=2, views=2, width=48, height=80, canonical_height=0, people_per_shard=1)
NAMES = ["p0000000_v000", "p0000000_v001", "p0000001_v000", "p0000001_v001"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "canon"
    make_dataset(PLAN, str(folder))
    return folder


def test_no_tool_takes_a_shard_for_a_zip(made):
    assert not zipfile.is_zipfile(made / f"{shard_name(0)}.tar")


def test_mlcroissant_validates_the_description_and_loads_the_pictures(made, tmp_path, monkeypatch):
    pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    # It unpacks once per name of a shard, whichever dataset that was of: hence a cache of its own, and a process for it.
    monkeypatch.setenv("CROISSANT_CACHE", str(tmp_path))
    code = (
        "import json, sys, mlcroissant\n"
        "held = mlcroissant.Dataset(jsonld=sys.argv[1])\n"
        "rows = list(held.records('samples'))\n"
        "print(json.dumps([len(held.metadata.issues.errors), len(held.metadata.issues.warnings)]))\n"
        "print(json.dumps([[row['samples/name'].decode(), list(row['samples/picture'].size)] for row in rows]))"
    )
    command = [sys.executable, "-c", code, str(made / "croissant.json")]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    issues, rows = map(json.loads, ran.stdout.splitlines())
    assert issues == [0, 0]
    assert sorted(rows) == [[f"{name}.jpg", [48, 80]] for name in NAMES]


def test_webdataset_reads_whole_samples(made):
    pytest.importorskip("webdataset", reason="webdataset is not installed")
    code = (
        "import json, sys, webdataset\n"
        "samples = webdataset.WebDataset(sys.argv[1:], shardshuffle=False)\n"
        "print(json.dumps([[one['__key__'], sorted(set(one) & {'jpg', 'json', 'npz', 'png'})] for one in samples]))"
    )
    # A process of its own: it leaves its files open.
    command = [sys.executable, "-c", code, *sorted(str(one) for one in made.glob("*.tar"))]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    assert json.loads(ran.stdout) == [[name, ["jpg", "json", "npz", "png"]] for name in NAMES]
