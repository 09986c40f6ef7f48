import zipfile
from pathlib import Path

import numpy as np
import pytest

from reimagine.arrays import check_unpacked, read_arrays
from reimagine.errors import InputError


def test_the_named_arrays_come_back_as_they_were_written(tmp_path: Path):
    path = tmp_path / "some.npz"
    np.savez_compressed(path, allow_pickle=False, a=np.arange(6).reshape(2, 3), b=np.array("word"))
    got = read_arrays(path, ["a", "b", "absent"])
    assert got.keys() == {"a", "b"}
    assert got["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert str(got["b"]) == "word"


def test_memory_is_judged_for_all_arrays_together_before_it_is_taken(tmp_path: Path):
    path = tmp_path / "some.npz"
    np.savez(path, allow_pickle=False, a=np.zeros(60_000, np.int8), b=np.zeros(60_000, np.int8))
    assert len(read_arrays(path, ["a"], most_bytes=500_000)["a"]) == 60_000
    with pytest.raises(InputError, match=r"claims arrays of 0 MB \(a, b\); expected at most"):
        read_arrays(path, ["a", "b"], most_bytes=500_000)


def test_an_array_that_packs_too_well_to_hold_anything_is_refused(tmp_path: Path):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, allow_pickle=False, a=np.zeros(70 << 20, np.int8))
    with pytest.raises(InputError, match=r"'a' unpacks from \d+ bytes to 70 MB"):
        read_arrays(path, ["a"])


def test_a_header_that_promises_more_than_there_is_is_refused(tmp_path: Path):
    path = tmp_path / "cut.npz"
    np.save(tmp_path / "whole.npy", np.zeros(64))
    with zipfile.ZipFile(path, "w") as folder:
        folder.writestr("a.npy", (tmp_path / "whole.npy").read_bytes().replace(b"(64,)", b"(99,)"))
    with pytest.raises(InputError, match=r"claims the shape \(99,\) and holds 512 bytes"):
        read_arrays(path, ["a"])


def test_a_torch_file_takes_no_more_memory_than_it_is_long(tmp_path: Path):
    path = tmp_path / "results.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as folder:
        folder.writestr("archive/data/0", bytes(1000))
    check_unpacked(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr("archive/data/0", bytes(1000))
    with pytest.raises(InputError, match="unpacks to more than it is long"):
        check_unpacked(path)
